"""Random small lattices on the random cases of ``tests/model``, and scenarios that walk along them."""

from __future__ import annotations

import numpy as np

from capexpand.model.data import ModelData
from capexpand.scenarios.entries import AT_ORDER, Entry
from capexpand.scenarios.lattice import Lattice, LatticeQuarter


def entries_of(m: ModelData) -> tuple[Entry, ...]:
    """Return one entry of every kind that a case has a place for."""
    workload = m.workloads.names[0]
    return (
        Entry("base_demand", workload),
        Entry("base_price", workload),
        Entry("build_cost", m.sites.names[0]),
        Entry("energy_price", m.sites.names[0]),
        Entry("export_fee", m.offers.products[0], m.destinations[0]),
        Entry("grid", m.sites.names[0]),
        Entry("purchase_price", m.offers.products[0]),
        Entry("supply_limit", m.offers.products[0], m.destinations[0]),
    )


def certain_lattice(m: ModelData, entries: tuple[Entry, ...] = ()) -> Lattice:
    """Return the lattice of one node a quarter in which all is as declared."""
    return random_lattice(m, 0, nodes=1, outcomes=1, entries=entries, spread=0.0)


def random_lattice(
    m: ModelData,
    seed: int,
    *,
    nodes: int = 2,
    outcomes: int = 2,
    entries: tuple[Entry, ...] | None = None,
    spread: float = 0.5,
) -> Lattice:
    """Return a lattice of random nodes, in which limits may be shut."""
    rng = np.random.default_rng(seed)
    chosen = entries_of(m) if entries is None else entries
    quarters = []
    for t in range(m.times.count):
        here, last = (1 if t == 0 else nodes), t == m.times.count - 1
        factors = 1.0 + spread * rng.uniform(-1.0, 1.0, (len(chosen), here))
        values = factors[:, :, None] * (1.0 + spread * rng.uniform(-0.5, 0.5, (len(chosen), here, outcomes)))
        for e, entry in enumerate(chosen):
            if entry.added:
                factors[e] = factors[e] - 1.0 + spread
            if entry.kind == "supply_limit" and spread and t:
                values[e, 0] = 0.0
            if entry.kind in AT_ORDER or t == 0:
                values[e] = factors[e][:, None]
        chance = rng.uniform(0.2, 1.0, (here, outcomes))
        move = rng.uniform(0.2, 1.0, (here, 0 if last else nodes))
        quarters.append(
            LatticeQuarter(
                probability=np.full(here, 1.0 / here),
                state=np.zeros((0, here), dtype=np.int64),
                centre=np.zeros((0, here)),
                factors=(values * (chance / chance.sum(axis=1, keepdims=True))).sum(axis=2),
                outcome_probability=chance / chance.sum(axis=1, keepdims=True),
                outcomes=values,
                transition=move / move.sum(axis=1, keepdims=True) if not last else move,
            )
        )
    return Lattice(chosen, (), (), tuple(quarters), np.zeros((m.times.count, 0, 0)))


def walk(lattice: Lattice, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return factors [quarter, entry, scenario] and nodes [quarter, scenario] of walks along a lattice."""
    rng = np.random.default_rng(seed)
    nodes = np.zeros((len(lattice.quarters), count), dtype=np.int64)
    factors = np.ones((len(lattice.quarters), len(lattice.entries), count))
    for t, quarter in enumerate(lattice.quarters):
        for s in range(count):
            if t:
                before = lattice.quarters[t - 1].transition[nodes[t - 1, s]]
                nodes[t, s] = rng.choice(before.size, p=before)
            chance = quarter.outcome_probability[nodes[t, s]]
            factors[t, :, s] = quarter.outcomes[:, nodes[t, s], rng.choice(chance.size, p=chance)]
    return factors, nodes
