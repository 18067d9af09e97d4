"""Answers and tables in a terminal, readable without colour: the same look for every command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from capexpand.reporting.page_tables import Row, Table

if TYPE_CHECKING:
    from rich.console import Console

WORDY = 30
"""A column with longer cells holds words: it is set from the left and may take several lines."""


def print_heading(title: str, console: Console) -> None:
    """Prints what the output is about, with an empty line behind.

    Args:
        title: of the whole.
        console: where to print.
    """
    from rich.text import Text

    console.print(Text(title, style="bold"))
    console.print()


def print_answers(answers: Iterable[tuple[str, str]], console: Console) -> None:
    """Prints questions, each with its answer behind it.

    Args:
        answers: questions with their answers.
        console: where to print.
    """
    from rich.text import Text

    for question, answer in answers:
        console.print(Text.assemble((question, "bold"), " ", answer))


def columns_of(table: Table, shown: Sequence[int]) -> Table:
    """Returns a table with some of its columns; the others stand on the page.

    Args:
        table: with all of them.
        shown: positions of those kept, 0 the rows' titles, which stay.
    """
    places = [place for place in shown if place > 0]
    rows = tuple(
        replace(row, cells=tuple(row.cells[place - 1] for place in places if place <= len(row.cells)))
        for row in table.rows
    )
    return replace(table, head=(table.head[0], *(table.head[place] for place in places)), rows=rows)


def print_table(table: Table, console: Console) -> None:
    """Prints a table, one grid for each of its groups, their columns aligned; nothing without rows.

    Args:
        table: of texts.
        console: where to print.
    """
    from rich.text import Text

    if not table.rows:
        return
    console.print()
    console.print(Text(table.title, style="bold"))
    heads = [0, *(place for place, row in enumerate(table.rows) if row.kind == "group" and place > 0)]
    for first, after in zip(heads, [*heads[1:], len(table.rows)], strict=True):
        _print_group(table, table.rows[first:after], console, head=first == 0)
    if table.note:
        console.print(Text(table.note, style="dim"))


def _print_group(table: Table, rows: Sequence[Row], console: Console, *, head: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=SIMPLE_HEAD if head else None, pad_edge=False, show_header=head, show_edge=False)
    widths = [_widest(table, column) for column in range(len(table.head))]
    fits = sum(widths) + 2 * len(widths) <= console.width
    for column, (title, widest) in enumerate(zip(table.head, widths, strict=True)):
        words = widest > WORDY and not (fits and column == 0)
        grid.add_column(
            title,
            justify="left" if column == 0 or words else "right",
            no_wrap=not words,
            min_width=None if words else widest,
        )
    for row in rows:
        if row.kind == "group":
            console.print(Text(row.title, style="bold"))
            continue
        style = "bold" if row.kind == "sum" else None
        grid.add_row(*(Text(_cell(row, column)) for column in range(len(table.head))), style=style)
    console.print(grid)


def _widest(table: Table, column: int) -> int:
    cells = [_cell(row, column) for row in table.rows if row.kind != "group"]
    return max(map(len, [table.head[column], *cells]))


def _cell(row: Row, column: int) -> str:
    if column == 0:
        return row.title
    return row.cells[column - 1] if column <= len(row.cells) else ""
