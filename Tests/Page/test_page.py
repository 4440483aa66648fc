"""The page at /ui in a real browser, over a real relay under load."""

import asyncio
import json
import pathlib
import re
import tempfile
import unittest

from Tests.Observability import catalogue, live
from Tests.Page.browser import Browser

AXE = catalogue.ROOT / ".build/axe/axe_playwright_python/axe.min.js"
IS_OPEN = "document.body?.dataset.phase === 'open'"
HAS_SLOW = "document.querySelector('#slow tbody tr .split') !== null"
STATE_IS = "document.querySelector('#state').innerText === '{}'"
AS_OF = "document.querySelector('#foot').innerText"
# Of a table's texts.
CELLS = "[...document.querySelectorAll({!r})].map((cell) => cell.innerText)"


def value(scrape, name):
    """The sum over the series of that name and those labels, as a scrape has them."""
    wanted = re.compile(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? ([0-9.e+-]+)$", re.M)
    return sum(float(found) for found in wanted.findall(scrape))


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        cls.browser = Browser(cls.folder)
        cls.addClassCleanup(cls.browser.stop)

    def relay(self, **settings):
        folder = self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        relay = live.Relay(folder, **settings)
        self.addCleanup(relay.stop)
        return relay

    def open(self, relay, **options):
        page = self.browser.open(f"http://127.0.0.1:{relay.http}/ui", **options)
        self.addCleanup(page.close)
        return page

    def axe(self, page):
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document).then((found) => JSON.stringify(found.violations))")
        return [(item["id"], [node["target"] for node in item["nodes"]]) for item in json.loads(found)]


class UnderLoadTests(PageTest):
    def setUp(self):
        self.running = self.relay()
        self.enterContext(live.traffic(live.Traffic(self.running).run))

    def test_numbers_are_those_of_the_metrics(self):
        page = self.open(self.running)
        page.wait(HAS_SLOW)
        before = self.running.scrape()
        page.evaluate(f"window.then = {AS_OF}")
        page.wait(f"{AS_OF} !== window.then")
        notes = page.evaluate(CELLS.format("#tiles .note"))
        text = page.text("#connections-text")
        after = self.running.scrape()
        delivered = int(re.search(r"([\d,]+) since the start", notes[0])[1].replace(",", ""))
        name = 'moltrelay_messages_settled_total{fate="delivered"}'
        self.assertTrue(value(before, name) <= delivered <= value(after, name), notes)
        opened = int(text.split(" opened")[0])
        name = "moltrelay_connections_opened_total"
        self.assertTrue(value(before, name) <= opened <= value(after, name), text)
        stages = page.evaluate(CELLS.format("#stages tbody th"))
        names = ["Arrival to write", "route", "enqueue", "write", "store"]
        self.assertEqual([stage.split("\n")[0] for stage in stages], names)
        self.assertGreater(len(page.evaluate(CELLS.format("#health tbody tr"))), 8)
        self.assertGreater(float(page.text("#tiles .value span").replace(" k", "e3")), 0)
        page.wait("document.querySelector('#log').innerText.includes('agent refused')")

    def test_nothing_is_fetched_from_elsewhere_and_nothing_complained_about(self):
        page = self.open(self.running)
        page.wait(HAS_SLOW)
        page.evaluate("document.querySelector('.open').click()")
        page.wait("document.querySelectorAll('.steps li').length > 2")
        self.assertEqual(page.complaints(), [])
        origin = f"http://127.0.0.1:{self.running.http}/ui"
        self.assertEqual([url for url in page.requests() if not url.startswith((origin, "about:", "data:"))], [])

    def test_a_keyboard_reaches_everything(self):
        page = self.open(self.running)
        page.wait(HAS_SLOW)
        page.wait("document.querySelector('#rate > svg path.blue')?.getAttribute('d').split('L').length > 3")
        seen = []
        for _ in range(40):
            page.press("Tab")
            focus = "document.activeElement.closest('[id]')?.id + ' ' + document.activeElement.tagName.toLowerCase()"
            seen.append(page.evaluate(focus))
            if seen[-1] == "rate svg":
                page.press("ArrowLeft")
                read = page.evaluate("document.querySelector('#rate .unseen').textContent")
                self.assertIn("1 s ago: delivered", read)
            if seen[-1] == "slow button":
                break
        self.assertIn("rate svg", seen)
        self.assertEqual(seen[-1], "slow button", seen)
        page.press("Enter")
        page.wait("document.querySelectorAll('.steps li').length > 2")
        self.assertEqual(page.evaluate("document.activeElement.getAttribute('aria-expanded')"), "true")
        # The tables are filled anew each second, and focus stays.
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 2500))")
        self.assertEqual(page.evaluate("document.activeElement.getAttribute('aria-expanded')"), "true")

    def test_what_somebody_is_at_stays_whatever_comes(self):
        page = self.open(self.running)
        # The page's own functions are its module's; here they are the console's.
        page.evaluate((catalogue.ROOT / "Sources/RelayAdmin/Page/words.js").read_text() + "; 0")
        page.evaluate("""
            window.trial = document.createElement("table");
            trial.createTBody();
            document.body.append(trial);
            window.choice = (key) => make("button", { type: "button", "aria-expanded": "false", id: `try-${key}` }, key);
            window.list = (keys) => {
              rows(trial, [...keys], (key) => key, (key) => make("tr", {}, make("td", {}, choice(key))), () => {});
              return `${trial.innerText.replace(/\\s+/g, "")} ${document.activeElement.textContent.slice(0, 1)}`;
            };
            0
        """)
        shown = lambda keys: page.evaluate(f"list({keys!r})")
        shown("abc")
        page.evaluate("document.getElementById('try-b').focus()")
        self.assertEqual(shown("cbad"), "cbad b")
        self.assertEqual(shown("d"), "db b")
        self.assertEqual(shown("be"), "be b")
        page.evaluate("document.getElementById('try-e').focus()")
        self.assertEqual(shown("e"), "e e")
        page.evaluate("""
            document.getElementById("try-e").setAttribute("aria-expanded", "true");
            document.getElementById("try-e").closest("tr").after(make("tr", {}, make("td", {}, "(way)")));
            document.activeElement.blur();
        """)
        self.assertEqual(shown("fe").split()[0], "fe(way)")
        self.assertEqual(shown("gf").split()[0], "gfe(way)")

    def test_axe_finds_nothing_in_light_dark_and_narrow(self):
        for options in ({}, {"dark": True}, {"width": 380, "height": 800}):
            with self.subTest(**options):
                page = self.open(self.running, **options)
                page.wait(HAS_SLOW)
                self.assertEqual(self.axe(page), [])
                width = page.evaluate("document.documentElement.scrollWidth")
                self.assertLessEqual(width, page.evaluate("innerWidth"), "it scrolls sideways")


async def leave_unread(relay, done):
    """Somebody who reads nothing is sent four megabytes."""
    traffic = live.Traffic(relay)
    deaf = await traffic.connect("deaf", receive_buffer=4096)
    deaf.reading.clear()
    sender = await traffic.connect("sender")
    for _ in range(64):
        await sender.send_message(sender.message("deaf", b"x" * 65_000, delivery=1))
    while not done.is_set():
        await asyncio.sleep(0.1)
    deaf.connection.transport.abort()
    await sender.close()


async def leave_queued(relay, done):
    agents = live.Traffic(relay)
    sender = await agents.connect("sender")
    for _ in range(3):
        await sender.send_message(sender.message("away", b"x" * 100, delivery=2))
    while not done.is_set():
        await asyncio.sleep(0.1)
    await sender.close()


class StateTests(PageTest):
    def test_the_longest_queue_is_named(self):
        relay = self.relay()
        self.enterContext(live.traffic(lambda done: leave_queued(relay, done)))
        page = self.open(relay)
        page.wait("document.querySelector('#longest tbody td.number')?.innerText === '3'")
        name, messages, size, oldest = page.evaluate(CELLS.format("#longest tbody tr > *"))
        self.assertRegex(name, "^[0-9a-f]{8}\\s+away$")
        self.assertRegex(size, " bytes$|KiB$")
        self.assertEqual(page.complaints(), [])

    def test_who_does_not_read_is_named(self):
        relay = self.relay()
        self.enterContext(live.traffic(lambda done: leave_unread(relay, done)))
        page = self.open(relay)
        page.wait("document.querySelectorAll('#behind tbody tr').length === 1")
        name, waits, behind, out = page.evaluate(CELLS.format("#behind tbody tr > *"))
        self.assertRegex(name, "^[0-9a-f]{8}")
        self.assertRegex(waits, "[KM]iB$")
        self.assertRegex(behind, "s$")
        self.assertTrue(page.evaluate("document.querySelector('#behind-nothing').hidden"))
        self.assertEqual(page.complaints(), [])

    def test_an_idle_relay_says_so(self):
        page = self.open(self.relay())
        page.wait(IS_OPEN)
        label = "document.querySelector('#rate svg[role=img]').getAttribute('aria-label')"
        page.wait(f"{label} === 'No message in these minutes'")
        self.assertEqual(page.text("#state"), "Ready")
        page.wait("document.querySelector('#slow-nothing').innerText.startsWith('No message was written')")
        self.assertEqual(self.axe(page), [])
        self.assertEqual(page.complaints(), [])

    def test_a_relay_that_drains_and_goes_and_comes_back(self):
        relay = self.relay(server={"drain": {"readiness_delay_ms": 4000, "timeout_ms": 1000}})
        page = self.open(relay)
        page.wait(IS_OPEN)
        relay.process.terminate()
        page.wait(STATE_IS.format("Draining"))
        self.assertIn("The relay is draining; 0 connections remain.", page.text("#banner"))
        self.assertIn("The relay is now: Draining.", page.text("#news"))
        page.wait(STATE_IS.format("Not reachable"))
        self.assertRegex(page.text("#banner"), r"cannot be reached since \d\d:\d\d:\d\d, for .* What stands here")
        self.assertIn("The relay is now: Not reachable.", page.text("#news"))
        self.assertEqual(self.axe(page), [])
        relay.process.wait(30)
        again = live.Relay(relay.folder, ports=relay.ports)
        self.addCleanup(again.stop)
        page.wait(STATE_IS.format("Ready"))
        self.assertTrue(page.evaluate("document.querySelector('#banner').hidden"))

    def test_from_elsewhere_it_asks_for_the_token(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        token = folder / "token"
        token.write_text("0123456789abcdef\n")
        token.chmod(0o600)
        relay = self.relay(health={"token_file": str(token)})
        page = self.browser.open("about:blank")
        self.addCleanup(page.close)
        page.tell("Network.setExtraHTTPHeaders", headers={"x-forwarded-for": "203.0.113.9"})
        page.tell("Page.navigate", url=f"http://127.0.0.1:{relay.http}/ui")
        page.wait("document.body?.dataset.phase === 'login'")
        self.assertEqual(self.axe(page), [])
        self.enter(page, "wrong")
        page.wait("document.querySelector('#refused').innerText === 'The relay does not take this token.'")
        self.assertFalse(page.evaluate("document.querySelector('#login').hidden"))
        self.enter(page, "0123456789abcdef")
        page.wait(IS_OPEN)
        self.assertEqual(page.text("#state"), "Ready")
        self.assertEqual(page.evaluate("document.cookie + JSON.stringify(localStorage)"), "{}")

    def enter(self, page, token):
        page.evaluate("document.querySelector('#token').focus()")
        page.type(token)
        page.press("Enter")

    def test_a_script_that_is_not_the_pages_own_does_not_run(self):
        page = self.open(self.relay())
        page.wait(IS_OPEN)
        refused = page.evaluate(
            "new Promise((resolve) => { document.addEventListener('securitypolicyviolation', (event) => "
            "resolve(event.effectiveDirective)); try { const script = document.createElement('script'); "
            "script.append('window.ran = true'); document.body.append(script) } catch { } })"
        )
        self.assertRegex(refused, "script|trusted")
        self.assertIsNone(page.evaluate("window.ran ?? null"))

    def test_a_strangers_name_that_leads_here_gets_nothing(self):
        relay = self.relay()
        for path in ("ui", "ui/overview", "ui/slow", "ui/logs", "health/detailed"):
            with self.subTest(path=path), self.assertRaises(live.urllib.error.HTTPError) as refusal:
                live.get(f"http://127.0.0.1:{relay.http}/{path}", headers={"Host": "evil.example"})
            self.assertEqual(refusal.exception.code, 403)


if __name__ == "__main__":
    unittest.main()
