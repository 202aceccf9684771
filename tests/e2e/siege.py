# SPDX-License-Identifier: ISC
"""Attacks on a relay, and a judge of what they did to everyone else."""
import os
from contextlib import contextmanager

import pytest

import hostile
import procs
import rtmp
from build import SANITIZED
from bystander import Bystander
from watch import GAP

TRIES = 3
CONF = {"ring": "1M", "linger": "100ms"}


@contextmanager
def peace(server):
    """A bystander, whose stream stays whole, and no process dies."""
    calm = Bystander(server.port)
    try:
        yield calm
        calm.report()
    finally:
        calm.close()
    assert "connection-died" not in server.log()


def last_lines(server):
    lines = [n for n in server.lines if " codec " not in n]
    return "\n".join(lines[-30:])


def alone_again(server):
    """Wait until only the bystander's two connections are left."""
    try:
        rtmp.Client(server.port).close()    # behind all that wait in line
    except (OSError, rtmp.Closed):
        pass
    try:
        server.wait_connections(2, 10)
    except TimeoutError:
        titles = [procs.title(p) for p in server.connections()]
        raise AssertionError(f"{titles}\n{last_lines(server)}") from None


@pytest.fixture
def withstood(rtmpd):
    """withstood(attack, conf) runs attack(server) twice and judges.

    What it makes once, the first run makes; after the second, processes,
    descriptors and memory are what they were before it, no process has died
    of a signal, and the stream beside had no gap. A machine that is busy with
    other things makes gaps too, but not each time: what is blamed on an
    attack has come in three runs of it."""
    def run(attack, conf=None):
        env = dict(os.environ)
        if SANITIZED:       # it would keep what was freed
            env["ASAN_OPTIONS"] = ":".join([
                env.get("ASAN_OPTIONS", ""), "quarantine_size_mb=0",
                "thread_local_quarantine_size_kb=0"]).strip(":")
        server = rtmpd({**CONF, **(conf or {})}, env=env)
        with peace(server) as calm:
            server.wait_connections(2)
            attack(server)
            alone_again(server)
            before = hostile.settled(server)
            for _ in range(TRIES):
                calm.mark()
                attack(server)
                alone_again(server)
                gap = calm.report()["gap"]
                if gap < GAP:
                    break
            assert gap < GAP, f"a gap of {gap * 1000:.0f} ms"
            last = []

            def back():
                last[:] = [hostile.look(server)]
                return last[0].back(before)
            try:
                procs.wait_until(back, 5, step=0.1)
            except TimeoutError:
                raise AssertionError(f"{before} became {last[0]}") from None
        return server
    return run
