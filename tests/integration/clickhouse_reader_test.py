#!/usr/bin/env python3
"""The oracle of the ClickHouse tests against what clickhouse-backup wrote: it reads every backup of every chain, and a real server then
holds the rows that were noted when they were made."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import clickhouse_data  # noqa: E402
from clickhouse_data import FIXTURES  # noqa: E402
import clickhouse_reader  # noqa: E402
import clickhouse_server  # noqa: E402



class ReaderTest(unittest.TestCase):
    def check(self, chain: str):
        wanted = clickhouse_data.fixture_states(chain)
        self.assertEqual(len(wanted), 3)
        with tempfile.TemporaryDirectory(prefix="holdfast-clickhouse-") as folder, clickhouse_server.Server(pathlib.Path(folder)) as server:
            server.query("SYSTEM STOP MERGES")  # views that sum are read as they were saved
            for name, states in wanted.items():
                clickhouse_reader.restore(clickhouse_reader.Backup(FIXTURES / chain, name), server)
                self.assertEqual(clickhouse_data.state(server, ("otel",), merged=False), states, name)
                server.query("DROP DATABASE otel")

    def test_tar(self):
        self.check("tar")

    def test_zstd(self):
        self.check("zstd")

    def test_directory(self):
        self.check("directory")


if __name__ == "__main__":
    unittest.main()
