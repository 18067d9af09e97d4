"""Quantities as users write them: canonical numbers, and one clear message for each mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capexpand.units import VOLUME_UNITS, Quantity, QuantityError, QuantityKind, format_number, read_quantity

MONEY = QuantityKind("money", ("mn CUR",), "380 bn CNY", per_unit=True)
POWER = QuantityKind("power", ("MW",), "120 MW")
SHARE = QuantityKind("a share", ("1",), "5 %", maximum=1.0, bare=True)
GROWTH = QuantityKind("growth", ("1/year",), "-20 %/year", minimum=None, above=-1.0)
USAGE = QuantityKind("power usage effectiveness", ("1",), "1.25", minimum=1.0, bare=True)
RATE = QuantityKind("an exchange rate", ("CUR/CUR",), "7.3 CNY/USD", above=0.0)
ENERGY = QuantityKind("an energy price", ("mn CUR/MWh",), "0.45 CNY/kWh")
VOLUME = QuantityKind(
    "a volume", tuple(f"{unit}/quarter" for unit in VOLUME_UNITS.values()), "2 tn token/day"
)


@pytest.mark.parametrize(
    ("written", "kind", "value", "unit", "currency"),
    [
        ("380 bn CNY", MONEY, 380_000.0, "mn CNY", "CNY"),
        ("380bn CNY", MONEY, 380_000.0, "mn CNY", "CNY"),
        ("2,200,000 USD/unit", MONEY, 2.2, "mn USD", "USD"),
        ("120 MW", POWER, 120.0, "MW", None),
        (".5 GW", POWER, 500.0, "MW", None),
        ("1e5 kW", POWER, 100.0, "MW", None),
        ("+8. MW", POWER, 8.0, "MW", None),
        ("5 %", SHARE, 0.05, "1", None),
        (0.05, SHARE, 0.05, "1", None),
        (1, SHARE, 1.0, "1", None),
        ("-20 %/year", GROWTH, -0.2, "1/year", None),
        ("−20 % per year", GROWTH, -0.2, "1/year", None),
        ("0.45 CNY/kWh", ENERGY, 0.00045, "mn CNY/MWh", "CNY"),
        ("7.3 CNY/USD", RATE, 7.3, "CNY/USD", None),
        ("0.137 USD/CNY", RATE, 0.137, "USD/CNY", None),
        ("3e24 FLOP/quarter", VOLUME, 3000.0, "ZFLOP/quarter", None),
        ("8 accelerator_hour/hour", VOLUME, 8 * 2191.5 / 1e6, "mn accelerator_hour/quarter", None),
        ("30 vcpu_hour/hour", VOLUME, 30 * 2191.5 / 1e6, "mn vcpu_hour/quarter", None),
        ("12000 token/s", VOLUME, 12000 * 7889400 / 1e12, "tn token/quarter", None),
    ],
)
def test_a_text_becomes_a_canonical_number(written, kind, value, unit, currency):
    assert read_quantity(written, kind) == Quantity(pytest.approx(value, rel=1e-15), unit, currency)


@pytest.mark.parametrize(
    ("written", "kind", "message"),
    [
        ("80", POWER, 'needs a unit, e.g. "80 MW"'),
        (80, POWER, 'needs a unit, e.g. "80 MW"'),
        ("380", MONEY, 'needs a unit, e.g. "380 bn CNY"'),
        ("80 USD", POWER, "'80 USD' is not convertible to MW"),
        ("80 MW", MONEY, "'80 MW' is not convertible to mn CNY"),
        (
            "80 USD CNY",
            MONEY,
            "'80 USD CNY': 'USD CNY' is not a unit; join its parts by / or *, as in CNY/kW/month",
        ),
        ("7.3 CNY", RATE, "'7.3 CNY' is not convertible to an exchange rate; write it as in \"7.3 CNY/USD\""),
        ("5 MW", SHARE, "'5 MW' is not convertible to a plain ratio"),
        ("5 %", GROWTH, "'5 %' is not convertible to 1/year; write it as in \"-20 %/year\""),
        ("80 MWW", POWER, "'80 MWW': unknown unit 'MWW'; did you mean MW?"),
        ("-80 MW", POWER, "'-80 MW' is negative; power cannot be"),
        ("101 %", SHARE, "'101 %' is too high; a share is at most 1"),
        (0.9, USAGE, "'0.9' is too low; power usage effectiveness is at least 1"),
        ("-100 %/year", GROWTH, "'-100 %/year' is too low; growth is more than -1"),
        ("0 CNY/USD", RATE, "'0 CNY/USD' is too low; an exchange rate is more than 0"),
        ("NaN MW", POWER, "'NaN MW' is not a finite number; write one such as \"120 MW\""),
        (float("nan"), POWER, "'NaN' is not a finite number; write one such as \"120 MW\""),
        (float("inf"), SHARE, "'inf' is not a finite number; write one such as \"5 %\""),
        ("-inf MW", POWER, "'-inf MW' is not a finite number; write one such as \"120 MW\""),
        ("1e400 MW", POWER, "'1e400 MW' is too large to plan with"),
        ("many MW", POWER, "'many MW' is not a number with a unit; write it as in \"120 MW\""),
        ("1,5 MW", POWER, "'1,5 MW' is not a number with a unit; write it as in \"120 MW\""),
        ("1.2.3 MW", POWER, "'1.2.3 MW' is not a number with a unit; write it as in \"120 MW\""),
        ("", POWER, "'' is not a number with a unit; write it as in \"120 MW\""),
    ],
)
def test_each_mistake_has_its_own_message(written, kind, message):
    with pytest.raises(QuantityError) as error:
        read_quantity(written, kind)
    assert str(error.value) == message


def test_messages_about_money_name_the_currency_of_the_case():
    with pytest.raises(QuantityError, match=r'needs a unit, e\.g\. "5 bn EUR"'):
        read_quantity(5, MONEY, currency="EUR")


@given(st.floats(0, 1e15), st.sampled_from(["W", "kW", "MW", "GW", "bn W"]))
def test_a_canonical_number_reads_as_itself(number, unit):
    """What reading gives, written down in its canonical unit, reads as the same number again."""
    first = read_quantity(f"{number!r} {unit}", POWER)
    assert read_quantity(f"{first.value!r} {first.unit}", POWER) == first


@given(
    st.floats(0, 1e9),
    st.sampled_from([MONEY, POWER, SHARE, GROWTH, ENERGY, RATE, VOLUME, USAGE]),
    st.text(max_size=8),
)
def test_any_text_is_read_or_refused_in_words(number, kind, tail):
    try:
        quantity = read_quantity(f"{number!r} {tail}", kind)
    except QuantityError:
        return
    assert quantity.value == pytest.approx(quantity.value)  # which NaN is not
    assert kind.maximum is None or quantity.value <= kind.maximum


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_so_that_they_read_back_to_six_digits(number):
    assert float(format_number(number)) == pytest.approx(number, rel=1e-5)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.00045, "0.00045"),
        (380000.0, "380000"),
        (0.1 + 0.2, "0.3"),
        (-2.0, "-2"),
        (2.1e-9, "2.1e-09"),
        (0.0, "0"),
    ],
)
def test_numbers_are_written_for_people(number, text):
    assert format_number(number) == text
