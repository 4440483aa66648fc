"""The embedded queue backed up and restored, and what must not harm a backup."""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import tarfile
import time
import unittest

import backups


AS_ROOT = unittest.skipUnless(os.getuid() == 0, "a mount needs root")


class SQLite(backups.RestoredQueue, backups.BackupTests):
    store, suffix = "sqlite", "db"

    def setUp(self):
        super().setUp()
        self.settings = {"queue": backups.LIMITS}
        self.database = self.state / "relay.db"

    def destroy(self):
        self.database.write_bytes(b"not what it was" * 10_000)
        self.state.joinpath("relay.db-wal").unlink()

    def test_the_present_queue_is_kept_aside_with_its_log(self):
        relay = self.relay()
        sender = backups.Sender(relay)
        sender.wait_for(100)
        self.back_up()
        sender.stop()
        relay.stop(signal.SIGKILL)
        database, log = self.database.read_bytes(), self.state.joinpath("relay.db-wal").read_bytes()
        self.restore(self.backup_file("sqlite", "db"))
        (aside,) = self.state.glob("relay.db.before-??????????????[0-9]")
        self.assertEqual(aside.read_bytes(), database)
        self.assertEqual(aside.with_name(aside.name + "-wal").read_bytes(), log)

    def test_a_restore_is_refused_while_a_relay_runs(self):
        relay = self.relay()
        self.back_up()
        refusal = self.restore(self.backup_file("sqlite", "db"), status=1)
        self.assertIn(f"process {relay.process.pid} runs on {self.database}: stop that relay first", refusal)
        relay.stop()
        self.restore(self.backup_file("sqlite", "db"))

    def test_a_relay_that_is_down_is_backed_up_and_its_log_left_alone(self):
        relay = self.relay()
        sent = backups.send(relay, 100)
        relay.stop(signal.SIGKILL)
        log = self.state.joinpath("relay.db-wal").read_bytes()
        self.assertTrue(log)
        self.back_up()
        self.assertEqual(self.state.joinpath("relay.db-wal").read_bytes(), log)
        self.restore(self.backup_file("sqlite", "db"))
        self.assertEqual(backups.queued(self.relay(ports=relay.ports)), sent)

    def test_a_damaged_backup_is_refused(self):
        self.relay().stop()
        self.back_up()
        backup = self.backup_file("sqlite", "db")
        present = self.database.read_bytes()
        content = bytearray(backup.read_bytes())
        content[-1] ^= 1
        backup.write_bytes(content)
        self.assertIn("its checksum does not hold", self.restore(backup, status=1))
        backup.with_name(backup.name + ".sha256").unlink()
        self.assertIn("nothing says that this backup is whole", self.restore(backup, status=1))
        self.assertEqual(self.database.read_bytes(), present)

    def test_another_file_with_its_checksum_is_no_queue(self):
        self.relay().stop()
        foreign = self.folder / "foreign.db"
        subprocess.run(["sqlite3", foreign, "CREATE TABLE queue(x)"], check=True)
        digest = hashlib.sha256(foreign.read_bytes()).hexdigest()
        (self.folder / "foreign.db.sha256").write_text(f"{digest}  foreign.db\n")
        present = self.database.read_bytes()
        self.assertIn("is no sound queue of a relay", self.restore(foreign, status=1))
        self.assertEqual(self.database.read_bytes(), present)

    def test_either_of_two_backups_that_a_crash_left_is_taken(self):
        """The file of sums has both while the one replaces the other."""
        self.relay().stop()
        self.back_up()
        backup = self.backup_file("sqlite", "db")
        sums = backup.with_name(backup.name + ".sha256")
        sums.write_text(f"{'0' * 64}  {backup.name}\n" + sums.read_text())
        self.restore(backup)


class Backup(backups.BackupTests):
    def setUp(self):
        super().setUp()
        self.settings = {"queue": backups.LIMITS}
        self.relay().stop()

    def file(self):
        return self.backup_file("sqlite", "db")

    def test_names_are_the_guides_and_nobody_else_reads_them(self):
        (self.state / "blocked.json").write_text("{}")
        day = time.strftime("%Y%m%d")
        told = self.back_up()
        paths = [self.to / f"sqlite/moltrelay-{day}.db", self.to / f"config/moltrelay-config-{day}.tar.gz"]
        self.assertEqual(told.splitlines(), [str(path) for path in paths])
        for path in paths:
            self.assertEqual((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777), (0o600, 0o700))
            subprocess.run(["sha256sum", "--check", "--strict", "--quiet", path.name + ".sha256"], cwd=path.parent, check=True)
        with tarfile.open(paths[1]) as archive:
            names = {f"/{name}" for name in archive.getnames()}
        self.assertEqual(names, {str(self.state / "relay.yaml"), str(self.state / "blocked.json")})

    @AS_ROOT
    def test_secrets_are_left_out_unless_asked_for(self):
        """/etc/moltrelay in a mount namespace: the guide's folder, with what it holds."""
        etc = self.folder / "etc"
        for name in ("config.yaml", "certs/relay.crt", "certs/relay.key", "keys/one", "secrets/db-password", "other[1]", "relative", "x.token", "backup.env"):
            path = etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (etc / "config.yaml").write_text(
            "{storage: {postgres: {password_file: '/etc/moltrelay/other[1]'}, redis: {password_file: here/relative}}}"
        )
        if not os.path.exists("/etc/moltrelay"):
            self.addCleanup(os.rmdir, "/etc/moltrelay")
        script = f'mkdir -p /etc/moltrelay && mount --bind {etc} /etc/moltrelay && exec "$@"'
        wrapper = ["unshare", "-m", "bash", "-c", script, "bash"]
        found = {}
        for flag in ("--config=", "--secrets"):
            arguments = [flag] if flag == "--secrets" else []
            subprocess.run(
                [*wrapper, backups.SCRIPTS / "moltrelay-backup", "--to", self.to, *arguments],
                env=self.environment, check=True, capture_output=True, text=True,
            )
            with tarfile.open(next((self.to / "config").glob("*.tar.gz"))) as archive:
                found[flag] = {member.name for member in archive if member.isfile()}
        self.assertEqual(found["--config="], {"etc/moltrelay/config.yaml", "etc/moltrelay/certs/relay.crt"})
        self.assertEqual(len(found["--secrets"]), 9)

    def test_old_ones_go_when_a_new_one_is_there(self):
        self.back_up()
        old, kept = self.to / "sqlite/moltrelay-20200101.db", self.to / "sqlite/moltrelay-20200102.db"
        foreign = self.to / "sqlite/other-20200101.db"
        for path, days in ((old, 9), (kept, 6), (foreign, 9)):
            path.write_text("")
            then = time.time() - days * 86_400
            os.utime(path, (then, then))
        (self.state / "relay.db").rename(self.state / "away.db")
        self.back_up("--keep", "7", status=1)
        self.assertTrue(old.exists(), "no new backup, so the old ones stay")
        (self.state / "away.db").rename(self.state / "relay.db")
        self.assertIn(f"{old} is older", self.back_up("--keep", "7"))
        self.assertEqual((old.exists(), kept.exists(), foreign.exists()), (False, True, True))

    @AS_ROOT
    def test_a_full_disk_leaves_the_backup_before(self):
        self.to.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.to], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.to], check=True)
        self.back_up()
        before = self.file().read_bytes()
        with contextlib.suppress(OSError), (self.to / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        self.assertIn("full", self.back_up(status=1))
        self.assertEqual(self.file().read_bytes(), before)
        self.assertEqual(list(self.to.rglob(".*draft*")), [])
        (self.to / "ballast").unlink()
        self.restore(self.file())

    def test_two_at_once(self):
        self.to.mkdir()
        with (self.to / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("another backup", self.back_up(status=75))

    def test_an_upload_is_the_operators_command(self):
        bucket = self.folder / "bucket"
        self.back_up("--upload", f'cp -a "$BACKUP/." {bucket}')
        copy = bucket / self.file().relative_to(self.to)
        self.assertEqual(copy.read_bytes(), self.file().read_bytes())

    def test_a_failed_upload_is_a_failed_backup(self):
        textfile = self.folder / "textfile"
        textfile.mkdir()
        self.assertIn("its upload failed", self.back_up("--upload", "exit 3", "--textfile", textfile, status=1))
        self.assertTrue(self.file().exists())
        self.assertEqual(list(textfile.iterdir()), [])

    def test_prometheus_is_told_when(self):
        textfile = self.folder / "textfile"
        textfile.mkdir()
        begun = int(time.time())
        self.back_up("--textfile", textfile)
        text = (textfile / "moltrelay_backup.prom").read_text()
        self.assertEqual((textfile / "moltrelay_backup.prom").stat().st_mode & 0o777, 0o644)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        self.assertAlmostEqual(float(text.splitlines()[-1].split()[1]), begun, delta=60)

    def test_what_cannot_work_says_why(self):
        (self.state / "relay.yaml").write_text("queue: {storage: sqllite}")
        told = self.back_up(status=1)
        self.assertIn("relay.yaml:1", told)
        self.assertIn("no relay answers, and none would start with this configuration", told)
        self.assertIn("--keep is a number of days", self.back_up("--keep", "0", status=64))
        self.assertIn("usage:", self.back_up("--nonsense", status=64))

    def test_a_queue_in_memory_is_no_failure(self):
        (self.state / "relay.yaml").write_text("queue: {storage: memory}")
        self.assertIn("the queue is in memory", self.back_up())


if __name__ == "__main__":
    unittest.main()
