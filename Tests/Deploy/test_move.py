"""`moltrelay queue export` and `import` from one store to another and back: the same messages, in the same order."""

import asyncio
import json
import pathlib
import subprocess
import time
import unittest

import backups
from backups import live
from frames import Message, Type
from postgres_server import PostgresServer
from redis_server import RedisServer
from session import EXTENSIONS, Session

TRACE = bytes([0]) + bytes(range(1, 25)) + bytes([1])
PRIORITIES = (255, 128, 0, 192, 64)
SHORT_S, LONG_S = 600, 36_000
COUNT = 150


class Move(backups.BackupTests):
    def relay_on(self, store):
        """In a folder of its own, with nothing queued."""
        self.state = self.folder / f"{store}-{live.free_port()}"
        self.state.mkdir()
        self.settings = {"queue": backups.LIMITS | {"storage": store}}
        if store == "redis":
            self.settings["storage"] = RedisServer(self).settings
        if store == "postgres":
            self.settings["storage"] = PostgresServer(self).settings
        return self.relay()

    def moltrelay(self, relay, *arguments):
        command = [live.RELAY, *arguments, "--socket", f"{relay.folder}/admin.sock"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def export(self, relay):
        path = self.folder / f"{relay.folder.name}.jsonl"
        self.moltrelay(relay, "queue", "export", "--output", str(path))
        return path

    def moved(self, exported, relay):
        count = len(rows(exported))
        self.assertEqual(self.moltrelay(relay, "queue", "import", str(exported)), f"{count} messages imported")
        self.assertEqual(backups.queued(relay), count)
        return relay

    def test_there_and_back_nothing_changes(self):
        first = self.relay_on("sqlite")
        twice = asyncio.run(fill(first))
        exported = self.export(first)
        first.stop()
        self.assertEqual(len(rows(exported)), COUNT)
        later = exported
        for store in ("redis", "postgres", "sqlite"):
            last = self.moved(later, self.relay_on(store))
            later = self.export(last)
            self.assertEqual(by_recipient(later), by_recipient(exported), store)
        # What agents get of the first store, had nothing been moved, and of the last.
        origin = live.Relay(first.folder, ports=first.ports, queue=backups.LIMITS)
        self.addCleanup(origin.stop)
        for agent in ("bob", "carol"):
            unmoved, moved = asyncio.run(take(origin, agent)), asyncio.run(take(last, agent))
            self.assertEqual(by_lane(moved), by_lane(unmoved))
            self.assertIn(TRACE, {message.trace for message in moved})
            self.assertEqual({message.delivery for message in moved}, {2, 3})
        asyncio.run(send_again(last, twice))
        live.wait_until(lambda: backups.unaccounted(last) == 0, "the books balance")
        self.assertEqual(backups.queued(last), 0, "it was settled, and its id is known")

    def test_what_is_queued_exactly_once_joins_what_comes_again(self):
        first = self.relay_on("sqlite")
        twice = asyncio.run(fill(first))
        second = self.moved(self.export(first), self.relay_on("redis"))
        asyncio.run(send_again(second, twice))
        self.assertEqual(backups.queued(second), COUNT)
        self.assertEqual([message.id for message in asyncio.run(take(second, "bob"))].count(twice.id), 1)
        live.wait_until(lambda: backups.queued(second) == COUNT // 2, "bob's are gone")

    def test_times_to_live_go_on(self):
        first = self.relay_on("sqlite")
        begun = round(time.time() * 1000)
        asyncio.run(fill(first))
        second = self.moved(self.export(first), self.relay_on("redis"))
        lives = {round((row["expires_at_ms"] - begun) / 60_000) for row in rows(self.export(second))}
        self.assertEqual(lives, {SHORT_S // 60, LONG_S // 60, 7 * 24 * 60})


def rows(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()[1:-1]]


def by_recipient(path):
    found = {}
    for row in rows(path):
        found.setdefault(row["recipient"], []).append(row)
    return found


def by_lane(messages):
    """In whose order an agent is sent them; which lane's turn it is depends on when it acknowledges."""
    found = {}
    for message in messages:
        found.setdefault((message.priority, message.delivery), []).append(message)
    return found


async def connect(relay, name):
    session = await Session.open(relay.url)
    await session.authenticate(name, live.identity.Key(name), extensions=(*EXTENSIONS, "trace-context"))
    return session


async def fill(relay):
    """Messages of each kind, lane and time to live, half of them for bob. Returns one of bob's that is sent exactly once."""
    alice = await connect(relay, "alice")
    waiting, twice = set(), None
    for number in range(COUNT):
        message = alice.message(
            ("bob", "carol")[number % 2], b"%d" % number * (1 + number % 7 * 40), delivery=2 + number // 2 % 2,
            priority=PRIORITIES[number % 5], ttl=(0, SHORT_S, LONG_S)[number % 3], trace=TRACE if number % 4 < 2 else b"",
        )
        if number % 2 == 0 and message.delivery == 3:
            twice = message
        waiting.add(message.id)
        await alice.send_message(message)
    while waiting:
        waiting -= set(await acknowledged(alice))
    await alice.close()
    return twice


async def acknowledged(session):
    frame = await asyncio.wait_for(session.next(Type.ACK, Type.NACK), 30)
    if frame.type == Type.NACK:
        raise AssertionError(frame.payload)
    return session.ack_of(frame)[1]


async def send_again(relay, message):
    alice = await connect(relay, "alice")
    await alice.send_message(message)
    await acknowledged(alice)
    await alice.close()


async def take(relay, agent):
    """All that is queued for an agent, each acknowledged."""
    session = await connect(relay, agent)
    taken = []
    while len(taken) < COUNT // 2:
        taken.append(Message.of(await asyncio.wait_for(session.next(Type.MESSAGE), 30)))
        await session.acknowledge([taken[-1].id])
    await session.close()
    return taken


if __name__ == "__main__":
    unittest.main()
