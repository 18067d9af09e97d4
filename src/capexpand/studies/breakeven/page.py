"""The page that says what must be believed, self-contained like every report."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version

from capexpand.reporting.bundle import javascript
from capexpand.reporting.charts.drawing import Chart
from capexpand.reporting.page import embed
from capexpand.reporting.page_tables import Row, Table
from capexpand.reporting.templating import environment
from capexpand.studies.breakeven import wording
from capexpand.studies.breakeven.break_even import BreakEven, Pair
from capexpand.studies.breakeven.charts import chance_chart, market_chart, pair_charts, room_chart
from capexpand.studies.breakeven.findings import BeliefFindings
from capexpand.studies.breakeven.market import Range
from capexpand.wording import MoneyScale, capitalised, money, number, percent, share

HEAD = ("Belief", "assumed", "once committed", "room", "planned for", "room")


@dataclass(frozen=True, slots=True)
class _Charts:
    room: Chart
    pairs: tuple[Chart, ...]
    chance: tuple[Chart, ...]
    market: tuple[Chart, ...]

    @property
    def all(self) -> tuple[Chart, ...]:
        return (self.room, *self.pairs, *self.chance, *self.market)


def belief_page(findings: BeliefFindings) -> str:
    """Returns the page as HTML that needs nothing from outside.

    Args:
        findings: of a programme.
    """
    scale = scale_of(findings)
    charts = _charts(findings, scale)
    market, past = findings.market, findings.past
    currency = findings.case.currency
    return (
        environment()
        .get_template("beliefs.html")
        .render(
            case=findings.case,
            provenance=findings.case.provenance,
            version=version("capexpand"),
            python=platform.python_version(),
            solver=findings.break_evens.valuation.result.plan.solver.solver,
            case_name=findings.case.provenance.path.absolute().parent.name,
            seed=findings.seed,
            distribution=findings.distribution,
            answers=wording.answers(findings),
            sentences=[wording.sentence_of(one) for one in findings.break_evens.single],
            transfer=findings.break_evens.transfer,
            tolerance=money(findings.break_evens.tolerance, currency),
            single=break_even_table(findings),
            pairs=pair_tables(findings),
            charts=charts,
            scale=scale,
            stake=("" if market is None else wording.stake_sentence(market)),
            gaps=() if market is None else wording.gap_sentences(market),
            moves=None if market is None else move_table(findings, scale),
            market_beliefs=None if market is None else market_belief_table(findings),
            past=None if past is None else past_table(findings, scale),
            missing=findings.missing,
            data=embed(charts.all),
            javascript=javascript(),
        )
    )


def scale_of(findings: BeliefFindings) -> MoneyScale:
    """Returns the unit in which money is shown.

    Args:
        findings: of a programme.
    """
    return MoneyScale.of(findings.break_evens.valuation.scale, findings.case.currency)


def _charts(findings: BeliefFindings, scale: MoneyScale) -> _Charts:
    known, market = findings.distribution, findings.market
    return _Charts(
        room=room_chart(findings.break_evens),
        pairs=pair_charts(findings.break_evens.pairs),
        chance=() if known is None else (chance_chart(findings, known, scale),),
        market=() if market is None else (market_chart(findings, market, scale),),
    )


def break_even_table(findings: BeliefFindings) -> Table:
    """Returns the break-evens, one row for each belief.

    Args:
        findings: of a programme.
    """
    found = findings.break_evens
    rows: list[Row] = []
    for name in dict.fromkeys(one.lever.name for one in found.single):
        planned, kept = found.of(name, "planned"), found.of(name, "committed")
        lever = (kept or planned or found.single[0]).lever
        cells = (
            lever.level(lever.assumed),
            wording.cell(kept),
            wording.room(kept),
            wording.cell(planned),
            wording.room(planned),
        )
        rows.append(Row(lever.title, (*cells, *_hours(findings, kept)), ""))
    head = (*HEAD, f"{findings.case.currency} an accelerator-hour there") if _has_hours(findings) else HEAD
    levels = "Levels without a unit are factors on what is assumed."
    used = wording.explained(" ".join(cell for row in rows for cell in row.cells))
    return Table("Break-even of each belief", head, tuple(rows), " ".join(filter(None, (levels, used))))


def _has_hours(findings: BeliefFindings) -> bool:
    return any(one.value_per_accelerator_hour is not None for one in findings.break_evens.single)


def _hours(findings: BeliefFindings, kept: BreakEven | None) -> tuple[str, ...]:
    if not _has_hours(findings):
        return ()
    value = None if kept is None else kept.value_per_accelerator_hour
    return ("–" if value is None else number(value),)


def pair_tables(findings: BeliefFindings) -> tuple[Table, ...]:
    """Returns the curves of pairs as tables.

    Args:
        findings: of a programme.
    """
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
    titles = {"committed": "once committed", "planned": "planned for"}
    head = (first.title, *(titles[pair.reading] for pair in ordered))
    title = f"{second.title} at break-even, by {first.title[:1].lower()}{first.title[1:]}"
    return Table(title, head, rows, wording.explained(" ".join(cell for row in rows for cell in row.cells)))


def move_table(findings: BeliefFindings, scale: MoneyScale) -> Table:
    """Returns what the market added by each move.

    Args:
        findings: with a market.
        scale: of money.
    """
    market = findings.market
    moves = () if market is None else market.moves

    def span(bounds: Range) -> str:
        return f"{scale.write(bounds.low)} to {scale.write(bounds.high)}"

    def chances(bounds: tuple[tuple[float, float], ...] | None) -> str:
        return "–" if bounds is None else f"{share(bounds[0][0])} to {share(bounds[1][0])}"

    head = (
        "Move",
        "in all",
        "of the market's own",
        "net",
        "due to the programme",
        f"a share, {findings.case.currency}",
        "for the stake",
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
    return Table(f"What the market added, in {scale.unit}", head, rows)


def _stake(bounds: Range | None, currency: str) -> str:
    """A stake is small beside a company, so it is written in its own unit."""
    if bounds is None:
        return "–"
    return f"{money(bounds.low, currency)} to {money(bounds.high, currency)}"


def market_belief_table(findings: BeliefFindings) -> Table:
    """Returns what would make the plan worth what the market added.

    Args:
        findings: with a market.
    """
    rows: list[Row] = []
    for target, found in findings.market_beliefs:
        rows.append(
            Row(
                f"{capitalised(target.name)}: {money(target.value, findings.case.currency)}",
                (),
                "group",
            )
        )
        for name in dict.fromkeys(one.lever.name for one in found):
            both = {one.reading: one for one in found if one.lever.name == name}
            cells = tuple(_needed(both.get(reading)) for reading in ("committed", "planned"))
            rows.append(Row(next(iter(both.values())).lever.title, cells))
    return Table("Beliefs that bear the market out", ("Belief", "once committed", "planned for"), tuple(rows))


def _needed(one: BreakEven | None) -> str:
    if one is None:
        return "–"
    if one.root.level is None:
        reach = f"{one.lever.level(one.lever.low)} to {one.lever.level(one.lever.high)}"
        return {"always": f"exceeded from {reach}", "never": f"not reached from {reach}"}.get(
            one.root.outcome, "not possible"
        )
    return one.lever.level(one.root.level)


def past_table(findings: BeliefFindings, scale: MoneyScale) -> Table:
    """Returns what was spent before, by scope and years.

    Args:
        findings: with past spending.
        scale: of money.
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
    return Table(
        "Spent before", ("Scope and years", scale.unit, "at most, of the programme", "the claim"), rows
    )
