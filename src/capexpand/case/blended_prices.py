"""Blends prices by kind of token into one price of a workload, and checks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from capexpand.case.hardware_fields import Serving
from capexpand.case.prices import TokenKind
from capexpand.case.references import Complaint
from capexpand.case.schema import Workload
from capexpand.case.values import Series
from capexpand.timevalue import Horizon, quarter_starts
from capexpand.units import VOLUME_UNITS, format_number


@dataclass(frozen=True, slots=True)
class PricePart:
    """One kind of token within a workload's price."""

    kind: TokenKind
    volume: float  # tokens of this kind for each token of demand
    price: Series


def price_parts(workload: Workload) -> tuple[PricePart, ...]:
    """Return the kinds of token that a workload is paid for; none where it has one price.

    Args:
        workload: its prices state their volumes, or its serving implies them.
    """
    if workload.prices is None:
        return ()
    implied = _implied(workload.serving)
    return tuple(
        PricePart(kind, implied.get(kind, 0.0) if part.volume is None else part.volume.value, part.price)
        for kind, part in workload.prices.kinds.items()
    )


def listed_price(workload: Workload, calendar: Horizon) -> Series | None:
    """Return the price of a token of demand: the stated one, or Σ volume × price over the kinds of token.

    Args:
        workload: with one price, with prices by kind, or with none.
        calendar: the quarters for which a blended price is worked out.
    """
    parts = price_parts(workload)
    if not parts:
        return workload.price
    by_kind = [part.price.by_quarter(calendar) for part in parts]
    values = [
        sum(part.volume * value for part, value in zip(parts, column, strict=True))
        for column in zip(*by_kind, strict=True)
    ]
    days = quarter_starts(calendar.start, calendar.quarters)
    steps: list[tuple[date | None, float]] = list(zip(days, values, strict=True))
    if len(set(values)) == 1:
        steps = [(None, values[0])]
    first = parts[0].price
    written = " + ".join(f"{format_number(part.volume, 4)} × {part.price.written}" for part in parts)
    return Series(first.unit, first.currency, written, tuple(steps))


def _implied(serving: Serving | None) -> dict[TokenKind, float]:
    """Tokens of each kind for each token that the volume counts."""
    if serving is None:
        return {}
    prompt, answer = serving.input.value, serving.output.value
    cached = 0.0 if serving.cached is None else serving.cached.value
    counted = answer + (prompt if serving.counted == "all" else 0.0)
    return {
        "input": prompt * (1.0 - cached) / counted,
        "cached": prompt * cached / counted,
        "output": answer / counted,
    }


def price_complaints(place: tuple[str, str], workload: Workload) -> Iterator[Complaint]:
    """Yield what is wrong with prices by kind of token.

    Args:
        place: of the workload.
    """
    prices = workload.prices
    if prices is None:
        return
    here = (*place, "prices")
    if workload.price is not None:
        yield here, "stands beside price, which says the same; keep one"
    if workload.unit != "token":
        yield here, f"is for tokens, but the workload's unit is {workload.unit}; write price instead"
        return
    if not prices.kinds:
        yield here, "names no kind of token; add input, cached or output"
        return
    for kind, part in prices.kinds.items():
        if part.volume is None and workload.serving is None:
            message = "needs volume, the tokens of this kind for each token of demand, or serving to imply it"
            yield (*here, kind), message
        if part.price.unit != f"mn {part.price.currency}/{VOLUME_UNITS['token']}":
            yield (*here, kind, "price"), f"is in {part.price.unit}; write it per token, e.g. 2 USD/Mtoken"
    currencies = {part.price.currency for part in prices.kinds.values()}
    if len(currencies) > 1:
        yield here, f"is in {' and '.join(sorted(map(str, currencies)))}; write all of them in one currency"
