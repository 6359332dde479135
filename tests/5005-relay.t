#!/bin/sh
# A real relay: Debian's Postfix, which wants a login and TLS, and what it
# received as dkimpy sees it.
. "$(dirname "$0")/lib.sh"
. tests/postfix.sh
. tests/hop.sh

postfix_config
postfix_tls && postfix_sasl me secret-word || skip_all 'no SASL'
postfix_start || exit 1

node_use a
node_config relays "{
    { \"name\", \"localhost:$postfix_port\", CONF_STARTTLS, \"relay/peer\",
      \"*\", \"*@peer.test\", \"$postfix/ca.pem\" },
    { \"wrong\", \"localhost:$postfix_port\", CONF_STARTTLS, \"relay/wrong\",
      \"*\", \"*@wrong.test\", \"$postfix/ca.pem\" } }" \
    sign_ed25519 1 || exit 1
node_build && node_init && node_start && unlock || exit 1
login() { printf '%s\n%s\n' "$pass" "$2" |
    mn vault set "relay/$1" "$3" --passphrase-stdin; }
ok 'a login' login peer secret-word me@relay.peer.test
ok 'a wrong one' login wrong other-word me@relay.peer.test

fate() { mn queue show -j "$1" | "$python" -c '
import json, sys
r = json.load(sys.stdin)["rcpt"][0]; print(r["fate"], r["reply"])'; }
there() { wait_for "[ \$(postfix_mail | wc -l) -ge $1 ]" 20; }

id=$(printf 'To: You <you@peer.test>\nSubject: hello\n\nfirst\n..\n.\n' |
    mn send -v -t -i)
ok 'delivered' there 1
becomes 'sent' 'fate "$id" | cut -d" " -f1' sent
ok 'after a login' wait_for 'grep -q "sasl_username=me" "$postfix/log"'
ok 'by SCRAM' grep -q 'sasl_method=SCRAM-SHA-256' "$postfix/log"
ok 'over verified TLS' sh -c '"$0" queue show "$1" | grep -q "tls TLSv1.3.* verified"' "$mailnode" "$id"

# Every delivered letter, as a verifier with our public keys sees it.
mn key list -j >"$tmp/keys"
cat >"$tmp/verify.py" <<'END'
import json, subprocess, sys
import dkim
records = {}
for line in open(sys.argv[1]):
    if line.strip():
        k = json.loads(line)
        name = k.get('record_name') or '%s._domainkey.node.test' % k['selector']
        records[name.rstrip('.') + '.'] = k['record'].encode()
def txt(name, timeout=5):
    name = (name if isinstance(name, str) else name.decode()).rstrip('.') + '.'
    return records.get(name)
for path in sys.argv[2:]:
    data = open(path, 'rb').read().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
    data = data[data.index(b'DKIM-Signature:'):]
    d = dkim.DKIM(data)
    n = sum(1 for h, _ in d.headers if h.lower() == b'dkim-signature')
    print(n, *[d.verify(i, dnsfunc=txt) for i in range(n)])
END
verify() { postfix_mail | sort | xargs "$python" "$tmp/verify.py" "$tmp/keys"; }
is 'two signatures, both good' "$(verify)" '2 True True'

id=$(printf 'Subject: no\n\nx\n' | mn send -v you@wrong.test)
ok 'a wrong password' wait_for 'fate "$id" | grep -q "535\|AUTH"'
is 'waits' "$(fate "$id" | cut -d' ' -f1)" waiting
ok 'an alarm says what to do' wait_for 'mn status | grep -q \
    "alarm .*relay wrong: AUTH: 535.*(mailnode vault set relay/wrong)"'
# One refused login is enough for all.
failed() { grep -c 'authentication failed' "$postfix/log"; }
wait_for '[ "$(failed)" -ge 1 ]'
before=$(failed)
second=$(printf 'Subject: nor this\n\nx\n' | mn send -v you@wrong.test)
ok 'the next does not try it' wait_for \
    'fate "$second" | grep -q "refused our login"'
is 'nor uses up an attempt' "$(mn queue show -j "$second" | "$python" -c '
import json, sys
r = json.load(sys.stdin); print(r["rcpt"][0]["attempts"],
    r["rcpt"][0]["fate"], r["due"] > r["created"] + 300)')" '0 waiting True'
is 'no login was tried' "$(failed)" "$before"
mn queue retry "$second"
ok 'asked for, it is' wait_for '[ "$(failed)" -gt "$before" ]'
# With the old one still: what is said of that comes first.
ok 'in vain' wait_for 'mn queue show -j "$second" | grep -q "\"attempts\":1"'
ok 'with the right one' login wrong secret-word me@relay.peer.test
for i in "$id" "$second"; do
	ok 'what waits goes to that relay again, by itself' wait_for \
	    '! fate "$i" | grep -q "AUTH\|login" && [ "$(fate "$i")" != "waiting " ]'
done
ok 'and the alarm is over' wait_for '! mn status | grep -q "relay wrong"'
mn queue drop "$id" 2>/dev/null
mn queue drop "$second" 2>/dev/null

# Many at once: few connections, each letter once.
before=$(grep -c ' connect from localhost' "$postfix/log")
node_stop
for i in $(seq 25); do
	printf 'Subject: n%d\n\ntext %d\n' "$i" "$i" | mn send -i you@peer.test
done
node_start && unlock
ok '25 letters' wait_for '[ $(postfix_mail | wc -l) -ge 26 ]' 40
after=$(grep -c ' connect from localhost' "$postfix/log")
diag "$((after - before)) connections"
ok 'over fewer connections' test $((after - before)) -le 5
is 'each once' "$(postfix_mail | xargs grep -h '^Subject: n' | sort | uniq -d | wc -l)" 0
is 'all verified' "$(verify | sort | uniq -c | tr -s ' ')" ' 26 2 True True'

{ printf 'Subject: big\n\n'; yes 'a line that is longer than the others' |
    head -c 20000000; } | mn send -i you@peer.test
ok '20 MB' there 27
is 'verified too' "$(verify | sort -u)" '2 True True'

{ printf 'Subject: =?utf-8?q?=C3=A4?=\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\303\244\303\266\n'; } |
    mn send -i you@peer.test
ok '8 bit' there 28
is 'verified as well' "$(verify | sort -u)" '2 True True'
node_stop
postfix_stop
done_testing
