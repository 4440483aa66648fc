"""The agent against a scripted relay: what it accepts, and what it must not let a relay get away with."""

import asyncio
import base64
import contextlib
import json
import os
import unittest

import websockets

import identity
from frames import Flag, Frame, Message, Type, binary_ack, decode
from driver import Driver
from session import Refused, Session


class ScriptedRelay:
    """Speaks just enough of the protocol to be talked to; the attributes are lies it can tell."""

    def __init__(self):
        self.key, self.signs_with = identity.Key("relay"), identity.Key("relay")
        self.extensions = ["auth:bound", "ack:binary", "batching"]
        self.skips = 0
        self.refusal = None
        self.greeting = None

    async def serve(self, socket):
        self.socket, self.sequence = socket, 0
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.converse(socket)

    async def converse(self, socket):
        hello = decode(await socket.recv())[0].document()
        challenge, nonce = os.urandom(32), base64.b64decode(hello["nonce"])
        await self.send(Type.HELLO_ACK, {
            "protocol_version": "0.1",
            "extensions": [name for name in hello["extensions"] if name in self.extensions],
            "challenge": base64.b64encode(challenge).decode(),
            "relay_id": "r1",
            "relay_public_key": self.key.public,
            "relay_signature": self.signs_with.sign(identity.relay_bytes(nonce, challenge, "r1")),
        })
        auth = decode(await socket.recv())[0].document()
        signed = challenge
        if "auth:bound" in hello["extensions"]:
            signed = identity.bound_bytes(challenge, nonce, "r1", auth["agent_id"], auth["authority"])
        holds = identity.verifies(auth["public_key"], auth["signature"], signed)
        if self.refusal or not holds:
            await self.send(Type.AUTH_FAIL, {"code": self.refusal or "AUTH_SIGNATURE_INVALID"})
            return await socket.close(4001, "auth")
        self.sequence += self.skips
        if self.greeting:
            self.sequence += 2
            accepted = Frame(Type.AUTH_OK, b'{"session_id": "s"}', sequence=self.sequence - 1)
            await self.socket.send(accepted.encode() + Frame(Type.NACK, self.greeting, sequence=self.sequence).encode())
        else:
            await self.send(Type.AUTH_OK, {"session_id": "s"})
        await self.echo()

    async def echo(self):
        """Sends every message back, with its ACK in the same WebSocket message."""
        async for data in self.socket:
            for frame in decode(data):
                if frame.type == Type.MESSAGE:
                    id = Message.of(frame).id
                    self.sequence += 2
                    await self.socket.send(
                        Frame(Type.MESSAGE, frame.payload, frame.flags, 0, self.sequence - 1).encode()
                        + Frame(Type.ACK, binary_ack([id], "queued"), 0, 0, self.sequence).encode()
                    )

    async def send(self, type, document):
        self.sequence += 1
        await self.socket.send(Frame(type, json.dumps(document).encode(), sequence=self.sequence).encode())


@contextlib.asynccontextmanager
async def session(relay):
    async with websockets.serve(relay.serve, "127.0.0.1", 0, subprotocols=["moltrelay.v1"]) as server:
        port = server.sockets[0].getsockname()[1]
        session = await Session.open(f"ws://127.0.0.1:{port}/v1/connect")
        yield session
        await session.close()


class Handshake(unittest.IsolatedAsyncioTestCase):
    async def run_with(self, relay, **options):
        async with session(relay) as agent:
            return await agent.authenticate("alice", identity.Key("alice"), **options)

    async def test_bound_and_plain(self):
        for extensions in (("auth:bound",), ()):
            _, accepted = await self.run_with(ScriptedRelay(), extensions=extensions)
            self.assertEqual(accepted["session_id"], "s")

    async def test_wrong_key_is_refused(self):
        with self.assertRaises(Refused) as refused:
            await self.run_with(ScriptedRelay(), signing_key=identity.Key("mallory"))
        self.assertEqual(refused.exception.frame["code"], "AUTH_SIGNATURE_INVALID")
        self.assertEqual(refused.exception.close["code"], 4001)

    async def test_relay_that_cannot_prove_itself(self):
        relay = ScriptedRelay()
        relay.signs_with = identity.Key("mallory")
        with self.assertRaisesRegex(Exception, "relay_signature"):
            await self.run_with(relay)

    async def test_frames_behind_auth_ok_in_its_message_are_kept(self):
        relay = ScriptedRelay()
        relay.greeting = b'{"code": "EXPIRED"}'
        async with asyncio.timeout(5), session(relay) as agent:
            await agent.authenticate("alice", identity.Key("alice"))
            self.assertEqual((await agent.next(Type.NACK)).document(), {"code": "EXPIRED"})

    async def test_gap_in_the_relays_sequence(self):
        relay = ScriptedRelay()
        relay.skips = 1
        with self.assertRaisesRegex(Exception, "sequence 3 after 1"):
            await self.run_with(relay)


class Exchange(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = await websockets.serve(ScriptedRelay().serve, "127.0.0.1", 0, subprotocols=["moltrelay.v1"])
        self.driver = Driver()
        port = self.server.sockets[0].getsockname()[1]
        await self.obey("connect", url=f"ws://127.0.0.1:{port}/v1/connect", agent="alice")

    async def asyncTearDown(self):
        await self.obey("close")
        self.server.close()

    async def obey(self, verb, **arguments):
        answer = await self.driver.obey({"do": verb, **arguments})
        self.assertTrue(answer["ok"], answer)
        return answer

    async def test_batched_frames(self):
        sent = await self.obey("send", to="bob", body="hi", delivery=2, count=3, settle=True)
        self.assertEqual(sent["acked"], {id: "queued" for id in sent["ids"]})
        got = await self.obey("expect", type="MESSAGE", count=3)
        self.assertEqual([frame["id"] for frame in got["frames"]], sent["ids"])
        self.assertEqual(got["frames"][0]["body"], "hi")

    async def test_flood_counts_every_answer(self):
        await self.obey("flood", to=["bob", "carol"], until_acked=50, window=8)
        result = await self.obey("flood_stop")
        self.assertEqual(len(result["acked"]), result["sent"])
        self.assertEqual(sum(len(ids) for ids in result["acked_for"].values()), result["sent"])

    async def test_collect_names_what_is_missing(self):
        sent = await self.obey("send", to="bob", count=2)
        absent = "00000000-0000-0000-0000-000000000001"
        got = await self.obey("collect", ids=[*sent["ids"], absent], ack=False, patience_s=0.2)
        self.assertEqual((got["missing"], got["received"], got["repeated"]), ([absent], 2, 0))

    async def test_flags_are_carried(self):
        await self.obey("send", to="bob", ack=True)
        (frame,) = (await self.obey("expect"))["frames"]
        self.assertEqual(frame["flags"], Flag.ACK_REQ)


if __name__ == "__main__":
    unittest.main()
