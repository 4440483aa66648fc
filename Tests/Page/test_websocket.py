"""An agent whose WebSocket is a real browser's, over TLS: Chromium's own handshake, masking and closing."""

import asyncio
import base64
import hashlib
import pathlib
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from Tests.Observability import live
from Tests.Page.browser import Browser

import identity  # noqa: E402, from the folder that live knows
from frames import Message, Type  # noqa: E402
from session import Session  # noqa: E402

# Chromium lets no page without an address of its own connect to loopback.
LOOPBACK = "--disable-features=LocalNetworkAccessChecks"
OPEN = """
new Promise((resolve, reject) => {
  window.bytes = [];
  window.relay = new WebSocket(%r, "moltrelay.v1");
  relay.binaryType = "arraybuffer";
  relay.onmessage = (event) => {
    bytes.push(btoa(Array.from(new Uint8Array(event.data), (byte) => String.fromCharCode(byte)).join("")));
  };
  relay.onerror = () => reject(new Error("no WebSocket"));
  relay.onclose = (event) => { window.ended = event.code };
  relay.onopen = () => resolve(relay.protocol);
})
"""
SEND = "relay.send(Uint8Array.from(atob(%r), (letter) => letter.charCodeAt(0))); 0"
RECEIVE = "bytes.shift() ?? null"


class BrowserSocket:
    """As much of a connection as a session needs."""

    def __init__(self, page):
        self.page = page

    async def send(self, data):
        self.page.evaluate(SEND % base64.b64encode(data).decode())

    async def recv(self):
        while not (data := self.page.evaluate(RECEIVE)):
            await asyncio.sleep(0.01)
        return base64.b64decode(data)


def key_pin(certificate):
    """What makes Chromium believe one key, and check all else."""
    read = x509.load_pem_x509_certificate(pathlib.Path(certificate).read_bytes())
    key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


class WebSocketTests(unittest.TestCase):
    def start(self, *pinned):
        folder = self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        pair = live.certificate(folder)
        relay = live.Relay(folder, server={"tls": pair})
        self.addCleanup(relay.stop)
        trust = [f"--ignore-certificate-errors-spki-list={key_pin(pair['cert_file'])}"] if pinned else []
        browser = Browser(folder, LOOPBACK, *trust)
        self.addCleanup(browser.stop)
        page = browser.open("about:blank")
        self.addCleanup(page.close)
        return relay, page

    def test_an_agent_in_a_browser(self):
        relay, page = self.start("pinned")
        self.assertEqual(page.evaluate(OPEN % relay.url), "moltrelay.v1")
        asyncio.run(self.talk(relay, page))
        page.evaluate("relay.close(1000); 0")
        page.wait("window.ended === 1000")

    async def talk(self, relay, page):
        alice = Session(BrowserSocket(page), relay.url)
        await alice.authenticate("alice", identity.Key("alice"))
        bob = await live.Traffic(relay).connect("bob")
        for body in (b"x", b"y" * 70_000):
            await alice.send_message(alice.message("bob", body, delivery=1))
            self.assertEqual((await self.message(bob)).envelope, body)
            await bob.send_message(bob.message("alice", body, delivery=1))
            self.assertEqual((await self.message(alice)).envelope, body)
        await bob.close()

    async def message(self, agent):
        return Message.of(await agent.next(Type.MESSAGE))

    def test_one_that_does_not_know_the_key_goes_away(self):
        relay, page = self.start()
        with self.assertRaisesRegex(AssertionError, "no WebSocket"):
            page.evaluate(OPEN % relay.url)
        counted = 'moltrelay_tls_handshakes_total{result="refused_by_peer"} 1\n'
        live.wait_until(lambda: counted in relay.scrape(), counted)


if __name__ == "__main__":
    unittest.main()
