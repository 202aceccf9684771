# SPDX-License-Identifier: ISC
"""rtmpcat: a stream out of its ring, as a file."""
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass

import pytest

import enhanced
import ff
import flv
import procs
import rtmp
from server import BUILD
from test_manual import examples
from watch import no_gap

RTMPCAT = str(BUILD / "rtmpcat")


@dataclass
class Tag:
    """A tag as a subscriber's message."""
    type: int
    payload: bytes
    uts: int


def cat(server, *words, **how):
    """rtmpcat beside the test."""
    return procs.Process([RTMPCAT, "-r", str(server.run_directory), *words],
                         **how)


def to_file(clients, server, path, *words):
    with open(path, "wb") as file:
        return clients.run(cat(server, *words, stdout=file))


def tags(path):
    return [Tag(t.type, flv.bare(t.payload), t.ts) for t in flv.read(path)]


def assert_whole(path):
    """Tag after tag, each with its size behind it, up to the very end."""
    data = path.read_bytes()
    assert data[:9] == b"FLV\1" + data[4:5] + bytes((0, 0, 0, 9))
    pos, size = 9, 0
    while pos < len(data):
        assert int.from_bytes(data[pos:pos + 4], "big") == size, pos
        size = 11 + int.from_bytes(data[pos + 5:pos + 8], "big")
        pos += 4 + (size if pos + 4 < len(data) else 0)
    assert pos == len(data)


def follow(path):
    assert_whole(path)
    return flv.follow(tags(path))


def key_sent(publisher, at_least=1):
    """Wait until so many key frames were sent."""
    procs.wait_until(lambda: sum(
        flv.kind(m) == "key" for m, _ in list(publisher.sent)) >= at_least,
        20, "key frames")


def read_up(program):
    """Wait until it has left the ring of a publisher that has gone."""
    procs.wait_until(lambda: not procs.shared_mappings(program.pid), 5)


@pytest.mark.parametrize("name", ["av", "audio", "video", "bframes"])
def test_what_ffmpeg_publishes_reaches_a_pipe(name, rtmpd, clients, media,
                                              scratch):
    server = rtmpd()
    path, out = media(name), str(scratch / "packets")
    waiting = cat(server, "-w", "live/cam", stdout=subprocess.PIPE)
    clients.run(waiting)
    reader = clients.run(procs.Process(
        ["ffmpeg", *ff.QUIET, "-copyts", "-f", "flv", "-i", "-", "-c", "copy",
         "-avoid_negative_ts", "disabled", "-f", "framehash", "-hash", "md5",
         "-y", out], stdin=waiting.popen.stdout))
    waiting.popen.stdout.close()
    procs.wait_until(lambda: "live/cam" in server.ctl(
        "show", "streams").stdout, 5)
    clients.run(ff.publish(server.url("live/cam"), path)).succeed(20)
    server.wait_log(r"\bgone\b.*stream=live/cam", 10)
    read_up(waiting)
    waiting.popen.send_signal(signal.SIGTERM)
    waiting.succeed(5)
    reader.succeed(10)
    sent = ff.source(path, scratch)
    ff.compare(sent, ff.read_hashes(out), least=len(sent) // 3)
    assert len(ff.read_hashes(out)) == len(sent)


def test_it_ends_with_the_publisher(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(seconds=3))
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "live/x")
    publisher.wait_done(10)
    publisher.stop()
    program.succeed(5)
    run = follow(scratch / "x.flv")
    assert run.video.seqs[-1] == 74 and run.audio.seqs
    assert min(t.uts for t in tags(scratch / "x.flv")) == 0


def test_without_a_publisher_it_says_so(rtmpd, scratch):
    server = rtmpd()
    program = cat(server, "live/none")
    assert program.wait(5) == 1
    assert "live/none: nobody publishes it" in program.stderr


def test_without_a_relay_it_says_so(scratch):
    program = procs.Process([RTMPCAT, "-r", str(scratch), "live/x"])
    assert program.wait(5) == 69
    assert "no rtmpd" in program.stderr, program.stderr


@pytest.mark.parametrize("words", [
    [], ["live"], ["live/x", "live/y"], ["-t", "soon", "live/x"],
    ["-t", "0", "live/x"], ["-l", "live/x"], ["-z"]])
def test_wrong_command_lines(words, rtmpd):
    program = cat(rtmpd(), *words)
    assert program.wait(5) == 64
    assert program.stderr


def test_so_much_of_it(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "-t", "2", "live/x")
    program.succeed(10)
    times = [t.uts for t in tags(scratch / "x.flv")]
    assert 1900 <= max(times) < 2000
    follow(scratch / "x.flv")


def test_instant_replay(rtmpd, clients, scratch):
    """What was published before anyone asked is there, from a key frame."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=25),
                                  burst=6.0)
    key_sent(publisher, 7)
    to_file(clients, server, scratch / "old", "-b", "-t", "3", "live/x"
            ).succeed(5)
    to_file(clients, server, scratch / "new", "-t", "1", "live/x").succeed(8)
    old, new = follow(scratch / "old"), follow(scratch / "new")
    assert old.video.seqs[0] == 0
    assert new.video.seqs[0] >= 150
    publisher.halt()


def test_replay_of_a_ring_that_went_round(rtmpd, clients, scratch):
    """It starts at a join point that is still whole."""
    server = rtmpd({"ring": "1M"})
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(kbps=2000), burst=20.0)
    key_sent(publisher, 21)
    to_file(clients, server, scratch / "x", "-b", "-t", "3", "live/x"
            ).succeed(8)
    first = follow(scratch / "x").video.seqs[0]
    assert first % 25 == 0
    assert 500 - 125 <= first <= 500 - 50, first
    publisher.halt()


def leave(server, publisher):
    """All is published, and the publisher has gone."""
    publisher.wait_done(10)
    since = len(server.lines)
    publisher.stop()
    server.wait_log(r"\bgone\b.*stream=live/x", 5, since)


def test_it_goes_on_with_the_next_publisher(rtmpd, clients, scratch):
    server = rtmpd()
    program = to_file(clients, server, scratch / "x.flv", "-w", "live/x")
    for stream in (1, 2):
        leave(server, clients.publisher(
            server, "live/x", flv.synthetic(stream, seconds=2)))
    read_up(program)
    program.popen.send_signal(signal.SIGINT)
    program.succeed(5)
    got = [t for t in tags(scratch / "x.flv")
           if flv.kind(t) in ("key", "inter")]
    assert [flv.stamp(t) for t in got] == [
        (stream, seq) for stream in (1, 2) for seq in range(50)]
    times = [t.uts for t in got]
    assert times == sorted(times)
    assert 2000 <= times[50] < 20000


def test_two_publishers_while_it_sleeps(rtmpd, clients, scratch):
    """It hears of a ring and of its end at once, and reads it all."""
    server = rtmpd()
    first = clients.publisher(server, "live/x", flv.synthetic(1, seconds=2))
    key_sent(first)
    program = to_file(clients, server, scratch / "x.flv", "live/x")
    flowing_file(scratch / "x.flv")
    os.kill(program.pid, signal.SIGSTOP)
    try:
        leave(server, first)
        leave(server, clients.publisher(
            server, "live/x", flv.synthetic(2, seconds=1)))
    finally:
        os.kill(program.pid, signal.SIGCONT)
    program.succeed(5)
    assert_whole(scratch / "x.flv")
    stamps = [flv.stamp(t) for t in tags(scratch / "x.flv")
              if flv.kind(t) in ("key", "inter")]
    assert stamps[-25:] == [(2, seq) for seq in range(25)]
    assert stamps[-26] == (1, 49)


def test_one_that_does_not_keep_up_is_told_and_hurts_nobody(
        rtmpd, clients, scratch):
    server = rtmpd({"ring": "1M"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(kbps=4000))
    key_sent(publisher)
    other = clients.subscriber(server, "live/x")
    program = clients.run(cat(server, "live/x", stdout=subprocess.PIPE))
    reader = program.popen.stdout
    data = bytearray(reader.read1(1 << 16))
    started = time.monotonic()
    sent = len(publisher.sent)
    procs.wait_until(lambda: len(publisher.sent) > sent + 68 * 5, 12)
    end = time.monotonic()
    os.set_blocking(reader.fileno(), False)

    def told():
        data.extend(reader.read1(1 << 16) or b"")
        return "fell behind, skipped" in program.stderr
    procs.wait_until(told, 5)
    size = len(data)

    def goes_on():
        data.extend(reader.read1(1 << 16) or b"")
        return len(data) > size + 500000
    procs.wait_until(goes_on, 5)
    reader.close()
    assert program.wait(5) == 0         # nobody reads: a quiet end
    publisher.halt()
    publisher.check()
    no_gap(other, publisher, started, end)
    flv.follow(other.messages)
    (scratch / "x.flv").write_bytes(data)
    run = flv.follow(tags(scratch / "x.flv")[:-1], gaps=True)
    assert run.video.gaps
    assert all(after % 25 == 0 for _, after in run.video.gaps)
    other.close()


def test_the_hub_may_die(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x",
                                  flv.synthetic(seconds=6))
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "live/x")
    procs.wait_until(lambda: (scratch / "x.flv").stat().st_size > 0, 5)
    since = len(server.lines)
    procs.end(server.hub())
    server.wait_log(r"\bhub-start\b", 5, since)
    # who it is and what it reads is known to the next one
    procs.wait_until(lambda: f"{program.pid}" in server.ctl(
        "show", "sessions").stdout, 5)
    publisher.wait_done(12)
    publisher.stop()
    program.succeed(5)
    run = follow(scratch / "x.flv")
    assert run.video.seqs[-1] == 149 and not run.video.gaps


def test_it_can_be_kicked(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "-w", "live/x")
    flowing_file(scratch / "x.flv")
    assert server.ctl("kick", str(program.pid)).returncode == 0
    assert program.wait(5) == 69
    assert "live/x: kicked" in program.stderr
    follow(scratch / "x.flv")
    publisher.halt()
    publisher.check()


def test_no_room_for_the_file(rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    with open("/dev/full", "wb") as full:
        program = cat(server, "live/x", stdout=full)
    assert program.wait(5) == 74
    assert program.stderr.count("No space left") == 1
    publisher.halt()
    publisher.check()


def caught(pid, sig):
    """Does the process handle the signal?"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(s for s in status if s.startswith("SigCgt:"))
    return int(line.split()[1], 16) >> (sig - 1) & 1


def unread(pipe):
    """Bytes in it."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)),
                          sys.byteorder)


def test_a_signal_while_nobody_takes_the_output(rtmpd, clients):
    """The first waits for the tag to be whole, the second does not."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic(kbps=4000))
    key_sent(publisher)
    program = clients.run(cat(server, "live/x", stdout=subprocess.PIPE))
    pipe = program.popen.stdout

    def stuck():
        size, sent = unread(pipe), len(publisher.sent)
        procs.wait_until(lambda: len(publisher.sent) > sent + 30)
        return size > 0 and unread(pipe) == size
    procs.wait_until(stuck, 8)
    program.popen.send_signal(signal.SIGTERM)
    procs.wait_until(lambda: not caught(program.pid, signal.SIGTERM), 5)
    assert program.popen.poll() is None
    program.popen.send_signal(signal.SIGTERM)
    assert program.wait(5) == -signal.SIGTERM
    pipe.close()
    publisher.halt()
    publisher.check()


def test_a_signal_while_it_waits(rtmpd):
    server = rtmpd()
    program = cat(server, "-w", "live/none")
    procs.wait_until(lambda: " cat " in server.ctl(
        "show", "sessions").stdout, 5)
    program.popen.send_signal(signal.SIGINT)
    program.succeed(5)


def test_limits_for_the_network_are_not_for_it(rtmpd, clients, scratch):
    """Neither on connections of one address nor on who waits."""
    server = rtmpd({"max-per-address": "1", "idle-streams": "no"})
    waiting = [to_file(clients, server, scratch / name, "-w", "live/x")
               for name in "ab"]
    procs.wait_until(lambda: server.ctl(
        "show", "sessions").stdout.count(" cat ") == 2, 5)
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    for name in "ab":
        flowing_file(scratch / name)
    for program in waiting:
        program.popen.send_signal(signal.SIGTERM)
        program.succeed(5)
    publisher.halt()
    publisher.check()


def test_the_hub_may_hang(rtmpd, clients, scratch):
    """What is attached reads on, and hears later that all is over."""
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic(seconds=4))
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "live/x")
    flowing_file(scratch / "x.flv")
    hub = server.hub()
    os.kill(hub, signal.SIGSTOP)
    try:
        publisher.wait_done(10)
        last = publisher.sent[-1][0].payload
        procs.wait_until(
            lambda: last in (scratch / "x.flv").read_bytes(), 5)
    finally:
        os.kill(hub, signal.SIGCONT)
    publisher.stop()
    program.succeed(5)
    run = follow(scratch / "x.flv")
    assert run.video.seqs[-1] == 99 and not run.video.gaps


def test_it_is_no_subscriber(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    to_file(clients, server, scratch / "x.flv", "live/x")
    procs.wait_until(lambda: " cat " in server.ctl(
        "show", "sessions").stdout, 5)
    assert '"subscribers": 0' in server.ctl("-j", "show", "streams").stdout
    publisher.halt()


def test_enhanced_codecs_and_tracks_pass_as_they_are(rtmpd, clients,
                                                     scratch):
    sources = []
    for codec in ("hevc", "av1@160", "opus"):
        path = str(scratch / enhanced.file_of(codec))
        enhanced.encode(path, codec)
        sources.append(enhanced.elementary(path))
    hevc, av1, opus = sources
    messages, _, _ = enhanced.program([
        enhanced.Choir([enhanced.Voice(hevc, b"hvc1", 0),
                        enhanced.Voice(av1, b"av01", 1)], True),
        enhanced.Voice(opus, b"Opus")])
    server = rtmpd()
    program = to_file(clients, server, scratch / "x.flv", "-w", "live/x")
    procs.wait_until(lambda: "live/x" in server.ctl(
        "show", "streams").stdout, 5)
    client = rtmp.open_publisher(server.port, "live/x")
    for message in messages:
        client.send_media(message)
    client.unpublish("x")
    client.close()
    procs.wait_until(lambda: messages[-1].payload in (
        scratch / "x.flv").read_bytes(), 5)
    program.popen.send_signal(signal.SIGTERM)
    program.succeed(5)
    got = [(t.type, t.payload) for t in tags(scratch / "x.flv")
           if t.type != flv.DATA]
    sent = [(m.type, m.payload) for m in messages if m.type != flv.DATA]
    assert got == sent


def test_list(rtmpd, clients):
    server = rtmpd()
    for name in ("live/b", "live/a"):
        key_sent(clients.publisher(server, name, flv.synthetic()))
    clients.subscriber(server, "live/waits")
    procs.wait_until(lambda: "live/waits" in server.ctl(
        "show", "streams").stdout, 5)

    def listed():
        return subprocess.run([RTMPCAT, "-r", server.run_directory, "-l"],
                              capture_output=True, text=True, timeout=5,
                              check=True).stdout == "live/a\nlive/b\n"
    procs.wait_until(listed, 5)


def test_progress_on_a_terminal_and_no_flv(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    argv = [RTMPCAT, "-r", str(server.run_directory), "live/x"]
    main, end = pty.openpty()
    refused = subprocess.run(argv, stdin=end, stdout=end, check=False,
                             stderr=subprocess.PIPE, timeout=5)
    assert refused.returncode == 64
    assert b"terminal" in refused.stderr
    with open(scratch / "x.flv", "wb") as file, subprocess.Popen(
            argv, stdin=end, stdout=file, stderr=end) as program:
        shown = b""
        until = time.monotonic() + 8
        while b"bit/s" not in shown or b"00:00:01" not in shown:
            assert time.monotonic() < until, shown
            if select.select([main], [], [], 0.2)[0]:
                shown += os.read(main, 4096)
        program.send_signal(signal.SIGINT)
        assert program.wait(5) == 0
    os.close(main)
    os.close(end)
    follow(scratch / "x.flv")           # the last tag is whole


def test_the_relay_stops(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    program = to_file(clients, server, scratch / "x.flv", "-w", "live/x")
    flowing_file(scratch / "x.flv")
    server.stop()
    assert program.wait(5) == 69
    assert "shutdown" in program.stderr
    follow(scratch / "x.flv")


def flowing_file(path):
    procs.wait_until(lambda: path.stat().st_size > 100000, 5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has other users")
def test_another_user_may_not(rtmpd, clients):
    server = rtmpd()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    key_sent(publisher)
    program = cat(server, "live/x", user="daemon", group="daemon",
                  extra_groups=[])
    assert program.wait(5) == 77
    assert "rtmpcat:" in program.stderr
    publisher.halt()


def test_every_example_of_the_manual(rtmpd, clients, scratch):
    server = rtmpd()
    publisher = clients.run(procs.Process(
        ["ffmpeg", *ff.QUIET, "-re", "-f", "lavfi", "-i",
         "testsrc2=size=320x240:rate=25", "-c:v", "libx264", "-preset",
         "ultrafast", "-g", "25", "-f", "flv", server.url("live/test")]))
    server.wait_log(r"\bcodec stream=live/test", 10)
    for line in examples("rtmpcat.1"):
        assert line.startswith("$ rtmpcat -r /tmp/relay ")
        line = line.removeprefix("$ ").replace(
            "/tmp/relay", str(server.run_directory))
        line = line.replace("-t 10", "-t 2").replace("-t 5", "-t 1")
        done = subprocess.run(
            ["bash", "-c", "set -o pipefail; " + line], cwd=scratch,
            env=dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}"),
            capture_output=True, text=True, timeout=15, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stderr == "", line
    assert done.stdout == "live/test\n"
    assert {"test.flv", "replay.flv", "now.png"} == set(os.listdir(scratch))
    assert all(p.stat().st_size > 1000 for p in scratch.iterdir())
    publisher.kill()
