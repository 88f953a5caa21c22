#!/usr/bin/env python3
"""Snapshots by a lifecycle policy. The node and its snapshots are real, the answers to `_slm` are a double's (tests/support/slm_double.py), and
Elasticsearch's own parser reads each policy that it is sent."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
import processes  # noqa: E402
import scheduler_cases  # noqa: E402
import slm_double  # noqa: E402
from elasticsearch_cases import NAME, REFUSED, REPOSITORY, STORE, USAGE, StoreTestCase  # noqa: E402

POLICY = "auto-sts-backup"
PATH = f"/_slm/policy/{POLICY}"


class PolicyTest(StoreTestCase):
    def setUp(self):
        super().setUp()
        data.create(self.node, "sts_a", 20)
        self.slm = self.enterContext(slm_double.Slm(self.node))

    def values_of(self, name: str, scheduled: dict | None = None, **server) -> pathlib.Path:
        return self.write_values(name, backup={STORE: {"scheduled": scheduled or {}}}, holdfast={STORE: {"url": self.slm.url, **server}})

    def test_the_documented_policy_is_made_and_run(self):
        values = self.values_of("documented")
        name = self.backup(values=values)["name"]
        self.assertRegex(name, NAME)
        self.assertEqual(self.slm.policies, {POLICY: {
            "name": "<sts-backup-{now{yyyyMMdd-HHmm}}>", "schedule": "0 0 3 * * ?", "repository": REPOSITORY,
            "config": {"indices": ["sts*"], "ignore_unavailable": False, "include_global_state": False},
            "retention": {"expire_after": "30d", "min_count": 5, "max_count": 30}}})
        (found,) = self.node.snapshots(REPOSITORY)
        self.assertEqual((found["snapshot"], found["state"], found["metadata"]["policy"]), (name, "SUCCESS", POLICY))
        self.assertEqual([change for change in self.slm.changes if change[0] == "PUT"], [("PUT", PATH)], "the default schedule of retention stays")
        self.slm.changes.clear()
        self.backup(values=values)
        self.assertEqual(self.slm.changes, [("POST", PATH + "/_execute")], "a policy that is as wanted is not written again")

    def test_what_the_values_change_the_policy_gets(self):
        self.backup(values=self.values_of("before"))
        changed = self.values_of("after", {"schedule": "0 0 4 * * ?", "snapshotRetentionExpireAfter": "7d", "snapshotRetentionMinCount": 2,
                                           "snapshotRetentionMaxCount": 9, "indices": '["sts_a", "sts_b*"]'}, retentionSchedule="0 0 2 * * ?")
        self.backup(values=changed)
        policy = self.slm.policies[POLICY]
        self.assertEqual(policy["schedule"], "0 0 4 * * ?")
        self.assertEqual(policy["config"]["indices"], ["sts_a", "sts_b*"])
        self.assertEqual(policy["retention"], {"expire_after": "7d", "min_count": 2, "max_count": 9})
        self.assertEqual(self.slm.retention_schedule, "0 0 2 * * ?")

    def test_a_schedule_takes_the_snapshot_that_the_cluster_has_begun(self):
        """The cluster follows the policy's schedule, and so does `holdfast run`: one snapshot a moment, not two."""
        port, second = processes.free_port(), (int(time.time()) + 20) % 60
        values = self.write_values("both", backup={STORE: {"scheduled": {"schedule": f"{second} * * * * ?"}}},
                                   holdfast={STORE: {"url": self.slm.url}, "run": {"listen": f"127.0.0.1:{port}"}, "verify": {"schedule": ""},
                                             "drill": {"schedule": ""}})
        self.backup(values=values)
        before = {one["snapshot"] for one in self.node.snapshots(REPOSITORY)}
        self.slm.changes.clear()
        with scheduler_cases.Scheduler(values, port, self.work / "both.log", STORE) as scheduler:
            scheduler.wait_until(lambda: scheduler.status(STORE)["running"], 90)
            # Its time has come; the cluster's own clock fires a moment later.
            name = self.slm.execute(POLICY)
            scheduler.wait_until(lambda: scheduler.task("backup", STORE)["last_success"]["trigger"] == "schedule", 60)
            self.assertEqual(scheduler.task("backup", STORE)["last_success"]["name"], name, scheduler.tail())
        self.assertEqual({one["snapshot"] for one in self.node.snapshots(REPOSITORY)} - before, {name})
        self.assertNotIn(("POST", PATH + "/_execute"), self.slm.changes)

    def test_two_masters_are_refused(self):
        self.backup(values=self.values_of("slm", mode="slm"))
        taken = len(self.node.snapshots(REPOSITORY))
        line = self.refused(REFUSED, "backup", STORE, values=self.values_of("own", mode="own"))
        self.assertIn(PATH, line)
        self.assertEqual(len(self.node.snapshots(REPOSITORY)), taken)

    def test_a_cluster_without_lifecycle_management(self):
        self.refused(USAGE, "backup", STORE, values=self.write_values("plain", holdfast={STORE: {"mode": "slm"}}))
        self.assertEqual(self.slm.changes, [])
        for mode in ("auto", "own"):
            self.backup(values=self.write_values(f"plain-{mode}", holdfast={STORE: {"mode": mode}}))


class ParserTest(unittest.TestCase):
    """The oracle itself: what it must not take it does not take."""

    def test_it_refuses(self):
        good = ('{"schedule":"0 0 3 * * ?","name":"<a-{now/d}>","repository":"r","config":{"indices":["a"]},'
                '"retention":{"expire_after":"30d","min_count":5,"max_count":30}}')
        self.assertEqual(slm_double.parsed("p", good.encode())["retention"]["min_count"], 5)
        for part, other in (('"min_count":5', '"min_count":31'), ("30d", "30x"), ('"min_count":5', '"min_count":0'), ('"schedule"', '"scheduled"')):
            with self.assertRaises(ValueError, msg=other):
                slm_double.parsed("p", good.replace(part, other).encode())


if __name__ == "__main__":
    unittest.main()
