#!/bin/sh
# Programs that rename mail files while we change them: no UID changes,
# nothing is lost, and both sides' flags count.
. "$(dirname "$0")/lib.sh"

command -v mbsync >/dev/null || skip_all 'no mbsync'
node_use n
node_config && node_build && node_init || exit 1
inbox=$node/Mail/INBOX
mkdir -p "$tmp/box/cur" "$tmp/box/new" "$tmp/box/tmp"
i=0
while [ $((i += 1)) -le 40 ]; do
	printf 'From: a@b.test\nTo: me@node.test\nSubject: n%d\nDate: %s\n' \
	    $i "Mon, 2 Nov 2026 10:00:00 +0000" >"$tmp/box/new/$i"
	printf 'Message-ID: <n%d@b.test>\n\ntext %d\n' $i $i >>"$tmp/box/new/$i"
done
mn import -F INBOX "$tmp/box" >/dev/null 2>&1 || exit 1
node_start || exit 1

names() { find "$1" -type f -name '*,I=*' | sort; }
# UID and subject of each, as the files and as the rows have it.
files()
{
	for f in $(names "$1"); do
		printf '%s %s\n' "$(expr "$f" : '.*,I=\([0-9.]*\)')" \
		    "$(sed -n 's/^Subject: \([a-z0-9]*\).*/\1/p' "$f" | head -1)"
	done | sort -V
}
rows()	# rows FOLDER: UID, subject
{
	mn search -j "folder:$1" | sed 's/.*"uid":\([0-9]*\),.*"subject":"\([^"]*\)".*/\1 \2/' | sort -n
}
# The letters of all messages, by subject.
letters()
{
	for f in "$1"/cur/* "$1"/new/*; do
		[ -f "$f" ] || continue
		case $f in *:2,*) l=${f##*:2,} ;; *) l= ;; esac
		printf '%s %s\n' "$(sed -n 's/^Subject: \(n[0-9]*\).*/\1/p' \
		    "$f" | head -1)" "$l"
	done | sort -V
}
agree()	# rows and files say the same
{
	mn fsck >"$tmp/fsck" 2>&1 || return 1
	sqlite3 -readonly "$MAILNODE_HOME/store.db" "SELECT m.name FROM msg m
	    JOIN mailbox b ON b.id = m.mbox WHERE b.name = 'INBOX'" |
	    LC_ALL=C sort >"$tmp/rows"
	(cd "$inbox" && find cur new -type f | LC_ALL=C sort) >"$tmp/files"
	cmp -s "$tmp/rows" "$tmp/files"
}

wait_for '[ "$(rows INBOX | wc -l)" = 40 ]' 15
wait_for "mn tag -unread '*' 2>/dev/null && [ \"\$(mn search -j tag:unread |
    wc -l)\" = 0 ]" 15
wait_for '[ "$(find "$inbox/cur" -type f | wc -l)" = 40 ]'
before=$(files "$inbox")

# ---- names that never rest ----
perl tests/tools/renamer.pl "$inbox" 4 >"$tmp/renames" &
renamer=$!
at_exit $renamer
i=0
while alive $renamer; do
	i=$((i % 40 + 1))
	mn tag +flagged "id:n$i@b.test" >/dev/null 2>&1 && echo "n$i"
done | sort -u >"$tmp/flagged"
wait $renamer
ok 'names changed all the time' [ "$(cat "$tmp/renames")" -gt 500 ]
ok 'rows and files agree afterwards' wait_for agree 15
is 'every message has the UID it had' "$(files "$inbox")" "$before"
is 'no flag of ours was lost' \
    "$(letters "$inbox" | sed -n 's/ .*F.*//p' | sort -u)" "$(cat "$tmp/flagged")"
perl tests/tools/renamer.pl "$inbox" 2 >"$tmp/renames" &
renamer=$!
at_exit $renamer
for i in 1 2 3 4 5 6 7 8; do
	mn tag +moved -- "id:n$i@b.test" >/dev/null
done
ok 'an import while names change' mn import -F Archive "$tmp/box"
wait $renamer
ok 'rows and files agree' wait_for agree 15
is 'and UIDs stay' "$(files "$inbox")" "$before"

# ---- mbsync, both ways ----
far=$tmp/far
cat >"$tmp/mbsyncrc" <<EOF
MaildirStore near
Inbox $inbox

MaildirStore far
Inbox $far

Channel c
Far :far:
Near :near:
Patterns INBOX
Create Both
Expunge Both
Sync All
SyncState $tmp/state-
EOF
sync() { mbsync -c "$tmp/mbsyncrc" c >"$tmp/mbsync" 2>&1; }
far_name()
{
	grep -lx "Subject: $1[[:cntrl:]]*" "$far"/cur/* "$far"/new/* 2>/dev/null
}
ok 'mbsync copies them' sync
is 'all' "$(find "$far" -path '*/cur/*' -type f -o -path '*/new/*' -type f |
    wc -l)" 40
ok 'rows and files agree' wait_for agree
is 'UIDs stay' "$(files "$inbox")" "$before"
round=0
while [ $((round += 1)) -le 6 ]; do
	# Both sides change, and we go on while mbsync runs.
	for i in 1 2 3 4 5; do
		f=$(far_name "n$((round + i))") || continue
		b=${f%:2,*} l=
		case $f in *:2,*) l=${f##*:2,} ;; esac
		case $l in
		*R*) ;;
		*) mv "$f" "$far/cur/${b##*/}:2,$(printf '%s' "${l}R" | fold -w1 | sort |
		    tr -d '\n')" ;;
		esac
	done
	for i in 1 2 3 4 5 6; do
		wait_for "mn tag +passed id:n$((round * 6 + i - 6))@b.test \
		    2>/dev/null"
	done &
	tagger=$!
	sync || diag "$(cat "$tmp/mbsync")"
	wait $tagger
done
ok 'and at rest once more' sync
ok 'rows and files agree' wait_for agree 15
sync
is 'flags agree on both sides' "$(letters "$inbox")" "$(letters "$far")"
is 'those of ours arrived' "$(find "$far" -name '*:2,*P*' | wc -l)" 36
is 'theirs too' "$(find "$inbox" -name '*:2,*R*' | wc -l)" \
    "$(find "$far" -name '*:2,*R*' | wc -l)"
is 'no UID changed' "$(files "$inbox")" "$before"
is 'nothing is there twice, nothing is lost' \
    "$(letters "$far" | cut -d' ' -f1 | uniq | wc -l) $(letters "$far" | wc -l)" \
    '40 40'

# What of the cache cannot be read is not what was never there.
before=$(files "$inbox")
sqlite3 "$MAILNODE_HOME/store.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
truncate -s 8192 "$MAILNODE_HOME/store.db"
for f in "$inbox"/cur/*; do mv "$f" "${f}T"; done 2>/dev/null
ok 'keeper gives up a cache that is cut short' wait_for \
    'grep -q "role=keeper.*event=store error=.*damaged" "$node/log"'
ok 'and makes it anew' wait_for agree 15
is 'no UID changed' "$(files "$inbox")" "$before"
is 'each has the flag' "$(find "$inbox" -name '*:2,*T' | wc -l)" 40

# A file where a mailbox should be.
rm -rf "$HOME/Mail/Trash"; : >"$HOME/Mail/Trash"
ok 'a mailbox that cannot be made' wait_for 'mn status | grep -q "mailbox cannot be made"'
rm -f "$HOME/Mail/Trash"
ok 'is made when it can be' wait_for '[ -d "$HOME/Mail/Trash/cur" ]'
ok 'and the alarm is over' wait_for '! mn status | grep -q "mailbox cannot be made"'

done_testing
