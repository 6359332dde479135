"""kill -9 of a whole node behind IMAP's OK: imap_crash.py NODE"""
import os
import re
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
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    return c


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
c.ok("SELECT To")
got = c.ok("FETCH 1:* (UID BODY.PEEK[TEXT])")
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
out = node.run("fsck", "-j").stdout
tap.ok("fsck agrees", b"error" not in out, out)
node.stop()
tap.end()
