"""The JSON document is complete, finite, and agrees with itself."""

import json
from datetime import date

import jsonschema
import numpy as np
import pytest

from capexpand.reporting.context import ReportContext
from capexpand.reporting.document import metrics_document, metrics_schema

PROMISED = """
    status objective relative_gap currency quarters capex renewal_capex capex_total power_mw
    power_mw_by_site units tokens_per_day revenue ebita free_cash_flow npv irr payback_quarter peak_funding
    shadow_prices shadow_price_units naive bridge warnings checks base programme total basis version variant
    case_hash hindsight
"""
MONEY_BY_QUARTER = (
    "capex",
    "commitments",
    "additions",
    "revenue",
    "ebitda",
    "ebita",
    "tax",
    "free_cash_flow",
)


@pytest.fixture(scope="module", params=["two_sites", pytest.param("alibaba", marks=pytest.mark.slow)])
def document(request):
    return metrics_document(ReportContext(request.getfixturevalue(request.param)))


def test_the_document_follows_its_schema(document):
    schema = metrics_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert set(PROMISED.split()) <= set(schema["required"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("npv"),
        lambda d: d.update(extra=1),
        lambda d: d.update(payback_quarter="2026Q4"),
        lambda d: d["naive"].update(objective=None),
        lambda d: d["base"].update(capex=[]),
    ],
)
def test_the_schema_refuses_what_is_wrong(two_sites, spoil):
    document = metrics_document(ReportContext(two_sites))
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(metrics_schema()).validate(document)


def test_every_number_is_finite_or_null(document):
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_every_series_has_a_number_for_each_quarter(document):
    quarters = len(document["quarters"])
    series = [document[name] for name in (*MONEY_BY_QUARTER, "power_mw", "tokens_per_day")]
    for name in ("units", "power_mw_by_site", "shadow_prices"):
        series += document[name].values()
    assert {len(one) for one in series} == {quarters}
    assert [date.fromisoformat(day).day for day in document["quarters"]] == [1] * quarters


def test_programme_is_total_less_base(document):
    for name in MONEY_BY_QUARTER:
        total, base = np.array(document["total"][name]), np.array(document["base"][name])
        assert np.array(document["programme"][name]) == pytest.approx(total - base, rel=1e-9, abs=10.0)
        assert name == "capex" or document[name] == document["programme"][name]


def test_capex_total_is_what_is_paid_in_the_window(document):
    days = document["quarters"]
    first, last = (days.index(document["window"][end]) for end in ("first", "last"))
    assert document["capex_total"] == pytest.approx(sum(document["capex"]))
    assert document["capex"][first : last + 1] == document["total"]["capex"][first : last + 1]
    every = np.array(document["capex"]) + np.array(document["renewal_capex"])
    assert every == pytest.approx(np.array(document["total"]["capex"]))
    assert document["budget"]["spent"] <= document["budget"]["cap"] * (1 + 1e-9)
    in_total = sum(document["total"]["capex"][first : last + 1])
    assert document["budget"]["spent"] == pytest.approx(in_total)


def test_power_and_units_are_those_that_stand(document):
    assert np.sum(list(document["power_mw_by_site"].values()), axis=0) == pytest.approx(document["power_mw"])
    assert document["power_mw"] == document["total"]["power_mw"]
    assert max(document["power_mw"]) > max(document["base"]["power_mw"])


def test_cash_is_paid_back_in_the_payback_quarter(document):
    """The sum of flows is negative at the end of the quarter before, and never again from then on."""
    sums = np.cumsum(document["free_cash_flow"])
    at = document["quarters"].index(document["payback_quarter"])
    assert sums[at - 1] < 0.0
    assert (sums[at:] >= 0.0).all()
    assert document["peak_funding"] == pytest.approx(-sums.min())


def test_the_bridge_leads_from_the_objective_to_the_net_present_value(document):
    for part, ends in (
        ("steps", ("objective", "npv")),
        ("before_tax", ("npv", "npv_before_tax")),
        ("end_value_zero", ("npv", "npv_end_value_zero")),
    ):
        steps = document["bridge"][part]
        assert steps[0]["amount"] == pytest.approx(document[ends[0]])
        assert steps[-1]["amount"] == pytest.approx(document[ends[1]])
        assert sum(step["amount"] for step in steps[:-1]) == pytest.approx(steps[-1]["amount"], abs=100.0)


def test_each_shadow_price_has_a_unit_and_a_name_of_its_kind(document):
    assert set(document["shadow_prices"]) == set(document["shadow_price_units"])
    assert {"budget", "renewal"} <= set(document["shadow_prices"])
    kinds = {name.partition(":")[0] for name in document["shadow_prices"]}
    assert kinds <= {"grid", "supply", "stock", "budget", "renewal", "demand", "obligation"}


def test_money_is_in_plain_units(two_sites):
    """The cap is 1 bn CNY and all of it is spent: 1,000,000,000, not 1,000 millions."""
    document = metrics_document(ReportContext(two_sites))
    assert document["capex_total"] == pytest.approx(1e9)
    assert document["power_mw_by_site"]["coast"][-1] == pytest.approx(4.0)
    assert document["units"]["server"][-1] == pytest.approx(436.3636, abs=1e-3)
