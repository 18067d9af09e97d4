"""What stands when a plan starts, what is on its way, and what was signed for before."""

from __future__ import annotations

from pydantic import Field

from capexpand.case.declared import Declared, Name
from capexpand.case.figures import (
    Count,
    Day,
    EnergyPriceSeries,
    Life,
    Money,
    MoneyPerPowerQuarterSeries,
    MoneyPerQuarterSeries,
    Power,
)


class SignedPower(Declared):
    """Power that was signed for before the start under a contract for energy."""

    power: Power
    """Power that was signed for."""
    price: EnergyPriceSeries | None = None
    """Strike that was agreed; the contract's of the day of signing if absent. Fuel is paid for at the price
    of the day."""
    fee: MoneyPerPowerQuarterSeries | None = None
    """Fee that was agreed; the contract's of the day of signing if absent."""


class ReservedUnits(Declared):
    """Units that were reserved from a cloud before the start."""

    units: Count
    """Units that were reserved."""
    fee: MoneyPerQuarterSeries | None = None
    """Fee of a unit that was agreed; the reservation's of the day of signing if absent."""


class OpeningSite(Declared):
    """Capacity of a site when the plan starts, installed or on order."""

    power: Power
    """IT power energised in own halls."""
    power_leased: Power | None = None
    """IT power energised on top, rented for the fee of the site's colocate, past its term but for what
    `power_leased_until` says."""
    power_leased_until: dict[Day, Power] = Field(default_factory=dict)
    """Of the rented power, what is within its term, by the day on which that ends."""
    power_leased_due: dict[Day, Power] = Field(default_factory=dict)
    """Rented IT power that is on order, by day of delivery; its term begins then."""
    installed: dict[Name, Count] = Field(default_factory=dict)
    """Units installed, by offer; owned unless the offer is only leased."""
    leased: dict[Name, Count] = Field(default_factory=dict)
    """Units installed on top, leased for the offer's fee, past their term but for what `leased_until`
    says."""
    leased_until: dict[Name, dict[Day, Count]] = Field(default_factory=dict)
    """Of the leased units, those within their term, by offer and the day on which that ends."""
    leased_due: dict[Name, dict[Day, Count]] = Field(default_factory=dict)
    """Leased units that are on order, by offer and date of delivery; their term begins then."""
    power_due: dict[Day, Power] = Field(default_factory=dict)
    """IT power that is on order and energised on these dates."""
    units_due: dict[Name, dict[Day, Count]] = Field(default_factory=dict)
    """Units that are on order, by offer and date of delivery."""
    energy: dict[Name, dict[Day, SignedPower]] = Field(default_factory=dict)
    """Power signed for before the start under the site's contracts for energy, by contract and day of
    signing: what still runs, or has not begun. Generators and storage that were bought are paid, but for
    `payments_due`."""


class Opening(Declared):
    """The state at the start. What it earns and costs is the base; the programme's results come on top."""

    sites: dict[Name, OpeningSite] = Field(default_factory=dict)
    """What stands at each site."""
    reserved: dict[Name, dict[Name, dict[Day, ReservedUnits]]] = Field(default_factory=dict)
    """Units reserved from clouds before the start, by cloud, reservation and day of signing: what still runs,
    or has not begun."""
    payments_due: dict[Day, Money] = Field(default_factory=dict)
    """Payments for earlier orders that fall due on these dates."""
    book_value: Money | None = None
    """Book value of what stands, written off evenly over `book_life`; 0 if absent."""
    book_life: Life | None = None
    """Time over which it is written off."""
    other_revenue: MoneyPerQuarterSeries | None = None
    """Revenue of business that needs no capacity in this case; 0 if absent."""
    other_cost: MoneyPerQuarterSeries | None = None
    """Cost of that business; 0 if absent."""
