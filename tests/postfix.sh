# Sourced after lib.sh by tests that need Debian's Postfix; wants root.
#
#	postfix_config		writes $postfix/main.cf, master.cf; $postfix_port
#	postfix_set NAME=VALUE	one more line of main.cf
#	postfix_tls		a CA and a certificate for localhost; STARTTLS
#	postfix_sasl USER PASS	AUTH, by SASL's own database
#	postfix_start, postfix_stop
#	postfix_mail		what it delivered, as file names: all recipients
#				of peer.test in one Maildir; see Delivered-To

postfix=$tmp/postfix

postfix_config()
{
	[ "$(id -u)" = 0 ] || skip_all 'Postfix wants root'
	[ -x /usr/sbin/postfix ] || skip_all 'no Postfix'
	chmod 711 "$tmp"
	mkdir -p "$postfix/queue" "$postfix/data" "$postfix/mail"
	chown postfix "$postfix/data"
	chown nobody "$postfix/mail"
	postfix_port=$(free_port)
	cat >"$postfix/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $postfix/queue
	data_directory = $postfix/data
	command_directory = /usr/sbin
	daemon_directory = /usr/lib/postfix/sbin
	mail_owner = postfix
	setgid_group = postdrop
	maillog_file = $postfix/log
	maillog_file_prefixes = $tmp
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	myhostname = relay.peer.test
	mydestination =
	alias_maps =
	alias_database =
	mynetworks =
	smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
	virtual_mailbox_domains = peer.test
	virtual_mailbox_base = $postfix/mail
	virtual_mailbox_maps = static:all/
	virtual_uid_maps = static:65534
	virtual_gid_maps = static:65534
	smtp_dns_support_level = disabled
	smtp_host_lookup = native
	smtputf8_enable = yes
	message_size_limit = 104857600
	virtual_mailbox_limit = 0
	END
	cat >"$postfix/master.cf" <<-END
	127.0.0.1:$postfix_port inet n - n - - smtpd
	pickup unix n - n 60 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	verify unix - - n - 1 verify
	flush unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	smtp unix - - n - - smtp
	relay unix - - n - - smtp
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	virtual unix - n n - - virtual
	anvil unix - - n - 1 anvil
	scache unix - - n - 1 scache
	postlog unix-dgram n - n - 1 postlogd
	END
	sed 's/^	*//' -i "$postfix/main.cf" "$postfix/master.cf"
}

postfix_set() { printf '%s\n' "$@" >>"$postfix/main.cf"; }

# $postfix/ca.pem signs localhost's certificate.
postfix_tls()
{
	(
	cd "$postfix" &&
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout ca.key -out ca.pem -subj '/CN=Test CA' -days 30 &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out cert.csr -subj '/CN=localhost' &&
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >ext &&
	openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -days 30 \
	    -CAcreateserial -extfile ext -out cert.pem
	) >"$postfix/openssl.log" 2>&1 || return 1
	postfix_set "smtpd_tls_cert_file = $postfix/cert.pem" \
	    "smtpd_tls_key_file = $postfix/key.pem" \
	    'smtpd_tls_security_level = may'
}

postfix_sasl()
{
	mkdir -p "$postfix/sasl"
	cat >"$postfix/sasl/smtpd.conf" <<-END
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	mech_list: ${3-PLAIN LOGIN SCRAM-SHA-256}
	sasldb_path: $postfix/sasl/db
	END
	printf '%s' "$2" | saslpasswd2 -p -c -f "$postfix/sasl/db" \
	    -u relay.peer.test "$1" || return 1
	chmod 644 "$postfix/sasl/db"
	postfix_set 'smtpd_sasl_auth_enable = yes' \
	    'smtpd_sasl_local_domain = relay.peer.test' \
	    "cyrus_sasl_config_path = $postfix/sasl" \
	    'smtpd_sasl_security_options = noanonymous' \
	    'smtpd_tls_auth_only = yes'
}

postfix_start()
{
	postfix -c "$postfix" start >"$postfix/start.log" 2>&1 ||
	    { cat "$postfix/start.log" >&2; return 1; }
	at_exit "$(sed 's/ //g' "$postfix/queue/pid/master.pid")"
	wait_for "nc_open $postfix_port" 10
}

nc_open()
{
	"$python" -c "import socket, sys
sys.exit(socket.socket().connect_ex(('127.0.0.1', $1)) != 0)"
}

postfix_stop() { postfix -c "$postfix" stop >>"$postfix/start.log" 2>&1; }

postfix_mail() { find "$postfix/mail/all/new" -type f 2>/dev/null; }
