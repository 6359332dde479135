"""A mailbox as the answers of one IMAP connection draw it, and what no answer
may say, whatever was asked: that raises Fail.

RFC 3501 sections 2.3.1, 2.3.2, 5.5, 7.2.5, 7.2.6 and 7.4.1; RFC 7162 sections
3.1, 3.2.10 and 3.2.11; RFC 8474 section 5.
"""
import re
import threading

from imapcheck.wire import expect, list_of, set_of

# Of a message these never change, for nobody.
FIXED = {b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY", b"EMAILID",
         b"BODYSTRUCTURE", b"THREADID", b"SAVEDATE", b"BODY[]"}
MID = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"
# Nor do these from one copy of it to another.
COPIED = {b"RFC822.SIZE", b"ENVELOPE", b"BODY", b"BODYSTRUCTURE", b"BODY[]",
          b"EMAILID", b"THREADID"}
# With these, as long as they use them, sequence numbers stay as they are.
NUMBERED = ("FETCH", "STORE", "SEARCH", "SORT", "THREAD")


SYSTEM = {b"\\seen", b"\\answered", b"\\flagged", b"\\deleted", b"\\draft",
          b"\\recent"}


def answers_of_this(answers, left):
    """Not those of the mailbox that was selected before, if it was left."""
    closed = [n for n, a in enumerate(answers)
              if a.code and a.code[0] == b"CLOSED"]
    expect(len(closed) == left, "%d CLOSED in %r" % (len(closed), answers))
    return answers[closed[0] + 1:] if closed else answers


class Shared:
    """What holds for all connections."""

    def __init__(self):
        self.lock = threading.Lock()
        self.least = {}         # (what, box) -> it never was more
        self.constant = {}      # (box, validity, uid, item) -> value
        self.epoch = 0          # of who knows what is recent

    def floors(self):
        """As it is now: who asks later cannot be told less."""
        with self.lock:
            return dict(self.least)

    def never_less(self, floors, key, value):
        expect(value >= floors.get(key, 0), "%r is %d, was %d" % (
            key, value, floors.get(key, 0)))
        with self.lock:
            self.least[key] = max(value, self.least.get(key, 0))

    def never_other(self, key, value):
        with self.lock:
            was = self.constant.setdefault(key, value)
        expect(was == value, "%r was %r, is %r" % (key, was, value))

    def mid(self, box, valid, uid):
        with self.lock:
            return self.constant.get((box, valid, uid, MID))

    def has_mid(self, box, valid, uid, mid):
        self.never_other((box, valid, uid, MID), mid)


class Picture:
    def __init__(self, shared, qresync):
        self.shared, self.qresync = shared, qresync
        self.connected()
        self.leave(None)

    def connected(self):
        self.selected = False

    def leave(self, box):
        self.left, self.selected = self.selected, box is not None
        self.box, self.valid, self.uidnext, self.modseq = box, 0, 0, 0
        self.uids, self.flags = [], {}      # 0: not told yet
        self.old = 0            # so many were there at SELECT
        self.told = {}          # UID -> (MODSEQ, flags)
        self.unsure = set()     # what was changed by .SILENT, and not told
        self.keywords = set()
        self.recent, self.fresh = 0, {}     # how many; UID -> is it
        self.session = object()

    # ---- one command's answers ----

    def hear(self, command, floors, r):
        words = command.upper().split() + [""] * 3
        self.by_uid = words[0] == "UID"
        self.verb = words[1] if self.by_uid else words[0]
        self.floors, self.searched = floors, 0
        left, self.left = self.left, False
        for a in answers_of_this(r.all + [r.tagged], left):
            if a.code:
                self.on_code(a.code[0], a.code[1:])
            does = getattr(self, "on_" + a.kind.decode().lower(), None)
            if does:
                does(a)
        expect(self.searched == 1 or self.verb != "SEARCH" or
               r.tagged.kind != b"OK", "%d times SEARCH" % self.searched)
        was = [u for u in self.uids if u]
        expect(was == sorted(set(was)), "UIDs do not ascend: %r" % was)
        if ".SILENT" in words[2 + self.by_uid]:
            nums = set_of(words[1 + self.by_uid].encode())
            self.unsure |= nums if self.by_uid else {
                self.uids[n - 1] for n in nums}
        n = sum(self.fresh.values())
        expect(n == self.recent or n < self.recent and len(self.fresh) <
               len(self.uids), "%d RECENT, of %r" % (self.recent, self.fresh))

    def on_code(self, code, args):
        if code == b"HIGHESTMODSEQ":
            self.modseq = int(args[0])
            if self.verb == "SELECT":
                self.least("MODSEQ", self.box, self.modseq)
        elif code == b"UIDNEXT":
            self.uidnext = int(args[0])
            self.least("UIDNEXT", self.box, self.uidnext)
        elif code == b"UIDVALIDITY":
            self.valid = int(args[0])
            self.shared.never_other((self.box, "UIDVALIDITY"), self.valid)
        elif code == b"PERMANENTFLAGS":
            more = {f.lower() for f in args[0]} - self.keywords - {b"\\*"}
            expect(not more, "permanent, and no FLAGS: %r" % more)

    def least(self, what, box, value):
        self.shared.never_less(self.floors, (what, box), value)

    def on_status(self, a):
        box = a.args[0].decode()
        got = dict(zip(a.args[1][::2], map(int, a.args[1][1::2])))
        self.least("UIDNEXT", box, got[b"UIDNEXT"])
        self.least("MODSEQ", box, got[b"HIGHESTMODSEQ"])
        self.shared.never_other((box, "UIDVALIDITY"), got[b"UIDVALIDITY"])

    def on_flags(self, a):
        flags = {f.lower() for f in a.args[0]}
        more = {f for f in flags if f[:1] == b"\\"} - SYSTEM
        expect(not more, "no such flags: %r" % more)
        less = set().union(*self.flags.values()) - flags
        expect(not less, "FLAGS are without %r, which some have" % less)
        self.keywords = flags

    def on_bad(self, a):
        expect(a.tag != b"*", "%r" % a)

    def on_search(self, a):
        self.found([n for n in a.args if not isinstance(n, list)])

    def on_esearch(self, a):
        self.found(set_of(a.args[-1]) if b"ALL" in a.args else [])

    def found(self, found):
        self.searched += 1
        expect(len(set(found)) == len(found), "twice in %r" % (found,))
        over = [n for n in found if n > len(self.uids)]
        expect(self.by_uid or not over, "%r of %d" % (over, len(self.uids)))

    # ---- how many there are ----

    def numbers_may_change(self, a):
        expect(self.by_uid or self.verb not in NUMBERED,
               "%r for a %s" % (a, self.verb))

    def on_expunge(self, a):
        self.numbers_may_change(a)
        expect(not self.qresync, "EXPUNGE, not VANISHED")
        expect(0 < a.num <= len(self.uids), "EXPUNGE %d of %d" % (
            a.num, len(self.uids)))
        self.drop(a.num - 1)

    def on_vanished(self, a):
        expect(self.qresync, "VANISHED, not EXPUNGE")
        if isinstance(a.args[0], list):
            return              # EARLIER
        self.numbers_may_change(a)
        for uid in set_of(a.args[0]):
            self.vanished(uid)

    def vanished(self, uid):
        """Or, if its UID was not asked for, one of those of which neither
        was, between the same neighbours."""
        if uid in self.uids:
            self.drop(self.uids.index(uid))
            return
        at = next((n for n, u in enumerate(self.uids) if u > uid),
                  len(self.uids))
        if uid < self.uidnext:
            at = min(at, self.old)
        while at > 0 and self.uids[at - 1] > 0:
            at -= 1
        expect(at > 0, "VANISHED %d of nothing" % uid)
        self.drop(at - 1)

    def drop(self, at):
        uid = self.uids.pop(at)
        self.flags.pop(uid, None)
        self.told.pop(uid, None)
        self.fresh.pop(uid, None)
        self.old -= at < self.old

    def on_exists(self, a):
        expect(a.num >= len(self.uids), "EXISTS %d of %d" % (
            a.num, len(self.uids)))
        self.uids += [0] * (a.num - len(self.uids))
        if self.verb == "SELECT":
            self.old = a.num

    def on_recent(self, a):
        self.recent = a.num

    # ---- one message ----

    def on_fetch(self, a):
        i = a.items()
        expect(0 < a.num <= len(self.uids), "FETCH %d of %d" % (
            a.num, len(self.uids)))
        if b"UID" in i:
            self.numbered(a.num, int(i[b"UID"]))
        uid = self.uids[a.num - 1]
        if self.verb != "FETCH" and b"FLAGS" in i:      # unasked
            expect(b"MODSEQ" in i or not self.qresync, "no MODSEQ: %r" % a)
            expect(b"UID" in i or not self.qresync, "no UID: %r" % a)
        if b"FLAGS" in i:
            flags = frozenset(f.lower() for f in i[b"FLAGS"])
            expect(flags <= self.keywords | {b"\\recent"},
                   "%r not in FLAGS %r" % (a, self.keywords))
        if not uid:
            return
        if b"MODSEQ" in i:
            self.changed(uid, int(i[b"MODSEQ"][0]),
                         flags if b"FLAGS" in i else None)
        if b"FLAGS" in i:
            self.flags[uid] = flags - {b"\\recent"}
            self.unsure.discard(uid)
            self.once(uid, b"\\recent" in flags)
        # NIL: another has removed it
        for item in FIXED & set(i):
            if i[item] is not None:
                self.shared.never_other((self.box, self.valid, uid, item),
                                        i[item])
        if i.get(MID):
            mid = re.search(rb"<(.*)>", i[MID]).group(1).decode()
            self.shared.has_mid(self.box, self.valid, uid, mid)
        self.one_content(self.shared.mid(self.box, self.valid, uid), i)

    def one_content(self, mid, i):
        for item in COPIED & set(i) if mid else ():
            if i[item] is not None:
                self.shared.never_other(("copies", mid, item), i[item])
        if mid and i.get(b"BODY[]") is not None:
            self.shared.never_other(("copies", mid, b"RFC822.SIZE"),
                                    b"%d" % len(i[b"BODY[]"]))

    def numbered(self, seq, uid):
        expect(self.uids[seq - 1] in (0, uid), "number %d is UID %d, not %d"
               % (seq, self.uids[seq - 1], uid))
        expect((seq <= self.old) == (uid < self.uidnext), "UID %d: UIDNEXT "
               "was %d, number %d of %d" % (uid, self.uidnext, seq, self.old))
        self.uids[seq - 1] = uid

    def once(self, uid, fresh):
        """Of one session, and of no other; RFC 3501 section 2.3.2 has it
        recent where nobody can say."""
        expect(self.fresh.setdefault(uid, fresh) == fresh,
               "%d was recent: %r" % (uid, not fresh))
        if fresh:
            self.shared.never_other((self.box, self.valid, uid, "session",
                                     self.shared.epoch), self.session)

    def changed(self, uid, modseq, flags):
        was, old = self.told.get(uid, (0, None))
        expect(modseq >= was, "MODSEQ of %d is %d, was %d" % (uid, modseq,
                                                              was))
        expect(modseq > was or None in (flags, old) or flags == old,
               "%d changed with no new MODSEQ than %d" % (uid, modseq))
        self.told[uid] = (modseq, flags if flags is not None or
                          modseq > was else old)
        self.modseq = max(self.modseq, modseq)


def copied(code):
    """COPYUID or APPENDUID as (validity, [(from or None, to)])."""
    to = list_of(code[-1])
    froms = list_of(code[2]) if len(code) > 3 else [None] * len(to)
    expect(len(to) == len(froms) and to == sorted(set(to)),
           "UIDs of a copy: %r" % code)
    return int(code[1]), list(zip(froms, to))
