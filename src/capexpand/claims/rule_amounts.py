"""Rules about amounts: different values, totals against bounds, kinds of year, scopes, revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capexpand.claims.figures import (
    allowed,
    amount_words,
    at_the_same_time,
    days,
    groups_by_company,
    is_open,
    last_digit,
    money_words,
    period_words,
    same_subject,
    share_words,
    stated,
)
from capexpand.claims.findings import AtIssue, ClaimReading, Finding, PlanChange
from capexpand.claims.table import Claim

GAINS = ("share price gain", "stake value", "stake shares", "duration", "date", "other")
"""Measures that have rules of their own or no value to compare."""

BOUNDS = ("floor", "ceiling")
POINTS = ("total", "share", "count")


def _comparable(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if not is_open(claim) and claim.measure not in GAINS]


def _same_figure(first: Claim, second: Claim) -> bool:
    return first.unit == second.unit and same_subject(first, second) and at_the_same_time(first, second)


def subject_words(claim: Claim) -> str:
    """Write which figure a claim is about: its measure and its period."""
    period = period_words(claim)
    return f"{claim.measure}, {period}" if period else claim.measure


def by_words(claims: Sequence[Claim]) -> tuple[ClaimReading, ...]:
    """Put claims that say the same into one reading, in the order of the claims."""
    said: dict[str, list[Claim]] = {}
    for claim in claims:
        said.setdefault(amount_words(claim), []).append(claim)
    return tuple(
        ClaimReading(words, tuple(same), _as_change(same[0]) if same[0].measure == "spending" else None)
        for words, same in said.items()
    )


def _as_change(claim: Claim) -> PlanChange | None:
    if claim.amount is None or not claim.in_money:
        return None
    if claim.kind == "floor":
        return PlanChange(floor=claim.amount, currency=claim.unit)
    if claim.kind == "range" and claim.amount_high is not None:
        return PlanChange(cap=(claim.amount + claim.amount_high) / 2, currency=claim.unit)
    return PlanChange(cap=claim.amount, currency=claim.unit)


def _at_issue(low: float, high: float, claim: Claim, words: str = "") -> AtIssue:
    share = (high - low) / low if low else None
    between = share_words(high - low) if not claim.in_money else money_words(high - low, claim.unit)
    of = "" if share is None else f", {share_words(share)} of the lower"
    amount = high - low if claim.in_money else None
    return AtIssue(
        f"{words or 'between them '}{between}{of}", amount, claim.unit if claim.in_money else "", share
    )


def different_values(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find one figure told with values that cannot all be right, at one time and in one currency.

    Two floors, or two ceilings, differ where they differ as written. A conversion beside an amount on which
    all agree is left to the rule about rates.
    """
    every = _comparable(claims)

    def clash(one: Claim, two: Claim) -> bool:
        if not _same_figure(one, two) or (_is_conversion(one, every) and _is_conversion(two, every)):
            return False
        as_written = one.kind == two.kind and one.kind in BOUNDS
        first, second = (stated(one), stated(two)) if as_written else (allowed(one), allowed(two))
        return not first.meets(second)

    for group in groups_by_company(every, clash):
        if len(group) > 1:
            ends = [end for c in group for end in (c.amount, c.amount_high) if end is not None]
            yield Finding(
                "different values",
                group[0].company,
                subject_words(group[0]),
                "different values for one figure",
                by_words(group),
                _at_issue(min(ends), max(ends), group[0]),
            )


def _is_conversion(claim: Claim, claims: Sequence[Claim]) -> bool:
    """Tell whether the same amount stands beside a claim in another currency."""
    return any(beside(claim, other) for other in claims)


def beside(one: Claim, two: Claim) -> bool:
    """Tell whether two claims are one amount in two currencies: same place, subject, kind and period."""
    return (
        one.in_money
        and two.in_money
        and one.unit != two.unit
        and (one.document, one.source.place) == (two.document, two.source.place)
        and (one.company, one.measure, one.kind) == (two.company, two.measure, two.kind)
        and (one.period_start, one.period_end) == (two.period_start, two.period_end)
        and one.amount is not None
        and two.amount is not None
    )


def point_against_range(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find a figure told as one amount here and as a range, wider than its rounding, there."""
    every = _comparable(claims)
    for group in groups_by_company(every, _same_figure):
        ranges = [c for c in group if c.kind == "range"]
        points = [c for c in group if c.kind in (*POINTS, "approximate")]
        wide = [c for c in ranges if any(allowed(c).meets(allowed(p)) for p in points)]
        if not wide:
            continue
        low, high = min(c.amount or 0.0 for c in wide), max(c.amount_high or 0.0 for c in wide)
        if high - low > last_digit(high, wide[0].unit):
            yield Finding(
                "one amount against a range",
                wide[0].company,
                subject_words(wide[0]),
                "one amount here, a range there",
                by_words([*points, *wide]),
                _at_issue(low, high, wide[0], "the width of the range: "),
            )


def total_against_bound(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find one amount told as what is meant here, and as the least or the most of it there."""
    every = _comparable(claims)
    for group in groups_by_company(every, _same_figure):
        bounds = [c for c in group if c.kind in BOUNDS]
        points = [c for c in group if c.kind in (*POINTS, "approximate")]
        meeting = [c for c in (*points, *bounds) if _has_equal(c, bounds if c in points else points)]
        if not meeting:
            continue
        bound = next(c for c in meeting if c.kind in BOUNDS)
        yield Finding(
            "total against bound",
            bound.company,
            subject_words(bound),
            f"an amount here, a {bound.kind} there",
            by_words(meeting),
            _open_at_issue(bound),
        )


def _has_equal(claim: Claim, others: Sequence[Claim]) -> bool:
    return any(stated(claim).meets(stated(other)) for other in others)


def _open_at_issue(bound: Claim) -> AtIssue:
    amount = bound.amount or 0.0
    if not bound.in_money:
        return AtIssue(f"how far beyond {amount_words(bound)} it may be is open")
    side = "above" if bound.kind == "floor" else "below"
    tenth = money_words(amount / 10, bound.unit)
    ends = f"as an amount it ends at {money_words(amount, bound.unit)}"
    words = f"{ends}; as a {bound.kind} it is open, and each tenth {side} is {tenth}"
    return AtIssue(words, amount / 10, bound.unit, 0.1)


def calendar_against_fiscal(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find one amount laid into a calendar year here and into a fiscal year there."""
    every = [c for c in _comparable(claims) if c.period_basis in ("calendar", "fiscal")]

    def clash(one: Claim, two: Claim) -> bool:
        return (
            one.unit == two.unit
            and same_subject(one, two, least_overlap=0.01)
            and at_the_same_time_or_year(one, two)
            and one.period_basis != two.period_basis
            and days(one) != days(two)
            and _as_long(one, two)
            and stated(one).meets(stated(two))
        )

    for group in groups_by_company(every, clash):
        if len(group) < 2:
            continue
        calendar = next(c for c in group if c.period_basis == "calendar")
        fiscal = next(c for c in group if c.period_basis == "fiscal")
        apart = _time_apart(calendar, fiscal)
        amount = (calendar.amount or 0.0) * apart
        of = money_words(amount, calendar.unit) if calendar.in_money else share_words(amount)
        readings = tuple(
            ClaimReading(f"{amount_words(same[0])} in {words}", tuple(same))
            for words, same in _by_period(group).items()
        )
        yield Finding(
            "calendar against fiscal",
            calendar.company,
            calendar.measure,
            f"{amount_words(calendar)} for the calendar year here, for the fiscal year there",
            readings,
            AtIssue(
                f"{of}, {share_words(apart)} of it, spent evenly, falls into months that only one of the "
                f"years has",
                amount,
                calendar.unit,
                apart,
            ),
        )


def at_the_same_time_or_year(one: Claim, two: Claim) -> bool:
    """Tell whether two claims are near enough for one to repeat the other: within a quarter of a year."""
    return (
        one.known_on is not None
        and two.known_on is not None
        and abs((one.known_on - two.known_on).days) <= 92
    )


def _as_long(one: Claim, two: Claim) -> bool:
    first, second = days(one), days(two)
    if first is None or second is None:
        return False
    lengths = sorted((end - start).days for start, end in (first, second))
    return lengths[1] <= 1.1 * lengths[0]


def _time_apart(one: Claim, two: Claim) -> float:
    """Return which share of the first period is not in the second [fraction], in whole months."""
    first, second = days(one), days(two)
    if first is None or second is None:
        return 0.0
    both = (min(first[1], second[1]) - max(first[0], second[0])).days
    return round(12 * (1 - both / (first[1] - first[0]).days)) / 12


def _by_period(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    said: dict[str, list[Claim]] = {}
    for claim in claims:
        said.setdefault(period_words(claim), []).append(claim)
    return said


def scopes_differ(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find one amount of spending told for different things: AI, AI and cloud, the whole company."""
    every = [c for c in _comparable(claims) if c.measure == "spending" and c.scope != "not stated"]

    def same_amount(one: Claim, two: Claim) -> bool:
        return _same_figure(one, two) and allowed(one).meets(allowed(two))

    for group in groups_by_company(every, same_amount):
        scopes = dict.fromkeys(claim.scope for claim in group)
        if len(scopes) < 2:
            continue
        readings = tuple(
            ClaimReading(
                f"for {scope if scope != 'company' else 'the whole company'}",
                tuple(c for c in group if c.scope == scope),
            )
            for scope in scopes
        )
        amount = max(c.amount or 0.0 for c in group)
        yield Finding(
            "scopes differ",
            group[0].company,
            subject_words(group[0]),
            "one amount for different things",
            readings,
            AtIssue(
                f"each tenth that is for something else is {money_words(amount / 10, group[0].unit)}",
                amount / 10,
                group[0].unit,
                0.1,
            ),
        )


def revised_figures(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find figures for which a later word replaced an earlier one. These are no contradictions."""
    every = [c for c in claims if c.amount is not None and c.measure == "spending"]

    def same(one: Claim, two: Claim) -> bool:
        return one.unit == two.unit and same_subject(one, two, least_overlap=0.9)

    for group in groups_by_company(every, same):
        chain = sorted((c for c in group if c.known_on is not None), key=lambda c: str(c.known_on))
        told: list[Claim] = []
        for claim in chain:
            if not told or amount_words(told[-1]) != amount_words(claim):
                told.append(claim)
        if len({(c.amount, c.amount_high) for c in told}) < 2 or at_the_same_time(told[0], told[-1]):
            continue
        first, last = told[0], told[-1]
        readings = tuple(ClaimReading(f"{claim.known_on}: {amount_words(claim)}", (claim,)) for claim in told)
        change = (last.amount_high or last.amount or 0.0) - (first.amount_high or first.amount or 0.0)
        share = change / (first.amount_high or first.amount or 1.0)
        way = "more" if change >= 0 else "less"
        words = f"{money_words(abs(change), first.unit)} {way}, {share_words(abs(share))}"
        yield Finding(
            "revised",
            first.company,
            subject_words(first),
            "revised",
            readings,
            AtIssue(words, abs(change), first.unit, abs(share)),
            revised=True,
        )
