"""A sheet: all that a study has to show, once, for page, terminal, run folder and notebook.

A study computes its findings and builds one sheet of them; nothing else of it knows how anything is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.reporting import serial
from capexpand.reporting.blocks import WORDY, Answer, Block, Fact, Section, Table, charts_of, holds_sliders
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.drawing import CONFIG, NO_QUARTERS, Chart, Quarters, shared_legend, svg
from capexpand.runs.folder import Content, check_place, table_files, write_run
from capexpand.wording import printable

if TYPE_CHECKING:
    from polars import DataFrame
    from rich.console import Console

REPORT = "report.html"
SHORT_ROWS = 12
"""Of a table in a notebook's output."""


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """The one way to show a study.

    Args:
        kind: of the study, such as ``comparison``; the manifest of a run names it.
        title: of the whole.
        facts: the case, the day and the like.
        answers: in sentences.
        sections: of the page.
        document: everything that was found, for JSON.
        about: said of the run by its manifest.
        description: below the title of a page.
        answers_title: of the answers, in the contents.
        flags: warnings above the answers, below the key figures.
        opening: blocks below the answers.
        summary: blocks that a terminal shows below the answers.
        document_name: of the file that holds the document.
        tables: of values, for files, by name.
        files: beside them, by their path in the run folder.
        quarters: the time axis of charts by quarter.
    """

    kind: str
    title: str
    facts: tuple[Fact, ...]
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    document: serial.Document
    about: Mapping[str, object]
    description: str = ""
    answers_title: str = "Answers"
    flags: tuple[tuple[str, str], ...] = ()
    opening: tuple[Block, ...] = ()
    summary: tuple[Block, ...] = ()
    document_name: str = "metrics.json"
    tables: Mapping[str, DataFrame] = field(default_factory=dict["str", "DataFrame"])
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    quarters: Quarters = NO_QUARTERS

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart, in the order of the page."""
        return (
            *charts_of(self.opening),
            *(chart for section in self.sections for chart in charts_of(section.blocks)),
        )

    @property
    def has_sliders(self) -> bool:
        """Whether a page of it needs the sliders' script."""
        return any(holds_sliders(section.blocks) for section in self.sections) or holds_sliders(self.opening)

    def html(self) -> str:
        """Return the sheet as one page that needs nothing from outside."""
        return _page(self)

    def json(self, *, indent: int | None = None) -> str:
        """Return the document as JSON text, which never holds NaN or Infinity.

        Args:
            indent: of lines; None for one line.
        """
        return serial.json_text(self.document, indent=indent)

    def print(self, console: Console | None = None) -> None:
        """Print title, facts, answers and the tables of the summary, whatever the terminal's width.

        Args:
            console: where to print; standard output if not given.
        """
        from capexpand.reporting import terminal

        place = console if console is not None else terminal.output()
        terminal.print_heading(self.title, place, self.facts)
        terminal.print_answers(self.answers, place)
        for block in self.summary:
            terminal.print_block(block, place)

    def save(self, folder: Path | str) -> Path:
        """Write the run folder: document, tables as Parquet and CSV, page and files, whole or not at all.

        Args:
            folder: where the run is to stand; an older run there is replaced.

        Returns:
            Where the page stands.

        Raises:
            RunError: the folder cannot be written; an older run there still stands.
        """
        place = Path(folder)
        check_place(place)
        files = {
            **self.files,
            self.document_name: serial.json_file(self.document),
            REPORT: self.html().encode(),
            **table_files(self.tables, self.kind),
        }
        write_run(place, Content(files, serial.plain(self.about)))
        return place / REPORT

    def _repr_html_(self) -> str:
        """Return facts, answers and the first picture, for a notebook."""
        return _excerpt(self)

    def __repr__(self) -> str:
        return f"<Sheet {self.kind}: {self.title!r}, {len(self.answers)} answers, {len(self.tables)} tables>"


DENSE = 12
"""Number of columns above which a table is set in small letters."""


def _page(sheet: Sheet) -> str:
    """Return a sheet as HTML that needs nothing from outside."""
    from capexpand.reporting.bundle import javascript
    from capexpand.reporting.templating import environment

    return (
        environment()
        .get_template("sheet.html")
        .render(
            sheet=sheet,
            dense=DENSE,
            wordy=WORDY,
            shared_legend=shared_legend,
            data=embedded(sheet.charts, sheet.quarters),
            javascript=javascript(),
        )
    )


def embedded(charts: tuple[Chart, ...], quarters: Quarters) -> str:
    """Return charts as JSON that can stand inside a script element.

    Args:
        quarters: the time axis of those by quarter.
    """
    document = {
        "quarters": {"q": quarters.labels, "d": quarters.starts, "e": quarters.ends},
        "window": quarters.window,
        "colours": {"window": palette.WINDOW},
        "config": CONFIG,
        "charts": {chart.identifier: _chart(chart) for chart in charts},
    }
    return serial.embedded(document)


def _chart(chart: Chart) -> serial.Document:
    series = [{"s": one.name, "k": one.mark, "v": one.values} for one in chart.series]
    return {"spec": chart.spec, "series": series, "rows": chart.rows, "shaded": chart.shaded}


def _excerpt(sheet: Sheet) -> str:
    """Return the facts and answers of a sheet with its first picture, for a notebook's output.

    What has neither is shown by its facts, one a row, and the beginning of its first table.
    """
    title, chart = f"<h3>{_text(sheet.title)}</h3>", _first_chart(sheet)
    if not sheet.answers and chart is None:
        first = next((one for one in sheet.summary if isinstance(one, Table)), None)
        facts = _rows_of([(fact.name, fact.text) for fact in sheet.facts])
        return f"{title}{facts}{'' if first is None else _short_table(first)}"
    facts = " · ".join(f"{fact.name} {fact.text}" for fact in sheet.facts)
    answers = _rows_of([(answer.question, answer.text) for answer in sheet.answers])
    picture = ""
    if chart is not None:  # letters may be wider there than where it was laid out, so nothing is cut off
        drawing = svg(chart, sheet.quarters).replace("<svg ", "<svg style='overflow:visible' ", 1)
        picture = f"<p>{_text(chart.title)}</p><div style='padding:0 2em'>{drawing}</div>"
    return f"{title}<p>{_text(facts)}</p>{answers}{picture}"


def _rows_of(pairs: Sequence[tuple[str, str]]) -> str:
    cells = "<th style='text-align:left;vertical-align:top'>{}</th><td style='text-align:left'>{}</td>"
    rows = "".join(f"<tr>{cells.format(_text(name), _text(text))}</tr>" for name, text in pairs)
    return f"<table>{rows}</table>" if pairs else ""


def _short_table(table: Table) -> str:
    head = "".join(f"<th>{_text(one)}</th>" for one in table.head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in (row.title, *row.texts))}</tr>"
        for row in table.rows[:SHORT_ROWS]
    )
    left = len(table.rows) - SHORT_ROWS
    more = f"<p>{left:,} rows more</p>" if left > 0 else ""
    return f"<p>{_text(table.title)}</p><table><tr>{head}</tr>{lines}</table>{more}"


def _text(text: str) -> str:
    return escape(printable(text))


def _first_chart(sheet: Sheet) -> Chart | None:
    return next(iter(sheet.charts), None)
