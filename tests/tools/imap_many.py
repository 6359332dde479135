"""kill -9 of a whole node around a MULTIAPPEND: imap_many.py NODE [TIMES]:
all of its messages stand there, or none does."""
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import imapc                                            # noqa: E402
import node as n                                        # noqa: E402

tap = n.Tap()
node = n.Node(sys.argv[1])
secret = open(os.path.join(node.dir, "secret")).read().strip()
times = int(sys.argv[2]) if len(sys.argv) > 2 else 5
COUNT = 40


def up():
    if not node.start():
        tap.ok("it starts", False)
    node.unlock()
    c = imapc.Imap(node.port("imap"))
    c.login("me@node.test", secret)
    return c


def there(c, word):
    for line in c.ok("STATUS %s (MESSAGES)" % word):
        return int(re.search(rb"MESSAGES (\d+)", line).group(1))


def files(word):
    return sum(len(os.listdir(os.path.join(node.mail, word, sub)))
               for sub in ("cur", "new"))


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
    got = there(c, word)
    good = got == COUNT or (got == 0 and not took)
    # what a crash left is dropped, not listed
    good = good and n.wait_for(lambda: files(word) == got)
    none, whole = none + (got == 0), whole + (got == COUNT)
    tap.ok("all or none, %d" % i, good, (got, files(word)))
print("# none %d, all %d" % (none, whole))
node.stop()
tap.end()
