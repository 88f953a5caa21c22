#!/usr/bin/env python3
"""Retention of ClickHouse's backups: the newest N, what they need, and what is broken."""
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import clickhouse_data  # noqa: E402
import processes  # noqa: E402
from clickhouse_cases import STORE, StoreTestCase  # noqa: E402

TWO_DAYS = 2 * 86400


class PruneTest(StoreTestCase):
    def setUp(self):
        super().setUp()
        clickhouse_data.make(self.server, rows=30, parts=2)
        self.states = {}

    def make(self, *kinds: str) -> list[str]:
        """Backups one after another, each with new rows; "full" or "more"."""
        for number, kind in enumerate(kinds):
            clickhouse_data.fill(self.server, 50 + number + len(self.states), rows=5)
            name = self.backup(*(["--full"] if kind == "full" else []))["name"]
            self.states[name] = self.state()
        return list(self.states)

    def keep(self, count: int) -> pathlib.Path:
        values = self.work / f"keep-{count}.yaml"
        processes.write_values(values, self.gateway.port, self.objects, self.store_values(self.server, config={"keep_remote": count}))
        return values

    def age(self, name: str):
        old = time.time() - TWO_DAYS
        for path in self.objects_of(name):
            os.utime(path, (old, old))

    def test_the_newest_and_what_they_need_stay(self):
        names = self.make("full", "more", "full", "more", "more")
        values = self.keep(2)
        plan = self.holdfast("prune", STORE, "--dry-run", values=values).stdout
        for name in names:
            self.assertIn(name, plan)
        self.assertEqual(self.names(), names)
        self.holdfast("prune", STORE, values=values)
        self.assertEqual(self.names(), names[2:], "the third is what the last two stand on")
        self.assertEqual(self.objects_of(names[0]) + self.objects_of(names[1]), [])
        for name in names[2:]:
            self.restore(name)
            self.assert_holds(self.states[name])

    def test_a_chain_that_is_needed_stays_whole(self):
        names = self.make("full", "more", "more", "more")
        self.holdfast("prune", STORE, values=self.keep(1))
        self.assertEqual(self.names(), names)

    def test_the_default_keeps_308(self):
        names = self.make("full", "full", "full")
        self.holdfast("prune", STORE)
        self.assertEqual(self.names(), names)

    def test_a_broken_one_does_not_count_and_goes_after_a_day(self):
        names = self.make("full", "full", "full")
        (self.bucket() / names[2] / "metadata.json").unlink()
        values = self.keep(2)
        self.holdfast("prune", STORE, values=values)
        self.assertEqual(self.names(), names[:2])
        self.assertTrue(self.objects_of(names[2]), "a broken backup may be one that is being made")
        self.age(names[2])
        self.holdfast("prune", STORE, values=values)
        self.assertEqual(self.objects_of(names[2]), [])
        self.assertEqual(self.names(), names[:2])

    def test_a_killed_removal_is_finished_by_the_next_one(self):
        names = self.make("full", "full")
        values = self.keep(1)
        done = processes.holdfast(values, "prune", STORE, env={"HOLDFAST_KILL_AT": "storage.remove:2:after"})
        self.assertEqual(done.returncode, -9, done.stderr)
        self.assertEqual(self.names(), names[1:], "the marker goes first")
        self.assertTrue(self.objects_of(names[0]), "the manifest goes last")
        self.holdfast("prune", STORE, values=values)
        self.assertEqual(self.objects_of(names[0]), [])
        self.restore(names[1])
        self.assert_holds(self.states[names[1]])


if __name__ == "__main__":
    unittest.main()
