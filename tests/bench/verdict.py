"""verdict.py letters TMP: makes TMP/{good,junk,signed,plain}/N, prints a zone.
verdict.py run TMP NAME:SESSION:PORT NAME:SESSION:PORT [SESSION:PORT]: the CPU
time of the first two nodes a message, and rspamd's; see verdict.sh."""
import os
import random
import smtplib
import socket
import subprocess
import sys
import time

import dkim

import measure

LETTERS, OCTETS, ROUNDS, TIMES = 400, 5 * 1024, 3, 2
LEARNT = 300  # letters of each kind
FAR = "198.51.100.9"  # rspamd passes over local addresses
AT_MOST = 1.0  # ms a message
DOMAINS = ["d%d.test" % i for i in range(8)]


def words(rand, kind):
    """A text in words of which some tell."""
    common = ["word%d" % i for i in range(1500)]
    own = ["%s%d" % (kind, i) for i in range(300)]
    line, n = [], 0
    while n < OCTETS - 900:
        w = rand.choice(own if rand.random() < .2 else common)
        n += len(w) + 1
        line.append(w + ("\r\n" if len(line) % 9 == 8 else ""))
    return " ".join(line).replace("\r\n ", "\r\n") + "\r\n"


def letter(rand, kind, i, domain):
    return ("From: Writer %d <w%d@%s>\r\nTo: me@node.test\r\n"
            "Subject: about %s\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n"
            "Message-ID: <%s%d.%d@%s>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\n%s" % (
                i, i, domain, " ".join("word%d" % rand.randrange(1500)
                                       for _ in range(3)),
                kind, i, rand.randrange(10 ** 9), domain,
                words(rand, kind))).encode()


def put(tmp, where, i, text):
    os.makedirs("%s/%s" % (tmp, where), exist_ok=True)
    with open("%s/%s/%d" % (tmp, where, i), "wb") as f:
        f.write(text)


def letters(tmp):
    rand = random.Random(1)
    key = subprocess.run(["openssl", "genrsa", "-traditional", "2048"],
                         stdout=subprocess.PIPE, check=True,
                         stderr=subprocess.DEVNULL).stdout
    pub = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"],
                         input=key, stdout=subprocess.PIPE, check=True,
                         stderr=subprocess.DEVNULL).stdout
    import base64
    p = base64.b64encode(pub).decode()
    for d in DOMAINS:
        print('%s TXT "v=spf1 include:spf.%s -all"' % (d, d))
        print('spf.%s TXT "v=spf1 ip4:127.0.0.0/8 ip4:%s -all"' % (
            d, FAR))
        print('_dmarc.%s TXT "v=DMARC1; p=reject"' % d)
        print('s1._domainkey.%s TXT "v=DKIM1; k=rsa; p=%s" "%s"' % (
            d, p[:200], p[200:]))
        print("mail.%s A 127.0.0.1" % d)
    print("1.0.0.127.in-addr.arpa PTR mail.d0.test")
    print("%s.in-addr.arpa PTR mail.d0.test" % ".".join(
        reversed(FAR.split("."))))
    for i in range(LEARNT):
        put(tmp, "good", i, letter(rand, "good", i, "learnt.test"))
        put(tmp, "junk", i, letter(rand, "junk", i, "learnt.test"))
    for i in range(LETTERS):
        d = DOMAINS[i % len(DOMAINS)]
        text = letter(rand, "good", LEARNT + i, d)
        sig = dkim.sign(text, b"s1", d.encode(), key,
                        canonicalize=(b"relaxed", b"relaxed"))
        put(tmp, "plain", i, text)
        put(tmp, "signed", i, sig + text)


class Node:
    def __init__(self, tmp, text):
        self.name, session, port = text.split(":")
        self.session, self.port = int(session), int(port)
        self.text = []
        for i in range(LETTERS):
            with open("%s/%s/%d" % (tmp, "signed" if self.name == "on" else
                                    "plain", i), "rb") as f:
                self.text.append(f.read())

    def idle(self):
        """CPU seconds once nothing runs any more: (all, without the index),
        which works in batches, by chance large or small, behind the answer.
        """
        was, t = None, self.cpu()
        while t != was:
            time.sleep(0.5)
            was, t = t, self.cpu()
        return t

    def cpu(self):
        return [measure.cpu(self.session, w) for w in ((), ("mn-indexer",))]

    def round(self, r):
        was = self.idle()
        for k in range(TIMES):
            s = smtplib.SMTP("127.0.0.1", self.port,
                             local_hostname="mail.d0.test")
            for i, text in enumerate(self.text):
                s.sendmail("w%d@%s" % (i, DOMAINS[i % len(DOMAINS)]),
                           ["me@node.test"],
                           b"X-Round: %d %d\r\n" % (r, k) + text)
            s.quit()
        return [(b - a) * 1000 / TIMES / LETTERS
                for a, b in zip(was, self.idle())]


def rspamd(tmp, session, port):
    """Its CPU ms a message, by its own client."""
    files = ["%s/signed/%d" % (tmp, i) for i in range(LETTERS)]
    if not measure.wait_for(lambda: up(port), 20):
        print("rspamd does not come up: see its log")
        return
    got = []
    for _ in range(3):
        was = measure.cpu(session)
        out = subprocess.run(
            ["rspamc", "-h", "127.0.0.1:%d" % port, "-n", "2", "-i",
             FAR, "--helo", "mail.d0.test", "--from", "w@d0.test"] +
            files, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            check=False).stdout
        got.append((measure.cpu(session) - was) * 1000 / LETTERS)
    print("rspamd: %.2f ms CPU a message (DKIM passed: %d, DMARC: %d of %d)"
          % (measure.median(got), out.count(b"R_DKIM_ALLOW"),
             out.count(b"DMARC_POLICY_ALLOW"), LETTERS))


def up(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def run(tmp, on, off, *other):
    nodes = [Node(tmp, on), Node(tmp, off)]
    for n in nodes:  # caches
        n.round(0)
    got = {n.name: [] for n in nodes}
    for r in range(1, ROUNDS + 1):
        for n in nodes if r % 2 else reversed(nodes):
            got[n.name].append(n.round(r))
    for i, text in enumerate(("all processes", "without the index")):
        on_, off_ = ([x[i] for x in got[n.name]] for n in nodes)
        cost = measure.median(a - b for a, b in zip(on_, off_))
        print("verdict, %s: %.2f ms CPU a message with it, %.2f without: it "
              "adds %.2f ms (at most %g)" % (text, measure.median(on_),
                                             measure.median(off_), cost,
                                             AT_MOST))
    for o in other:
        rspamd(tmp, *(int(x) for x in o.split(":")))
    return cost > AT_MOST


if sys.argv[1] == "letters":
    letters(sys.argv[2])
else:
    sys.exit(run(*sys.argv[2:]))
