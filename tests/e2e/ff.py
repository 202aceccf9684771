# SPDX-License-Identifier: ISC
"""ffmpeg, ffprobe and ffplay: publish, play, and compare packets."""
import os
import re
import subprocess
from dataclasses import dataclass

from procs import Process

QUIET = ["-hide_banner", "-nostdin", "-v", "error"]


def make(path, seconds, gop=25, audio=True, video=True, bframes=0, kbps=800,
         size="640x360"):
    """Encode a test picture and a tone into an FLV file."""
    argv = ["ffmpeg", *QUIET, "-y"]
    if video:
        argv += ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=25"]
    if audio:
        argv += ["-f", "lavfi", "-i", "sine=f=440:r=44100"]
    if video:
        argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
                 "yuv420p", "-g", str(gop), "-keyint_min", str(gop),
                 "-sc_threshold", "0", "-bf", str(bframes), "-b:v",
                 f"{kbps}k", "-maxrate", f"{kbps}k", "-bufsize",
                 f"{kbps // 2}k"]
    if audio:
        argv += ["-c:a", "aac", "-b:a", "64k"]
    argv += ["-t", str(seconds), "-f", "flv", path]
    subprocess.run(argv, check=True, timeout=120)


def publish(url, path, *options):
    """Publish a file in real time, as it is."""
    return Process(["ffmpeg", *QUIET, "-re", "-i", path, "-c", "copy",
                    *options, "-f", "flv", url])


def hashes(url, out, *options):
    """Play a stream until it ends; its packets' MD5s go to a file."""
    return Process(["ffmpeg", *QUIET, "-copyts", *options, "-i", url,
                    "-c", "copy", "-avoid_negative_ts", "disabled", "-f",
                    "framehash", "-hash", "md5", "-y", out])


def probe(url, out):
    """Let ffprobe list the packets of a stream into a file."""
    with open(out, "wb") as file:
        return Process(["ffprobe", "-v", "error", "-show_packets",
                        "-show_data_hash", "md5", "-show_entries",
                        "packet=codec_type,pts,dts,size,data_hash", "-of",
                        "compact", url], stdout=file)


def streams(url, out):
    """Let ffprobe list the kinds of streams in a stream into a file."""
    with open(out, "wb") as file:
        return Process(["ffprobe", "-v", "error", "-show_entries",
                        "stream=codec_type", "-of", "csv=p=0", url],
                       stdout=file)


def decode(url, *options):
    """Decode a stream to nothing; prints only errors."""
    return Process(["ffmpeg", *QUIET, "-i", url, *options, "-f", "null",
                    "-"])


def show(url, *options):
    """ffplay without screen and loudspeaker, ends with the stream."""
    env = dict(os.environ, SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy")
    return Process(["ffplay", "-hide_banner", "-autoexit", "-stats", "-v",
                    "warning", *options, url], env=env)


def clock(play):
    """How far ffplay's status line says that it played, in seconds."""
    times = re.findall(r"^\s*(\d+\.\d+) (?:A-V|M-V|M-A):",
                       play.stderr.replace("\r", "\n"), re.M)
    return float(times[-1]) - float(times[0]) if times else 0.0


@dataclass(frozen=True)
class Packet:
    media: str
    dts: int
    pts: int
    md5: str


def read_hashes(path):
    """The packets in a framehash file; times in milliseconds."""
    media, packets = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind = re.match(r"#media_type (\d+): (\w+)", line)
            base = re.match(r"#tb (\d+): (\d+)/(\d+)", line)
            if kind:
                media[kind[1]] = kind[2]
            if base and base[2] + "/" + base[3] != "1/1000":
                raise ValueError(f"time base {base[0]}")
            if line.startswith("#") or not line.strip():
                continue
            index, dts, pts, _, _, md5 = [
                f.strip() for f in line.split(",")[:6]]
            packets.append(Packet(media[index], int(dts), int(pts), md5))
    return packets


def read_probe(path):
    """The packets in a list that probe() wrote."""
    packets = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = dict(re.findall(r"(\w+)=([^|\n]*)", line))
            if line.startswith("packet|"):
                packets.append(Packet(
                    fields["codec_type"], int(fields["dts"]),
                    int(fields["pts"]),
                    fields["data_hash"].removeprefix("MD5:")))
    return packets


def source(path, scratch):
    """The packets of a file."""
    out = str(scratch / "source.packets")
    probe(path, out).succeed(30)
    return read_probe(out)


def compare(sent, got, least=25, to_end=True):
    """got must be an unbroken run of sent, per medium, of at least so many
    packets, with one and the same distance of all timestamps.

    With to_end it must reach the last packet sent."""
    shifts = set()
    have, want = ({p.media for p in side} for side in (got, sent))
    assert have == want, f"received {have} of {want}"
    for media in {p.media for p in sent}:
        mine = [p for p in sent if p.media == media]
        theirs = [p for p in got if p.media == media]
        assert len(theirs) >= least, f"{len(theirs)} {media} packets"
        md5s = [p.md5 for p in mine]
        assert theirs[0].md5 in md5s, f"unknown {media} packet"
        start = md5s.index(theirs[0].md5)
        run = mine[start:start + len(theirs)]
        assert [p.md5 for p in theirs] == [p.md5 for p in run], \
            f"{media} packets differ"
        if to_end:
            assert start + len(theirs) == len(mine), \
                f"{media} ends {len(mine) - start - len(theirs)} early"
        shifts |= {t.dts - p.dts for t, p in zip(theirs, run)}
        shifts |= {t.pts - p.pts for t, p in zip(theirs, run)}
    assert len(shifts) == 1, f"timestamps shifted by {sorted(shifts)}"
