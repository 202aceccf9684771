# SPDX-License-Identifier: ISC
"""What `make install` puts where."""
import subprocess

import server

PROGRAMS = {"rtmpd": "sbin", "rtmphub": "sbin", "rtmpctl": "sbin",
            "rtmprecord": "sbin", "rtmpmetrics": "sbin", "rtmpcat": "bin"}


def test_install_honours_destdir_and_prefix(scratch):
    made = subprocess.run(
        ["make", "-C", server.REPOSITORY, "install",
         f"BUILD={server.BUILD}", f"DESTDIR={scratch}", "PREFIX=/usr"],
        capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stdout + made.stderr
    share = scratch / "usr/share"
    for program, place in PROGRAMS.items():
        path = scratch / "usr" / place / program
        shown = subprocess.run([path, "-V"], capture_output=True, text=True,
                               timeout=10, check=True)
        assert shown.stdout.startswith(program + " ")
    for page in (server.REPOSITORY / "man").iterdir():
        assert (share / f"man/man{page.name[-1]}" / page.name).exists()
    samples = server.REPOSITORY / "etc"
    for sample in samples.rglob("*"):
        if sample.is_file():
            copy = share / "doc/rtmpd/etc" / sample.relative_to(samples)
            if sample.parent.name == "bash-completion":
                copy = share / "bash-completion/completions" / sample.name
            assert copy.read_bytes() == sample.read_bytes()
