"""Whole backups and restores of a graph on a Gremlin Server, beside a client that only takes the same answers off a websocket, in turns."""
import base64
import concurrent.futures
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time
import uuid

import gremlin_data
import gremlin_server
import processes

ROOT = pathlib.Path(__file__).resolve().parents[1]
BATCH = 5000
MIME = b"application/vnd.gremlin-v3.0+json"


def prepare():
    """The node; tests/clients/build.sh does nothing when it is there."""
    subprocess.run([ROOT / "tests/clients/build.sh", gremlin_server.CLIENTS], check=True)


class RawClient:
    """Takes frames and looks at nothing but their lengths and the code at the end: the least that any client does."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET /gremlin HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb", buffering=1 << 20)
        while self.stream.readline() not in (b"\r\n", b""):
            pass

    def take(self, script: str) -> int:
        """Bytes of all answers."""
        request = {"requestId": str(uuid.uuid4()), "op": "eval", "processor": "", "args": {
            "gremlin": script, "language": "gremlin-groovy", "batchSize": BATCH, "evaluationTimeout": 600_000}}
        payload = bytes([len(MIME)]) + MIME + json.dumps(request).encode()
        # A mask of zeros changes nothing.
        self.socket.sendall(b"\x82" + (b"\xfe" + len(payload).to_bytes(2, "big")) + b"\0\0\0\0" + payload)
        taken = 0
        while True:
            head = self.stream.read(2)
            length = head[1] & 127
            if length > 125:
                length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
            frame = self.stream.read(length)
            taken += length
            if b'"code":206' not in frame[:200]:
                if b'"code":200' not in frame[:200] and b'"code":204' not in frame[:200]:
                    raise SystemExit(f"the server said {frame[:300]!r}")
                return taken


class StackGraphBench:
    def __init__(self, work: pathlib.Path, vertices: int, rounds: int):
        self.work, self.vertices, self.rounds = work, vertices, rounds
        self.results: dict[str, list[dict]] = {}

    def note(self, step: str, seconds: float, **more):
        self.results.setdefault(step, []).append({"seconds": seconds, **more})
        print(f"  {step}  {seconds:.2f} s", flush=True)

    def raw(self, server, connections: int):
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            clients = [RawClient(server.port) for _ in range(connections)]
            done = [pool.submit(clients[number % connections].take, script) for number, script in enumerate(("g.V()", "g.E()"))]
            taken = sum(one.result() for one in done)
        self.note(f"raw, {connections} connection{'s' * (connections > 1)}", time.monotonic() - begin, bytes=taken)

    def holdfast(self, step: str, *arguments) -> dict:
        begin = time.monotonic()
        done = subprocess.run([processes.holdfast_binary(), "-c", self.values, "-q", "--output", "json", *arguments], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        self.note(step, time.monotonic() - begin)
        return json.loads(done.stdout)

    def round(self, server):
        self.raw(server, 1)
        name = self.holdfast("backup", "backup", "stackgraph", "--direct")["name"]
        self.raw(server, 2)
        self.holdfast("restore", "restore", "stackgraph", name, "--force", "--no-safety-backup", "--direct")
        # Names tell the second.
        time.sleep(1)

    def run(self) -> dict:
        prepare()
        with gremlin_server.GremlinServer(self.work, heap="2g", ids="ANY") as server:
            self.values = self.work / "values.yaml"
            names = {"backupNameTemplate": "sts-backup-$(date +%Y%m%d-%H%M%S).graph", "backupDatetimeParseFormat": "%Y%m%d-%H%M%S"}
            processes.write_values(self.values, processes.free_port(), self.work / "objects", {
                "backup": {"stackGraph": {"scheduled": names}},
                "holdfast": {"stackgraph": {"driver": "gremlin", "url": server.url, "temporaryFolder": str(self.work)}}})
            server.run(gremlin_data.many(self.vertices, 3 * self.vertices))
            # The server's own compiler works through the first ones, whoever asks.
            self.round(server)
            self.results = {}
            for _ in range(self.rounds):
                self.round(server)
        return self.results


def summarise(results: dict[str, list[dict]]) -> list[dict]:
    raw = [min(one["seconds"], two["seconds"]) for one, two in zip(results["raw, 1 connection"], results["raw, 2 connections"])]
    rows = []
    for step in ("raw, 1 connection", "raw, 2 connections", "backup", "restore"):
        ours = [x["seconds"] for x in results[step]]
        ratios = sorted(best / own for best, own in zip(raw, ours))
        rows.append({"step": step, "seconds": round(statistics.median(ours), 2), "of_best_raw": round(statistics.median(ratios), 2),
                     "least": round(ratios[0], 2), "most": round(ratios[-1], 2)})
    return rows
