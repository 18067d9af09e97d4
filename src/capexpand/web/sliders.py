"""The sliders and switches of a case: which of its numbers each moves, and what to write there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from capexpand.case.schema import Case
from capexpand.case.values import Figure, Series
from capexpand.web.assumptions import Assumption, Assumptions, Data, Set, Switch
from capexpand.web.slider_making import MONEY, RATE, WAIT, Written, mapped, share
from capexpand.web.sliders_agreed import carbon, churn, damages, hire, renewal


def assumptions_of(case: Case, data: Data) -> Assumptions:
    """Return the main assumptions of a case.

    Args:
        data: what its files say, merged, as plain data.
    """
    written = Written(case, data)
    sliders = tuple(one for made in _SLIDERS for one in made(written))
    switches = tuple(
        Switch(
            name, offer.title, {f"offers.{name}.supply.{to}.limit": "0 units/quarter" for to in offer.supply}
        )
        for name, offer in case.offers.items()
        if offer.accelerators and offer.supply
    )
    return Assumptions(case.currency, sliders, switches)


def _budget(at: Written) -> Iterator[Assumption]:
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
        step, remark, MONEY, size, settings,
    )  # fmt: skip


def _discount(at: Written) -> Iterator[Assumption]:
    stated = float(f"{100.0 * at.case.finance.discount_rate.value:.6g}")
    yield Assumption(
        "discount", "Discount rate", "Money", "%/year", stated, 0.0, max(20.0, 2.0 * stated), 100.0, 0.5,
        "cost of capital, after tax", RATE, 0.01,
        lambda level: {"finance.discount_rate": f"{level!r} %/year"},
    )  # fmt: skip


def _debt(at: Written) -> Iterator[Assumption]:
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
                    found[path] = mapped(number, at.at(path), lambda value: value + points / 100.0)
        return found

    yield Assumption(
        "debt", "Dearer debt", "Money", "%/year", 0.0, 0.0, 10.0, 50.0, 0.25,
        "on top of the rate of every loan and line", RATE, 0.01, settings,
    )  # fmt: skip


def _chip_price(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, offer in at.accelerators():
            if offer.buy is not None:
                found |= at.scaled(f"offers.{name}.buy.price", offer.buy.price, factor)
            if offer.lease is not None:
                found |= at.scaled(f"offers.{name}.lease.fee", offer.lease.fee, factor)
        return found

    yield share(
        "chip-price",
        "Price of accelerators",
        "Money",
        "to buy and to lease, of every kind",
        settings,
        low=10.0,
    )


def _energy(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, site in at.case.sites.items():
            found |= at.scaled(f"sites.{name}.energy_price", site.energy_price, factor)
        return found

    yield share("energy", "Price of electricity", "Money", "at every site", settings, high=400.0)


def _supply(at: Written) -> Iterator[Assumption]:
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
        yield share("supply", "Chips allowed", "Supply", remark, settings)


def _grid(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, site in at.case.sites.items():
            found |= at.scaled(f"sites.{name}.grid", site.grid, factor)
        return found

    yield share("grid", "Grid connections", "Supply", "power that each site can draw", settings, low=50.0)


def _lead_time(at: Written) -> Iterator[Assumption]:
    def settings(months: float) -> Set:
        def later(path: str, figure: Figure) -> Set:
            return {path: mapped(figure, at.at(path), lambda value: value + months)}

        found: Set = {}
        for name, offer in at.case.offers.items():
            found |= later(f"offers.{name}.lead_time", offer.lead_time)
        for name, site in at.case.sites.items():
            if site.build is not None:
                found |= later(f"sites.{name}.build.lead_time", site.build.lead_time)
        return found

    yield Assumption(
        "delay", "Longer lead times", "Time", "months", 0.0, 0.0, 24.0, 60.0, 3.0,
        "servers and halls arrive so much later after their order", WAIT, 1.0, settings,
    )  # fmt: skip


def _demand(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            found |= at.scaled(f"workloads.{name}.demand", workload.demand, factor)
        return found

    if settings(1.0):
        remark = "volume of all that is paid for, in every quarter"
        yield share("demand", "Demand", "Demand", remark, settings, high=300.0)


def _growth(at: Written) -> Iterator[Assumption]:
    def settings(power: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            if any(rate > 0 for _, rate in workload.demand.growth):
                found |= at.grown(f"workloads.{name}.demand", workload.demand, power)
        return found

    if settings(1.0):
        yield share(
            "growth", "Growth of demand", "Demand", "100 % is as fast as declared, 0 % no growth", settings,
            high=150.0,
        )  # fmt: skip


def _prices(at: Written) -> Iterator[tuple[str, Series]]:
    for name, workload in at.selling():
        if workload.price is not None:
            yield f"workloads.{name}.price", workload.price
        elif workload.prices is not None:
            for kind, part in workload.prices.kinds.items():
                yield f"workloads.{name}.prices.{kind}.price", part.price


def _price(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for path, series in _prices(at):
            found |= at.scaled(path, series, factor)
        return found

    if settings(1.0):
        yield share("price", "Prices", "Demand", "of all that is sold, in every quarter", settings)


def _decline(at: Written) -> Iterator[Assumption]:
    def settings(power: float) -> Set:
        found: Set = {}
        for path, series in _prices(at):
            if any(rate < 0 for _, rate in series.growth):
                found |= at.grown(path, series, power)
        return found

    if settings(1.0):
        yield share(
            "decline", "Decline of prices", "Demand", "100 % is as fast as declared, 0 % none", settings,
            high=200.0,
        )  # fmt: skip


def _productivity(at: Written) -> Iterator[Assumption]:
    def settings(factor: float) -> Set:
        found: Set = {}
        for name, workload in at.selling():
            path = f"workloads.{name}.productivity"
            if workload.productivity is not None:
                found |= at.scaled(path, workload.productivity, factor)
        return found

    if settings(1.0):
        remark = "volume that a server serves; price and demand stay as they are"
        yield share("productivity", "Productivity shock", "Demand", remark, settings, low=25.0, high=400.0)


_SLIDERS: tuple[Callable[[Written], Iterator[Assumption]], ...] = (
    _budget, _discount, _debt, _chip_price, _energy, hire, carbon, churn, _supply, _grid, _lead_time, _demand,
    _growth, _price, _decline, _productivity, damages, renewal,
)  # fmt: skip
