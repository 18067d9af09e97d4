"""The sheet of a study: who leads, what makes the difference, where each level stands, what has no plan.

The table is only ever asked through a lazy frame, and pictures show a sample, so a page of a million rows is
as small and nearly as quick as one of a thousand.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from capexpand.reporting.blocks import (
    Answer,
    Block,
    Cell,
    Charts,
    Column,
    Fact,
    Paragraph,
    Row,
    Section,
    Table,
    table,
)
from capexpand.reporting.charts import studies
from capexpand.reporting.charts.drawing import Chart, rounded, svg
from capexpand.reporting.serial import Document
from capexpand.reporting.sheet import Sheet
from capexpand.studies.study.manifest import PLAN
from capexpand.wording import MoneyScale, count, listing, number, of_each, percent

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

SHOWN = 25
"""Items of the ranking on the page; the table ``ranking`` of the run folder has more."""
RANKED = 1000
SHOWN_LEVELS = 40
SHOWN_REASONS = 20
SAMPLE = 2000
"""Points of a picture."""
QUANTILES = {"low": 0.05, "lower": 0.25, "median": 0.5, "upper": 0.75, "high": 0.95}
DIMENSIONS = {"case": "Case", "variant": "Variant", "as_of": "As of", "risk": "Risk"}
_MILLION = 1e6
_TO_32_BITS, _MIXED = 2**32, 2_654_435_761


@dataclass(frozen=True, slots=True)
class About:
    """What there is to say about a study beside its rows.

    Args:
        title: of it.
        currency: of all money.
        items: number of rows.
        seed: of all random numbers.
        scenarios: through which policies were followed.
        iterations: limit of each training; None for the usual one.
        cases: label, title, date and hash of each.
        rates: where exchange rates are from.
        name: fingerprint.
    """

    title: str
    currency: str
    items: int
    seed: int
    scenarios: int
    iterations: int | None
    cases: tuple[Mapping[str, str], ...]
    rates: tuple[str, ...]
    name: str


def study_sheet(about: About, rows: LazyFrame, files: Mapping[str, bytes] | None = None) -> Sheet:
    """Return the sheet of a study.

    Args:
        files: to stand in the run folder beside the page.
    """
    import polars as pl

    planned = rows.filter(pl.col("status") == "planned")
    npv = pl.col("npv")
    total = planned.select(
        n=pl.len(), mean=npv.mean(), squares=((npv - npv.mean()) ** 2).sum(), size=npv.abs().max(),
        **{name: npv.quantile(q) for name, q in QUANTILES.items()},
    ).collect().row(0, named=True)  # fmt: skip
    best = _extremes(planned, RANKED, best=True)
    levels = {name: _levels(planned, name) for name in DIMENSIONS}
    states = (
        rows.group_by("status", "reason")
        .agg(n=pl.len())
        .sort("n", "status", "reason", descending=[True, False, False])
        .collect()
    )
    scale = MoneyScale.of((total["size"] or 0.0) / _MILLION, about.currency)
    shares = _shares(levels, total)
    charts = _charts(planned, levels, about, scale) if total["n"] else ()
    ranking = [_ranking_table(best.head(SHOWN), scale, "The best")]
    if total["n"] > SHOWN:
        ranking.append(_ranking_table(_extremes(planned, SHOWN, best=False), scale, "The worst"))
    by_level = [_levels_table(name, each, scale) for name, each in levels.items() if each.height > 1]
    excluded = states.filter(pl.col("status") != "planned")
    sections = (
        Section("ranking", "Ranking", tuple(ranking)),
        Section("spread", "How far they lie apart", (Charts(charts),) if charts else ()),
        Section("levels", "Level by level", tuple(by_level)),
        Section("excluded", "Without a plan", (_excluded_table(excluded),) if excluded.height else ()),
        Section("made", "How it was made", _made(about)),
    )
    return Sheet(
        kind="study",
        title=f"{about.title}: {of_each(about.items, 'plan', 'plans')}",
        description="Every case with every variant, on every date, with every attitude to risk; values are "
        "those of the programme, beside the same business without it.",
        facts=(
            Fact("Cases", count(len(about.cases))),
            Fact("Variants", count(levels["variant"].height)),
            Fact("Dates", count(levels["as_of"].height)),
            Fact("Attitudes to risk", count(levels["risk"].height)),
            Fact("Money", about.currency),
        ),
        answers=_answers(about, total, best, shares=shares, states=states, scale=scale),
        sections=tuple(section for section in sections if section.blocks),
        summary=(_ranking_table(best.head(10), scale, "The best"),),
        document=_document(about, total, best, levels=levels, shares=shares, states=states),
        document_name="study.json",
        about={
            "kind": "study",
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "study": about.name,
            "cases": [dict(case) for case in about.cases],
            "seed": about.seed,
        },
        tables={"ranking": best, "levels": _levels_frame(levels)},
        files={**(files or {}), **_pictures(charts)},
    )


def _pictures(charts: Sequence[Chart]) -> dict[str, bytes]:
    """The charts as files."""
    return {f"charts/{chart.identifier}.svg": svg(chart, width=560).encode() for chart in charts}


def _extremes(planned: LazyFrame, most: int, *, best: bool) -> DataFrame:
    """The first or last by value; equal ones in the order of the items."""
    order = {"by": ["npv", "item"], "reverse": [not best, True]}
    return planned.top_k(most, **order).sort("npv", "item", descending=[best, False]).collect()  # type: ignore[arg-type]


def _levels(planned: LazyFrame, name: str) -> DataFrame:
    """Number, mean, extremes and quantiles of each level of a dimension, the best mean first."""
    import polars as pl

    npv = pl.col("npv")
    found = planned.group_by(name).agg(
        n=pl.len(), mean=npv.mean(), least=npv.min(), most=npv.max(),
        **{each: npv.quantile(q) for each, q in QUANTILES.items()},
    )  # fmt: skip
    shown = pl.col(name).cast(pl.String).fill_null("as declared").alias("level")
    return found.select(shown, pl.exclude(name)).sort("mean", "level", descending=[True, False]).collect()


def _levels_frame(levels: Mapping[str, DataFrame]) -> DataFrame:
    import polars as pl

    return pl.concat(
        [frame.select(pl.lit(name).alias("dimension"), pl.all()) for name, frame in levels.items()]
    )


def _shares(levels: Mapping[str, DataFrame], total: Mapping[str, Any]) -> dict[str, float]:
    """Share of the variance of the value between the levels of each dimension (η²)."""
    whole = total["squares"] or 0.0
    if whole <= 0.0:
        return {}
    return {
        name: float((frame["n"] * (frame["mean"] - total["mean"]) ** 2).sum() / whole)
        for name, frame in levels.items()
        if frame.height > 1
    }


def _called(row: Mapping[str, Any]) -> str:
    """An item in words."""
    variant = "" if row["variant"] is None else f", {row['variant']}"
    risk = "" if row["risk"] == PLAN else f", policy {row['risk']}"
    return f"{row['case']}{variant}, as of {row['as_of']}{risk}"


def _answers(
    about: About,
    total: Mapping[str, Any],
    best: DataFrame,
    *,
    shares: Mapping[str, float],
    states: DataFrame,
    scale: MoneyScale,
) -> tuple[Answer, ...]:
    import polars as pl

    without = states.filter(pl.col("status") != "planned")
    answers: list[Answer] = []
    if best.height:
        first = best.row(0, named=True)
        worth = f"{scale.write(first['npv'] / _MILLION)} {scale.unit}"
        behind = ""
        if best.height > 1:
            second = best.row(1, named=True)
            behind = f"; next is {_called(second)}, with {scale.write(second['npv'] / _MILLION)}"
        answers.append(Answer("Which is best?", f"{_called(first)}: a net present value of {worth}{behind}."))
        low, middle, high = (scale.write(total[name] / _MILLION) for name in ("low", "median", "high"))
        answers.append(
            Answer(
                "How far do they lie apart?",
                f"Half lie above {middle} {scale.unit}; nine in ten from {low} to {high}.",
            )
        )
    if shares:
        ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        parts = [f"{DIMENSIONS[name].lower()} {percent(share)}" for name, share in ordered]
        answers.append(
            Answer(
                "What makes the difference?",
                f"Of the variance of the value between plans, each on its own explains: {listing(parts)}.",
            )
        )
    missing = int(without["n"].sum())
    if missing:
        reason = without.row(0, named=True)
        most = f"most often ({count(reason['n'])}): {reason['reason']}" if reason["reason"] else ""
        answers.append(
            Answer(
                "Which have no plan?", f"{of_each(missing, 'item', 'items')} of {count(about.items)}; {most}."
            )
        )
    return tuple(answers)


def _ranking_table(frame: DataFrame, scale: MoneyScale, title: str) -> Table:
    monies = [
        Column("net present value", scale.unit),
        Column("spent", scale.unit),
    ]
    policies = frame["npv_5"].is_not_null().any()
    if policies:
        monies += [Column("5 % below", scale.unit), Column("worst tenth", scale.unit)]
    head = ("Plan", "as of", "risk", *monies, "rate of return", Column("power", "MW"), "accelerators")
    rows = []
    for row in frame.iter_rows(named=True):
        amounts = ["npv", "spent", *(["npv_5", "npv_worst_tenth"] if policies else [])]
        written = [_written(row[name], scale) for name in amounts]
        irr = "–" if row["irr"] is None else percent(row["irr"])
        fleet = [
            "–" if row[name] is None else number(row[name]) for name in ("peak_power_mw", "accelerators")
        ]
        name = row["case"] if row["variant"] is None else f"{row['case']}: {row['variant']}"
        rows.append(Row(name, (str(row["as_of"]), row["risk"], *written, irr, *fleet)))
    return table(title, head, rows)


def _written(amount: float | None, scale: MoneyScale) -> str:
    return "–" if amount is None else scale.write(amount / _MILLION)


def _levels_table(name: str, frame: DataFrame, scale: MoneyScale) -> Table:
    head = (
        DIMENSIONS[name],
        "plans",
        *(Column(each, scale.unit) for each in ("mean", "median", "least", "most")),
    )
    rows = [
        Row(
            row["level"],
            (count(row["n"]), *(_written(row[each], scale) for each in ("mean", "median", "least", "most"))),
        )
        for row in frame.head(SHOWN_LEVELS).iter_rows(named=True)
    ]
    left = frame.height - len(rows)
    note = f"{left:,} more stand in the table levels of the run folder." if left > 0 else ""
    return table(f"Net present value by {DIMENSIONS[name].lower()}", head, rows, note)


def _excluded_table(states: DataFrame) -> Table:
    rows = [
        Row(row["status"], (count(row["n"]), row["reason"]))
        for row in states.head(SHOWN_REASONS).iter_rows(named=True)
    ]
    left = states.height - len(rows)
    note = f"{left:,} more reasons stand in the table of the run folder." if left > 0 else ""
    return table("Items without a plan", ("Status", "items", Column("Reason", align="text")), rows, note)


def _charts(
    planned: LazyFrame, levels: Mapping[str, DataFrame], about: About, scale: MoneyScale
) -> tuple[Chart, ...]:
    names = [name for name in ("variant", "as_of", "risk") if levels[name].height > 1]
    first = "case" if levels["case"].height > 1 or not names else names[0]
    frame = levels[first].head(SHOWN_LEVELS)
    unit = scale.divisor * _MILLION
    rows = tuple(
        {"g": str(row["level"]), **{name: rounded(row[name] / unit) for name in QUANTILES}}
        for row in frame.iter_rows(named=True)
    )
    spread = Chart(
        "study-spread",
        f"Value by {DIMENSIONS[first].lower()}",
        f"Net present value of the programme, {scale.unit}: median, the middle half and nine in ten plans.",
        studies.spread(scale.unit, frame["level"].to_list()),
        rows=rows,
        shaded=False,
    )
    sample = _sample(planned, about.items)
    points = tuple(
        {
            "c": row["case"], "n": _called(row),
            "x": rounded(row["spent"] / unit), "y": rounded(row["npv"] / unit),
        }
        for row in sample.iter_rows(named=True)
    )  # fmt: skip
    shown = "every plan" if sample.height >= about.items else f"a sample of {sample.height:,} plans"
    scatter = Chart(
        "study-scatter",
        "What is spent, and what it brings",
        f"Spending within the programme's window against net present value, {scale.unit}; {shown}.",
        studies.scatter(scale.unit, [str(case["case"]) for case in about.cases]),
        rows=points,
        shaded=False,
    )
    return spread, scatter


def _sample(planned: LazyFrame, items: int) -> DataFrame:
    """Some plans of many, the same every time, spread over all dimensions without a step of their own."""
    import polars as pl

    mixed = (pl.col("item").cast(pl.UInt64) * _MIXED) % _TO_32_BITS
    kept = planned if items <= SAMPLE else planned.filter(mixed < int(_TO_32_BITS * SAMPLE / items))
    return kept.filter(pl.col("spent").is_not_null()).sort("item").collect()


def _made(about: About) -> tuple[Block, ...]:
    rows = [
        Row("capexpand", (f"{version('capexpand')}, on Python {platform.python_version()}",)),
        Row("Study", (Cell(about.name, code=True),)),
        Row("Seed", (str(about.seed),)),
    ]
    rows += [Row(str(case["case"]), (Cell(str(case["hash"]), code=True),)) for case in about.cases]
    rows += [Row("Exchange rate", (rate,)) for rate in about.rates]
    text = (
        "The whole table stands in table/ of the run folder as Parquet, one part for each case; "
        'polars.scan_parquet("RUN/table/**/*.parquet", hive_partitioning=True) reads it as one.'
    )
    head = (Column("", align="text"), Column("", align="text"))
    return Paragraph(text), Table("How it was made", head, tuple(rows), kind="made")


def _document(
    about: About,
    total: Mapping[str, Any],
    best: DataFrame,
    *,
    levels: Mapping[str, DataFrame],
    shares: Mapping[str, float],
    states: DataFrame,
) -> Document:
    return {
        "title": about.title,
        "currency": about.currency,
        "seed": about.seed,
        "items": about.items,
        "planned": total["n"],
        "cases": [dict(case) for case in about.cases],
        "rates": list(about.rates),
        "npv": {name: total[name] for name in ("mean", *QUANTILES)},
        "shares_of_variance": dict(shares),
        "best": best.head(SHOWN),
        "levels": dict(levels),
        "states": states.head(SHOWN_REASONS + 1),
    }
