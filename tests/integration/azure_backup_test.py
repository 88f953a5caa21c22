#!/usr/bin/env python3
"""Backups of a real VictoriaMetrics in Azure Blob Storage (Azurite): through the gateway and around it, within bounded memory."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import azurite  # noqa: E402
import processes  # noqa: E402
import s3_clients  # noqa: E402
from azure.storage.blob import BlobServiceClient  # noqa: E402
from azure_gateway import azure_values  # noqa: E402

INSTANCE = "victoria-metrics-0"
BUCKET = "sts-victoria-metrics-backup"
MEBIBYTE = 1 << 20
# What the program needs by itself, and what it may hold of each body: one block.
BASE_MEMORY, HELD_BLOCK = 64 * MEBIBYTE, 8 * MEBIBYTE


class AzureBackupTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-azure-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.azurite = azurite.Azurite(cls.work)
        cls.addClassCleanup(cls.azurite.stop)
        cls.data, cls.restored = cls.work / "data", cls.work / "restored"
        cls.vm_port = processes.free_port()
        cls.gateway = processes.Gateway(cls.work, cls.work / "no-folder", cls.values(cls.data))
        cls.addClassCleanup(cls.gateway.stop)

    @classmethod
    def values(cls, data: pathlib.Path) -> dict:
        store = {"url": f"http://127.0.0.1:{cls.vm_port}", "dataPath": str(data)}
        return {**azure_values(cls.azurite), "holdfast": {INSTANCE: store}}

    def holdfast(self, *arguments, values=None) -> str:
        done = processes.holdfast(values or self.gateway.values, "--quiet", *arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}{done.stdout}\n{self.gateway.tail()}")
        self.assertNotIn(azurite.KEY, done.stdout + done.stderr)
        return done.stdout

    def test_a_backup_is_made_through_the_gateway_and_restored_around_it(self):
        with processes.VictoriaMetrics(self.work, self.data, port=self.vm_port) as server:
            server.ingest(300, 800, int(time.time() * 1000) - 24 * 3_600_000)
            first = json.loads(self.holdfast("--output", "json", "backup", INSTANCE))
            server.ingest(20, 800, int(time.time() * 1000) - 24 * 3_600_000, name="later")
            self.holdfast("backup", INSTANCE, "--direct")
            expected = server.export_lines()
        self.assertTrue(first)
        listed = self.holdfast("list", INSTANCE, "--direct")
        self.assertEqual(listed, self.holdfast("list", INSTANCE))
        name = [line.split()[1] for line in listed.splitlines() if line.startswith(INSTANCE)][-1]
        self.holdfast("verify", INSTANCE, name, "--deep", "--direct")
        with BlobServiceClient(self.azurite.url, credential=azurite.KEY) as client:
            names = [blob.name for blob in client.get_container_client(BUCKET).list_blobs(name_starts_with=name)]
        self.assertIn(f"{name}/backup_complete.ignore", names)
        values = self.work / "restore.yaml"
        processes.write_values(values, self.gateway.port, self.work / "no-folder", self.values(self.restored))
        self.restored.mkdir()
        self.gateway.stop()
        self.holdfast("restore", INSTANCE, name, "--yes", "--direct", values=values)
        with processes.VictoriaMetrics(self.work, self.restored, name="restored") as server:
            self.assertEqual(server.export_lines(), expected)
        self.assertFalse((self.work / "no-folder").exists())

    def test_large_bodies_pass_within_bounded_memory(self):
        work = self.work / "memory"
        work.mkdir()
        connections, size = 4, 96 * MEBIBYTE
        path = self.work / "large"
        with open(path, "wb") as file:
            for _ in range(size // MEBIBYTE):
                file.write(os.urandom(MEBIBYTE))
        with processes.Gateway(work, work / "no-folder", self.values(self.data)) as gateway:
            s3 = s3_clients.boto3_client(gateway.url)

            def put(number: int):
                where = {"Bucket": BUCKET, "Key": f"large/{number}"}
                with open(path, "rb") as file:
                    s3.put_object(**where, Body=file)
                digest = hashlib.md5()
                for chunk in s3.get_object(**where)["Body"].iter_chunks(MEBIBYTE):
                    digest.update(chunk)
                return digest.hexdigest(), s3.head_object(**where)["ETag"]

            with concurrent.futures.ThreadPoolExecutor(connections) as pool:
                answers = list(pool.map(put, range(connections)))
            with open(path, "rb") as file:
                wanted = hashlib.file_digest(file, "md5").hexdigest()
            self.assertEqual(answers, [(wanted, f'"{wanted}"')] * connections)
            self.assertLess(gateway.peak_memory(), BASE_MEMORY + connections * HELD_BLOCK)
            s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"large/{n}"} for n in range(connections)]})


if __name__ == "__main__":
    unittest.main()
