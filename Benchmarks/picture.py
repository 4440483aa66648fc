"""A run of Benchmarks/run as SVG, for light and dark pages: bars end at the minimum, lines reach to the maximum."""

import html

CPU, IDLE = "server_cpu_us_per_message", "bytes_per_connection"
PANELS = (
    ("Pairs, 256 bytes, 32 in flight", "pairs-256", CPU),
    ("Scatter, 256 bytes, 32 in flight", "scatter-256", CPU),
    ("Pairs, 4 KiB, 32 in flight", "pairs-4k", CPU),
    ("One message in flight, 256 bytes", "window-1", CPU),
    ("Acknowledged when stored, 256 bytes", "stored-256-w4", CPU),
    ("Memory of an idle connection", "idle-10k", IDLE),
)
NAMES = {
    "moltrelay": "MoltRelay",
    "floor": "C floor, no checks",
    "jetstream-sync": "JetStream, synced",
}
WIDTH, PANEL, LABELS, BAR, ROW, GAP = 820, 390, 138, 16, 22, 40
BARS = PANEL - LABELS - 62

STYLE = """\
.page{fill:#ffffff}text{fill:#1f2328}.quiet{fill:#59636e}.bar{fill:#afb8c1}.relay{fill:#0969da}
.reach{stroke:#59636e;stroke-width:1.5}.title{font-weight:600}
@media (prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#e6edf3}.quiet{fill:#9198a1}.bar{fill:#4c5561}
.relay{fill:#4493f8}.reach{stroke:#9198a1}}"""


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{html.escape(words)}</text>'


def figures(row: dict, figure: str) -> tuple[float, float]:
    scale = 1024 if figure == IDLE else 1
    return row[figure]["min"] / scale, row[figure]["max"] / scale


def name(row: dict, servers: dict) -> str:
    if row["server"] in NAMES:
        return NAMES[row["server"]]
    product = "JetStream" if row["server"].startswith("jetstream") else "NATS"
    return f"{product} {servers[row['server']].split()[-1].removeprefix('v')}"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def bars(rows: list[dict], figure: str, servers: dict, left: float, top: float) -> list[str]:
    most = max(figures(row, figure)[1] for row in rows) or 1
    parts = []
    for row in rows:
        low, high = (value / most * BARS for value in figures(row, figure))
        start, middle = left + LABELS, top + BAR / 2
        kind = "relay" if row["server"] == "moltrelay" else "bar"
        parts.append(text(start - 8, middle + 4, name(row, servers), "" if kind == "relay" else "quiet", "end"))
        parts.append(f'<rect x="{start}" y="{top}" width="{max(low, 1):.1f}" height="{BAR}" rx="2" class="{kind}"/>')
        parts.append(f'<path d="M{start + low:.1f} {middle}H{start + high:.1f}" class="reach"/>')
        parts.append(text(start + high + 6, middle + 4, number(figures(row, figure)[0])))
        top += ROW
    return parts


def drawn(report: dict) -> str:
    panels = [(title, figure, rows_of(report, scenario)) for title, scenario, figure in PANELS]
    panels = [panel for panel in panels if panel[2]]
    parts, top = [], 64
    for at in range(0, len(panels), 2):
        side_by_side = panels[at : at + 2]
        for column, (title, figure, rows) in enumerate(side_by_side):
            left = 16 + column * (PANEL + 8)
            parts.append(text(left, top, title, "title"))
            parts.append(text(left + PANEL - 16, top, "KiB" if figure == IDLE else "us of CPU", "quiet", "end"))
            parts += bars(rows, figure, report["servers"], left, top + 10)
        top += GAP + max(len(rows) for _, _, rows in side_by_side) * ROW
    machine = report["machine"]
    foot = (
        f"{report['rounds']} interleaved rounds on {machine['cpus']} x {machine['model']}, one core for each server, "
        f"commit {machine['commit'][:12]}: bars are minima, lines reach to maxima."
    )
    parts.append(text(16, top, foot, "quiet"))
    parts.append(text(16, top + 18, "JetStream acknowledges what it has written; synced, what it has synced.", "quiet"))
    return page(parts, top + 36)


def rows_of(report: dict, scenario: str) -> list[dict]:
    return [row for row in report["summary"] if row["scenario"] == scenario]


def page(parts: list[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    title = "What a message costs: CPU microseconds of the server, less is better"
    return "\n".join(
        [
            head + ' font-family="system-ui, sans-serif" font-size="12">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
            f'<g font-size="15">{text(16, 30, title, "title")}</g>',
            *parts,
            "</svg>\n",
        ]
    )

