# SPDX-License-Identifier: ISC
"""Recordings: what is in them, and what cannot disturb whom."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import enhanced
import ff
import flv
import pressure
import procs
import rtmp
import server as servers
from recorded import (File, files, same_frames, same_times, wait_complete,
                      wait_growth)
from test_enhanced import hevc_and_opus, many_tracks, stream  # a fixture
from watch import flowing, no_gap

ROOT = os.geteuid() == 0
RECORDER = "rtmpd: record "


@pytest.fixture
def tapes():
    """A directory that the relay's user may write to."""
    base = servers.private_directory()
    path = base / "tapes"
    path.mkdir()
    path.chmod(0o777)
    yield path
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def recording(rtmpd, tapes):
    """recording(conf) starts a relay that records everything."""
    def start(conf=None, **how):
        return rtmpd({"record": "all", "record-directory": str(tapes),
                      "record-path": '"%{app}_%{name}_%{n}.flv"',
                      "record-sync": "200ms", "linger": "500ms",
                      **(conf or {})}, **how)
    return start


def counted(server, what):
    """A number of rtmpctl metrics."""
    line = re.search(rf"^rtmpd_{what} (\d+)$", server.ctl("metrics").stdout,
                     re.M)
    return int(line[1])


def packets(path, scratch):
    return ff.source(str(path), scratch)


def published(server, path, tapes, count=1):
    """The recordings of a file that ffmpeg published."""
    publisher = ff.publish(server.url("live/x"), path)
    try:
        publisher.succeed(30)
    finally:
        publisher.kill()
    wait_complete(server, count)
    return [File(f) for f in files(tapes)]


# What is in a file

@pytest.mark.parametrize("name", ["av", "bframes", "audio", "video"])
def test_a_recording_holds_all_that_was_published(name, recording, media,
                                                  tapes, scratch):
    server = recording()
    one, = published(server, media(name), tapes)
    one.check().check_start()
    sent = flv.read(media(name))
    same_frames(one.frames(), sent)
    same_times(one.frames(), sent)
    ff.compare(packets(media(name), scratch), packets(one.path, scratch))
    assert one.metadata["encoder"]


@pytest.mark.parametrize("what,kind", [("audio", flv.AUDIO),
                                       ("video", flv.VIDEO)])
def test_only_one_kind_is_recorded(what, kind, recording, media, tapes):
    server = recording({"record": what})
    one, = published(server, media("av"), tapes)
    one.check().check_start()
    same_frames(one.frames(), [m for m in flv.read(media("av"))
                               if m.type == kind])


def test_players_find_a_time_by_the_index(recording, media, tapes):
    server = recording()
    one, = published(server, media("av"), tapes)
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-read_intervals", "5%+#1",
         "-select_streams", "v", "-show_entries", "packet=pts_time,pos",
         "-of", "csv=p=0", str(one.path)], capture_output=True, text=True,
        timeout=20, check=True).stdout.split(",")
    index = dict(zip(one.metadata["keyframes"]["times"],
                     one.metadata["keyframes"]["filepositions"]))
    assert int(told[1]) in index.values()
    assert 4 <= float(told[0]) < 5.1


@pytest.mark.parametrize("case", [hevc_and_opus, many_tracks],
                         ids=lambda c: c.__name__)
def test_enhanced_media_are_recorded_as_they_are(case, recording, clients,
                                                 stream, tapes):
    server = recording()
    sent, _, _ = enhanced.program(case(stream))
    client = clients.add(rtmp.open_publisher(server.port, "live/x"))
    for one in sent:
        client.send_media(one)
    client.pump()
    server.wait_log(r"\brecord-start ")
    client.unpublish("x")
    wait_complete(server)
    one = File(files(tapes)[0])
    def frames(media):
        return [(m.type, m.payload) for m in media if enhanced.is_frame(m)]
    assert frames(t for t in one.tags if t.type != flv.DATA) == frames(sent)
    before = [t for t in one.tags if not enhanced.is_frame(t)]
    state = enhanced.state(before)
    want = enhanced.state(sent)
    del state["metadata"], want["metadata"]
    assert state == want


# Segments

def concatenated(parts, sent):
    same_frames([t for p in parts for t in p.frames()], sent)
    for part in parts:
        part.check().check_start()
        same_times(part.frames(), sent)


@pytest.mark.parametrize("name,segment,count", [
    ("bframes", "2s", 4), ("av", "200K", 4), ("audio", "2s", 4)])
def test_segments_are_all_that_was_published(name, segment, count, recording,
                                             media, tapes, scratch):
    server = recording({"record-segment": segment})
    parts = published(server, media(name), tapes, count)
    assert len(parts) >= count
    concatenated(parts, flv.read(media(name)))
    for part in parts:
        ff.decode(str(part.path)).succeed(20)
    assert server.log().count("reason=segment") == len(parts) - 1


# The publisher

@pytest.mark.parametrize("how", ["returns", "is taken over"])
def test_a_publisher_that_goes_on_has_one_file(how, recording, clients,
                                               tapes):
    server = recording({"linger": "3s", "takeover": "500ms"})
    first = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    server.wait_log(r"\brecord-start ")
    path, = files(tapes)
    wait_growth(path, 1000)
    if how == "returns":
        first.drop()
    else:
        first.silence()
        silent = time.monotonic()
        procs.wait_until(lambda: time.monotonic() > silent + 0.7)
    second = clients.publisher(server, "live/x",
                               flv.synthetic(gop=10, stream=2))
    second.wait_sent(lambda m: flv.kind(m) == "key" and m.at > 1)
    second.stop()
    wait_complete(server)
    assert ("takeover stream=live/x" in server.log()) == (how != "returns")
    one = File(path).check()
    assert files(tapes) == [path]
    seen = [flv.stamp(t)[0] for t in one.frames()]
    assert seen == sorted(seen) and set(seen) == {1, 2}
    for kind in (flv.AUDIO, flv.VIDEO):
        times = [t.ts for t in one.frames() if t.type == kind]
        assert times == sorted(times)


def test_each_publisher_has_a_file_of_its_own(recording, clients, tapes):
    server = recording()
    for number in (1, 2):
        publisher = clients.publisher(server, "live/x", flv.synthetic())
        publisher.wait_sent(lambda m: m.at > 0.5)
        publisher.stop()
        wait_complete(server, number)
    assert [f.name for f in files(tapes)] == ["live_x_1-1.flv", "live_x_1.flv"]
    for path in files(tapes):
        flv.follow(File(path).check().messages())


@pytest.mark.parametrize("name", [".hidden", "a/b", "%Y", "x" * 180,
                                  "-rf", "a..b", "...", "\u00fc"])
def test_names_stay_beneath_the_directory(name, recording, clients, tapes):
    server = recording({"record-path": '"%{name}.flv"'})
    publisher = clients.publisher(server, "live/" + name, flv.synthetic())
    publisher.wait_sent(lambda m: m.at > 0.3)
    publisher.stop()
    wait_complete(server)
    one, = files(tapes)
    assert one.parent == tapes and not one.name.startswith(".")
    assert [p.name for p in tapes.parent.iterdir()] == ["tapes"]


def test_a_link_beneath_the_directory_is_not_followed(recording, clients,
                                                      tapes):
    (tapes / "live").symlink_to(tapes.parent)
    server = recording({"record-path": '"%{app}/%{name}.flv"'})
    clients.publisher(server, "live/x", flv.synthetic())
    server.wait_log(r"\brecord-failed stream=live/x file=live/x\.flv "
                    r"errors=1: (Not a directory|Too many levels)")
    assert not list(tapes.parent.glob("*.flv"))


# By hand

def test_recording_is_started_and_stopped_by_hand(recording, clients, tapes):
    server = recording({"record": "off"})
    server.wait_log(r"\bhub-start ")
    done = server.ctl("record", "start", "live/x")
    assert done.returncode == 1 and "nobody publishes" in done.stderr
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    flowing(watcher)
    since = time.monotonic()
    done = server.ctl("record", "stop", "live/x")
    assert done.returncode == 1 and "not recorded" in done.stderr
    for number in (1, 2):
        done = server.ctl("record", "start", "live/x")
        assert done.returncode == 0, done.stderr
        server.process(RECORDER + "live/x")
        procs.wait_until(lambda: len(files(tapes)) == number, 5, "a file")
        wait_growth(files(tapes)[0 if number == 2 else -1], 1000)
        done = server.ctl("record", "stop", "live/x")
        assert done.returncode == 0, done.stderr
        wait_complete(server, number)
        assert "reason=kicked" in server.log()
    procs.wait_until(lambda: not server.titled(RECORDER), 3, "its end")
    for path in files(tapes):
        flv.follow(File(path).check().messages())
    no_gap(watcher, publisher, since)


def test_a_name_is_said_as_it_is(rtmpd, clients, tapes, monkeypatch):
    """Issue: escaped for the log, and then for the terminal."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    server = rtmpd({"record-directory": tapes})
    clients.publisher(server, "live/\u00e9", flv.synthetic())
    for word, said in (("start", "recording"), ("stop", "recording ends")):
        done = server.ctl("record", word, "live/\u00e9")
        assert done.stdout == f"record: live/\u00e9: {said}\n", done
    done = server.ctl("kick", "live/\u00e9")
    assert " publish live/\u00e9 127.0.0.1:" in done.stdout, done


def next_hub(server, how):
    """Another hub, killed or upgraded to."""
    hub = server.hub()
    if how == "killed":
        procs.end(hub)
    else:
        assert server.ctl("upgrade").returncode == 0
    procs.wait_until(lambda: [p for p in server.titled("rtmpd: hub")
                              if p != hub], 3, "another hub")


@pytest.mark.parametrize("how", ["killed", "upgraded"])
def test_what_was_stopped_by_hand_is_not_recorded_by_the_next_hub(
        how, recording, clients, tapes):
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    server.process(RECORDER + "live/x")
    wait_growth(procs.wait_until(lambda: files(tapes), 5, "a file")[0], 1000)
    assert server.ctl("record", "stop", "live/x").returncode == 0
    wait_complete(server)
    for number in (1, 2):
        next_hub(server, how)
        # granted and recorded once everyone has come to the next hub
        clients.publisher(server, f"live/y{number}", flv.synthetic())
        server.process(RECORDER + f"live/y{number}")
        assert not server.titled(RECORDER + "live/x")
    assert server.ctl("record", "start", "live/x").returncode == 0
    server.process(RECORDER + "live/x")
    assert server.ctl("record", "stop", "live/x").returncode == 0
    publisher.stop()
    clients.publisher(server, "live/x", flv.synthetic())
    server.process(RECORDER + "live/x")


@pytest.mark.parametrize("how", ["killed", "upgraded"])
def test_what_was_started_by_hand_is_recorded_by_the_next_hub(
        how, recording, clients, tapes):
    # one that waits for a slow disk may report too late, and get company
    server = recording({"record": "off", "record-sync": "1h"})

    def start(name):
        publisher = clients.publisher(server, name, flv.synthetic())
        procs.wait_until(lambda: server.ctl("record", "start", name)
                         .returncode == 0, 3, "the order to be obeyed")
        return publisher, server.process(RECORDER + name)
    publisher, recorder = start("live/x")
    path, = procs.wait_until(lambda: files(tapes), 5, "a file")
    for number in (1, 2):
        next_hub(server, how)
        start(f"live/y{number}")    # once everyone has come to that hub
        assert procs.alive(recorder)
    publisher.stop()
    procs.wait_until(lambda: not procs.alive(recorder), 3, "its end")
    assert [p for p in files(tapes) if "_x_" in p.name] == [path]
    same_frames(File(path).check().frames(), [m for m, _ in publisher.sent])


def test_a_relay_that_stops_completes_its_recordings(recording, clients,
                                                     tapes):
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    publisher.wait_sent(lambda m: m.at > 1)
    server.process(RECORDER)
    procs.wait_until(lambda: files(tapes), 3, "a file")
    server.stop()
    one, = files(tapes)
    flv.follow(File(one).check().messages())


# Disasters

def test_a_recorder_that_is_killed_is_replaced(recording, clients, tapes):
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    flowing(watcher)
    victim = server.process(RECORDER + "live/x")
    path, = files(tapes)
    wait_growth(path, 1000)
    since = time.monotonic()
    procs.end(victim)
    server.wait_log(r"\battendant-died program=rtmprecord stream=live/x "
                    rf"pid={victim} signal=9")
    procs.wait_until(lambda: len(files(tapes)) == 2, 5, "another file")
    other, = set(files(tapes)) - {path}
    wait_growth(other, 1000)
    assert counted(server, "recording_errors_total") == 1
    assert counted(server, "recordings_total") == 2
    assert counted(server, "recordings_active") == 1
    no_gap(watcher, publisher, since)
    publisher.stop()
    wait_complete(server)
    flv.follow(File(path, torn=True).messages())
    flv.follow(File(other).check().messages())
    ff.decode(str(path)).wait(10)


def test_a_hub_that_is_killed_costs_no_frame(recording, clients, tapes):
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    recorder = server.process(RECORDER + "live/x")
    path, = procs.wait_until(lambda: files(tapes), 5, "a file")
    hub = server.hub()
    procs.end(hub)
    procs.wait_until(lambda: [p for p in server.titled("rtmpd: hub")
                              if p != hub], 3, "another hub")
    count = len(publisher.sent)
    publisher.wait_sent(lambda m: m.at > publisher.sent[count - 1][0].at + 2)
    assert procs.alive(recorder)
    assert not server.titled(RECORDER), "a second one"
    publisher.stop()
    wait_complete(server)
    assert files(tapes) == [path]
    one = File(path).check()
    same_frames(one.frames(), [m for m, _ in publisher.sent])


def test_an_upgrade_costs_no_frame(recording, clients, tapes):
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    recorder = server.process(RECORDER + "live/x")
    path, = procs.wait_until(lambda: files(tapes), 5, "a file")
    done = server.ctl("upgrade")
    assert done.returncode == 0, done.stderr
    mark = publisher.sent[-1][0].at
    publisher.wait_sent(lambda m: m.at > mark + 2)
    assert procs.alive(recorder)
    publisher.stop()
    wait_complete(server)
    assert files(tapes) == [path]
    same_frames(File(path).check().frames(), [m for m, _ in publisher.sent])


def test_a_missing_directory_is_waited_for(recording, clients, tapes):
    tapes.rmdir()
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    server.wait_log(r"\brecord-failed stream=live/x file=\S+ errors=1: "
                    r"No such file or directory")
    flowing(watcher)
    since = time.monotonic()
    tapes.mkdir()
    tapes.chmod(0o777)
    path, = procs.wait_until(lambda: files(tapes), 8, "a file")
    wait_growth(path, 1000)
    # and gone again, with what was being written
    path.unlink()
    tapes.rmdir()
    server.wait_log(r"\battendant-died program=rtmprecord .* status=73")
    tapes.mkdir()
    tapes.chmod(0o777)
    path, = procs.wait_until(lambda: files(tapes), 8, "a file again")
    wait_growth(path, 1000)
    no_gap(watcher, publisher, since)
    publisher.stop()
    server.wait_log(r"\brecord-stop .* reason=gone")
    flv.follow(File(path).check().messages())


@pytest.mark.skipif(not ROOT, reason="a file system of a size needs root")
def test_a_full_disk_costs_the_recording_alone(recording, clients, tapes):
    server = recording(wrap=pressure.with_mount("400k", str(tapes)))
    seen = pressure.seen_by(server.pid, tapes)
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    flowing(watcher)
    since = time.monotonic()
    server.wait_log(r"\brecord-failed stream=live/x file=\S+ errors=1: "
                    r"No space left on device", 10)
    recorder = server.process(RECORDER)
    full, = files(seen)
    flv.follow(File(full).check().messages())
    full.unlink()
    path, = procs.wait_until(lambda: files(seen), 8, "another file")
    wait_growth(path, 1000)
    no_gap(watcher, publisher, since)
    assert procs.alive(recorder)
    assert server.log().count("No space left") == 1
    procs.wait_until(lambda: counted(server, "recording_errors_total"), 3,
                     "the error to be counted", 0.1)
    publisher.stop()
    procs.wait_until(lambda: not procs.alive(recorder), 5, "its end")
    flv.follow(File(path).check().messages())


def test_a_disk_without_room_for_a_frame_is_left_as_it_was(
        recording, clients, tapes):
    """Issue: each try left a file that cannot be played, and two lines in
    the log. Cause: frames that were never written counted."""
    server = recording(wrap=pressure.with_mount("16k", str(tapes)))
    seen = pressure.seen_by(server.pid, tapes)
    clients.publisher(server, "live/x", flv.synthetic(gop=10, kbps=4000))
    procs.wait_until(lambda: counted(server, "recording_errors_total") >= 3,
                     15, "three tries", 0.1)
    procs.wait_until(lambda: not files(seen), 3, "nothing to be left")
    assert server.log().count("No space left") == 1
    assert server.log().count("record-start") == 1
    assert server.log().count("record-stop") == 1


def test_metadata_of_the_next_publisher_has_the_time_that_it_comes_at(
        recording, clients, tapes):
    server = recording({"linger": "2s"})
    first = clients.publisher(server, "live/x", flv.synthetic(seconds=2))
    first.wait_done(10)
    first.drop()
    second = clients.publisher(server, "live/x", flv.synthetic(stream=2))
    second.wait_sent(lambda m: m.at > 1.5)
    path, = files(tapes)
    wait_growth(path, 100000)
    second.stop()
    wait_complete(server)
    tags = File(path).check().messages()
    late = [n for n, tag in enumerate(tags)
            if n > 0 and flv.is_metadata(tag.type, tag.payload)]
    assert max(tag.ts for tag in tags[:late[-1]]) > 1900
    for at in late:
        assert tags[at].ts >= max(tag.ts for tag in tags[:at]), (at, late)


def test_a_recorder_that_is_stopped_goes_on_at_a_key_frame(recording, clients,
                                                           tapes):
    server = recording({"ring": "256K"})
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    recorder = server.process(RECORDER)
    flowing(watcher)
    since = time.monotonic()
    os.kill(recorder, signal.SIGSTOP)
    mark = publisher.sent[-1][0].at
    publisher.wait_sent(lambda m: m.at > mark + 4, 8)
    os.kill(recorder, signal.SIGCONT)
    server.wait_log(r"\brecord-skipped stream=live/x bytes=\d+")
    no_gap(watcher, publisher, since)
    mark = publisher.sent[-1][0].at
    publisher.wait_sent(lambda m: m.at > mark + 1 and flv.kind(m) == "key")
    publisher.stop()
    wait_complete(server)
    one, = files(tapes)
    video = [(flv.stamp(t)[1], flv.kind(t)) for t in File(one).check().frames()
             if t.type == flv.VIDEO]
    after = [kind for (before, _), (seq, kind) in zip(video, video[1:])
             if seq != before + 1]
    assert after and set(after) == {"key"}


# Going on with a file

def test_a_torn_file_is_continued_behind_its_last_whole_tag(recording,
                                                            clients, tapes):
    server = recording({"record-append": "true",
                        "record-path": '"%{name}.flv"'})
    publisher = clients.publisher(server, "live/x", flv.synthetic())
    publisher.wait_sent(lambda m: m.at > 0.5)
    publisher.stop()
    wait_complete(server)
    path = tapes / "x.flv"
    whole = File(path).check()
    os.truncate(path, len(whole.data) - 7)
    second = clients.publisher(server, "live/x", flv.synthetic(stream=2))
    second.wait_sent(lambda m: m.at > 0.5)
    second.stop()
    wait_complete(server, 2)
    one = File(path).check()
    assert files(tapes) == [path]
    kept = whole.tags[1:-1]
    assert [(t.ts, t.payload) for t in one.tags[1:len(kept) + 1]] == \
        [(t.ts, t.payload) for t in kept]
    added = one.tags[len(kept) + 1:]
    assert added[0].ts > kept[-1].ts
    assert {flv.stamp(t)[0] for t in added
            if flv.is_frame(t.type, t.payload)} == {2}


def test_segments_of_one_file_are_each_as_long_as_configured(
        recording, clients, tapes):
    """Issue: one at every key frame, once the file was longer than that."""
    server = recording({"record-append": "true", "record-segment": "100K",
                        "record-path": '"%{name}.flv"'})
    publisher = clients.publisher(
        server, "live/x", flv.synthetic(seconds=6, gop=5))
    publisher.wait_done(15)
    publisher.stop()
    procs.wait_until(lambda: "reason=gone" in server.log(), 10, "its end")
    size = len(File(tapes / "x.flv").check().data)
    assert 2 <= server.log().count("record-start") <= size // (100 << 10) + 1


# Reload

def test_a_reload_starts_and_ends_recordings(recording, clients, tapes):
    server = recording({"record": "off"})
    conf = server.base / "rtmpd.conf"
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    watcher = clients.subscriber(server, "live/x")
    flowing(watcher)
    since = time.monotonic()
    off = conf.read_text()
    conf.write_text(off.replace("record = off", "record = all"))
    assert server.ctl("reload").returncode == 0
    first = server.process(RECORDER)
    procs.wait_until(lambda: files(tapes), 3, "a file")
    conf.write_text(conf.read_text() + "record-append = true\n")
    assert server.ctl("reload").returncode == 0
    procs.wait_until(lambda: not procs.alive(first), 3, "its replacement")
    server.process(RECORDER)
    conf.write_text(off)
    assert server.ctl("reload").returncode == 0
    procs.wait_until(lambda: not server.titled(RECORDER), 3, "its end")
    no_gap(watcher, publisher, since)
    for path in files(tapes):
        File(path).check()


# The command line

def run(*words, **how):
    return subprocess.run([servers.BUILD / "rtmprecord", *words], timeout=10,
                          capture_output=True, text=True, check=False, **how)


@pytest.mark.parametrize("words", [
    [], ["a/b", "c/d"], ["-m", "off", "live/x"], ["-m", "some", "live/x"],
    ["-s", "5 lines", "live/x"], ["-y", "0", "live/x"],
    ["-p", "../x", "live/x"], ["-p", "%{pid}", "live/x"], ["-z", "live/x"]])
def test_a_wrong_command_line_is_refused(words):
    done = run(*words)
    assert done.returncode == 64 and done.stderr
    assert not done.stdout


def test_without_a_relay_or_a_publisher_there_is_nothing_to_record(rtmpd,
                                                                   scratch):
    done = run("-r", scratch, "live/x", cwd=scratch)
    assert done.returncode == 69 and "no rtmpd runs here" in done.stderr
    server = rtmpd()
    server.wait_log(r"\bhub-start ")
    done = run("-r", server.run_directory, "live/x", cwd=scratch)
    assert done.returncode == 69 and "no-publisher" in done.stderr
    assert not list(scratch.iterdir())


def test_by_hand_beside_the_attendant(recording, clients, tapes, scratch):
    """Each has all of it, and the hub counts one recorder."""
    server = recording()
    publisher = clients.publisher(server, "live/x", flv.synthetic(gop=10))
    server.wait_log(r"\brecord-start ")
    by_hand = clients.run(procs.Process(
        [servers.BUILD / "rtmprecord", "-r", server.run_directory, "-b",
         "-p", "x.flv", "live/x"], cwd=scratch))
    procs.wait_until((scratch / "x.flv").exists, 5, "a file")
    wait_growth(scratch / "x.flv", 1000)
    assert counted(server, "recordings_active") == 1
    publisher.stop()
    by_hand.succeed(5)
    wait_complete(server)
    one = File(scratch / "x.flv").check()
    other = File(files(tapes)[0]).check()
    same_frames(one.frames(), other.tags)
    assert "record-stop stream=live/x file=x.flv" in by_hand.stderr
