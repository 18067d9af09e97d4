"""What a user declares: the case, as frozen models. Every field says its unit; nothing is computed here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from capexpand.case.announcement import Announcement
from capexpand.case.clouds import Cloud
from capexpand.case.contracts import Contract
from capexpand.case.declared import Currency, Declared, Destination, Name, Title
from capexpand.case.energy import SiteEnergy
from capexpand.case.figures import (
    CarbonPriceSeries,
    Count,
    CountRateSeries,
    CountSeries,
    Day,
    Duration,
    EnergyPriceSeries,
    ExchangeRateSeries,
    Flops,
    Fraction,
    FractionPerYear,
    FractionSeries,
    Latency,
    LeastPowerSeries,
    Life,
    Memory,
    Money,
    MoneyPerPower,
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
from capexpand.case.hedges import Hedge
from capexpand.case.leaseback import Leaseback
from capexpand.case.prices import Prices
from capexpand.case.provenance import Provenance
from capexpand.case.replayed_shares import ReplayedShare
from capexpand.case.reported import Reported
from capexpand.case.solve import Solve
from capexpand.case.uncertainty import Uncertainty
from capexpand.case.wear import Wear


class Calendar(Declared):
    """The planning horizon: ``quarters`` calendar quarters from ``start`` (the first day of a quarter)."""

    start: Day
    """First day of the first quarter that is planned."""
    quarters: Annotated[int, Field(strict=True, ge=1, le=200)] = 32
    """Number of quarters that are planned."""


class Churn(Declared):
    """Costs of changing course from one quarter to the next; part of operating cost. All 0 if absent."""

    use: Money | None = None
    """Cost of each unit that takes up another workload than in the quarter before; 0 if absent."""
    site: Money | None = None
    """Cost of each unit whose work moves to another site; 0 if absent."""
    order: Money | None = None
    """Cost of each unit by which an order differs from that of the quarter before; 0 if absent."""
    power_order: MoneyPerPower | None = None
    """Cost of each MW by which an order of power differs from that of the quarter before; 0 if absent."""


class Finance(Declared):
    """How money is discounted, taxed and depreciated."""

    discount_rate: FractionPerYear
    """Rate at which cash of a later year is discounted, after tax."""
    tax_rate: Fraction
    """Tax on operating profit; losses are carried forward."""
    server_life: Life
    """Years over which servers are written off, straight line."""
    building_life: Life
    """Years over which halls and their power equipment are written off, straight line."""
    value_added_tax: Fraction | None = None
    """Tax on purchases, paid with them; 0 if absent."""
    value_added_tax_recovery: Duration | None = None
    """Time until value-added tax is recovered; it never is, if absent, and is then part of the cost."""
    server_end_value: Fraction
    """Share of what new servers would cost for the same service that servers keep at the horizon's end."""
    building_end_value: Fraction
    """The same share for halls."""
    end_value_within_book: Annotated[bool, Field(strict=True)] = False
    """Whether end values are capped by book values."""
    economic_depreciation: Annotated[bool, Field(strict=True)] = False
    """Whether a run shows what bought servers are worth beside their book, and where the book is above it."""
    carbon_price: CarbonPriceSeries | None = None
    """Price of a tonne of carbon dioxide, for sites that state what their energy emits; 0 if absent."""
    ordinary_costs: FractionSeries | None = None
    """Share of the value sold that goes into staff, sales and bandwidth."""
    churn: Churn | None = None
    """What it costs to move work and to change orders from quarter to quarter; nothing if absent."""


class Programme(Declared):
    """Who spends how much, from when to when."""

    buyer: Title
    """Who spends the money."""
    headquarters: Destination
    """Country of the buyer's headquarters, to which export rules refer."""
    end_user: EndUser = "company"
    """Kind of buyer, as export rules tell them apart."""
    window_start: Day
    """First day of the quarter in which the programme's money can first be spent."""
    window_quarters: Annotated[int, Field(strict=True, ge=1)]
    """Number of quarters in which it can be spent."""
    announced: Money | None = None
    """The whole amount that was announced, where cap and floor are only what is left of it."""
    announced_quarters: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Quarters that the announced amount covers; those of the window if absent."""
    spent: Money | None = None
    """What of the announced amount was spent or bound before the plan starts; 0 if absent."""
    cap: Money | None = None
    """Most that may be spent on orders within the window."""
    floor: Money | None = None
    """Least that is to be spent within the window; a shortfall is penalised and shown."""
    cap_by_date: dict[Day, Money] = Field(default_factory=dict)
    """Most that may be spent, summed up from the window's start, until each of these dates."""
    renewal_without_programme: SpendingLimitSeries | None = None
    """Spending in each quarter that the business would allow itself with and without the programme; 0 if
    absent. Within the window it is the first part of the cap, the rest is the programme's own money."""
    renewal_of_programme: FractionPerYear | None = None
    """Share of the programme's own money spent that may be spent again each year after the window."""
    renewal_budget: SpendingLimitSeries | None = None
    """Spending allowed in each quarter outside the window, in place of the two fields above."""
    leases_within_cap: Annotated[bool, Field(strict=True)] = False
    """Whether leases signed in the window count within the cap, at the present value of their fees."""


class Build(Declared):
    """Own data-centre halls at a site."""

    cost: MoneyPerPowerSeries
    """Price of a MW of IT power in own halls, fixed at order."""
    lead_time: Duration
    """Time from order until the power is energised; rounds to whole quarters."""
    deposit: Fraction
    """Share paid at order; the rest is paid when the power is energised."""
    limit: PowerLimitSeries | None = None
    """Most IT power that can be ordered in a quarter; no limit if absent."""
    hall: Power | None = None
    """Size of one hall; orders are multiples of it where sizes are whole."""
    maintenance: MoneyPerPowerQuarter
    """Upkeep of a MW of IT power."""


class Colocate(Declared):
    """Halls rented from a data-centre operator: a fee while held, a minimum term, a cost to hand back."""

    fee: MoneyPerPowerQuarterSeries
    """Fee for a MW of IT power while it is held."""
    lead_time: Duration
    """Time from order until the power can be used; rounds to whole quarters."""
    term: Duration
    """Shortest time for which the power is rented."""
    exit_cost: MoneyPerPowerSeries | None = None
    """Cost of handing a MW back after its term; 0 if absent."""
    limit: PowerLimitSeries | None = None
    """Most IT power that can be rented anew in a quarter; no limit if absent."""
    escalation: FractionPerYear | None = None
    """Yearly rise of a fee that is fixed at order for the term; if absent, the fee of the day is paid."""
    extension: Duration | None = None
    """Longest time beyond the term for which power may be held; no end if absent."""
    minimum: LeastPowerSeries | None = None
    """IT power paid for at the fee of the day whether held or not, by date; 0 if absent."""


class Site(Declared):
    """A data-centre campus: a place with grid power by date, where halls are built or rented."""

    title: Title
    """Name in reports."""
    destination: Destination
    """Country to which equipment is delivered."""
    grid: PowerLimitSeries
    """Power that the grid connection can carry, by date."""
    power_usage_effectiveness: PowerUsageEffectiveness
    """Power at the grid connection for each MW of IT power."""
    energy_price: EnergyPriceSeries
    """Price of energy at the grid connection, by date."""
    latency: Latency | None = None
    """Delay to the users that the site serves; needed where a workload has a limit."""
    energy: SiteEnergy | None = None
    """Tariff, contracts and generation, beyond the energy price; only that if absent."""
    spare_power: Fraction | None = None
    """Share of the energised IT power kept free for failures and upkeep, 0 if absent."""
    spare_blocks: Annotated[int, Field(strict=True, ge=2)] | None = None
    """Number of equal blocks of power of which one is spare (N+1 counted whole), in place of spare_power."""
    build: Build | None = None
    """Own halls; without it none can be built."""
    colocate: Colocate | None = None
    """Rented halls; without it none can be rented."""


class Buy(Declared):
    """An offer bought: its price is fixed at order."""

    price: MoneySeries
    """Price of a unit, fixed at order, in the invoice currency."""
    deposit: Fraction
    """Share paid at order; the rest is paid at delivery."""
    resale: MoneySeries | None = None
    """Price for which an owned unit can be sold, by date, oldest first; none can be sold if absent."""
    leaseback: Leaseback | None = None
    """Terms on which bought units are sold to a lessor and leased back; none if absent."""


class Lease(Declared):
    """An offer leased: a fee while held, a minimum term, a cost to hand back."""

    fee: MoneyPerQuarterSeries
    """Fee for a unit while it is held."""
    term: Duration
    """Shortest time for which a unit is leased."""
    exit_cost: MoneySeries | None = None
    """Cost of handing a unit back after its term; 0 if absent."""
    escalation: FractionPerYear | None = None
    """Yearly rise of a fee that is fixed at order for the term; if absent, the fee of the day is paid."""
    extension: Duration | None = None
    """Longest time beyond the term for which a unit may be held; no end if absent."""
    minimum: CountSeries | None = None
    """Units paid for at the fee of the day whether held or not, by date; 0 if absent."""


class Supply(Declared):
    """How many units of an offer this buyer can order for a destination."""

    limit: CountRateSeries | None = None
    """Most units that can be ordered in a quarter; no limit if absent."""
    fee: RatioSeries | None = None
    """Share of the price paid on top under an export regime; 0 if absent."""
    import_duty: Ratio | None = None
    """Share of the price paid on top at the border; 0 if absent."""
    minimum: CountRateSeries | None = None
    """Units that must be ordered in a quarter by contract; 0 if absent."""
    status: str | dict[Day, str] | None = None
    """Export status by date, shown to the reader; it limits nothing."""
    rules: Rules | None = None
    """Take status, quantity and fee from the export rules known at `as_of`."""


class Offer(Declared):
    """Something to buy or lease: an accelerator server or rack, or a general server."""

    title: Title
    """Name in reports."""
    accelerator: str | None = None
    """Name in the catalogue of accelerators, from which throughput is computed."""
    accelerators: Annotated[int, Field(strict=True, ge=0)] = 0
    """Accelerators in one unit."""
    compute: Flops | None = None
    """Dense FP8 (or INT8) operations a second of one unit."""
    memory: Memory | None = None
    """Accelerator memory of one unit."""
    power: PowerPerUnit
    """IT power that must be reserved for a unit."""
    average_draw: Fraction | None = None
    """Share of the reserved power that a running unit draws on average; 1 if absent."""
    lead_time: Duration
    """Time from order to delivery; rounds to whole quarters."""
    ramp_up: Duration | None = None
    """Time after delivery in which use rises evenly from none to all that a unit can serve; 0 if absent."""
    attrition: FractionPerYear
    """Share of the installed units that fail for good in a year."""
    spares: Fraction | None = None
    """Share of the installed units that stand by for those that fail, 0 if absent."""
    life: Life | None = None
    """Time after which an owned unit is retired, whatever the books say; that of Alphabet's servers in the
    catalogue, six years, if absent; 50 years or more: no end. What stands at the start is of every age."""
    wear: Wear | None = None
    """Failures and upkeep beyond some age; those of `attrition` and `maintenance` at every age if absent."""
    maintenance: FractionPerYear
    """Yearly upkeep of an owned unit, as a share of its price at the plan's start."""
    available_from: Day | None = None
    """First day on which it can be ordered; the plan's start if absent."""
    available_until: Day | None = None
    """Last day on which it can be ordered; the horizon's end if absent."""
    lot: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Units in a lot; orders are multiples of it where sizes are whole."""
    buy: Buy | None = None
    """Terms of purchase; without them it cannot be bought."""
    lease: Lease | None = None
    """Terms of lease; without them it cannot be leased."""
    stock: Count | None = None
    """Units that can ever be ordered, over all destinations; no limit if absent."""
    supply: dict[Destination, Supply]
    """Terms by destination; a destination that is not named cannot be supplied."""


class Tranche(Declared):
    """Part of a workload's demand, and the price it pays."""

    share: Fraction
    """Share of the workload's demand."""
    price: Ratio
    """Price that this part pays, as a share of the workload's price."""


class Workload(Declared):
    """Something to serve. Volumes are in the unit that ``unit`` names."""

    title: Title
    """Name in reports."""
    role: Literal["external", "internal", "obligation"]
    """`external` earns its price, `internal` a transfer value without cash; `obligation` must be served."""
    unit: Literal["token", "accelerator_hour", "FLOP", "vcpu_hour"]
    """What is served: tokens, accelerator-hours, operations or hours of a virtual processor."""
    demand: VolumeRateSeries
    """Volume asked for in a time, by date."""
    market_share: FractionSeries | None = None
    """Share of the demand that this buyer can serve; 1 if absent."""
    price: UnitPriceSeries | None = None
    """Revenue for each unit, or transfer value of an internal workload, by date."""
    prices: Prices | None = None
    """Prices by kind of token, in place of one price."""
    contract: Contract | None = None
    """Terms of a contract that makes demand and price binding; sold on the market if absent."""
    penalty: UnitPriceSeries | None = None
    """Cost of each unit of an obligation left unserved; without it all must be served."""
    productivity: ProductivitySeries | None = None
    """How much more a unit of hardware serves than at the base date, by date; 1 if absent."""
    smaller_models: ProductivitySeries | None = None
    """The part of productivity from models that take fewer operations for the same use; 1 if absent."""
    software: ProductivitySeries | None = None
    """The part of productivity from software that makes a server compute more, never beyond its peak; all
    that smaller models leave if absent. Where it is stated, what both leave is the rest: answers from caches
    and shorter ones, which take no operations."""
    usable_share: Fraction | None = None
    """Share of what a unit serves that can be sold: peak to mean, headroom, failures."""
    utilisation: ReplayedShare | None = None
    """The same share as a replay found it; one of both is needed."""
    reserve: Ratio | None = None
    """Capacity kept free beyond what is sold or owed, as a share of it: for failures and for the largest
    contract; 0 if absent."""
    tranches: tuple[Tranche, ...] = ()
    """Parts of the demand with prices of their own; all at the full price if absent."""
    serving: Serving | None = None
    """Lengths and limits of requests, from which it is computed what a unit serves."""
    training: TrainingRun | None = None
    """The training run, from which the operations of a unit are computed."""
    throughput: dict[Name, Throughput] = Field(default_factory=dict)
    """What one unit of an offer serves in a time; where it is stated it comes before what is computed.
    Other offers cannot serve the workload."""
    memory: Memory | None = None
    """Accelerator memory that a unit must have to serve it; no limit if absent."""
    max_latency: Latency | None = None
    """Longest delay of a site that may serve it; no limit if absent."""
    destinations: tuple[Destination, ...] = ()
    """Countries in which it may run; everywhere if empty."""
    excluded_sites: tuple[Name, ...] = ()
    """Sites that must not serve it."""
    excluded_clouds: tuple[Name, ...] = ()
    """Clouds that must not serve it."""
    ordinary_costs: FractionSeries | None = None
    """Share of the value sold that goes into staff, sales and bandwidth, in place of that of finance."""

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
    """Capacity of a site when the plan starts, installed or on order."""

    power: Power
    """IT power energised in own halls."""
    power_leased: Power | None = None
    """IT power energised on top, rented for the fee of the site's colocate, past its term."""
    installed: dict[Name, Count] = Field(default_factory=dict)
    """Units installed, by offer; owned unless the offer is only leased."""
    leased: dict[Name, Count] = Field(default_factory=dict)
    """Units installed on top, leased for the offer's fee, past their term."""
    power_due: dict[Day, Power] = Field(default_factory=dict)
    """IT power that is on order and energised on these dates."""
    units_due: dict[Name, dict[Day, Count]] = Field(default_factory=dict)
    """Units that are on order, by offer and date of delivery."""


class Opening(Declared):
    """The state at the start. What it earns and costs is the base; the programme's results come on top."""

    sites: dict[Name, OpeningSite] = Field(default_factory=dict)
    """What stands at each site."""
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


class Variant(Declared):
    """A named set of overrides: ``set`` maps dotted places to what stands there instead."""

    title: Title
    """Name in reports."""
    set: dict[str, object]
    """Dotted places of the case, and what stands there instead."""


class Case(Declared):
    """All that a user declares about one build-out."""

    title: Title
    """Name in reports."""
    description: str = ""
    """What the case asks, in a sentence or two."""
    as_of: Day
    """Day from which the case is seen; facts known later count as hindsight."""
    currency: Currency
    """Currency of all results."""
    exchange_rates: dict[Currency, ExchangeRateSeries] = Field(default_factory=dict)
    """By currency: units of the case's currency for one of it, by date. Needed for every other currency
    that the case uses."""
    hedges: dict[Currency, Hedge] = Field(default_factory=dict)
    """By currency: the share of payments and receipts that is settled at a forward rate; none if absent."""
    calendar: Calendar
    """The planning horizon."""
    finance: Finance
    """How money is discounted, taxed and depreciated."""
    programme: Programme
    """Who spends how much, from when to when."""
    opening: Opening = Opening()
    """What stands when the plan starts, and what is on its way; nothing if absent."""
    sites: Annotated[dict[Name, Site], Field(min_length=1)]
    """Data-centre campuses."""
    offers: Annotated[dict[Name, Offer], Field(min_length=1)]
    """Servers that can be bought or leased."""
    workloads: Annotated[dict[Name, Workload], Field(min_length=1)]
    """What is served."""
    renewable_share: FractionSeries | None = None
    """Least share of all energy that is renewable, by date; no target if absent."""
    contract_reserve: Fraction | None = None
    """Share of the largest contract's volume that own capacity could serve beside all that it serves, in each
    quarter; none is kept free if absent."""
    clouds: dict[Name, Cloud] = Field(default_factory=dict)
    """Machines that can be hired from clouds."""
    uncertainty: Uncertainty = Uncertainty()
    """What may turn out otherwise; nothing if absent."""
    reported: Reported = Reported()
    """How the buyer's reports relate to the case, for backtests."""
    announcement: Announcement | None = None
    """How the market took the announcement, and what was spent before, for break-even values."""
    financing: Financing | None = None
    """Where the money of the whole business comes from; not asked if absent."""
    solve: Solve = Solve()
    """How the program is solved."""
    variants: dict[Name, Variant] = Field(default_factory=dict)
    """Other assumptions about the same programme, by name."""

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
