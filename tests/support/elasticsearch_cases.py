"""What the tests of Elasticsearch's backups share: a node, a gateway on a folder, and a repository that the node reaches with the store's own pair."""
import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import elasticsearch_data
import elasticsearch_server
import processes

STORE = "elasticsearch"
BUCKET = "sts-elasticsearch-backup"
REPOSITORY = "sts-backup"
# As docs/guide/access.md has it.
PAIR = ("elasticsearch", "elasticsearchsecret")
VERBS = ["read", "list", "writeNew", "overwrite", "delete"]
FAILED, USAGE, NOT_FOUND, REFUSED, CORRUPT = 1, 2, 3, 4, 5
NAME = re.compile(r"sts-backup-\d{8}-\d{4}-[a-z0-9_-]{22}")
REQUEST = re.compile(r'"(?P<method>GET|PUT|POST|DELETE|HEAD) (?P<path>[^ ?"]+)(\?(?P<query>[^ "]*))?" (?P<code>\d{3}) (?P<received>\d+) ')


def pair(access_key: str, secret_key: str, allow: list[str]) -> dict:
    """An entry of `holdfast.gateway.keys`."""
    return {"accessKey": access_key, "secretKey": secret_key, "bucket": BUCKET, "allow": allow}


class NodeTestCase(unittest.TestCase):
    """One node a module, and one gateway a class; each test finds no index, no template and no repository."""

    KEYS = [pair(*PAIR, VERBS)]
    NODE = elasticsearch_server.Node
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-elasticsearch-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.objects = cls.work / "objects"
        cls.bucket = cls.objects / BUCKET
        cls.node = cls.shared_node()
        cls.bucket.mkdir(parents=True)
        cls.gateway = processes.Gateway(cls.work, cls.objects, cls.values())
        cls.addClassCleanup(lambda: cls.gateway.stop())

    @classmethod
    def shared_node(cls) -> elasticsearch_server.Node:
        """Started by the first class of a module that asks, stopped when the module's tests have ended."""
        if not hasattr(NodeTestCase, "started_node"):
            folder = tempfile.TemporaryDirectory(prefix="holdfast-elasticsearch-node-", ignore_cleanup_errors=True)
            unittest.addModuleCleanup(folder.cleanup)
            NodeTestCase.started_node = cls.NODE(pathlib.Path(folder.name))
            unittest.addModuleCleanup(NodeTestCase.started_node.stop)
        return NodeTestCase.started_node

    @classmethod
    def values(cls) -> dict:
        return {"holdfast": {"gateway": {"keys": cls.KEYS}}}

    def setUp(self):
        self.assertEqual(self.node.request("GET", "/_snapshot/_status")["snapshots"], [], "an earlier test left a snapshot running")
        elasticsearch_data.delete(self.node)
        for kind in ("_template", "_index_template"):
            self.node.request("DELETE", f"/{kind}/*")
        self.node.request("DELETE", "/_snapshot/*")
        for path in sorted(self.bucket.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def repository(self, access_key: str = PAIR[0], secret_key: str = PAIR[1], **more) -> dict:
        """Settings of a repository in the bucket through the gateway."""
        return {"bucket": BUCKET, "base_path": "", "endpoint": self.gateway.url, "protocol": "http", "region": "us-east-1",
                "access_key": access_key, "secret_key": secret_key, "path_style_access": "true", **more}

    def register(self, *pair, **more):
        return self.node.register(REPOSITORY, self.repository(*pair, **more))

    def fails(self, kind: str, call, *arguments, **more) -> elasticsearch_server.ElasticsearchError:
        """The answer, whose error must be of that type."""
        with self.assertRaises(elasticsearch_server.ElasticsearchError) as caught:
            call(*arguments, **more)
        self.assertEqual(caught.exception.type, kind, caught.exception)
        return caught.exception

    def gateway_lines(self) -> int:
        return len(self.gateway.log.read_text().splitlines())

    def calls(self, since: int) -> collections.Counter:
        """What was asked of the gateway since gateway_lines(): 'PUT object', 'POST bucket?delete' and the like, each with its code."""
        found: collections.Counter = collections.Counter()
        for line in self.gateway.log.read_text().splitlines()[since:]:
            if request := REQUEST.search(line):
                what = "object" if request["path"].strip("/").count("/") else "bucket"
                names = "&".join(part.partition("=")[0] for part in (request["query"] or "").split("&"))
                found[f"{request['method']} {what}{'?' if names else ''}{names} {request['code']}"] += 1
        return found

    def stored(self) -> int:
        """Bytes in the bucket."""
        return sum(path.stat().st_size for path in self.bucket.rglob("*") if path.is_file())


class StoreTestCase(NodeTestCase):
    """The program too, which knows no more than the store's own pair. What a test takes from the configuration is in STORE_VALUES."""

    STORE_VALUES: dict = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store_values = cls.write_values("store")

    @classmethod
    def write_values(cls, name: str, **more) -> pathlib.Path:
        """A values file of the store's pod; `more` are top sections that are merged over it."""
        path = cls.work / f"{name}.yaml"
        values = {"minio": {"accessKey": PAIR[0], "secretKey": PAIR[1]}, "backup": {"elasticsearch": {}},
                  "holdfast": {"gateway": {"url": cls.gateway.url}, STORE: {"url": cls.node.url}}}
        processes.write_values(path, cls.gateway.port, cls.objects, processes.merge(processes.merge(values, json.loads(json.dumps(cls.STORE_VALUES))), more))
        return path

    def holdfast(self, *arguments, code: int | tuple = 0, values=None, env=None):
        done = processes.holdfast(values or self.store_values, "--quiet", *arguments, env=env)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), f"holdfast {arguments}: {done.stderr}{done.stdout}")
        self.assertNotIn(PAIR[1], done.stdout + done.stderr)
        return done

    def refused(self, code: int | tuple, *arguments, **more) -> str:
        """The one line that tells why."""
        line = self.holdfast(*arguments, code=code, **more).stderr.strip()
        self.assertRegex(line.splitlines()[-1], r"^holdfast: .+: .+")
        return line

    def begin(self, *arguments, values=None, env=None) -> subprocess.Popen:
        """The program, running; whoever asked for it waits for its end."""
        command = [processes.holdfast_binary(), "-c", str(values or self.store_values), "--quiet", *arguments]
        child = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def end(self, child: subprocess.Popen, code: int | tuple = 0) -> str:
        """Both outputs of a program that was begun."""
        out, errors = child.communicate(timeout=300)
        self.assertIn(child.returncode, code if isinstance(code, tuple) else (code,), errors + out)
        return out + errors

    def backup(self, **more) -> dict:
        """Returns when the node's clock, which moves every 200 ms, shows another time, so that no two snapshots start at one."""
        outcome = json.loads(self.holdfast("--output", "json", "backup", STORE, **more).stdout)
        begun = self.node.request("GET", f"/_snapshot/{REPOSITORY}/{outcome['name']}")["snapshots"][0]["start_time_in_millis"]
        self.node.wait_until(lambda: time.time() * 1000 > begun + 400)
        return outcome

    def restore(self, name: str, *options, **more) -> dict:
        """What the frame holds, which is what Elasticsearch itself would answer."""
        lines = self.holdfast("restore", STORE, name, *options, **more).stdout.splitlines()
        begin = lines.index(f'=== Restoring Elasticsearch snapshot "{name}" from snapshot repository "{REPOSITORY}" in bucket "{BUCKET}"...')
        return json.loads("\n".join(lines[begin + 1:lines.index("===")]))["snapshot"]

    def entries(self, **more) -> list[dict]:
        return json.loads(self.holdfast("--output", "json", "list", STORE, **more).stdout)

    def names(self, **more) -> list[str]:
        """As the list shows them to people."""
        first, *names, last = self.holdfast("list", STORE, **more).stdout.splitlines()
        self.assertEqual(first, f'=== Listing Elasticsearch snapshots in snapshot repository "{REPOSITORY}" in bucket "{BUCKET}"...')
        self.assertEqual(last, "===")
        return names

    def state(self) -> dict[str, dict]:
        return elasticsearch_data.state(self.node)

    def assert_clean(self):
        """No index of ours is left, temporary or journal, and nothing runs."""
        self.assertEqual([name for name in self.node.indices() if "holdfast" in name], [])
        self.assertEqual(self.node.request("GET", "/_snapshot/_status")["snapshots"], [])

    def slow(self, snapshot: str = "40mb", restore: str = "40mb"):
        """The repository with limits, so that something can happen meanwhile; it is registered already, so it stays so."""
        self.register(max_snapshot_bytes_per_sec=snapshot, max_restore_bytes_per_sec=restore)

    def running_snapshot(self) -> str | None:
        """The name of one that has begun to send."""
        for found in self.node.request("GET", "/_snapshot/_status")["snapshots"]:
            if found["state"] == "STARTED":
                return found["snapshot"]
        return None


class FaultCase(StoreTestCase):
    """Each test has a snapshot, and live indices that differ from it."""

    INDICES = 3
    DOCUMENTS = 300

    def setUp(self):
        super().setUp()
        for number in range(self.INDICES):
            elasticsearch_data.create(self.node, f"sts_{number}", self.DOCUMENTS, {f"writes-{number}": {"is_write_index": True}, "all": {}})
        self.saved_name, self.saved = self.backup()["name"], self.state()
        for number in range(self.INDICES):
            elasticsearch_data.fill(self.node, f"sts_{number}", 20, revision=3)
            self.node.request("PUT", f"/sts_{number}/_alias/later-{number}")
        self.live = self.state()

    def assert_live_stays_and_all_goes_on(self, leftovers: bool = False):
        """Nothing was changed or left; the snapshot restores, and so does the next one. With `leftovers` the next run clears up first."""
        self.assertEqual(self.state(), self.live)
        if not leftovers:
            self.assert_clean()
        name = self.backup()["name"]
        self.assert_clean()
        for each, state in ((self.saved_name, self.saved), (name, self.live)):
            self.restore(each, "--force")
            self.assertEqual(self.state(), state)
        self.assert_clean()

    def rewrite(self):
        """Every document, so that the next snapshot takes its time."""
        for number in range(self.INDICES):
            elasticsearch_data.fill(self.node, f"sts_{number}", self.DOCUMENTS, revision=4)
        self.live = self.state()

    def restart_gateway(self, **storage):
        """On the same port, with what is given of `holdfast.storage`."""
        self.gateway.stop()
        values = processes.merge(self.values(), {"holdfast": {"storage": storage}})
        type(self).gateway = processes.Gateway(self.work, self.objects, values, port=self.gateway.port)

    def cluster(self, **settings):
        self.node.request("PUT", "/_cluster/settings", {"transient": {key.replace("__", "."): value for key, value in settings.items()}})
