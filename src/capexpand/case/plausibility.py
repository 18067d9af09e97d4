"""Numbers that a case may state and that are hard to believe: slips of unit or scale."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.blended_prices import listed_price
from capexpand.case.numbers import walk
from capexpand.case.reading import dotted
from capexpand.case.schema import Case, Offer
from capexpand.case.values import Figure, Series
from capexpand.units import format_number

_WATTS_OVER_CHIP = (0.8, 5.0)  # power of a unit for each accelerator, over the power of the accelerator alone
_ACCELERATOR_KW = (0.05, 6.0)  # the same where the catalogue does not know the accelerator
_SERVER_KW = (0.02, 10.0)  # of a unit without accelerators
_TOKEN_USD = (1e-4, 1e3)  # a million tokens; the dearest list in the catalogue asks some hundreds
_LARGEST_PROGRAMME_USD = 5e12  # ten times the largest programme of the catalogue
_GROWTH_OVER_HORIZON = 1e5
_DENSITY_MONTHS = 3.3
"""In which the density of models doubled in 2023 and 2024 (Xiao et al., Densing Law of LLMs, 2412.04315)."""
_REST = 2.3
"""What caches bring at most: a service took 342 of 608 bn tokens in from one (DeepSeek, 2025-03-01)."""
_DISCOUNT_RATE = 0.01  # a year; less, and more than none, is mostly a fraction taken for percent


def doubts(case: Case) -> tuple[str, ...]:
    """Return what is hard to believe of a case's numbers, each with its place and the range it falls out of.

    Args:
        case: as ``load_case`` gives it.
    """
    return (
        *_money(case),
        *_offers(case),
        *_tokens(case),
        *_growth(case),
        *_smaller_models(case),
        *_rest(case),
    )


def _rate(case: Case, currency: str | None) -> float | None:
    """What one of a currency is in dollars, as far as the case's exchange rates tell."""
    if currency == "USD":
        return 1.0
    dollars = case.exchange_rates.get("USD")
    if currency == case.currency and dollars is not None:
        return 1.0 / dollars.by_quarter(case.calendar)[0]
    return None


def _money(case: Case) -> Iterator[str]:
    rate = case.finance.discount_rate
    if 0.0 < rate.value < _DISCOUNT_RATE:
        likely = format_number(rate.value * 1e4)
        yield f"finance.discount_rate: {rate.written} is very low; was {likely} %/year meant?"
    for name in ("cap", "floor", "announced"):
        amount: Figure | None = getattr(case.programme, name)
        if amount is None:
            continue
        dollars = _rate(case, amount.currency) or 0.1  # a small currency's worth, where the case tells none
        if amount.value * 1e6 * dollars > _LARGEST_PROGRAMME_USD:
            yield (
                f"programme.{name}: {amount.written} is more than ten times the largest programme in the "
                "catalogue; a billion is bn"
            )


def _offers(case: Case) -> Iterator[str]:
    for name, offer in case.offers.items():
        each = offer.power.value / max(offer.accelerators, 1)
        low, high = _power_range(offer)
        if not low <= each <= high:
            of = "for each accelerator" if offer.accelerators else "for one server"
            yield (
                f"offers.{name}.power: {offer.power.written} is {format_number(each, 3)} kW {of}; "
                f"usual are {format_number(low, 2)} to {format_number(high, 2)} kW"
            )


def _power_range(offer: Offer) -> tuple[float, float]:
    """Kilowatts of a unit for each accelerator that are usual."""
    if not offer.accelerators:
        return _SERVER_KW
    if offer.accelerator is not None:
        from capexpand.catalogue import find_accelerator

        row = find_accelerator(offer.accelerator)
        if row.unit == "chip" and row.tdp_w is not None:
            low, high = (row.tdp_w / 1000.0 * over for over in _WATTS_OVER_CHIP)
            return low, high
    return _ACCELERATOR_KW


def _tokens(case: Case) -> Iterator[str]:
    for name, workload in case.workloads.items():
        price = listed_price(workload, case.calendar)
        if workload.unit != "token" or price is None:
            continue
        dollars = _rate(case, price.currency)
        million = price.by_quarter(case.calendar)[0] * (dollars or 0.0)
        low, high = _TOKEN_USD
        if dollars is not None and million > 0.0 and not low <= million <= high:
            field = "price" if workload.prices is None else "prices"
            yield (
                f"workloads.{name}.{field}: {price.written} is {format_number(million, 3)} USD for a million "
                f"tokens; lists ask {format_number(low)} to {format_number(high)}"
            )


def _growth(case: Case) -> Iterator[str]:
    years = case.calendar.quarters / 4.0
    for place, number in walk(case):
        if not isinstance(number, Series) or not number.growth:
            continue
        values = number.by_quarter(case.calendar)
        if values[0] > 0.0 and values[-1] / values[0] > _GROWTH_OVER_HORIZON:
            yield (
                f"{dotted(place)}: grows {format_number(values[-1] / values[0], 2)}-fold within "
                f"{format_number(years)} years; state by date when growth fades"
            )


def _smaller_models(case: Case) -> Iterator[str]:
    """Smaller models that serve the same use, where they come faster than was ever measured."""
    fastest = 2.0 ** (12.0 / _DENSITY_MONTHS)
    for name, workload in case.workloads.items():
        if workload.smaller_models is None:
            continue
        factors = workload.smaller_models.by_quarter(case.calendar)
        most = max((after / before for before, after in zip(factors, factors[4:], strict=False)), default=1.0)
        if most > fastest:
            yield (
                f"workloads.{name}.smaller_models: grows {format_number(most, 3)}-fold within a year; at its "
                f"fastest the density of models doubled every {format_number(_DENSITY_MONTHS)} months, "
                f"{format_number(fastest, 3)}-fold in a year"
            )


def _rest(case: Case) -> Iterator[str]:
    """Productivity that neither smaller models nor stated software explains, where caches cannot bring it."""
    for name, workload in case.workloads.items():
        if workload.software is None or workload.productivity is None:
            continue
        left = workload.productivity.by_quarter(case.calendar)
        for part in (workload.software, workload.smaller_models):
            if part is not None:
                factors = part.by_quarter(case.calendar)
                left = [whole / factor for whole, factor in zip(left, factors, strict=True)]
        grown = left[-1] / left[0] if left[0] > 0.0 else 1.0
        if grown > _REST:
            yield (
                f"workloads.{name}.productivity: {format_number(grown, 3)}-fold are neither smaller models "
                f"nor software; answers from caches bring {format_number(_REST)}-fold at most"
            )
