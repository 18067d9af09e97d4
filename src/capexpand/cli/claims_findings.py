"""What ``capexpand claims --contradictions`` prints, with the plan of a case by each reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from capexpand.claims.findings import Finding
    from capexpand.cli.claims_plan import ReadingPlan


_ABOUT_NPV = (
    "NPV: the case planned anew by that reading. An amount is then the most that may be spent, a floor the "
    "least, with no cap; a rate holds for all that is priced in that currency. NPV counts cash, and what "
    "serves the company itself earns none, so more budget may lower it."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and what each of its readings makes of the plan; None where it changes nothing there."""

    finding: Finding
    plans: tuple[ReadingPlan | None, ...]


def show_contradictions(
    company: str | None,
    on: date | None,
    case: Path | None,
    *,
    extra: Sequence[Path],
    revisions: bool,
    as_json: bool,
) -> None:
    """Find and print contradictions.

    Args:
        company: only about this one, None for all.
        on: only what was known on that day; that of the case if None and a case is given.
        case: a case to plan by each reading; findings about other companies are then left out.
        extra: files of confirmed claims.
        revisions: also list figures that a later word replaced.
        as_json: print one JSON object instead.

    Raises:
        CaseError: the case or a file does not hold.
    """
    from capexpand.claims.joining import list_claims
    from capexpand.claims.rules import find_contradictions

    if case is None:
        claims = list_claims(on=on, extra=extra)
        judged = tuple(Judged(finding, ()) for finding in find_contradictions(claims, revisions=revisions))
    else:
        judged, on, company = _judge(case, on, company, extra=extra, revisions=revisions)
    if company is not None:
        from capexpand.claims.companies import canonical, members

        wanted = canonical(company)
        names = [(one, (one.finding.company, *members(one.finding.company))) for one in judged]
        judged = tuple(
            one for one, called in names if wanted.casefold() in {name.casefold() for name in called}
        )
    if as_json:
        data = {
            "on": None if on is None else on.isoformat(),
            "case": None if case is None else str(case),
            "contradictions": [_finding_data(one) for one in judged if not one.finding.revised],
            "revisions": [_finding_data(one) for one in judged if one.finding.revised],
        }
        typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    _print(judged, on)


def _judge(
    path: Path, on: date | None, company: str | None, *, extra: Sequence[Path], revisions: bool
) -> tuple[tuple[Judged, ...], date, str]:
    """Find what concerns the buyer of a case, and plan it by each reading."""
    from rich.console import Console

    from capexpand.case.loading import load_case
    from capexpand.claims.companies import canonical
    from capexpand.claims.joining import list_claims
    from capexpand.claims.rules import find_contradictions
    from capexpand.cli.claims_plan import ReadingPlans

    case = load_case(path)
    buyer, day = canonical(case.programme.buyer), on or case.as_of
    if company is not None and canonical(company) != buyer:
        from capexpand.errors import CaseError, Problem

        raise CaseError([Problem(f"the case is about {buyer}, not {canonical(company)}")])
    found = find_contradictions(list_claims(on=day, extra=extra), revisions=revisions)
    plans = ReadingPlans.of(case)
    with Console(stderr=True).status("Planning by each reading"):
        judged = tuple(
            Judged(finding, tuple(plans.read(reading.change) for reading in finding.readings))
            for finding in found
            if finding.company == buyer
        )
    return judged, day, buyer


def _finding_data(judged: Judged) -> dict[str, Any]:
    finding = judged.finding
    plans = judged.plans or (None,) * len(finding.readings)
    return {
        "rule": finding.rule,
        "company": finding.company,
        "subject": finding.subject,
        "title": finding.title,
        "readings": [
            {
                "words": reading.words,
                "claims": [claim.claim_id for claim in reading.claims],
                "places": reading.places,
                "plan": None if plan is None else asdict(plan),
            }
            for reading, plan in zip(finding.readings, plans, strict=True)
        ],
        "at_issue": asdict(finding.at_issue),
    }


def _print(judged: Sequence[Judged], on: date | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    against = [one for one in judged if not one.finding.revised]
    revised = [one for one in judged if one.finding.revised]
    when = "" if on is None else f" in what was known on {on}"
    if not against:
        console.print(f"No contradictions{when}.")
    for number, one in enumerate(against, start=1):
        _print_one(console, one, f"{number}. ")
    if revised:
        console.print("\n[bold]Revised: a later word replaced an earlier one[/bold]")
        for one in revised:
            _print_one(console, one, "")
    if against:
        plural = "" if len(against) == 1 else "s"
        console.print(f"\n{len(against)} contradiction{plural}{when}. ¶ is the paragraph of the body.")
    if any(plan is not None for one in judged for plan in one.plans):
        console.print(_ABOUT_NPV)


def _print_one(console: Any, one: Judged, number: str) -> None:
    from rich.padding import Padding

    from capexpand.cli.claims_tables import plain

    finding = one.finding
    console.print()
    console.print(plain(f"{number}{finding.company}, {finding.subject}: {finding.title}", style="bold"))
    for place, reading in enumerate(finding.readings):
        said = f"  [{reading.places}]" if reading.claims else ""
        console.print(Padding(plain(f"- {reading.words}{said}"), (0, 0, 0, 3)))
        plan = one.plans[place] if one.plans else None
        if plan is not None:
            console.print(Padding(plain(f"  {plan.words}"), (0, 0, 0, 3)))
    console.print(
        Padding(plain(f"{'Change' if finding.revised else 'At issue'}: {finding.at_issue.words}."), (0, 0, 0, 3))
    )
