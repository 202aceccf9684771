# SPDX-License-Identifier: ISC
"""The judges judged: what the harness must notice, it notices."""
import copy

import pytest

import amf
import chunks
import flv


def received(messages, size=128):
    """Messages as a reader makes them from a writer's bytes."""
    writer, reader = chunks.ChunkWriter(), chunks.ChunkReader()
    writer.size = reader.size = size
    got = []
    for media in messages:
        got += reader.feed(writer.message(
            media.type, media.payload, media.ts,
            6 if media.type == flv.VIDEO else 4, 1), 0.0)
    assert not reader.torn()
    return got


def stream(seconds=1.0, **how):
    """What a subscriber gets: metadata without @setDataFrame."""
    return [flv.Media(m.type, m.ts, m.payload.removeprefix(
        amf.encode("@setDataFrame")), m.at)
        for m in flv.synthetic(kbps=200, gop=10, seconds=seconds, **how)]


def test_golden_vectors_are_read():
    """An independent reading of the wire: deltas, extended timestamps."""
    read = chunks.ChunkReader().feed
    got = read(bytes.fromhex(
        "050003e80000020801000000af0185000017af01c5af014500001400000308"
        "af01aa"), 0.0)
    assert [m.ts for m in got] == [1000, 1023, 1046, 1066]
    reader = chunks.ChunkReader()
    reader.size = 4
    got = reader.feed(bytes.fromhex(
        "06ffffff00000709010000000100000027010000c60100000000aabb"), 0.0)
    assert got[0].ts == 1 << 24
    assert got[0].payload == bytes.fromhex("2701000000aabb")
    got = chunks.ChunkReader().feed(bytes.fromhex(
        "0100010000000000010801000000aa"), 0.0)
    assert got[0].csid == 320


@pytest.mark.parametrize("start", [0, 0xffffff - 200, 0xffffffff - 200])
def test_reading_byte_by_byte_gives_the_same(start):
    media = stream(0.4, start=start)
    writer = chunks.ChunkWriter()
    data = b"".join(writer.message(
        m.type, m.payload, m.ts, 70 if m.type == flv.VIDEO else 400, 1)
        for m in media)
    whole = chunks.ChunkReader().feed(data, 0.0)
    reader, single = chunks.ChunkReader(), []
    for at in range(len(data)):
        single += reader.feed(data[at:at + 1], 0.0)
    assert whole == single
    assert [m.payload for m in whole] == [m.payload for m in media]
    assert [m.ts for m in whole] == [m.ts & 0xffffffff for m in media]


@pytest.mark.parametrize("data", [
    "4500001700000108aa",                       # fmt 1 opens a csid
    "0400000a000002090100000027" "01" "c4",          # fmt 3 after fmt 0
    "0500000000000107010000002a",               # message type 7
    "020000000000020800000000" "af01",          # audio on csid 2
    "0500000000000401000000000000" "0080",      # chunk size on csid 5
    "02000000000004010000000000000000",         # chunk size 0
    "05ffffff00000008010000000000" "00ff",      # needless extension
])
def test_malformed_chunks_are_noticed(data):
    with pytest.raises(chunks.ChunkError):
        chunks.ChunkReader().feed(bytes.fromhex(data), 0.0)


def test_a_header_inside_a_message_is_noticed():
    reader = chunks.ChunkReader()
    reader.size = 2
    with pytest.raises(chunks.ChunkError):
        reader.feed(bytes.fromhex("050000000000040801000000aaaa"
                                  "050000000000040801000000aaaa"), 0.0)


def test_a_wrong_repeated_timestamp_is_noticed():
    reader = chunks.ChunkReader()
    reader.size = 2
    with pytest.raises(chunks.ChunkError):
        reader.feed(bytes.fromhex("05ffffff000004080100000001000000aaaa"
                                  "c501000001aaaa"), 0.0)


def test_follow_accepts_a_good_stream():
    run = flv.follow(received(stream()))
    assert run.video.seqs == list(range(25))
    assert run.headers == 2


def frame(messages, nth):
    """Index of the nth video frame."""
    return [i for i, m in enumerate(messages)
            if flv.kind(m) in ("key", "inter")][nth]


def lose(messages):
    del messages[frame(messages, 12)]


def repeat(messages):
    at = frame(messages, 12)
    messages.insert(at, messages[at])


def swap(messages):
    a, b = frame(messages, 12), frame(messages, 13)
    messages[a], messages[b] = messages[b], messages[a]


def damage(messages):
    at = frame(messages, 12)
    payload = bytearray(messages[at].payload)
    payload[-1] ^= 1
    messages[at].payload = bytes(payload)


def start_late(messages):
    del messages[frame(messages, 0)]


def no_header(messages):
    messages[:] = [m for m in messages if flv.kind(m) != "avc-header"]


def no_metadata(messages):
    messages[:] = [m for m in messages if flv.kind(m) != "metadata"]


def step_back(messages):
    messages[frame(messages, 12)].uts -= 200


def other_stream(messages):
    at = frame(messages, 12)
    messages[at].payload = flv.video_frame(2, 12, 900, False)


@pytest.mark.parametrize("spoil", [
    lose, repeat, swap, damage, start_late, no_header, no_metadata,
    step_back, other_stream])
def test_follow_notices(spoil):
    messages = copy.deepcopy(received(stream()))
    spoil(messages)
    with pytest.raises(flv.Corrupt):
        flv.follow(messages)


def test_follow_wants_headers_and_a_key_frame_after_a_gap():
    good = received(stream())
    head, a, b = good[:3], frame(good, 5), frame(good, 10)
    assert flv.follow(good[:a] + head + good[b:], gaps=True).video.gaps
    with pytest.raises(flv.Corrupt):
        flv.follow(good[:a] + good[b:], gaps=True)
    with pytest.raises(flv.Corrupt):
        flv.follow(good[:a] + head + good[b + 1:], gaps=True)
