#!/usr/bin/python3
"""brute.py PORT ADDR WHAT [N]: misbehaves from that address; prints the last
answer, or "closed".

rcpt N     N unknown recipients, four a session (a fifth would cost a pause)
error N    N commands that are none, likewise
hold N     N connections at once
silent N   N connections that see the banner and go
tls N      N that say STARTTLS, and nonsense in the handshake
mail       one good message
"""
import itertools
import smtplib
import socket
import sys

port, addr, what = int(sys.argv[1]), sys.argv[2], sys.argv[3]
n = int((sys.argv[4:] or ['1'])[0])
PER_SESSION = 4
last = 'closed'


def connect():
    return socket.create_connection(('127.0.0.1', port), 20, (addr, 0))


def talk(lines):
    """Each line when the one before was answered."""
    global last
    with connect() as s:
        f = s.makefile('rwb')
        for line in itertools.chain([None], lines):
            if line is not None:
                f.write(line.encode() + b'\r\n')
                f.flush()
            while True:
                got = f.readline().decode().strip()
                if got[3:4] != '-':
                    break
            last = got or 'closed'
            if got[:3] in ('421', ''):
                return


def attempts(template, first):
    for at in range(0, n, PER_SESSION):
        talk(first + [template % i for i in range(at, min(
            at + PER_SESSION, n))])
        if last[:3] in ('421', 'clo'):
            return


try:
    if what == 'rcpt':
        attempts('RCPT TO:<guess%d@node.test>', ['EHLO x.test',
                                                 'MAIL FROM:<a@x.test>'])
    elif what == 'error':
        attempts('WORD%d', ['EHLO x.test'])
    elif what == 'silent':
        for _ in range(n):
            with connect() as s:
                last = s.recv(1000).decode().strip()
    elif what == 'tls':
        for _ in range(n):
            with connect() as s:
                f = s.makefile('rwb')
                f.readline()
                f.write(b'EHLO x.test\r\nSTARTTLS\r\n')
                f.flush()
                while last[:4] not in ('220 ', '421 '):
                    last = f.readline().decode().strip()
                f.write(b'GET / HTTP/1.0\r\n\r\n')
                f.flush()
                while f.read(1000):
                    pass
                last = ''
    elif what == 'hold':
        held = []
        for _ in range(n):
            s = connect()
            held.append((s, s.makefile('rb')))
            last = held[-1][1].readline().decode().strip()
    elif what == 'mail':
        s = smtplib.SMTP('127.0.0.1', port, source_address=(addr, 0))
        s.sendmail('ada@x.test', ['me@node.test'],
                   'From: ada@x.test\r\nSubject: hello\r\n\r\nHi.\r\n')
        last = 'sent'
        s.quit()
except smtplib.SMTPResponseException as e:
    last = '%d %s' % (e.smtp_code, e.smtp_error.decode())
except OSError:
    pass
print(last)
