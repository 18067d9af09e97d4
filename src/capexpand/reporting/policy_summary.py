"""A policy in the terminal: the decision of the quarter, the gap, and the five strategies side by side."""

from __future__ import annotations

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
from capexpand.reporting.blocks import Block, Paragraph, Row, table
from capexpand.reporting.deciding_futures import deciding
from capexpand.wording import MoneyScale, percent


def policy_summary(findings: PolicyFindings) -> tuple[Block, ...]:
    """Return the blocks that a terminal shows of a policy."""
    outcomes, strategies = findings.outcomes, findings.strategies
    currency = outcomes.policy.data.currency
    interrupted = interruption_note(findings)
    scale = MoneyScale.of(max(abs(strategy.value.mean) for strategy in strategies.metrics), currency)
    rows = [
        Row(
            TITLES[strategy.strategy],
            (
                f"{strategy.scenarios:,}",
                scale.write(strategy.value.mean),
                scale.write(strategy.value.halfwidth),
                scale.write(strategy.npv.mean),
                scale.write(strategy.npv_tail),
                percent(strategy.loses),
            ),
        )
        for strategy in strategies.metrics
    ]
    head = ("strategy", "scenarios", "value", "±", "NPV", "NPV, worst tenth", "chance < 0")
    vss, evpi = (uncertain(each, scale) for each in (strategies.vss, strategies.evpi))
    return (
        Paragraph("", lead=decision_sentence(findings), kind="decision"),
        *((Paragraph(whole),) if (whole := whole_sentence(findings)) else ()),
        *((Paragraph(interrupted, kind="flag"),) if interrupted else ()),
        *map(Paragraph, deciding(findings)),
        Paragraph(value_sentence(findings)),
        Paragraph(recommendation(findings)),
        Paragraph(lattice_sentence(findings)),
        table(
            f"Five strategies through {outcomes.scenarios.count:,} fresh scenarios, {scale.unit}", head, rows
        ),
        Paragraph(f"Planning for many futures adds {vss}; knowing the future would add {evpi} more."),
    )
