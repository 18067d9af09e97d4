"""Money of many futures that no decision moves: revenue outside the case, and constants of contracts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.model.contracts import ContractConstants
from capexpand.model.data import Floats, ModelData
from capexpand.scenarios.entries import Entry, EntryKind
from capexpand.scenarios.sampling import Scenarios


@dataclass(frozen=True, slots=True)
class MoneyFactors:
    """Factors of many futures on money that no decision of operations moves.

    Args:
        entries: what they move.
        factors: [quarter, entry, scenario].
    """

    entries: tuple[Entry, ...]
    factors: Floats

    @classmethod
    def of(cls, m: ModelData, scenarios: Scenarios) -> MoneyFactors:
        """Returns the factors of scenarios, of contracts and of money outside the case only."""
        contracts = () if m.contracts is None else m.contracts.workload
        agreed = {m.workloads.names[j] for j in contracts}
        rows = [
            row
            for row, entry in enumerate(scenarios.entries)
            if entry.kind in ("other_revenue", "exchange_rate", "reference_rate")
            or (entry.kind in ("base_price", "productivity") and entry.name in agreed)
        ]
        factors = np.zeros((scenarios.quarters, len(rows), scenarios.count))
        for t in range(scenarios.quarters if rows else 0):
            factors[t] = scenarios.factors(t)[rows]
        return cls(tuple(scenarios.entries[row] for row in rows), factors)

    @classmethod
    def declared(cls, m: ModelData, scenarios: int) -> MoneyFactors:
        """Returns the factors of futures in which all of this is as declared."""
        return cls((), np.zeros((m.times.count, 0, scenarios)))

    def of_entry(self, kind: EntryKind, name: str) -> Floats:
        """Returns the factors of one entry [quarter, scenario], 1 where no process moves it."""
        entry = Entry(kind, name)
        if entry not in self.entries:
            return np.ones((self.factors.shape[0], self.factors.shape[2]))
        return self.factors[:, self.entries.index(entry)]


@dataclass(frozen=True, slots=True)
class Flows:
    """Cash of a whole business without debt [quarter, scenario], and what its end adds [scenario]."""

    free: Floats
    end: Floats


def outside_earnings(m: ModelData, moved: MoneyFactors) -> Floats:
    """Returns what the business earns that no decision moves [quarter, scenario], less its costs.

    Of contracts that is what is paid and not taken, less damages for all volume; exchange rates move both.

    Args:
        m: the compiled case as declared.
    """
    before = ContractConstants.of(m.contracts, m.times.count)
    own = (m.opening.other_revenue - before.unused)[:, None]
    found = own * moved.of_entry("other_revenue", "")
    found = found - (m.opening.other_cost - before.damages)[:, None]
    c = m.contracts
    if c is None:
        return found
    for i, j in enumerate(c.workload):
        if not c.offered[i]:
            name = m.workloads.names[j]
            price = moved.of_entry("base_price", name)
            rate = price / moved.of_entry("productivity", name)
            found = found + rate * (c.unused[i] - c.damages[i] * c.volume[i])[:, None]
    return found
