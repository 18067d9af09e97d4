"""The sliders and switches of a case: which of its numbers each moves, and what to write there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from capexpand.case.reading import ORIGIN_FIELDS, SHAPE_FIELDS
from capexpand.case.schema import Case, Offer, Workload
from capexpand.case.values import Figure, Series
from capexpand.units import QuantityKind
from capexpand.web.assumptions import Assumption, Assumptions, Data, Group, Set, Switch


def assumptions_of(case: Case, data: Data) -> Assumptions:
    """Return the main assumptions of a case.

    Args:
        case: as loaded.
        data: what its files say, merged, as plain data.
    """
    written = _Written(case, data)
    sliders = tuple(one for made in _SLIDERS for one in made(written))
    switches = tuple(
        Switch(
            name, offer.title, {f"offers.{name}.supply.{to}.limit": "0 units/quarter" for to in offer.supply}
        )
        for name, offer in case.offers.items()
        if offer.accelerators and offer.supply
    )
    return Assumptions(case.currency, sliders, switches)


@dataclass(frozen=True, slots=True)
class _Written:
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
        return {path: _mapped(number, self.at(path), lambda value: value * factor)}

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


def _mapped(number: Figure | Series, written: object, change: Callable[[float], float]) -> object:
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


_FACTOR = QuantityKind("a share of what the case says", ("1",), "80 %")
_MONEY = QuantityKind("money", ("mn CUR",), "300 bn CNY")
_RATE = QuantityKind("a rate", ("1/year",), "9 %/year")
_WAIT = QuantityKind("a time", ("month",), "6 months")


def _share(
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
        name, title, group, "%", 100.0, low, high, 10.0 * high, 5.0, remark, _FACTOR, 0.01,
        lambda level: settings(level / 100.0),
    )  # fmt: skip


def _budget(at: _Written) -> Iterator[Assumption]:
    programme = at.case.programme
    if programme.cap is None or programme.cap.value <= 0:
        return
    cap = programme.cap
    size, word = (1000.0, "bn") if cap.value >= 1000.0 else (1.0, "mn")
    stated = cap.value / size

    def settings(level: float) -> Set:
        factor = level / stated
        found: Set = {"programme.cap": f"{level * size!r} mn {at.case.currency}"}
        if programme.cap_by_date:
            found["programme.cap_by_date"] = {
                str(day): f"{one.value * factor!r} mn {at.case.currency}"
                for day, one in programme.cap_by_date.items()
            }
        if programme.floor is not None:
            found["programme.floor"] = f"{programme.floor.value * min(factor, 1.0)!r} mn {at.case.currency}"
        return found

    step = 10.0 ** (len(str(int(stated))) - 2) if stated >= 10 else 0.05 * stated
    remark = "the most that may be spent in the window; its parts by date move with it"
    yield Assumption(
        "budget", "Budget", "Money", f"{word} {at.case.currency}", stated, 0.0, 2.0 * stated, 10.0 * stated,
        step, remark, _MONEY, size, settings,
    )  # fmt: skip


def _discount(at: _Written) -> Iterator[Assumption]:
    stated = float(f"{100.0 * at.case.finance.discount_rate.value:.6g}")
    yield Assumption(
        "discount", "Discount rate", "Money", "%/year", stated, 0.0, max(20.0, 2.0 * stated), 100.0, 0.5,
        "cost of capital, after tax", _RATE, 0.01,
        lambda level: {"finance.discount_rate": f"{level!r} %/year"},
    )  # fmt: skip


def _debt(at: _Written) -> Iterator[Assumption]:
    """The cost of debt, where the case is financed with any: points on top of each rate."""
    financing = at.case.financing
    if financing is None or not financing.facilities:
        return

    def settings(points: float) -> Set:
        found: Set = {}
        for name, one in financing.facilities.items():
            for field, number in (("rate", one.rate), ("spread", one.spread)):
                if number is not None:
                    path = f"financing.facilities.{name}.{field}"
                    found[path] = _mapped(number, at.at(path), lambda value: value + points / 100.0)
        return found

    yield Assumption(
        "debt", "Dearer debt", "Money", "%/year", 0.0, 0.0, 10.0, 50.0, 0.25,
        "on top of the rate of every loan and line", _RATE, 0.01, settings,
    )  # fmt: skip


def _chip_price(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, offer in at.accelerators():
            if offer.buy is not None:
                found |= at.scaled(f"offers.{name}.buy.price", offer.buy.price, factor)
            if offer.lease is not None:
                found |= at.scaled(f"offers.{name}.lease.fee", offer.lease.fee, factor)
        return found

    yield _share(
        "chip-price",
        "Price of accelerators",
        "Money",
        "to buy and to lease, of every kind",
        settings,
        low=10.0,
    )


def _energy(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, site in at.case.sites.items():
            found |= at.scaled(f"sites.{name}.energy_price", site.energy_price, factor)
        return found

    yield _share("energy", "Price of electricity", "Money", "at every site", settings, high=400.0)


def _supply(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, offer in at.accelerators():
            for to, supply in offer.supply.items():
                if supply.limit is not None:
                    found |= at.scaled(f"offers.{name}.supply.{to}.limit", supply.limit, factor)
            if offer.stock is not None:
                found |= at.scaled(f"offers.{name}.stock", offer.stock, factor)
        return found

    if settings(1.0):
        remark = "how many accelerators of each kind can be ordered"
        yield _share("supply", "Chips allowed", "Supply", remark, settings)


def _grid(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, site in at.case.sites.items():
            found |= at.scaled(f"sites.{name}.grid", site.grid, factor)
        return found

    yield _share("grid", "Grid connections", "Supply", "power that each site can draw", settings, low=50.0)


def _lead_time(at: _Written) -> Iterator[Assumption]:
    def settings(months: float) -> Set:
        def later(path: str, figure: Figure) -> Set:
            return {path: _mapped(figure, at.at(path), lambda value: value + months)}

        found: Set = {}
        for name, offer in at.case.offers.items():
            found |= later(f"offers.{name}.lead_time", offer.lead_time)
        for name, site in at.case.sites.items():
            if site.build is not None:
                found |= later(f"sites.{name}.build.lead_time", site.build.lead_time)
        return found

    yield Assumption(
        "delay", "Longer lead times", "Time", "months", 0.0, 0.0, 24.0, 60.0, 3.0,
        "servers and halls arrive so much later after their order", _WAIT, 1.0, settings,
    )  # fmt: skip


def _demand(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            found |= at.scaled(f"workloads.{name}.demand", workload.demand, factor)
        return found

    if settings(1.0):
        remark = "volume of all that is paid for, in every quarter"
        yield _share("demand", "Demand", "Demand", remark, settings, high=300.0)


def _growth(at: _Written) -> Iterator[Assumption]:
    def settings(power: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            if any(rate > 0 for _, rate in workload.demand.growth):
                found |= at.grown(f"workloads.{name}.demand", workload.demand, power)
        return found

    if settings(1.0):
        yield _share(
            "growth", "Growth of demand", "Demand", "100 % is as fast as declared, 0 % no growth", settings,
            high=150.0,
        )  # fmt: skip


def _prices(at: _Written) -> Iterator[tuple[str, Series]]:
    for name, workload in at.selling():
        if workload.price is not None:
            yield f"workloads.{name}.price", workload.price
        elif workload.prices is not None:
            for kind, part in workload.prices.kinds.items():
                yield f"workloads.{name}.prices.{kind}.price", part.price


def _price(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for path, series in _prices(at):
            found |= at.scaled(path, series, factor)
        return found

    if settings(1.0):
        yield _share("price", "Prices", "Demand", "of all that is sold, in every quarter", settings)


def _decline(at: _Written) -> Iterator[Assumption]:
    def settings(power: float) -> Set:
        found: Set = {}
        for path, series in _prices(at):
            if any(rate < 0 for _, rate in series.growth):
                found |= at.grown(path, series, power)
        return found

    if settings(1.0):
        yield _share(
            "decline", "Decline of prices", "Demand", "100 % is as fast as declared, 0 % none", settings,
            high=200.0,
        )  # fmt: skip


def _productivity(at: _Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            path = f"workloads.{name}.productivity"
            if workload.productivity is not None:
                found |= at.scaled(path, workload.productivity, factor)
        return found

    if settings(1.0):
        remark = "volume that a server serves; price and demand stay as they are"
        yield _share("productivity", "Productivity shock", "Demand", remark, settings, low=25.0, high=400.0)


_SLIDERS: tuple[Callable[[_Written], Iterator[Assumption]], ...] = (
    _budget, _discount, _debt, _chip_price, _energy, _supply, _grid, _lead_time, _demand, _growth, _price,
    _decline, _productivity,
)  # fmt: skip
