#!/usr/bin/env python3
"""The command line clients that people use with S3, against the gateway: aws, rclone, s3cmd, vmbackup."""
import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import REGION, GatewayTestCase  # noqa: E402

MEBIBYTE = 1 << 20


class ToolTestCase(GatewayTestCase):
    OTHER_BUCKET = ""  # that is there already, where buckets cannot be made

    def tree(self, name: str) -> pathlib.Path:
        """Files of several sizes with awkward names, one of them sent in parts."""
        root = self.work / name
        for relative, size in (("empty", 0), ("small", 1000), ("dir/with blank & plus+", 5000), ("dir/ünïcødé", 10), ("dir/deep/er", 70_000),
                               ("big", 12 * MEBIBYTE + 3)):
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(size))
        return root

    def assert_same_tree(self, one: pathlib.Path, two: pathlib.Path):
        def content(root):
            return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

        self.assertTrue(content(one) == content(two), f"{sorted(content(one))} {sorted(content(two))}")

    def names(self, prefix: str) -> set[str]:
        return {key[len(prefix):] for key in self.keys(prefix)}


class AwsTest(ToolTestCase):
    """Debian's aws, which came before default checksums."""

    def aws(self, *command, code: int = 0) -> str:
        return self.run_tool("/usr/bin/aws", "--endpoint-url", self.gateway.url, *command, code=code)

    def test_copies_syncs_and_removes(self):
        tree, back = self.tree("aws-tree"), self.work / "aws-back"
        bucket = self.OTHER_BUCKET or "aws-bucket"
        at = f"s3://{bucket}"
        if not self.OTHER_BUCKET:
            self.aws("s3", "mb", at)
        self.assertIn(bucket, self.aws("s3", "ls"))
        self.aws("s3", "sync", str(tree), f"{at}/tree")
        self.assertNotIn("upload:", self.aws("s3", "sync", str(tree), f"{at}/tree"))
        self.aws("s3", "sync", f"{at}/tree", str(back))
        self.assert_same_tree(tree, back)
        self.aws("s3", "cp", f"{at}/tree/big", f"{at}/copy of big")
        self.assertEqual(self.get("copy of big", bucket), (tree / "big").read_bytes())
        self.aws("s3", "mv", f"{at}/copy of big", f"{at}/moved")
        self.assertIn("PRE tree/", self.aws("s3", "ls", f"{at}/"))
        self.assertIn("moved", self.aws("s3", "ls", f"{at}/", "--summarize"))
        if not self.OTHER_BUCKET:
            self.assertNotEqual(self.aws("s3", "rb", at, code=1).find("BucketNotEmpty"), -1)
        self.aws("s3", "rm", "--recursive", at)
        self.assertEqual(self.keys(bucket=bucket), [])
        if not self.OTHER_BUCKET:
            self.aws("s3", "rb", at)
            self.assertIn("NoSuchBucket", self.aws("s3", "ls", at, code=254))

    def test_single_calls(self):
        path = self.random_file("aws-one", 1000)
        where = ("--bucket", self.BUCKET, "--key", "one")
        self.assertIn("ETag", self.aws("s3api", "put-object", *where, "--body", str(path), "--metadata", "a=b"))
        self.assertIn('"a": "b"', self.aws("s3api", "head-object", *where))
        self.aws("s3api", "get-object", *where, "--range", "bytes=10-19", str(self.work / "aws-range"))
        self.assertEqual((self.work / "aws-range").read_bytes(), path.read_bytes()[10:20])
        link = self.aws("s3", "presign", f"s3://{self.BUCKET}/one").strip()
        self.assertEqual(processes.http_get(link), path.read_bytes())
        self.assertIn("404", self.aws("s3api", "head-object", "--bucket", self.BUCKET, "--key", "none", code=254))
        self.check_encryption(*where)

    def check_encryption(self, *where):
        """Encryption without a key of the gateway's own: the storages here have none to pass it to."""
        self.assertIn("NotImplemented", self.aws("s3api", "put-object", *where, "--server-side-encryption", "AES256", code=254))


class RcloneTest(ToolTestCase):
    def rclone(self, *command, code: int = 0, stdin: pathlib.Path | None = None) -> str:
        redirect = ("sh", "-c", 'exec "$@" < "$0"', stdin) if stdin else ()
        return self.run_tool(*redirect, "rclone", "--config", "/dev/null", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--retries", "1",
                             "--low-level-retries", "1", *command, code=code, env={
                                 "RCLONE_CONFIG_H_TYPE": "s3", "RCLONE_CONFIG_H_PROVIDER": "Minio", "RCLONE_CONFIG_H_ENDPOINT": self.gateway.url,
                                 "RCLONE_CONFIG_H_ACCESS_KEY_ID": processes.ACCESS_KEY, "RCLONE_CONFIG_H_REGION": REGION,
                                 "RCLONE_CONFIG_H_SECRET_ACCESS_KEY": processes.SECRET_KEY})

    def test_copies_checks_and_syncs(self):
        tree, back = self.tree("rclone-tree"), self.work / "rclone-back"
        at = f"H:{self.OTHER_BUCKET or 'rclone-bucket'}"
        if not self.OTHER_BUCKET:
            self.rclone("mkdir", at)
        self.rclone("copy", str(tree), f"{at}/tree")
        self.rclone("check", str(tree), f"{at}/tree")
        self.rclone("check", "--download", str(tree), f"{at}/tree")
        self.rclone("copy", f"{at}/tree", str(back))
        self.assert_same_tree(tree, back)
        (tree / "small").unlink()
        self.rclone("sync", str(tree), f"{at}/tree")
        self.assertEqual({name for name in self.rclone("lsf", "-R", "--files-only", f"{at}/tree").splitlines()},
                         {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()})
        self.s3.put_object(Bucket=self.BUCKET, Key="text", Body=b"0123456789")
        self.assertEqual(self.rclone("cat", "--offset", "3", "--count", "4", f"H:{self.BUCKET}/text"), "3456")
        if self.OTHER_BUCKET:
            self.rclone("delete", at)
            self.assertEqual(self.rclone("lsf", "-R", at), "")
        else:
            self.rclone("purge", at)
            self.assertNotIn(at[2:], self.rclone("lsd", "H:"))

    def test_times_streams_and_moves(self):
        path = self.random_file("rclone-times", 100)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        self.rclone("copyto", str(path), f"H:{self.BUCKET}/rclone/t")
        self.assertIn("2001-09-09", self.rclone("lsl", f"H:{self.BUCKET}/rclone"))
        os.utime(path, (1_100_000_000, 1_100_000_000))
        self.rclone("copyto", str(path), f"H:{self.BUCKET}/rclone/t")  # same bytes: a copy onto itself sets the time
        self.assertIn("2004-11-09", self.rclone("lsl", f"H:{self.BUCKET}/rclone"))
        self.assertEqual(self.get("rclone/t"), path.read_bytes())
        self.rclone("moveto", f"H:{self.BUCKET}/rclone/t", f"H:{self.BUCKET}/rclone/moved")
        self.rclone("copyto", f"H:{self.BUCKET}/rclone/moved", f"H:{self.BUCKET}/rclone/again")
        self.assertEqual(self.names("rclone/"), {"moved", "again"})
        stream = self.random_file("rclone-stream", 12 * MEBIBYTE)  # of a size that rclone does not know beforehand
        self.rclone("rcat", f"H:{self.BUCKET}/rclone/stream", stdin=stream)
        self.assertEqual(self.get("rclone/stream"), stream.read_bytes())
        self.rclone("deletefile", f"H:{self.BUCKET}/rclone/again")
        self.assertEqual(self.names("rclone/"), {"moved", "stream"})


class S3cmdTest(ToolTestCase):
    def s3cmd(self, *command, code: int = 0) -> str:
        config = self.work / "s3cfg"
        config.write_text(f"[default]\naccess_key = {processes.ACCESS_KEY}\nsecret_key = {processes.SECRET_KEY}\nhost_base = 127.0.0.1:"
                          f"{self.gateway.port}\nhost_bucket = 127.0.0.1:{self.gateway.port}\nuse_https = False\nmultipart_chunk_size_mb = 5\n")
        return self.run_tool("s3cmd", "-c", str(config), "--no-progress", *command, code=code)

    def test_puts_gets_and_syncs(self):
        tree, back = self.tree("s3cmd-tree"), self.work / "s3cmd-back"
        at = f"s3://{self.OTHER_BUCKET or 's3cmd-bucket'}"
        if not self.OTHER_BUCKET:
            self.s3cmd("mb", at)
        self.assertIn(at, self.s3cmd("ls"))
        self.s3cmd("sync", f"{tree}/", f"{at}/tree/")
        back.mkdir()
        self.s3cmd("sync", f"{at}/tree/", f"{back}/")
        self.assert_same_tree(tree, back)
        self.s3cmd("cp", f"{at}/tree/small", f"{at}/copied")
        self.s3cmd("mv", f"{at}/copied", f"{at}/moved")
        self.s3cmd("modify", "--add-header=x-amz-meta-tag:value", f"{at}/moved")
        self.assertIn("value", self.s3cmd("info", f"{at}/moved"))
        self.assertIn(f"{at}/", self.s3cmd("info", at))
        self.s3cmd("get", f"{at}/moved", str(self.work / "s3cmd-one"))
        self.assertEqual((self.work / "s3cmd-one").read_bytes(), (tree / "small").read_bytes())
        self.s3cmd("del", "--recursive", "--force", f"{at}/")
        self.assertEqual(self.s3cmd("ls", "--recursive", at), "")
        if not self.OTHER_BUCKET:
            self.s3cmd("rb", at)
            self.assertNotIn(at, self.s3cmd("ls"))


class VmbackupTest(ToolTestCase):
    """The native tools of VictoriaMetrics: what holdfast's own driver is compared with."""

    def setUp(self):
        self.credentials = self.work / "credentials"
        self.credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\naws_secret_access_key={processes.SECRET_KEY}\n")
        self.remote = (f"-customS3Endpoint={self.gateway.url}", f"-credsFilePath={self.credentials}", "-loggerLevel=WARN")

    def vmbackup(self, server, data: pathlib.Path, target: str, *more):
        self.run_tool("vmbackup", f"-httpListenAddr=127.0.0.1:{processes.free_port()}", f"-storageDataPath={data}",
                      f"-snapshot.createURL={server.url}/snapshot/create", f"-dst=s3://{self.BUCKET}/{target}", *self.remote, *more)

    def test_backs_up_and_restores(self):
        data, restored = self.work / "vm-data", self.work / "vm-restored"
        with processes.VictoriaMetrics(self.work, data) as server:
            start = int(time.time() * 1000) - 24 * 3_600_000
            server.ingest(500, 400, start)
            self.vmbackup(server, data, "vm/latest")
            server.ingest(50, 400, start, name="later")
            self.vmbackup(server, data, "vm/latest")
            self.vmbackup(server, data, "vm/dated", f"-origin=s3://{self.BUCKET}/vm/latest")
            expected = server.export_lines()
        self.assertIn("vm/latest/backup_complete.ignore", self.keys("vm/latest/"))
        for source in ("vm/latest", "vm/dated"):
            shutil.rmtree(restored, ignore_errors=True)
            self.run_tool("vmrestore", f"-httpListenAddr=127.0.0.1:{processes.free_port()}", f"-storageDataPath={restored}",
                          f"-src=s3://{self.BUCKET}/{source}", *self.remote)
            with processes.VictoriaMetrics(self.work, restored, name="restored") as server:
                self.assertEqual(server.export_lines(), expected, source)


del ToolTestCase, GatewayTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
