"""Takes the pictures of docs/observability.md: the relay's own page and Prometheus', in a headless browser, while a relay
carries messages and then loses its disk. `make pictures`; takes two minutes and root for strace."""

import contextlib
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

from Tests.Observability import catalogue, live
from Tests.Page.browser import Browser

PICTURES = catalogue.ROOT / "docs/pictures"
NATIVE = "--enable-feature=native-histograms,exemplar-storage"
# Of traffic before the first picture, of the fault before the last.
SECONDS = 75

# The panels of the first picture.
PANELS = [
    "sum by (fate) (rate(moltrelay_messages_settled_total[10s]))",
    "histogram_quantile(0.99, sum by (stage) (rate(moltrelay_message_stage_seconds[10s])))",
    "moltrelay_queue_depth",
]


def hurried_rules(folder):
    """One alert waits two seconds, so that it is in the picture; all others as they ship."""
    text = live.RULES[1].read_text()
    hurried = re.sub(r"(alert: RelayStoreDown\n(?:.*\n)*? +for: )\S+", r"\g<1>2s", text)
    copy = pathlib.Path(folder) / "moltrelay.yaml"
    copy.write_text(hurried)
    return copy


def graph_address(prometheus):
    arguments = {}
    for number, expression in enumerate(PANELS):
        arguments |= {
            f"g{number}.expr": expression, f"g{number}.tab": 0, f"g{number}.stacked": 0, f"g{number}.range_input": "1m",
        }
    return f"http://127.0.0.1:{prometheus.port}/graph?{urllib.parse.urlencode(arguments)}"


def photograph(address, name, height, profile):
    target = PICTURES / f"{name}.png"
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
            f"--window-size=1280,{height}", "--virtual-time-budget=15000", f"--screenshot={target}", address,
        ],
        check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    print(target.relative_to(catalogue.ROOT))


def photograph_page(relay, folder):
    target = PICTURES / "ui.png"
    browser = Browser(folder)
    try:
        page = browser.open(f"http://127.0.0.1:{relay.http}/ui")
        page.wait("document.querySelector('#slow tbody tr .split') !== null")
        below = "document.querySelector('#stages').closest('section').getBoundingClientRect().bottom + 16"
        page.photograph(target, height=int(page.evaluate(below)))
    finally:
        browser.stop()
    print(target.relative_to(catalogue.ROOT))


@contextlib.contextmanager
def failing_disk(relay):
    connected = threading.Event()
    with live.traffic(lambda done: live.Traffic(relay).to_nobody(connected, done)):
        connected.wait(30)
        with failing_sync(relay):
            yield


@contextlib.contextmanager
def failing_sync(relay):
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(relay.process.pid), "-e", "trace=fsync,fdatasync", "-e",
         "inject=fsync,fdatasync:error=EIO"]
    )
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(10)


def take(folder):
    profile = pathlib.Path(folder) / "browser"
    relay = live.Relay(folder, auth={"relay_id": "relay-1"})
    prometheus = live.Prometheus(folder, relay, NATIVE, rules=[live.RULES[0], hurried_rules(folder)])
    try:
        with live.traffic(live.Traffic(relay).run):
            time.sleep(SECONDS)
            photograph(graph_address(prometheus), "prometheus-overview", 2400, profile)
            photograph_page(relay, folder)
        with failing_disk(relay):
            fires = 'ALERTS{alertname="RelayStoreDown", alertstate="firing"}'
            live.wait_until(lambda: prometheus.query(fires), "the alert", 120)
            photograph(f"http://127.0.0.1:{prometheus.port}/classic/alerts", "prometheus-alerts", 1750, profile)
    finally:
        prometheus.stop()
        relay.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        take(made)
