# Sourced after lib.sh: a next hop that does as it is told (tools/smtpd.py).
#
#	hop_start ARGS...	hop, hop_port, hop_pid and hop_pin are set; with --tls
#				and no files, a certificate for localhost is made
#	hop_rules LINE...	what it does from now on
#	hop_has N [S]		waits until it has taken N letters
#	hop_count  hop_env N KEY  hop_rcpts N
#	unlock			opens the node's vault

hop_cert()	# NAME SUBJECT DAYS
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$tmp/$1.key" -out "$tmp/$1.pem" -days "$3" \
	    -subj "/CN=$2" -addext "subjectAltName=DNS:$2" 2>/dev/null
}

hop_start()
{
	hop=$(mktemp -d "$tmp/hop.XXXXXX")
	hop_tls=
	if [ "${1-}" = --tls ] && { [ $# -eq 2 ] || [ "${3#--}" != "$3" ]; }
	then
		[ -e "$tmp/hop.pem" ] || hop_cert hop localhost 30 || return 1
		mode=$2; shift 2
		set -- --tls "$mode" "$tmp/hop.pem" "$tmp/hop.key" "$@"
	fi
	"$python" tests/tools/smtpd.py "$hop" "$@" 2>"$hop/err" &
	hop_pid=$!
	at_exit $hop_pid
	wait_for '[ -s "$hop/port" ]' || { cat "$hop/err"; return 1; }
	hop_port=$(cat "$hop/port")
	[ -e "$tmp/hop.pem" ] && hop_pin=sha256:$(openssl x509 \
	    -in "$tmp/hop.pem" -noout -pubkey | openssl pkey -pubin \
	    -outform DER | sha256sum | cut -d' ' -f1)
	return 0
}

hop_rules() { printf '%s\n' "$@" >"$hop/rules.new"; mv "$hop/rules.new" "$hop/rules"; }
hop_count() { ls "$hop" | grep -c '^msg\.[0-9]*$'; }
hop_has() { wait_for "[ \$(hop_count) -ge $1 ]" "${2:-15}"; }
hop_env() { "$python" -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
    "$hop/env.$1" "$2"; }
hop_rcpts() { "$python" -c 'import json,re,sys; print(*sorted(
    re.split(" (?:NOTIFY|ORCPT)=", r.split(":", 1)[1])[0] for r in
    json.load(open(sys.argv[1]))["rcpt"]))' "$hop/env.$1"; }
unlock() { printf '%s\n' "$pass" | mn vault unlock --passphrase-stdin; }
