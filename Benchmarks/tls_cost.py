"""What TLS costs the server: `.build/venv/bin/python Benchmarks/tls_cost.py [relay binary]`; five minutes, needs a release build.

A handshake: CPU of the server's process over connections that come, finish a handshake of TLS 1.3 and go; the least of five
rounds, servers in turn. An idle connection: resident memory with agents that are signed in, less that without. Beside it
haproxy, with the same OpenSSL, on one thread: what would end TLS in front of the relay instead.
"""

import asyncio
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from Tests.Observability import live  # noqa: E402

ROUNDS, HANDSHAKES, AGENTS = 5, 1_000, 1_000
KEYS = {
    "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "RSA 2048": ["-newkey", "rsa:2048"],
    "Ed25519": ["-newkey", "ed25519"],
}
LIMITS = {"max_connections_per_ip": 0}
HAPROXY = """
global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout connect 5s
    timeout client 10m
    timeout server 10m
    timeout tunnel 10m
frontend tls
    bind 127.0.0.1:{port} ssl crt {pem} alpn http/1.1 ssl-min-ver TLSv1.3
    default_backend relay
backend relay
    server relay 127.0.0.1:{relay}
"""


class Server:
    """Something with a process and a port that speaks TLS by a certificate which is its own authority."""

    def __init__(self, name, process, port, authority):
        self.name, self.process, self.port = name, process, port
        self.trust = ssl.create_default_context(cafile=authority)

    def cpu_ns(self):
        threads = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads)

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def connect(self, session=None):
        return self.trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port)), server_hostname="127.0.0.1", session=session
        )

    def session(self):
        """Tickets follow the handshake, so something must be read behind it."""
        with self.connect() as connection:
            connection.sendall(b"GET /none HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            while connection.recv(65_536):
                pass
            return connection.session

    def handshake_us(self, session):
        """Of CPU each."""
        self.connect(session).close()
        settle()
        before = self.cpu_ns()
        for _ in range(HANDSHAKES):
            with self.connect(session) as connection:
                assert connection.session_reused == (session is not None), f"{self.name}: session not as asked"
        settle()
        return (self.cpu_ns() - before) / HANDSHAKES / 1_000


def settle():
    time.sleep(0.3)


def pair(folder, kind):
    names = {"cert_file": str(folder / "relay.crt"), "key_file": str(folder / "relay.key")}
    subprocess.run(
        ["openssl", "req", "-x509", *KEYS[kind], "-nodes", "-days", "60", "-subj", "/CN=relay",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", names["cert_file"], "-keyout", names["key_file"]],
        check=True, capture_output=True,
    )
    return names


def start_haproxy(folder, names, relay_port):
    pem, port = folder / "both.pem", live.free_port()
    pem.write_text("".join(pathlib.Path(name).read_text() for name in names.values()))
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, pem=pem, relay=relay_port))
    program = live.Program("haproxy", "-db", "-f", str(folder / "haproxy.cfg"), folder=folder)

    def listening():
        assert program.process.poll() is None, program.output.read_text()
        return socket.create_connection(("127.0.0.1", port)).close() is None

    live.wait_until(listening, "haproxy")
    return program, port


def folder_below(parent, name):
    path = pathlib.Path(parent) / name
    path.mkdir()
    return path


def start(folder, kind):
    """The relay that ends TLS itself, haproxy before a plain one, and that one; what is to be stopped."""
    names = pair(folder, kind)
    own = live.Relay(folder_below(folder, "own"), server={"tls": names}, limits=LIMITS)
    plain = live.Relay(folder_below(folder, "plain"), limits=LIMITS)
    proxy, port = start_haproxy(folder, names, plain.websocket)
    servers = [
        Server("moltrelay", own.process, own.websocket, names["cert_file"]),
        Server("haproxy", proxy.process, port, names["cert_file"]),
    ]
    return servers, plain, [own, plain, proxy]


def handshakes(folder, kind):
    servers, _, programs = start(folder, kind)
    try:
        for resumed in (False, True):
            sessions = [server.session() if resumed else None for server in servers]
            rounds = [[server.handshake_us(session) for server, session in zip(servers, sessions)] for _ in range(ROUNDS)]
            relay, proxy = (min(column) for column in zip(*rounds))
            name = f"{kind}, resumed" if resumed else kind
            print(f"| {name} | {relay:.0f} | {1e6 / relay:,.0f} | {proxy:.0f} | {relay / proxy:.2f} |", flush=True)
    finally:
        for program in programs:
            program.stop()


async def growth(url, authority, *processes):
    """KiB each by which these processes grow with agents that are signed in."""
    before = [process.resident_kib() for process in processes]
    agents = []
    for number in range(AGENTS):
        session = await live.Session.open(url, ca=authority)
        await session.authenticate(f"agent-{number}", live.identity.Key(f"agent-{number}"))
        agents.append(session)
    await asyncio.sleep(2)
    after = [process.resident_kib() for process in processes]
    for agent in agents:
        await agent.close()
    return [(late - early) / AGENTS for early, late in zip(before, after)]


def idle(folder):
    servers, plain, programs = start(folder, "P-256")
    own, proxy = servers
    authority = str(folder / "relay.crt")
    bare = Server("plain", plain.process, plain.websocket, authority)
    try:
        [with_tls] = asyncio.run(growth(f"wss://127.0.0.1:{own.port}/v1/connect", authority, own))
        behind, before = asyncio.run(growth(f"wss://127.0.0.1:{proxy.port}/v1/connect", authority, bare, proxy))
    finally:
        for program in programs:
            program.stop()
    return with_tls, behind, before


def main():
    live.RELAY = sys.argv[1] if len(sys.argv) > 1 else live.RELAY
    with tempfile.TemporaryDirectory() as parent:
        print("| handshake | us of CPU | a second and core | haproxy, us | relay / haproxy |\n| --- | --- | --- | --- | --- |")
        for kind in KEYS:
            handshakes(folder_below(parent, kind.replace(" ", "-")), kind)
        with_tls, behind, before = idle(folder_below(parent, "idle"))
    print("\n| idle, KiB a connection | |\n| --- | --- |")
    print(f"| the relay, TLS | {with_tls:.1f} |\n| the relay, plain, behind haproxy | {behind:.1f} |\n| and haproxy | {before:.1f} |")


if __name__ == "__main__":
    main()
