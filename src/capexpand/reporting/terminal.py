"""Answers and tables in a terminal, readable without colour: the same look for every command.

A table whose columns do not fit is turned: each row becomes a record, with a line for each column. No number
is ever cut.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capexpand.reporting.blocks import (
    WORDY,
    Answer,
    Block,
    Details,
    Fact,
    Figures,
    Heading,
    Notes,
    Paragraph,
    Row,
    SideBySide,
    Table,
    Tabs,
)
from capexpand.reporting.console import output
from capexpand.wording import printable

if TYPE_CHECKING:
    from rich.console import Console

GAP = 2  # spaces between columns
LEAST_WORDS = 12  # width below which a column of words is not squeezed
Say = Callable[[str], None]


@contextmanager
def progress(first: str) -> Generator[Say]:
    """Show a line on standard error that says what a command is doing, and yield the way to change it.

    Args:
        first: what it does first.
    """
    from rich.text import Text

    with output(to_error=True).status(Text(printable(first))) as status:
        yield lambda text: status.update(Text(printable(text)))


def print_text(text: str, console: Console, *, style: str = "") -> None:
    """Print a text as it is, in lines of the terminal's width.

    Args:
        text: of any origin.
        console: where to print.
        style: such as bold.
    """
    from rich.text import Text

    console.print(Text(printable(text), style=style), overflow="fold")


def print_path(words: str, path: object, console: Console) -> None:
    """Print where something stands, on one line, so that it can be copied.

    Args:
        words: before it.
        path: file or folder.
        console: where to print.
    """
    from rich.text import Text

    console.print(Text(printable(f"{words}: {path}")), soft_wrap=True)


def print_heading(title: str, console: Console, facts: Iterable[Fact] = ()) -> None:
    """Print the title of the output and its facts, with an empty line behind.

    Args:
        title: of the whole.
        console: where to print.
    """
    print_text(title, console, style="bold")
    line = " · ".join(f"{fact.name.lower()} {fact.text}" for fact in facts)
    if line:
        print_text(line, console, style="dim")
    console.print()


def print_answers(answers: Iterable[Answer], console: Console) -> None:
    """Print questions, each with its answer behind it.

    Args:
        answers: in order.
        console: where to print.
    """
    from rich.text import Text

    for answer in answers:
        rest = " ".join(filter(None, (answer.text, answer.remark)))
        console.print(
            Text.assemble((printable(answer.question), "bold"), " ", printable(rest)), overflow="fold"
        )


def print_block(block: Block, console: Console) -> None:
    """Print a block; charts have no place in a terminal, and what a page folds away is left out.

    Args:
        console: where to print.
    """
    if isinstance(block, Table):
        print_table(block, console)
    elif isinstance(block, Tabs | SideBySide):
        for one in block.tables:
            print_table(one, console)
    elif isinstance(block, Heading):
        console.print()
        print_text(block.text, console, style="bold")
    elif isinstance(block, Paragraph):
        style = "yellow" if block.kind == "flag" else "bold" if block.kind == "decision" else ""
        print_text(" ".join(filter(None, (block.lead, block.text))), console, style=style)
    elif isinstance(block, Notes):
        for item in block.items:
            print_text(f"Warning: {item}" if block.warns else item, console, style="yellow" * block.warns)
    elif isinstance(block, Figures):
        for figure in block.figures:
            print_text(f"{figure.title}: {figure.value} {figure.remark}".rstrip(), console)
    elif isinstance(block, Details):
        return


def print_table(table: Table, console: Console) -> None:
    """Print a table, its columns aligned, or its rows as records where the columns do not fit.

    Args:
        table: of texts; without rows nothing is printed.
        console: where to print.
    """
    if not table.rows:
        return
    shown = table.in_terminal()
    console.print()
    if table.title:
        print_text(table.title, console, style="bold")
    widths = _widths(shown, console.width)
    if widths is None:
        _print_records(shown, console)
    else:
        _print_grid(shown, widths, console)
    if table.note:
        print_text(table.note, console, style="dim")


def _lines(row: Row, count: int) -> tuple[str, ...]:
    """The texts of a row, one for each column."""
    texts = [printable(text) for text in (row.title, *row.texts)]
    return tuple(" ".join(text.split()) for text in (*texts, *[""] * count)[:count])


def _length(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _widths(table: Table, width: int) -> list[int] | None:
    """Width of each column; None where they do not fit beside each other without a number being cut."""
    count = len(table.columns)
    rows = [_lines(row, count) for row in table.rows if row.kind != "group"]
    least: list[int] = []
    cells_wanted: list[int] = []
    all_wanted: list[int] = []
    for place in range(count):
        head = _lines(Row(table.columns[place].title), 1)[0]
        cells = [row[place] for row in rows]
        longest = max((_length(cell) for cell in cells), default=0)
        word = max((_length(part) for cell in (head, *cells) for part in cell.split()), default=0)
        words = _holds_words(table, place, longest)
        squeezed = min(max(word, LEAST_WORDS), max(longest, word)) if words else longest
        heading = max((_length(part) for part in head.split()), default=0)
        least.append(max(squeezed, heading))
        cells_wanted.append(max(longest, least[-1]))
        all_wanted.append(max(longest, _length(head), least[-1]))
    if sum(least) + GAP * (count - 1) > width:
        return None
    return _widened(_widened(least, cells_wanted, width), all_wanted, width)


def _widened(widths: Sequence[int], wanted: Sequence[int], width: int) -> list[int]:
    """The widths, brought nearer to those wanted as far as the whole width allows, the narrowest first."""
    found = list(widths)
    left = width - sum(found) - GAP * (len(found) - 1)
    while left > 0:
        narrow = [place for place, want in enumerate(wanted) if found[place] < want]
        if not narrow:
            break
        found[min(narrow, key=lambda place: found[place] / wanted[place])] += 1
        left -= 1
    return found


def _holds_words(table: Table, place: int, longest: int) -> bool:
    return place == 0 or table.columns[place].align == "text" or longest > WORDY


def _print_grid(table: Table, widths: Sequence[int], console: Console) -> None:
    count = len(widths)
    rows = [_lines(row, count) for row in table.rows]
    lefts = [
        _holds_words(table, place, max((_length(row[place]) for row in rows), default=0))
        for place in range(count)
    ]
    head = _lines(Row("", tuple(column.title for column in table.columns)), count + 1)[1:]
    if any(head):
        _print_line(head, widths, lefts, console=console, style="bold", low=True)
        _print("─" * min(sum(widths) + GAP * (count - 1), console.width), console)
    for row, texts in zip(table.rows, rows, strict=True):
        if row.kind == "group":
            print_text(row.title, console, style="bold")
        else:
            _print_line(texts, widths, lefts, console=console, style="bold" if row.kind == "sum" else "")


def _print_line(
    texts: Sequence[str],
    widths: Sequence[int],
    lefts: Sequence[bool],
    *,
    console: Console,
    style: str,
    low: bool = False,
) -> None:
    """Print a row in as many lines as its longest cell takes; low cells stand at the bottom."""
    cells = [_wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
    height = max(map(len, cells))
    for line in range(height):
        parts: list[str] = []
        for cell, width, left in zip(cells, widths, lefts, strict=True):
            at = line - (height - len(cell) if low else 0)
            text = cell[at] if 0 <= at < len(cell) else ""
            space = " " * (width - _length(text))
            parts.append(f"{text}{space}" if left else f"{space}{text}")
        _print((" " * GAP).join(parts).rstrip(), console, style=style)


def _print_records(table: Table, console: Console) -> None:
    count = len(table.columns)
    for row in table.rows:
        title, *cells = _lines(row, count)
        print_text(title, console, style="bold")
        if row.kind == "group":
            continue
        for column, cell in zip(table.columns[1:], cells, strict=True):
            if cell:
                head = _lines(Row(column.title), 1)[0]
                for at, line in enumerate(_wrapped(f"{head}: {cell}" if head else cell, console.width - 4)):
                    _print(f"{'    ' if at else '  '}{line}", console)


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text; a word that is longer than a line goes on in the next, and nothing is lost."""
    lines = [""]
    for word in text.split(" "):
        rest, joined = word, f"{lines[-1]} {word}" if lines[-1] else word
        if _length(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while _length(rest) > width:
            cut = next(n for n in range(len(rest), 0, -1) if n == 1 or _length(rest[:n]) <= width)
            lines[-1], rest = rest[:cut], rest[cut:]
            lines.append("")
        lines[-1] = rest
    return lines


def _print(line: str, console: Console, *, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(line, style=style), no_wrap=True, overflow="ignore", crop=False)
