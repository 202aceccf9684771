# SPDX-License-Identifier: ISC
"""Too little of something: what happens is refused or put off, told in the
log, harms no stream that runs, and is over when the want is over."""
import fcntl
import os
import re
import select
import socket
import subprocess
import threading
import time
from contextlib import closing, contextmanager, ExitStack
from pathlib import Path

import pytest

import chunks
import flv
import hostile
import pressure
import procs
import rtmp
from build import SANITIZED, patience
from bystander import Bystander
from pressure import needs_root

STORM = 500
SOME_GAP = 1.0          # where the gap is not what is tested


@contextmanager
def beside(server):
    """A stream that stays whole beside what is done here."""
    calm = Bystander(server.port)
    try:
        calm.mark()
        yield calm
        told = calm.report()
        assert told["gap"] < SOME_GAP, told
    finally:
        calm.close()


def works(server, stream="live/after"):
    """Someone new can publish, and someone new gets the picture."""
    encoder = rtmp.Publisher(server.port, stream, flv.synthetic())
    try:
        player = rtmp.Subscriber(server.port, stream)
        try:
            player.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
        finally:
            player.close()
    finally:
        encoder.abandon()


def admits(server):
    """Is there room for someone?"""
    try:
        with closing(rtmp.Client(server.port)) as client:
            client.connect()
    except (rtmp.Closed, ConnectionError):
        return False
    return True


@pytest.fixture
def group():
    """group(controller) makes a control group, removed when its relay, which
    a test must ask for after this, is gone."""
    made = []

    def make(controller):
        made.append(pressure.Group(controller))
        return made[-1]
    yield make
    for one in made:
        one.remove()


def counted(server, pattern):
    return sum(1 for line in list(server.lines) if re.search(pattern, line))


# Connections

class Picture:
    """A subscriber that is done once it has a key frame."""

    def __init__(self, server, stream):
        app, name = rtmp.split(stream)
        self.sock = hostile.dial(server)
        self.sock.sendall(hostile.start("play", name, app))
        self.sock.setblocking(False)
        self.left = len(hostile.HANDSHAKE)
        self.reader = chunks.ChunkReader()

    def read(self):
        """True once it has one."""
        data = self.sock.recv(1 << 18)
        assert data, "closed without a picture"
        skipped = min(self.left, len(data))
        self.left -= skipped
        return any(flv.kind(m) == "key" for m in
                   self.reader.feed(data[skipped:], time.monotonic()))


def storm(server, stream, count):
    """So many subscribers at once; how long until each has a picture."""
    started = time.monotonic()
    with ExitStack() as stack:
        waiting = {}
        for _ in range(count):
            one = Picture(server, stream)
            stack.enter_context(closing(one.sock))
            waiting[one.sock.fileno()] = one
        dialled = time.monotonic() - started
        poll = select.poll()
        for number in waiting:
            poll.register(number, select.POLLIN)
        while waiting:
            assert time.monotonic() - started < patience(15), \
                f"{len(waiting)} wait"
            for number, _ in poll.poll(1000):
                if waiting[number].read():
                    poll.unregister(number)
                    del waiting[number]
        print(f"{count} dialled in {dialled:.2f} s, "
              f"all have a picture after {time.monotonic() - started:.2f} s")
    assert dialled < patience(3), f"no storm: {dialled} s"


def test_a_storm_of_subscribers(withstood):
    """All get a picture, and those who watch already see no gap."""
    def attack(server):
        encoder = rtmp.Publisher(server.port, "storm/x",
                                 flv.synthetic(stream=2, kbps=200))
        try:
            encoder.wait_sent(lambda m: flv.kind(m) == "key")
            storm(server, "storm/x", STORM)
        finally:
            encoder.abandon()
    withstood(attack)


# Descriptors

def test_a_listener_without_descriptors_pauses(rtmpd):
    """And serves who waited meanwhile."""
    server = rtmpd()
    with beside(server):
        with pressure.few_files(server.pid):
            sock = hostile.dial(server)
            server.wait_log(r"accept-paused cause=accept: Too many open")
            pressure.rests(server.pid)
            assert counted(server, "accept-paused") <= 5
        with closing(rtmp.Client(sock=sock)) as client:
            client.connect()
        works(server)


def admitted(server):
    try:
        rtmp.Client(server.port).close()
    except (rtmp.Closed, ConnectionError):
        return False
    return True


@contextmanager
def crowd(server):
    """Processes that connect to the hub until it has no descriptor left."""
    with ExitStack() as stack:
        while not counted(server, "hub-paused"):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(sock)
            sock.settimeout(2)
            sock.connect(str(server.run_directory / "box/hub.sock"))
        yield


@pytest.mark.parametrize("limit", [64, 65])
def test_a_hub_without_descriptors_pauses(rtmpd, limit):
    """Issue: a hub at its limit used a whole processor and said nothing.
    Cause: the listening socket of an epoll stays ready. Trigger: EMFILE, for
    the process itself or for its pidfd."""
    server = rtmpd(wrap=["prlimit", f"--nofile={limit}:{limit}"])
    with beside(server):
        hub = server.hub()
        with crowd(server):
            sock = hostile.dial(server)
            pressure.rests(hub, server.pid)
            server.wait_log(r"hub-paused peers=\d+: Too many open files")
            assert counted(server, "hub-paused") <= 5
        sock.close()                    # served, or refused as too late
        procs.wait_until(lambda: admitted(server), 5, "room in the hub")
        works(server)
        assert server.hub() == hub


def test_over_the_hubs_descriptors_newcomers_are_refused(rtmpd, clients):
    server = rtmpd(wrap=["prlimit", "--nofile=64:64"])
    with beside(server):
        held = []
        for _ in range(30):
            try:
                held.append(rtmp.Client(server.port))
            except (rtmp.Closed, ConnectionError):
                break
        server.wait_log(r"disconnect .*reason=limit detail=hub-files")
        assert len(held) > 10
        pressure.rests(server.hub(), server.pid, seconds=0.5)
        for client in held[:6]:
            client.close()
        server.wait_connections(len(held) - 4)
        procs.wait_until(lambda: admits(server), 3, "the hub to notice")
        works(server)
        for client in held[6:]:
            client.close()


def test_over_the_hubs_descriptors_a_publish_is_refused(rtmpd, clients):
    """What is left is for newcomers to be told."""
    server = rtmpd({"ring": "64K"}, wrap=["prlimit", "--nofile=64:64"])
    encoders = []
    with pytest.raises((rtmp.Refused, rtmp.Closed)) as refusal:
        for number in range(30):
            encoders.append(clients.add(
                rtmp.open_publisher(server.port, f"live/{number}")))
    assert len(encoders) > 5
    server.wait_log("hub-files")
    print(refusal.value)
    for encoder in encoders[:5]:
        encoder.close()
    server.wait_connections(len(encoders) - 5)
    procs.wait_until(lambda: admits(server), 3, "the hub to notice")
    works(server)


# Processes

def no_more_processes(server, limit, lift):
    """A relay that cannot fork, neither for peers nor for its hub."""
    with beside(server):
        hub = server.hub()
        limit()
        with pytest.raises((rtmp.Closed, ConnectionError)):
            rtmp.Client(server.port).connect()
        server.wait_log(r"accept-paused cause=fork: Resource temporarily")
        procs.end(hub)
        server.wait_log(r"fork for the hub: Resource temporarily")
        sock = hostile.dial(server)
        pressure.rests(server.pid)
        assert counted(server, "accept-paused") <= 5
        assert counted(server, "fork for the hub") <= 6
        sock.close()
        lift()
        lifted = time.monotonic()
        server.process(r"rtmpd: hub$", 3)
        assert time.monotonic() - lifted < patience(1.5)
        works(server)


@needs_root
def test_a_limit_of_processes_of_the_control_group(group, rtmpd):
    pids = group("pids")
    server = rtmpd(wrap=pids.wrap())
    no_more_processes(server, lambda: pids.limit(pids.usage() - 1),
                      pids.lift)


def test_a_limit_of_processes_of_the_user(rtmpd, scratch):
    scratch.chmod(0o755)
    wrap, run = pressure.as_somebody(scratch)
    server = rtmpd(wrap=wrap, directory=run)

    def limit(value):
        subprocess.run([*wrap, "prlimit", f"--pid={server.pid}",
                        f"--nproc={value}:"], check=True, timeout=5)
    no_more_processes(server, lambda: limit(1), lambda: limit(1000))


def knock(server, ended):
    """Come again and again, as players do that get no answer."""
    while not ended.is_set():
        try:
            with closing(hostile.dial(server)) as sock:
                select.select([sock], [], [], 4)
        except OSError:
            time.sleep(0.05)


@needs_root
def test_a_hub_gets_a_process_though_newcomers_take_all(group, rtmpd):
    """Issue: no hub as long as they came. Cause: it gave up at once, and they
    waited for it."""
    pids = group("pids")
    server = rtmpd(wrap=pids.wrap())
    ended = threading.Event()
    crowd = [threading.Thread(target=knock, args=(server, ended), daemon=True)
             for _ in range(30)]
    with beside(server):
        hub = server.hub()
        pids.limit(pids.usage() + 6)
        for one in crowd:
            one.start()
        server.wait_log(r"accept-paused cause=fork")
        since = len(server.lines)
        procs.end(hub)
        server.wait_log(r"\bhub-start\b", 10, since)
        ended.set()
        pids.lift()
        for one in crowd:
            one.join(patience(10))
        works(server)


# Memory

def flood(server, count):
    """Peers who connect and stay, or are ended."""
    held = [hostile.dial(server) for _ in range(count)]
    for sock in held:
        hostile.push(sock, hostile.HANDSHAKE + hostile.connect())
    select.select([held[-1]], [], [], 5)
    return held


@pytest.mark.skipif(SANITIZED, reason="a sanitizer is larger")
@needs_root
def test_without_memory_newcomers_are_ended(group, rtmpd):
    """Issue: the listener went first, then who streamed. Cause: the kernel
    takes the largest, and a ring counts. Trigger: idle connections."""
    memory = group("memory")
    server = rtmpd(wrap=memory.wrap())
    with beside(server):
        server.wait_connections(2)
        hub, kept = server.hub(), set(server.connections())
        memory.limit(memory.usage() + (32 << 20))
        held = []
        while not counted(server, "connection-died .* signal=9"):
            assert len(held) < 2000, memory.usage()
            held += flood(server, 50)
        print(f"{memory.usage() >> 20}M, {len(held)} newcomers")
        assert kept <= set(server.connections())
        assert server.hub() == hub
        for sock in held:
            sock.close()
        server.wait_connections(2, 10)
        works(server)


# Shared memory

@needs_root
def test_a_hub_starts_once_there_is_shared_memory(rtmpd):
    server = rtmpd({"ring": "1M"}, wrap=pressure.with_mount("9m", "/dev/shm"))
    shm = pressure.seen_by(server.pid, "/dev/shm")
    with beside(server):
        with pressure.filled(shm):
            procs.end(server.hub())
            server.wait_log(r"registry in /dev/shm: No space left")
            server.wait_log(r"hub-ended status=1")
            with closing(hostile.dial(server)) as sock:
                assert hostile.drain(sock, 6) == b""
            server.wait_log(r"disconnect .*reason=no-hub")
            assert counted(server, "No space left") <= 8
            pressure.rests(server.pid, seconds=0.5)
            mark = len(server.lines)
        server.wait_log(r"hub-start\b", 1.5, mark)
        works(server)


def holds_old_registry(pid):
    """Of a hub that has gone: an object without a name, larger than rings."""
    sizes = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "/dev/shm/" in os.readlink(path) and not path.stat().st_nlink:
                sizes.append(path.stat().st_size)
        except FileNotFoundError:
            pass
    return max(sizes, default=0) > 1 << 20


@needs_root
def test_rings_leave_room_for_the_next_hub(rtmpd, clients):
    """Issue: no new hub after kill -9. Cause: its registry did not fit beside
    the old one and the rings. Trigger: /dev/shm full of rings."""
    server = rtmpd({"ring": "512K"},
                   wrap=pressure.with_mount("12m", "/dev/shm"))
    with beside(server):
        with pytest.raises(rtmp.Refused) as refusal:
            for number in range(30):
                clients.add(rtmp.open_publisher(
                    server.port, f"live/{number}"))
        assert refusal.value.code.startswith("NetStream.Publish.")
        server.wait_log(r"publish-refused .*/dev/shm")
        live = len(clients.made)
        mark = len(server.lines)
        procs.end(server.hub())
        server.wait_log(r"hub-start\b", 1.5, mark)
        assert live > 2
        # who has not come to the new hub yet keeps what the old one had
        procs.wait_until(lambda: not any(map(
            holds_old_registry, server.connections())))
        gone = clients.made.pop()
        gone.unpublish(str(live - 1))       # or its ring would linger
        gone.close()
        procs.wait_until(lambda: len(server.connections()) == live + 1)
        works(server)


# The log

def served(server):
    """Longer than the log can be: each round is several lines."""
    for _ in range(30):
        with closing(rtmp.Client(server.port)) as client:
            client.connect()


def still_served(server):
    """Even by a hub that has started meanwhile."""
    served(server)
    procs.end(server.hub())
    served(server)
    works(server)
    pressure.rests(server.pid, server.hub(), seconds=0.5)


def test_a_log_to_a_full_device(rtmpd):
    server = rtmpd(wrap=pressure.stderr_to("/dev/full"))
    with beside(server):
        still_served(server)


@needs_root
def test_a_log_on_a_full_disk(rtmpd, scratch):
    script = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@" 2>>"$0/log"'
    server = rtmpd(wrap=["unshare", "-m", "sh", "-c", script, str(scratch)])
    disk = pressure.seen_by(server.pid, scratch)
    with beside(server):
        with pressure.filled(disk):
            still_served(server)
        served(server)
        procs.wait_until(
            lambda: "log-dropped lines=" in (disk / "log").read_text(),
            5, "the count of what is lost")
        lines = (disk / "log").read_text().splitlines()
        told = [n for n in lines if "log-dropped" in n]
        assert len(told) == len({n.split()[-1] for n in told}), told
        assert all(re.match(r"\d{4}-\d\d-\d\dT", n) for n in lines[-20:])


@contextmanager
def unread(path):
    """A FIFO that holds a page, and that nobody reads until drained()."""
    os.mkfifo(path)
    path.chmod(0o622)                   # may be written to, not opened anew
    number = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(number, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield number
    finally:
        os.close(number)


def drained(number, word):
    """Read until the word comes."""
    seen, end = b"", time.monotonic() + 5
    while word not in seen:
        assert time.monotonic() < end, seen[-2000:]
        if select.select([number], [], [], 0.1)[0]:
            seen += os.read(number, 1 << 16)
    return seen


@pytest.mark.parametrize("who", ["itself", "another"])
def test_a_log_to_a_pipe_that_nobody_reads(rtmpd, scratch, who):
    """Issue: listener and hub stood still for ever. Cause: write(2) to a full
    pipe waits. Trigger: `rtmpd -d 2>&1 | something that is stopped`. Where the
    pipe is another user's, it cannot be opened anew."""
    scratch.chmod(0o755)
    how = {}
    wrap = []
    if who == "another":
        wrap, how["directory"] = pressure.as_somebody(scratch)
    with unread(scratch / "pipe") as number:
        if who == "another":
            (scratch / "pipe").chmod(0o600)
        server = rtmpd(
            wrap=[*pressure.stderr_to(scratch / "pipe"), *wrap], **how)
        with beside(server):
            still_served(server)
            drained(number, b"\n")
            served(server)
            drained(number, b"log-dropped lines=")


@needs_root
def test_a_syslogd_that_is_missing(clients):
    server = pressure.Daemon(syslogd=False)
    try:
        with beside(server):
            still_served(server)
            server._bind()
            served(server)
            assert "rtmpd[" in server.syslog("log-dropped lines=")
    finally:
        clients.clean()
        server.stop()


@needs_root
def test_a_syslogd_that_is_stuck(clients):
    """Issue: listener and hub stood still for ever. Cause: syslog(3) waits.
    Trigger: a syslogd that is stopped, or waits for its disk."""
    server = pressure.Daemon(syslogd=True)
    try:
        line = server.syslog(" start pid=")
        assert re.match(r"<30>\w{3} [ \d]\d \d\d:\d\d:\d\d rtmpd\[\d+\]: start",
                        line), line
        with beside(server):
            server.stick()
            still_served(server)
            server.syslog("ballast")
            served(server)
            server.syslog("log-dropped lines=")
            server.syslogd.close()      # and syslogd is started again
            server._bind()
            served(server)
            server.syslog("connect")
    finally:
        clients.clean()
        server.stop()
