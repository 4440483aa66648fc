"""deploy/backup as an operator runs it: a real relay, agents that keep it busy, and its scripts."""

import asyncio
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from Tests.Observability import live  # noqa: E402
from frames import Message, Type  # noqa: E402

SCRIPTS = ROOT / "deploy/backup"
# Room for what the tests queue for one agent.
LIMITS = {"max_messages_per_agent": 1_000_000, "max_share_per_sender": 1}


class BackupTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.to = self.folder / "backup"
        self.state = self.folder / "state"
        self.state.mkdir()
        self.settings = {}
        self.environment = {
            "PATH": os.environ["PATH"], "MOLTRELAY": live.RELAY, "STATE_DIRECTORY": str(self.state), "HOME": str(self.folder),
        }

    def relay(self, ports=None):
        relay = live.Relay(self.state, ports=ports, **self.settings)
        self.addCleanup(relay.stop)
        return relay

    def run_script(self, name, *arguments, wrapper=(), **environment):
        return subprocess.run(
            [*wrapper, SCRIPTS / name, "--config", self.state / "relay.yaml", *arguments],
            env=self.environment | environment, capture_output=True, text=True, timeout=120,
        )

    def back_up(self, *arguments, status=0, **options):
        done = self.run_script("moltrelay-backup", "--to", self.to, *arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def restore(self, backup, *arguments, status=0, **options):
        done = self.run_script("moltrelay-restore", *arguments, backup, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def backup_file(self, store, suffix):
        (found,) = (self.to / store).glob(f"moltrelay-*.{suffix}")
        return found


class RestoredQueue:
    """A queue that is backed up under load, destroyed and restored; of a `store` whose backups have a `suffix`."""

    def test_every_message_acknowledged_before_the_backup_is_there_after_it(self):
        relay = self.relay()
        sender = Sender(relay)
        sender.wait_for(500)
        before = set(sender.acknowledged)
        self.back_up()
        sender.wait_for(len(before) + 500)
        sender.stop()
        delivered = receive(relay, 100)
        relay.stop(signal.SIGKILL)
        self.destroy()

        self.assertIn("Start the relay", self.restore(self.backup_file(self.store, self.suffix)))
        relay = self.relay(ports=relay.ports)
        count = queued(relay)
        self.assertLess(count, len(sender.acknowledged), "messages of after the backup are not in it")
        back = receive(relay, count)
        self.assertEqual(len(before - set(back)), 0, "acknowledged before the backup, and lost")
        self.assertEqual(len(back), len(set(back)), "none comes twice from the restored queue")
        self.assertTrue(set(delivered) & set(back), "what was delivered since comes again")
        live.wait_until(lambda: queued(relay) == 0, "the queue is empty")
        self.assertEqual(unaccounted(relay), 0)


class Sender:
    """Sends one agent who is away messages until told to stop, and knows which were acknowledged."""

    def __init__(self, relay, to="away", at_a_time=50):
        self.relay, self.to, self.at_a_time = relay, to, at_a_time
        self.acknowledged = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))
        self.thread.start()

    async def run(self):
        alice = await live.Traffic(self.relay).connect("alice")
        while not self.done.is_set():
            for number in range(self.at_a_time):
                priority = (255, 128, 0)[number % 3]
                await alice.send_message(alice.message(self.to, b"x" * 300, delivery=2 + number % 2, priority=priority))
            answered = len(self.acknowledged) + self.at_a_time
            while len(self.acknowledged) < answered:
                frame = await alice.next(Type.ACK, Type.NACK)
                if frame.type == Type.NACK:
                    raise AssertionError(frame.payload)
                self.acknowledged += alice.ack_of(frame)[1]
        await alice.close()

    def wait_for(self, count):
        live.wait_until(lambda: len(self.acknowledged) >= count or not self.thread.is_alive(), f"{count} acknowledged")
        if not self.thread.is_alive():
            raise AssertionError(f"{len(self.acknowledged)} acknowledged, and then refused")

    def stop(self):
        self.done.set()
        self.thread.join()


def send(relay, count, **options):
    """How many were acknowledged: `count` or a few more."""
    sender = Sender(relay, **options)
    sender.wait_for(count)
    sender.stop()
    return len(sender.acknowledged)


def receive(relay, count, who="away"):
    """The first `count` messages of an agent, each acknowledged."""

    async def run():
        agent = await live.Traffic(relay).connect(who)
        ids = []
        while len(ids) < count:
            message = Message.of(await asyncio.wait_for(agent.next(Type.MESSAGE), 30))
            ids.append(message.id)
            await agent.acknowledge([message.id])
        await agent.close()
        return ids

    return asyncio.run(run())


def sample(relay, name):
    return sum(float(line.split()[1]) for line in relay.scrape().splitlines() if re.match(name + r"[ {]", line))


def queued(relay):
    return round(sample(relay, "moltrelay_queue_depth"))


def unaccounted(relay):
    """As alerts/recording.yaml has it."""
    coming = sample(relay, "moltrelay_messages_total") + sample(relay, "moltrelay_messages_recovered_total")
    coming += sample(relay, "moltrelay_messages_taken_over_total")
    gone = sample(relay, "moltrelay_messages_settled_total") + sample(relay, "moltrelay_store_corrupt_rows_total")
    gone += sample(relay, "moltrelay_messages_handed_over_total")
    return coming - gone - sample(relay, "moltrelay_messages_in_flight") - queued(relay)
