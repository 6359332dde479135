#!/bin/sh
# Import with rows and index beside notmuch new on the same mail.
. "$(dirname "$0")/node.sh"

count=${COUNT:-5000}
bench_node || exit 1
"$python" tests/bench/letters.py "$tmp/letters" "$count"

now() { "$python" -c 'import time; print(time.monotonic())'; }
since() { "$python" -c "import time; print('%.1f' % (time.monotonic() - $1))"; }

# The same files through notmuch alone.
cp -r "$tmp/letters" "$tmp/plain"
printf '[database]\npath=%s\n[new]\ntags=inbox\n' "$tmp/plain" >"$tmp/nm"
start=$(now)
NOTMUCH_CONFIG=$tmp/nm notmuch new --quiet || exit 1
echo "notmuch new, $count letters:       $(since "$start") s"

node_start || exit 1
start=$(now)
mn import "$tmp/letters" >"$tmp/import.log" 2>&1 ||
    { cat "$tmp/import.log"; exit 1; }
echo "import, list complete:           $(since "$start") s"
indexed() { [ "$(mn search -j '*' 2>/dev/null | wc -l)" -ge "$count" ]; }
wait_for indexed 600 || echo 'index: not complete'
echo "import, index complete:          $(since "$start") s"
node_stop
