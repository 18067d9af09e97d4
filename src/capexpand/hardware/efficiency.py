"""Efficiency factors: how much of its specification a chip delivers, fitted on published measurements.

A factor is the product of a level for the chip's family and steps for the number format and the benchmark.
The fit (``reproductions/fit_throughput.py``) holds each near a prior, so that a family with few measurements
stays close to its kin; the numbers live in ``efficiency.json`` beside this file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np

from capexpand.hardware.roofline import Efficiency
from capexpand.hardware.specs import Array, ChipSpec

SHARES = ("compute", "expert_compute", "memory", "cache_memory", "attention", "links", "fill")
TIMES = ("step_s", "layer_s", "hop_s", "token_s", "prompt_token_s", "request_s", "network_s")
LOSSES = ("expert_half", "imbalance", "bubble", "traffic", "workspace_gb", "narrow")
BATCH = ("batch_max",)
FIELDS = (*SHARES, *TIMES, *LOSSES, *BATCH)
"""The fields of :class:`Efficiency` that are fitted, as logarithms."""

SOFTWARE = {
    "mlperf": "tuned",
    "mlperf_early": "tuned",
    "report": "tuned",
    "trtllm": "bench",
    "inferencex": "typical",
    "engine": "typical",
    "community": "installed",
}
"""What kind of software a family of measurements ran: tuned by its operator, a maker's bench on its own
engine, or a public engine much as it is installed."""

KIN = {
    "hopper_cut": "hopper",
    "blackwell_pcie": "blackwell",
    "blackwell_ultra": "blackwell",
    "cdna4": "cdna3",
    "rubin": "blackwell",
    "ampere": "hopper",
    "ada": "hopper",
    "tpu": "other",
    "trainium": "other",
    "ppu": "other",
    "gaudi": "other",
    "kunlun": "other",
    "ascend": "other",
}
"""Families that lean on a better measured one."""

SHARED_WITH_KIN = {"blackwell_ultra": ("memory", "cache_memory", "links")}
"""What a family reaches as well as its kin because it is the same part: memory interface and NVLink of
Blackwell Ultra are those of Blackwell (NVIDIA, Inside NVIDIA Blackwell Ultra, August 2025). With steps of its
own there, a B300 came out slower than a B200."""

OWN_FORMATS = {"blackwell_ultra": ("fp4",)}
"""Formats in which alone a family's products differ from its kin's: Blackwell Ultra is faster in 4 bits."""

_REFERENCE_WATTS_PER_TFLOPS = 0.354
"""Rated power over dense 8-bit rate of an H100 SXM, where the power ratio is 1."""


@dataclass(frozen=True, slots=True)
class EvaluationPoint:
    """What the factors of one evaluation depend on.

    Args:
        family: generation of the chip.
        weights: format of the weights.
        suite: benchmark family, or ``typical`` for planning.
        latent: whether attention is latent.
        experts: whether the model routes to experts.
        scenario: the benchmark's scenario, empty where it has none.
        capped: whether the chip ran at reduced power.
        power: logarithm of the chip's power ratio, see :func:`power_ratio`.
        group: logarithm of the query heads that share a key and value head, over 8, to the base 2.
        head: logarithm of an attention head's width over 128, to the base 2.
        chip_young: how much of a chip's early immaturity is left on the software's day, see :func:`youth`.
        model_young: the same of the model.
    """

    family: str
    weights: str
    suite: str
    latent: bool
    experts: bool
    scenario: str = ""
    capped: bool = False
    power: float = 0.0
    group: float = 0.0
    head: float = 0.0
    chip_young: float = 0.0
    model_young: float = 0.0


@dataclass(frozen=True, slots=True)
class Factors:
    """Fitted logarithms by key; a key that is absent counts as zero.

    Args:
        logs: pairs of key and logarithm; an evaluation adds those of :func:`keys_for`.
    """

    logs: tuple[tuple[str, float], ...]


def power_ratio(chip: ChipSpec, weights: str) -> float:
    """Give the logarithm of watts per rated operation against an H100 SXM, held between halves and doubles.

    A chip with little power for its rated arithmetic cannot hold its clock in large products. What counts is
    the rate in use: that of 16 bits, doubled, where weights are widened to them.

    Args:
        weights: format of the weights.
    """
    rate = 2 * float(np.max(chip.fp16_tflops))
    if weights not in {"bf16", "int4"}:
        rate = max(float(np.max(chip.fp8_tflops)), float(np.max(chip.int8_tops)), rate)
    ratio = float(np.max(chip.power_w)) / rate / _REFERENCE_WATTS_PER_TFLOPS
    return min(max(math.log(ratio), -math.log(2)), math.log(2))


def youth(released: date | None, on: date | None) -> float:
    """Give how much of a thing's early immaturity is left: 1 on its day of release, halved every half year.

    Kernels for a new chip or a new architecture get better for about two years, most in the first.

    Args:
        released: the day on which it came out; None counts as mature.
        on: the software's day; None counts as mature.
    """
    if released is None or on is None:
        return 0.0
    return 0.5 ** (max((on - released).days, 0) / _HALVED_IN_DAYS)


_HALVED_IN_DAYS = 183


def keys_for(field: str, point: EvaluationPoint) -> tuple[str, ...]:
    """List the keys whose logarithms add up to a field's factor.

    ``@`` marks a family, ``/`` a format, ``~`` a kind of model, ``#`` a kind of software, ``^`` a weight.

    Args:
        field: a field of :class:`Efficiency`, or ``rate`` for the factor of a benchmark.
    """
    if field == "rate":
        return _rate_keys(point)
    keys = [field, *_FIELD_KEYS.get(field, _no_keys)(point)]
    return tuple(keys)


def _no_keys(_point: EvaluationPoint) -> list[str]:
    return []


def _families(field: str, point: EvaluationPoint) -> list[str]:
    """Give the steps of a chip's kin and of its own family, the second only where it leans on another."""
    kin = KIN.get(point.family)
    own = kin is not None and field not in SHARED_WITH_KIN.get(point.family, ())
    if field == "compute":
        own = own and point.weights in OWN_FORMATS.get(point.family, (point.weights,))
    return [f"{field}@{kin or point.family}"] + ([f"{field}@{point.family}"] if own else [])


def _as_installed(field: str, point: EvaluationPoint) -> list[str]:
    """Give the step of a public engine with its default kernels; the makers' own engines share one level."""
    return [f"{field}#installed"] if software_of(point) == "installed" else []


def _compute_keys(point: EvaluationPoint) -> list[str]:
    return [
        *_families("compute", point),
        *_as_installed("compute", point),
        f"compute/{point.weights}",
        "compute^power",
    ]


def _expert_keys(point: EvaluationPoint) -> list[str]:
    steps = [
        f"expert_compute#{software_of(point)}",
        f"expert_compute/{point.weights}",
    ]
    return [*_families("expert_compute", point), *steps] if point.experts else []


def _cache_keys(point: EvaluationPoint) -> list[str]:
    kind = ["cache_memory~latent"] if point.latent else ["cache_memory^group", "cache_memory^head"]
    return [*_families("cache_memory", point), *kind]


def _attention_keys(point: EvaluationPoint) -> list[str]:
    kind = "attention~latent" if point.latent else "attention^head"
    return [*_families("attention", point), *_as_installed("attention", point), kind]


_FIELD_KEYS: dict[str, Callable[[EvaluationPoint], list[str]]] = {
    "compute": _compute_keys,
    "expert_compute": _expert_keys,
    "memory": lambda point: _families("memory", point),
    "cache_memory": _cache_keys,
    "attention": _attention_keys,
    "links": lambda point: _families("links", point),
    "step_s": lambda point: [f"step_s#{software_of(point)}"],
    "layer_s": lambda point: ["layer_s~experts"] if point.experts else [],
    "token_s": lambda point: [f"token_s#{software_of(point)}"],
    "prompt_token_s": lambda point: [f"prompt_token_s#{software_of(point)}"],
    "request_s": lambda point: [f"request_s#{software_of(point)}"],
    "workspace_gb": lambda point: [f"workspace_gb#{software_of(point)}"],
    "fill": lambda point: [f"fill#{software_of(point)}"],
    "batch_max": lambda point: [f"batch_max#{software_of(point)}"],
}


def software_of(point: EvaluationPoint) -> str:
    """Give the kind of software behind a family of measurements: tuned, a maker's bench, or as installed."""
    return SOFTWARE.get(point.suite, "typical")


def weight_of(key: str, point: EvaluationPoint) -> float:
    """Give what a key's logarithm is multiplied by: 1, or the quantity that the key is a coefficient on.

    Args:
        key: a key of :func:`keys_for`.
    """
    _, mark, quantity = key.partition("^")
    return float(getattr(point, quantity.partition("~")[0])) if mark else 1.0


def _rate_keys(point: EvaluationPoint) -> tuple[str, ...]:
    kind = "~experts" if point.experts else ""
    keys = [f"rate#{point.suite}", f"rate^chip_young{kind}", f"rate^model_young{kind}"]
    if point.scenario in {"server", "interactive"}:
        keys += [f"rate#{point.scenario}", f"rate#limited^model_young{kind}"]
    if point.experts and point.suite == "mlperf":
        # submitters tune a new model from round to round beyond what engines gain: one GB200 rack served
        # 290 thousand tokens/s of DeepSeek R1 in MLPerf Inference 5.1, and 524 thousand in 6.1
        keys.append("rate#rounds^model_young~experts")
    if point.capped:
        keys.append("rate#capped")
    return tuple(keys)


def efficiency_of(points: Sequence[EvaluationPoint], factors: Factors) -> tuple[Efficiency, Array]:
    """Give the efficiencies of some evaluations, and the factor on their rate.

    Returns:
        Efficiencies with arrays of shape (points,), and the rate factors of the same shape.
    """
    logs = dict(factors.logs)

    def total(field: str, point: EvaluationPoint) -> float:
        value = 0.0
        for key in keys_for(field, point):
            value += logs.get(key, 0.0) * weight_of(key, point)
        return value

    def gather(field: str) -> Array:
        return np.exp([total(field, point) for point in points])

    shares = {field: np.minimum(gather(field), 1.0) for field in SHARES}
    times = {field: gather(field) for field in (*TIMES, *LOSSES, *BATCH)}
    return Efficiency(**shares, **times), gather("rate")


@dataclass(frozen=True, slots=True)
class Fits:
    """All packaged fits.

    Args:
        all_rows: fitted on every packaged measurement.
        folds: without each quarter of them.
        sources: without each source, by its name.
    """

    all_rows: Factors
    folds: tuple[Factors, ...]
    sources: dict[str, Factors]


def fitted_factors() -> Factors:
    """Give the factors fitted on all packaged measurements."""
    return fits().all_rows


@cache
def fits() -> Fits:
    """Read the packaged fits."""
    text = files("capexpand.hardware").joinpath("efficiency.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return Fits(
        _factors(content["logs"]),
        tuple(_factors(one) for one in content["folds"]),
        {name: _factors(one) for name, one in content["sources"].items()},
    )


def _factors(logs: dict[str, float]) -> Factors:
    return Factors(tuple(sorted((key, float(value)) for key, value in logs.items())))
