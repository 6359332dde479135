# Sourced by tests/*.t: TAP, a temporary directory, nodes on loopback.
#
#	ok NAME COMMAND...	passes when the command succeeds
#	is NAME GOT WANT	passes when both are equal
#	becomes NAME COMMAND WANT	waits until COMMAND prints that
#	wait_for COND [S]	evaluates COND until true, at most S (10) seconds,
#				three times that on a machine that is busy
#	at_exit PID...		to be killed when the test ends
#	skip_all WHY		ends the test as skipped
#	done_testing		last line of every test
#
# A test has one node at a time in hand: node_use NAME changes to it.
#
#	node_config [NAME VALUE]...	writes $node/config.h: config.def.h with
#				definitions replaced (C text), loopback, ports 0
#	node_build		$node/build/mailnode of that configuration
#	node_init		vault, keys, folders; passphrase in $pass
#	node_start [WRAPPER...]	serves; waits until the listeners are named, and
#				the mailboxes known
#	node_port SERVICE	the port the kernel chose
#	node_stop [SIGNAL]	ends the daemon and waits for it
#	mn ARGS...		runs this node's mailnode
#	smtp_over		waits until no session of port 25 goes on
#	dns_start		answers from $tmp/zone; sets $dns
#	free_port		a port for a program that must be told one

set -u
LC_ALL=C.UTF-8
export LC_ALL
unset MAILNODE_HOME
# Behind a sandbox the leak checker hangs: it wants clone and ptrace.  Preloads
# of ours come before the sanitizer.
[ -z "${SAN-}" ] ||
    export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0:verify_asan_link_order=0"
top=${TOP:-$(cd "$(dirname "$0")/.." && pwd)}
cd "$top" || exit 1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mailnode.XXXXXX") || exit 1
# Where tmux leaves its sockets.
TMUX_TMPDIR=$tmp
export TMUX_TMPDIR
tests=0
failures=0
victims=
pass='correct horse battery staple'
python=/usr/bin/python3

cleanup()
{
	trap - EXIT INT TERM HUP
	for f in "$tmp"/*/serve.pid; do
		[ -e "$f" ] && node_kill "$(cat "$f")"
	done
	for v in $victims; do
		[ -z "${v#*:}" ] || [ "$(born "${v%:*}")" != "${v#*:}" ] ||
		    kill -KILL "${v%:*}" 2>/dev/null
	done
	if [ -n "${KEEP-}" ]; then echo "# kept $tmp"; return; fi
	# Who was killed a moment ago may still finish a write.
	rm -rf "$tmp" 2>/dev/null || { sleep 0.3; rm -rf "$tmp"; }
}
trap cleanup EXIT
trap 'cleanup; exit 1' INT TERM HUP

# Fields of a process's state, its parent's pid the second: "" if it is none.
# Its name, which may hold anything, is not among them.
state_of()
{
	{ read -r s <"/proc/$1/stat"; } 2>/dev/null && echo "${s##*) }"
}

# When a process, or the leader of a group, began.  Its pid may be another's
# once it has ended: there are 32768 of them, and a check uses more.
born() { state_of "${1#-}" | cut -d' ' -f20; }

at_exit()
{
	for victim; do victims="$victims $victim:$(born "$victim")"; done
}

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

ok()
{
	name=$1; shift
	tests=$((tests + 1))
	# No subshell: what the command sets and starts stays.
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		diag "$* failed"; [ ! -s "$tmp/out" ] || diag "$(cat "$tmp/out")"
		failures=$((failures + 1))
	fi
}

is()
{
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		diag "got:  $2"; diag "want: $3"
		failures=$((failures + 1))
	fi
}

becomes()
{
	b_command=$2 b_want=$3 b_got=
	wait_for 'b_got=$(eval "$b_command"); [ "$b_got" = "$b_want" ]'
	is "$1" "$b_got" "$b_want"
}

fails() { ! "$@"; }

skip_all() { echo "1..0 # SKIP $*"; exit 0; }

done_testing()
{
	echo "1..$tests"
	[ "$tests" -gt 0 ] && [ "$failures" = 0 ] || exit 1
	exit 0
}

wait_for()
{
	deadline=$(($(date +%s) + ${2:-10} * 3))
	until eval "$1"; do
		[ "$(date +%s)" -le "$deadline" ] || return 1
		sleep 0.05
	done
}

node_use()
{
	node=$tmp/$1
	mkdir -p "$node"
	export MAILNODE_HOME="$node/home" HOME="$node"
	mailnode=$node/build/mailnode
}

# conf_set FILE NAME VALUE: replaces one definition, which must exist.
conf_set()
{
	NAME=$2 VALUE=$3 perl -0pi -e '
	    my ($n, $v) = @ENV{qw(NAME VALUE)};
	    s/(^static const [^;={]*\b\Q$n\E(?:\[\])? = )(?:\{.*?\}|[^;{]*);/$1$v;/ms
	        or die "conf_set: no $n\n"' "$1"
}

node_config()
{
	cp config.def.h "$node/config.h"
	conf_set "$node/config.h" hostname '"mail.node.test"'
	conf_set "$node/config.h" domains '{ "node.test" }'
	conf_set "$node/config.h" maildir "\"$node/Mail\""
	conf_set "$node/config.h" listeners \
	    '{ { "127.0.0.1", "0", CONF_SMTP, CONF_STARTTLS, NULL } }'
	conf_set "$node/config.h" resolvers '{ { NULL, 0 } }'
	conf_set "$node/config.h" relays \
	    '{ { "none", "127.0.0.1:9", CONF_TLS, NULL, "*", "*", NULL } }'
	conf_set "$node/config.h" local_socket NULL
	conf_set "$node/config.h" connections_per_minute 0
	conf_set "$node/config.h" undo_s 0
	conf_set "$node/config.h" reserve_mib 1
	while [ $# -ge 2 ]; do
		conf_set "$node/config.h" "$1" "$2" || return 1
		shift 2
	done
}

node_build()
{
	make -s all CONFIG="$node/config.h" BUILD="$node/build" \
	    ${SAN:+SAN="$SAN"} >"$node/make.log" 2>&1 && return
	cat "$node/make.log" >&2
	return 1
}

mn() { "$mailnode" "$@"; }

node_init()
{
	printf '%s\n' "$pass" | mn init --passphrase-stdin --argon2 1 \
	    >"$node/init.out" 2>"$node/init.err" && return
	cat "$node/init.err" >&2
	return 1
}

# A process that only waits to be collected is not alive.
alive()
{
	case $(state_of "$1") in
	'' | 'Z '*) return 1 ;;
	esac
}

node_alive() { alive "$(cat "$node/serve.pid")"; }

node_start()
{
	rm -f "$MAILNODE_HOME/run/listeners"
	setsid "$@" "$mailnode" serve >>"$node/log" 2>&1 </dev/null &
	echo $! >"$node/serve.pid"
	wait_for '[ -s "$MAILNODE_HOME/run/listeners" ] || ! node_alive' 20
	node_alive && [ -s "$MAILNODE_HOME/run/listeners" ] && node_whole &&
	    return
	tail -20 "$node/log" >&2
	return 1
}

# At a first start, or without its cache, it lets no phone in, nor knows which
# mailboxes there are, until it has looked; where it cannot, nobody waits.
node_whole()
{
	wait_for '! mn status -j 2>/dev/null | grep -q "\"partial\":true"' 5
	:
}

node_port()
{
	awk -v s="$1" '$1 == s { print $4; exit }' "$MAILNODE_HOME/run/listeners"
}

# The daemon leads a session of its own: nothing of it survives this.
node_kill()
{
	pkill -KILL -s "$1" 2>/dev/null
	case $(state_of "$1") in
	?" $$ "*) kill -KILL "$1" 2>/dev/null ;;
	esac
	wait "$1" 2>/dev/null
	:
}

node_stop()
{
	pid=$(cat "$node/serve.pid") || return 1
	kill "-${1:-TERM}" "$pid"
	wait_for '! alive "$pid"' 20 || return 1
	wait "$pid"
	rc=$?
	rm -f "$node/serve.pid"
	return $rc
}

# Two may wait for their first connection.
smtp_over()
{
	wait_for '[ "$(pgrep -c -s "$(cat "$node/serve.pid")" -x mn-smtp)" -le 2 ]' 20
}

# One below those that the kernel gives to connections: it stays free.
free_port()
{
	"$python" - <<'END'
import random, socket
low = int(open('/proc/sys/net/ipv4/ip_local_port_range').read().split()[0])
while True:
    port = random.randrange(low // 2, low)
    s = socket.socket()
    try:
        s.bind(('127.0.0.1', port))
    except OSError:
        continue
    print(port)
    break
END
}

# dns_start: serves $tmp/zone (made if absent; read again when it changes;
# see tests/tools/dnsd.py) and sets $dns to "127.0.0.1:PORT".
dns_start()
{
	touch "$tmp/zone"
	"$python" tests/tools/dnsd.py "$tmp/zone" "$tmp/dns.port" &
	at_exit $!
	wait_for '[ -s "$tmp/dns.port" ]' || return 1
	dns=127.0.0.1:$(cat "$tmp/dns.port")
}
