#!/usr/bin/python3
"""memscan.py PID TEXT...: counts where each TEXT (also in base64) stands in
the memory of a process; prints one number a TEXT.  Needs to be root."""
import base64
import sys


def forms(text):
    raw = text.encode()
    yield raw
    # inside a longer base64, at each of the three alignments
    for pad in range(3):
        coded = base64.b64encode(b"x" * pad + raw)
        yield coded[4 if pad else 0:-4]


def main():
    pid, texts = sys.argv[1], sys.argv[2:]
    found = [0] * len(texts)
    with open("/proc/%s/maps" % pid) as maps, \
            open("/proc/%s/mem" % pid, "rb") as mem:
        for line in maps:
            where, mode = line.split()[:2]
            if mode[0] != "r" or "[v" in line:
                continue
            start, end = (int(x, 16) for x in where.split("-"))
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except OSError:
                continue
            for i, text in enumerate(texts):
                found[i] += sum(data.count(f) for f in forms(text))
    print(*found)


main()
