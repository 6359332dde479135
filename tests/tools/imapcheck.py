"""imapcheck.py [--plain] [--only NAME…] HOST PORT USER PASSWORD: a black-box
conformance check of an IMAP server, as TAP.

It keeps to RFC 3501 and 9051 and the extensions that the server advertises,
makes mailboxes below "imapcheck" and deletes them again.  Checks that need
an extension the server lacks are skipped.
"""
import argparse
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck import (basic, body, boxes, mail, more, order,   # noqa: E402
                       search, sync)
from imapcheck.wire import Conn, Fail, Where, expect            # noqa: E402


class Bench:
    """What a check is given: the server, and a mailbox of its own."""

    count = 0

    def __init__(self, where, corpus):
        self.where, self.corpus, self.made = where, corpus, []

    def box(self, messages=0, flags=None):
        Bench.count += 1
        name = "imapcheck/b%d.%d" % (os.getpid(), Bench.count)
        c = Conn(self.where)
        c.ok('CREATE "%s"' % name)
        self.made.append(name)
        for i in range(messages):
            r = c.append(name, letter(i + 1, Bench.count), flags)
            expect(r.tagged.kind == b"OK", "APPEND: %r" % r.tagged)
        c.ok("LOGOUT")
        c.close()
        return name

    def open(self, messages=0, flags=None, how="SELECT"):
        """A connection with a new mailbox selected: (c, name)."""
        name = self.box(messages, flags)
        c = Conn(self.where)
        c.ok('%s "%s"' % (how, name))
        return c, name

    def conn(self, name=None):
        """One more connection."""
        c = Conn(self.where)
        if name:
            c.ok('SELECT "%s"' % name)
        return c

    def lacks(self, caps):
        c = Conn(self.where)
        got = [x for x in caps.split() if not c.has(x)]
        c.close()
        return got

    def clean(self):
        c = Conn(self.where)
        for name in self.made:
            c.cmd('DELETE "%s"' % name)
        c.cmd('DELETE "imapcheck"')
        c.close()


def letter(i, box=0):
    return ("From: Ada <ada%d@friend.test>\r\nTo: me@node.test\r\n"
            "Subject: letter %d\r\nMessage-ID: <%d.%d@check.test>\r\n"
            "Date: Sat, %d Nov 2026 07:36:49 +0000\r\n\r\nbody of %d\r\n"
            % (i, i, i, box, i % 28 + 1, i)).encode()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--plain", action="store_true")
    ap.add_argument("--only", nargs="*", default=[])
    ap.add_argument("--corpus")
    ap.add_argument("host")
    ap.add_argument("port", type=int)
    ap.add_argument("user")
    ap.add_argument("password")
    a = ap.parse_args()
    where = Where(a.host, a.port, a.user, a.password, not a.plain)
    n = bad = 0
    for room in (basic, boxes, mail, search, order, more, body, sync):
        for check in room.CHECKS:
            check, caps = check if isinstance(check, tuple) else (check, "")
            name = "%s: %s" % (room.__name__.split(".")[-1],
                               check.__name__.replace("_", " "))
            if a.only and not any(o in name for o in a.only):
                continue
            n += 1
            t = Bench(where, a.corpus)
            why = None
            try:
                missing = t.lacks(caps) if caps else None
                skipped = "no %s" % missing if missing else check(t)
                print("ok %d - %s%s" % (n, name, " # SKIP %s" % skipped
                                        if isinstance(skipped, str) else ""))
            except Fail as e:
                why = str(e)
            except Exception:
                why = traceback.format_exc()
            if why is not None:
                bad += 1
                print("not ok %d - %s" % (n, name))
                print("# " + why[:3000].replace("\n", "\n# "))
            try:
                t.clean()
            except Fail as e:
                print("# clean: %s" % e)
            sys.stdout.flush()
    print("1..%d" % n)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
