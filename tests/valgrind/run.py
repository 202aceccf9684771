# SPDX-License-Identifier: ISC
"""A relay under valgrind's memcheck: publishers, subscribers, the loss of a
hub, and an orderly stop; then what valgrind has to say about each process.

Run by `make check-valgrind`; the argument is a directory for the logs.
"""
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import ff               # noqa: E402 (found by the line above)
import flv              # noqa: E402
import procs            # noqa: E402
import rtmp             # noqa: E402
import server as servers    # noqa: E402

SLOW = 30.0                             # s; everything takes longer
CONF = """
sandbox = log
cpu-limit = 5m
handshake-timeout = 1m
linger = 1s
takeover = 1s
stats-interval = 5s
ring = 256K
max-lag = 500ms
hub-idle = 1s
"""
ATTENDED = """
metrics-listen = {port}
record-directory = {directory}
application rec {{
	record = all
	record-segment = 1s
}}
"""
# These lacks.c stands in for; and Landlock, which a kernel need not have.
KNOWN_MISSING = {"317", "424", "434", "449", "444"}
# rtmpmetrics makes its sockets for hubs to come before it enters its filter.
KEPT = "link_init"
ERROR = re.compile(
    r"==\d+== (Invalid \w+.*|Conditional jump.*|Use of uninit.*|Mismatched .*|"
    r"Syscall param .*|Source and destination overlap.*|"
    r".*are definitely lost.*|Argument .* has a fishy.*|"
    r"Jump to the invalid.*|Process terminating with default action.*)")
OPEN = re.compile(r"==\d+== Open (.*)")
FRAME = re.compile(r"==\d+== +(?:at|by) 0x\w+: (.*)")


def command(logs):
    return ("valgrind", "--tool=memcheck", "--trace-children=yes",
            "--vgdb=no", "--track-fds=yes", "--leak-check=full",
            "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite", "--num-callers=20",
            f"--log-file={logs}/%p.log")


class Relay(servers.Server):
    """One whose processes have no titles, and take their time."""

    def hub(self):
        starts = [x for x in self.lines if re.search(r"\bhub-start\b", x)]
        return int(re.search(r"pid=(\d+)", starts[-1])[1])

    def wait_hub(self, count):
        procs.wait_until(
            lambda: sum("hub-start" in x for x in self.lines) >= count,
            SLOW, f"hub {count}")


def publish(relay, source, stream="live/x"):
    return rtmp.Publisher(relay.port, stream, source, timeout=SLOW)


def play(relay, stream="live/x", **how):
    return rtmp.Subscriber(relay.port, stream, timeout=SLOW, **how)


def flows(subscriber, stream=None):
    subscriber.wait(
        lambda m: flv.kind(m) in ("key", "inter")
        and stream in (None, flv.stamp(m)[0]),
        SLOW, "video", len(subscriber.messages))


def expect_refusal(relay):
    try:
        publish(relay, flv.synthetic())
    except rtmp.Refused:
        return
    raise AssertionError("a second publisher was not refused")


def come_and_go(relay):
    """Publishers and subscribers that end in every way they can."""
    for number in range(3):
        early = play(relay)
        encoder = publish(relay, flv.synthetic(stream=number))
        late = play(relay)
        flows(early, number)
        flows(late, number)
        expect_refusal(relay)
        late.client.reset() if number == 1 else late.close()
        encoder.drop() if number == 2 else encoder.stop()
        early.wait_status(rtmp.UNPUBLISH_NOTIFY, SLOW)
        early.close()


def several_on_one_connection(relay):
    first = publish(relay, flv.synthetic(stream=1), "live/a")
    second = publish(relay, flv.synthetic(stream=2), "live/b")
    both = rtmp.open_subscriber(relay.port, "live/a", timeout=SLOW)
    both.create_stream()
    both.play("b")
    got = set()
    while got != {1, 2}:
        message = both.recv(SLOW)
        if flv.kind(message) == "key":
            got.add(flv.stamp(message)[0])
    both.close()
    first.stop()
    second.stop()


def fall_behind(relay):
    encoder = publish(relay, flv.synthetic(kbps=4000, gop=10))
    slow = play(relay, rcvbuf=1 << 14)
    flows(slow)
    slow.hold()
    time.sleep(3)
    slow.resume()
    relay.wait_log(r"\blag\b.*stream=live/x", SLOW)
    slow.close()
    encoder.stop()


def nonsense(relay):
    for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x03" + bytes(1536 * 2 + 500),
                 b"\x03"):
        with socket.create_connection(("127.0.0.1", relay.port)) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(SLOW)
            try:
                while sock.recv(1 << 16):
                    pass
            except ConnectionError:
                pass


def real_media(relay, directory):
    path = str(directory / "av.flv")
    ff.make(path, 4, bframes=2, size="320x180", kbps=300)
    player = ff.hashes(relay.url("live/real"), str(directory / "hashes"))
    encoder = ff.publish(relay.url("live/real"), path)
    encoder.succeed(SLOW * 2)
    player.succeed(SLOW)


def lose_the_hub(relay):
    encoder = publish(relay, flv.synthetic(stream=1))
    stays, waits = play(relay), play(relay, "live/none")
    flows(stays)
    for count in (2, 3):
        procs.end(relay.hub())
        relay.wait_hub(count)
        late = play(relay)
        flows(late)
        late.close()
    flows(stays)
    encoder.silence()
    time.sleep(1.5)
    successor = publish(relay, flv.synthetic(stream=2))
    flows(stays, 2)
    encoder.abandon()
    return [successor, stays, waits]


def attended(relay, logs, directory, port):
    """Recorded, read by a local program, and looked at by HTTP."""
    ours = publish(relay, flv.synthetic(seconds=6), "rec/x")
    with open(directory / "x.flv", "wb") as file:
        local = procs.Process(
            [*command(logs), str(servers.BUILD / "rtmpcat"), "-r",
             str(relay.run_directory), "-t", "2", "rec/x"], stdout=file,
            env={**os.environ, "LD_PRELOAD": sys.argv[2]})
    relay.wait_log(r"record-start stream=rec/x", SLOW)
    for page in ("metrics", "streams.json", "healthz", ""):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}",
                                    timeout=SLOW) as answer:
            assert answer.status == 200
    local.succeed(SLOW)
    assert flv.read(directory / "x.flv")
    ours.wait_done(SLOW)
    ours.stop()
    relay.wait_log(r"record-stop stream=rec/x .*reason=gone", SLOW)
    assert list(directory.glob("record/*.flv"))


def quiet(logs, but):
    """Wait until only so many have yet to tell about themselves."""
    def told():
        texts = [p.read_text("utf-8", "replace") for p in logs.glob("*.log")]
        return sum("ERROR SUMMARY" not in t for t in texts) <= but
    procs.wait_until(told, SLOW * 2, "processes to end", 0.2)


def standalone(logs, directory):
    port = servers.free_port()
    record = directory / "record"
    record.mkdir()
    record.chmod(0o777)
    relay = Relay(CONF + ATTENDED.format(port=port, directory=record),
                  wrap=command(logs), wait=False,
                  env={**os.environ, "LD_PRELOAD": sys.argv[2]})
    try:
        relay.wait_hub(1)
        relay.wait_log(r"metrics-start", SLOW)
        come_and_go(relay)
        several_on_one_connection(relay)
        fall_behind(relay)
        nonsense(relay)
        real_media(relay, directory)
        attended(relay, logs, directory, port)
        quiet(logs, 4)                  # listener, hub, and two beside it
        rest = lose_the_hub(relay)
        # and two hubs and a publisher that were killed, and who stays
        quiet(logs, 4 + 3 + len(rest))
        procs.end(relay.pid, signal.SIGTERM)
        relay.popen.wait(SLOW)
        for client in rest:
            client.abandon()
        assert "stopped" in relay.log(), relay.log()[-2000:]
        assert not servers.shm_of(relay.run_directory)
    except BaseException:
        print(relay.log()[-3000:])
        raise
    finally:
        relay.stop(check=False)


def on_demand(logs, directory):
    """rtmpd -i, which starts a hub that leaves by itself."""
    conf = directory / "rtmpd.conf"
    conf.write_text(CONF)
    ours, theirs = socket.socketpair()
    with theirs:
        program = subprocess.Popen(
            [*command(logs), servers.PROGRAM, "-i", "-r", directory / "run",
             "-f", conf], stdin=theirs,
            env={**os.environ, "LD_PRELOAD": sys.argv[2]})
    ours.settimeout(SLOW)
    player = rtmp.open_subscriber(0, "live/x", sock=ours, timeout=SLOW)
    player.close()
    assert program.wait(SLOW) == 0
    procs.wait_until(lambda: not procs.descendants(os.getpid()), SLOW,
                     "the hub to leave")
    assert not servers.shm_of(directory / "run")


def descriptors(text):
    """Where descriptors were opened that are open at the end, and how
    many at each place."""
    places = collections.Counter()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = OPEN.match(line)
        if not match:
            continue
        frames = []
        for after in lines[number + 1:]:
            frame = FRAME.match(after)
            if not frame:
                break
            frames.append(frame[1])
        if frames:                      # else it was inherited
            places[" < ".join(frames[:4])] += 1
    return places


def judge(logs):
    """What is wrong, and how many processes told about themselves."""
    wrong, ended = [], 0
    for path in sorted(logs.glob("*.log")):
        text = path.read_text("utf-8", "replace")
        for match in ERROR.finditer(text):
            wrong.append(f"{path}: {match[1]}")
        for number in re.findall(r"unhandled .*syscall: (\d+)", text):
            if number not in KNOWN_MISSING:
                wrong.append(f"{path}: valgrind lacks system call {number}")
        summary = re.search(r"ERROR SUMMARY: (\d+) errors", text)
        ended += summary is not None
        if summary and summary[1] != "0" and not ERROR.search(text):
            wrong.append(f"{path}: {summary[1]} errors")
        for place, count in descriptors(text).items():
            if count > 2 and KEPT not in place:     # a pair is two
                wrong.append(f"{path}: {count} descriptors of {place}")
    return wrong, ended


def main():
    kept = Path(sys.argv[1]).resolve()
    shutil.rmtree(kept, ignore_errors=True)
    procs.become_subreaper()
    directory = servers.private_directory()
    logs = directory / "logs"
    logs.mkdir()
    logs.chmod(0o1777)                  # some are forked as another user
    try:
        standalone(logs, directory)
        on_demand(logs, directory)
    finally:
        for pid in procs.descendants(os.getpid()):
            procs.end(pid)
        shutil.copytree(logs, kept)
        shutil.rmtree(directory, ignore_errors=True)
    wrong, ended = judge(kept)
    print("\n".join(wrong[:40]))
    print(f"valgrind: {ended} processes, {len(wrong)} errors; see {kept}")
    return 1 if wrong or ended < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
