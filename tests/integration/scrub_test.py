#!/usr/bin/env python3
"""`storage scrub` through a real gateway on a real folder: a bit that turned by itself is found, a killed scrub goes on."""
import json
import os
import pathlib
import signal
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402

BUCKET = "sts-stackgraph-backup"


class ScrubTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="holdfast-scrub-")
        self.addCleanup(self.folder.cleanup)
        self.work = pathlib.Path(self.folder.name)
        self.gateway = processes.Gateway(self.work, self.work / "objects")
        self.addCleanup(self.gateway.stop)
        import boto3
        self.s3 = boto3.client("s3", endpoint_url=self.gateway.url, aws_access_key_id=processes.ACCESS_KEY,
                               aws_secret_access_key=processes.SECRET_KEY, region_name="us-east-1")
        for number in range(40):
            self.s3.put_object(Bucket=BUCKET, Key=f"sts-backup-{number:02}.graph", Body=os.urandom(10_000))

    def scrub(self, *arguments, code=0, env=None) -> dict:
        done = processes.holdfast(self.gateway.values, "--quiet", "--output", "json", "storage", "scrub", *arguments, env=env)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if done.stdout else {}

    def turn_a_bit(self, key: str):
        path = self.work / "objects" / BUCKET / key
        before = path.stat()
        with open(path, "r+b") as file:
            file.seek(5000)
            byte = file.read(1)[0]
            file.seek(5000)
            file.write(bytes([byte ^ 4]))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_a_turned_bit_is_found_and_remembered(self):
        self.scrub("--status", code=3)
        clean = self.scrub()
        self.assertEqual(clean["problems"], [])
        self.assertGreaterEqual(clean["objects"], 40)
        self.turn_a_bit("sts-backup-07.graph")
        found = self.scrub(code=5)
        self.assertEqual(found["problem_count"], 1)
        self.assertIn(f"{BUCKET}/sts-backup-07.graph: ", found["problems"][0])
        self.assertEqual(self.scrub("--status", code=5)["ended"], found["ended"])

    def test_a_killed_scrub_goes_on_and_still_reads_everything(self):
        self.turn_a_bit("sts-backup-00.graph")
        trace = self.work / "trace"
        self.scrub(code=5, env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        operations = len(trace.read_text().splitlines())
        for number in range(2, operations, max(1, operations // 8)):
            done = processes.holdfast(self.gateway.values, "--quiet", "storage", "scrub", env={"HOLDFAST_KILL_AT": f"{number}:before"})
            self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
            found = self.scrub(code=5)
            self.assertEqual(found["problem_count"], 1, f"after a kill at operation {number} of {operations}")

    def test_words_that_mean_nothing_are_refused(self):
        self.scrub("--max-bytes-per-second", "fast", code=2)


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    unittest.main(verbosity=2)
