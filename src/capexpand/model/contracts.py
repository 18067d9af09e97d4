"""Contracts with customers, compiled: a contract is a workload whose volume and price no process moves.

Damages for what is not delivered are added to the price of what is, less a constant, so that a quarter's
equations need no row for them: what is delivered earns its price and spares its damages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contracts with customers [contract]; money in millions of the case's currency."""

    workload: Integers  # [contract] position among the workloads
    offered: Flags  # [contract] whether signing it is a decision
    signing: Integers  # [contract] quarter in which it is signed at the latest; the first if it was before
    volume: Floats  # [contract, quarter] to be delivered if all of it is signed
    price: Floats  # [contract, quarter] money per volume
    margin_fraction: Floats  # [contract, quarter] share of the price left after ordinary costs
    damages: Floats  # [contract, quarter] money per volume not delivered; part of the workload's price
    unused: Floats  # [contract, quarter] money paid for what is not taken
    prepaid: Floats  # [contract] share of all bills paid on signing

    @property
    def bills(self) -> Floats:
        """What is billed if all is signed and delivered [contract, quarter]."""
        return self.price * self.volume + self.unused

    @property
    def prepayments(self) -> Floats:
        """Cash beside the bills if all is signed [contract, quarter]: on signing, then credited."""
        flows = -self.prepaid[:, None] * self.bills
        flows[np.arange(len(self.prepaid)), self.signing] += self.prepaid * self.bills.sum(axis=1)
        return flows

    @property
    def constant(self) -> Floats:
        """What a signed contract earns if nothing is delivered [contract, quarter], before tax."""
        return self.unused - self.damages * self.volume

    def share(self, signed: Floats) -> Floats:
        """Return the part of each contract that is signed [contract].

        Args:
            signed: [contract] of those offered; the others are signed in full.
        """
        return np.where(self.offered, signed, 1.0)

    def settled(self, signed: Floats) -> Contracts:
        """Return the contracts as signed, none of them offered any more.

        Args:
            signed: [contract] part of each that is signed.
        """
        part = self.share(signed)[:, None]
        return replace(
            self,
            offered=np.zeros_like(self.offered),
            volume=part * self.volume,
            unused=part * self.unused,
        )
