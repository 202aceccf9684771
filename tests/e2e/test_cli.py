# SPDX-License-Identifier: ISC
"""The command line, the configuration file, and signals."""
import re
import signal
import socket
import subprocess
import time

import pytest

import flv
import rtmp
from build import patience
from server import PROGRAM, free_port


def rtmpd_says(*args):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True,
                          text=True, timeout=patience(3), check=False,
                          stdin=subprocess.DEVNULL)


def test_version():
    done = rtmpd_says("-V")
    assert done.returncode == 0
    assert re.match(r"rtmpd \d+\.\d+", done.stdout + done.stderr)


def test_help():
    done = rtmpd_says("--help")
    assert done.returncode == 0
    for option in "dinvVflr":
        assert re.search(rf"-\w*{option}", done.stdout), option


@pytest.mark.parametrize("args", [["-Z"], ["--nonsense"], ["-f"],
                                  ["surplus"], ["-l", "127.0.0.1:x"],
                                  ["-l", "127.0.0.1:70000"]])
def test_wrong_usage_fails_with_a_message(args):
    done = rtmpd_says("-d", *args)
    assert done.returncode not in (0, -6, -11)
    assert done.stderr.strip()


GOOD = """
listen = {"127.0.0.1:1935", "[::1]:1935"}
run-directory = "/nonexistent/run"
ring = 16M
max-ring-memory = 1G
max-lag = 3s
linger = 500ms
takeover = 3s
takeover-other = 10s
join = live
idle-streams = false
merge = 20ms
chunk-size = 4096
handshake-timeout = 5s
command-timeout = 10s
publish-timeout = 30s
send-timeout = 10s
ping-interval = 30s
ping-timeout = 20s
stats-interval = 30s
max-connections = 100
max-per-address = 10
max-streams = 10
max-message = 4M
"""


def test_a_good_configuration_passes_the_check(scratch):
    conf = scratch / "rtmpd.conf"
    conf.write_text(GOOD)
    done = rtmpd_says("-n", "-f", conf)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [
    "no-such-key = 1", "ring = 16Q", "ring = many", "linger = -3s",
    "linger = 3 parsecs", "join = sometimes", "idle-streams = perhaps",
    "ring = ", "max-connections = {1, 2}", "chunk-size = 0",
    "max-streams = 99999999999999999999", 'listen = {"127.0.0.1:x"}'])
def test_a_wrong_line_is_named(line, scratch):
    conf = scratch / "rtmpd.conf"
    conf.write_text("# one\nmax-lag = 3s\n" + line + "\n")
    done = rtmpd_says("-n", "-f", conf)
    assert done.returncode not in (0, -6, -11)
    assert re.search(rf"{conf}:[34]: \S", done.stderr), done.stderr
    started = rtmpd_says("-d", "-f", conf, "-r", scratch / "run", "-l",
                         f"127.0.0.1:{free_port()}")
    assert started.returncode not in (0, -6, -11)


def test_a_configuration_that_is_missing_is_an_error(scratch):
    done = rtmpd_says("-n", "-f", scratch / "none.conf")
    assert done.returncode not in (0, -6, -11)
    assert "none.conf" in done.stderr


def test_it_serves_within_a_second_and_needs_nothing_else(rtmpd, clients):
    started = time.monotonic()
    server = rtmpd(env={"PATH": "/usr/bin:/bin"})
    clients.publisher(server, "live/x", flv.synthetic())
    assert time.monotonic() - started < patience(1)


def test_it_listens_on_every_address_given(rtmpd, clients):
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    server = rtmpd(listen=["127.0.0.1:PORT", "[::1]:PORT"])
    clients.publisher(server, "live/x", flv.synthetic())
    player = clients.add(rtmp.open_subscriber(server.port, "live/x",
                                              host="::1"))
    player.wait(lambda m: flv.kind(m) == "key", 3, "a key frame")
    server.wait_log(r"\bplay\b.*peer=\S*::1|peer=\S*::1.*\bplay\b")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_subscribers_are_told(sig, rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscribers = [clients.subscriber(server, "live/x") for _ in range(3)]
    waiting = clients.subscriber(server, "live/none")
    for subscriber in subscribers:
        subscriber.wait(lambda m: flv.kind(m) == "key")
    server.stop(sig)
    assert server.popen.returncode in (0, -sig)
    for subscriber in subscribers:
        subscriber.wait_closed(1)
        codes = subscriber.codes()
        told = rtmp.UNPUBLISH_NOTIFY in codes or any(
            (rtmp.user_event(m) or (0,))[0] == rtmp.STREAM_EOF
            for m in subscriber.messages)
        assert told
        assert not subscriber.client.reader.torn()
        flv.follow(subscriber.messages)
    waiting.wait_closed(1)
    assert publisher.done.wait(patience(2))
    assert publisher.error is not None


def test_processes_are_named_and_logged(rtmpd, clients):
    server = rtmpd({"stats-interval": "1s"})
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    encoder = server.process(r"rtmpd: 127\.0\.0\.1.* publish live/x")
    player = server.process(r"rtmpd: 127\.0\.0\.1.* play live/x")
    server.process(r"rtmpd: hub")
    for event, pid in (("publish", encoder), ("play", player)):
        server.wait_log(rf"\b{event}\b.*\bstream=live/x\b")
        server.wait_log(rf"\bpid={pid}\b")
    server.wait_log(r"\bcodec\b.*stream=live/x\b")
    server.wait_log(r"\bstats\b.*stream=live/x", 3)
    subscriber.close()
    server.wait_log(r"\bdisconnect\b.*reason=")


def test_names_cannot_forge_log_lines(rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.Client(server.port))
    client.connect("live")
    client.create_stream()
    try:
        client.play("x\ndisconnect peer=forged \x1b[31m")
    except (rtmp.Closed, rtmp.Refused):
        pass
    client.close()
    server.wait_connections(0)
    assert not any(x.startswith("disconnect peer=forged")
                   for x in server.lines)
    assert "\x1b" not in server.log()
