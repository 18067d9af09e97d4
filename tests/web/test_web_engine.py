"""The warm engine: plans from a basis at hand are those from nothing, and a slider is planned ahead."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import wait_for

from capexpand.case.shipped import case_place
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.highs import Solution
from capexpand.web.access import RefusedError
from capexpand.web.changing import load_changed
from capexpand.web.engine import Engine
from capexpand.web.explore import Explorer, Study

FILE = Path(case_place("two-sites")) / "case.yaml"


@pytest.fixture
def study() -> Study:
    found = Explorer().study(FILE)
    found.base()
    return found


CHANGES = [
    [("budget", "800 mn CNY")],
    [("budget", "780 mn CNY")],
    [("budget", "780 mn CNY"), ("price", "90 %")],
    [("delay", "3 months"), ("price", "90 %")],  # other columns and rows
    [("delay", "3 months"), ("price", "85 %")],
    [("off", "server")],
    [],
]


def test_a_plan_from_the_nearest_basis_is_worth_as_much_as_one_from_nothing(study: Study) -> None:
    """One engine goes through all changes, each time from what it planned before."""
    engine = Engine(study.assumptions)
    for asked in CHANGES:
        changes = study.read(asked)
        data = compile_case(load_changed(FILE, None, changes.settings))
        pair = engine.pair(data, changes, build_program(data))
        for warm, cold in zip(pair, (data, data.without_programme()), strict=True):
            expected = optimise_plan(cold, duals=False).solver.objective
            assert warm.objective == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_without_the_programme_nothing_is_solved_again_where_nothing_changed(study: Study) -> None:
    """A budget is the programme's. Sensitivity: the price of chips moves both plans."""
    engine = Engine(study.assumptions)

    def rest(*asked: tuple[str, str]) -> Solution:
        changes = study.read(asked)
        data = compile_case(load_changed(FILE, None, changes.settings))
        return engine.pair(data, changes, build_program(data))[1].solution

    first = rest()
    assert rest(("budget", "800 mn CNY")) is first
    assert rest(("budget", "700 mn CNY")) is first
    assert rest(("energy", "90 %")) is not first


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The changes for which a pair of plans was solved."""
    seen: list[object] = []
    pair = Engine.pair

    def counted(engine, data, changes, *built, **options):
        found = pair(engine, data, changes, *built, **options)
        seen.append(changes.query)
        return found

    monkeypatch.setattr(Engine, "pair", counted)
    return seen


def test_what_nobody_waits_for_any_more_is_not_planned(study: Study, planned: list[object]) -> None:
    """Whoever draws a slider on gives the answer before up while that one waits for its turn."""

    def gone() -> None:
        raise RefusedError("nobody waits", 499)

    changes = study.read([("budget", "810 mn CNY")])
    with pytest.raises(RefusedError):
        study.explored(changes, gone)
    assert planned == []
    study.explored(changes)
    assert planned == [changes.query]


def test_where_a_slider_is_let_go_the_plan_is_known_already(study: Study, planned: list[object]) -> None:
    """Bounds are asked for while it moves; the plan there is made beside. Sensitivity: otherwise two are."""
    changes = study.read([("budget", "800 mn CNY")])
    study.bracket(changes)
    wait_for(lambda: changes.query in planned)
    found = study.explored(changes)
    assert planned.count(changes.query) == 1
    assert next(one.changed.text for one in found.differences if one.key == "npv") == "208 mn CNY"
    study.bracket(changes)
    assert study.explored(changes) is found
