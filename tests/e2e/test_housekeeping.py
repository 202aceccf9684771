# SPDX-License-Identifier: ISC
"""The run directory: what violent ends leave there, who may share it, and
what becomes of it when others lay hands on it."""
import itertools
import os
import shutil
import socket
import subprocess
import time

import pytest

import flv
import procs
import rtmp
import server as servers
from build import patience
from server import PROGRAM, free_port

WHO = ("listener", "hub", "connections")


@pytest.fixture
def home():
    """A run directory that outlives the servers of a test."""
    base = servers.private_directory()
    yield base / "run"
    shutil.rmtree(base, ignore_errors=True)


def start(*args, **how):
    return subprocess.Popen(
        [*how.pop("wrap", ()), PROGRAM, *map(str, args)], text=True,
        stdin=how.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **how)


def refused(run_directory, **how):
    """What rtmpd says when it does not start with this run directory."""
    program = start("-d", "-r", run_directory, "-l",
                    f"127.0.0.1:{free_port()}", *how.pop("options", ()), **how)
    try:
        _, said = program.communicate(timeout=patience(3))
    finally:
        program.kill()
    assert program.returncode == 1, said
    assert str(run_directory) in said
    assert "hub-start" not in said
    return said


def relays(server, clients, stream="live/x", number=1):
    """One publishes and one plays; the latter."""
    clients.publisher(server, stream, flv.synthetic(stream=number))
    subscriber = clients.subscriber(server, stream)
    flows(subscriber)
    return subscriber


def flows(subscriber):
    subscriber.wait(lambda m: flv.kind(m) in ("key", "inter"), 5, "video",
                    since=len(subscriber.messages))


def kill(server, order):
    """End all processes of a server in this order, without a word."""
    everyone = {server.pid, *server.children()}
    for who in order:
        if who == "listener":
            everyone.update(server.children())
            procs.end(server.pid)
            server.popen.wait(patience(3))
        elif who == "hub":
            for pid in [p for p in everyone
                        if procs.title(p) == "rtmpd: hub"]:
                procs.end(pid)
        else:
            for pid in [p for p in everyone if "127.0.0.1" in procs.title(p)]:
                procs.end(pid)
    # a hub that was started meanwhile is a child of ours by now
    everyone.update(procs.descendants(os.getpid()))
    for pid in everyone:
        procs.end(pid)
    procs.wait_until(lambda: not any(map(procs.alive, everyone)), 3)
    server.stop(check=False)


@pytest.mark.parametrize("order", itertools.permutations(WHO))
def test_after_the_violent_end_of_all_it_starts_as_if_nothing_had_been(
        order, home, rtmpd, clients):
    first = rtmpd(directory=home)
    relays(first, clients)
    clients.clean()
    kill(first, order)
    assert (home / "rtmpd.pid").exists() and (home / "box/hub.sock").exists()
    left = servers.shm_of(home)
    assert len(left) == 1
    begin = time.monotonic()
    second = rtmpd(directory=home)
    assert time.monotonic() - begin < patience(1)
    relays(second, clients, number=2)
    assert (home / "rtmpd.pid").read_text() == str(second.pid)
    procs.wait_until(lambda: not left & servers.shm_names(), 1,
                     "what was left to go")
    second.stop()
    assert not (home / "rtmpd.pid").exists()


def test_streams_outlive_listener_and_hub_and_are_adopted(
        home, rtmpd, clients):
    first = rtmpd(directory=home)
    stays = relays(first, clients)
    orphans = [*first.connections()]
    hub = first.hub()
    procs.end(first.pid)
    first.popen.wait(patience(3))
    procs.end(hub)
    procs.wait_until(lambda: not procs.alive(hub), 1)
    first.stop(check=False)
    flows(stays)
    second = rtmpd(directory=home)
    late = clients.subscriber(second, "live/x")
    flows(late)
    flows(stays)
    for subscriber in (stays, late):
        flv.follow(subscriber.messages)
    second.stop()
    procs.wait_until(lambda: not any(map(procs.alive, orphans)), 1,
                     "the end of the orphans")
    stays.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)


def test_of_many_that_start_at_once_one_gets_the_run_directory(home):
    programs = [start("-d", "-r", home, "-l", f"127.0.0.1:{free_port()}")
                for _ in range(4)]
    try:
        procs.wait_until(
            lambda: sum(p.poll() is None for p in programs) == 1, 3,
            "all but one to give up")
        winner = next(p for p in programs if p.poll() is None)
        for program in programs:
            if program is winner:
                continue
            assert program.returncode == 1
            said = program.stderr.read()
            assert f"{home}: in use by pid {winner.pid}\n" in said
        procs.wait_until((home / "box/hub.sock").is_socket, 3, "a hub")
        # the hub, and who starts attendants for it
        assert len(procs.descendants(winner.pid)) == 2
        winner.terminate()
        assert winner.wait(patience(3)) == 0
    finally:
        for program in programs:
            family = [program.pid, *procs.descendants(program.pid)]
            if program.poll() is None:
                for pid in family:
                    procs.end(pid)
            program.communicate(timeout=5)
    assert not servers.shm_of(home)


def through_stdin(home):
    """A connection served by rtmpd -i; the client's end, the process."""
    ours, theirs = socket.socketpair()
    with theirs:
        program = start("-i", "-r", home, stdin=theirs)
    return ours, program


def test_one_on_standard_input_uses_the_hub_that_runs(home, rtmpd, clients):
    server = rtmpd(directory=home)
    hub = server.hub()
    clients.publisher(server, "live/x", flv.synthetic())
    sock, program = through_stdin(home)
    try:
        player = clients.subscriber(server, "live/x", sock=sock)
        flows(player)
        assert procs.descendants(program.pid) == []
        assert server.hub() == hub
        ours = procs.descendants(os.getpid())
        assert sum("hub" in procs.title(p) for p in ours) == 1
        server.stop()               # a relay is one, however it was started
        player.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)
        assert program.wait(patience(2)) == 0
    finally:
        program.kill()
        program.communicate(timeout=5)


def test_a_pid_file_that_names_somebody_else_means_nothing(home, rtmpd):
    home.mkdir()
    bystander = procs.Process(["sleep", "60"])
    try:
        for text in (str(bystander.pid), "1", "-1", "no number\n" * 1000, ""):
            (home / "rtmpd.pid").write_text(text)
            server = rtmpd(directory=home)
            assert (home / "rtmpd.pid").read_text() == str(server.pid)
            server.stop()
            assert not (home / "rtmpd.pid").exists()
        assert procs.alive(bystander.pid)
    finally:
        bystander.kill()


def plant(path, what):
    if what == "file":
        path.write_text("not a socket")
    elif what == "link":
        path.symlink_to("/etc/passwd")
    elif what == "dangling link":
        path.symlink_to("nowhere")
    elif what == "hard link":
        other = path.parent.parent / "other"
        other.write_text("not ours\n")
        path.hardlink_to(other)
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("what", ["file", "link", "dangling link", "pipe"])
def test_whatever_stands_where_the_socket_belongs_is_replaced(
        what, home, rtmpd, clients):
    (home / "box").mkdir(parents=True)
    plant(home / "box/hub.sock", what)
    relays(rtmpd(directory=home), clients)
    assert os.stat("/etc/passwd").st_size > 0


@pytest.mark.parametrize("name, what", [
    ("box", "file"), ("box", "link"), ("box", "dangling link"),
    ("box", "pipe"), ("box/hub.sock", "directory"), ("lock", "directory"),
    ("lock", "link"), ("start", "dangling link"), ("rtmpd.pid", "link"),
    ("rtmpd.pid", "directory"), ("rtmpd.pid", "pipe"),
    ("rtmpd.pid", "hard link")])
def test_what_does_not_belong_there_is_named(name, what, home):
    (home / name).parent.mkdir(parents=True)
    plant(home / name, what)
    said = refused(home)
    assert f"{home}/{name}: " in said, said
    assert len(said.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users")
def test_a_second_start_as_another_user_takes_nothing_away(home, rtmpd):
    """Issue: the next hub could not start. Cause: the directory was handed
    to the other user before it was found to be in use."""
    first = rtmpd({"user": "root"}, directory=home)
    conf = home.parent / "other.conf"
    conf.write_text("user = nobody\n")
    assert "in use by a relay of another user" in refused(
        home, options=["-f", conf])
    since = len(first.lines)
    procs.end(first.hub())
    first.wait_log(r"\bhub-start\b", 5, since)
    assert home.stat().st_uid == 0 and (home / "box").stat().st_uid == 0


def test_a_start_that_fails_leaves_nothing(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        program = start("-d", "-r", home, "-l",
                        f"127.0.0.1:{other.getsockname()[1]}")
        _, said = program.communicate(timeout=patience(3))
    assert program.returncode == 1 and "Address already in use" in said
    assert not (home / "rtmpd.pid").exists()


def test_who_starts_it_in_the_background_learns_how_that_went(home):
    """Issue: the pid file named a process that had gone, and a failure was
    exit status 0. Cause: who started it left before the daemon was ready."""
    args = ("-r", home, "-l", f"127.0.0.1:{free_port()}")
    (home / "rtmpd.ctl").mkdir(parents=True)
    assert start(*args).wait(5) == 1
    (home / "rtmpd.ctl").rmdir()
    assert start(*args).wait(5) == 0
    pid = int((home / "rtmpd.pid").read_text())
    assert procs.title(pid) == "rtmpd: listener"
    assert servers.rtmpctl(home, "stop").returncode == 0
    procs.wait_until(lambda: not procs.alive(pid), 5, "its end")


def test_a_read_only_run_directory_is_refused(home):
    if os.geteuid() != 0:
        pytest.skip("a file system of one's own needs root")
    home.mkdir()
    wrap = ("unshare", "-m", "sh", "-c",
            'mount -t tmpfs -o ro,mode=755 none "$0" && exec "$@"', home)
    said = refused(home, wrap=wrap)
    assert "Read-only file system" in said


def test_a_run_directory_that_is_deleted_ends_in_an_orderly_stop(
        home, rtmpd, clients):
    server = rtmpd(directory=home)
    subscriber = relays(server, clients)
    shutil.rmtree(home)
    flows(subscriber)
    # a newcomer is told that something is wrong, and so is the log
    with pytest.raises((rtmp.Closed, OSError)):
        rtmp.open_subscriber(server.port, "live/x", timeout=8)
    server.wait_log(r"disconnect .*reason=no-hub", 1)
    flows(subscriber)
    server.stop()
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)
    flv.follow(subscriber.messages)


def test_a_deleted_run_directory_and_a_killed_hub_end_in_one_too(
        home, rtmpd, clients):
    server = rtmpd(directory=home)
    subscriber = relays(server, clients)
    shutil.rmtree(home)
    hub = server.hub()
    procs.end(hub)
    died = server.wait_log(r"hub-died signal=9").string
    server.wait_log(r"hub-start", since=server.lines.index(died))
    flows(subscriber)
    server.stop()
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 1)
    flv.follow(subscriber.messages)
    assert not (home / "box/hub.sock").exists()


def test_a_socket_that_is_deleted_comes_back_with_the_next_hub(
        home, rtmpd, clients):
    server = rtmpd(directory=home)
    subscriber = relays(server, clients)
    (home / "box/hub.sock").unlink()
    (home / "box/hub.sock").symlink_to("/etc/passwd")
    procs.end(server.hub())
    late = clients.subscriber(server, "live/x")
    flows(late)
    flv.follow(subscriber.messages)
