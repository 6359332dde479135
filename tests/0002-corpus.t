#!/bin/sh
# Every fuzz target over its corpus: the seeds and what was found before; and
# over corpus/any, which suits every target.
. "$(dirname "$0")/lib.sh"

obj=build/${SAN:+san}
[ -n "${SAN-}" ] || obj=build/obj
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ "$name" != replay ] || continue
	# shellcheck disable=SC2046
	ok "$name" "$obj/fuzz/$name" tests/fuzz/corpus/any/* \
	    $(ls -d "tests/fuzz/corpus/$name"/* 2>/dev/null)
done
done_testing
