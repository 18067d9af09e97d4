"""What a value rests on, read off plan and duals, beside each number changed by itself."""

from pathlib import Path

import pytest

from capexpand.case.evidence import ASSUMED, REPORTED
from capexpand.case.loading import load_case, read_declaration
from capexpand.finance.evidence_shares import evidence_shares
from capexpand.pipeline import evaluate, optimise
from capexpand.reporting.assumptions import shares_line
from capexpand.studies.evidence.facts import facts_of
from capexpand.studies.evidence.measuring import Measurer

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


RICHER = {
    "discount_rate: 0 %/year ": "discount_rate: 8 %/year ",
    "tax_rate: 0 %": "tax_rate: 20 %\n  ordinary_costs: 15 %\n  end_value_within_book: true",
    "server_end_value: 0 %  ": "server_end_value: 90 % ",
    "building_end_value: 0 %": "building_end_value: 80 %",
    "maintenance: 0 CNY/MW/quarter": "maintenance: 20000 CNY/MW/quarter",
    "maintenance: 0 %/year": "maintenance: 4 %/year",
    "price: 2 mn CNY": "price: {value: 2 mn CNY, growth: -10 %/year}",
    "demand: 800 tn token/quarter": "demand: {value: 300 tn token/quarter, growth: {2025-04-01: 40 %/year}}",
    "price: 0.50 CNY/Mtoken": "price: {value: 1.20 CNY/Mtoken, growth: -5 %/year}",
}
"""The worked example with everything that it leaves out: discounting, tax, upkeep, end values, growth."""


@pytest.fixture(scope="module")
def case():
    return load_case(TWO_SITES)


@pytest.fixture(scope="module")
def plans(case):
    return optimise(case)


@pytest.mark.parametrize("changed", [{}, RICHER], ids=["by hand", "richer"])
def test_slopes_are_those_of_each_number_changed_by_itself(tmp_path, changed):
    """Prices, demand, rates, energy, halls and grid, in money for a change of all of the number."""
    text = (TWO_SITES / "case.yaml").read_text("utf-8")
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "case.yaml").write_text(text, "utf-8")
    case = load_case(tmp_path)
    plans = optimise(case)
    found = evidence_shares(case, plans.optimised, plans.base)
    declaration = read_declaration(case.provenance.path, None)
    measurer = Measurer(declaration, case)
    measured = {
        fact.path: measurer.sensitivity(fact).slope
        for fact in facts_of(declaration, case)
        if fact.path in found.slopes
    }
    assert set(measured) == set(found.slopes)
    assert sum(slope != 0.0 for slope in measured.values()) >= (12 if changed else 8)
    for path, slope in measured.items():
        assert found.slopes[path] == pytest.approx(slope, rel=1e-4, abs=1e-3), path


def test_shares_weigh_slopes_by_the_deviation_of_each_kind(case, plans):
    """All numbers are invented, so all of the variance is that of assumed ones: 30 % of each slope."""
    found = evidence_shares(case, plans.optimised, plans.base)
    assert {kind.evidence.name: kind.share for kind in found.kinds if kind.share} == {"assumed": 1.0}
    variance = sum((slope * ASSUMED.deviation) ** 2 for slope in found.slopes.values())
    assert found.deviation == pytest.approx(variance**0.5)
    assert found.kinds[0].evidence is REPORTED


def test_a_run_says_it_in_its_document_and_on_its_page(case, plans):
    findings = evaluate(plans)
    line = shares_line(findings.rests_on, 42, "CNY")
    assert "variance come 100 % from assumed numbers" in line
    assert f"{len(findings.rests_on.slopes)} of 42 numbers" in line
    assert shares_line(None, 42, "CNY") == ""
