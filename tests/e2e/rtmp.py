# SPDX-License-Identifier: ISC
"""A raw RTMP client, written independently of the relay's own code.

Blocking sockets, every wait bounded. Client speaks the protocol step by
step; Subscriber plays a stream in a thread and keeps all it received with
the time of arrival; Publisher sends a stream of Media in a thread, paced.
Whatever is wrong with the incoming bytes raises (in threads: is kept in
.error, which check() and wait() raise again).
"""
import select
import socket
import struct
import threading
import time
from collections import deque

import amf
import chunks
import handshake
from build import patience

ACK, USER, WINDOW, AUDIO, VIDEO, DATA, COMMAND = 3, 4, 5, 8, 9, 18, 20
DATA3, COMMAND3, AGGREGATE = 15, 17, 22
SET_CHUNK_SIZE = 1
STREAM_BEGIN, STREAM_EOF, PING, PONG = 0, 1, 6, 7
PUBLISH_NOTIFY = "NetStream.Play.PublishNotify"
UNPUBLISH_NOTIFY = "NetStream.Play.UnpublishNotify"


class Closed(ConnectionError):
    """The relay closed the connection."""


class Refused(Exception):
    """The relay answered with an error; code is the onStatus code."""

    def __init__(self, info):
        super().__init__(str(info))
        self.code = info.get("code", "") if isinstance(info, dict) else ""


def command(message):
    """The decoded values of a command or data message, else []."""
    if message.type in (COMMAND, DATA):
        return amf.decode(message.payload)
    return []


def status(message):
    """The code of an onStatus message, else None."""
    values = command(message) if message.type == COMMAND else []
    if len(values) >= 4 and values[0] == "onStatus":
        return values[3].get("code")
    return None


def answers(message, txn):
    """Is this the _result or _error of a call?"""
    values = command(message) if message.type == COMMAND else []
    return (len(values) >= 2 and values[0] in ("_result", "_error")
            and values[1] == txn)


def user_event(message):
    """(event, value) of a user control message, else None."""
    if message.type == USER:
        return struct.unpack(">HI", message.payload[:6])
    return None


class Client:
    """One connection, its handshake done by the constructor."""

    def __init__(self, port=None, host="127.0.0.1", sock=None, digest=False,
                 timeout=5.0, rcvbuf=None, pongs=True, acks=True):
        self.timeout = timeout
        self.pongs = pongs
        self.acks = acks
        self.writer = chunks.ChunkWriter()
        self.reader = chunks.ChunkReader()
        self.inbox = deque()
        self.received = 0
        self.sent = 0
        self._acked = 0
        self._window = None
        self._txn = 0
        self._fmts = {}
        self.msid = 0                   # of the stream in use
        self.msids = set()              # of all, for media to come on
        self.started = time.monotonic()
        self.sock = sock or self._dial(host, port, rcvbuf)
        self.sock.settimeout(timeout)
        self._handshake(digest)

    def _dial(self, host, port, rcvbuf):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self.timeout)
        try:
            sock.connect((host, port))
        except OSError:
            sock.close()
            raise
        return sock

    @property
    def local_port(self):
        return self.sock.getsockname()[1]

    def _exactly(self, count):
        data = bytearray()
        end = time.monotonic() + self.timeout
        while len(data) < count:
            if time.monotonic() > end:
                raise TimeoutError("handshake")
            piece = self.sock.recv(count - len(data))
            if not piece:
                raise Closed("in the handshake")
            data += piece
        return bytes(data)

    def _handshake(self, digest):
        c1 = handshake.digest_c1() if digest else handshake.simple_c1()
        self.sock.sendall(b"\x03" + c1)
        if self._exactly(1) != b"\x03":
            raise handshake.HandshakeError("S0 is not 3")
        s1 = self._exactly(handshake.BLOCK)
        s2 = self._exactly(handshake.BLOCK)
        check = handshake.check_digest if digest else handshake.check_simple
        self.sock.sendall(check(c1, s1, s2))
        self.received = self.sent = 1 + 2 * handshake.BLOCK

    def close(self):
        """Close; the kernel sends FIN, or RST with input unread."""
        self.sock.close()

    abandon = close

    def reset(self):
        """Close with RST, as a machine that lost power looks later."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    # receiving

    def _ingest(self, data):
        now = time.monotonic()
        self.received += len(data)
        for message in self.reader.feed(data, now):
            self._react(message)
            self.inbox.append(message)
        if (self.acks and self._window
                and self.received - self._acked >= self._window // 2):
            self._acked = self.received
            self.send(ACK, struct.pack(">I", self.received & chunks.MASK),
                      csid=2)

    def _react(self, message):
        if message.type == WINDOW:
            self._window = int.from_bytes(message.payload, "big")
        elif (message.type in (AUDIO, VIDEO)
              and message.msid not in self.msids):
            raise chunks.ChunkError(f"media on msid {message.msid}, "
                                    f"not of {self.msids}")
        elif message.type in (COMMAND, DATA):
            amf.decode(message.payload)
        elif message.type == USER and self.pongs:
            event, value = user_event(message)
            if event == PING:
                self.send(USER, struct.pack(">HI", PONG, value), csid=2)

    def recv(self, timeout=None):
        """The next message; None after timeout; Closed at the end."""
        end = time.monotonic() + (self.timeout if timeout is None
                                  else timeout)
        while not self.inbox:
            wait = end - time.monotonic()
            if not self._readable(max(wait, 0)):
                return None
            try:
                data = self.sock.recv(1 << 18)
            except ConnectionError as err:
                raise Closed(str(err)) from err
            if not data:
                raise Closed("end of stream")
            self._ingest(data)
        return self.inbox.popleft()

    def _readable(self, wait):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(wait * 1000))

    def wait(self, test, timeout=None, what="a message"):
        """The first message that passes the test; others are dropped."""
        end = time.monotonic() + patience(self.timeout if timeout is None
                                          else timeout)
        while True:
            message = self.recv(max(end - time.monotonic(), 0))
            if message is None:
                raise TimeoutError(f"waiting for {what}")
            if test(message):
                return message

    def wait_closed(self, timeout=None):
        """Read until the relay closes; return what came before."""
        end = time.monotonic() + patience(self.timeout if timeout is None
                                          else timeout)
        seen = []
        while True:
            try:
                message = self.recv(max(end - time.monotonic(), 0))
            except Closed:
                return seen
            if message is None:
                raise TimeoutError("the connection stays open")
            seen.append(message)

    def pump(self):
        """Take what has arrived, without waiting; leave it in inbox."""
        while self._readable(0):
            data = self.sock.recv(1 << 18)
            if not data:
                raise Closed("end of stream")
            self._ingest(data)

    # sending

    def send(self, mtype, payload, ts=0, csid=3, msid=0, fmt=None,
             form=None):
        data = self.writer.message(mtype, payload, ts, csid, msid, fmt, form)
        self.sent += len(data)
        self.sock.sendall(data)

    def set_chunk_size(self, size):
        self.send(SET_CHUNK_SIZE, struct.pack(">I", size), csid=2)
        self.writer.size = size

    def call(self, name, *args, msid=0, csid=3):
        """Send a command; return its transaction number."""
        self._txn += 1
        self.send(COMMAND, amf.encode(name, self._txn, *args), csid=csid,
                  msid=msid)
        return self._txn

    def result(self, txn, timeout=None):
        """Wait for the answer to a call; Refused if it is an error."""
        values = command(self.wait(lambda m: answers(m, txn), timeout,
                                   f"answer {txn}"))
        if values[0] == "_error":
            raise Refused(values[-1])
        return values[2:]

    def connect(self, app="live", **more):
        """Connect; more are further fields, or others for these."""
        reply = self.result(self.call("connect", {
            "app": app, "flashVer": "LNX 9,0,124,2",
            "tcUrl": f"rtmp://127.0.0.1/{app}", "fpad": False,
            "capabilities": 15, "audioCodecs": 4071, "videoCodecs": 252,
            "videoFunction": 1, **more}))
        if reply[1]["code"] != "NetConnection.Connect.Success":
            raise Refused(reply[1])
        return reply

    def create_stream(self):
        reply = self.result(self.call("createStream", None))
        self.msid = int(reply[1])
        if self.msid == 0 or self.msid in self.msids:
            raise Refused({"code": f"message stream {self.msid}"})
        self.msids.add(self.msid)
        return self.msid

    def _stream_status(self, want, timeout):
        """Wait for onStatus with code want; media before it is wrong."""
        def found(message):
            if (message.type in (AUDIO, VIDEO)
                    and message.msid == self.msid):
                raise chunks.ChunkError(f"media before {want}")
            code = status(message)
            if code is not None:
                info = command(message)[3]
                if info.get("level") == "error":
                    raise Refused(info)
                if message.msid != self.msid:
                    raise chunks.ChunkError(f"onStatus on {message.msid}")
            return code == want
        return self.wait(found, timeout, want)

    def play(self, name, start=-2000, timeout=None):
        self.call("play", None, name, start, msid=self.msid, csid=8)
        self.send(USER, struct.pack(">HII", 3, self.msid, 3000), csid=2)
        self._stream_status("NetStream.Play.Start", timeout)

    def publish(self, name, timeout=None):
        self.call("publish", None, name, "live", msid=self.msid, csid=8)
        self._stream_status("NetStream.Publish.Start", timeout)

    def send_media(self, media, **how):
        how.setdefault("csid", {AUDIO: 4, VIDEO: 6}.get(media.type, 5))
        self.send(media.type, media.payload, media.ts, msid=self.msid, **how)

    def unpublish(self, name):
        """Stop publishing the way ffmpeg does."""
        self.call("FCUnpublish", None, name)
        self.call("deleteStream", None, self.msid)


def unread(sock):
    """Is anything that was sent still in the queues between here and the
    program at the other end, on this machine?"""
    here, there = (f":{name[1]:04X}" for name in (sock.getsockname(),
                                                  sock.getpeername()))
    for table in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{table}", encoding="ascii") as lines:
            next(lines)                 # what the columns are
            for fields in map(str.split, lines):
                ends = fields[1][-5:], fields[2][-5:]
                sent, received = fields[4].split(":")
                if ends == (here, there) and int(sent, 16) or \
                        ends == (there, here) and int(received, 16):
                    return True
    return False


def split(stream):
    app, _, name = stream.rpartition("/")
    return app, name


def open_subscriber(port, stream, **how):
    app, name = split(stream)
    client = Client(port, **how)
    try:
        client.connect(app)
        client.create_stream()
        client.play(name)
    except BaseException:
        client.close()
        raise
    return client


def open_publisher(port, stream, chunk_size=65536, **how):
    app, name = split(stream)
    client = Client(port, **how)
    try:
        client.set_chunk_size(chunk_size)
        client.connect(app)
        client.call("releaseStream", None, name)
        client.call("FCPublish", None, name)
        client.create_stream()
        client.publish(name)
    except BaseException:
        client.close()
        raise
    return client


class Subscriber:
    """Plays a stream in a thread; keeps the messages in arrival order."""

    def __init__(self, port, stream, client=None, **how):
        self.client = client or open_subscriber(port, stream, **how)
        self.messages = []
        self.error = None
        self.closed = False
        self._stop = False
        self._go = threading.Event()
        self._go.set()
        self._cond = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def started(self):
        return self.client.started

    def _run(self):
        try:
            while not self._stop:
                if not self._go.wait(0.1):
                    continue
                message = self.client.recv(0.1)
                if message is not None:
                    with self._cond:
                        self.messages.append(message)
                        self._cond.notify_all()
        except Closed:
            self.closed = True
        except Exception as err:        # handed on by check()
            self.error = err
        with self._cond:
            self._cond.notify_all()

    def hold(self):
        """Stop reading the socket."""
        self._go.clear()

    def resume(self):
        self._go.set()

    def check(self):
        if self.error is not None:
            raise self.error

    def wait(self, test, timeout=5.0, what="a message", since=0):
        """Wait for a message from index since on that passes the test.

        Returns (index, message)."""
        end = time.monotonic() + patience(timeout)
        at = since
        with self._cond:
            while True:
                while at < len(self.messages):
                    if test(self.messages[at]):
                        return at, self.messages[at]
                    at += 1
                self.check()
                if self.closed:
                    raise Closed(f"waiting for {what}")
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no {what} in {timeout} s")
                self._cond.wait(left)

    def wait_status(self, code, timeout=5.0, since=0):
        return self.wait(lambda m: status(m) == code, timeout, code, since)

    def wait_event(self, event, timeout=5.0, since=0):
        return self.wait(lambda m: (user_event(m) or (None,))[0] == event,
                         timeout, f"user control event {event}", since)

    def wait_type(self, mtype, timeout=5.0, since=0):
        return self.wait(lambda m: m.type == mtype, timeout,
                         f"type {mtype}", since)

    def wait_closed(self, timeout=5.0):
        end = time.monotonic() + patience(timeout)
        with self._cond:
            while not self.closed:
                self.check()
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("the connection stays open")
                self._cond.wait(left)

    def codes(self):
        """All onStatus codes received so far."""
        return [c for c in map(status, list(self.messages)) if c]

    def close(self):
        """End the thread and the connection; raise what went wrong."""
        self.abandon()
        self.check()

    def abandon(self):
        """The same, but silently, for cleaning up."""
        self._stop = True
        self._go.set()
        self._thread.join(10)
        self.client.close()


class Publisher:
    """Publishes Media in a thread, each at its time.

    What is due before burst seconds goes out at once. sent holds
    (media, time of sending)."""

    def __init__(self, port, stream, source, burst=0.0, client=None, **how):
        self.name = split(stream)[1]
        self.client = client or open_publisher(port, stream, **how)
        self.sent = []
        self.error = None
        self.done = threading.Event()
        self._quiet = threading.Event()
        self._stop = threading.Event()
        self._source = source
        self._burst = burst
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        start = time.monotonic() - self._burst
        try:
            for media in self._source:
                wait = start + media.at - time.monotonic()
                if self._stop.wait(max(wait, 0)):
                    break
                if self._quiet.is_set():
                    continue
                self.client.send_media(media)
                self.sent.append((media, time.monotonic()))
                self.client.pump()
        except Exception as err:        # handed on by check()
            self.error = err
        self.done.set()

    def check(self):
        if self.error is not None:
            raise self.error

    def silence(self):
        """Keep the connection, send nothing more."""
        self._quiet.set()

    def wait_done(self, timeout):
        """Wait until the source is exhausted."""
        if not self.done.wait(patience(timeout)):
            raise TimeoutError("the publisher is not done")
        self.check()

    def wait_sent(self, test, timeout=5.0):
        """Wait until a media that passes the test was sent."""
        end = time.monotonic() + patience(timeout)
        at = 0
        while True:
            while at < len(self.sent):
                if test(self.sent[at][0]):
                    return self.sent[at]
                at += 1
            self.check()
            if time.monotonic() > end or self.done.is_set():
                raise TimeoutError("not sent")
            time.sleep(0.002)

    def wait_read(self, test, timeout=5.0):
        """Wait until such a media was sent and the relay has read it."""
        sent = self.wait_sent(test, timeout)
        end = time.monotonic() + patience(timeout)
        while unread(self.client.sock):
            if time.monotonic() > end:
                raise TimeoutError("not read")
            time.sleep(0.002)
        return sent

    def halt(self):
        """Stop sending; keep the connection and its client usable."""
        self._stop.set()
        self._thread.join(10)

    def stop(self):
        """Unpublish and close, as a good encoder does."""
        self.halt()
        self.check()
        self.client.unpublish(self.name)
        self.client.close()

    def drop(self):
        """Lose the connection without a word."""
        self.halt()
        self.client.reset()

    def abandon(self):
        """Clean up, silently."""
        self.halt()
        self.client.close()
