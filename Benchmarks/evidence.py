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
        # How many are spared depends on how soon the recipients answer, and the table says it. The others are put.
        if result["counts"]["committed"] < result["sent"] - result["counts"]["elided"]:
            found.append(f"{result['counts']['elided']} writes spared, {result['counts']['committed']} made")
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
