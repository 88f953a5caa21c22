#!/usr/bin/env python3
"""What clickhouse-backup itself wrote: every backup of every chain restores to its rows, and ours look the same to a reader."""
import json
import pathlib
import shutil
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import clickhouse_data  # noqa: E402
from clickhouse_data import FIXTURES  # noqa: E402
from clickhouse_cases import STORE, StoreTestCase, flip  # noqa: E402

CHAIN = ("full_2026-11-20T00-45-00", "incremental_2026-11-20T03-45-00", "incremental_2026-11-20T04-45-00")
OURS = "holdfast"  # what a file of our own has in its name


class FixtureTest(StoreTestCase):
    def setUp(self):
        super().setUp()
        # Views that sum must be read as they were saved.
        self.server.query("SYSTEM STOP MERGES")

    def put(self, chain: str):
        shutil.rmtree(self.bucket())
        shutil.copytree(FIXTURES / chain, self.bucket())

    def restores(self, chain: str):
        self.put(chain)
        wanted = clickhouse_data.fixture_states(chain)
        self.assertEqual(list(wanted), list(CHAIN))
        for name in (*CHAIN, CHAIN[1], CHAIN[0]):
            with self.subTest(name=name):
                self.restore(name)
                found = self.state(merged=False)
                self.assertEqual(found, wanted[name])
                self.assertEqual(clickhouse_data.schema(self.server, self.DATABASES)["otel", "logs_per_service"], "MaterializedView")
                self.assert_clean()

    def test_tar(self):
        self.restores("tar")

    def test_zstd(self):
        self.restores("zstd")

    def test_directory(self):
        self.restores("directory")

    def test_they_are_listed_and_verified(self):
        for chain in ("tar", "zstd", "directory"):
            self.put(chain)
            self.assertEqual([(line["name"], line["parent"], line["format"]) for line in self.lines()],
                             list(zip(CHAIN, (None, "+" + CHAIN[0], "+" + CHAIN[1]), [f"{chain}, regular"] * 3)))
            self.holdfast("verify", STORE, "--deep")

    def test_flipped_bytes_are_found_without_a_manifest_of_ours(self):
        for chain in ("tar", "zstd", "directory"):
            with self.subTest(chain=chain):
                self.put(chain)
                self.restore(CHAIN[0])
                before = self.state(merged=False)
                column = next(path for path in self.objects_of(CHAIN[1]) if "otel_logs" in path.parts and path.suffix not in (".json", ".txt"))
                if chain == "tar":  # the archive's own padding proves nothing
                    with tarfile.open(column) as archive:
                        body = next(entry for entry in archive if entry.name.endswith("Body.bin"))
                        flip(column, body.offset_data + body.size // 2)
                else:
                    flip(column)
                self.refused(5, "verify", STORE, CHAIN[1], "--deep")
                self.refused(5, "restore", STORE, CHAIN[2], "--yes")
                self.assertEqual(self.state(merged=False), before)

    def test_ours_is_written_as_theirs_is(self):
        self.put("tar")
        self.restore(CHAIN[0])
        shutil.rmtree(self.bucket())
        self.bucket().mkdir()
        full = self.backup()["name"]
        for table, values in (("otel_metrics_gauge", "('2026-11-20 00:00:00', 'one', 1)"), ("`odd-name.1`", "('2026-11-20', 1)"),
                              ("otel_logs", "('2026-11-20 00:00:00', 'one', 'body', ['k'], ['v'])")):
            self.server.query(f"INSERT INTO otel.{table} VALUES {values}")
        more = self.backup()["name"]
        for name, theirs in ((full, CHAIN[0]), (more, CHAIN[1])):
            folder = FIXTURES / "tar" / theirs
            our_files = {str(path.relative_to(self.bucket() / name)) for path in self.objects_of(name) if OURS not in path.name}
            their_files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"manifest.bolt.gz"}
            self.assertEqual({path for path in our_files if path.endswith(".json")}, {path for path in their_files if path.endswith(".json")})
            for path in sorted(path for path in our_files & their_files if path.endswith(".json")):
                with self.subTest(file=path, name=name):
                    self.assert_same_shape(json.loads((self.bucket() / name / path).read_text()), json.loads((folder / path).read_text()), path)
            self.assert_same_text_form(self.bucket() / name / "metadata.json", folder / "metadata.json")
        self.assert_same_archives(full)

    def assert_same_text_form(self, ours: pathlib.Path, theirs: pathlib.Path):
        """Indented by a tab, keys in their order."""
        self.assertEqual([line[:2] for line in ours.read_text().splitlines()[:2]], [line[:2] for line in theirs.read_text().splitlines()[:2]])
        order = list(json.loads(theirs.read_text()))
        self.assertEqual([key for key in json.loads(ours.read_text()) if key in order], [key for key in order if key in json.loads(ours.read_text())])

    def assert_same_shape(self, ours, theirs, where: str):
        """The same keys with values of the same types, however deep. Keys that are names of parts stand for each other."""
        self.assertIs(type(ours), type(theirs), where)
        if isinstance(ours, list):
            for item in ours[:1]:
                for other in theirs[:1]:
                    self.assert_same_shape(item, other, where + "[]")
        elif isinstance(ours, dict):
            if where.endswith((".checksums", ".parts", ".files", ".size")):
                ours, theirs = [list(tree.values())[:1] for tree in (ours, theirs)]
                return self.assert_same_shape(ours, theirs, where)
            # An increment may have a part of another kind first; what one of the two lists lacks is left out of an object.
            optional = {"required", "size", "compressed_size", "required_backup", "mutations", "hash_of_all_files"}
            self.assertEqual(set(ours) - optional, set(theirs) - optional, where)
            for key in set(ours) & set(theirs):
                self.assert_same_shape(ours[key], theirs[key], f"{where}.{key}")
        return None

    def assert_same_archives(self, name: str):
        """Header for header: names with a leading slash, owner, mode, format."""
        ours = self.headers(self.bucket() / name)
        theirs = self.headers(FIXTURES / "tar" / CHAIN[0])
        self.assertEqual(ours.keys(), theirs.keys())
        for file, header in ours.items():
            self.assertEqual(header, theirs[file], file)

    def headers(self, folder: pathlib.Path) -> dict[str, dict]:
        """File name within a part -> what the raw header says, without names, sizes, times and sums."""
        found = {}
        for path in sorted(folder.rglob("*.tar")):
            raw = path.read_bytes()
            with tarfile.open(path) as archive:
                for entry in archive:
                    header = raw[entry.offset:entry.offset + 512]
                    self.assertEqual(header[:1], b"/", "the names begin with a slash")
                    part, _, file = header[1:100].rstrip(b"\0").decode().partition("/")
                    self.assertTrue(part.count("_") >= 3 and file, header[:100])
                    found[file] = {"mode": header[100:108], "owner": header[108:124], "type": header[156:157], "magic": header[257:265],
                                   "names": header[265:329], "device": header[329:345], "prefix": header[345:500]}
            self.assertEqual(len(raw) % 512, 0)
        return found


if __name__ == "__main__":
    unittest.main()
