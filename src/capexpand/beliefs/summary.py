"""What must be believed on one screen of a terminal, readable without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capexpand.beliefs import page, wording
from capexpand.beliefs.findings import BeliefFindings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from capexpand.reporting.page_tables import Table


SHOWN = (0, 1, 2, 4)
"""Columns of the break-evens that a terminal has room for; the page shows all."""
MOVES_SHOWN = (0, 3, 4, 7)
"""The same of the moves of the shares."""


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
    console.print(Text(" ".join(filter(None, (wording.headline(findings), wording.hour_sentence(findings))))))
    console.print(_table(page.break_even_table(findings), SHOWN))
    console.print(Text(wording.MARKS, style="dim"))
    for one in page.pair_tables(findings):
        console.print(_table(one))
    if findings.distribution is not None:
        console.print(Text(wording.chance_sentence(findings)))
    if findings.market is not None:
        console.print(Text(wording.market_sentence(findings.market, findings.break_evens.npv, case.currency)))
        console.print(_table(page.move_table(findings, scale), MOVES_SHOWN))
        console.print(_table(page.market_belief_table(findings)))
        stake = wording.stake_sentence(findings.market)
        if stake:
            console.print(Text(stake))
        for text in wording.gap_sentences(findings.market):
            console.print(Text(f"Doubt: {text}", style="yellow"))
    if findings.past is not None:
        console.print()
        console.print(Text(wording.past_sentence(findings.past, case.currency)))
    for text in findings.missing:
        console.print(Text(text, style="dim"))


def _table(table: Table, shown: tuple[int, ...] = ()) -> RichTable:
    """The table, or some of its columns by position."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Made

    made = Made(box=SIMPLE_HEAD, title=table.title, title_justify="left", padding=(0, 1, 0, 0))
    columns = shown or tuple(range(len(table.head)))
    for position in columns:
        made.add_column(table.head[position], justify="left" if position == 0 else "right")
    for row in table.rows:
        if row.kind == "group":
            made.add_row(row.title, *[""] * (len(columns) - 1), style="bold")
        else:
            made.add_row(*((row.title, *row.cells)[position] for position in columns))
    return made
