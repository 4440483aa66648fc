"""A queue in a real Redis server, backed up and restored."""

import json
import re
import signal
import unittest

import backups
from backups import live
from redis_server import RedisServer

BASE = "moltrelay:{0}"
PERMISSIONS = re.search(r"`(~moltrelay:[^`]* [+]psync[^`]*)`", (backups.ROOT / "docs/backup.md").read_text())[1].split()


class Redis(backups.RestoredQueue, backups.BackupTests):
    store, suffix = "redis", "rdb"

    def setUp(self):
        super().setUp()
        self.server = RedisServer(self, "--appendonly", "yes")
        self.settings = {"queue": backups.LIMITS | {"storage": "redis"}, "storage": self.server.settings}

    def destroy(self):
        """Another server in its place, with keys of somebody else and of another queue."""
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.server.cli("SET", "theirs", "stays")
        self.server.cli("SET", f"{BASE}:c:another", "queue")

    def test_what_is_not_the_relays_is_left_alone(self):
        relay = self.relay()
        sent = backups.send(relay, 100)
        relay.stop()
        self.back_up()
        self.destroy()
        told = self.restore(self.backup_file("redis", "rdb"))
        self.assertEqual(self.server.cli("GET", "theirs"), "stays")
        self.assertEqual(self.server.cli("EXISTS", f"{BASE}:c:another"), "0")
        self.assertEqual(self.server.cli("HGET", f"{BASE}:t", "m"), str(sent))
        (aside,) = (self.to / "redis").glob("moltrelay-before-*.rdb")
        self.assertIn(f"What was there before is in {aside}", told)
        self.assertIn("holds no queue of a relay", self.restore(aside, status=1))
        self.assertEqual(self.server.cli("HGET", f"{BASE}:t", "m"), str(sent), "nothing was changed")

    def test_a_restore_is_refused_while_a_relay_is_connected(self):
        relay = self.relay()
        backups.send(relay, 50)
        self.back_up()
        refusal = self.restore(self.backup_file("redis", "rdb"), status=1)
        self.assertRegex(refusal, r"\d connections of relays to this Redis server: stop every relay that uses it first")
        relay.stop()
        self.restore(self.backup_file("redis", "rdb"))

    def test_a_server_that_refuses_the_keys_keeps_its_own(self):
        self.server.cli("ACL", "SETUSER", "relay", "on", ">s3cret", *PERMISSIONS, "-restore")
        relay = self.relay()
        sent = backups.send(relay, 50)
        relay.stop()
        self.back_up()
        configuration = self.state / "relay.yaml"
        settings = json.loads(configuration.read_text())
        settings["storage"]["redis"] |= {"user": "relay", "password": "s3cret"}
        configuration.write_text(json.dumps(settings))
        told = self.restore(self.backup_file("redis", "rdb"), status=1, REDISCLI_AUTH="s3cret")
        self.assertRegex(told, "nothing was changed: .*NOPERM")
        self.assertEqual(self.server.cli("HGET", f"{BASE}:t", "m"), str(sent))
        self.assertEqual(self.server.cli("EXISTS", f"{BASE}:probe"), "0")

    def test_what_waits_in_the_spill_is_backed_up_though_the_server_is_away(self):
        spill = self.state / "spill.db"
        self.settings["storage"]["spill"] = {"path": str(spill)}
        relay = self.relay()
        sender = backups.Sender(relay)
        sender.wait_for(100)
        self.server.stop(signal.SIGKILL)
        sender.wait_for(len(sender.acknowledged) + 200)
        sender.stop()
        spilled = backups.sample(relay, "moltrelay_spill_messages")
        self.assertIn("Connection refused", self.back_up(status=1))
        relay.stop(signal.SIGKILL)
        for part in self.state.glob("spill.db*"):
            part.unlink()

        self.restore(self.backup_file("spill", "db"), "--spill")
        self.server.start()
        relay = self.relay(ports=relay.ports)
        live.wait_until(lambda: backups.sample(relay, "moltrelay_spill_messages") == 0, "the spill is moved")
        back = backups.receive(relay, backups.queued(relay))
        self.assertEqual(len(back), spilled)
        self.assertLessEqual(set(back), set(sender.acknowledged))

    def test_a_spill_that_cannot_be_read_fails_the_backup_behind_the_stores(self):
        spill = self.state / "spill.db"
        self.settings["storage"]["spill"] = {"path": str(spill)}
        relay = self.relay()
        backups.send(relay, 20)
        spill.rename(self.state / "away.db")
        told = self.back_up(status=1)
        self.assertRegex(told, f"no queue at {spill} yet(?s:.*)the spill is not in this backup, the store is")
        self.assertTrue(self.backup_file("redis", "rdb"))

    def test_no_relay_starts_on_half_a_queue(self):
        relay = self.relay()
        sent = backups.send(relay, 2_000)
        relay.stop()
        self.back_up()
        backup = self.backup_file("redis", "rdb")
        self.server.cli("CONFIG", "SET", "maxmemory", "2mb")
        self.assertIn("Make room, and restore again", self.restore(backup, status=1))
        with self.assertRaisesRegex(AssertionError, "written by a newer relay"):
            self.relay()
        self.server.cli("CONFIG", "SET", "maxmemory", "0")
        self.restore(backup)
        self.assertEqual(backups.queued(self.relay()), sent)

    def test_the_mark_is_there_before_the_rest_goes_and_until_the_rest_has_come(self):
        relay = self.relay()
        for agent in range(8):
            backups.send(relay, 50, to=f"agent {agent}")
        relay.stop()
        self.back_up()
        monitor = live.Program("redis-cli", "-p", str(self.server.port), "MONITOR", folder=self.folder)
        self.addCleanup(monitor.stop)
        live.wait_until(lambda: "OK" in monitor.output.read_text(), "MONITOR")
        self.restore(self.backup_file("redis", "rdb"))
        live.wait_until(lambda: f'"RESTORE" "{BASE}:t"' in monitor.output.read_text(), "the last key")
        seen = re.findall(r'"(UNLINK|HSET|RESTORE)" "moltrelay:\{0\}(?!:probe)(\S*)"', monitor.output.read_text())
        self.assertEqual((seen[0], seen[-1]), (("HSET", ":t"), ("RESTORE", ":t")))
        self.assertGreater(len([name for name, _ in seen if name == "UNLINK"]), 8)

    def test_a_server_that_is_away_leaves_the_backup_before(self):
        relay = self.relay()
        backups.send(relay, 50)
        self.back_up()
        before = self.backup_file("redis", "rdb").read_bytes()
        relay.stop()
        self.server.stop()
        self.assertIn("Connection refused", self.back_up(status=1))
        self.assertEqual(self.backup_file("redis", "rdb").read_bytes(), before)

    def test_the_password_is_in_no_argument(self):
        """Of a user with no more rights than docs/backup.md asks for; what runs is seen through strace."""
        self.server.cli("ACL", "SETUSER", "relay", "on", ">s3cret", *PERMISSIONS)
        (self.folder / "password").write_text("s3cret\n")
        (self.folder / "password").chmod(0o600)
        self.settings["storage"]["redis"] |= {"user": "relay", "password_file": str(self.folder / "password")}
        relay = self.relay()
        backups.send(relay, 50)
        self.server.cli("CONFIG", "SET", "requirepass", "another")
        relay.stop()
        trace = self.folder / "trace"
        strace = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve", "-o", trace]
        self.back_up(wrapper=strace)
        self.assertIn("--rdb", trace.read_text())
        self.assertNotIn("s3cret", trace.read_text())
        self.restore(self.backup_file("redis", "rdb"), wrapper=strace)
        self.assertNotIn("s3cret", trace.read_text())


if __name__ == "__main__":
    unittest.main()
