#!/bin/sh
# Programs of the hook table: what they get, what they cannot reach.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/bin" "$tmp/said"
hook()	# NAME: a hook script from stdin
{
	{ echo '#!/bin/sh'; cat; } >"$tmp/bin/$1"
	chmod +x "$tmp/bin/$1"
}
hook plain <<END
exec >"$tmp/said/plain" 2>&1
env | grep ^MAILNODE_ | sort
echo "input: \$(wc -c)"
echo "mail: \$(cat "\$MAILNODE_PATH" 2>/dev/null | wc -c)"
echo "folders: \$(ls "$tmp/n/Mail" 2>/dev/null | wc -l)"
echo "state: \$(ls "$tmp/n/home" 2>/dev/null | wc -l)"
perl -e 'use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or exit 7'
echo "socket: \$?"
echo done
END
hook granted <<END
exec >"$tmp/said/granted" 2>&1
echo "input: \$(grep -c '^Subject: number')"
echo "mail: \$(grep -c '^Subject: number' "\$MAILNODE_PATH")"
echo "state: \$(ls "$tmp/n/home" 2>/dev/null | wc -l)"
perl -e 'use Socket; socket(S, PF_INET, SOCK_STREAM, 0) or exit 7'
echo "socket: \$?"
echo done
END
hook fails <<END
echo "this is why" >&2
exit 3
END
hook slow <<END
echo \$\$ >"$tmp/said/slow"
exec sleep 1000
END
hook last <<END
echo ran >"$tmp/said/last"
END

node_use n
node_config hooks "{
	{ \"delivered\", \"$tmp/bin/plain\", 10, 0, 0 },
	{ \"delivered\", \"$tmp/bin/granted\", 10, 0,
	    CONF_HOOK_MAIL | CONF_HOOK_NET },
	{ \"delivered\", \"$tmp/bin/fails\", 10, 0, 0 },
	{ \"delivered\", \"$tmp/bin/last\", 10, 0, 0 } }"
ok 'builds' node_build
ok 'init' node_init
ok 'serves' node_start

deliver()	# SUBJECT
{
	printf 'From: "A  B" <a@example.org>\r\nSubject: %s\r\nMessage-ID: <%s>\r\n\r\nx\r\n' \
	    "$1" "m@example.org" >"$tmp/letter"
	"$python" - "$(node_port smtp)" "$tmp/letter" <<'END'
import smtplib, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
s.sendmail('a@example.org', ['me@node.test'], open(sys.argv[2], 'rb').read())
s.quit()
END
}
ended() { [ "$(tail -1 "$tmp/said/$1" 2>/dev/null)" = done ]; }
value() { sed -n "s/^$2[=:] *//p" "$tmp/said/$1"; }

ok 'delivered' deliver 'number $(one); `two`'
ok 'a hook runs' wait_for 'ended plain'
is 'event' "$(value plain MAILNODE_EVENT)" delivered
is 'folder' "$(value plain MAILNODE_FOLDER)" INBOX
is 'subject, as it is' "$(value plain MAILNODE_SUBJECT)" \
    'number $(one); `two`'
is 'message id' "$(value plain MAILNODE_MESSAGE_ID)" m@example.org
ok 'sender' sh -c 'grep -q "^MAILNODE_FROM=.*a@example.org" "$0"' \
    "$tmp/said/plain"
ok 'path' [ -e "$(value plain MAILNODE_PATH)" ]
ok 'why knows the id' mn why "$(value plain MAILNODE_ID)"
is 'no message on its input' "$(value plain input)" 0
is 'no mail' "$(value plain mail)" 0
is 'no folders' "$(value plain folders)" 0
is 'no state' "$(value plain state)" 0
is 'no socket' "$(value plain socket)" 7
ok 'the next one runs' wait_for 'ended granted'
is 'MAIL: the message' "$(value granted input)" 1
is 'MAIL: its file' "$(value granted mail)" 1
is 'never the state' "$(value granted state)" 0
is 'NET: a socket' "$(value granted socket)" 0
ok 'one that fails is named' wait_for \
    'grep -q "event=hook.*fails.*status=3.*this is why" "$node/log"'
ok 'and ends the row' fails test -e "$tmp/said/last"

pid=$(pgrep -s "$(cat "$node/serve.pid")" -f 'role runner')
kill -KILL "$pid"
rm -f "$tmp/said/plain"
ok 'the runner dies: it comes back' wait_for \
    'p=$(pgrep -s "$(cat "$node/serve.pid")" -f "role runner") &&
    [ "$p" != "$pid" ] && mn status -j |
    grep -q "\"role\":\"runner\",\"running\":1"'
deliver 'number two'
ok 'and hooks run again' wait_for 'ended plain' 20
ok 'stops' node_stop

node_config hooks "{ { \"delivered\", \"$tmp/bin/slow\", 1, 0, 0 },
	{ \"delivered\", \"$tmp/bin/absent\", 1, 0, 0 } }"
ok 'another table' node_build
ok 'serves' node_start
deliver 'slow'
ok 'a slow one is ended' wait_for \
    'grep -q "event=hook.*slow.*took too long" "$node/log"' 20
ok 'entirely' wait_for '! alive "$(cat "$tmp/said/slow" 2>/dev/null)"'
ok 'stops' node_stop
node_config hooks "{ { \"delivered\", \"$tmp/bin/absent\", 1, 0, 0 } }"
ok 'a program that is not there' node_build
ok 'serves' node_start
deliver 'absent'
ok 'is named' wait_for \
    'grep -q "event=hook.*absent.*no such program" "$node/log"'
ok 'stops' node_stop
node_config
ok 'no hooks' node_build
ok 'serves' node_start
ok 'then there is no runner' sh -c \
    '! pgrep -s "$1" -f "role runner"' - "$(cat "$node/serve.pid")"
ok 'stops' node_stop
is "no line of the log has a key twice" "$(grep -cE " event=[^ ]* (.* )?event=" "$node/log")" 0
done_testing
