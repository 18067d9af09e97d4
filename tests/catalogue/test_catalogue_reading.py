import csv
import io
from pathlib import Path

import pytest

from capexpand.catalogue.reading import DATA_FOLDER, load_table, read_table, table_named
from capexpand.catalogue.tables import TABLES
from capexpand.errors import CaseError


def shipped(name: str) -> tuple[list[str], list[dict[str, str]]]:
    with (DATA_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or []), list(reader)


def written(folder: Path, name: str, rows: list[dict[str, str]], header: list[str]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / f"{name}.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def problems_with(folder: Path, name: str, **cells: str) -> list[str]:
    """Change cells of a shipped table's first row, read it back and return what is found wrong."""
    header, rows = shipped(name)
    rows[0] = rows[0] | cells
    with pytest.raises(CaseError) as caught:
        read_table(table_named(name), written(folder, name, rows, header))
    assert {(problem.file, problem.line) for problem in caught.value.problems} == {
        (folder / f"{name}.csv", 2)
    }
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_shipped_table_is_read_whole(table):
    assert len(load_table(table.name)) == len(shipped(table.name)[1]) > 0


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_without_a_source_is_refused(table, tmp_path):
    assert problems_with(tmp_path, table.name, source_title="") == ["source_title is empty; a text is needed"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_have_a_field_for_each_column_and_source(table):
    due = [*(column.name for column in table.columns), *(f"{prefix}source" for prefix in table.sources)]
    assert list(table.row_type.__slots__) == due


def test_a_blank_source_is_no_source(tmp_path):
    assert problems_with(tmp_path, "actuals", source_title="   ") == [
        "source_title is empty; a text is needed"
    ]


def test_only_general_knowledge_may_lack_an_address(tmp_path):
    found = problems_with(tmp_path, "actuals", source_url="")
    assert found == ["source_url is empty; only general knowledge has no address"]


def test_general_knowledge_is_never_verified(tmp_path):
    found = problems_with(tmp_path, "actuals", source_kind="general_knowledge", source_url="")
    assert found == ["verified is true, but general knowledge was read nowhere"]


def test_a_path_is_no_address(tmp_path):
    (found,) = problems_with(tmp_path, "programmes", source_url="file:reports/000.txt")
    assert found.startswith("source_url 'file:reports/000.txt' starts with none of https://")


def test_a_price_without_a_source_is_refused(tmp_path):
    found = problems_with(tmp_path, "accelerators", price_source_title="")
    assert found == ["price_source_title must be given where the row has a price, and only there"]


@pytest.mark.parametrize(
    ("table", "column", "cell", "message"),
    [
        ("accelerators", "memory_gb", "eighty", "memory_gb: 'eighty' is not a number"),
        ("accelerators", "memory_gb", "nan", "memory_gb: 'nan' is not a finite number"),
        ("accelerators", "tdp_w", "-400", "tdp_w: '-400' is negative"),
        ("accelerators", "unverified_fields", "tdp", "unverified_fields: there is no column tdp"),
        (
            "actuals",
            "quarter_end",
            "31.3.2024",
            "quarter_end: '31.3.2024' is not a date; write it as in 2025-02-24",
        ),
        ("actuals", "verified", "yes", "verified: 'yes' is neither true nor false"),
        ("actuals", "value", "", "value is empty; a number is needed"),
        ("actuals", "value", "-5", "value -5 is negative; capex_fiscal_year cannot be"),
        ("actuals", "known_on", "", "known_on_estimated is true but known_on is empty"),
        ("sites_costs", "value_low", "0.5", "value_low 0.5 is more than value 0.085"),
        ("sites_costs", "year", "soon", "year: 'soon' is not a date; write it as in 2025-02-24"),
        (
            "programmes",
            "period_end",
            "2020-01-01",
            "period_start 2025-02-24 is more than period_end 2020-01-01",
        ),
        ("programmes", "amount", "", "amount is empty where amount_kind is undisclosed, and only there"),
        ("export_rules", "ended_by", "", "ended_on and ended_by go together"),
        ("export_rules", "fee_share_fraction", "15", "fee_share_fraction 15 is more than 1"),
        (
            "export_rules",
            "tpp_min",
            "",
            "threshold_test must be none where no threshold is given, and only there",
        ),
    ],
)
def test_a_cell_that_does_not_hold_is_named_with_what_would_be_right(table, column, cell, message, tmp_path):
    cells = {column: cell} | ({"io_bandwidth_min_gb_per_s": ""} if column == "tpp_min" else {})
    assert problems_with(tmp_path, table, **cells) == [message]


def test_an_unknown_unit_is_refused(tmp_path):
    (found,) = problems_with(tmp_path, "actuals", unit="CNY_billions")
    assert found.startswith("unit: 'CNY_billions' is not one of CNY, CNY_million")


def test_all_problems_are_reported_at_once_with_file_and_line(tmp_path):
    header, rows = shipped("actuals")
    rows[0]["value"] = "many"
    rows[0]["verified"] = "perhaps"
    rows[4]["source_title"] = ""
    rows[7] = dict(rows[6])
    path = written(tmp_path, "actuals", rows, header)
    with pytest.raises(CaseError) as caught:
        read_table(table_named("actuals"), path)
    assert str(caught.value).splitlines() == [
        f"{path}:2: value: 'many' is not a number",
        f"{path}:2: verified: 'perhaps' is neither true nor false",
        f"{path}:6: source_title is empty; a text is needed",
        f"{path}:9: has the same key (company, quarter_end, metric) as line 8",
    ]


def test_missing_and_unknown_columns_are_both_named(tmp_path):
    header, rows = shipped("token_demand")
    path = written(
        tmp_path, "token_demand", rows, [*(name for name in header if name != "source_place"), "quote"]
    )
    with pytest.raises(CaseError) as caught:
        read_table(table_named("token_demand"), path)
    messages = [problem.message for problem in caught.value.problems]
    assert messages == ["column source_place is missing", "unknown column quote; did you mean notes?"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; the first line names the columns"),
        (b"\xff\xfe\x00", "is not UTF-16-LE text"),
        (b'who,date\n"open', "column value is missing"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content, message, tmp_path):
    path = tmp_path / "token_demand.csv"
    path.write_bytes(content)
    with pytest.raises(CaseError, match=message):
        read_table(table_named("token_demand"), path)


def test_a_row_with_too_few_cells_is_refused(tmp_path):
    header, rows = shipped("token_demand")
    path = written(tmp_path, "token_demand", rows, header)
    path.write_text(path.read_text("utf-8") + "China total,2026-09-30\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_table(table_named("token_demand"), path)
    assert str(caught.value) == f"{path}:{len(rows) + 2}: has 2 cells, not {len(header)}"


def test_an_open_quotation_mark_is_refused(tmp_path):
    header, rows = shipped("token_demand")
    path = written(tmp_path, "token_demand", rows, header)
    path.write_text(path.read_text("utf-8") + '"China total\n', encoding="utf-8")
    with pytest.raises(CaseError, match="not a table of comma-separated values"):
        read_table(table_named("token_demand"), path)


def test_a_missing_file_is_an_error_of_the_case_not_a_traceback(tmp_path):
    with pytest.raises(CaseError, match="there is no such file"):
        read_table(table_named("actuals"), tmp_path / "actuals.csv")


def test_an_unknown_table_gets_a_suggestion():
    with pytest.raises(CaseError, match=r"no table 'site_cost'; did you mean sites_costs\?"):
        table_named("site_cost")


def test_only_the_table_that_is_asked_for_is_read():
    load_table.cache_clear()
    load_table("token_demand")
    assert load_table.cache_info().currsize == 1
