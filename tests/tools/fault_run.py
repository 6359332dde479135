"""One way through the node on a disk that fails: fault_run.py WHAT NODE
[HOP], WHAT being accept, change, submit or send.

The daemon runs all the time.  In each round calls of keeper and filer that
change files fail, from the Nth on (a full or read-only disk) or the Nth alone
(EIO), while things are asked of the node.  Each answer is a yes or a clean
no.  Then the disk is well again: what was promised stands, what was refused
can be had, and in the end fsck is clean.  FAULT_POINTS says how many N are
tried with each kind of failure; "all" tries each.
"""
import errno
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import crash                                             # noqa: E402
import crash_run                                         # noqa: E402
import node as n                                         # noqa: E402

tap = n.Tap()
KINDS = (("ENOSPC", True), ("EIO", False), ("EROFS", True), ("EIO", True),
         ("ENOSPC", False))
WELL_S = 40     # for what was put off to be done


class Accept:
    SIZES = (600, 300000)

    def __init__(self, node, hop):
        self.node = node
        self.promised = []

    def before(self):
        pass

    def round(self, number):
        """[(what, do it: None when promised, else what was said)]"""
        return [("%s.%d" % (number, i), size)
                for i, size in enumerate(self.SIZES)]

    def ask(self, what):
        """None: promised; else the refusal; ValueError: no clean one."""
        try:
            c = n.Smtp(self.node.port(), 60)
        except OSError as e:
            raise ValueError("no connection: %s" % e)
        got = c.hello()
        if got[:1] == "2":
            got = c.send(n.message(*what))
        c.close()
        if got[:3] == "250":
            self.promised.append(what)
            return None
        if got[:1] != "4" or not got.endswith("]"):
            raise ValueError("said %r" % got)
        return got

    def missing(self):
        have = self.node.ids()
        want = ["<%s@test>" % what[0] for what in self.promised]
        lost = sorted(set(want) - set(have))
        if lost:
            return "lost %s" % lost
        many = [w for w in set(want) if have.count(w) > 2]
        return "many times: %s" % many if many else ""


class Change(Accept):
    """Flags, tags and a move to and fro of three messages."""

    def before(self):
        c = n.Smtp(self.node.port())
        c.hello()
        for i in range(3):
            c.send(n.message(i, 700))
        c.close()
        n.wait_for(lambda: len(self.node.json("search", "-j", "*")) >= 4, 20)
        self.state = {}
        self.files = crash_run.Change.files.__get__(self)

    def round(self, number):
        odd = number % 2
        return [(0, "-+"[odd] + "flagged"), (1, "-+"[odd] + "later"),
                (2, "Archive" if odd else "INBOX")]

    def ask(self, what):
        i, change = what
        if change[0] in "+-":
            p = self.node.run("tag", change, "--", "id:%d@test" % i)
            code, err = p.returncode, p.stderr.decode()
        else:
            code, err = self.move(i, change)
        if code == 0:
            self.state[i] = change
            return None
        self.state.pop(i, None)
        if code != 1 or not err:
            raise ValueError("%s: exit %s, %r" % (change, code, err))
        return err

    def move(self, number, folder):
        w = crash_run.Change
        row = self.node.json("search", "-j", "id:%d@test" % number)
        if not row:
            return 1, "not listed for the moment"
        code = crash_run.MOVER % (
            os.path.join(self.node.home, "run/control"), w.LINK, w.KEEPER,
            w.MOVE, int(row[0]["id"]), folder)
        p = subprocess.run(["/usr/bin/python3", "-c", code],
                           stderr=subprocess.PIPE, timeout=60)
        return p.returncode, p.stderr.decode() or "refused"

    def missing(self):
        files = self.files()
        for i in ("warm", "0", "1", "2"):
            if len(files.get(i, ())) != 1:
                return "message %s: %s" % (i, files.get(i))
        for i, change in self.state.items():
            folder, flags = files[str(i)][0]
            if "flagged" in change and ("F" in flags) != (change[0] == "+"):
                return "%s, but flags %r" % (change, flags)
            if change[0] not in "+-" and folder != change:
                return "in %s, not %s" % (folder, change)
            if "later" in change:
                found = self.node.json("search", "-j", "tag:later")
                if len(found) != (change[0] == "+"):
                    return "%s, but %d found" % (change, len(found))
        return ""


class Submit(Accept):
    def round(self, number):
        return ["%d" % number]

    def ask(self, what):
        text = ("From: me@node.test\nTo: you@peer.test\nSubject: %s\n"
                "Message-ID: <out%s@node.test>\n\n%s" %
                (what, what, "line\n" * 3000)).encode()
        p = self.node.run("send", "-t", input=text, timeout=90)
        if p.returncode == 0:
            self.promised.append(what)
            return None
        if p.returncode < 64 or not p.stderr:
            raise ValueError("send: exit %d, %r" % (p.returncode, p.stderr))
        return p.stderr.decode()

    def missing(self):
        have = [q["msgid"].strip("<>")
                for q in self.node.json("queue", "-aj", "list")]
        want = ["out%s@node.test" % w for w in self.promised]
        lost = sorted(set(want) - set(have))
        if lost:
            return "lost %s" % lost
        many = [w for w in set(want) if have.count(w) > 1]
        return "twice: %s" % many if many else ""


class Send(Submit):
    def __init__(self, node, hop):
        super().__init__(node, hop)
        self.hop = hop
        self.refused = set()

    def before(self):
        self.node.unlock()
        self.arrived = crash_run.Send.arrived.__get__(self)

    def ask(self, what):
        try:
            said = super().ask(what)
        finally:
            if what not in self.promised:
                self.refused.add(what)
        return said

    def missing(self):
        why = super().missing()
        if why:
            return why
        waiting = self.node.json("queue", "-j", "list")
        for q in waiting:
            self.node.run("queue", "retry", q["id"])
        if waiting:
            return "still in the queue: %s" % waiting
        now = self.arrived()
        for w in self.promised:
            count = now.get("out%s@node.test" % w, 0)
            if count < 1:
                return "%s did not arrive" % w
            # Twice only if the answer to the dot was not written down.
            if count > 2:
                return "%s arrived %d times" % (w, count)
        return ""


# ---- rounds ----

class Disk:
    def __init__(self, shm):
        self.shm = shm

    def fail(self, number, name, on):
        self.shm.fail_errno = getattr(errno, name)
        self.shm.failed = 0
        self.shm.calls = 0
        self.shm.fail_until = (1 << 63) if on else number + 1
        self.shm.fail_from = number

    def well(self):
        self.shm.fail_from = self.shm.fail_until = 0
        self.shm.on = 0
        self.shm.used = crash.HEAD      # nobody reads what was recorded
        self.shm.on = 1


def one(way, disk, number, place, name, on):
    """What a round came to: "" when all is well."""
    disk.fail(place, name, on)
    refused = []
    why = ""
    for what in way.round(number):
        try:
            if way.ask(what) is not None:
                refused.append(what)
        except (ValueError, subprocess.TimeoutExpired) as e:
            why = why or "no clean answer: %s" % e
            refused.append(what)
    # What is done behind the answers is to meet it too.
    n.wait_for(lambda: disk.shm.failed > (10 if on else 0), 1.5)
    disk.well()
    if why:
        return why

    def had(what):
        try:
            return way.ask(what) is None
        except ValueError:
            return False
    for what in refused:
        if not n.wait_for(lambda w=what: had(w), WELL_S):
            return "%s: not to be had again" % (what,)
    why = [""]

    def well():
        why[0] = way.missing()
        return not why[0]
    n.wait_for(well, WELL_S)
    return why[0]


def places(total):
    count = os.environ.get("FAULT_POINTS", "2")
    if count == "all":
        return list(range(1, total + 1))
    return sorted(random.Random(total).sample(
        range(1, total + 1), min(int(count), total)))


def main():
    node = n.Node(sys.argv[2])
    shm = crash.Shm(os.path.join(node.dir, "crash"), "keeper filer")
    disk = Disk(shm)
    way = {"accept": Accept, "change": Change, "submit": Submit,
           "send": Send}[sys.argv[1]](
        node, sys.argv[3] if len(sys.argv) > 3 else None)
    if not tap.ok("the node starts", node.start(**shm.env(n.top))):
        tap.end()
    c = n.Smtp(node.port())
    c.hello()
    c.send(n.message("warm"))
    c.close()
    n.wait_for(lambda: "<warm@test>" in node.ids())
    way.before()
    disk.well()
    why = one(way, disk, 1, 1 << 62, "EIO", True)
    tap.ok("all is well on a good disk", not why, why)
    disk.fail(1 << 62, "EIO", True)
    for what in way.round(2):
        way.ask(what)
    n.wait_for(lambda: not way.missing())
    time.sleep(0.5)
    total = shm.calls
    number = 2
    tried = hit = 0
    for name, on in KINDS:
        bad = []
        for place in places(total):
            number += 1
            why = one(way, disk, number, place, name, on)
            tried += 1
            hit += shm.failed > 0
            if why:
                bad.append("at %d: %s" % (place, why))
        tap.ok("%s, %s" % (name, "from a call on" if on else "one call"),
               not bad, "\n".join(bad[:9]))
    print("# %d calls a round, %d rounds, %d of them met a failure" %
          (total, tried, hit))
    tap.ok("calls did fail", hit * 2 >= tried, (hit, tried))
    why = way.missing()
    tap.ok("nothing promised is missing", not why, why)
    tap.ok("it stops", node.stop() == 0)
    p = node.run("fsck")
    tap.ok("fsck is clean", p.returncode == 0,
           (p.stdout + p.stderr).decode()[:600])
    tap.end()


if __name__ == "__main__":
    main()
