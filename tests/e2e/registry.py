# SPDX-License-Identifier: ISC
"""Registry and rings read as rtmpd-shm(7) describes them.

Written from that page alone: another program on the machine, with no code
of the relay. Everything is mapped read-only. The registry is found by the
link in the run directory, without a word to the hub. A Hub talks to it as a
connection does; the hub believes the kernel about who we are and may end us,
so a Ring is to be closed before its server is.
"""
import fcntl
import mmap
import os
import socket
import struct
from dataclasses import dataclass, field

from procs import alive, wait_until

RING_MAGIC, REGISTRY_MAGIC = 0x676e6952, 0x73696765
VERSION = 1
HEADER, STREAM, SESSION = 512, 928, 440     # bytes, at the least
RING_HEADER = 128
REPORT = struct.Struct("=IHH H6x QQQ 10Q 192s64s64s64s 448x 24x")
ANSWER = struct.Struct("=IHH HHI QQ I60s I4x")
WELCOME, REFUSED, RING, KEEP, IDLE, GONE, CLOSE, RECONNECT, LOG = range(1, 10)
FORBIDDEN = 8
NO_ROLE, PUBLISH, PLAY, RECORD, CAT, METRICS = range(6)
FREE, WAITING, LIVE, LOST = range(4)
COUNTERS = ("bytes_in", "bytes_out", "video", "audio", "data",
            "media_bytes", "joins", "lag_jumps", "lag", "wakes")
TOTALS = ("connections", "publishes", "takeovers", "bytes_received",
          "bytes_sent", "video_in", "audio_in", "data_in", "video_out",
          "audio_out", "data_out", "joins", "lag_jumps",
          "handshake_failures", "refused_busy", "refused_memory",
          "refused_limit", "refused_address", "play_refused", "recordings",
          "recording_errors")
BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
KEY, CONFIG, METADATA, REPEAT, JOIN, FRAME = (1 << n for n in range(6))
NO_JOIN = (1 << 64) - 1
TRIES = 1000


def _text(raw):
    return raw.partition(b"\0")[0].decode()


def _map(fd):
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
        raise AssertionError("the descriptor is not read-only")
    return mmap.mmap(fd, os.fstat(fd).st_size, mmap.MAP_SHARED,
                     mmap.PROT_READ)


@dataclass
class Answer:
    verdict: int
    reason: int
    stream: int
    generation: int
    ring_size: int
    text: str
    fds: list = field(default_factory=list)


class Hub:
    """One connection to the hub of a server."""

    def __init__(self, server, timeout=3):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(timeout)
        wait_until(lambda: self._connect(
            str(server.run_directory / "box" / "hub.sock")), timeout,
            "the hub")

    def _connect(self, path):
        try:
            self.sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False                # it is still starting
        return True

    def report(self, role=NO_ROLE, name="", slot=0, generation=0):
        self.sock.send(REPORT.pack(
            VERSION << 16 | REPORT.size, 1, slot, role, generation, 0, 0,
            *[0] * 10, name.encode(), b"test:1", b"test", b"tests"))

    def answer(self):
        """The next answer of the hub; its descriptors become ours."""
        data, fds, _, _ = socket.recv_fds(self.sock, 4096, 8)
        if not data:
            raise ConnectionError("the hub hung up")
        head = ANSWER.unpack_from(data)
        if head[:2] != (VERSION << 16 | len(data), 2):
            raise AssertionError(f"not an answer: {head[:2]}")
        return Answer(*head[3:8], _text(head[9]), fds)

    def register(self):
        """Say hello; the registry's descriptor."""
        self.report()
        answer = self.answer()
        if answer.verdict != WELCOME:
            raise AssertionError(f"no welcome: {answer}")
        for fd in answer.fds[1:]:
            os.close(fd)
        return answer.fds[0]

    def play(self, name):
        """Ask for a stream's ring; its descriptor."""
        self.report(PLAY, name)
        answer = self.answer()
        if answer.verdict != RING:
            raise AssertionError(f"no ring: {answer}")
        return answer.fds[0]

    def close(self):
        self.sock.close()

    abandon = close


@dataclass
class Track:
    codec: str
    kind: int
    number: int
    channels: int
    width: int
    height: int
    fps: int
    rate: int
    profile: str


@dataclass
class Stream:
    state: int
    pid: int
    generation: int
    ring_size: int
    since: int
    rate: int
    counters: dict
    name: str
    peer: str
    program: str
    tracks: list
    bytes_out: int
    lag_jumps: int
    gop: int
    ring_ms: int
    recorders: int
    order: int
    subscribers: int


@dataclass
class Session:
    pid: int
    role: int
    slot: int
    since: int
    rate: int
    counters: dict
    name: str
    peer: str
    program: str
    first_frame: int


def _track(raw):
    codec, *rest, profile = struct.unpack("=IBBHIIII32s", raw)
    return Track(codec.to_bytes(4, "big").decode("latin-1"), *rest,
                 _text(profile))


class Registry:
    """The registry of a server, of the hub that runs, mapped."""

    def __init__(self, server):
        link = server.run_directory / "registry"
        wait_until(lambda: self._attach(link), 3, "the registry of a hub")
        (magic, form, self.generation, self.hub, self.nstreams,
         self.nsessions, self._stream, self._session,
         self.restarts) = struct.unpack_from("=IIQIIIIII", self.map)
        self._first = form & 0xffff
        if (magic, form >> 16) != (REGISTRY_MAGIC, VERSION) or \
                self._first < HEADER:
            raise AssertionError(f"not a registry: {magic:#x} {form:#x}")
        if self._stream < STREAM or self._session < SESSION:
            raise AssertionError(f"entries of {self._stream} and "
                                 f"{self._session} bytes")
        self._second = self._first + self._stream * self.nstreams
        if len(self.map) < self._second + self._session * self.nsessions:
            raise AssertionError("the tables are cut short")

    def _attach(self, link):
        """False: none yet, or that of a hub which has died."""
        try:
            self.fd = os.open(link, os.O_RDONLY)
        except FileNotFoundError:
            return False
        self.map = _map(self.fd)
        if alive(struct.unpack_from("=I", self.map, 16)[0]):
            return True
        self.close()
        return False

    def close(self):
        self.map.close()
        os.close(self.fd)

    abandon = close

    def totals(self):
        """name -> what the hub counted since it began."""
        return dict(zip(TOTALS, struct.unpack_from(
            f"={len(TOTALS)}Q", self.map, 80)))

    def histogram(self, which):
        """(how many fell into each bucket, the sum in ms) of "lag" or
        "first_frame"."""
        at = 80 + 8 * len(TOTALS)
        at += 8 * (len(BOUNDS) + 2) * ("lag", "first_frame").index(which)
        *buckets, total = struct.unpack_from(f"={len(BOUNDS) + 2}Q",
                                             self.map, at)
        return buckets, total

    def ring_bytes(self):
        """Reserved for rings now."""
        return struct.unpack_from("=Q", self.map, 64)[0]

    def hold(self):
        """How long publishers hold wake-ups, ms."""
        return struct.unpack_from("=Q", self.map, 72)[0]

    def _entry(self, at, size):
        """A copy of the entry, made while its count stood still."""
        for _ in range(TRIES):
            before = struct.unpack_from("=I", self.map, at)[0]
            copy = self.map[at:at + size]
            after = struct.unpack_from("=I", self.map, at)[0]
            if before == after and not before & 1:
                return copy
        raise AssertionError("an entry is in flux all the time")

    def streams(self):
        """name -> Stream, of the entries in use."""
        found = {}
        for slot in range(self.nstreams):
            raw = self._entry(self._first + self._stream * slot, STREAM)
            subscribers, *head = struct.unpack_from("=4xIIIQQQQ", raw)
            if head[0] == FREE:
                continue
            counters = dict(zip(COUNTERS, struct.unpack_from("=10Q", raw,
                                                             48)))
            name, peer, program = (_text(t) for t in struct.unpack_from(
                "192s64s64s", raw, 128))
            tracks = [_track(raw[at:at + 56]) for at in range(448, 896, 56)]
            more = struct.unpack_from("=QQIIII", raw, 896)
            if name in found:
                raise AssertionError(f"{name} stands there twice")
            found[name] = Stream(*head, counters, name, peer, program,
                                 [t for t in tracks if t.kind], *more,
                                 subscribers)
        return found

    def sessions(self):
        """The entries in use."""
        found = []
        for slot in range(self.nsessions):
            raw = self._entry(self._second + self._session * slot, SESSION)
            head = struct.unpack_from("=8xIHHQQ", raw)
            if head[0] == 0:
                continue
            counters = dict(zip(COUNTERS, struct.unpack_from("=10Q", raw,
                                                             32)))
            texts = [_text(t) for t in struct.unpack_from(
                "192s64s64s", raw, 112)]
            found.append(Session(*head, counters, *texts,
                                 struct.unpack_from("=I", raw, 432)[0]))
        return found

    def session(self, pid):
        """The one session of a process, or None."""
        found = [s for s in self.sessions() if s.pid == pid]
        if len(found) > 1:
            raise AssertionError(f"{len(found)} sessions of {pid}")
        return found[0] if found else None

    def wait_stream(self, name, test=lambda s: True, timeout=3.0):
        """The stream, once it is there and passes the test."""
        try:
            wait_until(lambda: name in self.streams()
                       and test(self.streams()[name]), timeout)
        except TimeoutError:
            raise AssertionError(f"{name} in {self.streams()}") from None
        return self.streams()[name]


@dataclass
class Record:
    position: int
    type: int
    flags: int
    track: int
    time: int
    arrival: int
    payload: bytes


class Lapped(Exception):
    """The record was overwritten meanwhile."""


class Ring:
    """A ring, mapped; fd becomes its own."""

    def __init__(self, fd):
        self.fd = fd
        self.map = _map(fd)
        magic, form, self.size, self.generation, self.pid = \
            struct.unpack_from("=IIQQI", self.map)
        if (magic, form >> 16) != (RING_MAGIC, VERSION) or \
                form & 0xffff < RING_HEADER:
            raise AssertionError(f"not a ring: {magic:#x} {form:#x}")
        if self.size & (self.size - 1) or len(self.map) != 4096 + self.size:
            raise AssertionError(f"{self.size} bytes of {len(self.map)}")

    def close(self):
        self.map.close()
        os.close(self.fd)

    abandon = close

    def _word(self, at):
        return struct.unpack_from("=Q", self.map, at)[0]

    @property
    def resv(self):
        return self._word(64)

    @property
    def head(self):
        return self._word(72)

    @property
    def join(self):
        return self._word(80)

    def look(self, position, head):
        """(the record there, or None for padding; where the next is)."""
        offset = position % self.size
        left = self.size - offset
        if left < 24:
            return None, position + left
        raw = self.map[4096 + offset:4096 + offset + 24]
        length, mtype, flags, track, zero, time, arrival = struct.unpack(
            "=IBBBBqQ", raw)
        self._check(position)
        used = (24 + length + 7) & ~7
        if position % 8 or zero or used > left or position + used > head:
            raise AssertionError(f"broken at {position}: {raw.hex()}")
        if mtype == 0 and used != left:
            raise AssertionError("padding does not reach to the end")
        start = 4096 + offset + 24
        payload = self.map[start:start + length]
        fill = self.map[start + length:4096 + offset + used]
        self._check(position)
        if mtype == 0:
            return None, position + used
        if any(fill) or used > self.size // 4:
            raise AssertionError(f"{used} bytes, filled with {fill!r}")
        return Record(position, mtype, flags, track, time, arrival,
                      payload), position + used

    def _check(self, position):
        if self.resv - position > self.size:
            raise Lapped(position)

    def records(self, position):
        """(the records from there to the head, the head)."""
        head, found = self.head, []
        while position < head:
            record, position = self.look(position, head)
            if record is not None:
                found.append(record)
        return found, position
