#!/usr/bin/env python3
"""The same driver on a real OpenSearch 2, with its built-in repository of type fs: what the two have in common is not taken on trust."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
import elasticsearch_server  # noqa: E402
from elasticsearch_cases import CORRUPT, NAME, REFUSED, REPOSITORY, STORE, StoreTestCase  # noqa: E402


class OpenSearchTest(StoreTestCase):
    NODE = elasticsearch_server.OpenSearch

    def setUp(self):
        super().setUp()
        self.location = self.node.home / "repo" / self.id().rpartition(".")[2]
        self.own = self.write_values("fs", holdfast={STORE: {"repositoryType": "fs", "repositorySettings": {"location": str(self.location)}}})
        data.create(self.node, "sts_a", 300, {"reads": {}, "writes": {"is_write_index": True}}, number_of_shards=2)
        data.create(self.node, "sts_b", 100, number_of_replicas=1)
        self.name = self.backup(values=self.own)["name"]
        self.saved = self.state()

    def test_the_whole_way(self):
        self.assertRegex(self.name, NAME)
        self.assertEqual(self.names(values=self.own), [self.name])
        self.holdfast("verify", STORE, self.name, "--deep", values=self.own)
        proven = json.loads(self.holdfast("--output", "json", "drill", STORE, values=self.own).stdout)
        self.assertEqual((proven["restored"], proven["nothing_recorded"]), ({"sts_a documents": 300, "sts_b documents": 100}, False))
        data.fill(self.node, "sts_a", 20, revision=3)
        self.node.request("DELETE", "/sts_b")
        changed = self.state()
        self.refused(REFUSED, "restore", STORE, self.name, values=self.own)
        self.assertEqual(self.state(), changed)
        self.assertEqual(self.restore(self.name, "--force", values=self.own)["shards"], {"total": 3, "failed": 0, "successful": 3})
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()
        data.delete(self.node)
        self.restore(self.name, "--indices", "sts_b", values=self.own)
        self.assertEqual(self.state(), {"sts_b": self.saved["sts_b"]})
        self.holdfast("prune", STORE, values=self.own)
        self.assertEqual(self.node.snapshots(REPOSITORY)[0]["snapshot"], self.name)

    def test_a_damaged_file_is_found_before_anything_is_touched(self):
        largest = max((path for path in self.location.rglob("__*")), key=lambda path: path.stat().st_size)
        largest.unlink()
        data.fill(self.node, "sts_a", 20, revision=3)
        changed = self.state()
        self.assertIn(largest.name, self.refused(CORRUPT, "restore", STORE, self.name, "--force", values=self.own))
        self.assertIn(largest.name, self.refused(CORRUPT, "verify", STORE, self.name, values=self.own))
        self.assertEqual(self.state(), changed)
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
