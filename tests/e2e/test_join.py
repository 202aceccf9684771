# SPDX-License-Identifier: ISC
"""Late joiners: headers and a picture at once."""
import statistics
import time

import ff
import flv
import rtmp

KEYS = ("key",)
CODED = ("key", "inter")


def first(subscriber, kinds, timeout=5.0, since=0):
    return subscriber.wait(lambda m: flv.kind(m) in kinds, timeout,
                           "/".join(kinds), since)


def kinds_until_video(subscriber, timeout=5.0):
    """What came before and with the first coded video frame."""
    at, _ = first(subscriber, CODED, timeout)
    return [k for k in map(flv.kind, subscriber.messages[:at + 1]) if k]


def publish_into_gop(clients, server, media):
    """Real media with a 4-second GOP, the second one half sent."""
    tags = flv.read(media("gop4"))
    publisher = clients.publisher(server, "live/gop", tags, burst=6.0)
    publisher.wait_read(lambda m: m.ts >= 6000 and m.type == flv.VIDEO)
    return publisher, tags


def test_a_late_joiner_gets_headers_then_the_newest_key_frame(
        rtmpd, clients, media):
    server = rtmpd()
    publisher, tags = publish_into_gop(clients, server, media)
    subscriber = clients.subscriber(server, "live/gop")
    order = kinds_until_video(subscriber)
    assert sorted(order[:3]) == ["aac-header", "avc-header", "metadata"]
    assert order[3:] == ["key"]
    _, key = first(subscriber, KEYS)
    coded = [t for t in tags if flv.kind(t) in CODED]
    newest = [t for t in coded if flv.kind(t) == "key" and t.ts <= 6000][-1]
    assert key.payload == newest.payload
    subscriber.wait(lambda m: m.type == flv.VIDEO and m.ts >= 7000, 5)
    got = [m for m in subscriber.messages if flv.kind(m) in CODED]
    start = coded.index(newest)
    for mine, sent in zip(got, coded[start:]):
        assert mine.payload == sent.payload
        assert mine.ts == sent.ts
    publisher.check()
    subscriber.close()


def test_the_first_picture_comes_within_50_ms_of_connect(
        rtmpd, clients, media):
    server = rtmpd()
    publish_into_gop(clients, server, media)
    times = []
    for _ in range(9):
        subscriber = clients.subscriber(server, "live/gop")
        _, key = first(subscriber, KEYS)
        times.append(key.arrival - subscriber.started)
        subscriber.close()
    assert statistics.median(times) < 0.050, sorted(times)


def test_ffmpeg_decodes_from_the_middle_of_a_gop_without_an_error(
        rtmpd, clients, media):
    server = rtmpd()
    publish_into_gop(clients, server, media)
    player = clients.run(ff.decode(server.url("live/gop"), "-t", "4"))
    player.succeed(15)
    assert player.stderr == ""


def test_a_late_ffprobe_sees_audio_and_video_and_nothing_else(
        rtmpd, clients, media, scratch):
    """To ffmpeg, metadata at another timestamp than 0 is a subtitle."""
    server = rtmpd()
    publish_into_gop(clients, server, media)
    clients.run(ff.streams(server.url("live/gop"),
                           scratch / "streams")).succeed(15)
    assert sorted((scratch / "streams").read_text().split()) == [
        "audio", "video"]


def test_a_subscriber_in_step_gets_no_header_twice(rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(gop=12, seconds=4))
    subscriber = clients.subscriber(server, "live/x")
    publisher.wait_done(8)
    publisher.stop()
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY)
    run = flv.follow(subscriber.messages)
    assert len(run.video.seqs) > 30
    assert run.headers == 2


def test_with_a_gop_larger_than_the_ring_joiners_wait_with_audio(
        rtmpd, clients):
    server = rtmpd({"ring": "1M"})
    gop = 150                           # 6 s, 3 MB
    publisher = clients.publisher(
        server, "live/big", flv.synthetic(kbps=4000, gop=gop), burst=3.0)
    publisher.wait_read(lambda m: m.ts >= 3200)
    sent = len(publisher.sent)
    early = clients.subscriber(server, "live/big")
    at, audio = first(early, ("audio",), 2)
    assert audio.arrival - early.started < 0.5
    before = set(map(flv.kind, early.messages[:at]))
    assert {"metadata", "avc-header", "aac-header"} <= before
    _, key = first(early, CODED, 8)
    assert flv.kind(key) == "key"
    assert flv.stamp(key)[1] == gop
    assert sent > 0
    first(early, ("inter",), 2)
    count = len(early.messages)
    early.wait(lambda m: flv.kind(m) == "inter", 2, since=count + 20)
    run = flv.follow(early.messages)
    late = [m for m in early.messages if flv.kind(m) == "audio"
            and m.arrival < key.arrival]
    assert len(late) > 40, "audio did not run while video was awaited"
    assert run.video.seqs[0] == gop
    early.close()


def test_join_live_waits_for_the_next_key_frame(rtmpd, clients):
    server = rtmpd({"join": "live"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=50),
                                  burst=3.0)
    publisher.wait_read(lambda m: m.ts >= 3000 and m.type == flv.VIDEO)
    subscriber = clients.subscriber(server, "live/x")
    _, key = first(subscriber, CODED, 4)
    assert flv.kind(key) == "key"
    assert flv.stamp(key)[1] == 100
    time.sleep(0.2)
    flv.follow(subscriber.messages)
    subscriber.close()


def test_headers_that_change_reach_late_joiners_in_their_newest_form(
        rtmpd, clients):
    server = rtmpd()
    changed = flv.AVC_CONFIG[:-1] + b"\xc9"

    def source():
        for media in flv.synthetic(gop=25):
            if flv.kind(media) == "key" and flv.stamp(media)[1] == 25:
                yield flv.Media(flv.VIDEO, media.ts, changed, media.at)
            yield media
    publisher = clients.publisher(server, "live/x", source(), burst=1.5)
    publisher.wait_read(lambda m: m.ts >= 1400)
    subscriber = clients.subscriber(server, "live/x")
    _, header = first(subscriber, ("avc-header",))
    assert header.payload == changed
    subscriber.close()
