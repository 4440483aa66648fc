"""The load generator against a relay that checks every byte of it, and against relays that do one thing wrong."""

import json
import os
import pathlib
import subprocess
import unittest

from strict_relay import StrictRelay

LOAD = pathlib.Path(__file__).resolve().parent.parent / ".build" / "bench" / "load"


def run(relay: StrictRelay, *arguments: str) -> subprocess.CompletedProcess:
    command = [LOAD, "--port", str(relay.port), "--pid", str(os.getpid()), "--agents", "6", "--window", "8"]
    command += ["--warmup", "0.1", "--seconds", "0.4", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60)
    finally:
        relay.close()


class HonestRelay(unittest.TestCase):
    def measure(self, *arguments: str) -> dict:
        relay = StrictRelay()
        done = run(relay, *arguments)
        self.assertEqual(relay.complaints, [])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(relay.pongs, 6)
        result = json.loads(done.stdout)
        self.assertEqual((result["lost"], result["refused"]), (0, 0))
        self.assertEqual(result["sent"], relay.seen)
        self.assertGreater(result["messages"], 0)
        return result

    def test_pairs(self):
        result = self.measure()
        self.assertEqual(result["received"], result["sent"])

    def test_scatter(self):
        result = self.measure("--pattern", "scatter")
        self.assertEqual(result["received"], result["sent"])

    def test_several_frames_in_a_message(self):
        self.measure("--frames-each", "5")

    def test_small_and_large_payloads(self):
        self.measure("--payload", "16")
        self.measure("--payload", "40000")

    def test_pace(self):
        result = self.measure("--rate", "200", "--seconds", "1")
        self.assertLessEqual(result["sent"], 221 + 1)

    def test_acknowledged_by_recipients(self):
        result = self.measure("--at-least-once")
        self.assertEqual(result["received"], result["sent"])

    def test_acknowledged_by_the_queue(self):
        result = self.measure("--at-least-once", "--away", "50")
        self.assertEqual(result["received"], 0)


class FaultyRelay(unittest.TestCase):
    def finds(self, fault: str, words: str, *arguments: str) -> None:
        relay = StrictRelay(fault)
        done = run(relay, *arguments)
        self.assertGreaterEqual(relay.seen, 100)
        self.assertEqual(done.returncode, 1)
        self.assertIn(words, done.stderr + done.stdout)

    def test_lost_in_a_pair(self):
        self.finds("lose", "was next")

    def test_lost_in_scatter(self):
        self.finds("lose", '"lost":1}', "--pattern", "scatter")

    def test_delivered_twice(self):
        self.finds("twice", "was next")

    def test_delivered_twice_in_scatter(self):
        self.finds("twice", "more answers than messages", "--pattern", "scatter", "--window", "1", "--agents", "2")

    def test_altered_under_a_right_checksum(self):
        self.finds("alter", "altered")

    def test_wrong_checksum(self):
        self.finds("damage", "checksum")

    def test_delivered_to_somebody_else(self):
        # Not in pairs: there the right recipient may notice first that one is missing.
        self.finds("misroute", "somebody else", "--pattern", "scatter")

    def test_refused(self):
        self.finds("refuse", '"refused":1', "--at-least-once", "--away", "50")

    def test_unacknowledged(self):
        self.finds("lose", '"lost":1}', "--at-least-once", "--away", "50")


if __name__ == "__main__":
    unittest.main()
