# SPDX-License-Identifier: ISC
"""rtmpctl top, on a terminal."""
import os
import re
import signal

import pytest

import flv
import procs
import server as servers
from screen import Screen
from watch import flowing

UP, DOWN, LEFT, RIGHT = "\x1bOA", "\x1bOB", "\x1bOD", "\x1bOC"
FULL, PART = "\u2588", "\u258f\u258e\u258d\u258c\u258b\u258a\u2589"


@pytest.fixture
def top(clients):
    """top(server) is rtmpctl top on a terminal of its own."""
    def start(server, *options, **how):
        procs.wait_until((server.run_directory / "registry").is_symlink, 3,
                         "a hub")
        return clients.add(Screen(
            [str(servers.BUILD / "rtmpctl"), "-r", str(server.run_directory),
             *options, "top"], **how))
    return start


@pytest.fixture
def two(rtmpd, clients):
    """A relay with a large stream and a small one, the latter with two
    subscribers."""
    server = rtmpd()
    clients.publisher(server, "live/large", flv.synthetic(kbps=2000))
    clients.publisher(server, "live/small", flv.synthetic(kbps=400))
    for _ in range(2):
        flowing(clients.subscriber(server, "live/small"))
    return server


def names(screen):
    """The streams in the order in which they stand there."""
    return [n.split()[0] for n in screen.lines[4:] if n.startswith("live/")]


def bars(line):
    """How long the bars in it are, in columns."""
    found = re.findall(f"[{FULL}{PART}]+", line)
    return [b.count(FULL) + any(p in b for p in PART) / 2 for b in found]


def test_streams_are_shown_with_bars(two, top):
    screen = top(two)
    screen.wait(r"^live/large +live +[\d.]+M .* 0 +0 +0 +\d+s")
    line = screen.wait(r"^live/small +live +[\d.]+k .* 2 +0 +0").string
    screen.wait(r"^2 streams, 2 live, 2 subscribers, "
                rf"[\d.]+M in, [\d.]+k out, hub {two.hub()}, 0 restarts")
    large = screen.wait(r"^live/large").string
    # of the bit rate in, the large one has the longest bar there is
    assert 0 < bars(line)[0] < bars(large)[0] / 2
    assert max(len(n) for n in screen.lines) <= 80
    screen.type("q")
    assert screen.end() == 0
    assert screen.restored()


def test_it_sorts_as_asked(two, top):
    screen = top(two)
    screen.wait(r"^streams by STREAM,")
    screen.wait(r"^live/small .*M|^live/small .*k")
    assert names(screen) == ["live/large", "live/small"]
    screen.type("r")
    screen.wait(r"^streams by STREAM reversed,")
    procs.wait_until(lambda: names(screen) == ["live/small", "live/large"],
                     2, "the reverse order")
    screen.type(RIGHT * 2)
    screen.wait(r"^streams by IN,")
    procs.wait_until(lambda: names(screen) == ["live/large", "live/small"],
                     2, "the large one first")
    screen.type(">>")
    screen.wait(r"^streams by SUBS,")
    procs.wait_until(lambda: names(screen) == ["live/small", "live/large"],
                     2, "the watched one first")
    screen.type("<" + LEFT * 9)
    screen.wait(r"^streams by STREAM,")
    screen.type(RIGHT * 20)
    screen.wait(r"^streams by RING,")


def test_sessions_are_shown_and_the_selection_stays(two, top):
    screen = top(two)
    screen.wait(r"^live/small")
    screen.wait_selected("live/large")
    screen.type("r")                    # it stays selected where it goes
    procs.wait_until(lambda: names(screen)[:1] == ["live/small"], 2)
    screen.wait_selected("live/large")
    screen.type(UP)
    screen.wait_selected("live/small")
    screen.type("\t")
    screen.wait(r"^sessions by PID,")
    for pid in two.connections():
        role = procs.title(pid).split()[2]
        screen.wait(rf"^ *{pid} {role} +live/(small|large) +[\d.]+[kM]")
    screen.type("h")
    screen.wait(r"Tab +streams, or sessions")
    screen.type("h")
    screen.wait(r"^ +PID ROLE +STREAM")


def test_kicking_ends_the_session_after_a_yes(two, top):
    screen = top(two)
    screen.type("\t")
    screen.wait(r"^sessions by PID,")
    players = [p for p in two.connections() if " play " in procs.title(p)]
    screen.wait_selected(r"\d")
    for _ in two.connections():
        if int(screen.selected.split()[0]) in players:
            break
        before = screen.selected.split()[0]
        screen.type(DOWN)
        procs.wait_until(lambda b=before: screen.selected and
                         screen.selected.split()[0] != b, 2)
    pid = int(screen.selected.split()[0])
    assert pid in players
    screen.type("k")
    screen.wait(rf"^kick {pid}\? y or n")
    screen.type("n")
    screen.wait(r"^q quit")
    assert procs.alive(pid)
    screen.type("ky")
    screen.wait(r"^kick: ")
    procs.wait_until(lambda: not procs.alive(pid), 3, "its end")
    procs.wait_until(lambda: not any(str(pid) in n for n in
                                     screen.lines[4:-1]), 3, "it to go")
    assert len(two.connections()) == 3


def test_a_stream_is_kicked_by_its_publisher(two, top, clients):
    screen = top(two)
    screen.wait(r"^live/small")
    screen.type(DOWN)
    screen.wait_selected("live/small")
    publisher = two.process(r"publish live/small")
    screen.type("ky")
    procs.wait_until(lambda: not procs.alive(publisher), 3, "its end")
    screen.wait(r"^live/small +waiting")
    assert two.process(r"publish live/large")


def test_it_fits_every_terminal_and_follows_its_size(two, top):
    screen = top(two, columns=24, lines=8)
    screen.wait(r"^live/small +live")
    assert not any(FULL in n for n in screen.lines)
    screen.resize(150, 30)
    screen.wait(r"^STREAM .* RING$")
    screen.wait(rf"^live/large .*{FULL}{{12}}")
    screen.resize(5, 3)
    procs.wait_until(lambda: screen.lines[0][:5] == "strea", 3, "the title")
    screen.resize(80, 24)
    screen.wait(r"^live/small +live .* 2 +0 +0")


def test_a_lag_is_coloured(rtmpd, clients, top):
    server = rtmpd({"max-lag": "60s", "ring": "64M", "send-timeout": "60s"})
    clients.publisher(server, "live/x", flv.synthetic(kbps=8000))
    slow = clients.subscriber(server, "live/x", rcvbuf=1 << 16)
    flowing(slow)
    screen = top(server)
    screen.type("\t")
    line = r" play +live/x .*?(\d+) +\d+ +\d+s "
    screen.wait(line)
    assert screen.colour_of(line) == {None}
    slow.hold()
    for colour, least in ((3, 1000), (1, 3000)):    # yellow, red
        procs.wait_until(lambda c=colour: screen.colour_of(line) == {c}, 9,
                         f"colour {colour}")
        assert int(screen.wait(line)[1]) >= least
    slow.resume()
    procs.wait_until(lambda: screen.colour_of(line) == {None}, 9)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM,
                                 signal.SIGHUP])
def test_a_signal_ends_it_and_restores_the_terminal(rtmpd, top, sig):
    screen = top(rtmpd())
    screen.wait(r"^streams by STREAM,")
    assert not screen.restored()
    os.kill(screen.pid, sig)
    assert screen.end() == -sig
    assert screen.restored()


def test_control_c_ends_it(rtmpd, top):
    screen = top(rtmpd())
    screen.wait(r"^streams by STREAM,")
    screen.type("\x03")
    assert screen.end() == -signal.SIGINT
    assert screen.restored()


def test_it_tells_of_a_hub_that_hangs_or_dies_and_goes_on(two, top):
    screen = top(two)
    screen.wait(r"^live/small")
    hub = two.hub()
    os.kill(hub, signal.SIGSTOP)
    try:
        screen.wait(rf"^hub {hub} does not answer: this is as of \d\d:", 8)
        assert names(screen) == ["live/large", "live/small"]
    finally:
        os.kill(hub, signal.SIGCONT)
    screen.wait(rf"hub {hub}, 0 restarts")
    procs.end(hub)
    screen.wait(r"^2 streams, 2 live, 2 subscribers, .* 1 restarts", 8)
    assert screen.wait(r"hub (\d+),")[1] != str(hub)
    assert not any("as of" in n for n in screen.lines)


def test_it_waits_for_the_next_relay(rtmpd, top):
    server = rtmpd()
    screen = top(server)
    screen.wait(r"^0 streams, 0 live")
    where = server.base / "run"
    assert server.ctl("stop").returncode == 0
    screen.wait(r"^no rtmpd runs here")
    server.popen.wait(3)
    again = procs.Process([str(servers.PROGRAM), "-d", "-r", str(where),
                           "-l", f"127.0.0.1:{server.port}"])
    try:
        screen.wait(r"^0 streams, 0 live")
        screen.type("q")
        assert screen.end() == 0
    finally:
        procs.end(again.pid, signal.SIGTERM)
        again.wait(3)
        server.stop(check=False)


def test_names_of_strangers_do_nothing_to_the_terminal(rtmpd, clients, top):
    """Letters of all scripts do what they should."""
    server = rtmpd()
    clients.publisher(server, "live/gr\u00fc\u00dfe-\u4e2d", flv.synthetic())
    clients.publisher(server, "live/a\u202eb", flv.synthetic(stream=2))
    screen = top(server)
    screen.wait("^live/gr\u00fc\u00dfe-\u4e2d +live +[0-9]")
    screen.wait(r"^live/a\\342\\200\\256b +live")


def test_it_looks_as_often_as_it_is_told(rtmpd, clients, top):
    server = rtmpd()
    screen = top(server, "-d", "3600")
    screen.wait(r"^0 streams")
    clients.publisher(server, "live/x", flv.synthetic())
    procs.wait_until(lambda: "live/x" in server.ctl(
        "show", "streams").stdout, 5, "the stream")
    screen.type("h")                    # drawn anew, and still not looked
    screen.wait("Space +look again now")
    screen.type("h")
    screen.wait(r"^STREAM")
    assert names(screen) == []
    screen.type(" ")
    screen.wait(r"^live/x")


def test_without_a_terminal_it_says_so(rtmpd):
    server = rtmpd()
    procs.wait_until((server.run_directory / "registry").is_symlink, 3)
    done = server.ctl("top")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == "rtmpctl: top: this is no terminal\n"


def test_without_a_relay_it_says_so(scratch, clients):
    screen = clients.add(Screen([str(servers.BUILD / "rtmpctl"), "-r",
                                 str(scratch), "top"]))
    screen.wait("no rtmpd runs here")
    assert screen.end() == 69


def test_a_terminal_that_nobody_knows_is_told(rtmpd, top):
    screen = top(rtmpd(), TERM="no-such-terminal")
    screen.wait("top: unknown terminal")
    assert screen.end() == 69
