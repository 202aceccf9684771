# SPDX-License-Identifier: ISC
"""openbsd-inetd and xinetd, taken from their packages without installing
them (they conflict), run with the project's sample lines adapted."""
import fcntl
import getpass
import os
import re
import subprocess

import procs
import server
from build import patience

CACHE = server.REPOSITORY / "build" / "superservers"
PACKAGES = ("openbsd-inetd", "xinetd", "libwrap0", "libtirpc3")
PROGRAMS = {"inetd": "usr/sbin/inetd", "xinetd": "usr/sbin/xinetd"}
SAMPLES = {"inetd": server.REPOSITORY / "etc" / "inetd.conf",
           "xinetd": server.REPOSITORY / "etc" / "xinetd.rtmp"}


class Unavailable(Exception):
    """The program cannot be had or run here."""


def fetch(name):
    """The path of a super-server's program, downloaded once."""
    root = CACHE / "root"
    if not (root / ".complete").exists():
        try:
            _unpack(root)
        except (OSError, subprocess.SubprocessError) as err:
            detail = getattr(err, "stderr", b"") or b""
            raise Unavailable(
                f"{err} {detail.decode('utf-8', 'replace')}") from err
    return root / PROGRAMS[name]


def _unpack(root):
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (root / ".complete").exists():
            return
        subprocess.run(["apt-get", "-qq", "download", *PACKAGES], cwd=CACHE,
                       check=True, timeout=120, capture_output=True)
        for package in CACHE.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, root], check=True,
                           timeout=60)
        (root / ".complete").touch()


def _environment(root):
    libraries = [str(p) for p in root.glob("usr/lib/*-linux-gnu*")]
    libraries += [str(p) for p in root.glob("lib/*-linux-gnu*")]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))


def adapt_inetd(text, port, options):
    """The sample's IPv4 line, its address, user, path changed."""
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 7 or line.startswith("#") or fields[2] != "tcp":
            continue
        fields[0] = f"127.0.0.1:{port}"
        fields[4] = getpass.getuser()
        fields[5] = str(server.PROGRAM)
        return "\t".join(fields[:6]) + "\t" + " ".join(
            fields[6:] + options) + "\n"
    raise AssertionError("the sample holds no tcp line")


def adapt_xinetd(text, port, options):
    """The sample's service, its address, user, path changed."""
    changes = {"port": str(port), "user": getpass.getuser(),
               "server": str(server.PROGRAM)}
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^(\s*{key}\s*=).*$", rf"\1 {value}",
                              text)
        assert count == 1, f"the sample has {count} lines {key}"
    text, count = re.subn(r"(?m)^(\s*server_args\s*=.*)$",
                          rf"\1 {' '.join(options)}", text)
    assert count == 1, "the sample has no server_args"
    host = "127.0.0.1"
    if re.search(r"(?m)^\s*flags\s*=.*IPv6", text):
        host = "::ffff:127.0.0.1"
    at = text.rindex("}")
    return text[:at] + f"\tbind = {host}\n" + text[at:]


class SuperServer:
    """A running inetd or xinetd that starts rtmpd -i per connection."""

    def __init__(self, name, directory, run_directory, conf=None):
        self.program = fetch(name)
        self.port = server.free_port()
        options = ["-r", str(run_directory)]
        if conf:
            options += ["-f", str(conf)]
        sample = SAMPLES[name].read_text(encoding="utf-8")
        adapt = adapt_inetd if name == "inetd" else adapt_xinetd
        path = directory / f"{name}.conf"
        path.write_text(adapt(sample, self.port, options))
        argv = [self.program, "-i", path]
        if name == "xinetd":
            argv = [self.program, "-dontfork", "-f", path, "-pidfile",
                    directory / "xinetd.pid"]
        root = CACHE / "root"
        self.process = procs.Process([str(a) for a in argv],
                                     env=_environment(root))
        try:
            procs.wait_until(self._ready, 5)
        except TimeoutError:
            self.stop()
            raise AssertionError(
                f"{name} does not listen: {self.process.stderr}") from None

    def _ready(self):
        code = self.process.popen.poll()
        if code is not None:
            why = f"{self.program} ends with {code}: {self.process.stderr}"
            assert os.geteuid() != 0, why
            raise Unavailable(why)
        return server.listening(self.port)

    def url(self, stream):
        return f"rtmp://127.0.0.1:{self.port}/{stream}"

    def stop(self):
        self.process.popen.terminate()
        try:
            self.process.popen.wait(patience(3))
        finally:
            self.process.kill()
