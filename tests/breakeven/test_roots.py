"""Break-even levels of functions whose crossings are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.studies.breakeven.roots import SLACK, Tolerance, break_even_level

FINE = Tolerance(money=1e-3, level=1e-7)


@given(
    crossing=st.floats(0.05, 4.0),
    slope=st.floats(0.5, 50.0),
    bend=st.floats(0.0, 3.0),
)
def test_the_crossing_of_a_rising_curve_is_found(crossing: float, slope: float, bend: float) -> None:
    def value(level: float) -> float:
        away = level - crossing
        return slope * away + bend * away**3

    root = break_even_level(value, start=1.0, ends=(0.0, 5.0), higher_is_better=True, tolerance=FINE)
    assert root.outcome == "found"
    assert root.level == pytest.approx(crossing, abs=SLACK * FINE.money / slope + 1e-6)
    assert not root.jumps
    assert not root.turns


@given(crossing=st.floats(1.1, 8.0), slope=st.floats(0.5, 50.0))
def test_a_cost_is_sought_upwards(crossing: float, slope: float) -> None:
    root = break_even_level(
        lambda level: slope * (crossing - level),
        start=1.0,
        ends=(0.0, 10.0),
        higher_is_better=False,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(crossing, abs=SLACK * FINE.money / slope + 1e-6)


@given(target=st.floats(-2.0, 6.0))
def test_another_target_moves_the_crossing(target: float) -> None:
    root = break_even_level(
        lambda level: 2.0 * level,
        start=1.0,
        ends=(-3.0, 5.0),
        higher_is_better=True,
        target=target,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(target / 2.0, abs=2e-3)


@pytest.mark.parametrize(("value", "outcome"), [(5.0, "always"), (-5.0, "never")])
def test_a_value_on_one_side_has_no_break_even(value: float, outcome: str) -> None:
    root = break_even_level(
        lambda _: value, start=1.0, ends=(0.0, 5.0), higher_is_better=True, tolerance=FINE
    )
    assert root.outcome == outcome
    assert root.level is None
    assert {level for level, _ in root.points} >= {0.0, 5.0}


def test_a_value_that_fades_to_nothing_breaks_even_where_it_leaves_nothing() -> None:
    root = break_even_level(
        lambda level: max(0.0, 3.0 * (level - 0.6)),
        start=1.0,
        ends=(0.0, 5.0),
        higher_is_better=True,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(0.6, abs=1e-3)
    assert root.fades
    assert not root.jumps


def test_a_jump_over_zero_is_told() -> None:
    root = break_even_level(
        lambda level: 4.0 if level > 0.7 else -3.0,
        start=1.0,
        ends=(0.0, 5.0),
        higher_is_better=True,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(0.7, abs=1e-6)
    assert root.jumps


def test_a_value_that_turns_on_the_way_is_told() -> None:
    root = break_even_level(
        lambda level: (level - 0.2) * ((level - 0.8) ** 2 + 0.01) * 10.0,
        start=1.0,
        ends=(0.0, 5.0),
        higher_is_better=True,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(0.2, abs=1e-2)
    assert root.turns


def test_a_value_that_falls_where_it_should_rise_is_found_on_the_other_side() -> None:
    root = break_even_level(
        lambda level: 3.0 - level, start=1.0, ends=(0.0, 5.0), higher_is_better=True, tolerance=FINE
    )
    assert root.level == pytest.approx(3.0, abs=1e-2)
    assert not root.pays_above
    assert root.turns


@given(crossing=st.floats(5.0, 99.0))
def test_a_crossing_far_away_is_reached_before_the_steps_run_out(crossing: float) -> None:
    root = break_even_level(
        lambda level: min(1.0, 1e3 * (crossing - level)),
        start=1.0,
        ends=(0.0, 100.0),
        higher_is_better=False,
        tolerance=FINE,
    )
    assert root.level == pytest.approx(crossing, abs=1e-4)


def test_a_world_that_is_not_possible_ends_the_search() -> None:
    root = break_even_level(
        lambda level: 5.0 * level if level > 0.8 else None,
        start=1.0,
        ends=(0.0, 5.0),
        higher_is_better=True,
        tolerance=FINE,
    )
    assert root.outcome == "impossible"
    assert root.level is None
