#!/bin/sh
# Every fuzz target over its corpus: the seeds and what was found before.
. "$(dirname "$0")/lib.sh"

obj=build/${SAN:+san}
[ -n "${SAN-}" ] || obj=build/obj
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ "$name" != replay ] || continue
	corpus=tests/fuzz/corpus/$name
	[ -d "$corpus" ] || { ok "$name has a corpus" false; continue; }
	ok "$name" "$obj/fuzz/$name" "$corpus"/*
done
done_testing
