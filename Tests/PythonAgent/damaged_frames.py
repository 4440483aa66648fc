"""What is wrong below the documents: WebSocket frames (RFC 6455), frames and routing headers (docs/protocol.md 1 to 6).

A row makes the bytes of its stream number `n` (0, 1, 2 ...) on a socket that has come as far as `at`, and says how the
relay must take them. Edges are gone through in turn; what is left free is drawn from `random`, a seeded one.
"""

import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import Callable

from frames import HEADER, Flag, Type
from rawsocket import BINARY, CLOSE, CONTINUATION, PING, TEXT, ws

CONNECTED = ("upgraded", "greeted", "open")
HANDSHAKE = ("upgraded", "greeted")
OPEN = ("open",)


@dataclass(frozen=True)
class Damage:
    name: str
    at: tuple[str, ...]
    make: Callable
    expected: tuple[str, ...]
    # What follows: "ping" (WebSocket), "frame" (PING of the protocol), "end" (half a close), "reset"; "nothing", and
    # "verdict" behind an AUTH that may be well formed, whose answer takes its time.
    then: str = "ping"
    # How many streams; None: an equal share of what is left.
    count: int | None = None
    # The cause that the relay counts, where the answer does not tell it.
    cause: str | None = None


def pick(edges, n):
    return edges[n % len(edges)]


def hexed(text):
    return bytes.fromhex(text)


MAX_U32 = 2**32 - 1
BROKEN = ("1002",)
WRONG = ("1002 PROTOCOL_ERROR",)
TOO_LARGE = ("1009 FRAME_SIZE",)


def whole(s, random):
    """A good binary message for where the socket is, to be damaged."""
    if s.state == "upgraded":
        return s.frame(Type.HELLO, s.hello())
    if s.state == "greeted":
        return s.frame(Type.AUTH, s.auth())
    return s.frame(Type.MESSAGE, message(s, random).payload())


def message(s, random, **fields):
    return s.message(id=uuid.UUID(int=random.getrandbits(128)), **fields)


def carried(s, message, flags=0):
    return s.packed(s.frame(Type.MESSAGE, message.payload(), flags))


def patched(frame, at, new, sum=True):
    """`frame` with other bytes in its header, and a checksum that holds all the same."""
    damaged = frame[:at] + new + frame[at + len(new) :]
    return damaged[:-4] + struct.pack(">I", zlib.crc32(damaged[:-4])) if sum else damaged


SPLITS = [2, 3, 17, 40]


def split_over_messages(s, n, random):
    frame = whole(s, random)
    return s.packed(frame[: pick(SPLITS, n)]) + s.packed(frame[pick(SPLITS, n) :])


def lying_length(s, n, random):
    """The frame says more or less than its WebSocket message brings."""
    frame = whole(s, random)
    said = len(frame) - 21 + pick([-1, 1, 4, 100, -20], n)
    return s.packed(patched(frame, 5, struct.pack(">I", said)))


def bit_flipped(s, n, random):
    """One bit of a good message turned, but none of its WebSocket lengths: with those the relay only waits."""
    packed = bytearray(s.packed(whole(s, random)))
    free = [*range(9), *range(32, len(packed) * 8)]
    bit = random.choice(free)
    packed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(packed)


def cut(s, n, random):
    packed = s.packed(whole(s, random))
    return packed[: n % (len(packed) + 1)]


def cut_in_its_message(s, n, random):
    frame = whole(s, random)
    return s.packed(frame[: 1 + n % (len(frame) - 1)])


def same_id(s, n, random):
    again = s.message(id=uuid.UUID(int=7), delivery=2 + n % 2)
    return b"".join(carried(s, again) for _ in range(20))


def fragment_a_byte(s, n, random):
    """Nothing wrong with it but its size, and a ping behind each."""
    frame = whole(s, random)
    return b"".join(
        s.packed(frame[at : at + 1], opcode=CONTINUATION if at else BINARY, final=at == len(frame) - 1) + ws(b"", PING)
        for at in range(len(frame))
    )


def empty_continuations(count):
    def make(s, n, random):
        return s.packed(b"", final=False) + s.packed(b"", opcode=CONTINUATION, final=False) * count
    return make


def wrong_checksum(s, n, random):
    frame = whole(s, random)
    right = int.from_bytes(frame[-4:])
    wrong = pick([right + 1, right - 1, 0, ~right, right ^ 0x8000_0000], n) & MAX_U32
    return s.packed(frame[:-4] + struct.pack(">I", wrong))


def wrong_sequence(s, n, random):
    due = s.sequence
    frame = whole(s, random)
    number = pick([0, due - 1, due + 1, 0x7FFF_FFFF, MAX_U32], n)
    return s.packed(patched(frame, 13, struct.pack(">I", number)))


def header(at, *edges):
    return lambda s, n, random: s.packed(patched(whole(s, random), at, pick(edges, n)))


def routed(**edges):
    """A MESSAGE with one field of its routing header at an edge."""
    (name, values), = edges.items()
    return lambda s, n, random: carried(s, message(s, random, **{name: pick(values, n)}))


def opcode(*codes, **fields):
    return lambda s, n, random: ws(b"x", pick(codes, n), key=s.key, **fields)


def words(*numbers):
    return [struct.pack(">I", number) for number in numbers]


def raw(*edges):
    return lambda s, n, random: pick(edges, n)


WEBSOCKET = [
    Damage("reserved bits", CONNECTED,
           lambda s, n, r: s.packed(b"x", reserved=pick([0x40, 0x20, 0x10, 0x70], n)), BROKEN),
    Damage("unknown opcode", CONNECTED, opcode(3, 4, 5, 6, 7, 11, 12, 13, 14, 15), BROKEN),
    Damage("no mask", CONNECTED, lambda s, n, r: ws(whole(s, r), key=None), BROKEN),
    Damage("control frame in pieces", CONNECTED, opcode(CLOSE, PING, 10, final=False), BROKEN),
    Damage("control frame too long", CONNECTED,
           lambda s, n, r: ws(b"x" * pick([126, 65_535, 70_000], n), PING), BROKEN),
    Damage("length not in its shortest form", CONNECTED,
           lambda s, n, r: ws(b"x" * pick([0, 1, 125, 65_535], n), form=pick([16, 16, 64, 64], n)), BROKEN),
    Damage("64-bit length, top bit", CONNECTED, raw(
        hexed("82ff 8000000000000000 00000000"), hexed("82ff ffffffffffffffff 00000000"),
        hexed("82ff 8000000000000001 01020304 05")), BROKEN),
    Damage("64-bit length of nothing that comes", CONNECTED, raw(
        hexed("82ff 7fffffffffffffff 00000000"), hexed("82ff 0000000100000000 01020304")), ("end",), "end"),
    Damage("64-bit length of what is no frame", CONNECTED, raw(
        hexed("82ff 7fffffffffffffff 00000000") + b"GET / HTTP/1.1\r\nHost: x\r\n"), WRONG),
    Damage("stray continuation", CONNECTED, opcode(CONTINUATION, CONTINUATION), BROKEN),
    Damage("message inside a message", CONNECTED,
           lambda s, n, r: s.packed(b"", final=False) + s.packed(b"", opcode=pick([TEXT, BINARY], n)), BROKEN),
    Damage("text", CONNECTED,
           lambda s, n, r: ws(pick([b"", b"{}", b"\xff\xfe", b"x" * 70_000], n), TEXT), ("1003",)),
    Damage("close of one byte", CONNECTED, lambda s, n, r: ws(b"\x03", CLOSE), BROKEN),
    Damage("close code that may not be sent", CONNECTED, lambda s, n, r: ws(struct.pack(
        ">H", pick([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535], n)), CLOSE), BROKEN),
    Damage("close reason not UTF-8", CONNECTED,
           lambda s, n, r: ws(b"\x03\xe8" + pick([b"\xff", b"\xc3", b"\xed\xa0\x80"], n), CLOSE), ("1007",)),
    Damage("close, then more", CONNECTED, lambda s, n, r: ws(b"\x0f\xa0bye", CLOSE) + s.packed(b"x" * 500), ("4000",)),
    Damage("a fragment a byte", CONNECTED, fragment_a_byte, ("alive",)),
    Damage("a thousand pings", CONNECTED, lambda s, n, r: ws(b"p" * (n % 126), PING) * 1_000, ("alive",)),
    Damage("empty continuations", CONNECTED, empty_continuations(1_000), ("alive",)),
    Damage("a million empty continuations", CONNECTED, empty_continuations(1_000_000), ("alive",), count=3),
    Damage("cut short", CONNECTED, cut, ("end",), "end", count=260),
    Damage("reset", CONNECTED, cut, ("reset",), "reset", cause="io"),
    Damage("one bit", HANDSHAKE, bit_flipped, (*WRONG, *BROKEN, *TOO_LARGE, "alive"), count=400),
    Damage("one bit", OPEN, bit_flipped, (*WRONG, *BROKEN, *TOO_LARGE, "alive"), count=400),
]

FRAMES = [
    Damage("no frame", CONNECTED, lambda s, n, r: s.packed(r.randbytes(1 + n % 300)), WRONG),
    Damage("magic", CONNECTED, header(0, b"\0\0", b"\xff\xff", b"RM", b"MS", b"LR"), WRONG),
    Damage("version", CONNECTED, header(2, b"\0", b"\2", b"\xff"), WRONG),
    Damage("unknown type", HANDSHAKE, header(3, b"\0", b"\x7e", b"\xfe"), ("1002 AUTH_REQUIRED",)),
    Damage("unknown type", OPEN, header(3, b"\0", b"\x7e", b"\xfe"), ("alive REFUSED",), "frame"),
    Damage("reserved flags", CONNECTED, header(4, b"\x40", b"\x80", b"\xc0", b"\xff"), WRONG),
    Damage("length over all limits", CONNECTED,
           header(5, *words(0x100_0001, 0x7FFF_FFFF, 0x8000_0000, MAX_U32)), TOO_LARGE),
    Damage("length over what is taken here", HANDSHAKE, header(5, *words(65_537, 0x100_0000)), TOO_LARGE),
    Damage("length over what is taken here", OPEN, lambda s, n, r: s.packed(HEADER.pack(
        b"MR", 1, pick([Type.ACK, Type.PING, Type.ERROR], n), 0, pick([262_145, 0x100_0000], n), 0, s.sequence)),
        TOO_LARGE),
    Damage("length that lies", CONNECTED, lying_length, WRONG),
    Damage("frame over two messages", CONNECTED, split_over_messages, WRONG),
    Damage("cut short in its message", CONNECTED, cut_in_its_message, WRONG, count=250),
    Damage("checksum", CONNECTED, wrong_checksum, WRONG),
    Damage("sequence", CONNECTED, wrong_sequence, WRONG),
    Damage("stream", HANDSHAKE, header(9, *words(1, 1023, 2048, MAX_U32)), WRONG),
    Damage("stream", OPEN, header(9, *words(1, 1023, 2048, MAX_U32)), ("alive REFUSED",), "frame"),
]

MESSAGES = [
    Damage("MESSAGE before AUTH_OK", HANDSHAKE,
           lambda s, n, r: carried(s, message(s, r)), ("1002 AUTH_REQUIRED",)),
    Damage("large MESSAGE before AUTH_OK", HANDSHAKE, lambda s, n, r: s.packed(HEADER.pack(
        b"MR", 1, Type.MESSAGE, 0, pick([65_537, 0x100_0000], n), 0, s.sequence)), TOO_LARGE),
    Damage("MESSAGE shorter than its header", OPEN,
           lambda s, n, r: s.packed(s.frame(Type.MESSAGE, message(s, r).payload()[: n])), WRONG, count=96),
    Damage("TRACED, not negotiated", OPEN,
           lambda s, n, r: carried(s, message(s, r), Flag.TRACED), WRONG),
    Damage("COMPRESSED", OPEN, lambda s, n, r: carried(s, message(s, r), Flag.COMPRESSED), ("alive REFUSED",), "frame"),
    Damage("delivery byte", OPEN, routed(delivery=[4, 127, 128, 255]), WRONG),
    Damage("somebody else's sender", OPEN, routed(sender=[bytes(32), b"\xff" * 32]),
           ("alive SENDER_MISMATCH",), "frame"),
    Damage("recipient of zeros", OPEN, routed(recipient=[bytes(32), b"\xff" * 32]), ("alive",), "frame"),
    Damage("priority", OPEN, routed(priority=[0, 1, 64, 65, 192, 193, 255]), ("alive",), "frame"),
    Damage("TTL", OPEN, routed(ttl=[0, 1, 65_535]), ("alive",), "frame"),
    Damage("timestamp", OPEN, routed(timestamp=[0, 2**63, 2**64 - 1]), ("alive",), "frame"),
    Damage("envelope over the limit", OPEN, routed(envelope=[b"x" * 65_537, b"x" * 300_000]),
           ("alive TOO_LARGE",), "frame"),
    Damage("envelope at the limit", OPEN, routed(envelope=[b"x" * 65_536, b""]), ("alive",), "frame"),
    Damage("the same id over and over", OPEN, same_id, ("alive",), "frame"),
]
