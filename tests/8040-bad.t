#!/bin/sh
# IMAP input that ought to hurt: clear answers, bounded time and memory.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"

phone_node message_max 8388608 sessions_per_address 250 sessions_max 300 ||
    exit 1
"$python" - "$imap" "$user" "$pw" <<'END' || exit 1
import sys
sys.path.insert(0, "tests/tools")
from imapcheck.wire import Conn, Where
c = Conn(Where("127.0.0.1", int(sys.argv[1]), *sys.argv[2:]))
for i in range(5):
    c.append("INBOX", b"Subject: %d\r\n\r\nx\r\n" % i)
END
"$python" tests/tools/bad.py "$node" "$(cat "$node/serve.pid")" "$imap" \
    "$user" "$pw" 8388608
