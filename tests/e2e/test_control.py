# SPDX-License-Identifier: ISC
"""rtmpctl: drain and stop, and what keeps others from giving orders."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import flv
import procs
import rtmp
import server as servers
from build import patience
from watch import flowing, no_gap

RECONNECT = "NetConnection.Connect.ReconnectRequest"


def player(server, stream, caps):
    """A subscriber that says what it can do."""
    client = rtmp.Client(server.port)
    client.connect("live", capsEx=caps)
    client.create_stream()
    client.play(stream)
    return rtmp.Subscriber(server.port, stream, client=client)


def test_a_drain_asks_who_can_to_reconnect(rtmpd, clients):
    server = rtmpd({"drain-url": '"rtmp://other.example/live"'})
    clients.publisher(server, "live/x", flv.synthetic())
    able = clients.add(player(server, "x", 15))
    unable = clients.add(player(server, "x", 14))
    flowing(able)
    began = time.monotonic()
    done = server.ctl("drain")
    assert (done.returncode, done.stdout) == \
        (0, "drain: 3 connections, 60 s at most\n"), done.stderr
    _, message = able.wait_status(RECONNECT, 2)
    assert message.msid == 0
    info = rtmp.command(message)[3]
    assert info["level"] == "status"
    assert info["tcUrl"] == "rtmp://other.example/live"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), 1)
    # the old server keeps serving
    flowing(able)
    flowing(unable)
    assert RECONNECT not in unable.codes()
    flv.follow(able.messages)
    # and goes when the last one has gone
    able.close()
    unable.close()
    clients.made[0].stop()
    assert server.popen.wait(patience(3)) == 0
    assert "stop reason=drained" in server.log()
    assert time.monotonic() - began < 20
    server.stop(check=False)


@pytest.mark.parametrize("pause", [0, 0.1, 0.3])
def test_a_drain_right_after_a_hub_ends_nobody(pause, rtmpd, clients):
    """Issue: publishers and subscribers were refused, as if they were new.
    Cause: they reported to a hub that drains. Trigger: upgrade, then drain."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    subscribers = [clients.subscriber(server, "live/x") for _ in range(4)]
    able = clients.add(player(server, "x", 15))
    flowing(able)
    since, mark = time.monotonic(), len(server.lines)
    procs.end(server.hub())
    server.wait_log(r"\bhub-start\b", 5, mark)
    time.sleep(pause)                   # what is tested is when it comes
    assert server.ctl("drain").returncode == 0
    able.wait_status(RECONNECT, 3)
    flowing(able, 40)
    for subscriber in subscribers:
        no_gap(subscriber, publisher, since)
    assert not re.search(r"\brefused\b", "\n".join(server.lines[mark:]))



@pytest.mark.parametrize("how", ["down", "upgraded", "killed later"])
def test_the_next_hub_drains_too(how, rtmpd, clients):
    """Issue: nobody was asked to reconnect, or there was no hub at all.
    Cause: the order went to a hub that had gone, or had yet to begin."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    able = clients.add(player(server, "x", 15))
    flowing(able)
    since, mark, hub = time.monotonic(), len(server.lines), server.hub()
    if how == "down":
        procs.end(hub)
    elif how == "upgraded":
        assert server.ctl("upgrade").returncode == 0
    assert server.ctl("drain").returncode == 0
    if how == "killed later":
        server.wait_log(r"\bhub-drain\b", 5, mark)
        able.wait_status(RECONNECT, 3)
        mark = len(server.lines)
        procs.end(hub)
    server.wait_log(r"\bhub-start\b", 5, mark)
    server.wait_log(r"\bhub-drain\b", 5, mark)
    able.wait_status(RECONNECT, 3, len(able.messages) if "later" in how else 0)
    flowing(able, 30)
    no_gap(able, publisher, since)
    able.close()
    publisher.stop()
    assert server.popen.wait(patience(4)) == 0
    assert "stop reason=drained" in server.log()
    server.stop(check=False)


def adopting(rtmpd, clients):
    """A relay that has taken over the streams of one that was killed."""
    first = rtmpd()
    clients.publisher(first, "live/x", flv.synthetic())
    able = clients.add(player(first, "x", 15))
    flowing(able)
    hub = first.hub()
    procs.end(first.pid)
    first.popen.wait(patience(3))
    second = rtmpd(directory=first.run_directory)
    second.wait_log(r"\bstart pid=")
    return first, second, able, hub


def test_a_drain_of_streams_that_were_taken_over_outlives_a_hub(
        rtmpd, clients):
    """Issue: the listener left at once, and the streams ended. Cause: it
    counted its own children alone."""
    first, second, able, hub = adopting(rtmpd, clients)
    assert second.ctl("drain").returncode == 0
    able.wait_status(RECONNECT, 3)
    since = len(second.lines)
    procs.end(hub)
    second.wait_log(r"\bhub-start\b", 5, since)
    flowing(able, 100)
    assert second.popen.poll() is None
    able.close()
    clients.made[0].stop()
    assert second.popen.wait(patience(4)) == 0
    assert "stop reason=drained" in second.log()
    second.stop(check=False)
    first.stop(check=False)


def test_a_standby_that_hangs_keeps_no_listener(rtmpd, clients):
    """Issue: the listener waited for ever. Cause: SIGTERM, for a hub that is
    stopped."""
    first, second, _, hub = adopting(rtmpd, clients)
    standby, = procs.wait_until(lambda: [
        p for p in second.children() if "rtmphub" in procs.title(p)], 3)
    procs.end(standby, signal.SIGSTOP)
    second.stop()
    assert not procs.alive(standby) and not procs.alive(hub)
    first.stop(check=False)


def test_a_reload_with_a_standby_loses_no_hub(rtmpd, clients):
    first, second, able, hub = adopting(rtmpd, clients)
    standby, = procs.wait_until(lambda: [
        p for p in second.children() if "rtmphub" in procs.title(p)], 3)
    assert second.ctl("reload").returncode == 0
    procs.wait_until(lambda: not procs.alive(standby), 3, "the old standby")
    procs.wait_until(lambda: [
        p for p in second.children() if "rtmphub" in procs.title(p)], 3)
    flowing(able)
    assert procs.alive(hub)
    assert "hub-died" not in second.log()
    second.stop()
    first.stop(check=False)


def test_a_drain_ends_in_time(rtmpd, clients):
    server = rtmpd({"drain-timeout": "1s"})
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    os.kill(server.pid, signal.SIGQUIT)
    server.wait_log(r"\bdrain connections=2 timeout=1000ms")
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 5)
    assert server.popen.wait(patience(3)) == 0
    assert "stop reason=drain-timeout" in server.log()
    flv.follow(subscriber.messages)
    server.stop(check=False)


def test_a_stop_is_as_by_signal(rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    done = server.ctl("stop")
    assert (done.returncode, done.stdout) == (0, "stop: 2 connections\n")
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 2)
    assert server.popen.wait(patience(3)) == 0
    server.stop(check=False)


def test_a_hub_that_is_told_to_end_alone_is_replaced(rtmpd, clients):
    """SIGTERM as well: streams go on."""
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    hub = server.hub()
    os.kill(hub, signal.SIGTERM)
    procs.wait_until(lambda: not procs.alive(hub), 1, "its end")
    flowing(clients.subscriber(server, "live/x"))
    flowing(subscriber)
    flv.follow(subscriber.messages)


def test_nobody_is_there_to_obey(scratch):
    done = servers.rtmpctl(scratch, "stop")
    assert done.returncode == 69
    assert done.stderr == f"rtmpctl: {scratch}: no rtmpd runs here\n"


@pytest.mark.parametrize("words", [
    [], ["stop", "stop"], ["-x", "stop"]])
def test_a_wrong_command_line_is_explained(words):
    done = subprocess.run(
        [servers.BUILD / "rtmpctl", *words], capture_output=True, text=True,
        timeout=5, check=False)
    assert done.returncode == 64
    assert "usage: rtmpctl" in done.stderr


def test_orders_are_for_its_owner_alone(rtmpd):
    server = rtmpd()
    for name in ("rtmpd.ctl", "rtmphub.ctl"):
        path = server.run_directory / name
        procs.wait_until(path.is_socket, 2, name)
        assert path.stat().st_mode & 0o777 == 0o600


def test_nonsense_is_answered_and_harms_nobody(rtmpd):
    server = rtmpd()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")
        sock.settimeout(3)
        for name in ("rtmpd.ctl", "rtmphub.ctl"):
            path = str(server.run_directory / name)
            procs.wait_until(lambda p=path: os.path.exists(p), 2, name)
            for order in (b"", b"stopp", b"stop\n", b"\0" * 5000, b"\xff"):
                sock.sendto(order, path)
                assert sock.recv(256) == b"error unknown order"
    assert procs.alive(server.hub())
