"""What must be believed on one screen of a terminal, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.reporting.terminal import columns_of, print_answers, print_heading, print_table
from capexpand.studies.breakeven import page, wording
from capexpand.studies.breakeven.findings import BeliefFindings

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = (0, 1, 2, 4)
"""Columns of the break-evens that a terminal has room for; the page shows all."""
MOVES_SHOWN = (0, 3, 4, 7)
"""The same of the moves of the shares."""


def print_beliefs(findings: BeliefFindings, console: Console) -> None:
    """Prints the answers, the tables and what the case says nothing about.

    Args:
        findings: of a programme.
        console: where to print.
    """
    from rich.text import Text

    case, market = findings.case, findings.market
    variant = f", variant {case.provenance.variant}" if case.provenance.variant else ""
    print_heading(f"{case.title}{variant}, as of {case.as_of}", console)
    print_answers(wording.answers(findings), console)
    print_table(columns_of(page.break_even_table(findings), SHOWN), console)
    for one in page.pair_tables(findings):
        print_table(one, console)
    if market is not None:
        print_table(columns_of(page.move_table(findings, page.scale_of(findings)), MOVES_SHOWN), console)
        print_table(page.market_belief_table(findings), console)
        console.print()
        console.print(wording.stake_sentence(market), highlight=False)
        for text in wording.gap_sentences(market):
            console.print(Text(f"Doubt: {text}", style="yellow"))
    for text in findings.missing:
        console.print(Text(text, style="dim"))
