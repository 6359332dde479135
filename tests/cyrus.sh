# Sourced after lib.sh by what wants Debian's Cyrus beside us; wants root.
#
#	cyrus_start	on $cyrus_port, TLS, user "u" with the password "pw";
#			mail in $cyrus, which is the user cyrus's

cyrus=$tmp/cyrus
cyrus_there()
{
	[ "$(id -u)" = 0 ] && [ -x /usr/lib/cyrus/bin/imapd ] &&
	    command -v saslpasswd2 >/dev/null && id cyrus >/dev/null 2>&1
}

cyrus_start()
{
	chmod 711 "$tmp"
	mkdir -p "$cyrus/conf/socket" "$cyrus/conf/db" "$cyrus/conf/log" \
	    "$cyrus/conf/proc" "$cyrus/conf/lock" "$cyrus/mail"
	cyrus_port=$(free_port)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
	    -nodes -days 2 -subj /CN=localhost -keyout "$cyrus/key.pem" \
	    -out "$cyrus/crt.pem" 2>/dev/null || return 1
	cat >"$cyrus/imapd.conf" <<-END
	configdirectory: $cyrus/conf
	partition-default: $cyrus/mail
	defaultpartition: default
	admins: cyrus
	servername: localhost
	defaultdomain: localhost
	altnamespace: 1
	unixhierarchysep: 1
	autocreate_quota: 0
	autocreate_post: 0
	createonpost: 0
	conversations: 1
	conversations_db: twoskip
	munge8bit: 0
	search_engine: none
	specialusealways: 1
	metadata_db_path: $cyrus/conf/annotations.db
	maxlogins_per_host: 0
	idlesocket: $cyrus/conf/socket/idle
	lmtpsocket: $cyrus/conf/socket/lmtp
	notifysocket: $cyrus/conf/socket/notify
	tls_server_cert: $cyrus/crt.pem
	tls_server_key: $cyrus/key.pem
	tls_sessions_db_path: $cyrus/conf/tls_sessions.db
	sasl_pwcheck_method: auxprop
	sasl_auxprop_plugin: sasldb
	sasl_sasldb_path: $cyrus/sasldb2
	sasl_mech_list: PLAIN
	END
	cat >"$cyrus/cyrus.conf" <<-END
	START {
	  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C $cyrus/imapd.conf -r"
	  idled cmd="/usr/lib/cyrus/bin/idled -C $cyrus/imapd.conf"
	}
	SERVICES {
	  imaps cmd="/usr/lib/cyrus/bin/imapd -s -C $cyrus/imapd.conf -U 30" listen="127.0.0.1:$cyrus_port" prefork=1
	}
	EVENTS {
	}
	END
	printf pw | saslpasswd2 -p -f "$cyrus/sasldb2" -c -u localhost u &&
	    printf pw | saslpasswd2 -p -f "$cyrus/sasldb2" -c -u localhost \
	    cyrus || return 1
	chown -R cyrus "$cyrus"
	setsid /usr/lib/cyrus/bin/master -C "$cyrus/imapd.conf" \
	    -M "$cyrus/cyrus.conf" -p "$cyrus/master.pid" \
	    >>"$cyrus/log" 2>&1 </dev/null &
	at_exit "-$!"	# with its children
	wait_for '"$python" -c "import socket
socket.create_connection((\"127.0.0.1\", $cyrus_port), 1)" 2>/dev/null'
}
