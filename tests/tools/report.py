#!/usr/bin/python3
"""Delivery reports as somebody sends them; prints the reply of the node.

	report.py PORT TO [NAME=VALUE]...

from (""), envid, msgid, rcpt (a@far.test; several with commas), action
(failed), status (5.1.1), by (mx.far.test), key and domain (to sign it), author
(in From, else domain), pad (octets of text), more (recipients that nobody
knows), mdn (1: it was read), irt (In-Reply-To), note (1: as qmail writes it)
"""
import smtplib
import sys

CRLF = '\r\n'


def status(o):
    text = ['Reporting-MTA: dns; %s' % o.get('by', 'mx.far.test')]
    if 'envid' in o:
        text.insert(0, 'Original-Envelope-Id: %s' % o['envid'])
    rcpts = ['more%d@far.test' % i for i in range(int(o.get('more', 0)))]
    for r in rcpts + o.get('rcpt', 'a@far.test').split(','):
        text += ['', 'Final-Recipient: rfc822; %s' % r,
                 'Action: %s' % o.get('action', 'failed'),
                 'Status: %s' % o.get('status', '5.1.1'),
                 'Remote-MTA: dns; in.far.test',
                 'Diagnostic-Code: smtp; 550 5.1.1 user unknown']
    return 'message/delivery-status', 'delivery-status', text


def reading(o):
    text = ['Final-Recipient: rfc822; %s' % o.get('rcpt', 'a@far.test'),
            'Original-Message-ID: <%s>' % o['msgid'],
            'Disposition: manual-action/MDN-sent-manually; displayed']
    return 'message/disposition-notification', \
        'disposition-notification', text


def note(o):
    return ['', 'Hi. This is the qmail-send program at far.test.',
            "This is a permanent error; I've given up. Sorry.", '',
            '<%s>:' % o.get('rcpt', 'a@far.test'),
            'Sorry, no mailbox here by that name. (#5.1.1)', '',
            '--- Below this line is a copy of the message.', '',
            'Return-Path: <me@node.test>',
            'Message-ID: <%s>' % o['msgid'], 'Subject: s', '', 'text']


def report(o):
    kind, name, text = reading(o) if 'mdn' in o else status(o)
    lines = ['MIME-Version: 1.0',
             'Content-Type: multipart/report; report-type=%s;' % name,
             ' boundary=b', '', '--b', '', 'See below.']
    lines += ['x' * 70] * (int(o.get('pad', 0)) // 72)
    lines += ['--b', 'Content-Type: %s' % kind, ''] + text + ['']
    if 'msgid' in o:
        lines += ['--b', 'Content-Type: text/rfc822-headers', '',
                  'From: me@node.test', 'Message-ID: <%s>' % o['msgid'], '']
    return lines + ['--b--']


def main(port, to, args):
    o = dict(a.split('=', 1) for a in args)
    lines = ['From: MAILER-DAEMON@%s' %
             o.get('author', o.get('domain', 'far.test')),
             'To: %s' % to, 'Subject: failure notice',
             'Date: Fri, 20 Nov 2026 10:00:00 +0000']
    if 'irt' in o:
        lines.append('In-Reply-To: <%s>' % o['irt'])
    lines += note(o) if 'note' in o else report(o)
    mail = CRLF.join(lines + ['']).encode()
    if 'key' in o:
        import dkim     # it takes its time
        mail = dkim.sign(mail, b's1', o['domain'].encode(),
                         open(o['key'], 'rb').read(),
                         include_headers=[b'From', b'To', b'Subject',
                                          b'Date']) + mail
    s = smtplib.SMTP('127.0.0.1', int(port), 'mx.far.test')
    s.ehlo()
    s.mail(o.get('from', ''))
    code, text = s.rcpt(to)
    if code == 250:
        code, text = s.data(mail)
    s.quit()
    print(code, text.decode())


main(sys.argv[1], sys.argv[2], sys.argv[3:])
