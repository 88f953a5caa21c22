#!/usr/bin/env python3
"""Many processes want one lease over every kind of storage, while holders are killed and stopped. Their ledgers show that no two ever
committed from the same state, that nobody saw an open fence after another had taken over, and that a dead holder is replaced in time.

Who is killed or stopped is chosen by what the ledgers say, and the next step waits for what must come of it, never for a time."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import azure_gateway  # noqa: E402
import azurite  # noqa: E402
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from s3_clients import boto3_client  # noqa: E402

PROGRAM = os.environ.get("HOLDFAST_LEASE_CONTENDER", str(ROOT / "build/debug/tests/fault/lease_contender"))
CONTENDERS = 6
MISHAPS = int(os.environ.get("HOLDFAST_LEASE_MISHAPS", "8"))
TTL, LONGEST = 900, 300  # milliseconds
# An observer looks every tenth of the time to live, for as long as ttl + longest after it saw a revision for the first time, which it may
# do one look after the holder died.
MOST_POLLS = (TTL + LONGEST) * 10 // TTL + 3
PATIENCE = 240  # seconds until a state that never comes is called so
NEW_PID_SPACE = ["unshare", "--pid", "--fork"]


def can_be_elsewhere() -> bool:
    """Whether contenders can be made to look as if they ran on another machine: who is dead is then told by the lease alone."""
    return bool(shutil.which("unshare")) and subprocess.run([*NEW_PID_SPACE, "true"], capture_output=True).returncode == 0


class Contender:
    def __init__(self, work: pathlib.Path, values: pathlib.Path, bucket: str, number: int, elsewhere: bool):
        self.ledger = work / f"ledger-{number}"
        self.ledger.touch()
        self.errors = open(work / f"errors-{number}", "wb")
        command = [PROGRAM, str(values), bucket, str(self.ledger), str(TTL), str(LONGEST)]
        self.process = subprocess.Popen((NEW_PID_SPACE if elsewhere else []) + command, stdin=subprocess.PIPE, stderr=self.errors)
        self.elsewhere, self.killed_at = elsewhere, None
        self.pid = self.child() if elsewhere else self.process.pid

    def child(self) -> int:
        while self.process.poll() is None:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            if children:
                return int(children[0])
            time.sleep(0.005)
        raise RuntimeError("a contender did not start")

    def lines(self) -> list[tuple[str, int, int]]:
        whole = self.ledger.read_bytes().rpartition(b"\n")[0].decode()
        return [(what, int(at), int(value)) for what, at, value in (line.split() for line in whole.splitlines())]

    def holds(self) -> int | None:
        """When it took the lease that it has not given back, as far as the ledger tells."""
        deeds = [line for line in self.lines() if line[0] in ("acquired", "released", "refused", "failed", "committed", "late", "unknown")]
        return deeds[-1][1] if deeds and deeds[-1][0] == "acquired" else None

    def kill(self):
        self.killed_at = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGCONT)
            self.process.stdin.close()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self.process.wait()
        self.process.stdin.close()
        self.errors.close()


class LeaseContestTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="holdfast-lease-contest-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        self.everybody: list[Contender] = []
        self.elsewhere = can_be_elsewhere()
        seed = random.SystemRandom().randint(0, 10**9)
        self.random = random.Random(seed)
        print(f"seed {seed}, other machines {'played' if self.elsewhere else 'cannot be played here'}", flush=True)

    def start(self, values: pathlib.Path, bucket: str) -> Contender:
        number = len(self.everybody)
        one = Contender(self.work, values, bucket, number, self.elsewhere and number % 2 == 0)
        self.everybody.append(one)
        self.addCleanup(one.stop)
        return one

    def wait_for(self, what: str, state):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = state()
            if found:
                return found
            time.sleep(0.01)
        errors = "".join((self.work / f"errors-{i}").read_text()[-300:] for i in range(len(self.everybody)))
        self.fail(f"never came: {what}\n{errors}")

    def holder(self, alive: list[Contender]):
        return next((one for one in alive if one.holds()), None)

    def done_after(self, wanted: str, moment: int, but: Contender) -> bool:
        return any(what == wanted and at > moment for one in self.everybody if one is not but for what, at, _ in one.lines())

    def contest(self, gateway: processes.Gateway, bucket: str):
        alive = [self.start(gateway.values, bucket) for _ in range(CONTENDERS)]
        mishaps = []
        for _ in range(MISHAPS):
            victim = self.wait_for("a holder", lambda: self.holder(alive))
            if self.random.random() < 0.5:
                victim.kill()
                self.wait_for("a successor of the dead", lambda: self.done_after("acquired", victim.killed_at, victim))
                alive[alive.index(victim)] = self.start(gateway.values, bucket)
                mishaps.append(victim)
            else:
                os.kill(victim.pid, signal.SIGSTOP)
                moment = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
                self.wait_for("a successor's commit", lambda: self.done_after("committed", moment, victim))
                said = len(victim.lines())
                os.kill(victim.pid, signal.SIGCONT)
                self.wait_for("a word of the stopped", lambda: len(victim.lines()) > said)
        self.wait_for("everybody's turn", lambda: all(any(line[0] == "committed" for line in one.lines()) for one in alive))
        for one in alive:
            one.process.stdin.close()
        for one in alive:
            self.assertEqual(one.process.wait(PATIENCE), 0)
        self.judge(mishaps, boto3_client(gateway.url), bucket)

    def judge(self, killed: list[Contender], client, bucket: str):
        ledgers = {one: one.lines() for one in self.everybody}
        committed = sorted(value for lines in ledgers.values() for what, _, value in lines if what == "committed")
        self.assertEqual(len(committed), len(set(committed)), "two committed from the same state")
        last = int(client.get_object(Bucket=bucket, Key="contended/counter")["Body"].read().split()[0])
        # Between the commit and its line in the ledger a contender may have been killed, or its answer lost.
        unsure = {value for lines in ledgers.values() for what, _, value in lines if what == "unknown"}
        unsure |= {one.lines()[-1][2] for one in killed if one.lines()[-1][0] == "commits"}
        self.assertEqual(set(range(1, last + 1)) - set(committed) - unsure, set(), "a commit that nobody made")
        self.assertLessEqual(set(committed), set(range(1, last + 1)))
        # Whose fence was open when another already held the lease?
        terms = sorted((at, str(one.ledger), one) for one, lines in ledgers.items() for what, at, _ in lines if what == "acquired")
        for one, lines in ledgers.items():
            mine = None
            for what, at, _ in lines:
                if what == "acquired":
                    mine = at
                elif what == "open":
                    taken = [other for begin, _, other in terms if mine < begin < at and other is not one]
                    self.assertEqual([str(other.ledger) for other in taken], [], f"{one.ledger} still committed at {at}")
        polls = [self.polls_of_successor(one, terms, ledgers) for one in killed]
        self.assertLessEqual(max(polls, default=0), MOST_POLLS)
        count = lambda wanted: sum(what == wanted for lines in ledgers.values() for what, _, _ in lines)  # noqa: E731
        print(f"{len(committed)} commits in {len(terms)} terms of {len(self.everybody)} contenders; {len(killed)} killed, {MISHAPS - len(killed)} stopped; "
              f"{count('refused')} refused by their fence, {count('late')} by the storage, {len(unsure)} unsure, {count('failed')} failed; "
              f"looks until a dead one was replaced: {polls} of at most {MOST_POLLS}", flush=True)

    def polls_of_successor(self, dead: Contender, terms, ledgers) -> int:
        begin, _, successor = next(term for term in terms if term[0] > dead.killed_at and term[2] is not dead)
        return sum(what == "polls" and dead.killed_at < at < begin for what, at, _ in ledgers[successor])

    def run_over(self, values: dict, bucket: str):
        gateway = processes.Gateway(self.work, self.work / "objects", values)
        self.addCleanup(gateway.stop)
        client = boto3_client(gateway.url)
        if bucket not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket=bucket)
        self.contest(gateway, bucket)

    def test_folder(self):
        self.run_over({}, "contest")

    def test_s3(self):
        moto = s3_upstream.Moto(self.work)
        self.addCleanup(moto.stop)
        boto3_client(moto.url).create_bucket(Bucket="up-vm")
        proxy = s3_upstream.Proxy(moto.port)
        self.addCleanup(proxy.stop)
        self.run_over(s3_upstream.upstream_values(proxy.url), "up-vm")

    def test_azure(self):
        server = azurite.Azurite(self.work)
        self.addCleanup(server.stop)
        self.run_over(azure_gateway.azure_values(server), "contest")


if __name__ == "__main__":
    unittest.main()
