"""Every row and figure of the collected research data is in the shipped tables."""

import csv
import os
from pathlib import Path

import pytest

from capexpand.catalogue.reading import DATA_FOLDER
from capexpand.catalogue.tables import TABLES

RENAMED = {
    "accelerators": {
        "memory_bandwidth_gbps": "memory_bandwidth_gb_per_s",
        "interconnect_gbps": "interconnect_gb_per_s",
        "tpp_computed": "total_processing_performance",
        "performance_density_computed": "performance_density",
    },
    "export_rules": {
        "memory_bw_min": "memory_bandwidth_min_gb_per_s",
        "io_bw_min": "io_bandwidth_min_gb_per_s",
        "fee_share": "fee_share_fraction",
        "announced_date": "known_on",
    },
}

# Rewritten in our own words, split up or made strict.
OWN_WORDS = {
    "quote",
    "notes",
    "scope",
    "summary",
    "source_title",
    "source_url",
    "source_kind",
    "price_source",
    "unverified_fields",
}
CORRECTED = {("MI355X", "dense_fp8_tflops"): "5033.2", ("L40S 48GB", "verified"): "true"}
"""Cells that differ from the collected table: a figure that it has wrong, by the data sheet of the maker, and
a specification that has been read since."""

CHANGED_KEYS = {
    "Alibaba (seed 003)": "Alibaba",
    "CNY per USD (seed 000, programme)": "CNY per USD (news report of 2025-02-24, programme)",
    "CNY per USD (seed 000, revenue)": "CNY per USD (news report of 2025-02-24, revenue)",
}
OF_SERIES = ("history", "guidance")  # collected in another form, see the last two tests
NAMES = [table.name for table in TABLES if table.name not in OF_SERIES]


@pytest.fixture(scope="module")
def research() -> Path:
    folder = os.environ.get("CAPEXPAND_SHARED")
    if not folder:
        pytest.skip("needs CAPEXPAND_SHARED, the folder above the collected data")
    return Path(folder) / "data"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_every_row_and_figure_is_carried_over(name, research):
    collected, shipped = rows(research / f"{name}.csv"), rows(DATA_FOLDER / f"{name}.csv")
    assert len(shipped) == len(collected)
    renamed = RENAMED.get(name, {})
    columns = [column for column in collected[0] if column not in OWN_WORDS]
    assert len(columns) >= 6
    for line, (before, after) in enumerate(zip(collected, shipped, strict=True), start=2):
        expected = {column: CHANGED_KEYS.get(before[column], before[column]) for column in columns}
        named = before.get("name", "")
        expected |= {column: figure for (chip, column), figure in CORRECTED.items() if chip == named}
        assert {column: after[renamed.get(column, column)] for column in columns} == expected, f"line {line}"


@pytest.mark.parametrize("name", NAMES)
def test_no_quoted_sentence_is_carried_over(name, research):
    sentences = {row["quote"] for row in rows(research / f"{name}.csv") if len(row["quote"].split()) >= 5}
    cells = {cell for row in rows(DATA_FOLDER / f"{name}.csv") for cell in row.values()}
    titles = {row["source_title"] for row in rows(DATA_FOLDER / f"{name}.csv")}
    assert [text for text in sentences if any(text in cell for cell in cells - titles)] == []


@pytest.mark.parametrize("name", NAMES)
def test_addresses_are_carried_over_except_those_of_files(name, research):
    pairs = zip(rows(research / f"{name}.csv"), rows(DATA_FOLDER / f"{name}.csv"), strict=True)
    changed = {before["source_url"] for before, after in pairs if before["source_url"] != after["source_url"]}
    odd = ("file:", "https://investor.atmeta.com (", "github-index:", "https://huggingface.co/papers/")
    assert [url for url in changed if url and not url.startswith(odd)] == []


SCALES = {"mn USD": ("USD_million", 1.0), "% year over year": ("fraction", 0.01)}


def test_every_figure_of_the_quarterly_series_is_carried_over(research):
    """Growth rates are fractions here, and the day of publication, which nobody collected, is estimated."""
    collected, shipped = rows(research / "history.csv"), rows(DATA_FOLDER / "history.csv")
    assert len(shipped) == len(collected) > 300
    for before, after in zip(collected, shipped, strict=True):
        unit, scale = SCALES[before["unit"]]
        for name in ("company", "measure", "quarter_end"):
            assert after[name] == before[name]
        assert after["unit"] == unit
        assert float(after["value"]) == pytest.approx(float(before["value"]) * scale, rel=1e-12)
        assert after["known_on_estimated"] == "true"


def test_every_range_of_guidance_is_carried_over(research):
    collected, shipped = rows(research / "guidance.csv"), rows(DATA_FOLDER / "guidance.csv")
    same = ("company", "measure", "announced_date", "low", "high")
    assert [{name: row[name] for name in same} for row in shipped] == [
        {name: row[name] for name in same} for row in collected
    ]
