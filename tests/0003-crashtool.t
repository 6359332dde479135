#!/bin/sh
# The crash recorder finds every missing sync, and none that is not missing.
. "$(dirname "$0")/lib.sh"

"$python" tests/tools/crash_test.py "$tmp"
