"""Checks of what a case has worked out from its hardware: throughput and export status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date

from capexpand.case.drafts import Draft
from capexpand.case.hardware_fields import Relative
from capexpand.case.reading import suggest
from capexpand.case.references import Complaint
from capexpand.case.schema import Offer, Supply, Workload
from capexpand.errors import CaseError


def hardware_complaints(draft: Draft) -> Iterator[Complaint]:
    """Yield everything that stands in the way of computing throughput and export status.

    Args:
        draft: the valid parts of the case.
    """
    for name, workload in draft.workloads.items():
        yield from _kind_of_volume(name, workload)
        yield from _computed(name, workload, draft)
        for offer, rate in workload.throughput.items():
            if isinstance(rate, Relative):
                message = _no_rate(offer, workload, draft)
                if message:
                    yield ("workloads", name, "throughput", offer, "relative_to"), message
    for name, offer in draft.offers.items():
        for destination, supply in offer.supply.items():
            yield from _rules(("offers", name, "supply", destination), offer, supply, draft)


def served_offers(workload: Workload, draft: Draft) -> tuple[str, ...]:
    """Give the names of the offers that a workload states or computes a throughput for.

    Args:
        draft: the valid parts of the case.
    """
    computed = [name for name, offer in draft.offers.items() if computes(workload, offer)]
    return tuple(dict.fromkeys((*workload.throughput, *computed)))


def computes(workload: Workload, offer: Offer) -> bool:
    """Tell whether what a unit of an offer serves of a workload can be computed: both name what it takes."""
    asked = workload.serving is not None or workload.training is not None
    return asked and offer.accelerator is not None and offer.accelerators > 0


def _kind_of_volume(name: str, workload: Workload) -> Iterator[Complaint]:
    if workload.serving is not None and workload.training is not None:
        yield ("workloads", name, "training"), "is beside serving; a workload is one of both"
    elif workload.serving is not None and workload.unit != "token":
        yield ("workloads", name, "serving"), f"is in tokens, but the workload's unit is {workload.unit}"
    elif workload.training is not None and workload.unit != "FLOP":
        yield ("workloads", name, "training"), f"is in FLOP, but the workload's unit is {workload.unit}"


def _computed(name: str, workload: Workload, draft: Draft) -> Iterator[Complaint]:
    """Each offer that a workload would compute with must be known to the hardware layer on the day."""
    if workload.serving is None and workload.training is None:
        return
    if workload.serving is not None and isinstance(workload.serving.software, Mapping):
        for offer_name in workload.serving.software:
            if offer_name not in draft.offers:
                place = ("workloads", name, "serving", "software", offer_name)
                yield place, f"names no offer{suggest(offer_name, tuple(draft.offers))}"
    if not served_offers(workload, draft) and draft.offers:
        place = ("workloads", name, "serving" if workload.serving is not None else "training")
        yield place, "nothing can serve this workload: no offer names its accelerator, none has a throughput"
    for offer_name, offer in draft.offers.items():
        stated = workload.throughput.get(offer_name)
        needed = stated is None or (isinstance(stated, Relative) and stated.relative_to == offer_name)
        if needed and computes(workload, offer) and offer.accelerator is not None:
            message = _unusable(offer.accelerator, draft.as_of)
            if message:
                advice = f"; state workloads.{name}.throughput.{offer_name}, 0 token/s if it shall not serve"
                if workload.training is not None:
                    advice = advice.replace("token/s", "FLOPS")
                yield ("offers", offer_name, "accelerator"), message + advice


def _unusable(accelerator: str, as_of: date | None) -> str:
    """Why throughput cannot be computed with an accelerator; empty where it can, or its name is wrong."""
    from capexpand.catalogue import find_accelerator
    from capexpand.hardware.chips import serving_chip

    try:
        name = find_accelerator(accelerator).name
    except CaseError:
        return ""  # said where names are checked
    if serving_chip(name) is None:
        return f"what {name} serves cannot be computed: the catalogue lacks figures that it takes"
    return _not_yet_known(name, as_of)


def _not_yet_known(accelerator: str, as_of: date | None) -> str:
    """Why an accelerator of the catalogue may not be used yet; empty where it may."""
    from capexpand.catalogue import find_accelerator

    try:
        find_accelerator(accelerator, as_of)
    except CaseError as error:
        return "; ".join(problem.message for problem in error.problems)
    return ""


def _no_rate(name: str, workload: Workload, draft: Draft) -> str:
    """Why a throughput beside another's cannot be found; empty where it can."""
    passed = [name]
    while isinstance(rate := workload.throughput.get(passed[-1]), Relative):
        other = rate.relative_to
        offer = draft.offers.get(other)
        if other == passed[-1] or other not in workload.throughput:
            if offer is None or computes(workload, offer):
                return ""  # an offer that is not there is said where names are checked
            return (
                f"has no throughput of this workload to compare with: {other} states none and computes none"
            )
        if other in passed:
            return f"goes in a circle: {' → '.join((*passed, other))}"
        passed.append(other)
    return ""


def _rules(place: tuple[str, ...], offer: Offer, supply: Supply, draft: Draft) -> Iterator[Complaint]:
    rules = supply.rules
    if rules is None:
        return
    here = (*place, "rules")
    for field in ("status", "fee"):
        if getattr(supply, field) is not None:
            yield (*place, field), "is stated, and rules give it by date; keep one"
    if offer.accelerator is None:
        yield here, "export rules need the offer's accelerator; add accelerator, e.g. H20 96GB"
        return
    from capexpand.catalogue import find_accelerator

    with suppress(CaseError):  # a wrong name is said where names are checked
        message = _not_yet_known(find_accelerator(offer.accelerator).name, draft.as_of)
        if message:
            yield here, message
    if rules.licence_share is not None and supply.limit is None:
        yield (*here, "licence_share"), "is a share of the limit; add limit, e.g. 500 units/quarter"
