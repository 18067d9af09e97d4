"""The sheet of a history: the chain of plans, and the ledger of regret."""

from __future__ import annotations

import platform
from importlib.metadata import version

from capexpand.reporting.blocks import Answer, Charts, Fact, Paragraph, Row, Section, Table, columns
from capexpand.reporting.charts import palette
from capexpand.reporting.charts.bars import grouped_bars
from capexpand.reporting.charts.drawing import Chart, Part, Series
from capexpand.reporting.serial import money as plain_money
from capexpand.reporting.sheet import Sheet
from capexpand.studies.roll.history import History
from capexpand.wording import MoneyScale, money, of_each, percent, sentence

BASIS = (
    "The world of the ledger is the oldest case with the facts and assumptions of the newest plan. Its best "
    "objective is what perfect knowledge would have reached. The orders of each period are then held as they "
    "were decided, one period after the other: what the objective loses is the regret of that period's "
    "decisions, in money of the oldest plan's start. It is what it cost to know less, not a fault."
)


def history_sheet(found: History) -> Sheet:
    """Return the sheet of a history."""
    import polars as pl

    ledger = _ledger(found)
    rows = [
        (one.label, one.as_of, one.first, one.last, one.planned * 1e6, one.ordered * 1e6,
         None if one.regret is None else one.regret * 1e6)
        for one in found.periods
    ]  # fmt: skip
    schema = {"plan": pl.String, "as_of": pl.Date, "first": pl.String, "last": pl.String}
    amounts = dict.fromkeys(("planned", "ordered", "regret"), pl.Float64)
    return Sheet(
        kind="history",
        title=f"{found.title}: the chain of plans",
        description="What was decided on what knowledge, and what it cost.",
        facts=(
            Fact("Plans", str(len(found.periods))),
            Fact("From", found.periods[0].first),
            Fact("Money in", found.currency),
        ),
        answers=_answers(found),
        sections=(
            Section("ledger", "The ledger of regret", (Charts(_charts(found)), ledger, Paragraph(BASIS))),
        ),
        summary=(ledger,),
        document={
            "currency": found.currency,
            "hindsight": plain_money(found.hindsight),
            "reached": plain_money(found.reached),
            "regret": plain_money(found.regret),
            "periods": [
                {
                    "plan": one.label,
                    "as_of": one.as_of,
                    "first": one.first,
                    "last": one.last,
                    "planned": plain_money(one.planned),
                    "ordered": plain_money(one.ordered),
                    "regret": None if one.regret is None else plain_money(one.regret),
                }
                for one in found.periods
            ],
        },
        document_name="history.json",
        about={
            "kind": "history",
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "cases": list(found.hashes),
        },
        tables={"ledger": pl.DataFrame(rows, {**schema, **amounts}, orient="row")},
    )


def _answers(found: History) -> tuple[Answer, ...]:
    currency = found.currency
    decided = [one for one in found.periods if one.regret is not None]
    worst = max(decided, key=lambda one: one.regret or 0.0)
    share = (
        "" if found.hindsight <= 0 else f", {percent(found.regret / found.hindsight)} of what was to be had"
    )
    whole = sentence(
        f"{of_each(len(decided), 'period is', 'periods are')} over. With what is known now the best "
        f"objective would have been {money(found.hindsight, currency)}; {money(found.reached, currency)} can "
        f"still be reached, so {money(found.regret, currency)} was lost{share}"
    )
    most = "No decision is regretted."
    if (worst.regret or 0.0) > 1e-9 * max(1.0, abs(found.hindsight)):
        most = sentence(
            f"That of {worst.first} to {worst.last}, on the knowledge of {worst.as_of}: "
            f"{money(worst.regret or 0.0, currency)}"
        )
    return (
        Answer("What did it cost not to know?", whole),
        Answer("Which decision is regretted most?", most),
    )


def _ledger(found: History) -> Table:
    currency = found.currency

    def cells(place: int) -> tuple[str, ...]:
        one = found.periods[place]
        regret = "open" if one.regret is None else money(one.regret, currency)
        return (
            str(one.as_of),
            one.first if one.first == one.last else f"{one.first} to {one.last}",
            money(one.ordered, currency),
            money(one.planned, currency),
            regret,
        )

    rows = tuple(Row(one.label, cells(place)) for place, one in enumerate(found.periods))
    head = columns("Plan", "as of", "decides", "ordered", "objective then", "regret")
    return Table("The ledger of regret", head, rows)


def _charts(found: History) -> tuple[Chart, ...]:
    largest = max((one.regret or 0.0 for one in found.periods), default=0.0)
    scale = MoneyScale.of(largest, found.currency)
    rows = [
        {
            "p": one.first if one.first == one.last else f"{one.first} to {one.last}",
            "s": "regret",
            "v": float(f"{(one.regret or 0.0) / scale.divisor:.5g}"),
            "t": scale.write(one.regret or 0.0),
            "o": 0,
        }
        for one in found.periods
        if one.regret is not None
    ]
    spec = grouped_bars(rows, (Part("regret", palette.BAD),), scale.unit)
    legend = (Series("regret", palette.BAD, ()),)
    note = f"What the decisions of each period lost, in {scale.unit}."
    return (Chart("regret", "What it cost not to know", note, spec, legend, tuple(rows), shaded=False),)
