"""The policy as a table: orders in every future, orders that wait, and their conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.data import Flags, Floats
from capexpand.policy.outcomes import Outcomes

_EXPLAINS = 0.15
"""Correlation above which a factor explains what is ordered."""

_ALIKE = 0.85
"""Share of the best explanation that another has to reach."""

SMALL = 1e-3  # share of the largest order below which an order counts as none


@dataclass(frozen=True, slots=True)
class Commitment:
    """The orders of one option in one quarter, over all scenarios."""

    quarter: int
    name: str
    destination: str | None  # of units that are bought or leased
    unit: str
    least: float  # ordered in every future
    mean: float
    most: float
    share: float  # of scenarios in which anything is ordered

    @property
    def holds_everywhere(self) -> bool:
        """Whether it is ordered in every future."""
        return self.share > 0.9999

    @property
    def is_power(self) -> bool:
        """Whether it is megawatts: halls, or energy that is signed for."""
        return self.unit == "MW"


@dataclass(frozen=True, slots=True)
class Reaction:
    """The policy's orders in a quarter under one condition."""

    quarter: int
    regime: str  # states of the regime processes
    driver: str  # what splits the scenarios of the regime, or "" where nothing does
    above: float | None  # the driver's factor lies above ...
    below: float | None  # ... and below
    share: float  # of all scenarios
    money: float  # full price of what is ordered, mean
    power_mw: float
    units: dict[str, float]  # by offer, mean


@dataclass(frozen=True, slots=True)
class RegimeWorth:
    """The shadow price of an offer's supply in a regime, mean over the window."""

    regime: str
    offer: str
    destination: str
    worth: float  # money per unit, present value
    share: float  # of scenario quarters in the window


def commitments(outcomes: Outcomes, quarters: int = 4) -> tuple[Commitment, ...]:
    """Returns what is ordered in the first quarters, the surest first."""
    m = outcomes.policy.data
    found: list[Commitment] = []
    for t in range(min(quarters, m.times.count)):
        for o, amounts in enumerate(outcomes.paths.power_ordered[t]):
            found += _commitment(t, m.power.names[o], None, "MW", amounts)
        for place, amounts in enumerate(outcomes.paths.ordered[t]):
            k, d = divmod(place, len(m.destinations))
            found += _commitment(t, m.offers.names[k], m.destinations[d], "units", amounts)
        for options, unit, signed in (
            (m.energy, "MW", outcomes.paths.energy_signed[t]),
            (m.hire, "units", outcomes.paths.hire_signed[t]),
        ):
            for name, amounts in zip(() if options is None else options.names, signed, strict=True):
                found += _commitment(t, name, None, unit, amounts)
    return tuple(sorted(found, key=lambda each: (each.quarter, -each.share, -each.mean)))


def _commitment(t: int, name: str, destination: str | None, unit: str, amounts: Floats) -> list[Commitment]:
    most = float(amounts.max())
    least_counted = max(SMALL * most, 1e-6 if unit == "MW" else 0.5)
    if most <= least_counted:
        return []
    return [
        Commitment(
            t, name, destination, unit,
            least=float(amounts.min()), mean=float(amounts.mean()), most=most,
            share=float((amounts > least_counted).mean()),
        )
    ]  # fmt: skip


def reactions(outcomes: Outcomes, quarter: int) -> tuple[Reaction, ...]:
    """Returns a table that a person can follow: what is ordered in a quarter, given what was seen by then.

    The scenarios are split by regime, and each large enough regime once more at the median of the entry whose
    factor explains most of what is ordered.

    Args:
        quarter: from 0.
    """
    regimes = regime_names(outcomes, quarter)
    factors = outcomes.scenarios.factors(quarter)
    money = outcomes.paths.books.commitments[quarter]
    stake = _stake(outcomes, quarter)
    found: list[Reaction] = []
    for regime in sorted(set(regimes), key=lambda name: (-regimes.count(name), name)):
        here = np.array([name == regime for name in regimes])
        driver = _explaining(factors[:, here], money[here], stake) if here.mean() > 0.04 else None
        if driver is None:
            found.append(_reaction(outcomes, quarter, regime, here))
            continue
        label = outcomes.scenarios.entries[driver].label
        middle = split_at(factors[driver, here])
        for above in (True, False):
            part = here & ((factors[driver] > middle) == above)
            found.append(_reaction(outcomes, quarter, regime, part, driver=label, middle=middle, above=above))
    return tuple(found)


def split_at(values: Floats) -> float:
    """Returns the median, or the next value below it where nothing lies above.

    Args:
        values: [scenario], not all the same.
    """
    middle = float(np.median(values))
    return middle if values.max() > middle else float(np.max(values[values < middle]))


def _stake(outcomes: Outcomes, quarter: int) -> Floats:
    """Money that depends on each entry in a quarter; none on an offer that cannot be ordered then."""
    offers = outcomes.policy.data.offers
    sold = offers.orderable[:, :, quarter].any(axis=1)
    on_sale = {offers.products[g] for g in offers.product[sold]}
    entries, stake = outcomes.scenarios.entries, outcomes.scenarios.futures.at_stake[:, quarter]
    absent = [each.name in offers.products and each.name not in on_sale for each in entries]
    return np.where(absent, 0.0, stake)


def _explaining(factors: Floats, money: Floats, stake: Floats) -> int | None:
    """The entry whose factor goes most with the money, where any does.

    Prices of many offers may move as one; of those that explain about as much, the one on which most depends
    says it best.
    """
    spread = factors.std(axis=1)
    if not factors.size or money.std() <= 1e-9 * max(1.0, abs(money.mean())) or (spread <= 1e-9).all():
        return None
    centred = factors - factors.mean(axis=1, keepdims=True)
    together = np.abs(centred @ (money - money.mean())) / np.where(spread > 1e-9, spread, np.inf)
    if together.max() / (money.size * money.std()) <= _EXPLAINS:
        return None
    alike = together >= _ALIKE * together.max()
    return int(np.argmax(np.where(alike, stake, -1.0)))


def _reaction(
    outcomes: Outcomes,
    t: int,
    regime: str,
    here: Flags,
    *,
    driver: str = "",
    middle: float | None = None,
    above: bool = True,
) -> Reaction:
    m, paths = outcomes.policy.data, outcomes.paths
    units = paths.ordered[t][:, here].mean(axis=1).reshape(len(m.offers.names), -1).sum(axis=1)
    by_offer: dict[str, float] = {}
    for k, amount in enumerate(units):
        if amount > 0.5:
            by_offer[m.offers.names[k]] = float(amount)
    return Reaction(
        quarter=t,
        regime=regime,
        driver=driver,
        above=middle if driver and above else None,
        below=middle if driver and not above else None,
        share=float(here.mean()),
        money=float(paths.books.commitments[t][here].mean()),
        power_mw=float(paths.power_ordered[t][:, here].sum(axis=0).mean()),
        units=by_offer,
    )


def regime_names(outcomes: Outcomes, quarter: int) -> list[str]:
    """Returns the states of the regime processes of each scenario in a quarter, in words."""
    states = outcomes.scenarios.regime_states(quarter)
    chains = outcomes.scenarios.futures.chains[: len(states)]
    return [
        ", ".join(f"{chain.name} {chain.states[state]}" for chain, state in zip(chains, column, strict=True))
        for column in states.T
    ]


def regime_worth(outcomes: Outcomes) -> tuple[RegimeWorth, ...]:
    """Returns what one more unit that may be ordered is worth, by regime, dearest first."""
    m = outcomes.policy.data
    first, last = m.times.window
    names = [regime_names(outcomes, t) for t in range(first, last)]
    found: list[RegimeWorth] = []
    for place in range(outcomes.paths.supply_worth.shape[1]):
        g, d = divmod(place, len(m.destinations))
        worth = outcomes.paths.supply_worth[first:last, place]
        if worth.max(initial=0.0) <= 0.0:
            continue
        for regime in sorted({name for row in names for name in row}):
            here = np.array([[name == regime for name in row] for row in names])
            mean = float(worth[here].mean())
            if mean > 0.0:
                found.append(
                    RegimeWorth(regime, m.offers.products[g], m.destinations[d], mean, float(here.mean()))
                )
    return tuple(sorted(found, key=lambda each: -each.worth))


def cost_of_regimes(outcomes: Outcomes) -> dict[str, tuple[float, float]]:
    """Returns for each regime process what it costs that it may leave its first state: mean and halfwidth.

    It is the policy's mean value where the process stays in its first state throughout the window, less its
    mean value over all scenarios. The processes are independent of each other, so nothing else differs.
    """
    values = outcomes.values("policy")
    last = max(outcomes.policy.data.times.window[1], 1)
    found: dict[str, tuple[float, float]] = {}
    for r, chain in enumerate(outcomes.scenarios.futures.chains[: outcomes.scenarios.futures.regimes]):
        stays = (outcomes.scenarios.states[r, :last] == chain.initial).all(axis=0)
        count = int(stays.sum())
        if count >= 10:
            halfwidth = 1.96 * float(values[stays].std(ddof=1)) / float(np.sqrt(count))
            found[chain.name] = (float(values[stays].mean() - values.mean()), halfwidth)
    return found
