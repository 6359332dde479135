"""What the benchmarks share: processes of a session, medians, ratios."""
import os
import statistics
import time

TICK = os.sysconf("SC_CLK_TCK")


def members(session):
    """pids of the processes in a session."""
    out = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                if stat(pid)[3] == session:
                    out.append(int(pid))
            except OSError:
                pass
    return out


def stat(pid):
    """Fields of /proc/PID/stat after the name, as numbers: [0] is state."""
    with open("/proc/%s/stat" % pid, encoding="ascii",
              errors="replace") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return [w if w.isalpha() else int(w) for w in words]


def cpu(session, without=()):
    """CPU seconds of a session so far, with those of its dead; without the
    processes of these names."""
    total = 0
    for pid in members(session):
        try:
            if not without or name(pid) not in without:
                total += sum(stat(pid)[11:15])
        except OSError:
            pass
    return total / TICK


def pss(session):
    """{pid: KiB} of memory, shared pages divided among their users."""
    out = {}
    for pid in members(session):
        try:
            with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
                for line in f:
                    if line.startswith("Pss:"):
                        out[pid] = int(line.split()[1])
        except OSError:
            pass
    return out


def name(pid):
    with open("/proc/%d/comm" % pid, encoding="ascii") as f:
        return f.read().strip()


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.005)
    return False


median = statistics.median


def row(text, *values):
    print("%-34s" % text + "".join("%14s" % v for v in values), flush=True)
