"""One IMAP connection, and answers taken apart by the grammar of RFC 9051
section 9: what does not fit raises Fail."""
import re
import socket
import ssl
import zlib


class Fail(Exception):
    pass


class Closed(Fail):
    pass


class Str(bytes):
    """A string that was quoted or a literal; plain bytes are atoms."""


def expect(what, message):
    if not what:
        raise Fail(message)


def same(got, want, about=""):
    if got != want:
        raise Fail("%s got %r want %r" % (about, got, want))


ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\]]+")
TEXT = re.compile(rb"[^\r\n]*")


class Parser:
    ascii = False       # no raw octets in quoted strings

    def __init__(self, data):
        self.d, self.i = data, 0

    def fail(self, why):
        raise Fail("grammar: %s at %d in %r" % (why, self.i, self.d[:2000]))

    def peek(self):
        return self.d[self.i:self.i + 1]

    def take(self, octets):
        if not self.d.startswith(octets, self.i):
            self.fail("no %r" % octets)
        self.i += len(octets)

    def atom(self):
        """Flags, sections with their brackets and lists, sets."""
        start = self.i
        if self.peek() == b"\\":
            self.i += 1
            if self.peek() == b"*":
                self.i += 1
                return self.d[start:self.i]
        m = ATOM.match(self.d, self.i)
        if m is None:
            self.fail("no atom")
        self.i = m.end()
        if b"[" in m.group():
            end = self.d.index(b"]", start)
            self.i = end + 1
            m = re.compile(rb"<\d+>").match(self.d, self.i)
            if m:
                self.i = m.end()
        return self.d[start:self.i]

    def string(self):
        if self.peek() == b'"':
            m = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"').match(
                self.d, self.i)
            if m is None:
                self.fail("no quoted string")
            self.i = m.end()
            if self.ascii and not m.group(1).isascii():
                self.fail("raw octets in a quoted string")
            return Str(re.sub(rb'\\(["\\])', rb"\1", m.group(1)))
        m = re.compile(rb"~?\{(\d+)\}\r\n").match(self.d, self.i)
        if m is None:
            self.fail("no literal")
        n = int(m.group(1))
        self.i = m.end() + n
        return Str(self.d[m.end():self.i])

    def value(self):
        c = self.peek()
        if c == b"(":
            self.take(b"(")
            got = []
            while self.peek() != b")":
                # bodies of a multipart stand side by side
                if got and not (self.peek() == b"(" and
                                isinstance(got[-1], list)):
                    self.take(b" ")
                got.append(self.value())
            self.take(b")")
            return got
        if c in (b'"', b"{", b"~") and (c != b"~" or
                                        self.d[self.i + 1:self.i + 2] == b"{"):
            return self.string()
        a = self.atom()
        return None if a.upper() == b"NIL" else a

    def values(self):
        got = []
        while self.i < len(self.d):
            if got:
                self.take(b" ")
            got.append(self.value())
        return got


class Answer:
    """kind: OK NO BAD BYE PREAUTH, or FETCH, EXISTS, LIST, …"""

    def __init__(self, line):
        self.line, self.num, self.code, self.args = line, None, None, []
        p = Parser(line)
        self.tag = p.atom() if p.peek() not in b"*+" else p.peek()
        if self.tag in (b"*", b"+"):
            p.i += 1
        if self.tag == b"+":
            self.kind, self.text = b"+", line[2:]
            return
        p.take(b" ")
        m = re.compile(rb"(\d+) ").match(line, p.i)
        if m:
            self.num, p.i = int(m.group(1)), m.end()
        self.kind = p.atom().upper()
        if self.kind in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
            p.take(b" ")
            if p.peek() == b"[":
                self.take_code(p)
            self.text = line[p.i:]
            expect(self.text, "no text in %r" % line)
        elif p.i < len(line):
            p.take(b" ")
            self.args = self.rest(p)

    def take_code(self, p):
        end = p.d.index(b"]", p.i)
        depth = p.d.rfind(b")", p.i, p.d.find(b"] ", p.i))
        if depth > end:
            end = p.d.index(b"]", depth)
        inner = Parser(p.d[p.i + 1:end])
        self.code = inner.values()
        self.code[0] = self.code[0].upper()
        p.i = end + 1
        p.take(b" ")

    def rest(self, p):
        if self.kind == b"SEARCH":
            return [v if isinstance(v, list) else int(v)
                    for v in p.values()]
        if self.kind == b"THREAD":      # threads stand side by side
            got = []
            while p.i < len(p.d):
                got.append(p.value())
            return got
        return p.values()

    def items(self):
        """Of FETCH: name -> value."""
        v = self.args[0]
        expect(len(v) % 2 == 0, "odd FETCH %r" % self.line[:200])
        got = {}
        for k, x in zip(v[::2], v[1::2]):
            expect(k.upper() not in got, "twice %r" % k)
            got[k.upper()] = x
        return got

    def __repr__(self):
        return repr(self.line[:300])


class Reply:
    def __init__(self, tagged, untagged):
        self.tagged, self.all = tagged, untagged

    def of(self, kind):
        return [a for a in self.all if a.kind == kind]

    def one(self, kind):
        got = self.of(kind)
        expect(len(got) == 1, "%d of %s in %r" % (len(got), kind, self.all))
        return got[0]

    def codes(self):
        got = {}
        for a in self.all + [self.tagged]:
            if a.code:
                got[a.code[0]] = a.code[1:]
        return got

    def fetched(self):
        """[(seq, items)]: those without unasked ones that repeat."""
        return [(a.num, a.items()) for a in self.of(b"FETCH")]


class Conn:
    def __init__(self, where, login=True):
        self.where = where
        raw = socket.create_connection((where.host, where.port), 30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if where.tls:
            ctx = ssl.create_default_context()
            ctx.check_hostname = False
            ctx.verify_mode = ssl.CERT_NONE
            raw = ctx.wrap_socket(raw)
        self.s, self.buf, self.n = raw, b"", 0
        self.inflate = self.deflate = None
        self.greeting = self.answer()
        if login:
            self.ok('LOGIN "%s" "%s"' % (where.user, where.password))
            self.caps = self.capabilities()

    def close(self):
        self.s.close()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        if self.deflate:
            data = self.deflate.compress(data) + \
                self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.s.sendall(data)

    def compress(self):
        self.inflate = zlib.decompressobj(-15)
        self.deflate = zlib.compressobj(6, zlib.DEFLATED, -15)

    def more(self):
        data = self.s.recv(262144)
        if not data:
            raise Closed("closed")
        if self.inflate:
            data = self.inflate.decompress(data)
        self.buf += data

    def line(self):
        """One answer with its literals, without the last CRLF."""
        i = 0
        while True:
            end = self.buf.find(b"\r\n", i)
            if end == -1:
                self.more()
                continue
            m = re.search(rb"\{(\d+)\}$", self.buf[max(i, end - 24):end])
            if m:
                i = end + 2 + int(m.group(1))
                while len(self.buf) < i:
                    self.more()
                continue
            got, self.buf = self.buf[:end], self.buf[end + 2:]
            return got

    def answer(self, timeout=None):
        if timeout is not None:
            self.s.settimeout(timeout)
        try:
            return Answer(self.line())
        except socket.timeout:
            raise Fail("no answer in time")
        finally:
            if timeout is not None:
                self.s.settimeout(30)

    def tag(self):
        self.n += 1
        return "a%d" % self.n

    def finish(self, tag):
        untagged = []
        while True:
            a = self.answer()
            if a.tag == tag.encode():
                return Reply(a, untagged)
            expect(a.tag == b"*", "stray %r" % a)
            untagged.append(a)

    def cmd(self, *parts):
        """Text, and bytes that go as literals that do not wait."""
        tag = self.tag()
        out = tag.encode()
        glue = b" "
        for p in parts:
            if isinstance(p, Str):
                out += glue + b"{%d+}\r\n" % len(p) + p
            else:
                out += glue + (p.encode() if isinstance(p, str) else p)
            glue = b" "
        self.send(out + b"\r\n")
        return self.finish(tag)

    def want(self, kind, parts):
        r = self.cmd(*parts)
        if r.tagged.kind not in kind:
            raise Fail("%r: %r" % (parts, r.tagged))
        return r

    def ok(self, *parts):
        return self.want((b"OK",), parts)

    def no(self, *parts):
        return self.want((b"NO",), parts)

    def bad(self, *parts):
        return self.want((b"BAD",), parts)

    def refused(self, *parts):
        return self.want((b"NO", b"BAD"), parts)

    def capabilities(self):
        return {c.upper().decode() for c in
                self.ok("CAPABILITY").one(b"CAPABILITY").args}

    def has(self, cap):
        return cap in self.caps

    def append(self, box, msg, flags=None, date=None):
        head = 'APPEND "%s"' % box
        if flags is not None:
            head += " (%s)" % flags
        if date:
            head += ' "%s"' % date
        return self.cmd(head, Str(msg))

    def uids(self):
        r = self.ok("UID FETCH 1:* (UID)")
        return [int(i[b"UID"]) for _, i in r.fetched()]

    def flags(self, uid):
        r = self.ok("UID FETCH %d (FLAGS)" % uid)
        got = [i for _, i in r.fetched() if int(i[b"UID"]) == uid]
        expect(len(got) == 1, "no flags of %d: %r" % (uid, r.all))
        return {f.lower() for f in got[0][b"FLAGS"]} - {b"\\recent"}

    def search(self, keys, uid=True):
        r = self.ok(("UID " if uid else "") + "SEARCH " + keys)
        return [v for v in r.one(b"SEARCH").args if not isinstance(v, list)]


class Where:
    def __init__(self, host, port, user, password, tls=True):
        self.host, self.port = host, port
        self.user, self.password, self.tls = user, password, tls


def set_of(text):
    """{"1:3,5"} as numbers."""
    got = set()
    for part in text.decode().split(","):
        a, _, b = part.partition(":")
        lo, hi = sorted((int(a), int(b or a)))
        got.update(range(lo, hi + 1))
    return got


def list_of(text):
    """The same in order, as COPYUID has it."""
    got = []
    for part in text.decode().split(","):
        a, _, b = part.partition(":")
        a, b = int(a), int(b or a)
        got += range(a, b + 1) if a <= b else range(a, b - 1, -1)
    return got
