"""The parts of a sheet: paragraphs, tables, charts, notes and details, as plain data.

Nothing here knows where it is shown. A page, a terminal and a notebook each show the same blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from capexpand.reporting import serial
from capexpand.reporting.charts.drawing import Chart

WORDY = 30
"""A cell that is longer holds words: it is set from the left and may take several lines."""

Align = Literal["number", "text"]


@dataclass(frozen=True, slots=True)
class Fact:
    """The subject of a sheet in a word or two: the case, the day, the currency."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that a board asks, and the answer in one or a few sentences."""

    question: str
    text: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A number large on the page, its name, and a remark below."""

    title: str
    value: str
    remark: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that holds more than a text.

    Args:
        text: shown everywhere.
        remark: small behind or below the text.
        tip: shown on a page where the reader points at the cell.
        shade: class of colour on a page, from 0 to 6; None for none.
        link: address that the text leads to.
        marks: short warnings behind the text.
        code: whether the text is set in a typewriter's letters.
    """

    text: str
    remark: str = ""
    tip: str = ""
    shade: int | None = None
    link: str = ""
    marks: tuple[str, ...] = ()
    code: bool = False

    @property
    def words(self) -> str:
        """The text with its remark and marks, for places without letters of several sizes."""
        beside = "; ".join(filter(None, (self.remark, *self.marks)))
        return f"{self.text} ({beside})" if self.text and beside else self.text or beside

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, declared once for page, terminal and files.

    Args:
        heading: above the column.
        unit: of its values, behind the heading.
        align: numbers stand at the right, texts at the left.
        in_terminal: whether a terminal shows it; a page always does.
    """

    heading: str
    unit: str = ""
    align: Align = "number"
    in_terminal: bool = True

    @property
    def title(self) -> str:
        """The heading with its unit."""
        return f"{self.heading}, {self.unit}" if self.unit and self.heading else self.heading or self.unit


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    title: str
    cells: tuple[str | Cell, ...] = ()
    kind: str = ""  # sum, or group for a heading within the table

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells as texts."""
        return tuple(cell.words if isinstance(cell, Cell) else cell for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first column holds the rows' titles.

    Args:
        title: of the table.
        columns: one for each, the rows' titles included.
        rows: in order.
        note: how the table is to be read.
        kind: how a page sets it, such as ``wordy`` or ``made``.
        captioned: whether a page shows the title above the table.
    """

    shape: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    kind: str = ""
    captioned: bool = False

    @property
    def head(self) -> tuple[str, ...]:
        """The headings with their units."""
        return tuple(column.title for column in self.columns)

    def in_terminal(self) -> Table:
        """Return the table with the columns that a terminal shows."""
        places = [place for place, column in enumerate(self.columns) if column.in_terminal and place > 0]
        rows = tuple(
            replace(row, cells=tuple(row.cells[place - 1] for place in places if place <= len(row.cells)))
            for row in self.rows
        )
        return replace(self, columns=(self.columns[0], *(self.columns[place] for place in places)), rows=rows)


def columns(first: str, *others: str | Column) -> tuple[Column, ...]:
    """Return columns by their headings: the rows' titles, then numbers.

    Args:
        first: heading of the rows' titles.
        others: headings of numbers, or columns of another kind.
    """
    return (
        Column(first, align="text"),
        *(other if isinstance(other, Column) else Column(other) for other in others),
    )


def table(
    title: str, head: Sequence[str | Column], rows: Sequence[Row], note: str = "", *, kind: str = ""
) -> Table:
    """Return a table with a heading for each column; without more said, all but the first hold numbers.

    Args:
        title: of the table.
        head: a heading or a column each.
        rows: in order.
        note: how the table is to be read.
        kind: how a page sets it.
    """
    first = head[0] if isinstance(head[0], str) else head[0].heading
    return Table(title, columns(first, *head[1:]), tuple(rows), note, kind)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    shape: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text.

    Args:
        text: the sentences.
        lead: bold words before them.
        kind: ``note`` explains, ``flag`` warns, ``decision`` stands out, ``basis`` defines.
    """

    shape: ClassVar[str] = "paragraph"
    text: str
    lead: str = ""
    kind: Literal["note", "flag", "decision", "basis"] = "note"


@dataclass(frozen=True, slots=True)
class Notes:
    """A list of sentences; warnings stand out."""

    shape: ClassVar[str] = "notes"
    items: tuple[str, ...]
    title: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts side by side, with one legend above them where their series are the same."""

    shape: ClassVar[str] = "charts"
    charts: tuple[Chart, ...]
    size: Literal["wide", "small", "small pairs"] = "wide"
    one_legend: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """A strip of key figures."""

    shape: ClassVar[str] = "figures"
    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Tabs:
    """Tables of which a page shows one at a time, by their labels."""

    shape: ClassVar[str] = "tabs"
    tables: tuple[Table, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Tables beside each other."""

    shape: ClassVar[str] = "side_by_side"
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks behind a line that opens them."""

    shape: ClassVar[str] = "details"
    summary: str
    blocks: tuple[Block, ...]
    remark: str = ""
    mark: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Sliders:
    """Sliders that look up certified bounds, on a page only.

    Args:
        title: above them.
        note: how they are to be read.
        data: what the page's script looks up.
    """

    shape: ClassVar[str] = "sliders"
    title: str
    note: str
    data: Mapping[str, object]

    @property
    def embedded(self) -> str:
        """The data as JSON that can stand inside a script element."""
        return serial.embedded(self.data)


Block = Heading | Paragraph | Notes | Table | Charts | Figures | Tabs | SideBySide | Details | Sliders


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a sheet, with its place in the contents."""

    key: str
    title: str
    blocks: tuple[Block, ...]


def charts_of(blocks: Sequence[Block]) -> tuple[Chart, ...]:
    """Return every chart of some blocks, in order, those behind details too."""
    found: list[Chart] = []
    for block in blocks:
        if isinstance(block, Charts):
            found += block.charts
        elif isinstance(block, Details):
            found += charts_of(block.blocks)
    return tuple(found)


def holds_sliders(blocks: Sequence[Block]) -> bool:
    """Tell whether some blocks hold sliders, those behind details too."""
    return any(
        isinstance(block, Sliders) or (isinstance(block, Details) and holds_sliders(block.blocks))
        for block in blocks
    )
