#!/bin/sh
# mailnode vault: what opens it, what does not, and what changes.
. "$(dirname "$0")/lib.sh"

# Lines for stdin, then the command; stderr to $node/err, stdout to $node/out.
feed()
{
	lines=$1; shift
	printf '%b' "$lines" | mn "$@" --passphrase-stdin --argon2 1 \
	    >"$node/out" 2>"$node/err"
}
refused() { # NAME TEXT LINES COMMAND...
	name=$1 text=$2; shift 2
	before=$(cat "$MAILNODE_HOME/vault" | sha256sum)
	ok "$name: refused" fails feed "$@"
	ok "$name: says why" grep -q "^mailnode: .*$text" "$node/err"
	is "$name: changes nothing" \
	    "$(cat "$MAILNODE_HOME/vault" | sha256sum)" "$before"
}

node_use n
node_config
ok 'builds' node_build
mn vault list >"$node/out" 2>"$node/err"
is 'without a vault: fails' "$?" 1
ok 'without a vault: says what to do' grep -q 'run mailnode init' "$node/err"
ok 'init' feed "$pass\n" init
v=$MAILNODE_HOME/vault

for usage in '' 'nothing' 'set' 'rm' 'slot add' 'slot rm' 'unlock -x' \
    'slot add a b c' 'list --argon2 0' 'list --argon2 1025'; do
	# shellcheck disable=SC2086
	mn vault $usage >/dev/null 2>"$node/err" </dev/null
	is "usage: vault $usage" "$?" 2
done
mn vault -h >"$node/out"
is 'vault -h' "$?" 0

ok 'set' feed "$pass\nsecret word\n" vault set relay/a me@example.org
is 'list names it, not the password' "$(mn vault list | grep relay)" \
    "$(printf '%-32s %-8s %s' relay/a login '"me@example.org"')"
ok 'the file has not the password' fails grep -q 'secret word' "$v"
ok 'no line of it ends with a blank' fails eval 'mn vault list | grep " $"'
ok 'list -j is JSON' eval 'mn vault list -j | "$python" -c "
import json, sys
e = [json.loads(l) for l in sys.stdin]
assert [x for x in e if x[\"name\"] == \"relay/a\"][0][\"user\"] == \"me@example.org\"
assert len(e) == 4"'
ok 'set again replaces' feed "$pass\nother word\n" vault set relay/a you
is 'one entry, its version' "$(mn vault list -j | grep relay |
    sed 's/.*"version":\([0-9]*\).*/\1/')" 2
ok 'set asks for the user' feed "$pass\nme\npw pw\n" vault set relay/b
ok 'and has it' eval 'mn vault list | grep -q "relay/b.*\"me\""'

refused 'wrong passphrase' 'wrong passphrase' \
    'not the one\nsecret\n' vault set relay/c me
refused 'no passphrase' 'a line is missing' '' vault set relay/c me
refused 'no secret' 'a line is missing' "$pass\n" vault set relay/c me
refused 'a name that is none' 'relay/NAME' "$pass\nx\n" vault set other me
refused 'a key as a login' 'relay/NAME' "$pass\nx\n" vault set tls/key me
refused 'a NUL in a secret' 'Invalid' "$pass\nab\\0cd\n" vault set relay/c me
refused 'rm without the passphrase' 'wrong passphrase' 'no\n' vault rm relay/a
refused 'rm of what is not there' 'no such entry' "$pass\n" vault rm relay/x
refused 'rm of the TLS key' 'cannot do without' "$pass\n" vault rm tls/key
ok 'rm' feed "$pass\n" vault rm relay/b
ok 'it is gone' fails eval 'mn vault list | grep -q relay/b'

refused 'passwd needs the old one' 'wrong passphrase' \
    'no\nnew passphrase\n' vault passwd
refused 'passwd with a short one' '8 octets' "$pass\nshort\n" vault passwd
refused 'slot add needs one' 'wrong passphrase' \
    'no\nanother one\n' vault slot add phone
refused 'slot rm needs one' 'wrong passphrase' 'no\n' vault slot rm passphrase
refused 'the last slot stays' 'last way' "$pass\n" vault slot rm passphrase
refused 'a label that is taken' 'name is taken' "$pass\nanother one\n" \
    vault slot add passphrase
refused 'a label that is none' 'not a name' "$pass\nanother one\n" \
    vault slot add 'Two Words'

ok 'recovery words' feed "$pass\n" vault slot recovery paper
words=$(cat "$node/out")
is 'nine words' "$(printf %s "$words" | tr -- - '\n' | grep -c '^[a-z]\{5\}$')" 9
ok 'open it' feed "$words\n" vault rm relay/a
ok 'also as people type' feed \
    "$(printf %s "$words" | tr 'a-z-' 'A-Z ')\npw pw pw\n" vault set relay/a me
bad=$(printf %s "$words" | sed 's/^\(.\)./\1X/; s/X/o/')
[ "$bad" != "$words" ] || bad=$(printf %s "$words" | sed 's/^\(.\)./\1a/')
refused 'a mistyped word' 'mistyped' "$bad\n" vault rm relay/a
ok 'passwd' feed "$pass\na new passphrase\n" vault passwd
refused 'the old one is out' 'wrong passphrase' "$pass\n" vault rm relay/a
pass='a new passphrase'
ok 'another slot' feed "$pass\nthe second one\n" vault slot add second
is 'three slots' "$(mn vault slot list -j | grep -c '"label"')" 3
ok 'the first may go' feed 'the second one\n' vault slot rm passphrase
refused 'and is out' 'wrong passphrase' "$pass\n" vault rm relay/a
pass='the second one'

ok 'a credential' feed "$pass\n" vault slot credential
mkdir "$tmp/creds"
cp "$node/out" "$tmp/creds/mailnode"
is 'is a key' "$(grep -c '^[0-9a-f]\{64\}$' "$tmp/creds/mailnode")" 1
refused 'and no passphrase' 'wrong passphrase' \
    "$(cat "$tmp/creds/mailnode")\n" vault rm relay/a

# what befalls files
cp "$v" "$tmp/good"
size=$(stat -c %s "$v")
for n in 1 20 39 40 200 $((size - 1)); do
	head -c "$n" "$tmp/good" >"$v"
	refused "truncated to $n" 'truncated' "$pass\n" vault rm relay/a
done
: >"$v"
refused 'empty' 'truncated' "$pass\n" vault rm relay/a
for at in 16 20 24 45 100 $((size - 1)); do
	cp "$tmp/good" "$v"
	perl -e 'open F, "+<", $ARGV[0]; seek F, $ARGV[1], 0; read F, $c, 1;
	    seek F, $ARGV[1], 0; print F chr(ord($c) ^ 4)' "$v" "$at"
	refused "bit flipped at $at" 'damaged' "$pass\n" vault rm relay/a
	refused "init over it at $at" 'damaged' "$pass\n" init
done
"$python" - "$tmp/good" "$v" <<'P'
import hashlib, struct, sys
b = bytearray(open(sys.argv[1], "rb").read())
b[16:20] = struct.pack("<I", 3)
b[24:40] = hashlib.blake2b(b[:24], digest_size=16).digest()
b[-32:] = hashlib.blake2b(b[:-32], digest_size=32).digest()
open(sys.argv[2], "wb").write(b)
P
refused 'newer version' 'newer version of mailnode' "$pass\n" vault rm relay/a
refused 'init over a newer one' 'newer version' "$pass\n" init
echo 'something else' >"$v"
refused 'not a vault' 'not a vault' "$pass\n" vault rm relay/a
cp "$tmp/good" "$v"

# the disk refuses: the file stays whole
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir "$tmp/ro"
	cp -r "$MAILNODE_HOME" "$tmp/ro/home"
	chown -R 65534 "$tmp/ro/home"
	chmod 755 "$tmp" "$tmp/ro"
	chmod 500 "$tmp/ro/home"
	install -m 755 "$mailnode" "$tmp/ro/mailnode"
	ok 'a directory that cannot be written' fails eval 'printf "%s\n" "$pass" |
	    MAILNODE_HOME=$tmp/ro/home setpriv --reuid 65534 --clear-groups \
	    "$tmp/ro/mailnode" vault rm relay/a --passphrase-stdin 2>"$node/err"'
	ok 'says so' grep -q 'ermission denied' "$node/err"
	ok 'and the vault is as before' cmp -s "$tmp/ro/home/vault" "$v"
fi

# the daemon: locked, unlocked, told of changes
start()
{
	setsid "$mailnode" serve >>"$node/log" 2>&1 </dev/null &
	echo $! >"$node/serve.pid"
	wait_for 'mn status -j 2>/dev/null | grep -q "role\":\"vault\",\"running\":1"'
}
locked() { mn status -j | grep -q '"locked: outgoing'; }
ok 'lock without a daemon is refused' fails feed '' vault lock
ok 'unlock without a daemon is refused' fails feed "$pass\n" vault unlock
ok 'says so' grep -q 'no daemon' "$node/err"
ok 'serves' start
ok 'starts locked' wait_for locked
refused 'unlock: wrong passphrase' 'wrong passphrase' 'no\n' vault unlock
ok 'still locked' locked
mn vault set relay/d me --secret-stdin </dev/null 2>"$node/err"
is 'locked: set without passphrase is refused' "$?" 1
ok 'says why' grep -q 'vault is locked: mailnode vault unlock' "$node/err"
ok 'locked: set with the passphrase' feed "$pass\nsome word\n" vault set relay/d me
ok 'unlock' feed "$pass\n" vault unlock
ok 'unlocked' wait_for '! locked'
ok 'unlocked: set needs no passphrase' eval 'echo "a word" |
    mn vault set relay/e me --secret-stdin'
ok 'it is in the file' eval 'mn vault list | grep -q relay/e'
ok 'and takes it, too' feed "$pass\na word\n" vault set relay/e me --secret-stdin
ok 'rm asks all the same' fails eval 'mn vault rm relay/e --passphrase-stdin </dev/null'
ok 'rm' feed "$pass\n" vault rm relay/e
ok 'passwd under way' feed "$pass\nthird passphrase\n" vault passwd second
pass='third passphrase'
ok 'stays unlocked' eval '! locked'
ok 'rotate in the vault' eval 'mn key rotate >"$node/out"'
is 'two wait' "$(mn key list | grep -c waiting)" 2
ok 'lock' feed '' vault lock
ok 'is locked' wait_for locked
ok 'unlocks' feed "$pass\n" vault unlock
cp "$v" "$tmp/whole"
echo x >>"$v"
ok 'lock, whatever became of the file' feed '' vault lock
ok 'locks' wait_for locked
cp "$tmp/whole" "$v"
ok 'unlock again' feed "$pass\n" vault unlock
pid=$(pgrep -s "$(cat "$node/serve.pid")" -x mn-vault)
is 'one vault process' "$(echo "$pid" | wc -w)" 1
if [ -z "${SAN-}" ]; then
	ok 'locks memory' eval \
	    '[ "$(awk "/VmLck/ { print \$2 }" /proc/$pid/status)" -ge 64 ]'
fi
ok 'lets nobody trace it' eval '[ "$(stat -c %u /proc/$pid/fd 2>/dev/null ||
    echo 0)" = 0 ] && ! su nobody -s /bin/sh -c "cat /proc/$pid/maps" \
    >/dev/null 2>&1'
is 'holds no file open' "$(ls -l "/proc/$pid/fd" | grep -c "$node")" \
    "$(ls -l "/proc/$pid/fd" | grep "$node" | grep -c '/log$')"
kill -KILL "$pid"
ok 'killed, it comes back locked' wait_for 'locked && pgrep -s \
    "$(cat "$node/serve.pid")" -x mn-vault >/dev/null'
ok 'stops' node_stop
# memory that cannot be locked is an alarm (root may always)
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	rm -rf "$tmp/ro"
	mkdir -p "$tmp/ro"
	cp -r "$MAILNODE_HOME" "$tmp/ro/home"
	rm -rf "$tmp/ro/home/run"
	install -m 755 "$mailnode" "$tmp/ro/mailnode"
	chown -R 65534 "$tmp/ro"
	# exec, so that in the background $! is what it runs
	as_nobody()
	{
		MAILNODE_HOME=$tmp/ro/home HOME=$tmp/ro exec prlimit \
		    --memlock=65536 setpriv --reuid 65534 --clear-groups \
		    --inh-caps=-all --bounding-set=-all "$@"
	}
	as_nobody setsid "$tmp/ro/mailnode" serve >"$tmp/ro.log" 2>&1 &
	echo $! >"$tmp/ro/serve.pid"
	wait_for 'grep -q "role=vault.*boot=1" "$tmp/ro.log"'
	ok 'serves as another user' eval 'printf "%s\n" "$pass" | (as_nobody \
	    "$tmp/ro/mailnode" vault unlock --passphrase-stdin)'
	# a sanitizer says that every mlock() went well
	[ -n "${SAN-}" ] || ok 'no memory to lock is an alarm' wait_for \
	    'grep -q "alarm.*cannot be locked" "$tmp/ro.log"'
	kill "$(cat "$tmp/ro/serve.pid")"
	wait "$(cat "$tmp/ro/serve.pid")"
	rm -f "$tmp/ro/serve.pid"
fi
export CREDENTIALS_DIRECTORY="$tmp/creds"
said=$(wc -l <"$node/log")
ok 'serves with the credential' start
ok 'starts unlocked' wait_for \
    'tail -n +$((said + 1)) "$node/log" | grep -q "owner=1"'
ok 'stops' node_stop
tr 0-9 1-90 <"$tmp/creds/mailnode" >"$tmp/creds/other"
mv "$tmp/creds/other" "$tmp/creds/mailnode"
ok 'serves with another' start
ok 'which opens nothing, by name' wait_for \
    'mn status -j | grep -q "credential.*opens no slot"'
ok 'but TLS' eval 'mn cert request >/dev/null'
ok 'stops' node_stop
done_testing
