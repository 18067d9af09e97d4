"""Unit expressions: what they mean, held against pint as an independent oracle, and what is refused."""

from fractions import Fraction

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.units import UnitError, convert, parse_unit
from capexpand.units.currencies import CURRENCIES


@pytest.fixture(scope="module")
def oracle() -> pint.UnitRegistry:
    """Return pint's own units with the ones that pint does not have."""
    registry = pint.UnitRegistry()
    registry.define("token = [token]")
    registry.define("accelerator_hour = [accelerator_hour]")
    registry.define("FLOP = [operation]")
    registry.define("CNY = [yuan]")
    registry.define("USD = [dollar]")
    registry.define("mn = 1e6")
    registry.define("bn = 1e9")
    registry.define("tn = 1e12")
    registry.define("quarter = 0.25 * julian_year")
    return registry


# pint's year is the Julian year of 365.25 days, and its month a twelfth of it, as here.
@pytest.mark.parametrize(
    ("unit", "target"),
    [
        ("CNY/kWh", "mn * CNY/MWh"),
        ("CNY/kW/month", "mn*CNY/MW/quarter"),
        ("bn*CNY", "mn*CNY"),
        ("token/s", "tn*token/quarter"),
        ("tn*token/day", "tn*token/quarter"),
        ("CNY/Mtoken", "mn*CNY/tn/token"),
        ("USD/accelerator_hour", "mn*USD/mn/accelerator_hour"),
        ("PFLOP/s", "ZFLOP/quarter"),
        ("GW", "MW"),
        ("kWh", "J"),
        ("years", "month"),
        ("weeks", "day"),
        ("minutes", "hour"),
        ("ms", "s"),
        ("µs", "s"),
        ("GiB", "GB"),
    ],
)
def test_factors_agree_with_an_independent_library(oracle, unit, target):
    named = {"kB": "kilobyte", "GiB": "gibibyte", "GB": "gigabyte"}
    expected = oracle.Quantity(1.0, named.get(unit, unit)).to(named.get(target, target)).magnitude
    assert convert(1.0, unit, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "same",
    [
        ("CNY/Mtoken", "CNY/million token", "CNY per million tokens", "CNY/mn token", "tn CNY/Etoken"),
        ("bn CNY", "billion CNY", "thousand mn CNY", "k mn CNY"),
        ("MW", "k kW", "million W", "MWh/hour"),
        ("PFLOP/s", "PFLOPS", "k TFLOP/s"),
        ("unit/quarter", "units / quarter", "units per quarter"),
        ("/year", "1/year", "k/thousand year"),
    ],
)
def test_there_is_more_than_one_way_to_write_a_unit(same):
    assert len({parse_unit(text) for text in same}) == 1


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("MWW", "unknown unit 'MWW'; did you mean MW?"),
        ("RMB", "unknown unit 'RMB'; did you mean CNY?"),
        ("mW", "unknown unit 'mW'; did you mean MW?"),
        ("CNY/tokn", "unknown unit 'tokn'; did you mean token?"),
        ("zzzzzzzz", "unknown unit 'zzzzzzzz'"),
        ("MW MW", "'MW MW' is not a unit; join its parts by / or *, as in CNY/kW/month"),
        ("CNY/", "'CNY/' is not a unit: something is missing beside a stroke"),
        ("CNY//kW", "'CNY//kW' is not a unit: something is missing beside a stroke"),
        ("*kW", "'*kW' is not a unit: something is missing before '*'"),
    ],
)
def test_what_is_no_unit_is_refused_with_the_reason(unit, message):
    with pytest.raises(UnitError) as error:
        parse_unit(unit)
    assert str(error.value) == message


def test_no_currency_converts_into_another():
    with pytest.raises(UnitError, match="'USD' is not convertible to CNY"):
        convert(1.0, "USD", "CNY")


def test_a_quarter_is_three_months_and_a_quarter_of_365_days_and_a_quarter():
    assert convert(1, "quarter", "month") == 3.0
    assert convert(1, "quarter", "day") == 365.25 / 4
    assert parse_unit("year").factor == Fraction(31557600)


units = st.sampled_from(["W", "kWh", "s", "month", "token", "unit", "CNY", "USD", "%", "mn", "GB", "bn CNY"])


@given(st.lists(st.tuples(st.sampled_from("/*"), units), min_size=1, max_size=6))
def test_dividing_by_what_was_multiplied_leaves_nothing(chain):
    """For any expression x, 1*x/x is the plain number one."""
    there = "1" + "".join(operator + unit for operator, unit in chain)
    back = "".join(("/" if operator == "*" else "*") + unit for operator, unit in chain)
    assert parse_unit(there + back) == parse_unit("1")


@given(st.floats(1e-9, 1e12), st.sampled_from(["kW", "GW", "MWh/day", "W", "mn W", "BB"]))
def test_converting_there_and_back_changes_nothing(value, unit):
    if unit == "BB":
        with pytest.raises(UnitError):
            convert(value, unit, "MW")
    else:
        assert convert(convert(value, unit, "MW"), "MW", unit) == pytest.approx(value, rel=1e-12)


def test_currencies_are_three_capital_letters():
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert {"CNY", "USD", "EUR", "CNH"} <= CURRENCIES
