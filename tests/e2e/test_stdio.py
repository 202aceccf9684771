# SPDX-License-Identifier: ISC
"""Starts with descriptors that others left closed, or open."""
import fcntl
import os
import signal
import subprocess

import pytest

import flv
import pressure
import procs
import rtmp
import server as servers
from build import PROGRAM, patience

CLOSED = ["<&- >&- 2>&-", "<&- >&-", "<&-", ">&-", "2>&-"]


def without(closed, *words):
    return ["sh", "-c", f'exec {closed}; exec "$@"', "sh", *map(str, words)]


def killed_hub_comes_back(server, run):
    """And nobody of the old one stays."""
    before = server.children()
    hub = server.hub()
    procs.end(hub)
    procs.wait_until(lambda: [p for p in server.titled("rtmpd: hub$")
                              if p != hub], 5, "the next hub")
    procs.wait_until(lambda: len(server.children()) == len(before), 5,
                     "those of the old hub to go")
    assert (run / "rtmpd.pid").read_text() == str(server.pid)


def serves(server):
    rtmp.open_subscriber(server.port, "live/x").close()
    procs.wait_until(lambda: not server.connections(), 5)
    pressure.rests(server.pid, seconds=0.5)
    killed_hub_comes_back(server, server.run_directory)


@pytest.mark.parametrize("closed", CLOSED)
def test_in_the_foreground(closed, rtmpd):
    """Issue: the log was in the pid file, and who starts attendants stayed
    for ever. Cause: they had the numbers of standard descriptors."""
    serves(rtmpd(wrap=["sh", "-c", f'exec {closed}; exec "$@"', "sh"]))


@pytest.mark.parametrize("closed", CLOSED)
def test_in_the_background(closed):
    """Issue: it used a whole processor and heard no signal. Cause: /dev/null
    was put over what had the numbers of standard descriptors."""
    base = servers.private_directory()
    run, port = base / "run", servers.free_port()
    held = os.open(base / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    pid = None
    try:
        assert subprocess.run(
            without(closed, PROGRAM, "-r", run, "-l", f"127.0.0.1:{port}"),
            pass_fds=[held], check=False, timeout=patience(5)).returncode == 0
        os.close(held)                  # it is not the daemon's
        with open(base / "lock", encoding="ascii") as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pid = int((run / "rtmpd.pid").read_text())
        one = Adopted(pid, port, run)
        procs.wait_until(lambda: one.titled("rtmpd: hub$"), 3, "a hub")
        serves(one)
        second = subprocess.run(
            [PROGRAM, "-d", "-r", run, "-l",
             f"127.0.0.1:{servers.free_port()}"], check=False, text=True,
            stderr=subprocess.PIPE, timeout=patience(5))
        assert second.returncode == 1 and "in use" in second.stderr
        procs.end(pid, signal.SIGTERM)
        procs.wait_until(lambda: not procs.alive(pid), 5, "its end")
    finally:
        if pid:
            for one in [pid, *procs.descendants(pid)]:
                procs.end(one)


class Adopted(servers.Server):
    """A relay that is there already."""

    def __init__(self, pid, port, run):     # pylint: disable=W0231
        self.pid, self.port, self.run_directory = pid, port, run


@pytest.mark.parametrize("words", [["rtmpctl", "show", "streams"],
                                   ["rtmpctl", "metrics"], ["rtmpcat", "-l"]],
                         ids=" ".join)
def test_what_cannot_be_said_is_an_error(words, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    clients.subscriber(server, "live/x").wait_type(flv.VIDEO)
    done = subprocess.run(
        without(">&-", servers.BUILD / words[0], "-r", server.run_directory,
                *words[1:]), check=False, stderr=subprocess.PIPE, text=True,
        timeout=patience(5))
    assert done.returncode == 74, done
    assert "standard output" in done.stderr
