#!/usr/bin/env python3
"""StackGraph's export command that writes into a pipe: the export goes to the bucket as it is made, in pieces, and shows when it is whole."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from stackgraph_cases import BUCKET, CORRUPT, FAILED, NAME, STORE, USAGE, StackGraphTestCase  # noqa: E402

MUCH = "data\n" * 4_000_000  # three pieces


def shell(script: str) -> list[str]:
    """A command with the pipe's path in $0."""
    return ["sh", "-c", script, "{pipe}"]


class PipeTest(StackGraphTestCase):
    def setUp(self):
        super().setUp()
        command = json.loads(self.gateway.values.read_text())["holdfast"]["stackgraph"]["exportCommand"]
        self.set(exportCommand=["{pipe}" if word == "{file}" else word for word in command])

    def set(self, **keys):
        values = json.loads(self.gateway.values.read_text())
        values["holdfast"]["stackgraph"].update(keys)
        self.gateway.values.write_text(json.dumps(values))

    def unfinished(self) -> list[str]:
        return [str(path) for path in self.objects.glob(".hf~sys/uploads/*/*")]

    def assert_nothing_was_stored(self):
        self.assertEqual(self.stored_files(), [])
        self.assertEqual([path for path in (self.bucket / "holdfast-notes").glob("*")], [])
        self.assertEqual(self.unfinished(), [])

    def test_backup_restore(self):
        # No room for it in the temporary folder, and none is needed.
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.temporary], capture_output=True, text=True)
        if done.returncode:
            self.skipTest("mounting a small file system needs root: " + done.stderr)
        self.graph.write_text(MUCH)
        try:
            made = json.loads(self.holdfast("--output", "json", "backup", STORE))
        finally:
            subprocess.run(["umount", self.temporary], check=True)
        name = made["name"]
        self.assertRegex(name, NAME)
        whole = ("graph export\n" + MUCH).encode()
        self.assertEqual((self.bucket / name).read_bytes(), whole)
        self.assertEqual(self.names(), [name])
        pieces = b"".join(hashlib.sha256(whole[at:at + (8 << 20)]).digest() for at in range(0, len(whole), 8 << 20))
        digest = f"sha256-tree-{8 << 20}:" + hashlib.sha256(pieces).hexdigest()
        record, = (json.loads(path.read_text()) for path in (self.bucket / ".holdfast/runs" / STORE).iterdir())
        self.assertEqual(record["hashes"], {"sha256": digest})
        self.holdfast("verify", STORE, name, "--deep")
        self.graph.write_text("")
        self.holdfast("restore", STORE, name)
        self.assertEqual(self.graph.read_text(), MUCH)
        self.altered(name, whole)

    def altered(self, name: str, whole: bytes):
        """What its bytes must be is known, also when it was renamed by hand, or is not as long any more."""
        with open(self.bucket / name, "r+b") as file:
            file.seek(9_000_000)
            file.write(b"X")
        self.assertIn("but some are others", self.refused(CORRUPT, "verify", STORE, name, "--deep"))
        self.assertIn("but some are others", self.refused(CORRUPT, "restore", STORE, name, "--force"))
        with open(self.bucket / name, "r+b") as file:
            file.truncate(len(whole) - 1)
        self.assertIn(f"there were {len(whole)}", self.refused(CORRUPT, "restore", STORE, name, "--force"))
        self.assertEqual(self.graph.read_text(), MUCH)
        (self.bucket / name).write_bytes(whole)
        moved = self.rename(name, "moved.graph")
        done = self.run_holdfast("restore", STORE, moved, "--force", "--no-safety-backup")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nobody has noted", done.stderr)

    def test_a_small_one_and_a_safety_copy(self):
        self.graph.write_text("old\n")
        name = self.old_backup()
        self.graph.write_text("new\n")
        self.holdfast("restore", STORE, name, "--force")
        self.assertEqual(self.graph.read_text(), "old\n")
        safety, = [found for found in self.names() if found != name]
        self.holdfast("restore", STORE, safety, "--force", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "new\n")

    def test_parts(self):
        values = json.loads(self.gateway.values.read_text())
        values["backup"]["stackGraph"] = {"splitArchiveSize": "6M"}
        self.gateway.values.write_text(json.dumps(values))
        self.graph.write_text(MUCH)
        name = self.backup()
        self.assertGreater(len(self.stored_files()), 2)
        self.assertEqual(b"".join((self.bucket / part).read_bytes() for part in self.stored_files()), ("graph export\n" + MUCH).encode())
        self.holdfast("verify", STORE, name, "--deep")

    def test_exports_that_are_none(self):
        much = "yes data | head -c 20000000 > \"$0\""
        for command, why in ((shell(much + "; echo the disk is on fire; exit 1"), "status 1: the disk is on fire"),
                             (shell("exit 0"), "the export is empty"),
                             (shell(": > \"$0\""), "the export is empty"),
                             (shell("rm \"$0\"; echo x > \"$0\""), "something else in the place of the pipe"),
                             (shell(much + "; kill -9 $$"), "status 137"),
                             (["/nonexistent/program", "{pipe}"], "there is no program")):
            self.set(exportCommand=command)
            self.assertIn(why, self.refused(FAILED, "backup", STORE))
            self.assert_nothing_was_stored()
        self.set(exportCommand=shell(much + "; sleep 1000"), timeLimit="2s")
        self.assertIn("was not done after 2 seconds", self.refused(FAILED, "backup", STORE))
        self.assert_nothing_was_stored()

    def test_somebody_who_still_writes(self):
        ended = self.work / "pid"
        self.set(exportCommand=shell(f"exec 3> \"$0\"; echo x >&3; setsid sh -c 'echo $$ > {ended}.new; mv {ended}.new {ended}; exec sleep 1000' & "
                                     f"while [ ! -e {ended} ]; do sleep 0.01; done"))
        try:
            self.assertIn("still writes into the pipe", self.refused(FAILED, "backup", STORE))
        finally:
            os.kill(int(ended.read_text()), signal.SIGKILL)
        self.assert_nothing_was_stored()

    def test_one_that_is_told_to_stop_or_whose_gateway_goes_away(self):
        begun = self.work / "begun"
        self.set(exportCommand=shell(f"(yes data | head -c 20000000; touch {begun}; exec yes data) > \"$0\""))
        for end in (lambda run: run.send_signal(signal.SIGTERM), lambda run: self.gateway.stop()):
            begun.unlink(missing_ok=True)
            run = subprocess.Popen([processes.holdfast_binary(), "-q", "-c", self.gateway.values, "backup", STORE], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.gateway.wait_until(begun.exists)
            end(run)
            _, errors = run.communicate(timeout=60)
            self.assertNotEqual(run.returncode, 0)
            self.assertEqual(len([line for line in errors.splitlines() if line.startswith("holdfast: ")]), 1, errors)
            self.assertEqual(self.stored_files(), [])
            self.assert_clean()

    def test_a_run_that_was_killed_is_in_nobodys_way(self):
        begun = self.work / "begun"
        self.set(exportCommand=shell(f"(yes data | head -c 20000000; touch {begun}; exec yes data) > \"$0\""))
        run = subprocess.Popen([processes.holdfast_binary(), "-q", "-c", self.gateway.values, "backup", STORE], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.gateway.wait_until(begun.exists)
        run.kill()
        run.wait()
        self.assertEqual(len(self.unfinished()), 1)
        self.assertEqual(self.names(), [])
        self.set(exportCommand=shell("yes data | head -c 20000000 > \"$0\""))
        name = self.backup()
        self.assertEqual(self.names(), [name])
        self.holdfast("verify", STORE, name, "--deep")

    def test_what_cannot_be(self):
        command = json.loads(self.gateway.values.read_text())["holdfast"]["stackgraph"]["exportCommand"]
        self.set(exportCommand=["cp", "{file}", "{pipe}"])
        self.assertIn("{file} as well as {pipe}", self.refused(USAGE, "backup", STORE))
        self.set(exportCommand=command)
        values = json.loads(self.gateway.values.read_text())
        values["holdfast"]["configuration"] = {"exportCommand": ["cp", "x", "{pipe}"]}
        self.gateway.values.write_text(json.dumps(values))
        self.assertIn("has no {file}", self.refused(USAGE, "backup", "configuration"))


if __name__ == "__main__":
    unittest.main()
