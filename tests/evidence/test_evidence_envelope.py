"""What a small change does to the best value, against hand and against solving anew."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from capexpand.case.loading import read_declaration
from capexpand.model.compile import compile_case
from capexpand.optimiser.deterministic import build_program, optimise_plan
from capexpand.optimiser.envelope import first_order_change
from capexpand.optimiser.warm import WarmPlanner
from capexpand.studies.evidence.facts import facts_of
from capexpand.studies.evidence.measuring import Measurer

TWO_SITES = Path(__file__).parents[2] / "cases" / "two-sites"
TAXED = """
extends: {base}
finance:
  discount_rate: 8 %/year
  tax_rate: 20 %
  server_end_value: 30 %
  building_end_value: 50 %
  ordinary_costs: 5 %
sites:
  coast: {{build: {{maintenance: 0.2 mn CNY/MW/quarter}}}}
  west: {{grid: {{2026-01-01: 6 MW}}}}
offers:
  server: {{maintenance: 2 %/year, attrition: 3 %/year}}
workloads:
  chat: {{price: {{value: 0.50 CNY/Mtoken, growth: -7 %/year}}}}
"""


def declared(place):
    declaration = read_declaration(place)
    return declaration, declaration.load()


@pytest.fixture(scope="module")
def taxed(tmp_path_factory):
    file = tmp_path_factory.mktemp("taxed") / "case.yaml"
    file.write_text(TAXED.format(base=TWO_SITES / "case.yaml"), encoding="utf-8")
    return file


@cache
def measured(place, **more):
    """The measurer of a case, made once, and its facts by path."""
    declaration, case = declared(place)
    return Measurer(declaration, case, **more), {fact.path: fact for fact in facts_of(declaration, case)}


def slope_of(place, path, **more):
    measurer, facts = measured(place, **more)
    return measurer.sensitivity(facts[path])


@pytest.mark.parametrize(
    ("path", "slope"),
    [
        ("programme.cap", 1000.0 * 0.2605530 / 2.2),
        ("sites.coast.grid", 5.2 * 25.0032),
        ("workloads.chat.price", 0.5 * (400.0 * 6 + 36.3636364 * 5)),
        ("sites.coast.energy_price", -400.0 * 6 * 0.0170937),
        ("workloads.chat.demand", 0.0),
    ],
)
def test_slopes_are_those_worked_out_by_hand(path, slope):
    """From docs/explanation/worked-example.md: a yuan more of the cap gains 0.1184332; a MW more at the coast
    25.0032; 400 servers sell 1 tn tokens in 6 quarters and 36.3636 in 5, at 0.5; the coast's energy costs
    0.0170937 for each server and quarter; demand does not bind.

    Sensitivity: with duals of the wrong sign the cap would come to −118.4, and without the matrix's part
    energy, which stands in the margins, to nothing.
    """
    found = slope_of(TWO_SITES, path)
    assert found.way == "slope"
    assert found.slope == pytest.approx(slope, rel=1e-5, abs=1e-6)


PATHS = (
    "finance.discount_rate", "finance.tax_rate", "finance.server_end_value", "finance.ordinary_costs",
    "programme.cap", "sites.coast.grid", "sites.coast.power_usage_effectiveness", "sites.coast.build.cost",
    "sites.coast.build.deposit", "sites.coast.build.maintenance", "sites.west.energy_price",
    "offers.server.power", "offers.server.attrition", "offers.server.maintenance", "offers.server.buy.price",
    "workloads.chat.price", "workloads.chat.price.growth", "workloads.chat.usable_share",
    "workloads.chat.throughput.server", "workloads.chat.demand",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_slope_is_what_planning_anew_gives(taxed, path):
    """Both sides of the number are planned from nothing. At a kink the slope lies between the two."""
    fact = measured(taxed)[1][path]
    declaration, _ = declared(taxed)

    def value(factor):
        m = compile_case(declaration.load({path: fact.place.scaled(factor)}))
        plans = (optimise_plan(one, duals=False) for one in (m, m.without_programme()))
        best, base = (plan.solver.objective for plan in plans)
        return best - base

    step = 2e-4
    below, here, above = (value(1.0 + sign * step) for sign in (-1.0, 0.0, 1.0))
    sides = sorted(((above - here) / step, (here - below) / step))
    slack = 2e-3 * max(abs(sides[0]), abs(sides[1]), 0.1)
    found = slope_of(taxed, path)
    assert found.way == "slope"
    assert sides[0] - slack <= found.slope <= sides[1] + slack


def test_most_of_these_numbers_matter(taxed):
    """So that the test before is not one of zeros."""
    measurer, facts = measured(taxed)
    moving = [path for path in PATHS if abs(measurer.sensitivity(facts[path]).slope) > 0.01]
    assert len(moving) >= 15


def test_a_lead_time_is_planned_again_or_left_out():
    """Halls at the coast a quarter later serve 5 quarters: 5 · 0.4829063 − 2.3 = 0.1145315 for 2.3 spent is
    less than the west's, so all money goes there: 1000 / 2.2 · 0.2605530 = 118.4332, which is 130.0166 less.
    A deviation of 30 % more than 6 months is 3 quarters, 30 % less is 2 as before.

    Sensitivity: a slope by a small step would say that lead times cost nothing.
    """
    path = "sites.coast.build.lead_time"
    assert (slope_of(TWO_SITES, path).way, slope_of(TWO_SITES, path).slope) == ("in steps", None)
    found = slope_of(TWO_SITES, path, replan=True)
    assert found.way == "planned again"
    assert found.effect == pytest.approx(-130.0166 / 2.0, rel=1e-5)


def test_a_time_that_moves_prices_by_very_little_is_in_steps(tmp_path):
    """Value-added tax comes back after two quarters, or, a moment later, after three: every payment is dearer
    by a quarter's interest on the tax, some 0.2 %.

    Sensitivity: taken for a slope, that is multiplied by a hundred thousand.
    """
    file = tmp_path / "case.yaml"
    tax = "finance: {discount_rate: 8 %/year, value_added_tax: 13 %, value_added_tax_recovery: 6 months}"
    file.write_text(f"extends: {TWO_SITES / 'case.yaml'}\n{tax}\n", encoding="utf-8")
    path = "finance.value_added_tax_recovery"
    assert slope_of(file, path).way == "in steps"
    found = slope_of(file, path, replan=True)
    assert found.way == "planned again"
    assert -5.0 < found.effect < -0.01


def test_a_share_that_others_complete_is_held():
    """The shares of the tranches add up to the whole, so neither moves alone."""
    assert slope_of(TWO_SITES, "workloads.chat.tranches.0.share").way == "held"


def test_a_program_of_another_structure_has_no_first_order():
    declaration, case = declared(TWO_SITES)
    data = compile_case(case)
    program, stages = build_program(data)
    solution = WarmPlanner(sides="any").of_program(data, program, stages).solution
    later = declaration.load({"sites.coast.build.lead_time": "9 months"})
    assert first_order_change(program, solution, build_program(compile_case(later))[0]) is None
    assert first_order_change(program, solution, program) == (0.0, True)
    richer = replace(program, offset=program.offset + 3.0, row_upper=program.row_upper * 1.001)
    found = first_order_change(program, solution, richer)
    assert found is not None
    assert found[0] > 3.0
    assert found[1]
