"""The rule about exchange rates: amounts in two currencies imply one, and those must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from capexpand.catalogue.rows import SiteCost
from capexpand.catalogue.views import site_costs
from capexpand.claims.figures import (
    Span,
    at_the_same_time,
    budget_of,
    groups,
    money_words,
    share_words,
    stated,
)
from capexpand.claims.findings import AtIssue, ClaimReading, Finding, PlanChange
from capexpand.claims.rule_amounts import beside
from capexpand.claims.table import Claim

SAME_RATE = 0.005
"""How far the rate of the day may lie from an implied one: rates move, and days differ [fraction]."""

NO_DIFFERENCE = 1e-4
"""An implied rate so near to that of the day is the same one [fraction]."""

NEAR_DAYS = 120
"""How old a rate of the day may be [days]."""


@dataclass(frozen=True, slots=True)
class ImpliedRate:
    """The rate that an amount in two currencies implies.

    Args:
        home: the claim in the currency of which more make one of the other.
        foreign: the claim in the other.
    """

    home: Claim
    foreign: Claim

    @property
    def rate(self) -> float:
        """Units of the home currency for one of the foreign."""
        return (self.home.amount or 0.0) / (self.foreign.amount or 1.0)

    @property
    def span(self) -> Span:
        """The rates that the amounts, as rounded, leave open."""
        home, foreign = stated(self.home), stated(self.foreign)
        return Span(home.low / foreign.high, home.high / foreign.low)


@dataclass(frozen=True, slots=True)
class DayRate:
    """A rate that the catalogue holds: units of ``home`` for one of ``foreign``, on a day."""

    home: str
    foreign: str
    rate: float
    known_on: date
    label: str
    url: str


def day_rates(rows: Sequence[SiteCost] | None = None) -> tuple[DayRate, ...]:
    """List the exchange rates of the catalogue that were taken from a release or a market, not from a report.

    Args:
        rows: of the catalogue's table of costs; all of it if None.
    """
    found: list[DayRate] = []
    for row in site_costs() if rows is None else rows:
        pair, _, label = row.region.partition(" (")
        if (
            row.metric == "fx_rate"
            and row.known_on is not None
            and not row.source.url.startswith("news-report:")
        ):
            home, _, foreign = pair.partition(" per ")
            found.append(DayRate(home, foreign, row.value, row.known_on, label.rstrip(")"), row.source.url))
    return tuple(found)


def implied_rates(claims: Sequence[Claim]) -> tuple[ImpliedRate, ...]:
    """List the rates that amounts told in two currencies imply; nothing and losses imply none."""
    places: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claims:
        if claim.in_money and claim.amount is not None and stated(claim).low > 0:
            places.setdefault((claim.document, claim.source.place, claim.company), []).append(claim)
    pairs = (
        sorted(pair, key=lambda c: -(c.amount or 0.0))
        for same in places.values()
        for pair in combinations(same, 2)
        if beside(*pair)
    )
    return tuple(ImpliedRate(home, foreign) for home, foreign in pairs)


def rates_disagree(claims: Sequence[Claim], rates: Sequence[DayRate] | None = None) -> Iterator[Finding]:
    """Find implied exchange rates that differ by more than rounding, from each other or from that of the day.

    Args:
        rates: of the day; those of the catalogue if None.
    """
    known = day_rates() if rates is None else rates

    def together(one: ImpliedRate, two: ImpliedRate) -> bool:
        return (
            (one.home.company, one.home.unit, one.foreign.unit)
            == (two.home.company, two.home.unit, two.foreign.unit)
        ) and at_the_same_time(one.home, two.home)

    for group in groups(implied_rates(claims), together):
        day = _nearest(group[0], known)
        apart = any(not one.span.meets(two.span) for one, two in combinations(group, 2))
        if apart or (day is not None and any(_off(one, day) for one in group)):
            yield _finding(group, day, claims)


def _nearest(implied: ImpliedRate, rates: Sequence[DayRate]) -> DayRate | None:
    told = implied.home.known_on
    fitting = [r for r in rates if (r.home, r.foreign) == (implied.home.unit, implied.foreign.unit)]
    if told is None or not fitting:
        return None
    nearest = min(fitting, key=lambda r: abs((r.known_on - told).days))
    return nearest if abs((nearest.known_on - told).days) <= NEAR_DAYS else None


def _off(implied: ImpliedRate, day: DayRate) -> bool:
    return not implied.span.meets(Span(day.rate * (1 - SAME_RATE), day.rate * (1 + SAME_RATE)))


def _finding(group: Sequence[ImpliedRate], day: DayRate | None, claims: Sequence[Claim]) -> Finding:
    home, foreign = group[0].home.unit, group[0].foreign.unit
    said: dict[float, list[ImpliedRate]] = {}
    for one in group:
        said.setdefault(round(one.rate, 6), []).append(one)
    budget = budget_of(group[0].home.company, claims, group[0].foreign)
    promised = budget.amount if budget is not None and budget.unit == foreign else None
    readings = [_reading(same, promised) for same in said.values()]
    readings.sort(key=lambda reading: reading.change.rate or 0.0 if reading.change is not None else 0.0)
    if day is not None and all(abs(rate / day.rate - 1) > NO_DIFFERENCE for rate in said):
        converted = _converted(promised, day.rate, home, foreign)
        words = f"{_rate_words(day.rate, home, foreign)}: {day.label}{converted}"
        readings.append(ClaimReading(words, (), PlanChange(currency=foreign, rate=day.rate)))
    values = [
        reading.change.rate for reading in readings if reading.change is not None and reading.change.rate
    ]
    return Finding(
        "exchange rates",
        group[0].home.company,
        f"{home} per {foreign}",
        "amounts in two currencies imply rates that differ by more than rounding",
        tuple(readings),
        _at_issue(group[0], min(values), max(values), promised),
    )


def _rate_words(rate: float, home: str, foreign: str) -> str:
    return f"{rate:.2f} {home} per {foreign}"


def _converted(promised: float | None, rate: float, home: str, foreign: str) -> str:
    if promised is None:
        return ""
    return f"; {money_words(promised, foreign)} would be {money_words(promised * rate, home)}"


def _reading(same: Sequence[ImpliedRate], promised: float | None) -> ClaimReading:
    """One conversion, with the rates that its rounding leaves open, and what it makes of the programme."""
    one = same[0]
    home, foreign = one.home.unit, one.foreign.unit
    words = (
        f"{_rate_words(one.rate, home, foreign)}: {money_words(one.home.amount or 0.0, home, 5)} = "
        f"{money_words(one.foreign.amount or 0.0, foreign, 5)} (rounding leaves {one.span.low:.3f} to "
        f"{one.span.high:.3f})"
        f"{_converted(promised, one.rate, home, foreign)}"
    )
    return ClaimReading(words, tuple(each.home for each in same), PlanChange(currency=foreign, rate=one.rate))


def _at_issue(one: ImpliedRate, low: float, high: float, promised: float | None) -> AtIssue:
    home, apart = one.home.unit, high / low - 1
    if promised is None:
        return AtIssue(
            f"the rates lie {share_words(apart)} apart; no programme beside them to apply it to", share=apart
        )
    between = promised * (high - low)
    return AtIssue(
        f"{money_words(between, home, 2)} between the lowest and the highest, {share_words(apart)} of the "
        f"programme",
        between,
        home,
        apart,
    )
