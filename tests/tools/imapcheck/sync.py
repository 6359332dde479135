"""Two sessions, IDLE, CONDSTORE and QRESYNC: RFC 9051 sections 5.2, 7.5,
RFC 2177, RFC 7162."""
import time

from .wire import Conn, expect, list_of, same, set_of

MSG = b"From: a@b.test\r\nSubject: new\r\n\r\nnew\r\n"


def modseq(c, uid):
    r = c.ok("UID FETCH %d (MODSEQ)" % uid)
    return [int(i[b"MODSEQ"][0]) for _, i in r.fetched()
            if b"MODSEQ" in i and int(i[b"UID"]) == uid][-1]


def highest(c, name):
    s = c.ok('STATUS "%s" (HIGHESTMODSEQ)' % name).one(b"STATUS")
    return int(s.args[1][1])


def expunge_waits_for_its_time(t):
    a, name = t.open(4)
    b = Conn(t.where)
    b.ok('SELECT "%s"' % name)
    b.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    for cmd in ("FETCH 1:* FLAGS", "STORE 4 +FLAGS (\\Seen)", "SEARCH ALL"):
        r = a.cmd(cmd)
        expect(not r.of(b"EXPUNGE"), "%s: %r" % (cmd, r.all))
    # who gets nothing hears why, RFC 5530
    r = a.cmd("FETCH 1:3 FLAGS")
    same(r.tagged.code, [b"EXPUNGEISSUED"], repr(r.all))
    same(a.cmd("FETCH 3:4 FLAGS").tagged.code, None)
    r = a.cmd("STORE 2:3 +FLAGS (\\Seen)")
    same(r.tagged.code, [b"EXPUNGEISSUED"], repr(r.all))
    same(a.cmd("STORE 3:4 -FLAGS (\\Seen)").tagged.code, None)
    # what went has its UID until that is told
    same(len(a.ok("FETCH 1 UID").fetched()), 1)
    r = a.ok("FETCH 4 (UID)")
    same(int(r.fetched()[-1][1][b"UID"]), b.uids()[-1])
    # none of them is there to be copied, and that may be told at once
    r = a.cmd('COPY 1:2 "%s"' % name)
    same([r.tagged.kind, r.tagged.code], [b"NO", [b"EXPUNGEISSUED"]],
         repr(r.all))
    same(len(r.of(b"EXPUNGE")) or len(a.ok("NOOP").of(b"EXPUNGE")), 2)
    same(a.uids(), b.uids())


def news_reach_others(t):
    a, name = t.open(2)
    b = Conn(t.where)
    b.ok('SELECT "%s"' % name)
    uid = b.uids()[0]
    b.ok("UID STORE %d +FLAGS (\\Flagged new)" % uid)
    b.append(name, MSG)
    r = a.ok("NOOP")
    same(r.one(b"EXISTS").num, 3)
    got = [i for s, i in r.fetched() if s == 1]
    expect(got and {f.lower() for f in got[-1][b"FLAGS"]} >=
           {b"\\flagged", b"new"}, r.all)


def fetch_sees_what_came(t):
    a, name = t.open(1)
    b = Conn(t.where)
    r = b.append(name, MSG)
    uid = int(r.tagged.code[2])
    got = [int(i[b"UID"]) for _, i in
           a.ok("UID FETCH %d:* (UID)" % uid).fetched()]
    same(got, [uid])


def until(c, what, timeout=10):
    end = time.monotonic() + timeout
    while True:
        got = c.answer(max(0.1, end - time.monotonic()))
        if what(got):
            return got


def idle(t):
    a, name = t.open(2)
    b = Conn(t.where)
    b.ok('SELECT "%s"' % name)
    a.send("i IDLE\r\n")
    until(a, lambda x: x.kind == b"+")
    b.append(name, MSG)
    until(a, lambda x: x.kind == b"EXISTS" and x.num == 3)
    b.ok("STORE 1 +FLAGS (\\Flagged)")
    until(a, lambda x: x.kind == b"FETCH" and x.num == 1 and
          b"\\Flagged" in x.items()[b"FLAGS"])
    b.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    until(a, lambda x: x.kind == b"EXPUNGE" and x.num == 1)
    a.send("DONE\r\n")
    same(a.finish("i").tagged.kind, b"OK")
    a.send("j IDLE\r\n")
    until(a, lambda x: x.kind == b"+")
    a.send("NOOP\r\n")
    same(a.finish("j").tagged.kind, b"BAD")
    # all at once, as the iPhone has it
    a.send("k IDLE\r\nDONE\r\nl NOOP\r\nm IDLE\r\n")
    until(a, lambda x: x.tag == b"k" and x.kind == b"OK")
    until(a, lambda x: x.tag == b"l" and x.kind == b"OK")
    until(a, lambda x: x.kind == b"+")
    a.send("done\r\nn NOOP\r\n")
    until(a, lambda x: x.tag == b"n" and x.kind == b"OK")


def modseq_grows(t):
    c, name = t.open(3)
    u = c.uids()
    last = highest(c, name)
    for cmd in ("UID STORE %d +FLAGS (\\Seen)" % u[0],
                "UID STORE %d +FLAGS (word)" % u[1],
                "UID STORE %d -FLAGS (\\Seen)" % u[0],
                "UID STORE %d +FLAGS.SILENT (\\Deleted)" % u[2],
                "UID EXPUNGE %d" % u[2]):
        c.ok(cmd)
        now = highest(c, name)
        expect(now > last, "%s: %d, was %d" % (cmd, now, last))
        last = now
    c.append(name, MSG)
    expect(highest(c, name) > last, "APPEND")
    last = highest(c, name)
    c.ok("UID STORE %d +FLAGS (word)" % u[1])
    c.ok('UID COPY %d "%s"' % (u[1], name))
    expect(highest(c, name) > last, "COPY")


def select_condstore(t):
    c, name = t.open(2)
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s" (CONDSTORE)' % name)
    expect(b"HIGHESTMODSEQ" in r.codes(), r.all)
    r = c.ok("STORE 1 +FLAGS (\\Seen)")
    expect(all(b"MODSEQ" in i for _, i in r.fetched()), r.all)
    r = c.ok("STORE 1 -FLAGS.SILENT (\\Seen)")
    got = [i for _, i in r.fetched() if b"MODSEQ" in i]
    expect(got and b"FLAGS" not in got[-1], r.all)
    same(int(got[-1][b"MODSEQ"][0]), highest(c, name))
    # RFC 7162 section 3.2.4: \\Seen that FETCH sets is told with both
    r = c.ok("FETCH 1 BODY[TEXT]")
    told = [i for _, i in r.fetched() if b"FLAGS" in i]
    expect(told and b"MODSEQ" in told[-1] and b"UID" in told[-1], r.all)


def unchangedsince(t):
    c, name = t.open(3)
    u = c.uids()
    base = highest(c, name)
    c.ok("UID STORE %d +FLAGS (\\Flagged)" % u[1])
    r = c.ok("UID STORE %d:%d (UNCHANGEDSINCE %d) +FLAGS (\\Seen)"
             % (u[0], u[2], base))
    same(set_of(r.codes()[b"MODIFIED"][0]), {u[1]})
    same([c.flags(x) for x in u], [{b"\\seen"}, {b"\\flagged"}, {b"\\seen"}])
    r = c.ok("STORE 2 (UNCHANGEDSINCE %d) +FLAGS (\\Seen)" % base)
    same(set_of(r.codes()[b"MODIFIED"][0]), {2})
    r = c.ok("STORE 2 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Seen)"
             % highest(c, name))
    expect(b"MODIFIED" not in r.codes(), r.tagged)
    r = c.ok("STORE 1:3 (UNCHANGEDSINCE 0) +FLAGS (\\Draft)")
    same(set_of(r.codes()[b"MODIFIED"][0]), {1, 2, 3})


def changedsince(t):
    c, name = t.open(4)
    u = c.uids()
    base = highest(c, name)
    c.ok("UID STORE %d,%d +FLAGS (\\Seen)" % (u[1], u[3]))
    r = c.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % base)
    same([int(i[b"UID"]) for _, i in r.fetched()], [u[1], u[3]])
    expect(all(b"MODSEQ" in i for _, i in r.fetched()), r.all)
    same(c.ok("FETCH 1:* FLAGS (CHANGEDSINCE %d)" % highest(c, name))
         .fetched(), [])
    # 0 is sent by old macOS: all
    r = c.cmd("FETCH 1:* FLAGS (CHANGEDSINCE 0)")
    expect(r.tagged.kind == b"BAD" or len(r.fetched()) == 4, r.all)


def search_modseq(t):
    c, name = t.open(3)
    u = c.uids()
    base = highest(c, name)
    c.ok("UID STORE %d +FLAGS (\\Seen)" % u[1])
    r = c.ok("UID SEARCH MODSEQ %d" % (base + 1)).one(b"SEARCH")
    same(r.args[0], u[1])
    same(r.args[1][0].upper(), b"MODSEQ")
    same(int(r.args[1][1]), highest(c, name))
    same(c.ok('SEARCH MODSEQ "/flags/\\\\seen" all %d ALL' % (base + 1))
         .one(b"SEARCH").args[0], 2)
    same(c.ok("SEARCH MODSEQ %d" % (highest(c, name) + 1))
         .one(b"SEARCH").args, [])


def modseq_of_what_is_named(t):
    """RFC 4731 section 3.2."""
    c, name = t.open(4)
    for n in (1, 3, 2):
        c.ok("STORE %d +FLAGS (\\Seen)" % n)
    last = {n: modseq(c, c.uids()[n - 1]) for n in (1, 2, 3)}
    for what, n in (("MIN", 1), ("MAX", 3), ("ALL", 2), ("MIN MAX", 3),
                    ("MIN COUNT", 2)):
        r = c.ok("SEARCH RETURN (%s) 1:3 MODSEQ 1" % what).one(b"ESEARCH")
        same([int(x) for x in r.args[-1:]], [last[n]], what)
        same(r.args[-2].upper(), b"MODSEQ")


def first_use_tells_where(t):
    """RFC 7162 section 3.1."""
    c, name = t.open(1)
    r = c.ok("FETCH 1 (MODSEQ)")
    expect(b"HIGHESTMODSEQ" in r.codes(), r.all)
    expect(b"HIGHESTMODSEQ" not in c.ok("FETCH 1 (MODSEQ)").codes(), "again")


def qresync_needs_enable(t):
    c, name = t.open(1)
    c.bad('SELECT "%s" (QRESYNC (1 1))' % name)
    c = Conn(t.where)
    c.ok('SELECT "%s"' % name)
    c.bad("UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)")


def changed_meanwhile(t, messages=10):
    c, name = t.open(messages)
    u = c.uids()
    codes = c.ok('SELECT "%s"' % name).codes()
    base = int(codes[b"HIGHESTMODSEQ"][0]) if b"HIGHESTMODSEQ" in codes \
        else highest(c, name)
    valid = int(codes[b"UIDVALIDITY"][0])
    gone = {u[0], u[3], u[4], u[messages - 1]}
    c.ok("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(
        str(x) for x in sorted(gone)))
    c.ok("UID STORE %d +FLAGS (\\Seen)" % u[1])
    c.ok("EXPUNGE")
    new = int(c.append(name, MSG).tagged.code[2])
    c.ok("UNSELECT")
    return name, u, valid, base, gone, new


def vanished(r, earlier=True):
    got = set()
    for a in r.of(b"VANISHED"):
        same(isinstance(a.args[0], list), earlier, repr(a))
        got |= set_of(a.args[-1])
    return got


def qresync(t):
    name, u, valid, base, gone, new = changed_meanwhile(t)
    c = Conn(t.where)
    c.ok("ENABLE QRESYNC")
    r = c.ok('SELECT "%s" (QRESYNC (%d %d))' % (name, valid, base))
    same(vanished(r) & set(u), gone)
    changed = {int(i[b"UID"]): i for _, i in r.fetched()}
    same(set(changed), {u[1], new})
    same(changed[u[1]][b"FLAGS"], [b"\\Seen"])
    expect(all(b"MODSEQ" in i for i in changed.values()), r.all)
    order = [a.kind for a in r.all]
    expect(b"VANISHED" not in order[order.index(b"FETCH"):],
           "VANISHED behind FETCH")
    # with the UIDs that it knows
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s" (QRESYNC (%d %d %d:%d))' % (
        name, valid, base, u[0], u[3]))
    same(vanished(r), {u[0], u[3]})
    same({int(i[b"UID"]) for _, i in r.fetched()} - {new}, {u[1]})
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s" (QRESYNC (%d %d 1:%d (1,3,5 %d,%d,%d)))' % (
        name, valid, base, u[-1], u[0], u[2], u[4]))
    expect(vanished(r) & set(u) <= gone, r.all)
    # nothing changed since
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s" (QRESYNC (%d %d))' % (name, valid,
                                                 highest(c, name)))
    same((r.of(b"FETCH"), r.of(b"VANISHED")), ([], []))
    # another incarnation: nothing of it
    c.ok("UNSELECT")
    r = c.ok('SELECT "%s" (QRESYNC (%d %d))' % (name, valid + 1, base))
    same((r.of(b"FETCH"), r.of(b"VANISHED")), ([], []))
    for bad in ("(QRESYNC)", "(QRESYNC (0 1))", "(QRESYNC (1))",
                "(QRESYNC (1 1 *))", "(QRESYNC (1 1 1:9 (1 1))",
                "(QRESYNC (1 1 1:9 (1:3 1:2)))",
                "(QRESYNC (1 1 1:9 (1:* 1:*)))",
                "(QRESYNC (1 1 1:9 (a b)))", "(QRESYNC (1 1 (1)))",
                "(QRESYNC (1 1) QRESYNC (1 1))"):
        c.bad('SELECT "%s" %s' % (name, bad))


def vanished_since(t):
    name, u, valid, base, gone, new = changed_meanwhile(t)
    c = Conn(t.where)
    c.ok("ENABLE QRESYNC")
    c.ok('SELECT "%s"' % name)
    r = c.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % base)
    same(vanished(r) & set(u), gone)
    same({int(i[b"UID"]) for _, i in r.fetched()}, {u[1], new})
    r = c.ok("UID FETCH %d:%d (FLAGS) (CHANGEDSINCE %d VANISHED)" % (
        u[0], u[3], base))
    same(vanished(r), {u[0], u[3]})
    r = c.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)"
             % highest(c, name))
    same(vanished(r) & set(u), set())
    c.bad("FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % base)
    c.bad("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 CHANGEDSINCE 2)")


def vanished_instead_of_expunge(t):
    c, name = t.open(5)
    u = c.uids()
    d = Conn(t.where)
    d.ok("ENABLE QRESYNC")
    d.ok('SELECT "%s"' % name)
    c.ok("UID STORE %d,%d +FLAGS.SILENT (\\Deleted)" % (u[1], u[2]))
    c.ok("EXPUNGE")
    r = d.ok("NOOP")
    same((vanished(r, False), r.of(b"EXPUNGE")), ({u[1], u[2]}, []))
    d.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % u[4])
    r = d.ok("EXPUNGE")
    same((vanished(r, False), r.of(b"EXPUNGE")), ({u[4]}, []))
    same(int(r.codes()[b"HIGHESTMODSEQ"][0]), highest(c, name))
    r = d.ok('UID MOVE %d "%s"' % (u[0], t.box()))
    same((vanished(r, False), r.of(b"EXPUNGE")), ({u[0]}, []))
    same(d.uids(), [u[3]])


def modseq_above_what_went(t):
    """Who takes the highest MODSEQ that it saw for what it knows would never
    hear of what went below it, and could not be told yet."""
    a, name = t.open(4)
    valid = a.ok('STATUS "%s" (UIDVALIDITY)' % name).one(b"STATUS").args[1][1]
    a.ok("ENABLE QRESYNC")
    b = Conn(t.where)
    b.ok('SELECT "%s"' % name)
    gone = b.uids()[0]
    b.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    b.ok("STORE 2 +FLAGS.SILENT (\\Flagged)")
    for _ in range(3):
        r = a.ok("FETCH 3 (UID MODSEQ)")
        expect(not r.of(b"VANISHED"), r.all)
        knows = max(int(i[b"MODSEQ"][0]) for _, i in r.fetched())
        if b"HIGHESTMODSEQ" in r.codes():
            knows = int(r.codes()[b"HIGHESTMODSEQ"][0])
        c = Conn(t.where)
        c.ok("ENABLE QRESYNC")
        same(vanished(c.ok('SELECT "%s" (QRESYNC (%s %d))' % (
            name, valid.decode(), knows))), {gone}, repr(r.all))
    same(len(a.ok("NOOP").of(b"VANISHED")), 1)
    # nothing is untold: no step back
    r = a.ok("STORE 1 +FLAGS (\\Draft)")
    told = max(int(i[b"MODSEQ"][0]) for _, i in r.fetched())
    expect(int(r.codes().get(b"HIGHESTMODSEQ", [told])[0]) >= told, r.all)


def closed_between_mailboxes(t):
    c, name = t.open(1)
    other = t.box()
    c.ok("ENABLE QRESYNC")
    r = c.ok('SELECT "%s"' % other)
    expect(b"CLOSED" in r.codes(), r.all)
    c.ok("UNSELECT")
    expect(b"CLOSED" not in c.ok('SELECT "%s"' % other).codes(), "CLOSED")


def move_is_seen_by_others(t):
    a, name = t.open(3)
    to = t.box()
    b = Conn(t.where)
    b.ok('SELECT "%s"' % to)
    c = Conn(t.where)
    c.ok('SELECT "%s"' % name)
    u = a.uids()
    r = a.ok('UID MOVE %d "%s"' % (u[1], to))
    new = list_of(r.codes()[b"COPYUID"][2])
    same(b.ok("NOOP").one(b"EXISTS").num, 1)
    same(b.uids(), new)
    same([x.num for x in c.ok("NOOP").of(b"EXPUNGE")], [2])
    same(c.uids(), [u[0], u[2]])


def deleted_mailbox(t):
    a, name = t.open(1)
    b = Conn(t.where)
    b.ok('DELETE "%s"' % name)
    try:
        a.cmd("NOOP")
        a.cmd("FETCH 1 FLAGS")
        a.cmd("UNSELECT")
    except Exception:
        pass                # it may hang up, RFC 2180
    b.ok("NOOP")


CHECKS = [expunge_waits_for_its_time, news_reach_others,
          fetch_sees_what_came, idle, modseq_grows, select_condstore,
          unchangedsince, changedsince, search_modseq,
          (modseq_of_what_is_named, "CONDSTORE ESEARCH"),
          (first_use_tells_where, "CONDSTORE"), qresync_needs_enable,
          qresync, vanished_since, vanished_instead_of_expunge,
          (modseq_above_what_went, "QRESYNC"), closed_between_mailboxes,
          move_is_seen_by_others, deleted_mailbox]
