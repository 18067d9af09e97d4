"""A sheet: all that a study has to show, once, for page, terminal, run folder and notebook.

A study computes its findings and builds one sheet of them; nothing else of it knows how anything is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from capexpand.reporting import serial
from capexpand.reporting.blocks import Answer, Block, Fact, Section, charts_of
from capexpand.reporting.charts.drawing import NO_QUARTERS, Chart, Quarters
from capexpand.runs.folder import Content, check_place, table_files, write_run

if TYPE_CHECKING:
    from polars import DataFrame
    from rich.console import Console

REPORT = "report.html"


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
        flags: warnings above the answers.
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

    def html(self) -> str:
        """Return the sheet as one page that needs nothing from outside."""
        from capexpand.reporting.html import page

        return page(self)

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
            **table_files(self.tables),
        }
        write_run(place, Content(files, serial.plain(self.about)))
        return place / REPORT

    def _repr_html_(self) -> str:
        """Return facts, answers and the first picture, for a notebook."""
        from capexpand.reporting.html import excerpt

        return excerpt(self)

    def __repr__(self) -> str:
        return f"<Sheet {self.kind}: {self.title!r}, {len(self.answers)} answers, {len(self.tables)} tables>"


def save_page(sheet: Sheet, path: Path | str) -> None:
    """Write the page of a sheet to a file of its own.

    Args:
        sheet: to be shown.
        path: of the file.

    Raises:
        RunError: the file cannot be written.
    """
    from capexpand.errors import RunError

    try:
        Path(path).write_text(sheet.html(), encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
