#!/bin/sh
# Other programs on our Maildir and index while the node runs: they read what
# we file, and what they flag, read and move is ours within a moment.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tui.sh"

node_use n
node_config
ok 'builds' node_build
ok 'init' node_init
ok 'starts' node_start
inbox=$node/Mail/INBOX

# has WORD PATTERN: the line of that message, as the node lists it, fits.
has() { mn search "subject:$1" | grep -qE -e "$2"; }
noticed() { wait_for 'has "$word" "$want"'; }
told() { word=$1 want=$2; noticed || { mn search "subject:$1"; return 1; }; }
gone_from() { ! mn search "subject:$1 and folder:INBOX" | grep -q .; }

send()
{
	swaks -n --server "127.0.0.1:$(node_port smtp)" --from a@peer.test \
	    --to me@node.test --header "Subject: $1" --body "text of $1"
}
for w in alpha bravo charlie delta echoes foxtrot golf hotel; do
	send "$w" >"$tmp/swaks" 2>&1 || diag "$(cat "$tmp/swaks")"
done
ok 'eight are listed' wait_for '[ "$(mn search "*" | wc -l)" = 8 ]'

# The program in a terminal of its own.
run()
{
	tui_stop
	env -u TMUX tmux -L "$term" -f /dev/null new-session -d -x 100 -y 24 \
	    "$*"
}
at_end() { run "$@"; wait_for '! tmux -L "$term" has-session 2>/dev/null'; }

# ---- mutt, neomutt
cat >"$node/muttrc" <<R
set folder="$node/Mail" spoolfile="$inbox" mbox_type=Maildir record=""
set move=no quit=yes delete=yes confirmappend=no wait_key=no sort=date
set header_cache="" mail_check=1 beep=no
R
mutts()		# PROGRAM READ FLAG MOVE: the subjects that it works on
{
	if ! command -v "$1" >/dev/null; then
		ok "$1 # SKIP not installed" :
		return
	fi
	ok "$1 runs" at_end "$1 -n -F $node/muttrc -f $inbox -e 'push \
	    \"<limit>~s $2<enter><display-message><exit>\
<limit>~s $3<enter><flag-message>\
<limit>~s $4<enter><save-message>\\Cu=Archive<enter>\
<limit>~A<enter><sync-mailbox><quit>\"'"
	ok "$1: what was read"	told "$2" 'INBOX.*[^)]$'
	ok "$1: what was flagged" told "$3" 'INBOX.*flagged'
	ok "$1: what was moved"	told "$4" 'Archive'
	ok 'and is gone here'	wait_for "gone_from '$4'"
}
mutts mutt alpha bravo charlie
mutts neomutt delta echoes foxtrot

# ---- aerc, on the newest
if command -v aerc >/dev/null; then
	mkdir -p "$node/.config/aerc"
	printf '[a]\nsource = maildir://%s\nfrom = me@node.test\ndefault = INBOX\n' \
	    "$node/Mail" >"$node/.config/aerc/accounts.conf"
	chmod 600 "$node/.config/aerc/accounts.conf"
	run "XDG_CONFIG_HOME=$node/.config HOME=$node aerc"
	ok 'aerc lists them'	sees 'hotel'
	typed ':flag'; keys Enter
	ok 'aerc: what was flagged' told hotel 'INBOX.*flagged'
	typed ':mv Archive'; keys Enter
	ok 'aerc: what was moved' told hotel 'Archive.*flagged'
	send india >"$tmp/swaks" 2>&1
	ok 'aerc: what comes in'	sees 'india'
	typed ':quit'; keys Enter
	wait_for '! tmux -L "$term" has-session 2>/dev/null'
else
	ok 'aerc # SKIP not installed' :
	send india >"$tmp/swaks" 2>&1
fi
tui_stop

# ---- mblaze
file() { mlist "$inbox" | mpick -t "subject == \"$1\""; }
ok 'mblaze finds and shows'	eval 'mshow "$(file golf)" |
    grep -q "text of golf"'
ok 'mflag -S'		eval 'mflag -S "$(file golf)"'
ok 'is read here'	told golf 'INBOX.*[^)]$'
ok 'mflag -F'		eval 'mflag -F "$(file golf)"'
ok 'is flagged here'	told golf 'flagged'
ok 'mflag -f'		eval 'mflag -f "$(file golf)"'
ok 'is not'		told golf 'INBOX.*golf$'
ok 'mrefile'		eval 'mrefile "$(file golf)" "$node/Mail/Archive"'
ok 'is moved here'	told golf 'Archive'
ok 'a tag of ours is a flag there'	eval 'wait_for "mn tag +flagged subject:india" &&
    wait_for "mscan -f %M \$(file india) | grep -q F ||
    file india | grep -q :2,.*F"'

# ---- notmuch
nm() { notmuch --config="$node/Mail/.notmuch/config" "$@"; }
ok 'all are there'	wait_for '[ "$(nm count "*")" = 9 ]'
ok 'notmuch show'	eval 'wait_for "nm show subject:india 2>&1 |
    grep -q \"text of india\""'
ok 'its search has our tags'	eval 'wait_for "nm search --output=tags \
    subject:india | grep -qx flagged"'
ok 'notmuch tag'	nm tag +harbour -unread -- subject:india
ok 'its tag is ours'	eval 'wait_for "mn search tag:harbour | grep -q india"'
ok 'and its flag'	told india 'INBOX.*flagged'
ok 'and a file'		eval 'wait_for "file india | grep -q :2,FS"'

mn fsck >"$tmp/fsck"
is 'nothing is left to mend' "$(grep -c ':' "$tmp/fsck")" 0
is 'nine files'		"$(find "$node/Mail" -path '*/cur/*' -o -path '*/new/*' |
    grep -vc /.notmuch/)" 9
node_stop
done_testing
