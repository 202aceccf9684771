# SPDX-License-Identifier: ISC
"""What a process that was taken over would try, tried from each role.

Needs the build with PROBE=1, which makes the call that RTMPD_PROBE names at
the moment the role's filter is in force, or a ring's descriptor arrives, and
exits with the call's errno if it survives that."""
import ctypes
import errno
import os
from pathlib import Path
import shutil
import signal
import time

import pytest

import flv
import procs
import rtmp
import server as servers

PROBE = Path(os.environ.get("RTMPD_PROBE_BUILD", servers.BUILD / "probe"))
SIGSYS = int(signal.SIGSYS)
CREATE_RULESET, VERSION = 444, 1        # landlock(7), on every architecture
LANDLOCK = ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, VERSION) > 0

DENIED = {
    "connection": ["open", "inet", "exec", "truncate", "exec-map", "ptrace",
                   "kill", "fork", "reconnect", "owner", "hole"],
    "hub": ["inet", "exec", "exec-map", "ptrace", "kill", "fork"],
    "listener": ["packet", "ptrace"],
    "recorder": ["inet", "exec", "exec-map", "ptrace", "kill", "fork"],
    "metrics": ["inet", "packet", "create", "unseat", "leave", "truncate",
                "exec", "exec-map", "ptrace", "fork"],
}


@pytest.fixture
def probe(rtmpd, monkeypatch):
    if not (PROBE / "rtmpd").exists():
        pytest.skip("no build with PROBE=1")
    monkeypatch.setattr(servers, "PROGRAM", PROBE / "rtmpd")

    def start(role, call, **how):
        env = {**os.environ, "RTMPD_PROBE": f"{role} {call}"}
        return rtmpd(env=env, **how)
    return start


def publish_and_play(server):
    """Both, as far as they get."""
    try:
        publisher = rtmp.Publisher(server.port, "live/x", flv.synthetic())
        publisher.wait_sent(lambda m: flv.kind(m) == "key")
        rtmp.Subscriber(server.port, "live/x").abandon()
        time.sleep(0.1)
        publisher.abandon()
    except (rtmp.Closed, rtmp.Refused, TimeoutError, OSError):
        pass


@pytest.mark.parametrize("call", DENIED["connection"])
def test_a_connection_that_tries_it_is_killed(call, probe):
    server = probe("connection", call)
    publish_and_play(server)
    server.wait_log(rf"\bconnection-died pid=\d+ signal={SIGSYS}\b")


@pytest.mark.parametrize("call", DENIED["hub"])
def test_a_hub_that_tries_it_is_killed(call, probe):
    server = probe("hub", call, wait=False)
    server.wait_log(rf"\bhub-died signal={SIGSYS}\b")


@pytest.mark.parametrize("call", DENIED["metrics"])
def test_a_server_of_metrics_that_tries_it_is_killed(call, probe):
    server = probe("metrics", call, conf={
        "metrics-listen": f"127.0.0.1:{servers.free_port()}"})
    server.wait_log(r"\battendant-died program=rtmpmetrics stream=- "
                    rf"pid=\d+ signal={SIGSYS}\b")


@pytest.fixture
def recorder(probe):
    """A relay that records a stream; its recorder tries a call."""
    base = servers.private_directory()
    (base / "tapes").mkdir()
    (base / "tapes").chmod(0o777)

    def start(role, call):
        server = probe(role, call, conf={
            "record": "all", "record-directory": str(base / "tapes")})
        publish_and_play(server)
        return server
    yield start
    shutil.rmtree(base)


@pytest.mark.parametrize("call", DENIED["recorder"])
def test_a_recorder_that_tries_it_is_killed(call, recorder):
    recorder("recorder", call).wait_log(
        rf"\battendant-died program=rtmprecord .* signal={SIGSYS}\b")


@pytest.mark.parametrize("call", ["open", "create"])
def test_a_recorder_opens_nothing_but_beneath_its_directory(call, recorder):
    if not LANDLOCK:
        pytest.skip("this kernel has no Landlock")
    recorder("beneath", call).wait_log(
        rf"\battendant-died program=rtmprecord .* status={errno.EACCES}\b")


@pytest.mark.parametrize("call", DENIED["listener"])
def test_a_listener_that_tries_it_is_killed(call, probe):
    server = probe("listener", call, wait=False)
    procs.wait_until(lambda: server.popen.poll() is not None, 5, "its end")
    assert server.popen.returncode == -SIGSYS
    server.stop(check=False)


def test_a_subscriber_cannot_map_its_ring_for_writing(probe):
    server = probe("ring", "map")
    publish_and_play(server)
    server.wait_log(
        rf"\bconnection-died pid=\d+ status={errno.EACCES}\b")


def test_a_subscriber_cannot_shrink_its_ring(probe):
    server = probe("ring", "truncate")
    publish_and_play(server)
    server.wait_log(rf"\bconnection-died pid=\d+ signal={SIGSYS}\b")


def test_a_connection_stopped_in_a_wait_lives_when_continued(rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    players = [clients.subscriber(server, "live/x"),
               clients.subscriber(server, "live/none")]
    pids = [server.process(r"play live/x"), server.process(r"play live/none")]
    for _ in range(3):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(0.15)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    since = len(players[0].messages)
    players[0].wait(lambda m: flv.kind(m) in ("key", "inter"), 5, "video",
                    since)
    clients.publisher(server, "live/none", flv.synthetic(stream=2))
    players[1].wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    flv.follow(players[0].messages)


def test_connections_are_confined(rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    clients.subscriber(server, "live/x")
    for pid in (server.process(r"publish live/x"),
                server.process(r"play live/x")):
        status = dict(
            line.split(":\t", 1) for line in
            Path(f"/proc/{pid}/status").read_text().splitlines())
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert "Max core file size        0 " in limits
        assert "Max processes             0 " in limits
        if os.geteuid() == 0:
            assert status["Uid"].split()[0] != "0"
            assert os.readlink(f"/proc/{pid}/root").endswith("/box")
