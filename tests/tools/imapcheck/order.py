"""SORT, THREAD: RFC 5256, 5957, 5267; PARTIAL: RFC 9394."""
from .wire import Str, expect, same, set_of

# From, To, Cc, Subject, Date, Message-ID, References, octets of body
LETTERS = [
    ("Zoe <b@x.test>", "m@x.test", "q@x.test", "beta",
     "Mon, 06 Jan 2020 10:00:00 +0000", "a", "", 3000),
    ("=?utf-8?q?=C3=84da?= <c@x.test>", "n@x.test", "", "Re: Alpha (fwd)",
     "Mon, 06 Jan 2020 08:00:00 -0500", "b", "a", 2000),
    ("a@x.test", "Group: o@x.test;", "p@x.test", "[list] alpha",
     "Mon, 06 Jan 2020 20:00:00 +1000", "c", "", 1000),
    ("Ada <B@x.test>", "\"l\" <k@x.test>", "", "Re: [2] BETA",
     "Tue, 07 Jan 2020 00:00:00 +0000", "d", "a b", 500),
    ("", "", "", "", "", "e", "lost", 10),
]
# internal dates: the other way round, days apart
ARRIVED = ["%02d-Mar-2021 12:00:00 +0000" % (9 - n) for n in range(5)]

SORTS = [
    ("ARRIVAL", 5, 4, 3, 2, 1), ("REVERSE ARRIVAL", 1, 2, 3, 4, 5),
    # 10:00 13:00 10:00 24:00, and by arrival
    ("DATE", 1, 3, 2, 4, 5), ("REVERSE DATE", 5, 4, 2, 1, 3),
    ("SIZE", 5, 4, 3, 2, 1),
    ("FROM", 5, 3, 1, 4, 2), ("REVERSE FROM", 2, 1, 4, 3, 5),
    ("TO", 5, 3, 4, 1, 2),
    ("CC", 2, 4, 5, 3, 1), ("SUBJECT", 5, 2, 3, 1, 4),
    ("REVERSE SUBJECT", 1, 4, 2, 3, 5), ("SUBJECT DATE", 5, 3, 2, 1, 4),
    ("SUBJECT REVERSE DATE", 5, 2, 3, 4, 1),
    ("REVERSE SUBJECT REVERSE DATE", 4, 1, 2, 3, 5),
    ("reverse from subject", 2, 1, 4, 3, 5),
]
DISPLAYED = [("DISPLAYFROM", 5, 3, 4, 2, 1),
             ("REVERSE DISPLAYFROM", 1, 2, 4, 3, 5),
             ("DISPLAYTO", 5, 3, 4, 1, 2)]


def fill(t):
    c, name = t.open()
    for (frm, to, cc, subject, date, mid, refs, n), day in zip(LETTERS,
                                                              ARRIVED):
        fields = [("From", frm), ("To", to), ("Cc", cc),
                  ("Subject", subject), ("Date", date),
                  ("Message-ID", "<%s@%s>" % (mid, name.replace("/", "."))),
                  ("References", " ".join("<%s@%s>" % (
                      r, name.replace("/", ".")) for r in refs.split()))]
        msg = "".join("%s: %s\r\n" % f for f in fields if f[1])
        r = c.append(name, (msg + "\r\n" + "x" * n + "\r\n").encode(), None,
                     day)
        same(r.tagged.kind, b"OK")
    return c, name


def numbers(args):
    return [int(v) for v in args]


def sorts(t):
    c, name = fill(t)
    uids = c.uids()
    for text, *want in SORTS:
        for charset in ("UTF-8", "us-ascii"):
            r = c.ok("SORT (%s) %s ALL" % (text, charset))
            same(numbers(r.one(b"SORT").args), want, text)
        r = c.ok("UID SORT (%s) UTF-8 1:*" % text)
        same(numbers(r.one(b"SORT").args), [uids[n - 1] for n in want], text)
    r = c.ok("SORT (DATE) UTF-8 SUBJECT beta")
    same(numbers(r.one(b"SORT").args), [1, 4])
    r = c.ok("SORT (DATE) UTF-8 SUBJECT nothing-like-it")
    same(r.one(b"SORT").line, b"* SORT")
    r = c.ok("SORT (SUBJECT) UTF-8 FROM", Str("Ä".encode()))
    same(numbers(r.one(b"SORT").args), [2])


def before_1970(t):
    c, name = t.open()
    for date in ("Mon, 05 Jan 1970 00:00:00 +0000",
                 "Sun, 20 Jul 1969 20:17:40 +0000",
                 "Tue, 01 Jan 1901 00:00:00 +0000"):
        c.append(name, b"Date: %s\r\n\r\nx\r\n" % date.encode())
    r = c.ok("SORT (DATE) UTF-8 ALL")
    same(numbers(r.one(b"SORT").args), [3, 2, 1])
    same(c.search("SENTBEFORE 1-Jan-1970", uid=False), [2, 3])
    same(c.search("SENTON 20-Jul-1969", uid=False), [2])


def displayed(t):
    c, name = fill(t)
    for text, *want in DISPLAYED:
        r = c.ok("SORT (%s) UTF-8 ALL" % text)
        same(numbers(r.one(b"SORT").args), want, text)


def bad_sorts(t):
    c, name = fill(t)
    for line in ("SORT", "SORT (DATE)", "SORT (DATE) UTF-8",
                 "SORT DATE UTF-8 ALL", "SORT () UTF-8 ALL",
                 "SORT (COLOUR) UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL",
                 "SORT (DATE REVERSE) UTF-8 ALL",
                 "SORT (REVERSE REVERSE DATE) UTF-8 ALL",
                 "SORT (DATE) UTF-8 NOSUCHKEY", "THREAD", "THREAD REFERENCES",
                 "THREAD NOSUCH UTF-8 ALL", "THREAD REFERENCES UTF-8"):
        c.bad(line)
    for line in ("SORT (DATE) X-NONE ALL", "THREAD REFERENCES X-NONE ALL"):
        r = c.no(line)
        same(r.tagged.code and r.tagged.code[0], b"BADCHARSET")
    c.ok("UNSELECT")
    c.bad("SORT (DATE) UTF-8 ALL")
    c.bad("THREAD REFERENCES UTF-8 ALL")


def modseq(t):
    c, name = fill(t)
    r = c.ok("SORT (SIZE) UTF-8 MODSEQ 1")
    args = r.one(b"SORT").args
    same(numbers(args[:-1]), [5, 4, 3, 2, 1])
    same(args[-1][0], b"MODSEQ")
    expect(int(args[-1][1]) > 0, "a MODSEQ")


def threads(t):
    c, name = fill(t)
    uids = c.uids()

    def shape(v):
        return [shape(x) for x in v] if isinstance(v, list) else int(v)

    r = c.ok("THREAD REFERENCES UTF-8 ALL")
    # b answers a, d answers b; c has another's subject; e is alone
    same(shape(r.one(b"THREAD").args), [[1, 2, 4], [3], [5]])
    r = c.ok("THREAD REFERENCES UTF-8 NOT 2")
    same(shape(r.one(b"THREAD").args), [[1, 4], [3], [5]])
    r = c.ok("UID THREAD references US-ASCII 2:3")
    # of two a reply goes below what it may answer
    same(shape(r.one(b"THREAD").args), [[uids[2], uids[1]]])
    r = c.ok("THREAD ORDEREDSUBJECT UTF-8 ALL")
    same(shape(r.one(b"THREAD").args), [[1, 4], [3, 2], [5]])
    r = c.ok("THREAD ORDEREDSUBJECT UTF-8 SUBJECT nothing-like-it")
    same(r.one(b"THREAD").line, b"* THREAD")
    c.append(name, b"Subject: Re: beta\r\nMessage-ID: <f@%d>\r\n"
             b"Date: Wed, 08 Jan 2020 00:00:00 +0000\r\n\r\n.\r\n"
             % uids[0])
    c.ok("NOOP")
    r = c.ok("THREAD ORDEREDSUBJECT UTF-8 ALL")
    same(shape(r.one(b"THREAD").args), [[1, [4], [6]], [3, 2], [5]])
    r = c.ok("THREAD REFERENCES UTF-8 ALL")
    same(shape(r.one(b"THREAD").args), [[1, [2, 4], [6]], [3], [5]])


def no_numbers_move_meanwhile(t):
    """No EXPUNGE while a command without UIDs is under way."""
    c, name = fill(t)
    other = t.conn(name)
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    r = c.ok("SORT (SIZE) UTF-8 ALL")
    same(r.of(b"EXPUNGE"), [])
    expect(set(numbers(r.one(b"SORT").args)) <= {2, 3, 4, 5}, r.all)
    same(c.ok("THREAD REFERENCES UTF-8 ALL").of(b"EXPUNGE"), [])
    same(len(c.ok("NOOP").of(b"EXPUNGE")), 1)
    same(numbers(c.ok("SORT (SIZE) UTF-8 ALL").one(b"SORT").args),
         [4, 3, 2, 1])


def items(answer):
    """Of ESEARCH, its correlator and UID away: name -> value."""
    a = answer.args
    same(a[0][0].upper(), b"TAG")
    a = a[1:]
    if a and a[0] == b"UID":
        a = a[1:]
    return {k.upper(): v for k, v in zip(a[::2], a[1::2])}


def extended(t):
    c, name = fill(t)
    uids = c.uids()
    got = items(c.ok("SORT RETURN (MIN MAX COUNT ALL) (SIZE) UTF-8 ALL")
                .one(b"ESEARCH"))
    same(got, {b"MIN": b"5", b"MAX": b"1", b"COUNT": b"5",
               b"ALL": b"5,4,3,2,1"})
    got = items(c.ok("SORT RETURN (ALL) (REVERSE SIZE) UTF-8 NOT 3")
                .one(b"ESEARCH"))
    same(got, {b"ALL": b"1:2,4:5"})
    got = items(c.ok("UID SORT RETURN () (SIZE) UTF-8 1:2").one(b"ESEARCH"))
    same(got, {b"ALL": b"%d,%d" % (uids[1], uids[0])})
    got = items(c.ok("SORT RETURN (MIN MAX ALL COUNT) (SIZE) UTF-8 KEYWORD x")
                .one(b"ESEARCH"))
    same(got, {b"COUNT": b"0"})
    c.bad("SORT RETURN (EVERYTHING) (SIZE) UTF-8 ALL")


def saved(t):
    c, name = fill(t)
    c.ok("SORT RETURN (SAVE MIN) (SIZE) UTF-8 ALL")
    same(c.search("$", uid=False), [5])
    r = c.ok("SORT RETURN (SAVE) (SIZE) UTF-8 2:4")
    same(r.of(b"ESEARCH"), [])
    same(sorted(c.search("$", uid=False)), [2, 3, 4])


def partial(t):
    c, name = fill(t)
    for what, want in [("1:2", b"1:2"), ("2:1", b"1:2"), ("4:9", b"4:5"),
                       ("6:9", None), ("-1:-2", b"4:5"), ("-2:-1", b"4:5"),
                       ("-5:-9", b"1"), ("-6:-9", None), ("3:3", b"3")]:
        got = items(c.ok("SEARCH RETURN (PARTIAL %s COUNT) ALL" % what)
                    .one(b"ESEARCH"))
        same(got[b"COUNT"], b"5")
        same(got[b"PARTIAL"][0], what.encode())
        same(got[b"PARTIAL"][1] and set_of(got[b"PARTIAL"][1]),
             want and set_of(want), what)
    got = items(c.ok("SORT RETURN (PARTIAL 1:2) (SIZE) UTF-8 ALL")
                .one(b"ESEARCH"))
    same(got[b"PARTIAL"], [b"1:2", b"5,4"])
    c.ok("SEARCH RETURN (SAVE PARTIAL -1:-2) ALL")
    same(sorted(c.search("$", uid=False)), [4, 5])
    for line in ("PARTIAL", "PARTIAL 1", "PARTIAL 0:1", "PARTIAL 1:-1",
                 "PARTIAL 1:*", "PARTIAL 1:2 ALL", "PARTIAL 1:2 PARTIAL 3:4",
                 "ALL PARTIAL 1:2"):
        c.bad("SEARCH RETURN (%s) ALL" % line)


def partial_fetch(t):
    c, name = fill(t)
    uids = c.uids()
    for what, want in [("1:2", uids[:2]), ("-1:-2", uids[3:]),
                       ("4:100", uids[3:]), ("6:9", [])]:
        r = c.ok("UID FETCH 1:* (FLAGS) (PARTIAL %s)" % what)
        same([int(i[b"UID"]) for _, i in r.fetched()], want, what)
    r = c.ok("UID FETCH %d:* (FLAGS) (PARTIAL 1:2)" % uids[2])
    same([int(i[b"UID"]) for _, i in r.fetched()], uids[2:4])
    c.bad("FETCH 1:* (FLAGS) (PARTIAL 1:2)")
    c.bad("UID FETCH 1:* (FLAGS) (PARTIAL 0:2)")


CHECKS = [(sorts, "SORT"), (before_1970, "SORT"), (displayed, "SORT=DISPLAY"),
          (bad_sorts, "SORT"),
          (modseq, "SORT CONDSTORE"),
          (threads, "THREAD=REFERENCES THREAD=ORDEREDSUBJECT"),
          (no_numbers_move_meanwhile, "SORT THREAD=REFERENCES"),
          (extended, "ESORT"), (saved, "ESORT SEARCHRES"),
          (partial, "PARTIAL ESORT SEARCHRES"), (partial_fetch, "PARTIAL")]
