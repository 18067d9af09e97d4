"""Writes a backtest: the page, the run folder, the terminal."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.backtesting import tables
from capexpand.backtesting.backtest import Backtest
from capexpand.backtesting.charts import calibration, charts, fans, rolling, waterfalls
from capexpand.backtesting.document import backtest_document, frames
from capexpand.backtesting.wording import answers
from capexpand.reporting.bundle import javascript
from capexpand.reporting.page import embed
from capexpand.reporting.page_tables import Row, Table
from capexpand.reporting.templating import environment
from capexpand.runs.folder import Content, write_run

if TYPE_CHECKING:
    from rich.console import Console


def build_page(found: Backtest) -> str:
    """Return the report as HTML that needs nothing from outside.

    Args:
        found: the backtest.
    """
    return (
        environment()
        .get_template("backtest.html")
        .render(
            case=found.case,
            found=found,
            answers=answers(found),
            fans=tuple(fans(found)),
            rolling_charts=tuple(rolling(found)),
            waterfalls=tuple(waterfalls(found)),
            calibration_charts=tuple(calibration(found)),
            result=tables.result_table(found),
            rolling=tables.rolling_table(found),
            steps=tables.waterfall_tables(found),
            skills=tables.skill_tables(found),
            calibration=tables.calibration_table(found),
            spending=tables.spending_table(found),
            market=tables.market_tables(found),
            regret=tables.regret_table(found),
            left_out=tables.left_out_table(found),
            version=version("capexpand"),
            python=platform.python_version(),
            data=embed(charts(found)),
            javascript=javascript(),
        )
    )


def write_backtest(found: Backtest, folder: Path) -> None:
    """Write a run folder: the case's copy, tables, the result, every frozen forecast, and the report.

    Args:
        found: the backtest.
        folder: where the run is to stand; an older run there is replaced.

    Raises:
        RunError: the folder cannot be written.
    """
    origin = found.case.provenance
    files = {"case/case.yaml": origin.text.encode()}
    files |= {f"case/{name}": data for name, data in origin.tables.items()}
    document = json.dumps(backtest_document(found), indent=2, ensure_ascii=False) + "\n"
    files["backtest.json"] = document.encode()
    files["report.html"] = build_page(found).encode()
    for frozen in found.frozen:
        files[f"forecasts/{frozen.as_of}.json"] = frozen.serialised()
    for day in found.spending:
        files[f"forecasts/spending-{day.as_of}.json"] = day.serialised()
    for name, frame in frames(found).items():
        parquet, text = BytesIO(), StringIO()
        frame.write_parquet(parquet)
        frame.write_csv(text)
        files[f"tables/{name}.parquet"] = parquet.getvalue()
        files[f"tables/{name}.csv"] = text.getvalue().encode()
    about = {
        "capexpand": version("capexpand"),
        "python": platform.python_version(),
        "kind": "backtest",
        "case": origin.path.absolute().parent.name,
        "variant": found.variant,
        "case_hash": origin.content_hash,
        "catalogue_digest": found.catalogue_digest,
        "seed": found.settings.seed,
    }
    write_run(folder, Content(files, about))


def print_backtest(found: Backtest, console: Console) -> None:
    """Print the answers and the tables that fit a terminal.

    Args:
        found: the backtest.
        console: where to print.
    """
    from rich.markup import escape
    from rich.text import Text

    variant = f", variant {found.variant}" if found.variant else ""
    console.print(Text(f"Backtest: {found.case.title}{variant}, as of {found.case.as_of}", style="bold"))
    console.print()
    for answer in answers(found):
        console.print(f"[bold]{escape(answer.question)}[/bold] {escape(answer.text)}", highlight=False)
    shown = (
        _first_columns(tables.result_table(found), 6),
        *(_first_columns(table, 6) for table in tables.skill_tables(found)),
        tables.calibration_table(found, by_day=False),
        *tables.waterfall_tables(found),
        tables.regret_table(found),
        *tables.market_tables(found),
        tables.left_out_table(found),
    )
    for table in shown:
        _print_table(table, console)


def _first_columns(table: Table, count: int) -> Table:
    """A table without its last columns, which stand on the page."""
    rows = tuple(replace(row, cells=row.cells[: count - 1]) for row in table.rows)
    return replace(table, head=table.head[:count], rows=rows)


def _print_table(table: Table, console: Console) -> None:
    """Prints a table, one grid for each of its groups, their columns aligned."""
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

    grid = Grid(box=SIMPLE_HEAD if head else None, pad_edge=False, show_header=head)
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


WORDY = 30
"""A column with longer cells holds words: it is set from the left and may take several lines."""


def _cell(row: Row, column: int) -> str:
    if column == 0:
        return row.title
    return row.cells[column - 1] if column <= len(row.cells) else ""
