# SPDX-License-Identifier: ISC
"""What the hub counts for the whole relay is what its peers counted."""
import pytest

import flv
import hostile
import procs
import registry
import rtmp
from procs import wait_until
from watch import flowing

UNPUBLISHED = "NetStream.Unpublish.Success"


@pytest.fixture
def look(clients):
    """look(server) is its registry, mapped."""
    return lambda server: clients.add(registry.Registry(server))


def settle(books, want, timeout=4):
    """Wait until the totals are these."""
    def match():
        have = books.totals()
        return all(have[k] == v for k, v in want.items())
    try:
        wait_until(match, timeout)
    except TimeoutError:
        have = books.totals()
        raise AssertionError(
            f"{ {k: (have[k], v) for k, v in want.items() if have[k] != v} }"
            ) from None


def tally(messages):
    """Media messages by kind, as the totals name them."""
    media = [m for m in messages if m.type in (flv.AUDIO, flv.VIDEO)
             or flv.is_metadata(m.type, flv.bare(m.payload))]
    return [sum(m.type == t for m in media)
            for t in (flv.VIDEO, flv.AUDIO, flv.DATA)]


def end_publisher(publisher):
    """Unpublish, and take all that is said about it."""
    publisher.halt()
    client = publisher.client
    client.unpublish(publisher.name)
    client.wait(lambda m: rtmp.status(m) == UNPUBLISHED)
    client.close()
    return client


def test_totals_are_what_all_clients_counted_to_the_end(
        rtmpd, clients, look):
    server = rtmpd()
    books = look(server)
    publisher = clients.publisher(server, "live/x", flv.synthetic(kbps=2000))
    subscribers = [clients.subscriber(server, "live/x") for _ in range(3)]
    for subscriber in subscribers:
        flowing(subscriber, 20)
    publisher.halt()
    sent = [m for m, _ in publisher.sent]
    for subscriber in subscribers:
        subscriber.wait(lambda m: m.payload == sent[-1].payload)
    received = 0
    for subscriber in subscribers:
        received += sum(len(m.payload) for m in subscriber.messages
                        if m.type in (flv.AUDIO, flv.VIDEO) or flv.kind(m))
    books.wait_stream("live/x", lambda s: s.bytes_out == received)
    ends = [end_publisher(publisher)]
    for subscriber in subscribers:
        subscriber.wait_event(rtmp.STREAM_EOF)
        subscriber.close()
        ends.append(subscriber.client)
    out = [tally(s.messages) for s in subscribers]
    video, audio, data = tally(sent)
    settle(books, {
        "connections": 4, "publishes": 1,
        "bytes_received": sum(c.sent for c in ends),
        "bytes_sent": sum(c.received for c in ends),
        "video_in": video, "audio_in": audio, "data_in": data,
        "video_out": sum(o[0] for o in out),
        "audio_out": sum(o[1] for o in out),
        "data_out": sum(o[2] for o in out),
        "joins": 3, "lag_jumps": 0, "handshake_failures": 0,
        "takeovers": 0, "play_refused": 0, "refused_busy": 0,
    })


def test_a_connection_that_publishes_twice_is_counted_once(
        rtmpd, clients, look):
    """Its counters begin anew; its bytes go on."""
    server = rtmpd()
    books = look(server)
    first = clients.publisher(server, "live/x",
                              flv.synthetic(seconds=1), burst=9)
    first.wait_done(5)
    client = first.client
    client.unpublish("x")
    client.wait(lambda m: rtmp.status(m) == UNPUBLISHED)
    client.msids.clear()                # its number is used again
    client.create_stream()
    client.publish("y")
    again = rtmp.Publisher(0, "live/y", flv.synthetic(seconds=1), burst=9,
                           client=client)
    again.wait_done(5)
    end_publisher(again)
    sent = [m for m, _ in first.sent + again.sent]
    video, audio, data = tally(sent)
    settle(books, {"connections": 1, "publishes": 2,
                   "bytes_received": client.sent,
                   "bytes_sent": client.received, "video_in": video,
                   "audio_in": audio, "data_in": data})


def upgrade(server):
    assert server.ctl("upgrade").returncode == 0


def next_hub(server, look, end=lambda s: procs.end(s.hub())):
    """End the hub in this way; the registry of the next one."""
    hub = server.hub()
    end(server)
    wait_until(lambda: [p for p in server.titled("rtmpd: hub") if p != hub],
               5, "the next hub")
    wait_until(lambda: look(server).hub != hub, 3, "its registry")
    return look(server)


def fallen(before, now):
    return {k: (v, now[k]) for k, v in before.items() if now[k] < v}


@pytest.mark.parametrize("end", [lambda s: procs.end(s.hub()), upgrade],
                         ids=["killed", "upgraded"])
def test_totals_go_on_from_hub_to_hub(end, rtmpd, clients, look):
    """Nothing is lost: in the end they are what the peers counted."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic(
        kbps=2000), burst=5)
    subscriber = clients.subscriber(server, "live/x")
    for _ in range(2):
        flowing(subscriber, 40)
        books = look(server)
        stream = books.wait_stream("live/x", lambda s: s.bytes_out > 0)
        before = books.totals(), books.histogram("lag")
        books = next_hub(server, look, end)
        assert not fallen(before[0], books.totals())
        assert sum(books.histogram("lag")[0]) >= sum(before[1][0])
        assert books.histogram("lag")[1] >= before[1][1]
        again = books.wait_stream("live/x", lambda s: s.state ==
                                  registry.LIVE and s.subscribers == 1)
        assert again.bytes_out >= stream.bytes_out
    assert books.restarts == 2
    publisher.halt()
    sent = [m for m, _ in publisher.sent]
    subscriber.wait(lambda m: m.payload == sent[-1].payload)
    ends = [end_publisher(publisher), subscriber.client]
    subscriber.wait_event(rtmp.STREAM_EOF)
    subscriber.close()
    video, audio, data = tally(sent)
    out = tally(subscriber.messages)
    settle(books, {
        "connections": 2, "publishes": 1, "joins": 1, "lag_jumps": 0,
        "bytes_received": sum(c.sent for c in ends),
        "bytes_sent": sum(c.received for c in ends),
        "video_in": video, "audio_in": audio, "data_in": data,
        "video_out": out[0], "audio_out": out[1], "data_out": out[2]})
    assert sum(books.histogram("first_frame")[0]) == 1


def cut(raw):
    return raw[:len(raw) // 2]


def another_version(raw):
    return raw[:6] + b"\x63\0" + raw[8:]


def something_else(raw):
    return bytes(len(raw))


@pytest.mark.parametrize("change", [cut, another_version, something_else])
def test_what_is_no_registry_of_ours_is_not_gone_by(
        change, rtmpd, clients, look, scratch):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic(), burst=5)
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber, 20)
    link = server.run_directory / "registry"
    other = scratch / "other"
    other.write_bytes(change(link.read_bytes()))
    link.unlink()
    link.symlink_to(other)
    since = len(server.lines)
    hub = server.process("rtmpd: hub")
    procs.end(hub)
    server.wait_log(r"\bregistry-ignored reason=\"", since=since)
    server.wait_log(r"\bhub-start ", since=since)
    flowing(subscriber, 20)
    books = look(server)
    assert books.hub != hub
    assert books.totals()["connections"] == 0
    assert other.exists()


def test_how_soon_the_first_frame_comes_is_told_where_it_was_live(
        rtmpd, clients, look):
    server = rtmpd()
    books = look(server)
    early = clients.subscriber(server, "live/x")
    clients.publisher(server, "live/x", flv.synthetic())
    flowing(early)
    late = clients.subscriber(server, "live/x")
    flowing(late)
    wait_until(lambda: sum(books.histogram("first_frame")[0]) == 1, 3)

    def told(subscriber):
        peer = f"127.0.0.1:{subscriber.client.local_port}"
        session, = (s for s in books.sessions() if s.peer == peer)
        return session.first_frame
    wait_until(lambda: told(late) > 0, 3)
    assert told(late) - 1 == books.histogram("first_frame")[1] < 2000
    assert told(early) == 0


def test_lag_is_observed_at_each_report(rtmpd, clients, look):
    server = rtmpd()
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic())
    for _ in range(2):
        flowing(clients.subscriber(server, "live/x"))
    wait_until(lambda: sum(books.histogram("lag")[0]) >= 4, 5)
    buckets, total = books.histogram("lag")
    assert total <= sum(b * n for b, n in zip(
        (*registry.BOUNDS, 60000), buckets))


def test_jumps_are_counted(rtmpd, clients, look):
    server = rtmpd({"max-lag": "500ms"})
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic(kbps=12000, gop=10))
    slow = clients.subscriber(server, "live/x", rcvbuf=4096)
    flowing(slow, 5)
    slow.hold()
    wait_until(lambda: any(s.counters["lag"] > 1000
                           for s in books.sessions()), 8, "it to lag")
    slow.resume()
    stream = books.wait_stream("live/x", lambda s: s.lag_jumps > 0, 8)
    assert books.totals()["lag_jumps"] >= stream.lag_jumps > 0


def test_those_who_never_shook_hands_are_counted(rtmpd, clients, look):
    server = rtmpd()
    books = look(server)
    for data in (b"", b"\x03" + bytes(1536), b"GET / HTTP/1.0\r\n\r\n"):
        sock = hostile.dial(server)
        sock.sendall(data)
        sock.close()
    settle(books, {"connections": 3, "handshake_failures": 3})
    clients.subscriber(server, "live/x").close()
    settle(books, {"connections": 4, "handshake_failures": 3})


def refused(clients, server, stream):
    with pytest.raises(rtmp.Refused):
        clients.publisher(server, stream, flv.synthetic())


@pytest.mark.parametrize("conf,why", [
    ({}, "refused_busy"),
    ({"max-ring-memory": "9M"}, "refused_memory"),
    ({"max-streams": 1}, "refused_limit")])
def test_refusals_are_told_apart(conf, why, rtmpd, clients, look):
    server = rtmpd(conf)
    books = look(server)
    clients.publisher(server, "live/x", flv.synthetic())
    for _ in range(2):
        refused(clients, server,
                "live/x" if why == "refused_busy" else "live/y")
    settle(books, {why: 2, "publishes": 1})
    assert sum(v for k, v in books.totals().items() if "refused" in k) == 2


def test_who_may_not_publish_from_there_is_counted(rtmpd, clients, look):
    server = rtmpd({"allow-publish": '{"192.0.2.0/24"}'})
    books = look(server)
    refused(clients, server, "live/x")
    settle(books, {"refused_address": 1, "publishes": 0})


def test_subscribers_who_were_refused_are_counted(rtmpd, clients, look):
    server = rtmpd({"idle-streams": "off"})
    books = look(server)
    with pytest.raises(rtmp.Refused):
        clients.subscriber(server, "live/x")
    settle(books, {"play_refused": 1, "refused_busy": 0})
