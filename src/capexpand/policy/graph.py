"""The multistage problem of a case on a lattice: a node for each quarter and lattice node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from capexpand.model.blocks import Floats
from capexpand.model.data import Integers, ModelData
from capexpand.model.plants import has_plants, plant_options, tax_saved, worth_at_end
from capexpand.optimiser.deterministic import base_value
from capexpand.policy.stage_numbers import StageNumbers
from capexpand.policy.stages import StateLayout, state_layout
from capexpand.scenarios.entries import Entry
from capexpand.scenarios.lattice import Lattice
from capexpand.sddp.problem import Node, PolicyGraph, StageProgram
from capexpand.sddp.risk import Expectation, RiskMeasure

UNLIMITED_UNITS = 1e6
"""Units a quarter that stand for no limit where a regime may set one."""


_CONTRACT_WEIGHT = 10.0
"""Times its dearest price that a unit less than by contract costs: more than money is ever worth, less than
a budget's overrun."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The quarters of a case taken apart.

    Args:
        data: the compiled case as a policy sees it, see ``recourse_data``.
        layout: the state that the quarters hand on.
        numbers: [quarter] programs, and how their numbers depend on the future.
        entries: what is uncertain.
    """

    data: ModelData
    layout: StateLayout
    numbers: tuple[StageNumbers, ...]
    entries: tuple[Entry, ...]


class Uncertain(Protocol):
    """Anything that names what may move: a lattice, or the compiled uncertainty of a case."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What factors multiply."""
        ...


def recourse_data(m: ModelData, lattice: Uncertain | None = None) -> ModelData:
    """Returns a case in which every quarter can be met from every state that earlier ones may leave.

    Orders by contract get a penalty, since their price may have risen above the budget: for each unit less,
    ten times what the dearest way to get one costs over the horizon, so that they are left out only where the
    money does not reach. What a regime takes from a supply it takes from the contract in proportion.
    Obligations without a penalty get one: the price of the dearest unit that serves them, for each volume of
    a quarter, so that they are left unserved only where nothing else is possible. Sizes are not whole.
    Churn costs nothing: what ran and served in the quarter before would have to be part of the state. Supply
    without a limit gets a very large one where a regime may stop it.

    Args:
        lattice: names what may be limited; the processes themselves do as well.
    """
    service = m.workloads.service
    dearest = np.nanmax(np.where(np.isfinite(m.offers.price), m.offers.price, np.nan), axis=(1, 2))
    serves = service > 0
    each = np.where(serves, dearest[:, None] / np.where(serves, service, 1.0), 0.0).max(axis=0)
    penalty = np.where(m.workloads.must_serve[:, None], each[:, None], m.workloads.penalty)
    limit = m.offers.limit.copy()
    for entry in lattice.entries if lattice is not None else ():
        if entry.kind == "supply_limit" and entry.destination in m.destinations:
            place = m.offers.products.index(entry.name), m.destinations.index(entry.destination)
            limit[place] = np.minimum(limit[place], UNLIMITED_UNITS)
    soft = m.without_demands()
    return replace(
        soft,
        offers=replace(soft.offers, limit=limit, least=m.offers.least, contract_penalty=_contract_penalty(m)),
        workloads=replace(soft.workloads, penalty=penalty),
        funding=m.funding,
        whole_sizes=False,
        churn=None,
    )


def _contract_penalty(m: ModelData) -> Floats | None:
    """Money for a unit less than by contract [offer, destination, quarter]; None without contracts."""
    if not (m.offers.least > 0).any():
        return None
    price = np.where(np.isfinite(m.offers.price), m.offers.price, 0.0).max(axis=(1, 2))
    dearest = np.zeros(len(m.offers.products))
    np.maximum.at(dearest, m.offers.product, price + m.offers.running_cost.sum(axis=1))
    return np.where(m.offers.least > 0, _CONTRACT_WEIGHT * dearest[:, None, None], 0.0)


def take_apart(m: ModelData, lattice: Uncertain) -> Stages:
    """Returns the quarters of a case as programs of their own.

    Args:
        lattice: its entries are what may move.
    """
    data = recourse_data(m, lattice)
    layout = state_layout(data)
    numbers = tuple(StageNumbers(data, layout, lattice.entries, t) for t in range(data.times.count))
    return Stages(data, layout, numbers, tuple(lattice.entries))


def policy_graph(stages: Stages, lattice: Lattice, risk: RiskMeasure | None = None) -> PolicyGraph:
    """Returns the multistage problem of a case.

    Args:
        risk: how a planner weighs what may follow; the mean if absent.
    """
    measure = Expectation() if risk is None else risk
    programs: list[StageProgram] = []
    nodes: list[Node] = []
    counts = [quarter.nodes for quarter in lattice.quarters]
    for t, (numbers, quarter) in enumerate(zip(stages.numbers, lattice.quarters, strict=True)):
        shared = None if numbers.prices_move else numbers.stage_program()
        if shared is not None:
            programs.append(shared)
        for n in range(quarter.nodes):
            if shared is None:
                programs.append(numbers.stage_program(quarter.factors[:, n]))
            likely = np.flatnonzero(quarter.outcome_probability[n] > 0.0)
            noise = numbers.realisations(
                quarter.outcomes[:, n, likely],
                quarter.outcome_probability[n, likely],
                coefficients=False,
                constant=-base_value(stages.data) if t == 0 else 0.0,
            )
            name = f"{stages.data.times.labels[t]}, node {n + 1}"
            nodes.append(Node(name, len(programs) - 1, noise, measure))
    return PolicyGraph(
        stages=tuple(programs),
        nodes=tuple(nodes),
        root=_root(counts),
        transition=_transitions(lattice, counts),
        initial_state=stages.layout.opening,
        state_names=stages.layout.names,
        maximise=True,
    )


def first_nodes(lattice: Lattice) -> Integers:
    """Returns the position of the first node of each quarter in the graph [quarter]."""
    return np.concatenate(([0], np.cumsum([quarter.nodes for quarter in lattice.quarters])))[:-1]


def _root(counts: list[int]) -> Floats:
    root = np.zeros(sum(counts))
    root[0] = 1.0
    return root


def _transitions(lattice: Lattice, counts: list[int]) -> Floats:
    result = np.zeros((sum(counts), sum(counts)))
    start = 0
    for here, quarter in zip(counts[:-1], lattice.quarters[:-1], strict=True):
        following = start + here
        end = following + quarter.transition.shape[1]
        result[start:following, following:end] = quarter.transition
        start = following
    return result


def lower_bound(stages: Stages, graph: PolicyGraph) -> float | None:
    """Returns a number below the cost of every node with all that follows it [money], if one is at hand.

    Nothing earns more than all demand sold at the best price of any node, without costs, and the tax that
    all money that may ever be spent saves, and the price of all that it could buy when the horizon ends.
    """
    data = stages.data
    m, first, last = data, *data.times.window
    cap = m.budget.cap[first:last]
    money = float(cap[np.isfinite(cap)].max(initial=0.0)) if last > first else 0.0
    outside = np.r_[m.budget.renewal[:first], m.budget.renewal[last:]]
    if (last > first and not np.isfinite(cap).any()) or not np.isfinite(outside).all():
        return None
    growth = 0.0 if m.budget.renewal_growth is None else float(m.budget.renewal_growth.sum())
    money += float(outside.sum()) + growth * money
    total = 0.0
    by_stage: dict[int, float] = {}
    quarter_of = np.repeat(np.arange(len(stages.numbers)), _nodes_by_quarter(stages, graph))
    for node, t in zip(graph.nodes, quarter_of, strict=True):
        columns = stages.numbers[t].built.stage.service.sold
        columns = columns[columns >= 0]
        program = graph.stages[node.stage]
        cost = program.cost[None] if node.realisations.cost is None else node.realisations.cost
        upper = program.upper[None] if node.realisations.upper is None else node.realisations.upper
        signed = stages.numbers[t].built.stage.signed
        agreed = np.maximum(-cost[:, signed[signed >= 0]], 0.0).sum(axis=1).max(initial=0.0)
        best = float(np.maximum(-cost[:, columns] * upper[:, columns], 0.0).sum(axis=1).max()) + float(agreed)
        by_stage[int(t)] = max(by_stage.get(int(t), 0.0), best)
    total += sum(by_stage.values())
    shield = max(float(m.taxes.server_shield.max()), float(m.taxes.building_shield.max()), 0.0)
    at_end = m.times.discount_end * (1.0 - m.taxes.rate)
    worth = _most_worth(m)
    if has_plants(m):
        price = np.where(plant_options(m).cost > 0.0, plant_options(m).cost, np.inf)
        shield = max(shield, float((tax_saved(m) / price).max()))
        worth = max(worth, float((worth_at_end(m) / price).max()))
    opening = float(
        (m.opening.installed.sum(axis=0) + m.opening.units_due.sum(axis=(1, 2))[None]).max(initial=0.0)
    )
    standing = float(m.opening.power_mw.sum() + m.opening.power_due_mw.sum())
    kept = at_end * (
        worth * money + opening * float(m.offers.end_value.sum()) + standing * float(m.power.end_value.sum())
    )
    return -(total + shield * money + kept) - abs(base_value(m))


def _nodes_by_quarter(stages: Stages, graph: PolicyGraph) -> list[int]:
    counts = dict.fromkeys(stages.data.times.labels, 0)
    for node in graph.nodes:
        counts[node.name.split(",")[0]] += 1
    return list(counts.values())


def _most_worth(m: ModelData) -> float:
    """The largest end value that a unit of money can have bought, prices falling to a tenth at most."""
    price = np.where(m.offers.orderable & (m.offers.price > 0), m.offers.price, np.inf).min(
        axis=(1, 2), initial=np.inf
    )
    halls = np.where(m.power.price > 0, m.power.price, np.inf).min(axis=1)
    return 10.0 * float(
        max((m.offers.end_value / price).max(initial=0.0), (m.power.end_value / halls).max(initial=0.0))
    )
