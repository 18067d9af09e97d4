"""The tables of a break-even study, the same for the page and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from capexpand.reporting.blocks import Column, Row, Table, table
from capexpand.studies.breakeven import wording
from capexpand.studies.breakeven.break_even import BreakEven, Pair
from capexpand.studies.breakeven.findings import BreakevenFindings
from capexpand.studies.breakeven.market import Range
from capexpand.wording import MoneyScale, capitalised, money, number, percent, share

HEAD = (
    "Driver",
    "assumed",
    "orders fixed",
    Column("headroom", in_terminal=False),
    "re-optimised",
    Column("headroom", in_terminal=False),
)


def scale_of(findings: BreakevenFindings) -> MoneyScale:
    """Return the unit in which money is shown."""
    return MoneyScale.of(findings.break_evens.valuation.scale, findings.case.currency)


def break_even_table(findings: BreakevenFindings) -> Table:
    """Return the break-evens, one row for each driver."""
    found = findings.break_evens
    rows: list[Row] = []
    for name in dict.fromkeys(one.driver.name for one in found.single):
        planned, kept = found.of(name, "planned"), found.of(name, "committed")
        driver = (kept or planned or found.single[0]).driver
        cells = (
            driver.level(driver.assumed),
            wording.cell(kept),
            wording.headroom(kept),
            wording.cell(planned),
            wording.headroom(planned),
        )
        rows.append(Row(driver.title, (*cells, *_hours(findings, kept))))
    hours = Column(f"{findings.case.currency} an accelerator-hour there", in_terminal=False)
    head = (*HEAD, hours) if _has_hours(findings) else HEAD
    levels = "Levels without a unit are factors on what is assumed."
    used = _explained(rows)
    return table("Break-even of each driver", head, tuple(rows), " ".join(filter(None, (levels, used))))


def _explained(rows: Sequence[Row]) -> str:
    return wording.explained(" ".join(text for row in rows for text in row.texts))


def _has_hours(findings: BreakevenFindings) -> bool:
    return any(one.value_per_accelerator_hour is not None for one in findings.break_evens.single)


def _hours(findings: BreakevenFindings, kept: BreakEven | None) -> tuple[str, ...]:
    if not _has_hours(findings):
        return ()
    value = None if kept is None else kept.value_per_accelerator_hour
    return ("–" if value is None else number(value),)


def pair_tables(findings: BreakevenFindings) -> tuple[Table, ...]:
    """Return the curves of pairs as tables."""
    pairs = findings.break_evens.pairs
    names = list(dict.fromkeys((pair.first.name, pair.second.name) for pair in pairs))
    return tuple(
        _pair_table([pair for pair in pairs if (pair.first.name, pair.second.name) == key]) for key in names
    )


def _pair_table(pairs: list[Pair]) -> Table:
    first, second = pairs[0].first, pairs[0].second
    ordered = sorted(pairs, key=lambda pair: pair.reading)
    words = {"always": "pays throughout", "never": "never pays", "impossible": "not possible"}
    rows = tuple(
        Row(
            first.level(level),
            tuple(
                words[root.outcome]
                if root.level is None
                else f"{second.level(root.level)}{wording.marks(root)}"
                for root in (pair.roots[place] for pair in ordered)
            ),
        )
        for place, level in enumerate(ordered[0].levels)
    )
    titles = {"committed": "orders fixed", "planned": "re-optimised"}
    head = (first.title, *(titles[pair.reading] for pair in ordered))
    title = f"{second.title} at break-even, by {first.title[:1].lower()}{first.title[1:]}"
    return table(title, head, rows, _explained(rows))


def move_table(findings: BreakevenFindings, scale: MoneyScale) -> Table:
    """Return what the market added by each move."""
    market = findings.market
    moves = () if market is None else market.moves

    def span(bounds: Range) -> str:
        return f"{scale.write(bounds.low)} to {scale.write(bounds.high)}"

    def chances(bounds: tuple[tuple[float, float], ...] | None) -> str:
        return "–" if bounds is None else f"{share(bounds[0][0])} to {share(bounds[1][0])}"

    head = (
        "Move",
        Column("in all", in_terminal=False),
        Column("of the market's own", in_terminal=False),
        "net",
        "due to the programme",
        Column("a share", findings.case.currency, in_terminal=False),
        Column("for the stake", in_terminal=False),
        "chance that the plan is worth it",
    )
    rows = tuple(
        Row(
            move.title,
            (
                scale.write(move.gross),
                span(move.of_index),
                span(move.net),
                span(move.programme),
                f"{number(move.per_share.low)} to {number(move.per_share.high)}",
                _stake(move.for_stake, findings.case.currency),
                chances(move.chance),
            ),
        )
        for move in moves
    )
    return table(f"What the market added, in {scale.unit}", head, rows)


def _stake(bounds: Range | None, currency: str) -> str:
    """A stake is small beside a company, so it is written in its own unit."""
    if bounds is None:
        return "–"
    return f"{money(bounds.low, currency)} to {money(bounds.high, currency)}"


def market_break_even_table(findings: BreakevenFindings) -> Table:
    """Return what would make the plan worth what the market added."""
    rows: list[Row] = []
    for target, found in findings.market_break_evens:
        rows.append(
            Row(
                f"{capitalised(target.name)}: {money(target.value, findings.case.currency)}",
                (),
                "group",
            )
        )
        for name in dict.fromkeys(one.driver.name for one in found):
            both = {one.reading: one for one in found if one.driver.name == name}
            cells = tuple(_needed(both.get(reading)) for reading in ("committed", "planned"))
            rows.append(Row(next(iter(both.values())).driver.title, cells))
    return table(
        "Values implied by the share-price reaction", ("Driver", "orders fixed", "re-optimised"), tuple(rows)
    )


def _needed(one: BreakEven | None) -> str:
    if one is None:
        return "–"
    if one.root.level is None:
        reach = f"{one.driver.level(one.driver.low)} to {one.driver.level(one.driver.high)}"
        return {"always": f"exceeded from {reach}", "never": f"not reached from {reach}"}.get(
            one.root.outcome, "not possible"
        )
    return one.driver.level(one.root.level)


def past_table(findings: BreakevenFindings, scale: MoneyScale) -> Table:
    """Return what was spent before, by scope and years.

    Args:
        findings: with past spending.
    """
    past = findings.past
    rows = tuple(
        Row(
            f"{capitalised(one.scope)}, {one.first} to {one.last}",
            (
                f"{scale.write(one.spent.low)} to {scale.write(one.spent.high)}",
                percent(one.spent.high / past.amount) if past.amount > 0 else "–",
                one.verdict,
            ),
        )
        for one in (past.sums if past else ())
        if past is not None
    )
    return table(
        "Spent before", ("Scope and years", scale.unit, "at most, of the programme", "the claim"), rows
    )
