"""Sentences of a comparison: what must come back, the window planned, and the rates of exchange."""

from __future__ import annotations

from capexpand.studies.comparison.comparing import Comparison, Programme


def headings(comparison: Comparison) -> tuple[str, ...]:
    """Return a short name for each programme: who spends, and the label where that is not enough.

    Args:
        comparison: the programmes.
    """
    buyers = [one.case.programme.buyer for one in comparison.programmes]
    return tuple(
        buyer if buyers.count(buyer) == 1 else one.label
        for buyer, one in zip(buyers, comparison.programmes, strict=True)
    )


def about_rates(comparison: Comparison) -> str:
    """Say in which currency money is, and at which rates.

    Args:
        comparison: the programmes.
    """
    rates = comparison.rates
    if not rates.rates:
        return f"Money in {rates.currency}, the currency of every case."
    return f"Money in {rates.currency}, at the rates known on {rates.day}: " + "; ".join(
        rate.source for rate in rates.rates
    )


def about_window(one: Programme) -> str:
    """Say what part of the programme is planned.

    Args:
        one: a programme.
    """
    left, whole = one.measures.window_quarters, one.measures.announced_quarters
    first = one.case.programme.window_start
    part = "the whole programme" if left == whole else f"the last {left} of its {whole} quarters"
    return f"as of {one.case.as_of}; planned is {part}, from {first} on"


def verdict(one: Programme, currency: str) -> str:
    """Say in a sentence what must come back.

    Args:
        one: a programme.
        currency: code of all money.
    """
    hours = one.measures.hours
    if hours.needed is None or hours.earned is None:
        return "the programme runs no accelerators beyond those of the business without it."
    if hours.needed <= 0.0:
        return "it is worth its money even if an hour of an accelerator brings nothing."
    which = (
        "most of the demand is inside, where no revenue can be laid on it"
        if one.mostly_internal
        else "most of the demand is from customers"
    )
    enough = "more" if hours.earned >= hours.needed else "less"
    needed, earned = f"{hours.needed:,.2f}", f"{hours.earned:,.2f}".replace("-", "−")
    return (
        f"{which}; an hour of an accelerator must bring {needed} {currency} after ordinary costs, "
        f"and the case's own values make it {earned}, which is {enough}."
    )
