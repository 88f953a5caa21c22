"""The same snapshots and restores of one Elasticsearch node through holdfast's gateway and through MinIO, in turns."""
import pathlib
import statistics
import subprocess
import time

import elasticsearch_data as data
import elasticsearch_server
import peers
import processes

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUCKET = "sts-elasticsearch-backup"
INDICES = 20
BYTES_A_DOCUMENT = 190  # on disk, about
# The node's own brakes are off: they are slower than either.
SETTINGS = {"bucket": BUCKET, "base_path": "bench", "protocol": "http", "region": "us-east-1", "path_style_access": "true",
            "access_key": processes.ACCESS_KEY, "secret_key": processes.SECRET_KEY, "max_snapshot_bytes_per_sec": "100gb",
            "max_restore_bytes_per_sec": "100gb"}


def prepare():
    """The node and its client; tests/clients/build.sh does nothing when they are there."""
    subprocess.run([ROOT / "tests/clients/build.sh", elasticsearch_server.CLIENTS], check=True)


class ElasticsearchBench:
    def __init__(self, work: pathlib.Path, mib: int, rounds: int):
        self.work, self.mib, self.rounds = work, mib, rounds
        self.results: dict[str, list[dict]] = {}

    def note(self, step: str, through: str, seconds: float, **more):
        self.results.setdefault(f"{step}|{through}", []).append({"seconds": seconds, **more})
        print(f"  {step}  {through}  {seconds:.2f} s", flush=True)

    def timed(self, step: str, through: str, call):
        begin = time.monotonic()
        found = call()
        self.note(step, through, time.monotonic() - begin)
        if found["shards"]["failed"] or not found["shards"]["total"]:
            raise SystemExit(f"{step} through {through}: {found}")

    def round(self, node, number: int):
        order = ["holdfast", "minio"] if number % 2 == 0 else ["minio", "holdfast"]
        for through in order:
            # Nothing of it is there yet: the repository is a new one.
            node.register(through, {**SETTINGS, "endpoint": self.urls[through], "base_path": f"bench-{number}"})
            self.timed("first", through, lambda: node.snapshot(through, "first", "sts*"))
        for index in self.indices[::4]:
            data.fill(node, index, self.documents // 20, revision=number + 1)
        for through in order:
            self.timed("changed", through, lambda: node.snapshot(through, "second", "sts*"))
        for through in order:
            self.timed("restore", through, lambda: node.restore(through, "second", "sts*", rename_pattern="^(.+)$", rename_replacement="back-$1",
                                                                include_aliases=False))
            node.request("DELETE", "/back-*")
        for through in order:
            begin = time.monotonic()
            node.request("DELETE", f"/_snapshot/{through}/first,second", timeout=600)
            self.note("delete", through, time.monotonic() - begin)

    def run(self) -> dict:
        prepare()
        (self.work / "objects" / BUCKET).mkdir(parents=True)
        (self.work / "minio" / BUCKET).mkdir(parents=True)
        recovery = {"indices.recovery.max_bytes_per_sec": "-1", "action.destructive_requires_name": "false"}
        with elasticsearch_server.Node(self.work, recovery, heap="1g") as node, peers.start_minio(self.work) as minio, \
                processes.Gateway(self.work, self.work / "objects", {}) as gateway:
            self.urls = {"holdfast": gateway.url, "minio": minio.url}
            self.indices = data.names(INDICES // len(data.KINDS))
            self.documents = max(1, self.mib * 1048576 // BYTES_A_DOCUMENT // INDICES)
            for index in self.indices:
                data.create(node, index, self.documents)
            size = sum(int(row["store.size"]) for row in node.indices("sts*").values())
            print(f"  {INDICES} indices of {self.documents} documents, {size // 1048576} MiB", flush=True)
            self.results["data"] = [{"documents": INDICES * self.documents, "mib_on_disk": size // 1048576}]
            # The node's own compiler works through the first snapshot and restore, whoever stores them.
            self.round(node, 0)
            self.results = {"data": self.results["data"]}
            for number in range(1, self.rounds + 1):
                self.round(node, number)
        return self.results


def summarise(results: dict[str, list[dict]]) -> list[dict]:
    rows = []
    for step in ("first", "changed", "restore", "delete"):
        ours = [x["seconds"] for x in results[f"{step}|holdfast"]]
        theirs = [x["seconds"] for x in results[f"{step}|minio"]]
        ratios = sorted(a / b for a, b in zip(ours, theirs))
        rows.append({"step": step, "holdfast_seconds": round(statistics.median(ours), 2), "minio_seconds": round(statistics.median(theirs), 2),
                     "share_of_minio": round(statistics.median(ratios), 2), "least": round(ratios[0], 2), "most": round(ratios[-1], 2)})
    return rows
