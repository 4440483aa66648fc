"""The goals of speed that a run of the side by side can judge."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Budget:
    scenario: str
    figure: str
    of: str
    most: float | None = None
    least: float | None = None


CPU, THROUGHPUT = "relay_cpu_ratio", "relay_throughput_ratio"
BUDGETS = (
    Budget("pairs-256", CPU, "floor", most=1.8),
    Budget("pairs-256", CPU, "nats", most=0.4),
    Budget("scatter-256", CPU, "floor", most=1.5),
    Budget("scatter-256", CPU, "nats", most=0.35),
    Budget("pairs-4k", CPU, "floor", most=1.25),
    Budget("pairs-4k", CPU, "nats", most=0.35),
    Budget("scatter-4k", CPU, "floor", most=1.25),
    Budget("scatter-4k", CPU, "nats", most=0.35),
    Budget("stored-256", "cpu_us", "moltrelay", most=4),
    Budget("stored-256-w4", THROUGHPUT, "jetstream-sync", least=10),
    Budget("idle-10k", "idle_kib", "moltrelay", most=8),
    Budget("agents-15k", "growth", "moltrelay", most=1.3),
)


def judged(rows: list[dict]) -> list[dict]:
    """One verdict for each budget whose figure was measured."""
    measured = {(row["scenario"], row["server"]): row for row in rows}
    verdicts = []
    for budget in BUDGETS:
        value = figure(budget, measured)
        if value is not None:
            met = value <= budget.most if budget.most is not None else value >= budget.least
            verdicts.append(dataclasses.asdict(budget) | {"value": value, "met": met})
    return verdicts


def figure(budget: Budget, measured: dict) -> float | None:
    row = measured.get((budget.scenario, budget.of))
    if row is None:
        return None
    if budget.figure == "cpu_us":
        return row["server_cpu_us_per_message"]["min"]
    if budget.figure == "idle_kib":
        return row["bytes_per_connection"]["median"] / 1024
    return row[budget.figure]


def text(verdicts: list[dict]) -> str:
    if not verdicts:
        return ""
    lines = ["Budgets", f"{'scenario':<14} {'figure':<34} {'goal':>8} {'measured':>9}"]
    for verdict in verdicts:
        goal = f"<= {verdict['most']}" if verdict["most"] is not None else f">= {verdict['least']}"
        met = "met" if verdict["met"] else "missed"
        lines.append(f"{verdict['scenario']:<14} {named(verdict):<34} {goal:>8} {verdict['value']:>9.2f} {met}")
    return "\n".join(lines)


def named(verdict: dict) -> str:
    return {
        CPU: f"CPU a message over that of {verdict['of']}",
        THROUGHPUT: f"messages/s over {verdict['of']}",
        "cpu_us": "CPU us a message",
        "idle_kib": "KiB a connection",
        "growth": "CPU a message over agents-1k",
    }[verdict["figure"]]
