#!/bin/sh
# The owner's rules: what they do with mail that comes, and only with that.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

dns_start || exit 1
hop_start
mkdir -p "$tmp/said"
for h in bill notify; do cat >"$tmp/$h" <<END
#!/bin/sh
{ env | grep ^MAILNODE_ | sort; [ -e "\$MAILNODE_PATH" ] && echo there
grep ^Subject:; } >"$tmp/said/$h.tmp"
cat "$tmp/said/$h.tmp" >>"$tmp/said/$h"; echo done >>"$tmp/said/$h"
END
chmod +x "$tmp/$h"; done
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*@node.test\", \"*\", NULL } }" \
    resolvers "{ { \"$dns\", 0 } }" \
    hooks "{ { \"bill\", \"$tmp/bill\", 10, 0, CONF_HOOK_MAIL },
	{ \"fails\", \"/bin/false\", 10, 0, 0 },
	{ \"notify\", \"$tmp/notify\", 10, 0, CONF_HOOK_MAIL } }" \
    rules '{
	{ "subject:nothing and date:2010..", "+early -unread", NULL, NULL, NULL, 0 },
	{ "from:shop and subject:bill", "+bill +flagged -unread", "Bills", "bill", "clerk@far.test", CONF_RULE_NOTIFY },
	{ "subject:bill", "+second", "Archive", NULL, NULL, 0 },
	{ "subject:stop", "+last", NULL, NULL, NULL, CONF_RULE_STOP },
	{ "subject:stop or tag:early", "+never", NULL, NULL, NULL, 0 },
	{ "subject:astray", NULL, "Nowhere", "fails", NULL, 0 },
	{ "subject:on", NULL, NULL, NULL, "clerk@far.test", 0 },
	{ "date:nonsense..worse", "+x", NULL, NULL, NULL, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 } }' || exit 1
node_build && node_init || exit 1
mkdir -p "$HOME/Mail/Bills/cur" "$HOME/Mail/Bills/new" "$HOME/Mail/Bills/tmp"
# Mail that is there before, by import, is never touched.
printf 'From: shop@shop.test\nSubject: bill of old\nMessage-ID: <old@x.test>\n\nx\n' >"$tmp/old"
ok 'an import' mn import -q "$tmp/old"
ok 'serves' node_start
ok 'the vault opens' unlock
port=$(node_port smtp)
send()	# SUBJECT [HEADER...]
{
	subject=$1; shift
	{ printf '%s\r\n' 'From: Shop <ada@shop.test>' "Subject: $subject" \
	    "Message-ID: <$(echo "$subject" | tr -d ' ')@shop.test>" "$@"
	printf '\r\n%s\r\n' text; } >"$tmp/letter"
	swaks --server "127.0.0.1:$port" --helo x.test --from ada@shop.test \
	    --to "${to-me@node.test}" --data "@$tmp/letter" >"$tmp/swaks" 2>&1
}
found() { mn search "$1" | sed 's/^[0-9]*  [-0-9]* [:0-9]*  //'; }
sees() { wait_for "[ \"\$(found '$1')\" = '$2' ]" 20; }

ok 'nonsense is alarmed at the start' wait_for \
    'mn status | grep -q "rule 8 does nothing.*understand"'
ok 'a bill comes' send 'bill one'
ok 'tags, flags, mailbox' sees 'subject:"bill one"' \
    'Bills  Shop <ada@shop.test>: bill one (flagged bill second)'
ok 'its file is there' eval 'wait_for "ls $HOME/Mail/Bills/cur | grep -q :2,FS"'
ok 'its hook ran' wait_for '[ "$(tail -1 "$tmp/said/bill" 2>/dev/null)" = done ]'
is 'with the message and its rule' "$(grep -E '_RULE|_FOLDER|_EVENT|^Subj|there' "$tmp/said/bill" | tr -d '\r' | xargs)" \
    'MAILNODE_EVENT=bill MAILNODE_FOLDER=Bills MAILNODE_RULE=2 there Subject: bill one'
ok 'somebody is told' wait_for '[ "$(tail -1 "$tmp/said/notify" 2>/dev/null)" = done ]'
ok 'it goes on' hop_has 1
is 'to whom' "$(hop_rcpts 1)" '<clerk@far.test>'
ok 'from an address of ours' eval 'hop_env 1 mail | grep -q "<SRS0=.*@node.test>"'
ok 'as it came, behind our trace' eval 'tr -d "\r" <"$hop/msg.1" >"$tmp/on" &&
    [ "$(head -1 "$tmp/on")" = "Delivered-To: me@node.test" ] &&
    ! grep -q ^Return-Path: "$tmp/on" && grep -q "^Subject: bill one" "$tmp/on"'
id=$(mn why '<billone@shop.test>' | awk '$4 == "filed" { print $3 }')
is 'why names the rules' "$(mn why "$id" | sed -n 's/.* rule  *<[^>]*> //p')" \
    'rule=2 query=from:shop and subject:bill tags=+bill +flagged -unread folder=Bills forward=clerk@far.test hook=bill notify
rule=3 query=subject:bill tags=+second folder=Archive'
ok 'and where it went' eval 'mn why "$id" | grep -q " forward .*clerk@far.test"'
is 'the import is as it was' "$(found 'subject:"bill of old"')" \
    'INBOX  shop@shop.test: bill of old (unread)'
ok 'stop' send 'stop here'
ok 'ends the row' sees 'subject:"stop here"' 'INBOX  Shop <ada@shop.test>: stop here (unread last)'
ok 'no such mailbox' send 'astray'
ok 'is told' wait_for 'mn status | grep -q "rule 6: there is no mailbox Nowhere"'
ok 'so is a program that fails' wait_for 'mn why "<astray@shop.test>" |
    grep -q " rule  *rule=6 hook=fails failed: status=1$"'
mkdir -p "$node/Mail/Nowhere/cur" "$node/Mail/Nowhere/new" "$node/Mail/Nowhere/tmp"
ok 'until there is one' wait_for '! mn status | grep -q "there is no mailbox"'
rmdir "$node/Mail/Nowhere"/* "$node/Mail/Nowhere"
is 'and loses nothing' "$(found subject:astray)" 'INBOX  Shop <ada@shop.test>: astray (unread)'
ok 'no rule' send 'plain'
ok 'nothing is done' sees 'subject:plain' 'INBOX  Shop <ada@shop.test>: plain (unread)'

# ---- loops, lies, junk
ok 'what came from here before' send 'on again' 'Delivered-To: me@node.test'
ok 'is not sent on' wait_for 'mn why "<onagain@shop.test>" | grep -q "not sent on: it came from"'
printf 'From: me@node.test\r\nSubject: on forged\r\nMessage-ID: <f@x>\r\n\r\nx\r\n' >"$tmp/letter"
ok 'an unproven author of ours' swaks --server "127.0.0.1:$port" --helo x.test \
    --from ada@shop.test --to me@node.test --data "@$tmp/letter"
ok 'neither' wait_for 'mn why "<f@x>" | grep -q "not sent on"'
printf '_dmarc.bad.test TXT "v=DMARC1; p=quarantine"\n' >>"$tmp/zone"
printf 'From: x@bad.test\r\nSubject: on bill\r\nMessage-ID: <junk@x>\r\n\r\nx\r\n' >"$tmp/letter"
ok 'junk' swaks --server "127.0.0.1:$port" --helo x.test --from x@bad.test \
    --to me@node.test --data "@$tmp/letter"
ok 'stays junk' sees 'id:junk@x' 'Junk  x@bad.test: on bill (unread)'
is 'one letter went out' "$(mn queue list; hop_count)" 1
n=$(grep -c ^done "$tmp/said/bill")
ok 'a rebuild' mn fsck --rebuild
ok 'all is listed again' wait_for '[ "$(mn search "*" | wc -l)" = 8 ]' 30
ok 'and a bill later' send 'bill two'
ok 'is filed' sees 'subject:"bill two"' \
    'Bills  Shop <ada@shop.test>: bill two (flagged bill second)'
ok 'and sent' hop_has 2
ok 'told' wait_for '[ "$(grep -c ^done "$tmp/said/bill")" = 2 ]'
is 'what was there is as it was' "$(found 'subject:"bill of old"' ; hop_count)" \
    'INBOX  shop@shop.test: bill of old (unread)
2'

# ---- list, test, check
mn rule list >"$tmp/list"
is 'list' "$(sed -n 2p "$tmp/list")" '2  from:shop and subject:bill -> +bill +flagged -unread to Bills forward clerk@far.test hook bill notify'
is 'in JSON' "$(mn rule list -j | sed -n 4p)" '{"rule":4,"query":"subject:stop","tags":"+last","folder":"","hook":"","forward":"","notify":false,"stop":true,"wrong":""}'
is 'test by number' "$(mn rule test 3 | sed 's/^[0-9]*  [-0-9]* [:0-9]*  //' | sort)" \
'Bills  Shop <ada@shop.test>: bill one (flagged bill second) -> +second to Archive
Bills  Shop <ada@shop.test>: bill two (flagged bill second) -> +second to Archive
INBOX  shop@shop.test: bill of old (unread) -> +second to Archive'
is 'by query, as many as wanted' "$(mn rule test -n 2 subject:bill | wc -l)" 2
is 'changes nothing' "$(found 'subject:"bill of old"')" \
    'INBOX  shop@shop.test: bill of old (unread)'
ok 'no such rule' eval 'fails mn rule test 99 2>"$tmp/err" && grep -q "no such rule" "$tmp/err"'
ok 'nonsense' eval 'fails mn rule test 8 2>"$tmp/err" && grep -q "cannot be understood" "$tmp/err"'
is 'usage' "$(mn rule test 2>/dev/null; echo $?; mn rule x 2>/dev/null; echo $?)" "2
2"
ok 'this table is right' mn check
ok 'stops' node_stop

# ---- wrong ones stop make
node_use b
wrong()	# WHY RULE
{
	node_config rules "{ $2, { NULL, NULL, NULL, NULL, NULL, 0 } }" || exit 1
	node_build 2>"$tmp/make"
	why=$1
	ok "wrong: $1" eval '[ ! -e "$mailnode" ] && grep -q "rule 1: .*$why" "$tmp/make"'
}
wrong 'does nothing' '{ "x", NULL, NULL, NULL, NULL, 0 }'
wrong 'empty query' '{ " ", "+a", NULL, NULL, NULL, 0 }'
wrong 'no other' '{ "a) or (b", "+a", NULL, NULL, NULL, 0 }'
wrong 'no other' '{ "\"a", "+a", NULL, NULL, NULL, 0 }'
wrong 'tags are not' '{ "x", "a", NULL, NULL, NULL, 0 }'
wrong 'folder is no' '{ "x", NULL, "../x", NULL, NULL, 0 }'
wrong 'no program' '{ "x", NULL, NULL, "gone", NULL, 0 }'
wrong 'no program' '{ "x", NULL, NULL, NULL, NULL, CONF_RULE_NOTIFY }'
wrong 'not an address' '{ "x", NULL, NULL, NULL, "a b@x.test", 0 }'
wrong 'address of ours' '{ "x", NULL, NULL, NULL, "me@Node.test", 0 }'
wrong 'flags' '{ "x", "+a", NULL, NULL, NULL, 64 }'
node_config message_max 65535 hostname '"not a host"' greylist_s 3601 \
    domains '{ "node.test", "no de" }' sessions_max 0 || exit 1
node_build 2>"$tmp/make"
is 'so do numbers and names, each named' "$(grep -o '^mailnode: [a-z_]*: [^ ]*' "$tmp/make")" \
'mailnode: message_max: 65535
mailnode: sessions_max: 0
mailnode: greylist_s: 3601
mailnode: hostname: "not
mailnode: domains: "no'
done_testing
