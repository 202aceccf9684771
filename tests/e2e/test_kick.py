# SPDX-License-Identifier: ISC
"""Orders about one connection: kick it, let it log more."""
import os
import signal
import subprocess
import time

import pytest

import flv
import procs
import rtmp
from build import BUILD, patience
from procs import wait_until
from watch import flowing


def scene(rtmpd, clients, conf=None):
    """A server, a publisher, and two subscribers of it."""
    server = rtmpd(conf)
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscribers = [clients.subscriber(server, "live/x") for _ in range(2)]
    for subscriber in subscribers:
        flowing(subscriber)
    return server, publisher, subscribers


def pid_of(server, client):
    """The process that serves this client, by the log."""
    peer = f"127.0.0.1:{client.local_port}"
    line = server.wait_log(rf"\bconnect peer={peer} .*")[0]
    return int(line.rpartition("pid=")[2])


def test_a_kicked_subscriber_is_told_and_others_are_not(rtmpd, clients):
    server, _, (victim, other) = scene(rtmpd, clients)
    pid = pid_of(server, victim.client)
    peer = f"127.0.0.1:{victim.client.local_port}"
    assert server.order(f"kick {pid}") == f"ok {pid} play live/x {peer}"
    victim.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    victim.wait_event(rtmp.STREAM_EOF, 2)
    victim.wait_closed(2)
    server.wait_log(rf"\bkick pid={pid} role=play stream=live/x peer={peer} "
                    rf"by={os.getpid()}$", 1)
    server.wait_log(rf"\bdisconnect peer={peer} .*reason=kicked ", 1)
    wait_until(lambda: not procs.alive(pid), 2)
    flowing(other)
    flv.follow(other.messages)


@pytest.mark.parametrize("by", ["pid", "stream"])
def test_a_kicked_publisher_ends_its_stream_at_once(by, rtmpd, clients):
    """Its subscribers do not wait for its return, and its name is free."""
    server, publisher, (subscriber, _) = scene(
        rtmpd, clients, {"linger": "30s", "takeover": "30s"})
    pid = pid_of(server, publisher.client)
    publisher.halt()
    began = time.monotonic()
    answer = server.order(f"kick {pid if by == 'pid' else 'live/x'}")
    assert answer.startswith(f"ok {pid} publish live/x 127.0.0.1:")
    said = [rtmp.command(m)[3] for m in publisher.client.wait_closed(2)
            if rtmp.status(m)]
    assert [(s["level"], s["code"]) for s in said] == [
        ("error", "NetStream.Publish.Denied")]
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    assert time.monotonic() - began < patience(2)
    clients.publisher(server, "live/x", flv.synthetic(stream=2))
    subscriber.wait_status(rtmp.PUBLISH_NOTIFY, 2)
    server.wait_log(r"\bdisconnect .*role=publish .*reason=kicked ", 1)


def test_one_that_does_not_leave_is_killed(rtmpd, clients):
    server, _, (victim, other) = scene(rtmpd, clients)
    pid = pid_of(server, victim.client)
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert server.order(f"kick {pid}").startswith("ok ")
    wait_until(lambda: not procs.alive(pid), 3, "its end")
    assert time.monotonic() - began > 0.9
    server.wait_log(rf"\bkick-killed pid={pid}$", 1)
    flowing(other)


def test_one_that_does_nothing_can_be_kicked(rtmpd, clients):
    server = rtmpd()
    client = clients.add(rtmp.Client(server.port))
    client.connect("live")
    pid = pid_of(server, client)
    assert server.order(f"kick {pid}").startswith(f"ok {pid} none ")
    client.wait_closed(2)


@pytest.mark.parametrize("order,answer", [
    ("kick 1", "no session 1"), ("kick 99999999999", "no session "
                                 "99999999999"),
    ("kick ", "no session "), ("kick -5", "no session -5"),
    ("kick x y", "no session x y"),
    ("kick live/none", "no stream live/none"),
    ("kick live/\u00fc", "no stream live/\u00fc"),
    ("kick live/idle", "nobody publishes live/idle"),
    ("log debug 1", "no session 1"), ("log info 0", "no session 0"),
    ("log debug", "unknown order"), ("kick", "unknown order"),
    ("log 1", "unknown order")])
def test_what_is_not_there_is_named(order, answer, rtmpd, clients):
    server = rtmpd()
    clients.subscriber(server, "live/idle")
    assert server.order(order) == f"error {answer}"


def waits_for_answer(pid):
    return procs.snapshot()[pid][1] == "S" and any(
        n.startswith("socket:") for n in procs.descriptors(pid))


def test_an_order_outlives_the_hub(rtmpd, clients):
    """Issue: it waited for ten seconds for the answer of a hub that was
    killed with it unread, or found no rtmpd before there was another."""
    server, _, victims = scene(rtmpd, clients)
    for victim, told in zip(victims, (True, False)):
        hub, pid = server.hub(), pid_of(server, victim.client)
        os.kill(hub, signal.SIGSTOP)
        if not told:
            procs.end(hub)
        with subprocess.Popen([BUILD / "rtmpctl", "-r", server.run_directory,
                               "kick", str(pid)], text=True,
                              stdout=subprocess.PIPE) as kick:
            if told:
                wait_until(lambda: waits_for_answer(kick.pid), 5)
                procs.end(hub)
            said, _ = kick.communicate(timeout=patience(5))
        assert said.startswith(f"kick: {pid} play live/x "), said
        victim.wait_closed(2)


def test_an_order_awaits_the_first_hub(rtmpd):
    """Issue: right after the start there was "no rtmpd" to take it. Cause:
    the listener is ready before its hub."""
    server = rtmpd()
    wait_until((server.run_directory / "rtmphub.ctl").is_socket, 5)
    for name in ("rtmphub.ctl", "registry"):    # as before the hub's start
        (server.run_directory / name).rename(server.base / name)
    with subprocess.Popen([BUILD / "rtmpctl", "-r", server.run_directory,
                           "kick", "2000000000"], text=True,
                          stderr=subprocess.PIPE) as kick:
        with pytest.raises(subprocess.TimeoutExpired):
            kick.wait(0.3)
        for name in ("registry", "rtmphub.ctl"):
            (server.base / name).rename(server.run_directory / name)
        _, said = kick.communicate(timeout=patience(5))
    assert said == "rtmpctl: no session 2000000000\n"


def test_one_connection_can_be_made_to_log_more(rtmpd, clients):
    server, _, (chosen, other) = scene(rtmpd, clients)
    pid = pid_of(server, chosen.client)
    assert "debug" not in server.log()
    assert server.order(f"log debug {pid}") == f"ok {pid} logs more"
    flowing(chosen, 20)
    for client in (other.client, chosen.client):
        client.call("pause", None, True, 0, msid=client.msid)
    server.wait_log(rf"debug command .*name=pause .*{pid}")
    server.wait_log(rf"debug status .*code=NetStream.Pause.Notify.*{pid}")
    assert server.order(f"log info {pid}") == f"ok {pid} logs as configured"
    other.wait_status("NetStream.Pause.Notify")

    def quiet():
        """It may look at its peer first, and then hear of the order."""
        since, seen = len(server.lines), len(chosen.messages)
        chosen.client.call("pause", None, False, 0, msid=chosen.client.msid)
        chosen.wait_status("NetStream.Unpause.Notify", 5, seen)
        return not [n for n in server.lines[since:] if "debug" in n]
    wait_until(quiet, 5, "it to log as before")
    assert all(str(pid) in n for n in server.lines if "debug" in n)
