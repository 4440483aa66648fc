"""Real programs for the tests: a relay, traffic through it, Prometheus and Alertmanager, each with a private folder and
free loopback ports."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from . import catalogue

sys.path.insert(0, str(catalogue.ROOT / "Tests/PythonAgent"))
import identity  # noqa: E402
from session import Session  # noqa: E402

RULES = [catalogue.ROOT / "alerts/recording.yaml", catalogue.ROOT / "alerts/moltrelay.yaml"]
RELAY = os.environ.get("RELAY_BINARY", str(catalogue.ROOT / ".build/release/moltrelay"))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(url, timeout=5, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=timeout) as answer:
        return answer.read()


def wait_until(seen, what, seconds=60):
    """Polls; the bound is for a hang, not a measure."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if value := seen():
                return value
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


def certificate(folder, days=60):
    """What a relay's `server.tls` needs: a pair for loopback that is its own authority."""
    folder = pathlib.Path(folder)
    pair = {"cert_file": str(folder / "relay.crt"), "key_file": str(folder / "relay.key")}
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
            "-subj", "/CN=relay", "-addext", "subjectAltName=IP:127.0.0.1",
            "-out", pair["cert_file"], "-keyout", pair["key_file"],
        ],
        check=True, capture_output=True,
    )
    return pair


class Program:
    def __init__(self, *command, folder, **options):
        self.output = pathlib.Path(folder) / f"{pathlib.Path(command[0]).name}-{free_port()}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)

    def wait_for(self, url):
        def seen():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.process.args[0]} ended: {self.output.read_text(errors='replace')[-2000:]}")
            return get(url)

        try:
            wait_until(seen, url)
        except AssertionError:
            self.stop(signal.SIGKILL)
            raise

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(30)


class Relay(Program):
    def __init__(self, folder, ports=None, wrapper=(), **settings):
        self.folder = pathlib.Path(folder)
        self.ports = ports or (free_port(), free_port(), free_port())
        self.metrics, self.websocket, self.http = self.ports
        configuration = {
            "server": {
                "listen": {
                    "websocket": f"127.0.0.1:{self.websocket}", "http": f"127.0.0.1:{self.http}",
                    "metrics": f"127.0.0.1:{self.metrics}",
                },
                "drain": {"readiness_delay_ms": 0, "timeout_ms": 1000},
            },
            "admin": {"socket": str(self.folder / "admin.sock")},
            "limits": {
                "connections_per_ip_per_second": 0, "connections_per_agent_per_minute": 0,
                "failed_auth_per_agent_per_hour": 0,
            },
            "logging": {"format": "json", "output": str(self.folder / "relay.log")},
        }
        for section, values in settings.items():
            configuration.setdefault(section, {}).update(values)
        path = self.folder / "relay.yaml"
        path.write_text(json.dumps(configuration))
        environment = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(folder)}
        super().__init__(*wrapper, RELAY, "serve", "--config", str(path), folder=folder, env=environment)
        self.authority = configuration["server"].get("tls", {}).get("cert_file")
        self.url = f"{'wss' if self.authority else 'ws'}://127.0.0.1:{self.websocket}/v1/connect"
        self.wait_for(f"http://127.0.0.1:{self.metrics}/health/ready")

    def scrape(self, accept="text/plain"):
        return get(f"http://127.0.0.1:{self.metrics}/metrics", headers={"Accept": accept}).decode()


class Prometheus(Program):
    """Scrapes `relay`, or, where `targets` names a file, what that file says."""

    def __init__(self, folder, relay, *flags, beside=(), alertmanager=None, rules=RULES, targets=None, interval="1s"):
        self.port = free_port()
        relays = [f"127.0.0.1:{each.metrics}" for each in [relay, *beside] if each]
        scraped = {"static_configs": [{"targets": relays}]} if relays else {
            "file_sd_configs": [{"files": [str(targets)], "refresh_interval": "1s"}]
        }
        configuration = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": "moltrelay", **scraped}],
        }
        if alertmanager:
            targets = [{"targets": [f"127.0.0.1:{alertmanager.port}"]}]
            configuration["alerting"] = {"alertmanagers": [{"static_configs": targets}]}
        path = pathlib.Path(folder) / f"prometheus-{self.port}.yaml"
        path.write_text(json.dumps(configuration))
        super().__init__(
            "prometheus", f"--config.file={path}", f"--web.listen-address=127.0.0.1:{self.port}",
            f"--storage.tsdb.path={folder}/tsdb-{self.port}", *flags, folder=folder,
        )
        self.wait_for(f"http://127.0.0.1:{self.port}/-/ready")

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def ask(self, what, **arguments):
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(arguments)}"
        try:
            return json.loads(get(url))["data"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{arguments}: {refusal.read().decode()}") from refusal


class Alertmanager(Program):
    def __init__(self, folder, configuration):
        self.port = free_port()
        path = pathlib.Path(folder) / "alertmanager.yaml"
        path.write_text(configuration)
        super().__init__(
            "prometheus-alertmanager", f"--config.file={path}", f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=", f"--storage.path={folder}/alertmanager", folder=folder,
        )
        self.wait_for(f"http://127.0.0.1:{self.port}/-/ready")


class Traffic:
    """Agents that send each other messages until told to stop: live best effort and at least once, messages for one who
    is away and comes back, and one who is refused."""

    def __init__(self, relay):
        self.relay = relay

    async def run(self, done):
        alice, bob = await self.connect("alice"), await self.connect("bob")
        answering = asyncio.create_task(self.acknowledge(bob))
        comings = asyncio.create_task(self.come_and_go(done))
        while not done.is_set():
            for delivery in (1, 2, 3):
                await alice.send_message(alice.message("bob", b"x" * 300, delivery=delivery))
            await alice.send_message(alice.message("carol", b"x" * 300, delivery=2))
            await alice.send_message(alice.message("nobody", b"x", delivery=1))
            alice.inbox.clear()
            await asyncio.sleep(0.01)
        await comings
        await asyncio.gather(alice.close(), bob.close())
        answering.cancel()

    async def to_nobody(self, connected, done, size=300):
        """At-least-once messages for an agent that is away: each wants a commit."""
        alice = await self.connect("alice")
        connected.set()
        while not done.is_set():
            await alice.send_message(alice.message("nobody", b"x" * size, delivery=2))
            alice.inbox.clear()
            await asyncio.sleep(0.05)
        await alice.close()

    async def fetch(self, done, name="nobody"):
        """Whoever was away comes and takes what waited."""
        agent = await self.connect(name)
        reading = asyncio.create_task(self.acknowledge(agent))
        while not done.is_set():
            await asyncio.sleep(0.1)
        await agent.close()
        reading.cancel()

    async def stay(self, done):
        """One agent, silent but connected."""
        agent = await self.connect("alice")
        while not done.is_set():
            await asyncio.sleep(0.1)
        await agent.close()

    async def come_and_go(self, done):
        """Carol comes for what waited, and goes; somebody else tries to be her."""
        while not done.is_set():
            await asyncio.sleep(0.5)
            carol = await self.connect("carol")
            reading = asyncio.create_task(self.acknowledge(carol))
            await asyncio.sleep(0.3)
            await carol.close()
            reading.cancel()
            with contextlib.suppress(Exception):
                await self.connect("carol", key=identity.Key("somebody else"))

    async def acknowledge(self, agent):
        from frames import Message, Type

        while frame := await agent.next(Type.MESSAGE):
            message = Message.of(frame)
            if message.delivery != 1:
                await agent.acknowledge([message.id])

    async def connect(self, name, key=None, **options):
        session = await Session.open(self.relay.url, ca=self.relay.authority, **options)
        await session.authenticate(name, key or identity.Key(name))
        return session


@contextlib.contextmanager
def traffic(agents):
    """Meanwhile, of a coroutine that ends with the event it is given."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(agents(done)))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
