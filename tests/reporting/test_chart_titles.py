"""Titles of charts say what the charts show, peaks and bases included."""

import numpy as np
import pytest

from capexpand.reporting.charts.capacity import develops
from capexpand.reporting.charts.money import cash, earnings, spending
from capexpand.reporting.context import ReportContext
from capexpand.reporting.page_tables import orders
from capexpand.wording import money, power


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ([0, 1, 2, 3, 3, 3, 3, 3], "Power grows from nothing to 3 MW by 2026Q1"),
        (
            [0, 1, 2, 3, 4, 9, 6, 5],
            "Power grows from nothing to 3 MW by 2026Q1, peaks at 9 MW in 2026Q3 and ends at 5 MW in 2027Q1",
        ),
        (
            [1, 1, 2, 3, 4, 5.05, 5.02, 5],
            "Power grows from 1 MW to 3 MW by 2026Q1, then grows to 5 MW by 2027Q1",
        ),
        (
            [1, 8, 2, 3, 4, 4, 4, 5],
            "Power peaks at 8 MW in 2025Q3, stands at 3 MW in 2026Q1 and ends at 5 MW in 2027Q1",
        ),
        ([9, 8, 7, 6, 5, 4, 3, 2], "Power falls from 9 MW to 6 MW by 2026Q1, then falls to 2 MW by 2027Q1"),
    ],
)
def test_a_title_names_a_peak_that_its_ends_would_hide(two_sites, values, title):
    assert develops("Power", np.array(values, dtype=np.float64), ReportContext(two_sites), power) == title


def test_plurals_peak_and_end_in_the_plural(two_sites):
    values = np.array([0, 1, 2, 3, 4, 9, 6, 5.0])
    assert "peak at 9 MW in 2026Q3 and end at 5 MW" in develops(
        "Servers", values, ReportContext(two_sites), power
    )


@pytest.mark.slow
def test_payments_name_their_basis(alibaba, two_sites):
    context = ReportContext(alibaba)
    ours, paid = alibaba.result.programme.capital_payments, alibaba.result.plan.paid[context.window]
    (chart,) = spending(context)
    assert chart.title.startswith("The programme's payments, less those of the base, peak in ")
    assert money(float(ours.max()), "CNY") in chart.title
    note = orders(context).note
    assert money(float(ours.max()), "CNY") in note
    assert money(float(paid.max()), "CNY") in note
    (chart,) = spending(ReportContext(two_sites))
    assert chart.title == "The programme's payments peak in 2025Q4 at 739 mn CNY a quarter"
    assert orders(ReportContext(two_sites)).note == ""


def test_a_plan_without_orders_draws_no_money(changed):
    context = ReportContext(changed(("price: 0.50 CNY/Mtoken", "price: 0.01 CNY/Mtoken")))
    assert context.findings.metrics.payback_quarter is None
    assert [*spending(context), *cash(context), *earnings(context)] == []
