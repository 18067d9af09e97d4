"""Terms of sale and leaseback, compiled [offer option]; money in millions of the case's currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capexpand.case.leaseback import Leaseback
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned

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


@dataclass(frozen=True, slots=True)
class LeasebackColumns:
    """Columns of sale and leaseback in a program."""

    sold: Integers  # y [offer option, destination, quarter] units sold and leased back
    handed_over: Integers  # h [site, offer option, quarter] units that leave at the end of their term


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
