# SPDX-License-Identifier: ISC
"""The fixtures of the end-to-end tests, and media for real clients."""
import fcntl
import importlib.util
import os
import sys
from pathlib import Path

import pytest

END_TO_END = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(END_TO_END))
_spec = importlib.util.spec_from_file_location("e2e_conftest",
                                               END_TO_END / "conftest.py")
e2e_conftest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(e2e_conftest)

pytest_sessionstart = e2e_conftest.pytest_sessionstart
nothing_left = e2e_conftest.nothing_left
rtmpd = e2e_conftest.rtmpd
clients = e2e_conftest.clients

# After sys.path: these stand on the modules of the end-to-end tests.
import newer                                            # noqa: E402
import reference                                        # noqa: E402
import server                                           # noqa: E402
import streams                                          # noqa: E402


@pytest.fixture
def scratch():
    """A directory for a test's files, also for a program that runs as
    another user."""
    path = server.private_directory()
    path.chmod(0o777)
    yield path
    e2e_conftest.shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """media(name) is the path of a file, encoded once for all workers."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent

    def get(name):
        path = base / streams.file_name(name)
        with open(base / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                part = path.with_name("part-" + path.name)
                streams.make(name, part)
                part.rename(path)
        return str(path)
    return get


@pytest.fixture
def witness(clients, scratch):
    """witness(server, stream) watches a stream from before it begins."""
    def watch(server, stream, name="witness"):
        return reference.Witness(clients, server, stream, scratch / name)
    return watch


@pytest.fixture(scope="session")
def new():
    """Programs of a newer Debian release; skips where not to be had."""
    try:
        return newer.fetch()
    except newer.Unavailable as err:
        pytest.skip(f"no newer Debian release to be had: {err}")


@pytest.fixture
def kind(request):
    """kind(kinds, name) is a kind of program, bound to its release."""
    def find(kinds, name):
        found = kinds[name]
        if found.newer:
            found = found.of(request.getfixturevalue("new"))
        return found
    return find
