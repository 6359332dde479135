#!/bin/sh
# Our TLS on port 25, with the key in the vault, as OpenSSL and swaks see it.
. "$(dirname "$0")/lib.sh"

node_use n
node_config
ok 'builds' node_build
ok 'init' node_init
ok 'serves' node_start
port=$(node_port smtp)
chain=$MAILNODE_HOME/tls/chain.pem

# "QUIT" is a command of s_client, too: it ends after the handshake.
brief()
{
	echo QUIT | timeout 20 openssl s_client -starttls smtp -brief \
	    -connect "127.0.0.1:$port" "$@" >"$tmp/tls" 2>&1
}
ok 'TLS 1.3' eval 'brief -tls1_3 && grep -q "TLSv1.3" "$tmp/tls"'
ok 'TLS 1.2' eval 'brief -tls1_2 && grep -q "TLSv1.2" "$tmp/tls"'
ok 'and the key was the one of the certificate' grep -q 'ECDSA' "$tmp/tls"
for old in -tls1_1 -tls1; do
	ok "not $old" fails brief "$old" -cipher ALL:@SECLEVEL=0
done
ok 'no static RSA' fails brief -tls1_2 -cipher AES128-SHA
ok 'no anonymous suites' fails brief -tls1_2 -cipher aNULL:@SECLEVEL=0
ok 'verified by its own certificate' eval \
    'brief -CAfile "$chain" -verify_return_error -verify_hostname mail.node.test'
ok 'not by another name' fails eval \
    'brief -CAfile "$chain" -verify_return_error -verify_hostname other.test'
ok 'no renegotiation' eval '{ printf "R\n"
    wait_for "grep -q \"no renegotiation\" \"$tmp/tls\""; } |
    timeout 20 openssl s_client -starttls smtp -tls1_2 \
    -connect "127.0.0.1:$port" >"$tmp/tls" 2>&1
    grep -q "no renegotiation" "$tmp/tls"'
for v in TLSv1_2 TLSv1_3; do
	ok "$v without a session ticket" "$python" - "$port" "$v" <<'P'
import smtplib, ssl, sys
c = ssl.create_default_context()
c.check_hostname = False
c.verify_mode = ssl.CERT_NONE
c.minimum_version = c.maximum_version = ssl.TLSVersion[sys.argv[2]]
s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
s.starttls(context=c)
s.noop()
ticket = s.sock.session is not None and s.sock.session.has_ticket
s.quit()
sys.exit("a ticket" if ticket else 0)
P
done

ok 'swaks delivers over it' swaks --silent 3 --server 127.0.0.1 --port "$port" \
    --tls --from a@elsewhere.test --to me@node.test
ok 'eighteen sessions at once' "$python" - "$port" <<'P'
import smtplib, ssl, sys, threading
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
bad = []
def one():
    try:
        s = smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=20)
        s.starttls(context=c); s.noop(); s.quit()
    except Exception as e:
        bad.append(repr(e))
t = [threading.Thread(target=one) for _ in range(18)]
for x in t: x.start()
for x in t: x.join()
sys.exit(bad[0] if bad else 0)
P

# a new certificate, while we serve
spki() { openssl x509 -noout -serial; }
serial()
{
	echo QUIT | timeout 20 openssl s_client -starttls smtp \
	    -connect "127.0.0.1:$port" 2>/dev/null | openssl x509 -noout -serial
}
before=$(serial)
ok 'shows the installed one' [ "$before" = "$(spki <"$chain")" ]
ok 'renew' mn cert renew
ok 'the very next connection shows it' eval \
    '[ "$(serial)" = "$(spki <"$chain")" ] && [ "$(serial)" != "$before" ]'
ok 'a request is signed by the vault' eval 'mn cert request |
    openssl req -noout -verify'
# the vault is away: mail comes in plain rather than not at all
vault=$(pgrep -s "$(cat "$node/serve.pid")" -x mn-vault)
kill -STOP "$vault"
ok 'plain sessions need no vault' swaks --silent 3 --server 127.0.0.1 \
    --port "$port" --from a@elsewhere.test --to me@node.test
kill -CONT "$vault"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/CN=mail.node.test' -addext subjectAltName=DNS:mail.node.test \
    -keyout "$tmp/other.key" -out "$tmp/other.pem" -days 9 2>/dev/null
cp "$chain" "$tmp/good.pem"
cp "$tmp/other.pem" "$chain"
offers() { swaks --server 127.0.0.1 --port "$port" --quit-after EHLO | grep -q STARTTLS; }
ok 'a chain of another key is not offered' fails offers
ok 'a chain of another key is an alarm' wait_for \
    'mn status | grep -q "another key than the vault"'
ok 'and cert show says so' eval 'mn cert | grep -q "^serves *the certificate is for another key"'
kill -KILL "$vault"
ok 'it still is with another vault process' wait_for \
    '[ "$(grep -c "event=vault" "$node/log")" -ge 2 ] && mn status | grep -q "another key than the vault"'
cp "$tmp/good.pem" "$chain"
ok 'ours is offered' offers
ok 'and over when it is ours' wait_for \
    '! mn status | grep -q "another key than the vault"'
echo rubbish >"$chain"
swaks --server 127.0.0.1 --port "$port" --quit-after EHLO >/dev/null
ok 'one that is none is an alarm, too' wait_for \
    'mn status | grep -q "chain.pem: not a usable"'
rm "$chain"
ok 'without a certificate no STARTTLS' eval '! swaks --server 127.0.0.1 \
    --port "$port" --quit-after EHLO | grep -q STARTTLS'
ok 'init makes one' eval 'mn init </dev/null >/dev/null'
ok 'and it is served' eval '[ "$(serial)" = "$(spki <"$chain")" ]'
ok 'stops' node_stop

# a vault that cannot be opened: no handshakes that fail
cp "$MAILNODE_HOME/vault" "$tmp/vault"
printf x >>"$MAILNODE_HOME/vault"
ok 'serves with a damaged vault' node_start
port=$(node_port smtp)
offers() { swaks --server 127.0.0.1 --port "$port" --quit-after EHLO |
    grep -q STARTTLS; }
ok 'no STARTTLS then' wait_for '! offers'
ok 'mail comes all the same' swaks --silent 3 --server 127.0.0.1 \
    --port "$port" --from a@elsewhere.test --to me@node.test
ok 'status says what is wrong with it' eval \
    'mn status | grep -q "^vault  *the vault file is damaged"'
cp "$tmp/vault" "$MAILNODE_HOME/vault"
ok 'unlocked, once it is there again' eval 'printf "%s\n" "$pass" |
    mn vault unlock --passphrase-stdin'
ok 'it offers STARTTLS' wait_for offers
ok 'to go on with' eval '[ "$(serial)" = "$(spki <"$chain")" ]'
ok 'stops' node_stop

# a daemon that was there before its vault
rm -rf "$MAILNODE_HOME"
ok 'serves without a vault' node_start
port=$(node_port smtp)
ok 'no STARTTLS then' eval '! swaks --server 127.0.0.1 --port "$port" \
    --quit-after EHLO | grep -q STARTTLS'
ok 'status says why' wait_for 'mn status | grep -q "no vault"'
ok 'init' node_init
ok 'TLS from the next connection on' eval \
    '[ "$(serial)" = "$(spki <"$chain")" ]'
ok 'no alarm is left' wait_for '! mn status | grep -q "no vault"'
ok 'stops' node_stop
done_testing
