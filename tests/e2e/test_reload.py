# SPDX-License-Identifier: ISC
"""Another configuration, while connections and streams go on."""
import json
import os
import re
import signal
import socket
import tempfile
import time

import pytest

import flv
import procs
import rtmp
import superserver
from procs import wait_until
from registry import LOST, Registry
from server import free_port, rtmpctl
from watch import flowing, no_gap

BLOCKS = """
application live {
    idle-streams = false
    chunk-size = 4096
    ring = 1M
}
application live/private { allow-publish = 192.0.2.1 }
"""


def order(server, words, name="rtmpd.ctl", fds=()):
    """Give an order as rtmpctl does, to who may still be starting: "ok" or
    "error", a sentence, and the descriptors that came with it."""
    path = str(server.run_directory / name)

    def connected():
        try:
            sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")
        sock.settimeout(10)
        wait_until(connected, 3, f"somebody at {path}")
        socket.send_fds(sock, [words.encode()], list(fds))
        data, got, _, _ = socket.recv_fds(sock, 4096, 4)
    how, _, text = data.decode().partition(" ")
    return how, text, got


def in_force(server, name="rtmpd.ctl"):
    """The bytes of the configuration that a process goes by."""
    how, text, got = order(server, "config", name)
    assert how == "ok" and len(got) == 1, text
    try:
        return os.pread(got[0], 1 << 21, 0)
    finally:
        os.close(got[0])


def by_signal(server):
    """Reload; the line of the log that says how it went."""
    since = len(server.lines)
    os.kill(server.pid, signal.SIGHUP)
    return server.wait_log(r"(?<!-)\breload(-failed)? .*", since=since)[0]


def unquoted(line):
    """The error of a line of the log."""
    text = re.fullmatch(r'reload-failed error="((?:[^"\\]|\\.)*)"', line)[1]
    return re.sub(r"\\(.)", r"\1", text)


def by_order(server):
    since = len(server.lines)
    how, text, _ = order(server, "reload")
    line = server.wait_log(r"(?<!-)\breload(-failed)? .*", since=since)[0]
    assert (how == "ok") == line.startswith("reload "), text
    if how == "error":
        assert text == unquoted(line)
    return line


def by_rtmpctl(server):
    since = len(server.lines)
    done = server.ctl("reload")
    line = server.wait_log(r"(?<!-)\breload(-failed)? .*", since=since)[0]
    if line.startswith("reload "):
        assert re.fullmatch(r"reload: \d+ sockets?, \d+ applications?\n",
                            done.stdout)
        assert done.returncode == 0
    else:
        assert done.stderr == f"rtmpctl: {unquoted(line)}\n"
        assert done.returncode == 1
    return line


WAYS = pytest.mark.parametrize("reload", [by_signal, by_order, by_rtmpctl])


def reloaded(server, conf, tables="kept"):
    """Reload a good configuration; the hub, which runs, goes by it, too."""
    in_force(server, "rtmphub.ctl")
    since = len(server.lines)
    server.configure(conf)
    line = by_order(server)
    assert re.fullmatch(r"reload sockets=\d+ applications=\d+ hub=told", line)
    server.wait_log(rf"\bhub-reload pid=\d+ applications=\d+ "
                    rf"tables={tables}\b", since=since)


def live(server, clients, stream="live/x"):
    publisher = clients.publisher(server, stream, flv.synthetic())
    subscriber = clients.subscriber(server, stream)
    flowing(subscriber)
    return publisher, subscriber


def go_on(publisher, subscriber, since):
    flowing(subscriber)
    no_gap(subscriber, publisher, since)
    publisher.check()
    flv.follow(subscriber.messages)


def refused(opener, server, stream, code):
    with pytest.raises(rtmp.Refused) as refusal:
        opener(server.port, stream)
    assert refusal.value.code == code


def listening_sockets(server):
    """The inodes of the listener's own, by port."""
    found = {}
    mine = set(procs.descriptors(server.pid))
    with open("/proc/net/tcp", encoding="ascii") as table:
        for fields in map(str.split, table.readlines()[1:]):
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                found[int(fields[1].partition(":")[2], 16)] = fields[9]
    return found


@WAYS
def test_what_changes_holds_for_those_who_come_later(rtmpd, clients, reload):
    server = rtmpd({"linger": "3s"})
    publisher, subscriber = live(server, clients)
    hub, since = server.hub(), time.monotonic()
    server.configure({"allow-play": "192.0.2.1", "idle-streams": "false"})
    assert reload(server) == "reload sockets=1 applications=0 hub=told"
    refused(rtmp.open_subscriber, server, "live/x", "NetStream.Play.Failed")
    server.wait_log(r"\bhub-reload pid=\d+ applications=0")
    go_on(publisher, subscriber, since)
    server.configure({"linger": "3s"})
    assert reload(server) == "reload sockets=1 applications=0 hub=told"
    flowing(clients.subscriber(server, "live/x"))
    go_on(publisher, subscriber, since)
    assert server.hub() == hub


@WAYS
@pytest.mark.parametrize("text,error", [
    ("linger = 1s\n\njoin = now\n",
     r':3: join: "now" is not one of gop\|live'),
    ("application live {\n  user = x\n}\n",
     ":2: user: not for one application alone"),
    ("application live {\n", ":1: a brace is not closed"),
    ("linger = 9s\nsandbox = log\n", ":2: sandbox: takes a restart"),
    ("user = nobody\n", ":1: user: takes a restart"),
    ("run-directory = /tmp/x\n", ":1: run-directory: takes a restart"),
    ("control-group = x\n", ":1: control-group: takes a restart"),
])
def test_a_bad_file_changes_nothing(rtmpd, clients, reload, text, error):
    server = rtmpd({"idle-streams": "false"})
    publisher, subscriber = live(server, clients)
    before = in_force(server), in_force(server, "rtmphub.ctl")
    sockets, hub = listening_sockets(server), server.hub()
    since = time.monotonic()
    server.configure(text)
    assert re.fullmatch(f"{re.escape(str(server.conf_path))}{error}",
                        unquoted(reload(server)))
    assert (in_force(server), in_force(server, "rtmphub.ctl")) == before
    assert listening_sockets(server) == sockets
    refused(rtmp.open_subscriber, server, "live/none",
            "NetStream.Play.StreamNotFound")
    assert server.hub() == hub
    go_on(publisher, subscriber, since)


def test_a_file_that_is_gone_changes_nothing(rtmpd):
    server = rtmpd({"linger": "9s"})
    before = in_force(server)
    server.conf_path.unlink()
    assert by_order(server) == (f'reload-failed error="{server.conf_path}: '
                                'No such file or directory"')
    assert in_force(server) == before


def test_addresses_come_and_go_under_a_live_stream(rtmpd, clients):
    server = rtmpd("listen = 127.0.0.1:PORT\n", listen=[])
    publisher, subscriber = live(server, clients)
    first, since = listening_sockets(server), time.monotonic()
    other = free_port()
    reloaded(server, f"listen = {{ 127.0.0.1:{other}, 127.0.0.1:PORT }}\n")
    both = listening_sockets(server)
    assert set(both) == {server.port, other}
    assert both[server.port] == first[server.port]
    clients.add(rtmp.open_subscriber(other, "live/x"))
    clients.add(rtmp.open_subscriber(server.port, "live/x"))
    reloaded(server, f"listen = 127.0.0.1:{other}\n")
    assert listening_sockets(server) == {other: both[other]}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 1)
    clients.add(rtmp.open_subscriber(other, "live/x"))
    go_on(publisher, subscriber, since)


def test_an_address_that_is_taken_changes_nothing(rtmpd):
    server = rtmpd("listen = 127.0.0.1:PORT\nlinger = 9s\n", listen=[])
    before, sockets = in_force(server), listening_sockets(server)
    descriptors = len(procs.descriptors(server.pid))
    other = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server.configure(f"listen = {{ 127.0.0.1:{other}, "
                         f"127.0.0.1:{port} }}\n")
        assert by_order(server) == (
            f'reload-failed error="listen on 127.0.0.1 port {port}: '
            'Address already in use"')
    assert in_force(server) == before
    assert listening_sockets(server) == sockets
    assert len(procs.descriptors(server.pid)) == descriptors


def test_the_command_line_says_where_to_listen(rtmpd):
    server = rtmpd({"linger": "3s"})
    sockets = listening_sockets(server)
    reloaded(server, {"listen": f"127.0.0.1:{free_port()}"})
    assert listening_sockets(server) == sockets


def test_larger_tables_take_another_hub(rtmpd, clients):
    server = rtmpd({"max-connections": "3"})
    publisher, subscriber = live(server, clients)
    clients.subscriber(server, "live/x")
    server.wait_connections(3)
    with pytest.raises(OSError):
        rtmp.Client(server.port).connect("live")
    hub, since = server.hub(), time.monotonic()
    reloaded(server, {"max-connections": "5", "max-streams": "7"},
             tables="too-small")
    wait_until(lambda: not procs.alive(hub), 2, "the end of the hub")
    flowing(clients.subscriber(server, "live/x"))
    go_on(publisher, subscriber, since)
    assert server.hub() != hub
    assert in_force(server, "rtmphub.ctl") == in_force(server)


def test_smaller_limits_end_nobody(rtmpd, clients):
    server = rtmpd({"max-connections": "9", "max-streams": "9"})
    hub = server.hub()
    both = [live(server, clients, name) for name in ("live/x", "live/y")]
    since = time.monotonic()
    reloaded(server, {"max-connections": "5", "max-streams": "1",
                      "max-ring-memory": "1M", "ring": "64K"})
    refused(rtmp.open_publisher, server, "live/z", "NetStream.Publish.Denied")
    server.wait_log(r"\breason=limit detail=max-streams\b")

    def admitted(name):
        try:
            clients.add(rtmp.open_subscriber(server.port, name))
        except OSError:
            return False                # who was refused is not reaped yet
        return True
    wait_until(lambda: admitted("live/x"), 3, "room for a fifth")
    with pytest.raises(OSError):
        rtmp.Client(server.port).connect("live")
    for publisher, subscriber in both:
        go_on(publisher, subscriber, since)
    assert server.hub() == hub
    # not even if the hub dies then: the next one has places for all
    procs.end(hub)
    since, mark = time.monotonic(), len(server.lines)
    server.wait_log(r"\bhub-start\b", 5, mark)
    for publisher, subscriber in both:
        go_on(publisher, subscriber, since)
    with pytest.raises(OSError):
        rtmp.Client(server.port).connect("live")
    assert "role=publish reason=limit" not in "\n".join(server.lines[mark:])


def test_a_block_holds_for_its_application_alone(rtmpd, clients):
    server = rtmpd(BLOCKS)
    refused(rtmp.open_subscriber, server, "live/none",
            "NetStream.Play.StreamNotFound")
    other = clients.add(rtmp.open_subscriber(server.port, "other/none"))
    assert other.reader.size == 65536
    live(server, clients)
    inside = clients.add(rtmp.open_subscriber(server.port, "live/x"))
    assert inside.reader.size == 4096
    live(server, clients, "other/x")
    registry = Registry(server)
    assert registry.wait_stream("live/x").ring_size == 1 << 20
    assert registry.wait_stream("other/x").ring_size == 8 << 20
    registry.close()
    # however it is split, it is the same stream
    for app, name in ("live/private", "x"), ("live", "private/x"), \
            ("/live/private/", "x"):
        client = clients.add(rtmp.Client(server.port))
        client.connect(app)
        client.create_stream()
        with pytest.raises(rtmp.Refused) as refusal:
            client.publish(name)
        assert refusal.value.code == "NetStream.Publish.Denied"
    # blocks come and go with a reload
    reloaded(server, "application other { idle-streams = false }\n")
    refused(rtmp.open_subscriber, server, "other/none",
            "NetStream.Play.StreamNotFound")
    clients.add(rtmp.open_subscriber(server.port, "live/none"))
    live(server, clients, "live/private/x")


def test_the_hub_judges_each_stream_by_its_application(rtmpd, clients):
    server = rtmpd("linger = 60s\ntakeover = 60s\n"
                   "application live { linger = 0 takeover = 0 }\n")
    lost, short = live(server, clients, "live/x")
    kept, long = live(server, clients, "other/x")
    # another publisher takes over at once, or not at all
    lost.silence()
    second = clients.publisher(server, "live/x", flv.synthetic())
    server.wait_log(r"\btakeover stream=live/x\b")
    flowing(short)
    refused(rtmp.open_publisher, server, "other/x",
            "NetStream.Publish.BadName")
    # and what is lost is gone at once, or waited for
    second.drop()
    kept.drop()
    short.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
    registry = Registry(server)
    registry.wait_stream("other/x", lambda s: s.state == LOST)
    registry.close()
    assert rtmp.UNPUBLISH_NOTIFY not in long.codes()
    # who waits does so as long as was said then
    reloaded(server, "linger = 0\n")
    clients.publisher(server, "other/x", flv.synthetic())
    flowing(long)


def test_a_hub_that_is_stopped_takes_it_later(rtmpd, clients):
    server = rtmpd({"linger": "3s"})
    publisher, subscriber = live(server, clients)
    hub, since = server.hub(), time.monotonic()
    before = in_force(server)
    os.kill(hub, signal.SIGSTOP)
    try:
        server.configure({"idle-streams": "false"})
        assert by_order(server).endswith("hub=told")
        assert in_force(server) != before
        flowing(subscriber)
    finally:
        os.kill(hub, signal.SIGCONT)
    server.wait_log(r"\bhub-reload pid=")
    assert in_force(server, "rtmphub.ctl") == in_force(server)
    refused(rtmp.open_subscriber, server, "live/none",
            "NetStream.Play.StreamNotFound")
    go_on(publisher, subscriber, since)
    assert server.hub() == hub


def test_one_that_is_deaf_to_it_is_replaced(rtmpd, clients):
    server = rtmpd({"linger": "3s"})
    publisher, subscriber = live(server, clients)
    hub, since = server.hub(), time.monotonic()
    os.kill(hub, signal.SIGSTOP)
    server.configure({"idle-streams": "false"})
    with open("/proc/sys/net/unix/max_dgram_qlen", encoding="ascii") as file:
        room = int(file.read())
    for _ in range(room + 2):
        if by_order(server).endswith("hub=replaced"):
            break
    server.wait_log(r"\bhub-died signal=9")
    assert not procs.alive(hub)
    wait_until(lambda: server.titled("rtmpd: hub"), 3, "the next hub")
    refused(rtmp.open_subscriber, server, "live/none",
            "NetStream.Play.StreamNotFound")
    go_on(publisher, subscriber, since)


def test_the_next_hub_goes_by_what_is_in_force(rtmpd, clients):
    """Not by a file that somebody is editing."""
    server = rtmpd({"idle-streams": "false"})
    publisher, subscriber = live(server, clients)
    server.configure("ring = lots\n")
    hub, since = server.hub(), time.monotonic()
    procs.end(hub)
    server.wait_log(r"\bhub-died signal=9")
    refused(rtmp.open_subscriber, server, "live/none",
            "NetStream.Play.StreamNotFound")
    assert in_force(server, "rtmphub.ctl") == in_force(server)
    go_on(publisher, subscriber, since)


def test_what_is_shown_is_in_force_and_can_be_loaded(rtmpd):
    server = rtmpd(BLOCKS)
    shown = server.ctl("show", "config")
    assert shown.returncode == 0
    assert f"listen = {{ 127.0.0.1:{server.port} }}\n" in shown.stdout
    assert '\napplication "live" {\n\tring = 1M\n' in shown.stdout
    before = in_force(server)
    reloaded(server, shown.stdout)
    assert in_force(server) == before
    server.configure("linger = 17s\n")
    assert server.ctl("show", "config").stdout == shown.stdout
    reloaded(server, "linger = 17s\n")
    assert "\nlinger = 17s\n" in server.ctl("show", "config").stdout


def hub_of(place):
    """The pid in what a hub answers."""
    done = rtmpctl(place / "run", "-j", "show", "hub")
    return json.loads(done.stdout)["pid"]


def test_a_file_that_does_not_come_is_waited_for_in_vain(rtmpd, clients):
    """Issue: the listener hung for good, and its lock stayed. Cause: it waited
    for who reads the file. Trigger: a FIFO there, or a server that is away."""
    server = rtmpd({"linger": "1s"})
    publisher, subscriber = live(server, clients)
    server.conf_path.unlink()
    os.mkfifo(server.conf_path)
    since = time.monotonic()
    done = server.ctl("reload")
    assert done.returncode == 1
    assert "who read the configuration died" in done.stderr
    go_on(publisher, subscriber, since)
    server.stop()


def test_without_a_listener_the_hub_is_replaced(place):
    """What rtmpd -i started, by inetd."""
    try:
        front = superserver.SuperServer(
            "inetd", place, place / "run", place / "rtmpd.conf")
    except superserver.Unavailable as reason:
        pytest.skip(f"inetd: {reason}")
    publisher = rtmp.Publisher(front.port, "live/x", flv.synthetic())
    subscriber = rtmp.Subscriber(front.port, "live/x")
    try:
        flowing(subscriber)
        conf, since = place / "rtmpd.conf", time.monotonic()

        def ctl(*words):
            return rtmpctl(place / "run", "-f", conf, *words)
        assert "\nidle-streams = true\n" in ctl("show", "config").stdout
        conf.write_text(conf.read_text() + "join = now\n")
        done = ctl("reload")
        assert (done.returncode, done.stderr) == (
            78, f'rtmpctl: {conf}:3: join: "now" is not one of gop|live\n')
        hub = hub_of(place)
        done = ctl("upgrade")           # which would go by that file, too
        assert done.returncode == 78 and f"{conf}:3: join:" in done.stderr
        assert hub_of(place) == hub
        conf.write_text("hub-idle = 1s\nidle-streams = false\n")
        assert ctl("reload").returncode == 0
        # the hub that ends may take a question with it: 10 s for nothing
        wait_until(lambda: "\nidle-streams = false\n" in
                   ctl("show", "config").stdout, 15, "the next hub")
        with pytest.raises(rtmp.Refused):
            rtmp.open_subscriber(front.port, "live/none")
        go_on(publisher, subscriber, since)
    finally:
        publisher.abandon()
        subscriber.abandon()
        front.stop()


def test_the_hub_takes_no_other_configuration(rtmpd):
    server = rtmpd()
    before = in_force(server)
    assert order(server, "reload", "rtmphub.ctl")[:2] == \
        ("error", "the listener is to be asked")
    server.wait_log(r"\bhub-reload-refused pid=\d+ reason=\"the listener")
    with tempfile.TemporaryFile() as file:
        file.write(before)
        file.flush()
        assert order(server, "reload", "rtmphub.ctl", [file.fileno()])[0] \
            == "error"
    fd = os.memfd_create("conf", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, before[:8] + b"\xff" * (len(before) - 8))
    assert order(server, "reload", "rtmphub.ctl", [fd])[:2] == \
        ("error", "Operation not permitted")
    os.close(fd)
    assert in_force(server, "rtmphub.ctl") == before
    descriptors = len(procs.descriptors(server.hub()))
    for _ in range(20):
        order(server, "reload", "rtmphub.ctl", [0])
        assert by_order(server).endswith("hub=told")
    in_force(server, "rtmphub.ctl")             # all orders are done
    assert len(procs.descriptors(server.hub())) == descriptors


def test_reloads_leave_nothing_behind(rtmpd):
    server = rtmpd({"linger": "3s"})
    by_order(server)
    descriptors = len(procs.descriptors(server.pid))
    maps = procs.shared_mappings(server.pid)
    for i in range(20):
        server.configure({"linger": f"{i}s"})
        by_order(server)
    assert len(procs.descriptors(server.pid)) == descriptors
    assert procs.shared_mappings(server.pid) == maps


def test_a_drain_is_not_reloaded(rtmpd, clients):
    server = rtmpd({"drain-timeout": "9s"})
    live(server, clients)
    assert order(server, "drain")[0] == "ok"
    assert by_order(server) == ('reload-failed error="an upgrade, drain or '
                                'stop is under way"')
