# SPDX-License-Identifier: ISC
"""The media that the publishers send, encoded once."""
import subprocess

import ff

SECONDS = 8
WIDTH, HEIGHT = 320, 180

# name: video encoder with options, audio encoder with options, container.
# H.264 has B-frames, so that the order of decoding is not that of showing.
H264 = ["libx264", "-preset", "ultrafast", "-bf", "2", "-g", "{gop}",
        "-keyint_min", "{gop}", "-sc_threshold", "0", "-b:v", "500k"]
HEVC = ["libx265", "-preset", "ultrafast", "-x265-params",
        "log-level=none:keyint=25:min-keyint=25:scenecut=0"]
AV1 = ["libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25",
       "-b:v", "300k"]
VP9 = ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25",
       "-b:v", "300k", "-lag-in-frames", "0"]
AAC = ["aac", "-b:a", "64k"]
STREAMS = {
    "stream": ([H264], [AAC]),
    "late": ([H264], [AAC]),
    "hevc-aac": ([HEVC], [AAC]),
    "av1-aac": ([AV1], [AAC]),
    "vp9-opus": ([VP9], [["libopus"]]),
    "h264-opus": ([H264], [["libopus"]]),
    "h264-flac": ([H264], [["flac"]]),
    "h264-ac3": ([H264], [["ac3"]]),
    "h264-eac3": ([H264], [["eac3"]]),
    "h264-mp3": ([H264], [["libmp3lame"]]),
    "audio-tracks": ([H264], [AAC, ["libopus"], ["ac3"]]),
    "gst-tracks": ([HEVC], [AAC, AAC]),
    "av-tracks": ([H264, HEVC], [AAC, ["libopus"]]),
}
GOP = {"late": 50}
FLV = ("stream", "late")


def file_name(name):
    return name + (".flv" if name in FLV else ".mkv")


def _encode(encoder, letter, index, gop):
    options = [option.format(gop=gop) for option in encoder]
    return [f"-c:{letter}:{index}", options[0]] + [
        option + f":{index}" if option in ("-b:v", "-b:a") else option
        for option in options[1:]]


def make(name, path):
    """Encode a test picture and a tone for every track of a stream."""
    video, audio = STREAMS[name]
    argv = ["ffmpeg", *ff.QUIET, "-y"]
    for number, _ in enumerate(video):
        argv += ["-f", "lavfi", "-i",
                 f"testsrc2=s={WIDTH - 64 * number}x{HEIGHT}:r=25"]
    for number, _ in enumerate(audio):
        argv += ["-f", "lavfi", "-i",
                 f"sine=f={440 * (number + 1)}:r=48000"]
    for index in range(len(video) + len(audio)):
        argv += ["-map", str(index)]
    for index, encoder in enumerate(video):
        argv += _encode(encoder, "v", index, GOP.get(name, 25))
    for index, encoder in enumerate(audio):
        argv += _encode(encoder, "a", index, 0)
    if name in FLV:                     # as live: without a duration
        argv += ["-flvflags", "no_duration_filesize"]
    argv += ["-pix_fmt", "yuv420p", "-t", str(SECONDS), str(path)]
    subprocess.run(argv, check=True, timeout=180)
