#!/bin/sh
# Who waits for a search hears so, and nobody else waits for it.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node || exit 1
"$python" - "$imap" "$user" "$pw" "$(cat "$node/serve.pid")" <<'END'
import os, re, signal, sys, time
sys.path.insert(0, "tests/tools")
from imapcheck.wire import Conn, Where, Fail, same
import node

port, user, pw, leader = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
tap = node.Tap()
where = Where("127.0.0.1", port, user, pw)
c = Conn(where)
for n in range(3):
    c.append("INBOX", b"Subject: %d\r\n\r\n.\r\n" % n)
c.ok("SELECT INBOX")


def readers():
    got = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = open("/proc/%s/stat" % pid).read().rsplit(")", 1)
            line = open("/proc/%s/cmdline" % pid).read()
        except OSError:
            continue
        if stat[1].split()[3] == leader and "reader" in stat[0] + line:
            got.append(int(pid))
    return got


def its_reader():
    """The one without which it gets no answer."""
    for pid in readers():
        os.kill(pid, signal.SIGSTOP)
        c.send(b"who STATUS INBOX (MESSAGES)\r\n")
        try:
            first = [c.answer(5)]
        except Fail:
            first = []
        os.kill(pid, signal.SIGCONT)
        c.finish("who")
        if not first:
            return pid


other = Conn(where)
other.ok("SELECT INBOX")
stopped = its_reader()
tap.ok("its reader stands still", stopped)
os.kill(stopped, signal.SIGSTOP)
c.send(b"slow SORT (SUBJECT) UTF-8 ALL\r\n")
start = time.monotonic()
other.append("INBOX", b"Subject: meanwhile\r\n\r\n.\r\n")
same(len(other.ok("SORT (DATE) UTF-8 ALL").one(b"SORT").args), 4)
tap.ok("another session does all that at once",
       time.monotonic() - start < 9)
a = c.answer(40)
took = time.monotonic() - start
tap.ok("the first word comes after ten seconds", 9 < took < 30, took)
tap.ok("and says of what", a.code and a.code[0] == b"INPROGRESS" and
       a.code[1] == [b"slow", None, None], a)
os.kill(stopped, signal.SIGCONT)
r = c.finish("slow")
tap.ok("the answer is whole", r.tagged.kind == b"OK" and
       [int(x) for x in r.one(b"SORT").args] == [1, 2, 3], r.all)
tap.end()
END
