"""What is wrong in HTTP: the request that should become a WebSocket, and those of probes and scrapes."""

from damaged_frames import Damage, pick, raw
from rawsocket import UPGRADE, ws

SILENCE = "nothing"
ADMIN = ("http", "metrics", "admin")
GET = b"GET /health HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n"
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(189)
MANY_HEADERS = b"".join(b"h%d: v\r\n" % i for i in range(20_000))
LENGTHS = [b"-1", b"+1", b"0x10", b"1 1", b"1,2", b"99999999999999999999", b"a"]


def with_header(request, line):
    return request[:-2] + line + b"\r\n\r\n"


def changed(old, *new):
    return lambda s, n, random: UPGRADE.replace(old, pick(new, n))


def noise(s, n, random):
    """Bytes of which the first begins no method."""
    first = random.choice([*range(10), *range(14, 65), *range(91, 256)])
    return bytes([first]) + random.randbytes(1 + n % 200)


def broken(request):
    """Requests that RFC 9112 does not allow."""
    return [
        CLIENT_HELLO, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        request.replace(b"HTTP/1.1", b"HTTP/9.9"), request.replace(b"HTTP/1.1", b"HTTP/1.1 x"),
        request.replace(b"HTTP/1.1", b"XTTP/1.1"), request.replace(b"GET ", b"GOT "), request.replace(b"GET ", b"get "),
        with_header(request, b"no colon"), with_header(request, b": no name"), with_header(request, b"a b: c"),
        with_header(request, b"a\0b: c"), with_header(request, b"a: b\0c"), with_header(request, b"a : b"),
        with_header(request, b"Content-Length: 1\r\nContent-Length: 2"),
        with_header(request, b"Content-Length: 1\r\nTransfer-Encoding: chunked"),
        *(with_header(request, b"Content-Length: " + length) for length in LENGTHS),
    ]


def too_long(request):
    return [
        with_header(request, MANY_HEADERS), with_header(request, b"a: " + b"x" * 17_000),
        with_header(request, b"x" * 17_000 + b": a"), request.replace(b" /", b" /" + b"x" * 17_000, 1),
        request[:-2] + b"a: " + b"x" * 300_000,
    ]


def cut(request):
    return lambda s, n, random: request[: n % len(request)]


UPGRADES = [
    Damage("no HTTP", ("request",), noise, ("400",)),
    Damage("broken HTTP", ("request",), raw(*broken(UPGRADE)), ("400",)),
    Damage("request too long", ("request",), raw(*too_long(UPGRADE)), ("431",)),
    Damage("request cut short", ("request",), cut(UPGRADE), ("end",), "end", count=len(UPGRADE)),
    Damage("another path", ("request",), changed(
        b"/v1/connect", b"/", b"/v1/connect/", b"/v1/CONNECT", b"/v1/%63onnect", b"*"), ("404",)),
    Damage("no upgrade", ("request",), changed(b"Upgrade: websocket", b"Upgrade: h2c", b"X: y", b"Upgrade:"), ("426",)),
    Damage("another method", ("request",), changed(b"GET", b"POST", b"HEAD", b"DELETE"), ("426",)),
    Damage("another version", ("request",), changed(
        b"Version: 13", b"Version: 12", b"Version:", b"Version: 130", b"V: 13"), ("426",)),
    Damage("HTTP/1.0", ("request",), changed(b"HTTP/1.1", b"HTTP/1.0"), ("400",)),
    Damage("no Connection: Upgrade", ("request",), changed(
        b"Connection: Upgrade", b"Connection: close", b"Connection:"), ("400",)),
    Damage("key", ("request",), changed(
        b"dGhlIHNhbXBsZSBub25jZQ==", b"", b"dGhlIHNhbXBsZSBub25jZQ=", b"dGhlIHNhbXBsZSBub25jZQ!=", b"x" * 24,
        b"x" * 9_000), ("400",)),
    Damage("damage behind the request", ("request",), lambda s, n, r: UPGRADE + ws(b"x", key=None), ("101",), count=20,
           cause="protocol"),
    Damage("silence", ("request",), cut(UPGRADE[:1]), ("end",), SILENCE, count=10),
    Damage("silence in the request", ("request",), lambda s, n, r: UPGRADE[: 1 + 9 * n], ("408",), SILENCE, count=10),
    Damage("silence", ("upgraded", "greeted"), lambda s, n, r: b"", ("4002",), SILENCE, count=10),
    Damage("silence in a frame", ("upgraded", "greeted"),
           lambda s, n, r: ws(b"MR")[: 1 + n], ("4002",), SILENCE, count=6),
]

REQUESTS = [
    Damage("no HTTP", ADMIN, noise, ("400",)),
    Damage("broken HTTP", ADMIN, raw(*broken(GET)), ("400",)),
    Damage("request too long", ADMIN, raw(*too_long(GET)), ("431",)),
    Damage("request cut short", ADMIN, cut(GET), ("end",), "end", count=len(GET)),
    Damage("another path", ADMIN, raw(*(GET.replace(b"/health", path) for path in [
        b"/", b"//health", b"/%68ealth", b"/../health", b"*", b"/" + b"x" * 4_000])), ("404",)),
    Damage("a slash too many", ADMIN, raw(GET.replace(b"/health", b"/health/")), ("308",)),
    Damage("another method", ADMIN, raw(*(
        GET.replace(b"GET", method) for method in [b"POST", b"PUT", b"DELETE", b"OPTIONS"])), ("405",)),
    Damage("body too large", ADMIN, raw(
        with_header(GET, b"Content-Length: 16385"), with_header(GET, b"Content-Length: 9223372036854775807"),
        with_header(GET, b"Transfer-Encoding: chunked") + b"4001\r\n" + b"x" * 0x4001 + b"\r\n"), ("413",)),
    Damage("chunks", ADMIN, raw(*(with_header(GET, b"Transfer-Encoding: chunked") + chunk for chunk in [
        b"x\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"1\r\nxx\r\n", b"\r\n"])), ("400",)),
    Damage("a thousand requests at once", ADMIN, raw(GET.replace(b"close", b"keep-alive") * 1_000),
           ("200", "end"), "end"),
    Damage("an unread answer", ADMIN, raw(GET), ("reset",), "reset"),
    Damage("silence", ADMIN, raw(b""), ("end",), SILENCE, count=3),
    Damage("silence in the request", ADMIN, lambda s, n, r: GET[: 1 + 9 * n], ("408",), SILENCE, count=3),
]
