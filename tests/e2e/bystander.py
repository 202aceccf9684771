# SPDX-License-Identifier: ISC
"""A publisher and a subscriber that mind their own business.

A process of its own, so that what a test does to the relay does not keep it
from measuring. Run with a port, it answers two words on standard input:
"mark" begins to measure, "report" says what came since as a line of JSON."""
import json
import select
import subprocess
import sys
import time
from pathlib import Path

import flv
import gaps
import rtmp
from procs import wait_until
from watch import METRONOME

STREAM = "calm/stream"
BURST = 3.0                             # seconds that fill a small ring


def report(publisher, subscriber, since):
    publisher.check()
    subscriber.check()
    messages = [m for m in list(subscriber.messages) if m.arrival > since]
    sent = [s for s in list(publisher.sent) if s[1] > since - 1]
    longest, frames = gaps.worst(messages, sent, list(METRONOME.stalls))
    flv.follow(subscriber.messages)
    return {"gap": longest, "frames": frames, "closed": subscriber.closed}


def main(port):
    publisher = rtmp.Publisher(port, STREAM, flv.synthetic(), burst=BURST)
    publisher.wait_read(lambda m: m.at > BURST)
    subscriber = rtmp.Subscriber(port, STREAM)
    subscriber.wait(lambda m: flv.kind(m) == "key", 10, "a key frame")
    METRONOME.start()
    since = time.monotonic()
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "mark\n":
            since = time.monotonic()
            print("ok", flush=True)
        else:
            print(json.dumps(report(publisher, subscriber, since)), flush=True)
    publisher.halt()
    subscriber.close()
    publisher.client.close()


class Bystander:
    """The process, as a test sees it."""

    def __init__(self, port, wrap=()):
        self.popen = subprocess.Popen(
            [*wrap, sys.executable, str(Path(__file__).resolve()), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self):
        if not select.select([self.popen.stdout], [], [], 20)[0]:
            raise TimeoutError("the bystander does not answer")
        line = self.popen.stdout.readline().strip()
        assert line, "the bystander has ended: see its error above"
        return line

    def _ask(self, word):
        self.popen.stdin.write(word + "\n")
        self.popen.stdin.flush()
        return self._answer()

    def mark(self):
        self._ask("mark")

    def report(self):
        """What came since the mark, once there is enough to judge by."""
        def enough():
            told = json.loads(self._ask("report"))
            assert not told["closed"]
            return told if told["frames"] > 20 else None
        return wait_until(enough, 5, "frames")

    def close(self):
        self.popen.stdin.close()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(5)
        self.popen.stdout.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
