"""Capacity that can be hired from clouds, compiled: an option is a cloud and a way to hire from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class HireOptions:
    """Ways to hire capacity [hire option]."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    ways: tuple[str, ...]  # on demand, reserved or spot, for the reader
    offers: tuple[str, ...]  # the offer whose unit a hired unit is
    reserved: Flags  # [hire option] committed to for a term
    lead_quarters: Integers  # [hire option] 0 where nothing is reserved
    term_quarters: Integers  # [hire option] quarters for which a reservation is paid, 0 where none is
    fee: Floats  # [hire option, quarter] money per unit and quarter; of reservations by the day of signing
    limit: Floats  # [hire option, quarter] units at a time, or units that can be signed for in a quarter
    service: Floats  # [hire option, workload] usable volume that a unit serves in a quarter at the base date
    accelerators: Floats  # [hire option] in a unit
    movers: tuple[str, ...]  # [hire option] whose fee moves its own, empty where it is fixed
    standing: Flags  # [hire option] reserved before the start: taken in the first quarter, all of it

    def closed(self) -> HireOptions:
        """Return the same options with nothing to be had beyond what was reserved before the start."""
        return replace(self, limit=np.where(self.standing[:, None], self.limit, 0.0))

    @property
    def least(self) -> Floats:
        """What must be reserved [hire option, quarter]: all that was before the start, in the first."""
        return np.where(self.standing[:, None], self.limit, 0.0)

    def active(self, signed: Floats) -> Floats:
        """Return the reserved units that can be used and must be paid [hire option, quarter].

        Args:
            signed: [hire option, quarter] units signed for.
        """
        result = np.zeros_like(signed)
        count = signed.shape[1]
        for h in np.flatnonzero(self.reserved):
            first, last = int(self.lead_quarters[h]), int(self.lead_quarters[h] + self.term_quarters[h])
            for t in range(count):
                result[h, t + first : t + last] += signed[h, t]
        return result

    def reserved_cost(self, signed: Floats) -> Floats:
        """Return what reservations cost at the fee of their signing [hire option, quarter].

        Args:
            signed: [hire option, quarter] units signed for.
        """
        return self.active(signed * np.where(self.reserved[:, None], self.fee, 0.0))
