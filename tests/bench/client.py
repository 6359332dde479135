"""client.py ROUNDS COUNT NAME=COMMAND...: terminal clients on the same mail.

Each runs in a pseudo terminal of 80x24.  Measured in milliseconds: from its
start to the newest subject on the screen, from a key to the end of what it
repaints, from Enter to the text of the newest letter, and to that of the one
below it, which is large.  COUNT 0: rows without files, so nothing is opened.
"""
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import sys
import termios
import time

import measure

QUIET = 0.03        # no output for this long: the repaint is over


class Screen:
    def __init__(self, command):
        self.text = b""
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp("sh", ["sh", "-c", "exec " + command])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, 80, 0, 0))

    def read(self, seconds):
        """More output within that time?"""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:
            return False
        # Terminals are asked what they are; an answer is waited for.
        if b"\x1b[c" in more:
            os.write(self.fd, b"\x1b[?62;c")
        if b"\x1b[6n" in more:
            os.write(self.fd, b"\x1b[1;1R")
        self.text += more
        return bool(more)

    def until(self, word, seconds=60):
        """ms since `start` until the word was painted, None if never."""
        end = time.monotonic() + seconds
        plain = b""
        while time.monotonic() < end:
            if not self.read(0.5):
                continue
            plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]", b"",
                           self.text)
            if word in plain:
                return (time.monotonic() - self.start) * 1000
        return None

    def settle(self):
        while self.read(0.3):
            pass
        self.text = b""

    def key(self, k):
        """ms from a key to the last octet that it made the client paint."""
        self.settle()
        self.start = last = time.monotonic()
        os.write(self.fd, k)
        if self.read(2):
            last = time.monotonic()
            while self.read(QUIET):
                last = time.monotonic()
        return (last - self.start) * 1000

    def enter(self, word):
        """ms from Enter until that word is seen."""
        self.settle()
        self.start = time.monotonic()
        os.write(self.fd, b"\r")
        return self.until(word, 10) or float("nan")

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def run(command, count):
    s = Screen(command)
    try:
        first = s.until(b"bench newest")
        if first is None:
            sys.stderr.write(s.text[-2000:].decode("latin-1") + "\n")
            return None
        keys = [s.key(b"j") for _ in range(5)] + [s.key(b"k")
                                                 for _ in range(5)]
        if count == 0:
            return first, measure.median(keys)
        opened = s.enter(b"bench-body-%d" % (count - 1))
        os.write(s.fd, b"q")
        s.settle()
        os.write(s.fd, b"j")
        large = s.enter(b"bench-big-start")
        return first, measure.median(keys), opened, large
    finally:
        s.close()


def main():
    rounds, count = int(sys.argv[1]), int(sys.argv[2])
    commands = [a.split("=", 1) for a in sys.argv[3:]]
    got = {name: [] for name, _ in commands}
    for _ in range(rounds):
        for name, command in commands:
            r = run(command, count)
            if r is not None:
                got[name].append(r)
    what = ["first list", "key", "open", "open 4.6M"][:4 if count else 2]
    measure.row("client, %s (ms)" % (
        "%d letters" % count if count else "rows alone"), *what)
    for name, rows in got.items():
        if not rows:
            measure.row(name, "never")
            continue
        measure.row(name, *("%.0f" % measure.median(r[i] for r in rows)
                            for i in range(len(what))))
    ours = got.get("mailnode")
    for name, rows in got.items():
        if ours and rows and name != "mailnode":
            measure.row("  %s / mailnode" % name, *(
                "%.1f" % (measure.median(r[i] for r in rows) /
                          measure.median(r[i] for r in ours))
                for i in range(len(what))))


if __name__ == "__main__":
    main()
