# SPDX-License-Identifier: ISC
"""Watch a subscriber's stream go on."""
import threading
import time

import flv
import gaps
from build import SANITIZED

GAP = 1.0 if SANITIZED else 0.2     # s; sanitizers prove no latency
TICK = 0.01


class Metronome(threading.Thread):
    """Notes when this process was not let run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stalls = []

    def run(self):
        last = time.monotonic()
        while True:
            time.sleep(TICK)
            now = time.monotonic()
            if now - last > 3 * TICK:
                self.stalls.append((last + TICK, now))
            last = now


METRONOME = Metronome()                     # of the tests' own process


def flowing(subscriber, frames=10):
    """Wait for so many frames more than there are now."""
    since = len(subscriber.messages)
    subscriber.wait(
        lambda m: sum(1 for x in subscriber.messages[since:]
                      if flv.kind(x) in ("key", "inter")) >= frames,
        8, "frames", since)


def no_gap(subscriber, publisher, since, until=float("inf")):
    """Fail if the subscriber missed its frames for long, from shortly
    before since; what the sender or this process was late is deducted."""
    messages = [m for m in list(subscriber.messages)
                if since - 0.3 < m.arrival < until]
    sent = [s for s in list(publisher.sent) if s[1] > since - 1]
    longest, frames = gaps.worst(messages, sent, list(METRONOME.stalls))
    assert frames, "nothing to compare"
    assert longest < GAP, f"a gap of {longest * 1000:.0f} ms"
