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
    agreed: Floats | None = None  # [contract, quarter] bills on which it rests; those of now if absent

    @property
    def bills(self) -> Floats:
        """What is billed if all is signed and delivered [contract, quarter]."""
        return self.price * self.volume + self.unused

    @property
    def prepayments(self) -> Floats:
        """Cash beside the bills if all is signed [contract, quarter]: on signing, then credited."""
        bills = self.bills if self.agreed is None else self.agreed
        flows = -self.prepaid[:, None] * bills
        flows[np.arange(len(self.prepaid)), self.signing] += self.prepaid * bills.sum(axis=1)
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
            agreed=None if self.agreed is None else part * self.agreed,
        )


@dataclass(frozen=True, slots=True)
class ContractConstants:
    """What signed contracts put into the constants of a compiled case [quarter]; 0 without contracts."""

    unused: Floats
    damages: Floats
    prepayments: Floats

    @classmethod
    def of(cls, c: Contracts | None, quarters: int, rate: Floats | None = None) -> ContractConstants:
        """Returns the constants of contracts; what is only offered is in none of them.

        Args:
            c: the contracts of a case.
            quarters: of its calendar.
            rate: [contract, quarter] factors on their prices; 1 if absent.
        """
        if c is None:
            return cls(*(np.zeros(quarters) for _ in range(3)))
        part = np.where(c.offered, 0.0, 1.0)
        factor = np.ones(1) if rate is None else rate
        return cls(part @ (factor * c.unused), part @ (factor * c.damages * c.volume), part @ c.prepayments)
