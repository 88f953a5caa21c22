#!/usr/bin/env python3
"""The gateway under TLS: clients that trust an authority of their own, a pair that is renewed under load, clients that are too slow."""
import os
import pathlib
import socket
import ssl
import sys
import threading
import time
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from tls_gateway import GatewayTestCase, TlsGatewayTestCase  # noqa: E402

MEBIBYTE = 1 << 20


class TlsTest(TlsGatewayTestCase):
    VALUES = {"holdfast": {"gateway": {"limits": {"headTimeout": "1s"}}}}

    def serial(self) -> int:
        """Of the certificate that a new connection is shown."""
        context = ssl.create_default_context(cafile=str(self.ca))
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as session:
                return int(session.getpeercert()["serialNumber"], 16)

    def wait_for_serial(self, serial: int):
        """The files are looked at once a second at most, when a connection comes."""
        for _ in range(600):
            if self.serial() == serial:
                return
            time.sleep(0.1)
        self.fail(f"serial {serial} is never shown\n{self.gateway.tail()}")

    def test_boto3(self):
        small, large = os.urandom(1000), os.urandom(20 * MEBIBYTE + 1)
        self.s3.put_object(Bucket=self.BUCKET, Key="small", Body=small)  # over TLS: unsigned chunks with a trailer
        path = self.work / "large"
        path.write_bytes(large)
        self.s3.upload_file(str(path), self.BUCKET, "large")
        self.assertEqual(self.get("small"), small)
        self.assertEqual(self.get("large"), large)
        part = self.s3.get_object(Bucket=self.BUCKET, Key="large", Range="bytes=1000000-9000000")["Body"].read()
        self.assertEqual(part, large[1_000_000:9_000_001])
        upload = {"Bucket": self.BUCKET, "Key": "parts", "UploadId": self.s3.create_multipart_upload(Bucket=self.BUCKET, Key="parts")["UploadId"]}
        etag = self.s3.upload_part(**upload, PartNumber=1, Body=small)["ETag"]
        done = self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
        self.assertEqual(done["Location"], f"{self.gateway.url}/{self.BUCKET}/parts")
        link = self.client(signature_version="s3v4").generate_presigned_url("get_object", {"Bucket": self.BUCKET, "Key": "small"}, ExpiresIn=60)
        self.assertEqual(processes.http_get(link, ca=self.ca), small)

    def test_aws(self):
        path, back = self.random_file("aws-large", 12 * MEBIBYTE + 3), self.work / "aws-back"
        aws = ("/usr/bin/aws", "--endpoint-url", self.gateway.url, "--ca-bundle", self.ca)
        self.run_tool(*aws, "s3", "cp", str(path), f"s3://{self.BUCKET}/aws")
        self.run_tool(*aws, "s3", "cp", f"s3://{self.BUCKET}/aws", str(back))
        self.assertEqual(back.read_bytes(), path.read_bytes())

    def test_own_commands(self):
        done = processes.holdfast(self.gateway.values, "list", "victoria-metrics-0")
        self.assertEqual(done.returncode, 0, done.stderr)
        stranger = self.work / "stranger.yaml"
        processes.write_values(stranger, self.gateway.port, self.work / "objects", {"holdfast": {"gateway": {"url": self.gateway.url}}})
        done = processes.holdfast(stranger, "list", "victoria-metrics-0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not trusted", done.stderr)

    def test_old_versions_are_refused(self):
        context = ssl.create_default_context(cafile=str(self.ca))
        with warnings.catch_warnings(action="ignore"):  # old on purpose
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60) as plain:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname="127.0.0.1")

    def test_a_renewed_pair_is_shown_and_nobody_is_cut(self):
        failures, rounds, enough = [], [0] * 3, threading.Event()
        body = os.urandom(300_000)

        def work(number: int):
            while not enough.is_set():
                try:
                    client = self.client()  # connections of its own each time, so handshakes never cease
                    client.put_object(Bucket=self.BUCKET, Key=f"reload/{number}", Body=body)
                    if client.get_object(Bucket=self.BUCKET, Key=f"reload/{number}")["Body"].read() != body:
                        failures.append("another body")
                    client.close()
                    rounds[number] += 1
                except Exception as error:  # whatever it is, the test is to tell it
                    failures.append(repr(error))
                    return

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            for serial in range(100, 104):
                self.authority.issue(self.certificate, self.key, serial)
                self.wait_for_serial(serial)
        finally:
            enough.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertTrue(all(rounds), rounds)

    def test_a_bad_pair_leaves_the_old_one(self):
        before = self.serial()
        good_certificate, good_key = self.certificate.read_bytes(), self.key.read_bytes()
        line = "the old certificate stays in use"
        logged = self.gateway.log.read_text().count(line)
        self.certificate.write_text("rubbish")
        for _ in range(600):
            self.assertEqual(self.serial(), before)
            if self.gateway.log.read_text().count(line) > logged:
                break
            time.sleep(0.1)
        text = self.gateway.log.read_text()
        self.assertEqual(text.count(line), logged + 1)
        self.assertNotIn("PRIVATE KEY", text)
        self.certificate.write_bytes(good_certificate)
        self.key.write_bytes(good_key)
        self.wait_for_serial(before)

    def test_slow_handshakes_are_cut(self):
        waiting = []
        for first in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"):
            connection = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60)
            self.addCleanup(connection.close)
            connection.sendall(first)
            waiting.append(connection)
        for connection in waiting:
            self.assertEqual(connection.recv(100), b"")  # the server ended it; a minute of silence would fail

    def test_plain_http_is_told(self):
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = connection.recv(10_000)
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assertIn(b"this port speaks TLS", answer)

    def test_a_pair_that_cannot_be_used_is_known_at_the_start(self):
        values = self.work / "bad.yaml"
        tls = {**self.tls, "keyFile": str(self.ca)}
        processes.write_values(values, processes.free_port(), self.work / "other", {"holdfast": {"gateway": {"tls": tls}}})
        done = processes.holdfast(values, "gateway")
        self.assertEqual(done.returncode, 2)
        self.assertIn(str(self.ca), done.stderr)


del GatewayTestCase, TlsGatewayTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
