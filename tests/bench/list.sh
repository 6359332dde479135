#!/bin/sh
# Lists of large mailboxes; at most 1 ms for the newest 100 of 200,000.
# Links the objects of the build, so that it measures what ships.
. "$(dirname "$0")/node.sh"

make -s all || exit 1
objects=$(find build/obj/mailnode/base build/obj/store build/obj/crypto \
    -name '*.o')
# shellcheck disable=SC2086
cc -O2 -D_POSIX_C_SOURCE=200809L -I. -o "$tmp/list" tests/bench/list.c \
    $objects -lsqlite3 -lssl -lcrypto -lsodium || exit 1
for rows in ${ROWS:-20000 200000}; do
	mkdir "$tmp/$rows"
	echo "mailbox of $rows messages"
	"$tmp/list" "$tmp/$rows" "$rows" || exit 1
	rm -r "${tmp:?}/$rows"
done
