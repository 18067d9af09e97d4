"""Turns confirmed proposals into claims and appends them to a file of the user's own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from capexpand.catalogue.reading import LARGEST_TABLE
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import source_columns
from capexpand.claims.documents import Document
from capexpand.claims.foreign_text import guarded
from capexpand.claims.proposals import Proposal
from capexpand.claims.table import OWN_TABLE, Claim, place_words, read_claims
from capexpand.errors import RunError
from capexpand.files import hold, read_content
from capexpand.files.writing import replace_file

HEADER = tuple(column.name for column in (*OWN_TABLE.columns, *source_columns("")))


@dataclass(frozen=True, slots=True)
class Article:
    """Details of an article that the user gives.

    Args:
        name: short name, from its file.
        address: where it was found, empty if that is not known.
        published: its day, None if that is not known.
    """

    document: Document
    name: str
    title: str
    address: str
    published: date | None


def as_claim(proposal: Proposal, article: Article, number: int) -> Claim:
    """Turn a confirmed proposal into a claim.

    Args:
        proposal: as read, with a company.
        number: of the claim in its article, from 1.
    """
    sentence = proposal.sentence
    return Claim(
        claim_id=f"{article.name}-{number:02d}",
        document=article.name,
        paragraph=float(sentence.paragraph),
        company=proposal.company or "not stated",
        measure=proposal.measure,
        amount=proposal.amount,
        amount_high=proposal.amount_high if proposal.kind == "range" else None,
        unit=proposal.unit,
        kind=proposal.kind,
        verb=proposal.verb,
        period_basis=proposal.period.basis,
        period_start=proposal.period.start,
        period_end=proposal.period.end,
        scope=proposal.scope,
        known_on=article.published,
        known_on_estimated=False,
        notes="",
        source=Source(
            title=article.title,
            url=article.address or f"news-report:{article.name}",
            place=place_words(sentence.paragraph, heading=sentence.heading),
            kind="news_report",
            verified=True,
        ),
        quote=sentence.text,
        quote_start=float(sentence.start),
        quote_end=float(sentence.start + len(sentence.text)),
    )


def short_name(path: Path) -> str:
    """Return the name of an article's file, as the first part of the names of its claims."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.casefold()).strip("-") or "article"


def append_claims(path: Path, claims: Sequence[Claim]) -> tuple[int, int]:
    """Append claims to a file, which is made if it is not there; those that it has already are left out.

    Returns:
        How many were added and how many it had.

    Raises:
        CaseError: the file is there and does not hold.
        RunError: it cannot be written, or another process is writing it.
    """
    try:
        path = path.resolve()  # a link stays one
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself is a RuntimeError
        raise RunError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}")
    with hold(path):  # from reading to writing, so that what another process adds is not lost
        return _append(path, claims)


def _append(path: Path, claims: Sequence[Claim]) -> tuple[int, int]:
    before = _content(path)
    there = read_claims(path) if before else ()
    known = {_identity(claim) for claim in there}
    new = [claim for claim in claims if _identity(claim) not in known]
    clash = {claim.claim_id for claim in there}
    if any(claim.claim_id in clash for claim in new):
        new = [_renumbered(claim, clash) for claim in new]
    if new:
        replace_file(path, _added(before, there, new))
    return len(new), len(claims) - len(new)


def _content(path: Path) -> bytes:
    """Return what a file holds, nothing where there is none."""
    return read_content(path, LARGEST_TABLE) if path.exists() else b""


def _added(before: bytes, there: Sequence[Claim], new: Sequence[Claim]) -> bytes:
    """Lay new claims after what a file holds; one with other columns or encoding is written anew."""
    header = _lines([list(HEADER)])
    if not before or not before.startswith(header):
        return header + _lines(_cells(claim) for claim in (*there, *new))
    ended = b"" if before.endswith(b"\n") else b"\n"
    return before + ended + _lines(_cells(claim) for claim in new)


def _lines(rows: Iterable[list[str]]) -> bytes:
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n").writerows(rows)
    return content.getvalue().encode()


def _identity(claim: Claim) -> tuple[object, ...]:
    return (claim.document, claim.quote_start, claim.company, claim.measure, claim.amount, claim.unit)


def _renumbered(claim: Claim, taken: set[str]) -> Claim:
    """Give a claim the next number that no other claim of its article has."""
    number = 1
    while (name := f"{claim.document}-{number:02d}") in taken:
        number += 1
    taken.add(name)
    return replace(claim, claim_id=name)


def _cells(claim: Claim) -> list[str]:
    source = claim.source
    cells = {
        "source_title": source.title,
        "source_url": source.url,
        "source_place": source.place,
        "source_kind": source.kind,
        "verified": _text(source.verified),
    }
    return [guarded(cells[name]) if name in cells else _text(getattr(claim, name)) for name in HEADER]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else guarded(str(value))
