"""Purchases as rows: orders at a price fixed then, and generators and storage with the books of each."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.finance.energy_lines import MONEY, EnergyTerms
from capexpand.finance.rows import Rows, balance, minimum, present


@dataclass(frozen=True, slots=True)
class Bought:
    """Orders as money, summed over what is ordered [quarter]."""

    commitments: Rows
    payments: Rows
    deliveries: Rows
    arrived: Rows  # the same, not summed


def bought(
    kind: tuple[str, str], ordered: Rows, price: Rows, *, lead: Rows, deposit: Rows, block: str = "purchases"
) -> Bought:
    """Returns orders at a price fixed then: a deposit at once, the rest on delivery.

    Args:
        kind: key and title of what is bought.
        ordered: by what can be ordered, and quarter.
        price: of one.
        lead: quarters until delivery.
        deposit: share paid at order.
        block: of a workbook in which it stands.
    """
    key, title = kind
    full = (ordered * price).named(f"{key}_orders", f"{title}: price of orders", MONEY, block)
    now = lead.if_zero(1.0, deposit)
    now = now.named(f"{key}_share_now", f"{title}: share paid at order", "share", block)
    deposits = (now * full).named(f"{key}_deposits", f"{title}: paid at order", MONEY, block)
    rest = (full - deposits).named(f"{key}_rest", f"{title}: due on delivery", MONEY, block)
    rests = rest.arrive(lead).named(f"{key}_rests", f"{title}: paid on delivery", MONEY, block)
    arrived = full.arrive(lead).named(f"{key}_arrived", f"{title}: price of deliveries", MONEY, block)

    def summed(rows: Rows) -> Rows:
        for axis in rows.axes[::-1]:
            rows = rows.sum(axis)
        return rows

    return Bought(
        summed(full),
        (summed(deposits) + summed(rests)).named(f"{key}_payments", f"{title}: payments", MONEY, block),
        summed(arrived).named(f"{key}_deliveries", f"{title}: deliveries", MONEY, block),
        arrived,
    )


@dataclass(frozen=True, slots=True)
class Plants:
    """Generators and storage that are bought [quarter], in money."""

    commitments: Rows
    payments: Rows
    additions: Rows
    written_off: Rows
    book: Rows
    market_at_end: Rows  # what they bring at the horizon's end
    book_at_end: Rows  # the same, of each order no more than its book


def plant_rows(terms: EnergyTerms, signed: Rows, *, cost: Rows | None) -> Plants:
    """Returns what plants cost and hold in the books; each is written off over its own term.

    Args:
        terms: of energy.
        signed: MW [agreement, quarter].
        cost: what an asset costs of its price with tax that is never recovered; None: its price.
    """
    term, price = terms.energy_term, terms.plant_cost
    orders = bought(
        ("plant", "Power plants"), signed, price, lead=terms.energy_lead, deposit=terms.plant_deposit
    )
    came = orders.arrived if cost is None else cost * orders.arrived
    came = came.named("plants_added", "Additions of power plants, by plant", MONEY, "assets")
    written = (came.trailing(term) / term).named(
        "plants_written_off", "Depreciation of power plants, by plant", MONEY, "assets"
    )
    additions = came.sum("agreement").named("additions_plants", "Additions of power plants", MONEY, "assets")
    written_off = written.sum("agreement").named(
        "depreciation_plants", "Depreciation of power plants", MONEY, "assets"
    )
    latest = terms.plant_fraction * price.last()
    book = price if cost is None else cost * price

    def at_end(worth: Rows, key: str, title: str) -> Rows:
        begun = (
            (signed * worth).arrive(terms.energy_lead).named(f"{key}_begun", f"{title}, new", MONEY, "end")
        )
        left = balance(begun, begun.trailing(term) / term).named(
            f"{key}_left", f"{title}, by plant", MONEY, "end"
        )
        worth_of_each = left.last()
        if present(terms.plant_kept).any():
            worth_of_each = worth_of_each + signed.first() * terms.plant_kept
        return worth_of_each.sum("agreement").named(key, title, MONEY, "end")

    return Plants(
        orders.commitments,
        orders.payments,
        additions,
        written_off,
        balance(additions, written_off).named("book_plants", "Book value of power plants", MONEY, "assets"),
        at_end(latest, "end_market_plants", "Worth of power plants on the market"),
        at_end(minimum(latest, book), "end_value_plants", "End value of power plants"),
    )
