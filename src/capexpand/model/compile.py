"""Compiles a case to ModelData: series become arrays by quarter, money becomes the case's currency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from capexpand.case.figures import Figure
from capexpand.case.schema import Case, Site
from capexpand.model.aim import compile_aim
from capexpand.model.churn import compile_churn
from capexpand.model.compile_contracts import with_contracts
from capexpand.model.compile_financing import compile_financing
from capexpand.model.compile_offers import LEASED, Option, compile_offers, offer_options
from capexpand.model.compile_redundancy import compile_redundancy
from capexpand.model.compile_workloads import compile_workloads, group_sites, service_matrix
from capexpand.model.data import (
    Budget,
    Integers,
    ModelData,
    OfferOptions,
    OpeningLeases,
    OpeningState,
    PowerOptions,
    Sites,
    Taxes,
    Times,
)
from capexpand.model.energy import compile_energy
from capexpand.model.energy_options import EnergyOptions
from capexpand.model.hire import compile_hire
from capexpand.model.lease_terms import LeaseTerms
from capexpand.model.leaseback_terms import compile_leasebacks
from capexpand.model.leases import compile_leases
from capexpand.model.world import Floats, World
from capexpand.timevalue import (
    HOURS_PER_QUARTER,
    MONTHS_PER_QUARTER,
    add_months,
    discount_factors,
    end_discount_factor,
    quarters_spanned,
)

FLOOR_PENALTY = (
    2.0  # money spent to no use costs itself, so at 2 a plan spends unless that loses as much again
)
OWN, COLOCATED = "own", "colocated"


def compile_case(case: Case) -> ModelData:
    """Returns the arrays of the formulation for a case whose references were checked by ``load_case``."""
    world = World.of(case)
    times = _times(world)
    power = _power(world)
    options = offer_options(world)
    service = service_matrix(world, options)
    offers = compile_offers(world, options, service)
    group, served_by = group_sites(world)
    energy, lease_terms = compile_energy(world), _lease_terms(world, power, options)
    plain = ModelData(
        title=case.title,
        currency=case.currency,
        times=times,
        destinations=world.destinations,
        sites=_sites(world, group, energy),
        power=power,
        offers=offers,
        workloads=compile_workloads(world, service, served_by),
        budget=_budget(world, times),
        taxes=_taxes(world, times),
        opening=_opening(world, power, offers, lease_terms),
        whole_sizes=case.solve.whole_sizes,
        hours_per_quarter=HOURS_PER_QUARTER,
        energy=energy,
        redundancy=compile_redundancy(world, tuple(option.product_name for option in options)),
        lease_terms=lease_terms,
        hire=compile_hire(world),
        end_value_within_book=case.finance.end_value_within_book,
        financing=compile_financing(world, offers),
        churn=compile_churn(world),
        aim=compile_aim(case),
        leasebacks=compile_leasebacks(
            world,
            [o.offer.buy.leaseback if o.owned and o.offer.buy is not None else None for o in options],
        ),
    )
    return with_contracts(world, plain)


def _lease_terms(world: World, power: PowerOptions, options: tuple[Option, ...]) -> LeaseTerms | None:
    names = tuple(world.case.sites)
    return compile_leases(
        world,
        tuple((names[int(s)], not owned) for s, owned in zip(power.site, power.owned, strict=True)),
        tuple((option.product_name, not option.owned) for option in options),
    )


def _times(world: World) -> Times:
    case = world.case
    rate = case.finance.discount_rate.value
    first = world.calendar.index(case.programme.window_start)
    return Times(
        starts=world.calendar.starts,
        ends=world.calendar.ends,
        discount=discount_factors(rate, world.quarters),
        discount_end=end_discount_factor(rate, world.quarters),
        window=(first, first + case.programme.window_quarters),
    )


def _power(world: World) -> PowerOptions:
    case, opening = world.case, world.case.opening.sites
    own = [(i, name, OWN) for i, name in enumerate(case.sites) if case.sites[name].build or name in opening]
    colocated = [(i, name, COLOCATED) for i, name in enumerate(case.sites) if case.sites[name].colocate]
    options = sorted(own + colocated)
    zero = np.zeros(world.quarters)
    rows: list[tuple[int, int, Floats, Floats, float, Floats, Floats, float]] = []
    for _, name, tenure in options:
        site = case.sites[name]
        if tenure == COLOCATED and site.colocate is not None:
            hosted = site.colocate
            rows.append(
                (
                    quarters_spanned(hosted.lead_time.value),
                    quarters_spanned(hosted.term.value),
                    world.series(hosted.limit, np.inf),
                    zero,
                    0.0,
                    world.series(hosted.fee),
                    world.series(hosted.exit_cost),
                    0.0,
                )
            )
        elif site.build is not None:
            built = site.build
            rows.append(
                (
                    quarters_spanned(built.lead_time.value),
                    0,
                    world.series(built.limit, np.inf),
                    world.series(built.cost),
                    built.deposit.value,
                    np.full(world.quarters, world.number(built.maintenance)),
                    zero,
                    world.number(built.hall),
                )
            )
        else:  # power that stands at the start where nothing more can be built
            rows.append((0, 0, zero, zero, 0.0, zero, zero, 0.0))
    lead, term, limit, price, deposit, running, leaving, hall = zip(*rows, strict=True)
    prices = np.array(price)
    return PowerOptions(
        names=tuple(name if tenure == OWN else f"{name} ({tenure})" for _, name, tenure in options),
        site=np.array([i for i, _, _ in options], dtype=np.int64),
        owned=np.array([tenure == OWN for _, _, tenure in options]),
        lead_quarters=np.array(lead, dtype=np.int64),
        term_quarters=np.array(term, dtype=np.int64),
        limit_mw=np.array(limit),
        price=prices,
        deposit_fraction=np.array(deposit),
        running_cost=np.array(running),
        exit_cost=np.array(leaving),
        hall_mw=np.array(hall),
        end_value=case.finance.building_end_value.value * prices[:, -1],
    )


def _sites(world: World, group: Integers, energy: EnergyOptions | None) -> Sites:
    sites = world.case.sites
    effectiveness = np.array([site.power_usage_effectiveness.value for site in sites.values()])
    grid = np.array([world.series(site.grid) + _curtailable(world, site) for site in sites.values()])
    standing = np.zeros((len(sites), world.quarters))
    for i, name in enumerate(sites):
        opening = world.case.opening.sites.get(name)
        if opening is not None:
            leased = 0.0 if opening.power_leased is None else opening.power_leased.value
            due = world.dated(opening.power_due) + world.dated(opening.power_leased_due)
            standing[i] = opening.power.value + leased + np.cumsum(due)
    carried = np.zeros(len(sites)) if energy is None else energy.carried_mw(len(sites))
    return Sites(
        names=tuple(sites),
        titles=tuple(site.title for site in sites.values()),
        destination=np.array(
            [world.destinations.index(site.destination) for site in sites.values()], dtype=np.int64
        ),
        grid_mw=grid,
        committed_grid_mw=committed_grid(
            grid, np.maximum(standing * effectiveness[:, None] - carried[:, None], 0.0)
        ),
        power_usage_effectiveness=effectiveness,
        energy_price=np.array([world.series(site.energy_price) for site in sites.values()]),
        group=group,
    )


def _curtailable(world: World, site: Site) -> Floats:
    """Power at the connection that may be taken away for some hours [quarter]."""
    more = None if site.energy is None else site.energy.curtailable
    return world.series(None if more is None else more.power)


def committed_grid(grid_mw: Floats, opening_mw: Floats) -> Floats:
    """Returns the grid that commitments may count on: a promise once made stays feasible.

    It is the running maximum of the grid and never below what the opening state needs in the end; of it, what
    the opening state takes up later is not to be had before. So what is left over never falls.

    Args:
        grid_mw: [site, quarter] power that the grid connection can give.
        opening_mw: [site, quarter] power at the connection of what stands at the start or came by then, less
            what generators of the start carry.
    """
    counted = np.maximum(np.maximum.accumulate(grid_mw, axis=1), opening_mw[:, -1:])
    left = (counted - opening_mw)[:, ::-1]
    return opening_mw + np.minimum.accumulate(left, axis=1)[:, ::-1]


def _budget(world: World, times: Times) -> Budget:
    programme = world.case.programme
    first, last = times.window
    quarters = np.arange(world.quarters)
    inside = (quarters >= first) & (quarters < last)
    cap = np.where(inside, world.number(programme.cap, np.inf), np.inf)
    for day, amount in programme.cap_by_date.items():
        # a cap by a date binds the quarters that end by then
        until = np.array([end <= day for end in times.ends])
        cap = np.where(inside & until, np.minimum(cap, world.number(amount)), cap)
    without = world.series(programme.renewal_without_programme)
    anyway = np.cumsum(np.where(inside, without, 0.0))
    cap = np.where(inside, np.maximum(cap, anyway), np.inf)
    at_end = np.flatnonzero(inside)[-1:]
    renewal = without if programme.renewal_budget is None else world.series(programme.renewal_budget)
    growth, rate = programme.renewal_of_programme, None
    if growth is not None and growth.value > 0.0:
        # what is spent anyway is renewed within the renewal without the programme, as far as that goes
        rate = np.where(quarters >= last, growth.value / 4.0, 0.0)
        counted = float(anyway[at_end].sum())
        counted = float(np.min(renewal[quarters >= last] / (growth.value / 4.0), initial=counted))
        renewal = renewal - rate * counted
    return Budget(
        cap=cap,
        floor=world.number(programme.floor),
        floor_penalty=FLOOR_PENALTY,
        renewal=np.where(inside, np.inf, renewal),
        renewal_without_programme=without,
        own=float((cap - anyway)[at_end].sum()) if at_end.size else 0.0,
        renewal_growth=rate,
    )


def _taxes(world: World, times: Times) -> Taxes:
    finance = world.case.finance
    recovery = finance.value_added_tax_recovery
    return taxes(
        times,
        rate=finance.tax_rate.value,
        server_life_quarters=quarters_spanned(finance.server_life.value),
        building_life_quarters=quarters_spanned(finance.building_life.value),
        value_added_tax=finance.value_added_tax.value if finance.value_added_tax else 0.0,
        recovery_quarters=quarters_spanned(recovery.value) if recovery else None,
    )


def taxes(
    times: Times,
    *,
    rate: float,
    server_life_quarters: int,
    building_life_quarters: int,
    value_added_tax: float,
    recovery_quarters: int | None,
) -> Taxes:
    """Returns taxes with the present values that the objective needs.

    Args:
        times: the quarters and their discount factors.
        rate: of the tax on earnings [fraction].
        server_life_quarters: over which servers are written off evenly.
        building_life_quarters: the same for halls.
        value_added_tax: share of payments added to them [fraction].
        recovery_quarters: until it comes back, None where it never does; it is then written off, too.
    """
    factor = np.full(times.count, 1.0 + value_added_tax)
    if recovery_quarters is not None:
        after = np.append(times.discount, np.full(recovery_quarters, times.discount_end))
        back = after[recovery_quarters : recovery_quarters + times.count] / times.discount
        factor = 1.0 + value_added_tax * (1.0 - back)
    lost = value_added_tax if recovery_quarters is None else 0.0
    return Taxes(
        rate=rate,
        server_life_quarters=server_life_quarters,
        building_life_quarters=building_life_quarters,
        value_added_tax=value_added_tax,
        recovery_quarters=recovery_quarters,
        payment_factor=factor,
        server_shield=(1.0 + lost) * rate * times.worth_of_writing_off(server_life_quarters),
        building_shield=(1.0 + lost) * rate * times.worth_of_writing_off(building_life_quarters),
    )


def _standing(offers: OfferOptions, offer: str) -> int:
    """The way in which units of an offer stand at the start: owned, or leased where it cannot be bought."""
    return offers.names.index(offer if offer in offers.names else offer + LEASED)


def _opening_leases(
    world: World, power: PowerOptions, offers: OfferOptions, terms: LeaseTerms | None
) -> OpeningLeases | None:
    """What of the leases of the start is bound to a term; None where nothing is.

    Where the fee of the order is fixed, what is on order pays the fee of the day, as what stands does, and
    so counts as past its term.
    """
    count, sites = world.quarters, world.case.opening.sites
    power_bound, power_freed = np.zeros(len(power.names)), np.zeros((len(power.names), count))
    shape = (len(offers.names), len(world.destinations))
    units_bound, units_freed = np.zeros(shape), np.zeros((*shape, count))
    for name, state in sites.items():
        if state.power_leased_until or state.power_leased_due:
            o = power.names.index(f"{name} ({COLOCATED})")
            fixed = terms is not None and bool(terms.power.fixed[o])
            bound, freed = _freed(world, state.power_leased_until, fixed=fixed)
            power_bound[o] += bound
            power_freed[o] += freed
            due = world.dated(state.power_leased_due)
            power_freed[o] += _later(due, 0 if fixed else int(power.term_quarters[o]))
        d = world.destinations.index(world.case.sites[name].destination)
        on_order = [
            (k, due)
            for offer, due in state.units_due.items()
            if not offers.owned[k := _standing(offers, offer)]
        ]
        on_order += [(offers.names.index(offer + LEASED), due) for offer, due in state.leased_due.items()]
        for k, due in on_order:
            term = 0 if terms is not None and terms.units.fixed[k] else int(offers.term_quarters[k])
            units_freed[k, d] += _later(world.dated(due), term)
        for offer, until in state.leased_until.items():
            k = offers.names.index(offer + LEASED)
            bound, freed = _freed(world, until, fixed=terms is not None and bool(terms.units.fixed[k]))
            units_bound[k, d] += bound
            units_freed[k, d] += freed
    if not (power_freed.any() or units_freed.any() or power_bound.any() or units_bound.any()):
        return None
    return OpeningLeases(power_bound, power_freed, units_bound, units_freed)


def _freed(world: World, until: Mapping[date, Figure], *, fixed: bool) -> tuple[float, Floats]:
    """What is bound at the start, and what is free from a quarter on: the first that begins after its day."""
    freed = np.zeros(world.quarters)
    if fixed:
        return 0.0, freed
    for day, amount in until.items():
        after = day + timedelta(days=1)
        quarter = world.calendar.index(after)
        quarter += after != add_months(world.calendar.start, MONTHS_PER_QUARTER * quarter)
        if quarter < world.quarters:
            freed[max(quarter, 0)] += amount.value
    return sum(amount.value for amount in until.values()), freed


def _later(due: Floats, quarters: int) -> Floats:
    return np.concatenate((np.zeros(min(quarters, due.size)), due))[: due.size]


def _opening(
    world: World, power: PowerOptions, offers: OfferOptions, terms: LeaseTerms | None
) -> OpeningState:
    opening = world.case.opening
    sites = tuple(world.case.sites)
    power_mw, power_due = np.zeros(len(power.names)), np.zeros((len(power.names), world.quarters))
    installed = np.zeros((len(sites), len(offers.names)))
    units_due = np.zeros((len(offers.names), len(world.destinations), world.quarters))
    for name, state in opening.sites.items():
        option = power.names.index(name)
        power_mw[option] = state.power.value
        power_due[option] = world.dated(state.power_due)
        if state.power_leased is not None:
            power_mw[power.names.index(f"{name} ({COLOCATED})")] = state.power_leased.value
        if state.power_leased_due:
            power_due[power.names.index(f"{name} ({COLOCATED})")] += world.dated(state.power_leased_due)
        for offer, units in state.installed.items():
            installed[sites.index(name), _standing(offers, offer)] += units.value
        for offer, units in state.leased.items():
            installed[sites.index(name), offers.names.index(offer + LEASED)] += units.value
        destination = world.destinations.index(world.case.sites[name].destination)
        for offer, due in state.units_due.items():
            units_due[_standing(offers, offer), destination] += world.dated(due)
        for offer, due in state.leased_due.items():
            units_due[offers.names.index(offer + LEASED), destination] += world.dated(due)
    depreciation = np.zeros(world.quarters)
    if opening.book_value is not None and opening.book_life is not None:
        life = max(quarters_spanned(opening.book_life.value), 1)
        depreciation[:life] = world.number(opening.book_value) / life
    return OpeningState(
        power_mw=power_mw,
        power_due_mw=power_due,
        installed=installed,
        units_due=units_due,
        payments_due=world.dated(opening.payments_due),
        other_revenue=world.series(opening.other_revenue),
        other_cost=world.series(opening.other_cost),
        depreciation=depreciation,
        leases=_opening_leases(world, power, offers, terms),
    )
