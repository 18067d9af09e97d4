"""Compiles the offers of a case: each way to get one is an offer option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from capexpand.case.schema import Case, Offer, Supply
from capexpand.case.targets import matching_targets, movable_targets
from capexpand.model.data import Flags, Floats, Integers, OfferOptions
from capexpand.model.export_terms import export_terms
from capexpand.model.wear import Wear, settling_shares
from capexpand.model.world import World
from capexpand.timevalue import quarters_spanned

LEASED = " (leased)"
ENDLESS = 200  # quarters, the longest horizon of a case: a life of that and more has no end


@dataclass(frozen=True, slots=True)
class Option:
    """A way to get an offer: bought, or leased."""

    product: int  # position of the offer
    offer: Offer
    product_name: str
    owned: bool

    @property
    def name(self) -> str:
        """The offer's own name where it is owned."""
        return self.product_name if self.owned else self.product_name + LEASED


def offer_options(world: World) -> tuple[Option, ...]:
    """Returns the ways to get the offers of a world; one that stands and is not leased is owned."""
    opening = world.case.opening.sites.values()
    standing = {name for site in opening for name in (*site.installed, *site.units_due)}
    options: list[Option] = []
    for i, (name, offer) in enumerate(world.case.offers.items()):
        if offer.buy is not None or (name in standing and offer.lease is None):
            options.append(Option(i, offer, name, owned=True))
        if offer.lease is not None:
            options.append(Option(i, offer, name, owned=False))
    return tuple(options)


def compile_offers(world: World, options: tuple[Option, ...], service: Floats) -> OfferOptions:
    """Returns the arrays of the offer options.

    Args:
        world: the case and its calendar.
        options: from ``offer_options``.
        service: a·r [offer option, workload] volume that a unit serves in a quarter, for the end values.
    """
    products = tuple(world.case.offers)
    offers = tuple(world.case.offers.values())
    chosen = [option.offer for option in options]
    own = np.array([option.owned for option in options])
    bought = [offer.buy if flag else None for offer, flag in zip(chosen, own, strict=True)]
    lead = np.array([quarters_spanned(offer.lead_time.value) for offer in chosen], dtype=np.int64)
    limit, least, fees = _allowed(world)
    orderable = _orderable(world, options, limit)
    price, fee, duty = _prices(world, options, fees)
    none = np.zeros(world.quarters)
    list_price = np.array([none if buy is None else world.series(buy.price) for buy in bought])
    maintenance = np.array([offer.maintenance.value / 4 for offer in chosen])[:, None] * list_price[:, :1]
    lease_fee = np.array([world.series(offer.lease.fee) if offer.lease else none for offer in chosen])
    resale = np.array([world.series(None if buy is None else buy.resale) for buy in bought])
    resold = np.array([buy is not None and buy.resale is not None for buy in bought])
    worth = world.case.finance.server_end_value.value * competitive_value(
        list_price[:, -1], service, own & orderable[:, :, -1].any(axis=1)
    )
    leaving = [world.series(offer.lease.exit_cost) if offer.lease else none for offer in chosen]
    attrition = np.array([1.0 - (1.0 - offer.attrition.value) ** 0.25 for offer in chosen])
    return OfferOptions(
        names=tuple(option.name for option in options),
        products=products,
        product_titles=tuple(offer.title for offer in offers),
        product=np.array([option.product for option in options], dtype=np.int64),
        owned=own,
        lead_quarters=lead,
        term_quarters=np.array(
            [
                0 if flag or o.lease is None else quarters_spanned(o.lease.term.value)
                for o, flag in zip(chosen, own, strict=True)
            ],
            dtype=np.int64,
        ),
        price=price,
        export_fee=fee,
        import_duty=duty,
        deposit_fraction=np.array([0.0 if buy is None else buy.deposit.value for buy in bought]),
        running_cost=np.where(own[:, None], np.broadcast_to(maintenance, lease_fee.shape), lease_fee),
        exit_cost=np.where(own[:, None], -resale, np.array(leaving)),
        power_kw=np.array([offer.power.value for offer in chosen]),
        draw_fraction=np.array([world.number(offer.average_draw, 1.0) for offer in chosen]),
        attrition=np.where(own, attrition, 0.0),  # the lessor replaces what fails
        life_quarters=np.array(
            [_life(o) if flag else 0 for o, flag in zip(chosen, own, strict=True)],
            dtype=np.int64,
        ),
        orderable=orderable,
        limit=limit,
        least=_in_time(world, options, lead) * least,
        stock=np.array([world.number(offer.stock, np.inf) for offer in offers]),
        delayed=np.array([option.product_name in _delayed(world.case) for option in options]),
        released=np.ones((len(options), world.quarters)),
        lot=np.array([float(offer.lot or 0) for offer in chosen]),
        end_value=np.where(resold, np.minimum(worth, resale[:, -1]), worth),
        accelerators=np.array([float(offer.accelerators) for offer in offers]),
        compute_pflops=np.array([world.number(offer.compute) for offer in offers]),
        wear=_wear(chosen, own, list_price[:, 0]),
        settling=_settling(chosen),
    )


def _life(offer: Offer) -> int:
    """Quarters that an owned unit runs, 0 for no end."""
    quarters = 0 if offer.life is None else quarters_spanned(offer.life.value)
    return quarters if quarters < ENDLESS else 0


def _wear(offers: Sequence[Offer], own: Flags, price: Floats) -> Wear | None:
    """How age tells on the options; None where no offer says so."""
    found = [offer.wear if flag else None for offer, flag in zip(offers, own, strict=True)]
    if not any(found):
        return None
    kept = [0.0 if each is None else each.attrition.value for each in found]
    more = [
        0.0 if each is None else (each.maintenance.value - offer.maintenance.value) / 4
        for each, offer in zip(found, offers, strict=True)
    ]
    return Wear(
        after_quarters=np.array(
            [0 if each is None else quarters_spanned(each.after.value) for each in found], dtype=np.int64
        ),
        attrition=1.0 - (1.0 - np.array(kept)) ** 0.25,
        cost=np.array(more) * price,
    )


def _settling(offers: Sequence[Offer]) -> Floats | None:
    """Share of a unit that is not in use yet [offer option, quarters since delivery]."""
    shares = [settling_shares(0.0 if o.ramp_up is None else o.ramp_up.value) for o in offers]
    longest = max(share.size for share in shares)
    if longest == 0:
        return None
    return np.array([np.pad(share, (0, longest - share.size)) for share in shares])


def _delayed(case: Case) -> set[str]:
    """Offers whose deliveries some process may hold back."""
    targets = movable_targets(case)
    return {
        target.name
        for delay in case.uncertainty.delays.values()
        for pattern in delay.moves
        for target in matching_targets(pattern, targets)
        if target.quantity == "delivery"
    }


def _prices(world: World, options: tuple[Option, ...], fees: Floats) -> tuple[Floats, Floats, Floats]:
    """Prices with duty and fee, and the two apart [offer option, destination, quarter]."""
    shape = (len(options), len(world.destinations), world.quarters)
    price, fee, duty = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for k, option in enumerate(options):
        offer = option.offer
        if not option.owned or offer.buy is None:
            continue
        listed = world.series(offer.buy.price)
        for d, destination in enumerate(world.destinations):
            supply = offer.supply.get(destination)
            if supply is not None:
                fee[k, d] = listed * fees[option.product, d]
                duty[k, d] = listed * world.number(supply.import_duty)
                price[k, d] = listed + fee[k, d] + duty[k, d]
    return price, fee, duty


def _orderable(world: World, options: tuple[Option, ...], limit: Floats) -> Flags:
    result = np.zeros((len(options), len(world.destinations), world.quarters), dtype=np.bool_)
    for k, option in enumerate(options):
        offer = option.offer
        if (option.owned and offer.buy is None) or (not option.owned and offer.lease is None):
            continue
        sold = np.array(
            [
                (offer.available_from is None or end >= offer.available_from)
                and (offer.available_until is None or start <= offer.available_until)
                for start, end in zip(world.calendar.starts, world.calendar.ends, strict=True)
            ]
        )
        for d, destination in enumerate(world.destinations):
            if destination in offer.supply:
                result[k, d] = sold & (limit[option.product, d] > 0)
    return result


def _allowed(world: World) -> tuple[Floats, Floats, Floats]:
    """What can and what must be ordered, and the fee as a share of the price [offer, destination, quarter].

    All are as stated, or follow the export rules where a supply asks for that; what the rules stop need not
    be ordered, whatever a contract says.
    """
    limit = _limits(world, lambda supply: world.series(supply.limit, np.inf))
    least = _limits(world, lambda supply: world.series(supply.minimum))
    fee = _limits(world, lambda supply: world.series(supply.fee))
    for g, name in enumerate(world.case.offers):
        for d, destination in enumerate(world.destinations):
            terms = export_terms(world.case, name, destination)
            if terms is not None:
                share = np.array([term.quantity_fraction for term in terms])
                limit[g, d] = np.where(share > 0, limit[g, d], 0.0) * np.where(share > 0, share, 1.0)
                least[g, d] = np.minimum(least[g, d], limit[g, d])
                fee[g, d] = [term.fee_fraction for term in terms]
    return limit, least, fee


def _limits(world: World, read: Callable[[Supply], Floats]) -> Floats:
    """A limit of supply [offer, destination, quarter]; 0 where a destination is not supplied."""
    offers = world.case.offers
    limit = np.zeros((len(offers), len(world.destinations), world.quarters))
    for g, offer in enumerate(offers.values()):
        for d, destination in enumerate(world.destinations):
            supply = offer.supply.get(destination)
            if supply is not None:
                limit[g, d] = read(supply)
    return limit


def _in_time(world: World, options: tuple[Option, ...], lead: Integers) -> Floats:
    """1 where an offer ordered then arrives within the horizon, else 0 [offer, destination, quarter].

    Nothing is ordered that arrives later, whatever a contract says about those quarters.
    """
    in_time = np.zeros((len(world.case.offers), 1, world.quarters))
    for k, option in enumerate(options):
        in_time[option.product, 0, : max(world.quarters - int(lead[k]), 0)] = 1.0
    return in_time


def competitive_value(list_price: Floats, service: Floats, on_sale: Flags) -> Floats:
    """Returns what a buyer would pay for a unit of each option, were it new [offer option, money/unit].

    Nobody pays more for a used unit than for the new one that serves the same: for every offer k' on sale the
    value of k is at most q_k' max_j (r_kj / r_k'j), the price of k' at the use in which k compares best, and
    never more than k itself costs.

    Args:
        list_price: q [offer option] money per unit, without duty and fee.
        service: r [offer option, workload] volume that a unit serves in a quarter.
        on_sale: [offer option] whether it can be bought.
    """
    value = list_price.copy()
    for k in np.flatnonzero(list_price > 0):
        serves = service[k] > 0
        for other in np.flatnonzero(on_sale & (list_price > 0)):
            if serves.any() and other != k:
                with np.errstate(divide="ignore"):
                    ratio = np.max(service[k, serves] / service[other, serves])
                value[k] = min(value[k], list_price[other] * ratio)
    return value
