# Sourced by the long runs: builds what they drive and sets where it lies. Runs of their own: test clients as ./test.sh installs them.
./install.sh build test bench
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" --target holdfast -- --quiet
export HOLDFAST_BINARY="$PWD/build/release/holdfast"
export HOLDFAST_TEST_PYTHON=${HOLDFAST_TEST_PYTHON:-$PWD/${HOLDFAST_PYTHON_HOME:-build/python}/bin/python}
[ -x "$HOLDFAST_TEST_PYTHON" ] || { echo "$0: no Python with the test clients at $HOLDFAST_TEST_PYTHON; run ./test.sh once, or name it in HOLDFAST_TEST_PYTHON" >&2; exit 1; }
