"""Hire, leases and energy in a policy: equations by quarters, whole futures and fixed plans agree."""

from pathlib import Path

import numpy as np
import pytest

import capexpand as cx
from capexpand.policy.graph import policy_graph
from capexpand.sddp.extensive import solve_extensive

CASE = Path(__file__).parents[2] / "cases" / "two-sites" / "case.yaml"
CLOUDS = """
clouds:
  big:
    reason: invented
    title: Big Cloud
    offer: server
    destination: CN
    on_demand: {fee: 0.45 mn CNY/quarter, limit: 300 units}
    reserved:
      year: {fee: 0.22 mn CNY/quarter, term: 1 year, lead_time: 3 months, limit: 100 units/quarter}
    spot: {fee: 0.15 mn CNY/quarter, interrupted: 20 %, limit: 40 units}
uncertainty:
  regimes:
    fees:
      reason: invented
      initial: usual
      states:
        usual: {}
        dearer: {moves: {clouds.big.reserved.year.fee: 150 %, clouds.big.spot.limit: 0 %}}
      transitions: {usual: {dearer: 30 %}}
"""


LEASES = """
programme: {leases_within_cap: true}
sites:
  coast:
    colocate:
      fee: 2 mn CNY/MW/quarter
      lead_time: 0 months
      term: 6 months
      escalation: 4 %/year
      extension: 9 months
      minimum: {2025-07-01: 0.5 MW}
      limit: 1 MW
      exit_cost: 0.1 mn CNY/MW
      reason: invented
offers:
  server:
    lease:
      {fee: 0.15 mn CNY/quarter, term: 1 year, escalation: 0 %/year, extension: 6 months, reason: invented}
uncertainty:
  regimes:
    fees:
      reason: invented
      initial: usual
      states:
        usual: {}
        dearer: {moves: {offers.server.lease.fee: 150 %, sites.coast.colocate.*: 130 %}}
      transitions: {usual: {dearer: 30 %}}
"""


ENERGY = """
renewable_share: 40 %
finance: {carbon_price: 300 CNY/t}
sites:
  coast:
    spare_power: 10 %
    energy:
      reason: invented
      carbon_intensity: 0.5 t/MWh
      renewable: 20 %
      capacity_charge: 0.1 mn CNY/MW/quarter
      curtailable: {power: 0.6 MW, curtailed: 500 hours/year}
      contracts:
        wind: {title: Wind, kind: pay_as_produced, price: 0.4 CNY/kWh, term: 1 year, lead_time: 3 months,
               output: 35 %, matched: 80 %, surplus: 30 %, renewable: true, limit: 4 MW}
        battery: {title: Battery, kind: storage, cost: 0.2 mn CNY/MW, term: 10 years, output: 4 hours/day,
                  efficiency: 85 %, limit: 2 MW}
  west:
    energy:
      reason: invented
      renewable: 30 %
      contracts:
        gas: {title: Gas, kind: on_site, price: 0.5 CNY/kWh, fee: 1 mn CNY/MW/quarter, term: 9 months,
        output: 95 %,
              limit: 2 MW, carbon_intensity: 0.4 t/MWh}
        engines: {title: Engines, kind: on_site, price: 0.3 CNY/kWh, cost: 4 mn CNY/MW, deposit: 30 %,
                  term: 2 years, lead_time: 3 months, limit: 1 MW, fee: 0.1 mn CNY/MW/quarter}
        sun: {title: Sun, kind: baseload, price: 0.45 CNY/kWh, term: 6 months, renewable: true, limit: 3 MW}
offers: {server: {spares: 3 %}}
uncertainty:
  regimes:
    fees:
      reason: invented
      initial: usual
      states:
        usual: {}
        dearer: {moves: {sites.coast.energy_price: 250 %, sites.west.grid: 80 %}}
      transitions: {usual: {dearer: 30 %}}
"""


@pytest.fixture(scope="module", params=[CLOUDS, LEASES, ENERGY], ids=["hired", "leased", "energy"])
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("sources") / "case.yaml"
    file.write_text(f"extends: {CASE}\n{request.param}", "utf-8")
    planned = cx.optimise_policy(cx.load_case(file))
    return planned, cx.simulate(planned, 60)


@pytest.mark.slow
def test_a_policy_with_hire_leases_and_energy_agrees_with_its_extensive_form(followed) -> None:
    planned, outcomes = followed
    graph = policy_graph(planned.policy.stages, planned.policy.lattice)
    assert planned.policy.trained.bound == pytest.approx(solve_extensive(graph).value, rel=1e-4)
    policy = outcomes.books["policy"]
    assert policy.hire.sum() + policy.fixed_fees.sum() + policy.contracts.sum() > 1.0


def test_no_way_does_better_than_foresight_and_the_books_add_up(followed) -> None:
    """The objective is cash after tax (no tax here, no discount, nothing at the end) less penalties."""
    _, outcomes = followed
    best = outcomes.values("foresight")
    for strategy in ("policy", "mean_value", "rolling", "naive"):
        found = outcomes.values(strategy)
        assert (found[: best.size] <= best[: found.size] + 1e-6 * np.abs(best[: found.size])).all(), strategy
    for strategy, books in outcomes.books.items():
        assert books.cash.sum(axis=0) == pytest.approx(books.value, abs=1e-5), strategy
