"""The tables of a backtest as texts, the same for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capexpand.forecasting.quarters import label
from capexpand.reporting.blocks import Column, Row, Table, table
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.forecast import MODEL, PLAN, REVENUE
from capexpand.studies.backtest.scoring import (
    LIST_PREFIX,
    Calibration,
    Scored,
    Skill,
    beside_the_plan,
    skills,
)
from capexpand.studies.backtest.wording import METRICS, span
from capexpand.wording import MINUS, MoneyScale, capitalised, number, percent

MEMORY = "*"
DERIVED = "†"
METHOD_TITLES = {
    PLAN: "the plan",
    MODEL: "the model",
    "last value": "last value",
    "last growth": "last growth",
    "guidance": "guidance, evenly",
    "case": "the case",
    "known trend": "published trend",
}


def scale_of(found: Backtest) -> MoneyScale:
    """Return the unit in which the backtest writes money."""
    largest = max((abs(one.actual) for one in found.scored if one.part == "planned"), default=1.0)
    return MoneyScale.of(largest, found.case.currency)


def result_table(found: Backtest, methods: Sequence[str] = ()) -> Table:
    """Return what was said on the case's day beside what came, quarter by quarter.

    Args:
        methods: of forecasting, for a terminal, which has no room for the loss; all if none is given.
    """
    scale = scale_of(found)
    ours = [
        one for one in beside_the_plan(found.scored, found.frozen[0].company) if one.as_of == found.case.as_of
    ]
    rows: list[Row] = []
    for metric, title in METRICS.items():
        used = dict.fromkeys(one.method for one in ours if one.metric == metric)
        for method in sorted(used, key=lambda name: name != PLAN):
            if methods and method not in methods:
                continue
            rows.append(Row(f"{capitalised(title)}: {METHOD_TITLES[method]}", (), "group"))
            rows += [_came(one, scale) for one in ours if (one.metric, one.method) == (metric, method)]
    head = (
        *("Quarter", "Forecast", "80 % interval", "Actual", "Error", "Covered"),
        Column("Loss", in_terminal=False),
        Column("Known on", in_terminal=False),
    )
    loss = "" if methods else " Loss: pinball loss over the newest report of the day."
    marks = f"{MEMORY} not read in a source; {DERIVED} derived from other reported figures."
    note = f"In {scale.unit}. Error: actual less forecast.{loss} {marks}"
    return table(f"As of {found.case.as_of}", head, tuple(rows), note)


def _came(one: Scored, scale: MoneyScale) -> Row:
    marks = f"{MEMORY if one.from_memory else ''}{DERIVED if one.derived else ''}"
    cells = (
        scale.write(one.forecast.middle),
        f"{scale.write(one.forecast.low)} to {scale.write(one.forecast.high)}",
        f"{scale.write(one.actual)}{marks}",
        signed(scale.write(one.error)),
        "–" if one.method == PLAN else ("yes" if one.covered else "no"),
        "–" if one.method == PLAN else percent(one.loss),
        str(one.known_on),
    )
    return Row(one.name, cells)


def signed(text: str) -> str:
    """Put a plus before a written number that is above zero."""
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def skill_tables(found: Backtest) -> tuple[Table, ...]:
    """Return the skill of the models of spending and of reported revenue, and that of the case's prices."""
    pooled = skills(found.scored, "spending", MODEL)
    tables = [
        _skill_table(
            "The model of spending beside simple forecasts",
            pooled,
            "Capital expenditure of every company in its own measure; one forecast for each report, up to "
            "eight quarters ahead. Above 0 the model is better. Cases overlap and companies move together: "
            "the range is by block bootstrap over companies and quarters; one that holds 0 says nothing.",
        )
    ]
    rows = skills(found.scored, "planned", MODEL, metric=REVENUE)
    if rows:
        note = "All days on which the case was planned; cases overlap. Above 0 the model is better."
        tables.append(_skill_table("The model of reported revenue beside simple forecasts", rows, note))
    prices = skills(found.scored, "price", "case")
    if prices:
        note = "Few cases of one list: shown for completeness, not as evidence."
        tables.append(_skill_table("The case's path of token prices", prices, note))
    return tuple(tables)


def _skill_table(title: str, rows: Sequence[Skill], note: str) -> Table:
    head = (
        "Of",
        "Beside",
        "Cases",
        "Loss",
        "Its loss",
        "Skill",
        "95 % range",
        "Absolute error",
        "Its error",
        "Skill (absolute)",
    )
    return table(
        title,
        head,
        tuple(
            Row(
                "all together" if one.subject == "all" else one.subject,
                (
                    METHOD_TITLES[one.beside],
                    str(one.cases),
                    percent(one.loss),
                    percent(one.beside_loss),
                    skill_text(one.skill),
                    range_text(one.low, one.high),
                    percent(one.absolute_error),
                    percent(one.beside_absolute_error),
                    skill_text(one.absolute_skill),
                ),
                "sum" if one.subject == "all" else "",
            )
            for one in rows
        ),
        note,
    )


def skill_text(value: float | None) -> str:
    """Write a skill with its sign; nothing is neither above nor below 0.

    Args:
        value: the skill, or None where there is no measure.
    """
    return "–" if value is None else signed(f"{value:z.2f}".replace("-", MINUS))


def range_text(low: float | None, high: float | None) -> str:
    """Write the range of a skill; nothing where there is none.

    Args:
        low: its lower end.
        high: its upper end.
    """
    return "" if low is None or high is None else f"{skill_text(low)} to {skill_text(high)}"


def calibration_table(found: Backtest) -> Table:
    """Return how often 80 % intervals held: in all, of each figure's newest forecast, and by day."""
    rows: list[Row] = []
    keys = dict.fromkeys((one.part, one.metric, one.method) for one in found.calibration)
    for part, metric, method in keys:
        rows.append(Row(f"{_what(part, metric)}: {METHOD_TITLES[method]}", (), "group"))
        mine = [e for e in found.calibration if (e.part, e.metric, e.method) == (part, metric, method)]
        rows += [_calibration_row(each) for each in mine if each.coverage.count]
    note = (
        "The range is the exact binomial one for independent cases (95 %). 'Newest forecast of each figure' "
        "counts every figure once; the other rows overlap."
    )
    return table(
        "How often an 80 % interval held", ("", "Held", "Cases", "Share", "Range", "Reads"), tuple(rows), note
    )


def _what(part: str, metric: str) -> str:
    if part == "planned":
        return METRICS[metric]
    return "capital expenditure of all companies" if part == "spending" else "token prices"


def _calibration_row(each: Calibration) -> Row:
    cover = each.coverage
    title = {"all": "all cases", "nearest": "newest forecast of each figure"}.get(
        each.group, f"as of {each.group}"
    )
    cells = (
        str(cover.covered),
        str(cover.count),
        percent(cover.fraction),
        f"{percent(cover.low)} to {percent(cover.high)}",
        cover.verdict,
    )
    return Row(title, cells)


def rolling_table(found: Backtest) -> Table:
    """Return what the plan of each later day said, beside what came."""
    scale = scale_of(found)
    rows: list[Row] = []
    for frozen in found.frozen[1:]:
        regimes = ", ".join(f"{name} {state}" for name, state in frozen.regimes)
        ours = [
            one
            for one in found.scored
            if (one.part, one.method, one.as_of) == ("planned", PLAN, frozen.as_of)
        ]
        rows.append(Row(f"as of {frozen.as_of}{f' ({regimes})' if regimes else ''}", (), "group"))
        for one in ours:
            row = _came(one, scale)
            rows.append(Row(f"{METRICS[one.metric]}, {one.name}", row.cells))
    head = ("Figure", "Forecast", "80 % interval", "Actual", "Error", "Covered", "Loss", "Known on")
    return table("Planned anew with each report", head, tuple(rows), f"In {scale.unit}. Marks as above.")


def spending_table(found: Backtest) -> Table:
    """Return every forecast one quarter ahead by the model of spending, by company."""
    rows: list[Row] = []
    ours = [one for one in found.scored if (one.part, one.method) == ("spending", MODEL)]
    for subject, metric, unit in dict.fromkeys((one.subject, one.metric, one.unit) for one in ours):
        rows.append(Row(f"{subject}: {metric.replace('_', ' ')}, {unit.replace('_', ' ')}", (), "group"))
        for one in _newest(one for one in ours if (one.subject, one.metric) == (subject, metric)):
            marks = f"{MEMORY if one.from_memory else ''}{DERIVED if one.derived else ''}"
            cells = (
                str(one.as_of),
                number(one.forecast.middle),
                f"{number(one.forecast.low)} to {number(one.forecast.high)}",
                f"{number(one.actual)}{marks}",
                signed(number(one.error)),
                "yes" if one.covered else "no",
            )
            rows.append(Row(one.name, cells))
    head = ("Quarter", "As of", "Forecast", "80 % interval", "Actual", "Error", "Covered")
    note = f"The newest forecast of each figure. {MEMORY} not read in a source; {DERIVED} derived."
    return table("What companies spend, by the model of spending", head, tuple(rows), note)


def _newest(cases: Iterator[Scored]) -> list[Scored]:
    newest: dict[tuple[int, int], Scored] = {}
    for one in sorted(cases, key=lambda one: one.as_of):
        newest[one.quarter, one.quarters] = one
    return [newest[key] for key in sorted(newest)]


def market_tables(found: Backtest) -> tuple[Table, ...]:
    """Return the forecasts of prices and of export status beside what came."""
    tables: list[Table] = []
    prices = [o for o in found.scored if o.part == "price" and o.as_of == found.case.as_of]
    if prices:
        rows = tuple(
            Row(
                f"{one.metric.removeprefix(LIST_PREFIX)}, {one.name}",
                (
                    METHOD_TITLES[one.method],
                    number(one.forecast.middle),
                    f"{number(one.forecast.low)} to {number(one.forecast.high)}",
                    number(one.actual),
                    "yes" if one.covered else "no",
                ),
            )
            for one in prices
        )
        head = ("List", "By", "Forecast", "80 % interval", "Actual", "Covered")
        note = "USD per million tokens, three in for one out. Later lists of the same use count as one list."
        tables.append(table("Token prices", head, rows, note))
    if found.supply:
        tables.append(_supply_table(found))
    return tuple(tables)


def _supply_table(found: Backtest) -> Table:
    rows: list[Row] = []
    for offer, destination in dict.fromkeys((one.offer, one.destination) for one in found.supply):
        mine = [one for one in found.supply if (one.offer, one.destination) == (offer, destination)]
        rows += [
            Row(
                f"{found.case.offers[offer].title} to {destination}, {label(one.quarter)}",
                (
                    percent(one.chance),
                    "free" if one.free else "not free",
                    f"{one.brier:.3f}",
                    f"{one.brier_unchanged:.3f}",
                ),
            )
            for one in mine
        ]
    total = len(found.supply)
    mean = sum(one.brier for one in found.supply) / total
    unchanged = sum(one.brier_unchanged for one in found.supply) / total
    rows.append(Row("mean", ("", "", f"{mean:.3f}", f"{unchanged:.3f}"), "sum"))
    head = ("Offer and quarter", "Chance", "Actual", "Error²", "Error² if unchanged")
    note = (
        "The chance that it is free: no licence and no fee on the last day of the quarter, by the rules of "
        "that day. All rows hang on the same few rules, so this is one draw rather than many."
    )
    return table("Export status", head, tuple(rows), note)


def regret_table(found: Backtest) -> Table:
    """Return what each way to decide is worth under the inputs that came true."""
    scale = MoneyScale.of(found.hindsight.regrets[0].objective, found.case.currency)
    rows = tuple(
        Row(each.way, (scale.write(each.objective), scale.write(each.regret), scale.write(each.spent)))
        for each in found.hindsight.regrets
    )
    note = (
        f"In {scale.unit}, present value at the plan's start; spent within the window. Inputs as they "
        f"came until {found.hindsight.known_on}, and with their last ratio to the case after it: only "
        "orders until then can be called right or wrong. 'Until now' is followed by the best that is left."
    )
    head = ("Way", "Objective", "Regret", "Spent")
    return table("Regret", head, rows, note)


def waterfall_tables(found: Backtest) -> tuple[Table, ...]:
    """Return the steps from what the plan said to what came, by assumption."""
    scale = scale_of(found)
    tables: list[Table] = []
    for each in found.hindsight.waterfalls:
        rows = [Row("the plan", ("", scale.write(each.planned), ""), "sum")]
        rows += [
            Row(step.name, (signed(scale.write(step.amount)), scale.write(step.total), step.why))
            for step in each.steps
        ]
        rows.append(Row("reported", ("", scale.write(each.actual), ""), "sum"))
        title = f"From plan to report: {METRICS[each.metric]}, {span(each)}"
        note = f"In {scale.unit}. One assumption after the other becomes what came, in this order."
        tables.append(
            table(
                title, ("Step", "Change", "Sum", Column("How", align="text")), tuple(rows), note, kind="wordy"
            )
        )
    return tuple(tables)


def left_out_table(found: Backtest) -> Table:
    """Return what is not compared, and why."""
    rows = [Row(f"{e.company}: {_plain(e.metric)}", (e.quarters, e.reason)) for e in found.left_out]
    rows += [
        Row(f"{e.company}: announcement of {e.announced_on}", (e.scope, e.reason))
        for e in found.frozen[-1].left_out
    ]
    bridge = found.frozen[0]
    note = (
        ""
        if bridge.beside is None
        else (
            f"Bridge from the programme to the group's capital expenditure on {bridge.as_of}: "
            f"{scale_of(found).write(bridge.beside)} {scale_of(found).unit} a quarter beside it "
            f"({bridge.bridge})."
        )
    )
    return table(
        "Not compared",
        ("Figure", Column("Quarters or scope", align="text"), Column("Why", align="text")),
        tuple(rows),
        note,
        kind="found",
    )


def _plain(metric: str) -> str:
    """A metric's name in words."""
    return metric.replace("_", " ").replace("ebita", "EBITA").replace("ai ", "AI ")
