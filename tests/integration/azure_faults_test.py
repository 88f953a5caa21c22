#!/usr/bin/env python3
"""The gateway over an Azure that refuses requests and loses answers: what it acknowledged is there, whole, and nothing is done twice."""
import hashlib
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import azurite  # noqa: E402
import processes  # noqa: E402
import s3_clients  # noqa: E402
from azure.storage.blob import BlobServiceClient  # noqa: E402
from azure_gateway import azure_values  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402

MEBIBYTE = 1 << 20


class FaultsTest(s3_clients.GatewayTestCase):
    @classmethod
    def storage_values(cls) -> dict:
        cls.azurite = azurite.Azurite(cls.work)
        cls.addClassCleanup(cls.azurite.stop)
        cls.proxy = FaultProxy(cls.azurite.port, refuse=5, lose=7)
        cls.addClassCleanup(cls.proxy.stop)
        cls.blobs = BlobServiceClient(cls.azurite.url, credential=azurite.KEY)
        cls.addClassCleanup(cls.blobs.close)
        return azure_values(cls.azurite, accountName=azurite.ACCOUNT, accountKey=azurite.KEY, endpoint=f"{cls.proxy.url}/{azurite.ACCOUNT}")

    def setUp(self):
        self.proxy.active = True

    def tearDown(self):
        self.proxy.active = False

    def stored(self, key: str) -> bytes:
        return self.blobs.get_blob_client(self.BUCKET, key).download_blob().readall()

    def test_every_acknowledged_object_is_whole(self):
        lost, refused = self.proxy.lost, self.proxy.refused
        for number in range(12):
            size = (0, 10, 300_000, 17 * MEBIBYTE)[number % 4]
            body = os.urandom(size)
            etag = self.s3.put_object(Bucket=self.BUCKET, Key=f"put/{number}", Body=body)["ETag"]
            self.assertEqual(etag, f'"{hashlib.md5(body).hexdigest()}"')
            self.assertEqual(self.stored(f"put/{number}"), body)
            self.assertEqual(self.get(f"put/{number}"), body)
            self.s3.copy_object(Bucket=self.BUCKET, Key=f"copy/{number}", CopySource={"Bucket": self.BUCKET, "Key": f"put/{number}"})
            self.assertEqual(self.stored(f"copy/{number}"), body)
        self.assertEqual(len(self.keys("put/")), 12)
        answer = self.s3.delete_objects(Bucket=self.BUCKET, Delete={"Objects": [{"Key": f"put/{n}"} for n in range(12)]})
        self.assertNotIn("Errors", answer)
        self.assertEqual(self.keys("put/"), [])
        # Both kinds of fault were really met.
        self.assertGreater(self.proxy.refused, refused)
        self.assertGreater(self.proxy.lost, lost)

    def test_a_gateway_starts_all_the_same(self):
        work = self.work / "started"
        work.mkdir()
        with azurite.Azurite(work) as empty:
            proxy = FaultProxy(empty.port, refuse=3, lose=4)
            self.addCleanup(proxy.stop)
            proxy.active = True
            account = {"accountName": azurite.ACCOUNT, "accountKey": azurite.KEY, "endpoint": f"{proxy.url}/{azurite.ACCOUNT}"}
            with processes.Gateway(work, work / "objects", azure_values(empty, **account)) as gateway:
                names = [bucket["Name"] for bucket in s3_clients.boto3_client(gateway.url).list_buckets()["Buckets"]]
            self.assertIn("sts-stackgraph-backup", names)
            self.assertGreater(proxy.refused * proxy.lost, 0)

    def test_uploads_complete_once(self):
        for number in range(6):
            where = {"Bucket": self.BUCKET, "Key": f"parts/{number}"}
            parts = [os.urandom(5 * MEBIBYTE), os.urandom(9 * MEBIBYTE), os.urandom(number)]
            upload = self.s3.create_multipart_upload(**where)["UploadId"]
            done = [{"PartNumber": n, "ETag": self.s3.upload_part(**where, UploadId=upload, PartNumber=n, Body=part)["ETag"]}
                    for n, part in enumerate(parts, 1)]
            self.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
            self.assertEqual(self.stored(where["Key"]), b"".join(parts))

    def test_a_conditional_write_is_never_acknowledged_to_a_loser(self):
        winners, unknown = 0, 0
        for number in range(20):
            key, acknowledged = f"once/{number}", []
            for writer in (b"first", b"second", b"third"):
                try:
                    self.s3.put_object(Bucket=self.BUCKET, Key=key, Body=writer, IfNoneMatch="*")
                    acknowledged.append(writer)
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    self.assertIn(code, ("PreconditionFailed", "SlowDown", "ServiceUnavailable", "ConditionalRequestConflict"))
                    unknown += code != "PreconditionFailed"
            self.assertLessEqual(len(acknowledged), 1)
            if acknowledged:
                winners += 1
                self.assertEqual(self.stored(key), acknowledged[0])
        self.assertGreater(winners, 0)
        self.assertGreater(unknown, 0)


if __name__ == "__main__":
    unittest.main()
