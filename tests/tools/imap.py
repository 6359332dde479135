"""Dialogues with the IMAP server of a node that runs: imap.py NODE [CASE…]"""
import imaplib
import os
import re
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import imapc                                            # noqa: E402
import node as n                                        # noqa: E402

tap = n.Tap()
node_dir = sys.argv[1]
cases = []


def case(fn):
    cases.append(fn)
    return fn


def port_of(service):
    for line in open(os.path.join(node_dir, "home/run/listeners")):
        words = line.split()
        if words[0] == service:
            return int(words[3])
    raise SystemExit("no " + service)


port = port_of("imap")
user = "me@node.test"
secret = open(os.path.join(node_dir, "secret")).read().strip()


def fresh():
    c = imapc.Imap(port)
    c.login(user, secret)
    return c


def message(i, extra="", body="hello\r\n"):
    return ("From: Ada <ada@x.test>\r\nTo: me@node.test\r\n"
            "Subject: letter %d\r\nMessage-ID: <m%d@x.test>\r\n"
            "Date: Tue, 15 Jul 2025 10:00:00 +0200\r\n%s\r\n%s" %
            (i, i, extra, body))


box_number = 0


def mailbox(c, count=0, **kw):
    """A mailbox of its own, with letters in it."""
    global box_number
    box_number += 1
    name = "T%d" % box_number
    c.ok("CREATE " + name)
    for i in range(count):
        # The index has one entry for an id: what it learns of one mailbox's
        # letters must not come back to another's.
        _, tagged = c.append(name, message(i + 1, **kw).replace(
            "@x.test>\r\nDate", ".%s@x.test>\r\nDate" % name))
        assert tagged.startswith(b"OK [APPENDUID"), tagged
    if count:                       # nothing is recent
        c.ok("SELECT " + name)
        c.ok("UNSELECT")
    return name


def is_(what, got, want):
    tap.ok(what, got == want, "got  %r\nwant %r" % (got, want))


def has(what, lines, pattern):
    lines = [lines] if isinstance(lines, bytes) else lines
    tap.ok(what, any(re.search(pattern, x, re.S) for x in lines), lines)


def number(lines, pattern):
    for x in lines:
        m = re.search(pattern, x)
        if m:
            return int(m.group(1))
    raise AssertionError((lines, pattern))


def starts(what, tagged, want):
    tap.ok(what, tagged.startswith(want), tagged)


def a_sync():
    """What the disk takes for one, in seconds."""
    took = []
    with open(os.path.join(node_dir, "sync"), "wb") as f:
        for _ in range(5):
            f.write(b"x")
            f.flush()
            at = time.monotonic()
            os.fsync(f.fileno())
            took.append(time.monotonic() - at)
    return sorted(took)[2]


# ---- before the login ----

@case
def before_login():
    c = imapc.Imap(port)
    has("greeting with capabilities", c.greeting,
        rb"^\* OK \[CAPABILITY IMAP4rev1 .*AUTH=PLAIN")
    for word in ("SELECT INBOX", 'LIST "" "*"', "FETCH 1 FLAGS", "IDLE",
                 "STATUS INBOX (MESSAGES)"):
        starts("%s is refused" % word.split()[0], c.cmd(word)[1], b"BAD")
        if word.startswith("FETCH"):
            c = imapc.Imap(port)
    c = imapc.Imap(port)
    starts("a wrong password", c.cmd('LOGIN me@node.test wrong')[1],
           b"NO [AUTHENTICATIONFAILED]")
    c.login(user, secret)
    c = imapc.Imap(port)
    import base64
    plain = base64.b64encode(b"\0" + user.encode() + b"\0" +
                             secret.encode()).decode()
    starts("AUTHENTICATE PLAIN with initial response",
           c.cmd("AUTHENTICATE PLAIN " + plain)[1], b"OK [CAPABILITY")
    c = imapc.Imap(port)
    c.send("a AUTHENTICATE PLAIN\r\n")
    is_("AUTHENTICATE PLAIN without one", c.line(), b"+ ")
    c.send(plain + "\r\n")
    starts("goes on", c.until("a")[1], b"OK")
    c = imapc.Imap(port)
    c.send("a AUTHENTICATE PLAIN\r\n")
    c.line()
    c.send("*\r\n")
    starts("* gives up", c.until("a")[1], b"BAD")
    c = imapc.Imap(port)
    c.send("a LOGIN {%d}\r\n" % len(user))
    tap.ok("a literal before the login", c.line().startswith(b"+"))
    c.send("%s {%d+}\r\n%s\r\n" % (user, len(secret), secret))
    starts("and one that does not wait", c.until("a")[1], b"OK")
    c = imapc.Imap(port)
    c.send("a LOGIN {4097}\r\n")
    starts("4097 octets are too much", c.until("a")[1], b"NO [TOOBIG]")


# ---- mailboxes ----

@case
def lists():
    c = fresh()
    got = c.ok('LIST "" "*"')
    for name, use in (("Sent", "Sent"), ("Drafts", "Drafts"),
                      ("Junk", "Junk"), ("Trash", "Trash"),
                      ("Archive", "Archive")):
        has("%s with its use, unasked" % name, got,
            rb'^\* LIST \([^)]*\\%s\b[^)]*\) "/" "%s"$' %
            (use.encode(), name.encode()))
    c.ok("CREATE L/a/b")
    c.ok("CREATE L/c")
    is_("% stops at levels",
        [x.split(b'"/" ')[1] for x in c.ok('LIST "" "L/%"')],
        [b'"L/a"', b'"L/c"'])
    has("children", c.ok('LIST "" L'), rb"\\HasChildren")
    has("no children", c.ok('LIST "" L/c'), rb"\\HasNoChildren")
    is_("reference", len(c.ok('LIST "L/" "*"')), 3)
    has("the separator", c.ok('LIST "" ""'), rb'\(\\Noselect\) "/" ""')
    has("namespace", c.ok("NAMESPACE"), rb'\(\(""\s"/"\)\) NIL NIL')
    has("status with a list", c.ok(
        'LIST "" "L/c" RETURN (STATUS (MESSAGES UIDNEXT))'),
        rb'^\* STATUS "L/c" \(MESSAGES 0 UIDNEXT 1\)')
    got = c.ok('LIST (SPECIAL-USE) "" "*"')
    is_("only special ones", len(got), 5)
    got = c.ok('LIST "" "*" RETURN (SPECIAL-USE)')
    tap.ok("RETURN narrows nothing", len(got) >= 9, got)
    is_("two patterns", len(c.ok('LIST "" (INBOX L/c)')), 2)
    c.ok("UNSUBSCRIBE L/c")
    got = c.ok('LSUB "" "L/*"')
    tap.ok("LSUB without what was unsubscribed",
           not any(b"L/c" in x for x in got), got)
    c.ok("SUBSCRIBE L/c")
    has("and with it again", c.ok('LSUB "" "L/*"'), rb'"L/c"')
    c.ok("SUBSCRIBE Nowhere")
    has("a name that is only subscribed", c.ok(
        'LIST (SUBSCRIBED) "" "N*"'), rb"\\NonExistent.*Nowhere")
    c.ok("UNSUBSCRIBE Nowhere")
    got = c.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "L" ')
    tap.ok("recursive match", len(got) == 1, got)
    c.ok("RENAME L/c L/d")
    starts("renamed", c.cmd("STATUS L/c (MESSAGES)")[1],
           b"NO [NONEXISTENT]")
    c.ok("DELETE L/d")
    starts("deleted", c.cmd("SELECT L/d")[1], b"NO [NONEXISTENT]")
    c.ok("CREATE L/a")
    starts("with children", c.cmd("DELETE L/a")[1], b"NO [HASCHILDREN]")
    c.ok("CREATE Level/below")
    starts("a level", c.cmd("DELETE Level")[1], b"NO [HASCHILDREN]")
    c.ok("DELETE Level/below")
    starts("INBOX stays", c.cmd("DELETE INBOX")[1], b"NO [CANNOT]")
    starts("twice", c.cmd("CREATE L/a")[1], b"NO [ALREADYEXISTS]")
    for bad in ('"a//b"', '"/a"', '".."', '"a/../b"', '"cur"', '"x\ty"',
                '"&bad"', '"&AGE-"', '"%s"' % ("x" * 300)):
        tagged = c.cmd("CREATE " + bad)[1]
        tap.ok("no mailbox %s" % bad[:12].replace("\t", "?"),
               tagged.startswith(b"NO") or tagged.startswith(b"BAD"), tagged)
    c.ok('CREATE "Entw&APw-rfe"')
    tap.ok("UTF-7 on disk", os.path.isdir(os.path.join(
        node_dir, "Mail/Entw\u00fcrfe")))
    has("UTF-7 to the client", c.ok('LIST "" "Entw*"'), rb'"Entw&APw-rfe"')
    has("UTF8=ACCEPT", c.ok("ENABLE UTF8=ACCEPT"), rb"ENABLED UTF8=ACCEPT")
    has("then UTF-8", c.ok('LIST "" "Entw*"'),
        '"Entw\u00fcrfe"'.encode())
    starts("select in UTF-8", c.cmd('SELECT "Entw\u00fcrfe"')[1], b"OK")


# ---- one mailbox ----

@case
def selects():
    c = fresh()
    name = mailbox(c, 3)
    got = c.ok("SELECT " + name)
    for want in (rb"^\* 3 EXISTS", rb"^\* 0 RECENT", rb"UIDVALIDITY \d",
                 rb"\[UIDNEXT 4\]", rb"HIGHESTMODSEQ \d", rb"^\* FLAGS \(",
                 rb"PERMANENTFLAGS \(.*\\\*\)"):
        has("SELECT says " + want.decode(), got, want)
    status = c.ok("STATUS %s (UIDNEXT UIDVALIDITY HIGHESTMODSEQ MESSAGES)" %
                  name)
    is_("STATUS agrees", (number(status, rb"UIDNEXT (\d+)"),
                          number(status, rb"UIDVALIDITY (\d+)"),
                          number(status, rb"HIGHESTMODSEQ (\d+)")),
        (4, number(got, rb"UIDVALIDITY (\d+)"),
         number(got, rb"HIGHESTMODSEQ (\d+)")))
    for seen, want in ("2", 1), ("1", 3), ("3", 0):
        c.ok("STORE %s +FLAGS (\\Seen)" % seen)
        got = c.ok("SELECT " + name)
        is_("the first unseen with %s read" % seen,
            [x.split(b"]")[0] + b"]" for x in got if b"[UNSEEN" in x],
            [b"* OK [UNSEEN %d]" % want][:want])
    c.ok("STORE 1:3 -FLAGS (\\Seen)")
    has("EXAMINE tells it", c.ok("EXAMINE " + name), rb"\[UNSEEN 1\]")
    starts("EXAMINE", c.cmd("EXAMINE " + name)[1], b"OK [READ-ONLY]")
    starts("changes nothing", c.cmd("STORE 1 +FLAGS (\\Seen)")[1],
           b"NO [READ-ONLY]")
    starts("expunges nothing", c.cmd("EXPUNGE")[1], b"NO [READ-ONLY]")
    c.ok("FETCH 1 BODY[]")
    has("nor marks anything read", c.ok("FETCH 1 FLAGS"), rb"FLAGS \(\)")
    starts("no such mailbox", c.cmd("SELECT nowhere")[1],
           b"NO [NONEXISTENT]")
    starts("and none selected then", c.cmd("FETCH 1 FLAGS")[1], b"BAD")
    c.ok("SELECT " + name)
    c.ok("UNSELECT")
    starts("UNSELECT", c.cmd("FETCH 1 FLAGS")[1], b"BAD")
    c.ok("SELECT " + name)
    c.ok("STORE 1 +FLAGS (\\Deleted)")
    c.ok("CLOSE")
    is_("CLOSE expunges", number(c.ok("STATUS %s (MESSAGES)" % name),
                                 rb"MESSAGES (\d+)"), 2)
    got = c.ok("STATUS %s (UIDNEXT SIZE DELETED UNSEEN)" % name)
    has("UIDNEXT stays", got, rb"UIDNEXT 4")


@case
def recents():
    c, d, two, other = fresh(), fresh(), fresh(), fresh()
    name = mailbox(c)
    c.append(name, message(1), "(\\Seen)")
    c.append(name, message(2))
    two.ok("ENABLE IMAP4rev2")

    def news(got):
        return [x.decode()[2:] for x in got if re.match(
            rb"\* \d+ (EXISTS|RECENT|EXPUNGE)", x)]

    def status(want, who=None):
        is_("STATUS counts %d" % want, number((who or other).ok(
            "STATUS %s (RECENT)" % name), rb"RECENT (\d+)"), want)

    def flagged(what, who, want):
        is_(what, [b"\\Recent" in x for x in who.ok("FETCH 1:* FLAGS")
                   if b" FETCH " in x], want)

    status(2)
    status(0, two)
    for cmd in "EXAMINE", "EXAMINE", "SELECT":
        is_(cmd, news(c.ok(cmd + " " + name)), ["2 EXISTS", "2 RECENT"])
        flagged("with the flag", c, [True, True])
    status(0)
    for keys, want in (("RECENT", b" 1 2"), ("NEW", b" 2"), ("OLD", b"")):
        is_(keys, c.ok("SEARCH " + keys), [b"* SEARCH" + want])
    is_("another session's are old", news(d.ok("SELECT " + name)),
        ["2 EXISTS", "0 RECENT"])
    flagged("without the flag", d, [False, False])
    c.ok("STORE 1 FLAGS (\\Deleted)")
    d.ok("STORE 2 FLAGS (\\Flagged \\Recent)")
    c.ok("NOOP")
    flagged("it cannot be taken", c, [True, True])
    flagged("nor given", d, [False, False])
    two.append(name, message(3))
    is_("new mail to one", news(c.ok("NOOP")), ["3 EXISTS", "3 RECENT"])
    is_("not to the other", news(d.ok("NOOP")), ["3 EXISTS", "0 RECENT"])
    is_("one less", news(c.ok("EXPUNGE")), ["1 EXPUNGE", "2 RECENT"])
    two.append(name, message(4))
    is_("not with IMAP4rev2", news(two.ok("SELECT " + name)), ["3 EXISTS"])
    flagged("nor there", two, [False, False, False])
    status(1)
    c.ok("ENABLE IMAP4rev2")
    is_("nor once it is enabled", news(c.ok("NOOP")), ["3 EXISTS"])
    flagged("of what was before", c, [False, False, False])
    peek = imapc.Imap(port)
    peek.login(user, open(os.path.join(node_dir, "peek")).read().strip())
    is_("who may only read claims nothing",
        news(peek.ok("SELECT " + name)), ["3 EXISTS", "1 RECENT"])
    is_("who comes next does", news(d.ok("SELECT " + name)),
        ["3 EXISTS", "1 RECENT"])
    is_("a copy is", news(d.ok("COPY 1 " + name)),
        ["4 EXISTS", "2 RECENT"])
    flagged("recent", d, [False, False, True, True])


MIME = """From: =?utf-8?q?J=C3=BCrgen?= <j@x.test>\r
To: "A, B" <ab@x.test>, group:c@x.test,d@x.test;\r
Cc: me@node.test\r
Subject: =?utf-8?q?=C3=9Cber?= parts\r
Message-ID: <mime@x.test>\r
In-Reply-To: <other@x.test>\r
Date: Wed, 16 Jul 2025 10:00:00 +0200\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="b1"\r
\r
preamble\r
--b1\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
gr=C3=BC=C3=9Fe=\r
 weiter\r
--b1\r
Content-Type: message/rfc822\r
\r
From: in@x.test\r
Subject: inner\r
Content-Type: multipart/alternative; boundary=b2\r
\r
--b2\r
Content-Type: text/plain\r
\r
inner text\r
--b2\r
Content-Type: text/html\r
\r
<p>inner</p>\r
--b2--\r
\r
--b1\r
Content-Type: application/octet-stream; name="x.bin"\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename="x.bin"\r
\r
AAECAwQ=\r
--b1--\r
"""


@case
def fetches():
    c = fresh()
    name = mailbox(c)
    c.append(name, MIME, date='"01-Feb-2024 03:04:05 +0100"')
    c.append(name, "no header at all")
    c.append(name, "Subject: just\r\n\r\n")
    c.ok("SELECT " + name)

    def one(item, seq=1):
        got = c.ok("FETCH %d %s" % (seq, item))
        m = re.match(rb"^\* %d FETCH \((.*)\)$" % seq, got[-1], re.S)
        return m.group(1) if m else got[-1]

    def literal(item, seq=1):
        got = one(item, seq)
        m = re.search(rb"\] ?(?:<\d+> )?\{(\d+)\}\r\n(.*)$", got, re.S) or \
            re.search(rb"(?:TEXT|HEADER|RFC822) \{(\d+)\}\r\n(.*)$", got,
                      re.S)
        return m.group(2)[:int(m.group(1))].decode() if m else got

    is_("RFC822.SIZE", one("RFC822.SIZE"), b"RFC822.SIZE %d" % len(MIME))
    is_("all of it", literal("BODY.PEEK[]"), MIME)
    is_("RFC822", literal("RFC822"), MIME)
    has("marks it read", one("FLAGS"), rb"\\Seen")
    head, text = MIME.split("\r\n\r\n", 1)
    is_("HEADER", literal("BODY[HEADER]"), head + "\r\n\r\n")
    is_("RFC822.HEADER", literal("RFC822.HEADER"), head + "\r\n\r\n")
    is_("TEXT", literal("BODY[TEXT]"), text)
    is_("RFC822.TEXT", literal("RFC822.TEXT"), text)
    is_("a part of it", literal("BODY[TEXT]<3.5>"), text[3:8])
    is_("behind its end", literal("BODY[TEXT]<99999.5>"), "")
    is_("over its end", literal("BODY[]<%d.100>" % (len(MIME) - 3)),
        MIME[-3:])
    is_("part 1", literal("BODY[1]"), "gr=C3=BC=C3=9Fe=\r\n weiter")
    is_("its MIME header", literal("BODY[1.MIME]"),
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n")
    is_("inner header", literal("BODY[2.HEADER]"),
        "From: in@x.test\r\nSubject: inner\r\n"
        "Content-Type: multipart/alternative; boundary=b2\r\n\r\n")
    is_("a part of the inner message", literal("BODY[2.1]"), "inner text")
    is_("another", literal("BODY[2.2]"), "<p>inner</p>")
    tap.ok("inner text", literal("BODY[2.TEXT]").startswith("--b2\r\n"))
    is_("part 3", literal("BODY[3]"), "AAECAwQ=")
    is_("no part 4", one("BODY[4]"), b"BODY[4] NIL")
    is_("no header in part 1", one("BODY[1.HEADER]"), b"BODY[1.HEADER] NIL")
    is_("fields", literal("BODY[HEADER.FIELDS (subject X-None CC)]"),
        "Cc: me@node.test\r\nSubject: =?utf-8?q?=C3=9Cber?= parts\r\n\r\n")
    is_("other fields", literal(
        "BODY[2.HEADER.FIELDS.NOT (From Content-Type)]"),
        "Subject: inner\r\n\r\n")
    has("INTERNALDATE", one("INTERNALDATE"),
        rb'"01-Feb-2024 0[23]:04:05 \+0[01]00"| 1-Feb-2024 02:04:05 \+0000')
    env = one("ENVELOPE")
    has("group in ENVELOPE", env, rb'\(NIL NIL "group" NIL\).*'
        rb'\("?[^)]*NIL "c" "x.test"\).*\(NIL NIL NIL NIL\)')
    has("encoded words stay", env, rb'=\?utf-8\?q\?=C3=9Cber\?= parts')
    has("in reply to", env, rb'"<other@x.test>" "<mime@x.test>"\)$')
    has("PREVIEW", one("PREVIEW"),
        "PREVIEW \\{\\d+\\}\r\ngr\u00fc\u00dfe weiter".encode())
    has("LAZY", one("(PREVIEW (LAZY) UID)", 2), rb'UID 2 PREVIEW "no header')
    starts("BAD: PREVIEW (FOO)", c.cmd("FETCH 1 PREVIEW (FOO)")[1], b"BAD")
    body = one("BODYSTRUCTURE")
    has("BODYSTRUCTURE", body, rb'(?i)"message" "rfc822".*"inner".*'
        rb'"alternative".*"x\.bin"')
    has("its boundary", body, rb'(?i)\("boundary" "b1"\)')
    plain = one("BODY")
    tap.ok("BODY has no extensions", b"b1" not in plain and
           b'"mixed"' in plain.lower(), plain)
    for seq in (2, 3):
        has("no From in message %d is no NIL" % seq, one("ENVELOPE", seq),
            rb"^ENVELOPE \(.*\)$")
    is_("no header: all is text", literal("BODY[TEXT]", 2),
        "no header at all")
    for macro, want in (("FAST", rb"FLAGS.*INTERNALDATE.*RFC822.SIZE"),
                        ("ALL", rb"ENVELOPE"), ("FULL", rb"BODY \(")):
        has(macro, one(macro), want)
    got = c.ok("UID FETCH 1:* (FLAGS)")
    is_("UID FETCH names UIDs", [x.split()[4] for x in got],
        [b"1", b"2", b"3"])
    is_("a UID that is not", c.ok("UID FETCH 100 FLAGS"), [])
    is_("n:* names the last", len(c.ok("UID FETCH 100:* FLAGS")), 1)
    starts("a sequence number that is not", c.cmd("FETCH 4 FLAGS")[1],
           b"BAD")
    for bad in ("FETCH 1 FOO", "FETCH 1 (FLAGS", "FETCH 1", "FETCH 0 FLAGS",
                "FETCH 1 BODY[0]", "FETCH 1 BODY[TEXT]<5.0>",
                "FETCH 1 (FLAGS)x", "FETCH a FLAGS"):
        starts("BAD: " + bad, c.cmd(bad)[1], b"BAD")


@case
def binaries():
    c = fresh()
    name = mailbox(c)
    c.append(name, MIME)
    c.append(name, MIME.replace("Encoding: base64", "Encoding: x-foo"))
    c.ok("SELECT " + name)
    has("quoted-printable", c.ok("FETCH 1 BINARY.PEEK[1]"),
        "BINARY\\[1\\] \\{14\\}\r\ngr\u00fc\u00dfe weiter\\)$".encode())
    has("base64, with NUL", c.ok("FETCH 1 BINARY.PEEK[3]"),
        rb"BINARY\[3\] ~\{5\}\r\n\0\x01\x02\x03\x04\)$")
    has("its size", c.ok("FETCH 1 BINARY.SIZE[3]"), rb"BINARY.SIZE\[3\] 5\)$")
    has("a part of it", c.ok("FETCH 1 BINARY.PEEK[3]<1.2>"),
        rb"BINARY\[3\]<1> ~?\{2\}\r\n\x01\x02\)$")
    has("all of it", c.ok("FETCH 1 BINARY.PEEK[]"),
        rb"BINARY\[\] \{%d\}" % len(MIME))
    starts("an unknown encoding", c.cmd("FETCH 2 BINARY[3]")[1],
           b"NO [UNKNOWN-CTE]")
    c.send("x APPEND %s ~{14+}\r\nSubject: x\r\n\r\n\r\n" % name)
    starts("APPEND of literal8", c.until("x")[1], b"OK")
    c.send(b"x APPEND %s ~{15+}\r\nSubject: x\r\n\r\n\0\r\n" % name.encode())
    starts("with NUL", c.until("x")[1], b"NO [UNKNOWN-CTE]")


@case
def rev2():
    c = fresh()
    name = mailbox(c, 2)
    c.ok('CREATE "R&APw-2"')
    has("ENABLE", c.ok("ENABLE IMAP4rev2"), rb"ENABLED IMAP4rev2")
    got = c.ok("SELECT " + name)
    tap.ok("no RECENT, no UNSEEN", not any(
        b"RECENT" in x or b"UNSEEN" in x for x in got), got)
    has("LIST", got, rb'^\* LIST \(\) "/" "%s"' % name.encode())
    has("CLOSED", c.ok("SELECT " + name), rb"OK \[CLOSED\]")
    has("ESEARCH", c.ok("SEARCH ALL"), rb"^\* ESEARCH \(TAG \"t\d+\"\) ALL 1:2")
    has("of nothing", c.ok("SEARCH SEEN"), rb"^\* ESEARCH \(TAG \"t\d+\"\)$")
    has("names in UTF-8", c.ok('LIST "" "R*2"'), '"R\u00fc2"'.encode())


@case
def bare_newlines():
    """Files with LF alone are served with CRLF and sizes to match."""
    c = fresh()
    name = mailbox(c)
    text = "Subject: lf\nX: 1\n 2\n\nline 1\nline 2\n"
    # As a Maildir wants it: one that grows where it is seen may be listed
    # before it is whole.
    path = os.path.join(node_dir, "Mail", name, "%s/1234.foreign.host")
    with open(path % "tmp", "w") as f:
        f.write(text)
    os.rename(path % "tmp", path % "new")
    tap.ok("a foreign file is found", n.wait_for(lambda: number(
        c.ok("STATUS %s (MESSAGES)" % name), rb"MESSAGES (\d+)") == 1))
    c.ok("SELECT " + name)
    crlf = text.replace("\n", "\r\n")
    got = c.ok("FETCH 1 (RFC822.SIZE BODY.PEEK[] BODY.PEEK[TEXT])")[0]
    has("its size", got, rb"RFC822.SIZE %d " % len(crlf))
    has("its text", got, re.escape(crlf.encode()))
    has("a part of it", c.ok("FETCH 1 BODY.PEEK[]<11.6>")[0],
        rb"\{6\}\r\n%s" % re.escape(crlf[11:17].encode()))
    has("its fields", c.ok("FETCH 1 BODY.PEEK[HEADER.FIELDS (X)]")[0],
        rb"X: 1\r\n 2\r\n\r\n")


@case
def stores():
    c, d = fresh(), fresh()
    name = mailbox(c, 5)
    c.ok("SELECT " + name)
    d.ok("SELECT " + name)
    has("+FLAGS", c.ok("STORE 1 +FLAGS (\\Seen $Work)"),
        rb"1 FETCH \(.*FLAGS \(\\Seen \$Work\)")
    has("the other session hears it", d.ok("NOOP"),
        rb"1 FETCH \(.*FLAGS \(\\Seen \$Work\)")
    has("a new keyword is listed", d.ok("NOOP") or c.ok(
        "STORE 1 +FLAGS ($Other)"), rb"^\* FLAGS \(.*\$Other")
    has("which is kept", c.ok("STORE 1 +FLAGS ($Kept)"),
        rb"\[PERMANENTFLAGS \(.*\$Other \$Kept \\\*\)\]")
    has("-FLAGS", c.ok("STORE 1 -FLAGS \\Seen"), rb"FLAGS \(\$Kept \$Other \$Work\)")
    got = fresh().ok("EXAMINE " + name)
    has("all keywords of a mailbox are told at first", got,
        rb"^\* FLAGS \([^)]*\$Forwarded \$Kept \$Other \$Work\)$")
    got = fresh().ok("SELECT " + name)
    has("which are kept", got,
        rb"PERMANENTFLAGS \([^)]*\$Forwarded \$Kept \$Other \$Work \\\*\)")
    has("FLAGS replaces", c.ok("STORE 1 FLAGS (\\Draft x)"),
        rb"FLAGS \(\\Draft x\)")
    has("FLAGS () empties", c.ok("STORE 1 FLAGS ()"), rb"FLAGS \(\)")
    is_("silence", c.ok("STORE 2 +FLAGS.SILENT (\\Flagged)"), [])
    has("but not for others", d.ok("NOOP"), rb"2 FETCH \(.*\\Flagged")
    is_("a UID that is not", c.ok("UID STORE 99 +FLAGS (\\Seen)"), [])
    has("$Forwarded", c.ok("STORE 3 +FLAGS ($forwarded)"),
        rb"\(\$Forwarded\)")
    for bad in ("STORE 1 FLAGS \\Foo", "STORE 1 +FLAGS", "STORE 1 FOO (\\Seen)",
                "STORE 1 +FLAGS (a b", 'STORE 1 +FLAGS ("x")'):
        starts("BAD: " + bad, c.cmd(bad)[1], b"BAD")
    c.ok("STORE 4 +FLAGS (\\Deleted)")
    d.ok("NOOP")
    got = c.ok("EXPUNGE")
    has("EXPUNGE", got, rb"^\* 4 EXPUNGE$")
    got = d.ok("FETCH 1:3 FLAGS")
    tap.ok("no EXPUNGE during FETCH",
           not any(b"EXPUNGE" in x for x in got), got)
    is_("what is gone is left out", len(d.ok("FETCH 4:5 FLAGS")), 1)
    has("EXPUNGE with NOOP", d.ok("NOOP"), rb"^\* 4 EXPUNGE$")
    has("and the numbers fit", d.ok("FETCH 4 UID"), rb"UID 5")
    c.ok("STORE 1:4 +FLAGS (\\Deleted)")
    got = c.ok("UID EXPUNGE 2,5")
    is_("UID EXPUNGE", sorted(x for x in got if b"EXPUNGE" in x),
        [b"* 2 EXPUNGE", b"* 4 EXPUNGE"])


@case
def copies():
    c = fresh()
    a, b = mailbox(c, 4), mailbox(c)
    c.ok("SELECT " + a)
    c.ok("STORE 2 +FLAGS (\\Flagged kw)")
    _, tagged = c.cmd("COPY 2:3 " + b)
    has("COPYUID", tagged, rb"^OK \[COPYUID \d+ 2:3 1:2\]")
    starts("TRYCREATE", c.cmd("COPY 1 nowhere")[1], b"NO [TRYCREATE]")
    got = c.ok("STATUS %s (MESSAGES UIDNEXT)" % b)
    has("they are there at once", got, rb"MESSAGES 2 UIDNEXT 3")
    got, tagged = c.cmd("MOVE 1,4 " + b)
    has("MOVE tells COPYUID first", got[0],
        rb"^\* OK \[COPYUID \d+ 1,4 3:4\]")
    is_("then what went", sorted(got[1:]), [b"* 1 EXPUNGE", b"* 4 EXPUNGE"])
    starts("and is done", tagged, b"OK")
    starts("MOVE of a UID that is gone", c.cmd("UID MOVE 1 " + b)[1], b"OK")
    starts("COPY of nothing", c.cmd("UID COPY 77 " + b)[1], b"OK")
    c.ok("SELECT " + b)
    got = [x for x in c.ok("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS "
                           "(Subject)])") if b" FETCH " in x]
    is_("all are there", [(re.findall(rb"letter (\d)", x) or [x])[0]
                          for x in got], [b"2", b"3", b"1", b"4"])
    has("flags and keywords come along", got[0], rb"\\Flagged \\Recent kw")
    starts("onto itself", c.cmd("COPY 1 " + b)[1], b"OK [COPYUID")
    is_("is one more", len(c.ok("FETCH 1:* UID")), 5)
    # Moves into Junk and out of it are the owner's word.
    c.ok("UID MOVE 1 Junk")
    out = subprocess.run(["sqlite3", os.path.join(node_dir, "home/node.db"),
                          "SELECT junk FROM judged"], capture_output=True)
    is_("judged", out.stdout.strip(), b"1")


@case
def appends():
    c = fresh()
    name = mailbox(c)
    c.ok("SELECT " + name)
    got, tagged = c.append(name, message(1), "(\\Seen $Label1)",
                           sync=True, date='" 5-Jan-2020 10:11:12 -0100"')
    has("APPENDUID", tagged, rb"^OK \[APPENDUID \d+ 1\]")
    has("and news of it", got, rb"^\* 1 EXISTS")
    got = c.ok("FETCH 1 (FLAGS INTERNALDATE)")[-1]
    has("flags", got, rb"\\Seen \\Recent \$Label1")
    has("date", got, rb" 5-Jan-2020 11:11:12 \+0000")
    has("is searched at once", c.ok('SEARCH HEADER Message-ID "<m1@x.test>"'),
        rb"^\* SEARCH 1$")
    has("text too", c.ok("SEARCH BODY hello"), rb"^\* SEARCH 1$")
    _, tagged = c.append("nowhere", message(1))
    starts("TRYCREATE", tagged, b"NO [TRYCREATE]")
    c.ok("NOOP")
    c.send("x APPEND nowhere {5}\r\n")
    starts("before the octets, when they wait", c.until("x")[1],
           b"NO [TRYCREATE]")
    c.send("x APPEND %s {1048577}\r\n" % name)
    starts("one octet too many", c.until("x")[1], b"NO [TOOBIG]")
    _, tagged = c.append(name, b"Subject: x\r\n\r\n" +
                         b"x" * (1048576 - 14))
    starts("the most there may be", tagged, b"OK")
    _, tagged = c.append(name, b"Subject: x\r\n\r\na\0b\r\n")
    starts("NUL", tagged, b"BAD")
    c.ok("NOOP")
    _, tagged = c.append(name, b"")
    starts("nothing", tagged, b"NO")
    c.send("x APPEND %s {10+}\r\n0123456789 junk\r\n" % name)
    starts("junk behind it", c.until("x")[1], b"BAD")
    c.ok("NOOP")
    is_("none of these was kept", number(
        c.ok("STATUS %s (MESSAGES)" % name), rb"MESSAGES (\d+)"), 2)
    d = fresh()
    d.send("x APPEND %s {1000+}\r\nSubject: cut\r\n" % name)
    d.close()
    d = fresh()
    is_("one that was cut is nothing", number(
        d.ok("STATUS %s (MESSAGES)" % name), rb"MESSAGES (\d+)"), 2)
    is_("no piece is left", os.listdir(os.path.join(
        node_dir, "Mail/.mailnode/spool")), [])
    # Our own copy in Sent and the client's are one.
    _, first = c.append("Sent", message(77))
    _, again = c.append("Sent", message(77).replace(
        "Subject:", "Bcc: b@far.test\r\nSubject:"))
    is_("Sent has it already", again.split(b"]")[0], first.split(b"]")[0])
    _, other = c.append("Sent", message(77, body="other\r\n"))
    tap.ok("another of its Message-ID is another",
           b"APPENDUID" in other and other.split(b"]")[0] !=
           first.split(b"]")[0], other)


@case
def searches():
    c = fresh()
    name = mailbox(c)
    for i, (subject, flags, date) in enumerate((
            ("apples", "(\\Seen)", '"01-Jan-2020 12:00:00 +0000"'),
            ("pears \u00fcber", "(\\Flagged kw)",
             '"15-Jun-2021 23:30:00 +0000"'),
            ("apples and pears", "", '"01-Jan-2022 00:00:00 +0000"'))):
        msg = ("From: P%d <p%d@x.test>\r\nTo: me@node.test\r\n"
               "Cc: c%d@x.test\r\nBcc: b%d@x.test\r\nSubject: %s\r\n"
               "Message-ID: <s%d@x.test>\r\nX-Thing: v%d\r\n"
               "In-Reply-To: your \"n\" <r%d@x.test>\r\nList-Id: Us <l%d.test>\r\n"
               "References: <a@x.test> <r%d@x.test>\r\n"
               "Date: Wed, %d Jul 2020 23:30:00 -0800\r\n\r\nword%d %s\r\n" %
               (i, i, i, i, subject, i, i, i, i, i, i + 1, i,
                "pad " * (i * 100)))
        c.append(name, msg.encode(), flags, date=date)
    c.ok("SELECT " + name)
    table = (
        ("ALL", "1 2 3"), ("1:2", "1 2"), ("UID 2:*", "2 3"), ("SEEN", "1"),
        ("UNSEEN", "2 3"), ("FLAGGED", "2"), ("UNFLAGGED", "1 3"),
        ("KEYWORD kw", "2"), ("UNKEYWORD kw", "1 3"), ("KEYWORD KW", "2"),
        ("ANSWERED", ""), ("NEW", "2 3"), ("OLD", ""), ("RECENT", "1 2 3"),
        ("NOT NEW", "1"), ("RECENT OLD", ""),
        ("SUBJECT apple", "1 3"), ("SUBJECT APPLE", "1 3"),
        ("SUBJECT {5+}\r\n\u00dcBER", "2"),
        ("CHARSET UTF-8 SUBJECT {5+}\r\n\u00fcber", "2"),
        ("FROM p1@", "2"), ("TO node", "1 2 3"), ("CC c2", "3"),
        ("BCC b0", "1"), ('HEADER X-Thing ""', "1 2 3"),
        ("HEADER X-Thing v1", "2"), ("HEADER X-None x", ""),
        ('HEADER Message-ID "<s2@x.test>"', "3"),
        ("HEADER Message-ID s2@", "3"), ('HEADER Date ""', "1 2 3"),
        ('HEADER DATE "2 jul 2020"', "2"), ("HEADER Date nil", ""),
        ("HEADER In-Reply-To R1@", "2"), ("HEADER In-Reply-To s1@", ""),
        ('HEADER In-Reply-To {10+}\r\nour "N" <r', "1 2 3"),
        ("HEADER List-Id l0.test", "1"), ('HEADER List-Id "us <L2"', "3"),
        ('HEADER References "> <r1@x.test>"', "2"),
        ("HEADER References a@x", "1 2 3"), ('HEADER Reply-To ""', ""),
        ("SINCE 15-Jun-2021", "2 3"), ("BEFORE 15-Jun-2021", "1"),
        ("ON 15-Jun-2021", "2"), ("SENTON 2-Jul-2020", "2"),
        ("SENTSINCE 2-Jul-2020", "2 3"), ("SENTBEFORE 2-Jul-2020", "1"),
        ("LARGER 400", "2 3"), ("SMALLER 400", "1"),
        ("OR SEEN FLAGGED", "1 2"), ("NOT SEEN", "2 3"),
        ("NOT (SEEN)", "2 3"), ("(SEEN FLAGGED)", ""),
        ("OR (SEEN) (SUBJECT pears UNFLAGGED)", "1 3"),
        ("NOT OR SEEN FLAGGED", "3"), ("1:3 NOT 2", "1 3"),
        ("BODY word1", "2"), ("TEXT apples", "1 3"), ("TEXT p2", "3"),
        ("YOUNGER 100", ""), ("OLDER 100", "1 2 3"),
    )
    for keys, want in table:
        got = c.ok("SEARCH " + keys)
        is_("SEARCH " + keys.replace("\r\n", ""), got,
            [(b"* SEARCH " + want.encode()).strip()])

    def indexed():
        return subprocess.run(
            ["sqlite3", os.path.join(node_dir, "home/store.db"),
             "SELECT count(*) FROM index_todo"],
            capture_output=True).stdout.strip() == b"0"
    tap.ok("the index catches up", n.wait_for(indexed))
    for keys, want in (("BODY word1", "2"), ("TEXT apples", "1 3"),
                       ("BODY apples", ""), ('BODY "word2 pad"', "3")):
        is_("from the index: " + keys, c.ok("SEARCH " + keys),
            [(b"* SEARCH " + want.encode()).strip()])
    c.append(name, b"Date: Wed, 1 Jul 2020 23:30:00 -0800\r\n\r\nno names\r\n",
             "(\\Seen)", date='"01-Jan-2022 00:00:00 +0000"')
    tap.ok("it catches up again", n.wait_for(indexed))
    is_("what the index calls no mail", c.ok("SEARCH TEXT names"),
        [b"* SEARCH 4"])
    c.ok("STORE 4 +FLAGS.SILENT (\\Deleted)")
    c.ok("EXPUNGE")
    has("ESEARCH", c.ok("SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN"),
        rb'^\* ESEARCH \(TAG "t\d+"\) MIN 2 MAX 3 COUNT 2 ALL 2:3$')
    has("of nothing", c.ok("UID SEARCH RETURN (MIN COUNT) ANSWERED"),
        rb"^\* ESEARCH \(TAG \"t\d+\"\) UID COUNT 0$")
    has("RETURN () is ALL", c.ok("SEARCH RETURN () SEEN"), rb"ALL 1$")
    for bad in ("SEARCH", "SEARCH FOO", "SEARCH SINCE yesterday",
                "SEARCH (ALL", "SEARCH OR ALL", "SEARCH NOT",
                "SEARCH LARGER -1", "SEARCH SUBJECT",
                "SEARCH RETURN (FOO) ALL"):
        starts("BAD: " + bad, c.cmd(bad)[1], b"BAD")
        c.errors = 0
    starts("charset", c.cmd("SEARCH CHARSET KOI8-R ALL")[1],
           b"NO [BADCHARSET")


# ---- CONDSTORE and QRESYNC ----

@case
def modseqs():
    c, d = fresh(), fresh()
    name = mailbox(c, 6)
    got = c.ok("SELECT %s (CONDSTORE)" % name)
    start = number(got, rb"HIGHESTMODSEQ (\d+)")
    validity = number(got, rb"UIDVALIDITY (\d+)")
    d.ok("SELECT " + name)
    got = c.ok("STORE 2 +FLAGS (\\Seen)")
    seen = number(got, rb"MODSEQ \((\d+)\)")
    tap.ok("MODSEQ grows", seen > start, (seen, start))
    is_("CHANGEDSINCE", len(c.ok(
        "FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % start)), 1)
    is_("CHANGEDSINCE 0 is all", len([x for x in c.ok(
        "FETCH 1:* (FLAGS) (CHANGEDSINCE 0)") if b" FETCH " in x]), 6)
    got, tagged = c.cmd("STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT "
                        "(\\Flagged)" % start)
    has("UNCHANGEDSINCE", tagged, rb"^OK \[MODIFIED 2\]")
    has("the others are changed", got, rb"1 FETCH \(.*MODSEQ")
    has("SEARCH MODSEQ", c.ok("SEARCH MODSEQ %d" % seen),
        rb"^\* SEARCH 1 2 \(MODSEQ \d+\)$")
    high = number(c.ok("STATUS %s (HIGHESTMODSEQ)" % name),
                  rb"HIGHESTMODSEQ (\d+)")
    c.append(name, message(9))
    high2 = number(c.ok("STATUS %s (HIGHESTMODSEQ)" % name),
                   rb"HIGHESTMODSEQ (\d+)")
    tap.ok("APPEND moves it", high2 > high)
    c.ok("STORE 4:5 +FLAGS (\\Deleted)")
    c.ok("EXPUNGE")
    high3 = number(c.ok("STATUS %s (HIGHESTMODSEQ)" % name),
                   rb"HIGHESTMODSEQ (\d+)")
    tap.ok("EXPUNGE moves it", high3 > high2)

    q = fresh()
    starts("QRESYNC wants ENABLE", q.cmd(
        "SELECT %s (QRESYNC (%d %d))" % (name, validity, start))[1], b"BAD")
    has("ENABLE", q.ok("ENABLE QRESYNC CONDSTORE"), rb"ENABLED.*QRESYNC")
    got = q.ok("SELECT %s (QRESYNC (%d %d))" % (name, validity, start))
    has("VANISHED", got, rb"^\* VANISHED \(EARLIER\) 4:5$")
    is_("and what changed", sorted(re.search(rb"UID (\d+)", x).group(1)
                                   for x in got if b" FETCH " in x),
        [b"1", b"2", b"7"])
    got = q.ok("SELECT %s (QRESYNC (%d %d 1:4))" % (name, validity, start))
    has("of the known ones", got, rb"VANISHED \(EARLIER\) 4$")
    has("CLOSED", got, rb"\[CLOSED\]")
    got = q.ok("SELECT %s (QRESYNC (%d %d))" % (name, validity + 1, start))
    tap.ok("another UIDVALIDITY: nothing", not any(
        b"VANISHED" in x for x in got), got)
    has("UID FETCH VANISHED", q.ok(
        "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % start),
        rb"VANISHED \(EARLIER\) 4:5")
    d.ok("STORE 1 +FLAGS (\\Deleted)")
    d.ok("EXPUNGE")
    has("VANISHED instead of EXPUNGE", q.ok("NOOP"), rb"^\* VANISHED 1$")
    q.ok("STORE 1 +FLAGS (\\Deleted)")
    got, tagged = q.cmd("EXPUNGE")
    has("in ours too", got, rb"^\* VANISHED 2$")
    has("with the MODSEQ", tagged, rb"HIGHESTMODSEQ \d+")
    # The highest UID went: still told.
    q.ok("UID STORE 7 +FLAGS.SILENT (\\Deleted)")
    q.ok("EXPUNGE")
    r = fresh()
    r.ok("ENABLE QRESYNC")
    got = r.ok("SELECT %s (QRESYNC (%d %d 1:99))" % (name, validity, start))
    has("the highest UID is among them", got,
        rb"VANISHED \(EARLIER\) 1:2,4:5,7$")
    has("UIDNEXT does not shrink", got, rb"UIDNEXT 8")
    # RFC 7162 section 3.2.8: others may have gone that were not told.
    r.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    is_("CLOSE tells no MODSEQ", r.cmd("CLOSE"), ([], b"OK done"))


# ---- IDLE ----

@case
def idles():
    c, d = fresh(), fresh()
    name = mailbox(c, 2)
    c.ok("SELECT " + name)
    c.send("i IDLE\r\n")
    tap.ok("IDLE goes on", c.news().startswith(b"+"))
    d.append(name, message(3))
    is_("new mail", c.news(), b"* 3 EXISTS")
    is_("is recent", c.news(), b"* 1 RECENT")
    d.ok("SELECT " + name)
    d.ok("STORE 1 +FLAGS (\\Flagged)")
    has("flags", c.news(), rb"1 FETCH \(.*\\Flagged")
    d.ok("STORE 2 +FLAGS (\\Deleted)")
    c.news()
    d.ok("EXPUNGE")
    is_("expunge", c.news(), b"* 2 EXPUNGE")
    # iOS pipelines around IDLE and sends empty lines.
    c.send("DONE\r\nj NOOP\r\n\r\nk IDLE\r\nDONE\r\nl NOOP\r\n")
    starts("DONE", c.until("i")[1], b"OK")
    starts("pipelined behind it", c.until("j")[1], b"OK")
    starts("IDLE and DONE at once", c.until("k")[1], b"OK")
    starts("and behind it", c.until("l")[1], b"OK")
    c.send("m IDLE\r\n")
    c.news()
    c.send("n NOOP\r\n")
    starts("something else ends it", c.until("m")[1], b"BAD")
    c.ok("NOOP")
    # The delivery's 250 and the news, on one clock.
    c.ok("SELECT INBOX")
    c.send("o IDLE\r\n")
    c.news()
    s = n.Smtp(port_of("smtp"), 10)
    s.hello()
    waits = []
    for i in range(5):
        s.send(n.message(5000 + i))
        at = time.monotonic()
        line = c.news()
        while b"EXISTS" not in line:
            line = c.news()
        waits.append(time.monotonic() - at)
        time.sleep(0.2)
    s.close()
    # Between the two the file and its folder are synced, and rows written.
    limit = 0.1 + 4 * a_sync()
    tap.ok("told within 100 ms of the 250, and what the disk takes (%s)" %
           " ".join("%.0f" % (w * 1000) for w in waits),
           sorted(waits)[1] < limit, (waits, limit))


# ---- COMPRESS, and others ----

@case
def compressed():
    import zlib
    c = fresh()
    name = mailbox(c, 1)
    has("offered", c.ok("CAPABILITY"), rb"COMPRESS=DEFLATE")
    c.ok("COMPRESS DEFLATE")
    c.deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    c.inflate = zlib.decompressobj(-15)
    c.ok("SELECT " + name)
    big = message(2, body="0123456789abcdef" * 20000 + "\r\n")
    _, tagged = c.append(name, big)
    starts("APPEND", tagged, b"OK")
    got = c.ok("FETCH 2 BODY.PEEK[]")[-1]
    tap.ok("a large one comes back", big.encode() in got)
    starts("twice", c.cmd("COMPRESS DEFLATE")[1],
           b"NO [COMPRESSIONACTIVE]")
    tap.ok("not offered again", not any(
        b"COMPRESS" in x for x in c.ok("CAPABILITY")))

    # Octet by octet, with partial flushes and several commands in one.
    data = c.deflate.compress(b"p1 NOOP\r\np2 NO") + \
        c.deflate.flush(zlib.Z_PARTIAL_FLUSH) + \
        c.deflate.compress(b"OP\r\n") + \
        c.deflate.flush(zlib.Z_PARTIAL_FLUSH)
    for i in range(len(data)):
        c.sock.sendall(data[i:i + 1])
    starts("partial flushes", c.until("p1")[1], b"OK")
    starts("and what follows", c.until("p2")[1], b"OK")
    # A bomb: 20 MB in 20 KB are one line too long, no more.
    c.sock.sendall(c.deflate.compress(b"x" * (20 << 20)) +
                   c.deflate.flush(zlib.Z_SYNC_FLUSH))
    try:
        has("a bomb", c.line(), rb"^\* BYE")
    except (imapc.Closed, OSError):
        tap.ok("a bomb", True)
    c = fresh()
    c.ok("COMPRESS DEFLATE")
    c.sock.sendall(b"this is not deflated\r\n" * 10)
    try:
        c.sock.settimeout(5)
        while c.sock.recv(1000):
            pass
        tap.ok("nonsense ends it", True)
    except (imapc.Closed, OSError) as e:
        tap.ok("nonsense ends it", not isinstance(e, TimeoutError), e)


@case
def saved_results():
    c = fresh()
    name = mailbox(c, 4)
    c.ok("SELECT " + name)
    c.ok("STORE 2:3 +FLAGS.SILENT (\\Flagged)")
    is_("SAVE alone says nothing", c.ok("SEARCH RETURN (SAVE) FLAGGED"), [])
    is_("$", [x.split()[1] for x in c.ok("FETCH $ UID")], [b"2", b"3"])
    is_("$ in a search", c.ok("SEARCH $ NOT 2"), [b"* SEARCH 3"])
    has("SAVE MIN", c.ok("SEARCH RETURN (SAVE MIN) ALL"), rb"MIN 1$")
    is_("saves the least", [x.split()[1] for x in c.ok("FETCH $ UID")],
        [b"1"])
    c.ok("SEARCH RETURN (SAVE) ANSWERED")
    is_("nothing found", c.ok("UID FETCH $ FLAGS"), [])
    c.ok("SELECT " + name)
    is_("a new mailbox forgets", c.ok("UID FETCH $ FLAGS"), [])


@case
def uses():
    c = fresh()
    starts("Sent has its use", c.cmd("CREATE S2 (USE (\\Sent))")[1],
           b"NO [USEATTR]")
    starts("an unknown use", c.cmd("CREATE S2 (USE (\\Foo))")[1],
           b"NO [USEATTR]")
    starts("no use", c.cmd("CREATE S2 (USE ())")[1], b"OK")
    starts("ID", c.cmd('ID ("name" "x" "version" "1" "os" NIL)')[1], b"OK")
    has("names us", c.ok("ID NIL"), rb'ID \("name" "mailnode"\)')
    starts("ID in pieces", c.cmd('ID ("name")')[1], b"BAD")


# ---- what no command may be ----

@case
def nonsense():
    c = fresh()

    def bad(what, line, want=b"BAD"):
        nonlocal c
        try:
            c.n += 1
            tag = "t%d" % c.n
            c.send(tag.encode() + b" " + line + b"\r\n")
            while True:
                got = c.line()
                if got.startswith(tag.encode() + b" ") or \
                        got.startswith(b"* BAD"):
                    break
            tap.ok(what, want in got[:40], got)
        except imapc.Closed:
            tap.ok(what, False, "closed")
            c = fresh()

    bad("no such command", b"FOO")
    bad("no command at all", b"")
    bad("UID of something else", b"UID NOOP")
    bad("a NOOP with arguments", b"NOOP x")
    bad("parentheses that do not end", b"LIST \"\" (")
    bad("a quote that does not end", b"LIST \"\" \"x")
    bad("10,000 parentheses", b"LIST \"\" " + b"(" * 10000)
    bad("10,000 pairs", b"LIST \"\" " + b"(" * 10000 + b")" * 10000)
    bad("control characters", b"LIST \"\" \x01")
    bad("octets over 127 in an atom", b"LIST \"\" \xff")
    bad("a line of 65536 octets", b"LIST \"\" " + b"x" * 65536)
    c.send(b"\x01\x02 NOOP\r\n")
    has("a tag with control characters", c.line(), rb"^\* BAD")
    c.send(b"a+b NOOP\r\n")
    has("a tag with a plus", c.line(), rb"^\* BAD")
    c.ok("SELECT INBOX")
    bad("a set of nothing", b"FETCH , FLAGS")
    bad("a set with a letter", b"FETCH 1x FLAGS")
    ranges = ",".join(str(i * 2 + 1) for i in range(9000)).encode()
    tap.ok("9,000 ranges", c.cmd(b"UID FETCH " + ranges +
                                 b" FLAGS")[1].startswith(b"OK"))
    c = fresh()
    for what, literal in (("4 GiB", b"{4294967296}"),
                          ("more than 64 bits", b"{99999999999999999999}"),
                          ("less than nothing", b"{-1}"),
                          ("no number", b"{x}")):
        c.send(b"a LIST \"\" " + literal + b"\r\n")
        got = c.until("a")[1]
        tap.ok("a literal of " + what, got[:3] in (b"BAD", b"NO "), got)
        c.ok("NOOP")
    c.send(b"a LIST \"\" {70000+}\r\n" + b"x" * 70000 + b"\r\n")
    starts("a literal that does not wait is read over", c.until("a")[1],
           b"NO [TOOBIG]")
    c.ok("NOOP")
    c.send(b"a LIST \"\" {5000000000+}\r\n")
    starts("or the end of it", c.until("a")[1], b"NO [TOOBIG]")
    has("which is said", c.line(), rb"^\* BYE")
    c = imapc.Imap(port)
    c.send(b"a LOGIN {5000+}\r\n")
    starts("before the login too", c.until("a")[1], b"NO [TOOBIG]")
    has("and said there", c.line(), rb"^\* BYE")
    c = imapc.Imap(port)
    c.send(b"a NOOP\nb NOOP\r\n")
    has("a bare LF", c.line(), rb"^\* BYE")
    c = imapc.Imap(port)
    c.send(b"a" * (2 << 20))
    try:
        has("a line without an end", c.line(), rb"^\* BYE")
    except (imapc.Closed, OSError):
        tap.ok("a line without an end", True)
    c = imapc.Imap(port)
    try:
        for i in range(50):
            c.send(b"x FOO\r\n")
            if c.line().startswith(b"* BYE"):
                break
    except (imapc.Closed, OSError):
        pass
    tap.ok("errors have an end", i < 30, i)
    c = fresh()
    try:
        for i in range(60):
            c.cmd("FOO")
            c.ok("NOOP")
    except imapc.Closed:
        pass
    tap.ok("those between good commands do not", i == 59, i)
    c = fresh()
    c.ok("NOOP")


@case
def many():
    """32 sessions at once, beside connections that never log in."""
    def sessions():
        out = subprocess.run([os.path.join(node_dir, "build/mailnode"),
                              "status", "-j"], capture_output=True)
        return out.stdout.count(b'"imap"')
    n.wait_for(lambda: sessions() <= 2)
    idle = [imapc.Imap(port) for _ in range(7)]
    inside = [fresh() for _ in range(32)]
    for c in inside:
        c.ok("SELECT INBOX")
    tap.ok("32 sessions beside 7 that say nothing", True)
    for c in idle + inside:
        c.close()
    n.wait_for(lambda: sessions() <= 2)


# ---- clients of others ----

@case
def imaplib_client():
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    m = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ctx)
    m.login(user, secret)
    m.create("imaplib")
    is_("imaplib: append", m.append("imaplib", "(\\Seen)", None,
                                    message(1).encode())[0], "OK")
    is_("imaplib: select", m.select("imaplib"), ("OK", [b"1"]))
    typ, data = m.fetch("1", "(RFC822)")
    is_("imaplib: fetch", data[0][1], message(1).encode())
    is_("imaplib: search", m.search(None, "SEEN"), ("OK", [b"1"]))
    is_("imaplib: logout", m.logout()[0], "BYE")


@case
def curl_client():
    url = "imaps://127.0.0.1:%d/" % port
    auth = ["curl", "-sk", "--user", "%s:%s" % (user, secret)]
    out = subprocess.run(auth + [url], capture_output=True, text=True)
    tap.ok("curl: list", '"INBOX"' in out.stdout, out)
    path = os.path.join(node_dir, "letter")
    with open(path, "w", newline="") as f:
        f.write(message(4))
    out = subprocess.run(auth + ["-T", path, url + "Drafts"],
                         capture_output=True, text=True)
    is_("curl: upload", out.returncode, 0)
    out = subprocess.run(auth + [url + "Drafts;UID=1"], capture_output=True)
    is_("curl: download", out.stdout, message(4).encode())
    out = subprocess.run(auth + ["--login-options", "AUTH=PLAIN", url],
                         capture_output=True, text=True)
    is_("curl: AUTH=PLAIN", out.returncode, 0)


# ---- what a device may, and when ----

def device(name):
    return open(os.path.join(node_dir, name)).read().strip()


def mailnode(*args):
    out = subprocess.run([os.path.join(node_dir, "build/mailnode"), *args],
                         input=n.PASS, capture_output=True)
    return out.returncode


@case
def renames_inbox():
    c = fresh()
    c.append("INBOX", message(1))
    before = number(c.ok("STATUS INBOX (MESSAGES)"), rb"MESSAGES (\d+)")
    starts("RENAME INBOX", c.cmd("RENAME INBOX Old")[1], b"OK")
    is_("moves what is in it", (
        number(c.ok("STATUS INBOX (MESSAGES)"), rb"MESSAGES (\d+)"),
        number(c.ok("STATUS Old (MESSAGES)"), rb"MESSAGES (\d+)")),
        (0, before))


@case
def scopes():
    a = fresh()
    a.append("Archive", message(1))
    c = imapc.Imap(port)
    c.login(user, device("peek"))
    has("one that may read: READ-ONLY", c.cmd("SELECT Archive")[1],
        rb"READ-ONLY")
    starts("stores nothing", c.cmd("STORE 1 +FLAGS (\\Seen)")[1], b"NO")
    starts("creates nothing", c.cmd("CREATE x")[1], b"NO")
    starts("appends nothing", c.append("Archive", message(2))[1], b"NO")
    starts("copies nothing", c.cmd("COPY 1 INBOX")[1], b"NO")
    c = imapc.Imap(port)
    c.login(user, device("narrow"))
    got = c.ok('LIST "" "*"')
    is_("one folder is all there is", [x.split(b'"')[3] for x in got],
        [b"Archive"])
    starts("INBOX is not", c.cmd("SELECT INBOX")[1], b"NO [NONEXISTENT]")
    recent = [number(x.ok("SELECT Archive"), rb"(\d+) RECENT")
              for x in (c, a)]
    is_("what is recent there is so for it alone", recent, [1, 0])
    has("its own can be searched", c.ok("SEARCH TEXT letter"), rb"SEARCH 1")
    c.ok("STORE 1 +FLAGS (\\Flagged)")
    has("and changed", c.ok("FETCH 1 (FLAGS BODY.PEEK[TEXT])"),
        rb"\\Flagged.*hello")
    starts("nothing is copied out of it", c.cmd("COPY 1 INBOX")[1], b"NO")
    starts("nor moved", c.cmd("MOVE 1 INBOX")[1], b"NO")
    starts("nor appended elsewhere", c.append("INBOX", message(1))[1],
           b"NO")
    starts("no mailbox is made", c.cmd("CREATE y")[1], b"NO")
    c = imapc.Imap(port)
    starts("one that sends does not read", c.cmd('LOGIN "%s" "%s"' % (
        user, device("mailer")))[1], b"NO [AUTHORIZATIONFAILED]")


@case
def revoked():
    c = imapc.Imap(port)
    c.login(user, device("peek"))
    c.send("i IDLE\r\n")
    c.line()
    at = time.monotonic()
    is_("revoke", mailnode("device", "revoke", "peek",
                           "--passphrase-stdin"), 0)
    try:
        while True:
            c.line()
    except (imapc.Closed, OSError):
        pass
    # The vault looks at the days of all each ten.
    tap.ok("its session ends soon", time.monotonic() - at < 7)


@case
def no_utf8():
    """JavaMail searches by itself after NO, and gives up after BAD."""
    c = fresh()
    name = mailbox(c, 1)
    c.ok("SELECT " + name)
    for enabled in False, True:
        if enabled:
            c.ok("ENABLE UTF8=ACCEPT")
        for text in (b"SEARCH SUBJECT \"\xfc\" ALL",
                     b"SEARCH SUBJECT {1+}\r\n\xfc",
                     b"UID SEARCH OR HEADER X-Y \"\xfc\" BODY \"\xe4\"",
                     b"SORT (DATE) UTF-8 TEXT \"\xfc\""):
            starts("NO: %r" % text, c.cmd(text)[1], b"NO [CANNOT] ")
        for text in (b"CREATE \"\xfc\"", b"LIST \"\" \"\xfc\"",
                     b"ID (\"name\" \"\xfc\")"):
            starts("BAD: %r" % text, c.cmd(text)[1], b"BAD ")
    starts("with UTF-8", c.cmd('SEARCH SUBJECT "\u00fc"')[1], b"OK")


@case
def no_parts():
    """A multipart of none has a part 1 in BODYSTRUCTURE: it is there, empty."""
    c = fresh()
    name = mailbox(c)
    inner = "Content-Type: multipart/mixed; boundary=i\r\n\r\n"
    for text in (
            "Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nlost\r\n",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" +
            inner + "--x\r\n\r\n\r\n--x\r\n"
            "Content-Type: message/rfc822\r\n\r\n" + inner + "--x--\r\n"):
        c.append(name, "MIME-Version: 1.0\r\n" + text)
    c.ok("SELECT " + name)
    for seq, part in (1, "1"), (2, "1.1"), (2, "3.1"):
        has("part %s is empty" % part, c.ok(
            "FETCH %d (BODY.PEEK[%s] BODY.PEEK[%s.MIME] BINARY.PEEK[%s])" %
            (seq, part, part, part)),
            rb"BODY\[%s\] \{0\}.*MIME\] \{0\}.*BINARY\[%s\] \{0\}" %
            (part.encode(), part.encode()))
    for seq, part in (1, "2"), (1, "1.1"), (1, "1.HEADER"), (2, "1.2"):
        has("no part " + part, c.ok("FETCH %d BODY.PEEK[%s]" % (seq, part)),
            rb" NIL\)")


@case
def in_pieces():
    """Most libraries write a literal and the end of its line apart, and
    leave Nagle's algorithm on: the second waits for the ACK of the first."""
    c = fresh()
    name = mailbox(c)
    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    took = {False: [], True: []}
    for i in range(20):
        c.send("p%d APPEND %s {%d}\r\n" % (i, name, len(message(i))))
        c.line()
        at = time.monotonic()
        if i % 2:
            c.send(message(i))
            c.send("\r\n")
        else:
            c.send(message(i) + "\r\n")
        starts("in pieces", c.until("p%d" % i)[1], b"OK")
        took[i % 2 != 0].append(time.monotonic() - at)
    # An ACK would come 40 ms later, whatever the disk takes.
    whole, pieces = (sorted(took[k])[3] for k in (False, True))
    tap.ok("no ACK is waited for", pieces < whole + 0.03, took)


@case
def asked():
    """Delta Chat takes each answer to a FETCH for one it asked for, and gives
    up the connection if its size is missing."""
    c, d = fresh(), fresh()
    name = mailbox(d, 3)
    c.ok("SELECT " + name)
    d.ok("SELECT " + name)
    d.ok("STORE 2 +FLAGS (\\Flagged)")
    for how in "UID FETCH 1:* (UID RFC822.SIZE)", "FETCH 1:3 RFC822.SIZE":
        got = [x for x in c.ok(how) if b"FETCH" in x]
        tap.ok("only what was asked for: " + how, len(got) == 3 and
               all(b"SIZE" in x for x in got), got)
    has("told with the next command", c.ok("NOOP"),
        rb"\* 2 FETCH \(.*FLAGS \(.*\\Flagged")
    is_("and once", [x for x in c.ok("NOOP") if b"FETCH" in x], [])
    d.ok("STORE 2 -FLAGS (\\Flagged)")
    has("told with others' flags", c.ok("FETCH 1 FLAGS"), rb"\* 2 FETCH")
    c.ok("FETCH 3 BODY[TEXT]")
    is_("its own are no news", [x for x in c.ok("NOOP") if b"FETCH" in x], [])
    d.ok("STORE 2 +FLAGS (\\Flagged)")
    c.ok("FETCH 1 RFC822.SIZE")
    c.send("i IDLE\r\n")
    got = [c.line(), c.line()]
    has("told as soon as it idles", got, rb"\* 2 FETCH \(.*\\Flagged")
    c.send("DONE\r\n")
    c.until("i")


@case
def locked():
    c = fresh()
    mailnode("vault", "lock")
    d = imapc.Imap(port)
    starts("locked: UNAVAILABLE, not a failure", d.cmd(
        'LOGIN "%s" "%s"' % (user, secret))[1], b"NO [UNAVAILABLE]")
    starts("who is in goes on", c.cmd("SELECT INBOX")[1], b"OK")
    mailnode("vault", "unlock", "--passphrase-stdin")
    starts("unlocked", d.cmd('LOGIN "%s" "%s"' % (user, secret))[1], b"OK")


for fn in cases:
    if sys.argv[2:] and fn.__name__ not in sys.argv[2:]:
        continue
    try:
        fn()
    except (imapc.Closed, OSError, AssertionError, AttributeError) as e:
        import traceback
        tap.ok(fn.__name__, False, traceback.format_exc())
log = open(os.path.join(node_dir, "log")).read()
tap.ok("no process crashed", "event=crash" not in log)
tap.end()
