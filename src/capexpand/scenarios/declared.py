"""The declared values that processes move: by quarter, with units and rough weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.blended_prices import listed_price
from capexpand.case.currencies import settled_rates
from capexpand.case.schema import Case
from capexpand.case.targets import OF_OFFERS, OF_WORKLOADS, MovableTarget
from capexpand.case.values import Series
from capexpand.scenarios.entries import Entry, Floats
from capexpand.timevalue import HOURS_PER_QUARTER, QuarterCalendar

UNLIMITED_UNITS = 1e4
"""Units hired in a quarter that stand for no limit, where rough sizes count."""


@dataclass(frozen=True, slots=True)
class DeclaredPaths:
    """The series of a case by quarter, in its own currency."""

    case: Case

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        return self.case.calendar.quarters

    def values(self, series: Series | None, otherwise: float = 1.0) -> Floats:
        """Return a series [quarter] in the case's currency, or a constant where it is absent."""
        if series is None:
            return np.full(self.quarters, otherwise)
        calendar = QuarterCalendar(self.case.calendar.start, self.quarters)
        return series.values(calendar) * settled_rates(self.case, series.currency, calendar)

    def target(self, target: MovableTarget) -> Floats:
        """Return what a case declares at a target [quarter], in the case's currency."""
        series = self.series(target)
        if series is None and target.quantity == "export_fee":
            return np.zeros(self.quarters)
        if target.quantity == "exchange_rate" and series is not None:
            return series.values(QuarterCalendar(self.case.calendar.start, self.quarters))
        return self.values(series)

    def unit(self, target: MovableTarget) -> str:
        """Return the unit of ``target``, in the case's currency."""
        series = self.series(target)
        if series is None:
            return "1"
        if target.quantity == "exchange_rate" or series.currency is None:
            return series.unit
        return series.unit.replace(series.currency, self.case.currency)

    def series(self, target: MovableTarget) -> Series | None:
        """Return the series that stands at a target, or None where the case leaves it out."""
        case, name = self.case, target.name
        if target.quantity in ("exchange_rate", "other_revenue", "reference_rate"):
            financing = case.financing
            rates = None if financing is None else financing.reference_rate
            outside = {"other_revenue": case.opening.other_revenue, "reference_rate": rates}
            return outside.get(target.quantity, case.exchange_rates.get(name))
        if target.quantity in OF_WORKLOADS:
            if target.quantity == "price":
                return listed_price(case.workloads[name], case.calendar)
            found: Series | None = getattr(case.workloads[name], target.quantity)
            return found
        if target.quantity in ("hire_fee", "hire_limit"):
            return self._hire(target)
        return self._of_offer(target) if target.quantity in OF_OFFERS else self._of_site(target)

    def _hire(self, target: MovableTarget) -> Series | None:
        cloud, _, way = target.name.partition("/")
        terms = self.case.clouds[cloud].ways[way]
        if target.quantity == "hire_fee":
            return terms.fee
        limit = terms.limit
        if limit is None or isinstance(limit, Series):
            return limit
        return Series(limit.unit, None, limit.written, ((None, limit.value),))

    def _of_site(self, target: MovableTarget) -> Series | None:
        name, _, contract = target.name.partition("/")
        site = self.case.sites[name]
        if target.quantity == "contract_energy_price" and site.energy is not None:
            return site.energy.contracts[contract].price
        parts: dict[str, Series | None] = {"grid": site.grid, "energy_price": site.energy_price}
        if site.build is not None:
            parts |= {"build_cost": site.build.cost, "build_limit": site.build.limit}
        if site.colocate is not None:
            parts |= {"colocation_fee": site.colocate.fee, "colocation_exit_cost": site.colocate.exit_cost}
        return parts.get(target.quantity)

    def _of_offer(self, target: MovableTarget) -> Series | None:
        offer = self.case.offers[target.name]
        parts: dict[str, Series | None] = {}
        if offer.buy is not None:
            parts |= {"purchase_price": offer.buy.price, "resale": offer.buy.resale}
        if offer.lease is not None:
            parts |= {"lease_fee": offer.lease.fee, "exit_cost": offer.lease.exit_cost}
        if target.destination is not None:
            supply = offer.supply[target.destination]
            parts |= {"supply_limit": supply.limit, "export_fee": supply.fee}
        return parts.get(target.quantity)

    def money_at_stake(self, entry: Entry) -> Floats:
        """Return roughly how much money a quarter depends on an entry [quarter].

        It serves one end: to say which differences between two futures matter when they are condensed. So
        sizes count, not precision: a workload counts with its revenue, a limit and a price of an offer with
        the purchases that the limit allows, a site with the cost of the power that its grid can carry.
        """
        case, window = self.case, max(self.case.programme.window_quarters, 1)
        if entry.kind in ("base_demand", "base_price", "base_penalty"):
            workload = case.workloads[entry.name]
            volume = self.values(workload.demand) * self.values(workload.market_share)
            paid = listed_price(workload, case.calendar)
            price = workload.penalty if entry.kind == "base_penalty" else paid or workload.penalty
            return volume * self.values(price)
        budget = np.inf if case.programme.cap is None else case.programme.cap.value / window
        if entry.kind in OF_OFFERS:
            return np.minimum(self._purchases(entry), budget)
        if entry.kind in ("hire_fee", "hire_limit"):
            return self._hired(entry.name)
        if entry.kind in ("unit_exit_cost", "resale_price", "power_exit_cost"):
            return np.zeros(self.quarters)  # small beside prices and fees, which move with them
        # of productivity only products enter the program, and other revenue never does
        if entry.kind in ("productivity", "other_revenue", "exchange_rate", "reference_rate"):
            return np.zeros(self.quarters)
        return self._of_power(entry)

    def _of_power(self, entry: Entry) -> Floats:
        name, _, contract = entry.name.partition("/")
        site = self.case.sites[name]
        grid = self.values(site.grid)
        if entry.kind == "contract_energy_price" and site.energy is not None:
            return grid * self.values(site.energy.contracts[contract].price) * HOURS_PER_QUARTER
        if entry.kind == "energy_price":
            return grid * self.values(site.energy_price) * HOURS_PER_QUARTER
        per_mw = self.values(site.build.cost) / 20.0 if site.build else np.zeros(self.quarters)
        hosted = site.colocate
        if hosted is not None and (entry.kind == "colocation_fee" or site.build is None):
            per_mw = self.values(hosted.fee)
        if entry.kind == "grid":
            return grid * per_mw
        return np.minimum(self.values(hosted.limit if hosted else None, np.inf), grid) * per_mw

    def _hired(self, name: str) -> Floats:
        """What the units of a cloud that may be had cost in a quarter; a hundred where there is no limit."""
        cloud, _, way = name.partition("/")
        terms = self.case.clouds[cloud].ways[way]
        limit = terms.limit
        units = self.values(limit) if isinstance(limit, Series) else 100.0 if limit is None else limit.value
        return self.values(terms.fee) * np.minimum(units, UNLIMITED_UNITS)

    def _purchases(self, entry: Entry) -> Floats:
        """What the supply of an offer costs in a quarter; infinite where it has no limit."""
        offer = self.case.offers[entry.name]
        places = [entry.destination] if entry.destination else list(offer.supply)
        units = sum((self.values(offer.supply[place].limit, np.inf) for place in places), np.zeros(1))
        fee = offer.lease.fee if offer.lease else None
        price = self.values(offer.buy.price if offer.buy and entry.kind != "lease_fee" else fee)
        return units * np.maximum(price, 1e-12)
