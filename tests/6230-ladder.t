#!/bin/sh
# One ladder decides on each message: the owner's lists first.
. tests/lib.sh

dns_start
cat >"$tmp/zone" <<'END'
friend.test TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.friend.test TXT "v=DMARC1; p=none"
list.test TXT "v=spf1 ip4:127.0.0.1 -all"
plain.test TXT "v=spf1 ip4:127.0.0.1 -all"
forger.test TXT "v=spf1 ip4:127.0.0.1 -all"
_dmarc.strict.test TXT "v=DMARC1; p=reject"
END
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" && node_build && node_init &&
    node_start || { echo "1..0 # SKIP"; exit 0; }
port=$(node_port smtp)
n=0
# mail FROM ENVELOPE: $answer
mail()
{
	n=$((n + 1))
	answer=$(swaks --server 127.0.0.1 --port "$port" --helo mx.test \
	    --from "$2" --to me@node.test --h-From "$1" \
	    --h-Subject "letter-$n-" --body hello 2>&1 |
	    sed -n '/-> \.$/,$s/^<[-*~ ]* *\([245][0-9][0-9] [0-9.]*\).*/\1/p' | head -1)
}
# Where the letter of that subject lies.
found() { wait_for 'folder=$(cd "$node/Mail" && grep -rl "Subject: letter-'$n'-" \
    */cur */new 2>/dev/null | cut -d/ -f1) && [ -n "$folder" ]'; }
rung() { mn why "$1" | grep -o 'rung=[^ ]*' | tail -1; }

is 'the lists are empty' "$(mn allow; mn block list)" ''
ok 'an address' mn allow add -n 'from school' Ada@Friend.test
ok 'a domain, short' mn block spam.test
ok 'a network' mn block add 192.0.2.7/24
is 'listed' "$(mn allow; mn block)" 'ada@friend.test # from school
192.0.2.0/24
spam.test'
is 'as JSON' "$(mn block -j | cut -d, -f1,2 | head -1)" \
    '{"name":"192.0.2.0/24","kind":"network"'
ok 'U-labels' mn block add 'bücher.test'
ok 'are kept as A-labels' sh -c '"$0" block | grep -q "^xn--bcher-kva.test$"' \
    "$mailnode"
ok 'what is no name' fails mn allow add 'a b'
is 'says so' "$(mn allow add 192.0.2.300 2>&1)" \
    'mailnode: 192.0.2.300: not an address, a domain or a network'
ok 'not there' fails mn allow rm nobody.test
mn allow add 2>/dev/null
is 'no name at all' $? 2

mail 'Ada <ada@friend.test>' x@friend.test
is 'allowed' "$answer" '250 2.0.0'
ok 'arrives' found
is 'in INBOX' "$folder" INBOX
is 'why names the rung' "$(rung x@friend.test)" 'rung=allow(ada@friend.test)'
mail 'Ada <ada@friend.test>' x@forger.test
ok 'forged, it is nothing' found
is 'and no rung decides' "$(rung x@forger.test)" ''
ok 'why says what is missing' sh -c '"$0" why x@forger.test |
    grep -q "unproved=ada@friend.test"' "$mailnode"

mail 'Shop <a@m.spam.test>' b@plain.test
is 'a blocked author' "$answer" '550 5.7.1'
becomes 'why names the rung' 'rung me@node.test' 'rung=block(spam.test)'
mail 'Shop <a@plain.test>' b@spam.test
is 'a blocked envelope' "$answer" '550 5.7.1'
mail 'Shop <a@plain.test>' b@plain.test
is 'others come in' "$answer" '250 2.0.0'

ok 'the other list' mn allow add spam.test
is 'takes it' "$(mn block | grep spam)" ''
mail 'Boss <a@strict.test>' bounce@list.test
is 'a list breaks a policy' "$answer" '550 5.7.26'
ok 'until it is allowed' mn allow add list.test
mail 'Boss <a@strict.test>' bounce@list.test
is 'then it does not' "$answer" '250 2.0.0'
ok 'a network' mn block add 127.0.0.0/8
mail 'Ada <ada@friend.test>' x@friend.test
is 'the address goes before it' "$answer" '250 2.0.0'
mail 'A <a@plain.test>' x@plain.test
is 'of others all is refused' "$answer" '550 5.7.1'
ok 'no longer' mn block rm 127.0.0.0/8
mail 'A <a@plain.test>' x@plain.test
is 'they come in' "$answer" '250 2.0.0'
ok 'no crash' sh -c "! grep -q crash '$node/log'"
node_stop
done_testing
