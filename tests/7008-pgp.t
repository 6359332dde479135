#!/bin/sh
# PGP/MIME both ways, against gpg itself, with keys that were made for this.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
. tests/hop.sh
command -v tmux >/dev/null || skip_all 'no tmux'
command -v gpg >/dev/null || skip_all 'no gpg'
trap 'tui_stop; gpgconf --homedir "$tmp/g" --kill all 2>/dev/null;
    gpgconf --homedir "$tmp/h" --kill all 2>/dev/null; cleanup' EXIT

# Ours in g, Ada's in h; each has the other's public key.
mkdir -m 700 "$tmp/g" "$tmp/h"
make_key() { gpg -q --homedir "$tmp/$1" --batch --passphrase '' \
    --pinentry-mode loopback --quick-gen-key "$2" default default never \
    2>/dev/null; }
their() { gpg -q --homedir "$tmp/h" --batch "$@"; }
make_key g 'Me <me@node.test>'
make_key h 'Ada <ada@far.test>'
make_key h 'Eve <eve@far.test>'
gpg -q --homedir "$tmp/g" --export me@node.test | their --import 2>/dev/null
their --export ada@far.test |
    gpg -q --homedir "$tmp/g" --batch --import 2>/dev/null
ada=$(their --with-colons --list-keys ada@far.test |
    sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -1)

hop_start --tls starttls
node_use a
node_config realname '"Me"' relays "{ { \"hop\",
    \"127.0.0.1:$hop_port\", CONF_STARTTLS, NULL, \"*\", \"*\",
    \"$hop_pin\" } }" || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start && unlock'

editor() { cat >"$node/ed"; }
# parts N: what is in a multipart that the next hop got, into $tmp/part.*.
parts()
{
	"$python" - "$hop/msg.$1" "$tmp/part" <<'END'
import email, re, sys
raw = open(sys.argv[1], 'rb').read()
m = email.message_from_bytes(raw)
open(sys.argv[2] + '.head', 'w').write('%s %s %s' % (m.get_content_type(),
    m.get_param('micalg'), m.get_param('protocol')))
b = re.escape(m.get_boundary().encode())
ps = re.split(b'\r\n--' + b + b'(?:--)?\r\n',
              b'\r\n' + raw.split(b'\r\n\r\n', 1)[1])
open(sys.argv[2] + '.0', 'wb').write(ps[1])
open(sys.argv[2] + '.1', 'wb').write(ps[2].split(b'\r\n\r\n', 1)[1])
END
}

tui_start GNUPGHOME="$tmp/g" EDITOR="sh $node/ed"
editor <<'E'
sed -i 's/^To:.*/To: ada@far.test/; s/^Subject:.*/Subject: signed/' "$1"
printf 'From here: plain\ntrailing blank \n.\n-- \nMe\n' >>"$1"
E
keys m; sees '^Subject +signed' >/dev/null
keys s
ok 'sign, with the key' sees '^PGP +sign: as [0-9A-F]{16}'
keys y
ok 'sent' hop_has 1 20
ok 'as parts' parts 1
is 'multipart/signed' "$(cat "$tmp/part.head")" \
    'multipart/signed pgp-sha512 application/pgp-signature'
ok 'gpg takes the signature' their --verify "$tmp/part.1" "$tmp/part.0"
ok 'no trailing blank' eval '! tr -d "\r" <"$tmp/part.0" | grep -q " $"'

# ---- encrypted
editor <<'E'
sed -i 's/^To:.*/To: ada@far.test/; s/^Bcc:.*/Bcc: nokey@far.test/; s/^Subject:.*/Subject: sealed/' "$1"
echo 'The secret text.' >>"$1"
E
keys m; sees '^Subject +sealed' >/dev/null
keys s x
ok 'a key is missing, by name' sees 'no key to encrypt to nokey@far.test'
keys y
ok 'and nothing is sent' sees '^not sent: no key to encrypt to nokey@far.test'
keys b; keys C-u Enter
ok 'without that one' sees "^PGP +sign and encrypt: as [0-9A-F]{16}, ada@far.test $(echo "$ada" | tail -c 17)"
keys y
ok 'sent' hop_has 2 20
is 'one letter more' "$(hop_count)" 2
ok 'no clear text' eval '! grep -q "secret text" "$hop/msg.2"'
ok 'as parts' parts 2
is 'multipart/encrypted' "$(cut -d" " -f1,3 "$tmp/part.head")" \
    'multipart/encrypted application/pgp-encrypted'
ok 'gpg opens it' eval 'their --decrypt "$tmp/part.1" >"$tmp/plain" 2>"$tmp/said"; grep -q "The secret text" "$tmp/plain"'
ok 'and takes the signature inside' grep -q 'Good signature from "Me' "$tmp/said"
wait_for '[ -n "$(file_of "Subject: sealed" Sent)" ]'
keys c; typed Sent; keys Enter; sees 'Sent  2 messages' >/dev/null
keys / ; typed sealed; keys Enter Enter
ok 'it can be read in Sent' sees 'The secret text'
keys q

# ---- what others send: gpg's own work, put together by hand
letter()	# NAME FROM SUBJECT TYPE BODY-FILE
{
	{
		printf 'From: %s\r\nTo: me@node.test\r\nSubject: %s\r\n' "$2" "$3"
		printf 'Date: Mon, 16 Nov 2026 1%s:00:00 +0000\r\n' "$1"
		printf 'Message-ID: <p%s@far.test>\r\nMIME-Version: 1.0\r\n' "$1"
		printf 'Content-Type: %s; boundary=b\r\n\r\n' "$4"
		cat "$5"
	} >"$tmp/letter"
	[ "$3" != bareLF ] || sed -i 's/\r$//' "$tmp/letter"
	cp "$tmp/letter" "$node/Mail/INBOX/tmp/17$1"
	mv "$node/Mail/INBOX/tmp/17$1" "$node/Mail/INBOX/new/17$1.M1P1.test"
}
printf 'Content-Type: text/plain; charset=utf-8\r\n\r\nI signed this.\r\nTwice.\r\n' >"$tmp/entity"
signed()	# KEY [FILE]: a body whose signature is of $tmp/entity
{
	their -u "$1" --armor --detach-sign -o - "$tmp/entity" >"$tmp/sig"
	printf -- '--b\r\n'; cat "${2-$tmp/entity}"
	printf '\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n'
	sed 's/$/\r/' "$tmp/sig"; printf '\r\n--b--\r\n'
}
sig='multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"'
signed ada@far.test >"$tmp/body"
letter 1 'Ada <ada@far.test>' good "$sig" "$tmp/body"
letter 2 'Boss <boss@far.test>' wrongfrom "$sig" "$tmp/body"
letter 5 'Ada <ada@far.test>' bareLF "$sig" "$tmp/body"
sed 's/Twice/Thrice/' "$tmp/entity" >"$tmp/other"
signed ada@far.test "$tmp/other" >"$tmp/body"
letter 3 'Ada <ada@far.test>' changed "$sig" "$tmp/body"
signed eve@far.test >"$tmp/body"
letter 4 'Eve <eve@far.test>' unknown "$sig" "$tmp/body"
printf 'Content-Type: text/plain\r\n\r\nA word for you alone.\r\n' >"$tmp/entity"
{
	printf -- '--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\n'
	printf 'Content-Type: application/octet-stream\r\n\r\n'
	their -u ada@far.test --trust-model always --armor --sign \
	    -r me@node.test --encrypt -o - "$tmp/entity" | sed 's/$/\r/'
	printf '\r\n--b--\r\n'
} >"$tmp/body"
letter 6 'Ada <ada@far.test>' sealedtome \
    'multipart/encrypted; protocol="application/pgp-encrypted"' "$tmp/body"
keys c; typed INBOX; keys Enter
ok 'all are there' sees 'INBOX  6 messages'
show() { keys / ; typed "$1"; keys Enter Enter; sees "^Subject: +$1" >/dev/null; }
show bareLF
ok 'a key that nobody certified is no good' sees '^PGP: +good signature of a key that is not certified, key [0-9A-F]{16}'
printf '%s:6:\n' "$ada" |
    gpg -q --homedir "$tmp/g" --batch --import-ownertrust 2>/dev/null
keys q; show good
ok 'good, with the key' sees '^PGP: +good signature, key [0-9A-F]{16} Ada <ada@far.test>'
ok 'and the text' sees '^I signed this'
keys q; show wrongfrom
ok 'not by who is in From' sees '^PGP: +signed, but NOT by who is in From, key'
keys q; show changed
ok 'changed on its way' sees '^PGP: +BAD signature, key'
keys q; show unknown
ok 'of nobody known' sees '^PGP: +signed by an unknown key, key'
keys q; show sealedtome
ok 'decrypted, and signed' sees '^PGP: +decrypted; good signature, key [0-9A-F]{16} Ada'
ok 'its text' sees '^A word for you alone'
is 'nothing of it is stored' "$(grep -rlF 'A word for you alone' "$MAILNODE_HOME")" ''
editor <<'E'
echo answer >>"$1"
E
keys r
ok 'the answer is sealed, too' sees '^PGP +sign and encrypt: '
ok 'and quotes what was inside' sees '^> A word for you alone'
keys q d

# ---- a key with a passphrase: its agent takes the screen to ask
gpg -q --homedir "$tmp/g" --batch --passphrase pw --pinentry-mode loopback \
    --quick-gen-key 'P <me+p@node.test>' default default never 2>/dev/null
gpgconf --homedir "$tmp/g" --kill gpg-agent
echo 'pinentry-program /usr/bin/pinentry-curses' >"$tmp/g/gpg-agent.conf"
editor <<'E'
sed -i 's/^From:.*/From: me+p@node.test/; s/^To:.*/To: ada@far.test/; s/^Subject:.*/Subject: asked/' "$1"
E
keys q m; sees '^Subject +asked' >/dev/null
keys s; sees '^PGP +sign' >/dev/null
keys y
ok 'the passphrase is asked for' sees 'Passphrase'
typed pw; keys Enter
ok 'the screen is back' sees '^. help'
ok 'and the letter sent' hop_has 3 20
ok 'signed' parts 3
is 'so' "$(cut -d' ' -f1 "$tmp/part.head")" multipart/signed
tui_stop

# ---- a gpg that hangs: the client goes on, and Esc ends it
mkdir "$tmp/bin"
cat >"$tmp/bin/gpg" <<E
#!/bin/sh
trap '' TERM INT HUP ALRM
echo \$\$ >>$tmp/hangs
while :; do sleep 0.2; done
E
chmod 700 "$tmp/bin/gpg"
tui_start GNUPGHOME="$tmp/g" PATH="$tmp/bin:$PATH"
sees 'messages' >/dev/null
keys c; typed INBOX; keys Enter; sees 'INBOX  6 messages' >/dev/null
keys / ; typed good; keys Enter Enter
ok 'it is said that gpg is waited for' sees 'gpg [0-9]*s; Esc leaves it'
keys Escape
ok 'who leaves it is told so' sees 'signature not checked: gpg: left before it was done'
ok 'and reads on' sees '^I signed this'
ended() { for p in $(cat "$tmp/hangs"); do ! alive "$p" || return 1; done; }
ok 'it is gone' wait_for ended
tui_stop
ok 'stops' node_stop
done_testing
