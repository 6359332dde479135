# Sourced after lib.sh and hop.sh: a node with devices.
#
#	device_node [NAME VALUE]...	a node that relays to a hop and listens for
#				submission, unlocked
#	device_add NAME [OPTION]...	its password in $pw, what was printed in
#				$node/NAME.txt
#	sub_port TLS		of submission: tls or starttls
#	smtp_try PORT SCRIPT...	a session over TLS by tests/tools/submit.py

device_node()
{
	hop_start --tls starttls || return 1
	node_use n
	node_config relays "{ { \"hop\", \"localhost:$hop_port\", CONF_STARTTLS,
	    NULL, \"*\", \"*\", \"$hop_pin\" } }" \
	    listeners '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
	    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL },
	    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_STARTTLS, NULL } }' \
	    "$@" || return 1
	node_build && node_init && node_start && unlock
}

device_add()
{
	dev=$1; shift
	printf '%s\n' "$pass" | mn device add "$dev" "$@" \
	    --passphrase-stdin >"$node/$dev.txt" 2>"$node/err" || return 1
	pw=$(sed -n 's/^password: *//p' "$node/$dev.txt")
	[ -n "$pw" ]
}

device_revoke()
{
	printf '%s\n' "$pass" | mn device revoke "$1" --passphrase-stdin
}

sub_port()
{
	awk -v t="$1" '$1 == "submission" && $2 == t { print $4; exit }' \
	    "$MAILNODE_HOME/run/listeners"
}
