# SPDX-License-Identifier: ISC
"""The judge of gaps judged."""
import os
import subprocess
import sys

import pytest

import procs
import watch

SPIN = "while True: pass"


@pytest.fixture
def crowd():
    """Four that want one processor all the time."""
    cpu = min(os.sched_getaffinity(0))
    made = [subprocess.Popen(
        [sys.executable, "-c", SPIN],
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        for _ in range(4)]
    yield [one.pid for one in made]
    for one in made:
        one.kill()
        one.wait(5)


def test_who_waits_for_a_processor_is_noticed_and_who_sleeps_is_not(crowd):
    waits = watch.Queued(crowd[0])
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        sleeps = watch.Queued(sleeper.pid)
        waited, slept = 0, 0

        def enough():
            nonlocal waited, slept
            waited += waits.more()
            slept += sleeps.more()
            return waited > 0.5
        procs.wait_until(enough, 10, "half a second of waiting")
        sleeper.kill()
    assert slept < waited / 4
    procs.end(crowd[0])
    with pytest.raises(OSError):
        procs.wait_until(lambda: waits.more() < 0, 5)
    waits.close()
    sleeps.close()


def test_the_metronome_watches_the_connections_of_relays(rtmpd, clients):
    server = rtmpd()
    clients.subscriber(server, "live/x")
    watched = watch.METRONOME._queued
    mine = set(map(str, server.connections()))
    procs.wait_until(lambda: mine <= set(watched), 2, "it to look")
    clients.clean()
    procs.wait_until(lambda: not mine & set(watched), 5, "it to forget")
