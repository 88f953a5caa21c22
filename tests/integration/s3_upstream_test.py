#!/usr/bin/env python3
"""The gateway in front of an S3 storage: with exactly the documented policy, and over buckets whose ETags are no MD5s."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import sys
import threading
import time
import unittest

import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from s3_clients import boto3_client  # noqa: E402
from s3_upstream import BUCKETS, UpstreamTestCase  # noqa: E402

MEBIBYTE = 1 << 20


class PolicyTest(UpstreamTestCase):
    def test_objects_arrive_as_they_are(self):
        body = os.urandom(3 * MEBIBYTE)
        put = self.s3.put_object(Bucket="up-vm", Key="a/b c+ü", Body=body, Metadata={"who": "me"}, ContentType="text/x")
        self.assertEqual(put["ETag"].strip('"'), hashlib.md5(body).hexdigest())
        self.assertEqual(self.raw_get("a/b c+ü"), body)
        head = self.raw.head_object(Bucket="up-vm", Key="a/b c+ü")
        self.assertEqual((head["Metadata"], head["ContentType"]), ({"who": "me"}, "text/x"))
        self.assertEqual(self.get("a/b c+ü"), body)
        part = self.s3.get_object(Bucket="up-vm", Key="a/b c+ü", Range="bytes=5-9")
        self.assertEqual(part["Body"].read(), body[5:10])
        self.s3.copy_object(Bucket="up-vm", Key="a/copy", CopySource={"Bucket": "up-vm", "Key": "a/b c+ü"})
        self.assertEqual(self.raw_get("a/copy"), body)
        listed = self.s3.list_objects_v2(Bucket="up-vm", Prefix="a/")
        self.assertEqual([entry["Key"] for entry in listed["Contents"]], ["a/b c+ü", "a/copy"])
        removed = self.s3.delete_objects(Bucket="up-vm", Delete={"Objects": [{"Key": "a/b c+ü"}, {"Key": "a/copy"}]})
        self.assertEqual(len(removed["Deleted"]), 2)
        self.assertNotIn("Contents", self.raw.list_objects_v2(Bucket="up-vm", Prefix="a/"))

    def test_a_wrong_md5_is_seen_here(self):
        """The upstream (moto) does not look at Content-MD5; nor may what a client says of its bytes teach us what ETags the bucket has."""
        where, wrong = {"Bucket": "up-vm", "Key": "wrong"}, base64.b64encode(hashlib.md5(b"other").digest()).decode()
        self.assert_code("BadDigest", self.s3.put_object, **where, Body=b"bytes", ContentMD5=wrong)
        upload = self.s3.create_multipart_upload(**where)["UploadId"]
        self.assert_code("BadDigest", self.s3.upload_part, **where, UploadId=upload, PartNumber=1, Body=b"bytes", ContentMD5=wrong)
        self.assertNotIn("Contents", self.raw.list_objects_v2(Bucket="up-vm", Prefix="wrong"))
        self.assertEqual(self.s3.put_object(**where, Body=b"bytes")["ETag"].strip('"'), hashlib.md5(b"bytes").hexdigest())

    def test_uploads_in_parts(self):
        parts = [os.urandom(5 * MEBIBYTE), os.urandom(MEBIBYTE)]
        where = {"Bucket": "up-vm", "Key": "parts"}
        upload = self.s3.create_multipart_upload(**where)["UploadId"]
        done = [{"PartNumber": i, "ETag": self.s3.upload_part(**where, UploadId=upload, PartNumber=i, Body=part)["ETag"]}
                for i, part in enumerate(parts, 1)]
        self.assert_code("AccessDenied", self.s3.list_parts, **where, UploadId=upload)
        self.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
        self.assertEqual(self.raw_get("parts"), b"".join(parts))

    def test_an_expected_size_is_passed_on(self):
        """Newer SDKs tell it with every Complete; the gateway may not list the parts to compare it."""
        where, body = {"Bucket": "up-vm", "Key": "sized"}, os.urandom(1000)
        upload = self.s3.create_multipart_upload(**where)["UploadId"]
        parts = [{"PartNumber": 1, "ETag": self.s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)["ETag"]}]
        self.s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts}, MpuObjectSize=len(body))
        self.assertEqual(self.raw_get("sized"), body)

    def test_conditions_hold(self):
        where = {"Bucket": "up-vm", "Key": "condition"}
        etag = self.s3.put_object(**where, Body=b"1", IfNoneMatch="*")["ETag"]
        self.assert_code("PreconditionFailed", self.s3.put_object, **where, Body=b"2", IfNoneMatch="*")
        self.s3.put_object(**where, Body=b"3", IfMatch=etag)
        self.assert_code("PreconditionFailed", self.s3.put_object, **where, Body=b"4", IfMatch=etag)
        self.assertEqual(self.get("condition"), b"3")

    def test_encryption_with_the_storages_own_keys_is_passed_on(self):
        """moto names the encryption, though it does none. In a bucket of its own: after a KMS key ETags are no MD5s."""
        where, alias = {"Bucket": "up-elastic", "Key": "sealed"}, "arn:aws:kms:us-east-1:111122223333:key/own"
        for asked in ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": alias}):
            told = self.s3.put_object(**where, Body=b"bytes", **asked)
            self.assertEqual({name: told[name] for name in asked}, asked)
            for client in (self.raw, self.s3):
                head = client.head_object(**where)
                self.assertEqual({name: head[name] for name in asked}, asked)
            self.assertEqual(self.s3.get_object(**where)["Body"].read(), b"bytes")
            self.s3.copy_object(Bucket="up-elastic", Key="copy", CopySource=where, **asked)
            copied = self.raw.head_object(Bucket="up-elastic", Key="copy")
            self.assertEqual({name: copied[name] for name in asked}, asked)
            upload = self.s3.create_multipart_upload(**where, **asked)
            self.assertEqual({name: upload[name] for name in asked}, asked)
            part = self.s3.upload_part(**where, UploadId=upload["UploadId"], PartNumber=1, Body=b"parts")
            self.s3.complete_multipart_upload(**where, UploadId=upload["UploadId"],
                                              MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
            self.assertEqual(self.raw.head_object(**where)["ServerSideEncryption"], asked["ServerSideEncryption"])
        self.s3.put_object(**where, Body=b"plain")
        self.assertNotIn("aws:kms", str(self.raw.head_object(**where).get("ServerSideEncryption")))

    def test_what_the_policy_refuses_is_refused_here(self):
        self.assert_code("AccessDenied", self.s3.list_multipart_uploads, Bucket="up-vm")
        upload = self.s3.create_multipart_upload(Bucket="up-vm", Key="given up")["UploadId"]
        self.assert_code("AccessDenied", self.s3.abort_multipart_upload, Bucket="up-vm", Key="given up", UploadId=upload)
        self.assert_code("AccessDenied", self.s3.create_bucket, Bucket="another")
        self.assert_code("BucketAlreadyOwnedByYou", self.s3.create_bucket, Bucket="up-vm")
        self.assert_code("AccessDenied", self.s3.delete_bucket, Bucket="up-vm")

    def test_large_bodies_pass_through_in_bounded_memory(self):
        body = os.urandom(96 * MEBIBYTE)
        self.s3.put_object(Bucket="up-vm", Key="warm", Body=body[:MEBIBYTE])
        before = self.gateway.peak_memory()
        self.s3.put_object(Bucket="up-vm", Key="large", Body=body)
        self.assertEqual(hashlib.sha256(self.get("large")).digest(), hashlib.sha256(body).digest())
        self.assertLess(self.gateway.peak_memory() - before, 16 * MEBIBYTE)
        self.s3.delete_object(Bucket="up-vm", Key="large")

    def test_the_configured_buckets_are_listed_without_asking(self):
        self.assertEqual([bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]], BUCKETS)
        self.s3.head_bucket(Bucket="up-vm")
        self.assert_code("404", self.s3.head_bucket, Bucket="not-there")
        self.assertNotIn("ListAllMyBuckets", self.proxy.seen)


class StrictPartsTest(UpstreamTestCase):
    """An upstream that takes no checksum with a part when the upload was begun without one."""

    PROXY = {"allowed": s3_upstream.ALLOWED, "faults": {"strict_parts"}}

    def test_parts_whose_digest_nobody_knows_beforehand(self):
        """Too large to be held, unsigned by the client: AWS takes no checksum with them, as the upload was begun without one."""
        s3 = boto3_client(self.gateway.url, request_checksum_calculation="when_required", signs_bodies=False)
        parts = [os.urandom(9 * MEBIBYTE), os.urandom(9 * MEBIBYTE + 1)]
        where = {"Bucket": "up-vm", "Key": "unknown parts"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        done = [{"PartNumber": i, "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=i, Body=part)["ETag"]} for i, part in enumerate(parts, 1)]
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
        self.assertEqual(self.raw_get("unknown parts"), b"".join(parts))


class InstanceMetadata:
    """A machine's metadata service, as far as credentials go. Each pair has a session token of its own."""

    def __init__(self, valid_for: int = 3600, role: str = "backup"):
        self.given: list[int] = []
        self.refused: list[str] = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *unused):
                pass

            def answer(self, status: int, text: str):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                good = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "").isdigit()
                self.answer(200 if good else 400, "the token")

            def do_GET(self):
                if self.headers.get("X-aws-ec2-metadata-token") != "the token":
                    service.refused.append(self.path)
                    return self.answer(401, "")
                place = "/latest/meta-data/iam/security-credentials/"
                if self.path == place:
                    return self.answer(200 if role else 404, role)
                if self.path != place + role:
                    return self.answer(404, "")
                service.given.append(len(service.given))
                ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + valid_for))
                return self.answer(200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "INSTANCEKEY", "Expiration": ends,
                                                    "SecretAccessKey": "instance secret", "Token": f"session {service.given[-1]}"}))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class UpstreamSettingsTest(UpstreamTestCase):
    """How the gateway gets at its upstream: roles, own certificates, missing buckets."""

    def start(self, name: str, url: str, extra=None, env=None, **upstream):
        work = self.work / name
        work.mkdir()
        values = processes.merge(s3_upstream.upstream_values(url, **upstream), extra or {})
        return processes.Gateway(work, work / "unused", values, env={"AWS_EC2_METADATA_DISABLED": "true", **(env or {})})

    def test_a_web_identity_gets_its_keys_from_sts(self):
        token = self.work / "token"
        token.write_text("header.payload.signature\n")
        env = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/backup", "AWS_ENDPOINT_URL_STS": self.moto.url}
        with self.start("web", self.proxy.url, env=env, accessKey="", secretKey="") as gateway:
            s3 = boto3_client(gateway.url)
            s3.put_object(Bucket="up-vm", Key="by role", Body=b"x")
            self.assertEqual(self.raw_get("by role"), b"x")
        self.assertEqual(len(self.proxy.session_tokens), 1, "fetched once, sent with every request")
        self.assertNotIn("header.payload", gateway.log.read_text())

    def test_a_clients_key_that_the_storage_does_not_confirm_is_no_success(self):
        """moto does not know such keys: the object would lie in the clear."""
        with self.start("customer", self.proxy.url, {"holdfast": {"gateway": {"customerKeysOverHttp": True}}}) as gateway:
            with self.assertRaises(botocore.exceptions.ClientError) as refused:
                boto3_client(gateway.url).put_object(Bucket="up-vm", Key="with a key", Body=b"bytes", SSECustomerAlgorithm="AES256",
                                                     SSECustomerKey=os.urandom(32))
        self.assertEqual(refused.exception.response["Error"]["Code"], "NotImplemented")
        self.assertIn("does not confirm the encryption", str(refused.exception))

    def test_the_instances_role_gives_the_keys(self):
        """Version 2 of the metadata service, scripted; keys that end soon are fetched again before they do."""
        with InstanceMetadata(valid_for=240) as instance:
            env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url}
            proxy = s3_upstream.Proxy(self.moto.port)
            self.addCleanup(proxy.stop)
            with self.start("instance", proxy.url, env=env, accessKey="", secretKey="") as gateway:
                s3 = boto3_client(gateway.url)
                s3.put_object(Bucket="up-vm", Key="by instance", Body=b"x")
                self.assertEqual(self.raw_get("by instance"), b"x")
                while len(instance.given) < 2:
                    s3.head_object(Bucket="up-vm", Key="by instance")
            self.assertGreaterEqual(len(proxy.session_tokens), 1)
            self.assertLessEqual(proxy.session_tokens, {f"session {number}" for number in instance.given})
            self.assertEqual(instance.refused, [], "every question came with the token")
            self.assertNotIn("instance secret", gateway.log.read_text())

    def test_an_instance_without_a_role_is_told(self):
        with InstanceMetadata(role="") as instance:
            env = {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url}
            with self.start("no role", self.proxy.url, env=env, accessKey="", secretKey="") as gateway:
                self.assert_code("AccessDenied", boto3_client(gateway.url).put_object, Bucket="up-vm", Key="by nobody", Body=b"x")
                self.assertIn("give the machine a role", gateway.log.read_text())

    def test_a_write_that_is_cut_in_the_middle_is_sent_again(self):
        proxy = s3_upstream.Proxy(self.moto.port, allowed=s3_upstream.ALLOWED, faults={"cut_once"})
        self.addCleanup(proxy.stop)
        body = os.urandom(3 * MEBIBYTE)
        with self.start("cut", proxy.url) as gateway:
            s3 = boto3_client(gateway.url)
            s3.put_object(Bucket="up-vm", Key="cut", Body=body)
            self.assertEqual(self.raw_get("cut"), body)
            upload = s3.create_multipart_upload(Bucket="up-vm", Key="cut parts")["UploadId"]
            part = s3.upload_part(Bucket="up-vm", Key="cut parts", UploadId=upload, PartNumber=1, Body=body)
            s3.complete_multipart_upload(Bucket="up-vm", Key="cut parts", UploadId=upload,
                                         MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
            self.assertEqual(self.raw_get("cut parts"), body)
        cut = [path for path in proxy.cuts if path.startswith("/up-vm/cut")]
        self.assertEqual(len(cut), 2, "the client sent each once, and the storage saw the half of it first")

    def test_without_keys_it_says_which_to_set(self):
        with self.assertRaisesRegex(RuntimeError, "minio.s3gateway: no access key is given .* set minio.s3gateway.accessKey"):
            self.start("keyless", self.proxy.url, accessKey="", secretKey="")

    def test_an_own_certificate_authority(self):
        certificate, key = self.work / "cert.pem", self.work / "key.pem"
        processes.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
                       "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True)
        proxy = s3_upstream.Proxy(self.moto.port, tls=(certificate, key))
        self.addCleanup(proxy.stop)
        with self.start("tls", proxy.url, {"holdfast": {"storage": {"s3": {"caFile": str(certificate)}}}}) as gateway:
            boto3_client(gateway.url).put_object(Bucket="up-vm", Key="tls", Body=b"y")
            self.assertEqual(self.raw_get("tls"), b"y")
        with self.start("stranger", proxy.url) as gateway:
            with self.assertRaises(botocore.exceptions.ClientError):
                boto3_client(gateway.url).get_object(Bucket="up-vm", Key="tls")
            self.assertIn("certificate", gateway.tail())

    def test_a_missing_bucket_is_one_line_with_its_key(self):
        self.raw.delete_bucket(Bucket="up-elastic")
        try:
            with self.start("missing", self.proxy.url) as gateway:
                lines = [line for line in gateway.tail().splitlines() if "up-elastic" in line]
                self.assertEqual(len(lines), 1, gateway.tail())
                self.assertIn("create the bucket or correct backup.elasticsearch.bucketName", lines[0])
                boto3_client(gateway.url).put_object(Bucket="up-vm", Key="others work", Body=b"z")
        finally:
            self.raw.create_bucket(Bucket="up-elastic")


class DirectTest(UpstreamTestCase):
    """The commands without the gateway, under the policy, over a bucket encrypted with KMS."""

    PROXY = {"allowed": s3_upstream.ALLOWED, "etags": "random", "kms": True}

    def test_backs_up_verifies_and_restores(self):
        data = self.work / "data"
        with processes.VictoriaMetrics(self.work, data) as server:
            values = self.work / "direct.yaml"
            own = {"holdfast": {"victoria-metrics-0": {"url": server.url, "dataPath": str(data)}}}
            processes.write_values(values, processes.free_port(), self.work / "unused", processes.merge(s3_upstream.upstream_values(self.proxy.url), own))
            server.ingest(100, 200, int(time.time() * 1000) - 24 * 3_600_000)
            for command in (["backup"], ["backup"], ["verify", "--deep"]):
                self.holdfast(values, command[0], "victoria-metrics-0", "--direct", *command[1:])
            expected = server.export_lines()
        name = next(line.split()[1] for line in self.holdfast(values, "list", "victoria-metrics-0", "--direct").splitlines()
                    if line.startswith("victoria-metrics-0"))
        shutil.rmtree(data)
        self.holdfast(values, "restore", "victoria-metrics-0", name, "--direct", "--yes")
        with processes.VictoriaMetrics(self.work, data, name="restored") as server:
            self.assertEqual(server.export_lines(), expected)
        self.assertEqual(set(self.proxy.denied), set())

    def holdfast(self, values, *arguments) -> str:
        done = processes.holdfast(values, *arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}{done.stdout}")
        return done.stdout


del UpstreamTestCase  # a base only

if __name__ == "__main__":
    unittest.main()
