"""kill -9 of a whole node behind IMAP's OK: imap_crash.py NODE"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.dirname(__file__))
import imapc                                            # noqa: E402
import node as n                                        # noqa: E402

tap = n.Tap()
node = n.Node(sys.argv[1])
secret = open(os.path.join(node.dir, "secret")).read().strip()
COUNT = 60


def up():
    tap.ok("it starts", node.start())
    node.unlock()
    node.whole()
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    return c


def shows(folder, items, count):
    """What it has in the end: what was told before a start may still be on
    its way."""
    got = []

    def well():
        c.ok("SELECT " + folder)
        got[:] = [x for x in c.cmd("FETCH 1:* " + items)[0]
                  if b" FETCH " in x.split(b"\r\n")[0]]
        return len(got) == count
    n.wait_for(well)
    return got


def names(folder):
    return sorted(x for sub in ("cur", "new") for x in
                  os.listdir(os.path.join(node.mail, folder, sub)))


def flags(c):
    return [(re.search(rb"UID (\d+)", x).group(1),
             re.search(rb"FLAGS \(([^)]*)\)", x).group(1))
            for x in c.ok("FETCH 1:* (UID FLAGS)") if b" FETCH " in x]


c = up()
c.ok("CREATE From")
c.ok("CREATE To")
for i in range(COUNT):
    c.append("From", "Subject: %d\r\nMessage-ID: <c%d@x>\r\n\r\nbody %d\r\n" %
             (i, i, i))
got = c.ok("SELECT From")
validity = [x for x in got if b"UIDVALIDITY" in x]
c.ok("STORE 1:* +FLAGS.SILENT (\\Flagged)")
c.ok("STORE 1:10 -FLAGS.SILENT (\\Flagged)")
node.kill()

c = up()
got = c.ok("SELECT From")
tap.ok("UIDVALIDITY is the same",
       [x for x in got if b"UIDVALIDITY" in x] == validity)
got = flags(c)
tap.ok("flags of many hold, in their order",
       [u for u, f in got] == [b"%d" % (i + 1) for i in range(COUNT)] and
       [f for u, f in got] == [b""] * 10 + [b"\\Flagged"] * (COUNT - 10), got)
tap.ok("and come to the files", n.wait_for(
    lambda: sum(x.endswith(":2,F") for x in names("From")) == COUNT - 10),
    names("From"))
got, _ = c.cmd("UID MOVE 1:20 To")
moved = [x for x in got if b"COPYUID" in x]
_, appended = c.append("To", "Subject: last\r\n\r\nlast\r\n")
_, copied = c.cmd("UID COPY 21:25 To")
c.ok("STORE 1:5 +FLAGS (\\Deleted)")
c.ok("EXPUNGE")
node.kill()

c = up()
c.ok("SELECT From")
tap.ok("moved and expunged are gone", [u for u, f in flags(c)] ==
       [b"%d" % i for i in range(26, COUNT + 1)], flags(c))
got = shows("To", "(UID BODY.PEEK[TEXT])", 26)
bodies = [re.search(rb"\r\n(.*)\r\n\)$", x, re.S).group(1) for x in got]
tap.ok("moved, appended and copied stand there, whole", bodies ==
       [b"body %d" % i for i in range(20)] + [b"last"] +
       [b"body %d" % i for i in range(20, 25)], got)
uids = [int(re.search(rb"UID (\d+)", x).group(1)) for x in got]
first = uids[0]
tap.ok("with the UIDs that were told",
       uids == list(range(first, first + 26)) and
       b" 1:20 %d:%d]" % (first, first + 19) in moved[0] and
       b" %d]" % (first + 20) in appended and
       b" %d:%d]" % (first + 21, first + 25) in copied,
       (uids, moved, appended, copied))
tap.ok("nothing stands twice", n.wait_for(
    lambda: len(names("To")) == 26 and len(names("From")) == COUNT - 25),
    (names("To"), names("From")))

# A mailbox may get another name, or go, while what was appended to it is on
# its way.
c.ok("CREATE Old")
c.ok("CREATE Short")
for i in range(20):
    c.append("Old", "Subject: o\r\n\r\nold %d\r\n" % i)
c.ok("RENAME Old Fresh")
c.append("Short", "Subject: s\r\n\r\nshort\r\n")
c.ok("DELETE Short")
tap.ok("renamed behind an append", n.wait_for(
    lambda: len(names("Fresh")) == 20) and
    b"MESSAGES 20" in c.ok("STATUS Fresh (MESSAGES)")[0], names("Fresh"))
tap.ok("gone behind an append",
       not os.path.exists(os.path.join(node.mail, "Short")))

# Small ones are answered before they have their files: what came of them
# meanwhile is done when the filer is there again, in its order.
c.ok("CREATE New")
c.append("New", "Subject: n\r\n\r\nnew 0\r\n", "(\\Flagged)")
tap.ok("a first one", n.wait_for(lambda: len(names("New")) == 1))
os.kill(node.pid_of("filer")[0], signal.SIGSTOP)
told = [c.append("New", "Subject: n\r\n\r\nnew %d\r\n" % i,
                 "(\\Flagged)")[1] for i in range(1, 4)]
c.ok("SELECT New")
c.ok("UID STORE 2 +FLAGS.SILENT (\\Seen)")
c.ok("UID MOVE 3 Archive")
c.ok("UID STORE 4 +FLAGS.SILENT (\\Deleted)")
c.ok("UID EXPUNGE 4")
tap.ok("appended without the filer", [x.split(b"]")[0].split()[-1]
                                      for x in told] ==
       [b"2", b"3", b"4"] and len(names("New")) == 1, told)
node.kill()

c = up()
got = shows("New", "(UID FLAGS BODY.PEEK[TEXT])", 2)
tap.ok("they are there, as they were left", [re.search(
    rb"UID (\d+) FLAGS \(([^)]*)\).*\r\n(.*)\r\n\)$", x, re.S).groups()
    for x in got] == [(b"1", b"\\Flagged", b"new 0"),
                      (b"2", b"\\Flagged \\Seen", b"new 1")], got)
got = shows("Archive", "BODY.PEEK[TEXT]", 1)
tap.ok("what moved has moved", len(got) == 1 and b"new 2" in got[0], got)
tap.ok("and nothing else is left", n.wait_for(
    lambda: [x[x.index(":2,"):] for x in names("New")] == [":2,F", ":2,FS"] and
    len(names("Archive")) == 1), (names("New"), names("Archive")))
out = node.run("fsck", "-j").stdout
tap.ok("fsck agrees", b"error" not in out, out)
node.stop()
tap.end()
