"""Mailboxes: RFC 9051 section 6.3, RFC 5258, RFC 5819, RFC 6154."""
from .wire import Conn, Str, expect, same


def names(reply, kind=b"LIST"):
    return {a.args[2].decode(): {f.lower().decode() for f in a.args[0]}
            for a in reply.of(kind)}


def select_tells_all(t):
    c = Conn(t.where)
    name = t.box(3)
    r = c.ok('SELECT "%s"' % name)
    same(r.one(b"EXISTS").num, 3)
    r.one(b"FLAGS")
    codes = r.codes()
    for code in (b"UIDVALIDITY", b"UIDNEXT", b"PERMANENTFLAGS",
                 b"HIGHESTMODSEQ", b"READ-WRITE"):
        expect(code in codes, "no %s in %r" % (code, r.all))
    expect(b"\\*" in codes[b"PERMANENTFLAGS"][0], "no \\*")
    s = c.ok('STATUS "%s" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN '
             'HIGHESTMODSEQ)' % name).one(b"STATUS")
    same(s.args[0].decode(), name)
    got = dict(zip(s.args[1][::2], s.args[1][1::2]))
    for k in (b"UIDNEXT", b"UIDVALIDITY", b"HIGHESTMODSEQ"):
        same(got[k], codes[k][0], k)
    same((got[b"MESSAGES"], got[b"UNSEEN"]), (b"3", b"3"))
    r = c.ok('EXAMINE "%s"' % name)
    expect(b"READ-ONLY" in r.codes(), r.tagged)


def failed_select_leaves_none(t):
    c, _ = t.open(1)
    c.no('SELECT "imapcheck/absent"')
    c.bad("FETCH 1 FLAGS")


def create_delete(t):
    c = Conn(t.where)
    name = t.box()
    c.no('CREATE "%s"' % name)
    c.no("CREATE INBOX")
    c.ok('DELETE "%s"' % name)
    c.no('DELETE "%s"' % name)
    c.no("DELETE INBOX")
    c.no('STATUS "%s" (MESSAGES)' % name)
    c.no('SELECT "%s"' % name)


def new_uidvalidity_after_delete(t):
    c = Conn(t.where)
    name = t.box(2)
    a = c.ok('SELECT "%s"' % name).codes()
    c.ok("UNSELECT")
    c.ok('DELETE "%s"' % name)
    c.ok('CREATE "%s"' % name)
    b = c.ok('SELECT "%s"' % name).codes()
    expect(a[b"UIDVALIDITY"] != b[b"UIDVALIDITY"] or
           int(b[b"UIDNEXT"][0]) >= int(a[b"UIDNEXT"][0]),
           "UIDs given twice")


def hierarchy(t):
    c = Conn(t.where)
    name = t.box()
    c.ok('CREATE "%s/x/y"' % name)
    t.made[:0] = [name + "/x/y", name + "/x"]
    got = names(c.ok('LIST "" "%s*"' % name))
    expect(name + "/x/y" in got and name + "/x" in got, got)
    expect("\\haschildren" in got[name], got)
    expect("\\hasnochildren" in got[name + "/x/y"], got)
    got = names(c.ok('LIST "" "%s/%%"' % name))
    same(set(got), {name + "/x"})
    got = names(c.ok('LIST "%s/" "*"' % name))
    same(set(got), {name + "/x", name + "/x/y"})
    r = c.ok('LIST "" ""').one(b"LIST")
    same(r.args[1], b"/")
    got = names(c.ok('LIST "" "%s"' % name.replace("imapcheck", "%")))
    same(set(got), {name})


def delete_with_children(t):
    c = Conn(t.where)
    name = t.box(1)
    c.ok('CREATE "%s/x"' % name)
    t.made[:0] = [name + "/x"]
    r = c.cmd('DELETE "%s"' % name)
    got = names(c.ok('LIST "" "%s*"' % name))
    expect(name + "/x" in got, "child gone: %r" % got)
    if r.tagged.kind == b"OK":
        expect("\\noselect" in got.get(name, {"\\noselect"}), got)


def delete_the_selected(t):
    """It is left when it goes, whatever it is called by then, and else not."""
    c = Conn(t.where)
    name = t.box(1)
    c.ok('CREATE "%s/x"' % name)
    t.made[:0] = [name + "/x"]
    c.ok('SELECT "%s"' % name)
    if c.cmd('DELETE "%s"' % name).tagged.kind != b"OK":
        same(len(c.ok("FETCH 1 UID").fetched()), 1)
    c.ok("UNSELECT")
    c.ok('SELECT "%s/x"' % name)
    c.ok('RENAME "%s/x" "%s/y"' % (name, name))
    c.ok('DELETE "%s/y"' % name)
    c.bad("FETCH 1 UID")
    c.ok("NOOP")


def rename(t):
    c = Conn(t.where)
    a, b = t.box(2), t.box()
    c.no('RENAME "%s" "%s"' % (a, b))
    c.no('RENAME "imapcheck/absent" "imapcheck/other"')
    c.ok('CREATE "%s/x"' % a)
    uids = c.ok('SELECT "%s"' % a) and c.uids()
    c.ok("UNSELECT")
    c.ok('RENAME "%s" "%s/fresh"' % (a, b))
    t.made[:0] = [b + "/fresh/x", b + "/fresh"]
    got = names(c.ok('LIST "" "%s*"' % b))
    expect(b + "/fresh" in got and b + "/fresh/x" in got, got)
    expect(not c.ok('LIST "" "%s"' % a).of(b"LIST"), "old name is there")
    c.ok('SELECT "%s/fresh"' % b)
    same(c.uids(), uids)


def names_in_utf7(t):
    c = Conn(t.where)
    base = t.box()
    for tail in ("&Jjo-!", "&U,BTFw-/&ZeVnLIqe-", "a&-b", "&AOQ-&-&AOQ-"):
        c.ok('CREATE "%s/%s"' % (base, tail))
        t.made.insert(0, "%s/%s" % (base, tail))
        got = names(c.ok('LIST "" "%s/%s"' % (base, tail)))
        same(set(got), {"%s/%s" % (base, tail)})
        c.ok('STATUS "%s/%s" (MESSAGES)' % (base, tail))
    for tail in ("&Jjo", "&Jjo!", "&U,BTFw-&ZeVnLIqe-", "&AGE-", "&2AA-",
                 "a\tb", "&"):
        c.refused('CREATE "%s/%s"' % (base, tail))


def odd_names(t):
    c = Conn(t.where)
    base = t.box()
    for tail in ("with blank", "(paren)", "plus+", "[b]", 'a"b"', "a\\b",
                 "re: it", "x" * 60):
        c.ok("CREATE", Str((base + "/" + tail).encode()))
        quoted = (base + "/" + tail).replace("\\", "\\\\").replace(
            '"', '\\"')
        t.made.insert(0, quoted)
        got = names(c.ok('LIST "" "%s"' % quoted))
        same(set(got), {base + "/" + tail})
        c.ok('SELECT "%s"' % quoted)
        c.ok("UNSELECT")
    for bad in ("", "/", "//a", "a//b", "../x", "a/../b", ".", "a/.",
                "x" * 3000, base + "/\x01"):
        c.refused("CREATE", Str(bad.encode()))
    c.ok("NOOP")


def subscriptions(t):
    c = Conn(t.where)
    name = t.box()
    c.ok('CREATE "%s/x"' % name)
    t.made[:0] = [name + "/x"]
    c.ok('SUBSCRIBE "%s/x"' % name)
    c.ok('SUBSCRIBE "%s/x"' % name)
    c.cmd('UNSUBSCRIBE "%s"' % name)
    got = names(c.ok('LSUB "" "%s*"' % name), b"LSUB")
    same(set(got), {name + "/x"})
    got = names(c.ok('LSUB "" "%s/%%"' % name.split("/")[0]), b"LSUB")
    expect("\\noselect" in got.get(name, ()), got)
    c.ok('UNSUBSCRIBE "%s/x"' % name)
    expect(not c.ok('LSUB "" "%s*"' % name).of(b"LSUB"), "still there")


def list_extended(t):
    c = Conn(t.where)
    if not c.has("LIST-EXTENDED"):
        return "not advertised"
    name = t.box()
    for x in ("x", "y"):
        c.ok('CREATE "%s/%s"' % (name, x))
        t.made.insert(0, name + "/" + x)
        c.cmd('UNSUBSCRIBE "%s/%s"' % (name, x))
    c.cmd('UNSUBSCRIBE "%s"' % name)
    c.ok('SUBSCRIBE "%s/x"' % name)
    got = names(c.ok('LIST () "" "%s*"' % name))
    same(set(got), {name, name + "/x", name + "/y"})
    got = names(c.ok('LIST (SUBSCRIBED) "" "%s*"' % name))
    same(set(got), {name + "/x"})
    expect("\\subscribed" in got[name + "/x"], got)
    got = names(c.ok('LIST "" "%s*" RETURN (SUBSCRIBED CHILDREN)' % name))
    expect("\\subscribed" in got[name + "/x"], got)
    expect("\\subscribed" not in got[name + "/y"], got)
    expect("\\haschildren" in got[name], got)
    got = names(c.ok('LIST "" ("INBOX" "%s/%%" "%s/x")' % (name, name)))
    same(set(got), {"INBOX", name + "/x", name + "/y"})
    same(list(names(c.ok('LIST "" iNb%'))), ["INBOX"])
    same(len(c.ok('LIST "" ("%s/x" "%s/*")' % (name, name)).of(b"LIST")), 2)
    r = c.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%s"' % name)
    a = r.one(b"LIST")
    expect(len(a.args) == 4 and a.args[3][0].upper() == b"CHILDINFO" and
           [x.upper() for x in a.args[3][1]] == [b"SUBSCRIBED"], a)
    c.bad('LIST (RECURSIVEMATCH) "" "*"')
    c.bad('LIST (FOO) "" "*"')
    c.bad('LIST "" "*" RETURN (FOO)')
    c.ok('LIST "" "%s" RETURN ()' % name)
    c.ok('LIST (REMOTE) "" "%s"' % name)
    c.ok('UNSUBSCRIBE "%s/x"' % name)


def names_above(t):
    """A level that is no mailbox is told above what is not: RFC 3501 section
    6.3.8, RFC 5258 example 9."""
    c = Conn(t.where)
    name = t.box()
    for x in ("foo2/bar1", "foo2/bar2", "baz2/bar2", "eps2", "eps2/mamba"):
        c.ok('CREATE "%s/%s"' % (name, x))
        t.made.insert(0, name + "/" + x)
    t.made.insert(0, name + "/eps2")
    # CREATE is no SUBSCRIBE, and RENAME neither
    same(c.ok('LIST (SUBSCRIBED) "" "%s/*"' % name).of(b"LIST"), [])
    c.ok('RENAME "%s/foo2/bar1" "%s/x"' % (name, name))
    same(c.ok('LIST (SUBSCRIBED) "" "%s/*"' % name).of(b"LIST"), [])
    c.ok('RENAME "%s/x" "%s/foo2/bar1"' % (name, name))
    for x in ("foo2/bar1", "foo2/bar2", "baz2/bar2", "eps2", "eps2/mamba"):
        c.ok('SUBSCRIBE "%s/%s"' % (name, x))
    r = c.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%s/*2"' % name)
    same({a.args[2][len(name) + 1:]: len(a.args) == 4
          for a in r.of(b"LIST")},
         {b"foo2": True, b"foo2/bar2": False, b"baz2/bar2": False,
          b"eps2": True})
    got = names(c.ok('LIST "" ("%s/foo2" "%s/foo2/*")' % (name, name)))
    expect(name + "/foo2/bar1" in got, got)
    got = names(c.ok('LIST "" ("%s/baz2" "%s/baz2/%%")' % (name, name)))
    same(set(got), {name + "/baz2/bar2"})
    same(set(names(c.ok('LIST "" "%s/baz%%"' % name))), {name + "/baz2"})


def subscribed_but_gone(t):
    c = Conn(t.where)
    if not c.has("LIST-EXTENDED"):
        return "not advertised"
    name = t.box()
    c.ok('SUBSCRIBE "%s"' % name)
    c.ok('DELETE "%s"' % name)
    got = names(c.ok('LIST (SUBSCRIBED) "" "%s"' % name))
    same(set(got), {name})
    expect("\\nonexistent" in got[name], got)
    expect("\\noselect" not in got[name], got)
    expect(not c.ok('LIST "" "%s"' % name).of(b"LIST"), "LIST has it")
    c.ok('UNSUBSCRIBE "%s"' % name)


def subscribed_below_nothing(t):
    """A level stands above what is subscribed, though none of it exists:
    RFC 3501 section 6.3.9, the table of RFC 5258 section 3.5."""
    c = Conn(t.where)
    name = t.box() + "x"
    c.ok('SUBSCRIBE "%s/below"' % name)
    got = names(c.ok('LSUB "" "%s%%"' % name), b"LSUB")
    same(got, {name: {"\\noselect"}})
    if c.has("LIST-EXTENDED"):
        r = c.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%s%%"' % name)
        same([(a.args[2].decode(), len(a.args)) for a in r.of(b"LIST")],
             [(name, 4)])
        expect("\\nonexistent" in names(r)[name], r.all)
        same(c.ok('LIST (SUBSCRIBED) "" "%s%%"' % name).of(b"LIST"), [])
    same(c.ok('LIST "" "%s*"' % name).of(b"LIST"), [])
    c.ok('UNSUBSCRIBE "%s/below"' % name)
    same(c.ok('LSUB "" "%s%%"' % name).of(b"LSUB"), [])


def list_status(t):
    c = Conn(t.where)
    if not c.has("LIST-STATUS"):
        return "not advertised"
    name = t.box(2)
    r = c.ok('LIST "" "%s" RETURN (STATUS (MESSAGES UNSEEN))' % name)
    kinds = [a.kind for a in r.all]
    same(kinds, [b"LIST", b"STATUS"])
    same(r.one(b"STATUS").args[1], [b"MESSAGES", b"2", b"UNSEEN", b"2"])


def special_use(t):
    c = Conn(t.where)
    if not c.has("SPECIAL-USE"):
        return "not advertised"
    want = {"\\drafts", "\\sent", "\\trash", "\\junk", "\\archive"}
    for how in ('LIST "" "*"', 'LIST "" "*" RETURN (SPECIAL-USE)',
                'LIST (SPECIAL-USE) "" "*"'):
        got = names(c.ok(how))
        uses = set().union(*got.values()) & want
        same(uses, want, how)
        if how.startswith("LIST ("):
            expect(all(v & want for v in got.values()), got)
        else:
            expect("INBOX" in got, got)


def status_size(t):
    c, name = t.open(3)
    if not c.has("STATUS=SIZE"):
        return "not advertised"
    sizes = [int(i[b"RFC822.SIZE"]) for _, i in
             c.ok("FETCH 1:* RFC822.SIZE").fetched()]
    s = c.ok('STATUS "%s" (SIZE)' % name).one(b"STATUS")
    same(int(s.args[1][1]), sum(sizes))


def close_and_unselect(t):
    c, name = t.open(3)
    c.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    c.ok("UNSELECT")
    c.ok('EXAMINE "%s"' % name)
    c.no("STORE 1 +FLAGS (\\Seen)")
    c.no("EXPUNGE")
    c.ok("CLOSE")
    r = c.ok('SELECT "%s"' % name)
    same(r.one(b"EXISTS").num, 3)
    expect(not c.ok("CLOSE").of(b"EXPUNGE"), "CLOSE told of expunges")
    c.bad("FETCH 1 FLAGS")
    same(c.ok('SELECT "%s"' % name).one(b"EXISTS").num, 2)


def examine_changes_nothing(t):
    c, name = t.open(1, how="EXAMINE")
    c.ok("FETCH 1 BODY[]")
    same(c.flags(c.uids()[0]), set())
    c.no("MOVE 1 INBOX")


def utf8_accept(t):
    c = Conn(t.where)
    if not c.has("UTF8=ACCEPT"):
        return "not advertised"
    base = t.box()
    c.ok("ENABLE UTF8=ACCEPT")
    c.ok('CREATE "%s/Entwürfe"' % base)
    t.made.insert(0, base + "/Entw&APw-rfe")
    got = names(c.ok('LIST "" "%s/%%"' % base))
    same(set(got), {base + "/Entwürfe"})
    got = names(Conn(t.where).ok('LIST "" "%s/%%"' % base))
    same(set(got), {base + "/Entw&APw-rfe"})
    # section 3: not only ASCII has controls and ends of lines
    for char in "\x80", "\x85", "\x9f", "\u2028", "\u2029":
        c.refused('CREATE "%s/a%sb"' % (base, char))
        c.refused('RENAME "%s/Entwürfe" "%s/%s"' % (base, base, char))
    msg = "From: Jürgen <j@ü.example>\r\nSubject: Grüße\r\n\r\nhä\r\n"
    c.ok('APPEND "%s" UTF8 (~{%d+}\r\n%s)' % (base, len(msg.encode()), msg))
    c.ok('SELECT "%s"' % base)
    c.ok('SEARCH SUBJECT "Grüße"')
    c.bad("SEARCH CHARSET UTF-8 SUBJECT x")     # RFC 6855 section 3


def root_below_a_reference(t):
    c = t.conn()
    for ref in ("", "INBOX/", "imapcheck/none"):
        for verb in ("LIST", "LSUB"):
            r = c.ok('%s "%s" ""' % (verb, ref))
            a = r.one(verb.encode()).args
            expect(b"\\Noselect" in a[0], a)
            expect(a[1] is None or len(a[1]) == 1, a)


def patterns_of_no_name(t):
    """They match nothing; that is no error."""
    c = Conn(t.where)
    for pattern in ('"a&b*"', '"&*"', '"\xc3\xbc*"', "a//b", '"/a"'):
        same(c.ok('LIST "" %s' % pattern).of(b"LIST"), [])
    same(len(c.ok('LIST "" ("&*" INBOX)').of(b"LIST")), 1)


def level_renamed(t):
    """What is no mailbox, but has some below it, takes them along."""
    c = t.conn()
    name = t.box()
    r = c.cmd('CREATE "%s/level/below"' % name)
    if r.tagged.kind != b"OK":
        return "no hierarchy"
    was = c.ok('STATUS "%s/level/below" (UIDVALIDITY)' % name)
    c.ok('RENAME "%s/level" "%s/other"' % (name, name))
    now = c.ok('STATUS "%s/other/below" (UIDVALIDITY)' % name)
    same(was.one(b"STATUS").args[1], now.one(b"STATUS").args[1])
    c.no('STATUS "%s/level/below" (MESSAGES)' % name)
    c.no('RENAME "%s/never" "%s/x"' % (name, name))
    for box in "other/below", "other":
        c.cmd('DELETE "%s/%s"' % (name, box))


def levels_leave_no_name(t):
    """A level that is no mailbox goes with the last below it, and its name
    can be taken."""
    c = Conn(t.where)
    name = t.box()
    c.ok('CREATE "%s/a/b/c"' % name)
    c.ok('CREATE "%s/m"' % name)
    c.ok('DELETE "%s/a/b/c"' % name)
    t.made[:0] = [name + "/a/b", name + "/n"]
    c.ok('RENAME "%s/m" "%s/a/b"' % (name, name))
    c.ok('RENAME "%s/a/b" "%s/l/k/m"' % (name, name))
    c.ok('RENAME "%s/l/k/m" "%s/n"' % (name, name))
    c.ok('RENAME "%s/n" "%s/l"' % (name, name))
    c.ok('RENAME "%s/l" "%s/a"' % (name, name))
    c.ok('RENAME "%s/a" "%s/n"' % (name, name))


def modseq_is_never_0(t):
    c, name = t.open()
    n = int(c.ok('SELECT "%s"' % name).codes()[b"HIGHESTMODSEQ"][0])
    expect(n > 0, "HIGHESTMODSEQ 0")
    a = c.ok('STATUS "%s" (HIGHESTMODSEQ)' % name).one(b"STATUS").args
    same(int(a[1][1]), n)
    c.append(name, b"Subject: first\r\n\r\n.\r\n")
    c.ok("NOOP")
    # who knew the mailbox when it was empty hears of it
    got = c.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % n).fetched()
    same(len(got), 1)
    expect(int(got[0][1][b"MODSEQ"][0]) > n, got)


def closed_by_another(t):
    c, name = t.open()
    r = c.ok('SELECT "%s"' % t.box())
    expect(r.all[0].code and r.all[0].code[0] == b"CLOSED", r.all)


CHECKS = [select_tells_all, failed_select_leaves_none, create_delete,
          new_uidvalidity_after_delete, hierarchy, delete_with_children,
          delete_the_selected,
          rename, names_in_utf7, odd_names, subscriptions, list_extended,
          (names_above, "LIST-EXTENDED"), subscribed_but_gone,
          subscribed_below_nothing, list_status, special_use, status_size,
          close_and_unselect, examine_changes_nothing, utf8_accept,
          root_below_a_reference, patterns_of_no_name, level_renamed,
          levels_leave_no_name,
          (modseq_is_never_0, "CONDSTORE"), (closed_by_another, "QRESYNC")]
