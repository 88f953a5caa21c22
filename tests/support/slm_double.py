"""A double of snapshot lifecycle management in front of a real node, because no cluster of the tests has it: it answers `_slm` as
docs/design/elasticsearch.md says that a real one does, gives each policy to Elasticsearch's own parser, and hands everything else on."""
import base64
import http.client
import http.server
import json
import os
import subprocess
import threading
import urllib.parse

from elasticsearch_server import CLIENTS

DEFAULT_RETENTION_SCHEDULE = "0 30 1 * * ?"
SETTING = "slm.retention_schedule"


def parsed(policy_id: str, body: bytes) -> dict:
    """The policy as a cluster would show it; ValueError, with its words, when it would refuse it."""
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{CLIENTS / 'elasticsearch-policy-classes'}:{CLIENTS / 'elasticsearch-policy'}/*",
                           "holdfast.elasticsearch.PolicyParser", policy_id], input=body, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode().strip())
    return json.loads(done.stdout)


def error(kind: str, reason: str, status: int) -> tuple[int, dict]:
    return status, {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}, "status": status}


class Slm:
    """`url` stands for the node's. `policies` are those that it was sent, `changes` the requests that changed something of its own."""

    def __init__(self, node):
        self.node, self.policies, self.changes, self.retention_schedule = node, {}, [], DEFAULT_RETENTION_SCHEDULE
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content = double.answer(self.command, self.path, body, self.headers.get("Content-Type"))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, method: str, target: str, body: bytes, kind: str | None) -> tuple[int, bytes]:
        path = target.partition("?")[0]
        if path.startswith("/_slm/"):
            status, content = self.own(method, path, body)
            return status, json.dumps(content).encode()
        if path == "/_cluster/settings" and method == "PUT" and SETTING.encode() in body:
            self.changes.append((method, path))
            self.retention_schedule = json.loads(body)["persistent"][SETTING]
            return 200, b'{"acknowledged":true}'
        status, content = self.hand_on(method, target, body, kind)
        if path == "/_cluster/settings" and method == "GET":
            settings = json.loads(content)
            settings.setdefault("defaults", {})[SETTING] = self.retention_schedule
            content = json.dumps(settings).encode()
        return status, content

    def hand_on(self, method: str, target: str, body: bytes, kind: str | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=120)
        try:
            connection.request(method, target, body or None, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def own(self, method: str, path: str, body: bytes) -> tuple[int, dict]:
        if method != "GET":
            self.changes.append((method, path))
        parts = [urllib.parse.unquote(part) for part in path.split("/")[2:]]
        if parts == ["policy"]:
            return 200, {name: self.shown(name) for name in self.policies}
        name = parts[1]
        if method == "PUT":
            try:
                self.policies[name] = parsed(name, body)
            except ValueError as refused:
                return error("x_content_parse_exception", str(refused), 400)
            return 200, {"acknowledged": True}
        if name not in self.policies:
            return error("resource_not_found_exception", f"snapshot lifecycle policy or policies [{name}] not found", 404)
        if method == "GET":
            return 200, {name: self.shown(name)}
        if parts[2:] == ["_execute"]:
            return 200, {"snapshot_name": self.execute(name)}
        return error("illegal_argument_exception", path, 400)

    def shown(self, name: str) -> dict:
        return {"version": 1, "modified_date_millis": 1, "policy": self.policies[name], "next_execution_millis": 1, "stats": {}}

    def execute(self, name: str) -> str:
        """A snapshot as the policy makes it: its name resolved by the node, a random end, the policy's name as its only mark."""
        policy = self.policies[name]
        end = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").lower()
        expression = policy["name"][:-1] + "-" + end + ">" if policy["name"].endswith(">") else policy["name"] + "-" + end
        repository = policy["repository"]
        self.node.request("PUT", f"/_snapshot/{repository}/{urllib.parse.quote(expression, safe='')}", {**policy["config"], "metadata": {"policy": name}})
        (found,) = self.node.request("GET", f"/_snapshot/{repository}/*-{end}")["snapshots"]
        return found["snapshot"]
