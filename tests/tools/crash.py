"""What crash.so recorded, and the trees that a crash could have left.

A crash point is a place in the log.  The tree of a point is built from the
snapshot taken before recording began and the records before that point:

    all      everything done until then: kill -9 of every process
    synced   only what a sync had made durable: power loss at its worst
    random   synced, and any part of the rest, writes torn at 512 octets

A name is durable once its directory was synced, contents once the file was;
a rename is one step, durable with either of its directories.  A sync of all
there is counts for the contents of what the same role wrote: others, and
names, are not to rely on it.
"""
import ctypes
import mmap
import os
import random
import shutil
import stat
import struct
import time

HEAD = 4096
(WRITE, TRUNCATE, SYNC, CREATE, MKDIR, RENAME, LINK, UNLINK, RMDIR, SAID,
 MARK, SYNC_ALL) = range(1, 13)
RECORD = struct.Struct("<IHHQQQQII")
FIELDS = {"magic": (0, "I"), "on": (4, "I"), "size": (136, "Q"),
          "used": (144, "Q"), "calls": (152, "Q"), "syncs": (160, "Q"),
          "stop_at": (168, "Q"), "stopped": (176, "I"),
          "fail_errno": (180, "I"), "fail_from": (184, "Q"),
          "fail_until": (192, "Q"), "skip_sync": (200, "Q"),
          "overflow": (208, "I"), "failed": (212, "I")}
MAGIC = 0x43525348


class Shm:
    """The shared file of one run; attributes are the fields of struct crash."""

    def __init__(self, path, roles, size=192 << 20):
        self.__dict__["path"] = path
        with open(path, "wb") as f:
            f.truncate(size)
        with open(path, "r+b") as f:
            self.__dict__["map"] = mmap.mmap(f.fileno(), size)
        text = (" " + roles + " ").encode()
        self.map[8:8 + len(text)] = text
        self.size = size
        self.used = HEAD
        self.magic = MAGIC

    def __getattr__(self, name):
        at, kind = FIELDS[name]
        return struct.unpack_from("<" + kind, self.map, at)[0]

    def __setattr__(self, name, value):
        at, kind = FIELDS[name]
        struct.pack_into("<" + kind, self.map, at, value)

    def env(self, top):
        """The environment of a process that is to be recorded."""
        return dict(os.environ, CRASH_SHM=self.path,
                    LD_PRELOAD=os.path.join(top, "build/tools/crash.so"))

    def hear(self, top):
        """The function by which this process says what it was promised."""
        os.environ["CRASH_SHM"] = self.path
        said = ctypes.CDLL(os.path.join(top, "build/tools/crash.so")).crash_said
        del os.environ["CRASH_SHM"]
        return lambda text: said(text.encode())

    def unread(self, text):
        """Files whose path holds this cannot be opened to read; "": all
        can."""
        self.map[216:216 + 128] = text.encode().ljust(128, b"\0")

    def reset(self):
        self.on = 0
        self.map[HEAD:self.used] = bytes(self.used - HEAD)
        self.used = HEAD
        for name in ("calls", "syncs", "stop_at", "stopped", "fail_from",
                     "fail_until", "skip_sync", "failed"):
            setattr(self, name, 0)

    def records(self):
        if self.overflow:
            raise RuntimeError("crash log too small")
        at, out = HEAD, []
        while at < self.used:
            size, kind, role, dev, ino, a, b, n1, n2 = RECORD.unpack_from(
                self.map, at)
            if size == 0:       # the process died while it wrote this
                size = RECORD.size + (n1 + 7 & ~7) + (n2 + 7 & ~7)
                if kind == 0:
                    break
                at += size
                continue
            p = at + RECORD.size
            q = p + (n1 + 7 & ~7)
            out.append((at, kind, (dev, ino), a, b,
                        bytes(self.map[p:p + n1]), bytes(self.map[q:q + n2]),
                        role))
            at += size
        return out


class Inode:
    def __init__(self, is_dir, base=b""):
        self.is_dir = is_dir
        self.base = base
        self.ops = []           # [place, offset, data or None: truncate]


def skipped(name):
    """Not ours to judge: caches, sockets, shared memory of SQLite, the
    parent's list of bans, and the table of words, which is written through
    a mapping; the last two promise nothing."""
    return name in (".notmuch", "run", "bans", "tokens") or \
        name.endswith("-shm")


class History:
    """A snapshot of roots (directories), later joined by a log."""

    def __init__(self, roots):
        self.inodes = {}        # (dev, ino) -> Inode, as of now
        self.roots = []
        self.names = []         # baseline: (dir Inode, name, Inode)
        for root in roots:
            st = os.stat(root)
            self.roots.append((root, self._scan(root, st)))

    def _scan(self, path, st):
        key = (st.st_dev, st.st_ino)
        if key in self.inodes:
            return self.inodes[key]
        if stat.S_ISDIR(st.st_mode):
            node = self.inodes[key] = Inode(True)
            for name in sorted(os.listdir(path)):
                sub = os.path.join(path, name)
                st = os.lstat(sub)
                if skipped(name) or not (stat.S_ISDIR(st.st_mode) or
                                         stat.S_ISREG(st.st_mode)):
                    continue
                self.names.append((node, name, self._scan(sub, st)))
        else:
            with open(path, "rb") as f:
                node = self.inodes[key] = Inode(False, f.read())
        return node

    def replay(self, records):
        """Joins the log: who each record speaks of, and what each sync
        covered."""
        self.steps = []         # [place, kind, dir, name, dir2, name2, inode]
        self.syncs = []         # (place, inode, place where it began)
        self.said = []          # (place, text)
        now = self.inodes
        wrote = {}              # role -> {inode: True}
        for at, kind, key, a, b, one, two, role in records:
            node = now.get(key)
            if kind == SAID:
                self.said.append((at, one.decode("latin-1")))
            elif kind == SYNC_ALL:
                self.syncs += [(at, i, a) for i in wrote.get(role, ())]
            elif kind in (CREATE, MKDIR):
                made = now[(a, b)] = Inode(kind == MKDIR)
                if node is not None and not skipped(one.decode()):
                    self.steps.append((at, kind, node, one.decode(), None,
                                       None, made))
            elif node is None:
                continue        # outside our roots
            elif kind == WRITE:
                node.ops.append((at, a, one))
                wrote.setdefault(role, {})[node] = True
            elif kind == TRUNCATE:
                node.ops.append((at, a, None))
            elif kind == SYNC:
                self.syncs.append((at, node, a))
            elif kind in (RENAME, LINK):
                other = now.get((a, b))
                self.steps.append((at, kind, node, one.decode(), other,
                                   two.decode(), None))
            else:
                self.steps.append((at, kind, node, one.decode(), None, None,
                                   None))

    def points(self):
        """The places after each record that changes or promises anything."""
        places = {s[0] for s in self.steps} | {s[0] for s in self.syncs}
        places |= {op[0] for i in self.all_inodes() for op in i.ops}
        places |= {s[0] for s in self.said}
        return sorted(p + 1 for p in places)

    def all_inodes(self):
        seen = {id(i): i for i in self.inodes.values()}
        for s in self.steps:
            if s[6] is not None:
                seen[id(s[6])] = s[6]
        for n in self.names:
            seen[id(n[2])] = n[2]
        return seen.values()

    def tree(self, point, mode, seed=0):
        """[(path, None: directory or contents)] of what a crash leaves."""
        rng = random.Random((point, seed).__repr__())
        covered = {}            # inode -> places before this are durable
        for at, node, began in self.syncs:
            if at < point:
                covered[id(node)] = max(covered.get(id(node), 0), began)

        def durable(at, *nodes):
            return mode == "all" or any(
                n is not None and at < covered.get(id(n), 0) for n in nodes)

        def keep(at, *nodes):
            return durable(at, *nodes) or (mode == "random" and
                                           rng.random() < 0.5)

        names = {}
        for d, name, node in self.names:
            names.setdefault(id(d), {})[name] = node
        # Who stands at (dir, name) for a step is what stood there when it
        # was done, whether or not the steps before it survive.
        live = {k: dict(v) for k, v in names.items()}
        for at, kind, d, name, d2, name2, made in self.steps:
            if at >= point:
                break
            here = live.setdefault(id(d), {})
            there = live.setdefault(id(d2), {}) if d2 is not None else None
            node = made if made is not None else here.get(name)
            kept = keep(at, d, d2)
            old = names.setdefault(id(d), {})
            new = names.setdefault(id(d2), {}) if d2 is not None else None
            if kind in (CREATE, MKDIR):
                here[name] = node
                if kept:
                    old[name] = node
            elif kind in (RENAME, LINK):
                if kind == RENAME:
                    here.pop(name, None)
                if there is not None and node is not None:
                    there[name2] = node
                if kept:
                    if kind == RENAME:
                        old.pop(name, None)
                    if new is not None and node is not None:
                        new[name2] = node
            else:
                here.pop(name, None)
                if kept:
                    old.pop(name, None)
        out = []
        for root, node in self.roots:
            self._emit(out, root, node, names,
                       lambda n: self._contents(n, durable, mode, rng, point))
        return out

    def _emit(self, out, path, node, names, contents):
        if not node.is_dir:
            out.append((path, contents(node)))
            return
        out.append((path, None))
        for name, sub in sorted(names.get(id(node), {}).items()):
            self._emit(out, os.path.join(path, name), sub, names, contents)

    @staticmethod
    def _contents(node, durable, mode, rng, point):
        data = bytearray(node.base)
        for at, offset, new in node.ops:
            if at >= point:
                break
            safe = durable(at, node)
            if not safe and (mode != "random" or rng.random() < 0.5):
                continue
            if new is None:
                del data[offset:]
                data.extend(bytes(offset - len(data)))
                continue
            # What is not covered by a sync may be torn.
            if not safe and len(new) > 512 and rng.random() < 0.3:
                new = new[:rng.randrange(0, len(new), 512)]
            if len(data) < offset + len(new):
                data.extend(bytes(offset + len(new) - len(data)))
            data[offset:offset + len(new)] = new
        return bytes(data)


kept = {}       # databases that there were, by another name


def restore(tree, roots):
    """Puts a tree in the place of roots; keeps run/ out of it.  A database
    stays the file that it was: a power loss makes no copies, and the node
    takes one for a backup that was put back."""
    for path, data in tree:
        if path.endswith(".db") and path not in kept and \
                os.path.isfile(path):
            kept[path] = "%s.%d.%d" % (roots[0], os.getpid(), len(kept))
            os.link(path, kept[path])
    for root in roots:
        shutil.rmtree(root, ignore_errors=True)
    for path, data in tree:
        if data is None:
            os.makedirs(path, mode=0o700, exist_ok=True)
        else:
            if path in kept:
                os.link(kept[path], path)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "wb") as f:
                f.write(data)


def difference(tree, roots):
    """Names whose contents differ between a tree and the disk: none, when
    the log saw everything."""
    want = dict(tree)
    out = []
    seen = set()
    for root in roots:
        for at, dirs, files in os.walk(root):
            dirs[:] = [d for d in dirs if not skipped(d)]
            for f in files:
                path = os.path.join(at, f)
                if skipped(f) or not os.path.isfile(path):
                    continue
                seen.add(path)
                with open(path, "rb") as h:
                    if want.get(path) != h.read():
                        out.append(path)
    out += [p for p, d in want.items() if d is not None and p not in seen and
            not skipped(os.path.basename(p))]
    return out


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.01)
    return None
