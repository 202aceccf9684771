# SPDX-License-Identifier: ISC
"""The judges judged: needs no rtmpd."""
import dataclasses

import pytest

import packets


def run(count=100, start=0, track="video0"):
    return [packets.Packet(track, 40 * n, 40 * n + 80, f"{track}-{n}",
                           n % 25 == 0) for n in range(start, count)]


def changed(at, **how):
    got = run()
    got[at] = dataclasses.replace(got[at], **how)
    return got


def test_a_later_start_and_one_distance_are_fine():
    late = [dataclasses.replace(p, dts=p.dts - 7, pts=p.pts - 7)
            for p in run(start=25)]
    packets.compare(run(), late)


@pytest.mark.parametrize("got", [
    run(99), run(60) + run(start=61), changed(70, md5="other"),
    changed(70, pts=0), changed(70, dts=1), run(50, start=25),
    run() + run(track="audio0"), [], run(101)],
    ids=["end", "gap", "payload", "pts", "dts", "few", "track", "nothing",
         "more"])
def test_it_is_noticed_when_wrong_is_the(got):
    with pytest.raises(AssertionError):
        packets.compare(run(), got)


def test_a_lost_start_is_noticed_where_all_is_wanted():
    packets.compare(run(), run(), whole=True)
    with pytest.raises(AssertionError):
        packets.compare(run(), run(start=25), whole=True)
