# SPDX-License-Identifier: ISC
"""Enhanced RTMP v1 and v2: every codec, many tracks, byte for byte."""
import itertools
import re
import time

import pytest

import amf
import enhanced
import flv
import registry
import rtmp
from enhanced import Choir, Legacy, Voice

NAMES = {b"avc1": "H.264", b"hvc1": "H.265", b"av01": "AV1",
         b"vp09": "VP9", b"vp08": "VP8", b"vvc1": "VVC", b"mp4a": "AAC",
         b"Opus": "Opus", b"fLaC": "FLAC", b"ac-3": "AC-3",
         b"ec-3": "E-AC-3", b".mp3": "MP3", b"zzzz": "zzzz"}
LEGACY = {7: b"avc1", 12: b"hvc1", 0xaf: b"mp4a"}
SILENT = {b"vvc1", b"zzzz"}             # whose size and rate are not known


@pytest.fixture(scope="session")
def stream(once):
    """stream(codec) is an elementary stream, encoded once."""
    known = {}

    def get(codec):
        if codec not in known:
            known[codec] = enhanced.elementary(once(
                enhanced.file_of(codec),
                lambda path: enhanced.encode(path, codec)))
        return known[codec]
    return get


# The cases: voices, and what comes with their configurations

def hevc_and_opus(es):
    return [Voice(es("hevc"), b"hvc1"), Voice(es("opus"), b"Opus")]


def hevc_as_codec_12_and_flac(es):
    return [Legacy(es("hevc"), 12), Voice(es("flac"), b"fLaC")]


def hevc_always_with_composition_time(es):
    return [Voice(es("hevc"), b"hvc1", always_cts=True),
            Legacy(es("aac"), 0xaf)]


def av1_and_ac3(es):
    return [Voice(es("av1"), b"av01"), Voice(es("ac3"), b"ac-3")]


def av1_as_in_a_transport_stream(es):
    return [Voice(es("av1"), b"av01", start=enhanced.TS_START)]


def vp9_and_eac3(es):
    return [Voice(es("vp9"), b"vp09"), Voice(es("eac3"), b"ec-3")]


def vp8_and_mp3(es):
    return [Voice(es("vp8"), b"vp08"), Voice(es("mp3"), b".mp3")]


def vvc_and_aac_by_fourcc(es):
    return [Voice(enhanced.synthetic(es("hevc")), b"vvc1"),
            Voice(es("aac"), b"mp4a")]


def avc_by_fourcc_and_legacy_aac(es):
    return [Voice(es("avc"), b"avc1"), Legacy(es("aac"), 0xaf)]


def legacy_avc_and_opus(es):
    return [Legacy(es("avc"), 7), Voice(es("opus"), b"Opus")]


def unknown_codecs(es):
    return [Voice(enhanced.synthetic(es("vp8")), b"zzzz"),
            Voice(enhanced.synthetic(es("mp3")), b"zzzz")]


def hdr_and_five_channels(es):
    return ([Voice(es("hevc"), b"hvc1"), Voice(es("opus@6"), b"Opus")],
            [enhanced.color_info(b"hvc1"), enhanced.channel_map(b"Opus")])


def one_track_beside_legacy(es):
    return [Legacy(es("avc"), 7), Voice(es("hevc@160"), b"hvc1", 1),
            Legacy(es("aac"), 0xaf), Voice(es("opus@1"), b"Opus", 1)]


def one_track_for_all(es):
    return [Voice(es("hevc"), b"hvc1", 0), Voice(es("av1@160"), b"av01", 7),
            Voice(es("opus"), b"Opus", 0), Voice(es("ac3"), b"ac-3", 255)]


def many_tracks(es):
    return [Choir([Voice(es("hevc"), b"hvc1", 0),
                   Voice(es("hevc@160"), b"hvc1", 1)]),
            Choir([Voice(es("opus"), b"Opus", 0),
                   Voice(es("opus@1"), b"Opus", 1),
                   Voice(es("opus@6"), b"Opus", 2)])]


def many_tracks_many_codecs(es):
    return [Choir([Voice(es("hevc"), b"hvc1", 0),
                   Voice(es("av1@160"), b"av01", 1)], True),
            Choir([Voice(es("ac3"), b"ac-3", 0),
                   Voice(es("eac3"), b"ec-3", 1)], True)]


def tracks_with_extras_of_their_own(es):
    return ([Voice(es("hevc"), b"hvc1"), Voice(es("av1@160"), b"av01", 1),
             Voice(es("opus@6"), b"Opus"), Voice(es("opus@6"), b"Opus", 1)],
            [enhanced.color_info(b"hvc1"),
             enhanced.color_info(b"av01", 1, 4000),
             enhanced.channel_map(b"Opus"),
             enhanced.channel_map(b"Opus", 1, [1, 0, 2, 3, 0xfe, 0xff])])


def counting(step):
    count = itertools.count(0, step)
    return lambda tag: enhanced.nano(tag, next(count) % 1000000)


def nano_offsets(es):
    return [Voice(es("av1"), b"av01", change=counting(1234)),
            Voice(es("opus"), b"Opus", change=counting(4321))]


def nano_offsets_of_tracks(es):
    return [Voice(es("hevc"), b"hvc1", change=counting(1)),
            Voice(es("hevc@160"), b"hvc1", 3, change=counting(2)),
            Voice(es("opus"), b"Opus", 1, change=counting(999999))]


def mod_ex_of_every_size(es):
    sizes = itertools.cycle([1, 2, 3, 255, 256, 257, 65536])

    def change(tag):
        tag = enhanced.nano(tag, 5)
        for modex in (1, 15):
            tag = enhanced.mod_ex(tag, bytes(next(sizes)), modex)
        return tag
    return [Voice(es("av1@160"), b"av01", change=change),
            Voice(es("opus@1"), b"Opus", change=change)]


CASES = [
    hevc_and_opus, hevc_as_codec_12_and_flac,
    hevc_always_with_composition_time, av1_and_ac3,
    av1_as_in_a_transport_stream, vp9_and_eac3, vp8_and_mp3,
    vvc_and_aac_by_fourcc, avc_by_fourcc_and_legacy_aac,
    legacy_avc_and_opus, unknown_codecs, hdr_and_five_channels,
    one_track_beside_legacy, one_track_for_all, many_tracks,
    many_tracks_many_codecs, tracks_with_extras_of_their_own, nano_offsets,
    nano_offsets_of_tracks, mod_ex_of_every_size]


# The judges

class Stage:
    """A publisher stepped by the test, and a subscriber in step."""

    def __init__(self, server, clients, name="live/x"):
        self.server, self.clients, self.name = server, clients, name
        self.in_step = clients.subscriber(server, name)
        self.client = clients.add(rtmp.open_publisher(server.port, name))
        self.sent = []

    def send(self, *media):
        for one in media:
            self.client.send_media(one)
            self.sent.append(one)
        self.client.pump()

    def settle(self):
        """Wait until the subscriber in step has all, and compare."""
        last = self.sent[-1]
        self.in_step.wait(lambda m: m.type == last.type
                          and m.ts == last.ts
                          and m.payload == flv.bare(last.payload))
        same(enhanced.media_of(self.in_step.messages), self.sent)

    def join(self):
        """A late joiner; (what it got up to the present, itself)."""
        self.settle()
        last = self.sent[-1]
        joiner = self.clients.subscriber(self.server, self.name)
        at, _ = joiner.wait(lambda m: m.type == last.type
                            and m.payload == flv.bare(last.payload))
        return enhanced.media_of(joiner.messages[:at + 1]), joiner


def same(got, sent):
    """Received as sent, byte for byte, at the same times."""
    def key(m):
        return m.type, m.ts, flv.bare(m.payload)
    for number, (mine, theirs) in enumerate(zip(got, sent)):
        assert key(mine)[:2] == key(theirs)[:2], f"message {number}"
        assert key(mine)[2] == key(theirs)[2], \
            f"message {number}: {mine.payload[:40]} {theirs.payload[:40]}"
    assert len(got) == len(sent)


def check_joiner(got, sent, key):
    """got: what a joiner received; it had to start at sent[key].

    Before: metadata, and every track's newest configuration and extra;
    no frame and no end of sequence. From there on: all."""
    first = next(i for i, m in enumerate(got) if enhanced.is_frame(m))
    prefix = got[:first]
    assert not any(enhanced.has(m, enhanced.END) for m in prefix)
    assert enhanced.state(prefix) == enhanced.state(sent[:key])
    assert len({(m.type, m.payload) for m in prefix}) == len(prefix)
    same(got[first:], sent[key:])


def facts_of(voices):
    """(kind, track, FourCC, facts, does its header or frame tell)."""
    for voice in voices:
        if isinstance(voice, Choir):
            yield from facts_of(voice.voices)
            continue
        fourcc = voice.fourcc or LEGACY[voice._head]
        yield (voice.kind, voice.track or 0, fourcc, voice.source.facts,
               fourcc not in SILENT)


def check_log(server, voices):
    """The codec lines name what ffprobe found."""
    for kind, track, fourcc, facts, telling in facts_of(voices):
        what = "video" if kind == flv.VIDEO else "audio"
        line = server.wait_log(
            rf"\bcodec stream=live/x .*kind={what} track={track} "
            rf"codec={re.escape(NAMES[fourcc])}"
            + (" .*size=.*" if fourcc == b"vp09" else "(?: |$).*")).group()
        values = dict(re.findall(r"(\S+?)=(\S+)", line))
        want = {"size": f"{facts.get('width')}x{facts.get('height')}",
                "fps": f"{enhanced.FPS}.00"}
        if kind == flv.AUDIO:
            want = {"rate": facts["sample_rate"],
                    "channels": str(facts["channels"])}
        for key, value in want.items():
            assert values.get(key, value) == value, line
        if telling:
            assert set(want) - {"fps"} <= set(values), line
        profile = facts.get("profile", "").replace(" ", "_")
        if telling and profile and fourcc != b"vp08":
            assert values["profile"].split(".")[0].startswith(profile), line


def check_tracks(tracks, voices):
    """The registry's tracks say what ffprobe found."""
    found = {(t.kind, t.number): t for t in tracks}
    want = list(facts_of(voices))
    assert set(found) == {w[:2] for w in want}
    for kind, number, fourcc, facts, telling in want:
        track = found[kind, number]
        assert track.codec == fourcc.decode()
        for mine, its in ((track.width, "width"), (track.height, "height"),
                          (track.rate, "sample_rate"),
                          (track.channels, "channels")):
            value = int(facts.get(its, 0))
            assert mine == value or (mine == 0 and not telling), (track,
                                                                  its)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_relayed_and_joined_late(case, rtmpd, clients, stream):
    """In step byte for byte; late joiners in the second, third and last
    GOP start with all they need; the last one after an end of sequence."""
    made = case(stream)
    voices, extras = made if isinstance(made, tuple) else (made, ())
    if case is av1_as_in_a_transport_stream:
        voices[0].source = enhanced.replace(
            voices[0].source,
            config=b"\x80\x04" + voices[0].source.config[:4])
    sent, keys, ended = enhanced.program(voices, extras)
    server = rtmpd()
    stage = Stage(server, clients)
    cuts = [(keys[1] + keys[2]) // 2, (keys[2] + ended) // 2,
            keys[3] + 9, len(sent)]
    joiners = []
    for start, end, key in zip([0, *cuts], cuts, [keys[1], keys[2],
                                                  keys[3], None]):
        stage.send(*sent[start:end])
        if key is not None:
            got, joiner = stage.join()
            check_joiner(got, stage.sent, key)
            joiners.append((joiner, key))
    stage.settle()
    last = sent[-1].payload
    for joiner, key in joiners:
        joiner.wait(lambda m: m.payload == last)
        check_joiner(enhanced.media_of(joiner.messages), sent, key)
        joiner.close()
    if case is not av1_as_in_a_transport_stream:
        check_log(server, voices)
        books = clients.add(registry.Registry(server))
        count = len(list(facts_of(voices)))
        check_tracks(books.wait_stream(
            "live/x", lambda s: len(s.tracks) == count).tracks, voices)
    stage.client.unpublish("x")
    stage.in_step.wait_status(rtmp.UNPUBLISH_NOTIFY)
    stage.in_step.close()


# Configurations that change

def at(ts, kind, payload):
    return flv.Media(kind, ts, payload, 0)


@pytest.fixture
def stage(rtmpd, clients):
    return Stage(rtmpd(), clients)


def into_second_gop(stage, voices, extras=()):
    """Half of the second GOP sent; (all, keys, how many were sent)."""
    sent, keys, _ = enhanced.program(voices, extras)
    cut = (keys[1] + keys[2]) // 2
    stage.send(*sent[:cut])
    return sent, keys, cut


def other(source):
    """The same stream with another configuration record."""
    return enhanced.replace(source, config=source.config + b"\0changed")


def test_after_a_changed_configuration_joiners_start_at_its_key_frame(
        stage, stream):
    hevc = stream("hevc")
    voices = [Voice(hevc, b"hvc1"), Voice(stream("opus"), b"Opus")]
    sent, keys, cut = into_second_gop(stage, voices)
    changed = at(sent[keys[2]].ts, flv.VIDEO,
                 Voice(other(hevc), b"hvc1").config())
    stage.send(*sent[cut:keys[2]], changed, *sent[keys[2]:keys[2] + 3])
    got, joiner = stage.join()
    key = stage.sent.index(changed) + 1
    check_joiner(got, stage.sent, key)
    assert sent[1].payload not in [m.payload for m in got]
    joiner.close()


@pytest.mark.parametrize("track", [None, 1], ids=["plain", "one track"])
def test_a_changed_configuration_is_a_join_point_of_its_own(
        track, stage, stream):
    """A joiner between the change and the key frame gets nothing of the
    GOP before: it was coded for another configuration."""
    hevc, aac = stream("hevc"), Legacy(stream("aac"), 0xaf)
    voices = [Voice(hevc, b"hvc1", track), aac]
    sent, keys, cut = into_second_gop(stage, voices)
    changed = at(sent[cut].ts, flv.VIDEO,
                 Voice(other(hevc), b"hvc1", track).config())
    stage.send(changed)
    sounds = [m for m in sent[cut:keys[2]] if m.type == flv.AUDIO]
    stage.send(*sounds)
    assert sounds
    got, joiner = stage.join()
    assert [m for m in got if m.type == flv.VIDEO
            and enhanced.is_frame(m)] == []
    stage.send(*sent[keys[2]:keys[2] + 5])
    stage.settle()
    joiner.wait(lambda m: m.payload == sent[keys[2] + 4].payload)
    got = enhanced.media_of(joiner.messages)
    pictures = [i for i, m in enumerate(got) if m.type == flv.VIDEO
                and enhanced.is_frame(m)]
    assert got[pictures[0]].payload == sent[keys[2]].payload
    assert (enhanced.state(got[:pictures[0]])
            == enhanced.state(stage.sent))
    same(got[pictures[0]:], stage.sent[-5:])
    joiner.close()


def test_the_same_configuration_again_leaves_the_gop_to_joiners(
        stage, stream):
    voices = hevc_and_opus(stream)
    sent, keys, cut = into_second_gop(stage, voices)
    stage.send(*[at(sent[cut].ts, v.kind, v.config()) for v in voices])
    stage.send(*sent[cut:cut + 3])
    got, joiner = stage.join()
    check_joiner(got, stage.sent, keys[1])
    joiner.close()


def test_newer_extras_replace_older_ones(stage, stream):
    voices, extras = hdr_and_five_channels(stream)
    sent, keys, cut = into_second_gop(stage, voices, extras)
    newer = [enhanced.color_info(b"hvc1", luminance=4000),
             enhanced.channel_map(b"Opus", custom=[0, 1, 2, 3, 9, 10])]
    stage.send(*[at(sent[cut].ts, *extra) for extra in newer])
    stage.send(*sent[cut:keys[2] + 5])
    got, joiner = stage.join()
    key = stage.sent.index(sent[keys[2]])
    check_joiner(got, stage.sent, key)
    for _, tag in extras:
        assert tag not in [m.payload for m in got]
    joiner.close()


def test_another_codec_on_the_same_track_replaces_the_first(stage, stream):
    voices = [Legacy(stream("avc"), 7), Legacy(stream("aac"), 0xaf)]
    sent, _, cut = into_second_gop(stage, voices)
    base = sent[cut].ts
    then, keys, _ = enhanced.program([Voice(stream("av1"), b"av01"),
                                      Voice(stream("opus"), b"Opus")])
    then = [at(base + m.ts, m.type, m.payload) for m in then]
    stage.send(*then[:keys[1] - 4])
    got, joiner = stage.join()
    key = stage.sent.index(then[keys[0]])
    check_joiner(got, stage.sent, key)
    joiner.close()
    stage.server.wait_log(r"codec .*kind=video track=0 codec=H\.264")
    stage.server.wait_log(r"codec .*kind=video track=0 codec=AV1")


@pytest.mark.parametrize("codecs", [False, True],
                         ids=["one codec", "many codecs"])
def test_a_configuration_of_many_tracks_replaces_those_of_single_ones(
        codecs, stage, stream):
    first = [Voice(stream("hevc"), b"hvc1", n) for n in range(2)]
    later = [Voice(other(v.source), b"hvc1", v.track) for v in first]
    sent, keys, cut = into_second_gop(stage, first)
    stage.send(*sent[cut:keys[2]])
    stage.send(at(sent[keys[2]].ts, flv.VIDEO,
                  Choir(later, codecs).config()))
    stage.send(*sent[keys[2]:keys[2] + 5])
    got, joiner = stage.join()
    start = next(i for i, m in enumerate(got) if enhanced.is_frame(m))
    assert got[start].payload == sent[keys[2]].payload
    assert enhanced.state(got[:start]) == enhanced.state(stage.sent)
    joiner.close()


def test_a_single_tracks_configuration_replaces_its_part_of_many(
        stage, stream):
    first = [Voice(stream("hevc"), b"hvc1", n) for n in range(3)]
    sent, keys, cut = into_second_gop(stage, [Choir(first)])
    stage.send(*sent[cut:keys[2]])
    for voice in (first[0], first[2]):
        stage.send(at(sent[keys[2]].ts, flv.VIDEO, Voice(
            other(voice.source), b"hvc1", voice.track).config()))
    stage.send(*sent[keys[2]:keys[2] + 5])
    got, joiner = stage.join()
    start = next(i for i, m in enumerate(got) if enhanced.is_frame(m))
    assert got[start].payload == sent[keys[2]].payload
    assert enhanced.state(got[:start]) == enhanced.state(stage.sent)
    joiner.close()


# Other

def test_audio_alone_of_an_enhanced_codec_can_be_joined_within_a_second(
        rtmpd, clients, stream):
    server = rtmpd()
    voice = Voice(stream("opus"), b"Opus")
    frames = [m for _, _, m in voice.frames()]

    def source():
        yield flv.Media(flv.DATA, 0, enhanced.metadata([voice]), 0)
        yield flv.Media(flv.AUDIO, 0, voice.config(), 0)
        for n in itertools.count():
            yield flv.Media(flv.AUDIO, 20 * n, frames[n % len(frames)],
                            n / 50)
    publisher = clients.publisher(server, "live/x", source())
    publisher.wait_read(lambda m: m.ts >= 2300)
    newest = publisher.sent[-1][0].ts
    joiner = clients.subscriber(server, "live/x")
    at_, first = joiner.wait(enhanced_audio_frame)
    assert newest - 1200 < first.ts <= newest + 100
    assert first.arrival - joiner.started < 0.5
    assert enhanced.state(enhanced.media_of(joiner.messages[:at_])) == \
        enhanced.state([m for m, _ in publisher.sent[:2]])
    joiner.close()


def enhanced_audio_frame(message):
    return message.type == flv.AUDIO and enhanced.is_frame(message)


ODD_VIDEO = [
    "d100", "d8",                       # a command, one with metadata
    "9f68766331aabb",                   # a reserved packet type
    "90", "9068", "96", "9600", "9600687663", "960068766331",   # cut
    "96106876633100000005",             # a track longer than the message
    "9630aa", "9666687663310",          # reserved, and nested, multitrack
    "97", "97ff", "97ffffff00", "9702000000f0",         # ModEx cut, nested
    "9068766331", ""]
ODD_AUDIO = ["9f4f707573aa", "90", "95", "9500", "95014f70757300", "97ffff",
             "9555", "9335", ""]


def test_odd_enhanced_messages_are_relayed_and_harm_nobody(stage, stream):
    """Commands, reserved types, cut and empty ones: all pass as bytes."""
    sent, keys, cut = into_second_gop(stage, hevc_and_opus(stream))
    for kind, odd in ((flv.VIDEO, ODD_VIDEO), (flv.AUDIO, ODD_AUDIO)):
        for text in odd:
            raw = bytes.fromhex(text[:len(text) & ~1])
            stage.send(at(sent[cut].ts, kind, raw))
    stage.send(*sent[cut:keys[2] + 5])
    got, joiner = stage.join()
    first = next(i for i, m in enumerate(got)
                 if m.payload == sent[keys[2]].payload)
    same(got[first:], stage.sent[stage.sent.index(sent[keys[2]]):])
    joiner.close()


def test_connect_announces_what_a_relay_can_do(rtmpd, clients):
    client = clients.add(rtmp.Client(rtmpd().port))
    properties, info = client.connect(
        fourCcList=["av01", "hvc1", "Opus"], capsEx=15,
        videoFourCcInfoMap={"*": 7}, audioFourCcInfoMap={"Opus": 1})
    assert info["code"] == "NetConnection.Connect.Success"
    assert properties["fourCcList"] == ["*"]
    assert properties["videoFourCcInfoMap"] == {"*": 4}
    assert properties["audioFourCcInfoMap"] == {"*": 4}
    assert int(properties["capsEx"]) & 7 == 7


def test_a_player_that_announces_nothing_gets_everything(
        rtmpd, clients, stream):
    """ffmpeg's and OBS's connect has no fourCcList; nothing is kept from
    them, and nothing is translated."""
    stage = Stage(rtmpd(), clients)
    sent, keys, _ = enhanced.program(many_tracks(stream))
    started = time.monotonic()
    stage.send(*sent)
    got, joiner = stage.join()
    check_joiner(got, sent, keys[3])
    assert time.monotonic() - started < 5
    assert amf.decode(got[0].payload)[0] == "onMetaData"
    joiner.close()
