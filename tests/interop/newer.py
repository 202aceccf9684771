# SPDX-License-Identifier: ISC
"""Programs of a newer Debian release, unpacked under build/ beside the
installed ones and run with the libraries of their own."""
import fcntl
import os
import subprocess

import server

CACHE = server.REPOSITORY / "build" / "interop"
SUITES = ("forky", "sid")      # trixie's ffmpeg sends one track of a kind
PACKAGES = ("ffmpeg", "gstreamer1.0-tools", "gstreamer1.0-plugins-good",
            "gstreamer1.0-plugins-bad", "gstreamer1.0-libav")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
LOADERS = ("usr/lib64/ld-linux-x86-64.so.2",
           "usr/lib/ld-linux-aarch64.so.1")


class Unavailable(Exception):
    """A newer release cannot be had or run here."""


def _run(*argv, **how):
    return subprocess.run(argv, check=True, timeout=900, text=True,
                          capture_output=True, **how).stdout


def _mirror():
    """The repository of the running Debian, as apt is configured."""
    wanted = "$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)"
    for line in _run("apt-get", "indextargets", "--format", wanted,
                     "Created-By: Packages").splitlines():
        origin, component, release, uri = line.split("|")
        if (origin, component) == ("Debian", "main") \
                and "-" not in release and "security" not in uri:
            return uri
    raise Unavailable("apt knows no Debian repository")


def _apt(base, suite):
    """apt-get with a state of its own, in which nothing is installed."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (base / name).mkdir(parents=True, exist_ok=True)
    (base / "status").touch()
    (base / "sources.list").write_text(
        f"deb [signed-by={KEYS}] {_mirror()} {suite} main\n")
    options = {"Dir::Etc::SourceList": base / "sources.list",
               "Dir::Etc::SourceParts": "/dev/null",
               "Dir::Etc::Preferences": "/dev/null",
               "Dir::Etc::PreferencesParts": "/dev/null",
               "Dir::State": base / "state",
               "Dir::State::status": base / "status",
               "Dir::Cache": base / "cache",
               "APT::Sandbox::User": "root",
               "APT::Install-Recommends": "false",
               "Acquire::Languages": "none", "Acquire::Retries": "2"}
    argv = ["apt-get", "-qq", "-y"]
    for key, value in options.items():
        argv += ["-o", f"{key}={value}"]
    return argv


def _unpack(base, suite):
    apt = _apt(base, suite)
    _run(*apt, "update")
    _run(*apt, "install", "--download-only", *PACKAGES)
    archives = base / "cache" / "archives"
    for package in sorted(archives.glob("*.deb")):
        _run("dpkg", "-x", package, base / "root")
        package.unlink()
    (base / "complete").touch()


class Release:
    """The programs of one release."""

    def __init__(self, base):
        root = base / "root"
        found = [root / name for name in LOADERS if (root / name).exists()]
        if not found:
            raise Unavailable(f"{base}: no program loader")
        library = next(root.glob("usr/lib/*-linux-gnu"))
        folders = [library, *(library / name for name in
                              ("pulseaudio", "blas", "lapack"))]
        self._loader = [str(found[0]), "--library-path",
                        ":".join(map(str, folders))]
        self._programs = root / "usr" / "bin"
        self.env = dict(
            os.environ, GST_REGISTRY_FORK="no",
            GIO_MODULE_DIR=str(base / "none"),
            GST_PLUGIN_SYSTEM_PATH_1_0=str(library / "gstreamer-1.0"),
            GST_REGISTRY_1_0=str(base / "registry.bin"))

    def command(self, program):
        """The words that begin its command line."""
        return [*self._loader, str(self._programs / program)]

    def version(self):
        return _run(*self.command("ffmpeg"), "-version").split()[2]


def fetch():
    """The newest release that can be had, unpacked once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    reasons = []
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for suite in SUITES:
            base = CACHE / suite
            try:
                if not (base / "complete").exists():
                    _unpack(base, suite)
                release = Release(base)
                release.version()
                return release
            except (OSError, subprocess.SubprocessError) as err:
                detail = (getattr(err, "stderr", "") or "")[-300:]
                reasons.append(f"{suite}: {err} {detail}")
    raise Unavailable("; ".join(reasons))


class Program:
    """A kind of program, of the installed release or of the newer one."""
    newer = False
    release = None

    @classmethod
    def of(cls, release):
        return type(cls.__name__, (cls,), {"release": release})

    def command(self, program):
        """The words that begin its command line."""
        return self.release.command(program) if self.release else [program]

    @property
    def env(self):
        return self.release.env if self.release else None
