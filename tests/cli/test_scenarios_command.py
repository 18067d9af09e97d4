"""The command that draws the futures of a case."""

import csv
import json
from pathlib import Path

import pytest

from capexpand.errors import CaseError
from capexpand.runs.folder import read_manifest
from commands import invoke

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"


def run(*arguments):
    return invoke("scenarios", *arguments)


def test_json_holds_every_quantity_in_its_own_unit():
    """Demand of 800 tn tokens turns out a quarter higher or lower from the second quarter on."""
    result = run(TWO_SITES, "--scenarios", 256, "--json")
    found = json.loads(result.stdout)
    (demand,) = found["quantities"]
    assert (demand["path"], demand["unit"]) == ("workloads.chat.demand", "tn token/quarter")
    assert demand["declared"] == pytest.approx([800.0] * 8)
    low, high = demand["quantiles"][0], demand["quantiles"][-1]
    assert low == pytest.approx([800.0] + [600.0] * 7)
    assert high == pytest.approx([800.0] + [1000.0] * 7)
    assert found["regimes"]["demand"]["high"][1] == pytest.approx(0.5, abs=0.01)
    assert found["lattice"]["nodes"] == [1] + [2] * 7


def test_the_same_seed_prints_the_same(tmp_path):
    one, same = (run(TWO_SITES, "--scenarios", 64, "--seed", 7, "--json").stdout for _ in range(2))
    assert one == same


def test_tables_name_what_moves_and_what_the_lattice_keeps():
    text = run(TWO_SITES, "--scenarios", 64).stdout
    assert "600 – 800 – 1,000" in text
    assert "demand: high" in text
    assert "base_demand chat" in text


def test_a_folder_gets_the_page_drawings_and_quantiles(tmp_path):
    result = run(TWO_SITES, "--scenarios", 64, "--out", tmp_path / "futures")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "futures" / "report.html").read_text("utf-8")
    assert 'data-chart="fan-workloads.chat.demand"' in page
    assert read_manifest(tmp_path / "futures")["kind"] == "scenarios"
    drawing = (tmp_path / "futures" / "fans" / "workloads.chat.demand.svg").read_text("utf-8")
    assert drawing.startswith("<svg")
    with (tmp_path / "futures" / "tables" / "quantiles.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert float(rows[3]["q0.95"]) == pytest.approx(1000.0)


def test_a_case_without_processes_is_told_so(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text(f"extends: {TWO_SITES / 'case.yaml'}\nuncertainty: null\n", "utf-8")
    result = run(file)
    assert isinstance(result.exception, CaseError)
    assert "declares no uncertainty" in str(result.exception)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("", "utf-8")
    result = run(TWO_SITES, "--scenarios", 8, "--out", tmp_path / "taken")
    assert "stands already and is no folder" in str(result.exception)
