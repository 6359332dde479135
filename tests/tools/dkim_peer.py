"""Second opinions on DKIM, by python3-dkim.

	dkim_peer.py messages DIR		writes messages with edge cases
	dkim_peer.py verify ZONE FILE...	"NAME pass fail", one a signature
	dkim_peer.py sign KEY DIR FILE...	DIR/NAME.CANON for each way
	dkim_peer.py arc KEY DIR	chains, whole and broken, as sealed by
				a.node.test, b.node.test and c.node.test
	dkim_peer.py arc-verify ZONE FILE...	"NAME pass", "NAME fail"

KEY signs as selector s1 of node.test; the way "relaxed-l" uses l=.
"""
import os
import re
import sys

import dkim

HEAD = (b'From: Me <me@node.test>\r\nTo: you@example.org\r\n'
        b'Subject: a  test\r\n\tfolded\r\n  twice \r\n'
        b'Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n'
        b'Message-ID: <1@node.test>\r\n')
CASES = {
    'empty-body': HEAD + b'\r\n',
    'one-line': HEAD + b'\r\nHi.\r\n',
    'no-last-crlf': HEAD + b'\r\nHi.',
    'trailing-crlfs': HEAD + b'\r\nHi.\r\n\r\n\r\n\r\n',
    'only-crlfs': HEAD + b'\r\n\r\n\r\n',
    'only-blanks': HEAD + b'\r\n \t \r\n\t\r\n',
    'blank-at-end': HEAD + b'\r\na b\r\n \r\n\t \r\n',
    'blanks': HEAD + b'\r\n  a \t b  \r\n\tc\t\r\n\r\n d\r\n',
    'long-line': HEAD + b'\r\n' + b'word ' * 40000 + b'\r\n',
    'long-run': HEAD + b'\r\n' + b'x' * 100000 + b'\r\n',
    'many-lines': HEAD + b'\r\n' + b'line  of text \r\n' * 8000,
    'eight-bit': HEAD + b'\r\n\xc3\xa4\xff\x80\x01\r\n',
    'two-to': b'To: first@example.org\r\n' + HEAD + b'\r\nx\r\n',
    'two-subjects': HEAD + b'Subject: again\r\n\r\nx\r\n',
    'odd-names': b'SUBJECT:odd\r\nreply-to:\t<a@b.c>\r\n' +
                 b'from:me@node.test\r\n\r\nx\r\n',
    'empty-fields': b'From: me@node.test\r\nSubject:\r\nCc: \r\nTo:\t\r\n'
                    b'\r\nx\r\n',
    'mime': HEAD + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n'
            b' boundary="=_1"\r\n\r\n--=_1\r\n\r\na\r\n--=_1--\r\n',
    'dots': HEAD + b'\r\n.\r\n..\r\n.a\r\n',
    'lists': HEAD + b'List-Unsubscribe: <https://x.test/>\r\n'
             b'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'
             b'\r\nx\r\n',
}


def zone(path):
    names = {}
    for line in open(path):
        f = line.split(None, 2)
        if len(f) == 3 and f[1] == 'TXT':
            names[f[0].rstrip('.')] = ''.join(f[2].split('"')[1::2]).encode()
    return names


WAYS = {
    'simple-simple': (b'simple', b'simple'),
    'simple-relaxed': (b'simple', b'relaxed'),
    'relaxed-simple': (b'relaxed', b'simple'),
    'relaxed-relaxed': (b'relaxed', b'relaxed'),
    'relaxed-l': (b'relaxed', b'relaxed'),
}


def verify(msg, names):
    def look(name, timeout=5):
        return names.get(name.decode().rstrip('.'))
    d = dkim.DKIM(msg)
    n = sum(1 for k, _ in d.headers if k.lower() == b'dkim-signature')
    out = []
    for i in range(n):
        try:
            ok = d.verify(idx=i, dnsfunc=look)
        except dkim.DKIMException as e:
            ok = False
            print(e, file=sys.stderr)
        out.append('pass' if ok else 'fail')
    return ' '.join(out)


def seal(msg, key, *domains):
    """Each of them finds what the one before sealed, and seals it."""
    for i, domain in enumerate(domains):
        msg = (b'Authentication-Results: mx.' + domain +
               b'; dmarc=pass header.from=node.test' +
               (b'; arc=pass' if i else b'') + b'\r\n') + msg
        msg = b''.join(dkim.arc_sign(
            msg, b's1', domain, key, b'mx.' + domain,
            include_headers=[b'from', b'to', b'subject'])) + msg
    return msg


def chains(key):
    a, b, c = b'a.node.test', b'b.node.test', b'c.node.test'
    msg = HEAD + b'\r\nThis  is one line. \r\n\r\n'
    one, three = seal(msg, key, a), seal(msg, key, a, b, c)
    def cut(m, name):
        out, skip = [], False
        for line in m.split(b'\r\n'):
            skip = line.startswith(name) or (skip and line[:1] in b' \t'
                                             and line != b'')
            if not skip:
                out.append(line)
        return b'\r\n'.join(out)
    def turned(m):
        head, body = m.split(b'\r\n\r\n', 1)
        fields = re.split(rb'\r\n(?![ \t])', head)
        return b'\r\n'.join(fields[::-1]) + b'\r\n\r\n' + body
    return {
        'turned': turned(three),
        'one': one, 'three': three, 'unsealed': msg,
        'list': b'Received: x\r\n' + three,
        'body': three + b'More.\r\n',
        'subject': three.replace(b'Subject: a', b'Subject: b'),
        'aar': three.replace(b'header.from=node.test',
                             b'header.from=evil.test', 1),
        'oldest': one.replace(b'dmarc=pass header', b'dmarc=none header'),
        'no-seal': cut(three, b'ARC-Seal: i=3'),
        'no-results': cut(three, b'ARC-Authentication-Results: i=2'),
        'gap': cut(cut(cut(three, b'ARC-Seal: i=2'),
                       b'ARC-Message-Signature: i=2'),
                   b'ARC-Authentication-Results: i=2'),
        'twice': b'ARC-Seal: i=3; x=y\r\n' + three,
        'high': b'ARC-Seal: i=51; x=y\r\n' + three,
        'zero': b'ARC-Authentication-Results: i=0; x; none\r\n' + three,
        'broken': three.replace(b'cv=pass', b'cv=fail', 1),
        'first': three.replace(b'cv=none', b'cv=pass', 1),
        'h': three.replace(b'cv=pass', b'h=from; cv=pass', 1),
        'no-key': seal(msg, key, a, b'nokey.node.test'),
        'down': seal(msg, key, a, b'down.node.test'),
    }


def arc_verify(msg, names):
    def look(name, timeout=5):
        return names.get(name.decode().rstrip('.'))
    try:
        return dkim.arc_verify(msg, dnsfunc=look)[0].decode()
    except Exception as e:
        return repr(e)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def main():
    if sys.argv[1] == 'messages':
        for name, text in CASES.items():
            with open(os.path.join(sys.argv[2], name), 'wb') as f:
                f.write(text)
    elif sys.argv[1] == 'verify':
        names = zone(sys.argv[2])
        for path in sys.argv[3:]:
            print(os.path.basename(path), verify(read(path), names))
    elif sys.argv[1] == 'arc':
        for name, text in chains(read(sys.argv[2])).items():
            with open(os.path.join(sys.argv[3], name), 'wb') as f:
                f.write(text)
    elif sys.argv[1] == 'arc-verify':
        names = zone(sys.argv[2])
        for path in sys.argv[3:]:
            print(os.path.basename(path), arc_verify(read(path), names))
    elif sys.argv[1] == 'sign':
        key = read(sys.argv[2])
        for path in sys.argv[4:]:
            msg = read(path)
            for way, canon in WAYS.items():
                sig = dkim.sign(msg, b's1', b'node.test', key,
                                canonicalize=canon,
                                length=way == 'relaxed-l')
                with open(os.path.join(sys.argv[3], '%s.%s' % (
                        os.path.basename(path), way)), 'wb') as f:
                    f.write(sig + msg)


main()
