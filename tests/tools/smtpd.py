#!/usr/bin/python3
"""A mail server that does as it is told, for tests of the client side.

	smtpd.py DIR [--tls starttls|tls CERT KEY] [--auth MECH,MECH USER PASS]
	    [--no EXTENSION]...

DIR/port is written when it listens (on 127.0.0.1).  DIR/rules is read at
every step: "EVENT [xN] ACTION" lines, the first that fits is used, N times
if so said.  Events: connect, ehlo, starttls, auth, mail, rcpt:ADDRESS,
rcpt, data, dot, rset, quit.  Actions: a reply ("450 4.2.0 later"; "|"
divides lines), close, hang (waits for the client to give up), tls-close
(end in the handshake).  "pipelined close" is for who does not wait for
the answer to MAIL.  "limit N" is for recipients of one letter;
"letters N [close]" ends a connection at the MAIL behind so many, with 421 or
without a word.  What was taken is DIR/msg.N, with its envelope in DIR/env.N (JSON); DIR/log has the
dialogue; DIR/conns a line a connection.
"""
import base64, hashlib, hmac, json, os, secrets, socket, ssl, sys, threading

lock = threading.Lock()
used = {}
counter = [0]


class Gone(Exception):
    pass


class Session:
    def __init__(self, conf, sock, number):
        self.conf, self.sock, self.number = conf, sock, number
        self.buf = b''
        self.secure = False
        self.user = None
        self.taken = 0

    def log(self, what):
        with lock, open(self.conf['dir'] + '/log', 'a') as f:
            f.write('%d %s\n' % (self.number, what))

    def say(self, text):
        for line in text.split('|'):
            self.log('S ' + line)
            self.sock.sendall(line.encode() + b'\r\n')

    def line(self):
        while b'\n' not in self.buf:
            got = self.sock.recv(65536)
            if not got:
                raise Gone
            self.buf += got
        line, self.buf = self.buf.split(b'\n', 1)
        line = line.rstrip(b'\r').decode('utf-8', 'replace')
        self.log('C ' + line)
        return line

    def rule(self, event):
        try:
            lines = open(self.conf['dir'] + '/rules').read().splitlines()
        except FileNotFoundError:
            return None
        for at, text in enumerate(lines):
            words = text.split(' ', 2)
            if len(words) < 2 or words[0] != event:
                continue
            action = text.split(' ', 1)[1]
            if words[1][0] == 'x' and words[1][1:].isdigit():
                with lock:
                    key = (at, text)
                    if used.get(key, 0) >= int(words[1][1:]):
                        continue
                    used[key] = used.get(key, 0) + 1
                action = words[2]
            return action
        return None

    # True when the rule answered and the step is over.
    def act(self, event):
        action = self.rule(event)
        if action is None:
            return False
        self.log('! %s %s' % (event, action))
        if action == 'close':
            raise Gone
        if action == 'hang':
            while self.sock.recv(65536):
                pass
            raise Gone
        self.say(action)
        if action.startswith('421'):
            raise Gone
        return True

    def go_tls(self):
        if self.rule('tls') == 'tls-close':
            raise Gone
        self.sock = self.conf['ctx'].wrap_socket(self.sock, server_side=True)
        self.secure, self.buf = True, b''

    def run(self):
        if self.conf['tls'] == 'tls':
            self.go_tls()
        if not self.act('connect'):
            self.say('220 test.server ESMTP')
        while True:
            line = self.line()
            verb = line.split(' ')[0].upper()
            fn = getattr(self, 'do_' + verb.lower(), None)
            if fn is None:
                self.say('500 5.5.1 what?')
            elif fn(line):
                return

    def do_ehlo(self, line):
        if self.act('ehlo'):
            return
        ext = ['PIPELINING', 'SIZE 10000000', '8BITMIME', 'SMTPUTF8', 'DSN',
               'ENHANCEDSTATUSCODES']
        if self.conf['tls'] == 'starttls' and not self.secure:
            ext.append('STARTTLS')
        if self.conf['mechs'] and (self.secure or not self.conf['tls']):
            ext.append('AUTH ' + ' '.join(self.conf['mechs']))
        ext = [e for e in ext if e.split()[0] not in self.conf['no']]
        out = ['test.server'] + ext
        self.say('|'.join('250%s%s' % (' ' if i == len(out) - 1 else '-', e)
                          for i, e in enumerate(out)))

    def do_helo(self, line):
        self.say('250 test.server')

    def do_starttls(self, line):
        if self.act('starttls'):
            return
        self.say('220 go on')
        self.go_tls()

    def challenge(self, text):
        self.say('334 ' + base64.b64encode(text.encode()).decode())
        return base64.b64decode(self.line()).decode()

    def do_auth(self, line):
        if self.act('auth'):
            return
        words = line.split(' ')
        mech = words[1].upper()
        first = base64.b64decode(words[2]).decode() \
            if len(words) > 2 and words[2] != '=' else ''
        user, secret = self.conf['user'], self.conf['pass']
        ok = False
        if mech == 'PLAIN':
            ok = first.split('\0')[1:] == [user, secret]
        elif mech == 'LOGIN':
            ok = [self.challenge('Username:'),
                  self.challenge('Password:')] == [user, secret]
        elif mech == 'SCRAM-SHA-256':
            ok = self.scram(first)
        if ok:
            self.user = user
            self.say('235 2.7.0 welcome')
        else:
            self.say('535 5.7.8 no')

    def scram(self, first):
        lie = self.rule('scram') == 'lie'
        bare = first.split(',', 2)[2]
        nonce = dict(p.split('=', 1) for p in bare.split(','))['r']
        nonce += base64.b64encode(secrets.token_bytes(9)).decode()
        salt = secrets.token_bytes(16)
        server = 'r=%s,s=%s,i=%d' % (
            nonce, base64.b64encode(salt).decode(),
            1 if self.rule('scram') == 'weak' else 4096)
        final = self.challenge(server)
        plain, proof = final.rsplit(',p=', 1)
        auth = ','.join([bare, server, plain]).encode()
        salted = hashlib.pbkdf2_hmac('sha256', self.conf['pass'].encode(),
                                     salt, 4096)
        mac = lambda k, m: hmac.new(k, m, 'sha256').digest()
        stored = hashlib.sha256(mac(salted, b'Client Key')).digest()
        key = bytes(a ^ b for a, b in zip(base64.b64decode(proof),
                                          mac(stored, auth)))
        if hashlib.sha256(key).digest() != stored and not lie:
            return False
        sig = mac(mac(b'not the key' if lie else salted, b'Server Key'),
                  auth)
        if self.rule('scram') == 'skip':
            return True
        self.challenge('v=' + base64.b64encode(sig).decode())
        return True

    def do_mail(self, line):
        if self.act('mail'):
            return
        ends = self.rule('letters')
        if ends and self.taken >= int(ends.split()[0]):
            if 'close' not in ends:
                self.say('421 4.7.0 too many letters on this connection')
            raise Gone
        self.mail, self.rcpts = line, []
        if self.conf['mechs'] and not self.user:
            self.say('530 5.7.0 log in first')
        else:
            self.say('250 2.1.0 ok')
        if self.buf and self.rule('pipelined'):
            raise Gone

    def do_rcpt(self, line):
        addr = line.split('<', 1)[1].split('>')[0]
        if self.act('rcpt:' + addr) or self.act('rcpt'):
            return
        limit = self.rule('limit')
        if limit and len(self.rcpts) >= int(limit):
            self.say('452 4.5.3 too many recipients')
            return
        self.rcpts.append(line)
        self.say('250 2.1.5 ok')

    def do_data(self, line):
        if self.act('data'):
            return
        self.say('354 go on')
        cut = self.rule('body')
        data = bytearray(b'\r\n' + self.buf)
        end = b'\r\n.\r\n'
        while end not in data[-100000:]:
            got = self.sock.recv(65536)
            if not got or cut == 'close':
                raise Gone
            data += got
        at = data.rindex(end) + len(end)
        self.buf = bytes(data[at:])
        data = bytes(data[2:at])
        self.log('C (letter of %d octets)' % len(data))
        lines = data[:-3].split(b'\r\n')
        data = b'\r\n'.join(l[1:] if l[:1] == b'.' else l for l in lines)
        if self.rule('dot') == 'keep-close':
            self.keep(data)
            raise Gone
        if self.act('dot'):
            return
        self.say('250 2.0.0 taken as %d' % self.keep(data))

    def keep(self, data):
        self.taken += 1
        with lock:
            counter[0] += 1
            n = counter[0]
        d = self.conf['dir']
        with open('%s/env.%d.new' % (d, n), 'w') as f:
            json.dump({'mail': self.mail, 'rcpt': self.rcpts,
                       'conn': self.number, 'tls': self.secure,
                       'user': self.user}, f)
        os.rename('%s/env.%d.new' % (d, n), '%s/env.%d' % (d, n))
        with open('%s/msg.%d.new' % (d, n), 'wb') as f:
            f.write(data)
        os.rename('%s/msg.%d.new' % (d, n), '%s/msg.%d' % (d, n))
        return n

    def do_rset(self, line):
        if not self.act('rset'):
            self.say('250 2.0.0 ok')

    def do_quit(self, line):
        if not self.act('quit'):
            self.say('221 2.0.0 bye')
        return True


def serve(conf, sock, number):
    s = Session(conf, sock, number)
    try:
        s.run()
    except (Gone, OSError, ssl.SSLError, ValueError) as e:
        s.log('- %s %s' % (type(e).__name__, e))
    finally:
        try:
            s.sock.close()
        except OSError:
            pass


def main():
    args = sys.argv[1:]
    conf = {'dir': args.pop(0), 'tls': None, 'mechs': [], 'no': []}
    while args:
        option = args.pop(0)
        if option == '--tls':
            conf['tls'] = args.pop(0)
            conf['ctx'] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            conf['ctx'].load_cert_chain(args.pop(0), args.pop(0))
        elif option == '--auth':
            conf['mechs'] = args.pop(0).split(',')
            conf['user'], conf['pass'] = args.pop(0), args.pop(0)
        elif option == '--no':
            conf['no'].append(args.pop(0))
    listener = socket.create_server(('127.0.0.1', 0), backlog=100)
    with open(conf['dir'] + '/port.new', 'w') as f:
        f.write('%d\n' % listener.getsockname()[1])
    os.rename(conf['dir'] + '/port.new', conf['dir'] + '/port')
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        with open(conf['dir'] + '/conns', 'a') as f:
            f.write('%d\n' % number)
        threading.Thread(target=serve, args=(conf, sock, number),
                         daemon=True).start()


main()
