"""Print contradictions, with the plan of a case by each reading."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from capexpand.reporting.console import output, plain

if TYPE_CHECKING:
    from rich.console import Console

    from capexpand.studies.claims import ClaimsResult, JudgedFinding

_ABOUT_NPV = (
    "NPV: the case planned anew by that reading. An amount is then the most that may be spent, a floor the "
    "least, with no cap; a rate holds for all that is priced in that currency. NPV counts cash, and what "
    "serves the company itself earns none, so more budget may lower it."
)


@contextmanager
def while_planning(*, shown: bool) -> Generator[None]:
    """Show on standard error that plans are being made."""
    if not shown:
        yield
        return
    from capexpand.reporting.terminal import progress

    with progress("Planning by each reading"):
        yield


def print_findings(result: ClaimsResult) -> None:
    """Print contradictions, and the revisions where they were asked for."""
    console = output()
    against, revised = result.contradictions, result.revisions
    when = "" if result.on is None else f" in what was known on {result.on}"
    if not against:
        console.print(f"No contradictions{when}.")
    for number, one in enumerate(against, start=1):
        _print_one(console, one, f"{number}. ")
    if revised:
        console.print("\nRevised: a later word replaced an earlier one", style="bold")
        for one in revised:
            _print_one(console, one, "")
    if against:
        plural = "" if len(against) == 1 else "s"
        console.print(f"\n{len(against)} contradiction{plural}{when}. ¶ is the paragraph of the body.")
    if any(plan is not None for one in result.findings or () for plan in one.plans):
        console.print(_ABOUT_NPV)


def _print_one(console: Console, one: JudgedFinding, number: str) -> None:
    from rich.padding import Padding

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
        Padding(
            plain(f"{'Change' if finding.revised else 'At issue'}: {finding.at_issue.words}."), (0, 0, 0, 3)
        )
    )
