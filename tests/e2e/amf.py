# SPDX-License-Identifier: ISC
"""AMF0 for the raw client: encode Python values, decode strictly.

Strict means: an unknown marker, a short value or an absurd nesting raises
AmfError. Objects and ECMA arrays both decode to dict; Ecma(dict) encodes
as an ECMA array.
"""
import struct


class AmfError(ValueError):
    """The bytes are not AMF0."""


class Ecma(dict):
    """A dict that is written as an ECMA array (marker 08)."""


def _key(text):
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def encode(*values):
    """Encode the values one after the other."""
    return b"".join(_encode(v) for v in values)


def _encode(value):
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + _key(value)
    if isinstance(value, dict):
        head = b"\x03"
        if isinstance(value, Ecma):
            head = b"\x08" + struct.pack(">I", len(value))
        body = b"".join(_key(k) + _encode(v) for k, v in value.items())
        return head + body + b"\x00\x00\x09"
    if isinstance(value, (list, tuple)):
        return (b"\x0a" + struct.pack(">I", len(value)) + encode(*value))
    raise TypeError(f"no AMF0 for {type(value)}")


class _Reader:
    def __init__(self, data):
        self.data = data
        self.pos = 0

    def take(self, count):
        end = self.pos + count
        if end > len(self.data):
            raise AmfError("short AMF0 value")
        piece = self.data[self.pos:end]
        self.pos = end
        return piece

    def unpack(self, fmt):
        return struct.unpack(fmt, self.take(struct.calcsize(fmt)))[0]

    def text(self, fmt):
        try:
            return bytes(self.take(self.unpack(fmt))).decode()
        except UnicodeDecodeError as err:
            raise AmfError("AMF0 string is not UTF-8") from err

    def fields(self, depth):
        result = {}
        while True:
            key = self.text(">H")
            if key == "":
                if self.unpack(">B") != 9:
                    raise AmfError("AMF0 object without its end marker")
                return result
            result[key] = self.value(depth + 1)

    def value(self, depth=0):
        if depth > 16:
            raise AmfError("AMF0 nested too deeply")
        marker = self.unpack(">B")
        if marker == 0:
            return self.unpack(">d")
        if marker == 1:
            return bool(self.unpack(">B"))
        if marker == 2:
            return self.text(">H")
        if marker == 3:
            return self.fields(depth)
        if marker in (5, 6):
            return None
        if marker == 8:
            self.unpack(">I")
            return Ecma(self.fields(depth))
        if marker == 10:
            return [self.value(depth + 1) for _ in range(self.unpack(">I"))]
        if marker == 11:
            stamp = self.unpack(">d")
            self.unpack(">h")
            return stamp
        if marker == 12:
            return self.text(">I")
        raise AmfError(f"AMF0 marker {marker:#x}")


def decode(data):
    """Decode all values in data; surplus bytes are an error."""
    reader = _Reader(data)
    values = []
    while reader.pos < len(data):
        values.append(reader.value())
    return values
