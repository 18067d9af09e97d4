"""The lattice: scenarios condensed to a Markov chain with few nodes a quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.scenarios.entries import Entry, Floats, Integers


@dataclass(frozen=True, slots=True)
class LatticeQuarter:
    """The nodes of one quarter.

    A node is a state of every regime with values of the persistent factors. Its outcomes are what is left,
    independent of all else given the node; entries at order are the same in all of them.

    Args:
        probability: [node] chance to be there.
        state: [regime, node] state of each regime process.
        centre: [driver, node] mean of the drivers (logarithms, before any exponent).
        factors: [entry, node] mean of the entries in the node; over all nodes the mean of the process.
        outcome_probability: [node, outcome].
        outcomes: [entry, node, outcome] values of the entries; their mean over outcomes is ``factors``.
        transition: [node, next node] probabilities; no columns in the last quarter.
    """

    probability: Floats
    state: Integers
    centre: Floats
    factors: Floats
    outcome_probability: Floats
    outcomes: Floats
    transition: Floats

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.probability.size


@dataclass(frozen=True, slots=True)
class Lattice:
    """A Markov chain of nodes by quarter; the first quarter has one node, in which all is as declared.

    Args:
        entries: what the factors multiply.
        drivers: names of the persistent factors.
        regimes: names of the regime processes, and of their states.
        quarters: the nodes of each quarter.
        features: [quarter, driver, feature] how far apart two values of the drivers are, in what they move.
    """

    entries: tuple[Entry, ...]
    drivers: tuple[str, ...]
    regimes: tuple[tuple[str, tuple[str, ...]], ...]
    quarters: tuple[LatticeQuarter, ...]
    features: Floats

    def nearest(self, quarter: int, drivers: Floats, state: Integers) -> Integers:
        """Return the node nearest to each of several points, in the same states of all regimes.

        Args:
            quarter: which, from 0.
            drivers: [driver, scenario] logarithms.
            state: [regime, scenario].

        Returns:
            Nodes [scenario]. States that no node has take the nearest node of all.
        """
        from capexpand.scenarios.quantisation import squared_distances

        here = self.quarters[quarter]
        away = squared_distances(drivers.T @ self.features[quarter], here.centre.T @ self.features[quarter])
        other = (state[:, :, None] != here.state[:, None, :]).any(axis=0)
        return np.argmin(np.where(other & ~other.all(axis=1, keepdims=True), np.inf, away), axis=1)
