"""The part of the report that shows a policy."""

from __future__ import annotations

import numpy as np

from capexpand.policy.findings import (
    TITLES,
    PolicyFindings,
    decision_sentence,
    interruption_note,
    lattice_sentence,
    recommendation,
    uncertain,
    value_sentence,
    whole_sentence,
)
from capexpand.policy.first_quarter import option_title
from capexpand.policy.reactions import Commitment, Reaction
from capexpand.policy.strategies import Estimate
from capexpand.reporting.blocks import Block, Charts, Column, Heading, Paragraph, Row, Section, Table, table
from capexpand.reporting.charts.futures import distributions, fans
from capexpand.reporting.deciding_futures import condition, deciding, in_words
from capexpand.reporting.financed_futures import breach_table, financing_told, strategies_table
from capexpand.wording import (
    MoneyScale,
    count,
    listing,
    money,
    number,
    percent,
    power,
    share,
)

MOST_REGIME_ROWS = 12
MOST_COMMITMENTS = 8  # of a quarter, the surest
SELDOM = 0.02  # share of futures below which an order is noise to a reader


def policy_section(findings: PolicyFindings, scale: MoneyScale) -> Section:
    """Return the section of a policy."""
    interrupted, regimes = interruption_note(findings), _regimes(findings)
    blocks: list[Block] = [Paragraph("", lead=decision_sentence(findings), kind="decision")]
    whole = whole_sentence(findings)
    if whole:
        blocks.append(Paragraph(whole))
    if interrupted:
        blocks.append(Paragraph(interrupted, kind="flag"))
    told = (
        "Each row is a state of the world as it may be seen in that quarter, and the orders that the "
        "policy then places, in the mean over the scenarios that are there. A factor of 1 is the case's "
        f"own number.{_states(findings)}"
    )
    drives = deciding(findings)
    blocks += [
        Paragraph(_trust(findings)),
        Heading("What is ordered when"),
        Paragraph(told),
        _table(findings, scale),
        *([Heading("Which futures drive this decision"), *map(Paragraph, drives)] if drives else []),
        Heading("Orders that hold in every future, and orders that wait"),
        Paragraph("The surest orders of the first quarters."),
        _commitments(findings),
        *_on_offer(findings),
        Heading("What the futures bring"),
        Charts(tuple(fans(findings, scale)), "small pairs"),
        Charts((distributions(findings, scale),)),
        Heading("Five strategies through the same futures"),
        Paragraph(_worth(findings, scale)),
        _strategies(findings, scale),
    ]
    if findings.financed:
        blocks += [
            Heading("How each strategy is financed"),
            Paragraph(financing_told(findings.outcomes.policy.data.funding)),
            strategies_table(findings.financed, TITLES, scale),
        ]
        chances = breach_table(findings.financed["policy"].breach, findings.outcomes.policy.data.times.labels)
        blocks += [] if chances is None else [Heading("Where the policy breaks a covenant"), chances]
    if regimes.rows:
        blocks += [
            Heading("What rules cost, and what one more licence is worth"),
            Paragraph(_regime_cost(findings, scale)),
            regimes,
        ]
    return Section("policy", "This quarter, and the rule for later", tuple(blocks))


def _trust(findings: PolicyFindings) -> str:
    """The value to believe, the strategy to follow, and how good the training was."""
    told = f"{value_sentence(findings)} {recommendation(findings)} {lattice_sentence(findings)}"
    if findings.case.finance.churn is None:
        return told
    return f"{told} Neither the policy nor the strategies beside it count the cost of churn; the plan does."


def _table(findings: PolicyFindings, scale: MoneyScale) -> Table:
    m = findings.outcomes.policy.data
    titles = {name: option_title(m, name) for name in m.offers.names}
    words = in_words(findings)
    rows: list[Row] = []
    for quarter in sorted({row.quarter for row in findings.reactions}):
        rows.append(Row(f"In {m.times.labels[quarter]}", (), "group"))
        rows += [
            Row(
                condition(row, words),
                (share(row.share), scale.write(row.money), power(row.power_mw), _orders(row, titles)),
            )
            for row in findings.reactions
            if row.quarter == quarter
        ]
    head = (
        "If",
        "share of futures",
        f"committed, {scale.unit}",
        "power ordered",
        Column("units ordered", align="text"),
    )
    return table("The policy as a table", head, tuple(rows), kind="wordy")


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
    return table(
        "Commitments of the first quarters",
        ("Order", "in every future", "on average", "at most", "share of futures"),
        rows,
    )


def _on_offer(findings: PolicyFindings) -> tuple[Block, ...]:
    """Contracts that may be signed: when it is decided, and in how many futures; nothing without any."""
    if not findings.offered:
        return ()
    labels = findings.outcomes.policy.data.times.labels
    rows = tuple(
        Row(
            each.title,
            (labels[each.quarter], percent(each.mean), share(each.in_full), share(each.not_at_all)),
        )
        for each in findings.offered
    )
    told = (
        "Each is decided in the last quarter in which it can be signed: its terms are the same before, and "
        "more is known then. The policy signs parts; what is agreed may have to be all or nothing."
    )
    head = ("Contract", "decided in", "signed, in the mean", "in full, share of futures", "not at all")
    return Heading("Contracts on offer"), Paragraph(told), table("Contracts on offer", head, rows)


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
    strategies = findings.strategies
    vss, waiting, known = (
        uncertain(each, scale) for each in (strategies.vss, strategies.waiting, strategies.evpi)
    )
    said = (
        f"Planning for many futures instead of their mean adds {vss}; waiting for what is seen adds "
        f"{waiting} over the better fixed plan; knowing the future would add {known} more."
    )
    if strategies.learning is None:
        return said
    learned = uncertain(strategies.learning, scale)
    return f"{said} Of the policy's value {learned} come from learning rates of growth as they show."


def _strategies(findings: PolicyFindings, scale: MoneyScale) -> Table:
    rows = tuple(
        Row(
            TITLES[strategy.strategy],
            (
                f"{strategy.scenarios:,}",
                f"{scale.write(strategy.value.mean)} ± {scale.write(strategy.value.halfwidth)}",
                scale.write(strategy.npv.mean),
                scale.write(float(strategy.npv_quantiles[0])),
                scale.write(strategy.npv_tail),
                percent(strategy.loses),
                percent(float(strategy.irr_quantiles[2])) if np.isfinite(strategy.irr_quantiles[2]) else "–",
                scale.write(float(strategy.peak_funding[2])),
                percent(strategy.idle_accelerators),
                percent(strategy.unmet),
            ),
        )
        for strategy in findings.strategies.metrics
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
    return table("Five strategies", head, rows)


def _regime_cost(findings: PolicyFindings, scale: MoneyScale) -> str:
    parts = [
        f"that {name} may leave its present state costs {uncertain(Estimate(mean, half), scale)} in the mean"
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
    return table(
        "Shadow prices of the regimes",
        ("Offer", "state", "per unit", "per accelerator", "share of quarters"),
        rows,
    )
