# SPDX-License-Identifier: ISC
"""Packets of files, by MD5 and time; and the judgement of what arrived.

A track is named by its medium and its place among the tracks of that
medium: video0, audio0, audio1."""
import re
import subprocess
from dataclasses import dataclass

ENTRIES = ("stream=index,codec_type:"
           "packet=stream_index,pts,dts,flags,data_hash")

# ffmpeg's output that decodes each frame, and is not disturbed by frames
# that have equal times.
DECODED = ["-fps_mode", "passthrough", "-filter:v", "setpts=N/25/TB", "-f",
           "null", "-"]


@dataclass(frozen=True)
class Packet:
    track: str
    dts: int
    pts: int
    md5: str
    key: bool


def _names(kinds):
    """Stream index -> name of the track, of {index: medium}."""
    names, count = {}, {}
    for index in sorted(kinds):
        medium = kinds[index]
        if medium not in ("audio", "video"):
            continue                    # ffmpeg takes metadata for text
        names[index] = f"{medium}{count.setdefault(medium, 0)}"
        count[medium] += 1
    return names


def _ms(text):
    return None if text == "N/A" else int(text)


def listing(url, program=("ffprobe",), env=None):
    """The command line whose output parse() takes."""
    return [*program, "-v", "error", "-show_packets", "-show_streams",
            "-show_data_hash", "md5", "-show_entries", ENTRIES, "-of",
            "compact", str(url)]


def parse(text):
    """The packets in what listing() printed."""
    kinds, rows = {}, []
    for line in text.splitlines():
        fields = dict(re.findall(r"(\w+)=([^|\n]*)", line))
        if line.startswith("stream|"):
            kinds[int(fields["index"])] = fields["codec_type"]
        elif line.startswith("packet|"):
            rows.append(fields)
    names = _names(kinds)
    return [Packet(names[int(row["stream_index"])], _ms(row["dts"]),
                   _ms(row["pts"]), row["data_hash"].removeprefix("MD5:"),
                   row["flags"].startswith("K")) for row in rows
            if int(row["stream_index"]) in names]


def of_file(path, program=("ffprobe",), env=None):
    """The packets of a file whose time base is milliseconds."""
    done = subprocess.run(listing(path, program), check=True, timeout=60,
                          capture_output=True, text=True, env=env)
    assert done.stderr == "", f"{path}: {done.stderr}"
    return parse(done.stdout)


def of_framehash(path):
    """The packets in a list by ffmpeg's framehash."""
    kinds, rows = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind = re.match(r"#media_type (\d+): (\w+)", line)
            base = re.match(r"#tb \d+: (\d+/\d+)", line)
            if kind:
                kinds[int(kind[1])] = kind[2]
            if base and base[1] != "1/1000":
                raise ValueError(f"time base {base[1]}")
            if not line.startswith("#") and line.strip():
                rows.append([f.strip() for f in line.split(",")[:6]])
    names = _names(kinds)
    return [Packet(names[int(row[0])], int(row[1]), int(row[2]), row[5],
                   False) for row in rows if int(row[0]) in names]


def tracks(packets):
    """{track: its packets}"""
    found = {}
    for packet in packets:
        found.setdefault(packet.track, []).append(packet)
    return found


def compare(sent, got, least=50, tail=0, whole=False, dts=True):
    """got must be an unbroken run of sent in every track, of at least so
    many packets, up to the last packet (or tail packets earlier), with one
    distance of all timestamps; whole: from the first packet on.

    Without dts, only the times of presentation are compared."""
    want, have = tracks(sent), tracks(got)
    assert set(have) == set(want), f"received {set(have)} of {set(want)}"
    shifts = set()
    for track, mine in want.items():
        theirs = have[track]
        md5s = [p.md5 for p in mine]
        assert len(theirs) >= least, f"{len(theirs)} {track} packets"
        assert theirs[0].md5 in md5s, f"an unknown {track} packet is first"
        start = md5s.index(theirs[0].md5)
        run = mine[start:start + len(theirs)]
        for at, (one, other) in enumerate(zip(theirs, run)):
            assert one.md5 == other.md5, f"{track} packet {at} differs"
        assert len(theirs) == len(run), f"{track}: more than was sent"
        missing = len(mine) - start - len(theirs)
        assert missing <= tail, f"{track} ends {missing} packets early"
        assert not whole or start == 0, f"{track} lacks its first {start}"
        shifts |= {t.pts - p.pts for t, p in zip(theirs, run)}
        if dts:
            shifts |= {t.dts - p.dts for t, p in zip(theirs, run)}
    assert len(shifts) == 1, f"timestamps shifted by {sorted(shifts)}"
