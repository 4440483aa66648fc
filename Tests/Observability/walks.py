"""A runbook followed on a real relay: the fault, the alert, what the page has one look at, the remedy, silence.

Commands, queries and log lines are taken from the page by their first words, so that a page that changes changes what is
run. Prometheus has the rules that ship with their waits cut out and their windows cut to seconds; promtool holds both.
"""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from . import catalogue, live

INTERVAL = "500ms"
WINDOWS = {"1m": "3s", "5m": "3s", "10m": "5s", "30m": "10s", "1h": "7s"}


def hurried(expression):
    return re.sub(r"\[(\w+)\]", lambda window: f"[{WINDOWS.get(window[1], '9s')}]", expression)


def hurried_rules(folder):
    for path in live.RULES:
        text = re.sub(r"^( +(?:for|interval)): .*$", rf"\1: {INTERVAL}", path.read_text(), flags=re.MULTILINE)
        copy = pathlib.Path(folder) / path.name
        copy.write_text(hurried(text).replace("process_start_time_seconds < 3600", "process_start_time_seconds < 10"))
        yield copy


class Page:
    def __init__(self, alert, test):
        self.alert, self.test = alert, test
        self.text = (catalogue.ROOT / f"docs/runbooks/{alert}.md").read_text()

    def span(self, start):
        """The page's code that starts so."""
        found = [span for span in re.findall(r"`([^`\n]+)`", self.text) if span.startswith(start)]
        self.test.assertTrue(found, f"{self.alert} has no `{start}`")
        return found[0]

    def run(self, start, relay, **words):
        """What a command of the page prints, with its capitals and <words> filled in."""
        command = self.span(start).replace("HOST:9090", f"127.0.0.1:{relay.metrics}")
        command = command.replace("localhost:9090", f"127.0.0.1:{relay.metrics}").replace("PID", str(relay.process.pid))
        for word, value in words.items():
            command = command.replace(word if word.isupper() else f"<{word}>", value)
        if command.startswith("moltrelay "):
            wanted = "" if "--config" in command else f" --socket {relay.folder}/admin.sock"
            command = f"{live.RELAY} {command.removeprefix('moltrelay ')}{wanted}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def ask(self, start, by=None):
        """What Prometheus answers to a query of the page: by its label, those above nothing."""
        answer = self.test.prometheus.query(hurried(self.span(start)))
        values = {result["metric"].get(by): float(result["value"][1]) for result in answer}
        return {name: value for name, value in values.items() if value > 0}

    def value(self, metric, most_of=None):
        """The sum of a metric that the page names, of the test's own relay; of the most each series had in that time."""
        selector = (self.span(metric) + "{}").replace("}{}", "}")
        joined = selector.replace("}", f'{"," if "{}" not in selector else ""}job="{self.test.job}"}}')
        if most_of:
            joined = f"max_over_time({joined}[{most_of}])"
        (result,) = self.test.prometheus.query(f"sum({joined})")
        return float(result["value"][1])

    def log(self, message, relay):
        """The newest line of the relay's log that the page names."""
        self.test.assertIn(f"`{message}`", self.text, self.alert)
        return live.wait_until(lambda: log_line(relay, message), f"`{message}` in the log")


def log_line(relay, message):
    lines = [json.loads(line) for line in (relay.folder / "relay.log").read_text().splitlines()]
    return next((line for line in reversed(lines) if message in (line["message"], line.get("event"))), None)


class WalkTests(unittest.TestCase):
    """Of one subject: they share Prometheus, and each has a relay of its own in a job of its own.

    Every job is there from the start: Prometheus takes five seconds to hear of another.
    """

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        names = unittest.defaultTestLoader.getTestCaseNames(cls)
        cls.ports = {name: (live.free_port(), live.free_port(), live.free_port()) for name in names}
        targets = folder / "targets.json"
        targets.write_text(json.dumps([
            {"targets": [f"127.0.0.1:{ports[0]}"], "labels": {"job": name}} for name, ports in cls.ports.items()
        ]))
        rules = list(hurried_rules(folder))
        cls.prometheus = live.Prometheus(folder, None, rules=rules, targets=targets, interval=INTERVAL)
        cls.addClassCleanup(cls.prometheus.stop)

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.job = self._testMethodName

    def relay(self, folder=None, **settings):
        relay = live.Relay(folder or self.folder, ports=self.ports[self.job], **settings)
        self.addCleanup(relay.stop)
        self.is_scraped()
        return relay

    def is_scraped(self):
        live.wait_until(lambda: self.prometheus.query(f'up{{job="{self.job}"}} == 1'), "the relay is scraped")

    def alerts(self, alert, state="firing"):
        return self.prometheus.query(f'ALERTS{{alertname="{alert}", alertstate="{state}", job="{self.job}"}}')

    def fires(self, alert):
        """The page of an alert, once it fires."""
        live.wait_until(lambda: self.alerts(alert), f"{alert} fires")
        return Page(alert, self)

    def is_silent(self, *alerts):
        for alert in alerts:
            live.wait_until(lambda: not self.alerts(alert) and not self.alerts(alert, "pending"), f"{alert} is silent")


    @contextlib.contextmanager
    def messages_to_nobody(self, relay, size=300):
        connected = threading.Event()
        with live.traffic(lambda done: live.Traffic(relay).to_nobody(connected, done, size)):
            self.assertTrue(connected.wait(30))
            yield


@contextlib.contextmanager
def injected(relay, calls, fault):
    """System calls of a relay that fail or take long, as strace's `inject` says it."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(relay.process.pid), "-e", f"trace={calls}"]
    tracer = subprocess.Popen([*command, "-e", f"inject={calls}:{fault}"])
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGTERM)
        tracer.wait(30)
