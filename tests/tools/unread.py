"""A disk that gives EIO for mail that was just filed: unread.py NODE"""
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import crash                                            # noqa: E402
import node as n                                        # noqa: E402

tap = n.Tap()
node = n.Node(sys.argv[1])
shm = crash.Shm(os.path.join(node.dir, "crash"), "keeper")


def deliver(name):
    c = n.Smtp(node.port())
    c.hello()
    got = c.send(n.message(name))
    c.close()
    return got.startswith("250")


def found(subject):
    return [m for m in node.json("search", "-j", "*")
            if m.get("subject") == subject]


tap.ok("it starts", node.start(**shm.env(n.top)))
shm.unread("INBOX/")
shm.on = 1
tap.ok("one is accepted", deliver("healed"))
tap.ok("it cannot be read", n.wait_for(lambda: shm.failed > 0))
tap.ok("and stands there", n.wait_for(
    lambda: node.ids() == ["<healed@test>"]), node.ids())
shm.unread("")
tap.ok("it is listed when the disk is well", n.wait_for(
    lambda: found("letter healed")), node.run("search", "*").stdout)
shm.unread("INBOX/")
was = shm.failed
tap.ok("another is accepted", deliver("never"))
tap.ok("what stays unreadable is listed by its name", n.wait_for(
    lambda: found("(this message cannot be parsed)")),
    node.run("search", "*").stdout)
tap.ok("after several tries", shm.failed - was >= 4, shm.failed - was)
shm.unread("")
tap.ok("its file is untouched", node.ids() ==
       ["<healed@test>", "<never@test>"], node.ids())
tap.ok("it stops", node.stop() == 0)
tap.end()
