"""A sender that never waits for one answer before the next message, and remembers every answer."""

import asyncio
import itertools

import websockets

from frames import Type


def note(session, frame, acked, nacked):
    """Writes the answer in `frame` down: id -> ack_type, or id -> code."""
    if frame.type == Type.NACK:
        document = frame.document()
        nacked[document["message_id"]] = document["code"]
        return
    ack_type, ids = session.ack_of(frame)
    acked.update({str(id): ack_type for id in ids})


class Flood:
    """At most `window` messages are without an answer; they go to each of `recipients` in turn."""

    def __init__(self, session, recipients, size, window, fields):
        self.session, self.recipients, self.fields = session, recipients, fields
        self.envelope = b"x" * size
        self.room = asyncio.Semaphore(window)
        self.sent, self.acked, self.nacked = {}, {}, {}
        self.stopping = False
        self.changed = asyncio.Condition()
        self.writer = asyncio.create_task(self._write())
        self.reader = asyncio.create_task(self._read())

    async def _write(self):
        for to in itertools.cycle(self.recipients):
            await self.room.acquire()
            if self.stopping:
                return
            message = self.session.message(to, self.envelope, **self.fields)
            self.sent[str(message.id)] = to
            try:
                await self.session.send_message(message)
            except websockets.ConnectionClosed:
                return

    async def _read(self):
        while frame := await self.session.next(Type.ACK, Type.NACK):
            before = self._settled()
            note(self.session, frame, self.acked, self.nacked)
            for _ in range(self._settled() - before):
                self.room.release()
            async with self.changed:
                self.changed.notify_all()
        async with self.changed:
            self.changed.notify_all()

    def _settled(self):
        return len(self.acked) + len(self.nacked)

    async def _until(self, condition):
        async with self.changed:
            await self.changed.wait_for(lambda: condition() or self.session.closed)

    async def acknowledged(self, count):
        await self._until(lambda: len(self.acked) >= count)
        return len(self.acked)

    async def stop(self):
        self.stopping = True
        self.room.release()
        await self.writer
        await self._until(lambda: self._settled() >= len(self.sent))

    async def lost(self):
        await self.reader
        self.stopping = True
        self.room.release()
        await self.writer

    def result(self):
        acked_for = {to: [] for to in self.recipients}
        for id in self.acked:
            acked_for[self.sent[id]].append(id)
        unsettled = [id for id in self.sent if id not in self.acked and id not in self.nacked]
        return {
            "sent": len(self.sent), "acked": self.acked, "nacked": self.nacked, "acked_for": acked_for,
            "unsettled": unsettled,
        }
