# SPDX-License-Identifier: ISC
"""Enhanced RTMP: tags made of what ffmpeg encoded, and tags read.

encode() makes a small file of one codec, elementary() takes packets,
configuration record and ffprobe's facts out of it. A Voice puts the packets
of one track into tags, enhanced or legacy; Choir those of several tracks
into one multitrack message. program() makes of them what a publisher sends,
and tracks() reads any message back, independently of the relay.
"""
import json
import re
import subprocess
from dataclasses import dataclass, replace

import amf
import flv
from ff import QUIET
from flv import AUDIO, DATA, VIDEO

START, FRAMES, END, FRAMES_X, EXTRA, TS_START, MODEX = 0, 1, 2, 3, 4, 5, 7
MULTITRACK = {VIDEO: 6, AUDIO: 5}
ONE, MANY, MANY_CODECS = range(3)
KEY, INTER, COMMAND = 1, 2, 5
COMPOSED = (b"avc1", b"hvc1", b"vvc1")
GOP, FPS, SECONDS = 12, 25, 1.92        # so four GOPs

VIDEO_OPTIONS = {
    "avc": ("mp4", "-c:v libx264 -preset veryfast -bf 2 -sc_threshold 0"),
    "hevc": ("mp4", "-c:v libx265 -preset ultrafast -tag:v hvc1 "
             f"-x265-params log-level=none:keyint={GOP}:min-keyint={GOP}:"
             "scenecut=0:open-gop=0:bframes=2"),
    "av1": ("mp4", "-c:v libaom-av1 -usage realtime -cpu-used 8 "
            "-lag-in-frames 0"),
    "vp9": ("mp4", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    "vp8": ("mkv", "-c:v libvpx -deadline realtime -cpu-used 8"),
}
AUDIO_OPTIONS = {
    "aac": ("mp4", "-c:a aac"),
    "opus": ("mkv", "-c:a libopus -b:a 64k"),
    "flac": ("mkv", "-c:a flac -frame_size 4608"),
    "ac3": ("ac3", "-c:a ac3"),
    "eac3": ("eac3", "-c:a eac3"),
    "mp3": ("mp3", "-c:a libmp3lame"),
}


# Elementary streams

@dataclass
class Packet:
    pts: int
    dts: int
    key: bool
    data: bytes


@dataclass
class Elementary:
    kind: int
    config: bytes
    packets: list
    facts: dict                         # what ffprobe says of the stream


def file_of(codec):
    """The name of the file for encode()."""
    name = codec.partition("@")[0]
    form = (VIDEO_OPTIONS.get(name) or AUDIO_OPTIONS[name])[0]
    return f"{codec}.{form}"


def encode(path, codec):
    """Make a file; codec is a name above, with "@" a width or channels."""
    name, _, variant = codec.partition("@")
    if name in VIDEO_OPTIONS:
        width = int(variant or 320)
        form, options = VIDEO_OPTIONS[name]
        argv = ["-f", "lavfi", "-i",
                f"testsrc2=s={width}x{width * 9 // 16}:r={FPS}",
                "-pix_fmt", "yuv420p", "-threads", "1", "-g", str(GOP),
                "-keyint_min", str(GOP)]
    else:
        form, options = AUDIO_OPTIONS[name]
        argv = ["-f", "lavfi", "-i", "sine=f=440:r=48000", "-ac",
                variant or "2"]
    form = {"mkv": "matroska"}.get(form, form)
    subprocess.run(["ffmpeg", *QUIET, "-y", *argv, "-t", str(SECONDS),
                    *options.split(), "-f", form, path],
                   check=True, timeout=60)


def _dump(text):
    """The bytes of one of ffprobe's hexadecimal dumps."""
    return b"".join(bytes.fromhex(line[10:50])
                    for line in text.splitlines() if line)


def _config(codec, path, extradata):
    """The configuration record as Enhanced RTMP has it."""
    if codec == "vp9":                  # ffprobe does not show the box
        with open(path, "rb") as file:
            box = re.search(rb"(....)vpcC", file.read(1 << 20), re.S)
            file.seek(box.end())
            return file.read(int.from_bytes(box[1], "big") - 8)
    if codec == "vp8":                  # version 1, 8 bits, 4:2:0
        return bytes.fromhex("01000000" "000082020202" "0000")
    if codec == "flac" and not extradata.startswith(b"fLaC"):
        return b"fLaC\x80" + len(extradata).to_bytes(3, "big") + extradata
    return extradata


def elementary(path):
    """Read a file that encode() made."""
    data = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_packets",
         "-show_data", "-of", "json", path],
        check=True, timeout=30, capture_output=True).stdout)
    facts = data["streams"][0]
    packets = [Packet(round(1000 * float(p["pts_time"])),
                      round(1000 * float(p.get("dts_time", p["pts_time"]))),
                      p["flags"][0] == "K", _dump(p["data"]))
               for p in data["packets"]]
    base = packets[0].dts
    packets = [replace(p, pts=p.pts - base, dts=p.dts - base)
               for p in packets]
    extradata = _dump(facts.pop("extradata", ""))
    return Elementary(VIDEO if facts["codec_type"] == "video" else AUDIO,
                      _config(facts["codec_name"], path, extradata),
                      packets, facts)


def synthetic(source):
    """Other bytes in the place of a stream's own: of any codec."""
    return replace(source, config=b"\x5acfg" + bytes(range(60)), packets=[
        replace(p, data=bytes([n & 255]) * 7 + p.data[::-1])
        for n, p in enumerate(source.packets)])


# Tags

def _head(kind, packet, frame):
    return bytes([0x80 | frame << 4 | packet if kind == VIDEO
                  else 0x90 | packet])


def ex_tag(kind, fourcc, packet, body, frame=KEY, track=None):
    """One track's tag; with a number as a multitrack one, of type ONE."""
    if track is None:
        return _head(kind, packet, frame) + fourcc + body
    return (_head(kind, MULTITRACK[kind], frame)
            + bytes([ONE << 4 | packet]) + fourcc + bytes([track]) + body)


def many_tag(kind, packet, parts, frame=KEY, codecs=False):
    """A tag of several tracks; parts are (fourcc, track, body)."""
    form = MANY_CODECS if codecs else MANY
    out = _head(kind, MULTITRACK[kind], frame) + bytes([form << 4 | packet])
    if not codecs:
        assert len({fourcc for fourcc, _, _ in parts}) == 1
        out += parts[0][0]
    for fourcc, track, body in parts:
        out += ((fourcc if codecs else b"") + bytes([track])
                + len(body).to_bytes(3, "big") + body)
    return out


def mod_ex(tag, data, modex=0):
    """The same tag behind one more ModEx block."""
    size = b"\xff" + (len(data) - 1).to_bytes(2, "big")
    if len(data) < 256:
        size = size[2:]
    return (bytes([tag[0] & 0xf0 | MODEX]) + size + data
            + bytes([modex << 4 | tag[0] & 15]) + tag[1:])


def nano(tag, ns):
    """The same tag with a presentation offset in nanoseconds."""
    return mod_ex(tag, ns.to_bytes(3, "big"))


def color_info(fourcc, track=None, luminance=1000):
    """(kind, tag) of a Metadata packet with colorInfo, for HDR."""
    body = amf.encode("colorInfo", {
        "colorConfig": {"bitDepth": 10, "colorPrimaries": 9,
                        "transferCharacteristics": 16,
                        "matrixCoefficients": 9},
        "hdrCll": {"maxFall": 400, "maxCLL": luminance}})
    return VIDEO, ex_tag(VIDEO, fourcc, EXTRA, body, 0, track)


def channel_map(fourcc, track=None, custom=None):
    """(kind, tag) of a MultichannelConfig: 5.1 natively, or custom."""
    body = b"\x01\x06" + (0x3f).to_bytes(4, "big")
    if custom is not None:
        body = b"\x02" + bytes([len(custom), *custom])
    return AUDIO, ex_tag(AUDIO, fourcc, EXTRA, body, KEY, track)


class Voice:
    """One track in tags of its own."""

    def __init__(self, source, fourcc, track=None, change=None,
                 always_cts=False, start=START):
        self.source = source
        self.kind = source.kind
        self.fourcc = fourcc
        self.track = track
        self._change = change or (lambda tag: tag)
        self._always_cts = always_cts
        self._start = start

    def tag(self, packet, body, frame=KEY):
        return self._change(ex_tag(self.kind, self.fourcc, packet, body,
                                   frame, self.track))

    def config(self):
        """The sequence start; MP3 has none, AC-3 an empty one."""
        if self.fourcc == b".mp3":
            return None
        return self.tag(self._start, self.source.config)

    def body(self, packet):
        """(packet type, body) of a coded frame."""
        cts = packet.pts - packet.dts
        if self.fourcc not in COMPOSED:
            return FRAMES, packet.data
        if cts or self._always_cts:
            return FRAMES, cts.to_bytes(3, "big", signed=True) + packet.data
        return FRAMES_X, packet.data

    def frames(self):
        """(time, key, payload) of every frame."""
        for packet in self.source.packets:
            kind, body = self.body(packet)
            key = self.kind == VIDEO and packet.key
            yield packet.dts, key, self.tag(kind, body,
                                            KEY if key else INTER)

    def end(self):
        return self.tag(END, b"")


class Legacy(Voice):
    """One track in legacy tags: AVC, HEVC as codec id 12, AAC."""

    def __init__(self, source, head):
        super().__init__(source, b"")
        self._head = head               # video: codec id; audio: byte 0

    def tag(self, packet, body, frame=KEY):
        if self.kind == AUDIO:
            return bytes([self._head, packet]) + body
        if packet != FRAMES:
            body = bytes(3) + body
        return bytes([frame << 4 | self._head, packet]) + body

    def body(self, packet):
        if self.kind == AUDIO:
            return FRAMES, packet.data
        cts = packet.pts - packet.dts
        return FRAMES, cts.to_bytes(3, "big", signed=True) + packet.data

    def end(self):
        """Of AAC there is none."""
        return super().end() if self.kind == VIDEO else None


class Choir:
    """Several tracks, frame by frame, in one message."""

    def __init__(self, voices, codecs=False):
        self.voices = voices
        self.kind = voices[0].kind
        self._codecs = codecs

    def _tag(self, packet, bodies, frame=KEY):
        return many_tag(self.kind, packet, [
            (v.fourcc, v.track, b) for v, b in zip(self.voices, bodies)],
            frame, self._codecs)

    def config(self):
        return self._tag(START, [v.source.config for v in self.voices])

    def frames(self):
        for packets in zip(*[v.source.packets for v in self.voices]):
            bodies = []
            for voice, packet in zip(self.voices, packets):
                cts = b""
                if voice.fourcc in COMPOSED:
                    cts = (packet.pts - packet.dts).to_bytes(
                        3, "big", signed=True)
                bodies.append(cts + packet.data)
            key = self.kind == VIDEO and all(p.key for p in packets)
            yield packets[0].dts, key, self._tag(
                FRAMES, bodies, KEY if key else INTER)

    def end(self):
        return self._tag(END, [b"" for _ in self.voices])


# What a publisher sends

def metadata(voices, **more):
    codes = {}
    for voice in voices:
        if isinstance(voice, Voice) and voice.fourcc:
            key = "videocodecid" if voice.kind == VIDEO else "audiocodecid"
            codes.setdefault(key, int.from_bytes(voice.fourcc, "big"))
    return amf.encode("@setDataFrame", "onMetaData",
                      amf.Ecma(framerate=FPS, **codes, **more))


def program(voices, extras=()):
    """(messages, indices of the key frames, where all tracks end).

    Metadata, configurations and extras (kind, tag), frames by time; before
    the fourth GOP every track's end, after which the frames just go on."""
    head = [flv.Media(DATA, 0, metadata(voices), 0)]
    head += [flv.Media(v.kind, 0, v.config(), 0) for v in voices
             if v.config()]
    head += [flv.Media(kind, 0, tag, 0) for kind, tag in extras]
    frames = sorted(((ts, v.kind == AUDIO, n, key, v.kind, payload)
                     for n, v in enumerate(voices)
                     for ts, key, payload in v.frames()),
                    key=lambda f: f[:3])
    first = min(n for n, v in enumerate(voices) if v.kind == VIDEO)
    out, keys, ended = head, [], 0
    for ts, _, number, key, kind, payload in frames:
        if key and number == first:
            if len(keys) == 3:
                ended = len(out)
                out += [flv.Media(v.kind, ts, v.end(), 0) for v in voices
                        if v.end()]
            keys.append(len(out))
        out.append(flv.Media(kind, ts, payload, 0))
    assert len(keys) == 4
    return out, keys, ended


# Tags read

@dataclass(frozen=True)
class Part:
    """What a message says of one track."""
    kind: int
    packet: int                         # START, FRAMES, END, EXTRA, other
    frame: int
    fourcc: bytes
    track: int
    body: bytes


def _enhanced(kind, payload):
    frame = payload[0] >> 4 & 7 if kind == VIDEO else KEY
    packet, at = payload[0] & 15, 1
    while packet == MODEX:
        size = payload[at] + 1
        at += 1
        if size == 256:
            size = int.from_bytes(payload[at:at + 2], "big") + 1
            at += 2
        packet, at = payload[at + size] & 15, at + size + 1
    if kind == VIDEO and frame == COMMAND and packet != EXTRA:
        return [Part(kind, -1, frame, b"", 0, payload[at:])]
    if packet != MULTITRACK[kind]:
        return [Part(kind, packet, frame, payload[at:at + 4], 0,
                     payload[at + 4:])]
    form, packet, at = payload[at] >> 4, payload[at] & 15, at + 1
    fourcc = b""
    if form != MANY_CODECS:
        fourcc, at = payload[at:at + 4], at + 4
    parts = []
    while at < len(payload):
        if form == MANY_CODECS:
            fourcc, at = payload[at:at + 4], at + 4
        track, at, end = payload[at], at + 1, len(payload)
        if form != ONE:
            end = at + 3 + int.from_bytes(payload[at:at + 3], "big")
            at += 3
        parts.append(Part(kind, packet, frame, fourcc, track,
                          payload[at:end]))
        at = end
    return parts


def tracks(message):
    """What an audio or video message says, one Part for each track."""
    kind, payload = message.type, message.payload
    if (payload[0] & 0x80 if kind == VIDEO else payload[0] >> 4 == 9):
        parts = _enhanced(kind, payload)
    elif kind == VIDEO:
        parts = [Part(kind, payload[1], payload[0] >> 4 & 7, b"", 0,
                      payload[5:])]
    else:
        parts = [Part(kind, payload[1], KEY, b"", 0, payload[2:])]
    same = {FRAMES_X: FRAMES} | ({TS_START: START} if kind == VIDEO else {})
    return [replace(p, packet=same.get(p.packet, p.packet)) for p in parts]


def media_of(messages):
    """Of what a subscriber received: metadata, audio and video."""
    return [m for m in messages if m.type in (AUDIO, VIDEO)
            or flv.is_metadata(m.type, m.payload)]


def has(message, packet):
    return message.type != DATA and any(
        p.packet == packet for p in tracks(message))


def is_frame(message):
    return has(message, FRAMES)


def state(messages):
    """What a decoder knows after these: the latest metadata, and the
    latest configuration and extra of every track."""
    known = {}
    for message in messages:
        if message.type == DATA:
            known["metadata"] = flv.bare(message.payload)
            continue
        for part in tracks(message):
            if part.packet in (START, EXTRA):
                known[part.kind, part.packet, part.track] = (part.fourcc,
                                                             part.body)
    return known
