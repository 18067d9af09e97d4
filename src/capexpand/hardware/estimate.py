"""The answer to one question: what do so many chips serve of this model, how, and what holds them back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from capexpand.catalogue.model_architectures import ModelRow
from capexpand.errors import CaseError, Problem
from capexpand.hardware.answer import Serving, Shares
from capexpand.hardware.bands import Band, band_kind, band_of, measured_families
from capexpand.hardware.calibration import Calibration, at_own_level
from capexpand.hardware.chips import (
    chip_named,
    chip_register,
    chip_released,
    model_named,
    model_row,
    runnable_format,
)
from capexpand.hardware.conditions import SUITES
from capexpand.hardware.efficiency import (
    EvaluationPoint,
    Factors,
    efficiency_of,
    fitted_factors,
    power_ratio,
    youth,
)
from capexpand.hardware.layouts import TENSOR_WAYS, Layout
from capexpand.hardware.precision import Precision, arithmetic_rate, default_precision, precision_named
from capexpand.hardware.roofline import (
    Bench,
    Efficiency,
    StepTimes,
    cache_bytes,
    decode_step,
    mean_context,
    prefill_request,
    shared_step,
    tokens_per_step,
    weight_bytes_per_chip,
)
from capexpand.hardware.room import BINARY_GB, USABLE_MEMORY, batch_by_memory, batch_by_scheduler
from capexpand.hardware.serving import Served, Way, search
from capexpand.hardware.specs import ChipSpec, Load, ModelSpec, check_possible

SYSTEM_POWER_RATIO = 1.22
"""Measured wall power of a loaded eight-chip server over the rated power of its chips: the mean of six MLPerf
v5.1 runs with power measurement on a DGX B200 (9.0 to 10.4 kW over 8 kW)."""

SUITE_NAMES = ("typical", *SUITES)
"""Whose software and tuning an estimate may expect."""

USUAL_LOAD = Load(1024.0, 1024.0)
"""What is asked for where no lengths are given: 1024 tokens in and 1024 out, without limits."""

BOUNDS = ("compute", "memory bandwidth", "links", "overhead")


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """What was asked, with the efficiencies that it is answered with."""

    model: ModelSpec
    chip: ChipSpec
    chips: int
    precision: Precision
    load: Load
    efficiency: Efficiency
    rate: float
    band: Band
    software_on: date | None = None

    def bench(self, layout: Layout) -> Bench:
        arithmetic = arithmetic_rate(self.chip, self.precision)
        return Bench(self.model, self.chip, self.precision, arithmetic, self.load, self.efficiency, layout)


def efficiency_for(
    model: ModelSpec,
    chip: ChipSpec,
    precision: Precision,
    *,
    suite: str = "typical",
    factors: Factors | None = None,
    young: tuple[float, float] = (0.0, 0.0),
) -> tuple[Efficiency, float]:
    """Give the efficiencies for planning with one model on one chip, and the factor on the rate.

    Args:
        suite: whose software and tuning to expect: ``typical``, or a family of measurements such as
            ``report`` for an operator's own tuned system or ``community`` for a public engine out of the box.
        factors: fitted logarithms; the packaged ones by default.
        young: how much of the early immaturity of software for the chip and for the model is left, each from
            0 to 1; see :func:`capexpand.hardware.efficiency.youth`.
    """
    experts = float(np.max(model.expert_layers)) > 0
    latent = experts and float(np.max(model.cache_shards)) == 1.0
    point = EvaluationPoint(
        chip.family,
        precision.weights,
        suite,
        latent,
        experts,
        power=power_ratio(chip, precision.weights),
        group=float(np.log2(np.max(model.query_group) / 8)),
        head=float(np.log2(np.max(model.head_size) / 128)),
        chip_young=young[0],
        model_young=young[1],
    )
    efficiency, rate = efficiency_of([point], fitted_factors() if factors is None else factors)
    scalar = Efficiency(**{name: float(np.max(getattr(efficiency, name))) for name in Efficiency.__slots__})
    return scalar, float(rate[0])


@dataclass(frozen=True, slots=True)
class ServingQuestion:
    """A model, chips and a load, and how they are to be run.

    Args:
        model: a model, or its name in the catalogue.
        chip: a chip, or its name in the catalogue.
        chips: how many; one server by default.
        load: lengths and limits; 1024 tokens in and 1024 out without limits by default.
        weights: format of the weights; by default the narrowest that the chip computes with at speed.
        cache: format of the cache; by default the one usual beside the weights.
        way: prefill and decode together, apart, or the better of both.
        layout: one layout only; by default the best.
        suite: whose software and tuning to expect, see :func:`efficiency_for`.
        software_on: day of the software; software for a new chip or model is immature on it. None expects
            mature software.
        calibration: one's own measurements' level, see :mod:`capexpand.hardware.calibration`.
    """

    model: str | ModelSpec
    chip: str | ChipSpec
    chips: int | None = None
    load: Load = USUAL_LOAD
    weights: str | None = None
    cache: str | None = None
    way: Way = "best"
    layout: Layout | None = None
    suite: str = "typical"
    software_on: date | None = None
    calibration: Calibration | None = None


def serve(question: ServingQuestion) -> Serving:
    """Say what chips serve of a model.

    Raises:
        CaseError: for unknown names, impossible specifications, and layouts that the chips or the model's
            heads do not allow.
    """
    asked = _looked_up(question)
    return _at_level(_explain(asked, _search(asked, question)), question)


def serve_within(limits_s: Sequence[float], question: ServingQuestion) -> tuple[Serving, ...]:
    """Say what chips serve under each of several limits on the time per token, searched together.

    Args:
        limits_s: the limits [s]; the load's own is replaced.

    Raises:
        CaseError: see :func:`serve`.
    """
    asked = _looked_up(question)
    together = replace(asked.load, time_per_token_s=np.asarray(limits_s, dtype=np.float64))
    found = _search(replace(asked, load=together), question)
    under = [replace(asked, load=replace(asked.load, time_per_token_s=float(limit))) for limit in limits_s]
    return tuple(_at_level(_explain(one, found.at(place)), question) for place, one in enumerate(under))


def _at_level(answer: Serving, question: ServingQuestion) -> Serving:
    """Move an answer to the level of one's own measurements, where there are some."""
    return answer if question.calibration is None else at_own_level(answer, question.calibration)


def _check_layout(asked: _LookedUp, model: str | ModelSpec, layout: Layout | None) -> None:
    """Refuse a layout that needs more chips than there are, or splits heads into parts."""
    if layout is None:
        return
    problems: list[Problem] = []
    if layout.chips > asked.chips:
        problems.append(
            Problem(f"the layout {layout} takes {layout.chips} chips, and {asked.chips} are to be used")
        )
    heads = int(model_row(model).attention_heads) if isinstance(model, str) else layout.tensor
    if heads % layout.tensor:
        ways = ", ".join(f"TP{ways}" for ways in TENSOR_WAYS if heads % ways == 0)
        problems.append(
            Problem(f"the layout {layout} would split {heads} attention heads unevenly; {ways} are possible")
        )
    if layout.stages > float(np.max(asked.model.layers)):
        problems.append(Problem(f"the layout {layout} has more stages than {asked.model.name} has layers"))
    if problems:
        raise CaseError(problems)


@dataclass(frozen=True, slots=True)
class RunningCopy:
    """One copy of a model at work, prompts and answers on the same chips: what step times come from.

    Args:
        bench: what runs where, with its efficiencies.
        batch: sequences on each data-parallel rank.
        rate: factor on the rate that the step times alone would give, fitted on measurements.
    """

    bench: Bench
    batch: float
    rate: float


def running_copy(question: ServingQuestion) -> RunningCopy:
    """Give the copy of a model that :func:`serve` would run, prompts and answers together.

    Raises:
        CaseError: see :func:`serve`, and where the load cannot be served.
    """
    asked = _looked_up(question)
    found = _search(asked, replace(question, way="together"))
    if float(found.requests) <= 0:
        message = f"{asked.model.name} on {asked.chips} × {asked.chip.name}: {_why_not(asked, found)}"
        raise CaseError([Problem(message)])
    return RunningCopy(asked.bench(found.layouts[int(found.layout)]), float(found.batch), asked.rate)


def _looked_up(question: ServingQuestion) -> _LookedUp:
    """Look everything up that the answer needs, and refuse what is impossible."""
    model, chip, load = question.model, question.chip, question.load
    stored = model_row(model) if isinstance(model, str) else None
    model_spec = model_named(model) if isinstance(model, str) else model
    chip_spec = chip_named(chip) if isinstance(chip, str) else chip
    check_possible(model_spec, chip_spec, load)
    _check_context(stored, load)
    precision = formats_of(question)
    released = chip_released(chip_spec.name) if chip_spec.name in chip_register().names else None
    day = question.software_on
    young = youth(released, day), youth(stored.released_on if stored else None, day)
    efficiency, rate = efficiency_for(model_spec, chip_spec, precision, suite=question.suite, young=young)
    kind = band_kind(
        experts=float(np.max(model_spec.expert_layers)) > 0,
        one_phase=False,
        installed=question.suite in {"community", "engine", "inferencex"},
    )
    asked = _LookedUp(
        model_spec,
        chip_spec,
        chip_spec.server_chips if question.chips is None else question.chips,
        precision,
        load,
        efficiency,
        rate,
        band_of(kind, seen=chip_spec.family in measured_families()),
        software_on=day,
    )
    _check_layout(asked, model, question.layout)
    return asked


def formats_of(question: ServingQuestion) -> Precision:
    """Choose the formats of weights and cache: those asked for, or what model and chip run with.

    Raises:
        CaseError: for unknown names and formats.
    """
    chip = chip_named(question.chip) if isinstance(question.chip, str) else question.chip
    stored = model_row(question.model) if isinstance(question.model, str) else None
    named = question.weights
    if named is None:
        published = None if stored is None else stored.stored_weights
        named = "int4" if published == "int4" else default_precision(chip).weights
    runs = named
    if stored is not None and isinstance(question.chip, str):
        runs = runnable_format(stored.name, chip.name, precision_named(named).weights)
    widened = runs == "int4" and question.weights != "int4"  # 4 bits in memory only; the cache is kept in 8
    return precision_named(runs, cache=question.cache or ("fp8" if widened else None))


def _check_context(stored: ModelRow | None, load: Load) -> None:
    """Refuse prompts and answers that together are longer than the model's context."""
    if stored is None or not stored.context_tokens:
        return
    longest = float(np.max(load.input_tokens + np.asarray(load.output_tokens)))
    if longest > stored.context_tokens:
        message = (
            f"{longest:,.0f} tokens of prompt and answer are more than {stored.name} takes: its context ends "
            f"at {stored.context_tokens:,.0f}"
        )
        raise CaseError([Problem(message)])


def _search(asked: _LookedUp, question: ServingQuestion) -> Served:
    """Find the best layout and batch."""
    return search(
        asked.model,
        asked.chip,
        precision=asked.precision,
        load=asked.load,
        efficiency=asked.efficiency,
        chips=float(asked.chips),
        way=question.way,
        layouts=None if question.layout is None else (question.layout,),
    )


def _explain(asked: _LookedUp, found: Served) -> Serving:
    """Put the found layout into words and figures."""
    model, chip, load = asked.model, asked.chip, asked.load
    usable = float(np.max(chip.memory_gb)) * BINARY_GB * USABLE_MEMORY
    power = float(np.max(chip.power_w)) * asked.chips * SYSTEM_POWER_RATIO / 1000
    if float(found.requests) <= 0:
        return _nothing(asked, _why_not(asked, found), usable=usable, power=power)
    apart = bool(found.apart)
    layout = found.layouts[int(found.layout)]
    bench = asked.bench(layout)
    ahead_layout = found.layouts[int(found.prefill_layout)] if apart else layout
    ahead = asked.bench(ahead_layout) if apart else bench
    batch, output = float(found.batch), float(np.max(load.output_tokens))
    step, prompt = decode_step(bench, batch), prefill_request(ahead)
    gained = float(tokens_per_step(load))
    per_token = (float(step.total) if apart else float(shared_step(bench, batch))) / gained
    prompt_chip_s = float(prompt.total) * ahead_layout.tensor
    answer_chip_s = float(step.total) * layout.tensor / batch * output / gained
    shares = _shares(
        step, prompt, step_weight=answer_chip_s / float(step.total), prompt_weight=float(ahead_layout.tensor)
    )
    requests = float(found.requests) * asked.chips * asked.rate
    split = min(layout.tensor, float(np.max(model.cache_shards)))
    whole = float(cache_bytes(model, asked.precision, load.input_tokens + output))
    mean = float(cache_bytes(model, asked.precision, mean_context(load)))
    cache = (max(whole, mean) + (batch - 1) * mean) / split / 1e9
    return Serving(
        model=model.name,
        chip=chip.name,
        chips=asked.chips,
        weights=asked.precision.weights,
        fits=True,
        reason="",
        requests_per_s=requests,
        input_tokens_per_s=requests * float(np.max(load.input_tokens)),
        output_tokens_per_s=output * requests,
        layout=str(layout),
        prefill_layout=str(ahead_layout) if apart else "",
        prefill_chip_fraction=prompt_chip_s / (prompt_chip_s + answer_chip_s) if apart else 0.0,
        batch_per_rank=batch,
        time_per_token_s=per_token,
        prefill_s=float(prompt.total),
        weights_gb_per_chip=float(weight_bytes_per_chip(model, asked.precision, layout)) / 1e9,
        cache_gb_per_chip=cache,
        memory_gb_per_chip=usable,
        bound_by=BOUNDS[int(np.argmax(shares))],
        time_shares=shares,
        batch_limited_by=_batch_limit(bench, batch),
        power_kw=power,
        energy_kwh_per_million_tokens=power / 3600 / (output * requests) * 1e6,
        prompt_time_share=prompt_chip_s / (prompt_chip_s + answer_chip_s),
        low=asked.band.low,
        high=asked.band.high,
        software_on="" if asked.software_on is None else asked.software_on.isoformat(),
    )


def _nothing(asked: _LookedUp, reason: str, *, usable: float, power: float) -> Serving:
    """Say that the load cannot be served, and why."""
    return Serving(
        model=asked.model.name,
        chip=asked.chip.name,
        chips=asked.chips,
        weights=asked.precision.weights,
        fits=False,
        reason=reason,
        requests_per_s=0.0,
        input_tokens_per_s=0.0,
        output_tokens_per_s=0.0,
        layout="",
        prefill_layout="",
        prefill_chip_fraction=0.0,
        batch_per_rank=0.0,
        time_per_token_s=0.0,
        prefill_s=0.0,
        weights_gb_per_chip=0.0,
        cache_gb_per_chip=0.0,
        memory_gb_per_chip=usable,
        bound_by="",
        time_shares=(0.0, 0.0, 0.0, 0.0),
        batch_limited_by="",
        power_kw=power,
        energy_kwh_per_million_tokens=0.0,
    )


def _shares(step: StepTimes, prompt: StepTimes, *, step_weight: float, prompt_weight: float) -> Shares:
    """Divide a request's chip-seconds among compute, memory bandwidth, links and overhead."""
    parts = np.zeros(4)
    for times, weight in ((step, step_weight), (prompt, prompt_weight)):
        products = float(np.hypot(times.compute, times.memory))
        by_compute = float(times.compute) ** 2 / max(products**2, 1e-300)
        attention = float(np.maximum(times.attention_compute, times.attention_memory))
        computed = attention if float(times.attention_compute) >= float(times.attention_memory) else 0.0
        parts += weight * np.array(
            [
                products * by_compute + computed,
                products * (1 - by_compute) + attention - computed,
                float(times.links + np.hypot(products + attention, times.hidden) - products - attention),
                float(times.fixed),
            ]
        )
    compute, memory, links, fixed = (float(part) for part in parts / parts.sum())
    return compute, memory, links, fixed


def _batch_limit(bench: Bench, batch: float) -> str:
    if batch >= float(batch_by_memory(bench)) * 0.999:
        return "memory size"
    if batch >= float(np.max(batch_by_scheduler(bench))) * 0.999:
        return "scheduler"
    return "latency limit"


def _why_not(asked: _LookedUp, found: Served) -> str:
    """Say whether memory or a latency limit stands in the way, with the figures."""
    model, chip, load = asked.model, asked.chip, asked.load
    benches = [asked.bench(layout) for layout in found.layouts]
    if not bool(found.fits):
        weights = float(np.max(model.parameters_total)) * float(np.max(asked.precision.weight_bytes)) / 1e9
        tokens = load.input_tokens + np.asarray(load.output_tokens)
        cache = float(cache_bytes(model, asked.precision, tokens)) / 1e9
        room = float(np.max(chip.memory_gb)) * BINARY_GB * USABLE_MEMORY * asked.chips
        return (
            f"does not fit: {model.name} needs {weights:,.0f} GB for weights in {asked.precision.weights} "
            f"and {cache:,.2f} GB of cache for one sequence; {asked.chips} × {chip.name} have {room:,.0f} GB "
            f"to fill"
        )
    roomy = [one for one in benches if float(batch_by_memory(one)) >= 1 and one.layout.chips <= asked.chips]
    first, first_limit = min(float(prefill_request(one).total) for one in roomy), load.time_to_first_token_s
    if first >= float(np.max(first_limit)):
        return (
            f"too slow: the prompt alone takes {first * 1000:,.0f} ms at best, and the first token is due "
            f"within {float(np.max(first_limit)) * 1000:,.0f} ms"
        )
    gained = float(np.max(tokens_per_step(load)))
    fastest = min(float(decode_step(one, 1.0).total) for one in roomy) / gained
    return (
        f"too slow: a token takes {fastest * 1000:,.1f} ms at best, and "
        f"{float(np.max(load.time_per_token_s)) * 1000:,.1f} ms are allowed"
    )
