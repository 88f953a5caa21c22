"""Backups and restores of ClickHouse through the gateway, beside what the same gateway takes from and gives to a plain client in the same
run. Debian's clickhouse-server; random rows that hardly compress. The plain client of a backup makes new objects, as a backup does; the one of
a restore throws the bytes away (plain), and in another run writes them to files that it syncs (durable), as a restore must."""
import json
import os
import pathlib
import re
import shutil
import statistics
import time

import clickhouse_data
import clickhouse_server
import gateway_bench
import processes

STORE = "clickhouse"
BUCKET = "sts-clickhouse-backup"
BYTES_A_ROW = 121  # on disk, about
PARTITIONS = 12
# What a plain client sends at a time, and over how many connections.
PLAIN_SIZE, PLAIN_CONNECTIONS = 64 << 20, 4


def load(server: clickhouse_server.ClickHouse, mib: int, seed: int = 1, first_day: int = 0, days: int = PARTITIONS) -> int:
    """About `mib` MiB of log lines, one part a day; the server makes them itself. Returns the rows."""
    rows = max(1, mib * 1048576 // BYTES_A_ROW // days)
    for day in range(first_day, first_day + days):
        moment = f"toDateTime('{clickhouse_data.FIRST_DAY} 00:00:00') + {day} * 86400 + intDiv(number * 86400, {rows})"
        # Raw bytes, which no codec makes smaller; a service's lines stand together, as they do in reality.
        body = "concat(" + ", ".join(f"reinterpretAsString(cityHash64(number, {seed}, {day}, {i}))" for i in range(14)) + ")"
        server.query(f"INSERT INTO otel.otel_logs SELECT {moment}, '', number % 24, concat('service-', toString(intDiv(number * 20, {rows}))), "
                     f"{body}, ['host'], [toString(number % 50)] FROM (SELECT number FROM system.numbers LIMIT {rows})",
                     max_block_size=rows, min_insert_block_size_rows=rows, max_threads=1, min_insert_block_size_bytes=1 << 40, max_memory_usage=0)
    return rows * days


class ClickHouseBench:
    def __init__(self, work: pathlib.Path, mib: int, rounds: int, timed):
        self.work, self.mib, self.rounds, self.timed = work, mib, rounds, timed
        self.results: dict[str, list[dict]] = {}

    def note(self, name: str, figures: dict):
        self.results.setdefault(name, []).append(figures)
        print("  " + name + "  " + "  ".join(f"{key} {value:.4g}" for key, value in figures.items()), flush=True)

    def plain(self, gateway, verb: str, mib: float, *arguments) -> dict:
        """What the gateway manages for a plain client, over as many bytes as the backup has, and the CPU seconds of both."""
        operations = max(PLAIN_CONNECTIONS, round(mib * 1048576 / PLAIN_SIZE))
        figures = gateway_bench.load(gateway, verb, PLAIN_SIZE, PLAIN_CONNECTIONS, operations, *arguments)
        return {"rate": figures["mib_per_second"], "cpu": figures["cpu_seconds"] + figures["server_cpu_ms"] * operations / 1000}

    def durable(self, gateway, mib: float) -> dict:
        folder = self.work / "saved"
        folder.mkdir()
        figures = self.plain(gateway, "save", mib, folder)
        shutil.rmtree(folder)
        return figures

    def wipe(self, folder: pathlib.Path):
        """Gone from the disk too, so that nobody's clearing up is in the next one's time."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.sync()

    def holdfast(self, gateway, *arguments) -> dict:
        before = gateway_bench.cpu_seconds(gateway.process.pid)
        figures = self.timed([processes.holdfast_binary(), "-c", gateway.values, "--quiet", *arguments])
        return {**figures, "cpu_with_gateway": figures["cpu"] + gateway_bench.cpu_seconds(gateway.process.pid) - before}

    def stored_mib(self) -> float:
        return sum(path.stat().st_size for path in (self.work / "objects" / BUCKET).rglob("*") if path.is_file()) / 1048576

    def newest(self, gateway) -> str:
        done = processes.holdfast(gateway.values, "--output", "json", "list", STORE)
        return json.loads(done.stdout)[-1]["name"]

    def requests(self, gateway, since: int) -> int:
        lines = gateway.log.read_text().splitlines()[since:]
        return sum(bool(re.search(r'"(GET|PUT|POST|DELETE|HEAD) ', line)) for line in lines)

    def full(self, gateway):
        self.wipe(self.work / "objects" / gateway_bench.BUCKET)
        plain = self.plain(gateway, "new", self.mib)
        self.wipe(self.work / "objects" / BUCKET)
        full = self.holdfast(gateway, "backup", STORE, "--full")
        rate = self.stored_mib() / full["seconds"]
        self.note("full", {**full, "mib_per_second": rate, "plain_mib_per_second": plain["rate"], "plain_cpu": plain["cpu"],
                           "share": rate / plain["rate"]})

    def restore(self, gateway, server):
        self.plain(gateway, "put", self.mib)  # what the two get
        plain = self.plain(gateway, "get", self.mib)
        durable = self.durable(gateway, self.mib)
        name = self.newest(gateway)
        server.query("DROP TABLE otel.otel_logs")  # so that no part of it can be linked instead of fetched
        os.sync()
        stored = self.stored_mib()
        back = self.holdfast(gateway, "restore", STORE, name, "--yes")
        rate = stored / back["seconds"]
        self.note("restore", {**back, "mib_per_second": rate, "plain_mib_per_second": plain["rate"], "share": rate / plain["rate"],
                              "durable_mib_per_second": durable["rate"], "plain_cpu": durable["cpu"], "durable_share": rate / durable["rate"]})

    def round(self, gateway, server, number: int):
        self.full(gateway)
        load(server, max(1, self.mib // 100), seed=100 + number, days=1)
        before, since = self.stored_mib(), len(gateway.log.read_text().splitlines())
        more = self.holdfast(gateway, "backup", STORE)
        self.note("1 % new", {**more, "mib": self.stored_mib() - before, "requests": self.requests(gateway, since)})
        self.restore(gateway, server)

    def run(self) -> dict:
        with clickhouse_server.Server(self.work) as server:
            values = {"clickhouse": {"backup": {"enabled": True}, "restore": {"enabled": True}},
                      "holdfast": {"clickhouse": {"url": server.url, "dataPath": str(server.data)}}}
            with processes.Gateway(self.work, self.work / "objects", values) as gateway:
                clickhouse_data.create(server, parts=1)
                begin = time.monotonic()
                rows = load(server, self.mib)
                ((size,),) = server.rows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active")
                self.note("data", {"mib_on_disk": round(int(size) / 1048576), "rows": rows, "seconds": round(time.monotonic() - begin, 1)})
                for number in range(self.rounds):
                    self.round(gateway, server, number)
                self.note("gateway", {"peak_mib": round(gateway.peak_memory() / 1048576, 1)})
        return self.results


def summarise(results: dict[str, list[dict]]) -> list[dict]:
    rows = []
    for name in ("full", "1 % new", "restore"):
        figures = results[name]
        out = {"step": name, "seconds": round(statistics.median(x["seconds"] for x in figures), 2)}
        if "share" in figures[0]:
            out["mib_per_second"] = round(statistics.median(x["mib_per_second"] for x in figures))
            out["plain_client"] = round(statistics.median(x["plain_mib_per_second"] for x in figures))
            out["share"] = round(statistics.median(x["share"] for x in figures), 2)
            if "durable_share" in figures[0]:
                out["durable_share"] = round(statistics.median(x["durable_share"] for x in figures), 2)
            out["cpu"] = round(statistics.median(x["cpu"] for x in figures), 2)
            out["cpu_both"] = round(statistics.median(x["cpu_with_gateway"] for x in figures), 2)
            out["plain_cpu_both"] = round(statistics.median(x["plain_cpu"] for x in figures), 2)
        else:
            out["mib"] = round(statistics.median(x["mib"] for x in figures), 1)
            out["requests"] = round(statistics.median(x["requests"] for x in figures))
        rows.append({**out, "peak_mib": round(max(x["peak_mib"] for x in figures), 1)})
    return rows
