"""The lines of a comparison: what each is called, how it is written, and where it comes from.

Table, page, JSON and files are made from these lines, so that no two of them disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from capexpand.studies.comparison.measures import Measures
from capexpand.wording import MINUS, compute, count, money, number, percent, power, volume

Kind = Literal["money", "price", "count", "power", "compute", "tokens", "share", "rate", "years", "hour"]
"""``money`` in millions; ``price`` and ``hour`` in plain currency; ``rate`` by year."""

MONEY: tuple[Kind, ...] = ("money", "price", "hour")
"""Kinds that a change of currency scales."""


@dataclass(frozen=True, slots=True)
class ComparisonLine:
    """One line of a comparison.

    Args:
        source: the part of ``Measures`` and the field there, joined by a dot.
        title: of the line.
        kind: how its value is written.
    """

    source: str
    title: str
    kind: Kind

    @property
    def key(self) -> str:
        """The line's name in tables and documents."""
        return self.source.partition(".")[2]

    def read(self, measures: Measures) -> float | None:
        """Return the line's value of one programme."""
        return attrgetter(self.source)(measures)

    def write(self, measures: Measures, currency: str) -> str:
        """Write the line's value of one programme for people.

        Args:
            currency: code of all money.
        """
        value = self.read(measures)
        return "–" if value is None else _written(value, self.kind, currency)


@dataclass(frozen=True, slots=True)
class LineGroup:
    """Lines that belong together, and how they are to be read."""

    key: str
    title: str
    note: str
    lines: tuple[ComparisonLine, ...]


def _written(value: float, kind: Kind, currency: str) -> str:
    writers: dict[Kind, Callable[[float], str]] = {
        "money": lambda amount: money(amount, currency),
        "price": lambda amount: money(amount / 1e6, currency),
        "hour": lambda amount: f"{amount:,.2f} {currency}".replace("-", MINUS),
        "count": count,
        "power": power,
        "compute": compute,
        "tokens": volume,
        "share": percent,
        "rate": percent,
        "years": lambda span: f"{number(span)} years",
    }
    return writers[kind](value)


AMOUNTS = LineGroup(
    "amounts",
    "The money",
    "Ordered is the full price of what is ordered in the window that can still be planned; paid is what "
    "falls due in it. Leased counts fees over the least term.",
    (
        ComparisonLine("amounts.announced", "Announced", "money"),
        ComparisonLine("amounts.spent_before", "Spent or bound before", "money"),
        ComparisonLine("amounts.allowed", "Left to plan", "money"),
        ComparisonLine("amounts.ordered", "Ordered in the window", "money"),
        ComparisonLine("amounts.paid", "Paid in the window", "money"),
        ComparisonLine("amounts.leased", "Leased in the window", "money"),
    ),
)

YEARLY = LineGroup(
    "yearly",
    "In twelve months, in like scope",
    "The AI part is the accelerators' servers and their share of the halls, by the power of what is "
    "ordered; what was announced is cut by the same share. With leases: fees over the least term, as "
    "finance leases count them.",
    (
        ComparisonLine("amounts.announced_a_year", "Announced", "money"),
        ComparisonLine("amounts.ai_announced_a_year", "Announced, AI part", "money"),
        ComparisonLine("amounts.ordered_a_year", "Ordered", "money"),
        ComparisonLine("amounts.ordered_and_leased_a_year", "Ordered, with leases", "money"),
        ComparisonLine("amounts.ai_ordered_a_year", "Ordered, AI part", "money"),
        ComparisonLine("amounts.ai_ordered_and_leased_a_year", "Ordered, AI part with leases", "money"),
    ),
)

PURCHASE = LineGroup(
    "purchase",
    "What it buys",
    "Orders of the window. Operations are dense FP8 or INT8. Tokens are what the accelerators could serve "
    "of one model, all day and with nothing else to do, with the software of the cases' dates.",
    (
        ComparisonLine("purchase.accelerators", "Accelerators", "count"),
        ComparisonLine("purchase.h100_equivalents", "the same in H100", "count"),
        ComparisonLine("purchase.compute_pflops", "Operations", "compute"),
        ComparisonLine("purchase.tokens_per_day", "Tokens a day", "tokens"),
        ComparisonLine("purchase.ai_power_mw", "Power of their servers", "power"),
        ComparisonLine("purchase.general_servers", "General servers", "count"),
        ComparisonLine("purchase.server_power_mw", "Power of all servers", "power"),
        ComparisonLine("purchase.halls_mw", "Own halls", "power"),
        ComparisonLine("purchase.leased_halls_mw", "Leased halls", "power"),
        ComparisonLine("purchase.leased_accelerators", "Leased accelerators", "count"),
    ),
)

PRICES = LineGroup(
    "prices",
    "What a unit costs",
    "With hall: as if every server with accelerators stood in a new hall at the price of those ordered, "
    "so that a programme that fills halls of before does not look cheap.",
    (
        ComparisonLine("prices.hall_per_mw", "A MW of halls", "price"),
        ComparisonLine("prices.servers_per_mw", "A MW of accelerators", "price"),
        ComparisonLine("prices.all_in_per_mw", "A MW with hall", "price"),
        ComparisonLine("prices.per_accelerator", "An accelerator with hall", "price"),
        ComparisonLine("prices.per_h100", "The compute of an H100, with hall", "price"),
        ComparisonLine("prices.per_pflops", "A PFLOP/s with hall", "price"),
        ComparisonLine("prices.per_million_tokens_a_day", "A million tokens a day, with hall", "price"),
    ),
)

SHARES = LineGroup(
    "shares",
    "Where the money goes",
    "First of the orders of the window, then of all that the programme costs to the end of the horizon "
    "but sales and staff, as present values.",
    (
        ComparisonLine("shares.ordered_accelerators", "Orders: accelerators", "share"),
        ComparisonLine("shares.ordered_other_servers", "Orders: other servers", "share"),
        ComparisonLine("shares.ordered_halls", "Orders: halls and power", "share"),
        ComparisonLine("shares.cost_accelerators", "Cost: accelerators", "share"),
        ComparisonLine("shares.cost_other_servers", "Cost: other servers", "share"),
        ComparisonLine("shares.cost_halls", "Cost: halls and power", "share"),
        ComparisonLine("shares.cost_leases", "Cost: leases", "share"),
        ComparisonLine("shares.cost_energy", "Cost: energy", "share"),
        ComparisonLine("shares.cost_upkeep", "Cost: upkeep", "share"),
    ),
)

WORTH = LineGroup(
    "worth",
    "What comes back",
    "Present values after tax at the plan's start, less the business without the programme; each case "
    "with its own discount rate. With transfer values, what is used inside counts at what the case says "
    "it is worth.",
    (
        ComparisonLine("returns.internal_share", "Used inside", "share"),
        ComparisonLine("worth.npv", "Net present value, cash", "money"),
        ComparisonLine("worth.npv_without_end_value", "without end value", "money"),
        ComparisonLine("returns.rate", "Rate of return, cash", "rate"),
        ComparisonLine("returns.payback_years", "Payback, cash", "years"),
        ComparisonLine("worth.npv_with_transfer", "Net present value with transfer", "money"),
        ComparisonLine("returns.rate_with_transfer", "Rate with transfer", "rate"),
        ComparisonLine("returns.payback_with_transfer_years", "Payback with transfer", "years"),
    ),
)

HOURS = LineGroup(
    "hours",
    "What an hour must bring",
    "Revenue or use of an hour that an accelerator runs, after ordinary costs and the same in every "
    "quarter, at which the net present value is zero; beside it what it brings at the case's own prices "
    "and transfer values.",
    (
        ComparisonLine("hours.needed", "Needed per accelerator-hour", "hour"),
        ComparisonLine("hours.earned", "Brought in the case", "hour"),
        ComparisonLine("hours.needed_per_h100", "Needed per hour of an H100", "hour"),
        ComparisonLine("hours.earned_per_h100", "Brought in the case, H100", "hour"),
    ),
)

GROUPS = (WORTH, HOURS, AMOUNTS, YEARLY, PURCHASE, PRICES, SHARES)
"""All lines, in the order in which they are shown."""
