"""Durable accept beside Postfix: accept.py ROUNDS NAME:PORT:SESSION:DIR ...

Each system delivers into DIR/{new,cur} below; all take turns in each round,
and ratios are between the first two, round by round.  The index is no part
of what Postfix does: the last column leaves it out.
"""
import os
import subprocess
import sys
import time

import measure

# text, sessions, messages, octets, several messages on a connection
CASES = (("4 KiB, 1 session, many", 1, 400, 4096, True),
         ("4 KiB, 10 sessions, many", 10, 2000, 4096, True),
         ("4 KiB, 50 sessions, many", 50, 3000, 4096, True),
         ("4 KiB, 10 sessions, one each", 10, 1000, 4096, False),
         ("4 KiB, 50 sessions, one each", 50, 1000, 4096, False),
         ("100 KiB, 10 sessions, many", 10, 300, 102400, True))

WITHOUT = ((), ("mn-indexer",))


class System:
    def __init__(self, text):
        self.name, port, session, self.dir = text.split(":")
        self.port, self.session = int(port), int(session)

    def count(self):
        n = 0
        for d in ("new", "cur"):
            try:
                n += len(os.listdir(os.path.join(self.dir, d)))
            except OSError:
                pass
        return n

    def run(self, sessions, messages, octets, many):
        """(accepted a second, filed a second, CPU seconds per 1000, the same
        without the index)"""
        before = self.count()
        cpu = [measure.cpu(self.session, w) for w in WITHOUT]
        start = time.monotonic()
        subprocess.run(
            ["smtp-source", "-s", str(sessions), "-m", str(messages),
             "-l", str(octets), "-f", "bench@sender.test", "-t", self.to] +
            (["-d"] if many else []) + ["127.0.0.1:%d" % self.port],
            check=True, timeout=300)
        accepted = time.monotonic() - start
        if not measure.wait_for(lambda: self.count() - before >= messages,
                                120):
            raise SystemExit("%s: %d of %d messages in the Maildir" % (
                self.name, self.count() - before, messages))
        filed = time.monotonic() - start
        return (messages / accepted, messages / filed) + tuple(
            (measure.cpu(self.session, w) - c) * 1000 / messages
            for w, c in zip(WITHOUT, cpu))


def main():
    rounds = int(sys.argv[1])
    systems = [System(a) for a in sys.argv[2:]]
    for s in systems:
        s.to = os.environ["BENCH_TO_" + s.name]
    measure.row("accept: medians of %d rounds" % rounds, "accepted/s",
                "filed/s", "CPU s/1000", "no index")
    for text, *case in CASES:
        got = {s.name: [] for s in systems}
        for r in range(rounds):
            for s in systems if r % 2 else reversed(systems):
                got[s.name].append(s.run(*case))
        for s in systems:
            measure.row("%s %s" % (text, s.name), *(
                "%.1f" % measure.median(x[i] for x in got[s.name])
                for i in range(4)))
        if len(systems) > 1:
            a, b = (got[s.name] for s in systems[:2])
            measure.row("  ratio", *(
                "%.2fx" % measure.median(p[i] / q[i] if q[i] else 0
                                         for p, q in zip(a, b))
                for i in range(4)))


main()
