"""StochOptFormat: the same problem in two formats is the same problem, and what is not linear is said."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from multistage_cases import OWN

from capexpand.errors import CaseError
from capexpand.sddp.extensive import solve_extensive
from capexpand.sddp.formats.reading import read_problem, read_with_scenarios
from capexpand.sddp.training import TrainingSettings, train
from commands import answered

NEWS_STAND = OWN / "news_stand.sof.json"


def document() -> dict:
    return json.loads(NEWS_STAND.read_text("utf-8"))


def written(folder: Path, problem: dict) -> Path:
    file = folder / "problem.sof.json"
    file.write_text(json.dumps(problem), "utf-8")
    return file


def affine(constant: float = 0.0, **terms: float) -> dict:
    """Return a linear function in MathOptFormat."""
    parts = [{"coefficient": value, "variable": name} for name, value in terms.items()]
    return {"type": "ScalarAffineFunction", "terms": parts, "constant": constant}


def quadratic(*products: tuple[float, str, str], constant: float = 0.0, **terms: float) -> dict:
    """Return a quadratic function in MathOptFormat."""
    pairs = [{"coefficient": c, "variable_1": one, "variable_2": other} for c, one, other in products]
    return {
        "type": "ScalarQuadraticFunction",
        "affine_terms": affine(**terms)["terms"],
        "quadratic_terms": pairs,
        "constant": constant,
    }


def solved(*arguments: object) -> dict:
    return answered("solve", *arguments)


def test_the_command_solves_the_news_stand_and_follows_its_scenarios() -> None:
    """Ten papers are best: the eleventh costs 1 and earns 1.5 with a chance of 3/5 only, 0.9.

    Ten earn 15 − 10 = 5 whatever is asked for; with nine asked for, 13.5 − 10 = 3.5. Sensitivity: without the
    first demand fourteen would be best, and the bound 7.
    """
    found = solved(NEWS_STAND)
    assert found["status"] == "converged"
    assert found["bound"] == pytest.approx(5.0)
    assert found["simulated_mean"] == pytest.approx(5.0)
    assert found["first_stage"] == pytest.approx({"bought": 10.0})
    assert found["validation_scenarios"]["values"] == pytest.approx([5.0, 5.0, 3.5])
    assert found["validation_scenarios"]["mean"] == pytest.approx(4.5)
    assert solved(NEWS_STAND, "--method", "extensive")["bound"] == pytest.approx(5.0)


def neutral() -> dict:
    """Return the news stand in the neutral format."""

    def variable(name: str, obj: float = 0.0, lb: float | None = 0.0) -> dict:
        return {"name": name, "lb": lb, "ub": None, "obj": obj}

    buy = [variable("x.in", lb=None), variable("x.out", -1.0)]
    sell = [variable("x.in", lb=None), variable("x.out"), variable("sold", 1.5)]
    stock = {"name": "stock", "terms": [["sold", 1], ["x.out", 1], ["x.in", -1]], "sense": "==", "rhs": 0}
    demand = {"name": "demand", "terms": [["sold", 1]], "sense": "<=", "rhs": 0}
    asked = [{"prob": p, "set": {"rhs": {"demand": d}}} for p, d in ((0.4, 10.0), (0.6, 14.0))]
    return {
        "format": "sddp-case/1",
        "sense": "max",
        "initial_state": {"x": 0.0},
        "graph": {"root": [["morning", 1.0]], "edges": [["morning", "day", 1.0]]},
        "nodes": {
            "morning": {"subproblem": "buy", "scenarios": []},
            "day": {"subproblem": "sell", "scenarios": asked},
        },
        "subproblems": {
            "buy": {"variables": buy, "constraints": []},
            "sell": {"variables": sell, "constraints": [stock, demand]},
        },
        "risk": None,
    }


def test_the_same_problem_in_both_formats_is_the_same_program(tmp_path: Path) -> None:
    file = tmp_path / "neutral.json"
    file.write_text(json.dumps(neutral()), "utf-8")
    one, other = read_problem(NEWS_STAND), read_problem(file)
    assert one.maximise == other.maximise
    for ours, theirs in zip(one.stages, other.stages, strict=True):
        assert ours.matrix.dense() == pytest.approx(theirs.matrix.dense())
        assert list(ours.outgoing) == list(theirs.outgoing)
    for ours, theirs in zip(one.nodes, other.nodes, strict=True):
        assert ours.realisations.probability == pytest.approx(theirs.realisations.probability)
    for graph in (one, other):
        policy = train(graph, settings=TrainingSettings(iterations=50))
        assert policy.bound == pytest.approx(5.0)
        assert policy.bound == pytest.approx(solve_extensive(graph).value)


@pytest.mark.parametrize("back_end", ["highs", "kernel"])
def test_a_random_price_and_a_random_yield_enter_as_products(tmp_path: Path, back_end: str) -> None:
    """The price p is 1.5 or 2, a share y of the papers can be sold, and a toll of p·y/10 + y² is due.

    With demand beyond all, d = 99 and at most 20 papers bought, a paper earns E[p y] − 1 with outcomes
    (1.5, 0.5) and (2, 1) of 1/2 each: 0.375 + 1 − 1 = 0.375. Twenty earn 7.5; the toll is
    ½ (0.075 + 0.25) + ½ (0.2 + 1) = 0.7625, so 6.7375. Sensitivity: counting the diagonal of y² twice would
    give 6.1125, taking p and y for independent 20 (1.75 · 0.75 − 1) − 0.7625 = 5.4875.
    """
    problem = document()
    buy, sell = problem["subproblems"]["buy"], problem["subproblems"]["sell"]
    buy["subproblem"]["constraints"].append(
        {"function": {"type": "Variable", "name": "bought"}, "set": {"type": "LessThan", "upper": 20.0}}
    )
    sell["random_variables"] = ["d", "p", "y"]
    program = sell["subproblem"]
    program["variables"] += [{"name": "p"}, {"name": "y"}]
    program["objective"]["function"] = quadratic((1.0, "sold", "p"), (-0.1, "p", "y"), (-2.0, "y", "y"))
    program["constraints"].append(
        {"function": quadratic((-1.0, "y", "stock"), sold=1.0), "set": {"type": "LessThan", "upper": 0.0}}
    )
    problem["nodes"]["day"]["realizations"] = [
        {"probability": 0.5, "support": {"d": 99.0, "p": 1.5, "y": 0.5}},
        {"probability": 0.5, "support": {"d": 99.0, "p": 2.0, "y": 1.0}},
    ]
    problem["validation_scenarios"] = [
        [{"node": "morning"}, {"node": "day", "support": {"d": 99.0, "p": 3.0, "y": 0.1}}]
    ]
    file = written(tmp_path, problem)
    found = solved(file, "--back-end", back_end, "--seconds", 600)  # it may have to be compiled first
    assert found["bound"] == pytest.approx(6.7375)
    assert found["first_stage"]["bought"] == pytest.approx(20.0)
    assert found["validation_scenarios"]["values"] == pytest.approx([20 * (0.3 - 1) - 0.03 - 0.01])
    assert solve_extensive(read_problem(file)).value == pytest.approx(6.7375)


def test_intervals_whole_numbers_and_constants_are_kept(tmp_path: Path) -> None:
    """Bundles of four: two earn 4, three 0.4 · 15 + 0.6 · 18 − 12 = 4.8, and the stand costs 1 a day."""
    problem = document()
    buy = problem["subproblems"]["buy"]["subproblem"]
    buy["variables"].append({"name": "bundles"})
    buy["objective"]["function"]["constant"] = -1.0
    buy["constraints"] += [
        {"function": {"type": "Variable", "name": "bundles"}, "set": {"type": "Integer"}},
        {
            "function": {"type": "Variable", "name": "bundles"},
            "set": {"type": "Interval", "lower": 0.0, "upper": 9.0},
        },
        {"function": affine(bought=1.0, bundles=-4.0), "set": {"type": "EqualTo", "value": 0.0}},
    ]
    found = solved(written(tmp_path, problem))
    assert found["bound"] == pytest.approx(3.8)
    assert found["first_stage"]["bundles"] == pytest.approx(3.0)


def test_a_cycle_ends_by_chance(tmp_path: Path) -> None:
    """Each day another follows with 3/4, so there are four in the mean, each worth 5, and papers do not keep.

    What is left is lost with the mornings that follow, since a morning's stock is what was bought.
    """
    problem = document()
    problem["nodes"]["day"]["successors"] = {"morning": 0.75}
    del problem["validation_scenarios"]
    found = solved(written(tmp_path, problem), "--iterations", "300")
    assert found["bound"] == pytest.approx(20.0, rel=1e-3)


def _changed(change: Callable[[dict], object]) -> dict:
    problem = copy.deepcopy(document())
    change(problem)
    return problem


def _sell(problem: dict) -> dict:
    return problem["subproblems"]["sell"]["subproblem"]


def _demand(problem: dict) -> dict:
    return _sell(problem)["constraints"][1]["function"]


def _outcome(problem: dict) -> dict:
    return problem["nodes"]["day"]["realizations"][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["version"].update(major=2, minor=3), "StochOptFormat 2.3 is not read"),
        (lambda p: _demand(p).update(type="ScalarNonlinearFunction"), "ScalarNonlinear"),
        (
            lambda p: _sell(p)["objective"].update(function=quadratic((1.0, "sold", "left"))),
            "multiplies the decisions sold and left",
        ),
        (lambda p: _sell(p)["constraints"][2]["set"].update(type="Semicontinuous"), "the set Semicontinuous"),
        (lambda p: _sell(p)["objective"].update(sense="min"), "some subproblems minimise"),
        (lambda p: _demand(p)["terms"][0].update(variable="u"), "unknown variable 'u'"),
        (lambda p: _outcome(p).update(support={}), "says nothing of 'd'"),
        (lambda p: _outcome(p)["support"].update(e=1.0), "'e' is no random variable"),
        (lambda p: p["nodes"]["morning"]["successors"].update(night=1.0), "there is no node 'night'"),
        (lambda p: p["nodes"]["day"].update(subproblem="read"), "there is no subproblem 'read'"),
        (lambda p: p["root"]["state_variables"].update(y=0.0), "must name x, y and no other"),
        (lambda p: p["validation_scenarios"][2][1].update(node="night"), "validation_scenarios[2][1]"),
        (lambda p: p["subproblems"]["sell"].pop("subproblem"), "subproblems.sell.subproblem: is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_goes_beyond_linear_programs_is_said(
    tmp_path: Path, change: Callable[[dict], object], words: str
) -> None:
    file = written(tmp_path, _changed(change))
    with pytest.raises(CaseError) as caught:
        read_with_scenarios(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def test_paths_of_the_file_may_end_early(tmp_path: Path) -> None:
    problem = document()
    problem["validation_scenarios"].append([{"node": "morning"}])
    stated = read_with_scenarios(written(tmp_path, problem))
    assert stated.scenarios is not None
    assert [list(stage.nodes) for stage in stated.scenarios] == [[0, 0, 0, 0], [1, 1, 1, -1]]
    found = solved(tmp_path / "problem.sof.json")
    assert np.array(found["validation_scenarios"]["values"])[3] == pytest.approx(-10.0)
