#!/bin/sh
# As sendmail: what cron, git send-email and others expect of that name.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

hop_start
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*\", \"*\", NULL } }" realname '"Me \"M.\" Myself"' || exit 1
node_build && node_init && node_start && unlock || exit 1
sm=$node/build/sendmail

# exits NAME STATUS INPUT ARGS...
exits()
{
	name=$1 want=$2 input=$3; shift 3
	printf "$input" | "$sm" "$@" >"$tmp/out" 2>&1
	is "$name" $? "$want"
}
last() { tr -d '\r' <"$hop/msg.$(hop_count)"; }
taken() { n=$1; hop_has "$n" || return 1; }

exits 'usage' 64 '' -Z
exits 'a missing value' 64 '' -f
exits 'not a daemon' 64 '' -bd
exits 'no recipient' 67 'Subject: x\n\n'
exits 'a recipient that is none' 67 'Subject: x\n\n' 'a b c@'
exits 'one in the header' 65 'To: a b c@\n\n' -t
exits 'a foreign sender' 77 'Subject: x\n\n' -f me@elsewhere.test a@far.test
exits 'an address of ours that is none' 77 'Subject: x\n\n' \
    -f nobody@node.test a@far.test
exits 'a foreign From' 77 'From: me@elsewhere.test\n\n' a@far.test
exits 'a foreign Sender' 77 'From: me@node.test\nSender: me@elsewhere.test\n\n' a@far.test
exits 'a Sender that is none' 65 'Sender: a b c\n\n' a@far.test
exits 'two authors' 65 'From: me@node.test, a@node.test\n\n' a@far.test
exits 'two From fields' 65 'From: me@node.test\nFrom: me@node.test\n\n' \
    a@far.test
is 'nothing of it was queued' "$(mn queue -a)" ''

# As cron calls it, with the login name of the owner.
exits 'cron' 0 "From: root (Cron Daemon)\nTo: $(id -un)\nSubject: Cron\nX-Cron-Env: <SHELL=/bin/sh>\n\nout\n" \
    -FCronDaemon -i -odi -oem -oi -t -f"$(id -un)"
ok 'to a bare name: nobody here' wait_for \
    'cat "$node"/Mail/INBOX/*/* 2>/dev/null | grep -q "Cron"'

exits 'lines end at a dot' 0 'Subject: dot\n\none\n.\ntwo\n' a@far.test
ok 'taken' taken 1
is 'the dot ends it' "$(last | tail -1)" one
exits 'but not with -i' 0 'Subject: dot\n\none\n.\ntwo\n' -i a@far.test
ok 'taken' taken 2
is 'all of it' "$(last | tail -2 | tr '\n' ' ')" '. two '
exits 'nor with -oi' 0 'Subject: dot\n\none\n.\ntwo\n' -oi -odq -oem a@far.test
ok 'taken' taken 3
is 'all of it too' "$(last | tail -1)" two

exits 'no header at all' 0 'just text\nsecond\n' -F 'Other Name' a@far.test
ok 'taken' taken 4
is 'its text' "$(last | sed '1,/^$/d' | tr '\n' ' ')" 'just text second '
is 'its From' "$(last | grep ^From:)" 'From: "Other Name" <me@node.test>'
exits 'a name with quotes' 0 'Subject: q\n\nx\n' a@far.test
ok 'taken' taken 5
is 'is quoted' "$(last | grep ^From:)" \
    'From: "Me \"M.\" Myself" <me@node.test>'

exits 'recipients of -t and of the arguments' 0 \
    'To: A <a@far.test>, b@far.test (B)\nCc: Group: c@far.test, "d e"@far.test;\nBcc: A@FAR.TEST\nSubject: all\n\nx\n' \
    -t f@far.test
ok 'taken' taken 6
is 'each once' "$(hop_rcpts 6)" \
    '<"d e"@far.test> <a@far.test> <b@far.test> <c@far.test> <f@far.test>'
ok 'no blind one' fails sh -c 'grep -qi ^bcc "$0"' "$hop/msg.6"

exits 'long lines' 0 "Subject: long\n\n$(printf '%03000d' 0 | tr 0 x)\n" a@far.test
ok 'taken' taken 7
is 'no line over 998' "$(last | awk 'length > 998' | wc -l)" 0
is 'all of its octets' "$(last | sed '1,/^$/d' | tr -d ' \n' | wc -c)" 3000

printf 'Subject: cr\r\n\r\none\r\ntwo\rthree\n\000four\n' |
    "$sm" -i a@far.test
ok 'line ends of every kind' taken 8
is 'are CRLF' "$(sed '1,/^.$/d' "$hop/msg.8" | od -An -c | tr -d ' \n')" \
    'one\r\ntwo\r\nthree\r\nfour\r\n'

printf 'Subject: \303\274ber\n\n\303\244\n' | "$sm" a@far.test
ok 'UTF-8' taken 9
ok 'declared' grep -q 'BODY=8BITMIME SMTPUTF8' "$hop/env.9"

printf 'From: me+list@node.test\nSubject: s\n\nx\n' | "$sm" a@far.test
ok 'a subaddress' taken 10
is 'is an identity' "$(hop_env 10 mail | cut -d' ' -f2)" \
    'FROM:<me+list@node.test>'
printf 'Subject: s\n\nx\n' | "$sm" -f '<>' a@far.test
ok 'the null sender' taken 11
is 'stays null' "$(hop_env 11 mail | cut -d' ' -f2)" 'FROM:<>'

printf 'Subject: dsn\n\nx\n' | "$sm" -N success,delay -V env+2B1 a@far.test
ok 'DSN' taken 12
ok 'asked for' sh -c 'grep -q "ENVID=env+2B1" "$0" && grep -q "NOTIFY=SUCCESS,DELAY" "$0"' "$hop/env.12"
ok 'an envelope id of ours otherwise' grep -qE ' ENVID=[0-9a-f]{32}"' \
    "$hop/env.10"
ok 'not with the null sender' fails grep -q ' ENVID=' "$hop/env.11"

{ printf 'Subject: max\n\n'; head -c 60000000 /dev/zero | tr '\0' x; } |
    "$sm" a@far.test 2>/dev/null
is 'too large' $? 65

if command -v git >/dev/null && git send-email -h 2>&1 | grep -q -- --smtp-server
then
	mkdir "$tmp/repo" && cd "$tmp/repo" && git init -q . &&
	    git config user.email me@node.test && git config user.name Me &&
	    echo one >f && git add f && git commit -qm one &&
	    echo two >f && git commit -qam 'second: change'
	git send-email --smtp-server="$sm" --to=dev@far.test --quiet \
	    --confirm=never --suppress-cc=all -1 >"$tmp/out" 2>&1
	is 'git send-email' $? 0
	cd "$top" || exit 1
	ok 'taken' taken 13
	ok 'its subject' grep -q '^Subject: \[PATCH\] second: change' "$hop/msg.13"
	ok 'without its X-Mailer' fails grep -qi ^x-mailer "$hop/msg.13"
fi

# Names of this machine stand behind '@' of what programs make up: mutt and
# mail of mailutils write From so, and complete "root".
here=$(id -un)@$(uname -n)
exits 'a name of this machine' 0 \
    "From: Me <$here>\nSender: <$(id -un)@localhost>\nTo: root@localhost\nSubject: Here\n\nx\n" \
    -t -f "$here" "root@$(uname -n | tr a-z A-Z)"
ok 'is none for others to see' wait_for \
    'cat "$node"/Mail/INBOX/*/* | tr -d "\r" >"$tmp/got" && grep -q "^Subject: Here" "$tmp/got"'
ok 'its From is ours' eval 'sed -n "/^Subject: Here/,/^$/p" "$tmp/got" | grep -qx "From: .*<me@node.test>"'
is 'once to whom it was for' "$(mn queue -a -j | grep -c '"subject":"Here"')" 1
ok 'and nobody else' eval 'mn queue -a | grep "  me+root@node.test$"'
exits 'a sender with a name' 0 'Subject: named\n\nx\n' -f 'Me <me@node.test>' me
exits 'two of them' 77 'Subject: x\n\n' -f 'me@node.test, me@node.test' me
exits 'one that is none' 77 'Subject: x\n\n' -f 'a b c' me
exits 'another user of this machine is none of ours' 77 'Subject: x\n\n' \
    -f "nobody@$(uname -n)" a@far.test
exits 'nor is a name below it' 77 'Subject: x\n\n' -f "$here.test" a@far.test

# Other things that the name does.
exits 'sendmail -bp' 0 '' -bp
is 'lists the queue' "$(cat "$tmp/out")" "$(mn queue)"
ln -s sendmail "$node/build/mailq"
is 'as mailq does' "$("$node/build/mailq" 2>&1)" "$(mn queue 2>&1)"
exits 'sendmail -q tries what waits' 0 'Subject: x\n\n' -q
exits 'at intervals, too' 0 '' -q30m
exits 'sendmail -bi has nothing to do' 0 '' -bi
exits 'sendmail -bv' 64 '' -bv a@far.test
is 'says what it is' "$(cat "$tmp/out")" \
    'mailnode: sendmail: -bv: only mail is taken here, on standard input'

# A dialogue on standard input: what PHP's mailers call.
before=$(hop_count)
exits 'sendmail -bs' 0 'EHLO [127.0.0.1]\r\nMAIL FROM:<me@node.test> BODY=8BITMIME\r\nRCPT TO:<a@far.test>\r\nRCPT TO:<b@far.test>\r\nDATA\r\nSubject: bs 1\r\nBcc: c@far.test\r\n\r\n..one\r\n...\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<root@localhost>\r\nDATA\r\nSubject: bs 2\r\n\r\n.\r\nQUIT\r\n' -bs -i
is 'each is answered' "$(cut -c1-4 "$tmp/out" | tr '\n' ' ')" \
    '220  250- 250- 250- 250- 250- 250  250  250  250  354  250  250  250  354  250  221  '
ok 'taken' taken $((before + 1))
is 'to whom it was given' "$(hop_rcpts $((before + 1)))" '<a@far.test> <b@far.test>'
is 'the dots' "$(last | tail -2 | tr '\n' ' ')" '.one .. '
ok 'without Bcc' fails sh -c 'grep -qi ^bcc "$0"' "$hop/msg.$((before + 1))"
ok 'the second, too' wait_for 'cat "$node"/Mail/INBOX/*/* | grep -q "^Subject: bs 2"'
exits 'what goes wrong' 0 'RCPT TO:<a@far.test>\nMAIL FROM:<me@elsewhere.test>\nMAIL FROM:<me@node.test>\nDATA\nRCPT TO:<a@far.test>\nDATA\n\n.\nMAIL FROM:<me@node.test>\nRCPT TO:<a b>\nRCPT TO:<a@far.test>\nRSET\nDATA\nWHAT\nMAIL TO:<a@far.test>\nMAIL FROM:<me@node.test>\nRCPT TO:<a@far.test>\nDATA\nSubject: cut\n' -bs
is 'is said' "$(cut -c1-9 "$tmp/out" | sed 1d | tr '\n' ' ')" \
    '503 5.5.1 250 2.1.0 503 5.5.1 503 5.5.1 250 2.1.5 354 end w 550 5.7.1 250 2.1.0 501 5.5.4 250 2.1.5 250 2.0.0 503 5.5.1 500 5.5.1 501 5.5.4 250 2.1.0 250 2.1.5 354 end w '
ok 'and what was cut is none' fails sh -c '"$0" queue -a | grep cut' "$mailnode"
{ printf 'MAIL FROM:<me@node.test>\nRCPT TO:<a@far.test>\nDATA\n'
head -c 60000000 /dev/zero | tr '\0' x; printf '\n.\nQUIT\n'; } | "$sm" -bs >"$tmp/out"
is 'what is too large' "$(sed -n '5,6s/ .*//p' "$tmp/out" | tr -d '\r' | tr '\n' ' ')" '552 221 '
for o in --help --version; do
	exits "sendmail $o" 0 '' $o
done

printf 'Subject: s\n\nx\n' | MAILNODE_HOME=$tmp/none "$sm" a@far.test 2>"$tmp/out"
is 'where there is no node' $? 75
ok 'none is made' fails test -e "$tmp/none"

# Without the daemon letters wait.
ok 'stop' node_stop
exits 'no daemon' 0 'Subject: later\n\nx\n' a@far.test
ok 'it waits' sh -c '"$0" queue | grep -q active' "$mailnode"
before=$(hop_count)
ok 'start' node_start
ok 'unlock' unlock
ok 'it leaves' hop_has $((before + 1)) 40
node_stop
done_testing
