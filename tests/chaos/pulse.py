# SPDX-License-Identifier: ISC
"""When the machine let nobody run: one metronome on each processor.

A process apart that does nothing else, so that its stalls are those of the
machine and not of the driver or the relay. Where a process that sleeps most
of the time has to wait for a processor, so had those of the relay."""
import json
import os
import sys

import crew

from watch import Metronome

KEPT = 2000


class Pinned(Metronome):
    def __init__(self, cpu):
        super().__init__()
        self.cpu = cpu

    def run(self):
        os.sched_setaffinity(0, {self.cpu})     # of this thread
        super().run()


def main():
    threads = [Pinned(cpu) for cpu in os.sched_getaffinity(0)]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        since = json.loads(line)["since"]
        print(json.dumps([s for t in threads for s in t.stalls[-KEPT:]
                          if s[1] > since]), flush=True)
        for thread in threads:
            del thread.stalls[:-KEPT]


def start():
    return crew.Handle(__file__)


if __name__ == "__main__":
    main()
