#!/usr/bin/env python3
"""Encryption by the gateway over a folder: with keys of clients (SSE-C) and of the folder (SSE-S3), through boto3, and what lies on the disk."""
import base64
import hashlib
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import sealed  # noqa: E402
from certificates import Authority  # noqa: E402
from s3_clients import GatewayTestCase, RawConnection, boto3_client  # noqa: E402

import requests  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

MEBIBYTE = 1 << 20
KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
OWN, OLD = os.urandom(32), os.urandom(32)
SECRET_BYTES = b"what nobody else shall read "
CUSTOMER_HEADER = "x-amz-server-side-encryption-customer-"


def ssec(key: bytes = KEY) -> dict:
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}


def source_ssec(key: bytes = KEY) -> dict:
    return {"CopySourceSSECustomerAlgorithm": "AES256", "CopySourceSSECustomerKey": key}


class SealedTestCase(GatewayTestCase):
    def fails(self, code: str, status: int, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception.response
        self.assertEqual((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), (code, status), error)

    def put(self, key: str, body: bytes, **more):
        return self.s3.put_object(Bucket=self.BUCKET, Key=key, Body=body, **more)

    def read(self, key: str, **more) -> bytes:
        return self.s3.get_object(Bucket=self.BUCKET, Key=key, **more)["Body"].read()

    def head(self, key: str, **more) -> dict:
        return self.s3.head_object(Bucket=self.BUCKET, Key=key, **more)

    def on_disk(self, key: str) -> bytes:
        return (self.work / "objects" / self.BUCKET / key).read_bytes()

    def upload(self, key: str, parts: list[bytes], create: dict, each: dict) -> dict:
        where = {"Bucket": self.BUCKET, "Key": key}
        where["UploadId"] = self.s3.create_multipart_upload(**where, **create)["UploadId"]
        done = []
        for number, body in enumerate(parts, 1):
            answer = self.s3.upload_part(**where, PartNumber=number, Body=body, **each)
            done.append({"PartNumber": number, "ETag": answer["ETag"], **{k: v for k, v in answer.items() if k.startswith("Checksum")}})
        return self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": done})

    def check_rot_is_found(self, bucket: str, key: str, offset: int):
        """Changes bytes of the object's file behind the gateway's back, its time kept, and scrubs."""
        path = self.work / "objects" / bucket / key
        times = path.stat()
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(b"rot")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        done = processes.holdfast(self.gateway.values, "storage", "scrub", "--bucket", bucket)
        self.assertEqual(done.returncode, 5, done.stdout + done.stderr)
        self.assertIn(f"{bucket}/{key}: its bytes have the ETag", done.stdout)


class CustomerKeyTest(SealedTestCase):
    """Over TLS, as S3 wants it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-sealed-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        tls = Authority(cls.work).server()
        cls.ca = tls["caFile"]
        cls.values = {"holdfast": {"gateway": {"tls": tls}}}
        cls.start()
        cls.addClassCleanup(lambda: cls.gateway.stop())
        cls.s3.create_bucket(Bucket=cls.BUCKET)

    @classmethod
    def start(cls):
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", cls.values, ca=cls.ca)
        cls.s3 = boto3_client(cls.gateway.url, ca=cls.ca)

    def test_what_lies_on_the_disk_opens_with_the_key_alone(self):
        for size in (0, 1, 65535, 65536, 65537, 300_000):
            body = (SECRET_BYTES * (size // len(SECRET_BYTES) + 1))[:size]
            answer = self.put("disk", body, **ssec(), Metadata={"a": "b"})
            self.assertEqual(answer["SSECustomerAlgorithm"], "AES256")
            self.assertEqual(answer["SSECustomerKeyMD5"], base64.b64encode(hashlib.md5(KEY).digest()).decode())
            self.assertNotIn("ServerSideEncryption", answer)
            stored = self.on_disk("disk")
            self.assertNotIn(SECRET_BYTES[:16], stored)
            self.assertNotIn(KEY, stored)
            self.assertEqual([plain for _, _, plain in sealed.segments(stored, KEY)], [body])
            self.assertEqual(answer["ETag"], f'"{hashlib.md5(stored).hexdigest()}"')  # as S3: not the MD5 of the plain bytes
            got = self.s3.get_object(Bucket=self.BUCKET, Key="disk", **ssec())
            self.assertEqual((got["Body"].read(), got["ContentLength"], got["Metadata"]), (body, size, {"a": "b"}))
            self.assertEqual((got["ETag"], got["SSECustomerAlgorithm"]), (answer["ETag"], "AES256"))
            self.assertEqual(self.head("disk", **ssec())["ContentLength"], size)
            listed = self.s3.list_objects_v2(Bucket=self.BUCKET, Prefix="disk")["Contents"][0]
            self.assertEqual((listed["Size"], listed["ETag"]), (size, answer["ETag"]))

    def test_two_puts_of_the_same_share_nothing(self):
        self.put("same-1", SECRET_BYTES * 100, **ssec())
        self.put("same-2", SECRET_BYTES * 100, **ssec())
        one, two = self.on_disk("same-1"), self.on_disk("same-2")
        self.assertNotEqual(one[48:128], two[48:128])
        self.assertNotEqual(one[132:], two[132:])

    def test_without_the_key_nothing_is_told(self):
        self.put("locked", SECRET_BYTES, **ssec())
        self.put("plain", b"plain")
        where = {"Bucket": self.BUCKET, "Key": "locked"}
        self.fails("InvalidRequest", 400, self.s3.get_object, **where)
        self.fails("400", 400, self.s3.head_object, **where)
        self.fails("InvalidRequest", 400, self.s3.get_object_attributes, **where, ObjectAttributes=["ETag"])
        self.fails("AccessDenied", 403, self.s3.get_object, **where, **ssec(OTHER))
        self.fails("403", 403, self.s3.head_object, **where, **ssec(OTHER))
        self.fails("InvalidRequest", 400, self.s3.get_object, **where | {"Key": "plain"}, **ssec())
        self.fails("400", 400, self.s3.head_object, **where | {"Key": "plain"}, **ssec())
        self.assertEqual(self.read("locked", **ssec()), SECRET_BYTES)
        given = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(KEY).decode(),  # which boto3 does by itself elsewhere
                 "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(KEY).digest()).decode()}
        attributes = self.s3.get_object_attributes(**where, ObjectAttributes=["ETag", "ObjectSize"], **given)
        self.assertEqual(attributes["ObjectSize"], len(SECRET_BYTES))
        self.s3.delete_object(**where)
        self.fails("NoSuchKey", 404, self.s3.get_object, **where, **ssec())

    def test_ranges(self):
        body = os.urandom(400_000)
        self.put("range", body, **ssec())
        for first, last in ((0, 0), (65535, 65536), (1000, 200_000), (131072, 131072), (399_999, 399_999), (0, 399_999)):
            got = self.s3.get_object(Bucket=self.BUCKET, Key="range", Range=f"bytes={first}-{last}", **ssec())
            self.assertEqual(got["Body"].read(), body[first:last + 1])
            self.assertEqual(got["ContentRange"], f"bytes {first}-{last}/400000")
        self.assertEqual(self.read("range", Range="bytes=-5", **ssec()), body[-5:])
        self.fails("InvalidRange", 416, self.s3.get_object, Bucket=self.BUCKET, Key="range", Range="bytes=400000-", **ssec())

    def test_checksums_and_digests_are_of_the_plain_bytes(self):
        body = os.urandom(100_000)
        for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
            if algorithm in ("CRC32C", "CRC64NVME"):
                continue  # boto3 computes these with an extension only
            self.put("sum", body, **ssec(), ChecksumAlgorithm=algorithm)
            self.assertEqual(self.read("sum", **ssec(), ChecksumMode="ENABLED"), body)  # boto3 compares
            self.assertIn(f"Checksum{algorithm}", self.head("sum", **ssec(), ChecksumMode="ENABLED"))
        good, bad = (base64.b64encode(hashlib.md5(data).digest()).decode() for data in (body, b"other"))
        self.put("sum", body, **ssec(), ContentMD5=good)
        self.fails("BadDigest", 400, self.s3.put_object, Bucket=self.BUCKET, Key="sum", Body=body[:-1] + b"x", **ssec(), ContentMD5=bad)
        self.assertEqual(self.read("sum", **ssec()), body)

    def test_parts(self):
        parts = [os.urandom(5 * MEBIBYTE), os.urandom(5 * MEBIBYTE), os.urandom(70_001)]
        body = b"".join(parts)
        done = self.upload("parts", parts, {**ssec(), "ChecksumAlgorithm": "CRC32"}, ssec())
        self.assertTrue(done["ETag"].endswith('-3"'))
        found = sealed.segments(self.on_disk("parts"), KEY)
        self.assertEqual([(part, plain) for part, _, plain in found], list(enumerate(parts, 1)))
        self.assertEqual(len({object_id for _, object_id, _ in found}), 1)
        self.assertEqual(self.read("parts", **ssec()), body)
        self.assertEqual(self.head("parts", **ssec())["ContentLength"], len(body))
        for first, last in ((5 * MEBIBYTE - 3, 5 * MEBIBYTE + 3), (100, 10 * MEBIBYTE + 100), (10 * MEBIBYTE, 10 * MEBIBYTE)):
            self.assertEqual(self.read("parts", Range=f"bytes={first}-{last}", **ssec()), body[first:last + 1])
        third = self.s3.get_object(Bucket=self.BUCKET, Key="parts", PartNumber=3, **ssec())
        self.assertEqual((third["Body"].read(), third["PartsCount"]), (parts[2], 3))
        self.assertEqual(self.head("parts", PartNumber=2, **ssec())["ContentLength"], 5 * MEBIBYTE)

    def test_every_part_brings_the_key_of_its_upload(self):
        where = {"Bucket": self.BUCKET, "Key": "keyed"}
        where["UploadId"] = self.s3.create_multipart_upload(**where, **ssec())["UploadId"]
        for wrong in ({}, ssec(OTHER)):
            self.fails("InvalidRequest", 400, self.s3.upload_part, **where, PartNumber=1, Body=b"x", **wrong)
        self.s3.upload_part(**where, PartNumber=1, Body=os.urandom(5 * MEBIBYTE - 1), **ssec())
        etag = self.s3.upload_part(**where, PartNumber=2, Body=b"end", **ssec())["ETag"]
        listed = self.s3.list_parts(**where)["Parts"]
        self.assertEqual([part["Size"] for part in listed], [5 * MEBIBYTE - 1, 3])
        both = [{"PartNumber": 1, "ETag": listed[0]["ETag"]}, {"PartNumber": 2, "ETag": etag}]
        # What sealing adds does not make a part large enough.
        self.fails("EntityTooSmall", 400, self.s3.complete_multipart_upload, **where, MultipartUpload={"Parts": both})
        self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": both[1:]})
        self.assertEqual(self.read("keyed", **ssec()), b"end")
        plain = {"Bucket": self.BUCKET, "Key": "unkeyed"}
        plain["UploadId"] = self.s3.create_multipart_upload(**plain)["UploadId"]
        self.fails("InvalidRequest", 400, self.s3.upload_part, **plain, PartNumber=1, Body=b"x", **ssec())

    def test_a_part_sent_again_and_a_restart(self):
        where = {"Bucket": self.BUCKET, "Key": "again"}
        where["UploadId"] = self.s3.create_multipart_upload(**where, **ssec())["UploadId"]
        self.s3.upload_part(**where, PartNumber=1, Body=b"a" * 5 * MEBIBYTE, **ssec())
        etags = [self.s3.upload_part(**where, PartNumber=1, Body=b"b" * 5 * MEBIBYTE, **ssec())["ETag"]]
        self.gateway.kill()
        self.start()
        self.fails("InvalidRequest", 400, self.s3.upload_part, **where, PartNumber=2, Body=b"c", **ssec(OTHER))
        etags.append(self.s3.upload_part(**where, PartNumber=2, Body=b"c", **ssec())["ETag"])
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        self.gateway.kill()
        self.start()
        self.assertEqual(self.read("again", **ssec()), b"b" * 5 * MEBIBYTE + b"c")
        self.assertEqual(b"".join(plain for _, _, plain in sealed.segments(self.on_disk("again"), KEY)), b"b" * 5 * MEBIBYTE + b"c")

    def test_copies(self):
        body = os.urandom(200_000)
        self.put("from-plain", body)
        self.put("from-sealed", body, **ssec(), Metadata={"m": "1"})
        plain, locked = f"{self.BUCKET}/from-plain", f"{self.BUCKET}/from-sealed"
        copy = self.s3.copy_object
        copy(Bucket=self.BUCKET, Key="c1", CopySource=plain, **ssec())
        self.assertEqual(self.read("c1", **ssec()), body)
        self.assertEqual(sealed.segments(self.on_disk("c1"), KEY)[0][2], body)
        copy(Bucket=self.BUCKET, Key="c2", CopySource=locked, **source_ssec())
        self.assertEqual((self.on_disk("c2"), self.head("c2")["Metadata"]), (body, {"m": "1"}))
        copy(Bucket=self.BUCKET, Key="c3", CopySource=locked, **source_ssec(), **ssec(OTHER))
        self.assertEqual(self.read("c3", **ssec(OTHER)), body)
        copy(Bucket=self.BUCKET, Key="from-sealed", CopySource=locked, **source_ssec(), **ssec(OTHER))  # another key, in place
        self.assertEqual(self.read("from-sealed", **ssec(OTHER)), body)
        for code, status, more in (("InvalidRequest", 400, {}), ("AccessDenied", 403, source_ssec(KEY))):
            self.fails(code, status, copy, Bucket=self.BUCKET, Key="c4", CopySource=locked, **more)
        self.fails("InvalidRequest", 400, copy, Bucket=self.BUCKET, Key="c4", CopySource=plain, **source_ssec())
        self.assertEqual(self.keys("c4"), [])

    def test_parts_that_are_copied(self):
        body = os.urandom(6 * MEBIBYTE)
        self.put("part-source", body, **ssec(OTHER))
        where = {"Bucket": self.BUCKET, "Key": "of-copies"}
        where["UploadId"] = self.s3.create_multipart_upload(**where, **ssec())["UploadId"]
        copy = {**where, "CopySource": f"{self.BUCKET}/part-source", "CopySourceRange": f"bytes=100-{5 * MEBIBYTE + 99}"}
        self.fails("InvalidRequest", 400, self.s3.upload_part_copy, **copy, PartNumber=1, **ssec())
        self.fails("InvalidRequest", 400, self.s3.upload_part_copy, **copy, PartNumber=1, **source_ssec(OTHER))
        one = self.s3.upload_part_copy(**copy, PartNumber=1, **source_ssec(OTHER), **ssec())["CopyPartResult"]["ETag"]
        two = self.s3.upload_part(**where, PartNumber=2, Body=b"end", **ssec())["ETag"]
        self.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": one}, {"PartNumber": 2, "ETag": two}]})
        self.assertEqual(self.read("of-copies", **ssec()), body[100:5 * MEBIBYTE + 100] + b"end")

    def test_versions_and_tags(self):
        bucket = "versioned"
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        old = self.s3.put_object(Bucket=bucket, Key="k", Body=b"old", Tagging="a=b", **ssec())["VersionId"]
        self.s3.put_object(Bucket=bucket, Key="k", Body=b"newer", **ssec(OTHER))
        self.assertEqual(self.s3.get_object(Bucket=bucket, Key="k", VersionId=old, **ssec())["Body"].read(), b"old")
        self.assertEqual(self.s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=old)["TagSet"], [{"Key": "a", "Value": "b"}])
        self.assertEqual(self.s3.get_object(Bucket=bucket, Key="k", **ssec(OTHER))["Body"].read(), b"newer")
        sizes = [version["Size"] for version in self.s3.list_object_versions(Bucket=bucket)["Versions"]]
        self.assertEqual(sizes, [5, 3])

    def test_damage_on_the_disk_is_no_answer(self):
        body = os.urandom(200_000)
        self.put("rot", body, **ssec())
        path = self.work / "objects" / self.BUCKET / "rot"
        times = path.stat()
        for at in (20, 60, 100, 130, 140, 132 + 65552 + 5, len(path.read_bytes()) - 1):
            stored = bytearray(path.read_bytes())
            stored[at] ^= 1
            with open(path, "r+b") as file:
                file.write(stored)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as rot does it: nobody was told
            with self.assertRaises(Exception):
                self.assertEqual(self.read("rot", **ssec()), body)
            stored[at] ^= 1
            with open(path, "r+b") as file:
                file.write(stored)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.assertEqual(self.read("rot", **ssec()), body)

    def test_scrub_needs_no_key(self):
        bucket = "scrubbed"
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key="one", Body=os.urandom(100_000), **ssec())
        self.BUCKET, kept = bucket, self.BUCKET
        self.upload("parts", [os.urandom(5 * MEBIBYTE), b"end"], ssec(), ssec())
        self.BUCKET = kept
        done = processes.holdfast(self.gateway.values, "storage", "scrub", "--bucket", bucket)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"2 objects, .* 0 problems")
        self.assertNotIn("no checksum", done.stdout)
        self.check_rot_is_found(bucket, "parts", 1000)

    def test_bad_headers(self):
        connection = boto3_client(self.gateway.url, ca=self.ca)
        good = {"algorithm": "AES256", "key": base64.b64encode(KEY).decode(), "key-MD5": base64.b64encode(hashlib.md5(KEY).digest()).decode()}
        wrong = ({"algorithm": None}, {"key": None}, {"key-MD5": None}, {"algorithm": "AES128"}, {"key": "rubbish"}, {"key": good["key"][:24]},
                 {"key-MD5": base64.b64encode(hashlib.md5(OTHER).digest()).decode()}, {"key": "A" * 5000}, {"key-MD5": ""})
        for change in wrong:
            headers = {CUSTOMER_HEADER + name: value for name, value in (good | change).items() if value is not None}

            def add(request, headers=headers, **_):
                for name, value in headers.items():
                    request.headers[name] = value

            for operation in ("PutObject", "GetObject"):
                connection.meta.events.register(f"before-sign.s3.{operation}", add, unique_id=operation)
            code = "InvalidEncryptionAlgorithmError" if change.get("algorithm") else "InvalidArgument"
            self.fails(code, 400, connection.put_object, Bucket=self.BUCKET, Key="bad", Body=b"x")
            self.fails(code, 400, connection.get_object, Bucket=self.BUCKET, Key="bad")
            for operation in ("PutObject", "GetObject"):
                connection.meta.events.unregister(f"before-sign.s3.{operation}", unique_id=operation)
        self.fails("InvalidArgument", 400, self.s3.put_object, Bucket=self.BUCKET, Key="bad", Body=b"x", ServerSideEncryption="AES256", **ssec())
        self.assertEqual(self.keys("bad"), [])

    def test_no_key_in_any_log(self):
        self.put("logged", b"x", **ssec())
        self.fails("AccessDenied", 403, self.s3.get_object, Bucket=self.BUCKET, Key="logged", **ssec(OTHER))
        log = pathlib.Path(self.gateway.log).read_text()
        for key in (KEY, OTHER):
            for form in (base64.b64encode(key).decode(), key.hex(), base64.b64encode(hashlib.md5(key).digest()).decode()):
                self.assertNotIn(form, log)


class PlainHttpTest(SealedTestCase):
    def test_keys_are_refused_without_tls(self):
        connection = RawConnection(self.gateway.port)
        self.addCleanup(connection.close)
        headers = {CUSTOMER_HEADER + "algorithm": "AES256", CUSTOMER_HEADER + "key": base64.b64encode(KEY).decode(),
                   CUSTOMER_HEADER + "key-MD5": base64.b64encode(hashlib.md5(KEY).digest()).decode()}
        for method in ("PUT", "GET"):
            answer, document = connection.request(method, f"/{self.BUCKET}/k", b"", headers)
            self.assertEqual(answer.status, 400, document)
            self.assertIn(b"<Code>InvalidRequest</Code>", document)
        self.assertEqual(self.keys(), [])

    def test_own_keys_are_not_offered_without_one(self):
        self.fails("NotImplemented", 501, self.s3.put_object, Bucket=self.BUCKET, Key="k", Body=b"x", ServerSideEncryption="AES256")
        self.fails("NotImplemented", 501, self.s3.put_object, Bucket=self.BUCKET, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
        rule = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        self.fails("NotImplemented", 501, self.s3.put_bucket_encryption, Bucket=self.BUCKET, ServerSideEncryptionConfiguration=rule)
        self.fails("ServerSideEncryptionConfigurationNotFoundError", 404, self.s3.get_bucket_encryption, Bucket=self.BUCKET)


class OwnKeyTest(SealedTestCase):
    """SSE-S3, and keys of clients where plain HTTP is allowed."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-sealed-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.keys_of_folder = [OLD]
        cls.start()
        cls.addClassCleanup(lambda: cls.gateway.stop())
        cls.s3.create_bucket(Bucket=cls.BUCKET)

    @classmethod
    def start(cls):
        files = []
        for number, key in enumerate(cls.keys_of_folder):
            path = cls.work / f"key-{number}"
            path.write_text(key.hex() + "\n")
            files.append({"keyFile": str(path)})
        values = {"holdfast": {"storage": {"encryption": {"keys": files}}, "gateway": {"customerKeysOverHttp": True}}}
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", values)
        cls.s3 = boto3_client(cls.gateway.url)

    def restart(self, *keys: bytes):
        type(self).keys_of_folder = list(keys)
        self.gateway.kill()
        self.start()

    def setUp(self):
        if self.keys_of_folder != [OWN, OLD]:
            self.restart(OWN, OLD)

    def test_it_lies_encrypted_and_looks_as_ever(self):
        body = SECRET_BYTES * 5000
        answer = self.put("own", body, ServerSideEncryption="AES256")
        self.assertEqual((answer["ServerSideEncryption"], answer["ETag"]), ("AES256", f'"{hashlib.md5(body).hexdigest()}"'))
        self.assertEqual(sealed.segments(self.on_disk("own"), OWN)[0][2], body)
        got = self.s3.get_object(Bucket=self.BUCKET, Key="own")
        self.assertEqual((got["Body"].read(), got["ServerSideEncryption"]), (body, "AES256"))
        self.assertEqual(self.read("own", Range="bytes=70000-70009"), body[70000:70010])
        self.assertEqual(self.head("own")["ServerSideEncryption"], "AES256")
        self.fails("InvalidRequest", 400, self.s3.get_object, Bucket=self.BUCKET, Key="own", **ssec())
        self.fails("NotImplemented", 501, self.s3.put_object, Bucket=self.BUCKET, Key="own", Body=b"x", ServerSideEncryption="aws:kms")
        self.fails("InvalidArgument", 400, self.s3.put_object, Bucket=self.BUCKET, Key="own", Body=b"x", ServerSideEncryption="rot13")

    def test_parts_and_copies(self):
        parts = [os.urandom(5 * MEBIBYTE), b"end"]
        done = self.upload("own-parts", parts, {"ServerSideEncryption": "AES256"}, {})
        etag = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
        self.assertEqual((done["ETag"], done["ServerSideEncryption"]), (f'"{etag}-2"', "AES256"))
        self.assertEqual([plain for _, _, plain in sealed.segments(self.on_disk("own-parts"), OWN)], parts)
        self.assertEqual(self.read("own-parts"), b"".join(parts))
        copy = {"Bucket": self.BUCKET, "CopySource": f"{self.BUCKET}/own-parts"}
        self.assertEqual(self.s3.copy_object(**copy, Key="own-copy", ServerSideEncryption="AES256")["ServerSideEncryption"], "AES256")
        self.assertEqual(sealed.segments(self.on_disk("own-copy"), OWN)[0][2], b"".join(parts))
        self.s3.copy_object(**copy, Key="customer-copy", **ssec())
        self.assertEqual(self.read("customer-copy", **ssec()), b"".join(parts))
        self.s3.copy_object(**copy, Key="plain-copy")  # as S3: a copy's encryption is asked for, not inherited
        self.assertEqual(self.on_disk("plain-copy"), b"".join(parts))

    def test_a_bucket_that_encrypts_by_default(self):
        bucket = "by-default"
        self.s3.create_bucket(Bucket=bucket)
        rule = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        self.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rule)
        found = self.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        self.assertEqual(found["Rules"][0]["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
        self.restart(OWN, OLD)
        answer = self.s3.put_object(Bucket=bucket, Key="k", Body=b"bytes")
        self.assertEqual(answer["ServerSideEncryption"], "AES256")
        self.assertTrue((self.work / "objects" / bucket / "k").read_bytes().startswith(b"hfsealed"))
        form = boto3_client(self.gateway.url, signature_version="s3v4").generate_presigned_post(bucket, "form")  # refused, not in the clear
        answer = requests.post(form["url"], data=form["fields"], files={"file": b"of a form"}, timeout=60)
        self.assertEqual(answer.status_code, 501, answer.text)
        self.fails("NoSuchKey", 404, self.s3.get_object, Bucket=bucket, Key="form")
        # Also where the key is gone: refused, not kept in the clear.
        self.restart()
        self.fails("NotImplemented", 501, self.s3.put_object, Bucket=bucket, Key="k2", Body=b"bytes")
        self.restart(OWN, OLD)
        self.s3.delete_bucket_encryption(Bucket=bucket)
        self.assertNotIn("ServerSideEncryption", self.s3.put_object(Bucket=bucket, Key="k3", Body=b"bytes"))
        kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
        self.fails("NotImplemented", 501, self.s3.put_bucket_encryption, Bucket=bucket, ServerSideEncryptionConfiguration=kms)

    def test_keys_change(self):
        self.restart(OLD)
        self.put("rotated", b"with the old key", ServerSideEncryption="AES256")
        self.restart(OWN, OLD)
        self.assertEqual(self.read("rotated"), b"with the old key")
        self.put("rotated-2", b"with the new key", ServerSideEncryption="AES256")
        self.restart(OWN)
        self.assertEqual(self.read("rotated-2"), b"with the new key")
        self.fails("InternalError", 500, self.s3.get_object, Bucket=self.BUCKET, Key="rotated")
        self.assertEqual(self.head("rotated")["ContentLength"], 16)  # what is told of it needs no key
        self.assertRegex(self.gateway.tail(), re.escape("holdfast.storage.encryption.keys"))

    def test_scrub_reads_what_it_can_open(self):
        bucket = "own-scrub"
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key="k", Body=os.urandom(200_000), ServerSideEncryption="AES256")
        done = processes.holdfast(self.gateway.values, "storage", "scrub", "--bucket", bucket)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.check_rot_is_found(bucket, "k", 100_000)

    def test_customers_keys_over_http_where_allowed(self):
        self.put("http", b"bytes", **ssec())
        self.assertEqual(self.read("http", **ssec()), b"bytes")


if __name__ == "__main__":
    unittest.main()
