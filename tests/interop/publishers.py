# SPDX-License-Identifier: ISC
"""The publishing programs. Each publishes a file under a stream's name
from its construction on, until finish(). sent() is a file that holds the
packets as they were sent, if the program lets us know them."""
import ff
import flv
import newer
import obs
from procs import Process

ARRIVAL = 15.0          # the slowest program needs that to publish


class Publisher(newer.Program):
    def __init__(self, clients, server, stream, path, scratch):
        self.server, self.stream, self.path = server, stream, path
        self.clients, self.scratch = clients, scratch
        since = len(server.lines)
        self.begin()
        server.wait_log(rf"\bpublish\b.*stream={stream}\b", ARRIVAL, since)

    def begin(self):
        self.process = self.clients.run(self.program())

    def program(self):
        raise NotImplementedError

    def finish(self, witness):
        """Publish to the end; the witness knows how far that is."""
        self.process.succeed(30)

    def sent(self):
        return self.path


class Ffmpeg(Publisher):
    """ffmpeg's own RTMP: Debian builds it without librtmp. It sends every
    track of the file."""

    def program(self):
        return Process(
            [*self.command("ffmpeg"), *ff.QUIET, "-re", "-i", self.path,
             "-map", "0", "-c", "copy", "-f", "flv",
             self.server.url(self.stream)], env=self.env)


class GstRtmp2(Publisher):
    """GStreamer's rtmp2sink: an implementation of its own.

    Its muxer makes timestamps of its own, so what it makes is kept."""
    sink = "rtmp2sink"
    demux, mux = "flvdemux", ["flvmux"]
    tracks = [("video", "h264parse", "video"), ("audio", "aacparse", "audio")]

    def program(self):
        argv = [*self.command("gst-launch-1.0"), "-q", "filesrc",
                f"location={self.path}", "!", self.demux, "name=d",
                *self.mux, "name=m", "streamable=true", "!",
                "tee", "name=t", "!", "queue", "!", self.sink,
                f"location={self.server.url(self.stream)}",
                "t.", "!", "queue", "!", "filesink", "async=false",
                f"location={self.sent()}"]
        for demuxed, parser, muxed in self.tracks:
            argv += [f"d.{demuxed}", "!", "queue", "!", parser, "!",
                     f"m.{muxed}"]
        return Process(argv, env=self.env)

    def sent(self):
        return self.scratch / "sent.flv"


class GstLibrtmp(GstRtmp2):
    """GStreamer's rtmpsink: the publisher that is linked to librtmp."""
    sink = "rtmpsink"


class Obs(Publisher):
    """What OBS encodes nobody else knows."""

    def begin(self):
        self.obs = obs.Obs(self.clients.run, self.scratch / "obs",
                           self.server, self.stream, self.path)

    def finish(self, witness):
        witness.wait_seconds(8)
        self.obs.stop(lambda: self.server.log().count("info gone stream="))

    def sent(self):
        return None


class Raw(Publisher):
    """The test suite's own."""

    def begin(self):
        self.raw = self.clients.publisher(self.server, self.stream,
                                          flv.read(self.path))

    def finish(self, witness):
        self.raw.wait_done(20)
        self.raw.stop()


class NewFfmpeg(Ffmpeg):
    newer = True


class NewGst(GstRtmp2):
    newer = True


class NewGstEnhanced(NewGst):
    """H.265 as Enhanced RTMP, one AAC track as ever and one beside it."""
    demux = "matroskademux"
    mux = ["eflvmux", "video::flv-track-mode=non-multitrack"]
    tracks = [("video_0", "h265parse", "video"),
              ("audio_0", "aacparse", "audio"),
              ("audio_1", "aacparse", "audio_1")]


KINDS = {"ffmpeg": Ffmpeg, "obs": Obs, "rtmp2sink": GstRtmp2,
         "rtmpsink": GstLibrtmp, "raw": Raw, "new-ffmpeg": NewFfmpeg,
         "new-rtmp2sink": NewGst}
