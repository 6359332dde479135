"""memory.py PORT SESSION [CONNECTIONS]: PSS of the idle daemon, process by
process, and what each idle connection after STARTTLS adds."""
import socket
import ssl
import sys
import time

import measure


def settled(session):
    """The sum, once two looks a moment apart agree."""
    time.sleep(2)  # until all have started
    last = None
    while True:
        now = measure.pss(session)
        total = sum(now.values())
        if last is not None and abs(total - last) < 64:
            return now, total
        last = total
        time.sleep(0.3)


def starttls(port):
    s = socket.create_connection(("127.0.0.1", port))
    f = s.makefile("rb")

    def said():
        while (line := f.readline())[3:4] == b"-":
            pass
        return line

    if not said().startswith(b"220"):
        raise SystemExit("memory: connection refused")
    s.sendall(b"EHLO bench\r\n")
    said()
    s.sendall(b"STARTTLS\r\n")
    said()
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c.wrap_socket(s)


port, session = int(sys.argv[1]), int(sys.argv[2])
n = int(sys.argv[3]) if len(sys.argv) > 3 else 50
idle, total = settled(session)
measure.row("memory: PSS", "KiB")
for pid, kib in sorted(idle.items(), key=lambda x: -x[1]):
    measure.row("  " + measure.name(pid), kib)
measure.row("idle daemon", total)
open_now = [starttls(port) for _ in range(n)]
_, more = settled(session)
measure.row("each of %d idle TLS connections" % n, (more - total) // n)
