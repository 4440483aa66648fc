"""Rounds to a summary, a summary to text."""

import statistics

import budgets

# A generator that used this much of its one core set the pace itself: CPU a message holds, messages a second do not.
SATURATED = 0.95


def spread(values: list[float]) -> dict:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def summarise(rounds: list[dict]) -> list[dict]:
    """One row a scenario and server, in the order they were first measured."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for result in rounds:
        groups.setdefault((result["scenario"], result["server"]), []).append(result)
    rows = [summary(scenario, server, results) for (scenario, server), results in groups.items()]
    relays = {row["scenario"]: row for row in rows if row["server"] == "moltrelay"}
    few = {row["server"]: row for row in rows if row["scenario"] == "agents-1k"}
    for row in rows:
        relay = relays.get(row["scenario"])
        row["relay_cpu_ratio"] = None if not relay or behind(relay) or behind(row) else cpu_ratio(relay, row)
        row["relay_throughput_ratio"] = relay and throughput_ratio(relay, row)
        crowd = row["scenario"].startswith("agents-") and row["server"] in few
        kept_up = crowd and not behind(row) and not behind(few[row["server"]])
        row["growth"] = cpu_ratio(row, few[row["server"]]) if kept_up else None
    return rows


def summary(scenario: str, server: str, results: list[dict]) -> dict:
    return {
        "scenario": scenario,
        "server": server,
        "rounds": len(results),
        "rate": results[0]["rate"],
        "server_cpu_us_per_message": spread([result["server_cpu_us_per_message"] for result in results]),
        "messages_per_second": spread([result["messages_per_second"] for result in results]),
        "messages_per_read": spread([result["messages_per_read"] for result in results]),
        "latency_of": results[0]["latency_of"],
        "p50_us": spread([result["latency_us"]["p50"] for result in results]),
        "p99_us": spread([result["latency_us"]["p99"] for result in results]),
        "p999_us": spread([result["latency_us"]["p999"] for result in results]),
        "server_cores": spread([result["server_cores"] for result in results]),
        "client_cores": spread([result["client_cores"] for result in results]),
        "resident_bytes": spread([result["server_resident_bytes"]["after"] for result in results]),
        "bytes_per_connection": spread([per_connection(result) for result in results]),
        "connections": results[0]["agents"],
        "connections_per_second": spread([result["agents"] / result["connect_seconds"] for result in results]),
        "spared_share": spread([per_sent(result, "elided") for result in results]),
        "syncs_per_message": spread([per_sent(result, "commits") for result in results]),
    }


def per_connection(result: dict) -> float:
    resident = result["server_resident_bytes"]
    return (resident["connected"] - resident["before"]) / result["agents"]


def per_sent(result: dict, count: str) -> float:
    return result["counts"].get(count, 0) / result["sent"] if result["sent"] else 0


def cpu_ratio(one: dict, other: dict) -> float | None:
    """Of the minima: what disturbs a round only ever adds to it."""
    least = other["server_cpu_us_per_message"]["min"]
    return one["server_cpu_us_per_message"]["min"] / least if least else None


def throughput_ratio(relay: dict, row: dict) -> float | None:
    """Of the maxima, and only where the server set the pace."""
    if row["rate"] or saturated(row) or saturated(relay) or not row["messages_per_second"]["max"]:
        return None
    return relay["messages_per_second"]["max"] / row["messages_per_second"]["max"]


def saturated(row: dict) -> bool:
    return row["client_cores"]["median"] >= SATURATED


def behind(row: dict) -> bool:
    """It, or the generator, could not keep the pace: what it spent was on other messages than those counted."""
    return row["messages_per_second"]["median"] < 0.95 * row["rate"]


def text(report: dict) -> str:
    rows = report["summary"]
    relayed = [row for row in rows if row["messages_per_second"]["max"] > 0]
    parts = (
        heading(report),
        relayed_text(relayed),
        stored_text([row for row in relayed if row["server"] == "moltrelay" and row["latency_of"] != "delivery"]),
        crowd_text([row for row in rows if row["connections"] >= 1000], report["machine"]["open_files"]),
        budgets.text(report["budgets"]),
    )
    return "\n\n".join(part for part in parts if part)


def heading(report: dict) -> str:
    machine = report["machine"]
    lines = [
        f"{report['started']}, commit {machine['commit'][:12]}: {report['command']}",
        f"{machine['cpus']} x {machine['model']}, Linux {machine['kernel']}, {machine['system']}, "
        f"{machine['file_system']}, {machine['congestion_control']}, load average {report['load_before']:.1f} before the run",
        f"{report['rounds']} rounds of {report['seconds']} s, {report['took_seconds'] / 60:.0f} minutes in all",
    ]
    return "\n".join(lines + [f"  {name:<14} {version}" for name, version in report["servers"].items()])


def relayed_text(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = [
        "CPU microseconds of the server a message; the relay's over this server's, of the minima; messages a second.",
        f"{'scenario':<14} {'server':<14} {'min':>8} {'median':>8} {'max':>8} {'relay x':>7} "
        f"{'msg/s':>9}  {'relay x':>7} {'p50 us':>9} {'p99 us':>9} {'RSS MiB':>8}",
    ]
    for row in rows:
        cpu = row["server_cpu_us_per_message"]
        lines.append(
            f"{row['scenario']:<14} {row['server']:<14} {cpu['min']:>8.3f} {cpu['median']:>8.3f} {cpu['max']:>8.3f} "
            f"{factor(row['relay_cpu_ratio']):>7} {row['messages_per_second']['median']:>9.0f}"
            f"{'*' if saturated(row) else '<' if behind(row) else ' '} {factor(row['relay_throughput_ratio']):>7} "
            f"{row['p50_us']['median']:>9.1f} {row['p99_us']['median']:>9.1f} "
            f"{row['resident_bytes']['median'] / 2**20:>8.1f}"
        )
    if any(saturated(row) for row in rows):
        lines.append("* the generator had its core full: the server could have done more")
    if any(behind(row) for row in rows):
        lines.append("< fell behind the pace: latency and CPU are those of an overloaded machine")
    return "\n".join(lines)


def factor(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def stored_text(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = [
        "At least once on SQLite: writes spared because the recipient was faster, syncs of the file a message",
        f"{'scenario':<14} {'server':<14} {'spared':>8} {'syncs':>8}",
    ]
    for row in rows:
        spared, syncs = row["spared_share"]["median"], row["syncs_per_message"]["median"]
        lines.append(f"{row['scenario']:<14} {row['server']:<14} {spared:>8.1%} {syncs:>8.4f}")
    return "\n".join(lines)


def crowd_text(rows: list[dict], open_files: int) -> str:
    if not rows:
        return ""
    lines = [
        f"Many connections, from 200 loopback addresses; a process may open {open_files} files here",
        f"{'scenario':<14} {'server':<14} {'CPU over 1k':>11} {'KiB each':>9} {'RSS MiB':>8} {'connects/s':>11}",
    ]
    for row in rows:
        lines.append(
            f"{row['scenario']:<14} {row['server']:<14} {factor(row['growth']):>11} "
            f"{row['bytes_per_connection']['median'] / 1024:>9.1f} {row['resident_bytes']['median'] / 2**20:>8.1f} "
            f"{row['connections_per_second']['median']:>11.0f}"
        )
    return "\n".join(lines)
