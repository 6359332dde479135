#!/usr/bin/python3
"""Mail of a stranger whose signature is to survive being sent on.

	forward.py key ZONE KEY		a key of friend.test, into both files
	forward.py send PORT KEY FROM TO SUBJECT [FIELD...]
					signed, with edges; prints the reply
	forward.py size PORT KEY FROM TO SUBJECT OCTETS
	forward.py verify ZONE FILE	"pass" or "fail", and what stands in
					front of the signed fields
"""
import base64
import smtplib
import subprocess
import sys

import dkim


def key(zone, path):
    pem = subprocess.run(['openssl', 'genrsa', '-traditional', '2048'],
                         capture_output=True, check=True).stdout
    open(path, 'wb').write(pem)
    der = subprocess.run(['openssl', 'rsa', '-pubout', '-outform', 'DER'],
                         input=pem, capture_output=True, check=True).stdout
    text = 'v=DKIM1; k=rsa; p=' + base64.b64encode(der).decode()
    parts = ' '.join('"%s"' % text[i:i + 250]
                     for i in range(0, len(text), 250))
    open(zone, 'a').write('s1._domainkey.friend.test TXT %s\n' % parts)


def send(port, path, sender, to, subject, fields=(), size=0):
    head = b''.join(f.encode() + b'\r\n' for f in fields)
    body = (b'first  line \t\r\n.dot\r\n \r\n--\r\n' +
            'gr\u00fc\u00dfe\r\n'.encode() + b'\r\n\r\n' +
            b'a line of the large one\r\n' * (size // 25))
    mail = (b'From: Ada <ada@friend.test>\r\nTo:  many  <x@y.test>\r\n' +
            b'Subject:  ' + subject.encode() + b' \r\n' +
            b'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n' +
            b'Message-ID: <' + subject.encode() + b'@friend.test>\r\n' +
            b'MIME-Version: 1.0\r\n' +
            b'Content-Type: text/plain; charset=utf-8\r\n' +
            b'Content-Transfer-Encoding: 8bit\r\n\r\n' + body)
    mail = dkim.sign(mail, b's1', b'friend.test', open(path, 'rb').read(),
                     canonicalize=(b'simple', b'simple')) + mail
    with smtplib.SMTP('127.0.0.1', int(port)) as s:
        s.ehlo('mail.friend.test')
        code, text = s.mail(sender, ['BODY=8BITMIME'])
        for r in to.split(','):
            if code == 250:
                code, text = s.rcpt(r)
        if code == 250:
            code, text = s.data(head + mail)
    print(code, text.decode())


def verify(zone, path):
    names = {}
    for line in open(zone):
        f = line.split(None, 2)
        if f[1:2] == ['TXT']:
            names[f[0] + '.'] = ''.join(f[2].split('"')[1::2]).encode()

    def txt(name, timeout=5):
        return names.get(name if isinstance(name, str) else name.decode())

    data = open(path, 'rb').read()
    lines = [x[1:] if x.startswith(b'..') else x
             for x in data.split(b'\r\n')]
    data = b'\r\n'.join(lines)
    at = data.index(b'DKIM-Signature: ')
    print('pass' if dkim.verify(data, dnsfunc=txt) else 'fail',
          *[x.split(b':')[0].decode() for x in data[:at].split(b'\r\n')
            if x and x[:1] not in b' \t'])


if __name__ == '__main__':
    what, args = sys.argv[1], sys.argv[2:]
    if what == 'key':
        key(*args)
    elif what == 'send':
        send(*args[:5], fields=args[5:])
    elif what == 'size':
        send(*args[:5], size=int(args[5]))
    else:
        verify(*args)
