"""What the tests of StackGraph's backups share: a command pair that plays StackState's, and a gateway on a folder."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import processes

STORE = "stackgraph"
BUCKET = "sts-stackgraph-backup"
FAILED, USAGE, NOT_FOUND, REFUSED, CORRUPT = 1, 2, 3, 4, 5
COMMANDS = processes.ROOT / "tests/fixtures/graph-commands/graph_commands.py"
NAME = re.compile(r"sts-backup-\d{8}-\d{4}\.graph")
PASSWORD = "correct horse"
OLD = "sts-backup-20210216-0300.graph"


class StackGraphTestCase(unittest.TestCase):
    maxDiff = None
    VALUES: dict = {}
    STORE = STORE
    BUCKET = BUCKET
    VERBS = ("export", "import")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-stackgraph-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        self.home, self.temporary = self.work / "home", self.work / "temporary"
        self.objects = self.work / "objects"
        self.bucket = self.objects / self.BUCKET
        for path in (self.home, self.temporary, self.bucket):
            path.mkdir(parents=True)
        self.graph = self.home / "graph"
        commands = {"exportCommand": [str(COMMANDS), self.VERBS[0], "{file}"], "importCommand": [str(COMMANDS), self.VERBS[1], "{file}", "{force}"],
                      "environment": {"GRAPH_HOME": str(self.home), "GRAPH_PASSWORD": PASSWORD}, "temporaryFolder": str(self.temporary)}
        values = processes.merge({"holdfast": {self.STORE: commands}}, json.loads(json.dumps(self.VALUES)))
        self.gateway = processes.Gateway(self.work, self.objects, values)
        self.addCleanup(self.gateway.stop)

    def run_holdfast(self, *arguments, trouble: str = "", env: dict | None = None) -> subprocess.CompletedProcess:
        return subprocess.run([processes.holdfast_binary(), "-c", self.gateway.values, *arguments], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env={**os.environ, "GRAPH_TROUBLE": trouble, **(env or {})})

    def holdfast(self, *arguments, **more) -> str:
        done = self.run_holdfast(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        if {"backup", "restore"} & set(arguments):
            self.assert_clean()
        return done.stdout

    def refused(self, code: int, *arguments, **more) -> str:
        """The error's one line."""
        done = self.run_holdfast("-q", *arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("holdfast: ") and "warning" not in line]), 1, done.stderr)
        self.assert_clean()
        return lines[-1]

    def assert_clean(self):
        """Nothing is left in the temporary folder, not even of a run that was killed before."""
        self.assertEqual([path.name for path in self.temporary.rglob("*") if path.is_file() and path.name != ".holdfast.lock"], [])

    def backup(self, **more) -> str:
        return json.loads(self.holdfast("--output", "json", "backup", self.STORE, **more))["name"]

    def rename(self, name: str, to: str) -> str:
        """By hand, in the folder: of every part of it."""
        for path in self.bucket.glob(name + "*"):
            path.rename(self.bucket / path.name.replace(name, to))
        return to

    def old_backup(self, name: str = OLD) -> str:
        """One that is not of this minute."""
        return self.rename(self.backup(), name)

    def names(self) -> list[str]:
        return [entry["name"] for entry in json.loads(self.holdfast("--output", "json", "list", self.STORE)) if entry["complete"]]

    def stored_files(self) -> list[str]:
        return sorted(path.name for path in self.bucket.iterdir() if path.is_file())
