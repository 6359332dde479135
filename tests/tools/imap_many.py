"""A MULTIAPPEND that is refused when part of it has come, on a disk that fails
when part of it is written, and with kill -9 of the whole node around it:
imap_many.py NODE [TIMES]: all of its messages stand there, or none does."""
import errno
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import crash                                            # noqa: E402
import imapc                                            # noqa: E402
import node as n                                        # noqa: E402

tap = n.Tap()
node = n.Node(sys.argv[1])
secret = open(os.path.join(node.dir, "secret")).read().strip()
times = int(sys.argv[2]) if len(sys.argv) > 2 else 5
COUNT = 40


shm = crash.Shm(os.path.join(node.dir, "crash"), "keeper filer")


def up(**more):
    if not node.start(**more):
        tap.ok("it starts", False)
    node.unlock()
    node.whole()
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    return c


def there(word):
    """None: not now.  A session of its own: on a slow disk one ends when
    keeper does not answer."""
    try:
        c = imapc.Imap(node.port("imap"))
        c.login("me@node.test", secret)
        for line in c.ok("STATUS %s (MESSAGES)" % word):
            return int(re.search(rb"MESSAGES (\d+)", line).group(1))
    except (imapc.Closed, AssertionError, OSError):
        return None


def files(word):
    return sum(len(os.listdir(os.path.join(node.mail, word, sub)))
               for sub in ("cur", "new"))


def letters(word, count, octets):
    return [b"Message-ID: <%s.%d@many>\r\n\r\n%s\r\n" %
            (word.encode(), k, b"z" * octets) for k in range(count)]


def command(word, parts, more=b"\r\n"):
    return b"m APPEND %s%s%s" % (word.encode(), b"".join(
        b" {%d+}\r\n%s" % (len(p), p) for p in parts), more)


def spool():
    return sorted(os.listdir(os.path.join(node.mail, ".mailnode", "spool")))


def none_stands(what, word, why=""):
    good = n.wait_for(lambda: files(word) == 0 and spool() == rest)
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    got = there(word)
    c.close()
    return tap.ok(what, good and got == 0 and not why,
                  (why, files(word), got, spool()))


# ---- refused, or cut ----

c = up(**shm.env(n.top))
rest = spool()
c.ok("CREATE Some")
some = letters("Some", 5, 100000)
c.send(command("Some", some, b" {99999999999}\r\n"))
said = c.until("m")[1]
none_stands("one over the size: nothing of those before stays", "Some",
            b"" if said.startswith(b"NO [TOOBIG]") else said)
for end in b" (\\Seen", b" {300000+}\r\nSubject: cut", b"":
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    c.send(command("Some", some, end))
    c.close()
    none_stands("cut behind %r" % end[:20], "Some")

# ---- a disk that fails ----

c = imapc.Imap(node.port("imap"))
c.login("me@node.test", secret)


def on_disk(word, number, name, on):
    """A MULTIAPPEND when from call number on (or in it alone) all fails."""
    c.ok("CREATE " + word)
    shm.used = crash.HEAD
    shm.fail_errno = getattr(errno, name)
    shm.calls = 0
    shm.fail_until = (1 << 63) if on else number + 1
    shm.fail_from = number
    shm.on = 1
    c.send(command(word, letters(word, 5, 100000)))
    c.sock.settimeout(2)
    try:
        said = c.until("m")[1]
    except TimeoutError:        # all stand: it is said when it is written
        said = None
    total = shm.calls
    shm.fail_from = shm.fail_until = shm.on = 0
    c.sock.settimeout(20)
    return said or c.until("m")[1], total


said, total = on_disk("Good", 1 << 62, "EIO", True)
tap.ok("on a good disk it is taken", said.startswith(b"OK"), said)
refused = 0
for name, on in (("ENOSPC", True), ("EIO", False)):
    bad = []
    for k in range(3):
        word = "%s%d" % (name, k)
        said, _ = on_disk(word, 1 + total * (2 * k + 1) // 6, name, on)
        want = 5 if said.startswith(b"OK") else 0
        refused += want == 0
        if not n.wait_for(lambda: files(word) == want and
                          there(word) == want and spool() == rest):
            bad.append((word, said, files(word), there(word), spool()))
    tap.ok("%s while they are written: all or none" % name, not bad, bad)
tap.ok("and some were refused", refused > 0, refused)
node.stop()

# ---- kill -9 ----

c = up()
none = whole = 0
for i in range(times):
    word = "Many%d" % i
    c.ok("CREATE " + word)
    c.ok("SELECT " + word)
    parts = b"".join(b" {%d+}\r\n%s" % (len(m), m) for m in (
        b"Message-ID: <%d.%d@many>\r\n\r\n%s\r\n" % (i, k, b"z" * 20000)
        for k in range(COUNT)))
    c.send(b"m APPEND %s%s\r\n" % (word.encode(), parts))
    took = None
    if i == 0:          # how long it takes
        start = time.monotonic()
        tap.ok("it is taken", c.until("m")[1].startswith(b"OK [APPENDUID"))
        span = time.monotonic() - start
        took = True
    else:
        time.sleep(random.random() * span * 1.2)
    node.kill()
    c = up()
    c.ok("SELECT " + word)
    # What a crash left is dropped, not listed; what was whole is listed, one
    # by one where the rows were not there yet.
    n.wait_for(lambda: node.run("fsck").returncode == 0 and
               files(word) in (0, COUNT) and there(word) == files(word))
    got = there(word)
    good = got == COUNT or (got == 0 and not took)
    good = good and files(word) == got
    none, whole = none + (got == 0), whole + (got == COUNT)
    tap.ok("all or none, %d" % i, good, (got, files(word)))
print("# none %d, all %d" % (none, whole))
node.stop()
tap.end()
