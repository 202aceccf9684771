# SPDX-License-Identifier: ISC
"""Who may see and steer a relay: its user, root, and the control group."""
import grp
import os
import socket

import pytest

import flv
import procs
import registry
import server as servers
from watch import flowing

pytestmark = pytest.mark.skipif(os.geteuid() != 0,
                                reason="only root can become others")
GROUP = next(g for g in grp.getgrall() if g.gr_gid not in (0, 65534))
MEMBER = 64001                          # a user of whom nobody knows
STRANGER = 64002


def as_user(uid, groups, call):
    """What call() returns, a str, where we are that user."""
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(there, str(call()).encode())
        except BaseException as err:    # the test must not go on in here
            os.write(there, f"{type(err).__name__}: {err}".encode())
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here) as said:
        text = said.read()
    os.waitpid(pid, 0)
    return text


def as_member(call):
    return as_user(MEMBER, [GROUP.gr_gid], call)


@pytest.fixture
def shared(rtmpd):
    """A relay that is shared with the group."""
    server = rtmpd({"control-group": GROUP.gr_name})
    procs.wait_until(
        (server.run_directory / "rtmphub.ctl").is_socket, 3, "the hub")
    procs.wait_until(lambda: mode(server, "rtmphub.ctl") == 0o660, 3)
    return server


def mode(server, name):
    return (server.run_directory / name).stat().st_mode & 0o777


def test_sockets_and_registry_are_for_the_group(shared):
    want = {"rtmpd.ctl": 0o660, "rtmphub.ctl": 0o660, "box/hub.sock": 0o660,
            "registry": 0o640}
    for name, bits in want.items():
        info = (shared.run_directory / name).stat()
        assert (info.st_mode & 0o777, info.st_gid) == (bits, GROUP.gr_gid)


def test_the_next_hub_shares_them_too(shared):
    hub = shared.hub()
    procs.end(hub)
    procs.wait_until(lambda: shared.titled("rtmpd: hub") not in ([], [hub]),
                     5, "the next hub")
    for name, bits in (("rtmphub.ctl", 0o660), ("box/hub.sock", 0o660),
                       ("registry", 0o640)):
        procs.wait_until(lambda n=name, b=bits: mode(shared, n) == b, 3)


def test_without_one_they_are_for_its_user_alone(rtmpd):
    server = rtmpd()
    assert server.order("nonsense") == "error unknown order"
    for name in ("rtmpd.ctl", "rtmphub.ctl", "box/hub.sock", "registry"):
        assert mode(server, name) == 0o600
        path = str(server.run_directory / name)
        text = as_member(lambda p=path: open_any(p))
        assert text.startswith("PermissionError"), (name, text)


def open_any(path):
    """Open a file, or connect to a socket."""
    if not os.path.islink(path):
        kind = (socket.SOCK_SEQPACKET if path.endswith(".sock")
                else socket.SOCK_DGRAM)
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.connect(path)
        return "connected"
    os.close(os.open(path, os.O_RDONLY))
    return "opened"


def test_a_stranger_may_do_nothing(shared):
    for name in ("rtmpd.ctl", "rtmphub.ctl", "box/hub.sock", "registry"):
        path = str(shared.run_directory / name)
        assert as_member(lambda p=path: open_any(p)) in ("connected",
                                                         "opened")
        text = as_user(STRANGER, [], lambda p=path: open_any(p))
        assert text.startswith("PermissionError"), (name, text)


def test_a_member_may_see_but_not_write(shared):
    def write():
        os.open(shared.run_directory / "registry", os.O_RDWR)

    def hub():
        return registry.Registry(shared).hub
    assert as_member(hub) == str(shared.hub())
    assert as_member(write).startswith("PermissionError")


def test_a_member_may_give_orders(shared, clients):
    clients.publisher(shared, "live/x", flv.synthetic())
    flowing(clients.subscriber(shared, "live/x"))
    assert as_member(lambda: shared.order("kick live/none")) == \
        "error no stream live/none"
    assert as_member(lambda: shared.order("kick live/x")).startswith(
        "ok ")
    assert as_member(lambda: shared.order("nonsense", "rtmpd.ctl")) == \
        "error unknown order"


def ask(server, role, name=""):
    """The first answer of the hub, and whether it hung up."""
    hub = registry.Hub(server)
    hub.report(role, name)
    answer = hub.answer()
    found = [answer.verdict, answer.reason, len(answer.fds)]
    try:
        found.append(hub.answer().verdict)
    except ConnectionError:
        found.append("end")
    return found


@pytest.mark.parametrize("role", [registry.NO_ROLE, registry.PUBLISH,
                                  registry.PLAY, registry.RECORD,
                                  registry.METRICS])
def test_a_member_may_not_pass_for_a_process_of_the_relay(role, shared):
    text = as_member(lambda: ask(shared, role, "live/x"))
    assert text == str([registry.REFUSED, registry.FORBIDDEN, 0, "end"])
    shared.wait_log(r"\bhub-closes pid=\d+ reason=forbidden$", 1)
    assert procs.alive(shared.hub())


def test_a_member_may_read_a_stream_but_not_the_log_socket(shared, clients):
    clients.publisher(shared, "live/x", flv.synthetic())
    flowing(clients.subscriber(shared, "live/x"))
    text = as_member(lambda: ask(shared, registry.CAT, "live/x"))
    assert text == str([registry.WELCOME, 0, 1, registry.RING])


def test_a_relay_without_root_shares_with_a_group_of_its_own(
        rtmpd, scratch):
    scratch.chmod(0o755)
    run = scratch / "run"
    run.mkdir()
    os.chown(run, STRANGER, STRANGER)
    server = rtmpd({"control-group": GROUP.gr_name}, directory=run, wrap=[
        "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}",
        f"--groups={GROUP.gr_gid}"])
    procs.wait_until(lambda: as_member(lambda: server.order("nonsense")) ==
                     "error unknown order", 5, "a shared hub")
    assert as_member(lambda: registry.Registry(server).hub) == \
        str(server.hub())
    server.stop()


def test_a_relay_cannot_share_with_a_group_of_others(scratch):
    scratch.chmod(0o755)
    run = scratch / "run"
    run.mkdir()
    os.chown(run, STRANGER, STRANGER)
    refused(r"share .*not permitted", run, [
        "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}",
        "--clear-groups"], GROUP.gr_name)


def test_a_group_that_does_not_exist_is_named(scratch):
    refused("no group no-such-group$", scratch / "run", (), "no-such-group")


def refused(why, run, wrap, group):
    """A relay that does not start."""
    server = servers.Server({"control-group": group}, directory=run,
                            wrap=wrap, wait=False)
    try:
        assert server.popen.wait(5) == 1
        server.wait_log(why, 1)
    finally:
        server.stop(check=False)
