#!/usr/bin/env python3
"""The gateway over Azure Blob Storage (Azurite): the same clients as over a folder, and Microsoft's own client on the other side."""
import hashlib
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import azurite  # noqa: E402
import gateway_boto3_test  # noqa: E402
import gateway_clients_test  # noqa: E402
import processes  # noqa: E402
import s3_clients  # noqa: E402
from azure.storage.blob import BlobServiceClient, ContentSettings  # noqa: E402
from azure_gateway import OverAzure, azure_values  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

MEBIBYTE = 1 << 20
# What Azure's blob names cannot hold, or would change.
REFUSED_KEYS = ["dots/../up", "./here", "new\nline", "tab\tkey", "back\\slash"]


class Boto3OverAzureTest(OverAzure, gateway_boto3_test.Boto3Test):
    KEYS = [key for key in gateway_boto3_test.ODD_KEYS if key not in REFUSED_KEYS]
    DOTTED_BUCKETS = False
    LISTS_UPLOADS = False

    def test_keys_that_azure_cannot_hold_are_refused(self):
        for key in REFUSED_KEYS:
            self.fails("InvalidArgument", 400, self.put, key=key)
            self.fails("NoSuchKey", 404, self.s3.get_object, Bucket=self.BUCKET, Key=key)


class AwsOverAzureTest(OverAzure, gateway_clients_test.AwsTest):
    pass


class RcloneOverAzureTest(OverAzure, gateway_clients_test.RcloneTest):
    pass


class S3cmdOverAzureTest(OverAzure, gateway_clients_test.S3cmdTest):
    pass


class VmbackupOverAzureTest(OverAzure, gateway_clients_test.VmbackupTest):
    pass


class NeighboursTest(OverAzure, s3_clients.GatewayTestCase):
    """What one side writes, the other reads."""

    def blob(self, key: str):
        return self.blobs.get_blob_client(self.BUCKET, key)

    def test_ours_are_plain_blobs(self):
        for key, size in (("plain", 1000), ("dir/a b+c%20ü", 0), ("large", 20 * MEBIBYTE + 5)):
            body = os.urandom(size)
            self.s3.put_object(Bucket=self.BUCKET, Key=key, Body=body, ContentType="text/x", CacheControl="no-store", Metadata={"a-b": "c"})
            told = self.blob(key).get_blob_properties()
            self.assertEqual(told.content_settings.content_type, "text/x")
            self.assertEqual(told.content_settings.cache_control, "no-store")
            self.assertEqual(bytes(told.content_settings.content_md5), hashlib.md5(body).digest())
            self.assertEqual(told.blob_type, "BlockBlob")
            self.assertEqual(self.blob(key).download_blob().readall(), body)
        names = [blob.name for blob in self.blobs.get_container_client(self.BUCKET).list_blobs()]
        self.assertTrue({"plain", "dir/a b+c%20ü", "large"} <= set(names), names)

    def test_parts_are_one_plain_blob(self):
        parts = [os.urandom(9 * MEBIBYTE), os.urandom(5 * MEBIBYTE), b"end"]
        where = {"Bucket": self.BUCKET, "Key": "in parts"}
        upload = self.s3.create_multipart_upload(**where, Metadata={"k": "v"})["UploadId"]
        done = [{"PartNumber": number, "ETag": self.s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=part)["ETag"]}
                for number, part in enumerate(parts, 1)]
        self.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
        self.assertEqual(self.blob("in parts").download_blob().readall(), b"".join(parts))
        self.assertEqual(self.s3.head_object(**where)["Metadata"], {"k": "v"})
        second = self.s3.get_object(**where, PartNumber=2)["Body"].read()
        self.assertEqual(second, parts[1])

    def test_theirs_are_objects(self):
        body = os.urandom(100_000)
        settings = ContentSettings(content_type="text/y", content_language="de")
        self.blob("theirs/one").upload_blob(body, content_settings=settings, metadata={"x_s3cmd__attrs": "v", "plain": "w"})
        with BlobServiceClient(self.azurite.url, credential=azurite.KEY, max_single_put_size=30_000, max_block_size=40_000) as in_blocks:
            in_blocks.get_blob_client(self.BUCKET, "theirs/blocks").upload_blob(body)
        one = self.s3.get_object(Bucket=self.BUCKET, Key="theirs/one")
        self.assertEqual(one["Body"].read(), body)
        self.assertEqual((one["ContentType"], one["ContentLanguage"]), ("text/y", "de"))
        self.assertEqual(one["Metadata"], {"x-s3cmd_attrs": "v", "plain": "w"})
        # 32 hexadecimal digits always mean the MD5; Azure does not know that of blobs made of blocks.
        listed = {entry["Key"]: entry["ETag"] for entry in self.s3.list_objects_v2(Bucket=self.BUCKET, Prefix="theirs/")["Contents"]}
        self.assertEqual(listed["theirs/one"], f'"{hashlib.md5(body).hexdigest()}"')
        self.assertTrue(listed["theirs/blocks"].endswith('-0"'), listed)
        self.s3.get_object(Bucket=self.BUCKET, Key="theirs/one", IfMatch=listed["theirs/one"])
        for key, etag in listed.items():
            self.assertEqual(self.s3.head_object(Bucket=self.BUCKET, Key=key)["ETag"], etag)
            self.assertEqual(self.get(key), body)
            self.s3.copy_object(Bucket=self.BUCKET, Key="copy of " + key, CopySource={"Bucket": self.BUCKET, "Key": key})
            self.assertEqual(self.get("copy of " + key), body)
        self.assertEqual(self.s3.head_object(Bucket=self.BUCKET, Key="copy of theirs/one")["Metadata"], {"x-s3cmd_attrs": "v", "plain": "w"})

    def test_the_values_containers_are_made(self):
        names = {container.name for container in self.blobs.list_containers()}
        self.assertTrue({"sts-stackgraph-backup", "sts-victoria-metrics-backup", "sts-clickhouse-backup"} <= names, names)

    def test_no_secret_is_told(self):
        with self.assertRaises(ClientError):
            self.s3.get_object(Bucket=self.BUCKET, Key="not there")
        log = self.gateway.tail()
        self.assertNotIn(azurite.KEY, log)
        self.assertIn(self.azurite.endpoint, log)

    def test_a_shared_access_signature_serves_as_well(self):
        work = self.work / "by-signature"
        work.mkdir()
        values = azure_values(self.azurite, accountName=azurite.ACCOUNT)
        signature = azurite.account_signature()
        values["holdfast"] = {"storage": {"azure": {"sharedAccessSignature": signature}}}
        with processes.Gateway(work, work / "objects", values) as gateway:
            s3 = s3_clients.boto3_client(gateway.url)
            s3.put_object(Bucket=self.BUCKET, Key="by signature", Body=b"signed")
            s3.copy_object(Bucket=self.BUCKET, Key="copied by signature", CopySource={"Bucket": self.BUCKET, "Key": "by signature"})
            self.assertEqual(s3.get_object(Bucket=self.BUCKET, Key="copied by signature")["Body"].read(), b"signed")
            self.assertNotIn(signature, gateway.tail())
        self.assertEqual(self.get("by signature"), b"signed")


class AccountAsRootPairTest(unittest.TestCase):
    """The documented fragment: the account's name and key are the gateway's root pair too."""

    def test_the_account_signs_the_clients_requests(self):
        with tempfile.TemporaryDirectory(prefix="holdfast-azure-") as folder:
            work = pathlib.Path(folder)
            pair = {"accessKey": azurite.ACCOUNT, "secretKey": azurite.KEY}
            with azurite.Azurite(work) as server:
                values = azure_values(server, endpoint=server.endpoint)
                values["minio"].update(pair, azuregateway={"enabled": True})
                del values["backup"]["storage"]["backend"]["azure"]["enabled"]
                with processes.Gateway(work, work / "objects", values) as gateway:
                    s3 = s3_clients.boto3_client(gateway.url, azurite.ACCOUNT, azurite.KEY)
                    s3.put_object(Bucket="sts-stackgraph-backup", Key="k", Body=b"x")
                    self.assertEqual(s3.get_object(Bucket="sts-stackgraph-backup", Key="k")["Body"].read(), b"x")


if __name__ == "__main__":
    unittest.main()
