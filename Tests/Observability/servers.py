"""Stores that other programs keep, as real ones: a redis-server and a PostgreSQL, each with a private folder and a free
loopback port, ended by their own pid."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from . import live

POSTGRES = "postgres"


class Redis(live.Program):
    def __init__(self, folder, *arguments):
        self.folder, self.port, self.arguments = pathlib.Path(folder) / "redis", live.free_port(), arguments
        self.folder.mkdir()
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def settings(self, **more):
        return {
            "queue": {"storage": "redis"},
            "storage": {"redis": {"addresses": [f"127.0.0.1:{self.port}"], **more}},
        }

    def start(self):
        super().__init__(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
            "--dir", str(self.folder), *self.arguments, folder=self.folder,
        )
        live.wait_until(lambda: self.cli("PING").startswith(("PONG", "NOAUTH")), "redis-server answers")

    def cli(self, *command):
        return self.run(self.url, *command)

    def run(self, url, *command):
        done = subprocess.run(["redis-cli", "-u", url, *command], capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr


class Postgres(live.Program):
    def __init__(self, folder):
        self.folder, self.port = pathlib.Path(folder) / "postgres", live.free_port()
        self.folder.mkdir()
        self.data = self.folder / "data"
        self.give_away(self.folder)
        for parent in self.folder.parents:
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
        self.do("initdb", "-D", str(self.data), "-U", POSTGRES, "-A", "trust", "-N", "--no-instructions")
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\nshared_buffers = 16MB\n")
        self.start()

    @property
    def url(self):
        return f"postgresql://{POSTGRES}@127.0.0.1:{self.port}/postgres"

    def settings(self, **more):
        own = {"host": "127.0.0.1", "port": self.port, "database": "postgres", "user": POSTGRES, "ssl_mode": "disable"}
        return {"queue": {"storage": "postgres"}, "storage": {"postgres": {**own, **more}}}

    def start(self):
        super().__init__(*self.command("postgres", "-D", str(self.data)), folder=self.folder)
        live.wait_until(lambda: "ready to accept" in self.output.read_text(), "PostgreSQL takes connections")

    def stop(self, how=signal.SIGINT):
        super().stop(how)

    def freeze(self, how=signal.SIGSTOP):
        """Each of its processes: the first alone takes connections only."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, children)]:
            os.kill(pid, how)

    def access(self, method):
        """Who may come in, from the next connection on."""
        (self.data / "pg_hba.conf").write_text(f"host all all 127.0.0.0/8 {method}\n")
        os.kill(self.process.pid, signal.SIGHUP)

    def cut(self):
        """Its connections, as an administrator does who is let in no more."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in map(int, children):
            if b"127.0.0.1(" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGTERM)

    def become_standby(self):
        self.stop()
        (self.data / "standby.signal").touch()
        self.give_away(self.data / "standby.signal")
        self.start()

    def sql(self, text):
        return subprocess.run(["psql", self.url, "-XAtqc", text], capture_output=True, text=True, timeout=30).stdout

    def do(self, *command):
        subprocess.run(self.command(*command), check=True, capture_output=True)

    def command(self, name, *arguments):
        """Debian keeps the programs beside PATH; the server refuses to run as root."""
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(re.search(r"\d+", str(path))[0]))
        program = str(versions[-1] / name) if versions else name
        user = ["setpriv", f"--reuid={POSTGRES}", f"--regid={POSTGRES}", "--clear-groups"] if os.getuid() == 0 else []
        return [*user, program, *arguments]

    def give_away(self, path):
        if os.getuid() == 0:
            shutil.chown(path, POSTGRES, POSTGRES)
