# SPDX-License-Identifier: ISC
"""Watch a subscriber's stream go on."""
import flv


def flowing(subscriber, frames=10):
    """Wait for so many frames more than there are now."""
    since = len(subscriber.messages)
    subscriber.wait(
        lambda m: sum(1 for x in subscriber.messages[since:]
                      if flv.kind(x) in ("key", "inter")) >= frames,
        8, "frames", since)


def longest_gap(subscriber, since):
    """The longest time without a message, from shortly before since, s."""
    arrivals = [m.arrival for m in subscriber.messages
                if m.arrival > since - 0.3]
    return max(b - a for a, b in zip(arrivals, arrivals[1:]))
