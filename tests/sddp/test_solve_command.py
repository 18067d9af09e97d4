"""The general door: ``capexpand solve``."""

import json
from pathlib import Path

import pytest
from multistage_cases import OWN
from typer.testing import Result

from capexpand.errors import CaseError
from commands import answered, invoke


def _solve(*arguments: object) -> Result:
    return invoke("solve", *arguments)


def _json(*arguments: object) -> dict:
    return answered("solve", *arguments)


def test_json_says_bound_value_and_first_stage() -> None:
    found = _json(OWN / "farmer.json", "--back-end", "highs")
    assert {"status", "bound", "simulated_mean", "simulated_halfwidth", "iterations", "seconds"} <= set(found)
    assert found["status"] == "converged"
    assert found["bound"] == pytest.approx(108390.0)
    assert found["simulated_mean"] == pytest.approx(108390.0)
    assert found["simulated_halfwidth"] == pytest.approx(0.0)
    assert found["first_stage"]["sugar.out"] == pytest.approx(250.0)
    assert found["back_ends"] == {"HighsStage": 2}


def test_the_extensive_form_is_a_method() -> None:
    found = _json(OWN / "lands.json", "--method", "extensive")
    assert found["bound"] == pytest.approx(381.8533, abs=1e-3)
    assert found["status"] == "optimal"


def test_whole_numbers_are_respected_and_the_bound_says_what_it_is() -> None:
    found = _json(OWN / "whole_plants.json", "--back-end", "highs")
    assert found["first_stage"]["units.out"] == pytest.approx(1.0)
    assert found["bound"] == pytest.approx(227.5, abs=1e-4)
    assert "relaxed" in found["bound_is"]


def test_a_random_first_stage_shows_every_outcome() -> None:
    found = _json(OWN / "seed_corn.json", "--back-end", "highs")
    assert sorted(found["first_stage"]) == ["1#0", "1#1"]
    assert found["first_stage"]["1#1"]["seed.out"] == pytest.approx(4.0)


def test_text_names_status_bound_and_solver() -> None:
    result = _solve(OWN / "newsvendor_careful.json", "--back-end", "highs")
    assert result.exit_code == 0
    for word in ("converged", "-8.8", "HighsStage", "papers.out"):
        assert word in result.stdout


def test_a_large_risk_averse_tree_claims_no_gap(tmp_path: Path) -> None:
    document = json.loads((OWN / "store_forever.json").read_text())
    document["risk"] = {
        "type": "mean-avar",
        "default": {"weight_expectation": 0.9, "tail": 0.9},
        "by_node": {},
    }
    file = tmp_path / "careful.json"
    file.write_text(json.dumps(document))
    found = _json(file, "--iterations", "30", "--paths", "20", "--back-end", "highs")
    assert found["gap_fraction"] is None
    assert found["risk_value"] is None


def _broken(tmp_path: Path, **changes: object) -> Path:
    document = json.loads((OWN / "lands.json").read_text()) | changes
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other/1"}, "other/1"),
        ({"sense": "up"}, "known are 'min' or 'max'"),
        ({"graph": {"root": [["1", 0.5]], "edges": [["1", "3", 1.0]]}}, "unknown node"),
        ({"risk": {"type": "entropic"}}, "entropic"),
        ({"nodes": {"1": {"subproblem": "nothing", "scenarios": []}}}, "no subproblem 'nothing'"),
        ({"nodes": {"1": {"subproblem": "invest", "scenarios": [{"prob": 1, "set": {"rh": {}}}]}}}, "rh"),
        (
            {"subproblems": {"invest": {"variables": [], "constraints": [{"name": "a"}]}}},
            "subproblems.invest.constraints[0].terms: is missing",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, changes: dict, words: str) -> None:
    result = _solve(_broken(tmp_path, **changes))
    assert isinstance(result.exception, CaseError)
    assert words in str(result.exception)


def test_a_file_that_is_not_there_or_not_json_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("{ nothing")
    assert isinstance(_solve(tmp_path / "absent.json").exception, CaseError)
    assert "not JSON" in str(_solve(tmp_path / "text.json").exception)
