#!/usr/bin/env python3
"""VictoriaMetrics with everything real: the server, vmbackup and vmrestore of Debian, the program, its gateway on a folder."""
import json
import os
import pathlib
import re
import shutil
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
KEY = "snapshot-key"
HOUR = 3_600_000


class StoreTestCase(unittest.TestCase):
    """One gateway a class; a data folder and a server of its own for every test, in a bucket without backups."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-vm-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.objects = cls.work / "objects"
        cls.gateway = processes.Gateway(cls.work, cls.objects)
        cls.credentials = cls.work / "credentials"
        cls.credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\naws_secret_access_key={processes.SECRET_KEY}\n")
        cls.start_ms = int(time.time() * 1000) - 40 * 24 * HOUR

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.folder.cleanup()

    def setUp(self):
        name = self.id().rsplit(".", 1)[-1]
        self.data = self.work / name / "data"
        self.data.mkdir(parents=True)
        shutil.rmtree(self.objects / BUCKET)
        (self.objects / BUCKET).mkdir()
        self.vm_port = processes.free_port()
        self.values = self.values_for(INSTANCE, self.data, self.vm_port)

    def values_for(self, instance, data, port) -> pathlib.Path:
        path = self.work / f"{self.id().rsplit('.', 1)[-1]}-{instance}.yaml"
        processes.write_values(path, self.gateway.port, self.objects, {"holdfast": {instance: {
            "url": f"http://127.0.0.1:{port}", "dataPath": str(data), "snapshotAuthKey": KEY}}})
        return path

    def server(self, data=None, port=None):
        data = data or self.data
        return processes.VictoriaMetrics(self.work, data, KEY, port=port or self.vm_port, name=f"{data.parent.name}-{data.name}")

    def holdfast(self, *arguments, code=0, values=None):
        done = processes.holdfast(values or self.values, "--quiet", *arguments)
        self.assertEqual(done.returncode, code, f"holdfast {arguments}: {done.stderr}{done.stdout}")
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done

    def backup(self, *options, values=None, instance=INSTANCE) -> dict:
        return json.loads(self.holdfast("--output", "json", "backup", instance, *options, values=values).stdout)

    def listed(self) -> list[str]:
        lines = self.holdfast("list", INSTANCE).stdout.splitlines()
        return [line.split()[1] for line in lines if line.startswith(INSTANCE)]

    def snapshots(self, server) -> list[str]:
        return json.loads(processes.http_get(f"{server.url}/snapshot/list?authKey={KEY}"))["snapshots"]

    def exported(self, data) -> list[str]:
        """What a server finds in that folder."""
        with self.server(data, processes.free_port()) as server:
            return server.export_lines()

    def tool(self, name, *arguments) -> subprocess.CompletedProcess:
        return processes.run([name, *arguments, f"-customS3Endpoint={self.gateway.url}", f"-credsFilePath={self.credentials}",
                              f"-httpListenAddr=127.0.0.1:{processes.free_port()}"])

    def vmbackup(self, server, version):
        done = self.tool("vmbackup", f"-storageDataPath={self.data}", f"-dst=s3://{BUCKET}/{version}",
                         f"-snapshot.createURL={server.url}/snapshot/create?authKey={KEY}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def vmrestored(self, version) -> list[str]:
        target = self.data.parent / "vmrestored"
        shutil.rmtree(target, ignore_errors=True)
        done = self.tool("vmrestore", f"-storageDataPath={target}", f"-src=s3://{BUCKET}/{version}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.exported(target)

    def requests_in(self, version, since) -> list[str]:
        """METHOD of every request in that version's folder in the gateway's access log after `since` lines."""
        out = []
        for line in self.gateway.log.read_text().splitlines()[since:]:
            found = re.search(r'"(GET|PUT|POST|DELETE|HEAD) (\S+)', line)
            if found and version in found.group(2):
                out.append(found.group(1))
            elif found and found.group(1) == "POST" and f"/{BUCKET}" in found.group(2):
                out.append("POST")  # a bulk delete names its keys in its body
        return out

    def log_lines(self) -> int:
        return len(self.gateway.log.read_text().splitlines())


class BackupTest(StoreTestCase):
    def test_full_incremental_merged_and_restored(self):
        with self.server() as server:
            server.ingest(200, 500, self.start_ms, 100_000)
            first = self.backup()
            self.assertRegex(first["name"], f"^{INSTANCE}-[0-9]{{14}}$")
            self.assertFalse(self.backup()["changed"])
            server.ingest(200, 50, self.start_ms + 30 * 24 * HOUR)
            second = self.backup()
            self.assertEqual(second["name"], first["name"])
            self.assertGreater(second["objects_reused"], 0)
            server.merge_parts()
            server.ingest(10, 10, self.start_ms + 31 * 24 * HOUR)
            self.backup()
            self.assertEqual(self.snapshots(server), [])
            saved = server.export_lines()
            server.ingest(300, 50, self.start_ms + 32 * 24 * HOUR)
        self.assertEqual(self.listed(), [first["name"]])
        self.holdfast("verify", INSTANCE, "--deep")
        self.assertEqual(self.vmrestored(first["name"]), saved)
        restored = json.loads(self.holdfast("--output", "json", "restore", INSTANCE, first["name"], "--yes").stdout)
        self.assertGreater(restored["objects_reused"], 0)
        self.assertEqual(self.exported(self.data), saved)
        shutil.rmtree(self.data)
        self.holdfast("restore", INSTANCE, first["name"], "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_in_place(self):
        with self.server() as server:
            server.ingest(100, 300, self.start_ms)
            name = self.backup()["name"]
            saved = server.export_lines()
        shutil.rmtree(self.data)
        self.data.mkdir()
        with self.server() as server:  # another volume, whose index tables would hide the restored ones
            server.ingest(50, 100, self.start_ms, name="other")
        self.holdfast("restore", INSTANCE, name, "--in-place", "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_in_place_touches_only_what_is_the_servers(self):
        with self.server() as server:
            server.ingest(100, 300, self.start_ms)
            name = self.backup()["name"]
            saved = server.export_lines()
            server.ingest(10, 10, self.start_ms)
        outside = self.data.parent / "outside"
        outside.mkdir()
        for keep in (outside / "precious", self.data / "objects" / "precious"):
            keep.parent.mkdir(exist_ok=True)
            keep.write_text("kept")
        (self.data / "data/small/2020_01").symlink_to(outside)
        self.holdfast("restore", INSTANCE, name, "--in-place", "--yes")
        self.assertEqual((outside / "precious").read_text(), "kept")
        self.assertEqual((self.data / "objects" / "precious").read_text(), "kept")
        self.assertFalse((self.data / "data/small/2020_01").is_symlink())
        self.assertEqual(self.exported(self.data), saved)

    def test_a_wrong_data_path_is_refused_and_nothing_is_made_in_it(self):
        with self.server() as server:
            server.ingest(10, 10, self.start_ms)
            name = self.backup()["name"]
            wrong = self.data.parent / "wrong"
            (wrong / "store").mkdir(parents=True)
            values = self.values_for(INSTANCE, wrong, self.vm_port)
            self.holdfast("backup", INSTANCE, values=values, code=4)
            for mode in ((), ("--in-place",)):
                self.holdfast("restore", INSTANCE, name, "--yes", *mode, values=values, code=4)
        self.assertEqual([path.name for path in wrong.iterdir()], ["store"])

    def test_an_emptied_volume_starts_one_new_version(self):
        with self.server() as server:
            server.ingest(100, 300, self.start_ms)
            full = self.backup()["name"]
            saved = server.export_lines()
        shutil.rmtree(self.data)
        self.data.mkdir()
        time_of_names = full
        with self.server() as server:
            empty = self.backup()
            self.assertGreater(empty["name"], time_of_names)
            self.assertTrue(any("no samples" in line for line in empty["warnings"]))
            self.assertFalse(self.backup()["changed"])
            server.ingest(10, 10, self.start_ms)
            self.assertEqual(self.backup()["name"], empty["name"])
        self.assertEqual(self.listed(), [full, empty["name"]])
        self.assertEqual(self.vmrestored(full), saved)
        self.holdfast("restore", INSTANCE, full, "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_samples_deleted_under_the_index_start_a_new_version(self):
        with self.server() as server:
            server.ingest(100, 3000, self.start_ms, 600_000)
            full = self.backup()["name"]
            saved = server.export_lines()
        for part in ("small", "big"):
            shutil.rmtree(self.data / "data" / part)
        with self.server() as server:
            server.ingest(100, 100, int(time.time() * 1000) - HOUR)
            lost = self.backup()
            self.assertGreater(lost["name"], full)
            self.assertTrue(lost["warnings"])
        self.assertEqual(self.vmrestored(full), saved)

    def test_requests(self):
        with self.server() as server:
            server.ingest(500, 500, self.start_ms)
            self.backup()
            name = self.listed()[0]
            reference = f"{INSTANCE}-vmbackup"
            self.vmbackup(server, reference)
            counts = {}
            for case in ("unchanged", "one percent"):
                if case == "one percent":
                    server.ingest(500, 5, self.start_ms + 24 * HOUR)
                since = self.log_lines()
                self.vmbackup(server, reference)
                theirs = self.requests_in(reference, since)
                since = self.log_lines()
                self.backup()
                counts[case] = (theirs, self.requests_in(name, since))
        print(json.dumps(counts))
        theirs, ours = counts["unchanged"]
        self.assertLessEqual(len(ours), len(theirs), counts)
        theirs, ours = counts["one percent"]
        self.assertGreater(theirs.count("PUT"), 2, "nothing changed")
        self.assertLessEqual(len(ours), len(theirs) + 2, counts)

    def test_memory_is_bounded(self):
        with self.server() as server:
            server.ingest(500, 5000, self.start_ms, 60_000)
            for arguments in (("backup", INSTANCE), ("backup", INSTANCE, "--full")):
                self.assertLess(self.peak_mib(*arguments), 128)
        name = self.listed()[-1]
        shutil.rmtree(self.data)
        self.assertLess(self.peak_mib("restore", INSTANCE, name, "--yes"), 128)

    def peak_mib(self, *arguments) -> float:
        command = [processes.holdfast_binary(), "-c", str(self.values), "--quiet", *arguments]
        child = os.spawnv(os.P_NOWAIT, command[0], command)
        _, status, usage = os.wait4(child, 0)
        self.assertEqual(status, 0, arguments)
        return usage.ru_maxrss / 1024

    def test_snapshots_of_others_stay_and_a_killed_runs_goes(self):
        with self.server() as server:
            server.ingest(50, 50, self.start_ms)
            url = f"{server.url}/snapshot/create?authKey={KEY}"
            theirs = json.loads(processes.http_get(url))["snapshot"]
            for point in ("vm.create_snapshot:after", "vm.send:before", "vm.delete_snapshot:before"):
                server.ingest(5, 5, self.start_ms + HOUR)
                done = processes.holdfast(self.values, "backup", INSTANCE, env={"HOLDFAST_KILL_AT": point})
                self.assertEqual(done.returncode, -9, done.stderr)
                self.assertEqual(len(self.snapshots(server)), 2, point)
                self.backup()
                self.assertEqual(self.snapshots(server), [theirs], point)


class CompatibilityTest(StoreTestCase):
    def test_vmbackups_backup_is_listed_restored_and_continued(self):
        version = f"{INSTANCE}-20231128160000"
        with self.server() as server:
            server.ingest(200, 300, self.start_ms)
            self.vmbackup(server, version)
            saved = server.export_lines()
            self.assertEqual(self.listed(), [version])
            server.ingest(20, 30, self.start_ms + 24 * HOUR)
            outcome = self.backup()
            self.assertEqual(outcome["name"], version)
            self.assertGreater(outcome["objects_reused"], outcome["objects_sent"])
            after = server.export_lines()
        self.assertNotEqual(saved, after)
        self.assertEqual(self.vmrestored(version), after)
        shutil.rmtree(self.data)
        self.holdfast("restore", INSTANCE, version, "--yes")
        self.assertEqual(self.exported(self.data), after)

    def test_vmbackup_alone(self):
        version = f"{INSTANCE}-20231128160000"
        with self.server() as server:
            server.ingest(100, 100, self.start_ms)
            self.vmbackup(server, version)
            saved = server.export_lines()
        shutil.rmtree(self.data)
        self.holdfast("restore", INSTANCE, version, "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_vmbackup_of_an_empty_server_is_whole_and_without_its_index_nothing_is(self):
        version = f"{INSTANCE}-20231128160000"
        with self.server() as server:
            self.vmbackup(server, version)
            self.holdfast("verify", INSTANCE, version, "--deep")
            self.assertEqual(self.listed(), [version])
            server.ingest(5, 5, self.start_ms)
            self.vmbackup(server, version)
            saved = server.export_lines()
        self.holdfast("restore", INSTANCE, version, "--yes")
        self.assertEqual(self.exported(self.data), saved)
        shutil.rmtree(self.objects / BUCKET / version / "indexdb")
        before = sorted(path for path in self.data.rglob("*"))
        self.holdfast("verify", INSTANCE, version, code=5)
        for mode in ((), ("--in-place",)):
            self.holdfast("restore", INSTANCE, version, "--yes", *mode, code=5)
        self.assertEqual(sorted(path for path in self.data.rglob("*")), before)
        self.assertEqual(self.exported(self.data), saved)

    def test_vmbackup_continues_ours_and_we_continue_it_again(self):
        with self.server() as server:
            rows = server.ingest(200, 300, self.start_ms)
            name = self.backup()["name"]
            rows += server.ingest(20, 30, self.start_ms + 24 * HOUR)
            # A snapshot leaves out what a merge has in hand that was never on disk.
            server.merge_parts(rows)
            self.vmbackup(server, name)
            saved = server.export_lines()
            self.assertEqual(self.vmrestored(name), saved)
            self.assertEqual(self.listed(), [name])
            self.holdfast("verify", INSTANCE, name, "--deep")
            server.ingest(20, 30, self.start_ms + 25 * 24 * HOUR)
            self.assertEqual(self.backup()["name"], name)
            saved = server.export_lines()
        self.assertEqual(self.vmrestored(name), saved)
        self.holdfast("restore", INSTANCE, name, "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_vmbackup_writes_into_the_folder_directly(self):
        version = f"{INSTANCE}-latest"
        with self.server() as server:
            server.ingest(100, 100, self.start_ms)
            done = processes.run(["vmbackup", f"-storageDataPath={self.data}", f"-dst=fs://{self.objects / BUCKET / version}",
                                  f"-snapshot.createURL={server.url}/snapshot/create?authKey={KEY}",
                                  f"-httpListenAddr=127.0.0.1:{processes.free_port()}"])
            self.assertEqual(done.returncode, 0, done.stderr)
            saved = server.export_lines()
        self.assertEqual(self.listed(), [version])
        shutil.rmtree(self.data)
        self.holdfast("restore", INSTANCE, version, "--yes")
        self.assertEqual(self.exported(self.data), saved)

    def test_vmrestore_reads_the_folder_directly(self):
        with self.server() as server:
            server.ingest(100, 100, self.start_ms)
            name = self.backup()["name"]
            saved = server.export_lines()
        target = self.data.parent / "direct"
        done = processes.run(["vmrestore", f"-storageDataPath={target}", f"-src=fs://{self.objects / BUCKET / name}",
                              f"-httpListenAddr=127.0.0.1:{processes.free_port()}"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.exported(target), saved)

    def test_the_second_instance_shares_the_bucket(self):
        with self.server() as server:
            server.ingest(50, 100, self.start_ms)
            first = self.backup()["name"]
        other = self.work / "second" / "data"
        other.mkdir(parents=True)
        port = processes.free_port()
        values = self.values_for("victoria-metrics-1", other, port)
        with self.server(other, port) as server:
            server.ingest(70, 100, self.start_ms)
            second = self.backup(values=values, instance="victoria-metrics-1")["name"]
            saved = server.export_lines()
        self.assertTrue(second.startswith("victoria-metrics-1-"))
        self.assertEqual(self.listed(), [first])
        shutil.rmtree(other)
        self.holdfast("restore", "victoria-metrics-1", second, "--yes", values=values)
        self.assertEqual(self.exported(other), saved)


class CopyAndDrillTest(StoreTestCase):
    def test_dated_copies_restore_and_are_never_continued(self):
        with self.server() as server:
            server.ingest(100, 200, self.start_ms)
            name = self.backup()["name"]
            saved = server.export_lines()
            copy = self.backup("--copy")["name"]
            server.ingest(100, 20, self.start_ms + 24 * HOUR)
            self.assertEqual(self.backup()["name"], name)
        self.assertEqual(self.listed(), [name, copy])
        self.assertEqual(self.vmrestored(copy), saved)
        objects = self.objects / BUCKET
        linked = [path for path in (objects / copy).rglob("*") if path.is_file() and path.stat().st_nlink > 1]
        print(f"{len(linked)} objects of the copy take no space")

    def test_a_killed_removal_of_a_copy_is_finished_by_prune(self):
        with self.server() as server:
            server.ingest(100, 200, self.start_ms)
            name = self.backup()["name"]
            copy = self.backup("--copy")["name"]
        objects = self.objects / BUCKET / copy
        (objects / "backup_complete.ignore").unlink()  # what a removal that is killed in its midst leaves
        shutil.rmtree(objects / "data")
        self.holdfast("prune", INSTANCE)
        self.assertEqual(self.listed(), [name])
        self.assertFalse(objects.exists())

    def test_drill_proves_what_was_recorded(self):
        with self.server() as server:
            server.ingest(150, 200, self.start_ms)
            self.backup()
        before = {path: path.stat().st_mtime_ns for path in self.data.rglob("*")}
        done = self.holdfast("drill", INSTANCE)
        self.assertIn("30000", done.stdout)
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.data.rglob("*")}, before)
        self.assertEqual([name for name in os.listdir(tempfile.gettempdir()) if name.startswith("holdfast-server")], [])

    def test_drill_of_a_broken_backup_fails(self):
        with self.server() as server:
            server.ingest(50, 100, self.start_ms)
            name = self.backup()["name"]
        target = next(path for path in (self.objects / BUCKET / name).rglob("*") if "values.bin" in str(path) and path.is_file())
        content = bytearray(target.read_bytes())
        content[len(content) // 2] ^= 0x20
        os.chmod(target, 0o600)
        target.write_bytes(content)
        self.holdfast("drill", INSTANCE, code=5)


if __name__ == "__main__":
    unittest.main()
