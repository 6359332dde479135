#!/bin/sh
# What other servers did wrong, and clients lost mail for.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node sessions_per_address 100 || exit 1
d() { "$python" tests/tools/damage.py "$imap" "$user" "$pw" "$tmp/state" "$1"; }
again() { node_stop "$@"; node_start && phone_ports && unlock; }

foreign=$node/Mail/foreign
mkdir -p "$foreign/cur" "$foreign/new" "$foreign/tmp"
printf 'Subject: lf\nFrom: a@b\n\none\ntwo\n' >"$foreign/new/1.a.b"
printf 'Subject: no end\nFrom: a@b\n\none\ntwo' >"$foreign/new/2.a.b"
printf 'Subject: crlf\r\nFrom: a@b\r\n\r\none\r\n' >"$foreign/new/3.a.b"
wait_for '[ "$(mn search folder:foreign | wc -l)" = 3 ]' 20

{
	d before
	again && echo '# ended, started' && d after
	again KILL && echo '# killed, started' && d after
	node_stop && mn fsck --rebuild >/dev/null && node_start &&
	    phone_ports && unlock && echo '# rebuilt' && d after
	node_stop && rm -f "$MAILNODE_HOME"/store.db* &&
	    rm -rf "$node/Mail/.notmuch" && node_start && phone_ports &&
	    unlock && echo '# without caches' &&
	    wait_for '[ "$(mn search folder:foreign | wc -l)" = 3 ]' 20 &&
	    d after
	mn vault lock >/dev/null 2>&1 && echo '# locked' && d locked
} >"$tmp/cases" 2>&1
"$python" -c '
import sys
n = bad = 0
for line in sys.stdin:
    if line.startswith(("ok", "not ok")):
        n += 1
        bad += line.startswith("not")
        line = line.replace(" - ", " %d - " % n, 1)
    sys.stdout.write(line)
want = 31
if n != want:
    bad += 1
    print("# %d of %d cases ran" % (n, want))
print("1..%d" % want)
sys.exit(1 if bad else 0)' <"$tmp/cases"
