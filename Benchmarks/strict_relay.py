"""A relay for checking the load generator: believes nothing it is sent, and does wrong what it is told to do wrong.

Shares no code with the generator: zlib for the checksum, the openssl binary for the signature. What it found wrong in
the generator's bytes is in `complaints`.
"""

import base64
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import zlib

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HELLO, HELLO_ACK, AUTH, AUTH_OK, MESSAGE, ACK, NACK, PING, PONG = 1, 2, 3, 4, 0x10, 0x11, 0x12, 0x20, 0x21
ACK_REQ = 0x10
# An Ed25519 SubjectPublicKeyInfo is this and the 32 bytes of the key (RFC 8410).
KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")


def signature_holds(key: bytes, signature: bytes, signed: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": KEY_PREFIX + key, "signature": signature, "signed": signed}
        paths = {name: pathlib.Path(folder) / name for name in files}
        for name, content in files.items():
            paths[name].write_bytes(content)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths["key"]]
        command += ["-sigfile", paths["signature"], "-in", paths["signed"]]
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0


class Complaint(Exception):
    pass


def demand(holds: bool, what: str) -> None:
    if not holds:
        raise Complaint(what)


class Connection:
    def __init__(self, relay: "StrictRelay", connected: socket.socket):
        self.relay, self.socket = relay, connected
        self.stream = connected.makefile("rb")
        self.sequence_in = self.sequence_out = 0
        self.hash = b""
        self.keys: set[bytes] = set()

    def upgrade(self) -> None:
        lines = iter(lambda: self.stream.readline().strip(), b"")
        demand(next(lines) == b"GET /v1/connect HTTP/1.1", "request line")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        demand(fields[b"upgrade"].lower() == b"websocket" and fields[b"connection"].lower() == b"upgrade", "upgrade")
        demand(fields[b"sec-websocket-version"] == b"13" and b"host" in fields, "version, host")
        key = fields[b"sec-websocket-key"]
        demand(len(base64.b64decode(key, validate=True)) == 16, "key")
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.socket.sendall(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")

    def message(self) -> bytes | None:
        """The payload of the next WebSocket message; None after a close frame."""
        first, second = self.stream.read(2)
        demand(second & 0x80 != 0, "unmasked frame")
        length = second & 0x7F
        if length >= 126:
            least = 126 if length == 126 else 65536
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
            demand(length >= least, "a length longer than it need be")
        key, masked = self.stream.read(4), self.stream.read(length)
        self.keys.add(key)
        demand(first in (0x82, 0x88), f"first byte {first:02x}")
        plain = bytes(byte ^ key[at & 3] for at, byte in enumerate(masked))
        if first == 0x88:
            demand(plain == struct.pack(">H", 1000), "close code")
            return None
        return plain

    def frames(self):
        """(type, flags, payload) of every frame, each checked."""
        while (message := self.message()) is not None:
            while message:
                magic, kind, flags, length, stream, sequence = struct.unpack(">3sBBIII", message[:17])
                self.sequence_in += 1
                demand(magic == b"MR\x01" and stream == 0, "magic, version, stream")
                demand(sequence == self.sequence_in, f"sequence {sequence}, {self.sequence_in} was next")
                body, message = message[: 17 + length], message[17 + length :]
                demand(len(body) == 17 + length and len(message) >= 4, "a frame that is not whole")
                demand(struct.unpack(">I", message[:4])[0] == zlib.crc32(body), "checksum")
                message = message[4:]
                yield kind, flags, body[17:]

    def send(self, kind: int, payload: bytes, flags: int = 0, damage: int = 0) -> None:
        with self.relay.lock:
            self.sequence_out += 1
            frame = struct.pack(">3sBBIII", b"MR\x01", kind, flags, len(payload), 0, self.sequence_out) + payload
            frame += struct.pack(">I", zlib.crc32(frame) ^ damage)
            self.socket.sendall(b"\x82\x7e" + struct.pack(">H", len(frame)) + frame)

    def handshake(self, frames) -> None:
        kind, flags, payload = next(frames)
        hello = json.loads(payload)
        demand(kind == HELLO and flags == 0 and hello["protocol_version"] == "0.1", "HELLO")
        demand(hello["extensions"] == ["batching", "ack:binary"], "extensions")
        demand(len(base64.b64decode(hello["nonce"], validate=True)) == 32, "nonce")
        demand(isinstance(hello["client_time"], int) and hello["capabilities_hash"].startswith("sha256:"), "HELLO")
        challenge = os.urandom(32)
        # The solidus escaped, as some JSON writers do.
        text = base64.b64encode(challenge).decode().replace("/", "\\/")
        agreed = '{"extensions": ["batching", "ack:binary"], "challenge" : "%s", "relay_id": "strict"}' % text
        self.send(HELLO_ACK, agreed.encode())
        kind, flags, payload = next(frames)
        auth = json.loads(payload)
        demand(kind == AUTH and flags == 0 and auth["capabilities"] == [] and "org" not in auth, "AUTH")
        self.hash = hashlib.sha256(auth["agent_id"].encode()).digest()
        demand(hello["agent_id_hash"] == "sha256:" + self.hash.hex(), "agent_id_hash")
        key, signature = (
            base64.b64decode(auth[name].removeprefix("ed25519:"), validate=True) for name in ("public_key", "signature")
        )
        demand(signature_holds(key, signature, challenge), "signature")
        with self.relay.lock:
            self.relay.agents[self.hash] = self
        self.send(AUTH_OK, b"{}")

    def serve(self) -> None:
        self.upgrade()
        frames = self.frames()
        self.handshake(frames)
        self.send(PING, b'{"timestamp": 1700000000000, "sequence": 7}')
        for kind, flags, payload in frames:
            if kind == MESSAGE:
                self.relay.route(self, flags, payload)
            elif kind == ACK:
                self.relay.acknowledge(payload)
            else:
                pong = json.loads(payload)
                demand(kind == PONG and pong["timestamp"] == 1700000000000 and pong["sequence"] == 7, "PONG")
                self.relay.pongs += 1
        demand(len(self.keys) * 2 > self.sequence_in, "masking keys that repeat")


class StrictRelay:
    """Listens on 127.0.0.1:`port`. `fault` is what to do wrong with one MESSAGE: the 100th, and no other."""

    def __init__(self, fault: str = ""):
        self.fault, self.seen, self.pongs = fault, 0, 0
        self.agents: dict[bytes, Connection] = {}
        self.senders: dict[bytes, Connection] = {}
        self.complaints: list[str] = []
        self.lock = threading.RLock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self) -> None:
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Connection(self, connected),), daemon=True).start()

    def serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        except (OSError, ValueError, StopIteration):
            pass  # the generator went away: it says itself why
        except (Complaint, KeyError) as complaint:
            self.complaints.append(str(complaint))
            connection.socket.close()

    def route(self, sender: Connection, flags: int, payload: bytes) -> None:
        demand(payload[:32] == sender.hash, "sender hash")
        demand(payload[88:96] == bytes([0, 0, 128, 0, 0, 0, 0, 0]), "TTL, priority, delivery, reserved")
        with self.lock:
            self.seen += 1
            fault = self.fault if self.seen == 100 else ""
            if flags & ACK_REQ:
                demand(payload[64:80] not in self.senders, "a message id twice")
                self.senders[payload[64:80]] = sender
        recipient = self.agents.get(payload[32:64])
        if fault == "lose":
            return
        if fault == "refuse":
            sender.send(NACK, b'{"code": "QUEUE_FULL"}')
            return
        if recipient is None:
            self.acknowledge(b"\0\0\1" + payload[64:80])
            return
        if fault == "misroute":
            recipient = next(agent for agent in self.agents.values() if agent not in (recipient, sender))
        if fault == "alter":
            payload = payload[:-1] + bytes([payload[-1] ^ 1])
        recipient.send(MESSAGE, payload, flags, damage=1 if fault == "damage" else 0)
        if fault == "twice":
            recipient.send(MESSAGE, payload, flags)

    def acknowledge(self, payload: bytes) -> None:
        kind, count = struct.unpack(">BH", payload[:3])
        demand(kind in (0, 1) and count > 0 and len(payload) == 3 + 16 * count, "binary ACK")
        for at in range(3, len(payload), 16):
            message = payload[at : at + 16]
            with self.lock:
                sender = self.senders.pop(message, None)
            demand(sender is not None, "an ACK for what was not sent")
            sender.send(ACK, payload[:1] + b"\0\1" + message)

    def close(self) -> None:
        # A close alone leaves the thread in accept(), which goes on with whatever socket gets the descriptor's number.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()
