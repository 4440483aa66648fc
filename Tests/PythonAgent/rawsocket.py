"""A socket to the relay that may send anything, and tells in one word how the relay took it.

The word is an HTTP status ("400"), a close code with the last complaint before it ("1002 PROTOCOL_ERROR"), "alive"
where a probe behind the damage was answered ("alive REFUSED"), or "end" where the socket ended without a word.
"""

import asyncio
import base64
import contextlib
import functools
import json
import os
import socket
import struct
import time
import uuid

import identity
from frames import Frame, Message, Type, decode

UPGRADE = (
    b"GET /v1/connect HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PROBE = b"are you there"
PATIENCE_S = 60
ERRORS = {
    1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 6: "FRAME_SIZE", 7: "REFUSED", 0x0B: "AUTH_REQUIRED", 0x0C: "AUTH_FAILED",
}
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def ws(payload=b"", opcode=BINARY, final=True, reserved=0, key=bytes(4), form=None, length=None):
    """One WebSocket frame, right or wrong. `form`: 7, 16 or 64; `length`: what it says; `key` None: no mask."""
    said = len(payload) if length is None else length
    form = form or (7 if said < 126 else 16 if said < 65_536 else 64)
    mask = 0 if key is None else 0x80
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    if form == 7:
        head += bytes([mask | said])
    else:
        head += bytes([mask | (126 if form == 16 else 127)]) + struct.pack(">H" if form == 16 else ">Q", said)
    return head + (key or b"") + masked(payload, key)


def masked(payload, key):
    if not key or not any(key):
        return payload
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))


@functools.cache
def key_of(name):
    return identity.Key(name)


class RawSocket:
    """`state` is how far it came: "request", "upgraded", "greeted" (HELLO_ACK is here), "open" (AUTH_OK is here)."""

    def __init__(self, reader, writer, name, key):
        self.reader, self.writer, self.name, self.key = reader, writer, name, key
        self.sequence = 1
        self.state = "request"
        # What it said in HELLO, and what the relay answered.
        self.said, self.greeting, self.challenge = {}, {}, b""
        self._unread = b""

    @classmethod
    async def connect(cls, address, name="", key=bytes(4)):
        if address.startswith("/"):
            return cls(*await asyncio.open_unix_connection(address), name, key)
        host, port = address.rsplit(":", 1)
        return cls(*await asyncio.open_connection(host, int(port)), name, key)

    def send(self, raw):
        self.writer.write(raw)

    def frame(self, type, payload=b"{}", flags=0, stream=0, sequence=None):
        """A protocol frame that has, unless told otherwise, the number that is due."""
        number = self.sequence if sequence is None else sequence
        self.sequence = (number + 1) % 2**32
        payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return Frame(type, payload, flags, stream, number).encode()

    def packed(self, raw, **fields):
        return ws(raw, key=self.key, **fields)

    def hello(self, **members):
        hello = {
            "protocol_version": "0.1", "extensions": [], "client_time": int(time.time() * 1000),
            "agent_id_hash": "sha256:" + identity.agent_hash(self.name).hex(),
            "nonce": base64.b64encode(os.urandom(32)).decode(),
        }
        return hello | members

    def auth(self, **members):
        key = key_of(self.name)
        signed = {"agent_id": self.name, "public_key": key.public, "signature": key.sign(self.challenge)}
        return signed | members

    def message(self, to="nobody", envelope=b"x" * 64, **fields):
        routing = {"sender": identity.agent_hash(self.name), "recipient": identity.agent_hash(to), "timestamp": 1}
        return Message(**{**routing, "id": uuid.uuid4(), "delivery": 1, **fields, "envelope": envelope})

    async def reach(self, state, **hello):
        """Goes on rightly as far as `state`; `hello`: members of its HELLO."""
        if state == "request":
            return
        self.send(UPGRADE)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.decode(errors="replace"))
        self.state = "upgraded"
        if state in ("greeted", "open"):
            self.said = self.hello(**hello)
            self.send(self.packed(self.frame(Type.HELLO, self.said)))
            self.greeting = await self._reply(Type.HELLO_ACK)
            self.challenge = base64.b64decode(self.greeting["challenge"])
            self.state = "greeted"
        if state == "open":
            self.send(self.packed(self.frame(Type.AUTH, self.auth())))
            await self._reply(Type.AUTH_OK)
            self.state = "open"

    async def _reply(self, type):
        opcode, payload = await self._incoming()
        frames = decode(payload) if opcode == BINARY else []
        if [frame.type for frame in frames] != [type]:
            raise ConnectionError(f"no {type.name}: opcode {opcode}, {payload[:200]!r}")
        return frames[0].document()

    def probe(self, kind):
        """Asks for a sign of life: in the protocol, whose answers come in order, or in WebSocket."""
        if kind == "frame":
            return self.packed(self.frame(Type.PING, {"timestamp": 1, "sequence": 1}))
        return ws(PROBE, PING, key=self.key)

    async def outcome(self):
        async with asyncio.timeout(PATIENCE_S):
            return await (self._answered() if self.state == "request" else self._ended())

    async def _answered(self):
        status = b""
        with contextlib.suppress(ConnectionError):
            while more := await self.reader.read(65_536):
                status = (status + more)[:65_536]
        return status[9:12].decode(errors="replace") if status.startswith(b"HTTP/1.1 ") else "end"

    async def _ended(self):
        complaint = ""
        while True:
            try:
                opcode, payload = await self._incoming()
            except (asyncio.IncompleteReadError, ConnectionError):
                return "end"
            if opcode == CLOSE:
                code = str(int.from_bytes(payload[:2])) if payload else "close"
                return code + complaint
            if opcode == PONG and payload == PROBE and self.state != "left":
                return "alive" + complaint
            for frame in decode(payload) if opcode == BINARY else []:
                if frame.type in (Type.PONG, Type.AUTH_OK) and self.state != "left":
                    return "alive" + complaint
                complaint = complaint_of(frame) or complaint

    async def _incoming(self):
        first, length = await self.reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def leave(self):
        """Closes as an agent does that has nothing more to say."""
        self.send(ws(b"\x03\xe8", CLOSE, key=self.key))
        self.state = "left"
        return await self.outcome()

    def reset(self):
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self):
        self.writer.transport.abort()


def complaint_of(frame):
    if frame.type == Type.ERROR:
        return " " + ERRORS.get(frame.document()["code"], "ERROR")
    if frame.type in (Type.NACK, Type.AUTH_FAIL):
        return " " + frame.document()["code"]
    return ""
