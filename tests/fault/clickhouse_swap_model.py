#!/usr/bin/env python3
"""The swap of a ClickHouse restore as plain statements against real servers, killed between and inside all of them.

usage: clickhouse_swap_model.py [--modern] [--mutations] [--inside N]

Tables that changed since a backup are put back as docs/design/clickhouse.md orders it: staging tables from hard-linked parts, REPLACE
PARTITION, DROP PARTITION, removal of what the old server would bring back, under a journal. At every step, and at N random moments inside
statements, the server, the swap or both are killed with SIGKILL; then the journal is rolled forward, or undone. Promises:
  exact     every row of every table is the backup's (or, undone, the one from before), nothing lost or doubled
  stays     so it is after one more kill and start of the server
  quiet     the table behind the materialized view holds what it held: it never fires
  clean     no staging table, frozen parts or journal are left
--mutations proves that the model can fail: each known wrong order must break a promise.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import chdb_front  # noqa: E402
import clickhouse_data  # noqa: E402
import clickhouse_server  # noqa: E402
import processes  # noqa: E402
from clickhouse_server import literal, quoted  # noqa: E402

DATABASE, STAGING, VIEW_TARGET = "otel", "holdfast_staging", ("otel", "per_day")
TABLES = {"logs": "(day Date, x UInt64, text String) ENGINE = MergeTree PARTITION BY day ORDER BY x",
          "odd-name.1": "(day Date, x UInt64, text String) ENGINE = MergeTree(day, x, 8192)",
          "flat": "(day Date, x UInt64, text String) ENGINE = MergeTree ORDER BY x"}
# The new server brings replaced parts of the old syntax back; see docs/design/clickhouse.md.
OLD_ONLY = "odd-name.1"
PART = re.compile(r"(.+?)_(\d+)_(\d+)_(\d+)(_\d+)?$")
GONE = (OSError, http.client.HTTPException)


class Server:
    """The one server of a run, by address only: the swap is a process of its own and must not start or stop it."""

    def __init__(self, port: int, modern: bool):
        self.port, self.modern, self.user, self.password = port, modern, "default", ""

    query, rows, value = clickhouse_server.ClickHouse.query, clickhouse_server.ClickHouse.rows, clickhouse_server.ClickHouse.value

    def folder(self, database: str, table: str) -> pathlib.Path:
        column = "data_paths[1]" if self.modern else "data_path"
        return pathlib.Path(self.value(f"SELECT {column} FROM system.tables WHERE database = {literal(database)} AND name = {literal(table)}"))

    def data(self) -> pathlib.Path:
        return next(path for path in self.folder(DATABASE, "logs").parents if (path / "metadata").is_dir() and (path / "data").is_dir())


def state(server: Server, database: str = DATABASE) -> dict:
    sums = "count(), sum(cityHash64(day, x, text))"
    return {table: server.rows(f"SELECT {sums} FROM {quoted(database)}.{quoted(table)}")[0] for table in TABLES}


def view_state(server: Server) -> list:
    return server.rows("SELECT day, sum(n) FROM otel.per_day GROUP BY day ORDER BY day")


# ---- the swap, a process of its own ----------------------------------------------------------------------------------

class Swap:
    """`parts`: a folder <table number>/<part> to bring back. Everything that must survive a kill is in `journal`."""

    def __init__(self, server: Server, work: pathlib.Path, settings: dict):
        self.server, self.work, self.settings = server, work, settings
        self.journal, self.step = work / "journal", 0

    def point(self, name: str):
        """A place between two statements: where a run is told to end, or the server is ended."""
        self.step += 1
        with open(self.work / "trace", "a") as trace:
            print(self.step, name, file=trace)
        if self.step != self.settings.get("kill_at"):
            return
        if self.settings["whom"] in ("server", "both"):
            os.kill(self.settings["server_pid"], signal.SIGKILL)
        if self.settings["whom"] in ("swap", "both"):
            os.kill(os.getpid(), signal.SIGKILL)

    def ask(self, sql: str, **settings):
        self.point(sql)
        inside = self.settings.get("inside")
        if inside and self.step == inside[0]:
            threading.Timer(inside[1], os.kill, (self.settings["server_pid"], signal.SIGKILL)).start()
        if self.server.modern and sql.startswith("DROP TABLE"):
            sql += " SYNC"
        return self.server.query(sql, **settings)

    def write(self, record: dict):
        fresh = self.journal.with_suffix(".new")
        with open(fresh, "w") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.journal)

    def freeze(self, name: str):
        """The live parts as they are, by hard links; where they lie, a table."""
        shutil.rmtree(self.server.data() / "shadow" / name, ignore_errors=True)
        for table in TABLES:
            self.ask(f"ALTER TABLE {DATABASE}.{quoted(table)} FREEZE WITH NAME {literal(name)}")

    def frozen(self, name: str, table: str) -> pathlib.Path:
        data = self.server.data()
        return data / "shadow" / name / self.server.folder(DATABASE, table).resolve().relative_to(data.resolve())

    def stage(self, source) -> dict:
        """Staging tables with the parts of source(table); the partitions that each has."""
        self.ask(f"CREATE DATABASE IF NOT EXISTS {STAGING}")
        partitions = {}
        for table, structure in TABLES.items():
            name = f"{STAGING}.{quoted(table)}"
            self.ask(f"DROP TABLE IF EXISTS {name}")
            old_syntax = {"allow_deprecated_syntax_for_merge_tree": 1} if self.server.modern else {}
            self.ask(f"CREATE TABLE {name} {structure}", **old_syntax)
            folder = source(table)
            detached = self.server.folder(STAGING, table) / "detached"
            for part in sorted(folder.iterdir(), key=block_of) if folder.is_dir() else []:
                (detached / part.name).mkdir()
                for file in part.iterdir():
                    os.link(file, detached / part.name / file.name)
                self.ask(f"ALTER TABLE {name} ATTACH PART {literal(part.name)}")
            partitions[table] = self.partitions(STAGING, table)
        return partitions

    def partitions(self, database: str, table: str) -> list:
        return [row[0] for row in self.server.rows(f"SELECT DISTINCT partition_id FROM system.parts WHERE active AND rows > 0 AND "
                                                   f"database = {literal(database)} AND table = {literal(table)} ORDER BY partition_id")]

    def run(self):
        """From nothing to `swap`: a kill before that leaves the old state, with things to clear."""
        self.write({"phase": "prepare"})
        self.freeze("holdfast_undo")
        partitions = self.stage(lambda table: self.work / "backup" / str(list(TABLES).index(table)))
        self.write({"phase": "swap", "partitions": partitions, "done": []})
        self.forward()

    def forward(self):
        record = json.loads(self.journal.read_text())
        if record["phase"] == "clear":
            return self.clear()
        for table, wanted in record["partitions"].items():
            live = f"{DATABASE}.{quoted(table)}"
            self.ask(f"SYSTEM STOP MERGES {live}")
            for partition in wanted:
                if self.settings.get("mutation") == "skip what was done" and [table, partition] in record["done"]:
                    continue
                self.ask(f"ALTER TABLE {live} REPLACE PARTITION ID {literal(partition)} FROM {STAGING}.{quoted(table)}")
                record["done"].append([table, partition])
                self.write(record)
            for partition in self.partitions(DATABASE, table):
                if partition not in wanted:
                    self.ask(f"ALTER TABLE {live} DROP PARTITION ID {literal(partition)}")
            self.bury(table)
            self.ask(f"SYSTEM START MERGES {live}")
        if self.settings.get("mutation") != "clear without a word":
            self.write({"phase": "clear"})
        self.clear()

    def bury(self, table: str):
        """No folder may stay that a restart of the old server would bring back."""
        if self.server.modern or self.settings.get("mutation") == "no burial":
            return
        live = f"{DATABASE}.{quoted(table)}"
        self.ask(f"ALTER TABLE {live} DROP PARTITION ID 'holdfast_none'")
        if self.settings.get("mutation") == "no burial by hand":
            return
        folder = self.server.folder(DATABASE, table)
        active = {row[0] for row in self.server.rows(f"SELECT name FROM system.parts WHERE active AND database = '{DATABASE}' AND table = {literal(table)}")}
        for path in sorted(folder.iterdir()):
            if PART.match(path.name) and path.name not in active and not path.name.startswith("tmp"):
                self.point(f"bury {table} {path.name}")
                grave = path.with_name("delete_tmp_" + path.name)
                shutil.rmtree(grave, ignore_errors=True)
                path.rename(grave)
                shutil.rmtree(grave)

    def undo(self):
        """Back to the frozen parts: a swap with the old state as what is brought back."""
        record = json.loads(self.journal.read_text())
        if record["phase"] != "prepare":
            self.write({"phase": "undo"})
            partitions = self.stage(lambda table: self.frozen("holdfast_undo", table))
            self.write({"phase": "swap", "partitions": partitions, "done": []})
            return self.forward()
        self.clear()

    def clear(self):
        for table in TABLES:
            self.ask(f"DROP TABLE IF EXISTS {STAGING}.{quoted(table)}")
        self.ask(f"DROP DATABASE IF EXISTS {STAGING}")
        shutil.rmtree(self.server.data() / "shadow" / "holdfast_undo", ignore_errors=True)
        self.point("remove the journal")
        self.journal.unlink()


def block_of(part: pathlib.Path) -> int:
    return int(PART.match(part.name).group(2))


# ---- the trials ------------------------------------------------------------------------------------------------------

class Trials:
    def __init__(self, work: pathlib.Path, modern: bool):
        self.work, self.modern = work, modern
        self.kind = chdb_front.ModernServer if modern else clickhouse_server.Server
        self.port = processes.free_port()
        self.prepare()

    def start(self, **more):
        self.live = self.kind(self.work, data=self.work / "data", port=self.port, **more)
        self.server = Server(self.live.port, self.modern)

    def prepare(self):
        """A backup, and a live state that differs in every way; kept as a folder to start each trial from."""
        self.start(settings=clickhouse_data.SHORT_LIVES)
        ask = self.server.query
        ask(f"CREATE DATABASE {DATABASE}")
        for table, structure in TABLES.items():
            ask(f"CREATE TABLE {DATABASE}.{quoted(table)} {structure}", **({"allow_deprecated_syntax_for_merge_tree": 1} if self.modern else {}))
        ask("CREATE TABLE otel.per_day (day Date, n UInt64) ENGINE = SummingMergeTree ORDER BY day")
        ask("CREATE MATERIALIZED VIEW otel.counting TO otel.per_day AS SELECT day, count() AS n FROM otel.logs GROUP BY day")
        for days, seed in (((0, 1, 2, 40), 1), ((0, 1, 40), 2)):
            self.insert(days, seed)
        self.new = state(self.server)
        swap = Swap(self.server, self.work, {})
        swap.freeze("backup")
        for number, table in enumerate(TABLES):
            shutil.copytree(swap.frozen("backup", table), self.work / "backup" / str(number))
        shutil.rmtree(self.server.data() / "shadow")
        for table in TABLES:
            for partition in ("20261112", "202612"):
                ask(f"ALTER TABLE {DATABASE}.{quoted(table)} DROP PARTITION ID {literal(partition)}")
        clickhouse_data.settle(self.live)
        self.live.stop()
        self.start()
        self.insert((0, 3, 70), 3)
        for table in TABLES:  # what these leave lies there for the usual 8 minutes
            ask(f"OPTIMIZE TABLE {DATABASE}.{quoted(table)} FINAL")
            ask(f"ALTER TABLE {DATABASE}.{quoted(table)} DELETE WHERE x % 7 = 0")
        clickhouse_data.wait_for_mutations(self.server)
        self.old, self.view = state(self.server), view_state(self.server)
        assert all(self.old[table] != self.new[table] for table in TABLES)
        self.live.stop()
        processes.run(["cp", "-a", self.work / "data", self.work / "before"], check=True)

    def insert(self, days, seed: int):
        for table in TABLES:
            for day in days:
                self.server.query(f"INSERT INTO {DATABASE}.{quoted(table)} SELECT toDate('2026-11-10') + {day}, number, "
                                  f"hex(cityHash64(number, {seed}, {day})) FROM system.numbers LIMIT {100 + 10 * seed}")

    def swap(self, verb: str, **settings) -> int:
        told = {"port": self.live.port, "modern": self.modern, "work": str(self.work), "server_pid": self.live.process.pid, **settings}
        done = subprocess.run([sys.executable, __file__, "--swap", verb, json.dumps(told)], capture_output=True, text=True, timeout=600)
        if done.returncode not in (0, 3, -signal.SIGKILL):
            raise RuntimeError(done.stderr)
        return done.returncode

    def trial(self, then: str = "forward", **settings) -> str:
        """"" when all promises hold, otherwise what broke."""
        mutation = {"mutation": settings["mutation"]} if "mutation" in settings else {}
        shutil.rmtree(self.work / "data")
        processes.run(["cp", "-a", self.work / "before", self.work / "data"], check=True)
        (self.work / "journal").unlink(missing_ok=True)
        (self.work / "trace").unlink(missing_ok=True)
        self.start()
        with_server = self.live
        try:
            self.swap("run", **settings)
            goal = self.new
            if self.live.process.poll() is None and (settings.get("inside") or settings.get("whom") in ("server", "both")):
                self.live.process.wait(10)
            if self.live.process.poll() is not None:
                self.live.start()
            if (self.work / "journal").exists():
                phase = json.loads((self.work / "journal").read_text())["phase"]
                goal = self.new if phase == "clear" else self.old if then == "undo" or phase == "prepare" else self.new
                if self.swap("undo" if goal is self.old else "forward", **mutation):
                    return "the journal cannot be carried out"
            return self.broken(goal)
        finally:
            with_server.kill()

    def broken(self, goal: dict) -> str:
        for moment in ("at the end", "after one more kill"):
            found = state(self.server)
            if found != goal:
                return f"{moment}: {found}, not {goal}"
            if view_state(self.server) != self.view:
                return f"{moment}: the view fired"
            self.live.kill()
            self.live.start()
        left = self.server.rows(f"SELECT name FROM system.databases WHERE name = '{STAGING}'")
        if left or (self.server.data() / "shadow/holdfast_undo").exists() or (self.work / "journal").exists():
            return "something is left"
        return ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--modern", action="store_true")
    parser.add_argument("--mutations", action="store_true")
    parser.add_argument("--inside", type=int, default=40, metavar="N")
    arguments = parser.parse_args()
    if arguments.modern:
        del TABLES[OLD_ONLY]
    with tempfile.TemporaryDirectory(prefix="holdfast-swap-") as folder:
        trials = Trials(pathlib.Path(folder), arguments.modern)
        failed = 0

        def check(what: str, broken: str):
            nonlocal failed
            failed += bool(broken)
            print(f"{'BROKEN' if broken else 'ok    '} {what} {broken}", flush=True)

        check("without a kill", trials.trial())
        steps = (pathlib.Path(folder) / "trace").read_text().splitlines()
        print(f"{len(steps)} steps")
        if arguments.mutations:
            first = next(number for number, step in enumerate(steps, 1) if "REPLACE" in step) + 1
            survived = [name for name in ("no burial", "no burial by hand", "skip what was done", "clear without a word")
                        if not any(trials.trial(kill_at=step, whom="server", mutation=name) for step in range(first, len(steps) + 1))]
            print(f"mutations that no promise caught: {survived or 'none'}")
            sys.exit(bool(survived))
        for number, step in enumerate(steps, 1):
            whom, then = ("server", "swap", "both")[number % 3], ("forward", "undo")[number // 3 % 2]
            check(f"{whom} killed at {step}, then {then}", trials.trial(then, kill_at=number, whom=whom))
        chance = random.Random(5)
        statements = [number for number, step in enumerate(steps, 1) if " ALTER " in step]
        for _ in range(arguments.inside):
            inside = (chance.choice(statements), chance.random() * 0.004)
            then = chance.choice(("forward", "undo"))
            check(f"server killed {inside[1] * 1000:.1f} ms into {steps[inside[0] - 1]}, then {then}", trials.trial(then, inside=inside))
        print(f"{failed} trials broke a promise")
        sys.exit(bool(failed))


def swap_process(verb: str, settings: dict) -> int:
    if settings["modern"]:
        del TABLES[OLD_ONLY]
    swap = Swap(Server(settings["port"], settings["modern"]), pathlib.Path(settings["work"]), settings)
    try:
        getattr(swap, verb)()
    except (*GONE, clickhouse_server.ClickHouseError) as error:
        print(error)
        return 3
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--swap"]:
        sys.exit(swap_process(sys.argv[2], json.loads(sys.argv[3])))
    main()
