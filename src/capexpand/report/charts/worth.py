"""What limits are worth by quarter, and the evenly spent plan beside the optimised one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np

from capexpand.report.charts import palette
from capexpand.report.charts.drawing import SMALL_HEIGHT, Chart, Series, heat_map, over_quarters
from capexpand.report.digest import Digest
from capexpand.report.limits import Limit
from capexpand.report.wording import money

MOST_LIMITS = 12
MOST_LINES = 6


def worth_by_quarter(digest: Digest) -> Iterator[Chart]:
    """Yields the map of what one percent more of each limit adds, by quarter.

    Args:
        digest: what the run found out.
    """
    binding = [limit for limit in digest.limits if limit.binds][:MOST_LIMITS]
    if not binding:
        return
    currency = digest.currency
    largest = max(float(np.abs(limit.gain).max()) for limit in binding)
    factor, unit = (1.0, f"mn {currency}") if largest < 5000.0 else (1e-3, f"bn {currency}")
    series = tuple(
        Series.of("\n".join(textwrap.wrap(limit.title, 30)), palette.PROGRAMME, np.abs(limit.gain) * factor)
        for limit in binding
    )
    when = int(np.argmax(np.abs(binding[0].gain)))
    yield Chart(
        "limits",
        f"{binding[0].title} matters most, above all in {digest.labels[when]}",
        f"What one percent more of each limit in a quarter adds to the objective today, in {unit}; "
        "of what is owed, what one percent more would cost.",
        heat_map(unit, len(series)),
        series,
    )


def prices_of_limits(digest: Digest) -> Iterator[Chart]:
    """Yields the prices of grid power and of supply by quarter, those that are worth most.

    Args:
        digest: what the run found out.
    """
    kinds = (
        ("grid", "One more MW of grid", f"mn {digest.currency} per MW", 1e-6),
        ("supply", "One more unit to be ordered", f"thousand {digest.currency} per unit", 1e-3),
    )
    for kind, title, unit, factor in kinds:
        found = [limit for limit in digest.limits if limit.kind == kind and limit.binds]
        if not found:
            continue
        best = max(found, key=lambda limit: float(limit.worth.max()))
        shown = found[:MOST_LINES]
        hues = palette.colours(len(shown))
        series = tuple(
            Series.of(_short(limit), hue, limit.worth * factor, "line")
            for limit, hue in zip(shown, hues, strict=True)
        )
        price = money(float(best.worth.max()) * 1e-6, digest.currency)
        yield Chart(
            f"price-{kind}",
            f"{title} is worth up to {price}",
            f"Worth today of one more in each quarter, in {unit}.",
            over_quarters(series, unit, stocks=False),
            series,
        )


def _short(limit: Limit) -> str:
    for beginning in ("Grid power at ", "Supply of "):
        if limit.title.startswith(beginning):
            return limit.title.removeprefix(beginning)
    return limit.title


def beside_naive(digest: Digest) -> Iterator[Chart]:
    """Yields the evenly spent plan beside the optimised one: payments, power, and cash.

    Args:
        digest: what the run found out.
    """
    ours, naive, scale = digest.findings.result, digest.findings.naive, digest.scale
    rows = (
        (
            "naive-capex",
            "Payments",
            ours.programme.capital_payments / scale.divisor,
            naive.programme.capital_payments / scale.divisor,
            scale.unit,
            False,
        ),
        (
            "naive-power",
            "Energised IT power",
            digest.power_mw(digest.fleet),
            digest.power_mw(digest.naive_fleet),
            "MW",
            True,
        ),
        (
            "naive-cash",
            "Cumulative free cash flow",
            ours.programme.cumulative_free_cash_flow / scale.divisor,
            naive.programme.cumulative_free_cash_flow / scale.divisor,
            scale.unit,
            True,
        ),
    )
    for identifier, title, mine, theirs, unit, stocks in rows:
        series = (
            Series.of("optimised", palette.PROGRAMME, mine, "line"),
            Series.of("evenly spent", palette.NAIVE, theirs, "line"),
        )
        yield Chart(
            identifier,
            title,
            f"In {unit}{', at the end of each quarter' if stocks else ', by quarter'}.",
            over_quarters(series, unit, stocks=stocks, height=SMALL_HEIGHT + 30),
            series,
            small=True,
        )
