# SPDX-License-Identifier: ISC
"""The numbers of a relay by HTTP, and the process that serves them."""
import json
import re
import shutil
import signal
import subprocess

import pytest

import flv
import procs
import rtmp
import server as servers
import web
from build import patience
from procs import wait_until

METRICS = r"rtmpd: metrics"
NAME = "live/é<b>&'"


@pytest.fixture
def watched(rtmpd):
    """watched(conf) is a server and the port of its metrics."""
    def start(conf=None, **how):
        port = servers.free_port()
        server = rtmpd({"metrics-listen": f"127.0.0.1:{port}",
                        **(conf or {})}, **how)
        web.wait_health(port, 200, "ok")
        return server, port
    return start


@pytest.fixture
def by_hand(clients):
    """by_hand(run directory) runs the program; its port."""
    def start(directory):
        port = servers.free_port()
        program = clients.run(procs.Process(
            [servers.BUILD / "rtmpmetrics", "-r", directory, "-l",
             str(port)]))
        wait_until(lambda: servers.listening(port), 5,
                   f"{program.stderr}")
        return port
    return start


def served_by(server):
    return server.process(METRICS)


def test_nothing_is_served_unless_it_is_asked_for(rtmpd):
    server = rtmpd()
    server.process("rtmpd: attendants")
    assert not server.titled(METRICS)


# What is served


def test_promtool_finds_nothing(watched, clients):
    server, port = watched()
    clients.publisher(server, NAME, flv.synthetic())
    clients.subscriber(server, NAME)
    settled(port, {("rtmpd_stream_subscribers", (("stream", NAME),)): 1})
    assert web.promtool(port) == ""


def media_of(messages):
    """What the relay counts: sound, pictures, and metadata."""
    return [m for m in messages
            if m.type in (flv.AUDIO, flv.VIDEO) or flv.is_metadata(m.type, flv.bare(m.payload))]


def counted(messages):
    types = {"video": flv.VIDEO, "audio": flv.AUDIO, "data": flv.DATA}
    return {word: sum(m.type == t for m in messages)
            for word, t in types.items()}


def settled(port, want):
    """Wait until the samples are these; reports come each second."""
    def wrong():
        have = web.samples(port)
        return {k: (have.get(k), v) for k, v in want.items()
                if have.get(k) != v}
    try:
        wait_until(lambda: not wrong(), 5, step=0.1)
    except TimeoutError:
        raise AssertionError(f"have, want: {wrong()}") from None


def test_counts_are_what_the_clients_count(watched, clients):
    server, port = watched()
    subscriber = clients.subscriber(server, "live/x")
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(seconds=2))
    publisher.wait_done(10)
    sent = media_of(m for m, _ in publisher.sent)
    subscriber.wait(lambda m: m.payload == sent[-1].payload)
    got = media_of(subscriber.messages)
    stream = ("stream", "live/x")
    want = {
        ("rtmpd_connections_total", ()): 2,
        ("rtmpd_connections", ()): 2,
        ("rtmpd_publishers", ()): 1,
        ("rtmpd_subscribers", ()): 1,
        ("rtmpd_streams", (("state", "live"),)): 1,
        ("rtmpd_publishes_total", ()): 1,
        ("rtmpd_stream_subscribers", (stream,)): 1,
        ("rtmpd_lag_jumps_total", ()): 0,
        ("rtmpd_bytes_received_total", ()):
            publisher.client.sent + subscriber.client.sent,
        ("rtmpd_bytes_sent_total", ()):
            publisher.client.received + subscriber.client.received,
    }
    for way, messages in (("in", sent), ("out", got)):
        for kind, number in counted(messages).items():
            want["rtmpd_messages_total",
                 (("type", kind), ("direction", way))] = number
    for kind, number in counted(sent).items():
        want["rtmpd_stream_messages_total",
             (stream, ("type", kind))] = number
    want["rtmpd_stream_bytes_received_total", (stream,)] = sum(
        len(m.payload) for m in sent)
    want["rtmpd_stream_bytes_sent_total", (stream,)] = sum(
        len(m.payload) for m in got)
    settled(port, want)


def test_lag_is_a_histogram(watched, clients):
    server, port = watched()
    clients.publisher(server, "live/x", flv.synthetic())
    clients.subscriber(server, "live/x").wait_type(flv.VIDEO)
    name = "rtmpd_subscriber_lag_seconds"
    wait_until(lambda: web.value(port, f"{name}_count") > 0, 5, step=0.1)
    found = web.samples(port)
    buckets = [v for (metric, _), v in found.items()
               if metric == f"{name}_bucket"]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found[f"{name}_count", ()]
    wait_until(lambda: web.value(port, "rtmpd_first_frame_seconds_count")
               == 1, 5, step=0.1)


def test_what_is_refused_and_recorded(watched, clients):
    tapes = servers.private_directory()
    tapes.chmod(0o777)
    try:
        server, port = watched({"record": "all", "record-directory": tapes})
        clients.publisher(server, "live/x", flv.synthetic())
        settled(port, {("rtmpd_recordings_active", ()): 1,
                       ("rtmpd_recordings_total", ()): 1,
                       ("rtmpd_recording_errors_total", ()): 0,
                       ("rtmpd_stream_recorders",
                        (("stream", "live/x"),)): 1})
        with pytest.raises(rtmp.Refused):
            rtmp.open_publisher(server.port, "live/x")
        settled(port, {("rtmpd_publish_refused_total",
                        (("reason", "busy"),)): 1,
                       ("rtmpd_publish_refused_total",
                        (("reason", "limit"),)): 0})
        with web.dial(server.port) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            web.until_closed(sock)
        settled(port, {("rtmpd_handshake_failures_total", ()): 1})
        server.stop()
    finally:
        shutil.rmtree(tapes, ignore_errors=True)


def test_the_same_as_json(watched, clients):
    server, port = watched()
    clients.publisher(server, NAME, flv.synthetic())
    player = clients.subscriber(server, NAME)
    wait_until(lambda: sorted(s["role"] for s in web.streams(port)[
        "sessions"]) == ["metrics", "play", "publish"], 3)
    found = web.streams(port)
    assert [s["name"] for s in found["streams"]] == [NAME]
    assert found["hub"]["pid"] == server.hub()
    peers = {s["role"]: s["peer"] for s in found["sessions"]}
    assert peers["play"] == f"127.0.0.1:{player.client.local_port}"
    assert peers["metrics"] == "local"


def test_each_path_says_what_it_is(watched):
    _, port = watched()
    kinds = {"/": "text/html", "/page.js": "text/javascript",
             "/chart.js": "text/javascript",
             "/page.css": "text/css", "/streams.json": "application/json",
             "/metrics": "text/plain; version=0.0.4",
             "/healthz": "text/plain"}
    for path, kind in kinds.items():
        status, headers, body = web.get(port, path)
        assert status == 200 and body
        assert headers["Content-Type"].startswith(kind)
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nothing", "/page.html", "//", "/../etc",
                                  "/%2e%2e/etc/passwd", "/metrics/"])
def test_nothing_else_is_there(path, watched):
    _, port = watched()
    assert web.get(port, path)[0] == 404


def test_head_says_how_long_it_would_be(watched):
    _, port = watched()
    status, headers, body = web.get(port, "/page.css", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) == \
        (servers.REPOSITORY / "tools/rtmpmetrics/page.css").stat().st_size


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS",
                                    "TRACE", "NONSENSE"])
def test_nothing_can_be_done(method, watched):
    _, port = watched()
    status, headers, _ = web.get(port, "/metrics", method, body=b"x" * 100)
    assert status == 405 and headers["Allow"] == "GET, HEAD"


def test_prometheus_answers_what_the_dashboard_asks(watched, clients, scratch):
    server, port = watched()
    clients.publisher(server, "live/x", flv.synthetic())
    text = (servers.REPOSITORY / "etc/grafana/rtmpd.json").read_text()
    asked = {target["expr"].replace("$job", ".*")
             .replace("$__rate_interval", "5s")
             for panel in json.loads(text)["panels"]
             for target in panel["targets"]}
    assert len(asked) > 20
    prometheus = web.Prometheus(clients, scratch, port)
    wait_until(lambda: all(map(prometheus.ask, asked)), 20,
               "an answer to each query", 0.5)
    (live,) = prometheus.ask('sum(rtmpd_streams{state="live"})')
    assert live["value"][1] == "1"


# The hub, dead or alive


def test_a_relay_that_comes_and_goes(by_hand, scratch):
    place = scratch / "run"
    place.mkdir(mode=0o700)
    port = by_hand(place)
    assert web.health(port) == (503, "no rtmpd runs here")
    assert web.get(port, "/metrics")[0] == 503
    assert web.get(port, "/streams.json")[0] == 503
    assert web.get(port, "/")[0] == 200
    server = servers.Server(directory=place)
    try:
        web.wait_health(port, 200, "ok")
        assert web.streams(port)["hub"]["pid"] == server.hub()
    finally:
        server.stop()
    assert web.health(port)[0] == 503


def test_a_hub_that_is_killed(by_hand):
    place = servers.private_directory()
    hub = procs.Process([servers.BUILD / "rtmphub", "-d", "-r",
                         place / "run"])
    try:
        wait_until((place / "run/registry").exists, 5, "a registry")
        port = by_hand(place / "run")
        web.wait_health(port, 200, "ok")
        left = {p.name for p in servers.SHM.iterdir()} & servers.shm_of(
            place / "run")
        hub.kill()
        web.wait_health(port, 503, "the hub has died")
        assert web.value(port, "rtmpd_hub_up") == 0
        for name in left:
            (servers.SHM / name).unlink(missing_ok=True)
    finally:
        hub.kill()
        shutil.rmtree(place, ignore_errors=True)


def test_a_hub_that_hangs(watched, clients):
    server, port = watched()
    clients.publisher(server, "live/x", flv.synthetic())
    wait_until(lambda: web.streams(port)["streams"], 3)
    hub = server.hub()
    procs.end(hub, signal.SIGSTOP)
    try:
        web.wait_health(port, 503, "the hub does not answer", 8)
        assert web.value(port, "rtmpd_hub_up") == 0
        assert [s["name"] for s in web.streams(port)["streams"]] == \
            ["live/x"]
    finally:
        procs.end(hub, signal.SIGCONT)
    web.wait_health(port, 200, "ok")


def reporter(port):
    """The process whose report the hub has, if one serves."""
    if web.health(port) is None:
        return None
    found = [s["pid"] for s in web.streams(port)["sessions"]
             if s["role"] == "metrics"]
    return found[0] if found else None


def test_it_outlives_hubs(watched):
    server, port = watched()
    mine = served_by(server)
    for restarts in range(1, 4):
        hub = server.hub()
        procs.end(hub)
        wait_until(lambda: server.titled("rtmpd: hub") not in ([], [hub]),
                   5, "the next hub")
        web.wait_health(port, 200, "ok")
        wait_until(lambda: reporter(port) == mine, 5, "its report", 0.1)
        assert web.value(port, "rtmpd_hub_restarts_total") == restarts


def test_hubs_without_end_have_one_after_the_other(watched):
    """It has sockets for so many of them; then the hub starts another."""
    server, port = watched()
    first = served_by(server)
    for _ in range(30):
        hub = server.hub()
        procs.end(hub)
        wait_until(lambda: server.titled("rtmpd: hub") not in ([], [hub]),
                   5, "the next hub")
        wait_until(lambda: reporter(port) or not procs.alive(first), 5,
                   "its report", 0.05)
        if not procs.alive(first):
            break
    assert not procs.alive(first)
    web.wait_health(port, 200, "ok", 10)


def test_it_outlives_an_upgrade(watched):
    server, port = watched()
    mine, hub = served_by(server), server.hub()
    done = server.ctl("upgrade")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: web.health(port) == (200, "ok")
               and web.streams(port)["hub"]["pid"] != hub
               and reporter(port) == mine, 5, "its report", 0.1)


def test_another_one_is_started_when_it_dies(watched):
    server, port = watched()
    mine = served_by(server)
    procs.end(mine)
    server.wait_log(r"attendant-died program=rtmpmetrics .* signal=9")
    wait_until(lambda: server.titled(METRICS) not in ([], [mine]), 5)
    web.wait_health(port, 200, "ok")


def test_it_ends_with_its_relay(watched):
    server, _ = watched()
    server.wait_log(r"\bmetrics-start address=127\.0\.0\.1:")
    server.stop()
    assert " metrics-stop reason=shutdown " in server.log()


def test_it_keeps_no_idle_hub_from_leaving(place):
    """A relay of rtmpd -i: the fixture waits for hub and server to end."""
    port = servers.free_port()
    with open(place / "rtmpd.conf", "a", encoding="ascii") as conf:
        conf.write(f"metrics-listen = {port}\n")
    ours, theirs = web.socket.socketpair()
    with theirs:
        one = subprocess.Popen(
            [servers.PROGRAM, "-i", "-r", place / "run", "-f",
             place / "rtmpd.conf"], stdin=theirs, stdout=theirs,
            stderr=theirs)
    client = rtmp.Client(sock=ours)
    client.connect("live")
    web.wait_health(port, 200, "ok")
    settled(port, {("rtmpd_connections", ()): 1})
    client.close()
    assert one.wait(patience(3)) == 0


def test_it_serves_at_an_address_of_ipv6(rtmpd):
    port = servers.free_port("::1")
    server = rtmpd({"metrics-listen": f"[::1]:{port}"})
    server.wait_log(rf"\bmetrics-start address=\[::1\]:{port}\b")
    assert web.get(port, "/healthz", host="::1")[0] == 200


def test_a_port_in_use_is_told_and_tried_again(rtmpd):
    port = servers.free_port()
    with web.socket.create_server(("127.0.0.1", port)):
        server = rtmpd({"metrics-listen": f"127.0.0.1:{port}"})
        server.wait_log(rf"\bmetrics-failed address=127.0.0.1:{port}: "
                        "Address already in use")
    web.wait_health(port, 200, "ok", 10)


def test_it_moves_when_the_configuration_says_so(watched):
    server, port = watched()
    other = servers.free_port()
    server.configure({"metrics-listen": f"127.0.0.1:{other}"})
    done = server.ctl("reload")
    assert done.returncode == 0, done.stderr
    web.wait_health(other, 200, "ok")
    wait_until(lambda: web.health(port) is None, 3)
    server.configure({})
    assert server.ctl("reload").returncode == 0
    wait_until(lambda: not server.titled(METRICS), 3)


# Clients that mean harm come from 127.0.0.2


def test_slow_clients_hold_nothing(watched):
    _, port = watched()
    slow = [web.dial(port, "127.0.0.2") for _ in range(40)]
    slow += [web.dial(port, f"127.0.0.{n}") for n in range(3, 7)
             for _ in range(16)]
    try:
        for sock in slow:
            try:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                pass                    # too many of one address
        drips = iter(slow)

        def served():
            try:
                next(drips).sendall(b"X-Slow: 1\r\n")
            except (OSError, StopIteration):
                pass
            return web.health(port) == (200, "ok")
        wait_until(served, 20, "an answer", 0.1)
        for sock in slow:
            assert web.until_closed(sock) == b""
    finally:
        for sock in slow:
            sock.close()


def test_others_are_served_beside_one_address_that_takes_all(watched):
    _, port = watched()
    idle = [web.dial(port, "127.0.0.2") for _ in range(200)]
    try:
        for _ in range(20):
            assert web.health(port) == (200, "ok")
    finally:
        for sock in idle:
            sock.close()


@pytest.mark.parametrize("request_", [
    b"\0" * 5000, b"\x03" + b"x" * 1536, b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 20000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz",
], ids=["zeros", "rtmp", "short", "version", "path", "header", "headers",
        "body", "chunks"])
def test_nonsense_is_refused(request_, watched):
    server, port = watched()
    mine = served_by(server)
    with web.dial(port, "127.0.0.2") as sock:
        try:
            sock.sendall(request_)
            sock.shutdown(web.socket.SHUT_WR)
        except OSError:
            pass                        # it has heard enough
        got = web.until_closed(sock)
    assert got == b"" or re.match(rb"HTTP/1\.[01] [45]\d\d ", got)
    assert web.health(port) == (200, "ok")
    assert served_by(server) == mine


def test_a_storm_disturbs_no_stream(watched, clients):
    server, port = watched()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    subscriber.wait_type(flv.VIDEO)
    mine = served_by(server)
    for n in range(300):
        try:
            sock = web.dial(port, "127.0.0.2")
            sock.sendall(b"GET /streams.json HTTP/1.1\r\n\r\n"[:n % 40])
            sock.close()
        except OSError:
            pass
    at = len(subscriber.messages)
    subscriber.wait_type(flv.VIDEO, since=at)
    publisher.check()
    assert web.health(port) == (200, "ok")
    assert served_by(server) == mine
