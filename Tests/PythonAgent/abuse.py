"""Ways to be somebody else, or somebody twice. Each gives the word (rawsocket.py) with which the relay took it; "alive"
is an agent that was let in."""

import base64

import identity
from frames import Type
from rawsocket import RawSocket, key_of

ORDER = 2**252 + 27742317777372353535851937790883648493
# The eight points of small order: with them as keys, one signature holds for one message in eight, or for every one.
SMALL_ORDER = [
    "00" * 32, "00" * 31 + "80", "01" + "00" * 31, "ec" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NEUTRAL = bytes([1]) + bytes(31)
RELAY_NAME = "relay.example.com:8443"


class Abuse:
    """Every way is a method, and has an agent of its own, so that none finds the pin of another."""

    def __init__(self, address, way):
        self.address, self.agent, self.way = address, f"agent of {way}", way
        self.sockets = []

    async def run(self):
        try:
            return await getattr(self, self.way)()
        finally:
            for socket in self.sockets:
                socket.close()

    async def at(self, state, **hello):
        socket = await RawSocket.connect(self.address, self.agent)
        self.sockets.append(socket)
        await socket.reach(state, **hello)
        return socket

    async def greeted(self):
        return await self.at("greeted")

    async def bound(self):
        return await self.at("greeted", extensions=["auth:bound"])

    # Without abuse, or the rest would prove nothing.

    async def nothing_wrong(self):
        socket = await self.greeted()
        return await says(socket, socket.auth())

    async def nothing_wrong_bound(self):
        socket = await self.bound()
        return await says(socket, bound_auth(socket, RELAY_NAME))

    # Words of before.

    async def the_same_auth_again(self):
        first, second = await self.greeted(), await self.greeted()
        said = first.auth()
        if await says(first, said) != "alive":
            return "the first was refused"
        return await says(second, said)

    async def an_old_challenge(self):
        old, new = await self.greeted(), await self.greeted()
        return await says(new, new.auth(signature=key_of(new.name).sign(old.challenge)))

    async def the_same_bound_auth_again(self):
        first, second = await self.bound(), await self.bound()
        said = bound_auth(first, RELAY_NAME)
        if await says(first, said) != "alive":
            return "the first was refused"
        return await says(second, said)

    async def another_nonce(self):
        socket = await self.bound()
        return await says(socket, bound_auth(socket, RELAY_NAME, nonce=bytes(32)))

    # Keys and signatures.

    async def another_keys_signature(self):
        socket = await self.greeted()
        return await says(socket, socket.auth(signature=identity.Key("mallory").sign(socket.challenge)))

    async def another_key_for_a_taken_id(self):
        await self.at("open")
        socket, mallory = await self.greeted(), identity.Key("mallory")
        return await says(socket, socket.auth(public_key=mallory.public, signature=mallory.sign(socket.challenge)))

    async def another_agents_id(self):
        socket = await self.greeted()
        return await says(socket, socket.auth(agent_id="alice"))

    async def s_plus_l(self):
        socket = await self.greeted()
        signature = identity.untagged(socket.auth()["signature"])
        s = int.from_bytes(signature[32:], "little") + ORDER
        return await says(socket, socket.auth(signature=identity.tagged(signature[:32] + s.to_bytes(32, "little"))))

    async def s_of_ones(self):
        socket = await self.greeted()
        signature = identity.untagged(socket.auth()["signature"])
        return await says(socket, socket.auth(signature=identity.tagged(signature[:32] + b"\xff" * 32)))

    async def a_signature_of_zeros(self):
        socket = await self.greeted()
        return await says(socket, socket.auth(signature=identity.tagged(bytes(64))))

    async def keys_of_small_order(self):
        return await self.each_key(map(bytes.fromhex, SMALL_ORDER))

    async def keys_in_a_second_encoding(self):
        """y = 1 + p is the neutral point again."""
        ends = [(0xED, 0x7F), (0xED, 0xFF), (0xEE, 0x7F), (0xEE, 0xFF)]
        return await self.each_key(bytes([first, *[0xFF] * 30, last]) for first, last in ends)

    async def each_key(self, keys):
        words = set()
        for key in keys:
            socket = await self.greeted()
            forged = {"public_key": identity.tagged(key), "signature": identity.tagged(NEUTRAL + bytes(32))}
            words.add(await says(socket, socket.auth(**forged)))
        return " and ".join(sorted(words))

    # What auth:bound is for.

    async def a_challenge_passed_on(self):
        """The agent dialled a hostile relay, which sent the true one's challenge on and hands its AUTH over."""
        socket = await self.bound()
        return await says(socket, bound_auth(socket, "hostile.example.com:8443"))

    async def a_challenge_passed_on_and_renamed(self):
        socket = await self.bound()
        return await says(socket, bound_auth(socket, "hostile.example.com:8443") | {"authority": RELAY_NAME})

    async def a_challenge_of_another_relay(self):
        socket = await self.bound()
        return await says(socket, bound_auth(socket, RELAY_NAME, relay_id="another-relay"))

    async def plain_where_bound_was_agreed(self):
        socket = await self.bound()
        return await says(socket, socket.auth())

    async def plain_signature_where_bound_was_agreed(self):
        socket = await self.bound()
        return await says(socket, socket.auth(authority=RELAY_NAME))

    async def bound_signature_where_plain_was_agreed(self):
        socket = await self.greeted()
        return await says(socket, bound_auth(socket, RELAY_NAME))

    # Out of turn.

    async def message_instead_of_hello(self):
        return await speaks(await self.at("upgraded"), Type.MESSAGE)

    async def message_instead_of_auth(self):
        return await speaks(await self.greeted(), Type.MESSAGE)

    async def message_behind_auth(self):
        """In the same write, while the signature is being verified."""
        socket = await self.greeted()
        socket.send(socket.packed(socket.frame(Type.AUTH, socket.auth())))
        return await speaks(socket, Type.MESSAGE)

    async def a_second_auth_at_once(self):
        socket = await self.greeted()
        # In one write: told of the first before it has read the second, the relay is done.
        first = socket.frame(Type.AUTH, socket.auth(signature=identity.tagged(bytes(64))))
        socket.send(socket.packed(first) + socket.packed(socket.frame(Type.AUTH, socket.auth())))
        return await socket.outcome()

    async def a_second_auth(self):
        return await speaks(await self.at("open"), Type.AUTH)

    async def a_second_hello(self):
        return await speaks(await self.at("open"), Type.HELLO)

    async def another_senders_message(self):
        socket = await self.at("open")
        spoofed = socket.message(sender=identity.agent_hash("alice"))
        socket.send(socket.packed(socket.frame(Type.MESSAGE, spoofed.payload())))
        socket.send(socket.probe("frame"))
        return await socket.outcome()


async def says(socket, auth):
    """AUTH with these members."""
    socket.send(socket.packed(socket.frame(Type.AUTH, auth)))
    return await socket.outcome()


async def speaks(socket, type):
    """A good frame of that type, at the wrong time."""
    good = {Type.MESSAGE: lambda: socket.message().payload(), Type.AUTH: socket.auth, Type.HELLO: socket.hello}
    socket.send(socket.packed(socket.frame(type, good[type]())))
    socket.send(socket.probe("ping"))
    return await socket.outcome()


def bound_auth(socket, authority, nonce=None, relay_id=None):
    nonce = nonce or base64.b64decode(socket.said["nonce"])
    signed = identity.bound_bytes(
        socket.challenge, nonce, relay_id or socket.greeting["relay_id"], socket.name, authority
    )
    return socket.auth(signature=key_of(socket.name).sign(signed), authority=authority)
