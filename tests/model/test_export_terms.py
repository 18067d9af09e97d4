"""Offers that follow the export rules get status, quantity and fee by the day on which they would arrive."""

import numpy as np
import pytest
from small_case import compiled, loaded, offer, site

from capexpand.model.export_terms import export_spans, export_terms

H20 = {
    "calendar.quarters": 8,
    "offers.server.accelerator": "H20 96GB",
    "offers.server.accelerators": 8,
    "offers.server.supply": {"CN": {"limit": "100 units/quarter", "rules": True}},
}


def terms(changes: dict[str, object], destination: str = "CN"):
    found = export_terms(loaded({**H20, **changes}), "server", destination)
    assert found is not None
    return found


def test_the_h20_is_free_as_far_as_was_known_in_february_2025():
    assert {term.status for term in terms({"as_of": "2025-02-24"})} == {"free"}
    assert np.all(compiled({**H20, "as_of": "2025-02-24"}).offers.limit[0, 0] == 100.0)


def test_a_rule_counts_from_when_it_was_announced():
    """The licence for the H20 was told to its maker on 9 April and announced on 15 April 2025.

    Sensitivity: one day earlier nobody outside knew, and every quarter would stay free.
    """
    later = {"calendar.start": "2025-07-01", "programme.window_start": "2025-07-01"}
    day_before = terms({**later, "as_of": "2025-04-14"})
    day = terms({**later, "as_of": "2025-04-15"})
    assert {term.status for term in day_before} == {"free"}
    assert {(term.status, term.review, term.quantity_fraction) for term in day} == {
        ("licence", "case by case", 0.0)
    }
    assert any("H20" in text for text in day[0].because)


def test_a_licence_leaves_the_share_that_the_case_gives():
    changes = {
        **H20,
        "calendar.start": "2025-07-01",
        "programme.window_start": "2025-07-01",
        "as_of": "2025-05-01",
        "offers.server.supply": {"CN": {"limit": "100 units/quarter", "rules": {"licence_share": "20 %"}}},
    }
    assert np.all(compiled(changes).offers.limit[0, 0] == 20.0)


def test_a_licence_that_would_be_denied_leaves_nothing():
    changes = {**H20, "as_of": "2025-02-24", "offers.server.accelerator": "H100 SXM5 80GB"}
    data = compiled(changes)
    assert np.all(data.offers.limit[0, 0] == 0.0)
    assert not data.offers.orderable.any()


def test_an_overseas_site_is_judged_by_the_headquarters():
    """An H100 may go to Malaysia, but not to a buyer from China."""
    overseas = {
        "as_of": "2025-02-24",
        "offers.server.accelerator": "H100 SXM5 80GB",
        "sites.south": site(destination="MY"),
        "opening.sites.south": {"power": "1 MW"},
        "offers.server.supply": {"MY": {"limit": "100 units/quarter", "rules": True}},
    }
    chinese = terms(overseas, "MY")
    # the diffusion rule, announced in January for 15 May 2025, would have reached everybody from then on
    foreign = terms({**overseas, "programme.headquarters": "SG"}, "MY")
    assert {term.quantity_fraction for term in chinese} == {0.0}
    assert (foreign[0].status, foreign[0].quantity_fraction) == ("free", 1.0)


def test_the_rules_of_the_day_of_arrival_count():
    """What is ordered in April 2025 and takes half a year meets the diffusion rule of May."""
    abroad = {
        "as_of": "2025-02-24",
        "programme.headquarters": "SG",
        "offers.server.accelerator": "H100 SXM5 80GB",
        "sites.south": site(destination="MY"),
        "opening.sites.south": {"power": "1 MW"},
        "offers.server.supply": {"MY": {"limit": "100 units/quarter", "rules": True}},
    }
    at_once = terms(abroad, "MY")[0]
    later = terms({**abroad, "offers.server.lead_time": "6 months"}, "MY")[0]
    assert (str(at_once.shipped_on), at_once.status) == ("2025-04-01", "free")
    assert (str(later.shipped_on), later.status) == ("2025-10-01", "licence")


def test_a_fee_comes_on_top_of_the_price():
    """The H20 came back for 15 % of its price: 1 mn CNY become 1.15, or 1.09 with 60 % of it passed on."""
    august = {
        **H20,
        "calendar.start": "2025-10-01",
        "programme.window_start": "2025-10-01",
        "as_of": "2025-08-20",
    }
    passed = {"CN": {"limit": "100 units/quarter", "rules": {"fee_passed_on": "60 %"}}}
    assert compiled(august).offers.price[0, 0, 0] == pytest.approx(1.15)
    assert compiled({**august, "offers.server.supply": passed}).offers.price[0, 0, 0] == pytest.approx(1.09)
    assert compiled(august).offers.export_fee[0, 0, 0] == pytest.approx(0.15)


def test_the_chinese_side_counts_by_the_kind_of_buyer():
    changes = {
        "calendar.start": "2026-01-01",
        "programme.window_start": "2026-01-01",
        "as_of": "2025-12-01",
    }
    company = terms(changes)[0]
    state = terms({**changes, "programme.end_user": "state-funded"})[0]
    assert company.quantity_fraction == 1.0
    assert (state.status, state.quantity_fraction) == ("prohibited", 0.0)


def test_what_is_in_the_country_is_shown_and_left_alone():
    stock = {"CN": {"limit": "100 units/quarter", "rules": {"in_country": True}}}
    changes = {
        "as_of": "2025-02-24",
        "offers.server.accelerator": "H800 SXM5 80GB",
        "offers.server.supply": stock,
    }
    (first, *_) = terms(changes)
    assert (first.status, first.review, first.quantity_fraction) == ("licence", "presumption of denial", 1.0)
    assert first.because[0].startswith("the units are in the country already")


def test_a_contract_does_not_hold_against_a_rule():
    denied = {"CN": {"limit": "100 units/quarter", "minimum": "10 units/quarter", "rules": True}}
    changes = {**H20, "as_of": "2025-02-24", "offers.server.supply": denied}
    assert np.all(compiled(changes).offers.least[0, 0] == 10.0)
    banned = compiled({**changes, "offers.server.accelerator": "H100 SXM5 80GB"})
    assert np.all(banned.offers.least[0, 0] == 0.0)


def test_without_rules_nothing_changes():
    assert export_terms(loaded({}), "server", "CN") is None
    assert export_spans(loaded({})) == ()


def test_equal_quarters_are_told_together():
    case = loaded({**H20, "as_of": "2025-02-24", "offers.other": offer()})
    (span,) = export_spans(case)
    assert (span.offer, span.destination, span.first, span.last) == ("server", "CN", "2025Q2", "2027Q1")
