#!/bin/sh
# The junk filter beside bogofilter: labelled mail of SUITES/spam, trained on
# one part and judged on the other, with all fields and without those that
# betray the collection; then how many messages of 5 KiB a second.
. "$(dirname "$0")/node.sh"

suite=${SUITES:-../shared/suites}/spam/spamassassin.tar.xz
[ -e "$suite" ] || { echo "no $suite: give SUITES="; exit 0; }
command -v bogofilter >/dev/null || { echo 'no bogofilter'; exit 0; }
bench_node || exit 1
mkdir "$tmp/mail" && tar -xJf "$suite" -C "$tmp/mail" --strip-components=1
"$python" tests/bench/filter.py "$mailnode" "$tmp"
