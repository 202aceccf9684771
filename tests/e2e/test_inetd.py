# SPDX-License-Identifier: ISC
"""Publish and play through inetd and xinetd, no hub running before."""
import time

import pytest

import ff
import flv
import rtmp
import superserver


@pytest.fixture(params=["inetd", "xinetd"])
def front(request, place):
    """A super-server with the sample's line; nothing else runs."""
    try:
        running = superserver.SuperServer(
            request.param, place, place / "run", place / "rtmpd.conf")
    except superserver.Unavailable as reason:
        pytest.skip(f"{request.param}: {reason}")
    yield running
    running.stop()


def test_publish_and_play_through(front, place, media, scratch):
    assert not (place / "run").exists()
    publisher = ff.publish(front.url("live/x"), media("av"))
    raw = rtmp.Subscriber(front.port, "live/x", digest=True)
    player = ff.hashes(front.url("live/x"), str(scratch / "hashes"))
    try:
        raw.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
        publisher.succeed(20)
        player.succeed(10)
        raw.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    finally:
        raw.abandon()
        publisher.kill()
        player.kill()
    raw.check()
    ff.compare(ff.source(media("av"), scratch),
               ff.read_hashes(scratch / "hashes"), least=75)


def test_many_start_at_once_with_no_hub_before(front, place):
    """They elect one hub among them."""
    clients = [rtmp.Client(front.port) for _ in range(8)]
    try:
        for client in clients:
            client.call("connect", {
                "app": "live", "tcUrl": front.url("live")})
        for client in clients:
            client.result(1)
            client.create_stream()
            client.play("x")
        publisher = rtmp.Publisher(front.port, "live/x",
                                   flv.synthetic(kbps=200, gop=10))
        for client in clients:
            client.wait(lambda m: flv.kind(m) == "key", 3, "a key frame")
        publisher.stop()
    finally:
        for client in clients:
            client.close()


def test_streams_outlive_the_super_server(front, place):
    publisher = rtmp.Publisher(front.port, "live/x", flv.synthetic())
    player = rtmp.Subscriber(front.port, "live/x")
    try:
        player.wait(lambda m: flv.kind(m) == "key", 3, "a key frame")
        front.process.kill()
        killed = time.monotonic()
        player.wait(lambda m: flv.kind(m) == "key"
                    and m.arrival > killed + 1, 4, "later video")
        publisher.stop()
        player.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
        flv.follow(player.messages)
    finally:
        publisher.abandon()
        player.abandon()
