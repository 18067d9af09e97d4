"""``capexpand claims add`` and ``measure``: claims of an article, confirmed; how well articles are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from capexpand.cli.claims_tables import plain
from capexpand.errors import CaseError, Problem

if TYPE_CHECKING:
    from rich.console import Console

    from capexpand.claims.measuring import Measured
    from capexpand.claims.own_files import Article
    from capexpand.claims.proposals import Proposal

BEGINNINGS = ("https://", "http://")


def confirm_claims(
    file: Path,
    to: Path | None,
    *,
    published: date | None,
    title: str | None,
    address: str | None,
    accept_all: bool,
    as_json: bool,
) -> None:
    """Read an article, have its claims confirmed, and add them to the user's file.

    On a terminal each claim is asked about; elsewhere nothing is written unless all are accepted.

    Args:
        file: the article.
        to: the file of claims; ``claims.csv`` beside the article if None.
        published: day of the article, where its text does not give it.
        title: of the article, None for its first heading.
        address: where it was found.
        accept_all: whether to ask nothing.
        as_json: print one JSON object instead of a table; asks nothing either.

    Raises:
        CaseError: the article or the file of claims does not hold, or no figure was found.
        RunError: the file of claims cannot be written.
    """
    from capexpand.claims.documents import read_document
    from capexpand.claims.own_files import Article, append_claims, as_claim, short_name
    from capexpand.claims.proposals import propose_claims

    if address is not None and not address.startswith(BEGINNINGS):
        raise CaseError([Problem(f"--address '{address}' must begin with https://")])
    document = read_document(file)
    day = published or document.published
    proposals = propose_claims(document, day)
    if not proposals:
        raise CaseError([Problem("no figure about a company was found", file=file)])
    article = Article(document, short_name(file), title or document.title, address or "", day)
    target = to or file.with_name("claims.csv")
    asks = not accept_all and not as_json and on_terminal()
    if not as_json:
        _print_head(article, proposals)
    numbered = tuple(enumerate(proposals, start=1))
    taken = _ask(numbered) if asks else numbered if accept_all else ()
    claims = [as_claim(proposal, article, number) for number, proposal in taken]
    added, known = append_claims(target, claims) if claims else (0, 0)
    if as_json:
        data = {
            "article": article.name,
            "title": article.title,
            "published": None if day is None else day.isoformat(),
            "proposals": [_proposal_data(one) for one in proposals],
            "added": added,
            "already_there": known,
            "file": str(target) if claims else None,
        }
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    if not asks:
        _print_proposals(proposals)
    _print_end(target, added, known, asked=asks, accepted=bool(claims))


def on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def _proposal_data(proposal: Proposal) -> dict[str, Any]:
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


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _print_head(article: Article, proposals: Sequence[Proposal]) -> None:
    console = _console()
    day = "day unknown: give it with --published" if article.published is None else str(article.published)
    plural = "" if len(proposals) == 1 else "s"
    console.print(plain(article.title, style="bold"))
    console.print(f"{day}; {len(proposals)} proposed claim{plural}")


def _print_proposals(proposals: Sequence[Proposal]) -> None:
    console = _console()
    for number, proposal in enumerate(proposals, start=1):
        _print_one(console, proposal, number)


def _print_one(console: Console, proposal: Proposal, number: int) -> None:
    """Print a proposal, and its sentence with the figure standing out."""
    from rich.padding import Padding

    sentence = proposal.sentence
    console.print()
    company = proposal.company or "company not stated"
    head = ", ".join(part for part in (company, proposal.measure, _said(proposal)) if part)
    console.print(plain(f"{number}. {head}", style="bold"))
    quote = plain(sentence.text)
    quote.stylize("reverse", proposal.start - sentence.start, proposal.end - sentence.start)
    place = f"{'heading, ' if sentence.heading else ''}¶{sentence.paragraph}"
    where = f"{place}, characters {proposal.start}–{proposal.end}: "
    console.print(Padding(plain(where) + quote, (0, 0, 0, 3)))


def _said(proposal: Proposal) -> str:
    from capexpand.claims.documents import Document
    from capexpand.claims.figures import amount_words, period_words
    from capexpand.claims.own_files import Article, as_claim

    article = Article(Document("", "", None, ()), "article", "", "", proposal.period.start)
    claim = as_claim(proposal, article, 1)
    period = period_words(claim)
    if not period and proposal.period.basis:
        period = f"{proposal.period.basis}, days open"
    scopes = {"not stated": "", "company": "for the whole company"}
    scope = scopes.get(proposal.scope, f"for {proposal.scope}")
    verb = f"by the word “{proposal.verb}”" if proposal.verb else ""
    return ", ".join(part for part in (amount_words(claim), period, scope, verb) if part)


Numbered = tuple[int, "Proposal"]

SINGLE_LETTERS = ("a", "s", "l", "q", "y")


def _answer() -> str:
    """Ask until the answer is one of the letters or a name; another single letter is a slip."""
    while True:
        question = "   [a]ccept, [s]kip, accept a[l]l that follow, [q]uit; or write another company"
        answer: str = typer.prompt(question, default="a", show_default=False).strip()
        if len(answer) > 1 or answer.casefold() in SINGLE_LETTERS:
            return answer


def _ask(proposals: Sequence[Numbered]) -> tuple[Numbered, ...]:
    """Ask about each proposal: accept, skip, name another company, accept the rest, or stop."""
    console = _console()
    taken: list[Numbered] = []
    for number, proposal in proposals:
        _print_one(console, proposal, number)
        answer = _answer()
        choice = answer.casefold()
        if choice in ("q", "quit"):
            break
        if choice in ("l", "all"):
            return (*taken, *(one for one in proposals if one[0] >= number))
        if choice in ("s", "skip"):
            continue
        named = proposal if choice in ("a", "accept", "y", "yes") else replace(proposal, company=answer)
        taken.append((number, named))
    return tuple(taken)


def _print_end(target: Path, added: int, known: int, *, asked: bool, accepted: bool) -> None:
    console = _console()
    console.print()
    if not accepted:
        console.print(
            "Nothing was accepted, nothing written."
            if asked
            else "Nothing was written: no terminal to ask on. Accept all with --yes, or take them as data "
            "with --json."
        )
        return
    again = f", {known} it had already" if known else ""
    counted = f"{added} claim{'' if added == 1 else 's'} added to {target}{again}."
    console.print(plain(counted), soft_wrap=True)
    hint = f"See them among the others: capexpand claims --contradictions --with {target}"
    console.print(plain(hint), soft_wrap=True)


def show_measures(folder: Path, *, misses: bool, as_json: bool) -> None:
    """Measure how well articles are read, and print precision and recall.

    Args:
        folder: of articles with answers, or of such folders.
        misses: also list what was missed or wrong.
        as_json: print one JSON object instead.

    Raises:
        CaseError: there are no answers, or a file does not hold.
    """
    from capexpand.claims.measuring import measure_folder

    sets = measure_folder(folder)
    if as_json:
        typer.echo(
            json.dumps(
                {"sets": [_measured_data(one, misses=misses) for one in sets]}, ensure_ascii=False, indent=2
            )
        )
        return
    _print_measures(sets)
    if misses:
        _print_misses(sets)


def _measured_data(one: Measured, *, misses: bool) -> dict[str, Any]:
    scores = (("whole claim", one.whole), *one.fields)
    data: dict[str, Any] = {
        "name": one.name,
        "articles": one.articles,
        "proposed": one.whole.proposed,
        "due": one.whole.due,
        "scores": {
            name: {"right": score.right, "precision": score.precision, "recall": score.recall}
            for name, score in scores
        },
    }
    if misses:
        data["misses"] = [asdict(pair) | {"wrong": list(pair.wrong)} for pair in one.pairs if pair.wrong]
    return data


def _print_measures(sets: Sequence[Measured]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for one in sets:
        table.add_column(plain(one.name) + "\nprecision", justify="right")
        table.add_column("\nrecall", justify="right")
    names = ("whole claim", *(name for name, _ in sets[0].fields))
    for row, name in enumerate(names):
        scores = [one.whole if row == 0 else one.fields[row - 1][1] for one in sets]
        cells = [f"{value:.0%}" for score in scores for value in (score.precision, score.recall)]
        table.add_row(name, *cells)
    console = _console()
    console.print(table)
    for one in sets:
        whole = one.whole
        counted = f"{whole.due} claims due, {whole.proposed} proposed, {whole.right} right"
        console.print(plain(f"{one.name}: {one.articles} articles, {counted}"))
    console.print("A claim is right when amount, currency, company, kind and period all are.")


def _print_misses(sets: Sequence[Measured]) -> None:
    console = _console()
    for one in sets:
        for pair in one.pairs:
            if not pair.wrong:
                continue
            either = pair.due or pair.proposed
            what = (
                ", ".join(pair.wrong)
                if pair.due and pair.proposed
                else "not found"
                if pair.due
                else "not a claim"
            )
            console.print()
            place = "" if either is None else f"{either.article} ¶{either.paragraph}"
            console.print(plain(f"{one.name}/{place}: {what}"))
            if pair.proposed is not None:
                console.print(plain(f"   read: {pair.proposed.words}"))
            if pair.due is not None:
                console.print(plain(f"   due:  {pair.due.words}"))
