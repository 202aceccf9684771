# SPDX-License-Identifier: ISC
"""Subscribers that come in the middle of a stream, and of a GOP."""
import pytest

import packets
import publishers
import subscribers

STREAM = "live/late"


@pytest.mark.parametrize("subscriber", subscribers.KINDS)
def test_late_joiner(subscriber, rtmpd, clients, media, scratch, witness,
                     kind):
    """It begins with a key frame, not an older one than the newest of its
    time, and from there on gets all."""
    receiver = kind(subscribers.KINDS, subscriber)
    server = rtmpd(receiver.conf)
    sender = publishers.Raw(clients, server, STREAM, media("late"), scratch)
    watch = witness(server, STREAM)
    watch.wait_seconds(3.2)             # key frames are at 0, 2, 4, 6
    player = receiver(clients, server, STREAM, scratch)
    player.wait_shown()
    sender.finish(watch)
    watch.wait_end()
    player.finish()
    sent = watch.packets()
    player.check(sent)
    if not player.stores:
        return
    first = packets.tracks(player.received())["video0"][0]
    keys = [p.md5 for p in sent if p.track == "video0" and p.key]
    assert first.md5 in keys[1:], "the first picture is an old one"
