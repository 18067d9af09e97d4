"""What a policy commits in its first quarter, in words: orders, energy, reservations, contracts, loans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import ModelData
from capexpand.policy.case_policy import FirstOrders
from capexpand.policy.financed import Financed
from capexpand.policy.outcomes import Outcomes
from capexpand.wording import count, listing, money, of_each, percent, power, sentence, short_names

MOST_NAMED = 5
"""Orders that the sentence of the quarter names, the largest."""
NOTHING = 1e-6
WHOLE = 1e-3
"""Part of a contract that is rounding."""


@dataclass(frozen=True, slots=True)
class OfferedContract:
    """A contract that may be signed, as a policy signs it over all scenarios.

    Args:
        name: of the workload.
        title: of it.
        quarter: in which it is decided, from 0.
        mean: part that is signed.
        in_full: share of scenarios in which all of it is.
        not_at_all: share of scenarios in which nothing is.
    """

    name: str
    title: str
    quarter: int
    mean: float
    in_full: float
    not_at_all: float


def contracts_on_offer(outcomes: Outcomes) -> tuple[OfferedContract, ...]:
    """Return how a policy signs what is on offer; nothing where nothing is."""
    m = outcomes.policy.data
    if m.contracts is None:
        return ()
    signed, titles = outcomes.books["policy"].signed, short_names(m.workloads.titles)
    return tuple(
        OfferedContract(
            m.workloads.names[j],
            titles[j],
            int(m.contracts.signing[c]),
            float(signed[c].mean()),
            float((signed[c] > 1.0 - WHOLE).mean()),
            float((signed[c] < WHOLE).mean()),
        )
        for c, j in enumerate(m.contracts.workload)
        if m.contracts.offered[c]
    )


def signed_in_parts(offered: tuple[OfferedContract, ...]) -> str:
    """Return which contracts are followed in parts in some futures; empty where none is.

    Args:
        offered: contracts that may only be signed whole.
    """
    parts = [(each.title, 1.0 - each.in_full - each.not_at_all) for each in offered]
    told = [
        f"{title} is signed in part in {percent(part)} of futures" for title, part in parts if part > WHOLE
    ]
    return sentence(f"{listing(told)}, which whole contracts do not allow") if told else ""


def named_orders(m: ModelData, first: FirstOrders) -> list[str]:
    """Return the orders of the first quarter, the dearest first."""
    orders: list[tuple[float, str]] = []
    for o, amount in enumerate(first.power_mw):
        if amount > NOTHING:
            worth = float(amount * max(m.power.price[o, 0], m.power.running_cost[o, 0]))
            place = option_title(m, m.power.names[o]).replace("power at", "at")
            orders.append((worth, f"{power(float(amount))} {place}"))
    for k, line in enumerate(first.units):
        if line.sum() > 0.5:
            price = np.nan_to_num(np.maximum(m.offers.price[k, :, 0], m.offers.running_cost[k, 0]))
            title = option_title(m, m.offers.names[k])
            orders.append((float(line @ price), f"{count(float(line.sum()))} × {title}"))
    if m.energy is not None:
        fees = m.energy.fixed_cost(m.hours_per_quarter)[:, 0].sum(axis=1) + m.energy.cost[:, 0]
        for p in np.flatnonzero(first.energy_mw > NOTHING):
            amount, name = float(first.energy_mw[p]), m.energy.names[p]
            orders.append((amount * float(fees[p]), f"{power(amount)} of {option_title(m, name)}"))
    if m.hire is not None:
        for h in np.flatnonzero(first.reserved > 0.5):
            amount, name = float(first.reserved[h]), m.hire.names[h]
            worth = amount * float(m.hire.fee[h, 0]) * float(m.hire.term_quarters[h])
            orders.append((worth, f"{count(amount)} × {option_title(m, name)}"))
    orders.sort(key=lambda order: -order[0])
    named = [text for _, text in orders[:MOST_NAMED]]
    if len(orders) > len(named):
        named.append(of_each(len(orders) - len(named), "smaller order", "smaller orders"))
    return named


def option_title(m: ModelData, name: str) -> str:
    """Return what a way to get power, energy, units or hired units is called in a sentence.

    Args:
        name: of the option.
    """
    if name in m.power.names:
        o = m.power.names.index(name)
        site = short_names(m.sites.titles)[int(m.power.site[o])]
        return f"power at {site}" if m.power.owned[o] else f"rented power at {site}"
    if m.energy is not None and name in m.energy.names:
        p = m.energy.names.index(name)
        return f"{m.energy.titles[p]} at {short_names(m.sites.titles)[int(m.energy.site[p])]}"
    if m.hire is not None and name in m.hire.names:
        return m.hire.titles[m.hire.names.index(name)]
    k = m.offers.names.index(name)
    title = short_names(m.offers.product_titles)[int(m.offers.product[k])]
    return title if m.offers.owned[k] else f"{title} (leased)"


def signing_words(m: ModelData, first: FirstOrders) -> str:
    """Return which contracts are signed now and which are not; empty where none is to be decided now."""
    c = m.contracts
    if c is None:
        return ""
    titles = short_names(m.workloads.titles)
    signed, left = list[str](), list[str]()
    for i in np.flatnonzero(c.offered & (c.signing == 0)):
        part, title = float(first.signed[i]), titles[int(c.workload[i])]
        if part < WHOLE:
            left.append(title)
        else:
            signed.append(f"{title} in full" if part > 1.0 - WHOLE else f"{percent(part)} of {title}")
    words = [f"sign {listing(signed)}"] if signed else []
    words += [f"leave {listing(left)} unsigned"] if left else []
    return f"; {listing(words)}" if words else ""


def funding_sentence(m: ModelData, financed: Financed) -> str:
    """Return what the rule draws and raises in the first quarter; empty where nothing is."""
    found = [
        f"draws {money(amount, m.currency)} of {title}"
        for title, amount in zip(m.financed.facilities.titles, financed.first_drawn, strict=True)
        if amount > NOTHING
    ]
    if financed.first_raised > NOTHING:
        found.append(f"raises {money(financed.first_raised, m.currency)} of equity")
    return f"To pay for it the rule of financing {listing(found)} in that quarter." if found else ""
