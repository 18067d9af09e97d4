"""Seeds, streams and means of scenarios."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capexpand.scenarios.futures import compile_futures
from capexpand.scenarios.sampling import draw_scenarios

ONE = "trends: {a: {volatility: 30 %, moves: {workloads.chat.demand: 1}}}"
MANY = """
trends:
  new: {volatility: 20 %, moves: {offers.server.buy.price: 1}}
  a: {volatility: 30 %, moves: {workloads.chat.demand: 1}}
shocks:
  jump: {rate: 1 /year, size: 40 %, moves: {workloads.chat.productivity: 1}}
regimes:
  rules:
    initial: free
    states: {free: {}, banned: {moves: {offers.server.supply.CN.limit: 0}}}
    transitions: {free: {banned: 20 %/year}}
delays:
  late: {quarters: {0: 60 %, 2: 40 %}, moves: [sites.west.grid]}
"""


def of(scenarios, name):
    return scenarios.drivers[[driver.name for driver in scenarios.futures.drivers].index(name)]


def test_a_seed_gives_one_result(futures_of):
    futures = futures_of(MANY)
    one, same, other = (draw_scenarios(futures, 128, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one.drivers, same.drivers)
    assert np.array_equal(one.states, same.states)
    assert not np.array_equal(one.drivers, other.drivers)


def test_a_process_that_is_added_leaves_the_draws_of_the_others(futures_of):
    alone = draw_scenarios(futures_of(ONE), 128, seed=5)
    among = draw_scenarios(futures_of(MANY), 128, seed=5)
    assert np.allclose(of(alone, "a"), of(among, "a"), atol=1e-9)


def test_processes_are_independent_of_each_other(futures_of):
    """Sobol' sequences of the same kind would be tied to each other without an order of their own."""
    scenarios = draw_scenarios(futures_of(MANY), 4096, seed=5)
    rows = np.concatenate([scenarios.drivers[:, [2, 6]].reshape(6, -1), scenarios.states[:1, 6]])
    correlation = np.corrcoef(rows)
    across = [correlation[i, j] for i in range(7) for j in range(i) if i // 2 != j // 2]
    assert np.max(np.abs(across)) < 4 / np.sqrt(4096)


def test_quasi_random_numbers_beat_random_ones(futures_of):
    """The mean factor at the horizon has an error far below that of as many random numbers.

    With a volatility of 30 % the deviation of e^x is about 0.42, so random numbers would err by
    0.42 / √1024 = 0.013 on average.
    """
    futures = futures_of(ONE)
    errors = [draw_scenarios(futures, 1024, seed=seed).factors(7).mean() - 1.0 for seed in range(8)]
    assert np.sqrt(np.mean(np.square(errors))) < 0.013 / 3


def test_a_part_is_the_beginning_of_the_whole(futures_of):
    scenarios = draw_scenarios(futures_of(MANY), 100, seed=5)
    assert np.array_equal(scenarios.first(10).factors(5), scenarios.factors(5)[:, :10])
    assert np.allclose(scenarios.path(7)[:, 5], scenarios.factors(5)[:, 7])


def test_without_processes_there_is_nothing_to_draw(certain_case):
    from capexpand.case.loading import load_case

    scenarios = draw_scenarios(compile_futures(load_case(certain_case)), 8)
    assert scenarios.entries == ()
    assert scenarios.path(0).shape == (0, 8)


def test_the_mean_stays_where_the_case_puts_it(futures_of):
    """What enters the program keeps its mean: D/φ and p·φ, not D and p; limits under a regime do not."""
    block = MANY + "\nmarkets: {m: {workloads: [chat], pass_through: 70 %, elasticity: 1.5}}\n"
    futures = futures_of(block)
    scenarios = draw_scenarios(futures, 16384, seed=5)
    kept = [entry.kind not in ("grid", "supply_limit") for entry in futures.entries]
    assert futures.mean[kept] == pytest.approx(1.0)
    means = np.array([scenarios.factors(t).mean(axis=1) for t in range(8)]).T
    assert means == pytest.approx(futures.mean, rel=0.02)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    volatility=st.floats(0.0, 0.6),
    deviation=st.floats(0.0, 0.5),
    rate=st.just(0.0) | st.floats(0.1, 3.0),
    size=st.floats(-0.6, 1.5),
    elasticity=st.floats(0.0, 2.0),
    passed=st.floats(0.0, 1.0),
)
def test_the_closed_form_of_the_mean_is_that_of_the_draws(
    futures_of, volatility, deviation, rate, size, elasticity, passed
):
    futures = futures_of(f"""
    trends: {{a: {{volatility: {volatility:.4f}, keeps_mean: false, moves: {{workloads.chat.demand: 1}}}}}}
    reversions:
      b:
        deviation: {deviation:.4f}
        half_life: 9 months
        keeps_mean: false
        moves: {{workloads.chat.price: 0.5}}
    shocks:
      c:
        rate: {rate:.4f} /year
        size: {size:.4f}
        half_life: 6 months
        keeps_mean: false
        moves: {{workloads.chat.productivity: 0.5}}
    markets: {{m: {{workloads: [chat], pass_through: {passed:.4f}, elasticity: {elasticity:.4f}}}}}
    """)
    scenarios = draw_scenarios(futures, 4096, seed=1)
    for t in (1, 7):
        factors = scenarios.factors(t)
        error = factors.std(axis=1) / np.sqrt(4096)
        assert np.all(np.abs(factors.mean(axis=1) - futures.mean[:, t]) <= 5 * error + 1e-9)
