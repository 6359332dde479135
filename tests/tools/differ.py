"""differ.py PEER OURS THEIRS USER PASSWORD FILE…: the same messages in this
node and in PEER, dovecot or cyrus (TLS ports); what both make of them, as TAP,
one case for each kind of answer.  What differs for a reason is made alike
below, with the reason; everything else fails."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck.wire import Conn, Str, Where                     # noqa: E402

PEER = sys.argv[1]
SHOWN = int(os.environ.get("SHOWN", 5))
WIDTH = 500


def blank(v):
    """Blanks are the header's: Dovecot keeps those that lead a field and
    makes one of a folding; we keep what stands in the field."""
    return None if v is None else re.sub(rb"\s+", b" ", v).strip()


def name(v):
    """A display name: inner comments and blanks are each parser's own."""
    return blank(v)


def addresses(v):
    if v is None:
        return None
    got = []
    for a in v:
        host = a[3]
        # no host at all: Dovecot says MISSING_DOMAIN, Cyrus
        # unspecified-domain, we say ""
        if host in (b"MISSING_DOMAIN", b"unspecified-domain", b""):
            host = b""
        box = b"" if a[2] == b"MISSING_MAILBOX" else a[2]
        got.append((name(a[0]), box, host))
    return got


def envelope(e):
    return [blank(e[0]), blank(e[1])] + [addresses(x) for x in e[2:8]] + \
        [blank(e[8]), blank(e[9])]


CHARSET = [Str(b"charset"), Str(b"us-ascii")]


def structure(s):
    """Types, encodings and charsets in any case; the rest to the octet.
    The charset of text without one (RFC 2046 section 4.1.2) we and Dovecot
    say, Cyrus only of parts without a type."""
    if not isinstance(s, list):
        return s.lower() if isinstance(s, bytes) else s
    s = [structure(x) for x in s]
    if PEER == "cyrus" and s[:1] == [b"text"] and len(s) > 2:
        s[2] = s[2][:-2] if s[2] and s[2][-2:] == CHARSET else s[2]
        s[2] = s[2] or None
    return s


class Pair:
    def __init__(self, conns, files):
        self.c, self.files, self.n, self.bad = conns, files, 0, 0
        self.fed = []
        for f in files:
            with open(f, "rb") as h:
                msg = re.sub(rb"\r?\n", b"\r\n", h.read())
            if not msg or b"\0" in msg:
                continue
            n = len(self.fed)       # no two arrived in the same minute
            when = "%02d-Jan-2020 %02d:%02d:00 +0000" % (
                n // 1440 + 1, n // 60 % 24, n % 60)
            # what they do not take is nothing to compare
            if conns[1].append("differ", msg, date=when).tagged.kind == b"OK":
                conns[0].want((b"OK",), ('APPEND differ "%s"' % when,
                                         Str(msg)))
                self.fed.append(f)
        for c in conns:
            c.ok("SELECT differ")

    def both(self, what):
        got = []
        for c in self.c:
            r = c.ok("FETCH 1:* (%s)" % what)
            got.append({s: i for s, i in r.fetched()})
        return got

    def case(self, label, diffs):
        self.n += 1
        self.bad += bool(diffs)
        print("%s %d - %s of %d messages" % (
            "not ok" if diffs else "ok", self.n, label, len(self.fed)))
        for seq, ours, theirs in diffs[:SHOWN]:
            print("# %s\n#  ours   %.*s\n#  theirs %.*s" % (
                os.path.basename(self.fed[seq - 1]) if seq else "",
                WIDTH, repr(ours), WIDTH, repr(theirs)))
        if len(diffs) > SHOWN:
            print("# and %d more" % (len(diffs) - SHOWN))
        sys.stdout.flush()

    def fetch(self, label, what, key, alike=lambda v: v):
        a, b = self.both(what)
        diffs = []
        for seq in range(1, len(self.fed) + 1):
            x, y = alike(a[seq][key]), alike(b[seq][key])
            if x != y:
                if isinstance(x, list) and isinstance(y, list):
                    x, y = [p for p, q in zip(x, y) if p != q], \
                        [q for p, q in zip(x, y) if p != q]
                diffs.append((seq, x, y))
        self.case(label, diffs)

    def search(self, label, keys):
        diffs = []
        for k in keys:
            got = [sorted(c.search(k, uid=False)) for c in self.c]
            if got[0] != got[1]:
                diffs.append((0, (k, got[0]), got[1]))
        self.case(label, diffs)

    def lists(self, label, commands):
        """Names and subscriptions: for levels that are no mailboxes both
        have their own word, \\Marked is a guess, and we tell of children
        unasked."""
        known = {b"\\subscribed"}

        def shape(r):
            return {a.args[2]: (sorted(known & {x.lower() for x in
                                                a.args[0]}),
                                str(a.args[3:]).upper())
                    for a in r.of(b"LIST") + r.of(b"LSUB")}

        diffs = []
        for k in commands:
            got = [shape(c.ok(k)) for c in self.c]
            if got[0] != got[1]:
                diffs.append((0, (k, got[0]), got[1]))
        self.case(label, diffs)

    def answers(self, label, commands, name, alike=lambda v: v):
        """One untagged answer of that name, the same from both."""
        diffs = []
        for k in commands:
            got = [alike(c.ok(k).one(name).args) for c in self.c]
            if got[0] != got[1]:
                diffs.append((0, (k, got[0]), got[1]))
        self.case(label, diffs)


def main():
    ours, theirs, user, password = sys.argv[2:6]
    conns = [Conn(Where("127.0.0.1", int(ours), user, password)),
             Conn(Where("127.0.0.1", int(theirs), "u", "pw"))]
    for c in conns:
        c.ok("CREATE differ")
    p = Pair(conns, sys.argv[6:])
    p.fetch("sizes", "RFC822.SIZE", b"RFC822.SIZE")
    p.fetch("headers", "BODY.PEEK[HEADER]", b"BODY[HEADER]")
    p.fetch("texts", "BODY.PEEK[TEXT]", b"BODY[TEXT]")
    p.fetch("envelopes", "ENVELOPE", b"ENVELOPE", envelope)
    p.fetch("structures", "BODYSTRUCTURE", b"BODYSTRUCTURE", structure)
    p.fetch("short structures", "BODY", b"BODY", structure)
    empty = lambda v: v or b""                                  # noqa: E731
    # Not 1.1, 2.1: Dovecot gives the part again where it has no parts.
    for sec in ("1", "1.MIME", "2", "2.MIME", "1.2", "3"):
        p.fetch("part " + sec, "BODY.PEEK[%s]" % sec,
                b"BODY[%s]" % sec.encode(), empty)
    for fields in ("FROM TO SUBJECT", "Received", "X-None DKIM-Signature"):
        p.fetch("fields " + fields, "BODY.PEEK[HEADER.FIELDS (%s)]" % fields,
                b"BODY[HEADER.FIELDS (%s)]" % fields.upper().encode())
    p.fetch("partials", "BODY.PEEK[]<100.500>", b"BODY[]<100>")
    p.search("searches of headers", [
        "SUBJECT patch", "SUBJECT re:", "SUBJECT \"usb: \"", "FROM linux",
        "FROM gmail", "TO vger", "CC stable", "NOT SUBJECT patch",
        "HEADER Message-ID 2021", "HEADER X-Mailer git",
        "HEADER List-Id \"\"", "OR FROM greg SUBJECT usb",
        "SENTSINCE 1-Jan-2020", "SENTBEFORE 1-Jul-2021",
        "SENTON 4-May-2020", "LARGER 5000", "SMALLER 3000"])
    keys = ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO",
            "DISPLAYFROM", "DISPLAYTO")
    p.answers("sorts", ["SORT (%s%s) UTF-8 ALL" % (r, k) for k in keys
                        for r in ("", "REVERSE ")] +
              ["SORT (SUBJECT REVERSE DATE) UTF-8 NOT FROM greg",
               "SORT (TO CC REVERSE SIZE) US-ASCII SMALLER 5000",
               "UID SORT (FROM DATE) UTF-8 SUBJECT usb",
               "SORT (DATE) UTF-8 SUBJECT no-such-subject"], b"SORT")
    p.answers("threads", ["THREAD REFERENCES UTF-8 ALL",
                          "THREAD REFERENCES UTF-8 NOT SUBJECT patch",
                          "THREAD REFERENCES UTF-8 FROM greg",
                          "UID THREAD REFERENCES UTF-8 LARGER 4000",
                          "THREAD ORDEREDSUBJECT UTF-8 ALL",
                          "THREAD ORDEREDSUBJECT UTF-8 SUBJECT re:"],
              b"THREAD")
    # The tag, and where each item stands, are each one's own.  Cyrus has the
    # least and the greatest number where RFC 5267 section 3 wants the first
    # and the last by order.
    found = lambda a: {                                         # noqa: E731
        k: v for k, v in zip(a[1::2], a[2::2])
        if PEER != "cyrus" or k not in (b"MIN", b"MAX")}
    p.answers("extended answers", [
        "SEARCH RETURN (MIN MAX COUNT ALL) SUBJECT patch",
        "SEARCH RETURN () FROM greg",
        "SORT RETURN (MIN MAX COUNT) (SUBJECT DATE) UTF-8 ALL",
        "SORT RETURN (COUNT) (DATE) UTF-8 SUBJECT no-such-subject"],
        b"ESEARCH", found)
    for c in conns:
        for x in ("tree", "tree/a", "tree/a/b", "tree/c/d", "tree/e"):
            c.ok("CREATE " + x)
        for x in ("tree/a/b", "tree/c/d", "tree/e"):
            c.ok("SUBSCRIBE " + x)
    p.lists("lists", [
        'LIST "" tree%s' % x for x in ("", "*", "%", "/%", "/*", "/a*",
                                       "/%/%", "/a/%", "/*b", "/x")] + [
        'LIST tree/ %', 'LIST "" (tree/a tree/%/d)', 'LIST () "" tree/%',
        'LIST "" tree/% RETURN (CHILDREN)',
        'LIST "" tree/* RETURN (SUBSCRIBED CHILDREN)',
        'LIST (SUBSCRIBED) "" tree*', 'LIST (SUBSCRIBED) "" tree/%',
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" tree',
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" tree/% RETURN (CHILDREN)',
        'LSUB "" tree*', 'LSUB "" tree/%'])
    return 1 if p.bad else 0


try:
    status = main()
finally:
    print("1..21")
sys.exit(status)
