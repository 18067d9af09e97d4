"""The entries that uncertainty moves: each a factor by quarter on a number of the formulation.

Three entries of a workload are products, because only these enter the program: demand in base units D/φ,
price per base unit p·φ, penalty per base unit v·φ. Their means are kept, rather than those of D, p, v and φ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EntryKind = Literal[
    "grid",  # name: site
    "energy_price",  # site
    "contract_energy_price",  # contract for energy: its strike on signing, or its fuel of the day
    "build_cost",  # site; a price at order, so the same in all outcomes of a node
    "build_limit",  # site
    "colocation_fee",  # site
    "purchase_price",  # offer; a price at order
    "lease_fee",  # offer
    "hire_fee",  # way to hire from a cloud
    "hire_limit",  # way to hire from a cloud: units that can be had
    "unit_exit_cost",  # offer: of leased units handed back
    "resale_price",  # offer: of used units; only exchange rates move it
    "power_exit_cost",  # site: of rented power handed back
    "supply_limit",  # offer and destination
    "export_fee",  # offer and destination; a share added to the declared one; part of a price at order
    "delivery",  # offer; 1 where what is due is delivered, 0 where it is held back
    "other_revenue",  # of business outside the case; no decision depends on it
    "exchange_rate",  # currency of debt; no decision of operations depends on it
    "reference_rate",  # of debt; no decision of operations depends on it
    "productivity",  # workload; for volumes, since the program sees only the products below
    "base_demand",  # workload: D/φ
    "base_price",  # workload: p·φ
    "base_penalty",  # workload: v·φ
]

AT_ORDER: frozenset[EntryKind] = frozenset({"build_cost", "purchase_price", "export_fee"})
"""Entries of the matrix: they belong to a quarter and node, and are the same in all its outcomes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the program that is uncertain.

    Args:
        kind: what it is.
        name: of the site, offer or workload.
        destination: of a supply limit or export fee, else None.
    """

    kind: EntryKind
    name: str
    destination: str | None = None

    @property
    def added(self) -> bool:
        """Whether the value is added to what the case declares; all others multiply it."""
        return self.kind == "export_fee"

    @property
    def neutral(self) -> float:
        """The value that changes nothing."""
        return 0.0 if self.added else 1.0

    @property
    def label(self) -> str:
        """A name for tables, such as ``base_demand chat``."""
        return " ".join(part for part in (self.kind, self.name, self.destination) if part)
