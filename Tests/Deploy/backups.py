"""deploy/backup as an operator runs it: a real relay, agents that keep it busy, and its scripts."""

import asyncio
import os
import pathlib
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

    def restore(self, backup, status=0, **options):
        done = self.run_script("moltrelay-restore", backup, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def backup_file(self, store, suffix):
        (found,) = (self.to / store).glob(f"moltrelay-*.{suffix}")
        return found


class Sender:
    """Sends one agent who is away messages until told to stop, and knows which were acknowledged."""

    def __init__(self, relay, to="away", at_a_time=50, pause=0.0):
        self.relay, self.to, self.at_a_time, self.pause = relay, to, at_a_time, pause
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
            await asyncio.sleep(self.pause)
        await alice.close()

    def wait_for(self, count):
        live.wait_until(lambda: len(self.acknowledged) >= count, f"{count} acknowledged")

    def stop(self):
        self.done.set()
        self.thread.join()


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


def queued(relay):
    (line,) = (line for line in relay.scrape().splitlines() if line.startswith("moltrelay_queue_depth "))
    return round(float(line.split()[1]))
