#!/usr/bin/env python3
"""What only shows on the wire: kept connections, 100-continue, broken requests, stopping, memory, the access log."""
import base64
import hashlib
import hmac
import http.client
import os
import pathlib
import signal
import socket
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import GatewayTestCase, RawConnection, boto3_client, signed_headers  # noqa: E402

MEBIBYTE = 1 << 20


def chunk_frames(pieces, headers: dict) -> bytes:
    """Pieces as signed chunks behind a request with these signed headers; the last piece is empty."""
    fields = dict(field.split("=", 1) for field in headers["Authorization"].split(" ", 1)[1].split(", "))
    _, *scope = fields["Credential"].split("/")
    key = ("AWS4" + processes.SECRET_KEY).encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    previous, framed = fields["Signature"], b""
    for piece in pieces:
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", headers["X-Amz-Date"], "/".join(scope), previous, hashlib.sha256(b"").hexdigest(),
                          hashlib.sha256(piece).hexdigest()))
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        framed += f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + b"\r\n"
    return framed


class WireTest(GatewayTestCase):
    def open(self) -> RawConnection:
        connection = RawConnection(self.gateway.port)
        self.addCleanup(connection.close)
        return connection

    def raw_head(self, method: str, path: str, headers: dict) -> bytes:
        lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send_raw(self, data: bytes) -> bytes:
        """The beginning of the answer to those bytes on a connection of their own, whose sending side is then closed."""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer

    def put_headers(self, key: str, length: int, **more) -> dict:
        url = f"http://127.0.0.1:{self.gateway.port}/{self.BUCKET}/{key}"
        host = {"Host": f"127.0.0.1:{self.gateway.port}"}
        return {**host, **signed_headers("PUT", url, {**host, **more}), "Content-Length": str(length)}

    def test_a_connection_is_kept(self):
        connection = self.open()
        connection.request("PUT", f"/{self.BUCKET}/kept", b"kept")
        sock = connection.http.sock
        for _ in range(3):
            answer, body = connection.request("GET", f"/{self.BUCKET}/kept")
            self.assertEqual((answer.status, body), (200, b"kept"))
            answer, _ = connection.request("HEAD", f"/{self.BUCKET}/kept")
            self.assertEqual(answer.getheader("Content-Length"), "4")
            answer, body = connection.request("GET", f"/{self.BUCKET}/none")
            self.assertEqual(answer.status, 404)
            self.assertIn(b"<Code>NoSuchKey</Code>", body)
        self.assertIs(connection.http.sock, sock)

    def test_continue_comes_only_to_those_who_may(self):
        for signed, wanted in ((True, b"100"), (False, b"403")):
            headers = self.put_headers("expect", 4) if signed else {"Host": "h", "Content-Length": "4"}
            with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30) as connection:
                connection.sendall(self.raw_head("PUT", f"/{self.BUCKET}/expect", {**headers, "Expect": "100-continue"}))
                self.assertEqual(connection.recv(12), b"HTTP/1.1 " + wanted)
                if signed:
                    self.assertIn(b"\r\n\r\n", connection.recv(1000))
                    connection.sendall(b"body")
                    self.assertTrue(connection.recv(12).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.get("expect"), b"body")

    def test_half_a_body_leaves_nothing(self):
        self.send_raw(self.raw_head("PUT", f"/{self.BUCKET}/half", self.put_headers("half", 1000)) + b"x" * 500)
        self.assertEqual(self.keys("half"), [])
        self.s3.put_object(Bucket=self.BUCKET, Key="half", Body=b"old")
        self.send_raw(self.raw_head("PUT", f"/{self.BUCKET}/half", self.put_headers("half", 1000)) + b"x" * 999)
        self.assertEqual(self.get("half"), b"old")

    def test_ambiguous_and_oversized_heads_are_refused(self):
        for name, data in (("two lengths", b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
                           ("length and chunked", b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx"),
                           ("rubbish", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
                           ("oversized", b"GET / HTTP/1.1\r\nHost: h\r\nx-amz-meta-a: " + b"a" * 100_000 + b"\r\n\r\n")):
            answer = self.send_raw(data)
            self.assertIn(answer[9:12], (b"400", b"431"), name)
            self.assertIn(b"<Error>", answer, name)
        answer, _ = self.open().request("GET", "/")
        self.assertEqual(answer.status, 200)

    def test_large_objects_come_whole_and_in_ranges(self):
        body = os.urandom(48 * MEBIBYTE + 5)
        self.s3.put_object(Bucket=self.BUCKET, Key="large", Body=body)
        answer, back = self.open().request("GET", f"/{self.BUCKET}/large")
        self.assertEqual(hashlib.sha256(back).digest(), hashlib.sha256(body).digest())
        self.assertEqual(answer.getheader("ETag"), f'"{hashlib.md5(body).hexdigest()}"')
        answer, back = self.open().request("GET", f"/{self.BUCKET}/large", headers={"Range": "bytes=33554431-"})
        self.assertEqual((answer.status, back == body[33554431:]), (206, True))

    def test_signed_chunks_as_the_java_client_sends_them(self):
        # The client of Elasticsearch 7: 128 KiB a chunk, no Content-Encoding, waits for 100-continue.
        body = os.urandom(300_000)
        kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        pieces = [body[at:at + 131_072] for at in range(0, len(body), 131_072)] + [b""]
        length = sum(len(f"{len(piece):x}") + len(";chunk-signature=") + 64 + 4 + len(piece) for piece in pieces)
        path = f"/{self.BUCKET}/java-chunks"
        host = {"Host": f"127.0.0.1:{self.gateway.port}", "Content-Length": str(length)}
        signed = signed_headers("PUT", self.gateway.url + path, {**host, "x-amz-decoded-content-length": str(len(body)), "x-amz-acl": "private",
                                                                 "x-amz-storage-class": "STANDARD", "Content-Type": "application/octet-stream"}, kind)
        framed = chunk_frames(pieces, signed)
        for change, wanted in ((framed, b" 200 "), (framed.replace(body[-8:], b"changed!"), b" 403 ")):
            with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=30) as connection:
                connection.sendall(self.raw_head("PUT", path, {**host, **signed, "Expect": "100-continue"}))
                self.assertIn(b" 100 ", connection.recv(1000))
                connection.sendall(change)
                self.assertIn(wanted, connection.recv(1000))
            self.assertEqual(self.get("java-chunks"), body)
        self.assertNotIn("ContentEncoding", self.s3.head_object(Bucket=self.BUCKET, Key="java-chunks"))

    def test_unsigned_chunks_with_a_trailer_inside_chunked_http(self):
        # What newer SDKs send over TLS when they do not know the length of the whole.
        body = os.urandom(200_000)
        crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        path = f"/{self.BUCKET}/trailer"
        host = {"Host": f"127.0.0.1:{self.gateway.port}"}
        signed = signed_headers("PUT", self.gateway.url + path, {**host, "x-amz-decoded-content-length": str(len(body)), "Content-Encoding": "aws-chunked",
                                                                 "x-amz-trailer": "x-amz-checksum-crc32"}, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        for value, wanted in ((crc, b" 200 "), ("AAAAAA==", b" 400 ")):
            inner = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\nx-amz-checksum-crc32:{value}\r\n\r\n".encode()
            outer = b"".join(f"{len(inner[at:at + 50_000]):x}\r\n".encode() + inner[at:at + 50_000] + b"\r\n" for at in range(0, len(inner), 50_000))
            answer = self.send_raw(self.raw_head("PUT", path, {**host, **signed, "Transfer-Encoding": "chunked"}) + outer + b"0\r\n\r\n")
            self.assertIn(wanted, answer[:20])
            self.assertEqual(self.get("trailer"), body)
        head = self.s3.head_object(Bucket=self.BUCKET, Key="trailer", ChecksumMode="ENABLED")
        self.assertEqual(head["ChecksumCRC32"], crc)
        self.assertNotIn("ContentEncoding", head)

    def test_creating_and_deleting_side_by_side_never_fails(self):
        failures = []

        def work(number: int):
            connection = RawConnection(self.gateway.port)
            for _ in range(60):
                for method, wanted in (("PUT", 200), ("DELETE", 204)):
                    answer, _ = connection.request(method, f"/{self.BUCKET}/race/deep/{number}", b"x" if method == "PUT" else b"")
                    if answer.status != wanted:
                        failures.append((method, answer.status))
            connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.keys("race"), [])

    def test_health_needs_no_key(self):
        for path in ("/-/health", "/minio/health/live", "/minio/health/ready"):
            with urllib.request.urlopen(self.gateway.url + path, timeout=30) as answer:
                self.assertEqual(answer.status, 200)

    def test_the_access_log_gives_nothing_away(self):
        signer = boto3_client(self.gateway.url, signature_version="s3v4")
        url = signer.generate_presigned_url("get_object", {"Bucket": self.BUCKET, "Key": "logged-key"}, ExpiresIn=60)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=30)
        caught.exception.close()
        end, lines = time.monotonic() + 60, []
        while not lines and time.monotonic() < end:  # a line is written after its answer
            lines = [line for line in self.gateway.log.read_text().splitlines() if "logged-key" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("404", lines[0])
        self.assertIn(processes.ACCESS_KEY, lines[0])
        text = self.gateway.log.read_text()
        self.assertNotIn("X-Amz-Signature", text)
        self.assertNotIn(processes.SECRET_KEY, text)

    def test_sixteen_large_uploads_at_once_stay_within_bounds(self):
        piece, pieces = os.urandom(MEBIBYTE), 64
        failures = []

        def upload(number: int):
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=300)
            headers = self.put_headers(f"memory/{number}", pieces * MEBIBYTE)
            connection.request("PUT", f"/{self.BUCKET}/memory/{number}", (piece for _ in range(pieces)), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                failures.append(answer.status)
            connection.close()

        threads = [threading.Thread(target=upload, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(self.keys("memory/")), 16)
        self.assertLess(self.gateway.peak_memory(), 96 * MEBIBYTE)
        self.s3.delete_objects(Bucket=self.BUCKET, Delete={"Objects": [{"Key": f"memory/{n}"} for n in range(16)]})


class StopTest(GatewayTestCase):
    def test_a_stop_finishes_what_runs(self):
        url = f"{self.gateway.url}/{self.BUCKET}/running"
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=60)
        connection.putrequest("PUT", f"/{self.BUCKET}/running", skip_host=True, skip_accept_encoding=True)
        host = {"Host": f"127.0.0.1:{self.gateway.port}"}
        for name, value in {**host, **signed_headers("PUT", url, {**host, "Expect": "100-continue"}), "Content-Length": "8"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        self.assertIn(b" 100 ", connection.sock.recv(1000))  # the handler runs now
        connection.send(b"half")
        self.gateway.process.send_signal(signal.SIGTERM)
        with self.assertRaises(OSError):  # no new connection is taken
            for _ in range(10_000):
                socket.create_connection(("127.0.0.1", self.gateway.port), timeout=5).close()
        connection.send(b"done")
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 200)
        connection.close()
        self.assertEqual(self.gateway.process.wait(30), 0)
        with processes.Gateway(self.work, self.work / "objects") as again:
            body = boto3_client(again.url).get_object(Bucket=self.BUCKET, Key="running")["Body"].read()
        self.assertEqual(body, b"halfdone")


del GatewayTestCase  # a base only

if __name__ == "__main__":
    unittest.main()
