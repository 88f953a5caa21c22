#!/usr/bin/env python3
"""Every row of tests/oracles through the real program: `schedule next`, `retention cutoff`, `retention plan`; and what they say of bad text."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import processes  # noqa: E402

USAGE = 2
NOW = "2026-03-31T03:00:00Z"


def rows(name: str) -> list[list[str]]:
    lines = (ROOT / "tests/oracles" / name).read_text().split("\n")
    table = [line.split("\t") for line in lines[1:] if line]
    if len(table) < 10:
        raise RuntimeError(f"{name} is not whole")
    return table


def holdfast(*arguments: str, given: str = "", **more) -> subprocess.CompletedProcess:
    return subprocess.run([processes.holdfast_binary(), *arguments], input=given, capture_output=True, text=True, **more)


class RulesCliTest(unittest.TestCase):
    def every_row(self, name: str, check):
        """Calls check(row), which returns what is wrong or nothing, for every row of the table."""
        table = rows(name)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [f"{row[:4]}: {problem}" for row, problem in zip(table, pool.map(check, table)) if problem]
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(table)} rows of {name}")

    @staticmethod
    def differs(done: subprocess.CompletedProcess, kind: str, wanted: str) -> str:
        if kind == "invalid":
            good = done.returncode == USAGE and not done.stdout and "column " in done.stderr
            return "" if good else f"not refused with its column: {done}"
        return "" if (done.returncode, done.stdout) == (0, wanted) else f"{done}, wanted {wanted!r}"

    def check_schedules(self, name: str, dialect: str):
        def check(row):
            kind, zone, start, expression, times = row
            done = holdfast("schedule", "next", dialect, expression, "--from", start, "--count", "20", "--tz", zone)
            wanted = "" if times == "never" else times.replace(",", "\n") + "\n"
            return self.differs(done, kind, wanted)
        self.every_row(name, check)

    def test_kubernetes_schedules(self):
        self.check_schedules("kubernetes-cron.tsv", "kubernetes")

    def test_cronexpr_schedules(self):
        self.check_schedules("cronexpr.tsv", "cronexpr")

    def test_elasticsearch_schedules(self):
        self.check_schedules("es-cron.tsv", "elasticsearch")

    def test_dates(self):
        def check(row):
            kind, zone, now, expression, result = row
            return self.differs(holdfast("retention", "cutoff", expression, "--now", now, "--tz", zone), kind, result + "\n")
        self.every_row("gnu-date.tsv", check)

    def test_snapshot_policies(self):
        def check(row):
            expire_after, least, most, now, snapshots, deleted = row
            options = [("--expire-after", expire_after), ("--min-count", least), ("--max-count", most)]
            given = "" if snapshots == "-" else "".join(one.replace(":", "\t") + "\n" for one in snapshots.split(","))
            done = holdfast("retention", "plan", "elasticsearch", "--now-ms", now,
                            *[word for option, value in options if value != "-" for word in (option, value)], given=given)
            names = set() if deleted == "-" else set(deleted.split(","))
            listed = done.stdout.splitlines()
            good = done.returncode == 0 and set(listed) == names and len(listed) == len(names)
            return "" if good else f"{done}, wanted {deleted}"
        self.every_row("slm-retention.tsv", check)

    def test_time_values(self):
        now = 2**53 - 1

        def check(row):
            kind, text, nanoseconds, _ = row
            command = ["retention", "plan", "elasticsearch", "--now-ms", str(now), "--expire-after", text]
            if kind == "invalid":
                return self.differs(holdfast(*command), kind, "")
            if int(nanoseconds) == 2**63 - 1:  # cut off there, while ages in milliseconds reach further
                return self.differs(holdfast(*command), kind, "")
            span = int(nanoseconds) // 10**6 if int(nanoseconds) >= 0 else -(-int(nanoseconds) // 10**6)
            given = f"edge\tSUCCESS\t{now - span}\nbeyond\tSUCCESS\t{now - span - 1}\n" if span >= 0 else "any\tSUCCESS\t0\n"
            return self.differs(holdfast(*command, given=given), kind, "beyond\n" if span >= 0 else "any\n")
        self.every_row("es-timevalue.tsv", check)

    def test_any_text_reaches_the_parser(self):
        for text, meant in [("-30 days", "2026-03-01T03:00:00+00:00"), ("--5 days", "2026-03-26T03:00:00+00:00"), ("", "2026-03-31T00:00:00+00:00"),
                            ("  1 day  ago ", "2026-03-30T03:00:00+00:00"), ("@0", "1970-01-01T00:00:00+00:00"), ("-now", "2026-03-31T03:00:00+00:00"),
                            ("days = 30, hours = 2", "2026-03-01T01:00:00+00:00"), ("99999 years", "102025-03-31T03:00:00+00:00")]:
            for command in (["--now", NOW, "--tz", "UTC", text], [text, "--now=" + NOW, "--tz", "UTC"], ["--tz", "UTC", "--now", NOW, "--", text]):
                done = holdfast("retention", "cutoff", *command)
                self.assertEqual((done.stdout, done.returncode), (meant + "\n", 0), (text, done.stderr))
        self.assertEqual(holdfast("schedule", "next", "cronexpr", "  @daily ", "--from", NOW, "--count", "1", "--tz", "UTC").stdout,
                         "2026-04-01T00:00:00Z\n")

    def test_errors_point_at_the_column(self):
        schedules = [(3, "kubernetes", "0 25 * * *"), (4, "kubernetes", " 0 25 * * *"), (10, "kubernetes", "0 3 * *  7"), (8, "kubernetes", "@every 1d"),
                     (4, "kubernetes", "TZ=No/Such 0 3 * * *"), (11, "kubernetes", "0 3 * * 1 x"), (8, "kubernetes", "0 3 * *"), (9, "cronexpr", "0 3 * * FOO"),
                     (8, "cronexpr", "@daily 9999999999"), (3, "cronexpr", "0 24 * * *"), (5, "cronexpr", "0 */24 * * *"), (8, "cronexpr", "@reboot"),
                     (12, "elasticsearch", "0 0 3 * *  *"), (7, "elasticsearch", "0 0 3 32 * ?"), (9, "elasticsearch", "0 0 3 1,L * ?")]
        for column, command in [*((column, ["schedule", "next", dialect, text]) for column, dialect, text in schedules),
                                (1, ["retention", "cutoff", "25:00"]), (8, ["retention", "cutoff", "3 days agoo"]), (9, ["retention", "cutoff", "days=3, days=4"]),
                                (3, ["retention", "plan", "elasticsearch", "--expire-after", "30w"])]:
            done = holdfast(*command)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), command)
            self.assertIn(f": column {column}: ", done.stderr, command)
            self.assertTrue(done.stderr.startswith("holdfast: ") and done.stderr.count("\n") == 1, done.stderr)

    def test_bad_options(self):
        for command in (["schedule", "next", "vixie", "* * * * *"], ["schedule", "next", "kubernetes", "* * * * *", "--count", "0"],
                        ["schedule", "next", "kubernetes", "* * * * *", "--count", "10001"], ["schedule", "next", "kubernetes", "* * * * *", "--count", ""],
                        ["schedule", "next", "kubernetes", "* * * * *", "--tz", "Mars/Olympus"], ["schedule", "next", "kubernetes", "* * * * *", "--tz", "../../etc/passwd"],
                        ["schedule", "next", "kubernetes", "* * * * *", "--from", "yesterday"], ["schedule", "next", "kubernetes"],
                        ["schedule", "next", "kubernetes", "*", "*", "*", "*", "*"], ["retention", "cutoff", "30", "days", "ago"], ["retention", "cutoff"],
                        ["retention", "plan"], ["retention", "plan", "nothing"], ["retention", "plan", "elasticsearch", "--min-count", "0"],
                        ["retention", "plan", "elasticsearch", "--min-count", "3", "--max-count", "2"], ["retention", "plan", "clickhouse"],
                        ["retention", "plan", "elasticsearch", "--now-ms", "9223372036854775807"]):
            done = holdfast(*command)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), (command, done.stderr))

    def test_bad_lines_are_named(self):
        good = "a\tSUCCESS\t1000\n"
        for line, column in [("b\tGOOD\t1", 3), ("b\tSUCCESS\tx", 11), ("b\tSUCCESS", 10), ("\tSUCCESS\t1", 1), ("b\tSUCCESS\t1\t2", 13), ("", 1)]:
            done = holdfast("retention", "plan", "elasticsearch", given=good + line + "\n" + good)
            self.assertEqual(done.returncode, USAGE, (line, done))
            self.assertIn(f"standard input, line 2: column {column}: ", done.stderr)

    def test_the_other_policies(self):
        for command, given, removed in [
                (["clickhouse", "--keep", "1", "--why"], "lone\nfull\ninc\tfull\n", "lone\tnot among the newest 1\n"),
                (["clickhouse", "--keep", "0"], "full\ninc\tfull\n", ""),
                (["victoria-metrics", "--keep-daily", "1", "--keep-weekly", "0"], "a\t2026-03-30T00:00:00Z\nb\t2026-03-31T00:00:00Z\n", "a\n"),
                (["victoria-metrics", "--keep-daily", "0", "--keep-weekly", "0"], "a\t2026-03-30T00:00:00Z\n", ""),
                (["stackgraph", "--delta", "30 days ago", "--now", NOW, "--tz", "UTC"], "a\t20260301-0259\nb\t20260301-0300\nc\n", "a\n"),
                (["stackgraph", "--delta", "now", "--now", NOW, "--tz", "UTC", "--why"], "a\t20260101-0300\n", "")]:
            done = holdfast("retention", "plan", *command, given=given)
            self.assertEqual((done.returncode, done.stdout), (0, removed), done)

    def test_json(self):
        done = holdfast("--output", "json", "schedule", "next", "kubernetes", "0 3 * * *", "--from", NOW, "--count", "1", "--tz", "Europe/Amsterdam")
        self.assertEqual(json.loads(done.stdout), {"dialect": "kubernetes", "expression": "0 3 * * *", "zone": "Europe/Amsterdam", "from": NOW,
                                                   "next": ["2026-04-01T03:00:00+02:00"]})
        done = holdfast("--output", "json", "retention", "cutoff", "1 day", "--now", NOW, "--tz", "UTC")
        self.assertEqual(json.loads(done.stdout), {"expression": "1 day", "now": NOW, "zone": "UTC", "cutoff": "2026-04-01T03:00:00+00:00", "in_future": True})
        done = holdfast("--output", "json", "retention", "plan", "elasticsearch", "--expire-after", "1s", "--now-ms", "2000",
                        given="a\tSUCCESS\t0\nb\tPARTIAL\t1500\n")
        self.assertEqual(json.loads(done.stdout), [{"name": "a", "remove": True, "reason": "older than expire_after"},
                                                   {"name": "b", "remove": False, "reason": "not older than expire_after"}])
        done = holdfast("--output", "json", "schedule", "next", "kubernetes", "x")
        self.assertEqual(json.loads(done.stderr)["exit_code"], USAGE)

    def test_a_prefixed_zone_is_read_with_a_warning(self):
        done = holdfast("schedule", "next", "kubernetes", "TZ=Europe/Amsterdam 0 3 * * *", "--from", NOW, "--count", "1", "--tz", "UTC")
        self.assertEqual((done.returncode, done.stdout), (0, "2026-04-01T01:00:00Z\n"))
        self.assertIn("Kubernetes refuses", done.stderr)

    def test_help_has_examples_that_work(self):
        shown = 0
        for command in (["schedule", "next"], ["retention", "cutoff"], *(["retention", "plan", policy] for policy in ("elasticsearch", "clickhouse", "victoria-metrics", "stackgraph"))):
            page = holdfast(*command, "--help")
            self.assertEqual(page.returncode, 0)
            examples = page.stdout.split("Examples:\n")[1].split("Exit codes:")[0].splitlines()
            for example in examples:
                shown += 1
                line = example.strip().replace("holdfast ", f"{processes.holdfast_binary()} ")
                done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, (line, done.stderr))
        self.assertGreaterEqual(shown, 10)


if __name__ == "__main__":
    unittest.main()
