"""Panels in the house's manner: a unit, what to do when it is red, and a way on."""

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOKS = "https://github.com/moltspeak/moltrelay/blob/main/docs/runbooks/"
HALF, THIRD, QUARTER, WHOLE = 12, 8, 6, 24


def dashboard(uid, title, description):
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["moltrelay"])
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(variable("relay", "Relay", "label_values(moltrelay_build_info, job)"))
        .with_variable(variable("node", "Node", 'label_values(moltrelay_build_info{job=~"$relay"}, instance)'))
        .link(
            DashboardLink("MoltRelay")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["moltrelay"])
            .as_dropdown(True)
            .keep_time(True)
            .include_vars(True)
        )
    )


def variable(name, label, query):
    return (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )


def row(title):
    return Row(title)


def to_dashboard(uid, title):
    url = f"/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}&${{relay:queryparam}}&${{node:queryparam}}"
    return DashboardLink(title).type(models.DashboardLinkType.LINK).url(url)


def to_runbook(alert):
    link = DashboardLink(f"Runbook {alert}").type(models.DashboardLinkType.LINK)
    return link.url(f"{RUNBOOKS}{alert}.md").target_blank(True)


def query(expression, legend="", reference="A", exemplars=False):
    built = prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend).ref_id(reference)
    return built.exemplar(True) if exemplars else built


def thresholds(*steps):
    """(value, colour) pairs; the first value is None, where the scale begins."""
    built = [models.Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(built)


def graph(title, unit, description, link, queries, span=HALF, red=None, stacked=False, exemplars=False):
    """`queries` are (expression, legend) pairs; `red` is the value from which on something is to be done."""
    panel = (
        timeseries.Panel()
        .title(title)
        .unit(unit)
        .description(description)
        .links([link])
        .datasource(SOURCE)
        .span(span)
        .height(8)
        .min(0)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if red is not None:
        panel = panel.thresholds(thresholds((None, "green"), (red, "red"))).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    for reference, (expression, legend) in zip("ABCDEFGH", queries):
        panel = panel.with_target(query(expression, legend, reference, exemplars))
    return panel


def number(title, unit, description, link, expression, span=QUARTER, red=None, red_below=None):
    steps = [(None, "green")]
    if red is not None:
        steps.append((red, "red"))
    if red_below is not None:
        steps = [(None, "red"), (red_below, "green")]
    return (
        stat.Panel()
        .title(title)
        .unit(unit)
        .description(description)
        .links([link])
        .datasource(SOURCE)
        .span(span)
        .height(4)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.AREA)
        .thresholds(thresholds(*steps))
        .with_target(query(expression))
    )


def heat(title, unit, description, link, expression, span=HALF):
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .links([link])
        .datasource(SOURCE)
        .span(span)
        .height(8)
        .unit(unit)
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .with_target(query(expression, "{{le}}", exemplars=True).format(PromQueryFormat.HEATMAP))
    )
