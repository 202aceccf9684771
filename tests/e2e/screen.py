# SPDX-License-Identifier: ISC
"""A terminal for a program: a pty, and a screen that its output is drawn on.

Knows as much of an xterm as curses uses of it; what it does not know is an
error, so that no test reads a screen that nobody would see."""
import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import unicodedata

from procs import wait_until

CONTROL = re.compile(
    r"\x1b\[(?P<private>[?>]?)(?P<args>[\d;]*)(?P<final>[@-~])"
    r"|\x1b(?P<charset>[()][0-9A-Z])|\x1b(?P<other>[=>78M])")
PARTIAL = re.compile(r"\x1b(\[[?>]?[\d;]*|[()])?$")


def width(char):
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


BLANK = (" ", False, None)


class Grid:
    """The screen: what is written where, whether reversed, and the number
    of its colour."""

    def __init__(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.row = self.column = 0
        self.reverse, self.colour = False, None
        self.wraps = True
        self.alternate = False          # the screen that full-screen use
        self.cells = self._blank()
        self.region = (0, lines)
        self.last = " "

    def _blank(self):
        return [[BLANK] * self.columns for _ in range(self.lines)]

    def text(self):
        return ["".join(c for c, *_ in row).rstrip() for row in self.cells]

    def reversed(self):
        """Lines whose first column is reversed."""
        return [y for y, row in enumerate(self.cells) if row[0][1]]

    def write(self, char):
        if width(char) == 0:
            before, *marked = self.cells[self.row][self.column - 1]
            self.cells[self.row][self.column - 1] = (before + char, *marked)
            return
        if self.column >= self.columns and self.wraps:
            self.column = 0
            self.down()
        self.column = min(self.column, self.columns - 1)
        self.last = char
        self.cells[self.row][self.column] = (char, self.reverse,
                                             self.colour)
        if width(char) == 2:
            self.cells[self.row][self.column + 1] = ("", self.reverse,
                                                     self.colour)
        self.column += width(char)

    def down(self):
        first, end = self.region
        if self.row == end - 1:
            self.cells[first:end] = self.cells[first + 1:end] + [
                [BLANK] * self.columns]
        else:
            self.row += 1

    def plain(self, char):
        if char == "\n":
            self.down()
        elif char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif char == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif char not in "\x07\x0e\x0f":
            if ord(char) < 32 or 0x7f <= ord(char) < 0xa0:
                raise AssertionError(f"{char!r} on the screen")
            self.write(char)

    def control(self, private, args, final):
        numbers = [int(a or 0) for a in args.split(";")]
        if private:
            if final in "hl" and numbers[0] in (47, 1047, 1049):
                self.alternate = final == "h"
                self.cells = self._blank()
            if numbers[0] == 7:
                self.wraps = final == "h"
            return
        self.column = min(self.column, self.columns - 1)
        method = {"H": self.goto, "f": self.goto, "J": self.erase_screen,
                  "K": self.erase_line, "m": self.attributes,
                  "r": self.scroll_region}.get(final)
        if method:
            method(numbers)
        elif final not in "lht":        # modes, and the window's title
            self.step(final, max(1, numbers[0]))

    def step(self, final, n):
        row = self.cells[self.row]
        blank = [BLANK] * n
        if final in "AB":
            self.row += n if final == "B" else -n
        elif final in "CD":
            self.column += n if final == "C" else -n
        elif final == "G":
            self.column = n - 1
        elif final == "d":
            self.row = n - 1
        elif final == "X":
            row[self.column:self.column + n] = blank
        elif final == "P":
            row[self.column:] = row[self.column + n:] + blank
        elif final == "@":
            row[self.column:] = (blank + row[self.column:])[
                :self.columns - self.column]
        elif final == "b":
            for _ in range(n):
                self.write(self.last)
        elif final in "LMST":
            self.shift(final, n)
        else:
            raise AssertionError(f"unknown: CSI {n} {final}")

    def shift(self, final, n):
        top, end = self.region
        if final in "LM":
            top = self.row
        lines = self.cells[top:end]
        blank = [[BLANK] * self.columns for _ in range(n)]
        lines = lines[n:] + blank if final in "MS" else blank + lines[:-n]
        self.cells[top:end] = lines

    def goto(self, numbers):
        row, column = (numbers + [1])[:2]
        self.row, self.column = max(1, row) - 1, max(1, column) - 1

    def scroll_region(self, numbers):
        if len(numbers) == 2:
            self.region = (numbers[0] - 1, numbers[1])
        else:
            self.region = (0, self.lines)
        self.row = self.column = 0

    def erase_screen(self, numbers):
        if numbers[0] == 2:
            self.cells = self._blank()
            return
        self.erase_line([numbers[0]])
        part = (slice(self.row + 1, self.lines) if numbers[0] == 0
                else slice(0, self.row))
        self.cells[part] = self._blank()[part]

    def erase_line(self, numbers):
        part = {0: slice(self.column, self.columns),
                1: slice(0, self.column + 1),
                2: slice(0, self.columns)}[numbers[0]]
        row = self.cells[self.row]
        row[part] = [BLANK] * len(row[part])

    def attributes(self, numbers):
        for n in numbers:
            if n in (0, 27):
                self.reverse = False
            elif n == 7:
                self.reverse = True
            if n in (0, 39):
                self.colour = None
            elif 30 <= n < 38:
                self.colour = n - 30


class Screen:
    """A program on a terminal of its own."""

    def __init__(self, argv, columns=80, lines=24, **env):
        self.lock = threading.Lock()
        self.grid = Grid(columns, lines)
        self.master, slave = pty.openpty()
        self._resize(columns, lines)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.popen = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=self._own_terminal,
            env={**os.environ, "TERM": "xterm-256color",
                 "LC_ALL": "C.UTF-8", **env})
        self.pid = self.popen.pid
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._error = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @staticmethod
    def _own_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        with self.lock:
            self.grid = Grid(columns, lines)
        self._resize(columns, lines)
        os.kill(self.pid, signal.SIGWINCH)

    def _read(self):
        try:
            while True:
                data = os.read(self.master, 65536)
                with self.lock:
                    self._draw(self._decoder.decode(data))
        except OSError:
            pass                        # closed
        except AssertionError as err:
            self._error = err

    def _draw(self, text):
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.grid.plain(text[at])
                at += 1
                continue
            match = CONTROL.match(text, at)
            if not match:
                if not PARTIAL.match(text, at):
                    raise AssertionError(f"unknown: {text[at:at + 9]!r}")
                self._rest = text[at:]
                return
            at = match.end()
            if match["final"]:
                self.grid.control(match["private"], match["args"],
                                  match["final"])

    @property
    def lines(self):
        with self.lock:
            return self.grid.text()

    @property
    def selected(self):
        """The line that is reversed, the heads left out."""
        with self.lock:
            found = [self.grid.text()[y] for y in self.grid.reversed()
                     if y > 3]
        return found[0] if found else None

    def colour_of(self, pattern):
        """The colours of what matches, of the first line where it does."""
        with self.lock:
            for y, line in enumerate(self.grid.text()):
                match = re.search(pattern, line)
                if match:
                    return {c for _, _, c in
                            self.grid.cells[y][slice(*match.span(1))]}
        return None

    def wait(self, pattern, timeout=5.0):
        """The first line that matches, once there is one."""
        def found():
            if self._error:
                raise self._error
            return next((m for m in (re.search(pattern, n)
                                     for n in self.lines) if m), None)
        try:
            return wait_until(found, timeout, pattern)
        except TimeoutError:
            raise AssertionError(f"no {pattern!r} on the screen:\n"
                                 + "\n".join(self.lines)) from None

    def wait_selected(self, pattern, timeout=5.0):
        wait_until(lambda: re.search(pattern, self.selected or ""), timeout,
                   f"{pattern} to be selected")

    def type(self, keys):
        os.write(self.master, keys.encode())

    def restored(self):
        """Is the terminal as it was before?"""
        with self.lock:
            return (not self.grid.alternate
                    and termios.tcgetattr(self.slave) == self.before)

    def end(self, timeout=3):
        """Its exit status, once it has ended and its output was drawn."""
        status = self.popen.wait(timeout)
        wait_until(lambda: not self.grid.alternate, 2, "the screen back")
        return status

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(5)
        os.close(self.slave)
        self._thread.join(2)
        os.close(self.master)

    abandon = kill = close
