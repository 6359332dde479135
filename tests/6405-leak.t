#!/bin/sh
# To whom an alias was given, and who has it besides; the catch-all's
# exceptions.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"

dns_start || exit 1
for d in shop.test mailer.test spam.test evil.test ads.co.uk tea.co.uk; do
	echo "$d TXT \"v=spf1 ip4:127.0.0.1 -all\"" >>"$tmp/zone"
done
echo 'news.shop.test TXT "v=spf1 ip4:127.0.0.1 -all"' >>"$tmp/zone"
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" catchall '"Archive"' \
    catchall_refused '{ "info", "*sales*" }' || exit 1
node_build && node_init && node_start || exit 1
n=0
send()	# FROM TO [HEADER-FROM]: $tmp/answer: what refuses it
{
	n=$((n + 1))
	swaks --server "127.0.0.1:$(node_port smtp)" --helo x.test --from "$1" \
	    --to "$2" --h-From "${3-$1}" --h-Subject "letter $n" \
	    --h-To 'undisclosed:;' --body text >"$tmp/swaks" 2>&1
	sed -n 's/^<\*\* *//p' "$tmp/swaks" | head -1 | cut -c1-9 >"$tmp/answer"
}
answer() { cat "$tmp/answer"; }
tags() { mn search "subject:\"letter $n\"" | grep -ow leak; }
is_tagged() { wait_for "[ \"\$(mn search 'subject:\"letter $n\"' | wc -l)\" = 1 ]" && [ "$(tags)" = "$1" ]; }
listed() { mn alias list | sed -n "s/^$1@[^ ]* .* last [-0-9]*//p"; }

# ---- named
ok 'for a shop' mn alias add --for shop.test shop
ok 'for two, with a note' mn alias add --for Tea.CO.UK --for xn--bcher-kva.test -n tea tea
ok 'a note' mn alias add --for 'the man at the fair' fair
ok 'for two, with a comma' mn alias add --for 'one.test, two.test' pair
ok 'no domain among them: a note' mn alias add --for 'one.test, a shop' mixed
ok 'tags, as a rule has them' mn alias add -t '+a b,c' tagged
for t in '-a' 'a -inbox' '+'; do
	is "no tag: $t" "$(mn alias add -t "$t" bad 2>&1)" \
	    'mailnode: -t: not tags: "shop bill"'
done
is 'listed so' "$(mn alias list | sed -n 's/^\([a-z]*\)@.*never/\1/; /^[pmt][ai]/p')" \
'mixed # one.test, a shop
pair for one.test two.test
tagged tags a b c'
for a in pair mixed tagged; do mn alias rm $a; done
is 'listed' "$(mn alias list | sed 's/^\([a-z]*\)@.*never/\1/')" \
'fair # the man at the fair
shop for shop.test
tea for tea.co.uk xn--bcher-kva.test # tea'
send ada@shop.test shop@node.test
ok 'from the shop' is_tagged ''
send news@news.shop.test shop+x@node.test
ok 'from below it' is_tagged ''
send me@node.test shop@node.test
ok 'from me' is_tagged ''
send '<>' shop@node.test mailer-daemon@spam.test
ok 'a notice' is_tagged ''
send ada@spam.test shop@node.test
ok 'from another' is_tagged leak
ok 'why tells' eval 'mn why shop@node.test | grep -q " leak .*spam.test"'
send bob@spam.test shop@node.test; send ada@evil.test shop@node.test
ok 'from a third' is_tagged leak
is 'list tells how often and who' "$(listed shop)" \
    ' for shop.test leaked 3 by spam.test evil.test'
is 'in JSON, too' "$(mn alias list -j | grep -o '"for":"shop.test".*evil.test"')" \
    '"for":"shop.test","given":true,"leaks":3,"leaked":"spam.test evil.test"'
send ada@ads.co.uk tea@node.test
ok 'co.uk is nobody' is_tagged leak
send x@sub.tea.co.uk tea@node.test
ok 'what is below a name there is' is_tagged ''

# ---- learnt
send ada@shop.test fair@node.test
ok 'the first' is_tagged ''
send ada@mailer.test fair@node.test
ok 'and the next are its own' is_tagged ''
is 'which list tells' "$(listed fair)" ' known to shop.test mailer.test # the man at the fair'
sqlite3 -cmd '.timeout 9000' "$MAILNODE_HOME/node.db" "update alias_own set since = since - 8*86400 where address like 'fair%'"
send ada@spam.test fair@node.test
ok 'after a week none is' is_tagged leak
send ada@mailer.test fair@node.test
ok 'but these are' is_tagged ''
# Who is proved counts, whatever the envelope says.
send x@shop.test fair@node.test ada@evil.test
is 'taken' "$(tags | tr -d '\n' | wc -c)" 0
ok 'taken away' mn alias rm shop
ok 'and made again' mn alias add shop
is 'nothing is known of it' "$(mn alias list | sed -n 's/^shop@.*never//p')" ''

# ---- the client
if command -v tmux >/dev/null; then
	trap 'tui_stop; cleanup' EXIT
	tui_start
	ok 'the client has all' sees 'letter 14'
	keys l; typed 'tag:leak and from:evil'; keys Enter
	ok 'in the list' sees '^.*letter 7'
	ok 'alone' gone 'letter 14'
	keys Enter
	ok 'by which alias' sees '^Came to: +shop@node.test'
	ok 'and that it leaked' sees '^Leaked: +this alias was not given to them'
	keys q
	swaks --server "127.0.0.1:$(node_port smtp)" --helo x.test \
	    --from ada@shop.test --to me@node.test,shop@node.test,tea@node.test \
	    --header 'Envelope-To: fair@node.test' \
	    --h-Subject 'to three' --body text >/dev/null 2>&1
	keys l; typed 'subject:three'; keys Enter
	ok 'one to three of mine' sees '^.*to three'
	keys Enter
	ok 'by all of them, and no others' sees \
	    '^Came to: +me@node.test, shop@node.test, tea@node.test *$'
	keys q; tui_stop
fi

# ---- the catch-all
send ada@shop.test any@node.test
is 'anything' "$(answer)" ''
ok 'is caught' wait_for '[ "$(mn search "subject:\"letter $n\" and folder:Archive" | wc -l)" = 1 ]'
for a in info Info presales salesman sales; do
	send ada@shop.test "$a@node.test"
	is "but not $a" "$(answer)" '550 5.1.1'
done
send ada@shop.test infos@node.test
is 'infos is' "$(answer)" ''
ok 'burnt' mn alias burn shop
send ada@shop.test shop@node.test
is 'refuses' "$(answer)" '550 5.1.1'
ok 'stops' node_stop
done_testing
