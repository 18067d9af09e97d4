"""The report as one self-contained page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capexpand.policy.findings import PolicyFindings
from capexpand.reporting import page_tables
from capexpand.reporting.assumptions import blocks, origins
from capexpand.reporting.bundle import javascript, warm_up
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.capacity import built_when, sites_against_grids
from capexpand.reporting.charts.drawing import Chart, shared_legend
from capexpand.reporting.charts.money import bridge_chart, cash, earnings, spending
from capexpand.reporting.charts.service import costs_beside_prices, power_by_workload, served_by_offer
from capexpand.reporting.charts.worth import beside_naive, prices_of_limits, worth_by_quarter
from capexpand.reporting.comparison import comparisons
from capexpand.reporting.digest import Digest
from capexpand.reporting.headline import answers, hindsight, key_figures
from capexpand.reporting.inputs import Findings
from capexpand.reporting.policy_page import policy_page
from capexpand.reporting.templating import environment
from capexpand.reporting.unit_rates import export_rows, heat_map

__all__ = ["build_page", "embed", "page_charts", "warm_up"]


@dataclass(frozen=True, slots=True)
class PageCharts:
    """The charts of a page by the place where they stand."""

    built: tuple[Chart, ...]
    sites: tuple[Chart, ...]
    money: tuple[Chart, ...]
    bridge: Chart
    running: tuple[Chart, ...]
    served: tuple[Chart, ...]
    limits: tuple[Chart, ...]
    naive: tuple[Chart, ...]
    costs: tuple[Chart, ...]

    @property
    def all(self) -> tuple[Chart, ...]:
        """Every chart, in the order of the page."""
        return (
            *self.built,
            *self.sites,
            *self.money,
            self.bridge,
            *self.running,
            *self.served,
            *self.limits,
            *self.naive,
            *self.costs,
        )


def page_charts(digest: Digest) -> PageCharts:
    """Returns the charts of a page.

    Args:
        digest: what the run found out.
    """
    return PageCharts(
        built=tuple(built_when(digest)),
        sites=tuple(sites_against_grids(digest)),
        money=(*spending(digest), *cash(digest), *earnings(digest)),
        bridge=bridge_chart(digest.findings.bridge.steps, digest.scale),
        running=tuple(power_by_workload(digest)),
        served=tuple(served_by_offer(digest)),
        limits=(*worth_by_quarter(digest), *prices_of_limits(digest)),
        naive=tuple(beside_naive(digest)),
        costs=tuple(costs_beside_prices(digest)),
    )


def build_page(findings: Findings, sought: PolicyFindings | None = None) -> str:
    """Returns the report as HTML that needs nothing from outside.

    Args:
        findings: what the run found out.
        sought: what was found out about a policy, if one was sought.
    """
    digest = Digest(findings)
    charts = page_charts(digest)
    policy = None if sought is None else policy_page(sought, digest.scale)
    return (
        environment()
        .get_template("page.html")
        .render(
            digest=digest,
            case=findings.case,
            provenance=findings.provenance,
            solver=findings.result.plan.solver,
            warnings=findings.warnings,
            checks=findings.checks,
            answers=answers(digest),
            figures=key_figures(digest),
            hindsight=hindsight(digest),
            charts=charts,
            shared_legend=shared_legend,
            statements=page_tables.statements(digest),
            orders=page_tables.orders(digest),
            placement=page_tables.placement(digest),
            limits=page_tables.limit_rows(digest),
            costs=page_tables.unit_cost_rows(digest),
            heat=heat_map(digest),
            exports=export_rows(digest),
            returns=page_tables.returns(digest),
            bridges=page_tables.bridges(digest),
            rates=page_tables.exchange_rates(digest),
            comparisons=comparisons(digest),
            blocks=blocks(findings.case),
            origins=origins(findings.case),
            quarters=_quarters(digest),
            data=_embedded(digest, (*charts.all, *(policy.charts if policy else ()))),
            policy=policy,
            javascript=javascript(),
        )
    )


def _quarters(digest: Digest) -> str:
    return f"{digest.labels[0]} to {digest.labels[-1]}"


def _embedded(digest: Digest, charts: Sequence[Chart]) -> str:
    """The charts of a run with its quarters."""
    times = digest.data.times
    starts = [day.isoformat() for day in times.starts]
    after = times.ends[-1].toordinal() + 1
    ends = [*starts[1:], type(times.ends[-1]).fromordinal(after).isoformat()]
    quarters = {"q": list(times.labels), "d": starts, "e": ends}
    return embed(charts, quarters, window=(starts[digest.window.start], ends[digest.window_end]))


def embed(
    charts: Sequence[Chart],
    quarters: Mapping[str, Sequence[str]] | None = None,
    *,
    window: tuple[str, str] | None = None,
) -> str:
    """Returns charts as JSON that can stand inside a script element.

    Args:
        charts: to be drawn.
        quarters: names ``q``, first days ``d`` and days after the last ``e``, for charts by quarter.
        window: days between which the ground of charts is shaded.
    """
    document: dict[str, Any] = {
        "quarters": quarters or {"q": [], "d": [], "e": []},
        "window": list(window or ()),
        "colours": {"window": palette.WINDOW},
        "config": CONFIG,
        "charts": {chart.identifier: _chart(chart) for chart in charts},
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _chart(chart: Chart) -> dict[str, Any]:
    series = [
        {"s": one.name, "k": one.mark, "v": [value if value == value else None for value in one.values]}  # noqa: PLR0124 - NaN is a gap
        for one in chart.series
    ]
    return {"spec": chart.spec, "series": series, "rows": chart.rows, "shaded": chart.shaded}


FONT = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif"

CONFIG: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": palette.QUIET,
        "titleColor": palette.QUIET,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "domainColor": palette.GRID_LINE,
        "tickColor": palette.GRID_LINE,
        "gridColor": palette.GRID_LINE,
        "labelPadding": 5,
        "titlePadding": 8,
    },
    "axisY": {"tickCount": 5, "domain": False, "ticks": False},
    "axisX": {"labelFlush": True},
    "legend": {"labelColor": palette.QUIET, "titleColor": palette.QUIET, "titleFontWeight": "normal"},
}
"""How every chart looks, given to Vega-Lite."""
