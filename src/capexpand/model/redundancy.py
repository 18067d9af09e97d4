"""Redundancy: the shares of power, units and service that are kept free, compiled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Redundancy:
    """The usable share of installed capacity, and what is kept free for the largest contract."""

    power: Floats  # [site] share of energised power
    units: Floats  # [offer option] share of installed units
    contracts: float = 0.0  # of the largest contract's volume, kept free beside all that is served
