#!/bin/sh
# What was secret stands in no memory afterwards, and nobody looks inside.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

[ "$(id -u)" = 0 ] || skip_all 'needs root to read the memory of others'
[ -z "${SAN-}" ] || skip_all 'a sanitizer keeps what was freed'
word='Zebra-Quartz-77'
hop_start --tls starttls --auth PLAIN me "$word" || exit 1
node_use n
node_config relays "{ { \"hop\", \"localhost:$hop_port\", CONF_STARTTLS,
    \"relay/hop\", \"*\", \"*\", \"$hop_pin\" } }" || exit 1
node_build && node_init && node_start || exit 1

# Every process of the node, and what it remembers of a text.
remembers()
{
	for p in $(pgrep -s "$(cat "$node/serve.pid")"); do
		n=$("$python" tests/tools/memscan.py "$p" "$1" 2>/dev/null) ||
		    continue
		[ "$n" = 0 ] || printf '%s %s\n' "$(cat "/proc/$p/comm")" "$n"
	done
}
ok 'the tool finds what is there' eval '[ -n "$(remembers mail.node.test)" ]'
ok 'unlock' unlock
is 'the passphrase is nowhere' "$(remembers "$pass")" ''
ok 'a password, through the vault' eval 'printf "%s\n" "$word" |
    mn vault set relay/hop me --secret-stdin'
is 'is nowhere' "$(remembers "$word")" ''
ok 'a letter' eval 'printf "To: you@far.test\n\ntext\n" | mn send -t'
ok 'leaves after a login with it' hop_has 1
ok 'which is over' wait_for '[ -z "$(mn queue list)" ]'
is 'and the password is nowhere' "$(remembers "$word")" ''
ok 'no log has it' fails grep -rq "$word\|$pass" "$node/log" "$MAILNODE_HOME"
told()
{
	for p in $(pgrep -s "$(cat "$node/serve.pid")"); do
		cat "/proc/$p/cmdline" "/proc/$p/environ" 2>/dev/null
	done
}
ok 'nor an argument or an environment' eval '! told | grep -aq "$word\|$pass"'
ok 'lock' mn vault lock
is 'locked: nowhere' "$(remembers "$word")" ''
ok 'stops' node_stop

# The same user is a stranger to the vault process, too.
mkdir "$tmp/ro"
chmod 755 "$tmp"
cp -r "$MAILNODE_HOME" "$tmp/ro/home"
rm -rf "$tmp/ro/home/run"
install -m 755 "$mailnode" "$tmp/ro/mailnode"
chown -R 65534 "$tmp/ro"
# exec, so that in the background $! is what it runs
as_nobody()
{
	MAILNODE_HOME=$tmp/ro/home HOME=$tmp/ro exec setpriv --reuid 65534 \
	    --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}
nobody_can() { (as_nobody "$@") >/dev/null 2>&1; }
as_nobody setsid "$tmp/ro/mailnode" serve >"$tmp/ro.log" 2>&1 &
echo $! >"$tmp/ro/serve.pid"
ok 'serves as another user' wait_for 'grep -q "role=vault.*boot=1" "$tmp/ro.log"'
vault=$(pgrep -s "$(cat "$tmp/ro/serve.pid")" -x mn-vault)
ok 'that user cannot read its memory' fails nobody_can cat "/proc/$vault/maps"
ok 'nor its environment' fails nobody_can cat "/proc/$vault/environ"
ok 'nor what it has open' fails nobody_can ls "/proc/$vault/fd"
as_nobody tail -f /dev/null >/dev/null 2>&1 &
other=$!
at_exit "$other"
ok 'though it can with others of its own' wait_for \
    'nobody_can cat "/proc/$other/maps"'
kill "$(cat "$tmp/ro/serve.pid")"
wait "$(cat "$tmp/ro/serve.pid")"
rm -f "$tmp/ro/serve.pid"
done_testing
