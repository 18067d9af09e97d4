"""What a user declares: the case, as frozen models. Every field says its unit; nothing is computed here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from capexpand.case.announcement import Announcement
from capexpand.case.clouds import Cloud
from capexpand.case.declared import Currency, Declared, Destination, Name, Title
from capexpand.case.figures import (
    Count,
    CountRateSeries,
    Day,
    Duration,
    EnergyPriceSeries,
    ExchangeRateSeries,
    Flops,
    Fraction,
    FractionPerYear,
    FractionSeries,
    Latency,
    Life,
    Memory,
    Money,
    MoneyPerPowerQuarter,
    MoneyPerPowerQuarterSeries,
    MoneyPerPowerSeries,
    MoneyPerQuarterSeries,
    MoneySeries,
    Power,
    PowerLimitSeries,
    PowerPerUnit,
    PowerUsageEffectiveness,
    ProductivitySeries,
    Ratio,
    RatioSeries,
    SpendingLimitSeries,
    UnitPriceSeries,
    VolumeRateSeries,
)
from capexpand.case.financing import Financing
from capexpand.case.hardware_fields import EndUser, Rules, Serving, Throughput, TrainingRun
from capexpand.case.prices import Prices
from capexpand.case.provenance import Provenance
from capexpand.case.replayed_shares import ReplayedShare
from capexpand.case.reported import Reported
from capexpand.case.uncertainty import Uncertainty


class Calendar(Declared):
    """The planning horizon: ``quarters`` calendar quarters from ``start`` (the first day of a quarter)."""

    start: Day
    quarters: Annotated[int, Field(strict=True, ge=1, le=200)] = 32


class Finance(Declared):
    """How money is discounted, taxed and depreciated."""

    discount_rate: FractionPerYear
    tax_rate: Fraction
    server_life: Life
    building_life: Life
    value_added_tax: Fraction | None = None  # on purchases, paid with them, 0 if absent
    value_added_tax_recovery: Duration | None = None  # until it is recovered; never, if absent
    server_end_value: Fraction  # share of the competitive replacement value kept at the horizon's end
    building_end_value: Fraction
    end_value_within_book: Annotated[bool, Field(strict=True)] = (
        False  # worth no more than the books hold, too
    )
    ordinary_costs: FractionSeries | None = None  # share of external revenue spent on staff, sales, bandwidth


class Programme(Declared):
    """Who spends how much, from when to when."""

    buyer: Title
    headquarters: Destination
    end_user: EndUser = "company"  # kind of buyer, as export rules tell them apart
    window_start: Day
    window_quarters: Annotated[int, Field(strict=True, ge=1)]
    announced: Money | None = None  # the whole amount, where cap and floor are what is left of it
    announced_quarters: Annotated[int, Field(strict=True, ge=1)] | None = None  # over which; the window's
    spent: Money | None = None  # of what was announced, spent or bound before the plan starts; 0 if absent
    cap: Money | None = None  # most that may be spent within the window
    floor: Money | None = (
        None  # least that is to be spent within the window; a shortfall is penalised and shown
    )
    cap_by_date: dict[Day, Money] = Field(
        default_factory=dict
    )  # cumulative spending allowed up to these dates
    # Spending in each quarter with and without the programme, 0 if absent. Within the window it is
    # the first part of the cap; the rest of the cap is the programme's own money.
    renewal_without_programme: SpendingLimitSeries | None = None
    renewal_of_programme: FractionPerYear | None = (
        None  # of its own money spent, allowed each year after the window
    )
    # Spending allowed in each quarter outside the window, in place of renewal_without_programme.
    renewal_budget: SpendingLimitSeries | None = None


class Build(Declared):
    """Own data-centre halls at a site."""

    cost: MoneyPerPowerSeries  # per MW of IT power, price fixed at order
    lead_time: Duration
    deposit: Fraction  # share paid at order, the rest when energised
    limit: PowerLimitSeries | None = None  # MW of IT power that can be ordered in a quarter
    hall: Power | None = None  # size of a hall, used where sizes are whole
    maintenance: MoneyPerPowerQuarter


class Colocate(Declared):
    """Halls rented from a data-centre operator: a fee while held, a minimum term, a cost to hand back."""

    fee: MoneyPerPowerQuarterSeries  # per MW of IT power and quarter (written per kW and month, for example)
    lead_time: Duration
    term: Duration
    exit_cost: MoneyPerPowerSeries | None = None
    limit: PowerLimitSeries | None = None


class Site(Declared):
    """A data-centre campus: a place with grid power by date, where halls are built or rented."""

    title: Title
    destination: Destination
    grid: PowerLimitSeries  # MW at the grid connection that can be drawn
    power_usage_effectiveness: PowerUsageEffectiveness
    energy_price: EnergyPriceSeries
    latency: Latency | None = None  # to the users it serves; a workload with a limit needs it
    build: Build | None = None
    colocate: Colocate | None = None


class Buy(Declared):
    """An offer bought: its price is fixed at order."""

    price: MoneySeries  # per unit, in the invoice currency
    deposit: Fraction


class Lease(Declared):
    """An offer leased: a fee while held, a minimum term, a cost to hand back."""

    fee: MoneyPerQuarterSeries  # per unit
    term: Duration
    exit_cost: MoneySeries | None = None


class Supply(Declared):
    """How many units of an offer this buyer can order for a destination."""

    limit: CountRateSeries | None = None  # units a quarter; no limit if absent
    fee: RatioSeries | None = None  # share of the price paid on top under an export regime
    import_duty: Ratio | None = None  # share of the price paid on top at the border
    minimum: CountRateSeries | None = None  # units that must be ordered in a quarter, by contract
    status: str | dict[Day, str] | None = None  # export status by date, for the reader
    rules: Rules | None = None  # take status, quantity and fee from the export rules known at as_of


class Offer(Declared):
    """Something to buy or lease: an accelerator server or rack, or a general server."""

    title: Title
    accelerator: str | None = None  # name in the catalogue of accelerators
    accelerators: Annotated[int, Field(strict=True, ge=0)] = 0  # per unit
    compute: Flops | None = None  # dense FP8 (or INT8) operations a second of one unit
    memory: Memory | None = None  # accelerator memory of one unit
    power: PowerPerUnit  # IT power that must be reserved for a unit
    average_draw: Fraction | None = (
        None  # share of the reserved power drawn on average while running, 1 if absent
    )
    lead_time: Duration
    attrition: FractionPerYear
    life: Life | None = (
        None  # after which an owned unit is retired, whatever the books say; no limit if absent
    )
    maintenance: (
        FractionPerYear  # of the price at the plan's start, for units owned; the lessor maintains the others
    )
    available_from: Day | None = None
    available_until: Day | None = None
    lot: Annotated[int, Field(strict=True, ge=1)] | None = None  # units in a lot, used where sizes are whole
    buy: Buy | None = None
    lease: Lease | None = None
    stock: Count | None = None  # units that can ever be ordered, over all destinations
    supply: dict[Destination, Supply]  # a destination that is not named cannot be supplied


class Tranche(Declared):
    """Part of a workload's demand, and the price it pays."""

    share: Fraction  # of the demand
    price: Ratio  # of the workload's price


class Workload(Declared):
    """Something to serve. Volumes are in the unit that ``unit`` names."""

    title: Title
    role: Literal["external", "internal", "obligation"]
    unit: Literal["token", "accelerator_hour", "FLOP", "vcpu_hour"]
    demand: VolumeRateSeries
    market_share: FractionSeries | None = None  # of the demand, 1 if absent
    price: UnitPriceSeries | None = None  # revenue, or transfer value of an internal workload
    prices: Prices | None = None  # the same by kind of token, in place of price
    penalty: UnitPriceSeries | None = (
        None  # for each unit of an obligation left unserved; without it, all must be served
    )
    productivity: ProductivitySeries | None = (
        None  # how much more a unit serves than at the base date, 1 if absent
    )
    # Of it, the part from models that take fewer operations for the same use, 1 if absent; the rest is
    # software, which no server can take beyond its peak.
    smaller_models: ProductivitySeries | None = None
    usable_share: Fraction | None = None  # of what a unit serves: peak to mean, headroom, failures
    utilisation: ReplayedShare | None = None  # the same, as a replay found it; one of both is needed
    tranches: tuple[Tranche, ...] = ()
    serving: Serving | None = None  # computes what a unit serves, for offers that name their accelerator
    training: TrainingRun | None = None  # the same for a workload in FLOP
    throughput: dict[Name, Throughput] = Field(
        default_factory=dict
    )  # what one unit of an offer serves, before what is computed; other offers cannot serve it
    memory: Memory | None = None  # a unit with less accelerator memory cannot serve it
    max_latency: Latency | None = None  # a site with more cannot serve it
    destinations: tuple[Destination, ...] = ()  # where it may run; everywhere if empty
    excluded_sites: tuple[Name, ...] = ()
    excluded_clouds: tuple[Name, ...] = ()
    ordinary_costs: FractionSeries | None = None  # overrides the one of finance

    @property
    def priced(self) -> bool:
        """Whether what is served is paid for, at one price or by kind of token."""
        return self.price is not None or self.prices is not None

    @property
    def usable_fraction(self) -> float:
        """Share of what a unit serves that can be used, stated or found by a replay."""
        usable = self.usable_share if self.utilisation is None else self.utilisation
        return 0.0 if usable is None else usable.value


class OpeningSite(Declared):
    """What stands at a site when the plan starts, and what is already on its way."""

    power: Power  # IT power energised, in own halls
    power_leased: Power | None = None  # on top, rented for the fee of the site's colocate, past its term
    installed: dict[Name, Count] = Field(
        default_factory=dict
    )  # units by offer, owned unless it is only leased
    leased: dict[Name, Count] = Field(
        default_factory=dict
    )  # on top, leased for the offer's fee, past their term
    power_due: dict[Day, Power] = Field(default_factory=dict)
    units_due: dict[Name, dict[Day, Count]] = Field(default_factory=dict)


class Opening(Declared):
    """The state at the start. What it earns and costs is the base; the programme's results come on top."""

    sites: dict[Name, OpeningSite] = Field(default_factory=dict)
    payments_due: dict[Day, Money] = Field(default_factory=dict)
    book_value: Money | None = None  # of what stands, written off evenly over book_life
    book_life: Life | None = None
    other_revenue: MoneyPerQuarterSeries | None = None  # of business that needs no capacity in this case
    other_cost: MoneyPerQuarterSeries | None = None


class Solve(Declared):
    """How the program is solved."""

    whole_sizes: bool = False  # whole halls and lots
    relative_gap: Annotated[float, Field(strict=True, gt=0, lt=1)] = 1e-4  # for whole sizes
    time_limit_seconds: Annotated[float, Field(strict=True, gt=0)] = 600.0


class Variant(Declared):
    """A named set of overrides: ``set`` maps dotted places to what stands there instead."""

    title: Title
    set: dict[str, object]


class Case(Declared):
    """All that a user declares about one build-out."""

    title: Title
    description: str = ""
    as_of: Day
    currency: Currency
    exchange_rates: dict[Currency, ExchangeRateSeries] = Field(default_factory=dict)
    calendar: Calendar
    finance: Finance
    programme: Programme
    opening: Opening = Opening()
    sites: Annotated[dict[Name, Site], Field(min_length=1)]
    offers: Annotated[dict[Name, Offer], Field(min_length=1)]
    workloads: Annotated[dict[Name, Workload], Field(min_length=1)]
    clouds: dict[Name, Cloud] = Field(default_factory=dict)
    uncertainty: Uncertainty = Uncertainty()
    reported: Reported = Reported()
    announcement: Announcement | None = None
    financing: Financing | None = None
    solve: Solve = Solve()
    variants: dict[Name, Variant] = Field(default_factory=dict)

    _provenance: Provenance | None = PrivateAttr(default=None)

    @property
    def provenance(self) -> Provenance:
        """The files, the hash and the merged text behind this case.

        Raises:
            ValueError: the case was not loaded from a file.
        """
        if self._provenance is None:
            raise ValueError("this case was not loaded from a file")
        return self._provenance
