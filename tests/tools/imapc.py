"""A bare IMAP client: octets out, answers in, nothing clever."""
import re
import socket
import ssl


class Closed(Exception):
    """With what was said before it."""


class Imap:
    def __init__(self, port, timeout=20):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)   # reads no CAs
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", port), timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = ctx.wrap_socket(raw)
        self.buf = self.last = b""
        self.n = 0
        self.inflate = self.deflate = None
        self.greeting = self.line()

    def close(self):
        self.sock.close()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        if self.deflate:
            import zlib
            data = self.deflate.compress(data) + \
                self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed(self.last)
        self.buf += self.inflate.decompress(data) if self.inflate else data

    def octets(self, n):
        while len(self.buf) < n:
            self.more()
        got, self.buf = self.buf[:n], self.buf[n:]
        return got

    def line(self):
        """One answer, with its literals inside."""
        got = b""
        while True:
            while b"\r\n" not in self.buf:
                self.more()
            part, self.buf = self.buf.split(b"\r\n", 1)
            got += part
            m = re.search(rb"\{(\d+)\}$", part)
            if not m:
                self.last = got
                return got
            got += b"\r\n" + self.octets(int(m.group(1)))

    def news(self):
        """The next answer that is no list of flags."""
        line = self.line()
        while line.startswith((b"* FLAGS", b"* OK [PERMANENTFLAGS")):
            line = self.line()
        return line

    def until(self, tag):
        """Untagged answers and the tagged one."""
        tag = tag.encode() + b" "
        untagged = []
        while True:
            line = self.line()
            if line.startswith(tag):
                return untagged, line[len(tag):]
            untagged.append(line)

    def cmd(self, text):
        self.n += 1
        tag = "t%d" % self.n
        if isinstance(text, str):
            text = text.encode()
        self.send(tag.encode() + b" " + text + b"\r\n")
        return self.until(tag)

    def ok(self, text):
        untagged, tagged = self.cmd(text)
        if not tagged.startswith(b"OK"):
            raise AssertionError("%r: %r" % (text, tagged))
        return untagged

    def append(self, folder, msg, flags="", sync=False, date=""):
        self.n += 1
        tag = "t%d" % self.n
        if isinstance(msg, str):
            msg = msg.encode()
        self.send("%s APPEND %s %s%s{%d%s}\r\n" % (
            tag, folder, flags and flags + " ", date and date + " ",
            len(msg), "" if sync else "+"))
        if sync:
            assert self.line().startswith(b"+")
        self.send(msg + b"\r\n")
        return self.until(tag)

    def login(self, user, password):
        return self.ok('LOGIN "%s" "%s"' % (user, password))
