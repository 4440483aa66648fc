"""Starts the servers that are measured, each on free loopback ports with a private folder, and ends them by their pid."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

# Limits stand at their defaults, but for the rates of new connections: agents come slower than a benchmark makes them.
RELAY_CONFIG = """\
server:
  listen:
    websocket: "127.0.0.1:{websocket}"
    http: "127.0.0.1:{http}"
    metrics: "127.0.0.1:{metrics}"
  tls:
    enabled: false
auth:
  relay_id: "bench"
  require_auth: true
  allow_anonymous: true
limits:
  connection_rate_per_second: 0
  connections_per_ip_per_second: 0
  connections_per_agent_per_minute: 0
queue:
  storage: "sqlite"
storage:
  sqlite:
    path: "{folder}/relay.db"
logging:
  level: "info"
  format: "json"
  output: "{folder}/server.log"
"""

NATS_CONFIG = """\
listen: "127.0.0.1:{client}"
http: "127.0.0.1:{monitor}"
websocket {{ host: "127.0.0.1", port: {websocket}, no_tls: true, compression: false }}
"""


class Missing(Exception):
    """A server that is not on this machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(process: subprocess.Popen, port: int, seconds: float, log: pathlib.Path) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}: {log.read_text(errors='replace')[-2000:]}")


def fetch(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as response:
        return response.read().decode()


class Server:
    """A running server: `pid`, `port`. A context manager that ends it and removes its folder."""

    dialect = ""
    stop = signal.SIGTERM

    def __init__(self, folder: pathlib.Path, binary: pathlib.Path, prefix: tuple[str, ...] = ()):
        self.folder, self.binary, self.prefix = folder, binary, prefix
        self.process: subprocess.Popen | None = None
        self.sockets = ""
        self.port = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    def counts(self) -> dict[str, int]:
        """What the server itself says it did since its start, in the words of `evidence.py`."""
        return {}

    def written(self) -> int:
        """Bytes it has caused to be written to disk, dirty pages included."""
        lines = pathlib.Path(f"/proc/{self.pid}/io").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("write_bytes:")))

    def spawn(self, command: list[str], stdout=None) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOLTRELAY_")}
        # A Unix socket's path holds 107 bytes, which a checkout deep in a tree would use up.
        self.sockets = tempfile.mkdtemp(prefix="bench-")
        environment |= {"STATE_DIRECTORY": str(self.folder), "RUNTIME_DIRECTORY": self.sockets}
        self.log = self.folder / "output"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log, env=environment
            )

    def __enter__(self) -> "Server":
        self.folder.mkdir(parents=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self.process is not None:
            self.process.send_signal(self.stop)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if self.process.stdout:
                self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.sockets:
            shutil.rmtree(self.sockets, ignore_errors=True)


class MoltRelay(Server):
    dialect = "moltrelay"
    # It drains without waiting for a load balancer to notice.
    stop = signal.SIGINT

    @staticmethod
    def version(binary: pathlib.Path) -> str:
        if not binary.exists():
            raise Missing(f"{binary} is not built")
        return subprocess.run([binary, "version"], capture_output=True, text=True, timeout=20).stdout.strip()

    def start(self) -> None:
        self.port, self.metrics = free_port(), free_port()
        config = self.folder / "config.yaml"
        config.write_text(
            RELAY_CONFIG.format(websocket=self.port, http=free_port(), metrics=self.metrics, folder=self.folder)
        )
        self.spawn([str(self.binary), "serve", "--config", str(config)])
        wait_for_port(self.process, self.port, 20, self.log)

    def counts(self) -> dict[str, int]:
        scrape = fetch(self.metrics, "/metrics")
        series = dict(re.findall(r"^(moltrelay_[^ ]+) ([0-9.eE+]+)$", scrape, re.MULTILINE))
        names = {
            "accepted": "messages_total",
            "delivered": 'messages_settled_total{fate="delivered"}',
            "dropped": 'messages_settled_total{fate="dropped"}',
            "queued": "queue_depth",
            "elided": "store_elided_total",
            "committed": "store_operations_total",
            "commits": "store_commit_duration_seconds_count",
            "store_failures": "store_failures_total",
        }
        return {name: int(float(series["moltrelay_" + metric])) for name, metric in names.items()}


class Nats(Server):
    dialect = "nats"
    more = ""

    @staticmethod
    def version(binary: pathlib.Path) -> str:
        if not binary.exists():
            raise Missing(f"no {binary} (make setup-bench)")
        return subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()

    def start(self) -> None:
        self.port, self.monitor = free_port(), free_port()
        text = NATS_CONFIG + self.more
        self.plain = free_port()
        ports = {"client": self.plain, "websocket": self.port, "monitor": self.monitor}
        config = self.folder / "nats.conf"
        config.write_text(text.format(folder=self.folder, **ports))
        self.spawn([str(self.binary), "-c", str(config)])
        wait_for_port(self.process, self.port, 20, self.log)

    def counts(self) -> dict[str, int]:
        seen = json.loads(fetch(self.monitor, "/varz"))
        return {"accepted": seen["in_msgs"], "delivered": seen["out_msgs"], "slow": seen["slow_consumers"]}


class JetStream(Nats):
    more = 'jetstream {{ store_dir: "{folder}" }}\n'

    def counts(self) -> dict[str, int]:
        return {"queued": json.loads(fetch(self.monitor, "/jsz"))["messages"]}


class JetStreamSync(JetStream):
    more = 'jetstream {{ store_dir: "{folder}", sync_interval: always }}\n'


class Floor(Server):
    dialect = "floor"

    @staticmethod
    def version(binary: pathlib.Path) -> str:
        if not binary.exists():
            raise Missing(f"{binary} is not built")
        return "C, one thread, checks nothing"

    def start(self) -> None:
        self.spawn([str(self.binary)], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
