"""Drives bench/soak.sh; see there."""
import argparse
import dataclasses
import pathlib
import random
import statistics
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/fault")]
import azure_gateway  # noqa: E402
import azurite  # noqa: E402
from azure.storage.blob import BlobServiceClient  # noqa: E402
import crash_load  # noqa: E402
import fault_proxy  # noqa: E402
import power_cut  # noqa: E402
import processes  # noqa: E402
import s3_upstream  # noqa: E402

MEBIBYTE = 1 << 20
REFUSE, LOSE = 150, 299  # together one request in a hundred
MOST_SPARES = 64  # replaced files that wait in tmp/ to be used again (docs/formats/folder.md)
OWN_SOCKETS = 8
KEPT_SOCKETS = 3 * 64  # to the storage: 64 kept connections at most, and libcurl has a pair of its own beside each
SIZES = {0: 50, 1: 100, 100: 150, 4096: 300, 70_000: 270, MEBIBYTE: 100, 8 * MEBIBYTE: 20, 64 * MEBIBYTE: 3}
ACTIONS = {"put": 30, "noted": 4, "tagged": 4, "tag": 3, "delete": 6, "bulk": 3, "copy": 8, "multipart": 2, "abort": 1, "get": 25, "peek": 15, "range": 6,
           "list": 3}


class Folder:
    """What the gateway stands on. `objects`: where its files are, when they can be looked at."""
    proxy = None
    lists_uploads = True
    most_growth = 8 * MEBIBYTE  # of memory at rest, from half a round to its end, in the median of all rounds

    def __init__(self, work: pathlib.Path):
        self.objects: pathlib.Path | None = work / "objects"
        self.values: dict = {}
        self.mix = crash_load.Mix(ACTIONS, SIZES, keys=24, timeout=120)
        self.make_bucket = True

    def left(self, url: str) -> list[str]:
        """What is still there after everything was removed."""
        return power_cut.cleared_problems(url, self.objects)

    def stop(self):
        pass


class Upstream(Folder):
    """Behind a proxy that breaks one request in a hundred. Tags are not for every storage."""

    def __init__(self, work: pathlib.Path, server, mix: crash_load.Mix, make_bucket: bool):
        super().__init__(work)
        self.objects, self.server = None, server
        self.proxy = fault_proxy.FaultProxy(server.port, REFUSE, LOSE, statuses=(503, 500))
        self.mix, self.make_bucket = mix, make_bucket

    def left(self, url: str) -> list[str]:
        crash_load.remove_objects(url, self.mix.bucket)
        return [f"{key}: left after everything was removed" for key in self.raw_keys() if not key.startswith(".holdfast/")]

    def raw_keys(self) -> list[str]:
        """What is behind the gateway, asked by another client."""
        raise NotImplementedError

    def stop(self):
        self.proxy.stop()
        self.server.stop()


def without_tags(**more) -> crash_load.Mix:
    return crash_load.Mix({name: weight for name, weight in ACTIONS.items() if name not in ("tag", "tagged")}, SIZES, keys=12, timeout=120, **more)


class S3(Upstream):
    lists_uploads = False  # moto's list of parts is not the document that S3 sends

    def __init__(self, work: pathlib.Path):
        super().__init__(work, s3_upstream.Moto(work), without_tags(bucket="up-vm"), False)
        self.raw = s3_upstream.boto3_client(self.server.url)
        for bucket in s3_upstream.BUCKETS:
            self.raw.create_bucket(Bucket=bucket)
        self.values = s3_upstream.upstream_values(self.proxy.url)

    def left(self, url: str) -> list[str]:
        crash_load.abort_uploads(url, self.mix.bucket)
        return super().left(url)

    def raw_keys(self) -> list[str]:
        keys = [item["Key"] for item in self.raw.list_objects_v2(Bucket=self.mix.bucket).get("Contents", [])]
        return keys + [item["Key"] for item in self.raw.list_multipart_uploads(Bucket=self.mix.bucket).get("Uploads", [])]


class Azure(Upstream):
    most_growth = 48 * MEBIBYTE  # blocks are held until they are stored, and malloc keeps some room for them in each of its arenas
    lists_uploads = False  # Azure has no list of blobs that were begun, and removes them by itself

    def __init__(self, work: pathlib.Path):
        super().__init__(work, azurite.Azurite(work), without_tags(), True)
        self.values = azure_gateway.azure_values(self.server, accountName=azurite.ACCOUNT, accountKey=azurite.KEY,
                                                 endpoint=f"{self.proxy.url}/{azurite.ACCOUNT}")

    def raw_keys(self) -> list[str]:
        with BlobServiceClient(self.server.url, credential=azurite.KEY) as service:
            return [blob.name for blob in service.get_container_client(self.mix.bucket).list_blobs()]


STORAGES = {"folder": Folder, "s3": S3, "azure": Azure}


@dataclasses.dataclass
class Rest:
    """What the gateway holds while nobody asks it for anything."""
    files: int
    sockets: int
    temporary: int
    memory: int


class Soak:
    def __init__(self, work: pathlib.Path, storage: Folder, connections: int, seed: int):
        self.work, self.storage, self.connections = work, storage, connections
        self.random, self.port = random.Random(seed), processes.free_port()
        self.problems: list[str] = []
        self.growth: list[int] = []
        self.kills = self.compared = self.peak = 0
        with self.gateway() as gateway:
            self.load = crash_load.Load(gateway.url, connections, storage.mix, seed, storage.make_bucket)

    def gateway(self) -> processes.Gateway:
        values = processes.merge({"holdfast": {"gateway": {"accessLog": False}}}, dict(self.storage.values))
        return processes.Gateway(self.work, self.work / "objects", values, port=self.port)

    def break_requests(self, active: bool):
        if self.storage.proxy:
            self.storage.proxy.active = active

    def temporary_files(self) -> int:
        return len(power_cut.leftovers(self.storage.objects)) if self.storage.objects else 0

    def rest(self, gateway: processes.Gateway) -> Rest:
        """Answers come a moment before what made them is cleared away: waits until nothing changes, ten seconds at most."""
        last, end = None, time.monotonic() + 10
        while True:
            links = []
            for entry in pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir():
                try:
                    links.append(str(entry.readlink()))
                except OSError:
                    pass
            sockets = sum(1 for link in links if link.startswith("socket:"))
            status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
            memory = int(status.split("VmRSS:")[1].split()[0]) * 1024
            now = Rest(len(links) - sockets, sockets, self.temporary_files(), memory)
            if last and (now.files, now.temporary, now.sockets) == (last.files, last.temporary, last.sockets) and now.temporary <= MOST_SPARES:
                return now
            if time.monotonic() > end:
                return now
            last = now
            time.sleep(0.2)

    def compare(self, url: str) -> int:
        """Everything that was acknowledged, byte by byte; then unfinished uploads are aborted, and what is there is what is expected."""
        self.break_requests(False)
        expected = self.load.snapshot()
        found, states = crash_load.check(url, expected, self.storage.mix.bucket)
        if self.storage.lists_uploads:
            found += crash_load.upload_problems(url, self.load.uploads(), self.load.ended_uploads(), self.storage.mix.bucket)
            crash_load.abort_uploads(url, self.storage.mix.bucket)
        self.load.forget_uploads()
        self.load.settle(states)
        self.problems += found
        self.compared += len(expected)
        return len(found)

    def work_for(self, seconds: float):
        self.break_requests(True)
        self.load.go()
        time.sleep(max(0.5, seconds))

    def round(self, number: int, end: float):
        """From a start of the gateway to its death."""
        with self.gateway() as gateway:
            before, refused = self.load.acknowledged(), self.load.refused()
            wrong = self.compare(gateway.url)
            half = max(2.0, (end - time.monotonic()) / 2)
            self.work_for(half)
            self.load.pause()
            first = self.rest(gateway)
            self.work_for(min(half, end - time.monotonic()))
            self.load.pause()
            last = self.rest(gateway)
            self.judge(number, first, last)
            self.work_for(self.random.uniform(0.2, 2))
            if not self.storage.proxy and self.load.refused() > refused:
                self.problems.append(f"round {number}: {self.load.refused() - refused} requests got no good answer from a gateway that was well")
            self.peak = max(self.peak, gateway.peak_memory())
            gateway.kill()
            self.kills += 1
            self.load.pause()
            self.wait_for_upstream()
        print(f"{number:5} {self.load.acknowledged() - before:8} {self.load.refused():8} {wrong:9} {last.files:6} {last.sockets:8} {last.temporary:10} "
              f"{first.memory / MEBIBYTE:8.1f} {last.memory / MEBIBYTE:8.1f} {self.peak / MEBIBYTE:8.1f}", flush=True)

    def judge(self, number: int, first: Rest, last: Rest):
        self.growth.append(last.memory - first.memory)
        if last.files > first.files:
            self.problems.append(f"round {number}: {last.files} open files at rest, {first.files} half a round before")
        if last.sockets > self.connections + OWN_SOCKETS + (KEPT_SOCKETS if self.storage.proxy else 0):
            self.problems.append(f"round {number}: {last.sockets} sockets at rest")
        if max(first.temporary, last.temporary) > MOST_SPARES:
            self.problems.append(f"round {number}: {first.temporary} and {last.temporary} temporary files at rest")

    def wait_for_upstream(self):
        """What the dead gateway sent is still carried out behind it."""
        end = time.monotonic() + 60
        while self.storage.proxy and self.storage.proxy.under_way > 0:
            if time.monotonic() > end:
                raise TimeoutError("the upstream does not come to rest")
            time.sleep(0.05)

    def finish(self):
        with self.gateway() as gateway:
            wrong = self.compare(gateway.url)
            self.load.end()
            self.problems += [f"in use: {text}" for text in self.load.surprises()]
            left = self.storage.left(gateway.url)
            self.problems += left
        growth = statistics.median(self.growth) if self.growth else 0
        if growth > self.storage.most_growth:
            self.problems.append(f"memory at rest grows by {growth / MEBIBYTE:.1f} MiB in half a round")
        print(f"\nat the end: {wrong} problems with objects, {len(left)} left-overs; memory at rest grew by {growth / MEBIBYTE:.1f} MiB (median of "
              f"half rounds), peak {self.peak / MEBIBYTE:.1f} MiB")
        print(f"{self.load.acknowledged()} changes acknowledged, {self.kills} kills, {self.compared} comparisons, {self.load.refused()} requests "
              f"without a good answer, by action: {self.load.counts()}")
        if self.storage.proxy:
            proxy = self.storage.proxy
            print(f"upstream: {proxy.requests} requests, {proxy.refused} refused with 500 or 503, {proxy.lost} cut")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/soak.sh")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--storage", choices=list(STORAGES), default="folder")
    parser.add_argument("--kill-every", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started and mounted is cleared away
    with tempfile.TemporaryDirectory(prefix="holdfast-soak-") as folder:
        work = pathlib.Path(folder)
        storage = STORAGES[arguments.storage](work)
        try:
            soak = Soak(work, storage, arguments.connections, arguments.seed)
            print("round  changes  no good  problems   open     open  temporary  half MiB  end MiB  peak MiB\n"
                  "                  answer             files  sockets      files   at rest  at rest")
            end, number = time.monotonic() + arguments.minutes * 60, 0
            while time.monotonic() < end:
                number += 1
                soak.round(number, time.monotonic() + arguments.kill_every)
            soak.finish()
        finally:
            storage.stop()
    for text in soak.problems[:100]:
        print(f"  {text}")
    print(f"{len(soak.problems)} problems")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
