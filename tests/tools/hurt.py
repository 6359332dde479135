"""hurt.py zone: prints a zone; hurt.py MAILNODE PORT SESSION: mail made to hurt whoever
takes it, handed in over SMTP, as TAP: each is answered, in bounded time and
memory of every process of the session, and the next one too."""
import base64
import os
import smtplib
import subprocess
import sys
import time

SLOW = 6 if os.environ.get("SAN") else 1
SECONDS = 10 * SLOW     # to the answer, on a busy machine
CPU = 5 * SLOW          # of all processes, s, until nothing is left to do
MIB = 80 * (8 if SLOW > 1 else 1)       # largest ever, of each process;
INDEX = 5               # of the index so many: Xapian holds words until it
                        # writes them
TICK = os.sysconf("SC_CLK_TCK")
BH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
HEAD = ("From: a@evil.test\r\nTo: me@node.test\r\nSubject: x\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n")


def der(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")
    return bytes([tag]) + size + body


def txt(text):
    return " ".join('"%s"' % text[i:i + 250]
                    for i in range(0, len(text), 250))


def zone():
    rsa = der(0x30, der(2, b"\0\xff" + os.urandom(2046) + b"\1") +
              der(2, b"\1\0\1"))
    key = "_domainkey.evil.test"
    print("s1.%s TXT %s" % (key, txt("v=DKIM1; p=" +
                                     base64.b64encode(rsa).decode())))
    print("s2.%s TXT %s" % (key, txt("v=DKIM1; n=" + "x" * 64000 + "; p=A")))
    print("s3.%s CNAME l1.evil.test.\nl1.evil.test CNAME l2.evil.test.\n"
          "l2.evil.test CNAME l1.evil.test." % key)
    print("s4.%s ! other\ns5.%s ! bomb\ns6.%s ! circle" % (key, key, key))
    print('loop.test TXT "v=spf1 include:l.loop.test -all"\n'
          'l.loop.test TXT "v=spf1 redirect=loop.test"')
    print('void.test TXT "v=spf1 %s -all"' % " ".join(
        "a:n%d.void.test" % n for n in range(9)))
    print('bomb.test TXT "v=spf1 mx -all"\nbomb.test ! bomb MX A')


def sig(s="s1", h="from:to", b="AAAA"):
    return ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; "
            "d=evil.test; s=%s; h=%s;\r\n bh=%s; b=%s\r\n" % (s, h, BH, b))


def folded(text, n=900):
    return "\r\n ".join(text[i:i + n] for i in range(0, len(text), n))


def nested_words():
    word = b"x"
    while len(word) < 20000:
        word = b"=?utf-8?b?" + base64.b64encode(word) + b"?="
    return folded(word.decode(), 900)


def nested_parts(n):
    head = "".join('Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n'
                   "--b%d\r\n" % (i, i) for i in range(n))
    return head + "Content-Type: text/plain\r\n\r\nx\r\n"


def html(body):
    return ("Content-Type: text/html; charset=utf-8\r\n\r\n" +
            "\r\n".join(body[i:i + 900] for i in range(0, len(body), 900)))


def mixed(parts):
    return 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts


# name, domain of the envelope's sender, message, codes of the answer, and what
# `why` says of it.
CASES = [
    ("10,000 names in h=", "evil", sig(h=folded("from:" + ":".join(
        "x%d" % n for n in range(10000)))) + HEAD + "\r\n", "25",
     "dkim=permerror"),
    ("1,000 signatures", "evil", sig() * 1000 + HEAD + "\r\n", "25",
     "dkim=permerror(evil.test) and 20 more"),
    ("a key of 16,384 bits", "evil", sig() + HEAD + "\r\n", "2",
     "dkim=permerror"),
    ("a key record of 64 KiB", "evil", sig("s2") + HEAD + "\r\n", "2",
     "dkim=permerror"),
    ("CNAME in circles", "evil", sig("s3") + HEAD + "\r\n", "2",
     "dkim=temperror"),
    ("answers for another name", "evil", sig("s4") + HEAD + "\r\n", "2",
     "dkim=temperror"),
    ("names that are pointers to a long one", "evil", sig("s5") + HEAD +
     "\r\n", "2", "dkim=temperror"),
    ("a name that points to itself", "evil", sig("s6") + HEAD + "\r\n",
     "2", "dkim=temperror"),
    ("exchanges by such pointers", "bomb", HEAD + "\r\nx\r\n", "2",
     "spf=temperror"),
    ("includes in circles", "loop", HEAD + "\r\nx\r\n", "2",
     "spf=permerror"),
    ("names that do not exist", "void", HEAD + "\r\nx\r\n", "2",
     "spf=permerror"),
    ("base64 of junk in a signature", "evil", sig(b=folded(
        "A=A*%$" * 10000)) + HEAD + "\r\n", "25", "dkim=permerror"),
    ("5,000 authors", "evil", "From: " + ",\r\n ".join(
        "U%d <u%d@d%d.test>" % (n, n, n) for n in range(5000)) +
     "\r\n\r\nx\r\n", "25", "auth=junk"),
    ("encoded words in encoded words", "evil", "From: " + nested_words() +
     " <a@evil.test>\r\nSubject: " + nested_words() + "\r\n\r\nx\r\n", "2",
     "bayes="),
    ("HTML of 1,000,000 open tags", "evil", HEAD + html("<b>" * 1000000) +
     "\r\n", "2", "bayes="),
    ("HTML that ends nothing", "evil", HEAD + html("<!--<a href='&#x" *
     60000) + "\r\n", "2", "bayes="),
    ("3,000 parts in one another", "evil", HEAD + nested_parts(3000), "2",
     "bayes="),
    ("50,000 parts", "evil", HEAD + mixed("--b\r\n\r\nx\r\n" * 50000), "2",
     "bayes="),
    ("mail in mail in mail", "evil", HEAD +
     "Content-Type: message/rfc822\r\n\r\n" * 5000 + "x\r\n", "2",
     "bayes="),
    ("base64 with junk", "evil", HEAD + mixed("".join(
        "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
        "%&=A\r\n" * 20000 for _ in range(4))), "2", "bayes="),
    ("60,000 words, each another", "evil", HEAD + "\r\n" + "\r\n".join(
        "%x%x" % (n * 7919 % 99991, n) for n in range(60000)) + "\r\n", "2",
     "bayes="),
    ("a letter", "evil", HEAD + "\r\nthe last one\r\n", "2", "bayes="),
]


def members(session):
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, errors="replace") as f:
                name, _, rest = f.read().rpartition(")")
            rest = rest.split()
            if rest[3] == session:
                out[pid] = (name.split("(")[1],
                            sum(map(int, rest[11:15])) / TICK)
        except OSError:
            pass
    return out


def cpu(session):
    return sum(s for _, s in members(session).values())


def idle(session):
    """CPU seconds once it grows no more, or far too late."""
    end, was = time.monotonic() + 4 * CPU, -1
    now = cpu(session)
    while now - was > 0.02 and time.monotonic() < end:
        time.sleep(0.1)
        was, now = now, cpu(session)
    return now


def largest(session):
    most = (0, "")
    for pid, (name, _) in members(session).items():
        try:
            with open("/proc/%s/status" % pid) as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        mib = int(line.split()[1]) // 1024
                        if name == "mn-indexer":
                            mib //= INDEX
                        most = max(most, (mib, name))
        except OSError:
            pass
    return most


def hand_in(port, session, sender, text):
    """(code, seconds to the answer, (MiB, whose))"""
    s = smtplib.SMTP("127.0.0.1", port, local_hostname="h.test", timeout=60)
    began = time.monotonic()
    try:
        s.sendmail(sender, ["me@node.test"], text)
        code = 250
    except smtplib.SMTPDataError as e:
        code = e.smtp_code
    took = time.monotonic() - began
    most = largest(session)
    try:
        s.quit()
    except smtplib.SMTPServerDisconnected:
        pass
    return code, took, most


def why(mailnode, sender):
    return subprocess.run([mailnode, "why", sender], check=False,
                          stdout=subprocess.PIPE).stdout.decode()


def main(mailnode, port, session):
    was = idle(session)
    for n, (name, domain, text, codes, said) in enumerate(CASES):
        sender = "c%d@%s.test" % (n, domain)
        code, took, most = hand_in(int(port), session, sender, text)
        now = idle(session)
        most = max(most, largest(session))
        good = str(code)[0] in codes and took < SECONDS and \
            now - was < CPU and most[0] < MIB and \
            said in why(mailnode, sender)
        print("%sok %d - %s\n# %d after %.1f s, %.2f s CPU, %d MiB (%s)" % (
            "" if good else "not ", n + 1, name, code, took, now - was,
            *most), flush=True)
        was = now
    print("1..%d" % len(CASES))


if sys.argv[1] == "zone":
    zone()
else:
    main(*sys.argv[1:])
