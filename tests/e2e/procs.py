# SPDX-License-Identifier: ISC
"""Processes: run them bounded in time, find descendants, end by pid.

The test process makes itself a child subreaper, so that whatever a server
leaves behind becomes its own child: a leak cannot hide by losing its
parent, and tests that run side by side do not see each other's.
"""
import ctypes
import os
import signal
import subprocess
import tempfile
import time

from build import patience

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def wait_until(test, timeout=5.0, what="a condition", step=0.01):
    """Poll until test() is true; return its value."""
    end = time.monotonic() + patience(timeout)
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waiting {timeout} s for {what}")
        time.sleep(step)


def _stat(pid):
    """(parent, state) of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[0]


def snapshot():
    """All processes: pid -> (parent, state)."""
    stats = {int(p): _stat(p) for p in os.listdir("/proc") if p.isdigit()}
    return {pid: stat for pid, stat in stats.items() if stat}


def descendants(root):
    """Pids of the living descendants of root, zombies left out."""
    table = snapshot()
    children = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], list(children.get(root, []))
    while queue:
        pid = queue.pop()
        queue += children.get(pid, [])
        if table[pid][1] not in "ZX":
            found.append(pid)
    return sorted(found)


def alive(pid):
    stat = _stat(pid)
    return stat is not None and stat[1] not in "ZX"


def title(pid):
    """The process title, as ps shows it."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            raw = file.read()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def descriptors(pid):
    """What the open descriptors of a process point to."""
    links = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except FileNotFoundError:
            pass
    return links


def shared_mappings(pid):
    """The number of shared memory mappings of a process."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return sum(1 for line in file
                   if "/dev/shm/" in line or "/memfd:" in line)


def end(pid, sig=signal.SIGKILL):
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def reap(pid):
    """Collect a zombie that came to us as the subreaper."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def reap_orphans(own):
    """Collect every zombie child, except the pids in own."""
    me = os.getpid()
    for pid, (parent, state) in snapshot().items():
        if parent == me and state == "Z" and pid not in own:
            reap(pid)


class Process:
    """A program that runs beside the test, its stderr kept in a file."""

    def __init__(self, argv, stdout=subprocess.DEVNULL, **how):
        self._err = tempfile.TemporaryFile()
        self.argv = argv
        how.setdefault("stdin", subprocess.DEVNULL)
        self.popen = subprocess.Popen(argv, stdout=stdout,
                                      stderr=self._err, **how)
        self.pid = self.popen.pid

    @property
    def stderr(self):
        size = os.fstat(self._err.fileno()).st_size
        return os.pread(self._err.fileno(), size, 0).decode(
            "utf-8", "replace")

    def wait(self, timeout):
        """Its exit status; an error that shows stderr after timeout."""
        try:
            return self.popen.wait(patience(timeout))
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.argv[0]} still runs after {timeout} s"
                               f"\n{self.stderr[-2000:]}") from None

    def succeed(self, timeout):
        """Wait for exit status 0."""
        code = self.wait(timeout)
        assert code == 0, f"{self.argv}: exit {code}\n{self.stderr[-2000:]}"

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(5)
