"""The four programmes with their public financing: it explains every number and leaves the plain case be."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.model.compile import compile_case

CASES = Path(__file__).parents[2] / "cases"
NAMES = ("alibaba-2025", "bytedance-2025", "meta-2025", "microsoft-fy2025")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_financing_has_a_source_or_a_reason(name):
    case, plain = load_case(CASES / name / "financed.yaml"), load_case(CASES / name)
    ours = [number for number in numbers(case) if number.path.startswith("financing")]
    assert ours
    assert [number.path for number in ours if not number.figure.explained] == []
    assert plain.financing is None
    assert {each.path for each in numbers(plain)} <= {each.path for each in numbers(case)}


def test_alibabas_notes_are_owed_in_three_currencies():
    facilities = compile_case(load_case(CASES / "alibaba-2025" / "financed.yaml")).financed.facilities
    assert set(facilities.currencies) == {"CNY", "HKD", "USD"}
    assert facilities.amount[facilities.names.index("exchangeable-2025")] == pytest.approx(12e3 * 0.93)
