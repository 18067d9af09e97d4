"""What a limit is worth is what the plan gains from more of it."""

import numpy as np
import pytest

from capexpand.reporting.context import ReportContext
from capexpand.reporting.limits import limits
from capexpand.wording import money


def named(findings):
    return {limit.name: limit for limit in ReportContext(findings).limits}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("grid:coast", "grid: 5.2 MW", "grid: 5.20052 MW"),
        ("budget", "cap: 1 bn CNY", "cap: 1.0001 bn CNY"),
        ("demand:chat", "demand: 800 tn token/quarter", "demand: 800.08 tn token/quarter"),
        ("supply:server@CN", "limit: 600 units/quarter", "limit: 600.06 units/quarter"),
    ],
)
def test_a_hundredth_of_a_percent_more_adds_a_hundredth_of_the_gain(two_sites, changed, name, old, new):
    """One percent more would add ``gain_total``; a hundredth of that step stays within the same basis.

    Sensitivity: were the price of the grid not divided by the PUE, the first row would be off by 30 %.
    """
    before = two_sites.result.plan.solver.objective
    after = changed((old, new)).result.plan.solver.objective
    assert after - before == pytest.approx(named(two_sites)[name].gain_total / 100.0, rel=1e-6, abs=1e-7)


def test_limits_are_ranked_by_what_one_percent_more_adds(two_sites):
    gains = [limit.gain_total for limit in ReportContext(two_sites).limits if limit.kind != "obligation"]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 0.0


def test_a_limit_says_in_words_what_one_more_is_worth(two_sites):
    """Only the sum of the grid's prices is unique here, so the quarter and the amount are those found."""
    found = named(two_sites)
    labels = two_sites.result.times.labels
    coast = found["grid:coast"]
    best = money(float(coast.worth.max()) / 1e6, "CNY")
    quarter = labels[int(np.argmax(coast.worth))]
    assert coast.describe(labels) == f"One more MW of grid at Coast in {quarter} is worth {best} today."
    assert (
        found["grid:west"].describe(labels) == "One more MW of grid at West in any quarter is worth nothing."
    )
    assert found["grid:coast"].unit == "CNY/MW"


def test_many_of_a_thing_are_worth_in_the_plural(changed):
    found = named(changed(variant="double-budget"))
    chat = found["demand:chat"]
    assert chat.unit == "CNY/Mtoken"
    words = chat.describe(("2025Q2",) * 8)
    assert words.startswith("One billion more tokens of demand for Chat in ")
    assert " is " not in words


def test_what_is_owed_is_ranked_by_what_it_costs(changed):
    found = changed(
        (
            "uncertainty:\n",
            """  training:
    title: Training
    role: obligation
    unit: FLOP
    demand: {2025-04-01: 0 ZFLOP/quarter, 2026-04-01: 10 ZFLOP/quarter}
    penalty: 9 mn CNY/ZFLOP
    usable_share: 100 %
    throughput:
      server: 1 ZFLOP/quarter
uncertainty:
""",
        )
    )
    ranked = ReportContext(found).limits
    owed = next(limit for limit in ranked if limit.name == "obligation:training")
    assert owed.gain_total < 0.0
    sizes = [abs(limit.gain_total) for limit in ranked]
    assert sizes == sorted(sizes, reverse=True)
    assert owed.describe(found.result.times.labels).startswith(
        "One more ZFLOP owed for Training in 2026Q2 costs "
    )


def test_a_stock_counts_once_however_many_quarters_it_binds(changed):
    """The whole stock is worth its price in the first quarter: one more then is one more in every quarter."""
    findings = changed(
        ("    supply:\n      CN: {limit: 600", "    stock: 300 units\n    supply:\n      CN: {limit: 600")
    )
    stock = named(findings)["stock:server"]
    assert stock.worth[0] > 0.0
    assert stock.gain_total == pytest.approx(0.01 * 300 * stock.worth[0] / 1e6)


def test_names_for_people_may_be_given(two_sites):
    found = limits(two_sites.result.plan, ("A", "B"), offers=("C",), workloads=("D",))
    assert {limit.title for limit in found} >= {"Grid power at A", "Grid power at B", "Demand for D"}
