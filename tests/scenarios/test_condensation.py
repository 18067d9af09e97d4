"""The lattice: a proper Markov chain, with the means of the process, nearer to it with more nodes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capexpand.scenarios import variance
from capexpand.scenarios.condensation import condense
from capexpand.scenarios.entries import AT_ORDER, Entry
from capexpand.scenarios.lattice_errors import lattice_errors
from capexpand.scenarios.quantisation import quantise
from capexpand.scenarios.sampling import draw_scenarios
from capexpand.scenarios.variance import UNSPREAD, spread_values

COIN = """
regimes:
  demand:
    initial: open
    states:
      open: {}
      high: {moves: {workloads.chat.demand: 125 %}}
      low: {moves: {workloads.chat.demand: 75 %}}
    transitions: {open: {high: 40 %, low: 60 %}}
"""
RICH = """
trends:
  adoption: {volatility: 30 %, moves: {workloads.chat.demand: 1}}
  algorithms: {volatility: 20 %, moves: {workloads.chat.productivity: 1}}
reversions:
  chips: {deviation: 15 %, half_life: 1 year, moves: {offers.server.buy.price: 1}}
regimes:
  rules:
    initial: free
    states:
      free: {}
      charged: {moves: {offers.server.supply.CN.fee: 15 %}}
      banned: {moves: {offers.server.supply.CN.limit: 0}}
    transitions:
      free: {charged: 10 %, banned: 10 %}
      banned: {charged: 20 %}
delays:
  late: {quarters: {0: 60 %, 1: 40 %}, moves: [sites.west.grid]}
markets: {m: {workloads: [chat], pass_through: 80 %, elasticity: 1.2}}
"""


def test_a_coin_becomes_a_tree_of_two_leaves(futures_of):
    """One node, then high with 40 % and low with 60 %, for good: factors 1, then 1.25 and 0.75.

    The mean is 0.4 · 1.25 + 0.6 · 0.75 = 0.95.
    Sensitivity: a lattice without regimes would have one node of 0.95.
    """
    lattice = condense(draw_scenarios(futures_of(COIN), 512, seed=1), nodes=20, outcomes=3)
    assert [quarter.nodes for quarter in lattice.quarters] == [1, 2, 2, 2, 2, 2, 2, 2]
    assert lattice.quarters[0].factors == pytest.approx(np.ones((1, 1)))
    assert lattice.quarters[0].transition == pytest.approx(np.array([[0.4, 0.6]]))
    for quarter in lattice.quarters[1:]:
        assert quarter.factors == pytest.approx(np.array([[1.25, 0.75]]))
        assert quarter.outcomes.shape == (1, 2, 1)
        assert quarter.probability == pytest.approx([0.4, 0.6])
    assert lattice.quarters[3].transition == pytest.approx(np.eye(2))


def test_a_certain_future_is_one_node_a_quarter(futures_of):
    futures = futures_of("trends: {a: {volatility: 0, moves: {workloads.chat.demand: 1}}}")
    lattice = condense(draw_scenarios(futures, 64), nodes=5)
    assert [quarter.nodes for quarter in lattice.quarters] == [1] * 8


def check_chain(lattice):
    """Probabilities are such, follow from each other, and outcomes average to their node."""
    probability = np.ones(1)
    for quarter in lattice.quarters:
        assert quarter.probability == pytest.approx(probability)
        assert quarter.outcome_probability.sum(axis=1) == pytest.approx(1.0)
        mean = (quarter.outcomes * quarter.outcome_probability).sum(axis=2)
        assert mean == pytest.approx(quarter.factors, rel=1e-9, abs=1e-12)
        if quarter is not lattice.quarters[-1]:
            assert np.all(quarter.transition >= 0)
            assert quarter.transition.sum(axis=1) == pytest.approx(1.0)
            probability = probability @ quarter.transition
    assert probability.sum() == pytest.approx(1.0)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nodes=st.integers(1, 25), outcomes=st.integers(1, 4), seed=st.integers(0, 1000))
def test_the_lattice_is_a_chain_with_the_means_of_the_process(futures_of, nodes, outcomes, seed):
    futures = futures_of(RICH)
    scenarios = draw_scenarios(futures, 512, seed=seed)
    lattice = condense(scenarios, nodes=nodes, outcomes=outcomes, seed=seed)
    check_chain(lattice)
    assert lattice_errors(lattice, scenarios).largest_mean_error.max() < 1e-9


def test_a_node_is_one_state_of_every_regime(futures_of):
    """A ban is a limit of zero in all its nodes, and in no other; a charge is exactly what was declared."""
    lattice = condense(draw_scenarios(futures_of(RICH), 1024), nodes=12)
    rows = {entry.kind: row for row, entry in enumerate(lattice.entries)}
    for quarter in lattice.quarters[1:]:
        banned = quarter.state[0] == 2
        assert np.array_equal(quarter.factors[rows["supply_limit"]] == 0, banned)
        assert quarter.factors[rows["export_fee"]] == pytest.approx(np.where(quarter.state[0] == 1, 0.15, 0))


def test_prices_at_order_are_the_same_in_all_outcomes_of_a_node(futures_of):
    lattice = condense(draw_scenarios(futures_of(RICH), 1024), nodes=12, outcomes=4)
    fixed = [row for row, entry in enumerate(lattice.entries) if entry.kind in AT_ORDER]
    for quarter in lattice.quarters:
        spread = quarter.outcomes[fixed] - quarter.factors[fixed][:, :, None]
        assert spread == pytest.approx(0.0, abs=1e-12)
    free = [row for row, entry in enumerate(lattice.entries) if entry.kind == "base_demand"]
    assert np.ptp(lattice.quarters[5].outcomes[free], axis=2).max() > 0.01


def test_more_nodes_keep_more_of_what_varies_and_of_what_lasts(futures_of, monkeypatch):
    """Without variance matching, which would give every lattice the variance of the process."""
    monkeypatch.setattr(variance, "LARGEST_SPREAD", 1.0)
    scenarios = draw_scenarios(futures_of(RICH), 4096)
    found = [lattice_errors(condense(scenarios, nodes=n, outcomes=1), scenarios) for n in (3, 10, 40)]
    row = [entry.kind for entry in found[0].entries].index("base_demand")
    kept = [errors.kept_deviation[row] for errors in found]
    lasting = [errors.rows()[row].lattice_autocorrelation for errors in found]
    assert kept == sorted(kept)
    assert lasting == sorted(lasting)
    assert kept[-1] > 0.95


def test_outcomes_keep_what_nodes_lose(futures_of, monkeypatch):
    monkeypatch.setattr(variance, "LARGEST_SPREAD", 1.0)
    scenarios = draw_scenarios(futures_of(RICH), 2048)
    kept = [
        lattice_errors(condense(scenarios, nodes=6, outcomes=n), scenarios).kept_deviation.sum()
        for n in (1, 4)
    ]
    assert kept[1] > kept[0]


@pytest.mark.parametrize("outcomes", [1, 3])
def test_a_small_lattice_varies_as_much_as_the_process(futures_of, outcomes):
    """With 30 nodes the cells alone keep a third of the deviation of prices; the spread makes up for it."""
    scenarios = draw_scenarios(futures_of(RICH), 4096)
    lattice = condense(scenarios, nodes=30, outcomes=outcomes)
    check_chain(lattice)
    errors = lattice_errors(lattice, scenarios)
    for row, entry in enumerate(lattice.entries):
        if entry.kind in ("base_demand", "base_price", "purchase_price"):
            assert 0.95 < errors.kept_deviation[row] < 1.05, entry.label
    assert errors.largest_mean_error.max() < 1e-9


def test_limits_and_fees_are_not_spread(futures_of):
    """A supply is there or not there; only what has a price or is in demand may go beyond its cell's mean."""
    scenarios = draw_scenarios(futures_of(RICH), 1024)
    lattice = condense(scenarios, nodes=8)
    for row, entry in enumerate(lattice.entries):
        if entry.kind in UNSPREAD:
            top = max(float(quarter.factors[row].max()) for quarter in lattice.quarters)
            reached = max(float(scenarios.factors(t)[row].max()) for t in range(scenarios.quarters))
            assert top <= reached * (1 + 1e-12), entry.label


def test_spreading_by_hand(monkeypatch):
    """Two atoms 1 and 4, each with chance a half: mean 2.5, variance 2.25. With 4 more the variance is 6.25.

    Two atoms m − d and m + d have the variance d², so d = 2.5 would need an atom at 0, which logarithms never
    reach: s = 10, if that is the limit, makes of the ratio 4 one of r = 4¹⁰, and atoms 5/(1 + r) and
    5 r/(1 + r). With 0.75, d = √3.
    Sensitivity: spread on the scale of the values themselves, an atom could be below zero.
    """
    values, chance, entry = np.array([[1.0, 4.0]]), np.array([0.5, 0.5]), (Entry("base_demand", "chat"),)
    mean = np.array([2.5])
    found = spread_values(values, chance, np.array([0.75]), entry, mean=mean)
    assert found == pytest.approx(np.array([[2.5 - 3**0.5, 2.5 + 3**0.5]]))
    monkeypatch.setattr(variance, "LARGEST_SPREAD", 10.0)
    most = spread_values(values, chance, np.array([4.0]), entry, mean=mean)
    ratio = 4.0**10
    assert most == pytest.approx(np.array([[5 / (1 + ratio), 5 * ratio / (1 + ratio)]]))


def test_a_path_finds_its_node_in_its_own_regime(futures_of):
    scenarios = draw_scenarios(futures_of(RICH), 1024)
    lattice = condense(scenarios, nodes=15)
    fresh = draw_scenarios(scenarios.futures, 256, seed=99)
    for t in (0, 3, 7):
        node = lattice.nearest(t, fresh.persistent(t), fresh.regime_states(t))
        assert np.array_equal(lattice.quarters[t].state[:, node], fresh.regime_states(t))


def test_the_nearest_node_of_a_centre_is_its_own(futures_of):
    lattice = condense(draw_scenarios(futures_of(RICH), 1024), nodes=15)
    quarter = lattice.quarters[5]
    found = lattice.nearest(5, quarter.centre, quarter.state)
    assert np.array_equal(found, np.arange(quarter.nodes))


def test_a_lattice_is_the_same_for_the_same_seed(futures_of):
    scenarios = draw_scenarios(futures_of(RICH), 512)
    one, same = (condense(scenarios, nodes=8, seed=4) for _ in range(2))
    assert np.array_equal(one.quarters[6].factors, same.quarters[6].factors)
    assert np.array_equal(one.quarters[5].transition, same.quarters[5].transition)


def test_groups_lie_around_their_means():
    """Three heaps far apart are three groups, whatever the start."""
    generator = np.random.default_rng(1)
    points = np.concatenate([generator.normal(centre, 0.1, (50, 2)) for centre in (0, 5, 10)])
    for seed in range(5):
        group = quantise(points, 3, generator=np.random.default_rng(seed))
        assert [len(set(group[start : start + 50])) for start in (0, 50, 100)] == [1, 1, 1]
        assert len(set(group)) == 3


def test_there_are_no_more_groups_than_different_points():
    points = np.array([[0.0], [0.0], [1.0], [1.0]])
    assert list(np.bincount(quantise(points, 4, generator=np.random.default_rng(0)))) == [2, 2]
