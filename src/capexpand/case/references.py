"""Checks that every name a case refers to exists.

It looks at what was written rather than at the validated case, so that no other mistake hides a wrong name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capexpand.case.reading import Place, suggest
from capexpand.errors import CaseError
from capexpand.files.json_text import JsonObject

Complaint = tuple[Place, str]
"""A place in a case and what is wrong there."""


def broken_references(data: JsonObject) -> Iterator[Complaint]:
    """Yield each reference to a site, an offer, a destination or an accelerator that does not exist.

    Args:
        data: the merged document.
    """
    sites, offers, workloads = (_mapping(data.get(name)) for name in ("sites", "offers", "workloads"))
    places = {str(_mapping(site).get("destination")) for site in sites.values()}
    abroad = {str(_mapping(cloud).get("destination")) for cloud in _mapping(data.get("clouds")).values()}
    for name, workload in workloads.items():
        place: tuple[str, ...] = ("workloads", name)
        yield from _unknown("offer", _mapping(workload).get("throughput"), offers, (*place, "throughput"))
        yield from _unknown(
            "site", _mapping(workload).get("excluded_sites"), sites, (*place, "excluded_sites")
        )
        for offer, rate in _mapping(_mapping(workload).get("throughput")).items():
            other = _mapping(rate).get("relative_to")
            if isinstance(other, str):
                for _, message in _unknown("offer", {other: None}, offers, ()):
                    yield (*place, "throughput", offer, "relative_to"), message
        for field in ("serving", "training"):
            model = _mapping(_mapping(workload).get(field)).get("model")
            yield from _unknown_model(model, data.get("as_of"), (*place, field, "model"))
        destinations = _mapping(workload).get("destinations")
        yield from _without_site(destinations, places | abroad, (*place, "destinations"))
    for name, offer in offers.items():
        place = ("offers", name)
        yield from _without_site(_mapping(offer).get("supply"), places, (*place, "supply"))
        yield from _unknown_accelerator(_mapping(offer).get("accelerator"), (*place, "accelerator"))
    opening = _mapping(_mapping(data.get("opening")).get("sites"))
    yield from _unknown("site", opening, sites, ("opening", "sites"))
    for name, site in opening.items():
        for field in ("installed", "units_due", "leased", "leased_until", "leased_due"):
            yield from _unknown("offer", _mapping(site).get(field), offers, ("opening", "sites", name, field))


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _named(value: object) -> Iterator[tuple[str | int, str]]:
    """Names in a mapping or a sequence, each with its last step of a place."""
    if isinstance(value, dict):
        yield from ((name, name) for name in value)
    elif isinstance(value, list):
        yield from ((index, name) for index, name in enumerate(value) if isinstance(name, str))


def _unknown(what: str, names: object, known: JsonObject, place: Place) -> Iterator[Complaint]:
    for step, name in _named(names) if known else ():  # with no section at all, that is the mistake
        if name not in known:
            having = suggest(name, list(known)) or _listed(list(known))
            yield (*place, step), f"there is no {what} '{name}'{having}"


def _without_site(names: object, places: set[str], place: Place) -> Iterator[Complaint]:
    for step, name in _named(names) if places else ():
        if name not in places:
            yield (*place, step), f"no site is in '{name}'{_listed(sorted(places))}"


def _listed(names: Sequence[str]) -> str:
    return f"; there are {', '.join(names)}" if 0 < len(names) <= 8 else ""


def _unknown_accelerator(name: object, place: Place) -> Iterator[Complaint]:
    if not isinstance(name, str):
        return
    from capexpand.catalogue import find_accelerator  # here, since most small cases name none

    try:
        find_accelerator(name)
    except CaseError as error:
        yield from ((place, problem.message) for problem in error.problems)


def _unknown_model(name: object, as_of: object, place: Place) -> Iterator[Complaint]:
    if not isinstance(name, str):
        return
    from capexpand.hardware.chips import model_row  # here, since it takes numpy and most cases name none

    try:
        row = model_row(name)
    except CaseError as error:
        yield from ((place, problem.message) for problem in error.problems)
        return
    if isinstance(as_of, str) and as_of < row.released_on.isoformat():
        yield place, f"{row.name} was not known on {as_of}: it was released on {row.released_on}"
