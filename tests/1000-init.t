#!/bin/sh
# mailnode init: everything made, run again nothing changed, missing repaired.
. "$(dirname "$0")/lib.sh"

init() { printf '%s\n' "$pass" | mn init --passphrase-stdin --argon2 1; }

# A line for each file with its content, and each directory.
snapshot()
{
	(cd "$node" && find home Mail .config -type d -o -type f | sort |
	    while read -r f; do
		[ -d "$f" ] && echo "$f/" || sha256sum "$f"
	    done)
}

node_use n
node_config
ok 'builds' node_build

ok 'init succeeds' eval 'init >"$node/first" 2>"$node/err"'
is 'and has nothing to complain of' "$(cat "$node/err")" ''
is 'home is ours alone' "$(stat -c %a "$MAILNODE_HOME")" 700
for f in vault boot.key; do
	is "$f is ours alone" "$(stat -c %a "$MAILNODE_HOME/$f")" 600
done
for f in INBOX Sent Drafts Archive Junk Trash Rejects; do
	ok "Maildir $f" eval '[ -d "$node/Mail/$f/cur" ] &&
	    [ -d "$node/Mail/$f/new" ] && [ -d "$node/Mail/$f/tmp" ]'
done
is 'no line says kept' "$(grep -c ^kept "$node/first")" 0
for want in 'IN MX	10 mail.node.test' 'v=spf1' 'v=DMARC1' 'v=TLSRPTv1' \
    'k=rsa' 'k=ed25519' 'IN TLSA	3 1 1' 'mta-sts'; do
	ok "names $want" grep -q "$want" "$node/first"
done
ok 'no TXT string is longer than 255' eval \
    '! grep -Eq "\"[^\"]{256}" "$node/first"'
ok 'the DKIM record holds the key' eval 'grep "k=rsa" "$node/first" |
    tr -d "\" ()" | sed "s/.*p=//" | base64 -d |
    openssl pkey -pubin -inform DER -noout -text | grep -q "2048 bit"'
ok 'the TLSA record is that of the certificate' eval 'grep -q "$(openssl x509 \
    -in "$MAILNODE_HOME/tls/chain.pem" -noout -pubkey |
    openssl pkey -pubin -outform DER | sha256sum | cut -d" " -f1)" \
    "$node/first"'
ok 'the certificate is for the host name' eval 'openssl x509 -noout \
    -checkhost mail.node.test -in "$MAILNODE_HOME/tls/chain.pem" |
    grep -q "does match"'
if [ ! -e "/var/lib/systemd/linger/$(id -un)" ]; then
	ok 'names enable-linger' grep -q 'loginctl enable-linger' \
	    "$node/first"
fi

unit=$node/.config/systemd/user/mailnode.service
mkdir -p "$tmp/run"
is 'systemd-analyze has nothing to say of the unit' \
    "$(XDG_RUNTIME_DIR=$tmp/run systemd-analyze --user --man=no verify \
    "$unit" 2>&1)" ''
ok 'the unit has this node' grep -q \
    "^Environment=MAILNODE_HOME=$MAILNODE_HOME\$" "$unit"

snapshot >"$node/before"
# no passphrase is asked for: none is there
ok 'again succeeds' eval 'mn init >"$node/second" 2>"$node/err" </dev/null'
snapshot >"$node/after"
ok 'and changes nothing' cmp "$node/before" "$node/after"
is 'no line says made' "$(grep -c ^made "$node/second")" 0
is 'it says so of each' "$(grep -c ^kept "$node/second")" \
    "$(grep -c ^made "$node/first")"
is 'and prints the same zone' "$(grep 'IN ' "$node/second")" \
    "$(grep 'IN ' "$node/first")"

mn key list >"$node/keys"
rm -rf "$node/Mail/Junk" "$MAILNODE_HOME/tls" "$unit"
ok 'repairs a folder, a certificate, a unit' eval \
    'mn init </dev/null >"$node/third"'
is 'and only these' "$(grep -c ^made "$node/third")" 3
ok 'folder' [ -d "$node/Mail/Junk/tmp" ]
ok 'certificate' [ -s "$MAILNODE_HOME/tls/chain.pem" ]
rm "$MAILNODE_HOME/boot.key"
ok 'a machine key needs the passphrase' fails eval \
    'mn init --passphrase-stdin </dev/null 2>"$node/err" >/dev/null'
ok 'says so' grep -q '^mailnode: boot.key: ' "$node/err"
ok 'and does not take another' fails eval \
    'echo wrong-one | mn init --passphrase-stdin 2>"$node/err" >/dev/null'
ok 'says so' grep -q 'wrong passphrase' "$node/err"
ok 'with it is made' eval 'init >"$node/fourth"'
ok 'and fits' eval 'mn cert request >/dev/null'
is 'other keys stay' "$(mn key list)" "$(cat "$node/keys")"

node_use short
node_config
mailnode=$tmp/n/build/mailnode
ok 'a short passphrase is refused' fails eval \
    'echo 1234567 | mn init --passphrase-stdin 2>"$node/err" >/dev/null'
ok 'says so' grep -q '8 octets at least' "$node/err"
ok 'and no vault is made' fails [ -e "$MAILNODE_HOME/vault" ]
ok 'no terminal, no stdin: refused' fails eval \
    'setsid -w "$mailnode" init 2>"$node/err" >/dev/null </dev/null'
ok 'says what to do' grep -q 'passphrase-stdin' "$node/err"
typed() { "$python" tests/tools/typed.py "$@" -- "$mailnode" init --argon2 1; }
ok 'two that differ are refused' fails eval 'typed "new vault: " 12345678 \
    "once more: " 12345679 >"$node/tty"'
ok 'says so' grep -q 'not the same' "$node/tty"
ok 'and no vault is made' fails [ -e "$MAILNODE_HOME/vault" ]
ok 'interrupted' fails eval 'typed "new vault: " ^C >"$node/tty"'
ok 'it leaves the echo on' grep -q '^echo=on' "$node/tty"
ok 'and no vault' fails [ -e "$MAILNODE_HOME/vault" ]
ok 'on a terminal it is asked twice' eval 'typed "new vault: " 12345678 \
    "once more: " 12345678 >"$node/tty" && [ -s "$MAILNODE_HOME/vault" ]'
ok 'and not shown' fails grep -q 1234567 "$node/tty"
# As under su -c: a session without a terminal, though one is its input.
ok 'on one that is nobody'\''s, too' eval '"$python" tests/tools/typed.py \
    "passphrase: " 12345678 -- setsid -w "$mailnode" vault slot recovery \
    --argon2 1 >"$node/tty"'
ok 'and neither shown' fails grep -q 1234567 "$node/tty"
done_testing
