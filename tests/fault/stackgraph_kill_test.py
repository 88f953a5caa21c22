#!/usr/bin/env python3
"""A backup and a restore of StackGraph are killed at their operations: what `list` shows is whole, the graph is as it was or a copy of it is
listed, and the next run works without any cleaning by hand. Real gateway, SIGKILL from inside."""
import pathlib
import shutil
import signal
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import kill_points  # noqa: E402
from stackgraph_cases import OLD, STORE, StackGraphTestCase  # noqa: E402


class KillTest(StackGraphTestCase):
    VALUES = {"backup": {"stackGraph": {"splitArchiveSize": "2000"}}}
    AT_MOST = 25

    def setUp(self):
        super().setUp()
        self.saved = "".join(f"saved {number}\n" for number in range(500))
        self.live = "".join(f"live {number}\n" for number in range(600))
        self.graph.write_text(self.saved)
        self.old_backup()
        self.graph.write_text(self.live)
        self.before = self.work / "before"
        shutil.copytree(self.objects, self.before)

    def reset(self):
        """The bucket as it was, whose gateway takes what it finds."""
        for path in self.bucket.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (self.before / self.bucket.name).iterdir():
            if path.is_file():
                shutil.copy2(path, self.bucket / path.name)
        self.graph.write_text(self.live)

    def points(self, *arguments) -> list[tuple[int, str, str]]:
        trace = self.work / "trace"
        self.holdfast(*arguments, env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        return kill_points.evenly(kill_points.read_trace(trace), self.AT_MOST)

    def killed(self, number: int, when: str, *arguments) -> bool:
        done = self.run_holdfast(*arguments, env={"HOLDFAST_KILL_AT": f"{number}:{when}"})
        self.assertIn(done.returncode, (-signal.SIGKILL, 0), done.stderr)
        return done.returncode == -signal.SIGKILL

    def test_backup(self):
        points, kills = self.points("backup", STORE), 0
        for number, kind, subject in points:
            self.reset()
            with self.subTest(f"{number} {kind} {subject}"):
                kills += self.killed(number, "after", "backup", STORE)
                self.assertEqual(self.graph.read_text(), self.live)
                names = self.names()
                self.assertIn(OLD, names)
                for name in names:
                    self.holdfast("verify", STORE, name, "--deep")
                    if name != OLD:
                        self.rename(name, "sts-backup-20210217-0300.graph")
                # The parts that it left are of this minute, too: they are in nobody's way an hour later.
                for path in self.bucket.glob("sts-backup-2*.graph.*"):
                    if not path.name.startswith(("sts-backup-20210216", "sts-backup-20210217")):
                        path.unlink()
                self.holdfast("verify", STORE, self.backup(), "--deep")
        self.assertGreater(kills, len(points) - 3, "hardly any kill hit")

    def test_restore(self):
        points, kills = self.points("restore", STORE, OLD, "--force"), 0
        for number, kind, subject in points:
            self.reset()
            with self.subTest(f"{number} {kind} {subject}"):
                kills += self.killed(number, "after", "restore", STORE, OLD, "--force")
                copies = [name for name in self.names() if name != OLD]
                if self.graph.read_text() != self.live:
                    self.assertEqual(len(copies), 1, "it was touched before it was saved")
                for name in copies:
                    self.holdfast("verify", STORE, name, "--deep")
                    self.holdfast("restore", STORE, name, "--force", "--no-safety-backup")
                    self.assertEqual(self.graph.read_text(), self.live)
                self.holdfast("restore", STORE, OLD, "--force")
                self.assertEqual(self.graph.read_text(), self.saved)
        self.assertGreater(kills, len(points) - 3, "hardly any kill hit")


if __name__ == "__main__":
    unittest.main()
