"""Throughput of a unit of each offer on each workload: stated, computed, or relative to another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from capexpand.case.hardware_checks import computes
from capexpand.case.hardware_fields import Relative, Serving, TrainingRun
from capexpand.case.schema import Case, Offer, Workload
from capexpand.timevalue import HOURS_PER_QUARTER, QuarterCalendar
from capexpand.user_cache import cache_directory

if TYPE_CHECKING:
    from capexpand.hardware import estimate
    from capexpand.hardware.matrix import TokenService

SECONDS_PER_QUARTER = HOURS_PER_QUARTER * 3600.0
TOKENS, FLOP = 1e12, 1e21  # in a canonical volume

Origin = Literal["stated", "computed", "relative", "none"]


@dataclass(frozen=True, slots=True)
class Rate:
    """Throughput of one unit of an offer on a workload.

    Args:
        offer: the offer's name.
        workload: the workload's name.
        volume_per_quarter: in the workload's canonical unit, at the base date, before the usable
            share; 0 where it cannot serve.
        origin: where it comes from; ``none`` where the case gives nothing.
        bound_by: what bounds a computed rate, such as ``memory bandwidth``; empty otherwise.
        note: where a stated rate is from, what a relative one is beside, how a computed one runs, or why
            nothing can be served.
        answer: the computed answer for tokens, whatever takes its place; None without one.
    """

    offer: str
    workload: str
    volume_per_quarter: float
    origin: Origin
    bound_by: str = ""
    note: str = ""
    answer: estimate.Serving | None = None


def service_rates(case: Case) -> tuple[tuple[Rate, ...], ...]:
    """Work out what a unit serves at the base date.

    Computed answers are kept by their content in the user's cache directory.

    Args:
        case: a case that ``load_case`` found good.

    Returns:
        Rates by offer, then by workload.
    """
    return tuple(tuple(_rate(case, offer, workload) for workload in case.workloads) for offer in case.offers)


def software_gains(case: Case, days: tuple[date, ...]) -> dict[str, tuple[float, ...]]:
    """Work out what dated software serves on later days, over what it serves on the first.

    Chips mature at paces of their own; a workload gains the geometric mean of the chips computed for it. What
    an offer gains beside that mean is, as its own mean over the days, a part of its rate.

    Args:
        case: a case that ``load_case`` found good.
        days: first days of the quarters.

    Returns:
        Gains [quarter] of each workload that asks for dated software, 1 in the first quarter.
    """
    return {
        name: _gains(case, name, days)
        for name, workload in case.workloads.items()
        if workload.serving is not None and any(workload.serving.is_dated(offer) for offer in case.offers)
    }


def _gains(case: Case, name: str, days: tuple[date, ...]) -> tuple[float, ...]:
    workload = case.workloads[name]
    paces = {
        _pace(workload.serving, offer_name, chip, days)
        for offer_name, offer in case.offers.items()
        if computes(workload, offer) and not _stated(workload, offer_name) and (chip := _chip(offer))
    }
    if not paces:
        return (1.0,) * len(days)
    return tuple(math.exp(sum(quarter) / len(paces)) for quarter in zip(*sorted(paces), strict=True))


def _pace(serving: Serving | None, offer: str, chip: str, days: tuple[date, ...]) -> tuple[float, ...]:
    """Give the logarithm of what an offer gains by software over the first day; 0 where it is mature."""
    from capexpand.hardware.maturity import share_of_mature

    if serving is None or not serving.is_dated(offer):
        return (0.0,) * len(days)
    reached = [share_of_mature(serving.model, chip, on=day) for day in days]
    return tuple(math.log(share / reached[0]) for share in reached)


def _beside_the_mean(case: Case, workload_name: str, offer: str, chip: str) -> float:
    """Give what an offer's software gains beside the workload's mean, on average over the quarters."""
    serving = case.workloads[workload_name].serving
    if serving is None or not any(serving.is_dated(name) for name in case.offers):
        return 1.0
    days = QuarterCalendar(case.calendar.start, case.calendar.quarters).starts
    own, mean = _pace(serving, offer, chip, days), _gains(case, workload_name, days)
    return math.exp(sum(one - math.log(gain) for one, gain in zip(own, mean, strict=True)) / len(days))


def computed_workloads(case: Case) -> tuple[str, ...]:
    """Give the names of the workloads of which at least one rate is computed or rests on a computed one.

    Args:
        case: a case that ``load_case`` found good.
    """
    return tuple(
        name
        for name, workload in case.workloads.items()
        if any(
            computes(workload, offer) and not _stated(workload, offer_name)
            for offer_name, offer in case.offers.items()
        )
    )


def _stated(workload: Workload, offer: str) -> bool:
    rate = workload.throughput.get(offer)
    return rate is not None and not (isinstance(rate, Relative) and rate.relative_to == offer)


def _rate(case: Case, offer_name: str, workload_name: str) -> Rate:
    """One rate, with the memory that the workload asks for taken into account."""
    offer, workload = case.offers[offer_name], case.workloads[workload_name]
    rate = _found(case, offer_name, workload_name)
    least, memory = workload.memory, offer.memory
    if rate.origin != "none" and least is not None and (memory is None or memory.value < least.value):
        has = "none is stated" if memory is None else f"a unit has {memory.value:,.0f} GB"
        note = f"does not fit: the workload asks for {least.value:,.0f} GB of memory, {has}"
        return replace(rate, volume_per_quarter=0.0, bound_by="", note=note)
    return rate


def _found(case: Case, offer_name: str, workload_name: str) -> Rate:
    offer, workload = case.offers[offer_name], case.workloads[workload_name]
    stated = workload.throughput.get(offer_name)
    if isinstance(stated, Relative):
        own = stated.relative_to == offer_name
        other = (
            _computed(case, offer_name, workload_name)
            if own
            else _found(case, stated.relative_to, workload_name)
        )
        beside = "its computed rate" if own else stated.relative_to
        why = stated.reason or stated.source or ""
        note = f"{stated.times.value:g} × {beside}" + (f": {why}" if why else "")
        if other.volume_per_quarter == 0.0:
            note += f" ({other.note})"
        volume = other.volume_per_quarter * stated.times.value
        return Rate(offer_name, workload_name, volume, "relative", other.bound_by, note, other.answer)
    if stated is not None:
        note = stated.source or stated.reason or ""
        return Rate(offer_name, workload_name, stated.value, "stated", note=note)
    if computes(workload, offer):
        return _computed(case, offer_name, workload_name)
    return Rate(offer_name, workload_name, 0.0, "none", note="the case gives no throughput")


def _chip(offer: Offer) -> str | None:
    """Give the chip by which throughput is computed; None where the catalogue lacks its figures."""
    from capexpand.catalogue import find_accelerator
    from capexpand.hardware.chips import serving_chip

    return serving_chip(find_accelerator(offer.accelerator or "").name)


def _computed(case: Case, offer_name: str, workload_name: str) -> Rate:
    offer, workload = case.offers[offer_name], case.workloads[workload_name]
    chip = _chip(offer)
    if chip is None:  # the checks of a case let none through
        return Rate(offer_name, workload_name, 0.0, "none", note="the catalogue lacks figures")
    bare = Rate(offer_name, workload_name, 0.0, "computed")
    if workload.serving is not None:
        start = case.calendar.start if workload.serving.is_dated(offer_name) else None
        beside = _beside_the_mean(case, workload_name, offer_name, chip)
        return _tokens(bare, chip, offer.accelerators, workload.serving, start=start, beside=beside)
    return bare if workload.training is None else _training(bare, chip, offer.accelerators, workload.training)


def _tokens(
    bare: Rate, chip: str, chips: int, serving: Serving, *, start: date | None, beside: float
) -> Rate:
    from capexpand.hardware.calibration import at_own_level
    from capexpand.hardware.matrix import OfferUnit, answer_for

    group = chips * serving.units_together
    service = token_service(serving, software_on=start)
    answer = answer_for(OfferUnit("", chip, group), service, folder=cache_directory() / "throughput")
    if serving.calibration is not None and answer.fits:
        answer = at_own_level(answer, serving.calibration)
    rate = answer.output_tokens_per_s
    if serving.counted == "all":
        rate += answer.input_tokens_per_s
    reached = 1.0 if serving.reached is None else serving.reached.value
    if not answer.fits:
        return replace(bare, note=answer.reason, answer=answer)
    apart = f", prefill apart on {answer.prefill_layout}" if answer.prefill_layout else ""
    how = f"{answer.model} in {answer.weights} on {answer.layout}{apart}"
    return replace(
        bare,
        volume_per_quarter=rate * beside / serving.units_together * reached * SECONDS_PER_QUARTER / TOKENS,
        bound_by=answer.bound_by,
        note=f"{how}, batch limited by {answer.batch_limited_by}"
        + (f", software of {start:%Y-%m-%d}" if start is not None else "")
        + (f", {beside:.3g} × for its pace beside other offers" if abs(beside - 1) > _SAME else "")
        + (f", {answer.evidence}" if serving.calibration is not None else ""),
        answer=answer,
    )


_SAME = 5e-4
"""Of a factor that is not worth a word."""


def token_service(serving: Serving, *, software_on: date | None) -> TokenService:
    """Give what a workload asks of a unit, without its names, so that equal questions share one answer.

    Args:
        serving: as the case states it.
        software_on: first day of the first quarter where software is dated; None for mature software.
    """
    from capexpand.hardware.matrix import TokenService
    from capexpand.hardware.specs import Load

    load = Load(
        serving.input.value,
        serving.output.value,
        serving.cached.value if serving.cached else 0.0,
        serving.input_variation.value if serving.input_variation else 0.0,
        serving.output_variation.value if serving.output_variation else 0.0,
        serving.tpot.value / 1000 if serving.tpot else math.inf,
        serving.ttft.value / 1000 if serving.ttft else math.inf,
    )
    return TokenService(
        "",
        serving.model,
        load,
        weights=serving.weights,
        way=serving.way,
        suite=serving.suite,
        software_on=software_on,
    )


def _training(bare: Rate, chip: str, chips: int, run: TrainingRun) -> Rate:
    """Operations of a unit: its rate in the run's format times the utilisation that training reaches."""
    from capexpand.hardware.chips import chip_named, model_named
    from capexpand.hardware.precision import arithmetic_rate, precision_named
    from capexpand.hardware.training import utilisation

    model, spec = model_named(run.model), chip_named(chip)
    share = float(utilisation(model, spec, weights=run.weights, chips=run.accelerators))
    peak = float(arithmetic_rate(spec, precision_named(run.weights)))
    reached = 1.0 if run.reached is None else run.reached.value
    return replace(
        bare,
        volume_per_quarter=chips * peak * share * reached * SECONDS_PER_QUARTER / FLOP,
        bound_by="compute",
        note=f"{share:.0%} of {peak / 1e12:,.0f} TFLOP/s in {run.weights}, {run.accelerators:,} together",
    )
