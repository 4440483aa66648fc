import pathlib
import re
import subprocess
import unittest

import yaml

from . import catalogue

ALERTS = catalogue.ROOT / "alerts"
GUIDE = {
    "RelayHighLatency": ("5m", "warning", "Relay message latency > 100ms"),
    "RelayConnectionDrops": ("2m", "critical", "High rate of connection errors"),
    "RelayQueueBacklog": ("10m", "warning", "Message queue backlog growing"),
}


def rules():
    for group in yaml.safe_load((ALERTS / "moltrelay.yaml").read_text())["groups"]:
        yield from group["rules"]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ALERTS)
    return done.returncode, done.stdout + done.stderr


class AlertTests(unittest.TestCase):
    def test_promtool_takes_them(self):
        status, output = run("promtool", "check", "rules", "recording.yaml", "moltrelay.yaml")
        self.assertEqual(status, 0, output)

    def test_each_fires_and_stays_silent(self):
        files = sorted(str(path) for path in (ALERTS / "tests").glob("*.yaml"))
        status, output = run("promtool", "test", "rules", *files)
        self.assertEqual(status, 0, output)
        cases = "\n".join(pathlib.Path(path).read_text() for path in files)
        for alert in {rule["alert"] for rule in rules()}:
            with self.subTest(alert):
                fires = rf'ALERTS{{alertname="{alert}", alertstate="firing", severity|alertname: {alert}\n +exp_alerts:\n'
                silent = rf'alertname="{alert}"[^\n]*\n +eval_time: \S+\n +exp_samples: \[\]|alertname: {alert}\n +exp_alerts: \[\]'
                self.assertTrue(re.search(fires, cases), "no case in which it fires")
                self.assertTrue(re.search(silent, cases), "no case in which it stays silent")

    def test_amtool_takes_the_routing(self):
        status, output = run("amtool", "check-config", "alertmanager.example.yaml")
        self.assertEqual(status, 0, output)

    def test_the_guides_are_there_to_the_letter(self):
        found = {rule["alert"]: (rule["for"], rule["labels"]["severity"], rule["annotations"]["summary"]) for rule in rules() if rule["alert"] in GUIDE}
        self.assertEqual(found, GUIDE)

    def test_each_says_what_and_leads_to_its_page(self):
        pages = {path.stem for path in (catalogue.ROOT / "docs/runbooks").glob("*.md")}
        self.assertEqual(pages, {rule["alert"] for rule in rules()})
        for rule in rules():
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
                page = rule["annotations"]["runbook_url"].partition("/blob/main/")[2]
                self.assertEqual(page, f"docs/runbooks/{rule['alert']}.md")
                values = rule["alert"] in ("RelayAbsent", "RelayNotReady", "RelayStoreDown", "RelayReloadFailed", "RelayDown", "RelayHealthWarning", "RelayDrainForgotten")
                self.assertTrue(values or "$value" in rule["annotations"]["description"])

    def test_expressions_name_what_the_relay_has(self):
        recording = yaml.safe_load((ALERTS / "recording.yaml").read_text())["groups"]
        recorded = [rule for group in recording for rule in group["rules"]]
        for rule in [*rules(), *recorded]:
            with self.subTest(rule.get("alert") or rule["record"]):
                self.assertEqual(list(catalogue.complaints(rule["expr"])), [])

    def test_pages_name_what_the_relay_has(self):
        metrics = catalogue.read()
        known = set(metrics) | {f"{m}_{s}" for m, v in metrics.items() if v.kind == "histogram" for s in ("sum", "count", "bucket")}
        known |= set(catalogue.OTHER_METRICS)
        for path in (catalogue.ROOT / "docs").rglob("*.md"):
            # `moltrelay_tls_*` stands for all that begin so.
            for name, rest in re.findall(r"\b((?:moltrelay_|process_(?!id\b))[a-z_0-9]+)(\*?)", path.read_text()):
                with self.subTest(page=path.name, name=name):
                    named = name in known or name == "moltrelay_messages_unaccounted"
                    self.assertTrue(named or rest and any(metric.startswith(name) for metric in known))



if __name__ == "__main__":
    unittest.main()
