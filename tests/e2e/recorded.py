# SPDX-License-Identifier: ISC
"""FLV files that were recorded: read strictly, and judged."""
import re
from dataclasses import dataclass

import amf
import flv
from procs import wait_until

HEAD, TAIL, FIRST = 11, 4, 13


@dataclass(frozen=True)
class Tag:
    type: int
    ts: int
    payload: bytes
    pos: int
    arrival: float = 0

    @property
    def uts(self):
        return self.ts


class File:
    """One recording. A torn one may end within a tag."""

    def __init__(self, path, torn=False):
        self.path = path
        self.data = path.read_bytes()
        assert self.data[:4] == b"FLV\1", path
        assert self.data[5:FIRST] == b"\0\0\0\x09\0\0\0\0"
        self.tags = []
        pos = FIRST
        while pos < len(self.data):
            size = int.from_bytes(self.data[pos + 1:pos + 4], "big")
            end = pos + HEAD + size + TAIL
            if end > len(self.data):
                assert torn, f"{path} ends within a tag"
                break
            back = int.from_bytes(self.data[end - TAIL:end], "big")
            assert back == HEAD + size, f"{path}: {pos}"
            ts = int.from_bytes(self.data[pos + 4:pos + 7], "big")
            self.tags.append(Tag(
                self.data[pos], ts | self.data[pos + 7] << 24,
                self.data[pos + HEAD:pos + HEAD + size], pos))
            pos = end
        self.whole = min(pos, len(self.data))

    @property
    def metadata(self):
        name, values = amf.decode(self.tags[0].payload)
        assert (self.tags[0].type, name) == (flv.DATA, "onMetaData")
        return values

    def frames(self):
        return [t for t in self.tags if flv.is_frame(t.type, t.payload)]

    def messages(self):
        """What a subscriber would have got."""
        return [t for t in self.tags if flv.kind(t)]

    def check(self):
        """Complete, and each key frame where the index says it is."""
        told = self.metadata
        assert told["filesize"] == len(self.data)
        assert told["duration"] == max(t.ts for t in self.tags) / 1000
        index = list(zip(told["keyframes"]["times"],
                         told["keyframes"]["filepositions"]))
        keys = [(t.ts / 1000, t.pos) for t in self.tags
                if flv.is_key(t.type, t.payload)]
        assert index == keys
        kinds = {t.type for t in self.frames()}
        assert self.data[4] == (4 if flv.AUDIO in kinds else 0) \
            | (1 if flv.VIDEO in kinds else 0)
        return self

    def check_start(self):
        """Playable alone: metadata, the headers of all that follows, and a
        key frame if there is video; time begins near 0."""
        first = self.frames()[0]
        before = {flv.kind(t) for t in self.tags if t.pos < first.pos}
        kinds = {t.type for t in self.frames()}
        need = {"metadata"}
        need |= {"avc-header"} if flv.VIDEO in kinds else set()
        need |= {"aac-header"} if flv.AUDIO in kinds else set()
        assert need <= before
        video = [t for t in self.frames() if t.type == flv.VIDEO]
        assert not video or flv.kind(video[0]) == "key"
        assert first.ts < 100
        return self


def files(directory):
    """All recordings beneath it, in the order of their names."""
    def order(path):
        return [int(w) if w.isdigit() else w
                for w in re.split(r"(\d+)", str(path))]
    return sorted(directory.rglob("*.flv"), key=order)


def wait_complete(server, count=1, timeout=10):
    """Until so many files were completed; the names of all of them."""
    def stops():
        return re.findall(r"record-stop stream=\S+ file=(\S+)", server.log())
    wait_until(lambda: len(stops()) >= count, timeout,
               f"{count} recordings in\n{server.log()[-3000:]}")
    return stops()


def wait_growth(path, more=1, timeout=8):
    """Until the file has grown by so many bytes."""
    size = path.stat().st_size
    wait_until(lambda: path.stat().st_size >= size + more, timeout,
               f"{path} to grow")


def same_frames(got, sent):
    """Payloads and order are those that were sent."""
    want = [(m.type, m.payload) for m in sent
            if flv.is_frame(m.type, m.payload)]
    have = [(t.type, t.payload) for t in got]
    assert len(have) == len(want), f"{len(have)} frames of {len(want)}"
    assert have == want


def same_times(got, sent):
    """Distances in time are those of what was sent."""
    ts = {(m.type, m.payload): m.ts for m in sent}
    shifts = {ts[t.type, t.payload] - t.ts for t in got}
    assert len(shifts) == 1, shifts
