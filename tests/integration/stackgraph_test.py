#!/usr/bin/env python3
"""StackGraph by a command pair that plays StackState's, through a gateway on a folder: `holdfast backup`, `list`, `restore`, `verify`, `prune`."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
from s3_clients import boto3_client  # noqa: E402
from stackgraph_cases import BUCKET, COMMANDS, CORRUPT, FAILED, NAME, NOT_FOUND, OLD, PASSWORD, REFUSED, STORE, USAGE, StackGraphTestCase  # noqa: E402


class CommandTest(StackGraphTestCase):
    def test_backup_list_restore(self):
        self.graph.write_text("topology and settings\n" * 1000)
        name = self.backup()
        self.assertRegex(name, NAME)
        self.assertEqual((self.bucket / name).read_text(), "graph export\n" + self.graph.read_text(), "what the exporter wrote, as it wrote it")
        self.assertEqual(self.holdfast("list", STORE), f'=== Listing StackGraph backups in bucket "{BUCKET}"...\n{name}\n===\n')
        record, = (json.loads(path.read_text()) for path in (self.bucket / ".holdfast/runs" / STORE).iterdir())
        self.assertEqual(record["hashes"], {"sha256": "sha256:" + hashlib.sha256((self.bucket / name).read_bytes()).hexdigest()})
        self.holdfast("verify", STORE, name, "--deep")
        saved = self.graph.read_text()
        self.graph.unlink()
        self.assertEqual(self.holdfast("restore", STORE, name),
                         f'=== Downloading StackGraph backup "{name}" from bucket "{BUCKET}"...\n=== Importing StackGraph data from "{name}"...\n===\n')
        self.assertEqual(self.graph.read_text(), saved)

    def test_data_that_is_there_is_only_replaced_by_force_and_saved_first(self):
        self.graph.write_text("old\n")
        name = self.old_backup()
        self.graph.write_text("new\n")
        line = self.refused(REFUSED, "restore", STORE, name)
        self.assertIn("Restore isn't possible in a non empty", line)
        self.assertIn("--force", line)
        self.assertEqual(self.graph.read_text(), "new\n")
        self.assertIn("before-restore-", self.holdfast("restore", STORE, name, "-force"))
        self.assertEqual(self.graph.read_text(), "old\n")
        safety, = [found for found in self.names() if found != name]
        self.holdfast("restore", STORE, safety, "--force", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "new\n")
        self.assertEqual(len(self.names()), 2)

    def test_a_refusal_that_ends_with_0_is_one(self):
        self.graph.write_text("old\n")
        name = self.backup()
        self.refused(REFUSED, "restore", STORE, name, trouble="quiet-refusal")

    def test_an_import_that_fails_names_the_way_back(self):
        self.graph.write_text("old\n")
        name = self.old_backup()
        self.graph.write_text("new\n")
        line = self.refused(FAILED, "restore", STORE, name, "--force", trouble="broken-import")
        self.assertIn("the storage layer went away", line)
        command = re.search(r"holdfast restore (stackgraph \S+ --force)", line)
        self.assertEqual(self.graph.read_text(), "")
        self.holdfast("restore", *command[1].split())
        self.assertEqual(self.graph.read_text(), "new\n")

    def test_a_refusal_that_comes_when_data_is_gone_names_the_way_back(self):
        self.graph.write_text("old\n")
        name = self.old_backup()
        self.graph.write_text("new\n")
        line = self.refused(FAILED, "restore", STORE, name, "--force", trouble="late-refusal")
        self.assertRegex(line, r"holdfast restore stackgraph before-restore-\S+ --force")

    def test_output_of_commands_is_shown_without_secrets_and_tricks(self):
        self.graph.write_text("old\n")
        done = self.run_holdfast("backup", STORE)
        self.assertIn("connecting with ***?", done.stderr)
        self.assertNotIn(PASSWORD, done.stderr)
        self.assertNotIn("\x1b", done.stderr)

    def test_a_command_that_is_told_to_stop_leaves_nobody_behind(self):
        values = json.loads(self.gateway.values.read_text())
        script = "(trap '' TERM; while :; do echo x >> \"$0\"; sleep 0.01; done) & wait"
        late = self.work / "late"
        values["holdfast"]["stackgraph"]["exportCommand"] = ["sh", "-c", script, str(late), "{file}"]
        self.gateway.values.write_text(json.dumps(values))
        for number in (signal.SIGTERM, signal.SIGHUP):
            late.unlink(missing_ok=True)
            run = subprocess.Popen([processes.holdfast_binary(), "-q", "-c", self.gateway.values, "backup", STORE], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while not late.exists():
                self.assertIsNone(run.poll())
                time.sleep(0.01)
            run.send_signal(number)
            self.assertIn("told to stop", run.communicate(timeout=60)[1])
            self.assertEqual(run.returncode, FAILED)
            size = late.stat().st_size
            time.sleep(0.2)
            self.assertEqual(late.stat().st_size, size, "somebody still writes")
            self.assert_clean()

    def test_two_of_one_minute(self):
        self.graph.write_text("data\n")
        names = {self.backup()}
        done = self.run_holdfast("backup", STORE)
        if done.returncode == 0:  # the minute has changed
            names = set(self.names())
            self.assertEqual(len(names), 2)
            return
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertEqual(set(self.names()), names)

    def test_exports_that_are_none(self):
        self.graph.write_text("data\n" * 100)
        for trouble, reason in (("fail", "no connection to the storage layer"), ("nothing", "does not exist"), ("empty", "is empty"),
                                ("half", "status 1"), ("old", "older than this run"), ("late", "still writes")):
            with self.subTest(trouble):
                self.assertIn(reason, self.refused(FAILED, "backup", STORE, trouble=trouble))
                self.assertEqual(self.stored_files(), [])

    def test_commands_that_are_not_there_or_do_not_end(self):
        for command, reason in ((["no-such-program", "{file}"], "no program no-such-program"),
                                ([str(COMMANDS), "export", "{file}"], "not done after 1 second")):
            values = json.loads(self.gateway.values.read_text())
            values["holdfast"]["stackgraph"].update({"exportCommand": command, "timeLimit": "1s"})
            other = self.work / "other.yaml"
            other.write_text(json.dumps(values))
            done = subprocess.run([processes.holdfast_binary(), "-q", "-c", other, "backup", STORE], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "GRAPH_TROUBLE": "hang"})
            self.assertEqual(done.returncode, FAILED, done.stderr)
            self.assertIn(reason, done.stderr)
            self.assertEqual(self.stored_files(), [])

    def test_what_is_altered_is_found_before_the_graph_is_touched(self):
        self.graph.write_text("data\n" * 1000)
        name = self.backup()
        whole = (self.bucket / name).read_bytes()
        changed = bytearray(whole)
        changed[len(changed) // 2] ^= 1
        for content in (whole[:-1], bytes(changed), whole + b"x"):
            with open(self.bucket / name, "r+b") as file:
                file.write(content)
                file.truncate(len(content))
            self.assertIn(name, self.refused(CORRUPT, "restore", STORE, name, "--force"))
            self.assertEqual(self.graph.read_text(), "data\n" * 1000)
            self.refused(CORRUPT, "verify", STORE, name, "--deep")

    def test_files_that_were_moved_by_hand(self):
        self.graph.write_text("data\n" * 1000)
        name = self.backup()
        content = (self.bucket / name).read_bytes()
        # Through a copy, which loses the metadata.
        (self.bucket / name).unlink()
        (self.bucket / "kept-for-the-audit.graph").write_bytes(content)
        self.assertEqual(self.names(), ["kept-for-the-audit.graph"])
        self.graph.unlink()
        done = self.run_holdfast("restore", STORE, "kept-for-the-audit.graph")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nobody has noted", done.stderr)
        # Under its own name again, but cut.
        (self.bucket / name).write_bytes(content[:-100])
        self.refused(CORRUPT, "restore", STORE, name, "--force")
        # One of somebody else.
        (self.bucket / "theirs.graph").write_bytes(b"graph export\ntheirs\n")
        done = self.run_holdfast("restore", STORE, "theirs.graph", "--force", "--no-safety-backup")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nobody has noted", done.stderr)
        self.assertEqual(self.graph.read_text(), "theirs\n")

    def test_no_such_backup(self):
        self.assertIn("there is none", self.refused(NOT_FOUND, "restore", STORE, "sts-backup-20200101-0000.graph"))

    def test_names_that_lead_elsewhere(self):
        (self.bucket / "sub").mkdir()
        (self.bucket / "sub/x.graph").write_text("graph export\nx\n")
        for name in ("sub/x.graph", "../x.graph", "/x.graph", "..", ""):
            done = self.run_holdfast("restore", STORE, name)
            self.assertIn(done.returncode, (USAGE, NOT_FOUND), done.stderr)
        # Longer than any file's name.
        s3 = boto3_client(self.gateway.url)
        long = "x" * 600 + ".graph"
        s3.put_object(Bucket=BUCKET, Key=long, Body=b"graph export\nlong\n")
        self.holdfast("restore", STORE, long)
        self.assertEqual(self.graph.read_text(), "long\n")

    def test_one_of_a_newer_holdfast(self):
        self.graph.write_text("data\n")
        kept = self.backup()
        boto3_client(self.gateway.url).put_object(Bucket=BUCKET, Key="sts-backup-20200101-0000.graph", Body=b"new",
                                                  Metadata={"holdfast-graph": '{"min_reader": 9}'})
        self.assertIn("newer holdfast", self.refused(FAILED, "restore", STORE, "sts-backup-20200101-0000.graph", "--force"))
        self.holdfast("prune", STORE)
        self.assertEqual(self.names(), [kept])

    def test_rules_of_names_that_do_not_fit(self):
        self.graph.write_text("data\n")
        shutil.copy(self.bucket / self.backup(), self.bucket / OLD)
        values = json.loads(self.gateway.values.read_text())
        processes.merge(values, {"backup": {"stackGraph": {"scheduled": {"backupDatetimeParseFormat": "%d-%m-%Y"}}}})
        self.gateway.values.write_text(json.dumps(values))
        self.assertIn("backupDatetimeParseFormat", self.refused(USAGE, "backup", STORE))
        self.holdfast("prune", STORE)
        self.assertEqual(len(self.names()), 2)

    def test_a_drill_needs_a_graph_of_its_own(self):
        self.graph.write_text("data\n")
        self.backup()
        self.assertIn("no graph is named", self.refused(FAILED, "drill", STORE))

    def test_retention_goes_by_the_names(self):
        self.graph.write_text("data\n")
        now = self.backup()
        for name in ("sts-backup-20210215-0300.graph", OLD, "no-time.graph", "sts-backup-20210216-0300.graph.stackpacks.zip", "notes.txt"):
            shutil.copy(self.bucket / now, self.bucket / name)
        decisions = json.loads(self.holdfast("--output", "json", "prune", STORE, "--dry-run"))
        self.assertEqual({one["name"]: one["remove"] for one in decisions},
                         {now: False, "no-time.graph": False, OLD: True, "sts-backup-20210215-0300.graph": True})
        self.assertEqual(len(self.names()), 4)
        self.holdfast("prune", STORE)
        self.assertEqual(self.stored_files(), sorted([now, "no-time.graph", "sts-backup-20210216-0300.graph.stackpacks.zip", "notes.txt"]))
        self.assertEqual(len(list((self.bucket / "holdfast-notes").iterdir())), 1, "all have the same content")
        # The newest good one stays, however old.
        self.rename(now, OLD)
        self.holdfast("prune", STORE)
        self.assertIn(OLD, self.names())


class SplitTest(StackGraphTestCase):
    VALUES = {"backup": {"stackGraph": {"splitArchiveSize": "1000", "s3Prefix": "cluster-1"}}}

    def setUp(self):
        super().setUp()
        self.bucket = self.bucket / "cluster-1"

    def test_parts_are_one_backup(self):
        self.graph.write_text("".join(f"line {number}\n" for number in range(400)))
        saved = self.graph.read_text()
        name = self.backup()
        parts = self.stored_files()
        self.assertEqual(parts, [f"{name}.{number:02}" for number in range(len(parts))])
        self.assertGreater(len(parts), 3)
        self.assertEqual("".join((self.bucket / part).read_text() for part in parts), "graph export\n" + saved)
        self.assertEqual(self.names(), [name])
        self.holdfast("verify", STORE, name, "--deep")
        self.graph.unlink()
        self.holdfast("restore", STORE, name)
        self.assertEqual(self.graph.read_text(), saved)
        # Without one part it is no backup.
        kept = (self.bucket / parts[1]).read_bytes()
        (self.bucket / parts[1]).unlink()
        self.assertEqual(self.names(), [])
        self.refused(CORRUPT, "restore", STORE, name, "--force")
        (self.bucket / parts[1]).write_bytes(kept)
        (self.bucket / parts[-1]).unlink()
        self.assertIn(f"{len(parts) - 1} of {len(parts)} parts", self.refused(CORRUPT, "restore", STORE, name, "--force"))
        self.assertEqual(self.graph.read_text(), saved)


    def age(self):
        """Two days, for everything in the bucket."""
        for path in self.bucket.iterdir():
            if path.is_file():
                os.utime(path, (time.time() - 200_000,) * 2)

    def test_parts_that_somebody_lays_beside_it_are_none_of_it(self):
        self.graph.write_text("line\n" * 1000)
        name = self.backup()
        for stranger in ("77", "9999"):
            (self.bucket / f"{name}.{stranger}").write_text("stranger")
        self.assertEqual(self.names(), [name])
        self.holdfast("verify", STORE, name, "--deep")
        self.holdfast("restore", STORE, name, "--force", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "line\n" * 1000)

    def test_retention_keeps_what_has_lost_a_part_and_counts_on_whole_ones_only(self):
        self.graph.write_text("line\n" * 1000)
        whole = self.backup()
        s3 = boto3_client(self.gateway.url)
        for day in (15, 16):
            for path in self.bucket.glob(f"{whole}.*"):
                # By the API, so that the copy has its note.
                source = {"Bucket": self.BUCKET, "Key": f"cluster-1/{path.name}"}
                s3.copy_object(Bucket=self.BUCKET, CopySource=source, Key=source["Key"].replace(whole, f"sts-backup-202102{day}-0300.graph"))
        for path in self.bucket.glob(f"{whole}.*"):
            path.unlink()
        torso = "sts-backup-20210216-0300.graph"
        sorted(self.bucket.glob(f"{torso}.*"))[-1].unlink()
        self.assertEqual(self.names(), ["sts-backup-20210215-0300.graph"])
        self.holdfast("prune", STORE)
        self.assertEqual(self.names(), ["sts-backup-20210215-0300.graph"])
        # One within the time has lost a part: it stays, in case that the part comes back.
        recent = self.backup()
        lost = self.bucket / f"{recent}.01"
        kept = lost.read_bytes()
        lost.unlink()
        self.age()
        self.holdfast("prune", STORE)
        lost.write_bytes(kept)
        self.holdfast("verify", STORE, recent, "--deep")
        # Without its first part it never was one.
        (self.bucket / f"{recent}.00").unlink()
        self.age()
        self.holdfast("prune", STORE)
        self.assertEqual(list(self.bucket.glob(f"{recent}.*")), [])


    def test_a_whole_one_that_somebody_puts_beside_the_parts_is_not_it(self):
        self.graph.write_text("line\n" * 1000)
        name = self.backup()
        forged = b"graph export\nforged\n"
        boto3_client(self.gateway.url).put_object(Bucket=self.BUCKET, Key=f"cluster-1/{name}", Body=forged)
        self.assertEqual(self.names(), [name])
        self.holdfast("restore", STORE, name, "--force", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "line\n" * 1000)


class PairsTest(StackGraphTestCase):
    """The pairs of docs/guide/access.md are enough."""

    VALUES = {"holdfast": {"gateway": {"keys": [
        {"accessKey": "stackgraph", "secretKey": "stackgraphsecret", "bucket": BUCKET, "allow": ["read", "list", "writeNew"]},
        {"accessKey": "retention", "secretKey": "retentionsecret", "allow": ["read", "list", "delete"]}]}}}

    def with_pair(self, access_key: str):
        values = json.loads(self.gateway.values.read_text())
        values["minio"].update({"accessKey": access_key, "secretKey": access_key + "secret"})
        values["holdfast"]["gateway"].pop("keys", None)
        self.gateway.values.write_text(json.dumps(values))

    def test_pairs(self):
        self.with_pair("stackgraph")
        self.graph.write_text("old\n")
        name = self.old_backup()
        self.graph.write_text("new\n")
        self.assertNotIn("nobody has noted", self.run_holdfast("restore", STORE, name, "--force").stderr)
        self.assertEqual(self.graph.read_text(), "old\n")
        self.assertEqual(len(self.names()), 2)
        self.with_pair("retention")
        self.holdfast("prune", STORE)
        self.assertNotIn(name, self.names())
        self.assertEqual(len(self.names()), 1)


class StackPacksTest(StackGraphTestCase):
    VALUES = {"holdfast": {"stackgraph": {"stackPacksCommand": [str(COMMANDS), "zip", "{file}"]}}}

    def test_they_go_with_the_export(self):
        self.graph.write_text("data\n")
        self.assertIn("StackPacks", self.refused(FAILED, "backup", STORE, trouble="no-zip"))
        self.assertEqual(self.stored_files(), [])
        name = self.backup()
        zips = self.bucket / "stackpacks"
        self.assertEqual([path.name for path in zips.iterdir()], [f"{name}.stackpacks.zip"])
        self.assertEqual((zips / f"{name}.stackpacks.zip").read_text(), "the StackPacks\n")
        self.assertEqual(self.names(), [name])
        old = self.rename(name, OLD)
        (zips / f"{name}.stackpacks.zip").rename(zips / f"{old}.stackpacks.zip")
        shutil.copy(self.bucket / old, self.bucket / "sts-backup-20210217-0300.graph")
        self.holdfast("prune", STORE)
        self.assertEqual(self.names(), ["sts-backup-20210217-0300.graph"])
        self.assertEqual([path.name for path in zips.glob("*")], [])


class GatewayTest(StackGraphTestCase):
    def test_a_gateway_that_goes_away(self):
        self.graph.write_text("data\n")
        name = self.old_backup()
        self.gateway.stop()
        for command in (("backup", STORE), ("restore", STORE, name, "--force"), ("list", STORE)):
            self.assertIn("holdfast gateway", self.refused(FAILED, *command))
        self.assertEqual(self.graph.read_text(), "data\n")
        self.assertEqual(self.stored_files(), [name])
        self.assertEqual(self.holdfast("list", STORE, "--direct").splitlines()[1], name)
        self.holdfast("restore", STORE, name, "--force", "--direct")


class SettingsTest(StackGraphTestCase):
    """The store "configuration"."""

    STORE = "configuration"
    BUCKET = "sts-configuration-backup"
    VERBS = ("create", "restore")
    VALUES = {"backup": {"configuration": {"maxLocalFiles": 2, "scheduled": {"backupNameTemplate": "sts-backup-$(date +%Y%m%d-%H%M%S).sty",
                                                                                 "backupDatetimeParseFormat": "%Y%m%d-%H%M%S"}}},
              "holdfast": {"configuration": {"localFolder": "LOCAL"}}}

    def setUp(self):
        # Beside what setUp() of all makes, whose place is not known yet.
        self.local = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-local-"))
        self.addCleanup(shutil.rmtree, self.local)
        self.VALUES = json.loads(json.dumps(self.VALUES).replace("LOCAL", str(self.local)))
        super().setUp()

    def test_backup_list_restore(self):
        self.assertEqual(self.holdfast("-q", "list", self.STORE),
                         f'=== Listing Settings backups in bucket "{self.BUCKET}"...\n(no backups found)\n===\n')
        self.graph.write_text("  monitors: 3\n")
        name = self.backup()
        self.assertRegex(name, r"sts-backup-\d{8}-\d{6}\.sty")
        self.assertEqual(self.holdfast("list", self.STORE), f'=== Listing Settings backups in bucket "{self.BUCKET}"...\n{name}\n===\n')
        self.holdfast("verify", self.STORE, name, "--deep")
        self.graph.write_text("  monitors: 4\n")
        # It always replaces: without a terminal it wants --yes.
        self.refused(REFUSED, "restore", self.STORE, name)
        self.assertEqual(self.graph.read_text(), "  monitors: 4\n")
        out = self.holdfast("restore", self.STORE, name, "--yes")
        self.assertTrue(out.startswith(f'=== Restoring settings backup from "{name}"...\n'), out)
        self.assertEqual(self.graph.read_text(), "  monitors: 3\n")
        safety, = [found for found in self.names() if found != name]
        self.holdfast("restore", self.STORE, safety, "--yes", "--no-safety-backup")
        self.assertEqual(self.graph.read_text(), "  monitors: 4\n")

    def test_the_newest_stay_on_the_machine(self):
        self.graph.write_text("  monitors: 3\n")
        for name in ("sts-backup-20210101-0300.sty", "sts-backup-20210102-0300.sty", "notes.txt"):
            (self.local / name).write_text("kept\n")
        name = self.backup()
        self.assertEqual(sorted(path.name for path in self.local.iterdir()), ["notes.txt", "sts-backup-20210102-0300.sty", name])
        self.assertEqual((self.local / name).read_bytes(), (self.bucket / name).read_bytes())
        (self.bucket / name).unlink()
        self.graph.write_text("")
        self.holdfast("restore", self.STORE, name, "--yes")
        self.assertEqual(self.graph.read_text(), "  monitors: 3\n")
        # One that was altered there.
        (self.local / name).write_text("settings:\n  _version: 1\n  monitors: 5\n")
        self.refused(CORRUPT, "restore", self.STORE, name, "--yes")

    def test_what_is_no_settings_file(self):
        self.graph.write_text("  monitors: 3\n")
        self.assertIn("status 1", self.refused(FAILED, "backup", self.STORE, trouble="half"))
        values = json.loads(self.gateway.values.read_text())
        values["backup"]["configuration"]["yaml"] = {"maxSizeLimit": "20"}
        self.gateway.values.write_text(json.dumps(values))
        self.assertIn("20 are the most", self.refused(FAILED, "backup", self.STORE))
        values["backup"]["configuration"].pop("yaml")
        values["holdfast"]["configuration"]["exportCommand"][1] = "export"
        self.gateway.values.write_text(json.dumps(values))
        self.assertIn("_version:", self.refused(FAILED, "backup", self.STORE))
        self.assertEqual(self.stored_files(), [])


if __name__ == "__main__":
    unittest.main()
