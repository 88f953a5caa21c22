#!/usr/bin/env python3
"""The gateway's metrics after a known load, read by a strict parser."""
import os
import pathlib
import re
import socket
import sys
import threading
import unittest
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import prometheus  # noqa: E402
from s3_clients import GatewayTestCase, RawConnection  # noqa: E402

PREFIX = "holdfast_gateway_"


class MetricsTestCase(GatewayTestCase):
    def scrape(self) -> dict:
        return prometheus.parse(processes.http_get(self.gateway.url + "/-/metrics").decode())

    def value(self, page: dict, name: str, **labels) -> float:
        return page.get((PREFIX + name, tuple(sorted(labels.items()))), 0)

    def grown(self, before: dict, after: dict, name: str, **labels) -> float:
        return self.value(after, name, **labels) - self.value(before, name, **labels)


class MetricsTest(MetricsTestCase):
    def test_a_known_load_is_counted_to_the_request(self):
        before, body, clients, rounds = self.scrape(), os.urandom(10_000), 4, 25

        def work(number: int):
            connection = RawConnection(self.gateway.port)
            for turn in range(rounds):
                connection.request("PUT", f"/{self.BUCKET}/load/{number}/{turn}", body)
                connection.request("GET", f"/{self.BUCKET}/load/{number}/{turn}")
                connection.request("HEAD", f"/{self.BUCKET}/load/{number}/{turn}")
                connection.request("GET", f"/{self.BUCKET}/load/none")
            connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after, requests = self.scrape(), clients * rounds
        for operation, code, count in (("PutObject", 200, requests), ("GetObject", 200, requests), ("GetObject", 404, requests),
                                       ("HeadObject", 200, requests)):
            self.assertEqual(self.grown(before, after, "requests_total", operation=operation, code=str(code)), count, (operation, code))
        self.assertEqual(self.grown(before, after, "received_bytes_total", operation="PutObject"), requests * len(body))
        self.assertGreater(self.grown(before, after, "sent_bytes_total", operation="GetObject"), requests * len(body))
        self.assertEqual(self.grown(before, after, "sent_bytes_total", operation="HeadObject"), 0)
        for operation, count in (("PutObject", requests), ("GetObject", 2 * requests), ("HeadObject", requests)):
            self.assertEqual(self.grown(before, after, "request_duration_seconds_count", operation=operation), count)
            self.assertGreater(self.grown(before, after, "request_duration_seconds_sum", operation=operation), 0)

    def test_refused_and_unsigned_requests_are_counted(self):
        before = self.scrape()
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=60) as connection:
            connection.sendall(b"rubbish\x00\r\n\r\n")
            while connection.recv(10_000):
                pass
        with self.assertRaises(urllib.error.HTTPError) as caught:
            processes.http_get(f"{self.gateway.url}/{self.BUCKET}/unsigned")
        caught.exception.close()
        processes.http_get(self.gateway.url + "/minio/health/live")
        after = self.scrape()
        self.assertEqual(self.grown(before, after, "requests_total", operation="Refused", code="400"), 1)
        self.assertEqual(self.grown(before, after, "requests_total", operation="Unrouted", code="403"), 1)
        self.assertEqual(self.grown(before, after, "requests_total", operation="Health", code="200"), 1)
        self.assertEqual(self.grown(before, after, "requests_total", operation="Metrics", code="200"), 1)

    def test_every_name_is_documented(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs/guide/metrics.md").read_text()
        families = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in self.scrape()}
        self.s3.list_buckets()
        for family in families | {PREFIX + "storage_errors_total", PREFIX + "cut_answers_total"}:
            self.assertIn(f"`{family}", page)


class ConnectionsTest(MetricsTestCase):
    def wait_for_open(self, count: int):
        """Until that many are open beside the one that asks. A gateway sees a closed connection only some time after its client closed it."""
        for _ in range(10_000):
            found = self.value(self.scrape(), "open_connections") - 1
            if found == count:
                return
        self.fail(f"{found} open connections, not {count}")

    def test_connections_are_counted_while_they_are_open(self):
        self.s3.close()
        self.wait_for_open(0)
        connections = [RawConnection(self.gateway.port) for _ in range(20)]
        for connection in connections:
            connection.request("GET", "/")
        self.wait_for_open(20)
        for connection in connections:
            connection.close()
        self.wait_for_open(0)


class SwitchedOffTest(MetricsTestCase):
    VALUES = {"holdfast": {"gateway": {"metrics": False}}}

    def test_the_page_is_gone(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            processes.http_get(self.gateway.url + "/-/metrics")
        self.assertEqual(caught.exception.code, 403)
        caught.exception.close()


del GatewayTestCase, MetricsTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
