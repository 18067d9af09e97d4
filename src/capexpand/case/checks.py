"""Checks what no single field can: dates, sums, currencies, and units that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from capexpand.case.age_checks import age_complaints
from capexpand.case.announcement_checks import announcement_complaints
from capexpand.case.blended_prices import price_complaints
from capexpand.case.clouds import cloud_complaints, hired_offers
from capexpand.case.contract_checks import contract_complaints
from capexpand.case.currencies import hedge_complaints
from capexpand.case.drafts import Draft
from capexpand.case.energy import energy_complaints
from capexpand.case.financing_checks import financing_complaints
from capexpand.case.hardware_checks import hardware_complaints, served_offers
from capexpand.case.hardware_fields import Relative
from capexpand.case.leaseback_checks import leaseback_complaints
from capexpand.case.numbers import walk
from capexpand.case.references import Complaint
from capexpand.case.schema import Calendar, OpeningSite, Programme, Site, Workload
from capexpand.case.uncertainty_checks import uncertainty_complaints
from capexpand.case.values import Series
from capexpand.errors import CaseError
from capexpand.timevalue import QuarterCalendar, is_quarter_start
from capexpand.units import LARGEST_NUMBER, VOLUME_UNITS, format_number
from capexpand.units.currencies import CURRENCIES

MOST_QUARTERS = 200
"""Of a horizon; more is refused elsewhere."""

_RUNNING_QUARTER = timedelta(days=31)
"""A plan may begin with the quarter that runs on the day of the case, while two thirds of it are to come."""


def complaints(draft: Draft) -> Iterator[Complaint]:
    """Yield everything that is wrong between the parts of a case.

    Args:
        draft: the valid parts of the case.
    """
    yield from _calendar(draft)
    yield from _programme(draft)
    yield from _currencies(draft)
    yield from _sites(draft)
    yield from _offers(draft)
    for name, workload in draft.workloads.items():
        yield from _workload(name, workload, draft)
    if draft.contract_reserve and not any(each.contract is not None for each in draft.workloads.values()):
        yield ("contract_reserve",), "is kept free for contracts, and no workload has one; leave it out"
    yield from cloud_complaints(draft.clouds, draft.offers, draft.workloads)
    yield from energy_complaints(draft.sites)
    yield from hardware_complaints(draft)
    yield from _opening(draft)
    yield from _series_start(draft)
    yield from _series_size(draft)
    if draft.uncertainty is not None:
        yield from uncertainty_complaints(draft.uncertainty)
    if draft.financing is not None:
        yield from financing_complaints(draft.financing, draft)
    if draft.announcement is not None:
        yield from announcement_complaints(draft.announcement, draft.as_of)


def _quarters(calendar: Calendar) -> QuarterCalendar:
    return QuarterCalendar(calendar.start, calendar.quarters)


def _calendar(draft: Draft) -> Iterator[Complaint]:
    calendar = draft.calendar
    if calendar is None:
        return
    if not is_quarter_start(calendar.start):
        yield ("calendar", "start"), f"{calendar.start} is not the first day of a quarter, such as 2025-04-01"
    if draft.as_of is not None and draft.as_of > calendar.start + _RUNNING_QUARTER:
        yield ("as_of",), f"{draft.as_of} is after the calendar's start, {calendar.start}"


def _programme(draft: Draft) -> Iterator[Complaint]:
    programme, calendar = draft.programme, draft.calendar
    if programme is None:
        return
    place = "programme"
    if programme.cap is not None and programme.cap.value == 0:
        yield (place, "cap"), "a budget of zero buys nothing; leave cap out for no limit"
    cap, floor = programme.cap, programme.floor
    if cap is not None and floor is not None and cap.currency == floor.currency and floor.value > cap.value:
        yield (place, "floor"), f"{floor.written} is more than the cap, {cap.written}"
    yield from _announced(programme)
    if not is_quarter_start(programme.window_start):
        message = f"{programme.window_start} is not the first day of a quarter, such as 2025-04-01"
        yield (place, "window_start"), message
    elif calendar is not None:
        yield from _window(programme, _quarters(calendar))
    last = 0.0
    for day, amount in sorted(programme.cap_by_date.items()):
        if amount.value < last:
            message = f"{amount.written} is less than allowed before; amounts count from the window's start"
            yield (place, "cap_by_date", str(day)), message
        last = amount.value


def _announced(programme: Programme) -> Iterator[Complaint]:
    """What was announced is the whole, of which a part is spent."""
    whole, spent = programme.announced, programme.spent
    if whole is None:
        if programme.announced_quarters is not None:
            yield ("programme", "announced_quarters"), "says over which time, but announced says no amount"
    elif spent is not None and spent.currency == whole.currency and spent.value > whole.value:
        yield ("programme", "spent"), f"{spent.written} is more than was announced, {whole.written}"


def _window(programme: Programme, calendar: QuarterCalendar) -> Iterator[Complaint]:
    first = calendar.index(programme.window_start)
    if first < 0:
        yield ("programme", "window_start"), f"{programme.window_start} is before the calendar's start"
    if first + programme.window_quarters > calendar.quarters:
        message = f"the spending window ends after the calendar, which ends before {calendar.end}"
        yield ("programme", "window_quarters"), message
    for day in programme.cap_by_date:
        if not programme.window_start <= day <= calendar.end:
            yield ("programme", "cap_by_date", str(day)), f"{day} is outside the spending window"


def _currencies(draft: Draft) -> Iterator[Complaint]:
    """Every currency has a rate into the case's currency, and each rate is written the right way round."""
    if draft.currency is not None and draft.currency not in CURRENCIES:
        yield ("currency",), f"there is no currency '{draft.currency}'; it is a code of ISO 4217, such as CNY"
    elif draft.currency is not None and draft.exchange_rates is not None:
        yield from _exchange_rates(draft, draft.currency, draft.exchange_rates)
        yield from hedge_complaints(draft.hedges, draft.currency, draft.exchange_rates)


def _exchange_rates(draft: Draft, home: str, rates: Mapping[str, Series]) -> Iterator[Complaint]:
    for code, rate in rates.items():
        wanted = f"{home}/{code}"
        if code == home:
            yield ("exchange_rates", code), f"{code} is the case's currency; leave this out"
        elif rate.unit != wanted:
            yield (
                ("exchange_rates", code),
                f"is in {rate.unit}; write how many {home} a {code} is: {wanted}",
            )
    known = {home, *rates}
    for place, number in walk(draft.blocks):
        if number.currency is not None and number.currency not in known:
            known.add(number.currency)  # one complaint for each currency
            wanted = f"{home}/{number.currency}"
            yield place, f"there is no exchange rate for {number.currency}; add {wanted} under exchange_rates"


def _sites(draft: Draft) -> Iterator[Complaint]:
    for name, site in draft.sites.items():
        place = ("sites", name)
        standing = draft.opening.sites.get(name) if draft.opening else None
        if (
            draft.opening is not None
            and site.build is None
            and site.colocate is None
            and not _has_power(standing)
        ):
            yield place, "is a site without power; it needs build, colocate or power in the opening"
        if site.spare_blocks is not None and site.spare_power is not None:
            yield (*place, "spare_blocks"), "stands beside spare_power, which says the same; keep one"
        if draft.calendar is not None and not any(_by_quarter(site.grid, draft.calendar)):
            yield (*place, "grid"), "is a site without power: the grid gives nothing in any quarter"
        if (
            draft.whole_sizes
            and site.build is not None
            and (site.build.hall is None or site.build.hall.value == 0)
        ):
            yield (*place, "build"), "whole sizes need the size of a hall; add hall, e.g. 10 MW"


def _has_power(standing: OpeningSite | None) -> bool:
    return standing is not None and (
        standing.power.value > 0
        or standing.power_leased is not None
        or any(power.value > 0 for power in standing.power_due.values())
    )


def _by_quarter(series: Series, calendar: Calendar) -> tuple[float, ...]:
    """Values of a series that may start too late, which is another complaint."""
    if not series.limit and series.first_date is not None and series.first_date > calendar.start:
        return (1.0,)
    return series.by_quarter(calendar)


def _offers(draft: Draft) -> Iterator[Complaint]:
    opening = draft.opening.sites.values() if draft.opening is not None else ()
    standing = {name for site in opening for name in (*site.installed, *site.units_due, *site.leased)}
    for name, offer in draft.offers.items():
        place = ("offers", name)
        if offer.buy is None and offer.lease is None and name not in standing | hired_offers(draft.clouds):
            yield place, "can be neither bought nor leased, and stands nowhere; add buy or lease"
        if offer.accelerator is not None and offer.accelerators == 0:
            yield place, "says which accelerator it holds but not how many; add accelerators, e.g. 8"
        first, last = offer.available_from, offer.available_until
        if first is not None and last is not None and last <= first:
            yield (*place, "available_until"), f"{last} is not after available_from, {first}"
        if draft.whole_sizes and offer.lot is None:
            yield place, "whole sizes need the number of units in a lot; add lot, e.g. 8"
        yield from age_complaints(place, offer, draft)
        yield from leaseback_complaints(place, offer, draft)


def _payment(place: tuple[str, str], workload: Workload, draft: Draft) -> Iterator[Complaint]:
    """A price is for what is sold or counted, a penalty for what is owed; elsewhere they do nothing."""
    if workload.role != "obligation" and not workload.priced:
        yield place, f"is {workload.role} and needs a price"
    if workload.role == "obligation" and workload.priced:
        field = "price" if workload.price is not None else "prices"
        message = (
            f"is paid nothing, since it is an obligation; leave {field} out, or make it internal or external"
        )
        yield (*place, field), message
    yield from price_complaints(place, workload)
    yield from contract_complaints(place, workload, draft)
    if workload.role != "obligation" and workload.penalty is not None:
        message = (
            f"holds for obligations only, and this workload is {workload.role}: unserved demand is not sold; "
            "damages to a customer are contract.penalty"
        )
        yield (*place, "penalty"), message


def _workload(name: str, workload: Workload, draft: Draft) -> Iterator[Complaint]:
    place = ("workloads", name)
    yield from _payment(place, workload, draft)
    if workload.usable_share is None and workload.utilisation is None:
        yield place, "needs usable_share, or utilisation from a replay"
    elif workload.usable_share is not None and workload.utilisation is not None:
        message = "stands beside usable_share, which says the same; keep one"
        yield (*place, "utilisation"), message
    if not workload.throughput and workload.serving is None and workload.training is None:
        yield (*place, "throughput"), "names no offer, so nothing can serve this workload"
    volume = VOLUME_UNITS[workload.unit]
    rates = {
        f"throughput.{offer}": rate.unit
        for offer, rate in workload.throughput.items()
        if not isinstance(rate, Relative)
    }
    for field, unit in {"demand": workload.demand.unit, **rates}.items():
        if unit != f"{volume}/quarter":
            yield (*place, *field.split(".")), f"is in {unit}, but the workload's unit is {workload.unit}"
    for field, price in (("price", workload.price), ("penalty", workload.penalty)):
        if price is not None and price.unit != f"mn {price.currency}/{volume}":
            yield (*place, field), f"is in {price.unit}, but the workload's unit is {workload.unit}"
    shares = sum(tranche.share.value for tranche in workload.tranches)
    if workload.tranches and abs(shares - 1.0) > 1e-6:
        yield (*place, "tranches"), f"the shares sum to {format_number(shares)}, not to 1"
    prices = [tranche.price.value for tranche in workload.tranches]
    for position in range(1, len(prices)):
        if prices[position] > prices[position - 1]:
            yield (
                (*place, "tranches", position, "price"),
                "is higher than before; begin with the highest price",
            )
    yield from _fit(name, workload, draft)


def _fit(name: str, workload: Workload, draft: Draft) -> Iterator[Complaint]:
    """What decides where a workload can run must be known of every site and offer that it may use."""
    if workload.max_latency is not None:
        for site_name, site in draft.sites.items():
            if _may_run_at(workload, site_name, site) and site.latency is None:
                yield ("sites", site_name), f"needs its latency, since workload {name} has a limit"
    if workload.memory is not None:
        for offer_name in served_offers(workload, draft):
            offer = draft.offers.get(offer_name)
            if offer is not None and offer.memory is None:
                yield ("offers", offer_name), f"needs its memory, since workload {name} has a minimum"


def _may_run_at(workload: Workload, name: str, site: Site) -> bool:
    allowed = not workload.destinations or site.destination in workload.destinations
    return allowed and name not in workload.excluded_sites


def _opening(draft: Draft) -> Iterator[Complaint]:
    opening = draft.opening
    if opening is None:
        return
    if opening.book_value is not None and opening.book_life is None:
        yield ("opening", "book_value"), "needs book_life, over which it is written off"
    yield from _leased_at_start(draft)
    if draft.calendar is None:
        return
    calendar = _quarters(draft.calendar)
    dated: list[tuple[tuple[str, ...], date]] = [(("payments_due",), day) for day in opening.payments_due]
    for name, site in opening.sites.items():
        place = ("sites", name)
        dated += [((*place, "power_due"), day) for day in site.power_due]
        dated += [((*place, "units_due", offer), day) for offer, due in site.units_due.items() for day in due]
    for where, day in dated:
        if day not in calendar:
            message = f"{day} is outside the calendar, {calendar.start} to {calendar.ends[-1]}"
            yield ("opening", *where, str(day)), message


def _leased_at_start(draft: Draft) -> Iterator[Complaint]:
    """What stands leased at the start costs what a lease of the case costs, so there must be one."""
    for name, standing in draft.opening.sites.items() if draft.opening is not None else ():
        place = ("opening", "sites", name)
        site = draft.sites.get(name)
        if standing.power_leased is not None and site is not None and site.colocate is None:
            yield (*place, "power_leased"), f"needs its fee; add colocate to sites.{name}"
        for offer_name in standing.leased:
            offer = draft.offers.get(offer_name)
            if offer is not None and offer.lease is None:
                yield (*place, "leased", offer_name), f"needs its fee; add lease to offers.{offer_name}"


def _series_start(draft: Draft) -> Iterator[Complaint]:
    """A series that is no limit must say something from the first quarter on."""
    if draft.calendar is None:
        return
    start = draft.calendar.start
    for place, number in walk({"exchange_rates": draft.exchange_rates or {}, **draft.blocks}):
        if (
            isinstance(number, Series)
            and not number.limit
            and number.first_date
            and number.first_date > start
        ):
            yield place, f"says nothing before {number.first_date}, but the calendar starts on {start}"


def _series_size(draft: Draft) -> Iterator[Complaint]:
    """A series stays within what can be planned with, through the whole horizon."""
    if draft.calendar is None or not 0 < draft.calendar.quarters <= MOST_QUARTERS:
        return
    labels = _quarters(draft.calendar).labels
    for place, number in walk({"exchange_rates": draft.exchange_rates or {}, **draft.blocks}):
        if not isinstance(number, Series) or number.constant:
            continue
        try:
            values = number.by_quarter(draft.calendar)
        except CaseError:  # it says nothing at the start, and that is said already
            continue
        beyond = next((label for label, value in zip(labels, values, strict=True) if _too_large(value)), None)
        if beyond is not None:
            yield place, f"grows too large to plan with by {beyond}; check its growth and changes"


def _too_large(value: float) -> bool:
    return not abs(value) <= LARGEST_NUMBER  # no number at all is too large, too
