"""Quantities over time: what each way of writing them means, quarter by quarter."""

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from capexpand.case.figures import MoneySeries, PowerLimitSeries, RatioSeries, Series
from capexpand.case.reading import Reading
from capexpand.errors import CaseError
from capexpand.timevalue import QuarterCalendar

CALENDAR = QuarterCalendar(date(2025, 4, 1), 8)
POWER: TypeAdapter[Series] = TypeAdapter(PowerLimitSeries)
MONEY: TypeAdapter[Series] = TypeAdapter(MoneySeries)
RATIO: TypeAdapter[Series] = TypeAdapter(RatioSeries)


def by_quarter(written: object, kind: TypeAdapter[Series] = RATIO) -> list[float]:
    """Read a series and give its values."""
    return list(kind.validate_python(written).by_quarter(CALENDAR))


def test_a_constant_is_the_same_in_every_quarter():
    assert by_quarter("80 MW", POWER) == [80.0] * 8
    assert by_quarter({"value": "80 MW", "source": "a letter"}, POWER) == [80.0] * 8


def test_steps_hold_from_their_date_on():
    steps = {"2026-01-01": "200 MW", "2025-04-01": "80 MW"}
    assert by_quarter(steps, POWER) == [80, 80, 80, 200, 200, 200, 200, 200]


def test_a_step_within_a_quarter_counts_from_the_next():
    """The value of a quarter is the one on its first day, so a connection in May serves from July.

    Sensitivity: with the value on the last day, the second number would stand one quarter earlier.
    """
    assert by_quarter({"2025-01-01": "80 MW", "2025-05-15": "200 MW"}, POWER)[:3] == [80, 200, 200]


def test_a_limit_is_zero_before_its_first_step():
    assert by_quarter({"2025-10-01": "80 MW"}, POWER)[:3] == [0, 0, 80]


def test_what_is_no_limit_must_not_start_late():
    series = RATIO.validate_python({"2025-10-01": 1})
    with pytest.raises(CaseError, match="says nothing before 2025-10-01"):
        series.by_quarter(CALENDAR)


def test_growth_compounds_smoothly_from_the_start():
    """-19 % a year is 0.81 = 0.9^2 after a year, so 0.9 after two quarters.

    Sensitivity: with steps once a year, the value after two quarters would still be 100.
    """
    values = by_quarter({"value": 100, "growth": "-19 %/year"})
    assert values == pytest.approx([100 * 0.81 ** (quarter / 4) for quarter in range(8)], rel=1e-12)
    assert values[2] == pytest.approx(90.0, rel=1e-12)


def test_growth_may_count_from_another_day():
    """A price of 100 on 2024-04-01 that grows by 21 % a year is 121 a year later, when the calendar starts.

    Sensitivity: without ``at`` it would be 100.
    """
    assert by_quarter({"value": 100, "growth": "21 %/year", "at": "2024-04-01"})[0] == pytest.approx(121)
    assert by_quarter({"value": 121, "growth": "21 %/year", "at": "2026-04-01"})[0] == pytest.approx(100)


def test_a_rate_of_growth_holds_from_its_date():
    """None before the first date; 21 % a year for half a year is a factor of 1.1; then -19 % one of 0.9."""
    growth = {"2025-07-01": "21 %/year", "2026-01-01": "-19 %/year"}
    values = by_quarter({"value": 100, "growth": growth})
    assert [values[0], values[1], values[3], values[5]] == pytest.approx([100, 100, 110, 99])


def test_changes_last():
    """100 falls by 40 % in October 2025 and by half of what is left in 2026: 60, then 30."""
    values = by_quarter({"value": 100, "changes": {"2026-01-01": "-50 %", "2025-10-01": "-40 %"}})
    assert values == pytest.approx([100, 100, 60, 30, 30, 30, 30, 30])


def test_bounds_hold_after_growth_and_changes():
    written = {"value": 100, "growth": "100 %/year", "maximum": 150, "minimum": 120}
    assert by_quarter(written)[:4] == pytest.approx([120, 120, 2**0.5 * 100, 150])


def test_steps_grow_and_change_too():
    """Steps say how much at today's conditions; growth and changes count on top: 200 * 1.21 * 0.5."""
    written = {
        "2025-04-01": 100,
        "2026-01-01": 200,
        "growth": "21 %/year",
        "changes": {"2026-01-01": "-50 %"},
    }
    assert by_quarter(written)[4] == pytest.approx(121)
    assert by_quarter(
        {"value": {"2025-04-01": 100, "2026-01-01": 200}, **{k: written[k] for k in ("growth", "changes")}}
    )[4] == pytest.approx(121)


def test_a_table_gives_steps(tmp_path):
    (tmp_path / "grid.csv").write_text(
        "date,north,south\n2025-04-01,10,1\n\n2026-01-01,30,2\n", encoding="utf-8-sig"
    )
    reading = Reading()
    written = {"csv": str(tmp_path / "grid.csv"), "column": "north", "unit": "MW", "source": "operator"}
    series = POWER.validate_python(written, context=reading)
    assert list(series.by_quarter(CALENDAR)) == [10, 10, 10, 30, 30, 30, 30, 30]
    assert [(figure.written, figure.source) for _, figure in series.figures] == [
        ("grid.csv: north, 2 rows in MW", "operator")
    ]
    assert list(reading.tables) == [tmp_path / "grid.csv"]


def test_a_fact_of_the_catalogue_is_a_number_with_its_source():
    """The H20's 400 W, eight times with half as much again for the rest of the server, is 4.8 kW."""
    written = {
        "catalogue": "accelerators",
        "row": "H20 96GB",
        "field": "tdp_w",
        "times": {"value": 12, "reason": "eight chips and half as much again"},
        "growth": "10 %/year",
    }
    series = POWER.validate_python(written, context=Reading(as_of=date(2025, 3, 31)))
    figure = series.figures[0][1]
    assert figure.value == pytest.approx(12 * 0.0004)
    assert figure.source
    assert figure.known_on is not None
    assert figure.known_on <= date(2025, 3, 31)
    assert figure.verified is not None
    assert series.growth == ((None, 0.1),)


def test_every_number_in_a_series_keeps_its_place_and_source():
    written = {
        "value": {"2025-04-01": {"value": "5 USD", "source": "a list"}, "2025-07-01": "4 USD"},
        "changes": {"2025-10-01": "-10 %"},
        "minimum": "1 USD",
        "source": "the block",
    }
    series = MONEY.validate_python(written, context=Reading())
    assert [(place, figure.value, figure.source) for place, figure in series.figures] == [
        ("2025-04-01", 5e-6, "a list"),
        ("2025-07-01", 4e-6, "the block"),
        ("changes.2025-10-01", -0.1, "the block"),
        ("minimum", 1e-6, "the block"),
    ]
    assert (series.unit, series.currency) == ("mn USD", "USD")


def test_evidence_later_than_the_case_is_hindsight():
    reading = Reading(as_of=date(2025, 3, 31))
    early, late = (
        RATIO.validate_python({"value": 1, "basis_date": day}, context=reading).figures[0][1]
        for day in ("2025-03-31", "2025-04-01")
    )
    assert (early.hindsight, late.hindsight) == (False, True)


def test_without_a_case_around_it_a_mistake_is_a_validation_error():
    with pytest.raises(ValidationError, match="needs a unit"):
        POWER.validate_python("80")


def test_values_are_an_array_of_floats():
    values = POWER.validate_python("80 MW").values(CALENDAR)
    assert values.dtype == np.float64
    assert values.shape == (8,)


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
rates = st.floats(-0.9, 3.0)


@given(st.dictionaries(days, st.floats(0, 1e6), min_size=1, max_size=6), days)
def test_the_value_on_a_day_is_that_of_the_last_step(steps, day):
    series = POWER.validate_python({str(begins): f"{value!r} MW" for begins, value in steps.items()})
    past = [begins for begins in steps if begins <= day]
    assert series.on(day, CALENDAR.start) == (steps[max(past)] if past else 0.0)


@given(rates, days, days, days)
def test_growth_over_two_stretches_is_growth_over_both(rate, at, middle, end):
    """With f the factor from ``at``: f(end) = f(middle) times the factor from middle to end."""
    grows = RATIO.validate_python({"value": 1, "growth": f"{rate!r}/year", "at": str(at)})
    onwards = RATIO.validate_python({"value": 1, "growth": f"{rate!r}/year", "at": str(middle)})
    product = grows.on(middle, CALENDAR.start) * onwards.on(end, CALENDAR.start)
    assert grows.on(end, CALENDAR.start) == pytest.approx(product, rel=1e-6)


@given(rates, days, st.dictionaries(days, st.just("5 %"), min_size=1, max_size=4))
def test_one_rate_given_in_pieces_is_one_rate(rate, day, cuts):
    pieces = {str(cut): f"{rate!r}/year" for cut in cuts} | {"2019-01-01": f"{rate!r}/year"}
    in_pieces = RATIO.validate_python({"value": 1, "growth": pieces})
    whole = RATIO.validate_python({"value": 1, "growth": f"{rate!r}/year"})
    assert in_pieces.on(day, CALENDAR.start) == pytest.approx(whole.on(day, CALENDAR.start), rel=1e-9)


@given(st.floats(0, 1e6), rates, st.floats(0, 1e6), st.floats(0, 1e6))
def test_values_stay_within_their_bounds(value, rate, low, high):
    assume(low <= high)
    written = {"value": value, "growth": f"{rate!r}/year", "minimum": low, "maximum": high}
    assert all(low <= found <= high for found in by_quarter(written))
