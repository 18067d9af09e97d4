"""The orders of a plan in the programme's window: accelerators, other servers, halls, leases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.schedule import hall_purchases, unit_purchases
from capexpand.model.data import Flags, Floats, Integers, ModelData
from capexpand.optimiser.plan import Plan

NOTHING = 1e-6  # of a server: what a solver's arithmetic leaves
PLAIN = 1e6  # money in plain currency, of millions


@dataclass(frozen=True, slots=True)
class WindowOrders:
    """Orders of the window: money in millions at the full price, power in MW of IT power."""

    accelerator_money: float
    other_server_money: float
    hall_money: float
    accelerators: float
    general_servers: float
    ai_power_mw: float
    other_power_mw: float
    halls_mw: float
    compute_pflops: float | None  # None where a server that is ordered states none
    units: Floats  # [offer] bought
    leased_accelerators: float
    leased_halls_mw: float
    leased_ai_money: float  # fees over the least term
    leased_other_money: float
    leased_hall_money: float
    hall_price: float | None  # money per MW: of the halls ordered, else of those that could be

    @property
    def money(self) -> float:
        """All orders [million]."""
        return self.accelerator_money + self.other_server_money + self.hall_money

    @property
    def ai_part_of_halls(self) -> float:
        """Share of the power of all servers ordered that accelerators take [fraction]; all where none is."""
        power = self.ai_power_mw + self.other_power_mw
        return self.ai_power_mw / power if power > 0.0 else 1.0

    @property
    def ai_money(self) -> float:
        """Accelerators and their part of the halls [million]."""
        return self.accelerator_money + self.ai_part_of_halls * self.hall_money

    @property
    def leased_money(self) -> float:
        """Fees of everything leased, over the least term [million]."""
        return self.leased_ai_money + self.leased_other_money + self.leased_hall_money

    @property
    def ai_leased_money(self) -> float:
        """Fees of leased accelerators and of their part of leased halls [million]."""
        return self.leased_ai_money + self.ai_part_of_halls * self.leased_hall_money

    @property
    def ai_with_halls(self) -> float | None:
        """Accelerators' servers as if all stood in new halls [million]; None without a price of halls."""
        price = self.hall_price
        return None if price is None else self.accelerator_money + self.ai_power_mw * price


def _compute(each: Floats, ordered: Floats, owned: Flags) -> float | None:
    """Operations of all servers ordered [1e15 a second]; None where one of them states none."""
    unknown = (ordered > NOTHING) & (each[owned] <= 0.0)
    return None if unknown.any() else float(ordered @ each[owned])


def window_of(m: ModelData) -> slice:
    """Return the quarters of the programme's window within the horizon."""
    first, last = m.times.window
    return slice(first, min(last, m.times.count))


def window_orders(plan: Plan) -> WindowOrders:
    """Add up what is ordered in the window.

    Args:
        plan: with the programme.
    """
    m, here = plan.data, window_of(plan.data)
    offers, owned = m.offers, m.offers.owned
    each = offers.accelerators[offers.product]
    ordered = plan.ordered[:, :, here].sum(axis=(1, 2))
    money = unit_purchases(m, plan.ordered, offers.price).commitments[:, :, here].sum(axis=(1, 2))
    power = ordered * offers.power_kw / 1000.0
    halls_mw = plan.power_ordered_mw[:, here].sum(axis=1)
    hall_money = float(hall_purchases(m, plan.power_ordered_mw).commitments[:, here].sum())
    unit_fees = fees_of_term(
        plan.ordered.sum(axis=1), offers.running_cost, offers.lead_quarters, offers.term_quarters, here
    )
    hall_fees = fees_of_term(
        plan.power_ordered_mw, m.power.running_cost, m.power.lead_quarters, m.power.term_quarters, here
    )
    ai = each > 0.0
    built_mw = float(halls_mw[m.power.owned].sum())
    units = np.zeros(len(offers.products))
    np.add.at(units, offers.product[owned], ordered[owned])
    return WindowOrders(
        accelerator_money=float(money[owned & ai].sum()),
        other_server_money=float(money[owned & ~ai].sum()),
        hall_money=hall_money,
        accelerators=float((ordered * each)[owned].sum()),
        general_servers=float(ordered[owned & ~ai].sum()),
        ai_power_mw=float(power[owned & ai].sum()),
        other_power_mw=float(power[owned & ~ai].sum()),
        halls_mw=built_mw,
        compute_pflops=_compute(offers.compute_pflops[offers.product], (ordered * ai)[owned], owned),
        units=units,
        leased_accelerators=float((ordered * each)[~owned].sum()),
        leased_halls_mw=float(halls_mw[~m.power.owned].sum()),
        leased_ai_money=float(unit_fees[~owned & ai].sum()),
        leased_other_money=float(unit_fees[~owned & ~ai].sum()),
        leased_hall_money=float(hall_fees[~m.power.owned].sum()),
        hall_price=hall_money / built_mw if built_mw > 0.0 else _price_of_halls(m, here),
    )


def _price_of_halls(m: ModelData, here: slice) -> float | None:
    """Mean price of a MW of own halls that could be ordered in the window's first quarter [million]."""
    possible: Flags = m.power.owned & (m.power.limit_mw[:, here.start] > 0.0)
    return float(m.power.price[possible, here.start].mean()) if possible.any() else None


def fees_of_term(
    ordered: Floats, fee: Floats, lead_quarters: Integers, term_quarters: Integers, here: slice
) -> Floats:
    """Return the fees of what is ordered in the window, over its least term and within the horizon [row].

    Args:
        ordered: [row, quarter].
        fee: [row, quarter] money a quarter for one.
        lead_quarters: [row] from order to delivery.
        term_quarters: [row] 0 where there is none.
    """
    total = np.zeros(ordered.shape[0])
    for t in range(here.start, here.stop):
        for row in np.flatnonzero(ordered[:, t]):
            first = t + int(lead_quarters[row])
            total[row] += ordered[row, t] * fee[row, first : first + int(term_quarters[row])].sum()
    return total
