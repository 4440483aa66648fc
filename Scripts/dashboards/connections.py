"""Connections and auth: who comes, who is refused, who goes and why."""

from . import queries as q
from .panels import THIRD, dashboard, graph, heat, row, to_dashboard, to_runbook

UID = "moltrelay-connections"
TITLE = "Connections and auth"


def build():
    overview = to_dashboard("moltrelay-overview", "Overview")
    runtime = to_dashboard("moltrelay-runtime", "Runtime")
    return (
        dashboard(UID, TITLE, "Connections from their first byte to their last.")
        .with_row(row("Come and go"))
        .with_panel(
            graph(
                "Open", "short", "Open connections by node. Uneven after a restart: agents come back to whoever is up.",
                overview, [(q.series("moltrelay_connections_active"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Opened", "cps", "New connections. A steady high rate at a steady number open is a crowd that reconnects.",
                to_runbook("RelayConnectionDrops"), [(q.total("moltrelay_connections_opened_total", "instance"), "{{instance}}")],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Closed by reason", "cps", "keepalive_timeout and lost are the network, protocol is a client's defect.",
                to_runbook("RelayConnectionDrops"), [(q.total("moltrelay_connections_closed_total", "reason"), "{{reason}}")],
                span=THIRD, stacked=True,
            )
        )
        .with_panel(
            heat(
                "Lifetime", "s", "How long connections stayed, when they closed. A band at a round number is a NAT or proxy time-out.",
                to_runbook("RelayConnectionDrops"), q.heat("moltrelay_connection_duration_seconds"),
            )
        )
        .with_panel(
            graph(
                "Failures by cause", "cps", "Red over 10 a second.", to_runbook("RelayConnectionDrops"),
                [(q.total("moltrelay_connection_failures_total", "cause"), "{{cause}}")], stacked=True, red=10,
            )
        )
        .with_row(row("TLS"))
        .with_panel(
            graph(
                "TLS handshakes", "cps", "full, resumed by a ticket, or why they failed. refused_by_peer: agents do not trust the certificate.",
                to_runbook("RelayTLSFailures"),
                [(q.total("moltrelay_tls_handshakes_total", "result"), "{{result}}")], span=THIRD, stacked=True,
            )
        )
        .with_panel(
            heat(
                "TLS handshake", "s", "From the opening of a connection to the end of its TLS handshake, the agent's own time included.",
                to_runbook("RelayTLSFailures"), q.heat("moltrelay_tls_handshake_duration_seconds"), span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Certificate", "s", "Left until the certificate that agents see expires. Renewed ones are taken within seconds.",
                to_runbook("RelayCertificateExpiring"),
                [(f"{q.series('moltrelay_tls_certificate_expiry_timestamp_seconds')} - time() > -86400", "{{instance}}")],
                span=THIRD,
            )
        )
        .with_row(row("Auth"))
        .with_panel(
            heat(
                "Handshake", "s", "From the opening of a connection to AUTH_OK, the agent's own time included.",
                to_runbook("RelayAuthenticationFailures"), q.heat("moltrelay_handshake_duration_seconds"),
            )
        )
        .with_panel(
            graph(
                "Answers to AUTH", "reqps", "ok, or why not. AUTH_CLOCK_SKEW by many is a clock, AUTH_KEY_PINNED a lost or stolen key.",
                to_runbook("RelayAuthenticationFailures"),
                [(q.total("moltrelay_authentications_total", "result"), "{{result}}")], stacked=True,
            )
        )
        .with_row(row("Limits and slow readers"))
        .with_panel(
            graph(
                "Refused by limit", "cps", "Sockets refused before they became connections. Agents behind one proxy share an address.",
                to_runbook("RelayConnectionsRefused"),
                [
                    (q.total("moltrelay_connection_refusals_total", "limit"), "{{limit}}"),
                    (q.total("moltrelay_rates_untracked_total", "limit"), "untracked {{limit}}"),
                ],
                span=THIRD, red=1,
            )
        )
        .with_panel(
            graph(
                "Outboxes", "bytes", "Bytes waiting for recipients' sockets. It grows with readers that are too slow.",
                to_runbook("RelaySlowConsumers"), [(q.series("moltrelay_outbox_bytes"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Slow consumers", "ops", "Connections closed because they did not read, and senders paused for a moment for one.",
                to_runbook("RelaySlowConsumers"),
                [
                    (q.total("moltrelay_slow_consumers_total"), "closed"),
                    (q.total("moltrelay_sender_pauses_total"), "senders paused"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Frames received", "ops", "By type. Many HELLO and few AUTH: clients that are not agents.",
                runtime, [(q.total("moltrelay_frames_received_total", "type"), "{{type}}")], stacked=True,
            )
        )
    )
