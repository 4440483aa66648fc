"""From a fault to the pager: a relay whose disk fails, Prometheus with the rules that ship, Alertmanager with the routing
that ships, and a webhook."""

import asyncio
import contextlib
import http.server
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from . import catalogue, live


class Webhook:
    def __init__(self):
        notices = self.notices = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                notices.extend((self.path, alert["labels"]["alertname"], alert["status"]) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_port}"


def hurried_rules(folder):
    """The rules with their waits cut to two seconds; promtool holds the waits themselves."""
    for path in live.RULES:
        copy = pathlib.Path(folder) / path.name
        copy.write_text(re.sub(r"^( +(?:for|interval)): .*$", r"\1: 2s", path.read_text(), flags=re.MULTILINE))
        yield copy


def hurried_routing(webhook):
    text = (catalogue.ROOT / "alerts/alertmanager.example.yaml").read_text()
    text = re.sub(r"group_(wait|interval): \S+", r"group_\1: 1s", text)
    return text.replace("127.0.0.1:9095", webhook.address)


class PagingTests(unittest.TestCase):
    def test_a_failing_disk_pages_once_and_resolves(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        webhook = Webhook()
        self.addCleanup(webhook.close)
        relay = live.Relay(folder)
        self.addCleanup(relay.stop)
        alertmanager = live.Alertmanager(folder, hurried_routing(webhook))
        self.addCleanup(alertmanager.stop)
        prometheus = live.Prometheus(folder, relay, alertmanager=alertmanager, rules=list(hurried_rules(folder)))
        self.addCleanup(prometheus.stop)
        live.wait_until(lambda: prometheus.query("moltrelay_build_info"), "the relay is scraped")

        connected, done = threading.Event(), threading.Event()
        traffic = threading.Thread(target=lambda: asyncio.run(live.Traffic(relay).to_nobody(connected, done)))
        traffic.start()
        self.addCleanup(traffic.join)
        self.addCleanup(done.set)
        self.assertTrue(connected.wait(30))
        failing = "inject=fsync,fdatasync:error=EIO"
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(relay.process.pid), "-e", "trace=fsync,fdatasync", "-e", failing]
        )
        self.addCleanup(self.let_go, tracer)

        page = ("/night", "RelayStoreDown", "firing")
        live.wait_until(lambda: page in webhook.notices, "the page", seconds=120)
        pending = live.wait_until(
            lambda: prometheus.query('ALERTS{alertname="RelayNotReady", alertstate="firing"}'), "RelayNotReady fires too"
        )
        self.assertTrue(pending)
        self.let_go(tracer)
        live.wait_until(lambda: ("/night", "RelayStoreDown", "resolved") in webhook.notices, "the all-clear", seconds=120)
        told = {name for _, name, status in webhook.notices if status == "firing"}
        self.assertNotIn("RelayNotReady", told, "what follows from the store is not told apart from it")

    def let_go(self, tracer):
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGTERM)
        tracer.wait(30)
