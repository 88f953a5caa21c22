#!/usr/bin/env bash
# Cuts the power under a gateway at work: bench/power-cuts.sh [--cuts 50] [--file-system ext4|xfs|both] [--seed N].
# After every cut all that was acknowledged must be there. Needs root and loop devices. Prints a line a cut; exit 1 when something is lost,
# torn or left over, and when a file system cannot be tried here. docs/design/checks.md tells what is simulated and what is not.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/prepare.sh
exec "$HOLDFAST_TEST_PYTHON" bench/power_cuts.py "$@"
