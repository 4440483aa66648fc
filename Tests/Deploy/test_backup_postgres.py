"""A queue in a real PostgreSQL server, backed up and restored."""

import os
import re
import unittest

import backups
from postgres_server import PostgresServer

class Postgres(backups.RestoredQueue, backups.BackupTests):
    store, suffix = "postgres", "dump"

    def setUp(self):
        super().setUp()
        self.server = PostgresServer(self)
        self.settings = {"queue": backups.LIMITS | {"storage": "postgres"}, "storage": self.server.settings}

    def destroy(self):
        self.server.sql("TRUNCATE moltrelay.queue, moltrelay.pins; CREATE TABLE theirs(x int)")

    def test_the_present_queue_is_kept_in_the_database(self):
        relay = self.relay()
        backups.send(relay, 100)
        relay.stop()
        self.back_up()
        queued = self.server.sql("SELECT count(*) FROM moltrelay.queue")
        events = self.server.sql("SELECT line FROM moltrelay.audit_log ORDER BY number")
        self.assertIn("auth_success", events)
        self.server.sql("DELETE FROM moltrelay.pins; DELETE FROM moltrelay.audit_log; CREATE TABLE theirs(x int)")
        told = self.restore(self.backup_file("postgres", "dump"))
        aside = re.search(r"the schema (moltrelay_before_\w+):", told)[1]
        self.assertEqual(self.server.sql(f"SELECT count(*) FROM {aside}.pins"), "0")
        self.assertEqual(self.server.sql("SELECT count(*) FROM moltrelay.pins"), "1")
        self.assertEqual(self.server.sql("SELECT count(*) FROM moltrelay.queue"), queued)
        self.assertEqual(self.server.sql("SELECT line FROM moltrelay.audit_log ORDER BY number"), events)
        self.assertEqual(self.server.sql("SELECT count(*) FROM theirs"), "0", "what is not the relay's stays")

    def test_a_restore_that_fails_changes_nothing(self):
        """Behind the rows of the first table, where what came would be sound SQL."""
        relay = self.relay()
        backups.send(relay, 100)
        relay.stop()
        self.back_up()
        self.server.sql("DELETE FROM moltrelay.pins")
        stub = self.folder / "bin"
        stub.mkdir()
        (stub / "pg_restore").write_text(
            '#!/bin/sh\n[ "$1" = --list ] && exec /usr/bin/pg_restore "$@"\n'
            '/usr/bin/pg_restore "$@" | sed -n \'p; /^\\\\\\.$/q\'\nexit 1\n'
        )
        (stub / "pg_restore").chmod(0o755)
        refusal = self.restore(self.backup_file("postgres", "dump"), status=1, PATH=f"{stub}:{os.environ['PATH']}")
        self.assertIn("nothing was restored", refusal)
        self.assertEqual(self.server.sql("SELECT count(*) FROM moltrelay.pins"), "0")

    def test_a_restore_is_refused_while_a_relay_is_connected(self):
        relay = self.relay()
        self.back_up()
        refusal = self.restore(self.backup_file("postgres", "dump"), status=1)
        self.assertRegex(refusal, r"\d+ connections of relays to this database: stop every relay that uses it first")
        relay.stop()
        self.restore(self.backup_file("postgres", "dump"))

    def test_a_server_that_refuses_leaves_the_backup_before(self):
        relay = self.relay()
        self.back_up()
        before = self.backup_file("postgres", "dump").read_bytes()
        relay.stop()
        self.server.password.write_text("wrong\n")
        self.assertIn("password authentication failed", self.back_up(status=1))
        self.assertEqual(self.backup_file("postgres", "dump").read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
