"""Financing in the oracle: debt, cash, tax and covenants by quarter, with labels and from their meaning."""

from __future__ import annotations

import numpy as np
from oracle_energy import plant_flows, plant_worth


def financed_constant(m) -> float:
    """Return what owners bring on the first day: their cash, less debt that stands."""
    f = m.financing
    return float(f.facilities.drawn.sum()) - m.times.discount[0] * f.opening_cash


def financed_objective(o):
    """Add the rows of financing; return dividends less equity, the end, transfer and penalties.

    Args:
        o: the oracle under construction, with all of its operations.
    """
    return _Financed(o).total()


class _Financed:
    """The rows under construction; letters are those of docs/explanation/financing.md."""

    def __init__(self, o) -> None:
        self.o, self.m, self.f = o, o.m, o.m.financing
        self.fac, self.t = self.f.facilities, np.arange(o.m.times.count)
        o.coords["facility"] = list(self.fac.names)
        fac, t = self.fac, self.t
        ends = t <= fac.maturity[:, None]
        draws = (t >= fac.first[:, None]) & (t <= fac.last[:, None]) & (t < fac.maturity[:, None])
        starts = np.where(fac.early | fac.revolving, fac.first, fac.due)[:, None]
        self.signed = o.variable("loan signed", "facility", upper=o.data(fac.amount, "facility"))
        o.require("signed before", self.signed, ">=", o.data(fac.drawn, "facility"))
        self.d = self.over("drawn", draws)
        self.p = self.over("repaid", (t >= starts) & ends)
        self.L = self.over("owed", ends)
        self.x = o.data(fac.exchange, "facility", "quarter")
        self.cash = o.variable("cash", "quarter")
        self.E = o.variable("equity", "quarter", upper=o.data(self.f.equity_limit, "quarter"))
        self.D = o.variable("dividends", "quarter", exists=o.data(t >= self.f.dividends_from, "quarter"))
        self.flows()

    def over(self, name: str, exists):
        return self.o.variable(name, "facility", "quarter", exists=self.o.data(exists, "facility", "quarter"))

    def at(self, expression, t: int):
        return expression.isel(quarter=t, drop=True)

    def flows(self) -> None:
        """EBITDA by quarter, payments, and what is added to the books by quarter."""
        o, m = self.o, self.m
        external = np.array([role == "external" for role in m.workloads.roles])[:, None]
        kept = m.workloads.margin_fraction
        margin = np.where(external, kept, kept - 1.0)
        outside = m.opening.other_revenue - m.opening.other_cost
        self.ebitda = (
            o.model.add_variables(lower=-np.inf, coords=[self.t], dims=["quarter"], name="ebitda") * 1.0
        )
        for t in self.t:
            operations = o.earned(np.eye(len(self.t))[t], margin)
            o.model.add_constraints(self.at(self.ebitda, t) - operations == outside[t], name=f"ebitda {t}")
        price = o.data(m.offers.price, "offer", "destination", "quarter")
        beta = o.data(m.power.price, "power", "quarter")
        bought = (o.x * price).sum("destination")
        now = np.where(m.offers.lead_quarters == 0, 1.0, m.offers.deposit_fraction)
        begun = np.where(m.power.lead_quarters == 0, 1.0, m.power.deposit_fraction)
        built = o.b * beta
        self.by_offer = self.moved(bought, m.offers.lead_quarters, "offer")
        self.bills_by_offer = bought * o.data(now, "offer") + self.by_offer * o.data(1.0 - now, "offer")
        came = self.moved(built, m.power.lead_quarters, "power")
        self.bills = (
            self.bills_by_offer.sum("offer"),
            (built * o.data(begun, "power") + came * o.data(1.0 - begun, "power")).sum("power"),
        )
        for wait, flow in ({} if m.energy is None else plant_flows(o)[0]).items():
            later = flow.shift(quarter=wait).fillna(0.0) if wait else flow
            self.bills = (self.bills[0], self.bills[1] + later)
        lost = m.taxes.value_added_tax if m.taxes.recovery_quarters is None else 0.0
        self.cost = 1.0 + lost
        self.bills = tuple(self.short(f"bills {i}", each) for i, each in enumerate(self.bills))
        both = (self.by_offer.sum("offer") * self.cost, came.sum("power") * self.cost)
        self.lives = (m.taxes.server_life_quarters, m.taxes.building_life_quarters)
        for plant, term in () if m.energy is None else plant_flows(o)[1]:
            both, self.lives = (*both, plant * self.cost), (*self.lives, term)
        self.added = tuple(self.short(f"added {i}", each) for i, each in enumerate(both))

    def short(self, name: str, expression):
        """A variable that stands for a long expression by quarter, so that sums of it stay short."""
        named = self.o.model.add_variables(lower=-np.inf, coords=[self.t], dims=["quarter"], name=name)
        self.o.model.add_constraints(1.0 * named - expression == 0.0, name=name)
        return 1.0 * named

    def moved(self, flow, lead, dim):
        """A flow by the quarter of its arrival; what arrives after the horizon is gone."""
        found = 0.0 * flow
        for wait in np.unique(lead):
            here = self.o.data((lead == wait).astype(float), dim)
            found = found + (flow * here).shift(quarter=int(wait)).fillna(0.0)
        return found

    def book(self, t: int, kinds=None):
        """What the books hold at a quarter's end of what was added since the start."""
        held, kinds = 0.0, range(len(self.lives)) if kinds is None else kinds
        for kind in kinds:
            for s in range(t + 1):
                left = max(0.0, 1.0 - (t - s + 1) / self.lives[kind])
                held = held + left * self.at(self.added[kind], s)
        return held - self.o.leasebacks.left(t) if 0 in kinds else held

    def written(self, t: int):
        found = 0.0
        for kind in range(len(self.lives)):
            for s in range(max(0, t - self.lives[kind] + 1), t + 1):
                found = found + (1.0 / self.lives[kind]) * self.at(self.added[kind], s)
        return found - self.o.leasebacks.spared(np.eye(len(self.t))[t])

    def before(self, t: int):
        """What is owed at a quarter's start [facility]."""
        return (
            self.at(self.L, t - 1)
            if t
            else self.o.data(self.fac.drawn, "facility") + 0.0 * self.at(self.L, 0)
        )

    def lenders(self, t: int):
        """Interest and fees of a quarter, by arithmetic of money owed in the currency of each loan."""
        named = self.o.model.add_variables(lower=-np.inf, name=f"lenders {t}")
        self.o.model.add_constraints(1.0 * named - self.charged(t) == 0.0, name=f"lenders {t}")
        return 1.0 * named

    def charged(self, t: int):
        o, fac = self.o, self.fac
        rate = (1.0 + fac.rate[:, t]) ** (0.125 if t == 0 else 0.25) - 1.0
        x = fac.exchange[:, t]
        interest = (self.before(t) * o.data(rate * x, "facility")).sum()
        used = o.data(fac.drawn * ~fac.revolving, "facility") + self.before(t) * o.data(
            fac.revolving.astype(float), "facility"
        )
        for s in range(t + 1):
            used = used + self.at(self.d, s) * o.data((~fac.revolving).astype(float), "facility")
        fees = ((self.signed - used) * o.data(fac.commitment[:, t] * x, "facility")).sum()
        return interest + fees + (self.at(self.d, t) * o.data(fac.upfront * x, "facility")).sum()

    def total(self):
        o, m, f, fac = self.o, self.m, self.f, self.fac
        tau = m.taxes.rate
        self.loans()
        vat, wait = m.taxes.value_added_tax, m.taxes.recovery_quarters
        taxable = o.variable("taxable", "quarter")
        losses = o.variable("losses", "quarter")
        value, service = 0.0, []
        for t in self.t:
            lenders = self.lenders(t)
            idle = (1.0 + f.cash_rate) ** 0.25 - 1.0 if t else 0.0
            held = self.at(self.cash, t - 1) if t else 0.0 * self.at(self.cash, 0)
            grown = fac.exchange[:, t] - (fac.exchange[:, t - 1] if t else 1.0)
            revalued = (self.before(t) * o.data(grown, "facility")).sum()
            profit = self.at(self.ebitda, t) - self.written(t) - lenders - revalued + idle * held
            now = np.eye(len(self.t))[t]
            sold, gave = o.leasebacks.proceeds(now), o.leasebacks.books(now)
            carried = self.at(losses, t) - (self.at(losses, t - 1) if t else 0.0)
            o.model.add_constraints(
                profit + sold - gave - self.at(taxable, t) + carried == m.opening.depreciation[t],
                name=f"tax {t}",
            )
            paid = self.at(self.bills[0], t) + self.at(self.bills[1], t)
            back = 0.0
            if wait is not None and t >= wait:
                back = vat * (self.at(self.bills[0], t - wait) + self.at(self.bills[1], t - wait))
            prepaid = 0.0 if o.signed is None else o.prepaid(np.eye(len(self.t))[t])
            x = o.data(fac.exchange[:, t], "facility")
            change = (
                self.at(self.ebitda, t) - tau * self.at(taxable, t) - (1.0 + vat) * paid + back + prepaid
                + sold - lenders + ((self.at(self.d, t) - self.at(self.p, t)) * x).sum() + idle * held
                + (1.0 - f.issue_cost) * self.at(self.E, t) - self.at(self.D, t)
            )  # fmt: skip
            begun = f.opening_cash if t == 0 else 0.0
            o.model.add_constraints(
                self.at(self.cash, t) - held - change == begun - m.opening.payments_due[t], name=f"cash {t}"
            )
            service.append(lenders + self.due(t))
            value = value + m.times.discount[t] * (self.at(self.D, t) - self.at(self.E, t))
        o.require("minimum cash", self.cash, ">=", o.data(f.minimum_cash, "quarter"))
        if np.isfinite(f.equity_total):
            o.model.add_constraints(self.E.sum() <= f.equity_total, name="equity in all")
        self.covenants(service)
        return value + m.times.discount_end * self.end(taxable, losses) + self.beside()

    def end(self, taxable, losses):
        """What is left to owners at the horizon's end."""
        o, m, f, fac, last = self.o, self.m, self.f, self.fac, len(self.t) - 1
        worth = o.end_value(o.data(np.where(self.t == last, 1.0, 0.0), "quarter"))
        if m.energy is not None:
            worth = worth + plant_worth(o)
        half = (1.0 + fac.rate[:, -1]) ** 0.125 - 1.0
        x = fac.exchange[:, -1]
        accrued = (self.at(self.L, last) * o.data(half * x, "facility")).sum()
        owed = (self.at(self.L, last) * o.data(x, "facility")).sum()
        earned = ((1.0 + f.cash_rate) ** 0.125 - 1.0) * self.at(self.cash, last)
        taxed = o.model.add_variables(lower=0.0, name="taxed at the end") * 1.0
        profit = worth - self.book(last) + earned - accrued - self.at(losses, last)
        o.model.add_constraints(profit - taxed <= 0.0, name="tax at the end")
        wait, back = m.taxes.recovery_quarters, 0.0
        if wait is not None:
            for t in range(max(0, last + 1 - wait), last + 1):
                both = self.at(self.bills[0], t) + self.at(self.bills[1], t)
                back = back + m.taxes.value_added_tax * both
        return worth + back + self.at(self.cash, last) + earned - owed - accrued - m.taxes.rate * taxed

    def beside(self):
        """Transfer value of internal use after tax, less penalties."""
        o, m = self.o, self.m
        internal = self.o.data([role == "internal" for role in m.workloads.roles], "workload")
        phi = o.data(m.workloads.productivity, "workload", "quarter")
        price = o.data(m.workloads.price, "workload", "tranche", "quarter")
        disc = o.data(m.times.discount, "quarter")
        used = (o.z * (price * phi * disc * internal.astype(float))).sum()
        return (1.0 - m.taxes.rate) * used - o.penalties()

    def due(self, t: int):
        """Repayments by plan, but for bullets and lines."""
        fac, found = self.fac, 0.0 * self.at(self.cash, 0)
        for i, name in enumerate(fac.names):
            if fac.revolving[i]:
                continue
            now = 1.0 if np.isnan(fac.owed[i, t]) else fac.owed[i, t]
            then = 1.0 if t == 0 or np.isnan(fac.owed[i, t - 1]) else fac.owed[i, t - 1]
            fall = max(0.0, then - now)
            if fall < 0.999:
                drawn = self.d.sel(facility=name, drop=True).sum("quarter") + fac.drawn[i]
                found = found + fall * fac.exchange[i, t] * drawn
        return found

    def loans(self) -> None:
        """What is owed, and within which limits."""
        o, fac = self.o, self.fac
        for t in self.t:
            change = self.at(self.L, t) - self.before(t) - self.at(self.d, t) + self.at(self.p, t)
            o.require(f"debt {t}", change, "==", 0.0, o.data(t <= fac.maturity, "facility"))
        for i, name in enumerate(fac.names):
            pick = {"facility": name, "drop": True}
            d, owed, p = self.d.sel(**pick), self.L.sel(**pick), self.p.sel(**pick)
            drawn, signed = d.sum("quarter") + fac.drawn[i], self.signed.sel(**pick)
            x = fac.exchange[i]
            if not fac.revolving[i]:
                o.model.add_constraints(drawn - signed <= 0.0, name=f"within {name}")
            for t in self.t:
                rho = fac.owed[i, t]
                if fac.revolving[i] and t <= fac.maturity[i]:
                    o.model.add_constraints(self.at(owed, t) - signed <= 0.0, name=f"within {name} {t}")
                if not np.isnan(rho) and t <= fac.maturity[i]:
                    planned = self.at(owed, t) - float(rho) * drawn
                    rows = planned <= 0.0 if fac.early[i] else planned == 0.0
                    o.model.add_constraints(rows, name=f"plan of {name} {t}")
                if np.isfinite(fac.share_of_book[i]) and t <= fac.maturity[i]:
                    counted = (fac.servers[i], *(len(self.lives) - 1) * [fac.halls[i]])
                    kinds = [k for k, counts in enumerate(counted) if counts]
                    limit = fac.share_of_book[i] * self.book(t, kinds)
                    o.model.add_constraints(
                        x[t] * self.at(owed, t) - limit <= 0.0, name=f"book of {name} {t}"
                    )
                if (
                    np.isfinite(fac.share_of_cost[i])
                    and fac.first[i] <= t <= fac.last[i]
                    and t < fac.maturity[i]
                ):
                    lent, bills = 0.0, 0.0
                    for s in range(int(fac.first[i]), t + 1):
                        lent = lent + x[s] * self.at(d, s)
                        if fac.servers[i]:
                            counts = o.data(fac.offers[i].astype(float), "offer")
                            bills = bills + (self.at(self.bills_by_offer, s) * counts).sum("offer")
                        if fac.halls[i]:
                            bills = bills + self.at(self.bills[1], s)
                    o.model.add_constraints(
                        lent - fac.share_of_cost[i] * bills <= 0.0, name=f"cost {name} {t}"
                    )
                if fac.on_contracts is not None and fac.on_contracts[i] and t <= fac.maturity[i]:
                    most = 0.0
                    for c, offered in enumerate(o.m.contracts.offered):
                        name_of = o.m.workloads.names[o.m.contracts.workload[c]]
                        part = o.signed.sel(signing=name_of, drop=True) if offered else 1.0
                        most = most + part * float(fac.backlog[i, c, t])
                    o.model.add_constraints(
                        x[t] * self.at(owed, t) - most <= 0.0, name=f"backlog of {name} {t}"
                    )
                share = fac.sweep[i]
                if share > 0.0 and t < fac.maturity[i]:
                    now = 1.0 if np.isnan(rho) else float(rho)
                    then = 1.0 if t == 0 or np.isnan(fac.owed[i, t - 1]) else float(fac.owed[i, t - 1])
                    early = x[t] * (self.at(p, t) - max(0.0, then - now) * drawn)
                    o.model.add_constraints(
                        share * self.at(self.D, t) - (1.0 - share) * early <= 0.0, name=f"sweep {name} {t}"
                    )

    def covenants(self, service) -> None:
        """Limits on ratios, each multiplied out."""
        o, m, fac, tests = self.o, self.m, self.fac, self.f.covenants
        standing = m.opening.depreciation.sum() - np.cumsum(m.opening.depreciation)
        paid = 0.0
        for t in self.t:
            debt = (self.at(self.L, t) * o.data(fac.exchange[:, t], "facility")).sum()
            paid = paid + self.at(self.bills[0], t) + self.at(self.bills[1], t)

            def recent(test, of, t=t):
                past = [of(s) for s in range(max(0, t - test.quarters + 1), t + 1)]
                return sum(past[1:], start=past[0]), len(past)

            def kept(test, t=t):
                return test is not None and test.hard and t >= test.first

            if kept(tests.cover):
                owed, _ = recent(tests.cover, lambda s: service[s])
                earned, _ = recent(tests.cover, lambda s: self.at(self.ebitda, s))
                o.model.add_constraints(tests.cover.limit * owed - earned <= 0.0, name=f"cover {t}")
            if kept(tests.leverage):
                earned, count = recent(tests.leverage, lambda s: self.at(self.ebitda, s))
                rows = debt - (tests.leverage.limit * 4.0 / count) * earned <= 0.0
                o.model.add_constraints(rows, name=f"leverage {t}")
            if kept(tests.loan_to_value):
                # books, and what is paid for and not delivered: all that was paid, less what was written off
                written = sum((self.written(s) for s in range(1, t + 1)), start=self.written(0))
                value = (
                    self.cost * paid
                    - written
                    - sum(
                        (o.leasebacks.books(np.eye(len(self.t))[s]) for s in range(1, t + 1)),
                        start=o.leasebacks.books(np.eye(len(self.t))[0]),
                    )
                )
                rows = debt - tests.loan_to_value.limit * value <= tests.loan_to_value.limit * standing[t]
                o.model.add_constraints(rows, name=f"loan to value {t}")
            if kept(tests.liquidity):
                line = (fac.revolving & (t < fac.maturity)) * fac.exchange[:, t]
                offered = ((self.signed - self.at(self.L, t)) * o.data(line, "facility")).sum()
                rows = self.at(self.cash, t) + offered >= tests.liquidity.limit
                o.model.add_constraints(rows, name=f"liquidity {t}")
