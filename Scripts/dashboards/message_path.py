"""Message path: where a message's time goes."""

from . import queries as q
from .panels import THIRD, WHOLE, dashboard, graph, heat, row, to_dashboard, to_runbook

UID = "moltrelay-message-path"
TITLE = "Message path"
STAGES = [
    ("route", "From the read of the last byte to a known destination. Slow: the event loop is busy; look at its lag."),
    ("enqueue", "From there into the recipient's write buffer. Slow: more urgent messages or a full outbox before it."),
    ("write", "From the buffer to the socket. Slow: the recipient or its network does not read."),
    ("store", "From arrival to durability, beside the others. Slow: the disk; senders wait for their ACK."),
]


def build():
    runtime = to_dashboard("moltrelay-runtime", "Runtime")
    queues = to_dashboard("moltrelay-queues", "Queues and storage")
    connections = to_dashboard("moltrelay-connections", "Connections and auth")
    ways = {"route": runtime, "enqueue": connections, "write": connections, "store": queues}
    board = (
        dashboard(UID, TITLE, "Stages of a message's way, as heat maps. Dots are exemplars: each opens a trace that was kept.")
        .with_row(row("Whole way"))
        .with_panel(
            heat(
                "Latency of live messages", "s",
                "Each message whose recipient was connected. A second band far above the first is one slow recipient or stage.",
                to_runbook("RelayHighLatency"), q.heat("moltrelay_message_latency"), span=WHOLE,
            )
        )
        .with_panel(
            graph(
                "Where the time goes", "s",
                "Seconds spent in each stage a second, over all messages. The tallest is the one to look at.",
                to_runbook("RelayHighLatency"),
                [(q.seconds_per_second("moltrelay_message_stage_seconds", "stage"), "{{stage}}")], stacked=True,
            )
        )
        .with_panel(
            graph(
                "P99 by stage", "s",
                "The slowest hundredth of each stage. Follow the one that moved with the latency.",
                to_runbook("RelayLatencyBudgetBurn"),
                [(q.quantile(0.99, "moltrelay_message_stage_seconds", "stage"), "{{stage}}")], exemplars=True,
            )
        )
        .with_row(row("Stages"))
    )
    for stage, description in STAGES:
        board = board.with_panel(
            heat(
                stage.capitalize(), "s", description, ways[stage],
                q.heat("moltrelay_message_stage_seconds", f'stage="{stage}"'),
            )
        )
    return (
        board.with_row(row("To the end"))
        .with_panel(
            graph(
                "Acknowledgement", "s",
                "From the write to the recipient's ACK. Slow: agents think long before they acknowledge; over 30 s it is sent again.",
                queues,
                [
                    (q.quantile(0.99, "moltrelay_acknowledgement_latency_seconds"), "p99"),
                    (q.quantile(0.5, "moltrelay_acknowledgement_latency_seconds"), "p50"),
                ],
                span=THIRD, red=30, exemplars=True,
            )
        )
        .with_panel(
            graph(
                "Sent again", "mps",
                "Redeliveries: no ACK in time, or a connection that closed. Steady ones are an agent that does not acknowledge.",
                queues,
                [
                    (q.total("moltrelay_redeliveries_total"), "redelivered"),
                    (q.total("moltrelay_duplicates_joined_total"), "senders' retries joined"),
                    (q.total("moltrelay_unknown_acknowledgements_total"), "ACKs of nothing in flight"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Size", "bytes",
                "Payload of accepted messages. A new p99 near the limit explains a new latency.",
                connections,
                [
                    (q.quantile(0.99, "moltrelay_message_size_bytes"), "p99"),
                    (q.mean("moltrelay_message_size_bytes"), "mean"),
                ],
                span=THIRD,
            )
        )
        .with_row(row("Compression"))
        .with_panel(
            graph(
                "Compressed to", "percentunit",
                "Output through input. Compressed near 1, or much probed in vain: the agents' envelopes are sealed or compressed already.",
                connections,
                [
                    (
                        q.total("moltrelay_compression_output_bytes_total", "algorithm", 'operation="compress"')
                        + " / " + q.total("moltrelay_compression_input_bytes_total", "algorithm", 'operation="compress"'),
                        "{{algorithm}}",
                    ),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "CPU for compression", "s",
                "CPU seconds a second, by what they went into; probes are samples that did not shrink.",
                connections,
                [(q.seconds_per_second("moltrelay_compression_cpu_seconds", "algorithm, operation"), "{{algorithm}} {{operation}}")],
                span=THIRD, stacked=True,
            )
        )
        .with_panel(
            graph(
                "Unreadable and waiting", "ops",
                "Envelopes that are not what their head says, each the end of its sender's connection; and large ones that waited for others.",
                connections,
                [
                    (q.total("moltrelay_compression_failures_total", "cause"), "{{cause}}"),
                    (q.total("moltrelay_compression_waits_total"), "waited"),
                ],
                span=THIRD,
            )
        )
    )
