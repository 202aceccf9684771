# SPDX-License-Identifier: ISC
"""Pressure on one relay, never on the machine: limits of its processes,
control groups of its own, mount namespaces of its own."""
import os
import resource
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import procs
import server

ROOT = os.geteuid() == 0
NOBODY_ELSE = 61935                     # a user id without other processes
TICK = 1 / os.sysconf("SC_CLK_TCK")
needs_root = pytest.mark.skipif(not ROOT, reason="namespaces need root")


# Processor time

def cpu(pid):
    """Seconds of processor time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def rests(*pids, seconds=1.0):
    """Over a second, none of them uses more than a tenth of one."""
    before = [cpu(pid) for pid in pids]
    time.sleep(seconds)
    used = [cpu(pid) - old for pid, old in zip(pids, before)]
    print(f"processor time in {seconds} s: {used}")
    assert max(used) < 0.1 * seconds, f"{used} s of processor time"


# Limits of a process

@contextmanager
def few_files(pid):
    """Let a process have no more descriptors than it has."""
    what = resource.RLIMIT_NOFILE
    had = resource.prlimit(pid, what)
    used = {int(n) for n in os.listdir(f"/proc/{pid}/fd")}
    free = next(n for n in range(len(used) + 1) if n not in used)
    resource.prlimit(pid, what, (free, had[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, what, had)


def as_somebody(base):
    """wrap and directory of a relay that is not root's."""
    run = base / "own"
    run.mkdir()
    if ROOT:
        os.chown(run, NOBODY_ELSE, NOBODY_ELSE)
        run.chmod(0o700)
    ids = [f"--reuid={NOBODY_ELSE}", f"--regid={NOBODY_ELSE}"]
    return ["setpriv", *ids, "--clear-groups"] if ROOT else [], run


# Control groups

class Group:
    """A control group of our own, of version 1 or 2."""

    FILES = {"memory": ("memory.limit_in_bytes", "memory.max",
                        "memory.usage_in_bytes", "memory.current"),
             "pids": ("pids.max", "pids.max",
                      "pids.current", "pids.current")}

    def __init__(self, controller):
        mounted = Path("/sys/fs/cgroup")
        self.path = None
        for version, above in enumerate((mounted / controller, mounted)):
            path = above / f"rtmpd-{os.getpid()}-{time.monotonic_ns()}"
            try:
                path.mkdir()
            except OSError:
                continue
            names = self.FILES[controller]
            if (path / names[version]).exists():
                self.path = path
                self._limit = path / names[version]
                self._usage = path / names[2 + version]
                return
            path.rmdir()
        pytest.skip(f"no control group of {controller} can be made here")

    def wrap(self):
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"',
                str(self.path)]

    def usage(self):
        return int(self._usage.read_text())

    def limit(self, value):
        self._limit.write_text(f"{value}\n")

    def lift(self):
        try:
            self.limit("max")
        except OSError:                 # version 1 of memory
            self.limit(-1)

    def remove(self):
        def gone():
            try:
                self.path.rmdir()
            except OSError:
                return False
            return True
        procs.wait_until(gone, 5, "the control group to be empty")


# Mount namespaces: what a relay sees is under /proc/PID/root

def with_mount(size, where):
    """A small tmpfs of the relay's own."""
    script = 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"'
    return ["unshare", "-m", "sh", "-c", script, size, where]


def seen_by(pid, path):
    return Path(f"/proc/{pid}/root") / str(path).lstrip("/")


@contextmanager
def filled(directory):
    """Nothing fits into its file system any more."""
    ballast = directory / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            for piece in (bytes(1 << 16), b"x"):
                try:
                    while file.write(piece) == len(piece):
                        pass
                except OSError:
                    pass
            yield
        finally:
            ballast.unlink()
            file.truncate(0)


# Where the log goes

def stderr_to(path):
    """The log into this file, not to the test."""
    return ["sh", "-c", 'exec "$@" 2>>"$0"', str(path)]


class Daemon(server.Server):
    """A relay in the background, whose syslogd is a socket of the test."""

    DEV = """
        set -e
        mkdir -p "$0/dev"
        mount -t tmpfs tmpfs "$0/dev"
        for n in null zero full random urandom; do
            : >"$0/dev/$n"
            mount --bind "/dev/$n" "$0/dev/$n"
        done
        mkdir "$0/dev/shm"
        mount --bind /dev/shm "$0/dev/shm"
        ln -s "$0/log" "$0/dev/log"
        mount --rbind "$0/dev" /dev
        exec "$@"
    """

    def __init__(self, syslogd):
        if syslogd:
            self.bind = self._bind
        super().__init__()

    bind = staticmethod(lambda: None)

    def _bind(self):
        (self.base / "log").unlink(missing_ok=True)
        self.syslogd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslogd.bind(str(self.base / "log"))
        (self.base / "log").chmod(0o666)
        self.syslogd.settimeout(5)

    def _spawn(self, conf, wrap, args, listen, env):
        self.bind()
        self.started = subprocess.run(
            ["unshare", "-m", "sh", "-c", self.DEV, str(self.base),
             str(server.PROGRAM), "-r", str(self.run_directory),
             "-l", f"127.0.0.1:{self.port}"],
            check=False, timeout=10, stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    def _starts(self):
        if self.started.returncode != 0:
            return False
        self.pid = int((self.run_directory / "rtmpd.pid").read_text())
        assert server.listening(self.port, self.pid)
        return True

    def _conflict(self):
        assert "in use" in self.started.stderr, self.started
        return True

    def stick(self):
        """Nothing more fits into syslogd's queue."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            other.connect(str(self.base / "log"))
            try:
                while True:
                    other.send(b"ballast")
            except BlockingIOError:
                pass

    def syslog(self, word):
        """Read on until a line holds the word; that line."""
        while True:
            line = self.syslogd.recv(8192).decode()
            if word in line:
                return line

    def stop(self, *_, **__):
        family = [self.pid, *self.children()]
        procs.end(self.pid, server.signal.SIGTERM)
        try:
            procs.wait_until(lambda: not any(map(procs.alive, family)),
                             server.EXIT_TIME + 1, "the end of rtmpd")
        finally:
            for pid in family:
                procs.end(pid)
                procs.reap(pid)
            shutil.rmtree(self.base, ignore_errors=True)
