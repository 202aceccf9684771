# SPDX-License-Identifier: ISC
"""The process that starts attendants for the hub."""
import os

import procs


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
