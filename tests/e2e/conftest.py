# SPDX-License-Identifier: ISC
"""Fixtures: servers, media files, clients; and the proof, after every
test, that no process is left."""
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

import ff
import procs
import rtmp
import server
import watch
from siege import withstood         # a fixture

MEDIA = {
    "av": dict(seconds=8, gop=25),
    "gop4": dict(seconds=16, gop=100),
    "bframes": dict(seconds=8, gop=50, bframes=3),
    "audio": dict(seconds=8, video=False),
    "video": dict(seconds=8, audio=False),
}


def pytest_sessionstart(session):
    procs.become_subreaper()
    watch.METRONOME.start()


@pytest.fixture(autouse=True)
def nothing_left():
    """Fail a test that leaves processes behind; end them."""
    mine = set(procs.descendants(os.getpid()))
    yield
    end = time.monotonic() + 1          # those that were killed may go yet
    while (left := sorted({*procs.descendants(os.getpid())} - mine)) \
            and time.monotonic() < end:
        time.sleep(0.01)
    titles = {p: procs.title(p) for p in left}
    for pid in left:
        procs.end(pid)
    procs.reap_orphans(mine)
    assert not left, f"processes are left: {titles}"


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(name, make) is the path of a file, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent

    def get(name, make):
        path = base / name
        with open(base / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                fresh = str(base / f"part.{name}")
                make(fresh)
                os.rename(fresh, path)
        return str(path)
    return get


@pytest.fixture(scope="session")
def media(once):
    """media(name) is the path of a file of H.264 and AAC."""
    return lambda name: once(
        f"{name}.flv", lambda path: ff.make(path, **MEDIA[name]))


@pytest.fixture
def rtmpd(nothing_left):
    """rtmpd(conf) starts a server; all are stopped and checked at the end.

    stop() of a server that a test has stopped itself does no harm."""
    started = []

    def start(conf=None, **how):
        started.append(server.Server(conf, **how))
        return started[-1]
    yield start
    errors = []
    for one in reversed(started):
        if one.base.exists():
            try:
                one.stop()
            except AssertionError as err:
                errors.append(str(err))
    assert not errors, "\n".join(errors)


class Clients:
    """Makes raw clients and programs that the fixture cleans up."""

    def __init__(self):
        self.made = []
        self.programs = []

    def add(self, client):
        self.made.append(client)
        return client

    def subscriber(self, server, stream, **how):
        return self.add(rtmp.Subscriber(server.port, stream, **how))

    def publisher(self, server, stream, source, **how):
        return self.add(rtmp.Publisher(server.port, stream, source, **how))

    def run(self, program):
        self.programs.append(program)
        return program

    def clean(self):
        for client in self.made:
            client.abandon()
        for program in self.programs:
            program.kill()


@pytest.fixture
def clients(rtmpd):
    """Raw clients and programs, ended before their server is."""
    made = Clients()
    yield made
    made.clean()


@pytest.fixture
def place():
    """A directory for rtmpd -i: its configuration, its run directory.

    The hub is to leave by itself; if it does not, it is ended and the
    test fails."""
    path = server.private_directory()
    (path / "rtmpd.conf").write_text("hub-idle = 1s\nlinger = 500ms\n")
    yield path
    try:
        procs.wait_until(lambda: not procs.descendants(os.getpid()), 6,
                         "hub and connections to leave", 0.05)
        sockets = [p for p in path.rglob("*") if p.is_socket()]
        assert not sockets
        assert not server.shm_of(path / "run")
    finally:
        for pid in procs.descendants(os.getpid()):
            procs.end(pid)
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def scratch():
    """A directory for a test's own files."""
    with tempfile.TemporaryDirectory(prefix="rtmpd-e2e-") as name:
        yield Path(name)
