# SPDX-License-Identifier: ISC
"""The relay, the streams that run through it, and the law they live by.

A step touches some links and must leave all others alone. What a touched
link may suffer is a set of GAP, LOSS and CLOSE; nobody may ever get a byte
that was not published so."""
import signal
import time
from collections import Counter

import crew
import pulse
from relay import Reality, Relay

import hostile
import procs

GAP, LOSS, CLOSE = "gap", "loss", "close"
WORST = 0.2                             # seconds between frames
CONF = {"ring": "1M", "linger": "2s", "takeover": "1s", "max-lag": "4s",
        "handshake-timeout": "2s", "command-timeout": "3s",
        "send-timeout": "4s", "drain-timeout": "1s", "max-connections": 256, "max-streams": 64}
SMALL = {"kbps": 100, "audio": False}
FULL = {"kbps": 150}
FAT = {"kbps": 1000, "audio": False}    # fills the socket of a slow peer
REST = 10.0
REGISTRY = 2.0
FIGURES = 3.0


class Fault(AssertionError):
    """The relay broke the law."""


class Step:
    """One step: what it touches, and how it harms."""

    def __init__(self, world, rng, number):
        self.world = world
        self.relay = world.relay
        self.rng = rng
        self.number = number
        self.history = []
        self.gap = 0.0
        self.hub_replaced = False
        self.allowed = {}               # key -> what it may suffer
        self._pids = world.reality.pids()
        self._ports = {n["key"]: n["port"] for n in world.state()}

    def note(self, text):
        self.history.append(text)

    def pid(self, key):
        """The process of a link, as of the start of this step."""
        return self._pids[self._ports[key]]

    def touch(self, key, *what):
        self.allowed.setdefault(key, set()).update(what)

    def touch_stream(self, stream, *what):
        """Its publisher suffers this; its subscribers stay connected."""
        for link in self.world.of_stream(stream):
            self.touch(link, *(what if link == stream else
                               set(what) - {CLOSE}))

    def touch_all(self):
        for key in self.world.plans:
            self.touch(key, GAP, LOSS, CLOSE)

    def publisher(self):
        """The key of a publisher whose stream nothing has touched; it is
        the name of the stream as well. None if there is none left."""
        free = [k for k, p in self.world.plans.items()
                if p["role"] == "publish" and not any(
                    link in self.allowed for link in self.world.of_stream(k))]
        return self.rng.choice(free) if free else None

    def subscriber(self):
        free = [k for k, p in self.world.plans.items()
                if p["role"] == "play" and k not in self.allowed]
        return self.rng.choice(free) if free else None

    def stream(self):
        """The name of any stream."""
        return self.rng.choice([k for k, p in self.world.plans.items()
                                if p["role"] == "publish"])

    def kill(self, pid, what, sig=signal.SIGKILL, whom=""):
        text = f"{signal.Signals(sig).name} {what}"
        self.note(f"{text} {whom} ({pid})" if whom else f"{text} ({pid})")
        self.world.kills[text] += 1
        self.hub_replaced |= sig == signal.SIGUSR2 or (
            what == "hub" and sig != signal.SIGSTOP)
        self.relay.end(pid, sig)

    def pause(self, pid, what, whom="", meanwhile=None):
        """Stop a process for some time; do something else meanwhile."""
        seconds = self.rng.uniform(0.2, 3.0)
        self.kill(pid, what, signal.SIGSTOP, whom)
        self.note(f"for {seconds:.1f} s")
        try:
            end = time.monotonic() + seconds
            if meanwhile is not None:
                meanwhile(self)
            time.sleep(max(end - time.monotonic(), 0))
        finally:
            procs.end(pid, signal.SIGCONT)


class World:
    def __init__(self, streams=6, each=(2, 3), per_crew=2,
                 media=(SMALL, FULL, FAT)):
        self.relay = Relay(CONF)
        self.plans = {}
        self.crews = []
        self.kills = Counter()
        self.messages = self.checked_joins = self.strangers = 0
        self.longest = 0.0
        self._seen = {}                 # key -> (joins, messages) counted
        self._homes = {}                # key -> crew
        try:
            self._people(streams, each, per_crew, media)
            self.pulse = pulse.start()
            self.relay.helpers.append(self.pulse)
            self.reality = Reality(self.relay)
            self._since = time.monotonic()
            self.baseline = None
            self.wait_rest()
            self.wait_registry()
            self.baseline = self.figures()
            self.report()
        except Exception as err:
            self.abandon()
            raise Fault(f"{err}\n{self.relay.log()}") from err

    def _people(self, streams, each, per_crew, media):
        groups = {}
        for n in range(streams):
            name = f"live/{n}"
            plans = [{"key": name, "role": "publish", "stream": name,
                      "number": n + 1, "media": media[n % len(media)]}]
            plans += [{"key": f"{name}.{i}", "role": "play", "stream": name}
                      for i in range(each[n % len(each)])]
            self.plans.update((p["key"], p) for p in plans)
            groups.setdefault(n // per_crew, []).extend(plans)
        for plans in groups.values():
            helper = crew.start(self.relay.port, plans)
            self.crews.append(helper)
            self.relay.helpers.append(helper)
            self._homes.update((p["key"], helper) for p in plans)

    def of_stream(self, stream):
        return [k for k, p in self.plans.items() if p["stream"] == stream]

    def home(self, key):
        """The helper process that has this link."""
        return self._homes[key]

    def tell(self, key, do, **more):
        self._homes[key].ask(do, key=key, **more)

    def state(self):
        return [n for helper in self.crews for n in helper.ask("state")]

    # rest

    def stalls(self, since):
        return self.pulse.ask("", since=since)

    def _wait(self, test, seconds, what):
        """Until test() has nothing to say; stalls of the machine do not
        count against the relay."""
        start = time.monotonic()
        while True:
            wrong = test()
            if not wrong:
                return
            late = time.monotonic() - start - seconds
            if late > 0 and late > sum(b - a for a, b in self.stalls(start)):
                raise Fault(f"{what} after {seconds} s: {wrong}")
            time.sleep(0.05)

    def _restless(self):
        return [f"{n['key']} is down" if not n["port"] else
                f"{n['key']} does not flow"
                for n in self.state() if not n["up"]]

    def wait_rest(self):
        self._wait(self._restless, REST, "not at rest")

    def wait_registry(self):
        self.reality.close()            # the hub must answer for it anew
        self._wait(lambda: self.reality.differences(self.state()), REGISTRY,
                   "the registry is wrong")

    def wait_figures(self):
        self._wait(lambda: self._unlike(), FIGURES, "not back")

    def figures(self):
        """Descriptors by role, and objects of shared memory."""
        pids = self.reality.pids()
        found = {"listener": {self.relay.descriptors(self.relay.listener)},
                 "hub": {self.relay.descriptors(self.relay.hub())},
                 "memory": {len(self.relay.memory_objects())}}
        for link in self.state():
            found.setdefault(link["role"], set()).add(
                self.relay.descriptors(pids.get(link["port"])))
        return found

    def _unlike(self):
        now = self.figures()
        return {what: (self.baseline[what], now[what])
                for what in now if now[what] != self.baseline[what]}

    # judgement

    def report(self):
        """What befell each link since the last report."""
        stalls = self.stalls(self._since - 1)
        told = [n for helper in self.crews
                for n in helper.ask("report", stalls=stalls)]
        self._since = time.monotonic()
        for link in told:
            joins, count = self._seen.get(link["key"], (0, 0))
            self.checked_joins += link["joins"] - joins
            self.messages += link["count"] - count
            self._seen[link["key"]] = link["joins"], link["count"]
        return told

    def judge(self, step):
        """Fault on whatever befell links that the step did not touch."""
        wrong = []
        for link in self.report():
            allowed = step.allowed.get(link["key"], ())
            if link["error"]:
                wrong.append(f"{link['key']}: {link['error']}")
            if link["closes"] and CLOSE not in allowed:
                wrong.append(f"{link['key']}: closed: {link['closes']}")
            if link["lost"] and LOSS not in allowed:
                wrong.append(f"{link['key']}: lost {link['lost']} messages")
            if GAP in allowed:
                continue
            worst = max(link["gap"], link["blocked"])
            self.longest = max(self.longest, worst)
            step.gap = max(step.gap, worst)
            if worst > WORST:
                wrong.append(f"{link['key']}: a gap of "
                             f"{worst * 1000:.0f} ms")
        wrong += self.relay.complaints()
        if wrong:
            raise Fault("; ".join(wrong))

    # the end

    def stop(self):
        """End the relay under all its links; fail if anything is left."""
        self.reality.close()
        for helper in self.crews:
            helper.ask("quiet")
        self.relay.stop()

    def abandon(self):
        for helper in self.relay.helpers:
            helper.close()
        self.relay.abandon()


def scale(count):
    """A crowd, smaller where a process costs ten times as much."""
    return max(count // 5, 1) if hostile.SANITIZED else count
