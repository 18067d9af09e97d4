"""What sliders are made with: the words of a case's files, and factors on its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from capexpand.case.reading import ORIGIN_FIELDS, SHAPE_FIELDS
from capexpand.case.schema import Case, Offer, Workload
from capexpand.case.values import Figure, Series
from capexpand.units import QuantityKind
from capexpand.web.assumptions import Assumption, Data, Group, Set


@dataclass(frozen=True, slots=True)
class Written:
    """A case with what its files say."""

    case: Case
    data: Data

    def at(self, path: str) -> object:
        """What the files say at a place, or None."""
        found: Any = self.data
        for step in path.split("."):
            if not isinstance(found, Mapping) or step not in found:
                return None
            found = found[step]
        return found

    def scaled(self, path: str, number: Figure | Series, factor: float) -> Set:
        """What to write for a number times a factor, its growth, bounds and source kept."""
        return {path: mapped(number, self.at(path), lambda value: value * factor)}

    def grown(self, path: str, series: Series, power: float) -> Set:
        """What to write for growth that is so many times as fast: (1 + g) ^ power − 1 a year."""
        growth: Any = {
            str(day or "always"): f"{100.0 * ((1.0 + rate) ** power - 1.0):.10g} %/year"
            for day, rate in series.growth
        }
        return {f"{path}.growth": growth.get("always", growth)}

    def accelerators(self) -> Iterator[tuple[str, Offer]]:
        """Offers with accelerators; all offers where none has any."""
        having = {name: one for name, one in self.case.offers.items() if one.accelerators}
        yield from (having or self.case.offers).items()

    def selling(self) -> Iterator[tuple[str, Workload]]:
        """Workloads whose service is paid for."""
        yield from ((name, one) for name, one in self.case.workloads.items() if one.priced)


def mapped(number: Figure | Series, written: object, change: Callable[[float], float]) -> object:
    """Return what to write for a changed number, its growth, bounds and source kept.

    Args:
        number: as declared.
        written: what the files say there.
        change: of each value.
    """

    def text(value: float) -> object:
        return value if number.unit == "1" else f"{value!r} {number.unit}"

    kept = written if isinstance(written, Mapping) else {}
    wanted = (*ORIGIN_FIELDS, *SHAPE_FIELDS) if isinstance(number, Series) else ORIGIN_FIELDS
    fields = {name: value for name, value in kept.items() if name in wanted}
    if isinstance(number, Figure):
        base: object = text(change(number.value))
    elif number.steps[0][0] is None:
        base = text(change(number.steps[0][1]))
    else:
        base = {str(day): text(change(value)) for day, value in number.steps}
    return {**fields, "value": base}


FACTOR = QuantityKind("a share of what the case says", ("1",), "80 %")
MONEY = QuantityKind("money", ("mn CUR",), "300 bn CNY")
RATE = QuantityKind("a rate", ("1/year",), "9 %/year")
WAIT = QuantityKind("a time", ("month",), "6 months")


def share(
    name: str,
    title: str,
    group: Group,
    remark: str,
    settings: Callable[[float], Set],
    *,
    low: float = 0.0,
    high: float = 200.0,
) -> Assumption:
    """A slider of a factor, in percent of what the case says."""
    return Assumption(
        name, title, group, "%", 100.0, low, high, 10.0 * high, 5.0, remark, FACTOR, 0.01,
        lambda level: settings(level / 100.0),
    )  # fmt: skip
