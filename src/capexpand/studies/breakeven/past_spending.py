"""The claim that a programme exceeds what was spent in the years before, tested as far as bounds go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from capexpand.case.announcement import PastSpending, SpentBefore
from capexpand.case.schema import Case
from capexpand.errors import CaseError, Problem
from capexpand.model.world import World
from capexpand.studies.breakeven.market import Range
from capexpand.timevalue import add_months

Verdict = Literal["holds", "does not hold", "cannot be decided"]
UNKNOWN_SCOPE = "what share of the amounts is of the programme's kind"
UNKNOWN_AMOUNTS = "the amounts themselves"
UNKNOWN_YEARS = "which years are meant"


@dataclass(frozen=True, slots=True)
class PastSum:
    """Spending of the years before, by one reading of scope and years; money in millions.

    Args:
        scope: what is counted.
        first: first day.
        last: last day.
        missing_months: months of the span of which nothing is known; they count as nothing spent.
        spent: as a range.
        verdict: on the claim that the programme is more.
    """

    scope: str
    first: date
    last: date
    missing_months: int
    spent: Range
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PastFindings:
    """The claim tested.

    Args:
        years: that the claim speaks of.
        amount: of the programme [million].
        sums: by scope and years; the first is the claim's own reading.
        verdict: on the claim in its own scope, over both readings of the years.
        deciding: the unknown that moves the sum most, and by how much [million].
        failing_share: share of the group's amounts, at their upper bound, from which on the claim fails;
            above 1 it holds for the whole group.
        swings: by how much each unknown moves the sum [million], the others in the middle.
    """

    years: int
    amount: float
    sums: tuple[PastSum, ...]
    verdict: Verdict
    deciding: tuple[str, float]
    failing_share: float
    swings: dict[str, float]


def past_spending(case: Case) -> PastFindings:
    """Tests the claim that a programme is more than was spent in the years before.

    Both the fiscal years reported in full and the months up to the last reported period are taken; of the
    first period that is partly in the span, the share of its months counts.

    Args:
        case: with ``announcement.past_spending`` and an amount of the programme.

    Raises:
        CaseError: it says nothing about past spending, or the programme has no amount.
    """
    past, amount, world = _stated(case)
    last = max(past.periods)
    full = max((day for day, spent in past.periods.items() if spent.months == 12), default=last)
    scope = Range(past.in_scope.low.value, past.in_scope.high.value)
    ends = sorted({full, last})
    sums = tuple(
        _sum(past, world, end, share=share, title=title, amount=amount)
        for title, share in (("of the programme's kind", scope), ("of the whole group", Range(1.0, 1.0)))
        for end in ends
    )
    own = sums[: len(ends)]
    swings = _swings(past, world, ends, scope)
    deciding = max(swings.items(), key=lambda each: each[1])
    return PastFindings(
        years=past.years,
        amount=amount,
        sums=sums,
        verdict=_together([one.verdict for one in own]),
        deciding=deciding,
        failing_share=amount / max(*(one.spent.high for one in sums), 1e-9),
        swings=swings,
    )


def _stated(case: Case) -> tuple[PastSpending, float, World]:
    past = case.announcement.past_spending if case.announcement is not None else None
    amount = case.programme.cap or case.programme.floor
    problems: list[Problem] = []
    if past is None:
        message = "says nothing about what was spent before; add announcement.past_spending to test the claim"
        problems.append(Problem(message, file=case.provenance.path))
    if amount is None:
        message = "the programme has neither cap nor floor to be held against the past"
        problems.append(Problem(message, file=case.provenance.path))
    if past is None or amount is None or problems:
        raise CaseError(problems)
    world = World.of(case)
    return past, world.number(amount), world


def _sum(past: PastSpending, world: World, end: date, *, share: Range, title: str, amount: float) -> PastSum:
    months = 12 * past.years
    low = _total(past, world, end, months, "low")
    high = _total(past, world, end, months, "high")
    known = sum(_inside(day, spent, end, months) for day, spent in past.periods.items())
    spent = Range(share.low * low, share.high * high)
    return PastSum(
        title, _first(end, months), end, months - known, spent, _verdict(amount, spent, months - known)
    )


def _verdict(amount: float, spent: Range, missing: int) -> Verdict:
    if spent.low >= amount:
        return "does not hold"
    return "holds" if spent.high < amount and missing == 0 else "cannot be decided"


def _together(verdicts: list[Verdict]) -> Verdict:
    return verdicts[0] if len(set(verdicts)) == 1 else "cannot be decided"


def _first(end: date, months: int) -> date:
    """The first day of so many months that end on a day, itself the last of a month."""
    return add_months(end + timedelta(days=1), -months)


def _inside(day: date, spent: SpentBefore, end: date, months: int) -> int:
    """Months of a period that lie in the span of so many months before an end."""
    if day > end:
        return 0
    ago = (end.year - day.year) * 12 + end.month - day.month
    return max(0, min(spent.months, months - ago))


def _total(past: PastSpending, world: World, end: date, months: int, bound: Literal["low", "high"]) -> float:
    return sum(
        world.number(spent.low if bound == "low" else spent.high)
        * _inside(day, spent, end, months)
        / spent.months
        for day, spent in past.periods.items()
    )


def _swings(past: PastSpending, world: World, ends: list[date], scope: Range) -> dict[str, float]:
    """How far each unknown alone moves the sum, the others in the middle."""
    months = 12 * past.years
    totals = [
        Range(_total(past, world, end, months, "low"), _total(past, world, end, months, "high"))
        for end in ends
    ]
    middle = totals[0]
    return {
        UNKNOWN_SCOPE: (scope.high - scope.low) * middle.middle,
        UNKNOWN_AMOUNTS: scope.middle * (middle.high - middle.low),
        UNKNOWN_YEARS: scope.middle * abs(totals[-1].middle - middle.middle),
    }
