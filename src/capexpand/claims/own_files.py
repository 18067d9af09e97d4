"""Turns confirmed proposals into claims and appends them to a file of the user's own."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import source_columns
from capexpand.claims.documents import Document
from capexpand.claims.proposals import Proposal
from capexpand.claims.table import OWN_TABLE, Claim, place_words, read_claims
from capexpand.errors import RunError

HEADER = tuple(column.name for column in (*OWN_TABLE.columns, *source_columns("")))


@dataclass(frozen=True, slots=True)
class Article:
    """What a user says of an article.

    Args:
        document: what was read.
        name: short name, from its file.
        title: its title.
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
        article: where it stands.
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

    Args:
        path: the CSV file.
        claims: confirmed by the user.

    Returns:
        How many were added and how many it had.

    Raises:
        CaseError: the file is there and does not hold.
        RunError: it cannot be written.
    """
    there = read_claims(path) if path.exists() else ()
    if not path.parent.is_dir():
        raise RunError(f"{path} cannot be written: there is no folder {path.parent}")
    known = {_identity(claim) for claim in there}
    new = [claim for claim in claims if _identity(claim) not in known]
    clash = {claim.claim_id for claim in there}
    if any(claim.claim_id in clash for claim in new):
        new = [_renumbered(claim, clash) for claim in new]
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            if not there and path.stat().st_size == 0:
                table.writerow(HEADER)
            table.writerows(_cells(claim) for claim in new)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
    return len(new), len(claims) - len(new)


def _identity(claim: Claim) -> tuple[object, ...]:
    return (claim.document, claim.quote_start, claim.company, claim.measure, claim.amount, claim.unit)


def _renumbered(claim: Claim, taken: set[str]) -> Claim:
    """Give a claim the next number that no other claim of its article has."""
    from dataclasses import replace

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
    return [cells[name] if name in cells else _text(getattr(claim, name)) for name in HEADER]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
