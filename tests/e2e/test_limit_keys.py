# SPDX-License-Identifier: ISC
"""Every key that limits a peer: enforced, and named in the log.

What does not pass a limit is tested beside it where a mistake would be easy:
the limit itself is allowed. max-ring-memory is in test_limits.py."""
import struct
from contextlib import closing

import pytest

import amf
import flv
import hostile
import rtmp
from hostile import (HANDSHAKE, PING, command, connect, control, dial, drain,
                     message, push, start)
from server import free_port

USELESS = message(99, b"", 5)           # of an unknown type, and empty


def named(server, reason, key):
    server.wait_log(rf"\bdisconnect\b.* reason={reason} detail={key}\b", 10)


def closed(server, data, handshake=True):
    return hostile.thrown_out(server, data, handshake)


# Times

@pytest.mark.parametrize("sent", [0, 1, 1000, 1537, 3072])
def test_handshake_timeout(rtmpd, sent):
    server = rtmpd({"handshake-timeout": "300ms"})
    closed(server, HANDSHAKE[:sent], handshake=False)
    named(server, "timeout", "handshake-timeout")


def test_handshake_timeout_is_not_put_off_by_a_trickle(rtmpd):
    server = rtmpd({"handshake-timeout": "500ms"})
    with closing(dial(server)) as sock:
        sock.settimeout(0.05)
        for at in range(100):
            if not push(sock, HANDSHAKE[at:at + 1]):
                break
            try:
                if sock.recv(1) == b"":
                    break
            except TimeoutError:
                pass
        else:
            raise AssertionError("5 s of a handshake")
    named(server, "timeout", "handshake-timeout")


@pytest.mark.parametrize("data", [b"", connect(), connect() + command(
    "createStream", 2, None)], ids=["handshake", "connect", "createStream"])
def test_command_timeout(rtmpd, data):
    server = rtmpd({"command-timeout": "300ms"})
    closed(server, data)
    named(server, "timeout", "command-timeout")


def test_publish_timeout(rtmpd):
    server = rtmpd({"publish-timeout": "300ms"})
    closed(server, start("publish", "x"), handshake=False)
    named(server, "timeout", "publish-timeout")


def test_publish_timeout_is_not_put_off_by_half_a_message(rtmpd, clients):
    server = rtmpd({"publish-timeout": "500ms"})
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    data = client.writer.message(flv.VIDEO, bytes(5000), 0, 6, client.msid)
    client.sock.settimeout(0.05)
    for at in range(100):
        if not push(client.sock, data[at:at + 1]):
            break
        try:
            if client.sock.recv(1) == b"":
                break
        except TimeoutError:
            pass
    named(server, "timeout", "publish-timeout")


def test_send_timeout(rtmpd, clients):
    server = rtmpd({"send-timeout": "500ms"})
    clients.publisher(server, "live/x", flv.synthetic(kbps=20000), burst=1)
    slow = clients.subscriber(server, "live/x", rcvbuf=4096)
    slow.hold()
    named(server, "timeout", "send-timeout")


def test_ping_timeout(rtmpd, clients):
    server = rtmpd({"ping-interval": "200ms", "ping-timeout": "300ms"})
    client = clients.add(rtmp.open_subscriber(server.port, "live/none",
                                              pongs=False, acks=False))
    client.wait(lambda m: (rtmp.user_event(m) or (0,))[0] == rtmp.PING, 5)
    named(server, "timeout", "ping-timeout")


def test_who_answers_pings_stays(rtmpd, clients):
    server = rtmpd({"ping-interval": "200ms", "ping-timeout": "300ms"})
    client = clients.add(rtmp.open_subscriber(server.port, "live/none"))
    for _ in range(4):
        client.wait(lambda m: (rtmp.user_event(m) or (0,))[0] == rtmp.PING)
    assert "ping-timeout" not in server.log()


# Connections and streams

def test_max_connections(rtmpd, clients):
    server = rtmpd({"max-connections": 2})
    for _ in range(2):
        clients.add(rtmp.open_subscriber(server.port, "live/none"))
    assert closed(server, b"") == b""
    server.wait_log(r"\bconnection-refused\b.* limit=max-connections\b")


def test_max_per_address(rtmpd, clients):
    server = rtmpd({"max-per-address": 2})
    for _ in range(2):
        clients.add(rtmp.open_subscriber(server.port, "live/none"))
    assert closed(server, b"") == b""
    named(server, "limit", "max-per-address")


def test_max_streams(rtmpd, clients):
    server = rtmpd({"max-streams": 1})
    clients.add(rtmp.open_publisher(server.port, "live/x"))
    with pytest.raises(rtmp.Refused) as refusal:
        rtmp.open_publisher(server.port, "live/y")
    assert refusal.value.code == "NetStream.Publish.Denied"
    named(server, "limit", "max-streams")


def test_max_message_streams(rtmpd, clients):
    server = rtmpd({"max-message-streams": 2})
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    client.create_stream()
    client.create_stream()
    with pytest.raises(rtmp.Refused) as refusal:
        client.create_stream()
    assert refusal.value.code == "NetConnection.Call.Failed"
    assert "max-message-streams" in str(refusal.value)
    client.wait_closed()
    named(server, "limit", "max-message-streams")


def test_a_message_stream_that_is_deleted_counts_no_more(rtmpd, clients):
    server = rtmpd({"max-message-streams": 1})
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    for _ in range(5):
        client.call("deleteStream", None, client.create_stream())
        client.msids.clear()


# Messages

def announced(length, csid=6, sent=0):
    return (bytes([csid, 0, 0, 0]) + length.to_bytes(3, "big")
            + b"\x09\1\0\0\0" + bytes(sent))


def test_max_message(rtmpd):
    server = rtmpd({"max-message": "64K"})
    closed(server, connect() + announced(65537))
    named(server, "limit", "max-message")


def test_max_partial(rtmpd):
    server = rtmpd({"max-partial": "64K"})
    big = control(rtmp.SET_CHUNK_SIZE, 40000)
    closed(server, big + announced(60000, 6, 40000)
           + announced(60000, 7, 40000))
    named(server, "limit", "max-partial")


def test_max_chunk_streams(rtmpd, clients):
    server = rtmpd({"max-chunk-streams": 20})
    client = clients.add(rtmp.Client(server.port))
    client.connect()                    # 3, and 2 for its acknowledgements
    for csid in range(5, 23):
        client.send(flv.VIDEO, b"", csid=csid)
    client.create_stream()
    client.send(flv.VIDEO, b"", csid=23)
    client.send(flv.VIDEO, b"", csid=24)
    client.send(flv.VIDEO, b"", csid=25)
    client.wait_closed()
    named(server, "limit", "max-chunk-streams")


def test_max_command(rtmpd, clients):
    server = rtmpd({"max-command": "2K"})
    fits = amf.encode("nonsense", 9, None)
    fits += b"\x0c" + struct.pack(">I", 2048 - len(fits) - 5)
    fits += b"x" * (2048 - len(fits))
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    client.send(rtmp.COMMAND, fits)
    client.wait(lambda m: rtmp.command(m)[:2] == ["_error", 9])
    client.send(rtmp.COMMAND, fits + b"\5")
    client.wait_closed()
    named(server, "limit", "max-command")


def test_max_amf_depth(rtmpd, clients):
    server = rtmpd({"max-amf-depth": 4})
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    nested = {"a": [{"b": [1]}]}
    client.call("nonsense", None, nested)
    client.create_stream()
    txn = client.call("nonsense", None, {"a": nested})
    with pytest.raises(rtmp.Refused) as refusal:
        client.result(txn)
    assert "max-amf-depth" in str(refusal.value)
    client.wait_closed()
    named(server, "limit", "max-amf-depth")


def test_max_commands(rtmpd):
    server = rtmpd({"max-commands": 16})
    answer = closed(server, connect() + command("nonsense", 2, None) * 15
                    + command("nonsense", 7, None))
    assert answer.count(b"_error") == 16
    assert answer.count(b"max-commands") == 1
    named(server, "limit", "max-commands")


def test_max_pings(rtmpd):
    server = rtmpd({"max-pings": 10})
    with closing(dial(server)) as sock:
        push(sock, HANDSHAKE + connect() + PING * 11)
        answer = drain(sock)
    assert answer.count(struct.pack(">HI", 7, 0)) >= 10
    named(server, "limit", "max-pings")


def test_max_queue(rtmpd):
    server = rtmpd({"max-queue": "4K", "max-pings": 1000000})
    with closing(dial(server, 4096)) as sock:
        push(sock, HANDSHAKE + connect())
        while push(sock, PING * 3000):
            pass
    named(server, "limit", "max-queue")


def test_who_reads_its_answers_late_but_reads_them_stays(rtmpd, clients):
    """Issue: who never caught up was closed however much it read. Cause:
    answers counted until the queue was empty. Trigger: a busy connection."""
    server = rtmpd({"max-queue": "4K", "max-pings": 1000000})
    client = clients.add(rtmp.Client(server.port, acks=False))
    client.connect()
    for _ in range(100):
        client.sock.sendall(PING * 100)
        for _ in range(100):
            client.wait(lambda m: (rtmp.user_event(m) or (0,))[0] == 7)
    assert "max-queue" not in server.log()


# Processor time

def test_cpu_limit(rtmpd):
    """Messages of one byte each, of a type that nobody knows."""
    server = rtmpd({"cpu-limit": "1s"})
    with closing(dial(server)) as sock:
        push(sock, HANDSHAKE + connect() + USELESS)
        flood = bytes([0xc0 | 5]) * (1 << 20)
        for _ in range(2000):
            if not push(sock, flood):
                break
        drain(sock)
    named(server, "limit", "cpu-limit")


def test_cpu_limit_ends_with_publish(rtmpd, clients):
    server = rtmpd({"cpu-limit": "1s"})
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    pid = server.process("publish live/x")
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        cpu = [n.split()[3] for n in file if n.startswith("Max cpu time")]
    assert cpu == ["unlimited"]
    client.send_media(flv.headers()[0])


# Who may

@pytest.mark.parametrize("key,opener,code", [
    ("allow-publish", rtmp.open_publisher, "NetStream.Publish.Denied"),
    ("allow-play", rtmp.open_subscriber, "NetStream.Play.Failed"),
])
def test_who_is_not_on_the_list_is_refused(rtmpd, clients, key, opener, code):
    server = rtmpd({key: "{ 192.0.2.0/24, ::1 }"})
    with pytest.raises(rtmp.Refused) as refusal:
        opener(server.port, "live/x")
    assert refusal.value.code == code
    role = key.removeprefix("allow-")
    server.wait_log(rf"\brefused stream=live/x .*role={role} "
                    rf"reason=denied detail={key}\b")
    named(server, "limit", key)
    other = {rtmp.open_publisher: rtmp.open_subscriber,
             rtmp.open_subscriber: rtmp.open_publisher}[opener]
    clients.add(other(server.port, "live/x"))


@pytest.mark.parametrize("listed", ["127.0.0.1", "127.0.0.0/8",
                                    "{ 192.0.2.1, 0.0.0.0/0 }"])
def test_who_is_on_the_list_may(rtmpd, clients, listed):
    server = rtmpd({"allow-publish": listed, "allow-play": listed})
    clients.add(rtmp.open_publisher(server.port, "live/x"))
    clients.add(rtmp.open_subscriber(server.port, "live/x"))


def test_ipv6_and_ipv4_are_judged_each_by_its_own(rtmpd, clients):
    try:
        free_port("::1")
    except OSError:
        pytest.skip("no IPv6 here")
    server = rtmpd({"allow-publish": "::1", "allow-play": "0.0.0.0/0"},
                   listen=["[::1]:PORT", "127.0.0.1:PORT"])
    clients.add(rtmp.open_publisher(server.port, "live/x", host="::1"))
    clients.add(rtmp.open_subscriber(server.port, "live/x"))
    with pytest.raises(rtmp.Refused):
        rtmp.open_publisher(server.port, "live/y")
    with pytest.raises(rtmp.Refused):
        rtmp.open_subscriber(server.port, "live/x", host="::1")
