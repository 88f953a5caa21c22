#!/usr/bin/env python3
"""StackGraph's temporary folder: full, somebody else's, not there."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stackgraph_cases import FAILED, REFUSED, STORE, StackGraphTestCase  # noqa: E402


class FolderTest(StackGraphTestCase):
    def test_temporary_folders_that_cannot_serve(self):
        self.graph.write_text("data\n")
        name = self.old_backup()
        values = json.loads(self.gateway.values.read_text())
        ours = f"holdfast-stackgraph-{os.geteuid()}"
        for kind, code in (("link", REFUSED), ("open", REFUSED), ("strange", REFUSED), ("missing", FAILED), ("file", FAILED)):
            folder = self.work / kind
            if kind == "file":
                folder.write_text("")
            elif kind != "missing":
                folder.mkdir()
            if kind == "link":
                (folder / ours).symlink_to(self.home)
            elif kind in ("open", "strange"):
                (folder / ours).mkdir()
                os.chmod(folder / ours, 0o777 if kind == "open" else 0o700)
            if kind == "strange":
                if os.geteuid() != 0:
                    continue  # only root gives a folder to somebody else
                os.chown(folder / ours, 12345, 12345)
            values["holdfast"]["stackgraph"]["temporaryFolder"] = str(folder)
            self.gateway.values.write_text(json.dumps(values))
            self.assertIn("temporaryFolder", self.refused(code, "backup", STORE))
        values["holdfast"]["stackgraph"]["temporaryFolder"] = ""
        self.gateway.values.write_text(json.dumps(values))
        for command in (("backup", STORE), ("restore", STORE, name, "--force")):
            self.assertIn("TMPDIR", self.refused(FAILED, *command, env={"TMPDIR": str(self.work / "missing")}))
        self.assertEqual(self.stored_files(), [name])
        self.assertEqual(self.graph.read_text(), "data\n")


class FullDiskTest(StackGraphTestCase):
    """A temporary folder of 1 MiB."""

    def setUp(self):
        super().setUp()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.temporary], capture_output=True, text=True)
        if done.returncode:
            self.skipTest("mounting a small file system needs root: " + done.stderr)
        self.addCleanup(lambda: subprocess.run(["umount", self.temporary], check=True))

    def test_an_export_that_does_not_fit(self):
        self.graph.write_text("data\n" * 400_000)
        self.assertIn("status 1", self.refused(FAILED, "backup", STORE))
        self.assertEqual(self.stored_files(), [])

    def test_a_restore_that_does_not_fit(self):
        self.graph.write_text("small\n")
        (self.bucket / "large.graph").write_text("graph export\n" + "data\n" * 400_000)
        self.assertIn("too little space", self.refused(REFUSED, "restore", STORE, "large.graph", "--force"))
        self.assertEqual(self.graph.read_text(), "small\n")

    def test_a_safety_copy_that_does_not_fit(self):
        self.graph.write_text("small\n")
        name = self.backup()
        self.graph.write_text("data\n" * 400_000)
        self.assertIn("safety copy", self.refused(FAILED, "restore", STORE, name, "--force"))
        self.assertEqual(self.graph.read_text(), "data\n" * 400_000)
        self.holdfast("restore", STORE, name, "--force", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "small\n")


if __name__ == "__main__":
    unittest.main()
