# SPDX-License-Identifier: ISC
"""Kill, replace and overload parts of a live relay; judge after each step.

    run.py [--minutes N] [--seed N] [--steps N] [--only name,name]

The seed stands for the sequence of actions, victims and durations."""
import argparse
import random
import sys
import time
import traceback
from collections import deque

import actions
import world

SECOND = 0.25                           # how often a step is two actions


def options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int, default=sys.maxsize)
    parser.add_argument("--only", help="names of actions, with commas")
    given = parser.parse_args()
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1 << 32)
    return given


def table(only):
    """(weights, actions) to choose from."""
    chosen = [(w, a) for w, a in actions.ACTIONS
              if only is None or a.__name__ in only.split(",")]
    if not chosen:
        sys.exit(f"no such action: {only}")
    return zip(*chosen)


def choose(rng, weights, possible):
    """The actions of one step."""
    count = 2 if rng.random() < SECOND else 1
    return rng.choices(possible, weights, k=count)


def take(step, chosen):
    """Do it, wait for rest, judge; how long that took."""
    for action in chosen:
        step.note(action.__name__)
        action(step)
    acted = time.monotonic()
    here = step.world
    here.wait_rest()
    here.wait_registry()
    here.wait_figures()
    here.judge(step)
    return time.monotonic() - acted


def run(here, given, history):
    rng = random.Random(given.seed)
    weights, possible = table(given.only)
    end = time.monotonic() + given.minutes * 60
    number = 0
    while time.monotonic() < end and number < given.steps:
        number += 1
        step = world.Step(here, rng, number)
        history.append(step)
        rest = take(step, choose(rng, weights, possible))
        print(f"{number:5} {rest:5.2f} s {step.gap * 1000:4.0f} ms  "
              f"{', '.join(step.history)}", flush=True)


def closing(here, number):
    print(f"{number} steps, {here.messages} messages checked, "
          f"{here.checked_joins} joins and {here.strangers} of strangers, "
          f"longest gap {here.longest * 1000:.0f} ms")
    for what, count in sorted(here.kills.items()):
        print(f"  {count:5} {what}")


def failed(here, given, history, error):
    print(f"\nFAULT: {error}\n\nseed {given.seed}, "
          f"step {history[-1].number if history else 0}; the last steps:")
    for step in history:
        print(f"  {step.number}: {', '.join(step.history)}")
    print(f"\nprocesses: {here.relay.processes()}\n\n{here.relay.log()}\n")


def main():
    given = options()
    print(f"seed {given.seed}", flush=True)
    here = world.World()                # raises where the relay is broken
    history = deque(maxlen=10)
    error = None
    try:
        run(here, given, history)
        here.stop()
    except Exception as err:            # of the relay, or of this program
        error = err
        if not isinstance(err, AssertionError):
            traceback.print_exc()
        failed(here, given, history, err)
    finally:
        here.abandon()
    closing(here, history[-1].number if history else 0)
    print(f"faults: {0 if error is None else 1}")
    return 0 if error is None else 1


if __name__ == "__main__":
    sys.exit(main())
