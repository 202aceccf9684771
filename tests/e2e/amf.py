# SPDX-License-Identifier: ISC
"""AMF0 for the raw client: encode Python values, decode strictly.

Strict means: an unknown marker, a short value or an absurd nesting raises
AmfError. Objects and ECMA arrays both decode to dict; Ecma(dict) encodes
as an ECMA array, Amf3(value) as an AMF3 value behind the marker for one,
bytes as a string that need not be UTF-8.
"""
import struct


class AmfError(ValueError):
    """The bytes are not AMF0."""


class Ecma(dict):
    """A dict that is written as an ECMA array (marker 08)."""


class Amf3:
    """A value that is written in AMF3: null, truth, number, text, dict."""

    def __init__(self, value):
        self.value = value


def _key(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(raw)) + raw


def _u29(value):
    out = [value & 127]
    while value := value >> 7:
        out.insert(0, value & 127 | 128)
    if len(out) > 3:
        raise ValueError("too long for the tests' AMF3")
    return bytes(out)


def _text3(text):
    raw = text.encode()
    return _u29(len(raw) << 1 | 1) + raw


def _encode3(value):
    if value is None:
        return b"\x01"
    if isinstance(value, bool):
        return b"\x03" if value else b"\x02"
    if isinstance(value, int) and 0 <= value < 1 << 20:
        return b"\x04" + _u29(value)
    if isinstance(value, (int, float)):
        return b"\x05" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x06" + _text3(value)
    if isinstance(value, dict):         # anonymous, dynamic, no traits
        body = b"".join(_text3(k) + _encode3(v) for k, v in value.items())
        return b"\x0a\x0b\x01" + body + b"\x01"
    raise TypeError(f"no AMF3 for {type(value)}")


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
    if isinstance(value, (str, bytes)):
        return b"\x02" + _key(value)
    if isinstance(value, Amf3):
        return b"\x11" + _encode3(value.value)
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
        if marker == 17:
            return self.value3()
        raise AmfError(f"AMF0 marker {marker:#x}")

    def u29(self):
        value = 0
        for _ in range(3):
            byte = self.unpack(">B")
            value = value << 7 | byte & 127
            if byte < 128:
                return value
        raise AmfError("too long for the tests' AMF3")

    def text3(self):
        head = self.u29()
        if not head & 1:
            raise AmfError("a reference, which the tests' AMF3 has not")
        return bytes(self.take(head >> 1)).decode()

    def value3(self):
        """What _encode3 writes."""
        marker = self.unpack(">B")
        if marker < 4:
            return (None, None, False, True)[marker]
        if marker == 4:
            return self.u29()
        if marker == 5:
            return self.unpack(">d")
        if marker == 6:
            return self.text3()
        if marker != 10 or self.take(2) != b"\x0b\x01":
            raise AmfError(f"AMF3 marker {marker:#x}")
        result = {}
        while key := self.text3():
            result[key] = self.value3()
        return result


def decode(data):
    """Decode all values in data; surplus bytes are an error."""
    reader = _Reader(data)
    values = []
    while reader.pos < len(data):
        values.append(reader.value())
    return values
