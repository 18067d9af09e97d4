"""How far computed rates are from published ones, and that the packaged table is what it says."""

import csv
import os
from pathlib import Path

import pytest

from capexpand.catalogue.serving_chips import serving_chip_rows
from capexpand.catalogue.throughput_facts import throughput_facts
from capexpand.errors import CaseError
from capexpand.hardware.efficiency import fits, fitted_factors
from capexpand.hardware.validation import (
    packaged_measurements,
    source_of,
    validate_file,
    validate_packaged,
)


def test_rows_that_the_fit_did_not_see_are_met():
    """No row's source was in the fit that predicts it: half within 15 %, four in five within a factor of 1.5.

    Left out by quarters, where a row's source is in the fit, half are within 12 %. Nearly every row is used.
    """
    found = validate_packaged()
    by_name = {one.name: one for one in found.accuracies}
    assert found.used >= 380
    assert found.coverage >= 0.95
    assert found.median_abs_error < 0.15
    assert found.within_factor >= 0.80
    assert by_name["quarters left out"].median_abs_error < 0.12
    assert by_name["sources left out"].median_abs_error == found.median_abs_error
    assert 0.70 <= found.band_coverage <= 0.90


def test_at_most_half_as_many_numbers_are_fitted_as_there_are_rows():
    assert len(fitted_factors().logs) <= len(packaged_measurements()) / 2


def test_every_row_is_predicted_by_a_fit_without_it():
    folds = (*fits().folds, *fits().sources.values())
    assert len(fits().folds) == 4
    assert {source_of(one.source_title) for one in packaged_measurements()} == set(fits().sources)
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
    folder = Path(os.environ["CAPEXPAND_SHARED"]) / "data"
    used = 0
    for name, first in (("throughput_facts.csv", 0), ("throughput_facts_2026.csv", 2000)):
        with (folder / name).open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        theirs = [fact for fact in throughput_facts() if first < fact.row <= first + len(rows)]
        for fact in theirs:
            assert float(rows[int(fact.row) - first - 1]["value"]) == fact.value
        found = validate_file(folder / name)
        used += found.used
        assert all(one.packaged for one in found.comparisons)
    assert used == len(packaged_measurements())
