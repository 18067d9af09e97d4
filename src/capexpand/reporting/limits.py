"""The shadow price of each limit of a plan, with names, units and words.

A shadow price is what one more of a limit in one quarter would add to the plan's objective, in money of the
plan's start. Prices per MW, per server and per token cannot be ranked against each other; what one percent
more of each limit would add can: 0.01 Σ_t price_t × limit_t, exact for small changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from capexpand.model.data import Floats, ModelData
from capexpand.optimiser.plan import Plan
from capexpand.wording import money, number, sentence

Kind = Literal["grid", "supply", "stock", "budget", "renewal", "demand", "obligation"]

ONE_PERCENT = 0.01
NEGLIGIBLE = 1e-9  # relative to the largest of its kind

VOLUME_WORDS = {
    "token": ("one billion more tokens", 1e-3),
    "accelerator_hour": ("a thousand more accelerator-hours", 1e-3),
    "vcpu_hour": ("a thousand more vCPU-hours", 1e-3),
    "FLOP": ("one more ZFLOP", 1.0),
}
"""By unit of volume: an amount people can picture, and its share of the canonical volume."""

VOLUME_UNITS = {
    "token": "Mtoken",
    "accelerator_hour": "accelerator_hour",
    "vcpu_hour": "vcpu_hour",
    "FLOP": "PFLOP",
}
"""By unit of volume: what a price in millions per canonical volume is a plain price per."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a plan and what one more of it is worth in each quarter."""

    name: str  # such as grid:zhangbei
    kind: Kind
    noun: str  # such as grid power at Zhangbei
    unit: str  # of the worth, such as CNY/MW
    worth: Floats  # [quarter] plain money of the plan's start per unit of the limit
    amount: Floats  # [quarter] the limit itself, infinite where there is none
    amount_unit: str
    gain: Floats  # [quarter] million of the plan's start for one percent more of the limit in the quarter
    words: str  # such as "one more MW of grid at Zhangbei in", to be followed by the quarter
    step: float  # millions of money in a worth of 1, for the amount that the words name
    currency: str

    @property
    def title(self) -> str:
        """The noun as a title."""
        return self.noun[:1].upper() + self.noun[1:]

    @property
    def gain_total(self) -> float:
        """What one percent more of the limit in every quarter would add to the objective [million]."""
        return float(self.gain.sum())

    @property
    def binds(self) -> bool:
        """Whether more of it would add anything in any quarter."""
        return bool(np.any(self.gain != 0.0))

    @property
    def peak(self) -> int:
        """Position of the quarter in which one more is worth most."""
        return int(np.argmax(np.abs(self.worth)))

    @property
    def binding_quarters(self) -> int:
        """Number of quarters in which more of it would add something."""
        return int(np.count_nonzero(self.gain))

    def describe(self, labels: tuple[str, ...]) -> str:
        """Say what one more of the limit is worth in the quarter in which it is worth most.

        Args:
            labels: names of the quarters.
        """
        if not self.binds:
            return sentence(f"{self.words} any quarter is worth nothing")
        verb = "costs" if self.kind == "obligation" else "is worth"
        many = self.words.startswith(("one billion", "a thousand"))
        verb = {"costs": "cost", "is worth": "are worth"}[verb] if many else verb
        value = abs(float(self.worth[self.peak]))
        if self.kind in {"budget", "renewal"}:
            worth = f"{number(value)} {self.currency}"
        else:
            worth = money(value * self.step, self.currency)
        return sentence(f"{self.words} {labels[self.peak]} {verb} {worth} today")


def limits(
    plan: Plan, sites: tuple[str, ...], *, offers: tuple[str, ...], workloads: tuple[str, ...]
) -> tuple[Limit, ...]:
    """Return every limit of a plan, the one whose last percent is worth most first.

    Args:
        plan: what is done in each quarter.
        sites: names of the sites, for people.
        offers: names of the offers.
        workloads: names of the workloads.
    """
    found = (
        *_power(plan.data, sites, plan.shadow.grid),
        *_supply(plan.data, offers, plan),
        *_money(plan.data, plan),
        *_volumes(plan.data, workloads, plan),
    )
    return tuple(sorted(found, key=_rank))


def _rank(limit: Limit) -> tuple[float, str]:
    """The one whose last percent moves most comes first, whether it adds or, as what is owed, costs."""
    return -abs(limit.gain_total), limit.name


def _gain(worth: Floats, amount: Floats) -> Floats:
    """One percent of each amount at its worth, without what is only rounding."""
    finite = np.where(np.isfinite(amount), amount, 0.0)
    return ONE_PERCENT * worth * finite


def _clean(values: Floats) -> Floats:
    """Cut what the solver's rounding leaves, relative to the largest of the same kind."""
    scale = float(np.max(np.abs(values), initial=0.0))
    return np.where(np.abs(values) > NEGLIGIBLE * scale, values, 0.0)


def _power(m: ModelData, titles: tuple[str, ...], worth: Floats) -> Iterator[Limit]:
    cleaned = _clean(worth)
    for i, (name, title) in enumerate(zip(m.sites.names, titles, strict=True)):
        yield Limit(
            name=f"grid:{name}",
            kind="grid",
            noun=f"grid power at {title}",
            unit=f"{m.currency}/MW",
            worth=cleaned[i] * 1e6,
            amount=m.sites.grid_mw[i],
            amount_unit="MW",
            gain=_gain(cleaned[i], m.sites.grid_mw[i]),
            words=f"one more MW of grid at {title} in",
            step=1e-6,
            currency=m.currency,
        )


def _supply(m: ModelData, titles: tuple[str, ...], plan: Plan) -> Iterator[Limit]:
    supply, stock = _clean(plan.shadow.supply), _clean(plan.shadow.stock)
    for g, (name, title) in enumerate(zip(m.offers.products, titles, strict=True)):
        for d, destination in enumerate(m.destinations):
            amount = m.offers.limit[g, d]
            if not np.any(np.isfinite(amount) & (amount > 0.0)) and not supply[g, d].any():
                continue
            yield Limit(
                name=f"supply:{name}@{destination}",
                kind="supply",
                noun=f"supply of {title} for {destination}",
                unit=f"{m.currency}/unit",
                worth=supply[g, d] * 1e6,
                amount=amount,
                amount_unit="unit/quarter",
                gain=_gain(supply[g, d], amount),
                words=f"one more unit ({title}) to be ordered for {destination} in",
                step=1e-6,
                currency=m.currency,
            )
        if np.isfinite(m.offers.stock[g]):
            # The price of a quarter is that of one more in stock from then on, so only the first counts
            # for the stock as a whole.
            first = np.zeros(m.times.count)
            first[0] = m.offers.stock[g]
            yield Limit(
                name=f"stock:{name}",
                kind="stock",
                noun=f"stock of {title}",
                unit=f"{m.currency}/unit",
                worth=stock[g] * 1e6,
                amount=np.full(m.times.count, m.offers.stock[g]),
                amount_unit="unit",
                gain=_gain(stock[g], first),
                words=f"one more unit ({title}) in stock in",
                step=1e-6,
                currency=m.currency,
            )


def _money(m: ModelData, plan: Plan) -> Iterator[Limit]:
    kinds: tuple[tuple[Kind, str, str, Floats, Floats, str], ...] = (
        (
            "budget",
            "the budget of the programme",
            "budget by the end of",
            plan.shadow.budget,
            m.budget.cap,
            "",
        ),
        (
            "renewal",
            "the renewal budget",
            "renewal budget in",
            plan.shadow.renewal,
            _renewal_allowed(m, plan),
            "/quarter",
        ),
    )
    for kind, noun, words, worth, amount, per in kinds:
        if not np.isfinite(amount).any():
            continue
        cleaned = _clean(worth)
        yield Limit(
            name=kind,
            kind=kind,
            noun=noun,
            unit=f"{m.currency}/{m.currency}",
            worth=cleaned,
            amount=amount * 1e6,
            amount_unit=f"{m.currency}{per}",
            gain=_gain(cleaned, amount),
            words=f"one more {m.currency} of {words}",
            step=1e-6,
            currency=m.currency,
        )


def _renewal_allowed(m: ModelData, plan: Plan) -> Floats:
    """What may be spent in each quarter outside the window, after what was spent inside it [quarter]."""
    if m.budget.renewal_growth is None:
        return m.budget.renewal
    first, last = m.times.window
    quarter = np.arange(m.times.count)
    spent = np.cumsum(np.where((quarter >= first) & (quarter < last), plan.paid, 0.0))
    return m.budget.renewal + m.budget.renewal_growth * spent


def _volumes(m: ModelData, titles: tuple[str, ...], plan: Plan) -> Iterator[Limit]:
    w = m.workloads
    owed = w.demand.sum(axis=1)
    for j, (name, title, role, unit) in enumerate(zip(w.names, titles, w.roles, w.units, strict=True)):
        obliged = role == "obligation"
        worth = _clean(plan.shadow.obligation if obliged else plan.shadow.demand)[j]
        kind: Kind = "obligation" if obliged else "demand"
        amount, share = VOLUME_WORDS[unit]
        what = "owed for" if obliged else "of demand for"
        yield Limit(
            name=f"{kind}:{name}",
            kind=kind,
            noun=f"{'what is owed for' if obliged else 'demand for'} {title}",
            unit=f"{m.currency}/{VOLUME_UNITS[unit]}",
            worth=worth,
            amount=owed[j],
            amount_unit=CANONICAL_VOLUMES[unit],
            gain=_gain(-np.abs(worth) if obliged else worth, owed[j]),
            words=f"{amount} {what} {title} in",
            step=share,
            currency=m.currency,
        )


CANONICAL_VOLUMES = {
    "token": "tn token/quarter",
    "accelerator_hour": "mn accelerator_hour/quarter",
    "vcpu_hour": "mn vcpu_hour/quarter",
    "FLOP": "ZFLOP/quarter",
}
"""By unit of volume: the canonical volume of a quarter."""
