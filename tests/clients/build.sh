#!/usr/bin/env bash
# Builds the S3 clients of other languages: tests/clients/build.sh HOME, a folder for the programs. Does nothing when HOME has these very ones.
# Versions: dependencies/clients.txt. Maven and Go fetch by whatever settings (mirror, proxy) the caller has.
set -euo pipefail
home=$(realpath -m "${1:?usage: build.sh HOME}")
cd "$(dirname "$0")"
list=../../dependencies/clients.txt

sources=$(find . -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum; sha256sum "$list"; java -version 2>&1; go version)
hash=$(sha256sum <<<"$sources" | cut -d' ' -f1)
[ "$(cat "$home/sources.sha256" 2>/dev/null)" != "$hash" ] || exit 0
rm -rf "$home"
mkdir -p "$home"

# jars NAME: the jars of that client, and all that it needs, into HOME/NAME.
jars() {
  local name=$1 module version
  read -r _ module version < <(grep "^$name " "$list")
  mvn --quiet --batch-mode -f pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DincludeScope=runtime \
    -Dclient.group="${module%:*}" -Dclient.artifact="${module#*:}" -Dclient.version="$version" -DoutputDirectory="$home/$name" ||
    { echo "build.sh: $module $version could not be fetched; see Maven's message above, and run it again" >&2; exit 1; }
}

# The program for version 1 is compiled with the older client and runs with both.
jars java-v1-elasticsearch
jars java-v1
javac -Xlint:all,-classfile,-serial,-processing -Werror -d "$home/java-v1-classes" -cp "$home/java-v1-elasticsearch/*" java/*.java java-v1/*.java

jars java-v2
javac -Xlint:all,-classfile,-serial,-processing -Werror -d "$home/java-v2-classes" -cp "$home/java-v2/*" java/*.java java-v2/*.java

# The later client of Go wants a later Go than Debian's, which then builds the earlier one only.
go_client() {
  (cd go-v2 && GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false -modfile="$1" -o "$home/$2" .) ||
    { echo "build.sh: the client of go-v2/$1 could not be built; see Go's message above, and run it again" >&2; exit 1; }
}
go_client go1.19.mod go-v2-earlier
wanted=$(awk '$1 == "go" { print $2 }' go-v2/go.mod)
if printf 'go%s\n%s\n' "$wanted" "$(GOTOOLCHAIN=local go env GOVERSION)" | sort -V -C; then go_client go.mod go-v2; fi

echo "$hash" > "$home/sources.sha256"
