# SPDX-License-Identifier: ISC
"""What rtmpmetrics(8) does with more than a few streams and sessions."""
import pytest

import rtmp
import server as servers
import web
from procs import wait_until

NAMES = [f"live/{n:03}-{'é' * 91}" for n in range(60)]   # of 191 bytes


@pytest.fixture
def crowded(rtmpd):
    """A relay with a publisher of each of them."""
    port = servers.free_port()
    server = rtmpd({"metrics-listen": f"127.0.0.1:{port}"})
    web.wait_health(port, 200, "ok")
    server.metrics = port
    publishers = [rtmp.open_publisher(server.port, n) for n in NAMES]
    yield server
    for one in publishers:
        one.close()


def test_all_are_served(crowded):
    """Beyond 1 kB qsort(3) asks for the size of the memory. The filter did
    not know of that, so that the sixth stream ended the server."""
    mine = crowded.process("rtmpd: metrics")
    port = crowded.metrics
    wait_until(lambda: [s["name"] for s in web.streams(port)["streams"]]
               == NAMES, 5, step=0.1)
    wait_until(lambda: web.value(port, "rtmpd_publishers") == len(NAMES), 5,
               step=0.1)
    assert crowded.process("rtmpd: metrics") == mine
