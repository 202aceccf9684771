# SPDX-License-Identifier: ISC
"""The RTMP chunk stream: a strict reader and a writer that can misbehave.

ChunkReader raises ChunkError on whatever the protocol forbids, or leaves
open to misunderstanding: this is how the tests know that what a relay
sends is well formed. ChunkWriter gives the caller every choice a sender
has: header type, form of the chunk stream id, chunk size, omission of the
repeated extended timestamp.
"""
from dataclasses import dataclass

MASK = 0xffffffff
LIMIT = 16 << 20
TYPES = {1: 4, 2: 4, 3: 4, 4: 6, 5: 4, 6: 5,
         8: None, 9: None, 15: None, 17: None, 18: None, 20: None,
         22: None}
HEADER = (11, 7, 3, 0)


class ChunkError(Exception):
    """The incoming chunk stream is malformed."""


@dataclass
class Message:
    """One RTMP message; arrival is time.monotonic() of its last byte."""
    __slots__ = ("type", "ts", "uts", "msid", "csid", "fmt", "payload",
                 "arrival")
    type: int
    ts: int
    uts: int
    msid: int
    csid: int
    fmt: int
    payload: bytes
    arrival: float


class _In:
    """What the reader remembers of one chunk stream."""
    __slots__ = ("ts", "delta", "length", "type", "msid", "ext", "fmt",
                 "parts", "missing", "open")

    def __init__(self):
        self.ts = self.delta = self.length = self.type = self.msid = 0
        self.ext = None
        self.fmt = 0
        self.parts = []
        self.missing = 0
        self.open = False


class ChunkReader:
    """Turns received bytes into messages."""

    def __init__(self):
        self.size = 128
        self.streams = {}
        self._buf = bytearray()
        self._unwrap = None

    def feed(self, data, arrival):
        """Add bytes; return the list of messages they complete."""
        self._buf += data
        done = []
        pos = 0
        with memoryview(self._buf) as view:
            while True:
                used, message = self._chunk(view, pos, arrival)
                if used == 0:
                    break
                pos += used
                if message is not None:
                    done.append(message)
        del self._buf[:pos]
        return done

    def torn(self):
        """True in the middle of a chunk or a message."""
        return bool(self._buf) or any(s.open for s in self.streams.values())

    def _chunk(self, view, pos, arrival):
        start = pos
        left = len(view) - pos
        if left < 3 + 11 + 4 and not self._whole_header(view, pos, left):
            return 0, None
        first = view[pos]
        fmt, csid = first >> 6, first & 63
        pos += 1
        if csid == 0:
            csid = 64 + view[pos]
            pos += 1
        elif csid == 1:
            csid = 64 + view[pos] + 256 * view[pos + 1]
            pos += 2
        chunk = self.streams.get(csid)
        if chunk is None:
            if fmt != 0:
                raise ChunkError(f"csid {csid} starts with fmt {fmt}")
            chunk = self.streams[csid] = _In()
        elif chunk.open and fmt != 3:
            raise ChunkError(f"csid {csid}: fmt {fmt} inside a message")
        pos, fresh = self._header(view, pos, chunk, fmt, csid)
        length = fresh.length if fresh else chunk.length
        missing = chunk.missing if chunk.open else length
        take = min(self.size, missing)
        if len(view) - pos < take:
            return 0, None
        if not chunk.open:
            self._begin(chunk, fresh, csid)
        if take:
            chunk.parts.append(bytes(view[pos:pos + take]))
            chunk.missing -= take
        used = pos + take - start
        if chunk.missing:
            return used, None
        return used, self._complete(chunk, csid, arrival)

    def _whole_header(self, view, pos, left):
        """With few bytes left: is the header of this chunk complete?"""
        if left < 1:
            return False
        fmt, csid = view[pos] >> 6, view[pos] & 63
        base = {0: 2, 1: 3}.get(csid, 1)
        if left < base + HEADER[fmt]:
            return False
        if fmt == 3:
            if csid == 0:
                csid = 64 + view[pos + 1]
            elif csid == 1:
                csid = 64 + view[pos + 1] + 256 * view[pos + 2]
            chunk = self.streams.get(csid)
            extended = chunk is not None and chunk.ext is not None
        else:
            at = pos + base
            extended = view[at:at + 3] == b"\xff\xff\xff"
        return left >= base + HEADER[fmt] + (4 if extended else 0)

    def _header(self, view, pos, chunk, fmt, csid):
        """Read the message header; a new message gives a fresh _In."""
        if fmt == 3:
            if chunk.ext is not None:
                ext = int.from_bytes(view[pos:pos + 4], "big")
                if ext != chunk.ext:
                    raise ChunkError(f"csid {csid}: fmt 3 repeats {ext:#x} "
                                     f"instead of {chunk.ext:#x}")
                pos += 4
            if chunk.open:
                return pos, None
            if chunk.fmt == 0 and chunk.ts != 0:
                raise ChunkError(f"csid {csid}: a new message by fmt 3 "
                                 "right after fmt 0 is ambiguous")
        new = _In()
        new.fmt = chunk.fmt if fmt == 3 else fmt
        new.length, new.type, new.msid = chunk.length, chunk.type, chunk.msid
        new.delta, new.ext = chunk.delta, chunk.ext
        if fmt == 3:
            new.ts = (chunk.ts + chunk.delta) & MASK
            return pos, new
        head = bytes(view[pos:pos + HEADER[fmt]])
        pos += HEADER[fmt]
        field = int.from_bytes(head[:3], "big")
        new.ext = None
        if field == 0xffffff:
            field = int.from_bytes(view[pos:pos + 4], "big")
            pos += 4
            if field < 0xffffff:
                raise ChunkError(f"extended timestamp for {field}")
            new.ext = field
        if fmt < 2:
            new.length = int.from_bytes(head[3:6], "big")
            new.type = head[6]
        if fmt == 0:
            new.msid = int.from_bytes(head[7:11], "little")
            new.ts, new.delta = field, 0
        else:
            new.ts, new.delta = (chunk.ts + field) & MASK, field
        return pos, new

    @staticmethod
    def _begin(chunk, fresh, csid):
        if fresh.type not in TYPES:
            raise ChunkError(f"message type {fresh.type}")
        if fresh.length > LIMIT:
            raise ChunkError(f"message of {fresh.length} bytes")
        if (fresh.type < 8) != (csid == 2):
            raise ChunkError(f"type {fresh.type} on csid {csid}")
        if fresh.type < 8 and fresh.msid:
            raise ChunkError(f"type {fresh.type} on msid {fresh.msid}")
        for name in ("ts", "delta", "length", "type", "msid", "ext", "fmt"):
            setattr(chunk, name, getattr(fresh, name))
        chunk.open = True
        chunk.missing = chunk.length

    def _complete(self, chunk, csid, arrival):
        payload = (chunk.parts[0] if len(chunk.parts) == 1
                   else b"".join(chunk.parts))
        chunk.parts = []
        chunk.open = False
        uts = chunk.ts
        if chunk.type in (8, 9):
            uts = self._unwrapped(chunk.ts)
        message = Message(chunk.type, chunk.ts, uts, chunk.msid, csid,
                          chunk.fmt, payload, arrival)
        self._control(message)
        return message

    def _unwrapped(self, ts):
        last = self._unwrap
        if last is None:
            self._unwrap = ts
        else:
            step = (ts - last) & MASK
            self._unwrap += step - (step >> 31 << 32)
        return self._unwrap

    def _control(self, message):
        want = TYPES[message.type]
        size = len(message.payload)
        if message.type == 4:
            event = int.from_bytes(message.payload[:2], "big")
            want = 10 if event == 3 else 6
        if want is not None and size != want:
            raise ChunkError(f"type {message.type} of {size} bytes")
        if message.type == 2:
            raise ChunkError("the relay aborts a message")
        if message.type == 1:
            value = int.from_bytes(message.payload, "big")
            if not 1 <= value <= 0x7fffffff:
                raise ChunkError(f"chunk size {value:#x}")
            self.size = value


class _Out:
    __slots__ = ("ts", "delta", "length", "type", "msid", "ext")


class ChunkWriter:
    """Turns messages into chunks, as told."""

    def __init__(self):
        self.size = 128
        self.omit_extended = False      # on fmt 3, as old encoders do
        self._streams = {}

    @staticmethod
    def basic(fmt, csid, form=None):
        """The basic header; form is its length, by default the least."""
        if form is None:
            form = 1 if csid < 64 else 2 if csid < 320 else 3
        if form == 1:
            return bytes([fmt << 6 | csid])
        if form == 2:
            return bytes([fmt << 6, csid - 64])
        return bytes([fmt << 6 | 1, (csid - 64) & 255, (csid - 64) >> 8])

    def chunks(self, mtype, payload, ts=0, csid=3, msid=0, fmt=None,
               form=None):
        """The chunks of one message, a list of bytes, for interleaving."""
        ts &= MASK
        old = self._streams.get(csid)
        fmt = self._choose(old, fmt, mtype, ts, msid, len(payload))
        new = self._streams[csid] = _Out()
        new.ts, new.length, new.type, new.msid = ts, len(payload), mtype, msid
        new.delta = ts if fmt == 0 else (ts - (old.ts if old else 0)) & MASK
        new.ext = old.ext if fmt == 3 else None
        head = b""
        if fmt < 3:
            field = new.delta
            if field >= 0xffffff:
                new.ext, field = field, 0xffffff
            head = field.to_bytes(3, "big")
            if fmt < 2:
                head += len(payload).to_bytes(3, "big") + bytes([mtype])
            if fmt == 0:
                head += msid.to_bytes(4, "little")
        ext = b"" if new.ext is None else new.ext.to_bytes(4, "big")
        again = b"" if self.omit_extended else ext
        first = self.basic(fmt, csid, form) + head
        first += again if fmt == 3 else ext
        rest = self.basic(3, csid, form) + again
        size = self.size
        view = memoryview(payload)
        out = [first + view[:size]]
        out += [rest + view[at:at + size]
                for at in range(size, len(payload), size)]
        return out

    @staticmethod
    def _choose(old, fmt, mtype, ts, msid, length):
        """The header type: as told, if it can say this, else the best."""
        if fmt is not None and (fmt == 0 or old is not None):
            if fmt >= 1 and old.msid != msid:
                raise ValueError("fmt 1-3 cannot change the msid")
            if fmt >= 2 and (old.length, old.type) != (length, mtype):
                raise ValueError("fmt 2-3 cannot change length or type")
            if fmt == 3 and (ts - old.ts) & MASK != old.delta:
                raise ValueError("fmt 3 cannot change the delta")
            return fmt
        if old is None or old.msid != msid:
            return 0
        return 0 if (ts - old.ts) & MASK > MASK >> 1 else 1

    def message(self, *args, **kwargs):
        """The bytes of one message."""
        return b"".join(self.chunks(*args, **kwargs))
