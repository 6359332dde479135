#!/bin/sh
# Mail from outside is judged by its words, and why says by which.
. tests/lib.sh

node_use a
node_config && node_build && node_init || { echo "1..0 # SKIP"; exit 0; }
say()		# say FROM SUBJECT TEXT
{
	printf 'From: %s\nTo: me@node.test\nSubject: %s\nMessage-ID: <%s@x>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\n\n%s\n' \
	    "$1" "$2" "$2" "$3"
}
mkdir "$tmp/g" "$tmp/j"
# How it was handed over is a token, too: all junk, half of good mail by ESMTP.
hop='Received: from pc.test ([192.0.2.1]) by mx.test with ESMTP id 1; now'
for i in $(seq 60); do
	{ [ $((i % 2)) = 0 ] || echo "$hop"; say "friend$i@club.test" "photos-$i" \
	    "the sailing photos of sunday number $i are here, see you at the club"; } >"$tmp/g/$i"
	{ echo "$hop"; say "shop$i@win.test" "prize-$i" \
	    "claim your lottery prize $i now, cheap pills, money back, click here"; } >"$tmp/j/$i"
done
node_start
port=$(node_port smtp)
deliver() { swaks --server 127.0.0.1 --port "$port" --from "$1" --to me@node.test \
    --data - --silent 2 <"$2" >"$tmp/swaks" 2>&1; }
in_folder() { grep -rl "Subject: $2" "$node/Mail/$1/cur" "$node/Mail/$1/new" 2>/dev/null | wc -l; }

say shop@win.test early "claim your lottery prize now, cheap pills, click here" >"$tmp/early"
ok 'before anything is learnt' deliver shop@win.test "$tmp/early"
ok 'all is taken' wait_for '[ "$(in_folder INBOX early)" = 1 ]'
mn train -q spam "$tmp/j" && mn train -q ham "$tmp/g"

say friend@club.test later "see you at the club on sunday, thanks for the photos" >"$tmp/later"
# Sessions that wait since before there was a table do not have it; each takes
# a connection, or some from one address.
late=0
while [ $late -lt 80 ] && ! mn why shop@win.test | grep -q bayes=; do
	late=$((late + 1))
	say shop@win.test "late-$late-" "claim your lottery prize now, cheap pills, click here" >"$tmp/late"
	deliver shop@win.test "$tmp/late" || break
done
ok 'junk is filed to Junk' wait_for "[ \"\$(in_folder Junk late-$late-)\" = 1 ]"
ok 'good mail is taken' deliver friend@club.test "$tmp/later"
ok 'and filed to INBOX' wait_for '[ "$(in_folder INBOX later)" = 1 ]'
ok 'why names the words' wait_for \
    "mn why shop@win.test | grep -Eq 'bayes=(0[.][5-9]|1)[0-9.]*[(].*[)]'"
ok 'for good mail, too' wait_for \
    "mn why friend@club.test | grep -Eq 'bayes=0[.]0[0-9]*[(]'"

say mixed@win.test mixed "claim your lottery prize now, photos of sunday" >"$tmp/mixed"
ok 'mail of both kinds of words' deliver mixed@win.test "$tmp/mixed"
filed() { grep -rl 'Subject: mixed' "$node/Mail/INBOX" "$node/Mail/Junk" 2>/dev/null; }
# Fields that we put on top when it is filed must not make it other mail.
ok 'scores as a file what it scored in the session' wait_for \
    '[ -n "$(filed)" ] && [ "$(mn why mixed@win.test | sed -n "s/.*bayes=\([0-9.]*\).*/\1/p" | head -1)" = \
    "$(mn score "$(filed)" | awk "NR == 1 { printf \"%.3f\", \$1 }")" ]'
{ say x@win.test bomb "" | sed '/^$/d'; printf 'Content-Type: text/html\n\n'
    yes '<a>' | tr -d '\n' | head -c 3000000 | fold -w 900; } >"$tmp/bomb"
ok 'a million open tags do no harm' deliver x@win.test "$tmp/bomb"
ok 'the session lives' sh -c "! grep -q crash '$node/log'"
node_stop
done_testing
