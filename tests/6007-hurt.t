#!/bin/sh
# Mail and names made to hurt, through the doors: each is answered, in time
# and memory that have a bound, and the node lives on.
. "$(dirname "$0")/lib.sh"

"$python" tests/tools/hurt.py zone >"$tmp/zone"
dns_start || exit 1
node_use n
node_config resolvers "{ { \"$dns\", 0 } }" message_max '16 * 1024 * 1024' &&
    node_build && node_init || exit 1
mkdir "$tmp/good" "$tmp/bad"
for n in $(seq 60); do
	printf 'Subject: club %s\n\nthe boats of number %s\n' $n $n >"$tmp/good/$n"
	printf 'Subject: prize %s\n\nclaim lottery pill %s\n' $n $n >"$tmp/bad/$n"
done
mn train -q ham "$tmp/good" && mn train -q spam "$tmp/bad" || exit 1
node_start || exit 1
"$python" tests/tools/hurt.py "$mailnode" "$(node_port smtp)" "$(cat "$node/serve.pid")" \
    >"$tmp/said"
rc=$?
grep '^#' "$tmp/said"
while read -r line; do
	case $line in
	'ok '*) ok "${line#* - }" true ;;
	'not ok '*) ok "${line#* - }" false ;;
	esac
done <"$tmp/said"
ok 'to the end' [ $rc = 0 ]
ok 'no crash' sh -c "! grep -qE 'crash|killed|signal' '$node/log'"
seq 3000 | sed 's/.*/A n&.none.test/' >"$tmp/flood"
is 'a flood of names that do not exist' "$( ([ -n "${SAN-}" ] ||
    ulimit -d 65536; mn probe dns "$tmp/flood") | grep -c nxdomain)" 3000
node_stop
done_testing
