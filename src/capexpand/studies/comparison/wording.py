"""Sentences of a comparison: what must come back, the window planned, and the rates of exchange."""

from __future__ import annotations

from capexpand.studies.comparison.comparing import ComparedProgramme, Comparison
from capexpand.wording import MINUS, capitalised, money


def headings(comparison: Comparison) -> tuple[str, ...]:
    """Return a short name for each programme: who spends, and the label where that is not enough."""
    buyers = [one.case.programme.buyer for one in comparison.programmes]
    named = [
        buyer if buyers.count(buyer) == 1 else _told_apart(one, several=len(set(buyers)) > 1)
        for buyer, one in zip(buyers, comparison.programmes, strict=True)
    ]
    return tuple(
        name if named.count(name) == 1 else one.label
        for name, one in zip(named, comparison.programmes, strict=True)
    )


def _told_apart(one: ComparedProgramme, *, several: bool) -> str:
    """The title of a variant, after the buyer where several are compared."""
    variant = one.case.provenance.variant
    title = "as declared" if variant is None else one.case.variants[variant].title
    return f"{one.case.programme.buyer}: {title}" if several else capitalised(title)


def announced_word(comparison: Comparison) -> str:
    """Return what the amounts are: announced, or budgets that nobody announced."""
    announced = {one.case.programme.announced is not None for one in comparison.programmes}
    if announced == {False}:
        return "Budget"
    return "Announced" if announced == {True} else "Announced or budgeted"


def about_rates(comparison: Comparison) -> str:
    """Say in which currency money is, and at which rates."""
    rates = comparison.rates
    if not rates.rates:
        return f"Money in {rates.currency}, the currency of every case."
    return f"Money in {rates.currency}, at the rates known on {rates.day}: " + "; ".join(
        rate.source for rate in rates.rates
    )


def about_window(one: ComparedProgramme) -> str:
    """Say what part of the programme is planned."""
    left, whole = one.measures.window_quarters, one.measures.announced_quarters
    first = one.case.programme.window_start
    part = "the whole programme" if left == whole else f"the last {left} of its {whole} quarters"
    return f"as of {one.case.as_of}; planned is {part}, from {first} on"


def verdict(one: ComparedProgramme, currency: str) -> str:
    """Say what a programme is worth, and what an hour of an accelerator must bring.

    Args:
        currency: code of all money.
    """
    hours, worth = one.measures.hours, one.measures.worth
    value = f"its net present value is {money(worth.npv, currency)} in cash"
    if worth.transfer_value != 0.0:
        value += f", {money(worth.npv_with_transfer, currency)} with what is used inside"
    value += ". "
    if hours.needed is None or hours.earned is None:
        return f"{value}It runs no accelerators beyond those of the business without it."
    if hours.needed <= 0.0:
        return f"{value}It is worth its money even if an hour of an accelerator brings nothing."
    which = (
        "Most of the demand is inside, where no revenue can be laid on it"
        if one.mostly_internal
        else "Most of the demand is from customers"
    )
    enough = "more" if hours.earned >= hours.needed else "less"
    needed, earned = f"{hours.needed:,.2f}", f"{hours.earned:,.2f}".replace("-", MINUS)
    return (
        f"{value}{which}; an hour of an accelerator must bring {needed} {currency} after ordinary costs, "
        f"and the case's own values make it {earned}, which is {enough}."
    )
