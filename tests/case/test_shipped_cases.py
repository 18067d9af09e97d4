"""The cases that come with the package are found by their names, where no path of that name stands."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.case.shipped import shipped_cases
from capexpand.errors import CaseError


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
