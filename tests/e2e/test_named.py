# SPDX-License-Identifier: ISC
"""The registry has a name: who finds it, and what is left of it."""
import os
import signal
import subprocess

import pytest

import procs
import registry
import server as servers
from procs import wait_until


def mine(server):
    """The object that its registry is."""
    return os.path.basename(os.readlink(server.run_directory / "registry"))


def shown(server, hub):
    """Wait until the registry is that of this hub."""
    wait_until(lambda: registry_of(server) == hub, 5, "its registry")


def registry_of(server):
    """The hub that it says it is of."""
    books = registry.Registry(server)
    books.close()
    return books.hub


def next_hub(server, before):
    return wait_until(lambda: [p for p in server.titled("rtmpd: hub")
                               if p != before], 5, "the next hub")[0]


def test_it_is_found_by_a_link_and_read_by_its_owner_alone(rtmpd):
    server = rtmpd()
    shown(server, server.hub())
    link = server.run_directory / "registry"
    assert os.readlink(link).startswith("/dev/shm/rtmpd-")
    assert link.stat().st_mode & 0o777 == 0o600


def test_it_is_there_while_the_hub_hangs(rtmpd):
    server = rtmpd()
    hub = server.hub()
    shown(server, hub)
    os.kill(hub, signal.SIGSTOP)
    try:
        assert registry_of(server) == hub
    finally:
        os.kill(hub, signal.SIGCONT)


def test_of_hubs_that_were_killed_the_last_one_leaves_one(rtmpd):
    server = rtmpd()
    hub = server.hub()
    for _ in range(6):
        shown(server, hub)
        procs.end(hub)
        hub = next_hub(server, hub)
    shown(server, hub)
    wait_until(lambda: servers.shm_of(server.run_directory) ==
               {mine(server)}, 2)


def test_of_all_that_were_killed_the_next_start_removes_what_is_left(scratch):
    first = servers.Server(directory=scratch / "run")
    second = None
    try:
        shown(first, first.hub())
        left = mine(first)
        for pid in (first.pid, *first.children()):
            procs.end(pid)
        first.stop(check=False)
        assert (servers.SHM / left).exists()
        second = servers.Server(directory=scratch / "run")
        shown(second, second.hub())
        wait_until(lambda: not (servers.SHM / left).exists(), 2)
        assert mine(second) != left
    finally:
        if second:
            second.stop()
    assert not (scratch / "run" / "registry").is_symlink()


def test_a_hub_that_leaves_leaves_nothing(scratch):
    """As the one of inetd does."""
    run = scratch / "run"
    hub = subprocess.Popen([servers.BUILD / "rtmphub", "-d", "-i", "1", "-r",
                            run], stderr=subprocess.DEVNULL)
    try:
        wait_until((run / "registry").is_symlink, 3, "the registry")
        name, = servers.shm_of(run)
        assert hub.wait(5) == 0
    finally:
        hub.kill()
        hub.wait()
    assert not os.path.lexists(run / "registry")
    assert name not in servers.shm_names()
    # who would start its attendants sees its end a moment later
    wait_until(lambda: not any("attendants" in procs.title(p) for p in
                               procs.descendants(os.getpid())), 3)


def test_two_relays_leave_each_other_s_alone(rtmpd):
    """One ends, one loses its hub: the third stays as it is."""
    stays, ends, loses = (rtmpd() for _ in range(3))
    for server in (stays, ends, loses):
        shown(server, server.hub())
    kept = mine(stays)
    hub = loses.hub()
    procs.end(hub)
    shown(loses, next_hub(loses, hub))
    procs.end(ends.pid, signal.SIGTERM)
    ends.popen.wait(5)
    assert mine(stays) == kept and (servers.SHM / kept).exists()
    assert registry_of(stays) == stays.hub()
    ends.stop(check=False)


@pytest.mark.parametrize("victim", ["/etc/passwd", "{base}/file"])
def test_a_link_that_leads_elsewhere_harms_nothing(victim, scratch):
    run = scratch / "run"
    run.mkdir()
    (scratch / "file").write_text("mine")
    victim = victim.format(base=scratch)
    (run / "registry").symlink_to(victim)
    (run / "registry.new").symlink_to(victim)
    server = servers.Server(directory=run)
    try:
        shown(server, server.hub())
        assert os.path.exists(victim)
    finally:
        server.stop()
