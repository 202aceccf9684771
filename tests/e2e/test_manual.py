# SPDX-License-Identifier: ISC
"""What the manual shows is run: its command lines, its configurations, its
ranges and defaults. Only ports, paths and durations are put in."""
import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest

import ff
import flv
import procs
import rtmp
import server
from build import patience
from server import BUILD, PROGRAM, REPOSITORY

PAGES = ("rtmpd.8", "rtmphub.8", "rtmpctl.8", "rtmprecord.8",
         "rtmpmetrics.8", "rtmpd.conf.5",
         "rtmpd-shm.7")
SAMPLE = REPOSITORY / "etc" / "rtmpd.conf"
SECONDS = "5"                           # of what is published
TOO_MUCH = ("99999h", "99999999G", "99999999999")

# Every command of the manual, and what runs it.
COMMANDS = {
    r"rtmpd -d -l ": "relay",
    r"ffmpeg .*lavfi": "test_the_test_picture_is_published_and_played",
    r"ffplay ": "test_the_test_picture_is_published_and_played",
    r"ffmpeg .*film\.mp4": "test_a_file_is_published",
    r"rtmpd -n -f ": "test_the_configuration_is_checked",
    r"rtmphub -d ": "test_a_hub_runs_in_the_foreground",
    r"rtmprecord .* -s": "test_a_stream_is_recorded_by_hand",
    r"rtmprecord .* -a": "test_a_stream_is_recorded_by_hand",
    r"rtmpctl .* show sessions": "test_a_relay_is_seen",
    r"rtmpctl .* show stream .* jq": "test_a_relay_is_seen",
    r"rtmpctl .* kick ": "test_a_relay_is_seen",
    r"rtmpctl .* show config > ": "test_a_relay_is_seen",
    r"rtmpmetrics ": "test_the_numbers_are_served",
    r"curl ": "test_the_numbers_are_served",
    r"rtmpctl .* upgrade": "test_a_relay_obeys",
    r"rtmpctl .* drain": "test_a_relay_obeys",
    r"rtmpctl .* stop": "test_a_hub_runs_in_the_foreground",
}


def source(page):
    return (REPOSITORY / "man" / page).read_text(encoding="utf-8")


def plain(text):
    """A line of mdoc(7) as it is read; enough for literal text."""
    return text.replace(r"\e", "\\").replace(r"\(dq", '"').replace(r"\&", "")


def examples(page):
    """The literal blocks and lines of EXAMPLES, in their order."""
    text = source(page).partition("\n.Sh EXAMPLES\n")[2]
    text = re.split(r"^\.Sh ", text, flags=re.M)[0]
    found = re.findall(r"^\.Dl (.*)$|^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$",
                       text, re.M)
    return [plain(line or block).strip("\n") for line, block in found]


def commands():
    """The command lines of all pages."""
    return [example.removeprefix("$ ").replace("\\\n", " ")
            for page in PAGES for example in examples(page)
            if example.startswith("$ ")]


def command(pattern, **put):
    """The one command line that matches, as arguments, with changes put in
    for the words given."""
    found = [c for c in commands() if re.match(pattern, c)]
    assert len(found) == 1, f"{pattern}: {found}"
    words = shlex.split(found[0])
    for old, new in put.items():
        old = {"port": "19350", "relay": "/tmp/relay", "film": "film.mp4",
               "conf": "/etc/rtmpd.conf", "radio": "/srv/radio",
               "metrics": "9728"}[old]
        assert any(old in w for w in words), f"{words} without {old}"
        words = [w.replace(old, str(new)) for w in words]
    if words[0].startswith("rtmp"):
        words[0] = str(BUILD / words[0])
    return words


def in_a_shell(pattern, relay, where):
    """Run the one command line that matches in a shell, as it stands."""
    found = [c for c in commands() if re.match(pattern, c)]
    assert len(found) == 1, f"{pattern}: {found}"
    return subprocess.run(
        found[0].replace("/tmp/relay", str(relay.place)), shell=True,
        cwd=where, capture_output=True, text=True, timeout=5, check=False,
        env=dict(os.environ, PATH=f"{BUILD}:{os.environ['PATH']}"))


def for_a_while(words):
    """ffmpeg's arguments, bounded in time."""
    return [words[0], *ff.QUIET, *words[1:-3], "-t", SECONDS, *words[-3:]]


def says(*words):
    return subprocess.run(words, capture_output=True, text=True,
                          timeout=patience(3),
                          check=False, stdin=subprocess.DEVNULL)


class Relay:
    """The program of an example, and the port put into it."""

    def __init__(self, words, port):
        self.port = port
        self.place = words[words.index("-r") + 1]
        self.program = procs.Process(words)

    def stop(self):
        if self.program.popen.poll() is None:
            procs.end(self.program.pid, signal.SIGTERM)
        self.program.succeed(server.EXIT_TIME + 1)


@pytest.fixture
def relay():
    port, place = server.free_port(), server.private_directory()
    one = Relay(command(r"rtmpd -d -l ", port=port, relay=place / "run"),
                port)
    try:
        procs.wait_until(lambda: server.listening(port), 5, "the relay")
        yield one
        one.stop()
        assert not server.shm_of(place / "run")
    finally:
        for pid in procs.descendants(one.program.pid):
            procs.end(pid)
        one.program.kill()
        shutil.rmtree(place, ignore_errors=True)


def test_every_command_is_run():
    assert commands()
    for one in commands():
        assert [p for p in COMMANDS if re.match(p, one)], one
    for pattern, runs in COMMANDS.items():
        command(pattern)
        assert runs in globals()


def test_the_test_picture_is_published_and_played(relay):
    publisher = procs.Process(for_a_while(
        command(r"ffmpeg .*lavfi", port=relay.port)))
    words = command(r"ffplay ", port=relay.port)
    player = procs.Process(
        [words[0], "-hide_banner", "-autoexit", "-stats", *words[1:]],
        env=dict(os.environ, SDL_VIDEODRIVER="dummy",
                 SDL_AUDIODRIVER="dummy"))
    try:
        publisher.succeed(20)
        player.succeed(10)
        assert ff.clock(player) > 1, player.stderr[-2000:]
    finally:
        publisher.kill()
        player.kill()


def test_a_file_is_published(relay, media, scratch):
    film = scratch / "film.mp4"
    subprocess.run(["ffmpeg", *ff.QUIET, "-i", media("av"), "-c", "copy",
                    film], check=True, timeout=30)
    subscriber = rtmp.Subscriber(relay.port, "live/film")
    publisher = procs.Process(for_a_while(command(
        r"ffmpeg .*film\.mp4", port=relay.port, film=film)))
    try:
        publisher.succeed(20)
        subscriber.wait_status(rtmp.UNPUBLISH_NOTIFY, 3)
        subscriber.check()
        kinds = [flv.kind(m) for m in subscriber.messages]
        assert kinds.count("key") > 2 and kinds.count("audio") > 50
    finally:
        publisher.kill()
        subscriber.abandon()


def test_the_configuration_is_checked():
    done = says(*command(r"rtmpd -n -f ", conf=SAMPLE))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_hub_runs_in_the_foreground():
    place = server.private_directory()
    hub = procs.Process(command(r"rtmphub -d ", relay=place / "run"))
    try:
        procs.wait_until((place / "run/rtmphub.ctl").is_socket, 5, "a hub")
        done = says(*command(r"rtmpctl .* stop", relay=place / "run"))
        assert done.returncode == 0, done.stderr
        hub.succeed(3)
        assert "hub-stop" in hub.stderr
    finally:
        hub.kill()
        shutil.rmtree(place, ignore_errors=True)


def test_a_stream_is_recorded_by_hand(relay, media, scratch):
    publisher = ff.publish(f"rtmp://127.0.0.1:{relay.port}/live/test",
                           media("av"))
    recorders = []
    try:
        procs.wait_until(lambda: "publish stream=" in relay.program.stderr,
                         5, "the stream")
        for words in (command(r"rtmprecord .* -s", relay=relay.place),
                      command(r"rtmprecord .* -a", relay=relay.place,
                              radio=scratch)):
            recorders.append(procs.Process(words, cwd=scratch))
        publisher.succeed(20)
        for recorder in recorders:
            recorder.succeed(10)
        film, = scratch.glob("live_test_*.flv")
        radio, = scratch.glob("test/*.flv")
        assert {m.type for m in flv.read(film)} == {8, 9, 18}
        assert {m.type for m in flv.read(radio)} == {8, 18}
    finally:
        for program in (publisher, *recorders):
            program.kill()


def test_a_relay_obeys(relay):
    done = says(*command(r"rtmpctl .* upgrade", relay=relay.place))
    assert done.returncode == 0, done.stderr
    assert "upgraded pid=" in relay.program.stderr
    done = says(*command(r"rtmpctl .* drain", relay=relay.place))
    assert done.returncode == 0, done.stderr
    relay.program.succeed(server.EXIT_TIME)


def test_the_numbers_are_served(relay):
    port = server.free_port()
    metrics = procs.Process(command(r"rtmpmetrics ", relay=relay.place,
                                    metrics=port))
    try:
        healthy = command(r"curl ", metrics=port)   # knows the hub
        procs.wait_until(lambda: says(*healthy).stdout == "ok\n", 5, "health")
        procs.end(metrics.pid, signal.SIGTERM)
        metrics.succeed(3)
    finally:
        metrics.kill()


def test_prometheus_takes_its_configuration(scratch):
    conf = scratch / "prometheus.yml"
    conf.write_text(examples("rtmpmetrics.8")[-1] + "\n")
    done = says("promtool", "check", "config", conf)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_relay_is_seen(relay, scratch):
    publisher = procs.Process(
        command(r"ffmpeg .*lavfi", port=relay.port),
        stdin=subprocess.DEVNULL)
    try:
        procs.wait_until(lambda: re.search(
            r" publish +live/test +[1-9]",
            in_a_shell(r"rtmpctl .* show sessions", relay, scratch).stdout),
            10, "a publisher", 0.2)
        done = in_a_shell(r"rtmpctl .* show stream .* jq", relay, scratch)
        assert int(done.stdout) > 0, done.stderr
        done = in_a_shell(r"rtmpctl .* show config > ", relay, scratch)
        assert done.returncode == 0, done.stderr
        done = says(PROGRAM, "-n", "-f", scratch / "rtmpd.conf")
        assert (done.returncode, done.stderr) == (0, "")
        done = in_a_shell(r"rtmpctl .* kick ", relay, scratch)
        assert done.returncode == 0, done.stderr
        assert publisher.wait(5) != 0
    finally:
        publisher.kill()


@pytest.mark.parametrize("text", examples("rtmpd.conf.5"))
def test_a_configuration_is_taken(text, scratch):
    conf = scratch / "rtmpd.conf"
    conf.write_text(text + "\n")
    done = says(PROGRAM, "-n", "-f", conf)
    assert done.returncode == 0, done.stderr


def values(text):
    """key -> words, of an xinetd service."""
    return {key: value.split() for key, value in
            re.findall(r"^\s*(\w+)\s*=[ \t]*(.*)$", text, re.M)}


def test_super_servers_are_started_as_the_samples_are():
    """The samples themselves are run by test_inetd.py."""
    inetd, xinetd, systemd = examples("rtmpd.8")[-3:]
    etc = REPOSITORY / "etc"
    sample = [x.split() for x in (etc / "inetd.conf").read_text().splitlines()
              if not x.startswith("#")]
    assert [x.split() for x in inetd.splitlines()] == sample
    sample = values((etc / "xinetd.rtmp").read_text())
    for key, value in values(xinetd).items():
        assert sample[key] == value, key
    units = re.findall(r"^# systemctl enable --now (\S+)$", systemd, re.M)
    assert len(units) == len(systemd.splitlines())
    for unit in units:
        assert (etc / "systemd" / unit).exists()


def paragraph(key):
    """What rtmpd.conf(5) says of a key, on one line."""
    found = re.search(rf"^\.It Ic {key} .*\n((?:(?!\.It|\.El).*\n)*)",
                      source("rtmpd.conf.5"), re.M)
    assert found, f"no {key}"
    return re.sub(r"\s+", " ", re.sub(r"^\.\w\w ", "", found[1], flags=re.M))


def keys():
    """(key, default) of the sample, which a unit test compares with the
    program's table."""
    return re.findall(r"^#([a-z-]+) = (.*)$", SAMPLE.read_text(), re.M)


@pytest.mark.parametrize("key,default", keys())
def test_a_key_has_the_default_that_is_told(key, default):
    told = paragraph(key).partition("The default is ")[2]
    if default.startswith("{"):         # an example, there is no default
        assert told.startswith("everyone")
    elif default.startswith('"') and not told:          # as well
        assert "Without it " in paragraph(key)
    else:
        assert told.startswith(default.strip('"')), f"{default}, not {told}"


@pytest.mark.parametrize("key", [k for k, _ in keys()])
def test_a_key_has_the_range_that_is_told(key, scratch):
    """The program names the range when a value is out of it."""
    conf = scratch / "rtmpd.conf"
    for value in TOO_MUCH:
        conf.write_text(f"{key} = {value}\n")
        found = re.search(r"is not in (\S+ to \S+)",
                          says(PROGRAM, "-n", "-f", conf).stderr)
        if found:
            assert re.search(rf"\b{found[1]}\b", paragraph(key)), found[1]
            return
    assert not re.search(r"\d\w* to \d", paragraph(key))
