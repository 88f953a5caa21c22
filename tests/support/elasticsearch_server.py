"""A real Elasticsearch node for tests (tests/fixtures/elasticsearch-node): on loopback, on free ports, in a folder of its own, ended by its own id."""
import http.client
import json
import os
import pathlib
import signal
import urllib.parse

import processes
from processes import free_port

CLIENTS = pathlib.Path(os.environ.get("HOLDFAST_CLIENTS_HOME", processes.ROOT / "build/clients"))
# How full the disk of whoever runs the tests is must not matter.
WATERMARKS = {"cluster.routing.allocation.disk.watermark.low": "1gb", "cluster.routing.allocation.disk.watermark.high": "500mb",
              "cluster.routing.allocation.disk.watermark.flood_stage": "200mb"}


class ElasticsearchError(RuntimeError):
    """What a node answered in place of a result. `type` is the error's, "" when the answer held none; `cause` the reason of the innermost one."""

    def __init__(self, status: int, answer):
        error = answer.get("error") if isinstance(answer, dict) else answer
        error = error if isinstance(error, dict) else {"reason": str(error)}
        self.status, self.type, self.reason, self.answer = status, error.get("type", ""), error.get("reason", ""), answer
        innermost = error
        while isinstance(innermost.get("caused_by"), dict):
            innermost = innermost["caused_by"]
        self.cause = innermost.get("reason") or ""
        super().__init__(f"HTTP {status}, {self.type}: {self.reason}" + (f" ({self.cause})" if innermost is not error else ""))


def quoted(name: str) -> str:
    """One part of a path, or several with commas."""
    return urllib.parse.quote(name, safe=",*")


class Node(processes.Process):
    """One node, a cluster by itself. `url` and `port` are of HTTP; they and the data stay the same over restart(). `settings` are the node's
    ({"cluster.max_shards_per_node": 5}); they can be changed before a restart(). A context manager."""

    JARS, MAIN = "elasticsearch-node", "holdfast.elasticsearch.EsNode"

    def __init__(self, work: pathlib.Path, settings: dict | None = None, heap: str = "512m", name: str = "elasticsearch"):
        if not (CLIENTS / f"{self.JARS}-classes").exists():
            raise RuntimeError(f"{CLIENTS} has no node: run tests/clients/build.sh {CLIENTS}, or name its folder in HOLDFAST_CLIENTS_HOME")
        self.work, self.settings, self.heap, self.name = pathlib.Path(work), settings or {}, heap, name
        self.home = self.work / name
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        self.port, self.transport_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        """Returns when the node answers and has a master; shards may still be recovering (wait_for)."""
        settings = [f"-Dnode.set.{key}={value}" for key, value in {**WATERMARKS, **self.settings}.items()]
        # The plain collector and the first compiler start twice as fast.
        super().__init__(["java", f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
                          f"-Djava.io.tmpdir={self.home / 'tmp'}", f"-Djna.tmpdir={self.home / 'tmp'}", "-Dlog4j2.level=WARN", *settings,
                          "-cp", f"{CLIENTS / self.JARS}-classes:{CLIENTS / self.JARS}/*", self.MAIN,
                          self.home, self.port, self.transport_port], self.work / f"{self.name}.log", cwd=self.home)
        self.wait_until(lambda: processes.http_get(self.url + "/_cluster/health", 5) is not None, 180)
        return self

    def restart(self):
        """A clean stop unless it has ended already, then a start in the same folder and on the same ports, until no shard is recovering."""
        self.stop()
        self.start()
        self.request("GET", "/_cluster/health?wait_for_no_initializing_shards=true&wait_for_events=languid&timeout=60s")
        return self

    def suspend(self):
        """Answers nothing more until resume(); connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def request(self, method: str, path: str, body=None, timeout: float = 120):
        """The JSON of the answer, or its text when it is none. `body` is sent as JSON; text and bytes as they are, as _bulk wants them.
        Raises ElasticsearchError for every code but 200 and 201, OSError or HTTPException when the node went away."""
        headers = {}
        if body is not None:
            headers["Content-Type"] = "application/x-ndjson" if isinstance(body, (str, bytes)) else "application/json"
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            content = json.loads(text)
        except ValueError:
            content = text
        if answer.status not in (200, 201):
            raise ElasticsearchError(answer.status, content)
        return content

    def wait_for(self, status: str, index: str = "", seconds: int = 60):
        """Until the cluster, or the indices that are named, are at least so healthy."""
        self.request("GET", f"/_cluster/health/{quoted(index)}?wait_for_status={status}&timeout={seconds}s", timeout=seconds + 30)

    def indices(self, pattern: str = "*") -> dict[str, dict]:
        """The rows of _cat/indices by name, hidden and closed ones too; sizes in bytes, all as text."""
        rows = self.request("GET", f"/_cat/indices/{quoted(pattern)}?format=json&bytes=b&expand_wildcards=all"
                                   "&h=index,status,health,uuid,pri,rep,docs.count,store.size")
        return {row["index"]: row for row in rows}

    def register(self, name: str, settings: dict, kind: str = "s3"):
        return self.request("PUT", f"/_snapshot/{quoted(name)}", {"type": kind, "settings": settings})

    def snapshots(self, repository: str) -> list[dict]:
        """Oldest first."""
        return self.request("GET", f"/_snapshot/{quoted(repository)}/_all")["snapshots"]

    def snapshot(self, repository: str, name: str, indices: str = "*", **body) -> dict:
        """Made to its end, whatever that is: see its state."""
        return self.request("PUT", f"/_snapshot/{quoted(repository)}/{quoted(name)}?wait_for_completion=true",
                            {"indices": indices, "include_global_state": False, **body}, timeout=600)["snapshot"]

    def restore(self, repository: str, name: str, indices: str = "*", **body) -> dict:
        """Made to its end; shards may have failed."""
        return self.request("POST", f"/_snapshot/{quoted(repository)}/{quoted(name)}/_restore?wait_for_completion=true",
                            {"indices": indices, **body}, timeout=600)["snapshot"]


class OpenSearch(Node):
    """The same of OpenSearch 2: no `s3` repository."""

    JARS, MAIN = "opensearch-node", "holdfast.elasticsearch.OsNode"
