"""What is wrong in documents: JSON and the members of HELLO, AUTH, ACK and the others (docs/protocol.md 3, 5, 7, 8)."""

import json
import struct
import uuid

from damaged_frames import HANDSHAKE, OPEN, WRONG, Damage, pick
from frames import Type, binary_ack

DEEP = 10_000
OUT_OF_TURN = [Type.HELLO, Type.HELLO_ACK, Type.AUTH, Type.AUTH_OK, Type.AUTH_FAIL]


def nested(before, opening, closing, after):
    return (before + opening * DEEP + closing * DEEP + after).encode()


NO_JSON = [
    b"", b" ", b"{", b"}", b"{}{}", b"[]", b"null", b"0", b'"', b"\0", b"\xff\xfe{}", b'{"a":}', b'{"a":1,}',
    b"{'a':1}", b'{"a":"\xed\xa0\x80"}', b'{"a":"\x01"}', b'{"a":"\\ud800"}', b"\xef\xbb\xbf{}",
    b"{" * 5_000, b'{"a":1e999999}',
]
DEPTHS = [
    nested("", "[", "]", ""), nested('{"a":', "[", "]", "}"), ('{"a":' * DEEP + "1" + "}" * DEEP).encode(),
    b"[" * DEEP, b'{"a":' * DEEP,
]
MANY = [("{" + ",".join(f'"{i}":{i}' for i in range(4_000)) + "}").encode(), b"{" + b'"a":1,' * 9_000 + b'"a":1}']
WRONG_KINDS = [None, True, -1, 1.5, 2**64, 1e308, "", "x" * 10_000, [], [[]], {}, "\0"]


def document(type, *edges):
    return lambda s, n, random: s.packed(s.frame(type, pick(edges, n)))


def of_state(edges):
    """As the document that the socket's state waits for, else one that an open session takes."""
    def make(s, n, random):
        type = {"upgraded": Type.HELLO, "greeted": Type.AUTH}.get(s.state) or pick([Type.PING, Type.ACK, Type.ERROR], n)
        return s.packed(s.frame(type, pick(edges, n)))
    return make


def members(good):
    """One member after the other, missing and of every wrong kind."""
    def make(s, n, random):
        document = good(s)
        name = pick(list(document), n // (len(WRONG_KINDS) + 1))
        kind = n % (len(WRONG_KINDS) + 1)
        if kind == len(WRONG_KINDS):
            del document[name]
        else:
            document[name] = WRONG_KINDS[kind]
        return s.packed(s.frame({"upgraded": Type.HELLO, "greeted": Type.AUTH}[s.state], document))
    return make


def deep_member(s, n, random):
    """A good document with a deep member that the relay does not know, or hands on unread."""
    type, good = (Type.HELLO, s.hello()) if s.state == "upgraded" else (Type.AUTH, s.auth())
    name = pick(["unknown", "org_attestation", "preferences"], n)
    text = json.dumps(good | {name: 0, "last": 1})
    return s.packed(s.frame(type, text.replace(f'"{name}": 0', f'"{name}": ' + "[" * DEEP + "]" * DEEP).encode()))


ID = str(uuid.UUID(int=1))
ACKS = [
    {}, {"message_ids": ID, "ack_type": "received"}, {"message_ids": [ID], "ack_type": "eaten"}, {"message_ids": [1]},
    {"message_ids": ["x" * 36], "ack_type": "received"}, {"message_ids": [ID[:-1]], "ack_type": "received"},
    binary_ack([uuid.UUID(int=1)], "received"), struct.pack(">BH", 3, 0), b"\x00",
]
IGNORED_ACKS = [
    {"message_ids": [], "ack_type": "received"}, {"message_ids": [ID] * 6_000, "ack_type": "processed"},
    {"message_ids": [str(uuid.UUID(int=i)) for i in range(6_000)], "ack_type": "queued"},
]

DOCUMENTS = [
    Damage("no JSON", HANDSHAKE + OPEN, of_state(NO_JSON), WRONG),
    Damage("10,000 levels deep", HANDSHAKE + OPEN, of_state(DEPTHS), WRONG),
    Damage("a member 10,000 levels deep", HANDSHAKE, deep_member, WRONG),
    Damage("many members", HANDSHAKE, of_state(MANY), WRONG),
    Damage("members of HELLO", ("upgraded",), members(lambda s: s.hello()), (*WRONG, "alive"), count=6 * 13),
    Damage("members of AUTH", ("greeted",), members(lambda s: s.auth(org="", capabilities=[], authority="a")),
           (*WRONG, "alive", "4001 AUTH_AGENT_MISMATCH"), "verdict", count=6 * 13),
    Damage("out of turn", ("upgraded",), lambda s, n, r: s.packed(s.frame(pick(OUT_OF_TURN[1:], n))),
           ("1002 AUTH_REQUIRED",)),
    Damage("out of turn", ("greeted",), lambda s, n, r: s.packed(s.frame(
        pick([t for t in OUT_OF_TURN if t != Type.AUTH], n), s.hello())), WRONG),
    Damage("out of turn", OPEN, lambda s, n, r: s.packed(s.frame(pick(OUT_OF_TURN, n), s.hello())), WRONG),
    Damage("too early", HANDSHAKE, lambda s, n, r: s.packed(s.frame(
        pick([Type.ACK, Type.NACK, Type.PING, Type.PONG, Type.GOAWAY, Type.STREAM_OPEN, Type.STREAM_DATA], n))),
        ("1002 AUTH_REQUIRED",)),
    Damage("streams", OPEN, document(Type.STREAM_OPEN, b"{}", b"", b"\xff"), ("alive REFUSED",), "frame"),
    Damage("ACK", OPEN, document(Type.ACK, *ACKS), WRONG),
    Damage("ACK of nothing that is in flight", OPEN, document(Type.ACK, *IGNORED_ACKS), ("alive",), "frame"),
    Damage("fatal ERROR", ("greeted", "open"), document(
        Type.ERROR, {"code": 1, "message": "", "fatal": True, "stream_id": None}), ("1000",), cause="protocol"),
]
