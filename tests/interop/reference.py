# SPDX-License-Identifier: ISC
"""The witness: a raw subscriber that is there before the publisher, and
that receives what every other subscriber must receive."""
import subprocess

import ff
import flv
import packets
import rtmp
from procs import wait_until

MEDIA = (rtmp.AUDIO, rtmp.VIDEO)


class Witness:
    """Keeps a stream from its first message to its last."""

    def __init__(self, clients, server, stream, path):
        self.subscriber = clients.subscriber(server, stream)
        self.path = path.with_suffix(".flv")

    def media(self):
        return [m for m in list(self.subscriber.messages)
                if m.type in MEDIA]

    def seconds(self):
        """How much has passed, from the first timestamp to the last."""
        media = self.media()
        return (media[-1].ts - media[0].ts) / 1000 if media else 0.0

    def wait_seconds(self, seconds, timeout=20.0):
        def reached():
            self.subscriber.check()
            return self.seconds() >= seconds
        wait_until(reached, timeout, f"{seconds} s of the stream", 0.02)

    def wait_end(self, timeout=10.0):
        """Wait until the relay says that the stream is over."""
        self.subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, timeout)

    def write(self):
        """The stream as an FLV file."""
        flv.write(self.path, list(self.subscriber.messages))
        return self.path

    def packets(self, program=("ffprobe",), env=None):
        return packets.of_file(self.write(), program, env)

    def check_bytes(self, path):
        """Every audio and video message is as in the file that was sent,
        headers and ends of sequence too."""
        sent = [m for m in flv.read(path) if m.type in MEDIA]
        got = self.media()
        for at, (one, other) in enumerate(zip(got, sent)):
            assert (one.type, one.payload) == (other.type, other.payload), \
                f"message {at}: {one.payload[:16]} for {other.payload[:16]}"
        assert len(got) == len(sent)
        shifts = {one.ts - other.ts for one, other in zip(got, sent)}
        assert len(shifts) == 1, f"timestamps shifted by {sorted(shifts)}"

    def decodes(self, program=("ffmpeg",), env=None):
        """Decode the stream; no error may be printed."""
        done = subprocess.run(
            [*program, *ff.QUIET, "-i", str(self.write()), "-map", "0:v?",
             "-map", "0:a?", *packets.DECODED], timeout=60,
            capture_output=True, text=True, env=env)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
