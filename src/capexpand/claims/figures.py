"""Compares claims: how exact an amount is, which values it allows, whether two are about the same thing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from capexpand.claims.table import FRACTION, SHARES, Claim

SAME_TIME_DAYS = 31
"""Claims known within so many days speak of one moment; a later one may be a revision [days]."""

LEAST_DIGIT = {FRACTION: 0.01, SHARES: 1e6}
LEAST_DIGIT_MONEY = 1e9
"""News reports write whole billions and whole per cent, whatever zeros they end with."""

ABOUT = 0.05
"""How far a figure that is called approximate may lie from the truth [fraction]."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Span:
    """Values between ``low`` and ``high``; one on the edge may round either way and counts for neither."""

    low: float
    high: float

    def meets(self, other: Span) -> bool:
        """Tell whether both allow one value."""
        return self.low < other.high and other.low < self.high


def last_digit(amount: float, unit: str) -> float:
    """Return the size of the last digit that was written, at most that of news reports in general.

    Args:
        amount: as stated, in whole units.
    """
    most = LEAST_DIGIT.get(unit, LEAST_DIGIT_MONEY)
    if amount == 0:
        return most
    digits = f"{abs(amount):.12e}"
    mantissa, exponent = digits.split("e")
    last = len(mantissa.rstrip("0").rstrip(".").replace(".", "")) - 1
    if unit not in LEAST_DIGIT:
        most = min(
            most, 10.0 ** (int(exponent) - 1)
        )  # a billion is more exact than from a half to one and a half
    return min(most, 10.0 ** (int(exponent) - last))


def stated(claim: Claim) -> Span:
    """Return the values that round to what was written, whatever is said of them."""
    if claim.amount is None:
        return Span(-math.inf, math.inf)
    high = claim.amount if claim.amount_high is None else claim.amount_high
    return Span(
        claim.amount - last_digit(claim.amount, claim.unit) / 2, high + last_digit(high, claim.unit) / 2
    )


def allowed(claim: Claim) -> Span:
    """Return the values that a claim allows: above a floor, below a ceiling, about an approximate amount."""
    span = stated(claim)
    if claim.kind == "floor":
        return Span(span.low, math.inf)
    if claim.kind == "ceiling":
        return Span(-math.inf, span.high)
    if claim.kind == "approximate" and claim.amount is not None:
        about = abs(claim.amount) * ABOUT
        return Span(min(span.low, claim.amount - about), max(span.high, claim.amount + about))
    return span


def at_the_same_time(first: Claim, second: Claim) -> bool:
    """Tell whether two claims became known so close that neither revises the other."""
    if first.known_on is None or second.known_on is None:
        return False
    return abs((first.known_on - second.known_on).days) <= SAME_TIME_DAYS


def days(claim: Claim) -> tuple[date, date] | None:
    """Return the first day of a claim's period and the day after its last; None where it has none."""
    if claim.period_start is None or claim.period_end is None:
        return None
    return claim.period_start, claim.period_end + timedelta(days=1)


def overlap(first: Claim, second: Claim) -> float:
    """Return which share of the time that either of two periods covers is in both [fraction]."""
    one, two = days(first), days(second)
    if one is None or two is None:
        return 1.0 if one == two else 0.0
    both = (min(one[1], two[1]) - max(one[0], two[0])).days
    either = (max(one[1], two[1]) - min(one[0], two[0])).days
    return max(both, 0) / either


def same_subject(first: Claim, second: Claim, *, least_overlap: float = 0.5) -> bool:
    """Tell whether two claims are about one company, one measure and, for most of it, one period."""
    return (
        first.company == second.company
        and first.measure == second.measure
        and overlap(first, second) >= least_overlap
    )


def groups(claims: Iterable[Item], related: Callable[[Item, Item], bool]) -> list[list[Item]]:
    """Put together what is related, directly or through others, in the order given."""
    found: list[list[Item]] = []
    for item in claims:
        joined = [group for group in found if any(related(item, other) for other in group)]
        for group in joined:
            found.remove(group)
        found.append([each for group in joined for each in group] + [item])
    return found


def groups_by_company(
    claims: Iterable[Claim], related: Callable[[Claim, Claim], bool]
) -> Iterator[list[Claim]]:
    """Put together related claims of each company in one currency; those of two are never related.

    Args:
        related: whether two of one company and unit belong together.
    """
    told: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        told.setdefault((claim.company, claim.unit), []).append(claim)
    for same in told.values():
        yield from groups(same, related)


def is_open(claim: Claim) -> bool:
    """Tell whether a claim is a mere forecast or consideration, or has no amount at all."""
    return claim.amount is None or claim.kind in ("forecast", "under consideration")


def number_words(value: float, digits: int = 6) -> str:
    """Write a number without needless zeros, thousands separated."""
    words = f"{value:,.{digits}g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return words.replace("-", "−")


def money_words(amount: float, currency: str, digits: int = 4) -> str:
    """Write an amount [whole units of the currency] as billions or millions of it."""
    for size, word in ((1e9, "bn "), (1e6, "mn ")):
        if abs(amount) >= size:
            return f"{number_words(amount / size, digits)} {word}{currency}"
    return f"{number_words(amount, digits)} {currency}"


def share_words(fraction: float) -> str:
    """Write a share [fraction] in per cent."""
    percent = 100 * fraction
    return f"{percent:.0f} %" if abs(percent) >= 10 else f"{percent:.2g} %"


_BEFORE = {"floor": "more than ", "ceiling": "up to ", "approximate": "about ", "forecast": "forecast "}


def amount_words(claim: Claim) -> str:
    """Write the amount of a claim with what is said of it, such as ``more than 380 bn CNY``."""
    if claim.amount is None:
        return {"record": "a record", "day": str(claim.period_start)}.get(claim.kind, claim.kind)
    ends = [claim.amount] if claim.amount_high is None else [claim.amount, claim.amount_high]
    if claim.unit == FRACTION:
        words = " to ".join(number_words(100 * end, 4) for end in ends) + " %"
    elif claim.in_money:
        written = [money_words(end, claim.unit, 5) for end in ends]
        if len({words.partition(" ")[2] for words in written}) == 1:  # the unit once, at the end
            written = [*(words.partition(" ")[0] for words in written[:-1]), written[-1]]
        words = " to ".join(written)
    else:
        size = ends[0]
        words = f"{number_words(size / 1e6)} mn {claim.unit}" if size >= 1e6 else f"{size:g} {claim.unit}"
    after = ", under consideration" if claim.kind == "under consideration" else ""
    return f"{_BEFORE.get(claim.kind, '')}{words}{after}"


def period_words(claim: Claim) -> str:
    """Write the period of a claim: a year, a fiscal year, or its days; an undated one by its length."""
    span = days(claim)
    if span is None or claim.kind == "day":
        return ""
    start, after = span
    months = (after.year - start.year) * 12 + after.month - start.month
    last = after - timedelta(days=1)
    if claim.period_basis == "undated" and start.day == after.day and months % 12 == 0:
        ahead = claim.known_on is None or after > claim.known_on
        return f"{months // 12} years, {'from' if ahead else 'to'} {start if ahead else after:%b %Y}"
    if start.day == after.day == 1 and claim.period_basis != "undated":
        if months == 12:
            return str(start.year) if start.month == 1 else f"fiscal year to {last:%b %Y}"
        if months == 3:
            return f"quarter to {last:%b %Y}"
    first = f"{start:%d %b}" if start.year == last.year else f"{start:%d %b %Y}"
    return f"{first} to {last:%d %b %Y}"


def budget_of(company: str, claims: Sequence[Claim], near: Claim | None = None) -> Claim | None:
    """Pick the claim that stands for a company's programme: its own word on spending, told when ``near`` was.

    Args:
        near: prefer what became known at the same time as this, and in its currency.
    """
    own = [c for c in claims if c.company == company and c.measure == "spending" and not is_open(c)]
    if near is not None:
        own = [c for c in own if at_the_same_time(c, near)]
        own = [c for c in own if c.unit == near.unit] or own
    return max(own, key=lambda c: (c.kind == "total", c.amount or 0.0), default=None)
