"""The naive plan: the budget spent evenly, in equal parts on every offer, with the power that they need.

Operation, and renewal after the window, are optimised as in any plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Floats, ModelData


@dataclass(frozen=True, slots=True)
class Commitments:
    """Orders that are given and not chosen; NaN where the program still chooses."""

    power_ordered_mw: Floats  # [power option, quarter]
    ordered: Floats  # [offer option, destination, quarter] units


def naive_commitments(m: ModelData, fraction: float = 1.0, *, mix: Floats | None = None) -> Commitments:
    """Returns the orders of the naive plan.

    Args:
        fraction: of the budget that is spent; a programme that is too large looks worse at an even pace than
            the pace deserves.
        mix: [offer] shares of the money, as ``standing_mix`` gives them; equal ones if absent. Money that
            none of them can take is shared equally among the others.

    Returns:
        What is ordered, as follows.

    What is left of the budget is spread evenly over the quarters that are left of the window, as the price
    of what is delivered in each. The money of a quarter is shared equally among the offers that can be
    delivered, and within an offer among its destinations. Units go where power stands idle at the start, and
    otherwise come with new power, built at the sites of their destination in proportion to the room that the
    grids leave, ordered so as to arrive together. What reaches a limit of supply, stock or grid stays there,
    and the others share the rest. Where sizes are whole, each order is rounded down.
    """
    first, last = m.times.window
    desk = _Desk(m, np.zeros(len(m.offers.products)) if mix is None else mix)
    desk.left *= fraction
    for t in range(first, last):
        desk.deliver(t, desk.left / (last - t))
    if not m.whole_sizes:
        return Commitments(desk.power, desk.units)
    return Commitments(
        _rounded_down(desk.power, m.power.hall_mw[:, None]),
        _rounded_down(desk.units, m.offers.lot[:, None, None]),
    )


def standing_mix(m: ModelData) -> Floats | None:
    """Returns the shares of the offers in what stands at the start, by what it would cost new [offer].

    Only what can be bought in the window counts. None where nothing of it stands.
    """
    here = slice(*m.times.window)
    there = m.offers.orderable[:, :, here] & m.offers.owned[:, None, None]
    prices = np.where(there, m.offers.price[:, :, here], np.inf).min(axis=(1, 2), initial=np.inf)
    units = m.opening.installed.sum(axis=0) + m.opening.units_due.sum(axis=(1, 2))
    worth = np.zeros(len(m.offers.products))
    np.add.at(worth, m.offers.product, units * np.where(np.isfinite(prices), prices, 0.0))
    return worth / worth.sum() if worth.sum() > 0.0 else None


@dataclass(frozen=True, slots=True)
class _Bundle:
    """What one unit of money buys of an offer at a destination, delivered in one quarter."""

    option: int
    destination: int
    ordered: int  # quarter in which the units are ordered
    units: float
    megawatts: Floats  # [power option] new power that comes with them
    idle_mw: float  # power standing idle that they take instead
    payments: Floats  # [quarter] cumulative


class _Desk:
    """What is still to be had while the naive plan is written down, delivery by delivery."""

    def __init__(self, m: ModelData, mix: Floats) -> None:
        first, last = m.times.window
        self.m, self.mix = m, mix
        self.power = np.full((len(m.power.names), m.times.count), np.nan)
        self.units = np.full((*m.offers.orderable.shape[:2], m.times.count), np.nan)
        self.power[:, first:last], self.units[:, :, first:last] = 0.0, 0.0
        cap = float(
            np.min(m.budget.cap[first:last], initial=np.inf, where=np.arange(first, last) == last - 1)
        )
        self.left = cap if np.isfinite(cap) else m.budget.floor
        self.allowed = m.budget.cap.copy()
        self.limit = m.offers.limit.copy()
        self.power_limit = np.where(m.power.owned[:, None], m.power.limit_mw, 0.0)
        self.stock = m.offers.stock.copy()
        standing = m.opening.power_mw[:, None] + np.cumsum(m.opening.power_due_mw, axis=1)
        taken = (m.opening.installed @ m.offers.power_kw) / 1000.0
        site_mw = np.zeros((len(m.sites.names), m.times.count))
        np.add.at(site_mw, m.power.site, standing)
        connected = m.sites.committed_grid_mw / m.sites.power_usage_effectiveness[:, None]
        self.room_mw = np.maximum(connected - site_mw, 0.0)  # [site, quarter]
        self.idle_mw = np.zeros((len(m.destinations), m.times.count))
        np.add.at(
            self.idle_mw,
            m.sites.destination,
            np.maximum(np.minimum(site_mw, connected) - taken[:, None], 0.0),
        )

    def deliver(self, t: int, money: float) -> None:
        """Orders what is to be delivered in quarter ``t`` for a sum of money."""
        pairs = [
            (int(k), int(d))
            for k, d in np.argwhere(self.m.offers.owned[:, None] & self.m.offers.orderable.any(axis=2))
        ]
        while money > 1e-9:
            bundles = [bundle for k, d in pairs if (bundle := self._bundle(k, d, t)) is not None]
            if not bundles:
                return
            products = [int(self.m.offers.product[bundle.option]) for bundle in bundles]
            weights = {g: float(self.mix[g]) for g in products}
            if sum(weights.values()) <= 0.0:
                weights = dict.fromkeys(products, 1.0)
            shares = np.array([weights[g] / products.count(g) for g in products]) / sum(weights.values())
            scale = min(money, self._room(bundles, shares, t))
            if scale <= 1e-9 * max(money, 1.0):
                return
            for bundle, share in zip(bundles, shares, strict=True):
                if share > 0.0:
                    self._order(bundle, scale * share, t)
            money -= scale

    def _bundle(self, k: int, d: int, t: int) -> _Bundle | None:
        """What one unit of money buys, or None where there is no supply, no power or no time."""
        m = self.m
        ordered = t - int(m.offers.lead_quarters[k])
        product = m.offers.product[k]
        if ordered < m.times.window[0] or not m.offers.orderable[k, d, ordered]:
            return None
        if min(self.limit[product, d, ordered], self.stock[product]) <= 1e-6:
            return None
        need = m.offers.power_kw[k] / 1000.0
        price = m.offers.price[k, d, ordered]
        mix = np.zeros(len(m.power.names))
        idle = need if self.idle_mw[d, t:].min() > 1e-6 else 0.0
        if idle == 0.0:
            room = self._buildable(d, t)
            if room.sum() <= 1e-6:
                return None
            mix = room / room.sum() * need
        when = np.maximum(t - m.power.lead_quarters, 0)
        power_price = m.power.price[np.arange(mix.size), when]
        units = 1.0 / (price + float(mix @ power_price))
        payments = np.zeros(m.times.count)
        _pay(payments, ordered, t, m.offers.deposit_fraction[k], units * price)
        for o in np.flatnonzero(mix):
            _pay(payments, int(when[o]), t, m.power.deposit_fraction[o], units * mix[o] * power_price[o])
        return _Bundle(k, d, ordered, units, units * mix, units * idle, np.cumsum(payments))

    def _buildable(self, d: int, t: int) -> Floats:
        """MW that can still be built to stand in quarter ``t`` [power option]."""
        m = self.m
        when = t - m.power.lead_quarters
        orderable = self.power_limit[np.arange(when.size), np.maximum(when, 0)]
        site = m.power.site
        reached = (m.sites.destination[site] == d) & (when >= m.times.window[0])
        return np.where(reached, np.minimum(self.room_mw[site, t:].min(axis=1), orderable), 0.0)

    def _room(self, bundles: list[_Bundle], shares: Floats, t: int) -> float:
        """Money that the bundles can take in their shares before one of them is full."""
        m = self.m
        takes: list[tuple[float, float]] = []  # what is left of a thing, and what a unit of money takes of it
        rate = sum(
            (share * bundle.payments for share, bundle in zip(shares, bundles, strict=True)),
            np.zeros(m.times.count),
        )
        takes += list(zip(self.allowed, rate, strict=True))
        by_product, by_site = np.zeros(self.stock.size), np.zeros(len(m.sites.names))
        by_option, by_destination = np.zeros(len(m.power.names)), np.zeros(len(m.destinations))
        for share, bundle in zip(shares, bundles, strict=True):
            product = m.offers.product[bundle.option]
            by_product[product] += share * bundle.units
            by_option += share * bundle.megawatts
            by_destination[bundle.destination] += share * bundle.idle_mw
            takes.append((self.limit[product, bundle.destination, bundle.ordered], share * bundle.units))
        np.add.at(by_site, m.power.site, by_option)
        when = np.maximum(t - m.power.lead_quarters, 0)
        takes += list(zip(self.stock, by_product, strict=True))
        takes += list(zip(self.room_mw[:, t:].min(axis=1), by_site, strict=True))
        takes += list(zip(self.power_limit[np.arange(when.size), when], by_option, strict=True))
        takes += list(zip(self.idle_mw[:, t:].min(axis=1), by_destination, strict=True))
        return max(min((left / take for left, take in takes if take > 0), default=0.0), 0.0)

    def _order(self, bundle: _Bundle, money: float, t: int) -> None:
        m = self.m
        product = m.offers.product[bundle.option]
        self.units[bundle.option, bundle.destination, bundle.ordered] += money * bundle.units
        self.limit[product, bundle.destination, bundle.ordered] -= money * bundle.units
        self.stock[product] -= money * bundle.units
        self.idle_mw[bundle.destination, t:] -= money * bundle.idle_mw
        self.allowed -= money * bundle.payments
        self.left -= money
        for o in np.flatnonzero(bundle.megawatts):
            when = t - int(m.power.lead_quarters[o])
            self.power[o, when] += money * bundle.megawatts[o]
            self.power_limit[o, when] -= money * bundle.megawatts[o]
            self.room_mw[m.power.site[o]] -= money * bundle.megawatts[o]


def _rounded_down(orders: Floats, lot: Floats) -> Floats:
    """Whole lots, where there are lots; what lacks a rounding error to the next lot is that lot."""
    size = np.where(lot > 0, lot, 1.0)
    return np.where(lot > 0, np.floor(orders / size + 1e-9) * size, orders)


def _pay(payments: Floats, ordered: int, delivered: int, deposit: float, price: float) -> None:
    now = 1.0 if ordered == delivered else deposit
    payments[ordered] += now * price
    payments[delivered] += (1.0 - now) * price
