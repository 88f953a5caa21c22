"""Starts and stops the real programs that tests, the demo and the benchmarks use: on loopback, on free ports, ended by their own id."""
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCESS_KEY = "holdfasttest"
SECRET_KEY = "holdfasttestsecret"


def holdfast_binary() -> str:
    return os.environ.get("HOLDFAST_BINARY", str(ROOT / "build/release/holdfast"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http_get(url: str, timeout: float = 60, ca: pathlib.Path | None = None) -> bytes:
    context = ssl.create_default_context(cafile=str(ca)) if ca else None
    with urllib.request.urlopen(url, timeout=timeout, context=context) as answer:
        return answer.read()


class Process:
    """A program that runs until stop(); its output goes to a file. A context manager."""

    def __init__(self, command, log: pathlib.Path, env=None, cwd=None):
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(env or {})}, cwd=cwd)

    def wait_until(self, ready, seconds: float = 60):
        """Polls `ready` until it is true; fails with the end of the log when the program ends or time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended with {self.process.returncode}:\n{self.tail()}")
            try:
                if ready():
                    return self
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise TimeoutError(f"{self.command[0]} is not ready after {seconds} s:\n{self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def stop(self, seconds: float = 30) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def peak_memory(self) -> int:
        """Bytes of resident memory at its peak so far."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


class Gateway(Process):
    """`holdfast gateway` on the folder `data`. `url` is where it listens; `values` the values file that it and clients use.
    With `ca`, that authority's certificate, the values switch TLS on."""

    def __init__(self, work: pathlib.Path, data: pathlib.Path, extra_values: dict | None = None, env=None, port: int | None = None,
                 ca: pathlib.Path | None = None):
        self.port = port or free_port()
        self.url = f"{'https' if ca else 'http'}://127.0.0.1:{self.port}"
        self.values = work / "values.yaml"
        write_values(self.values, self.port, data, merge({"holdfast": {"gateway": {"url": self.url}}}, extra_values or {}))
        super().__init__([holdfast_binary(), "-c", self.values, "gateway"], work / "gateway.log", env)
        self.wait_until(lambda: http_get(self.url + "/minio/health/live", 5, ca) is not None)


def merge(base: dict, more: dict) -> dict:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def write_values(path: pathlib.Path, gateway_port: int, data: pathlib.Path, extra: dict):
    """A values file (JSON is YAML) with everything switched on; `extra` is merged over it."""
    values = {
        "backup": {"enabled": True},
        "minio": {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY, "persistence": {"enabled": True}},
        "victoria-metrics-0": {"backup": {"enabled": True}, "restore": {"enabled": True}},
        "victoria-metrics-1": {"backup": {"enabled": True}, "restore": {"enabled": True}},
        "holdfast": {
            "gateway": {"listen": f"127.0.0.1:{gateway_port}", "url": f"http://127.0.0.1:{gateway_port}"},
            "storage": {"folder": str(data)},
        },
    }
    path.write_text(json.dumps(merge(values, extra), indent=2))


class VictoriaMetrics(Process):
    """A real VictoriaMetrics on `data`, from Debian's package."""

    def __init__(self, work: pathlib.Path, data: pathlib.Path, auth_key: str = "", port: int | None = None, name: str = "victoria-metrics"):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["victoria-metrics", f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{self.port}",
                   "-retentionPeriod=10y", "-memory.allowedBytes=1GB", "-search.disableCache", "-selfScrapeInterval=0"]
        if auth_key:
            command.append(f"-snapshotAuthKey={auth_key}")
        super().__init__(command, work / f"{name}.log")
        self.wait_until(lambda: http_get(self.url + "/health", 5) == b"OK")

    def ingest(self, series: int, samples: int, start_ms: int, step_ms: int = 15_000, name: str = "demo", batch: int = 50):
        """`series` × `samples` samples, starting at `start_ms`; returns how many."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        stamps = ",".join(str(start_ms + i * step_ms) for i in range(samples))
        for first in range(0, series, batch):
            lines = []
            for s in range(first, min(first + batch, series)):
                # Values that neither repeat nor compress away: a linear congruential sequence a series.
                x, values = s * 7919 + start_ms % 104729, []
                for _ in range(samples):
                    x = (x * 1103515245 + 12345) & 0x7FFFFFFF
                    values.append(str(x >> 8))
                labels = f'"__name__":"{name}_{s % 20}","series":"{s}","job":"{name}"'
                lines.append(f'{{"metric":{{{labels}}},"values":[{",".join(values)}],"timestamps":[{stamps}]}}')
            connection.request("POST", "/api/v1/import", "\n".join(lines))
            answer = connection.getresponse()
            answer.read()
            if answer.status != 204:
                raise RuntimeError(f"import answered {answer.status}")
        connection.close()
        self.flush()
        return series * samples

    def flush(self):
        http_get(self.url + "/internal/force_flush")

    def merge_parts(self, rows: int | None = None):
        """Merges parts, which the server does in the background; with `rows` returns once it counts so many again, all on disk."""
        http_get(self.url + "/internal/force_merge", 300)
        if rows is not None:
            self.wait_until(lambda: self.rows() == rows)

    def export_lines(self, match: str = '{__name__!=""}') -> list[str]:
        """Every sample that matches, a line a series, sorted: equal lists mean equal data."""
        query = urllib.parse.urlencode({"match[]": match})
        lines = http_get(f"{self.url}/api/v1/export?{query}", 600).decode().splitlines()
        merged: dict[str, list] = {}
        for line in lines:
            block = json.loads(line)
            key = json.dumps(block["metric"], sort_keys=True)
            merged.setdefault(key, []).extend(zip(block["timestamps"], block["values"]))
        return [f"{key} {sorted(points)}" for key, points in sorted(merged.items())]

    def query(self, expression: str, at_ms: int):
        text = urllib.parse.urlencode({"query": expression, "time": at_ms / 1000, "nocache": 1})
        return json.loads(http_get(f"{self.url}/api/v1/query?{text}", 300))["data"]["result"]

    def rows(self) -> int:
        total = 0
        for line in http_get(self.url + "/metrics").decode().splitlines():
            if line.startswith('vm_rows{type="storage/'):
                total += int(float(line.split()[-1]))
        return total


def run(command, env=None, timeout: float = 600, check: bool = False, **more) -> subprocess.CompletedProcess:
    """Runs a command to its end; output is captured as text."""
    return subprocess.run([str(part) for part in command], env={**os.environ, **(env or {})}, timeout=timeout, check=check,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)


def holdfast(values: pathlib.Path, *arguments, env=None, timeout: float = 600) -> subprocess.CompletedProcess:
    return run([holdfast_binary(), "-c", values, *arguments], env=env, timeout=timeout)
