#!/bin/sh
# PGP/MIME with mutt and neomutt both ways; what is nested; a gpg that hangs.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
. tests/hop.sh
command -v tmux >/dev/null || skip_all 'no tmux'
command -v gpg >/dev/null || skip_all 'no gpg'
trap 'tui_stop; gpgconf --homedir "$tmp/g" --kill all 2>/dev/null;
    gpgconf --homedir "$tmp/h" --kill all 2>/dev/null; cleanup' EXIT

# Ours in g, Ada's in h; each has certified the other's.
mkdir -m 700 "$tmp/g" "$tmp/h"
at() { home=$1; shift; gpg -q --homedir "$tmp/$home" --batch "$@" 2>>"$tmp/gpg.err"; }
for who in 'g Me me@node.test' 'h Ada ada@far.test'; do
	# shellcheck disable=SC2086
	set -- $who
	at "$1" --passphrase '' --pinentry-mode loopback --quick-gen-key \
	    "$2 <$3>" default default never
done
at g --export me@node.test | at h --import
at h --export ada@far.test | at g --import
fpr() { at "$1" --with-colons --list-keys "$2" | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -1; }
printf '%s:6:\n' "$(fpr g ada@far.test)" | at g --import-ownertrust
printf '%s:6:\n' "$(fpr h me@node.test)" | at h --import-ownertrust

hop_start --tls starttls
node_use a
node_config realname '"Me"' undo_s 0 relays "{ { \"hop\",
    \"127.0.0.1:$hop_port\", CONF_STARTTLS, NULL, \"*\", \"*\",
    \"$hop_pin\" } }" || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start && unlock'
inbox()		# NAME: $tmp/letter arrives
{
	cp "$tmp/letter" "$node/Mail/INBOX/tmp/$1"
	mv "$node/Mail/INBOX/tmp/$1" "$node/Mail/INBOX/new/$1.M1P1.test"
}
show() { keys / ; typed "$1"; keys Enter Enter; sees "^Subject: +$1" >/dev/null; }
cat >"$node/ed" <<'END'
sed -i "s/^To:.*/To: ada@far.test/; s/^Subject:.*/Subject: $(cat "$0.subject")/" "$1"
printf 'Gr\303\274\303\237e, from here.\nFrom the start of a line.\n' >>"$1"
END
cat >"$tmp/gpg-slow" <<'END'
#!/bin/sh
[ ! -e "$0.hang" ] || sleep 1000
exec /usr/bin/gpg "$@"
END
chmod +x "$tmp/gpg-slow"; mkdir "$tmp/bin"; ln -s ../gpg-slow "$tmp/bin/gpg"
tui_start GNUPGHOME="$tmp/g" EDITOR="sh $node/ed" PATH="$tmp/bin:$PATH"
sees INBOX >/dev/null

# ---- other clients, in a second terminal
o=0
other() { tmux -L "$term.o$o" "$@" 2>/dev/null; }
trap 'tui_stop; other kill-server
    gpgconf --homedir "$tmp/g" --kill all 2>/dev/null;
    gpgconf --homedir "$tmp/h" --kill all 2>/dev/null; cleanup' EXIT
osees()
{
	opattern=$1
	wait_for 'other capture-pane -p | grep -qE -e "$opattern"' 20 && return
	echo "no $opattern on:"; other capture-pane -p; return 1
}
printf '#!/bin/sh\ncat >"%s/out"; mv "%s/out" "%s/letter"\n' "$tmp" "$tmp" \
    "$tmp" >"$tmp/sendmail"
chmod +x "$tmp/sendmail"
# Debian's configuration names the programs where gpgme is not used.
cat >"$tmp/muttrc" <<END
set realname=Ada from=ada@far.test use_from=yes charset=utf-8
set sendmail="$tmp/sendmail" sendmail_wait=0 editor=true copy=no
set autoedit=yes abort_unmodified=no fast_reply=yes quit=yes
set pgp_sign_as=$(fpr h ada@far.test) pgp_default_key=$(fpr h ada@far.test)
set crypt_use_gpgme=yes crypt_verify_sig=yes sleep_time=0
set crypt_protected_headers_write=no
set mbox_type=Maildir folder=$tmp spoolfile=$tmp/box mail_check=1
set header_cache="" record="" ssl_force_tls=no
END
{ cat "$tmp/muttrc"; echo 'set crypt_autosign=yes'; } >"$tmp/muttrc.autosign"
{ cat "$tmp/muttrc.autosign"; echo 'set crypt_autoencrypt=yes'; } >"$tmp/muttrc.autoencrypt"
ostart()	# PROGRAM ARGS...
{
	other kill-server
	o=$((o + 1))		# the last one may still be ending
	other -f /dev/null new-session -d -x 100 -y 40 \
	    "env GNUPGHOME=$tmp/h $* 2>$tmp/other.err"
}
n=0 out=0
for mua in mutt neomutt; do
	command -v $mua >/dev/null || continue
	# From here, read there.
	for how in s 's x'; do
		n=$((n + 1)) out=$((out + 1))
		echo "ours$n" >"$node/ed.subject"
		keys m; sees "^Subject +ours$n" >/dev/null
		# shellcheck disable=SC2086
		keys $how; sees '^PGP +sign.*: as [0-9A-F]{16}' >/dev/null
		keys y
		ok "sent: $how" hop_has $out 20
		rm -rf "$tmp/box$n"; mkdir -p "$tmp/box$n/cur" "$tmp/box$n/new" "$tmp/box$n/tmp"
		cp "$hop/msg.$out" "$tmp/box$n/new/1.M1P1.test"
		ostart "$mua -n -F $tmp/muttrc -f $tmp/box$n"
		osees "ours$n" >/dev/null
		other send-keys Enter
		ok "$mua takes our signature ($how)" osees 'Good signature from.* Me <me@node.test>|Good signature from: *Me'
		ok "and reads it" osees 'Grüße, from here'
	done
	# Written there, read here.
	for set in autosign autoencrypt; do
		n=$((n + 1))
		rm -f "$tmp/letter"
		printf 'Gr\303\274\303\237e von Ada.\nFrom the start.\n' >"$tmp/text"
		ostart "$mua -n -F $tmp/muttrc.$set -s theirs$n -i $tmp/text me@node.test"
		# The recipient and the subject are asked, or not.
		until wait_for 'other capture-pane -p | grep -qE "^ *Security: *Sign"' 1; do
			other capture-pane -p | grep . | tail -n 1 |
			    grep -qE '^(To|Subject): ' && other send-keys Enter
			asked=$((${asked-0} + 1)); [ "$asked" -lt 60 ] || break
		done
		osees 'Security: *Sign' >/dev/null
		other send-keys y
		ok "$mua sends ($set)" eval 'wait_for "[ -s \"$tmp/letter\" ]" 20'
		sed -i 's/$/\r/' "$tmp/letter"
		inbox "18$n"
		keys c; typed INBOX; keys Enter
		sees "theirs$n" >/dev/null
		show "theirs$n"
		case $set in
		autoencrypt) ok 'opened here, and its signature good' sees '^PGP: +decrypted; good signature, key [0-9A-F]{16} Ada';;
		*) ok 'its signature is good here' sees '^PGP: +good signature, key [0-9A-F]{16} Ada';;
		esac
		ok 'and its text' sees '^Grüße von Ada'
		keys q
	done
done
other kill-server

# ---- what is nested
put()	# SUBJECT TYPE BODY-FILE
{
	{
		printf 'From: Ada <ada@far.test>\r\nTo: me@node.test\r\nSubject: %s\r\n' "$1"
		printf 'Date: Mon, 16 Nov 2026 10:00:00 +0000\r\n'
		printf 'Message-ID: <%s@far.test>\r\nMIME-Version: 1.0\r\n' "$1"
		printf 'Content-Type: %s\r\n\r\n' "$2"; cat "$3"
	} >"$tmp/letter"
	inbox "19$1"
}
printf 'Content-Type: text/plain\r\n\r\nThe inmost text.\r\n' >"$tmp/entity"
at h -u ada@far.test --armor --detach-sign -o - "$tmp/entity" | sed 's/$/\r/' >"$tmp/sig"
sig='multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=s'
enc='multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e'
{
	printf -- '--s\r\n'; cat "$tmp/entity"
	printf '\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n'
	cat "$tmp/sig"; printf '\r\n--s--\r\n'
} >"$tmp/signed"
sealed()	# FILE
{
	printf -- '--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--e\r\n'
	printf 'Content-Type: application/octet-stream\r\n\r\n'
	at h --trust-model always --armor -r me@node.test --encrypt -o - "$1" | sed 's/$/\r/'
	printf '\r\n--e--\r\n'
}
{ printf 'Content-Type: %s\r\n\r\n' "$sig"; cat "$tmp/signed"; } >"$tmp/inner"
sealed "$tmp/inner" >"$tmp/body"
put sealedsigned "$enc" "$tmp/body"
sed 's/inmost/forged/' "$tmp/inner" >"$tmp/forged"
sealed "$tmp/forged" >"$tmp/body"
put insideforged "$enc" "$tmp/body"
footer()	# TYPE FILE
{
	printf -- '--m\r\nContent-Type: %s\r\n\r\n' "$1"; cat "$2"
	printf '\r\n--m\r\nContent-Type: text/plain\r\n\r\nFooter of a list.\r\n--m--\r\n'
}
footer "$sig" "$tmp/signed" >"$tmp/body"
put footersigned 'multipart/mixed; boundary=m' "$tmp/body"
sealed "$tmp/entity" >"$tmp/plain"
footer "$enc" "$tmp/plain" >"$tmp/body"
put footersealed 'multipart/mixed; boundary=m' "$tmp/body"
# Another's whole letter, attached, is not verified as this one.
{ printf -- '--m\r\nContent-Type: text/plain\r\n\r\nSee this.\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: that\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n' "$sig"
  cat "$tmp/signed"; printf '\r\n--m--\r\n'; } >"$tmp/body"
put attached 'multipart/mixed; boundary=m' "$tmp/body"
# Larger than what is read at first.
{
	printf 'Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nLarge.\r\n--m\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n'
	head -c 2000000 /dev/zero | base64 | sed 's/$/\r/'; printf -- '--m--\r\n'
} >"$tmp/large"
at h -u ada@far.test --armor --detach-sign -o - "$tmp/large" | sed 's/$/\r/' >"$tmp/sig"
{
	printf -- '--s\r\n'; cat "$tmp/large"
	printf '\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n'
	cat "$tmp/sig"; printf '\r\n--s--\r\n'
} >"$tmp/body"
put largesigned "$sig" "$tmp/body"
sees largesigned >/dev/null
show sealedsigned
ok 'signed inside of encrypted' sees '^PGP: +decrypted; good signature, key [0-9A-F]{16} Ada'
ok 'its text' sees '^The inmost text'
keys q; show insideforged
ok 'changed inside of encrypted' sees '^PGP: +decrypted; BAD signature, key'
keys q; show footersigned
ok 'signed, with a footer that is not' eval 'sees "^PGP: +good signature, key" &&
    wait_for "screen | tr -s \"\\n \" \"  \" | grep -q \"stands around it is NOT signed\""'
ok 'the footer is shown' sees '^Footer of a list'
keys q; show footersealed
ok 'encrypted, with a footer' eval 'sees "^PGP: +decrypted" && sees "^The inmost text"'
ok 'the footer is not taken for part of it' eval '! screen | grep -q "^Footer"'
keys q; show attached
ok 'a signed letter that is attached' eval 'sees "^See this" && ! screen | grep -q ^PGP'
keys q; show largesigned
ok 'a large one is verified, too' sees '^PGP: +good signature, key' 20
keys q

# ---- a gpg that hangs
touch "$tmp/bin/gpg.hang"
show() { keys / ; typed "$1"; keys Enter Enter; }
show sealedsigned
ok 'it is seen to run' sees '\[gpg [0-9]+s; Esc leaves it\]'
keys q; sees 'INBOX  ' >/dev/null
ok 'leaving the message ends it' gone '\[gpg '
show sealedsigned; sees '\[gpg [0-9]+s' >/dev/null
keys Escape
ok 'Esc leaves it' sees '^PGP: +not decrypted: gpg: left before it was done'
keys q
echo hung >"$node/ed.subject"
keys m; sees '^Subject +hung' >/dev/null
keys s
ok 'looking for keys does not block' sees '^PGP +looking for the keys'
keys S C-u; typed 'while it hangs'; keys Enter
ok 'and the letter is in hand' sees '^Subject +while it hangs'
keys Escape
ok 'that is left, too' sees '^PGP +sign: gpg: left'
rm "$tmp/bin/gpg.hang"; keys s s
sees '^PGP +sign: as' >/dev/null
touch "$tmp/bin/gpg.hang"; keys y
ok 'signing does not block' sees '\[signing, encrypting\]'
sees '\[gpg ' >/dev/null; keys Escape
ok 'left, and not sent' sees '^not sent: gpg: left'
is 'nothing went out' "$(hop_count)" "$out"
rm "$tmp/bin/gpg.hang"; keys y
ok 'then it is' hop_has $((out + 1)) 20
ok 'no gpg is left over' eval '! pgrep -f "$tmp/bin/gpg" >/dev/null'
tui_stop
ok 'stops' node_stop
done_testing
