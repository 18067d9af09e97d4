"""A plan that nothing can change meets reality: its orders are cut back where they cannot be had, no more.

Orders are cut in proportion, all that share a limit by the same factor: supply and stock by offer, power by
option and by site's grid, and all of a quarter by one factor where money would not reach. What arrives is
placed at the sites, retired and handed back in the plan's own proportions; only operation follows reality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.finance.energy import plant_purchases
from capexpand.finance.schedule import delivered
from capexpand.model.ages import standing
from capexpand.model.blocks import Floats
from capexpand.model.data import Integers, ModelData
from capexpand.model.leases import capital_equivalents
from capexpand.optimiser.plan import Plan
from capexpand.policy.accounts import Bookkeeper, Books, Done, read_done
from capexpand.policy.operation import Operation
from capexpand.policy.stage_numbers import StageNumbers

_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class FixedPlan:
    """The orders that a plan keeps to in every future."""

    power_ordered: Floats  # [power option, quarter] MW
    power_returned: Floats  # [power option, quarter] share of what is past its term
    ordered: Floats  # [offer option, destination, quarter] units
    placed: Floats  # [site, offer option, quarter] share of what arrives at the site's destination
    kept: Floats  # [site, offer option, quarter] share of what could stand that does
    resold: Floats  # [site, offer option, quarter] share of what could stand that is sold
    hire_signed: Floats  # [hire option, quarter] units reserved from clouds
    energy_signed: Floats  # [contract, quarter] MW of energy signed for
    signed: Floats  # [contract] part that is signed of contracts with customers

    @staticmethod
    def of(plan: Plan) -> FixedPlan:
        """Returns what there is to keep to in a plan."""
        return FixedPlan.of_amounts(
            plan.data,
            power_ordered=plan.power_ordered_mw,
            power_returned=plan.power_returned_mw,
            ordered=plan.ordered,
            placed=plan.placed,
            installed=plan.installed,
            returned=plan.returned,
            hire_signed=plan.hire_signed,
            energy_signed=np.zeros((0, 0)) if plan.energy is None else plan.energy.signed,
            signed=np.zeros(0) if plan.signed is None else plan.signed,
        )

    @staticmethod
    def of_amounts(
        m: ModelData,
        *,
        power_ordered: Floats,
        power_returned: Floats,
        ordered: Floats,
        placed: Floats,
        installed: Floats,
        returned: Floats,
        hire_signed: Floats,
        energy_signed: Floats,
        signed: Floats,
    ) -> FixedPlan:
        """Returns what there is to keep to in amounts that are named as in ``Plan``."""
        before = np.concatenate((m.opening.installed[:, :, None], installed[:, :, :-1]), axis=2)
        could = before * (1.0 - m.offers.attrition)[None, :, None] + placed
        kept = np.divide(installed, could, out=np.ones_like(could), where=could > _NOTHING)
        sold = np.where(m.offers.owned[None, :, None], returned, 0.0)
        resold = np.divide(sold, could, out=np.zeros_like(could), where=could > _NOTHING)
        arriving = np.zeros((len(m.destinations), *placed.shape[1:]))
        np.add.at(arriving, m.sites.destination, placed)
        total = arriving[m.sites.destination]
        alike = np.bincount(m.sites.destination, minlength=len(m.destinations))[m.sites.destination]
        evenly = np.broadcast_to(1.0 / alike[:, None, None], total.shape).copy()
        return FixedPlan(
            power_ordered=np.maximum(power_ordered, 0.0),  # rounding may leave less than nothing
            power_returned=_returned_share(m, power_ordered, power_returned),
            ordered=np.maximum(ordered, 0.0),
            placed=np.divide(placed, total, out=evenly, where=total > _NOTHING),
            kept=np.clip(kept, 0.0, 1.0),
            resold=np.clip(resold, 0.0, 1.0),
            hire_signed=np.maximum(hire_signed, 0.0),
            energy_signed=np.maximum(energy_signed, 0.0),
            signed=np.clip(signed, 0.0, 1.0),
        )


def _by_group(values: Floats, group: Integers, count: int) -> Floats:
    """Sums the last axis by group."""
    member = (group[:, None] == np.arange(count)).astype(np.float64)
    return np.asarray(values @ member, dtype=np.float64)


def _returned_share(m: ModelData, ordered: Floats, returned: Floats) -> Floats:
    """Rented power handed back as a share of what is past its term [power option, quarter]."""
    free = np.where(m.power.owned, 0.0, m.opening.power_mw)
    shares = np.zeros_like(returned)
    for t in range(m.times.count):
        for o in np.flatnonzero(~m.power.owned):
            came = t - int(m.power.lead_quarters[o] + m.power.term_quarters[o])
            free[o] += ordered[o, came] if came >= 0 else 0.0
        back = returned[:, t]
        shares[:, t] = np.divide(back, free, out=np.zeros_like(back), where=free > _NOTHING)
        free = np.maximum(free - back, 0.0)
    return np.clip(shares, 0.0, 1.0)


class FixedPlans:
    """Follows fixed plans through scenarios.

    Args:
        m: the compiled case as the policy sees it.
        stages: the numbers of each quarter.
        compiled: whether operation is left to the compiled stage solver, which pays for many scenarios.
    """

    def __init__(self, m: ModelData, stages: Sequence[StageNumbers], *, compiled: bool = False) -> None:
        self._m = m
        self._stages = stages
        self._keepers = [Bookkeeper(m, numbers) for numbers in stages]
        self._operations = [Operation(numbers, compiled=compiled) for numbers in stages]

    def follow(self, plan: FixedPlan, factors: Floats) -> Books:
        """Returns the books of a plan.

        Args:
            plan: what is kept to.
            factors: [quarter, entry, scenario].
        """
        count = factors.shape[2]
        books = Books.of(self._m, count)
        position = _Position(self._m, count)
        hire, energy = self._m.hire, self._m.energy
        reserved = None if hire is None else hire.active(plan.hire_signed)
        contracted = None if energy is None else energy.active(plan.energy_signed)
        for t, (keeper, operation) in enumerate(zip(self._keepers, self._operations, strict=True)):
            operation.forget()
            self._quarter(t, plan, position, factors[t], keeper)
            columns = operation.operate(
                factors[t],
                position.power,
                position.installed.reshape(count, -1),
                None if reserved is None else reserved[:, t],
                None if contracted is None else contracted[:, t],
                settling=position.settling(t),
                signed=plan.signed,
            )
            stage = self._stages[t].built.stage
            served = read_done(columns, stage)
            done = Done(
                power_ordered=position.power_ordered[t],
                power_returned=position.power_back,
                power=position.power,
                ordered=position.ordered[t].reshape(count, -1),
                returned=position.returned.reshape(count, -1),
                installed=position.installed.reshape(count, -1),
                running=served.running,
                sold=served.sold,
                unmet=served.unmet,
                paid=position.payments[:, [t]],
                shortfall=self._shortfall(t, position),
                lacking=self._lacking(t, position, factors[t]),
                energy_signed=_in_all(plan.energy_signed, t, count),
                energy_used=served.energy_used,
                energy_surplus=served.energy_surplus,
                grid_energy=served.grid_energy,
                power_free=position.power_free,
                units_free=position.units_free.reshape(count, -1),
                power_not_taken=position.power_not_taken(t),
                units_not_taken=position.units_not_taken(t),
                hire_signed=_in_all(plan.hire_signed, t, count),
                hired=served.hired,
                worn=position.worn(t).reshape(count, -1),
                signed=_signed(self._m, plan.signed, t, count),
            )
            keeper.write(books, np.arange(count), done, factors[t])
        return books

    def _shortfall(self, t: int, position: _Position) -> Floats:
        m = self._m
        first, last = m.times.window
        if t != last - 1 or m.budget.floor <= 0:
            return np.zeros((len(position.payments), 1))
        counted = position.payments + position.leases  # leases count where the cap counts them
        spent = counted[:, first:last].sum(axis=1, keepdims=True)
        return np.maximum(m.budget.floor - spent, 0.0)

    def _lacking(self, t: int, position: _Position, factors: Floats) -> Floats:
        """Units less than by contract, of those who are bound by contracts."""
        least = self._stages[t].order_limits(factors).least
        ordered = _by_group(position.ordered[t].transpose(0, 2, 1), self._m.offers.product, least.shape[1])
        wanted = least if self._m.offers.contract_penalty is not None else np.zeros_like(least)
        return np.maximum(wanted - ordered.transpose(0, 2, 1), 0.0).reshape(len(least), -1)

    def _quarter(
        self, t: int, plan: FixedPlan, position: _Position, factors: Floats, keeper: Bookkeeper
    ) -> None:
        """Orders, receives, places and hands back."""
        m = self._m
        limits = self._stages[t].order_limits(factors)
        power_price, unit_price = keeper.prices(factors)
        count = factors.shape[1]
        b = np.minimum(np.nan_to_num(plan.power_ordered[:, t])[None, :], limits.power)
        x = np.broadcast_to(np.nan_to_num(plan.ordered[:, :, t]), (count, *plan.ordered.shape[:2]))
        x = x * _shares(m, x, limits.supply, position.stock)
        b = b * position.grid_share(t, b, _relief(m, plan.energy_signed, t))[:, m.power.site]
        counted = _counted(m, t, b, x)
        position.payments += _plant_bills(m, plan.energy_signed, t)
        share = position.money_share(t, b * power_price, x.reshape(count, -1) * unit_price, counted)
        b, x = b * share[:, None], x * share[:, None, None]
        position.order(t, b, x, b * power_price, x.reshape(count, -1) * unit_price)
        position.leases[:, t] += counted * share
        position.receive(t, plan, limits.released)


def _in_all(signed: Floats, t: int, count: int) -> Floats:
    """What a plan signs for in a quarter, the same in all scenarios [scenario, option]."""
    return np.tile(signed[:, t], (count, 1)) if signed.size else np.zeros((count, 0))


def _signed(m: ModelData, signed: Floats, t: int, count: int) -> Floats:
    """The part of each contract that was on offer and is signed by a quarter [scenario, contract]."""
    c = m.contracts
    if c is None:
        return np.zeros((count, 0))
    return np.tile(np.where(c.offered & (c.signing <= t), signed, 0.0), (count, 1))


def _plant_bills(m: ModelData, signed: Floats, t: int) -> Floats:
    """What generators and storage bought in a quarter cost, which are paid before all else [quarter]."""
    now = np.where(np.arange(m.times.count) == t, signed, 0.0) if signed.size else signed
    return np.asarray(plant_purchases(m, now).payments.sum(axis=0))


def _relief(m: ModelData, signed: Floats, t: int) -> Floats:
    """What generators signed for by a quarter add to what commitments may count on [site, quarter]."""
    result = np.zeros((len(m.sites.names), m.times.count))
    if m.energy is not None:
        known = np.where(np.arange(m.times.count) <= t, signed, 0.0)
        ever = np.cumsum(delivered(known, m.energy.lead_quarters), axis=1)
        np.add.at(result, m.energy.site, m.energy.relief_mw()[:, None] * ever)
    return result


def _counted(m: ModelData, t: int, b: Floats, x: Floats) -> Floats:
    """What leases signed in a quarter count for within the cap [scenario]."""
    first, last = m.times.window
    if m.lease_terms is None or not m.lease_terms.within_cap or not first <= t < last:
        return np.zeros(len(b))
    power, units = capital_equivalents(m, t)
    return np.asarray(b @ power + x.sum(axis=2) @ units)


def _shares(m: ModelData, x: Floats, supply: Floats, stock: Floats) -> Floats:
    """Share of each order that can be had; bought and leased units share limits."""
    wanted = np.zeros((len(x), *supply.shape[1:]))
    wanted += _by_group(x.transpose(0, 2, 1), m.offers.product, supply.shape[1]).transpose(0, 2, 1)
    share = np.minimum(np.divide(supply, wanted, out=np.ones_like(wanted), where=wanted > supply), 1.0)
    total = (wanted * share).sum(axis=2)
    left = np.minimum(np.divide(stock, total, out=np.ones_like(total), where=total > stock), 1.0)
    return (share * left[:, :, None])[:, m.offers.product]


class _Position:
    """Where a plan stands in many scenarios while it is followed."""

    def __init__(self, m: ModelData, count: int) -> None:
        self._m = m
        quarters, options = m.times.count, len(m.power.names)
        offers, places = len(m.offers.names), len(m.destinations)
        self.power = np.tile(m.opening.power_mw, (count, 1))
        self.power_free = np.where(m.power.owned, 0.0, self.power)
        self.power_back = np.zeros((count, options))
        self.installed = np.tile(m.opening.installed, (count, 1, 1))
        self.returned = np.zeros_like(self.installed)
        self.units_free = np.zeros((count, offers, places))
        leased = np.where(m.offers.owned, 0.0, m.opening.installed)
        self.units_free += _by_group(leased.T, m.sites.destination, places)[None]
        self.waiting = np.zeros_like(self.units_free)  # due, and held back
        self.placed: list[Floats] = []  # of each quarter
        self._young = standing(m)[1] if m.offers.wear is not None else None
        self.stock = np.tile(m.offers.stock, (count, 1))
        self.payments = np.zeros((count, quarters))
        self.leases = np.zeros((count, quarters))  # counted within the cap
        self.power_ordered = np.zeros((quarters, count, options))
        self.ordered = np.zeros((quarters, count, offers, places))

    def settling(self, t: int) -> Floats | None:
        """Units not in use yet, of those that came lately [scenario, site and offer option]."""
        shares = self._m.offers.settling
        if shares is None:
            return None
        waits = np.zeros_like(self.installed)
        for age in range(min(shares.shape[1], t + 1)):
            waits += shares[:, age] * self.placed[t - age]
        return waits.reshape(len(waits), -1)

    def worn(self, t: int) -> Floats:
        """Units that stand at the age of wear or beyond [scenario, offer option, destination]."""
        m, wear = self._m, self._m.offers.wear
        if wear is None or self._young is None:
            return np.zeros_like(self.units_free)
        standing_units = _by_group(
            self.installed.transpose(0, 2, 1), m.sites.destination, self.units_free.shape[2]
        )
        young = _by_group(m.opening.installed.T, m.sites.destination, self.units_free.shape[2])
        young = np.tile(young * self._young[:, [t + 1]], (len(self.installed), 1, 1))
        for k in np.flatnonzero(m.wearing):
            kept = 1.0 - m.offers.attrition[k]
            for age in range(min(int(wear.after_quarters[k]), t + 1)):
                ordered = t - age - int(m.offers.lead_quarters[k])
                came = np.tile(m.opening.units_due[k, :, t - age], (len(young), 1))
                if ordered >= 0:
                    came = came + self.ordered[ordered][:, k]
                young[:, k] += kept**age * came
        return np.where(m.wearing[None, :, None], np.maximum(standing_units - young, 0.0), 0.0)

    def power_not_taken(self, t: int) -> Floats:
        """Rented power that is paid for and not held [scenario, power option]."""
        terms = self._m.lease_terms
        if terms is None:
            return np.zeros((len(self.power), 0))
        return np.maximum(terms.power.least[:, t] - self.power, 0.0)

    def units_not_taken(self, t: int) -> Floats:
        """Leased units that are paid for and not held [scenario, offer option]."""
        terms = self._m.lease_terms
        if terms is None:
            return np.zeros((len(self.power), 0))
        return np.maximum(terms.units.least[:, t] - self.installed.sum(axis=1), 0.0)

    def grid_share(self, t: int, b: Floats, relief: Floats) -> Floats:
        """Share of the power ordered that the grid can carry, when it comes and later [scenario, site]."""
        m = self._m
        wanted = np.zeros((len(b), len(m.sites.names)))
        wanted += _by_group(b, m.power.site, len(m.sites.names))
        share = np.ones_like(wanted)
        soonest = int(m.power.lead_quarters.min(initial=0))
        for theta in range(
            t + soonest, min(t + int(m.power.lead_quarters.max(initial=0)) + 1, m.times.count)
        ):
            bound = self.power - self.power_free + m.opening.power_due_mw[:, t : theta + 1].sum(axis=1)
            bound = bound + self._underway(t, theta)
            over = ~m.power.owned & (m.power.lead_quarters + m.power.term_quarters <= theta - t)
            coming = np.where((m.power.lead_quarters <= theta - t) & ~over, b, 0.0)
            standing, arriving = np.zeros_like(wanted), np.zeros_like(wanted)
            standing += _by_group(bound, m.power.site, len(m.sites.names))
            arriving += _by_group(coming, m.power.site, len(m.sites.names))
            room = np.maximum(
                (m.sites.committed_grid_mw + relief)[:, theta] / m.sites.power_usage_effectiveness - standing,
                0.0,
            )
            tight = arriving > room + _NOTHING
            share = np.minimum(share, np.divide(room, arriving, out=np.ones_like(room), where=tight))
        return share

    def _underway(self, t: int, theta: int) -> Floats:
        """What earlier orders add by a quarter to what stands, less what of it can go back by then."""
        m = self._m
        total = np.zeros_like(self.power)
        for o, (lead, term) in enumerate(zip(m.power.lead_quarters, m.power.term_quarters, strict=True)):
            owned = bool(m.power.owned[o])
            for placed in range(max(t - int(lead) - (0 if owned else int(term)), 0), t):
                arrives, over = placed + lead, placed + lead + term
                due = arrives >= t and arrives <= theta
                back = not owned and t <= over <= theta
                total[:, o] += (float(due) - float(back)) * self.power_ordered[placed][:, o]
        return total

    def money_share(self, t: int, halls: Floats, units: Floats, leases: Floats) -> Floats:
        """Share of the orders of a quarter whose deposits and instalments fit the budgets [scenario]."""
        m = self._m
        adds = self._instalments(t, halls, units)
        first, last = m.times.window
        share = np.ones(len(halls))
        growth = m.budget.renewal_growth if m.budget.growing else None
        growth = np.zeros(m.times.count) if growth is None else growth
        for theta in range(t, m.times.count):
            inside = first <= theta < last
            limit = m.budget.cap[theta] if inside else m.budget.renewal[theta]
            if not np.isfinite(limit):
                continue
            span = slice(first, theta + 1) if inside else slice(theta, theta + 1)
            had, new = self.payments[:, span].sum(axis=1), adds[:, span].sum(axis=1)
            if inside:
                had, new = had + self.leases[:, span].sum(axis=1), new + leases
            if not inside and growth[theta] > 0.0:
                until = slice(first, min(t + 1, last))
                had = had - growth[theta] * self.payments[:, until].sum(axis=1)
                new = new - growth[theta] * adds[:, t] * (first <= t < last)
            room = np.maximum(limit - had, 0.0)
            tight = new > room + _NOTHING
            share = np.minimum(share, np.divide(room, new, out=np.ones_like(room), where=tight))
        return share

    def _instalments(self, t: int, halls: Floats, units: Floats) -> Floats:
        """What orders of a quarter cost in each quarter [scenario, quarter]."""
        m = self._m
        result = np.zeros_like(self.payments)
        by_option = units.reshape(len(units), len(m.offers.names), -1).sum(axis=2)
        for prices, leads, deposits in (
            (halls, m.power.lead_quarters, m.power.deposit_fraction),
            (by_option, m.offers.lead_quarters, m.offers.deposit_fraction),
        ):
            now = np.where(leads == 0, 1.0, deposits)
            result[:, t] += prices @ now
            for place, lead in enumerate(leads):
                if lead > 0 and t + lead < m.times.count:
                    result[:, t + lead] += prices[:, place] * (1.0 - now[place])
        return result

    def order(self, t: int, b: Floats, x: Floats, halls: Floats, units: Floats) -> None:
        """Places the orders of a quarter."""
        self.power_ordered[t], self.ordered[t] = b, x
        self.payments += self._instalments(t, halls, units)
        taken = np.zeros_like(self.stock)
        taken += _by_group(x.sum(axis=2), self._m.offers.product, taken.shape[1])
        self.stock = np.maximum(self.stock - taken, 0.0)

    def receive(self, t: int, plan: FixedPlan, released: Floats) -> None:
        """Receives what is due in a quarter, places it, and hands back what is past its term."""
        m = self._m
        for o, (lead, term) in enumerate(zip(m.power.lead_quarters, m.power.term_quarters, strict=True)):
            self.power[:, o] += m.opening.power_due_mw[o, t]
            if t >= lead:
                self.power[:, o] += self.power_ordered[t - lead][:, o]
            if not m.power.owned[o] and t >= lead + term:
                self.power_free[:, o] += self.power_ordered[t - lead - term][:, o]
        self.power_back = plan.power_returned[None, :, t] * self.power_free
        self.power = self.power - self.power_back
        self.power_free = self.power_free - self.power_back
        arriving = np.tile(m.opening.units_due[:, :, t], (len(self.power), 1, 1))
        for k, (lead, term) in enumerate(zip(m.offers.lead_quarters, m.offers.term_quarters, strict=True)):
            if t >= lead:
                arriving[:, k] += self.ordered[t - lead][:, k]
            if not m.offers.owned[k] and t >= lead + term:
                self.units_free[:, k] += self.ordered[t - lead - term][:, k]
        arriving = arriving + self.waiting
        self.waiting = arriving * (1.0 - released)
        arriving = arriving - self.waiting
        placed = arriving[:, :, m.sites.destination].transpose(0, 2, 1) * plan.placed[None, :, :, t]
        self.placed.append(placed)
        could = self.installed * (1.0 - m.offers.attrition) + placed
        leased = ~m.offers.owned
        back = np.where(leased, could * (1.0 - plan.kept[None, :, :, t]), 0.0)
        wanted = np.zeros_like(self.units_free)
        wanted += _by_group(back.transpose(0, 2, 1), m.sites.destination, wanted.shape[2])
        tight = wanted > np.maximum(self.units_free, _NOTHING)
        share = np.divide(self.units_free, wanted, out=np.ones_like(wanted), where=tight)
        back = back * np.minimum(share, 1.0)[:, :, m.sites.destination].transpose(0, 2, 1)
        self.returned = np.where(leased, back, could * plan.resold[None, :, :, t])
        self.units_free = np.maximum(self.units_free - wanted * np.minimum(share, 1.0), 0.0)
        self.installed = np.where(leased, could - back, could * plan.kept[None, :, :, t])
