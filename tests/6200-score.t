#!/bin/sh
# Junk by what was learnt: train, score, and what is in many languages.
. tests/lib.sh

node_use a
node_config && node_build && node_init || { echo "1..0 # SKIP"; exit 0; }

# Good and junk mail of one person, three languages, in one directory each.
"$python" - "$tmp" <<'EOF'
import base64, os, random, sys
r = random.Random(5)
good = ["meeting moved to thursday afternoon because the room is taken",
    "thanks for the photos from the lake the children loved them",
    "der bericht ist fertig bitte lies ihn vor dem treffen am montag",
    "渡り鳥の写真をありがとうございます 来週の会議で見せます",
    "привет собрание переносится на четверг напиши если не можешь",
    "the build fails on debian since the last patch can you look",
    "grandmother arrives on sunday please fetch her from the station"]
junk = ["cheap pills without prescription order now and save money",
    "you have won a lottery claim your prize money today winner",
    "無料で今すぐ登録 大金を稼ぐ方法 限定オファー",
    "заработок без вложений быстрые деньги жми сюда сейчас",
    "verdienen sie geld von zu hause ohne risiko jetzt klicken",
    "replica watches luxury discount limited offer buy now",
    "urgent business proposal transfer million dollars confidential"]
def words(pool):
    a, b = r.sample(pool, 2)
    w = (a + " " + b).split()
    r.shuffle(w)
    return a + "\n" + " ".join(w) + "\n"
for kind, pool, who in (("good", good, "friend%d@club.test"),
    ("junk", junk, "offer%d@shop%d.test")):
    os.makedirs("%s/%s" % (sys.argv[1], kind))
    for i in range(90):
        f = who.replace("%d", str(i % 9))
        text = words(pool)
        head = "From: <%s>\nTo: me@node.test\nSubject: %s\n" \
            "Message-ID: <%s%d@x.test>\nMIME-Version: 1.0\n" % (f,
            "=?utf-8?b?%s?=" % base64.b64encode(
            text.split("\n")[0][:20].encode()).decode(), kind, i)
        if i % 3 == 0:
            body = "Content-Type: text/plain; charset=utf-8\n" \
                "Content-Transfer-Encoding: base64\n\n" + \
                base64.encodebytes(text.encode()).decode()
        elif i % 3 == 1:
            body = "Content-Type: text/html; charset=utf-8\n\n<p>" + \
                text + "<a href=\"http://%s/x\">.</a>" % f.split("@")[1]
        else:
            body = "Content-Type: text/plain; charset=utf-8\n\n" + text
        open("%s/%s/%d" % (sys.argv[1], kind, i), "w").write(head + body)
EOF
mkdir "$tmp/g" "$tmp/j" "$tmp/judge"
for i in $(seq 0 69); do
	cp "$tmp/good/$i" "$tmp/g/$i"; cp "$tmp/junk/$i" "$tmp/j/$i"
done

verdict() { mn score "$@" | head -1 | cut -d' ' -f2; }
is 'nothing learnt: no verdict' "$(verdict "$tmp/junk/80")" unknown
ok 'and no table' test ! -e "$MAILNODE_HOME/tokens"
is 'junk is learnt' "$(mn train spam "$tmp/j")" \
    'learnt 70, changed 0, known before 0, failed 0; now 0 good, 70 junk'
is 'of one kind alone: no verdict' "$(verdict "$tmp/junk/80")" unknown
size=$(stat -c %s "$MAILNODE_HOME/tokens")
is 'good mail is learnt' "$(mn train ham "$tmp/g")" \
    'learnt 70, changed 0, known before 0, failed 0; now 70 good, 70 junk'
is 'the same counts once' "$(mn train ham "$tmp/g")" \
    'learnt 0, changed 0, known before 70, failed 0; now 70 good, 70 junk'
is 'the table has one size' "$(stat -c %s "$MAILNODE_HOME/tokens")" "$size"
is 'for its owner alone' "$(stat -c %a "$MAILNODE_HOME/tokens")" 600

for i in $(seq 70 89); do
	cp "$tmp/good/$i" "$tmp/judge/good.$i"
	cp "$tmp/junk/$i" "$tmp/judge/junk.$i"
done
mn score "$tmp/judge" >"$tmp/scores"
is 'all are judged' "$(wc -l <"$tmp/scores")" 40
is 'junk in three languages is told' "$(grep -c ' junk .*/junk\.' "$tmp/scores")" 20
is 'from good mail in as many' "$(grep -c ' good .*/good\.' "$tmp/scores")" 20
ok 'the deciding tokens are named' sh -c \
    "'$mailnode' score '$tmp/junk/80' | grep -Eq '^[+][0-9.]+  .'"
ok 'from stdin, as JSON' sh -c "'$mailnode' score -j <'$tmp/junk/81' |
    '$python' -c 'import json,sys; d=json.load(sys.stdin)
assert d[\"verdict\"]==\"junk\" and d[\"junk\"]>.5 and d[\"tokens\"][0][\"share\"]'"
is 'no more of them than asked for' \
    "$(mn score -n 3 "$tmp/junk/80" | wc -l)" 4

# mbox and Maildir
{ for i in 70 71; do echo 'From x@x.test Sat Jan  3 01:05:34 1998'
    cat "$tmp/good/$i"; printf '\n\n'; done; } >"$tmp/box.mbox"
is 'an mbox' "$(mn train ham "$tmp/box.mbox")" \
    'learnt 2, changed 0, known before 0, failed 0; now 72 good, 70 junk'
mkdir -p "$tmp/md/cur" "$tmp/md/new" "$tmp/md/tmp"
cp "$tmp/junk/72" "$tmp/md/cur/1.x:2,S"
is 'a Maildir' "$(mn train spam "$tmp/md")" \
    'learnt 1, changed 0, known before 0, failed 0; now 72 good, 71 junk'
: >"$tmp/empty.mbox"
is 'an mbox without messages' "$(mn train ham "$tmp/empty.mbox")" \
    'learnt 0, changed 0, known before 0, failed 0; now 72 good, 71 junk'
is 'a change of mind' "$(mn train ham "$tmp/md")" \
    'learnt 0, changed 1, known before 0, failed 0; now 73 good, 70 junk'
is 'taken back' "$(mn train forget "$tmp/md")" \
    'forgotten 1, failed 0; now 72 good, 70 junk'
ok 'what is not there is named' sh -c \
    "! '$mailnode' train spam '$tmp/none' 2>'$tmp/err'; grep -q none '$tmp/err'"
ok 'usage' sh -c "'$mailnode' train maybe '$tmp/g' 2>/dev/null; test \$? = 2"

# damage
node_start
ok 'with the daemon too' mn train -q ham "$tmp/good/75"
node_stop
printf 'torn' | dd of="$MAILNODE_HOME/tokens" bs=1 seek=500000 conv=notrunc 2>/dev/null
node_start
ok 'a torn table is told of' wait_for "mn status | grep -q 'tokens: damaged in 1 place'"
is 'and is of use' "$(verdict "$tmp/junk/80")" junk
node_stop
truncate -s 100000 "$MAILNODE_HOME/tokens"
is 'one cut off says nothing' "$(mn score "$tmp/junk/80" 2>&1)" \
    'mailnode: tokens: was damaged in part'
node_start
ok 'it is begun anew' wait_for "mn status | grep -q 'tokens: was damaged and is begun anew'"
ok 'and the old one kept' test -e "$MAILNODE_HOME/tokens.damaged"
is 'nothing is known then' "$(verdict "$tmp/junk/80")" unknown
node_stop
printf '\377' | dd of="$MAILNODE_HOME/tokens" bs=1 seek=8 conv=notrunc 2>/dev/null
node_start
ok 'a newer one is left alone' sh -c "'$mailnode' train spam '$tmp/j' 2>&1 |
    grep -q 'tokens: cannot be written'"
ok 'and named' wait_for "mn status | grep -q 'tokens: written by a newer version'"
node_stop

# Who removes the table begins anew, whoever still has it open.
rm "$MAILNODE_HOME/tokens"
mn train -q good "$tmp/g" && rm "$MAILNODE_HOME/tokens"
is 'a table that was removed is made anew' "$(mn train junk "$tmp/j")" \
    'learnt 70, changed 0, known before 0, failed 0; now 0 good, 70 junk'
ok 'where it was' test -e "$MAILNODE_HOME/tokens"

done_testing
