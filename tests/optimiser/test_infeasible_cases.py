"""A case that no plan satisfies: which limits exclude each other, in words, with the quarters."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from random_models import random_model
from small_case import planned

from capexpand.errors import InfeasibleError
from capexpand.model.blocks import Blocks
from capexpand.optimiser.conflict import explain
from capexpand.optimiser.contradiction import conflict
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.highs import solve

OWED = {
    "title": "Train",
    "role": "obligation",
    "unit": "FLOP",
    "demand": {"2025-04-01": "5 ZFLOP/quarter", "2025-07-01": "0 ZFLOP/quarter"},
    "usable_share": "100 %",
    "throughput": {"server": "1 ZFLOP/quarter"},
}


def why(changes):
    """Return the sentences on a case that no plan satisfies."""
    with pytest.raises(InfeasibleError) as caught:
        planned(changes)
    return caught.value.conflict


ORDERED = "units that must be ordered, or that can be (offers.server.supply.CN)"
SERVE_TRAIN = "train, 2025Q2: an obligation without a penalty must be served in full (workloads.train.demand)"


def test_an_obligation_larger_than_the_grid_names_both():
    assert why({"workloads.train": OWED, "sites.east.grid": "0.4 MW"}) == (
        SERVE_TRAIN,
        "east, 2025Q2: running power within the grid connection (sites.east.grid)",
    )


def test_an_obligation_larger_than_the_power_that_stands_names_both():
    assert why({"workloads.train": OWED, "opening.sites.east.power": "0.4 MW"}) == (
        SERVE_TRAIN,
        "east, 2025Q2: running power within what stands (opening.sites.east, sites.east.build)",
    )


def test_an_obligation_that_the_budget_cannot_pay_for_names_both():
    sentences = why({"workloads.train": OWED, "programme.cap": "3 mn CNY"})
    assert sentences[0] == SERVE_TRAIN
    assert (
        sentences[1] == "2025Q2: spent and due by then within the cap (programme.cap, programme.cap_by_date)"
    )


def test_an_obligation_before_anything_can_arrive_says_so():
    assert why({"workloads.train": OWED, "offers.server.lead_time": "6 months"}) == (
        SERVE_TRAIN,
        "nothing that stands or can have arrived serves it (offers.*.lead_time, workloads.*.throughput)",
    )


def test_many_quarters_of_one_limit_are_one_line():
    contract = {"offers.server.supply.CN": {"minimum": "3 units/quarter"}}
    assert why({**contract, "programme.cap": "10 mn CNY"}) == (
        f"server for CN, 2025Q2 to 2026Q1: {ORDERED}",
        "2026Q1: spent and due by then within the cap (programme.cap, programme.cap_by_date)",
    )
    assert why({**contract, "offers.server.stock": "10 units"}) == (
        f"server for CN, 2025Q2 to 2026Q1: {ORDERED}",
        "server: no more units than the stock holds (offers.server.stock)",
    )


def test_an_instalment_after_the_window_names_the_renewal_budget_of_its_quarter():
    """Two units must be ordered in quarter 1, of which 1.2 falls due in quarter 2, after the window."""
    changes = {
        "programme.window_quarters": 1,
        "programme.renewal_budget": "1 mn CNY/quarter",
        "offers.server.lead_time": "3 months",
        "offers.server.buy.deposit": "40 %",
        "offers.server.supply.CN": {
            "minimum": {"2025-04-01": "2 units/quarter", "2025-07-01": "0 units/quarter"}
        },
    }
    sentences = why(changes)
    assert f"server for CN, 2025Q2: {ORDERED}" in sentences
    assert "2025Q3: what falls due within the renewal budget (programme.renewal_budget)" in sentences


def test_a_contract_above_the_supply_names_the_offer():
    assert why({"offers.server.supply.CN": {"minimum": "3 units/quarter", "limit": "2 units/quarter"}}) == (
        f"server for CN, 2025Q2 to 2026Q1: {ORDERED}",
    )


def test_where_only_whole_sizes_exclude_a_plan_that_is_said():
    """Three must be ordered a quarter and no more can be, in lots of four."""
    changes = {
        "offers.server.supply.CN": {"minimum": "3 units/quarter", "limit": "3 units/quarter"},
        "offers.server.lot": 4,
        "solve.whole_sizes": True,
    }
    assert why(changes) == ("whole halls and lots (solve.whole_sizes): with parts of them there is a plan",)


def test_quarters_apart_are_listed():
    rows = [("grid", ("east", quarter)) for quarter in ("2025Q4", "2026Q1", "2026Q3")]
    assert explain(rows) == [
        "east, 2025Q4 to 2026Q1 and 2026Q3: running power within the grid connection (sites.east.grid)"
    ]


def test_a_row_that_has_no_words_is_named():
    assert explain([("tide", ("east", "2025Q4"))]) == ["tide (east, 2025Q4)"]


@given(seed=st.integers(0, 2**32 - 1))
@example(seed=35)  # on parts of it the dual simplex method ends without a verdict
@settings(max_examples=20)
def test_none_of_the_limits_named_can_be_spared(seed):
    """Without any one of the rows of a conflict the others have a solution."""
    program, _ = build_program(random_model(seed, quarters=4, demands=True))
    try:
        solve(program)
    except InfeasibleError:
        pass
    else:
        assume(False)
    named = set(conflict(program))
    rows = [i for i in range(program.row_lower.size) if program.describe_row(i) in named]
    assert rows
    assert not _has_solution(program, rows)
    for row in rows:
        assert _has_solution(program, [other for other in rows if other != row])


def _has_solution(program, rows):
    """Tell whether some of a program's rows can be satisfied together."""
    lp = Blocks()
    x = lp.columns(
        "x",
        [[str(i) for i in range(program.cost.size)]],
        lower=program.column_lower,
        upper=program.column_upper,
    )
    r = lp.rows("r", [[str(i) for i in rows]], lower=program.row_lower[rows], upper=program.row_upper[rows])
    for place, row in enumerate(rows):
        inside = slice(program.start[row], program.start[row + 1])
        lp.add(r[place], x[program.index[inside]], program.value[inside])
    try:
        solve(lp.build())
    except InfeasibleError:
        return False
    return True


def test_a_case_that_has_a_plan_has_no_conflict():
    assert np.isfinite(optimise_plan(random_model(1)).solver.objective)
    program, _ = build_program(random_model(1))
    assert conflict(program) == []
