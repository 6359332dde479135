#!/bin/sh
# IMAP beside Dovecot: the same messages, the same client.  COUNT=50000; and
# LARGE=500000 rows of ours, which must not take longer.  Wants root for
# Dovecot and its package, and for what is measured cold (see imap.py).
. "$(dirname "$0")/node.sh"

count=${COUNT:-50000}
large=${LARGE:-500000}
# NAME PORT USER PASSWORD PID, as imap.py wants it.
ours()
{
	echo "mailnode $(node_port imap) me@node.test $(cat "$node/secret")" \
	    "$(cat "$node/serve.pid")"
}

unlock()
{
	printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin >/dev/null
}

begin()
{
	bench_node listeners '{ { "127.0.0.1", "0", CONF_SMTP,
	    CONF_STARTTLS, NULL },
	    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
	    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL } }' &&
	    node_start || exit 1
	unlock
	printf '%s\n' "$pass" | mn device add bench --qr none \
	    --passphrase-stdin 2>/dev/null |
	    sed -n 's/^password: *//p' >"$node/secret"
}

bench_name=large begin
node_stop || exit 1
"$python" tests/bench/rows.py "$MAILNODE_HOME/store.db" "$large" || exit 1
node_start || exit 1
unlock
"$python" tests/bench/imap.py large "${ROUNDS:-3}" "$(ours)" || exit 1
node_stop
rm -rf "$node"

bench_name=node begin
"$python" tests/bench/imap.py letters "$tmp/letters" "$count" || exit 1
mn import -q -F Big "$tmp/letters" || exit 1
# What the index has yet to learn, a search looks up in the files.  It may
# take its time, as long as it goes on.
behind() { mn status | awk '$1 == "index" { print $2 }'; }
while now=$(behind) && [ "${now:-x}" != 0 ]; do
	wait_for '[ "$(behind)" != "$now" ]' 60 ||
	    { echo "the index stands still, $now behind" >&2; exit 1; }
done

dovecot_start()
{
	command -v dovecot >/dev/null && [ "$(id -u)" = 0 ] || return 1
	chmod 755 "$tmp"
	mkdir -p "$tmp/dc/mail/cur" "$tmp/dc/mail/new" "$tmp/dc/mail/tmp"
	mv "$tmp/letters" "$tmp/dc/mail/.Big"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout "$tmp/dc/key" -out "$tmp/dc/cert" -days 2 \
	    -subj /CN=localhost 2>/dev/null
	chown -R mail "$tmp/dc/mail"
	dc=$("$python" -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$tmp/dc/conf" <<-END
	base_dir = $tmp/dc/run
	state_dir = $tmp/dc/state
	log_path = $tmp/dc/log
	protocols = imap
	ssl_cert = <$tmp/dc/cert
	ssl_key = <$tmp/dc/key
	mail_location = maildir:$tmp/dc/mail
	first_valid_uid = 1
	mail_fsync = always
	mail_max_userip_connections = 100
	passdb {
	  driver = static
	  args = password=secret
	}
	userdb {
	  driver = static
	  args = uid=mail gid=mail home=$tmp/dc
	}
	service imap-login {
	  inet_listener imap {
	    port = 0
	  }
	  inet_listener imaps {
	    address = 127.0.0.1
	    port = $dc
	    ssl = yes
	  }
	}
	END
	dovecot -c "$tmp/dc/conf" || return 1
	wait_for '[ -s "$tmp/dc/run/master.pid" ]' && at_exit "$(cat "$tmp/dc/run/master.pid")"
}

set -- "$(ours)"
if dovecot_start; then
	master=$(cat "$tmp/dc/run/master.pid")
	set -- "$@" "dovecot $dc mail secret $master $tmp/dc/mail/.Big"
fi
"$python" tests/bench/imap.py run "${ROUNDS:-3}" "$@" &&
    "$python" tests/bench/imap.py memory 16 "$@"
rc=$?
[ -z "${dc-}" ] || doveadm -c "$tmp/dc/conf" stop
exit $rc
