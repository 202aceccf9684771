# SPDX-License-Identifier: ISC
"""Media for the raw publisher, and what a subscriber must make of it.

Two kinds: real media, read from an FLV file (read), and synthetic media
(synthetic) of any rate and shape, whose coded frames carry a stream
number, a sequence number and a checksum, so that follow() can prove what
a subscriber got: whole, in order, from the right stream, starting at a
key frame after metadata and sequence headers.
"""
import itertools
import random
import struct
import zlib
from dataclasses import dataclass

import amf

AUDIO, VIDEO, DATA = 8, 9, 18
AVC_CONFIG = bytes.fromhex(
    "17000000000142c01effe100196742c01eda0280bfe5c0440000030004000003"
    "00c83c58ba8001000468ce0fc8")
AAC_CONFIG = bytes.fromhex("af001210")
MAGIC = b"rtmpd-e2e"
_STAMP = struct.Struct(">9sIII")        # magic, stream, sequence, checksum
_NOISE = random.Random(1935).randbytes(1 << 21).replace(b"\0", b"\1")


@dataclass
class Media:
    """One message to send: at is seconds from the start."""
    __slots__ = ("type", "ts", "payload", "at")
    type: int
    ts: int
    payload: bytes
    at: float


class Corrupt(AssertionError):
    """A subscriber received something that was not published so."""


# What a message is

def is_config(mtype, payload):
    """A sequence header, of H.264 or AAC."""
    if mtype == VIDEO:
        return len(payload) > 1 and payload[0] & 15 == 7 and payload[1] == 0
    return (mtype == AUDIO and len(payload) > 1 and payload[0] >> 4 == 10
            and payload[1] == 0)


def is_frame(mtype, payload):
    """A coded frame of H.264 or AAC: no header, no end of sequence."""
    return (mtype in (AUDIO, VIDEO) and len(payload) > 1
            and payload[1] == 1)


def is_key(mtype, payload):
    return (mtype == VIDEO and is_frame(mtype, payload)
            and payload[0] >> 4 == 1)


def bare(payload):
    """A data message as it is relayed: without @setDataFrame."""
    return payload.removeprefix(amf.encode("@setDataFrame"))


def is_metadata(mtype, payload):
    return mtype == DATA and payload.startswith(b"\x02\x00\x0aonMetaData")


def kind(message):
    """One word for a Message or Media; None for what is not media."""
    mtype, payload = message.type, message.payload
    if is_metadata(mtype, payload):
        return "metadata"
    if is_config(mtype, payload):
        return "avc-header" if mtype == VIDEO else "aac-header"
    if is_frame(mtype, payload):
        if mtype == AUDIO:
            return "audio"
        return "key" if is_key(mtype, payload) else "inter"
    return None


# FLV files

def read(path):
    """The tags of an FLV file as Media, sent by their timestamps."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:3] != b"FLV":
        raise ValueError(f"{path}: not FLV")
    pos = int.from_bytes(data[5:9], "big") + 4
    tags = []
    while pos + 11 <= len(data):
        size = int.from_bytes(data[pos + 1:pos + 4], "big")
        ts = int.from_bytes(data[pos + 4:pos + 7], "big")
        ts |= data[pos + 7] << 24
        payload = data[pos + 11:pos + 11 + size]
        if data[pos] == DATA:
            payload = amf.encode("@setDataFrame") + payload
        tags.append(Media(data[pos], ts, payload, ts / 1000))
        pos += 11 + size + 4
    return tags


def write(path, messages):
    """Write audio, video and data messages as an FLV file."""
    with open(path, "wb") as file:
        file.write(b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00")
        for message in messages:
            if message.type not in (AUDIO, VIDEO, DATA):
                continue
            size = len(message.payload)
            ts = message.ts & 0xffffffff
            file.write(bytes([message.type]) + size.to_bytes(3, "big")
                       + (ts & 0xffffff).to_bytes(3, "big")
                       + bytes([ts >> 24, 0, 0, 0]) + message.payload
                       + (size + 11).to_bytes(4, "big"))


# Synthetic media

def _stamped(head, stream, seq, size):
    size = max(size, len(head) + _STAMP.size)
    start = seq * 7919 % (1 << 20)
    fill = _NOISE[start:start + size - len(head) - _STAMP.size]
    if len(fill) < size - len(head) - _STAMP.size:
        raise ValueError("frame too large")
    crc = zlib.crc32(fill, zlib.crc32(head, stream ^ seq))
    return head + _STAMP.pack(MAGIC, stream, seq, crc) + fill


def video_frame(stream, seq, size, key):
    nal = max(size - 9, _STAMP.size + 1)
    head = (b"\x17" if key else b"\x27") + b"\x01\0\0\0"
    head += nal.to_bytes(4, "big") + (b"\x65" if key else b"\x41")
    return _stamped(head, stream, seq, size)


def audio_frame(stream, seq, size):
    return _stamped(b"\xaf\x01", stream, seq, size)


def metadata(note=""):
    return amf.encode("@setDataFrame", "onMetaData", amf.Ecma(
        width=640, height=360, framerate=25, videocodecid=7,
        audiocodecid=10, audiosamplerate=44100, stereo=True, note=note))


def headers(ts=0, at=0.0, audio=True, video=True):
    """Metadata and sequence headers."""
    media = [Media(DATA, ts, metadata(), at)]
    if video:
        media.append(Media(VIDEO, ts, AVC_CONFIG, at))
    if audio:
        media.append(Media(AUDIO, ts, AAC_CONFIG, at))
    return media


def _video_track(stream, start, fps, kbps, gop):
    size = kbps * 125 // fps
    for seq in itertools.count():
        ms = seq * 1000 // fps
        yield Media(VIDEO, start + ms, video_frame(
            stream, seq, size, seq % gop == 0), ms / 1000)


def _audio_track(stream, start):
    for seq in itertools.count():
        ms = seq * 23
        yield Media(AUDIO, start + ms, audio_frame(stream, seq, 200),
                    ms / 1000 + 0.001)


def _merge(tracks):
    heads = [next(track) for track in tracks]
    while True:
        index = min(range(len(heads)), key=lambda i: heads[i].at)
        yield heads[index]
        heads[index] = next(tracks[index])


def synthetic(stream=1, start=0, fps=25, kbps=1000, gop=25, audio=True,
              video=True, seconds=None):
    """Headers, then frames for so many seconds; endless without."""
    tracks = []
    if video:
        tracks.append(_video_track(stream, start, fps, kbps, gop))
    if audio:
        tracks.append(_audio_track(stream, start))
    yield from headers(start, 0.0, audio, video)
    for media in _merge(tracks):
        if seconds is not None and media.at >= seconds:
            return
        yield media


def stamp(message):
    """(stream, sequence) of a synthetic frame; Corrupt if damaged."""
    size = 2 if message.type == AUDIO else 10
    payload = message.payload
    if len(payload) < size + _STAMP.size:
        raise Corrupt(f"a frame of {len(payload)} bytes")
    head = payload[:size]
    magic, stream, seq, crc = _STAMP.unpack_from(payload, size)
    fill = memoryview(payload)[size + _STAMP.size:]
    if magic != MAGIC or crc != zlib.crc32(fill, zlib.crc32(
            head, stream ^ seq)):
        raise Corrupt("a frame is damaged")
    return stream, seq


# What a subscriber may receive

class Track:
    """Sequence numbers of one track, and where they jump."""

    def __init__(self):
        self.seqs = []
        self.gaps = []

    def add(self, seq):
        if self.seqs and seq <= self.seqs[-1]:
            raise Corrupt(f"from frame {self.seqs[-1]} back to {seq}")
        jumped = bool(self.seqs) and seq != self.seqs[-1] + 1
        if jumped:
            self.gaps.append((self.seqs[-1], seq))
        self.seqs.append(seq)
        return jumped


@dataclass
class Followed:
    """The outcome of follow()."""
    audio: Track
    video: Track
    headers: int


class Follower:
    """Checks a subscriber's messages of a synthetic stream one by one.

    Frames must be whole, of this stream, and in order; the first video
    frame, and the first after a gap, must be a key frame, with metadata and
    every sequence header between it and the video frame before. Timestamps
    of a track must not go back."""

    def __init__(self, stream=1, gaps=False):
        self.stream = stream
        self.gaps = gaps
        self.headers = 0
        self.audio, self.video = Track(), Track()
        self._seen = set()              # headers since the last video frame
        self._tracks = set()            # headers ever
        self._last = {}

    def add(self, message):
        """Raise Corrupt if this may not come now; what kind() it is."""
        what = kind(message)
        if what in ("metadata", "avc-header", "aac-header"):
            self._seen.add(what)
            self._tracks.add(what)
            self.headers += what != "metadata"
        elif what is not None:
            self._frame(what, message)
        return what

    def _frame(self, what, message):
        stream, seq = stamp(message)
        self._belongs(stream)
        if message.uts < self._last.get(message.type, message.uts):
            raise Corrupt(f"timestamp {self._last[message.type]} "
                          f"back to {message.uts}")
        self._last[message.type] = message.uts
        track = self.audio if what == "audio" else self.video
        fresh = not track.seqs
        jumped = track.add(seq)
        if jumped and not self.gaps:
            raise Corrupt(f"{what}: gap {track.gaps[-1]}")
        if what == "audio":
            if "aac-header" not in self._tracks:
                raise Corrupt("audio before its sequence header")
            return
        if fresh or jumped:
            _fresh_start(what, self._seen, self._tracks)
        self._seen.clear()

    def _belongs(self, stream):
        if stream != self.stream:
            raise Corrupt(f"a frame of stream {stream} "
                          f"in stream {self.stream}")


def follow(messages, stream=1, gaps=False):
    """Check all of a subscriber's messages; gaps must be allowed."""
    follower = Follower(stream, gaps)
    for message in messages:
        follower.add(message)
    return Followed(follower.audio, follower.video, follower.headers)


def _fresh_start(what, seen, tracks):
    if what != "key":
        raise Corrupt(f"video starts with an {what} frame")
    need = {"metadata", "avc-header"} | (tracks & {"aac-header"})
    if not need <= seen:
        raise Corrupt(f"key frame without {sorted(need - seen)}")


def check_return(before, after):
    """What follows the return of a publisher: headers again, then a key
    frame; timestamps go on."""
    kinds = [k for k in map(kind, after) if k]
    assert "key" in kinds
    start = kinds[:kinds.index("key")]
    assert {"metadata", "avc-header", "aac-header"} <= set(start)
    assert "inter" not in start
    last = max(m.uts for m in before if kind(m) in ("key", "inter"))
    times = [m.uts for m in after if kind(m) in ("key", "inter")]
    assert times[0] >= last, f"from {last} back to {times[0]}"
    assert times[0] - last < 20000, f"from {last} on to {times[0]}"
    assert times == sorted(times)
    heard = [m.uts for m in before + after if kind(m) == "audio"]
    assert heard == sorted(heard), "audio timestamps go back"
