#!/usr/bin/env python3
"""Versions, tags, locks, lifecycle and CORS through boto3, and what of them outlives a restart."""
import datetime
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import boto3_client  # noqa: E402

from botocore.exceptions import ClientError  # noqa: E402

LATER = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
BUCKET = "versioned-bucket"
RULES = {"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "p/"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]}
CORS = {"CORSRules": [{"AllowedOrigins": ["https://*.example.org"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 9}]}


def code_of(call, **arguments) -> str:
    try:
        call(**arguments)
        return ""
    except ClientError as error:
        return error.response["Error"]["Code"]


class VersionsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-versions-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        self.gateway = None
        self.start()
        self.addCleanup(lambda: self.gateway.__exit__(None, None, None))
        self.s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)

    def start(self):
        if self.gateway:
            self.gateway.__exit__(None, None, None)
        self.gateway = processes.Gateway(self.work, self.work / "objects").__enter__()
        self.s3 = boto3_client(self.gateway.url)

    def put(self, key: str, body: bytes, **more) -> str:
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)["VersionId"]

    def body(self, key: str, **more) -> bytes:
        return self.s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read()

    def test_versions_outlive_a_restart(self):
        first, second = self.put("k", b"1"), self.put("k", os.urandom(3 << 20))
        marker = self.s3.delete_object(Bucket=BUCKET, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        copied = self.s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "k", "VersionId": first})
        self.assertEqual(copied["CopySourceVersionId"], first)
        self.start()
        listed = self.s3.list_object_versions(Bucket=BUCKET, Prefix="k")
        self.assertEqual([each["VersionId"] for each in listed["Versions"]], [second, first])
        self.assertEqual([(each["VersionId"], each["IsLatest"]) for each in listed["DeleteMarkers"]], [(marker["VersionId"], True)])
        self.assertEqual(code_of(self.s3.get_object, Bucket=BUCKET, Key="k"), "NoSuchKey")
        self.assertEqual(self.body("k", VersionId=first), b"1")
        self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "k", "VersionId": marker["VersionId"]},
                                                                  {"Key": "k", "VersionId": second}]})
        self.assertEqual(self.body("k"), b"1")
        self.assertEqual(self.s3.head_object(Bucket=BUCKET, Key="k")["VersionId"], first)

    def test_locks_tags_and_settings_outlive_a_restart(self):
        self.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}}})
        self.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=RULES)
        self.s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=CORS)
        governed = self.put("g", b"1", Tagging="a=1&b=2")
        held = self.put("h", b"2", ObjectLockLegalHoldStatus="ON")
        self.s3.put_object_retention(Bucket=BUCKET, Key="h", Retention={"Mode": "COMPLIANCE", "RetainUntilDate": LATER},
                                     BypassGovernanceRetention=True)
        self.start()
        for key, version in (("g", governed), ("h", held)):
            self.assertEqual(code_of(self.s3.delete_object, Bucket=BUCKET, Key=key, VersionId=version), "AccessDenied")
        answer = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "h", "VersionId": held}]})
        self.assertEqual(answer["Errors"][0]["Code"], "AccessDenied")
        head = self.s3.head_object(Bucket=BUCKET, Key="h")
        self.assertEqual((head["ObjectLockMode"], head["ObjectLockRetainUntilDate"], head["ObjectLockLegalHoldStatus"]),
                         ("COMPLIANCE", LATER, "ON"))
        tags = self.s3.get_object_tagging(Bucket=BUCKET, Key="g", VersionId=governed)["TagSet"]
        self.assertEqual(tags, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        rule = self.s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"][0]
        self.assertEqual((rule["ID"], rule["Filter"], rule["NoncurrentVersionExpiration"]), ("old", {"Prefix": "p/"}, {"NoncurrentDays": 3}))
        self.assertEqual(self.s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"], CORS["CORSRules"])
        self.s3.delete_object(Bucket=BUCKET, Key="g", VersionId=governed, BypassGovernanceRetention=True)
        self.assertEqual(code_of(self.s3.delete_bucket, Bucket=BUCKET), "BucketNotEmpty")

    def test_a_list_of_versions_is_paged(self):
        expected = [(key, self.put(key, b"x")) for key in ("a", "a", "b/1", "b/2", "c")]
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
        listed = [(each["Key"], each["VersionId"]) for page in pages for each in page.get("Versions", [])]
        self.assertEqual(sorted(listed), sorted(expected))
        grouped = self.s3.list_object_versions(Bucket=BUCKET, Delimiter="/")
        self.assertEqual([each["Prefix"] for each in grouped["CommonPrefixes"]], ["b/"])

    def test_a_finished_upload_is_a_version_with_its_lock(self):
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key="m", Tagging="k=v", ObjectLockMode="GOVERNANCE",
                                                 ObjectLockRetainUntilDate=LATER)["UploadId"]
        part = self.s3.upload_part(Bucket=BUCKET, Key="m", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
        self.start()
        made = self.s3.complete_multipart_upload(Bucket=BUCKET, Key="m", UploadId=upload,
                                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
        head = self.s3.head_object(Bucket=BUCKET, Key="m")
        self.assertEqual((head["VersionId"], head["ObjectLockMode"], head["TagCount"]), (made["VersionId"], "GOVERNANCE", 1))
        self.assertEqual(code_of(self.s3.delete_object, Bucket=BUCKET, Key="m", VersionId=made["VersionId"]), "AccessDenied")


if __name__ == "__main__":
    unittest.main()
