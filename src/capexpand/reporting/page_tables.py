"""The tables of the page, as texts ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.bridge import Step
from capexpand.finance.statements import Statement
from capexpand.model.data import Floats
from capexpand.reporting.charts.service import PRICE_UNITS
from capexpand.reporting.digest import Digest
from capexpand.reporting.limits import Limit
from capexpand.reporting.years import Years, lines
from capexpand.wording import count, listing, money, number, percent, volume


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    title: str
    cells: tuple[str, ...]
    kind: str = ""  # sum, or group for a heading within the table


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first column holds the rows' titles."""

    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    kind: str = ""  # wordy, where the last column is a text that may take several lines


def statements(digest: Digest) -> tuple[Table, ...]:
    """Returns the statements by calendar year of the programme, the base and the total.

    Args:
        digest: what the run found out.
    """
    result = digest.findings.result
    named = [("Programme", result.programme)]
    if digest.has_base:
        named += [("Base", result.base), ("Total", result.total)]
    return tuple(_statement(title, one, digest) for title, one in named)


def _statement(title: str, of: Statement, digest: Digest) -> Table:
    years = Years.of(digest.data.times)
    rows: list[Row] = []
    for group, inside in lines(of):
        rows.append(Row(group, (), "group"))
        for line in inside:
            values = years.ends(line.values) if line.is_stock else years.sums(line.values)
            if line.is_sum or np.abs(values).max() > 1e-9:
                cells = [digest.scale.write(float(value)) for value in values]
                whole = "" if line.is_stock else digest.scale.write(float(values.sum()))
                rows.append(Row(line.name, (*cells, whole), "sum" if line.is_sum else ""))
    return Table(title, (digest.scale.unit, *years.titles, "Horizon"), tuple(rows))


def orders(digest: Digest) -> Table:
    """Returns what is ordered in each quarter of the window.

    Args:
        digest: what the run found out.
    """
    m, plan, here = digest.data, digest.findings.result.plan, digest.window
    rows: list[Row] = []

    def add(title: str, values: Floats) -> None:
        if values.sum() > 1e-6:
            cells = tuple(_amount(float(value)) for value in (*values, values.sum()))
            rows.append(Row(title, cells))

    for o, name in enumerate(m.power.names):
        how = "" if m.power.owned[o] else ", rented"
        del name
        add(f"MW at {digest.sites[int(m.power.site[o])]}{how}", plan.power_ordered_mw[o, here])
    for k in range(len(m.offers.names)):
        how = "" if m.offers.owned[k] else ", leased"
        for d, destination in enumerate(m.destinations):
            title = f"{digest.offers[int(m.offers.product[k])]}{how}"
            add(f"{title}, {destination}" if len(m.destinations) > 1 else title, plan.ordered[k, d, here])
    paid = Row(
        f"Paid, {digest.scale.unit}",
        tuple(digest.scale.write(float(value)) for value in (*plan.paid[here], digest.spent)),
        "sum",
    )
    head = ("Order", *digest.labels[here], "Window")
    return Table("Orders in the window", head, (*rows, paid), _basis_of_payments(digest))


def _basis_of_payments(digest: Digest) -> str:
    """Says why the most that is paid in a quarter here is not what the chart of payments shows."""
    result, here, labels = digest.findings.result, digest.window, digest.labels
    if digest.orders_nothing or not digest.has_base:
        return ""
    whole, ours = result.plan.paid[here], result.programme.capital_payments
    most, peak = here.start + int(np.argmax(whole)), int(np.argmax(ours))
    return (
        "What is paid is the total's, out of the programme's budget: at most "
        f"{money(float(whole.max()), digest.currency)} a quarter, in {labels[most]}. The chart of payments "
        f"shows the programme's alone, the total less what the base pays in the same quarter: at most "
        f"{money(float(ours[peak]), digest.currency)}, in {labels[peak]}."
    )


def _amount(value: float) -> str:
    if value <= 1e-6:
        return "·"
    return number(value, 2) if value < 10 else f"{value:,.0f}"


def placement(digest: Digest) -> Table:
    """Returns the power that each workload takes at each group of sites when the window ends.

    Args:
        digest: what the run found out.
    """
    m, at = digest.data, digest.window_end
    megawatts = np.einsum(
        "gkj,k->jg", digest.findings.result.plan.serving[..., at], m.offers.power_kw / 1000.0
    )
    groups = [
        listing([digest.sites[i] for i in np.flatnonzero(m.sites.group == g)])
        for g in range(megawatts.shape[1])
    ]
    rows = [
        Row(title, tuple(_amount(float(value)) for value in (*line, line.sum())))
        for title, line in zip(digest.workloads, megawatts, strict=True)
    ]
    sums = (*megawatts.sum(axis=0), megawatts.sum())
    rows.append(Row("All", tuple(_amount(float(value)) for value in sums), "sum"))
    head = (f"MW of IT power in {digest.labels[at]}", *groups, "All sites")
    return Table("Where workloads run when the window ends", head, tuple(rows))


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in the ranking."""

    title: str
    sentence: str
    peak: str
    quarters: str
    gain: str


def limit_rows(digest: Digest) -> tuple[LimitRow, ...]:
    """Returns the limits that bind, the one whose last percent is worth most first.

    Args:
        digest: what the run found out.
    """
    return tuple(_limit_row(limit, digest) for limit in digest.limits if limit.binds)


def _limit_row(limit: Limit, digest: Digest) -> LimitRow:
    value = float(limit.worth[limit.peak])
    per = limit.unit.partition("/")[2]
    worth = number(value) if limit.kind in {"budget", "renewal"} else money(value * 1e-6, digest.currency)
    return LimitRow(
        title=limit.title,
        sentence=limit.describe(digest.labels),
        peak=f"{worth} per {per.replace('_', '-').replace('vcpu', 'vCPU')}",
        quarters=str(limit.binding_quarters),
        gain=money(limit.gain_total, digest.currency),
    )


def unit_cost_rows(digest: Digest) -> Table:
    """Returns what a volume and an accelerator-hour of each workload cost and earn over the horizon.

    Args:
        digest: what the run found out.
    """
    m, costs = digest.data, digest.costs
    averages = costs.averages()
    rows: list[Row] = []
    for j, title in enumerate(digest.workloads):
        unit = m.workloads.units[j]
        served = float(costs.volume[j].sum())
        if served <= 0.0:
            continue
        size, thing = {
            "token": (1e12, "tokens"),
            "accelerator_hour": (1e6, "accelerator-hours"),
            "vcpu_hour": (1e6, "vCPU-hours"),
            "FLOP": (1.0, "ZFLOP"),
        }[unit]
        price = float(costs.value[j].sum()) / served
        earned = "–" if m.workloads.roles[j] == "obligation" else number(price)
        cells = (
            m.workloads.roles[j],
            volume(served * size, thing),
            f"{digest.currency} per {PRICE_UNITS[unit]}",
            number(float(averages.cost_per_volume[j])),
            earned,
            _or_dash(averages.cost_per_accelerator_hour[j]),
            _or_dash(averages.value_per_accelerator_hour[j]) if earned != "–" else "–",
        )
        rows.append(Row(title, cells))
    hour = f"{digest.currency} per accelerator-hour"
    head = (
        "Workload",
        "Role",
        "Served over the horizon",
        "Unit",
        "Full cost",
        "Earned or worth",
        f"Full cost, {hour}",
        f"Earned or worth, {hour}",
    )
    idle = percent(averages.idle_fraction)
    return Table(
        "Unit costs", head, tuple(rows), f"Idle capacity is {idle} of all costs, and in none of these."
    )


def _or_dash(value: float) -> str:
    return number(float(value)) if np.isfinite(value) and value > 0 else "–"


def returns(digest: Digest) -> Table:
    """Returns the return on invested capital and the use of what stands, by calendar year.

    Args:
        digest: what the run found out.
    """
    metrics, years = digest.findings.metrics, Years.of(digest.data.times)
    rows = [
        Row("Return on capital, programme", _fractions(metrics.return_on_capital.fraction)),
        Row("Return on capital, total", _fractions(metrics.return_on_capital_total.fraction)),
    ]
    fleet, weight = digest.fleet, digest.data.offers.accelerators[:, None]
    for title, standing, running in (
        ("Accelerators running", fleet.installed * weight, fleet.running * weight),
        ("Energised power in use", fleet.power_energised_mw, fleet.power_used_mw),
    ):
        whole, part = years.sums(standing.sum(axis=0)), years.sums(running.sum(axis=0))
        shares = [p / w if w > 1e-9 else None for p, w in zip(part, whole, strict=True)]
        rows.append(Row(title, _fractions(shares)))
    return Table("Return and use", ("Share", *years.titles), tuple(rows))


def _fractions(values: tuple[float | None, ...] | list[float | None]) -> tuple[str, ...]:
    return tuple("–" if value is None else percent(value) for value in values)


def bridges(digest: Digest) -> tuple[Table, ...]:
    """Returns the bridge from the objective to the three net present values, part by part.

    Args:
        digest: what the run found out.
    """
    found = digest.findings.bridge
    parts = (
        ("From the objective to the net present value", found.steps),
        ("From there to the one before tax", found.before_tax),
        ("From there to the one with end value zero", found.end_value_zero),
    )
    return tuple(
        Table(title, ("Step", digest.scale.unit), tuple(_step(step, digest) for step in steps))
        for title, steps in parts
    )


def _step(step: Step, digest: Digest) -> Row:
    return Row(
        step.name[:1].upper() + step.name[1:],
        (digest.scale.write(step.amount),),
        "sum" if step.is_sum else "",
    )


def exchange_rates(digest: Digest) -> tuple[str, ...]:
    """Returns the exchange rates of the case in words, first and last where they change.

    Args:
        digest: what the run found out.
    """
    case = digest.findings.case
    found: list[str] = []
    for code, series in case.exchange_rates.items():
        values = series.by_quarter(case.calendar)
        last = "" if values[0] == values[-1] else f", {number(values[-1], 4)} at the end"
        found.append(f"{number(values[0], 4)} {series.unit or case.currency} for {code}{last}")
    return tuple(found)


def window_words(digest: Digest) -> str:
    """Says which quarters the window spans."""
    here = digest.labels[digest.window]
    return f"{here[0]} to {here[-1]}, {count(len(here))} quarters"
