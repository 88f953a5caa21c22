"""Reads a remote backup as clickhouse-backup does, by its layout alone, and restores it to a server: an oracle
that shares no code with holdfast. The tool itself cannot be had from a package registry; its own backups (tests/fixtures) prove this reader."""
import io
import json
import pathlib
import tarfile

import clickhouse_server
from clickhouse_server import quoted

POLYNOMIAL = 0xC96C5795D7870F42  # CRC-64/ECMA, reflected, as Go's hash/crc64 has it
SUFFIXES = {"tar": ".tar", "gzip": ".tar.gz", "zstd": ".tar.zstd"}
# What the tool leaves as it is when it writes a name into a path.
PLAIN = "_"


def crc64(content: bytes) -> int:
    total = 0xFFFFFFFFFFFFFFFF
    for byte in content:
        total ^= byte
        for _ in range(8):
            total = (total >> 1) ^ (POLYNOMIAL if total & 1 else 0)
    return total ^ 0xFFFFFFFFFFFFFFFF


def path_of(name: str) -> str:
    """Letters, digits and `_` stay, every other byte is %XX."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 or chr(byte) in PLAIN else f"%{byte:02X}" for byte in name.encode())


class Backup:
    """One backup in `bucket`, a folder. Files of parts are {name: bytes}."""

    def __init__(self, bucket: pathlib.Path, name: str):
        self.bucket, self.folder = bucket, bucket / name
        self.metadata = json.loads((self.folder / "metadata.json").read_text())
        if self.metadata["backup_name"] != name:
            raise ValueError(f"metadata.json is {self.metadata['backup_name']}'s")

    def tables(self) -> list[dict]:
        return [json.loads((self.folder / "metadata" / path_of(table["database"]) / f"{path_of(table['table'])}.json").read_text())
                for table in self.metadata["tables"]]

    def table(self, database: str, table: str) -> dict:
        return json.loads((self.folder / "metadata" / path_of(database) / f"{path_of(table)}.json").read_text())

    def part(self, database: str, table: str, disk: str, part: dict) -> dict[str, bytes]:
        """Its files; a required one is looked for under the same name in the backup that this one needs."""
        if part.get("required"):
            base = Backup(self.bucket, self.metadata["required_backup"])
            listed = {each["name"]: each for each in base.table(database, table)["parts"][disk]}
            return base.part(database, table, disk, listed[part["name"]])
        folder = self.folder / "shadow" / path_of(database) / path_of(table)
        if self.metadata["data_format"] == "directory":
            home = folder / disk / part["name"]
            return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}
        listed = self.table(database, table)["files"][disk]
        archive = f"{disk}_{part['name']}{SUFFIXES[self.metadata['data_format']]}"
        if archive not in listed:
            raise ValueError(f"{archive} is not in files: {listed}")
        return unpacked((folder / archive).read_bytes(), part["name"], self.metadata["data_format"])


def unpacked(content: bytes, part: str, form: str) -> dict[str, bytes]:
    if form == "zstd":
        import pyarrow  # comes with the library of the modern engine; Python 3.11 has no zstd of its own
        content = pyarrow.CompressedInputStream(pyarrow.BufferReader(content), "zstd").read()
    found = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz" if form == "gzip" else "r:") as archive:
        for entry in archive:
            head = part + "/"
            name = entry.name.lstrip("/")
            if not entry.isreg() or not name.startswith(head):
                raise ValueError(f"{entry.name} in the archive of {part}")
            found[name[len(head):]] = archive.extractfile(entry).read()
    return found


def restore(backup: Backup, server: clickhouse_server.ClickHouse):
    """Into an empty server of the old kind: databases, tables, the parts of each, and views last."""
    for database in backup.metadata["databases"]:
        if database["name"] != "default":
            server.query(f"CREATE DATABASE {quoted(database['name'])}")
    tables = backup.tables()
    for table in sorted(tables, key=lambda each: "VIEW" in each["query"].split("(")[0]):
        server.query(table["query"])
    for table in tables:
        for disk, parts in (table["parts"] or {}).items():
            for part in parts:
                files = backup.part(table["database"], table["table"], disk, part)
                if crc64(files["checksums.txt"]) != table["checksums"][part["name"]]:
                    raise ValueError(f"checksums.txt of {part['name']} of {table['table']} is another")
                attach(server, table, part["name"], files)


def attach(server: clickhouse_server.ClickHouse, table: dict, part: str, files: dict[str, bytes]):
    home = server.data / "data" / path_of(table["database"]) / path_of(table["table"]) / "detached" / part
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    server.query(f"ALTER TABLE {quoted(table['database'])}.{quoted(table['table'])} ATTACH PART {clickhouse_server.literal(part)}")
