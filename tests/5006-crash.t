#!/bin/sh
# kill -9 of the daemon and of each role, before the mark, behind the dot,
# and in between submissions: nothing is lost, nothing is sent twice unless
# the answer to a final dot is unknown, and then it says so.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*\", \"*\", NULL },
    { \"other\", \"127.0.0.1:9\", CONF_PLAIN, NULL, \"*\", \"*\", NULL } }" ||
    exit 1
node_build && node_init && node_start && unlock || exit 1

send() { printf 'Subject: test\n\ntext\n' | mn send -v -i "$@"; }
fate() { mn queue show -j "$1" | "$python" -c '
import json, sys
r = json.load(sys.stdin)["rcpt"][0]; print(r[sys.argv[1]])' "${2-fate}"; }
is_fate() { wait_for "[ \"\$(fate $1)\" = $2 ]" 20; }
# The pid of a role of this daemon.
role() { pgrep -s "$(cat "$node/serve.pid")" -x "mn-$1" | head -1; }
crash() { node_kill "$(cat "$node/serve.pid")"; }
hangs() { wait_for "grep -q '! $1 hang' \"\$hop/log\""; }
again() { node_start && unlock; }
fresh() { : >"$hop/log"; hop_rules "$@"; }

# before the mark
for step in mail rcpt data; do
	before=$(hop_count)
	fresh "$step hang"
	id=$(send "$step@far.test")
	ok "$step: under way" hangs "$step"
	ok "$step: not held any more" fails mn queue hold "$id"
	crash
	hop_rules
	ok "$step: again" again
	# The sender may have outlived its relay, and put it off.
	ok "$step: sent" wait_for "mn queue retry $id; [ \"\$(fate $id)\" = sent ]" 20
	is "$step: once" "$(hop_count)" $((before + 1))
	is "$step: and surely so" "$(fate "$id" maybe_twice)" False
done

# behind the dot
before=$(hop_count)
fresh 'dot hang'
id=$(send dot@far.test)
ok 'dot: under way' hangs dot
is 'dot: marked' "$(fate "$id")" unknown
crash
hop_rules 'mail 451 4.0.0 not yet'
ok 'dot: again' again
mn queue retry "$id"
ok 'dot: tried' wait_for "mn queue show $id | grep -q 'not yet'" 30
is 'dot: still unknown' "$(fate "$id")" unknown
is 'dot: by its route' "$(fate "$id" route)" hop
ok 'dot: another route is not for it' mn queue route "$id" other
is 'dot: it stays' "$(fate "$id" route)" hop
hop_rules
ok 'dot: retry' mn queue retry "$id"
ok 'dot: sent' is_fate "$id" sent
is 'dot: maybe twice' "$(fate "$id" maybe_twice)" True
is 'dot: to us it was once' "$(hop_count)" $((before + 1))

# taken by the server, the answer never came
before=$(hop_count)
fresh 'dot keep-close'
id=$(send kept@far.test)
ok 'kept: taken' hop_has $((before + 1))
ok 'kept: unknown' is_fate "$id" unknown
hop_rules
# Marked so before the dot, it may still be under way.
ok 'kept: asked' wait_for 'mn queue retry "$id"'
ok 'kept: sent again' hop_has $((before + 2))
is 'kept: the same letter' "$(grep -h ^Message-ID "$hop/msg.$((before + 1))" \
    "$hop/msg.$((before + 2))" | sort -u | wc -l)" 1

# one role alone
for role in relay sender keeper vault; do
	before=$(hop_count)
	fresh 'data hang'
	id=$(send "$role@far.test")
	ok "$role: under way" hangs data
	old=$(role $role)
	kill -9 "$old"
	hop_rules
	wait_for '[ "$(role $role)" != "$old" ]'
	[ $role = vault ] && wait_for '[ -n "$(role vault)" ]' && unlock
	# The relay notices that its sender is gone; the others are asked.
	wait_for '[ -n "$(role keeper)" ] && [ -n "$(role sender)" ]'
	ok "$role: asked" wait_for "mn queue retry $id || [ \"\$(fate $id)\" = sent ]"
	[ $role = vault ] && kill -9 "$(role relay)"
	ok "$role: retry" wait_for \
	    "mn queue retry $id; [ \"\$(fate $id)\" = sent ]" 20
	is "$role: once" "$(hop_count)" $((before + 1))
done

# Submissions while the daemon is killed again and again: each that said
# yes is there, each is there once.
: >"$tmp/said"
hop_rules 'mail 451 4.0.0 not yet'
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	[ $((i % 10)) = 5 ] && { ( sleep 0.0$((i % 7)); crash ) & killer=$!; }
	send "n$i@far.test" >"$tmp/id" 2>/dev/null && cat "$tmp/id" >>"$tmp/said"
	[ $((i % 10)) = 5 ] && { wait $killer; node_start; }
done
unlock
is 'each that said yes is queued' "$(while read -r id; do
	mn queue show "$id" >/dev/null 2>&1 || echo "$id"; done <"$tmp/said")" ''
diag "$(wc -l <"$tmp/said") of 40 were acknowledged"
ok 'most of them' test "$(wc -l <"$tmp/said")" -gt 30

# A damaged letter is set aside, and the others go on.
first=$(head -1 "$tmp/said")
ok 'one is held' wait_for 'mn queue hold "$first"'
truncate -s -10 "$MAILNODE_HOME/queue/$first"
hop_rules
# Who is under way just then is not put off.
all_tried()
{
	for id in $(mn queue list | cut -d' ' -f1); do
		mn queue retry "$id"
	done >/dev/null 2>&1
	mn queue list | grep -q "$first  damaged"
}
ok 'the damaged one is set aside' wait_for all_tried
ok 'and named' sh -c '"$0" status | grep -q "$1"' "$mailnode" "$first"
ok 'the others leave' wait_for \
    'all_tried; [ "$(mn queue list | wc -l)" = 1 ]' 40
is 'each once' "$(cat "$hop"/env.* | grep -o 'TO:<n[0-9]*@' | sort |
    uniq -d | wc -l)" 0
ok 'it can be dropped' mn queue drop "$first"
ok 'and is named no more' wait_for '! mn status | grep -q "$first"'
ok 'the end' node_stop
done_testing
