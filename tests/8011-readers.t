#!/bin/sh
# Clients that people read mail with, and two libraries.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

# A certificate that names what they connect to; letters to ourselves.
phone_node hostname '"localhost"' sessions_per_address 100 || exit 1
crt=$MAILNODE_HOME/tls/chain.pem
term=readers$$
run() { tmux -L "$term" kill-server 2>/dev/null
	env -u TMUX TERM=xterm tmux -L "$term" -f /dev/null new-session -d \
	    -x 100 -y 30 "$@"; }
keys() { tmux -L "$term" send-keys "$@"; }
sees() { wait_for "tmux -L $term capture-pane -p | grep -qE -e '$1'" && return
	tmux -L "$term" capture-pane -p; return 1; }
flags() { basename "$(grep -l "^Message-ID: <$2@" "$node/Mail/$1/cur/"* \
	"$node/Mail/$1/new/"* 2>/dev/null | head -1)" | sed 's/.*:2,//'; }
flagged() { wait_for "case \$(flags $1 $2) in *$3*) ;; *) false ;; esac"; }
gone() { wait_for "! grep -rlq '^Message-ID: <$2@' '$node/Mail/$1'"; }
stands() { wait_for "grep -rlq '^Message-ID: <$2@' '$node/Mail/$1'"; }

# ---- curl ----

c() { curl -sS --cacert "$crt" -u "$user:$pw" "$@"; }
url=imaps://localhost:$imap
add() { c -T "$1" "$url/INBOX" && c "$url/INBOX" \
    -X "UID STORE $2 FLAGS.SILENT ()"; }
for i in 1 2 3 4 5 6 7 8 9; do
	letter $i >"$tmp/m$i"
	ok "curl uploads $i" add "$tmp/m$i" $i
done
ok 'curl lists folders' sh -c 'grep -q "Sent"' <<END
$(c "$url/")
END
is 'curl reads a message' "$(c "$url/INBOX;UID=1" | cksum)" \
    "$(cksum <"$tmp/m1")"
is 'curl reads a section' "$(c "$url/INBOX;UID=2;SECTION=TEXT" | tr -d '\r')" \
    'Hello number 2.'
is 'curl searches' "$(c "$url/INBOX?SUBJECT%20%22letter%203%22" |
    tr -d '\r')" '* SEARCH 3'
letter up >"$tmp/up"
ok 'curl uploads' c -T "$tmp/up" "$url/Archive"
ok 'and it stands there' wait_for \
    'cmp -s "$(grep -rl "<up@test>" "$node/Mail/Archive/cur")" "$tmp/up"'
ok 'curl deletes' c "$url/INBOX" -X 'STORE 9 +FLAGS (\Deleted)'
ok 'curl expunges' c "$url/INBOX" -X EXPUNGE
ok 'it is gone' gone INBOX 9

# ---- imaplib ----

cat >"$tmp/lib.py" <<'END'
import imaplib, ssl, sys, time
port, user, pw, crt = sys.argv[1:]
ctx = ssl.create_default_context(cafile=crt)
def ok(r):
    assert r[0] == "OK", r
    return r[1]
m = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=ctx)
assert "IDLE" in m.capabilities
ok(m.login(user, pw))
assert len(ok(m.list())) >= 6
ok(m.create("lib"))
for i in range(3):
    ok(m.append("lib", r"(\Seen)", imaplib.Time2Internaldate(time.time()),
                b"Subject: lib %d\r\nFrom: l@l.test\r\n\r\nbody\r\n" % i))
assert ok(m.select("lib")) == [b"3"]
assert ok(m.search(None, "SUBJECT", '"lib 1"')) == [b"2"]
assert b"lib 1" in ok(m.fetch("2", "(RFC822)"))[0][1]
ok(m.store("1:2", "+FLAGS", r"(\Deleted)"))
assert len(ok(m.expunge())) == 2
ok(m.copy("1", "Archive"))
ok(m.uid("MOVE", "3", "Trash"))
assert ok(m.status("lib", "(MESSAGES UIDNEXT)"))
ok(m.close())
ok(m.rename("lib", "lib2"))
ok(m.subscribe("lib2"))
assert any(b"lib2" in x for x in ok(m.lsub()))
ok(m.unsubscribe("lib2"))
ok(m.delete("lib2"))
ok(m.noop())
ok(m.enable("UTF8=ACCEPT"))
ok(m.create('"l\u00fcb"'))
assert ok(m.select('"l\u00fcb"')) == [b"0"]
ok(m.close())
ok(m.delete('"l\u00fcb"'))
m.logout()
m = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=ctx)
ok(m.authenticate("PLAIN", lambda x: b"\0%s\0%s" % (user.encode(),
                                                    pw.encode())))
m.logout()
END
ok 'imaplib does all it can' "$python" "$tmp/lib.py" "$imap" "$user" "$pw" \
    "$crt"

# ---- getmail ----

if command -v getmail >/dev/null; then
	mkdir -p "$tmp/got/cur" "$tmp/got/new" "$tmp/got/tmp" "$tmp/gm"
	cat >"$tmp/gm/getmailrc" <<-END
	[retriever]
	type = SimpleIMAPSSLRetriever
	server = localhost
	port = $imap
	username = $user
	password = $pw
	mailboxes = ("INBOX",)
	ca_certs = $crt
	[destination]
	type = Maildir
	path = $tmp/got/
	user = $(id -un 65534)
	[options]
	read_all = false
	delivered_to = false
	received = false
	END
	chown -R 65534 "$tmp/got"
	chmod 711 "$tmp"
	get() { getmail --getmaildir "$tmp/gm" --rcfile getmailrc; }
	ok 'getmail fetches' get
	is 'all of them' "$(ls "$tmp/got/new" | wc -l)" 8
	ok 'getmail again' get
	is 'fetches none twice' "$(ls "$tmp/got/new" | wc -l)" 8
fi

# ---- mutt, neomutt ----

mutt_rc()
{
	cat <<-END
	set folder="imaps://localhost:$imap/" spoolfile=+$1
	set imap_user="$user" imap_pass="$pw"
	set ssl_ca_certificates_file="$crt" certificate_file="$crt"
	set imap_idle=yes mail_check=1 timeout=1 confirmappend=no
	set record=+Sent postponed=+Drafts trash=+Trash
	set realname=Me from="$user" sort=mailbox-order move=no
	set quit=yes delete=yes wait_key=no header_cache="$tmp/hc"
	END
}
# A folder of five letters: 1 is read, 2 flagged, 3 deleted, 4 saved.
reader()
{
	prog=$1
	c "$url/" -X "CREATE $prog"
	for i in 1 2 3 4 5; do
		letter "$prog.$i" >"$tmp/m"
		c -T "$tmp/m" "$url/$prog"
	done
	c "$url/$prog" -X 'STORE 1:5 FLAGS ()' >/dev/null
	mutt_rc "$prog" >"$tmp/muttrc"
	ok "$prog lists" eval "run '$prog -n -F $tmp/muttrc' &&
	    sees 'letter $prog.5'"
	keys 1 Enter Enter
	ok "$prog reads" sees "Hello number $prog.1"
	keys i
	sees "letter $prog.3" >/dev/null
	keys 2 Enter F
	keys 3 Enter d
	letter "$prog.6" >"$tmp/m"
	c -T "$tmp/m" "$url/$prog"
	ok "$prog sees new mail come" sees "letter $prog.6"
	keys 4 Enter s
	sees 'Save to mailbox' >/dev/null
	keys C-a C-k
	tmux -L "$term" send-keys -l '=Archive'
	keys Enter
	sees 'D.*letter '"$prog"'.4' >/dev/null
	keys '$'
	ok "$prog marked it as read" flagged "$prog" "$prog.1" S
	ok "$prog flagged" flagged "$prog" "$prog.2" F
	ok "$prog deleted" gone "$prog" "$prog.3"
	ok "$prog moved that to Trash" stands Trash "$prog.3"
	ok "$prog saved to Archive" stands Archive "$prog.4"
	ok "$prog left nothing of it" gone "$prog" "$prog.4"
	keys q
	tmux -L "$term" kill-server 2>/dev/null
	rm -rf "$tmp/hc"
}
reader mutt
! command -v neomutt >/dev/null || reader neomutt

# ---- aerc ----

if command -v aerc >/dev/null; then
	mkdir -p "$node/.config/aerc"
	cat >"$node/.config/aerc/accounts.conf" <<-END
	[node]
	source = imaps://$(printf '%s' "$user" | sed 's/@/%40/'):$pw@localhost:$imap
	default = INBOX
	from = $user
	check-mail = 1s
	END
	chmod 600 "$node/.config/aerc/accounts.conf"
	cp /usr/share/aerc/binds.conf /usr/share/aerc/aerc.conf \
	    "$node/.config/aerc/" 2>/dev/null
	ex() { tmux -L "$term" send-keys -l ":$1"; keys Enter; }
	run "SSL_CERT_FILE=$crt HOME=$node XDG_CONFIG_HOME=$node/.config aerc"
	ok 'aerc lists' sees 'letter 8'
	ok 'aerc lists folders' sees Archive
	keys Enter
	ok 'aerc reads' sees 'Hello number 8'
	ex 'mv Archive'
	ok 'aerc moves' stands Archive 8
	ok 'and leaves nothing' gone INBOX 8
	sees 'letter 7' >/dev/null
	ex 'flag'
	ok 'aerc flags' flagged INBOX 7 F
	ex 'delete'
	ok 'aerc deletes' gone INBOX 7
	# It asks for SORT and THREAD where they are offered.
	ex 'close'
	letter 6.1 | sed 's/^Subject: .*/Subject: Re: letter 2\r/
	    s/^Date: /In-Reply-To: <2@test>\r\n&/' >"$tmp/re"
	ok 'an answer comes' c -T "$tmp/re" "$url/INBOX"
	rows() { tmux -L "$term" capture-pane -p |
	    grep -oE '[^ ]* *(Re: )?letter [0-9]' | sed 's/.*│ *//'; }
	ok 'aerc lists it' sees 'Re: letter 2'
	ex 'sort -r subject'
	ok 'aerc sorts' wait_for 'rows | head -1 | grep -q "letter 6"'
	ex 'sort subject'
	ok 'aerc sorts the other way' wait_for \
	    'rows | sed -n 2,3p | grep -c "letter 2" | grep -q 2'
	ex 'toggle-threads'
	ok 'aerc threads' sees '└─>'
	ex 'quit'
	tmux -L "$term" kill-server 2>/dev/null
fi

done_testing
