# SPDX-License-Identifier: ISC
"""Codecs and tracks beyond H.264 and AAC, sent and received by programs of
a newer release. No muxer there sends VP8 or VVC."""
import pytest

import packets
import publishers
import subscribers

STREAM = "live/new"
STREAMS = ["hevc-aac", "av1-aac", "vp9-opus", "h264-opus", "h264-flac",
           "h264-ac3", "h264-eac3", "h264-mp3", "audio-tracks", "av-tracks"]


def relay(clients, server, scratch, watch, path, send, receive):
    """Publish a file to a subscriber that waits and to one that comes late,
    and judge what each got of every track."""
    early = receive(clients, server, STREAM, scratch, "early")
    early.wait_present(others=1)
    sender = send(clients, server, STREAM, path, scratch)
    watch.wait_seconds(2.5)
    late = receive(clients, server, STREAM, scratch, "late")
    sender.finish(watch)
    watch.wait_end()
    early.finish()
    late.finish()
    probe = sender.command("ffprobe")
    relayed = watch.packets(probe, sender.env)
    packets.compare(packets.of_file(sender.sent(), probe, sender.env),
                    relayed, whole=True, dts=sender.sent() != path)
    watch.decodes(sender.command("ffmpeg"), sender.env)
    early.check(relayed, whole=True)
    late.check(relayed)


@pytest.mark.parametrize("name", STREAMS)
def test_new_ffmpeg_to_new_ffmpeg(name, new, rtmpd, clients, media, scratch,
                                  witness):
    server = rtmpd()
    relay(clients, server, scratch, witness(server, STREAM), media(name),
          publishers.NewFfmpeg.of(new), subscribers.NewFfmpeg.of(new))


@pytest.mark.parametrize("receiver", ["NewFfmpeg", "NewGstEnhanced"])
def test_new_gstreamer_tracks_to(receiver, new, rtmpd, clients, media,
                                 scratch, witness):
    server = rtmpd()
    relay(clients, server, scratch, witness(server, STREAM),
          media("gst-tracks"), publishers.NewGstEnhanced.of(new),
          getattr(subscribers, receiver).of(new))
