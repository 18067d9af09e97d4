"""How sites get their energy, compiled: contracts that can be signed, what the grid charges and emits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EnergyOptions:
    """Contracts [contract], and the sites' connections [site]."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    kinds: tuple[str, ...]
    site: Integers  # [contract]
    on_site: Flags  # [contract] generated behind the meter: it adds to the connection
    lead_quarters: Integers  # [contract]
    term_quarters: Integers  # [contract]
    limit_mw: Floats  # [contract, quarter] that can be signed for
    price: Floats  # [contract, quarter] money per MWh: the strike by day of signing, or the fuel of the day
    fee: Floats  # [contract, quarter] money per MW and quarter, by day of signing
    output: Floats  # [contract, quarter] share of the power that is produced or available
    matched: Floats  # [contract] share of it that can be used
    surplus: Floats  # [contract] share of the site's energy price paid for the rest
    renewable: Flags  # [contract]
    emitted: Floats  # [contract] t for a MWh
    procured: Flags  # [site] whether anything is said of its energy
    capacity_charge: Floats  # [site, quarter] money per MW reserved at the connection
    grid_emitted: Floats  # [site] t for a MWh
    grid_renewable: Floats  # [site, quarter] share
    firm: Floats  # [site, quarter] share of the connection that is never taken away
    curtailed: Floats  # [site] share of the year in which the rest is
    carbon_price: Floats  # [quarter] money per t
    target: Floats  # [quarter] least share of all energy that is renewable
    cost: Floats  # [contract, quarter] money per MW that is bought, by quarter of the order; 0 where rented
    deposit: Floats  # [contract] share of it paid at order
    end_fraction: float  # share of what is left of the latest cost that is kept at the horizon's end
    efficiency: Floats  # [contract] of storage, share of what is put in that comes out
    stores: Integers  # [way, 2] agreement whose energy may be stored, and storage at its site
    movers: tuple[str, ...]  # [contract] whose price moves its own, empty where it is fixed
    standing: Flags  # [contract] signed for before the start: taken in the first quarter, all of it
    kept_worth: Floats  # [contract] money at the horizon's end per MW that was bought before the start

    @property
    def storage(self) -> Flags:
        """Whether a contract is storage [contract]."""
        return np.array([kind == "storage" for kind in self.kinds], dtype=np.bool_)

    @property
    def bought(self) -> Flags:
        """Whether a contract is a generator or storage that is bought [contract]."""
        return np.asarray((self.cost > 0.0).any(axis=1), dtype=np.bool_)

    def closed(self) -> EnergyOptions:
        """Return the same options with nothing to be signed beyond what was before the start."""
        return replace(self, limit_mw=np.where(self.standing[:, None], self.limit_mw, 0.0))

    @property
    def least_mw(self) -> Floats:
        """What must be signed for [contract, quarter]: all that was before the start, in the first."""
        return np.where(self.standing[:, None], self.limit_mw, 0.0)

    def active(self, signed: Floats) -> Floats:
        """Return the power under contract [contract, quarter].

        Args:
            signed: [contract, quarter] MW signed for.
        """
        result = np.zeros_like(signed)
        for p, (lead, term) in enumerate(zip(self.lead_quarters, self.term_quarters, strict=True)):
            for t in range(signed.shape[1]):
                result[p, t + lead : t + lead + term] += signed[p, t]
        return result

    def fixed_cost(self, hours: float) -> Floats:
        """Return what 1 MW signed in a quarter costs in each quarter of its term, but for fuel.

        Returns:
            [contract, quarter of signing, quarter] money.
        """
        contracts, count = self.price.shape
        result = np.zeros((contracts, count, count))
        for p in range(contracts):
            for t in range(count):
                first = t + int(self.lead_quarters[p])
                paid = slice(first, first + int(self.term_quarters[p]))
                strike = 0.0 if self.on_site[p] else self.price[p, t]
                result[p, t, paid] = self.fee[p, t] + strike * hours * self.output[p, paid]
        return result

    def carried_mw(self, sites: int) -> Floats:
        """Return what generators of the start carry of the halls of the start, where they run [site].

        Those that have not begun yet carry nothing of what stands.

        Args:
            sites: how many there are.
        """
        found = np.zeros(sites)
        now = np.where(self.standing & (self.lead_quarters == 0), self.limit_mw[:, 0], 0.0)
        np.add.at(found, self.site, self.relief_mw() * now)
        return found

    def relief_mw(self) -> Floats:
        """Return what 1 MW of each contract adds to a connection, at the least [contract]."""
        return np.where(self.on_site, self.output.min(axis=1, initial=1.0), 0.0)
