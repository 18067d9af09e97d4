"""Every mistake in what a case says about the unknown gets one clear error, at its place."""

from pathlib import Path

import pytest

from capexpand.case.loading import load_case
from capexpand.case.targets import matching_targets, movable_targets
from capexpand.errors import CaseError

CASES = Path(__file__).parents[2] / "cases"

GOOD = """\
extends: {two_sites}
uncertainty:
  reason: invented
  trends:
    adoption: {{volatility: 30 %, moves: {{workloads.*.demand: 1}}}}
    algorithms: {{volatility: 20 %, moves: {{workloads.chat.productivity: 1}}}}
  reversions:
    chips: {{deviation: 15 %, half_life: 12 months, moves: {{offers.*.buy.price: 1}}}}
  shocks:
    jump:
      {{rate: 0.4 /year, size: 60 %, half_life: 2 years, moves: {{workloads.*.productivity: 1}}}}
  regimes:
    export:
      initial: free
      states:
        free: {{}}
        charged: {{moves: {{offers.server.supply.CN.fee: 15 %}}}}
        banned: {{moves: {{offers.server.supply.CN.limit: 0}}}}
      transitions:
        free: {{charged: 10 %, banned: 20 %}}
        banned: {{charged: 50 %}}
  delays:
    grid: {{quarters: {{0: 60 %, 1: 40 %}}, moves: [sites.west.grid]}}
  markets:
    tokens: {{workloads: [chat], pass_through: 80 %, elasticity: 1.2}}
  correlations:
    - {{between: [adoption, chips], value: 0.4}}
"""


@pytest.fixture
def load(tmp_path):
    def spoiled(changes=None):
        text = GOOD.format(two_sites=CASES / "two-sites" / "case.yaml")
        for old, new in (changes or {}).items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file = tmp_path / "case.yaml"
        file.write_text(text, "utf-8")
        return load_case(file)

    return spoiled


def test_the_good_block_has_no_problem(load):
    declared = load().uncertainty
    assert set(declared.trends) == {"adoption", "algorithms"}
    assert declared.regimes["export"].transitions["free"]["banned"].value == 0.2
    assert not declared.empty


ONE_MISTAKE = {
    "a place that does not exist": (
        {"workloads.*.demand": "workloads.*.demnd"},
        "workloads.*.demnd",
        "moves nothing: the case says nothing at 'workloads.*.demnd'; did you mean workloads.chat.demand?",
    ),
    "a continuous process on a fee": (
        {"offers.*.buy.price": "offers.*.supply.CN.fee"},
        "offers.*.supply.CN.fee",
        "an export fee is switched by regimes",
    ),
    "a price that comes late": (
        {"moves: [sites.west.grid]": "moves: [sites.west.energy_price]"},
        "sites.west.energy_price",
        "cannot be late",
    ),
    "an unknown kind of process": (
        {"  trends:": "  trend:"},
        "trend:",
        "unknown field; did you mean trends?",
    ),
    "an unknown field of a process": (
        {"volatility: 30 %": "volatilty: 30 %"},
        "volatilty",
        "unknown field; did you mean volatility?",
    ),
    "a volatility without measure": (
        {"volatility: 30 %": "volatility: 30 MW"},
        "volatility: 30 MW",
        "a plain ratio",
    ),
    "a rate without a time": ({"0.4 /year": "0.4"}, "rate: 0.4", 'needs a unit, e.g. "0.4 /year"'),
    "a jump to nothing": ({"size: 60 %": "size: -100 %"}, "size: -100", "a jump is more than -1"),
    "a half-life of zero": (
        {"half_life: 12 months": "half_life: 0 months"},
        "half_life: 0",
        "is more than 0",
    ),
    "an unknown initial state": (
        {"initial: free": "initial: fre"},
        "initial: fre",
        "there is no state 'fre'; did you mean free?",
    ),
    "an unknown state to go to": (
        {"{charged: 50 %}": "{chargd: 50 %}"},
        "chargd:",
        "there is no state 'chargd'; did you mean charged?",
    ),
    "chances of more than one": (
        {"banned: 20 %": "banned: 95 %"},
        "free: {charged",
        "sum to 1.05, more than 1",
    ),
    "a state that leads to itself": ({"{charged: 50 %}": "{banned: 50 %}"}, "banned: 50", "leads to itself"),
    "probabilities mixed with rates": (
        {"{charged: 50 %}": "{charged: 50 %/year}"},
        "transitions",
        "mixes probabilities by quarter with rates per time",
    ),
    "chances of a delay that do not sum to one": (
        {"1: 40 %": "1: 30 %"},
        "quarters: {0",
        "the chances sum to 0.9, not to 1",
    ),
    "a workload that a market does not know": (
        {"workloads: [chat]": "workloads: [chatt]"},
        "chatt]",
        "there is no workload 'chatt'; did you mean chat?",
    ),
    "a correlation beyond one": ({"value: 0.4": "value: 1.4"}, "value: 1.4", "a correlation is at most 1"),
    "a correlation of a shock": (
        {"[adoption, chips]": "[adoption, jump]"},
        "between: [adoption, jump",
        "'jump' is one of the shocks; only trends and reversions correlate",
    ),
    "a correlation with itself": (
        {"[adoption, chips]": "[chips, chips]"},
        "between: [chips, chips",
        "with itself",
    ),
    "a name used twice": (
        {"    jump:": "    chips:"},
        "chips:\n      {rate",
        "there is a process 'chips' under reversions already",
    ),
}


@pytest.mark.parametrize("mistake", ONE_MISTAKE)
def test_one_mistake_is_one_problem_at_its_place(load, mistake):
    changes, at, message = ONE_MISTAKE[mistake]
    with pytest.raises(CaseError) as caught:
        load(changes)
    assert len(caught.value.problems) == 1, str(caught.value)
    problem = caught.value.problems[0]
    before, found, _ = problem.file.read_text("utf-8").partition(at)
    assert found
    lines = before.split("\n")
    assert (problem.line, problem.column) == (len(lines), len(lines[-1]) + 1), str(problem)
    assert message in str(problem)


def test_correlations_that_contradict_each_other_are_refused(load):
    """Two that go with a third almost fully cannot go against each other."""
    triple = """    - {between: [adoption, chips], value: 0.9}
    - {between: [algorithms, chips], value: 0.9}
    - {between: [adoption, algorithms], value: -0.9}
"""
    with pytest.raises(CaseError, match="not positive semidefinite"):
        load({"    - {between: [adoption, chips], value: 0.4}\n": triple})


def test_all_mistakes_are_found_at_once(load):
    with pytest.raises(CaseError) as caught:
        load({"workloads.*.demand": "workloads.x.demand", "initial: free": "initial: x", "1: 40 %": "1: 4 %"})
    assert len(caught.value.problems) == 3


def test_a_star_stands_for_any_name():
    targets = movable_targets(load_case(CASES / "two-sites"))
    assert [target.path for target in matching_targets("sites.*.grid", targets)] == [
        "sites.coast.grid",
        "sites.west.grid",
    ]
    assert matching_targets("sites.*", targets) == ()
    assert [target.name for target in matching_targets("sites.w*.grid", targets)] == ["west"]


def test_what_is_not_declared_cannot_move():
    """The two sites rent no halls and lease no server, so neither has a fee."""
    kinds = {target.quantity for target in movable_targets(load_case(CASES / "two-sites"))}
    assert kinds.isdisjoint({"colocation_fee", "lease_fee", "exchange_rate", "penalty", "build_limit"})
    assert {"grid", "build_cost", "purchase_price", "supply_limit", "demand"} <= kinds


def test_numbers_about_the_unknown_have_sources_too(load):
    from capexpand.case.numbers import numbers

    found = {number.path: number.figure for number in numbers(load())}
    assert found["uncertainty.trends.adoption.volatility"].reason == "invented"
    assert found["uncertainty.delays.grid.quarters.1"].value == 0.4


def test_a_variant_can_change_or_end_a_process(load, tmp_path):
    load()
    file = tmp_path / "variants.yaml"
    calm = "set: {uncertainty.trends.adoption.volatility: 5 %, uncertainty.shocks.jump: null}"
    file.write_text(f"extends: case.yaml\nvariants:\n  calm: {{title: Calm, {calm}}}\n", "utf-8")
    declared = load_case(file, "calm").uncertainty
    assert declared.trends["adoption"].volatility.value == 0.05
    assert declared.shocks == {}
