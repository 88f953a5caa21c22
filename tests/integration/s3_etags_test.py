#!/usr/bin/env python3
"""Clients over buckets whose ETags are not the MD5 of the bytes, as SSE-KMS makes them, with only the documented policy: who checks what is
in docs/design/s3-upstream.md. The upstream is moto behind the proxy that swaps its ETags."""
import os
import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from s3_clients import REGION, boto3_client  # noqa: E402

MEBIBYTE = 1 << 20


class EtagTestCase(s3_upstream.UpstreamTestCase):
    def assert_marked(self, etag: str):
        self.assertRegex(etag, r'^"[0-9a-f]{32}-0"$')

    def test_every_answer_marks_them(self):
        where = {"Bucket": self.BUCKET, "Key": "marked"}
        put = self.s3.put_object(**where, Body=b"some bytes")
        self.assert_marked(put["ETag"])
        self.assertEqual(put.get("ServerSideEncryption"), "aws:kms" if self.proxy.kms else None)
        for seen in (self.s3.head_object(**where), self.s3.get_object(**where), self.s3.list_objects_v2(Bucket=self.BUCKET, Prefix="marked")["Contents"][0],
                     self.s3.copy_object(**where, CopySource={"Bucket": self.BUCKET, "Key": "marked"}, MetadataDirective="REPLACE")["CopyObjectResult"]):
            self.assertEqual(seen["ETag"], put["ETag"])
        self.assertEqual(self.raw_get("marked"), b"some bytes")

    def test_what_is_given_back_is_stripped(self):
        where = {"Bucket": self.BUCKET, "Key": "stripped"}
        etag = self.s3.put_object(**where, Body=b"1")["ETag"]
        again = self.s3.put_object(**where, Body=b"2", IfMatch=etag)["ETag"]
        self.assert_code("PreconditionFailed", self.s3.put_object, **where, Body=b"3", IfMatch=etag)
        self.assertEqual(self.s3.get_object(**where, IfMatch=again)["Body"].read(), b"2")
        self.assert_code("304", self.s3.get_object, **where, IfNoneMatch=again)
        self.assertEqual(self.proxy.bad_etags, [])

    def test_parts_too(self):
        where = {"Bucket": self.BUCKET, "Key": "parts"}
        parts = [os.urandom(5 * MEBIBYTE), os.urandom(1000)]
        upload = self.s3.create_multipart_upload(**where)["UploadId"]
        done = [{"PartNumber": i, "ETag": self.s3.upload_part(**where, UploadId=upload, PartNumber=i, Body=part)["ETag"]}
                for i, part in enumerate(parts, 1)]
        for part in done:
            self.assert_marked(part["ETag"])
        etag = self.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})["ETag"]
        self.assertRegex(etag, r'^"[0-9a-f]{32}-2"$')
        self.assertEqual(self.get("parts"), b"".join(parts))

    def test_it_is_remembered(self):
        self.s3.put_object(Bucket=self.BUCKET, Key="remembered", Body=b"x")
        note = self.raw.get_object(Bucket="up-stackgraph", Key=f".holdfast/etags/{self.BUCKET}.json")["Body"].read()
        self.assertIn(b'"etags":"other"', note)
        self.assertEqual([key for key in self.keys(".holdfast/")], [], "the probe is gone")
        probes = self.proxy.seen.count("DeleteObject")
        work = self.work / "second"
        work.mkdir()
        with processes.Gateway(work, work / "unused", s3_upstream.upstream_values(self.proxy.url)) as second:
            self.assert_marked(boto3_client(second.url).head_object(Bucket=self.BUCKET, Key="remembered")["ETag"])
        self.assertEqual(self.proxy.seen.count("DeleteObject"), probes, "no second probe")

    def files(self, name: str) -> pathlib.Path:
        self.random_file(f"{name}/small", 1000)
        self.random_file(f"{name}/dir/empty", 0)
        return self.random_file(f"{name}/large", 12 * MEBIBYTE + 3).parent

    def assert_same(self, one: pathlib.Path, two: pathlib.Path):
        def content(root):
            return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

        self.assertTrue(content(one) == content(two), f"{sorted(content(one))} {sorted(content(two))}")

    def test_rclone(self):
        settings = {"RCLONE_CONFIG_H_TYPE": "s3", "RCLONE_CONFIG_H_PROVIDER": "Minio", "RCLONE_CONFIG_H_ENDPOINT": self.gateway.url,
                    "RCLONE_CONFIG_H_ACCESS_KEY_ID": processes.ACCESS_KEY, "RCLONE_CONFIG_H_REGION": REGION,
                    "RCLONE_CONFIG_H_SECRET_ACCESS_KEY": processes.SECRET_KEY}

        def rclone(*command, code=0):
            return self.run_tool("rclone", "--config", "/dev/null", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", "--retries", "1",
                                 "--low-level-retries", "1", *command, code=code, env=settings)

        tree, back = self.files("rclone"), self.work / "rclone-back"
        # It compares the ETag of an object made of parts with the MD5 of the parts' MD5s, whatever its form, unless told not to.
        self.assertIn("Etag differ", rclone("copy", str(tree), f"H:{self.BUCKET}/rclone", code=1))
        settings["RCLONE_S3_USE_MULTIPART_ETAG"] = "false"
        rclone("copy", str(tree), f"H:{self.BUCKET}/rclone")
        rclone("check", str(tree), f"H:{self.BUCKET}/rclone")
        rclone("copyto", f"H:{self.BUCKET}/rclone/small", f"H:{self.BUCKET}/rclone-copied")
        rclone("copy", f"H:{self.BUCKET}/rclone", str(back))
        self.assert_same(tree, back)

    def test_s3cmd(self):
        config = self.work / "s3cfg"
        config.write_text(f"[default]\naccess_key = {processes.ACCESS_KEY}\nsecret_key = {processes.SECRET_KEY}\nhost_base = 127.0.0.1:"
                          f"{self.gateway.port}\nhost_bucket = 127.0.0.1:{self.gateway.port}\nuse_https = False\nmultipart_chunk_size_mb = 5\n")
        tree, back = self.files("s3cmd"), self.work / "s3cmd-back"
        back.mkdir()
        s3cmd = ("s3cmd", "-c", str(config), "--no-progress")
        self.run_tool(*s3cmd, "sync", f"{tree}/", f"s3://{self.BUCKET}/s3cmd/")
        printed = self.run_tool(*s3cmd, "sync", f"s3://{self.BUCKET}/s3cmd/", f"{back}/")
        self.assertNotIn("MD5", printed)
        self.assert_same(tree, back)

    def test_vmbackup(self):
        credentials = self.work / "credentials"
        credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\naws_secret_access_key={processes.SECRET_KEY}\n")
        remote = (f"-customS3Endpoint={self.gateway.url}", f"-credsFilePath={credentials}", "-loggerLevel=WARN")
        data, restored = self.work / "vm-data", self.work / "vm-restored"
        with processes.VictoriaMetrics(self.work, data) as server:
            server.ingest(200, 200, int(time.time() * 1000) - 24 * 3_600_000)
            for _ in range(2):  # the second run changes nothing and lists what the first one wrote
                self.run_tool("vmbackup", f"-httpListenAddr=127.0.0.1:{processes.free_port()}", f"-storageDataPath={data}",
                              f"-snapshot.createURL={server.url}/snapshot/create", f"-dst=s3://{self.BUCKET}/vm", *remote)
            expected = server.export_lines()
        self.run_tool("vmrestore", f"-httpListenAddr=127.0.0.1:{processes.free_port()}", f"-storageDataPath={restored}",
                      f"-src=s3://{self.BUCKET}/vm", *remote)
        with processes.VictoriaMetrics(self.work, restored, name="restored") as server:
            self.assertEqual(server.export_lines(), expected)
        shutil.rmtree(restored)


class EncryptedTest(EtagTestCase):
    PROXY = {"allowed": s3_upstream.ALLOWED, "etags": "random", "kms": True}


class OtherEtagsTest(EtagTestCase):
    """Without a word of encryption."""

    PROXY = {"allowed": s3_upstream.ALLOWED, "etags": "random"}


del EtagTestCase  # a base only

if __name__ == "__main__":
    unittest.main()
