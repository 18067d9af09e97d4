"""Discretisation error: moments of every entry in the lattice beside those of the scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.scenarios.entries import Entry, Floats
from capexpand.scenarios.lattice import Lattice
from capexpand.scenarios.sampling import Scenarios


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of each entry in each quarter [entry, quarter].

    ``autocorrelation`` is with the quarter before; not a number where either does not vary.
    """

    mean: Floats
    deviation: Floats
    autocorrelation: Floats


@dataclass(frozen=True, slots=True)
class EntryErrors:
    """The discretisation error of one entry; autocorrelations are None where nothing varies twice."""

    entry: str
    largest_mean_error: float  # as a share of the mean
    kept_deviation: float  # share of the standard deviation
    process_autocorrelation: float | None  # mean over the quarters
    lattice_autocorrelation: float | None


@dataclass(frozen=True, slots=True)
class LatticeErrors:
    """Moments of the process, in closed form where it has one, and of the lattice made from it."""

    entries: tuple[Entry, ...]
    process: Moments
    lattice: Moments

    @property
    def largest_mean_error(self) -> Floats:
        """The largest error of the mean over the quarters, as a share of the mean [entry]."""
        scale = np.maximum(np.abs(self.process.mean), 1e-12)
        return np.max(np.abs(self.lattice.mean - self.process.mean) / scale, axis=1, initial=0.0)

    @property
    def kept_deviation(self) -> Floats:
        """The share of the standard deviation that the lattice keeps, over all quarters [entry]."""
        return _ratio(self.lattice.deviation, self.process.deviation)

    def rows(self) -> tuple[EntryErrors, ...]:
        """Return what is kept of each entry, in one line each."""
        mean, kept = self.largest_mean_error, self.kept_deviation
        return tuple(
            EntryErrors(
                entry=entry.label,
                largest_mean_error=float(mean[row]),
                kept_deviation=float(kept[row]),
                process_autocorrelation=_average(self.process.autocorrelation[row]),
                lattice_autocorrelation=_average(self.lattice.autocorrelation[row]),
            )
            for row, entry in enumerate(self.entries)
        )


def lattice_errors(lattice: Lattice, scenarios: Scenarios) -> LatticeErrors:
    """Return the moments of a lattice beside those of scenarios, which need not be those it is made of.

    Args:
        scenarios: drawn from the process.
    """
    mean, deviation, together = (np.zeros((len(lattice.entries), scenarios.quarters)) for _ in range(3))
    before = scenarios.factors(0)
    for t in range(scenarios.quarters):
        now = scenarios.factors(t)
        mean[:, t], deviation[:, t] = now.mean(axis=1), _steady(now.std(axis=1), now.mean(axis=1))
        together[:, t] = (now * before).mean(axis=1) - mean[:, t] * before.mean(axis=1)
        before = now
    process = Moments(scenarios.futures.mean, deviation, _correlations(together, deviation))
    return LatticeErrors(lattice.entries, process, _of_lattice(lattice))


def _of_lattice(lattice: Lattice) -> Moments:
    shape = (len(lattice.entries), len(lattice.quarters))
    mean, deviation, together = (np.zeros(shape) for _ in range(3))
    for t, quarter in enumerate(lattice.quarters):
        chance = quarter.probability[:, None] * quarter.outcome_probability
        mean[:, t] = (quarter.outcomes * chance).sum(axis=(1, 2))
        squares = ((quarter.outcomes - mean[:, [t]][:, :, None]) ** 2 * chance).sum(axis=(1, 2))
        deviation[:, t] = _steady(np.sqrt(squares), mean[:, t])
        if t > 0:
            before = lattice.quarters[t - 1]
            jointly = before.probability[:, None] * before.transition
            product = np.einsum("en,nm,em->e", before.factors, jointly, quarter.factors)
            together[:, t] = product - mean[:, t - 1] * mean[:, t]
    return Moments(mean, deviation, _correlations(together, deviation))


def _steady(deviation: Floats, mean: Floats) -> Floats:
    """Rounding is no variation."""
    return np.where(deviation > 1e-9 * np.maximum(np.abs(mean), 1e-9), deviation, 0.0)


def _correlations(together: Floats, deviation: Floats) -> Floats:
    product = np.full(deviation.shape, np.nan)
    product[:, 1:] = deviation[:, 1:] * deviation[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(product > 0, together / product, np.nan)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Root mean square of one beside that of the other; 1 where nothing varies."""
    above, below = np.sqrt((part**2).sum(axis=1)), np.sqrt((whole**2).sum(axis=1))
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)


def _average(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
