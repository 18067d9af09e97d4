"""Why a plan decides as it does: the price of one more, the limits that it meets, and what nearly won."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from capexpand.case.schema import Case
from capexpand.errors import CaseError, InfeasibleError, Problem
from capexpand.model.blocks import ABSENT, Floats, LinearProgram
from capexpand.model.compile import compile_case
from capexpand.model.data import ModelData
from capexpand.optimiser.warm import Optimum, WarmPlanner
from capexpand.pipeline import refuse_objective
from capexpand.studies.diff.decisions import SMALL, DecisionChange, NamedOrders, decisions
from capexpand.studies.why.asked import Topic, form_of, read_asked
from capexpand.studies.why.breakdown import Breakdown, OrderPrices, PriceLine
from capexpand.studies.why.changes import limit_of, wider
from capexpand.studies.why.forcing import Forcing

RIVALS = 6
"""Orders that nearly won that are named."""
PART = 0.1
"""Part by which limits are widened, and amounts forced up, beside one more."""
TRIED = 24
"""Orders that are forced to find them."""
STEP = 1e-2
"""Units or megawatts by which a rival is forced, at least."""
PART_OF_ALL = 1e-4
"""The same as a part of what is ordered in all."""
SAME = 1e-6
"""Worth of one more, as a share of its price, below which an order counts as worth its price."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One order that could be placed, and the price of one more of it.

    Args:
        name: of the offer option or power option.
        place: destination of units; empty for power.
        quarter: name of the quarter of the order.
        unit: MW or unit.
        ordered: by the plan.
        price: of one [million]; 0 for power that is rented.
        breakdown: of one more, in present value [million].
    """

    name: str
    place: str
    quarter: str
    unit: str
    ordered: float
    price: float
    breakdown: Breakdown

    @property
    def net(self) -> float:
        """Worth of one more [million]: below zero, what one forced would cost."""
        return self.breakdown.net

    @property
    def share(self) -> float:
        """The worth as a share of the price, in present value."""
        cost = self.breakdown.money_on_price * self.price
        return self.net / cost if cost > 0 else float("-inf") if self.net < 0 else 0.0

    @property
    def winning_price(self) -> float | None:
        """Price of one [million] at which one more pays, all else as it is; None where no price does."""
        if self.net >= 0.0 or self.share <= -1.0:
            return None if self.net < 0.0 else self.price
        return self.price * (1.0 + self.share)


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A limit widened, or an amount forced, and what it does.

    Args:
        title: of the step.
        by: amount.
        gain: of the objective [million].
        spent: by how much more is spent in the window [million].
    """

    title: str
    by: float
    gain: float
    spent: float


@dataclass(frozen=True, slots=True)
class Why:
    """Why a plan decides as it does about one thing.

    Args:
        label: of the case.
        case: as loaded.
        asked: what was asked about.
        optimum: of the case.
        amount: of the thing in the plan.
        limit: its own limit; infinite where it has none.
        worth_of_more: what one more of the limit adds [million].
        worth_of_less: what one less costs [million].
        priced: orders that belong to it, the largest first.
        rivals: orders that nearly won, the nearest first.
        serving: of a workload in a quarter, what one more volume would pay, and what it would take from other
            uses [million]; None where all is served.
        widened: limits a tenth wider, and what they bring.
        forced: the amount forced up.
        moved: orders that differ where the thing's own limit is a tenth wider.
    """

    label: str
    case: Case
    asked: Topic
    optimum: Optimum
    amount: float
    limit: float
    worth_of_more: float
    worth_of_less: float
    priced: tuple[Priced, ...]
    rivals: tuple[Priced, ...]
    serving: tuple[float, float] | None
    widened: tuple[LimitStep, ...]
    forced: tuple[LimitStep, ...]
    moved: tuple[DecisionChange, ...]

    @property
    def data(self) -> ModelData:
        """The compiled case."""
        return self.optimum.data


def explain_why(case: Case, label: str, written: str) -> Why:
    """Find why a plan decides as it does about one thing.

    Args:
        case: as ``load_case`` gives it.
        label: of the case.
        written: what is asked about, such as ``orders.h20-server.2025Q3`` or ``budget``.

    Raises:
        CaseError: there is no such thing, or sizes are whole, so that one more has no price.
        InfeasibleError: the case has no plan.
        SolverError: a program could not be solved.
    """
    refuse_objective(case, "why", power_alone=True)
    m = compile_case(case)
    asked = read_asked(written, m)
    if m.whole_sizes:
        message = "sizes are whole (solve.whole_sizes), so one more has no price; ask with why-not"
        raise CaseError([Problem(message, file=case.provenance.path)])
    planner = WarmPlanner(sides="both")
    optimum = planner.optimum(m)
    prices = (OrderPrices(optimum), OrderPrices(optimum, less=True))
    mine = _sorted(_priced(optimum, prices, _own_orders(asked, optimum)))
    rivals = _priced(optimum, prices, _rival_orders(asked, optimum, mine))
    losing = sorted((one for one in rivals if one.ordered <= SMALL and one.share < SAME), key=_nearness)
    named = _forced_rivals(optimum, losing, {unit: _ordered(rivals, unit) for unit in ("unit", "MW")})
    more, less = _worth(asked, optimum)
    amount = form_of(asked, m, optimum.stages).value(optimum.solution.columns)
    widened, moved = _widened(asked, planner, optimum)
    return Why(
        label=label,
        case=case,
        asked=asked,
        optimum=optimum,
        amount=amount,
        limit=limit_of(m, asked),
        worth_of_more=more,
        worth_of_less=less,
        priced=mine,
        rivals=named,
        serving=_serving(asked, optimum),
        widened=widened,
        forced=_forced(asked, m, amount),
        moved=moved,
    )


Place = tuple[str, int, int, int]
"""``units`` or ``power``, option, destination, quarter."""


def _own_orders(asked: Topic, optimum: Optimum) -> list[Place]:
    """Orders that what is asked about is made of: of the quarter, or arriving in it."""
    m = optimum.data
    first, last = m.times.window
    if asked.kind in ("orders", "supply"):
        options = np.flatnonzero(m.offers.product == asked.position)
        quarters = asked.quarters(m)
        return [
            ("units", int(k), d, t) for k in options for d in range(len(m.destinations)) for t in quarters
        ]
    if asked.kind in ("power", "grid"):
        options = np.flatnonzero(m.power.site == asked.position)
        when = asked.quarters(m)
        return [("power", int(o), 0, t - int(m.power.lead_quarters[o])) for o in options for t in when]
    if asked.kind == "workload":
        options = np.flatnonzero(m.workloads.service[:, asked.position] > 0)
        when = [asked.quarter] if asked.quarter is not None else list(range(first, last))
        return [
            ("units", int(k), d, t - (int(m.offers.lead_quarters[k]) if asked.quarter is not None else 0))
            for k in options
            for d in range(len(m.destinations))
            for t in when
        ]
    units = [
        ("units", k, d, t)
        for k in range(len(m.offers.names))
        for d in range(len(m.destinations))
        for t in range(first, last)
    ]
    return [*units, *(("power", o, 0, t) for o in range(len(m.power.names)) for t in range(first, last))]


def _rival_orders(asked: Topic, optimum: Optimum, mine: tuple[Priced, ...]) -> list[Place]:
    """Orders that could take the place of what is asked about: of others then, of the same at other times."""
    m = optimum.data
    first, last = m.times.window
    if asked.kind in ("budget", "workload"):
        return _own_orders(asked, optimum)
    own = _own_orders(asked, optimum)
    labels = m.times.labels
    then = {labels.index(one.quarter) for one in mine if one.ordered > 0} or {t for *_, t in own}
    if asked.kind in ("orders", "supply"):
        return [
            ("units", k, d, t)
            for k in range(len(m.offers.names))
            for d in range(len(m.destinations))
            for t in range(max(first, 0), last)
            if t in then or m.offers.product[k] == asked.position
        ]
    return [
        ("power", o, 0, t)
        for o in range(len(m.power.names))
        for t in range(max(first, 0), last)
        if t in then or m.power.site[o] == asked.position
    ]


def _priced(
    optimum: Optimum, prices: tuple[OrderPrices, OrderPrices], places: Iterable[Place]
) -> tuple[Priced, ...]:
    m, values = optimum.data, optimum.solution.columns
    found: list[Priced] = []
    for kind, option, destination, t in places:
        if not 0 <= t < m.times.count:
            continue
        stage = optimum.stages[t]
        if kind == "units":
            column = int(stage.orders.ordered[option, destination])
            name, place = m.offers.names[option], m.destinations[destination]
            price, unit = float(m.offers.price[option, destination, t]), "unit"
        else:
            column = int(stage.power.ordered[option])
            name, place = m.power.names[option], ""
            price, unit = float(m.power.price[option, t]), "MW"
        if column == ABSENT:
            continue
        breakdown = prices[0].of(column, price)
        if values[column] > SMALL and breakdown.net < -SAME:  # a kink: it pays at what less of a limit costs
            breakdown = max(breakdown, prices[1].of(column, price), key=lambda each: each.net)
        found.append(Priced(name, place, m.times.labels[t], unit, float(values[column]), price, breakdown))
    return tuple(found)


def _sorted(found: tuple[Priced, ...]) -> tuple[Priced, ...]:
    """What is ordered most first; of what is not ordered, what comes nearest to its price."""
    return tuple(sorted(found, key=lambda one: (-one.ordered * max(one.price, 1e-9), -one.share)))


def _forced_rivals(optimum: Optimum, losing: list[Priced], ordered: dict[str, float]) -> tuple[Priced, ...]:
    """The rivals that can be ordered at all, each forced a little: what it loses then is what is said.

    At a kink, as where a budget is zero, the prices of an optimum may promise more than can be had. What is
    lost beyond them stands in a line of its own.
    """
    lp, values = optimum.program, optimum.solution.columns
    quiet = WarmPlanner(sides="any", explained=False)
    found: list[Priced] = []
    for one in losing[:TRIED]:
        if len(found) == RIVALS:
            break
        step = max(STEP, PART_OF_ALL * ordered[one.unit])
        column = one.breakdown.column
        lower = lp.column_lower.copy()
        lower[column] = values[column] + step
        if lower[column] > lp.column_upper[column]:
            continue
        try:
            held = quiet.of_program(
                optimum.data, replace(lp, column_lower=lower), optimum.stages, start=optimum
            )
        except InfeasibleError:
            continue
        net = (held.objective - optimum.objective) / step
        beyond = net - one.net
        if beyond < -SAME * max(1.0, abs(one.net)):
            more = PriceLine("what it displaces beyond these prices", beyond, is_limit=True)
            breakdown = replace(one.breakdown, net=net, lines=(*one.breakdown.lines, more))
            found.append(replace(one, breakdown=breakdown))
        else:
            found.append(one)
    return tuple(sorted(found, key=_nearness))


def _ordered(found: tuple[Priced, ...], unit: str) -> float:
    return sum(one.ordered for one in found if one.unit == unit)


def _serving(asked: Topic, optimum: Optimum) -> tuple[float, float] | None:
    if asked.kind != "workload" or asked.quarter is None:
        return None
    m, t, j = optimum.data, asked.quarter, asked.position
    stage = optimum.stages[t]
    phi = float(m.workloads.productivity[j, t])
    values, lp = optimum.solution.columns, optimum.program
    open_ones = [
        float(lp.cost[column])
        for column in (*stage.service.sold[j], stage.service.unmet[j])
        if column != ABSENT and _has_room(lp, values, int(column), owed=column == stage.service.unmet[j])
    ]
    if not open_ones:
        return None
    dual = float(optimum.solution.row_duals[stage.service.service_rows[j]])
    return max(abs(cost) for cost in open_ones) / phi, abs(dual) / phi


def _has_room(lp: LinearProgram, values: Floats, column: int, *, owed: bool) -> bool:
    """Whether more of a workload could be sold, or is owed."""
    if owed:
        return bool(values[column] > SMALL)
    return bool(values[column] < lp.column_upper[column] * (1.0 - SMALL))


def _nearness(one: Priced) -> tuple[float, str]:
    return -round(one.share, 9), one.quarter


def _worth(asked: Topic, optimum: Optimum) -> tuple[float, float]:
    """What one more of the thing's own limit adds, and one less costs [million]."""
    found: list[float] = []
    m = optimum.data
    for shadow in (optimum.plan.shadow, optimum.shadow_of_less):
        quarters = list(asked.quarters(m))
        if asked.kind in ("orders", "supply"):
            values = shadow.supply[asked.position][:, quarters]
        elif asked.kind in ("power", "grid"):
            values = shadow.grid[asked.position, quarters]
        elif asked.kind == "budget":
            whole = limit_of(m, asked)
            share = m.budget.cap / whole if np.isfinite(whole) and whole > 0 else np.zeros(m.times.count)
            values = np.where(np.isfinite(share), share, 0.0) * shadow.budget
            found.append(float(values.sum()))
            continue
        elif m.workloads.roles[asked.position] == "obligation":
            values = -shadow.obligation[asked.position, quarters]
        else:
            values = shadow.demand[asked.position, quarters]
        found.append(float(values.sum()) if asked.quarter is not None else float(values.max(initial=0.0)))
    return found[0], found[1]


FAMILIES = (
    ("supply of every offer", "supply"),
    ("grid of every site", "grid"),
    ("demand for all that is sold", "demand"),
    ("the budget", "budget"),
)


def widened_family(m: ModelData, family: str, factor: float) -> ModelData:
    """Return a case in which every limit of one kind is a factor wider.

    Args:
        family: supply, grid, demand or budget.
    """
    if family == "supply":
        return replace(m, offers=replace(m.offers, limit=m.offers.limit * factor))
    if family == "grid":
        sites = replace(
            m.sites,
            grid_mw=m.sites.grid_mw * factor,
            committed_grid_mw=m.sites.committed_grid_mw * factor,
        )
        return replace(m, sites=sites)
    if family == "demand":
        owed = np.array([role == "obligation" for role in m.workloads.roles])[:, None, None]
        demand = np.where(owed, m.workloads.demand, m.workloads.demand * factor)
        return replace(m, workloads=replace(m.workloads, demand=demand))
    return replace(m, budget=replace(m.budget, cap=m.budget.cap * factor))


def _widened(
    asked: Topic, planner: WarmPlanner, optimum: Optimum
) -> tuple[tuple[LimitStep, ...], tuple[DecisionChange, ...]]:
    m = optimum.data
    limit = limit_of(m, asked)
    cases: list[tuple[str, float, ModelData]] = []
    if np.isfinite(limit):
        title = {"orders": "supply", "power": "grid", "workload": "demand"}.get(asked.kind, asked.kind)
        where = f"{title} of {asked.name}" if asked.name else f"the {title}"
        cases.append((f"{where}: {asked.one(m)}", 1.0, wider(m, asked, 1.0)))
        more = PART * limit
        cases.append((f"{where}: a tenth more", more, wider(m, asked, more)))
    cases += [
        (f"{title}: a tenth more", PART, widened_family(m, family, 1.0 + PART))
        for title, family in FAMILIES
        if family != asked.kind  # the budget is widened by itself already
    ]
    steps: list[LimitStep] = []
    moved: tuple[DecisionChange, ...] = ()
    for place, (title, by, changed) in enumerate(cases):
        try:
            found = planner.optimum(changed, start=optimum)
        except InfeasibleError:  # more demand may be owed that cannot be served
            continue
        more_spent = _spent(found) - _spent(optimum)
        steps.append(LimitStep(title, by, found.objective - optimum.objective, more_spent))
        if place == 1 and np.isfinite(limit):
            moved = decisions(NamedOrders.of(optimum.plan), NamedOrders.of(found.plan))
    return tuple(steps), moved


def _spent(optimum: Optimum) -> float:
    first, last = optimum.data.times.window
    return float(optimum.plan.paid[first : min(last, optimum.data.times.count)].sum())


def _forced(asked: Topic, m: ModelData, amount: float) -> tuple[LimitStep, ...]:
    """The amount forced up by one and by a tenth, for decisions."""
    if asked.kind in ("supply", "grid"):
        return ()
    forcing = Forcing(asked)
    free = forcing.solve(m)
    steps: list[LimitStep] = []
    for title, by in ((asked.one(m), 1.0), ("a tenth more", PART * amount)):
        if by <= 1e-9:
            continue
        try:
            held = forcing.solve(m, least=amount + by)
        except InfeasibleError:
            continue
        steps.append(
            LimitStep(
                title,
                by,
                held.optimum.objective - free.optimum.objective,
                _spent(held.optimum) - _spent(free.optimum),
            )
        )
    return tuple(steps)
