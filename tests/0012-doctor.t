#!/bin/sh
# mailnode doctor: each check, right and wrong, and its remedy.
. "$(dirname "$0")/lib.sh"

node_use a
dns_start || exit 1
node_config resolvers "{ { \"$dns\", 0 } }" relays '{ { "prov",
    "127.0.0.1:9", CONF_TLS, "relay/prov", "*", "*", NULL } }' \
    hooks "{ { \"deliver\", \"/bin/true\", 2, 0, 0 },
	{ \"delivered\", \"$tmp/prog\", 2, 0, 0 },
	{ \"deliverd\", \"/bin/true\", 2, 0, 0 } }" || exit 1
node_build && node_init || exit 1

look() { mn doctor -j >"$tmp/found" 2>"$tmp/err"; }
# says VERDICT CHECK TEXT [REMEDY]: the finding stands there.
says() { grep -q "{\"verdict\":\"$1\",\"check\":\"$2\",\"text\":\"[^\"]*$3[^\"]*\",\"remedy\":\"[^\"]*${4-}" "$tmp/found" ||
    { cat "$tmp/found" "$tmp/err"; false; }; }
again() { # until the new zone is seen
	v=$1 c=$2 text=$3 remedy=${4-}
	wait_for 'look; says "$v" "$c" "$text" "$remedy" >/dev/null' ||
	    says "$v" "$c" "$text" "$remedy"
}

node_use none
mailnode=$tmp/a/build/mailnode
for c in search\ x queue alias fsck tag\ +x\ y 'import /etc' 'why x' 'show 1' \
    'rejects' 'export out' 'send x@far.test' 'cert' 'device'; do
	# shellcheck disable=SC2086
	mn $c >"$tmp/said" 2>&1 </dev/null
	is "before init: $c" "$(sed 's/^mailnode: .*: there is no .*; run mailnode init$/no/' \
	    "$tmp/said")" no
done
is 'and nothing is made' "$(ls -A "$node")" ''
node_use a

mn doctor x 2>/dev/null
is 'usage' "$?" 2
look
is 'nothing published: it is bad' "$?" 1
ok 'no daemon' says bad daemon 'none runs' 'systemctl'
ok 'no address' says bad A 'has no address' 'publish'
ok 'no MX' says bad MX 'is missing' 'mailnode init'
ok 'no SPF' says note SPF 'has none' 'mailnode init'
ok 'no DMARC' says note DMARC 'has none'
ok 'no DKIM' says bad DKIM '[0-9]*r._domainkey.node.test is missing'
ok 'Ed25519 does not sign' says note DKIM 'e._domainkey.node.test is missing; it does not sign'
ok 'no login' says bad vault 'has no relay/prov' 'vault set'
ok 'a hook' says ok hook '/bin/true of deliver'
ok 'a hook that is none' says bad hook 'prog of delivered is no program' 'install it'
cp /bin/true "$tmp/prog"
ok 'a hook of no event' says note hook 'no rule names deliverd'
ok 'files' says ok files 'boot.key is yours alone'
ok 'cert' says ok cert 'days left; self-signed'

# published, but not so
key=$(mn key list -j | grep '"rsa"' | sed 's/.*"record":"\([^"]*\)".*/\1/')
sel=$(mn key list | awk '$2 == "rsa" { print $1 }')
cat >"$tmp/zone" <<Z
mail.node.test A 192.0.2.5
5.2.0.192.in-addr.arpa PTR other.test.
node.test MX 10 other.test.
node.test TXT "v=spf1 mx ~all"
node.test TXT "v=spf1 -all"
_dmarc.node.test TXT "v=DMARC1; p=none"
$sel._domainkey.node.test TXT "v=DKIM1; k=rsa; p=AAAA"
_25._tcp.mail.node.test TLSA 3 1 1 $(printf '%064d' 0)
Z
chmod 644 "$MAILNODE_HOME/boot.key"
printf '%s\nword word\n' "$pass" | mn vault set relay/prov me \
    --passphrase-stdin --argon2 1
node_start || exit 1
ok 'the MX of others' again bad MX 'names other.test, not mail.node.test'
ok 'address' says ok A '192.0.2.5'
ok 'its name' says note 'PTR 192.0.2.5' 'other.test, not mail.node.test'
ok 'two of SPF' says bad SPF '2 records: all are void' 'one of them'
ok 'DMARC' says ok DMARC 'v=DMARC1; p=none'
ok 'another key' says bad DKIM 'is another key: what you send fails'
ok 'a TLSA that fits not' says bad TLSA 'fits our key: who knows DANE'
ok 'a key for all to read' says bad files 'others may use .*boot.key' 'chmod 600'
ok 'a daemon' says ok daemon runs
is 'in lines of a terminal' "$(mn doctor | awk 'length > 80')" ''
mkdir -m 755 "$node/maßen"
ok 'a path as it is spelt' eval 'MAILNODE_HOME="$node/maßen" mn doctor 2>"$tmp/err" |
    grep -q "/maßen"'
ok 'locked: its alarm' again bad alarm 'vault: locked'
ok 'the login is there' fails says bad vault 'relay/prov'

# all is well
tlsa=$(mn cert show -j | sed 's/.*"spki":"\([0-9a-f]*\)".*/\1/')
half=$(printf '%s' "$key" | cut -c 1-200)
cat >"$tmp/zone" <<Z
mail.node.test A 192.0.2.6
6.2.0.192.in-addr.arpa PTR mail.node.test.
node.test MX 10 mail.node.test.
node.test TXT "v=spf1 mx ~all"
node.test TXT "another one"
_dmarc.node.test TXT "v=DMARC1; p=none"
$sel._domainkey.node.test TXT "$half" "${key#"$half"}"
_25._tcp.mail.node.test TLSA 3 1 1 $tlsa
Z
chmod 600 "$MAILNODE_HOME/boot.key"
printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin
ok 'MX' again ok MX 'node.test to mail.node.test'
ok 'PTR' says ok 'PTR 192.0.2.6' mail.node.test
ok 'one of SPF' says ok SPF 'v=spf1 mx ~all'
ok 'our key, in two strings' says ok DKIM "$sel._domainkey.node.test is our key"
ok 'TLSA' says ok TLSA 'fits our key'
ok 'no alarm is left' eval 'wait_for "look; ! grep -q \\\"alarm\\\" \"\$tmp/found\""'
is 'and nothing is bad' "$(grep -c '"bad"' "$tmp/found")" 0
ok 'so it returns 0' mn doctor
ok 'for people, too' eval 'mn doctor | grep -q "^ok    MX          node.test to mail"'

# ---- a key that waits for the DNS
phrased() { printf '%s\n' "$pass" | mn "$@" --passphrase-stdin; }
phrased key rotate >/dev/null
next=$(mn key list | awk '$2 == "rsa" && $4 == "waiting" { print $1 }')
ok 'a change to a key that is not published' \
    eval 'phrased key retire "$sel" 2>"$tmp/err"'
is 'is warned of' "$(cat "$tmp/err")" \
    "mailnode: $next._domainkey.node.test: the DNS has no such key yet: what you send will fail"
record=$(mn key list -j | sed -n "s/.*\"$next\".*\"record\":\"\([^\"]*\)\".*/\1/p")
printf '%s._domainkey.node.test TXT "%.200s" "%s"\n' "$next" "$record" \
    "$(printf %s "$record" | cut -c201-)" >>"$tmp/zone"
ok 'published' again ok DKIM "$next._domainkey.node.test is our key"
phrased key rotate >/dev/null
last=$(mn key list | awk '$2 == "rsa" && $4 == "waiting" { print $1 }')
ok 'what does not sign' eval 'phrased key retire "$last" 2>"$tmp/err"'
is 'is no loss' "$(cat "$tmp/err")" ''
printf 'x' >>"$MAILNODE_HOME/vault"
ok 'a damaged vault is bad' again bad vault damaged backup
ok 'a DNS that does not answer is said' eval 'mn doctor -j -r 127.0.0.1:9 >"$tmp/found" 2>"$tmp/err"
    says note A "nobody answers"'
is 'and in no other way' "$(cat "$tmp/err")" ''

# ---- a relay that is none
node_use b
node_config resolvers "{ { \"$dns\", 0 } }" relays '{ { "odd",
    "mail.far.test:smtps", CONF_TLS, NULL, "*", "*", NULL } }' &&
    node_build && node_init || exit 1
look
ok 'no port that can be read' says bad relay 'odd has no host and port' 'mend relays'
done_testing
