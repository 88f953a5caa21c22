#!/usr/bin/env python3
"""Parts of a ClickHouse backup: single tables, partitions, another database, only the schema, only the rows; and the plan before."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import clickhouse_data  # noqa: E402
from clickhouse_cases import STORE, ModernCase, StoreTestCase  # noqa: E402


class PartialTest(StoreTestCase):
    def setUp(self):
        super().setUp()
        self.server.query("DROP DATABASE IF EXISTS looked_at")
        clickhouse_data.make(self.server, rows=200, parts=3)
        self.name, self.saved = self.backup()["name"], self.state()
        clickhouse_data.change(self.server, 1)
        clickhouse_data.change(self.server, 3)
        self.live = self.state()

    def counts(self, table: str, where: str = "1") -> str:
        return self.server.value(f"SELECT count() FROM otel.{table} WHERE {where}")

    def test_one_table(self):
        self.restore(self.name, "--table", "otel.otel_logs")
        self.assert_holds({**self.live, ("otel", "otel_logs"): self.saved["otel", "otel_logs"]})
        self.assert_clean()

    def test_tables_by_pattern(self):
        self.restore(self.name, "--table", "otel.otel_metrics_*")
        restored = {table: state for table, state in self.saved.items() if table[1].startswith("otel_metrics_")}
        self.assertEqual(len(restored), 2)
        self.assert_holds({**self.live, **restored})

    def test_one_partition(self):
        first, others = "toDate(Timestamp) = '2026-11-10'", "toDate(Timestamp) != '2026-11-10'"
        self.server.query("ALTER TABLE otel.otel_logs DROP PARTITION ID '20261110'")
        more = self.counts("otel_logs", others)
        self.restore(self.name, "--table", "otel.otel_logs", "--partition", "20261110")
        self.assertEqual(self.counts("otel_logs", others), more)
        self.assertGreater(int(self.counts("otel_logs", first)), 0)
        self.assert_clean()

    def test_another_database(self):
        self.restore(self.name, "--as", "looked_at")
        self.assertEqual(self.state(), self.live)
        beside = clickhouse_data.state(self.server, ("looked_at",))
        saved = {table: state for (_, table), state in self.saved.items() if not table.startswith(".inner")}
        self.assertEqual({table: beside.get(("looked_at", table)) for table in saved}, saved)
        self.server.query("DROP DATABASE looked_at")
        self.assert_clean()

    def test_only_the_schema(self):
        schema = clickhouse_data.schema(self.server, self.DATABASES)
        self.server.query("DROP DATABASE otel" + (" SYNC" if self.server.modern else ""))
        self.restore(self.name, "--schema-only")
        self.assertEqual(clickhouse_data.schema(self.server, self.DATABASES), schema)
        self.assertEqual({state.rows for state in self.state().values()}, {0})
        self.assert_clean()

    def test_only_the_rows(self):
        self.restore(self.name, "--data-only")
        self.assert_holds(self.saved)
        self.assert_clean()

    def test_a_plan_changes_nothing(self):
        before = sorted(self.server.data.rglob("*"))
        printed = self.holdfast("restore", STORE, self.name, "--dry-run").stdout
        self.assertIn("otel", printed)
        self.assertEqual(self.state(), self.live)
        self.assertEqual([path for path in sorted(self.server.data.rglob("*")) if "holdfast" in path.name],
                         [path for path in before if "holdfast" in path.name])
        self.assertNotEqual(self.holdfast("restore", STORE, self.name, code=4).stderr, "", "without --yes and a terminal nothing is restored")
        self.assertEqual(self.state(), self.live)

    def test_rows_are_counted_and_printed(self):
        printed = self.restore(self.name).stdout
        self.assertRegex(printed, rf"otel_logs\b.*\b{self.saved['otel', 'otel_logs'].rows}\b")


class ModernPartialTest(ModernCase, PartialTest):
    pass


if __name__ == "__main__":
    unittest.main()
