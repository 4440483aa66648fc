"""The runbooks of stores on other machines, walked through with real servers that are broken."""

import signal

from . import live, servers, walks


class ServerWalks(walks.WalkTests):
    def down(self, relay, reason):
        """The page, once the alert fires for that reason."""
        page = self.fires("RelayStoreDown")
        live.wait_until(lambda: reason in page.run("curl -s 'http", relay), f"`{reason}` is the reason")
        return page

    def test_redis(self):
        redis = servers.Redis(self.folder)
        self.addCleanup(redis.stop, signal.SIGKILL)
        relay = self.relay(**redis.settings())
        with self.messages_to_nobody(relay):
            redis.stop(signal.SIGKILL)
            page = self.down(relay, "[-]store failed")
            self.assertIn("Could not connect", page.run("redis-cli -u URL PING", relay, URL=redis.url))
            self.assertIn("redis", self.failing_by_backend())
            redis.start()
            self.assertEqual(page.run("redis-cli -u URL PING", relay, URL=redis.url), "PONG\n")
            self.is_silent("RelayStoreDown")

            redis.cli("CONFIG", "SET", "maxmemory", "1mb")
            page = self.down(relay, "OOM")
            self.assertIn("maxmemory:1048576", page.run("redis-cli -u URL INFO memory", relay, URL=redis.url))
            page.run("redis-cli -u URL CONFIG SET maxmemory", relay, URL=redis.url, BYTES="1gb")
            self.is_silent("RelayStoreDown")

            redis.cli("REPLICAOF", "127.0.0.1", str(live.free_port()))
            page = self.down(relay, "READONLY")
            self.assertIn("role:slave", page.run("redis-cli -u URL INFO replication", relay, URL=redis.url))
            page.run("redis-cli -u URL REPLICAOF", relay, URL=redis.url)
            self.is_silent("RelayStoreDown")

    def test_redis_with_another_password(self):
        redis = servers.Redis(self.folder, "--requirepass", "old")
        self.addCleanup(redis.stop, signal.SIGKILL)
        old, new = f"redis://default:old@127.0.0.1:{redis.port}", f"redis://default:new@127.0.0.1:{redis.port}"
        relay = self.relay(**redis.settings(password="old"))
        with self.messages_to_nobody(relay):
            redis.run(old, "CONFIG", "SET", "requirepass", "new")
            redis.run(new, "CLIENT", "KILL", "TYPE", "normal")
            page = self.down(relay, "WRONGPASS")
            page.run("redis-cli -u URL ACL SETUSER", relay, URL=new, OLD="old")
            self.is_silent("RelayStoreDown")

    def test_redis_on_a_slow_disk(self):
        redis = servers.Redis(self.folder, "--appendfsync", "always")
        self.addCleanup(redis.stop, signal.SIGKILL)
        relay = self.relay(**redis.settings())
        with self.messages_to_nobody(relay):
            with walks.injected(redis, "fdatasync", "delay_enter=400000"):
                page = self.fires("RelayStoreSlow")
                self.assertIn("aof_enabled:1", page.run("redis-cli -u URL INFO persistence", relay, URL=redis.url))
                self.assertFalse(self.alerts("RelayStoreDown"), "slow is not down")
            self.is_silent("RelayStoreSlow")

    def test_postgres(self):
        postgres = servers.Postgres(self.folder)
        self.addCleanup(postgres.stop, signal.SIGQUIT)
        password = self.folder / "password"
        password.write_text("old")
        password.chmod(0o600)
        postgres.sql("ALTER USER postgres PASSWORD 'old'")
        postgres.access("scram-sha-256")
        relay = self.relay(**postgres.settings(password_file=str(password)))
        with self.messages_to_nobody(relay):
            postgres.freeze()
            page = self.down(relay, "[-]store failed")
            postgres.freeze(signal.SIGCONT)
            self.is_silent("RelayStoreDown")

            postgres.access("trust")
            postgres.become_standby()
            page = self.down(relay, "session is read-only")
            self.assertEqual(page.run('psql URL -Atc "SELECT pg_is_in_recovery', relay, URL=postgres.url), "t\n")
            self.assertEqual(page.run('psql URL -Atc "SELECT pg_promote', relay, URL=postgres.url), "t\n")
            self.is_silent("RelayStoreDown")

            postgres.sql("ALTER USER postgres PASSWORD 'new'")
            postgres.access("scram-sha-256")
            live.wait_until(lambda: not postgres.sql("SELECT 1"), "nobody comes in without a password")
            postgres.cut()
            page = self.down(relay, "password authentication failed")
            password.write_text("new")
            self.is_silent("RelayStoreDown")

    def test_spill_filling(self):
        redis = servers.Redis(self.folder)
        self.addCleanup(redis.stop, signal.SIGKILL)
        settings = redis.settings()
        settings["storage"]["spill"] = {"path": str(self.folder / "spill.db"), "max_size_bytes": 1 << 20}
        relay = self.relay(**settings)
        with self.messages_to_nobody(relay, size=8_000):
            redis.stop(signal.SIGKILL)
            page = self.fires("RelaySpillFilling")
            self.assertGreater(page.value("moltrelay_spill_bytes"), 0)
            self.assertEqual(page.value("moltrelay_spill_limit_bytes"), 1 << 20)
            self.fires("RelayStoreDown")
            redis.start()
            self.is_silent("RelaySpillFilling", "RelayStoreDown")
            self.assertGreater(page.value("moltrelay_spill_moved_messages_total"), 0)

    def failing_by_backend(self):
        query = (
            f'sum by (job, instance, reason) (moltrelay_store_failures_total{{job="{self.job}"}} > 0)'
            " * on (job, instance) group_left (backend) (moltrelay_store_backend == 1)"
        )
        found = live.wait_until(lambda: self.prometheus.query(query), "batches that failed")
        self.assertEqual({result["metric"]["reason"] for result in found}, {"unavailable"})
        return {result["metric"]["backend"] for result in found}
