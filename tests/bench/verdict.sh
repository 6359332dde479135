#!/bin/sh
# What the whole verdict costs: CPU time a message of 5 KiB, signed by one of
# several domains, with the DNS cached and the junk filter trained, beside the
# same letters where nothing can be asked, proved or learnt (no signature, no
# resolver, no tokens).  And rspamd's, without lists of others and without
# Bayes, which would want Redis.
. "$(dirname "$0")/node.sh"

"$python" tests/bench/verdict.py letters "$tmp" >"$tmp/zone" || exit 1
dns_start || exit 1
bench_name=off
bench_node resolvers '{ { NULL, 0 } }' && node_start || exit 1
off_port=$(node_port smtp) off=$(cat "$node/serve.pid")
bench_name=on
bench_node resolvers "{ { \"$dns\", 0 } }" || exit 1
mn train -q ham "$tmp/good" && mn train -q spam "$tmp/junk" || exit 1
node_start || exit 1

rspamd=
if command -v rspamd >/dev/null; then
	cp -r /etc/rspamd "$tmp/rspamd" && mkdir "$tmp/db" "$tmp/rspamd/override.d" 2>/dev/null
	chmod 755 "$tmp" && chmod -R a+rX "$tmp/rspamd" && chmod 777 "$tmp/db"
	printf 'dns { nameserver = ["%s"]; }\nlocal_addrs = [];\n' "$dns" \
	    >"$tmp/rspamd/override.d/options.inc"
	printf 'enabled = false;\n' | tee $(for m in rbl fuzzy_check asn phishing \
	    mx_check url_redirector neural ratelimit greylist replies \
	    history_redis; do echo "$tmp/rspamd/override.d/$m.conf"; done) >/dev/null
	rspamd_port=$("$python" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf 'bind_socket = "127.0.0.1:%s";\ncount = 1;\n' "$rspamd_port" \
	    >"$tmp/rspamd/override.d/worker-normal.inc"
	for w in controller proxy fuzzy; do
		printf 'enabled = false;\ncount = 0;\n' \
		    >"$tmp/rspamd/override.d/worker-$w.inc"
	done
	echo 'type = "file"; filename = "'"$tmp/db/log"'"; level = "error";' \
	    >"$tmp/rspamd/override.d/logging.inc"
	setsid rspamd -f --insecure -c "$tmp/rspamd/rspamd.conf" \
	    --var=CONFDIR="$tmp/rspamd" --var=LOCAL_CONFDIR="$tmp/rspamd" \
	    --var=RUNDIR="$tmp/db" --var=DBDIR="$tmp/db" --var=LOGDIR="$tmp/db" \
	    >"$tmp/rspamd.out" 2>&1 &
	at_exit $!
	rspamd="$!:$rspamd_port"
fi
"$python" tests/bench/verdict.py run "$tmp" "on:$(cat "$node/serve.pid"):$(node_port smtp)" \
    "off:$off:$off_port" $rspamd
rc=$?
mn why w0@d0.test | grep -m 1 -o 'verdict=.*' | cut -c1-230
node_stop
node_use off && node_stop
exit $rc
