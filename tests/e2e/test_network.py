# SPDX-License-Identifier: ISC
"""Networks that fail: packets that vanish, links that are too thin, and
encoders that come back. Each test has machines of its own."""
import contextlib
import time

import pytest

import bystander
import flv
import network
import procs
import registry
import rtmp
from watch import GAP

LOST = "10.1.0.2"                       # the encoder whose network fails
OTHER = "10.1.0.3"
BUSY = "NetStream.Publish.BadName"
PAUSE = 0.3                             # s between an encoder's attempts
ACK_DELAY = 0.3     # s until kernels owe each other nothing, or the new owner
                    # of an address would answer it and end a connection
THIN = {"kbps": 50}                     # fits in what a socket holds
FRAMES = ("key", "inter")


@pytest.fixture
def net():
    try:
        made = network.Network()
    except network.Unavailable as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture
def relay(rtmpd, net):
    """relay(key=value, ...) starts a server on the relay's machine."""
    def start(**conf):
        conf = {key.replace("_", "-"): value for key, value in conf.items()}
        return rtmpd(conf, wrap=net.wrap, listen=["0.0.0.0:PORT"])
    return start


@pytest.fixture
def calm(net):
    """calm(server) is a bystander on the relay's machine."""
    made = []

    def start(server):
        made.append(bystander.Bystander(server.port, wrap=net.wrap))
        return made[-1]
    yield start
    for one in made:
        one.close()


def publish(clients, server, machine, **media):
    return clients.publisher(server, "live/x", flv.synthetic(**media),
                             sock=machine.dial(server.port))


def play(clients, server, dial, **how):
    """A subscriber that has seen its first picture."""
    made = clients.subscriber(server, "live/x", sock=dial(server.port, **how))
    made.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    return made


def insist(clients, server, machine, timeout, **media):
    """Publish as encoders do, again and again: the publisher, and how often
    it was refused."""
    end = time.monotonic() + timeout
    refused = 0
    while True:
        try:
            return publish(clients, server, machine, **media), refused
        except rtmp.Refused as refusal:
            assert refusal.code == BUSY
            assert time.monotonic() < end, f"refused for {timeout} s"
        refused += 1
        time.sleep(PAUSE)


def from_stream(number):
    return lambda m: flv.kind(m) in FRAMES and flv.stamp(m)[0] == number


def check_went_on(subscriber, frames=10):
    """It stayed attached while stream 2 followed stream 1."""
    start, _ = subscriber.wait(from_stream(2), 5, "the new stream")
    cut, _ = subscriber.wait_status(rtmp.PUBLISH_NOTIFY, 1)
    subscriber.wait(lambda m: from_stream(2)(m)
                    and flv.stamp(m)[1] >= frames, 5, "frames", start)
    before, after = subscriber.messages[:cut], subscriber.messages[cut:]
    flv.check_return(before, after)
    flv.follow(before, 1)
    flv.follow(after, 2)
    assert rtmp.UNPUBLISH_NOTIFY not in subscriber.codes()


def another_hub(server, old):
    procs.wait_until(lambda: [p for p in server.titled(r"rtmpd: hub$")
                              if p != old], 3, "another hub")


# Publishers

@pytest.mark.parametrize("address, patience", [(LOST, 1), (OTHER, 2)])
def test_an_encoder_whose_packets_vanished_gets_its_stream_back(
        address, patience, relay, clients, net):
    """Its first connection stays open for the relay: nothing is heard of
    it any more. It comes back by another network, with or without its old
    address, long before TCP gives up."""
    server = relay(takeover="1s", takeover_other="2s", linger="1s")
    lost = net.machine(LOST)
    one = publish(clients, server, lost, stream=1, **THIN)
    subscriber = play(clients, server, net.local)
    old = server.process(r"publish live/x")
    lost.cut()
    silent = time.monotonic()
    one.silence()
    time.sleep(ACK_DELAY)
    back = net.machine(address)
    two, refused = insist(clients, server, back, patience + 3, stream=2,
                          **THIN)
    took = time.monotonic() - silent
    assert patience - 0.2 < took < patience + 2
    assert refused > 0
    procs.wait_until(lambda: not procs.alive(old), 1, "the dead process")
    check_went_on(subscriber)
    server.wait_log(rf"takeover stream=live/x peer={address}:\d+ .*"
                    rf"from={LOST}:\d+ ended={old} ", 1)
    two.check()
    if address != LOST:     # the first finds its network again, too late
        lost.mend()
        with pytest.raises(rtmp.Refused):
            publish(clients, server, lost, stream=3)
        server.wait_connections(2)


def test_a_publisher_that_vanished_is_ended_by_its_silence(
        relay, clients, net):
    server = relay(ping_interval="1s", ping_timeout="1s", linger="500ms")
    lost = net.machine(LOST)
    publish(clients, server, lost, **THIN)
    subscriber = play(clients, server, net.local)
    old = server.process(r"publish live/x")
    lost.cut()
    silent = time.monotonic()
    procs.wait_until(lambda: not procs.alive(old), 5, "the dead process")
    assert time.monotonic() - silent > 1.5
    server.wait_log(r"disconnect .*role=publish .*reason=timeout "
                    r"detail=ping-timeout", 1)
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    publish(clients, server, net.machine(OTHER), stream=2, **THIN)
    subscriber.wait(from_stream(2), 3, "the new stream")


def test_of_two_encoders_that_fight_for_a_name_the_first_keeps_it(
        relay, clients, net):
    server = relay(takeover="1s", takeover_other="1s")
    judge = bystander.Bystander(server.port, wrap=net.wrap)
    try:
        server.wait_connections(2)
        second = net.machine(OTHER)
        judge.mark()
        begin, refused = time.monotonic(), 0
        while time.monotonic() - begin < 4:
            dial = net.local if refused % 2 else second.dial
            with pytest.raises(rtmp.Refused) as refusal:
                rtmp.open_publisher(server.port, bystander.STREAM,
                                    sock=dial(server.port))
            assert refusal.value.code == BUSY
            refused += 1
            time.sleep(PAUSE)
        told = judge.report()
        assert refused >= 4
        assert told["gap"] < GAP, f"a gap of {told['gap'] * 1000:.0f} ms"
        server.wait_connections(2)
    finally:
        judge.close()


def test_a_hub_that_adopted_a_stream_knows_how_long_it_was_silent(
        relay, clients, net):
    """The hub is killed while the encoder has no network. The new one must
    not begin to count anew: the wait would be up to twice as long."""
    server = relay(takeover="3s", linger="1s")
    lost = net.machine(LOST)
    one = publish(clients, server, lost, stream=1, **THIN)
    subscriber = play(clients, server, net.local)
    old, hub = server.process(r"publish live/x"), server.hub()
    one.silence()
    lost.cut()
    silent = time.monotonic()
    time.sleep(2.4)
    procs.end(hub)
    another_hub(server, hub)
    two, _ = insist(clients, server, net.machine(LOST), 8, stream=2, **THIN)
    took = time.monotonic() - silent
    told = server.wait_log(rf"takeover .*ended={old} silent=(\d+)ms", 1)
    assert int(told[1]) / 1000 > took - 1
    check_went_on(subscriber)
    two.check()


def test_a_network_that_returns_before_takeover_loses_nothing(
        relay, clients, net):
    server = relay(takeover="20s", takeover_other="20s", publish_timeout="20s",
                   ping_interval="20s")
    lost, rival = net.machine(LOST), net.machine(OTHER)
    one = publish(clients, server, lost, seconds=3, **THIN)
    subscriber = play(clients, server, net.local)
    one.wait_sent(lambda m: m.at > 1)
    lost.cut()
    with pytest.raises(rtmp.Refused) as refusal:
        publish(clients, server, rival, stream=2)
    assert refusal.value.code == BUSY
    one.wait_sent(lambda m: m.at > 2)
    assert subscriber.messages[-1].uts < 1800, "the network did not fail"
    lost.mend()
    one.wait_done(5)
    last = one.sent[-1][0]
    subscriber.wait(lambda m: m.payload == last.payload, 15, "the end")
    run = flv.follow(subscriber.messages)
    sent = [m for m, _ in one.sent]
    assert len(run.audio.seqs) == sum(flv.kind(m) == "audio" for m in sent)
    assert len(run.video.seqs) == sum(flv.kind(m) in FRAMES for m in sent)


def test_an_uplink_under_the_bitrate_delays_its_own_stream_only(
        relay, clients, net, calm):
    server = relay()
    thin = net.machine(LOST)
    try:
        thin.shape_up("tbf", "rate", "500kbit", "burst", "8k", "latency",
                      "100ms")
    except network.Unavailable as reason:
        pytest.skip(str(reason))
    other = calm(server)
    publisher = publish(clients, server, thin, kbps=1500)
    subscriber = play(clients, server, net.local)
    other.mark()
    subscriber.wait(lambda m: flv.kind(m) in FRAMES
                    and flv.stamp(m)[1] > 50, 15, "frames")
    run = flv.follow(subscriber.messages)
    assert run.video.seqs[-1] < len(publisher.sent)
    told = other.report()
    assert told["gap"] < GAP, f"a gap of {told['gap'] * 1000:.0f} ms"
    # what waits in the encoder is not waited for
    publisher.client.reset()
    publisher.halt()


# Subscribers

@pytest.mark.parametrize("kbps, limit", [(8000, "send-timeout"),
                                         (50, "ping-timeout")])
def test_a_subscriber_that_vanished_is_ended_and_nobody_notices(
        kbps, limit, relay, clients, net, calm):
    """A thin stream fits in the socket for long: silence betrays it."""
    server = relay(send_timeout="2s", max_lag="1s", ping_interval="1s",
                   ping_timeout="1s" if limit == "ping-timeout" else "20s")
    lost = net.machine(LOST)
    publisher = clients.publisher(
        server, "live/x", flv.synthetic(kbps=kbps),
        sock=net.local(server.port))
    stays = play(clients, server, net.local)
    play(clients, server, lost.dial)
    other = calm(server)
    other.mark()
    lost.cut()
    server.wait_log(rf"disconnect peer={LOST}:.*role=play .*reason=timeout "
                    rf"detail={limit} ", 8)
    procs.wait_until(lambda: not server.titled(LOST), 1, "its process")
    assert len(server.titled(r"play live/x")) == 1
    told = other.report()
    assert told["gap"] < GAP, f"a gap of {told['gap'] * 1000:.0f} ms"
    publisher.halt()
    flv.follow(stays.messages)
    publisher.check()
    stays.check()


def session(server, role, peer):
    """The registry's entry of a connection of this peer."""
    with contextlib.closing(registry.Registry(server)) as shown:
        for one in shown.sessions():
            if one.role == role and one.peer.startswith(peer):
                return one
    return None


def test_the_lag_of_a_subscriber_that_is_cut_off_is_told_and_skipped(
        relay, clients, net):
    """While nothing can be sent its lag grows and is shown; when its
    network returns it jumps and goes on."""
    server = relay(send_timeout="20s", max_lag="1s")
    lost = net.machine(LOST)
    publisher = clients.publisher(
        server, "live/x", flv.synthetic(kbps=6000),
        sock=net.local(server.port))
    subscriber = play(clients, server, lost.dial)
    lost.cut()
    procs.wait_until(
        lambda: (s := session(server, registry.PLAY, LOST)) is not None
        and s.counters["lag"] > 2000, 8, "its lag", 0.1)
    lost.mend()
    server.wait_log(rf"lag stream=live/x peer={LOST}:\d+ reason=\S+ "
                    r"lag=[2-9]\d\d\dms ", 10)

    def newest():
        return flv.stamp([m for m, _ in publisher.sent[-40:]
                          if flv.kind(m) in FRAMES][-1])[1]
    subscriber.wait(lambda m: flv.kind(m) in FRAMES
                    and flv.stamp(m)[1] > newest() - 25, 8, "a new frame")
    publisher.halt()
    run = flv.follow(subscriber.messages, gaps=True)
    # one more, if the kernel takes a little while the network is away
    assert 1 <= len(run.video.gaps) <= 2
    procs.wait_until(
        lambda: session(server, registry.PLAY, LOST).counters["lag_jumps"]
        >= len(run.video.gaps), 3, "the jumps to be told", 0.1)


def delays(subscriber, publisher):
    """How old each video frame was when it came."""
    sent = {flv.stamp(m)[1]: at for m, at in publisher.sent
            if flv.kind(m) in FRAMES}
    return [m.arrival - sent[flv.stamp(m)[1]] for m in subscriber.messages
            if flv.kind(m) in FRAMES]


def test_a_link_under_the_bitrate_skips_to_key_frames(
        relay, clients, net, calm):
    server = relay(max_lag="1s")
    thin = net.machine(LOST)
    publisher = clients.publisher(
        server, "live/x", flv.synthetic(kbps=4000),
        sock=net.local(server.port))
    stays = play(clients, server, net.local)
    other = calm(server)
    try:
        thin.shape_down("tbf", "rate", "2mbit", "burst", "16k", "latency",
                        "50ms")
    except network.Unavailable as reason:
        pytest.skip(str(reason))
    slow = play(clients, server, thin.dial, rcvbuf=1 << 17)
    other.mark()

    def jumped():
        gaps = list(flv.follow(list(slow.messages), gaps=True).video.gaps)
        return len(gaps) >= 2 and slow.messages[-1].arrival
    procs.wait_until(jumped, 15, "two jumps", 0.2)
    told = other.report()
    publisher.halt()
    publisher.check()
    run = flv.follow(slow.messages, gaps=True)
    assert all(after % 25 == 0 for _, after in run.video.gaps)
    # max-lag, a GOP, and what kernels hold on such a link
    assert max(delays(slow, publisher)) < 1 + 1 + 2.5
    flv.follow(stays.messages)
    assert told["gap"] < GAP, f"a gap of {told['gap'] * 1000:.0f} ms"
    server.wait_log(rf"lag stream=live/x peer={LOST}:\d+ reason=max-lag", 1)


# Both

def test_a_stream_arrives_whole_over_a_lossy_link(relay, clients, net):
    server = relay(max_lag="1m", ping_interval="1m")
    far, player = net.machine(LOST), net.machine(OTHER)
    weather = ("netem", "loss", "5%", "delay", "200ms", "20ms")
    try:
        far.shape_up(*weather)
        player.shape_down(*weather)
    except network.Unavailable as reason:
        pytest.skip(str(reason))
    publisher = clients.publisher(
        server, "live/x", flv.synthetic(kbps=100, seconds=5),
        sock=far.dial(server.port, timeout=20), timeout=20)
    subscriber = clients.subscriber(
        server, "live/x", timeout=20,
        sock=player.dial(server.port, timeout=20))
    publisher.wait_done(30)
    last = publisher.sent[-1][0]
    subscriber.wait(lambda m: m.payload == last.payload, 30, "the end")
    run = flv.follow(subscriber.messages)
    assert run.video.seqs[-1] >= 5 * 25 - 1
