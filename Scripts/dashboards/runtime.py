"""Runtime and telemetry's own cost."""

from . import queries as q
from .panels import THIRD, dashboard, graph, heat, row, to_dashboard, to_runbook

UID = "moltrelay-runtime"
TITLE = "Runtime and telemetry's own cost"


def build():
    overview = to_dashboard("moltrelay-overview", "Overview")
    path = to_dashboard("moltrelay-message-path", "Message path")
    return (
        dashboard(UID, TITLE, "The process, its event loops and its health; and what telemetry costs and loses.")
        .with_row(row("Process"))
        .with_panel(
            graph(
                "CPU", "percentunit", "Cores used. Near the cores it may use, every message waits.", to_runbook("RelayEventLoopLag"),
                [(q.rate("process_cpu_seconds_total"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "CPU a message", "s", "CPU seconds over accepted messages. It falls with load; a step up after a release is a regression.",
                path,
                [("sum (" + q.rate("process_cpu_seconds_total") + ") / " + q.total("moltrelay_messages_total"), "CPU a message")],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Memory", "bytes", "Resident memory, and what of it waits in outboxes.",
                overview,
                [
                    (q.series("process_resident_memory_bytes"), "{{instance}} resident"),
                    (q.series("moltrelay_outbox_bytes"), "{{instance}} outboxes"),
                    (q.series("moltrelay_memory_limit_bytes") + " > 0", "{{instance}} limit"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            heat(
                "Event loop lag", "s", "How late timers run. Over 100 ms every message on the loop waits as long.",
                to_runbook("RelayEventLoopLag"), q.heat("moltrelay_event_loop_lag_seconds"),
            )
        )
        .with_panel(
            graph(
                "File descriptors", "percentunit", "Open of allowed. Red over 85 %: at the end nobody is accepted.",
                to_runbook("RelayFileDescriptorsLow"),
                [(q.series("process_open_fds") + " / " + q.series("process_max_fds"), "{{instance}}")], red=0.85,
            )
        )
        .with_row(row("Health"))
        .with_panel(
            graph(
                "Tiers", "bool", "1 while probes of the tier are answered with success.", to_runbook("RelayNotReady"),
                [(q.series("moltrelay_health_tier"), "{{instance}} {{tier}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Checks that turned", "ops", "A check that turns often is a cause that comes and goes: the log has the reasons.",
                to_runbook("RelayNotReady"), [(q.total("moltrelay_health_transitions_total", "check"), "{{check}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Checks that warn", "bool", "1 while a check warns: traffic goes on, /health/detailed says what comes near its end.",
                to_runbook("RelayHealthWarning"), [(q.series("moltrelay_health_warning"), "{{instance}} {{check}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Drained, minutes of the last hour", "m",
                "A relay that drains takes no agents. One that climbs past 30 was forgotten: --resume takes it back.",
                to_runbook("RelayDrainForgotten"),
                [("sum_over_time((" + q.series("moltrelay_health_check", 'check="draining"') + " == bool 0)[1h:10s]) / 6", "{{instance}}")],
                red=30,
            )
        )
        .with_panel(
            graph(
                "Configuration taken", "bool", "0 after a reload that failed.", to_runbook("RelayReloadFailed"),
                [(q.series("moltrelay_config_last_reload_success"), "{{instance}}")],
            )
        )
        .with_row(row("Telemetry's own cost"))
        .with_panel(
            graph(
                "Scrape", "s", "Time to read, encode and compress a scrape, off the loops that carry messages.",
                to_runbook("RelayTelemetryLoss"), [(q.quantile(0.99, "moltrelay_scrape_duration_seconds", "format"), "{{format}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Series", "short", "Series of the last scrape; the budget folds what is beyond it into `other`.",
                to_runbook("RelayTelemetryLoss"), [(q.series("moltrelay_scrape_series"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Lost", "ops", "Log records, spans and datagrams lost. The relay never waits for telemetry: it loses and counts.",
                to_runbook("RelayTelemetryLoss"),
                [(q.total("moltrelay_telemetry_lost_total", "signal, cause"), "{{signal}} {{cause}}")], span=THIRD, red=1,
            )
        )
        .with_panel(
            graph(
                "Traces kept", "ops", "Messages whose trace was kept, by why. Slow and failed ones are kept whatever the ratio.",
                path, [(q.total("moltrelay_traces_kept_total", "reason"), "{{reason}}")], span=THIRD, stacked=True,
            )
        )
        .with_panel(
            graph(
                "Traces missed", "ops", "Reasons for a trace whose rate was spent: raise it in `tracing`, or live with a sample.",
                to_runbook("RelayTelemetryLoss"),
                [(q.total("moltrelay_traces_missed_total", "reason, cause"), "{{reason}} {{cause}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Spans sent", "ops", "What collectors took, and how many agents `moltrelay trace` traces whole.",
                to_runbook("RelayTelemetryLoss"),
                [
                    (q.total("moltrelay_spans_sent_total", "exporter"), "{{exporter}}"),
                    (q.series("moltrelay_traces_forced_agents"), "{{instance}} agents traced"),
                ],
                span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Flight recorder", "s", "How far back `moltrelay explain` knows every message. Too short: raise `tracing.recorder_bytes`.",
                path, [(q.series("moltrelay_flight_recorder_reach_seconds"), "{{instance}}")], span=THIRD,
            )
        )
        .with_panel(
            graph(
                "Log lines", "ops",
                "Written, and held back because the same line came too often: `log lines held back` in the log says which.",
                to_runbook("RelayTelemetryLoss"),
                [
                    (q.total("moltrelay_log_records_total"), "written"),
                    (q.total("moltrelay_log_records_held_back_total"), "held back"),
                ],
                span=THIRD,
            )
        )
    )
