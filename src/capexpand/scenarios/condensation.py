"""Condenses scenarios to a lattice: nodes by regime and drivers, transitions counted on the paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.scenarios.entries import AT_ORDER, Floats, Integers
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.lattice import Lattice, LatticeQuarter
from capexpand.scenarios.quantisation import quantise
from capexpand.scenarios.sampling import Scenarios
from capexpand.scenarios.variance import spread_values

HORIZON_QUARTERS = 8
"""How far ahead a difference between two futures counts when they are grouped."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """The scenarios of one quarter in groups: group of each [scenario], regime state of each group."""

    group: Integers
    state: Integers  # [regime, node]


def condense(
    scenarios: Scenarios,
    *,
    nodes: int = 20,
    outcomes: int = 3,
    seed: int = 1,
    fine_quarters: int | None = None,
    later_nodes: int = 6,
) -> Lattice:
    """Return the lattice of some scenarios.

    More nodes keep more of what lasts, more outcomes more of what does not; the work of a policy grows with
    both. ``lattice_errors`` shows what is lost.

    Args:
        scenarios: some hundred for each node, so that transitions can be counted.
        nodes: wanted in a quarter; there is at least one for each combination of regimes that occurs.
        outcomes: wanted in a node, of what it leaves open.
        seed: of the quantisation.
        fine_quarters: quarters with that many nodes and outcomes, all if None; those after them have ...
        later_nodes: ... so many nodes, with one outcome each.
    """
    futures, quarters = scenarios.futures, scenarios.quarters
    features = _features(futures, quarters)
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
    fine = quarters if fine_quarters is None else fine_quarters
    cells = [
        _cells(scenarios, t, features[t], nodes=nodes if t < fine else later_nodes, generator=generator)
        for t in range(quarters)
    ]
    transitions = [_transition(futures, cells[t], cells[t + 1], t) for t in range(quarters - 1)]
    probability = np.ones(1)
    built: list[LatticeQuarter] = []
    for t in range(quarters):
        following = transitions[t] if t + 1 < quarters else np.zeros((probability.size, 0))
        built.append(
            _quarter(
                scenarios,
                t,
                cells[t],
                probability,
                following,
                outcomes=outcomes if t < fine else 1,
                generator=generator,
            )
        )
        probability = probability @ following
    return Lattice(
        entries=futures.entries,
        drivers=_names(futures),
        regimes=tuple((chain.name, chain.states) for chain in futures.chains if chain.is_regime),
        quarters=tuple(built),
        features=features,
    )


def _names(futures: Futures) -> tuple[str, ...]:
    delays = (chain.name for chain in futures.chains if not chain.is_regime)
    return (*(driver.name for driver in futures.drivers), *delays)


def _features(futures: Futures, quarters: int) -> Floats:
    """A matrix for each quarter [quarter, persistent, feature] that makes distances those of what is moved.

    The squared distance between two values of the drivers is Σ over entries of (money at stake × difference
    of the entry's logarithm)², over the quarters ahead, each driver fading as it does. Its matrix M is
    symmetric and positive semidefinite; M = F F', with F from its eigenvalues.
    """
    delays = [
        (values, chain)
        for values, chain in zip(futures.chain_values, futures.chains, strict=True)
        if not chain.is_regime
    ]
    count = len(futures.drivers) + len(delays)
    loading = np.zeros((len(futures.entries), count))
    loading[:, : len(futures.drivers)] = futures.loading
    for position, (values, _) in enumerate(delays, start=len(futures.drivers)):
        loading[values.entries, position] = 1.0
    retention = np.array([driver.retention for driver in futures.drivers] + [0.5] * len(delays))
    result = np.zeros((quarters, count, count))
    for t in range(quarters):
        matrix = np.zeros((count, count))
        for ahead in range(min(HORIZON_QUARTERS, quarters - t)):
            moved = futures.at_stake[:, [t + ahead]] * loading * retention**ahead
            matrix += moved.T @ moved
        eigenvalues, vectors = np.linalg.eigh(matrix)
        result[t] = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return result


def _cells(
    scenarios: Scenarios, quarter: int, features: Floats, *, nodes: int, generator: np.random.Generator
) -> _Cells:
    """Groups the scenarios of a quarter, each combination of regime states by itself."""
    states = scenarios.regime_states(quarter)
    points = scenarios.persistent(quarter).T @ features
    combinations, member = np.unique(states, axis=1, return_inverse=True)
    member = member.reshape(-1)
    if states.shape[0] == 0:
        combinations, member = states[:, :1], np.zeros(scenarios.count, dtype=np.int64)
    shares = np.bincount(member) / scenarios.count
    group = np.zeros(scenarios.count, dtype=np.int64)
    regime: list[Integers] = []
    for c, wanted in enumerate(_allotted(shares, nodes)):
        here = member == c
        found = quantise(points[here], wanted, generator=generator)
        group[here] = found + len(regime)
        regime += [combinations[:, c]] * (int(found.max()) + 1)
    return _Cells(group, np.array(regime).reshape(len(regime), states.shape[0]).T)


def _allotted(shares: Floats, nodes: int) -> list[int]:
    """Nodes for each combination: one each, the rest in proportion, the largest remainders first."""
    rest = max(nodes - shares.size, 0) * shares
    whole = np.floor(rest).astype(np.int64)
    left = max(nodes - shares.size, 0) - int(whole.sum())
    whole[np.argsort(whole - rest, kind="stable")[:left]] += 1
    return [int(each) + 1 for each in whole]


def _transition(futures: Futures, here: _Cells, there: _Cells, quarter: int) -> Floats:
    """Transition probabilities: exact between regimes, counted on the paths between the nodes of two regimes.

    Where no path goes, the nodes of the next regime take their own shares: so no row is empty, and no path
    is needed for what is rare.
    """
    rows, columns = here.state.shape[1], there.state.shape[1]
    counts = np.zeros((rows, columns))
    np.add.at(counts, (here.group, there.group), 1.0)
    between = np.ones((rows, columns))
    for r, chain in enumerate(futures.chains[: futures.regimes]):
        between *= chain.transition[quarter + 1][here.state[r][:, None], there.state[r][None, :]]
    same = (there.state[:, :, None] == there.state[:, None, :]).all(axis=0)  # nodes of one combination
    own = np.bincount(there.group, minlength=columns).astype(np.float64)
    own /= same @ own
    went = counts @ same
    share = np.where(went > 0, counts / np.where(went > 0, went, 1.0), own[None, :])
    result = between * share
    return result / result.sum(axis=1, keepdims=True)


def _quarter(
    scenarios: Scenarios,
    quarter: int,
    cells: _Cells,
    probability: Floats,
    transition: Floats,
    *,
    outcomes: int,
    generator: np.random.Generator,
) -> LatticeQuarter:
    """The nodes of a quarter: means of their scenarios, and outcomes from what the scenarios differ in.

    Both are then spread until the quarter varies as much as the scenarios do.
    """
    futures, nodes = scenarios.futures, cells.state.shape[1]
    factors, persistent = scenarios.factors(quarter), scenarios.persistent(quarter)
    at_order = np.array([entry.kind in AT_ORDER for entry in futures.entries], dtype=np.bool_)
    stake = futures.at_stake[:, [quarter]]
    seen = ~at_order & (stake[:, 0] * factors.std(axis=1) > 0.0)  # what tells outcomes apart
    means = np.zeros((len(futures.entries), nodes))
    centre = np.zeros((persistent.shape[0], nodes))
    chance = np.zeros((nodes, outcomes))
    values = np.zeros((len(futures.entries), nodes, outcomes))
    lost = np.zeros((len(futures.entries), nodes))  # variance that the outcomes of a node do not show
    for n in range(nodes):
        inside = factors[:, cells.group == n]
        means[:, n] = inside.mean(axis=1)
        centre[:, n] = persistent[:, cells.group == n].mean(axis=1)
        residual = np.where(at_order[:, None], 0.0, inside - means[:, [n]])
        found = quantise((residual * stake)[seen].T, outcomes, generator=generator)
        sizes = np.bincount(found, minlength=outcomes)
        chance[n] = sizes / sizes.sum()
        for o in range(outcomes):
            at = found == o
            values[:, n, o] = means[:, n] if sizes[o] == 0 else means[:, n] + residual[:, at].mean(axis=1)
        shown = ((values[:, n] - means[:, [n]]) ** 2) @ chance[n]
        lost[:, n] = np.maximum(inside.var(axis=1) - shown, 0.0)
    mean = futures.mean[:, quarter]
    scale = _to_mean(means @ probability, mean)
    spread = spread_values(
        (values * scale[:, None, None]).reshape(len(mean), nodes * outcomes),
        (probability[:, None] * chance).ravel(),
        (lost @ probability) * scale**2,
        futures.entries,
        mean=mean,
    ).reshape(values.shape)
    used = int(np.max(np.flatnonzero(np.any(chance > 0, axis=0)))) + 1
    return LatticeQuarter(
        probability=probability,
        state=cells.state,
        centre=centre,
        factors=(spread * chance).sum(axis=2),
        outcome_probability=chance[:, :used],
        outcomes=spread[:, :, :used],
        transition=transition,
    )


def _to_mean(found: Floats, wanted: Floats) -> Floats:
    """What to multiply each entry by so that its mean over the nodes is that of the process."""
    return np.where(found > 0, wanted / np.where(found > 0, found, 1.0), 1.0)
