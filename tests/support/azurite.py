"""Azurite, Microsoft's own server of the Blob service for tests: on loopback, on a free port, ended by its own id."""
import base64
import datetime
import hashlib
import hmac
import os
import pathlib
import socket
import urllib.parse

import processes

# The account that every Azurite has; Microsoft publishes its key.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
NODE_HOME = pathlib.Path(os.environ.get("HOLDFAST_NODE_HOME", processes.ROOT / "build/node"))


class Azurite(processes.Process):
    """An empty one that keeps everything in memory. `endpoint` is without the account."""

    def __init__(self, work: pathlib.Path):
        self.port = processes.free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        program = NODE_HOME / "node_modules/azurite/dist/src/blob/main.js"
        if not program.exists():
            raise RuntimeError(f"{program} is missing: run ./test.sh once, or name its folder in HOLDFAST_NODE_HOME")
        super().__init__(["node", program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence",
                          "--blobHost", "127.0.0.1", "--blobPort", self.port], work / "azurite.log", cwd=work)
        self.wait_until(self.listens)

    def listens(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 5):
            return True

    @property
    def url(self) -> str:
        return f"{self.endpoint}/{ACCOUNT}"


def account_signature(hours: int = 24) -> str:
    """A shared access signature that allows everything in the Blob service (Microsoft, "Create an account SAS")."""
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    version, permissions, services, types = "2020-12-06", "rwdlacup", "b", "sco"
    text = "\n".join([ACCOUNT, permissions, services, types, "", ends, "", "", version, "", ""])
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    return urllib.parse.urlencode({"sv": version, "ss": services, "srt": types, "sp": permissions, "se": ends, "sig": signature})
