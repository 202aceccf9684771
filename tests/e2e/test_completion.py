# SPDX-License-Identifier: ISC
"""What bash offers after rtmpctl and rtmpcat."""
import os
import subprocess

import pytest

import flv
import procs
import server as servers
from build import patience
from screen import Screen

FOLDER = servers.REPOSITORY / "etc" / "bash-completion"
SCRIPT = FOLDER / "rtmpctl"
HOSTILE = "live/$(touch${IFS}pwned)"
OFFER = """
source "$1/$2"; tool=$2; shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
_$tool
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words, cwd=None, tool="rtmpctl"):
    """What is offered for the last one of the words."""
    done = subprocess.run(
        ["bash", "--norc", "-c", OFFER, "bash", str(FOLDER), tool,
         str(servers.BUILD / tool), *words],
        capture_output=True, text=True, timeout=10, check=True, cwd=cwd,
        env=dict(os.environ, LC_ALL="C.UTF-8"))
    assert done.stderr == ""
    return done.stdout.split()


def commands():
    """Words and arguments of each command, as --help has them."""
    text = subprocess.run(
        [servers.BUILD / "rtmpctl", "--help"], capture_output=True,
        text=True, timeout=5, check=True).stdout
    for line in text.partition("commands:\n")[2].splitlines():
        yield line[2:28].split()


def test_every_command_is_offered_and_nothing_else():
    tree = {}
    for words in commands():
        at = tree
        for word in words:
            if word.isupper():
                break
            for one in word.split("|"):
                at.setdefault(one, {})
            at = at[word.split("|")[0]]
    assert sorted(offered("")) == sorted(tree)
    for word, after in tree.items():
        if after:
            assert sorted(offered(word, "")) == sorted(after)
    assert offered("show", "s") == ["streams", "stream", "sessions"]
    assert offered("stop", "") == []


def test_options_are_offered_and_their_values():
    assert "--help" in offered("-")
    assert str(SCRIPT.parent) in offered("-r", str(SCRIPT.parent)[:-3])
    assert str(SCRIPT) in offered("-f", str(SCRIPT)[:-2])
    assert offered("-d", "") == []
    # a value is no word of the command
    assert "streams" in offered("-d", "show", "-j", "show", "")


@pytest.fixture
def relay(rtmpd, clients):
    server = rtmpd()
    for name in ("live/one", "live/gr\u00fc\u00dfe", HOSTILE):
        clients.publisher(server, name, flv.synthetic())
    procs.wait_until(lambda: server.ctl("show", "streams").stdout.count(
        " live ") == 3, 5, "the streams")
    return server


def test_streams_and_sessions_are_offered(relay):
    where = ["-r", str(relay.run_directory)]
    streams = ["live/gr\u00fc\u00dfe", "live/one"]
    sessions = sorted(str(p) for p in relay.connections())
    for words in (["show", "stream"], ["record", "start"],
                  ["record", "stop"]):
        assert [n for n in offered(*where, *words, "")
                if n in streams] == streams
        assert offered(*where, *words, "live/o") == ["live/one"]
        assert offered(*where, *words, "live/one", "") == []
    assert sorted(offered(*where, "log", "debug", "")) == sessions
    assert set(offered(*where, "kick", "")) > {*sessions, *streams}
    assert offered("-r", "/nowhere", "kick", "") == []


def test_a_hostile_name_is_quoted_and_never_run(relay, scratch):
    where = ["-r", str(relay.run_directory)]
    found = [n for n in offered(*where, "show", "stream", "live/",
                                cwd=scratch) if "touch" in n]
    assert found == [r"live/\$\(touch\$\{IFS\}pwned\)"]
    assert offered(*where, "show", "stream", r"live/\$", cwd=scratch) == found
    assert not list(scratch.iterdir())


def test_rtmpcat_offers_streams(relay, scratch):
    def offer(*words):
        return offered(*words, cwd=scratch, tool="rtmpcat")
    where = ["-r", str(relay.run_directory)]
    assert offer(*where, "") == [
        r"live/\$\(touch\$\{IFS\}pwned\)", "live/gr\u00fc\u00dfe",
        "live/one"]
    assert offer(*where, "-b", "live/o") == ["live/one"]
    assert not list(scratch.iterdir())
    assert offer("-t", "") == []
    usage = subprocess.run([servers.BUILD / "rtmpcat", "--help"],
                           capture_output=True, text=True, timeout=5,
                           check=True).stdout
    for option in offer("-"):
        assert option.startswith("--") or f"  {option}  " in usage
    assert sorted(offer("-"))[2:] == sorted(
        n.split()[0] for n in usage.splitlines() if n.startswith("  -"))


def test_it_works_at_the_keyboard(relay, clients, scratch):
    path = f"{servers.BUILD}:{os.environ['PATH']}"
    screen = clients.add(Screen(["bash", "--norc", "-i"], columns=200,
                                PATH=path, PS1="ready ", HOME=str(scratch),
                                HISTFILE=""))
    screen.wait("^ready")
    screen.type(f"cd {scratch}; source {SCRIPT}\n")
    screen.type(f"rtmpctl -r {relay.run_directory} show str\t live/o")
    screen.wait("show stream live/o$")
    screen.type("\t")
    screen.wait("show stream live/one$")
    screen.type("\x15rtmpctl -r " + str(relay.run_directory)
                + " show stream live/\\$\t\n")
    screen.wait(r"^stream +live/\$\(touch\$\{IFS\}pwned\)$")
    assert not list(scratch.iterdir())
    screen.type("exit\n")
    assert screen.popen.wait(patience(3)) == 0
