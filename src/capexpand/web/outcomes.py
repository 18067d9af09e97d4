"""A plan in figures and series, and the differences between two in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from capexpand.finance.metrics import Metrics
from capexpand.model.data import Floats
from capexpand.reporting.context import ReportContext
from capexpand.reporting.inputs import Findings
from capexpand.wording import count, money, number, percent, power, volume


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a plan.

    Args:
        key: in JSON.
        title: on the page.
        value: in the unit of ``unit``; None where the plan has none.
        unit: of the value.
        text: as readers see it.
    """

    key: str
    title: str
    value: float | None
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan in figures and pictures."""

    measures: tuple[Measure, ...]
    series: dict[str, Floats]
    findings: Findings
    context: ReportContext = field(repr=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of the declared and of the changed plan, and the difference in words."""

    key: str
    title: str
    base: Measure
    changed: Measure
    words: str
    better: bool | None


_TITLES = {
    "npv": "Net present value",
    "npv_without_end_value": "Without end value",
    "irr": "Internal rate of return",
    "payback": "Payback",
    "peak_funding": "Peak funding",
    "spent": "Spent in the window",
    "power": "Power energised",
    "accelerators": "Accelerators",
    "tokens": "Tokens a day",
    "revenue": "Revenue in the last year",
}
_MORE_IS_BETTER = {"npv", "npv_without_end_value", "irr", "revenue"}


def outcome(findings: Findings) -> Outcome:
    """Return the figures and series of findings.

    Args:
        findings: from ``evaluate``.
    """
    context = ReportContext(findings)
    total, ours = findings.result.total, findings.result.programme
    series = {
        "spending": total.capital_payments,
        "cash": np.cumsum(ours.free_cash_flow),
        "revenue": total.revenue,
        "power": context.power_mw(context.fleet),
        "accelerators": context.accelerators(context.fleet),
        "tokens": context.tokens_per_day(context.fleet),
    }
    return Outcome(tuple(_measures(context, findings.metrics, series)), series, findings, context)


def _measures(context: ReportContext, found: Metrics, series: dict[str, Floats]) -> Iterable[Measure]:
    currency, at = context.currency, context.window_end

    def made(key: str, value: float | None, unit: str, write: Callable[[float], str]) -> Measure:
        return Measure(key, _TITLES[key], value, unit, "none" if value is None else write(value))

    def amount(value: float) -> str:
        return money(value, currency)

    millions = f"mn {currency}"
    payback = found.payback_quarter
    yield made("npv", found.npv, millions, amount)
    yield made("npv_without_end_value", found.npv_without_end_value, millions, amount)
    yield made("irr", found.irr if found.irr_is_answer else None, "1/year", lambda v: f"{percent(v)} a year")
    yield made(
        "payback", None if payback is None else float(payback), "quarter",
        lambda v: context.labels[int(v)],
    )  # fmt: skip
    yield made("peak_funding", found.peak_funding, millions, amount)
    yield made("spent", context.spent, millions, amount)
    yield made("power", float(series["power"][at]), "MW", power)
    if series["accelerators"].any():
        yield made("accelerators", float(series["accelerators"][at]), "accelerator", count)
    if series["tokens"].any():
        yield made("tokens", float(series["tokens"][at]), "token/day", volume)
    yield made("revenue", float(series["revenue"][-4:].sum()), millions, amount)


def differences(base: Outcome, changed: Outcome) -> Iterable[Difference]:
    """Yield each figure of the changed plan beside that of the declared one."""
    before = {one.key: one for one in base.measures}
    for after in changed.measures:
        one = before.get(after.key)
        if one is None:
            continue
        words, better = _in_words(one, after)
        yield Difference(after.key, after.title, one, after, words, better)


def _in_words(one: Measure, other: Measure) -> tuple[str, bool | None]:
    if one.value is None or other.value is None:
        same = one.value is None and other.value is None
        return ("as before" if same else f"{other.text} instead of {one.text}"), None
    gap = other.value - one.value
    if abs(gap) <= 1e-6 * max(abs(one.value), abs(other.value), 1e-9) or one.text == other.text:
        return "as before", None
    better = (gap > 0) if other.key in _MORE_IS_BETTER else None
    if other.key == "payback":
        quarters = abs(round(gap))
        return f"{quarters} quarter{'s' * (quarters > 1)} {'later' if gap > 0 else 'earlier'}", gap < 0
    if other.key == "irr":
        return f"{number(abs(100.0 * gap), 2)} percentage points {'more' if gap > 0 else 'less'}", better
    direction = "more" if gap > 0 else "less"
    size = _size(one, abs(gap))
    share = f", {percent(abs(gap / one.value))}" if one.value * other.value > 0 else ""
    return f"{size} {direction}{share}", better


def _size(one: Measure, gap: float) -> str:
    """A difference, written as the figure itself is."""
    if one.unit.startswith("mn "):
        return money(gap, one.unit.removeprefix("mn "))
    if one.unit == "MW":
        return power(gap)
    if one.unit == "token/day":
        return volume(gap)
    if one.unit == "accelerator":
        return count(gap)
    return f"{number(gap)} {one.unit.partition('/')[0]}"
