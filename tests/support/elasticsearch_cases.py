"""What the tests of Elasticsearch's backups share: a node, a gateway on a folder, and a repository that the node reaches with the store's own pair."""
import collections
import pathlib
import re
import tempfile
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
REQUEST = re.compile(r'"(?P<method>GET|PUT|POST|DELETE|HEAD) (?P<path>[^ ?"]+)(\?(?P<query>[^ "]*))?" (?P<code>\d{3}) ')


def pair(access_key: str, secret_key: str, allow: list[str]) -> dict:
    """An entry of `holdfast.gateway.keys`."""
    return {"accessKey": access_key, "secretKey": secret_key, "bucket": BUCKET, "allow": allow}


class NodeTestCase(unittest.TestCase):
    """One node and one gateway a class; each test finds no index, no template and no repository."""

    NODE_SETTINGS: dict = {}
    KEYS = [pair(*PAIR, VERBS)]
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-elasticsearch-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.objects = cls.work / "objects"
        cls.bucket = cls.objects / BUCKET
        cls.node = elasticsearch_server.Node(cls.work, cls.NODE_SETTINGS)
        cls.addClassCleanup(cls.node.stop)
        cls.bucket.mkdir(parents=True)
        cls.gateway = processes.Gateway(cls.work, cls.objects, cls.values())
        cls.addClassCleanup(lambda: cls.gateway.stop())

    @classmethod
    def values(cls) -> dict:
        return {"holdfast": {"gateway": {"keys": cls.KEYS}}}

    def setUp(self):
        self.assertTrue(all(found["state"] != "IN_PROGRESS" for name in self.node.request("GET", "/_snapshot")
                            for found in self.node.snapshots(name)), "an earlier test left a snapshot running")
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
