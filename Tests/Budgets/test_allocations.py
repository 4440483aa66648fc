"""Allocations of the message path and of a scrape, against Benchmarks/Thresholds/allocations.json."""

import json
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
THRESHOLDS = ROOT / "Benchmarks" / "Thresholds" / "allocations.json"
COUNTER = pathlib.Path(os.environ.get("ALLOCATION_COUNT", ROOT / ".build" / "release" / "allocation-count"))


class AllocationTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run([COUNTER], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{COUNTER}: {done.stderr}")
        cls.counts = json.loads(done.stdout)
        cls.thresholds = json.loads(THRESHOLDS.read_text())

    def test_none_is_over_its_threshold(self):
        over = {name: (count, self.thresholds[name]) for name, count in self.counts.items() if count > self.thresholds[name]}
        self.assertEqual(over, {}, "name: (allocations, threshold)")

    def test_every_threshold_is_counted(self):
        self.assertEqual(set(self.counts), set(self.thresholds))

    def test_a_scrape_allocates_no_more_for_more_series(self):
        self.assertEqual(self.counts["scrape_of_1000_series"], self.counts["scrape_of_10000_series"])


if __name__ == "__main__":
    unittest.main()
