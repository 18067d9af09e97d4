"""Read an article, have its proposed claims chosen, and add these to a file of claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from capexpand.claims.documents import read_document
from capexpand.claims.own_files import Article, append_claims, as_claim, short_name
from capexpand.claims.proposals import Proposal, propose_claims
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject

BEGINNINGS = ("https://", "http://")

Numbered = tuple[int, Proposal]
"""A proposal and its number in the article, from 1."""

Choose = Callable[[Article, Sequence[Numbered]], Sequence[Numbered]]
"""Picks the proposals of an article that are right, corrected where they are not."""


@dataclass(frozen=True, slots=True)
class AddedClaims:
    """An article with its proposed claims, and those of them that were added.

    Args:
        proposals: in the order of its text.
        accepted: how many were accepted.
        added: how many of these are new in the file.
        already_there: how many of these the file had.
        file: of claims; written only where something was accepted.
    """

    article: Article
    proposals: tuple[Proposal, ...]
    accepted: int
    added: int
    already_there: int
    file: Path

    def as_data(self) -> JsonObject:
        """Return the result as names, numbers and texts, as ``--json`` prints it."""
        day = self.article.published
        return {
            "article": self.article.name,
            "title": self.article.title,
            "published": None if day is None else day.isoformat(),
            "proposals": [proposal_data(one) for one in self.proposals],
            "added": self.added,
            "already_there": self.already_there,
            "file": str(self.file) if self.accepted else None,
        }

    def __repr__(self) -> str:
        """Write the size of the result in one line."""
        return f"<{len(self.proposals)} proposed claims, {self.added} added>"


def claims_add(
    file: Path,
    *,
    to: Path | None = None,
    published: date | None = None,
    title: str | None = None,
    address: str | None = None,
    yes: bool = False,
    choose: Choose | None = None,
) -> AddedClaims:
    """Read a news article, propose its claims, and add those that are accepted to a file.

    The arguments are those of ``capexpand.claims_add``.

    Raises:
        CaseError: the article or the file of claims does not hold, or no figure was found.
        RunError: the file of claims cannot be written.
    """
    if address is not None and not address.startswith(BEGINNINGS):
        raise CaseError([Problem(f"--address '{address}' must begin with https://")])
    document = read_document(file)
    day = published or document.published
    try:
        proposals = propose_claims(document, day)
    except CaseError as error:
        raise CaseError([Problem(problem.message, file=file) for problem in error.problems]) from None
    if not proposals:
        raise CaseError([Problem("no figure about a company was found", file=file)])
    article = Article(document, short_name(file), title or document.title, address or "", day)
    target = to or file.with_name("claims.csv")
    numbered = tuple(enumerate(proposals, start=1))
    taken = numbered if yes else () if choose is None else choose(article, numbered)
    claims = [as_claim(proposal, article, number) for number, proposal in taken]
    added, known = append_claims(target, claims) if claims else (0, 0)
    return AddedClaims(article, proposals, len(claims), added, known, target)


def proposal_data(proposal: Proposal) -> JsonObject:
    """Return a proposal as names, numbers and texts."""
    period = proposal.period
    return {
        "company": proposal.company,
        "measure": proposal.measure,
        "amount": proposal.amount,
        "amount_high": proposal.amount_high,
        "unit": proposal.unit,
        "kind": proposal.kind,
        "verb": proposal.verb,
        "period_basis": period.basis,
        "period_start": None if period.start is None else period.start.isoformat(),
        "period_end": None if period.end is None else period.end.isoformat(),
        "scope": proposal.scope,
        "paragraph": proposal.sentence.paragraph,
        "heading": proposal.sentence.heading,
        "quote": proposal.sentence.text,
        "quote_start": proposal.sentence.start,
        "quote_end": proposal.sentence.start + len(proposal.sentence.text),
        "figure_start": proposal.start,
        "figure_end": proposal.end,
    }
