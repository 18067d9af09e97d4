"""Charts of capacity by quarter: power against grid limits, accelerators, computing power, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from capexpand.finance.fleet import Fleet
from capexpand.model.data import Floats
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import SMALL_HEIGHT, Chart, Series, over_quarters, stacked
from capexpand.reporting.context import ReportContext
from capexpand.wording import compute, count, of_each, percent, power, volume

HIDDEN = 0.02  # excess of a peak over the last value from which on a title names it


def built_when(context: ReportContext) -> Iterator[Chart]:
    """Yield the charts of what is built, without those that would be empty."""
    drawn = (
        _energised(context),
        _accelerators(context),
        _computing(context),
        _servers(context),
        _tokens(context),
    )
    yield from (chart for chart in drawn if chart is not None)


def _energised(context: ReportContext) -> Chart | None:
    total = context.power_mw(context.fleet)
    if not total.any():
        return None
    factor, unit = (1e-3, "GW") if total.max() >= 2000 else (1.0, "MW")
    series = stacked(context.sites, context.fleet.power_energised_mw, site_colours(context), factor=factor)
    return Chart(
        "power",
        develops("Energised power", total, context, power),
        f"IT power energised at the end of each quarter, by site, in {unit}.",
        over_quarters(series, f"{unit} of IT power", stocks=True),
        series,
    )


def _accelerators(context: ReportContext) -> Chart | None:
    amounts = context.fleet.accelerators
    if not amounts.any():
        return None
    factor, unit = _thousands(amounts)
    series = stacked(context.offers, amounts, offer_colours(context), factor=factor)
    return Chart(
        "accelerators",
        develops("Accelerators", amounts.sum(axis=0), context, count),
        f"Accelerators installed at the end of each quarter, by kind, in {unit}.",
        over_quarters(series, unit, stocks=True),
        series,
    )


def _computing(context: ReportContext) -> Chart | None:
    pflops = context.fleet.compute_pflops
    if not pflops.any():
        return None
    factor, unit = (1e-3, "EFLOP/s") if float(pflops.sum(axis=0).max()) >= 2000 else (1.0, "PFLOP/s")
    series = stacked(context.offers, pflops, offer_colours(context), factor=factor)
    return Chart(
        "compute",
        develops("Computing power", pflops.sum(axis=0), context, compute),
        f"Dense FP8 or INT8 operations of the installed accelerators, in {unit}.",
        over_quarters(series, unit, stocks=True),
        series,
    )


def _servers(context: ReportContext) -> Chart | None:
    general = np.where((context.data.offers.accelerators > 0)[:, None], 0.0, context.fleet.installed)
    if not general.any():
        return None
    factor, unit = _thousands(general)
    series = stacked(context.offers, general, offer_colours(context), factor=factor)
    return Chart(
        "servers",
        develops("Servers without accelerators", general.sum(axis=0), context, count),
        f"Servers installed at the end of each quarter, in {unit}.",
        over_quarters(series, unit.replace("accelerators", "servers"), stocks=True),
        series,
    )


def _tokens(context: ReportContext) -> Chart | None:
    tokens = context.fleet.tokens_per_day
    if not tokens.any():
        return None
    factor, word = _scale_of(float(tokens.sum(axis=0).max()))
    unit = f"{word} tokens a day".strip()
    series = stacked(context.workloads, tokens, workload_colours(context), factor=factor)
    return Chart(
        "tokens",
        develops("Tokens served a day", tokens.sum(axis=0), context, volume),
        f"Tokens served, by workload, in {unit}.",
        over_quarters(series, unit, stocks=False),
        series,
    )


def sites_against_grids(context: ReportContext) -> Iterator[Chart]:
    """Yield for each site the power drawn from the grid beside what the connection can give."""
    m, fleet = context.data, context.fleet
    for i, (name, title) in enumerate(zip(m.sites.names, context.sites, strict=True)):
        used = fleet.grid_used_mw[i]
        energised = fleet.power_energised_mw[i] * m.sites.power_usage_effectiveness[i]
        series = (
            Series.of("for running servers", palette.PROGRAMME, used),
            Series.of("energised and idle", palette.IDLE, np.maximum(energised - used, 0.0)),
            Series.of("grid limit", palette.LIMIT, fleet.grid_mw[i], "limit"),
        )
        yield Chart(
            f"site-{name}",
            f"{title}: {_how_full(energised, fleet, i, context)}",
            "MW at the grid connection.",
            over_quarters(series, "MW at the grid", stocks=True, height=SMALL_HEIGHT),
            series,
            small=True,
        )


def _how_full(energised: Floats, fleet: Fleet, site: int, context: ReportContext) -> str:
    grid = fleet.grid_mw[site]
    full = (energised >= 0.995 * grid) & (grid > 0.0) & (energised > 0.0)
    if not energised.any():
        return "nothing is built"
    if full.any():
        first = context.labels[int(np.argmax(full))]
        return f"grid full in {of_each(int(full.sum()), 'quarter', 'quarters')}, first {first}"
    at = int(np.argmax(energised / np.maximum(grid, 1e-9)))
    return f"at most {percent(float(energised[at] / max(grid[at], 1e-9)))} of the grid, {context.labels[at]}"


def develops(what: str, values: Floats, context: ReportContext, write: Callable[[float], str]) -> str:
    """Return a title that says how a total starts, stands when the window ends, peaks, and ends.

    A peak between those quarters is named where it exceeds the last value by more than 2 %.

    Args:
        what: what is counted, in the plural or the singular, as the title begins.
        values: [quarter].
        context: what the run found out.
        write: writes a value.
    """
    end, peak = context.window_end, int(np.argmax(values))
    first, then, last, most = (float(values[t]) for t in (0, end, -1, peak))
    label = context.labels[end]
    peaks = f"{_verb(what, 'peak')} at {write(most)} in {context.labels[peak]}"
    ends = f"{_verb(what, 'end')} at {write(last)} in {context.labels[-1]}"
    hidden = most > (1.0 + HIDDEN) * last and peak not in {0, end}
    if hidden and peak < end:
        between = f", {_verb(what, 'stand')} at {write(then)} in {label}" if end < len(values) - 1 else ""
        return f"{what} {peaks}{between} and {ends}"
    start = f"from {write(first)} " if first > 0.0 else "from nothing "
    text = f"{what} {_moves(what, first, then)} {start}to {write(then)} by {label}"
    if hidden:
        return f"{text}, {peaks} and {ends}"
    if end == len(values) - 1 or write(then) == write(last):
        return text
    return f"{text}, then {_moves(what, then, last)} to {write(last)} by {context.labels[-1]}"


def _moves(what: str, before: float, after: float) -> str:
    return _verb(what, "grow" if after >= before else "fall")


def _verb(what: str, verb: str) -> str:
    return verb if what.split(maxsplit=1)[0].endswith("s") else f"{verb}s"


def site_colours(context: ReportContext) -> Sequence[str]:
    """Return the colour of each site."""
    return palette.colours(len(context.data.sites.names))


def offer_colours(context: ReportContext) -> Sequence[str]:
    """Return the colour of each offer: those that take most power over the horizon are told apart."""
    m = context.data
    kilowatts = np.zeros(len(m.offers.products))
    kilowatts[m.offers.product] = m.offers.power_kw
    ranks = np.argsort(np.argsort(-(context.fleet.installed.sum(axis=1) * kilowatts), kind="stable"))
    hues = palette.colours(len(ranks))
    return tuple(hues[rank] for rank in ranks)


def workload_colours(context: ReportContext) -> Sequence[str]:
    """Return the colour of each workload."""
    return palette.colours(len(context.data.workloads.names))


def _thousands(values: Floats) -> tuple[float, str]:
    largest = float(values.sum(axis=0).max())
    return (1e-3, "thousand") if largest >= 5000 else (1.0, "units")


def _scale_of(largest: float) -> tuple[float, str]:
    for size, word in ((1e12, "tn"), (1e9, "bn"), (1e6, "mn")):
        if largest >= size:
            return 1.0 / size, word
    return 1.0, ""
