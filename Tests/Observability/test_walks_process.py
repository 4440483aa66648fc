"""The runbooks of the process itself, its latency and its telemetry, walked through."""

import asyncio
import http.server
import json
import socket
import subprocess
import threading

from . import live, walks


class ProcessWalks(walks.WalkTests):
    def test_latency_and_event_loop_lag(self):
        relay = self.relay()
        with live.traffic(live.Traffic(relay).run):
            with walks.injected(relay, "write,writev,sendto,sendmsg", "delay_enter=150000"):
                self.fires("RelayLatencyBudgetBurn")
                page = self.fires("RelayHighLatency")
                stages = page.ask("sum by (stage)", by="stage")
                self.assertGreater(stages["route"], 0.01, "the loop is held up")
                self.assertRegex(page.run("moltrelay slow", relay), r"(?m)^[0-9a-f-]{36} +\d+ ms +(route|enqueue|write) \d+ %")
                page = self.fires("RelayEventLoopLag")
                self.assertLess(page.ask("rate(process_cpu")[None], 0.5, "no CPU used and late all the same")
            self.is_silent("RelayHighLatency", "RelayEventLoopLag", "RelayLatencyBudgetBurn")

    def test_file_descriptors_low(self):
        relay = self.relay()
        pid = relay.process.pid
        with live.traffic(live.Traffic(relay).stay):
            page = walks.Page("RelayFileDescriptorsLow", self)
            before = self.limit(relay)
            subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={int(page.run('ls /proc/PID/fd', relay)) + 2}:"], check=True)
            self.fires("RelayFileDescriptorsLow")
            self.assertRegex(page.run("ls -l", relay), r"(?m)^ +\d+ socket$")
            self.assertEqual(page.value("moltrelay_connections_active"), 1)
            self.assertEqual(page.run("prlimit", relay, LIMIT=before), "")
            self.is_silent("RelayFileDescriptorsLow")

    def limit(self, relay):
        command = ["prlimit", "--pid", str(relay.process.pid), "--nofile", "--output=HARD", "--noheadings"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def test_health_warning(self):
        relay = self.relay(limits={"max_connections": 2}, queue={"max_total_size_bytes": 1 << 20, "max_share_per_sender": 1}, messages={"max_size_bytes": 65536})
        agents = live.Traffic(relay)

        async def fill(done):
            alice = await agents.connect("alice")
            for _ in range(16):
                await alice.send_message(alice.message("nobody", b"x" * 60_000, delivery=2))
            while not done.is_set():
                await asyncio.sleep(0.1)
            await alice.close()

        with live.traffic(fill), live.traffic(lambda done: agents.fetch(done, "bob")):
            page = self.fires("RelayHealthWarning")
            live.wait_until(lambda: len(self.alerts("RelayHealthWarning")) == 2, "both warnings")
            checks = {check["name"]: check for check in json.loads(page.run("curl", relay))["checks"] if check["status"] == "warn"}
            self.assertEqual(set(checks), {"connections", "queue"})
            for name, check in checks.items():
                self.assertIn(f"| `{name}` |", page.text)
                self.assertIn(" there is room for 2" if name == "connections" else "max_total_size_bytes", check["reason"])
        with live.traffic(lambda done: agents.fetch(done, "nobody")):
            self.is_silent("RelayHealthWarning")

    def test_telemetry_loss(self):
        collector, statsd = live.free_port(), live.free_port()
        relay = self.relay(
            tracing={"enabled": True, "jaeger": {"endpoint": f"http://127.0.0.1:{collector}/api/traces", "sample_rate": 1}},
            metrics={"statsd": {"enabled": True, "address": f"127.0.0.1:{statsd}", "flush_interval_ms": 500}},
        )
        with live.traffic(live.Traffic(relay).run):
            page = self.fires("RelayTelemetryLoss")
            live.wait_until(lambda: len(self.alerts("RelayTelemetryLoss")) == 2, "traces and statsd")
            losses = self.prometheus.query(walks.hurried(page.span("sum by (signal, cause)")) + " > 0")
            self.assertIn({"signal": "statsd", "cause": "refused"}, [loss["metric"] for loss in losses])
            self.assertIn("Connection refused", page.log("trace collector takes no spans", relay)["reason"])
            self.assertEqual(page.log("statsd server not reached", relay)["reason"], "nobody listens there")
            taker = http.server.ThreadingHTTPServer(("127.0.0.1", collector), Taking)
            threading.Thread(target=taker.serve_forever, daemon=True).start()
            self.addCleanup(taker.server_close)
            self.addCleanup(taker.shutdown)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
                taken.bind(("127.0.0.1", statsd))
                self.is_silent("RelayTelemetryLoss")

    def test_a_log_that_takes_nothing(self):
        """It warns at once; lines are lost, and RelayTelemetryLoss fires, when megabytes wait."""
        relay = self.relay(logging={"output": "/dev/full"})
        with live.traffic(live.Traffic(relay).run):
            page = self.fires("RelayHealthWarning")
            self.assertGreater(page.value("moltrelay_log_write_errors_total"), 0)
            (check,) = [check for check in json.loads(page.run("curl", relay))["checks"] if check["status"] == "warn"]
            self.assertEqual(check["name"], "log")
            self.assertEqual(check["reason"], "the log's output refuses what is written")

class Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_):
        pass
