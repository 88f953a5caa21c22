#!/usr/bin/env python3
"""ClickHouse with everything real: Debian's server and a modern engine, the program, its gateway on a folder."""
import os
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "bench")]
import clickhouse_bench  # noqa: E402
import clickhouse_data  # noqa: E402
import clickhouse_reader  # noqa: E402
import processes  # noqa: E402
from clickhouse_cases import STORE, ModernCase, StoreTestCase  # noqa: E402


class BackupTest(StoreTestCase):
    PARTS = 1000

    def test_full_and_five_incrementals_each_restored(self):
        clickhouse_data.make(self.server, parts=self.PARTS)
        states, schemas = {}, {}
        for step in range(6):
            if step:
                clickhouse_data.change(self.server, step)
            outcome = self.backup()
            states[outcome["name"]] = self.state()
            schemas[outcome["name"]] = clickhouse_data.schema(self.server, self.DATABASES)
            self.assert_clean()
        names = list(states)
        self.assertTrue(names[0].startswith("full_"), names)
        self.assertTrue(all(name.startswith("incremental_") for name in names[1:]), names)
        self.assertEqual(self.names(), names)
        self.assertEqual([line["parent"] for line in self.lines()], [None] + [f"+{name}" for name in names[:-1]])
        self.assertEqual({line["format"] for line in self.lines()}, {"tar, regular"})
        self.holdfast("verify", STORE, "--deep")
        for name in [*names[::-1], names[3]]:
            with self.subTest(name=name, step=names.index(name)):
                self.restore(name)
                self.assert_holds(states[name])
                found = clickhouse_data.schema(self.server, self.DATABASES)
                self.assertEqual({table: found.get(table) for table in schemas[name]}, schemas[name])
                self.assert_clean()
        self.crash_server()
        self.assert_holds(states[names[3]])

    def test_rows_that_come_after_a_restore_reach_the_views_once(self):
        clickhouse_data.make(self.server, rows=200, parts=5)
        name = self.backup()["name"]
        clickhouse_data.change(self.server, 1)
        self.restore(name)
        counted = "SELECT sum(logs) FROM otel.logs_per_service"
        before = int(self.server.value(counted))
        self.assertEqual(before, int(self.server.value("SELECT count() FROM otel.otel_logs")))
        clickhouse_data.fill(self.server, 77, rows=10)
        self.assertEqual(int(self.server.value(counted)), before + 10)

    def test_nothing_left_of_the_database_or_of_the_server(self):
        clickhouse_data.make(self.server, rows=200, parts=5)
        name, saved = self.backup()["name"], self.state()
        # Not SYNC: a newer server keeps what is dropped for minutes, and a restore must not meet it (its error 57).
        self.server.query("DROP DATABASE otel")
        self.restore(name)
        self.assert_holds(saved)
        with type(self.server)(self.work, name="another", users=self.USERS) as another:
            another.query("CREATE TABLE default.first (x UInt8) ENGINE = MergeTree ORDER BY x")
            values = self.work / "another.yaml"
            processes.write_values(values, self.gateway.port, self.objects, self.store_values(another))
            self.restore(name, values=values)
            self.assert_holds(saved, another)

    def test_only_what_is_new_is_sent(self):
        clickhouse_data.make(self.server, rows=500, parts=20)
        first = self.backup()
        again = self.backup()
        self.assertEqual(again["objects_sent"] - self.metadata_of(again["name"]), 0)
        # The same content under other names of parts.
        for table in ("otel_logs", "no_partitions"):
            for partition in clickhouse_data.partitions(self.server, "otel", table):
                self.server.query(f"ALTER TABLE otel.{table} DETACH PARTITION ID '{partition}'")
                self.server.query(f"ALTER TABLE otel.{table} ATTACH PARTITION ID '{partition}'")
        renamed = self.backup()
        self.assertEqual(self.archives(renamed["name"]), [], "parts that were only renamed were sent")
        self.server.query("INSERT INTO otel.no_partitions VALUES (1, 'new')")
        one = self.backup()
        self.assertEqual(len(self.archives(one["name"])), 1)
        self.assertGreater(len(self.archives(first["name"])), 20)
        for name in (first["name"], one["name"]):
            self.restore(name)
        self.assert_clean()

    def archives(self, name: str) -> list[pathlib.Path]:
        return [path for path in self.objects_of(name) if "shadow" in path.relative_to(self.bucket()).parts]

    def metadata_of(self, name: str) -> int:
        return len(self.objects_of(name)) - len(self.archives(name))

    def test_requests_of_an_incremental_one(self):
        clickhouse_data.make(self.server, rows=500, parts=100)
        self.backup()
        clickhouse_data.fill(self.server, 21, rows=30)
        since = len(self.gateway.log.read_text().splitlines())
        name = self.backup()["name"]
        requests = re.findall(r'"(GET|PUT|POST|DELETE|HEAD) (\S+)', "\n".join(self.gateway.log.read_text().splitlines()[since:]))
        parts = [path for _, path in requests if f"{name}/shadow/" in path]
        self.assertEqual(len(parts), len(self.archives(name)), "more than one request a new part")
        others = len(requests) - len(parts)
        # One for the metadata of each table, and a few for lists, the base, the manifest, the marker, the lease and the run's record.
        self.assertLessEqual(others, 2 * len(clickhouse_data.schema(self.server, self.DATABASES)) + 30, requests)

    def test_a_full_one_when_asked_for(self):
        clickhouse_data.make(self.server, rows=50, parts=2)
        first = self.backup()["name"]
        full = self.backup("--full")["name"]
        self.assertNotEqual(first, full)
        self.assertTrue(full.startswith("full_"), full)
        self.assertEqual([line["parent"] for line in self.lines()], [None, None])
        more = self.backup()["name"]
        self.assertEqual(self.lines()[-1]["parent"], f"+{full}")
        self.assertEqual(self.lines()[-1]["name"], more)

    def test_what_others_froze_stays(self):
        clickhouse_data.make(self.server, rows=50, parts=2)
        self.server.query("ALTER TABLE otel.otel_logs FREEZE WITH NAME 'theirs'")
        theirs = sorted(path for path in (self.shadow() / "theirs").rglob("*"))
        self.assertTrue(theirs)
        name = self.backup()["name"]
        self.restore(name)
        self.assertEqual(sorted(path for path in (self.shadow() / "theirs").rglob("*")), theirs)
        self.assertEqual([path.name for path in self.shadow().iterdir() if path.is_dir()], ["theirs"])

    def test_drill(self):
        clickhouse_data.make(self.server, rows=200, parts=5)
        self.backup()
        clickhouse_data.change(self.server, 1)
        live = self.state()
        self.holdfast("drill", STORE)
        self.assert_holds(live)
        self.assert_clean()

    def test_a_wrong_password_tells_so_and_shows_neither(self):
        clickhouse_data.make(self.server, rows=50, parts=2)
        values = self.work / "wrong-password.yaml"
        settings = self.store_values(self.server)
        settings["holdfast"][STORE]["password"] = "another-wrong-word"
        processes.write_values(values, self.gateway.port, self.objects, settings)
        line = self.refused(1, "backup", STORE, values=values)
        self.assertNotIn("another-wrong-word", line)


class OldBackupTest(BackupTest):
    """What needs the old server."""

    def test_clickhouse_backups_rules_restore_ours(self):
        clickhouse_data.make(self.server, rows=300, parts=30)
        states = {}
        for step in range(6):
            if step:
                clickhouse_data.change(self.server, step)
            name = self.backup()["name"]
            states[name] = self.state()
        for name, expected in states.items():
            with type(self.server)(self.work, name=f"reader-{name}") as other:
                clickhouse_reader.restore(clickhouse_reader.Backup(self.bucket(), name), other)
                self.assertEqual(self.state(other), expected, name)

    def test_memory_is_bounded(self):
        clickhouse_data.create(self.server, parts=2)
        clickhouse_bench.load(self.server, 160, days=1)
        ((largest,),) = self.server.rows("SELECT max(bytes_on_disk) FROM system.parts WHERE active")
        self.assertGreater(int(largest), 128 << 20)
        self.assertLess(self.peak_mib("backup", STORE), 128)
        name, saved = self.names()[-1], self.state()
        self.server.query("DROP DATABASE otel")
        self.assertLess(self.peak_mib("restore", STORE, name, "--yes"), 128)
        self.assert_holds(saved)

    def peak_mib(self, *arguments) -> float:
        command = [processes.holdfast_binary(), "-c", str(self.gateway.values), "--quiet", *arguments]
        child = os.spawnv(os.P_NOWAIT, command[0], command)
        _, status, usage = os.wait4(child, 0)
        self.assertEqual(status, 0, arguments)
        return usage.ru_maxrss / 1024


class ModernBackupTest(ModernCase, BackupTest):
    PARTS = 100

    def test_dictionaries_and_functions_come_back(self):
        clickhouse_data.make(self.server, rows=50, parts=2)
        name = self.backup()["name"]
        self.server.query("DROP DATABASE otel SYNC")
        self.server.query("DROP FUNCTION otel_seconds")
        self.restore(name)
        self.assertEqual(self.server.value("SELECT dictGet('otel.services', 'name', toUInt64(1))"), "one")
        self.assertEqual(self.server.value("SELECT otel_seconds(2000000000)"), "2")


@unittest.skipUnless(os.geteuid() == 0, "giving files to another user needs root")
class OtherUserTest(StoreTestCase):
    """The server runs as its own user, the program as root."""

    RUN_AS = "clickhouse"

    def test_restored_files_are_the_servers(self):
        clickhouse_data.make(self.server, rows=200, parts=5)
        name, saved = self.backup()["name"], self.state()
        self.server.query("DROP DATABASE otel")
        self.restore(name)
        self.assert_holds(saved)
        owners = {path.owner() for path in (self.server.data / "data").rglob("*")}
        self.assertEqual(owners, {"clickhouse"})
        self.server.query("OPTIMIZE TABLE otel.otel_logs FINAL")
        self.assert_holds(saved)


del BackupTest  # a base only

if __name__ == "__main__":
    unittest.main()
