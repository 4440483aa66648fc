#!/usr/bin/env python3
"""What a store costs a row, beside a client of the same server that does no more than it must: `make bench-stores`.

Every subject puts rows, reads them and removes them, in batches of 1 to 1,000 that are durable before the next is sent,
on a server of its own in a new folder. Rounds go over all subjects, beginning with another one each time.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import machine
import store_table
from servers import JetStream, JetStreamSync, Missing
from store_servers import Postgres, RedisAlways, RedisEverysec, postgres_programs

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / ".build" / "bench"
STORE = ROOT / ".build" / "release" / "store-benchmark"
FIGURE = re.compile(r"(put|load|remove) (\d+) rows/s, ([\d.]+)(?: \+ ([\d.]+) of the server)? us CPU a row")
# Name of a subject: the server it needs, and the client; a store has the client it is measured by in store_table.
SUBJECTS = {
    "sqlite": (None, "store"),
    "jetstream": (JetStream, "jetstream"),
    "jetstream-sync": (JetStreamSync, "jetstream"),
    "redis-everysec": (RedisEverysec, "store"),
    "redis-everysec-bare": (RedisEverysec, "redis"),
    "redis-everysec-streams": (RedisEverysec, "streams"),
    "redis-always": (RedisAlways, "store"),
    "redis-always-bare": (RedisAlways, "redis"),
    "redis-always-streams": (RedisAlways, "streams"),
    "postgres": (Postgres, "store"),
    "postgres-bare": (Postgres, "postgres"),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, choices=range(1, 101), metavar="N", help="1 to 100 (3)")
    parser.add_argument("--rows", type=int, default=50_000, help="in batches of 100 and of 1,000; fewer in smaller (50000)")
    parser.add_argument("--subjects", default=",".join(SUBJECTS), help="comma separated (all)")
    parser.add_argument("--nats", type=pathlib.Path, default=BUILT / "venv" / "bin" / "nats-server")
    parser.add_argument("--json", type=pathlib.Path, default=BUILT / "stores.json", help="where the rounds go")
    options = parser.parse_args()
    options.subjects = options.subjects.split(",")
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"unknown subject {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    return options


def binary(kind, options: argparse.Namespace) -> pathlib.Path:
    if issubclass(kind, JetStream):
        return options.nats
    return postgres_programs() if kind is Postgres else pathlib.Path("redis-server")


def versions(options: argparse.Namespace) -> dict[str, str]:
    """Of the servers; leaves out the subjects whose server is not here, and says so."""
    found = {}
    for name in list(options.subjects):
        kind = SUBJECTS[name][0]
        if kind is None:
            continue
        try:
            found[name.split("-")[0]] = kind.version(binary(kind, options)).split(" sha=")[0]
        except Missing as missing:
            options.subjects.remove(name)
            print(f"{name:<24} left out: {missing}", flush=True)
    return found


def measure(command: list[str]) -> dict[str, dict]:
    """{"100 put": rows a second, us CPU a row of the client and of the server}"""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0 or "failed" in done.stdout:
        raise SystemExit(f"{shlex.join(command)} did not do what it should: {done.stdout}")
    found = {}
    for batch, line in re.findall(r"batches of (\d+): (.*)", done.stdout):
        for what, rows, own, server in FIGURE.findall(line):
            found[f"{batch} {what}"] = {"rows": int(rows), "own": float(own), "server": float(server or 0)}
    return found


def round_of(name: str, folder: pathlib.Path, options: argparse.Namespace) -> dict[str, dict]:
    kind, client = SUBJECTS[name]
    size = [str(options.rows)]
    if kind is None:
        folder.mkdir()
        try:
            return measure([str(STORE), str(folder), "1000", "0", *size])
        finally:
            shutil.rmtree(folder)
    with kind(folder, binary(kind, options)) as server:
        port = getattr(server, "plain", server.port)
        if client == "store":
            return measure([str(STORE), f"{name.split('-')[0]}:{port}:{server.pid}", "1000", "0", *size])
        if kind is Postgres:
            # Makes the tables, and puts nothing.
            measure([str(STORE), f"postgres:{port}:{server.pid}", "1", "0", "0"])
        return measure([str(BUILT / f"bare-{client}"), str(port), str(server.pid), *size])


def rounds(options: argparse.Namespace) -> list[dict]:
    # Beside the sources and not in /tmp: where that is a tmpfs, an fsync there costs nothing.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stores-", dir=BUILT))
    folder.chmod(0o711)
    results, names = [], options.subjects
    try:
        for number in range(options.rounds):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                results.append({"round": number + 1, "subject": name, "figures": round_of(name, folder / name, options)})
                print(f"round {number + 1} {name:<24} {results[-1]['figures']['100 put']}", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results


def main() -> None:
    options = arguments()
    servers = versions(options)
    report = {
        "schema": 1,
        "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["Benchmarks/store_cost.py", *sys.argv[1:]]),
        "machine": machine.described(ROOT, BUILT),
        "load_before": os.getloadavg()[0],
        "rounds": options.rounds,
        "rows": options.rows,
        "servers": servers,
    }
    results = rounds(options)
    report["summary"] = store_table.summarise(results)
    report["goals"] = store_table.judged(report["summary"])
    print("\n" + store_table.text(report))
    options.json.write_text(json.dumps(report | {"results": results}, indent=1) + "\n")
    print(f"\nEvery round: {options.json}")


if __name__ == "__main__":
    main()
