"""ModelData: a compiled case. Every number of the formulation as an array in canonical units.

Axes always come in the order site, offer, workload, quarter. Two of them are finer than the nouns of a case:

* a *power option* is a way to get IT power at a site (own halls or colocation);
* an *offer option* is a way to get an offer (bought or leased); what is bought and what is leased of one
  offer shares its supply limit and stock.

Money is in millions of the case's currency, power in MW, volumes in the canonical unit of each workload.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capexpand.model.aim import Aim
from capexpand.model.churn_costs import ChurnCosts
from capexpand.model.contracts import Contracts
from capexpand.model.energy_options import EnergyOptions
from capexpand.model.financing import Financing
from capexpand.model.funding_limits import FundingLimits
from capexpand.model.hire_options import HireOptions
from capexpand.model.lease_terms import LeaseTerms
from capexpand.model.leaseback_terms import Leasebacks
from capexpand.model.redundancy import Redundancy
from capexpand.model.wear import Wear

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Role = Literal["external", "internal", "obligation"]


@dataclass(frozen=True, slots=True)
class Times:
    """The quarters, and what a payment in each is worth at the plan's start."""

    starts: tuple[date, ...]  # first day of each quarter
    ends: tuple[date, ...]  # last day of each quarter
    discount: Floats  # [quarter] present value of 1 paid in the middle of the quarter
    discount_end: float  # present value of 1 paid at the end of the horizon
    window: tuple[int, int]  # first quarter of the programme's window, and the one after its last

    @property
    def count(self) -> int:
        """Number of quarters."""
        return len(self.starts)

    @property
    def labels(self) -> tuple[str, ...]:
        """The quarters by name, such as ``2025Q2``."""
        return _quarter_names(self.starts)

    def worth_of_writing_off(self, life_quarters: int) -> Floats:
        """Returns the present value of writing off 1 delivered in a quarter, evenly over its life [quarter].

        What is left at the end of the horizon is written off at once, against the end value.

        Args:
            life_quarters: over which it is written off, that of delivery included.
        """
        used = np.minimum(self.count - np.arange(self.count), life_quarters)
        running = np.concatenate(([0.0], np.cumsum(self.discount)))
        quarter = np.arange(self.count)
        evenly = (running[quarter + used] - running[quarter]) / life_quarters
        return evenly + (1.0 - used / life_quarters) * self.discount_end


@lru_cache(maxsize=32)
def _quarter_names(starts: tuple[date, ...]) -> tuple[str, ...]:
    return tuple(f"{day.year}Q{(day.month + 2) // 3}" for day in starts)


@dataclass(frozen=True, slots=True)
class Sites:
    """Campuses [site]."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    destination: Integers  # [site] position in ``ModelData.destinations``
    grid_mw: Floats  # [site, quarter] power that the grid connection can give
    committed_grid_mw: Floats  # [site, quarter] what commitments may count on; see ``committed_grid``
    power_usage_effectiveness: Floats  # [site]
    energy_price: Floats  # [site, quarter] money per MWh
    group: Integers  # [site] sites of one group may serve the same workloads; position in Workloads.served_by


@dataclass(frozen=True, slots=True)
class PowerOptions:
    """Ways to get IT power [power option]."""

    names: tuple[str, ...]
    site: Integers  # [power option]
    owned: Flags  # [power option] built rather than rented
    lead_quarters: Integers  # [power option]
    term_quarters: Integers  # [power option] quarters for which rented power must be held, 0 where owned
    limit_mw: Floats  # [power option, quarter] most that can be ordered
    price: Floats  # [power option, quarter] money per MW ordered
    deposit_fraction: Floats  # [power option] share of the price paid at order
    running_cost: Floats  # [power option, quarter] maintenance or fee, money per MW and quarter
    exit_cost: Floats  # [power option, quarter] money per MW handed back
    hall_mw: Floats  # [power option] size of a hall, 0 where any size can be ordered
    end_value: Floats  # [power option] money per MW standing at the horizon's end


@dataclass(frozen=True, slots=True)
class OfferOptions:
    """Ways to get an offer [offer option]; ``product`` leads to the offer itself."""

    names: tuple[str, ...]
    products: tuple[str, ...]  # names of the offers
    product_titles: tuple[str, ...]
    product: Integers  # [offer option] position in products
    owned: Flags  # [offer option]
    lead_quarters: Integers  # [offer option]
    term_quarters: Integers  # [offer option]
    price: Floats  # [offer option, destination, quarter] money per unit ordered, with duty and export fee
    export_fee: Floats  # [offer option, destination, quarter] of it, the export fee
    import_duty: Floats  # [offer option, destination, quarter] of it, the duty
    deposit_fraction: Floats  # [offer option]
    running_cost: Floats  # [offer option, quarter] maintenance or lease, money per unit and quarter
    exit_cost: Floats  # [offer option, quarter] money per unit handed back
    power_kw: Floats  # [offer option] IT power reserved for a unit
    draw_fraction: Floats  # [offer option] of it, drawn on average while running
    attrition: Floats  # [offer option] share of units lost in a quarter
    orderable: Flags  # [offer option, destination, quarter]
    limit: Floats  # [offer, destination, quarter] units that can be ordered
    least: Floats  # [offer, destination, quarter] units that must be ordered, by contract
    stock: Floats  # [offer] units that can ever be ordered
    delayed: Flags  # [offer option] whether deliveries may be held back
    released: Floats  # [offer option, quarter] 1 where what is due is delivered, 0 where it is held back
    lot: Floats  # [offer option] units in a lot, 0 where any number can be ordered
    end_value: Floats  # [offer option] money per unit standing at the horizon's end
    accelerators: Floats  # [offer] accelerators in a unit
    compute_pflops: Floats  # [offer] dense FP8 (or INT8) operations of a unit, 1e15 a second
    life_quarters: Integers | None = None  # [offer option] quarters that owned units run, 0 or None: no limit
    contract_penalty: Floats | None = (
        None  # [offer, destination, quarter] money per unit less than by contract,
    )
    # 0 where there is none; None: contracts are kept at any price
    wear: Wear | None = None  # None: age tells on nothing
    settling: Floats | None = None  # [offer option, quarters since delivery] share of a unit not in use yet

    @property
    def coming_into_use(self) -> Floats:
        """Share of a unit that comes into use in each quarter from its delivery [offer option, age]."""
        if self.settling is None:
            return np.ones((len(self.names), 1))
        return -np.diff(self.settling, axis=1, prepend=1.0, append=0.0)

    @property
    def resold(self) -> Flags:
        """Whether owned units can be sold; their exit cost is then below zero [offer option]."""
        return self.owned & (self.exit_cost < 0.0).any(axis=1)


@dataclass(frozen=True, slots=True)
class Workloads:
    """The workloads [workload]; volumes in the canonical unit of each."""

    names: tuple[str, ...]
    titles: tuple[str, ...]
    roles: tuple[Role, ...]
    units: tuple[str, ...]
    tranches: int  # number of tranches, the same for all (unused ones have no demand)
    service: Floats  # [offer option, workload] usable volume that a unit serves in a quarter at the base date
    served_by: Flags  # [site group, workload] whether sites of the group may serve it
    productivity: Floats  # [workload, quarter] volume served now for one served at the base date
    demand: Floats  # [workload, tranche, quarter] volume a quarter
    price: Floats  # [workload, tranche, quarter] money per volume
    must_serve: Flags  # [workload] obligations that no penalty buys off
    penalty: Floats  # [workload, quarter] money per volume of an obligation left unserved
    margin_fraction: Floats  # [workload, quarter] share of the price left after ordinary costs
    usable_fraction: Floats  # [workload]
    operations: Floats | None = (
        None  # [workload, quarter] least floating-point operations for a token, 0: unknown
    )
    smaller_models: Floats | None = None  # [workload, quarter] factor in productivity; None: not stated


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of spending [quarter]."""

    cap: Floats  # [quarter] cumulative payments allowed in the window, never falling; infinite outside it
    floor: float  # cumulative payments wanted by the window's end, 0 if none
    floor_penalty: float  # money charged in the objective for each unit of money below the floor
    renewal: Floats  # [quarter] payments allowed in a quarter outside the window, infinite inside
    renewal_without_programme: Floats  # [quarter] payments that need no programme
    own: float = np.inf  # of the cap at the window's end, the programme's own money
    renewal_growth: Floats | None = (
        None  # [quarter] payments allowed on top for each money spent in the window
    )

    @property
    def growing(self) -> bool:
        """Whether what may be spent after the window grows with what the programme spent."""
        return self.renewal_growth is not None and bool(np.any(self.renewal_growth > 0.0))

    def scaled(self, fraction: float, window: tuple[int, int]) -> Budget:
        """Returns the budget with a part of the programme's own money, on the same path over the window.

        Args:
            fraction: of the own money; 0 leaves what the business spends without the programme.
            window: first quarter of the programme's window, and the one after its last.
        """
        quarter = np.arange(self.cap.size)
        inside = (quarter >= window[0]) & (quarter < window[1])
        least = np.cumsum(np.where(inside, self.renewal_without_programme, 0.0))
        with np.errstate(invalid="ignore"):
            more = np.maximum(self.cap - least, 0.0) * fraction if fraction > 0.0 else 0.0
            own = self.own * fraction if fraction > 0.0 else 0.0
        return replace(self, cap=np.where(inside, least + more, np.inf), own=own)


@dataclass(frozen=True, slots=True)
class Taxes:
    """Tax, depreciation and value-added tax."""

    rate: float
    server_life_quarters: int
    building_life_quarters: int
    value_added_tax: float  # share of payments added to them
    recovery_quarters: int | None  # until it comes back, None where it never does
    payment_factor: (
        Floats  # [quarter] present cost of a payment of 1 with its value-added tax, in the money of then
    )
    server_shield: Floats  # [quarter] present value of the tax saved by 1 of servers delivered then
    building_shield: Floats  # [quarter] the same for halls

    @property
    def lost(self) -> float:
        """Share of a price that value-added tax adds to the cost of an asset: none where it is recovered."""
        return self.value_added_tax if self.recovery_quarters is None else 0.0


@dataclass(frozen=True, slots=True)
class OpeningLeases:
    """Of what is leased at the start or on order, what is bound to its term."""

    power_bound_mw: Floats  # [power option] of what stands
    power_freed_mw: Floats  # [power option, quarter] whose term is over from that quarter on
    units_bound: Floats  # [offer option, destination] of what stands
    units_freed: Floats  # [offer option, destination, quarter]


@dataclass(frozen=True, slots=True)
class OpeningState:
    """Capacity at the start, installed or on order."""

    power_mw: Floats  # [power option]
    power_due_mw: Floats  # [power option, quarter]
    installed: Floats  # [site, offer option]
    units_due: Floats  # [offer option, destination, quarter]
    payments_due: Floats  # [quarter]
    other_revenue: Floats  # [quarter]
    other_cost: Floats  # [quarter]
    depreciation: Floats  # [quarter] of what stands at the start
    leases: OpeningLeases | None = None  # None: whatever is leased at the start is past its term

    @property
    def power_free_mw(self) -> Floats:
        """Power that stands at the start and is bound to no term [power option]."""
        return self.power_mw if self.leases is None else self.power_mw - self.leases.power_bound_mw

    @property
    def power_freed_mw(self) -> Floats:
        """Rented power of the start whose term is over from a quarter on [power option, quarter]."""
        return np.zeros_like(self.power_due_mw) if self.leases is None else self.leases.power_freed_mw

    @property
    def units_freed(self) -> Floats:
        """Leased units of the start, the same [offer option, destination, quarter]."""
        return np.zeros_like(self.units_due) if self.leases is None else self.leases.units_freed

    def units_free(self, destination: Integers) -> Floats:
        """Return the units that stand at the start and are bound to no term [offer option, destination].

        Args:
            destination: of each site.
        """
        stands = np.zeros(self.units_due.shape[:2])
        np.add.at(stands.T, destination, self.installed)
        return stands if self.leases is None else stands - self.leases.units_bound


@dataclass(frozen=True, slots=True)
class ModelData:
    """All that the formulation needs, and nothing that it does not."""

    title: str
    currency: str
    times: Times
    destinations: tuple[str, ...]
    sites: Sites
    power: PowerOptions
    offers: OfferOptions
    workloads: Workloads
    budget: Budget
    taxes: Taxes
    opening: OpeningState
    whole_sizes: bool
    hours_per_quarter: float
    energy: EnergyOptions | None = None  # beyond an energy price; None: only that
    redundancy: Redundancy | None = None  # what may be used of what stands; None: all of it
    lease_terms: LeaseTerms | None = None  # beyond a fee and a least time; None: nothing beyond them
    hire: HireOptions | None = None  # capacity that can be hired from clouds; None: none
    end_value_within_book: bool = False  # whether end values are held to what stands in the books
    contracts: Contracts | None = None  # with customers; None: there are none
    financing: Financing | None = None  # None where the case does not ask where money comes from
    funding: FundingLimits | None = None  # what a policy keeps to of financing; None: nothing
    lent_on: Flags | None = None  # [facility, offer option] that loans for certain servers pay for
    churn: ChurnCosts | None = None  # of changing course from quarter to quarter; None: none
    aim: Aim | None = None  # what the plan is made for; None: its value, whatever it serves
    leasebacks: Leasebacks | None = None  # None: no unit can be sold and leased back

    @property
    def financed(self) -> Financing:
        """The financing of a case that has one.

        Raises:
            ValueError: it has none.
        """
        if self.financing is None:
            raise ValueError("the case has no financing")
        return self.financing

    @property
    def leaseback_terms(self) -> Leasebacks:
        """The terms of sale and leaseback of a case that has some.

        Raises:
            ValueError: it has none.
        """
        if self.leasebacks is None:
            raise ValueError("no unit of the case can be sold and leased back")
        return self.leasebacks

    @property
    def aging(self) -> Flags:
        """Whether units can reach the end of their life within the horizon [offer option]."""
        offers, opening, quarters = self.offers, self.opening, self.times.count
        if offers.life_quarters is None:
            return np.zeros(len(offers.names), dtype=np.bool_)
        quarter = np.arange(quarters)
        due_in_time = quarter + offers.life_quarters[:, None] < quarters
        ordered = offers.orderable.any(axis=1) & (
            quarter + (offers.lead_quarters + offers.life_quarters)[:, None] < quarters
        )
        due = (opening.units_due.sum(axis=1) > 0) & due_in_time
        stands = opening.installed.sum(axis=0) > 0
        return offers.owned & (offers.life_quarters > 0) & (stands | ordered.any(axis=1) | due.any(axis=1))

    @property
    def wearing(self) -> Flags:
        """Whether units can reach the age of wear within the horizon [offer option]."""
        offers, opening, quarters = self.offers, self.opening, self.times.count
        if offers.wear is None:
            return np.zeros(len(offers.names), dtype=np.bool_)
        after, quarter = offers.wear.after_quarters, np.arange(quarters)
        ordered = offers.orderable.any(axis=1) & (
            quarter + (offers.lead_quarters + after)[:, None] < quarters
        )
        due = (opening.units_due.sum(axis=1) > 0) & (quarter + after[:, None] < quarters)
        stands = opening.installed.sum(axis=0) > 0
        return offers.owned & (after > 0) & (stands | ordered.any(axis=1) | due.any(axis=1))

    @property
    def usable_power(self) -> Floats:
        """Share of energised power that may be used [site]."""
        return np.ones(len(self.sites.names)) if self.redundancy is None else self.redundancy.power

    @property
    def usable_units(self) -> Floats:
        """Share of installed units that may run [offer option]."""
        return np.ones(len(self.offers.names)) if self.redundancy is None else self.redundancy.units

    @property
    def end_book_fractions(self) -> tuple[Floats, Floats]:
        """What the books hold at the end of 1 delivered in a quarter, of servers and of halls [quarter]."""
        used = self.times.count - np.arange(self.times.count)
        lives = (self.taxes.server_life_quarters, self.taxes.building_life_quarters)
        servers, halls = ((1.0 + self.taxes.lost) * (1.0 - np.minimum(used, life) / life) for life in lives)
        return servers, halls

    def without_programme(self) -> ModelData:
        """Returns the base: the same business with the same freedom, without the programme's money.

        It spends what the business spends anyway, hires and leases what pays, and is excused from contracts
        and obligations at any price, which only a programme may need.
        """
        budget = replace(self.budget.scaled(0.0, self.times.window), floor=0.0)
        return replace(self.without_demands(), budget=budget, financing=None)

    def standing_still(self) -> ModelData:
        """Returns the business that orders nothing: what stands and what is on its way runs on."""
        left = self.without_programme()
        power = replace(left.power, limit_mw=np.zeros_like(self.power.limit_mw))
        offers = replace(left.offers, orderable=np.zeros_like(self.offers.orderable))
        hire = None if left.hire is None else left.hire.closed()
        energy = None if left.energy is None else left.energy.closed()
        return replace(left, power=power, offers=offers, hire=hire, energy=energy)

    def with_budget(self, fraction: float) -> ModelData:
        """Returns the case with a part of the programme's own money and no least spending.

        Args:
            fraction: of the own money, from 0.
        """
        return replace(self, budget=replace(self.budget.scaled(fraction, self.times.window), floor=0.0))

    def without_demands(self) -> ModelData:
        """Returns the case without what must be done at any price, for plans that are only compared with.

        They are made for their value, whatever the plan is made for.
        """
        offers = replace(self.offers, least=np.zeros_like(self.offers.least), contract_penalty=None)
        workloads = replace(self.workloads, must_serve=np.zeros_like(self.workloads.must_serve))
        financing = None if self.financing is None else self.financing.relaxed()
        return replace(self, offers=offers, workloads=workloads, financing=financing, funding=None, aim=None)
