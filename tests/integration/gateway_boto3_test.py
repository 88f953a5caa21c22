#!/usr/bin/env python3
"""boto3 with its default settings, checksums included, against the gateway."""
import base64
import hashlib
import io
import os
import pathlib
import socket
import sys
import unittest
import urllib.error
import urllib.request
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import GatewayTestCase, boto3_client  # noqa: E402

import boto3.s3.transfer  # noqa: E402
import requests  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

MEBIBYTE = 1 << 20
DOMAIN = "s3.holdfast.test"
VM_BUCKET = "sts-victoria-metrics-backup"
CATALOG_BUCKET = "sts-stackgraph-backup"
ODD_KEYS = ["blank key", "plus+key", "per%cent", "per%20cent", "a&b=c?d#e", "quote'\"<>", "ünïcødé/日本", "tilde~(1)*!", "trailing/",
            "//double//slash", "dots/../up", "./here", ".hidden", "new\nline", "tab\tkey", "back\\slash", ".hf~self", "k" * 300, "@:;,$"]


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class Boto3Test(GatewayTestCase):
    KEYS = ODD_KEYS
    DOTTED_BUCKETS = True
    LISTS_UPLOADS = True
    VALUES = {"holdfast": {"gateway": {"domain": DOMAIN, "keys": [
        {"accessKey": "sidecar", "secretKey": "sidecarsecret", "bucket": VM_BUCKET, "prefix": "victoria-metrics-0",
         "allow": ["read", "list", "writeNew"]}]}}}

    def fails(self, code: str, status: int, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return caught.exception.response

    def put(self, key: str, body: bytes = b"x", **more):
        return self.s3.put_object(Bucket=self.BUCKET, Key=key, Body=body, **more)

    def test_round_trip_with_default_checksums(self):
        body = os.urandom(300_000)
        answer = self.put("round", body, Metadata={"mtime": "1.5", "name": "v"}, ContentType="text/x", CacheControl="no-store")
        self.assertEqual(answer["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
        self.assertEqual(answer["ChecksumCRC32"], crc32(body))
        answer = self.s3.get_object(Bucket=self.BUCKET, Key="round")
        self.assertEqual(answer["Body"].read(), body)  # boto3 itself compares the CRC32 that it asked for
        self.assertEqual(answer["ChecksumCRC32"], crc32(body))
        self.assertEqual(answer["ChecksumType"], "FULL_OBJECT")
        self.assertEqual(answer["Metadata"], {"mtime": "1.5", "name": "v"})
        self.assertEqual((answer["ContentType"], answer["CacheControl"]), ("text/x", "no-store"))
        self.assertNotIn("ContentEncoding", answer)
        head = self.s3.head_object(Bucket=self.BUCKET, Key="round")
        self.assertEqual(head["ContentLength"], len(body))

    def test_checksums_of_other_kinds(self):
        for algorithm, digest in (("SHA1", hashlib.sha1(b"abc")), ("SHA256", hashlib.sha256(b"abc"))):
            value = base64.b64encode(digest.digest()).decode()
            answer = self.put("sum", b"abc", ChecksumAlgorithm=algorithm)
            self.assertEqual(answer[f"Checksum{algorithm}"], value)
            self.fails("BadDigest", 400, self.put, key="sum", body=b"other", **{f"Checksum{algorithm}": value})
            self.assertEqual(self.get("sum"), b"abc")
        self.fails("BadDigest", 400, self.put, key="sum", ContentMD5=base64.b64encode(hashlib.md5(b"y").digest()).decode())
        self.fails("InvalidDigest", 400, self.put, key="sum", ContentMD5="rubbish")

    def test_a_transfer_in_parts(self):
        path = self.random_file("parts.bin", 20 * MEBIBYTE + 17)
        config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE, max_concurrency=4)
        self.s3.upload_file(str(path), self.BUCKET, "parts", Config=config)
        body = path.read_bytes()
        pieces = [body[i:i + 5 * MEBIBYTE] for i in range(0, len(body), 5 * MEBIBYTE)]
        etag = hashlib.md5(b"".join(hashlib.md5(piece).digest() for piece in pieces)).hexdigest() + f"-{len(pieces)}"
        head = self.s3.head_object(Bucket=self.BUCKET, Key="parts", ChecksumMode="ENABLED")
        self.assertEqual(head["ETag"], f'"{etag}"')
        self.assertIn(head["ChecksumType"], ("COMPOSITE", "FULL_OBJECT"))
        back = self.work / "parts.back"
        self.s3.download_file(self.BUCKET, "parts", str(back), Config=config)
        self.assertEqual(back.read_bytes(), body)
        piece = self.s3.get_object(Bucket=self.BUCKET, Key="parts", PartNumber=2)
        self.assertEqual(piece["Body"].read(), pieces[1])
        self.assertEqual(piece["PartsCount"], len(pieces))
        told = self.s3.get_object_attributes(Bucket=self.BUCKET, Key="parts", ObjectAttributes=["ETag", "ObjectParts", "ObjectSize"])
        self.assertEqual((told["ETag"], told["ObjectParts"]["TotalPartsCount"], told["ObjectSize"]), (etag, len(pieces), len(body)))
        stream = io.BytesIO(body)
        self.s3.upload_fileobj(stream, self.BUCKET, "stream", Config=config)
        self.assertEqual(self.get("stream"), body)

    def test_uploads_by_hand(self):
        upload = self.s3.create_multipart_upload(Bucket=self.BUCKET, Key="hand", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
        body = os.urandom(6 * MEBIBYTE)
        self.put("hand-source", body)
        where = {"Bucket": self.BUCKET, "Key": "hand", "UploadId": upload}
        first = self.s3.upload_part(**where, PartNumber=1, Body=body)
        second = self.s3.upload_part_copy(**where, PartNumber=2, CopySource={"Bucket": self.BUCKET, "Key": "hand-source"},
                                          CopySourceRange="bytes=10-5242889")["CopyPartResult"]
        listed = self.s3.list_parts(**where)
        self.assertEqual([part["Size"] for part in listed["Parts"]], [len(body), 5 * MEBIBYTE])
        if self.LISTS_UPLOADS:
            self.assertEqual([entry["UploadId"] for entry in self.s3.list_multipart_uploads(Bucket=self.BUCKET, Prefix="hand")["Uploads"]], [upload])
        else:
            self.fails("NotImplemented", 501, self.s3.list_multipart_uploads, Bucket=self.BUCKET)
        parts = [{"PartNumber": 1, "ETag": first["ETag"], "ChecksumCRC32": first["ChecksumCRC32"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
        self.fails("InvalidPartOrder", 400, self.s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts[::-1]})
        done = self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        whole = body + body[10:5242890]
        self.assertEqual(self.get("hand"), whole)
        self.assertEqual(done.get("ChecksumCRC32", crc32(whole)), crc32(whole))
        again = self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        self.assertEqual(again["ETag"], done["ETag"])

    def test_small_parts_are_refused_and_aborted_uploads_are_gone(self):
        upload = self.s3.create_multipart_upload(Bucket=self.BUCKET, Key="small")["UploadId"]
        where = {"Bucket": self.BUCKET, "Key": "small", "UploadId": upload}
        parts = [{"PartNumber": n, "ETag": self.s3.upload_part(**where, PartNumber=n, Body=b"tiny")["ETag"]} for n in (1, 2)]
        self.fails("EntityTooSmall", 400, self.s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts})
        self.s3.abort_multipart_upload(**where)
        if self.LISTS_UPLOADS:
            self.assertNotIn("Uploads", self.s3.list_multipart_uploads(Bucket=self.BUCKET, Prefix="small"))
        self.fails("NoSuchUpload", 404, self.s3.list_parts, **where)
        self.assertEqual(self.keys("small"), [])

    def test_conditional_writes_and_reads(self):
        first = self.put("cond", b"1", IfNoneMatch="*")["ETag"]
        self.fails("PreconditionFailed", 412, self.put, key="cond", body=b"2", IfNoneMatch="*")
        self.fails("PreconditionFailed", 412, self.put, key="cond", body=b"2", IfMatch='"no"')
        second = self.put("cond", b"2", IfMatch=first)["ETag"]
        self.fails("NoSuchKey", 404, self.put, key="cond-none", IfMatch=first)
        self.fails("304", 304, self.s3.get_object, Bucket=self.BUCKET, Key="cond", IfNoneMatch=second)
        self.fails("PreconditionFailed", 412, self.s3.get_object, Bucket=self.BUCKET, Key="cond", IfMatch=first)
        modified = self.s3.head_object(Bucket=self.BUCKET, Key="cond")["LastModified"]
        self.fails("304", 304, self.s3.head_object, Bucket=self.BUCKET, Key="cond", IfModifiedSince=modified)
        source = {"Bucket": self.BUCKET, "Key": "cond"}
        self.fails("PreconditionFailed", 412, self.s3.copy_object, Bucket=self.BUCKET, Key="cond-copy", CopySource=source, CopySourceIfMatch=first)
        self.s3.copy_object(Bucket=self.BUCKET, Key="cond-copy", CopySource=source, CopySourceIfMatch=second)
        self.assertEqual(self.get("cond-copy"), b"2")

    def test_ranges(self):
        self.put("range", b"0123456789")

        def part(text):
            answer = self.s3.get_object(Bucket=self.BUCKET, Key="range", Range=text)
            return answer["Body"].read(), answer["ContentRange"]

        self.assertEqual(part("bytes=2-4"), (b"234", "bytes 2-4/10"))
        self.assertEqual(part("bytes=-3"), (b"789", "bytes 7-9/10"))
        self.fails("InvalidRange", 416, self.s3.get_object, Bucket=self.BUCKET, Key="range", Range="bytes=10-")

    def test_every_key_round_trips_lists_and_goes(self):
        keys = [f"odd/{key}" for key in self.KEYS]
        for key in keys:
            self.put(key, key.encode())
        self.assertEqual(self.keys("odd/"), sorted(keys, key=lambda key: key.encode()))
        for key in keys:
            self.assertEqual(self.get(key), key.encode())
            self.s3.copy_object(Bucket=self.BUCKET, Key="odd-copy/" + key, CopySource={"Bucket": self.BUCKET, "Key": key})
            self.assertEqual(self.get("odd-copy/" + key), key.encode())
        both = keys + ["odd-copy/" + key for key in keys]
        answer = self.s3.delete_objects(Bucket=self.BUCKET, Delete={"Objects": [{"Key": key} for key in both]})
        self.assertEqual(sorted(entry["Key"] for entry in answer["Deleted"]), sorted(both))
        self.assertEqual(self.keys("odd"), [])

    def test_lists_in_pages(self):
        for number in range(25):
            self.put(f"page/{number // 10}/{number:03}")
        for name in ("list_objects", "list_objects_v2"):
            pages = list(self.s3.get_paginator(name).paginate(Bucket=self.BUCKET, Prefix="page/", PaginationConfig={"PageSize": 7}))
            self.assertEqual([len(page["Contents"]) for page in pages], [7, 7, 7, 4])
            self.assertEqual([entry["Key"] for page in pages for entry in page["Contents"]], [f"page/{n // 10}/{n:03}" for n in range(25)])
            pages = list(self.s3.get_paginator(name).paginate(Bucket=self.BUCKET, Prefix="page/", Delimiter="/", PaginationConfig={"PageSize": 2}))
            self.assertEqual([entry["Prefix"] for page in pages for entry in page["CommonPrefixes"]], ["page/0/", "page/1/", "page/2/"])
        after = self.s3.list_objects_v2(Bucket=self.BUCKET, Prefix="page/", StartAfter="page/2/022", FetchOwner=True)["Contents"]
        self.assertEqual([entry["Key"] for entry in after], ["page/2/023", "page/2/024"])
        self.assertEqual(after[0]["Owner"]["ID"], "holdfast")
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.BUCKET, MaxKeys=0)["KeyCount"], 0)
        versions = self.s3.list_object_versions(Bucket=self.BUCKET, Prefix="page/0/")["Versions"]
        self.assertEqual({(entry["VersionId"], entry["IsLatest"]) for entry in versions}, {("null", True)})

    def test_forms(self):
        for key, name in (("form/${filename}", "named.txt"), ("form/fixed", "whatever")):
            post = self.s3.generate_presigned_post(self.BUCKET, key, {"success_action_status": "201", "Content-Type": "text/css"},
                                                   [{"success_action_status": "201"}, {"Content-Type": "text/css"},
                                                    ["content-length-range", 1, 100_000]], 60)
            body = os.urandom(90_000)
            answer = requests.post(post["url"], post["fields"], files={"file": (name, body)}, timeout=60)
            self.assertEqual(answer.status_code, 201, answer.text)
            made = "form/" + (name if "$" in key else "fixed")
            self.assertIn(f"<Key>{made}</Key>", answer.text)
            self.assertEqual(self.get(made), body)
            self.assertEqual(self.s3.head_object(Bucket=self.BUCKET, Key=made)["ContentType"], "text/css")
            answer = requests.post(post["url"], post["fields"], files={"file": (name, bytes(100_001))}, timeout=60)
            self.assertEqual((answer.status_code, "<Code>EntityTooLarge</Code>" in answer.text), (400, True), answer.text)
            answer = requests.post(post["url"], {**post["fields"], "key": "elsewhere"}, files={"file": (name, b"x")}, timeout=60)
            self.assertEqual(answer.status_code, 403, answer.text)
            self.assertEqual(self.get(made), body)
            self.s3.delete_object(Bucket=self.BUCKET, Key=made)

    def test_buckets(self):
        self.s3.create_bucket(Bucket="made-here", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        pages = list(self.s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1}))
        self.assertIn("made-here", [bucket["Name"] for page in pages for bucket in page["Buckets"]])
        self.assertTrue(all(len(page["Buckets"]) == 1 for page in pages))
        self.fails("BucketAlreadyOwnedByYou", 409, self.s3.create_bucket, Bucket="made-here")
        self.s3.head_bucket(Bucket="made-here")
        self.assertIsNone(self.s3.get_bucket_location(Bucket="made-here")["LocationConstraint"])
        self.assertEqual(self.s3.get_bucket_acl(Bucket="made-here")["Grants"][0]["Permission"], "FULL_CONTROL")
        self.assertNotIn("Status", self.s3.get_bucket_versioning(Bucket="made-here"))
        self.fails("NoSuchBucketPolicy", 404, self.s3.get_bucket_policy, Bucket="made-here")
        self.fails("NotImplemented", 501, self.s3.put_bucket_request_payment, Bucket="made-here",
                   RequestPaymentConfiguration={"Payer": "Requester"})
        self.fails("NotImplemented", 501, self.s3.put_object, Bucket="made-here", Key="k", ServerSideEncryption="AES256")
        self.s3.put_object(Bucket="made-here", Key="k")
        self.fails("BucketNotEmpty", 409, self.s3.delete_bucket, Bucket="made-here")
        self.s3.delete_object(Bucket="made-here", Key="k")
        self.s3.delete_bucket(Bucket="made-here")
        self.fails("404", 404, self.s3.head_bucket, Bucket="made-here")
        self.fails("NoSuchBucket", 404, self.s3.list_objects_v2, Bucket="made-here")

    def test_links(self):
        where = {"Bucket": self.BUCKET, "Key": "link ä+"}
        signer = boto3_client(self.gateway.url, signature_version="s3v4")  # boto3 still makes links of version 2 by default
        url = signer.generate_presigned_url("put_object", where, ExpiresIn=60)
        with urllib.request.urlopen(urllib.request.Request(url, b"by link", method="PUT")) as answer:
            self.assertEqual(answer.status, 200)
        url = signer.generate_presigned_url("get_object", {**where, "ResponseContentDisposition": 'attachment; filename="x"'}, ExpiresIn=60)
        with urllib.request.urlopen(url) as answer:
            self.assertEqual(answer.read(), b"by link")
            self.assertEqual(answer.headers["Content-Disposition"], 'attachment; filename="x"')
        for bad in (url.replace("filename", "filename2"), url.split("?")[0]):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(bad)
            self.assertEqual(caught.exception.code, 403)
            caught.exception.close()

    def test_strangers(self):
        self.fails("InvalidAccessKeyId", 403, boto3_client(self.gateway.url, access_key="stranger").list_buckets)
        self.fails("SignatureDoesNotMatch", 403, boto3_client(self.gateway.url, secret_key="guess").list_buckets)
        self.fails("InvalidRequest", 400, boto3_client(self.gateway.url, signature_version="s3").list_buckets)
        self.assertNotIn(processes.SECRET_KEY, self.gateway.tail())

    def test_limited_keys(self):
        sidecar = boto3_client(self.gateway.url, "sidecar", "sidecarsecret")
        where = {"Bucket": VM_BUCKET, "Key": "victoria-metrics-0/part"}
        sidecar.put_object(**where, Body=b"1")
        self.fails("AccessDenied", 403, sidecar.put_object, **where, Body=b"2")
        self.fails("AccessDenied", 403, sidecar.delete_object, **where)
        self.fails("AccessDenied", 403, sidecar.put_object, Bucket=VM_BUCKET, Key="victoria-metrics-1/part")
        self.fails("AccessDenied", 403, sidecar.list_objects_v2, Bucket=VM_BUCKET)
        self.assertEqual(sidecar.list_objects_v2(Bucket=VM_BUCKET, Prefix="victoria-metrics-0/")["KeyCount"], 1)
        lease = {"Bucket": CATALOG_BUCKET, "Key": ".holdfast/leases/victoria-metrics-0.json"}
        etag = sidecar.put_object(**lease, Body=b"{}", IfNoneMatch="*")["ETag"]
        sidecar.put_object(**lease, Body=b"{1}", IfMatch=etag)
        self.fails("AccessDenied", 403, sidecar.delete_object, **lease)
        self.fails("AccessDenied", 403, sidecar.put_object, Bucket=CATALOG_BUCKET, Key=".holdfast/leases/stackgraph.json")
        self.fails("AccessDenied", 403, sidecar.get_object, Bucket=CATALOG_BUCKET, Key="anything")
        self.assertNotIn("clickhouse", str(sidecar.list_buckets()["Buckets"]))
        self.s3.delete_object(**lease)
        self.s3.delete_object(**where)

    def test_virtual_hosts(self):
        resolve = socket.getaddrinfo

        def to_loopback(host, *arguments, **more):
            return resolve("127.0.0.1" if str(host).endswith(DOMAIN) else host, *arguments, **more)

        socket.getaddrinfo = to_loopback
        self.addCleanup(setattr, socket, "getaddrinfo", resolve)
        s3 = boto3_client(f"http://{DOMAIN}:{self.gateway.port}", style="virtual")
        s3.put_object(Bucket=self.BUCKET, Key="virtual/host key", Body=b"v")
        self.assertEqual(self.get("virtual/host key"), b"v")
        self.assertEqual([entry["Key"] for entry in s3.list_objects_v2(Bucket=self.BUCKET, Prefix="virtual/")["Contents"]], ["virtual/host key"])
        if self.DOTTED_BUCKETS:
            s3.create_bucket(Bucket="virtual.bucket")
            s3.delete_bucket(Bucket="virtual.bucket")
        else:
            self.fails("InvalidBucketName", 400, s3.create_bucket, Bucket="virtual.bucket")


if __name__ == "__main__":
    unittest.main()
