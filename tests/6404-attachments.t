#!/bin/sh
# Attachments that config.h refuses: said after DATA, or filed as junk.
. "$(dirname "$0")/lib.sh"

dns_start || exit 1
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" || exit 1
node_build && node_init && node_start || exit 1
send()	# SUBJECT FILE TYPE [FILLER]: what is answered
{
	"$python" - "$(node_port smtp)" "$@" <<'END'
import smtplib, sys
from email.message import EmailMessage
port, subject, name, kind = sys.argv[1:5]
m = EmailMessage()
m['From'] = 'ada@x.test'; m['To'] = 'me@node.test'; m['Subject'] = subject
m['Message-ID'] = '<%s@x.test>' % subject
m.set_content('see below\n' + 'x' * 70 * 0 + ('filler of a line\n' * int(sys.argv[5]) if len(sys.argv) > 5 else ''))
main, sub = kind.split('/')
m.add_attachment(b'MZ\x90', maintype=main, subtype=sub, filename=name)
with smtplib.SMTP('127.0.0.1', int(port)) as s:
    s.ehlo('x.test'); s.mail('ada@x.test'); s.rcpt('me@node.test')
    code, text = s.data(m.as_bytes(policy=m.policy.clone(linesep='\r\n')))
    print(code, text.decode().split(' [')[0])
END
}
folder() { mn search "id:$1@x.test" | sed 's/^[0-9]*  [-0-9]* [:0-9]*  \([A-Za-z]*\) .*/\1/'; }
refused='550 5.7.1 an attachment of that kind is not taken here:'
is 'a program' "$(send one setup.exe application/octet-stream)" "$refused .exe"
is 'in capitals, in another script' "$(send two 'счёт 中.ExE' application/octet-stream)" "$refused .exe"
is 'by its type' "$(send three data application/x-msdownload)" \
    "$refused application/x-msdownload"
is 'behind a megabyte' "$(send four setup.scr application/octet-stream 60000)" "$refused .scr"
is 'a script is taken' "$(send five page.js text/javascript | cut -c1-9)" '250 2.0.0'
ok 'as junk' wait_for '[ "$(folder five)" = Junk ]'
ok 'why tells' wait_for 'mn why ada@x.test | grep -q "accept.*attachment=.js"'
ok 'and of those refused' wait_for '[ "$(mn why me@node.test | grep -c "refuse .*not taken here: ")" = 4 ]'
is 'a picture' "$(send six setup.exe.png image/png | cut -c1-9)" '250 2.0.0'
ok 'is in the inbox' wait_for '[ "$(folder six)" = INBOX ]'
is 'nothing else is' "$(ls "$HOME/Mail/INBOX/new" | wc -l)" 1
ok 'stops' node_stop
node_config attachments_refused '{ { NULL, CONF_REFUSE } }'
ok 'an empty table' node_build
ok 'serves' node_start
is 'takes all' "$(send seven setup.exe application/octet-stream | cut -c1-9)" '250 2.0.0'
ok 'stops' node_stop
node_config attachments_refused '{ { "exe", CONF_REFUSE }, { NULL, CONF_REFUSE } }'
ok 'a wrong one stops make' eval 'fails node_build 2>"$tmp/make" && grep -q "attachments_refused.*\"exe\" is neither" "$tmp/make"'
done_testing
