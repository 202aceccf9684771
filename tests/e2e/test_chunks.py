# SPDX-License-Identifier: ISC
"""Every way of cutting messages into chunks that a publisher may choose."""
import itertools

import pytest

import chunks
import flv
import rtmp


class Sender:
    """A publisher that is stepped by the test, and its subscriber."""

    def __init__(self, server, clients, chunk_size=128):
        self.client = clients.add(rtmp.open_publisher(
            server.port, "live/x", chunk_size))
        self.subscriber = clients.subscriber(server, "live/x")
        self.sent = []

    def send(self, media, **how):
        self.client.send_media(media, **how)
        self.sent.append(media)

    def raw(self, media, data):
        """Chunks made by the test that carry these media, in order."""
        self.client.sock.sendall(data)
        self.sent += media

    def check(self):
        """The subscriber has all that was sent, in the order sent."""
        want = [m for m in self.sent if m.type != flv.DATA]
        last = want[-1]
        self.subscriber.wait(lambda m: m.payload == last.payload, 5,
                             "the last frame")
        got = [m for m in self.subscriber.messages
               if m.type in (flv.AUDIO, flv.VIDEO)]
        assert len(got) == len(want)
        for mine, sent in zip(got, want):
            assert mine.type == sent.type
            assert mine.payload == sent.payload
            assert mine.ts == sent.ts & 0xffffffff
        self.subscriber.close()
        self.client.close()


@pytest.fixture
def sender(rtmpd, clients):
    def make(chunk_size=128):
        return Sender(rtmpd(), clients, chunk_size)
    return make


def stream(seconds=1, start=0):
    return flv.synthetic(start=start, kbps=400, gop=10, seconds=seconds)


@pytest.mark.parametrize("size", [1, 2, 127, 128, 4096, 65536, 0x7fffffff])
def test_chunk_size(size, sender):
    out = sender(size)
    for media in stream():
        out.send(media)
    out.check()


def test_chunk_size_changes_between_messages(sender):
    out = sender()
    sizes = itertools.cycle([1, 65536, 128, 3, 4096, 1 << 24])
    for media in stream():
        out.client.set_chunk_size(next(sizes))
        out.send(media)
    out.check()


def test_chunk_size_changes_inside_a_message(sender):
    """A control message may stand between two chunks of another."""
    out = sender(100)
    for media in stream(0.2):
        out.send(media)
    key = flv.Media(flv.VIDEO, 1000, flv.video_frame(1, 50, 5000, True), 0)
    client = out.client
    head = client.writer.chunks(flv.VIDEO, key.payload, key.ts, 6,
                                client.msid, 0)
    size = client.writer.message(1, (1000).to_bytes(4, "big"), csid=2)
    carried = 10 * 100                  # by the first ten chunks
    tail = b"".join(
        client.writer.basic(3, 6) + key.payload[at:at + 1000]
        for at in range(carried, len(key.payload), 1000))
    out.raw([key], b"".join(head[:10]) + size + tail)
    client.writer.size = 1000
    out.send(flv.Media(flv.AUDIO, 1001, flv.audio_frame(1, 90, 300), 0))
    out.check()


def test_chunks_of_audio_and_video_interleaved(sender):
    out = sender(128)
    client = out.client
    for media in flv.headers():
        out.send(media)
    for seq in range(20):
        ts = seq * 40
        video = flv.Media(flv.VIDEO, ts, flv.video_frame(
            1, seq, 3000, seq % 10 == 0), 0)
        audio = [flv.Media(flv.AUDIO, ts + i, flv.audio_frame(
            1, 2 * seq + i, 500), 0) for i in range(2)]
        cuts = client.writer.chunks(flv.VIDEO, video.payload, ts, 6,
                                    client.msid)
        other = []
        for media in audio:
            other += client.writer.chunks(flv.AUDIO, media.payload,
                                          media.ts, 4, client.msid)
        mixed = [c for pair in itertools.zip_longest(cuts, other)
                 for c in pair if c]
        assert len(cuts) > len(other)   # so video ends last
        out.raw([*audio, video], b"".join(mixed))
    out.check()


@pytest.mark.parametrize("csid,form", [
    (3, 1), (63, 1), (64, 2), (319, 2), (64, 3), (319, 3), (320, 3),
    (65599, 3)])
def test_chunk_stream_id(csid, form, sender):
    out = sender(512)
    for media in stream():
        out.send(media, csid=csid, form=form)
    out.check()


def test_audio_and_video_on_chunk_streams_that_look_alike(sender):
    """64 and 320 differ only in the form of their basic header."""
    out = sender(512)
    for media in stream():
        audio = media.type == flv.AUDIO
        out.send(media, csid=64 if audio else 320)
    out.check()


@pytest.mark.parametrize("start", [0xffffff, 0x80000000 - 500,
                                   0x100000000 - 500])
@pytest.mark.parametrize("omit", [False, True], ids=["repeat", "omit"])
def test_extended_timestamps(start, omit, sender):
    """Old encoders leave the extended timestamp out of fmt 3 chunks."""
    out = sender(256)
    out.client.writer.omit_extended = omit
    for media in stream(start=start):
        out.send(media, fmt=0)
    out.check()


def test_every_header_type(sender):
    """fmt 0 to 3; frames of one size on one chunk stream, even steps."""
    out = sender(4096)
    for media in flv.headers():
        out.send(media, fmt=0)
    for seq in range(32):
        media = flv.Media(flv.VIDEO, 40 * seq, flv.video_frame(
            1, seq, 1000, seq % 8 == 0), 0)
        fmt = [0, 1, 2, 3][seq % 4] if seq else 0
        out.send(media, fmt=fmt)
    out.check()


def test_a_negative_delta_is_a_step_back(sender):
    """OBS puts audio and video on one chunk stream, steps unsigned."""
    out = sender(4096)
    for media in flv.headers():
        out.send(media, csid=4)
    for seq in range(10):
        video = flv.Media(flv.VIDEO, 1000 + 40 * seq, flv.video_frame(
            1, seq, 1000, seq == 0), 0)
        audio = flv.Media(flv.AUDIO, 990 + 40 * seq, flv.audio_frame(
            1, seq, 200), 0)
        out.send(video, csid=4, fmt=1)
        out.send(audio, csid=4, fmt=1)
    out.check()


def test_an_abort_drops_the_partial_message_only(sender):
    out = sender(128)
    for media in flv.headers():
        out.send(media)
    client = out.client
    lost = flv.video_frame(1, 0, 3000, True)
    cuts = client.writer.chunks(flv.VIDEO, lost, 0, 6, client.msid)
    client.sock.sendall(b"".join(cuts[:5]))
    client.send(2, (6).to_bytes(4, "big"), csid=2)
    for seq in range(1, 10):
        out.send(flv.Media(flv.VIDEO, 40 * seq, flv.video_frame(
            1, seq, 2000, seq == 1), 0))
    out.check()


def test_aggregates_are_taken_apart(sender):
    out = sender(4096)
    for media in flv.headers(ts=5000):
        out.send(media)
    tags = [flv.Media(flv.VIDEO, 5000, flv.video_frame(1, 0, 900, True), 0),
            flv.Media(flv.AUDIO, 5010, flv.audio_frame(1, 0, 200), 0),
            flv.Media(flv.VIDEO, 5040, flv.video_frame(1, 1, 900, False), 0)]
    body = b""
    for tag in tags:
        body += (bytes([tag.type]) + len(tag.payload).to_bytes(3, "big")
                 + (tag.ts - 5000 + 100).to_bytes(3, "big") + bytes(4)
                 + tag.payload + (11 + len(tag.payload)).to_bytes(4, "big"))
    out.raw(tags, out.client.writer.message(22, body, 5000, 6,
                                            out.client.msid))
    out.check()


def test_malformed_chunks_end_their_connection_only(rtmpd, clients):
    server = rtmpd()
    good = clients.publisher(server, "live/good", flv.synthetic())
    subscriber = clients.subscriber(server, "live/good")
    bad = clients.add(rtmp.open_publisher(server.port, "live/bad"))
    bad.sock.sendall(chunks.ChunkWriter.basic(3, 33) + bytes(64))
    bad.wait_closed(3)
    server.wait_log(r"\bdisconnect\b.*reason=")
    subscriber.wait(lambda m: flv.kind(m) == "key", 3,
                    since=len(subscriber.messages))
    good.check()
    flv.follow(subscriber.messages)
