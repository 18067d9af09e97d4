"""Redundancy: the shares of power, units and service that are kept free, compiled; 1 less them is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Redundancy:
    """The usable share of installed capacity."""

    power: Floats  # [site] share of energised power
    units: Floats  # [offer option] share of installed units
