#!/usr/bin/env python3
"""`holdfast storage check` over a real S3 server, a folder and the gateway; each fault injected by the proxy is found and told."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import processes  # noqa: E402
import s3_upstream  # noqa: E402


class StorageCheckTest(s3_upstream.UpstreamTestCase):
    def check(self, faults=(), *options, allowed=s3_upstream.ALLOWED, code: int, buckets=("--bucket", "up-vm")):
        """The findings of that bucket that are not good, by what was tried; nothing may be left behind."""
        self.proxy.faults, self.proxy.allowed = set(faults), allowed
        try:
            done = processes.holdfast(self.gateway.values, "--output", "json", "storage", "check", *buckets, *options)
        finally:
            self.proxy.faults, self.proxy.allowed = set(), s3_upstream.ALLOWED
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        findings = [finding for bucket in json.loads(done.stdout) for finding in bucket["findings"]]
        self.assertNotIn("upstreamsecret", done.stdout + done.stderr)
        left = [entry["Key"] for entry in self.raw.list_objects_v2(Bucket="up-vm").get("Contents", [])]
        if "no_deletes" not in faults:
            self.assertEqual(left, [])
        return {finding["what"]: finding for finding in findings if finding["verdict"] != "good"}

    def assert_verdicts(self, found: dict, expected: dict):
        self.assertEqual({what: finding["verdict"] for what, finding in found.items()}, expected)
        for what, finding in found.items():
            self.assertTrue(finding["seen"], what)

    def test_the_documented_policy_leaves_two_warnings(self):
        found = self.check(code=0)
        self.assert_verdicts(found, {"give up an upload": "warning", "list unfinished uploads": "warning"})
        self.assertIn("lifecycle", found["give up an upload"]["advice"])

    def test_with_all_rights_everything_is_good(self):
        self.assert_verdicts(self.check(allowed=None, code=0), {})

    def test_conditions_that_are_ignored(self):
        found = self.check(["no_conditions"], allowed=None, code=0)
        self.assert_verdicts(found, {"refuse to create what is there": "warning", "refuse to replace what has changed": "warning"})
        self.assertIn("only one scheduler", found["refuse to create what is there"]["advice"])

    def test_rights_that_are_missing(self):
        for fault, right in (("no_writes", "s3:PutObject"), ("no_reads", "s3:GetObject"), ("no_lists", "s3:ListBucket"),
                             ("no_deletes", "s3:DeleteObject")):
            with self.subTest(fault):
                found = self.check([fault], allowed=None, code=1)
                self.assertIn(right, " ".join(finding["advice"] for finding in found.values()))
        for entry in self.raw.list_objects_v2(Bucket="up-vm").get("Contents", []):
            self.raw.delete_object(Bucket="up-vm", Key=entry["Key"])

    def test_what_the_storage_cannot_do(self):
        for fault, what in (("no_multipart", "upload in parts"), ("no_copy", "copy an object in the storage"), ("no_ranges", "read a range of it"),
                            ("stale_lists", "list at once what was written, in order"), ("no_trailers", "write an object")):
            with self.subTest(fault):
                self.assertEqual(self.check([fault], allowed=None, code=1)[what]["verdict"], "failed")

    def test_other_etags_are_a_note(self):
        self.proxy.etags = "random"
        try:
            self.assert_verdicts(self.check(allowed=None, code=0), {"answer MD5s as ETags": "note"})
        finally:
            self.proxy.etags = "plain"
            self.raw.delete_object(Bucket="up-stackgraph", Key=".holdfast/etags/up-vm.json")

    def test_a_missing_bucket_is_told_with_its_key(self):
        self.raw.delete_bucket(Bucket="up-elastic")
        try:
            done = processes.holdfast(self.gateway.values, "storage", "check")
            self.assertEqual(done.returncode, 1)
            line = next(line for line in done.stdout.splitlines() if line.startswith("  find the bucket") and "failed" in line)
            self.assertIn("create the bucket or correct backup.elasticsearch.bucketName", line)
            self.assertIn("bucket up-vm: warning", done.stdout)
        finally:
            self.raw.create_bucket(Bucket="up-elastic")

    def test_the_policy_is_printed(self):
        done = processes.holdfast(self.gateway.values, "storage", "check", "--print-policy")
        self.assertEqual(done.returncode, 0, done.stderr)
        first, second = json.loads(done.stdout)["Statement"]
        self.assertEqual(first["Resource"], [f"arn:aws:s3:::{bucket}" for bucket in s3_upstream.BUCKETS])
        self.assertEqual({action.removeprefix("s3:") for action in first["Action"] + second["Action"]}, s3_upstream.ALLOWED)
        self.assertIn("AbortIncompleteMultipartUpload", done.stderr)

    def test_a_folder_by_itself_and_through_its_gateway(self):
        work = self.work / "folder"
        work.mkdir()
        with processes.Gateway(work, work / "objects") as gateway:
            done = processes.holdfast(gateway.values, "--output", "json", "storage", "check", "--gateway")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        alone = processes.holdfast(gateway.values, "--output", "json", "storage", "check")
        self.assertEqual(alone.returncode, 0, alone.stdout + alone.stderr)
        for answer in (done, alone):
            self.assertEqual({bucket["verdict"] for bucket in json.loads(answer.stdout)}, {"good"})
        refused = processes.holdfast(gateway.values, "storage", "check", "--print-policy")
        self.assertEqual(refused.returncode, 2)


if __name__ == "__main__":
    unittest.main()
