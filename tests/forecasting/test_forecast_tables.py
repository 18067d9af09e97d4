"""Forecasts as a table that a case can name, and forecasts as on an earlier day."""

from datetime import date

import pytest

import capexpand as cx
from capexpand.case.tables import read_column
from capexpand.errors import CaseError, RunError

HEAD = "company,measure,quarter_end,value,unit"
ENDS = [f"{year}-{end}" for year in (2022, 2023, 2024) for end in ("03-31", "06-30", "09-30", "12-31")]


def figures(folder, *, name="series.csv", ends=ENDS):
    """Return a file with two series that grow by 3 % a quarter."""
    rows = [
        f"A,{measure},{end},{100 * scale * 1.03**n:.3f},mn USD"
        for measure, scale in (("revenue", 1.0), ("capex", 0.2))
        for n, end in enumerate(ends)
    ]
    file = folder / name
    file.write_text("\n".join((HEAD, *rows)) + "\n", "utf-8")
    return file


def test_a_table_of_reported_and_forecast_quarters_is_read_by_a_case(tmp_path):
    """Twelve quarters are reported, four are forecast; the ends lie around the median of the latter only."""
    table = tmp_path / "forecast.csv"
    answer = cx.forecast(figures(tmp_path), quarters=4, table=table)
    columns = {end: read_column(table, f"A revenue{end}", tables={}).rows for end in ("", " low", " high")}
    assert [row.day for row in columns[""]][-5:] == [
        date(2024, 10, 1), date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1),
    ]  # fmt: skip
    assert columns[""][0].number == pytest.approx(100.0)
    first = next(each for each in answer.found.ahead if each.measure == "revenue")
    assert columns[""][12].number == pytest.approx(first.median, rel=1e-5)
    for quarter in range(16):
        low, middle, high = (columns[end][quarter].number for end in (" low", "", " high"))
        assert (low < middle < high) if quarter >= 12 else (low == middle == high)


def test_a_table_replaces_an_older_one_and_nothing_else(tmp_path):
    series, table, other = figures(tmp_path), tmp_path / "forecast.csv", tmp_path / "notes.txt"
    cx.forecast(series, table=table)
    cx.forecast(series, table=table, quarters=1)
    assert len(table.read_text("utf-8").splitlines()) == 1 + 13
    other.write_text("mine", "utf-8")
    for taken in (other, series):
        with pytest.raises(RunError):
            cx.forecast(series, table=taken)
    assert other.read_text("utf-8") == "mine"


def test_a_forecast_as_of_a_day_knows_nothing_later(tmp_path):
    """Figures of December 2023 count as known on 2024-02-14; the same as a file that ends with them."""
    whole, early = figures(tmp_path), figures(tmp_path, name="early.csv", ends=ENDS[:8])
    found, alone = (cx.forecast(file, as_of="2024-03-01").document for file in (whole, early))
    assert found == alone
    assert found["forecasts"][0]["quarter"] == "2024Q1"
    assert cx.forecast(whole).document["forecasts"][0]["quarter"] == "2025Q1"


@pytest.mark.parametrize(
    ("day", "message"),
    [("2001-01-01", "holds no figure that was known on 2001-01-01"), ("soon", "is not a date")],
)
def test_a_day_before_all_figures_or_none_at_all_is_refused(tmp_path, day, message):
    with pytest.raises(CaseError, match=message):
        cx.forecast(figures(tmp_path), as_of=day)
