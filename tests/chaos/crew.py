# SPDX-License-Identifier: ISC
"""A few streams with their publishers and subscribers, in a process apart.

What the driver does to the relay does not keep this process from measuring.
Each link is one connection that is to be there: if it ends, for whatever
reason, it is made again. Whether it may have ended, been late or lost
messages, the driver judges: report() tells it what happened since the last
one. Commands and answers are lines of JSON."""
import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import flv                              # noqa: E402
import gaps                             # noqa: E402
import rtmp                             # noqa: E402

TICK = 0.02
AGAIN = 0.3                             # seconds until an encoder returns
LIVES = 100000                          # numbers of a stream's incarnations
NEAR = 10                               # frames from the newest: it flows
KEPT = 2.0                              # seconds of what was sent before
EXPECTED = (OSError, rtmp.Closed, rtmp.Refused, TimeoutError)


class Beat:
    """Notes when this process was not let run, or was too busy."""

    def __init__(self):
        self.stalls = []
        self._last = time.monotonic()

    def tick(self):
        now = time.monotonic()
        if now - self._last > 2 * TICK:
            self.stalls.append((self._last + TICK, now))
        self._last = now
        return now

    def forget(self, before):
        self.stalls = [s for s in self.stalls if s[1] > before]


class Link:
    """One connection that is made again when it ends."""

    def __init__(self, crew, port, plan):
        self.crew = crew
        self.server = port
        self.key = plan["key"]
        self.stream = plan["stream"]
        self.client = None
        self.joins = 0
        self.error = None
        self._dialing = False
        self._at = time.monotonic() + plan.get("after", 0)
        self.forget()

    def forget(self):
        self.closes = []

    def due(self, now):
        """Do what is to be done by now; when there is more to do."""
        if self.client is None and not self._dialing and now >= self._at:
            self._dialing = True
            threading.Thread(target=self._dial, daemon=True).start()
        return now + 1

    def _dial(self):
        try:
            result = self.open()
        except EXPECTED as err:
            result = err
        except Exception as err:        # not what a relay may answer
            self.error = f"{type(err).__name__}: {err}"
            result = err
        self.crew.dialed(self, result)

    def answered(self, result):
        """The result of a dial, in the main thread."""
        self._dialing = False
        if isinstance(result, Exception):
            self.closes.append(f"dial: {result}")
            self._at = time.monotonic() + AGAIN
        else:
            self.client = result
            self.joins += 1
            self.crew.watch(result.sock, self.readable)
            self.begin()

    def readable(self):
        why = None
        try:
            self.client.pump()
        except (rtmp.Closed, OSError) as err:
            why = str(err) or "closed"
        except Exception as err:
            why = self.error = f"{type(err).__name__}: {err}"
        self.take()
        if why is not None and self.client is not None:
            self.end("close", AGAIN)
            self.closes.append(why)

    def take(self):
        """Messages are in the client's inbox."""
        self.client.inbox.clear()

    def end(self, how, after):
        """End the connection this way; make it again after some time."""
        self._at = time.monotonic() + after
        if self.client is None:
            return
        self.crew.unwatch(self.client.sock)
        try:
            if how == "goodbye":
                self.goodbye()
            (self.client.reset if how == "reset" else self.client.close)()
        except OSError:
            self.client.close()
        self.client = None

    def state(self, now):
        return {"key": self.key, "stream": self.stream, "role": self.role,
                "joins": self.joins, "error": self.error,
                "port": self.client and self.client.local_port}

    def report(self, now, stalls):
        return {**self.state(now), "closes": self.closes}


class Publisher(Link):
    """An encoder. Each of its connections has a number of its own."""
    role = "publish"

    def __init__(self, crew, port, plan):
        super().__init__(crew, port, plan)
        self.number = plan["number"] * LIVES
        self.media = plan["media"]
        self.sent = []                  # (media, time), of late
        self.count = 0
        self._ghost = None

    def forget(self):
        super().forget()
        self.blocked = 0.0

    def open(self):
        return rtmp.open_publisher(self.server, self.stream)

    def begin(self):
        self.number += 1
        self._source = flv.synthetic(stream=self.number, **self.media)
        self._next = next(self._source)
        self._start = time.monotonic()

    def due(self, now):
        super().due(now)
        if self.client is None:
            return now + 1
        while self._start + self._next.at <= now:
            begun = time.monotonic()
            try:
                self.client.send_media(self._next)
            except OSError as err:
                self.closes.append(f"send: {err}")
                self.end("close", AGAIN)
                return now + 1
            done = time.monotonic()
            self.blocked = max(self.blocked, done - begun)
            self.sent.append((self._next, done))
            self.count += 1
            self._next = next(self._source)
        return self._start + self._next.at

    def newest(self):
        """(number, sequence) of the newest video frame sent."""
        for media, _ in reversed(self.sent):
            if flv.kind(media) in gaps.VIDEO:
                return flv.stamp(media)
        return self.number, 0

    def goodbye(self):
        self.client.unpublish(rtmp.split(self.stream)[1])

    def takeover(self, after):
        """Fall silent, connection open; return on another."""
        if self.client is None:
            return
        self.crew.unwatch(self.client.sock)
        self._ghost, self.client = self.client, None
        self._at = time.monotonic() + after
        self.crew.watch(self._ghost.sock, self._ghostly)

    def _ghostly(self):
        try:
            self._ghost.pump()
        except (rtmp.Closed, OSError):
            self.crew.unwatch(self._ghost.sock)
            self._ghost.close()
            self._ghost = None

    def state(self, now):
        return {**super().state(now), "up": self.client is not None
                and self._ghost is None, "count": self.count}

    def report(self, now, stalls):
        self.sent = [s for s in self.sent if s[1] > now - KEPT]
        return {**super().report(now, stalls), "blocked": self.blocked,
                "gap": 0.0, "lost": 0}


class Lives(flv.Follower):
    """Follows a stream whose publisher comes back with higher numbers."""

    def __init__(self):
        super().__init__(None, gaps=True)
        self.lost = 0

    def _belongs(self, stream):
        if stream == self.stream:
            return
        if self.stream is not None and (
                stream // LIVES != self.stream // LIVES
                or stream < self.stream):
            super()._belongs(stream)
        self._count()
        self.stream = stream
        self.audio, self.video = flv.Track(), flv.Track()

    def _count(self):
        for track in (self.audio, self.video):
            self.lost += sum(b - a - 1 for a, b in track.gaps)
            track.gaps.clear()
            del track.seqs[:-1]

    def losses(self):
        self._count()
        lost, self.lost = self.lost, 0
        return lost

    def newest(self):
        return self.stream, (self.video.seqs or [-1])[-1]


class Subscriber(Link):
    role = "play"

    def __init__(self, crew, port, plan):
        super().__init__(crew, port, plan)
        self._lives = Lives()
        self._window = []               # video since the last report
        self.count = 0

    def open(self):
        return rtmp.open_subscriber(self.server, self.stream)

    def begin(self):
        self._lives = Lives()
        self._window = []
        self.take()                     # what came with the last answer

    def take(self):
        inbox = self.client.inbox
        while inbox:
            message = inbox.popleft()
            try:
                what = self._lives.add(message)
            except flv.Corrupt as err:
                self.error = f"Corrupt: {err}"
                inbox.clear()
                return
            self.count += what is not None
            if what in gaps.VIDEO:
                self._window.append(message)

    def _flows(self):
        number, seq = self.crew.publisher(self.stream).newest()
        mine, got = self._lives.newest()
        return mine == number and got >= seq - NEAR

    def state(self, now):
        return {**super().state(now), "up": self.client is not None
                and self._flows(), "count": self.count}

    def report(self, now, stalls):
        sent = self.crew.publisher(self.stream).sent
        until = now if self.client is not None else None
        gap, _ = gaps.worst(self._window, sent, stalls, until)
        del self._window[:-1]
        return {**super().report(now, stalls), "gap": gap, "blocked": 0.0,
                "lost": self._lives.losses()}


class Crew:
    """The process: one loop over all its links."""

    def __init__(self, port, plans):
        self._poll = select.poll()
        self._calls = {}
        self._dialed = queue.SimpleQueue()
        self._bell, self._rope = socket.socketpair()
        self._input = b""
        self._open = True
        self._beat = Beat()
        self._quiet = False             # make no new connections
        kinds = {"publish": Publisher, "play": Subscriber}
        self.links = {p["key"]: kinds[p["role"]](self, port, p)
                      for p in plans}
        self._publishers = {link.stream: link for link in
                            self.links.values() if link.role == "publish"}
        self.watch(self._bell, self._answers)
        self.watch(sys.stdin, self._read)

    def publisher(self, stream):
        return self._publishers[stream]

    def watch(self, file, call):
        self._calls[file.fileno()] = call
        self._poll.register(file.fileno(), select.POLLIN)

    def unwatch(self, file):
        self._poll.unregister(file.fileno())
        del self._calls[file.fileno()]

    def dialed(self, link, result):     # from another thread
        self._dialed.put((link, result))
        self._rope.send(b"!")

    def _answers(self):
        self._bell.recv(4096)
        while not self._dialed.empty():
            link, result = self._dialed.get()
            link.answered(result)

    def _read(self):
        data = os.read(sys.stdin.fileno(), 1 << 16)
        self._open = bool(data)
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            answer = getattr(self, "do_" + order.pop("do"))(**order)
            print(json.dumps(answer), flush=True)

    def run(self):
        while self._open:
            now = self._beat.tick()
            wait = TICK
            for link in self.links.values():
                if not self._quiet or link.client is not None:
                    wait = min(wait, link.due(now) - now)
            for fd, _ in self._poll.poll(max(wait, 0) * 1000):
                if fd in self._calls:   # it was not closed in this turn
                    self._calls[fd]()
        for link in self.links.values():
            self._quiet = True
            link.end("close", 0)

    # what the driver says

    def do_state(self):
        now = time.monotonic()
        return [link.state(now) for link in self.links.values()]

    def do_report(self, stalls):
        """What happened since the last report."""
        for link in self.links.values():
            if link.client is not None:
                link.readable()
        now = time.monotonic()
        stalls = [tuple(s) for s in stalls] + self._beat.stalls
        told = [link.report(now, stalls) for link in self.links.values()]
        for link in self.links.values():
            link.forget()
        self._beat.forget(now - KEPT)
        return told

    def do_end(self, key, how, after):
        self.links[key].end(how, after)

    def do_move(self, key, stream, how, after):
        self.links[key].stream = stream
        self.links[key].end(how, after)

    def do_takeover(self, key, after):
        self.links[key].takeover(after)

    def do_quiet(self):
        """The relay is about to end: do not come back."""
        self._quiet = True


class Handle:
    """A helper process, as the driver sees it."""
    PATIENCE = 20

    def __init__(self, program, *args):
        self.popen = subprocess.Popen(
            [sys.executable, program, *args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.pid = self.popen.pid

    def ask(self, do, **more):
        self.popen.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.popen.stdin.flush()
        if not select.select([self.popen.stdout], [], [], self.PATIENCE)[0]:
            raise TimeoutError(f"helper {self.pid} does not answer")
        line = self.popen.stdout.readline()
        if not line:
            raise EOFError(f"helper {self.pid} has ended: see its error")
        return json.loads(line)

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(5)
        self.popen.stdout.close()


def start(port, plans):
    return Handle(__file__, str(port), json.dumps(plans))


if __name__ == "__main__":
    Crew(int(sys.argv[1]), json.loads(sys.argv[2])).run()
