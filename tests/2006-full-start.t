#!/bin/sh
# A start on a disk without one free octet: mail is read and deleted, which
# makes room, and new mail is deferred until then.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

[ "$(id -u)" = 0 ] || skip_all 'wants root for mount'
node_use n
node_config listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' && node_build || exit 1
mkdir "$node/small"
mount -t tmpfs -o size=64M none "$node/small" 2>/dev/null ||
    skip_all 'no tmpfs here'
trap 'umount -l "$node/small" 2>/dev/null; cleanup' EXIT
export MAILNODE_HOME="$node/small/home"
rm -rf "$node/Mail"
ln -s "$node/small/Mail" "$node/Mail"
mkdir "$node/small/Mail"
node_init && node_start && unlock && phone_device phone || exit 1

deliver()	# deliver N OCTETS
{
	{
		printf 'From: a@b.test\nMessage-ID: <%s@b.test>\n\n' "$1"
		head -c "$2" /dev/zero | tr '\0' x | fold -w 70
	} >"$tmp/letter"
	timeout 60 swaks --silent 2 --server 127.0.0.1 \
	    --port "$(node_port smtp)" --from a@b.test --to me@node.test \
	    --data @"$tmp/letter" >"$tmp/swaks" 2>&1
}

phone()		# phone SCRIPT: m is logged in
{
	"$python" - "$(node_port imap)" "$pw" "$1" <<'END'
import imaplib, ssl, sys
m = imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[1]),
    ssl_context=ssl._create_unverified_context())
m.login("me@node.test", sys.argv[2])
print(m.select("INBOX")[1][0].decode())
exec(sys.argv[3])
END
}

for i in 1 2 3 4 5 6; do
	ok "letter $i comes" deliver $i 2000000
done
ok 'and is filed' wait_for 'mn status -j | grep -q "\"spooled\":0,"'
node_stop
dd if=/dev/zero of="$node/small/fill" bs=4k 2>/dev/null
is 'nothing is free' "$(df --output=avail "$node/small" | tail -n 1 | tr -d ' ')" 0

ok 'the daemon starts' node_start
unlock
ok 'new mail is deferred' fails deliver 7 1000
ok 'with 452 4.3.1' grep -q '452 4\.3\.1' "$tmp/swaks"
is 'mail is read' "$(phone '
print(m.fetch("2", "(BODY[HEADER.FIELDS (MESSAGE-ID)])")[1][0][1].decode().strip())
' | tr '\n' ' ')" '6 Message-ID: <2@b.test> '
is 'and deleted' "$(phone '
m.store("1:5", "+FLAGS", "\\Deleted")
m.expunge()
print(m.select("INBOX")[1][0].decode())' | tr '\n' ' ')" '6 1 '
ok 'the files go' wait_for '[ "$(ls "$node/small/Mail/INBOX/cur" \
    "$node/small/Mail/INBOX/new" | grep -c ,I=)" = 1 ]'
ok 'then there is room for new mail' wait_for 'deliver 8 1000'
ok 'fsck is clean' wait_for 'mn fsck'
node_stop
umount -l "$node/small"
done_testing
