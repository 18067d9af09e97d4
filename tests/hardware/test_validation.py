"""How far computed rates are from published ones, and that the packaged table is what it says."""

import csv
import os
from pathlib import Path

import pytest

from capexpand.catalogue.serving_chips import serving_chip_rows
from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.errors import CaseError
from capexpand.hardware.efficiency import fitted_factors, fitted_folds
from capexpand.hardware.validation import packaged_measurements, validate_file, validate_packaged


def test_rows_that_the_fit_did_not_see_are_met():
    """The aim of the fit: half within 15 %, nine in ten within a factor of 1.5, nearly every row used."""
    found = validate_packaged()
    assert found.used >= 150
    assert found.coverage >= 0.95
    assert found.median_abs_error < 0.15
    assert found.within_factor >= 0.90


def test_every_row_is_predicted_by_a_fit_without_it():
    folds = fitted_folds()
    assert len(folds) == 4
    assert all(one != fitted_factors() for one in folds)
    assert {fact.fold for fact in throughput_facts() if fact.kind == "inference"} == {0.0, 1.0, 2.0, 3.0}


def test_every_figure_names_its_source():
    for row in (*throughput_facts(), *serving_chip_rows()):
        assert row.source.title
        assert row.source.url
        assert row.source.place


def test_a_file_is_compared_like_the_package(tmp_path):
    path = tmp_path / "facts.csv"
    header = "model,chip,n_chips,precision,metric,value,unit\n"
    path.write_text(
        header
        + "llama2-70b-99,NVIDIA H100-SXM-80GB,8,fp8,MLPerf v5.1 Offline,31000,output tokens/s/system\n"
        + "nothing,H100,8,fp8,price,3,USD\n",
        encoding="utf-8",
    )
    found = validate_file(path)
    assert (found.rows, found.used, found.coverage) == (2, 1, 1.0)
    assert not found.comparisons[0].packaged
    assert abs(found.comparisons[0].error) < 0.5
    assert [one.row for one in found.unusable] == [2]


def test_a_file_without_a_column_is_refused(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text("model,chip\nx,y\n", encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        validate_file(path)
    assert {"column metric is missing", "column unit is missing"} <= {
        p.message for p in caught.value.problems
    }


def test_groups_hold_every_row_once():
    found = validate_packaged()
    for field in ("chip", "model", "suite"):
        assert sum(group.used for group in found.by(field)) == found.used


@pytest.mark.skipif(
    "CAPEXPAND_SHARED" not in os.environ, reason="needs CAPEXPAND_SHARED, the folder above the collected data"
)
def test_the_packaged_figures_are_those_of_the_research_table():
    path = Path(os.environ["CAPEXPAND_SHARED"]) / "data" / "throughput_facts.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for fact in throughput_facts():
        assert float(rows[int(fact.row) - 1]["value"]) == fact.value
    found = validate_file(path)
    assert found.used == len(packaged_measurements())
    assert all(one.packaged for one in found.comparisons)
