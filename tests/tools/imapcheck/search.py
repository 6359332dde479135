"""SEARCH: RFC 9051 section 6.4.4, RFC 4731, RFC 5182, RFC 5032."""
import time

from .wire import Conn, Str, expect, same, set_of

LETTERS = [
    # flags, internal date, fields, body
    ("\\Seen $work", "01-Jan-2020 10:00:00 +0000",
     ["From: Ada Lovelace <ada@engine.test>", "To: Bob <bob@b.test>",
      "Cc: carl@c.test", "Subject: Notes on the Engine",
      "Date: Tue, 31 Dec 2019 23:30:00 -0500", "X-Loop: yes"],
     "analytical machinery weaves"),
    ("\\Flagged \\Answered", "02-Jan-2020 10:00:00 +0000",
     ["From: Grace <grace@navy.test>", "To: ada@engine.test",
      "Bcc: hidden@h.test", "Subject: moth found",
      "Reply-To: =?utf-8?q?Gr=C3=A4=C3=9Fe?= <g@navy.test>",
      "X-Long: one;\r\n\ttwo=\"3\"",
      "Date: Thu, 02 Jan 2020 09:00:00 +0000 (\u00e4)"],
     "a moth in the relay"),
    ("\\Draft", "03-Feb-2021 23:59:59 +0000",
     ["From: =?utf-8?q?J=C3=BCrgen?= <j@x.test>", "To: list@l.test",
      "Subject: =?utf-8?b?R3LDvMOfZSBhdXM=?= Berlin",
      "Date: Wed, 03 Feb 2021 12:00:00 +0100"],
     "=?nothing?= " + "filler " * 400),
    ("\\Deleted \\Seen", "29-Feb-2024 00:00:00 +0000",
     ["From: ada@engine.test", "To: carl@c.test", "X-Empty:",
      "Subject: Re: Notes on the Engine",
      "Date: Thu, 29 Feb 2024 00:00:00 +0000"],
     "punched cards"),
    ("", "01-Mar-2024 12:00:00 +0000",
     ["From: <nobody (some)@ (any) n.test>", "Subject: without date"],
     "plain"),
]


def fill(t):
    c, name = t.open()
    for n, (flags, date, fields, body) in enumerate(LETTERS):
        msg = "\r\n".join(fields + ["Message-ID: <s%d@%s>" % (
            n, name.replace("/", ".")), "", body, ""])
        r = c.append(name, msg.encode(), flags, date)
        same(r.tagged.kind, b"OK")
    return c, name


KEYS = [
    ("ALL", 1, 2, 3, 4, 5), ("1:*", 1, 2, 3, 4, 5), ("2,4", 2, 4),
    ("*", 5), ("4:2", 2, 3, 4),
    ("SEEN", 1, 4), ("UNSEEN", 2, 3, 5), ("FLAGGED", 2),
    ("UNFLAGGED", 1, 3, 4, 5), ("ANSWERED", 2), ("UNANSWERED", 1, 3, 4, 5),
    ("DRAFT", 3), ("UNDRAFT", 1, 2, 4, 5), ("DELETED", 4),
    ("UNDELETED", 1, 2, 3, 5), ("KEYWORD $work", 1),
    ("UNKEYWORD $work", 2, 3, 4, 5), ("KEYWORD $never",),
    ("NOT SEEN", 2, 3, 5), ("NOT NOT SEEN", 1, 4),
    ("OR SEEN FLAGGED", 1, 2, 4), ("OR (SEEN DELETED) DRAFT", 3, 4),
    ("SEEN DELETED", 4), ("(SEEN (DELETED))", 4),
    ("OR OR SEEN DRAFT FLAGGED NOT DELETED", 1, 2, 3),
    ("BEFORE 2-Jan-2020", 1), ("ON 2-Jan-2020", 2),
    ('SINCE "03-Feb-2021"', 3, 4, 5), ("ON 29-Feb-2024", 4),
    ("SINCE 1-Mar-2024", 5), ("BEFORE 29-Feb-2024", 1, 2, 3),
    ("SENTON 31-Dec-2019", 1),
    ("SENTON 2-Jan-2020", 2), ("SENTBEFORE 1-Jan-2020", 1),
    ("SENTSINCE 3-Feb-2021 SENTBEFORE 4-Feb-2021", 3),
    # the last has no Date
    ("SENTSINCE 1-Jan-1990", 1, 2, 3, 4), ("SENTBEFORE 1-Jan-2038", 1, 2, 3,
                                           4),
    ("NOT SENTSINCE 1-Jan-1990", 5), ("SENTON 1-Mar-2024",),
    ("FROM ada", 1, 4), ("FROM LOVELACE", 1), ("FROM engine.test", 1, 4),
    ("TO ada@engine", 2), ("CC carl", 1), ("BCC hidden", 2),
    ("SUBJECT engine", 1, 4), ('SUBJECT "on the"', 1, 4), ("SUBJECT ngi", 1,
                                                           4),
    ("SUBJECT re:", 4), ('HEADER Subject "moth"', 2),
    ("HEADER X-Loop yes", 1), ('HEADER X-Loop ""', 1),
    ("header x-loop YES", 1), ("HEADER X-Loop eS", 1),
    ("HEADER X-Loop no",), ('HEADER X-Long "E; TWO="', 2),
    ('HEADER X-Long "=\\"3"', 2), ("HEADER X-Long =3",),
    ("BCC HIDDEN", 2), ("HEADER Reply-To NAVY", 2),
    ('HEADER X-Empty ""', 4), ("HEADER X-None foo",),
    ('HEADER Message-ID "<s1@"', 2), ("BODY moth", 2), ("BODY punched", 4),
    ("TEXT moth", 2), ("TEXT Lovelace", 1), ("BODY Lovelace",),
    ("NOT BODY moth", 1, 3, 4, 5), ("LARGER 1000", 3),
    ("SMALLER 1000", 1, 2, 4, 5), ("FROM ada SUBJECT re: 1:*", 4),
    ("FROM nobody@n.test", 5),
    ("1 2",), ("1:3 SEEN", 1), ("NOT 1:3", 4, 5),
    ('CHARSET UTF-8 SUBJECT "Notes"', 1, 4),
    ("CHARSET US-ASCII FROM grace", 2),
    ("9",), ("NOT 9", 1, 2, 3, 4, 5), ("4:9", 4, 5), ("9:*", 5),
    ("RECENT NOT RECENT",), ("SUBJECT \"\"", 1, 2, 3, 4, 5),
]


def keys(t):
    c, name = fill(t)
    uids = c.uids()
    for text, *want in KEYS:
        same(sorted(c.search(text, uid=False)), list(want), text)
        same(sorted(c.search(text)), [uids[n - 1] for n in want], text)
    same(c.search("UID %d,%d" % (uids[1], uids[3]), uid=False), [2, 4])
    same(c.search("UID %d:*" % (uids[-1] + 50)), [uids[-1]])
    same(c.search("UID %d" % (uids[-1] + 50)), [])


def other_scripts(t):
    c, name = fill(t)
    r = c.ok("SEARCH CHARSET UTF-8 SUBJECT", Str("Grüße".encode()))
    same(r.one(b"SEARCH").args, [3])
    # an index may take its time for what is encoded
    for _ in range(100):
        r = c.ok("SEARCH CHARSET UTF-8 TEXT", Str("Grüße".encode()))
        if r.one(b"SEARCH").args:
            break
        time.sleep(0.1)
    same(r.one(b"SEARCH").args, [3])
    r = c.ok("SEARCH CHARSET UTF-8 FROM", Str("jürgen".encode()))
    same(r.one(b"SEARCH").args, [3])
    r = c.ok("SEARCH CHARSET UTF-8 HEADER Reply-To", Str("GRÄßE".encode()))
    same(r.one(b"SEARCH").args, [2])
    r = c.ok("SEARCH CHARSET UTF-8 SUBJECT", Str("GRÜSSE".encode()))
    r = c.no("SEARCH CHARSET X-NONE SUBJECT x")
    same(r.tagged.code and r.tagged.code[0], b"BADCHARSET")


def literal_arguments(t):
    c, name = fill(t)
    r = c.ok("SEARCH FROM", Str(b"ada"), "SUBJECT", Str(b"Re:"))
    same(r.one(b"SEARCH").args, [4])
    c.send("w SEARCH HEADER {7}\r\n")
    same(c.answer().kind, b"+")
    c.send("Subject {4}\r\n")
    same(c.answer().kind, b"+")
    c.send("moth\r\n")
    same(c.finish("w").one(b"SEARCH").args, [2])


def esearch(c, text, uid=True):
    tag = "a%d" % (c.n + 1)
    r = c.ok(("UID " if uid else "") + "SEARCH " + text)
    a = r.one(b"ESEARCH").args
    same(a[0], [b"TAG", Str(tag.encode())], text)
    rest = a[1:]
    if uid:
        same(rest[0].upper(), b"UID")
        rest = rest[1:]
    return dict(zip((k.upper() for k in rest[::2]), rest[1::2]))


def extended(t):
    c, name = fill(t)
    if not c.has("ESEARCH"):
        return "not advertised"
    u = c.uids()
    got = esearch(c, "RETURN (MIN MAX COUNT ALL) NOT DELETED")
    same((got[b"MIN"], got[b"MAX"], got[b"COUNT"]),
         (b"%d" % u[0], b"%d" % u[4], b"4"))
    same(set_of(got[b"ALL"]), {u[0], u[1], u[2], u[4]})
    got = esearch(c, "RETURN () SEEN", uid=False)
    same(list(got), [b"ALL"])
    same(set_of(got[b"ALL"]), {1, 4})
    same(esearch(c, "RETURN (MAX) SEEN", uid=False), {b"MAX": b"4"})
    same(esearch(c, "RETURN (COUNT) KEYWORD never"), {b"COUNT": b"0"})
    same(esearch(c, "RETURN (MIN ALL) KEYWORD never"), {})
    same(esearch(c, "RETURN (ALL) CHARSET UTF-8 SEEN", uid=False)[b"ALL"],
         b"1,4")
    got = esearch(c, "RETURN (MIN) MODSEQ 1 ALL")
    expect(b"MODSEQ" in got, got)
    c.bad("SEARCH RETURN (FOO) ALL")
    c.bad("SEARCH RETURN (MIN ALL")
    c.ok("EXPUNGE")
    expect(len(c.uids()) < len(u), "nothing went")
    same(esearch(c, "RETURN (ALL) ALL", uid=False)[b"ALL"], b"1:4")


def saved_result(t):
    c, name = fill(t)
    if not c.has("SEARCHRES"):
        return "not advertised"
    u = c.uids()
    r = c.ok("SEARCH RETURN (SAVE) SEEN")
    same(r.of(b"ESEARCH") + r.of(b"SEARCH"), [])
    same([s for s, _ in c.ok("FETCH $ UID").fetched()], [1, 4])
    same(c.search("NOT $", uid=False), [2, 3, 5])
    same(c.search("UID $"), [u[0], u[3]])
    c.ok("SEARCH RETURN (SAVE MIN) SEEN")
    same([s for s, _ in c.ok("UID FETCH $ UID").fetched()], [1])
    c.ok("SEARCH RETURN (SAVE COUNT) SEEN")
    same([s for s, _ in c.ok("FETCH $ UID").fetched()], [1, 4])
    c.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    c.ok("UID EXPUNGE %d" % u[0])
    same([s for s, _ in c.ok("FETCH $ UID").fetched()], [3])
    c.ok("STORE $ +FLAGS.SILENT (\\Deleted)")
    c.ok("EXPUNGE")
    r = c.ok("FETCH $ UID")
    same((r.fetched(), r.tagged.code), ([], None))
    c.ok("SEARCH RETURN (SAVE) KEYWORD never")
    same(c.ok("FETCH $ UID").fetched(), [])
    c.ok('COPY $ "%s"' % name)
    c.ok('SELECT "%s"' % name)
    same(c.ok("FETCH $ UID").fetched(), [])


def found_at_once(t):
    c, name = t.open()
    for i in range(5):
        word = "word%dxyzzy" % i
        r = c.append(name, b"Subject: s\r\nFrom: f@g.test\r\nMessage-ID: "
                     b"<%s@%s>\r\n\r\n%s here\r\n" % (
                         word.encode(), name.replace("/", ".").encode(),
                         word.encode()))
        uid = int(r.tagged.code[2])
        same(c.search("HEADER Message-ID <%s@" % word), [uid])
        same(c.search("BODY " + word), [uid])
        same(c.search("TEXT " + word), [uid])


def many_keys(t):
    c, name = fill(t)
    same(c.search("OR " * 20 + "SEEN " + "FLAGGED " * 20, uid=False),
         [1, 2, 4])
    same(c.search("NOT " * 20 + "SEEN", uid=False), [1, 4])
    same(c.search("(" * 15 + "SEEN" + ")" * 15, uid=False), [1, 4])
    same(c.search(" ".join("UNKEYWORD k%d" % i for i in range(100)),
                  uid=False), [1, 2, 3, 4, 5])


def refused_search_saves_nothing(t):
    c, name = fill(t)
    c.ok("SEARCH RETURN (SAVE) 1:2")
    c.bad("SEARCH RETURN (SAVE) NOSUCHKEY")
    same(c.search("$", uid=False), [1, 2])
    c.no("SEARCH RETURN (SAVE) CHARSET X-NONE ALL")
    same(c.search("$", uid=False), [])


CHECKS = [keys, other_scripts, literal_arguments, extended, saved_result,
          found_at_once, many_keys, (refused_search_saves_nothing, "SEARCHRES")]
