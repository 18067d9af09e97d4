"""The findings of a backtest in sentences; no verdict goes beyond its counts."""

from __future__ import annotations

from capexpand.forecasting.quarters import label
from capexpand.reporting.blocks import Answer
from capexpand.studies.backtest.backtest import Backtest
from capexpand.studies.backtest.forecast import CAPEX, MODEL, REVENUE
from capexpand.studies.backtest.regret import Waterfall
from capexpand.studies.backtest.scoring import Calibration, Skill, skills
from capexpand.wording import money, of_each, percent

METRICS = {
    "cloud_revenue": "cloud revenue",
    "cloud_adjusted_ebita": "cloud EBITA (adjusted)",
    "capex": "capital expenditure of the group",
}


def answers(found: Backtest) -> tuple[Answer, ...]:
    """Return what a reader asks first, answered."""
    given = [
        *(
            Answer(f"How far off was the plan's {METRICS[each.metric]}?", _off(each, found))
            for each in _sums(found)
        ),
        Answer("Did the intervals of the forecasts hold?", _held(found)),
        Answer("Is there a better forecast of spending?", _spending(found)),
        Answer("What did the plan's orders cost?", _regret(found)),
        Answer(
            "Does it pay?",
            "Not told here. Growth of revenue and of spending says nothing of returns: neither cash flow of "
            "the cloud nor what its servers earn is reported, so no forecast of a return was scored.",
        ),
    ]
    return tuple(answer for answer in given if answer.text)


def _sums(found: Backtest) -> tuple[Waterfall, ...]:
    order = {CAPEX: 0, REVENUE: 1}
    return tuple(sorted(found.hindsight.waterfalls, key=lambda each: order[each.metric]))


def span(each: Waterfall) -> str:
    """Return the quarters of a waterfall in words."""
    return label(each.quarters[-1], len(each.quarters))


def _off(each: Waterfall, found: Backtest) -> str:
    currency = found.case.currency
    gap = each.actual - each.planned
    largest = max(each.steps, key=lambda step: abs(step.amount))
    way = "more" if gap >= 0 else "less"
    return (
        f"It expected {money(each.planned, currency)} in {span(each)}; {money(each.actual, currency)} came, "
        f"{percent(abs(gap) / abs(each.planned))} {way}. Most of it is {_named(largest.name)}: "
        f"{_signed(largest.amount, currency)} ({largest.why})."
    )


def _named(step: str) -> str:
    return "explained by no assumption" if step == "not explained" else f"the step '{step}'"


def _signed(amount: float, currency: str) -> str:
    return f"{'+' if amount >= 0 else ''}{money(amount, currency)}"


def _calibration(found: Backtest, part: str, metric: str, method: str) -> Calibration | None:
    return next(
        (
            each
            for each in found.calibration
            if (each.part, each.metric, each.method, each.group) == (part, metric, method, "all")
        ),
        None,
    )


def held(each: Calibration) -> str:
    """Say how often intervals held and what the count allows to say of it."""
    cover = each.coverage
    span_held = f"{percent(cover.low)} to {percent(cover.high)}"
    return f"{cover.covered} of {cover.count} ({span_held} by count: {cover.verdict})"


def _held(found: Backtest) -> str:
    revenue = _calibration(found, "planned", REVENUE, MODEL)
    spending = _calibration(found, "spending", "all", MODEL)
    parts = [
        f"{title} {held(each)}"
        for title, each in (("reported revenue", revenue), ("spending of all companies", spending))
        if each is not None
    ]
    if not parts:
        return ""
    days = of_each(len(found.frozen), "day", "days")
    return (
        f"Of the 80 % intervals of the models on {days}, these held: {'; '.join(parts)}. Forecasts of one "
        "figure on several days overlap, so the true ranges are wider. The plan stands beside them and is "
        "not scored: it says what would be best, not what is likely."
    )


def _spending(found: Backtest) -> str:
    pooled = [each for each in skills(found.scored, "spending", MODEL) if each.subject == "all"]
    if not pooled:
        return ""
    beside = "; ".join(
        f"{_sign(one.skill)} against {one.beside} ({one.cases} cases{_above(one)})"
        for one in pooled
        if one.skill is not None
    )
    return (
        f"The model of what companies spend has a skill of {beside}, by pinball loss, pooled over companies."
    )


def _above(one: Skill) -> str:
    if one.low is None or one.high is None:
        return ""
    ends = f"{_sign(one.low)} to {_sign(one.high)} by block bootstrap"
    return f"; {ends}" if one.low > 0 else f"; {ends}, so not shown to be better"


def _sign(value: float | None) -> str:
    if value is None:
        return "no measure"
    return f"{'+' if value >= 0 else ''}{percent(value)}"


def _regret(found: Backtest) -> str:
    best, *others = found.hindsight.regrets
    currency = found.case.currency
    first = others[0]
    return (
        f"Under the inputs that came true, what was ordered by the plan of {found.case.as_of} until the last "
        f"report, with the best that can follow, is worth {money(first.objective, currency)} of objective; "
        f"knowing them from the start {money(best.objective, currency)}. The regret is "
        f"{money(first.regret, currency)}, {percent(first.regret / abs(best.objective))}."
    )
