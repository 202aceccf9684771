# SPDX-License-Identifier: ISC
"""What can happen to a relay. Each action is a function of a Step, and a
line in ACTIONS; it says which links it touches before it touches them.

An action chooses only by step.rng, and never by what the clock or the relay
says, so that a seed stands for one sequence."""
import os
import random
import select
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, closing

import crew                             # noqa: F401: the path to e2e
from world import CLOSE, GAP, LOSS, Fault, scale

import hostile
import procs
import rtmp

STARTED = 3073 + 2000                   # handshake, headers, some media
TAKEOVER = 1.0                          # as in world.CONF
PATIENCE = 10


# The hub

def hub_killed(step):
    step.kill(step.relay.hub(), "hub")


def hub_killed_twice(step):
    old = step.relay.hub()
    step.kill(old, "hub")
    end = time.monotonic() + 5
    while step.relay.hubs() in ([], [old]) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(step.rng.uniform(0, 0.3))    # while they report
    step.kill(step.relay.hub(), "hub")


def hub_stopped(step):
    meanwhile = step.rng.choice([None, publisher_ended, subscriber_ended,
                                 publisher_vanishes, subscriber_vanishes])
    step.pause(step.relay.hub(), "hub", meanwhile=meanwhile)


def hub_terminated(step):
    """Alone, that is no more than a kill."""
    step.kill(step.relay.hub(), "hub", signal.SIGTERM)


# The listener

def _hub_killed_if_any(step):
    for pid in step.relay.hubs():
        step.kill(pid, "hub")


def listener_stopped(step):
    meanwhile = step.rng.choice([None, _hub_killed_if_any, publisher_ended,
                                 subscriber_vanishes])
    step.pause(step.relay.listener, "listener", meanwhile=meanwhile)


def listener_replaced(step):
    step.kill(step.relay.listener, "listener")
    time.sleep(step.rng.uniform(0, 1))
    step.relay.kill_listener()
    step.relay.start()


def listener_and_hub_killed(step):
    hub = step.relay.hub()
    both = [(step.relay.listener, "listener"), (hub, "hub")]
    step.rng.shuffle(both)
    for pid, what in both:
        step.kill(pid, what)
    time.sleep(step.rng.uniform(0, 1))
    step.relay.kill_listener()
    step.relay.start()


# All of it

def _upgraded(relay, count):
    return sum("upgraded pid=" in n for n in relay.server.lines) > count


def upgrade(step):
    """To a build of another version, and back the next time."""
    relay = step.relay
    relay.install()
    done = sum("upgraded pid=" in n for n in relay.server.lines)
    meanwhile = step.rng.choice([None, hub_killed, publisher_ended,
                                 subscriber_vanishes, storm])
    step.kill(relay.listener, "listener", signal.SIGUSR2)
    if meanwhile is not None:
        meanwhile(step)
    try:
        procs.wait_until(lambda: _upgraded(relay, done), PATIENCE)
    except TimeoutError:
        raise Fault(f"no upgrade after {PATIENCE} s") from None


def _ends(step):
    """And another is started."""
    try:
        step.relay.server.popen.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        raise Fault(f"it runs on for {PATIENCE} s") from None
    step.relay.kill_listener()
    step.relay.start()


def restart(step):
    step.touch_all()
    step.kill(step.relay.listener, "listener", signal.SIGTERM)
    _ends(step)


def drain(step):
    step.touch_all()
    step.kill(step.relay.listener, "listener", signal.SIGQUIT)
    _ends(step)


# Connections

def publisher_ended(step):
    victim = step.publisher()
    if victim is None:
        return
    sig = step.rng.choice([signal.SIGKILL, signal.SIGTERM])
    step.touch_stream(victim, GAP, LOSS, CLOSE)
    step.kill(step.pid(victim), "publisher", sig, victim)


def publisher_stopped(step):
    victim = step.publisher()
    if victim is None:
        return
    # a hub that has just begun takes who is silent for linger for lost
    step.touch_stream(victim, GAP, *[LOSS] * step.hub_replaced)
    step.pause(step.pid(victim), "publisher", whom=victim)


def publisher_and_hub_killed(step):
    victim = step.publisher()
    if victim is None:
        return
    step.touch_stream(victim, GAP, LOSS, CLOSE)
    both = [(step.pid(victim), "publisher"), (step.relay.hub(), "hub")]
    step.rng.shuffle(both)
    for pid, what in both:
        step.kill(pid, what, whom=victim if what == "publisher" else "")
        time.sleep(step.rng.uniform(0, 0.2))


def publisher_vanishes(step):
    """And returns: at once, before linger is over, or after."""
    victim = step.publisher()
    if victim is None:
        return
    how = step.rng.choice(["reset", "close", "goodbye"])
    after = step.rng.choice([0, 0.5, 3])
    step.note(f"{victim}: {how}, back after {after} s")
    step.touch_stream(victim, GAP, LOSS, CLOSE)
    step.world.tell(victim, "end", how=how, after=after)
    time.sleep(after)


def publisher_returns_without_hub(step):
    """It is lost, and back before there is a hub to tell."""
    victim = step.publisher()
    if victim is None:
        return
    step.touch_stream(victim, GAP, LOSS, CLOSE)
    step.kill(step.relay.hub(), "hub")
    step.note(f"{victim}: reset, back at once")
    step.world.tell(victim, "end", how="reset", after=0)


def publisher_taken_over(step):
    """The encoder returns while its old connection is silently open."""
    victim = step.publisher()
    if victim is None:
        return
    step.note(f"{victim} falls silent and returns")
    step.touch_stream(victim, GAP, LOSS, CLOSE)
    step.relay.killed.add(step.pid(victim))
    after = TAKEOVER * step.rng.uniform(0.5, 1.5)
    step.world.tell(victim, "takeover", after=after)
    time.sleep(after)


def subscriber_ended(step):
    victim = step.subscriber()
    if victim is None:
        return
    sig = step.rng.choice([signal.SIGKILL, signal.SIGTERM])
    step.touch(victim, GAP, LOSS, CLOSE)
    step.kill(step.pid(victim), "subscriber", sig, victim)


def subscriber_stopped(step):
    victim = step.subscriber()
    if victim is None:
        return
    step.touch(victim, GAP)
    step.pause(step.pid(victim), "subscriber", whom=victim)


def subscriber_vanishes(step):
    victim = step.subscriber()
    if victim is None:
        return
    how = step.rng.choice(["reset", "close"])
    step.note(f"{victim}: {how}")
    step.touch(victim, GAP, LOSS, CLOSE)
    step.world.tell(victim, "end", how=how, after=step.rng.uniform(0, 0.5))


def rival(step):
    """A second encoder wants a name that is taken."""
    victim = step.publisher()
    if victim is None:
        return
    step.note(f"a rival for {victim}")
    try:
        rtmp.open_publisher(step.relay.port, victim).close()
    except rtmp.Refused as refusal:
        if refusal.code == "NetStream.Publish.BadName":
            return
        raise Fault(f"the rival was told {refusal}") from None
    except (OSError, rtmp.Closed) as err:
        raise Fault(f"the rival was not answered: {err}") from None
    raise Fault(f"the rival publishes {victim} too")


# Overload

def _play(step, sock, stream):
    app, name = rtmp.split(stream)
    hostile.push(sock, hostile.start("play", name, app))
    step.world.strangers += 1


def _served(socks, least, what):
    """Read all of them until each has got so many bytes."""
    got = dict.fromkeys(socks, 0)
    end = time.monotonic() + PATIENCE
    while True:
        hungry = [s for s in socks if got[s] < least]
        if not hungry:
            return
        if time.monotonic() > end:
            raise Fault(f"{what}: {len(hungry)} of {len(socks)} are not "
                        f"served after {PATIENCE} s")
        for sock in select.select(hungry, [], [], 1)[0]:
            try:
                data = sock.recv(1 << 16)
            except OSError as err:
                raise Fault(f"{what}: {err}") from None
            if not data:
                raise Fault(f"{what}: closed after {got[sock]} bytes")
            got[sock] += len(data)


def storm(step):
    """Many subscribers at once, who leave as they came."""
    stream = step.stream()
    rng = random.Random(step.rng.random())
    count = scale(rng.randint(50, 100))
    step.note(f"{count} subscribers storm {stream}")
    with ExitStack() as stack:
        socks = [stack.enter_context(closing(hostile.dial(step.relay.server)))
                 for _ in range(count)]
        if rng.random() < 0.3:
            hub_killed(step)
        for sock in socks:
            _play(step, sock, stream)
        _served(socks, STARTED, "storm")
        for sock in socks:
            if rng.random() < 0.5:
                hostile.reset(sock)


def slow(step):
    """Subscribers who stop to read, until they or the relay gives up."""
    stream = step.stream()
    seconds = step.rng.uniform(1, 6)
    step.note(f"5 slow subscribers of {stream} for {seconds:.1f} s")
    with ExitStack() as stack:
        for _ in range(5):
            sock = stack.enter_context(
                closing(hostile.dial(step.relay.server, rcvbuf=4096)))
            _play(step, sock, stream)
        time.sleep(seconds)


def hostile_bytes(step):
    """Noise, bombs and bad chunks; the relay throws each of them out."""
    rng = random.Random(step.rng.random())
    what = rng.choice(["noise", "noise after the handshake", "a bomb",
                       "half a command"])
    step.note(f"{what} from 5 peers")
    for _ in range(5):
        shake, data = True, b""
        if what == "noise":
            shake, data = False, b"\xff" + rng.randbytes(5000)
        elif what == "noise after the handshake":
            data = rng.randbytes(rng.randint(1, 20000))
        elif what == "a bomb":
            name = rng.choice(sorted(hostile.BOMBS))
            data = hostile.message(rtmp.COMMAND, hostile.BOMBS[name])
        else:
            data = hostile.connect()[:-rng.randint(1, 40)]
        try:
            hostile.thrown_out(step.relay.server, data, shake)
        except (TimeoutError, socket.timeout):
            raise Fault(f"{what}: the connection stays open") from None


def hanging(step):
    """Connections that begin a handshake and no more."""
    rng = random.Random(step.rng.random())
    step.note("20 connections hang in the handshake")
    with ExitStack() as stack:
        socks = [stack.enter_context(closing(hostile.dial(step.relay.server)))
                 for _ in range(scale(20))]
        for sock in socks:
            hostile.push(sock, hostile.HANDSHAKE[:rng.randint(0, 1537)])
        if rng.random() < 0.5:
            return
        for sock in socks:
            try:
                hostile.drain(sock)
            except (TimeoutError, socket.timeout):
                raise Fault("a handshake may take forever") from None


def _words(pid, name, start):
    """The words of the line in a file of /proc that begins so."""
    with open(f"/proc/{pid}/{name}", encoding="ascii") as file:
        return next(n.split() for n in file if n.startswith(start))


def _files(pid, soft):
    """Set its limit of descriptors, as its own user; the one it had."""
    was = _words(pid, "limits", "Max open files")[3]
    own = {}
    if os.getuid() == 0:
        own = {"user": int(_words(pid, "status", "Uid:")[1]),
               "group": int(_words(pid, "status", "Gid:")[1])}
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={soft}:"],
                   check=True, **own)
    return was


def _without_descriptors(step, pid, what):
    """While subscribers come; then it has them again, and serves them."""
    stream = step.stream()
    step.note(f"no descriptors for {what}, 3 subscribers of {stream}")
    with ExitStack() as stack:
        was = _files(pid, 4)
        try:
            socks = [stack.enter_context(closing(
                hostile.dial(step.relay.server))) for _ in range(3)]
            for sock in socks:
                _play(step, sock, stream)
            time.sleep(step.rng.uniform(0.2, 2))
        finally:
            _files(pid, was)
        _served(socks, STARTED, f"{what} has descriptors again")


def listener_without_descriptors(step):
    step.relay.starved = True           # a hub that it starts now has none
    _without_descriptors(step, step.relay.listener, "listener")


def hub_without_descriptors(step):
    _without_descriptors(step, step.relay.hub(), "hub")


ACTIONS = (
    # weight, action
    (4, hub_killed),
    (2, hub_killed_twice),
    (3, hub_stopped),
    (1, hub_terminated),
    (2, listener_stopped),
    (2, listener_replaced),
    (1, listener_and_hub_killed),
    (4, upgrade),
    (1, restart),
    (1, drain),
    (4, publisher_ended),
    (2, publisher_stopped),
    (3, publisher_and_hub_killed),
    (4, publisher_vanishes),
    (2, publisher_returns_without_hub),
    (2, publisher_taken_over),
    (4, subscriber_ended),
    (2, subscriber_stopped),
    (3, subscriber_vanishes),
    (3, rival),
    (2, storm),
    (1, slow),
    (2, hostile_bytes),
    (1, hanging),
    (2, listener_without_descriptors),
    (2, hub_without_descriptors),
)
