import json
import subprocess
import sys
import unittest

from . import catalogue

GUIDE_PANELS = {"Active Connections", "Messages/sec", "P99 Latency", "Queue Depth"}


def boards():
    for path in sorted((catalogue.ROOT / "dashboards").glob("*.json")):
        yield path.name, json.loads(path.read_text())


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


class DashboardTests(unittest.TestCase):
    def test_are_what_the_generator_makes(self):
        check = subprocess.run([sys.executable, "-m", "Scripts.dashboards", "--check"], cwd=catalogue.ROOT, capture_output=True)
        self.assertEqual(check.returncode, 0, check.stderr.decode())

    def test_there_are_five_of_a_schema_grafana_11_reads(self):
        self.assertEqual(len(list(boards())), 5)
        for name, board in boards():
            self.assertGreaterEqual(board["schemaVersion"], 39, name)
            self.assertEqual([v["name"] for v in board["templating"]["list"]], ["datasource", "relay", "node"], name)

    def test_every_panel_has_a_unit_a_description_and_a_way_on(self):
        for name, board in boards():
            for panel in panels(board):
                with self.subTest(board=name, panel=panel["title"]):
                    self.assertTrue(panel["fieldConfig"]["defaults"].get("unit"))
                    self.assertGreater(len(panel["description"]), 20)
                    self.assertTrue(panel["links"])

    def test_links_lead_somewhere(self):
        uids = {board["uid"] for _, board in boards()}
        for name, board in boards():
            for link in (link for panel in panels(board) for link in panel["links"]):
                with self.subTest(board=name, link=link["url"]):
                    if link["url"].startswith("/d/"):
                        self.assertIn(link["url"].removeprefix("/d/").split("?")[0], uids)
                    else:
                        path = link["url"].partition("/blob/main/")[2]
                        self.assertTrue((catalogue.ROOT / path).is_file())

    def test_no_datasource_is_named(self):
        for name, board in boards():
            for panel in panels(board):
                for source in [panel["datasource"], *(target["datasource"] for target in panel["targets"])]:
                    self.assertEqual(source["uid"], "${datasource}", name)
            ids = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(ids), len(set(ids)), name)

    def test_the_guides_panels_are_there(self):
        overview = next(board for _, board in boards() if board["title"] == "MoltRelay Overview")
        self.assertLessEqual(GUIDE_PANELS, {panel["title"] for panel in panels(overview)})

    def test_expressions_name_what_the_relay_has(self):
        metrics = catalogue.read()
        for name, board in boards():
            for panel in panels(board):
                for target in panel["targets"]:
                    with self.subTest(board=name, panel=panel["title"]):
                        self.assertEqual(list(catalogue.complaints(target["expr"], metrics)), [])

    def test_histograms_are_asked_for_in_both_forms(self):
        metrics = catalogue.read()
        for name, board in boards():
            for panel in panels(board):
                for target in panel["targets"]:
                    expression = target["expr"]
                    for histogram in (m for m, metric in metrics.items() if metric.kind == "histogram" and m in expression):
                        with self.subTest(board=name, panel=panel["title"]):
                            self.assertIn(f"{histogram}{{", expression)
                            self.assertRegex(expression, rf"{histogram}_(bucket|sum|count){{")


class CatalogueTests(unittest.TestCase):
    """The checks above are worth something only if they see a wrong name."""

    def test_sees_what_is_not_there(self):
        for expression, complaint in {
            "moltrelay_messages_totals": "no metric moltrelay_messages_totals",
            "rate(moltrelay_messages_total_bucket[5m])": "no metric moltrelay_messages_total_bucket",
            'sum(moltrelay_health_tier{tiers="x"})': "moltrelay_health_tier has no label tiers",
            'up and moltrelay_health_tier{tier=~"liveness|lively"}': "moltrelay_health_tier has no tier 'lively'",
            "vector(1)": "names no metric: vector(1)",
            'histogram_quantile(0.9, sum by (le) (rate(moltrelay_message_latency_bukket[1m])))':
                "no metric moltrelay_message_latency_bukket",
        }.items():
            with self.subTest(expression):
                self.assertEqual(list(catalogue.complaints(expression)), [complaint])
