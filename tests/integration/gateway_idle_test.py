#!/usr/bin/env python3
"""Ten thousand connections that do nothing, and clients that do nearly nothing: counted, in bytes and in connections, never in time."""
import os
import pathlib
import re
import resource
import socket
import ssl
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import prometheus  # noqa: E402
from s3_clients import GatewayTestCase, RawConnection, signed_headers  # noqa: E402
from tls_gateway import TlsGatewayTestCase  # noqa: E402

MEBIBYTE = 1 << 20
REQUEST = b"GET /minio/health/live HTTP/1.1\r\nHost: h\r\n\r\n"


def resident_memory(gateway: processes.Gateway) -> int:
    text = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024


class IdleTestCase(GatewayTestCase):
    def open_connections(self) -> int:
        """Those of the scrape itself included."""
        page = prometheus.parse(processes.http_get(self.gateway.url + "/-/metrics").decode())
        return int(page[("holdfast_gateway_open_connections", ())])

    def wait_for_connections(self, count: int):
        """Clients that were cut show themselves by their number; the test's own time limit ends a wait that never comes true."""
        while self.open_connections() > count:
            pass

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=120)
        self.addCleanup(connection.close)
        return connection


def put_head(case: IdleTestCase, key: str) -> bytes:
    path, host = f"/{case.BUCKET}/{key}", {"Host": f"127.0.0.1:{case.gateway.port}"}
    headers = {**signed_headers("PUT", case.gateway.url + path, host), **host, "Content-Length": "1000000"}
    return f"PUT {path} HTTP/1.1\r\n".encode() + b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items()) + b"\r\n"


class IdleTest(IdleTestCase):
    VALUES = {"holdfast": {"gateway": {"accessLog": False, "limits": {"idleTimeout": "1h"}}}}
    COUNT = 10_000

    def memory(self) -> int:
        return resident_memory(self.gateway)

    def use(self, connection: RawConnection, rounds: int):
        """Requests on one connection, each of which must be answered right."""
        for turn in range(rounds):
            body = str(turn).encode() * 100
            answer, _ = connection.request("PUT", f"/{self.BUCKET}/working", body)
            self.assertEqual(answer.status, 200)
            answer, back = connection.request("GET", f"/{self.BUCKET}/working")
            self.assertEqual((answer.status, back), (200, body))

    def test_ten_thousand_idle_connections(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.assertGreater(hard, self.COUNT + 200, "the system allows too few open files for this test")
        working = RawConnection(self.gateway.port)
        self.addCleanup(working.close)
        self.use(working, 50)
        before, idle = self.memory(), []
        for _ in range(self.COUNT):
            connection = self.connect()
            connection.sendall(REQUEST)  # a kept connection is one that was used
            idle.append(connection)
        for connection in idle:
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
        cost = self.memory() - before
        self.assertGreaterEqual(self.open_connections(), self.COUNT + 1)
        print(f"{self.COUNT} idle connections: {cost / self.COUNT:.0f} bytes each, {self.memory() / MEBIBYTE:.1f} MiB in all", file=sys.stderr)
        self.assertLess(self.memory(), 100 * MEBIBYTE)
        kept = working.http.sock
        self.use(working, 50)
        self.assertIs(working.http.sock, kept, "the working connection is the one that it was")
        self.assertLess(self.memory(), 100 * MEBIBYTE)
        for connection in idle[::100]:  # and the idle ones still are connections
            connection.sendall(REQUEST)
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
        self.assertGreaterEqual(self.open_connections(), self.COUNT + 1)

    def test_unfinished_heads_take_bounded_memory(self):
        """Three thousand heads of 30 KB that never end are 90 MB: the oldest are refused, and what a head needs that ends is there."""
        before, head = self.memory(), b"GET /minio/health/live HTTP/1.1\r\nHost: h\r\nX-Fill: "
        clients = []
        for _ in range(3000):
            connection = self.connect()
            connection.sendall(head + b"x" * (30_000 - len(head)))
            clients.append(connection)
        clients[-1].sendall(b"\r\n\r\n")
        self.assertTrue(clients[-1].recv(1000).startswith(b"HTTP/1.1 200 "))
        self.assertTrue(clients[0].recv(1000).startswith(b"HTTP/1.1 503 "))
        cost = self.memory() - before
        print(f"3000 unfinished heads of 30 KB: {cost / MEBIBYTE:.1f} MiB", file=sys.stderr)
        self.assertLess(cost, 48 * MEBIBYTE)


class TlsIdleTest(TlsGatewayTestCase):
    """Nearly all of it is OpenSSL's (docs/design/tls.md): what is asserted is that nothing of ours, and no record buffer, comes on top."""

    VALUES = {"holdfast": {"gateway": {"accessLog": False, "limits": {"idleTimeout": "1h"}}}}
    COUNT = 400

    def test_idle_connections_keep_no_buffers(self):
        context = ssl.create_default_context(cafile=self.ca)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version = context.maximum_version = version
            idle, before = [], 0
            for number in range(self.COUNT + 100):
                plain = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=120)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the request follows the end of the handshake at once
                connection = context.wrap_socket(plain, server_hostname="127.0.0.1")
                self.addCleanup(connection.close)
                connection.sendall(REQUEST)
                self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
                idle.append(connection)
                if number == 99:  # what the first ones cost is partly for all
                    before = resident_memory(self.gateway)
            cost = (resident_memory(self.gateway) - before) / self.COUNT
            print(f"{self.COUNT} idle connections, {version.name}: {cost:.0f} bytes each", file=sys.stderr)
            self.assertLess(cost, 16 * 1024)


class SlowTest(IdleTestCase):
    VALUES = {"holdfast": {"gateway": {"limits": {"headTimeout": "1s", "stallTimeout": "1s", "minBytesPerSecond": "1Ki", "workers": 8}}}}
    COUNT, BODIES = 200, 24

    def ends(self, connection: socket.socket) -> bytes:
        """What comes until the server ends the connection."""
        answer = b""
        try:
            while chunk := connection.recv(10_000):
                answer += chunk
        except ConnectionError:
            pass
        return answer

    def test_slow_heads_are_cut_and_hold_no_worker(self):
        before = self.open_connections()
        slow = [self.connect() for _ in range(self.COUNT)]
        for number, connection in enumerate(slow):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: "[:10 + number % 20])
        others = RawConnection(self.gateway.port)  # more clients are slow than there are workers, and others are served
        self.addCleanup(others.close)
        answer, _ = others.request("GET", "/")
        self.assertEqual(answer.status, 200)
        for connection in slow:
            self.assertTrue(self.ends(connection).startswith(b"HTTP/1.1 408 "))
        self.wait_for_connections(before + 1)

    def test_slow_bodies_are_cut_and_leave_nothing(self):
        slow = [self.connect() for _ in range(self.BODIES)]
        for number, connection in enumerate(slow):
            connection.sendall(put_head(self, f"slow/{number}") + b"x" * number)
        cut = [self.ends(connection) for connection in slow]
        self.assertTrue(all(answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 ")) for answer in cut), [answer for answer in cut][:3])
        self.assertEqual(self.keys("slow/"), [])
        connection = RawConnection(self.gateway.port)
        self.addCleanup(connection.close)
        answer, _ = connection.request("PUT", f"/{self.BUCKET}/quick", os.urandom(1000))
        self.assertEqual(answer.status, 200)

    def test_answers_that_nobody_takes_are_cut(self):
        self.s3.put_object(Bucket=self.BUCKET, Key="untaken", Body=os.urandom(32 * MEBIBYTE))
        path, host = f"/{self.BUCKET}/untaken", {"Host": f"127.0.0.1:{self.gateway.port}"}
        headers = {**signed_headers("GET", self.gateway.url + path, host), **host}
        for _ in range(8):  # as many as there are workers
            connection = self.connect()
            connection.sendall(f"GET {path} HTTP/1.1\r\n".encode() + b"".join(f"{n}: {v}\r\n".encode() for n, v in headers.items()) + b"\r\n")
        while self.gateway.log.read_text().count('/untaken" 200') < 8:
            self.assertIsNone(self.gateway.process.poll())
        end = time.monotonic() + 60  # a line is written after its answer
        while len(self.cut_lines()) < 8 and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(len(self.cut_lines()), 8)

    def cut_lines(self) -> list[str]:
        lines = self.gateway.log.read_text().splitlines()
        return [line for line in lines if '/untaken" 200' in line and line.endswith(" cut")]


class CrowdedTest(IdleTestCase):
    """The least rate is kept by everybody here, and yet not everybody can be served."""
    WORKERS = 4
    VALUES = {"holdfast": {"gateway": {"limits": {"workers": WORKERS}}}}

    def test_slow_uploads_give_way_to_those_who_wait(self):
        slow = [self.connect() for _ in range(2 * self.WORKERS)]
        for number, connection in enumerate(slow):
            connection.sendall(put_head(self, f"drip/{number}") + b"x" * 1000)
        stop = threading.Event()

        def drip():
            while not stop.wait(0.2):
                for connection in slow:
                    try:
                        connection.sendall(b"x" * 100)
                    except OSError:
                        pass
        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            for number in range(3):
                quick = RawConnection(self.gateway.port)
                answer, _ = quick.request("PUT", f"/{self.BUCKET}/quick/{number}", b"quick")
                self.assertEqual(answer.status, 200)
                quick.close()
        finally:
            stop.set()
            dripping.join()
        self.assertEqual(self.keys("drip/"), [])
        self.assertEqual(len(self.keys("quick/")), 3)


del GatewayTestCase, IdleTestCase, TlsGatewayTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
