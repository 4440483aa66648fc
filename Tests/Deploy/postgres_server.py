"""A real PostgreSQL server on a port of its own, with the user and the database of the guide."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from backups import live

PROGRAMS = max(glob.glob("/usr/lib/postgresql/*/bin"))
ENVIRONMENT = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}


class PostgresServer:
    """It runs as no root, in a folder that is not the test's: nobody else may look into that."""

    def __init__(self, test):
        self.port = live.free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postgres-"))
        test.addCleanup(shutil.rmtree, self.folder)
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self.as_user:
            shutil.chown(self.folder, "postgres")
        self.data = str(self.folder / "data")
        initdb = [*self.as_user, "initdb", "-D", self.data, "-U", "postgres", "--auth=scram-sha-256", "--no-sync"]
        (self.folder / "superuser").write_text("root s3cret\n")
        subprocess.run(
            [*initdb, f"--pwfile={self.folder}/superuser"], env=ENVIRONMENT, check=True, capture_output=True,
        )
        command = [*self.as_user, "postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        self.program = live.Program(*command, "-c", "unix_socket_directories=", folder=test.folder, env=ENVIRONMENT)
        test.addCleanup(self.program.stop, signal.SIGINT)
        live.wait_until(lambda: "ready to accept" in self.program.output.read_text(), "a PostgreSQL server")
        self.sql("CREATE USER moltrelay PASSWORD 's3cret'", database="postgres")
        self.sql("CREATE DATABASE moltrelay OWNER moltrelay", database="postgres")
        self.password = test.folder / "password"
        self.password.write_text("s3cret\n")
        self.password.chmod(0o600)
        self.settings = {"postgres": {
            "host": "127.0.0.1", "port": self.port, "password_file": str(self.password), "ssl_mode": "disable",
        }}

    def sql(self, text, database="moltrelay"):
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        environment = ENVIRONMENT | {"PGPASSWORD": "root s3cret"}
        done = subprocess.run([*command, "-d", database, "-c", text], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.strip()
