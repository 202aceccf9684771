# SPDX-License-Identifier: ISC
"""Registry and rings, as another program on the machine reads them."""
import mmap
import os

import pytest

import flv
import procs
import registry
import rtmp

SMALL = {"max-streams": 16, "max-connections": 64}


@pytest.fixture
def look(clients):
    """look(server) is its registry, mapped."""
    return lambda server: clients.add(registry.Registry(server))


def open_ring(clients, server, stream):
    hub = clients.add(registry.Hub(server))
    os.close(hub.register())
    return clients.add(registry.Ring(hub.play(stream)))


def sent_by(publisher):
    """The publisher's counters, as it counted itself."""
    sent = [m for m, _ in publisher.sent]
    return {"bytes_in": publisher.client.sent,
            "bytes_out": publisher.client.received,
            "video": sum(m.type == flv.VIDEO for m in sent),
            "audio": sum(m.type == flv.AUDIO for m in sent),
            "data": sum(m.type == flv.DATA for m in sent),
            "media_bytes": sum(len(m.payload) for m in sent)}


def received_by(subscriber):
    """The same of a subscriber."""
    got = [m for m in list(subscriber.messages)
           if m.type in (flv.AUDIO, flv.VIDEO) or flv.kind(m)]
    return {"bytes_in": subscriber.client.sent,
            "bytes_out": subscriber.client.received,
            "video": sum(m.type == flv.VIDEO for m in got),
            "audio": sum(m.type == flv.AUDIO for m in got),
            "data": sum(m.type == flv.DATA for m in got),
            "media_bytes": sum(len(m.payload) for m in got),
            "joins": 1, "lag_jumps": 0, "lag": 0}


def agrees(counters, want):
    return {k: counters[k] for k in want} == want


def test_a_stream_its_publisher_and_subscribers_stand_in_the_registry(
        rtmpd, clients, media, look):
    server = rtmpd({**SMALL, "ring": "2M"})
    books = look(server)
    assert books.streams() == {} and books.sessions() == []
    publisher = clients.publisher(server, "live/cam",
                                  flv.read(media("av")), burst=4.0)
    subscribers = [clients.subscriber(server, "live/cam") for _ in range(2)]
    stream = books.wait_stream("live/cam", lambda s: s.subscribers == 2
                               and len(s.tracks) == 2)
    assert stream.state == registry.LIVE
    assert stream.pid == server.process(r"publish live/cam")
    assert stream.peer == f"127.0.0.1:{publisher.client.local_port}"
    assert stream.program == "LNX 9,0,124,2"
    assert stream.ring_size == 2 << 20
    assert stream.generation > books.generation
    video, audio = sorted(stream.tracks, key=lambda t: -t.kind)
    assert (video.codec, video.kind, video.number) == ("avc1", 9, 0)
    assert (video.width, video.height) == (640, 360)
    assert video.fps == 25000
    assert (audio.codec, audio.kind, audio.number) == ("mp4a", 8, 0)
    assert (audio.rate, audio.channels) == (44100, 1)
    assert audio.profile == "LC"
    procs.wait_until(lambda: [s.role for s in books.sessions()].count(
        registry.PLAY) == 2, 2)
    players = {s.peer: s for s in books.sessions()
               if s.role == registry.PLAY}
    assert set(players) == {f"127.0.0.1:{s.client.local_port}"
                            for s in subscribers}
    assert ({s.pid for s in players.values()}
            == set(server.titled(r"play live/cam")))
    assert all(s.name == "live/cam" for s in players.values())
    assert books.ring_bytes() == 4096 + (2 << 20)


def test_counters_equal_what_the_peers_counted(
        rtmpd, clients, look):
    server = rtmpd(SMALL)
    books = look(server)
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(kbps=2000))
    subscribers = [clients.subscriber(server, "live/x") for _ in range(3)]
    for subscriber in subscribers:
        subscriber.wait(lambda m: flv.kind(m) == "inter")
    publisher.halt()
    last = publisher.sent[-1][0].payload
    for subscriber in subscribers:
        subscriber.wait(lambda m: m.payload == last)
    publisher.client.pump()
    want = sent_by(publisher)
    stream = books.wait_stream(
        "live/x", lambda s: agrees(s.counters, want))
    assert agrees(books.session(stream.pid).counters, want)
    for subscriber in subscribers:
        peer = f"127.0.0.1:{subscriber.client.local_port}"
        procs.wait_until(lambda: any(
            s.peer == peer and agrees(s.counters, received_by(subscriber))
            for s in books.sessions()), 3, f"{received_by(subscriber)} in "
            f"{books.sessions()}")
    publisher.check()


def test_the_rate_is_what_was_sent_lately(rtmpd, clients, look):
    server = rtmpd(SMALL)
    clients.publisher(server, "live/x", flv.synthetic(
        kbps=2000, audio=False))
    books = look(server)
    books.wait_stream("live/x", lambda s: 1.7e6 < s.rate < 2.3e6)


def test_a_subscriber_without_a_publisher_makes_a_stream_that_waits(
        rtmpd, clients, look):
    server = rtmpd(SMALL)
    books = look(server)
    early = clients.subscriber(server, "live/x")
    stream = books.wait_stream("live/x", lambda s: s.subscribers == 1)
    assert stream.state == registry.WAITING and stream.pid == 0
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    books.wait_stream("live/x", lambda s: s.state == registry.LIVE)
    publisher.stop()
    books.wait_stream("live/x", lambda s: s.state == registry.WAITING)
    early.close()
    procs.wait_until(lambda: books.streams() == {}, 1, "the entry to go")
    procs.wait_until(lambda: books.ring_bytes() == 0, 1, "the ring to go")


def test_a_killed_subscriber_leaves_the_registry_within_a_second(
        rtmpd, clients, look):
    server = rtmpd(SMALL)
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic())
    clients.subscriber(server, "live/x")
    stay = set(server.connections())
    clients.subscriber(server, "live/x")
    books.wait_stream("live/x", lambda s: s.subscribers == 2)
    victim, = set(server.connections()) - stay
    procs.wait_until(
        lambda: books.session(victim).role == registry.PLAY, 2)
    procs.end(victim)
    procs.wait_until(lambda: books.session(victim) is None, 1,
                     "the end of its session")
    books.wait_stream("live/x", lambda s: s.subscribers == 1)
    assert {s.pid for s in books.sessions()} == stay


@pytest.mark.parametrize("watched", [False, True],
                         ids=["unwatched", "watched"])
def test_a_killed_publisher_leaves_at_once_and_its_stream_after_linger(
        watched, rtmpd, clients, look):
    server = rtmpd({**SMALL, "linger": "1s"})
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic())
    if watched:
        clients.subscriber(server, "live/x")
    victim = books.wait_stream("live/x").pid
    procs.end(victim)
    procs.wait_until(lambda: books.session(victim) is None, 1,
                     "the end of its session")
    stream = books.streams()["live/x"]
    assert stream.state == registry.LOST and stream.pid == 0
    if watched:
        books.wait_stream("live/x", lambda s: s.state == registry.WAITING,
                          2)
    else:
        procs.wait_until(lambda: "live/x" not in books.streams(), 2,
                         "the end of the stream")
    procs.wait_until(lambda: books.ring_bytes() == 0, 1, "the ring to go")


def test_refusals_are_counted(rtmpd, clients, look):
    server = rtmpd(SMALL)
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic())
    with pytest.raises(rtmp.Refused):
        clients.publisher(server, "live/x", flv.synthetic())
    assert books.totals()["refused_busy"] == 1


def test_the_header_says_whose_registry_it_is(rtmpd, look):
    server = rtmpd(SMALL)
    books = look(server)
    assert books.hub == server.hub()
    assert books.nstreams == 16 and books.nsessions >= 64
    assert not any(books.totals().values()) and books.ring_bytes() == 0


@pytest.mark.parametrize("which", ["registry", "ring"])
def test_nobody_else_can_write_to_the(which, rtmpd, clients, look):
    server = rtmpd(SMALL)
    clients.publisher(server, "live/x", flv.synthetic())
    look(server).wait_stream("live/x")
    shared = (look(server) if which == "registry"
              else open_ring(clients, server, "live/x"))
    with pytest.raises(PermissionError):
        mmap.mmap(shared.fd, 4096, mmap.MAP_SHARED,
                  mmap.PROT_READ | mmap.PROT_WRITE)
    with pytest.raises(OSError):
        os.ftruncate(shared.fd, 0)
    with pytest.raises(OSError):
        os.pwrite(shared.fd, b"x", 0)
    with pytest.raises(OSError):
        os.posix_fallocate(shared.fd, 0, 1 << 20)


# Rings

class GopJudge:
    """Fed with the records of a ring in order: does every GOP stand
    alone? What is not marked REPEAT must be what was published."""

    def __init__(self, publisher):
        self.sent = [m for m, _ in publisher.sent]
        self.newest = {}
        self.set = []
        self.keys = 0
        self.at = None

    def feed(self, record):
        what = flv.kind(record)
        if record.flags & registry.REPEAT:
            assert bool(record.flags & registry.JOIN) == (not self.set)
            self.set.append(record)
            return
        self._follows(record)
        if what == "metadata":
            assert record.flags == registry.METADATA
        elif what in ("avc-header", "aac-header"):
            assert record.flags == registry.CONFIG
        elif what == "key":
            assert record.flags & ~registry.JOIN == (registry.KEY
                                                     | registry.FRAME)
            self._stands_alone(record)
        elif what:
            assert record.flags == registry.FRAME
        if what in ("metadata", "avc-header", "aac-header"):
            self.newest[what] = record.payload
        self.set = []

    def _stands_alone(self, key):
        have = {flv.kind(r): r.payload for r in self.set}
        assert set(have) == {"metadata", "avc-header", "aac-header"}
        for what, payload in self.newest.items():
            assert have[what] == payload
        assert {r.time for r in self.set} == {key.time}
        self.keys += 1

    def _follows(self, record):
        payload = record.payload
        if self.at is None:
            self.at = next(i for i, m in enumerate(self.sent)
                           if flv.bare(m.payload) == payload)
        assert payload == flv.bare(self.sent[self.at].payload)
        assert record.type == self.sent[self.at].type
        assert record.time == self.sent[self.at].ts
        self.at += 1


def test_a_ring_holds_the_stream_and_every_gop_stands_alone(
        rtmpd, clients):
    server = rtmpd(SMALL)
    publisher = clients.publisher(server, "live/x", flv.synthetic(
        gop=10, seconds=4), burst=10)
    publisher.wait_done(5)
    ring = open_ring(clients, server, "live/x")
    assert ring.size == 8 << 20
    assert ring.pid == server.process(r"publish live/x")
    procs.wait_until(lambda: len([
        r for r in ring.records(0)[0] if not r.flags & registry.REPEAT])
        == len(publisher.sent), 2, "all records")
    judge = GopJudge(publisher)
    records, head = ring.records(0)
    for record in records:
        judge.feed(record)
    assert judge.keys == 10
    assert judge.at == len(publisher.sent)
    assert head == ring.head == ring.resv
    times = [r.arrival for r in records]
    assert times == sorted(times)
    assert ring.join == [r.position for r in records
                         if r.flags & registry.JOIN][-1]


def test_a_ring_that_wraps_can_be_followed_and_reports_its_laps(
        rtmpd, clients):
    """10 times its size goes through while we follow."""
    server = rtmpd({**SMALL, "ring": "256K"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(
        kbps=8000, gop=5, seconds=3))
    clients.subscriber(server, "live/x")
    publisher.wait_sent(lambda m: flv.kind(m) == "key")
    ring = open_ring(clients, server, "live/x")
    procs.wait_until(lambda: ring.join != registry.NO_JOIN, 2, "a GOP")
    position, records = ring.join, []
    assert ring.head - position <= ring.size

    def follow():
        nonlocal position
        more, position = ring.records(position)
        records.extend(more)
        return publisher.done.is_set() and position == ring.head \
            and flv.stamp(records[-1]) == flv.stamp(publisher.sent[-1][0])
    procs.wait_until(follow, 6, "the end", 0.002)
    assert ring.head > 10 * ring.size
    judge = GopJudge(publisher)
    for record in records:
        judge.feed(record)
    assert judge.keys >= 14
    assert judge.at == len(publisher.sent)
    with pytest.raises(registry.Lapped):
        ring.look(records[0].position, ring.head)
    publisher.check()


def test_each_publisher_gets_a_ring_of_its_own(rtmpd, clients, look):
    server = rtmpd(SMALL)
    books = look(server)
    rings = []
    for number in range(2):
        publisher = clients.publisher(server, "live/x", flv.synthetic(
            stream=number))
        publisher.wait_sent(lambda m: flv.kind(m) == "inter")
        stream = books.wait_stream("live/x",
                                   lambda s: s.state == registry.LIVE)
        rings.append(open_ring(clients, server, "live/x"))
        assert rings[-1].generation == stream.generation
        publisher.stop()
        procs.wait_until(lambda: not server.titled("publish live/x"), 2)
    assert rings[0].generation < rings[1].generation
    for number, ring in enumerate(rings):
        frames = [r for r in ring.records(0)[0]
                  if r.flags & registry.FRAME]
        assert frames and all(flv.stamp(r)[0] == number for r in frames)


def test_what_is_not_a_report_is_refused_and_harms_nobody(rtmpd, clients):
    server = rtmpd(SMALL)
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    for nonsense in (b"x", bytes(976), bytes(5000),
                     registry.REPORT.pack(2 << 16 | 976, 1, 0, 0, *[0] * 13,
                                          b"", b"", b"", b""),
                     registry.REPORT.pack(1 << 16 | 976, 1, 200, 0,
                                          *[0] * 13, b"", b"", b"", b"")):
        hub = clients.add(registry.Hub(server))
        hub.sock.send(nonsense)
        answers = []
        with pytest.raises(ConnectionError):
            while True:
                answers.append(hub.answer())
        assert len(answers) <= 1 and not any(a.fds for a in answers)
    subscriber.wait(lambda m: flv.kind(m) == "key", 3,
                    since=len(subscriber.messages))
    server.wait_log(r"hub-closes .*bad-message")
