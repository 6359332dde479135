#!/bin/sh
# mailnode cert and key: a certificate of a real issuer, DKIM keys in turn.
. "$(dirname "$0")/lib.sh"

node_use n
node_config
ok 'builds' node_build
ok 'init' eval 'printf "%s\n" "$pass" |
    mn init --passphrase-stdin --argon2 1 >/dev/null'
chain=$MAILNODE_HOME/tls/chain.pem

# a CA, an intermediate, and a leaf for what cert request says
cd "$node" || exit 1
ext() { printf '%b' "$1" >ext; }
sub() { # NAME CN ISSUER EXT: signs NAME.csr
	openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -days 90 \
	    -CAcreateserial -extfile ext -out "$1.pem" 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/CN=Test Root' -keyout root.key -out root.pem -days 99 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/CN=Test Issuer' -keyout inter.key -out inter.csr 2>/dev/null
ext 'basicConstraints=critical,CA:TRUE\n'
sub inter '' root
ok 'cert request' eval 'mn cert request >leaf.csr'
ok 'is signed and for the host' eval 'openssl req -in leaf.csr -noout -verify \
    -text 2>&1 | tr -d "\n" | grep -q "OK.*DNS:mail.node.test\|DNS:mail.node.test.*OK"'
ext 'subjectAltName=DNS:mail.node.test\n'
sub leaf '' inter
cat leaf.pem inter.pem >chain.pem

refused() { # NAME TEXT FILE
	name=$1 text=$2 file=$3
	before=$(sha256sum <"$chain")
	ok "$name: refused" fails eval 'mn cert install "$file" 2>err'
	ok "$name: says why" grep -q "$text" err
	is "$name: changes nothing" "$(sha256sum <"$chain")" "$before"
}
: >empty
refused 'no file' 'No such file' none.pem
refused 'an empty one' 'not a usable' empty
refused 'a private key' 'not a usable' root.key
refused 'another key' 'another key' root.pem
cat leaf.pem root.pem >wrong.pem
refused 'a chain with a gap' 'not signed by the next' wrong.pem
{ cat leaf.pem; echo '-----BEGIN CERTIFICATE-----'; echo AAAA
    echo '-----END CERTIFICATE-----'; } >wrong.pem
refused 'rubbish behind the leaf' 'not a usable' wrong.pem
cp leaf.csr other.csr
ext 'subjectAltName=DNS:other.node.test\n'
sub other '' inter
refused 'another name' 'another name' other.pem
ext 'subjectAltName=DNS:mail.node.test\n'
# Some take no days of the past, others no dates.
for when in '-days -1' '-not_before 20200101000000Z -not_after 20200201000000Z'
do
	openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key $when \
	    -CAcreateserial -extfile ext -out old.pem 2>/dev/null && break
done
refused 'an expired one' 'not valid at this time' old.pem
ok 'cert renew makes a new self-signed one' mn cert renew
ok 'cert install' eval 'mn cert install chain.pem 2>err'
ok 'says that nobody knows its authority' grep -q 'no authority' err
ok 'so does doctor' eval 'mn doctor 2>&1 | grep "^note *cert .*no authority"'
ok 'it is in its place' cmp chain.pem "$chain"
ok 'cert show' eval 'mn cert | grep -q "^issuer *CN=Test Issuer$"'
ok 'and that it serves' eval 'mn cert show -j | grep -q "\"serves\":true"'
ok 'cert renew leaves it to its issuer' fails eval 'mn cert renew 2>err'
ok 'and says so' grep -q 'Test Issuer: issued it' err
ok 'install takes stdin' eval 'mn cert install - <chain.pem'
mn cert nothing 2>/dev/null
is 'usage' "$?" 2
mn cert install 2>/dev/null
is 'usage of install' "$?" 2
cd "$top" || exit 1

# DKIM keys
first=$(mn key list | awk '$2 == "rsa" { print $1 }')
is 'one active of each' "$(mn key list | grep -c ' active$')" 2
ok 'the last is not retired' fails eval 'printf "%s\n" "$pass" |
    mn key retire "$first" --passphrase-stdin 2>"$node/err"'
ok 'says what to do' grep -q 'key rotate first' "$node/err"
ok 'rotate' eval 'printf "%s\n" "$pass" |
    mn key rotate --passphrase-stdin >"$node/out"'
ok 'prints what to publish' eval '[ "$(grep -c "IN TXT" "$node/out")" = 2 ]'
ok 'and how to go on' grep -q "key retire $first" "$node/out"
is 'the old one signs on' "$(mn key list | awk -v s="$first" \
    '$1 == s { print $4 }')" active
is 'the new ones wait' "$(mn key list | grep -c ' waiting$')" 2
ok 'retire wants the passphrase' fails eval 'echo no |
    mn key retire "$first" --passphrase-stdin 2>/dev/null'
ok 'retire' eval 'printf "%s\n" "$pass" |
    mn key retire "$first" --passphrase-stdin >/dev/null'
is 'it is retired' "$(mn key list | awk -v s="$first" \
    '$1 == s { print $4 }')" retired
is 'the next one signs' "$(mn key list | awk '$2 == "rsa" &&
    $4 == "active"' | wc -l)" 1
ok 'twice is refused' fails eval 'printf "%s\n" "$pass" |
    mn key retire "$first" --passphrase-stdin 2>/dev/null'
ok 'key list -j: records are those of the DNS' eval 'mn key list -j |
    "$python" -c "
import base64, json, sys
for l in sys.stdin:
    r = json.loads(l)
    p = base64.b64decode(r[\"record\"].split(\"p=\")[1])
    assert len(p) == (32 if r[\"algorithm\"] == \"ed25519\" else 294), len(p)"'
mn key nothing 2>/dev/null
is 'usage of key' "$?" 2
done_testing
