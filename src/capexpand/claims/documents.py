"""A text as paragraphs and sentences, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.catalogue.columns import YEARS
from capexpand.errors import CaseError, Problem
from capexpand.files import read_text

_MARK = re.compile(r"^\s*(?:[-*•–]\s*)?")
LONGEST_ARTICLE = 400_000
"""A longer text is no article [characters]."""

LONGEST_SENTENCE = 2_000
"""Longer ones are read in pieces, so that the work grows no faster than the text [characters]."""

_CLOSED = re.compile(r"[.!?…:;。！？；：][\"'”’)\]]{0,8}$")
_ENDS = re.compile(r"(?<=[.!?])[\"'”’)]{0,8}\s{1,40}(?=[\"'“‘(]{0,8}(?:[A-Z0-9$€£¥₹]|xAI\b))|(?<=[。！？])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:Inc|Corp|Ltd|Co|plc|Mr|Ms|Mrs|Dr|No|vs|St|approx|est|U\.S|U\.K|Rs|Re|Mio|Mrd)|\b[A-Z])\.$"
)
_SHORT_MONTH = re.compile(r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$")
_ABBREVIATION_WINDOW = 12
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}}) ({MONTH}),? (\d{{4}})\b")
_MONTH_FIRST = re.compile(rf"({MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b")
LONGEST_QUESTION = 10
"""A question or exclamation of so few words on a line of its own is a heading."""

LINES_WITH_DAY = 4
"""The day of an article stands in one of its first lines."""

LONGEST_TITLE = 90
"""Titles are cut here [characters]."""

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its place.

    Args:
        start: its first character in the whole text, from 0.
        paragraph: of the body, from 1; of a heading, that of the paragraph after it.
        heading: whether it is part of a heading.
    """

    text: str
    start: int
    paragraph: int
    heading: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A news article.

    Args:
        title: its first heading, or how it begins.
        published: its day, None where the text does not give one.
    """

    text: str
    title: str
    published: date | None
    sentences: tuple[Sentence, ...]


def read_document(path: Path) -> Document:
    """Read an article from a file of plain text.

    Raises:
        CaseError: the file cannot be read, is no text, is empty or is longer than any article.
    """
    text = read_text(path, 4 * LONGEST_ARTICLE, advice="one article at a time")
    if not text.strip():
        raise CaseError([Problem("is empty", file=path)])
    if len(text) > LONGEST_ARTICLE:
        message = f"has {len(text):,} characters; an article of at most {LONGEST_ARTICLE:,} is read"
        raise CaseError([Problem(message, file=path)])
    return parse_document(text)


def parse_document(text: str) -> Document:
    """Part a text into sentences.

    A line that nothing closes is a heading; so are a short question, and a short line with the day above the
    body.

    Args:
        text: the article, one paragraph a line or with empty lines between them.
    """
    sentences: list[Sentence] = []
    paragraph, position = 1, 0
    lines = text.splitlines(keepends=True)
    day = _published(lines)
    for line in lines:
        skipped = len(_MARK.match(line)[0])  # pyrefly: ignore[unsupported-operation]
        body = line[skipped:].rstrip()
        if body:
            heading = _is_heading(body) or (paragraph == 1 and _is_dateline(body))
            for piece, start in _split(body):
                sentences.append(Sentence(piece, position + skipped + start, paragraph, heading))
            paragraph += not heading
        position += len(line)
    return Document(text, _title(sentences), day, tuple(sentences))


def _title(sentences: list[Sentence]) -> str:
    """Pick the first heading of five words or more above the body, else what the text begins with."""
    above = [s.text for s in sentences if s.heading and s.paragraph == 1]
    longer = [
        text
        for text in above
        if len(text.split()) >= 5 and not _MONTH_FIRST.search(text) and not _DAY_FIRST.search(text)
    ]
    first = next(iter(longer or above or [s.text for s in sentences]), "")
    return first if len(first) <= LONGEST_TITLE else f"{first[:LONGEST_TITLE].rsplit(' ', 1)[0]} …"


def _is_heading(line: str) -> bool:
    """Tell a heading from a paragraph: nothing closes it, or it is a short question."""
    return _CLOSED.search(line) is None or (
        line.endswith(("?", "!")) and len(line.split()) <= LONGEST_QUESTION
    )


def _is_dateline(line: str) -> bool:
    """Tell a short line that holds the day of the article, as it stands above the body."""
    dated = any(pattern.search(line) for pattern in (_DAY_FIRST, _MONTH_FIRST, _ISO))
    return dated and len(line.split()) <= LONGEST_QUESTION


def _split(body: str) -> Iterator[tuple[str, int]]:
    start = 0
    for end in _ENDS.finditer(body):
        if end.start() <= start or _is_abbreviation(body, end):
            continue
        yield from _pieces(body, start, end.start())
        start = end.end()
    yield from _pieces(body, start, len(body))


def _is_abbreviation(body: str, end: re.Match[str]) -> bool:
    before = body[max(0, end.start() - _ABBREVIATION_WINDOW) : end.start()]
    after = body[end.end() : end.end() + 4]
    if _SHORT_MONTH.search(before):
        return after[:1].isdigit()
    return _ABBREVIATED.search(before) is not None and not after.startswith(("It ", "The "))


def _pieces(body: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Give a sentence whole, or in pieces that end with a word where it is too long."""
    while end - start > LONGEST_SENTENCE:
        gap = body.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = gap if gap > start else start + LONGEST_SENTENCE
        yield body[start:cut], start
        start = cut + (gap > start)
    if start < end:
        yield body[start:end], start


def _published(lines: list[str]) -> date | None:
    """Find the day of publication: the first whole date in the first lines."""
    for line in _first_lines(lines):
        for pattern in (_DAY_FIRST, _MONTH_FIRST, _ISO):
            found = pattern.search(line)
            day = None if found is None else day_from(found, pattern)
            if day is not None:
                return day
    return None


def _first_lines(lines: list[str]) -> Iterator[str]:
    found = 0
    for line in lines:
        if line.strip():
            yield line.strip()[:LONGEST_SENTENCE]
            found += 1
        if found == LINES_WITH_DAY:
            return


def day_from(found: re.Match[str], pattern: re.Pattern[str]) -> date | None:
    """Turn a match of one of the patterns of dates into a day; None where there is no such day."""
    one, two, three = found.groups()
    try:
        if pattern is _ISO:
            day = date(int(one), int(two), int(three))
        elif pattern is _DAY_FIRST:
            day = date(int(three), month_number(two), int(one))
        else:
            day = date(int(three), month_number(one), int(two))
    except ValueError:
        return None
    return day if day.year in YEARS else None


def month_number(name: str) -> int:
    """Return the number of a month by its name or the beginning of it [1 to 12]."""
    start = name.rstrip(".").casefold()[:3]
    return _MONTHS.index(start) + 1
