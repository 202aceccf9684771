# SPDX-License-Identifier: ISC
"""The hold of the wake: when there is one, and that nobody sends early."""
import time

import flv
import procs
import pytest
import registry
from build import SANITIZED

HOLD = 0.5
NEAR = 0.15                             # s between messages sent together


def test_the_hold_goes_by_the_load(rtmpd, clients):
    server = rtmpd()
    books = clients.add(registry.Registry(server))
    clients.publisher(server, "live/x", flv.synthetic(kbps=50))
    watching = [clients.subscriber(server, "live/x") for _ in range(20)]
    books.wait_stream("live/x", lambda s: s.subscribers == 20)
    assert books.hold() == 0
    more = [clients.subscriber(server, "live/x") for _ in range(20)]
    procs.wait_until(lambda: books.hold() > 0, 3, "a hold")
    assert books.hold() <= 100
    for one in more:
        one.close()
    procs.wait_until(lambda: books.hold() == 0, 3, "no hold")
    for one in watching:
        flv.follow(one.messages)
        one.close()


@pytest.mark.skipif(SANITIZED, reason="sanitizers prove no latency")
@pytest.mark.parametrize("subscribers", [1, 40])
def test_what_is_held_comes_together(rtmpd, clients, subscribers):
    """From one process of few subscribers, to the sets of many."""
    server = rtmpd({"merge": f"{HOLD * 1000:.0f}ms"})
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(kbps=50))
    books = clients.add(registry.Registry(server))
    watching = [clients.subscriber(server, "live/x")
                for _ in range(subscribers)]
    for one in watching:
        one.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    assert books.hold() == HOLD * 1000
    since = time.monotonic()
    procs.wait_until(lambda: time.monotonic() > since + 10 * HOLD, 8)
    publisher.check()
    for one in watching:
        times = [m.arrival for m in list(one.messages)
                 if since < m.arrival < since + 10 * HOLD]
        bursts = 1 + sum(b - a > NEAR for a, b in zip(times, times[1:]))
        assert len(times) > 100
        assert bursts <= 14, f"{bursts} sends in 10 holds"
        flv.follow(one.messages)
        one.close()
