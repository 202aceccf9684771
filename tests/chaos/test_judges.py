# SPDX-License-Identifier: ISC
"""The judges judged: what is done behind their back, they notice."""
import os
import random
import signal
import time
from contextlib import closing

import pytest

import crew                             # noqa: F401: the path to e2e
import run
import soak
import world

import hostile
import procs


@pytest.fixture(scope="module")
def here():
    made = world.World(streams=2, each=(2,), per_crew=1)
    yield made
    made.abandon()
    left = procs.descendants(os.getpid())
    for pid in left:
        procs.end(pid)
    assert not left


@pytest.fixture
def step(here):
    """A step in a world at peace."""
    here.wait_rest()
    here.wait_registry()
    here.report()
    here.relay.complaints()
    return world.Step(here, random.Random(1), 1)


def test_a_step_without_harm_is_passed(step):
    run.take(step, [])


def test_a_pause_of_a_publisher_is_noticed(step):
    pid = step.pid("live/0")
    procs.end(pid, signal.SIGSTOP)
    time.sleep(0.4)
    procs.end(pid, signal.SIGCONT)
    with pytest.raises(world.Fault, match=r"live/0\.0: a gap"):
        run.take(step, [])


def test_a_pause_of_a_subscriber_is_blamed_on_nobody_else(step):
    pid = step.pid("live/1.1")
    procs.end(pid, signal.SIGSTOP)
    time.sleep(0.4)
    procs.end(pid, signal.SIGCONT)
    with pytest.raises(world.Fault) as fault:
        run.take(step, [])
    assert "live/1.1: a gap" in str(fault.value)
    assert str(fault.value).count("gap") == 1


def test_the_death_of_a_subscriber_is_noticed(step):
    procs.end(step.pid("live/0.1"))
    with pytest.raises(world.Fault, match=r"live/0\.1: closed.*"
                       r"connection-died"):
        run.take(step, [])


def test_what_one_may_suffer_another_may_not(step):
    step.touch("live/0.1", world.GAP, world.LOSS, world.CLOSE)
    step.kill(step.pid("live/0.1"), "subscriber")
    step.kill(step.pid("live/1.0"), "subscriber")
    with pytest.raises(world.Fault, match=r"^live/1\.0: closed"):
        run.take(step, [])


def test_a_lost_message_is_noticed(step):
    lag = 6                             # more than max-lag: it jumps
    step.touch("live/0.0", world.GAP)
    pid = step.pid("live/0.0")
    procs.end(pid, signal.SIGSTOP)
    time.sleep(lag)
    procs.end(pid, signal.SIGCONT)
    with pytest.raises(world.Fault, match=r"live/0\.0: lost \d+"):
        run.take(step, [])


def test_a_stranger_in_the_registry_is_noticed(step):
    with closing(hostile.dial(step.relay.server)) as sock:
        hostile.push(sock, hostile.start("play", "0", "live"))
        with pytest.raises(world.Fault, match="registry is wrong.*told"):
            run.take(step, [])


def test_a_hub_that_does_not_come_back_is_noticed(step):
    procs.end(step.relay.hub(), signal.SIGSTOP)
    try:
        with pytest.raises(world.Fault, match="registry is wrong"):
            run.take(step, [])
    finally:
        procs.end(step.relay.hub(), signal.SIGCONT)


def test_a_leaked_descriptor_is_noticed(step, monkeypatch):
    true = step.relay.descriptors
    monkeypatch.setattr(step.relay, "descriptors", lambda pid: true(pid) + (
        pid == step.relay.listener))
    with pytest.raises(world.Fault, match="not back.*listener"):
        run.take(step, [])


def test_what_grows_is_not_flat(capsys):
    name = "hub Private KiB"
    level = [{name: 400 + i % 7} for i in range(40)]
    assert soak.verdict(level) == []
    assert soak.verdict([{name: 400 + 5 * i} for i in range(40)]) == [name]
    assert "GROWS" in capsys.readouterr().out
