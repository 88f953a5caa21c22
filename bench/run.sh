#!/usr/bin/env bash
# Measures holdfast on this machine: bench/run.sh [--quick] [--size MIB] [--peers [PEER...]]. Prints a table, writes bench/results/latest.json.
# Times mean nothing from one machine to another; the ratios against vmbackup and vmrestore, taken in the same run, do.
set -euo pipefail
cd "$(dirname "$0")/.."
./install.sh build bench
cmake --preset release -DHOLDFAST_TESTS=OFF -DHOLDFAST_BENCH=ON -B build/bench >/dev/null
cmake --build build/bench --target holdfast gateway_load -j "$(nproc)" -- --quiet
export HOLDFAST_BINARY="$PWD/build/bench/holdfast" HOLDFAST_LOAD="$PWD/build/bench/bench/gateway_load"
exec /usr/bin/python3 bench/run.py "$@"
