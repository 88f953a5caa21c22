#!/usr/bin/env python3
"""`holdfast run` with a real VictoriaMetrics: runs when they are due, once, and told of."""
import json
import pathlib
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402
from scheduler_cases import EVERY_SECOND, EVERY_THREE_SECONDS, STORE, SchedulerTestCase  # noqa: E402


class SchedulerTest(SchedulerTestCase):
    def successes(self, task: str) -> list[dict]:
        return [one for one in self.records() if one["task"] == task and one["outcome"] == "success"]

    def test_backups_copies_and_checks_run_by_themselves(self):
        scheduler = self.start(self.values(backup=EVERY_SECOND, daily=EVERY_THREE_SECONDS, verify=EVERY_SECOND))
        scheduler.wait_until(lambda: all(len(self.successes(task)) >= 3 for task in ("backup", "copy", "verify")))
        status = scheduler.status()
        self.assertEqual(status["health"], "fine", status)
        for record in self.successes("backup"):
            self.assertEqual(record["trigger"], "schedule")
        self.assertEqual(scheduler.stop(), 0, scheduler.tail())
        due = [(one["task"], one["due"]) for one in self.records() if "due" in one and one["outcome"] != "missed"]
        self.assertEqual(len(due), len(set(due)), "each due moment is started once")
        self.assertEqual(json.loads(processes.http_get(self.server.url + "/snapshot/list"))["snapshots"], [])

    def test_nothing_is_due_until_it_is_asked_for(self):
        scheduler = self.start(self.values())
        scheduler.wait_until(lambda: not scheduler.status()["standby"])
        self.assertEqual(self.records(), [])
        self.assertEqual(scheduler.post(f"/api/v1/stores/{STORE}/run", {"task": "backup"}, token="wrong"), 401)
        self.assertEqual(scheduler.post(f"/api/v1/stores/{STORE}/run", {"task": "backup"}), 202)
        scheduler.wait_until(lambda: self.successes("backup"))
        record = self.successes("backup")[0]
        self.assertEqual(record["trigger"], "request")
        self.assertIn("127.0.0.1", record["by"])

    def test_a_pause_holds_over_restarts_and_what_came_due_is_told_as_missed(self):
        values = self.values(backup=EVERY_SECOND)
        self.assertIn("paused since", self.holdfast(values, "pause", STORE, "--reason", "upgrade").stdout)
        scheduler = self.start(values)
        scheduler.wait_until(lambda: self.records())
        scheduler.stop()
        scheduler = self.start(values)
        scheduler.wait_until(lambda: len(self.records()) > 3)
        for record in self.records():
            self.assertEqual(record["outcome"], "missed")
            self.assertIn("upgrade", record["error"])
        self.assertIn("upgrade", self.holdfast(values, "status", code=0).stdout)
        self.assertIn("resumed", self.holdfast(values, "resume").stdout)
        scheduler.wait_until(lambda: self.successes("backup"))

    def test_a_second_scheduler_stands_by_and_takes_over(self):
        first_values = self.values("first", backup=EVERY_SECOND)
        first = self.start(first_values)
        first.wait_until(lambda: len(self.successes("backup")) >= 2)
        second = self.start(self.values("second", backup=EVERY_SECOND))
        second.wait_until(lambda: second.task("backup")["last_success"])
        self.assertTrue(second.status()["standby"])
        self.assertFalse(first.status()["standby"])
        first.kill()
        second.wait_until(lambda: not second.status()["standby"])
        before = len(self.successes("backup"))
        second.wait_until(lambda: len(self.successes("backup")) > before + 2)
        due = [(one["task"], one["due"]) for one in self.records() if one["outcome"] == "success"]
        self.assertEqual(len(due), len(set(due)), "no due moment was started by both")

    def test_status_and_its_exit_code(self):
        values = self.values(backup=EVERY_SECOND, startingDeadline="2s")
        scheduler = self.start(values)
        scheduler.wait_until(lambda: self.successes("backup"))
        scheduler.stop()
        done = processes.holdfast(values, "--quiet", "status")
        # Whatever the moment: it names the store, and is late once two seconds are over.
        self.assertIn(STORE, done.stdout)
        end = time.monotonic() + 60
        while processes.holdfast(values, "--quiet", "status").returncode != 1:
            self.assertLess(time.monotonic(), end, "never late")
        late = processes.holdfast(values, "--quiet", "--output", "json", "status")
        self.assertEqual(late.returncode, 1)
        self.assertEqual(json.loads(late.stdout)["stores"][0]["health"], "late")


if __name__ == "__main__":
    unittest.main()
