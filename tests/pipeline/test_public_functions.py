"""The commands as functions give what the command line gives, and their results show and save themselves."""

import json
import os
from pathlib import Path

import pytest

import capexpand as cx
from capexpand.runs.folder import read_manifest

TWO_SITES = Path(__file__).parents[2] / "cases/two-sites"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> cx.Run:
    """Plan the worked example once, and write it."""
    return cx.run("two-sites", out=tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.slow
def test_a_run_is_written_where_it_is_told_and_nowhere_else(planned: cx.Run, tmp_path: Path) -> None:
    assert planned.folder is not None
    assert read_manifest(planned.folder)["case"] == "two-sites"
    page = planned.save(tmp_path / "again")
    assert page.read_bytes() == (planned.folder / "report.html").read_bytes()
    assert cx.run(planned.case).folder is None


def test_a_run_shows_itself(planned: cx.Run) -> None:
    assert repr(planned) == "<Run of 'Two sites': optimal>"
    assert "Does it pay?" in planned._repr_html_()
    assert planned.tables["orders"].height > 0
    assert planned.document["status"] == "optimal"


def test_a_loaded_case_keeps_its_variant() -> None:
    case = cx.load_case("two-sites", "late-power")
    assert cx.check(case, "late-power").case is case
    with pytest.raises(cx.CaseError, match="is loaded already"):
        cx.check(case, "double-budget")


def test_mistakes_in_the_settings_of_a_policy_are_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(cx.CapexpandError, match="dread"):
        cx.policy("two-sites", out=tmp_path / "run", risk="dread")
    assert not os.listdir(tmp_path)  # noqa: PTH208


def test_check_new_and_schema_are_functions(tmp_path: Path) -> None:
    file = cx.new(tmp_path / "mine")
    found = cx.check(file)
    assert f"{len(found.numbers)} numbers" in repr(found)
    assert found.tables["numbers"].height == len(found.numbers)
    assert found.save(tmp_path / "checked") == tmp_path / "checked" / "report.html"
    assert json.loads((tmp_path / "checked" / "check.json").read_text("utf-8"))["problems"] == []
    assert cx.schema()["$schema"].startswith("https://json-schema.org")
    with pytest.raises(cx.RunError, match="exists already"):
        cx.new(tmp_path / "mine")


@pytest.mark.slow
def test_scenarios_are_a_function(tmp_path: Path) -> None:
    found = cx.scenarios("alibaba-2025", scenarios=32, nodes=2, outcomes=1, out=tmp_path / "fans")
    assert read_manifest(tmp_path / "fans")["kind"] == "scenarios"
    table = found.tables["quantiles"]
    assert table.columns[:5] == ["quantity", "unit", "quarter", "declared", "mean"]
    assert table.height == len(found.fans) * len(found.labels)
    assert repr(found).startswith("<32 scenarios of ")
    (tmp_path / "fans" / "mine.txt").write_text("keep")
    with pytest.raises(cx.RunError, match=r"mine\.txt was not written by a run"):
        found.save(tmp_path / "fans")
