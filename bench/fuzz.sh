#!/usr/bin/env bash
# Searches the parsers of outside input for long: bench/fuzz.sh [--minutes N] [TARGET...].
# N minutes (60) are shared evenly among the targets; without one: those that read what a client of the gateway sends. One process at a time.
# What is found on the way is kept from run to run in $HOLDFAST_FUZZ_HOME (~/.cache/holdfast/fuzz), minimised, outside the source tree.
# Prints a line a target; exit 1 when an input broke a property, crashed, leaked or took too long: it is named, to be made a seed with the fix.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=60
targets=()
usage() { echo "usage: bench/fuzz.sh [--minutes N] [TARGET...]; targets: $(cd tests/fuzz && echo *_fuzz.cpp | sed 's/_fuzz\.cpp//g')" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || usage; minutes=$2; shift 2 ;;
    -*) usage ;;
    *) [ -e "tests/fuzz/$1_fuzz.cpp" ] || usage; targets+=("$1"); shift ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(http_head http_body sigv4 xml aws_chunked)
seconds=$((minutes * 60 / ${#targets[@]}))

./install.sh build test
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)" --target "${targets[@]/%/_fuzz}" -- --quiet

home=${HOLDFAST_FUZZ_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast/fuzz}
failed=0
printf '%-18s %8s %14s %10s %9s %9s %8s  %s\n' target seconds executions 'per second' features corpus 'peak MiB' findings
for target in "${targets[@]}"; do
  work="$home/$target"
  log="$work/last.log"
  program="build/fuzz/tests/fuzz/${target}_fuzz"
  mkdir -p "$work/corpus" "$work/findings"
  seeds=()
  [ ! -d "tests/fuzz/corpus/$target" ] || seeds=("tests/fuzz/corpus/$target")
  before=$(find "$work/findings" -type f | wc -l)
  status=0
  "$program" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$work/findings/" "$work/corpus" "${seeds[@]}" >"$log" 2>&1 || status=$?
  # Only what reaches something that the seeds do not is worth keeping.
  rm -rf "$work/smaller"
  mkdir "$work/smaller"
  if "$program" -merge=1 -max_len=16384 -rss_limit_mb=2048 "$work/smaller" "${seeds[@]}" "$work/corpus" >"$work/merge.log" 2>&1; then
    rm -rf "$work/corpus"
    mv "$work/smaller" "$work/corpus"
  fi
  number() { sed -n "s/^stat::$1: *//p" "$log"; }
  features=$(grep -o 'ft: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  found=$(($(find "$work/findings" -type f | wc -l) - before))
  printf '%-18s %8s %14s %10s %9s %9s %8s  %s\n' "$target" "$seconds" "$(number number_of_executed_units)" "$(number average_exec_per_sec)" \
    "${features:-?}" "$(find "$work/corpus" -type f | wc -l)" "$(number peak_rss_mb)" "$found"
  if [ "$status" -ne 0 ] || [ "$found" -ne 0 ]; then
    failed=1
    echo "  $target ended with $status: see $log and $work/findings"
  fi
done
exit "$failed"
