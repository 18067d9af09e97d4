"""Rules about shares and sums: gains that differ, a stake against the price, parts that miss their total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from capexpand.claims.companies import members
from capexpand.claims.figures import (
    Span,
    allowed,
    amount_words,
    at_the_same_time,
    budget_of,
    groups_by_company,
    is_open,
    money_words,
    overlap,
    same_subject,
    share_words,
)
from capexpand.claims.findings import AtIssue, ClaimReading, Finding
from capexpand.claims.rule_amounts import by_words, subject_words
from capexpand.claims.table import Claim


def gains_differ(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find gains of one share price over one period that differ by more than rounding.

    What is at issue follows where a gain in market value over the same time is claimed, too: what the company
    was worth before is that gain divided by the share's.
    """
    gains = [
        c for c in claims if c.measure == "share price gain" and not is_open(c) and c.period_start is not None
    ]

    def clash(one: Claim, two: Claim) -> bool:
        return (
            same_subject(one, two, least_overlap=0.9)
            and at_the_same_time(one, two)
            and not allowed(one).meets(allowed(two))
        )

    for group in groups_by_company(gains, clash):
        if len(group) > 1:
            first = group[0]
            yield Finding(
                "share-price gains",
                first.company,
                subject_words(first),
                "different gains",
                tuple(_with_note(reading) for reading in by_words(group)),
                _worth(group, claims),
            )


def _with_note(reading: ClaimReading) -> ClaimReading:
    """Say beside a gain what is known of its market, since gains differ between markets."""
    notes = dict.fromkeys(claim.notes.rstrip(".") for claim in reading.claims if claim.notes)
    note = next(iter(notes), "")
    return replace(reading, words=f"{reading.words} ({note[0].lower()}{note[1:]})") if note else reading


def _worth(gains: Sequence[Claim], claims: Sequence[Claim]) -> AtIssue:
    low, high = min(c.amount or 0.0 for c in gains), max(c.amount or 0.0 for c in gains)
    first = gains[0]
    grown = [
        c
        for c in claims
        if c.company == first.company
        and c.measure == "market value gain"
        and overlap(c, first) >= 0.9
        and c.amount
    ]
    if not grown or low <= 0:
        return AtIssue(f"{share_words(high - low)} of the market value before, which no claim gives")
    value, unit = grown[0].amount or 0.0, grown[0].unit
    between = value / low - value / high
    budget = budget_of(first.company, claims, grown[0])
    share = between / budget.amount if budget is not None and budget.unit == unit and budget.amount else None
    of = "" if share is None else f", {share_words(share)} of the programme"
    words = (
        f"a market value that grew by {amount_words(grown[0])} was {money_words(value / high, unit, 3)} or "
        f"{money_words(value / low, unit, 3)} before: {money_words(between, unit, 2)} between them{of}"
    )
    return AtIssue(words, between, unit, share)


def stake_against_price(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find a stake whose value and number of shares imply a price that a claim of the price excludes."""
    prices = [c for c in claims if c.measure == "share price" and not is_open(c)]
    implied = list(_implied_prices(claims))
    for value, shares, span in implied:
        for price in prices:
            near = (
                price.company == value.company and price.unit == value.unit and at_the_same_time(price, value)
            )
            if near and not allowed(price).meets(span):
                yield _price_finding((value, shares, span), price)


def _implied_prices(claims: Sequence[Claim]) -> Iterator[tuple[Claim, Claim, Span]]:
    for one in claims:
        for two in claims:
            side_by_side = (one.document, one.source.place, one.company) == (
                two.document,
                two.source.place,
                two.company,
            )
            if (
                side_by_side
                and one.measure == "stake value"
                and two.measure == "stake shares"
                and one.amount
                and two.amount
            ):
                value, shares = allowed(one), allowed(two)
                if shares.low > 0:
                    yield one, two, Span(value.low / shares.high, value.high / shares.low)


def _price_finding(implied: tuple[Claim, Claim, Span], price: Claim) -> Finding:
    value, shares, _ = implied
    each = (value.amount or 0.0) / (shares.amount or 1.0)
    worth = (price.amount or 0.0) * (shares.amount or 0.0)
    between = abs(worth - (value.amount or 0.0))
    return Finding(
        "stake against price",
        value.company,
        "share price",
        "a stake's value and shares imply another price than the one told",
        (
            ClaimReading(
                f"{amount_words(value)} for {amount_words(shares)}: {money_words(each, value.unit)} a share",
                (value, shares),
            ),
            ClaimReading(
                f"{amount_words(price)} a share: {money_words(worth, value.unit)} for the stake", (price,)
            ),
        ),
        AtIssue(f"the stake is worth {money_words(between, value.unit)} more or less", between, value.unit),
    )


def sums_that_miss(claims: Sequence[Claim]) -> Iterator[Finding]:
    """Find totals of a group of companies that their members' figures for the same period do not add up to.

    A member counts with the last figure known by the day of the total, or else with its first after that.
    """
    every = [c for c in claims if not is_open(c)]
    for total in every:
        names = members(total.company)
        parts = [part for name in names if (part := _part(name, total, every)) is not None]
        if not names or len(parts) < len(names):
            continue
        spans = [allowed(part) for part in parts]
        due = Span(sum(span.low for span in spans), sum(span.high for span in spans))
        if allowed(total).meets(due):
            continue
        yield _sum_finding(total, parts, due)


def _part(name: str, total: Claim, claims: Sequence[Claim]) -> Claim | None:
    own = [
        c
        for c in claims
        if c.company == name
        and (c.measure, c.unit) == (total.measure, total.unit)
        and overlap(c, total) >= 0.9
        and c.known_on
    ]
    if total.known_on is None:
        return None
    before = [c for c in own if c.known_on is not None and c.known_on <= total.known_on]
    if before:
        return max(before, key=lambda c: str(c.known_on))
    return min(own, key=lambda c: str(c.known_on), default=None)


def _sum_finding(total: Claim, parts: Sequence[Claim], due: Span) -> Finding:
    missing = (
        allowed(total).low - due.high if allowed(total).low > due.high else due.low - allowed(total).high
    )
    amount = total.amount or 1.0
    listed = ", ".join(f"{part.company} {amount_words(part)}{_later(part, total)}" for part in parts)
    return Finding(
        "sums",
        total.company,
        subject_words(total),
        "the parts miss the total",
        (
            ClaimReading(f"the total: {amount_words(total)}", (total,)),
            ClaimReading(
                f"the parts: {money_words(due.low, total.unit, 3)} to "
                f"{money_words(due.high, total.unit, 3)}: {listed}",
                tuple(parts),
            ),
        ),
        AtIssue(
            f"at least {money_words(missing, total.unit, 3)}, {share_words(missing / amount)} of the "
            f"total, is not accounted for",
            missing,
            total.unit,
            missing / amount,
        ),
    )


def _later(part: Claim, total: Claim) -> str:
    known, due = part.known_on, total.known_on
    return f" (known only on {known})" if known is not None and due is not None and known > due else ""
