#!/usr/bin/env python3
"""The command line clients that people use with S3, against a gateway in front of another S3 (moto)."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway_clients_test  # noqa: E402
import s3_upstream  # noqa: E402


class OverS3(s3_upstream.UpstreamTestCase):
    """With exactly the documented rights, so that buckets cannot be made."""

    PROXY = {"allowed": s3_upstream.ALLOWED}
    OTHER_BUCKET = "up-clickhouse"


class AwsOverS3Test(OverS3, gateway_clients_test.AwsTest):
    def check_encryption(self, *where):
        self.assertIn("AES256", self.aws("s3api", "put-object", *where, "--server-side-encryption", "AES256"))
        self.assertIn("AES256", self.aws("s3api", "head-object", *where))


class RcloneOverS3Test(OverS3, gateway_clients_test.RcloneTest):
    pass


class S3cmdOverS3Test(OverS3, gateway_clients_test.S3cmdTest):
    pass


class VmbackupOverS3Test(OverS3, gateway_clients_test.VmbackupTest):
    pass


del OverS3  # a base only

if __name__ == "__main__":
    unittest.main()
