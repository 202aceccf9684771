# SPDX-License-Identifier: ISC
"""Memory limits, and instances side by side."""
import os
import socket
import subprocess

import pytest

import flv
import rtmp
from build import patience
from server import PROGRAM, free_port


def refused(server, clients, stream):
    with pytest.raises(rtmp.Refused) as refusal:
        clients.publisher(server, stream, flv.synthetic())
    assert refusal.value.code.startswith("NetStream.Publish.")


def still_flows(subscriber):
    subscriber.wait(lambda m: flv.kind(m) == "key", 3, "a key frame",
                    since=len(subscriber.messages))


def test_over_max_ring_memory_a_publish_is_refused(rtmpd, clients):
    server = rtmpd({"ring": "4M", "max-ring-memory": "10M"})
    publishers = [clients.publisher(server, f"live/{i}", flv.synthetic())
                  for i in range(2)]
    subscriber = clients.subscriber(server, "live/0")
    refused(server, clients, "live/2")
    server.wait_log(r"max-ring-memory", 2)
    still_flows(subscriber)
    flv.follow(subscriber.messages)
    publishers[1].stop()
    server.wait_connections(2)
    clients.publisher(server, "live/3", flv.synthetic(),
                      timeout=5).check()
    subscriber.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_with_dev_shm_full_a_publish_is_refused(rtmpd, clients):
    script = ("mount -t tmpfs -o size=24m tmpfs /dev/shm && "
              'exec "$@"')
    server = rtmpd({"ring": "8M"}, wrap=["unshare", "-m", "sh", "-c",
                                         script, "sh"])
    first = clients.publisher(server, "live/1", flv.synthetic(kbps=8000))
    subscriber = clients.subscriber(server, "live/1")
    clients.publisher(server, "live/2", flv.synthetic())
    processes = set(server.children())
    refused(server, clients, "live/3")
    server.wait_log(r"/dev/shm", 2)
    first.wait_sent(lambda m: m.at > 9, 12)     # more than the ring holds
    still_flows(subscriber)
    flv.follow(subscriber.messages)
    assert processes <= set(server.children()), "something died"
    subscriber.close()


def test_a_message_over_a_quarter_of_the_ring_ends_its_publisher(
        rtmpd, clients):
    server = rtmpd({"ring": "1M", "linger": "500ms"})
    other = clients.publisher(server, "live/y", flv.synthetic())
    bystander = clients.subscriber(server, "live/y")
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    subscriber = clients.subscriber(server, "live/x")
    for media in flv.headers():
        client.send_media(media)
    client.send_media(flv.Media(
        flv.VIDEO, 0, flv.video_frame(1, 0, 200 << 10, True), 0))
    subscriber.wait(lambda m: flv.kind(m) == "key", 3)
    client.send_media(flv.Media(
        flv.VIDEO, 40, flv.video_frame(1, 1, 300 << 10, False), 0))
    client.wait_closed(3)
    server.wait_log(r"\bdisconnect\b.*reason=.*quarter.*ring", 2)
    subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    still_flows(bystander)
    other.check()
    assert len(flv.follow(subscriber.messages).video.seqs) == 1
    subscriber.close()


def test_a_message_over_max_message_ends_its_publisher(rtmpd, clients):
    server = rtmpd({"max-message": "64K"})
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    client.send_media(flv.Media(
        flv.VIDEO, 0, flv.video_frame(1, 0, 60 << 10, True), 0))
    header = client.writer.message(flv.VIDEO, bytes(65 << 10), 0, 6,
                                   client.msid)
    client.sock.sendall(header[:2000])
    client.wait_closed(3)
    server.wait_log(r"\bdisconnect\b.*reason=")


def test_two_instances_live_side_by_side(rtmpd, clients):
    servers = [rtmpd(), rtmpd()]
    subscribers = []
    for number, server in enumerate(servers):
        clients.publisher(server, "live/x", flv.synthetic(stream=number))
        subscribers.append(clients.subscriber(server, "live/x"))
    for subscriber in subscribers:
        still_flows(subscriber)
    servers[0].stop()
    still_flows(subscribers[1])
    flv.follow(subscribers[1].messages, 1)
    subscribers[1].close()


@pytest.mark.parametrize("same_port", [True, False])
def test_a_second_instance_on_one_run_directory_refuses(
        same_port, rtmpd, clients):
    server = rtmpd()
    clients.publisher(server, "live/x", flv.synthetic())
    subscriber = clients.subscriber(server, "live/x")
    port = server.port if same_port else free_port()
    second = subprocess.run(
        [PROGRAM, "-d", "-l", f"127.0.0.1:{port}", "-r",
         server.run_directory],
        capture_output=True, text=True, timeout=patience(3), check=False)
    assert second.returncode == 1
    assert (f"{server.run_directory}: in use by pid {server.pid}\n"
            in second.stderr)
    still_flows(subscriber)
    assert server.hub()
    subscriber.close()


def test_max_per_address_is_kept(rtmpd, clients):
    server = rtmpd({"max-per-address": 3})
    kept = [clients.subscriber(server, "live/x") for _ in range(3)]
    with pytest.raises((rtmp.Closed, rtmp.Refused, OSError)):
        clients.subscriber(server, "live/x")
    kept[0].close()
    server.wait_connections(2)
    clients.subscriber(server, "live/x")


def test_who_does_not_finish_the_handshake_is_closed(rtmpd, clients):
    server = rtmpd({"handshake-timeout": "500ms"})
    with socket.create_connection(("127.0.0.1", server.port), 3) as sock:
        sock.sendall(b"\x03" + bytes(100))
        assert sock.recv(1) == b""
    server.wait_connections(0)
