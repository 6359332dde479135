# Sourced after lib.sh: a node that IMAP clients talk to.
#
#	phone_node [NAME VALUE]...	a node with IMAP and submission, unlocked,
#				with a device: $user, $pw, $imap (port), $smtps
#	phone_device NAME [OPTION]...	another device; its password in $pw
#	phone_ports		$imap and $smtps, after a start
#	unlock			the vault
#	put_mail FOLDER FILE...	into its Maildir, as another program would
#	letter N [BODY]		one on stdout, with Message-ID <N@test>

user=me@node.test

phone_device()
{
	dev=$1; shift
	printf '%s\n' "$pass" | mn device add "$dev" "$@" --qr none \
	    --passphrase-stdin >"$node/$dev.txt" 2>"$node/err" ||
	    { cat "$node/err" >&2; return 1; }
	pw=$(sed -n 's/^password: *//p' "$node/$dev.txt")
	[ -n "$pw" ]
}

phone_node()
{
	node_use p
	node_config listeners '{
	    { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL },
	    { "127.0.0.1", "0", CONF_IMAP, CONF_TLS, NULL },
	    { "127.0.0.1", "0", CONF_SUBMISSION, CONF_TLS, NULL } }' \
	    "$@" || return 1
	node_build && node_init && node_start && phone_ports || return 1
	unlock && phone_device phone
}

unlock()
{
	printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin \
	    >"$node/unlock.out" 2>&1
}

phone_ports()
{
	imap=$(node_port imap)
	smtps=$(node_port submission)
	[ -n "$imap" ] && [ -n "$smtps" ]
}

letter()
{
	printf 'From: Ada <ada@friend.test>\r\nTo: me@node.test\r\n'
	printf 'Subject: letter %s\r\nMessage-ID: <%s@test>\r\n' "$1" "$1"
	printf 'Date: Sat, 21 Nov 2026 07:36:49 +0000\r\n\r\n'
	printf '%s\r\n' "${2-Hello number $1.}"
}

# Tmp first, then moved: nobody sees half of one.
put_mail()
{
	folder=$1; shift
	for f in "$@"; do
		put_n=$((${put_n:-0} + 1))
		cp "$f" "$node/Mail/$folder/tmp/put$put_n.$$" || return 1
		mv "$node/Mail/$folder/tmp/put$put_n.$$" \
		    "$node/Mail/$folder/new/put$put_n.$$" || return 1
	done
}
