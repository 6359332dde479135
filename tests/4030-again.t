#!/bin/sh
# A sender that opens a connection for each message keeps its process, and
# nobody else gets it.
. "$(dirname "$0")/lib.sh"

node_use node
node_config && node_build && node_init && node_start || exit 1
port=$(node_port smtp)

# Who served the connections so far, one line each: address and process.
served() { sed -n 's/.*pid=\([0-9]*\) event=session .* peer=\([0-9.]*\) .*/\2 \1/p' \
    "$node/log"; }
# Sends once, waits for the session's end, and sets $pid to who served it.
send()
{
	n=$(($(served | wc -l) + 1))
	swaks -n --server 127.0.0.1 --port "$port" --from a@peer.test \
	    --to me@node.test --silent 3 "$@" >/dev/null 2>&1
	wait_for '[ $(served | wc -l) -ge $n ]'
	pid=$(served | sed -n "${n}s/.* //p")
}
# Rest is short and this machine may be busy: some time two in a row meet.
twice() { send "$@"; first=$pid; send "$@"; [ "$pid" = "$first" ]; }

ok 'the next connection of an address has the same process' wait_for twice
is 'each with a trace of its own' "$(sed -n 's/.*event=session trace=\([^ ]*\) .*/\1/p' \
    "$node/log" | sort | uniq -d)" ''
ok 'and a handshake of its own' wait_for 'twice -tls'
tls() { grep -c 'event=session .*tls=TLS.*end=quit' "$node/log"; }
mixed()
{
	was=$(tls)
	send -tls; first=$pid; send; send -tls
	[ "$pid" = "$first" ] && [ "$(tls)" = $((was + 2)) ]
}
ok 'also behind one without' wait_for mixed
mine=$pid
send --local-interface 127.0.0.2
ok 'another address has another' [ "$pid" != "$mine" ]
is 'and so have all' "$(served | sort -u | awk '{ print $2 }' | sort |
    uniq -d)" ''

send --to nobody@node.test
ok 'a refusal is the last' wait_for '! alive $pid'
send
ok 'nor does one wait for ever' wait_for '! alive $pid'

twice; old=$pid
cp "$MAILNODE_HOME/tls/chain.pem" "$MAILNODE_HOME/tls/new" &&
    mv "$MAILNODE_HOME/tls/new" "$MAILNODE_HOME/tls/chain.pem"
send
ok 'a new certificate is shown by a new process' [ "$pid" != "$old" ]

before=$(served | wc -l)
smtp-source -s 1 -m 120 -f b@peer.test -t me@node.test "127.0.0.1:$port"
ok 'all of a burst are served' wait_for \
    '[ $(served | wc -l) = $((before + 120)) ]'
ok 'none serves more than fifty' [ "$(served | awk '{ n[$2]++ }
    END { for (p in n) if (n[p] > m) m = n[p]; print m }')" -le 50 ]
ok 'few serve a burst' [ "$(served | sed "1,${before}d" | sort -u |
    wc -l)" -le 40 ]

# A crowd of addresses, each with a message of its own.
cat >"$tmp/crowd.py" <<'END'
import glob, smtplib, sys
port, parent = int(sys.argv[1]), sys.argv[2]
most = 0
for i in range(120):
    s = smtplib.SMTP("127.0.0.1", port, source_address=("127.0.3.%d" % (i + 1), 0))
    s.sendmail("c@peer.test", "me@node.test", "Subject: one of many\r\n\r\n")
    s.quit()
    n = 0
    for f in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(f) as g:
                text = g.read()
        except OSError:
            continue
        n += "(mn-smtp)" in text and text.rsplit(")", 1)[1].split()[1] == parent
    most = max(most, n)
print(most)
END
ok 'not all of a crowd rest' [ "$("$python" "$tmp/crowd.py" "$port" \
    "$(cat "$node/serve.pid")")" -le 72 ]
ok 'the node stops with one at rest' eval 'send; node_stop'
done_testing
