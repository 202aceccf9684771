# SPDX-License-Identifier: ISC
"""Peers that mean harm, while a stream goes on beside them.

Each attack is run twice. What it makes once, the first run makes; after the
second, processes, descriptors and memory are what they were before it, no
process has died of a signal, and the stream beside had no gap."""
import os
import socket
import struct
from contextlib import closing, contextmanager

import pytest

import amf
import flv
import hostile
import procs
import rtmp
from bystander import Bystander
from hostile import (HANDSHAKE, PING, command, connect, control, dial, drain,
                     message, noise, push, reset, start, thrown_out)

GAP = 0.2
CONF = {"ring": "256K", "linger": "100ms"}
CODED = bytes.fromhex("17010000000000000565") + bytes(40)


@contextmanager
def peace(server):
    """Whatever happens inside, the bystander does not notice."""
    calm = Bystander(server.port)
    try:
        yield
        procs.wait_until(lambda: calm.report()["frames"] > 20, 5, "frames")
        told = calm.report()
    finally:
        calm.close()
    assert not told["closed"]
    assert told["gap"] < GAP, f"a gap of {told['gap'] * 1000:.0f} ms"
    assert "connection-died" not in server.log()


def last_lines(server):
    lines = [n for n in server.lines if " codec " not in n]
    return "\n".join(lines[-30:])


def alone_again(server):
    """Wait until only the bystander's two connections are left."""
    try:
        rtmp.Client(server.port).close()    # behind all that wait in line
    except (OSError, rtmp.Closed):
        pass
    try:
        server.wait_connections(2, 10)
    except TimeoutError:
        titles = [procs.title(p) for p in server.connections()]
        raise AssertionError(f"{titles}\n{last_lines(server)}") from None


@pytest.fixture
def withstood(rtmpd):
    """withstood(attack, conf) runs attack(server) twice and judges."""
    def run(attack, conf=None):
        env = dict(os.environ)
        if hostile.SANITIZED:       # it would keep what was freed
            env["ASAN_OPTIONS"] = ":".join([
                env.get("ASAN_OPTIONS", ""), "quarantine_size_mb=0",
                "thread_local_quarantine_size_kb=0"]).strip(":")
        server = rtmpd({**CONF, **(conf or {})}, env=env)
        with peace(server):
            server.wait_connections(2)
            attack(server)
            alone_again(server)
            before = hostile.settled(server)
            attack(server)
            alone_again(server)
            last = []

            def back():
                last[:] = [hostile.look(server)]
                return last[0].back(before)
            try:
                procs.wait_until(back, 5, step=0.1)
            except TimeoutError:
                raise AssertionError(f"{before} became {last[0]}") from None
        return server
    return run


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
        for _ in range(300):
            dial(server).close()
        for sock in held:
            sock.close()
    server = withstood(attack, {"max-per-address": 12})
    server.wait_log(r"disconnect .*reason=limit detail=max-per-address")
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
        with closing(dial(server)) as sock:
            for data in (start("publish", "slow"), media):
                for at in range(len(data)):
                    sock.sendall(data[at:at + 1])
                server.process("publish evil/slow")
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
            assert hostile._memory(pid) < 4 << 20 or hostile.SANITIZED
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

BOMBS = {
    "objects": b"\3\0\1a" * 20000,
    "arrays": b"\x0a\0\0\0\1" * 12000,
    "ECMA arrays": b"\x08\0\0\0\1\0\1a" * 8000,
    "typed objects": b"\x10\0\1A\0\1a" * 8000,
    "AMF3 arrays": b"\x11" + b"\x09\3\1" * 20000,
    "AMF3 objects": b"\x11" + b"\x0a\x0b\1\3a" * 12000,
    "a huge strict array": b"\x0a\xff\xff\xff\xff" + b"\5" * 60000,
    "a huge ECMA array": b"\x08\xff\xff\xff\xff" + b"\0\1a\5" * 15000,
    "a huge string": b"\x0c\xff\xff\xff\xff" + b"x" * 60000,
    "a huge AMF3 string": b"\x11\6\xff\xff\xff\xff" + b"x" * 60000,
    "a huge AMF3 array": b"\x11\x09\xff\xff\xff\xff\1" + b"\1" * 60000,
    "endless keys": b"\3" + b"\0\1a\5" * 16000,
    "a reference": b"\7\0\0" * 20000,
}


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
    withstood(attack)


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


# Media

@contextmanager
def publishing(server, name="media"):
    """A hostile publisher with a subscriber; both must survive."""
    client = rtmp.open_publisher(server.port, "evil/" + name)
    with closing(client):
        player = rtmp.open_subscriber(server.port, "evil/" + name)
        with closing(player):
            yield client, player
            for media in flv.headers() + [flv.Media(
                    flv.VIDEO, 0, flv.video_frame(1, 0, 200, True), 0)]:
                client.send_media(media)
            try:
                player.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
            except (rtmp.Closed, TimeoutError) as err:
                raise AssertionError(f"{err!r}\n" + last_lines(server)
                                     ) from None
        client.unpublish(name)


@pytest.mark.parametrize("length", [0, 1])
def test_audio_and_video_of_so_many_bytes(withstood, length):
    def attack(server):
        with publishing(server) as (client, player):
            for first in range(256 if length else 1):
                for kind in (rtmp.AUDIO, rtmp.VIDEO):
                    client.send(kind, bytes([first] * length), first,
                                msid=client.msid)
            player.wait(lambda m: m.type == rtmp.VIDEO
                        and len(m.payload) == length)
    withstood(attack)


def test_malformed_multitrack_and_modex(withstood):
    heads = [bytes([first, second]) + fourcc + rest
             for first in (0x96, 0x97, 0x86, 0xa6, 0x95, 0x9f, 0xd6)
             for second in (0x00, 0x10, 0x11, 0x20, 0x21, 0x30, 0x66, 0xff)
             for fourcc in (b"", b"hvc1", b"av01"[:2])
             for rest in (b"", b"\0", b"\0\xff\xff\xff", b"\1\0\0\0\2\0\0\0",
                          b"\5\0\0\4abcd\6\0\1\0x", b"\xff" * 300)]

    def attack(server):
        with publishing(server) as (client, _):
            for at, head in enumerate(heads):
                for kind in (rtmp.AUDIO, rtmp.VIDEO):
                    client.send(kind, head, at, msid=client.msid)
            client.send(rtmp.VIDEO, b"\x96\x10hvc1" + b"\1\0\0\0" * 10000, 0,
                        msid=client.msid)
            client.pump()
    withstood(attack)


def test_more_tracks_and_headers_than_anyone_has(withstood):
    """The log names some of them; headers in all stay bounded."""
    def attack(server):
        with publishing(server) as (client, _):
            for at in range(2000):
                client.send(rtmp.VIDEO, b"\x96\x00hvc1" + bytes([at & 255])
                            + noise(20, at), at, msid=client.msid)
                client.send(rtmp.AUDIO, bytes([at % 16 << 4]) + CODED[:20],
                            at, msid=client.msid)
            client.pump()
    server = withstood(attack)
    lines = sum(" codec " in n or "config-not-kept" in n
                for n in server.lines)
    assert lines < 600, f"{lines} lines of one peer's making"


def test_metadata_bombs(withstood):
    name = amf.encode("@setDataFrame", "onMetaData")

    def attack(server):
        with publishing(server) as (client, _):
            for bomb in BOMBS.values():
                client.send(rtmp.DATA, name + bomb[:50000], csid=5,
                            msid=client.msid)
                client.send(15, b"\0" + name + bomb[:50000], csid=5,
                            msid=client.msid)
                client.send(rtmp.DATA, bomb[:50000], csid=5,
                            msid=client.msid)
            for at in range(500):
                client.send(rtmp.DATA, name + b"\3\0\1a\0" + noise(8, at)
                            + b"\0\0\x09", csid=5, msid=client.msid)
            for body in (b"", b"\2", b"\2\0\x0aonMetaData", name[:16],
                         b"\x0c\0\0\0\x0aonMetaData\3", name + b"\3"):
                client.send(rtmp.DATA, body, csid=5, msid=client.msid)
            client.send(rtmp.DATA, amf.encode("@clearDataFrame",
                                              "onMetaData"),
                        csid=5, msid=client.msid)
    # what passes is what was sent: the subscriber here reads no AMF
    class Blind(rtmp.Client):
        def _react(self, message):
            if message.type != rtmp.DATA:
                super()._react(message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rtmp, "Client", Blind)
        withstood(attack, {"ring": "512K"})


def test_malformed_aggregates(withstood):
    tag = b"\x09" + b"\0\0\5" + bytes(7) + CODED[:5] + b"\0\0\0\x10"

    def attack(server):
        with publishing(server) as (client, _):
            for body in (b"", b"\x09", tag[:-1], tag[:14], tag * 500,
                         b"\x16" + tag[1:], b"\x09\xff\xff\xff" + tag[4:],
                         (b"\x16\0\0\0" + bytes(11)) * 3000,
                         (b"\x08\0\0\0" + bytes(11)) * 4000):
                client.send(rtmp.AGGREGATE, body, msid=client.msid)
    withstood(attack)


def test_timestamps_that_leap(withstood):
    def attack(server):
        with publishing(server) as (client, _):
            for at in range(500):
                client.send(rtmp.VIDEO, CODED, at * 0x7fff1234 & 0xffffffff,
                            msid=client.msid, fmt=0)
    withstood(attack)


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
    with peace(server):
        for _ in range(60):
            for attack in everything:
                attack()
        server.wait_connections(2, 10)
