#!/bin/sh
# A search index that opens, but refuses what is written to it: it is given up
# and made anew by itself.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

node_use n
node_config && node_build && node_init && node_start || exit 1
index=$node/Mail/.notmuch
many() { seq "$1" $(($1 + 120)) | tr '\n' ' '; }
for n in $(seq 300); do
	letter "$n" "$(many $((n * 120)))" >"$tmp/m$n"
done
put_mail INBOX "$tmp"/m*
finds() { mn search "$1" | grep -q "letter $2"; }
ok 'mail is learnt' wait_for 'finds id:300@test 300'
node_stop

# The leaves of a tree: nothing reads them before the next message comes.
"$python" - "$index/xapian/termlist.glass" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    d = f.read()
    assert len(d) > 4 * 8192, len(d)
    for at in range(0, len(d), 8192):
        if d[at + 4] == 0:
            f.seek(at + 5)
            f.write(b"\xa5" * 8187)
END
node_start
letter after 'behind the trouble' >"$tmp/after"
put_mail INBOX "$tmp/after"
ok 'an alarm says so' wait_for \
    'mn status | grep -q "alarm .*the search index cannot be written"'
ok 'and what became of it' wait_for 'grep -q \
    "alarm text=\"the search index was damaged: it is made anew" "$node/log"' 60
ok 'what comes is learnt' wait_for 'finds id:after@test after'
ok 'and what was before' wait_for 'finds id:300@test 300'
ok 'no alarm stays' wait_for '! mn status | grep -q "alarm .*index"'
ok 'what it was stands aside' test -e "$index/xapian.aside/given-up"
ok 'it stops' node_stop
done_testing
