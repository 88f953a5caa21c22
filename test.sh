#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: ./test.sh [--quick | --long]
#   --quick   the release build's tests only: no sanitizers, no fuzzing, no clang-tidy
#   --long    everything, and then what takes long: 100,000 random cases of each rule beside the program that it follows
# Ends with ctest's closing lines; exit 0 only when everything passed.
set -euo pipefail
cd "$(dirname "$0")"

quick=no
long=no
for argument in "$@"; do
  case "$argument" in
    --quick) quick=yes ;;
    --long) long=yes ;;
    *) echo "usage: ./test.sh [--quick | --long]" >&2; exit 2 ;;
  esac
done

./install.sh build test
jobs=$(nproc)
started=$SECONDS
say() { printf '\n== %s (after %d s)\n' "$1" "$((SECONDS - started))"; }

# Python clients (boto3 and others) live in a folder of their own, made anew when their list changes.
python_home=${HOLDFAST_PYTHON_HOME:-build/python}
list_hash=$(sha256sum dependencies/python.txt | cut -d' ' -f1)
if [ "$(cat "$python_home/list.sha256" 2>/dev/null)" != "$list_hash" ]; then
  say "installing Python clients"
  rm -rf "$python_home"
  /usr/bin/python3 -m venv "$python_home"
  "$python_home/bin/pip" install --quiet --disable-pip-version-check -r dependencies/python.txt
  echo "$list_hash" > "$python_home/list.sha256"
fi
export HOLDFAST_TEST_PYTHON="$PWD/$python_home/bin/python"
case "$python_home" in /*) HOLDFAST_TEST_PYTHON="$python_home/bin/python" ;; esac

# Servers from npm (Azurite) likewise.
node_home=${HOLDFAST_NODE_HOME:-$PWD/build/node}
list_hash=$(sha256sum dependencies/node.txt | cut -d' ' -f1)
if [ "$(cat "$node_home/list.sha256" 2>/dev/null)" != "$list_hash" ]; then
  say "installing servers from npm"
  rm -rf "$node_home"
  mkdir -p "$node_home"
  mapfile -t node_packages < <(grep -v '^#' dependencies/node.txt)
  # A node that did not come from Debian knows only its own list of authorities: the system's count too.
  NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} \
    npm install --prefix "$node_home" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "${node_packages[@]}" ||
    { echo "test.sh: ${node_packages[*]} could not be installed; see npm's message above, and run it again" >&2; exit 1; }
  echo "$list_hash" > "$node_home/list.sha256"
fi
export HOLDFAST_NODE_HOME="$node_home"

# Clients of Java and Go are built by their own tools.
export HOLDFAST_CLIENTS_HOME=${HOLDFAST_CLIENTS_HOME:-$PWD/build/clients}
say "building clients, unless they are there"
tests/clients/build.sh "$HOLDFAST_CLIENTS_HOME"

# A compiler cache is used where there is one; its entries must not depend on where this folder lies.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

# The clients that tests drive must not pick up the settings of whoever runs this.
for variable in ${!AWS_@} ${!HOLDFAST_@}; do
  case "$variable" in HOLDFAST_TEST_PYTHON|HOLDFAST_NODE_HOME|HOLDFAST_CLIENTS_HOME|HOLDFAST_MOST_KILLS|HOLDFAST_POWER_CUTS) ;; *) unset "$variable" ;; esac
done

# build PRESET [TARGET...]
build() {
  local preset=$1; shift
  say "building $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} -- --quiet
}

failed=0
# Runs ctest in a build folder; a failure is remembered, so that one run shows all of them.
run_tests() {
  local preset=$1; shift
  say "testing $preset"
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error "$@" || failed=1
}

# The rooms that have threads of their own; the others are pure or single-threaded.
threaded=(base_test http_test storage_test storage_conformance_test transfer_test catalog_test gateway_test)

build release
if [ "$quick" = no ]; then
  run_tests release
  build asan
  run_tests asan -j "$jobs" -L unit
  build tsan "${threaded[@]}"
  run_tests tsan -R "^($(IFS='|'; echo "${threaded[*]}"))$"
  build fuzz fuzz_programs
  run_tests fuzz -j "$jobs" -L fuzz
else
  run_tests release -LE slow
fi
if [ "$long" = yes ]; then
  say "asking other programs the same questions"
  HOLDFAST_RULES_DRIVER=$PWD/build/release/tests/differential/rules_driver \
    python3 tests/differential/differential.py 100000 || failed=1
fi
exit "$failed"
