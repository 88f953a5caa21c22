#!/usr/bin/env bash
# Checks that every C++ file is laid out as .clang-format says: format.sh ROOT [--fix]; exit 1 when one is not.
set -euo pipefail
cd "$1"
mode=(--dry-run -Werror)
[ "${2:-}" = --fix ] && mode=(-i)

# What git tracks; in a tree without git, what lies in the source folders.
list() {
  git ls-files -z -- '*.h' '*.cpp' 2>/dev/null || find src tests bench -name '*.h' -print0 -o -name '*.cpp' -print0
}

list | xargs -0 -r -n 32 -P "$(nproc)" clang-format-19 "${mode[@]}"
