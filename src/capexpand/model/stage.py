"""The equations of one quarter; docs/explanation/maths.md says the same in mathematics, with its letters.

A stage takes the state that the quarter before left (columns of the program) and hands on the next one.
Chained from the opening state the stages are the deterministic program; taken apart they are the stage
programs of a policy. Randomness may enter right-hand sides and costs only: no coefficient between two
columns depends on anything but the quarter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.ages import (
    AgeRows,
    Ages,
    Units,
    aged,
    at_quarter,
    by_age,
    end_book,
    end_value,
    held_back,
    order_columns,
)
from capexpand.model.aim import Worth
from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Indices
from capexpand.model.churn import Churn, ChurnUse, add_churn, last_order
from capexpand.model.contract_reserve import keep_free
from capexpand.model.data import Flags, ModelData
from capexpand.model.energy import Energy, EnergyUse, add_energy
from capexpand.model.financing import FinancingColumns
from capexpand.model.hire import Hire, add_hire
from capexpand.model.leaseback_terms import LeasebackColumns
from capexpand.model.leases import Leases, add_leases
from capexpand.model.money import Money, add_money
from capexpand.model.signing import add_signing


@dataclass(frozen=True, slots=True)
class State:
    """The columns that carry the state from one quarter to the next."""

    power: Indices  # P [power option] IT power energised, MW
    power_history: Indices  # b of the quarters before, the latest first [power option, age]
    power_free: Indices  # F [power option] rented power past its term
    installed: Indices  # N [site, offer option] units
    order_history: Indices  # x of the quarters before [offer option, destination, age]
    units_free: Indices  # E [offer option, destination] leased units past their term
    waiting: Indices  # R [offer option, destination] units due and held back
    within_life: Indices  # Q [offer option, destination] owned units short of the end of their life
    young: Indices  # Y [offer option, destination] owned units short of the age of wear
    worn: Indices  # H [offer option, destination] those that stand beyond it
    placed_history: Indices  # q of the quarters before, while it is not all in use [site, offer option, age]
    stock: Indices  # A [offer] units that can still be ordered
    spent: Indices  # m [1] money spent in the window
    due: Indices  # h [age] money due in 1, 2, … quarters for orders placed
    end_book: Indices  # e [2] of servers and halls ordered, what the books hold at the horizon's end
    energy_signings: Indices  # contracts for energy of the quarters before [contract, age]
    generators: Indices  # MW of generators ever signed for [contract]
    signings: Indices  # r of the quarters before: units reserved from clouds [hire option, age]
    running: Indices  # u [site, offer option], where moving work costs something
    serving: Indices  # y [site group, offer option, workload], where moving work costs something
    contracts: Indices  # σ [contract] part that is signed of those on offer
    funding: Indices  # numbers of debt and equity, see ``model.funding``; none where they limit nothing


@dataclass(frozen=True, slots=True)
class Power:
    """Columns and rows of power [power option]."""

    ordered: Indices  # b
    returned: Indices
    energised: Indices  # P
    free: Indices  # F
    orders: Indices  # b of this quarter and of those before [power option, age]
    commitment_rows: Indices  # [site, quarters ahead] what is bound to stand then within the grid of then


@dataclass(frozen=True, slots=True)
class Orders:
    """Columns and rows of ordering units."""

    ordered: Indices  # x [offer option, destination]
    orders: Indices  # x of this quarter and of those before [offer option, destination, age]
    stock: Indices  # A [offer]
    supply_rows: Indices  # [offer, destination]
    stock_rows: Indices  # [offer]
    lacking: Indices  # units less than by contract [offer, destination]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Columns of the units at the sites."""

    placed: Indices  # q [site, offer option]
    installed: Indices  # N [site, offer option]
    returned: Indices  # r [site, offer option] handed back, or sold
    free: Indices  # E [offer option, destination]
    waiting: Indices  # R [offer option, destination]
    within_life: Indices  # Q [offer option, destination]
    young: Indices  # Y [offer option, destination]
    worn: Indices  # H [offer option, destination]
    placements: Indices  # q of this quarter and of those before [site, offer option, age]
    rows: Indices  # of the fleet [site, offer option]
    ages: AgeRows  # that count units by age [offer option, destination]


@dataclass(frozen=True, slots=True)
class Service:
    """Columns and rows of running units and what they serve."""

    running: Indices  # u [site, offer option]
    serving: Indices  # y [site group, offer option, workload]
    sold: Indices  # z [workload, tranche], base units
    unmet: Indices  # w [workload], base units
    grid_rows: Indices  # [site]
    power_rows: Indices  # [site]
    run_rows: Indices  # [site, offer option]
    service_rows: Indices  # [workload]
    sharing_rows: Indices  # [site group, offer option]
    kept_free: Indices  # s [site group, offer option] for the largest contract


@dataclass(frozen=True, slots=True)
class Stage:
    """One quarter in a program, and the state that it leaves."""

    power: Power
    orders: Orders
    fleet: Fleet
    service: Service
    money: Money
    hire: Hire
    energy: Energy
    leases: Leases
    churn: Churn | None
    signed: Indices  # σ [contract] of contracts on offer, as far as they are signed
    end_book: Indices  # e [2]
    end_value: Indices  # W [2] of servers and halls, in the last quarter where it is held to the books
    state: State
    end_rows: tuple[Indices, Indices] | None = None  # of W [2] by the market and by the books
    leasebacks: LeasebackColumns | None = None  # of all quarters, with the last of a chain that has some
    financing: FinancingColumns | None = None  # of all quarters, with the last of a chain that is financed
    worth: Worth | None = None  # with the last of a chain that is made for something else than its value


def add_stage(lp: Blocks, m: ModelData, t: int, before: State) -> Stage:
    """Adds the columns, rows and objective of quarter ``t`` to a program.

    Args:
        lp: the program under construction.
        m: the compiled case.
        t: the quarter, from 0.
        before: the state that the quarter before left.
    """
    power = _power(lp, m, t, before)
    orders = _orders(lp, m, t, before)
    fleet = _fleet(lp, m, t, before, orders.orders)
    service = _service(lp, m, t, power.energised, fleet)
    met = EnergyUse(service.running, service.sharing_rows, service.grid_rows, power.commitment_rows)
    energy = add_energy(lp, m, t, (before.energy_signings, before.generators), met)
    hire = add_hire(lp, m, t, before.signings, service.service_rows)
    money = add_money(
        lp, m, t, (before.spent, before.due), b=power.ordered, x=orders.ordered, w=energy.signed
    )
    leases = add_leases(
        lp, m, t, b=power.orders, P=power.energised, F=power.free, x=orders.orders, N=fleet.installed,
        E=fleet.free, spending=money.spending_rows,
    )  # fmt: skip
    signed = add_signing(lp, m, t, before.contracts, sold=service.sold)
    churn = add_churn(lp, m, t, _changing(before, power, orders, fleet=fleet, service=service))
    left = end_book(lp, m, t, before.end_book, b=power.ordered, x=orders.ordered)
    worth, end_rows = end_value(lp, m, t, P=power.energised, N=fleet.installed, end_book=left)
    state = State(
        power=power.energised,
        power_history=power.orders[:, : before.power_history.shape[1]],
        power_free=power.free,
        installed=fleet.installed,
        order_history=orders.orders[:, :, : before.order_history.shape[2]],
        units_free=fleet.free,
        waiting=fleet.waiting,
        within_life=fleet.within_life,
        young=fleet.young,
        worn=fleet.worn,
        placed_history=fleet.placements[:, :, : before.placed_history.shape[2]],
        stock=orders.stock,
        spent=money.spent,
        due=money.due,
        end_book=left,
        energy_signings=energy.signings[:, : before.energy_signings.shape[1]],
        generators=energy.ever,
        signings=hire.signings[:, : before.signings.shape[1]],
        running=service.running if before.running.size else before.running,
        serving=service.serving if before.serving.size else before.serving,
        contracts=signed,
        funding=before.funding,
    )
    stage = Stage(
        power,
        orders,
        fleet,
        service,
        money,
        hire,
        energy,
        leases,
        churn,
        signed,
        left,
        worth,
        state,
        end_rows,
    )
    _objective(lp, m, t, stage)
    return stage


def _changing(before: State, power: Power, orders: Orders, *, fleet: Fleet, service: Service) -> ChurnUse:
    """What changing course is counted of."""
    return ChurnUse(
        serving=service.serving,
        running=service.running,
        placements=fleet.placements,
        ordered=orders.ordered,
        power_ordered=power.ordered,
        serving_before=before.serving,
        running_before=before.running,
        ordered_before=last_order(before.order_history),
        power_ordered_before=last_order(before.power_history),
    )


def _power(lp: Blocks, m: ModelData, t: int, before: State) -> Power:
    """P = P⁻ + arrivals − handed back; rented power is handed back after its term only."""
    O, here = m.power.names, (m.times.labels[t],)
    lead, rented = m.power.lead_quarters, ~m.power.owned
    limit = np.where(t + lead < m.times.count, m.power.limit_mw[:, t], 0.0)
    b = order_columns(
        lp, "power ordered", (O, here), limit[:, None], m.power.hall_mw[:, None], whole=m.whole_sizes
    )[:, 0]
    orders = np.concatenate((b[:, None], before.power_history), axis=1)
    P = lp.columns("power", [O, here])[:, 0]
    back = lp.columns("power returned", [O, here], where=rented[:, None])[:, 0]
    due = m.opening.power_due_mw[:, [t]]
    balance = lp.rows("power balance", [O, here], lower=due, upper=due)[:, 0]
    lp.add(balance, P)
    lp.add(balance, before.power, -1.0)
    lp.add(balance, aged(orders, lead), -1.0)
    lp.add(balance, back)
    F = lp.columns("power past its term", [O, here], where=rented[:, None])[:, 0]
    terms = lp.rows("power term", [O, here], lower=0.0, upper=0.0, where=rented[:, None])[:, 0]
    lp.add(terms, F)
    lp.add(terms, before.power_free, -1.0)
    lp.add(terms, aged(orders, lead + m.power.term_quarters), -1.0)
    lp.add(terms, back)
    rows = _commitments(lp, m, t, P=P, F=F, orders=orders, orderable=limit > 0)
    return Power(b, back, P, F, orders, rows)


def _commitments(
    lp: Blocks, m: ModelData, t: int, *, P: Indices, F: Indices, orders: Indices, orderable: Flags
) -> Indices:
    """Σ_o∈s (P + what is due by θ − what can go back by θ) ≤ Ĝ_θ / PUE, for each θ that an order meets.

    Options of one site wait for different times, so an order of now also meets what older orders, still on
    their way, add to it later: a row for every quarter until the last of them.
    """
    lead, site = m.power.lead_quarters, m.power.site
    ahead = np.arange(int(lead.max(initial=0)) + 1)
    soonest, latest = np.full(len(m.sites.names), m.times.count), np.full(len(m.sites.names), -1)
    np.minimum.at(soonest, site[orderable], lead[orderable])
    np.maximum.at(latest, site, lead)
    written = (ahead >= soonest[:, None]) & (ahead <= latest[:, None]) & (t + ahead < m.times.count)
    theta = np.minimum(t + ahead, m.times.count - 1)
    connected = m.sites.committed_grid_mw[:, theta] / m.sites.power_usage_effectiveness[:, None]
    coming = np.cumsum(m.opening.power_due_mw, axis=1)
    promised = np.zeros_like(connected)
    np.add.at(promised, site, coming[:, theta] - coming[:, [t]])
    labels = (m.sites.names, tuple(f"in {quarters}" for quarters in ahead), (m.times.labels[t],))
    limit = (connected - promised)[:, :, None]
    rows = lp.rows("commitment", labels, upper=limit, where=written[:, :, None])[:, :, 0]
    lp.add(rows[site], P[:, None])
    lp.add(rows[site], F[:, None], -1.0)
    for age in range(orders.shape[1]):
        wait = (lead - age)[:, None]
        over = np.where(m.power.owned[:, None], 0, wait + m.power.term_quarters[:, None])
        due, free = ((left > 0) & (left <= ahead) for left in (wait, over))
        lp.add(rows[site], orders[:, [age]], due.astype(np.float64) - free)
    return rows


def _orders(lp: Blocks, m: ModelData, t: int, before: State) -> Orders:
    """Σ_k x ≤ U by destination, and A = A⁻ − Σ x: bought and leased units of an offer share both."""
    K, D, G, here = m.offers.names, m.destinations, m.offers.products, (m.times.labels[t],)
    orderable = m.offers.orderable[:, :, t] & (t + m.offers.lead_quarters < m.times.count)[:, None]
    limit = np.where(orderable, INFINITY, 0.0)[:, :, None]
    x = order_columns(lp, "ordered", (K, D, here), limit, m.offers.lot[:, None, None], whole=m.whole_sizes)[
        :, :, 0
    ]
    U = m.offers.limit[:, :, t]
    wanted = np.zeros((len(G), len(D)), dtype=np.bool_)
    np.logical_or.at(wanted, m.offers.product, orderable)
    least = m.offers.least[:, :, t]
    contracts = m.offers.contract_penalty
    soft = np.zeros(least.shape, dtype=np.bool_) if contracts is None else contracts[:, :, t] > 0
    limited = ((np.isfinite(U) & wanted) | (least > 0) | soft)[:, :, None]
    supply_rows = lp.rows(
        "supply", [G, D, here], lower=least[:, :, None], upper=U[:, :, None], where=limited
    )[:, :, 0]
    lp.add(supply_rows[m.offers.product], x)
    lacking = lp.columns("lacking", [G, D, here], where=soft[:, :, None])[:, :, 0]
    lp.add(supply_rows, lacking)
    finite = np.isfinite(m.offers.stock)[:, None]
    A = lp.columns("stock", [G, here], where=finite)[:, 0]
    stock_rows = lp.rows("stock", [G, here], lower=0.0, upper=0.0, where=finite)[:, 0]
    lp.add(stock_rows, A)
    lp.add(stock_rows, before.stock, -1.0)
    lp.add(stock_rows[m.offers.product][:, None], x)
    return Orders(
        x, np.concatenate((x[:, :, None], before.order_history), axis=2), A, supply_rows, stock_rows, lacking
    )


def _fleet(lp: Blocks, m: ModelData, t: int, before: State, orders: Indices) -> Fleet:
    """N = (1 − η) N⁻ + q − r, with what arrives at a destination placed at its sites.

    An owner may retire units at any time, hence ≤ for owned ones, or sell them where there is a price; a
    lessee hands back and pays for it.
    """
    S, K, D, here = m.sites.names, m.offers.names, m.destinations, (m.times.labels[t],)
    owned, lead = m.offers.owned, np.broadcast_to(m.offers.lead_quarters[:, None], orders.shape[:2])
    arriving = aged(orders, lead)
    arrivals = (arriving != ABSENT) | (m.opening.units_due[:, :, t] > 0) | (before.waiting != ABSENT)
    delivery = arrivals.T[m.sites.destination]
    there = delivery | (before.installed != ABSENT)
    sold = m.offers.resold & (m.offers.exit_cost[:, t] < 0.0)
    q = lp.columns("placed", [S, K, here], where=delivery[:, :, None])[:, :, 0]
    N = lp.columns("units", [S, K, here], where=there[:, :, None])[:, :, 0]
    r = lp.columns("units returned", [S, K, here], where=(there & (~owned | sold))[:, :, None])[:, :, 0]
    due = m.opening.units_due[:, :, [t]]
    deliveries = lp.rows("delivery", [K, D, here], lower=due, upper=due, where=arrivals[:, :, None])[:, :, 0]
    lp.add(deliveries.T[m.sites.destination], q)
    lp.add(deliveries, arriving, -1.0)
    R = held_back(lp, m, t, before.waiting, q=q, arrivals=arrivals, deliveries=deliveries)
    least = np.where(owned, -INFINITY, 0.0)[None, :, None]
    fleet = lp.rows("fleet", [S, K, here], lower=least, upper=0.0, where=there[:, :, None])[:, :, 0]
    lp.add(fleet, N)
    lp.add(fleet, before.installed, -(1.0 - m.offers.attrition)[None, :])
    lp.add(fleet, q, -1.0)
    lp.add(fleet, r)
    leased = np.zeros_like(arrivals)
    np.logical_or.at(leased.T, m.sites.destination, there)
    leased = (leased & ~owned[:, None])[:, :, None]
    E = lp.columns("units past their term", [K, D, here], where=leased)[:, :, 0]
    terms = lp.rows("unit term", [K, D, here], lower=0.0, upper=0.0, where=leased)[:, :, 0]
    lp.add(terms, E)
    lp.add(terms, before.units_free, -1.0)
    lp.add(terms, aged(orders, lead + m.offers.term_quarters[:, None]), -1.0)
    lp.add(terms.T[m.sites.destination], r)
    ages = by_age(
        lp,
        m,
        t,
        Ages(before.within_life, before.young, before.worn),
        Units(orders, stood=before.installed, placed=q, installed=N, returned=r),
    )
    placements = np.concatenate((q[:, :, None], before.placed_history), axis=2)
    rows = AgeRows.none(m) if ages.rows is None else ages.rows
    return Fleet(q, N, r, E, R, ages.within_life, ages.young, ages.worn, placements, rows=fleet, ages=rows)


def _service(lp: Blocks, m: ModelData, t: int, P: Indices, fleet: Fleet) -> Service:
    """Running units u within what is installed, energised and connected; what they serve is sold or owed.

    Of what came lately a part is not in use yet. Sites of one group are interchangeable to every workload,
    so y needs no site: Σ_j y = Σ_s u in a group.
    """
    N = fleet.installed
    S, K, J, here = m.sites.names, m.offers.names, m.workloads.names, (m.times.labels[t],)
    groups = tuple(f"group {i + 1}" for i in range(m.workloads.served_by.shape[0]))
    there = N != ABSENT
    u = lp.columns("running", [S, K, here], where=there[:, :, None])[:, :, 0]
    run_rows = lp.rows("run", [S, K, here], upper=0.0, where=there[:, :, None])[:, :, 0]
    lp.add(run_rows, u)
    lp.add(run_rows, N, -m.usable_units[None, :])
    if m.offers.settling is not None:
        waits = m.usable_units[:, None] * m.offers.settling
        lp.add(run_rows[:, :, None], fleet.placements[:, :, : waits.shape[1]], waits[None])
    power_mw = (m.offers.power_kw / 1000.0)[None, :]
    power_rows = lp.rows("running power", [S, here], upper=0.0)[:, 0]
    lp.add(power_rows[:, None], u, power_mw)
    lp.add(power_rows[m.power.site], P, -m.usable_power[m.power.site])
    connected = m.sites.grid_mw[:, t] / m.sites.power_usage_effectiveness
    grid_rows = lp.rows("grid", [S, here], upper=connected[:, None])[:, 0]
    lp.add(grid_rows[:, None], u, power_mw)

    present = np.zeros((len(groups), len(K)), dtype=np.bool_)
    np.logical_or.at(present, m.sites.group, there)
    able = present[:, :, None] & m.workloads.served_by[:, None, :] & (m.workloads.service > 0)[None, :, :]
    y = lp.columns("serving", [groups, K, J, here], where=able[:, :, :, None])[:, :, :, 0]
    shared = lp.rows("sharing", [groups, K, here], upper=0.0, where=np.any(able, axis=2, keepdims=True))[
        :, :, 0
    ]
    lp.add(shared[:, :, None], y)
    lp.add(shared[m.sites.group], u, -1.0)

    obliged = np.array([role == "obligation" for role in m.workloads.roles])
    D = m.workloads.demand[:, :, t] / m.workloads.productivity[:, [t]]  # in base units
    tranches = tuple(f"tranche {i + 1}" for i in range(m.workloads.tranches))
    wanted = (~obliged[:, None] & (D > 0))[:, :, None]
    z = lp.columns("sold", [J, tranches, here], upper=D[:, :, None], where=wanted)[:, :, 0]
    w = lp.columns("unmet", [J, here], where=(obliged & ~m.workloads.must_serve)[:, None])[:, 0]
    owed = np.where(obliged, D.sum(axis=1), 0.0)
    service_rows = lp.rows("service", [J, here], lower=owed[:, None])[:, 0]
    lp.add(service_rows[None, None, :], y, m.workloads.service[None, :, :])
    lp.add(service_rows[:, None], z, -1.0)
    lp.add(service_rows, w)
    free = keep_free(lp, m, t, sharing_rows=shared, sold=z)
    return Service(u, y, z, w, grid_rows, power_rows, run_rows, service_rows, shared, free)


def _objective(lp: Blocks, m: ModelData, t: int, stage: Stage) -> None:
    """Discounted cash after tax, less the penalties that steer; end values with the last quarter."""
    disc, T = m.times.discount[t], m.times.count
    kept = disc * (1.0 - m.taxes.rate)
    phi = m.workloads.productivity[:, t]
    margin = m.workloads.price[:, :, t] * (phi * m.workloads.margin_fraction[:, t])[:, None]
    lp.add_cost(stage.service.sold, kept * margin)
    energy = m.hours_per_quarter * m.sites.power_usage_effectiveness * m.sites.energy_price[:, t]
    drawn_mw = m.offers.power_kw * m.offers.draw_fraction / 1000.0
    lp.add_cost(stage.service.running, -kept * energy[:, None] * drawn_mw[None, :])
    lp.add_cost(stage.fleet.installed, -kept * m.offers.running_cost[None, :, t])
    lp.add_cost(stage.fleet.returned, -kept * m.offers.exit_cost[None, :, t])
    if m.offers.wear is not None:
        lp.add_cost(stage.fleet.worn, -kept * m.offers.wear.cost[:, None])
    lp.add_cost(stage.power.energised, -kept * m.power.running_cost[:, t])
    lp.add_cost(stage.power.returned, -kept * m.power.exit_cost[:, t])
    lp.add_cost(stage.money.paid, -disc * m.taxes.payment_factor[t])
    built = at_quarter(m.taxes.building_shield, t + m.power.lead_quarters)
    lp.add_cost(stage.power.ordered, built * m.power.price[:, t])
    bought = at_quarter(m.taxes.server_shield, t + m.offers.lead_quarters)
    lp.add_cost(stage.orders.ordered, bought[:, None] * m.offers.price[:, :, t])
    lp.add_cost(stage.service.unmet, -disc * m.workloads.penalty[:, t] * phi)
    lp.add_cost(stage.money.shortfall, -disc * m.budget.floor_penalty)
    if m.offers.contract_penalty is not None:
        lp.add_cost(stage.orders.lacking, -disc * m.offers.contract_penalty[:, :, t])
    if t == T - 1:
        at_end = m.times.discount_end * (1.0 - m.taxes.rate)
        lp.add_cost(stage.end_value, at_end)
        if not m.end_value_within_book:
            lp.add_cost(stage.fleet.installed, at_end * m.offers.end_value[None, :])
            lp.add_cost(stage.power.energised, at_end * m.power.end_value)
