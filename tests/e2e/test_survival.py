# SPDX-License-Identifier: ISC
"""Hub and listener are killed; the streams of all others go on."""
import os
import signal
import socket
import time

import pytest

import flv
import procs
import registry
import rtmp
from build import patience
from watch import flowing, no_gap


def another_hub(server, old):
    def found():
        pids = [p for p in server.titled(r"rtmpd: hub$") if p != old]
        return pids[0] if pids else None
    return procs.wait_until(found, 3, "another hub")


def test_streams_go_on_when_the_hub_is_killed(rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    hub = server.hub()
    killed = time.monotonic()
    procs.end(hub)
    another_hub(server, hub)
    assert time.monotonic() - killed < patience(1)
    flowing(subscriber, 50)
    flv.follow(subscriber.messages)
    no_gap(subscriber, publisher, killed)


def test_a_new_hub_knows_who_was_there(rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    first = clients.subscriber(server, "live/x")
    early = clients.subscriber(server, "live/y")
    flowing(first)
    hub = server.hub()
    procs.end(hub)
    another_hub(server, hub)
    # a second publisher comes while they report, and is refused all the same
    with pytest.raises(rtmp.Refused) as refusal:
        clients.publisher(server, "live/x", flv.synthetic(stream=2))
    assert refusal.value.code == "NetStream.Publish.BadName"
    # one who joins gets the ring that the publisher handed back
    late = clients.subscriber(server, "live/x")
    flowing(late)
    flv.follow(late.messages)
    # who waited for a stream still does, and hears of it
    clients.publisher(server, "live/y", flv.synthetic(stream=3))
    flowing(early)
    flv.follow(early.messages, stream=3)
    flv.follow(first.messages)


def test_a_loss_during_the_loss_of_the_hub_is_told(rtmpd, clients):
    server = rtmpd({"linger": "1s"})
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    encoder = server.process(r"publish live/x")
    hub = server.hub()
    procs.end(hub)
    procs.end(encoder)
    publisher.halt()
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 6)
    clients.publisher(server, "live/x", flv.synthetic(start=1))
    subscriber.wait_status("NetStream.Play.PublishNotify", 5)


def test_a_hub_that_was_stopped_hears_before_it_judges(rtmpd, clients):
    """It comes to know of a publisher after linger, which was there before."""
    server = rtmpd({"linger": "1500ms"})
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    publisher, hub = server.process("publish live/x"), server.hub()
    os.kill(publisher, signal.SIGSTOP)
    procs.end(hub)
    hub = another_hub(server, hub)
    reader = clients.add(registry.Registry(server))
    reader.wait_stream("live/x", lambda s: s.state == registry.LOST)
    os.kill(hub, signal.SIGSTOP)
    os.kill(publisher, signal.SIGCONT)
    flowing(subscriber, 90)             # that is longer than linger
    os.kill(hub, signal.SIGCONT)
    reader.wait_stream("live/x", lambda s: s.state == registry.LIVE)
    flowing(subscriber)
    assert "gone stream=live/x" not in server.log()
    assert rtmp.UNPUBLISH_NOTIFY not in subscriber.codes()
    flv.follow(subscriber.messages)


def test_a_publisher_that_reports_after_linger_is_taken_back(rtmpd, clients):
    """Its subscribers were told that it has gone; they are told better."""
    server = rtmpd({"linger": "1s"})
    clients.publisher(server, "live/x", flv.synthetic(gop=25))
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    publisher, hub = server.process("publish live/x"), server.hub()
    os.kill(publisher, signal.SIGSTOP)
    procs.end(hub)
    another_hub(server, hub)
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 5)
    since = len(subscriber.messages)
    os.kill(publisher, signal.SIGCONT)
    subscriber.wait_status("NetStream.Play.PublishNotify", 5, since)
    flowing(subscriber, 50)
    flv.follow(subscriber.messages, gaps=True)


def test_an_orderly_stop_follows_the_loss_of_a_hub(rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    for _ in range(3):
        hub = server.hub()
        procs.end(hub)
        another_hub(server, hub)
    flowing(subscriber, 25)
    flv.follow(subscriber.messages)
    server.stop()       # and nothing is left
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)


def test_a_restarted_listener_adopts_hub_and_streams(rtmpd, clients, place):
    directory = place / "run"
    server = rtmpd(directory=directory)
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    orphans = [p for p in server.children() if procs.alive(p)]
    hub = server.hub()
    procs.end(server.pid)
    server.popen.wait(5)        # only then its children are orphans
    server.stop(check=False)
    second = rtmpd(directory=directory)
    late = clients.subscriber(second, "live/x")
    flowing(late)
    flv.follow(late.messages)
    # the old hub is the hub, until it ends: then one stands by
    assert procs.alive(hub)
    second.wait_log(r"\bhub-standby\b")
    # as long as its listener runs
    idle = second.process(r"rtmphub")
    procs.end(second.pid)
    second.popen.wait(5)
    procs.wait_until(lambda: not procs.alive(idle), 2, "its end")
    second.stop(check=False)
    second = rtmpd(directory=directory)
    late = clients.subscriber(second, "live/x")
    flowing(late)
    second.wait_log(r"\bhub-standby\b")
    procs.end(hub)
    second.wait_log(r"\bhub-start\b")
    flowing(late, 25)
    flowing(subscriber, 5)
    flv.follow(subscriber.messages)
    second.stop()
    assert not any(procs.alive(p) for p in orphans)


def test_who_waits_for_a_hub_does_not_keep_the_next_listener_out(
        rtmpd, clients, place):
    directory = place / "run"
    server = rtmpd(directory=directory)
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    hub = directory / "box/hub.sock"
    hub.rename(directory / "box/away")
    before = set(server.children())
    with socket.create_connection(("127.0.0.1", server.port)):
        procs.wait_until(lambda: set(server.children()) - before, 2,
                         "a process that waits for the hub")
        procs.end(server.pid)
        server.popen.wait(5)
        server.stop(check=False)
        second = rtmpd(directory=directory)
        (directory / "box/away").rename(hub)
        flowing(clients.subscriber(second, "live/x"))
        flowing(subscriber)
    second.stop()


def test_a_stop_before_all_have_reported_ends_them_too(
        rtmpd, clients, place):
    directory = place / "run"
    server = rtmpd(directory=directory)
    clients.publisher(server, "live/x", flv.synthetic())
    watching = [clients.subscriber(server, "live/x") for _ in range(10)]
    for subscriber in watching:
        flowing(subscriber, 3)
    left, hub = server.connections(), server.hub()
    procs.end(server.pid)
    server.popen.wait(5)
    procs.end(hub)
    server.stop(check=False)
    second = rtmpd(directory=directory)
    second.wait_log(r"\bhub-start\b")
    second.stop()
    procs.wait_until(lambda: not any(map(procs.alive, left)), 1, "their end")
    for subscriber in watching:
        subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)
