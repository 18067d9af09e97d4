"""Draws scenarios from the processes with quasi-random numbers, one stream for each process.

Every process has a scrambled Sobol' sequence of its own, seeded by its name, whose points come in a random
order of their own. Within a process the numbers fill space evenly; between processes they are paired at
random (Owen, 1998, Latin supercube sampling for very high-dimensional simulations, ACM TOMACS 8), without
which two sequences of the same kind would move together. So a process that is added changes no other's draws.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from capexpand.scenarios.entries import Entry, Floats, Integers
from capexpand.scenarios.futures import Futures
from capexpand.scenarios.processes import Chain, ProcessDriver


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Sampled futures. The first quarter is the same in all: everything stands where the case puts it.

    Args:
        futures: what was sampled.
        seed: from which the draws can be repeated.
        drivers: [driver, quarter, scenario] logarithms before exponents.
        states: [chain, quarter, scenario] state of each chain.
    """

    futures: Futures
    seed: int
    drivers: Floats
    states: Integers

    @property
    def count(self) -> int:
        """Number of scenarios."""
        return self.drivers.shape[2]

    @property
    def quarters(self) -> int:
        """Number of quarters."""
        return self.drivers.shape[1]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the factors multiply."""
        return self.futures.entries

    def factors(self, quarter: int) -> Floats:
        """Return the factors of a quarter [entry, scenario]."""
        return self.futures.factors(quarter, self.drivers[:, quarter], self.states[:, quarter])

    def path(self, scenario: int) -> Floats:
        """Return the factors of a scenario [entry, quarter]."""
        columns = [
            self.futures.factors(t, self.drivers[:, t, [scenario]], self.states[:, t, [scenario]])
            for t in range(self.quarters)
        ]
        return np.concatenate(columns, axis=1)

    def persistent(self, quarter: int) -> Floats:
        """Return what lasts [persistent, scenario]: drivers, then for each delay its value less 1."""
        late = [
            values.values[0, state[quarter], quarter] - 1.0
            for chain, values, state in zip(
                self.futures.chains, self.futures.chain_values, self.states, strict=True
            )
            if not chain.is_regime
        ]
        return np.concatenate([self.drivers[:, quarter], np.array(late).reshape(len(late), self.count)])

    def unlearned(self, quarter: int) -> Floats:
        """Return what lasts [persistent, scenario] to who takes each rate of growth for what is declared.

        The level that is seen, walk less rate, stands in the walk, and the rate is 0.
        """
        found = self.persistent(quarter)
        names = [driver.name for driver in self.futures.drivers]
        for row, driver in enumerate(self.futures.drivers):
            if driver.moved_by:
                found[names.index(driver.moved_by)] -= found[row]
                found[row] = 0.0
        return found

    def regime_states(self, quarter: int) -> Integers:
        """Return the state of each regime process [regime, scenario]."""
        return self.states[: self.futures.regimes, quarter]

    def first(self, count: int) -> Scenarios:
        """Return the first scenarios, for an evaluation that cannot afford all."""
        return Scenarios(self.futures, self.seed, self.drivers[:, :, :count], self.states[:, :, :count])


def draw_scenarios(futures: Futures, count: int, *, seed: int = 1) -> Scenarios:
    """Return scenarios drawn from the processes of a case.

    Args:
        count: number of scenarios; a power of two is filled most evenly.
        seed: of all draws; each process has a child seed by its name.
    """
    quarters = futures.quarters
    drivers = np.zeros((len(futures.drivers), quarters, count))
    states = np.zeros((len(futures.chains), quarters, count), dtype=np.int64)
    later = quarters - 1
    normal = [d for d, driver in enumerate(futures.drivers) if driver.normal]
    if later > 0:
        if normal:
            independent = np.array(
                [_bridged(futures.drivers[d], later, count=count, seed=seed) for d in normal]
            )
            root = np.linalg.cholesky(_nearly(futures.correlation[np.ix_(normal, normal)]))
            innovations = np.einsum("ij,jts->its", root, independent)
            for d, noise in zip(normal, innovations, strict=True):
                driver = futures.drivers[d]
                drivers[d, 1:] = _accumulated(
                    driver.retention, driver.innovation_deviations(later)[:, None] * noise
                )
        for d, driver in enumerate(futures.drivers):
            if not driver.normal:
                drivers[d, 1:] = _accumulated(driver.retention, _jumps(driver, later, count=count, seed=seed))
    for c, chain in enumerate(futures.chains):
        states[c] = _walk(chain, quarters, count=count, seed=seed)
    return Scenarios(futures, seed, drivers, states)


def _uniform(name: str, dimensions: int, *, count: int, seed: int) -> Floats:
    """Quasi-random numbers inside (0, 1) for one process [dimension, scenario]."""
    from scipy.stats import qmc

    digest = hashlib.sha256(name.encode()).digest()
    child = np.random.SeedSequence(
        seed, spawn_key=tuple(np.frombuffer(digest[:16], dtype=np.uint32).tolist())
    )
    generator = np.random.default_rng(child)
    points = qmc.Sobol(dimensions, scramble=True, rng=generator).random_base2(max(count - 1, 1).bit_length())
    ordered = points[:count][generator.permutation(count)]
    tiny = np.finfo(np.float64).eps
    return np.clip(ordered, tiny, 1.0 - tiny).T


def _normal(uniform: Floats) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform), dtype=np.float64)


def _bridged(driver: ProcessDriver, later: int, *, count: int, seed: int) -> Floats:
    """Independent standard normal innovations [quarter, scenario], the first dimensions deciding most.

    The path x = A e with A A' its covariance, taken by principal components (eigenvalues falling); the
    innovations C⁻¹ A e, with C the lower triangular root, are then an orthogonal rotation of e (Glasserman,
    2003, Monte Carlo Methods in Financial Engineering, section 5.5).
    """
    points = _normal(_uniform(driver.name, later, count=count, seed=seed))
    steps = driver.retention ** np.maximum(np.subtract.outer(np.arange(later), np.arange(later)), 0)
    triangular = np.tril(steps)
    eigenvalues, vectors = np.linalg.eigh(triangular @ triangular.T)
    components = (vectors * np.sqrt(np.maximum(eigenvalues, 0.0)))[:, ::-1]
    return np.asarray(np.linalg.solve(triangular, components @ points), dtype=np.float64)


def _accumulated(retention: float, innovations: Floats) -> Floats:
    """x_t = retention · x_{t−1} + innovation [quarter, scenario]."""
    result = np.empty_like(innovations)
    level = np.zeros(innovations.shape[1])
    for t, innovation in enumerate(innovations):
        level = retention * level + innovation
        result[t] = level
    return result


def _jumps(driver: ProcessDriver, later: int, *, count: int, seed: int) -> Floats:
    """Sum of the jumps of each quarter [quarter, scenario]: n of them add up to one normal number."""
    from scipy.stats import poisson

    uniform = _uniform(driver.name, 2 * later, count=count, seed=seed)
    number = poisson.ppf(uniform[:later], driver.jumps)
    noise = np.sqrt(number) * driver.jump_deviation * _normal(uniform[later:])
    return np.asarray(number * driver.jump_mean + noise, dtype=np.float64)


def _walk(chain: Chain, quarters: int, *, count: int, seed: int) -> Integers:
    """States [quarter, scenario] by inverse transform: the state whose cumulative chance first passes u."""
    states = np.full((quarters, count), chain.initial, dtype=np.int64)
    if quarters < 2:
        return states
    uniform = _uniform(chain.name, quarters - 1, count=count, seed=seed)
    cumulative = np.cumsum(chain.transition, axis=2)
    cumulative[:, :, -1] = 1.0
    for t in range(1, quarters):
        passed = cumulative[t, states[t - 1]] >= uniform[t - 1][:, None]
        states[t] = np.argmax(passed, axis=1)
    return states


def _nearly(correlation: Floats) -> Floats:
    """A matrix that has a root although a correlation of 1 makes it singular."""
    return correlation + 1e-12 * np.eye(len(correlation))
