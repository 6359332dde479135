"""What strangers do to port 25: stranger.py PORT CASE, or stranger.py list.

Each case is a function below; it fails by an exception.  A message that may
be stored says STORED in its Subject, one that must not says LOST.
"""
import os
import socket
import ssl
import sys
import time

TO = "me@node.test"
ENV = "MAIL FROM:<a@peer.test>\r\nRCPT TO:<%s>\r\n" % TO
HI = "EHLO client.test\r\n"
LOST = "Subject: LOST\r\n\r\n"
STORED = "Subject: STORED\r\n\r\n"
cases = {}


def case(fn):
    cases[fn.__name__] = fn
    return fn


class Talk:
    def __init__(self, source="127.0.0.1"):
        self.sock = socket.create_connection(("127.0.0.1", port), 30,
                                             (source, 0))
        self.got = b""

    def say(self, text):
        if isinstance(text, str):
            text = text.encode("latin-1")
        self.sock.sendall(text)

    def line(self):
        while b"\r\n" not in self.got:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError(self.got)
            self.got += part
        line, self.got = self.got.split(b"\r\n", 1)
        return line.decode("ascii")

    def reply(self):
        while True:
            line = self.line()
            if line[3:4] != "-":
                if line[0] in "45":
                    assert line.endswith("]") and " [" in line, line
                return line

    def expect(self, *codes):
        got = []
        for code in codes:
            got.append(self.reply())
            assert got[-1].startswith(code), (got, codes)
        return got[-1]

    def ask(self, text, code):
        self.say(text)
        return self.expect(code)

    def closed(self):
        try:
            rest = self.got + self.sock.recv(1)
        except ConnectionResetError:
            rest = b""
        assert rest == b"", rest

    def rest(self):
        """All that still comes, as codes."""
        codes = []
        try:
            while True:
                codes.append(self.reply()[:3])
        except (EOFError, ConnectionResetError):
            return codes

    def tls(self):
        context = ssl._create_unverified_context()
        self.sock = context.wrap_socket(self.sock)


def greeted():
    """Connections that were cut before this one count until the node has seen
    their end: it may say 421 for a while."""
    end = time.monotonic() + 20
    while True:
        t = Talk()
        first = t.reply()
        if first.startswith("421") and time.monotonic() < end:
            t.sock.close()
            time.sleep(0.05)
            continue
        assert first.startswith("220"), first
        t.ask(HI, "250")
        return t


def at_data():
    t = greeted()
    t.say(ENV + "DATA\r\n")
    t.expect("250", "250", "354")
    return t


def push(t, text, size):
    """Says text again and again; stops when the server has gone."""
    block = text * (65536 // len(text) + 1)
    block = block[:65536 // len(text) * len(text)]
    try:
        while size > 0:
            t.say(block)
            size -= len(block)
    except (BrokenPipeError, ConnectionResetError):
        pass


@case
def smuggling():
    for end in ("\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n",
                "\r\n.\r\r\n", "\r\n\n.\r\n", "\r\r\n.\r\n", "\r\n.\r.\r\n"):
        t = at_data()
        t.say(LOST + "x" + end + "MAIL FROM:<x@x.test>\r\nRCPT TO:<" + TO +
              ">\r\nDATA\r\n" + LOST + "\r\n.\r\n")
        t.expect("521")
        t.closed()


@case
def bare_in_commands():
    for text in ("NOOP\n", "NOOP\rNOOP\r\n", "\n", "NOOP\r\r\n",
                 "NOOP\r\n\nNOOP\r\n"):
        t = greeted()
        t.say(text)
        assert t.rest()[-1] == "521"


@case
def long_commands():
    t = greeted()
    t.ask("NOOP " + "x" * 2043 + "\r\n", "250")
    for n in (2044, 100000, 900000):
        t.ask("NOOP " + "x" * n + "\r\n", "500")
    t.ask("NOOP\r\n", "250")
    push(t, b"x", 4000000)
    assert t.rest() == ["500"]


@case
def long_text_lines():
    for n, code in ((998, "250"), (999, "250"), (65536, "250"),
                    (65537, "554"), (100000, "554")):
        t = at_data()
        t.say((STORED if code == "250" else LOST) + "x" * n + "\r\n.\r\n")
        t.expect(code)


@case
def nul_and_8_bits():
    t = greeted()
    t.ask("NOOP \0\r\n", "500")
    t.ask("\xff\xfe\x80\r\n", "500")
    t.ask("\x1b]0;owned\x07\x1b[2J level=error\r\n", "500")
    t.say(ENV + "DATA\r\n")
    t.expect("250", "250", "354")
    t.ask(LOST + "a\0b\r\n.\r\n", "554")
    t.say(ENV + "DATA\r\n")
    t.expect("250", "250", "354")
    t.ask(STORED + "a\xff\x80b\r\n.\r\n", "250")


@case
def nonsense():
    with open("/dev/urandom", "rb") as f:
        for n in (10, 1000, 100000, 1000000):
            t = greeted()
            try:
                t.say(f.read(n))
                t.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            assert all(c[0] in "45" for c in t.rest())


@case
def pipelined_nonsense():
    t = Talk()
    t.say("DATA\r\n" * 5 + "FOO\r\n" * 5 + "RCPT TO:<x>\r\n" * 5 +
          "BDAT 10\r\nQUIT\r\nQUIT" + "MAIL\r\n" * 10)
    assert t.rest()[-1] == "421"


@case
def big_header():
    t = at_data()
    t.say("Subject: LOST\r\n")
    push(t, b"X-Filler: 0123456789012345678901234567890123456789\r\n",
         10000000)
    t.ask("\r\n.\r\n", "552")


@case
def many_recipients():
    t = greeted()
    t.say("MAIL FROM:<a@peer.test>\r\n")
    t.expect("250")
    taken = 0
    for i in range(100):
        t.say("".join("RCPT TO:<me+%d@node.test>\r\n" % (i * 100 + j)
                      for j in range(100)))
        for j in range(100):
            taken += t.reply().startswith("250")
    assert taken == 100, taken
    t.ask("DATA\r\n", "354")
    t.ask(STORED + ".\r\n", "250")


@case
def guessing():
    t = greeted()
    t.say("MAIL FROM:<a@peer.test>\r\n" + "".join(
        "RCPT TO:<guess%d@node.test>\r\n" % i for i in range(100)))
    assert t.rest() == ["250"] + ["550"] * 20 + ["421"]


@case
def cut_everywhere():
    whole = HI + ENV + "DATA\r\n" + LOST + "x\r\n.\r\n"
    for n in range(len(whole)):
        t = Talk()
        t.say(whole[:n])
        t.sock.close()


@case
def cut_large():
    for n in (70000, 200000, 5000000):
        t = at_data()
        t.say(LOST)
        push(t, b"x" * 70 + b"\r\n", n)
        t.sock.close()


@case
def too_big():
    t = greeted()
    t.ask("MAIL FROM:<a@peer.test> SIZE=52428801\r\n", "552")
    t = at_data()
    t.say(LOST)
    push(t, b"x" * 70 + b"\r\n", 52428800)
    t.ask("\r\n.\r\n", "552")
    # beyond all bounds: no more is read
    t = at_data()
    t.say(LOST)
    push(t, b"x" * 70 + b"\r\n", 5 * 52428800)
    assert t.rest() == ["552"]


def anonymous_kib(pid):
    with open("/proc/%s/status" % pid) as f:
        for line in f:
            if line.startswith("RssAnon"):
                return int(line.split()[1])
    raise KeyError("RssAnon")


def smtp_pids():
    pids = set()
    for p in os.listdir("/proc"):
        try:
            with open("/proc/%s/comm" % p) as f:
                if f.read() == "mn-smtp\n":
                    pids.add(p)
        except OSError:
            pass
    return pids


def pid_of(t):
    """Whose socket ends at ours: by the inode of /proc/net/tcp.  One of an
    earlier connection from that port, which is over, has none."""
    ends = [":%04X" % a[1] for a in (t.sock.getpeername(),
                                     t.sock.getsockname())]
    with open("/proc/net/tcp") as f:
        inode = next(w[9] for w in map(str.split, f)
                     if [a[-5:] for a in w[1:3]] == ends and w[9] != "0")
    for p in smtp_pids():
        for fd in os.listdir("/proc/%s/fd" % p):
            try:
                if os.readlink("/proc/%s/fd/%s" % (p, fd)) == \
                        "socket:[%s]" % inode:
                    return p
            except OSError:
                pass
    raise KeyError(inode)


@case
def memory():
    """50 MiB, and what the session had of memory at its beginning and end."""
    t = at_data()
    t.say(STORED)
    pid = pid_of(t)
    before = anonymous_kib(pid)
    push(t, b"x" * 70 + b"\r\n", 52428800 - 65536 - 100)
    most = anonymous_kib(pid)
    t.ask("\r\n.\r\n", "250")
    most = max(most, anonymous_kib(pid))
    # AddressSanitizer keeps what was freed.
    assert os.environ.get("SAN") or (
        most - before <= 1024 and most <= 2560), (before, most)


@case
def injection():
    t = greeted()
    t.say("STARTTLS\r\n" + HI + ENV + "DATA\r\n" + LOST + ".\r\n")
    t.expect("220")
    t.got = b""
    t.tls()
    t.ask("MAIL FROM:<a@peer.test>\r\n", "503")
    t.ask(HI, "250")
    t.ask("STARTTLS\r\n", "503")
    t.say(ENV + "DATA\r\n")
    t.expect("250", "250", "354")
    t.ask(STORED + ".\r\n", "250")
    t.ask("QUIT\r\n", "221")


@case
def no_tls_after_all():
    t = greeted()
    t.ask("STARTTLS\r\n", "220")
    t.say(ENV + "DATA\r\n" + LOST + ".\r\n")
    assert "250" not in t.rest()


@case
def relaying():
    for to in ("you@there.test", '"you@there.test"@node.test',
               "you%there.test@node.test", "there.test!you@node.test",
               "@node.test:you@there.test", "you@[127.0.0.1]",
               "you@[IPv6:::1]", "me@[127.0.0.1]", "me@node.test.there.test",
               "postmaster@there.test", "you@localhost"):
        t = greeted()
        t.ask("MAIL FROM:<me@node.test>\r\n", "250")
        got = t.ask("RCPT TO:<%s>\r\n" % to, "550")
        assert got.startswith("550 5.7.1 "), (to, got)
        t.ask("RCPT TO:<nobody@node.test>\r\n", "550 5.1.1")
        t.ask("DATA\r\n", "503")


@case
def always_accepted():
    for to in ("postmaster", "Postmaster@node.test", "abuse@node.test",
               "me+tag@node.test", "ME@NODE.TEST",
               "@relay.test:me@node.test"):
        t = greeted()
        t.ask("MAIL FROM:<>\r\n", "250")
        t.ask("RCPT TO:<%s>\r\n" % to, "250")
        t.ask("DATA\r\n", "354")
        t.ask(STORED + ".\r\n", "250")


@case
def loops():
    for n, code in ((50, "250"), (51, "554")):
        t = at_data()
        t.ask("Received: from x\r\n" * n + (STORED if code == "250"
              else LOST) + ".\r\n", code)


@case
def chunks():
    t = greeted()
    t.say(ENV + "BDAT 20\r\nSubject: STORED\r\n\r\nx" +
          "BDAT 0 LAST\r\n")
    t.expect("250", "250", "250", "250")
    t.say("BDAT 6\r\nQUIT\r\n")
    t.expect("503")
    t.say(ENV + "BDAT 9\r\nSubject: " + "MAIL FROM:<x@y>\r\n" + "RSET\r\n")
    t.expect("250", "250", "250", "503", "250")
    t.ask("BDAT z\r\n", "501")
    t.closed()


@case
def slow_ones():
    """Twelve that say an octet at a time do not keep others waiting."""
    slow = [Talk() for _ in range(12)]
    for i in range(5):
        for t in slow:
            t.say("E")
    start = time.monotonic()
    t = at_data()
    t.ask(STORED + ".\r\n", "250")
    assert time.monotonic() - start < 5


@case
def thousand():
    """1,000 connections at once from one address; another delivers."""
    many = []
    codes = {}
    for i in range(1000):
        many.append(Talk())
    start = time.monotonic()
    other = Talk("127.0.0.2")
    other.expect("220")
    other.ask(HI, "250")
    other.say(ENV + "DATA\r\n")
    other.expect("250", "250", "354")
    other.ask(STORED + ".\r\n", "250")
    took = time.monotonic() - start
    assert took < 10, took
    for t in many:
        code = t.reply()[:3]
        codes[code] = codes.get(code, 0) + 1
        t.sock.close()
    assert codes["220"] <= 20 and codes["421"] >= 980, codes


if sys.argv[1] == "list":
    print("\n".join(cases))
else:
    port = int(sys.argv[1])
    cases[sys.argv[2]]()
