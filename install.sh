#!/usr/bin/env bash
# Installs Debian packages: ./install.sh SECTION... with sections of dependencies/debian.txt (build, test, demo, bench).
# Does nothing when all are there. Needs root, or sudo. Servers that packages bring (ClickHouse, VictoriaMetrics, nginx) are not started,
# neither now nor when the machine starts: tests start their own.
set -euo pipefail
cd "$(dirname "$0")"

wanted=()
for section in "$@"; do
  while read -r package; do wanted+=("$package"); done < <(
    awk -v section="[$section]" '/^\[/ { inside = ($0 == section); next } inside && NF && !/^#/' dependencies/debian.txt)
done
# Another package may provide a wanted one, and then often conflicts with it (npm inside a newer nodejs).
provided=$(dpkg-query -W -f '${db:Status-Status} ${Provides}\n' | sed -n 's/^installed //p' | tr ',' '\n' | sed 's/(.*//; s/ //g')
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed && continue
  grep -qxF "$package" <<<"$provided" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install.sh: packages are missing (${missing[*]}); run it as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >/dev/null
# Debian's own switch for that; a machine that has one already keeps it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
for package in "${missing[@]}"; do
  if [ -x "/etc/init.d/${package%-light}" ]; then "${as_root[@]}" update-rc.d "${package%-light}" disable >/dev/null; fi
done
