"""Proves the tool itself on writers whose safety is known: each says "250"
for a file it holds to be durable, by the book or without one of its steps."""
import os
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
import crash                                             # noqa: E402

top = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
WRITER = """
import os, sys
root, leave_out = sys.argv[1], sys.argv[2:]
os.chdir(root)
for i in range(3):
    fd = os.open("tmp/%d" % i, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b"x" * 600)
    os.pwrite(fd, b"y" * 600, 600)
    if "file" not in leave_out: os.fsync(fd)
    os.close(fd)
    os.rename("tmp/%d" % i, "cur/%d" % i)
    d = os.open("cur", os.O_RDONLY)
    if "dir" not in leave_out and "early" not in leave_out: os.fsync(d)
    os.write(1, b"250 %d\\n" % i)
    if "early" in leave_out: os.fsync(d)
"""
GROUP = """
import ctypes, os, sys
root, leave_out = sys.argv[1], sys.argv[2:]
os.chdir(root)
for i in range(3):
    fd = os.open("tmp/%d" % i, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b"x" * 600)
    os.pwrite(fd, b"y" * 600, 600)
    os.close(fd)
d = os.open("cur", os.O_RDONLY)
if "files" not in leave_out: ctypes.CDLL(None).syncfs(d)
for i in range(3): os.rename("tmp/%d" % i, "cur/%d" % i)
if "names" not in leave_out: os.fsync(d)
else: ctypes.CDLL(None).syncfs(d)
for i in range(3): os.write(1, b"250 %d\\n" % i)
"""
SQLITE = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/db", isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=" + sys.argv[2])
db.execute("CREATE TABLE t(x)")
for i in range(1, 5):
    db.execute("INSERT INTO t VALUES (zeroblob(3000))")
    os.write(1, b"250 %d\\n" % i)
    if i == 2:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


def record(args, skip=0):
    root = tempfile.mkdtemp(dir=tmp)
    for d in ("tmp", "cur"):
        os.mkdir(os.path.join(root, d))
    shm = crash.Shm(os.path.join(tmp, "shm"), "*", 16 << 20)
    h = crash.History([root])
    shm.on = 1
    shm.skip_sync = skip
    subprocess.run([a.replace("ROOT", root) for a in args],
                   env=shm.env(top), check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    shm.on = 0
    h.replay(shm.records())
    return h, root, shm


def lost(h, root, mode, seeds=(0,)):
    """How many crash points miss a file that was promised before them."""
    bad = 0
    for point in h.points():
        promised = [t.split()[1] for at, t in h.said if at < point]
        for seed in seeds:
            tree = dict(h.tree(point, mode, seed))
            bad += any(tree.get(os.path.join(root, "cur", p)) !=
                       b"x" * 600 + b"y" * 600 for p in promised)
    return bad


def rows(h, root, mode, seeds=(0,)):
    """Crash points where the database is broken or misses a promise."""
    bad = 0
    for point in h.points():
        promised = sum(at < point for at, _ in h.said)
        for seed in seeds:
            crash.restore(h.tree(point, mode, seed), [root])
            db = sqlite3.connect(os.path.join(root, "db"))
            try:
                good = db.execute("PRAGMA integrity_check").fetchone()[0]
                have = db.execute("SELECT count(*) FROM t").fetchone()[0]
                bad += good != "ok" or have < promised
            except sqlite3.Error:
                bad += promised > 0
            db.close()
    return bad


number = 0
failures = 0


def ok(what, good):
    global number, failures
    number += 1
    failures += not good
    print(("ok" if good else "not ok"), number, "-", what, flush=True)


tmp = tempfile.mkdtemp(dir=sys.argv[1])
py = ["/usr/bin/python3", "-c", WRITER, "ROOT"]
h, root, shm = record(py)
ok("the log holds all that stands on the disk",
   crash.difference(h.tree(1 << 62, "all"), [root]) == [])
ok("three promises were heard", len(h.said) == 3)
for mode in ("all", "synced"):
    ok("by the book: nothing lost, " + mode, lost(h, root, mode) == 0)
ok("by the book: nothing lost, random",
   lost(h, root, "random", range(5)) == 0)
for step in ("file", "dir", "early"):
    h, root, _ = record(py + [step])
    ok("without " + step + ": kill -9 loses nothing",
       lost(h, root, "all") == 0)
    ok("without " + step + ": power loss is found",
       lost(h, root, "synced") > 0)
for skip in range(1, 7):
    h, root, _ = record(py, skip=skip)
    ok("sync %d forgotten: found" % skip, lost(h, root, "synced") > 0)

group = ["/usr/bin/python3", "-c", GROUP, "ROOT"]
h, root, _ = record(group)
ok("one sync for three files: three promises were heard", len(h.said) == 3)
for mode in ("all", "synced"):
    ok("one sync for three files: nothing lost, " + mode,
       lost(h, root, mode) == 0)
ok("one sync for three files: nothing lost, random",
   lost(h, root, "random", range(5)) == 0)
for step in ("files", "names"):
    h, root, _ = record(group + [step])
    ok("without that of the " + step + ": found", lost(h, root, "synced") > 0)
for skip in range(1, 3):
    h, root, _ = record(group, skip=skip)
    ok("that sync %d forgotten: found" % skip, lost(h, root, "synced") > 0)

sql = ["/usr/bin/python3", "-c", SQLITE, "ROOT"]
h, root, _ = record(sql + ["FULL"])
ok("sqlite: the log holds all that stands on the disk",
   crash.difference(h.tree(1 << 62, "all"), [root]) == [])
ok("sqlite: four promises were heard", len(h.said) == 4)
ok("sqlite FULL: sound at every power loss", rows(h, root, "synced") == 0)
ok("sqlite FULL: sound whatever else survives",
   rows(h, root, "random", range(2)) == 0)
h, root, _ = record(sql + ["OFF"])
ok("sqlite OFF: the loss is found", rows(h, root, "synced") > 0)
print("1..%d" % number)
sys.exit(failures > 0)
