"""The vault under kill -9 and power loss: crash_vault.py DIR MAILNODE PHRASE

Records a command, then looks at each tree that a crash during it could have
left: the vault must open, as it was before or as it is after; once the
command has ended, only as it is after.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
import crash                                             # noqa: E402
import node as n                                         # noqa: E402

top, mailnode, phrase = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3]
home = os.path.join(top, "home")
tap = n.Tap()
env = dict(os.environ, HOME=top, MAILNODE_HOME=home)


def run(lines, *args, preload=None):
    return subprocess.run([mailnode, *args], input="\n".join(lines).encode(),
                          env=dict(env, **(preload or {})), timeout=60,
                          capture_output=True)


def record(lines, *args, skip=0):
    """A command's history, and the roots it changed."""
    shm = crash.Shm(os.path.join(os.path.dirname(top), "shm"), "*", 16 << 20)
    h = crash.History([top])
    shm.on = 1
    shm.skip_sync = skip
    done = run(lines, *args, preload={k: shm.env(n.top)[k] for k in
                                      ("CRASH_SHM", "LD_PRELOAD")})
    shm.on = 0
    if done.returncode != 0:
        raise SystemExit("# %s: %s" % (args, done.stderr.decode()))
    h.replay(shm.records())
    return h, shm.syncs


def entries():
    out = run([], "vault", "list", "-j")
    if out.returncode != 0:
        return out.stderr.decode()
    return {e["name"]: e["version"] for e in
            map(json.loads, out.stdout.splitlines())}


def opens(words):
    """Whether the vault opens: the slot is not there, but asked for last."""
    out = run([words], "vault", "slot", "rm", "nothing",
              "--passphrase-stdin").stderr.decode()
    return "no such entry" in out or out


def each(h, judge):
    """What judge finds wrong, over every place and mode; a tree that was
    seen is not looked at again."""
    bad = []
    seen = set()
    for mode, seeds in (("all", 1), ("synced", 1), ("random", 2)):
        for point in h.points():
            for seed in range(seeds):
                tree = h.tree(point, mode, seed)
                key = hash(repr(tree))
                if key in seen:
                    continue
                seen.add(key)
                crash.restore(tree, [top])
                os.makedirs(top, exist_ok=True)
                why = judge()
                if why:
                    bad.append("%s at %d: %s" % (mode, point, why))
    return bad


def at_end(h):
    crash.restore(h.tree(1 << 62, "synced"), [top])


def change(what, args, lines, before, after):
    """One command: before and after say what is right then, "" for well."""
    shutil.copytree(top, top + ".keep", symlinks=True)

    def again():
        shutil.rmtree(top)
        shutil.copytree(top + ".keep", top, symlinks=True)

    h, syncs = record(lines, *args)
    tap.ok("%s: %d places, %d syncs" % (what, len(h.points()), syncs),
           len(h.points()) > 3 and syncs >= 2)
    bad = each(h, lambda: before() and after())
    tap.ok(what + ": before or after, wherever it is cut", not bad,
           "\n".join(bad))
    at_end(h)
    tap.ok(what + ": after, once it has ended", not after(), after())
    for skip in range(1, syncs + 1):
        again()
        h, _ = record(lines, *args, skip=skip)
        at_end(h)
        tap.ok("%s: forgotten sync %d is found" % (what, skip), after())
    again()
    run(lines, *args)
    shutil.rmtree(top + ".keep")


def init_again():
    done = run([phrase], "init", "--passphrase-stdin", "--argon2", "1")
    if done.returncode != 0:
        return done.stderr.decode()
    if run([], "cert", "request").returncode != 0:
        return "no TLS key that boot.key opens"
    if len(entries()) != 3:
        return "keys: %s" % entries()
    return "" if opens(phrase) is True else "does not open"


def main():
    os.makedirs(top)
    h, _ = record([phrase], "init", "--passphrase-stdin", "--argon2", "1")
    tap.ok("init: %d places" % len(h.points()), len(h.points()) > 30)
    bad = each(h, init_again)
    tap.ok("init: run again it mends what a crash left", not bad,
           "\n".join(bad))
    at_end(h)
    tap.ok("init: nothing is lost once it has ended",
           opens(phrase) is True and len(entries()) == 3 and
           os.path.exists(os.path.join(home, "tls/chain.pem")) and
           os.path.isdir(os.path.join(top, "Mail/INBOX/cur")),
           "%s\n%s\n%s" % (opens(phrase), entries(), subprocess.run(
               ["find", top], capture_output=True).stdout.decode()))

    def has(name, version):
        have = entries()
        if not isinstance(have, dict):
            return have
        if opens(phrase) is not True:
            return "does not open"
        return "" if have.get(name) == version else "has %s" % have

    change("set", ("vault", "set", "relay/a", "me", "--passphrase-stdin"),
           [phrase, "secret"], lambda: has("relay/a", None),
           lambda: has("relay/a", 1))
    change("set again", ("vault", "set", "relay/a", "me",
                         "--passphrase-stdin"), [phrase, "other"],
           lambda: has("relay/a", 1), lambda: has("relay/a", 2))
    change("passwd", ("vault", "passwd", "--passphrase-stdin", "--argon2",
                      "1"), [phrase, "another phrase"],
           lambda: "" if opens(phrase) is True else "old one does not open",
           lambda: "" if opens("another phrase") is True else
           "new one does not open")
    tap.end()


main()
