# SPDX-License-Identifier: ISC
"""The process that starts attendants for the hub."""
import os
import time

import flv
import pressure
import procs
from build import patience
from watch import flowing, no_gap


def test_the_spawner_ends_with_its_hub(rtmpd):
    server = rtmpd()
    hub, spawner = server.hub(), server.process("rtmpd: attendants")
    procs.end(hub)
    procs.wait_until(lambda: not procs.alive(spawner), 3, "its end")
    procs.wait_until(lambda: server.titled("rtmpd: attendants"), 3, "another")


def test_a_hub_without_its_spawner_makes_room_for_another(rtmpd):
    server = rtmpd()
    hub, spawner = server.hub(), server.process("rtmpd: attendants")
    procs.end(spawner)
    server.wait_log(r"\bspawner-died pid=")
    procs.wait_until(lambda: not procs.alive(hub), 3, "the hub's end")
    procs.wait_until(lambda: server.titled("rtmpd: attendants"), 3, "another")
    assert server.hub() != hub


def test_a_hub_that_nobody_would_replace_goes_on_without(rtmpd, clients):
    """Issue: no hub any more. Trigger: the listener died, then the spawner."""
    server = rtmpd({"idle-streams": "true"})
    subscriber = clients.subscriber(server, "live/x")
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    flowing(subscriber)
    hub, spawner = server.hub(), server.process("rtmpd: attendants")
    since = time.monotonic()
    procs.end(server.pid)
    server.popen.wait(patience(3))
    procs.end(spawner)
    procs.wait_until(lambda: not procs.alive(spawner), 3)
    rested = pressure.cpu(hub)
    flowing(subscriber, 50)
    assert procs.alive(hub) and pressure.cpu(hub) - rested < 0.3
    assert server.order("kick live/x").startswith("ok ")
    no_gap(subscriber, publisher, since, time.monotonic() - 1)
    again = rtmpd(directory=server.run_directory)
    procs.wait_until(lambda: again.order("config", "rtmpd.ctl"), 3)
    again.stop()
    procs.wait_until(lambda: not procs.alive(hub), 3, "the end of the hub")
    server.stop(check=False)


def test_the_spawner_holds_nothing_of_the_hub(rtmpd):
    server = rtmpd()
    spawner = server.process("rtmpd: attendants")

    def held():
        return [d for d in procs.descriptors(spawner)
                if not d.startswith(("/dev/null", "pipe:"))]
    # its end of the pair, and the signals of its children
    procs.wait_until(lambda: len(held()) == 2, 2, f"two of {held()}")
    assert procs.shared_mappings(spawner) == 1     # the configuration
    assert os.getsid(spawner) != os.getsid(os.getpid())
