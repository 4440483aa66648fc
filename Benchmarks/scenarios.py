"""What is measured: the generator's arguments, and the servers that can do it at all."""

EVERYONE = ("moltrelay", "nats", "floor")
KEEPERS = ("moltrelay", "nats")

SCENARIOS = {
    "pairs-256": (EVERYONE, "--pattern pairs --agents 100 --window 32 --payload 256"),
    "scatter-256": (EVERYONE, "--pattern scatter --agents 100 --window 32 --payload 256"),
    "pairs-256-w256": (EVERYONE, "--pattern pairs --agents 100 --window 256 --payload 256"),
    "window-1": (EVERYONE, "--pattern pairs --agents 2 --window 1 --payload 256"),
    "pairs-4k": (EVERYONE, "--pattern pairs --agents 100 --window 32 --payload 4096"),
    "scatter-4k": (EVERYONE, "--pattern scatter --agents 100 --window 32 --payload 4096"),
    "paced-10k": (EVERYONE, "--pattern pairs --agents 100 --window 1000 --payload 256 --rate 10000"),
    "acked-256": (("moltrelay",), "--pattern pairs --agents 100 --window 32 --payload 256 --at-least-once"),
    "stored-256": (KEEPERS, "--pattern pairs --agents 100 --window 128 --payload 256 --at-least-once --away 10000"),
    "agents-1k": (EVERYONE, "--pattern scatter --agents 1000 --window 1000 --payload 256 --rate 50000"),
    "agents-15k": (EVERYONE, "--pattern scatter --agents 15000 --window 1000 --payload 256 --rate 50000"),
    "idle-10k": (EVERYONE, "--pattern idle --agents 10000"),
}

FIRST = ("pairs-256", "scatter-256", "window-1")
