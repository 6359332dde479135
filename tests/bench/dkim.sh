#!/bin/sh
# DKIM verification beside one SHA-256 and one RSA verification, and what
# openssl speed says of those.  Links the objects of the build.
. "$(dirname "$0")/node.sh"

make -s all || exit 1
objects=$(find build/obj/mailnode/base build/obj/mailnode/auth \
    build/obj/crypto build/obj/mailnode/node/idna.o \
    build/obj/mailnode/node/ask_dns.o build/obj/mailnode/node/net.o \
    -name '*.o')
# shellcheck disable=SC2086
cc -O2 -D_POSIX_C_SOURCE=200809L -I. -o "$tmp/dkim" tests/bench/dkim.c \
    $objects -lssl -lcrypto -lsodium -lidn2 || exit 1
openssl speed -seconds 1 -bytes 102400 sha256 2>/dev/null | tail -1
openssl speed -seconds 1 rsa2048 2>/dev/null | tail -1
"$tmp/dkim"
