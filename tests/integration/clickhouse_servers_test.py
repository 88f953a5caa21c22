#!/usr/bin/env python3
"""The two ClickHouse servers that tests are run against: what both must answer alike, and that neither forgets when it is killed."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import chdb_front  # noqa: E402
import clickhouse_server  # noqa: E402


class ServerTest(unittest.TestCase):
    SERVER = clickhouse_server.Server
    VERSION = "18.16.1"
    WRONG_PASSWORD = (401, 193)

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-clickhouse-")
        cls.server = cls.SERVER(pathlib.Path(cls.folder.name), users={"backup": "p&w \"x'", "default": ""})

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def failure(self, sql, **more) -> tuple[int, int]:
        with self.assertRaises(clickhouse_server.ClickHouseError) as caught:
            self.server.query(sql, **more)
        return caught.exception.status, caught.exception.code

    def test_version(self):
        self.assertTrue(self.server.version().startswith(self.VERSION), self.server.version())

    def test_values_come_back_as_they_were(self):
        text = "tab\t newline\n back\\slash \\n quote' `back` über \U0001F600"
        self.assertEqual(self.server.value("SELECT " + clickhouse_server.literal(text)), text)
        name = clickhouse_server.quoted("odd`name\\.1")
        self.server.query(f"CREATE DATABASE {name}")
        self.assertEqual(self.server.rows("SELECT name FROM system.databases WHERE name LIKE 'odd%'"), [["odd`name\\.1"]])

    def test_errors(self):
        self.assertEqual(self.failure("SELECT 1 FROM"), (400, 62))
        self.assertEqual(self.failure("SELECT 1 FROM system.nope"), (404, 60))
        self.assertEqual(self.failure("SELECT 1 FROM nope.nope"), (404, 81))
        self.assertEqual(self.failure("SELECT throwIf(1)"), (500, 395))

    def test_passwords(self):
        self.assertEqual(self.server.value("SELECT 1", user="default", password=""), "1")
        self.assertEqual(self.failure("SELECT 1", password="wrong"), self.WRONG_PASSWORD)

    def test_settings_and_a_database_count_for_one_query(self):
        self.server.query("CREATE DATABASE one")
        self.server.query("CREATE TABLE here (x UInt8) ENGINE = Log", database="one")
        self.assertEqual(self.server.value("SELECT count() FROM here", database="one"), "0")
        self.assertEqual(self.failure("SELECT count() FROM here"), (404, 60))
        asked = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
        usual = self.server.value(asked)
        self.assertEqual(self.server.value(asked, max_block_size=77), "77")
        self.assertEqual(self.server.value(asked), usual)

    def test_what_is_written_survives_a_kill(self):
        self.server.query("CREATE TABLE kept (x UInt64) ENGINE = MergeTree ORDER BY x")
        self.server.query("INSERT INTO kept FORMAT TabSeparated", body="".join(f"{x}\n" for x in range(1000)))
        self.server.kill()
        self.assertRaises(OSError, self.server.query, "SELECT 1")
        self.server.start()
        self.assertEqual(self.server.rows("SELECT count(), sum(x) FROM kept"), [["1000", "499500"]])
        self.server.restart()
        self.assertEqual(self.server.value("SELECT count() FROM kept"), "1000")


class ModernServerTest(ServerTest):
    SERVER = chdb_front.ModernServer
    VERSION = "26."
    WRONG_PASSWORD = (403, 516)

    def test_a_table_on_two_disks(self):
        self.server.query("CREATE TABLE spread (x UInt64) ENGINE = MergeTree ORDER BY x SETTINGS storage_policy = 'two_disks'")
        for _ in range(2):
            self.server.query("INSERT INTO spread SELECT number FROM numbers(10)")
        parts = dict(self.server.rows("SELECT disk_name, path FROM system.parts WHERE table = 'spread'"))
        self.assertEqual(sorted(parts), ["default", "second"])
        self.assertTrue(pathlib.Path(parts["second"]).is_relative_to(self.server.second_disk))


if __name__ == "__main__":
    unittest.main()
