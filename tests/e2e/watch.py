# SPDX-License-Identifier: ISC
"""Watch a subscriber's stream go on."""
import itertools
import os
import threading
import time

import flv
import gaps
from build import SANITIZED

GAP = 1.0 if SANITIZED else 0.2     # s; sanitizers prove no latency
TICK = 0.01


class Queued:
    """How long a process was runnable and had no processor, so far."""

    def __init__(self, pid):
        self._fd = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY)
        self._before = self._waited()

    def _waited(self):
        return int(os.pread(self._fd, 64, 0).split()[1]) / 1e9

    def more(self):
        """Seconds since it was asked before."""
        before, self._before = self._before, self._waited()
        return self._before - before

    def close(self):
        os.close(self._fd)


class Metronome(threading.Thread):
    """Notes when this process was not let run, and when the connections of
    relays were not."""
    MANY = 16                           # connections of a relay
    LOOK = 16                           # ticks between looks for new ones

    def __init__(self):
        super().__init__(daemon=True)
        self.stalls = []
        self.relays = set()             # pids of listeners
        self._queued = {}               # by pid

    def run(self):
        last = time.monotonic()
        for tick in itertools.count():
            time.sleep(TICK)
            now = time.monotonic()
            if now - last > 3 * TICK:
                self.stalls.append((last + TICK, now))
            last = now
            if tick % self.LOOK == 0:
                self._look()
            self._ask(now)

    def _look(self):
        for relay in list(self.relays):
            try:
                path = f"/proc/{relay}/task/{relay}/children"
                with open(path, encoding="ascii") as file:
                    pids = file.read().split()[:self.MANY]
                for pid in set(pids) - set(self._queued):
                    self._queued[pid] = Queued(pid)
            except OSError:             # it has ended
                pass

    def _ask(self, now):
        for pid, queued in list(self._queued.items()):
            try:
                waited = queued.more()
            except OSError:             # so has this one
                queued.close()
                del self._queued[pid]
                continue
            if waited > 2 * TICK:
                self.stalls.append((now - waited, now))


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
    before since; what the sender was late is deducted, and what this process
    or the relay's waited for a processor."""
    messages = [m for m in list(subscriber.messages)
                if since - 0.3 < m.arrival < until]
    sent = [s for s in list(publisher.sent) if s[1] > since - 1]
    longest, frames = gaps.worst(messages, sent, list(METRONOME.stalls))
    assert frames, "nothing to compare"
    assert longest < GAP, f"a gap of {longest * 1000:.0f} ms"
