# SPDX-License-Identifier: ISC
"""Publishers come, go, return, and are succeeded."""
import os
import signal
import time

import pytest

import ff
import flv
import procs
import rtmp

START = "NetStream.Play.Start"


def first_key(subscriber, timeout=5.0, since=0):
    return subscriber.wait(lambda m: flv.kind(m) == "key", timeout,
                           "a key frame", since)


def flowing(subscriber, timeout=5.0):
    """Wait for a frame that is still to come."""
    subscriber.wait(lambda m: flv.kind(m) in ("key", "inter"), timeout,
                    "video", since=len(subscriber.messages))


def split_at(messages, index):
    return messages[:index], messages[index:]


def test_a_subscriber_may_come_before_its_publisher(rtmpd, clients):
    server = rtmpd()
    subscriber = clients.subscriber(server, "live/x")
    assert START not in subscriber.codes()      # it was taken by play()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=50))
    _, key = first_key(subscriber)
    sent = publisher.wait_sent(lambda m: flv.kind(m) == "key")[1]
    assert flv.stamp(key)[1] == 0
    assert key.arrival - sent < 0.5
    flowing(subscriber)
    flv.follow(subscriber.messages)
    subscriber.close()


def test_idle_streams_false_refuses_an_early_subscriber(rtmpd, clients):
    server = rtmpd({"idle-streams": "false"})
    with pytest.raises(rtmp.Refused) as refusal:
        clients.subscriber(server, "live/x")
    assert refusal.value.code == "NetStream.Play.StreamNotFound"


def test_a_clean_stop_is_told_at_once(rtmpd, clients, media):
    server = rtmpd({"linger": "10s"})
    publisher = clients.publisher(server, "live/x",
                                  flv.read(media("av")))
    subscriber = clients.subscriber(server, "live/x")
    player = clients.run(ff.decode(server.url("live/x")))
    procs.wait_until(lambda: len(server.titled(r"play live/x")) == 2)
    flowing(subscriber)
    publisher.halt()
    last = publisher.sent[-1][0]
    stopped = time.monotonic()
    publisher.stop()
    _, eof = subscriber.wait_event(rtmp.STREAM_EOF, 2)
    at, notify = subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    assert max(eof.arrival, notify.arrival) - stopped < 0.5
    frames = [m for m in subscriber.messages[:at] if flv.kind(m)]
    assert frames[-1].payload == last.payload
    player.succeed(5)
    assert player.stderr == ""


def test_the_loss_of_a_publisher_is_told_after_linger(
        rtmpd, clients, media):
    server = rtmpd({"linger": "2s"})
    publisher = clients.run(ff.publish(server.url("live/x"), media("gop4")))
    server.wait_log(r"\bpublish\b.*stream=live/x")
    subscriber = clients.subscriber(server, "live/x")
    player = clients.run(ff.decode(server.url("live/x")))
    first_key(subscriber, 8)
    procs.wait_until(lambda: len(server.titled(r"play live/x")) == 2)
    killed = time.monotonic()
    publisher.kill()
    _, notify = subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 4)
    assert 1.5 < notify.arrival - killed < 3
    subscriber.wait_event(rtmp.STREAM_EOF, 1)
    player.wait(max(killed + 4 - time.monotonic(), 0.5))


@pytest.mark.parametrize("clean", [True, False])
def test_subscribers_stay_when_the_publisher_returns_later(
        clean, rtmpd, clients):
    server = rtmpd({"linger": "500ms"})
    one = clients.publisher(server, "live/x", flv.synthetic(stream=1))
    subscriber = clients.subscriber(server, "live/x")
    first_key(subscriber)
    flowing(subscriber)
    one.stop() if clean else one.drop()
    at, _ = subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    clients.publisher(server, "live/x", flv.synthetic(stream=2))
    cut, _ = subscriber.wait_status(rtmp.PUBLISH_NOTIFY, 3, since=at)
    first_key(subscriber, since=cut)
    flowing(subscriber)
    before, after = split_at(subscriber.messages, cut)
    flv.check_return(before, after)
    flv.follow(before, 1)
    flv.follow(after, 2)
    subscriber.close()


def test_subscribers_notice_little_when_it_returns_within_linger(
        rtmpd, clients):
    server = rtmpd({"linger": "5s"})
    one = clients.publisher(server, "live/x", flv.synthetic(stream=1))
    subscriber = clients.subscriber(server, "live/x")
    first_key(subscriber)
    flowing(subscriber)
    one.drop()
    clients.publisher(server, "live/x", flv.synthetic(stream=2))
    cut, _ = subscriber.wait(
        lambda m: flv.kind(m) == "key" and flv.stamp(m)[0] == 2, 3)
    flowing(subscriber)
    while flv.kind(subscriber.messages[cut - 1]) not in (
            "key", "inter", "audio"):
        cut -= 1
    before, after = split_at(subscriber.messages, cut)
    flv.check_return(before, after)
    flv.follow(before, 1)
    flv.follow(after, 2)
    assert rtmp.UNPUBLISH_NOTIFY not in subscriber.codes()
    subscriber.close()


def test_a_second_publisher_is_refused_and_the_first_undisturbed(
        rtmpd, clients):
    server = rtmpd()
    first = clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    first_key(subscriber)
    for _ in range(3):
        with pytest.raises(rtmp.Refused) as refusal:
            clients.publisher(server, "live/x", flv.synthetic(stream=2))
        assert refusal.value.code == "NetStream.Publish.BadName"
    flowing(subscriber)
    first.check()
    flv.follow(subscriber.messages)
    subscriber.close()


def test_a_silent_publisher_is_taken_over(rtmpd, clients):
    server = rtmpd({"takeover": "1s", "linger": "10s"})
    one = clients.publisher(server, "live/x", flv.synthetic(stream=1))
    subscriber = clients.subscriber(server, "live/x")
    first_key(subscriber)
    flowing(subscriber)
    old = server.process(r"publish live/x")
    one.silence()
    last = one.sent[-1][1]
    procs.wait_until(lambda: time.monotonic() > last + 1.3, 3)
    two = clients.publisher(server, "live/x", flv.synthetic(stream=2))
    procs.wait_until(lambda: not procs.alive(old), 1, "the old process")
    cut, _ = subscriber.wait(
        lambda m: flv.kind(m) == "key" and flv.stamp(m)[0] == 2, 3)
    flowing(subscriber)
    two.check()
    while flv.kind(subscriber.messages[cut - 1]) not in (
            "key", "inter", "audio"):
        cut -= 1
    before, after = split_at(subscriber.messages, cut)
    flv.check_return(before, after)
    flv.follow(after, 2)
    subscriber.close()


def test_a_stopped_publisher_process_can_touch_nothing_when_continued(
        rtmpd, clients):
    server = rtmpd({"takeover": "1s", "linger": "10s"})
    clients.publisher(server, "live/x", flv.synthetic(stream=1))
    subscriber = clients.subscriber(server, "live/x")
    first_key(subscriber)
    old = server.process(r"publish live/x")
    handle = os.pidfd_open(old)
    try:
        os.kill(old, signal.SIGSTOP)
        stopped = time.monotonic()
        procs.wait_until(lambda: time.monotonic() > stopped + 1.3, 3)
        clients.publisher(server, "live/x", flv.synthetic(stream=2))
        try:
            signal.pidfd_send_signal(handle, signal.SIGCONT)
        except ProcessLookupError:
            pass
        procs.wait_until(lambda: not procs.alive(old), 1, "the old process")
    finally:
        os.close(handle)
    cut, _ = subscriber.wait(
        lambda m: flv.kind(m) == "key" and flv.stamp(m)[0] == 2, 3)
    subscriber.wait(lambda m: flv.kind(m) == "key", 3, since=cut + 1)
    tail = [m for m in subscriber.messages[cut:] if flv.kind(m)]
    assert all(flv.stamp(m)[0] == 2 for m in tail
               if flv.kind(m) in ("key", "inter", "audio"))
    late = clients.subscriber(server, "live/x")
    first_key(late)
    flowing(late)
    flv.follow(late.messages, 2)
    subscriber.close()
    late.close()


def new_process(server, make):
    """(what make() returns, the pid of its connection process)."""
    old = set(server.connections())
    made = make()
    fresh = procs.wait_until(
        lambda: set(server.connections()) - old, 3, "a new process")
    assert len(fresh) == 1
    return made, fresh.pop()


def test_killing_one_process_leaves_all_others_alone(rtmpd, clients):
    server = rtmpd({"linger": "1s"})
    _, _ = new_process(server, lambda: clients.publisher(
        server, "live/a", flv.synthetic(stream=1)))
    two, victim = new_process(server, lambda: clients.publisher(
        server, "live/b", flv.synthetic(stream=2)))
    stay = clients.subscriber(server, "live/a")
    told = clients.subscriber(server, "live/b")
    lost, other = new_process(
        server, lambda: clients.subscriber(server, "live/a"))
    for subscriber in (stay, told, lost):
        first_key(subscriber)
    procs.end(other)
    lost.wait_closed(2)
    flowing(stay)
    flowing(told)
    killed = time.monotonic()
    procs.end(victim)
    _, notify = told.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    assert notify.arrival - killed < 2
    two.done.wait(3)
    flowing(stay)
    flv.follow(stay.messages, 1)
    again = clients.publisher(server, "live/b", flv.synthetic(stream=3))
    again.wait_sent(lambda m: flv.kind(m) == "key")
    told.wait(lambda m: flv.kind(m) == "key" and flv.stamp(m)[0] == 3, 3)
    for subscriber in (stay, told):
        subscriber.close()


def test_killing_the_process_of_a_clientless_stream_frees_its_name(
        rtmpd, clients):
    server = rtmpd()
    for stream in range(1, 4):
        _, pid = new_process(server, lambda: clients.publisher(
            server, "live/x", flv.synthetic(stream=stream)))
        procs.end(pid)
        server.wait_connections(0, 2)
