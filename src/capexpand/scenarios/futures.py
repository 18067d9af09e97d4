"""The uncertainty of a case, compiled: drivers, chains, and how they make the factors of every entry.

    factor_e(t) = exp(Σ_d loading_ed x_d(t)) · Π_c value_ce(state_c(t)) / normaliser_e(t)

Export fees are sums of the values of the states instead. The normaliser is the mean of that part of the
product which is declared to keep the mean, in closed form: e^(½ l'Vl) for normal drivers with covariance V,
Π exp(λ (M(l aʰ) − 1)) for jumps with moment generating function M, Σ π value for chains.

Of money in a hedged currency a part h no longer follows the exchange rate:

    factor_e(t) = h_e(t) · (the same product without exchange rates) + (1 − h_e(t)) · (the product)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from capexpand.case.schema import Case
from capexpand.case.values import Figure
from capexpand.scenarios.declared import DeclaredPaths
from capexpand.scenarios.entries import Entry, Floats, Integers
from capexpand.scenarios.loadings import Moves
from capexpand.scenarios.processes import (
    Chain,
    ProcessDriver,
    delay_chain,
    drift_drivers,
    late_share,
    regime_chain,
    reversion_driver,
    shock_driver,
    trend_driver,
)


@dataclass(frozen=True, slots=True)
class ChainValues:
    """What the states of a chain do: values [moved entry, state, quarter] of the entries at ``entries``."""

    entries: Integers
    values: Floats


@dataclass(frozen=True, slots=True)
class Hedged:
    """What moves entries where exchange rates do not, and the part of each that is so.

    Args:
        part: [entry, quarter] from 0 to 1.
        loading: [entry, driver] exponents without exchange rates.
        chain_values: for each chain, without exchange rates.
        normaliser: [entry, quarter].
        mean: [entry, quarter].
    """

    part: Floats
    loading: Floats
    chain_values: tuple[ChainValues, ...]
    normaliser: Floats
    mean: Floats


@dataclass(frozen=True, slots=True)
class Futures:
    """The uncertainty of a case as arrays.

    Args:
        entries: what is uncertain in the program.
        drivers: logarithms of factors.
        chains: regimes first, then delays.
        correlation: [driver, driver] of the normal innovations.
        loading: [entry, driver] exponents.
        chain_values: for each chain.
        normaliser: [entry, quarter] so that means are kept where that is declared.
        mean: [entry, quarter] mean of each entry's factor.
        at_stake: [entry, quarter] money a quarter that depends on it, roughly.
        hedged: what is hedged against exchange rates; None where nothing is.
    """

    entries: tuple[Entry, ...]
    drivers: tuple[ProcessDriver, ...]
    chains: tuple[Chain, ...]
    correlation: Floats
    loading: Floats
    chain_values: tuple[ChainValues, ...]
    normaliser: Floats
    mean: Floats
    at_stake: Floats
    hedged: Hedged | None = None

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        return self.mean.shape[1]

    @property
    def regimes(self) -> int:
        """Number of regime processes; they come first among the chains."""
        return sum(chain.is_regime for chain in self.chains)

    def factors(self, quarter: int, drivers: Floats, states: Integers) -> Floats:
        """Return the factors of one quarter [entry, scenario].

        Args:
            quarter: from 0.
            drivers: [driver, scenario].
            states: [chain, scenario].
        """
        result = self._product(quarter, drivers, states, of=self)
        if self.hedged is None:
            return result
        part = self.hedged.part[:, [quarter]]
        return part * self._product(quarter, drivers, states, of=self.hedged) + (1.0 - part) * result

    def _product(self, quarter: int, drivers: Floats, states: Integers, *, of: Futures | Hedged) -> Floats:
        added = np.array([entry.added for entry in self.entries], dtype=np.bool_)
        result = np.exp(of.loading @ drivers)
        result[added] = 0.0
        for chain, state in zip(of.chain_values, states, strict=True):
            value = chain.values[:, state, quarter]
            here = added[chain.entries][:, None]
            result[chain.entries] = np.where(
                here, result[chain.entries] + value, result[chain.entries] * value
            )
        return result / of.normaliser[:, [quarter]]


def compile_futures(case: Case) -> Futures:
    """Return the uncertainty of a case as arrays; without any process there is no entry."""
    moves, declared = Moves.of(case), case.uncertainty
    quarters = case.calendar.quarters
    continuous = _continuous(case)
    drivers = tuple(driver for driver, _ in continuous)
    regimes = [regime_chain(name, each, quarters) for name, each in declared.regimes.items()]
    waits = list(_delays(case, moves))
    chains = (*regimes, *(chain for chain, _, _ in waits))
    correlation = _correlation(case, drivers)

    def exponents(of: Moves) -> list[dict[Entry, float]]:
        return [
            {entry: driver.share * value for entry, value in of.of_driver(moved).items()}
            for driver, moved in continuous
        ]

    def in_states(of: Moves) -> list[list[dict[Entry, float]]]:
        return [
            [of.of_state(state.moves) for state in each.states.values()] for each in declared.regimes.values()
        ]

    found = {entry for moved in exponents(moves) for entry in moved}
    found |= {entry for states in in_states(moves) for moved in states for entry in moved}
    found |= {entry for _, entry, _ in waits}
    entries = tuple(sorted(found, key=lambda entry: (entry.kind, entry.name, entry.destination or "")))

    def product(of: Moves) -> tuple[Floats, tuple[ChainValues, ...], Floats, Floats]:
        moved_by = exponents(of)
        loading = np.array([[moved.get(entry, 0.0) for moved in moved_by] for entry in entries])
        loading = loading.reshape(len(entries), len(drivers))
        values = (
            *(_regime_values(states, entries, quarters) for states in in_states(of)),
            *(ChainValues(np.array([entries.index(entry)]), share[None]) for _, entry, share in waits),
        )
        means = _means(
            entries, drivers, chains,
            correlation=correlation, loading=loading, values=values, quarters=quarters,
        )  # fmt: skip
        return loading, values, *means

    loading, values, normaliser, mean = product(moves)
    part = np.array([moves.hedged(entry) for entry in entries]).reshape(len(entries), quarters)
    hedged = None
    if part.any():
        hedged = Hedged(part, *product(replace(moves, exchange=False)))
        mean = part * hedged.mean + (1.0 - part) * mean
    paths = DeclaredPaths(case)
    return Futures(
        entries=entries,
        drivers=drivers,
        chains=chains,
        correlation=correlation,
        loading=loading,
        chain_values=values,
        normaliser=normaliser,
        mean=mean,
        at_stake=np.array([paths.money_at_stake(entry) for entry in entries]).reshape(len(entries), quarters),
        hedged=hedged,
    )


def _continuous(case: Case) -> list[tuple[ProcessDriver, Mapping[str, Figure]]]:
    """Every declared process but the regimes, with what it moves."""
    declared, quarters = case.uncertainty, case.calendar.quarters
    return [
        *((trend_driver(name, each), each.moves) for name, each in declared.trends.items()),
        *((reversion_driver(name, each), each.moves) for name, each in declared.reversions.items()),
        *(
            (driver, each.moves)
            for name, each in declared.drifts.items()
            for driver in drift_drivers(name, each, quarters)
        ),
        *((shock_driver(name, each), each.moves) for name, each in declared.shocks.items()),
    ]


def _means(
    entries: tuple[Entry, ...],
    drivers: tuple[ProcessDriver, ...],
    chains: tuple[Chain, ...],
    *,
    correlation: Floats,
    loading: Floats,
    values: tuple[ChainValues, ...],
    quarters: int,
) -> tuple[Floats, Floats]:
    """What products are divided by so that means are kept where that is declared, and their means then."""
    everything = _mean(
        entries, drivers, chains, correlation=correlation, loading=loading, values=values, quarters=quarters
    )
    keeps = [driver.keeps_mean for driver in drivers]
    kept = _mean(
        entries,
        tuple(driver for driver in drivers if driver.keeps_mean),
        tuple(chain for chain in chains if chain.keeps_mean),
        correlation=correlation[np.ix_(keeps, keeps)],
        loading=loading[:, keeps],
        values=tuple(value for value, chain in zip(values, chains, strict=True) if chain.keeps_mean),
        quarters=quarters,
    )
    added = np.array([entry.added for entry in entries], dtype=np.bool_)
    kept[added] = 1.0  # a fee of nothing cannot be scaled to keep its mean
    kept[kept == 0.0] = 1.0
    return kept, everything / kept


def _delays(case: Case, moves: Moves) -> list[tuple[Chain, Entry, Floats]]:
    """Each target of a delay waits by itself: its chain, its entry and values [age, quarter]."""
    found: list[tuple[Chain, Entry, Floats]] = []
    quarters = case.calendar.quarters
    for name, delay in case.uncertainty.delays.items():
        longest = max(delay.quarters)
        for target, _ in moves.picked(dict.fromkeys(delay.moves, delay.quarters[longest])):
            full = f"{name} of {target.path}"
            if target.quantity == "delivery":
                share = np.zeros((longest + 1, quarters))
                share[0] = 1.0
                found.append(
                    (delay_chain(full, delay, None, quarters), Entry("delivery", target.name), share)
                )
            elif target.quantity in ("grid", "supply_limit"):
                due = moves.paths.target(target)
                kind = "grid" if target.quantity == "grid" else "supply_limit"
                entry = Entry(kind, target.name, target.destination)
                found.append((delay_chain(full, delay, due, quarters), entry, late_share(due, longest)))
    return found


def _regime_values(
    states: list[dict[Entry, float]], entries: tuple[Entry, ...], quarters: int
) -> ChainValues:
    moved = [e for e, entry in enumerate(entries) if any(entry in state for state in states)]
    values = np.array([[state.get(entries[e], entries[e].neutral) for state in states] for e in moved])
    values = values.reshape(len(moved), len(states), 1)
    return ChainValues(np.array(moved, dtype=np.int64), np.repeat(values, quarters, axis=2))


def _correlation(case: Case, drivers: tuple[ProcessDriver, ...]) -> Floats:
    names = [driver.name for driver in drivers]
    result = np.eye(len(names))
    for each in case.uncertainty.correlations:
        one, other = (names.index(name) for name in each.between)
        result[one, other] = result[other, one] = each.value.value
    for position, driver in enumerate(drivers):
        if driver.moved_by:
            other = names.index(driver.moved_by)
            result[position, other] = result[other, position] = 1.0
    return result


def driver_covariance(drivers: tuple[ProcessDriver, ...], correlation: Floats, quarter: int) -> Floats:
    """Return the covariance [driver, driver] of the normal drivers in a quarter; jumps count as zero.

    Σ_h<t (a_i a_j)^h ρ_ij s_i s_j for x_t = Σ_h a^h ε_{t−h}, from x_0 = 0, with the s of quarter t − h.
    """
    retention = np.array([driver.retention for driver in drivers])
    deviation = np.array([driver.innovation_deviations(quarter)[::-1] for driver in drivers])
    faded = deviation.reshape(len(drivers), quarter) * retention[:, None] ** np.arange(quarter)
    return correlation * (faded @ faded.T)


def _mean(
    entries: tuple[Entry, ...],
    drivers: tuple[ProcessDriver, ...],
    chains: tuple[Chain, ...],
    *,
    correlation: Floats,
    loading: Floats,
    values: tuple[ChainValues, ...],
    quarters: int,
) -> Floats:
    """The mean of each entry in each quarter [entry, quarter] before any normaliser."""
    logs = np.zeros((len(entries), quarters))
    for t in range(quarters):
        covariance = driver_covariance(drivers, correlation, t)
        logs[:, t] = 0.5 * np.einsum("ei,ij,ej->e", loading, covariance, loading)
        for d, driver in enumerate(drivers):
            if not driver.normal:
                u = loading[:, [d]] * driver.retention ** np.arange(t)
                generated = np.exp(u * driver.jump_mean + 0.5 * (u * driver.jump_deviation) ** 2)
                logs[:, t] += driver.jumps * (generated - 1.0).sum(axis=1)
    result = np.exp(logs)
    added = np.array([entry.added for entry in entries], dtype=np.bool_)
    result[added] = 0.0
    for chain, value in zip(chains, values, strict=True):
        mean = np.einsum("est,ts->et", value.values, chain.marginals())
        here = added[value.entries][:, None]
        result[value.entries] = np.where(here, result[value.entries] + mean, result[value.entries] * mean)
    return result
