"""Was what was measured what should have been measured? The generator's counts against the server's own."""


def contradictions(result: dict) -> list[str]:
    """What cannot be right in a round: empty where the generator and the server tell the same story."""
    if result["pattern"] == "idle":
        return []
    found = [f"{word} {result[word]}" for word in ("lost", "refused") if result[word]]
    found += [
        f"{result['server']} says {name} {result['counts'].get(name)}, the generator {expected}"
        for name, expected in expectations(result).items()
        if result["counts"].get(name) != expected
    ]
    if result["away"] and result["counts"]["written"] < result["sent"] * result["payload_bytes"]:
        found.append(f"{result['sent']} messages stored in {result['counts']['written']} bytes")
    if result["server"] == "moltrelay" and result["delivery"] == "at_least_once" and not result["away"]:
        # How many of them depends on how soon the recipients answer: the table says it.
        if result["counts"]["elided"] == 0:
            found.append("no write was spared, though every recipient was there")
    return found


def expectations(result: dict) -> dict[str, int]:
    """Counters of the server that follow from what the generator sent."""
    sent, server = result["sent"], result["server"]
    if server == "floor":
        return {}
    if server.startswith("jetstream"):
        return {"queued": sent}
    if server.startswith("nats"):
        return {"accepted": sent, "delivered": sent, "slow": 0}
    always = {"accepted": sent, "dropped": 0, "store_failures": 0}
    if result["away"]:
        return always | {"queued": sent, "delivered": 0, "elided": 0, "committed": sent}
    return always | {"queued": 0, "delivered": sent}
