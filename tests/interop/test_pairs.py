# SPDX-License-Identifier: ISC
"""Every publishing program with every subscribing program."""
import pytest

import packets
import publishers
import subscribers

STREAM = "live/pair"


@pytest.mark.parametrize("subscriber", subscribers.KINDS)
@pytest.mark.parametrize("publisher", publishers.KINDS)
def test_pair(publisher, subscriber, rtmpd, clients, media, scratch,
              witness, kind):
    """The witness gets what was sent; the subscriber gets what the
    witness gets, decodes it without an error, and ends by itself."""
    receiver = kind(subscribers.KINDS, subscriber)
    publish = kind(publishers.KINDS, publisher)
    path = media("stream")
    server = rtmpd(receiver.conf)
    early = not receiver.conf           # else there is nothing to wait for
    watch = witness(server, STREAM) if early else None
    sender = publish(clients, server, STREAM, path, scratch)
    watch = watch or witness(server, STREAM)
    player = receiver(clients, server, STREAM, scratch)
    player.wait_shown()
    sender.finish(watch)
    watch.wait_end()
    player.finish()
    relayed = watch.packets()
    if sender.sent():
        packets.compare(packets.of_file(sender.sent()), relayed, whole=early)
    if sender.sent() and early:
        watch.check_bytes(sender.sent())
    watch.decodes()
    player.check(relayed)
