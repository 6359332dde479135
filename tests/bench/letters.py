"""letters.py MAILDIR COUNT [BIG]: fills a Maildir with letters of many words,
in threads of about five; the last has the subject "bench newest", and with BIG
the one before it "bench second" and that many octets of text."""
import os
import random
import sys
import time

WORDS = [a + b for a in "ba ke li mo nu pra sto tre vi zu".split()
         for b in "ran del fis gor hup jat kol mis nep".split()]


def letter(rng, number, count, now):
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(60, 400)))
    body = "\n".join(words[i:i + 70] for i in range(0, len(words), 70))
    subject = "bench newest" if number == count - 1 else \
        " ".join(rng.choice(WORDS) for _ in range(4))
    head = ["From: Writer %d <w%d@bench.test>" % (number % 97, number % 97),
            "To: me@node.test", "Subject: " + subject,
            "Date: " + time.strftime("%a, %d %b %Y %H:%M:%S +0000",
                                     time.gmtime(now - 60 * (count - number))),
            "Message-ID: <%d@bench.test>" % number]
    if number % 5 and number != count - 1:
        head.append("References: <%d@bench.test>" % (number - number % 5))
    return "\n".join(head) + "\n\nbench-body-%d\n" % number + body + "\n"


def big(rng, size, now):
    lines = ["From: Writer <w@bench.test>", "To: me@node.test",
             "Subject: bench second", "Date: " + time.strftime(
                 "%a, %d %b %Y %H:%M:%S +0000", time.gmtime(now - 90)),
             "Message-ID: <big@bench.test>", "", "bench-big-start"]
    left = size
    while left > 0:
        lines.append(" ".join(rng.choice(WORDS) for _ in range(10)))
        left -= len(lines[-1]) + 1
    return "\n".join(lines) + "\nbench-big-end\n"


def main():
    root, count = sys.argv[1], int(sys.argv[2])
    rng = random.Random(7)
    now = int(time.time())
    for d in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(root, d), exist_ok=True)
    for i in range(count):
        name = "%d.M%dP1Q%d.bench:2,S" % (now - 60 * (count - i), i, i)
        with open(os.path.join(root, "cur", name), "w") as f:
            f.write(letter(rng, i, count, now))
    if len(sys.argv) > 3:
        name = "%d.M%dP1Q%d.bench:2,S" % (now - 90, count, count)
        with open(os.path.join(root, "cur", name), "w") as f:
            f.write(big(rng, int(sys.argv[3]), now))


main()
