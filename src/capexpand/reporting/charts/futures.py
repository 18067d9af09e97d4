"""Charts of many futures: fans over the quarters, and distributions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from capexpand.model.data import Floats
from capexpand.policy.findings import TITLES, PolicyFindings
from capexpand.policy.strategies import QUANTILES
from capexpand.reporting.charts.drawing import Chart, Spec
from capexpand.reporting.charts.ranges import fan, fan_row, spreads
from capexpand.wording import MoneyScale, money, percent


def fans(findings: PolicyFindings, scale: MoneyScale) -> Iterator[Chart]:
    """Yield the fans of what the policy does: power, accelerators, payments, cash."""
    outcomes = findings.outcomes
    starts, books = outcomes.policy.data.times.starts, outcomes.paths.books
    cash = np.cumsum(findings.strategies.returns["policy"].free_cash_flow, axis=0)
    for name, title, unit, values in (
        ("power", "Power energised", "MW", books.power_mw),
        ("accelerators", "Accelerators installed", "accelerators", books.installed),
        ("spending", "Spent on orders, summed up", scale.unit, np.cumsum(books.paid, axis=0) / scale.divisor),
        ("cash", "The programme's cash flow after tax, summed up", scale.unit, cash / scale.divisor),
    ):
        quantiles = np.quantile(values, QUANTILES, axis=1)
        yield Chart(
            f"fan-{name}",
            title,
            f"In {unit}: the middle future, half of all futures (dark) and nine in ten (light).",
            fan(),
            rows=_fan_rows(starts, quantiles),
            small=True,
        )


def _fan_rows(starts: tuple[date, ...], quantiles: Floats) -> tuple[Spec, ...]:
    return tuple(fan_row(day.isoformat(), quantiles[:, t]) for t, day in enumerate(starts))


def distributions(findings: PolicyFindings, scale: MoneyScale) -> Chart:
    """Return the net present values of the five strategies, one below the other."""
    ours = findings.strategies.metrics[0]
    currency = findings.outcomes.policy.data.currency
    rows: list[Spec] = []
    for strategy in findings.strategies.metrics:
        ends = {
            f"q{level}": float(f"{value / scale.divisor:.5g}")
            for level, value in enumerate(strategy.npv_quantiles)
        }
        rows.append(
            {"w": TITLES[strategy.strategy], "m": float(f"{strategy.npv.mean / scale.divisor:.5g}"), **ends}
        )
    low, high = (money(float(ours.npv_quantiles[end]), currency) for end in (0, -1))
    losing = f"loses in {percent(ours.loses)} of all futures" if ours.loses > 0 else "loses in none"
    return Chart(
        "npv-of-strategies",
        f"In nine futures of ten the policy is worth between {low} and {high}; it {losing}",
        f"Net present value of the programme after tax in {scale.unit}: nine futures in ten (line), half of "
        "them (bar), the middle (tick), the mean (dot); the same scenarios for all strategies, fewer where "
        "whole programs are solved anew in each.",
        spreads(len(rows), scale.unit),
        rows=tuple(rows),
        shaded=False,
    )
