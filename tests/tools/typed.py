#!/usr/bin/python3
"""typed.py [PROMPT ANSWER]... -- COMMAND...

Runs COMMAND on a terminal of its own, waits for each PROMPT and types its
ANSWER ("^C" is the key).  Prints what the terminal showed, then "echo=on" or
"echo=off" as the command left it; exits as the command did, 99 on a timeout.
"""
import os
import pty
import select
import sys
import termios
import time

DEADLINE_S = 20


def main():
    split = sys.argv.index("--")
    script = sys.argv[1:split]
    pairs = list(zip(script[::2], script[1::2]))
    command = sys.argv[split + 1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    until = time.monotonic() + DEADLINE_S
    seen = b""
    searched = 0
    flags = None
    while True:
        left = until - time.monotonic()
        if left <= 0:
            os.kill(pid, 9)
            sys.stdout.write(seen.decode(errors="replace"))
            sys.exit(99)
        ready, _, _ = select.select([fd], [], [], min(left, 0.1))
        try:
            flags = termios.tcgetattr(fd)[3]
        except termios.error:
            pass
        if not ready:
            continue
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            break
        seen += data
        if pairs:
            at = seen.find(pairs[0][0].encode(), searched)
            if at >= 0:
                searched = at + len(pairs[0][0])
                answer = pairs.pop(0)[1]
                os.write(fd, b"\x03" if answer == "^C" else
                         answer.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(seen.decode(errors="replace"))
    if flags is not None:
        print("echo=" + ("on" if flags & termios.ECHO else "off"))
    code = os.waitstatus_to_exitcode(status)
    sys.exit(128 - code if code < 0 else code)


main()
