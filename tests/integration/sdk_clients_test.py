#!/usr/bin/env python3
"""The AWS SDKs of other languages against the gateway over every kind of storage. The programs are in tests/clients, with what they do; each
checks every byte itself, and prints links for this test to follow."""
import os
import pathlib
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from azure_gateway import OverAzure  # noqa: E402
from s3_clients import GatewayTestCase  # noqa: E402

CLIENTS = pathlib.Path(os.environ.get("HOLDFAST_CLIENTS_HOME", processes.ROOT / "build/clients"))


def java(jars: str, classes: str, main: str) -> list:
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{CLIENTS / classes}:{CLIENTS / jars}/*", f"holdfast.clients.{main}"]


class Sdks:
    """The programs that each kind of storage meets."""

    TRAITS: list[str] = []

    def setUp(self):
        if not (CLIENTS / "sources.sha256").exists():
            self.fail(f"{CLIENTS} has no clients: run tests/clients/build.sh {CLIENTS}, or name their folder in HOLDFAST_CLIENTS_HOME")

    def scenario(self, name: str, command: list, env=None):
        printed = self.run_tool(*command, self.gateway.url, self.BUCKET, f"{name}/", *self.TRAITS, env=env)
        self.assertRegex(printed, r"passed \d+ checks")
        links = dict(line.split()[1:] for line in printed.splitlines() if line.startswith("link "))
        self.assertEqual(self.fetch(links["GET"]), self.get(f"{name}/linked"))
        body = os.urandom(1000)
        self.fetch(links["PUT"], data=body, method="PUT", headers={"Content-Type": "text/x"})  # moto parses urllib's own, of a form
        self.assertEqual(self.get(f"{name}/written by link"), body)

    def fetch(self, url: str, **request) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url, **request)) as answer:
            return answer.read()

    def test_java_v1_of_elasticsearch(self):
        self.scenario("java-v1-elasticsearch", java("java-v1-elasticsearch", "java-v1-classes", "JavaV1"))

    def test_java_v1(self):
        quiet = {"AWS_JAVA_V1_DISABLE_DEPRECATION_ANNOUNCEMENT": "true"}
        self.scenario("java-v1", java("java-v1", "java-v1-classes", "JavaV1"), quiet)


class OverFolderTest(Sdks, GatewayTestCase):
    pass


class OverS3Test(Sdks, s3_upstream.UpstreamTestCase):
    PROXY: dict = {}
    TRAITS = ["copyconditions=ignored", "partnumbers=ignored"]  # by moto


class OverAzureTest(Sdks, OverAzure, GatewayTestCase):
    TRAITS = ["uploads=NotImplemented"]


class OverEncryptedS3Test(Sdks, s3_upstream.UpstreamTestCase):
    """A bucket whose ETags are no MD5s, under the documented policy."""

    PROXY = {"allowed": s3_upstream.ALLOWED, "etags": "random", "kms": True}
    TRAITS = ["uploads=AccessDenied", "etags=other", "copyconditions=ignored"]


del GatewayTestCase  # a base only

if __name__ == "__main__":
    unittest.main()
