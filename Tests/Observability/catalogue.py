"""The metric catalogue as docs/metrics.md has it (a Swift test holds that page to the catalogue), and what an expression
names of it."""

import pathlib
import re

import promql_parser

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(?P<name>[a-z_0-9]+)` \| (?P<type>[a-z]+)[^|]* \| (?P<labels>[^|]*) \|")
LABEL = re.compile(r"`([a-z_]+)`: ((?:`[^`]*`(?:, )?)+)")
# Of the scrape, not of the relay.
TARGET_LABELS = {"job", "instance"}
OTHER_METRICS = {"up": set(), "ALERTS": {"alertname", "alertstate"}}
# What deploy/backup writes for node_exporter.
BACKUP = (ROOT / "deploy/backup/moltrelay-backup").read_text()
OTHER_METRICS |= {name: set() for name in re.findall(r"^# TYPE (\w+) gauge$", BACKUP, re.MULTILINE)}


class Metric:
    def __init__(self, kind, labels):
        self.kind = kind
        self.labels = labels


def read():
    metrics = {}
    for line in (ROOT / "docs/metrics.md").read_text().splitlines():
        if match := ROW.match(line):
            labels = {name: set(re.findall(r"`([^`]*)`", values)) for name, values in LABEL.findall(match["labels"])}
            metrics[match["name"]] = Metric(match["type"], labels)
    return metrics


def recorded():
    """Names of the recording rules, with the labels of their names' first part."""
    import yaml

    rules = yaml.safe_load((ROOT / "alerts/recording.yaml").read_text())
    return {rule["record"] for group in rules["groups"] for rule in group["rules"]}


def plain(expression):
    """A dashboard's expression with Grafana's variables filled in."""
    for variable, value in {"$__rate_interval": "1m", "$relay": ".+", "$node": ".+"}.items():
        expression = expression.replace(variable, value)
    return expression


def selectors(node):
    """Every vector selector below a node of a parsed expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, part, None)
        if isinstance(child, promql_parser.Expr | promql_parser.VectorSelector):
            yield from selectors(child)
    args = getattr(node, "args", None)
    if args is not None:
        for child in args:
            yield from selectors(child)


def complaints(expression, metrics=None, rules=None):
    """What an expression names that the relay does not have."""
    metrics = metrics or read()
    rules = recorded() if rules is None else rules
    found = list(selectors(promql_parser.parse(plain(expression))))
    if not found:
        yield f"names no metric: {expression}"
    for selector in found:
        yield from selector_complaints(selector, metrics, rules)


def selector_complaints(selector, metrics, rules):
    name = selector.name
    if name in rules or name in OTHER_METRICS:
        return
    metric, suffix = metrics.get(name), ""
    if metric is None:
        base, _, suffix = name.rpartition("_")
        metric = metrics.get(base)
        if metric is None or metric.kind != "histogram" or suffix not in ("bucket", "sum", "count"):
            yield f"no metric {name}"
            return
    for matcher in selector.matchers.matchers:
        label, value = matcher.name, matcher.value
        if label in TARGET_LABELS or (label == "le" and suffix == "bucket"):
            continue
        if label not in metric.labels:
            yield f"{name} has no label {label}"
            continue
        for part in re.split(r"\|", value):
            if part and part not in metric.labels[label]:
                yield f"{name} has no {label} {part!r}"
