# SPDX-License-Identifier: ISC
"""Timestamps that are large, wrap, or jump."""
import time

import pytest

import ff
import flv
import procs
import rtmp

WRAPS = {"24 bits": 1 << 24, "31 bits": 1 << 31, "32 bits": 1 << 32}
FRAMES = ("key", "inter", "audio")


def quickened(source, factor=4):
    """The same media, sent faster than its timestamps say."""
    for media in source:
        yield flv.Media(media.type, media.ts, media.payload,
                        media.at / factor)


def moved(source, frame, step):
    """The same media; timestamps jump by step before a video frame."""
    shift = 0
    for media in source:
        if (shift == 0 and flv.kind(media) in ("key", "inter")
                and flv.stamp(media)[1] == frame):
            shift = step
        yield flv.Media(media.type, media.ts + shift, media.payload,
                        media.at)


def frames(messages):
    return [m for m in messages if flv.kind(m) in FRAMES]


def check_timestamps(publisher, messages):
    """Every frame has the timestamp it was sent with, modulo 2^32."""
    sent = {m.payload: m.ts & 0xffffffff for m, _ in publisher.sent}
    got = frames(messages)
    assert len(got) > 20
    for message in got:
        assert message.ts == sent[message.payload]


@pytest.mark.parametrize("where", WRAPS)
def test_timestamps_survive_the_wrap_at(where, rtmpd, clients):
    server = rtmpd()
    start = WRAPS[where] - 1000
    publisher = clients.publisher(server, "live/x", quickened(
        flv.synthetic(start=start, kbps=400, gop=20, seconds=6)))
    early = clients.subscriber(server, "live/x")
    publisher.wait_read(lambda m: m.ts > WRAPS[where] + 1000)
    late = clients.subscriber(server, "live/x")
    publisher.wait_done(10)
    publisher.stop()
    for subscriber in (early, late):
        subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY)
        check_timestamps(publisher, subscriber.messages)
        flv.follow(subscriber.messages)
    first = frames(early.messages)[0].ts
    assert 0 < WRAPS[where] - first <= 1000, "it joined too late"


def test_an_ffmpeg_stream_across_24_bits_keeps_its_timestamps(
        rtmpd, clients, media, scratch):
    server = rtmpd()
    publisher = clients.run(ff.publish(
        server.url("live/x"), media("av"), "-output_ts_offset", "16774"))
    server.wait_log(r"\bpublish\b.*stream=live/x")
    player = clients.run(ff.hashes(server.url("live/x"),
                                   str(scratch / "hashes")))
    publisher.succeed(20)
    player.succeed(10)
    got = ff.read_hashes(scratch / "hashes")
    assert got[0].dts < 1 << 24 < got[-1].dts
    ff.compare(ff.source(media("av"), scratch), got, least=75)


@pytest.mark.parametrize("step", [3 * 3600 * 1000, 30 * 24 * 3600 * 1000],
                         ids=["hours", "a month"])
def test_a_jump_forward_is_passed_on(step, rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", moved(
        flv.synthetic(kbps=400, gop=20, seconds=4), 50, step))
    early = clients.subscriber(server, "live/x")
    publisher.wait_read(lambda m: m.ts > step + 2500)
    late = clients.subscriber(server, "live/x")
    publisher.wait_done(8)
    publisher.stop()
    for subscriber in (early, late):
        subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY)
        check_timestamps(publisher, subscriber.messages)
        run_in_order(subscriber.messages)
    assert frames(early.messages)[0].ts < step


def run_in_order(messages):
    """Frames of each track in order, none missing, none twice."""
    tracks = {rtmp.AUDIO: flv.Track(), rtmp.VIDEO: flv.Track()}
    for message in frames(messages):
        assert not tracks[message.type].add(flv.stamp(message)[1])
    return tracks


def test_a_jump_backward_makes_no_subscriber_loop(rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", moved(
        flv.synthetic(start=500000, kbps=400, gop=20, seconds=4), 50,
        -400000))
    early = clients.subscriber(server, "live/x")
    publisher.wait_read(lambda m: m.ts < 400000)
    late = clients.subscriber(server, "live/x")
    publisher.wait_done(8)
    publisher.stop()
    for subscriber in (early, late):
        at, _ = subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY)
        run = run_in_order(subscriber.messages[:at])
        last = [flv.stamp(m)[1] for m, _ in publisher.sent
                if flv.kind(m) in ("key", "inter")][-1]
        assert run[rtmp.VIDEO].seqs[-1] == last


def test_with_a_gop_longer_than_max_lag_a_slow_subscriber_goes_forward(
        rtmpd, clients):
    server = rtmpd({"max-lag": "1s", "send-timeout": "20s"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(
        kbps=8000, gop=100))
    slow = clients.subscriber(server, "live/x", rcvbuf=1 << 16)
    slow.wait(lambda m: flv.kind(m) == "key")
    held = time.monotonic()
    slow.hold()
    procs.wait_until(lambda: time.monotonic() > held + 3, 5)
    slow.resume()
    slow.wait(lambda m: flv.kind(m) in ("key", "inter")
              and flv.stamp(m)[1] > 210, 15, "the third GOP")
    publisher.check()
    run = flv.follow(slow.messages, gaps=True)
    for _, after in run.video.gaps:
        assert after % 100 == 0
    newest = [m for m, _ in publisher.sent[-20:] if m.type == flv.VIDEO]
    slow.wait(lambda m: m.payload == newest[-1].payload, 3,
              "the newest frame")
    slow.close()


def test_with_the_camera_off_late_joiners_hear_audio_at_once(
        rtmpd, clients):
    server = rtmpd()

    def camera_off():
        for media in flv.synthetic(kbps=800, gop=50):
            if media.type != flv.VIDEO or media.at < 3:
                yield media
    publisher = clients.publisher(server, "live/x", camera_off(), burst=8.0)
    publisher.wait_read(lambda m: m.at > 8.2)
    here = len(publisher.sent)
    now = flv.stamp(publisher.sent[here - 1][0])[1]
    early = clients.subscriber(server, "live/x")
    _, audio = early.wait(
        lambda m: flv.kind(m) == "audio" and flv.stamp(m)[1] >= now, 1,
        "present audio")
    assert audio.arrival - early.started < 0.5
    kinds = [k for k in map(flv.kind, early.messages) if k]
    coded = [i for i, k in enumerate(kinds) if k in FRAMES]
    assert "aac-header" in kinds[:coded[0]]
    flv.follow(early.messages)
    early.close()
