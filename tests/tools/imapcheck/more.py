"""OBJECTID: RFC 8474; SAVEDATE: RFC 8514; QUOTA: RFC 9208; MULTIAPPEND: RFC
3502."""
import re
import time

from .wire import Str, expect, same, set_of


def letter(i):
    return b"Subject: %d\r\nMessage-ID: <%d@many>\r\n\r\n.%s\r\n" % (
        i, i, b"x" * i)


OBJECTID = re.compile(rb"[A-Za-z0-9_-]{1,255}")


def objectid(v):
    """(id)"""
    expect(isinstance(v, list) and len(v) == 1, "no (id): %r" % v)
    expect(OBJECTID.fullmatch(v[0]), "no objectid: %r" % v[0])
    return v[0]


def status(c, name, item):
    a = c.ok('STATUS "%s" (%s)' % (name, item)).one(b"STATUS").args
    same(a[1][0], item.encode())
    return a[1][1]


# ---- OBJECTID ----

def mailbox_ids(t):
    c = t.conn()
    name = t.box() + "x"
    r = c.ok('CREATE "%s"' % name)
    t.made.append(name)
    same(r.tagged.code and r.tagged.code[0], b"MAILBOXID")
    made = objectid(r.tagged.code[1])
    same(objectid(status(c, name, "MAILBOXID")), made)
    expect(objectid(status(c, "INBOX", "MAILBOXID")) != made, "the same")
    for how in "SELECT", "EXAMINE":
        same(objectid(c.ok('%s "%s"' % (how, name)).codes()[b"MAILBOXID"][0]),
             made)
    c.ok("UNSELECT")
    r = c.ok('LIST "" "%s" RETURN (STATUS (MAILBOXID MESSAGES))' % name)
    same(dict(zip(*[iter(r.one(b"STATUS").args[1])] * 2))[b"MAILBOXID"],
         [made])
    # a new name is not another mailbox; one of that name again is
    c.ok('RENAME "%s" "%sy"' % (name, name))
    same(objectid(status(c, name + "y", "MAILBOXID")), made)
    c.ok('DELETE "%sy"' % name)
    expect(objectid(c.ok('CREATE "%s"' % name).tagged.code[1]) != made,
           "given twice")


def fetch(c, what, items):
    r = c.ok("FETCH %s (%s)" % (what, items))
    return {n: i for n, i in r.fetched()}


def message_ids(t):
    c, name = t.open(3)
    other = t.box()
    got = fetch(c, "1:*", "EMAILID THREADID")
    ids = [objectid(got[n][b"EMAILID"]) for n in (1, 2, 3)]
    same(len(set(ids)), 3)
    for n in (1, 2, 3):
        if got[n][b"THREADID"] is not None:
            objectid(got[n][b"THREADID"])
    c.ok('COPY 1 "%s"' % other)
    c.ok('MOVE 2 "%s"' % other)
    c.ok('SELECT "%s"' % other)
    there = fetch(c, "1:*", "EMAILID THREADID")
    same([objectid(there[n][b"EMAILID"]) for n in (1, 2)], ids[:2])
    same([there[n][b"THREADID"] for n in (1, 2)],
         [got[n][b"THREADID"] for n in (1, 2)])


def threads_have_one(t):
    c, name = t.open()
    for i, refs in enumerate(["", "<r0.{0}>", "<r0.{0}> <r1.{0}>", ""]):
        c.append(name, ("Message-ID: <r%d.{0}>\r\nSubject: s%d\r\n%s\r\n.\r\n"
                        % (i, i, "References: %s\r\n" % refs if refs else "")
                        ).format(name.replace("/", ".")).encode())
    c.ok("NOOP")
    got = fetch(c, "1:*", "THREADID")
    ids = [got[n][b"THREADID"] for n in (1, 2, 3, 4)]
    if ids[0] is None:
        return "no threads"
    same(ids[0], ids[1])
    same(ids[0], ids[2])
    expect(ids[3] != ids[0], "all in one")
    same(sorted(c.search("THREADID " + ids[0][0].decode(), uid=False)),
         [1, 2, 3])


def found_by_id(t):
    c, name = t.open(3)
    eid = objectid(fetch(c, "2", "EMAILID")[2][b"EMAILID"]).decode()
    same(c.search("EMAILID " + eid, uid=False), [2])
    same(sorted(c.search("NOT EMAILID " + eid, uid=False)), [1, 3])
    same(c.search("EMAILID nothing_like-it", uid=False), [])
    same(c.search("THREADID nothing_like-it", uid=False), [])
    for bad in ('EMAILID ""', 'EMAILID "a b"', "EMAILID", "THREADID é",
                "EMAILID " + "a" * 256):
        c.bad("SEARCH " + bad)


# ---- SAVEDATE ----

def saved_when(t):
    c, name = t.open()
    other = t.box()
    c.append(name, b"Subject: old\r\n\r\nx\r\n", None,
             "01-Jan-2001 00:00:00 +0000")
    c.ok("NOOP")
    first = fetch(c, "1", "SAVEDATE INTERNALDATE")[1]
    same(first[b"INTERNALDATE"][:11], b" 1-Jan-2001")
    expect(isinstance(first[b"SAVEDATE"], Str), "no date: %r" % first)
    now = int(time.strftime("%Y", time.gmtime()))
    expect(abs(int(first[b"SAVEDATE"][7:11]) - now) <= 1, first)
    time.sleep(1.1)
    c.ok('COPY 1 "%s"' % other)
    c.ok('MOVE 1 "%s"' % other)
    c.ok('SELECT "%s"' % other)
    got = fetch(c, "1:*", "SAVEDATE INTERNALDATE")
    for n in (1, 2):
        same(got[n][b"INTERNALDATE"], first[b"INTERNALDATE"])
        expect(got[n][b"SAVEDATE"] != first[b"SAVEDATE"], "of the other box")
    c.ok("STORE 1 +FLAGS (\\Flagged)")
    same(fetch(c, "1", "SAVEDATE")[1][b"SAVEDATE"], got[1][b"SAVEDATE"])


def found_by_saved(t):
    c, name = t.open(2)
    same(c.search("SAVEDATESUPPORTED", uid=False), [1, 2])
    same(c.search("SAVEDSINCE 1-Jan-2020", uid=False), [1, 2])
    same(c.search("SAVEDBEFORE 1-Jan-2020", uid=False), [])
    day = fetch(c, "1", "SAVEDATE")[1][b"SAVEDATE"][:11].strip().decode()
    expect(1 in c.search("SAVEDON " + day, uid=False), day)
    for bad in ("SAVEDON", "SAVEDBEFORE yesterday", "SAVEDSINCE 32-Jan-2020"):
        c.bad("SEARCH " + bad)


# ---- QUOTA ----

def quota_of(r):
    a = r.one(b"QUOTA").args
    res = a[1]
    return a[0], {res[i].upper(): (int(res[i + 1]), int(res[i + 2]))
                  for i in range(0, len(res), 3)}


def quota(t):
    c = t.conn()
    name = t.box(1)
    r = c.ok('GETQUOTAROOT "%s"' % name)
    a = r.one(b"QUOTAROOT").args
    same(a[0], name.encode())
    if not a[1:]:
        return "no root"
    root, res = quota_of(r)
    same(root, a[1])
    used, limit = res[b"STORAGE"]
    expect(0 < used <= limit, res)
    same(quota_of(c.ok('GETQUOTA "%s"' % root.decode()))[0], root)
    c.append(name, b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n"
             + b"y" * 300000 + b"\r\n")
    more = quota_of(c.ok('GETQUOTA "%s"' % root.decode()))[1][b"STORAGE"][0]
    expect(290 <= more - used <= 310, (used, more))


def bad_quota(t):
    c = t.conn()
    c.no('GETQUOTA "no such root"')
    c.no('GETQUOTAROOT "imapcheck/never"')
    for line in ("GETQUOTA", "GETQUOTAROOT", 'GETQUOTA "" ""',
                 "GETQUOTAROOT INBOX INBOX"):
        c.bad(line)


def deleted_storage(t):
    c, name = t.open(1)
    c.append(name, b"Subject: x\r\n\r\n" + b"z" * 20000 + b"\r\n",
             "\\Deleted")
    n = int(status(c, name, "DELETED-STORAGE"))
    expect(19 <= n <= 21, n)
    c.ok("NOOP")
    c.ok("EXPUNGE")
    same(int(status(c, name, "DELETED-STORAGE")), 0)


# ---- MULTIAPPEND ----

def several_at_once(t):
    c, name = t.open(1)
    r = c.ok('APPEND "%s" (\\Seen $a)' % name, Str(letter(7)),
             '(\\Flagged) "01-Feb-2020 00:00:00 +0000"', Str(letter(8)),
             Str(letter(9)), '"02-Feb-2020 00:00:00 +0000"',
             Str(letter(10)))
    same(r.tagged.code[0], b"APPENDUID")
    uids = set_of(r.tagged.code[2])
    same(len(uids), 4)
    same(r.one(b"EXISTS").num, 5)
    same(c.uids()[1:], sorted(uids))
    got = fetch(c, "2:5", "FLAGS INTERNALDATE BODY.PEEK[]")
    same([got[n][b"BODY[]"] for n in (2, 3, 4, 5)],
         [letter(i) for i in (7, 8, 9, 10)])
    same([set(got[n][b"FLAGS"]) - {b"\\Recent"} for n in (2, 3, 4)],
         [{b"\\Seen", b"$a"}, {b"\\Flagged"}, set()])
    same(got[3][b"INTERNALDATE"][:11], b" 1-Feb-2020")
    same(got[5][b"INTERNALDATE"][:11], b" 2-Feb-2020")


def all_or_none(t):
    c, name = t.open(1)
    for bad in [("(\\Seen", Str(letter(3))), ("(\\Seen) nonsense",),
                ('"32-Jan-2020 00:00:00 +0000"', Str(letter(3))),
                ("NOTALIST", Str(letter(3))), (Str(b""),),
                (Str(b"a: b\r\n\r\n\0\r\n"),)]:
        r = c.cmd('APPEND "%s"' % name, Str(letter(1)), Str(letter(2)), *bad)
        expect(r.tagged.kind in (b"NO", b"BAD"), r.tagged)
        c.ok("NOOP")
        same(int(status(c, name, "MESSAGES")), 1)
    r = c.no('APPEND "%s-never"' % name, Str(letter(1)), Str(letter(2)))
    same(r.tagged.code and r.tagged.code[0], b"TRYCREATE")
    same(c.uids(), c.uids())


def many_at_once(t):
    c, name = t.open()
    parts = [Str(letter(i)) for i in range(128)]
    r = c.ok('APPEND "%s"' % name, *parts)
    same(len(set_of(r.tagged.code[2])), 128)
    got = fetch(c, "1:*", "BODY.PEEK[]")
    same([got[n + 1][b"BODY[]"] for n in range(128)],
         [bytes(p) for p in parts])


CHECKS = [(f, "OBJECTID") for f in (mailbox_ids, message_ids,
                                    threads_have_one, found_by_id)] + \
    [(f, "SAVEDATE") for f in (saved_when, found_by_saved)] + \
    [(f, "QUOTA QUOTA=RES-STORAGE") for f in (quota, bad_quota,
                                              deleted_storage)] + \
    [(f, "MULTIAPPEND UIDPLUS") for f in (several_at_once, all_or_none,
                                          many_at_once)]
