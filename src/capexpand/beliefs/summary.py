"""What must be believed on one screen of a terminal, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.beliefs import page, wording
from capexpand.beliefs.findings import BeliefFindings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from capexpand.reporting.page_tables import Table


def print_beliefs(findings: BeliefFindings, console: Console) -> None:
    """Prints the headline, the tables and what the case says nothing about.

    Args:
        findings: of a programme.
        console: where to print.
    """
    from rich.text import Text

    case, scale = findings.case, page.scale_of(findings)
    variant = f", variant {case.provenance.variant}" if case.provenance.variant else ""
    console.print(Text(f"{case.title}{variant}, as of {case.as_of}", style="bold"))
    console.print()
    console.print(Text(wording.headline(findings)))
    console.print(_table(page.break_even_table(findings)))
    console.print(Text(wording.MARKS, style="dim"))
    for one in page.pair_tables(findings):
        console.print(_table(one))
    if findings.market is not None:
        console.print(Text(wording.market_sentence(findings.market, findings.break_evens.npv, case.currency)))
        console.print(_table(page.move_table(findings, scale)))
        console.print(_table(page.market_belief_table(findings)))
        for text in (wording.stake_sentence(findings.market), *wording.gap_sentences(findings.market)):
            if text:
                console.print(Text(f"Doubt: {text}", style="yellow"))
    if findings.past is not None:
        console.print()
        console.print(Text(wording.past_sentence(findings.past, case.currency)))
    for text in findings.missing:
        console.print(Text(text, style="dim"))


def _table(table: Table) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Made

    made = Made(box=SIMPLE_HEAD, title=table.title, title_justify="left", padding=(0, 1, 0, 0))
    for position, title in enumerate(table.head):
        made.add_column(title, justify="left" if position == 0 else "right")
    for row in table.rows:
        if row.kind == "group":
            made.add_row(row.title, *[""] * (len(table.head) - 1), style="bold")
        else:
            made.add_row(row.title, *row.cells)
    return made
