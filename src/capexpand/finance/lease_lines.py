"""Lease costs beyond the fee of the day, as rows: fixed fees, minimum volumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.finance.rows import Rows, balance, maximum, present, stated
from capexpand.model.data import Flags, ModelData
from capexpand.model.lease_terms import Terms

MONEY = "money"


@dataclass(frozen=True, slots=True)
class LeaseLines:
    """Terms of rented power and leased units; of none of them where the case says only a fee."""

    power_term: Rows  # [power] quarters
    unit_term: Rows  # [option] quarters
    power_escalation: Rows  # [power] a year
    unit_escalation: Rows  # [option] a year
    power_least: Rows  # [power, quarter] MW paid for whether they are held or not
    unit_least: Rows  # [option, quarter] units
    power_stood: Rows  # [power] MW rented at the start
    units_stood: Rows  # [option] units leased at the start
    power_came: Rows  # [power, quarter] MW that were on order at the start
    units_came: Rows  # [option, quarter] units
    lease_year: Rows  # [year] 0, 1, 2, ...
    lease_quarters: Rows  # in a year
    power_fixed: Flags  # [power] whether the fee of the order holds for the term
    unit_fixed: Flags  # [option]

    @classmethod
    def of(cls, m: ModelData) -> LeaseLines:
        """Return the terms of a compiled case."""
        terms = m.lease_terms
        power, units = _plain(m) if terms is None else (terms.power, terms.units)
        years = np.arange(-(-m.times.count // 4), dtype=np.float64)
        stood_power = np.where(m.power.owned, 0.0, m.opening.power_free_mw)
        stood_units = np.where(m.offers.owned, 0.0, m.opening.units_free(m.sites.destination).sum(axis=1))
        return cls(
            power_term=stated(m.power.term_quarters, "power", timed=False),
            unit_term=stated(m.offers.term_quarters, "option", timed=False),
            power_escalation=stated(power.escalation, "power", timed=False),
            unit_escalation=stated(units.escalation, "option", timed=False),
            power_least=stated(power.least, "power"),
            unit_least=stated(units.least, "option"),
            power_stood=stated(np.where(power.fixed, stood_power, 0.0), "power", timed=False),
            units_stood=stated(np.where(units.fixed, stood_units, 0.0), "option", timed=False),
            power_came=stated(np.where(power.fixed[:, None], m.opening.power_freed_mw, 0.0), "power"),
            units_came=stated(
                np.where(units.fixed[:, None], m.opening.units_freed.sum(axis=1), 0.0), "option"
            ),
            lease_year=stated(years, "year", timed=False),
            lease_quarters=stated(np.asarray(4.0), timed=False),
            power_fixed=power.fixed,
            unit_fixed=units.fixed,
        )


def _plain(m: ModelData) -> tuple[Terms, Terms]:
    """Terms that say nothing."""

    def none(count: int) -> Terms:
        zero = np.zeros(count)
        return Terms(zero.astype(np.bool_), zero, zero.astype(np.int64), np.zeros((count, m.times.count)))

    return none(len(m.power.names)), none(len(m.offers.names))


@dataclass(frozen=True, slots=True)
class _Part:
    """Rented power or leased units: what is ordered, held and handed back, and at what terms."""

    key: str
    title: str
    axis: str
    fixed: Flags
    ordered: Rows
    held: Rows
    returned: Rows
    fee: Rows
    lead: Rows
    term: Rows
    escalation: Rows
    least: Rows
    stood: Rows
    came: Rows


def lease_rows(
    terms: LeaseLines, *, power: tuple[Rows, Rows, Rows], units: tuple[Rows, Rows, Rows],
    fees: tuple[Rows, Rows], leads: tuple[Rows, Rows],
) -> Rows:  # fmt: skip
    """Return what leases cost more than the fee of the day for all that is held [quarter].

    Where the fee is fixed, what is within its term pays the fee of its signing, raised after each year; where
    a minimum is agreed, what is not taken is paid for, too.

    Args:
        power: ordered, held and returned [power, quarter].
        units: ordered, held and returned [option, quarter].
        fees: of the day, of power [power, quarter] and units [option, quarter].
        leads: of power [power] and units [option], in quarters.
    """
    parts = (
        _Part("power", "Rented power", "power", terms.power_fixed, *power, fees[0], leads[0],
              terms.power_term, terms.power_escalation, terms.power_least, terms.power_stood,
              terms.power_came),
        _Part("unit", "Leased units", "option", terms.unit_fixed, *units, fees[1], leads[1],
              terms.unit_term, terms.unit_escalation, terms.unit_least, terms.units_stood,
              terms.units_came),
    )  # fmt: skip
    rented, leased = (_fixed(terms, part) + _least(part) for part in parts)
    return (rented + leased).named("lease_adjustment", "Fixed fees and minimum volumes", MONEY, "operation")


def _fixed(terms: LeaseLines, part: _Part) -> Rows:
    """Fees of signing within the term, in place of the fee of the day for what is held within it."""
    key, title = part.key, part.title
    ordered = part.ordered.only(part.axis, part.fixed)
    signed = (ordered * part.fee).named(f"{key}_signed", f"{title}: fee by signing", MONEY, "leases")
    factor = ((1.0 + part.escalation) ** terms.lease_year).named(
        f"{key}_raised", f"{title}: raise of a fixed fee", "ratio", "leases"
    )
    wait = (part.lead + terms.lease_quarters * terms.lease_year).named(
        f"{key}_year_starts", f"{title}: quarters from order to the year of its term", "quarters", "leases"
    )
    left = maximum(0.0, part.term - terms.lease_quarters * terms.lease_year)
    span = left - maximum(0.0, left - terms.lease_quarters)
    span = span.named(f"{key}_year_lasts", f"{title}: quarters of the year of its term", "quarters", "leases")
    raised = (signed * factor).named(f"{key}_fee", f"{title}: fee of the year of its term", MONEY, "leases")
    begun = raised.arrive(wait).named(f"{key}_begun", f"{title}: fee from its quarter on", MONEY, "leases")
    inside = begun.trailing(span).named(f"{key}_inside", f"{title}: fixed fees", MONEY, "leases")
    ends = (part.lead + part.term).named(f"{key}_ends", f"{title}: quarters to end", "quarters", "leases")
    freed = ordered.arrive(ends).named(f"{key}_freed", f"{title}: past its term", "", "leases")
    free = balance(
        freed + part.came if part.came.values.any() else freed,
        part.returned.only(part.axis, part.fixed),
        start=part.stood,
    ).named(f"{key}_free", f"{title}: held past its term", "", "leases")
    again = (free - part.held.only(part.axis, part.fixed)) * part.fee
    again = again.named(
        f"{key}_again", f"{title}: fee of the day, taken back within the term", MONEY, "leases"
    )
    return inside.sum("year").sum(part.axis) + again.sum(part.axis)


def _least(part: _Part) -> Rows:
    """What is agreed to and not held, at the fee of the day."""
    lacking = maximum(0.0, part.least - part.held.only(part.axis, present(part.least)))
    bill = (lacking * part.fee).named(
        f"{part.key}_untaken", f"{part.title}: agreed and not held", MONEY, "leases"
    )
    return bill.sum(part.axis)
