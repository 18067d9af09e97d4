"""Mistakes inside one number, and junk where anything could stand."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from capexpand.case.document import plain, read_document
from capexpand.case.loading import load_case
from capexpand.errors import CaseError

REFERENCE = "{catalogue: accelerators, row: H20 96GB, field: tdp_w"

IN_ONE_NUMBER = {
    "a reference and a value": (
        f"{REFERENCE}, value: 8 kW}}",
        "has both a value and a reference to the catalogue; keep one",
    ),
    "neither a reference nor a value": ("{source: a letter}", 'needs a value, e.g. "10.2 kW"'),
    "nothing": ("{}", 'needs a value, e.g. "10.2 kW"'),
    "a list": ("[8 kW]", 'is not a number; write it as in "10.2 kW"'),
    "a multiplier with a unit": (f"{REFERENCE}, times: 8 kW}}", "'8 kW' is not convertible to a plain ratio"),
    "a source that is a number": ("{value: 8 kW, source: 5}", "is a text"),
    "a basis that is no date": (
        "{value: 8 kW, basis_date: now}",
        "'now' is not a date; write it as 2025-04-01",
    ),
    "a fact of another dimension": (
        "{catalogue: accelerators, row: H20 96GB, field: memory_gb}",
        "accelerators, H20 96GB, memory_gb: '96.0 GB' is not convertible to kW",
    ),
    "zero": ("0 kW", "'0 kW' is too low; power per unit is more than 0 kW"),
}


@pytest.mark.parametrize(("written", "message"), IN_ONE_NUMBER.values(), ids=IN_ONE_NUMBER)
def test_a_mistake_inside_a_number_is_said_once(write_case, problems_of, written, message):
    (found,) = problems_of(write_case({"power: 8 kW": f"power: {written}"}))
    assert found.startswith("case.yaml:45:")
    assert ": offers.h20.power" in found
    assert found.endswith(f": {message}")


def test_every_currency_without_a_rate_is_named_once(write_case, problems_of):
    prices = {
        "cost: 40 mn CNY/MW": "cost: 5 mn EUR/MW",
        "cap: 2 bn CNY": "cap: 9 bn JPY",
        "80 CNY/kW/month": "9 EUR/kW/month",
    }
    assert [problem.partition(":")[2] for problem in problems_of(write_case(prices))] == [
        "20:3: programme.cap: there is no exchange rate for JPY; add CNY/JPY under exchange_rates",
        "36:7: sites.east.build.cost: there is no exchange rate for EUR; add CNY/EUR under exchange_rates",
    ]


def test_a_rate_of_the_own_currency_is_too_much(write_case, problems_of):
    file = write_case({"USD: 7.25 CNY/USD": "USD: 7.25 CNY/USD\n  CNY: 1.0 CNY/USD"})
    assert problems_of(file) == [
        "case.yaml:8:3: exchange_rates.CNY: CNY is the case's currency; leave this out"
    ]


def test_what_is_right_is_checked_where_something_else_is_wrong(write_case, problems_of):
    """A calendar and rates that cannot be read do not hide a mistake elsewhere, nor cause one."""
    file = write_case(
        {
            "{start: 2025-04-01, quarters: 8}": "{start: soon, quarters: 8}",
            "USD: 7.25 CNY/USD": "USD: 7.25",
            "    price: 1.2 CNY/Mtoken\n": "",
        }
    )
    assert [problem.partition(": ")[2] for problem in problems_of(file)] == [
        "calendar.start: 'soon' is not a date; write it as 2025-04-01",
        'exchange_rates.USD: needs a unit, e.g. "7.25 CNY/USD"',
        "workloads.chat: is external and needs a price",
    ]


STARTER = Path(__file__).parents[2] / "src" / "capexpand" / "case" / "starter.yaml"


def places(value: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] * bool(place) + [found for key, each in inner for found in places(each, (*place, key))]


DOCUMENT = plain(read_document(STARTER))
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text("aMW/% 0123.-{", max_size=8)
    | st.sampled_from(["80 MW", "5 %"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "csv", "growth", "2025-04-01", "catalogue", "at", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.sampled_from(places(DOCUMENT)), junk)
def test_junk_anywhere_in_a_case_loads_or_is_refused_in_words(place, value):
    """Whatever stands at any place: a case, or a CaseError with a place for each problem. Nothing else."""
    document = plain(read_document(STARTER))
    *above, last = place
    block = document
    for step in above:
        block = block[step]
    block[last] = value
    with TemporaryDirectory() as folder:
        file = Path(folder) / "case.yaml"
        with file.open("w") as stream:
            YAML(typ="safe", pure=True).dump(document, stream)
        problems = []
        try:
            load_case(file)
            load_case(file, "late-power")
        except CaseError as error:
            problems = list(error.problems)
        assert [problem for problem in problems if not (problem.message and problem.file)] == []
