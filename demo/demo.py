"""The demo: a real VictoriaMetrics is backed up through holdfast's own gateway, destroyed, restored and compared."""
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/support"))
import processes  # noqa: E402

INSTANCE = "victoria-metrics-0"
SERIES = 2000
HOUR_MS = 3_600_000


def size_of(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def human(size: int) -> str:
    return f"{size / 1048576:.1f} MiB"


class Table:
    def __init__(self):
        self.rows = [("step", "seconds", "what happened")]

    def step(self, name: str, work):
        print(f"-- {name} ...", flush=True)
        begin = time.monotonic()
        text = work()
        self.rows.append((name, f"{time.monotonic() - begin:.1f}", text))
        print(f"   {text}", flush=True)

    def print(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(3)]
        print()
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


class Demo:
    def __init__(self, work: pathlib.Path):
        self.work = work
        self.data = work / "victoria-metrics-data"
        self.bucket = work / "objects"
        self.start_ms = int(time.time() * 1000) - 48 * HOUR_MS
        self.port = processes.free_port()
        self.gateway = None
        self.server = None
        self.version = ""
        self.before = None

    def start_gateway(self) -> str:
        self.gateway = processes.Gateway(self.work, self.bucket, {"holdfast": {
            INSTANCE: {"url": f"http://127.0.0.1:{self.port}", "dataPath": str(self.data)}}})
        return f"listens on {self.gateway.url}, keeps objects as plain files"

    def start_server(self) -> str:
        self.server = processes.VictoriaMetrics(self.work, self.data, port=self.port)
        return f"VictoriaMetrics listens on {self.server.url}"

    def ingest(self, samples: int, hours_later: int) -> str:
        count = self.server.ingest(SERIES, samples, self.start_ms + hours_later * HOUR_MS)
        return f"{count / 1e6:.1f} million samples, {human(size_of(self.data))} on disk"

    def holdfast(self, *arguments) -> str:
        done = processes.holdfast(self.gateway.values, "--quiet", *arguments)
        if done.returncode != 0:
            raise SystemExit(f"holdfast {' '.join(arguments)} failed with {done.returncode}:\n{done.stderr}")
        return done.stdout.strip()

    def backup(self) -> str:
        return self.holdfast("backup", INSTANCE)

    def list(self) -> str:
        lines = [line for line in self.holdfast("list", INSTANCE).splitlines() if line.startswith(INSTANCE)]
        self.version = lines[-1].split()[1]
        return lines[-1]

    def look(self):
        self.server.flush()
        at = self.start_ms + 40 * HOUR_MS
        totals = self.server.query('sum(sum_over_time({job="demo"}[48h])) by (series)', at)
        counts = self.server.query('sum(count_over_time({job="demo"}[48h]))', at)
        return sorted((row["metric"]["series"], row["value"][1]) for row in totals), counts[0]["value"][1]

    def remember(self) -> str:
        self.before = self.look()
        return f"{self.before[1]} samples, a sum for each of {len(self.before[0])} series"

    def destroy(self) -> str:
        self.server.stop()
        size = size_of(self.data)
        shutil.rmtree(self.data)
        self.data.mkdir()
        return f"server stopped, {human(size)} deleted"

    def restore(self) -> str:
        return self.holdfast("restore", INSTANCE, self.version, "--yes")

    def compare(self) -> str:
        after = self.look()
        if after != self.before:
            raise SystemExit(f"NOT EQUAL: before {self.before}, after {after}")
        return f"equal: {after[1]} samples, every sum the same"

    def stop(self):
        for process in (self.server, self.gateway):
            if process is not None:
                process.stop()


def main():
    table = Table()
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        demo = Demo(pathlib.Path(folder))
        try:
            table.step("gateway", demo.start_gateway)
            table.step("server", demo.start_server)
            table.step("ingest", lambda: demo.ingest(1500, 0))
            table.step("backup", demo.backup)
            table.step("ingest more", lambda: demo.ingest(100, 10))
            table.step("backup again", demo.backup)
            table.step("list", demo.list)
            table.step("verify", lambda: demo.holdfast("verify", INSTANCE, "--deep"))
            table.step("query", demo.remember)
            table.step("disaster", demo.destroy)
            table.step("restore", demo.restore)
            table.step("server again", demo.start_server)
            table.step("query again", demo.compare)
        finally:
            demo.stop()
    table.print()
    print("\nEvery sample is back. Nothing is left running.")


if __name__ == "__main__":
    main()
