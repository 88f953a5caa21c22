#!/usr/bin/env python3
"""ClickHouse's own S3 client against the gateway over every kind of storage: backups and restores, the s3() function, and a disk on S3.
ClickHouse runs inside this process (chdb, from PyPI); a process has one data folder."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402
from azure_gateway import OverAzure  # noqa: E402
from chdb import session  # noqa: E402
from s3_clients import GatewayTestCase  # noqa: E402

# So that a few megabytes go in parts.
PARTS = "s3_max_single_part_upload_size = 5242880, s3_min_upload_part_size = 5242880, s3_strict_upload_part_size = 0"


class ClickHouse:
    """The tests of one kind of storage; each names its objects and tables after itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name = cls.__name__.lower()

    def sql(self, text: str) -> str:
        try:
            return str(CLICKHOUSE.query(text)).strip()
        except Exception as error:
            self.fail(f"{text}\n{error}\n{self.gateway.tail()}")

    def place(self, key: str) -> str:
        """The arguments that name an object, or a folder of them, to ClickHouse."""
        return f"'{self.gateway.url}/{self.BUCKET}/{self.name}/{key}', '{processes.ACCESS_KEY}', '{processes.SECRET_KEY}'"

    def table(self, name: str, rows: int, settings: str = "") -> str:
        table = f"{self.name}_{name}"
        self.sql(f"CREATE TABLE {table} (day Date, id UInt64, text String) ENGINE = MergeTree PARTITION BY day ORDER BY id {settings}")
        self.fill(table, 0, rows)
        return table

    def fill(self, table: str, first: int, rows: int):
        self.sql(f"INSERT INTO {table} SELECT toDate('2026-01-01') + number % 3, {first} + number, randomPrintableASCII(40) FROM numbers({rows})")

    def sums(self, table: str) -> str:
        return self.sql(f"SELECT count(), sum(cityHash64(*)) FROM {table}")

    def restore(self, table: str, source: str, expected: str):
        self.sql(f"DROP TABLE {table} SYNC")
        self.assertIn("RESTORED", self.sql(f"RESTORE TABLE {table} FROM S3({source})"))
        self.assertEqual(self.sums(table), expected)

    def test_backups_full_and_incremental(self):
        table = self.table("backup", 50_000)
        full = self.sums(table)
        self.assertIn("BACKUP_CREATED", self.sql(f"BACKUP TABLE {table} TO S3({self.place('full')})"))
        self.fill(table, 1_000_000, 1000)
        more = self.sums(table)
        self.assertIn("BACKUP_CREATED", self.sql(f"BACKUP TABLE {table} TO S3({self.place('more')}) SETTINGS base_backup = S3({self.place('full')})"))
        self.restore(table, self.place("more"), more)
        self.restore(table, self.place("full"), full)
        self.assertIn(f"{self.name}/full/.backup", self.keys(f"{self.name}/full/"))
        self.assertNotIn(f"{self.name}/full/.lock", self.keys(f"{self.name}/full/"), "the lock is removed at the end")

    def test_a_backup_in_one_archive_goes_in_parts(self):
        table = self.table("archive", 300_000)
        expected = self.sums(table)
        self.sql(f"BACKUP TABLE {table} TO S3({self.place('all.tar.gz')}) SETTINGS {PARTS}")
        self.assertRegex(self.s3.head_object(Bucket=self.BUCKET, Key=f"{self.name}/all.tar.gz")["ETag"], r'-\d+"$')
        self.restore(table, self.place("all.tar.gz"), expected)

    def test_reads_and_writes_objects(self):
        table = self.table("function", 250_000)
        expected = self.sums(table)
        for name, form in (("rows.native", "Native"), ("rows.parquet", "Parquet"), ("rows.csv.gz", "CSVWithNames")):
            structure = "'day Date, id UInt64, text String'"
            self.sql(f"INSERT INTO FUNCTION s3({self.place(name)}, '{form}', {structure}) SELECT * FROM {table} SETTINGS {PARTS}")
            self.assertEqual(self.sums(f"s3({self.place(name)}, '{form}', {structure})"), expected, name)
        many = f"'{self.gateway.url}/{self.BUCKET}/{self.name}/many"
        keys = f"'{processes.ACCESS_KEY}', '{processes.SECRET_KEY}', 'CSV', 'id UInt64'"
        for number in range(12):
            self.sql(f"INSERT INTO FUNCTION s3({many}/{number % 2}/{number}.csv', {keys}) SELECT {number}")
        self.assertEqual(self.sql(f"SELECT count(), sum(id) FROM s3({many}/*/*.csv', {keys})"), "12,66")
        self.assertEqual(self.sql(f"SELECT count(), sum(id) FROM s3({many}/1/{{3,5}}.csv', {keys})"), "2,8")

    def test_a_disk(self):
        """Writes, reads by ranges, copies in the server and removal in bulk."""
        disk = (f"SETTINGS disk = disk(type = s3, endpoint = '{self.gateway.url}/{self.BUCKET}/{self.name}/disk/', access_key_id = '{processes.ACCESS_KEY}',"
                f" secret_access_key = '{processes.SECRET_KEY}'), min_bytes_for_wide_part = 0")
        table = self.table("disk", 50_000, disk)
        expected = self.sums(table)
        self.assertTrue(self.keys(f"{self.name}/disk/"))
        self.sql(f"BACKUP TABLE {table} TO S3({self.place('of-disk')}) SETTINGS allow_s3_native_copy = 1")
        self.sql(f"ALTER TABLE {table} DELETE WHERE id % 2 = 0 SETTINGS mutations_sync = 2")
        self.assertEqual(self.sql(f"SELECT count() FROM {table}"), "25000")
        self.restore(table, self.place("of-disk"), expected)
        self.sql(f"DROP TABLE {table} SYNC")
        self.assertEqual(self.keys(f"{self.name}/disk/store/"), [])


class OverFolderTest(ClickHouse, GatewayTestCase):
    pass


class OverS3Test(ClickHouse, s3_upstream.UpstreamTestCase):
    PROXY = {"allowed": s3_upstream.ALLOWED}


class OverAzureTest(ClickHouse, OverAzure, GatewayTestCase):
    pass


del GatewayTestCase  # a base only

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="holdfast-clickhouse-") as folder:
        CLICKHOUSE = session.Session(folder)
        unittest.main()
