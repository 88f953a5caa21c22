#!/usr/bin/env python3
"""Who may do what, from outside: limited pairs of the values file, requests that are refused, paths that want out of the folder,
and what the log of all this gives away: nothing."""
import hashlib
import http.client
import os
import pathlib
import re
import socket
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import GatewayTestCase, RawConnection, boto3_client, signed_headers  # noqa: E402

MEBIBYTE = 1 << 20
PAIRS = {"writer": ["read", "list", "writeNew"], "keeper": ["read", "list", "delete", "bypassLock"], "replacer": ["overwrite"], "reader": ["read"]}


def pair(name: str) -> tuple[str, str]:
    return f"{name}-pair", f"{name}-secret-{hashlib.sha256(name.encode()).hexdigest()[:20]}"


class AccessTestCase(GatewayTestCase):
    """A gateway with the pairs above, each for in/ of the test's bucket; their secrets come from files and from the values."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-access-")
        cls.addClassCleanup(folder.cleanup)
        cls.work, cls.signatures = pathlib.Path(folder.name), set()
        cls.data = cls.work / "objects"
        keys = []
        for number, (name, allow) in enumerate(PAIRS.items()):
            access_key, secret_key = pair(name)
            entry = {"accessKey": access_key, "bucket": cls.BUCKET, "prefix": "in/", "allow": allow}
            if number % 2:
                entry["secretKey"] = secret_key
            else:
                (cls.work / name).write_text(secret_key + "\n")
                entry["secretKeyFile"] = str(cls.work / name)
            keys.append(entry)
        cls.gateway = processes.Gateway(cls.work, cls.data, {"holdfast": {"gateway": {"keys": keys, "limits": {"headTimeout": "1s"}}}})
        cls.addClassCleanup(cls.gateway.stop)
        cls.s3 = cls.client()
        cls.s3.create_bucket(Bucket=cls.BUCKET)

    @classmethod
    def client(cls, name: str = "", **config):
        keys = pair(name) if name else ()
        client = boto3_client(cls.gateway.url, *keys, **config)
        client.meta.events.register("before-send.s3", cls.remember)
        return client

    @classmethod
    def remember(cls, request, **_):
        """Every signature that is sent, to look for in the log."""
        header = request.headers.get("Authorization", b"")
        text = header.decode() if isinstance(header, bytes) else header
        cls.signatures |= set(re.findall(r"Signature=([0-9a-f]{64})", text + request.url))

    def denied(self, call, **arguments):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(Bucket=self.BUCKET, **arguments)
        answer = caught.exception.response
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 403)
        if answer["Error"]["Code"] != "403":  # a HEAD has no document
            self.assertEqual(answer["Error"]["Code"], "AccessDenied")

    def lines(self) -> list[str]:
        return self.gateway.log.read_text(errors="replace").splitlines()


class PairsTest(AccessTestCase):
    def test_a_writer_adds_and_never_changes(self):
        writer = self.client("writer")
        writer.put_object(Bucket=self.BUCKET, Key="in/new", Body=b"first")
        self.denied(writer.put_object, Key="in/new", Body=b"second")
        self.denied(writer.copy_object, Key="in/new", CopySource=f"{self.BUCKET}/in/new", MetadataDirective="REPLACE")
        self.denied(writer.delete_object, Key="in/new")
        self.denied(writer.put_object, Key="out/new", Body=b"x")
        self.denied(writer.get_object, Key="out/new")
        self.assertEqual(self.get("in/new"), b"first")

    def test_a_writers_uploads_in_parts_never_replace(self):
        writer = self.client("writer")
        for body in (b"first", b"second"):
            upload = writer.create_multipart_upload(Bucket=self.BUCKET, Key="in/parts")["UploadId"]
            where = {"Bucket": self.BUCKET, "Key": "in/parts", "UploadId": upload}
            etag = writer.upload_part(**where, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            if body == b"first":
                writer.complete_multipart_upload(**where, MultipartUpload=parts)
            else:
                self.denied(writer.complete_multipart_upload, Key="in/parts", UploadId=upload, MultipartUpload=parts)
                writer.abort_multipart_upload(**where)
        self.assertEqual(self.get("in/parts"), b"first")

    def test_lists_stay_below_the_prefix(self):
        self.s3.put_object(Bucket=self.BUCKET, Key="in/listed", Body=b"x")
        writer = self.client("writer")
        self.assertIn("in/listed", [entry["Key"] for entry in writer.list_objects_v2(Bucket=self.BUCKET, Prefix="in/")["Contents"]])
        for call in (writer.list_objects_v2, writer.list_objects, writer.list_object_versions, writer.list_multipart_uploads):
            for prefix in ("", "i", "out/"):
                self.denied(call, Prefix=prefix)
        self.assertEqual([bucket["Name"] for bucket in writer.list_buckets()["Buckets"]], [self.BUCKET])
        self.denied(self.client("reader").list_objects_v2, Prefix="in/")

    def test_bulk_removal_answers_for_each_key(self):
        for key in ("in/bulk", "out/bulk"):
            self.s3.put_object(Bucket=self.BUCKET, Key=key, Body=b"x")
        both = {"Objects": [{"Key": "in/bulk"}, {"Key": "out/bulk"}]}
        answer = self.client("writer").delete_objects(Bucket=self.BUCKET, Delete=both)
        self.assertEqual([(error["Key"], error["Code"]) for error in answer["Errors"]], [("in/bulk", "AccessDenied"), ("out/bulk", "AccessDenied")])
        answer = self.client("keeper").delete_objects(Bucket=self.BUCKET, Delete=both)
        self.assertEqual([entry["Key"] for entry in answer["Deleted"]], ["in/bulk"])
        self.assertEqual([error["Code"] for error in answer["Errors"]], ["AccessDenied"])
        self.assertEqual(self.get("out/bulk"), b"x")

    def test_a_copy_reads_only_what_its_key_may(self):
        self.s3.put_object(Bucket=self.BUCKET, Key="out/hidden", Body=b"hidden")
        self.denied(self.client("writer").copy_object, Key="in/copy", CopySource=f"{self.BUCKET}/out/hidden")
        self.denied(self.client("replacer").copy_object, Key="in/copy", CopySource=f"{self.BUCKET}/in/new")

    def test_config_show_hides_every_secret(self):
        done = processes.holdfast(self.gateway.values, "config", "show")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in PAIRS:
            access_key, secret_key = pair(name)
            self.assertIn(access_key, done.stdout)
            self.assertNotIn(secret_key, done.stdout + done.stderr)


class LinksTest(AccessTestCase):
    def get_link(self, link: str) -> tuple[int, bytes]:
        self.signatures.update(re.findall(r"Signature=([0-9a-f]{64})", link))
        try:
            with urllib.request.urlopen(link, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def test_a_link_gives_what_its_key_may_and_no_more(self):
        self.s3.put_object(Bucket=self.BUCKET, Key="in/linked", Body=b"linked")
        reader, replacer = self.client("reader", signature_version="s3v4"), self.client("replacer", signature_version="s3v4")
        where = {"Bucket": self.BUCKET, "Key": "in/linked"}
        link = reader.generate_presigned_url("get_object", where, ExpiresIn=60)
        self.assertEqual(self.get_link(link), (200, b"linked"))
        self.assertEqual(self.get_link(link)[0], 200)  # a link is good until it ends
        self.assertEqual(self.get_link(replacer.generate_presigned_url("get_object", where, ExpiresIn=60))[0], 403)
        self.assertEqual(self.get_link(link.replace("linked", "listed"))[0], 403)
        self.assertEqual(self.get_link(link.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))[0], 403)
        self.assertEqual(self.get_link(link + "&response-content-type=text/html")[0], 403)

    def test_a_link_has_a_longest_life(self):
        signer = self.client(signature_version="s3v4")
        link = signer.generate_presigned_url("get_object", {"Bucket": self.BUCKET, "Key": "k"}, ExpiresIn=604_801)
        status, body = self.get_link(link)
        self.assertEqual(status, 400)
        self.assertIn(b"<Code>AuthorizationQueryParametersError</Code>", body)


class EscapesTest(AccessTestCase):
    def setUp(self):
        self.outside = self.work / "outside"
        self.outside.mkdir(exist_ok=True)
        (self.outside / "file").write_text("not yours")

    def ask(self, *request):
        """On a connection of its own: a refused body that was not read ends the connection."""
        connection = RawConnection(self.gateway.port)
        try:
            return connection.request(*request)
        finally:
            connection.close()

    def around(self) -> set:
        """Everything beside the objects, with its content."""
        return {(str(path), path.read_bytes() if path.is_file() else b"") for path in self.work.rglob("*")
                if not path.is_relative_to(self.data) and path.name != "gateway.log"}

    def test_no_name_leads_out_of_the_folder(self):
        before = self.around()
        names = ["../outside/file", "..%2Foutside%2Ffile", "%2e%2e/%2e%2e/outside/file", "in/../../../outside/file", "%2Fetc%2Fpasswd", "in/./../x",
                 "..", ".", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", ".hf~sys/format", "in/..", "a%00b", "..%5Coutside"]
        for name in names:
            for bucket in (self.BUCKET, "..", "%2e%2e", ".hf~sys"):
                path = f"/{bucket}/{name}"
                answer, body = self.ask("PUT", path, b"written")
                self.assertIn(answer.status, (200, 400, 403, 404), path)
                answer, body = self.ask("GET", path)
                self.assertIn(body if answer.status == 200 else b"", (b"written", b""), path)
                self.assertIn(answer.status, (200, 400, 403, 404), path)
                self.ask("DELETE", path)
        self.assertEqual(self.around(), before)
        self.assertTrue((self.data / ".hf~sys" / "format").exists())

    def test_no_symbolic_link_is_followed(self):
        before = self.around()
        root = self.data / self.BUCKET
        (root / "link").symlink_to(self.outside / "file")
        (root / "folder").symlink_to(self.outside)
        (root / "below").mkdir()
        (root / "below" / "deep").symlink_to(self.outside)
        (self.data / "linked-bucket").symlink_to(self.outside)
        for path in ("link", "folder/file", "below/deep/file", "below/deep/new"):
            for method in ("GET", "HEAD", "PUT", "DELETE", "GET"):
                answer, body = self.ask(method, f"/{self.BUCKET}/{path}", b"written" if method == "PUT" else b"")
                self.assertNotIn(b"not yours", body, (method, path))
            self.ask("PUT", f"/{self.BUCKET}/copied", b"", {"x-amz-copy-source": f"/{self.BUCKET}/{path}"})
            answer, body = self.ask("GET", f"/{self.BUCKET}/copied")
            self.assertNotIn(b"not yours", body, path)
        for path in ("/linked-bucket/file", "/linked-bucket?list-type=2"):
            answer, body = self.ask("GET", path)
            self.assertEqual(answer.status, 404, path)
        self.ask("PUT", "/linked-bucket/new", b"written")
        self.assertNotIn("linked-bucket", [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]])
        self.assertNotIn("folder/file", self.keys())
        self.assertNotIn("below/deep/file", self.keys())
        self.assertEqual(self.around(), before)
        self.assertEqual((self.outside / "file").read_text(), "not yours")


class LogTest(AccessTestCase):
    def lines_with(self, text: str, since: int = 0) -> list[str]:
        """Waits: a line is written after its answer."""
        end = time.monotonic() + 60
        while True:
            found = [line for line in self.lines()[since:] if text in line]
            if found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def refused(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60) as connection:
            connection.sendall(data)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer

    def test_every_refused_request_leaves_a_line(self):
        signature = "c0ffee" * 10 + "c0ff"
        query = f"X-Amz-Credential=someone%2F20261122&X-Amz-Signature={signature}"
        self.signatures.add(signature)
        for data, status, wanted in (
                (f"GET /log/version?{query} HTTP/3.0\r\nHost: h\r\n\r\n", 505, '"GET /log/version"'),
                (f"PUT /log/lengths?{query} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, '"PUT /log/lengths"'),
                (f"GET /log/large?{query} HTTP/1.1\r\nHost: h\r\nX-Fill: {'x' * 100_000}\r\n\r\n", 431, '"GET /log/large"'),
                (f"GET /log/slow?{query} HTTP/1.1\r\nHos", 408, '"GET /log/slow"'),
                (f"GET /log/unsigned?x=y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 403, '"GET /log/unsigned?x=y"')):
            answer = self.refused(data.encode())
            self.assertTrue(answer.startswith(f"HTTP/1.1 {status} ".encode()), answer)
            found = self.lines_with(wanted.rstrip('"').split("?")[0])
            self.assertEqual(len(found), 1, (wanted, found))
            self.assertIn(f" {status} ", found[0])
            self.assertEqual(' refused "' in found[0], status != 403, found[0])
        before = len(self.lines())
        self.assertTrue(self.refused(b"\x16\x03\x01 no request at all\r\n\r\n").startswith(b"HTTP/1.1 400 "))
        self.assertTrue(self.lines_with('"- -" 400', before))

    def test_a_wrong_signature_leaves_a_line_and_no_more(self):
        wrong = boto3_client(self.gateway.url, pair("reader")[0], "a-wrong-secret-key")
        wrong.meta.events.register("before-send.s3", self.remember)
        with self.assertRaises(botocore.exceptions.ClientError):
            wrong.get_object(Bucket=self.BUCKET, Key="in/wrong-signature")
        found = self.lines_with("in/wrong-signature")
        self.assertEqual(len(found), 1, found)
        self.assertIn(pair("reader")[0], found[0])
        self.assertIn(" 403 ", found[0])

    def test_the_whole_run_gives_no_secret_away(self):
        """All ways of signing, answers of every kind, and commands; then the log, the errors and the process list are searched."""
        self.s3.put_object(Bucket=self.BUCKET, Key="in/k", Body=os.urandom(100_000))
        for name in PAIRS:
            client = self.client(name)
            for call in (client.get_object, client.delete_object):
                try:
                    call(Bucket=self.BUCKET, Key="in/none")
                except botocore.exceptions.ClientError:
                    pass
        links = self.client(signature_version="s3v4")
        for key in ("in/k", "in/none"):
            link = links.generate_presigned_url("get_object", {"Bucket": self.BUCKET, "Key": key}, ExpiresIn=60)
            self.signatures.update(re.findall(r"Signature=([0-9a-f]{64})", link))
            try:
                processes.http_get(link)
            except urllib.error.HTTPError as error:
                error.close()
        path = f"/{self.BUCKET}/in/half"
        headers = signed_headers("PUT", self.gateway.url + path, {"Host": f"127.0.0.1:{self.gateway.port}"})
        self.signatures.update(re.findall(r"Signature=([0-9a-f]{64})", headers["Authorization"]))
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=60)
        connection.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": "1000"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"half")
        connection.close()
        done = processes.holdfast(self.gateway.values, "verify", "victoria-metrics-0")
        command = pathlib.Path(f"/proc/{self.gateway.process.pid}/cmdline").read_bytes()
        self.gateway.stop()
        text = self.gateway.log.read_text(errors="replace") + done.stdout + done.stderr + command.decode()
        self.assertGreater(len(self.signatures), 8)
        for secret in [processes.SECRET_KEY, *(pair(name)[1] for name in PAIRS), *self.signatures]:
            self.assertNotIn(secret, text)
            self.assertNotIn(urllib.parse.quote(secret), text)


del AccessTestCase, GatewayTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
