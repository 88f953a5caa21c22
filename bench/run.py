"""Drives the benchmarks; see run.sh. Interleaved: every round measures each contender once, in turn; medians are shown."""
import argparse
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
import clickhouse_bench  # noqa: E402
import elasticsearch_bench  # noqa: E402
import gateway_bench  # noqa: E402
import processes  # noqa: E402
import stackgraph_bench  # noqa: E402

BUCKET = "sts-victoria-metrics-backup"
INSTANCE = "victoria-metrics-0"


def timed(command, env=None) -> dict:
    """Runs a command; wall seconds, CPU seconds and peak memory of that process alone."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(part) for part in command], env={**os.environ, **(env or {})}, stdout=output,
                                   stderr=output, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        if status != 0:
            output.seek(0)
            raise SystemExit(f"{command} failed with {status}:\n{output.read().decode(errors='replace')[-3000:]}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


class VictoriaMetricsBench:
    """Both tools on one data set through one gateway, each with a destination of its own."""

    def __init__(self, work: pathlib.Path, mib: int, rounds: int):
        self.work, self.rounds = work, rounds
        self.data = work / "data"
        self.port = processes.free_port()
        self.results: dict[str, list[dict]] = {}
        self.credentials = work / "credentials"
        self.credentials.write_text(f"[default]\naws_access_key_id={processes.ACCESS_KEY}\n"
                                    f"aws_secret_access_key={processes.SECRET_KEY}\n")
        self.start_ms = int(time.time() * 1000) - 12 * 24 * 3_600_000
        # A random double takes about nine bytes on disk, whatever the server does.
        self.series, self.samples = 2000, max(100, mib * 1048576 // 2000 // 9)

    def note(self, name: str, who: str, figures: dict):
        self.results.setdefault(f"{name}|{who}", []).append(figures)

    def tool_flags(self, url):
        return [f"-customS3Endpoint={url}", f"-credsFilePath={self.credentials}", f"-httpListenAddr=127.0.0.1:{processes.free_port()}"]

    def vmbackup(self, gateway, server, destination):
        return timed(["vmbackup", f"-storageDataPath={self.data}", f"-snapshot.createURL={server.url}/snapshot/create",
                      f"-dst=s3://{BUCKET}/{destination}", *self.tool_flags(gateway.url)])

    def holdfast(self, gateway, *arguments):
        return timed([processes.holdfast_binary(), "-c", gateway.values, "--quiet", *arguments])

    def clear(self, gateway):
        # Everything of the bucket but the bucket; the gateway serves plain files, and it is idle now.
        bucket = self.work / "objects" / BUCKET
        for path in bucket.iterdir() if bucket.exists() else []:
            shutil.rmtree(path)

    def run_round(self, gateway, server, round_number):
        self.clear(gateway)
        first, second = (self.run_holdfast, self.run_vmbackup)
        if round_number % 2:
            first, second = second, first
        for step in ("full", "unchanged"):
            first(gateway, server, step)
            second(gateway, server, step)
        share = max(1, self.samples // 100)
        self.ingest(server, share, self.start_ms + (self.samples + share * (round_number + 1)) * 1000)
        for step in ("1 % new",):
            first(gateway, server, step)
            second(gateway, server, step)

    def run_holdfast(self, gateway, server, step):
        self.note(step, "holdfast", self.holdfast(gateway, "backup", INSTANCE))

    def run_vmbackup(self, gateway, server, step):
        self.note(step, "vm tools", self.vmbackup(gateway, server, "vmbackup-peer"))

    def restore_round(self, gateway, version, round_number):
        def ours():
            shutil.rmtree(self.data)
            self.data.mkdir()
            self.note("restore", "holdfast", self.holdfast(gateway, "restore", INSTANCE, version, "--yes"))

        def theirs():
            target = self.work / "vmrestore"
            shutil.rmtree(target, ignore_errors=True)
            self.note("restore", "vm tools", timed(["vmrestore", f"-storageDataPath={target}",
                                                    f"-src=s3://{BUCKET}/vmbackup-peer", *self.tool_flags(gateway.url)]))
            shutil.rmtree(target)
        for step in (ours, theirs) if round_number % 2 == 0 else (theirs, ours):
            step()

    def ingest(self, server, samples: int, start_ms: int) -> int:
        """The same random values for every series: each is stored by itself, and making them costs next to nothing."""
        values = ",".join(repr(random.random() * 1e6) for _ in range(samples))
        stamps = ",".join(str(start_ms + i * 1000) for i in range(samples))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        for series in range(self.series):
            line = f'{{"metric":{{"__name__":"bench_{series % 20}","series":"{series}"}},"values":[{values}],"timestamps":[{stamps}]}}'
            connection.request("POST", "/api/v1/import", line)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 204:
                raise SystemExit(f"import answered {answer.status}")
        server.flush()
        return self.series * samples

    def run(self):
        with processes.Gateway(self.work, self.work / "objects", {"holdfast": {
                INSTANCE: {"url": f"http://127.0.0.1:{self.port}", "dataPath": str(self.data)}}}) as gateway:
            with processes.VictoriaMetrics(self.work, self.data, port=self.port) as server:
                server.merge_parts(self.ingest(server, self.samples, self.start_ms))
                size = sum(p.stat().st_size for p in self.data.rglob("*") if p.is_file() and not p.is_symlink())
                self.note("data", "MiB on disk", {"seconds": round(size / 1048576)})
                for i in range(self.rounds):
                    self.run_round(gateway, server, i)
            listing = processes.holdfast(gateway.values, "list", INSTANCE).stdout
            version = [line.split()[1] for line in listing.splitlines() if line.startswith(INSTANCE)][-1]
            for i in range(self.rounds):
                self.restore_round(gateway, version, i)
            self.note("gateway", "peak MiB", {"seconds": round(gateway.peak_memory() / 1048576, 1)})
        return self.results


def summarise(results: dict[str, list[dict]]) -> list[dict]:
    rows = []
    for name in ("full", "unchanged", "1 % new", "restore"):
        ours, theirs = results.get(f"{name}|holdfast", []), results.get(f"{name}|vm tools", [])
        if not ours or not theirs:
            continue
        ratios = sorted(b["seconds"] / a["seconds"] for a, b in zip(ours, theirs))
        rows.append({"step": name, "holdfast_seconds": round(statistics.median(x["seconds"] for x in ours), 2),
                     "vm_tools_seconds": round(statistics.median(x["seconds"] for x in theirs), 2),
                     "times_faster": round(statistics.median(ratios), 2), "least": round(ratios[0], 2), "most": round(ratios[-1], 2),
                     "holdfast_peak_mib": round(max(x["peak_mib"] for x in ours), 1),
                     "vm_tools_peak_mib": round(max(x["peak_mib"] for x in theirs), 1)})
    return rows


def print_rows(title: str, rows: list[dict]):
    print(f"\n{title}")
    keys = list(dict.fromkeys(key for row in rows for key in row))
    table = [keys] + [[str(row.get(key, "")) for key in keys] for row in rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(keys))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a small data set and one round")
    parser.add_argument("--size", type=int, help="MiB of data of each store (default 1100: over 1 GB; quick 100)")
    parser.add_argument("--rounds", type=int, help="default 3; quick 1")
    parser.add_argument("--only", choices=["gateway", "victoria-metrics", "clickhouse", "elasticsearch", "stackgraph"])
    parser.add_argument("--peers", nargs="*", metavar="PEER", choices=["minio", "versitygw", "s3proxy", "nginx"],
                        help="measure the gateway beside these (no name: all); fetches and builds them the first time")
    parser.add_argument("--objects", type=int, help="names in the list (default 100000; quick 10000)")
    arguments = parser.parse_args()
    mib = arguments.size or (100 if arguments.quick else 1100)
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    report = {"cores": os.cpu_count(), "quick": arguments.quick}
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=os.environ.get("TMPDIR")) as folder:
        work = pathlib.Path(folder)
        if arguments.only in (None, "gateway"):
            (work / "gateway").mkdir()
            peers = ["minio", "versitygw", "s3proxy", "nginx"] if arguments.peers == [] else arguments.peers or []
            report["gateway"] = gateway_bench.run(work / "gateway", rounds, 0.25 if arguments.quick else 1,
                                                  arguments.objects or (10_000 if arguments.quick else 100_000), peers)
            print_rows("Gateway on a folder, fsync on; x: times a peer's rate", report["gateway"]["objects"])
            print_rows("The same plain and encrypted; x: times the encrypted one's rate", report["gateway"]["sealed"])
            print_rows("Lists in pages of 1,000", report["gateway"]["lists"])
            print_rows("Peak memory", report["gateway"]["memory"])
        if arguments.only in (None, "victoria-metrics"):
            (work / "vm").mkdir()
            results = VictoriaMetricsBench(work / "vm", mib, rounds).run()
            report["victoria_metrics_raw"] = results
            report["victoria_metrics"] = summarise(results)
            print_rows(f"VictoriaMetrics, {results['data|MiB on disk'][0]['seconds']} MiB, through the same gateway; more than 1 is faster "
                       "than vmbackup/vmrestore", report["victoria_metrics"])
        if arguments.only == "clickhouse":
            (work / "clickhouse").mkdir()
            results = clickhouse_bench.ClickHouseBench(work / "clickhouse", mib, rounds, timed).run()
            report["clickhouse_raw"] = results
            report["clickhouse"] = clickhouse_bench.summarise(results)
            print_rows(f"ClickHouse, {results['data'][0]['mib_on_disk']} MiB; share: of what the same gateway moves for a plain client; durable: for one "
                       "that syncs what it got; cpu: seconds, of both with the gateway", report["clickhouse"])
        if arguments.only == "elasticsearch":
            (work / "elasticsearch").mkdir()
            results = elasticsearch_bench.ElasticsearchBench(work / "elasticsearch", mib, rounds).run()
            report["elasticsearch_raw"] = results
            report["elasticsearch"] = elasticsearch_bench.summarise(results)
            print_rows(f"Elasticsearch, {results['data'][0]['mib_on_disk']} MiB in {elasticsearch_bench.INDICES} indices, through holdfast's gateway and through MinIO; "
                       "less than 1 is faster", report["elasticsearch"])
        if arguments.only == "stackgraph":
            (work / "stackgraph").mkdir()
            vertices = 10_000 if arguments.quick else 100_000
            results = stackgraph_bench.StackGraphBench(work / "stackgraph", vertices, rounds).run()
            report["stackgraph_raw"] = results
            report["stackgraph"] = stackgraph_bench.summarise(results)
            print_rows(f"A graph of {vertices} vertices and {3 * vertices} edges; of_best_raw: the best raw stream's time in that round divided by it",
                       report["stackgraph"])
    report["load_tool_peak_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    results_folder = ROOT / "bench/results"
    results_folder.mkdir(exist_ok=True)
    (results_folder / "latest.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
