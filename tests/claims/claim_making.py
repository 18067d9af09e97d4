"""Makes claims for tests: a plain one, changed where a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from capexpand.catalogue.rows import Source
from capexpand.claims.table import Claim, place_words

SOURCE = Source("A report", "news-report:a", place_words(1), "news_report", True)
PLAIN = Claim(
    claim_id="a",
    document="report-a",
    paragraph=1.0,
    company="Example Cloud",
    measure="spending",
    amount=100e9,
    amount_high=None,
    unit="CNY",
    kind="total",
    verb="invest",
    period_basis="calendar",
    period_start=date(2031, 1, 1),
    period_end=date(2031, 12, 31),
    scope="AI",
    known_on=date(2031, 2, 1),
    known_on_estimated=False,
    notes="",
    source=SOURCE,
)


def claim(document: str = "report-a", **changes: Any) -> Claim:
    """Return a claim of a document, plain but for the changes."""
    paragraph = changes.pop("paragraph", 1)
    source = replace(
        SOURCE, title=f"Report {document}", url=f"news-report:{document}", place=place_words(paragraph)
    )
    changed = replace(PLAIN, document=document, paragraph=float(paragraph), source=source, **changes)
    return replace(changed, claim_id=f"{document}-{changed.measure}-{changed.unit}-{changed.amount}")
