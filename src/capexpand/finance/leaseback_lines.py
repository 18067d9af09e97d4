"""Sale and leaseback of servers as rows: proceeds, the gain over the books, fees, and what leaves the books.

What is sold leaves the books as an addition of the opposite sign, with the rest of its life.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.rows import Rows, decided, nothing, stated
from capexpand.model.data import ModelData
from capexpand.model.leaseback_values import leased_at_end
from capexpand.optimiser.plan import Plan

MONEY = "money"


@dataclass(frozen=True, slots=True)
class LeasebackTerms:
    """Terms by offer option."""

    leaseback_price: Rows  # [option, quarter] money per unit
    leaseback_fee: Rows  # [option, quarter] money per unit and quarter, by the quarter of sale
    leaseback_age: Rows  # [option] quarters
    leaseback_term: Rows  # [option] quarters
    leaseback_left: Rows  # [option, quarter] part of what is sold that is leased and works at the end

    @classmethod
    def of(cls, m: ModelData) -> LeasebackTerms:
        """Return the terms of a compiled case; of none where nothing can be leased back."""
        terms, count = m.leasebacks, len(m.offers.names)
        none = np.zeros((count, m.times.count))
        return cls(
            stated(none if terms is None else terms.price, "option"),
            stated(none if terms is None else terms.fee, "option"),
            stated(np.zeros(count) if terms is None else terms.age, "option", timed=False),
            stated(np.zeros(count) if terms is None else terms.term, "option", timed=False),
            stated(none if terms is None else leased_at_end(m), "option"),
        )


def leased_back_rows(plan: Plan) -> Rows:
    """Return the units that a plan sells and leases back [option, destination, quarter], a decision."""
    done = np.zeros_like(plan.ordered) if plan.leased_back is None else plan.leased_back
    called = ("leased_back", "Units sold and leased back", "unit", "leaseback")
    return decided(done, "option", "destination", called=called)


@dataclass(frozen=True, slots=True)
class LeasebackLines:
    """Money of sale and leaseback [quarter]."""

    proceeds: Rows
    gains: Rows
    fees: Rows
    book: Rows  # that leaves with what is sold
    spared: Rows  # depreciation that falls away
    at_end: Rows  # [option] units that the lessor owns at the end


def leaseback_rows(
    terms: LeasebackTerms, sold: Rows, *, price: Rows, lead: Rows, life: Rows, cost: Rows | None
) -> LeasebackLines:
    """Return the money of sale and leaseback.

    Args:
        sold: [option, destination, quarter].
        price: of a unit when it was ordered [option, destination, quarter].
        lead: from order to delivery [option], in quarters.
        life: of servers in the books, in quarters.
        cost: of an asset for 1 paid, where value-added tax is never recovered.
    """
    if not np.any(sold.values):
        none = nothing(shape=(sold.values.shape[-1],), timed=True)
        at_end = nothing(("option",), (sold.values.shape[0],))
        return LeasebackLines(none, none, none, none, none, at_end)
    units = sold.sum("destination").named(
        "units_leased_back", "Units sold and leased back in all", "unit", "leaseback"
    )
    proceeds = (units * terms.leaseback_price).named(
        "proceeds_by_option", "Proceeds of units sold and leased back", MONEY, "leaseback"
    )
    wait = (lead + terms.leaseback_age).named(
        "sold_after", "Quarters from order to sale", "quarters", "leaseback"
    )
    paid = (sold * price.arrive(wait)).sum("destination")
    paid = paid if cost is None else paid * cost
    rest = (life - terms.leaseback_age).named(
        "rest_of_life", "Quarters still to be written off at sale", "quarters", "leaseback"
    )
    book = (paid * (rest / life)).named("sold_book", "Book value of what is sold", MONEY, "leaseback")
    spared = (book.trailing(rest) / rest).named(
        "spared", "Depreciation that falls away with what is sold", MONEY, "leaseback"
    )
    fees = (units * terms.leaseback_fee).trailing(terms.leaseback_term)
    fees = fees.named("leaseback_fees", "Fees of units leased back", MONEY, "leaseback")
    in_all, given = proceeds.sum("option"), book.sum("option")
    return LeasebackLines(
        in_all.named("leaseback_proceeds", "Proceeds of sale and leaseback", MONEY, "cash"),
        (in_all - given).named("leaseback_gains", "Gain on sale and leaseback", MONEY, "operation"),
        fees.sum("option"),
        given,
        spared.sum("option"),
        (units * terms.leaseback_left).total(),
    )
