"""The runbooks of agents that cannot connect or do not stay, walked through."""

import asyncio
import contextlib
import json
import shutil
import subprocess

from . import live, walks


class ConnectionWalks(walks.WalkTests):
    def again_and_again(self, attempt, pause=0.02):
        """Meanwhile, whatever it raises."""

        async def run(done):
            while not done.is_set():
                with contextlib.suppress(Exception):
                    await attempt()
                await asyncio.sleep(pause)

        return live.traffic(run)

    def test_authentication_failures_and_drops(self):
        relay = self.relay()
        agents = live.Traffic(relay)

        async def somebody_else():
            await agents.connect("alice", key=live.identity.Key("somebody else"))

        with live.traffic(agents.stay):
            live.wait_until(lambda: b"moltrelay_connections_active 1" in relay.scrape().encode(), "alice is there")
            with self.again_and_again(somebody_else):
                page = self.fires("RelayAuthenticationFailures")
                (alert,) = self.alerts("RelayAuthenticationFailures")
                self.assertIn(f"`{alert['metric']['result']}`", page.text)
                self.assertIn("MOLTRELAY_EVENT=auth_failure ", page.span("journalctl"))
                line = walks.log_line(relay, "auth_failure")
                self.assertEqual(line["reason"], "key_pinned")
                self.assertIn("client_ip_hash", line)
                drops = self.fires("RelayConnectionDrops")
                self.assertEqual(set(drops.ask("sum by (cause)", by="cause")), {"authentication"})
            self.is_silent("RelayAuthenticationFailures", "RelayConnectionDrops")

    def test_connections_refused(self):
        relay = self.relay(limits={"max_connections_per_ip": 1})
        agents = live.Traffic(relay)

        async def one_more():
            bob = await agents.connect("bob")
            await bob.close()

        async def meanwhile(done):
            alice = await agents.connect("alice")
            while not done.is_set():
                with contextlib.suppress(Exception):
                    await one_more()
                await asyncio.sleep(0.02)
            await alice.close()

        with live.traffic(meanwhile):
            page = self.fires("RelayConnectionsRefused")
            (alert,) = self.alerts("RelayConnectionsRefused")
            self.assertIn(f"`{alert['metric']['limit']}`", page.text)
            self.assertIn("127.0.0.1", page.run("moltrelay connections list", relay, address="127.0.0.1"))
            path = self.folder / "relay.yaml"
            path.write_text(path.read_text().replace('"max_connections_per_ip": 1', '"max_connections_per_ip": 0'))
            self.assertIn("limits.max_connections_per_ip", page.run("moltrelay reload", relay))
            self.is_silent("RelayConnectionsRefused")

    def test_slow_consumers(self):
        relay = self.relay(limits={"outbox_max_bytes": 131072, "slow_consumer_grace_ms": 1000}, messages={"max_size_bytes": 65536})
        agents = live.Traffic(relay)

        async def do_not_read(done):
            alice = await agents.connect("alice")
            slow = [await agents.connect(f"slow-{number}", receive_buffer=4096) for number in range(8)]
            for one in slow:
                one.reading.clear()
            while not done.is_set():
                for one in slow:
                    await alice.send_message(alice.message(one.agent_id, b"x" * 60000, delivery=1))
                alice.inbox.clear()
                await asyncio.sleep(0.05)
            for one in slow:
                one.forget()
                one.connection.transport.abort()
            await alice.close()

        with live.traffic(do_not_read):
            page = walks.Page("RelaySlowConsumers", self)
            told = live.wait_until(
                lambda: (told := page.run("moltrelay connections list --slow", relay)).count("127.0.0.1") and told, "slow ones"
            )
            self.assertRegex(told, r"127\.0\.0\.1:\d+ +open, slow")
            self.assertIn("agent_id_hash", page.log("slow consumer closed", relay))
            self.fires("RelaySlowConsumers")
            # By now all of them may be closed.
            self.assertGreater(page.value("moltrelay_outbox_bytes", most_of="5m"), 0)
        self.is_silent("RelaySlowConsumers")

    def test_tls_failures(self):
        pair = live.certificate(self.folder)
        relay = self.relay(server={"tls": pair})
        agents = live.Traffic(relay)

        port = str(relay.websocket)

        async def does_not_trust_it():
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-verify_return_error"]
            await asyncio.to_thread(subprocess.run, command, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)

        async def nor_does_asyncio():
            await live.Session.open(relay.url, ca="/etc/ssl/certs/ca-certificates.crt")

        async def speaks_plainly():
            await live.Session.open(relay.url.replace("wss", "ws"))

        with self.again_and_again(does_not_trust_it), self.again_and_again(nor_does_asyncio), self.again_and_again(speaks_plainly):
            page = self.fires("RelayTLSFailures")
            live.wait_until(lambda: "refused_by_peer" in page.ask("sum by (result)", by="result"), "refused_by_peer")
            results = set(page.ask("sum by (result)", by="result"))
            self.assertEqual(results, {"refused_by_peer", "closed", "plain_http"})
            for result in results:
                self.assertIn(f"`{result}`", page.text)
            self.assertIn("client_ip_hash", page.log("tls_failure", relay))
            self.assertIn("`names`", page.text)
            self.assertEqual(page.log("agents connect with TLS", relay)["names"], "127.0.0.1")
        self.is_silent("RelayTLSFailures")

    def test_certificate_expiring(self):
        pair = live.certificate(self.folder, days=5)
        relay = self.relay(server={"tls": pair})
        page = self.fires("RelayCertificateExpiring")
        (check,) = [check for check in checks_of(page.run("curl", relay)) if check["name"] == "certificate"]
        self.assertRegex(check["reason"], "expires in (4 days and 23|5 days and 0) hours")
        new = self.folder / "new"
        new.mkdir()
        live.certificate(new)
        shutil.copy(new / "relay.crt", pair["cert_file"])
        refusal = page.log("certificate not reloaded, the one before stands", relay)["reason"]
        self.assertIn("the key does not belong to the certificate", refusal)
        live.wait_until(lambda: page.value('moltrelay_tls_certificate_reloads_total{result="refused"}'), "the refusal is counted")
        self.assertTrue(self.alerts("RelayCertificateExpiring"))
        shutil.copy(new / "relay.key", pair["key_file"])
        self.is_silent("RelayCertificateExpiring")


def checks_of(document):
    return json.loads(document)["checks"]
