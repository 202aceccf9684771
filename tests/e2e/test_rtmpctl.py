# SPDX-License-Identifier: ISC
"""rtmpctl: what it shows is so, what it orders is done, and what it says
when there is nobody."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

import ff
import flv
import procs
import rtmp
import server as servers
from build import patience
from procs import wait_until
from screen import Screen
from watch import flowing

CTL = servers.BUILD / "rtmpctl"
SHOWS = ["streams", "sessions", "hub", "config"]
ORDERS = [["kick", "live/x"], ["kick", "1"], ["log", "debug", "1"],
          ["record", "start", "live/x"], ["record", "stop", "live/x"],
          ["reload"], ["upgrade"], ["drain"], ["stop"]]


def show(server, *words):
    """What is shown, as JSON."""
    done = server.ctl("-j", "show", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(server, *words):
    """The lines of a table, each a dict by the heads."""
    done = server.ctl("show", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return table(done.stdout)


def table(text):
    head, *lines = text.splitlines()
    spans = [(m.group(), m.start(), m.end())
             for m in re.finditer(r"\S+", head)]
    found = []
    for line in lines:
        cells = {}
        for cell in re.finditer(r"\S+(?: \S+)*", line):
            over = [name for name, start, end in spans
                    if cell.start() < end and start < cell.end()]
            assert len(over) == 1, f"{cell.group()!r} under {over}"
            cells[over[0]] = cell.group()
        found.append(cells)
    return found


def stream_of(server, name, test=lambda s: True, timeout=5):
    """A stream as JSON, once it passes the test."""
    seen = {}

    def there():
        done = server.ctl("-j", "show", "streams")
        seen.clear()                    # there may be no hub as yet
        if done.returncode == 0:
            seen.update((s["name"], s) for s in json.loads(done.stdout))
        return name in seen and test(seen[name])
    try:
        wait_until(there, timeout)
    except TimeoutError:
        raise AssertionError(f"{name} in {seen}") from None
    return seen[name]


def ended(pid):
    wait_until(lambda: not procs.alive(pid), 3, f"the end of {pid}")


def ready(server):
    """The server, once its hub is."""
    wait_until((server.run_directory / "registry").is_symlink, 3, "a hub")
    wait_until((server.run_directory / "rtmphub.ctl").is_socket, 3, "orders")
    return server


@pytest.fixture
def live(rtmpd, clients, media):
    """A relay with a stream of ffmpeg's and two subscribers."""
    server = rtmpd()
    clients.run(procs.Process(
        ["ffmpeg", *ff.QUIET, "-re", "-stream_loop", "-1", "-i", media("av"),
         "-c", "copy", "-f", "flv", server.url("live/cam")]))
    stream_of(server, "live/cam", lambda s: len(s["tracks"]) == 2)
    for _ in range(2):
        clients.subscriber(server, "live/cam")
    stream_of(server, "live/cam", lambda s: s["subscribers"] == 2)
    return server


# what is shown


def near(value, want, part=0.3):
    return abs(value - want) <= part * want


def test_a_stream_is_what_was_published(live, media, clients):
    kept = clients.made[0]
    stream_of(live, "live/cam", lambda s: s["gop_ms"])
    bits = 8 * os.path.getsize(media("av")) / 8        # of 8 seconds
    one = stream_of(live, "live/cam",
                    lambda s: near(s["bitrate_in"], bits)
                    and near(s["bitrate_out"], 2 * bits), 7)
    video, audio = sorted(one["tracks"], key=lambda t: t["kind"])[::-1]
    assert one["state"] == "live"
    assert one["publisher"]["pid"] == live.process(r"publish live/cam")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", one["publisher"]["peer"])
    assert "Lavf" in one["publisher"]["program"]
    assert video == {"track": 0, "kind": "video", "codec": "H.264",
                     "profile": video["profile"], "width": 640,
                     "height": 360, "fps": 25.0}
    assert re.fullmatch(r"Constrained Baseline \d\.\d", video["profile"])
    assert audio == {"track": 0, "kind": "audio", "codec": "AAC",
                     "profile": "LC", "sample_rate": 44100, "channels": 1}
    assert one["gop_ms"] == pytest.approx(1000, abs=120)
    assert one["ring"]["bytes"] == 8 << 20
    assert 1000 < one["ring"]["ms"] < 9000
    assert one["lag_jumps"] == one["recorders"] == 0
    assert 1 <= one["uptime_s"] <= 10
    # what is counted agrees with what a client counts
    done = show(live, "stream", "live/cam")
    got = [m for m in list(kept.messages) if m.type == flv.VIDEO]
    assert near(done["messages"]["video"], len(got) + 25, 0.5)
    assert done["bytes_in"] > one["bytes_in"] / 2


def test_sessions_are_who_is_connected(live, clients):
    def settled():
        there = show(live, "sessions")
        return len(there) == 3 and all(s["bitrate"] > 0 for s in there)
    wait_until(settled, 6, "all to report")
    there = {s["pid"]: s for s in show(live, "sessions")}
    assert sorted(there) == sorted(live.connections())
    publisher = there.pop(live.process(r"publish live/cam"))
    assert publisher["role"] == "publish"
    assert publisher["stream"] == "live/cam"
    assert publisher["bytes_in"] > publisher["bytes_out"]
    by_peer = {s["peer"]: s for s in there.values()}
    for client in clients.made:
        one = by_peer[f"127.0.0.1:{client.client.local_port}"]
        assert (one["role"], one["stream"]) == ("play", "live/cam")
        assert (one["program"], one["slot"]) == ("LNX 9,0,124,2", 0)
        assert one["lag_ms"] < 1000 and one["lag_jumps"] == 0
        assert one["joins"] == 1 and one["first_frame_ms"] < 3000
        assert 0 <= one["connected_s"] <= 10
        assert 0 < one["bytes_out"] <= client.client.received
        assert 0 < one["bytes_in"] <= client.client.sent


def test_a_connection_with_two_streams_has_two_lines(rtmpd, clients):
    server = rtmpd()
    for name in ("live/a", "live/b"):
        clients.publisher(server, name, flv.synthetic())
    client = rtmp.Client(server.port)
    client.connect("live")
    for name in ("a", "b"):
        client.create_stream()
        client.play(name)
    clients.add(rtmp.Subscriber(server.port, "live/a", client=client))
    pid = server.process(r" play ")
    wait_until(lambda: sorted(
        (s["slot"], s["stream"]) for s in show(server, "sessions")
        if s["pid"] == pid) == [(0, "live/a"), (1, "live/b")], 3)
    lines = [r for r in rows(server, "sessions")
             if r["PID"].startswith(str(pid))]
    assert [r["PID"] for r in lines] == [f"{pid}", f"{pid}/1"]


def test_the_hub_is_shown_and_the_next_one(live, clients):
    hub = show(live, "hub")
    assert (hub["pid"], hub["alive"], hub["stale"], hub["restarts"]) == \
        (live.hub(), True, False, 0)
    assert abs(hub["time"] - time.time()) < 3
    assert hub["in_flux"] == 0 and hub["uptime_s"] < 20
    assert hub["ring_bytes"] >= 8 << 20
    totals = show(live, "hub")["totals"]
    assert totals["rtmpd_connections_total"] == 3
    assert totals["rtmpd_publishes_total"] == 1
    assert 'rtmpd_messages_total{type="video",direction="in"}' in totals
    procs.end(live.hub())
    # there is something to show all the time
    wait_until(lambda: show(live, "hub")["pid"] != hub["pid"], 5)
    after = show(live, "hub")
    assert (after["alive"], after["restarts"]) == (True, 1)
    assert after["generation"] > hub["generation"]
    text = live.ctl("show", "hub").stdout
    assert re.search(rf"^hub +pid {after['pid']}, alive$", text, re.M)
    assert re.search(r"^rtmpd_connections_total +\d+ +Connections "
                     r"registered\.$", text, re.M)


def test_tables_say_what_the_json_says(live):
    one = stream_of(live, "live/cam")
    line = rows(live, "streams")[0]
    assert (line["STREAM"], line["STATE"], line["SUBS"]) == \
        ("live/cam", "live", "2")
    profile = next(t["profile"] for t in one["tracks"]
                   if t["kind"] == "video")
    assert line["VIDEO"] == f"H.264 {profile} 640x360 25fps"
    assert line["AUDIO"] == "AAC LC 44100Hz 1ch"
    assert line["PID"] == str(one["publisher"]["pid"])
    assert line["PROGRAM"] == one["publisher"]["program"]
    there = {s["pid"]: s for s in show(live, "sessions")}
    for line in rows(live, "sessions"):
        one = there[int(line["PID"])]
        assert (line["ROLE"], line["STREAM"], line["PEER"]) == \
            (one["role"], one["stream"], one["peer"])
    text = live.ctl("show", "stream", "live/cam").stdout
    assert re.search(r"^video 0 +H\.264 .* 640x360 25fps$", text, re.M)
    assert re.search(r"^subscribers +2$", text, re.M)
    assert len(table(text.partition("\n\n")[2])) == 3


def test_a_stream_without_a_publisher_is_shown(rtmpd, clients):
    server = rtmpd({"linger": "20s"})
    waiting = clients.subscriber(server, "live/later")
    one = stream_of(server, "live/later")
    assert (one["state"], one["publisher"], one["tracks"]) == \
        ("waiting", None, [])
    assert one["gop_ms"] is None and one["uptime_s"] == 0
    publisher = clients.publisher(server, "live/later", flv.synthetic())
    flowing(waiting)
    stream_of(server, "live/later", lambda s: s["state"] == "live")
    publisher.drop()
    one = stream_of(server, "live/later", lambda s: s["state"] == "lost")
    assert one["publisher"] is None and one["subscribers"] == 1


def test_what_a_peer_sent_does_nothing_to_a_terminal(rtmpd, clients):
    """Nor does it break the lines of a table or the JSON."""
    server = rtmpd()
    evil = "\x1b]0;owned\x07\x1b[2J\nx\u202e"
    client = rtmp.Client(server.port)
    client.call("connect", {"app": "live", "flashVer": evil,
                            "tcUrl": f"rtmp://127.0.0.1:{server.port}/live",
                            "objectEncoding": 0})
    client.create_stream()
    client.play("gr\u00fc\u00dfe")
    clients.add(rtmp.Subscriber(server.port, "live/gr\u00fc\u00dfe",
                                client=client))
    wait_until(lambda: show(server, "sessions"), 3)
    assert show(server, "sessions")[0]["program"] == evil
    for words in (["streams"], ["sessions"], ["stream", "live/gr\u00fc\u00dfe"]):
        for locale in ("C", "C.UTF-8"):
            done = subprocess.run(
                [CTL, "-r", server.run_directory, "show", *words],
                capture_output=True, timeout=5, check=True,
                env=dict(os.environ, LC_ALL=locale))
            text = done.stdout.decode()
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
            assert ("gr\u00fc\u00dfe" in text) == (locale == "C.UTF-8")
    line = rows(server, "sessions")[0]
    assert line["PROGRAM"] == \
        r"\033]0;owned\007\033[2J\012x\342\200\256"


def test_the_configuration_in_force_is_shown(rtmpd, scratch):
    server = rtmpd("linger = 7s\napplication live {\n\tlinger = 0\n}\n")
    text = server.ctl("show", "config").stdout
    assert "linger = 7s\n" in text and "application" in text
    (scratch / "rtmpd.conf").write_text(text)
    assert subprocess.run(
        [servers.PROGRAM, "-n", "-f", scratch / "rtmpd.conf"],
        timeout=5, check=False).returncode == 0
    held = show(server, "config")
    assert held["linger"] == "7s" and held["join"] == "gop"
    assert list(held["application"]) == ["live"]
    assert list(held["application"]["live"]) == ["linger"]


def test_metrics_are_those_of_the_registry(live):
    text = live.ctl("metrics").stdout
    assert re.search(r"^rtmpd_subscribers 2$", text, re.M)
    assert re.search(r"^rtmpd_connections_total 3$", text, re.M)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text,
                             capture_output=True, text=True, timeout=10,
                             check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


# when the hub does not answer


def test_it_shows_while_the_hub_is_stopped(live):
    hub = live.hub()
    os.kill(hub, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert show(live, "stream", "live/cam")["subscribers"] == 2
        assert len(show(live, "sessions")) == 3
        for words in (["streams"], ["sessions"], ["hub"],
                      ["stream", "live/cam"]):
            done = live.ctl("show", *words)
            assert done.returncode == 0 and done.stdout
        assert time.monotonic() - began < patience(2)
        said = wait_until(lambda: live.ctl("show", "streams").stderr, 5,
                          "a remark", 0.1)
        assert re.fullmatch(
            rf"rtmpctl: hub {hub} does not answer: this is as of "
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n", said)
        assert show(live, "hub")["stale"]
        # an order is for a hub that takes it
        done = live.ctl("kick", "live/cam")
        assert (done.returncode, done.stdout) == (75, "")
        assert done.stderr.endswith(": no answer for 10 seconds\n")
    finally:
        os.kill(hub, signal.SIGCONT)
    wait_until(lambda: not live.ctl("show", "streams").stderr, 3,
               "the remark to go", 0.1)


def test_what_a_dead_relay_left_is_shown_as_that(rtmpd, clients):
    server = rtmpd()
    clients.subscriber(server, "live/x")
    stream_of(server, "live/x")
    hub = server.hub()
    left = os.readlink(server.run_directory / "registry")
    held = os.open(left, os.O_RDONLY)   # so that it is no leak of another's
    for pid in (server.pid, hub):
        procs.end(pid)
    server.popen.wait(3)
    ended(hub)
    procs.reap(hub)                     # its parent has gone before it
    done = server.ctl("show", "streams")
    assert done.returncode == 69
    assert "live/x" in done.stdout
    assert f"hub {hub} has died: this is as of " in done.stderr
    assert server.ctl("stop").returncode == 69
    for pid in procs.descendants(os.getpid()):
        procs.end(pid)
    os.unlink(left)
    os.close(held)
    server.stop(check=False)


# when there is nobody, or not for us


@pytest.mark.parametrize("words", [
    *[["show", s] for s in SHOWS], ["show", "stream", "live/x"], ["metrics"],
    *ORDERS], ids=" ".join)
def test_nobody_is_there(words, scratch):
    done = servers.rtmpctl(scratch, *words)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == f"rtmpctl: {scratch}: no rtmpd runs here\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another")
@pytest.mark.parametrize("words", [
    ["show", "streams"], ["show", "config"], ["metrics"], ["stop"],
    ["kick", "live/x"]], ids=" ".join)
def test_others_may_neither_see_nor_steer(words, rtmpd):
    server = ready(rtmpd())
    done = subprocess.run(
        [CTL, "-r", server.run_directory, *words], user=12345, group=12345,
        extra_groups=[], capture_output=True, text=True, timeout=5,
        check=False)
    assert (done.returncode, done.stdout) == (77, "")
    assert procs.alive(server.hub())


def test_there_is_no_such_stream_or_session(rtmpd):
    server = ready(rtmpd())
    for words, said in {
            ("show", "stream", "live/x"): "no stream live/x",
            ("kick", "live/x"): "no stream live/x",
            ("kick", "1"): "no session 1",
            ("log", "debug", "1"): "no session 1"}.items():
        done = server.ctl(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"rtmpctl: {said}\n"


# orders


def test_a_session_is_kicked(live, clients):
    flowing(clients.made[1])
    victim, other = clients.made
    peer = f"127.0.0.1:{victim.client.local_port}"
    pid = next(s["pid"] for s in show(live, "sessions")
               if s["peer"] == peer)
    done = live.ctl("kick", str(pid))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"kick: {pid} play live/cam {peer}\n"
    victim.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    ended(pid)
    flowing(other)


def test_a_stream_is_kicked(live, clients):
    flowing(clients.made[0])
    pid = live.process(r"publish live/cam")
    done = live.ctl("kick", "live/cam")
    assert done.stdout.startswith(f"kick: {pid} publish live/cam 127.0.0.1:")
    ended(pid)
    clients.made[0].wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    stream_of(live, "live/cam", lambda s: s["state"] == "waiting")


def test_one_session_logs_more(live, clients):
    chosen, other = clients.made
    flowing(other)
    pid = next(s["pid"] for s in show(live, "sessions") if s["peer"] ==
               f"127.0.0.1:{chosen.client.local_port}")
    done = live.ctl("log", "debug", str(pid))
    assert done.returncode == 0 and done.stdout.startswith("log: ")

    def more():
        chosen.client.call("pause", None, True, 0)
        return re.search(rf" debug .*{pid}$", live.log(), re.M)
    wait_until(more, 3, "more of it in the log", 0.2)
    assert all(str(pid) in n for n in live.lines if " debug " in n)
    assert live.ctl("log", "info", str(pid)).returncode == 0


def test_a_new_file_is_taken(rtmpd):
    server = rtmpd({"linger": "3s"})
    (server.base / "rtmpd.conf").write_text("linger = 9s\n")
    assert show(server, "config")["linger"] == "3s"
    done = server.ctl("reload")
    assert done.returncode == 0 and done.stdout.startswith("reload: ")
    assert show(server, "config")["linger"] == "9s"
    (server.base / "rtmpd.conf").write_text("linger = 1s\nno-such = 1\n")
    done = server.ctl("reload")
    assert done.returncode == 1
    assert "rtmpd.conf:2: " in done.stderr
    assert show(server, "config")["linger"] == "9s"


# the command line


def helped():
    """(words and arguments, sentence) of each command in --help."""
    text = subprocess.run([CTL, "--help"], capture_output=True, text=True,
                          timeout=5, check=True).stdout
    return re.findall(r"^  (\S+(?: \S+)*)  +(\S.*)$",
                      text.partition("commands:\n")[2], re.M)


def manual():
    """(words and arguments, first sentence) of each command in the page."""
    text = (servers.REPOSITORY / "man/rtmpctl.8").read_text("utf-8")
    text = text.partition(".Ss Commands that show")[2].partition(
        ".Sh TOP")[0]
    found = []
    for head, first in re.findall(r"^\.It Cm ([a-z].*)\n(.*)$", text, re.M):
        words = re.sub(r"Ar ((?:\S+)(?: \| \S+)*)",
                       lambda m: m[1].upper(), head)
        found.append((words.replace(" | ", "|"), first))
    return found


def test_usage_and_manual_agree():
    page = {w: s.lower() for w, s in manual()}
    assert len(helped()) > 10
    assert sorted(page) == sorted(w for w, _ in helped())
    for words, sentence in helped():
        assert re.match(re.escape(sentence.lower()) + r"[.,]", page[words]), \
            f"{words}: {page[words]}"


def section(name):
    """What stands under .Sh or .Ss of the page."""
    text = (servers.REPOSITORY / "man/rtmpctl.8").read_text("utf-8")
    found = re.search(rf"^\.S[hs] {name}\n(.*?)^\.S[hs] ", text, re.M | re.S)
    return found[1]


def members(value):
    """All names of members in a piece of JSON."""
    if isinstance(value, list):
        return set().union(*map(members, value))
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    return set()


def test_every_member_is_documented_and_exists(live):
    wait_until(lambda: len(show(live, "sessions")) == 3, 3)
    hub = show(live, "hub")
    hub["totals"] = {}
    there = members([show(live, "streams"), show(live, "sessions"), hub])
    told = set()
    for line in re.findall(r"^(?:\.It )?\.?Cm (.*)$", section("JSON"), re.M):
        told |= set(re.findall(r"[a-z_]{2,}", line)) - {"show", "null"}
    told -= {"stream", "streams", "sessions", "hub", "config", "application"}
    assert there - told == {"stream"}
    assert told - there == set()


def test_every_column_is_documented_and_exists(live):
    there = set(live.ctl("show", "streams").stdout.split("\n")[0].split())
    there |= set(live.ctl("show", "sessions").stdout.split("\n")[0].split())
    told = set()
    for line in re.findall(r"^\.It Sy ([A-Z , ]+)$",
                           section("Commands that show"), re.M):
        told |= set(line.replace(",", " ").split())
    assert told == there


@pytest.mark.parametrize("words, said", [
    (["show"], "show: no such command; see rtmpctl --help"),
    (["show", "stream"], "usage: rtmpctl show stream STREAM"),
    (["show", "nothing"], "show nothing: no such command; see"),
    (["kick"], "usage: rtmpctl kick SESSION|STREAM"),
    (["kick", "1", "2"], "usage: rtmpctl kick SESSION|STREAM"),
    (["log", "1"], "usage: rtmpctl log debug|info SESSION"),
    (["log", "loud", "1"], "log loud: "),
    (["record", "live/x"], "usage: rtmpctl record start|stop STREAM"),
    (["record", "now", "live/x"], "record now: "),
    (["-j", "stop"], "-j: not with stop"),
    (["-d", "1", "show", "hub"], "-d: not with show hub"),
    (["-d", "0", "top"], "-d 0: too small"),
    (["-d", "x", "top"], "-d x: invalid"), ([], "usage: rtmpctl [")],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_a_wrong_command_line_changes_nothing(words, said, rtmpd):
    server = ready(rtmpd())
    done = server.ctl(*words)
    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr
    assert procs.alive(server.hub())


def test_output_that_is_lost_is_an_error(rtmpd):
    server = ready(rtmpd())
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (["show", "hub"], ["-j", "show", "hub"],
                      ["show", "config"], ["metrics"]):
            done = subprocess.run(
                [CTL, "-r", server.run_directory, *words], stdout=full,
                stderr=subprocess.PIPE, timeout=5, check=False)
            assert done.returncode == 74, words


def test_a_terminal_cuts_lines_and_a_pipe_does_not(live, clients):
    text = live.ctl("show", "streams").stdout
    assert max(len(n) for n in text.splitlines()) > 120
    screen = clients.add(Screen([str(CTL), "-r", str(live.run_directory),
                                 "show", "streams"], columns=40))
    screen.wait(r"^live/cam +live")
    assert screen.popen.wait(3) == 0
    lines = [n for n in screen.lines if n]
    assert len(lines) == 2
    assert lines[0] == text.splitlines()[0][:40].rstrip()
