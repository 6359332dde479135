"""Nonsense to every service of a running node: channels.py NODE [SEED]

As the owner, who may ask for everything, asks each service each number with
payloads that are empty, short, long, random or wrong in their length.  None
may die of it, and each must answer a proper question afterwards.

Behind each goes a question that nobody knows: its answer, or the end of the
channel, tells that the record before it was read.
"""
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(__file__))
import node as n                                         # noqa: E402

HEAD = struct.Struct("<HHII")
LINK = 0x0a01
NOBODY_KNOWS, ITS_ID = 0xfff0, 0x7fffffff
SECONDS = 20            # for an answer, on a busy machine
ROLES = {"vault": 1, "resolver": 2, "keeper": 3, "reader": 5, "parser": 6,
         "runner": 9}
OWN = {1: 0x0500, 2: 0x0600, 3: 0x0100, 5: 0x0200, 6: 0x0400, 9: 0x0700}
# Nobody asks these, and channels to them would wait there for ever.
NO_SERVICE = {"parent": 0, "filer": 4, "indexer": 7, "sender": 8, "smtp": 10,
              "relay": 14}
RANGES = ((0x0101, 0x01ff), (0x0200, 0x022f), (0x0300, 0x030f),
          (0x0400, 0x041f), (0x0500, 0x052f), (0x0600, 0x060f),
          (0x0700, 0x070f), (0x0800, 0x081f), (0x0900, 0x0920),
          (0x0a00, 0x0a0f))
tap = n.Tap()


def control(node):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(os.path.join(node.home, "run/control"))
    s.settimeout(5)
    return s


def link(node, role):
    """A channel to a service, or None where there is no such service."""
    with control(node) as s:
        s.send(HEAD.pack(LINK, 0, 1, 1) + bytes([role]))
        try:
            data, fds, _, _ = socket.recv_fds(s, 4096, 1)
        except OSError:
            return None
    if not fds:
        return None
    c = socket.socket(fileno=fds[0])
    c.settimeout(SECONDS)
    return c


def payloads(rng):
    yield b""
    yield b"\0" * 8
    yield b"\xff" * 40
    yield struct.pack("<I", 0xffffffff) + b"x" * 20
    yield struct.pack("<I", 5) + b"a/../" + bytes(rng.randrange(256)
                                               for _ in range(60))
    yield bytes(rng.randrange(256) for _ in range(rng.randrange(1, 300)))


def read_by(c, record, fd):
    """Sent, and read.  False: it was not in time."""
    try:
        if fd:
            socket.send_fds(c, [record], [0])
        else:
            c.send(record)
        c.send(HEAD.pack(NOBODY_KNOWS, 0, ITS_ID, 0))
        while True:
            answer = c.recv(1 << 17)
            if not answer or HEAD.unpack(answer[:HEAD.size])[2] == ITS_ID:
                return True
    except TimeoutError:
        return False
    except OSError:
        return True         # it hung up


def records(role, rng):
    for first, last in RANGES:
        own = first & 0xff00 == OWN.get(role)
        for kind in range(first, last + 1):
            if not own and rng.random() > 0.1:
                continue
            for p in payloads(rng):
                length = len(p) if rng.random() < 0.9 else \
                    rng.choice((0, len(p) + 1, 0xffffffff))
                yield HEAD.pack(kind, rng.randrange(3), rng.randrange(4),
                                length) + p


def pour(node, role, rng):
    """How many records were read, and the first that was not."""
    read = 0
    for record in records(role, rng):
        c = link(node, role)
        if c is None:
            return read, None
        with c:
            if not read_by(c, record, rng.random() < 0.05):
                return read, record.hex()
        read += 1
    return read, None


def crashes(node):
    return {r["role"]: r["crashes"] for r in node.json("status", "-j")
            if r.get("type") == "role" and r.get("crashes")}


def main():
    node = n.Node(sys.argv[1])
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    tap.ok("the node starts", node.start())
    for _ in range(200):
        with control(node) as s:
            p = bytes(rng.randrange(256) for _ in range(rng.randrange(60)))
            if p:
                s.send(p)
    tap.ok("the parent takes nonsense from clients",
           node.json("status", "-j"))
    for name, role in ROLES.items():
        read, unread = pour(node, role, rng)
        if read == 0 and unread is None:
            continue
        dead = crashes(node)
        tap.ok("%s: %d records of nonsense, nobody died" % (name, read),
               not dead and unread is None, (dead, unread))
    given = [name for name, role in NO_SERVICE.items()
             if link(node, role) is not None]
    tap.ok("no channel to others", not given, given)
    tap.ok("the node still answers", node.json("status", "-j"))
    tap.ok("and stops in order", node.stop() == 0, open(node.log).read()[-900:])
    tap.end()


main()
