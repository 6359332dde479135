"""stress.py NODE MAILNODE SESSION SMTP IMAP USER PASSWORD SECONDS SEED: two
IMAP clients, `mailnode tag`, deliveries and another mail program change the
same mailboxes at random, while keeper and sessions are killed.  In the end all
must agree, with nothing lost and no UID given twice.

Each client keeps a picture of its mailbox from the answers alone, as a phone
does, and compares it with the whole whenever it connects anew: one of them by
QRESYNC.
"""
import os
import random
import re
import smtplib
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from imapcheck.sync import vanished             # noqa: E402
from imapcheck.wire import Conn, Fail, Where, expect, list_of, set_of  # noqa

(NODE, MAILNODE, SESSION, SMTP, IMAP, USER, PASSWORD, SECONDS,
 SEED) = sys.argv[1:]
BOXES = ["INBOX", "shared"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "red", "$blue"]
WHERE = Where("127.0.0.1", int(IMAP), USER, PASSWORD)
LOST = (OSError, EOFError)

lock = threading.Lock()
problems, counts = [], {}
seen = {}               # (folder, UIDVALIDITY, UID) -> Message-ID
acked, doomed = set(), set()
stop = threading.Event()


def problem(text):
    with lock:
        problems.append(text)
    print("# " + text[:6000], flush=True)


def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1


def is_loss(e):
    """The connection's end, not a wrong answer."""
    return isinstance(e, OSError) or type(e).__name__ == "Closed" or \
        "no answer in time" in str(e)


def letter(mid, who):
    return ("From: %s <%s@x.test>\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: "
            "<%s>\r\n\r\n%s\r\n" % (who, who, USER, mid, mid, mid * 3)
            ).encode()


class Client(threading.Thread):
    def __init__(self, name, qresync):
        super().__init__()
        self.label, self.qresync = name, qresync
        self.rnd = random.Random(SEED + name)
        self.c, self.box, self.n = None, None, 0
        self.left = {}          # folder -> the last answers
        self.known = {}         # folder -> (validity, modseq, {uid: flags})
        self.uids, self.flags, self.valid, self.trail = [], {}, 0, []

    # ---- the picture ----

    def apply(self, r):
        self.trail = self.trail[-6:] + [[a.line[:150] for a in
                                         r.all[-12:] + [r.tagged]]]
        for a in r.all + [r.tagged]:
            if a.code and a.code[0] == b"HIGHESTMODSEQ":
                self.modseq = int(a.code[1])
            if a.kind == b"EXPUNGE":
                expect(a.num <= len(self.uids), "EXPUNGE %d of %d" % (
                    a.num, len(self.uids)))
                self.flags.pop(self.uids.pop(a.num - 1), None)
            elif a.kind == b"VANISHED" and not isinstance(a.args[0], list):
                for u in set_of(a.args[0]):
                    self.remove(u)
            elif a.kind == b"EXISTS":
                expect(a.num >= len(self.uids), "EXISTS %d of %d" % (
                    a.num, len(self.uids)))
                self.uids += [0] * (a.num - len(self.uids))
            elif a.kind == b"FETCH":
                self.fetched(a.num, a.items())

    def remove(self, uid):
        """Or, if its UID was not asked for, one of those of which neither
        was, between the same neighbours."""
        self.flags.pop(uid, None)
        if uid in self.uids:
            self.uids.remove(uid)
            return
        at = next((n for n, u in enumerate(self.uids) if u > uid),
                  len(self.uids))
        while at > 0 and self.uids[at - 1] > 0:
            at -= 1
        expect(at > 0, "VANISHED %d of nothing" % uid)
        del self.uids[at - 1]

    def fetched(self, seq, i):
        expect(seq <= len(self.uids), "FETCH %d of %d" % (seq,
                                                          len(self.uids)))
        if b"UID" in i:
            uid = int(i[b"UID"])
            expect(self.uids[seq - 1] in (0, uid), "number %d is UID %d, "
                   "not %d" % (seq, self.uids[seq - 1], uid))
            self.uids[seq - 1] = uid
        uid = self.uids[seq - 1]
        if b"FLAGS" in i and uid:
            self.flags[uid] = frozenset(f.lower() for f in i[b"FLAGS"])
        if b"MODSEQ" in i:
            self.modseq = max(self.modseq, int(i[b"MODSEQ"][0]))
        for k, v in i.items():
            # NIL: another removed it a moment ago
            if k.startswith(b"BODY[HEADER.FIELDS") and uid and v:
                self.learn(uid, v)

    def learn(self, uid, head):
        mid = re.search(rb"<(.*)>", head).group(1).decode()
        key = (self.box, self.valid, uid)
        with lock:
            was = seen.setdefault(key, mid)
        if was != mid:
            problem("%s: UID %r was %s, is %s" % (self.label, key, was, mid))

    def do(self, text):
        r = self.c.cmd(text)
        self.apply(r)
        if r.tagged.kind == b"BAD":
            problem("%s: %s: %r" % (self.label, text, r.tagged))
        return r

    def learn_new(self):
        if 0 in self.uids:
            first = self.uids.index(0) + 1
            self.do("FETCH %d:* (UID FLAGS BODY.PEEK[HEADER.FIELDS "
                    "(MESSAGE-ID)])" % first)

    def enter(self, box):
        """SELECT, and by QRESYNC what the picture lacks; then the truth."""
        if self.box:
            self.left[self.box] = list(self.trail)
        if self.box and self.uids and 0 not in self.uids:
            self.known[self.box] = (self.valid, self.modseq,
                                    dict(self.flags))
        self.box, self.modseq = box, 0
        was = self.known.pop(box, None)
        self.uids, self.flags = [], {}
        if self.qresync and was:
            r = self.c.ok('SELECT "%s" (QRESYNC (%d %d))' % (box, was[0],
                                                             was[1]))
            gone = vanished(r)
            now = {u: f for u, f in was[2].items() if u not in gone}
            for a in r.of(b"FETCH"):
                i = a.items()
                now[int(i[b"UID"])] = frozenset(
                    f.lower() for f in i[b"FLAGS"])
        else:
            r, now = self.c.ok('SELECT "%s"' % box), None
        self.valid = int(r.codes()[b"UIDVALIDITY"][0])
        if now is not None and self.valid != was[0]:
            problem("UIDVALIDITY of %s: %d, was %d" % (box, self.valid,
                                                       was[0]))
        exists = [a.num for a in r.of(b"EXISTS")][-1]
        self.uids = [0] * exists
        for a in r.of(b"FETCH"):
            self.fetched(a.num, a.items())
        told = exists
        self.modseq = self.selected = int(r.codes()[b"HIGHESTMODSEQ"][0])
        if exists:
            self.do("FETCH 1:%d (UID FLAGS BODY.PEEK[HEADER.FIELDS "
                    "(MESSAGE-ID)])" % exists)
        if now is not None:
            self.resynced(box, was[1], now, gone, set(self.uids[:told]))
        self.learn_new()

    def resynced(self, box, base, now, gone, here):
        """What was told, beside what is.  Others go on meanwhile."""
        high, lacks = self.selected, []
        for u in here - set(now) - {0}:
            for a in self.c.ok("UID FETCH %d (UID MODSEQ)" % u).of(b"FETCH"):
                i = a.items()
                if int(i[b"UID"]) == u and int(i[b"MODSEQ"][0]) <= high:
                    lacks.append((u, int(i[b"MODSEQ"][0])))
        has = sorted(set(now) - here) if 0 not in here else []
        if lacks or has:
            problem("%s: QRESYNC of %s from %d to %d lacks %r, has %r, "
                    "vanished %r" % (self.label, box, base, high, lacks, has,
                                     sorted(gone)) +
                    "\n# ".join([""] + [repr(x) for x in
                                        self.left.get(box, [])]))

    def connect(self):
        end = time.monotonic() + 60
        while True:
            try:
                self.c = Conn(WHERE)
                if self.qresync:
                    self.c.ok("ENABLE QRESYNC")
                self.enter(self.rnd.choice(BOXES))
                count("connects")
                return
            except (Fail, OSError) as e:
                if not is_loss(e) and "UNAVAILABLE" not in str(e):
                    problem("%s connect: %s" % (self.label, e))
                if time.monotonic() > end:
                    problem("%s: no connection for a minute: %s" % (
                        self.label, e))
                    raise
                time.sleep(0.1)

    # ---- what it does ----

    def some(self, most):
        have = [u for u in self.uids if u]
        return self.rnd.sample(have, min(len(have),
                                         self.rnd.randint(1, most)))

    def act(self):
        rnd = self.rnd
        what = rnd.choices(["append", "flag", "unflag", "set", "move",
                            "copy", "delete", "noop", "enter", "idle",
                            "check", "search", "pipe"],
                           [6, 8, 6, 3, 3, 2, 2, 4, 1, 2, 2, 2, 2])[0]
        uids = self.some(5)
        ids = ",".join(map(str, sorted(uids)))
        flags = " ".join(rnd.sample(FLAGS, rnd.randint(1, 3)))
        other = [b for b in BOXES if b != self.box][0]
        count(what)
        if what == "append":
            self.n += 1
            mid = "%s%d@%s" % (self.label, self.n, SEED)
            r = self.c.append(rnd.choice(BOXES), letter(mid, self.label),
                              flags)
            self.apply(r)
            if r.tagged.kind == b"OK":
                with lock:
                    acked.add(mid)
        elif what == "noop" or not uids:
            self.do("NOOP")
        elif what in ("flag", "unflag", "set"):
            sign = {"flag": "+", "unflag": "-", "set": ""}[what]
            self.do("UID STORE %s %sFLAGS (%s)" % (ids, sign, flags))
        elif what == "move":
            self.do('UID MOVE %s "%s"' % (ids, other))
        elif what == "copy" and len(self.uids) < 150:
            self.do('UID COPY %s "%s"' % (ids, other))
        elif what == "delete" and len(self.uids) > 15:
            with lock:
                for u in uids:
                    mid = seen.get((self.box, self.valid, u))
                    if mid:
                        doomed.add(mid)
            self.do("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ids)
            self.do("UID EXPUNGE %s" % ids)
        elif what == "enter":
            self.enter(rnd.choice(BOXES))
        elif what == "idle":
            self.c.send("idle IDLE\r\n")
            a = self.c.answer()
            got = []
            while a.kind != b"+":
                got.append(a)
                a = self.c.answer()
            time.sleep(rnd.random() / 3)
            self.c.send("DONE\r\n")
            r = self.c.finish("idle")
            r.all[:0] = got
            self.apply(r)
        elif what == "check":
            # all flags as they are, beside those that were told
            self.do("NOOP")
            self.learn_new()
            told = dict(self.flags)
            r = self.c.cmd("FETCH 1:* (UID FLAGS)") if self.uids else None
            if r is not None:
                self.apply(r)
        elif what == "search":
            r = self.do("UID SEARCH ALL")
            got = [x for a in r.of(b"SEARCH") for x in a.args]
            have = {u for u in self.uids if u}
            if set(got) - have and not 0 in self.uids:
                self.do("NOOP")
        elif what == "pipe":
            tags = []
            out = ""
            for _ in range(5):
                tag = self.c.tag()
                tags.append(tag)
                out += "%s UID STORE %s %sFLAGS.SILENT (%s)\r\n" % (
                    tag, ids, rnd.choice("+-"), rnd.choice(FLAGS))
            self.c.send(out)
            for tag in tags:
                self.apply(self.c.finish(tag))
        self.learn_new()

    def run(self):
        try:
            self.connect()
            while not stop.is_set():
                try:
                    self.act()
                except (Fail, OSError) as e:
                    if not is_loss(e):
                        self.box = None     # the picture is wrong
                        problem("%s: %s\n# %s" % (
                            self.label, e, "\n# ".join(map(repr,
                                                           self.trail))))
                    self.c.close()
                    self.connect()
        except Exception as e:
            problem("%s ends: %r" % (self.label, e))

    def settle(self):
        """Both folders, told anew: {folder: {uid: (Message-ID, flags)}}."""
        got = {}
        self.c.close()
        self.connect()
        for box in BOXES:
            self.enter(box)
            self.do("NOOP")
            self.learn_new()
            got[box] = {u: (seen.get((box, self.valid, u)), self.flags[u])
                        for u in self.uids}
        return got


# ---- the others ----

def deliver():
    n, rnd = 0, random.Random(SEED + "deliver")
    while not stop.wait(rnd.random() / 2):
        n += 1
        mid = "smtp%d@%s" % (n, SEED)
        try:
            s = smtplib.SMTP("127.0.0.1", int(SMTP), timeout=30)
            s.sendmail("ada@x.test", [USER], letter(mid, "ada"))
            with lock:
                acked.add(mid)
            s.quit()
            count("delivered")
        except (OSError, smtplib.SMTPException):
            pass


def tag():
    rnd = random.Random(SEED + "tag")
    while not stop.wait(rnd.random() / 4):
        with lock:
            mids = list(acked)
        if mids:
            subprocess.run([MAILNODE, "tag", rnd.choice("+-") + rnd.choice(
                ["unread", "flagged", "red", "$blue", "own"]), "--",
                "id:" + rnd.choice(mids)], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            count("tagged")


def foreign():
    """Another program that reads the Maildir: it drops files, and flags."""
    n, rnd = 0, random.Random(SEED + "foreign")
    while not stop.wait(rnd.random()):
        n += 1
        box = os.path.join(NODE, "Mail", rnd.choice(BOXES))
        mid = "file%d@%s" % (n, SEED)
        name = "foreign%d.x" % n
        with open(os.path.join(box, "tmp", name), "wb") as f:
            f.write(letter(mid, "foreign"))
        os.rename(os.path.join(box, "tmp", name),
                  os.path.join(box, "new", name))
        with lock:
            acked.add(mid)
        count("dropped")
        names = os.listdir(os.path.join(box, "cur"))
        if names:
            old = rnd.choice(names)
            base, _, flags = old.partition(":2,")
            flags = "".join(sorted(set(flags) ^ {rnd.choice("FRS")}))
            try:
                os.rename(os.path.join(box, "cur", old), os.path.join(
                    box, "cur", base + ":2," + flags))
            except OSError:
                pass


def kill():
    rnd = random.Random(SEED + "kill")
    while not stop.wait(1.5 + rnd.random() * 3):
        who = rnd.choice(["mn-keeper", "mn-imap", "mn-imap", "mn-reader",
                          "mn-filer"])
        if subprocess.run(["pkill", "-KILL", "-s", SESSION, "-x",
                           who]).returncode == 0:
            count("killed " + who)


def on_disk():
    """{folder: sorted [(Message-ID, Maildir flags)]}"""
    got = {}
    for box in BOXES:
        rows = []
        for sub in ("cur", "new"):
            d = os.path.join(NODE, "Mail", box, sub)
            for name in os.listdir(d):
                with open(os.path.join(d, name), "rb") as f:
                    mid = re.search(rb"Message-ID: <(.*)>", f.read())
                rows.append((mid.group(1).decode(), "".join(
                    c for c in sorted(name.partition(":2,")[2])
                    if c in "DFRST")))
        got[box] = sorted(rows)
    return got


LETTERS = {b"\\seen": "S", b"\\flagged": "F", b"\\answered": "R",
           b"\\draft": "D", b"\\deleted": "T"}


def as_files(view):
    return {box: sorted((mid, "".join(sorted(
        LETTERS[f] for f in flags if f in LETTERS)))
        for mid, flags in rows.values()) for box, rows in view.items()}


def agreed(a, b):
    """Why not, or None."""
    one, two = a.settle(), b.settle()
    for box in BOXES:
        for u in set(one[box]) | set(two[box]):
            if one[box].get(u) != two[box].get(u):
                return "%s %d: %r and %r" % (box, u, one[box].get(u),
                                             two[box].get(u))
    mine, disk = as_files(one), on_disk()
    for box in BOXES:
        if mine[box] != disk[box]:
            x, y = set(mine[box]), set(disk[box])
            return "%s: IMAP %r, files %r" % (
                box, sorted(x - y)[:5], sorted(y - x)[:5])
    there = {mid for rows in one.values() for mid, _ in rows.values()}
    lost = acked - there - doomed
    if lost:
        return "lost: %r" % sorted(lost)[:10]
    return None


def main():
    c = Conn(WHERE)
    c.cmd("CREATE shared")
    c.close()
    clients = [Client("plain", False), Client("quick", True)]
    others = [threading.Thread(target=f) for f in (deliver, tag, foreign,
                                                   kill)]
    for t in clients + others:
        t.start()
    time.sleep(float(SECONDS))
    stop.set()
    for t in clients + others:
        t.join(90)
    why, end = "not tried", time.monotonic() + 60
    while why is not None and time.monotonic() < end:
        try:
            why = agreed(*clients)
        except (Fail, OSError, KeyError) as e:
            why = repr(e)
        if why is not None:
            time.sleep(0.5)
    if why is not None:
        problem("at the end: " + why)
    print("# " + " ".join("%s=%d" % x for x in sorted(counts.items())))
    print("# %d acknowledged, %d removed, %d UIDs, %d problems" % (
        len(acked), len(doomed), len(seen), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
