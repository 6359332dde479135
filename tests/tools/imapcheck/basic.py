"""Connection, states, login, capabilities: RFC 9051 sections 3, 6.1-6.3.1."""
import base64

from .wire import Conn, Fail, Closed, Str, expect, same


def greeting_has_capabilities(t):
    c = Conn(t.where, login=False)
    same(c.greeting.kind, b"OK")
    expect(c.greeting.code and c.greeting.code[0] == b"CAPABILITY",
           "none in %r" % c.greeting)
    caps = c.capabilities()
    expect("IMAP4REV1" in caps, caps)
    same({x.upper().decode() for x in c.greeting.code[1:]}, caps)


def capability_is_known_at_all_times(t):
    c = Conn(t.where, login=False)
    expect("SASL-IR" in c.capabilities(), "no SASL-IR")
    r = c.ok('LOGIN "%s" "%s"' % (t.where.user, t.where.password))
    caps = c.capabilities()
    if r.tagged.code:
        same({x.upper().decode() for x in r.tagged.code[1:]}, caps)
    for cap in "NAMESPACE UIDPLUS MOVE CONDSTORE QRESYNC ENABLE IDLE ID " \
            "SPECIAL-USE LIST-EXTENDED LIST-STATUS CHILDREN UNSELECT " \
            "ESEARCH".split():
        expect(cap in caps, "no %s" % cap)


def commands_in_wrong_state(t):
    c = Conn(t.where, login=False)
    for cmd in ("SELECT INBOX", 'LIST "" "*"', "STATUS INBOX (MESSAGES)",
                "IDLE"):
        c.bad(cmd)
        c = Conn(t.where, login=False)
    c = Conn(t.where)
    for cmd in ("FETCH 1 FLAGS", "UID FETCH 1 FLAGS", "EXPUNGE", "CLOSE",
                "STORE 1 FLAGS ()", "COPY 1 INBOX", "SEARCH ALL",
                "UNSELECT", "CHECK", "MOVE 1 INBOX"):
        c.bad(cmd)
    c.bad("LOGIN a b")
    c.bad("AUTHENTICATE PLAIN")


def nonsense_is_bad(t):
    c, name = t.open(1)
    for cmd in ("FOO", "UID", "UID FOO", "UID NOOP", "SELECT", "FETCH",
                "FETCH 1", "FETCH a FLAGS", "FETCH 0 FLAGS",
                "FETCH 1:0 FLAGS", "FETCH 1,,2 FLAGS", "FETCH 1: FLAGS",
                "FETCH 1 ()", "FETCH 1 (FLAGS", "FETCH 1 FLAGS)",
                "FETCH 1 BODY[", "FETCH 1 BODY[FOO]", "FETCH 1 BODY[1.]",
                "FETCH 1 BODY[0]", "FETCH 1 BODY[MIME]",
                "FETCH 1 BODY[]<0>", "FETCH 1 BODY[]<1.0>",
                "FETCH 1 BODY[]<-1.5>", "FETCH 1 BODY[HEADER.FIELDS]",
                "FETCH 1 BODY[HEADER.FIELDS ()]", "STORE 1 FLAGS",
                "STORE 1 FOO (\\Seen)", "SEARCH", "SEARCH FOO",
                "SEARCH OR SEEN", "SEARCH (SEEN", "SEARCH NOT",
                "SEARCH SINCE foo",
                "SEARCH LARGER x", 'LIST "" ', "STATUS INBOX",
                "STATUS INBOX ()", "STATUS INBOX (FOO)",
                "NOOP foo", "CLOSE foo", "SELECT INBOX foo",
                'CREATE "a', "STORE 1 (UNCHANGEDSINCE x) FLAGS ()"):
        c.bad(cmd)
        if c.n % 15 == 0:
            c = Conn(t.where)
            c.ok('SELECT "%s"' % name)
    c.ok("NOOP")


def lines_without_tag(t):
    c = Conn(t.where)
    c.send(b"\r\n")
    r = c.cmd("NOOP")
    expect(not r.of(b"BYE"), "closed for an empty line")
    c.send(b"* NOOP\r\n")
    same(c.answer().kind, b"BAD")
    c.ok("NOOP")


def bad_lines_are_answered(t):
    """Who gets no answer with the tag waits for one."""
    c = Conn(t.where)
    c.bad("NOOP " + "x" * 200000)
    c.refused('SELECT "a\0b"')
    c.ok("NOOP")


def case_does_not_matter(t):
    c = Conn(t.where)
    c.ok("select inBoX")
    c.ok("uId fEtCh 1:* (fLaGs rfc822.size Body.Peek[hEaDeR])")
    c.ok('list "" inbox')
    c.ok("status inbox (messages)")


def login_fails(t):
    c = Conn(t.where, login=False)
    r = c.no('LOGIN "%s" "wrong"' % t.where.user)
    same(r.tagged.code and r.tagged.code[0], b"AUTHENTICATIONFAILED")


def login_by_literals(t):
    c = Conn(t.where, login=False)
    c.ok("LOGIN", Str(t.where.user.encode()), Str(t.where.password.encode()))
    c = Conn(t.where, login=False)
    c.send("x LOGIN {%d}\r\n" % len(t.where.user))
    same(c.answer().kind, b"+")
    c.send("%s {%d}\r\n" % (t.where.user, len(t.where.password)))
    same(c.answer().kind, b"+")
    c.send(t.where.password + "\r\n")
    same(c.finish("x").tagged.kind, b"OK")


def authenticate_plain(t):
    ir = base64.b64encode(("\0%s\0%s" % (t.where.user, t.where.password))
                          .encode()).decode()
    c = Conn(t.where, login=False)
    c.ok("AUTHENTICATE PLAIN " + ir)
    c = Conn(t.where, login=False)
    c.send("x authenticate plain\r\n")
    a = c.answer()
    same(a.kind, b"+")
    c.send("*\r\n")
    same(c.finish("x").tagged.kind, b"BAD")
    c.send("y AUTHENTICATE PLAIN\r\n")
    same(c.answer().kind, b"+")
    c.send(ir + "\r\n")
    same(c.finish("y").tagged.kind, b"OK")


def authenticate_nonsense(t):
    c = Conn(t.where, login=False)
    c.no("AUTHENTICATE FOO")
    c.refused("AUTHENTICATE PLAIN !!!!")


def logout(t):
    c = Conn(t.where)
    r = c.ok("LOGOUT")
    r.one(b"BYE")
    try:
        c.more()
    except (Closed, OSError):
        return
    raise Fail("open after LOGOUT")


def id_command(t):
    c = Conn(t.where)
    c.ok("ID NIL").one(b"ID")
    c.ok('ID ("name" "check" "version" NIL)').one(b"ID")
    c.ok("ID ()")


def namespace(t):
    v = Conn(t.where).ok("NAMESPACE").one(b"NAMESPACE").args
    same(len(v), 3)
    same(v[0][0][:2], [b"", b"/"])


def enable(t):
    c = Conn(t.where)
    r = c.ok("ENABLE CONDSTORE X-FOO")
    same(r.one(b"ENABLED").args, [b"CONDSTORE"])
    expect(not any(a.args for a in c.ok("ENABLE X-FOO").of(b"ENABLED")),
           "X-FOO enabled")
    c.bad("ENABLE")
    r = c.ok("ENABLE QRESYNC UTF8=ACCEPT" if c.has("UTF8=ACCEPT")
             else "ENABLE QRESYNC")
    expect(b"QRESYNC" in r.one(b"ENABLED").args, r.all)


def pipelining_keeps_order(t):
    c = Conn(t.where)
    c.send("".join("p%d NOOP\r\n" % i for i in range(100)))
    for i in range(100):
        same(c.finish("p%d" % i).tagged.kind, b"OK")


def odd_tags(t):
    c = Conn(t.where)
    for tag in ("A]1", "!#$&", "x" * 60, "1", "a.b/c:d"):
        c.send("%s NOOP\r\n" % tag)
        a = Conn.line(c)
        expect(a.startswith(tag.encode() + b" OK"), a)


def compress_deflate(t):
    c = Conn(t.where)
    if not c.has("COMPRESS=DEFLATE"):
        return "not advertised"
    c.ok("COMPRESS DEFLATE")
    c.compress()
    c.ok("SELECT INBOX")
    r = c.no("COMPRESS DEFLATE")
    same(r.tagged.code and r.tagged.code[0], b"COMPRESSIONACTIVE")
    # a flush of another kind, octet by octet
    import zlib
    data = c.deflate.compress(b"q NOOP\r\n") + \
        c.deflate.flush(zlib.Z_PARTIAL_FLUSH)
    for i in range(len(data)):
        c.s.sendall(data[i:i + 1])
    same(c.finish("q").tagged.kind, b"OK")


def empty_login(t):
    c = Conn(t.where, login=False)
    for words in ('"" ""', 'me@node.test ""', '"" x'):
        r = c.no("LOGIN " + words)
        same(r.tagged.code and r.tagged.code[0], b"AUTHENTICATIONFAILED")
    c.bad("LOGIN")
    c.bad("LOGIN me@node.test")


CHECKS = [greeting_has_capabilities, capability_is_known_at_all_times,
          commands_in_wrong_state, nonsense_is_bad, lines_without_tag,
          bad_lines_are_answered, case_does_not_matter, login_fails,
          login_by_literals, authenticate_plain, authenticate_nonsense, logout, id_command,
          namespace, enable, pipelining_keeps_order, odd_tags,
          compress_deflate, empty_login]
