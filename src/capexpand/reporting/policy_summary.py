"""A policy in the terminal: the decision of the quarter, the gap, and the five ways side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.policy.findings import (
    TITLES,
    PolicyFindings,
    decision_sentence,
    interruption_note,
    lattice_sentence,
    recommendation,
    value_sentence,
)
from capexpand.wording import MoneyScale, money, percent

if TYPE_CHECKING:
    from rich.console import Console


def print_policy(findings: PolicyFindings, console: Console) -> None:
    """Prints what there is to say about a policy.

    Args:
        findings: of the policy.
        console: where to print.
    """
    from rich import box
    from rich.table import Table

    outcomes, ways = findings.outcomes, findings.ways
    currency = outcomes.policy.data.currency
    console.print()
    console.print(decision_sentence(findings))
    interrupted = interruption_note(findings)
    if interrupted is not None:
        console.print(interrupted)
    for text in (value_sentence(findings), recommendation(findings), lattice_sentence(findings)):
        console.print(text)
    scale = MoneyScale.of(max(abs(way.value.mean) for way in ways.ways), currency)
    console.print()
    console.print(f"Five ways through {outcomes.scenarios.count} fresh scenarios, {scale.unit}", style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("way", "scenarios", "value", "±", "NPV", "NPV, worst tenth", "chance < 0"):
        table.add_column(title, justify="left" if title == "way" else "right")
    for way in ways.ways:
        table.add_row(
            TITLES[way.way],
            str(way.scenarios),
            scale.write(way.value.mean),
            scale.write(way.value.halfwidth),
            scale.write(way.npv.mean),
            scale.write(way.npv_tail),
            percent(way.loses),
        )
    console.print(table)
    vss, known = (
        f"{money(each.mean, currency)} ± {money(each.halfwidth, currency)}" for each in (ways.vss, ways.evpi)
    )
    console.print(f"Planning for many futures adds {vss}; knowing the future would add {known} more.")
