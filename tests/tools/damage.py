"""damage.py PORT USER PASSWORD STATE [before|after|locked]: one case for each
thing that other servers did wrong and clients paid for, as TAP.  "before"
runs all of them and writes to STATE what "after" must find unchanged, on a
node that was ended, damaged and started again meanwhile."""
import json
import os
import socket
import ssl
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck.boxes import names                           # noqa: E402
from imapcheck.sync import highest, vanished                # noqa: E402
from imapcheck.wire import (Conn, Fail, Parser, Where, expect,  # noqa
                            list_of, same)

COUNT = [0]


def letter(what, body="body"):
    COUNT[0] += 1
    return ("From: Ada <ada@friend.test>\r\nTo: me@node.test\r\nSubject: "
            "%s\r\nMessage-ID: <%s.%d.%d@damage.test>\r\n\r\n%s\r\n" % (
                what, what.replace(" ", ""), os.getpid(), COUNT[0],
                body)).encode()


def put(c, box, what, flags=None):
    r = c.append(box, letter(what), flags)
    same(r.tagged.kind, b"OK", repr(r.tagged))
    return int(r.tagged.code[2])


class Cases:
    def __init__(self, where, state):
        self.where, self.state = where, state
        self.since = time.monotonic()
        self.quiet = Conn(where)
        self.quiet.ok("SELECT INBOX")

    def box(self, name, messages=0):
        c = Conn(self.where)
        c.ok("CREATE " + name)
        c.ok("SELECT " + name)
        for i in range(messages):
            put(c, name, "%s %d" % (name, i))
        return c

    # ---- numbers ----

    def uidnext_is_told_and_agrees(self):
        c = self.box("next", 3)
        for what in ("SELECT", "EXAMINE"):
            for _ in range(3):
                r = c.ok(what + " next")
                uidnext = r.codes()[b"UIDNEXT"][0]
                s = c.ok("STATUS next (UIDNEXT)").one(b"STATUS")
                same(s.args[1][1], uidnext)
                d = Conn(self.where)
                put(d, "next", "more")
                d.close()
                c.ok("UNSELECT")

    def uidnext_never_falls(self):
        c = self.box("fall", 3)
        before = int(c.ok("SELECT fall").codes()[b"UIDNEXT"][0])
        c.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)")
        c.ok("EXPUNGE")
        c.ok("UNSELECT")
        same(int(c.ok("SELECT fall").codes()[b"UIDNEXT"][0]), before)
        expect(put(c, "fall", "new") >= before, "UID given twice")

    def search_takes_numbers_as_numbers(self):
        c = self.box("search", 6)
        c.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
        c.ok("EXPUNGE")
        u = c.uids()
        same(c.search("1:2"), u[:2])
        same(c.search("2:4 NOT DELETED"), u[1:])
        same(c.search("4", uid=False), [4])
        same(c.search("UID %d" % u[0], uid=False), [1])

    def search_lists_all(self):
        c = self.box("all")
        data = b""
        for i in range(300):
            m = letter("all")
            data += b"x%d APPEND all {%d+}\r\n%s\r\n" % (i, len(m), m)
        c.send(data)
        for i in range(300):
            same(c.finish("x%d" % i).tagged.kind, b"OK")
        same(len(c.search("1:* NOT DELETED")), 300)
        same(c.search("1:25 NOT DELETED"), c.uids()[:25])
        same(len(c.ok("UID FETCH 1:* (UID FLAGS)").of(b"FETCH")), 300)

    def absent_uid_is_no_error(self):
        c = self.box("absent", 1)
        for cmd in ("UID FETCH 4000 (FLAGS)", "UID SEARCH UID 4000",
                    "UID STORE 4000 +FLAGS (\\Seen)",
                    "UID COPY 4000 Archive", "UID MOVE 4000 Archive",
                    "UID EXPUNGE 4000"):
            c.ok(cmd)
        c = self.box("void")
        for cmd in ("UID FETCH 1:* (FLAGS)", "UID SEARCH 1:* NOT DELETED",
                    "UID SEARCH ALL", "FETCH 1:* FLAGS", "SEARCH 1:*"):
            c.ok(cmd)

    # ---- moving ----

    def move_of_what_another_took(self):
        c = self.box("took", 2)
        u = c.uids()
        d = Conn(self.where)
        d.ok("SELECT took")
        d.ok("UID MOVE %d Archive" % u[0])
        c.ok("UID MOVE %d Trash" % u[0])
        r = c.ok("UID MOVE %d:%d Trash" % (u[0], u[1]))
        same(list_of(r.codes()[b"COPYUID"][1]), [u[1]])

    def copy_to_where_it_is_already(self):
        c = self.box("twice", 1)
        self.box("target")
        u = c.uids()[0]
        first = c.ok("UID COPY %d target" % u).codes()[b"COPYUID"][2]
        second = c.ok("UID COPY %d target" % u).codes()[b"COPYUID"][2]
        expect(first != second, "one UID for both")
        r = c.ok("UID MOVE %d target" % u)
        expect(b"COPYUID" in r.codes(), r.all)
        same(c.ok("SELECT target").one(b"EXISTS").num, 3)

    def moved_in_by_another_is_fetched(self):
        c = self.box("movein", 1)
        d = self.box("movefrom", 1)
        uid = list_of(d.ok("MOVE 1 movein").codes()[b"COPYUID"][2])[0]
        got = [int(i[b"UID"]) for _, i in
               c.ok("UID FETCH %d:* (UID)" % uid).fetched()]
        same(got, [uid])

    def store_and_expunge_keep_their_order(self):
        c = self.box("order", 20)
        u = c.uids()
        out, keep = "", []
        for n, uid in enumerate(u):
            out += "s%d UID STORE %d +FLAGS.SILENT (\\Deleted)\r\n" % (
                n, uid)
            if n % 2:
                out += "r%d UID STORE %d -FLAGS.SILENT (\\Deleted)\r\n" % (
                    n, uid)
                keep.append(uid)
            out += "e%d EXPUNGE\r\n" % n
        c.send(out)
        for n, uid in enumerate(u):
            c.finish("s%d" % n)
            if n % 2:
                c.finish("r%d" % n)
            c.finish("e%d" % n)
        same(c.uids(), keep)

    # ---- what is sent at once ----

    def idle_reads_what_came_with_it(self):
        c = Conn(self.where)
        c.ok("SELECT INBOX")
        c.send("i IDLE\r\nDONE\r\nn NOOP\r\nj IDLE\r\n")
        same(c.answer(5).kind, b"+")
        for tag in (b"i", b"n"):
            a = c.answer(5)
            while a.tag == b"*":
                a = c.answer(5)
            same((a.tag, a.kind), (tag, b"OK"))
        same(c.answer(5).kind, b"+")
        c.send("DONE\r\n")
        same(c.finish("j").tagged.kind, b"OK")

    def empty_line_before_a_tag(self):
        c = Conn(self.where)
        c.send("\r\nB1 SELECT INBOX\r\n\r\n\r\nB2 NOOP\r\n")
        same(c.finish("B1").tagged.kind, b"OK")
        same(c.finish("B2").tagged.kind, b"OK")

    # ---- folders ----

    def special_use_is_always_told(self):
        c = Conn(self.where)
        want = {"Drafts": "\\drafts", "Sent": "\\sent", "Junk": "\\junk",
                "Trash": "\\trash", "Archive": "\\archive"}
        plain = names(c.ok('LIST "" "*"'))
        for how in ('LIST "" "*"', 'LIST "" "%"',
                    'LIST "" "*" RETURN (SPECIAL-USE)',
                    'LIST "" "*" RETURN (CHILDREN)'):
            got = names(c.ok(how))
            for name, use in want.items():
                expect(use in got[name], "%s: %r" % (how, got))
            if "*" in how:
                same(set(got), set(plain), how)
        expect({"SPECIAL-USE", "LIST-EXTENDED"} <= c.caps, c.caps)

    def namespace_has_no_prefix(self):
        v = Conn(self.where).ok("NAMESPACE").one(b"NAMESPACE").args
        same(v, [[[b"", b"/"]], None, None])

    # ---- messages ----

    def sizes_are_right(self):
        c = Conn(self.where)
        c.ok("SELECT foreign")
        same(len(c.uids()), 3)
        for _, i in c.ok("FETCH 1:* (RFC822.SIZE BODY.PEEK[] BODY.PEEK[1] "
                         "BODYSTRUCTURE)").fetched():
            same(int(i[b"RFC822.SIZE"]), len(i[b"BODY[]"]))
            same(int(i[b"BODYSTRUCTURE"][6]), len(i[b"BODY[1]"]))
            expect(b"\n" not in i[b"BODY[]"].replace(b"\r\n", b""),
                   "bare LF")

    def bodystructure_has_its_parameters(self):
        c = self.box("struct")
        for head, kind in ((b"multipart/mixed; boundary=b; x=y", b"mixed"),
                           (b"multipart/mixed; boundary=b", b"mixed")):
            c.append("struct", b"Content-Type: " + head + b"\r\nMIME-Version:"
                     b" 1.0\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n")
            s = c.ok("FETCH * BODYSTRUCTURE").fetched()[-1][1]
            p = s[b"BODYSTRUCTURE"][2]
            same(p[:2], [b"boundary", b"b"])
        for msg in (b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
                    b"Content-Type: multipart/mixed; boundary\r\n\r\nx\r\n",
                    b"From:\r\nSubject: no sender\r\n\r\nx\r\n",
                    b"From: <>\r\nContent-Type: foo\r\n\r\n",
                    b"Content-Type: message/rfc822\r\n\r\n",
                    b"x"):
            c.append("struct", msg)
            r = c.ok("FETCH * (ENVELOPE BODYSTRUCTURE BODY)")
            expect(b'"boundary" NIL' not in r.all[-1].line, r.all)
            same(len(r.fetched()[-1][1][b"ENVELOPE"]), 10)

    def no_raw_octets_in_quoted_strings(self):
        c = self.box("raw")
        c.append("raw", "From: Jürgen Groß <j@x.test>\r\nSubject: Grüße\r\n"
                 "Content-Type: text/plain; name=\"ü.txt\"\r\n\r\nä\r\n"
                 .encode())
        c.append("raw", b"From: J\xfcrgen <j@x.test>\r\nSubject: Gr\xfc\xdfe"
                 b"\r\nContent-Description: \xe4\r\n\r\n\xe4\r\n")
        Parser.ascii = True
        try:
            r = c.ok("FETCH 1:* (ENVELOPE BODYSTRUCTURE)")
            same(len(r.fetched()), 2)
        finally:
            Parser.ascii = False

    def appended_is_found_at_once(self):
        c = self.box("found")
        for i in range(10):
            m = letter("found")
            mid = [x for x in m.split(b"\r\n")
                   if x.startswith(b"Message-ID")][0][12:].decode()
            uid = int(c.append("found", m).tagged.code[2])
            same(c.search("HEADER Message-ID %s" % mid), [uid])
            same(c.search("UNDELETED HEADER MESSAGE-ID \"%s\"" % mid), [uid])
            same(c.search("ALL")[-1], uid)

    def append_takes_what_clients_send(self):
        c = self.box("append")
        m = letter("append")
        for more in ("", "() ", "(\\Seen) ", "($MDNSent $Forwarded Junk) ",
                     '(\\Seen) "01-Jan-2020 00:00:00 +0000" ',
                     '" 1-Jan-2020 00:00:00 -0330" ', "(\\Recent \\Seen) ",
                     "(\\Draft \\Answered \\Flagged \\Deleted) "):
            c.ok("APPEND append %s{%d+}\r\n%s" % (more, len(m), m.decode()))
            c.send("y APPEND \"append\" %s{%d}\r\n" % (more, len(m)))
            same(c.answer().kind, b"+")
            c.send(m + b"\r\n")
            same(c.finish("y").tagged.kind, b"OK", more)
        # a refusal leaves the rest of the session as it was
        for bad in ("(\\Foo) ", '"no date" ', "(a b ", "foo ", "(a b",
                    '"\\q" ', "] ) "):
            c.refused("APPEND append %s{%d+}\r\n%s" % (bad, len(m),
                                                       m.decode()))
            c.ok("NOOP")

    # ---- resync ----

    def vanished_is_exact(self):
        c = self.box("vanish", 8)
        u = c.uids()
        base = highest(c, "vanish")
        valid = int(c.ok("SELECT vanish").codes()[b"UIDVALIDITY"][0])
        c.ok("UID STORE %d,%d +FLAGS.SILENT (\\Deleted)" % (u[2], u[7]))
        c.ok("EXPUNGE")
        d = Conn(self.where)
        d.ok("ENABLE QRESYNC")
        for known in ("", " 1:%d" % u[7], " %d:%d" % (u[0], u[7])):
            r = d.ok("SELECT vanish (QRESYNC (%d %d%s))" % (valid, base,
                                                            known))
            same(vanished(r), {u[2], u[7]}, known)
            d.ok("UNSELECT")
        d.ok("SELECT vanish")
        r = d.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % base)
        same(vanished(r), {u[2], u[7]})
        c.ok("UID STORE %s +FLAGS.SILENT (\\Deleted)" % u[0])
        c.ok("CLOSE")
        r = d.ok("NOOP")
        same(vanished(r, False), {u[0]})

    def highestmodseq_rises_with_all(self):
        c = self.box("modseq", 3)
        last = highest(c, "modseq")
        for do in (lambda: put(c, "modseq", "m"),
                   lambda: c.ok("STORE 1 +FLAGS (\\Flagged)"),
                   lambda: c.ok("STORE 1 +FLAGS (word)"),
                   lambda: c.ok("STORE 2 +FLAGS.SILENT (\\Deleted)"),
                   lambda: c.ok("EXPUNGE"),
                   lambda: c.ok("MOVE 1 Archive"),
                   lambda: c.ok("COPY 1 modseq")):
            do()
            now = highest(c, "modseq")
            expect(now > last, "%d, was %d" % (now, last))
            last = now

    # ---- connections ----

    def many_logins_are_fine(self):
        for _ in range(40):
            c = Conn(self.where)
            c.ok("LOGOUT")
            c.close()

    def sixteen_connections_idle(self):
        all = [Conn(self.where) for _ in range(16)]
        for n, c in enumerate(all):
            c.ok("SELECT INBOX")
            c.send("i IDLE\r\n")
            same(c.answer().kind, b"+")
        put(Conn(self.where), "INBOX", "wake")
        for c in all:
            while c.answer(5).kind != b"EXISTS":
                pass
            c.send("DONE\r\n")
            same(c.finish("i").tagged.kind, b"OK")

    def any_alpn_is_taken(self):
        for proto in ("imap", "smtp", "h2", "x-foo"):
            ctx = ssl.create_default_context()
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_NONE
            ctx.set_alpn_protocols([proto])
            s = ctx.wrap_socket(socket.create_connection(
                (self.where.host, self.where.port), 10))
            expect(s.recv(100).startswith(b"* OK"), proto)
            s.close()

    def wrong_password_is_told_apart(self):
        c = Conn(self.where, login=False)
        r = c.no('LOGIN "%s" "wrong"' % self.where.user)
        same(r.tagged.code[0], b"AUTHENTICATIONFAILED")

    def silence_is_no_reason_to_close(self):
        # the others took their time; no less than a client's 30 seconds
        left = 31 - (time.monotonic() - self.since)
        if left > 0:
            time.sleep(left)
        self.quiet.ok("NOOP")

    # ---- what a restart must not change ----

    def numbers_are_noted(self):
        c = self.box("keep", 5)
        c.ok("STORE 2,5 +FLAGS.SILENT (\\Deleted)")
        c.ok("EXPUNGE")
        c.ok("RENAME keep kept")
        with open(self.state, "w") as f:
            json.dump(self.numbers(), f)

    def numbers(self):
        c = Conn(self.where)
        got = {}
        for name in sorted(names(c.ok('LIST "" "*"'))):
            r = c.ok('EXAMINE "%s"' % name)
            rows = {}
            for _, i in c.ok("UID FETCH 1:* (RFC822.SIZE BODY.PEEK["
                             "HEADER.FIELDS (MESSAGE-ID)])").fetched():
                rows[int(i[b"UID"])] = i[
                    b"BODY[HEADER.FIELDS (MESSAGE-ID)]"].decode().strip()
            got[name] = {
                "valid": int(r.codes()[b"UIDVALIDITY"][0]),
                "next": int(r.codes()[b"UIDNEXT"][0]),
                "modseq": int(r.codes()[b"HIGHESTMODSEQ"][0]),
                "rows": {str(k): v for k, v in rows.items()}}
        return got


def after(t):
    def the_same_uids():
        with open(t.state) as f:
            was = json.load(f)
        now = t.numbers()
        same(set(now), set(was))
        for name, w in was.items():
            n = now[name]
            same(n["valid"], w["valid"], "UIDVALIDITY of " + name)
            same(n["rows"], w["rows"], "UIDs of " + name)
            expect(n["next"] >= w["next"], "UIDNEXT of %s fell" % name)
            expect(n["modseq"] >= w["modseq"], "MODSEQ of %s fell" % name)
    return [the_same_uids]


def locked(t):
    def a_locked_vault_is_no_wrong_password():
        c = Conn(t.where, login=False)
        r = c.no('LOGIN "%s" "%s"' % (t.where.user, t.where.password))
        same(r.tagged.code and r.tagged.code[0], b"UNAVAILABLE")
    return [a_locked_vault_is_no_wrong_password]


def main():
    where = Where("127.0.0.1", int(sys.argv[1]), sys.argv[2], sys.argv[3])
    what = sys.argv[5]
    if what == "before":
        t = Cases(where, sys.argv[4])
        cases = [getattr(t, n) for n in vars(Cases)
                 if not n.startswith("_") and n not in ("box", "numbers")]
    else:
        t = Cases.__new__(Cases)
        t.where, t.state = where, sys.argv[4]
        cases = {"after": after, "locked": locked}[what](t)
    for n, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        try:
            case()
            print("ok - %s" % name)
        except Exception as e:
            print("not ok - %s" % name)
            why = str(e) if isinstance(e, Fail) else traceback.format_exc()
            print("# " + why[:2000].replace("\n", "\n# "))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
