# SPDX-License-Identifier: ISC
"""Subscribers that do not read fast enough, or not at all."""
import time

import flv
import procs
import rtmp
from watch import no_gap

KBPS = 8000
SMALL = 1 << 16                         # receive buffer of a slow reader


def newest(publisher):
    frames = [m for m, _ in publisher.sent[-40:]
              if flv.kind(m) in ("key", "inter")]
    return flv.stamp(frames[-1])[1]


def catches_up(subscriber, publisher, timeout):
    """Wait until the subscriber has a frame no older than a second."""
    def recent(message):
        return (flv.kind(message) in ("key", "inter")
                and flv.stamp(message)[1] >= newest(publisher) - 25)
    return subscriber.wait(recent, timeout, "a recent frame")


def test_a_subscriber_that_pauses_for_10_s_hurts_nobody_and_resumes(
        rtmpd, clients):
    server = rtmpd({"send-timeout": "30s"})
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(kbps=KBPS))
    others = [clients.subscriber(server, "live/x") for _ in range(2)]
    slow = clients.subscriber(server, "live/x", rcvbuf=SMALL)
    slow.wait(lambda m: flv.kind(m) == "key")
    held = time.monotonic()
    slow.hold()
    procs.wait_until(lambda: time.monotonic() > held + 10, 12)
    resumed = time.monotonic()
    slow.resume()
    catches_up(slow, publisher, 5)
    end = time.monotonic()
    publisher.halt()
    publisher.check()
    run = flv.follow(slow.messages, gaps=True)
    assert run.video.gaps, "nothing was skipped: the test tests nothing"
    assert len(run.video.gaps) <= 3
    lost = sum(b - a - 1 for a, b in run.video.gaps)
    assert lost > 25 * 2, f"only {lost} frames skipped in 10 s"
    for before, after in run.video.gaps:
        assert after % 25 == 0, f"resumed at {after} after {before}"
    for other in others:
        no_gap(other, publisher, held, end)
        flv.follow(other.messages)
        other.close()
    server.wait_log(r"\blag\b.*stream=live/x", 1)
    assert slow.messages[-1].arrival > resumed
    slow.close()


def test_a_subscriber_that_never_reads_again_is_closed(rtmpd, clients):
    server = rtmpd({"send-timeout": "2s"})
    clients.publisher(server, "live/x", flv.synthetic(kbps=KBPS))
    good = clients.subscriber(server, "live/x")
    good.wait(lambda m: flv.kind(m) == "key")
    slow = clients.subscriber(server, "live/x", rcvbuf=SMALL)
    slow.wait(lambda m: flv.kind(m) == "key")
    server.wait_connections(3)
    since = len(server.lines)
    slow.hold()
    server.wait_connections(2, 15)
    server.wait_log(r"\bdisconnect\b.*reason=", 2, since)
    good.wait(lambda m: flv.kind(m) == "key", 3, since=len(good.messages))
    flv.follow(good.messages)
    good.close()
    slow.resume()
    slow.wait_closed(5)


def test_a_peer_that_pings_and_never_reads_is_closed(rtmpd, clients):
    """What is queued to a peer is bounded, replies included."""
    server = rtmpd({"send-timeout": "2s"})
    client = clients.add(rtmp.open_subscriber(
        server.port, "live/none", rcvbuf=4096))
    server.wait_connections(1)
    ping = client.writer.message(
        rtmp.USER, b"\0\6" + bytes(4), csid=2) * 20000
    client.sock.settimeout(10)
    try:
        for _ in range(100):
            client.sock.sendall(ping)
    except ConnectionError:
        pass
    server.wait_connections(0, 10)
