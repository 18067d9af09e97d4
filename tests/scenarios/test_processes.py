"""Each process has the moments that its declaration promises."""

import numpy as np
import pytest

from capexpand.scenarios.entries import Entry
from capexpand.scenarios.sampling import draw_scenarios

COUNT = 8192


def logs(futures, name, count=COUNT):
    """Return the logarithms of a driver [quarter, scenario]."""
    position = [driver.name for driver in futures.drivers].index(name)
    return draw_scenarios(futures, count, seed=3).drivers[position]


def test_a_trend_spreads_with_the_root_of_time(futures_of):
    """Volatility 40 % a year: after h quarters the deviation is 0.4 √(h/4), 0.2 after one and 0.4 after four.

    Sensitivity: without the root it would be 0.1 and 0.4.
    """
    paths = logs(futures_of("trends: {a: {volatility: 40 %, moves: {workloads.chat.demand: 1}}}"), "a")
    assert paths.std(axis=1)[[0, 1, 4]] == pytest.approx([0.0, 0.2, 0.4], rel=0.02)
    correlation = np.corrcoef(paths[1], paths[4])[0, 1]
    assert correlation == pytest.approx(0.5, abs=0.03)  # √(1/4): variance in common is that of one quarter


def test_a_reversion_forgets_half_in_a_half_life(futures_of):
    """Deviation s = 30 %, half-life one quarter, from 0: variance s² (1 − 4⁻ʰ), correlation a √(V₁/V₂).

    After one quarter 0.3 √0.75 = 0.2598, after two 0.3 √0.9375 = 0.2905; between them
    0.5 · 0.2598 / 0.2905 = 0.447.
    Sensitivity: without reversion the deviation would grow as 0.26, 0.37.
    """
    block = "reversions: {a: {deviation: 30 %, half_life: 3 months, moves: {workloads.chat.demand: 1}}}"
    paths = logs(futures_of(block), "a")
    assert paths.std(axis=1)[1:3] == pytest.approx([0.2598, 0.2905], rel=0.02)
    assert np.corrcoef(paths[1], paths[2])[0, 1] == pytest.approx(0.447, abs=0.03)


def test_a_shock_jumps_at_its_rate_and_fades(futures_of):
    """Rate 2 a year, median jump +50 %, half-life one quarter: none in a quarter with e^−0.5 = 0.6065.

    The mean of x_1 is 0.5 ln 1.5 = 0.2027, of x_2 half of that more: 0.3041.
    Sensitivity: without fading the second mean would be 0.4055.
    """
    block = "shocks: {a: {rate: 2 /year, size: 50 %, half_life: 3 months, moves: {workloads.chat.demand: 1}}}"
    paths = logs(futures_of(block), "a")
    assert (paths[1] == 0).mean() == pytest.approx(0.6065, abs=0.01)
    assert paths.mean(axis=1)[1:3] == pytest.approx([0.2027, 0.3041], rel=0.03)


def test_jumps_differ_by_their_deviation(futures_of):
    """A quarter of a jump in a quarter, deviation 0.4 around 0: variance of the sum λ s² = 0.25 · 0.16."""
    block = "shocks: {a: {rate: 1 /year, size: 0 %, size_deviation: 40 %, moves: {workloads.chat.demand: 1}}}"
    assert logs(futures_of(block), "a")[1].std() == pytest.approx(0.2, rel=0.05)


REGIMES = """
regimes:
  rules:
    initial: free
    states:
      free: {{}}
      banned: {{moves: {{offers.server.supply.CN.limit: 0}}}}
    transitions:
      free: {{banned: {there}}}
      banned: {{free: {back}}}
"""


def test_regimes_settle_at_their_stationary_shares(futures_of):
    """Leaving with 60 % and coming back with 20 %: banned in the long run 0.6 / 0.8 = 75 %.

    The distance to it shrinks by 1 − 0.8 = 0.2 a quarter: after one quarter 0.75 (1 − 0.2) = 0.6.
    Sensitivity: without coming back it would go to 100 %.
    """
    scenarios = draw_scenarios(futures_of(REGIMES.format(there="60 %", back="20 %")), COUNT, seed=3)
    banned = scenarios.states[0].mean(axis=1)
    assert banned[[0, 1]] == pytest.approx([0.0, 0.6], abs=0.01)
    assert banned[-1] == pytest.approx(0.75, abs=0.01)
    assert scenarios.futures.mean[0, -1] == pytest.approx(0.25, abs=1e-4)


def test_rates_are_those_of_continuous_time(futures_of):
    """Rates 0.8 there and 0.4 back a year: P(banned after t) = 2/3 (1 − e^(−1.2 t))."""
    futures = futures_of(REGIMES.format(there="80 %/year", back="10 %/quarter"))
    assert futures.chains[0].transition[1][0, 1] == pytest.approx(2 / 3 * (1 - np.exp(-0.3)), abs=1e-12)


DELAY = "delays: {late: {quarters: {0: 50 %, 1: 30 %, 2: 20 %}, moves: [sites.west.grid]}}"


def test_a_delay_is_as_late_as_declared(futures_of):
    """West's 6 MW are due in the fourth quarter: there with 50 %, one quarter later with 80 %, then surely.

    Sensitivity: a delay drawn anew each quarter would give 50 %, 75 %, 87.5 %.
    """
    scenarios = draw_scenarios(futures_of(DELAY), COUNT, seed=3)
    there = np.array([scenarios.factors(t)[0].mean() for t in range(scenarios.quarters)])
    assert there == pytest.approx([1, 1, 1, 0.5, 0.8, 1, 1, 1], abs=0.01)
    assert scenarios.futures.mean[0] == pytest.approx([1, 1, 1, 0.5, 0.8, 1, 1, 1], abs=1e-12)


def test_what_falls_due_while_something_waits_comes_with_it(futures_of):
    """With a second step a quarter after the first, both are there two quarters after the first."""
    more = "sites: {west: {grid: {2026-01-01: 6 MW, 2026-04-01: 9 MW}}}"
    scenarios = draw_scenarios(futures_of(DELAY, more), 2048, seed=3)
    late = scenarios.factors(3)[0] == 0
    assert set(np.round(scenarios.factors(4)[0][late], 6)) == {0.0, 1.0}
    assert np.all(scenarios.factors(5)[0][late] == 1.0)


def test_correlated_processes_move_together(futures_of):
    """Two trends with correlation 0.6 keep it in every quarter."""
    block = """
    trends:
      a: {volatility: 30 %, moves: {workloads.chat.demand: 1}}
      b: {volatility: 10 %, moves: {offers.server.buy.price: 1}}
    correlations: [{between: [b, a], value: 0.6}]
    """
    scenarios = draw_scenarios(futures_of(block), COUNT, seed=3)
    found = [np.corrcoef(scenarios.drivers[:, t])[0, 1] for t in (1, 4, 7)]
    assert found == pytest.approx([0.6, 0.6, 0.6], abs=0.03)


def test_more_declared_correlation_is_more_correlation(futures_of):
    block = """
    trends: {{a: {{volatility: 30 %, moves: {{workloads.chat.demand: 1}}}}}}
    reversions: {{b: {{deviation: 20 %, half_life: 1 year, moves: {{offers.server.buy.price: 1}}}}}}
    correlations: [{{between: [a, b], value: {value}}}]
    """
    found = [
        np.corrcoef(draw_scenarios(futures_of(block.format(value=value)), 2048, seed=3).drivers[:, 3])[0, 1]
        for value in (-0.9, -0.3, 0.3, 0.9)
    ]
    assert found == sorted(found)
    assert found[0] < -0.8 < 0.8 < found[-1]


def test_the_first_quarter_is_as_declared(futures_of):
    block = """
    trends: {a: {volatility: 30 %, moves: {workloads.*.demand: 1}}}
    shocks: {b: {rate: 4 /year, size: 50 %, moves: {workloads.*.productivity: 1}}}
    """
    scenarios = draw_scenarios(futures_of(block), 64, seed=3)
    assert scenarios.factors(0) == pytest.approx(1.0)


def test_a_market_passes_productivity_on_to_price_and_demand(futures_of):
    """Pass-through 50 %, elasticity 2: ln p = −0.5 x, ln D = 2 · 0.5 x = x, so D/φ: x − x = 0 and p·φ: 0.5 x.

    A price that moves by itself with y: ln p = y, ln D = −2 y.
    Sensitivity: without the market D/φ would fall by x and p·φ rise by x.
    """
    futures = futures_of("""
    trends:
      x: {volatility: 30 %, moves: {workloads.chat.productivity: 1}}
      y: {volatility: 30 %, moves: {workloads.chat.price: 1}}
    markets: {m: {workloads: [chat], pass_through: 50 %, elasticity: 2}}
    """)
    loading = dict(zip(futures.entries, futures.loading.tolist(), strict=True))
    assert loading[Entry("base_price", "chat")] == pytest.approx([0.5, 1.0])
    assert loading[Entry("base_demand", "chat")] == pytest.approx([0.0, -2.0])
    assert loading[Entry("productivity", "chat")] == pytest.approx([1.0, 0.0])


def test_an_exchange_rate_moves_what_is_invoiced_in_it(futures_of):
    more = """
    exchange_rates: {USD: 7.2 CNY/USD}
    offers: {server: {buy: {price: 0.28 mn USD}}}
    """
    futures = futures_of("trends: {fx: {volatility: 5 %, moves: {exchange_rates.USD: 1}}}", more)
    assert futures.entries == (Entry("purchase_price", "server"),)
    assert futures.loading == pytest.approx(np.ones((1, 1)))


def test_a_later_line_replaces_an_earlier_one_for_the_same_place(futures_of):
    futures = futures_of(
        "trends: {a: {volatility: 5 %, moves: {sites.*.build.cost: 1, sites.west.build.cost: 0.5}}}"
    )
    assert futures.loading[:, 0] == pytest.approx([1.0, 0.5])  # coast, west
