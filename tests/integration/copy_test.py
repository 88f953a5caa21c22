#!/usr/bin/env python3
"""Copies of backups between two gateways, two folders and from any S3: what arrives restores, also after kills at every step."""
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402

INSTANCE = "victoria-metrics-0"
BUCKET = "sts-victoria-metrics-backup"
HOUR = 3_600_000


class CopyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-copy-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.data = cls.work / "data"
        cls.vm_port = processes.free_port()
        for name in ("old", "new"):
            (cls.work / name).mkdir()
        cls.old = processes.Gateway(cls.work / "old", cls.work / "old/objects", {"holdfast": {INSTANCE: {
            "url": f"http://127.0.0.1:{cls.vm_port}", "dataPath": str(cls.data)}}})
        cls.new = processes.Gateway(cls.work / "new", cls.work / "new/objects", {"holdfast": {INSTANCE: {
            "url": f"http://127.0.0.1:{cls.vm_port}", "dataPath": str(cls.work / "restored")}}})
        cls.start_ms = int(time.time() * 1000) - 20 * HOUR
        with processes.VictoriaMetrics(cls.work, cls.data, port=cls.vm_port) as server:
            server.ingest(200, 500, cls.start_ms)
            server.flush()
            cls.version = cls.run_json(cls.old, "backup", INSTANCE)["name"]
            cls.first_rows = server.rows()

    @classmethod
    def tearDownClass(cls):
        cls.old.stop()
        cls.new.stop()
        cls.folder.cleanup()

    @classmethod
    def run_json(cls, gateway, *arguments):
        done = processes.holdfast(gateway.values, "--quiet", "--output", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def setUp(self):
        for bucket in (self.work / "new/objects").iterdir():
            for path in bucket.iterdir() if bucket.is_dir() and not bucket.name.startswith(".") else []:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def copy(self, *arguments, env=None, source=None, code=0):
        done = processes.holdfast(self.new.values, "--quiet", "--output", "json", "copy", source or self.old.values, self.new.values,
                                  *arguments, env=env)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if code == 0 else done.stderr

    def files(self, which) -> dict[str, bytes]:
        root = self.work / which / "objects" / BUCKET
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    @staticmethod
    def without_marker(files):
        return {name: content for name, content in files.items() if not name.endswith("/backup_complete.ignore")}

    def listed(self) -> list[str]:
        done = processes.holdfast(self.new.values, "--quiet", "list", INSTANCE)
        return [line.split()[1] for line in done.stdout.splitlines() if line.startswith(INSTANCE)]

    def restored_rows(self) -> int:
        target = self.work / "restored"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        done = processes.holdfast(self.new.values, "--quiet", "restore", INSTANCE, self.version, "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        with processes.VictoriaMetrics(self.work, target, port=self.vm_port) as server:
            return server.rows()

    def test_what_was_copied_restores_and_is_brought_up_to_date(self):
        copied = self.copy()
        self.assertEqual([(one["store"], one["name"], one["complete"]) for one in copied], [(INSTANCE, self.version, True)])
        self.assertEqual(self.files("new"), self.files("old"))
        self.assertEqual(self.listed(), [self.version])
        self.assertEqual(self.restored_rows(), self.first_rows)
        again = self.copy(INSTANCE, self.version)[0]
        self.assertEqual((again["objects_copied"], again["bytes_copied"]), (0, 0))
        self.assertEqual(self.run_json(self.new, "verify", INSTANCE, "--deep")["problems"], [])
        with processes.VictoriaMetrics(self.work, self.data, port=self.vm_port) as server:
            server.ingest(200, 10, self.start_ms + 10 * HOUR)
            server.flush()
            self.assertEqual(self.run_json(self.old, "backup", INSTANCE)["name"], self.version)
            rows = server.rows()
        more = self.copy(INSTANCE)[0]
        self.assertGreater(more["objects_copied"], 0)
        self.assertGreater(more["objects_kept"], 0)
        self.assertEqual(self.files("new"), self.files("old"))
        self.assertEqual(self.restored_rows(), rows)

    def test_any_s3_is_a_source_and_nothing_changes_there(self):
        before = self.files("old")
        self.copy(INSTANCE, source=self.old.url, env={"AWS_ACCESS_KEY_ID": processes.ACCESS_KEY,
                                                      "AWS_SECRET_ACCESS_KEY": processes.SECRET_KEY})
        self.assertEqual(self.files("new"), before)
        self.assertEqual(self.files("old"), before)

    def test_a_killed_copy_goes_on_and_is_never_listed_half(self):
        trace = self.work / "trace"
        self.copy(INSTANCE, env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        operations = len(trace.read_text().splitlines())
        expected = self.files("old")
        for number in sorted({1 + i * (operations - 1) // 20 for i in range(21)}):
            self.setUp()
            done = processes.holdfast(self.new.values, "--quiet", "copy", self.old.values, self.new.values, INSTANCE,
                                      env={"HOLDFAST_KILL_AT": f"{number}:before"})
            self.assertEqual(done.returncode, -signal.SIGKILL, f"operation {number} of {operations} was not reached: {done.stderr}")
            if self.listed():
                # Whole but for the marker is restorable too: the manifest tells what there must be.
                self.assertEqual(self.without_marker(self.files("new")), self.without_marker(expected))
            after = self.copy(INSTANCE)
            self.assertEqual(sorted(self.files("new")), sorted(expected), f"after a kill at operation {number} of {operations}: {after}")
            self.assertTrue(self.files("new") == expected)

    def test_files_of_the_other_side_stay_and_repositories_are_not_mixed(self):
        def put(which, bucket, key, text):
            path = self.work / which / "objects" / bucket / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            self.addCleanup(path.unlink, missing_ok=True)
        put("old", "sts-stackgraph-backup", "sts-backup-20261101-0300.graph", "old graph")
        put("new", "sts-stackgraph-backup", "sts-backup-20261102-0300.graph", "new graph")
        self.copy("stackgraph")
        bucket = self.work / "new/objects/sts-stackgraph-backup"
        self.assertEqual({path.name: path.read_text() for path in bucket.glob("*.graph")},
                         {"sts-backup-20261101-0300.graph": "old graph", "sts-backup-20261102-0300.graph": "new graph"})
        put("old", "sts-elasticsearch-backup", "index-0", "{}")
        put("new", "sts-elasticsearch-backup", "snap-x.dat", "another repository's")
        error = self.copy("elasticsearch", code=4)
        self.assertIn("--replace", error)
        self.assertFalse((self.work / "new/objects/sts-elasticsearch-backup/index-0").exists())
        self.copy("elasticsearch", "--replace")
        self.assertEqual([path.name for path in (self.work / "new/objects/sts-elasticsearch-backup").iterdir()], ["index-0"])

    def test_what_is_wrong_is_said_in_one_line(self):
        error = self.copy(INSTANCE, "victoria-metrics-0-20010101000000", code=3)
        self.assertEqual(len(error.strip().splitlines()), 1)
        error = self.copy(source="http://127.0.0.1:1", code=2)
        self.assertIn("AWS_ACCESS_KEY_ID", error)
        self.copy("elasticsearch", "some-name", code=2)


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    unittest.main(verbosity=2)
