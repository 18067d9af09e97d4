"""The part of the report that shows a policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.policy.findings import (
    TITLES,
    PolicyFindings,
    decision_sentence,
    interruption_note,
    option_title,
)
from capexpand.policy.reactions import Commitment, Reaction
from capexpand.reporting.charts.drawing import Chart
from capexpand.reporting.charts.futures import distributions, fans
from capexpand.reporting.page_tables import Row, Table
from capexpand.wording import (
    MoneyScale,
    count,
    listing,
    money,
    number,
    percent,
    power,
    share,
    short_names,
)

MOST_REGIME_ROWS = 12
MOST_COMMITMENTS = 8  # of a quarter, the surest
SELDOM = 0.02  # share of futures below which an order is noise to a reader


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """What the section holds."""

    sentence: str
    interrupted: str | None
    trust: str
    states: str
    table: Table
    commitments: Table
    fans: tuple[Chart, ...]
    distribution: Chart
    worth: str
    ways: Table
    regime_cost: str
    regimes: Table

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts of the section."""
        return (*self.fans, self.distribution)


def policy_page(findings: PolicyFindings, scale: MoneyScale) -> PolicyPage:
    """Returns the section of a policy.

    Args:
        findings: of the policy.
        scale: of money.
    """
    return PolicyPage(
        sentence=decision_sentence(findings),
        interrupted=interruption_note(findings),
        trust=_trust(findings),
        states=_states(findings),
        table=_table(findings, scale),
        commitments=_commitments(findings),
        fans=tuple(fans(findings, scale)),
        distribution=distributions(findings, scale),
        worth=_worth(findings, scale),
        ways=_ways(findings, scale),
        regime_cost=_regime_cost(findings, scale),
        regimes=_regimes(findings),
    )


def _trust(findings: PolicyFindings) -> str:
    """How good the policy is, and what that rests on."""
    policy = findings.outcomes.policy
    currency, gap = policy.data.currency, policy.gap
    nodes = sum(quarter.nodes for quarter in policy.lattice.quarters)
    scale = MoneyScale.of(abs(gap.bound), currency)
    bound = (
        f"No policy on the lattice of {nodes} nodes is worth more than {scale.write(gap.bound)} {scale.unit}"
    )
    found = f"this one is worth {_uncertain(gap.mean, gap.halfwidth, scale)} there"
    if gap.fraction is None:
        return f"{bound} by the chosen attitude to risk; {found}, and with risk aversion no gap is claimed."
    return f"{bound}; {found}, a gap of {percent(gap.fraction)}."


def _uncertain(mean: float, halfwidth: float, scale: MoneyScale) -> str:
    """A mean with its confidence interval, both in one unit."""
    if halfwidth < 0.05 * scale.divisor:
        return f"{scale.write(mean)} {scale.unit}"
    return f"{scale.write(mean)} ± {scale.write(halfwidth)} {scale.unit}"


def _table(findings: PolicyFindings, scale: MoneyScale) -> Table:
    m = findings.outcomes.policy.data
    titles = {name: option_title(m, name) for name in m.offers.names}
    words = _in_words(findings)
    rows: list[Row] = []
    for quarter in sorted({row.quarter for row in findings.reactions}):
        rows.append(Row(f"In {m.times.labels[quarter]}", (), "group"))
        rows += [
            Row(
                _condition(row, words),
                (share(row.share), scale.write(row.money), power(row.power_mw), _orders(row, titles)),
            )
            for row in findings.reactions
            if row.quarter == quarter
        ]
    head = ("If", "share of futures", f"committed, {scale.unit}", "power ordered", "units ordered")
    return Table("The policy as a table", head, tuple(rows), kind="wordy")


def _condition(row: Reaction, words: dict[str, str]) -> str:
    where = row.regime or "always"
    if not row.driver:
        return where
    name = words[row.driver]
    split = f"{name} above {row.above:.2f}" if row.above is not None else f"{name} at most {row.below:.2f}"
    return f"{where}, {split}" if row.regime else split


_KINDS = {
    "grid": "grid at",
    "energy_price": "energy price at",
    "build_cost": "building cost at",
    "build_limit": "what can be built at",
    "colocation_fee": "fee for power at",
    "purchase_price": "price of",
    "lease_fee": "lease of",
    "supply_limit": "supply of",
    "export_fee": "export fee on",
    "delivery": "delivery of",
    "other_revenue": "revenue outside the case",
    "productivity": "productivity of",
    "base_demand": "demand for",
    "base_price": "price of",
    "base_penalty": "penalty of",
}
"""What moves, in words; demand and price of a workload are those of the work that a unit of hardware does."""


def _in_words(findings: PolicyFindings) -> dict[str, str]:
    """What each uncertain number is called, by the label of its entry."""
    m = findings.outcomes.policy.data
    titles = dict(zip(m.sites.names, short_names(m.sites.titles), strict=True))
    titles |= dict(zip(m.offers.products, short_names(m.offers.product_titles), strict=True))
    titles |= dict(zip(m.workloads.names, short_names(m.workloads.titles), strict=True))
    return {
        entry.label: f"{_KINDS[entry.kind]} {titles.get(entry.name, entry.name)}"
        f"{f' for {entry.destination}' if entry.destination else ''}"
        for entry in findings.outcomes.scenarios.entries
    }


def _states(findings: PolicyFindings) -> str:
    """What the states of the regimes mean, where the case says so."""
    found = [
        f"{name} {state} is “{each.title}”"
        for name, regime in findings.case.uncertainty.regimes.items()
        for state, each in regime.states.items()
        if each.title
    ]
    text = listing(found)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _orders(row: Reaction, titles: dict[str, str]) -> str:
    most = sorted(row.units.items(), key=lambda item: -item[1])[:3]
    named = [f"{count(amount)} × {titles[name]}" for name, amount in most]
    rest = len(row.units) - len(named)
    return listing([*named, f"{rest} more"] if rest else named) or "hold"


def _commitments(findings: PolicyFindings) -> Table:
    m = findings.outcomes.policy.data
    labels, several = m.times.labels, len(m.destinations) > 1
    rows = tuple(
        Row(
            f"{labels[each.quarter]}: {option_title(m, each.name)}"
            f"{f' for {each.destination}' if several and each.destination else ''}",
            (
                _amount(each, each.least),
                _amount(each, each.mean),
                _amount(each, each.most),
                share(each.share),
            ),
        )
        for each in _surest(findings.commitments)
    )
    return Table(
        "Commitments of the first quarters",
        ("Order", "in every future", "on average", "at most", "share of futures"),
        rows,
    )


def _surest(found: tuple[Commitment, ...]) -> list[Commitment]:
    """The surest orders of each quarter; the rest would bury them, and stands in the result's JSON."""
    often = [each for each in found if each.share > SELDOM]
    return [
        each
        for quarter in sorted({each.quarter for each in often})
        for each in [other for other in often if other.quarter == quarter][:MOST_COMMITMENTS]
    ]


def _amount(each: Commitment, amount: float) -> str:
    return power(amount) if each.is_power else count(amount)


def _worth(findings: PolicyFindings, scale: MoneyScale) -> str:
    ways = findings.ways
    vss, waiting, known = (
        _uncertain(each.mean, each.halfwidth, scale) for each in (ways.vss, ways.waiting, ways.evpi)
    )
    return (
        f"Planning for many futures instead of their mean adds {vss}; waiting for what is seen adds "
        f"{waiting} over the better fixed plan; knowing the future would add {known} more."
    )


def _ways(findings: PolicyFindings, scale: MoneyScale) -> Table:
    rows = tuple(
        Row(
            TITLES[way.way],
            (
                f"{way.scenarios:,}",
                f"{scale.write(way.value.mean)} ± {scale.write(way.value.halfwidth)}",
                scale.write(way.npv.mean),
                scale.write(float(way.npv_quantiles[0])),
                scale.write(way.npv_tail),
                percent(way.loses),
                percent(float(way.irr_quantiles[2])) if np.isfinite(way.irr_quantiles[2]) else "–",
                scale.write(float(way.peak_funding[2])),
                percent(way.idle_accelerators),
                percent(way.unmet),
            ),
        )
        for way in findings.ways.ways
    )
    head = (
        "Way",
        "scenarios",
        f"value, {scale.unit}",
        "NPV, mean",
        "NPV, worst 5 %",
        "NPV, mean of the worst tenth",
        "chance of a loss",
        "rate of return, middle",
        "peak funding, middle",
        "accelerators idle",
        "obligations unmet",
    )
    return Table("Five ways", head, rows)


def _regime_cost(findings: PolicyFindings, scale: MoneyScale) -> str:
    parts = [
        f"that {name} may leave its present state costs {_uncertain(mean, half, scale)} in the mean"
        for name, (mean, half) in findings.regime_cost.items()
    ]
    if not parts:
        return "What one more unit that may be ordered is worth, in present value, by state."
    text = listing(parts)
    told = "The table says what one more unit that may be ordered is worth, in present value."
    return f"{text[0].upper()}{text[1:]}. {told}"


def _regimes(findings: PolicyFindings) -> Table:
    m = findings.outcomes.policy.data
    per_unit = dict(zip(m.offers.products, m.offers.accelerators, strict=True))
    titles = dict(zip(m.offers.products, m.offers.product_titles, strict=True))
    rows = tuple(
        Row(
            f"{titles[each.offer]} for {each.destination}",
            (
                each.regime,
                money(each.worth, m.currency),
                money(each.worth / per_unit[each.offer], m.currency)
                if per_unit[each.offer] > 0
                else number(0.0),
                share(each.share),
            ),
        )
        for each in findings.regime_worth[:MOST_REGIME_ROWS]
        if each.regime
    )
    return Table(
        "Shadow prices of the regimes",
        ("Offer", "state", "per unit", "per accelerator", "share of quarters"),
        rows,
    )
