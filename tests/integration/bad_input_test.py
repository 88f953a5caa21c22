#!/usr/bin/env python3
"""What goes wrong for an operator: each mishap ends in one clear line, the right exit code, and nothing lost."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402

INSTANCE = "victoria-metrics-0"
BUCKET = "sts-victoria-metrics-backup"
FAILED, USAGE, NOT_FOUND, REFUSED, CORRUPT = 1, 2, 3, 4, 5


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-bad-input-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.objects, cls.data = cls.work / "objects", cls.work / "data"
        cls.vm_port = processes.free_port()
        cls.server = processes.VictoriaMetrics(cls.work, cls.data, "right-key", port=cls.vm_port)
        cls.server.ingest(400, 1500, int(time.time() * 1000) - 10 * 3_600_000)
        cls.gateway = processes.Gateway(cls.work, cls.objects, cls.store_values())
        cls.good = cls.gateway.values
        done = processes.holdfast(cls.good, "backup", INSTANCE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        listing = processes.holdfast(cls.good, "list", INSTANCE).stdout
        cls.name = [line.split()[1] for line in listing.splitlines() if line.startswith(INSTANCE)][-1]

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.server.stop()
        cls.folder.cleanup()

    @classmethod
    def store_values(cls, **more):
        store = {"url": f"http://127.0.0.1:{cls.vm_port}", "dataPath": str(cls.data), "snapshotAuthKey": "right-key"}
        store.update(more)
        return {"holdfast": {INSTANCE: store}}

    def values(self, extra: dict) -> pathlib.Path:
        path = self.work / f"values-{self.id().rsplit('.', 1)[-1]}.yaml"
        base = json.loads(self.good.read_text())
        path.write_text(json.dumps(processes.merge(base, extra)))
        return path

    def fails(self, code: int, *wanted: str, values=None, arguments=("backup", INSTANCE), prefix=()):
        command = [*prefix, processes.holdfast_binary(), "-c", values or self.good, "--quiet", *arguments]
        done = processes.run(command)
        lines = [line for line in done.stderr.splitlines() if line.startswith("holdfast: ")]
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.assertEqual(len(lines), 1, done.stderr)
        for text in wanted:
            self.assertIn(text, lines[0])
        self.assertNotIn("right-key", done.stderr)
        self.assertNotIn(processes.SECRET_KEY, done.stderr)
        return lines[0]

    def still_whole(self):
        done = processes.holdfast(self.good, "--quiet", "verify", INSTANCE, "--deep")
        self.assertEqual(done.returncode, 0, done.stderr)

    # What the values say wrongly.

    def test_wrong_access_key(self):
        values = self.values({"minio": {"accessKey": "somebodyelse"}})
        self.fails(FAILED, "minio.accessKey", values=values)
        self.still_whole()

    def test_wrong_secret_key(self):
        values = self.values({"minio": {"secretKey": "notthesecretkey"}})
        line = self.fails(FAILED, values=values)
        self.assertNotIn("notthesecretkey", line)

    def test_wrong_bucket(self):
        values = self.values({INSTANCE: {"backup": {"bucketName": "no-such-bucket"}}})
        # Not "no such backup": a script must not take a mistake for an empty place.
        for command in ("list", "backup", "verify"):
            self.fails(FAILED, "no-such-bucket", values=values, arguments=(command, INSTANCE))

    def test_wrong_storage_folder(self):
        values = self.values({"holdfast": {"storage": {"folder": str(self.work / "no/such/folder")}}})
        self.fails(FAILED, "no/such", values=values, arguments=("gateway",))
        self.fails(FAILED, "no/such", values=values, arguments=("list", INSTANCE, "--direct"))

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([processes.holdfast_binary(), "-c", self.good, "list", INSTANCE], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("standard output", done.stderr)

    def test_an_interrupted_backup_gives_its_lease_back(self):
        slow = self.values({"holdfast": {INSTANCE: {"maxBytesPerSecond": 100_000}}})
        process = subprocess.Popen([processes.holdfast_binary(), "-c", slow, "--quiet", "backup", INSTANCE, "--full"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lease = self.objects / "sts-stackgraph-backup/.holdfast/leases" / f"{INSTANCE}.json"
        while process.poll() is None and json.loads(lease.read_text())["state"] != "held":
            time.sleep(0.02)
        self.assertIsNone(process.poll(), "the backup was over before it could be interrupted")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, FAILED, errors)
        self.assertEqual(json.loads(lease.read_text())["state"], "free", errors)
        self.still_whole()

    def test_a_link_in_the_place_of_a_bucket(self):
        root = self.work / "linked"
        root.mkdir()
        (root / BUCKET).symlink_to(self.work)
        values = self.values({"holdfast": {"storage": {"folder": str(root)}, "gateway": {"listen": f"127.0.0.1:{processes.free_port()}"}}})
        self.fails(FAILED, BUCKET, "links are not followed", values=values, arguments=("gateway",))

    def test_wrong_store_url(self):
        values = self.values(self.store_values(url=f"http://127.0.0.1:{processes.free_port()}"))
        self.fails(FAILED, "127.0.0.1", values=values)
        self.still_whole()

    def test_wrong_snapshot_key(self):
        values = self.values(self.store_values(snapshotAuthKey="wrong-snapshot-key"))
        line = self.fails(FAILED, "snapshotAuthKey", values=values)
        self.assertNotIn("wrong-snapshot-key", line)
        self.still_whole()

    def test_wrong_data_path(self):
        elsewhere = self.work / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        self.fails(REFUSED, "dataPath", values=self.values(self.store_values(dataPath=str(elsewhere))))
        listing = processes.http_get(f"{self.server.url}/snapshot/list?authKey=right-key").decode()
        self.assertIn('"snapshots":[]', listing)

    def test_unreachable_gateway(self):
        port = processes.free_port()
        values = self.values({"holdfast": {"gateway": {"url": f"http://127.0.0.1:{port}"}}})
        self.fails(FAILED, f"127.0.0.1:{port}", values=values)

    def test_unknown_store(self):
        self.fails(USAGE, "victoria-metrics-0", arguments=("list", "victoria-metrix-0"))

    def test_unknown_backup(self):
        self.fails(NOT_FOUND, arguments=("restore", INSTANCE, f"{INSTANCE}-19700101000000", "--yes"))

    def test_unknown_command_and_option(self):
        self.fails(USAGE, "'bakup'", arguments=("bakup", INSTANCE))
        self.fails(USAGE, "'chek'", "check, scrub", arguments=("storage", "chek"))
        self.fails(REFUSED, "--gateway", arguments=("storage", "check"))  # the running gateway has the folder
        self.fails(USAGE, arguments=("backup", INSTANCE, "--ful"))

    def test_no_values_file(self):
        self.fails(USAGE, "no-such-values.yaml", values=self.work / "no-such-values.yaml")

    def test_backup_switched_off(self):
        values = self.values({"backup": {"enabled": False}})
        self.fails(USAGE, "backup.enabled", values=values)
        self.fails(USAGE, "backup.enabled", values=values, arguments=("restore", INSTANCE, self.name, "--yes"))

    def test_restore_switched_off(self):
        values = self.values({INSTANCE: {"restore": {"enabled": False}}})
        self.fails(REFUSED, "victoria-metrics-0.restore.enabled", values=values, arguments=("restore", INSTANCE, self.name, "--yes"))

    # What stands in the way.

    def test_restore_over_a_running_server(self):
        rows = self.server.rows()
        self.fails(REFUSED, "the server is running", arguments=("restore", INSTANCE, self.name, "--yes"))
        self.assertEqual(self.server.rows(), rows)

    def test_restore_without_yes(self):
        target = self.work / "unasked"
        target.mkdir()
        values = self.values(self.store_values(dataPath=str(target)))
        self.fails(REFUSED, "--yes", values=values, arguments=("restore", INSTANCE, self.name))
        self.assertFalse((target / "data").exists())

    def test_second_gateway_on_the_same_folder(self):
        values = self.values({"holdfast": {"gateway": {"listen": f"127.0.0.1:{processes.free_port()}"}}})
        self.fails(REFUSED, str(self.objects), values=values, arguments=("gateway",))

    def test_gateway_port_in_use(self):
        values = self.values({"holdfast": {"storage": {"folder": str(self.work / "other-objects")}}})
        self.fails(REFUSED, str(self.gateway.port), values=values, arguments=("gateway",))

    # Disks.

    def on_small_disk(self, megabytes: int, options: str = "") -> pathlib.Path:
        if os.geteuid() != 0:
            self.skipTest("mounting a small file system needs root")
        disk = self.work / f"disk-{self.id().rsplit('.', 1)[-1]}"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m{options}", "tmpfs", disk], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", disk], check=True))
        return disk

    def test_full_disk_behind_the_gateway(self):
        disk = self.on_small_disk(1)
        work = self.work / "full"
        work.mkdir()
        small = {"holdfast": {"storage": {"reserved": 0}, INSTANCE: self.store_values()["holdfast"][INSTANCE]}}
        with processes.Gateway(work, disk / "objects", small) as gateway:
            self.fails(FAILED, "full", values=gateway.values)
            listing = processes.holdfast(gateway.values, "list", INSTANCE)
            self.assertNotIn(f"{INSTANCE}-", listing.stdout)

    def test_full_disk_on_restore(self):
        disk = self.on_small_disk(1)
        target = disk / "data"
        target.mkdir()
        (target / "data" / "small").mkdir(parents=True)
        (target / "data" / "small" / "old").write_text("old data")
        values = self.values(self.store_values(dataPath=str(target)))
        line = self.fails(REFUSED, "bytes free", values=values, arguments=("restore", INSTANCE, self.name, "--yes"))
        self.assertIn("make room, or give --in-place", line)
        self.assertEqual((target / "data" / "small" / "old").read_text(), "old data")
        self.assertFalse((target / "restore-in-progress").exists())

    def test_read_only_folder(self):
        disk = self.on_small_disk(256)
        work = self.work / "read-only"
        work.mkdir()
        with processes.Gateway(work, disk / "objects", self.store_values()) as gateway:
            self.assertEqual(processes.holdfast(gateway.values, "backup", INSTANCE).returncode, 0)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        line = self.fails(FAILED, str(disk), values=gateway.values, arguments=("gateway",))
        self.assertRegex(line, "(?i)read-only|denied")
        # What is there can still be read.
        listing = processes.holdfast(gateway.values, "list", INSTANCE, "--direct")
        self.assertIn(f"{INSTANCE}-", listing.stdout, listing.stderr)
        name = next(line.split()[1] for line in listing.stdout.splitlines() if line.startswith(INSTANCE))
        rescued = self.work / "rescued"
        rescued.mkdir()
        values = self.work / "rescue.yaml"
        values.write_text(json.dumps(processes.merge(json.loads(gateway.values.read_text()), self.store_values(dataPath=str(rescued)))))
        done = processes.holdfast(values, "restore", INSTANCE, name, "--direct", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("can only be read", done.stderr)
        self.assertTrue((rescued / "data").is_dir())

    def test_permission_denied_on_the_data(self):
        if os.geteuid() != 0:
            self.skipTest("running as another user needs root")
        self.data.chmod(0o700)
        for path in (self.work, self.good):
            path.chmod(0o755)
        values = self.values({})
        values.chmod(0o644)
        line = self.fails(FAILED, values=values, prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assertRegex(line, "(?i)permission")

    # Damage in the storage. Each works on a copy of the objects, behind a gateway of its own.

    def damaged(self, damage):
        work = self.work / f"damage-{self.id().rsplit('.', 1)[-1]}"
        work.mkdir()
        shutil.rmtree(work / "objects", ignore_errors=True)
        processes.run(["cp", "-a", self.objects, work / "objects"], check=True)
        version = work / "objects" / BUCKET / self.name
        damage(version)
        target = work / "data"
        (target / "data" / "small").mkdir(parents=True)
        (target / "data" / "small" / "old").write_text("old data")
        store = self.store_values(dataPath=str(target))
        with processes.Gateway(work, work / "objects", store) as gateway:
            line = self.fails(CORRUPT, values=gateway.values, arguments=("restore", INSTANCE, self.name, "--yes"))
            self.fails(CORRUPT, values=gateway.values, arguments=("verify", INSTANCE, self.name, "--deep"))
        self.assertEqual((target / "data" / "small" / "old").read_text(), "old data")
        self.assertFalse((target / "restore-in-progress").exists())
        self.assertFalse((target / ".holdfast-restore").exists())
        return line

    @staticmethod
    def largest(version: pathlib.Path) -> pathlib.Path:
        return max((p for p in version.rglob("*_*_*") if p.is_file()), key=lambda p: p.stat().st_size)

    def test_truncated_object(self):
        def cut(version):
            path = self.largest(version)
            os.truncate(path, path.stat().st_size // 2)
        self.damaged(cut)

    def test_flipped_byte(self):
        def flip(version):
            path = self.largest(version)
            with open(path, "r+b") as file:
                file.seek(path.stat().st_size // 2)
                byte = file.read(1)[0]
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte ^ 1]))
        line = self.damaged(flip)
        self.assertIn(".bin", line)

    def test_missing_object(self):
        self.damaged(lambda version: self.largest(version).unlink())

    def test_half_a_manifest(self):
        def halve(version):
            for path in version.glob("*manifest*"):
                os.truncate(path, path.stat().st_size // 2)
        self.damaged(halve)

    def test_a_marker_whose_manifest_is_gone(self):
        self.damaged(lambda version: [path.unlink() for path in version.glob("*manifest*")])

    def test_a_backup_of_vmbackup_alone_has_no_manifest(self):
        work = self.work / "plain"
        work.mkdir()
        processes.run(["cp", "-a", self.objects, work / "objects"], check=True)
        version = work / "objects" / BUCKET / self.name
        for path in version.glob("*manifest*"):
            path.unlink()
        # A file put there by hand is an object too; vmbackup's own marker is these two bytes.
        (version / "backup_complete.ignore").unlink()
        (version / "backup_complete.ignore").write_text("ok")
        (work / "data").mkdir()
        with processes.Gateway(work, work / "objects", self.store_values(dataPath=str(work / "data"))) as gateway:
            done = processes.holdfast(gateway.values, "restore", INSTANCE, self.name, "--yes")
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
