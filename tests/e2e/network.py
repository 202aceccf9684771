# SPDX-License-Identifier: ISC
"""Machines with networks of their own: packets that really vanish.

Every Network has a relay's machine and any number of others, each a network
namespace joined to it by a pair of veth devices. Nothing outside of them is
touched, and they are gone with the descriptors that hold them. It takes
root and a kernel with these features; where one is missing, Unavailable
says which.
"""
import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
RELAY = "10.0.0.1"
_LIBC = ctypes.CDLL(None, use_errno=True)
_OWN = "/proc/thread-self/ns/net"


class Unavailable(Exception):
    """This machine cannot do that."""


def _call(function, *args):
    if function(*args) != 0:
        err = ctypes.get_errno()
        raise OSError(err, f"{function.__name__}: {os.strerror(err)}")


class Namespace:
    """A network namespace that lives as long as its descriptor."""

    def __init__(self):
        self._error = None
        maker = threading.Thread(target=self._make)
        maker.start()
        maker.join()
        if self._error is not None:
            raise Unavailable(f"no network namespace: {self._error}")
        self.path = f"/proc/{os.getpid()}/fd/{self._fd}"
        self.wrap = ("nsenter", f"--net={self.path}")
        self.run("ip", "link", "set", "lo", "up")

    def _make(self):
        try:
            _call(_LIBC.unshare, CLONE_NEWNET)
            self._fd = os.open(_OWN, os.O_RDONLY)
        except OSError as err:
            self._error = err

    @contextlib.contextmanager
    def inside(self):
        """What sockets this thread makes meanwhile belong here."""
        home = os.open(_OWN, os.O_RDONLY)
        try:
            _call(_LIBC.setns, self._fd, CLONE_NEWNET)
            yield
        finally:
            _call(_LIBC.setns, home, CLONE_NEWNET)
            os.close(home)

    def run(self, *argv):
        done = subprocess.run([*self.wrap, *argv], capture_output=True,
                              text=True, timeout=10, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{' '.join(argv)}: {done.stderr.strip()}")

    def dial(self, host, port, rcvbuf=None, timeout=5.0):
        with self.inside():
            sock = socket.socket()
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        try:
            sock.connect((host, port))
        except OSError:
            sock.close()
            raise
        return sock

    def close(self):
        os.close(self._fd)


class Machine:
    """One that reaches the relay by a wire of its own.

    The latest one with an address has it: that is how an encoder comes back
    by another path."""

    def __init__(self, network, address, wire):
        self._network = network
        self._wire = wire
        self._space = Namespace()
        self.wrap = self._space.wrap
        network.run("ip", "link", "add", wire, "type", "veth", "peer",
                    "name", "eth0", "netns", self._space.path)
        self._space.run("ip", "address", "add", f"{address}/32", "dev",
                        "eth0")
        network.run("ip", "link", "set", wire, "up")
        self.mend()
        network.run("ip", "route", "replace", f"{address}/32", "dev", wire,
                    "src", RELAY)

    def cut(self):
        """From now on packets vanish, both ways; nobody is told."""
        self._space.run("ip", "link", "set", "eth0", "down")

    def mend(self):
        self._space.run("ip", "link", "set", "eth0", "up")
        self._space.run("ip", "route", "replace", RELAY, "dev", "eth0")

    def dial(self, port, **how):
        return self._space.dial(RELAY, port, **how)

    def shape_up(self, *discipline):
        """What goes to the relay passes this queueing discipline."""
        self._space.run("tc", "qdisc", "replace", "dev", "eth0", "root",
                        *discipline)

    def shape_down(self, *discipline):
        """The same for what comes from the relay."""
        self._network.run("tc", "qdisc", "replace", "dev", self._wire,
                          "root", *discipline)

    def close(self):
        self._space.close()


class Network(Namespace):
    """The relay's machine, and the wires to the others."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Unavailable("network namespaces need root")
        for program in ("nsenter", "ip", "tc"):
            if shutil.which(program) is None:
                raise Unavailable(f"{program} is not installed")
        self._machines = []
        super().__init__()
        self.run("ip", "address", "add", f"{RELAY}/32", "dev", "lo")

    def machine(self, address):
        made = Machine(self, address, f"wire{len(self._machines)}")
        self._machines.append(made)
        return made

    def local(self, port, **how):
        """A connection to the relay from its own machine."""
        return self.dial("127.0.0.1", port, **how)

    def close(self):
        for machine in self._machines:
            machine.close()
        super().close()
