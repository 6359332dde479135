"""What a message is made of, beside what Python's email makes of the same
octets: sections, partials, BODYSTRUCTURE, ENVELOPE; RFC 9051 sections
6.4.5, 7.5.2."""
import email
import email.policy
import email.utils
import glob
import os
import re

from .wire import Str, expect, same


def crlf(b):
    return re.sub(rb"\r?\n", b"\r\n", b)


MIXED = crlf(b"""\
From: "Doe, \\"J\\"" <j@d.test>
Sender: =?utf-8?q?B=C3=B6b?= <b@d.test>
Reply-To: r1@d.test, Two <r2@d.test>
To: Group: one@g.test, "Two \\\\ 2" <two@g.test>;, last@g.test
Cc: (comment) c@d.test
Subject: =?utf-8?q?H=C3=A4?=
 folded
Date: Fri, 27 Nov 2026 10:00:00 +0000
Message-ID: <mixed@d.test>
In-Reply-To: <before@d.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_out"; charset=x

preamble
--=_out
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: 8bit
Content-Language: en, de
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==

pl\xc3\xa4in
two
--in
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-ID: <html@d.test>
Content-Description: the "html" part
Content-Location: http://x.test/

<p>h</p>
--in--

--=_out
Content-Type: message/rfc822
Content-Disposition: attachment; filename="in \\"q\\".eml"

From: inner@d.test
Subject: inner
MIME-Version: 1.0
Content-Type: multipart/digest; boundary=dig

--dig

From: deep@d.test
Subject: deep

deep body
--dig
Content-Type: text/plain

no message
--dig--
--=_out
Content-Type: application/octet-stream; name*0="a"; name*1="b.bin"
Content-Transfer-Encoding: base64
Content-Disposition: inline; filename=ab.bin; size=5

AAECAwQ=
--=_out

--=_out--
epilogue
""")

PLAIN = crlf(b"""\
Subject: plain
From: a@b

x
y
""")

SECTIONS = {
    b"1.1": b"pl\xc3\xa4in\r\ntwo", b"1.2": b"<p>h</p>",
    b"3": b"AAECAwQ=", b"2.HEADER": None, b"2.2": b"no message",
    b"2.1.HEADER": crlf(b"From: deep@d.test\nSubject: deep\n\n"),
    b"2.1.TEXT": b"deep body", b"2.1.1": b"deep body",
    b"1.2.MIME": crlf(
        b"Content-Type: text/html\n"
        b"Content-Transfer-Encoding: quoted-printable\n"
        b"Content-ID: <html@d.test>\n"
        b"Content-Description: the \"html\" part\n"
        b"Content-Location: http://x.test/\n\n"),
}


def fetch(c, what):
    return c.ok("FETCH 1 (%s)" % what).fetched()[0][1]


def addr(name, box, host):
    return [name, None, box, host]


def one(t, msg):
    c, name = t.open()
    r = c.append(name, msg)
    same(r.tagged.kind, b"OK", repr(r.tagged))
    return c


def sections(t):
    c = one(t, MIXED)
    for sec, want in SECTIONS.items():
        if want is None:
            continue
        got = fetch(c, "BODY.PEEK[%s]" % sec.decode())
        same(got[b"BODY[" + sec + b"]"], want, sec)
    head, _, text = MIXED.partition(b"\r\n\r\n")
    i = fetch(c, "BODY.PEEK[HEADER] BODY.PEEK[TEXT] RFC822.HEADER "
              "BODY.PEEK[]")
    same(i[b"BODY[HEADER]"], head + b"\r\n\r\n")
    same(i[b"RFC822.HEADER"], head + b"\r\n\r\n")
    same(i[b"BODY[TEXT]"], text)
    same(i[b"BODY[]"], MIXED)
    i = fetch(c, "BODY.PEEK[2.HEADER.FIELDS (subject)]")
    same(list(i.values())[0], b"Subject: inner\r\n\r\n")
    for sec in ("9", "1.3", "1.1.1.1", "2.5", "3.HEADER", "3.TEXT"):
        i = fetch(c, "BODY.PEEK[%s]" % sec)
        expect(not i[b"BODY[%s]" % sec.encode()], (sec, i))
    i = fetch(c, "BODY.PEEK[1.1]<2.5>")
    same(i[b"BODY[1.1]<2>"], b"pl\xc3\xa4in\r\ntwo"[2:7])
    c = one(t, PLAIN)
    i = fetch(c, "BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[TEXT]")
    same((i[b"BODY[1]"], i[b"BODY[TEXT]"]), (b"x\r\ny\r\n", b"x\r\ny\r\n"))


def header_fields(t):
    c = one(t, MIXED)
    i = fetch(c, 'BODY.PEEK[HEADER.FIELDS (SUBJECT "to" X-None)]')
    same(list(i.values())[0], crlf(
        b"To: Group: one@g.test, \"Two \\\\ 2\" <two@g.test>;, last@g.test\n"
        b"Subject: =?utf-8?q?H=C3=A4?=\n folded\n\n"))
    i = fetch(c, "BODY.PEEK[HEADER.FIELDS (X-None)]")
    same(list(i.values())[0], b"\r\n")
    i = fetch(c, "BODY.PEEK[HEADER.FIELDS.NOT (From Sender Reply-To To Cc "
              "Subject Date Message-ID In-Reply-To)]")
    same(list(i.values())[0], crlf(
        b"MIME-Version: 1.0\nContent-Type: multipart/mixed; "
        b"boundary=\"=_out\"; charset=x\n\n"))
    i = fetch(c, "BODY.PEEK[HEADER.FIELDS (DATE FROM)]<0.10>")
    same(list(i.values())[0], b"From: \"Doe")


def envelope(t):
    c = one(t, MIXED)
    e = fetch(c, "ENVELOPE")[b"ENVELOPE"]
    same(e[0], b"Fri, 27 Nov 2026 10:00:00 +0000")
    same(e[1], b"=?utf-8?q?H=C3=A4?= folded")
    same(e[2], [addr(b'Doe, "J"', b"j", b"d.test")])
    same(e[3], [addr(b"=?utf-8?q?B=C3=B6b?=", b"b", b"d.test")])
    same(e[4], [addr(None, b"r1", b"d.test"), addr(b"Two", b"r2",
                                                   b"d.test")])
    same(e[5], [addr(None, b"Group", None), addr(None, b"one", b"g.test"),
                addr(b"Two \\ 2", b"two", b"g.test"),
                addr(None, None, None), addr(None, b"last", b"g.test")])
    expect(e[6] and e[6][0][2:] == [b"c", b"d.test"], e[6])
    same(e[7:], [None, b"<before@d.test>", b"<mixed@d.test>"])
    e = fetch(one(t, PLAIN), "ENVELOPE")[b"ENVELOPE"]
    me = [addr(None, b"a", b"b")]
    same(e, [None, b"plain", me, me, me, None, None, None, None, None])
    e = fetch(one(t, b"\r\nno header\r\n"), "ENVELOPE")[b"ENVELOPE"]
    same(e, [None] * 10)
    e = fetch(one(t, b"Subject:\r\nFrom: <>\r\nTo: undisclosed:;\r\n\r\n"),
              "ENVELOPE")[b"ENVELOPE"]
    expect(not e[1], e)
    same(e[5], [addr(None, b"undisclosed", None), addr(None, None, None)])


def lower(v):
    return v.lower() if isinstance(v, bytes) else v


def params(p):
    return None if p is None else {
        p[i].lower(): p[i + 1] for i in range(0, len(p), 2)}


def bodystructure(t):
    c = one(t, MIXED)
    i = fetch(c, "BODYSTRUCTURE BODY")
    s = i[b"BODYSTRUCTURE"]
    same([isinstance(x, list) for x in s[:4]], [True] * 4)
    same(s[4].lower(), b"mixed")
    same(params(s[5]), {b"boundary": b"=_out", b"charset": b"x"})
    alt = s[0]
    same(alt[2].lower(), b"alternative")
    plain, html = alt[0], alt[1]
    same([lower(x) for x in plain[:2]], [b"text", b"plain"])
    same(params(plain[2]), {b"charset": b"utf-8", b"format": b"flowed"})
    same([lower(x) for x in plain[3:8]],
         [None, None, b"8bit", b"%d" % len(b"pl\xc3\xa4in\r\ntwo"), b"1"])
    same(plain[8], b"Q2hlY2sgSW50ZWdyaXR5IQ==")
    same(plain[10], [b"en", b"de"])
    same(html[3:5], [b"<html@d.test>", b'the "html" part'])
    same(html[11], b"http://x.test/")
    msg = s[1]
    same([lower(x) for x in msg[:2]], [b"message", b"rfc822"])
    same(msg[7][1], b"inner")
    same(msg[8][-1 if isinstance(msg[8][-1], bytes) else 2].lower(),
         b"digest")
    disp = [x for x in msg[9:] if isinstance(x, list) and x and
            lower(x[0]) == b"attachment"]
    same(params(disp[0][1]), {b"filename": b'in "q".eml'})
    inner = msg[8][0]
    same([lower(x) for x in inner[:2]], [b"message", b"rfc822"])
    same(inner[7][1], b"deep")
    app = s[2]
    same([lower(x) for x in app[:2]], [b"application", b"octet-stream"])
    same(lower(app[5]), b"base64")
    same(params(app[8][1]), {b"filename": b"ab.bin", b"size": b"5"})
    # BODY is the same without what may follow
    b = i[b"BODY"]
    same(len(b), 5)
    same(b[0][0], plain[:8])
    e = fetch(one(t, PLAIN), "BODYSTRUCTURE")[b"BODYSTRUCTURE"]
    same([lower(x) for x in e[:2]], [b"text", b"plain"])
    same(e[6:8], [b"6", b"2"])


# ---- beside Python's email ----

def leaves(m, path=()):
    """(section, part) of everything that has a number."""
    if m.is_multipart() and m.get_content_maintype() == "multipart":
        for n, p in enumerate(m.get_payload(), 1):
            yield from leaves(p, path + (n,))
    else:
        yield (path or (1,)), m


def raw_parts(msg):
    return email.message_from_bytes(msg, policy=email.policy.compat32)


def describe(s, path=()):
    """{section: (type, octets)} of a BODYSTRUCTURE."""
    if isinstance(s[0], list):
        got = {}
        for n, p in enumerate([x for x in s if isinstance(x, list)][
                :next(i for i, x in enumerate(s)
                      if not isinstance(x, list))], 1):
            got.update(describe(p, path + (n,)))
        return got
    return {path or (1,): (lower(s[0]) + b"/" + lower(s[1]), int(s[6]))}


def corpus(t):
    files = sorted(glob.glob(os.path.join(t.corpus, "*"))) if t.corpus \
        else []
    if not files:
        return "no corpus"
    c, name = t.open()
    bad = []
    for f in files:
        with open(f, "rb") as h:
            msg = crlf(h.read())
        r = c.append(name, msg)
        same(r.tagged.kind, b"OK", f)
        uid = int(r.tagged.code[2])
        i = c.ok("UID FETCH %d (RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY "
                 "BODY.PEEK[HEADER] BODY.PEEK[TEXT])" % uid)
        i = [x for _, x in i.fetched() if b"ENVELOPE" in x][0]
        head = msg[:msg.find(b"\r\n\r\n") + 4]
        same(int(i[b"RFC822.SIZE"]), len(msg), f)
        same(i[b"BODY[HEADER]"], head, f)
        same(i[b"BODY[TEXT]"], msg[len(head):], f)
        m = raw_parts(msg)
        same(i[b"ENVELOPE"][9], unfolded(m, "Message-ID"), f)
        same(i[b"ENVELOPE"][0], unfolded(m, "Date"), f)
        same(re.sub(rb"\s+", b" ", i[b"ENVELOPE"][1] or b""),
             re.sub(rb"\s+", b" ", unfolded(m, "Subject") or b""), f)
        try:
            compare_parts(c, uid, m, i[b"BODYSTRUCTURE"])
        except Exception as e:
            bad.append("%s: %s" % (f, e))
    expect(not bad, "%d of %d: %s" % (len(bad), len(files),
                                      "\n".join(bad[:10])))


def unfolded(m, field):
    v = m[field]
    return None if v is None else re.sub(
        r"\r?\n", "", str(v)).strip().encode("ascii", "surrogateescape")


def compare_parts(c, uid, m, structure):
    got = describe(structure)
    want = dict(leaves(m))
    same(set(got), set(want))
    for path, part in want.items():
        kind, octets = got[path]
        same(kind, part.get_content_type().encode())
        sec = ".".join(map(str, path))
        i = c.ok("UID FETCH %d (BODY.PEEK[%s])" % (uid, sec))
        data = [x for _, x in i.fetched()][0][b"BODY[%s]" % sec.encode()]
        same(len(data or b""), octets, sec)
        if kind == b"message/rfc822":
            continue
        payload = part._payload
        same(crlf(data or b"").strip(b"\r\n"), crlf(payload.encode(
            "utf-8", "surrogateescape")).strip(b"\r\n"), sec)


def binary(t):
    c = one(t, MIXED)
    if not c.has("BINARY"):
        return "not advertised"
    i = fetch(c, "BINARY.PEEK[3] BINARY.SIZE[3] BINARY.PEEK[1.2]")
    same((i[b"BINARY[3]"], i[b"BINARY.SIZE[3]"]), (b"\0\1\2\3\4", b"5"))
    same(i[b"BINARY[1.2]"], b"<p>h</p>")
    same(fetch(c, "BINARY.PEEK[3]<1.2>")[b"BINARY[3]<1>"], b"\1\2")
    # blanks at the end of a line are no part of it: RFC 2045 section 6.7
    c = one(t, b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            b"a \t\r\nb =  \r\nc=20 d\r\n")
    same(fetch(c, "BINARY.PEEK[1]")[b"BINARY[1]"], b"a\r\nb c  d\r\n")


CHECKS = [sections, header_fields, envelope, bodystructure, corpus, binary]
