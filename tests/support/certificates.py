"""An authority and certificates for 127.0.0.1, made by the openssl program."""
import pathlib
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *[str(argument) for argument in arguments]], check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Authority:
    """`certificate` is what clients trust."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.certificate, self.key = folder / "ca.crt", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=holdfast test authority", "-keyout", self.key,
                "-out", self.certificate, "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, certificate: pathlib.Path, key: pathlib.Path, serial: int):
        """A new pair for 127.0.0.1 with that serial number; each file is replaced in one step, as secrets of a cluster are."""
        request, extensions = self.folder / "request", self.folder / "extensions"
        new_certificate, new_key = self.folder / "new.crt", self.folder / "new.key"
        extensions.write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gateway", "-keyout", new_key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-set_serial", serial, "-days", "2",
                "-extfile", extensions, "-out", new_certificate)
        new_certificate.replace(certificate)
        new_key.replace(key)

    def server(self) -> dict:
        """`holdfast.gateway.tls` of a gateway with a certificate of its own in the folder."""
        certificate, key = self.folder / "tls.crt", self.folder / "tls.key"
        self.issue(certificate, key, 1)
        return {"certFile": str(certificate), "keyFile": str(key), "caFile": str(self.certificate)}
