#!/bin/sh
# An alias sends its mail on: signatures hold, senders are rewritten, notices
# come home, nothing goes round in circles.
. "$(dirname "$0")/lib.sh"
. tests/hop.sh

peer() { "$python" tests/tools/forward.py "$@"; }
dns_start || exit 1
peer key "$tmp/zone" "$tmp/key"
hop_start
node_use a
node_config relays "{ { \"hop\", \"127.0.0.1:$hop_port\", CONF_PLAIN,
    NULL, \"*@node.test\", \"*\", NULL } }" \
    resolvers "{ { \"$dns\", 0 } }" || exit 1
node_build && node_init && node_start || exit 1
port=$(node_port smtp)
filed() { ls "$HOME/Mail/$1/new" "$HOME/Mail/$1/cur" 2>/dev/null | grep -c S=; }
has() { wait_for "[ \$(filed $1) = $2 ]"; }
send() { peer send "$port" "$tmp/key" "$@"; }
mkdir -p "$HOME/Mail/Club/cur" "$HOME/Mail/Club/new" "$HOME/Mail/Club/tmp"
ok 'another mailbox' wait_for 'mn alias add -d Club probe'

# ---- destinations ----
ok 'an alias of several' mn alias add -d INBOX -d Club -d you@far.test \
    -d two@other.test -n club board
is 'is listed' "$(mn alias list | sed -n 's/^board.*folder/folder/p')" \
    'folder INBOX to Club to you@far.test to two@other.test # club'
ok 'in JSON, too' eval 'mn alias list -j |
    grep "\"to\":\[\"Club\",\"you@far.test\",\"two@other.test\"\]"'
for d in me@node.test shop@node.test x@mail.node.test None 'a b@x.test' @x.test x@; do
	ok "no destination: $d" eval 'fails mn alias add -d INBOX -d "$d" bad 2>"$tmp/err" && grep -q "neither a mailbox nor" "$tmp/err"'
done
ok 'nine are too many' eval 'fails mn alias add $(seq -f "-d a%g@x.test" 9) bad 2>"$tmp/err" && grep -q "too many" "$tmp/err"'
ok 'eight are not' mn alias add $(seq -f "-d a%g@x.test" 8) many

# ---- while the vault is locked ----
is 'accepted' "$(send ada@friend.test board@node.test one | cut -c1-9)" \
    '250 2.0.0'
ok 'filed' has INBOX 1
ok 'and a copy in the other mailbox' has Club 1
ok 'the rest waits for the vault' wait_for \
    'mn queue list -j | grep -c "vault is locked" | grep -qx 2'
is 'nothing went out' "$(hop_count)" 0

# ---- sent on ----
ok 'the vault opens' unlock
ok 'both go out' hop_has 2
is 'their signatures hold; trace fields of ours in front' \
    "$(peer verify "$tmp/zone" "$hop/msg.1"; peer verify "$tmp/zone" "$hop/msg.2")" \
    'pass Delivered-To Received Authentication-Results
pass Delivered-To Received Authentication-Results'
is 'to whom' "$( (hop_rcpts 1; hop_rcpts 2) | sort | xargs)" \
    '<two@other.test> <you@far.test>'
srs=$(hop_env 1 mail | sed 's/^[^<]*<\([^>]*\)>.*/\1/')
ok 'from an address of ours' eval \
    'echo "$srs" | grep -qxE "SRS0=[a-z2-7]{8}=[a-z2-7]{2}=friend.test=ada@node.test"'
ok 'the local copies stay' [ "$(filed INBOX) $(filed Club)" = '1 1' ]
ok 'the queue is empty' wait_for '[ -z "$(mn queue list)" ]'

id=$(mn why board@node.test | sed -n 's/^[-0-9]* [:0-9]* \([^ ]*\) *accept .*/\1/p' | head -1)
mn why "$id" >"$tmp/why"
# How often it looked at the locked vault, or was told to, is no matter.
is 'why tells the whole way' "$(awk '$4 !~ /^(deferred|retry)$/ { print $4 }' "$tmp/why" | sort | uniq -c | xargs)" \
    '1 accept 1 copied 1 filed 2 forward 1 from 2 queued 2 sent'

is 'a large one' "$(peer size "$port" "$tmp/key" ada@friend.test \
    board@node.test,me@node.test big 700000 | cut -c1-9)" '250 2.0.0'
ok 'goes on' hop_has 4
is 'and holds; to whom else it came is not told' \
    "$(peer verify "$tmp/zone" "$hop/msg.3"; peer verify "$tmp/zone" "$hop/msg.4")" \
    'pass Delivered-To Received Authentication-Results
pass Delivered-To Received Authentication-Results'
ok 'here it is' eval 'grep -rlq "^Envelope-To: board@node.test," \
    "$HOME/Mail/INBOX"'

# ---- notices come home ----
is 'a notice to it' "$(send '' "$srs" bounced | cut -c1-9)" '250 2.0.0'
ok 'goes to whom it hides' hop_has 5
is 'nobody else' "$(hop_rcpts 5)" '<ada@friend.test>'
is 'from <>' "$(hop_env 5 mail | sed 's/.*\(<[^>]*>\).*/\1/')" '<>'
ok 'and the owner sees it' eval 'has INBOX 3 && grep -rlq bounced@friend.test "$HOME/Mail/INBOX"'
is 'with a sender: refused' "$(send eve@far.test "$srs" x | cut -c1-9)" \
    '550 5.7.1'
bad=$(echo "$srs" | sed 's/=friend/=fiend/')
is 'a forged one: refused' "$(send '' "$bad" x | cut -c1-9)" '550 5.1.1'
is 'a null sender stays null' "$(send '' board@node.test null | cut -c1-9
    hop_has 7; hop_env 6 mail | sed 's/.*\(<[^>]*>\).*/\1/')" '250 2.0.0
<>'
ok 'locked' mn vault lock
is 'while locked: later' "$(send '' "$srs" x | cut -c1-9)" '451 4.3.0'
ok 'unlocked' unlock
n=$(filed INBOX)

# ---- loops, junk, failures ----
is 'what was sent on from here before is refused' \
    "$(send ada@friend.test board@node.test loop 'Delivered-To: Board@node.test' | cut -c1-9)" '554 5.4.6'
is 'as it comes back' "$("$python" - "$port" "$hop/msg.1" <<'END'
import smtplib, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
s.ehlo('x.test'); s.mail('a@x.test'); s.rcpt('board@node.test')
print(s.data(open(sys.argv[2], 'rb').read())[1].decode()[:5])
END
)" '5.4.6'
is 'another address of ours is none' "$(send ada@friend.test me@node.test \
    other 'Delivered-To: me@node.test' | cut -c1-9)" '250 2.0.0'
ok 'filed' has INBOX $((n + 1))
printf 'friend.test TXT "v=spf1 -all"\n_dmarc.bad.test TXT "v=DMARC1; p=quarantine"\n' >>"$tmp/zone"
"$python" - "$port" <<'END' >"$tmp/out"
import smtplib, sys
s = smtplib.SMTP('127.0.0.1', int(sys.argv[1]))
s.ehlo('x.test'); s.mail('x@bad.test'); s.rcpt('board@node.test')
print(s.data(b'From: x@bad.test\r\nSubject: junk\r\n\r\njunk\r\n'))
END
ok 'junk is filed as such' has Junk 1
is 'and goes nowhere' "$(mn queue list; hop_count)" 7
printf 'From: me@node.test\r\nSubject: forged\r\n\r\nx\r\n' >"$tmp/forged"
n=$(filed INBOX)
ok 'in our own name, unproven' swaks --server "127.0.0.1:$port" \
    --helo x.test --from x@x.test --to board@node.test --data "@$tmp/forged"
ok 'is filed' has INBOX $((n + 1))
is 'and goes nowhere either' "$(mn queue list; hop_count)" 7
ok 'which why says' wait_for 'mn why x@x.test | grep -q "stays .*author of ours"'
printf 'Subject: own\n\nx\n' | mn send board@node.test
ok 'our own letter goes out' hop_has 9
ok 'signed, from the owner' eval 'grep -qi "^dkim-signature:.*d=node.test\|^	d=node.test\|d=node.test" "$hop/msg.8" &&
    hop_env 8 mail | grep -q "<me@node.test>"'
ok 'an alias with one' mn alias add -d gone@far.test gone
hop_rules 'rcpt:gone@far.test 550 5.1.1 no such user'
n=$(filed INBOX)
is 'accepted' "$(send ada@friend.test gone@node.test fail | cut -c1-9)" \
    '250 2.0.0'
ok 'refused there: the letter and a notice' has INBOX $((n + 2))
ok 'which is for the owner' eval 'grep -rl "^To: .*me@node.test" "$HOME/Mail/INBOX" |
    xargs grep -l "5.1.1 no such user"'
ok 'the queue is empty' wait_for '[ -z "$(mn queue list)" ]'
is 'the stranger hears nothing' "$(hop_count)" 9
ok 'stops' node_stop
done_testing
