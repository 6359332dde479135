#!/bin/sh
# What examples/ shows compiles, parses and is complete.
. "$(dirname "$0")/lib.sh"

compiles()
{
	make -s "$tmp/$2/conf.o" CONFIG="$1" BUILD="$tmp/$2" >/dev/null
}

for example in home vps; do
	config=examples/$example/config.h
	ok "$config compiles" compiles "$config" "$example"
done

# ---- an older config.h
settings() { sed -n 's/^static const .*[ *]\([a-z0-9_]*\)\(\[\]\)\{0,1\} = .*/\1/p' \
    config.def.h | sort; }
newest=$(sed -n 's/^#define CONFIG_VERSION[[:space:]]*//p' config.def.h)
# What version 1 had; CHANGES tells all later ones, under their number.
first='catchall colors connections_per_minute domains hooks hostname keys listeners local_socket local_uids maildir message_max
queries realname recipients_max relays reserve_mib resolvers
sessions_max sessions_per_address sign_ed25519 subaddress tls_required
undo_s user'
later=$(perl -ne '$in = $1 > 1 if /^\tCONFIG_VERSION (\d+)/;
    print "$1\n" if $in && /^\t- ([a-z0-9_]+)[,;.]/' CHANGES)
is 'CHANGES lists each setting that came later' "$(printf '%s\n' $first $later |
    sort)" "$(settings)"
is 'under the number of config.def.h' "$(sed -n \
    's/^\tCONFIG_VERSION \([0-9]*\).*/\1/p' CHANGES | head -1)" "$newest"
is 'mailnode-config(5) has each' "$(for s in $(settings); do
    grep -qE "^\.(It Va|Va|Ss)( .*)? ?$s( |,|\[|\$)" mailnode/mailnode-config.5 ||
    echo "$s"; done)" ''

old() # old SED: compiles config.def.h so changed, prints what make says
{
	sed "$1" config.def.h >"$tmp/old.h"
	make -s "$tmp/old/conf.o" CONFIG="$tmp/old.h" BUILD="$tmp/old" 2>&1
}
old '/CONFIG_VERSION/d; /forwarders\[\]/d' >"$tmp/said"
ok 'an older one stops the build' [ ! -e "$tmp/old/conf.o" ]
ok 'and says what to do' grep -q 'older than mailnode.*CHANGES' "$tmp/said"
ok 'and what is missing' grep -q 'forwarders.*undeclared' "$tmp/said"
old 's/^\(#define CONFIG_VERSION\).*/\1 9999/' >"$tmp/said"
ok 'a newer one stops it, too' grep -q 'newer than this mailnode' "$tmp/said"

unit=examples/systemd/mailnode.service
# Prints what systemd has to say of a unit; its program must exist.
verify()
{
	mkdir -p "$tmp/bin" "$tmp/unit" "$tmp/run"
	cp /bin/true "$tmp/bin/mailnode"
	sed "s,/usr/local/bin,$tmp/bin," "$1" >"$tmp/unit/mailnode.service"
	XDG_RUNTIME_DIR=$tmp/run systemd-analyze --user --man=no verify \
	    "$tmp/unit/mailnode.service" 2>&1
}
is "systemd-analyze verifies $unit" "$(verify "$unit")" ''
sed 's/^Restart=/Restrat=/' "$unit" >"$tmp/wrong"
ok 'and would see a wrong key' sh -c \
    'echo "$1" | grep -q Restrat' - "$(verify "$tmp/wrong")"

if [ "$(id -u)" = 0 ] && command -v nft >/dev/null; then
	ok 'nft takes redirect.nft' nft -c -f examples/port25/redirect.nft
fi
done_testing
