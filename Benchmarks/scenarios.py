"""What is measured: the generator's arguments, and the servers that can do it at all."""

import dataclasses

PLAIN = ("moltrelay", "nats", "nats-new", "floor")
KEEPERS = ("moltrelay", "jetstream", "jetstream-new")


@dataclasses.dataclass(frozen=True)
class Scenario:
    load: str
    servers: tuple[str, ...] = PLAIN
    # Server and generator each have a core of their own, unless the scenario is about a server that has them all.
    own_core: bool = True


def pairs(more: str) -> str:
    return "--pattern pairs --agents 100 " + more


def scatter(more: str) -> str:
    return "--pattern scatter --agents 100 " + more


# At a rate the server has to spare, so that a read holds one message with few connections as with many.
CROWD = "--pattern scatter --window 1000 --payload 256 --rate 10000 --warmup 1 --agents "
STORED = "--pattern pairs --payload 256 --at-least-once --away 10000 --agents 100 --window "

SCENARIOS = {
    "pairs-256": Scenario(pairs("--window 32 --payload 256")),
    "scatter-256": Scenario(scatter("--window 32 --payload 256")),
    "window-1": Scenario("--pattern pairs --agents 2 --window 1 --payload 256"),
    "pairs-4k": Scenario(pairs("--window 32 --payload 4096")),
    "scatter-4k": Scenario(scatter("--window 32 --payload 4096")),
    "paced-10k": Scenario(pairs("--window 1000 --payload 256 --rate 10000")),
    "pairs-cores": Scenario(pairs("--window 32 --payload 256"), own_core=False),
    "scatter-cores": Scenario(scatter("--window 32 --payload 256"), own_core=False),
    "acked-256": Scenario(pairs("--window 32 --payload 256 --at-least-once"), ("moltrelay",)),
    "acked-10k": Scenario(pairs("--window 1000 --payload 256 --rate 10000 --at-least-once"), ("moltrelay",)),
    "stored-256": Scenario(STORED + "128", KEEPERS),
    # A store that syncs every message by itself needs seconds for what the other one has in flight.
    "stored-256-w4": Scenario(STORED + "4", (*KEEPERS, "jetstream-sync")),
    "agents-1k": Scenario(CROWD + "1000"),
    "agents-15k": Scenario(CROWD + "15000"),
    "idle-10k": Scenario("--pattern idle --agents 10000 --warmup 2 --seconds 0.2"),
}

# By name only: reads as large as they get, and what lies between 1,000 and 15,000 connections.
MORE = {
    "pairs-256-w256": Scenario(pairs("--window 256 --payload 256")),
    "agents-5k": Scenario(CROWD + "5000"),
}

ALL = tuple(SCENARIOS)
SCENARIOS |= MORE
QUICK = ("pairs-256", "scatter-256", "window-1")

# The relay's limit of connections an address stays at its default, 100: 15,000 agents come from 200 addresses.
EVERY_SCENARIO = "--addresses 200 --verify-every 16"
