"""Print the claims of each company as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from capexpand.reporting.console import output, plain

if TYPE_CHECKING:
    from capexpand.claims.table import Claim


def print_claims(claims: Sequence[Claim]) -> None:
    """Print claims as one table with a section for each company.

    Args:
        claims: sorted by company.
    """
    from rich import box
    from rich.table import Table

    from capexpand.claims.figures import amount_words, period_words

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("about", "amount", "period", "for", "known on", "where"):
        table.add_column(heading, overflow="fold")
    documents: dict[str, str] = {}
    for company, told in groupby(claims, key=lambda claim: claim.company):
        table.add_row(plain(company, style="bold"))
        for claim in told:
            known = "unknown" if claim.known_on is None else str(claim.known_on)
            scope = "" if claim.scope == "not stated" else claim.scope
            amount = amount_words(claim) + ("" if claim.source.verified else "?")
            cells = (claim.measure, amount, period_words(claim), scope, known, claim.place)
            table.add_row(*(plain(cell) for cell in cells))
            if claim.paragraph is not None:
                documents.setdefault(claim.document, claim.source.title)
        table.add_section()
    console = output()
    console.print(table)
    plural = "" if len(claims) == 1 else "s"
    console.print(f"{len(claims)} claim{plural}. ? not read in a source. ¶ is the paragraph of the body.")
    for document, title in documents.items():
        console.print(plain(f"{document}: {title}"))
