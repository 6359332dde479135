# Sourced after lib.sh by what wants Debian's Dovecot beside us; wants root.
#
#	dovecot_start	on $dovecot_port, TLS, any user with the password "pw";
#			mail in $dovecot/Maildir, which is nobody's
#	dovecot_stop

dovecot=$tmp/dovecot
dovecot_there() { [ "$(id -u)" = 0 ] && [ -x /usr/lib/dovecot/imap ]; }

dovecot_start()
{
	chmod 711 "$tmp"
	mkdir -p "$dovecot/run" "$dovecot/state" "$dovecot/Maildir"
	chown -R nobody "$dovecot/Maildir"
	dovecot_port=$(free_port)
	[ -s "$dovecot/key.pem" ] ||
	    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
	    -nodes -days 2 -subj /CN=localhost -keyout "$dovecot/key.pem" \
	    -out "$dovecot/crt.pem" 2>/dev/null || return 1
	cat >"$dovecot/conf" <<-END
	base_dir = $dovecot/run
	state_dir = $dovecot/state
	log_path = $dovecot/log
	protocols = imap
	listen = 127.0.0.1
	ssl = required
	ssl_cert = <$dovecot/crt.pem
	ssl_key = <$dovecot/key.pem
	auth_mechanisms = plain login
	passdb {
	  driver = static
	  args = password=pw
	}
	userdb {
	  driver = static
	  args = uid=nobody gid=nogroup home=$dovecot/Maildir
	}
	mail_location = maildir:$dovecot/Maildir:LAYOUT=fs
	first_valid_uid = 1
	first_valid_gid = 1
	mail_max_userip_connections = 500
	namespace inbox {
	  inbox = yes
	  separator = /
	}
	service anvil {
	  chroot =
	}
	service imap-login {
	  process_min_avail = 2
	  inet_listener imap {
	    port = 0
	  }
	  inet_listener imaps {
	    address = 127.0.0.1
	    port = $dovecot_port
	  }
	}
	END
	# It is a daemon before it has told its pid; and it must not hold what
	# prove reads until its end.
	dovecot -c "$dovecot/conf" >"$dovecot/start.log" 2>&1 || return 1
	wait_for '[ -s "$dovecot/run/master.pid" ]' || return 1
	at_exit "$(cat "$dovecot/run/master.pid")"
	wait_for '"$python" -c "import socket
socket.create_connection((\"127.0.0.1\", $dovecot_port), 1)" 2>/dev/null'
}

dovecot_stop() { dovecot -c "$dovecot/conf" stop; }
