"""Terms of sale and leaseback, compiled [offer option]; money in millions of the case's currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from capexpand.case.leaseback import Leaseback
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned

if TYPE_CHECKING:
    from capexpand.model.data import ModelData

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Leasebacks:
    """How units can be sold and leased back."""

    there: Flags  # [offer option]
    price: Floats  # [offer option, quarter] money per unit sold
    fee: Floats  # [offer option, quarter] money per unit and quarter of the term, by the quarter of sale
    age: Integers  # [offer option] quarters from delivery to the sale
    term: Integers  # [offer option] quarters
    limit: Floats  # [offer option, quarter] units that can be sold

    def origin(self, m: ModelData) -> Integers:
        """Return when what is sold in a quarter was ordered, below 0 if before the start [option, quarter].

        Args:
            m: the compiled case.
        """
        return np.arange(m.times.count) - (self.age + m.offers.lead_quarters)[:, None]

    def sellable(self, m: ModelData) -> Flags:
        """Return whether units can be sold: those of orders of the plan, for a term within the horizon.

        A term that outlasts the horizon would bring its price and leave out most of its fees.

        Args:
            m: the compiled case.

        Returns:
            [option, quarter].
        """
        ends = np.arange(m.times.count) + self.term[:, None] <= m.times.count
        return (self.origin(m) >= 0) & ends & self.there[:, None]

    def rest(self, m: ModelData) -> Floats:
        """Return the quarters over which what is sold would still have been written off [option].

        Args:
            m: the compiled case.
        """
        return np.maximum(m.taxes.server_life_quarters - self.age, 1).astype(np.float64)

    def book(self, m: ModelData) -> Floats:
        """Return what the books hold of a unit when it is sold [option, destination, quarter].

        Args:
            m: the compiled case.
        """
        origin = self.origin(m)[:, None, :]
        paid = np.take_along_axis(
            m.offers.price, np.broadcast_to(np.maximum(origin, 0), m.offers.price.shape), axis=2
        )
        lost = m.taxes.value_added_tax if m.taxes.recovery_quarters is None else 0.0
        left = np.maximum(1.0 - self.age / m.taxes.server_life_quarters, 0.0)
        return np.where(self.sellable(m)[:, None, :], (1.0 + lost) * left[:, None, None] * paid, 0.0)

    def left_at_end(self, m: ModelData) -> Floats:
        """Return the part of what is sold that is leased and works at the horizon's end [option, quarter].

        Args:
            m: the compiled case.
        """
        held = m.times.count - 1 - np.arange(m.times.count)
        kept = (1.0 - m.offers.attrition)[:, None] ** held
        return np.where((held < self.term[:, None]) & self.sellable(m), kept, 0.0)


def compile_leasebacks(world: World, terms: Sequence[Leaseback | None]) -> Leasebacks | None:
    """Return the terms of sale and leaseback, None where no offer has any.

    Args:
        world: the case and its calendar.
        terms: [offer option].
    """
    if not any(terms):
        return None

    def quarters(of: Sequence[float]) -> Integers:
        return np.array([quarters_spanned(months) for months in of], dtype=np.int64)

    return Leasebacks(
        there=np.array([each is not None for each in terms]),
        price=np.array([world.series(None if each is None else each.price) for each in terms]),
        fee=np.array([world.series(None if each is None else each.fee) for each in terms]),
        age=quarters([0.0 if each is None or each.age is None else each.age.value for each in terms]),
        term=quarters([0.0 if each is None else each.term.value for each in terms]),
        limit=np.array([world.series(None if each is None else each.limit, np.inf) for each in terms]),
    )
