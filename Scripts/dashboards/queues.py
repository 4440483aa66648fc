"""Queues and storage: what waits, and how durable it gets."""

from . import queries as q
from .panels import THIRD, dashboard, graph, heat, row, to_dashboard, to_runbook

RELAY = "job, instance"
UID = "moltrelay-queues"
TITLE = "Queues and storage"


def build():
    path = to_dashboard("moltrelay-message-path", "Message path")
    return (
        dashboard(UID, TITLE, "The offline queue, and the store it lies in.")
        .with_row(row("Queue"))
        .with_panel(
            graph(
                "Depth", "short", "Messages in the store. Red over 10,000.", to_runbook("RelayQueueBacklog"),
                [(q.series("moltrelay_queue_depth"), "{{instance}}")], span=THIRD, red=10000,
            )
        )
        .with_panel(
            graph(
                "Bytes", "bytes", "Against queue.max_total_size_bytes: at the limit senders get QUEUE_FULL.",
                to_runbook("RelayQueueFull"), [(q.series("moltrelay_queue_bytes"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Oldest message", "s", "Age of the oldest. Red at six days: it expires at queue.retention_hours.",
                to_runbook("RelayQueueOld"), [(q.series("moltrelay_queue_oldest_age_seconds"), "{{instance}}")],
                span=THIRD, red=518400,
            )
        )
        .with_panel(
            heat(
                "Wait in the queue", "s", "How long messages waited for their recipient to come back.",
                path, q.heat("moltrelay_queue_wait_seconds"),
            )
        )
        .with_panel(
            graph(
                "Refused by the queue", "reqps", "QUEUE_FULL and STORAGE_UNAVAILABLE told to senders.",
                to_runbook("RelayQueueFull"),
                [(q.total("moltrelay_nacks_total", "code", 'code=~"QUEUE_FULL|STORAGE_UNAVAILABLE"'), "{{code}}")], red=1,
            )
        )
        .with_row(row("Store"))
        .with_panel(
            heat(
                "Commit", "s", "From the submission of a batch to its durability. Over 250 ms the disk is the bottleneck.",
                to_runbook("RelayStoreSlow"), q.heat("moltrelay_store_commit_duration_seconds"),
            )
        )
        .with_panel(
            graph(
                "Operations a batch", "short", "Large batches are load and cheap; small ones and slow commits are a slow disk.",
                to_runbook("RelayStoreSlow"),
                [
                    (q.mean("moltrelay_store_batch_operations"), "mean"),
                    (q.quantile(0.99, "moltrelay_store_batch_operations"), "p99"),
                ],
            )
        )
        .with_panel(
            graph(
                "Operations", "ops", "Rows written or removed, and writes spared because the recipient was quicker than the disk.",
                path,
                [
                    (q.total("moltrelay_store_operations_total"), "committed"),
                    (q.total("moltrelay_store_elided_total"), "spared"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Failures", "ops", "Failed batches, refused calls, reopenings, damaged rows. Each is worth a look at the log.",
                to_runbook("RelayStoreDown"),
                [
                    (q.total("moltrelay_store_failures_total"), "batches failed"),
                    (q.total("moltrelay_store_inbox_refused_total"), "calls refused"),
                    (q.total("moltrelay_store_reopened_total"), "reopened"),
                    (q.total("moltrelay_store_corrupt_rows_total"), "damaged rows"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Files", "bytes", "The database stays at its high-water mark; the log goes back after a checkpoint.",
                to_runbook("RelayDiskFilling"),
                [
                    (q.gauge("moltrelay_store_file_bytes", "file"), "{{file}}"),
                    (q.gauge("moltrelay_store_committing_bytes"), "not durable yet"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Disk free", "bytes", "Of the volumes of store and log. Red under 1 GB.",
                to_runbook("RelayDiskFilling"), [(q.series("moltrelay_disk_free_bytes"), "{{instance}} {{volume}}")],
            )
        )
        .with_panel(
            graph(
                "Spill", "short", "What waits on this machine until the store can take it. It is part of the depth.",
                to_runbook("RelayStoreDown"),
                [
                    (q.series("moltrelay_spill_messages"), "{{instance}} waiting"),
                    (q.series("moltrelay_spill_owed_removals"), "{{instance}} removals owed"),
                    (q.total("moltrelay_spill_moved_messages_total"), "moved a second"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Store healthy", "bool", "1 while the store check passes.", to_runbook("RelayStoreDown"),
                [(q.series("moltrelay_health_check", 'check="store"'), "{{instance}}")],
            )
        )
        .with_row(row("By back end"))
        .with_panel(
            graph(
                "Round trip", "s",
                "From the submission of a batch to its durability, as the relay sees it: its queue, the network, the server.",
                to_runbook("RelayStoreSlow"),
                [
                    (q.by_backend(q.quantile(0.5, "moltrelay_store_commit_duration_seconds", RELAY)), "{{backend}} {{instance}} p50"),
                    (q.by_backend(q.quantile(0.99, "moltrelay_store_commit_duration_seconds", RELAY)), "{{backend}} {{instance}} p99"),
                ],
                red=0.25,
            )
        )
        .with_panel(
            graph(
                "Batches and rows", "ops", "A batch is one transaction, or one script; many rows a batch are cheap.",
                to_runbook("RelayStoreSlow"),
                [
                    (q.by_backend(q.count("moltrelay_store_batch_operations", RELAY)), "{{backend}} {{instance}} batches"),
                    (q.by_backend(q.total("moltrelay_store_operations_total", RELAY)), "{{backend}} {{instance}} rows"),
                ],
            )
        )
        .with_panel(
            graph(
                "Failed batches", "ops", "By reason: full is the server's disk or memory, unavailable the way to it.",
                to_runbook("RelayStoreDown"),
                [(q.by_backend(q.total("moltrelay_store_failures_total", f"{RELAY}, reason")), "{{backend}} {{instance}} {{reason}}")],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Connected", "short", "1 while the store takes messages; how often it was connected to anew in five minutes.",
                to_runbook("RelayStoreDown"),
                [
                    (q.by_backend(q.gauge("moltrelay_health_check", RELAY, 'check="store"')), "{{backend}} {{instance}}"),
                    (
                        q.by_backend(f"sum by ({RELAY}) (increase({q.series('moltrelay_store_reopened_total')}[5m]))"),
                        "{{backend}} {{instance}} anew",
                    ),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Not answered", "bytes", "Of calls that the store has not answered: at 64 MiB it is asked nothing more.",
                to_runbook("RelayStoreSlow"),
                [(q.by_backend(q.gauge("moltrelay_store_waiting_bytes", RELAY)), "{{backend}} {{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Own and whole depth", "short", "What each relay counts, summed once, and what lies in the store that they share.",
                to_runbook("RelayQueueBacklog"),
                [
                    (q.by_backend(q.gauge("moltrelay_queue_depth", RELAY)), "{{backend}} {{instance}} own"),
                    (q.by_backend(q.gauge("moltrelay_store_messages", RELAY)), "{{backend}} {{instance}} whole"),
                ],
            )
        )
        .with_panel(
            graph(
                "Spill filled", "percentunit", "Of storage.spill.max_size_bytes: at the end senders get QUEUE_FULL. 0 without a spill.",
                to_runbook("RelaySpillFilling"),
                [
                    (
                        q.by_backend(
                            f"{q.gauge('moltrelay_spill_bytes', RELAY)} / (sum by ({RELAY}) ({q.series('moltrelay_spill_limit_bytes')}) > 0)"
                            f" or 0 * {q.gauge('moltrelay_spill_limit_bytes', RELAY)}"
                        ),
                        "{{backend}} {{instance}}",
                    )
                ],
                red=0.5,
            )
        )
    )
