"""Quantities are written as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.wording import (
    MoneyScale,
    compute,
    count,
    listing,
    money,
    number,
    of_each,
    percent,
    power,
    sentence,
    share,
    short_names,
    volume,
    years,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (380.0, "380"),
        (12.34, "12.3"),
        (9.996, "10"),
        (0.04567, "0.0457"),
        (412345.0, "412,000"),
        (-3.2, "−3.2"),
        (1.5, "1.5"),
        (2e-7, "2.00e−07"),
        (float("nan"), "–"),
    ],
)
def test_numbers_keep_three_digits(value, text):
    assert number(value) == text


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_a_written_number_is_within_half_a_percent_of_the_true_one(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (380_000.0, "380 bn CNY"),
        (999.9, "1 bn CNY"),
        (12.3, "12.3 mn CNY"),
        (0.0456, "45,600 CNY"),
        (-1500.0, "−1.5 bn CNY"),
        (0.0, "0 CNY"),
        (3e-8, "0.03 CNY"),
    ],
)
def test_money_takes_the_unit_that_suits_it(amount, text):
    assert money(amount, "CNY") == text


def test_quantities_take_the_unit_that_suits_them():
    assert power(999.6) == "1 GW"
    assert power(4.36) == "4.36 MW"
    assert compute(944_000.0) == "944 EFLOP/s"
    assert compute(4.4e6) == "4.4 ZFLOP/s"
    assert volume(1.39e14, "tokens") == "139 tn tokens"
    assert volume(950.0) == "950"


def test_counts_are_whole_until_they_are_large():
    assert [count(n) for n in (0.0, 0.2, 3.4, 999.4, 1234.0, 1_790_000.0)] == [
        "0",
        "0.2",
        "3",
        "999",
        "1,230",
        "1.79 million",
    ]


def test_one_is_singular_and_none_is_no():
    assert of_each(1.0, "site", "sites") == "1 site"
    assert of_each(0.0, "site", "sites") == "no sites"
    assert of_each(2.0, "site", "sites") == "2 sites"


def test_shares_and_rates_read_well():
    assert [percent(f) for f in (0.173, 0.063, 0.0, -0.04, 1.0)] == ["17 %", "6.3 %", "0 %", "−4 %", "100 %"]
    assert [share(f) for f in (0.063, 0.001, 0.0)] == ["6 %", "less than 1 %", "0 %"]


def test_years_are_written_with_quarters():
    assert [years(q) for q in (1, 4, 7, 28, 0)] == ["¼ year", "1 year", "1¾ years", "7 years", "0 years"]


def test_lists_end_with_and():
    assert [listing(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_sentences_begin_large_and_end_with_one_stop():
    assert sentence("one more MW is worth 3.") == "One more MW is worth 3."
    assert sentence("nothing") == "Nothing."


def test_titles_are_cut_only_where_they_stay_apart():
    assert short_names(("Ulanqab, Inner Mongolia (hub)", "Coast")) == ("Ulanqab", "Coast")
    assert short_names(("Site (north)", "Site (south)")) == ("Site (north)", "Site (south)")


def test_tables_show_money_in_millions_until_it_is_large():
    assert MoneyScale.of(4999.0, "CNY").unit == "mn CNY"
    large = MoneyScale.of(5000.0, "CNY")
    assert large.unit == "bn CNY"
    assert [large.write(v) for v in (-41_540.0, 0.0, -3.0)] == ["−41.5", "0.0", "0.0"]
