"""The runbooks of the store and its disk, walked through."""

import contextlib
import http.server
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import unittest

from . import live, walks

SYNC = "fsync,fdatasync"


class Miscounting:
    """A relay's metrics by another port, with more messages than it says."""

    more = 3

    def __init__(self, relay, port):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                told = live.get(f"http://127.0.0.1:{real}/metrics").decode()
                told = re.sub(r"(?m)^moltrelay_messages_total (\d+)", lambda m: f"moltrelay_messages_total {int(m[1]) + counting.more}", told)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(told.encode())

            def log_message(self, *_):
                pass

        real, counting = relay.metrics, self
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class StoreWalks(walks.WalkTests):
    def test_store_down_and_delivery_budget(self):
        relay = self.relay()
        with self.messages_to_nobody(relay):
            with walks.injected(relay, SYNC, "error=EIO"):
                page = self.fires("RelayStoreDown")
                reason = page.span("disk I/O error")
                self.assertIn(f"[-]store failed: {reason}", page.run("curl -s 'http", relay))
                self.assertEqual(page.log("health check turned", relay)["reason"], reason)
                checks = json.loads(page.run("curl -s localhost", relay))["checks"]
                self.assertEqual([check["reason"] for check in checks if check["status"] == "fail"], [reason])
                burn = self.fires("RelayDeliveryBudgetBurn")
                self.assertEqual(set(burn.ask("sum by (reason)", by="reason")), {"storage_unavailable"})
            self.is_silent("RelayStoreDown", "RelayDeliveryBudgetBurn")
            self.assertEqual(page.value("moltrelay_store_reopened_total"), 1)

    def test_store_slow(self):
        relay = self.relay()
        with self.messages_to_nobody(relay):
            with walks.injected(relay, SYNC, "delay_enter=400000"):
                page = self.fires("RelayStoreSlow")
                (operations,) = page.ask("sum(histogram_sum(rate(moltrelay_store_batch").values()
                self.assertLess(operations, 20, "small batches and slow commits: the disk")
            self.is_silent("RelayStoreSlow")

    def test_store_corrupt(self):
        relay = live.Relay(self.folder)
        with self.messages_to_nobody(relay):
            live.wait_until(lambda: "\nmoltrelay_queue_depth 0" not in relay.scrape(), "something is queued")
        relay.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "relay.db")) as store:
            damaged = store.execute("UPDATE queue SET body = zeroblob(length(body))").rowcount
            store.commit()
        relay = self.relay()
        page = self.fires("RelayStoreCorrupt")
        self.assertEqual(page.log("damaged messages are kept aside", relay)["count"], str(damaged))
        copy = self.folder / "copy.db"
        for file in self.folder.glob("relay.db*"):
            shutil.copy(file, str(file).replace("relay.db", "copy.db"))
        self.assertEqual(len(page.run("sqlite3 COPY 'SELECT", relay, COPY=str(copy)).splitlines()), damaged)
        self.assertEqual(page.run("sqlite3 COPY 'PRAGMA", relay, COPY=str(copy)), "ok\n")
        self.is_silent("RelayStoreCorrupt")

    def test_conservation_broken(self):
        """No fault of a real relay is known that does this: here its scrape tells of three messages more than there were."""
        relay = live.Relay(self.folder)
        self.addCleanup(relay.stop)
        scrape = Miscounting(relay, self.ports[self.job][0])
        self.addCleanup(scrape.close)
        self.is_scraped()
        page = self.fires("RelayConservationBroken")
        self.assertEqual(self.prometheus.query(f'{page.span("job_instance:")}{{job="{self.job}"}}')[0]["value"][1], "3")
        scrape.more = 0
        self.is_silent("RelayConservationBroken")

    def test_what_another_tool_deletes_breaks_no_books(self):
        relay = self.relay()
        with self.messages_to_nobody(relay):
            live.wait_until(lambda: self.prometheus.query(f'moltrelay_queue_depth{{job="{self.job}"}} > 2'), "some are queued")
        with contextlib.closing(sqlite3.connect(self.folder / "relay.db")) as store:
            deleted = store.execute("DELETE FROM queue").rowcount
            store.commit()
        page = walks.Page("RelayConservationBroken", self)
        self.assertRegex(page.run("moltrelay queue status", relay), rf"\b{deleted} messages for 1 agent")
        self.assertIn('{"end":0}', page.run("moltrelay queue export", relay))
        self.assertFalse(self.alerts("RelayConservationBroken"))

    @unittest.skipUnless(os.getuid() == 0, "mounting a small tmpfs needs root")
    def test_disk_filling(self):
        disk = self.folder / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", disk])
        relay = self.relay(disk)
        page = self.fires("RelayDiskFilling")
        self.assertEqual({alert["metric"]["volume"] for alert in self.alerts("RelayDiskFilling")}, {"store", "log"})
        self.assertIn(" 64M ", page.run("df -h", relay, FOLDER=str(disk)))
        self.assertIn(f"\t{disk}\n", page.run("du -xh", relay, FOLDER=str(disk)))
        self.assertGreater(page.value("moltrelay_store_file_bytes"), 0)
        subprocess.run(["mount", "-o", "remount,size=4g", disk], check=True)
        self.is_silent("RelayDiskFilling")
