"""What a value rests on, in the report, the JSON and the workbook of a run."""

from pathlib import Path

import pytest

import capexpand as cx

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


@pytest.fixture(scope="module")
def run():
    return cx.run(TWO_SITES, evidence=True, workers=1)


@pytest.mark.slow
def test_the_document_of_a_run_holds_what_the_study_says(run):
    """All of the smallest case is invented, so all of its variance comes from assumed numbers."""
    rests_on = run.document["rests_on"]
    shares = {kind["kind"]: kind["share_of_variance"] for kind in rests_on["evidence"]}
    assert shares == {"reported": 0, "derived": 0, "estimated": 0, "remembered": 0, "assumed": 1}
    assert rests_on["value"] > 0.0
    first = rests_on["next_facts"][0]
    assert first["variance_gone_if_reported"] == max(
        fact["variance_gone_if_reported"] for fact in rests_on["next_facts"]
    )


def test_the_page_and_the_answers_say_it(run):
    assert [section.title for section in run.shown.sections][-1] == "What the value rests on"
    assert any("100 % from assumed numbers" in answer.text for answer in run.shown.answers)
    assert {"facts"} <= set(run.tables)


def test_the_workbook_has_a_sheet_of_it(run, tmp_path):
    """Kinds, a blank row, then the facts in the order of the document."""
    calamine = pytest.importorskip("python_calamine")
    book = run.save_excel(tmp_path / "run.xlsx")
    rows = calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_name("Evidence").to_python()
    cells = {row[0]: row for row in rows}
    assumed = next(row for title, row in cells.items() if title.startswith("assumed"))
    assert assumed[3] == pytest.approx(1.0)
    first = run.document["rests_on"]["next_facts"][0]
    assert cells[first["path"]][2] == pytest.approx(first["effect_of_one_deviation"] / 1e6)
    assert cells[first["path"]][3] == pytest.approx(first["variance_gone_if_reported"])
