#!/usr/bin/env python3
"""A week in minutes: `holdfast run` with schedules of seconds over a real VictoriaMetrics and a real ClickHouse that are written to all the
time. Memory and descriptors stay flat, and nothing is left behind. HOLDFAST_SOAK_SECONDS says how long (45; a week of runs takes 900)."""
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import clickhouse_server  # noqa: E402
import processes  # noqa: E402
from scheduler_cases import Scheduler  # noqa: E402

SECONDS = int(os.environ.get("HOLDFAST_SOAK_SECONDS", "45"))
# What a run costs once: a pool of connections, the first list of each kind. After that nothing may grow with the number of runs.
MEMORY_GROWTH, DESCRIPTOR_GROWTH = 1.25, 12
KEPT = 6


class Writer(threading.Thread):
    """Writes into both stores until stop(); what fails there fails the test."""

    def __init__(self, metrics, house):
        super().__init__()
        self.metrics, self.house, self.ended, self.error, self.rounds = metrics, house, threading.Event(), None, 0

    def run(self):
        try:
            while not self.ended.wait(0.7):
                self.metrics.ingest(10, 20, int(time.time() * 1000) - 60_000, name="soak")
                self.house.query(f"INSERT INTO otel.logs SELECT today() - {self.rounds % 3}, number, 'round {self.rounds}' FROM system.numbers LIMIT 500")
                self.rounds += 1
        except Exception as error:  # noqa: BLE001 told by stop()
            self.error = error

    def stop(self):
        self.ended.set()
        self.join()
        if self.error:
            raise self.error


class SchedulerSoakTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="holdfast-soak-")
        self.addCleanup(self.folder.cleanup)
        self.work = pathlib.Path(self.folder.name)
        self.objects, self.data, self.temporary = self.work / "objects", self.work / "data", self.work / "tmp"
        for folder in (self.data, self.temporary):
            folder.mkdir()
        self.gateway = processes.Gateway(self.work, self.objects)
        self.addCleanup(self.gateway.stop)
        self.metrics = processes.VictoriaMetrics(self.work, self.data)
        self.addCleanup(self.metrics.stop)
        self.house = clickhouse_server.Server(self.work)
        self.addCleanup(self.house.stop)
        self.house.query("CREATE DATABASE otel")
        self.house.query("CREATE TABLE otel.logs (d Date, x UInt64, text String) ENGINE = MergeTree PARTITION BY d ORDER BY x")

    def values(self, port: int) -> pathlib.Path:
        path = self.work / "run.yaml"
        processes.write_values(path, self.gateway.port, self.objects, {
            "victoria-metrics-0": {"backup": {"scheduled": {"schedule": "*/2 * * * * * *", "daily": "*/9 * * * * * *"},
                                              "keepLastDaily": 3, "keepLastWeekly": 1}},
            "victoria-metrics-1": {"backup": {"enabled": False}},
            "clickhouse": {"backup": {"enabled": True, "bucketName": "sts-clickhouse-backup", "config": {"keep_remote": KEPT},
                                      "scheduled": {"full_schedule": "*/20 * * * * * *", "incremental_schedule": "*/4 * * * * * *"}}},
            "backup": {store: {"enabled": False} for store in ("stackGraph", "elasticsearch", "configuration")},
            "holdfast": {
                "run": {"listen": f"127.0.0.1:{port}", "timeZone": "UTC"},
                "verify": {"schedule": "*/15 * * * * * *"}, "drill": {"schedule": "*/30 * * * * * *"},
                "victoria-metrics-0": {"url": self.metrics.url, "dataPath": str(self.data)},
                "clickhouse": {"url": self.house.url, "dataPath": str(self.house.data), "user": self.house.user, "password": self.house.password},
            }})
        return path

    def records(self, store: str) -> list[dict]:
        folder = self.objects / "sts-stackgraph-backup/.holdfast/runs" / store
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))] if folder.exists() else []

    def successes(self, store: str, task: str) -> int:
        return sum(one["task"] == task and one["outcome"] == "success" for one in self.records(store))

    @staticmethod
    def usage(pid: int) -> tuple[int, int, int]:
        """Resident bytes, descriptors, threads."""
        status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        return int(status["VmRSS"].split()[0]) * 1024, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])

    def test_nothing_grows_and_nothing_is_left(self):
        port = processes.free_port()
        writer = Writer(self.metrics, self.house)
        writer.start()
        scheduler = Scheduler(self.values(port), port, self.work / "run.log", env={"TMPDIR": str(self.temporary)})
        self.addCleanup(scheduler.stop)
        every_kind = [("victoria-metrics-0", task) for task in ("backup", "copy", "prune", "verify", "drill")]
        every_kind += [("clickhouse", task) for task in ("full", "incremental", "prune", "verify", "drill")]
        scheduler.wait_until(lambda: all(self.successes(*kind) for kind in every_kind), 240)
        first, samples = self.usage(scheduler.process.pid), []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.assertIsNone(scheduler.process.poll(), scheduler.tail())
            samples.append(self.usage(scheduler.process.pid))
            time.sleep(1)
        writer.stop()
        self.assertEqual(scheduler.stop(60), 0, scheduler.tail())
        self.check_usage(first, samples)
        self.check_records()
        self.check_nothing_is_left()

    def check_usage(self, first, samples):
        last = samples[-len(samples) // 4:]
        memory, descriptors, threads = (sorted(column)[len(last) // 2] for column in zip(*last))
        print(f"memory {first[0] >> 20} -> {memory >> 20} MiB, descriptors {first[1]} -> {descriptors}, threads {first[2]} -> {threads}")
        self.assertLess(memory, first[0] * MEMORY_GROWTH + (8 << 20))
        self.assertLess(descriptors, first[1] + DESCRIPTOR_GROWTH)
        self.assertLess(threads, first[2] + DESCRIPTOR_GROWTH)

    def check_records(self):
        for store in ("victoria-metrics-0", "clickhouse"):
            records = self.records(store)
            counts = {}
            for one in records:
                key = f"{one['task']} {one['outcome']}"
                counts[key] = counts.get(key, 0) + 1
            print(store, counts)
            # A run that was going when it was told to stop may be cut after its grace; everything else went well or was told as missed.
            bad = [one for one in records if one["outcome"] not in ("success", "missed")]
            self.assertEqual([(one["task"], one["error"]) for one in bad], [])
            due = [(one["task"], one["due"]) for one in records if "due" in one and one["outcome"] == "success"]
            self.assertEqual(len(due), len(set(due)))

    def check_nothing_is_left(self):
        self.assertEqual(json.loads(processes.http_get(self.metrics.url + "/snapshot/list"))["snapshots"], [])
        databases = {row[0] for row in self.house.rows("SELECT name FROM system.databases")}
        self.assertEqual(databases - {"default", "system", "otel", "_temporary_and_external_tables"}, set())
        shadow = self.house.data / "shadow"
        self.assertEqual([path for path in shadow.iterdir() if path.is_dir()] if shadow.exists() else [], [])
        self.assertEqual(sorted(path.name for path in self.temporary.iterdir()), [])
        uploads = [path for path in self.objects.rglob("uploads/*/*") if "holdfast" in str(path)]
        self.assertEqual(uploads, [], "uploads that nobody finished")
        listed = processes.holdfast(self.work / "run.yaml", "--output", "json", "list", "clickhouse")
        kept = [one for one in json.loads(listed.stdout)]
        self.assertTrue(all(one["complete"] for one in kept), kept)
        parents = {one["parent"] for one in kept if one.get("parent")}
        self.assertLessEqual(len([one for one in kept if one["name"] not in parents]), KEPT + 1)


if __name__ == "__main__":
    unittest.main()
