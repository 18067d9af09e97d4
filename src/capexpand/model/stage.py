"""The equations of one quarter. docs/explanation/maths.md says the same in mathematics, with the same letters.

A stage takes the state that the quarter before left (columns of the program) and hands on the next one.
Chained from the opening state the stages are the deterministic program; taken apart they are the stage
programs of a policy. Randomness may enter right-hand sides and costs only: no coefficient between two
columns depends on anything but the quarter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.blocks import ABSENT, INFINITY, Blocks, Floats, Indices
from capexpand.model.data import ModelData


@dataclass(frozen=True, slots=True)
class State:
    """The columns that carry the state from one quarter to the next."""

    power: Indices  # P [power option] IT power energised, MW
    power_history: Indices  # [power option, age] orders of the quarters before, the latest first
    power_free: Indices  # [power option] rented power past its term
    installed: Indices  # N [site, offer option] units
    order_history: Indices  # [offer option, destination, age]
    units_free: Indices  # [offer option, destination] leased units past their term
    stock: Indices  # A [offer] units that can still be ordered
    spent: Indices  # m [1] money spent in the window
    due: Indices  # [age] money due in 1, 2, … quarters for orders placed


@dataclass(frozen=True, slots=True)
class Stage:
    """The columns and rows of one quarter, for reading the answer."""

    power_ordered: Indices  # b [power option]
    power_returned: Indices  # [power option]
    ordered: Indices  # x [offer option, destination]
    placed: Indices  # q [site, offer option]
    returned: Indices  # [site, offer option]
    running: Indices  # u [site, offer option]
    serving: Indices  # y [site group, offer option, workload]
    sold: Indices  # z [workload, tranche], base units
    unmet: Indices  # w [workload], base units
    paid: Indices  # [1]
    shortfall: Indices  # [1] below the floor
    grid_rows: Indices  # [site] running power within the grid
    power_rows: Indices  # [site] running power within the energised power
    commitment_rows: (
        Indices  # [power option] commitments within the grid of the quarter in which they are due
    )
    supply_rows: Indices  # [offer, destination]
    stock_rows: Indices  # [offer]
    budget_rows: Indices  # [age] spent and due within the cap of this quarter, of the next, …
    renewal_rows: Indices  # [age] paid within the renewal budget of this quarter, of the next, …
    service_rows: Indices  # [workload]
    run_rows: Indices  # [site, offer option] running within installed
    state: State


def history_length(lead: Indices, term: Indices) -> int:
    """Returns how many quarters of past orders a state must remember."""
    return int(np.max(lead + term, initial=0))


def opening_columns(lp: Blocks, m: ModelData) -> State:
    """Adds the state before the first quarter as columns fixed at the opening values; their reduced
    costs are the worth of one more of each thing at the start.
    """
    power_age = history_length(m.power.lead_quarters, m.power.term_quarters)
    offer_age = history_length(m.offers.lead_quarters, m.offers.term_quarters)
    options, products = m.power.names, m.offers.products
    standing = m.opening.power_mw
    installed = m.opening.installed
    finite = np.isfinite(m.offers.stock)
    stock = np.where(finite, m.offers.stock, 0.0)
    nothing = ("opening",)
    return State(
        power=lp.columns("opening power", [options], lower=standing, upper=standing),
        power_history=np.full((len(options), power_age), ABSENT, dtype=np.int64),
        power_free=lp.columns(
            "opening free power", [options], lower=standing, upper=standing, where=~m.power.owned
        ),
        installed=lp.columns(
            "opening units",
            [m.sites.names, m.offers.names],
            lower=installed,
            upper=installed,
            where=installed > 0,
        ),
        order_history=np.full((len(m.offers.names), len(m.destinations), offer_age), ABSENT, dtype=np.int64),
        units_free=_opening_free_units(lp, m),
        stock=lp.columns("opening stock", [products], lower=stock, upper=stock, where=finite),
        spent=lp.columns("opening spent", [nothing], lower=0.0, upper=0.0),
        due=np.full(_longest_payment(m), ABSENT, dtype=np.int64),
    )


def _opening_free_units(lp: Blocks, m: ModelData) -> Indices:
    free = np.zeros((len(m.offers.names), len(m.destinations)))
    np.add.at(free.T, m.sites.destination, np.where(m.offers.owned, 0.0, m.opening.installed))
    return lp.columns(
        "opening free units", [m.offers.names, m.destinations], lower=free, upper=free, where=free > 0
    )


def _longest_payment(m: ModelData) -> int:
    return int(max(m.power.lead_quarters.max(initial=0), m.offers.lead_quarters.max(initial=0)))


def add_stage(lp: Blocks, m: ModelData, t: int, before: State) -> Stage:
    """Adds the columns, rows and objective of quarter ``t`` to a program.

    Args:
        lp: the program under construction.
        m: the compiled case.
        t: the quarter, from 0.
        before: the state that the quarter before left.
    """
    quarter = m.times.labels[t]
    S, O, K = m.sites.names, m.power.names, m.offers.names
    D, G, J = m.destinations, m.offers.products, m.workloads.names
    here = (quarter,)
    groups = tuple(f"group {i + 1}" for i in range(m.workloads.served_by.shape[0]))
    T = m.times.count
    disc = m.times.discount[t]
    kept = 1.0 - m.taxes.rate

    # --- power: P = P⁻ + arrivals − handed back ------------------------------------------------------------
    in_time = t + m.power.lead_quarters < T
    power_limit = np.where(in_time, m.power.limit_mw[:, t], 0.0)
    b = _orders(
        lp, "power ordered", [O, here], power_limit[:, None], m.power.hall_mw[:, None], m.whole_sizes
    )[:, 0]
    power_orders = np.concatenate((b[:, None], before.power_history), axis=1)
    rented = ~m.power.owned
    P = lp.columns("power", [O, here])[:, 0]
    back = lp.columns("power returned", [O, here], where=rented[:, None])[:, 0]
    balance = lp.rows(
        "power balance", [O, here], lower=m.opening.power_due_mw[:, [t]], upper=m.opening.power_due_mw[:, [t]]
    )[:, 0]
    lp.add(balance, P)
    lp.add(balance, before.power, -1.0)
    lp.add(balance, _aged(power_orders, m.power.lead_quarters), -1.0)
    lp.add(balance, back)
    free = lp.columns("power past its term", [O, here], where=rented[:, None])[:, 0]
    terms = lp.rows("power term", [O, here], lower=0.0, upper=0.0, where=rented[:, None])[:, 0]
    lp.add(terms, free)
    lp.add(terms, before.power_free, -1.0)
    lp.add(terms, _aged(power_orders, m.power.lead_quarters + m.power.term_quarters), -1.0)
    lp.add(terms, back)

    # --- commitments: what stands and is due fits the grid of the quarter in which it arrives --------------
    commitment_rows = _commitments(lp, m, t, P=P, orders=power_orders, orderable=power_limit > 0)

    # --- orders of offers, within supply and stock -----------------------------------------------------------
    orderable = m.offers.orderable[:, :, t] & (t + m.offers.lead_quarters < T)[:, None]
    supply = m.offers.limit[:, :, t]
    x = _orders(
        lp,
        "ordered",
        [K, D, here],
        np.where(orderable, INFINITY, 0.0)[:, :, None],
        m.offers.lot[:, None, None],
        m.whole_sizes,
    )[:, :, 0]
    ordered_at_all = np.zeros((len(G), len(D)), dtype=np.bool_)
    np.logical_or.at(ordered_at_all, m.offers.product, orderable)
    supply_rows = lp.rows(
        "supply",
        [G, D, here],
        upper=supply[:, :, None],
        where=(np.isfinite(supply) & ordered_at_all)[:, :, None],
    )[:, :, 0]
    lp.add(supply_rows[m.offers.product], x)
    finite = np.isfinite(m.offers.stock)
    A = lp.columns("stock", [G, here], where=finite[:, None])[:, 0]
    stock_rows = lp.rows("stock", [G, here], lower=0.0, upper=0.0, where=finite[:, None])[:, 0]
    lp.add(stock_rows, A)
    lp.add(stock_rows, before.stock, -1.0)
    lp.add(stock_rows[m.offers.product][:, None], x)

    # --- units: delivered units are placed at a site of their destination ----------------------------------
    orders = np.concatenate((x[:, :, None], before.order_history), axis=2)
    owned = m.offers.owned
    possible = _possible(m, t, before)
    q = lp.columns("placed", [S, K, here], where=possible.delivery[:, :, None])[:, :, 0]
    N = lp.columns("units", [S, K, here], where=possible.units[:, :, None])[:, :, 0]
    r = lp.columns("units returned", [S, K, here], where=(possible.units & ~owned)[:, :, None])[:, :, 0]
    deliveries = lp.rows(
        "delivery",
        [K, D, here],
        lower=m.opening.units_due[:, :, [t]],
        upper=m.opening.units_due[:, :, [t]],
        where=possible.arrivals[:, :, None],
    )[:, :, 0]
    lp.add(deliveries.T[m.sites.destination], q)
    lp.add(deliveries, _aged(orders, np.broadcast_to(m.offers.lead_quarters[:, None], x.shape)), -1.0)
    # an owner may retire units at any time, hence ≤; a lessee hands back and pays for it
    fleet = lp.rows(
        "fleet",
        [S, K, here],
        lower=np.where(owned, -INFINITY, 0.0)[None, :, None],
        upper=0.0,
        where=possible.units[:, :, None],
    )[:, :, 0]
    lp.add(fleet, N)
    lp.add(fleet, before.installed, -(1.0 - m.offers.attrition)[None, :])
    lp.add(fleet, q, -1.0)
    lp.add(fleet, r)
    leased = (~owned[:, None] & possible.leased)[:, :, None]
    units_free = lp.columns("units past their term", [K, D, here], where=leased)[:, :, 0]
    unit_terms = lp.rows("unit term", [K, D, here], lower=0.0, upper=0.0, where=leased)[:, :, 0]
    lp.add(unit_terms, units_free)
    lp.add(unit_terms, before.units_free, -1.0)
    lp.add(
        unit_terms,
        _aged(orders, np.broadcast_to((m.offers.lead_quarters + m.offers.term_quarters)[:, None], x.shape)),
        -1.0,
    )
    lp.add(unit_terms.T[m.sites.destination], r)

    # --- running units, within what is installed, energised and connected ----------------------------------
    u = lp.columns("running", [S, K, here], where=possible.units[:, :, None])[:, :, 0]
    run_rows = lp.rows("run", [S, K, here], upper=0.0, where=possible.units[:, :, None])[:, :, 0]
    lp.add(run_rows, u)
    lp.add(run_rows, N, -1.0)
    power_mw = m.offers.power_kw / 1000.0
    power_rows = lp.rows("running power", [S, here], upper=0.0)[:, 0]
    lp.add(power_rows[:, None], u, power_mw[None, :])
    lp.add(power_rows[m.power.site], P, -1.0)
    connected = m.sites.grid_mw[:, t] / m.sites.power_usage_effectiveness
    grid_rows = lp.rows("grid", [S, here], upper=connected[:, None])[:, 0]
    lp.add(grid_rows[:, None], u, power_mw[None, :])

    # --- service: sites of one group are interchangeable to a workload, so y needs no site -----------------
    offered = possible.serving
    y = lp.columns("serving", [groups, K, J, here], where=offered[:, :, :, None])[:, :, :, 0]
    share_rows = lp.rows("sharing", [groups, K, here], upper=0.0, where=offered.any(axis=2)[:, :, None])[
        :, :, 0
    ]
    lp.add(share_rows[:, :, None], y)
    lp.add(share_rows[m.sites.group], u, -1.0)
    obliged = np.array([role == "obligation" for role in m.workloads.roles])
    base_demand = m.workloads.demand[:, :, t] / m.workloads.productivity[:, [t]]
    tranches = tuple(f"tranche {i + 1}" for i in range(m.workloads.tranches))
    z = lp.columns(
        "sold",
        [J, tranches, here],
        upper=base_demand[:, :, None],
        where=(~obliged[:, None] & (base_demand > 0))[:, :, None],
    )[:, :, 0]
    w = lp.columns("unmet", [J, here], where=obliged[:, None])[:, 0]
    owed = np.where(obliged, base_demand.sum(axis=1), 0.0)
    service_rows = lp.rows("service", [J, here], lower=owed[:, None])[:, 0]
    lp.add(service_rows[None, None, :], y, m.workloads.service[None, :, :])
    lp.add(service_rows[:, None], z, -1.0)
    lp.add(service_rows, w)

    # --- money: paid at order and at delivery, within the budgets -------------------------------------------
    money = _Money.of(lp, m, t, before, b=b, x=x)

    # --- objective: discounted cash after tax, less the penalties that steer --------------------------------
    margin = m.workloads.price[:, :, t] * (m.workloads.productivity * m.workloads.margin_fraction)[:, [t]]
    lp.add_cost(z, disc * kept * margin)
    energy = m.hours_per_quarter * (m.sites.power_usage_effectiveness * m.sites.energy_price[:, t])[:, None]
    lp.add_cost(u, -disc * kept * energy * (power_mw * m.offers.draw_fraction)[None, :])
    lp.add_cost(N, -disc * kept * m.offers.running_cost[None, :, t])
    lp.add_cost(r, -disc * kept * m.offers.exit_cost[None, :, t])
    lp.add_cost(P, -disc * kept * m.power.running_cost[:, t])
    lp.add_cost(back, -disc * kept * m.power.exit_cost[:, t])
    lp.add_cost(money.paid, -disc * m.taxes.payment_factor[t])
    lp.add_cost(b, _shield(m.taxes.building_shield, t + m.power.lead_quarters) * m.power.price[:, t])
    lp.add_cost(
        x, (_shield(m.taxes.server_shield, t + m.offers.lead_quarters))[:, None] * m.offers.price[:, :, t]
    )
    lp.add_cost(w, -disc * m.workloads.penalty[:, t] * m.workloads.productivity[:, t])
    lp.add_cost(money.shortfall, -disc * m.budget.floor_penalty)
    if t == T - 1:
        lp.add_cost(N, kept * m.times.discount_end * m.offers.end_value[None, :])
        lp.add_cost(P, kept * m.times.discount_end * m.power.end_value)

    state = State(
        power=P,
        power_history=power_orders[:, : before.power_history.shape[1]],
        power_free=free,
        installed=N,
        order_history=orders[:, :, : before.order_history.shape[2]],
        units_free=units_free,
        stock=A,
        spent=money.spent,
        due=money.due,
    )
    return Stage(
        power_ordered=b,
        power_returned=back,
        ordered=x,
        placed=q,
        returned=r,
        running=u,
        serving=y,
        sold=z,
        unmet=w,
        paid=money.paid,
        shortfall=money.shortfall,
        grid_rows=grid_rows,
        power_rows=power_rows,
        commitment_rows=commitment_rows,
        supply_rows=supply_rows,
        stock_rows=stock_rows,
        budget_rows=money.budget_rows,
        renewal_rows=money.renewal_rows,
        service_rows=service_rows,
        run_rows=run_rows,
        state=state,
    )


def _orders(
    lp: Blocks, name: str, labels: list[tuple[str, ...]], limit: Floats, lot: Floats, whole: bool
) -> Indices:
    """Columns of orders; where sizes are whole, each is a lot times a whole number."""
    shape = tuple(len(axis) for axis in labels)
    limit, lot = np.broadcast_to(limit, shape), np.broadcast_to(lot, shape)
    orders = lp.columns(name, labels, upper=limit, where=limit > 0)
    if whole:
        lots = (limit > 0) & (lot > 0)
        count = lp.columns(f"{name}, lots", labels, where=lots, integer=True)
        rows = lp.rows(f"{name}, whole lots", labels, lower=0.0, upper=0.0, where=lots)
        lp.add(rows, orders)
        lp.add(rows, count, -lot)
    return orders


def _aged(orders: Indices, age: Indices) -> Indices:
    """The columns of the orders placed ``age`` quarters ago; the last axis of ``orders`` is age from 0."""
    known = age < orders.shape[-1]
    picked = np.take_along_axis(orders, np.where(known, age, 0)[..., None], axis=-1)[..., 0]
    return np.where(known, picked, ABSENT)


def _shield(shield: Floats, delivery: Indices) -> Floats:
    return shield[np.minimum(delivery, shield.size - 1)]


def _commitments(
    lp: Blocks, m: ModelData, t: int, *, P: Indices, orders: Indices, orderable: np.ndarray
) -> Indices:
    """Rows that keep the power of a site, with all that is due by the arrival of an order, within the grid.

    Earlier stages wrote the rows of earlier arrivals, so one row an order suffices.
    """
    lead = m.power.lead_quarters
    arrival = np.minimum(t + lead, m.times.count - 1)
    site = m.power.site
    connected = (m.sites.committed_grid_mw / m.sites.power_usage_effectiveness[:, None])[site, arrival]
    coming = np.cumsum(m.opening.power_due_mw, axis=1)
    beside = site[:, None] == site[None, :]  # [order, option] options of the same site
    promised = np.where(beside, coming[:, arrival].T - coming[None, :, t], 0.0).sum(axis=1)
    rows = lp.rows(
        "commitment",
        [m.power.names, (m.times.labels[t],)],
        upper=(connected - promised)[:, None],
        where=orderable[:, None],
    )[:, 0]
    pairs = np.where(beside, rows[:, None], ABSENT)
    lp.add(pairs, P[None, :])
    for age in range(orders.shape[1]):
        # an order of that age arrives after this quarter and no later than the new one
        wait = lead - age
        due = (wait[None, :] > 0) & (wait[None, :] <= lead[:, None])
        lp.add(np.where(due, pairs, ABSENT), orders[None, :, age])
    return rows


@dataclass(frozen=True, slots=True)
class _Possible:
    """Which columns of a quarter can be anything but zero; the others are not made."""

    arrivals: np.ndarray  # [offer option, destination]
    delivery: np.ndarray  # [site, offer option]
    units: np.ndarray  # [site, offer option]
    leased: np.ndarray  # [offer option, destination]
    serving: np.ndarray  # [site group, offer option, workload]


def _possible(m: ModelData, t: int, before: State) -> _Possible:
    """Looks at the columns of the state before, so it serves a chain of stages and a stage by itself."""
    lead = m.offers.lead_quarters
    past = before.order_history
    now = m.offers.orderable[:, :, t] & (lead == 0)[:, None]
    aged = _aged(
        np.concatenate((np.full((*past.shape[:2], 1), ABSENT), past), axis=2),
        np.broadcast_to(lead[:, None], past.shape[:2]),
    )
    arrivals = (aged != ABSENT) | now | (m.opening.units_due[:, :, t] > 0)
    delivery = arrivals.T[m.sites.destination]
    units = delivery | (before.installed != ABSENT)
    leased = np.zeros_like(arrivals)
    np.logical_or.at(leased.T, m.sites.destination, units)
    present = np.zeros((m.workloads.served_by.shape[0], units.shape[1]), dtype=np.bool_)
    np.logical_or.at(present, m.sites.group, units)
    serving = present[:, :, None] & m.workloads.served_by[:, None, :] & (m.workloads.service > 0)[None, :, :]
    return _Possible(arrivals, delivery, units, leased, serving)


@dataclass(frozen=True, slots=True)
class _Money:
    paid: Indices
    spent: Indices
    due: Indices
    shortfall: Indices
    budget_rows: Indices
    renewal_rows: Indices

    @classmethod
    def of(cls, lp: Blocks, m: ModelData, t: int, before: State, *, b: Indices, x: Indices) -> _Money:
        """Adds payments of quarter ``t``: what was due, and the deposits of what is ordered now."""
        here = (m.times.labels[t],)
        ahead = tuple(f"in {i + 1}" for i in range(before.due.size))
        first, last = m.times.window
        power_now = np.where(m.power.lead_quarters == 0, 1.0, m.power.deposit_fraction)
        units_now = np.where(m.offers.lead_quarters == 0, 1.0, m.offers.deposit_fraction)
        power_price, unit_price = m.power.price[:, t], m.offers.price[:, :, t]
        paid = lp.columns("paid", [here])
        payment = lp.rows("payment", [here], lower=0.0, upper=0.0)
        lp.add(payment, paid)
        lp.add(payment, before.due[:1] if before.due.size else np.array([ABSENT]), -1.0)
        lp.add(payment, b, -power_now * power_price)
        lp.add(payment, x, -units_now[:, None] * unit_price)

        due = lp.columns("due", [ahead, here])[:, 0]
        later = lp.rows("due", [ahead, here], lower=0.0, upper=0.0)[:, 0]
        lp.add(later, due)
        lp.add(later, np.append(before.due[1:], ABSENT)[: due.size], -1.0)
        if due.size:
            lp.add(later[np.maximum(m.power.lead_quarters, 1) - 1], b, -(1.0 - power_now) * power_price)
            lp.add(
                later[np.maximum(m.offers.lead_quarters, 1) - 1][:, None],
                x,
                -(1.0 - units_now)[:, None] * unit_price,
            )

        inside = first <= t < last
        spent = lp.columns("spent", [here])
        spending = lp.rows("spending", [here], lower=0.0, upper=0.0)
        lp.add(spending, spent)
        lp.add(spending, before.spent, -1.0)
        if inside:
            lp.add(spending, paid, -1.0)
        shortfall = lp.columns("shortfall", [here], where=np.array([t == last - 1 and m.budget.floor > 0]))
        floor = lp.rows(
            "floor", [here], lower=m.budget.floor, where=np.array([t == last - 1 and m.budget.floor > 0])
        )
        lp.add(floor, spent)
        lp.add(floor, shortfall)
        budget_rows, renewal_rows = _budgets(lp, m, t, paid=paid, spent=spent, due=due)
        return cls(paid, spent, due, shortfall, budget_rows, renewal_rows)


def _budgets(
    lp: Blocks, m: ModelData, t: int, *, paid: Indices, spent: Indices, due: Indices
) -> tuple[Indices, Indices]:
    """Rows that keep spent and due money within the cap of this quarter and of those that follow, and what is
    paid outside the window within the renewal budget of its quarter.
    """
    horizon = m.times.count
    ahead = ("now", *(f"in {i + 1}" for i in range(due.size)))
    quarter = np.minimum(t + np.arange(due.size + 1), horizon - 1)
    real = t + np.arange(due.size + 1) < horizon
    first, last = m.times.window
    inside = (quarter >= first) & (quarter < last)
    started = t >= first
    cap = m.budget.cap[quarter]
    here = (m.times.labels[t],)
    capped = (real & inside & np.isfinite(cap) & started)[:, None]
    budget_rows = lp.rows("budget", [ahead, here], upper=cap[:, None], where=capped)[:, 0]
    lp.add(budget_rows, spent)
    lp.add(
        budget_rows[:, None],
        np.where(np.tri(due.size + 1, due.size, -1, dtype=np.bool_), due[None, :], ABSENT),
    )
    renewal = m.budget.renewal[quarter]
    renewable = (real & ~inside & np.isfinite(renewal))[:, None]
    renewal_rows = lp.rows("renewal", [ahead, here], upper=renewal[:, None], where=renewable)[:, 0]
    lp.add(renewal_rows, np.append(paid, due))
    return budget_rows, renewal_rows
