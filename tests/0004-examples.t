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
