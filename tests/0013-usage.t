#!/bin/sh
# How commands are called: each wrong call says so and exits with 2, before
# anything else is looked at; each -h shows the usage.
. "$(dirname "$0")/lib.sh"

node_use none
node_config && node_build || { echo "1..0 # SKIP"; exit 0; }
commands=$(mn -h | sed -n 's/^ *mailnode \([a-z]*\) .*/\1/p' | sort -u)
# As "mailnode: what: why"; status $1 of a call with the rest as arguments.
wrong()
{
	code=$1; shift
	# shellcheck disable=SC2086
	mn $* >"$tmp/said" 2>"$tmp/err" </dev/null
	is "mailnode $*" "$? $(head -1 "$tmp/err" |
	    grep -c '^mailnode: [^ ].*: [a-z]')$(wc -c <"$tmp/said")" "$code 10"
}

for c in $commands; do
	[ "$c" = send ] || wrong 2 "$c --nosuch"
done
wrong 64 send --nosuch
wrong 64 send -f
while read -r args; do
	wrong 2 "$args"
done <<'E'
nosuch
--nosuch
role nosuch
init x
init --argon2
serve x
status x
check x
verify a b
verify -r
verify -r localhost
probe dns -r 127.0.0.1
probe spf -r 127.0.0.1:x -i 192.0.2.1
probe dmarc -f a@x.test -r 53
doctor -r 53
sign a b
score -n
score -n x
train
train spam
train maybe x
probe
probe nosuch
probe address --nosuch
probe address a b
probe dns a b
probe mime a b
probe header a b
probe bounce a b
probe spf
probe spf x
probe spf --nosuch
probe dmarc
probe dmarc x
probe dmarc --nosuch
vault
vault nosuch
vault unlock x
vault lock x
vault list x
vault set
vault set a b c
vault rm
vault rm a b
vault passwd a b
vault slot nosuch
vault slot list x
vault slot add
vault slot add a b
vault slot recovery a b
vault slot credential a b
vault slot rm
vault slot rm a b
key nosuch
key list x
key rotate x
key retire
key retire a b
cert nosuch
cert show x
cert request x
cert install
cert install a b
cert renew x
import
import -F
import -F a/cur x
export
search
search -n
search -n x y
show
tag
tag x
tag +a
tag a b
rule nosuch
rule list x
rule test
rule test -n
rule test -n x y
queue -z
queue nosuch
queue list x
queue show
queue show a b
queue hold
queue hold a b
queue release
queue release a b
queue retry a b
queue route
queue route a b c
queue drop
queue drop a b
doctor x
doctor -r
why
why a b
alias nosuch
alias list x
alias list --nosuch
alias add
alias add --for
alias add a b
alias add -d
alias add -e soon a
alias rm
alias rm a b
alias burn
alias burn a b
device nosuch
device list x
device revoke
device revoke a b
device autoconfig
device autoconfig a b
device add
device add a b
device add --folder
device add x --qr nosuch
ban nosuch
ban list x
ban add
ban add a b c
ban rm
ban rm a b
allow a b
allow list x
allow add
allow add a b
allow rm
allow rm a b
allow --once
allow --once a b
block list x
block add
block rm
block rm a b
rejects nosuch
rejects list x
rejects show
rejects show a b
rejects allow
rejects allow a b
fsck x
E
is 'a wrong option is named' "$(mn queue -z 2>&1 | head -1)" \
    'mailnode: queue: -z: no such option'
is 'one without its argument, too' "$(mn alias add --for 2>&1 | head -1)" \
    'mailnode: alias: --for: it wants an argument'
is 'a command that is none does not scroll away what is wrong' \
    "$(mn nonsense 2>&1)" 'mailnode: nonsense: no such command; mailnode -h lists them'

for c in $commands; do
	is "$c -h" "$(mn "$c" -h 2>&1 | head -1 | cut -d' ' -f-3)" \
	    "usage: mailnode $c"
	is "$c --help" "$(mn "$c" --help; echo $?)" "$(mn "$c" -h; echo 0)"
done
while read -r c verbs; do
	for verb in $verbs; do
		is "$c $verb -h" "$(mn "$c" "$verb" -h; echo $?)" \
		    "$(mn "$c" -h; echo 0)"
	done
done <<'E'
train spam ham
probe address dns mime header bounce spf dmarc
vault unlock lock list set rm passwd slot
key list rotate retire
cert show request install renew
rule list test
queue list show hold release retry route drop
alias list add rm burn
device list revoke autoconfig add
ban list add rm
allow list add rm
block list add rm
rejects list show allow
E
done_testing
