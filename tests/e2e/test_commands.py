# SPDX-License-Identifier: ISC
"""Every command that clients send, every data message, control messages."""
import itertools
import struct
import time

import pytest

import amf
import flv
import procs
import rtmp
from watch import no_gap

START = "NetStream.Play.Start"
PAUSED, UNPAUSED = "NetStream.Pause.Notify", "NetStream.Unpause.Notify"
SEEKED = "NetStream.Seek.Notify"
FRAMES = ("key", "inter", "audio")


def source(gop=10, **how):
    return flv.synthetic(gop=gop, kbps=300, **how)


def connected(server, clients, app="live", **how):
    """A client that has connected and has no stream yet."""
    client = clients.add(rtmp.Client(server.port, **how))
    client.connect(app)
    return client


def alive(client):
    """The connection still answers."""
    client.send(rtmp.USER, struct.pack(">HI", rtmp.PING, 77), csid=2)
    client.wait(lambda m: rtmp.user_event(m) == (rtmp.PONG, 77), 3,
                "a pong")


def is_key(message):
    return flv.kind(message) == "key"


def is_frame(message):
    return flv.kind(message) in FRAMES


def info_of(message):
    return rtmp.command(message)[3]


class Player(rtmp.Subscriber):
    """A subscriber that can send commands while it plays."""

    def call(self, name, *args, **how):
        """Send a command on its stream; its transaction number."""
        how.setdefault("msid", self.client.msid)
        return self.client.call(name, *args, **how)

    def answer(self, txn):
        """(name, values) of the answer to a call."""
        _, message = self.wait(lambda m: rtmp.answers(m, txn), 3,
                               f"an answer to {txn}")
        values = rtmp.command(message)
        return values[0], values[2:]

    def flowing(self, kinds=("key", "inter")):
        self.wait(lambda m: flv.kind(m) in kinds, 3, str(kinds),
                  since=len(self.messages))

    def frames(self, since=0, stop=None):
        return [m for m in self.messages[since:stop] if is_frame(m)]


@pytest.fixture
def player(clients):
    """player(server, stream) plays; player(client=…) what a client does."""
    def make(server=None, stream="live/x", client=None):
        return clients.add(Player(server and server.port, stream, client))
    return make


# AMF3

def send3(client, name, *args, msid=0, csid=3):
    """A command of type 17: a format byte, then AMF0 as called."""
    client._txn += 1
    client.send(rtmp.COMMAND3, b"\0" + amf.encode(name, client._txn, *args),
                csid=csid, msid=msid)
    return client._txn


@pytest.mark.parametrize("wrap", [lambda v: v, amf.Amf3],
                         ids=["AMF0 in it", "AMF3 in it"])
def test_commands_of_type_17_publish_and_play(wrap, rtmpd, clients, player):
    """Flash sends the object of connect in AMF0 whatever comes later."""
    server = rtmpd()
    made = []
    for role in ("publish", "play"):
        client = clients.add(rtmp.Client(server.port))
        reply = client.result(send3(client, "connect", {
            "app": "live", "tcUrl": "rtmp://127.0.0.1/live",
            "flashVer": "WIN 32,0,0,465", "objectEncoding": 3}))
        assert reply[1]["code"] == "NetConnection.Connect.Success"
        reply = client.result(send3(client, "createStream", wrap(None)))
        client.msid = int(reply[1])
        client.msids.add(client.msid)
        send3(client, role, wrap(None), wrap("x"), wrap(-2000)
              if role == "play" else wrap("live"), msid=client.msid, csid=8)
        made.append(client)
        client._stream_status(f"NetStream.{role.title()}.Start", 3)
    clients.publisher(server, "live/x", source(), client=made[0])
    playing = player(client=made[1])
    playing.flowing()
    send3(made[1], "pause", wrap(None), wrap(True), wrap(1000),
          msid=made[1].msid)
    playing.wait_status(PAUSED)
    playing.close()


def test_data_messages_of_type_15_reach_every_player(rtmpd, clients, player):
    server = rtmpd()
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    early = player(server)
    bodies = [amf.encode("@setDataFrame", "onMetaData",
                         amf.Ecma(width=640, note="plain")),
              amf.encode("onCuePoint", {"name": "here", "time": 1}),
              amf.encode("onTextData", amf.Amf3({"text": "hello"}))]
    for ts, body in enumerate(bodies):
        client.send(rtmp.DATA3, b"\0" + body, ts, 5, client.msid)
    for media in flv.headers()[1:]:
        client.send_media(media)
    client.send_media(flv.Media(flv.VIDEO, 9, flv.video_frame(
        1, 0, 500, True), 0))
    early.wait(is_key)
    data = [m for m in early.messages if m.type == rtmp.DATA
            and b"SampleAccess" not in m.payload]
    assert [m.payload for m in data] == [flv.bare(b) for b in bodies]
    late = player(server)
    at, _ = late.wait(is_key)
    assert flv.bare(bodies[0]) in [m.payload for m in late.messages[:at]]


# Play

def test_play_is_answered_in_the_order_that_clients_know(
        rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", source())
    clients.subscriber(server, "live/x").wait(is_key)
    client = connected(server, clients)
    client.create_stream()
    client.call("play", None, "x", -2000, msid=client.msid, csid=8)
    seen = []
    while not seen or seen[-1] != "key":
        message = client.recv()
        seen.append(rtmp.status(message) or flv.kind(message)
                    or rtmp.user_event(message) or rtmp.command(message)[0])
    assert seen[:5] == [(rtmp.STREAM_BEGIN, client.msid),
                        "NetStream.Play.Reset", START,
                        "|RtmpSampleAccess", "metadata"]
    assert sorted(seen[5:]) == ["aac-header", "avc-header", "key"]


@pytest.mark.parametrize("args", [
    (), (-2,), (-1,), (-2000,), (-1000,), (0,), (5,), (0, -1), (-2, -1, True),
    (0, 0, 1), (float("nan"),), ("live",), (None,)], ids=str)
def test_play_with_start(args, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", source())
    client = connected(server, clients)
    client.create_stream()
    client.call("play", None, "x", *args, msid=client.msid, csid=8)
    begun = client.wait(lambda m: rtmp.status(m) == START)
    assert info_of(begun)["level"] == "status"
    client.wait(is_key, 3)


def test_play2_plays_and_switches(rtmpd, clients, player):
    server = rtmpd()
    for number in (1, 2):
        clients.publisher(server, f"live/{number}", source(stream=number))
    client = connected(server, clients)
    client.create_stream()
    client.call("play2", None, {"len": -1, "offset": -1, "oldStreamName": "",
                                "start": -2, "streamName": "1",
                                "transition": "switch"}, msid=client.msid)
    playing = player(client=client)
    playing.wait_status(START)
    playing.wait(is_key)
    since = len(playing.messages)
    playing.call("play2", None, {"streamName": "2", "oldStreamName": "1",
                                 "transition": "switch"})
    at, _ = playing.wait_status(START, since=since)
    playing.wait(lambda m: is_key(m), 3, since=at)
    flv.follow(playing.messages[:at], 1)
    flv.follow(playing.messages[at:], 2)


@pytest.mark.parametrize("args", [(), (None,), ({},), ({"start": -2},)],
                         ids=str)
def test_play2_without_a_stream_name_is_refused_with_a_reason(
        args, rtmpd, clients):
    client = connected(rtmpd(), clients)
    client.create_stream()
    client.call("play2", None, *args, msid=client.msid)
    refusal = info_of(client.wait(rtmp.status))
    assert refusal["level"] == "error"
    assert "name" in refusal["description"]


def test_play_of_another_stream_on_the_same_id(rtmpd, clients, player):
    server = rtmpd()
    for number in (1, 2):
        clients.publisher(server, f"live/{number}", source(stream=number))
    playing = player(server, "live/1")
    playing.flowing()
    for number in (2, 1, 2):
        since = len(playing.messages)
        playing.call("play", None, str(number), -2000)
        at, _ = playing.wait_status(START, 3, since)
        playing.wait(is_key, 3, since=at)
        playing.flowing()
        flv.follow(playing.messages[at:], number)
    playing.close()


def test_of_several_plays_in_a_row_the_last_counts(rtmpd, clients, player):
    """The hub's answers to the earlier ones come when they are void."""
    server = rtmpd()
    for number in (1, 2):
        clients.publisher(server, f"live/{number}", source(stream=number))
    playing = player(server, "live/1")
    playing.flowing()
    for _ in range(20):
        playing.call("play", None, "1", -2000)
        since = len(playing.messages)
        playing.call("play", None, "2", -2000)
    at, _ = playing.wait_status(START, 3, since)
    time.sleep(0.3)                     # for what must not come
    at = len(playing.messages)
    playing.wait(is_key, 3, since=at)
    for message in playing.frames(at):
        assert flv.stamp(message)[0] == 2
    playing.close()


def test_a_play_of_another_stream_can_wait_for_its_publisher(
        rtmpd, clients, player):
    server = rtmpd()
    clients.publisher(server, "live/1", source(stream=1))
    playing = player(server, "live/1")
    playing.flowing()
    since = len(playing.messages)
    playing.call("play", None, "2", -2000)
    at, _ = playing.wait_status(START, 3, since)
    clients.publisher(server, "live/2", source(stream=2))
    playing.wait(is_key, 3, since=at)
    flv.follow(playing.messages[at:], 2)
    playing.close()


# Pause, seek, receive

def quiet(playing, since, seconds=0.4):
    """After the last message from since on, nothing but answers."""
    time.sleep(seconds)                 # what must not come
    return not playing.frames(since)


@pytest.mark.parametrize("gop,pause", [(5, 0.6), (100, 0.3)],
                         ids=["over key frames", "within a GOP"])
def test_pause_stops_and_unpause_starts_at_a_key_frame_with_headers(
        gop, pause, rtmpd, clients, player):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", source(gop), burst=1.2)
    playing = player(server)
    playing.flowing()
    assert playing.answer(playing.call("pause", None, True, 1000))[0] == \
        "_result"
    paused, _ = playing.wait_status(PAUSED)
    assert quiet(playing, paused, pause)
    newest = [flv.stamp(m)[1] for m, _ in publisher.sent if is_key(m)][-1]
    playing.call("pause", None, False, 1000)
    resumed, _ = playing.wait_status(UNPAUSED)
    assert not playing.frames(paused, resumed)
    at, key = playing.wait(lambda m: flv.kind(m) in ("key", "inter"), 5,
                           "video", resumed)
    assert flv.kind(key) == "key"
    assert flv.stamp(key)[1] >= newest - gop
    assert {"metadata", "avc-header", "aac-header"} <= set(
        map(flv.kind, playing.messages[resumed:at]))
    playing.flowing()
    run = flv.follow(playing.messages, gaps=True)
    assert len(run.video.gaps) == 1
    assert len(run.audio.gaps) <= 1
    playing.close()


def test_pause_twice_and_unpause_twice_do_no_harm(rtmpd, clients, player):
    server = rtmpd()
    clients.publisher(server, "live/x", source(5))
    playing = player(server)
    playing.flowing()
    for on, code in ((True, PAUSED), (True, PAUSED), (False, UNPAUSED),
                     (False, UNPAUSED)):
        since = len(playing.messages)
        playing.call("pause", None, on, 0)
        playing.wait_status(code, since=since)
    playing.flowing()
    flv.follow(playing.messages, gaps=True)
    playing.close()


def test_a_pause_longer_than_the_ring_ends_at_the_newest_key_frame(
        rtmpd, clients, player):
    server = rtmpd({"ring": "256K"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(
        gop=5, kbps=4000))
    playing = player(server)
    playing.flowing()
    playing.call("pause", None, True, 0)
    since, _ = playing.wait_status(PAUSED)
    here = publisher.sent[-1][0].at
    publisher.wait_sent(lambda m: m.at > here + 1.5)    # three rings
    playing.call("pause", None, False, 0)
    at, key = playing.wait(is_key, 3, since=since)
    newest = [flv.stamp(m)[1] for m, _ in publisher.sent if is_key(m)][-1]
    assert newest - flv.stamp(key)[1] <= 10
    playing.flowing()
    flv.follow(playing.messages, gaps=True)
    playing.close()


def test_an_unpublish_while_paused_is_told(rtmpd, clients, player):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", source())
    playing = player(server)
    playing.flowing()
    playing.call("pause", None, True, 0)
    playing.wait_status(PAUSED)
    publisher.stop()
    playing.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    clients.publisher(server, "live/x", source(stream=2))
    playing.wait_status(rtmp.PUBLISH_NOTIFY, 2)
    since = len(playing.messages)
    playing.call("pause", None, False, 0)
    at, _ = playing.wait_status(UNPAUSED, since=since)
    playing.wait(is_key, 3, since=at)
    flv.follow(playing.messages[at:], 2)
    playing.close()


@pytest.mark.parametrize("what,gone,stay", [
    ("receiveAudio", {"audio"}, {"key", "inter"}),
    ("receiveVideo", {"key", "inter"}, {"audio"})])
def test_receive(what, gone, stay, rtmpd, clients, player):
    """false stops a medium, the other runs on; true starts it again."""
    server = rtmpd()
    clients.publisher(server, "live/x", source(5))
    playing = player(server)
    playing.flowing()
    playing.call(what, None, False)
    alive_in(playing)
    cut = len(playing.messages)
    last = max(flv.stamp(m)[1] for m in playing.frames()
               if flv.kind(m) in stay)
    playing.wait(lambda m: flv.kind(m) in stay
                 and flv.stamp(m)[1] > last + 12, 3, "the other medium", cut)
    assert gone.isdisjoint(map(flv.kind, playing.messages[cut:]))
    since = len(playing.messages)
    playing.call(what, None, True)
    at, first = playing.wait(lambda m: flv.kind(m) in gone, 3, str(gone),
                             since)
    assert flv.kind(first) in ("key", "audio")
    playing.flowing(tuple(stay))
    whole = [m for m in playing.messages if is_frame(m)
             and flv.kind(m) in stay]
    seqs = [flv.stamp(m)[1] for m in whole]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    playing.close()


def alive_in(playing):
    """A round trip: what was asked before has taken effect."""
    playing.answer(playing.call("_checkbw", None, msid=0))


@pytest.mark.parametrize("what", ["receiveAudio", "receiveVideo"])
def test_receive_true_after_false_is_answered(what, rtmpd, clients, player):
    """RTMP 1.0, 7.2.2.4 and 7.2.2.5: Seek.Notify and Play.Start."""
    server = rtmpd()
    clients.publisher(server, "live/x", source(5))
    playing = player(server)
    playing.flowing()
    playing.call(what, None, False)
    alive_in(playing)
    assert not {SEEKED, START} & set(playing.codes())
    playing.call(what, None, True)
    at, _ = playing.wait_status(SEEKED, 2)
    playing.wait_status(START, 2, at)
    playing.close()


@pytest.mark.parametrize("what", ["receiveAudio", "receiveVideo"])
def test_receive_true_when_it_is_on_changes_nothing(
        what, rtmpd, clients, player):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", source(100))
    playing = player(server)
    playing.flowing()
    playing.call(what, None, True)
    alive_in(playing)
    last = publisher.sent[-1][0].ts
    playing.wait(lambda m: m.type == flv.VIDEO and m.ts > last + 200, 3)
    flv.follow(playing.messages)
    assert not {SEEKED, START} & set(playing.codes())
    playing.close()


def test_without_video_and_audio_data_still_comes(rtmpd, clients, player):
    server = rtmpd()
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    playing = player(server)
    for what in ("receiveAudio", "receiveVideo"):
        playing.call(what, None, False)
    alive_in(playing)
    for media in itertools.islice(source(), 20):
        client.send_media(media)
    client.send(rtmp.DATA, amf.encode("onTextData", {"text": "x"}), 400, 5,
                client.msid)
    playing.wait(lambda m: b"onTextData" in m.payload)
    assert not playing.frames()
    playing.close()


def test_seek_does_not_disturb_a_live_stream(rtmpd, clients, player):
    server = rtmpd()
    clients.publisher(server, "live/x", source())
    playing = player(server)
    playing.flowing()
    txn = playing.call("seek", None, 12345)
    at, message = playing.wait(
        lambda m: (rtmp.status(m) or "").startswith("NetStream.Seek."))
    assert info_of(message)["level"] == "status", "error would end ffmpeg"
    assert playing.answer(txn)[0] == "_result"
    playing.flowing()
    flv.follow(playing.messages)
    playing.close()


# Several streams on one connection

def by_msid(playing, msid):
    return [m for m in list(playing.messages) if m.msid == msid]


def test_two_plays_on_one_connection_each_on_its_own_id(
        rtmpd, clients, player):
    server = rtmpd()
    for number in (1, 2):
        clients.publisher(server, f"live/{number}", source(
            stream=number, gop=5 * number))
    client = connected(server, clients)
    msids = {}
    for number in (1, 2):
        msids[number] = client.create_stream()
    playing = player(client=client)
    for number, msid in msids.items():
        playing.call("play", None, str(number), -2000, msid=msid)
    for msid in msids.values():
        playing.wait(lambda m: rtmp.status(m) == START and m.msid == msid)
    for _ in range(3):
        for msid in msids.values():
            playing.wait(lambda m: is_frame(m) and m.msid == msid, 3,
                         since=len(playing.messages))
    for number, msid in msids.items():
        run = flv.follow(by_msid(playing, msid), number)
        assert run.headers == 2
    playing.close()


def test_of_two_plays_one_waits_pauses_and_ends_without_the_other(
        rtmpd, clients, player):
    server = rtmpd()
    clients.publisher(server, "live/1", source(stream=1))
    client = connected(server, clients)
    one, two = client.create_stream(), client.create_stream()
    playing = player(client=client)
    playing.call("play", None, "1", -2000, msid=one)
    playing.call("play", None, "2", -2000, msid=two)
    playing.wait(lambda m: rtmp.status(m) == START and m.msid == two)
    playing.wait(lambda m: is_key(m) and m.msid == one)
    second = clients.publisher(server, "live/2", source(stream=2))
    playing.wait(lambda m: is_key(m) and m.msid == two)

    def runs_on():
        playing.wait(lambda m: is_frame(m) and m.msid == one, 3,
                     since=len(playing.messages))
    playing.call("pause", None, True, 0, msid=two)
    at, _ = playing.wait(lambda m: rtmp.status(m) == PAUSED
                         and m.msid == two)
    for _ in range(5):
        runs_on()
    assert not [m for m in playing.frames(at) if m.msid == two]
    playing.call("pause", None, False, 0, msid=two)
    playing.wait(lambda m: is_key(m) and m.msid == two, since=at)
    second.stop()
    playing.wait(lambda m: rtmp.status(m) == rtmp.UNPUBLISH_NOTIFY
                 and m.msid == two)
    playing.wait(lambda m: rtmp.user_event(m) == (rtmp.STREAM_EOF, two))
    runs_on()
    playing.call("deleteStream", None, two, msid=0)
    alive_in(playing)
    runs_on()
    flv.follow(by_msid(playing, one), 1)
    playing.close()


class Both:
    """What a publisher thread needs of a client with several streams."""

    def __init__(self, client, msid):
        self.client, self.msid = client, msid

    def send_media(self, media):
        base = 20 * self.msid
        self.client.send(media.type, media.payload, media.ts,
                         csid=base + media.type, msid=self.msid)

    def pump(self):
        """Someone else reads."""

    def close(self):
        """Someone else closes."""


def test_publish_and_play_on_one_connection(rtmpd, clients, player):
    server = rtmpd()
    other = clients.publisher(server, "live/theirs", source(stream=2))
    client = connected(server, clients)
    mine = client.create_stream()
    client.publish("mine")
    theirs = client.create_stream()
    playing = player(client=client)
    playing.call("play", None, "theirs", -2000, msid=theirs)
    began = time.monotonic()
    watcher = clients.subscriber(server, "live/mine")
    publisher = clients.publisher(server, "live/mine", source(stream=1),
                                  client=Both(client, mine))
    playing.wait(lambda m: is_key(m) and flv.stamp(m)[1] >= 20)
    watcher.wait(lambda m: is_key(m) and flv.stamp(m)[1] >= 20)
    publisher.check()
    flv.follow(watcher.messages, 1)
    flv.follow(playing.messages, 2)
    assert all(m.msid == theirs for m in playing.frames())
    no_gap(playing, other, began)
    publisher.halt()
    watcher.close()
    playing.close()


def test_a_connection_can_play_what_it_publishes_itself(
        rtmpd, clients, player):
    server = rtmpd()
    client = connected(server, clients)
    mine = client.create_stream()
    client.publish("x")
    echo = client.create_stream()
    playing = player(client=client)
    playing.call("play", None, "x", -2000, msid=echo)
    publisher = clients.publisher(server, "live/x", source(),
                                  client=Both(client, mine))
    playing.wait(lambda m: is_key(m) and flv.stamp(m)[1] >= 20)
    publisher.halt()
    flv.follow(playing.messages)
    playing.call("deleteStream", None, mine, msid=0)
    playing.wait(lambda m: rtmp.status(m) == rtmp.UNPUBLISH_NOTIFY
                 and m.msid == echo, 2)
    playing.close()


def test_two_publishes_on_one_connection(rtmpd, clients):
    server = rtmpd()
    client = connected(server, clients)
    watchers = []
    for number in (1, 2):
        client.create_stream()
        client.publish(str(number))
        watchers.append((number, client.msid, clients.subscriber(
            server, f"live/{number}")))
    tracks = [source(stream=number, seconds=1) for number in (1, 2)]
    for pair in zip(*tracks):
        for media, (_, msid, _) in zip(pair, watchers):
            Both(client, msid).send_media(media)
    for number, msid, watcher in watchers:
        watcher.wait(lambda m: flv.kind(m) == "inter"
                     and flv.stamp(m)[1] == 24)
        run = flv.follow(watcher.messages, number)
        assert run.video.seqs == list(range(25))
    client.call("deleteStream", None, watchers[0][1])
    watchers[0][2].wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    alive(client)
    assert rtmp.UNPUBLISH_NOTIFY not in watchers[1][2].codes()


def test_streams_of_a_connection_are_limited_and_come_back(rtmpd, clients):
    server = rtmpd({"max-message-streams": 4})
    client = connected(server, clients)
    msids = [client.create_stream() for _ in range(4)]
    assert msids[0] == 1, "GStreamer expects it"
    client.call("deleteStream", None, msids[2])
    client.msids.remove(msids[2])
    assert client.create_stream() == msids[2]
    with pytest.raises(rtmp.Refused) as refusal:
        client.create_stream()
    assert refusal.value.code == "NetConnection.Call.Failed"
    assert "max-message-streams" in str(refusal.value)


# closeStream, deleteStream, publish

def delete_by_id(client):
    client.call("deleteStream", None, client.msid)


def delete_by_id_on_itself(client):
    client.call("deleteStream", None, client.msid, msid=client.msid)


def delete_by_name_on_message_stream_0(client):
    """As GStreamer does."""
    client.call("FCUnpublish", None, "x")
    client.call("deleteStream", None, "x")


def delete_by_nothing_on_itself(client):
    client.call("deleteStream", None, msid=client.msid)


def delete_by_junk_on_itself(client):
    client.call("deleteStream", None, {"a": 1}, msid=client.msid)


def close_stream(client):
    client.call("closeStream", None, msid=client.msid)


def publish_false(client):
    client.call("publish", None, False, msid=client.msid)


def fc_unpublish(client):
    client.call("FCUnpublish", None, "x")


@pytest.mark.parametrize("end", [
    delete_by_id, delete_by_id_on_itself,
    delete_by_name_on_message_stream_0, delete_by_nothing_on_itself,
    delete_by_junk_on_itself, close_stream, publish_false, fc_unpublish],
    ids=lambda e: e.__name__)
def test_a_publisher_ends_by(end, rtmpd, clients):
    """Subscribers hear it at once, and the name is free."""
    server = rtmpd({"linger": "20s", "takeover": "20s"})
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    subscriber = clients.subscriber(server, "live/x")
    for media in itertools.islice(source(), 20):
        client.send_media(media)
    subscriber.wait(is_key)
    end(client)
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)
    subscriber.wait_event(rtmp.STREAM_EOF, 1)
    alive(client)
    again = clients.publisher(server, "live/x", source(stream=2))
    subscriber.wait_status(rtmp.PUBLISH_NOTIFY, 2)
    again.check()


@pytest.mark.parametrize("end", [delete_by_id, delete_by_nothing_on_itself,
                                 close_stream], ids=lambda e: e.__name__)
def test_a_subscriber_ends_by(end, rtmpd, clients, player):
    """No media any more, and the connection can play again."""
    server = rtmpd()
    clients.publisher(server, "live/x", source())
    playing = player(server)
    playing.flowing()
    end(playing.client)
    alive_in(playing)
    assert quiet(playing, len(playing.messages), 0.3)
    assert not server.titled("play live/x")
    if end is not close_stream:
        msid = int(playing.answer(playing.call(
            "createStream", None, msid=0))[1][1])
        playing.client.msid = msid
        playing.client.msids.add(msid)
    since = len(playing.messages)
    playing.call("play", None, "x", -2000)
    playing.wait(is_key, 3, since=since)
    flv.follow(playing.messages[since:])
    playing.close()


def test_after_close_stream_the_id_publishes_again(rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    subscriber = clients.subscriber(server, "live/x")
    for end in (close_stream, publish_false, close_stream):
        since = len(subscriber.messages)
        for media in itertools.islice(source(), 20):
            client.send_media(media)
        subscriber.wait(is_key, since=since)
        end(client)
        subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 2, since)
        client.publish("x")
        subscriber.wait_status(rtmp.PUBLISH_NOTIFY, 2, since)
    subscriber.close()


@pytest.mark.parametrize("msid", [99, -1, float("nan"), 0, 1 << 40])
def test_delete_stream_of_what_there_is_not_is_ignored(
        msid, rtmpd, clients, player):
    server = rtmpd()
    clients.publisher(server, "live/x", source())
    client = connected(server, clients)
    client.create_stream()
    client.create_stream()              # so that 0 is not the only one
    client.play("x")
    playing = player(client=client)
    playing.call("deleteStream", None, msid, msid=0)
    alive_in(playing)
    playing.flowing()
    playing.close()


def test_publish_twice_on_one_id_is_refused(rtmpd, clients):
    server = rtmpd({"linger": "500ms"})
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    client.call("publish", None, "y", "live", msid=client.msid)
    message = client.wait(rtmp.status)
    refusal = info_of(message)
    assert message.msid == client.msid
    assert refusal["level"] == "error"
    assert refusal["code"] in ("NetStream.Publish.BadName",
                               "NetStream.Failed")
    assert refusal["description"]
    assert not server.titled("publish live/y")


@pytest.mark.parametrize("first,then", [("publish", "play"),
                                        ("play", "publish")])
def test_publish_and_play_on_one_id_are_refused(
        first, then, rtmpd, clients):
    server = rtmpd()
    client = connected(server, clients)
    client.create_stream()
    getattr(client, first)("x")
    client.call(then, None, "y", msid=client.msid)
    refusal = info_of(client.wait(
        lambda m: (rtmp.status(m) or "").endswith(("BadName", "Failed"))))
    assert refusal["level"] == "error" and refusal["description"]


@pytest.mark.parametrize("kind", ["live", "record", "append", "appendWithGap",
                                  None, 5])
def test_publish_of_any_type_is_live(kind, rtmpd, clients):
    server = rtmpd()
    client = connected(server, clients)
    client.create_stream()
    args = () if kind is None else (kind,)
    client.call("publish", None, "x", *args, msid=client.msid)
    client._stream_status("NetStream.Publish.Start", 3)
    subscriber = clients.subscriber(server, "live/x")
    for media in itertools.islice(source(), 20):
        client.send_media(media)
    subscriber.wait(is_key)


def test_publish_and_play_on_message_stream_0_mean_the_only_one(
        rtmpd, clients):
    server = rtmpd()
    publisher = connected(server, clients)
    publisher.create_stream()
    publisher.call("publish", None, "x", "live", msid=0, csid=20)
    publisher._stream_status("NetStream.Publish.Start", 3)
    player_ = connected(server, clients)
    player_.create_stream()
    player_.call("play", None, "x", msid=0, csid=3)
    player_._stream_status(START, 3)
    for media in itertools.islice(source(), 20):
        publisher.send_media(media)
    player_.wait(is_key)


def test_publish_on_an_id_never_created_is_refused(rtmpd, clients):
    client = connected(rtmpd(), clients)
    client.call("publish", None, "x", "live", msid=5)
    refusal = info_of(client.wait(rtmp.status))
    assert refusal["level"] == "error"
    assert "stream" in refusal["description"]


# Commands that only want an answer

ASKED = [("releaseStream", ("x",)), ("FCPublish", ("x",)),
         ("FCUnpublish", ("x",)), ("FCSubscribe", ("x",)),
         ("_checkbw", ()), ("getStreamLength", ("x",)),
         ("releaseStream", ()), ("FCPublish", (None,)), ("FCSubscribe", ())]


@pytest.mark.parametrize("name,args", ASKED, ids=str)
def test_answered(name, args, rtmpd, clients):
    client = connected(rtmpd(), clients)
    reply = client.result(client.call(name, None, *args), 3)
    assert reply[0] is None
    if name == "getStreamLength":
        assert reply == [None, 0]
    alive(client)


def test_nothing_is_answered_to_transaction_0(rtmpd, clients):
    """GStreamer's way: nobody waits."""
    client = connected(rtmpd(), clients)
    for name, args in [*ASKED, ("foo", (1, 2))]:
        client.send(rtmp.COMMAND, amf.encode(name, 0, None, *args))
    client.send(rtmp.USER, struct.pack(">HI", rtmp.PING, 5), csid=2)
    seen = []
    while not seen or rtmp.user_event(seen[-1]) != (rtmp.PONG, 5):
        seen.append(client.recv())
    names = [rtmp.command(m)[0] for m in seen if m.type == rtmp.COMMAND]
    assert not {"_result", "_error"} & set(names)


@pytest.mark.parametrize("args", [
    (None,), (None, "x", {"a": [1, None, True]}), (), ({"deep": {}}, 5)],
    ids=str)
def test_an_unknown_command_is_answered_and_survived(args, rtmpd, clients):
    server = rtmpd()
    client = connected(server, clients)
    for name in ("setPeerInfo", "x" * 300, "ünïcode", ""):
        with pytest.raises(rtmp.Refused) as refusal:
            client.result(client.call(name, *args), 3)
        assert refusal.value.code == "NetConnection.Call.Failed"
    alive(client)


def test_commands_without_a_transaction_are_survived(rtmpd, clients):
    client = connected(rtmpd(), clients)
    for body in (amf.encode("foo"), amf.encode("foo", None),
                 amf.encode("foo", "bar"), amf.encode("foo", float("nan")),
                 amf.encode("FCPublish"), amf.encode("createStream"),
                 amf.encode("pause"), amf.encode("seek", 0),
                 amf.encode("receiveAudio", 0, None, "yes"),
                 amf.encode("_result", 77, None), amf.encode("_error", 1)):
        client.send(rtmp.COMMAND, body)
    alive(client)


def test_onstatus_of_fc_subscribe_and_fc_publish(rtmpd, clients):
    client = connected(rtmpd(), clients)
    for name in ("FCPublish", "FCSubscribe"):
        client.call(name, None, "x")
        values = rtmp.command(client.wait(
            lambda m: rtmp.command(m)[:1] == ["on" + name]))
        assert values[1] == 0 and values[3]["code"].startswith("NetStream.")


def test_fc_unpublish_of_a_published_stream_is_told(rtmpd, clients):
    client = clients.add(rtmp.open_publisher(rtmpd().port, "live/x"))
    client.call("FCUnpublish", None, "x")
    message = client.wait(
        lambda m: rtmp.status(m) == "NetStream.Unpublish.Success")
    assert message.msid == client.msid


def test_commands_sent_without_waiting_are_answered_in_order(
        rtmpd, clients):
    """OBS sends three before it reads."""
    client = connected(rtmpd(), clients)
    txns = [client.call("releaseStream", None, "x"),
            client.call("FCPublish", None, "x"),
            client.call("createStream", None), client.call("foo", None),
            client.call("createStream", None)]
    got = []
    while len(got) < len(txns):
        values = rtmp.command(client.wait(lambda m: any(
            rtmp.answers(m, t) for t in txns)))
        got.append((values[1], values[0]))
    assert got == list(zip(txns, ["_result", "_result", "_result", "_error",
                                  "_result"]))


def test_connect_twice_is_refused_and_survived(rtmpd, clients):
    client = connected(rtmpd(), clients)
    with pytest.raises(rtmp.Refused) as refusal:
        client.result(client.call("connect", {"app": "other"}), 3)
    assert refusal.value.code.startswith("NetConnection.Connect.")
    alive(client)


# Data messages and aggregates

def send(client, *media):
    """Send, and wait until the relay has taken all of it."""
    for one in media:
        client.send_media(one)
    alive(client)


def bare_publisher(server, clients, *media):
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    send(client, *media)
    return client


def data(ts, *values):
    return flv.Media(flv.DATA, ts, amf.encode(*values), 0)


def video(ts, seq, key=False):
    return flv.Media(flv.VIDEO, ts, flv.video_frame(1, seq, 400, key), 0)


def audio(ts, seq):
    return flv.Media(flv.AUDIO, ts, flv.audio_frame(1, seq, 100), 0)


def relayed(subscriber, last):
    """Media and data received, up to a payload."""
    at, _ = subscriber.wait(lambda m: m.payload == last)
    return [m for m in subscriber.messages[:at + 1]
            if m.type in (flv.AUDIO, flv.VIDEO, flv.DATA)
            and b"|RtmpSampleAccess" not in m.payload]


def meta_of(messages):
    return [amf.decode(m.payload)[1] for m in messages
            if flv.kind(m) == "metadata"]


def test_data_messages_pass_in_order_with_media(rtmpd, clients):
    server = rtmpd()
    subscriber = clients.subscriber(server, "live/x")
    sent = [*flv.headers(), video(0, 0, True),
            data(5, "onTextData", amf.Ecma(text="héllo", language="eng")),
            audio(10, 0),
            data(20, "onCuePoint", {"name": "a", "time": 1.5,
                                    "parameters": {"x": None}}),
            data(20, "onFI", {"sd": "22-11-2026"}), video(40, 1),
            data(50, "nobodyKnowsThis", 1, "x", None, [1, 2]),
            flv.Media(flv.DATA, 60, b"\x02", 0),        # not AMF
            flv.Media(flv.DATA, 61, b"", 0),
            flv.Media(flv.DATA, 62, amf.encode(5), 0), audio(65, 1),
            data(70, "onMetaDatas", 1), data(75, "@setDataFrame", "other",
                                             {"x": 1}), video(80, 2)]
    subscriber.client._react = lambda m: None   # takes what is not AMF
    bare_publisher(server, clients, *sent)
    got = relayed(subscriber, sent[-1].payload)
    assert [(m.type, m.ts, m.payload) for m in got] == [
        (m.type, m.ts, flv.bare(m.payload)) for m in sent]


@pytest.mark.parametrize("head", [("onMetaData",),
                                  ("@setDataFrame", "onMetaData")],
                         ids=["bare", "@setDataFrame"])
@pytest.mark.parametrize("form", [amf.Ecma, dict])
def test_metadata_becomes_an_ecma_array_for_all(head, form, rtmpd, clients):
    """ffmpeg's RTMP reader looks for tracks only in an ECMA array."""
    server = rtmpd()
    early = clients.subscriber(server, "live/x")
    fields = {"width": 640.0, "encoder": "tëst", "nested": {"a": [1.0]},
              "stereo": True}
    sent = [data(0, *head, form(fields)), *flv.headers()[1:],
            video(0, 0, True)]
    bare_publisher(server, clients, *sent)
    late = clients.subscriber(server, "live/x")
    for subscriber in (early, late):
        got = relayed(subscriber, sent[-1].payload)
        want = amf.encode("onMetaData", amf.Ecma(fields))
        marker = want.index(b"\x08")
        assert got[0].payload[:marker + 1] == want[:marker + 1]
        assert got[0].payload[marker + 5:] == want[marker + 5:]
        assert len(meta_of(got)) == 1   # the count between is but a hint


def test_metadata_repeated_is_passed_on_and_the_newest_kept(rtmpd, clients):
    server = rtmpd()
    early = clients.subscriber(server, "live/x")
    sent = [*flv.headers(), video(0, 0, True), video(40, 1)]
    for number in range(3):
        sent += [data(50 + 100 * number, "@setDataFrame", "onMetaData",
                      amf.Ecma(number=number)),
                 video(80 + 100 * number, 2 + number)]
    sent += [video(400, 5, True), video(440, 6)]
    bare_publisher(server, clients, *sent)
    got = relayed(early, sent[-1].payload)
    assert [(m.type, m.ts, m.payload) for m in got] == [
        (m.type, m.ts, flv.bare(m.payload)) for m in sent]
    late = clients.subscriber(server, "live/x")
    got = relayed(late, sent[-1].payload)
    assert meta_of(got) == [{"number": 2}]
    assert flv.kind(got[0]) == "metadata"


def test_metadata_that_comes_late_is_passed_on_and_kept(rtmpd, clients):
    server = rtmpd()
    early = clients.subscriber(server, "live/x")
    sent = [*flv.headers()[1:], video(0, 0, True), video(40, 1),
            data(45, "onMetaData", amf.Ecma(late=True)), video(80, 2)]
    client = bare_publisher(server, clients, *sent)
    got = relayed(early, sent[-1].payload)
    assert [m.payload for m in got] == [m.payload for m in sent]
    within = clients.subscriber(server, "live/x")
    assert meta_of(relayed(within, sent[-1].payload)) == [{"late": True}]
    more = [video(120, 3, True), video(160, 4)]
    send(client, *more)
    relayed(early, more[-1].payload)
    late = clients.subscriber(server, "live/x")
    got = relayed(late, more[-1].payload)
    assert flv.kind(got[0]) == "metadata"
    assert meta_of(got) == [{"late": True}]


def test_without_metadata_late_joiners_get_headers_and_a_key_frame(
        rtmpd, clients):
    server = rtmpd()
    sent = [*flv.headers()[1:], video(0, 0, True), audio(1, 0),
            video(40, 1)]
    bare_publisher(server, clients, *sent)
    late = clients.subscriber(server, "live/x")
    got = relayed(late, sent[-1].payload)
    assert [m.payload for m in got] == [m.payload for m in sent]


@pytest.mark.parametrize("args", [("onMetaData",), ()], ids=str)
def test_clear_data_frame_makes_late_joiners_not_get_it(
        args, rtmpd, clients):
    server = rtmpd()
    sent = [*flv.headers(), video(0, 0, True), video(40, 1),
            data(50, "@clearDataFrame", *args), video(80, 2, True),
            video(120, 3)]
    client = bare_publisher(server, clients, *sent)
    late = clients.subscriber(server, "live/x")
    got = relayed(late, sent[-1].payload)
    assert [flv.kind(m) for m in got] == ["avc-header", "aac-header", "key",
                                          "inter"]
    more = [data(130, "@setDataFrame", "onMetaData", amf.Ecma(again=1)),
            video(160, 4, True)]
    send(client, *more)
    relayed(late, more[-1].payload)
    later = clients.subscriber(server, "live/x")
    assert meta_of(relayed(later, more[-1].payload)) == [{"again": 1}]


def aggregate(*media, base=1000):
    """The tags of an FLV file; times are relative to the first one."""
    out = b""
    for one in media:
        size = len(one.payload)
        ts = (one.ts + base) & 0xffffffff
        out += (bytes([one.type]) + size.to_bytes(3, "big")
                + (ts & 0xffffff).to_bytes(3, "big")
                + bytes([ts >> 24, 0, 0, 9]) + one.payload
                + (size + 11).to_bytes(4, "big"))
    return out


def test_aggregates_are_split(rtmpd, clients):
    server = rtmpd()
    subscriber = clients.subscriber(server, "live/x")
    first = [*flv.headers(), video(0, 0, True)]
    inner = [audio(40, 0), video(44, 1), data(50, "onTextData", {"a": 1}),
             audio(63, 1), video(84, 2)]
    more = [audio(86, 2), video(124, 3, True)]
    client = bare_publisher(server, clients, *first)
    client.send(rtmp.AGGREGATE, aggregate(*inner), 40, 7, client.msid)
    client.send(rtmp.AGGREGATE, aggregate(*more, base=0xfffffff0), 86, 7,
                client.msid)
    cut = aggregate(audio(130, 3), video(164, 4))
    client.send(rtmp.AGGREGATE, cut[:-200], 130, 7, client.msid)
    client.send(rtmp.AGGREGATE, b"", 130, 7, client.msid)
    last = video(200, 5)
    send(client, last)
    got = relayed(subscriber, last.payload)
    want = [*first, *inner, *more, audio(130, 3), last]
    assert [(m.type, m.ts, m.payload) for m in got] == [
        (m.type, m.ts, flv.bare(m.payload)) for m in want]
    late = clients.subscriber(server, "live/x")
    got = relayed(late, last.payload)
    assert [flv.kind(m) for m in got] == [
        "metadata", "avc-header", "aac-header", "key", "audio", "inter"]


def test_media_on_an_id_without_publish_is_ignored(rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    subscriber = clients.subscriber(server, "live/x")
    idle = client.create_stream()
    client.msid = 1
    frames = [*flv.headers(), video(0, 0, True), video(40, 1)]
    for media in frames:
        client.send_media(media)
        for msid in (idle, 7, 0, 0xffffffff):
            client.send(media.type, media.payload + b"!", media.ts, 9, msid)
    got = relayed(subscriber, frames[-1].payload)
    assert [m.payload for m in got] == [flv.bare(m.payload)
                                        for m in frames]
    alive(client)


# Control messages

def test_a_ping_is_answered_with_its_own_value(rtmpd, clients, player):
    server = rtmpd()
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    for value in (0, 1, 0x12345678, 0xffffffff):
        client.send(rtmp.USER, struct.pack(">HI", rtmp.PING, value), csid=2)
        client.wait(lambda m: rtmp.user_event(m) == (rtmp.PONG, value), 2)


def test_the_relay_pings_an_idle_peer_and_leaves_one_that_is_mute(
        rtmpd, clients):
    server = rtmpd({"ping-interval": "300ms", "ping-timeout": "500ms"})
    good = clients.subscriber(server, "live/x")
    mute = clients.add(rtmp.open_subscriber(server.port, "live/x",
                                            pongs=False))
    mute.wait_closed(3)
    good.wait_event(rtmp.PING)
    good.wait_event(rtmp.PING, since=len(good.messages))
    assert not good.closed


@pytest.mark.parametrize("window", [5000, 250000])
def test_acknowledgements_come_as_the_window_asks(window, rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    client.send(rtmp.WINDOW, struct.pack(">I", window), csid=2)
    for ts in itertools.count():
        client.send_media(video(ts, ts))
        if client.sent > 20 * window:
            break

    def acknowledged():
        client.pump()
        return [int.from_bytes(m.payload, "big") for m in client.inbox
                if m.type == rtmp.ACK]
    procs.wait_until(lambda: (acknowledged() or [0])[-1]
                     > client.sent - window, 3, "the last acknowledgement")
    acks = acknowledged()
    assert acks == sorted(set(acks))
    assert acks[-1] <= client.sent
    assert acks[0] < 3 * window + 70000
    assert max(b - a for a, b in zip(acks, acks[1:])) < window + 70000


def test_the_relay_asks_for_acknowledgements_before_it_answers_connect(
        rtmpd, clients):
    client = clients.add(rtmp.Client(rtmpd().port))
    txn = client.call("connect", {"app": "live"})
    seen = []
    while not seen or not rtmp.answers(seen[-1], txn):
        seen.append(client.recv())
    assert [m.type for m in seen[:-1]] == [rtmp.WINDOW, 6,
                                           rtmp.SET_CHUNK_SIZE]


@pytest.mark.parametrize("size", [None, 128, 4096, 16777215])
def test_the_chunk_size_is_announced_and_used(size, rtmpd, clients):
    """ffmpeg sends chunks of 128 bytes unless it hears of another size
    before the answer to its connect."""
    server = rtmpd({} if size is None else {"chunk-size": size})
    client = clients.add(rtmp.Client(server.port))
    client.connect()
    assert client.reader.size == (size or 65536)
    assert client.writer.size == 128    # each side has its own
    clients.publisher(server, "live/x", flv.synthetic(kbps=20000, gop=10))
    client.create_stream()
    client.play("x")
    client.wait(is_key)                 # 100 kB, read by the strict reader


def test_control_messages_of_every_kind_are_survived(rtmpd, clients):
    client = connected(rtmpd(), clients)
    for mtype, body in (
            (2, struct.pack(">I", 77)), (3, struct.pack(">I", 1)),
            (5, struct.pack(">I", 0)), (6, struct.pack(">IB", 9999, 2)),
            (6, struct.pack(">IB", 0, 9)), (4, struct.pack(">HI", 99, 1)),
            (4, struct.pack(">HII", 3, 1, 3000)), (4, b"\0"), (4, b""),
            (4, struct.pack(">H", 6)), (4, struct.pack(">HI", 26, 0)),
            (5, b"\0\0"), (7, b"abc"), (16, b"\0abc"), (19, b"abc"),
            (21, b"abc"), (255, b"abc")):
        client.send(mtype, body, csid=2 if mtype < 8 else 3)
    alive(client)
