#!/usr/bin/env bash
# Builds the S3 clients of other languages, the nodes of Elasticsearch, OpenSearch and Gremlin, and a reader of policies: tests/clients/build.sh HOME, a folder for the programs.
# Does nothing when HOME has these very ones.
# Versions: dependencies/clients.txt. Maven and Go fetch by whatever settings (mirror, proxy) the caller has.
set -euo pipefail
home=$(realpath -m "${1:?usage: build.sh HOME}")
cd "$(dirname "$0")"
list=../../dependencies/clients.txt
node=../fixtures/elasticsearch-node
policy=../fixtures/elasticsearch-policy
opensearch=../fixtures/opensearch-node
gremlin=../fixtures/gremlin-node

sources=$(find . "$node" "$policy" "$opensearch" "$gremlin" -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum; sha256sum "$list"; java -version 2>&1; go version)
hash=$(sha256sum <<<"$sources" | cut -d' ' -f1)
[ "$(cat "$home/sources.sha256" 2>/dev/null)" != "$hash" ] || exit 0
rm -rf "$home"
mkdir -p "$home"

# version NAME: what the list says.
version() {
  awk -v name="$1" '$1 == name { print $3 }' "$list"
}

# fetch NAME POM VARIABLE...: the jars that POM asks for, and all that they need, into HOME/NAME.
fetch() {
  local name=$1 pom=$2; shift 2
  mvn --quiet --batch-mode -f "$pom" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DincludeScope=runtime \
    "$@" -DoutputDirectory="$home/$name" ||
    { echo "build.sh: $name $(version "$name") could not be fetched; see Maven's message above, and run it again" >&2; exit 1; }
}

# jars NAME: those of a client.
jars() {
  local module
  module=$(awk -v name="$1" '$1 == name { print $2 }' "$list")
  fetch "$1" pom.xml -Dclient.group="${module%:*}" -Dclient.artifact="${module#*:}" -Dclient.version="$(version "$1")"
}

# classes NAME JARS SOURCE...: compiled into HOME/NAME.
classes() {
  local name=$1 needed=$2; shift 2
  javac -Xlint:all,-classfile,-serial,-processing -Werror -d "$home/$name" -cp "$home/$needed/*" "$@"
}

# The program for version 1 is compiled with the older client and runs with both.
jars java-v1-elasticsearch
jars java-v1
classes java-v1-classes java-v1-elasticsearch java/*.java java-v1/*.java

jars java-v2
classes java-v2-classes java-v2 java/*.java java-v2/*.java

fetch elasticsearch-node "$node/pom.xml" -Delasticsearch.version="$(version elasticsearch-node)" \
  -Djackson.version="$(version elasticsearch-node-jackson)" -Daws.version="$(version java-v1-elasticsearch)"
classes elasticsearch-node-classes elasticsearch-node "$node"/*.java
fetch elasticsearch-policy "$policy/pom.xml" -Delasticsearch.version="$(version elasticsearch-node)"
classes elasticsearch-policy-classes elasticsearch-policy "$policy"/*.java

fetch gremlin-node "$gremlin/pom.xml" -Dtinkerpop.version="$(version gremlin-node)"
classes gremlin-node-classes gremlin-node "$gremlin"/*.java

# A fork: the same launcher by its own names, without the S3 plugin.
fetch opensearch-node "$opensearch/pom.xml" -Dopensearch.version="$(version opensearch-node)" -Dlog4j.version="$(version opensearch-node-log4j)"
mkdir "$home/opensearch-node-sources"
sed -e 's/org\.elasticsearch\./org.opensearch./; s/, S3FixturePlugin\.class//; s/EsNode/OsNode/g' "$node/EsNode.java" \
  > "$home/opensearch-node-sources/OsNode.java"
classes opensearch-node-classes opensearch-node "$home/opensearch-node-sources/OsNode.java"

# The later client of Go wants a later Go than Debian's, which then builds the earlier one only.
go_client() {
  (cd go-v2 && GOTOOLCHAIN=local go build -mod=readonly -buildvcs=false -modfile="$1" -o "$home/$2" .) ||
    { echo "build.sh: the client of go-v2/$1 could not be built; see Go's message above, and run it again" >&2; exit 1; }
}
go_client go1.19.mod go-v2-earlier
wanted=$(awk '$1 == "go" { print $2 }' go-v2/go.mod)
if printf 'go%s\n%s\n' "$wanted" "$(GOTOOLCHAIN=local go env GOVERSION)" | sort -V -C; then go_client go.mod go-v2; fi

echo "$hash" > "$home/sources.sha256"
