"""filter.py MAILNODE TMP: TMP/mail/{train,judge}/{ham,spam}, see filter.sh."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right

mailnode, tmp = sys.argv[1:3]
mail = tmp + "/mail"
home = os.environ["MAILNODE_HOME"]
KINDS = ("ham", "spam")
# What tells who collected the mail, not who wrote it.
BETRAY = re.compile(
    rb"(?im)^(?:>?From .*|(?:received|date|delivered-to|return-path|"
    rb"message-id|references|in-reply-to|sender|errors-to|precedence|"
    rb"mailing-list|status|lines|list-[^:\s]*|x-[^:\s]*|resent-[^:\s]*|"
    rb"replied|forwarded|delivery-date|approved|old-[^:\s]*):.*"
    rb"(?:\r?\n[ \t].*)*)\r?\n")


def files(part, kind):
    d = "%s/%s/%s" % (mail, part, kind)
    return [d + "/" + f for f in sorted(os.listdir(d))]


def strip(into):
    for part in ("train", "judge"):
        for kind in KINDS:
            os.makedirs("%s/%s/%s" % (into, part, kind))
            for path in files(part, kind):
                text = open(path, "rb").read()
                end = re.search(rb"\r?\n\r?\n", text)
                at = end.start() + 1 if end else len(text)
                with open("%s/%s/%s/%s" % (into, part, kind,
                          os.path.basename(path)), "wb") as f:
                    f.write(BETRAY.sub(b"", text[:at]) + text[at:])


def run(args, stdin=None):
    # One core for all that takes part, children too.
    began = time.monotonic()
    out = subprocess.run(["taskset", "-c", "0"] + args, input=stdin,
                         stdout=subprocess.PIPE, check=False)
    if out.returncode > 3:
        sys.exit("%s: exit %d" % (args[0], out.returncode))
    return out.stdout, time.monotonic() - began


def listed(paths):
    return "".join(p + "\n" for p in paths).encode()


class Ours:
    name = "mailnode"

    def forget(self):
        if os.path.exists(home + "/tokens"):
            os.remove(home + "/tokens")

    def train(self, kind, paths):
        return run([mailnode, "train", "-q", kind] + paths)[1]

    def score(self, paths):
        out, s = run([mailnode, "score", "-j"] + paths)
        got = {}
        for line in out.decode(errors="replace").splitlines():
            row = json.loads(line)
            got[row["file"]] = (row["junk"], row["verdict"] == "junk")
        return [got[p] for p in paths], s


class Bogofilter:
    name = "bogofilter"
    base = tmp + "/bogofilter"

    def forget(self):
        shutil.rmtree(self.base, ignore_errors=True)
        os.makedirs(self.base)

    def train(self, kind, paths):
        return run(["bogofilter", "-d", self.base, "-s" if kind == "spam"
                    else "-n", "-b"], listed(paths))[1]

    def score(self, paths):
        out, s = run(["bogofilter", "-d", self.base, "-TT", "-b"],
                     listed(paths))
        rows = [float(line.split()[-1]) for line in
                out.decode().splitlines()]
        # Its default cutoff.
        return [(x, x >= 0.99) for x in rows], s


def roc(name, ham, spam):
    order = sorted((x for x, _ in ham), reverse=True)
    wrong = sum(v for _, v in ham)
    caught = sum(v for _, v in spam)
    print("  %-11s calls %d of %d good messages junk (%.3f %%), catches "
          "%.2f %% of %d" % (name, wrong, len(ham), 100 * wrong / len(ham),
                             100 * caught / len(spam), len(spam)))
    row = []
    for k in (0, 1, 2, 4, 11, 22, 45, 113):
        if k < len(order):
            n = sum(x > order[k] for x, _ in spam)
            row.append("%d: %.2f" % (k, 100 * n / len(spam)))
    print("  %-11s caught %% at so many good ones lost: %s" %
          (name, "  ".join(row)))
    # Half of those with the same score: most are 0 or 1, rounded.
    order.reverse()
    area = sum(2 * len(ham) - bisect_left(order, x) - bisect_right(order, x)
               for x, _ in spam) / 2
    print("  %-11s 1 - area under the curve: %.4f %%" %
          (name, 100 * area / len(ham) / len(spam)))


def judge(filters, title, orders):
    for order in orders:
        print("%s, %s learnt first" % (title, order[0]))
        for f in filters:
            f.forget()
            for kind in order:
                f.train(kind, files("train", kind))
            roc(f.name, *(f.score(files("judge", k))[0] for k in KINDS))


def speed(filters):
    # Messages of about 5 KiB, again and again under other names.
    small = [p for part in ("train", "judge") for k in KINDS
             for p in files(part, k) if 4000 < os.path.getsize(p) < 6600]
    pool = tmp + "/pool"
    os.makedirs(pool)
    paths, octets = [], 0
    for i in range(6000):
        text = open(small[i % len(small)], "rb").read()
        paths.append("%s/%05d" % (pool, i))
        octets += len(text)
        with open(paths[-1], "wb") as f:
            # Other content, so that it is learnt.
            f.write(text + b"\n%d\n" % i)
    print("%d messages of %d octets, one core, best of three" %
          (len(paths), octets // len(paths)))
    rate = {}
    for f in filters:
        best = [0, 0]
        for _ in range(3):
            f.forget()
            f.train("ham", files("train", "ham"))
            f.train("spam", files("train", "spam"))
            best[0] = max(best[0], len(paths) / f.score(paths)[1])
            best[1] = max(best[1], len(paths) / f.train("ham", paths))
        rate[f.name] = best
        print("  %-11s scores %.0f/s, learns %.0f/s" % (f.name, *best))
    a, b = rate["mailnode"], rate["bogofilter"]
    print("  mailnode is %.2f times as fast at scoring, %.2f at learning" %
          (a[0] / b[0], a[1] / b[1]))


both = [Ours(), Bogofilter()]
judge(both, "all fields", (("spam", "ham"), ("ham", "spam")))
strip(tmp + "/stripped")
mail = tmp + "/stripped"
judge(both, "without fields that betray the collection", (("spam", "ham"),))
mail = tmp + "/mail"
speed(both)
