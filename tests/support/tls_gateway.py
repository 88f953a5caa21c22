"""A gateway with a certificate of an authority of its own."""
import copy
import pathlib
import tempfile

import processes
from certificates import Authority
from s3_clients import GatewayTestCase, boto3_client


class TlsGatewayTestCase(GatewayTestCase):
    """As GatewayTestCase, under TLS; `ca` is what clients trust, `certificate` and `key` are the files that the gateway shows."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)
        cls.authority = Authority(cls.work)
        cls.tls = cls.authority.server()
        cls.ca, cls.certificate, cls.key = (pathlib.Path(cls.tls[name]) for name in ("caFile", "certFile", "keyFile"))
        values = processes.merge({"holdfast": {"gateway": {"tls": cls.tls}}}, copy.deepcopy(cls.VALUES))
        cls.gateway = processes.Gateway(cls.work, cls.work / "objects", values, ca=cls.ca)
        cls.addClassCleanup(cls.gateway.stop)
        cls.s3 = cls.client()
        cls.s3.create_bucket(Bucket=cls.BUCKET)

    @classmethod
    def client(cls, **config):
        return boto3_client(cls.gateway.url, ca=cls.ca, **config)
