#!/bin/sh
# Durable accept beside Postfix with virtual(8) into a Maildir.
. "$(dirname "$0")/node.sh"
. tests/postfix.sh

# Here, as in life, there is a name server; Postfix is not made to ask it.
cat >"$tmp/zone" <<'END'
sender.test TXT "v=spf1 ip4:127.0.0.0/8 -all"
_dmarc.sender.test TXT "v=DMARC1; p=none"
1.0.0.127.in-addr.arpa PTR out.sender.test
out.sender.test A 127.0.0.1
END
dns_start || exit 1
bench_node resolvers "{ { \"$dns\", 0 } }" && node_start || exit 1
postfix_config
postfix_set 'smtpd_client_connection_count_limit = 0' \
    'default_process_limit = 200'
postfix_start || exit 1
export BENCH_TO_mailnode=me@node.test BENCH_TO_postfix=me@peer.test
cc -O2 -o "$tmp/commit" tests/bench/commit.c -lsqlite3 || exit 1
for size in 4096 102400; do
	for batch in 1 10 50; do
		mkdir -p "$tmp/c"
		printf 'bare commit loop, %s octets, %s a commit: %s/s\n' \
		    "$size" "$batch" "$("$tmp/commit" "$tmp/c" 2000 "$size" "$batch")"
		rm -rf "$tmp/c"
	done
done
"$python" tests/bench/accept.py "${ROUNDS:-3}" \
    "mailnode:$(node_port smtp):$(cat "$node/serve.pid"):$node/Mail/INBOX" \
    "postfix:$postfix_port:$(sed 's/ //g' "$postfix/queue/pid/master.pid"):$postfix/mail/all"
rc=$?
postfix_stop
node_stop
exit $rc
