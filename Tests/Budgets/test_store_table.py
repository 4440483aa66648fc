"""What store_table.py makes of rounds."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))
import store_table


def round_of(subject: str, rows: int, own: float, server: float) -> dict:
    figures = {"rows": rows, "own": own, "server": server}
    batches = store_table.BATCHES
    return {"subject": subject, "figures": {f"{batch} {what}": figures for batch in batches for what in ("put", "remove")}}


class StoreTableTests(unittest.TestCase):
    def test_the_best_round_counts(self):
        summary = store_table.summarise([round_of("sqlite", 900, 5, 0), round_of("sqlite", 1000, 6, 0)])
        self.assertEqual(summary["sqlite"]["100 put"], {"rows": 1000, "own": 5, "server": 0})

    def test_a_store_is_held_against_its_bare_client(self):
        rounds = [round_of("postgres", 1000, 4, 22), round_of("postgres-bare", 1300, 1, 19)]
        summary = store_table.summarise(rounds)
        self.assertEqual(store_table.over_bare(summary, "postgres", "100 put"), (1.3, 1.3))
        self.assertTrue(all(goal["met"] for goal in store_table.judged(summary)))
        rounds[0] = round_of("postgres", 900, 4, 22)
        goals = store_table.judged(store_table.summarise(rounds))
        self.assertEqual([goal["met"] for goal in goals], [False, True, False, True])

    def test_sqlite_is_held_against_jetstream(self):
        rounds = [round_of("sqlite", 1000, 3, 0), round_of("jetstream", 900, 9, 6), round_of("jetstream-sync", 101, 1, 90)]
        goals = store_table.judged(store_table.summarise(rounds))
        self.assertEqual([(goal["value"], goal["met"]) for goal in goals], [(0.5, True), (9.9, False)])

    def test_a_page_gets_the_table_in_its_place(self):
        summary = store_table.summarise([round_of("sqlite", 1000, 3, 0)])
        machine = {"commit": "c" * 40, "cpus": 2, "model": "m", "kernel": "k", "file_system": "ext4"}
        report = {"started": "2026-11-26T00:00:00", "command": "x", "rounds": 1, "load_before": 0, "servers": {}}
        report |= {"machine": machine, "summary": summary, "goals": []}
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text(f"before\n{store_table.BEGIN}\nold\n{store_table.END}\nafter\n")
            store_table.publish(report, page)
            text = page.read_text()
            self.assertIn("| SQLite, the store | 100 | 1,000 | 3.0 |", text)
            self.assertNotIn("old", text)
            self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"))
            page.write_text("no place")
            with self.assertRaises(SystemExit):
                store_table.publish(report, page)


if __name__ == "__main__":
    unittest.main()
