#!/usr/bin/env python3
"""Ten days of Elasticsearch: 20 indices, a snapshot a day with changes between, each of them restored. HOLDFAST_LONG_DOCUMENTS=500000 for the
whole size; the default keeps it short."""
import os
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import elasticsearch_data as data  # noqa: E402
from elasticsearch_cases import REPOSITORY, STORE, StoreTestCase  # noqa: E402

DOCUMENTS = int(os.environ.get("HOLDFAST_LONG_DOCUMENTS", "20000"))
DAYS = 10


class LongTest(StoreTestCase):
    def test_ten_daily_snapshots_each_restored(self):
        indices = data.names(4)
        self.assertEqual(len(indices), 20)
        for number, index in enumerate(indices):
            data.create(self.node, index, DOCUMENTS // len(indices), {"today": {"is_write_index": True}} if number == 0 else {})
        states, sent = {}, []
        for day in range(DAYS):
            if day:
                data.change(self.node, indices, day, share=0.02)
            outcome = self.backup()
            states[outcome["name"]] = self.state()
            sent.append(outcome["bytes_sent"])
        self.assertEqual(self.names(), list(states))
        self.assertTrue(all(each < sent[0] / 2 for each in sent[1:]), sent)
        order = list(states)
        random.Random(7).shuffle(order)
        for number, name in enumerate(order):
            with self.subTest(name):
                if number % 3 == 2:
                    data.delete(self.node)
                self.restore(name, "--force")
                self.assertEqual(self.state(), states[name])
                self.assert_clean()
        self.holdfast("verify", STORE, "--deep")
        self.assertEqual(len(self.node.snapshots(REPOSITORY)), DAYS)


if __name__ == "__main__":
    unittest.main()
