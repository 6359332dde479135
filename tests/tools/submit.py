#!/usr/bin/python3
"""submit.py PORT tls|starttls MECH USER PASS FROM TO... <LETTER: submits by
GNU SASL over pyOpenSSL, nothing of ours; MECH as GNU SASL knows it, or
end-point: SCRAM-SHA-256-PLUS by tls-server-end-point, done here.  With
TWIST in the environment PLUS binds to another connection.  Prints the
answer to the last thing said; exit 1 unless it is a 2xx."""
import base64
import ctypes
import hashlib
import hmac
import os
import socket
import sys

from OpenSSL import SSL, crypto

port, mode, mech, user, secret, sender = sys.argv[1:7]
rcpts = sys.argv[7:]
OK, NEEDS_MORE, NO_CALLBACK = 0, 1, 51
AUTHID, AUTHZID, PASSWORD, CB_TLS_EXPORTER = 1, 2, 3, 25

sock = socket.create_connection(('127.0.0.1', int(port)), 20)
sock.setblocking(True)


class Talk:
    def __init__(self, conn):
        self.conn, self.buf = conn, b''

    def line(self):
        while b'\r\n' not in self.buf:
            self.buf += self.conn.recv(16384)
        line, self.buf = self.buf.split(b'\r\n', 1)
        return line.decode()

    def reply(self):
        while True:
            line = self.line()
            if line[3:4] != '-':
                return line

    def ask(self, line):
        self.conn.sendall(line.encode() + b'\r\n')
        return self.reply()


def end(text):
    print(text)
    sys.exit(0 if text.startswith('2') else 1)


def start_tls():
    ctx = SSL.Context(SSL.TLS_CLIENT_METHOD)
    conn = SSL.Connection(ctx, sock)
    conn.set_connect_state()
    conn.do_handshake()
    return conn


def end_point(t, conn):
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1,
                                  conn.get_peer_certificate())
    gs2 = 'p=tls-server-end-point,,'
    bare = 'n=%s,r=abcdefgh' % user
    said = t.ask('AUTH SCRAM-SHA-256-PLUS ' +
                 base64.b64encode((gs2 + bare).encode()).decode())
    if not said.startswith('334 '):
        end(said)
    first = base64.b64decode(said[4:]).decode()
    at = dict(x.split('=', 1) for x in first.split(','))
    cb = base64.b64encode(gs2.encode() + hashlib.sha256(der).digest())
    final = 'c=%s,r=%s' % (cb.decode(), at['r'])
    salted = hashlib.pbkdf2_hmac('sha256', secret.encode(),
                                 base64.b64decode(at['s']), int(at['i']))
    mac = lambda k, m: hmac.new(k, m, hashlib.sha256).digest()
    key = mac(salted, b'Client Key')
    auth = ','.join((bare, first, final)).encode()
    sig = mac(hashlib.sha256(key).digest(), auth)
    proof = bytes(a ^ b for a, b in zip(key, sig))
    said = t.ask(base64.b64encode((final + ',p=' + base64.b64encode(
        proof).decode()).encode()).decode())
    want = 'v=' + base64.b64encode(mac(mac(salted, b'Server Key'),
                                       auth)).decode()
    if not said.startswith('334 '):
        end(said)
    if base64.b64decode(said[4:]).decode() != want:
        end('599 the server does not know it either')
    return t.ask('')


def gsasl(t, conn):
    lib = ctypes.CDLL('libgsasl.so.18')
    ptr, text = ctypes.c_void_p, ctypes.c_char_p
    lib.gsasl_client_start.argtypes = [ptr, text, ctypes.POINTER(ptr)]
    lib.gsasl_step64.argtypes = [ptr, text, ctypes.POINTER(ptr)]
    lib.gsasl_property_set.argtypes = [ptr, ctypes.c_int, text]
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ptr, ptr, ctypes.c_int)
    lib.gsasl_callback_set.argtypes = [ptr, callback]
    label = b'EXPORTER-Channel-Binding'
    if 'TWIST' in os.environ:
        label = b'EXPORTER-somebody-between'
    bound = base64.b64encode(conn.export_keying_material(label, 32, b''))

    @callback
    def tell(ctx, session, prop):
        if prop == CB_TLS_EXPORTER and mech.endswith('-PLUS'):
            value = bound
        elif prop == AUTHID:
            value = user.encode()
        elif prop == PASSWORD:
            value = secret.encode()
        else:
            return NO_CALLBACK
        lib.gsasl_property_set(session, prop, value)
        return OK

    ctx, session, out = ptr(), ptr(), ptr()
    lib.gsasl_init(ctypes.byref(ctx))
    lib.gsasl_callback_set(ctx, tell)
    if lib.gsasl_client_start(ctx, mech.encode(),
                              ctypes.byref(session)) != OK:
        end('599 GNU SASL has no ' + mech)
    said = t.ask('AUTH ' + mech)
    while said.startswith('334'):
        rc = lib.gsasl_step64(session, said[4:].encode(), ctypes.byref(out))
        if rc not in (OK, NEEDS_MORE):
            end('599 GNU SASL: %d' % rc)
        said = t.ask((ctypes.cast(out, text).value or b'').decode()
                     if out.value else '')
    return said


talk = Talk(sock)
if mode == 'starttls':
    talk.reply()
    talk.ask('EHLO client.test')
    talk.ask('STARTTLS')
conn = start_tls()
talk = Talk(conn)
if mode == 'tls':
    talk.reply()
talk.ask('EHLO client.test')
said = end_point(talk, conn) if mech == 'end-point' else gsasl(talk, conn)
if not said.startswith('235') or not rcpts:
    end(said)
for line in ['MAIL FROM:<%s>' % sender] + \
        ['RCPT TO:<%s>' % r for r in rcpts] + ['DATA']:
    said = talk.ask(line)
    if said[0] not in '23':
        end(said)
body = sys.stdin.buffer.read().replace(b'\n', b'\r\n')
conn.sendall(body)
end(talk.ask('.'))
