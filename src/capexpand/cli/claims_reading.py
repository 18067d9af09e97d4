"""Ask about the claims of an article, and print them; print how well articles are read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from capexpand.reporting.console import output, plain

if TYPE_CHECKING:
    from rich.console import Console

    from capexpand.claims.adding import AddedClaims, Numbered
    from capexpand.claims.measuring import Measured, MeasuredReading
    from capexpand.claims.own_files import Article
    from capexpand.claims.proposals import Proposal


def on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def print_head(article: Article, count: int) -> None:
    """Print the title and day of an article, and how many claims it seems to make."""
    console = output()
    day = "day unknown: give it with --published" if article.published is None else str(article.published)
    plural = "" if count == 1 else "s"
    console.print(plain(article.title, style="bold"))
    console.print(f"{day}; {count} proposed claim{plural}")


def _print_proposals(proposals: Sequence[Proposal]) -> None:
    console = output()
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


SINGLE_LETTERS = ("a", "s", "l", "q", "y")


def _answer() -> str:
    """Ask until the answer is one of the letters or a name; another single letter is a slip."""
    while True:
        question = "   [a]ccept, [s]kip, accept a[l]l that follow, [q]uit; or write another company"
        answer: str = typer.prompt(question, default="a", show_default=False).strip()
        if len(answer) > 1 or answer.casefold() in SINGLE_LETTERS:
            return answer


def ask_about(article: Article, proposals: Sequence[Numbered]) -> tuple[Numbered, ...]:
    """Ask about each proposal: accept, skip, name another company, accept the rest, or stop."""
    print_head(article, len(proposals))
    console = output()
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


def print_result(result: AddedClaims, *, asked: bool) -> None:
    """Print the proposals, unless somebody was asked about each, and how many were added."""
    console = output()
    if not asked:
        _print_proposals(result.proposals)
    console.print()
    if not result.accepted:
        console.print(
            "Nothing was accepted, nothing written."
            if asked
            else "Nothing was written: no terminal to ask on. Accept all with --yes, or take them as data "
            "with --json."
        )
        return
    again = f", {result.already_there} it had already" if result.already_there else ""
    counted = f"{result.added} claim{'' if result.added == 1 else 's'} added to {result.file}{again}."
    console.print(plain(counted), soft_wrap=True)
    hint = f"See them among the others: capexpand claims --contradictions --with {result.file}"
    console.print(plain(hint), soft_wrap=True)


def print_measures(result: MeasuredReading, *, misses: bool) -> None:
    """Print precision and recall, with ``misses`` also each claim that was missed or wrong."""
    _print_measures(result.sets)
    if misses:
        _print_misses(result.sets)


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
    console = output()
    console.print(table)
    for one in sets:
        whole = one.whole
        counted = f"{whole.due} claims due, {whole.proposed} proposed, {whole.right} right"
        console.print(plain(f"{one.name}: {one.articles} articles, {counted}"))
    console.print("A claim is right when amount, currency, company, kind and period all are.")


def _print_misses(sets: Sequence[Measured]) -> None:
    console = output()
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
