# SPDX-License-Identifier: ISC
"""After many connections and violent ends nothing is left."""
import os

import flv
import procs
import rtmp

ROUNDS = 50                             # of four connections each


def one_round(server, number):
    """A publisher and three subscribers, ended in varying ways."""
    stream = f"live/{number % 5}-{number}"
    encoder = rtmp.open_publisher(server.port, stream)
    players = [rtmp.open_subscriber(server.port, stream) for _ in range(3)]
    for media in flv.headers():
        encoder.send_media(media)
    encoder.send_media(flv.Media(
        flv.VIDEO, 0, flv.video_frame(1, 0, 2000, True), 0))
    for player in players:
        player.wait(lambda m: flv.kind(m) == "key", 5, "a key frame")
    victims = server.titled(rf"(publish|play) {stream}\b")
    assert len(victims) == 4
    if number % 4 == 0:
        for pid in victims:
            procs.end(pid)
    elif number % 4 == 1:
        for pid in server.titled(rf"publish {stream}\b"):
            procs.end(pid)
    elif number % 4 == 2:
        encoder.reset()
        players[0].reset()
    else:
        encoder.unpublish(rtmp.split(stream)[1])
    for client in [encoder, *players]:
        client.close()


def figures(server):
    """What may not grow: descriptors, shared mappings, processes.

    The hub lets nobody look into it; only root can all the same."""
    hub = server.hub()
    watched = {"listener": server.pid}
    if os.geteuid() == 0:
        watched["hub"] = hub
    else:
        print("skipped: the hub's descriptors and mappings need root")
    found = {"processes": len(server.children())}
    for name, pid in watched.items():
        found[f"{name} descriptors"] = len(procs.descriptors(pid))
        found[f"{name} mappings"] = procs.shared_mappings(pid)
    return found


def test_two_hundred_connections_leave_nothing(rtmpd):
    server = rtmpd({"linger": "100ms", "max-per-address": 200})
    one_round(server, 3)       # what is made once, is made now
    server.wait_connections(0)
    hub = server.hub()
    last = {}

    def settled():
        before = last.copy()
        last.update(figures(server))
        return before == last
    procs.wait_until(settled, 3, "a baseline", step=0.3)
    baseline = last.copy()
    for number in range(ROUNDS):
        one_round(server, number)
    server.wait_connections(0)
    assert server.hub() == hub, "the hub died meanwhile"
    now = {}

    def back():
        now.update(figures(server))
        return now == baseline
    try:
        procs.wait_until(back, 5, step=0.1)
    except TimeoutError:
        raise AssertionError(f"{baseline} became {now}") from None
    procs.wait_until(lambda: not [
        p for p, (parent, state) in procs.snapshot().items()
        if parent in (server.pid, hub) and state == "Z"], 2, "no zombie")
