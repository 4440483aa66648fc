"""One agent's connection: the handshake, then frames both ways over a WebSocket."""

import asyncio
import base64
import collections
import json
import os
import socket
import ssl
import time
import urllib.parse
import uuid

import websockets
import websockets.frames

import identity
from frames import Frame, Flag, Malformed, Message, Type, binary_ack, decode, parse_ack

EXTENSIONS = ("auth:bound", "ack:binary", "batching")


def now_ms():
    return int(time.time() * 1000)


class Refused(Exception):
    """The relay ended the handshake: its AUTH_FAIL or ERROR document, or the close alone."""

    def __init__(self, frame, close):
        super().__init__(f"{frame} {close}")
        self.frame, self.close = frame, close


def trust(ca):
    context = ssl.create_default_context(cafile=None if ca == "none" else ca)
    if ca == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Session:
    """Sequence numbers are kept in both directions; a gap in the relay's is an error here as it is there."""

    def __init__(self, connection, url):
        self.connection = connection
        self.url = url
        self.extensions = []
        self.agent_id = None
        self.inbox = collections.defaultdict(collections.deque)
        self.arrived = asyncio.Condition()
        self.closed = None
        self.reading = asyncio.Event()
        self.reading.set()
        self.answers_pings = True
        self._next_out, self._last_in = 1, 0
        self._reader = None
        self._early = []

    @classmethod
    async def open(cls, url, receive_buffer=None, source=None, ca=None, deflate=False, **options):
        """From the address `source`; `ca` is a file of authorities, or "none" to trust anybody.

        `receive_buffer` bytes in the kernel, and a queue of one here: a paused session is slow for the relay too.
        """
        if receive_buffer or source:
            options["sock"] = tcp(url, receive_buffer, source)
        if ca:
            options["ssl"] = trust(ca)
        connection = await websockets.connect(
            url, subprotocols=["moltrelay.v1"], compression="deflate" if deflate else None, max_queue=1, max_size=None, ping_interval=None,
            open_timeout=10, close_timeout=1, proxy=None, **options,
        )
        return cls(connection, url)

    async def send(self, type, payload, flags=0, stream=0, sequence=None):
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        number = self._next_out if sequence is None else sequence
        self._next_out = (number + 1) % 2**32
        await self.connection.send(Frame(type, payload, flags, stream, number).encode())

    async def _frames(self):
        message = await self.connection.recv()
        if isinstance(message, str):
            raise Malformed("a text message")
        frames = decode(message)
        if len(frames) != 1 and "batching" not in self.extensions:
            raise Malformed(f"{len(frames)} frames in one message without `batching`")
        for frame in frames:
            if frame.sequence != (self._last_in + 1) % 2**32:
                raise Malformed(f"sequence {frame.sequence} after {self._last_in}")
            self._last_in = frame.sequence
        return frames

    async def authenticate(
        self, agent_id, key, *, extensions=EXTENSIONS, authority=None, claimed_id=None, signing_key=None,
        skew_ms=0, org="", attestation=None,
    ):
        """Runs the handshake; the arguments after `authority` are for getting it wrong on purpose."""
        self.agent_id = agent_id
        nonce = os.urandom(32)
        await self.send(Type.HELLO, {
            "protocol_version": "0.1",
            "extensions": list(extensions),
            "agent_id_hash": "sha256:" + identity.agent_hash(claimed_id or agent_id).hex(),
            "capabilities_hash": "sha256:" + identity.agent_hash("").hex(),
            "client_time": now_ms() + skew_ms,
            "nonce": base64.b64encode(nonce).decode(),
        })
        hello = await self._reply(Type.HELLO_ACK)
        challenge = base64.b64decode(hello["challenge"], validate=True)
        self.extensions = hello["extensions"]
        self._check_relay(hello, nonce, challenge, extensions)

        authority = authority or urllib.parse.urlsplit(self.url).netloc
        signed = challenge
        if "auth:bound" in self.extensions:
            signed = identity.bound_bytes(challenge, nonce, hello["relay_id"], agent_id, authority)
        auth = {
            "agent_id": agent_id,
            "org": org,
            "public_key": key.public,
            "signature": (signing_key or key).sign(signed),
            "capabilities": [],
        }
        if "auth:bound" in self.extensions:
            auth["authority"] = authority
        if attestation:
            auth["org_attestation"] = attestation
        await self.send(Type.AUTH, auth)
        accepted = await self._reply(Type.AUTH_OK)
        self.listen()
        return hello, accepted

    def listen(self):
        self._reader = asyncio.create_task(self._read())

    def _check_relay(self, hello, nonce, challenge, offered):
        if len(challenge) != 32 or hello["protocol_version"] != "0.1":
            raise Malformed(f"HELLO_ACK {hello}")
        if self.extensions != [name for name in offered if name in self.extensions]:
            raise Malformed(f"extensions {self.extensions} out of {offered}")
        if "relay_signature" in hello:
            signed = identity.relay_bytes(nonce, challenge, hello["relay_id"])
            if not identity.verifies(hello["relay_public_key"], hello["relay_signature"], signed):
                raise Malformed("relay_signature does not hold")

    async def _reply(self, wanted):
        try:
            (frame, *rest) = await self._frames()
        except websockets.ConnectionClosed as end:
            raise Refused(None, close_of(end)) from end
        if frame.type == wanted:
            # What was queued may come in the WebSocket message of AUTH_OK.
            self._early = rest
            return frame.document()
        refusal = {"type": Type(frame.type).name, **frame.document()}
        try:
            await self.connection.recv()
        except websockets.ConnectionClosed as end:
            raise Refused(refusal, close_of(end)) from end
        raise Malformed(f"{refusal} and no close")

    async def _read(self):
        try:
            for frame in self._early:
                await self._received(frame)
            while True:
                await self.reading.wait()
                for frame in await self._frames():
                    await self._received(frame)
        except websockets.ConnectionClosed as end:
            self.closed = close_of(end)
        except (Malformed, ValueError) as error:
            self.closed = {"code": None, "reason": f"the relay is wrong: {error}"}
        async with self.arrived:
            self.arrived.notify_all()

    async def _received(self, frame):
        if frame.type == Type.PING and self.answers_pings:
            ping = frame.document()
            answer = {"timestamp": ping.get("timestamp"), "sequence": ping.get("sequence")}
            await self.send(Type.PONG, answer | {"server_time": now_ms(), "load": 0})
            return
        async with self.arrived:
            self.inbox[frame.type].append(frame)
            self.arrived.notify_all()

    async def next(self, *types):
        """An unread frame of one of these types, oldest first within a type; None once the connection has ended without one."""
        async with self.arrived:
            while True:
                for type in types:
                    if self.inbox[type]:
                        return self.inbox[type].popleft()
                if self.closed:
                    return None
                await self.arrived.wait()

    async def end(self):
        """How the connection ended, once it has."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.closed)
        return self.closed

    def message(self, to, envelope, **fields):
        return Message(
            sender=identity.agent_hash(fields.pop("sender", self.agent_id)), recipient=identity.agent_hash(to),
            id=fields.pop("id", None) or uuid.uuid4(), timestamp=now_ms(), envelope=envelope, **fields,
        )

    async def send_message(self, message, ack=False, flags=0):
        flags |= (Flag.ACK_REQ if ack else 0) | (Flag.TRACED if message.trace else 0)
        await self.send(Type.MESSAGE, message.payload(), flags)

    def send_half(self, message):
        frame = Frame(Type.MESSAGE, message.payload(), 0, 0, self._next_out).encode()
        whole = websockets.frames.Frame(websockets.frames.Opcode.BINARY, frame).serialize(mask=True)
        self.connection.transport.write(whole[: len(whole) // 2])

    async def acknowledge(self, ids, ack_type="processed"):
        if "ack:binary" in self.extensions:
            return await self.send(Type.ACK, binary_ack(ids, ack_type))
        await self.send(Type.ACK, {
            "message_ids": [str(id) for id in ids], "ack_type": ack_type, "timestamp": now_ms(),
        })

    def ack_of(self, frame):
        return parse_ack(frame.payload, "ack:binary" in self.extensions)

    async def close(self):
        await self.connection.close()
        if self._reader:
            await self._reader

    def forget(self):
        """Reads no more; for a session that another one follows."""
        if self._reader:
            self._reader.cancel()

    async def drop(self):
        """Ends the TCP connection without a word."""
        self.connection.transport.abort()
        if self._reader:
            await self._reader


def tcp(url, receive_buffer=None, source=None):
    address = urllib.parse.urlsplit(url)
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source:
        connection.bind((source, 0))
    connection.connect((address.hostname, address.port))
    connection.setblocking(False)
    return connection


def close_of(end):
    received = end.rcvd
    return {"code": received.code, "reason": received.reason} if received else {"code": 1006, "reason": ""}
