#!/bin/sh
# Unsubscribing with one key: by one click where a signature vouches for it,
# else by a letter, else by a URL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"
. tests/hop.sh
command -v tmux >/dev/null || skip_all 'no tmux'
command -v curl >/dev/null || skip_all 'no curl'
trap 'tui_stop; cleanup' EXIT

: >"$tmp/zone"
dns_start
hop_start --tls starttls
hop_cert web localhost 30
mkdir "$tmp/web"
"$python" tests/tools/oneclick.py "$tmp/web.pem" "$tmp/web.key" "$tmp/web" &
at_exit $!
wait_for '[ -s "$tmp/web/port" ]'
web=localhost:$(cat "$tmp/web/port")
openssl genrsa -traditional -out "$tmp/key" 2048 2>/dev/null
echo "s1._domainkey.shop.test TXT \"v=DKIM1; k=rsa; \" $(
    openssl rsa -in "$tmp/key" -pubout 2>/dev/null | sed '/---/d' |
    tr -d '\n' | sed 's/^/p=/;s/.\{200\}/& /g' |
    tr ' ' '\n' | sed 's/.*/"&"/' | xargs -d '\n')" >"$tmp/zone"

node_use a
node_config undo_s 4 resolvers "{ { \"$dns\", 0 } }" \
    unsubscribe_ca "\"$tmp/web.pem\"" relays "{ { \"hop\",
    \"127.0.0.1:$hop_port\", CONF_STARTTLS, NULL, \"*\", \"*\",
    \"$hop_pin\" } }" || exit 1
ok 'a node runs' eval 'node_build && node_init && node_start && unlock'

# news SUBJECT SIGNED-FIELDS FIELD...: a letter of the list, by SMTP.
news()
{
	"$python" - "$(node_port smtp)" "$tmp/key" "$@" <<'END'
import smtplib, sys, dkim
port, key, subject, signed, *fields = sys.argv[1:]
m = '\r\n'.join(['From: Shop <news@shop.test>', 'To: me+news@node.test',
                 'Subject: ' + subject,
                 'Message-ID: <%s@shop.test>' % subject,
                 'Date: Fri, 20 Nov 2026 10:00:00 +0000',
                 *(f.replace('\n', '\r\n') for f in fields),
                 '', 'Buy.', '']).encode()
if signed:
    m = dkim.sign(m, b's1', b'shop.test', open(key, 'rb').read(),
                  include_headers=[f.encode() for f in signed.split(':')]) + m
s = smtplib.SMTP('127.0.0.1', int(port))
s.sendmail('news@shop.test', ['me+news@node.test'], m)
s.quit()
END
}
all=from:subject:list-unsubscribe:list-unsubscribe-post
post='List-Unsubscribe-Post: List-Unsubscribe=One-Click'
requests() { cat "$tmp/web/log" 2>/dev/null | wc -l; }
last() { tail -1 "$tmp/web/log" | "$python" -c 'import json,sys
r = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

news first "$all" "List-Unsubscribe: <mailto:leave@shop.test>,
 <https://$web/u/200?id=7>" "$post"
tui_start BROWSER=echo
ok 'it came, signed' sees 'Shop .*first'
keys X
ok 'asks before it does' sees "^Unsubscribe by one click at $web\? \(y/n\)"
keys n
ok 'no is no' eval 'gone "^Unsubscribe by"; [ "$(requests)" = 0 ]'
keys Enter
ok 'reads it' sees 'Verified: +dkim=pass'
keys X; sees 'by one click' >/dev/null; keys y
ok 'done' sees "^unsubscribed: $web answered 200"
is 'one request' "$(requests)" 1
is 'a POST to that URL' "$(last 'r["method"], r["path"]')" \
    "('POST', '/u/200?id=7')"
is 'with its one line' "$(last 'r["body"]')" 'List-Unsubscribe=One-Click'
is 'and nothing of ours' "$(last 'sorted(set(r["fields"]) - {"Host",
    "Accept", "Content-Length", "Content-Type"})')" '[]'
ok 'why knows of it' wait_for "mn why '<first@shop.test>' |
    grep -q 'unsubscribe .*method=post result=done answer=200 url=https://$web/u/200?id=7'"
keys X; sees 'by one click' >/dev/null; keys y
ok 'again' wait_for '[ "$(requests)" = 2 ]'
is 'no cookie comes back' "$(last '"Cookie" in r["fields"]')" False
keys q

# ---- answers that are no yes
news moved "$all" "List-Unsubscribe: <https://$web/u/302>" "$post"
ok 'another' sees 'Shop .*moved'
keys Home X; sees 'by one click' >/dev/null; keys y
ok 'a redirect is not followed' sees "^not unsubscribed: $web: 302"
is 'one request for it' "$(requests)" 3
ok 'why knows of that, too' wait_for "mn why '<moved@shop.test>' |
    grep -q 'result=failed answer=302'"
news dead "$all" "List-Unsubscribe: <https://localhost:9/u>" "$post"
ok 'a third' sees 'Shop .*dead'
keys Home X; sees 'by one click' >/dev/null; keys y
ok 'nobody there' sees '^not unsubscribed: localhost:9: curl: \(7\)'
news liar "$all" "List-Unsubscribe: <https://127.0.0.1:${web#*:}/u/200>" "$post"
ok 'a fourth' sees 'Shop .*liar'
keys Home X; sees 'by one click' >/dev/null; keys y
ok 'a certificate of somebody else' sees '^not unsubscribed: 127.0.0.1:[0-9]*: curl: \(60\)'
is 'no request' "$(requests)" 3

# ---- not vouched for: a letter
news plain from:subject "List-Unsubscribe: <https://$web/u/200>,
 <mailto:leave@shop.test?subject=leave%20me&body=now>" "$post"
ok 'not all of it signed' sees 'Shop .*plain'
keys Home X
ok 'no click, a letter' sees '^Unsubscribe by a letter to leave@shop.test\? '
keys y
ok 'queued' sees '^a letter goes to leave@shop.test'
keys u
ok 'can be recalled' sees '^recalled: it was not sent'
keys X; sees 'by a letter' >/dev/null; keys y
ok 'and sent after all' hop_has 1 20
is 'to that address' "$(hop_rcpts 1)" '<leave@shop.test>'
ok 'with subject and text' eval 'tr -d "\r" <"$hop/msg.1" | grep -q "^Subject: leave me$" && grep -q "^now" "$hop/msg.1"'
ok 'from the address on the list' grep -q '^From:.*me+news@node.test' "$hop/msg.1"
is 'nothing was clicked' "$(requests)" 3
ok 'why knows of the letter' wait_for "mn why '<plain@shop.test>' |
    grep -q 'method=mail to=leave@shop.test'"
sed 's/p=/p=x/' "$tmp/zone" >"$tmp/zone.new"; mv "$tmp/zone.new" "$tmp/zone"

# ---- a URL
news url '' "List-Unsubscribe: <https://$web/u/200>" "$post"
ok 'not signed at all' sees 'Shop .*url'
keys Home X
ok 'shows the URL' sees "^Open https://$web/u/200\? \(y/n\)"
keys y
ok 'opens it elsewhere' sees "^echo https://$web/u/200"
is 'and asks nothing itself' "$(requests)" 3
news none '' 'X-Nothing: here'
ok 'no list' sees 'Shop .*none'
keys Home X
ok 'nothing to leave' sees '^it does not say how to unsubscribe'
tui_stop
ok 'stops' node_stop
done_testing
