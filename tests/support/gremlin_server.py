"""A real Gremlin Server for tests (tests/fixtures/gremlin-node): on loopback, on a free port, in a folder of its own, ended by its own id."""
import base64
import json
import os
import pathlib
import signal
import urllib.error
import urllib.request

import processes
from processes import free_port

CLIENTS = pathlib.Path(os.environ.get("HOLDFAST_CLIENTS_HOME", processes.ROOT / "build/clients"))


class GremlinServer(processes.Process):
    """`url` is for the driver, run() asks by plain HTTP. `settings` are the node's: {"ids": "ANY", "user": "u", "password": "p"}. The graph is empty
    at the start. A context manager."""

    def __init__(self, work: pathlib.Path, heap: str = "1g", name: str = "gremlin", **settings):
        if not (CLIENTS / "gremlin-node-classes").exists():
            raise RuntimeError(f"{CLIENTS} has no Gremlin Server: run tests/clients/build.sh {CLIENTS}, or name its folder in HOLDFAST_CLIENTS_HOME")
        self.home, self.settings, self.port = pathlib.Path(work) / name, settings, free_port()
        self.home.mkdir(parents=True, exist_ok=True)
        self.url = f"ws://127.0.0.1:{self.port}/gremlin"
        super().__init__(["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Djava.io.tmpdir={self.home}",
                          *(f"-D{key}={value}" for key, value in settings.items()),
                          "-cp", f"{CLIENTS / 'gremlin-node'}-classes:{CLIENTS / 'gremlin-node'}/*", "holdfast.gremlin.GremlinNode", self.home, self.port],
                         pathlib.Path(work) / f"{name}.log", cwd=self.home)
        self.wait_until(lambda: f"ready ws={self.port}" in self.tail(), 180)

    def run(self, script: str, timeout: float = 300):
        """The results of a script, a list of plain JSON values."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", json.dumps({"gremlin": script}).encode(),
                                         {"Accept": "application/vnd.gremlin-v3.0+json;types=false"})
        if "user" in self.settings:
            login = f"{self.settings['user']}:{self.settings['password']}".encode()
            request.add_header("Authorization", "Basic " + base64.b64encode(login).decode())
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.loads(answer.read())["result"]["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"HTTP {error.code}: {error.read()[:2000]!r}") from None

    def clear(self):
        self.run("graph.clear(); 0")

    def suspend(self):
        """Answers nothing more until resume(); connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
