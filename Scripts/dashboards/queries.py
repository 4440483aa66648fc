"""PromQL of the dashboards. Histograms come native or classic, and Prometheus 2.42 keeps only one of the two: every
expression over one asks for both, the native first."""

SELECTOR = 'job=~"$relay", instance=~"$node"'


def series(name, labels=""):
    return f"{name}{{{SELECTOR}{', ' + labels if labels else ''}}}"


def rate(name, labels="", window="$__rate_interval"):
    return f"rate({series(name, labels)}[{window}])"


def total(name, by="", labels=""):
    return f"sum{by_clause(by)} ({rate(name, labels)})"


def gauge(name, by="", labels=""):
    return f"sum{by_clause(by)} ({series(name, labels)})"


def by_clause(by):
    return f" by ({by})" if by else ""


def quantile(share, name, by="", labels=""):
    native = f"histogram_quantile({share}, sum{by_clause(by)} ({rate(name, labels)}))"
    classic_by = f"{by}, le" if by else "le"
    classic = f"histogram_quantile({share}, sum by ({classic_by}) ({rate(name + '_bucket', labels)}))"
    return f"{native} or {classic}"


def mean(name, by="", labels=""):
    native = f"histogram_sum(sum{by_clause(by)} ({rate(name, labels)})) / histogram_count(sum{by_clause(by)} ({rate(name, labels)}))"
    classic = f"sum{by_clause(by)} ({rate(name + '_sum', labels)}) / sum{by_clause(by)} ({rate(name + '_count', labels)})"
    return f"{native} or {classic}"


def by_backend(expression):
    """A value for each relay, by what it keeps messages in."""
    return f"({expression}) * on (job, instance) group_left (backend) ({series('moltrelay_store_backend')} == 1)"


def seconds_per_second(name, by="", labels=""):
    """What a stage costs in all: time spent in it a second."""
    native = f"histogram_sum(sum{by_clause(by)} ({rate(name, labels)}))"
    return f"{native} or sum{by_clause(by)} ({rate(name + '_sum', labels)})"


def count(name, by="", labels=""):
    native = f"histogram_count(sum{by_clause(by)} ({rate(name, labels)}))"
    return f"{native} or sum{by_clause(by)} ({rate(name + '_count', labels)})"


def heat(name, labels=""):
    """Buckets over time; classic ones only where there are no native ones."""
    native = f"sum ({rate(name, labels)})"
    return f"{native} or (sum by (le) ({rate(name + '_bucket', labels)}) unless on () {native})"


def unaccounted():
    return " ".join(
        [
            series("moltrelay_messages_total"),
            "+", series("moltrelay_messages_recovered_total"),
            "+", series("moltrelay_messages_taken_over_total"),
            "-", series("moltrelay_messages_handed_over_total"),
            "- sum without (fate) (" + series("moltrelay_messages_settled_total") + ")",
            "-", series("moltrelay_messages_in_flight"),
            "-", series("moltrelay_queue_depth"),
            "-", series("moltrelay_store_corrupt_rows_total"),
            "-", series("moltrelay_spill_duplicates_total"),
        ]
    )
