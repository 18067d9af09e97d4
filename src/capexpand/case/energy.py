"""How a site gets its energy: tariff, purchase agreements, generation at the site, what is emitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from capexpand.case.declared import Declared, Name, Title
from capexpand.case.figures import (
    CarbonIntensity,
    Duration,
    EnergyPriceSeries,
    Fraction,
    FractionSeries,
    Life,
    MoneyPerPowerQuarterSeries,
    MoneyPerPowerSeries,
    PowerLimitSeries,
)
from capexpand.case.references import Complaint


class EnergyContract(Declared):
    """Energy bought for a term, or generated or stored at the site. The plan decides how much, and when."""

    title: Title
    """Name in reports."""
    kind: Literal["pay_as_produced", "baseload", "on_site", "storage"]
    """What is paid for: all that a plant produces, an even supply, generators behind the meter, or storage
    there, which moves what agreements produce into hours in which the site can use it."""
    price: EnergyPriceSeries | None = None
    """Price of energy: of agreements the strike, by the day of signing and fixed for the term, paid for all
    that is produced; of generators the fuel of the day for what they run. Storage has none."""
    cost: MoneyPerPowerSeries | None = None
    """Price of a MW of generators or storage that are bought, by the day of the order: capital within the
    cap, written off evenly over the term. They are rented if absent."""
    deposit: Fraction | None = None
    """Share of the cost paid at order; the rest is paid on delivery. All of it at order if absent."""
    fee: MoneyPerPowerQuarterSeries | None = None
    """Fee for a MW through the term, by day of signing: rent, or upkeep of what is bought; 0 if absent."""
    term: Life
    """Time for which it is signed, or which a bought one lasts; then it ends."""
    lead_time: Duration | None = None
    """Time from signing to the first energy, none if absent; rounds to whole quarters."""
    limit: PowerLimitSeries | None = None
    """Most power that can be signed for in a quarter, by date; no limit if absent."""
    output: FractionSeries | None = None
    """Share of the power that is produced on average, that generators have available, or that storage gives
    on average, such as 4 hours/day; all if absent."""
    matched: Fraction | None = None
    """Share of what is produced in hours in which the site can use it; all if absent."""
    surplus: Fraction | None = None
    """Share of the site's energy price that is paid for what it cannot use; 0 if absent."""
    efficiency: Fraction | None = None
    """Share of the energy put into storage that comes out; all if absent."""
    renewable: Annotated[bool, Field(strict=True)] = False
    """Whether it counts as renewable; what storage gives is as renewable as what it was filled with."""
    carbon_intensity: CarbonIntensity | None = None
    """Carbon dioxide emitted for a MWh, 0 if absent."""


class Curtailable(Declared):
    """Grid power on top of the firm connection that may be taken away for some hours of a year."""

    power: PowerLimitSeries
    """Power at the connection on top of the grid, by date."""
    curtailed: Fraction
    """Share of the year in which it is taken away, such as 200 hours/year."""


class SiteEnergy(Declared):
    """How a site gets its energy, beyond an energy price."""

    capacity_charge: MoneyPerPowerQuarterSeries | None = None
    """Charge on the power reserved by running units at the connection, by date; 0 if absent."""
    carbon_intensity: CarbonIntensity | None = None
    """Carbon dioxide emitted for a MWh from the grid, 0 if absent."""
    renewable: FractionSeries | None = None
    """Share of the grid's energy that counts as renewable, by date; 0 if absent."""
    curtailable: Curtailable | None = None
    """Power that may be taken away; none if absent."""
    contracts: dict[Name, EnergyContract] = Field(default_factory=dict)
    """Purchase agreements that can be signed, generators and storage that can be rented or bought."""


def energy_complaints(sites: Mapping[str, object]) -> Iterator[Complaint]:
    """Yield what is wrong with the energy of sites.

    Args:
        sites: the valid ones, by name.
    """
    for name, site in sites.items():
        energy = getattr(site, "energy", None)
        if not isinstance(energy, SiteEnergy):
            continue
        for key, contract in energy.contracts.items():
            place = ("sites", name, "energy", "contracts", key)
            for field, said in _misplaced(contract):
                yield (*place, field), said
            matched = [each.matched for each in energy.contracts.values() if each.matched is not None]
            if contract.kind == "storage" and not any(share.value < 1.0 for share in matched):
                message = "has nothing to store: no agreement at this site has a matched share below 100 %"
                yield place, message


def _misplaced(contract: EnergyContract) -> Iterator[tuple[str, str]]:
    """Yield fields that say nothing for a contract of its kind, or that it lacks."""
    kind, given = contract.kind, contract.model_fields_set
    agreed, behind = kind in ("pay_as_produced", "baseload"), kind in ("on_site", "storage")
    if kind == "baseload" and "output" in given:
        yield "output", "is even for baseload; leave output out, or make it pay_as_produced"
    for field in ("matched", "surplus"):
        if kind == "on_site" and field in given:
            yield field, "is of no use for generators, which run when they are wanted"
    for field in ("price", "matched", "surplus", "renewable", "carbon_intensity"):
        if kind == "storage" and field in given:
            yield field, "is of no use for storage, which gives back what agreements at the site produced"
    if kind == "storage" and contract.output is None:
        yield "output", "is missing; write for how long storage gives its power, such as 4 hours/day"
    if kind != "storage" and contract.price is None:
        yield "price", "is missing; write what a MWh costs, such as 60 USD/MWh"
    if agreed and "cost" in given:
        yield "cost", "belongs to generators and storage that are bought; an agreement pays for energy"
    if kind != "storage" and "efficiency" in given:
        yield "efficiency", "belongs to storage"
    if behind and "deposit" in given and contract.cost is None:
        yield "deposit", "is a share of a cost, which is missing"
    if agreed and "deposit" in given:
        yield "deposit", "belongs to generators and storage that are bought"
    if kind == "storage" and contract.efficiency is not None and contract.efficiency.value <= 0.0:
        yield "efficiency", "is 0 %, so nothing comes out; write the share that does, such as 88 %"
