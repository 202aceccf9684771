# SPDX-License-Identifier: ISC
"""How long a subscriber went without a frame, by fault of the relay."""
import flv

FRAME = 0.04                            # seconds, at 25 frames a second
VIDEO = ("key", "inter")


def overlap(spans, start, end):
    """How much of start to end is covered by the spans, which may overlap."""
    total, at = 0.0, start
    for low, high in sorted(spans):
        low, high = max(low, at), min(high, end)
        if high > low:
            total += high - low
            at = high
    return total


def worst(messages, sent, stalls=(), until=None):
    """The longest time without a video frame, and how many were compared.

    sent holds (media, time). Deducted is what the sender was late, and the
    stalls (from, to) of the process that measures. The time from the last
    frame until then counts if it is told."""
    times, late, last = {}, list(stalls), None
    for media, when in sent:
        if flv.kind(media) in VIDEO:
            if last is not None and when - last > 2 * FRAME:
                late.append((last + FRAME, when))
            times[flv.stamp(media)[1]] = last = when
    longest, count, last = 0.0, 0, None
    for message in messages:
        if flv.kind(message) not in VIDEO:
            continue
        if flv.stamp(message)[1] not in times:
            continue
        if last is not None:
            longest = max(longest, message.arrival - last - overlap(
                late, last, message.arrival))
            count += 1
        last = message.arrival
    if until is not None and last is not None:
        longest = max(longest, until - last - overlap(late, last, until))
    return longest, count
