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
    PowerLimitSeries,
)
from capexpand.case.references import Complaint


class EnergyContract(Declared):
    """Energy bought for a term, or generated at the site. The plan decides how much to sign, and when."""

    title: Title
    """Name in reports."""
    kind: Literal["pay_as_produced", "baseload", "on_site"]
    """What is paid for: all that a plant produces, an even supply, or generators behind the meter."""
    price: EnergyPriceSeries
    """Price of energy: of agreements the strike, by the day of signing and fixed for the term, paid for all
    that is produced; of generators the fuel of the day for what they run."""
    fee: MoneyPerPowerQuarterSeries | None = None
    """Fee for a MW through the term, by day of signing: rent or yearly cost of generators; 0 if absent."""
    term: Life
    """Time for which it is signed; then it ends."""
    lead_time: Duration | None = None
    """Time from signing to the first energy, none if absent; rounds to whole quarters."""
    limit: PowerLimitSeries | None = None
    """Most power that can be signed for in a quarter, by date; no limit if absent."""
    output: FractionSeries | None = None
    """Share of the power that is produced on average, or of generators that is available; all if absent."""
    matched: Fraction | None = None
    """Share of what is produced in hours in which the site can use it; all if absent. Storage raises it."""
    surplus: Fraction | None = None
    """Share of the site's energy price that is paid for what it cannot use; 0 if absent."""
    renewable: Annotated[bool, Field(strict=True)] = False
    """Whether it counts as renewable."""
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
    """Purchase agreements and generators that can be signed."""


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
            if contract.kind == "baseload" and contract.output is not None:
                yield (*place, "output"), "is even for baseload; leave output out, or make it pay_as_produced"
            if contract.kind == "on_site" and contract.matched is not None:
                yield (*place, "matched"), "is of no use for generators, which run when they are wanted"
            if contract.kind == "on_site" and contract.surplus is not None:
                yield (*place, "surplus"), "is of no use for generators, which run when they are wanted"
