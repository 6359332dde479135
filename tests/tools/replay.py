"""replay.py PORT USER PASSWORD FILE…: recorded dialogues of IMAP clients,
octet by octet, as TAP: one case a file.

    # why
    > TEXT          a line to the server; \\r \\n \\0 \\xNN are octets,
                    %user %pass %plain (SASL PLAIN) are filled in, and
                    %NAME what an answer before left (see below)
    >> TEXT         octets without an end of line
    z> TEXT         a line, compressed, with a partial flush
    < REGEX         the next answer matches; (?P<NAME>…) leaves %NAME
    <* REGEX        one of the next answers does; those before are passed
    <- REGEX        no answer that a <* passed since the last line sent does
    @ letter N      %letter and %size: a message, without its last CRLF
    @ new FOLDER    a new connection appends a letter there
    @ connect       another connection, from here on
    @ compress      both ways, from here on

Every answer must come in 10 seconds; what is left unread at the end is no
matter.  Answers have their literals, and end without CRLF.
"""
import base64
import os
import re
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck.wire import Conn, Fail, Where    # noqa: E402


def letter(n):
    return ("From: Ada <ada@friend.test>\r\nTo: me@node.test\r\n"
            "Subject: letter %s\r\nMessage-ID: <%s@replay.test>\r\n"
            "Date: Sat, 21 Nov 2026 07:36:49 +0000\r\n\r\n"
            "body of %s" % (n, n, n))


class Play:
    def __init__(self, where):
        self.where, self.c = where, None
        self.names = {
            "user": where.user, "pass": where.password,
            "plain": base64.b64encode(("\0%s\0%s" % (
                where.user, where.password)).encode()).decode()}
        self.passed = []

    def connect(self):
        self.c = Conn(self.where, login=False)
        # the greeting is an answer like others
        self.c.buf = self.c.greeting.line + b"\r\n" + self.c.buf
        self.passed = []

    def octets(self, text):
        text = re.sub(r"%([a-z]+)", lambda m: self.names.get(
            m.group(1), m.group(0)), text)
        return re.sub(rb"\\(x[0-9a-f]{2}|[rn0\\])", lambda m: {
            b"r": b"\r", b"n": b"\n", b"0": b"\0", b"\\": b"\\"}.get(
            m.group(1)) or bytes([int(m.group(1)[1:], 16)]),
            text.encode())

    def answer(self):
        self.c.s.settimeout(10)
        return self.c.line().decode("utf-8", "surrogateescape")

    def match(self, pattern, line):
        pattern = re.sub(r"%([a-z]+)", lambda m: re.escape(
            self.names.get(m.group(1), m.group(0))), pattern)
        m = re.match(pattern + r"\Z", line, re.S)
        if m:
            self.names.update({k: v for k, v in m.groupdict().items()
                               if v is not None})
        return m

    def send(self, data):
        self.passed = []
        self.c.send(data)

    def order(self, words):
        if words[0] == "letter":
            self.names["letter"] = letter(words[1]).replace(
                "\r\n", "\\r\\n")
            self.names["size"] = str(len(letter(words[1])))
        elif words[0] == "new":
            d = Conn(self.where)
            r = d.append(words[1], letter("new" + os.urandom(4).hex())
                         .encode() + b"\r\n")
            if r.tagged.kind != b"OK":
                raise Fail(repr(r.tagged))
            d.close()
        elif words[0] == "connect":
            self.connect()
        elif words[0] == "compress":
            self.c.compress()
        else:
            raise Fail("no such order: %s" % words[0])

    def step(self, line):
        how, _, text = line.partition(" ")
        if how == ">":
            self.send(self.octets(text) + b"\r\n")
        elif how == ">>":
            self.send(self.octets(text))
        elif how == "z>":
            self.passed = []
            z = self.c.deflate
            self.c.s.sendall(z.compress(self.octets(text) + b"\r\n") +
                             z.flush(zlib.Z_PARTIAL_FLUSH))
        elif how == "<":
            got = self.answer()
            if not self.match(text, got):
                raise Fail("got %r" % got[:500])
        elif how == "<*":
            while True:
                got = self.answer()
                if self.match(text, got):
                    return
                self.passed.append(got)
                if re.match(r"[A-Za-z0-9.]+ (OK|NO|BAD) ", got):
                    raise Fail("passed %r" % self.passed[-9:])
        elif how == "<-":
            bad = [x for x in self.passed if self.match(text, x)]
            if bad:
                raise Fail("unwanted %r" % bad)
        elif how == "@":
            self.order(text.split())
        else:
            raise Fail("no such step")

    def file(self, name):
        self.connect()
        with open(name) as f:
            for n, line in enumerate(f, 1):
                line = line.rstrip("\n")
                if not line.strip() or line.startswith("#"):
                    continue
                try:
                    self.step(line)
                except (Fail, OSError) as e:
                    raise Fail("line %d, %s: %s" % (n, line[:200], e))
        self.c.close()


def main():
    port, user, password = sys.argv[1:4]
    where = Where("127.0.0.1", int(port), user, password)
    bad = 0
    for n, name in enumerate(sys.argv[4:], 1):
        label = os.path.basename(name).rsplit(".", 1)[0].replace("-", " ")
        try:
            Play(where).file(name)
            print("ok %d - %s" % (n, label))
        except Exception as e:
            bad += 1
            print("not ok %d - %s" % (n, label))
            print("# " + str(e).replace("\n", "\n# "))
        sys.stdout.flush()
    print("1..%d" % len(sys.argv[4:]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
