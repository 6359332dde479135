"""stress.py NODE MAILNODE SESSION SMTP IMAP USER PASSWORD SECONDS SEED
CLIENTS: IMAP clients, `mailnode tag`, deliveries and another mail program
change the same mailboxes at random, while keeper and sessions are killed.  In
the end all must agree, with nothing lost and no UID given twice.

Each client keeps a picture of its mailbox from the answers alone, as a phone
does, and compares it with the whole whenever it connects anew: some of them by
QRESYNC, and some are told unasked, by NOTIFY.
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
from imapcheck.wire import Conn, Fail, Where, expect, set_of  # noqa
from picture import Picture, Shared, copied     # noqa: E402

(NODE, MAILNODE, SESSION, SMTP, IMAP, USER, PASSWORD, SECONDS,
 SEED, CLIENTS) = sys.argv[1:]
BOXES = ["INBOX", "shared"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "red", "$blue"]
# What each kind of client says first.
KINDS = {"plain": [], "quick": ["ENABLE QRESYNC"],
         "told": ["ENABLE IMAP4rev2", "NOTIFY SET (SELECTED-DELAYED "
                  "(MessageNew (UID FLAGS BODY.PEEK[HEADER.FIELDS "
                  "(MESSAGE-ID)]) MessageExpunge FlagChange))"]}
ACTS = {"append": 6, "store": 17, "move": 3, "copy": 2, "delete": 2, "noop": 4,
        "enter": 1, "idle": 2, "status": 2, "search": 2, "silent": 2,
        "numbers": 4, "fetch": 3, "logout": 1}
# A NO that says why: others are faster, or were killed.
MAY = {b"EXPUNGEISSUED", b"UNAVAILABLE", b"INUSE"}
WHERE = Where("127.0.0.1", int(IMAP), USER, PASSWORD)
LOST = (OSError, EOFError)

lock = threading.Lock()
problems, counts = [], {}
shared = Shared()
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
    def __init__(self, kind, number):
        super().__init__()
        self.label, self.first = kind + str(number), KINDS[kind]
        self.qresync = kind == "quick"
        self.rnd = random.Random(SEED + self.label)
        self.c, self.n, self.trail = None, 0, []
        self.left = {}          # folder -> the last answers
        self.known = {}         # folder -> (validity, modseq, {uid: flags})
        self.p = Picture(shared, self.qresync)
        self.all = "(UID FLAGS %sBODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])" % (
            "MODSEQ " if self.qresync else "")

    # ---- the picture ----

    def apply(self, command, floors, r):
        self.trail = self.trail[-6:] + [[command] + [
            a.line[:150] for a in r.all[-12:] + [r.tagged]]]
        self.p.hear(command, floors, r)
        code = r.tagged.code[0] if r.tagged.code else None
        if r.tagged.kind == b"BAD" or r.tagged.kind == b"NO" and \
                code not in MAY:
            problem("%s: %s: %r" % (self.label, command, r.tagged))
        return r

    def do(self, command):
        floors = shared.floors()
        return self.apply(command, floors, self.c.cmd(command))

    def pipe(self, commands):
        """All at once: the answers."""
        floors = shared.floors()
        tags = [self.c.tag() for _ in commands]
        self.c.send("".join("%s %s\r\n" % x for x in zip(tags, commands)))
        return [self.apply(command, floors, self.c.finish(tag))
                for tag, command in zip(tags, commands)]

    def learn_new(self):
        if 0 in self.p.uids:
            self.do("FETCH %d:* %s" % (self.p.uids.index(0) + 1, self.all))

    def enter(self, box):
        """SELECT, and by QRESYNC what the picture lacks; then the truth."""
        p = self.p
        if p.box:
            self.left[p.box] = list(self.trail)
        if p.box and p.uids and 0 not in p.uids:
            self.known[p.box] = (p.valid, p.modseq, dict(p.flags))
        was = self.known.pop(box, None) if self.qresync else None
        p.leave(box)
        r = self.do('SELECT "%s"%s' % (box, " (QRESYNC (%d %d))" % was[:2]
                                       if was else ""))
        expect(r.tagged.kind == b"OK", "SELECT: %r" % r.tagged)
        here, high = len(p.uids), p.modseq
        if here:
            self.do("FETCH 1:%d %s" % (here, self.all))
        if was:
            self.resynced(was, r, set(p.uids[:here]), high)
        self.learn_new()

    def resynced(self, was, r, here, high):
        """What was told, beside what is.  Others go on meanwhile."""
        base, known, gone, lacks = was[1], was[2], vanished(r), []
        now = set(known) - gone | {int(a.items()[b"UID"])
                                   for a in r.of(b"FETCH")}
        for u in here - now - {0}:
            for a in self.do("UID FETCH %d (UID MODSEQ)" % u).of(b"FETCH"):
                i = a.items()
                if int(i[b"UID"]) == u and int(i[b"MODSEQ"][0]) <= high:
                    lacks.append((u, int(i[b"MODSEQ"][0])))
        has = sorted(now - here) if 0 not in here else []
        if lacks or has:
            problem("%s: QRESYNC of %s from %d to %d lacks %r, has %r, "
                    "vanished %r" % (self.label, self.p.box, base, high,
                                     lacks, has, sorted(gone)) +
                    "\n# ".join([""] + [repr(x) for x in
                                        self.left.get(self.p.box, [])]))

    def connect(self):
        # A keeper that is killed again and again rests for 30 s in the end.
        end = time.monotonic() + 100
        while True:
            try:
                self.c = Conn(WHERE)
                self.p.connected()
                for command in self.first:
                    self.c.ok(command)
                self.enter(self.rnd.choice(BOXES))
                count("connects")
                return
            except (Fail, OSError) as e:
                if not is_loss(e) and "UNAVAILABLE" not in str(e):
                    problem("%s connect: %s" % (self.label, e))
                if time.monotonic() > end:
                    problem("%s: no connection for long: %s" % (
                        self.label, e))
                    raise
                time.sleep(0.1)

    # ---- what it does ----

    def some(self, most):
        have = [u for u in self.p.uids if u]
        return sorted(self.rnd.sample(have, min(
            len(have), self.rnd.randint(1, most))))

    def act(self):
        what = self.rnd.choices(list(ACTS), ACTS.values())[0]
        uids = self.some(5)
        if not uids and what not in ("append", "enter", "idle"):
            what = "noop"
        count(what)
        getattr(self, "do_" + what)(uids, ",".join(map(str, uids)))
        self.learn_new()

    def flag_words(self):
        return "(%s)" % " ".join(self.rnd.sample(FLAGS,
                                                 self.rnd.randint(1, 3)))

    def other(self):
        return [b for b in BOXES if b != self.p.box][0]

    def do_noop(self, uids, ids):
        self.do("NOOP")

    def do_enter(self, uids, ids):
        self.enter(self.rnd.choice(BOXES))

    def do_append(self, uids, ids):
        self.n += 1
        mid = "%s%d@%s" % (self.label, self.n, SEED)
        box, floors = self.rnd.choice(BOXES), shared.floors()
        r = self.apply("APPEND", floors, self.c.append(
            box, letter(mid, self.label), self.flag_words()[1:-1]))
        if r.tagged.kind == b"OK":
            with lock:
                acked.add(mid)
            valid, pairs = copied(r.tagged.code)
            shared.has_mid(box, valid, pairs[0][1], mid)

    def do_store(self, uids, ids):
        self.told_of_all(uids, self.do("UID STORE %s %sFLAGS %s" % (
            ids, self.rnd.choice(["", "+", "-"]), self.flag_words())))

    def do_copy(self, uids, ids):
        if len(self.p.uids) < 150:
            self.copy_or_move("COPY", ids)

    def do_move(self, uids, ids):
        self.copy_or_move("MOVE", ids)

    def copy_or_move(self, verb, ids):
        box, was = self.p.box, self.p.valid
        r = self.do('UID %s %s "%s"' % (verb, ids, self.other()))
        for a in r.all + [r.tagged]:
            if a.code and a.code[0] == b"COPYUID":
                valid, pairs = copied(a.code)
                for old, new in pairs:
                    mid = shared.mid(box, was, old)
                    if mid:     # not gone before it was told
                        shared.has_mid(self.other(), valid, new, mid)

    def do_delete(self, uids, ids):
        if len(self.p.uids) <= 15:
            return
        with lock:
            for u in uids:
                doomed.add(shared.mid(self.p.box, self.p.valid, u))
        self.do("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ids)
        self.do(self.rnd.choice(["EXPUNGE", "UID EXPUNGE %s" % ids]))

    def do_idle(self, uids, ids):
        floors = shared.floors()
        self.c.send("idle IDLE\r\n")
        got = []
        while not got or got[-1].kind != b"+":
            got.append(self.c.answer())
        time.sleep(self.rnd.random() / 3)
        self.c.send("DONE\r\n")
        r = self.c.finish("idle")
        r.all[:0] = got[:-1]
        self.apply("IDLE", floors, r)

    def do_status(self, uids, ids):
        self.do("STATUS %s (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)" %
                self.other())

    def mid(self, uid):
        return shared.mid(self.p.box, self.p.valid, uid)

    def size(self, uid):
        return shared.constant.get((self.p.box, self.p.valid, uid,
                                    b"RFC822.SIZE"))

    def key(self, depth=0):
        """Of SEARCH: its text, and for which UID it holds; None: unknown."""
        kind, uids = self.rnd.randrange(6 if depth < 3 else 4), self.some(5)
        mid = self.mid(uids[0])
        size = int(self.size(uids[0]) or 150)
        if kind == 0 or kind < 3 and mid is None:
            return "UID " + ",".join(map(str, uids)), lambda u: u in uids
        if kind < 3:
            return ('SUBJECT "%s"', 'HEADER Message-ID "<%s>"')[kind - 1] % \
                mid, lambda u: self.mid(u) and self.mid(u) == mid
        if kind == 3:
            return "LARGER %d" % size, lambda u: \
                self.size(u) and int(self.size(u)) > size
        (a, is_a), (b, is_b) = self.key(depth + 1), self.key(depth + 1)
        if kind == 4:
            return "NOT " + a, lambda u: \
                None if is_a(u) is None else not is_a(u)
        return "OR %s %s" % (a, b), lambda u: is_a(u) or (
            is_b(u) if is_a(u) is not None or is_b(u) else None)

    def do_search(self, uids, ids):
        text, holds = self.key()
        before = [u for u in self.p.uids if u]
        by_uid = self.rnd.choice(["UID ", ""])
        r = self.do(by_uid + "SEARCH " + text)
        if r.tagged.kind != b"OK":
            return
        found = {n for a in r.of(b"SEARCH") for n in a.args} | {
            n for a in r.of(b"ESEARCH") if b"ALL" in a.args
            for n in set_of(a.args[-1])}
        if not by_uid:
            found = {self.p.uids[n - 1] for n in found}
        wrong = [u for u in found if u and holds(u) is False]
        expect(not wrong, "%s has found %r" % (text, wrong))
        lost = [u for u in before if holds(u) and u not in found]
        self.do("NOOP")
        lost = set(lost) & set(self.p.uids)
        expect(not lost, "%s has not found %r" % (text, lost))

    def do_silent(self, uids, ids):
        self.pipe(["UID STORE %s %sFLAGS.SILENT %s" % (
            ids, self.rnd.choice("+-"), self.flag_words())
            for _ in range(5)])

    def do_numbers(self, uids, ids):
        """By sequence number, and none may change meanwhile."""
        n = self.rnd.randint(1, len(self.p.uids))
        m = self.rnd.randint(n, len(self.p.uids))
        self.pipe(self.rnd.sample([
            "FETCH %d:%d %s" % (n, m, self.all), "FETCH %d BODY[]" % n,
            "STORE %d +FLAGS (red)" % m, "STORE %d -FLAGS (red)" % n,
            "FETCH %d:%d (FLAGS BODY BODYSTRUCTURE)" % (n, m),
            "STORE %d FLAGS.SILENT ($blue)" % n, "SEARCH %d:%d UNSEEN" % (
                n, m), "FETCH %d (INTERNALDATE RFC822.SIZE)" % m], 5))

    def do_fetch(self, uids, ids):
        self.told_of_all(uids, self.do("UID FETCH %s (FLAGS ENVELOPE EMAILID "
                                       "THREADID SAVEDATE)" % ids))

    def told_of_all(self, uids, r):
        """But those that went."""
        if r.tagged.kind != b"OK":
            return
        told = {int(a.items()[b"UID"]) for a in r.of(b"FETCH")}
        self.do("NOOP")
        left = (set(uids) - told) & set(self.p.uids)
        expect(not left, "not told of %r" % left)

    def do_logout(self, uids, ids):
        expect(self.do("LOGOUT").of(b"BYE"), "no BYE")
        self.c.close()
        self.connect()

    def run(self):
        try:
            self.connect()
            while not stop.is_set():
                try:
                    self.act()
                except (Fail, OSError) as e:
                    if not is_loss(e):
                        self.p.leave(None)      # the picture is wrong
                        problem("%s: %s\n# %s" % (
                            self.label, e, "\n# ".join(map(repr,
                                                           self.trail))))
                    self.c.close()
                    self.connect()
        except Exception as e:
            problem("%s ends: %r" % (self.label, e))

    def live(self):
        """As it was told until now, without a look at the whole."""
        try:
            self.do("NOOP")
            self.learn_new()
        except (Fail, OSError) as e:
            if not is_loss(e):
                raise
            return None, {}
        return self.p.box, {u: None if u in self.p.unsure else
                            self.p.flags[u] for u in self.p.uids}

    def settle(self):
        """Both folders, told anew: {folder: {uid: (Message-ID, flags)}}."""
        got = {}
        self.c.close()
        self.connect()
        for box in BOXES:
            self.enter(box)
            self.do("NOOP")
            self.learn_new()
            got[box] = {u: (shared.mid(box, self.p.valid, u),
                            self.p.flags[u]) for u in self.p.uids}
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


def running(who):
    return subprocess.run(["pgrep", "-s", SESSION, "-x", who],
                          stdout=subprocess.DEVNULL).returncode == 0


def kill():
    rnd = random.Random(SEED + "kill")
    while not stop.wait(1.5 + rnd.random() * 3):
        who = rnd.choice(["mn-keeper", "mn-imap", "mn-imap", "mn-reader",
                          "mn-filer"])
        if subprocess.run(["pkill", "-KILL", "-s", SESSION, "-x",
                           who]).returncode == 0:
            count("killed " + who)
            if who == "mn-keeper":
                shared.epoch += 1
                while not stop.wait(0.5) and not running(who):
                    pass
                shared.epoch += 1


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


def agreed(clients):
    """Why not, or None."""
    views = [(c.label, c.live()) for c in clients]
    one = clients[0].settle()
    for label, (box, flags) in views:
        want = {u: None if u in flags and flags[u] is None else f
                for u, (_, f) in one[box].items()} if box else {}
        if flags != want:
            return "%s in %s: %r" % (label, box, sorted(
                set(flags.items()) ^ set(want.items()), key=str)[:6])
    for other in clients[1:]:
        two = other.settle()
        for box in BOXES:
            for u in set(one[box]) | set(two[box]):
                if one[box].get(u) != two[box].get(u):
                    return "%s %d: %r, to %s %r" % (
                        box, u, one[box].get(u), other.label,
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
    clients = [Client(list(KINDS)[i % len(KINDS)], i)
               for i in range(int(CLIENTS))]
    others = [threading.Thread(target=f) for f in (deliver, tag, foreign,
                                                   kill)]
    for t in clients + others:
        t.start()
    time.sleep(float(SECONDS))
    stop.set()
    for t in clients + others:
        t.join(120)
    why, end = "not tried", time.monotonic() + 60
    while why is not None and time.monotonic() < end:
        try:
            why = agreed(clients)
        except (Fail, OSError, KeyError) as e:
            why = repr(e)
        if why is not None:
            time.sleep(0.5)
    if why is not None:
        problem("at the end: " + why)
    print("# " + " ".join("%s=%d" % x for x in sorted(counts.items())))
    print("# %d acknowledged, %d removed, %d facts, %d problems" % (
        len(acked), len(doomed), len(shared.constant), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
