"""The case of a later day: it starts from what stands, what is on order and what is left of the programme.

What a case of a later day cannot say is entered as near as it can be, and noted: the ages of what stands,
fixed fees of leases, and what is left in the books of each thing.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from capexpand.case.clouds import option_name
from capexpand.case.loading import load_case
from capexpand.case.schema import Case
from capexpand.case.standing import hirings, supplies
from capexpand.errors import CaseError, Problem
from capexpand.files.json_text import JsonObject
from capexpand.finance.leases import counted_in_cap
from capexpand.optimiser.plan import Plan
from capexpand.studies.roll.actuals import OBSERVED, ActualRow, in_own_unit, in_unit_of, observed_series
from capexpand.studies.roll.expected import signed_hirings, signed_supplies
from capexpand.timevalue import quarter_starts

NEXT_TO_NOTHING = 1e-6
"""What is left of a programme that is spent [million]; a case refuses a budget of zero."""
SAME = 1e-9
"""Distance of what was observed from what was expected, as a share, below which nothing changed."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """A case rolled forward.

    Args:
        case: of the later day.
        decided: quarters of the old plan that are over.
        spent: of the programme's money, paid or bound [million].
        notes: what the case of the later day cannot say.
    """

    case: Case
    decided: int
    spent: float
    notes: tuple[str, ...]


def quarters_over(case: Case, as_of: date) -> int:
    """Return how many quarters of a plan are over at the end of a day.

    Raises:
        CaseError: none is, or the plan or its programme's window has ended.
    """
    starts = quarter_starts(case.calendar.start, case.calendar.quarters + 1)
    over = sum(1 for following in starts[1:] if following <= as_of + timedelta(days=1))
    file = case.provenance.path
    if over == 0:
        first = starts[1] - timedelta(days=1)
        message = f"--as-of: on {as_of} no quarter of the plan is over; the first ends on {first}"
        raise CaseError([Problem(message, file=file)])
    window_end = quarter_starts(case.programme.window_start, case.programme.window_quarters + 1)[-1]
    if starts[over] >= min(window_end, starts[-1]):
        ends = min(window_end, starts[-1]) - timedelta(days=1)
        message = f"--as-of: on {as_of} nothing is left to plan; the programme's window ends on {ends}"
        raise CaseError([Problem(message, file=file)])
    return over


def rolled_case(
    known: Case, plan: Plan, decided: int, actuals: Sequence[ActualRow], *, old: Case | None = None
) -> Rolled:
    """Return the case of a later day.

    Args:
        known: the case with the assumptions of now, which starts where the plan does.
        plan: the old plan, whose orders stand.
        decided: how many of its quarters are over.
        actuals: what stands, is on order, was signed for, was paid and was observed.
        old: the case that was planned; the same if None.

    Raises:
        CaseError: what is left is no case, or an observation is of an unknown time.
    """
    document: JsonObject = copy.deepcopy(known.provenance.document)
    starts = quarter_starts(known.calendar.start, known.calendar.quarters)
    start = starts[decided]
    _pin_growth(document, known.calendar.start)
    by_quantity: dict[str, list[ActualRow]] = {}
    for actual in actuals:
        by_quantity.setdefault(actual.quantity, []).append(actual)
    notes = [
        "units that stand count as of every age alike, and what stands has no books to hold its end value"
    ]
    _observations(known, document, by_quantity, start)
    document["as_of"] = max(known.as_of, start - timedelta(days=1)).isoformat()
    document["calendar"]["start"] = start.isoformat()
    document["calendar"]["quarters"] = known.calendar.quarters - decided
    _opening(known, document, by_quantity, start)
    agreed = _agreed(old or known, plan, decided)
    for name, contracts in _signed(by_quantity.get("energy_signed", ()), agreed, start).items():
        document["opening"]["sites"].setdefault(name, {"power": "0 MW"})["energy"] = contracts
    document["opening"]["reserved"] = _signed(by_quantity.get("reserved", ()), agreed, start)
    leased = float(counted_in_cap(plan)[:decided].sum())
    spent = _programme(known, document, by_quantity, start, leased=leased)
    _renewal(known, plan, document, spent, start)
    _stock(known, document, by_quantity)
    _notes(plan, notes)
    if known.programme.cap is not None and spent > (1.0 + SAME) * _home(known, known.programme.cap):
        notes.append(
            "more is paid and due for orders that stand than the cap allows, so none is added to them"
        )
    return Rolled(_loaded(document, known), decided, spent, tuple(notes))


def pinned(case: Case) -> Case:
    """Return a case whose growth counts from its own start in words; a later start does not move it."""
    document: JsonObject = copy.deepcopy(case.provenance.document)
    _pin_growth(document, case.calendar.start)
    return _loaded(document, case)


def _loaded(document: JsonObject, known: Case) -> Case:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in known.provenance.tables.items():
            (Path(folder) / name).write_bytes(content)
        file = Path(folder) / "case.yaml"
        file.write_text(json.dumps(document, default=str), encoding="utf-8")
        return load_case(file)


def _pin_growth(value: Any, start: date) -> None:
    """Growth counts from the horizon's start unless it says otherwise; now it says so, as the start moves."""
    if isinstance(value, dict):
        if "growth" in value and "at" not in value:
            value["at"] = start.isoformat()
        for inner in value.values():
            _pin_growth(inner, start)
    elif isinstance(value, list):
        for inner in value:
            _pin_growth(inner, start)


def _observations(
    known: Case, document: JsonObject, by_quantity: dict[str, list[ActualRow]], start: date
) -> None:
    """What was observed moves the series from that quarter on, by as much as it differs."""
    moved: dict[tuple[str, ...], float] = {}
    for quantity in OBSERVED:
        for actual in sorted(by_quantity.get(quantity, ()), key=lambda one: one.date or start):
            _observe(known, document, actual, start, moved)


def _observe(
    known: Case, document: JsonObject, actual: ActualRow, start: date, moved: dict[tuple[str, ...], float]
) -> None:
    day = actual.date or start
    if not known.calendar.start <= day < start:
        message = f"{actual.quantity} of {actual.workload or actual.offer} on {day}: is not observed yet"
        raise CaseError(
            [
                Problem(
                    f"{message}; the plan has reached {known.calendar.start} to {start}",
                    line=actual.line or None,
                )
            ]
        )
    series = observed_series(known, actual)
    place: tuple[str, ...] = ("workloads", actual.workload, actual.quantity)
    if actual.quantity == "offer_price":
        place = ("offers", actual.offer, "buy", "price")
    expected = series.on(day, known.calendar.start) * moved.get(place, 1.0)
    value = in_unit_of(actual, series, known)
    if expected <= 0.0 or abs(value / expected - 1.0) <= SAME:
        return
    ratio = value / expected
    moved[place] = moved.get(place, 1.0) * ratio  # later observations are held against what is expected now
    block = document
    for step in place[:-1]:
        block = block[step]
    leaf = block[place[-1]]
    number = dict(leaf) if isinstance(leaf, dict) else {"value": leaf}
    changes = {str(key): text for key, text in dict(number.get("changes", {})).items()}
    factor = ratio * (1.0 + _fraction(changes.get(day.isoformat(), 0.0)))
    changes[day.isoformat()] = f"{100.0 * (factor - 1.0):.12g} %"
    number["changes"] = dict(sorted(changes.items()))
    number["source"] = f"observed {day}: {actual.written} ({actual.source or 'actuals'})"
    block[place[-1]] = number


def _fraction(text: Any) -> float:
    return float(str(text).replace("%", "")) / 100.0 if "%" in str(text) else float(text)


def _opening(known: Case, document: JsonObject, by_quantity: dict[str, list[ActualRow]], start: date) -> None:
    sites: dict[str, JsonObject] = {}
    for quantity, actuals in by_quantity.items():
        for one in actuals:
            if not one.site:
                continue
            site = sites.setdefault(one.site, {})
            units = f"{one.value:.12g} units"
            if quantity in ("power", "power_leased"):
                site[quantity] = one.written
            elif quantity in ("installed", "leased"):
                site.setdefault(quantity, {})[one.offer] = units
            elif quantity in ("units_due", "leased_due", "leased_until"):
                due = site.setdefault(quantity, {}).setdefault(one.offer, {})
                due[_not_before(one, start)] = units
            elif quantity in ("power_due", "power_leased_due", "power_leased_until"):
                site.setdefault(quantity, {})[_not_before(one, start)] = one.written
    for site in sites.values():
        site.setdefault("power", "0 MW")
    old = document.get("opening", {})
    kept = {key: old[key] for key in ("other_revenue", "other_cost") if key in old}
    opening: JsonObject = {"reason": "what really stood and was on order", "sites": sites, **kept}
    due = by_quantity.get("payments_due", ())
    if due:
        opening["payments_due"] = {_not_before(one, start): one.written for one in due}
    book = next(iter(by_quantity.get("book_value", ())), None)
    if book is not None and book.value > 0.0:
        opening["book_value"] = book.written
        opening["book_life"] = f"{max(known.finance.server_life.value / 12.0, 0.25):.6g} years"
    document["opening"] = opening


def _signed(
    rows: Sequence[ActualRow], agreed: Mapping[tuple[object, ...], JsonObject], start: date
) -> JsonObject:
    """What was signed for before, at what the old plan agreed to where it signed for the same."""
    found: JsonObject = {}
    for one in rows:
        if one.date is None or one.date >= start:
            message = f"{one.quantity} of {one.contract} on {one.date}: is not before the new plan's {start}"
            raise CaseError([Problem(message, line=one.line or None)])
        if one.value > 0.0:
            what = {"power": one.written} if one.site else {"units": f"{one.value:.12g} units"}
            first, second = (one.site, one.contract) if one.site else one.contract.split("/")
            place = found.setdefault(first, {}).setdefault(second, {})
            place[one.date.isoformat()] = {**what, **agreed.get(one.key, {})}
    return found


def _agreed(old: Case, plan: Plan, decided: int) -> dict[tuple[object, ...], JsonObject]:
    """The prices at which a plan signed, by what rows of actuals speak of."""
    found: dict[tuple[object, ...], JsonObject] = {}
    money, m = f"mn {old.currency}", plan.data
    if m.energy is not None:
        places = [one.full_name for one in supplies(old)]
        for supply, day, _, t in signed_supplies(old, plan, decided):
            p = places.index(supply.full_name)
            terms = {"fee": f"{m.energy.fee[p, t]:.15g} {money}/MW/quarter"}
            if supply.terms.price is not None and supply.terms.kind != "on_site":
                terms["price"] = f"{m.energy.price[p, t]:.15g} {money}/MWh"
            row = ActualRow("energy_signed", site=supply.site, contract=supply.name, date=day)
            found[row.key] = terms
    if m.hire is not None:
        named = hirings(old)
        for hiring, day, _, t in signed_hirings(old, plan, decided):
            fee = m.hire.fee[named.index(hiring), t]
            row = ActualRow("reserved", contract=option_name(hiring.cloud, hiring.way), date=day)
            found[row.key] = {"fee": f"{fee:.15g} {money}/quarter"}
    return found


def _not_before(one: ActualRow, start: date) -> str:
    day = one.date or start
    if day < start:
        what = one.offer or one.site or one.quantity
        message = f"{one.quantity} of {what} on {day}: is in the past; the new plan starts on {start}"
        raise CaseError([Problem(message, line=one.line or None)])
    return day.isoformat()


def _programme(
    known: Case, document: JsonObject, by_quantity: dict[str, list[ActualRow]], start: date, *, leased: float
) -> float:
    """What is left of the programme: its caps less what was paid and what falls due for orders placed.

    Args:
        leased: what leases signed so far count within the cap [million].
    """
    programme = document["programme"]
    paid = leased + sum(in_own_unit(one, known).value for one in by_quantity.get("paid", ()))
    window = quarter_starts(known.programme.window_start, known.programme.window_quarters + 1)
    due = [(one.date or start, in_own_unit(one, known).value) for one in by_quantity.get("payments_due", ())]
    bound = paid + sum(amount for day, amount in due if day < window[-1])
    money = f"mn {known.currency}"
    for field in ("cap", "floor"):
        figure = getattr(known.programme, field)
        if figure is not None:
            left = max(_home(known, figure) - bound, NEXT_TO_NOTHING)
            programme[field] = {"value": f"{left:.12g} {money}", "reason": "what is left of it"}
    by_date: dict[str, str] = {}
    for day, amount in known.programme.cap_by_date.items():
        if day >= start:
            taken = paid + sum(owed for on, owed in due if on <= day)
            by_date[day.isoformat()] = f"{max(_home(known, amount) - taken, 0.0):.12g} {money}"
    programme.pop("cap_by_date", None)
    if by_date:
        programme["cap_by_date"] = by_date
    if window[0] < start:
        programme["window_start"] = start.isoformat()
        programme["window_quarters"] = sum(1 for day in window[:-1] if day >= start)
    whole = known.programme.announced or known.programme.cap or known.programme.floor
    if whole is not None:
        programme["announced"] = f"{_home(known, whole):.12g} {money}"
        programme["announced_quarters"] = (
            known.programme.announced_quarters or known.programme.window_quarters
        )
        before = 0.0 if known.programme.spent is None else _home(known, known.programme.spent)
        programme["spent"] = f"{min(before + bound, _home(known, whole)):.12g} {money}"
    return bound


def _home(case: Case, figure: Any) -> float:
    """An amount in the case's currency [million], at the rate of the plan's first quarter."""
    if figure.currency is None or figure.currency == case.currency:
        return float(figure.value)
    return float(figure.value) * float(case.exchange_rates[figure.currency].values(case.calendar)[0])


def _renewal(known: Case, plan: Plan, document: JsonObject, spent: float, start: date) -> None:
    """Renewal after the window grows with money spent in it; what is spent already grows it still."""
    growth = known.programme.renewal_of_programme
    m = plan.data
    if growth is None or growth.value <= 0.0 or known.programme.renewal_without_programme is None:
        return
    first, last = m.times.window
    over = [t for t in range(max(first, 0), min(last, m.times.count)) if m.times.starts[t] < start]
    own = max(spent - float(m.budget.renewal_without_programme[over].sum()), 0.0)
    values = {}
    for t in range(m.times.count):
        if m.times.starts[t] >= start:
            more = own * growth.value / 4.0 if t >= last else 0.0
            amount = float(m.budget.renewal_without_programme[t]) + more
            values[m.times.starts[t].isoformat()] = f"{amount:.12g} mn {known.currency}/quarter"
    values["reason"] = "as before, and after the window what the money spent so far adds to it"
    document["programme"]["renewal_without_programme"] = values


def _stock(known: Case, document: JsonObject, by_quantity: dict[str, list[ActualRow]]) -> None:
    for one in by_quantity.get("ordered", ()):
        stock = known.offers[one.offer].stock
        if stock is not None:
            left = max(stock.value - one.value, 0.0)
            reason = "what is left of the stock"
            document["offers"][one.offer]["stock"] = {"value": f"{left:.12g} units", "reason": reason}


def _notes(plan: Plan, notes: list[str]) -> None:
    m, terms = plan.data, plan.data.lease_terms
    if terms is None:
        return
    for part, names, ordered in (
        (terms.power, m.power.names, plan.power_ordered_mw),
        (terms.units, m.offers.names, plan.ordered.sum(axis=1)),
    ):
        notes += [
            f"{name}: what is leased or on order pays the fee of the day, not that of its order"
            for name, fixed, amount in zip(names, part.fixed, ordered.sum(axis=1), strict=True)
            if fixed and amount > 1e-6
        ]
