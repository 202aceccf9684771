# SPDX-License-Identifier: ISC
"""What a stream may be called, and who meets whom."""
import re

import pytest

import ff
import flv
import procs
import registry
import rtmp


def connected(server, clients, app, **more):
    client = clients.add(rtmp.Client(server.port))
    client.connect(app, **more)
    client.create_stream()
    return client


def publish(server, clients, app, name, **more):
    """Publish a short stream with those two parts."""
    client = connected(server, clients, app, **more)
    client.publish(name)
    for media in flv.headers():
        client.send_media(media)
    client.send_media(flv.Media(flv.VIDEO, 0, flv.video_frame(
        1, 0, 500, True), 0))
    return client


def play(server, clients, app, name, **more):
    """Play it; the key frame must come."""
    client = connected(server, clients, app, **more)
    client.play(name)
    client.wait(lambda m: flv.kind(m) == "key", 3, "the key frame")
    return client


@pytest.mark.parametrize("published,played,canonical", [
    (("live/inst", "cam"), ("live/inst", "cam"), "live/inst/cam"),
    (("live/inst", "cam"), ("live", "inst/cam"), "live/inst/cam"),
    (("a/b", "c/d"), ("a", "b/c/d"), "a/b/c/d"),
    (("a/b/c", "d"), ("a", "b/c/d"), "a/b/c/d"),
    (("live/_definst_", "cam"), ("live", "cam"), "live/cam"),
    (("live/_definst_/", "cam"), ("live/", "/cam"), "live/cam"),
    (("live/_definst_?x=1", "cam"), ("live", "cam"), "live/cam"),
    (("/live/", "cam/"), ("live", "cam"), "live/cam"),
    (("live", "flv:cam"), ("live", "cam"), "live/cam"),
    (("live", "cam"), ("live", "mp4:cam"), "live/cam"),
    (("live", "mp4:cam.mp4"), ("live", "cam.mp4"), "live/cam.mp4"),
    (("live", "mp4:/cam.f4v?x"), ("live", "cam.f4v"), "live/cam.f4v"),
    (("live?token=1", "cam?pw=2"), ("live", "cam"), "live/cam"),
    (("live?k=v/x", "cam?t=1"), ("live", "cam"), "live/cam"),
    (("live", "cam?"), ("live?", "cam?a=b?c=d"), "live/cam"),
], ids=lambda v: "+".join(v) if isinstance(v, tuple) else v)
def test_these_are_one_stream(published, played, canonical, rtmpd, clients):
    server = rtmpd({"max-streams": 16, "max-connections": 16})
    publish(server, clients, *published)
    play(server, clients, *played)
    books = clients.add(registry.Registry(server))
    stream = books.wait_stream(canonical)
    assert stream.subscribers == 1
    assert set(books.streams()) == {canonical}
    server.wait_log(rf"\bpublish\b.*stream={re.escape(canonical)} ")
    assert server.process(rf"publish {re.escape(canonical)}$")


@pytest.mark.parametrize("one,two", [
    (("live", "cam"), ("live", "Cam")),
    (("live", "cam"), ("Live", "cam")),
    (("live", "cam"), ("live", "cam.flv")),
    (("live", "a%20b"), ("live", "a+b")),
    (("live", "caf%C3%A9"), ("live", "café")),
    (("live", "a"), ("live/_definst_x", "a")),
    (("live", "café"), ("live", "cafe\u0301"))], ids=str)
def test_these_are_two_streams(one, two, rtmpd, clients):
    server = rtmpd({"max-streams": 16, "max-connections": 16})
    publish(server, clients, *one)
    publish(server, clients, *two)
    books = clients.add(registry.Registry(server))
    procs.wait_until(lambda: len(books.streams()) == 2, 3, "two streams")
    play(server, clients, *one)
    play(server, clients, *two)


@pytest.mark.parametrize("name", [
    "x", "a-b_c.d~e", "a%20b", "%2e%2e", "%00", "room@home", "a:b", "a=b&c",
    "a,b;c", "a+b", "(a)[b]{c}<d>", "$HOME", "`id`", "'a'", "*", "!a", "#a",
    "a|b", "^a", "...", "a..b", "..a", "-a", "café", "日本語", "Привет",
    "עברית", "🎥", "e\u0301", "x" * 180])
def test_a_name_of_unusual_characters_works(name, rtmpd, clients):
    server = rtmpd({"max-streams": 16, "max-connections": 16})
    publish(server, clients, "live", name)
    play(server, clients, "live", name)
    books = clients.add(registry.Registry(server))
    assert books.wait_stream("live/" + name).state == registry.LIVE
    assert all(c.isprintable() for line in server.lines for c in line)


def test_a_name_of_the_greatest_length_works_and_one_more_is_refused(
        rtmpd, clients):
    server = rtmpd()
    most = "x" * (191 - len("live/"))
    publish(server, clients, "live", most)
    play(server, clients, "live", most)
    with pytest.raises(rtmp.Refused):
        publish(server, clients, "live", most + "x")


# Refused names

EMPTY = "empty"
REFUSED = [
    ("live", "", EMPTY), ("live", "/", EMPTY), ("live", "?x=1", EMPTY),
    ("live", "flv:", EMPTY), ("", "x", EMPTY), ("/", "x", EMPTY),
    ("?a=b", "x", EMPTY), ("live", "a//b", EMPTY), ("live//a", "x", EMPTY),
    ("live", "..", r"\.\."), ("live", "../x", r"\.\."),
    ("live", "a/../../etc/passwd", r"\.\."), ("..", "x", r"\.\."),
    ("live/..", "x", r"\.\."), ("live", ".", r"\."),
    ("live", "a/./b", r"\."), ("live", "flv:..", r"\.\."),
    ("live", "x" * 187, "long"), ("live", "x" * 511, "long"),
    ("live", "x" * 5000, "long"), ("x" * 200, "x", "long"),
    ("live", "a b", "character"), ("live", "a\nb", "character"),
    ("live", "a\r\nevil stream=live/y", "character"),
    ("live", "\x1b[31m", "character"), ("live", "a\x7f", "character"),
    ("live", "a\x01", "character"), ("live", 'a"b', "character"),
    ("live", "a\\b", "character"), ("live\t", "x", "character"),
    ("live", "a\0b", "character|NUL|zero"),
    ("live", "a\u0085b", "UTF-8|character"),
    ("live", b"\xff", "UTF-8"), ("live", b"caf\xe9", "UTF-8"),
    ("live", b"\xc0\xae\xc0\xae", "UTF-8"), ("live", b"\xed\xa0\x80",
                                             "UTF-8"),
    ("live", b"a\xe2\x82", "UTF-8"), ("live", b"\xf5\x80\x80\x80", "UTF-8")]


def show(value):
    return value.hex() if isinstance(value, bytes) else ascii(value)[:30]


@pytest.mark.parametrize("role", ["publish", "play"])
@pytest.mark.parametrize("app,name,why", REFUSED, ids=show)
def test_refused_with_a_status_that_says_why(
        role, app, name, why, rtmpd, clients):
    """And the log says so too, with nothing of it taken literally."""
    server = rtmpd()
    since = len(server.lines)
    client = connected(server, clients, app)
    client.call(role, None, name, msid=client.msid)
    message = client.wait(rtmp.status)
    info = rtmp.command(message)[3]
    assert info["level"] == "error"
    assert info["code"].startswith(f"NetStream.{role.title()}.")
    assert re.search(why, info["description"]), info
    assert message.msid == client.msid
    port = client.local_port
    client.wait_closed(3)
    client.close()
    server.wait_log(rf"peer=127\.0\.0\.1:{port}\b.*({why})", 3, since)
    for line in server.lines[since:]:
        assert all(c.isprintable() for c in line), ascii(line)
        assert not line.startswith("evil")
        assert len(line) < 1200


@pytest.mark.parametrize("name,shown", [
    ("a\nb", r"a\\012b"), ("\x1b[31m", r"\\033\[31m"), ("a b", r"a\\040b"),
    (b"caf\xe9", r"caf\\351"), ("../x", r"\.\./x")], ids=show)
def test_a_refused_name_is_logged_escaped(name, shown, rtmpd, clients):
    server = rtmpd()
    client = connected(server, clients, "live")
    client.call("publish", None, name, msid=client.msid)
    client.wait(rtmp.status)
    server.wait_log(rf"\brefused\b.*{shown}", 2)


def test_other_argument_kinds_are_refused_as_no_name(rtmpd, clients):
    server = rtmpd()
    for args in ((), (None,), (5,), ({"a": "b"},), (["x"],)):
        client = connected(server, clients, "live")
        client.call("play", None, *args, msid=client.msid)
        info = rtmp.command(client.wait(rtmp.status))[3]
        assert info["level"] == "error" and "name" in info["description"]


@pytest.mark.parametrize("app", ["x" * 10000, "a\0b"], ids=show)
def test_an_app_that_cannot_be_is_refused_with_a_reason(
        app, rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.Client(server.port))
    with pytest.raises(rtmp.Refused) as refusal:
        client.connect(app)
    assert refusal.value.code in ("NetConnection.Connect.Rejected",
                                  "NetConnection.Connect.InvalidApp")
    client.wait_closed(3)
    publish(server, clients, "live", "x")


@pytest.mark.parametrize("where", ["app", "tcUrl", "name", "all"])
def test_a_long_query_is_no_long_name(where, rtmpd, clients):
    """Tokens of over a thousand bytes are common."""
    server = rtmpd()
    token = "?token=" + "eyJh" * 400
    app = "live" + (token if where in ("app", "all") else "")
    name = "x" + (token if where in ("name", "all") else "")
    more = ({"tcUrl": "rtmp://127.0.0.1/live" + token}
            if where in ("tcUrl", "all") else {})
    publish(server, clients, app, name, **more)
    play(server, clients, "live", "x")


# Secrets

def test_queries_appear_nowhere(rtmpd, clients):
    """Not in the log, not in titles, not in the registry, not to others."""
    server = rtmpd({"max-streams": 16, "max-connections": 16})
    secret = "s3cr3t"
    more = {"tcUrl": f"rtmp://127.0.0.1/live?c={secret}",
            "pageUrl": f"http://x/?{secret}"}
    publish(server, clients, f"live?a={secret}", f"cam?b={secret}", **more)
    client = play(server, clients, f"live?a={secret}", f"cam?b={secret}",
                  **more)
    server.wait_log(r"\bplay\b")
    books = clients.add(registry.Registry(server))
    books.wait_stream("live/cam")
    assert secret not in server.log()
    assert secret.encode() not in books.map[:]
    assert not [p for p in server.children() if secret in procs.title(p)]
    client.call("publish", None, f"..?b={secret}", msid=client.msid)
    client.wait_closed(3)
    server.wait_log(r"\bdisconnect\b.*refused")
    assert secret not in server.log()


# IPv6

@pytest.mark.parametrize("url", [
    "rtmp://[::1]:1935/live", "rtmp://[::1]/live", "'rtmp://[::1]/live'",
    "rtmp://[fe80::1%25eth0]:1935/live", "rtmp://h/live?vhost=[::1]", "",
    "rtmp://", "nonsense", "rtmp://[::1/live", "x" * 400], ids=show)
def test_any_tcurl_does(url, rtmpd, clients):
    server = rtmpd()
    publish(server, clients, "live", "x", tcUrl=url)
    play(server, clients, "live", "x", tcUrl=url)


def test_publish_and_play_over_ipv6(rtmpd, clients, media, scratch):
    server = rtmpd({"max-streams": 16, "max-connections": 16},
                   listen=["[::1]:PORT"])
    url = f"rtmp://[::1]:{server.port}/live/x"
    publisher = clients.run(ff.publish(url, media("av")))
    server.wait_log(r"\bpublish\b.*stream=live/x .*::1")
    hashes = clients.run(ff.hashes(url, str(scratch / "hashes")))
    raw = clients.subscriber(server, "live/x", host="::1")
    raw.wait(lambda m: flv.kind(m) == "key")
    books = clients.add(registry.Registry(server))
    stream = books.wait_stream("live/x", lambda s: s.subscribers == 2)
    assert stream.peer.startswith("[::1]:")
    assert server.process(r"rtmpd: ::1 publish live/x$")
    raw.wait(lambda m: m.ts > 2500 and m.type == flv.VIDEO)
    publisher.popen.terminate()         # ffmpeg unpublishes
    hashes.succeed(10)
    ff.compare(ff.source(media("av"), scratch),
               ff.read_hashes(scratch / "hashes"), to_end=False)
    raw.close()


def test_ffmpegs_way_of_cutting_an_address_meets_all_others(
        rtmpd, clients, media):
    """It takes two parts for the app of a long address, one of a short."""
    server = rtmpd()
    publisher = clients.run(ff.publish(
        server.url("a/b/c/d?token=1"), media("av")))
    server.wait_log(r"\bpublish\b.*stream=a/b/c/d ")
    play(server, clients, "a", "b/c/d")
    play(server, clients, "a/b/c", "d")
    publisher.kill()
