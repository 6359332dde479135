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
show() { sees "│.*$1" >/dev/null; keys / ; typed "$1"; keys Enter Enter; sees "^Subject: +$1" >/dev/null; }
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

# ---- what stands in a text, as PGP was before it was MIME
plain()		# N SUBJECT FILE: a message whose text that is, in Latin-1
{
	{
		printf 'From: Ada <ada@far.test>\nTo: me@node.test\n'
		printf 'Subject: %s\nMessage-ID: <t%s@far.test>\n' "$2" "$1"
		printf 'Date: Mon, 16 Nov 2026 18:0%s:00 +0000\n' "$1"
		printf 'MIME-Version: 1.0\nContent-Type: text/plain; '
		printf 'charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n'
		cat "$3"
	} >"$tmp/letter"
	cp "$tmp/letter" "$node/Mail/INBOX/tmp/18$1"
	mv "$node/Mail/INBOX/tmp/18$1" "$node/Mail/INBOX/new/18$1.M1P1.test"
}
printf 'In the text, sch\366n.\n-- dashes\n' >"$tmp/words"
their -u ada@far.test --armor --clearsign -o "$tmp/clear" "$tmp/words"
plain 1 clearsigned "$tmp/clear"
sed 's/In the/On the/' "$tmp/clear" >"$tmp/other"
plain 2 clearchanged "$tmp/other"
{ echo 'Not signed at all.'; echo; cat "$tmp/clear"; } >"$tmp/other"
plain 3 clearwithin "$tmp/other"
rm "$tmp/other"
their -u ada@far.test --trust-model always --armor --sign -r me@node.test \
    --encrypt -o "$tmp/other" "$tmp/words"
plain 4 blocksealed "$tmp/other"
their --trust-model always --armor -r eve@far.test --encrypt -o "$tmp/other2" "$tmp/words"
plain 5 notforus "$tmp/other2"
keys q
ok 'more are there' sees 'INBOX  11 messages'
show clearsigned
ok 'signed in clear' sees '^PGP: +good signature, key [0-9A-F]{16} Ada'
ok 'the text alone, in its charset' sees '^In the text, schön\.'
ok 'its dashes undone' sees '^-- dashes'
keys q; show clearchanged
ok 'changed on its way, too' sees '^PGP: +BAD signature, key'
keys q; show clearwithin
ok 'with more around it' sees '^PGP: +good signature.*; what stands'
ok 'which is not shown' gone '^Not signed'
keys q; show blocksealed
ok 'a sealed block' sees '^PGP: +decrypted; good signature, key [0-9A-F]{16} Ada'
ok 'is open' sees '^In the text, schön\.'
keys q; show notforus
ok 'one for somebody else' sees '^PGP: +not decrypted: gpg: .*No secret key'
ok 'stays as it is' sees '^-----BEGIN PGP MESSAGE'

# ---- S/MIME is shown for what it is
smime()		# N SUBJECT TYPE
{
	mail INBOX "19$1" 'From: Ada <ada@far.test>' "Subject: $2" \
	    "Message-ID: <s$1@far.test>" 'MIME-Version: 1.0' \
	    "Date: Mon, 16 Nov 2026 19:0$1:00 +0000" "Content-Type: $3" -- \
	    '--b' 'Content-Type: text/plain' '' 'S/MIME text' '--b' \
	    'Content-Type: application/pkcs7-signature' '' 'AAAA' '--b--'
}
smime 1 smimesigned 'multipart/signed; protocol="application/pkcs7-signature"; boundary=b'
smime 2 smimesealed 'application/x-pkcs7-mime; smime-type=enveloped-data; name=smime.p7m'
keys q
sees 'INBOX  13 messages' >/dev/null
show smimesigned
ok 'S/MIME: not checked' sees '^S/MIME: +signed, which is not checked'
keys q; show smimesealed
ok 'S/MIME: not read' sees '^S/MIME: +encrypted, or signed as a whole'

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
keys C-c
ok 'C-c leaves that, and the letter in hand' sees '^not sent: gpg: '
keys y
ok 'nobody is left who reads what is typed: it is asked again' \
    sees 'Passphrase'
typed pw; keys Enter
ok 'the screen is back' sees '^. help'
ok 'and the letter sent' hop_has 3 20
ok 'signed' parts 3
is 'so' "$(cut -d' ' -f1 "$tmp/part.head")" multipart/signed
tui_stop

# ---- between two questions nobody reads what is typed, and nothing shows it
mkdir "$tmp/bin"
cat >"$tmp/bin/gpg" <<E
#!/bin/sh
case " \$* " in
*--list*) exec $(command -v gpg) "\$@" ;;
*' error '*) echo '[GNUPG:] FAILURE sign 67108949' >&2; exit 2 ;;
esac
until [ -e $tmp/typed ]; do sleep 0.1; done
echo no more questions >/dev/tty
until [ -e $tmp/seen ]; do sleep 0.1; done
exit 2
E
chmod 700 "$tmp/bin/gpg"
tui_start GNUPGHOME="$tmp/g" PATH="$tmp/bin:$PATH" EDITOR="sh $node/ed"
sees 'messages' >/dev/null
keys m; sees '^Subject +asked' >/dev/null
keys s; sees '^PGP +sign: as' >/dev/null
keys y
ok 'gpg has the screen' sees 'gpg has a question'
typed topsecret; keys Enter; touch "$tmp/typed"
ok 'and ends'	sees 'no more questions'
ok 'with nothing typed on it' gone topsecret
touch "$tmp/seen"
ok 'a gpg that fails without a word sends nothing' sees '^not sent: gpg: failed'
tui_stop

# ---- a gpg that hangs: the client goes on, and Esc ends it
cat >"$tmp/bin/gpg" <<E
#!/bin/sh
trap '' TERM INT HUP ALRM
echo \$\$ >>$tmp/hangs
while :; do sleep 0.2; done
E
chmod 700 "$tmp/bin/gpg"
tui_start GNUPGHOME="$tmp/g" PATH="$tmp/bin:$PATH"
sees 'messages' >/dev/null
keys c; typed INBOX; keys Enter; sees 'INBOX  13 messages' >/dev/null
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
