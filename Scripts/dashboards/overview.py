"""MoltRelay Overview: is it well, and if not, where to look. The guide's four panels keep their titles."""

from . import queries as q
from .panels import THIRD, dashboard, graph, number, row, to_dashboard, to_runbook

UID = "moltrelay-overview"
TITLE = "MoltRelay Overview"


def build():
    path = to_dashboard("moltrelay-message-path", "Message path")
    queues = to_dashboard("moltrelay-queues", "Queues and storage")
    connections = to_dashboard("moltrelay-connections", "Connections and auth")
    runtime = to_dashboard("moltrelay-runtime", "Runtime")
    return (
        dashboard(UID, TITLE, "Rates, errors, durations and saturation of a relay, and whether its books balance.")
        .with_row(row("Now"))
        .with_panel(
            number(
                "Active Connections", "short",
                "Open connections, authenticated or not. A sudden fall is a network or a restart: look at why they closed.",
                connections, q.gauge("moltrelay_connections_active"),
            )
        )
        .with_panel(
            number(
                "Nodes ready", "short",
                "Relays whose readiness holds. Red: a relay gets no new connections; /health/ready?verbose on it says why.",
                to_runbook("RelayNotReady"),
                q.gauge("moltrelay_health_tier", labels='tier="readiness"'), red_below=1,
            )
        )
        .with_panel(
            number(
                "Unaccounted messages", "short",
                "Accepted and recovered less everything that ended, is in flight or is queued. A value that stays is a defect.",
                to_runbook("RelayConservationBroken"), f"max(abs({q.unaccounted()}))", red=1000,
            )
        )
        .with_panel(
            number(
                "Failed by the relay, 1 h", "percentunit",
                "Share of accepted messages dropped for the relay's own reasons. Red: over the budget of 0.01 %.",
                to_runbook("RelayDeliveryBudgetBurn"),
                "sum (rate(" + q.series(
                    "moltrelay_messages_dropped_total",
                    'reason=~"memory|outbox_full|queue_full|storage_unavailable|shutdown"',
                ) + "[1h])) / sum (rate(" + q.series("moltrelay_messages_total") + "[1h]))",
                red=0.0001,
            )
        )
        .with_row(row("Messages"))
        .with_panel(
            graph(
                "Messages/sec", "mps",
                "Messages accepted. A fall to zero with connections open: agents send nothing, or the relay refuses them (NACKs).",
                path, [(q.total("moltrelay_messages_total", "instance"), "{{instance}}")],
            )
        )
        .with_panel(
            graph(
                "P99 Latency", "s",
                "From the last byte read to the write to a connected recipient's socket. Red over 100 ms: open the message path.",
                path,
                [
                    (q.quantile(0.99, "moltrelay_message_latency"), "p99"),
                    (q.quantile(0.5, "moltrelay_message_latency"), "p50"),
                ],
                red=0.1, exemplars=True,
            )
        )
        .with_panel(
            graph(
                "Fates", "mps",
                "How messages end. Expired and dropped are not failures by themselves: the next panel tells reasons.",
                path, [(q.total("moltrelay_messages_settled_total", "fate"), "{{fate}}")], stacked=True,
            )
        )
        .with_panel(
            graph(
                "Drops by reason", "mps",
                "outbox_full, queue_full, storage_unavailable and shutdown are the relay's own; recipient_offline is best effort to nobody.",
                to_runbook("RelayDeliveryBudgetBurn"),
                [(q.total("moltrelay_messages_dropped_total", "reason"), "{{reason}}")], stacked=True,
            )
        )
        .with_row(row("Saturation"))
        .with_panel(
            graph(
                "Queue Depth", "short",
                "Messages in the store. Red over 10,000: agents are away or do not acknowledge.",
                queues, [(q.series("moltrelay_queue_depth"), "{{instance}}")], span=THIRD, red=10000,
            )
        )
        .with_panel(
            graph(
                "CPU", "percentunit",
                "Cores used. Near the cores it may use, every message waits: add a relay or cores.",
                runtime, [(q.rate("process_cpu_seconds_total"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Memory", "bytes",
                "Resident memory. Growth without connections or outbox bytes to explain it is a leak: report it.",
                runtime, [(q.series("process_resident_memory_bytes"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "NACKs", "reqps",
                "Refusals senders were told, by code. STORAGE_UNAVAILABLE and QUEUE_FULL want somebody.",
                queues, [(q.total("moltrelay_nacks_total", "code"), "{{code}}")],
            )
        )
        .with_panel(
            graph(
                "Connection errors", "cps",
                "Connections that failed, by cause. Red over 10 a second.",
                to_runbook("RelayConnectionDrops"),
                [(q.total("moltrelay_connection_failures_total", "cause"), "{{cause}}")], red=10,
            )
        )
    )
