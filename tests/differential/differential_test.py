#!/usr/bin/env python3
"""Some thousands of random cases of every rule, half of them new each time. What finds a difference is run again by the seed that is printed."""
import os
import pathlib
import random
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import differential  # noqa: E402

CASES = int(os.environ.get("HOLDFAST_DIFFERENTIAL_CASES", "2000"))


class DifferentialTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="holdfast-differential-")
        cls.sides = differential.Sides(pathlib.Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, rule: str):
        for seed in ("1", str(random.SystemRandom().randint(0, 10**9))):
            try:
                differences = differential.run(rule, CASES, seed, self.sides)
            except differential.Missing as missing:
                self.skipTest(str(missing))
            self.assertEqual(differences[:5], [], f"{len(differences)} of {CASES} with seed {seed}")

    def test_kubernetes(self):
        self.check("kubernetes")

    def test_cronexpr(self):
        self.check("cronexpr")

    def test_elasticsearch(self):
        self.check("elasticsearch")

    def test_gnu_date(self):
        self.check("date")

    def test_time_values(self):
        self.check("timevalue")

    def test_snapshot_policies(self):
        self.check("slm")


if __name__ == "__main__":
    unittest.main()
