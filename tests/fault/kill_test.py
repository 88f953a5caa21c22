#!/usr/bin/env python3
"""A backup and a restore are killed at every dangerous operation: nothing that `list` shows fails to restore, no old data is lost,
and the next run works without any cleaning by hand. Real VictoriaMetrics, real gateway, SIGKILL from inside (base/operation.h)."""
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import kill_points  # noqa: E402
import processes  # noqa: E402

INSTANCE = "victoria-metrics-0"
BUCKET = "sts-victoria-metrics-backup"
KEY = "snapshot-key"


def copy_tree(source: pathlib.Path, target: pathlib.Path):
    shutil.rmtree(target, ignore_errors=True)
    processes.run(["cp", "-a", "--reflink=auto", source, target], check=True)


class KillTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-kill-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.objects, cls.data = cls.work / "objects", cls.work / "data"
        cls.vm_port, cls.gateway_port = processes.free_port(), processes.free_port()
        cls.credentials = cls.work / "credentials"
        cls.credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\naws_secret_access_key={processes.SECRET_KEY}\n")
        cls.start_ms = int(time.time() * 1000) - 20 * 3_600_000

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def gateway(self):
        return processes.Gateway(self.work, self.objects, {"holdfast": {INSTANCE: {
            "url": f"http://127.0.0.1:{self.vm_port}", "dataPath": str(self.data), "snapshotAuthKey": KEY}}}, port=self.gateway_port)

    def server(self, data=None):
        return processes.VictoriaMetrics(self.work, data or self.data, KEY, port=self.vm_port)

    def good(self, gateway, *arguments, env=None):
        done = processes.holdfast(gateway.values, *arguments, env=env)
        self.assertEqual(done.returncode, 0, f"holdfast {arguments}: {done.stderr}")
        return done.stdout

    def versions(self, gateway):
        return [line.split()[1] for line in self.good(gateway, "list", INSTANCE).splitlines() if line.startswith(INSTANCE)]

    def killed(self, gateway, point, *arguments):
        number, when, what = point
        done = processes.holdfast(gateway.values, *arguments, env={"HOLDFAST_KILL_AT": f"{number}:{when}"})
        print(f"  killed {when} operation {number}: {what}" if done.returncode == -signal.SIGKILL
              else f"  operation {number} was not reached (exit {done.returncode})", flush=True)
        self.assertIn(done.returncode, (-signal.SIGKILL, 0), done.stderr)
        return done.returncode == -signal.SIGKILL

    def rows_of(self, data) -> int:
        with self.server(data) as server:
            return server.rows()

    def trace(self, gateway, *arguments):
        trace = self.work / "trace"
        trace.unlink(missing_ok=True)
        self.good(gateway, *arguments, env={"HOLDFAST_TRACE_OPERATIONS": str(trace)})
        return kill_points.choose(kill_points.read_trace(trace))

    def check_restorable(self, gateway, allowed_rows):
        """Everything that list shows restores, to one of the states that were ever there."""
        names = self.versions(gateway)
        for name in names:
            scratch = self.work / "scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            values = self.work / "scratch.yaml"
            processes.write_values(values, self.gateway_port, self.objects, {"holdfast": {INSTANCE: {
                "url": f"http://127.0.0.1:{self.vm_port}", "dataPath": str(scratch), "snapshotAuthKey": KEY}}})
            scratch.mkdir()
            done = processes.holdfast(values, "restore", INSTANCE, name, "--yes")
            self.assertEqual(done.returncode, 0, f"list shows {name}, which does not restore: {done.stderr}")
            self.assertIn(self.rows_with(gateway, scratch), allowed_rows)
        return names

    def rows_with(self, gateway, data) -> int:
        port, self.vm_port = self.vm_port, processes.free_port()
        try:
            return self.rows_of(data)
        finally:
            self.vm_port = port

    def check_vmrestore(self, gateway, prefix, allowed_rows):
        target = self.work / "vmrestore"
        shutil.rmtree(target, ignore_errors=True)
        done = processes.run(["vmrestore", f"-storageDataPath={target}", f"-src=s3://{BUCKET}/{prefix}",
                              f"-customS3Endpoint={gateway.url}", f"-credsFilePath={self.credentials}",
                              f"-httpListenAddr=127.0.0.1:{processes.free_port()}"])
        if done.returncode == 0:
            self.assertIn(self.rows_with(gateway, target), allowed_rows, "vmrestore restored a state that never was")

    def test_backup(self):
        with self.server() as server:
            first = server.ingest(300, 400, self.start_ms)
            with self.gateway() as gateway:
                self.good(gateway, "backup", INSTANCE)
                old_rows = first
            copy_tree(self.objects, self.work / "before")
            new_rows = old_rows + server.ingest(300, 40, self.start_ms + 10 * 3_600_000)
            server.merge_parts(new_rows)
            with self.gateway() as gateway:
                points = self.trace(gateway, "backup", INSTANCE)
                prefix = self.versions(gateway)[-1]
            kills = 0
            print(f"\nbackup: {len(points)} kill points", flush=True)
            for point in points:
                copy_tree(self.work / "before", self.objects)
                with self.gateway() as gateway:
                    kills += self.killed(gateway, point, "backup", INSTANCE)
                    self.check_vmrestore(gateway, prefix, {old_rows, new_rows})
                    names = self.check_restorable(gateway, {old_rows, new_rows})
                    self.assertLessEqual(len(names), 1)
                    # The next run needs no cleaning by hand, and leaves no snapshot behind.
                    self.good(gateway, "backup", INSTANCE)
                    self.assertEqual(self.check_restorable(gateway, {new_rows}), [prefix])
                    listing = processes.http_get(f"{server.url}/snapshot/list?authKey={KEY}").decode()
                    self.assertNotRegex(listing, r"[0-9]{14}-")
            self.assertGreater(kills, 20, "hardly any kill hit")

    def test_restore(self):
        work = self.work / "restore"
        work.mkdir()
        type(self).data = work / "data"
        shutil.rmtree(self.objects, ignore_errors=True)
        with self.server() as server, self.gateway() as gateway:
            server.ingest(300, 400, self.start_ms)
            self.good(gateway, "backup", INSTANCE)
            backup_rows = server.rows()
            name = self.versions(gateway)[-1]
            server.ingest(300, 40, self.start_ms + 10 * 3_600_000)
            server.merge_parts()
            # The server's own metrics page is up to two seconds old.
            server.wait_until(lambda: server.rows() > backup_rows)
            live_rows = server.rows()
        self.assertNotEqual(backup_rows, live_rows)
        copy_tree(self.data, work / "before")
        with self.gateway() as gateway:
            points = self.trace(gateway, "restore", INSTANCE, name, "--yes")
            self.assertEqual(self.rows_of(self.data), backup_rows)
            kills = 0
            print(f"\nrestore: {len(points)} kill points", flush=True)
            for point in points:
                copy_tree(work / "before", self.data)
                kills += self.killed(gateway, point, "restore", INSTANCE, name, "--yes")
                self.check_after_killed_restore(gateway, name, live_rows, backup_rows)
            self.assertGreater(kills, 20, "hardly any kill hit")

    def check_after_killed_restore(self, gateway, name, live_rows, backup_rows):
        if (self.data / "restore-in-progress").exists():
            # The server refuses to start; the next start of holdfast finishes or undoes.
            with self.assertRaises(RuntimeError):
                self.server()
        else:
            self.assertIn(self.rows_of(self.data), (live_rows, backup_rows), "neither the old nor the new data is there")
        self.good(gateway, "restore", INSTANCE, name, "--yes")
        self.assertFalse((self.data / "restore-in-progress").exists())
        self.assertFalse((self.data / ".holdfast-restore").exists())
        self.assertEqual(self.rows_of(self.data), backup_rows)


if __name__ == "__main__":
    unittest.main()
