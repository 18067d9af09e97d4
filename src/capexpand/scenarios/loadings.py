"""How each process moves each entry: exponents of drivers, and factors of states, through the markets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from capexpand.case.currencies import hedged_part
from capexpand.case.schema import Case
from capexpand.case.targets import MovableTarget, Quantity, matching_targets, movable_targets
from capexpand.case.values import Figure
from capexpand.scenarios.declared import DeclaredPaths
from capexpand.scenarios.entries import Entry, EntryKind, Floats

PLAIN: dict[str, EntryKind] = {
    "grid": "grid",
    "energy_price": "energy_price",
    "build_cost": "build_cost",
    "build_limit": "build_limit",
    "colocation_fee": "colocation_fee",
    "purchase_price": "purchase_price",
    "lease_fee": "lease_fee",
    "hire_fee": "hire_fee",
    "hire_limit": "hire_limit",
    "exit_cost": "unit_exit_cost",
    "resale": "resale_price",
    "colocation_exit_cost": "power_exit_cost",
    "supply_limit": "supply_limit",
    "export_fee": "export_fee",
    "delivery": "delivery",
    "other_revenue": "other_revenue",
    "contract_energy_price": "contract_energy_price",
    "reference_rate": "reference_rate",
    "exchange_rate": "exchange_rate",
}
"""Entries of quantities that enter the program as they are."""

_PRICED: dict[EntryKind, Quantity] = {
    "energy_price": "energy_price",
    "contract_energy_price": "contract_energy_price",
    "build_cost": "build_cost",
    "colocation_fee": "colocation_fee",
    "purchase_price": "purchase_price",
    "lease_fee": "lease_fee",
    "hire_fee": "hire_fee",
    "unit_exit_cost": "exit_cost",
    "resale_price": "resale",
    "power_exit_cost": "colocation_exit_cost",
    "other_revenue": "other_revenue",
    "base_price": "price",
    "base_penalty": "penalty",
}
"""Entries that are money, and what a case calls them."""

_WORKLOAD = ("demand", "market_share", "price", "penalty", "productivity")


@dataclass(frozen=True, slots=True)
class Moves:
    """Resolves what processes of a case move, always in logarithms but for export fees."""

    case: Case
    targets: tuple[MovableTarget, ...]
    paths: DeclaredPaths
    exchange: bool = True  # whether exchange rates move what is priced in their currency

    @classmethod
    def of(cls, case: Case) -> Moves:
        """Return the moves of a case."""
        return cls(case, movable_targets(case), DeclaredPaths(case))

    def of_driver(self, moves: Mapping[str, Figure]) -> dict[Entry, float]:
        """Return the exponent on each entry of what a continuous process moves."""
        return self._entries({target: figure.value for target, figure in self.picked(moves)})

    def of_state(self, moves: Mapping[str, Figure]) -> dict[Entry, float]:
        """Return the value of each entry in a state: a factor, or what is added to an export fee."""
        logs: dict[MovableTarget, float] = {}
        for target, figure in self.picked(moves):
            added = target.quantity == "export_fee"
            with np.errstate(divide="ignore"):
                logs[target] = figure.value if added else float(np.log(figure.value))
        return {
            entry: value if entry.added else float(np.exp(value))
            for entry, value in self._entries(logs).items()
        }

    def picked(self, moves: Mapping[str, Figure]) -> Iterator[tuple[MovableTarget, Figure]]:
        """Yield each target that a mapping names, with its number; a later line replaces an earlier one."""
        found: dict[MovableTarget, Figure] = {}
        for pattern, figure in moves.items():
            found |= dict.fromkeys(matching_targets(pattern, self.targets), figure)
        yield from found.items()

    def _entries(self, logs: Mapping[MovableTarget, float]) -> dict[Entry, float]:
        """Turn logarithms on targets into logarithms on entries."""
        total: dict[MovableTarget, float] = {}
        for target, value in logs.items():
            if target.quantity == "exchange_rate" and not self.exchange:
                continue
            if target.quantity == "exchange_rate":
                for priced in self.invoiced_in(target.name):
                    total[priced] = total.get(priced, 0.0) + value
                if self.owed_in(target.name):
                    total[target] = total.get(target, 0.0) + value
            else:
                total[target] = total.get(target, 0.0) + value
        found: dict[Entry, float] = {}
        by_workload: dict[str, dict[str, float]] = {}
        for target, value in total.items():
            if target.quantity in _WORKLOAD:
                by_workload.setdefault(target.name, {})[target.quantity] = value
            else:
                found[Entry(PLAIN[target.quantity], target.name, target.destination)] = value
        for name, moved in by_workload.items():
            found |= self._of_workload(name, moved)
        return {entry: value for entry, value in found.items() if value != 0.0}

    def _of_workload(self, name: str, moved: Mapping[str, float]) -> dict[Entry, float]:
        """Logarithms on φ, D/φ, p·φ and v·φ, after the market has passed productivity on."""
        phi, price = moved.get("productivity", 0.0), moved.get("price", 0.0)
        demand = moved.get("demand", 0.0) + moved.get("market_share", 0.0)
        workload = self.case.workloads[name]
        for market in self.case.uncertainty.markets.values():
            if name in market.workloads and workload.contract is None:
                price -= market.pass_through.value * phi
                demand -= market.elasticity.value * price
        found = {Entry("productivity", name): phi, Entry("base_demand", name): demand - phi}
        if workload.priced:
            found[Entry("base_price", name)] = price + phi
        if workload.penalty is not None:
            found[Entry("base_penalty", name)] = moved.get("penalty", 0.0) + phi
        return found

    def invoiced_in(self, currency: str) -> tuple[MovableTarget, ...]:
        """Return the targets whose price is in a currency, and so move with its exchange rate."""
        agreed = [  # nothing else moves the price of a contract, or that of used units
            MovableTarget(f"workloads.{name}.price", "price", name)
            for name, workload in self.case.workloads.items()
            if workload.contract is not None
        ]
        agreed += [
            MovableTarget(f"offers.{name}.buy.resale", "resale", name)
            for name, offer in self.case.offers.items()
            if offer.buy is not None and offer.buy.resale is not None
        ]
        return tuple(
            target
            for target in (*self.targets, *agreed)
            if target.quantity != "exchange_rate"
            and (series := self.paths.series(target)) is not None
            and series.currency == currency
        )

    def owed_in(self, currency: str) -> bool:
        """Return whether a facility of debt is in a currency."""
        financing = self.case.financing
        return financing is not None and any(
            facility.amount.currency == currency for facility in financing.facilities.values()
        )

    def hedged(self, entry: Entry) -> Floats:
        """Return the part of an entry's money that no exchange rate moves [quarter], from 0 to 1.

        It is the hedged share; of a contract's price also what customers paid in advance.
        """
        calendar, currency, prepaid = self.case.calendar, None, 0.0
        if entry.kind == "exchange_rate":
            currency = entry.name
        elif entry.kind in _PRICED:
            target = MovableTarget("", _PRICED[entry.kind], entry.name, entry.destination)
            series = self.paths.series(target)
            currency = None if series is None else series.currency
        if entry.kind == "base_price":
            contract = self.case.workloads[entry.name].contract
            if contract is not None and contract.prepayment is not None:
                prepaid = contract.prepayment.value
        if currency is None or currency == self.case.currency:
            return np.zeros(calendar.quarters)
        return 1.0 - (1.0 - prepaid) * (1.0 - hedged_part(self.case, currency, calendar))
