"""Every expression that ships, on real Prometheus servers that scraped a relay under load: one that keeps native
histograms, one that knows only classic ones."""

import json
import math
import tempfile
import threading
import unittest

import yaml

from . import catalogue, live, servers, test_runbooks

NATIVE = "--enable-feature=native-histograms,exemplar-storage"
# Over windows longer than this test: the ratios of a day are checked by promtool.
LONG = ("30m", "1h", "2h", "6h", "1d", "3d")


def dashboard_expressions():
    for path in sorted((catalogue.ROOT / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target["expr"].replace("$__rate_interval", "10s")


def rule_expressions():
    for name in ("recording", "moltrelay"):
        for group in yaml.safe_load((catalogue.ROOT / f"alerts/{name}.yaml").read_text())["groups"]:
            for rule in group["rules"]:
                yield rule.get("record") or rule["alert"], rule["expr"], "alert" in rule


class LiveTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        # With everything that a panel shows only of a relay that has it.
        limits = {"max_memory_bytes": 8 << 30}
        cls.relay = live.Relay(folder, server={"tls": live.certificate(folder)}, limits=limits)
        cls.addClassCleanup(cls.relay.stop)
        cls.beside = [cls.relay_on(store) for store in (servers.Redis(folder), servers.Postgres(folder))]
        cls.servers = {
            "native": live.Prometheus(folder, cls.relay, NATIVE, beside=cls.beside),
            "classic": live.Prometheus(folder, cls.relay, beside=cls.beside),
        }
        for server in cls.servers.values():
            cls.addClassCleanup(server.stop)
        cls.enterClassContext(live.traffic(live.Traffic(cls.relay).run))
        for relay in cls.beside:
            connected = threading.Event()
            waiting = live.Traffic(relay)
            cls.enterClassContext(live.traffic(lambda done, w=waiting, c=connected: w.to_nobody(c, done)))
        for name, server in cls.servers.items():
            live.wait_until(
                lambda server=server: server.query("count_over_time(moltrelay_queue_wait_seconds_count[1m]) > 12")
                or server.query("count_over_time(moltrelay_queue_wait_seconds[1m]) > 12"),
                f"{name} scraped for a while",
            )

    @classmethod
    def relay_on(cls, store):
        cls.addClassCleanup(store.stop)
        relay = live.Relay(cls.enterClassContext(tempfile.TemporaryDirectory()), **store.settings())
        cls.addClassCleanup(relay.stop)
        return relay

    def test_panels_tell_the_back_ends_apart(self):
        board = json.loads((catalogue.ROOT / "dashboards/moltrelay-queues.json").read_text())
        titles = [panel["title"] for panel in board["panels"]]
        for panel in board["panels"][titles.index("By back end") + 1:]:
            for target in panel["targets"]:
                query = target["expr"].replace("$__rate_interval", "10s").replace("$relay", ".+").replace("$node", ".+")
                for form, server in self.servers.items():
                    with self.subTest(form=form, panel=panel["title"]):
                        live.wait_until(lambda: self.backends(server, query) == {"sqlite", "redis", "postgres"}, query)

    def backends(self, server, query):
        return {result["metric"].get("backend") for result in server.query(query)}

    def test_each_server_sees_its_form_of_histogram_only(self):
        classic, native = self.servers["classic"], self.servers["native"]
        self.assertTrue(classic.query("moltrelay_message_latency_bucket"))
        self.assertFalse(native.query("moltrelay_message_latency_bucket"))
        self.assertTrue(native.query("histogram_count(moltrelay_message_latency)"))

    def test_dashboards_show_something(self):
        for form, server in self.servers.items():
            for panel, expression in dashboard_expressions():
                with self.subTest(form=form, panel=panel):
                    filled = expression.replace("$relay", ".+").replace("$node", ".+")
                    self.assertTrue(server.query(filled), filled)

    def test_what_a_runbook_asks_is_answered(self):
        for form, server in self.servers.items():
            for page, query in test_runbooks.queries():
                with self.subTest(form=form, page=page):
                    live.wait_until(lambda: server.query(query), query)

    def test_rules_evaluate(self):
        for form, server in self.servers.items():
            for group in server.ask("rules")["groups"]:
                for rule in group["rules"]:
                    with self.subTest(form=form, rule=rule["name"]):
                        self.assertEqual(rule["health"], "ok", rule.get("lastError"))

    def test_recorded_ratios_are_there(self):
        for form, server in self.servers.items():
            for name, _, is_alert in rule_expressions():
                if not is_alert and not name.endswith(LONG):
                    with self.subTest(form=form, rule=name):
                        live.wait_until(lambda: server.query(name), name)

    def test_a_healthy_relay_raises_nothing(self):
        for form, server in self.servers.items():
            firing = {result["metric"]["alertname"] for result in server.query('ALERTS{alertstate="firing"}')}
            self.assertEqual(firing, set(), form)

    def test_quantiles_agree_within_a_bucket(self):
        bounds = sorted({float(result["metric"]["le"]) for result in self.servers["classic"].query("moltrelay_message_latency_bucket")})
        by_form = {
            "native": "histogram_quantile(0.9, sum(rate(moltrelay_message_latency[30s])))",
            "classic": "histogram_quantile(0.9, sum by (le) (rate(moltrelay_message_latency_bucket[30s])))",
        }
        found = {form: float(self.servers[form].query(query)[0]["value"][1]) for form, query in by_form.items()}
        places = {form: next(i for i, bound in enumerate(bounds) if value <= bound) for form, value in found.items()}
        self.assertFalse(any(math.isnan(value) for value in found.values()))
        self.assertLessEqual(abs(places["native"] - places["classic"]), 1, found)
