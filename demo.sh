#!/usr/bin/env bash
# Shows the whole thing once, on this machine: installs, builds, backs up a real VictoriaMetrics, destroys it, restores it.
# Leaves nothing running, and nothing but build/ on disk.
set -euo pipefail
cd "$(dirname "$0")"
started=$SECONDS
./install.sh build demo
echo "Building holdfast (some minutes the first time) ..."
cmake --preset release -DHOLDFAST_TESTS=OFF -B build/demo >/dev/null
cmake --build build/demo --target holdfast -j "$(nproc)" -- --quiet
HOLDFAST_BINARY="$PWD/build/demo/holdfast" /usr/bin/python3 demo/demo.py
echo "The demo took $((SECONDS - started)) seconds."
