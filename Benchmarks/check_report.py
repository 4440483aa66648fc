"""What becomes of the rounds: evidence, summary, budgets, table, picture; and the run itself, on the floor."""

import json
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import budgets
import evidence
import picture
import table
from scenarios import ALL, SCENARIOS

# The file is read by other programs: a key that goes or changes its meaning is a new schema.
KEYS = "schema started command machine load_before rounds seconds servers took_seconds summary budgets results"
ROW_KEYS = (
    "scenario server rounds rate server_cpu_us_per_message messages_per_second messages_per_read latency_of p50_us p99_us "
    "p999_us server_cores client_cores resident_bytes bytes_per_connection connections connections_per_second spared_share "
    "syncs_per_message relay_cpu_ratio relay_throughput_ratio growth"
)

HERE = pathlib.Path(__file__).resolve().parent


def spoken(server: str, scenario: str = "pairs-256", **changed) -> dict:
    """A round as the generator and the server tell it, nothing wrong with it."""
    result = {
        "scenario": scenario, "server": server, "pattern": "pairs", "delivery": "best_effort", "away": 0, "agents": 100,
        "payload_bytes": 256,
        "rate": 0, "sent": 1000, "lost": 0, "refused": 0, "server_cpu_us_per_message": 1.0,
        "messages_per_second": 1000.0, "messages_per_read": 1.0, "server_cores": 0.5, "client_cores": 0.4,
        "latency_of": "delivery", "latency_us": {"p50": 1.0, "p99": 2.0, "p999": 3.0}, "connect_seconds": 0.1,
        "server_resident_bytes": {"before": 0, "connected": 102400, "after": 204800}, "counts": {},
    }  # fmt: skip
    if server == "moltrelay":
        names = ("dropped", "queued", "elided", "committed", "commits", "store_failures")
        result["counts"] = dict.fromkeys(names, 0) | {"accepted": 1000, "delivered": 1000}
    if server.startswith("nats"):
        result["counts"] = {"accepted": 1000, "delivered": 1000, "slow": 0}
    return result | changed


def report(*rounds: dict) -> dict:
    rows = table.summarise(list(rounds))
    return {
        "started": "2026-01-01T00:00:00+00:00", "command": "Benchmarks/run", "rounds": 1, "seconds": 2,
        "took_seconds": 60, "load_before": 0.0, "servers": {"moltrelay": "moltrelay 1", "nats": "nats-server: v2.9.10"},
        "machine": {"cpus": 2, "model": "m", "kernel": "6", "system": "s", "file_system": "ext4", "open_files": 9,
                    "congestion_control": "bbr", "commit": "0" * 40},
        "summary": rows, "budgets": budgets.judged(rows),
    }  # fmt: skip


class Evidence(unittest.TestCase):
    def refutes(self, words: str, result: dict) -> None:
        self.assertIn(words, "; ".join(evidence.contradictions(result)))

    def stored(self, **counts) -> dict:
        result = spoken("moltrelay", away=10, delivery="at_least_once")
        result["counts"] |= {"delivered": 0, "queued": 1000, "committed": 1000, "written": 400_000} | counts
        return result

    def kept(self, queued: int) -> dict:
        return {"queued": queued, "written": 400_000}

    def test_what_agrees(self):
        for server in ("moltrelay", "nats", "nats-new", "floor"):
            self.assertEqual(evidence.contradictions(spoken(server)), [])
        self.assertEqual(evidence.contradictions(self.stored()), [])
        self.assertEqual(evidence.contradictions(spoken("jetstream", away=10, counts=self.kept(1000))), [])

    def test_lost_or_refused(self):
        self.refutes("lost 1", spoken("floor", lost=1))
        self.refutes("refused 2", spoken("floor", refused=2))

    def test_a_relay_that_counts_otherwise(self):
        result = spoken("moltrelay")
        self.refutes("delivered 999", result | {"counts": result["counts"] | {"delivered": 999}})
        self.refutes("dropped 1", result | {"counts": result["counts"] | {"dropped": 1}})

    def test_stored_means_committed_and_not_spared(self):
        self.refutes("committed 0", self.stored(committed=0))
        self.refutes("elided 7", self.stored(elided=7))
        self.refutes("queued 999", self.stored(queued=999))

    def test_stored_means_on_disk(self):
        self.refutes("1000 messages stored in 4096 bytes", self.stored(written=4096))

    def test_a_write_is_spared_or_made(self):
        result = spoken("moltrelay", delivery="at_least_once")
        result["counts"] |= {"elided": 600, "committed": 800}
        self.assertEqual(evidence.contradictions(result), [])
        result["counts"]["committed"] = 399
        self.refutes("600 writes spared, 399 made", result)

    def test_a_stream_that_kept_less(self):
        self.refutes("queued 999", spoken("jetstream-sync", away=10, counts=self.kept(999)))


class Summary(unittest.TestCase):
    def test_spread_and_ratio_of_minima(self):
        cpu = "server_cpu_us_per_message"
        rows = table.summarise(
            [spoken("moltrelay", **{cpu: 1.0}), spoken("moltrelay", **{cpu: 9.0}), spoken("nats", **{cpu: 4.0})]
        )
        self.assertEqual(rows[0][cpu], {"min": 1.0, "median": 5.0, "max": 9.0})
        self.assertEqual([row["relay_cpu_ratio"] for row in rows], [1.0, 0.25])

    def test_no_throughput_where_the_generator_set_the_pace(self):
        rows = table.summarise([spoken("moltrelay"), spoken("floor", client_cores=0.99)])
        self.assertIsNone(rows[1]["relay_throughput_ratio"])
        self.assertIn("1000*", table.text(report(spoken("floor", client_cores=0.99))))
        rows = table.summarise([spoken("moltrelay", rate=10), spoken("nats", rate=10)])
        self.assertIsNone(rows[1]["relay_throughput_ratio"])

    def test_what_fell_behind_its_pace_is_marked_and_not_judged(self):
        rounds = (spoken("moltrelay", "paced-10k", rate=10000), spoken("nats", "paced-10k", rate=1000))
        self.assertEqual([row["relay_cpu_ratio"] for row in table.summarise(list(rounds))], [None, None])
        self.assertIn("1000<", table.text(report(*rounds)))

    def test_growth(self):
        few = spoken("moltrelay", "agents-1k", agents=1000)
        many = spoken("moltrelay", "agents-15k", agents=15000, server_cpu_us_per_message=1.4)
        verdicts = report(few, many)["budgets"]
        self.assertEqual([(verdict["value"], verdict["met"]) for verdict in verdicts], [(1.4, False)])
        self.assertIn("missed", table.text(report(few, many)))

    def test_every_budget_names_a_scenario_and_one_of_its_servers(self):
        for budget in budgets.BUDGETS:
            self.assertIn(budget.of, SCENARIOS[budget.scenario].servers)
            self.assertIn(budget.scenario, ALL)


class Picture(unittest.TestCase):
    def test_it_is_svg_with_a_bar_for_each_server(self):
        drawn = picture.drawn(report(spoken("moltrelay"), spoken("nats"), spoken("nats", "window-1")))
        root = xml.etree.ElementTree.fromstring(drawn)
        bars = [at for at in root.iter() if at.tag.endswith("rect") and at.get("class") != "page"]
        self.assertEqual(len(bars), 3)
        self.assertIn("NATS 2.9.10", drawn)
        self.assertIn("prefers-color-scheme:dark", drawn)

    def test_every_panel_is_a_scenario(self):
        for _, scenario, _ in picture.PANELS:
            self.assertIn(scenario, ALL)


class Run(unittest.TestCase):
    def test_the_floor_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder) / "results.json"
            command = [HERE / "run", "--quick", "--targets", "floor", "--seconds", "0.2", "--json", results]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            written = json.loads(results.read_text())
        self.assertEqual(" ".join(written), KEYS)
        self.assertEqual(" ".join(written["summary"][0]), ROW_KEYS)
        self.assertEqual(written["schema"], 1)
        self.assertEqual([row["scenario"] for row in written["summary"]], ["pairs-256", "scatter-256", "window-1"])
        self.assertGreater(written["summary"][0]["server_cpu_us_per_message"]["min"], 0)
        self.assertEqual({row["round"] for row in written["results"]}, {1})

    def test_a_server_that_is_not_there_is_said(self):
        command = [HERE / "run", "--targets", "nats-new", "--nats-new", "/nowhere"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertIn("left out", done.stdout)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
