# SPDX-License-Identifier: ISC
"""The relay under test: one run directory and port, a listener that may be
replaced, and what of it the outside can see."""
import os
import re
import shutil
import time

import crew                             # noqa: F401: the path to e2e

import hostile
import procs
import registry
import server

HUB = "rtmpd: hub"
SPAWNER = "rtmpd: attendants"
DIED = re.compile(r"connection-died pid=(\d+)")
HUB_DIED = re.compile(r"hub-died (?!signal=(?:9|15)\b)|hub-refused")
HUB_ENDED = re.compile(r"hub-ended status=(?!0\b)")


def _mapped(line):
    """(inode, bytes) of a line of /proc/PID/maps."""
    where, _, _, _, inode, *_ = line.split()
    low, high = (int(n, 16) for n in where.split("-"))
    return inode, high - low


class Relay:
    def __init__(self, conf):
        procs.become_subreaper()
        self.helpers = []               # processes that are not the relay's
        self.killed = set()             # pids that were meant to die
        self.starved = False            # hubs could not be started
        self.base = server.private_directory()
        self.conf = conf
        self.port = None
        self._place = self.base / "bin"
        self._place.mkdir()
        self.builds = [b for b in (server.BUILD, server.NEXT)
                       if (b / "rtmpd").exists()]
        self.install()
        server.PROGRAM = self._place / "rtmpd"
        self.servers = []
        self._judged = []               # lines of each log, already read
        self.start()

    def start(self):
        """Start a listener; it takes over what the last one left."""
        one = server.Server(self.conf, directory=self.base / "run",
                            port=self.port, env=self._environment())
        self.servers.append(one)
        self._judged.append(0)
        self.port = one.port

    def install(self):
        """Install the next of the builds."""
        server.install(self.builds[0], self._place)
        self.builds.append(self.builds.pop(0))

    @staticmethod
    def _environment():
        env = dict(os.environ)
        if hostile.SANITIZED:           # it would keep what was freed
            env["ASAN_OPTIONS"] = ":".join([
                env.get("ASAN_OPTIONS", ""), "quarantine_size_mb=0",
                "thread_local_quarantine_size_kb=0"]).strip(":")
        return env

    @property
    def server(self):
        return self.servers[-1]

    @property
    def listener(self):
        return self.server.pid

    def kill_listener(self):
        procs.end(self.listener)
        self.server.popen.wait(5)       # only then its children are orphans
        self.server.stop(check=False)

    # processes

    def reap(self):
        """Collect those whose listener is no more."""
        procs.reap_orphans({h.pid for h in self.helpers} | {self.listener})

    def processes(self):
        """pid -> title of all its processes, adopted ones too."""
        self.reap()
        ours = {os.getpid(), *(h.pid for h in self.helpers)}
        found = {p: procs.title(p) for p in procs.descendants(os.getpid())
                 if p not in ours}
        return {p: t for p, t in found.items() if t}

    def hubs(self):
        return [p for p, t in self.processes().items() if t == HUB]

    def hub(self):
        return procs.wait_until(self.hubs, 5, "a hub")[0]

    def end(self, pid, sig):
        """Signal a process, if it is still one of the relay's."""
        if pid in self.processes():
            self.killed.add(pid)
            procs.end(pid, sig)

    # what it holds

    def memory_objects(self):
        """Shared memory that its processes map: inode -> bytes."""
        found = {}
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
                    found.update(_mapped(n) for n in file
                                 if " /dev/shm/" in n)
            except OSError:             # it has ended, or is secret
                pass
        return found

    def descriptors(self, pid):
        try:
            return len(procs.descriptors(pid))
        except OSError:
            return None

    # log

    def complaints(self):
        """What is in the logs, since the last look, that must not be."""
        found = []
        for n, one in enumerate(self.servers):
            lines = list(one.lines)
            fresh, self._judged[n] = lines[self._judged[n]:], len(lines)
            found += [text for text in fresh if self._bad(text)]
        self.starved = False
        return found

    def _bad(self, line):
        died = DIED.search(line)
        if died:
            return int(died[1]) not in self.killed
        if HUB_ENDED.search(line):
            return not self.starved
        return server.COMPLAINTS.search(line) or HUB_DIED.search(line)

    def log(self, lines=40):
        tail = [text for one in self.servers[-2:] for text in one.lines
                if " codec " not in text]
        return "\n".join(tail[-lines:])

    # the end

    def stop(self):
        """End it in order; fail if anything is left of it."""
        try:
            self.server.stop()          # and nothing is in shared memory
            procs.wait_until(lambda: not self.processes(), 3,
                             f"the end of {self.processes()}")
            found = self.complaints()
            assert not found, found
        finally:
            self.abandon()

    def abandon(self):
        for pid in [self.listener, *self.processes()]:
            procs.end(pid)
        self.server.popen.wait(5)
        time.sleep(0.1)
        self.reap()
        shutil.rmtree(self.base, ignore_errors=True)


class Reality:
    """The registry of the hub that runs, held against the links."""
    ROLES = {"publish": registry.PUBLISH, "play": registry.PLAY}

    def __init__(self, relay):
        self._relay = relay
        self._registry = None
        self._hub = None
        self.generation = 0

    def close(self):
        if self._registry is not None:
            self._registry.close()
        self._registry = None

    def _look(self):
        """The registry of the present hub."""
        hub = self._relay.hub()
        if self._registry is None or hub != self._hub:
            self.close()
            self._greet()
            self._registry = registry.Registry(self._relay.server)
            procs.wait_until(
                lambda: self._registry.session(os.getpid()) is None, 3,
                "the end of our own session")
            self._hub = hub
        return self._registry

    def _greet(self):
        """The registry can be read without a hub: does that answer?"""
        hub = registry.Hub(self._relay.server)
        try:
            os.close(hub.register())
        finally:
            hub.close()

    def differences(self, links):
        """What the registry tells that is not so. Empty: it is right."""
        try:
            book = self._look()
            wrong = [] if book.hub == self._hub else [
                f"the hub is {self._hub}, not {book.hub}"]
            if book.generation < self.generation:
                wrong.append("the hub's generation is older")
            sessions = book.sessions()
            streams = book.streams()
        except (TimeoutError, OSError, AssertionError) as err:
            self.close()
            return [f"registry: {err}"]
        if not wrong:
            self.generation = book.generation
        wrong += self._sessions(sessions, links)
        wrong += self._streams(streams, sessions, links)
        return wrong + self._processes(sessions)

    def _sessions(self, sessions, links):
        told = sorted((s.peer, s.role, s.name) for s in sessions)
        true = sorted((f"127.0.0.1:{n['port']}", self.ROLES[n["role"]],
                       n["stream"]) for n in links)
        return [f"session {s} is told and is not" for s in told
                if s not in true] + [
                    f"session {s} is not told" for s in true
                    if s not in told]

    def _streams(self, streams, sessions, links):
        pids = {s.peer: s.pid for s in sessions}
        told = {(s.name, s.state, s.pid, s.subscribers)
                for s in streams.values()}
        true = {(n["stream"], registry.LIVE,
                 pids.get(f"127.0.0.1:{n['port']}"),
                 sum(1 for m in links if m["role"] == "play"
                     and m["stream"] == n["stream"]))
                for n in links if n["role"] == "publish"}
        return [f"stream {s} is told, not {sorted(true)}"
                for s in sorted(told - true)] + [
                    f"stream {s} is not told" for s in sorted(true - told)]

    def _processes(self, sessions):
        """Connections are the sessions; a hub, who starts attendants for it,
        and a hub to stand by if that is not the listener's."""
        running = self._relay.processes()
        served = {s.pid for s in sessions}
        wrong = [f"session of {p}, which is no process"
                 for p in served - set(running)]
        del running[self._relay.listener]
        for pid in list(running):
            if running[pid] in (HUB, SPAWNER) or pid in served:
                continue
            if "rtmphub" in running[pid] and pid in procs.descendants(
                    self._relay.listener) and not self._own_hub():
                continue
            wrong.append(f"process {pid}: {running[pid]}")
        return wrong

    def _own_hub(self):
        return self._hub in procs.descendants(self._relay.listener)

    def pids(self):
        """local port -> pid of the connection's process."""
        return {int(s.peer.rpartition(":")[2]): s.pid
                for s in self._look().sessions()}
