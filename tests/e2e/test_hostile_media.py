# SPDX-License-Identifier: ISC
"""Publishers that mean harm, while a stream goes on beside them."""
from contextlib import closing, contextmanager

import pytest

import amf
import flv
import rtmp
from hostile import BOMBS, noise
from siege import last_lines

CODED = bytes.fromhex("17010000000000000565") + bytes(40)

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
        # a ring for all of it: who is lapped amid a send is disconnected
        withstood(attack, {"ring": "8M"})


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
