"""The servers that stores lie on, as `servers.py` starts those that relay."""

import os
import pathlib
import shutil
import signal
import subprocess

from servers import Missing, Server, free_port, wait_for_port


class Redis(Server):
    sync = ""

    @staticmethod
    def version(binary: pathlib.Path) -> str:
        if not shutil.which(binary):
            raise Missing(f"no {binary} (make setup-bench)")
        return subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()

    def start(self) -> None:
        self.port = free_port()
        self.spawn(
            [str(self.binary), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
            + ["--appendonly", "yes", "--appendfsync", self.sync, "--auto-aof-rewrite-percentage", "0"]
        )
        wait_for_port(self.process, self.port, 20, self.log)


class RedisEverysec(Redis):
    sync = "everysec"


class RedisAlways(Redis):
    sync = "always"


class Postgres(Server):
    """With its own defaults: fsync, synchronous_commit and autovacuum on."""

    stop = signal.SIGINT

    @staticmethod
    def version(binary: pathlib.Path) -> str:
        if not (binary / "postgres").exists():
            raise Missing(f"no {binary}/postgres (make setup-bench)")
        return subprocess.run([binary / "postgres", "--version"], capture_output=True, text=True, timeout=20).stdout.strip()

    def start(self) -> None:
        self.port = free_port()
        data = self.folder / "data"
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        initdb = self.as_user("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N", "--no-instructions")
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        options = ["-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        self.spawn(self.as_user("postgres", "-D", str(data), *options))
        wait_for_port(self.process, self.port, 20, self.log)

    def as_user(self, program: str, *words: str) -> list[str]:
        """It refuses to run as root."""
        command = [str(self.binary / program), *words]
        if os.getuid() != 0:
            return command
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def postgres_programs() -> pathlib.Path:
    """Debian keeps them beside PATH, a folder for each version."""
    versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    return max(versions, key=lambda path: int(path.parent.name), default=pathlib.Path("/usr/bin"))
