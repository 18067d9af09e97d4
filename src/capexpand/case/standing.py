"""What was signed for before the start: contracts for energy and reservations of clouds that still run.

Each is taken as a contract of its own, with what is left of its wait and term, at the price and fee of the
day on which it was signed. The plan must take it in its first quarter, and can take no more of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from capexpand.case.clouds import ON_DEMAND, SPOT, Cloud, OnDemand, Reserved, Spot
from capexpand.case.currencies import settled_rates
from capexpand.case.energy import EnergyContract
from capexpand.case.references import Complaint
from capexpand.case.values import Figure, Series
from capexpand.timevalue import MONTHS_PER_QUARTER, QuarterCalendar, add_months, quarters_spanned

if TYPE_CHECKING:
    from capexpand.case.opening import Opening, ReservedUnits, SignedPower
    from capexpand.case.schema import Case


@dataclass(frozen=True, slots=True)
class Signing:
    """What is left at the start of a contract that was signed before.

    Args:
        day: of signing.
        quarter: first day of the quarter in which that lies.
        lead_quarters: until it begins; 0 where it runs.
        term_quarters: that it runs from then on.
        share: of its term that these are.
    """

    day: date
    quarter: date
    lead_quarters: int
    term_quarters: int
    share: float

    @classmethod
    def of(cls, day: date, start: date, *, lead: Figure | None, term: Figure) -> Signing:
        """Return what is left of a contract; a term of 0 where it has ended.

        Args:
            day: of signing, before the start.
            start: of the plan.
            lead: time from signing to its begin.
            term: for which it runs.
        """
        before = -QuarterCalendar(start, 1).index(day)
        wait = 0 if lead is None else quarters_spanned(lead.value)
        whole = quarters_spanned(term.value)
        left = max(whole - max(before - wait, 0), 0)
        quarter = add_months(start, -MONTHS_PER_QUARTER * before)
        return cls(day, quarter, max(wait - before, 0), left, left / max(whole, 1))

    @property
    def words(self) -> str:
        """When it was signed, for names."""
        return f"signed {QuarterCalendar(self.quarter, 1).labels[0]}"


@dataclass(frozen=True, slots=True)
class Supply:
    """A contract for energy that a plan can sign, or that was signed before it starts.

    Args:
        place: in the case.
        site: at which it is.
        name: of the contract.
        terms: of it; of one that was signed what is left of them.
        signing: None where the plan decides.
    """

    place: str
    site: str
    name: str
    terms: EnergyContract
    signing: Signing | None = None

    @property
    def full_name(self) -> str:
        """By which tables call it."""
        words = "" if self.signing is None else f" ({self.signing.words})"
        return f"{self.site}/{self.name}{words}"


@dataclass(frozen=True, slots=True)
class Hiring:
    """A way to hire from a cloud, or units that were reserved before the plan starts.

    Args:
        place: in the case.
        cloud: by name.
        way: by name.
        terms: of it; of units that were reserved what is left of them.
        signing: None where the plan decides.
    """

    place: str
    cloud: str
    way: str
    terms: OnDemand | Reserved | Spot
    signing: Signing | None = None


def supplies(case: Case) -> tuple[Supply, ...]:
    """Return the contracts for energy of a case: those that can be signed, then those that were."""
    found = [
        Supply(f"sites.{site}.energy.contracts.{name}", site, name, contract)
        for site, at in case.sites.items()
        if at.energy is not None
        for name, contract in at.energy.contracts.items()
    ]
    for one in tuple(found):
        opening = case.opening.sites.get(one.site)
        signed = {} if opening is None else opening.energy.get(one.name, {})
        for day, agreed in sorted(signed.items()):
            left = Signing.of(day, case.calendar.start, lead=one.terms.lead_time, term=one.terms.term)
            if left.lead_quarters < case.calendar.quarters and left.term_quarters:
                place = f"opening.sites.{one.site}.energy.{one.name}.{day}"
                found.append(Supply(place, one.site, one.name, _agreed(case, one.terms, left, agreed), left))
    return tuple(found)


def hirings(case: Case) -> tuple[Hiring, ...]:
    """Return the ways to hire of a case: those that it may choose, then what was reserved before."""
    fields = {ON_DEMAND: "on_demand", SPOT: "spot"}
    found = [
        Hiring(f"clouds.{name}.{fields.get(way, f'reserved.{way}')}", name, way, terms)
        for name, cloud in case.clouds.items()
        for way, terms in cloud.ways.items()
    ]
    for one in tuple(found):
        reserved = one.terms
        if not isinstance(reserved, Reserved):
            continue
        signed = case.opening.reserved.get(one.cloud, {}).get(one.way, {})
        for day, agreed in sorted(signed.items()):
            left = Signing.of(day, case.calendar.start, lead=reserved.lead_time, term=reserved.term)
            if left.lead_quarters < case.calendar.quarters and left.term_quarters:
                changed = _terms(case, reserved, left, agreed.units, agreed.fee)
                place = f"opening.reserved.{one.cloud}.{one.way}.{day}"
                found.append(Hiring(place, one.cloud, one.way, reserved.model_copy(update=changed), left))
    return tuple(found)


def price_at_signing(case: Case, series: Series, signing: Signing) -> float:
    """Return the value of a series on the day of a signing, in the case's currency."""
    calendar = QuarterCalendar(signing.quarter, 1)
    return series.on(signing.quarter, case.calendar.start) * float(
        settled_rates(case, series.currency, calendar)[0]
    )


def _agreed(case: Case, terms: EnergyContract, left: Signing, agreed: SignedPower) -> EnergyContract:
    changed = {
        **_terms(case, terms, left, agreed.power, agreed.fee),
        "title": f"{terms.title}, {left.words}",
        "cost": None,
        "deposit": None,
    }
    if terms.price is not None and terms.kind != "on_site":  # fuel is paid for at the price of the day
        changed["price"] = _fixed(case, agreed.price or terms.price, left)
    return terms.model_copy(update=changed)


def _terms(
    case: Case, terms: EnergyContract | Reserved, left: Signing, amount: Figure, fee: Series | None
) -> dict[str, object]:
    """The terms of a contract that was signed, as far as they are others."""
    start, unit, said = case.calendar.start, amount.unit, fee or terms.fee
    once = ((start, amount.value), (add_months(start, MONTHS_PER_QUARTER), 0.0))
    return {
        "fee": None if said is None else _fixed(case, said, left),
        "lead_time": _months(terms.term, left.lead_quarters),
        "term": _months(terms.term, left.term_quarters),
        "limit": Series(unit, None, amount.written, once, limit=True),
    }


def _months(like: Figure, quarters: int) -> Figure:
    months = float(MONTHS_PER_QUARTER * quarters)
    return replace(like, value=months, written=f"{months:g} months")


def _fixed(case: Case, series: Series, left: Signing) -> Series:
    """A price as it was on the day of signing, for ever."""
    value = price_at_signing(case, series, left)
    unit = series.unit if series.currency is None else series.unit.replace(series.currency, case.currency)
    return Series(unit, None if series.currency is None else case.currency, series.written, ((None, value),))


def standing_complaints(
    opening: Opening, sites: Mapping[str, object], clouds: Mapping[str, Cloud], start: date | None
) -> Iterator[Complaint]:
    """Yield what is wrong with what was signed for before the start.

    Args:
        opening: the state at the start.
        sites: the valid ones, by name.
        clouds: the valid ones, by name.
        start: of the plan, None where it could not be read.
    """
    for name, at in opening.sites.items():
        energy = getattr(sites.get(name), "energy", None)
        known: Mapping[str, EnergyContract] = {} if energy is None else energy.contracts
        for contract, signed in at.energy.items():
            place = ("opening", "sites", name, "energy", contract)
            if contract not in known and name in sites:
                yield place, f"there is no contract '{contract}' at sites.{name}.energy; add its terms there"
            elif contract in known:
                yield from _ended(place, signed, known[contract], start)
    for name, ways in opening.reserved.items():
        cloud = clouds.get(name)
        if cloud is None:
            yield ("opening", "reserved", name), f"there is no cloud '{name}'; add its terms under clouds"
            continue
        for way, units in ways.items():
            place = ("opening", "reserved", name, way)
            if way not in cloud.reserved:
                yield place, f"there is no reservation '{way}' of clouds.{name}; add its terms there"
            else:
                yield from _ended(place, units, cloud.reserved[way], start)


def _ended(
    place: tuple[str, ...],
    signed: Mapping[date, SignedPower] | Mapping[date, ReservedUnits],
    terms: EnergyContract | Reserved,
    start: date | None,
) -> Iterator[Complaint]:
    if start is None:
        return
    for day, agreed in signed.items():
        where = (*place, str(day))
        if day >= start:
            yield where, f"{day} is not before the plan starts on {start}"
            continue
        left = Signing.of(day, start, lead=terms.lead_time, term=terms.term)
        if not left.term_quarters:
            yield where, f"has ended before {start}; leave it out"
        for field in ("price", "fee", "cost"):
            series = getattr(agreed, field, None) or getattr(terms, field, None)
            first = series.first_date if isinstance(series, Series) and not series.limit else None
            if first is not None and first > left.quarter:
                silent = f"but that says nothing before {first}"
                yield where, f"needs the {field} of {left.quarter}, {silent}"
