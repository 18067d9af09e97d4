"""All claims in one list: the table of claims, the programmes of the catalogue, and what a user confirmed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from capexpand.catalogue.rows import Programme
from capexpand.catalogue.views import known_by, programmes
from capexpand.claims.companies import canonical
from capexpand.claims.table import Claim, read_claims, reported_claims

_PARAGRAPH = re.compile(r"^paragraph (\d+) of the body")
_FISCAL = re.compile(r"\bFY ?\d{2,4}|\bfiscal\b")


def list_claims(
    company: str | None = None, *, on: date | None = None, extra: Sequence[Path] = ()
) -> tuple[Claim, ...]:
    """List all claims, by company and then by the day on which they became known.

    Args:
        company: only about this company, by any of its names; None for all.
        on: only what was known on that day, or None for all that is known.
        extra: files of claims that a user confirmed, read along.

    Raises:
        CaseError: a table does not hold; every problem with file and line.
    """
    own = (
        replace(claim, rows=(f"{path.name} {claim.claim_id}",))
        for path in extra
        for claim in read_claims(path)
    )
    claims = [claim for claim in (*_packaged(), *own) if known_by(claim.known_on, on)]
    if company is not None:
        wanted = canonical(company).casefold()
        claims = [c for c in claims if wanted in (c.company.casefold(), canonical(c.company).casefold())]
    return tuple(sorted(claims, key=lambda claim: (claim.company.casefold(), claim.known_on or date.max)))


@cache
def _packaged() -> tuple[Claim, ...]:
    """Join the packaged claims with the programmes; a row that repeats a claim becomes part of it."""
    claims = {
        claim.claim_id: replace(claim, rows=(f"claims {claim.claim_id}",)) for claim in reported_claims()
    }
    for line, row in enumerate(programmes(), start=2):
        claim = from_programme(row, line)
        same = next((known for known in claims.values() if _repeats(claim, known)), None)
        if same is None:
            claims[claim.claim_id] = claim
        else:
            claims[same.claim_id] = replace(same, rows=(*same.rows, *claim.rows))
    return tuple(claims.values())


def _repeats(claim: Claim, known: Claim) -> bool:
    return (
        (claim.source.url, claim.paragraph, claim.company, claim.measure, claim.unit, claim.amount)
        == (known.source.url, known.paragraph, known.company, known.measure, known.unit, known.amount)
    ) and claim.paragraph is not None


def from_programme(row: Programme, line: int) -> Claim:
    """Turn a row of the programmes into a claim.

    Args:
        line: of the file in which it stands.
    """
    found = _PARAGRAPH.match(row.source.place)
    return Claim(
        claim_id=f"programmes-{line}",
        document=row.source.url or row.source.title,
        paragraph=float(found[1]) if found else None,
        company=canonical(row.company),
        measure="financing" if "placement" in row.scope.casefold() else "spending",
        amount=row.amount,
        amount_high=row.amount_high,
        unit=row.currency,
        kind=row.amount_kind,
        verb="",
        period_basis=period_basis(row),
        period_start=row.period_start,
        period_end=row.period_end,
        scope=scope_of(row.scope),
        known_on=row.known_on,
        known_on_estimated=row.known_on_estimated,
        notes=row.scope,
        source=row.source,
        rows=(f"programmes line {line}",),
    )


def period_basis(row: Programme) -> str:
    """Say what the period of a programme counts in.

    A period that begins with the announcement is undated: its source names a length only. Those that speak of
    a fiscal year are fiscal, and so are whole years from another month than January. All others are calendar.
    """
    start, after = row.period_start, row.period_end + timedelta(days=1)
    if _FISCAL.search(row.scope):
        return "fiscal"
    if start == row.announced_date:
        return "undated"
    if start.day == 1 and after.day == 1 and start.month == after.month != 1:
        return "fiscal"
    return "calendar"


def scope_of(words: str) -> str:
    """Say what money is spent on, from the words of a programme's scope."""
    has_ai = re.search(r"\bAI\b|\bGPU|accelerator", words) is not None
    has_cloud = re.search(r"\bcloud\b", words, re.IGNORECASE) is not None
    if re.search(r"\bmostly\b|\brevenue\b", words):
        return "company"
    if has_ai and has_cloud:
        return "AI and cloud"
    if has_ai:
        return "AI"
    if has_cloud:
        return "cloud"
    return "company" if re.search(r"\bcapex\b|capital expenditure", words, re.IGNORECASE) else "not stated"
