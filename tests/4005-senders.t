#!/bin/sh
# Programs of others that send mail themselves bring one each over STARTTLS:
# its lines arrive as they were, and a refusal reaches who called them.
. "$(dirname "$0")/lib.sh"

node_use node
node_config || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)
ca=$MAILNODE_HOME/tls/chain.pem

# What each is to say; lines of dots, 8 bits, and an end without a newline.
printf '.\n..\n.dot\ngrüße\n\nend' >"$tmp/text"
printf '%s\n' "$(cat "$tmp/text")" >"$tmp/want"
{ printf 'From: <a@peer.test>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nSubject: it\n\n'; cat "$tmp/text"; } >"$tmp/form"
letter() { sed "s/^Subject: it/Subject: $1/" "$tmp/form"; }
# On $tmp/letter, with CRLF.
crlf() { letter "$1" | perl -pe 's/\n/\r\n/; $_ .= "\r\n" unless /\n/' >"$tmp/letter"; }

# Each sends a letter, its first argument being the subject, to the second.
by_curl()
{
	crlf "$1"
	curl -sS --ssl-reqd --cacert "$ca" --connect-to "::127.0.0.1:$port" \
	    "smtp://mail.node.test:$port/mx.peer.test" --mail-from a@peer.test \
	    --mail-rcpt "$2" -T "$tmp/letter"
}
by_msmtp()
{
	letter "$1" | msmtp -C /dev/null --host=127.0.0.1 --port="$port" \
	    --domain=mx.peer.test --tls=on --tls-trust-file="$ca" \
	    --tls-host-override=mail.node.test --dsn-notify=failure,delay \
	    --dsn-return=hdrs -f a@peer.test "$2"
}
by_mutt()	# and by_neomutt
{
	"${3-mutt}" -n -F "$tmp/muttrc" -s "$1" "$2" <"$tmp/text"
}
by_neomutt() { by_mutt "$1" "$2" neomutt; }
by_smtplib()
{
	letter "$1" | "$python" -c '
import email, email.policy, smtplib, ssl, sys
port, ca, to = sys.argv[1:]
m = email.message_from_bytes(sys.stdin.buffer.read(),
    policy=email.policy.SMTP)
s = smtplib.SMTP("127.0.0.1", int(port), "mx.peer.test", timeout=60)
c = ssl.create_default_context(cafile=ca)
c.check_hostname = False
s.starttls(context=c)
s.send_message(m, "a@peer.test", [to])
s.quit()' "$port" "$ca" "$2"
}
by_net_smtp()
{
	letter "$1" | perl -MNet::SMTP -e '
my ($port, $ca, $to) = @ARGV;
my $s = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "mx.peer.test")
    or die;
$s->starttls(SSL_ca_file => $ca, SSL_verifycn_scheme => "none") or die $@;
$s->mail("a\@peer.test", Bits => 8, Return => "HDRS", Envelope => "q") &&
    $s->to($to, { Notify => ["FAILURE"] }) && $s->data(<STDIN>)
    or die $s->message;
$s->quit' "$port" "$ca" "$2"
}
by_s_nail()
{
	s-nail -n -Sv15-compat -Smta="smtp://127.0.0.1:$port" \
	    -Ssmtp-use-starttls -Stls-ca-file="$ca" -Stls-verify=ignore \
	    -Ssmtp-auth=none -Shostname=mx.peer.test -Snosave \
	    -Smime-encoding=8bit -r a@peer.test -s "$1" -. "$2" <"$tmp/text"
}
cat >"$tmp/muttrc" <<END
set smtp_url="smtp://127.0.0.1:$port/" ssl_force_tls=yes ssl_starttls=yes
set ssl_verify_host=no certificate_file=$ca from=a@peer.test
set hostname=mx.peer.test use_envelope_from=yes copy=no allow_8bit=yes
set use_8bitmime=yes dsn_notify="failure,delay" dsn_return=hdrs
END

inbox() { find "$node/Mail/INBOX/new" "$node/Mail/INBOX/cur" -type f; }
find_mail() { inbox | xargs -r grep -l "^Subject: $1"; }
# What is quoted-printable is read as that.
text() { "$python" -c 'import email, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"))
text = m.get_payload(decode=True).decode(m.get_content_charset())
sys.stdout.write(text.replace("\r", ""))' "$1"; }

for by in curl msmtp mutt neomutt smtplib net_smtp \
    $(command -v s-nail | sed 's/.*/s_nail/'); do
	ok "$by sends" "by_$by" "by-$by" me@node.test
	ok 'it arrives' wait_for '[ -n "$(find_mail "by-$by")" ]'
	f=$(find_mail "by-$by")
	ok 'over TLS' grep -qE 'with (UTF8SMTPS|ESMTPS)' "$f"
	is 'as it was' "$(text "$f")" "$(cat "$tmp/want")"
	"by_$by" "no-$by" nobody@node.test >"$tmp/said" 2>&1
	rc=$?
	ok 'it hears of a refusal' [ "$rc" != 0 ]
	ok 'with its reason' grep -qE '550|no such address|not accepted' "$tmp/said"
done

# git send-email: three on a connection.
(
mkdir "$tmp/repo" && cd "$tmp/repo" && git init -q . &&
    git config user.email a@peer.test && git config user.name 'Jürgen' &&
    git config sendemail.smtpsslcertpath ''
for i in 1 2 3; do
	echo "$i" >f; git add f; git commit -qm "by-git $i"
done
) >/dev/null 2>&1
by_git() { (cd "$tmp/repo" && git send-email --quiet --confirm=never \
    --suppress-cc=all --to "$1" --smtp-server 127.0.0.1 \
    --smtp-server-port "$port" --smtp-encryption tls \
    --smtp-domain mx.peer.test --from a@peer.test --root HEAD); }
ok 'git send-email' by_git me@node.test
ok 'its three arrive' wait_for '[ "$(find_mail ".*by-git" | wc -l)" = 3 ]'
ok 'by one connection' eval 'grep event=session "$node/log" | grep -q "accepted=3 errors=0"'
ok 'a refusal ends it' fails by_git nobody@node.test

is 'nothing else came' "$(find_mail no- | wc -l)" 0
is 'no process crashed' "$(grep -c 'event=crash' "$node/log")" 0
node_stop
done_testing
