#!/bin/sh
# FETCH, SEARCH, SORT and THREAD beside Dovecot, where it is installed, over
# the archive of a mailing list: LISTS names a folder of messages, one a file,
# or the suites have it.
. "$(dirname "$0")/lib.sh"
. "$top/tests/phone.sh"
. "$top/tests/dovecot.sh"

dovecot_there || skip_all 'no Dovecot, or not root'
list=${LISTS-$tmp/usb}
archive=$top/../shared/suites/lists/linux-usb-5k.tar.xz
[ -d "$list" ] || [ ! -e "$archive" ] || tar xJf "$archive" -C "$tmp"
[ -d "$list" ] || skip_all 'no messages: LISTS'

phone_node && dovecot_start || exit 1
# shellcheck disable=SC2046
"$python" tests/tools/differ.py "$imap" "$dovecot_port" "$user" "$pw" \
    $(find "$list" -type f | sort | awk 'NR < 100 || NR % 25 == 0' |
    head -250)
