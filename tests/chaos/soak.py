# SPDX-License-Identifier: ISC
"""10 streams, 100 subscribers who come and go; nothing may grow.

    soak.py [--minutes N] [--seed N]

Samples hub and listener every 10 s. Flat is what has, in the last quarter of
the time, a median no larger than in the second quarter, but for SLACK."""
import argparse
import random
import statistics
import sys
import time

import crew                             # noqa: F401: the path to e2e
import world

import hostile

STREAMS, EACH, PER_CREW = 10, 10, 5
MEDIA = {"fps": 12, "gop": 12, "kbps": 64, "audio": False}
MOVE = 0.3                              # seconds from one move to the next
SAMPLE = 10.0
SLACK = 64                              # KiB of memory
SLACK_DESCRIPTORS = 2
SLACK_SHARED = 0
FIELDS = {"Rss:": "Rss", "Pss:": "Pss", "Private_Clean:": "Private",
          "Private_Dirty:": "Private"}


def options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def memory(pid):
    """KiB resident, proportional and private; where secret, resident."""
    found = dict.fromkeys(("Rss", "Pss", "Private"), 0)
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for name, *rest in map(str.split, file):
                if name in FIELDS:
                    found[FIELDS[name]] += int(rest[0])
    except PermissionError:
        found["Rss"] = hostile.memory(pid) >> 10
    return found


def sample(relay):
    """One row: what hub, listener and all of it hold."""
    row = {}
    running = relay.processes()
    connections = len(running) - 2
    for who, pid in (("hub", relay.hub()), ("listener", relay.listener)):
        for field, kib in memory(pid).items():
            row[f"{who} {field} KiB"] = kib
        row[f"{who} descriptors"] = relay.descriptors(pid) or 0
    # each connection has its socket and a descriptor of its process
    row["hub descriptors but for connections"] = (
        row["hub descriptors"] - 2 * connections)
    shared = relay.memory_objects()
    row["shared memory KiB"] = sum(shared.values()) >> 10
    row["shared objects"] = len(shared)
    row["processes"] = len(running)
    return row


def slack(name, value):
    """How much this may grow, or None where it is only told."""
    if name == "listener descriptors" or "but for" in name:
        return SLACK_DESCRIPTORS
    if name.startswith(("hub ", "listener ")) and name.endswith("KiB"):
        return SLACK + value // 50
    if name.startswith("shared"):
        return SLACK_SHARED
    return None


def slope(values):
    """By least squares, for an hour."""
    n = len(values)
    middle, mean = (n - 1) / 2, sum(values) / n
    spread = sum((i - middle) ** 2 for i in range(n))
    rise = sum((i - middle) * (v - mean) for i, v in enumerate(values))
    return rise / spread * 3600 / SAMPLE if spread else 0.0


def verdict(rows):
    """Print the table; the names of what is not flat."""
    grown = []
    quarter = len(rows) // 4
    print(f"{'':38}{'first':>8}{'last':>8}{'peak':>8}{'2nd qu.':>9}"
          f"{'4th qu.':>9}{'per hour':>10}")
    for name in rows[0]:
        values = [row[name] for row in rows]
        early = statistics.median(values[quarter:2 * quarter] or values)
        late = statistics.median(values[-quarter:] if quarter else values)
        allowed = slack(name, early)
        bad = allowed is not None and late > early + allowed
        grown += [name] if bad else []
        print(f"{name:38}{values[0]:8}{values[-1]:8}{max(values):8}"
              f"{early:9.0f}{late:9.0f}{slope(values):10.1f}"
              f"{'  GROWS' if bad else ''}")
    return grown


def mingle(here, rng, until):
    """Subscribers leave and come back to another stream, until then."""
    keys = sorted(k for k, p in here.plans.items() if p["role"] == "play")
    count = 0
    while time.monotonic() < until:
        key = rng.choice(keys)
        crewmates = [k for k in here.plans if here.home(k) is here.home(key)
                     and here.plans[k]["role"] == "publish"]
        here.tell(key, "move", stream=rng.choice(crewmates),
                  how=rng.choice(["reset", "close"]),
                  after=rng.uniform(0, 3))
        count += 1
        time.sleep(MOVE)
    return count


def judge(here):
    """Nobody was closed, and nobody lost or got wrong a message."""
    bad = [f"{n['key']}: {n['error'] or n['closes'] or n['lost']}"
           for n in here.report() if n["error"] or n["closes"] or n["lost"]]
    bad += here.relay.complaints()
    if bad:
        raise world.Fault("; ".join(bad))


def soak(here, given):
    rng = random.Random(given.seed)
    end = time.monotonic() + given.minutes * 60
    rows = []
    moves = mingle(here, rng, time.monotonic() + SAMPLE)    # to warm up
    while time.monotonic() < end:
        moves += mingle(here, rng, time.monotonic() + SAMPLE)
        judge(here)
        rows.append(sample(here.relay))
        if len(rows) % 30 == 1:
            print(f"{len(rows):4} " + ", ".join(
                f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    here.wait_rest()
    here.wait_registry()
    return rows, moves


def main():
    given = options()
    here = world.World(STREAMS, (EACH,), PER_CREW, (MEDIA,))
    grown = []
    error = None
    try:
        rows, moves = soak(here, given)
        here.stop()
        grown = verdict(rows)
        print(f"{moves} leaves and joins, {here.messages} messages checked")
    except Exception as err:
        error = err
        print(f"\nFAULT: {err}\n\nseed {given.seed}\n{here.relay.log()}")
        if not isinstance(err, AssertionError):
            raise
    finally:
        here.abandon()
    if grown:
        print("not flat: " + ", ".join(grown))
    return 1 if error or grown else 0


if __name__ == "__main__":
    sys.exit(main())
