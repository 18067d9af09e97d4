"""Losses, coverage and skill of a toy series that can be worked out in the head."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.forecasting.losses import Quantiles, coverage, pinball_loss, skill
from capexpand.studies.backtest.tables import skill_text

SAID = (Quantiles(8.0, 10.0, 12.0), Quantiles(9.0, 11.0, 14.0), Quantiles(10.0, 12.0, 16.0))
CAME = (11.0, 15.0, 9.0)


def test_losses_and_coverage_of_three_quarters():
    """Three quarters with quantiles at 10, 50 and 90 %.

    First, 11: 0.1 (11 - 8) + 0.5 (11 - 10) + 0.1 (12 - 11) = 0.3 + 0.5 + 0.1 = 0.9, a mean of 0.3. Inside.
    Second, 15: 0.1 · 6 + 0.5 · 4 + 0.9 · 1 = 0.6 + 2 + 0.9 = 3.5, a mean of 3.5 / 3. Above the interval.
    Third, 9: 0.9 · 1 + 0.5 · 3 + 0.1 · 7 = 0.9 + 1.5 + 0.7 = 3.1, a mean of 3.1 / 3. Below it.
    One of three intervals held.

    Sensitivity: with the two sides of the loss swapped the second would be 0.9 · 6 + 0.5 · 4 + 0.1 · 1 = 7.5.
    """
    losses = [pinball_loss(came, said) for came, said in zip(CAME, SAID, strict=True)]
    assert losses == pytest.approx([0.3, 3.5 / 3, 3.1 / 3])
    inside = [said.holds(came) for came, said in zip(CAME, SAID, strict=True)]
    assert inside == [True, False, False]
    assert coverage(sum(inside), 3).fraction == pytest.approx(1 / 3)


def test_skill_against_the_last_value():
    """The last value, 10, said with certainty: losses 0.5, 2.5 and 0.5 (each 1.5 |y − 10| / 3), 3.5 in all.

    The forecast above lost 0.3 + 3.5/3 + 3.1/3 = 2.5, so its skill is 1 − 2.5 / 3.5 = 2/7.

    Sensitivity: without dividing by the other's loss the "skill" would be 1.
    """
    certain = Quantiles(10.0, 10.0, 10.0)
    ours = [pinball_loss(came, said) for came, said in zip(CAME, SAID, strict=True)]
    others = [pinball_loss(came, certain) for came in CAME]
    assert others == pytest.approx([0.5, 2.5, 0.5])
    assert skill(ours, others) == pytest.approx(2 / 7)


def test_coverage_has_the_exact_binomial_range():
    """All of n: the low end p solves pⁿ = 2.5 %, so p = 0.025^(1/n). Published: 8 of 10, 44.4 to 97.5 %."""
    assert coverage(5, 5).low == pytest.approx(0.025 ** (1 / 5))
    assert coverage(5, 5).high == 1.0
    assert coverage(0, 5).high == pytest.approx(1 - 0.025 ** (1 / 5))
    assert (coverage(8, 10).low, coverage(8, 10).high) == pytest.approx((0.4439, 0.9748), abs=1e-4)


@pytest.mark.parametrize(
    ("inside", "count", "verdict"),
    [
        (0, 20, "too narrow"),
        (16, 20, "may be 80 %"),
        (60, 60, "too wide"),
        (0, 1, "may be 80 %"),
        (0, 0, "no case"),
    ],
)
def test_a_verdict_needs_enough_cases(inside, count, verdict):
    assert coverage(inside, count).verdict == verdict


def test_no_case_gives_no_skill():
    assert skill([], []) is None
    assert skill([1.0], [0.0]) is None
    assert math.isnan(coverage(0, 0).fraction)


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted),
    st.floats(1e-3, 1e3),
)
def test_a_loss_is_never_negative_and_scales_with_the_unit(came, values, factor):
    said = Quantiles(*values)
    assert pinball_loss(came, said) >= 0.0
    assert pinball_loss(came * factor, said.times(factor)) == pytest.approx(
        factor * pinball_loss(came, said), rel=1e-9, abs=1e-6
    )


@pytest.mark.parametrize(
    ("skill", "text"), [(0.114, "+0.11"), (-0.004, "0.00"), (0.004, "0.00"), (-1.34, "−1.34"), (None, "–")]
)
def test_a_skill_that_rounds_to_nothing_has_no_sign(skill, text):
    assert skill_text(skill) == text
