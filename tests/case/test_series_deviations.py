"""The deviation of a process that comes from a table of figures, with its source and its mistakes."""

import math

import pytest

from capexpand.case.loading import load_case
from capexpand.errors import CaseError
from capexpand.forecasting.deviation import year_ahead_deviation
from capexpand.forecasting.forecast import forecast

HEAD = "company,measure,quarter_end,value,unit\n"
ENDS = [f"{year}-{end}" for year in range(2019, 2025) for end in ("03-31", "06-30", "09-30", "12-31")]
DRIFT = """uncertainty:
  drifts:
    adoption:
      deviation: {REFERENCE}
      half_life: 3 years
      moves: {workloads.chat.demand: 1}

variants:"""


def table(folder, *companies):
    """Quarters that grow by a twentieth, with a leap of each company's own size in every fifth."""
    rows = [
        f"{name},revenue,{end},{100.0 * 1.05**n * (1.0 + leap * (n % 5 == 0)):.4f},mn USD\n"
        for name, leap in companies
        for n, end in enumerate(ENDS)
    ]
    (folder / "reports.csv").write_text(HEAD + "".join(rows))
    return folder / "reports.csv"


def case_of(write_case, reference):
    return write_case({"variants:": DRIFT.replace("REFERENCE", reference)})


def test_it_is_that_of_the_forecast_a_year_ahead(tmp_path):
    """The 80 % interval of a normal logarithm ends 1.2816 deviations from the median."""
    file = table(tmp_path, ("A", 0.2))
    fourth = next(each for each in forecast(file).ahead if each.horizon == 4)
    series, deviation = year_ahead_deviation(file, None, None, None)
    assert series.key == ("A", "revenue")
    assert math.log(fourth.intervals[1][1] / fourth.median) == pytest.approx(1.28155 * deviation, rel=1e-4)


def test_a_process_takes_it_with_its_source_and_counts_as_derived(write_case, tmp_path):
    table(tmp_path, ("A", 0.05), ("B", 0.4))
    calm, wild = (
        load_case(case_of(write_case, f"from_series: reports.csv, company: {name}")) for name in "AB"
    )
    calm_figure, wild_figure = (each.uncertainty.drifts["adoption"].deviation for each in (calm, wild))
    assert 0.0 < calm_figure.value < wild_figure.value
    assert "reports.csv: A, revenue" in calm_figure.written
    assert calm_figure.computed
    assert set(calm.provenance.tables) == {"reports.csv"}
    assert calm.provenance.content_hash != wild.provenance.content_hash
    half = load_case(case_of(write_case, "from_series: reports.csv, company: B, times: 50 %"))
    assert half.uncertainty.drifts["adoption"].deviation.value == pytest.approx(wild_figure.value / 2.0)


def test_figures_later_than_the_case_are_not_seen(write_case, tmp_path):
    """The case's day is 2025-03-31; what happened after it leaves the deviation as it was."""
    file = table(tmp_path, ("A", 0.05))
    before = load_case(case_of(write_case, "from_series: reports.csv"))
    file.write_text(file.read_text() + "A,revenue,2025-06-30,9999,mn USD\n")
    after = load_case(case_of(write_case, "from_series: reports.csv"))
    one, other = (each.uncertainty.drifts["adoption"].deviation.value for each in (before, after))
    assert one == other


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "from_series: reports.csv, company: C",
            "has no series of that name; name company and measure of one: A",
        ),
        ("from_series: reports.csv", "has several series of that name; name company and measure"),
        ("from_series: none.csv", "there is no such file"),
        ("from_series: reports.csv, firm: A", "unknown field"),
        ("from_series: 3", "names a table, a company and a measure, as in {from_series:"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(write_case, tmp_path, reference, message):
    table(tmp_path, ("A", 0.1), ("B", 0.1))
    with pytest.raises(CaseError) as refused:
        load_case(case_of(write_case, reference))
    assert message in str(refused.value)
    assert "uncertainty.drifts.adoption.deviation" in str(refused.value)
