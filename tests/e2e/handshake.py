# SPDX-License-Identifier: ISC
"""The client's side of the RTMP handshake: simple, and with digests.

With digests the client does what a player of the Flash age did: it signs
C1, and refuses a server whose S1 digest or S2 signature is wrong.
"""
import hashlib
import hmac
import os
import struct

BLOCK = 1536
_TAIL = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e57"
                      "6eec5d2d29806fab93b8e636cfeb31ae")
_FP = b"Genuine Adobe Flash Player 001"
_FMS = b"Genuine Adobe Flash Media Server 001"


class HandshakeError(Exception):
    """The server's handshake is wrong."""


def _mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def _split(block, pos):
    """The block without the digest at pos, and that digest."""
    return block[:pos] + block[pos + 32:], block[pos:pos + 32]


def _digest_first(block):
    return 12 + sum(block[8:12]) % 728


def _key_first(block):
    return 776 + sum(block[772:776]) % 728


def simple_c1():
    return struct.pack(">II", 0, 0) + os.urandom(BLOCK - 8)


def digest_c1():
    """C1 signed as ffmpeg does, digest first."""
    block = bytes.fromhex("0000000009007c02") + os.urandom(BLOCK - 8)
    pos = _digest_first(block)
    rest, _ = _split(block, pos)
    return block[:pos] + _mac(_FP, rest) + block[pos + 32:]


def check_simple(c1, s1, s2):
    """S2 of the simple handshake is C1 again; bytes 4-7 may differ."""
    if s2[:4] != c1[:4] or s2[8:] != c1[8:]:
        raise HandshakeError("S2 is not a copy of C1")
    if s1[8:] == c1[8:]:
        raise HandshakeError("S1 is a copy of C1")
    return s1


def check_digest(c1, s1, s2):
    """Verify the digest in S1 and the signature of S2; the result is C2."""
    for place in (_key_first, _digest_first):
        pos = place(s1)
        rest, digest = _split(s1, pos)
        if _mac(_FMS, rest) == digest:
            break
    else:
        raise HandshakeError("S1 holds no valid digest")
    _, mine = _split(c1, _digest_first(c1))
    if _mac(_mac(_FMS + _TAIL, mine), s2[:-32]) != s2[-32:]:
        raise HandshakeError("the signature of S2 is wrong")
    body = os.urandom(BLOCK - 32)
    return body + _mac(_mac(_FP + _TAIL, digest), body)
