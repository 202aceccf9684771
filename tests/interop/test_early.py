# SPDX-License-Identifier: ISC
"""Subscribers that are there before the publisher."""
import pytest

import publishers
import subscribers

STREAM = "live/early"


@pytest.mark.parametrize("subscriber", subscribers.KINDS)
def test_subscriber_before_the_publisher(subscriber, rtmpd, clients, media,
                                         scratch, witness, kind):
    """It waits, and then misses nothing."""
    receiver = kind(subscribers.KINDS, subscriber)
    server = rtmpd()
    watch = witness(server, STREAM)
    player = receiver(clients, server, STREAM, scratch)
    player.wait_present(others=1)
    sender = publishers.Raw(clients, server, STREAM, media("stream"),
                            scratch)
    player.wait_shown()
    sender.finish(watch)
    watch.wait_end()
    player.finish_early()
    player.check(watch.packets(), whole=True)
