# SPDX-License-Identifier: ISC
"""Subscribers that are there before the publisher."""
import pytest

import publishers
import subscribers

STREAM = "live/early"


@pytest.mark.parametrize("subscriber", subscribers.KINDS)
def test_subscriber_before_the_publisher(subscriber, rtmpd, clients, media,
                                         scratch, witness):
    """It waits, and then misses nothing."""
    server = rtmpd()
    watch = witness(server, STREAM)
    since = len(server.lines)
    player = subscribers.KINDS[subscriber](clients, server, STREAM, scratch)
    for _ in player.processes:
        found = server.wait_log(rf"info play stream={STREAM}\b", 10, since)
        since = server.lines.index(found.string, since) + 1
    sender = publishers.Raw(clients, server, STREAM, media("stream"),
                            scratch)
    player.wait_shown()
    sender.finish(watch)
    watch.wait_end()
    player.finish_early()
    player.check(watch.packets(), whole=True)
