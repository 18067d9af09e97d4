from datetime import date

import pytest

from capexpand.catalogue import accelerators, find_accelerator, find_accelerators
from capexpand.errors import CaseError


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("H20", ["H20 96GB", "H20 141GB"]),
        ("h20 96gb", ["H20 96GB"]),
        ("H2096GB", ["H20 96GB"]),
        ("H100", ["H100 SXM5 80GB"]),
        ("NVIDIA H100", ["H100 SXM5 80GB"]),
        ("H200", ["H200 SXM 141GB"]),
        ("Ascend910C", ["Ascend 910C"]),
        ("GB200", ["GB200 (per GPU)", "GB200 NVL72 rack"]),
        ("PPU", ["T-Head Zhenwu 810E (PPU)"]),
        ("Trillium", ["TPU v6e (Trillium)"]),
    ],
)
def test_a_chip_is_found_by_what_people_call_it(name, found):
    assert [row.name for row in find_accelerators(name)] == found


def test_every_chip_is_found_by_its_whole_name():
    assert all(find_accelerator(row.name) == row for row in accelerators())


@pytest.mark.parametrize(
    ("name", "near"), [("H2O", "H20 96GB"), ("MI300", "MI300X"), ("Ascend 910D", "Ascend 910C")]
)
def test_an_unknown_name_gets_a_suggestion(name, near):
    with pytest.raises(CaseError, match="did you mean") as caught:
        find_accelerators(name)
    assert near in str(caught.value)


@pytest.mark.parametrize("name", ["", "  ", "NVIDIA", "quantum annealer"])
def test_what_names_no_chip_finds_none(name):
    with pytest.raises(CaseError, match="no accelerator"):
        find_accelerators(name)


def test_a_suggestion_does_not_look_ahead():
    with pytest.raises(CaseError) as caught:
        find_accelerators("Zhenwu 811", date(2025, 2, 24))
    assert "Zhenwu" not in str(caught.value).partition(";")[2]


def test_two_chips_of_one_name_are_not_taken_for_one():
    with pytest.raises(CaseError, match="'H20' may be H20 96GB, H20 141GB; write the whole name"):
        find_accelerator("H20")


def test_a_chip_that_was_not_known_yet_says_when_it_was():
    with pytest.raises(CaseError, match=r"Ascend 950PR .* became known on 2026-03-31"):
        find_accelerators("950PR", date(2025, 2, 24))


def test_a_chip_without_a_recorded_day_says_so():
    with pytest.raises(CaseError, match="B30A was not known on 2026-01-01: nobody recorded"):
        find_accelerators("B30A", date(2026, 1, 1))
