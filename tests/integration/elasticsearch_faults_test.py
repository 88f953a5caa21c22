#!/usr/bin/env python3
"""Elasticsearch's backups when things are missing, damaged, full, busy or gone: the old indices stay as they were, one line tells why with the
right exit code, and the next run works without any cleaning by hand."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_server  # noqa: E402
import slm_double  # noqa: E402
from elasticsearch_cases import CORRUPT, FAILED, REFUSED, REPOSITORY, STORE, FaultCase  # noqa: E402


class DamageTest(FaultCase):
    def blobs(self) -> list[pathlib.Path]:
        """The data of all shards, the largest first."""
        return sorted(self.bucket.rglob("__*"), key=lambda path: (-path.stat().st_size, path))

    def test_a_missing_blob(self):
        blob = self.blobs()[0]
        content = blob.read_bytes()
        blob.unlink()
        self.assertIn(blob.name, self.refused(CORRUPT, "verify", STORE, self.saved_name))
        self.assertIn(blob.name, self.refused(CORRUPT, "restore", STORE, self.saved_name, "--force"))
        self.assertEqual(self.state(), self.live)
        self.assert_clean()
        blob.write_bytes(content)
        self.holdfast("verify", STORE, self.saved_name, "--deep")
        self.assert_live_stays_and_all_goes_on()

    def test_a_cut_blob(self):
        blob = self.blobs()[0]
        content = blob.read_bytes()
        blob.unlink()
        blob.write_bytes(content[:-100])
        self.assertIn(blob.name, self.refused(CORRUPT, "verify", STORE, self.saved_name))
        self.assertIn(blob.name, self.refused(CORRUPT, "restore", STORE, self.saved_name, "--force"))
        self.assertEqual(self.state(), self.live)
        self.assert_clean()

    def test_a_flipped_blob(self):
        blob = self.blobs()[0]
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.unlink()
        blob.write_bytes(content)
        self.holdfast("verify", STORE, self.saved_name)  # all there, all of the right size
        self.assertIn(blob.name, self.refused(CORRUPT, "verify", STORE, self.saved_name, "--deep"))
        self.refused(CORRUPT, "restore", STORE, self.saved_name, "--force")
        self.assertEqual(self.state(), self.live)
        self.assert_clean()

    def test_damaged_metadata(self):
        for pattern in ("indices/*/*/snap-*.dat", "indices/*/meta-*.dat", "snap-*.dat", "index-[0-9]*"):
            path = sorted(self.bucket.glob(pattern))[-1]
            content = path.read_bytes()
            for damaged in (content[:len(content) // 2], b"", None):
                with self.subTest(pattern, size=None if damaged is None else len(damaged)):
                    path.unlink(missing_ok=True)
                    if damaged is not None:
                        path.write_bytes(damaged)
                    self.refused((CORRUPT, FAILED), "verify", STORE, self.saved_name)
                    self.refused((CORRUPT, FAILED), "restore", STORE, self.saved_name, "--force")
                    self.assertEqual(self.state(), self.live)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
        self.assert_live_stays_and_all_goes_on()


class GoneTest(FaultCase):
    """The gateway or the node go away."""

    INDICES = 2
    DOCUMENTS = 8000

    def test_no_gateway(self):
        self.gateway.stop()
        try:
            self.refused(FAILED, "backup", STORE)
            self.refused(FAILED, "restore", STORE, self.saved_name, "--force")
        finally:
            self.restart_gateway()
        self.assert_live_stays_and_all_goes_on()

    def test_the_gateway_goes_in_the_middle_of_a_backup(self):
        self.rewrite()
        self.slow(snapshot="500kb")
        child = self.begin("backup", STORE)
        try:
            self.node.wait_until(self.running_snapshot)
            self.gateway.kill()
            self.assertRegex(self.end(child, FAILED), "holdfast: .+: .+")
        finally:
            self.restart_gateway()
        self.node.wait_until(lambda: not self.running_snapshot())
        self.slow()
        self.assertEqual(self.names(), [self.saved_name])
        self.assert_live_stays_and_all_goes_on()

    def test_the_gateway_goes_at_the_end_of_a_backup(self):
        """As soon as the snapshot's own file is there, and as soon as the list of all that names it is."""
        for pattern in ("snap-*.dat", "index-[0-9]*"):
            with self.subTest(pattern):
                known = set(self.bucket.glob(pattern))
                child = self.begin("backup", STORE)
                try:
                    self.gateway.wait_until(lambda: set(self.bucket.glob(pattern)) - known)
                    self.gateway.kill()
                    self.end(child, (0, FAILED))
                finally:
                    self.restart_gateway()
                self.node.wait_until(lambda: not self.running_snapshot())
                for name in self.names():
                    self.holdfast("verify", STORE, name)
        self.assert_live_stays_and_all_goes_on()

    def test_the_gateway_goes_in_the_middle_of_a_restore(self):
        self.slow(restore="500kb")
        child = self.begin("restore", STORE, self.saved_name, "--force")
        try:
            self.node.wait_until(self.restoring)
            self.gateway.kill()
            self.end(child, (FAILED, CORRUPT))
        finally:
            self.restart_gateway()
        self.assertEqual(self.state(), self.live)
        self.slow()
        self.assert_live_stays_and_all_goes_on()

    def restoring(self) -> bool:
        rows = self.node.request("GET", "/_cat/recovery?format=json&active_only=true&bytes=b&h=index,bytes_recovered")
        return any(int(row["bytes_recovered"]) > 0 for row in rows)

    def test_no_node(self):
        self.node.stop()
        try:
            self.refused(FAILED, "backup", STORE)
            self.refused(FAILED, "restore", STORE, self.saved_name, "--force")
            self.refused(FAILED, "list", STORE)
        finally:
            self.node.restart()
        self.assert_live_stays_and_all_goes_on()

    def test_one_look_that_is_not_answered_undoes_nothing(self):
        class Stuttering(slm_double.Slm):
            refused = False

            def answer(self, method, target, body, kind):
                if target.endswith("/_recovery") and not self.refused:
                    self.refused = True
                    return 429, b'{"error": "too many requests"}'
                return super().answer(method, target, body, kind)

        with Stuttering(self.node) as front:
            self.restore(self.saved_name, "--force", values=self.write_values("stuttering", holdfast={STORE: {"url": front.url}}))
            self.assertTrue(front.refused)
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_another_run_goes_on_with_the_swap(self):
        """Nothing more is deleted by one that was taken for dead."""
        class Overtaken(slm_double.Slm):
            overtaken = False

            def answer(self, method, target, body, kind):
                answer = super().answer(method, target, body, kind)
                if method == "PUT" and "/_doc/restore" in target and not self.overtaken:
                    self.overtaken = True
                    self.hand_on(method, target.partition("?")[0], body, kind)
                return answer

        with Overtaken(self.node) as front:
            line = self.refused(REFUSED, "restore", STORE, self.saved_name, "--force",
                                values=self.write_values("overtaken", holdfast={STORE: {"url": front.url}}))
        self.assertIn("another run goes on", line)
        self.assertEqual(self.state(), self.live)
        self.backup()
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()

    def test_the_node_is_killed_in_the_middle_of_a_backup(self):
        self.rewrite()
        self.slow(snapshot="500kb")
        child = self.begin("backup", STORE)
        self.node.wait_until(self.running_snapshot)
        self.node.kill()
        self.node.restart()
        self.end(child, FAILED)
        self.slow()
        self.assertEqual(self.names(), [self.saved_name])
        self.assert_live_stays_and_all_goes_on()

    def test_the_node_is_killed_in_the_middle_of_a_restore(self):
        self.slow(restore="500kb")
        child = self.begin("restore", STORE, self.saved_name, "--force")
        self.node.wait_until(self.restoring)
        self.node.kill()
        self.node.restart()
        self.end(child, (FAILED, CORRUPT))
        self.slow()
        self.assert_live_stays_and_all_goes_on(leftovers=True)


class BusyTest(FaultCase):
    """No room, or somebody else at work."""

    DOCUMENTS = 4000

    def test_no_room_for_shards(self):
        self.cluster(cluster__max_shards_per_node=self.INDICES + 2)
        try:
            self.assertIn("cluster.max_shards_per_node", self.refused(REFUSED, "restore", STORE, self.saved_name, "--force"))
            self.restore(self.saved_name, "--force", "--in-place")  # needs no room for both
            self.assertEqual(self.state(), self.saved)
        finally:
            self.cluster(cluster__max_shards_per_node=None)
        self.live = self.saved
        self.assert_live_stays_and_all_goes_on()

    def test_no_room_on_the_disk(self):
        marks = dict(elasticsearch_server.WATERMARKS)
        low = next(iter(marks))
        self.cluster(**{**marks, low: "900tb"})
        try:
            self.assertIn("watermark", self.refused(REFUSED, "restore", STORE, self.saved_name, "--force"))
        finally:
            self.cluster(**dict.fromkeys(marks))
        self.assert_live_stays_and_all_goes_on()

    def test_no_room_in_the_storage(self):
        self.restart_gateway(reserved="1000TiB")
        try:
            self.assertRegex(self.refused(FAILED, "backup", STORE), "snapshot sts-backup-.+: .+")
            self.assertEqual(self.names(), [self.saved_name])
            self.holdfast("verify", STORE, self.saved_name)
            # Its lease may use what is reserved.
            self.restore(self.saved_name, "--force")
            self.assertEqual(self.state(), self.saved)
            self.live = self.saved
        finally:
            self.restart_gateway()
        self.assert_live_stays_and_all_goes_on()

    def test_the_storage_is_full_in_the_middle_of_a_backup(self):
        self.rewrite()
        self.slow(snapshot="500kb")
        child = self.begin("backup", STORE)
        try:
            self.node.wait_until(self.running_snapshot)
            self.restart_gateway(reserved="1000TiB")
            self.assertRegex(self.end(child, FAILED), "holdfast: snapshot sts-backup-.+: .+")
            self.node.wait_until(lambda: not self.running_snapshot())
            self.assertEqual(self.names(), [self.saved_name])
        finally:
            self.restart_gateway()
        self.slow()
        self.assert_live_stays_and_all_goes_on()

    def test_another_snapshot_runs(self):
        self.rewrite()
        self.slow(snapshot="500kb")
        self.node.request("PUT", f"/_snapshot/{REPOSITORY}/by-hand", {"indices": "sts*", "include_global_state": False})
        self.node.wait_until(self.running_snapshot)
        done = self.holdfast("restore", STORE, self.saved_name, "--force", code=(0, REFUSED))
        if done.returncode == 0:
            self.assertEqual(self.state(), self.saved)
            self.live = self.saved
        self.node.wait_until(lambda: not self.running_snapshot(), 120)
        self.slow()
        self.assert_live_stays_and_all_goes_on()

    def test_two_backups_at_once(self):
        self.rewrite()
        self.slow(snapshot="500kb")
        first = self.begin("backup", STORE)
        self.node.wait_until(self.running_snapshot)
        self.assertRegex(self.refused(REFUSED, "backup", STORE), "(?i)lease|another run|running")
        self.end(first)
        self.slow()
        self.assertEqual(len(self.names()), 2)
        self.assert_live_stays_and_all_goes_on()

    def test_two_operators_restore_at_once(self):
        self.slow(restore="1mb")
        both = [self.begin("restore", STORE, self.saved_name, "--force") for _ in range(2)]
        printed = [self.end(child, (0, REFUSED)) for child in both]
        self.assertEqual(sorted(child.returncode for child in both), [0, REFUSED], printed)
        self.assertEqual(self.state(), self.saved)
        self.assert_clean()
        self.live = self.saved
        self.slow()
        self.assert_live_stays_and_all_goes_on()


if __name__ == "__main__":
    unittest.main()
