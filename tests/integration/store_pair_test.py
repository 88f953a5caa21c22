#!/usr/bin/env python3
"""A real store with no more than its own pair of keys: it backs up and restores, and reaches nobody else; retention's pair prunes."""
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402

STORE = "victoria-metrics-0"
BUCKET = "sts-victoria-metrics-backup"
# As docs/guide/access.md has them.
STORE_PAIR = ("victoriametrics0", "victoriametrics0secret")
RETENTION_PAIR = ("retention", "retentionsecretkey")
KEYS = [
    {"accessKey": STORE_PAIR[0], "secretKey": STORE_PAIR[1], "bucket": BUCKET, "prefix": STORE,
     "allow": ["read", "list", "writeNew", "overwrite", "delete"]},
    {"accessKey": RETENTION_PAIR[0], "secretKey": RETENTION_PAIR[1], "allow": ["read", "list", "delete"]},
]


class StorePairTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-pair-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.data = cls.work / "vm-data"
        cls.server = processes.VictoriaMetrics(cls.work, cls.data)
        cls.addClassCleanup(cls.server.stop)
        cls.server.ingest(20, 50, int(time.time() * 1000) - 3_600_000)
        cls.store = {STORE: {"url": cls.server.url, "dataPath": str(cls.data)}}
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", {"holdfast": {"gateway": {"keys": KEYS}, **cls.store}})
        cls.addClassCleanup(cls.gateway.stop)

    def run_as(self, pair: tuple[str, str], *arguments, code: int = 0) -> str:
        values = self.work / f"{pair[0]}.yaml"
        processes.write_values(values, self.gateway.port, self.work / "objects",
                               {"minio": {"accessKey": pair[0], "secretKey": pair[1]}, "holdfast": self.store})
        done = processes.holdfast(values, *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}\n{self.gateway.tail()}")
        return done.stdout + done.stderr

    def test_1_the_stores_pair_backs_up_and_verifies(self):
        self.run_as(STORE_PAIR, "backup", STORE)
        self.assertIn(STORE + "-", self.run_as(STORE_PAIR, "list", STORE))
        self.run_as(STORE_PAIR, "verify", STORE, "--deep")

    def test_2_it_reaches_nobody_else(self):
        self.assertIn("access", self.run_as(STORE_PAIR, "list", "victoria-metrics-1", code=1).lower())
        self.assertIn("access", self.run_as(STORE_PAIR, "backup", "victoria-metrics-1", code=1).lower())

    def test_3_retentions_pair_prunes_and_cannot_back_up(self):
        self.run_as(RETENTION_PAIR, "prune", STORE)
        self.assertIn("access", self.run_as(RETENTION_PAIR, "backup", STORE, code=1).lower())
        self.assertIn(STORE + "-", self.run_as(RETENTION_PAIR, "list", STORE))


if __name__ == "__main__":
    unittest.main()
