"""What a value rests on, read off plan and duals, beside each number changed by itself."""

from pathlib import Path

import pytest

from capexpand.case.evidence import ASSUMED, REPORTED
from capexpand.case.loading import load_case, read_declaration
from capexpand.finance.evidence_shares import evidence_shares
from capexpand.pipeline import evaluate, optimise, report
from capexpand.reporting.assumptions import shares_line
from capexpand.studies.evidence.facts import facts_of
from capexpand.studies.evidence.measuring import Measurer
from capexpand.workbook.writing import workbook_bytes

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
    slopes = {one.path: one.slope for one in found.numbers}
    measured = {
        fact.path: measurer.sensitivity(fact).slope
        for fact in facts_of(declaration, case)
        if fact.path in slopes
    }
    assert set(measured) == set(slopes)
    assert sum(slope != 0.0 for slope in measured.values()) >= (12 if changed else 8)
    for path, slope in measured.items():
        assert slopes[path] == pytest.approx(slope, rel=1e-4, abs=1e-3), path


def test_shares_weigh_slopes_by_the_deviation_of_each_kind(case, plans):
    """All numbers are invented, so all of the variance is that of assumed ones: 30 % of each slope."""
    found = evidence_shares(case, plans.optimised, plans.base)
    assert {kind.evidence.name: kind.share for kind in found.kinds if kind.share} == {"assumed": 1.0}
    variance = sum((one.slope * ASSUMED.deviation) ** 2 for one in found.numbers)
    assert found.deviation == pytest.approx(variance**0.5)
    first = found.numbers[0]
    assert abs(first.slope) == max(abs(one.slope) for one in found.numbers)
    kept = 1.0 - (REPORTED.deviation / ASSUMED.deviation) ** 2
    assert found.removed(first) == pytest.approx((first.slope * ASSUMED.deviation) ** 2 * kept / variance)
    assert found.kinds[0].evidence is REPORTED


def test_a_run_says_it_in_its_document_on_its_page_and_in_its_workbook(plans, tmp_path):
    calamine = pytest.importorskip("python_calamine")
    findings = evaluate(plans)
    sheet = report(findings)
    stated = sheet.document["evidence_shares"]
    assert stated["numbers"] == len(findings.rests_on.numbers)
    assert stated["standard_deviation"] == pytest.approx(findings.rests_on.deviation * 1e6)
    assert stated["share_of_variance"]["assumed"] == 1.0
    (text,) = [text for name, text in sheet.flags if name == "Evidence."]
    assert "variance 100 % comes from assumed numbers" in text
    assert f"{len(findings.rests_on.numbers)} of 42 numbers" in text
    assert shares_line(None, 42, "CNY") == ""
    book = tmp_path / "run.xlsx"
    book.write_bytes(workbook_bytes(findings))
    rows = calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_name("Evidence").to_python()
    assumed = next(row for row in rows if str(row[0]).startswith("assumed"))
    assert assumed[3] == pytest.approx(1.0)
    cells = {str(row[0]): row for row in rows}
    first = stated["next_facts"][0]
    assert cells[first["path"]][2] == pytest.approx(first["effect_of_one_deviation"] / 1e6)
