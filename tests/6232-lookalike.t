#!/bin/sh
# Who only looks like somebody the owner writes to is marked, and history does
# not speak for him; who writes for the first time is told from the rest.
. tests/lib.sh
. tests/hop.sh
. tests/tui.sh

trap 'tui_stop; cleanup' EXIT
dns_start
evil=xn--frend-o2e.test		# frіend.test, with a Cyrillic i
for d in friend shop evil fr1end "$evil"; do
	printf '%s.test TXT "v=spf1 ip4:127.0.0.1 -all"\n' "${d%.test}"
done >"$tmp/zone"
hop_start --tls starttls
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" \
    relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_STARTTLS,
    NULL, \"*\", \"*\", \"$hop_pin\" } }" &&
    node_build && node_init && node_start || { echo "1..0 # SKIP"; exit 0; }
unlock >/dev/null
port=$(node_port smtp)
# letter SUBJECT AUTHOR [ENVELOPE]
letter()
{
	env=${3:-$(printf '%s' "$2" | sed 's/.*<//; s/>.*//')}
	swaks --server 127.0.0.1 --port "$port" --helo mx.test \
	    --from "$env" --to me@node.test --h-From "$2" \
	    --h-Subject "$1" --h-Message-Id "<$1@mail.test>" \
	    --body "hello" --silent 2 >"$tmp/swaks" 2>&1 &&
	    wait_for "mn search -j 'id:$1@mail.test' 2>/dev/null | grep -q ."
}
tags() { mn search -j "id:$1@mail.test" | grep -o '"tags":[^]}]*' | cut -d: -f2- | tr -d '"[]'; }
like() { mn why "$1" | grep -o 'lookalike=[^ ]*' | tail -1; }
has() { case ",$(tags "$1" | tr ' ' ',')," in *",$2,"*) ;; *) return 1 ;; esac; }

ok 'a stranger, proved' letter one 'Ada Friend <ada@friend.test>'
ok 'is new' has one first
ok 'his second letter' letter two 'Ada Friend <ada@friend.test>'
ok 'is not' fails has two first
ok 'who is not proved' letter three 'Eve <eve@nobody.test>'
ok 'is nobody yet' fails has three first

printf 'To: Ada Friend <ada@friend.test>\nSubject: hello\n\nhello\n' |
    mn send -t
ok 'the owner writes' hop_has 1
known() { sqlite3 "$MAILNODE_HOME/node.db" 'SELECT count(*) FROM known_as' \
    2>/dev/null; }
ok 'and knows her by name, address and domain' wait_for '[ "$(known)" = 3 ]'

ok 'she herself' letter four 'Ada Friend <ada@friend.test>'
ok 'is not marked' fails has four lookalike
ok 'her name, another address' letter five 'Ada Friend <ada@evil.test>'
ok 'is' has five lookalike
is 'why tells of whom' "$(like ada@evil.test)" 'lookalike=ada@friend.test'
ok 'in other letters' letter six \
    '=?windows-1251?q?=C0da_Fri=E5nd?= <a@evil.test>'
ok 'is' has six lookalike
ok 'her address for a name' letter seven '"ada@friend.test" <b@evil.test>'
ok 'is' has seven lookalike
ok 'a domain with a digit' letter eight 'Bob <bob@fr1end.test>'
ok 'is' has eight lookalike
is 'why tells of whom' "$(like bob@fr1end.test)" 'lookalike=friend.test'
ok 'a domain in other letters' letter nine "Bob <bob@$evil>"
ok 'is' has nine lookalike
ok 'below such a domain' letter ten "Bob <bob@mail.fr1end.test>" bob@fr1end.test
ok 'is' has ten lookalike
ok 'her domain within another' letter within \
    'Bob <bob@friend.test.evil.test>' x@evil.test
ok 'is' has within lookalike
ok 'with a hyphen' letter hyphen 'Bob <bob@friend-test.evil.test>' x@evil.test
ok 'is' has hyphen lookalike
is 'why tells of whom' "$(like x@evil.test)" \
    'lookalike=friend.test'
ok 'like our own' letter eleven "Root <root@n0de.test>" x@evil.test
ok 'is' has eleven lookalike
ok 'her name without an address' letter bare 'Ada Friend <ada>' x@evil.test
ok 'is' has bare lookalike
ok 'as one of two' letter both \
    'Bob <bob@evil.test>, Ada Friend <ada@evil.test>' x@evil.test
ok 'is' has both lookalike
ok 'another of her domain' letter twelve 'Bob <bob@friend.test>'
ok 'is not' fails has twelve lookalike
ok 'the name of an office' letter thirteen 'Info <info@shop.test>'
ok 'is not' fails has thirteen lookalike

# What the owner archives speaks for its sender, but for no lookalike.
sqlite3 -cmd '.timeout 9000' "$MAILNODE_HOME/node.db" "INSERT INTO history
    VALUES(1, 'evil.test', 9, 0, 1), (2, 'evil.test', 9, 0, 1)"
ok 'of a domain that is known' letter good 'News Paper <news@evil.test>'
ok 'others are trusted' sh -c '"$0" why news@evil.test |
    grep -q "rung=domain(evil.test)"' "$mailnode"
ok 'one who imitates' letter bad 'Ada Friend <mallory@evil.test>'
ok 'is not' sh -c '! "$0" why mallory@evil.test | grep -q rung=' "$mailnode"

tui_start
ok 'the list shows it' sees 'eleven .*lookalike'
ok 'a query shows who is new' sees 'new people +[1-9]'
keys Enter
ok 'the letter warns' sees 'Beware: '
keys x b
ok 'a key asks whether to refuse him' sees '^Refuse: mallory@evil.test'
keys Enter
ok 'he is refused' sees 'mallory@evil.test is refused'
is 'and on the list' "$(mn block)" 'mallory@evil.test'
keys u
ok 'undone' wait_for '[ -z "$(mn block)" ]'
mn allow add -n mine mallory@evil.test
keys x b
ok 'whom the owner let in before' sees '^Refuse: mallory@evil.test'
keys Enter
ok 'is refused' wait_for '[ "$(mn block)" = mallory@evil.test ]'
keys u
ok 'undone, he is let in as before' \
    wait_for '[ "$(mn allow)" = "mallory@evil.test # mine" ]'
is 'and not refused' "$(mn block)" ''
mn allow rm mallory@evil.test
keys : && typed 'allow x.test' && keys Enter
ok 'by name' sees 'x.test is let in'
is 'on the other list' "$(mn allow)" 'x.test'
keys : && typed 'block a..b' && keys Enter
ok 'what is no name' sees 'a..b: not an address'
tui_stop
ok 'no crash' sh -c "! grep -q crash '$node/log'"
node_stop
done_testing
