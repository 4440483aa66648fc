"""The runbooks of relays that are not there, do not want to be, or stay on an old configuration, walked through."""

import json
import signal
import subprocess

from . import live, walks


class UpWalks(walks.WalkTests):
    def test_absent(self):
        live.wait_until(lambda: self.prometheus.query('ALERTS{alertname="RelayAbsent", alertstate="firing"}'), "it fires")
        page = walks.Page("RelayAbsent", self)
        self.assertIn("# HELP", page.run("curl", self.relay()))
        live.wait_until(lambda: not self.prometheus.query('ALERTS{alertname="RelayAbsent"}'), "it is silent")

    def test_down(self):
        relay = self.relay()
        relay.process.send_signal(signal.SIGSTOP)
        self.addCleanup(relay.process.send_signal, signal.SIGCONT)
        page = self.fires("RelayDown")
        self.assertEqual(page.run("curl", relay), "")
        relay.process.send_signal(signal.SIGCONT)
        self.is_silent("RelayDown")
        self.assertIn("ok", page.run("curl", relay))

    def test_not_ready(self):
        relay = self.relay(server={"drain": {"readiness_delay_ms": 60000, "timeout_ms": 60000}})
        with live.traffic(live.Traffic(relay).stay):
            relay.process.send_signal(signal.SIGTERM)
            page = self.fires("RelayNotReady")
            self.assertIn("[-]draining failed", page.run("curl", relay))
            relay.process.send_signal(signal.SIGTERM)
            relay.process.wait(10)

    def test_drain_forgotten(self):
        relay = self.relay()
        subprocess.run([live.RELAY, "drain", "--now", "--socket", f"{self.folder}/admin.sock"], check=True, capture_output=True)
        page = self.fires("RelayDrainForgotten")
        self.assertIn("[-]draining failed", page.run("curl", relay))
        self.assertIn("drain ordered by hand", page.run("moltrelay logs", relay))
        page.run("moltrelay drain --resume", relay)
        self.is_silent("RelayDrainForgotten")

    def test_restarting(self):
        relay = self.relay()
        for starts in (1, 2, 3):
            relay.stop(signal.SIGKILL)
            relay = self.relay()
            changes = f'changes(process_start_time_seconds{{job="{self.job}"}}[20s]) >= {starts}'
            live.wait_until(lambda: self.prometheus.query(changes), f"start {starts} is scraped")
        page = self.fires("RelayRestarting")
        configuration = json.loads((self.folder / "relay.yaml").read_text())
        configuration["admin"]["socket"] = str(self.folder / "another.sock")
        (self.folder / "another.yaml").write_text(json.dumps(configuration))
        command = [live.RELAY, "serve", "--config", str(self.folder / "another.yaml")]
        subprocess.run(command, env={"STATE_DIRECTORY": str(self.folder / "another")}, capture_output=True, timeout=30)
        reason = page.log("relay did not start", relay)["reason"]
        self.assertRegex(reason, r"^cannot listen on [\d.:]+: the address is in use by another program, or another relay$")
        self.is_silent("RelayRestarting")

    def test_reload_failed(self):
        relay = self.relay()
        path = self.folder / "relay.yaml"
        right = path.read_text()
        path.write_text(right.replace('"logging"', '"loging"'))
        relay.process.send_signal(signal.SIGHUP)
        page = self.fires("RelayReloadFailed")
        column = right.index('"logging"') + 1
        wrong = f"{path}:1:{column}: unknown key 'loging', did you mean 'logging'?"
        self.assertEqual(page.log("configuration not reloaded, the one before stands", relay)["findings"], [wrong])
        self.assertIn(wrong, page.run("moltrelay check-config", relay, FILE=str(path)))
        path.write_text(right)
        relay.process.send_signal(signal.SIGHUP)
        self.is_silent("RelayReloadFailed")
