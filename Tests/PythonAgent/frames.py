"""Frames, routing headers and binary ACKs, from docs/protocol.md sections 2 to 7 and from nothing else."""

import enum
import json
import struct
import uuid
import zlib
from dataclasses import dataclass

MAGIC, VERSION = b"MR", 1
HEADER = struct.Struct(">2sBBBIII")
CHECKSUM = struct.Struct(">I")
ROUTING = struct.Struct(">32s32s16sQHBB4x")
TRACE_BYTES = 26
MAX_PAYLOAD = 16 * 1024 * 1024


class Type(enum.IntEnum):
    HELLO = 0x01
    HELLO_ACK = 0x02
    AUTH = 0x03
    AUTH_OK = 0x04
    AUTH_FAIL = 0x05
    MESSAGE = 0x10
    ACK = 0x11
    NACK = 0x12
    PING = 0x20
    PONG = 0x21
    STREAM_OPEN = 0x30
    STREAM_DATA = 0x31
    STREAM_CLOSE = 0x32
    WINDOW_UPDATE = 0x33
    GOAWAY = 0x40
    ERROR = 0xFF


class Flag(enum.IntFlag):
    COMPRESSED = 0x01
    ENCRYPTED = 0x02
    PRIORITY = 0x04
    FIN = 0x08
    ACK_REQ = 0x10
    TRACED = 0x20
    RESERVED = 0xC0


class Malformed(Exception):
    """The bytes are not what the protocol page allows."""


@dataclass(frozen=True)
class Frame:
    type: int
    payload: bytes
    flags: int = 0
    stream: int = 0
    sequence: int = 0

    def encode(self):
        head = HEADER.pack(MAGIC, VERSION, self.type, self.flags, len(self.payload), self.stream, self.sequence)
        return head + self.payload + CHECKSUM.pack(zlib.crc32(head + self.payload))

    def document(self):
        return json.loads(self.payload)


def decode(message):
    """Every frame of one WebSocket message, back to back; a frame never spans two messages."""
    frames, at = [], 0
    while at < len(message):
        if len(message) - at < HEADER.size:
            raise Malformed(f"{len(message) - at} bytes where a header should be")
        magic, version, kind, flags, length, stream, sequence = HEADER.unpack_from(message, at)
        if (magic, version) != (MAGIC, VERSION):
            raise Malformed(f"magic {magic.hex()} version {version}")
        if length > MAX_PAYLOAD or at + HEADER.size + length + CHECKSUM.size > len(message):
            raise Malformed(f"length {length} does not fit its message")
        end = at + HEADER.size + length
        (checksum,) = CHECKSUM.unpack_from(message, end)
        if checksum != zlib.crc32(message[at:end]):
            raise Malformed(f"checksum {checksum:08x}, computed {zlib.crc32(message[at:end]):08x}")
        if flags & Flag.RESERVED:
            raise Malformed(f"reserved flags {flags:02x}")
        frames.append(Frame(kind, bytes(message[at + HEADER.size : end]), flags, stream, sequence))
        at = end + CHECKSUM.size
    return frames


@dataclass(frozen=True)
class Message:
    """What a MESSAGE frame carries: 96 bytes of routing header, and an envelope the relay never opens."""

    sender: bytes
    recipient: bytes
    id: uuid.UUID
    timestamp: int
    envelope: bytes
    ttl: int = 0
    priority: int = 128
    delivery: int = 0
    trace: bytes = b""

    def payload(self):
        return (
            ROUTING.pack(
                self.sender, self.recipient, self.id.bytes, self.timestamp, self.ttl, self.priority, self.delivery
            )
            + self.trace
            + self.envelope
        )

    @classmethod
    def of(cls, frame):
        if len(frame.payload) < ROUTING.size:
            raise Malformed(f"a MESSAGE of {len(frame.payload)} bytes")
        sender, recipient, id, timestamp, ttl, priority, delivery = ROUTING.unpack_from(frame.payload)
        body = ROUTING.size + (TRACE_BYTES if frame.flags & Flag.TRACED else 0)
        return cls(
            sender, recipient, uuid.UUID(bytes=id), timestamp, frame.payload[body:],
            ttl, priority, delivery, frame.payload[ROUTING.size : body],
        )


ACK_TYPES = ("queued", "received", "processed")


def binary_ack(ids, ack_type):
    return struct.pack(">BH", ACK_TYPES.index(ack_type), len(ids)) + b"".join(id.bytes for id in ids)


def parse_binary_ack(payload):
    kind, count = struct.unpack_from(">BH", payload)
    if kind >= len(ACK_TYPES) or len(payload) != 3 + 16 * count:
        raise Malformed(f"a binary ACK of {len(payload)} bytes, type {kind}, count {count}")
    return ACK_TYPES[kind], [uuid.UUID(bytes=payload[3 + 16 * i : 19 + 16 * i]) for i in range(count)]


def parse_ack(payload, binary):
    """(ack_type, ids). With `ack:binary` both forms are legal; the first byte of a document is a brace."""
    if binary and payload[:1] != b"{":
        return parse_binary_ack(payload)
    document = json.loads(payload)
    return document["ack_type"], [uuid.UUID(id) for id in document["message_ids"]]
