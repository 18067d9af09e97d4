"""Cost of capacity hired from clouds, as rows: the fee of the day, or that of the signing for its term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.rows import Rows, decided, stated
from capexpand.model.data import Flags, ModelData
from capexpand.optimiser.plan import Plan


@dataclass(frozen=True, slots=True)
class HireTerms:
    """Terms of each way to hire."""

    hire_fee: Rows  # [hire, quarter] money per unit; of reservations by the day of signing
    hire_lead: Rows  # [hire] quarters
    hire_term: Rows  # [hire] quarters, 0 where nothing is reserved
    reserved: Flags  # [hire]

    @classmethod
    def of(cls, m: ModelData) -> HireTerms:
        """Return the terms of a compiled case; of no option where nothing can be hired."""
        o = m.hire
        if o is None:
            none = np.zeros(0)
            return cls(
                stated(np.zeros((0, m.times.count)), "hire"), stated(none, "hire", timed=False),
                stated(none, "hire", timed=False), none.astype(np.bool_),
            )  # fmt: skip
        return cls(
            stated(o.fee, "hire"),
            stated(o.lead_quarters, "hire", timed=False),
            stated(o.term_quarters, "hire", timed=False),
            o.reserved,
        )


@dataclass(frozen=True, slots=True)
class Hired:
    """What a plan hires."""

    hired: Rows  # [hire, quarter] units
    hire_signed: Rows  # [hire, quarter] units

    @classmethod
    def of(cls, plan: Plan) -> Hired:
        """Return what is hired; what is never hired is not there."""
        return cls(
            decided(plan.hired, "hire", called=("hired", "Units hired", "unit", "hire")),
            decided(
                plan.hire_signed, "hire", called=("hire_signed", "Units reserved, by signing", "unit", "hire")
            ),
        )


def hire_rows(terms: HireTerms, done: Hired) -> Rows:
    """Return the fees of all hired capacity [quarter]."""
    loose = (done.hired.only("hire", ~terms.reserved) * terms.hire_fee).named(
        "hire_loose", "Fees of units hired without a term", "money", "hire"
    )
    signed = (done.hire_signed.only("hire", terms.reserved) * terms.hire_fee).named(
        "hire_agreed", "Fees agreed, by signing", "money", "hire"
    )
    begun = signed.arrive(terms.hire_lead).named(
        "hire_begun", "Fees by first quarter of the term", "money", "hire"
    )
    running = begun.trailing(terms.hire_term).named(
        "hire_reserved", "Fees of reserved units", "money", "hire"
    )
    return (loose.sum("hire") + running.sum("hire")).named("hire", "Hire from clouds", "money", "operation")
