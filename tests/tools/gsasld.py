#!/usr/bin/python3
"""gsasld.py DIR CERT KEY MECH,MECH USER PASS [LABEL]: a submission server
whose SASL is GNU SASL and whose channel binding is pyOpenSSL's: nothing of
ours, nor of smtpd.py, decides who gets in.  TLS from the first octet;
DIR/port when it listens, DIR/log has "MECH RESULT" of each login, DIR/msg
the letters.  With LABEL the binding is another one than the client's, as if
somebody stood between the two; or PLUS is known but taken out of MECHs."""
import base64
import ctypes
import os
import socket
import sys

from OpenSSL import SSL

OK, NEEDS_MORE, NO_CALLBACK = 0, 1, 51
AUTHID, PASSWORD, SCRAM_ITER, CB_TLS_EXPORTER = 1, 3, 15, 25
MORE_MAX = 8

lib = ctypes.CDLL('libgsasl.so.18')
ptr, text = ctypes.c_void_p, ctypes.c_char_p
lib.gsasl_server_start.argtypes = [ptr, text, ctypes.POINTER(ptr)]
lib.gsasl_step64.argtypes = [ptr, text, ctypes.POINTER(ptr)]
lib.gsasl_property_set.argtypes = [ptr, ctypes.c_int, text]
lib.gsasl_property_fast.argtypes = [ptr, ctypes.c_int]
lib.gsasl_property_fast.restype = text
lib.gsasl_finish.argtypes = [ptr]
lib.gsasl_free.argtypes = [ptr]
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ptr, ptr, ctypes.c_int)
lib.gsasl_callback_set.argtypes = [ptr, CALLBACK]

where, cert, key, mechs, user, secret = sys.argv[1:7]
label = (sys.argv[7:] or ['EXPORTER-Channel-Binding'])[0].encode()     # RFC 9266
binding = ['']


@CALLBACK
def ask(ctx, session, prop):
    """What GNU SASL wants to know of us."""
    if prop == CB_TLS_EXPORTER and (sys.argv[7:] or '-PLUS' in mechs):
        value = binding[0]
    elif prop == PASSWORD and \
            lib.gsasl_property_fast(session, AUTHID) == user.encode():
        value = secret
    elif prop == SCRAM_ITER:
        value = '4096'
    else:
        return NO_CALLBACK
    lib.gsasl_property_set(session, prop, value.encode())
    return OK


class Talk:
    def __init__(self, conn):
        self.conn, self.buf = conn, b''

    def say(self, line):
        self.conn.sendall(line.encode() + b'\r\n')

    def line(self):
        while b'\r\n' not in self.buf:
            self.buf += self.conn.recv(16384)
        line, self.buf = self.buf.split(b'\r\n', 1)
        return line

    def login(self, ctx, mech, first):
        session, out = ptr(), ptr()
        if mech not in mechs.split(',') or lib.gsasl_server_start(
                ctx, mech.encode(), ctypes.byref(session)) != OK:
            return self.say('504 5.5.4 no such mechanism')
        said = first
        for _ in range(MORE_MAX):
            rc = lib.gsasl_step64(session, said, ctypes.byref(out))
            reply = ctypes.cast(out, text).value if out.value else b''
            if rc not in (OK, NEEDS_MORE) or (rc == OK and not reply):
                break
            self.say('334 ' + reply.decode())
            said = self.line()
            if rc == OK:
                break
        lib.gsasl_finish(session)
        with open(where + '/log', 'a') as f:
            f.write('%s %d\n' % (mech, rc))
        self.say('235 2.7.0 welcome' if rc == OK else '535 5.7.8 no')

    def data(self):
        self.say('354 go on')
        with open(where + '/msg', 'ab') as f:
            while (line := self.line()) != b'.':
                f.write(line + b'\n')
        self.say('250 2.0.0 taken')

    def run(self, ctx):
        self.say('220 gsasl.test ESMTP')
        while True:
            word = self.line().split(b' ')
            verb = word[0].upper()
            if verb == b'EHLO':
                self.say('250-gsasl.test\r\n250 AUTH ' +
                         mechs.replace(',', ' '))
            elif verb == b'AUTH':
                self.login(ctx, word[1].decode(), word[2])
            elif verb == b'DATA':
                self.data()
            elif verb == b'QUIT':
                return self.say('221 2.0.0 bye')
            else:
                self.say('250 2.0.0 ok')


def main():
    ctx = ptr()
    lib.gsasl_init(ctypes.byref(ctx))
    lib.gsasl_callback_set(ctx, ask)
    tls = SSL.Context(SSL.TLS_SERVER_METHOD)
    tls.use_certificate_file(cert)
    tls.use_privatekey_file(key)
    ear = socket.create_server(('127.0.0.1', 0))
    with open(where + '/port.new', 'w') as f:
        f.write('%d\n' % ear.getsockname()[1])
    os.rename(where + '/port.new', where + '/port')
    while True:
        sock, _ = ear.accept()
        conn = SSL.Connection(tls, sock)
        conn.set_accept_state()
        try:
            conn.do_handshake()
            binding[0] = base64.b64encode(conn.export_keying_material(
                label, 32, b'')).decode()
            Talk(conn).run(ctx)
        except (SSL.Error, OSError) as e:
            print('gsasld: %r' % e, file=sys.stderr)
        sock.close()


main()
