#!/usr/bin/env python3
"""What monitoring/ ships, against the metrics of a real `holdfast run` and Prometheus' own promtool."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import prometheus  # noqa: E402
import scheduler_cases  # noqa: E402

RULES = ROOT / "monitoring/holdfast-alerts.yaml"
RULES_TEST = ROOT / "tests/data/monitoring/alerts_test.yaml"
DASHBOARD = ROOT / "monitoring/grafana-dashboard.json"
NAME = re.compile(r"\bholdfast_[a-z_]+")


def promtool(*arguments, text: str | None = None) -> str:
    done = subprocess.run(["promtool", *[str(argument) for argument in arguments]], input=text, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"promtool {arguments}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def families(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+) ", text, re.M))


class MetricsTest(scheduler_cases.SchedulerTestCase):
    """The text itself, of a scheduler that has backed up and verified."""

    text = None  # read once

    def setUp(self):
        super().setUp()
        if MetricsTest.text:
            return
        scheduler = self.start(self.values(backup=scheduler_cases.EVERY_SECOND, verify=scheduler_cases.EVERY_SECOND))
        scheduler.wait_until(lambda: all(scheduler.task(task)["last_success"] for task in ("backup", "verify")))
        MetricsTest.text = scheduler.metrics()

    def test_it_is_what_every_scraper_takes(self):
        samples = prometheus.parse(self.text)
        store = ("store", scheduler_cases.STORE)
        for task in ("backup", "verify"):
            labels = (store, ("task", task))
            self.assertGreater(samples["holdfast_task_last_success_timestamp_seconds", labels], 1_700_000_000)
        self.assertEqual(samples["holdfast_scheduler_alive", ()], 1)
        self.assertEqual(samples["holdfast_store_standby", (store,)], 0)
        self.assertLess(samples["holdfast_store_newest_backup_age_seconds", (store,)], 3600)

    def test_promtool_finds_nothing_to_say(self):
        self.assertEqual(promtool("check", "metrics", text=self.text), "")

    def test_the_page_of_the_guide_names_each_and_no_other(self):
        page = (ROOT / "docs/guide/metrics.md").read_text()
        rows = [line for line in page.splitlines() if line.startswith("| `holdfast_")]
        named = {name for row in rows for name in NAME.findall(row.split("|")[1])}
        self.assertEqual({name for name in named if not name.startswith("holdfast_gateway_")}, families(self.text))

    def test_rules_and_panels_name_only_what_there_is(self):
        known = families(self.text)
        for group in yaml.safe_load(RULES.read_text())["groups"]:
            for rule in group["rules"]:
                self.assertLessEqual(set(NAME.findall(rule["expr"])), known, rule["alert"])
        for panel in panels():
            for target in panel.get("targets", []):
                self.assertLessEqual(set(NAME.findall(target["expr"])), known, panel["title"])
                self.assertTrue(NAME.search(target["expr"]), panel["title"])


def panels() -> list[dict]:
    return json.loads(DASHBOARD.read_text())["panels"]


class RulesTest(unittest.TestCase):
    def test_they_are_rules(self):
        self.assertIn(f"{len(self.rules())} rules found", promtool("check", "rules", RULES))

    def test_they_fire_when_they_should_and_only_then(self):
        self.assertIn("SUCCESS", promtool("test", "rules", RULES_TEST))

    def test_each_is_seen_to_fire_and_not_to_fire(self):
        fired, quiet = set(), set()
        for test in yaml.safe_load(RULES_TEST.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                (fired if case["exp_alerts"] else quiet).add(case["alertname"])
        names = {rule["alert"] for rule in self.rules()}
        self.assertEqual((fired, quiet), (names, names))

    def test_the_guide_says_of_each_what_to_do(self):
        page = (ROOT / "docs/guide/monitoring.md").read_text()
        for rule in self.rules():
            self.assertIn(f"| `{rule['alert']}` |", page)

    @staticmethod
    def rules() -> list[dict]:
        return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


class DashboardTest(unittest.TestCase):
    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        ids = [panel["id"] for panel in panels()]
        self.assertEqual(len(ids), len(set(ids)))
        taken = {}
        for panel in panels():
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} lies over {taken.get((x, y))}")
                    taken[x, y] = panel["title"]

    def test_every_expression_is_one(self):
        """promtool reads them as rules; Grafana's variables stand for any text."""
        rules = [{"record": f"panel:{panel['id']}:{number}", "expr": target["expr"].replace("$instance", ".*").replace("$store", ".*")}
                 for panel in panels() for number, target in enumerate(panel.get("targets", []))]
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="holdfast-monitoring-"))) / "panels.yaml"
        path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
        self.assertIn(f"{len(rules)} rules found", promtool("check", "rules", path))

    def test_panels_ask_the_source_that_is_chosen(self):
        board = json.loads(DASHBOARD.read_text())
        names = {variable["name"] for variable in board["templating"]["list"]}
        for panel in panels():
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}", panel["title"])
                self.assertLessEqual(set(re.findall(r"\$(\w+)", target["expr"])), names, panel["title"])


if __name__ == "__main__":
    unittest.main()
