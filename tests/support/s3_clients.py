"""S3 clients for tests of the gateway: boto3, a raw signed connection, and settings for command line tools."""
import copy
import http.client
import os
import pathlib
import tempfile
import unittest

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

import processes

REGION = "us-east-1"
CREDENTIALS = botocore.credentials.Credentials(processes.ACCESS_KEY, processes.SECRET_KEY)


def boto3_client(url: str, access_key=processes.ACCESS_KEY, secret_key=processes.SECRET_KEY, style="path", ca=None, signs_bodies=None, **config):
    """boto3 as users have it: default checksums; no retries, so that a test sees every failure. `ca`: whom it trusts with https."""
    settings = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=120,
                                      s3={"addressing_style": style, "payload_signing_enabled": signs_bodies}, **config)
    return boto3.client("s3", endpoint_url=url, region_name=REGION, aws_access_key_id=access_key,
                        aws_secret_access_key=secret_key, config=settings, verify=str(ca) if ca else None)


def signed_headers(method: str, url: str, headers=None, payload: str = "UNSIGNED-PAYLOAD") -> dict:
    """The headers of a request signed by botocore's own signer, with that x-amz-content-sha256."""
    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers={**(headers or {}), "X-Amz-Content-SHA256": payload})
    signer = botocore.auth.S3SigV4Auth(CREDENTIALS, "s3", REGION)
    signer.payload = lambda _: payload
    signer.add_auth(request)
    return dict(request.headers.items())


class RawConnection:
    """One kept connection, with signed requests that a test can shape."""

    def __init__(self, port: int):
        self.port = port
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def request(self, method: str, path: str, body=b"", headers=None):
        """The answer and its whole body."""
        host = (headers or {}).get("Host", f"127.0.0.1:{self.port}")
        signed = signed_headers(method, f"http://{host}{path}", {"Host": host, **(headers or {})})
        self.http.request(method, path, body, signed)
        answer = self.http.getresponse()
        return answer, answer.read()

    def close(self):
        self.http.close()


class GatewayTestCase(unittest.TestCase):
    """A gateway on an empty storage for all tests of the class, and the bucket `bucket`."""

    BUCKET = "test-bucket"
    VALUES: dict = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-gateway-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        values = processes.merge(cls.storage_values(), copy.deepcopy(cls.VALUES))
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", values)
        cls.addClassCleanup(cls.gateway.stop)
        cls.s3 = boto3_client(cls.gateway.url)
        cls.s3.create_bucket(Bucket=cls.BUCKET)

    @classmethod
    def storage_values(cls) -> dict:
        """Values that choose another storage than the folder; the storage lives until the class is done."""
        return {}

    def keys(self, prefix: str = "", bucket=None) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket or self.BUCKET, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def get(self, key: str, bucket=None) -> bytes:
        return self.s3.get_object(Bucket=bucket or self.BUCKET, Key=key)["Body"].read()

    def run_tool(self, *command, code: int = 0, env=None) -> str:
        """Runs a client; its exit code must be `code`; returns what it printed."""
        done = processes.run(command, env={**self.environment(), **(env or {})}, cwd=self.work)
        self.assertEqual(done.returncode, code, f"{command}\n{done.stdout}\n{done.stderr}\n{self.gateway.tail()}")
        return done.stdout + done.stderr

    def environment(self) -> dict:
        return {"AWS_ACCESS_KEY_ID": processes.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": processes.SECRET_KEY, "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": "", "HOME": str(self.work),
                "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:" + os.environ.get("PATH", "")}

    def random_file(self, name: str, size: int) -> pathlib.Path:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        return path
