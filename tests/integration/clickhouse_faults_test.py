#!/usr/bin/env python3
"""ClickHouse when things are missing, changed, full or gone: the live data stays as it was, one line tells why, and the next run works
without any cleaning by hand."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import clickhouse_data  # noqa: E402
import clickhouse_server  # noqa: E402
import processes  # noqa: E402
from clickhouse_cases import STORE, ModernCase, StoreTestCase, flip  # noqa: E402

FAILED, NOT_FOUND, REFUSED, CORRUPT = 1, 3, 4, 5


class FaultTest(StoreTestCase):
    """Each test has a full backup and an incremental one, and live rows that are neither's."""

    def setUp(self):
        super().setUp()
        clickhouse_data.make(self.server, rows=300, parts=5)
        self.full, self.full_state = self.backup()["name"], self.state()
        clickhouse_data.change(self.server, 1)
        self.more, self.more_state = self.backup()["name"], self.state()
        clickhouse_data.change(self.server, 3)
        self.live = self.state()

    def assert_live_stays_and_all_goes_on(self, *good: tuple[str, dict]):
        """Nothing was changed or left; the backups named restore; the next backup works and restores."""
        self.assertEqual(self.state(), self.live)
        self.assert_clean()
        name = self.backup()["name"]
        for each, state in (*good, (name, self.live)):
            self.restore(each)
            self.assert_holds(state)
        self.assert_clean()

    def test_a_flipped_byte(self):
        flip(self.archives_of(self.more, "otel_traces")[0])  # live has none of these parts any more, so they must be fetched
        self.refused(CORRUPT, "verify", STORE, self.more, "--deep")
        self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.assert_live_stays_and_all_goes_on((self.full, self.full_state))

    def test_a_flipped_byte_in_the_base(self):
        flip(self.archives_of(self.full, "otel_traces")[0])
        self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.refused(CORRUPT, "drill", STORE, self.more)
        self.assertEqual(self.state(), self.live)
        self.assert_clean()

    def test_a_missing_object(self):
        gone = self.archives_of(self.more, "otel_logs")[0]
        gone.unlink()
        self.refused(CORRUPT, "verify", STORE, self.more)
        line = self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.assertIn(gone.name, line)
        self.assert_live_stays_and_all_goes_on((self.full, self.full_state))

    def test_a_cut_object(self):
        path = self.archives_of(self.more, "otel_logs")[0]
        os.chmod(path, 0o600)
        os.truncate(path, path.stat().st_size - 512)
        self.refused(CORRUPT, "verify", STORE, self.more)
        self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.assertEqual(self.state(), self.live)

    def test_a_missing_parent(self):
        shutil.rmtree(self.bucket() / self.full)
        self.refused(CORRUPT, "verify", STORE, self.more)
        self.assertIn(self.full, self.refused(CORRUPT, "restore", STORE, self.more, "--yes"))
        self.assertEqual(self.state(), self.live)
        name = self.backup()["name"]
        self.assertTrue(name.startswith("full_"), "a chain without its first is not continued")
        self.restore(name)
        self.assert_holds(self.live)

    def test_a_half_uploaded_backup(self):
        (self.bucket() / self.more / "metadata.json").unlink()
        self.assertRegex(self.holdfast("list", STORE).stdout, rf"{self.more}.*broken")
        self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.assert_live_stays_and_all_goes_on((self.full, self.full_state))

    def test_metadata_that_lies(self):
        path = next(path for path in self.objects_of(self.more) if path.name == "otel_logs.json")
        for text in ("", "{", "[]", path.read_text().replace('"2', '"../../2')):
            os.chmod(path, 0o600)
            path.write_text(text)
            self.refused(CORRUPT, "restore", STORE, self.more, "--yes")
        self.assertEqual(self.state(), self.live)
        self.assert_clean()

    def test_no_such_backup(self):
        self.refused(NOT_FOUND, "restore", STORE, "full_2020-01-01T00-00-00", "--yes")

    def test_without_the_server(self):
        self.server.kill()
        try:
            self.refused(FAILED, "backup", STORE)
            self.refused(FAILED, "restore", STORE, self.full, "--yes")
        finally:
            self.server.start()
        self.assert_live_stays_and_all_goes_on((self.full, self.full_state), (self.more, self.more_state))

    def test_the_server_restarts_in_the_middle(self):
        """Of a backup and of a restore, at a moment of the program's own, again and again."""
        for verb, name in (("backup", None), ("restore", self.full)):
            command = [processes.holdfast_binary(), "-c", str(self.gateway.values), "--quiet", verb, STORE, *([name, "--yes"] if name else [])]
            trace = self.work / "trace"
            for after in (5, 20, 60):
                trace.unlink(missing_ok=True)
                with open(self.work / "output", "w") as output:
                    child = subprocess.Popen(command, env={**os.environ, "HOLDFAST_TRACE_OPERATIONS": str(trace)}, stdout=output, stderr=output)
                    while child.poll() is None and not (trace.exists() and len(trace.read_text().splitlines()) >= after):
                        pass
                    self.crash_server()
                    self.assertIn(child.wait(300), (0, FAILED, REFUSED), (self.work / "output").read_text())
            if verb == "backup":
                self.assertEqual(self.state(), self.live)
        self.restore(self.more)
        self.assert_holds(self.more_state)
        self.crash_server()
        self.assert_holds(self.more_state)
        self.assert_clean()


class ModernFaultTest(ModernCase, FaultTest):
    pass


@unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
class FullDiskTest(StoreTestCase):
    def setUp(self):
        self.disk = self.work / "small"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", self.disk], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", self.disk], check=True))
        self.small = clickhouse_server.Server(self.work, name="small-server", data=self.disk / "data", users=self.USERS)
        self.addCleanup(self.small.stop)
        self.values = self.work / "small.yaml"
        processes.write_values(self.values, self.gateway.port, self.objects, self.store_values(self.small))
        clickhouse_data.create(self.small, parts=2)
        clickhouse_data.fill(self.small, 1, rows=20_000)

    def test_full_disk_on_restore(self):
        name, saved = self.backup(values=self.values)["name"], self.state(self.small)
        for table in ("otel_logs", "otel_traces"):  # so that nothing of the backup can be linked
            self.small.query(f"TRUNCATE TABLE otel.{table}")
        clickhouse_data.fill(self.small, 2, rows=500)
        live = self.state(self.small)
        filler = self.disk / "filler"
        free = os.statvfs(self.disk).f_bavail * os.statvfs(self.disk).f_frsize
        with open(filler, "wb") as file:
            file.write(b"x" * (free - (2 << 20)))
        self.refused(REFUSED, "restore", STORE, name, "--yes", values=self.values)
        self.assertEqual(self.state(self.small), live)
        filler.unlink()
        self.restore(name, values=self.values)
        self.assert_holds(saved, self.small)


if __name__ == "__main__":
    unittest.main()
