"""Backtests of the smallest case with reports that are made up, so that what must come is known."""

import json
import math
from datetime import date
from pathlib import Path

import pytest
from editions import actual, copied_case, edition, programme

from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.finance.statements import statement
from capexpand.forecasting.quarters import label, quarter_of
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import optimise_plan
from capexpand.runs.folder import read_manifest
from capexpand.studies.backtest.backtest import backtest
from capexpand.studies.backtest.document import backtest_document
from capexpand.studies.backtest.forecast import Settings
from capexpand.studies.backtest.sheet import backtest_sheet
from commands import answered, printed

FIRST = quarter_of(date(2025, 4, 1))  # of the case's calendar
COMPANY = "Example Cloud"
SMALL = Settings(scenarios=40, quarters=3)


def reports(revenue, capex=(), **changes):
    """Return reports of quarters from the one before the case's first."""
    rows = [
        actual(COMPANY, "cloud_revenue", FIRST - 1 + n, v) for n, v in enumerate(revenue) if v is not None
    ]
    rows += [actual(COMPANY, "capex", FIRST - 1 + n, v) for n, v in enumerate(capex) if v is not None]
    return edition(*rows, **changes)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return backtest(
        copied_case(tmp_path_factory.mktemp("case")),
        edition=reports((100.0, 110.0, 121.0, 133.1), (300.0, 400.0, 500.0, 600.0)),
        settings=SMALL,
    )


def test_each_report_but_the_last_makes_a_day(found):
    """As of the case's day nothing of its reports is known; after that on the 40th day after each quarter."""
    assert [str(each.as_of) for each in found.frozen] == [
        "2025-03-31",
        "2025-05-10",
        "2025-08-09",
        "2025-11-09",
    ]
    assert str(found.last_known) == "2026-02-09"


def test_a_plan_of_the_first_day_says_what_the_case_earns(found):
    """A plan pays from its first quarter on, and supply that is cut in a scenario never costs more.

    The bridge of 20 million a quarter is in the expenditure said of every quarter.
    """
    first = found.frozen[0]
    assert first.payments[0] > 0
    second = found.frozen[1]
    capex = [each for each in second.figures if (each.metric, each.method) == ("capex", "plan")]
    paid = dict(zip((label(FIRST + t) for t in range(8)), second.payments, strict=True))
    for each in capex:
        assert each.forecast.middle <= paid[label(each.quarter)] + 20.0 + 1e-6


def test_what_was_spent_is_taken_off_the_budget(two_sites):
    """The plan pays p in its first quarter; p + 50 were reported, 20 of it beside the programme.

    So 30 more were spent than planned, and of the budget of 1,000 the later plan may pay 970 by its prices.

    Sensitivity: without the bridge it would be 950, without deducting 1,000.
    """
    quarters = (100.0,) * 3
    paid = backtest(two_sites, edition=reports(quarters, quarters), settings=SMALL).frozen[1].payments[0]
    found = backtest(two_sites, edition=reports(quarters, (20.0, paid + 50.0, 100.0)), settings=SMALL)
    assert sum(found.frozen[0].payments[:4]) == pytest.approx(1000.0)
    assert str(found.frozen[-1].as_of) == "2025-08-09"
    assert sum(found.frozen[-1].payments[:4]) == pytest.approx(970.0)


def test_revenue_starts_from_the_newest_report(two_sites):
    """Twice the revenue in every report doubles what the plan says of it from the second report on."""
    one, twice = (
        backtest(
            two_sites,
            edition=reports(tuple(factor * r for r in (100.0, 200.0, 300.0, 400.0))),
            settings=SMALL,
        )
        for factor in (1.0, 2.0)
    )

    def said(result):
        return [
            each.forecast.middle
            for frozen in result.frozen[2:]
            for each in frozen.figures
            if (each.metric, each.method) == ("cloud_revenue", "plan")
        ]

    assert said(one)
    assert said(twice) == pytest.approx([2 * value for value in said(one)])


def test_last_growth_repeats_the_newest_yearly_growth(two_sites):
    """100, 21 % over the year before: 100 · 1.21^(1/4) a quarter later, 100 · 1.21^(2/4) = 110 after two."""
    rows = [
        actual(COMPANY, "cloud_revenue", FIRST - 2 + n, v, days=20)
        for n, v in enumerate((100.0, 105.0, 120.0))
    ]
    rows.append(actual(COMPANY, "cloud_growth_yoy", FIRST - 2, 0.21, unit="fraction", days=20))
    found = backtest(two_sites, edition=edition(*rows), settings=SMALL)
    said = {e.quarter: e.forecast.middle for e in found.frozen[0].figures if e.method == "last growth"}
    assert said[FIRST - 1] == pytest.approx(100.0 * 1.21**0.25)
    assert said[FIRST] == pytest.approx(110.0)


def test_a_sum_of_two_quarters_is_held_against_a_sum(two_sites):
    """A year's total gives two quarters together: forecasts of both are added, the loss is per quarter."""
    rows = [
        actual(COMPANY, "capex", FIRST - 1, 100.0, days=20),
        actual(COMPANY, "capex", FIRST, 100.0),
        actual(COMPANY, "capex_fiscal_year", FIRST + 2, 440.0),
    ]
    found = backtest(two_sites, edition=edition(*rows), settings=SMALL)
    both = [s for s in found.scored if s.part == "spending" and s.quarters == 2 and s.method == "last value"]
    assert {(s.name, s.actual) for s in both} == {("2025Q3 to 2025Q4", 240.0)}
    assert all(s.forecast.middle == pytest.approx(200.0) for s in both)
    assert all(s.absolute_error == pytest.approx(40.0 / 200.0) for s in both)


def test_without_a_bridge_expenditure_of_the_group_is_not_compared(two_sites):
    file = two_sites / "case.yaml"
    text = file.read_text("utf-8")
    line = next(line for line in text.splitlines() if "capital_expenditure_beside" in line)
    file.write_text(text.replace(line, ""), "utf-8")
    found = backtest(two_sites, edition=reports((100.0, 110.0), (300.0, 400.0)), settings=SMALL)
    assert not [s for s in found.scored if (s.part, s.metric) == ("planned", "capex")]
    assert next(e.reason for e in found.left_out if e.metric == "capex").startswith("of the whole group")
    assert all(each.metric != "capex" for each in found.hindsight.waterfalls)


def test_cash_flow_of_a_group_is_named_and_not_scored(two_sites):
    rows = reports((100.0, 110.0), (300.0, 400.0)).rows("actuals")
    known = edition(*rows, actual(COMPANY, "free_cash_flow", FIRST, -50.0))
    found = backtest(two_sites, edition=known, settings=SMALL)
    assert [(e.metric, e.quarters) for e in found.left_out] == [("free_cash_flow", "2025Q2")]
    assert not [s for s in found.scored if s.metric == "free_cash_flow"]


def test_a_floor_announced_later_lifts_the_cap(two_sites):
    floor = programme(
        COMPANY,
        date(2025, 6, 1),
        1.2e9,
        start=date(2025, 4, 1),
        end=date(2026, 3, 31),
        amount_kind="floor",
    )
    known = edition(*reports((100.0,) * 4, (100.0,) * 4).rows("actuals"), floor)
    found = backtest(two_sites, edition=known, settings=SMALL)
    assert [each.floor for each in found.frozen] == [None, None, 1200.0, 1200.0]


def test_steps_lead_from_the_plan_to_the_report(found):
    """Each step begins where the one before ends, and the last one ends at what was reported."""
    for each in found.hindsight.waterfalls:
        total = each.planned
        for step in each.steps:
            assert step.total == pytest.approx(total + step.amount)
            total = step.total
        assert total == pytest.approx(each.actual)
    capex = next(each for each in found.hindsight.waterfalls if each.metric == "capex")
    assert capex.actual == pytest.approx(1500.0)
    assert capex.planned == pytest.approx(sum(found.frozen[0].payments[:3]) + 3 * 20.0)


def test_nobody_does_better_than_those_who_knew(found):
    best, *others = found.hindsight.regrets
    assert best.regret == 0.0
    assert all(each.regret >= -1e-6 * abs(best.objective) for each in others)


def test_a_plan_that_meets_what_it_expected_has_no_regret(two_sites):
    """Reports of just the revenue that the plan expected leave demand as it was: its orders stay the best."""
    expected = statement(optimise_plan(compile_case(load_case(two_sites)))).revenue
    known = reports((100.0, *(float(value) for value in expected[:4])))
    found = backtest(two_sites, edition=known, settings=SMALL)
    kept = {each.way: each for each in found.hindsight.regrets}
    for way in ("the plan of the day, kept to until now", "the plan of the day, kept to for good"):
        assert kept[way].regret == pytest.approx(0.0, abs=1e-6 * abs(kept[way].objective))
    revenue = next(each for each in found.hindsight.waterfalls if each.metric == "cloud_revenue")
    assert revenue.actual == pytest.approx(revenue.planned)


def test_a_run_folder_holds_every_forecast_and_repeats(found, tmp_path):
    folder = tmp_path / "run"
    backtest_sheet(found).save(folder)
    manifest = read_manifest(folder)
    assert manifest["kind"] == "backtest"
    assert (folder / "forecasts" / "2025-03-31.json").read_bytes() == found.frozen[0].serialised()
    again = backtest(
        found.case.provenance.path,
        edition=reports((100.0, 110.0, 121.0, 133.1), (300.0, 400.0, 500.0, 600.0)),
        settings=SMALL,
    )
    document = json.loads((folder / "backtest.json").read_text("utf-8"))
    assert document == json.loads(json.dumps(backtest_document(again)))


def test_the_page_shows_each_figure_and_says_nothing_of_returns(found):
    page = backtest_sheet(found).html()
    assert "Backtest: Two sites" in page
    for words in ("The plan stands beside them", "cloud revenue: the model", "Not told here", "Regret"):
        assert words in page
    assert "nan" not in json.dumps(backtest_document(found)).lower().replace("finance", "")


def test_the_plan_stands_beside_the_forecasts_and_is_not_scored(found):
    """Its figures are laid beside the reports; no skill, no coverage is computed of them."""
    document = backtest_document(found)
    planned = [row for row in document["scored"] if row["method"] == "plan"]
    assert {row["metric"] for row in planned} == {"cloud_revenue", "capex"}
    assert not [row for row in document["calibration"] if row["method"] == "plan"]
    assert not [row for row in document["skill"] if "plan" in (row["method"], row["beside"])]


def test_reported_revenue_is_forecast_by_a_model_of_its_own(two_sites):
    """100 with growth of 21 % over the year before: 100 · 1.1 half a year on, whatever the plan says.

    The growth implies 82.6 a year before; between the two reports the model fills even growth, which goes on.
    """
    growth = actual(COMPANY, "cloud_growth_yoy", FIRST - 2, 0.21, unit="fraction", days=20)
    rows = [actual(COMPANY, "cloud_revenue", FIRST - 2 + n, 100.0, days=20) for n in (0, 2)]
    found = backtest(two_sites, edition=edition(*rows, growth, history=()), settings=SMALL)
    said = {e.quarter: e.forecast.middle for e in found.frozen[0].figures if e.method == "model"}
    assert said[FIRST] == pytest.approx(110.0)


def test_a_company_without_reports_is_named_with_those_that_have_some(two_sites):
    with pytest.raises(CaseError, match=r"no reports of 'Example Cloud'; it has those of Other"):
        backtest(two_sites, edition=edition(actual("Other", "capex", FIRST, 1.0)), settings=SMALL)


def test_a_case_after_the_last_report_cannot_be_scored(two_sites):
    known = edition(
        actual(COMPANY, "capex", FIRST - 3, 1.0), actual(COMPANY, "cloud_revenue", FIRST - 3, 1.0)
    )
    with pytest.raises(
        CaseError, match="reported nothing after 2025-03-31; the newest figure became known on"
    ):
        backtest(two_sites, edition=known, settings=SMALL)


def test_a_case_without_a_buyer_cannot_be_held_to_reports(two_sites):
    file = two_sites / "case.yaml"
    text = (
        file.read_text("utf-8")
        .replace("buyer: Example Cloud", 'buyer: ""')
        .replace("  company: Example Cloud\n", "")
    )
    file.write_text(text, "utf-8")
    with pytest.raises(CaseError, match="names no buyer"):
        backtest(two_sites, edition=reports((100.0, 110.0)), settings=SMALL)


def test_a_case_without_a_date_says_so(two_sites):
    file = two_sites / "case.yaml"
    file.write_text(file.read_text("utf-8").replace("as_of: 2025-03-31\n", ""), "utf-8")
    with pytest.raises(CaseError, match="as_of"):
        backtest(two_sites, edition=reports((100.0, 110.0)), settings=SMALL)


def test_a_regime_is_drawn_on_the_cases_day_and_held_later(two_sites):
    """Demand may be a quarter above or below from the next quarter on; on a later day no rule shows which.

    So the first day's interval of revenue has a width once servers sell, and that of the next day has none
    (nothing else is unknown in this case).
    """
    known = reports((100.0,) * 4).rows("actuals")
    before = actual(COMPANY, "cloud_revenue", FIRST - 2, 100.0)
    found = backtest(two_sites, edition=edition(before, *known), settings=SMALL)

    def widest(frozen):
        mine = [e.forecast for e in frozen.figures if (e.metric, e.method) == ("cloud_revenue", "plan")]
        return max((said.high - said.low) / said.middle for said in mine)

    assert widest(found.frozen[0]) > 0.01
    assert widest(found.frozen[1]) == pytest.approx(0.0, abs=1e-9)


def test_figures_from_memory_and_derived_ones_are_marked(two_sites):
    from dataclasses import replace

    rows = [
        actual(COMPANY, "cloud_revenue", FIRST - 4, 100.0, days=20),
        actual(COMPANY, "cloud_revenue", FIRST - 1, 100.0, days=20),
        actual(COMPANY, "cloud_growth_yoy", FIRST, 0.2, unit="fraction"),
    ]
    rows[0] = replace(rows[0], source=replace(rows[0].source, verified=False))
    found = backtest(two_sites, edition=edition(*rows), settings=SMALL)
    later = [s for s in found.scored if s.quarter == FIRST]
    assert later
    assert all(s.actual == pytest.approx(120.0) for s in later)
    assert all(s.from_memory and "growth of 20%" in s.derived for s in later)
    assert not any(s.from_memory or s.derived for s in found.scored if s.quarter != FIRST)
    assert not any(math.isnan(s.loss) for s in found.scored)


def test_the_command_prints_one_json_object(two_sites, tmp_path, monkeypatch):
    known = reports((100.0, 110.0, 121.0), (300.0, 400.0, 500.0))
    monkeypatch.setattr("capexpand.studies.backtest.backtest.SHIPPED", known)
    arguments = ["backtest", str(two_sites), "--out", tmp_path / "run", "--scenarios", "20"]
    assert answered(*arguments)["company"] == COMPANY
    assert "Did the intervals of the forecasts hold?" in printed(*arguments)
    assert Path(tmp_path / "run" / "report.html").is_file()


def test_any_number_of_workers_forecasts_the_same_spending(two_sites: Path) -> None:
    known = reports((100.0, 110.0), (300.0, 400.0))
    one, two = (backtest(two_sites, edition=known, settings=SMALL, workers=workers) for workers in (1, 2))
    assert len(one.spending) > 1
    assert [day.serialised() for day in one.spending] == [day.serialised() for day in two.spending]
