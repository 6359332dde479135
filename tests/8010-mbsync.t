#!/bin/sh
# mbsync and offlineimap sync both ways, are killed in the middle, and agree
# in the end.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node hostname '"localhost"' sessions_per_address 100 || exit 1
crt=$MAILNODE_HOME/tls/chain.pem
local=$tmp/local
mkdir -p "$local"
cat >"$tmp/mbsyncrc" <<END
IMAPAccount node
Host localhost
Port $imap
User $user
PassCmd "cat $tmp/pw"
SSLType IMAPS
CertificateFile $crt
AuthMechs PLAIN

IMAPStore far
Account node

MaildirStore near
Path $local/
Inbox $local/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Sync All
CopyArrivalDate yes
SyncState *
END
printf '%s\n' "$pw" >"$tmp/pw"

sync() { timeout 120 mbsync -q -c "$tmp/mbsyncrc" all; }

# What a folder holds, by Message-ID and flags, here and there.
listing()
{
	"$python" - "$1" <<'END'
import email.parser, os, sys
rows = []
for sub in ("cur", "new"):
    d = os.path.join(sys.argv[1], sub)
    for f in os.listdir(d) if os.path.isdir(d) else []:
        with open(os.path.join(d, f), "rb") as h:
            m = email.parser.BytesHeaderParser().parse(h)
        flags = f.partition(":2,")[2]
        rows.append("%s %s" % (m["Message-ID"], "".join(
            c for c in sorted(flags) if c in "DFRST")))
print("\n".join(sorted(rows)))
END
}

agree()
{
	for box in INBOX Archive work; do
		listing "$local/$box" >"$tmp/a"
		listing "$node/Mail/$box" >"$tmp/b"
		cmp "$tmp/a" "$tmp/b" || { diff "$tmp/a" "$tmp/b"; return 1; }
	done
}
settled() { wait_for agree 10 || agree; }

for i in $(seq 60); do
	letter "$i" >"$tmp/m"
	put_mail INBOX "$tmp/m"
done
ok 'mbsync fetches what other programs filed' \
    wait_for 'sync && [ "$(listing "$local/INBOX" | wc -l)" = 60 ]' 20
ok 'and both sides agree' settled

# Changes on both sides.
flag() { for f in "$local/INBOX/cur/"*; do
	case $(sed -n 's/^Message-ID: <\([0-9]*\)@.*/\1/p' "$f") in
	"$1") mv "$f" "${f%%:2,*}:2,$2" ;;
	esac
done; }
for f in "$local/INBOX/new/"*; do
	[ ! -e "$f" ] || mv "$f" "$local/INBOX/cur/${f##*/}:2,"
done
flag 1 FS
flag 2 T
flag 3 RS
mkdir -p "$local/work/cur" "$local/work/new" "$local/work/tmp"
letter near | tr -d '\r' >"$local/work/new/1.near.host"
letter both | tr -d '\r' >"$local/Archive/new/1.both.host"
# Once the index knows them.
tags() { wait_for "mn tag $1 -- id:$2@test >/dev/null 2>&1"; }
tags +flagged 10
tags -unread 11
ok 'mbsync carries changes both ways' sync
ok 'both sides agree' settled
is 'the deleted one is gone' \
    "$(listing "$node/Mail/INBOX" | grep -c '^<2@test>')" 0
is 'a new folder came over' "$(listing "$node/Mail/work")" '<near@test> '
ok 'flags came over' sh -c \
    'ls "$1/Mail/INBOX/cur" | grep -q ":2,FS$"' - "$node"
ok 'flags of the terminal went out' sh -c \
    'ls "$1/INBOX/cur" | grep -c ":2,F$" | grep -q 1' - "$local"

# Killed in the middle, ten times.
for i in $(seq 100 250); do
	letter "$i" >"$tmp/m"
	put_mail INBOX "$tmp/m"
	[ $((i % 5)) != 0 ] || {
		letter "n$i" | tr -d '\r' >"$local/work/new/$i.n.host"; }
done
for i in 1 2 3 4 5 6 7 8 9 10; do
	mbsync -q -c "$tmp/mbsyncrc" all 2>/dev/null &
	victim=$!
	"$python" -c "import time; time.sleep($i * 0.04)"
	kill -KILL $victim 2>/dev/null
	wait $victim 2>/dev/null
done
ok 'killed ten times, it goes on' wait_for \
    'sync && [ "$(listing "$local/INBOX" | wc -l)" = 210 ]' 20
ok 'nothing was lost' settled
is 'nothing came twice' "$(listing "$local/INBOX"; listing "$local/work")" \
    "$({ listing "$local/INBOX" | sort -u; listing "$local/work" | sort -u; })"
f=$(ls "$local/work/new" | head -1)
mv "$local/work/new/$f" "$local/work/cur/${f%%:2,*}:2,T"
ok 'a deletion after that' sync
ok 'reaches the other side' settled

# offlineimap, into a Maildir of its own.
cat >"$tmp/offlineimaprc" <<END
[general]
accounts = a
metadata = $tmp/offline
[Account a]
localrepository = l
remoterepository = r
[Repository l]
type = Maildir
localfolders = $tmp/off
[Repository r]
type = IMAP
remotehost = localhost
remoteport = $imap
ssl = yes
sslcacertfile = $crt
auth_mechanisms = PLAIN
remoteuser = $user
remotepass = $pw
END
offline() { timeout 120 offlineimap -u quiet -o -c "$tmp/offlineimaprc"; }
off_agree()
{
	listing "$tmp/off/INBOX" >"$tmp/a"
	listing "$node/Mail/INBOX" >"$tmp/b"
	diff "$tmp/a" "$tmp/b"
}
if command -v offlineimap >/dev/null; then
	ok 'offlineimap fetches all' offline
	ok 'and agrees' off_agree
	f=$(grep -l '^Message-ID: <20@test>' "$tmp/off/INBOX/"*/*)
	mv "$f" "$tmp/off/INBOX/cur/$(basename "${f%%:2,*}"):2,FS"
	rm "$(grep -l '^Message-ID: <21@test>' "$tmp/off/INBOX/"*/*)"
	letter off | tr -d '\r' >"$tmp/off/INBOX/new/1.off.host"
	tags +flagged 22
	ok 'offlineimap carries changes both ways' offline
	ok 'and agrees again' wait_for off_agree
	is 'what it removed is gone' \
	    "$(listing "$node/Mail/INBOX" | grep -c '^<21@test>')" 0
	is 'what it added is there' \
	    "$(listing "$node/Mail/INBOX" | grep -c '^<off@test>')" 1
fi

ok 'no check finds anything' mn fsck
done_testing
