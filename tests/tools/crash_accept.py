"""Accepting and filing under kill -9 and power loss: crash_accept.py NODE

Records one run, then restarts the node on trees that a crash could have left
and looks for each letter that was acknowledged before it.  CRASH_POINTS says
how many places of the log are tried; "all" tries each.
"""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(__file__))
import crash                                             # noqa: E402
import node as n                                         # noqa: E402

SIZES = (600, 20000, 200000, 600, 70000)    # inline, and in files of their own
tap = n.Tap()


def record(node, shm):
    """Delivers a letter of each size; {reply: number}."""
    acked = {}
    if not node.start(**shm.env(n.top)):
        return acked
    shm.on = 1
    c = n.Smtp(node.port())
    c.hello()
    for i, size in enumerate(SIZES):
        acked[c.send(n.message(i, size))] = i
    # Two at once share a commit.
    d = n.Smtp(node.port())
    d.hello()
    for s, i in ((c, 90), (d, 91)):
        s.say("MAIL FROM:<a@sender.test>")
        s.say("RCPT TO:<me@node.test>")
        s.say("DATA")
        s.sock.sendall(n.message(i, 900))
    for s in (c, d):
        s.sock.sendall(b".\r\n")
    for s, i in ((c, 90), (d, 91)):
        acked[s.reply()] = i
    n.wait_for(lambda: len(node.ids()) >= len(acked) + 1)
    wait_idle(node)
    c.close()
    d.close()
    shm.on = 0
    node.kill()
    return acked


def wait_idle(node):
    """Until the spool is empty and its last transaction was checkpointed or
    not: what matters is that nothing more is on its way."""
    def empty():
        out = [r for r in node.json("status", "-j")
               if r.get("type") == "spool"]
        return out and out[0].get("entries", 1) == 0
    n.wait_for(empty, 3)


def promised(history, acked, point):
    out = set()
    for at, text in history.said:
        if at < point:
            out |= {"<%d@test>" % i for reply, i in acked.items()
                    if reply and reply in text}
    return out


def lost(node, roots, tree, want):
    """What recovery from a tree misses: "" when all is well."""
    crash.restore(tree, roots)
    os.makedirs(os.path.join(node.home, "run"), mode=0o700, exist_ok=True)
    if not node.start():
        node.kill()
        return "does not start"
    n.wait_for(lambda: want <= set(node.ids()), 10)
    have = node.ids()
    rc = node.stop()
    if not want <= set(have):
        return "lost %s" % sorted(want - set(have))
    if any(have.count(i) > 2 for i in have):
        return "more than twice: %s" % have
    if rc != 0:
        return "stopped with %s" % rc
    check = node.run("fsck")
    if check.returncode != 0:
        return "fsck: " + (check.stdout + check.stderr).decode()
    return ""


def sample(points, count):
    """Some of the points; the last ones of all always."""
    if os.environ.get("CRASH_POINTS") == "all":
        return points
    count = int(os.environ.get("CRASH_POINTS", count))
    rng = random.Random(1)
    return sorted(rng.sample(points, min(count, len(points))))


def around_promises(h):
    """Just behind each acknowledgement: the hardest moments."""
    return [at + 1 for at, text in h.said if text.startswith("250 2.")]


def main():
    node = n.Node(sys.argv[1])
    roots = [node.home, node.mail]
    if not tap.ok("the node starts", node.start()):
        tap.end()
    c = n.Smtp(node.port())
    c.hello()
    c.send(n.message("warm"))
    n.wait_for(lambda: "<warm@test>" in node.ids())
    c.close()
    tap.ok("and stops", node.stop() == 0)

    shm = crash.Shm(os.path.join(node.dir, "crash"), "keeper filer")
    h = crash.History(roots)
    acked = record(node, shm)
    tap.ok("every letter was accepted",
           len(acked) == len(SIZES) + 2 and
           all(r.startswith("250 ") for r in acked), acked)
    h.replay(shm.records())
    end = h.points()[-1] + 1 if h.points() else 0
    diff = crash.difference(h.tree(end, "all"), roots)
    tap.ok("the log holds all that stands on the disk", diff == [], diff)
    tap.ok("every acknowledgement was heard",
           len(promised(h, acked, end)) == len(acked), h.said)
    print("# %d calls, %d syncs, %d places" % (shm.calls, shm.syncs,
                                               len(h.points())))
    for mode, count in (("all", 8), ("synced", 12), ("random", 12)):
        bad = []
        points = set(sample(h.points(), count))
        if mode == "synced":
            points |= set(sample(around_promises(h), 4))
        for p in sorted(points):
            why = lost(node, roots, h.tree(p, mode), promised(h, acked, p))
            if why:
                bad.append("%s at %d: %s" % (mode, p, why))
        tap.ok("nothing acknowledged is lost: %s, %d places" %
               (mode, len(points)), not bad, "\n".join(bad))
    forget(node, roots, h, acked)
    tap.end()


def forget(node, roots, h, acked):
    """A sync that did not happen must be missed: those of the commit before
    an acknowledgement."""
    found = tried = 0
    said = [at for at, text in h.said if text.startswith("250 2.0.0") or
            any(r and r in text for r in acked)]
    for place in sample(said, 3):
        before = [s for s in h.syncs if s[0] < place]
        if not before:
            continue
        was, h.syncs = h.syncs, [s for s in h.syncs if s is not before[-1]]
        # Later syncs of the same file would cover it again.
        h.syncs = [s for s in h.syncs if s[0] < place]
        tried += 1
        found += bool(lost(node, roots, h.tree(place + 1, "synced"),
                           promised(h, acked, place + 1)))
        h.syncs = was
    tap.ok("a forgotten sync is found, %d of %d" % (found, tried),
           tried > 0 and found == tried)


main()
