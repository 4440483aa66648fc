"""A real redis-server on a port of its own, which stays the same over its restarts."""

import shutil
import subprocess

from backups import live


class RedisServer:
    def __init__(self, test, *arguments):
        self.test = test
        self.port = live.free_port()
        self.settings = {"redis": {"addresses": [f"127.0.0.1:{self.port}"]}}
        self.start(*arguments)

    def start(self, *arguments):
        """With nothing in it."""
        folder = self.test.folder / f"redis-{self.port}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.program = live.Program(
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
            "--repl-diskless-sync-delay", "0", *arguments, folder=self.test.folder,
        )
        self.test.addCleanup(self.program.stop)
        live.wait_until(lambda: "Ready to accept" in self.program.output.read_text(), "a Redis server")

    def stop(self, *how):
        self.program.stop(*how)

    def cli(self, *arguments):
        command = ["redis-cli", "-e", "-p", str(self.port), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
