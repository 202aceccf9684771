# SPDX-License-Identifier: ISC
"""What one connection more costs: the pages that are its own."""
import os
import re
import time

import flv
import procs
import pytest
from build import PROGRAM, SANITIZED

SUBSCRIBERS = 8
OWN = 60 << 10                          # bytes; it takes 36 to 44 KiB
DYNAMIC = PROGRAM.exists() and b"/ld-" in PROGRAM.read_bytes()[:4096]


def own(pid):
    """Bytes that a process has written and shares with nobody."""
    with open(f"/proc/{pid}/smaps", encoding="ascii") as file:
        return sum(map(int, re.findall(r"^Private_Dirty: +(\d+)",
                                       file.read(), re.M))) << 10


@pytest.mark.skipif(SANITIZED or DYNAMIC,
                    reason="larger with a dynamic linker or a sanitizer")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to look")
def test_one_that_plays_has_few_pages_of_its_own(rtmpd, clients):
    """Who has a connection write one page more, in setting up or after, is to
    notice: there are thousands of them."""
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic(gop=25, kbps=300))
    players = [clients.subscriber(server, "live/x")
               for _ in range(SUBSCRIBERS)]
    for player in players:
        player.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    time.sleep(3)                       # what setting up took is given back
    pids = server.titled("play live/x")
    assert len(pids) == SUBSCRIBERS
    procs.wait_until(lambda: max(map(own, pids)) <= OWN, 5,
                     f"{[own(pid) for pid in pids]} to be small")
    for player in players:
        player.close()
