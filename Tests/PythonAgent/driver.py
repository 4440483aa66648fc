"""An agent that obeys: one JSON command a line on standard input, one JSON answer a line on standard output.

{"do": "connect", "url": "ws://127.0.0.1:8443/v1/connect", "agent": "alice"}
{"do": "send", "to": "bob", "body": "hello", "delivery": 2, "settle": true}
{"do": "expect", "type": "MESSAGE"}
{"do": "ack", "ids": ["..."]}

Every answer has "ok"; a wait that ends without what it waited for is {"ok": false, "error": ...}. Nothing here sleeps.
"""

import asyncio
import itertools
import json
import sys
import time
import traceback
import uuid

import compression
import identity
from abuse import Abuse
from flood import Flood, note
from frames import Flag, Message, Type
from session import Refused, Session, tcp

TYPES = {type.name: type for type in Type}


def described(session, frame):
    if frame.type == Type.MESSAGE:
        message = Message.of(frame)
        envelope = message.envelope
        if frame.flags & Flag.COMPRESSED:
            envelope = compression.inflate(compression.negotiated(session.extensions), envelope)
        return {
            "type": "MESSAGE", "carried": len(message.envelope), "id": str(message.id), "sender": message.sender.hex(), "priority": message.priority,
            "delivery": message.delivery, "ttl": message.ttl, "flags": frame.flags, "size": len(envelope),
            "body": envelope[:256].decode(errors="replace"), "trace": message.trace.hex(),
        }
    if frame.type == Type.ACK:
        ack_type, ids = session.ack_of(frame)
        return {"type": "ACK", "ack_type": ack_type, "ids": [str(id) for id in ids]}
    return {"type": Type(frame.type).name, "document": frame.document()}


class Driver:
    def __init__(self):
        self.session = None
        self.flood = None
        self.sockets = []

    async def obey(self, command):
        action = getattr(self, "do_" + command.pop("do"))
        limit = command.pop("timeout_s", 20)
        try:
            async with asyncio.timeout(limit):
                return {"ok": True, **(await action(**command) or {})}
        except Refused as refusal:
            return {"ok": False, "error": "refused", "document": refusal.frame, "close": refusal.close}
        except TimeoutError:
            return {"ok": False, "error": f"nothing within {limit} s", "unread": self.unread()}

    def unread(self):
        waiting = self.session.inbox.values() if self.session else []
        return [described(self.session, frame) for frames in waiting for frame in itertools.islice(frames, 8)]

    async def do_key(self, word):
        """The public key that grows from a word."""
        return {"public": identity.Key(word).public}

    async def do_connect(
        self, url, agent, key=None, signing_key=None, attest=None, headers=None, receive_buffer=None, source=None,
        ca=None, deflate=False, **options
    ):
        key = identity.Key(key or agent)
        if signing_key:
            options["signing_key"] = identity.Key(signing_key)
        if attest:
            options["attestation"] = attestation(agent, key, **attest)
            options["org"] = attest["org"]
        if self.session:
            self.session.forget()
        self.session = await Session.open(url, receive_buffer, source, ca, deflate, additional_headers=headers)
        hello, accepted = await self.session.authenticate(agent, key, **options)
        answered = self.session.connection.response.headers.get("Sec-WebSocket-Extensions")
        return {"hello_ack": hello, "auth_ok": accepted, "websocket_extensions": answered}

    async def do_send(
        self, to, body="", size=None, count=1, settle=False, ids=None, ack=False, flags=0, trace="",
        compress=False, claim=None, **fields
    ):
        """Sends `count` messages, of a trace in hex; with `settle`, answers once each has its ACK or NACK.

        With `compress` in the algorithm negotiated, said to have been `claim` bytes."""
        fields["trace"] = bytes.fromhex(trace)
        envelope = body.encode() if size is None else b"x" * size
        if compress:
            flags |= Flag.COMPRESSED
            envelope = compression.compress(compression.negotiated(self.session.extensions), envelope, claim)
        sent = []
        for number in range(count):
            id = uuid.UUID(ids[number]) if ids else None
            message = self.session.message(to, envelope, id=id, **fields)
            await self.session.send_message(message, ack=ack, flags=flags)
            sent.append(str(message.id))
        return {"ids": sent} | (await self.settled(set(sent)) if settle else {})

    async def do_send_half(self, to, body="half"):
        """The first half of a message, under a WebSocket head that announces all of it."""
        self.session.send_half(self.session.message(to, body.encode()))

    async def settled(self, waiting):
        acked, nacked = {}, {}
        while waiting - acked.keys() - nacked.keys():
            frame = await self.session.next(Type.ACK, Type.NACK)
            if frame is None:
                break
            note(self.session, frame, acked, nacked)
        return {"acked": acked, "nacked": nacked}

    async def do_flood(self, to, size=256, delivery=2, window=64, until_acked=100, **fields):
        """Keeps `window` messages unsettled, to each of `to` in turn; answers once `until_acked` are acknowledged."""
        self.flood = Flood(self.session, to, size, window, {"delivery": delivery, **fields})
        return {"reached": await self.flood.acknowledged(until_acked)}

    async def do_flood_lost(self):
        """Waits for the connection's end and tells which messages the relay had acknowledged until then."""
        await self.flood.lost()
        return self.flood.result()

    async def do_flood_stop(self):
        """Sends no more; answers once everything sent is settled, or the connection ended."""
        await self.flood.stop()
        return self.flood.result()

    async def do_expect(self, type="MESSAGE", count=1, ack=False):
        frames = []
        for _ in range(count):
            frame = await self.session.next(TYPES[type])
            if frame is None:
                return {"ok": False, "error": f"closed: {self.session.closed}", "frames": frames}
            frames.append(described(self.session, frame))
            if ack:
                await self.session.acknowledge([Message.of(frame).id])
        return {"frames": frames}

    async def do_collect(self, ids, ack=True, patience_s=10):
        """Takes messages until each of `ids` has come, or none comes any more; tells which have not."""
        missing, repeated, seen = set(ids), 0, set()
        while missing:
            try:
                async with asyncio.timeout(patience_s):
                    frame = await self.session.next(Type.MESSAGE)
            except TimeoutError:
                break
            if frame is None:
                break
            message = Message.of(frame)
            repeated += message.id in seen
            seen.add(message.id)
            missing.discard(str(message.id))
            if ack:
                await self.session.acknowledge([message.id])
        return {"missing": sorted(missing), "repeated": repeated, "received": len(seen)}

    async def do_ack(self, ids, ack_type="processed"):
        await self.session.acknowledge([uuid.UUID(id) for id in ids], ack_type)

    async def do_ping(self, sequence=1):
        """Also a barrier: the relay has read everything sent before it once its PONG is here."""
        await self.session.send(Type.PING, {"timestamp": int(time.time() * 1000), "sequence": sequence})
        frame = await self.session.next(Type.PONG)
        return {"frames": [described(self.session, frame)]} if frame else {"ok": False, "error": "closed"}

    async def do_frame(self, type, payload="{}", **fields):
        """Any frame, right or wrong; `type` is a name or a number."""
        await self.session.send(TYPES.get(type, type), payload.encode(), **fields)

    async def do_bytes(self, hex=None, text=None):
        await self.session.connection.send(text if hex is None else bytes.fromhex(hex))

    async def do_open(self, url):
        """A WebSocket without a handshake, for what `bytes` and `frame` send before one."""
        self.session = await Session.open(url)
        self.session.listen()

    async def do_abuse(self, address, way):
        """One of the ways of abuse.py; the word with which the relay took it."""
        return {"word": await Abuse(address, way).run()}

    async def do_sockets(self, url, count):
        """TCP connections that say nothing; whether the relay accepts them is another matter."""
        self.sockets += [tcp(url) for _ in range(count)]

    async def do_sockets_close(self):
        for connection in self.sockets:
            connection.close()

    async def do_ignore_pings(self):
        self.session.answers_pings = False

    async def do_pause(self):
        self.session.reading.clear()

    async def do_resume(self):
        self.session.reading.set()

    async def do_end(self):
        return {"close": await self.session.end()}

    async def do_close(self):
        await self.session.close()
        return {"close": self.session.closed}

    async def do_drop(self):
        await self.session.drop()


def attestation(agent, key, org, key_word=None, issued_s=-60, expires_s=3600, damaged=False, for_agent=None):
    """Signed by the key that grows from `key_word`, an organisation's own name unless told otherwise."""
    now = int(time.time() * 1000)
    document = identity.Key(key_word or org).attest(
        org, for_agent or agent, key.public, now + issued_s * 1000, now + expires_s * 1000
    )
    return document | {"capabilities": ["added later"]} if damaged else document


async def serve(driver):
    """One command at a time, until there are no more."""
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        try:
            answer = await driver.obey(json.loads(line))
        except Exception as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Driver()))
