"""One way through the node under kill -9 and power loss: crash_run.py WHAT
NODE [HOP], WHAT being accept, append, change, submit or send.

Records one run, then restarts the node on trees that a crash could have left
and looks for what had been promised before it.  CRASH_POINTS says how many
places of the log are tried with each kind of crash; "all" tries each.
"""
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
import crash                                             # noqa: E402
import imapc                                             # noqa: E402
import node as n                                         # noqa: E402

tap = n.Tap()


class Way:
    """What is done, when it was promised, what must be there afterwards."""
    # Places tried with each kind of crash, behind promises, without syncs.
    TRIES = {"all": 6, "synced": 10, "random": 8, "said": 4, "forget": 3}

    def __init__(self, node, shm, hop):
        self.node, self.shm, self.hop = node, shm, hop
        self.promises = []      # (text in a SAID record, what)

    def before(self):
        """With the node running, before the snapshot."""

    def work(self):
        """Recorded."""

    def idle(self):
        """True when nothing more is under way."""
        return True

    def check(self):
        """What was recorded is what this is to try."""

    def ready(self):
        """The node was started again on what a crash left."""

    def leave(self):
        """It is about to be stopped."""

    def missing(self, promised, point):
        """What of these is not kept: "" when all is well.  Asked again
        until it is, for some seconds."""
        raise NotImplementedError

    def command(self, *args, input=b""):
        """Runs a command that is recorded; the promise's text or None."""
        p = subprocess.Popen([self.node.binary] + list(args),
                             env=dict(self.node.env, **self.shm.env(n.top)),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.out, err = p.communicate(input, timeout=60)
        if p.returncode != 0:
            print("# %s: %s" % (" ".join(args), err.decode()[:300]))
            return None
        return "exit %d." % p.pid


class Accept(Way):
    SIZES = (600, 20000, 200000, 600, 70000)    # inline, and in files

    def work(self):
        c = n.Smtp(self.node.port())
        c.hello()
        for i, size in enumerate(self.SIZES):
            self.promises.append((c.send(n.message(i, size)), "<%d@test>" % i))
        # Ten at once share a commit, and their files a sync.
        filer = self.node.pid_of("filer")[0]
        os.kill(filer, signal.SIGSTOP)
        all = [(c, 90)] + [(n.Smtp(self.node.port()), i)
                           for i in range(91, 100)]
        for s, i in all:
            if s is not c:
                s.hello()
            s.say("MAIL FROM:<a@sender.test>")
            s.say("RCPT TO:<me@node.test>")
            s.say("DATA")
        for s, i in all:
            s.sock.sendall(n.message(i, 900) + b".\r\n")
        for s, i in all:
            self.promises.append((s.reply(), "<%d@test>" % i))
        quiet(self.shm)
        os.kill(filer, signal.SIGCONT)
        for s, i in all:
            s.close()

    def idle(self):
        return {w for _, w in self.promises} <= set(self.node.ids())

    def check(self):
        kind = subprocess.check_output(["stat", "-fc", "%T", self.node.mail])
        tap.ok("files are synced together", kind.strip() not in
               (b"ext2/ext3", b"xfs", b"tmpfs") or
               any(r[1] == crash.SYNC_ALL for r in self.shm.records()))

    def missing(self, promised, point):
        have = self.node.ids()
        if any(have.count(i) > 2 for i in have):
            return "more than twice: %s" % have
        lost = sorted(set(promised) - set(have))
        return "lost %s" % lost if lost else ""


class Append(Way):
    """What a device appends, moves and copies, by the UIDs it was told.
    Small ones are promised before their file is there: the filer stands
    still meanwhile, so that the log has places between the two."""
    FLAGS = ("", "(\\Seen)", "(\\Flagged)")
    TRIES = {"all": 2, "synced": 4, "random": 3, "said": 2, "forget": 1}
    DATE = "21-Nov-2026 06:%02d:00 +0000"
    SIZES = (600, 600, 50000, 600, 100000, 600)

    def login(self):
        with open(os.path.join(self.node.dir, "secret")) as f:
            secret = f.read().strip()
        self.node.unlock()
        self.node.whole()
        c = imapc.Imap(self.node.port("imap"))
        c.login("me@node.test", secret)
        return c

    def before(self):
        c = self.login()
        c.ok("CREATE To")
        c.append("To", n.message("was"))
        c.close()

    def told(self, what, folder, answer):
        """what, a number and perhaps a word, stands there from now on."""
        uid = re.search(rb"UID \d+(?: \d+)? (\d+)\]", answer)
        said = "250 %s in %s." % (what, folder)
        self.hear(said)
        places = self.places.setdefault(what, [])
        places.append((folder, int(uid.group(1)) if uid else 0))
        self.promises.append((said if uid else answer.decode(),
                              (what, len(places) - 1)))

    def append(self, c, i):
        self.told(str(i), "To", c.append(
            "To", n.message(i, self.SIZES[i]), self.FLAGS[i % 3],
            date='"%s"' % (self.DATE % i))[1])

    def work(self):
        self.hear, self.places = self.shm.hear(n.top), {}
        c = self.login()
        c.ok("SELECT To")
        self.append(c, 0)
        filer = self.node.pid_of("filer")[0]
        os.kill(filer, signal.SIGSTOP)
        for i in range(1, 4):
            self.append(c, i)
        uid = self.places["0"][0][1]
        got = c.ok("UID MOVE %d Archive" % uid)
        self.told("0", "Archive", b"".join(x for x in got if b"COPYUID" in x))
        self.told("1 copied", "Archive",
                  c.cmd("UID COPY %d Archive" % (uid + 1))[1])
        os.kill(filer, signal.SIGCONT)
        self.append(c, 4)
        self.append(c, 5)
        c.close()

    def idle(self):
        return len(self.node.files("To")) == 6 and \
            len(self.node.files("Archive")) == 2

    def ready(self):
        self.c = self.login()

    def leave(self):
        self.c.close()

    def listed(self, folder):
        """{number: (UID, answer)}, or why not."""
        have = {}
        self.c.ok("SELECT " + folder)
        for x in self.c.ok("FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])"):
            if b" FETCH " not in x.split(b"\r\n")[0]:
                continue
            i = re.search(rb"Message-ID: <(\w+)@test>", x)
            if i is None or i.group(1).decode() in have:
                return None, "twice, or no message: %r" % x[:200]
            have[i.group(1).decode()] = (
                int(re.search(rb"UID (\d+)", x).group(1)), x)
        files = len(self.node.files(folder))
        return have, "" if files == len(have) else \
            "%s: %d files of %d" % (folder, files, len(have))

    def whole(self, i, x):
        return n.message(i, self.SIZES[i]) in x and \
            self.FLAGS[i % 3].encode() in x and \
            (self.DATE % i).encode() in x

    def missing(self, promised, point):
        have = {}
        for folder in ("To", "Archive"):
            try:
                have[folder], why = self.listed(folder)
            except imapc.Closed:    # a file went from under a FETCH
                self.ready()
                return "the session ended"
            if why:
                return why
        if "was" not in have["To"] or \
                ("0" in have["To"] and "0" in have["Archive"]):
            return "gone, or stands twice: %s" % have
        for what, since in promised:
            number = what.split()[0]
            at = [(self.places[what][k], have[f].get(number, (0, b"")))
                  for k, (f, _) in enumerate(self.places[what])
                  if k >= since]
            if not any(uid == told[1] and self.whole(int(number), x)
                       for told, (uid, x) in at):
                return "message %s: %r" % (what, [
                    (told, uid, x[:150]) for told, (uid, x) in at])
        return ""


class Change(Way):
    """Flags, tags and moves by the owner's commands and channel."""
    KEEPER, LINK, MOVE = 3, 0x0a01, 0x0142

    def before(self):
        c = n.Smtp(self.node.port())
        c.hello()
        for i in range(6):
            c.send(n.message(i, 700))
        c.close()
        n.wait_for(lambda: len(self.node.json("search", "-j", "*")) >= 7, 20)
        self.rows = {m["message_id"].strip("<>"): m["id"]
                     for m in self.node.json("search", "-j", "*")}

    def tag(self, change, number):
        done = self.command("tag", change, "--", "id:%d@test" % number)
        self.promises.append((done, (change, number)))

    def move(self, number, folder):
        """By a process of its own, whose end is in the log."""
        code = MOVER % (os.path.join(self.node.home, "run/control"),
                        self.LINK, self.KEEPER, self.MOVE,
                        int(self.rows["%d@test" % number]), folder)
        p = subprocess.Popen(["/usr/bin/python3", "-c", code],
                             env=dict(self.node.env, **self.shm.env(n.top)))
        good = p.wait(30) == 0
        self.promises.append(("exit %d." % p.pid if good else None,
                              (folder, number)))

    def work(self):
        self.tag("+flagged", 0)
        self.tag("-unread", 1)
        self.move(2, "Archive")
        # Promised before their files have changed, so that they are kept
        # but once, however slow the promise is.
        filer = self.node.pid_of("filer")[0]
        os.kill(filer, signal.SIGSTOP)
        self.tag("+later", 3)
        self.move(4, "Junk")
        self.tag("+flagged", 4)
        quiet(self.shm)
        os.kill(filer, signal.SIGCONT)

    def files(self):
        """{number: [(folder, flags)]} of every message file."""
        out = {}
        for at, dirs, files in os.walk(self.node.mail):
            dirs[:] = [d for d in dirs if d not in (".notmuch", ".mailnode")]
            if os.path.basename(at) not in ("new", "cur"):
                continue
            folder = os.path.relpath(os.path.dirname(at), self.node.mail)
            for f in files:
                try:
                    with open(os.path.join(at, f), "rb") as h:
                        m = re.search(rb"Message-ID: <(\w+)@test>", h.read())
                except OSError:
                    continue
                if m:
                    out.setdefault(m.group(1).decode(), []).append(
                        (folder, f.rpartition(":2,")[2] if ":2," in f else ""))
        return out

    def idle(self):
        return not self.missing([w for _, w in self.promises], 0)

    def missing(self, promised, point):
        files = self.files()
        for i in ["warm"] + list(range(6)):
            if len(files.get(str(i), ())) != 1:
                return "message %s: %s" % (i, files.get(str(i)))
        for what, i in promised:
            folder, flags = files[str(i)][0]
            if what == "+flagged" and "F" not in flags or \
                    what == "-unread" and "S" not in flags:
                return "message %d: %s not in %r" % (i, what, flags)
            if what[0] not in "+-" and folder != what:
                return "message %d: in %s, not %s" % (i, folder, what)
            if what == "+later":
                rows = self.node.json("search", "-j", "tag:later")
                if [r["message_id"].strip("<>") for r in rows] != ["3@test"]:
                    return "message 3: no tag later"
        return ""


MOVER = """
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(%r)
s.send(struct.pack("<HHIIB", %d, 0, 1, 1, %d))
_, fds, _, _ = socket.recv_fds(s, 4096, 1)
k = socket.socket(fileno=fds[0])
folder = None
op, row, folder = %d, %d, %r
body = struct.pack("<QIQI", 0, 1, row, len(folder)) + folder.encode()
k.send(struct.pack("<HHII", op, 0, 7, len(body)) + body)
while True:
    kind, status, number, _ = struct.unpack_from("<HHII", k.recv(1 << 17))
    if number == 7:
        break
sys.exit(status != 0)
"""


def letter(i):
    return ("From: me@node.test\nTo: you@peer.test\nSubject: letter %d\n"
            "Message-ID: <out%d@node.test>\n\n%s\n" % (
                i, i, "line\n" * (20000 if i == 1 else 3))).encode()


class Submit(Way):
    """The next hop is not there: what was submitted stays in the queue."""

    def work(self):
        for i in range(3):
            done = self.command("send", "-t", input=letter(i))
            self.promises.append((done, "out%d@node.test" % i))

    def missing(self, promised, point):
        have = [q["msgid"].strip("<>")
                for q in self.node.json("queue", "-aj", "list")]
        if any(have.count(i) > 1 for i in have):
            return "twice: %s" % have
        for q in self.node.json("queue", "-j", "list"):
            text = self.node.run("queue", "show", q["id"]).stdout.decode()
            if "you@peer.test" not in text:
                return "no recipient: %s" % text
            path = os.path.join(self.node.home, "queue", q["id"])
            if not os.path.exists(path):
                return "no letter %s" % path
            with open(path, "rb") as f:
                lines = 20000 if b"out1@" in q["msgid"].encode() else 3
                if f.read().count(b"\r\nline") != lines:
                    return "letter of %s cut off" % q["msgid"]
        lost = sorted(set(promised) - set(have))
        return "lost %s" % lost if lost else ""


class Send(Submit):
    """The next hop takes them: each letter arrives, none more than twice."""

    def before(self):
        self.node.unlock()

    def arrived(self):
        """{message-id: how often} at the next hop."""
        out = {}
        for f in os.listdir(self.hop):
            if not re.fullmatch(r"msg\.\d+", f):
                continue
            with open(os.path.join(self.hop, f), "rb") as h:
                m = re.search(rb"Message-ID: <(out\d+@node.test)>", h.read())
            if m:
                out[m.group(1).decode()] = out.get(m.group(1).decode(), 0) + 1
        return out

    def watch(self):
        """Notes at which place of the log, at the earliest, each arrived."""
        before = crash.HEAD
        while not self.over:
            now = self.shm.used
            for i, count in self.arrived().items():
                for _ in range(count - len(self.places.get(i, ()))):
                    self.places.setdefault(i, []).append(before)
            before = now
            time.sleep(0.002)

    def work(self):
        self.node.unlock()
        self.over, self.places = False, {}
        t = threading.Thread(target=self.watch)
        t.start()
        super().work()
        n.wait_for(lambda: len(self.arrived()) >= 3 and
                   not self.node.json("queue", "-j", "list"), 20)
        self.over = True
        t.join()

    def ready(self):
        self.was = self.arrived()
        self.node.unlock()
        for q in self.node.json("queue", "-j", "list"):
            self.node.run("queue", "retry", q["id"])

    def missing(self, promised, point):
        now = self.arrived()
        for i in promised:
            again = now.get(i, 0) - self.was.get(i, 0)
            early = sum(p < point for p in self.places.get(i, ()))
            if again + early < 1:
                return "lost %s" % i
            if again + early > 2:
                return "%s %d times" % (i, again + early)
        waiting = self.node.json("queue", "-j", "list")
        if waiting:
            return "still in the queue: %s" % waiting
        return ""


# ---- the run ----

def kept(way, history, point):
    """What had been promised before a place."""
    text = "".join(t + "\n" for at, t in history.said if at < point)
    return [what for said, what in way.promises if said and said in text]


def lost(way, roots, history, point, mode, seconds=30):
    """What recovery from a crash misses: "" when all is well."""
    node = way.node
    crash.restore(history.tree(point, mode), roots)
    os.makedirs(os.path.join(node.home, "run"), mode=0o700, exist_ok=True)
    if not node.start():
        node.kill()
        return "does not start"
    way.ready()
    promised = kept(way, history, point)
    why = [""]

    def well():
        why[0] = way.missing(promised, point)
        return not why[0]
    n.wait_for(well, seconds)
    # Asked of the daemon: a node that fsck starts for itself outlives it,
    # and would see the next tree.
    if not why[0]:
        n.wait_for(lambda: sound(node, why), seconds)
    way.leave()
    rc = node.stop()
    if not why[0] and rc != 0:
        why[0] = "stopped with %s" % rc
    return why[0]


def sound(node, why):
    """True when fsck finds nothing, else why[0] has what it found."""
    try:
        check = node.run("fsck", timeout=20)
        why[0] = "" if check.returncode == 0 else \
            "fsck: " + (check.stdout + check.stderr).decode()[:400]
    except subprocess.TimeoutExpired:
        why[0] = "fsck does not end"
    return not why[0]


def sample(points, count):
    """Some of the places, always the same."""
    if os.environ.get("CRASH_POINTS") == "all":
        return points
    count = int(os.environ.get("CRASH_POINTS", count))
    return sorted(random.Random(1).sample(points, min(count, len(points))))


def crashes(way, roots, h):
    """Places just behind a promise are the hardest; others at random."""
    said = [at + 1 for at, text in h.said
            if any(s and s in text for s, _ in way.promises)]
    for mode in ("all", "synced", "random"):
        points = set(sample(h.points(), way.TRIES[mode]))
        if mode != "all":
            points |= set(sample(said, way.TRIES["said"]))
        bad = []
        for p in sorted(points):
            why = lost(way, roots, h, p, mode)
            if why:
                bad.append("%s at %d: %s" % (mode, p, why))
        tap.ok("nothing promised is lost: %s, %d places" %
               (mode, len(points)), not bad, "\n".join(bad[:6]))


def forget(way, roots, h):
    """Syncs of one file that were not done since the promise before must be
    missed; not of each, since what is kept twice survives the loss of one:
    more are tried where the first ones all were such."""
    found = tried = 0
    was = h.syncs
    said = [at for at, text in h.said
            if any(s and s in text for s, _ in way.promises)]
    for place in sample(said, 4 * way.TRIES["forget"]):
        if found and tried >= way.TRIES["forget"]:
            break
        since = max([at for at in said if at < place], default=0)
        files = {id(s[1]) for s in was if since < s[0] < place}
        tried += 1
        for f in files:
            h.syncs = [s for s in was if s[0] < place and
                       (s[0] < since or id(s[1]) != f)]
            if lost(way, roots, h, place + 1, "synced", 8):
                found += 1
                break
    h.syncs = was
    tap.ok("forgotten syncs of one file are found, %d of %d" % (found, tried),
           found > 0)


def quiet(shm):
    """Until nothing was recorded for two seconds."""
    last = [0, time.monotonic()]

    def unchanged():
        if shm.used != last[0]:
            last[:] = [shm.used, time.monotonic()]
        return time.monotonic() - last[1] > 2
    n.wait_for(unchanged)


def main():
    ways = {"accept": Accept, "append": Append, "change": Change,
            "submit": Submit, "send": Send}
    node = n.Node(sys.argv[2])
    roots = [node.home, node.mail]
    shm = crash.Shm(os.path.join(node.dir, "crash"), "keeper filer")
    way = ways[sys.argv[1]](node, shm,
                            sys.argv[3] if len(sys.argv) > 3 else None)
    if not tap.ok("the node starts", node.start()):
        tap.end()
    c = n.Smtp(node.port())
    c.hello()
    c.send(n.message("warm"))
    c.close()
    n.wait_for(lambda: "<warm@test>" in node.ids())
    way.before()
    tap.ok("and stops", node.stop() == 0)

    h = crash.History(roots)
    shm.on = 1
    tap.ok("it starts again, recorded", node.start(**shm.env(n.top)))
    way.work()
    n.wait_for(way.idle)
    quiet(shm)
    shm.on = 0
    node.kill()
    tap.ok("all was promised", all(
        s and (s.startswith("250 ") or s.startswith("exit "))
        for s, _ in way.promises), way.promises)
    h.replay(shm.records())
    way.check()
    end = h.points()[-1] + 1
    diff = crash.difference(h.tree(end, "all"), roots)
    tap.ok("the log holds all that stands on the disk", diff == [], diff)
    tap.ok("every promise was heard",
           len(kept(way, h, end)) == len(way.promises), h.said)
    print("# %d calls, %d syncs, %d places" % (shm.calls, shm.syncs,
                                               len(h.points())))
    crashes(way, roots, h)
    forget(way, roots, h)
    tap.end()


if __name__ == "__main__":
    main()
