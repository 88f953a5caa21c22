#!/usr/bin/env python3
"""The AWS SDKs of other languages against the gateway over every kind of storage. The programs are in tests/clients, with what they do; each
checks every byte itself, and prints links for this test to follow."""
import os
import pathlib
import ssl
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from azure_gateway import OverAzure  # noqa: E402
from tls_gateway import GatewayTestCase, TlsGatewayTestCase  # noqa: E402

CLIENTS = pathlib.Path(os.environ.get("HOLDFAST_CLIENTS_HOME", processes.ROOT / "build/clients"))


def java(jars: str, classes: str, main: str) -> list:
    return ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{CLIENTS / classes}:{CLIENTS / jars}/*", f"holdfast.clients.{main}"]


class Sdks:
    """The programs that compare ETags themselves, which every kind of storage meets."""

    TRAITS: list[str] = []
    ca: pathlib.Path | None = None

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
        context = ssl.create_default_context(cafile=str(self.ca)) if self.ca else None
        with urllib.request.urlopen(urllib.request.Request(url, **request), context=context) as answer:
            return answer.read()

    def test_java_v1_of_elasticsearch(self):
        self.scenario("java-v1-elasticsearch", java("java-v1-elasticsearch", "java-v1-classes", "JavaV1"))

    def test_java_v1(self):
        quiet = {"AWS_JAVA_V1_DISABLE_DEPRECATION_ANNOUNCEMENT": "true"}
        self.scenario("java-v1", java("java-v1", "java-v1-classes", "JavaV1"), quiet)


class AllSdks(Sdks):
    """And those that send and compare checksums in their place."""

    def test_java_v2(self):
        self.scenario("java-v2", java("java-v2", "java-v2-classes", "JavaV2"))

    def test_go_v2_before_default_checksums(self):
        self.scenario("go-v2-earlier", [CLIENTS / "go-v2-earlier"])

    @unittest.skipUnless((CLIENTS / "go-v2").exists(), "the Go that is installed is older than the SDK wants")
    def test_go_v2(self):
        self.scenario("go-v2", [CLIENTS / "go-v2"])


class OverFolderTest(AllSdks, GatewayTestCase):
    pass


class OverS3Test(AllSdks, s3_upstream.UpstreamTestCase):
    PROXY: dict = {}
    TRAITS = ["copyconditions=ignored", "partnumbers=ignored"]  # by moto


class OverAzureTest(AllSdks, OverAzure, GatewayTestCase):
    TRAITS = ["uploads=NotImplemented"]


class OverEncryptedS3Test(Sdks, s3_upstream.UpstreamTestCase):
    """A bucket whose ETags are no MD5s, under the documented policy."""

    PROXY = {"allowed": s3_upstream.ALLOWED, "etags": "random", "kms": True}
    TRAITS = ["uploads=AccessDenied", "etags=other", "copyconditions=ignored"]


class OverTlsTest(AllSdks, TlsGatewayTestCase):
    """The folder again, with a certificate of an authority of its own: newer SDKs then send chunks without signatures and a trailer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trusted = cls.work / "trusted.p12"
        processes.run(["keytool", "-importcert", "-noprompt", "-file", cls.ca, "-keystore", cls.trusted, "-storepass", "only-for-tests"], check=True)

    def environment(self) -> dict:
        java = f"-Djavax.net.ssl.trustStore={self.trusted} -Djavax.net.ssl.trustStorePassword=only-for-tests"
        return {**super().environment(), "AWS_CA_BUNDLE": str(self.ca), "JAVA_TOOL_OPTIONS": java}


del GatewayTestCase, TlsGatewayTestCase  # bases only

if __name__ == "__main__":
    unittest.main()
