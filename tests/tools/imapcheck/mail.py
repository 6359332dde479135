"""Messages: APPEND, FETCH, STORE, COPY, MOVE, EXPUNGE; RFC 9051 sections
6.3.12, 6.4, 7.5, RFC 4315, RFC 6851."""
import email.utils
import re

from .wire import Conn, Str, expect, list_of, same, set_of

MSG = b"From: a@b.test\r\nSubject: one\r\n\r\n0123456789\r\n"


def when(text):
    m = re.match(r"^[ \d]\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}$",
                 text)
    expect(m, "no date: %r" % text)
    return email.utils.parsedate_to_datetime(
        text.replace("-", " ", 2)).timestamp()


def append_keeps_all(t):
    c, name = t.open()
    date = " 7-Feb-2019 21:52:25 -0800"
    r = c.append(name, MSG, "\\Seen \\Flagged $Check", date)
    code = r.tagged.code
    same(code[0], b"APPENDUID")
    uid = int(code[2])
    same(r.one(b"EXISTS").num, 1)
    same(c.uids(), [uid])
    i = c.ok("UID FETCH %d (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"
             % uid).fetched()[0][1]
    same({f.lower() for f in i[b"FLAGS"]} - {b"\\recent"},
         {b"\\seen", b"\\flagged", b"$check"})
    same(when(i[b"INTERNALDATE"].decode()), when(date))
    same(int(i[b"RFC822.SIZE"]), len(MSG))
    same(i[b"BODY[]"], MSG)
    same(c.search("ALL"), [uid])


def append_refusals(t):
    c, name = t.open()
    r = c.append("imapcheck/absent", MSG)
    same((r.tagged.kind, r.tagged.code and r.tagged.code[0]),
         (b"NO", b"TRYCREATE"))
    r = c.append(name, MSG, None, "31-Foo-2020 00:00:00 +0000")
    expect(r.tagged.kind != b"OK", r.tagged)
    c.bad('APPEND "%s"' % name)
    c.ok("NOOP")


def append_waits_for_literal(t):
    c, name = t.open()
    c.send('w APPEND "%s" () {%d}\r\n' % (name, len(MSG)))
    same(c.answer().kind, b"+")
    c.send(MSG + b"\r\n")
    same(c.finish("w").tagged.kind, b"OK")
    c.send('x APPEND imapcheck/absent {%d}\r\n' % len(MSG))
    a = c.answer()
    if a.kind == b"+":
        c.send(MSG + b"\r\n")
        same(c.finish("x").tagged.kind, b"NO")
    else:
        same(a.kind, b"NO")
    c.ok("NOOP")


def append_many_sizes(t):
    c, name = t.open()
    head = b"Subject: s\r\n\r\n"
    for n in (0, 1, 2, 100, 4095, 4096, 65535, 65536, 300000):
        body = (b"x" * 70 + b"\r\n") * (n // 72) + b"y" * (n % 72)
        msg = head + body
        r = c.append(name, msg)
        same(r.tagged.kind, b"OK", "%d octets: %r" % (n, r.tagged))
        uid = int(r.tagged.code[2])
        i = c.ok("UID FETCH %d (RFC822.SIZE BODY[])" % uid).fetched()[0][1]
        same(i[b"BODY[]"], msg, n)
        same(int(i[b"RFC822.SIZE"]), len(msg))


def fetch_macros(t):
    c, _ = t.open(1)
    fast = {b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"}
    for macro, want in (("FAST", fast), ("ALL", fast | {b"ENVELOPE"}),
                        ("FULL", fast | {b"ENVELOPE", b"BODY"})):
        i = c.ok("FETCH 1 " + macro).fetched()[0][1]
        same(set(i), want, macro)
    i = c.ok("UID FETCH 1:* FLAGS").fetched()[0][1]
    same(set(i), {b"UID", b"FLAGS"})


def fetch_of_absent(t):
    c, name = t.open(3)
    uids = c.uids()
    same(c.ok("UID FETCH %d FLAGS" % (uids[-1] + 100)).of(b"FETCH"), [])
    same(len(c.ok("UID FETCH %d:* FLAGS" % (uids[-1] + 100)).of(b"FETCH")),
         1)
    c.refused("FETCH 4 FLAGS")
    same(len(c.ok("FETCH * FLAGS").of(b"FETCH")), 1)
    same(len(c.ok("FETCH 3:1 FLAGS").of(b"FETCH")), 3)
    same(len(c.ok("FETCH 1,1,2:3,2 FLAGS").of(b"FETCH")), 3)
    c, _ = t.open()
    same(c.ok("UID FETCH 1:* FLAGS").of(b"FETCH"), [])
    same(c.search("ALL"), [])
    same(c.ok("UID STORE 1 +FLAGS (\\Seen)").of(b"FETCH"), [])
    c.ok("UID COPY 1:* INBOX")
    c.ok("UID MOVE 7 INBOX")
    c.ok("UID EXPUNGE 1:*")
    c.ok("EXPUNGE")


def seen_is_set_and_told(t):
    c, _ = t.open(4)
    uids = c.uids()
    for n, what in enumerate(("BODY[]", "BODY[TEXT]", "RFC822",
                              "RFC822.TEXT")):
        r = c.ok("FETCH %d %s" % (n + 1, what))
        told = [i for s, i in r.fetched() if b"FLAGS" in i]
        expect(told and b"\\Seen" in told[-1][b"FLAGS"],
               "%s: %r" % (what, r.all))
        same(c.flags(uids[n]), {b"\\seen"}, what)
    c, _ = t.open(1)
    c.ok("FETCH 1 (BODY.PEEK[] RFC822.HEADER BODY.PEEK[HEADER] ENVELOPE "
         "BODYSTRUCTURE BODY)")
    same(c.flags(c.uids()[0]), set())


def partials(t):
    c, name = t.open()
    c.append(name, MSG)
    n = len(MSG)
    for start, octets in ((0, 10), (5, 1), (0, n), (0, n + 1), (n - 1, 9),
                          (n, 5), (n + 100, 5), (10, 4294967295)):
        i = c.ok("FETCH 1 BODY.PEEK[]<%d.%d>" % (start, octets)).fetched()
        got = i[0][1]
        key = b"BODY[]<%d>" % start
        expect(key in got, got)
        same(got[key] or b"", MSG[start:start + octets])
    i = c.ok("FETCH 1 (BODY.PEEK[TEXT]<3.4> BODY.PEEK[HEADER]<6.6>)")
    i = i.fetched()[0][1]
    same(i[b"BODY[TEXT]<3>"], b"3456")
    same(i[b"BODY[HEADER]<6>"], b"a@b.te")


def store_kinds(t):
    c, _ = t.open(2)
    uid = c.uids()[0]
    r = c.ok("STORE 1 +FLAGS (\\Seen $a)")
    s, i = r.fetched()[-1]
    same(s, 1)
    same({f.lower() for f in i[b"FLAGS"]} - {b"\\recent"},
         {b"\\seen", b"$a"})
    c.ok("STORE 1 -FLAGS \\Seen")
    same(c.flags(uid), {b"$a"})
    c.ok("STORE 1 FLAGS \\Draft \\Answered")
    same(c.flags(uid), {b"\\draft", b"\\answered"})
    r = c.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    same(r.of(b"FETCH"), [])
    r = c.ok("UID STORE %d -FLAGS (\\Deleted)" % uid)
    same(int(r.fetched()[-1][1][b"UID"]), uid)
    c.ok("STORE 1 FLAGS ()")
    same(c.flags(uid), set())
    c.ok("STORE * +FLAGS (\\Flagged)")
    same(c.flags(c.uids()[1]), {b"\\deleted", b"\\flagged"})
    c.refused("STORE 1 FLAGS (\\Foo)")
    c.refused("STORE 9 FLAGS (\\Seen)")


def keywords_are_listed(t):
    c, name = t.open(1)
    c.ok("STORE 1 +FLAGS (NonJunk $Forwarded my.word)")
    same(c.flags(c.uids()[0]), {b"nonjunk", b"$forwarded", b"my.word"})
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s"' % name)
    # RFC 9051 section 6.3.2: what there is, before any of it is seen
    for had in (r.one(b"FLAGS").args[0], r.codes()[b"PERMANENTFLAGS"][0]):
        expect({b"NonJunk", b"my.word"} <= set(had), had)
    same(c.flags(c.uids()[0]), {b"nonjunk", b"$forwarded", b"my.word"})
    c.ok("STORE 1 -FLAGS (NONJUNK)")
    same(c.flags(c.uids()[0]), {b"$forwarded", b"my.word"})
    r = c.ok('EXAMINE "%s"' % name)
    expect(b"my.word" in r.one(b"FLAGS").args[0], r.all)


def keywords_in_any_case(t):
    """RFC 5788 section 2: one keyword."""
    c, name = t.open(1)
    u = c.uids()[0]
    c.ok("STORE 1 +FLAGS (Paid)")
    r = c.ok("STORE 1 +FLAGS (PAID other)")
    same([f for f in r.fetched()[-1][1][b"FLAGS"] if f.lower() == b"paid"],
         [b"Paid"])
    r = c.ok("STORE 1 FLAGS (paid)")
    same([f for f in r.fetched()[-1][1][b"FLAGS"] if f.lower() == b"paid"],
         [b"Paid"])
    same(c.search("KEYWORD PaId"), [u])
    same(c.search("UNKEYWORD pAiD"), [])
    c.ok("STORE 1 -FLAGS (paid)")
    same(c.flags(u), set())
    c.append(name, b"Subject: x\r\n\r\n", "Twice TWICE")
    flags = c.ok("FETCH 2 FLAGS").fetched()[0][1][b"FLAGS"]
    same(len({f.lower() for f in flags} - {b"\\recent"}), 1, repr(flags))
    same(len([f for f in flags if f.lower() == b"twice"]), 1)


def keywords_without_end(t):
    """However many there are, none is used that FLAGS has not."""
    c, name = t.open(14)
    for n in range(14):
        words = " ".join("%s%d.%d" % ("k" * 80, n, i) for i in range(8))
        c.ok("STORE %d +FLAGS.SILENT (%s)" % (n + 1, words))
    d = t.conn()
    told = set()
    for a in (d.ok('SELECT "%s"' % name).all +
              d.ok("FETCH 1:* FLAGS").all):
        if a.kind == b"FLAGS":
            told = set(a.args[0])
        elif a.kind == b"FETCH":
            flags = set(a.items()[b"FLAGS"]) - {b"\\Recent"}
            same((len(flags), flags - told), (8, set()), a.line[:200])


def keywords_come_before_rows(t):
    """One not heard of yet may bring FLAGS, but not inside of a FETCH."""
    c, name = t.open(3)
    d = t.conn(name)
    for what in (b"BODY[HEADER]", b"BODY[]"):
        for n in 2, 3:
            d.ok("STORE %d +FLAGS (w%d.%d)" % (n, n, len(what)))
        r = c.ok("FETCH 1:3 (FLAGS %s)" % what.decode().replace("[", ".PEEK["))
        expect(len(r.of(b"FLAGS")) > 0, r.all)
        same([s for s, i in r.fetched() if what in i], [1, 2, 3])


def expunge_numbers(t):
    c, _ = t.open(11)
    uids = c.uids()
    c.ok("STORE 3,4,7,11 +FLAGS.SILENT (\\Deleted)")
    r = c.ok("EXPUNGE")
    have = list(uids)
    for a in r.of(b"EXPUNGE"):
        del have[a.num - 1]
    want = [u for n, u in enumerate(uids, 1) if n not in (3, 4, 7, 11)]
    same(have, want)
    same(c.uids(), want)


def uid_expunge_only_those(t):
    c, _ = t.open(4)
    u = c.uids()
    c.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    r = c.ok("UID EXPUNGE %d,%d" % (u[1], u[3]))
    same([a.num for a in r.of(b"EXPUNGE")], [2])
    same(c.uids(), [u[0], u[2], u[3]])


def copy(t):
    c, name = t.open(3, "\\Flagged $k")
    to = t.box()
    u = c.uids()
    dates = [i[b"INTERNALDATE"] for _, i in
             c.ok("FETCH 1:* INTERNALDATE").fetched()]
    r = c.ok('UID COPY %d,%d "%s"' % (u[2], u[0], to))
    code = r.tagged.code
    same(code[0], b"COPYUID")
    pairs = dict(zip(list_of(code[2]), list_of(code[3])))
    same(set(pairs), {u[0], u[2]})
    r = c.no('COPY 1 "imapcheck/absent"')
    same(r.tagged.code and r.tagged.code[0], b"TRYCREATE")
    c.ok("UNSELECT")
    codes = c.ok('SELECT "%s"' % to).codes()
    same(codes[b"UIDVALIDITY"][0], code[1])
    for old, new in pairs.items():
        i = c.ok("UID FETCH %d (FLAGS INTERNALDATE ENVELOPE)" % new)
        i = i.fetched()[0][1]
        same({f.lower() for f in i[b"FLAGS"]} - {b"\\recent"},
             {b"\\flagged", b"$k"})
        n = u.index(old)
        same(i[b"INTERNALDATE"], dates[n])
        same(i[b"ENVELOPE"][1], b"letter %d" % (n + 1))


def move_to_itself(t):
    """RFC 6851 section 3: as COPY and EXPUNGE do."""
    c, name = t.open(3)
    other = t.conn(name)
    uids = c.uids()
    r = c.ok('MOVE 1:2 "%s"' % name)
    code = r.codes()[b"COPYUID"]
    same([set_of(code[1]), len(set_of(code[2]))], [set(uids[:2]), 2])
    same([a.num for a in r.of(b"EXPUNGE")], [2, 1])
    same(c.uids(), [uids[2]] + sorted(set_of(code[2])))
    other.ok("NOOP")
    same(other.uids(), c.uids())
    same(len(c.ok("FETCH 1:* BODY.PEEK[]").fetched()), 3)
    expect(min(set_of(code[2])) > max(uids), "UIDs grow")


def copy_to_itself(t):
    c, name = t.open(2)
    c.ok('COPY 1:2 "%s"' % name)
    same(len(c.uids()), 4)


def move(t):
    c, name = t.open(4, "\\Answered")
    if not c.has("MOVE"):
        return "not advertised"
    to = t.box()
    u = c.uids()
    r = c.ok('MOVE 2:3 "%s"' % to)
    code = [a for a in r.all + [r.tagged]
            if a.code and a.code[0] == b"COPYUID"]
    same(len(code), 1)
    same(list_of(code[0].code[2]), u[1:3])
    expect(r.all.index(code[0]) < r.all.index(r.of(b"EXPUNGE")[0]),
           "COPYUID behind EXPUNGE")
    have = list(u)
    for a in r.of(b"EXPUNGE"):
        del have[a.num - 1]
    same(have, [u[0], u[3]])
    same(c.uids(), [u[0], u[3]])
    r = c.no('UID MOVE %d "imapcheck/absent"' % u[0])
    same(r.tagged.code and r.tagged.code[0], b"TRYCREATE")
    c.ok('UID MOVE %d "%s"' % (u[1], to))
    c.ok('SELECT "%s"' % to)
    same(c.uids(), list_of(code[0].code[3]))
    same([c.flags(x) for x in c.uids()], [{b"\\answered"}] * 2)


def uids_only_grow(t):
    c, name = t.open(3)
    last = c.uids()[-1]
    c.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
    c.ok("EXPUNGE")
    uid = int(c.append(name, MSG).tagged.code[2])
    expect(uid > last, "%d after %d" % (uid, last))


def mixed_line_ends_are_kept_or_made(t):
    c, name = t.open()
    r = c.append(name, b"Subject: lf\n\nbody\nmore\n")
    if r.tagged.kind != b"OK":
        return
    i = c.ok("FETCH 1 (RFC822.SIZE BODY[] BODY[HEADER] BODY[TEXT])")
    i = i.fetched()[0][1]
    same(len(i[b"BODY[]"]), int(i[b"RFC822.SIZE"]))
    same(i[b"BODY[HEADER]"] + i[b"BODY[TEXT]"], i[b"BODY[]"])


CHECKS = [append_keeps_all, append_refusals, append_waits_for_literal,
          append_many_sizes, fetch_macros, fetch_of_absent,
          seen_is_set_and_told, partials, store_kinds, keywords_are_listed,
          keywords_come_before_rows, keywords_without_end,
          keywords_in_any_case,
          expunge_numbers, uid_expunge_only_those, copy, copy_to_itself,
          move_to_itself,
          move, uids_only_grow, mixed_line_ends_are_kept_or_made]
