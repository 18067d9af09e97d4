"""What a case declares at the places that a process moves: values by quarter, units, and rough weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case
from capexpand.case.targets import MovableTarget
from capexpand.case.values import Series
from capexpand.scenarios.entries import Entry, Floats
from capexpand.timevalue import HOURS_PER_QUARTER, QuarterCalendar


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
        values = series.values(calendar)
        if series.currency is None or series.currency == self.case.currency:
            return values
        return values * self.case.exchange_rates[series.currency].values(calendar)

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
        match target.quantity:
            case "exchange_rate":
                return case.exchange_rates[name]
            case "grid":
                return case.sites[name].grid
            case "energy_price":
                return case.sites[name].energy_price
            case "build_cost" | "build_limit":
                build = case.sites[name].build
                return build and (build.cost if target.quantity == "build_cost" else build.limit)
            case "colocation_fee":
                hosted = case.sites[name].colocate
                return hosted and hosted.fee
            case "purchase_price":
                buy = case.offers[name].buy
                return buy and buy.price
            case "lease_fee":
                lease = case.offers[name].lease
                return lease and lease.fee
            case "supply_limit" | "export_fee":
                supply = case.offers[name].supply[target.destination or ""]
                return supply.limit if target.quantity == "supply_limit" else supply.fee
            case "delivery":
                return None
            case "demand" | "price" | "penalty" | "productivity" | "market_share":
                return getattr(case.workloads[name], target.quantity)

    def money_at_stake(self, entry: Entry) -> Floats:
        """Return roughly how much money a quarter depends on an entry [quarter].

        It serves one end: to say which differences between two futures matter when they are condensed. So
        sizes count, not precision: a workload counts with its revenue, a limit and a price of an offer with
        the purchases that the limit allows, a site with the cost of the power that its grid can carry.
        """
        case, window = self.case, max(self.case.programme.window_quarters, 1)
        if entry.name in case.workloads:
            workload = case.workloads[entry.name]
            volume = self.values(workload.demand) * self.values(workload.market_share)
            price = workload.penalty if entry.kind == "base_penalty" else workload.price or workload.penalty
            return np.zeros(self.quarters) if entry.kind == "productivity" else volume * self.values(price)
        budget = np.inf if case.programme.cap is None else case.programme.cap.value / window
        if entry.name in case.offers:
            return np.minimum(self._purchases(entry), budget)
        site = case.sites[entry.name]
        grid = self.values(site.grid)
        if entry.kind == "energy_price":
            return grid * self.values(site.energy_price) * HOURS_PER_QUARTER
        per_mw = self.values(site.build.cost) / 20.0 if site.build else np.zeros(self.quarters)
        hosted = site.colocate
        if hosted is not None and (entry.kind == "colocation_fee" or site.build is None):
            per_mw = self.values(hosted.fee)
        if entry.kind == "grid":
            return grid * per_mw
        return np.minimum(self.values(hosted.limit if hosted else None, np.inf), grid) * per_mw

    def _purchases(self, entry: Entry) -> Floats:
        """What the supply of an offer costs in a quarter; infinite where it has no limit."""
        offer = self.case.offers[entry.name]
        places = [entry.destination] if entry.destination else list(offer.supply)
        units = sum((self.values(offer.supply[place].limit, np.inf) for place in places), np.zeros(1))
        price = self.values(offer.buy.price) if offer.buy else self.values(offer.lease and offer.lease.fee)
        if entry.kind == "lease_fee" and offer.lease:
            price = self.values(offer.lease.fee)
        return units * np.maximum(price, 1e-12)
