#!/usr/bin/env python3
"""A backup and a restore of ClickHouse are killed at 20 of their operations, the dangerous ones first: what `list` shows restores, no old row
is lost, none is doubled, and the next run works without any cleaning by hand. Real server, real gateway, SIGKILL from inside."""
import pathlib
import random
import shutil
import signal
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import clickhouse_data  # noqa: E402
import kill_points  # noqa: E402
import processes  # noqa: E402
from clickhouse_cases import STORE, ModernCase, StoreTestCase  # noqa: E402


class KillTest(StoreTestCase):
    AT_MOST = 20

    def setUp(self):
        super().setUp()
        clickhouse_data.make(self.server, rows=200, parts=4)
        self.full, self.full_state = self.backup()["name"], self.state()
        for step in (1, 3):
            clickhouse_data.change(self.server, step)
        self.live = self.state()

    def points(self, *arguments) -> list:
        """Operations of a whole run, a random choice that is the same every time."""
        trace = self.work / "trace"
        trace.unlink(missing_ok=True)
        self.holdfast(*arguments, env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        chosen = kill_points.choose(kill_points.read_trace(trace))
        return sorted(random.Random(7).sample(chosen, min(self.AT_MOST, len(chosen))))

    def killed(self, point, *arguments) -> bool:
        number, when, what = point
        done = processes.holdfast(self.gateway.values, *arguments, env={"HOLDFAST_KILL_AT": f"{number}:{when}"})
        print(f"  killed {when} operation {number}: {what}" if done.returncode == -signal.SIGKILL
              else f"  operation {number} was not reached (exit {done.returncode})", flush=True)
        self.assertIn(done.returncode, (-signal.SIGKILL, 0), done.stderr)
        return done.returncode == -signal.SIGKILL

    def test_backup(self):
        before = self.work / "before"
        shutil.rmtree(before, ignore_errors=True)
        processes.run(["cp", "-a", self.bucket(), before], check=True)
        points = self.points("backup", STORE)
        kills = 0
        for point in points:
            shutil.rmtree(self.bucket())
            processes.run(["cp", "-a", before, self.bucket()], check=True)
            kills += self.killed(point, "backup", STORE)
            self.assertEqual(self.state(), self.live)
            shown = self.names()
            self.assertIn(self.full, shown)
            self.assertLessEqual(len(shown), 2)
            for name in shown:
                self.holdfast("verify", STORE, name, "--deep")
            name = self.backup()["name"]
            self.assert_clean()
            self.holdfast("verify", STORE, name, "--deep")
        self.assertGreater(kills, self.AT_MOST // 2, "hardly any kill hit")
        self.restore(self.full)
        self.assert_holds(self.full_state)
        self.restore(name)
        self.assert_holds(self.live)

    def test_restore(self):
        live_name = self.backup()["name"]
        points = self.points("restore", STORE, self.full, "--yes")
        self.assert_holds(self.full_state)
        kills = 0
        for number, point in enumerate(points):
            self.restore(live_name)
            self.assert_holds(self.live)
            hit = self.killed(point, "restore", STORE, self.full, "--yes")
            kills += hit
            if number % 3 == 0:
                self.crash_server()
            # Whatever comes next finishes or undoes it first: a backup leaves what that came to.
            if number % 2:
                self.backup()
                self.assertIn(self.rows_of(self.state()), (self.rows_of(self.live), self.rows_of(self.full_state)))
            other = (self.full, self.full_state) if number % 2 else (live_name, self.live)
            self.restore(other[0])
            self.assert_holds(other[1])
            self.assert_clean()
            if number % 3 == 1:
                self.crash_server()
                self.assert_holds(other[1])
        self.assertGreater(kills, self.AT_MOST // 2, "hardly any kill hit")


    def rows_of(self, state) -> dict:
        """Without tables that only one of the two states has: a restore leaves what the backup does not know."""
        both = self.live.keys() & self.full_state.keys()
        return {name: rows for name, rows in state.items() if name in both}

    def test_restore_while_clearing_up(self):
        """The rows are in place, and what a swap would need goes: nothing may be swapped again."""
        live_name = self.backup()["name"]
        trace = self.work / "trace"
        self.holdfast("restore", STORE, self.full, "--yes", env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        drops = [operation for operation in kill_points.read_trace(trace) if operation[1] == "ch.drop"]
        for number, kind, subject in (drops[-1], drops[-2], drops[-5]):
            for when in ("before", "after"):
                self.restore(live_name)
                self.assertTrue(self.killed((number, when, f"{kind} {subject}"), "restore", STORE, self.full, "--yes"))
                self.backup()
                self.assertEqual(self.rows_of(self.state()), self.rows_of(self.full_state))
                self.assert_clean()


class ModernKillTest(ModernCase, KillTest):
    AT_MOST = 8


if __name__ == "__main__":
    unittest.main()
