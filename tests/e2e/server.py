# SPDX-License-Identifier: ISC
"""Start rtmpd for a test, watch it, stop it, and prove that it is gone."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import procs
import watch
from build import BUILD, PROGRAM, REPOSITORY, patience
from procs import wait_until

SHM = Path("/dev/shm")
COMPLAINTS = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|"
                        r"runtime error:|AddressSanitizer:DEADLYSIGNAL|"
                        r"\bpanic\b")
EXIT_TIME = 2.0


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


def listening(port, pid="self"):
    """Does some process listen on this TCP port of the network that a
    process sees? Connects to nothing."""
    want = f":{port:04X}"
    for table in ("tcp", "tcp6"):
        try:
            text = Path(f"/proc/{pid}/net/{table}").read_text("ascii")
        except OSError:
            return False                # that process has ended
        for line in text.splitlines():
            fields = line.split()
            if fields[1].endswith(want) and fields[3] == "0A":
                return True
    return False


def private_directory():
    """A directory with a short path that another user may pass through."""
    path = Path(tempfile.mkdtemp(prefix="rtmpd-"))
    path.chmod(0o755)
    return path


def shm_names():
    return {p.name for p in SHM.iterdir() if p.name.startswith("rtmpd")}


def _shm_used(name):
    """Does any living process hold or map this object?"""
    path = str(SHM / name)
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
                if path in file.read():
                    return True
            if path in procs.descriptors(pid):
                return True
        except OSError:
            continue
    return False


def shm_prefix(run_directory):
    """What the names of the objects of a run directory begin with."""
    info = os.stat(run_directory)
    return f"rtmpd-{info.st_dev:x}-{info.st_ino:x}-"


def shm_of(run_directory):
    """Names of the objects of a run directory, none if it is not there."""
    if not run_directory.is_dir():
        return set()
    prefix = shm_prefix(run_directory)
    return {n for n in shm_names() if n.startswith(prefix)}


def rtmpctl(run_directory, *words):
    """Run rtmpctl; what it said."""
    return subprocess.run(
        [BUILD / "rtmpctl", "-r", run_directory, *words], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=15,
        check=False)


PROGRAMS = ("rtmpd", "rtmphub", "rtmpctl", "rtmpcat")
NEXT = Path(os.environ.get("RTMPD_NEXT_BUILD", REPOSITORY / "build" / "next"))


def install(build, place):
    """Put a build's programs there as a package manager does: new files,
    old names."""
    for name in PROGRAMS:
        shutil.copy(build / name, place / f"{name}.new")
        (place / f"{name}.new").rename(place / name)


class Server:
    """One instance of rtmpd in the foreground.

    conf is a dict of configuration keys, or the text of a file, where PORT
    stands for the port; port is a free one unless told. listen is what -l
    says; with [] there is none, and the file says where."""

    def __init__(self, conf=None, wrap=(), args=(), listen=None, env=None,
                 directory=None, wait=True, port=None):
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM}: build it first")
        self.base = private_directory()
        self.run_directory = Path(directory or self.base / "run")
        self.lines = []
        self._of = set()
        self._awaited = None            # of whom all was read
        self._grown = threading.Condition()
        for attempt in range(5):
            self.port = port or free_port()
            self._spawn(conf, wrap, args, listen, env)
            if not wait or self._starts():
                self._note_directory()
                watch.METRONOME.relays.add(self.pid)
                break
            if attempt == 4 or not self._conflict():
                self.stop(check=False)
                raise RuntimeError("rtmpd does not start:\n" + self.log())

    def _spawn(self, conf, wrap, args, listen, env):
        if listen is None:
            listen = [f"127.0.0.1:{self.port}"]
        argv = [*wrap, str(PROGRAM), "-d", "-r", str(self.run_directory)]
        for address in listen:
            argv += ["-l", address.replace("PORT", str(self.port))]
        if conf is not None:
            self.configure(conf)
            argv += ["-f", str(self.conf_path)]
        self.lines.clear()
        self.popen = subprocess.Popen(
            [*argv, *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=env, start_new_session=True)
        self.pid = self.popen.pid
        self._thread = threading.Thread(target=self._listen_log, daemon=True)
        self._thread.start()

    @property
    def conf_path(self):
        return self.base / "rtmpd.conf"

    def configure(self, conf):
        """Write the configuration, which is read at the next reload."""
        text = conf
        if isinstance(conf, dict):
            text = "".join(f"{k} = {v}\n" for k, v in conf.items())
        self.conf_path.write_text(text.replace("PORT", str(self.port)))

    def _starts(self):
        """Wait until it listens and has written its pid, which is last."""
        end = time.monotonic() + patience(5)
        while time.monotonic() < end:
            if self.popen.poll() is not None:
                return False
            if listening(self.port, self.pid) and self._wrote_pid():
                return True
            time.sleep(0.005)
        return False

    def _wrote_pid(self):
        try:
            return (self.run_directory / "rtmpd.pid").read_text() != ""
        except FileNotFoundError:
            return False                # it gives up

    def _conflict(self):
        """Did another program take our port meanwhile?"""
        self.popen.wait(1)
        self._thread.join(1)
        return "in use" in self.log()

    def _listen_log(self):
        for raw in self.popen.stderr:
            with self._grown:
                self.lines.append(raw.decode("utf-8", "replace").rstrip())
                self._grown.notify_all()

    # log

    def log(self):
        """All of it; of one that has ended, its last words too, which may
        have yet to be read. Its connections may live on and say more."""
        if self._awaited is not self.popen and self.popen.poll() is not None:
            self._awaited = self.popen
            self._thread.join(patience(1))
        return "\n".join(self.lines)

    def wait_log(self, pattern, timeout=5.0, since=0):
        """The first log line from since on that matches the pattern."""
        end = time.monotonic() + patience(timeout)
        at = since
        with self._grown:
            while True:
                while at < len(self.lines):
                    match = re.search(pattern, self.lines[at])
                    if match:
                        return match
                    at += 1
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no log line {pattern!r} in:\n"
                                       + self.log()[-3000:])
                self._grown.wait(left)

    def ctl(self, *words):
        return rtmpctl(self.run_directory, *words)

    def order(self, text, whom="rtmphub.ctl"):
        """Give an order; the answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind("")
            sock.settimeout(3)
            path = self.run_directory / whom
            wait_until(path.is_socket, 3, whom)
            sock.sendto(text.encode(), str(path))
            return sock.recv(256).decode()

    # processes

    def url(self, stream):
        return f"rtmp://127.0.0.1:{self.port}/{stream}"

    def children(self):
        return procs.descendants(self.pid)

    def titled(self, pattern):
        """Pids of processes of this server whose title matches."""
        return [p for p in self.children()
                if re.search(pattern, procs.title(p))]

    def process(self, pattern, timeout=5.0):
        """The one process whose title matches."""
        def one():
            found = self.titled(pattern)
            return found if len(found) == 1 else None
        return wait_until(one, timeout, f"one process {pattern!r}")[0]

    def hub(self):
        return self.process(r"rtmpd: hub")

    def connections(self):
        """Pids of connection processes: all but hub and its kin."""
        kin = r"rtmpd: metrics|hub|listener|attendants"
        return [p for p in self.children()
                if not re.search(kin, procs.title(p))]

    def wait_connections(self, count, timeout=5.0):
        wait_until(lambda: len(self.connections()) == count, timeout,
                   f"{count} connection processes")

    # the end

    def stop(self, sig=signal.SIGTERM, check=True):
        """End the server by signal; unless told not to, assert that it
        leaves in time and leaves nothing behind."""
        watch.METRONOME.relays.discard(self.pid)
        family = [self.pid, *self.children()]
        running = self.popen.poll() is None
        started = time.monotonic()
        if running:
            procs.end(self.pid, sig)
        try:
            self._gone(family, started)
        except TimeoutError as err:
            error = err
        else:
            error = None
        late = [p for p in family if procs.alive(p)]
        titles = {p: procs.title(p) for p in late}
        for pid in late:
            procs.end(pid)
        self.popen.wait(5)
        self._thread.join(1 if running else 0)
        if not self._thread.is_alive():     # orphans may still write to it
            self.popen.stderr.close()
        sockets = [p for p in self.base.rglob("*") if p.is_socket()]
        self._note_directory()
        shm = self._shm_that_stays() if check else set()
        if self.run_directory.is_relative_to(self.base) and not check:
            for name in self.shm_left():
                (SHM / name).unlink(missing_ok=True)
        shutil.rmtree(self.base, ignore_errors=True)
        if check:
            assert running, (f"rtmpd died by itself, "
                             f"{self.popen.returncode}\n{self.log()}")
            assert error is None, f"still alive: {titles}\n{self.log()}"
            assert not sockets, f"sockets are left: {sockets}"
            assert not shm, f"shared memory is left: {shm}"
            self._no_complaints()

    def _gone(self, family, started):
        left = EXIT_TIME - (time.monotonic() - started)

        def gone():
            self.popen.poll()
            return not any(procs.alive(p) for p in family)
        wait_until(gone, max(left, 0), "the end of rtmpd")

    def shm_left(self):
        """Objects of our run directory, whichever inodes that had, that
        belong to nobody. An inode that is free may be another relay's
        soon, which is run beside this test."""
        return {n for n in shm_names() if n.startswith(tuple(self._of))
                and not _shm_used(n)}

    def _note_directory(self):
        if self.run_directory.is_dir():
            self._of.add(shm_prefix(self.run_directory))

    def _shm_that_stays(self):
        """What is still left after a while."""
        end = time.monotonic() + 2
        while (left := self.shm_left()) and time.monotonic() < end:
            time.sleep(0.1)
        return left

    def _no_complaints(self):
        found = [n for n in self.lines if COMPLAINTS.search(n)]
        assert not found, "sanitizer:\n" + self.log()[-5000:]
