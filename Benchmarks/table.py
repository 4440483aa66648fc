"""Rounds to a summary, a summary to text."""

import statistics

# A generator that used this much of its one core set the pace itself: CPU a message holds, messages a second do not.
SATURATED = 0.95


def spread(values: list[float]) -> dict:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def summarise(rounds: list[dict]) -> list[dict]:
    """One row a scenario and server, in the order they were first measured."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for result in rounds:
        groups.setdefault((result["scenario"], result["target"]), []).append(result)
    rows = [summary(scenario, target, results) for (scenario, target), results in groups.items()]
    for row in rows:
        for other in ("nats", "floor"):
            row[f"times_{other}"] = ratio(row, other, rows)
    return rows


def summary(scenario: str, target: str, results: list[dict]) -> dict:
    return {
        "scenario": scenario,
        "target": target,
        "rounds": len(results),
        "server_cpu_us_per_message": spread([result["server_cpu_us_per_message"] for result in results]),
        "messages_per_second": spread([result["messages_per_second"] for result in results]),
        "messages_per_read": spread([result["messages_per_read"] for result in results]),
        "p50_us": spread([result["latency_us"]["p50"] for result in results]),
        "p99_us": spread([result["latency_us"]["p99"] for result in results]),
        "p999_us": spread([result["latency_us"]["p999"] for result in results]),
        "client_cores": spread([result["client_cores"] for result in results]),
        "resident_bytes": spread([result["server_resident_bytes"]["after"] for result in results]),
        "bytes_per_connection": spread([per_connection(result) for result in results]),
        "lost": sum(result["lost"] for result in results),
        "refused": sum(result["refused"] for result in results),
    }


def per_connection(result: dict) -> float:
    resident = result["server_resident_bytes"]
    return (resident["connected"] - resident["before"]) / result["agents"]


def ratio(row: dict, other: str, rows: list[dict]) -> float | None:
    """Of the minima: what disturbs a round only ever adds to it."""
    for candidate in rows:
        if candidate["scenario"] == row["scenario"] and candidate["target"] == other:
            least = candidate["server_cpu_us_per_message"]["min"]
            return row["server_cpu_us_per_message"]["min"] / least if least else None
    return None


def text(rows: list[dict]) -> str:
    relayed = [row for row in rows if row["messages_per_second"]["max"] > 0]
    idle = [row for row in rows if row not in relayed]
    return "\n".join(part for part in (relayed_text(relayed), idle_text(idle)) if part)


def relayed_text(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = [
        "Server CPU microseconds a message; ratios are of the minima.",
        f"{'scenario':<14} {'server':<10} {'min':>8} {'median':>8} {'max':>8} {'x nats':>7} {'x floor':>7} "
        f"{'msg/s':>10} {'p50 us':>9} {'p99 us':>9} {'RSS MiB':>8}",
    ]
    for row in rows:
        cpu = row["server_cpu_us_per_message"]
        saturated = "*" if row["client_cores"]["median"] >= SATURATED else " "
        lines.append(
            f"{row['scenario']:<14} {row['target']:<10} {cpu['min']:>8.3f} {cpu['median']:>8.3f} {cpu['max']:>8.3f} "
            f"{factor(row['times_nats']):>7} {factor(row['times_floor']):>7} "
            f"{row['messages_per_second']['median']:>9.0f}{saturated} {row['p50_us']['median']:>9.1f} "
            f"{row['p99_us']['median']:>9.1f} {row['resident_bytes']['median'] / 2**20:>8.1f}" + losses(row)
        )
    if any(row["client_cores"]["median"] >= SATURATED for row in rows):
        lines.append("* the generator had its core full: the server could have done more")
    return "\n".join(lines)


def factor(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def losses(row: dict) -> str:
    return f"  LOST {row['lost']} REFUSED {row['refused']}" if row["lost"] or row["refused"] else ""


def idle_text(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = ["Idle connections", f"{'scenario':<14} {'server':<10} {'KiB each':>9} {'RSS MiB':>8}"]
    for row in rows:
        lines.append(
            f"{row['scenario']:<14} {row['target']:<10} {row['bytes_per_connection']['min'] / 1024:>9.1f} "
            f"{row['resident_bytes']['median'] / 2**20:>8.1f}"
        )
    return "\n".join(lines)
