"""imap.py letters DIR N: a Maildir of N letters.
imap.py run ROUNDS "NAME PORT USER PASSWORD"...: the same commands to each, in
turn; the best round counts, and the ratio is that of the last to the first."""
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tools"))
import imapc                                            # noqa: E402


def letters(path, count):
    random.seed(5)
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub))
    words = ["".join(random.choices("abcdefghijklmnopqrstuvwxyz",
                                    k=random.randint(3, 9)))
             for _ in range(5000)]
    for i in range(count):
        body = "\r\n".join(" ".join(random.choices(words, k=10))
                           for _ in range(random.randint(5, 60)))
        with open("%s/cur/%d.M%dP1.bench:2,%s" % (
                path, 1752566400 + i, i, "S" if i % 5 else ""), "w",
                newline="") as f:
            f.write("From: Person %d <p%d@x%d.test>\r\nTo: me@node.test\r\n"
                    "Subject: %s %d\r\nMessage-ID: <g%d@bench.test>\r\n"
                    "Date: Tue, %d Jul 2025 10:%02d:00 +0200\r\n\r\n%s\r\n" %
                    (i % 997, i % 997, i % 31, " ".join(
                        random.choices(words, k=2)), i, i, i % 28 + 1,
                     i % 60, body))


def sink(c, text):
    """The octets of an answer, unread."""
    c.n += 1
    tag = b"t%d" % c.n
    c.send(tag + b" " + text.encode() + b"\r\n")
    tail, total, c.buf = c.buf, 0, b""
    end = re.compile(rb"(?:^|\n)" + tag + rb" (OK|NO|BAD)[^\n]*\r\n$")
    while True:
        m = end.search(tail)
        if m:
            assert m.group(1) == b"OK", (text, tail[-200:])
            return total
        data = c.sock.recv(1 << 20)
        if not data:
            raise imapc.Closed()
        total += len(data)
        tail = (tail + data)[-4000:]


def login(server):
    c = imapc.Imap(int(server[1]), 120)
    c.login(server[2], server[3])
    return c


def select(server):
    c = login(server)
    c.ok("SELECT Big")
    c.close()


def append(c):
    for i in range(200):
        _, tagged = c.append("Bench", "Subject: x\r\nMessage-ID: <%f@x>\r\n"
                             "\r\nhello\r\n" % time.time())
        assert tagged.startswith(b"OK"), tagged


COMMANDS = (
    "FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)",
    "FETCH 1:* ENVELOPE", "FETCH 1:3000 BODY.PEEK[]",
    "STORE 1:10000 +FLAGS.SILENT (\\Flagged)",
    "STORE 1:10000 -FLAGS.SILENT (\\Flagged)",
    "SEARCH SUBJECT abc", "SEARCH FROM p500@", "SEARCH TEXT nowhereatall",
)


def measure(server, what):
    if what == "login and SELECT":
        start = time.perf_counter()
        select(server)
        return time.perf_counter() - start
    c = login(server)
    if what == "APPEND of 200":
        c.cmd("CREATE Bench")
        start = time.perf_counter()
        append(c)
    else:
        c.ok("SELECT Big")
        sink(c, "FETCH 1 UID")
        if what.startswith("STORE"):    # so that there is something to do
            sink(c, what.translate(str.maketrans("+-", "-+")))
        start = time.perf_counter()
        sink(c, what)
    spent = time.perf_counter() - start
    c.close()
    return spent


def run(rounds, servers):
    print("%-46s" % "ms" + "".join("%10s" % s[0] for s in servers) +
          ("     ratio" if len(servers) > 1 else ""))
    for what in ("login and SELECT",) + COMMANDS + ("APPEND of 200",):
        best = [min(measure(s, what) for _ in range(rounds))
                for s in servers]
        line = "%-46s" % what + "".join("%10.1f" % (b * 1000) for b in best)
        if len(best) > 1:
            line += "%9.1fx" % (best[-1] / best[0])
        print(line, flush=True)


if sys.argv[1] == "letters":
    letters(sys.argv[2], int(sys.argv[3]))
else:
    run(int(sys.argv[2]), [s.split() for s in sys.argv[3:]])
