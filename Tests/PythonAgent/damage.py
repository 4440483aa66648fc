"""Damaged streams at a running relay, each judged by how the relay took it. A line of JSON a batch, and one in the end:

    {"done": 200}
    {"streams": 10000, "seed": 1, "causes": {"protocol": 5120, ...}, "wrong": ["magic at open, 7: alive, not 1002"]}

`causes` is what the relay should have counted in moltrelay_connection_failures_total.
"""

import argparse
import asyncio
import collections
import json
import random

from damaged_documents import DOCUMENTS
from damaged_frames import FRAMES, MESSAGES, WEBSOCKET
from damaged_requests import REQUESTS, SILENCE, UPGRADES
from rawsocket import RawSocket

TABLE = [*UPGRADES, *WEBSOCKET, *FRAMES, *MESSAGES, *DOCUMENTS, *REQUESTS]
LISTENERS = ("http", "metrics", "admin")
AT_ONCE = 16
BATCH = 200
LEAST = 10
# Enough that none has too many connections, few enough that the relay remembers them all after the first batch.
AGENTS = [f"damaged-{number}" for number in range(32)]


def cause_of(word):
    """The cause that the relay counts for an end that the peer sees as `word`."""
    code = word.split(" ")[0]
    if code in ("400", "404", "426"):
        return "upgrade_rejected"
    if code in ("1002", "1003", "1007"):
        return "protocol"
    return {
        "431": "too_large", "1009": "too_large", "408": "handshake_timeout", "4002": "handshake_timeout",
        "4001": "authentication",
    }.get(code)


async def stream(addresses, damage, at, n, seed):
    """Its word, and the cause that goes with it."""
    source = random.Random(f"{seed} {damage.name} {at} {n}")
    is_agent = at not in LISTENERS
    key = source.randbytes(4) if n % 2 else bytes(4)
    socket = await RawSocket.connect(addresses["websocket" if is_agent else at], source.choice(AGENTS), key)
    try:
        if is_agent:
            await socket.reach(at)
        socket.send(damage.make(socket, n, source))
        word = await send_behind(socket, damage, is_agent and at != "request")
        if word.startswith("alive"):
            await socket.leave()
        return word, (damage.cause or cause_of(word)) if is_agent else None
    finally:
        socket.close()


async def send_behind(socket, damage, is_websocket):
    if damage.then == "reset":
        await socket.writer.drain()
        socket.reset()
        return "reset"
    if damage.then == "end":
        socket.writer.write_eof()
    elif damage.then in ("ping", "frame") and is_websocket:
        socket.send(socket.probe(damage.then))
    return await socket.outcome()


def plan(total):
    """(damage, state, n) of each stream: what is to be counted through is, the rest is shared out evenly. They are more
    than `total` where that is too few."""
    rows = [(damage, at) for damage in TABLE for at in damage.at]
    left = total - sum(damage.count or 0 for damage, _ in rows)
    free = [row for row in rows if row[0].count is None]
    share, more = divmod(max(LEAST * len(free), left), len(free))
    counts = {id(row): share + (index < more) for index, row in enumerate(free)}
    return [(*row, n) for row in rows for n in range(row[0].count or counts[id(row)])]


class Tally:
    def __init__(self):
        self.done, self.causes, self.wrong, self.words = 0, collections.Counter(), [], collections.Counter()

    def add(self, damage, at, n, word, cause):
        self.done += 1
        self.words[f"{at}: {damage.name}: {word}"] += 1
        self.causes.update([cause] if cause else [])
        if word not in damage.expected + (("reset",) if damage.then == "reset" else ()):
            self.wrong.append(f"{damage.name} at {at}, {n}: {word}, not {' or '.join(damage.expected)}")
        if self.done % BATCH == 0:
            print(json.dumps({"done": self.done}), flush=True)


async def run(addresses, total, seed):
    streams, tally = plan(total), Tally()
    random.Random(seed).shuffle(streams)
    del streams[total:]
    loud = iter([each for each in streams if each[0].then != SILENCE])

    async def one(damage, at, n):
        try:
            word, cause = await stream(addresses, damage, at, n, seed)
        except (OSError, EOFError, TimeoutError) as error:
            word, cause = f"{type(error).__name__}: {error}", None
        tally.add(damage, at, n, word, cause)

    async def work():
        for each in loud:
            await one(*each)

    silent = [one(*each) for each in streams if each[0].then == SILENCE]
    await asyncio.gather(*silent, *(work() for _ in range(AT_ONCE)))
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("websocket", *LISTENERS):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--words", action="store_true", help="tell how every row was taken")
    options = parser.parse_args()
    addresses = {name: getattr(options, name) for name in ("websocket", *LISTENERS)}
    tally = asyncio.run(run(addresses, options.streams, options.seed))
    report = {"streams": tally.done, "seed": options.seed, "causes": tally.causes, "wrong": sorted(tally.wrong)}
    if options.words:
        report["words"] = dict(sorted(tally.words.items()))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
