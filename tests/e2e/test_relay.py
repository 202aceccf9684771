# SPDX-License-Identifier: ISC
"""What goes in comes out: real programs, many subscribers, many streams."""
import pytest

import ff
import flv
import rtmp

MANY = {"max-per-address": 200, "max-connections": 400}


def publish_and_wait(clients, server, stream, path, *options):
    """ffmpeg publishes; return when the stream exists."""
    since = len(server.lines)
    program = clients.run(ff.publish(server.url(stream), path, *options))
    server.wait_log(rf"\bpublish\b.*stream={stream}\b", since=since)
    return program


def test_ffplay_ffprobe_and_ffmpeg_play_what_ffmpeg_publishes(
        rtmpd, clients, media, scratch):
    server = rtmpd()
    path = media("av")
    publisher = publish_and_wait(clients, server, "live/cam", path)
    url = server.url("live/cam")
    show = clients.run(ff.show(url))
    probe = clients.run(ff.probe(url, scratch / "probe"))
    hashes = clients.run(ff.hashes(url, str(scratch / "hashes")))
    publisher.succeed(20)
    for program in (probe, hashes, show):
        program.succeed(10)
    sent = ff.source(path, scratch)
    ff.compare(sent, ff.read_probe(scratch / "probe"), least=75)
    ff.compare(sent, ff.read_hashes(scratch / "hashes"), least=75)
    assert ff.clock(show) > 2, show.stderr[-1000:]


@pytest.mark.parametrize("name", ["audio", "video", "bframes"])
def test_packets_stay_the_same_for(name, rtmpd, clients, media, scratch):
    server = rtmpd()
    path = media(name)
    publisher = publish_and_wait(clients, server, "live/" + name, path)
    hashes = clients.run(ff.hashes(server.url("live/" + name),
                                   str(scratch / "hashes")))
    publisher.succeed(20)
    hashes.succeed(10)
    sent = ff.source(path, scratch)
    if name == "bframes":
        assert any(p.pts != p.dts for p in sent), "no B-frames made"
    ff.compare(sent, ff.read_hashes(scratch / "hashes"), least=75)


def check_same_run(subscriber, publisher, stream=1):
    """The subscriber has an unbroken run up to the last frame sent."""
    run = flv.follow(subscriber.messages, stream)
    for track, kinds in ((run.video, ("key", "inter")),
                         (run.audio, ("audio",))):
        sent = [flv.stamp(m)[1] for m, _ in publisher.sent
                if flv.kind(m) in kinds]
        assert track.seqs and track.seqs[-1] == sent[-1]
    return run


@pytest.mark.parametrize("count", [3, 30])
def test_all_subscribers_get_every_frame(count, rtmpd, clients):
    server = rtmpd(MANY)
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(seconds=5))
    subscribers = [clients.subscriber(server, "live/x")
                   for _ in range(count)]
    publisher.wait_done(10)
    publisher.stop()
    for subscriber in subscribers:
        subscriber.wait_status("NetStream.Play.UnpublishNotify")
        run = check_same_run(subscriber, publisher)
        assert len(run.video.seqs) > 25


def test_ten_streams_do_not_mix(rtmpd, clients):
    server = rtmpd(MANY)
    publishers = [
        clients.publisher(server, f"live/s{i}", flv.synthetic(
            stream=i, kbps=200, seconds=5)) for i in range(10)]
    subscribers = [(i, clients.subscriber(server, f"live/s{i}"))
                   for _ in range(3) for i in range(10)]
    for publisher in publishers:
        publisher.wait_done(10)
        publisher.stop()
    for i, subscriber in subscribers:
        subscriber.wait_status("NetStream.Play.UnpublishNotify")
        check_same_run(subscriber, publishers[i], stream=i)


def test_name_and_app_of_any_depth_meet(rtmpd, clients):
    """app a/b with name c is the same stream as app a with name b/c."""
    server = rtmpd()
    clients.publisher(server, "a/b/c", flv.synthetic(kbps=200))
    client = clients.add(rtmp.Client(server.port, digest=True))
    client.connect("a")
    client.create_stream()
    client.play("b/c?token=secret")
    client.wait(lambda m: flv.kind(m) == "key", 3, "a key frame")
    assert "secret" not in server.log()
