"""Traces from a real relay to a real OTLP receiver, and the exemplars that lead to them through a real Prometheus."""

import asyncio
import base64
import json
import os
import pathlib
import sys
import tempfile
import unittest

from . import live

from frames import Message, Type  # noqa: E402  (live puts its folder on the path)

FEATURES = {"native": "--enable-feature=native-histograms,exemplar-storage", "classic": "--enable-feature=exemplar-storage"}


class Receiver(live.Program):
    """Datadog's test agent: takes OTLP and tells what it took."""

    def __init__(self, folder):
        self.port, self.otlp = live.free_port(), live.free_port()
        super().__init__(
            str(pathlib.Path(sys.executable).parent / "ddapm-test-agent"), "--host", "127.0.0.1", "--port", str(self.port),
            "--otlp-http-port", str(self.otlp), "--otlp-grpc-port", str(live.free_port()),
            folder=folder, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
        self.wait_for(f"http://127.0.0.1:{self.port}/info")

    def messages(self):
        """The root spans of messages: trace ids, in hexadecimal. What came as JSON it gives back as it came."""
        taken = json.loads(live.get(f"http://127.0.0.1:{self.otlp}/test/session/traces"))
        return [
            span["traceId"] if "traceId" in span else base64.b64decode(span["trace_id"]).hex()
            for request in taken for group in of(request, "resource_spans", "resourceSpans")
            for scope in of(group, "scope_spans", "scopeSpans") for span in scope["spans"] if span["name"] == "message"
        ]


def of(value, *names):
    return next(value[name] for name in names if name in value)


async def exchange(relay, count):
    """Best-effort messages from one agent to another; their ids."""
    traffic = live.Traffic(relay)
    alice, bob = await traffic.connect("alice"), await traffic.connect("bob")
    messages = [alice.message("bob", b"x" * 300, delivery=1) for _ in range(count)]
    for message in messages:
        await alice.send_message(message)
        Message.of(await bob.next(Type.MESSAGE))
    await asyncio.gather(alice.close(), bob.close())
    return [message.id.hex for message in messages]


class TraceTests(unittest.TestCase):
    def start(self, encoding):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        receiver = Receiver(folder)
        self.addCleanup(receiver.stop)
        tracing = {
            "enabled": True, "jaeger": {"sample_rate": 1},
            "otlp": {"endpoint": f"http://127.0.0.1:{receiver.otlp}", "encoding": encoding},
        }
        relay = live.Relay(folder, tracing=tracing)
        self.addCleanup(relay.stop)
        return folder, receiver, relay

    def test_a_receiver_takes_json(self):
        _, receiver, relay = self.start("json")
        ids = asyncio.run(exchange(relay, 3))
        live.wait_until(lambda: len(receiver.messages()) == 3, "every message's span")
        self.assertEqual(sorted(receiver.messages()), sorted(ids))

    def test_every_exemplar_leads_to_a_trace_that_a_receiver_took(self):
        folder, receiver, relay = self.start("protobuf")
        ids = asyncio.run(exchange(relay, 20))
        live.wait_until(lambda: len(receiver.messages()) == 20, "every message's span")
        self.assertEqual(sorted(receiver.messages()), sorted(ids))
        for name, feature in FEATURES.items():
            with self.subTest(form=name):
                server = live.Prometheus(folder, relay, feature, rules=[])
                self.addCleanup(server.stop)
                self.check_exemplars(server, ids, name)

    def check_exemplars(self, server, ids, form):
        series = "moltrelay_message_latency" + ("" if form == "native" else "_bucket")

        def exemplars():
            found = server.ask("query_exemplars", query=series, start="0", end="4000000000")
            return [exemplar for group in found for exemplar in group["exemplars"]]

        for exemplar in live.wait_until(exemplars, f"exemplars of {series}"):
            self.assertIn(exemplar["labels"]["trace_id"], ids)
            self.assertGreater(float(exemplar["value"]), 0)
