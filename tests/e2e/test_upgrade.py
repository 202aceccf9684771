# SPDX-License-Identifier: ISC
"""The programs are replaced under live streams, by a build whose version and
layouts differ (make NEXT=1) and by one that talks to no other (NEXT=alien)."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

import flv
import procs
import registry
import rtmp
import server as servers
from watch import flowing, no_gap

ALIEN = servers.NEXT.parent / "alien"


def put(build, place):
    if not (build / "rtmpd").exists():
        pytest.skip(f"no build in {build}")
    servers.install(build, place)


@pytest.fixture
def installed(scratch, monkeypatch):
    scratch.chmod(0o755)
    put(servers.BUILD, scratch)
    monkeypatch.setattr(servers, "PROGRAM", scratch / "rtmpd")
    return scratch


def test_streams_go_on_through_an_upgrade(installed, rtmpd, clients):
    server = rtmpd()
    sending = [clients.publisher(server, "live/x", flv.synthetic()),
               clients.publisher(server, "live/y", flv.synthetic(stream=2))]
    watching = [clients.subscriber(server, "live/x"),
                clients.subscriber(server, "live/y")]
    waiting = clients.subscriber(server, "live/z")
    for one in watching:
        flowing(one)
    hub, listener = server.hub(), server.pid
    put(servers.NEXT, installed)
    began = time.monotonic()
    done = server.ctl("upgrade")
    assert done.returncode == 0, done.stderr
    assert f"pid {listener}" in done.stdout and "-next" in done.stdout
    server.wait_log(r"\bupgraded pid=\d+ version=\S+-next from=\S+ "
                    r"connections=5\b")
    procs.wait_until(lambda: not procs.alive(hub), 2, "the old hub to end")
    # old connections, the new hub and new connections work together
    reader = clients.add(registry.Registry(server))
    reader.wait_stream("live/x", lambda s: s.state == registry.LIVE and
                       s.subscribers == 1 and s.tracks and
                       s.tracks[0].codec == "avc1")
    late = clients.subscriber(server, "live/x")
    flowing(late)
    clients.publisher(server, "live/z", flv.synthetic(stream=3))
    flowing(waiting)
    for one, publisher in zip(watching, sending):
        flowing(one)
        no_gap(one, publisher, began)
    with pytest.raises(rtmp.Refused):
        clients.publisher(server, "live/y", flv.synthetic(stream=4))
    flv.follow(watching[0].messages)
    flv.follow(watching[1].messages, stream=2)
    flv.follow(waiting.messages, stream=3)
    flv.follow(late.messages)
    assert Path(f"/proc/{server.hub()}/exe").resolve() == \
        installed / "rtmphub"


def seen(build, server):
    """What a build's rtmpctl shows: name, subscribers, codec of streams."""
    done = subprocess.run(
        [build / "rtmpctl", "-j", "-r", server.run_directory, "show",
         "streams"], capture_output=True, text=True, timeout=5, check=True)
    return [(s["name"], s["subscribers"], s["tracks"][0]["codec"])
            for s in json.loads(done.stdout) if s["tracks"]]


def test_rtmpctl_of_either_release_sees_what_the_other_wrote(
        installed, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    flowing(clients.subscriber(server, "live/x"))
    old = server.hub()
    put(servers.NEXT, installed)
    for upgraded in (False, True):
        if upgraded:
            assert server.ctl("upgrade").returncode == 0
            procs.wait_until(lambda: not procs.alive(old), 2, "its end")
        for build in (servers.BUILD, servers.NEXT):
            procs.wait_until(lambda b=build: seen(b, server) ==
                             [("live/x", 1, "H.264")], 4)


def test_it_goes_back_as_well_and_the_registry_is_right(
        installed, rtmpd, clients):
    put(servers.NEXT, installed)
    # a sanitizer's search for leaks is what the inherited filter stops
    server = rtmpd(env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    put(servers.BUILD, installed)
    hub = server.hub()
    os.kill(server.pid, signal.SIGUSR2)
    server.wait_log(r"\bupgraded pid=")
    procs.wait_until(lambda: not procs.alive(hub), 2, "the old hub to end")
    reader = clients.add(registry.Registry(server))
    stream = reader.wait_stream("live/x", lambda s: s.subscribers == 1 and
                                s.state == registry.LIVE)
    assert stream.pid == server.process("publish live/x")
    assert reader.totals()["connections"] == 2      # as those before counted
    flowing(subscriber)
    flv.follow(subscriber.messages)


def test_upgrades_follow_one_another(installed, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    descriptors = len(procs.descriptors(server.pid))
    for count in range(4):
        put((servers.NEXT, servers.BUILD)[count % 2], installed)
        done = server.ctl("upgrade")
        assert done.returncode == 0, done.stderr
        flowing(clients.subscriber(server, "live/x"), 3)
    flowing(subscriber)
    flv.follow(subscriber.messages)
    procs.wait_until(
        lambda: len(procs.descriptors(server.pid)) == descriptors, 2,
        "descriptors that are not needed to be closed")
    status = Path(f"/proc/{server.process('publish live/x')}/status")
    assert "Seccomp_filters:\t2\n" in status.read_text()


def test_who_joins_meanwhile_is_served(installed, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    flowing(clients.subscriber(server, "live/x"))
    put(servers.NEXT, installed)
    os.kill(server.pid, signal.SIGUSR2)
    joined = [clients.subscriber(server, "live/x") for _ in range(20)]
    server.wait_log(r"\bupgraded pid=")
    for one in joined:
        flowing(one, 3)
        flv.follow(one.messages)


def refused(server, subscriber, listener):
    """Nothing has changed, and everybody was told."""
    done = server.ctl("upgrade")
    assert done.returncode == 1
    assert "the log says more" in done.stderr
    server.wait_log(r"\bupgrade-refused program=\S+ reason=")
    assert "upgraded" not in server.log()
    flowing(subscriber)
    assert server.hub() == listener
    flv.follow(subscriber.messages)


@pytest.fixture
def live(installed, rtmpd, clients):
    server = rtmpd({"linger": "1s"})
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    return server, subscriber


def test_a_wrong_configuration_is_refused_with_its_place(live):
    server, subscriber = live
    conf = server.base / "rtmpd.conf"
    conf.write_text("linger = 1s\nring = many\n")
    refused(server, subscriber, server.hub())
    server.wait_log(rf"{conf}:2: ring: \"many\"")


def replace(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(path)


def test_a_program_that_does_not_run_is_refused(live, installed):
    server, subscriber = live
    replace(installed / "rtmpd", "#!/bin/false\n")
    refused(server, subscriber, server.hub())
    (installed / "rtmpd").unlink()
    refused(server, subscriber, server.hub())


def test_a_program_that_hangs_is_refused(live, installed):
    server, subscriber = live
    replace(installed / "rtmpd", "#!/bin/sh\nexec sleep 60\n")
    refused(server, subscriber, server.hub())


def test_a_program_that_hangs_with_others_is_refused_and_they_end(
        live, installed):
    """Issue: what it had started stayed."""
    server, subscriber = live
    replace(installed / "rtmpd", "#!/bin/sh\nsleep 61\n")
    refused(server, subscriber, server.hub())
    procs.wait_until(lambda: not server.titled("^sleep 61"), 2)


def test_another_program_is_refused_though_it_is_content(live, installed):
    """Issue: it took the listener's place, and the port was closed."""
    server, subscriber = live
    replace(installed / "rtmpd", "#!/bin/true\n")
    refused(server, subscriber, server.hub())


@pytest.mark.parametrize("what", ["missing", "another", "alien"])
def test_a_hub_that_does_not_fit_is_refused(what, live, installed):
    """Issue: the hub that ran was killed, and there was none any more."""
    server, subscriber = live
    if what == "missing":
        (installed / "rtmphub").unlink()
    elif what == "another":
        replace(installed / "rtmphub", "#!/bin/false\n")
    else:
        if not ALIEN.exists():
            pytest.skip(f"no build in {ALIEN}")
        shutil.copy(ALIEN / "rtmphub", installed / "rtmphub.new")
        (installed / "rtmphub.new").rename(installed / "rtmphub")
    refused(server, subscriber, server.hub())
    server.wait_log(r"/rtmphub: does not fit this rtmpd")


@pytest.mark.parametrize("key, error", [
    ("listen = {{ 127.0.0.1:{mine}, 127.0.0.1:{taken} }}",
     "listen on 127.0.0.1 port {taken}: Address already in use"),
    ("user = nosuchuser", "no user nosuchuser"),
    ("user = daemon", "{run}: (belongs to uid|in use by a relay of another)"),
    ], ids=["address", "no such user", "another user"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users")
def test_what_would_fail_after_it_is_refused_before(
        key, error, installed, rtmpd, clients):
    """Issue: the listener died of it, amid the upgrade."""
    server = rtmpd("listen = { 127.0.0.1:PORT }\n", listen=[])
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    flowing(subscriber)
    with socket.create_server(("127.0.0.1", 0)) as other:
        words = {"mine": server.port, "taken": other.getsockname()[1],
                 "run": server.run_directory}
        text = key.format(**words) + "\n"
        if "listen" not in key:
            text += f"listen = {{ 127.0.0.1:{server.port} }}\n"
        server.configure(text)
        refused(server, subscriber, server.hub())
        server.wait_log(error.format(**words))
    rtmp.Client(server.port).close()


def test_a_version_that_does_not_talk_to_ours_is_refused(live, installed):
    server, subscriber = live
    put(ALIEN, installed)
    refused(server, subscriber, server.hub())
    server.wait_log(r"hub messages, rings and registry of versions 1, 1, 1, "
                    r"this is \S+-alien with 99, 1, 1")


def test_connections_outlive_a_hub_that_does_not_talk_to_them(
        live, installed, clients):
    """The program was replaced, nobody asked for an upgrade, the hub dies."""
    server, subscriber = live
    publisher = clients.made[0]
    put(ALIEN, installed)
    hub = server.hub()
    procs.end(hub)
    server.wait_log(r"\bhub-closes pid=\d+ reason=version\b")
    server.wait_log(r"\bhub-alien peer=")
    flowing(subscriber, 30)
    flv.follow(subscriber.messages)
    # it sees for itself that the stream has ended
    publisher.halt()
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 5)
    subscriber.wait_closed(5)
    server.wait_log(r"\bdisconnect .*role=play .*reason=hub-version\b")
