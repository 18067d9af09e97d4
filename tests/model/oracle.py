"""The formulation a second time: in linopy, over all quarters at once, with labels in place of positions.

It is written from docs/explanation/maths.md and shares nothing with the stages but ModelData. Where the
stages take short cuts it takes none: serving has a site instead of a group of sites, orders on their way move
through explicit pipelines instead of references to the orders of quarters before, a stock is a sum over all
orders.
"""

from __future__ import annotations

import linopy
import numpy as np
import xarray as xr
from oracle_ages import within_life
from oracle_aims import aimed_margin
from oracle_churn import churn_cost
from oracle_contracts import contracts
from oracle_energy import energy_terms, plant_flows, plant_shields, plant_worth
from oracle_financing import financed_constant, financed_objective
from oracle_hire import hire
from oracle_leaseback import Leasebacks
from oracle_leases import lease_costs

from capexpand.model.data import ModelData

linopy.options["semantics"] = "v1"  # what is shifted out of the horizon must be filled by name


def oracle_objective(m: ModelData, *, relative_gap: float = 1e-9) -> float:
    """Return the objective of the best plan, by linopy."""
    model = oracle(m)
    status, condition = model.solve("highs", io_api="direct", output_flag=False, mip_rel_gap=relative_gap)
    assert (status, condition) == ("ok", "optimal")
    return float(model.objective.value) + (base_value(m) if m.financing is None else financed_constant(m))


def base_value(m: ModelData) -> float:
    """Return the present value of what no decision changes."""
    total = 0.0
    for t in range(m.times.count):
        before_tax = m.opening.other_revenue[t] - m.opening.other_cost[t]
        saved = m.taxes.rate * m.opening.depreciation[t]
        total += m.times.discount[t] * ((1 - m.taxes.rate) * before_tax + saved - m.opening.payments_due[t])
    return total


def oracle(m: ModelData, *, lean: bool = False) -> linopy.Model:
    """Return the program.

    Args:
        m: the compiled case.
        lean: whether to leave out what can only be 0, and to serve from groups of sites; for timing. Only a
            case without leased units and rented power may be lean.
    """
    return _Oracle(m, lean=lean).program()


class _Oracle:
    """The program under construction; letters are those of docs/explanation/maths.md."""

    def __init__(self, m: ModelData, *, lean: bool) -> None:
        self.m, self.lean = m, lean
        self.model = linopy.Model()
        self.quarter = np.arange(m.times.count)
        self.coords = {
            "site": list(m.sites.names),
            "group": np.arange(m.workloads.served_by.shape[0]),
            "destination": list(m.destinations),
            "power": list(m.power.names),
            "offer": list(m.offers.names),
            "product": list(m.offers.products),
            "workload": list(m.workloads.names),
            "tranche": np.arange(m.workloads.tranches),
            "quarter": self.quarter,
        }
        if m.hire is not None:
            self.coords["hire"] = list(m.hire.names)

    # -- labels and small tools --

    def data(self, values: object, *dims: str) -> xr.DataArray:
        return xr.DataArray(values, coords={d: self.coords[d] for d in dims}, dims=dims)

    def member(self, position: object, of: str, in_: str) -> xr.DataArray:
        """1 where an element of one axis belongs to one of the other."""
        hit = np.asarray(position)[:, None] == np.arange(len(self.coords[in_]))[None, :]
        return self.data(hit.astype(float), of, in_)

    def variable(self, name: str, *dims: str, upper: xr.DataArray | float = np.inf, exists=None, **extra):
        """A variable from 0; where it does not exist it counts as 0."""
        coords = [xr.IndexVariable(d, extra[d] if d in extra else self.coords[d]) for d in dims]
        shape = xr.DataArray(0.0, coords=dict(zip(dims, coords, strict=True)), dims=dims)
        limit = shape + upper
        mask = None
        if exists is not None and self.lean:
            mask = (shape + exists.astype(float)).transpose(*dims) > 0
        elif exists is not None:
            limit = limit.where(exists, 0.0)
        limit = limit.transpose(*dims)
        variable = self.model.add_variables(lower=shape, upper=limit, name=name, mask=mask)
        return (1.0 * variable).fillna(0.0)

    @staticmethod
    def before(expression, opening):
        """The expression one quarter earlier, with what was before the first."""
        first = xr.where(expression.coords["quarter"] == 0, 1.0, 0.0)
        return expression.shift(quarter=1).fillna(0.0) + opening * first

    def pipeline(self, name: str, flows: dict[int, object], *dims: str):
        """What comes l quarters from now: one nearer than a quarter ago, and what is added now.

        Args:
            name: of the variable.
            flows: what is added to the end of the pipeline of that length, by length.
            dims: axes besides the one of quarters ahead and that of quarters.
        """
        length = max(flows) + 1
        coming = self.variable(name, *dims, "ahead", "quarter", ahead=np.arange(length))
        nearer = coming.shift(quarter=1).fillna(0.0).shift(ahead=-1).fillna(0.0)
        added = 0.0 * coming
        for wait, flow in flows.items():
            here = xr.DataArray(
                (np.arange(length) == wait).astype(float), {"ahead": np.arange(length)}, "ahead"
            )
            added = added + flow * here
        self.model.add_constraints(coming - nearer - added == 0.0, name=name)
        return coming

    def waits(self, flow, lead: np.ndarray, dim: str) -> dict[int, object]:
        """A flow taken apart by the lead times of its options."""
        return {
            int(wait): flow * self.data((lead == wait).astype(float), dim)
            for wait in np.unique(np.append(lead, 0))
        }

    def require(self, name: str, left, sense: str, right, where: xr.DataArray | bool = True) -> None:
        """Add rows that hold where a flag says so and the right side is finite."""
        right = right if isinstance(right, xr.DataArray) else xr.DataArray(float(right))
        finite = np.isfinite(right)
        kept = finite & where
        right = right.where(finite, 0.0)
        rows = {"<=": left <= right, ">=": left >= right, "==": left == right}[sense]
        shape = xr.DataArray(np.ones([rows.sizes[d] for d in rows.coord_dims]), rows.coords, rows.coord_dims)
        if bool(kept.any()):
            mask = None if bool(kept.all()) else (shape * kept).transpose(*rows.coord_dims) > 0
            self.model.add_constraints(rows, name=name, mask=mask)

    def arrives_in_time(self, lead: np.ndarray, dim: str) -> xr.DataArray:
        return self.data(self.quarter[None, :] + lead[:, None] < self.m.times.count, dim, "quarter")

    # -- the parts of the formulation --

    def program(self) -> linopy.Model:
        self.power()
        self.orders()
        self.fleet()
        self.service("group" if self.lean else "site")
        self.commitments(*self.promised)
        self.money()
        self.churn_cost = churn_cost(self)
        self.objective()
        return self.model

    def power(self) -> None:
        m, power = self.m, self.m.power
        limit = self.data(power.limit_mw, "power", "quarter").where(
            self.arrives_in_time(power.lead_quarters, "power"), 0.0
        )
        self.b = self.variable("b", "power", "quarter", upper=limit, exists=limit > 0)
        self.whole("b", self.b, self.data(power.hall_mw, "power").where(limit > 0, 0.0))
        rented = self.data(~power.owned, "power")
        self.back = self.variable("b returned", "power", "quarter", exists=rented)
        self.P = self.variable("P", "power", "quarter")
        coming = self.pipeline("power coming", self.waits(self.b, power.lead_quarters, "power"), "power")
        due = self.data(m.opening.power_due_mw, "power", "quarter")
        standing = self.data(m.opening.power_mw, "power")
        self.require(
            "power",
            self.P - self.before(self.P, standing) - coming.sel(ahead=0) + self.back,
            "==",
            due,
        )
        term = power.lead_quarters + power.term_quarters
        freed = self.pipeline("power freed", self.waits(self.b, term, "power"), "power")
        self.F = free = self.variable("F", "power", "quarter")
        self.require(
            "power term",
            free - self.before(free, standing) - freed.sel(ahead=0, drop=True) + self.back,
            "==",
            0.0,
            rented,
        )
        self.promised = (coming, freed * rented, limit > 0, due, self.P - free * rented)

    def commitments(self, coming, freed, orderable: xr.DataArray, due: xr.DataArray, taken) -> None:
        """What is bound to stand in a quarter fits the grid of then, from the first arrival of an order."""
        m = self.m
        here = self.member(m.power.site, "power", "site")
        lead = self.data(m.power.lead_quarters, "power")
        longest = (lead * here).max("power")
        for ahead in range(int(lead.max()) + 1):
            if ahead:
                taken = taken + coming.sel(ahead=ahead, drop=True) + due.shift(quarter=-ahead, fill_value=0.0)
                taken = taken - freed.sel(ahead=ahead, drop=True)
            reached = (((orderable & (lead <= ahead)) * here).max("power") > 0) & (longest >= ahead)
            within = reached & self.data(self.quarter + ahead < m.times.count, "quarter")
            grid = self.data(m.sites.committed_grid_mw, "site", "quarter").shift(
                quarter=-ahead, fill_value=0.0
            )
            effectiveness = self.data(m.sites.power_usage_effectiveness, "site")
            bound = (taken * here).sum("power")
            if self.relief:
                bound = bound - self.relief[ahead] / effectiveness
            self.require(f"commitment {ahead}", bound, "<=", grid / effectiveness, within)

    def orders(self) -> None:
        offers = self.m.offers
        orderable = self.data(offers.orderable, "offer", "destination", "quarter")
        exists = orderable & self.arrives_in_time(offers.lead_quarters, "offer")
        self.x = self.variable("x", "offer", "destination", "quarter", exists=exists)
        self.whole("x", self.x, self.data(offers.lot, "offer").where(exists, 0.0))
        of = self.member(offers.product, "offer", "product")
        ordered = (self.x * of).sum("offer")
        dims = ("product", "destination", "quarter")
        self.require("supply", ordered, "<=", self.data(offers.limit, *dims))
        least = self.data(offers.least, *dims)
        self.require("contract", ordered, ">=", least, least > 0)
        self.require(
            "stock", ordered.sum("destination").sum("quarter"), "<=", self.data(offers.stock, "product")
        )

    def fleet(self) -> None:
        m, offers = self.m, self.m.offers
        owned = self.data(offers.owned, "offer")
        at = self.member(m.sites.destination, "site", "destination")
        self.there = self.reached(at)
        self.N = self.variable("N", "site", "offer", "quarter", exists=self.there)
        sold = self.data(offers.owned[:, None] & (offers.exit_cost < 0.0), "offer", "quarter")
        self.r = self.variable("r", "site", "offer", "quarter", exists=~owned | sold)
        self.q = q = self.variable("q", "site", "offer", "quarter", exists=self.there)
        coming = self.pipeline(
            "units coming", self.waits(self.x, offers.lead_quarters, "offer"), "offer", "destination"
        )
        due = self.data(m.opening.units_due, "offer", "destination", "quarter")
        self.require("placing", (q * at).sum("site") - coming.sel(ahead=0, drop=True), "==", due)
        standing = self.data(m.opening.installed, "site", "offer")
        kept = self.before(self.N, standing) * (1.0 - self.data(offers.attrition, "offer"))
        self.leasebacks = Leasebacks(self)
        away, self.gone = self.leasebacks.fleet(at)
        self.h = away
        left = self.N - kept - q + self.r + away
        self.require("owned units", left, "<=", 0.0, owned & self.there)
        within_life(self, at)
        if self.lean:
            return
        self.require("leased units", left, "==", 0.0, ~owned)
        term = offers.lead_quarters + offers.term_quarters
        freed = self.pipeline("units freed", self.waits(self.x, term, "offer"), "offer", "destination")
        self.E = free = self.variable("E", "offer", "destination", "quarter")
        past = self.before(free, (standing * at).sum("site")) + freed.sel(ahead=0, drop=True)
        self.require("unit term", free - past + (self.r * at).sum("site"), "==", 0.0, ~owned)

    def reached(self, at: xr.DataArray) -> xr.DataArray:
        """Whether units of an offer can have come to a site by a quarter; taken as true unless lean."""
        m, offers = self.m, self.m.offers
        arriving = m.opening.units_due > 0 if self.lean else np.ones(m.opening.units_due.shape, dtype=bool)
        for k, lead in enumerate(offers.lead_quarters):
            arriving[k, :, lead:] |= offers.orderable[k, :, : m.times.count - lead]
        dims = ("offer", "destination", "quarter")
        come = self.data(np.logical_or.accumulate(arriving, axis=2).astype(float), *dims)
        standing = self.data(m.opening.installed > 0, "site", "offer")
        return ((come * at).sum("destination") > 0) | standing

    def service(self, place: str) -> None:
        m, work = self.m, self.m.workloads
        self.u = self.variable("u", "site", "offer", "quarter", exists=self.there)
        units = 1.0 if m.redundancy is None else self.data(m.redundancy.units, "offer")
        halls = 1.0 if m.redundancy is None else self.data(m.redundancy.power, "site")
        waits, settling = 0.0, m.offers.settling
        for age in range(0 if settling is None else settling.shape[1]):
            came = self.q.shift(quarter=age).fillna(0.0) if age else self.q
            waits = waits + came * self.data(settling[:, age], "offer")
        self.require("run", self.u - (self.N - waits) * units, "<=", 0.0, self.there)
        running_mw = (self.u * self.data(m.offers.power_kw / 1000.0, "offer")).sum("offer")
        energised = (self.P * self.member(m.power.site, "power", "site")).sum("power")
        self.require("running power", running_mw - energised * halls, "<=", 0.0)
        grid = self.data(m.sites.grid_mw, "site", "quarter")
        pue = self.data(m.sites.power_usage_effectiveness, "site")
        self.energy_cost, lost, generated, self.relief = (lambda disc: 0.0), 0.0, 0.0, []
        if m.energy is not None:
            self.energy_cost, lost, generated, self.relief = energy_terms(self)
            generated = generated / pue
        self.require("grid", running_mw - generated, "<=", grid / pue)

        served = work.served_by[m.sites.group] if place == "site" else work.served_by
        service = self.data(work.service, "offer", "workload")
        present = self.there
        if place == "group":
            present = (present * self.member(m.sites.group, "site", "group")).sum("site") > 0
        able = (service > 0) & self.data(served, place, "workload") & present
        self.y = y = self.variable("y", place, "offer", "workload", "quarter", exists=able)
        there = (
            self.u if place == "site" else (self.u * self.member(m.sites.group, "site", "group")).sum("site")
        )
        if place == "site":
            there = there - lost
        self.free = self.variable("s", place, "offer", "quarter", exists=present)
        self.able = (service > 0) & self.data(served, place, "workload") & present
        self.place = place
        self.require("sharing", y.sum("workload") + self.free - there, "<=", 0.0, present)

        phi = self.data(work.productivity, "workload", "quarter")
        demand = self.data(work.demand, "workload", "tranche", "quarter") / phi
        obliged = self.data([role == "obligation" for role in work.roles], "workload")
        buyable = obliged & ~self.data(work.must_serve, "workload")
        self.z = self.variable(
            "z", "workload", "tranche", "quarter", upper=demand, exists=~obliged & (demand > 0)
        )
        self.w = self.variable("w", "workload", "quarter", exists=buyable)
        capacity = (y * service).sum("offer").sum(place)
        capacity = capacity + hire(self)
        owed = demand.sum("tranche").where(obliged, 0.0)
        self.require("service", capacity - self.z.sum("tranche") + self.w, ">=", owed)
        contracts(self)

    def money(self) -> None:
        m, power, offers = self.m, self.m.power, self.m.offers
        beta = self.data(power.price, "power", "quarter")
        price = self.data(offers.price, "offer", "destination", "quarter")
        now_b = self.data(np.where(power.lead_quarters == 0, 1.0, power.deposit_fraction), "power")
        now_x = self.data(np.where(offers.lead_quarters == 0, 1.0, offers.deposit_fraction), "offer")
        longest = int(max(power.lead_quarters.max(), offers.lead_quarters.max()))
        flows = {wait: 0.0 * self.P.sum("power") for wait in range(longest + 1)}
        flows[0] = (self.b * (now_b * beta)).sum("power") + (self.x * (now_x * price)).sum("offer").sum(
            "destination"
        )
        for wait in range(1, longest + 1):
            halls = beta * (1.0 - now_b) * self.data((power.lead_quarters == wait).astype(float), "power")
            units = price * (1.0 - now_x) * self.data((offers.lead_quarters == wait).astype(float), "offer")
            flows[wait] = (self.b * halls).sum("power") + (self.x * units).sum("offer").sum("destination")
        if m.energy is not None:
            for wait, flow in plant_flows(self)[0].items():
                flows[wait] = flows.get(wait, 0.0 * self.P.sum("power")) + flow
            longest = max(flows)
        bills = self.pipeline("bills", flows)
        self.paid = bills.sel(ahead=0, drop=True)

        first, last = m.times.window
        inside = self.data((self.quarter >= first) & (self.quarter < last), "quarter")
        spent = self.variable("m", "quarter")
        self.lease_costs, capital = lease_costs(self)
        leased = 0.0 if capital is None else capital * inside
        now = self.paid * inside + leased
        self.require("spending", spent - self.before(spent, 0.0) - now, "==", 0.0)
        counted = self.before(spent, 0.0) + leased
        cap = self.data(m.budget.cap, "quarter").where(inside, np.inf)
        renewal = self.data(m.budget.renewal, "quarter").where(~inside, np.inf)
        growth = np.zeros(m.times.count) if m.budget.renewal_growth is None else m.budget.renewal_growth
        grows = self.data(growth, "quarter").where(~inside, 0.0)
        for ahead in range(longest + 1):
            bill = bills.sel(ahead=ahead, drop=True)
            counted = counted + bill * inside.shift(quarter=-ahead, fill_value=False)
            self.require(f"cap {ahead}", counted, "<=", cap.shift(quarter=-ahead, fill_value=np.inf))
            more = spent * grows.shift(quarter=-ahead, fill_value=0.0)
            limit = renewal.shift(quarter=-ahead, fill_value=np.inf)
            self.require(f"renewal {ahead}", bill - more, "<=", limit)
        self.shortfall = self.variable("shortfall", "quarter")
        wanted = self.data(np.where(self.quarter == last - 1, m.budget.floor, 0.0), "quarter")
        self.require("floor", spent + self.shortfall, ">=", wanted, wanted > 0)

    def whole(self, name: str, orders, lot: xr.DataArray) -> None:
        """Orders are whole lots where the case wants whole sizes."""
        if not self.m.whole_sizes or not bool((lot > 0).any()):
            return
        lot = lot.transpose(*[d for d in ("power", "offer", "destination", "quarter") if d in lot.dims])
        count = self.model.add_variables(
            lower=0, coords=lot.coords, dims=lot.dims, name=f"{name} lots", integer=True
        )
        self.require(f"{name} whole", orders - 1.0 * count * lot, "==", 0.0, lot > 0)

    def earned(self, weights, margin):
        """Weighted cash of operations, one number, at given shares of the price [workload, quarter]."""
        m = self.m
        disc = self.data(weights, "quarter")
        phi = self.data(m.workloads.productivity, "workload", "quarter")
        price = self.data(m.workloads.price, "workload", "tranche", "quarter")
        energy = self.data(m.sites.energy_price, "site", "quarter") * self.data(
            m.sites.power_usage_effectiveness * m.hours_per_quarter, "site"
        )
        drawn = self.data(m.offers.draw_fraction * m.offers.power_kw / 1000.0, "offer")
        cash = (
            (self.z * (price * self.data(margin, "workload", "quarter") * phi * disc)).sum()
            - (self.u * (energy * drawn * disc)).sum()
            - (self.N * (self.data(m.offers.running_cost, "offer", "quarter") * disc)).sum()
            - (self.r * (self.data(m.offers.exit_cost, "offer", "quarter") * disc)).sum()
            - (self.P * (self.data(m.power.running_cost, "power", "quarter") * disc)).sum()
            - (self.back * (self.data(m.power.exit_cost, "power", "quarter") * disc)).sum()
            - self.fees(weights)
            - self.energy_cost(weights)
            - self.lease_costs(weights)
            - self.worn_cost(weights)
            - self.churn_cost(weights)
            - self.leasebacks.fees(weights)
        )
        if self.signed is not None:
            cash = cash + (self.signed * self.data(m.contracts.constant @ weights, "signing")).sum()
        return cash

    def penalties(self):
        """Present value of what is not served or not spent."""
        m, disc = self.m, self.data(self.m.times.discount, "quarter")
        phi = self.data(m.workloads.productivity, "workload", "quarter")
        return (
            self.w * (self.data(m.workloads.penalty, "workload", "quarter") * phi * disc)
        ).sum() + m.budget.floor_penalty * (self.shortfall * disc).sum()

    def objective(self) -> None:
        m = self.m
        if m.financing is not None:
            self.model.add_objective(financed_objective(self), sense="max")
            return
        disc = self.data(m.times.discount, "quarter")
        keep = 1.0 - m.taxes.rate
        margin = aimed_margin(self)
        if margin is None:
            return
        cash = self.earned(m.times.discount, margin)
        at_end = self.data(np.where(self.quarter == m.times.count - 1, m.times.discount_end, 0.0), "quarter")
        worth = self.end_value(at_end)
        if m.energy is not None:
            worth = worth + m.times.discount_end * plant_worth(self)
        payments = (self.paid * (disc * self.data(m.taxes.payment_factor, "quarter"))).sum()
        if self.signed is not None:
            payments = payments - self.prepaid(m.times.discount)
        total = (cash + worth) * keep - payments + self.shields() - self.penalties() + self.leasebacks.value()
        self.model.add_objective(total, sense="max")

    def prepaid(self, weights):
        """Weighted prepayments of contracts on offer, less what is credited."""
        each = self.m.contracts.prepayments @ weights
        return (self.signed * self.data(each, "signing")).sum()

    def end_value(self, at_end):
        """What a market pays for what stands at the end, where the case wants it within the books."""
        m, last = self.m, self.m.times.count - 1
        servers = (self.N * (self.data(m.offers.end_value, "offer") * at_end)).sum()
        servers = servers - at_end.values[-1] * self.leasebacks.lessors()
        halls = (self.P * (self.data(m.power.end_value, "power") * at_end)).sum()
        if not m.end_value_within_book:
            return servers + halls
        left = []
        for kept, lead in (
            (m.end_book_fractions[0], m.offers.lead_quarters),
            (m.end_book_fractions[1], m.power.lead_quarters),
        ):
            arrives = self.quarter + lead[:, None]
            left.append(np.where(arrives <= last, kept[np.minimum(arrives, last)], 0.0))
        price = self.data(m.offers.price, "offer", "destination", "quarter")
        books = (
            (self.x * (self.data(left[0], "offer", "quarter") * price)).sum() - self.leasebacks.left(last),
            (self.b * self.data(left[1] * m.power.price, "power", "quarter")).sum(),
        )
        total = 0.0
        for name, market, book in zip(("servers", "halls"), (servers, halls), books, strict=True):
            value = self.model.add_variables(lower=0.0, name=f"end value of {name}")
            self.model.add_constraints(1.0 * value - market <= 0.0, name=f"market of {name}")
            self.model.add_constraints(1.0 * value - at_end.values[-1] * book <= 0.0, name=f"book of {name}")
            total = total + 1.0 * value
        return total

    def shields(self):
        """Tax saved by writing off what was ordered, from the quarter of its delivery."""
        m, last = self.m, self.m.times.count - 1
        built = np.array(
            [m.taxes.building_shield[np.minimum(self.quarter + lead, last)] for lead in m.power.lead_quarters]
        )
        bought = np.array(
            [m.taxes.server_shield[np.minimum(self.quarter + lead, last)] for lead in m.offers.lead_quarters]
        )
        price = self.data(m.offers.price, "offer", "destination", "quarter")
        halls = self.data(built * m.power.price, "power", "quarter")
        owned = (self.b * halls).sum() + (self.x * (self.data(bought, "offer", "quarter") * price)).sum()
        return owned + plant_shields(self)
