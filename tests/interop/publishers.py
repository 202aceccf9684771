# SPDX-License-Identifier: ISC
"""The publishing programs. Each publishes a file under a stream's name
from its construction on, until finish(). sent() is a file that holds the
packets as they were sent, if the program lets us know them."""
import ff
import flv
import obs
from procs import Process

GST = ["gst-launch-1.0", "-q"]
ARRIVAL = 15.0          # the slowest program needs that to publish


class Publisher:
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
    """ffmpeg's own RTMP, native: Debian builds it without librtmp."""

    def program(self):
        return ff.publish(self.server.url(self.stream), self.path)


class GstRtmp2(Publisher):
    """GStreamer's rtmp2sink: an implementation of its own.

    Its muxer makes timestamps of its own, so what it makes is kept."""
    launch, env, mux = GST, None, "flvmux"
    sink = "rtmp2sink"

    def program(self):
        url = self.server.url(self.stream)
        return Process(
            [*self.launch, "filesrc", f"location={self.path}", "!",
             "flvdemux", "name=d", self.mux, "name=m", "streamable=true",
             "!", "tee", "name=t", "!", "queue", "!",
             self.sink, f"location={url}",
             "t.", "!", "queue", "!", "filesink", "async=false",
             f"location={self.sent()}",
             "d.video", "!", "queue", "!", "h264parse", "!", "m.video",
             "d.audio", "!", "queue", "!", "aacparse", "!", "m.audio"],
            env=self.env)

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
        self.obs.stop()

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


KINDS = {"ffmpeg": Ffmpeg, "obs": Obs, "rtmp2sink": GstRtmp2,
         "rtmpsink": GstLibrtmp, "raw": Raw}
