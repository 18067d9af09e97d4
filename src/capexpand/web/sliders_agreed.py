"""Sliders of what is signed for a time: hire, contracts, carbon, and the cost of changing course."""

from __future__ import annotations

from collections.abc import Iterator

from capexpand.case.schema import Case, Churn
from capexpand.case.values import Figure, Series
from capexpand.web.assumptions import Assumption, Set
from capexpand.web.slider_making import Written, share


def hire(at: Written) -> Iterator[Assumption]:
    """Yield the slider of what clouds ask, where capacity can be hired."""
    if not at.case.clouds:
        return
    field = {"on-demand": "on_demand", "spot": "spot"}

    def settings(factor: float) -> Set:
        found: Set = {}
        for name, cloud in at.case.clouds.items():
            for way, terms in cloud.ways.items():
                found |= at.scaled(
                    f"clouds.{name}.{field.get(way, f'reserved.{way}')}.fee", terms.fee, factor
                )
        return found

    yield share("hire", "Price of hired capacity", "Money", "what every cloud asks", settings, low=10.0)


def carbon(at: Written) -> Iterator[Assumption]:
    """Yield the slider of the price of carbon dioxide, where it is paid for."""
    price = at.case.finance.carbon_price
    if price is not None:
        yield share(
            "carbon", "Price of emissions", "Money", "for each tonne of carbon dioxide",
            lambda factor: at.scaled("finance.carbon_price", price, factor), high=500.0,
        )  # fmt: skip


def churn(at: Written) -> Iterator[Assumption]:
    """Yield the slider of what it costs to change course, where the case says so."""
    stated = costs_of_churn(at.case)
    if stated:
        yield share(
            "churn", "Cost of changing course", "Money", "of moved work and changed orders",
            lambda factor: {
                place: value
                for name, figure in stated.items()
                for place, value in at.scaled(f"finance.churn.{name}", figure, factor).items()
            },
            high=500.0,
        )  # fmt: skip


def costs_of_churn(case: Case) -> dict[str, Figure]:
    """Return the costs of changing course that a case states, by their fields."""
    declared = case.finance.churn
    if not isinstance(declared, Churn):
        return {}
    named = {name: getattr(declared, name) for name in type(declared).model_fields}
    return {name: figure for name, figure in named.items() if isinstance(figure, Figure)}


def damages(at: Written) -> Iterator[Assumption]:
    """Yield the slider of damages for what contracts ask for and do not get."""
    stated: dict[str, Series] = {
        f"workloads.{name}.contract.penalty": one.contract.penalty
        for name, one in at.case.workloads.items()
        if one.contract is not None and one.contract.penalty is not None
    }
    if stated:
        yield share(
            "damages", "Damages under contracts", "Demand", "for what is asked for and not delivered",
            lambda factor: {
                key: value for place, series in stated.items()
                for key, value in at.scaled(place, series, factor).items()
            },
            high=500.0,
        )  # fmt: skip


def renewal(at: Written) -> Iterator[Assumption]:
    """Yield the slider of what is renewed of contracts after their term."""
    stated = {
        f"workloads.{name}.contract.renewed": one.contract.renewed.value
        for name, one in at.case.workloads.items()
        if one.contract is not None and one.contract.renewed is not None and one.contract.renewed.value > 0.0
    }
    if stated:
        yield share(
            "renewal", "Renewal of contracts", "Demand", "volume that customers stay with after their term",
            lambda factor: {
                place: f"{100.0 * min(1.0, value * factor):.10g} %" for place, value in stated.items()
            },
        )  # fmt: skip
