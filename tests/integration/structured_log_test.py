#!/usr/bin/env python3
"""The log as JSON: every line is one object, one run has one id in all lines, its record and its hooks, and no secret is in any of them."""
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402
import stackgraph_cases as cases  # noqa: E402

TOKEN = "token-of-the-scheduler-7d1"
LEVELS = {"debug", "info", "warning", "error"}


class StructuredLogTest(cases.StackGraphTestCase):
    VALUES = {"holdfast": {"log": {"format": "json", "level": "debug"}, "run": {"token": TOKEN},
                           "hooks": {"stackgraph": {"beforeBackup": {"command": ["sh", "-c", 'printf %s "$HOLDFAST_RUN" > "$RUN_FILE"']}}}}}

    def setUp(self):
        super().setUp()
        self.run_file = self.work / "run"

    def lines(self, text: str) -> list[dict]:
        """Every line, each proven to be an object of the form that docs/guide tells."""
        found = []
        for line in text.splitlines():
            if line.startswith("holdfast: "):
                continue  # the command's own error
            one = json.loads(line)
            self.assertLessEqual(set(one), {"time", "level", "scope", "run", "message"}, line)
            self.assertRegex(one["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(one["level"], LEVELS)
            self.assertTrue(one["message"])
            found.append(one)
        return found

    def record(self) -> dict:
        newest = max((path for path in (self.bucket / ".holdfast/runs/stackgraph").iterdir() if re.match(r"\d{8}T", path.name)), key=lambda path: path.name)
        return json.loads(newest.read_text())

    def no_secret(self, *texts: str):
        for text in texts:
            for secret in (processes.SECRET_KEY, TOKEN, cases.PASSWORD):
                self.assertNotIn(secret, text)

    def test_one_id_in_lines_record_and_hooks(self):
        done = self.run_holdfast("backup", "stackgraph", env={"RUN_FILE": str(self.run_file)})
        self.assertEqual(done.returncode, 0, done.stderr)
        run = self.run_file.read_text()
        told = [one for one in self.lines(done.stderr) if "run" in one]
        self.assertTrue(told, done.stderr)
        self.assertEqual({one["run"] for one in told}, {run})
        self.assertEqual(self.record()["id"], run)
        self.no_secret(done.stdout, done.stderr)

    def test_a_failed_run_too(self):
        done = self.run_holdfast("backup", "stackgraph", trouble="fails", env={"RUN_FILE": "/nowhere/run"})
        self.assertEqual(done.returncode, 1, done.stderr)
        told = {one["run"] for one in self.lines(done.stderr) if "run" in one}
        self.assertEqual(told, {self.record()["id"]}, done.stderr)
        self.no_secret(done.stdout, done.stderr)

    def test_the_gateway(self):
        self.run_holdfast("backup", "stackgraph", env={"RUN_FILE": str(self.run_file)})
        self.gateway.stop()
        text = self.gateway.log.read_text()
        self.assertTrue(self.lines(text), "the gateway logs nothing")
        self.no_secret(text)

    def test_text_lines_tell_the_run(self):
        values = json.loads(self.gateway.values.read_text())
        values["holdfast"]["log"] = {"format": "text", "level": "debug"}
        self.gateway.values.write_text(json.dumps(values))
        self.gateway.stop()
        done = self.run_holdfast("backup", "stackgraph", env={"RUN_FILE": str(self.run_file)})
        self.assertEqual(done.returncode, 1)  # nobody answers: tried again, which the log tells
        self.assertRegex(done.stderr, r"(?m)^\d{4}-\S+Z debug \[stackgraph lease run=[0-9a-f]+\] ")


if __name__ == "__main__":
    unittest.main()
