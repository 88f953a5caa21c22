#!/usr/bin/env python3
"""Snapshots brought back into a real Elasticsearch: beside nothing, refused over what is there, swapped in, in place, and undone when a shard
fails. Documents, aliases, settings and mappings are the snapshot's or the old ones, never a mixture."""
import json
import pathlib
import struct
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
from elasticsearch_cases import CORRUPT, FAILED, NOT_FOUND, REFUSED, REPOSITORY, STORE, USAGE, StoreTestCase  # noqa: E402

LONG = "sts_" + "l" * 251  # 255 bytes, the longest there may be
FILTERED = {"filter": {"term": {"level": "error"}}, "index_routing": "1", "search_routing": "1"}
TEMPLATE = {"settings": {"refresh_interval": "17s", "number_of_replicas": 1}, "aliases": {"from_template": {}}}


class RestoreTest(StoreTestCase):
    # A closed index is in a snapshot only when it is named.
    STORE_VALUES = {"backup": {STORE: {"scheduled": {"indices": ["sts*", "sts_was_closed"]}}}}

    def setUp(self):
        super().setUp()
        self.node.request("PUT", "/_index_template/t", {"index_patterns": ["sts_template*"], "template": TEMPLATE})
        self.node.request("PUT", "/_template/old", {"index_patterns": ["sts_old_template*"], **TEMPLATE})
        data.create(self.node, "sts_aliases-1", 300, {"reads": FILTERED, "writes": {"is_write_index": False}, "unseen": {"is_hidden": True}})
        data.create(self.node, "sts_aliases-2", 200, {"reads": {}, "writes": {"is_write_index": True}}, number_of_shards=3)
        data.create(self.node, "sts_template-1", 100)
        data.create(self.node, "sts_old_template-1", 100, number_of_replicas=1)
        data.create(self.node, "sts_replicas", 100, number_of_replicas=1, priority=9)
        data.create(self.node, "sts_expands", 100, auto_expand_replicas="0-1")
        data.create(self.node, "sts_locked", 50)
        self.node.request("PUT", "/sts_locked/_settings", {"index.blocks.write": True})
        data.create(self.node, "sts_now_closed", 80)
        data.create(self.node, "sts_was_closed", 80)
        self.node.request("POST", "/sts_was_closed/_close")
        data.create(self.node, "sts_empty")
        data.create(self.node, LONG, 20, {"reads": FILTERED, "another": {}})
        self.saved_name, self.saved = self.backup()["name"], self.state()
        data.create(self.node, "other", 10, {"writes-other": {"is_write_index": True}})

    def test_what_is_read_only_is_replaced_in_place_too(self):
        self.node.request("PUT", "/sts_template-1/_settings", {"index.blocks.read_only": True})
        self.restore(self.saved_name, "--in-place", "--force")
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_no_index_named_is_not_all(self):
        for named in ("", ",", " , "):
            self.refused(USAGE, "restore", STORE, self.saved_name, "--indices", named, "--force")
        self.assert_clean()

    def change_everything(self):
        """Another state under every name, in each of the ways that a restore must undo."""
        for index in ("sts_aliases-1", "sts_template-1", "sts_replicas", LONG):
            data.fill(self.node, index, 30, revision=5)
            data.remove(self.node, index, range(3))
        self.node.request("POST", "/_aliases", {"actions": [
            {"remove": {"index": "sts_aliases-2", "alias": "writes"}}, {"add": {"index": "sts_aliases-1", "alias": "writes", "is_write_index": True}},
            {"add": {"index": "sts_aliases-1", "alias": "reads"}}, {"add": {"index": "sts_replicas", "alias": "later"}},
            {"remove": {"index": "sts_template-1", "alias": "from_template"}}]})
        self.node.request("PUT", "/sts_replicas/_settings", {"index.number_of_replicas": 0, "index.refresh_interval": "5s"})
        self.node.request("PUT", "/sts_expands/_mapping", {"properties": {"new": {"type": "keyword"}}})
        self.node.request("DELETE", "/sts_aliases-2")
        data.create(self.node, "sts_aliases-2", 7, number_of_shards=1)
        self.node.request("POST", "/sts_now_closed/_close")
        self.node.request("POST", "/sts_was_closed/_open")
        self.node.wait_for("yellow", "sts_was_closed")
        self.node.request("DELETE", "/sts_locked")
        self.node.request("DELETE", "/sts_empty")
        data.create(self.node, "sts_younger", 5)
        return self.state()

    def assert_restored(self, printed: dict, indices):
        self.assertEqual(printed["snapshot"], self.saved_name)
        self.assertEqual(sorted(printed["indices"]), sorted(indices))
        self.assertEqual((printed["shards"]["failed"], printed["shards"]["successful"]), (0, printed["shards"]["total"]))
        self.assertGreaterEqual(printed["shards"]["total"], len(printed["indices"]))

    def assert_holds(self, expected: dict):
        found = self.state()
        self.assertEqual(found.keys(), expected.keys())
        for index in expected:
            self.assertEqual(found[index], expected[index], index)
        self.assert_clean()
        self.assertEqual(data.count(self.node, "other"), 10)
        self.assertEqual(data.aliases(self.node, "other"), {"writes-other": {"is_write_index": True}})

    def delete_all(self):
        data.delete(self.node, "sts*")

    def test_into_nothing(self):
        self.delete_all()
        self.assert_restored(self.restore(self.saved_name), self.saved)
        self.assert_holds(self.saved)

    def test_some_indices(self):
        self.delete_all()
        self.assert_restored(self.restore(self.saved_name, "--indices", "sts_replicas,sts_aliases-*"), ["sts_replicas", "sts_aliases-1", "sts_aliases-2"])
        self.assert_holds({name: self.saved[name] for name in ("sts_aliases-1", "sts_aliases-2", "sts_replicas")})
        self.refused((USAGE, NOT_FOUND), "restore", STORE, self.saved_name, "--indices", "nothing*")
        self.refused(NOT_FOUND, "restore", STORE, "sts-backup-20200101-0000-aaaaaaaaaaaaaaaaaaaaaa")

    def test_what_is_there_is_not_touched_without_force(self):
        live = self.change_everything()
        line = self.refused(REFUSED, "restore", STORE, self.saved_name)
        self.assertIn("sts_aliases-1", line)
        self.assertIn(f"holdfast restore elasticsearch {self.saved_name} --force", line)
        self.assert_holds(live)
        line = self.refused(REFUSED, "restore", STORE, self.saved_name, "--indices", "sts_replicas,sts_locked")
        self.assertIn("sts_replicas", line)
        self.assertIn("--indices 'sts_replicas,sts_locked' --force", line)
        self.assertEqual(self.holdfast("restore", STORE, self.saved_name, "--force", "--dry-run").returncode, 0)
        self.assert_holds(live)
        # What is not there needs no force.
        self.restore(self.saved_name, "--indices", "sts_locked")
        self.assert_holds({**live, "sts_locked": self.saved["sts_locked"]})

    def test_swap(self):
        younger = self.change_everything()["sts_younger"]
        self.assert_restored(self.restore(self.saved_name, "--force"), self.saved)
        expected = {**self.saved, "sts_younger": younger}
        self.assert_holds(expected)
        # The node agrees after a crash, and what was swapped in is a good index: it is written to, saved and swapped again.
        self.node.kill()
        self.node.restart()
        self.assert_holds(expected)
        data.fill(self.node, "sts_aliases-2", 10, revision=9)
        self.assert_restored(self.restore(self.saved_name, "--force"), self.saved)
        self.assert_holds(expected)
        again = self.backup()["name"]
        self.delete_all()
        self.restore(again)
        self.assert_holds(expected)

    def test_swap_of_some_leaves_the_others(self):
        live = self.change_everything()
        chosen = ["sts_replicas", "sts_expands", LONG]
        self.assert_restored(self.restore(self.saved_name, "--force", "--indices", ",".join(chosen)), chosen)
        self.assert_holds({**live, **{name: self.saved[name] for name in chosen}})

    def test_in_place(self):
        younger = self.change_everything()["sts_younger"]
        self.assert_restored(self.restore(self.saved_name, "--force", "--in-place"), self.saved)
        self.assert_holds({**self.saved, "sts_younger": younger})

    def test_in_place_wants_force_too(self):
        live = self.change_everything()
        self.refused(REFUSED, "restore", STORE, self.saved_name, "--in-place")
        self.assert_holds(live)

    def test_a_write_index_that_another_index_is_now(self):
        self.node.request("POST", "/_aliases", {"actions": [
            {"remove": {"index": "sts_aliases-2", "alias": "writes"}}, {"add": {"index": "other", "alias": "writes", "is_write_index": True}}]})
        live = self.state()
        self.assertIn("writes", self.refused(REFUSED, "restore", STORE, self.saved_name, "--force"))
        self.assertEqual(self.state(), live)
        self.assert_clean()
        self.node.request("POST", "/_aliases", {"actions": [{"remove": {"index": "other", "alias": "writes"}}]})
        self.restore(self.saved_name, "--force")
        self.assert_holds(self.saved)

    def test_a_name_that_is_an_alias_now(self):
        self.node.request("DELETE", "/sts_replicas")
        self.node.request("PUT", "/other/_alias/sts_replicas")
        self.assertIn("sts_replicas", self.refused(REFUSED, "restore", STORE, self.saved_name, "--force"))
        self.node.request("DELETE", "/other/_alias/sts_replicas")
        self.restore(self.saved_name, "--force")
        self.assert_holds(self.saved)

    def test_an_old_index_that_may_not_be_written_or_removed(self):
        self.node.request("PUT", "/sts_replicas/_settings", {"index.blocks.read_only": True})
        try:
            done = self.holdfast("restore", STORE, self.saved_name, "--force", code=(0, REFUSED))
        finally:
            if data.all_settings(self.node, "sts_replicas").get("blocks.read_only"):
                self.node.request("PUT", "/sts_replicas/_settings", {"index.blocks.read_only": None})
        self.assertTrue(done.returncode == 0 or "sts_replicas" in done.stderr, done.stderr)
        self.assert_holds(self.saved)


class OddTest(StoreTestCase):
    """Names that must be encoded, documents that are several of Lucene's, and such as were removed."""

    NAMES = ["sts+plus", "sts%41", "sts@a&b='q!", "sts~(x);{y}^[$]", "sts_" + "\u65e5" * 80]

    def test_names_and_nested_documents(self):
        for name in self.NAMES:
            data.create(self.node, name, 5, {f"to-{name}": {}})
        self.node.request("PUT", "/sts_nested", {"settings": {"number_of_shards": 2, "number_of_replicas": 0},
                                                 "mappings": {"properties": {"parts": {"type": "nested"}}}})
        data.bulk(self.node, (({"index": {"_index": "sts_nested", "_id": str(number), "routing": str(number % 3)}},
                               {"parts": [{"a": number}, {"a": 2}]}) for number in range(100)))
        data.flush(self.node, "sts_nested")
        data.bulk(self.node, (({"delete": {"_index": "sts_nested", "_id": str(number), "routing": str(number % 3)}}, None)
                              for number in range(0, 100, 3)))
        self.node.request("POST", "/sts_nested/_refresh")
        name, saved = self.backup()["name"], self.state()
        self.holdfast("verify", STORE, name, "--deep")
        self.holdfast("drill", STORE, name)
        for index in self.NAMES:
            data.fill(self.node, index, 2, revision=8)
        data.delete(self.node, "sts_nested")
        data.create(self.node, "sts_nested", 3)
        self.restore(name, "--force")
        self.assertEqual(self.state(), saved)
        self.assert_clean()
        for index in self.NAMES:
            self.holdfast(STORE, "delete-indices", index, "--yes")
        self.assertEqual(list(self.node.indices()), ["sts_nested"])
        self.restore(name, "--indices", ",".join(self.NAMES))
        self.assertEqual(self.state(), saved)


class FailingShardTest(StoreTestCase):
    """One shard of the last of several indices cannot come back, after all others are green."""

    def setUp(self):
        super().setUp()
        for number in range(4):
            data.create(self.node, f"sts_{number}", 200, {f"writes-{number}": {"is_write_index": True}}, number_of_shards=2)
        self.saved_name, self.saved = self.backup()["name"], self.state()
        for number in range(4):
            data.fill(self.node, f"sts_{number}", 20, revision=3)
        self.live = self.state()
        self.damaged = self.largest_blob("sts_3", 1)

    def largest_blob(self, index: str, shard: int) -> pathlib.Path:
        """The largest data file of a shard in the repository, whose root names the index's folder."""
        root = max(self.bucket.glob("index-*"), key=lambda path: int(path.name.removeprefix("index-")))
        folder = self.bucket / "indices" / json.loads(root.read_text())["indices"][index]["id"] / str(shard)
        return max(folder.glob("__*"), key=lambda path: path.stat().st_size)

    def flip(self):
        content = bytearray(self.damaged.read_bytes())
        content[len(content) // 2] ^= 0x40
        self.damaged.chmod(0o600)
        self.damaged.write_bytes(content)

    def test_swap(self):
        self.flip()
        line = self.refused((FAILED, CORRUPT), "restore", STORE, self.saved_name, "--force")
        self.assertIn("sts_3", line)
        self.assertEqual(self.state(), self.live)
        self.assert_clean()
        good = ["sts_0", "sts_1", "sts_2"]
        self.restore(self.saved_name, "--force", "--indices", ",".join(good))
        self.assertEqual(self.state(), {**{name: self.saved[name] for name in good}, "sts_3": self.live["sts_3"]})
        self.assert_clean()

    def test_into_nothing(self):
        data.delete(self.node, "sts*")
        self.flip()
        line = self.refused((FAILED, CORRUPT), "restore", STORE, self.saved_name)
        self.assertRegex(line, "sts_3.*; what has come back stays, not there are sts_3")
        # What came whole may be written to already, and stays.
        self.assertEqual(self.state(), {name: self.saved[name] for name in ("sts_0", "sts_1", "sts_2")})
        self.assert_clean()

    def test_in_place(self):
        self.flip()
        line = self.refused((FAILED, CORRUPT), "restore", STORE, self.saved_name, "--in-place", "--force")
        self.assertRegex(line, "sts_3.*; 4 indices that were there are deleted already")
        self.assertEqual(self.state(), {name: self.saved[name] for name in ("sts_0", "sts_1", "sts_2")})
        self.assert_clean()

    def test_drill(self):
        self.holdfast("drill", STORE, self.saved_name)
        self.assertEqual(self.state(), self.live)
        self.assert_clean()
        self.flip()
        self.assertIn("sts_3", self.refused(CORRUPT, "drill", STORE, self.saved_name))
        self.assertEqual(self.state(), self.live)
        self.assert_clean()
        self.assertEqual([found["snapshot"] for found in self.node.snapshots(REPOSITORY)], [self.saved_name])


class ChangedMetadataTest(StoreTestCase):
    """Somebody has changed what the repository's files say of an index, and made their checksums right."""

    def setUp(self):
        super().setUp()
        for index in ("sts_0", "sts_1"):
            data.create(self.node, index, 50, {f"of-{index}": {"index_routing": "r"}})
        self.name, self.saved = self.backup()["name"], self.state()
        for index in ("sts_0", "sts_1"):
            data.fill(self.node, index, 20, revision=3)
        self.live = self.state()

    def change(self, old: bytes, new: bytes):
        """In the metadata of each index that holds it; of one length, so that all else stays where it is."""
        self.assertEqual(len(old), len(new))
        self.node.request("DELETE", "/_snapshot/*")  # the node keeps what it has read
        changed = 0
        for path in self.bucket.glob("indices/*/meta-*.dat"):
            header, mark, packed = path.read_bytes()[:-16].partition(b"DFL\0")
            plain = zlib.decompress(packed, -15)
            if old not in plain:
                continue
            deflate = zlib.compressobj(wbits=-15)
            content = header + mark + deflate.compress(plain.replace(old, new)) + deflate.flush() + struct.pack(">II", 0xC02893E8, 0)
            path.unlink()
            path.write_bytes(content + struct.pack(">Q", zlib.crc32(content)))
            changed += 1
        self.assertGreater(changed, 0)

    def test_an_alias_that_none_could_be(self):
        for old, new in ((b"of-sts_0", b"of-sts_*"), (b"index_routing", b"index_rooting")):
            with self.subTest(new):
                self.change(old, new)
                self.assertIn("alias", self.refused(CORRUPT, "restore", STORE, self.name, "--force"))
                self.assertEqual(self.state(), self.live)
                self.assert_clean()
                self.change(new, old)

    def test_settings_that_the_cluster_does_not_know(self):
        """As those of a plugin that it has not. All that it takes is restored, and what it does not take is told once."""
        self.change(b"refresh_interval", b"refresh_intervaX")
        line = self.refused(FAILED, "restore", STORE, self.name, "--force")
        self.assertRegex(line, "settings .* of sts_0.*settings .* of sts_1.*by hand")
        found = self.state()
        for index, state in self.saved.items():
            self.assertEqual((found[index]["documents"], found[index]["aliases"]), (state["documents"], state["aliases"]))
        self.assert_clean()
        self.backup()


if __name__ == "__main__":
    unittest.main()
