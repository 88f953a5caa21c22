#!/usr/bin/env python3
"""Snapshots of a real Elasticsearch: the program, its gateway on a folder, and a node that reaches it with the store's own pair."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
from elasticsearch_cases import (BUCKET, CORRUPT, FAILED, NAME, PAIR, REFUSED, REPOSITORY, REQUEST, STORE, USAGE, VERBS,  # noqa: E402
                                 StoreTestCase, pair)


class BackupTest(StoreTestCase):
    KEYS = [pair(*PAIR, VERBS), pair("stranger", "strangersecretkey", ["list"])]

    def sent(self, since: int) -> int:
        """Bytes of objects that came to the gateway since then."""
        lines = self.gateway.log.read_text().splitlines()[since:]
        return sum(int(found["received"]) for line in lines if (found := REQUEST.search(line)) and found["method"] == "PUT"
                   and found["path"].startswith(f"/{BUCKET}/"))

    def test_backups_are_listed_and_send_what_is_new(self):
        indices = data.names(2)
        for index in [*indices, "other", ".sts-hidden"]:
            data.create(self.node, index, 400)
        since = self.gateway_lines()
        first = self.backup()
        whole = self.sent(since)
        self.assertRegex(first["name"], NAME)
        self.assertGreater(first["bytes_sent"], 0)
        data.change(self.node, indices, 1)
        since = self.gateway_lines()
        second = self.backup()
        self.assertLess(self.sent(since), whole / 2, "an incremental one sends what has changed")
        self.assertLess(second["bytes_sent"], first["bytes_sent"] / 2)
        self.assertGreater(second["bytes_reused"], 0)
        names = [first["name"], second["name"]]
        self.assertEqual(self.names(), names)
        entries = self.entries()
        self.assertEqual([(entry["name"], entry["complete"], entry["kind"]) for entry in entries], [(name, True, "snapshot") for name in names])
        self.assertTrue(all(entry["started"] and entry["completed"] for entry in entries))
        for found in self.node.snapshots(REPOSITORY):
            self.assertEqual((found["state"], found["include_global_state"], sorted(found["indices"])), ("SUCCESS", False, sorted(indices)))
            self.assertEqual(found["metadata"]["policy"], "auto-sts-backup")
        for name in names:
            self.holdfast("verify", STORE, name, "--deep")

    def test_a_red_index_fails_the_run(self):
        data.create(self.node, "sts_good", 10)
        self.node.request("PUT", "/sts_red?wait_for_active_shards=0", {"settings": {
            "number_of_replicas": 0, "index.routing.allocation.require.zone": "nowhere"}})
        self.assertIn("sts_red", self.refused(FAILED, "backup", STORE))
        self.assertEqual(self.names(), [])
        self.node.request("DELETE", "/sts_red")
        self.assertEqual([self.backup()["name"]], self.names())

    def test_nothing_chosen_fails_the_run(self):
        data.create(self.node, "other", 10)
        self.refused(FAILED, "backup", STORE)
        self.assertEqual([entry for entry in self.entries() if entry["complete"]], [])
        data.create(self.node, "sts_now", 10)
        self.assertIn(self.backup()["name"], self.names())

    def test_which_indices(self):
        for index in ("sts_a-1", "sts_a-2", "sts_b", "logs"):
            data.create(self.node, index, 5)
        for number, (value, expected) in enumerate((('["sts_a*", "logs"]', ["logs", "sts_a-1", "sts_a-2"]), (["sts*", "-sts_a-2"], ["sts_a-1", "sts_b"]),
                                                    ("sts_b", ["sts_b"]))):
            values = self.write_values(f"indices-{number}", backup={STORE: {"scheduled": {"indices": value}}})
            name = self.backup(values=values)["name"]
            (found,) = self.node.request("GET", f"/_snapshot/{REPOSITORY}/{name}")["snapshots"]
            self.assertEqual(sorted(found["indices"]), expected)
        missing = self.write_values("missing", backup={STORE: {"scheduled": {"indices": ["sts_b", "sts_gone"]}}})
        self.assertIn("sts_gone", self.refused(FAILED, "backup", STORE, values=missing))

    def test_a_snapshot_that_is_deleted_while_it_runs(self):
        data.create(self.node, "sts_a", 15000)
        self.slow(snapshot="500kb")
        child = self.begin("backup", STORE)
        self.node.wait_until(self.running_snapshot)
        self.node.request("DELETE", f"/_snapshot/{REPOSITORY}/{self.running_snapshot()}")
        self.assertRegex(self.end(child, FAILED), "holdfast: .*snapshot sts-backup-")
        self.assertEqual(self.names(), [])
        self.slow()
        self.assertEqual([self.backup()["name"]], self.names())

    def test_a_backup_that_is_told_to_stop_takes_its_snapshot_away(self):
        data.create(self.node, "sts_a", 15000)
        self.slow(snapshot="500kb")
        child = self.begin("backup", STORE)
        self.node.wait_until(self.running_snapshot)
        child.terminate()
        self.end(child, FAILED)
        self.assert_clean()
        self.assertEqual(self.names(), [])

    def test_one_damaged_snapshot_does_not_hide_the_others(self):
        data.create(self.node, "sts_a", 10)
        names = [self.backup()["name"] for _ in range(3)]
        uuid = next(found["uuid"] for found in self.node.snapshots(REPOSITORY) if found["snapshot"] == names[1])
        (self.bucket / f"snap-{uuid}.dat").unlink()
        self.assertEqual({entry["name"]: entry["complete"] for entry in self.entries()}, {names[0]: True, names[1]: False, names[2]: True})
        self.assertEqual([name for name in self.names() if name != names[1]], [names[0], names[2]])
        self.refused(CORRUPT, "verify", STORE, names[1])
        self.refused(CORRUPT, "restore", STORE, names[1], "--force")


    def test_a_name_that_somebody_has_changed_hides_no_other(self):
        data.create(self.node, "sts_a", 10)
        names = [self.backup()["name"] for _ in range(2)]
        root = max(self.bucket.glob("index-*"), key=lambda path: int(path.name.removeprefix("index-")))
        content = json.loads(root.read_text())
        next(found for found in content["snapshots"] if found["name"] == names[0])["name"] = "\0\x1b[31mred"
        self.node.request("DELETE", "/_snapshot/*")  # the node keeps what it has read
        root.unlink()
        root.write_text(json.dumps(content))
        shown = self.holdfast("list", STORE, "--long").stdout
        self.assertIn(names[1], shown)
        self.assertIn("??[31mred", shown)


class RepositoryTest(StoreTestCase):
    KEYS = [pair(*PAIR, VERBS), pair("stranger", "strangersecretkey", ["list"])]

    def setUp(self):
        super().setUp()
        data.create(self.node, "sts_a", 10)

    def registered(self) -> dict:
        return self.node.request("GET", "/_snapshot")

    def test_what_cannot_be_used_does_not_stay_registered(self):
        for name, more, reason in (
                ("stranger", {"minio": {"accessKey": "stranger", "secretKey": "strangersecretkey"}}, "(?i)access ?denied"),
                ("elsewhere", {"backup": {STORE: {"bucketName": "another-bucket"}}}, "(?i)access ?denied|nosuchbucket")):
            with self.subTest(name):
                line = self.refused((FAILED,), "backup", STORE, values=self.write_values(name, **more))
                self.assertRegex(line, reason)
                self.assertNotIn("strangersecretkey", line)
                self.assertEqual(self.registered(), {})
        self.assertEqual([self.backup()["name"]], self.names())
        self.assertEqual(list(self.registered()), [REPOSITORY])

    def test_settings_are_kept_until_told_otherwise(self):
        self.register(max_restore_bytes_per_sec="20mb", base_path="by-hand")
        line = self.holdfast("backup", STORE).stderr
        self.assertIn("by-hand", line)
        self.assertEqual(self.registered()[REPOSITORY]["settings"]["max_restore_bytes_per_sec"], "20mb")
        self.assertTrue((self.bucket / "by-hand/index-0").exists())
        self.holdfast(STORE, "register", "--reconfigure")
        settings = self.registered()[REPOSITORY]["settings"]
        self.assertNotIn("max_restore_bytes_per_sec", settings)
        self.assertEqual(settings.get("base_path", ""), "")
        self.assertEqual(list(self.registered()), [REPOSITORY])
        self.assertEqual(self.names(), [])
        # One that does not work never takes the place of one that does.
        wrong = self.write_values("wrong", backup={STORE: {"bucketName": "another-bucket"}})
        self.refused(FAILED, STORE, "register", "--reconfigure", values=wrong)
        self.assertEqual(self.registered()[REPOSITORY]["settings"]["bucket"], BUCKET)
        self.assertEqual(list(self.registered()), [REPOSITORY])
        self.backup()

    def test_a_base_path(self):
        values = self.write_values("prefix", backup={STORE: {"s3Prefix": "deep/below"}})
        self.holdfast(STORE, "register")
        self.assertIn('base_path "", not "deep/below"', self.holdfast("list", STORE, values=values).stderr)
        self.node.request("DELETE", f"/_snapshot/{REPOSITORY}")
        name = self.backup(values=values)["name"]
        self.assertTrue((self.bucket / "deep/below/index-0").exists())
        self.holdfast("verify", STORE, name, values=values)


class RetentionTest(StoreTestCase):
    def policy(self, **scheduled) -> pathlib.Path:
        return self.write_values("retention", backup={STORE: {"scheduled": scheduled}})

    def test_only_what_is_too_much_and_ours_is_removed(self):
        data.create(self.node, "sts_a", 10)
        names = [self.backup()["name"] for _ in range(2)]
        self.node.snapshot(REPOSITORY, "by-hand", "sts*")
        names += [self.backup()["name"] for _ in range(2)]
        values = self.policy(snapshotRetentionMinCount="1", snapshotRetentionMaxCount="3")
        shown = self.holdfast("prune", STORE, "--dry-run", values=values).stdout
        self.assertIn(names[0], shown)
        self.assertEqual(len(self.node.snapshots(REPOSITORY)), 5)
        self.holdfast("prune", STORE, values=values)
        left = [found["snapshot"] for found in self.node.snapshots(REPOSITORY)]
        self.assertEqual(left, [names[1], "by-hand", *names[2:]])
        for name in left:
            self.holdfast("verify", STORE, name)

    def test_what_is_expired_goes_but_the_fewest_stay(self):
        data.create(self.node, "sts_a", 10)
        names = [self.backup()["name"] for _ in range(4)]
        self.holdfast("prune", STORE, values=self.policy(snapshotRetentionExpireAfter="1ms", snapshotRetentionMinCount=2, snapshotRetentionMaxCount=30))
        self.assertEqual(self.names(), names[2:])

    def test_what_holds_no_index_pushes_nothing_out(self):
        data.create(self.node, "sts_a", 10)
        names = [self.backup()["name"] for _ in range(2)]
        data.delete(self.node, "sts_a")
        for _ in range(3):
            self.assertIn("no index", self.refused(FAILED, "backup", STORE))
        self.holdfast("prune", STORE, values=self.policy(snapshotRetentionMinCount=1, snapshotRetentionMaxCount=2))
        self.assertEqual(self.names(), names)

    def test_what_nothing_needs_is_cleaned_up(self):
        data.create(self.node, "sts_a", 10)
        self.backup()
        orphan = self.bucket / "indices/AAAAAAAAAAAAAAAAAAAAAA/0/__orphan"
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"nobody's")
        self.holdfast("prune", STORE)
        self.assertFalse(orphan.exists())
        self.assertEqual(len(self.names()), 1)


class DeleteIndicesTest(StoreTestCase):
    def test_a_pattern(self):
        for index in ("sts_a-1", "sts_a-2", "sts_b", ".sts_system"):
            data.create(self.node, index, 5)
        for pattern in ("*", "_all", ".sts*", "*,.sts_system"):
            self.refused((USAGE, REFUSED), STORE, "delete-indices", pattern, "--yes")
        asked = self.holdfast(STORE, "delete-indices", "sts_a*", code=REFUSED)
        shown = asked.stdout + asked.stderr
        self.assertRegex(shown, r"health +status +index +uuid +pri +rep +docs\.count +docs\.deleted +store\.size +pri\.store\.size")
        self.assertRegex(shown, r"green +open +sts_a-1 ")
        self.assertEqual(len(self.node.indices()), 4)
        self.holdfast(STORE, "delete-indices", "sts_a*", "--yes")
        self.assertEqual(sorted(self.node.indices()), [".sts_system", "sts_b"])
        self.assertEqual(data.count(self.node, "sts_b"), 5)


if __name__ == "__main__":
    unittest.main()
