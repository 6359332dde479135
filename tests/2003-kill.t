#!/bin/sh
# kill -9 of keeper, filer and parser while mail comes in: the parent starts
# them again, and what was acknowledged is there, once.
. "$(dirname "$0")/lib.sh"

node_use n
node_config sessions_per_address 100 connections_per_minute 0 &&
    node_build && node_init && node_start || exit 1
port=$(node_port smtp)

# Sends until told to stop; prints the number of each that was accepted.
cat >"$tmp/send.py" <<'PY'
import os, smtplib, sys
port, stop, s, i = int(sys.argv[1]), sys.argv[2], None, 0
while not os.path.exists(stop):
    i += 1
    size = 100000 if i % 10 == 0 else 2000
    text = "Message-ID: <%05d@b.test>\r\n\r\n%s" % (i, "x" * 70 + "\r\n")
    text += ("y" * 70 + "\r\n") * (size // 72)
    try:
        if s is None:
            s = smtplib.SMTP("127.0.0.1", port, timeout=20)
        s.sendmail("a@b.test", ["me@node.test"], text)
        print("%05d" % i, flush=True)
    except (smtplib.SMTPException, OSError):
        s = None
PY
: >"$tmp/accepted"
"$python" "$tmp/send.py" "$port" "$tmp/stop" >>"$tmp/accepted" &
sender=$!
at_exit $sender

pid_of() { pgrep -s "$(cat "$node/serve.pid")" -x "mn-$1" | head -1; }
accepted() { wc -l <"$tmp/accepted"; }
more() { now=$(accepted); wait_for '[ "$(accepted)" -ge $((now + 10)) ]' 20; }

kills=0
for role in filer keeper parser filer keeper filer parser keeper; do
	more || break
	pid=$(pid_of $role)
	[ -n "$pid" ] && kill -KILL "$pid" && kills=$((kills + 1))
done
ok 'roles were killed and came back' test $kills -ge 6
ok 'mail goes on' more
touch "$tmp/stop"
wait $sender
mn fsck -j >"$tmp/fsck"
ok 'all of it is filed' grep -q '"spool":0,"intents":0' "$tmp/fsck"
find "$node/Mail" -name '*,I=*' -exec grep -h '^Message-ID: ' {} + |
    sed 's/.*<\([0-9]*\)@.*/\1/' | sort >"$tmp/stand"
is 'nothing accepted is lost' \
    "$(sort "$tmp/accepted" | comm -23 - "$tmp/stand" | wc -l)" 0
is 'and nothing stands there twice' "$(uniq -d "$tmp/stand" | wc -l)" 0
is 'each file has its row' \
    "$(sed 's/.*"rows":\([0-9]*\).*/\1/' "$tmp/fsck")" \
    "$(find "$node/Mail" -name '*,I=*' | wc -l)"
ok 'fsck is clean' mn fsck
# A body that somebody removed costs that message, by name, and no other.
filer=$(pid_of filer)
kill -STOP "$filer"
{ printf 'Subject: large\n\n'; yes 'a line of a large letter' | head -n 20000
} >"$tmp/large"
ok 'a large one is accepted' swaks --server "127.0.0.1:$port" --silent 2 \
    --from big@b.test --to me@node.test --data "@$tmp/large"
ok 'its body is a file' wait_for '[ -n "$(ls "$node/Mail/.mailnode/spool")" ]'
rm -f "$node/Mail/.mailnode/spool"/*
pid=$(pid_of keeper)
kill -KILL "$pid" "$filer"
ok 'it is named' wait_for 'mn status -j | grep -q "its body is gone"' 20
ok 'the others go on' swaks --server "127.0.0.1:$port" --silent 2 \
    --from after@b.test --to me@node.test
ok 'into their mailbox' wait_for 'mn search -j "*" | grep -q after@b.test' 20
# More of them than are under way at once, and none has a place yet.
kill -STOP "$(pid_of filer)"
smtp-source -d -s 5 -m 600 -f many@b.test -t me@node.test "127.0.0.1:$port"
serve=$(cat "$node/serve.pid")
node_kill "$serve"
wait_for '! pgrep -s $serve >/dev/null'
n=$(sqlite3 "$MAILNODE_HOME/spool.db" "UPDATE spool SET uid = 0, box = '', name = '';
    SELECT count(*) FROM spool WHERE uid = 0")
ok 'hundreds wait without a place' [ "$n" -gt 400 ]
node_start
ok 'all of them are filed' wait_for \
    '[ "$(mn search -j -n 1000 from:many@b.test | wc -l)" = 600 ]' 20
ok 'fsck is clean again' mn fsck
ok 'the daemon ends' node_stop
done_testing
