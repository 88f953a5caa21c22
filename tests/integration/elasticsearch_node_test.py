#!/usr/bin/env python3
"""What holdfast relies on in Elasticsearch, asked of a real node: its calls to our gateway, what _restore and _clone keep, what a kill leaves.
What was found is told in docs/design/elasticsearch.md."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
from elasticsearch_cases import PAIR, REPOSITORY, VERBS, NodeTestCase, pair  # noqa: E402

BESIDE = {"rename_pattern": "^(.+)$", "rename_replacement": "holdfast-$1", "include_aliases": False}
KEEPER, APPENDER = ("keeper", "keepersecretkey"), ("appender", "appendersecretkey")
# What the S3 client asks for, over all operations of a repository.
CALLS = {"GET object", "PUT object", "HEAD object", "GET bucket?prefix&delimiter&encoding-type", "GET bucket?prefix&encoding-type",
         "POST bucket?delete"}


class RepositoryTest(NodeTestCase):
    KEYS = [pair(*PAIR, VERBS), pair(*KEEPER, ["read", "list", "writeNew", "overwrite"]),
            pair(*APPENDER, ["read", "list", "writeNew", "delete"])]

    def test_snapshots_through_the_gateway_with_the_stores_own_pair(self):
        since = self.gateway_lines()
        self.register()
        indices = data.names(1)
        for index in indices:
            data.create(self.node, index, 300)
        first = self.node.snapshot(REPOSITORY, "one", "sts*")
        self.assertEqual((first["state"], sorted(first["indices"]), first["shards"]["failed"]), ("SUCCESS", sorted(indices), 0))
        before, stored = data.state(self.node), self.stored()
        data.change(self.node, indices, 1)
        self.node.request("PUT", f"/_snapshot/{REPOSITORY}/two", {"indices": "sts*", "include_global_state": False})
        self.wait_for_snapshot("two")
        sent = self.node.request("GET", f"/_snapshot/{REPOSITORY}/two/_status")["snapshots"][0]["stats"]["incremental"]["size_in_bytes"]
        self.assertLess(sent, self.stored() - stored)
        self.assertLess(self.stored() - stored, stored / 2)
        self.assertEqual([found["snapshot"] for found in self.node.snapshots(REPOSITORY)], ["one", "two"])
        changed = data.state(self.node)
        for name, state in (("one", before), ("two", changed)):
            data.delete(self.node)
            restored = self.node.restore(REPOSITORY, name, "sts*", rename_pattern=BESIDE["rename_pattern"], rename_replacement="x-$1")
            self.assertEqual(restored["shards"]["failed"], 0)
            self.assertEqual(data.state(self.node, "x-*"), {f"x-{index}": found for index, found in state.items()})
        self.node.request("DELETE", f"/_snapshot/{REPOSITORY}/one,two")
        self.node.request("POST", f"/_snapshot/{REPOSITORY}/_cleanup")
        calls = self.calls(since)
        self.assertEqual({call.rsplit(" ", 1)[0] for call in calls}, CALLS)
        self.assertEqual({call.rsplit(" ", 1)[1] for call in calls}, {"200"}, calls)

    def wait_for_snapshot(self, name: str):
        def done() -> bool:
            (found,) = self.node.request("GET", f"/_snapshot/{REPOSITORY}/{name}")["snapshots"]
            return found["state"] != "IN_PROGRESS"

        self.node.wait_until(done)

    def test_which_verbs_are_needed(self):
        self.fails("repository_verification_exception", self.register, *KEEPER)  # what verification wrote is removed again
        # Only index.latest is ever written twice: a snapshot succeeds without, and the repository can be told to leave it.
        data.create(self.node, "sts_a", 10)
        for more, refused in (({}, 1), ({"support_url_repo": "false"}, 0)):
            since = self.gateway_lines()
            self.register(*APPENDER, **more)
            for name in ("one", "two"):
                data.fill(self.node, "sts_a", 10, revision=len(name))
                self.assertEqual(self.node.snapshot(REPOSITORY, name)["state"], "SUCCESS")
            self.node.request("DELETE", f"/_snapshot/{REPOSITORY}/one")
            self.assertEqual(self.node.restore(REPOSITORY, "two", **BESIDE)["shards"]["failed"], 0)
            data.delete(self.node, "holdfast-*")
            self.node.request("DELETE", f"/_snapshot/{REPOSITORY}/two")
            self.assertEqual(self.calls(since)["PUT object 403"] > 0, bool(refused), self.calls(since))

    def test_what_cannot_be_verified_stays_registered(self):
        refused = self.fails("repository_verification_exception", self.register, PAIR[0], "another secret")
        self.assertIn("SignatureDoesNotMatch", refused.cause)
        self.assertIn(REPOSITORY, self.node.request("GET", "/_snapshot"))
        refused = self.fails("repository_verification_exception", self.register, bucket="another-bucket")
        self.assertIn("AccessDenied", refused.cause)
        self.register()


class CloneTest(NodeTestCase):
    ALIASES = {"reads": {"filter": {"term": {"level": "error"}}, "index_routing": "1", "search_routing": "1"}, "unseen": {"is_hidden": True}}
    # What a clone has that its source had not.
    LEFT = {"routing.allocation.initial_recovery._id": None, "routing_partition_size": "1"}

    def saved(self, *indices: str) -> dict[str, dict]:
        self.register()
        before = data.state(self.node, ",".join(indices))
        self.assertEqual(self.node.snapshot(REPOSITORY, "saved", ",".join(indices))["state"], "SUCCESS")
        return before

    def test_a_restore_beside_keeps_all_but_what_it_is_told(self):
        data.create(self.node, "sts_a", 100, {**self.ALIASES, "writes": {"is_write_index": True}}, number_of_shards=2, number_of_replicas=1, priority=7)
        data.create(self.node, "sts_b", 10, auto_expand_replicas="0-1")
        before = self.saved("sts_a", "sts_b")
        told = {"index.number_of_replicas": 0, "index.auto_expand_replicas": "false", "index.blocks.write": True}
        self.node.restore(REPOSITORY, "saved", **BESIDE, index_settings=told)
        for index in before:
            found = data.description(self.node, f"holdfast-{index}")
            self.assertEqual(found["aliases"], {})
            self.assertEqual(found["mappings"], before[index]["mappings"])
            self.assertEqual(found["settings"], {**before[index]["settings"], "number_of_replicas": "0", "auto_expand_replicas": "false",
                                                 "blocks.write": "true"})
            self.assertEqual(data.digest(self.node, f"holdfast-{index}"), before[index]["documents"])
            old, new = (data.all_settings(self.node, name) for name in (index, f"holdfast-{index}"))
            self.assertEqual(old["creation_date"], new["creation_date"])
            self.assertEqual(new["provided_name"], index)
            self.assertNotEqual(old["uuid"], new["uuid"])
        for setting in ("index.number_of_replicas", "index.auto_expand_replicas"):
            refused = self.fails("snapshot_restore_exception", self.node.restore, REPOSITORY, "saved", **{**BESIDE, "rename_replacement": "y-$1"},
                                 ignore_index_settings=[setting])
            self.assertIn("cannot remove setting", refused.reason)

    def test_a_clone_under_a_template(self):
        for kind, body in (("_template", {}), ("_index_template", None)):
            template = {"settings": {"refresh_interval": "17s", "number_of_replicas": 2}, "aliases": {"from_template": {}}}
            self.node.request("PUT", f"/{kind}/t", {"index_patterns": ["sts*" if body is None else "old*"],
                                                    **(template if body is not None else {"template": template})})
        for name in ("sts_a", "old_a"):
            data.create(self.node, name, 100, {}, number_of_shards=2, number_of_replicas=1, priority=7, codec="best_compression")
        before = self.saved("sts_a", "old_a")
        self.assertIn("from_template", before["sts_a"]["aliases"])
        self.node.restore(REPOSITORY, "saved", **BESIDE, index_settings={"index.number_of_replicas": 0, "index.blocks.write": True})
        for name in before:
            self.node.request("DELETE", f"/{name}")
            aliases = {**self.ALIASES, f"writes-{name}": {"is_write_index": True}}
            self.clone(f"holdfast-{name}", name, {"index.number_of_replicas": 1, "index.blocks.write": None}, aliases)
            found = data.description(self.node, name)
            self.assertEqual(found["aliases"], aliases)  # those in the request, none of the template's
            self.assertEqual(found["mappings"], before[name]["mappings"])
            self.assertEqual(found["settings"], {**before[name]["settings"], **self.LEFT, "blocks.write": None})
            self.node.request("PUT", f"/{name}/_settings", {"index.blocks.write": None})
            self.assertEqual(data.settings(self.node, name), {**before[name]["settings"], **self.LEFT})
            self.assertEqual(data.digest(self.node, name), before[name]["documents"])
            self.assertNotEqual(*(data.all_settings(self.node, found)["creation_date"] for found in (name, f"holdfast-{name}")))
            self.node.request("DELETE", f"/holdfast-{name}")
        # Its files are hard links, and known to the repository.
        recovered = self.node.request("GET", "/sts_a/_recovery")["sts_a"]["shards"]
        self.assertEqual({(shard["type"], shard["index"]["size"]["recovered_in_bytes"]) for shard in recovered if shard["primary"]},
                         {("LOCAL_SHARDS", 0)})
        stored = self.stored()
        self.assertEqual(self.node.snapshot(REPOSITORY, "again", "sts_a")["state"], "SUCCESS")
        self.assertLess(self.stored() - stored, stored / 3)
        data.delete(self.node)
        self.assertEqual(self.node.restore(REPOSITORY, "again")["shards"]["failed"], 0)
        self.assertEqual(data.description(self.node, "sts_a")["settings"], {**before["sts_a"]["settings"], **self.LEFT})

    def clone(self, source: str, target: str, settings: dict, aliases: dict | None = None):
        self.node.request("PUT", f"/{source}/_clone/{target}?wait_for_active_shards=1", {"settings": settings, "aliases": aliases or {}})

    def test_what_a_clone_and_a_delete_refuse(self):
        for name in ("sts_a", "sts_b"):
            data.create(self.node, name, 10, {"writes": {"is_write_index": True}} if name == "sts_b" else {})
        self.fails("illegal_state_exception", self.clone, "sts_a", "c", {})  # no block
        self.node.request("PUT", "/sts_a/_block/write")
        self.fails("resource_already_exists_exception", self.clone, "sts_a", "sts_b", {})
        self.fails("illegal_argument_exception", self.clone, "sts_a", "c", {"index.creation_date": "1"})
        self.fails("null_pointer_exception", self.clone, "sts_a", "c", {"index.number_of_replicas": None})
        self.fails("illegal_state_exception", self.clone, "sts_a", "c", {}, {"writes": {"is_write_index": True}})
        self.fails("invalid_alias_name_exception", self.clone, "sts_a", "c", {}, {"sts_b": {}})
        self.assertNotIn("c", self.node.indices())
        self.node.request("PUT", "/_cluster/settings", {"transient": {"cluster.max_shards_per_node": 2}})
        self.assertIn("maximum normal shards", self.fails("validation_exception", self.clone, "sts_a", "c", {}).reason)
        self.node.request("PUT", "/_cluster/settings", {"transient": {"cluster.max_shards_per_node": None}})
        self.node.request("POST", "/sts_a/_close")
        self.fails("index_closed_exception", self.clone, "sts_a", "c", {})
        self.node.request("PUT", "/sts_b/_settings", {"index.blocks.read_only": True})
        self.fails("cluster_block_exception", self.node.request, "DELETE", "/sts_b")
        self.node.request("PUT", "/sts_b/_settings", {"index.blocks.read_only": None})

    def test_closed_indices_are_saved_when_they_are_named_and_come_back_open(self):
        for name in ("sts_a", "sts_b"):
            data.create(self.node, name, 10)
        documents = data.digest(self.node, "sts_b")
        self.node.request("POST", "/sts_b/_close")
        self.register()
        self.assertEqual(self.node.snapshot(REPOSITORY, "one", "sts*")["indices"], ["sts_a"])
        self.assertEqual(sorted(self.node.snapshot(REPOSITORY, "two", "sts*", expand_wildcards="all")["indices"]), ["sts_a", "sts_b"])
        self.node.restore(REPOSITORY, "two", "sts_b", **BESIDE)
        self.assertEqual(data.digest(self.node, "holdfast-sts_b"), documents)


class KillTest(NodeTestCase):
    SLOW = {"max_snapshot_bytes_per_sec": "1mb", "max_restore_bytes_per_sec": "1mb"}

    def test_a_kill_forgets_a_running_snapshot_and_leaves_a_restored_index_red(self):
        self.register(**self.SLOW)
        data.create(self.node, "sts_a", 30000)
        before = data.state(self.node)
        self.node.request("PUT", f"/_snapshot/{REPOSITORY}/one", {"indices": "sts_a", "include_global_state": False})
        self.node.wait_until(lambda: any(self.bucket.rglob("__*")))
        self.node.kill()
        self.node.restart()
        self.fails("snapshot_missing_exception", self.node.request, "GET", f"/_snapshot/{REPOSITORY}/one")
        self.node.request("POST", f"/_snapshot/{REPOSITORY}/_cleanup")
        self.assertEqual(list(self.bucket.rglob("__*")), [])
        self.register()
        self.assertEqual(self.node.snapshot(REPOSITORY, "one")["state"], "SUCCESS")
        self.register(**self.SLOW)
        self.node.request("POST", f"/_snapshot/{REPOSITORY}/one/_restore", {"indices": "sts_a", **BESIDE})
        self.node.wait_until(lambda: int(self.recovering("holdfast-sts_a")) > 0)
        self.node.kill()
        self.node.restart()
        self.assertEqual(self.node.indices("holdfast-sts_a")["holdfast-sts_a"]["health"], "red")
        self.node.request("DELETE", "/holdfast-sts_a")
        self.assertEqual(data.state(self.node), before)
        self.register()
        self.node.restore(REPOSITORY, "one", **BESIDE)
        self.assertEqual(data.digest(self.node, "holdfast-sts_a"), before["sts_a"]["documents"])

    def recovering(self, index: str) -> str:
        rows = self.node.request("GET", f"/_cat/recovery/{index}?format=json&active_only=true&bytes=b&h=bytes_recovered")
        return rows[0]["bytes_recovered"] if rows else "0"


if __name__ == "__main__":
    unittest.main()
