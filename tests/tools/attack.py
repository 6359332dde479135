"""Plays the attacker in every role of a real node: attack.py NODE

attacker.so takes over a role at its first call after its sandbox and tries
everything in its list.  What a role may do stands below; all else must be
refused with EPERM or EACCES (EXDEV where Landlock says so) or end the role.
"""
import glob
import os
import socket
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import node as n                                         # noqa: E402

MAGIC = 0x4154434b
HEAD = struct.Struct("<I20s256s256s256s256s256sIIIIIIIII")
TRY = struct.Struct("<24siii")
OP = struct.Struct("<iHH")
FD = struct.Struct("<iIIIQ")
TRIES, OPS, FDS = 64, 1024, 128
SIZE = HEAD.size + TRIES * TRY.size + OPS * OP.size
SIZE += -SIZE % 8 + FDS * FD.size
EPERM, EACCES, EXDEV = 1, 13, 18
NO_ANSWER, CLOSED = 0xffff, 0xfffe

# What of the list a role may do, by its line in sandbox.c.
MAY = {
    "vault": set(),
    "resolver": {"connect_tcp", "connect_udp"},
    "keeper": {"read_secret", "read_message", "read_database",
               "write_secret", "write_database", "unlink_secret",
               "memfd"},
    "filer": {"read_message", "write_message", "create_mail"},
    "reader": {"read_secret", "read_message", "read_database"},
    "parser": {"memfd"},        # long text goes back by descriptor
    "indexer": {"read_message"},
    "sender": set(),
    "smtp": set(),
    "imap": set(),
    "submission": set(),
    "relay": {"connect_tcp", "connect_udp"},
}
UNCONFINED = {"parent", "runner"}    # they start programs: a list of refusals
# Which ops a role may ask at all, by the service's range of numbers.
ASK = {
    "vault": (0x0100,), "resolver": (), "keeper": (0x0200, 0x0300, 0x0400,
                                                   0x0700),
    "filer": (0x0100,), "reader": (0x0100,), "parser": (),
    "indexer": (0x0100,), "sender": (0x0100, 0x0600, 0x0800),
    "smtp": (0x0100, 0x0500, 0x0600), "imap": (0x0100, 0x0500),
    "submission": (0x0100, 0x0500), "relay": (0x0500, 0x0600, 0x0800),
}
# Of keeper they get nothing before their login but that they may say so.
LOGS_IN = {"imap", "submission"}
DENIED, UNKNOWN, LOGIN, EVENT_ADD = 1, 2, 5, 0x0150
tap = n.Tap()


class Attack:
    """The shared file: see attack.h."""

    def __init__(self, node, role, victim, port):
        self.path = os.path.join(node.dir, "attack-" + role)
        # Decoys beside the real files: the same folders, the same rules.
        secret = os.path.join(node.home, "decoy")
        database = os.path.join(node.home, "decoy.db")
        message = os.path.join(node.mail, ".mailnode-decoy")
        for path in (secret, database, message):
            with open(path, "w") as f:
                f.write("secret\n")
        fresh = os.path.join(node.mail, "INBOX/tmp/attack")
        control = os.path.join(node.home, "run/control")
        names = [p.encode() for p in (secret, message, database, control,
                                      fresh)]
        with open(self.path, "wb") as f:
            f.write(HEAD.pack(MAGIC, b"mn-" + role.encode(), *names, port,
                              victim, 0, 0, 0, 0, 0, 0x0101, 0x0aff))
            f.truncate(SIZE)
        self.env = {"ATTACK_SHM": self.path, "LD_PRELOAD": os.path.join(
            n.top, "build/tools/attacker.so")}

    def read(self):
        with open(self.path, "rb") as f:
            data = f.read()
        head = HEAD.unpack_from(data)
        self.next, self.ntries, self.scanned, nops, nfds = head[9:14]
        at = HEAD.size
        self.tries = {}
        for i in range(self.ntries):
            name, tried, done, err = TRY.unpack_from(data, at + i * TRY.size)
            self.tries[name.rstrip(b"\0").decode()] = (tried, done, err)
        at += TRIES * TRY.size
        self.ops = [OP.unpack_from(data, at + i * OP.size)
                    for i in range(nops)]
        at += OPS * OP.size
        at += -at % 8
        self.fds = [FD.unpack_from(data, at + i * FD.size)
                    for i in range(nfds)]
        return self.scanned == 2


def judge(role, attack):
    may = MAY[role]
    bad = []
    for name, (tried, done, err) in sorted(attack.tries.items()):
        if not tried:
            bad.append("%s: not tried" % name)
        elif name in may:
            if not done or err in (EPERM, EACCES):
                bad.append("%s: refused, but its policy allows it" % name)
        elif done and err not in (EPERM, EACCES, EXDEV):
            bad.append("%s: %s" % (name, os.strerror(err) if err else
                                   "SUCCEEDED"))
    tap.ok("%s: %d tries, all but %d refused" % (
        role, len(attack.tries), len(may)),
        len(attack.tries) > 30 and not bad, "\n".join(bad))
    wrong = ["0x%04x on %d: status %d" % (t, fd, s)
             for fd, t, s in attack.ops
             if (t & 0xff00) not in ASK[role] and t < 0x0900 and
             s not in (CLOSED, NO_ANSWER)]
    tap.ok("%s: asks only its services (%d ops answer)" % (
        role, len(attack.ops)), not wrong, "\n".join(wrong))
    if role in LOGS_IN:
        wrong = ["0x%04x: status %d" % (t, s) for _, t, s in attack.ops
                 if (t & 0xff00) == 0x0100 and t != EVENT_ADD and
                 s not in (DENIED, UNKNOWN, LOGIN, CLOSED, NO_ANSWER)]
        tap.ok("%s: before a login keeper answers nothing" % role,
               attack.ops and not wrong, "\n".join(wrong))
    wrong = []
    for fd, mode, flags, _, _ in attack.fds:
        kind = stat.S_IFMT(mode)
        writes = (flags & os.O_ACCMODE) != os.O_RDONLY
        if kind == stat.S_IFDIR and role not in ("keeper", "filer", "reader",
                                                 "indexer"):
            wrong.append("%d: a directory" % fd)
        if kind == stat.S_IFREG and writes and fd > 2 and \
                role not in ("keeper", "filer", "indexer"):
            wrong.append("%d: a file to write" % fd)
    tap.ok("%s: holds no foreign descriptor (%d open)" % (
        role, len(attack.fds)), attack.fds and not wrong, "\n".join(wrong))


def ask_parser(node):
    """A parser of its own, as the client asks for one."""
    control_link, role_parser = 0x0a01, 6
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(3)
    s.connect(os.path.join(node.home, "run/control"))
    s.send(struct.pack("<HHIIB", control_link, 0, 1, 1, role_parser))
    try:
        _, fds, _, _ = socket.recv_fds(s, 4096, 1)
        for fd in fds:
            with socket.socket(fileno=fd) as parser:
                parser.settimeout(3)
                parser.recv(16)     # its end: it was killed
    except OSError:
        pass
    s.close()


def port_of(node, service):
    with open(os.path.join(node.home, "run/listeners")) as f:
        return next(int(x.split()[3]) for x in f
                    if x.split()[0] == service)


def provoke(node, role):
    """Makes a process of a role appear, where it does not by itself."""
    if role == "parser":
        ask_parser(node)
    if role in ("smtp", "keeper", "filer", "indexer"):
        try:
            c = n.Smtp(node.port(), 3)
            c.hello()
            provoke.number += 1
            c.send(n.message(1000 + provoke.number))
            c.close()
        except OSError:
            pass
    if role in LOGS_IN:
        try:
            c = socket.create_connection(("127.0.0.1", port_of(node, role)),
                                         3)
            c.settimeout(3)
            c.recv(1)
        except OSError:
            pass
    if role == "relay":
        node.run("send", "--", "you@peer.test",
                 input=b"From: me@node.test\nTo: you@peer.test\n"
                       b"Subject: x\n\nx\n", timeout=20)
        node.run("queue", "retry")
    if role == "reader":
        try:
            node.run("search", "subject:letter", timeout=5)
        except subprocess.TimeoutExpired:
            pass        # the attacker ate its question


provoke.number = 0

# Enters a sandbox that allows everything, and waits.
OPEN = """
import ctypes
libc = ctypes.CDLL(None)
libc.prctl(15, b"mn-control", 0, 0, 0)
libc.prctl(38, 1, 0, 0, 0)
code = (ctypes.c_uint64 * 1)(0x7fff000000000006)
class Prog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("code", ctypes.c_void_p)]
prog = Prog(1, ctypes.addressof(code))
libc.syscall(317, 1, 0, ctypes.byref(prog), 0, 0, 0)
libc.poll(None, 0, 0)
"""


def clean():
    for path in glob.glob("/tmp/mailnode-attack-*"):
        os.unlink(path)


def control(node, victim, port):
    """The same tries get through where no sandbox is: else they would
    prove nothing."""
    attack = Attack(node, "control", victim, port)
    for _ in range(50):
        subprocess.run(["/usr/bin/python3", "-c", OPEN], timeout=30,
                       env=dict(os.environ, **attack.env),
                       stdout=subprocess.DEVNULL)
        if attack.read():
            break
    through = [t for t, (_, done, err) in attack.tries.items()
               if not done or err not in (EPERM, EACCES)]
    tap.ok("control: without a sandbox %d of %d tries get through" % (
        len(through), len(attack.tries)), len(through) >= 25, attack.tries)


def main():
    node = n.Node(sys.argv[1])
    ear = socket.create_server(("127.0.0.1", 0))
    sleeper = subprocess.Popen(["sleep", "600"])
    victim = sleeper.pid
    tap.ok("the node starts", node.start())
    roles = {r["role"] for r in node.json("status", "-j")
             if r.get("type") == "role"} - UNCONFINED
    if os.uname().machine == "x86_64":
        control(node, victim, ear.getsockname()[1])
    node.kill()
    clean()
    tap.ok("every role has its line here", roles and roles <= set(MAY),
           roles - set(MAY))
    for role in sys.argv[2:] or sorted(MAY):
        tap.ok("%s: the node starts" % role, node.start())
        node.stop()
        attack = Attack(node, role, victim, ear.getsockname()[1])
        if not node.start(**attack.env):
            tap.ok("%s: the node starts with the attacker" % role, False,
                   open(node.log).read()[-2000:])
            node.kill()
            continue
        if role == "relay":
            node.unlock()

        def done():
            if attack.read():
                return True
            provoke(node, role)
            return attack.read()
        n.wait_for(done, 180)
        attack.read()
        judge(role, attack)
        node.kill()
    clean()
    sleeper.kill()
    sleeper.wait()
    ear.close()
    tap.end()


main()
