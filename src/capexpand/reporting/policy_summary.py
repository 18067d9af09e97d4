"""A policy in the terminal: the decision of the quarter, the gap, and the five strategies side by side."""

from __future__ import annotations

from capexpand.policy.findings import (
    TITLES,
    PolicyFindings,
    decision_sentence,
    interruption_note,
)
from capexpand.reporting.blocks import Block, Paragraph, Row, table
from capexpand.wording import MoneyScale, money, percent


def policy_summary(findings: PolicyFindings) -> tuple[Block, ...]:
    """Return the blocks that a terminal shows of a policy."""
    outcomes, ways = findings.outcomes, findings.ways
    currency, gap = outcomes.policy.data.currency, outcomes.policy.gap
    interrupted = interruption_note(findings)
    known = "no gap is claimed with risk aversion" if gap.fraction is None else f"gap {percent(gap.fraction)}"
    bound = (
        f"Bound on the lattice {money(gap.bound, currency)}, policy there {money(gap.mean, currency)} ± "
        f"{money(gap.halfwidth, currency)}: {known}."
    )
    scale = MoneyScale.of(max(abs(way.value.mean) for way in ways.ways), currency)
    rows = [
        Row(
            TITLES[way.way],
            (
                str(way.scenarios),
                scale.write(way.value.mean),
                scale.write(way.value.halfwidth),
                scale.write(way.npv.mean),
                scale.write(way.npv_tail),
                percent(way.loses),
            ),
        )
        for way in ways.ways
    ]
    head = ("strategy", "scenarios", "value", "±", "NPV", "NPV, worst tenth", "chance < 0")
    vss, evpi = (
        f"{money(each.mean, currency)} ± {money(each.halfwidth, currency)}" for each in (ways.vss, ways.evpi)
    )
    return (
        Paragraph("", lead=decision_sentence(findings), kind="decision"),
        *((Paragraph(interrupted, kind="flag"),) if interrupted else ()),
        Paragraph(bound),
        table(
            f"Five strategies through {outcomes.scenarios.count} fresh scenarios, {scale.unit}", head, rows
        ),
        Paragraph(f"Planning for many futures adds {vss}; knowing the future would add {evpi} more."),
    )
