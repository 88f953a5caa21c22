"""What tests of `holdfast run` share: a gateway, real stores, fast schedules, and the program itself."""
import json
import pathlib
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import processes

# Second minute hour day month weekday year, as cronexpr reads seven fields.
EVERY_SECOND = "* * * * * * *"
EVERY_THREE_SECONDS = "*/3 * * * * * *"
NEVER_YET = "0 0 0 1 1 * 2099"  # parses, and is far away
TOKEN = "scheduler-token"
STORE = "victoria-metrics-0"


class Scheduler(processes.Process):
    """`holdfast run`; its page is at `url`."""

    def __init__(self, values: pathlib.Path, port: int, log: pathlib.Path, *arguments, env=None):
        self.url = f"http://127.0.0.1:{port}"
        super().__init__([processes.holdfast_binary(), "-c", values, "run", *arguments], log, env)
        try:
            self.wait_until(lambda: processes.http_get(self.url + "/-/healthy", 5) is not None)
        except BaseException:
            self.kill()
            raise

    def status(self, store: str = STORE) -> dict:
        stores = json.loads(processes.http_get(self.url + "/api/v1/status"))["stores"]
        return next(one for one in stores if one["store"] == store)

    def task(self, task: str, store: str = STORE) -> dict:
        return next(one for one in self.status(store)["tasks"] if one["task"] == task)

    def post(self, path: str, body: dict | None = None, token: str = TOKEN) -> int:
        request = urllib.request.Request(self.url + path, data=json.dumps(body or {}).encode(), method="POST",
                                         headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.read()
            return error.code

    def metrics(self) -> str:
        return processes.http_get(self.url + "/metrics").decode()


class SchedulerTestCase(unittest.TestCase):
    """A gateway and one VictoriaMetrics for the class; a scheduler by start()."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-run-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.objects = cls.work / "objects"
        cls.gateway = processes.Gateway(cls.work, cls.objects)
        cls.data = cls.work / "data"
        cls.data.mkdir()
        cls.server = processes.VictoriaMetrics(cls.work, cls.data)
        cls.server.ingest(20, 200, int(time.time() * 1000) - 86_400_000)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.gateway.stop()
        cls.folder.cleanup()

    def setUp(self):
        self.running = []
        # Each test has a catalog of its own.
        self.prefix = f".catalog-{self._testMethodName}/"

    def tearDown(self):
        for scheduler in self.running:
            scheduler.stop()

    def values(self, name: str = "values", port: int | None = None, **schedules) -> pathlib.Path:
        """Only what is named in `schedules` is due: backup, daily, verify, drill."""
        path = self.work / f"{self._testMethodName}-{name}.yaml"
        self.port = port or processes.free_port()
        processes.write_values(path, self.gateway.port, self.objects, {
            STORE: {"backup": {"scheduled": {"schedule": schedules.get("backup", NEVER_YET), "daily": schedules.get("daily", "")}}},
            "victoria-metrics-1": {"backup": {"enabled": False}},
            "clickhouse": {"backup": {"enabled": False}},
            "backup": {store: {"enabled": False} for store in ("stackGraph", "elasticsearch", "configuration")},
            "holdfast": {
                "run": {"listen": f"127.0.0.1:{self.port}", "token": TOKEN,
                        "startingDeadline": schedules.get("startingDeadline", "1h"), "timeZone": "UTC"},
                "verify": {"schedule": schedules.get("verify", "")}, "drill": {"schedule": schedules.get("drill", "")},
                "catalog": {"prefix": self.prefix},
                STORE: {"url": self.server.url, "dataPath": str(self.data)},
            },
        })
        return path

    def start(self, values: pathlib.Path, *arguments, port: int | None = None, env=None) -> Scheduler:
        log = self.work / f"{self._testMethodName}-{len(self.running)}.log"
        scheduler = Scheduler(values, port or self.port, log, *arguments, env=env)
        self.running.append(scheduler)
        return scheduler

    def holdfast(self, values, *arguments, code=0):
        done = processes.holdfast(values, "--quiet", *arguments)
        self.assertEqual(done.returncode, code, f"holdfast {arguments}: {done.stderr}{done.stdout}")
        return done

    def records(self, store: str = STORE) -> list[dict]:
        """All run records, oldest first."""
        folder = self.objects / "sts-stackgraph-backup" / self.prefix / "runs" / store
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))] if folder.exists() else []
