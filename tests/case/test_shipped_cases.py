"""The cases that come with the package are found by their names, where no path of that name stands."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.case.plausibility import doubts
from capexpand.case.shipped import shipped_cases
from capexpand.errors import CaseError
from capexpand.hardware.matrix import EVIDENCE_KNOWN_ON
from capexpand.model.rates import computed_workloads
from capexpand.scenarios.demand_widths import narrow_demands


def test_every_shipped_case_loads_by_its_name_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "alibaba-2025" in shipped_cases()
    assert "shared" not in shipped_cases()
    for name in shipped_cases():
        assert load_case(name).provenance.path.parent.name == name


def test_a_path_of_that_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("two-sites").mkdir()
    with pytest.raises(CaseError, match=r"two-sites/case\.yaml: there is no such file"):
        load_case("two-sites")


@pytest.mark.parametrize("name", ["", ".", "..", "no-such-case", "x" * 300, "two-sites\0"])
def test_other_names_are_paths(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaseError):
        load_case(name)


@pytest.mark.parametrize("name", shipped_cases())
def test_check_warns_of_nothing_in_a_shipped_case_that_is_not_explained(name):
    """Nothing is hard to believe or without a source; of hindsight the README says that it is there."""
    case = load_case(name)
    found = list(numbers(case))
    assert doubts(case) == ()
    assert case.uncertainty.empty or narrow_demands(case) == ()
    assert [number.path for number in found if not number.figure.explained] == []
    late = [number for number in found if number.figure.hindsight]
    if late or (case.as_of < EVIDENCE_KNOWN_ON and computed_workloads(case)):
        assert "hindsight" in (case.provenance.path.parent / "README.md").read_text(encoding="utf-8")
