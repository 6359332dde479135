#!/bin/sh
# FETCH, SEARCH, SORT and THREAD beside Dovecot or Cyrus, whichever is installed
# (PEER chooses), over the archive of a mailing list: LISTS names a folder of
# messages, one a file, or the suites have it.  PICK: which of them, for awk.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"
. "$top/tests/dovecot.sh"
. "$top/tests/cyrus.sh"

peer=${PEER-}
[ -n "$peer" ] || ! dovecot_there || peer=dovecot
[ -n "$peer" ] || ! cyrus_there || peer=cyrus
[ -n "$peer" ] || skip_all 'no Dovecot, no Cyrus, or not root'
list=${LISTS-$tmp/usb}
archive=$top/../shared/suites/lists/linux-usb-5k.tar.xz
[ -d "$list" ] || [ ! -e "$archive" ] || tar xJf "$archive" -C "$tmp"
[ -d "$list" ] || skip_all 'no messages: LISTS'

phone_node && "${peer}_start" || exit 1
eval "port=\$${peer}_port"
# shellcheck disable=SC2046,SC2154
"$python" tests/tools/differ.py "$peer" "$imap" "$port" "$user" "$pw" \
    $(find "$list" -type f | sort | awk "${PICK-NR < 100 || NR % 25 == 0}" |
    head -250)
