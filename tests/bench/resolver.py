"""resolver.py MAILNODE TMP: the names of TMP/names, see resolver.sh."""
import resource
import subprocess
import sys
import time

import measure

TIMES = 60
WANT = 20000  # answers a second
mailnode, tmp = sys.argv[1:]


def cpu():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def ask(times):
    """(seconds, CPU seconds) for each name so many times."""
    with open(tmp + "/names", encoding="ascii") as f:
        questions = f.read() * times
    with open(tmp + "/questions", "w", encoding="ascii") as f:
        f.write(questions)
    was, began = cpu(), time.monotonic()
    out = subprocess.run([mailnode, "probe", "dns", tmp + "/questions"],
                         stdout=subprocess.PIPE, check=True).stdout
    n = questions.count("\n")
    if out.count(b" ok ") != n:
        raise SystemExit("%d of %d answered" % (out.count(b" ok "), n))
    return time.monotonic() - began, cpu() - was


# The first time is asked for; start and end are taken off.
wall, core = [], []
for _ in range(5):
    first, all_ = ask(1), ask(1 + TIMES)
    wall.append(TIMES * 1000 / (all_[0] - first[0]))
    core.append(TIMES * 1000 / (all_[1] - first[1]))
print("resolver: %.0f cached answers a second (at least %d), %.0f a CPU "
      "second of both ends" % (max(wall), WANT, measure.median(core)))
sys.exit(max(wall) < WANT)
