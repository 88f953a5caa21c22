#!/usr/bin/env python3
"""A backup and a restore of Elasticsearch are killed at their operations: documents, aliases and settings are the old ones or the snapshot's in
the end, and the next run finishes or undoes without any cleaning by hand. Real node, real gateway, SIGKILL from inside."""
import pathlib
import signal
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import elasticsearch_data as data  # noqa: E402
import kill_points  # noqa: E402
import processes  # noqa: E402
from elasticsearch_cases import FAILED, REFUSED, REPOSITORY, STORE, FaultCase  # noqa: E402


class KillTest(FaultCase):
    INDICES = 2

    def trace(self, *arguments) -> list[tuple[int, str, str]]:
        path = self.work / "trace"
        path.unlink(missing_ok=True)
        self.holdfast(*arguments, env={"HOLDFAST_TRACE_OPERATIONS": str(path)})
        return kill_points.read_trace(path)

    def killed(self, at: str, *arguments) -> bool:
        done = processes.holdfast(self.store_values, *arguments, env={"HOLDFAST_KILL_AT": at})
        print(f"  killed at {at}" if done.returncode == -signal.SIGKILL else f"  {at} was not reached", flush=True)
        self.assertIn(done.returncode, (-signal.SIGKILL, 0), done.stderr)
        return done.returncode == -signal.SIGKILL

    def writes(self, *arguments) -> list[str]:
        return [subject for _, kind, subject in self.trace(*arguments) if kind == "es.write"]

    def test_restore(self):
        """After each of its changes to the cluster, two of the first one's before it too."""
        live_name = self.backup()["name"]
        writes = self.writes("restore", STORE, self.saved_name, "--force")
        self.assertEqual(self.state(), self.saved)
        points = [(1, "before"), (2, "before"), *((number, "after") for number in range(1, len(writes) + 1))]
        kills = 0
        for count, (number, when) in enumerate(points):
            self.restore(live_name, "--force")
            print(f"{when} {writes[number - 1]}", end="", flush=True)
            kills += self.killed(f"es.write:{number}:{when}", "restore", STORE, self.saved_name, "--force")
            if count % 6 == 5:
                self.node.kill()
                self.node.restart()
            # Whatever comes next finishes or undoes it first: a backup saves what that came to, a restore another state.
            if count % 2:
                name = self.backup()["name"]
                self.assertIn(self.state(), (self.live, self.saved))
                self.node.request("DELETE", f"/_snapshot/{REPOSITORY}/{name}")
            else:
                self.restore(self.saved_name, "--force")
                self.assertEqual(self.state(), self.saved)
            self.assert_clean()
        self.assertGreater(kills, len(points) - 3, "hardly any kill hit")

    def test_backup(self):
        operations = self.trace("backup", STORE)
        known = self.names()
        for number, kind, subject in kill_points.evenly([operation for operation in operations if operation[1].startswith("es.")], 6):
            self.killed(f"{number}:after", "backup", STORE)
            self.node.wait_until(lambda: not self.running_snapshot())
            self.assertLessEqual(len(self.names()), len(known) + 1)
            for name in self.names():
                self.holdfast("verify", STORE, name)
            self.backup()
            known = self.names()
        self.assertEqual(self.state(), self.live)
        self.assert_live_stays_and_all_goes_on()

    def test_somebody_makes_the_index_again_in_the_middle_of_the_swap(self):
        live_name = self.backup()["name"]
        writes = self.writes("restore", STORE, self.saved_name, "--force")
        self.restore(live_name, "--force")
        number = next(number for number, subject in enumerate(writes, 1) if subject == "DELETE /sts_1")
        self.assertTrue(self.killed(f"es.write:{number}:after", "restore", STORE, self.saved_name, "--force"))
        self.assertNotIn("sts_1", self.node.indices())
        data.create(self.node, "sts_1", 3)
        line = self.refused(REFUSED, "restore", STORE, self.saved_name, "--force")
        self.assertIn("delete-indices sts_1", line)
        self.assertEqual(data.count(self.node, "sts_1"), 3)
        self.holdfast(STORE, "delete-indices", "sts_1", "--yes")
        self.restore(self.saved_name, "--force")
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_somebody_removes_the_temporary_indices_in_the_middle_of_the_swap(self):
        live_name = self.backup()["name"]
        writes = self.writes("restore", STORE, self.saved_name, "--force")
        self.restore(live_name, "--force")
        number = next(number for number, subject in enumerate(writes, 1) if subject == "DELETE /sts_1")
        self.assertTrue(self.killed(f"es.write:{number}:before", "restore", STORE, self.saved_name, "--force"))
        for index in [name for name in self.node.indices() if name.startswith("holdfast-restore-") and not name.endswith("journal")]:
            self.node.request("DELETE", f"/{index}")
        self.assertIn("sts_1", self.refused(FAILED, "backup", STORE), "an old index is not taken for a restored one")
        self.assertEqual(self.state(), {"sts_0": self.saved["sts_0"], "sts_1": self.live["sts_1"]})
        self.backup()
        self.restore(self.saved_name, "--force")
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def half_swapped(self) -> str:
        """A restore that was killed before it deleted sts_1; the name of that one's temporary index."""
        live_name = self.backup()["name"]
        writes = self.writes("restore", STORE, self.saved_name, "--force")
        self.restore(live_name, "--force")
        number = next(number for number, subject in enumerate(writes, 1) if subject == "DELETE /sts_1")
        self.assertTrue(self.killed(f"es.write:{number}:before", "restore", STORE, self.saved_name, "--force"))
        return next(name for name in self.node.indices() if name.startswith("holdfast-restore-") and name.endswith("-2"))

    def test_a_temporary_index_is_closed_in_the_middle_of_the_swap(self):
        self.node.request("POST", f"/{self.half_swapped()}/_close")
        self.backup()
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_a_temporary_index_is_changed_in_the_middle_of_the_swap(self):
        """The old index stays until what takes its place is as it was judged."""
        temporary = self.half_swapped()
        self.node.request("PUT", f"/{temporary}/_settings", {"index.blocks.write": None})
        data.fill(self.node, temporary, 1, first=100_000)
        line = self.refused(FAILED, "backup", STORE)
        self.assertIn(f"delete-indices {temporary}", line)
        self.assertEqual({name: found for name, found in self.state().items() if name == "sts_1"}, {"sts_1": self.live["sts_1"]})
        self.holdfast(STORE, "delete-indices", temporary, "--yes")
        self.assertIn("sts_1", self.refused(FAILED, "backup", STORE))
        self.restore(self.saved_name, "--force")
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_an_alias_becomes_an_index_in_the_middle_of_the_swap(self):
        """As a writer makes one that goes by an alias."""
        self.half_swapped()
        self.node.request("DELETE", "/sts_1")
        data.create(self.node, "writes-1", 3)
        line = self.refused(REFUSED, "backup", STORE)
        self.assertIn("delete-indices writes-1 --yes", line)
        self.holdfast(STORE, "delete-indices", "writes-1", "--yes")
        self.backup()
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_what_is_locked_or_closed(self):
        """The next run can change what the killed one has locked or closed already."""
        self.restore(self.saved_name, "--force")
        self.node.request("PUT", "/sts_0/_settings", {"index.blocks.read_only": True})
        self.node.request("POST", "/sts_1/_close")
        name, locked = self.backup()["name"], self.state()
        self.restore(self.saved_name, "--force")
        writes = self.writes("restore", STORE, name, "--force")
        self.assertEqual(self.state(), locked)
        for subject in ("PUT /sts_0/_settings", "POST /sts_1/_close"):
            self.restore(self.saved_name, "--force")
            number = max(number for number, one in enumerate(writes, 1) if one == subject)
            self.assertTrue(self.killed(f"es.write:{number}:after", "restore", STORE, name, "--force"))
            self.backup()
            self.assertEqual(self.state(), locked)
            self.assert_clean()
        self.restore(self.saved_name, "--force")  # without a lock, so that the next test can delete it

    def test_what_is_written_after_a_killed_restore_stays(self):
        """Under their own names the cluster finishes by itself, and whoever writes goes on."""
        data.delete(self.node)
        writes = self.writes("restore", STORE, self.saved_name)
        data.delete(self.node)
        number = next(number for number, subject in enumerate(writes, 1) if subject.endswith("/_restore"))
        self.assertTrue(self.killed(f"es.write:{number}:after", "restore", STORE, self.saved_name))
        self.node.wait_until(lambda: self.node.indices("sts_*").keys() == self.saved.keys())
        self.node.wait_for("yellow", "sts_*")
        data.fill(self.node, "sts_0", 5, first=100_000)
        written = self.state()
        self.backup()
        self.assertEqual(self.state(), written)
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
