# SPDX-License-Identifier: ISC
"""Peers that mean harm, while a stream goes on beside them (see siege.py)."""
import socket
import struct
import time
from contextlib import closing

import pytest

import amf
import flv
import hostile
import rtmp
from build import SANITIZED
from hostile import (BOMBS, HANDSHAKE, PING, command, connect, control, dial,
                     drain, message, noise, push, reset, start, thrown_out)
from siege import CONF, GAP, peace


# Before the handshake is done

def test_random_bytes(withstood):
    def attack(server):
        for seed in range(20):
            thrown_out(server, noise(5000, seed), handshake=False)
            thrown_out(server, b"\3" + noise(60000, seed), handshake=False)
            thrown_out(server, noise(20000, seed))
    withstood(attack, {"handshake-timeout": "1s", "command-timeout": "1s"})


def test_truncated_handshakes(withstood):
    def attack(server):
        for length in (0, 1, 2, 1000, 1536, 1537, 1538, 3000, 3072, 3073):
            for end in (reset, socket.socket.close):
                sock = dial(server)
                push(sock, HANDSHAKE[:length])
                end(sock)
    withstood(attack)


STRANGERS = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n",
    "RTMPT": b"POST /open/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n\0",
    "TLS": bytes.fromhex("16030100c8010000c40303") + noise(200),
    "RTMPE": b"\6" + noise(1536),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_another_protocol(withstood, name):
    def attack(server):
        for _ in range(10):
            assert thrown_out(server, STRANGERS[name], False) == b""
        server.wait_log(r"disconnect .*reason=handshake detail=\S+")
    withstood(attack)


def test_500_half_open_connections(withstood):
    def attack(server):
        socks = [dial(server) for _ in range(500)]
        for at, sock in enumerate(socks):
            push(sock, HANDSHAKE[:at * 6])
        server.wait_connections(502, 20)
        for sock in socks:
            sock.close()
    withstood(attack, {"handshake-timeout": "1m"})


def test_a_flood_of_connections(withstood):
    def attack(server):
        for at in range(400):
            sock = dial(server)
            if at % 3:
                push(sock, b"not RTMP")
            reset(sock)
    server = withstood(attack, {"max-per-address": 40})
    server.wait_log("log-limited lines=|reason=handshake")


def test_a_flood_of_refused_connections_does_not_flood_the_log(withstood):
    def attack(server):
        held = [dial(server) for _ in range(20)]
        server.wait_log(r"disconnect .*reason=limit detail=max-per-address")
        for _ in range(300):
            dial(server).close()
        for sock in held:
            sock.close()
    server = withstood(attack, {"max-per-address": 12})
    lines = sum("max-per-address" in line for line in server.lines)
    assert lines < 640


# Chunks

def test_one_byte_at_a_time(withstood):
    def attack(server):
        writer = rtmp.chunks.ChunkWriter()
        media = b"".join(
            writer.message(m.type, m.payload, m.ts, 6, 1)
            for m in flv.headers() + [flv.Media(
                flv.VIDEO, 0, flv.video_frame(1, 0, 200, True), 0)])
        since = len(server.lines)
        with closing(dial(server)) as sock:
            for data in (start("publish", "slow"), media):
                for at in range(len(data)):
                    sock.sendall(data[at:at + 1])
                # what comes before it is granted is not the stream's
                server.wait_log(r"\bpublish stream=evil/slow", 5, since)
            player = rtmp.open_subscriber(server.port, "evil/slow")
            with closing(player):
                player.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    withstood(attack)


def test_16_megabytes_announced_on_200_chunk_streams(withstood):
    def attack(server):
        data = b"".join(
            bytes([csid, 0, 0, 0, 255, 255, 255, 9, 1, 0, 0, 0]) + bytes(128)
            for csid in range(3, 64)) + b"".join(
            bytes([0, csid - 64, 0, 0, 0, 255, 255, 255, 9, 1, 0, 0, 0])
            + bytes(128) for csid in range(64, 203))
        with closing(dial(server)) as sock:
            push(sock, start("publish", "big") + data)
            pid = server.process(r"publish evil/big")
            assert hostile.memory(pid) < 4 << 20 or SANITIZED
    withstood(attack)


def test_unfinished_messages_that_fill_16_megabytes(withstood):
    def attack(server):
        piece = bytes(1 << 20)
        data = HANDSHAKE + control(rtmp.SET_CHUNK_SIZE, 1 << 20)
        with closing(dial(server)) as sock:
            push(sock, data)
            for csid in range(3, 24):
                if not push(sock, bytes([csid, 0, 0, 0, 255, 255, 255, 9,
                                         1, 0, 0, 0]) + piece):
                    break
            drain(sock)
        server.wait_log(r"disconnect .*reason=limit detail=max-partial")
    withstood(attack)


@pytest.mark.parametrize("size", [0, 0x80000000, 0xffffffff])
def test_a_chunk_size_that_is_none(withstood, size):
    def attack(server):
        thrown_out(server, connect() + control(rtmp.SET_CHUNK_SIZE, size)
                   + noise(1000))
        server.wait_log(r"disconnect .*reason=protocol detail=chunk\S*size")
    withstood(attack)


def test_the_largest_and_the_smallest_chunk_size(withstood):
    def attack(server):
        for size in (1, 0x7fffffff):
            client = rtmp.Client(server.port)
            with closing(client):
                client.send(rtmp.SET_CHUNK_SIZE, struct.pack(">I", size),
                            csid=2)
                client.writer.size = size
                client.connect("evil")
                client.create_stream()
                client.publish("size")
                for media in flv.headers():
                    client.send_media(media)
    withstood(attack)


def test_a_flood_of_chunk_stream_ids(withstood):
    def attack(server):
        data = b"".join(b"\1" + struct.pack("<H", csid) + bytes(3)
                        + b"\0\0\1\x09\1\0\0\0\0" for csid in range(65536))
        thrown_out(server, data)
        server.wait_log(r"reason=limit detail=max-chunk-streams")
    withstood(attack)


def test_messages_of_no_use(withstood):
    """Acknowledgements, aborts, unknown types and empty ones, unread."""
    def attack(server):
        useless = b"".join(
            [control(kind, value) for kind in (2, 3, 5, 6)
             for value in (0, 1, 6, 65599, 0xffffffff)]
            + [message(kind, noise(kind), 2 + kind % 50)
               for kind in range(7, 256) if kind not in (17, 20)]
            + [message(kind, b"", 2) for kind in (3, 4, 5, 6, 15, 16, 22)]
            + [message(rtmp.USER, struct.pack(">H", event) + bytes(8), 2)
               for event in range(40)])
        with closing(dial(server)) as sock:
            push(sock, HANDSHAKE + connect())
            for _ in range(20):
                push(sock, useless)
    withstood(attack)


# Commands

@pytest.mark.parametrize("name", BOMBS)
def test_an_amf_bomb(withstood, name):
    def attack(server):
        body = amf.encode("connect", 1) + BOMBS[name]
        thrown_out(server, message(rtmp.COMMAND, body[:65536]))
        thrown_out(server, message(17, b"\0" + body[:65535]))
        for verb in ("publish", "deleteStream", "pause", "play2", "evil"):
            body = amf.encode(verb, 5, None) + BOMBS[name]
            with closing(dial(server)) as sock:
                push(sock, HANDSHAKE + connect()
                     + command("createStream", 2, None)
                     + message(rtmp.COMMAND, body[:65536], msid=1)
                     + message(rtmp.COMMAND, b"no command at all"))
                drain(sock)
    withstood(attack)


def test_huge_names(withstood):
    def attack(server):
        for size in (513, 5000, 60000):
            thrown_out(server, connect("a" * size))
            for verb in ("publish", "play"):
                answer = thrown_out(server, start(verb, "n" * size),
                                    handshake=False)
                assert b"BadName" in answer or b"Play.Failed" in answer
            with closing(dial(server)) as sock:
                push(sock, HANDSHAKE + connect() + b"".join(
                    command(verb, 2, None, "n" * size) for verb in
                    ("releaseStream", "FCPublish", "FCUnpublish",
                     "FCSubscribe", "getStreamLength", "x" * size)))
    withstood(attack, {"command-timeout": "1s"})


def test_a_flood_of_commands(withstood):
    def attack(server):
        for name in ("createStream", "deleteStream", "FCPublish", "nonsense",
                     "_checkbw", "connect", "seek", "pause"):
            thrown_out(server, connect() + command(name, 2, None, "x") * 5000)
        server.wait_log(r"disconnect .*reason=limit detail=max-commands")
        server.wait_log(r"disconnect .*reason=limit "
                        r"detail=max-message-streams")
    withstood(attack)


def test_publish_and_play_over_and_over(withstood):
    def attack(server):
        with closing(dial(server)) as sock:
            push(sock, HANDSHAKE + connect()
                 + command("createStream", 2, None)
                 + b"".join(command(verb, 3, None, f"name{at}", msid=1)
                            + command("closeStream", 0, None, msid=1)
                            for at in range(20)
                            for verb in ("publish", "play"))
                 + command("nonsense", 4, None) * 100)
            drain(sock)
    withstood(attack)


@pytest.mark.parametrize("limit,pings", [("max-pings", 100),
                                         ("max-queue", 1000000)])
def test_a_flood_of_pings_whose_answers_nobody_reads(withstood, limit, pings):
    def attack(server):
        with closing(dial(server, 4096)) as sock:
            push(sock, HANDSHAKE + connect())
            for _ in range(200):
                if not push(sock, PING * 3000):
                    break
            server.wait_connections(2, 10)
        server.wait_log(rf"disconnect .*reason=limit detail={limit}")
    withstood(attack, {"max-pings": pings})


# The whole relay

def test_subscribers_of_invented_streams_leave_room_for_publishers(
        rtmpd, clients):
    server = rtmpd({"max-streams": 6})
    for name in ("a", "b", "c"):
        clients.add(rtmp.open_subscriber(server.port, f"evil/{name}"))
    with pytest.raises(rtmp.Refused) as refusal:
        rtmp.open_subscriber(server.port, "evil/d")
    assert refusal.value.code == "NetStream.Play.Failed"
    server.wait_log(r"disconnect .*reason=limit detail=max-streams")
    for name in ("x", "y", "z"):
        clients.add(rtmp.open_publisher(server.port, f"live/{name}"))
    clients.add(rtmp.open_subscriber(server.port, "live/x"))


def test_message_streams_of_a_few_leave_room_for_connections(rtmpd, clients):
    server = rtmpd({"max-connections": 8})
    client = clients.add(rtmp.Client(server.port))
    client.connect("evil")
    for at in range(8):
        client.create_stream()
        client.play(f"s{at}")
    other = clients.add(rtmp.Client(server.port))
    other.connect("evil")
    with pytest.raises((rtmp.Refused, rtmp.Closed)):
        for at in range(8):
            other.create_stream()
            other.play(f"t{at}")
    server.wait_log(r"disconnect .*reason=limit detail=max-connections")
    server.wait_connections(1)
    for at in range(7):
        clients.add(rtmp.open_subscriber(server.port, f"live/{at}"))
    server.wait_connections(8)


@pytest.mark.long
def test_everything_at_once_for_a_minute(rtmpd):
    """A publisher and a subscriber beside all of the above, in turns."""
    server = rtmpd({**CONF, "handshake-timeout": "2s",
                    "command-timeout": "2s"})
    everything = [
        lambda: thrown_out(server, noise(5000), handshake=False),
        lambda: thrown_out(server, noise(50000)),
        lambda: thrown_out(server, connect() + PING * 20000),
        lambda: thrown_out(server, connect()
                           + command("nonsense", 2, None) * 5000),
        lambda: thrown_out(server, message(
            rtmp.COMMAND, amf.encode("connect", 1) + BOMBS["arrays"])),
        lambda: [dial(server).close() for _ in range(50)],
        lambda: [reset(dial(server)) for _ in range(50)],
    ]
    with peace(server) as calm:
        calm.mark()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for attack in everything:
                attack()
        server.wait_connections(2, 10)
        assert calm.report()["gap"] < GAP
