# SPDX-License-Identifier: ISC
"""The build that is tested."""
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RTMPD_BUILD", REPOSITORY / "build")).resolve()
PROGRAM = BUILD / "rtmpd"
SANITIZED = b"__asan_init" in PROGRAM.read_bytes() if PROGRAM.exists() else 0


def patience(seconds):
    """How long to wait for what is to happen within so many seconds.
    Sanitizers make programs slow: they prove that it happens at all."""
    return 4 * seconds if SANITIZED else seconds
