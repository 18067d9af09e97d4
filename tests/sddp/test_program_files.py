"""Program files with a mistake end in a message that names the place, in every format."""

import copy
import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from multistage_cases import OWN
from program_files import as_version_0_1, bases, compact
from spoiling import spoilt_json
from trials import PYTHON_WORDS

from capexpand.errors import CaseError
from capexpand.sddp.formats.reading import read_problem, read_with_scenarios
from capexpand.sddp.risk import Blend, Expectation
from capexpand.sddp.solving import RecourseError, SolveSettings, TrainedSolution, solve


def written(folder: Path, document: object) -> Path:
    file = folder / "problem.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document, indent=1), "utf-8")
    return file


def refused(file: Path) -> str:
    with pytest.raises(CaseError) as caught:
        read_with_scenarios(file)
    assert not PYTHON_WORDS.search(str(caught.value))
    return str(caught.value)


def changed(name: str, path: str, value: Any) -> dict:
    """Return one of the valid files with the part at a slash-separated path replaced."""
    document = copy.deepcopy(bases()[name])
    *before, last = path.split("/")
    part: Any = document
    for key in before:
        part = part[int(key) if isinstance(part, list) else key]
    part[int(last) if isinstance(part, list) else last] = value
    return document


def newsboy() -> dict:
    return bases()["sddp-case"]


@pytest.mark.parametrize("name", sorted(bases()))
def test_the_unchanged_files_are_read(tmp_path: Path, name: str) -> None:
    assert len(read_problem(written(tmp_path, bases()[name])).nodes) >= 1


@pytest.mark.parametrize(
    ("name", "path", "value", "words"),
    [
        ("sof", "version", "1.0", 'version: must be an object, not "1.0"'),
        ("sof", "validation_scenarios/0", [], "validation_scenarios[0]: must have at least 1 item"),
        ("sof", "validation_scenarios/0", {"probability": 1}, "validation_scenarios[0]: must be a list"),
        ("sof", "nodes/day/realizations/0/support/d", float("nan"), "support.d: must be a finite number"),
        ("sof", "nodes/day/realizations/0/support/d", float("inf"), "a finite number, not Infinity"),
        ("sof", "validation_scenarios/0/1/support/d", float("nan"), "validation_scenarios[0][1].support.d"),
        ("sof", "root/state_variables/x", 10**400, "root.state_variables.x: must be a finite number"),
        ("sof", "root/successors/morning", 1.5, "root.successors.morning: must be a probability"),
        ("sof", "subproblems/buy/subproblem/variables/0/name", None, "variables[0].name: must be text"),
        ("sof", "nodes/day/realizations/0/probability", 0.3, "day: the probabilities of its outcomes sum"),
        ("sof-0.1", "edges/0/to", "night", "edges[0]: an edge names an unknown node"),
        ("sof-0.1", "root/state_variables/x", {"initial_value": "much"}, "must be a number"),
        ("sddp-case", "initial_state", [], "initial_state: must be an object, not []"),
        ("sddp-case", "graph/root/0", ["1"], "graph.root[0][1]: is missing"),
        ("sddp-case", "graph/root/0", "1", "graph.root[0]: must be a list"),
        ("sddp-case", "nodes", {}, "nodes: must have at least 1 item"),
        ("sddp-case", "risk", {"by_nodes": {}}, "risk.by_nodes: is not known here"),
        ("sddp-case", "risk", {"by_node": {"7": "expectation"}}, "risk.by_node.7: there is no such node"),
        ("compact", "stages", 10**9, "at most 1,000 are solved"),
        ("compact", "data/demand", [[1.0]], "data.demand: has 1 items, but there are 12 months"),
        ("compact", "data/thermal_ub/1", [1.0, 2.0], "data.thermal_lb[1]: has 1 items, but there"),
        ("compact", "data/scenarios/0/3", [float("inf")] * 2, "data.scenarios[0][3][0]: must be a finite"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, name: str, path: str, value: Any, words: str
) -> None:
    assert words in refused(written(tmp_path, changed(name, path, value)))


def test_a_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    """The price of the second variable stands in the line that holds the text ``"much"``."""
    text = written(tmp_path, changed("sof", "root/state_variables/x", "much")).read_text("utf-8")
    line = text[: text.index('"much"')].count("\n") + 1
    assert f"problem.json:{line}: root.state_variables.x" in refused(tmp_path / "problem.json")


def test_a_bound_may_be_infinite_on_its_own_side_only(tmp_path: Path) -> None:
    document = newsboy()
    name = next(iter(document["subproblems"]))
    variable = document["subproblems"][name]["variables"][1]
    variable["ub"] = float("inf")
    assert read_problem(written(tmp_path, document)).stages[0].upper[1] == float("inf")
    variable["ub"] = float("-inf")
    assert "is no upper bound" in refused(written(tmp_path, document))


def test_the_bytes_of_a_file_that_is_no_json_are_told(tmp_path: Path) -> None:
    whole = json.dumps(newsboy())
    for content, words in (
        (gzip.compress(whole.encode())[:-20], "its gzip data ends too early"),
        (b"\x1f\x8b no gzip at all", "not valid gzip data"),
        (gzip.compress(b"0" * 70_000_000), "holds more than 64 MB once decompressed"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "thousands of digits"),
        (b'{"format": 1, "format": 2}', 'the key "format" stands twice'),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"[]", "not a JSON object"),
    ):
        file = tmp_path / ("problem.json.gz" if content[:2] == b"\x1f\x8b" else "problem.json")
        file.write_bytes(content)
        assert words in refused(file)


def test_a_text_in_utf_16_is_read(tmp_path: Path) -> None:
    file = tmp_path / "problem.json"
    file.write_bytes(json.dumps(newsboy()).encode("utf-16"))
    assert read_problem(file).nodes


def test_a_cycle_without_an_end_is_refused(tmp_path: Path) -> None:
    document = bases()["endless"]
    edge = next(edge for edge in document["graph"]["edges"] if edge[0] == edge[1])
    edge[2] = 1.0
    assert "paths never end once they reach" in refused(written(tmp_path, document))
    edge[2] = 1.0 - 1e-6
    assert "1,000,000 stages in the mean" in refused(written(tmp_path, document))


def test_a_problem_too_large_for_memory_is_refused_before_it_is_built(tmp_path: Path) -> None:
    document = newsboy()
    name = next(iter(document["subproblems"]))
    document["nodes"] |= {f"n{number}": {"subproblem": name} for number in range(5000)}
    assert "at most 4,000 are solved" in refused(written(tmp_path, document))


def test_version_0_1_of_stochoptformat_is_the_same_problem(tmp_path: Path) -> None:
    """Edges in place of successors, a program in each node, paths with a probability or as pairs."""
    news_stand = json.loads((OWN / "news_stand.sof.json").read_text("utf-8"))
    old = as_version_0_1(news_stand)
    first = solve(written(tmp_path, old)).document()
    second = solve(OWN / "news_stand.sof.json").document()
    assert first["bound"] == second["bound"] == pytest.approx(5.0)
    assert first["validation_scenarios"] == second["validation_scenarios"]
    old["test_scenarios"] = [
        [[step["node"], step.get("support", {})] for step in path["scenario"]]
        for path in old["test_scenarios"]
    ]
    assert solve(written(tmp_path, old)).document()["validation_scenarios"] == second["validation_scenarios"]


def test_functions_and_sets_of_old_mathoptformat_are_read(tmp_path: Path) -> None:
    """Version 0.4 says head for type, and SingleVariable with a variable for Variable with a name."""
    old = as_version_0_1(json.loads((OWN / "news_stand.sof.json").read_text("utf-8")))

    def aged(part: Any) -> Any:
        if isinstance(part, list):
            return [aged(each) for each in part]
        if not isinstance(part, dict):
            return part
        renamed = {("head" if key == "type" else key): aged(value) for key, value in part.items()}
        if renamed.get("head") == "Variable":
            return {"head": "SingleVariable", "variable": renamed["name"]}
        return renamed

    assert solve(written(tmp_path, aged(old))).document()["bound"] == pytest.approx(5.0)


def test_risk_by_node_stands_beside_a_neutral_default(tmp_path: Path) -> None:
    document = newsboy()
    name = next(iter(document["nodes"]))
    careful = {"weight_expectation": 0.4, "tail": 0.25}
    document["risk"] = {"by_node": {name: careful}, "default": "expectation"}
    graph = read_problem(written(tmp_path, document))
    assert graph.nodes[0].risk == Blend(0.4, 0.25)
    assert all(node.risk in {Expectation(), Blend(1.0, 1.0)} for node in graph.nodes[1:])


def _without_complete_recourse() -> dict:
    """Return a tank of 9 whose water is worth 5 in either of two stages; the last must find 2 in it."""

    def variable(name: str, obj: float = 0.0, ub: float | None = None) -> dict:
        return {"name": name, "lb": 0.0, "ub": ub, "obj": obj}

    balance = {"name": "b", "terms": [["x.out", 1], ["x.in", -1], ["sold", 1]], "sense": "==", "rhs": 0}
    needed = {"name": "n", "terms": [["x.in", 1]], "sense": ">=", "rhs": 2}
    both = [variable("x.in"), variable("x.out"), variable("sold", 5.0)]
    return {
        "format": "sddp-case/1",
        "sense": "max",
        "initial_state": {"x": 9.0},
        "graph": {"root": [["now", 1.0]], "edges": [["now", "then", 1.0]]},
        "nodes": {"now": {"subproblem": "sell"}, "then": {"subproblem": "end"}},
        "subproblems": {
            "sell": {"variables": both, "constraints": [balance]},
            "end": {"variables": both, "constraints": [balance, needed]},
        },
    }


def test_a_recourse_that_is_not_complete_is_told_and_the_whole_tree_solved(tmp_path: Path) -> None:
    """All 9 are sold for 45, 2 of them in the last stage: training sells all at once and is stuck."""
    file = written(tmp_path, _without_complete_recourse())
    with pytest.raises(RecourseError, match=r"recourse is not complete.*--method extensive"):
        solve(file, SolveSettings(back_end="highs"))
    assert solve(file, SolveSettings(method="extensive")).document()["bound"] == pytest.approx(45.0)


def test_the_limit_of_time_bounds_training_and_simulation_together(tmp_path: Path) -> None:
    """A path has 5,000 stages in the mean; two seconds are enough for a bound and few paths, or none."""
    document = bases()["endless"]
    next(edge for edge in document["graph"]["edges"] if edge[0] == edge[1])[2] = 1.0 - 2e-4
    chosen = SolveSettings(seconds=2.0, back_end="highs", iterations=10**6)
    solution = solve(written(tmp_path, document), chosen)
    assert isinstance(solution, TrainedSolution)
    assert solution.document()["status"] == "time_limit"


def test_the_mutations_change_something() -> None:
    document = compact()
    assert (
        sum(spoilt_json(document, Random(seed)) != json.dumps(document).encode() for seed in range(50)) > 45
    )
