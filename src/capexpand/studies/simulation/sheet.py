"""The sheet of a simulation: what the programme is worth over very many futures, and how sure that is."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from capexpand.files.parquet import parquet_bytes
from capexpand.model.blocks import Floats
from capexpand.policy.findings import TITLES
from capexpand.policy.strategies import QUANTILES, TAIL, Estimate, estimate, tail
from capexpand.reporting.blocks import Answer, Charts, Column, Fact, Paragraph, Row, Section, Table, columns
from capexpand.reporting.charts.drawing import Chart
from capexpand.reporting.charts.ranges import LEVELS, spreads
from capexpand.reporting.serial import Document
from capexpand.reporting.serial import number as plain_number
from capexpand.reporting.sheet import Sheet
from capexpand.wording import MoneyScale, money, percent, sentence, share

if TYPE_CHECKING:
    from polars import DataFrame

ROWS = "futures.parquet"
"""A row for each future and strategy."""
WAYS = {**TITLES, "plan": "the plan, kept to"}


@dataclass(frozen=True, slots=True)
class About:
    """A simulation beside its rows.

    Args:
        label: of the case.
        title: of the case.
        currency: of all money.
        as_of: day of the case.
        case_hash: of its content.
        futures: how many.
        seed: of all draws.
        strategies: that were followed, the one asked about first.
        name: fingerprint.
    """

    label: str
    title: str
    currency: str
    as_of: str
    case_hash: str
    futures: int
    seed: int
    strategies: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class _Way:
    """One strategy over all futures; money in millions."""

    name: str
    npv: Floats
    mean: Estimate
    quantiles: Floats
    worst: float
    loses: float
    irr: float | None
    peak_funding: float
    spent: float
    unmet: float
    idle: float


def simulation_sheet(about: About, table: DataFrame, files: Mapping[str, bytes]) -> Sheet:
    """Return the sheet of a simulation.

    Args:
        about: what was simulated.
        table: a row for each future and strategy, in any order.
        files: copy of the case.
    """
    ordered = table.sort("future", maintain_order=True)
    ways = [_way(name, ordered) for name in about.strategies]
    scale = MoneyScale.of(max(abs(way.mean.mean) for way in ways), about.currency)
    strategies, chart = _table(ways, scale), _chart(ways, scale)
    what = "a policy" if about.strategies[0] == "policy" else "a plan"
    return Sheet(
        kind="simulation",
        title=f"{about.title}: {what} in {about.futures:,} futures",
        description="Followed through fresh futures, which nothing was planned on.",
        facts=(
            Fact("Case", about.label),
            Fact("As of", about.as_of),
            Fact("Futures", f"{about.futures:,}"),
            Fact("Money in", scale.unit),
        ),
        answers=_answers(about, ways),
        sections=(
            Section("strategies", "What it is worth", (Charts((chart,)), strategies, Paragraph(BASIS))),
        ),
        summary=(strategies,),
        document=_document(about, ways),
        document_name="simulation.json",
        about={
            "kind": "simulation",
            "capexpand": version("capexpand"),
            "python": platform.python_version(),
            "case": about.label,
            "case_hash": about.case_hash,
            "seed": about.seed,
            "simulation": about.name,
        },
        tables={"strategies": _frame(ways)},
        files={**files, ROWS: parquet_bytes(ordered)},
    )


BASIS = (
    "Net present value of the programme after tax: the business with it less the one without, in the same "
    "future. Futures are drawn from the processes of the case, by other draws than those that anything was "
    "planned on. The interval of a mean is that of independent draws; these fill space more evenly, so it "
    "errs on the wide side."
)


def _way(name: str, table: DataFrame) -> _Way:
    rows = table.filter(table["strategy"] == name)
    npv = rows["npv"].to_numpy() / 1e6
    irr = rows["irr"].drop_nulls()
    return _Way(
        name=name,
        npv=npv,
        mean=estimate(npv),
        quantiles=np.quantile(npv, QUANTILES),
        worst=tail(npv),
        loses=float((npv < 0.0).mean()),
        irr=None if irr.is_empty() else float(np.median(irr.to_numpy())),
        peak_funding=float(np.median(rows["peak_funding"].to_numpy())) / 1e6,
        spent=float(rows["spent"].to_numpy().mean()) / 1e6,
        unmet=float(rows["unmet"].to_numpy().mean()),
        idle=float(rows["idle_accelerators"].to_numpy().mean()),
    )


def _answers(about: About, ways: list[_Way]) -> tuple[Answer, ...]:
    ours, currency = ways[0], about.currency
    what = "policy" if ours.name == "policy" else "plan"
    low, high = (money(float(ours.quantiles[end]), currency) for end in (0, -1))
    losing = "it loses in none of them" if ours.loses == 0.0 else f"it loses in {share(ours.loses)} of them"
    worth = (
        f"Followed through {about.futures:,} fresh futures, the {what} is worth {_with(ours.mean, currency)} "
        f"in the mean, {money(ours.worst, currency)} in the mean of the worst {share(TAIL)}. In nine futures "
        f"of ten it is worth between {low} and {high}; {losing}"
    )
    relative = ours.mean.halfwidth / max(abs(ours.mean.mean), 1e-12)
    sure = (
        f"With 95 % confidence the mean lies within {percent(relative)} of what is said; four times as many "
        "futures would halve that"
    )
    found = [Answer("What is it worth?", sentence(worth)), Answer("How sure is that?", sentence(sure))]
    if len(ways) > 1:
        rival = max(ways[1:], key=lambda way: way.mean.mean)
        gain = estimate(ours.npv - rival.npv)
        word = "more" if gain.mean >= 0.0 else "less"
        ahead = (
            f"In the same futures the policy is worth {money(abs(gain.mean), currency)} ± "
            f"{money(gain.halfwidth, currency)} {word} than {WAYS[rival.name]}, the better fixed plan"
        )
        found.append(Answer("What does deciding later add?", sentence(ahead)))
    return tuple(found)


def _with(one: Estimate, currency: str) -> str:
    return f"{money(one.mean, currency)} ± {money(one.halfwidth, currency)}"


def _table(ways: list[_Way], scale: MoneyScale) -> Table:
    rows = tuple(
        Row(
            WAYS[way.name],
            (
                f"{scale.write(way.mean.mean)} ± {scale.write(way.mean.halfwidth)}",
                *(scale.write(float(value)) for value in way.quantiles[[0, 2, 4]]),
                scale.write(way.worst),
                share(way.loses),
                "–" if way.irr is None else percent(way.irr),
                scale.write(way.peak_funding),
            ),
        )
        for way in ways
    )
    on_pages = ("rate of return, middle", "peak funding, middle")
    head = columns(
        "Way", "NPV, mean", "worst 5 %", "middle", "best 5 %", "mean of the worst tenth", "chance of a loss",
        *(Column(heading, in_terminal=False) for heading in on_pages),
    )  # fmt: skip
    return Table(f"Over all futures, {scale.unit}", head, rows)


def _chart(ways: list[_Way], scale: MoneyScale) -> Chart:
    rows = tuple(
        {
            "w": WAYS[way.name],
            "m": float(f"{way.mean.mean / scale.divisor:.5g}"),
            **{
                level: float(f"{value / scale.divisor:.5g}")
                for level, value in zip(LEVELS, way.quantiles, strict=True)
            },
        }
        for way in ways
    )
    return Chart(
        "npv-over-futures",
        "Net present value over all futures",
        f"After tax in {scale.unit}: nine futures in ten (line), half of them (bar), the middle (tick), the "
        "mean (dot).",
        spreads(len(rows), scale.unit),
        rows=rows,
        shaded=False,
    )


def _document(about: About, ways: list[_Way]) -> Document:
    return {
        "case": about.label,
        "case_hash": about.case_hash,
        "as_of": about.as_of,
        "currency": about.currency,
        "futures": about.futures,
        "seed": about.seed,
        "strategies": {way.name: _plain(way) for way in ways},
        "answers": {answer.question: answer.text for answer in _answers(about, ways)},
    }


def _plain(way: _Way) -> dict[str, object]:
    return {
        "npv": {
            "mean": plain_number(way.mean.mean * 1e6),
            "halfwidth": plain_number(way.mean.halfwidth * 1e6),
        },
        "npv_quantiles": {
            f"{chance:g}": plain_number(float(value) * 1e6)
            for chance, value in zip(QUANTILES, way.quantiles, strict=True)
        },
        "npv_cvar": plain_number(way.worst * 1e6),
        "chance_of_negative_npv": way.loses,
        "irr_median": None if way.irr is None else plain_number(way.irr),
        "peak_funding_median": plain_number(way.peak_funding * 1e6),
        "spent_mean": plain_number(way.spent * 1e6),
        "unmet_share": plain_number(way.unmet),
        "idle_accelerators_share": plain_number(way.idle),
    }


def _frame(ways: list[_Way]) -> DataFrame:
    import polars as pl

    names = (
        "npv",
        "npv_halfwidth",
        "npv_5",
        "npv_median",
        "npv_95",
        "npv_worst_tenth",
        "peak_funding",
        "spent",
    )
    rows = [
        (
            way.name,
            *(
                value * 1e6
                for value in (
                    way.mean.mean, way.mean.halfwidth, *map(float, way.quantiles[[0, 2, 4]]), way.worst,
                    way.peak_funding, way.spent,
                )
            ),
            way.loses, way.irr, way.unmet, way.idle,
        )
        for way in ways
    ]  # fmt: skip
    schema = {
        "strategy": pl.String,
        **dict.fromkeys((*names, "loses_share", "irr", "unmet_share", "idle_accelerators_share"), pl.Float64),
    }
    return pl.DataFrame(rows, schema, orient="row")
