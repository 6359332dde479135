#!/bin/sh
# Programs of the event deliver: they tag, refile, quarantine; one that fails
# or hangs changes nothing and holds up nobody.
. "$(dirname "$0")/lib.sh"

hook() { { echo '#!/bin/sh'; cat; } >"$tmp/$1"; chmod +x "$tmp/$1"; }
mkdir "$tmp/said"
hook word <<END
env | grep -E '^MAILNODE_(EVENT|FOLDER|VERDICT|SENDER|RECIPIENT)=' | sort >"$tmp/said/env"
subject=\$(sed -n 's/^Subject: \([a-z]*\).*/\1/p')
case \$subject in
bill) printf 'tag +bill -unread\nsaid what\nfolder Archive\n' ;;
bad) echo 'quarantine it smells' ;;
odd) printf 'tag bill\nfolder ../x\nfolder Nowhere\nquarantine' ;;
fails) echo 'tag +failed'; exit 3 ;;
hangs) echo 'tag +hung'; sleep 1000 ;;
loud) yes tag +loud | head -c 9000000 ;;
rescue) echo 'folder INBOX' ;;
shot) [ -e "$tmp/said/shot" ] || { >"$tmp/said/shot"; kill -KILL \$\$; }
    echo 'tag +late' ;;
inner) [ -e "$tmp/said/inner" ] || { >"$tmp/said/inner"; sh -c 'kill -KILL \$\$'; exit; }
    echo 'tag +late' ;;
dies) echo >>"$tmp/said/dies"; kill -TERM \$\$ ;;
crash) echo >>"$tmp/said/crash"; kill -SEGV \$\$ ;;
esac
END
hook second <<END
[ "\$(sed -n 's/^Subject: \([a-z]*\).*/\1/p')" != bill ] || echo 'tag +second'
END
sed "s|^my @sockets = .*|my @sockets = ('$tmp/none', '$tmp/clamd');|" \
    examples/hooks/clamd >"$tmp/clamd.pl"
chmod +x "$tmp/clamd.pl"
# A clamd that knows one virus, and no message of 100000 octets.
cat >"$tmp/clamd.py" <<'END'
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + '.new'); s.listen(9); os.rename(sys.argv[1] + '.new', sys.argv[1])
def exactly(c, n):
    b = b''
    while len(b) < n:
        d = c.recv(n - len(b))
        if not d: raise EOFError
        b += d
    return b
while True:
    c, _ = s.accept()
    with c:
        assert exactly(c, 10) == b'zINSTREAM\0'
        m = b''
        while n := struct.unpack('>I', exactly(c, 4))[0]:
            m += exactly(c, n)
            if len(m) > 100000: break
        c.sendall(b'INSTREAM size limit exceeded. ERROR\0' if len(m) > 100000
            else b'stream: Test.Worm-1 FOUND\0' if b'WORM' in m
            else b'stream: OK\0')
        if len(m) > 100000:
            while c.recv(65536): pass
END

dns_start || exit 1
node_use a
node_config resolvers "{ { \"$dns\", 0 } }" \
    hooks "{ { \"deliver\", \"$tmp/word\", 2, 0, CONF_HOOK_MAIL },
	{ \"deliver\", \"$tmp/second\", 2, 0, CONF_HOOK_MAIL } }" \
    rules '{ { "tag:bill", "+rule", NULL, NULL, NULL, 0 },
	{ "*", "+all", NULL, NULL, NULL, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 } }' || exit 1
node_build && node_init && node_start || exit 1
printf '_dmarc.bad.test TXT "v=DMARC1; p=quarantine"\n' >>"$tmp/zone"
send()	# SUBJECT [FROM [FILE]]
{
	{ printf 'From: %s\r\nSubject: %s\r\nMessage-ID: <%s@x>\r\n\r\n' \
	    "${2-ada@x.test}" "$1" "$(echo "$1" | tr -d ' ')"
	cat "${3-/dev/null}"; printf 'text\r\n'; } >"$tmp/letter"
	swaks --server "127.0.0.1:$(node_port smtp)" --helo x.test \
	    --from "${2-ada@x.test}" --to me@node.test --data "@$tmp/letter" >"$tmp/swaks" 2>&1
}
sees()	# SUBJECT FOLDER (TAGS)
{
	wait_for "[ \"\$(mn search 'subject:$1' |
	    sed 's/^[0-9]*  [-0-9]* [:0-9]*  \([A-Z][A-Za-z]*\) .*(\(.*\))$/\1 \2/')\" = '$2' ]" 20
}
why() { mn why "<$1@x>" | sed -n 's/^.* deliver  *//p'; }

ok 'a bill' send 'bill one'
ok 'is tagged and refiled, by both, and meets the rules then' \
    sees bill 'Archive all bill rule second'
is 'the program knows' "$(cat "$tmp/said/env")" \
"MAILNODE_EVENT=deliver
MAILNODE_FOLDER=INBOX
MAILNODE_RECIPIENT=me@node.test
MAILNODE_SENDER=ada@x.test
$(grep ^MAILNODE_VERDICT=.*dmarc=none "$tmp/said/env")"
is 'why tells' "$(why billone)" 'tags=+bill -unread +second folder=Archive'
ok 'bad mail' send bad
ok 'is quarantined, and meets no rule' sees bad 'Junk unread'
is 'why tells that, too' "$(why bad)" 'folder=Junk quarantine=it smells'
ok 'the filter learns nothing of it' [ "$(sqlite3 "$MAILNODE_HOME/node.db" \
    'select count(*) from judged')" = 0 ]
ok 'an odd word' send odd
ok 'is none' sees odd 'INBOX unread all'
is 'but what is one' "$(why odd)" 'folder=Nowhere (there is no such mailbox)'
ok 'one that fails' send fails
ok 'says nothing' sees fails 'INBOX unread all'
is 'which why tells' "$(why fails)" 'failed: status=3 said=tag +failed'
is 'and the log' "$(grep -o 'error=.* status=3' "$node/log")" 'error=failed status=3'
ok 'one that hangs' send hangs
ok 'the message is there' wait_for '[ "$(mn search subject:hangs | wc -l)" = 1 ]'
ok 'and behind it' send 'bill two'
ok 'others go on' sees '"bill two"' 'Archive all bill rule second'
ok 'it is ended, and says nothing' sees hangs 'INBOX unread all'
is 'which why tells' "$(why hangs)" 'failed: took too long said=tag +hung'
# By the node's own clock: the program had two seconds.
at() { mn why -j '<hangs@x>' | sed -n "s/.*\"at\":\([0-9]*\)\..*\"kind\":\"$1\".*/\1/p" | head -1; }
ok 'it did not delay the answer' [ $(($(at deliver) - $(at accept))) -ge 1 ]
ok 'one that does not stop' send loud
ok 'is ended' sees loud 'INBOX unread all'
ok 'junk' send rescue x@bad.test
ok 'can be rescued' sees rescue 'INBOX unread'
for s in shot inner dies crash; do ok "one that is hit: $s" send $s; done
ok 'killed by somebody, it runs once more' sees shot 'INBOX unread all late'
is 'which why tells' "$(why shot)" 'failed: killed by a signal
its programs run once more
tags=+late'
ok 'so does one whose own program was' sees inner 'INBOX unread all late'
ok 'killed again, it has said nothing' sees dies 'INBOX unread all'
is 'after two times' "$(wc -l <"$tmp/said/dies")" 2
is 'which why tells, too' "$(why dies)" 'failed: killed by a signal
its programs run once more
failed: killed by a signal'
ok 'one that crashes' sees crash 'INBOX unread all'
is 'does so once' "$(why crash; wc -l <"$tmp/said/crash")" 'failed: crashed, or met a limit
1'
ok 'stops' node_stop

# ---- killed while programs run: none is forgotten
hook word <<END
sleep 0.2
echo 'tag +seen'
END
ok 'serves' node_start
for i in 1 2 3 4 5 6 7 8; do send "kill $i" || echo "# not taken: $i"; done
node_kill "$(cat "$node/serve.pid")"
ok 'serves again' node_start
ok 'all are asked of' wait_for '[ "$(mn search tag:seen and subject:kill | wc -l)" = 8 ]' 30
ok 'stops' node_stop

# ---- clamd
node_config hooks "{ { \"deliver\", \"$tmp/clamd.pl\", 10, 0,
    CONF_HOOK_MAIL | CONF_HOOK_NET } }" && node_build || exit 1
ok 'serves' node_start
ok 'without clamd' send 'no clamd'
ok 'it fails' wait_for 'why noclamd | grep -q "failed:.*status=1"'
ok 'and says why' grep -q 'said="clamd: no socket' "$node/log"
"$python" "$tmp/clamd.py" "$tmp/clamd" & at_exit $!
ok 'clamd comes' wait_for '[ -S "$tmp/clamd" ]'
ok 'a good one' send clean
printf 'a WORM\r\n' >"$tmp/worm"
ok 'a bad one' send worm ada@x.test "$tmp/worm"
ok 'goes to Junk' sees worm 'Junk unread virus'
is 'by its name' "$(why worm)" 'tags=+virus folder=Junk quarantine=clamd: Test.Worm-1'
ok 'the good one stays' sees clean 'INBOX unread'
yes "$(printf '%070d\r' 1)" | head -c 200160 >"$tmp/large"
ok 'a large one' send large ada@x.test "$tmp/large"
ok 'cannot be judged' wait_for 'why large | grep -q "failed:"'
ok 'and says why' grep -q 'said=.*size limit' "$node/log"
ok 'stops' node_stop
done_testing
