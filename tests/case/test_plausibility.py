"""Slips of unit and scale are met with their likely meaning, or with a doubt beside what is usual."""

from __future__ import annotations

import pytest
from small_case import loaded

from capexpand.case.plausibility import doubts
from capexpand.errors import CaseError

DOLLARS = {"exchange_rates": {"USD": "7 CNY/USD"}}


@pytest.mark.parametrize(
    ("place", "written", "likely"),
    [
        ("programme.cap", 3000000000, '"3 bn CNY"'),
        ("programme.cap", 25000000, '"25 mn CNY"'),
        ("programme.cap", 380, '"380 bn CNY"'),
        ("finance.discount_rate", 0.09, '"9 %/year"'),
        ("finance.discount_rate", 9, '"9 %/year"'),
    ],
)
def test_a_number_without_a_unit_is_answered_with_what_was_probably_meant(place, written, likely):
    with pytest.raises(CaseError, match="needs a unit") as refused:
        loaded({place: written})
    assert likely in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"programme.cap": "3000000000 bn CNY"}, "programme.cap: 3000000000 bn CNY is more than ten times"),
        ({"finance.discount_rate": "0.09 %/year"}, "was 9 %/year meant?"),
        ({"offers.server.power": "8 MW"}, "offers.server.power: 8 MW is 8000 kW for one server"),
        ({"workloads.chat.price": "1 CNY/token"}, "142857 USD for a million tokens"),
        (
            {
                "calendar.quarters": 120,
                "workloads.chat.demand": {"value": "1 tn token/day", "growth": "80 %/year"},
            },
            "workloads.chat.demand: grows",
        ),
        (
            {
                "calendar.quarters": 8,
                "workloads.chat.smaller_models": {"value": 1, "growth": "1500 %/year"},
            },
            "workloads.chat.smaller_models: grows 16-fold within a year",
        ),
        (
            {"workloads.chat.productivity": {"2025-04-01": 1, "2026-01-01": 8}, "workloads.chat.software": 2},
            "workloads.chat.productivity: 8-fold are neither smaller models nor software",
        ),
    ],
)
def test_what_is_hard_to_believe_is_told_with_its_place(changes, said):
    found = doubts(loaded({**DOLLARS, "offers.server.power": "5 kW", **changes}))
    assert len(found) == 1
    assert said in found[0]


def test_a_usual_case_leaves_no_doubt():
    assert doubts(loaded({**DOLLARS, "offers.server.power": "5 kW"})) == ()


def test_the_power_of_a_server_is_held_against_the_catalogue():
    """An H20 takes 0.4 kW: eight with their server take 7.5 kW and neither 2 nor 75."""
    chips = {"offers.server.accelerator": "H20 96GB", "offers.server.accelerators": 8}
    for power, doubtful in (("7.5 kW", False), ("2 kW", True), ("75 kW", True)):
        assert bool(doubts(loaded({**chips, "offers.server.power": power}))) == doubtful


def test_what_a_workload_says_counts_or_is_refused():
    with pytest.raises(CaseError, match="holds for obligations only"):
        loaded({"workloads.chat.penalty": "1 CNY/Mtoken"})
    with pytest.raises(CaseError, match="is paid nothing, since it is an obligation"):
        loaded({"workloads.chat.role": "obligation"})


def test_what_stands_leased_needs_a_lease_to_pay():
    with pytest.raises(CaseError, match=r"add lease to offers\.server"):
        loaded({"opening.sites.east.leased": {"server": 1}})
    with pytest.raises(CaseError, match=r"add colocate to sites\.east"):
        loaded({"opening.sites.east.power_leased": "1 MW"})
