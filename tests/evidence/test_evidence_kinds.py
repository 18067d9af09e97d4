"""The kinds of evidence: one place says what each means, and every number is of exactly one."""

from datetime import date

import pytest

from capexpand.case.evidence import EVIDENCE, evidence_counts, evidence_of, weakest
from capexpand.case.loading import load_case
from capexpand.case.numbers import numbers
from capexpand.case.shipped import shipped_cases
from capexpand.case.values import Figure


def figure(**more):
    return Figure(1.0, "MW", "1 MW", **more)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("reported", {"source": "Annual report 2024, page 12"}),
        ("reported", {"source": "Reuters, 2025-02-24", "source_kind": "news_report", "verified": True}),
        ("reported", {"source": "A data sheet", "source_kind": "primary", "verified": True}),
        ("derived", {"source": "Annual report 2024", "reason": "less what the halls took"}),
        ("derived", {"source": "A data sheet", "source_kind": "primary", "verified": True, "computed": True}),
        ("derived", {"source": "A table", "source_kind": "derived", "verified": True}),
        ("estimated", {"reason": "an estimate for a western hub"}),
        ("estimated", {"reason": "Estimated from the trade press"}),
        ("estimated", {"source": "A bank", "source_kind": "analyst", "verified": True}),
        (
            "estimated",
            {"reason": "prices of a later year", "basis_date": date(2026, 1, 1), "hindsight": True},
        ),
        ("remembered", {"source": "list prices of 2024 (remembered)"}),
        ("remembered", {"reason": "usual range, not verified; an estimate"}),
        ("remembered", {"source": "A data sheet", "source_kind": "primary", "verified": False}),
        ("remembered", {"source": "None", "source_kind": "general_knowledge", "verified": True}),
        ("assumed", {"reason": "halls last longer than servers"}),
        ("assumed", {}),
    ],
)
def test_a_number_is_of_the_kind_that_its_source_and_reason_make_it(kind, more):
    assert evidence_of(figure(**more)).name == kind


def test_the_firmest_kind_is_the_surest():
    deviations = [kind.deviation for kind in EVIDENCE]
    assert deviations == sorted(deviations)
    assert len(set(deviations)) == len(EVIDENCE) == 5


def test_values_that_stand_together_are_as_weak_as_the_weakest():
    assert weakest([figure(source="A report"), figure(reason="a guess")]).name == "assumed"


@pytest.mark.parametrize("name", shipped_cases())
def test_every_number_of_a_shipped_case_is_of_one_kind(name):
    case = load_case(name)
    counts = evidence_counts(case)
    assert list(counts) == [kind.name for kind in EVIDENCE]
    assert sum(counts.values()) == len(list(numbers(case)))


def test_a_fact_of_the_catalogue_keeps_how_near_its_source_is():
    """The memory of an H20 server is eight times that of a card, so it is derived; its card's is reported."""
    case = load_case("alibaba-2025")
    memory = case.offers["h20-server"].memory
    assert memory is not None
    assert memory.computed
    assert memory.source_kind
    assert not case.exchange_rates["USD"].figures[0][1].computed
