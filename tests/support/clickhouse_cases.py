"""What the tests of ClickHouse's backups share: a gateway on a folder, a server, the program, and how its list is read."""
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import chdb_front
import clickhouse_data
import clickhouse_server
import processes

STORE = "clickhouse"
BUCKET = "sts-clickhouse-backup"
PASSWORD = "clickhouse-test-password"
# The documented line: name, size, date, `remote`, parent, format; parts two blanks or more, and none may move into another's place.
LINE = re.compile(r"^(?P<name>(full|incremental)_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)\s+(?P<size>\d+(\.\d\d)?(B|KiB|MiB|GiB))\s+"
                  r"(?P<date>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)\s+remote\s+(?P<parent>\+\S+)?\s+(?P<format>\S.*)$")


class StoreTestCase(unittest.TestCase):
    """One gateway and one server a class, in which each test makes its own tables. DATABASES are those that are compared."""

    SERVER = clickhouse_server.Server
    DATABASES = (clickhouse_data.DATABASE,)
    SERVER_SETTINGS: dict = {}
    maxDiff = None
    USERS = {"backup": PASSWORD}
    RUN_AS = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-clickhouse-")
        cls.work = pathlib.Path(cls.folder.name)
        cls.objects = cls.work / "objects"
        cls.server = cls.SERVER(cls.work, users=cls.USERS, run_as=cls.RUN_AS, settings=cls.SERVER_SETTINGS)
        cls.gateway = processes.Gateway(cls.work, cls.objects, cls.store_values(cls.server))

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.server.stop()
        cls.folder.cleanup()

    @classmethod
    def store_values(cls, server, **backup) -> dict:
        return {STORE: {"backup": {"enabled": True, **backup}, "restore": {"enabled": True}},
                "holdfast": {STORE: {"url": server.url, "dataPath": str(server.data), "user": server.user, "password": server.password}}}

    def setUp(self):
        for (name,) in self.server.rows("SELECT name FROM system.databases"):
            if name in (clickhouse_data.DATABASE, clickhouse_data.ODD_DATABASE):
                self.server.query(f"DROP DATABASE {clickhouse_server.quoted(name)}" + (" SYNC" if self.server.modern else ""))
        if self.server.modern:
            self.server.query("DROP FUNCTION IF EXISTS otel_seconds")
        shutil.rmtree(self.bucket(), ignore_errors=True)
        self.bucket().mkdir(parents=True)

    @classmethod
    def bucket(cls) -> pathlib.Path:
        return cls.objects / BUCKET

    def holdfast(self, *arguments, code=0, values=None, env=None):
        done = processes.holdfast(values or self.gateway.values, "--quiet", *arguments, env=env)
        self.assertEqual(done.returncode, code, f"holdfast {arguments}: {done.stderr}{done.stdout}")
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        return done

    def refused(self, code: int, *arguments, **more) -> str:
        """The one line that tells why."""
        line = self.holdfast(*arguments, code=code, **more).stderr.strip()
        self.assertRegex(line.splitlines()[-1], r"^holdfast: .+: .+")
        return line

    def backup(self, *options, **more) -> dict:
        return json.loads(self.holdfast("--output", "json", "backup", STORE, *options, **more).stdout)

    def restore(self, name: str, *options, **more):
        return self.holdfast("restore", STORE, name, "--yes", *options, **more)

    def lines(self) -> list[dict]:
        """The complete backups, oldest first, as the list shows them."""
        return [found.groupdict() for line in self.holdfast("list", STORE).stdout.splitlines() if (found := LINE.match(line))]

    def names(self) -> list[str]:
        return [line["name"] for line in self.lines()]

    def state(self, server=None, **more) -> dict:
        return clickhouse_data.state(server or self.server, self.DATABASES, **more)

    def assert_holds(self, expected: dict, server=None):
        """Every table has the rows that it had; tables that are newer may be there too."""
        found = self.state(server)
        self.assertEqual({table: found.get(table) for table in expected}, expected)

    def assert_clean(self):
        """Nothing of ours is left beside the server's own."""
        databases = {row[0] for row in self.server.rows("SELECT name FROM system.databases")}
        known = {"default", "system", "_temporary_and_external_tables", clickhouse_data.DATABASE, clickhouse_data.ODD_DATABASE}
        self.assertEqual({name for name in databases if name.lower() != "information_schema"} - known, set())
        self.assertEqual([path for path in self.shadow().iterdir() if path.is_dir()] if self.shadow().exists() else [], [])
        # The server removes parts meanwhile: what is gone by the time it is looked into is no matter.
        detached = [(folder, folders + files) for folder, folders, files in os.walk(self.server.data) if folder.endswith("/detached")]
        self.assertEqual([(folder, names) for folder, names in detached if names], [])

    def shadow(self) -> pathlib.Path:
        return self.server.data / "shadow"

    def crash_server(self):
        self.server.kill()
        self.server.start()

    def objects_of(self, name: str) -> list[pathlib.Path]:
        return sorted(path for path in (self.bucket() / name).rglob("*") if path.is_file())

    def archives_of(self, name: str, table: str) -> list[pathlib.Path]:
        return [path for path in self.objects_of(name) if path.parent.name == table and "shadow" in path.parts]


def flip(path: pathlib.Path, offset: int | None = None):
    """Another byte in the middle of an object, of the same size."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if offset is None else offset] ^= 0x20
    os.chmod(path, 0o600)
    path.write_bytes(content)


class ModernCase:
    """Put before StoreTestCase: the same tests on a modern engine."""

    SERVER = chdb_front.ModernServer
