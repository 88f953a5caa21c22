#!/usr/bin/env bash
# Runs ceph's s3-tests against the gateway: bench/s3-tests.sh [--minio] [--group GROUP...] [--only PATTERN] [--failures]. Prints passed / run by group.
# The suite is fetched from PyPI into a folder outside the tree (HOLDFAST_PEERS), so this needs the network; test.sh does not run it.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${HOLDFAST_BINARY:-}" ]; then
  ./install.sh build
  cmake --preset release -DHOLDFAST_TESTS=OFF >/dev/null
  cmake --build --preset release --target holdfast -j "$(nproc)" -- --quiet
fi
exec /usr/bin/python3 bench/s3_tests.py "$@"
