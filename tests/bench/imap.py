"""imap.py letters DIR N: a Maildir of N letters.
imap.py run ROUNDS SERVER...: the same commands to each, in turn; the best
round counts (the sum of all for APPEND), and the ratio is that of the last
server to the first.
imap.py large ROUNDS SERVER: what must not depend on the size of INBOX.
imap.py memory N SERVER...: N sessions, PSS of each.

SERVER is "NAME PORT USER PASSWORD PID [DIR]": PID leads the server's processes.
"Cold" is a machine that was just started: the kernel's caches are dropped, and
the time runs from the connection on.  "Never asked" is that, and what the
server learnt when it was asked (DIR/dovecot*) is gone too, as on the day it is
set up or when mail alone was restored.  mailnode has nothing of that kind: what
it knows of a message it learns when it comes, which is not in these times.
Both want root."""
import glob
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tools"))
import imapc                                            # noqa: E402
import measure                                          # noqa: E402


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
    while True:
        # The last line alone: the client is not what is measured.
        if tail.endswith(b"\r\n"):
            last = tail[tail.rfind(b"\n", 0, -2) + 1:]
            if last.startswith(tag + b" "):
                assert last.startswith(tag + b" OK"), (text, last)
                return total
        data = c.sock.recv(1 << 20)
        if not data:
            raise imapc.Closed()
        total += len(data)
        tail = data if len(data) >= 4000 else (tail + data)[-4000:]


def login(server):
    c = imapc.Imap(int(server[1]), 120)
    c.login(server[2], server[3])
    return c


def opened(server, box="Big"):
    c = login(server)
    c.ok("SELECT " + box)
    return c


def timed(fn):
    start = time.perf_counter()
    fn()
    return time.perf_counter() - start


# ---- each takes a server and returns seconds ----

def login_select(server, box="Big"):
    return min(timed(lambda: opened(server, box).close())
               for _ in range(10))


def command(text):
    def run(server):
        c = opened(server)
        sink(c, "FETCH 1 UID")
        if text.startswith("STORE"):    # so that there is something to do
            sink(c, text.translate(str.maketrans("+-", "-+")))
        spent = timed(lambda: sink(c, text))
        c.close()
        return spent
    return run


def cold(text, never=False):
    def run(server):
        for name in glob.glob(server[5] + "/dovecot*") if (
                never and len(server) > 5) else ():
            os.unlink(name)
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
            f.write("3\n")

        def ask():
            c = opened(server)
            sink(c, text)
            c.close()
        return timed(ask)
    return run


def append(server):
    """A tenth of them."""
    c = login(server)
    c.cmd("CREATE Bench")

    def fill():
        for _ in range(100):
            _, tagged = c.append("Bench", "Subject: x\r\nMessage-ID: <%f@x>"
                                 "\r\n\r\nhello\r\n" % time.time())
            assert tagged.startswith(b"OK"), tagged
    spent = timed(fill)
    c.close()
    return spent


def resync(server, box="Big", count=10):
    """What `count` changes of another cost who comes back."""
    c = login(server)
    told = b" ".join(c.ok("SELECT %s (CONDSTORE)" % box))
    known = int(re.search(rb"HIGHESTMODSEQ (\d+)", told).group(1))
    exists = int(re.search(rb"(\d+) EXISTS", told).group(1))
    for i in range(count):
        c.ok("STORE %d FLAGS.SILENT (%s)" % (
            1 + i * (exists // count),
            random.choice(("\\Seen", "\\Answered \\Seen", "\\Flagged"))))
    c.close()
    c = login(server)

    def catch_up():
        c.ok("SELECT %s (CONDSTORE)" % box)
        told = c.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % known)
        assert len(told) <= count + 2, told
    spent = timed(catch_up)
    c.close()
    return spent


# What is warm comes before what is cold.  STORE comes last: the files are
# renamed behind its answer, and what is measured meanwhile pays for it.
WHAT = (
    ("login and SELECT", login_select),
    ("APPEND of 1000", append),
    ("FETCH 1:* (UID FLAGS)", None),
    ("FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)", None),
    ("FETCH 1:* ENVELOPE", None),
    ("FETCH 1:3000 BODY.PEEK[]", None),
    ("SEARCH SUBJECT abc", None),
    ("SEARCH FROM p500@", None),
    ("SEARCH HEADER Message-ID nowhereatall", None),
    ("SEARCH HEADER X-Spam yes", None),
    ("SEARCH TEXT nowhereatall", None),
    ("FETCH 1:* (UID FLAGS), cold", cold("FETCH 1:* (UID FLAGS)")),
    ("FETCH 1:* ENVELOPE, cold", cold("FETCH 1:* ENVELOPE")),
    ("FETCH 1:* (UID FLAGS), never asked",
     cold("FETCH 1:* (UID FLAGS)", True)),
    ("FETCH 1:* ENVELOPE, never asked", cold("FETCH 1:* ENVELOPE", True)),
    ("10 changes, CHANGEDSINCE", resync),
    ("STORE 1:10000 +FLAGS.SILENT (\\Flagged)", None),
    ("STORE 1:10000 -FLAGS.SILENT (\\Flagged)", None),
)


def taken(what, fn, rounds, servers):
    """In turn, so that what else the machine does is everybody's."""
    got = [[] for _ in servers]
    for _ in range(rounds):
        for g, server in zip(got, servers):
            g.append((fn or command(what))(server))
    return got


def tell(what, got, scale=1000):
    line = "%-50s" % what + "".join("%10.1f" % (b * scale) for b in got)
    if len(got) > 1:
        line += "%9.1fx" % (got[-1] / got[0])
    print(line, flush=True)


def heading(servers, unit):
    print("%-50s" % unit + "".join("%10s" % s[0] for s in servers) +
          ("     ratio" if len(servers) > 1 else ""), flush=True)


def run(rounds, servers):
    heading(servers, "ms")
    for what, fn in WHAT:
        if what.endswith((", cold", ", never asked")) and os.getuid() != 0:
            continue
        if fn is append:
            tell(what, [sum(g) for g in taken(what, fn, 10, servers)])
        else:
            tell(what, [min(g) for g in taken(what, fn, rounds, servers)])


def large(rounds, servers):
    heading(servers, "ms, the large INBOX")
    tell("login and SELECT", [min(login_select(servers[0], "INBOX")
                                  for _ in range(rounds))])
    tell("10 changes, CHANGEDSINCE", [min(resync(servers[0], "INBOX")
                                          for _ in range(rounds))])
    c = opened(servers[0], "INBOX")
    sink(c, "FETCH 1 UID")
    for text in ("FETCH 1:* (UID FLAGS)", "SEARCH SUBJECT abc"):
        tell(text, [timed(lambda: sink(c, text))])


def busy(c):
    sink(c, "FETCH 1:* (UID FLAGS)")
    sink(c, "FETCH 1:500 (ENVELOPE BODY.PEEK[])")
    sink(c, "SEARCH SUBJECT abc")


def settled(session):
    last = None
    while True:
        total = sum(measure.pss(session).values())
        if last is not None and abs(total - last) < 64:
            return total
        last = total
        time.sleep(0.5)


def memory(count, servers):
    """Logged in; at work (with what serves them); and resting behind it."""
    heading(servers, "KiB a session, of %d" % count)
    got = [[], [], []]
    for s in servers:
        before = settled(int(s[4]))
        held = [opened(s) for _ in range(count)]
        got[0].append((settled(int(s[4])) - before) / count)
        for c in held:
            busy(c)
        got[1].append((sum(measure.pss(int(s[4])).values()) - before) / count)
        time.sleep(8)
        got[2].append((settled(int(s[4])) - before) / count)
        for c in held:
            c.close()
    for what, kib in zip(("logged in", "at work", "behind it"), got):
        tell("  " + what, kib, 1)


if sys.argv[1] == "letters":
    letters(sys.argv[2], int(sys.argv[3]))
else:
    {"run": run, "large": large, "memory": memory}[sys.argv[1]](
        int(sys.argv[2]), [s.split() for s in sys.argv[3:]])
