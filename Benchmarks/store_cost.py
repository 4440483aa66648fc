"""What a store costs a row: `make bench-stores`; some ten minutes, figures in docs/performance.md.

The relay's stores alone, in batches of one transaction each, and beside Redis a client in C that knows nothing but its
commands (Benchmarks/bare). The least CPU and the most rows of three rounds, in turn; servers with a folder of their own.
"""

import pathlib
import re
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
ROUNDS = 3
FIGURE = re.compile(r"(put|load|remove) (\d+) rows/s, ([\d.]+)(?: \+ ([\d.]+) of the server)? us CPU a row")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Redis:
    def __init__(self, folder, sync):
        self.port = free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
             "--appendonly", "yes", "--appendfsync", sync, "--auto-aof-rewrite-percentage", "0"],
            stdout=subprocess.DEVNULL,
        )
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def measure(command):
    """{(batch, what): (rows a second, us CPU a row of the client, of the server)}"""
    told = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    found = {}
    for batch, line in re.findall(r"batches of (\d+): (.*)", told):
        for what, rows, own, server in FIGURE.findall(line):
            found[int(batch), what] = (int(rows), float(own), float(server or 0))
    return found


def sqlite():
    with tempfile.TemporaryDirectory() as folder:
        return measure([BUILD / "release/store-benchmark", folder])


def redis(sync, subject):
    with tempfile.TemporaryDirectory() as folder:
        server = Redis(folder, sync)
        try:
            if subject == "store":
                return measure([BUILD / "release/store-benchmark", f"redis:{server.port}:{server.process.pid}"])
            return measure([BUILD / "bench/bare-redis", server.port, server.process.pid, subject])
        finally:
            server.stop()


def best(rounds):
    return {
        key: (max(each[key][0] for each in rounds), *min((each[key][1:] for each in rounds), key=sum))
        for key in rounds[0]
    }


def main():
    subjects = {"SQLite": sqlite}
    for sync in ("everysec", "always"):
        for subject, name in (("store", "the store"), ("writes", "its writes, bare"), ("streams", "streams, bare")):
            subjects[f"Redis {sync}: {name}"] = lambda sync=sync, subject=subject: redis(sync, subject)
    rounds = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, run in subjects.items():
            rounds[name].append(run())
    print("| store | batch | put, rows/s | put, us CPU: client + server | remove, rows/s | remove, us CPU |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, each in rounds.items():
        figures = best(each)
        for batch in (1, 10, 100, 1000):
            (puts, own, server), (gone, own_gone, server_gone) = figures[batch, "put"], figures[batch, "remove"]
            print(f"| {name} | {batch} | {puts:,} | {own:.1f} + {server:.1f} | {gone:,} | {own_gone:.1f} + {server_gone:.1f} |")


if __name__ == "__main__":
    main()
