# SPDX-License-Identifier: ISC
"""rtmpd -i: what it refuses on standard input, and what it serves."""
import fcntl
import os
import pty
import re
import socket
import subprocess
import time

import pytest

import flv
import pressure
import procs
import rtmp
from build import patience
from server import PROGRAM, rtmpctl
from watch import flowing

USAGE = 64


def on_stdin(place, stdin, wrap=(), **how):
    return subprocess.Popen(
        [*wrap, PROGRAM, "-i", "-r", place / "run", "-f", place / "rtmpd.conf"],
        stdin=stdin, **how)


def refused(place, stdin, **how):
    program = on_stdin(place, stdin, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, **how)
    try:
        out, err = program.communicate(timeout=2)
    finally:
        program.kill()
    assert program.returncode == USAGE, err
    assert out == b""
    assert err.strip(), "it does not say why"
    assert not procs.descendants(os.getpid()), "it has started a hub"


def test_a_terminal_is_refused(place):
    ours, theirs = pty.openpty()
    try:
        refused(place, theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_is_refused(place):
    refused(place, subprocess.PIPE)


def test_the_null_device_is_refused(place):
    refused(place, subprocess.DEVNULL)


def test_a_listening_socket_is_refused(place):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        refused(place, sock)


def test_a_datagram_socket_is_refused(place):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        refused(place, sock)


def test_a_socket_that_is_not_connected_is_refused(place):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        refused(place, sock)


def test_a_closed_descriptor_is_refused(place):
    program = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", PROGRAM, "-i", "-r",
         place / "run"], capture_output=True, timeout=2, check=False)
    assert program.returncode == USAGE
    assert not procs.descendants(os.getpid())


def test_nothing_but_rtmp_is_written_to_the_socket(place):
    """With stderr on the socket too, as inetd has it, a refusal that
    would be printed must not reach a peer."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        program = on_stdin(place, theirs, stdout=theirs, stderr=theirs)
        assert program.wait(2) == USAGE
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(100)


def pair(kind):
    """Two ends of one connection."""
    if kind == "unix":
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


def serve(place, kind, wrap=()):
    """Start rtmpd -i as inetd does; the client's end."""
    ours, theirs = pair(kind)
    with theirs:
        program = on_stdin(place, theirs, wrap, stdout=theirs, stderr=theirs)
    return rtmp.Client(sock=ours), program


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_a_connected_stream_socket_is_served(kind, place):
    player, one = serve(place, kind)
    player.connect("live")
    player.create_stream()
    player.play("x")
    encoder, two = serve(place, kind)
    encoder.connect("live")
    encoder.create_stream()
    encoder.publish("x")
    publisher = rtmp.Publisher(0, "live/x", flv.synthetic(seconds=1),
                               client=encoder)
    player.wait(lambda m: flv.kind(m) == "key", 3, "a key frame")
    player.wait(lambda m: flv.kind(m) == "inter", 3, "more video")
    publisher.wait_done(5)
    publisher.stop()
    assert two.wait(3) == 0
    player.wait(lambda m: rtmp.status(m) == rtmp.UNPUBLISH_NOTIFY, 3)
    player.close()
    assert one.wait(3) == 0


def hub(title="rtmpd: hub"):
    """The pid of the hub that one of ours has started, or None."""
    found = [p for p in procs.descendants(os.getpid())
             if procs.title(p) == title]
    return found[0] if found else None


def asked(place, order):
    """What rtmpctl says, once somebody is there to answer."""
    done = rtmpctl(place / "run", order)
    return done if done.returncode == 0 else None


def test_the_hub_obeys_where_there_is_no_listener(place):
    encoder, _ = serve(place, "tcp")
    encoder.connect("live")
    encoder.create_stream()
    encoder.publish("x")
    publisher = rtmp.Publisher(0, "live/x", flv.synthetic(), client=encoder)
    player, one = serve(place, "tcp")
    player.connect("live")
    player.create_stream()
    player.play("x")
    subscriber = rtmp.Subscriber(0, "live/x", client=player)
    flowing(subscriber)
    first = hub()
    done = rtmpctl(place / "run", "upgrade")
    assert done.returncode == 0, done.stderr
    procs.wait_until(lambda: hub() not in (None, first), 3, "the next")
    flowing(subscriber, 30)
    flv.follow(subscriber.messages)
    done = procs.wait_until(lambda: asked(place, "stop"), 3, "an answer")
    assert re.match(r"stop: \d connections", done.stdout)
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    assert one.wait(3) == 0
    publisher.abandon()
    subscriber.abandon()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_hub_on_demand_starts_once_there_is_shared_memory(place):
    with open(place / "rtmpd.conf", "a", encoding="ascii") as conf:
        conf.write("ring = 1M\n")
    player, one = serve(place, "tcp", pressure.with_mount("8m", "/dev/shm"))
    player.connect("live")
    player.create_stream()
    player.play("x")
    subscriber = rtmp.Subscriber(0, "live/x", client=player)
    first, keeper = hub(), hub("rtmpd: hub keeper")
    with pressure.filled(pressure.seen_by(keeper, "/dev/shm")):
        procs.end(first)
        time.sleep(1)                   # some hubs fail
    encoder, _ = serve(place, "tcp")
    encoder.connect("live")
    encoder.create_stream()
    encoder.publish("x")
    publisher = rtmp.Publisher(0, "live/x", flv.synthetic(), client=encoder)
    flowing(subscriber)
    assert hub() != first
    publisher.abandon()
    subscriber.abandon()
    one.wait(3)


def test_nobody_waits_for_ever_to_start_a_hub(place):
    """Issue: newcomers hung. Cause: who starts hubs was stopped, and held the
    lock. What is documented is 3 seconds."""
    client, program = serve(place, "unix")      # makes the run directory
    client.close()
    procs.wait_until(lambda: not procs.descendants(os.getpid()), 6, "all")
    with open(place / "run/start", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            program = on_stdin(place, theirs, stdout=theirs,
                               stderr=subprocess.PIPE)
            program.communicate(timeout=patience(6))
