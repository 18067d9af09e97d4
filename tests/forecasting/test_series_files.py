"""A user's table of figures: what is read of it, and how each mistake is named."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from capexpand.errors import CaseError
from capexpand.forecasting.quarters import label
from capexpand.forecasting.series_file import read_guidance, read_series

HEAD = "company,measure,quarter_end,value,unit,source"
QUARTER = date(2024, 3, 31).year * 4


def table(folder: Path, *rows: str, head: str = HEAD) -> Path:
    """Return a file with these rows."""
    file = folder / "series.csv"
    file.write_text("\n".join((head, *rows)) + "\n", "utf-8")
    return file


def values(file: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return the first published values by series and quarter."""
    return {
        each.key: {label(quarter): one.value for quarter, one in each.first_published.items()}
        for each in read_series(file).series
    }


def problems(file: Path) -> list[str]:
    """Return the messages with their lines."""
    with pytest.raises(CaseError) as refused:
        read_series(file)
    return [f"{problem.line}: {problem.message}" for problem in refused.value.problems]


def test_rows_come_in_any_order_of_any_company_and_measure(tmp_path):
    file = table(
        tmp_path,
        "B,revenue,2024-06-30,7,mn EUR,x",
        "A,capital_expenditure,2024-06-30,20,bn USD,x",
        "A,capital_expenditure,2024-03-31,10,bn USD,x",
        "",
        "A,cloud_revenue,2024-03-31,3,bn USD,x",
    )
    assert values(file) == {
        ("B", "revenue"): {"2024Q2": 7.0},
        ("A", "capital_expenditure"): {"2024Q1": 10.0, "2024Q2": 20.0},
        ("A", "cloud_revenue"): {"2024Q1": 3.0},
    }


def test_a_mark_of_the_encoding_and_capitals_in_the_head_are_no_mistake(tmp_path):
    file = tmp_path / "series.csv"
    head = "Company,Measure,Quarter end,Value,Unit"
    file.write_bytes(f"﻿{head}\r\nA,revenue,2024-03-31,5,mn USD\r\n".encode())
    assert values(file) == {("A", "revenue"): {"2024Q1": 5.0}}


@pytest.mark.parametrize(
    ("unit", "value"),
    [("bn USD", 2.0), ("USD_billion", 2.0), ("mn USD", 0.002), ("$ bn", 2.0), ("million USD", 0.002)],
)
def test_scales_within_a_series_are_brought_to_that_of_the_newest(tmp_path, unit, value):
    file = table(tmp_path, f"A,revenue,2024-03-31,2,{unit},x", "A,revenue,2024-06-30,3,bn USD,x")
    assert values(file)["A", "revenue"]["2024Q1"] == pytest.approx(value)


def test_fiscal_quarters_of_whole_weeks_keep_their_order(tmp_path):
    """Quarters that end on 1 April, 1 July, 30 September and 30 December 2023 are the four of that year."""
    ends = ("2023-04-01", "2023-07-01", "2023-09-30", "2023-12-30")
    file = table(tmp_path, *(f"A,revenue,{end},{n + 1},mn USD,x" for n, end in enumerate(ends)))
    assert list(values(file)["A", "revenue"]) == ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
    shifted = table(tmp_path, *(f"A,revenue,{end},1,mn USD,x" for end in ("2024-01-28", "2024-04-28")))
    assert list(values(shifted)["A", "revenue"]) == ["2024Q1", "2024Q2"]


def test_a_restated_quarter_counts_from_its_own_day(tmp_path):
    """Known as 10 on 1 May and as 12 on 1 August: what a forecast is scored with is the 10."""
    file = table(
        tmp_path,
        "A,revenue,2024-03-31,12,mn USD,x,2024-08-01",
        "A,revenue,2024-03-31,10,mn USD,x,2024-05-01",
        head=f"{HEAD},known_on",
    )
    (series,) = read_series(file).series
    assert series.first_published[QUARTER].value == 10.0
    before, after = series.path(date(2024, 7, 31)), series.path(date(2024, 8, 1))
    assert before is not None
    assert after is not None
    assert [round(float(2.718281828459045 ** each.logs[0]), 9) for each in (before, after)] == [10.0, 12.0]


def test_a_restated_quarter_without_a_day_takes_the_place_of_the_row_before_and_is_named(tmp_path):
    file = table(tmp_path, "A,revenue,2024-03-31,10,mn USD,x", "A,revenue,2024-03-31,12,mn USD,x")
    found = read_series(file)
    assert found.series[0].first_published[QUARTER].value == 12.0
    assert found.notes == ("series.csv:3: takes the place of line 2, which has the same quarter",)


def test_a_quarter_counts_as_known_45_days_after_its_end(tmp_path):
    (series,) = read_series(table(tmp_path, "A,revenue,2024-03-31,10,mn USD,x")).series
    assert series.observations[0].known_on == date(2024, 3, 31) + timedelta(45)


def test_measures_of_another_kind_and_amounts_that_are_not_positive_are_left_out_by_name(tmp_path):
    file = table(
        tmp_path,
        "A,operating_cash_flow,2024-03-31,-5,mn USD,x",
        "A,cloud_growth,2024-03-31,34,% year over year,x",
        "A,revenue,2024-03-31,0,mn USD,x",
        "A,revenue,2024-06-30,5,mn USD,x",
    )
    found = read_series(file)
    assert [each.key for each in found.series] == [("A", "revenue")]
    assert [note.split(":")[1] for note in found.notes] == ["2", "3", "4"]
    assert "above zero" in found.notes[2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            'A,revenue,2024-03-31,"20531,0",mn USD,x',
            "value '20531,0' has a comma; write 20531.0 with a point",
        ),
        ('A,revenue,2024-03-31,"20,531",mn USD,x', "value '20,531' has a comma; write 20531 without"),
        ("A,revenue,2024-03-31,20 531,mn USD,x", "value '20 531' has separators; write 20531"),
        ("A,revenue,2024-03-31,20531,0,mn USD,x", "has 7 cells, not 6; a number with a comma needs a point"),
        ("A,revenue,31.03.24,5,mn USD,x", "quarter_end '31.03.24' is not a day; write it as 2025-06-30"),
        (
            "A,revenue,30/6/24,5,mn USD,x",
            "quarter_end '30/6/24' may be 2024-06-30 or 2030-06-24; write it as",
        ),
        ("A,revenue,2024,5,mn USD,x", "quarter_end '2024' is a year; give each quarter a row"),
        ("A,revenue,FY2024 Q1,5,mn USD,x", "quarter_end 'FY2024 Q1' says no day; write the day on which"),
        (
            "A,revenue,45382,5,mn USD,x",
            "quarter_end '45382' is not a day (a spreadsheet's number of 2024-03-31?)",
        ),
        ("A,revenue,03/04/2024,5,mn USD,x", "quarter_end '03/04/2024' may be 2024-03-04 or 2024-04-03"),
        ("A,revenue,2024-03-31,about 5,mn USD,x", "value 'about 5' is not a number; write it as 1234.5"),
        ("A,revenue,2024-03-31,5,bushels of,x", None),
        ("A,revenue,2024-03-31,5,bn mn USD,x", "unit 'bn mn USD' is not understood; write it as mn USD"),
        ("A,revenue,0204-03-31,5,mn USD,x", "quarter_end 0204-03-31 lies outside 1950 to 2100"),
        (",revenue,2024-03-31,5,mn USD,x", "company is empty; name it"),
        ("A,revenue,2024-03-31,1e999,mn USD,x", "value '1e999' is not a number"),
    ],
)
def test_a_bad_row_is_named_by_line_with_what_is_right(tmp_path, row, message):
    file = table(tmp_path, "A,revenue,2023-12-31,4,mn USD,x", row)
    if message is None:
        message = "is in bushels, but"
        file = table(tmp_path, row, "A,revenue,2024-06-30,4,mn USD,x")
        assert problems(file)[0].startswith("2: is in bushels, but A, revenue in mn USD; use one currency")
        return
    found = problems(file)
    assert len(found) == 1
    assert found[0].startswith(f"3: {message}")


def test_all_bad_rows_are_named_at_once_and_many_are_counted(tmp_path):
    file = table(tmp_path, *(f"A,revenue,2024-03-31,bad{n},mn USD,x" for n in range(30)))
    found = problems(file)
    assert len(found) == 21
    assert found[-1] == "None: and 10 more rows"


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_may_be_separated_as_a_spreadsheet_does(tmp_path, mark):
    rows = ("A,revenue,2024-03-31,5,mn USD,x", "A,revenue,2024-06-30,(6),mn USD,x")
    file = table(tmp_path, *(row.replace(",", mark) for row in rows), head=HEAD.replace(",", mark))
    assert values(file) == {("A", "revenue"): {"2024Q1": 5.0}}  # a figure in brackets is below zero


@pytest.mark.parametrize(
    "written",
    [
        "31.03.2024", "31/03/2024", "03/31/2024", "2024/03/31", "20240331", "2024-03", "Mar 31, 2024",
        "31 March 2024", "1Q2024", "3/31/24", "Mar-24", "Mar 2024", "March 2024", "2024/3", "03/2024",
        "1Q24", "Q1'24", "Q1 24",
    ],
)  # fmt: skip
def test_days_may_be_written_in_any_way_that_has_one_meaning(tmp_path, written):
    file = table(tmp_path, f'A,revenue,"{written}","1,005.5",mn USD,x')
    assert values(file) == {("A", "revenue"): {"2024Q1": 1005.5}}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("USDbn", "bn USD"), ("mUSD", "mn USD"), ("USD (millions)", "mn USD"), ("NT$ million", "mn TWD"),
        ("HK$bn", "bn HKD"), ("INR crore", "crore INR"), ("million yuan", "mn CNY"),
        ("billion won", "bn KRW"),
    ],
)  # fmt: skip
def test_units_of_money_are_read_as_tables_write_them(tmp_path, written, text):
    (series,) = read_series(table(tmp_path, f"A,revenue,2024-03-31,5,{written},x")).series
    assert series.unit == text


def test_a_table_without_a_column_says_what_is_due(tmp_path):
    lacking = table(tmp_path, "A,revenue,5", head="company,measure,value")
    assert problems(lacking)[0].startswith("1: lacks the column quarter_end and unit")
    assert "holds no figure of spending" in problems(table(tmp_path))[0]


def test_two_currencies_in_one_series_are_refused(tmp_path):
    file = table(tmp_path, "A,revenue,2024-03-31,5,mn USD,x", "A,revenue,2024-06-30,5,mn EUR,x")
    assert problems(file) == ["2: is in mn USD, but A, revenue in mn EUR; use one currency"]


def test_guidance_is_read_for_the_series_that_it_guides(tmp_path):
    """8 to 12 bn for 2025 is 10,000 mn over its four quarters; rows of other companies are passed."""
    series = read_series(table(tmp_path, "A,capital_expenditure,2024-12-31,2000,mn USD,x")).series
    file = tmp_path / "guidance.csv"
    file.write_text(
        "company,period,measure,announced_date,low,high,unit\n"
        "A,calendar 2025,capital_expenditure,2025-01-30,8,12,bn USD\n"
        "B,calendar 2025,capital_expenditure,2025-01-30,1,2,bn USD\n"
        "A,2025-07-01 to 2026-06-30,capital_expenditure,2025-02-01,9,,bn USD\n",
        "utf-8",
    )
    first, second = read_guidance(file, series).given["A", "capital_expenditure"]
    assert (first.amount, [label(q) for q in first.quarters]) == (
        10_000.0,
        ["2025Q1", "2025Q2", "2025Q3", "2025Q4"],
    )
    assert (second.amount, label(second.quarters[0])) == (9_000.0, "2025Q3")
    file.write_text(
        "company,period,measure,announced_date,low,high,unit\n"
        "A,next year,capital_expenditure,2025-01-30,8,12,bn USD\n"
        "A,calendar 2025,capital_expenditure,2025-01-30,12,8,bn USD\n",
        "utf-8",
    )
    with pytest.raises(CaseError) as refused:
        read_guidance(file, series)
    lines = [f"{each.line}: {each.message}" for each in refused.value.problems]
    assert lines[0].startswith("2: period 'next year' is not understood; write calendar 2026")
    assert lines[1].startswith("3: low 12 and high 8 are no range")


def test_guidance_counts_for_the_only_series_of_its_kind_and_a_fiscal_year_is_left_out_by_name(tmp_path):
    """The table of figures says capex, that of guidance capital expenditure; a fiscal year has no days."""
    series = read_series(
        table(tmp_path, "A,capex,2024-12-31,2000,mn USD,x", "A,revenue,2024-12-31,9,bn USD,x")
    ).series
    file = tmp_path / "guidance.csv"
    file.write_text(
        "company,period,measure,announced_date,low,high,unit\n"
        "a,calendar 2025,capital_expenditure,2025-01-30,8,12,bn USD\n"
        "A,fiscal 2026,capital_expenditure,2025-01-30,8,12,bn USD\n"
        "A,FY26,capital_expenditure,2025-01-30,8,12,bn USD\n",
        "utf-8",
    )
    found = read_guidance(file, series)
    assert [each.amount for each in found.given["A", "capex"]] == [10_000.0]
    assert [note[:30] for note in found.notes] == [
        "guidance.csv:3: period 'fiscal",
        "guidance.csv:4: period 'FY26' ",
    ]


@pytest.mark.parametrize("nothing", ["", "n/a", "-", "NaN", "null"])
def test_a_row_without_a_value_is_a_gap_that_is_named(tmp_path, nothing):
    file = table(
        tmp_path,
        "A,capex,2024-03-31,4,mn USD,x",
        f"A,capex,2024-06-30,{nothing},,x",
        "A,capex,2024-09-30,9,mn USD,x",
    )
    found = read_series(file)
    assert list(values(file)["A", "capex"].values()) == [4.0, 9.0]
    assert found.notes[0] == "series.csv:3: A, capex: no value, so the quarter is a gap"
    assert found.notes[1].endswith("1 quarter without a figure is filled by even growth (2024Q2)")


def test_figures_of_halves_are_named_and_gaps_are_counted(tmp_path):
    """Figures of June and December only may be halves; four with two gaps between them are not."""
    halves = ("2023-06-30", "2023-12-31", "2024-06-30")
    (note,) = read_series(table(tmp_path, *(f"A,capex,{end},5,mn USD,x" for end in halves))).notes
    assert "the figures are 2 quarters apart, and each is read as the amount of one quarter" in note
    some = ("2023-03-31", "2023-09-30", "2023-12-31", "2024-09-30")
    (note,) = read_series(table(tmp_path, *(f"A,capex,{end},5,mn USD,x" for end in some))).notes
    assert (
        "3 quarters without a figure are filled by even growth (the longest gap is 2024Q1 to 2024Q2)" in note
    )


def quarterly(*amounts: float, first: int = 2020) -> list[str]:
    """Return rows of consecutive quarters from the first of a year on."""
    ends = ("03-31", "06-30", "09-30", "12-31")
    return [f"A,capex,{first + n // 4}-{ends[n % 4]},{each},mn USD,x" for n, each in enumerate(amounts)]


def test_years_before_quarters_are_named(tmp_path):
    years = [f"A,capex,{year}-12-31,{year - 1600},mn USD,x" for year in (2016, 2017, 2018, 2019)]
    (note,) = read_series(table(tmp_path, *years, *quarterly(100, 101, 102, 103, 104))).notes
    assert (
        "the figures of 2016Q4 to 2019Q4 are 4 quarters apart, and each is read as the amount of one" in note
    )


@pytest.mark.parametrize("year_first", [True, False])
def test_a_year_beside_its_quarters_is_left_out_by_name(tmp_path, year_first):
    """100 + 110 + 120 + 130 make 460 within one part in a hundred; a restated fourth quarter makes no sum."""
    rows = quarterly(100, 110, 120, 130, 140)
    rows.insert(3 if year_first else 4, "A,capex,2020-12-31,0.461,bn USD,x")
    found = read_series(table(tmp_path, *rows))
    (series,) = found.series
    assert [each.value for _, each in sorted(series.first_published.items())] == [100, 110, 120, 130, 140]
    assert [note.split(": ", 1)[1] for note in found.notes] == [
        "A, capex: 0.461 bn USD is the sum of the year that ends there, and left out"
    ]
    restated = read_series(table(tmp_path, *quarterly(100, 110, 120, 130), "A,capex,2020-12-31,135,mn USD,x"))
    assert restated.series[0].first_published[2020 * 4 + 3].value == 135.0


def test_running_totals_of_a_year_are_named(tmp_path):
    """Sums since the year began, 100, 210, 330, 460, then 140; quarters that merely grow are none."""
    totals = (100, 210, 330, 460, 140, 290, 450, 620, 180, 370)
    (note,) = read_series(table(tmp_path, *quarterly(*totals))).notes
    assert (
        "climb through each year and start anew in its quarter 1; if they are sums since a year began" in note
    )
    assert not read_series(table(tmp_path, *quarterly(*(100 * 1.3**n for n in range(10))))).notes
    seasonal = (100, 110, 120, 200, 110, 120, 130, 220, 120, 130)  # a strong fourth quarter
    assert not read_series(table(tmp_path, *quarterly(*seasonal))).notes


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (
            (5, 6, 7000, 8, 9),
            "2020Q3 is 1,167 times the figure before, and 1 more change as much; check the unit",
        ),
        ((5000, 6000, 7, 8), "2020Q3 is one part in 857 of the figure before; check the unit"),
        ((1, 40, 1500), None),
    ],
)
def test_a_leap_as_from_another_unit_is_named(tmp_path, amounts, said):
    notes = read_series(table(tmp_path, *quarterly(*amounts))).notes
    assert notes == (() if said is None else (f"series.csv: A, capex: {said}",))


def test_many_amounts_that_are_not_above_zero_are_told_together(tmp_path):
    (note,) = read_series(table(tmp_path, *quarterly(0, 0, 0, 0, 5, 6))).notes
    assert note == (
        "series.csv: A, capex: 4 figures are left out (lines 2, 3, 4, …); an amount must be above zero"
    )


@pytest.mark.parametrize("written", ["2024Q1", "2024-Q1", "Q1 2024", "2024 q1"])
def test_a_calendar_quarter_may_be_named(tmp_path, written):
    file = table(tmp_path, f"A,revenue,{written},5,mn USD,x")
    assert values(file) == {("A", "revenue"): {"2024Q1": 5.0}}


def test_two_days_of_one_quarter_are_named(tmp_path):
    """As in a table of months, of which the last row would count alone."""
    file = table(tmp_path, "A,revenue,2024-02-29,5,mn USD,x", "A,revenue,2024-03-31,6,mn USD,x")
    (note,) = read_series(file).notes
    assert note.endswith("takes the place of line 2, which has a day of the same quarter, 2024-02-29")


def test_rows_of_other_measures_may_hold_anything(tmp_path):
    """What is not forecast is left out by name before its value and unit are judged."""
    file = table(tmp_path, "A,headcount,soon,many,people of it,x", "A,revenue,2024-03-31,5,mn USD,x")
    found = read_series(file)
    assert [each.key for each in found.series] == [("A", "revenue")]
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("written", "text"),
    [("trillion tokens per month", "tn tokens/month"), ("tn token / day", "tn token/day"), ("MW", "MW")],
)
def test_units_of_demand_are_read_as_they_are_written(tmp_path, written, text):
    (series,) = read_series(table(tmp_path, f"A,tokens,2024-03-31,5,{written},x")).series
    assert (series.kind, series.unit) == ("demand", text)


def test_payments_that_are_negative_throughout_are_read_without_their_sign(tmp_path):
    """A cash flow statement shows capital expenditure as -4 and -9. Revenue below zero stays left out."""
    file = table(
        tmp_path,
        "A,capex,2024-03-31,-4,mn USD,x",
        "A,capex,2024-06-30,-9,mn USD,x",
        "A,revenue,2024-06-30,-9,mn USD,x",
    )
    assert values(file) == {("A", "capex"): {"2024Q1": 4.0, "2024Q2": 9.0}}
    assert "below zero throughout, so read as payments" in read_series(file).notes[0]
    mixed = table(tmp_path, "A,capex,2024-03-31,4,mn USD,x", "A,capex,2024-06-30,-9,mn USD,x")
    assert values(mixed) == {("A", "capex"): {"2024Q1": 4.0}}


MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024) for month in range(1, 13)]


def test_the_months_of_a_quarter_are_added_up_and_say_so(tmp_path):
    """Months of 1 to 24 mn: the quarters have 1 + 2 + 3 = 6, then 15, 24, … ; the last lacks a month."""
    rows = [f"A,revenue,{month},{n + 1},mn USD,x" for n, month in enumerate(MONTHS)]
    file = table(tmp_path, *rows[:-1])
    assert values(file) == {
        ("A", "revenue"): {"2023Q1": 6.0, "2023Q2": 15.0, "2023Q3": 24.0, "2023Q4": 33.0}
        | {"2024Q1": 42.0, "2024Q2": 51.0, "2024Q3": 60.0}
    }
    found = read_series(file)
    said = "the figures are of months; those of a quarter are added up"
    (note,) = found.notes
    assert note == f"series.csv: A, revenue: {said}, and 2024Q4 left out for want of a month"
    assert found.series[0].observations[0].known_on == date(2023, 3, 31) + timedelta(45)


@pytest.mark.parametrize("unit", ["tn token/day", "MW"])
def test_rates_and_levels_of_months_are_averaged(tmp_path, unit):
    rows = [f"A,tokens,{month},{n + 1},{unit},x" for n, month in enumerate(MONTHS)]
    found = values(table(tmp_path, *rows))["A", "tokens"]
    assert (found["2023Q1"], found["2024Q4"]) == (2.0, 23.0)


def test_months_may_be_in_several_scales_and_a_restated_one_counts_once(tmp_path):
    rows = [f"A,revenue,{month},2,mn USD,x" for month in MONTHS[:6]]
    rows[1] = "A,revenue,2023-02,0.003,bn USD,x"
    file = table(tmp_path, *rows, "A,revenue,2023-04,5,mn USD,x")
    assert values(file) == {("A", "revenue"): {"2023Q1": pytest.approx(7.0), "2023Q2": 9.0}}
