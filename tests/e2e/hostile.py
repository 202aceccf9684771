# SPDX-License-Identifier: ISC
"""What hostile peers send, and what a relay is afterwards."""
import os
import random
import socket
import struct
import time
from contextlib import closing

import amf
import chunks
import procs
import rtmp
from build import SANITIZED

SLACK = 4 << 20 if SANITIZED else 384 << 10     # bytes of memory
HANDSHAKE = b"\x03" + bytes(8) + bytes(range(256)) * 5 + bytes(248)
HANDSHAKE += bytes(1536)                # C0, C1 and C2: nobody checks them


def dial(server, rcvbuf=None):
    sock = socket.socket()
    if rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", server.port))
    return sock


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def push(sock, data):
    """Send all of it, or as much as the relay takes until it closes."""
    try:
        sock.sendall(data)
    except ConnectionError:
        return False
    return True


def drain(sock, timeout=10):
    """What the relay sends until it closes."""
    data = bytearray()
    end = time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the connection stays open")
        sock.settimeout(left)
        try:
            piece = sock.recv(1 << 16)
        except ConnectionError:
            return bytes(data)
        if not piece:
            return bytes(data)
        data += piece


def thrown_out(server, data, handshake=True):
    """Send these bytes and be closed; return the answer."""
    with closing(dial(server)) as sock:
        if handshake:
            push(sock, HANDSHAKE)
        push(sock, data)
        return drain(sock)


def message(mtype, payload, csid=3, msid=0, ts=0, size=128):
    writer = chunks.ChunkWriter()
    writer.size = size
    return writer.message(mtype, payload, ts, csid, msid)


def command(name, *args, msid=0, csid=3):
    return message(rtmp.COMMAND, amf.encode(name, *args), csid, msid)


def connect(app="evil"):
    return command("connect", 1, {"app": app, "tcUrl": "rtmp://h/" + app})


def start(verb, name, app="evil"):
    """Everything up to publish or play, in one go."""
    return (HANDSHAKE + connect(app) + command("createStream", 2, None)
            + command(verb, 3, None, name, msid=1))


def control(mtype, value):
    return message(mtype, struct.pack(">I", value), 2)


PING = message(rtmp.USER, b"\0\6" + bytes(4), 2)


def noise(count, seed=1935):
    return random.Random(seed).randbytes(count)


BOMBS = {
    "objects": b"\3\0\1a" * 20000,
    "arrays": b"\x0a\0\0\0\1" * 12000,
    "ECMA arrays": b"\x08\0\0\0\1\0\1a" * 8000,
    "typed objects": b"\x10\0\1A\0\1a" * 8000,
    "AMF3 arrays": b"\x11" + b"\x09\3\1" * 20000,
    "AMF3 objects": b"\x11" + b"\x0a\x0b\1\3a" * 12000,
    "a huge strict array": b"\x0a\xff\xff\xff\xff" + b"\5" * 60000,
    "a huge ECMA array": b"\x08\xff\xff\xff\xff" + b"\0\1a\5" * 15000,
    "a huge string": b"\x0c\xff\xff\xff\xff" + b"x" * 60000,
    "a huge AMF3 string": b"\x11\6\xff\xff\xff\xff" + b"x" * 60000,
    "a huge AMF3 array": b"\x11\x09\xff\xff\xff\xff\1" + b"\1" * 60000,
    "endless keys": b"\3" + b"\0\1a\5" * 16000,
    "a reference": b"\7\0\0" * 20000,
}


# What a relay is

def memory(pid):
    """What a process has of its own, and of the rings, proportionally; where
    that is secret, what is resident. Pages of files are not counted: how much
    of them is whose depends on who else runs the program just now."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) << 10 for line in file
                       if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    except PermissionError:
        pass
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _descriptors(pid):
    try:
        return len(procs.descriptors(pid))
    except PermissionError:
        return None


class Figures:
    """Processes, their descriptors, and their memory in all."""

    def __init__(self, server):
        pids = [server.pid, *server.children()]
        self.descriptors = {pid: _descriptors(pid) for pid in pids}
        self.memory = sum(memory(pid) for pid in pids)

    def back(self, before):
        return (self.descriptors == before.descriptors
                and self.memory <= before.memory + SLACK)

    def __str__(self):
        return f"descriptors {self.descriptors}, memory {self.memory >> 10}K"


def look(server):
    """Figures of a moment in which no process came or went."""
    for _ in range(50):
        try:
            return Figures(server)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("processes come and go")


def settled(server):
    """Figures once they stand still."""
    last = look(server)
    for _ in range(40):
        time.sleep(0.1)
        now = look(server)
        if (now.descriptors == last.descriptors
                and abs(now.memory - last.memory) < 64 << 10):
            return now
        last = now
    raise TimeoutError(f"never still: {last}")
