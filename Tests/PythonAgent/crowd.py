"""Many agents in one process, which remember together what was promised and what came. Obeys commands as driver.py does.

{"do": "connect", "url": "ws://127.0.0.1:8443/v1/connect", "names": ["a1", "a2"]}
{"do": "traffic", "to": ["a1", "a2", "away1"], "rate": 2000, "until_acked": 4000}
{"do": "gone"}
{"do": "collect", "url": "ws://127.0.0.1:8444/v1/connect", "names": ["a1", "a2", "away1"]}
"""

import asyncio
import collections
import random
import time

import websockets

import identity
from driver import serve
from frames import Message, Type
from session import Session

AT_LEAST_ONCE = 2
TICK_S = 0.01
CONNECTING_AT_ONCE = 20


class Agent:
    """Takes and acknowledges whatever comes, and writes down when it was told to go."""

    def __init__(self, name, session, crowd):
        self.name, self.session, self.crowd = name, session, crowd
        self.goaway_at = None
        self.tasks = [asyncio.create_task(task()) for task in (self._receive, self._hear, self._leave)]

    async def _receive(self):
        while frame := await self.session.next(Type.MESSAGE):
            id = Message.of(frame).id
            self.crowd.received(self.name, id)
            try:
                await self.session.acknowledge([id])
            except websockets.ConnectionClosed:
                return

    async def _hear(self):
        while frame := await self.session.next(Type.ACK, Type.NACK):
            if frame.type == Type.ACK:
                self.crowd.acknowledged(self.session.ack_of(frame)[1])
            else:
                self.crowd.nacks[frame.document()["code"]] += 1

    async def _leave(self):
        if await self.session.next(Type.GOAWAY):
            self.goaway_at = time.time()

    @property
    def is_welcome(self):
        return self.goaway_at is None and not self.session.closed

    async def send(self, to, size):
        message = self.session.message(to, b"x" * size, delivery=AT_LEAST_ONCE)
        self.crowd.sent[message.id] = to
        try:
            await self.session.send_message(message)
        except websockets.ConnectionClosed:
            pass


class Crowd:
    def __init__(self):
        self.agents = []
        self.sent, self.acked, self.nacks = {}, set(), collections.Counter()
        self.taken = collections.defaultdict(set)
        self.changed = asyncio.Event()
        self.pacer = None

    async def obey(self, command):
        limit = command.pop("timeout_s", 60)
        async with asyncio.timeout(limit):
            return {"ok": True, **(await getattr(self, "do_" + command.pop("do"))(**command) or {})}

    def acknowledged(self, ids):
        self.acked.update(ids)
        self.changed.set()

    def received(self, name, id):
        self.taken[name].add(id)
        self.changed.set()

    async def _until(self, condition):
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def do_connect(self, url, names):
        self.agents = []
        for first in range(0, len(names), CONNECTING_AT_ONCE):
            some = names[first : first + CONNECTING_AT_ONCE]
            self.agents += await asyncio.gather(*(self._open(url, name) for name in some))

    async def _open(self, url, name):
        session = await Session.open(url)
        await session.authenticate(name, identity.Key(name))
        return Agent(name, session, self)

    async def do_traffic(self, to, rate, until_acked, size=256):
        """Each sends in turn, to one of `to` at random, until it is told to go; answers once so many are acknowledged."""
        began = time.monotonic()
        self.pacer = asyncio.create_task(self._send(to, rate, size))
        await self._until(lambda: len(self.acked) >= until_acked)
        return {"sent": len(self.sent), "acked": len(self.acked), "per_second": len(self.sent) / (time.monotonic() - began)}

    async def _send(self, to, rate, size):
        began, sent = time.monotonic(), 0
        while senders := [agent for agent in self.agents if agent.is_welcome]:
            # On a machine that cannot keep up the rate falls; those who read must have their turn.
            due = min(int((time.monotonic() - began) * rate) - sent, int(rate * 4 * TICK_S))
            for _ in range(due):
                await senders[sent % len(senders)].send(random.choice(to), size)
                sent += 1
            await asyncio.sleep(TICK_S)

    async def do_gone(self):
        """How everybody's connection ended, once all have."""
        ends = await asyncio.gather(*(agent.session.end() for agent in self.agents))
        closes = collections.Counter(str(end["code"]) for end in ends)
        await asyncio.gather(*(task for agent in self.agents for task in agent.tasks), self.pacer)
        told = [agent.goaway_at for agent in self.agents if agent.goaway_at is not None]
        return {
            "closes": closes, "told": len(told), "first_told_at": min(told, default=None), "last_told_at": max(told, default=None),
            "sent": len(self.sent), "acked": len(self.acked), "nacks": self.nacks, "waiting": len(self._waiting()),
        }

    def _waiting(self):
        """What was promised and has not come to its recipient."""
        return [id for id in self.acked if id not in self.taken[self.sent[id]]]

    async def do_collect(self, url, names, patience_s=20):
        """Everybody comes back; tells what of all that was ever promised does not come."""
        await self.do_connect(url, names)
        try:
            async with asyncio.timeout(patience_s):
                await self._until(lambda: not self._waiting())
        except TimeoutError:
            pass
        return {"missing": [str(id) for id in self._waiting()]}


if __name__ == "__main__":
    asyncio.run(serve(Crowd()))
