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
              witness):
    """Decoded without an error, packet for packet what the witness got
    (and what the file holds, where the publisher sends it as it is), at
    the same distances in time, to the end, and by itself."""
    receiver = subscribers.KINDS[subscriber]
    path = media("stream")
    server = rtmpd(receiver.conf)
    early = not receiver.conf           # else there is nothing to wait for
    watch = witness(server, STREAM) if early else None
    sender = publishers.KINDS[publisher](clients, server, STREAM, path,
                                         scratch)
    watch = watch or witness(server, STREAM)
    player = receiver(clients, server, STREAM, scratch)
    player.wait_shown()
    sender.finish(watch)
    watch.wait_end()
    player.finish()
    sent = watch.packets()
    if sender.exact:
        packets.compare(packets.of_file(path), sent, whole=early)
    watch.decodes()
    player.check(sent)
