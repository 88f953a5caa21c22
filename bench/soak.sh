#!/usr/bin/env bash
# Works on the gateway for long and kills it every minute: bench/soak.sh [--minutes 30] [--connections 64] [--storage folder|s3|azure] [--kill-every 60].
# Objects of 0 bytes to 64 MiB are put, copied, uploaded in parts, tagged, read, listed and removed; over s3 and azure one request in a hundred
# to the storage is refused with 500 or 503, or cut. After every restart and at the end everything that was acknowledged is compared, byte by
# byte. Prints a line a round; exit 1 when something is lost, torn, left over, or grows. docs/design/checks.md tells how to read it.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/prepare.sh
exec "$HOLDFAST_TEST_PYTHON" bench/soak.py "$@"
