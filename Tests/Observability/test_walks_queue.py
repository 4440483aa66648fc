"""The runbooks of the queue, walked through."""

import asyncio
import glob

from . import live, walks
from frames import Type  # noqa: E402

# Half a day before a message expires.
THEN = "-6.5d"
NOBODY = live.identity.agent_hash("nobody").hex()
WHOSE = rf"(?m)^sha256:{NOBODY} +no +\d+ "
THEN_MS = round(-6.5 * 86_400_000)


class QueueWalks(walks.WalkTests):
    def test_growing_and_backlog(self):
        relay = self.relay(queue={"max_messages_per_agent": 20_000, "max_share_per_sender": 1})
        agents = live.Traffic(relay)

        async def fill(done):
            alice = await agents.connect("alice")
            while not done.is_set():
                for _ in range(100):
                    await alice.send_message(alice.message("nobody", b"x", delivery=2))
                alice.inbox.clear()
                await asyncio.sleep(0.05)
            await alice.close()

        with live.traffic(fill):
            page = self.fires("RelayQueueGrowing")
            self.assertTrue(page.ask("rate(moltrelay_messages_total"), "agents send")
            self.assertFalse(page.ask("rate(moltrelay_messages_settled"), "and nobody reads")
            self.assertRegex(page.run("moltrelay queue status", relay), WHOSE)
            page = self.fires("RelayQueueBacklog")
            self.assertRegex(page.run("moltrelay queue status", relay), WHOSE)
        with live.traffic(agents.fetch):
            self.is_silent("RelayQueueBacklog", "RelayQueueGrowing")

    def test_full(self):
        relay = self.relay(queue={"max_messages_per_agent": 10, "max_share_per_sender": 1})
        agents = live.Traffic(relay)
        refused = []

        async def flood(done):
            alice = await agents.connect("alice")
            while not done.is_set():
                await alice.send_message(alice.message("nobody", b"x", delivery=2))
                while alice.inbox[Type.NACK]:
                    refused.append(alice.inbox[Type.NACK].popleft().document())
                await asyncio.sleep(0.05)
            await alice.close()

        with live.traffic(flood):
            page = self.fires("RelayQueueFull")
            self.assertLess(page.value("moltrelay_queue_bytes"), 10_000, "not the whole store, but one agent's queue")
            self.assertRegex(page.run("moltrelay queue status", relay), WHOSE)
            live.wait_until(lambda: refused, "a refusal")
            told = page.run("moltrelay explain", relay, **{"message id": refused[-1]["message_id"]})
            self.assertIn("the queue had no room for it, and its sender was told QUEUE_FULL", told)
            self.assertRegex(told, rf"(?m)^to +sha256:{NOBODY[:16]}")
        self.assertIn('{"end":10}', page.run("moltrelay queue export", relay))
        self.assertIn("10 messages dropped", page.run("moltrelay queue purge", relay, agent="nobody --yes"))
        self.is_silent("RelayQueueFull")

    def test_old(self):
        library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]
        # The second env(1): the library moves the environment of the first program it is in.
        then = ["env", f"LD_PRELOAD={library}", f"FAKETIME={THEN}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "env"]
        relay = live.Relay(self.folder, wrapper=then)

        async def one_message():
            alice = await live.Session.open(relay.url)
            await alice.authenticate("alice", live.identity.Key("alice"), skew_ms=THEN_MS)
            await alice.send_message(alice.message("nobody", b"x", delivery=2))
            frame = await alice.next(Type.ACK, Type.NACK)
            await alice.close()
            return Type(frame.type).name

        self.assertEqual(asyncio.run(one_message()), "ACK")
        relay.stop()
        relay = self.relay()
        page = self.fires("RelayQueueOld")
        self.assertRegex(page.run("moltrelay queue status", relay), rf"{WHOSE}.* 6 d 12 h")
        self.assertIn("No connection.", page.run("moltrelay connections list", relay, agent="nobody"))
        with live.traffic(live.Traffic(relay).fetch):
            self.is_silent("RelayQueueOld")
            self.assertIn("1 connection.", page.run("moltrelay connections list", relay, agent="nobody"))
