#!/usr/bin/env python3
"""Rounds of store_cost.py to a table. As a program it puts the last run's into a page: store_table.py stores.json page.md"""

import json
import pathlib
import sys

NAMES = {
    "sqlite": "SQLite, the store",
    "jetstream": "JetStream",
    "jetstream-sync": "JetStream, `sync_interval: always`",
    "redis-everysec": "Redis everysec, the store",
    "redis-everysec-bare": "the same writes, bare",
    "redis-everysec-streams": "streams, used directly",
    "redis-always": "Redis always, the store",
    "redis-always-bare": "the same writes, bare",
    "redis-always-streams": "streams, used directly",
    "postgres": "PostgreSQL, the store",
    "postgres-bare": "the same writes, bare",
}
# A store, and the client that makes its writes and no more.
BARE = {name: name + "-bare" for name in ("redis-everysec", "redis-always", "postgres")}
BATCHES = (1, 10, 100, 1000)
# Goals are judged in batches of a hundred: what fills a commit of the relay when it matters what a row costs.
JUDGED = 100
MOST_OVER_BARE = 1.3
BEGIN, END = "<!-- make bench-stores -->", "<!-- make bench-stores, end -->"


def summarise(results: list[dict]) -> dict[str, dict]:
    """The best of the rounds: whatever disturbs one only ever takes rows and adds CPU."""
    groups: dict[str, list[dict]] = {}
    for result in results:
        groups.setdefault(result["subject"], []).append(result["figures"])
    return {
        subject: {
            what: {
                "rows": max(each[what]["rows"] for each in rounds),
                **min(({part: each[what][part] for part in ("own", "server")} for each in rounds), key=cpu),
            }
            for what in rounds[0]
        }
        for subject, rounds in groups.items()
    }


def cpu(figures: dict) -> float:
    return figures["own"] + figures["server"]


def over_bare(summary: dict, subject: str, what: str) -> tuple[float, float] | None:
    """How many times the bare client's time a row, and its CPU, the store's are."""
    bare = summary.get(BARE.get(subject, ""))
    if not bare:
        return None
    own = summary[subject][what]
    return bare[what]["rows"] / own["rows"], cpu(own) / cpu(bare[what])


def judged(summary: dict) -> list[dict]:
    found = []

    def goal(text: str, value: float, met: bool) -> None:
        found.append({"goal": text, "value": round(value, 2), "met": met})

    put = f"{JUDGED} put"
    if "sqlite" in summary and "jetstream" in summary:
        # Of JetStream only the server: whoever publishes to the relay has a client too.
        share = summary["sqlite"][put]["own"] / summary["jetstream"][put]["server"]
        goal("CPU of SQLite over that of JetStream's server without fsync, at most 0.5", share, share <= 0.5)
    if "sqlite" in summary and "jetstream-sync" in summary:
        times = summary["sqlite"][put]["rows"] / summary["jetstream-sync"][put]["rows"]
        goal("rows a second of SQLite over JetStream's with `sync_interval: always`, at least 10", times, times >= 10)
    for subject in BARE:
        for what in ("put", "remove"):
            ratios = over_bare(summary, subject, f"{JUDGED} {what}") if subject in summary else None
            for of, ratio in zip(("time", "CPU"), ratios or ()):
                text = f"{of} a row over the bare client's, {NAMES[subject]}, {what}: at most {MOST_OVER_BARE}"
                goal(text, ratio, round(ratio, 2) <= MOST_OVER_BARE)
    return found


def text(report: dict) -> str:
    machine = report["machine"]
    servers = ", ".join(f"{name}: {version}" for name, version in report["servers"].items())
    return "\n".join(
        [
            f"{report['started'][:10]}, commit {machine['commit'][:12]}, `{report['command']}`: the best of {report['rounds']} "
            f"rounds, {machine['cpus']} x {machine['model']}, Linux {machine['kernel']}, {machine['file_system']}, load "
            f"{report['load_before']:.1f} before. {servers}.",
            "",
            *rows(report["summary"]),
            "",
            *goals(report["goals"]),
        ]
    )


def rows(summary: dict) -> list[str]:
    lines = [
        "| | batch | put, rows/s | us CPU | over bare: time, CPU | read, us CPU | remove, rows/s | us CPU | over bare |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for subject in [name for name in NAMES if name in summary]:
        for batch in BATCHES:
            put, load, gone = (summary[subject].get(f"{batch} {what}") for what in ("put", "load", "remove"))
            cells = [NAMES[subject], str(batch), f"{put['rows']:,}", both(put), ratio(summary, subject, f"{batch} put")]
            cells += [both(load) if load else "", f"{gone['rows']:,}", both(gone)]
            lines.append("| " + " | ".join([*cells, ratio(summary, subject, f"{batch} remove")]) + " |")
    return lines


def both(figures: dict) -> str:
    own = f"{figures['own']:.1f}"
    return f"{own} + {figures['server']:.1f}" if figures["server"] else own


def ratio(summary: dict, subject: str, what: str) -> str:
    ratios = over_bare(summary, subject, what)
    return f"{ratios[0]:.2f}, {ratios[1]:.2f}" if ratios else ""


def goals(found: list[dict]) -> list[str]:
    lines = [f"| goal, in batches of {JUDGED} | value | |", "| --- | --- | --- |"]
    return lines + [f"| {each['goal']} | {each['value']} | {'met' if each['met'] else 'missed'} |" for each in found]


def publish(report: dict, page: pathlib.Path) -> None:
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{page} has no place for the table, between {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text(report)}\n{END}{after}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    publish(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2]))
