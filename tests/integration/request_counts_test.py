#!/usr/bin/env python3
"""What a run costs: requests in the backup's folder against the real vmbackup's on the same data, and memory. Counts, no times."""
import os
import pathlib
import re
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
REQUEST = re.compile(r'"(GET|PUT|POST|DELETE|HEAD) ([^"\\ ]+)')
MIB = 1 << 20


def peak_memory(command) -> int:
    """Runs a command to its end; its own peak resident memory in bytes."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode != 0:
            raise RuntimeError(f"{command}: {output.read().decode(errors='replace')[-2000:]}")
    return usage.ru_maxrss * 1024


class RequestCountsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-counts-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.data = cls.work / "data"
        cls.server = processes.VictoriaMetrics(cls.work, cls.data)
        cls.start_ms = int(time.time() * 1000) - 40 * 3_600_000
        cls.rows = cls.server.ingest(1000, 5000, cls.start_ms)
        cls.server.merge_parts(cls.rows)
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", {"holdfast": {
            "gateway": {"accessLog": True}, INSTANCE: {"url": cls.server.url, "dataPath": str(cls.data)}}})
        cls.credentials = cls.work / "credentials"
        cls.credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\naws_secret_access_key={processes.SECRET_KEY}\n")
        cls.seen = len(cls.gateway.log.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.server.stop()
        cls.folder.cleanup()

    def requests(self) -> list[str]:
        """`VERB target` of every request since the last call."""
        text = self.gateway.log.read_text()
        fresh, type(self).seen = text[self.seen:], len(text)
        return [f"{verb} {target}" for verb, target in REQUEST.findall(fresh)]

    def holdfast(self, *arguments) -> list[str]:
        done = processes.holdfast(self.gateway.values, "--quiet", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.requests()

    def vmbackup(self) -> list[str]:
        done = processes.run(["vmbackup", f"-storageDataPath={self.data}", f"-snapshot.createURL={self.server.url}/snapshot/create",
                              f"-dst=s3://{BUCKET}/peer", f"-customS3Endpoint={self.gateway.url}", f"-credsFilePath={self.credentials}",
                              f"-httpListenAddr=127.0.0.1:{processes.free_port()}"])
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.requests()

    def in_folder(self, requests, folder) -> list[str]:
        listed = [r for r in requests if f"/{BUCKET}" in r and f"prefix={folder}" in r.replace("%2F", "/") and "delimiter=" not in r]
        objects = [r for r in requests if f"/{BUCKET}/{folder}" in r]
        bulk = [r for r in requests if r.startswith(f"POST /{BUCKET}?delete") or r.startswith(f"POST /{BUCKET}/?delete")]
        return objects + [r for r in listed if r not in objects] + bulk

    def test_requests(self):
        first = self.holdfast("backup", INSTANCE)
        version = next(re.search(rf"{INSTANCE}-\d{{14}}", r).group() for r in first if re.search(rf"{INSTANCE}-\d{{14}}", r))
        self.vmbackup()

        ours, theirs = self.holdfast("backup", INSTANCE), self.vmbackup()
        ours_inside, theirs_inside = self.in_folder(ours, version), self.in_folder(theirs, "peer")
        print(f"\nunchanged: {len(ours_inside)} requests in the folder, vmbackup {len(theirs_inside)}")
        self.assertGreater(len(theirs_inside), 0)
        self.assertLessEqual(len(ours_inside), len(theirs_inside), "\n".join(ours))
        catalog = [r for r in ours if ".holdfast/" in r]
        print(f"lease, record and summary: {len(catalog)} requests")
        self.assertLessEqual(len(catalog), 6, "\n".join(catalog))
        self.assertGreaterEqual(len(catalog), 3, "no lease was taken?")

        self.server.ingest(500, 100, self.start_ms + 30 * 3_600_000)
        ours, theirs = self.holdfast("backup", INSTANCE), self.vmbackup()
        ours_inside, theirs_inside = self.in_folder(ours, version), self.in_folder(theirs, "peer")
        print(f"1 % new: {len(ours_inside)} requests in the folder, vmbackup {len(theirs_inside)}")
        self.assertGreater(len(theirs_inside), 4)
        self.assertLessEqual(len(ours_inside), len(theirs_inside) + 2, "\n".join(ours))

    def test_memory_is_bounded(self):
        big = self.work / "big"
        big.mkdir()
        # 16 parallel uploads of 64 MiB, by a client of nobody here.
        piece = big / "piece"
        piece.write_bytes(os.urandom(64 * MIB))
        for number in range(15):
            os.link(piece, big / f"piece-{number}")
        config = self.work / "rclone.conf"
        config.write_text(f"[gateway]\ntype = s3\nprovider = Minio\nendpoint = {self.gateway.url}\naccess_key_id = {processes.ACCESS_KEY}\n"
                          f"secret_access_key = {processes.SECRET_KEY}\nregion = us-east-1\n")
        done = processes.run(["rclone", "--config", config, "copy", big, "gateway:memory", "--transfers", "16", "--s3-upload-cutoff", "5G",
                              "--s3-disable-checksum"], env={"AWS_CA_BUNDLE": ""})
        self.assertEqual(done.returncode, 0, done.stderr)
        gateway = self.gateway.peak_memory()
        print(f"\ngateway after 16 parallel uploads of 64 MiB: {gateway / MIB:.0f} MiB at its peak")
        self.assertLess(gateway, 96 * MIB)

        binary, values = processes.holdfast_binary(), self.gateway.values
        peak = peak_memory([binary, "-c", values, "--quiet", "backup", INSTANCE, "--full"])
        print(f"full backup: {peak / MIB:.0f} MiB")
        self.assertLess(peak, 128 * MIB)
        listing = processes.holdfast(values, "list", INSTANCE).stdout
        name = [line.split()[1] for line in listing.splitlines() if line.startswith(INSTANCE)][-1]
        target = self.work / "restored"
        target.mkdir()
        restore_values = self.work / "restore.yaml"
        processes.write_values(restore_values, self.gateway.port, self.work / "objects", {"holdfast": {INSTANCE: {"dataPath": str(target)}}})
        peak = peak_memory([binary, "-c", restore_values, "--quiet", "restore", INSTANCE, name, "--yes"])
        print(f"full restore: {peak / MIB:.0f} MiB")
        self.assertLess(peak, 128 * MIB)
        self.assertLess(self.gateway.peak_memory(), 96 * MIB)


if __name__ == "__main__":
    unittest.main()
