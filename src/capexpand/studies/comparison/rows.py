"""The lines of a comparison: what each is called, how it is written, and where it comes from.

Table, page, JSON and files are made from these lines, so that no two of them disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from capexpand.studies.comparison.measures import Measures
from capexpand.wording import MINUS, compute, count, money, number, percent, power, volume

Kind = Literal["money", "price", "count", "power", "compute", "tokens", "share", "rate", "years", "hour"]
"""``money`` in millions; ``price`` and ``hour`` in plain currency; ``rate`` by year."""

MONEY: tuple[Kind, ...] = ("money", "price", "hour")
"""Kinds that a change of currency scales."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison."""

    key: str
    title: str
    kind: Kind
    read: Callable[[Measures], float | None]

    def write(self, measures: Measures, currency: str) -> str:
        """Write the line's value of one programme for people.

        Args:
            currency: code of all money.
        """
        value = self.read(measures)
        return "–" if value is None else _written(value, self.kind, currency)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together, and how they are to be read."""

    key: str
    title: str
    note: str
    lines: tuple[Line, ...]


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


AMOUNTS = Group(
    "amounts",
    "The money",
    "Ordered is the full price of what is ordered in the window that can still be planned; paid is what "
    "falls due in it. Leased counts fees over the least term.",
    (
        Line("announced", "Announced", "money", lambda m: m.amounts.announced),
        Line("spent_before", "Spent or bound before", "money", lambda m: m.amounts.spent_before),
        Line("allowed", "Left to plan", "money", lambda m: m.amounts.allowed),
        Line("ordered", "Ordered in the window", "money", lambda m: m.amounts.ordered),
        Line("paid", "Paid in the window", "money", lambda m: m.amounts.paid),
        Line("leased", "Leased in the window", "money", lambda m: m.amounts.leased),
    ),
)

YEARLY = Group(
    "yearly",
    "In twelve months, in like scope",
    "The AI part is the accelerators' servers and their share of the halls, by the power of what is "
    "ordered; what was announced is cut by the same share. With leases: fees over the least term, as "
    "finance leases count them.",
    (
        Line("announced_a_year", "Announced", "money", lambda m: m.amounts.announced_a_year),
        Line("ai_announced_a_year", "Announced, AI part", "money", lambda m: m.amounts.ai_announced_a_year),
        Line("ordered_a_year", "Ordered", "money", lambda m: m.amounts.ordered_a_year),
        Line(
            "ordered_and_leased_a_year",
            "Ordered, with leases",
            "money",
            lambda m: m.amounts.ordered_and_leased_a_year,
        ),
        Line("ai_ordered_a_year", "Ordered, AI part", "money", lambda m: m.amounts.ai_ordered_a_year),
        Line(
            "ai_ordered_and_leased_a_year",
            "Ordered, AI part with leases",
            "money",
            lambda m: m.amounts.ai_ordered_and_leased_a_year,
        ),
    ),
)

PURCHASE = Group(
    "purchase",
    "What it buys",
    "Orders of the window. Operations are dense FP8 or INT8. Tokens are what the accelerators could serve "
    "of one model, all day and with nothing else to do, with the software of the cases' dates.",
    (
        Line("accelerators", "Accelerators", "count", lambda m: m.purchase.accelerators),
        Line("h100_equivalents", "the same in H100", "count", lambda m: m.purchase.h100_equivalents),
        Line("compute_pflops", "Operations", "compute", lambda m: m.purchase.compute_pflops),
        Line("tokens_per_day", "Tokens a day", "tokens", lambda m: m.purchase.tokens_per_day),
        Line("ai_power_mw", "Power of their servers", "power", lambda m: m.purchase.ai_power_mw),
        Line("general_servers", "General servers", "count", lambda m: m.purchase.general_servers),
        Line("server_power_mw", "Power of all servers", "power", lambda m: m.purchase.server_power_mw),
        Line("halls_mw", "Own halls", "power", lambda m: m.purchase.halls_mw),
        Line("leased_halls_mw", "Leased halls", "power", lambda m: m.purchase.leased_halls_mw),
        Line("leased_accelerators", "Leased accelerators", "count", lambda m: m.purchase.leased_accelerators),
    ),
)

PRICES = Group(
    "prices",
    "What a unit costs",
    "With hall: as if every server with accelerators stood in a new hall at the price of those ordered, "
    "so that a programme that fills halls of before does not look cheap.",
    (
        Line("hall_per_mw", "A MW of halls", "price", lambda m: m.prices.hall_per_mw),
        Line("servers_per_mw", "A MW of accelerators", "price", lambda m: m.prices.servers_per_mw),
        Line("all_in_per_mw", "A MW with hall", "price", lambda m: m.prices.all_in_per_mw),
        Line("per_accelerator", "An accelerator with hall", "price", lambda m: m.prices.per_accelerator),
        Line("per_h100", "The compute of an H100, with hall", "price", lambda m: m.prices.per_h100),
        Line("per_pflops", "A PFLOP/s with hall", "price", lambda m: m.prices.per_pflops),
        Line(
            "per_million_tokens_a_day",
            "A million tokens a day, with hall",
            "price",
            lambda m: m.prices.per_million_tokens_a_day,
        ),
    ),
)

SHARES = Group(
    "shares",
    "Where the money goes",
    "First of the orders of the window, then of all that the programme costs to the end of the horizon "
    "but sales and staff, as present values.",
    (
        Line(
            "ordered_accelerators", "Orders: accelerators", "share", lambda m: m.shares.ordered_accelerators
        ),
        Line(
            "ordered_other_servers",
            "Orders: other servers",
            "share",
            lambda m: m.shares.ordered_other_servers,
        ),
        Line("ordered_halls", "Orders: halls and power", "share", lambda m: m.shares.ordered_halls),
        Line("cost_accelerators", "Cost: accelerators", "share", lambda m: m.shares.cost_accelerators),
        Line("cost_other_servers", "Cost: other servers", "share", lambda m: m.shares.cost_other_servers),
        Line("cost_halls", "Cost: halls and power", "share", lambda m: m.shares.cost_halls),
        Line("cost_leases", "Cost: leases", "share", lambda m: m.shares.cost_leases),
        Line("cost_energy", "Cost: energy", "share", lambda m: m.shares.cost_energy),
        Line("cost_upkeep", "Cost: upkeep", "share", lambda m: m.shares.cost_upkeep),
    ),
)

WORTH = Group(
    "worth",
    "What comes back",
    "Present values after tax at the plan's start, less the business without the programme; each case "
    "with its own discount rate. With transfer values, what is used inside counts at what the case says "
    "it is worth.",
    (
        Line("internal_share", "Used inside", "share", lambda m: m.returns.internal_share),
        Line("npv", "Net present value, cash", "money", lambda m: m.worth.npv),
        Line("npv_without_end_value", "without end value", "money", lambda m: m.worth.npv_without_end_value),
        Line("rate", "Rate of return, cash", "rate", lambda m: m.returns.rate),
        Line("payback_years", "Payback, cash", "years", lambda m: m.returns.payback_years),
        Line(
            "npv_with_transfer",
            "Net present value with transfer",
            "money",
            lambda m: m.worth.npv_with_transfer,
        ),
        Line("rate_with_transfer", "Rate with transfer", "rate", lambda m: m.returns.rate_with_transfer),
        Line(
            "payback_with_transfer_years",
            "Payback with transfer",
            "years",
            lambda m: m.returns.payback_with_transfer_years,
        ),
    ),
)

HOURS = Group(
    "hours",
    "What an hour must bring",
    "Revenue or use of an hour that an accelerator runs, after ordinary costs and the same in every "
    "quarter, at which the net present value is zero; beside it what it brings at the case's own prices "
    "and transfer values.",
    (
        Line("needed", "Needed per accelerator-hour", "hour", lambda m: m.hours.needed),
        Line("earned", "Brought in the case", "hour", lambda m: m.hours.earned),
        Line("needed_per_h100", "Needed per hour of an H100", "hour", lambda m: m.hours.needed_per_h100),
        Line("earned_per_h100", "Brought in the case, H100", "hour", lambda m: m.hours.earned_per_h100),
    ),
)

GROUPS = (WORTH, HOURS, AMOUNTS, YEARLY, PURCHASE, PRICES, SHARES)
"""All lines, in the order in which they are shown."""
