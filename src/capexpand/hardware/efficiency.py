"""Efficiency factors: how much of its specification a chip delivers, fitted on published measurements.

A factor is the product of a level for the chip's family and steps for the number format and the benchmark.
The fit (``scripts/fit_throughput.py``) holds each near a prior, so that a family with few measurements stays
close to its kin; the numbers live in ``efficiency.json`` beside this file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from capexpand.hardware.roofline import Efficiency
from capexpand.hardware.specs import Array, ChipSpec, ModelSpec

SHARES = ("compute", "expert_compute", "memory", "cache_memory", "attention", "links")
TIMES = ("layer_s", "token_s", "prompt_token_s", "network_s")
BATCH = ("batch_max",)
FIELDS = (*SHARES, *TIMES, *BATCH)
"""The fields of :class:`Efficiency` that are fitted, as logarithms."""

KIN = {
    "hopper_cut": "hopper",
    "blackwell_pcie": "blackwell",
    "blackwell_ultra": "blackwell",
    "cdna4": "cdna3",
    "ampere": "hopper",
    "ada": "hopper",
    "tpu": "other",
    "trainium": "other",
    "gaudi": "other",
    "ascend": "other",
}
"""Families that lean on a better measured one."""

_REFERENCE_WATTS_PER_TFLOPS = 0.354
"""Rated power over dense 8-bit rate of an H100 SXM, where the power ratio is 1."""


@dataclass(frozen=True, slots=True)
class Point:
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
        grain: logarithm of an expert's inner width over 2048, see :func:`expert_grain`; 0 without experts.
    """

    family: str
    weights: str
    suite: str
    latent: bool
    experts: bool
    scenario: str = ""
    capped: bool = False
    power: float = 0.0
    grain: float = 0.0


@dataclass(frozen=True, slots=True)
class Factors:
    """Fitted logarithms by key; a key that is absent counts as zero.

    Args:
        logs: pairs of key and logarithm; an evaluation adds those of :func:`keys_for`.
    """

    logs: tuple[tuple[str, float], ...]


def power_ratio(chip: ChipSpec) -> float:
    """Give the logarithm of watts per rated operation against an H100 SXM, held between halves and doubles.

    A chip with little power for its rated arithmetic cannot hold its clock in large products.

    Args:
        chip: one chip.
    """
    rate = max(
        float(np.max(chip.fp8_tflops)), float(np.max(chip.int8_tops)), 2 * float(np.max(chip.fp16_tflops))
    )
    ratio = float(np.max(chip.power_w)) / rate / _REFERENCE_WATTS_PER_TFLOPS
    return min(max(math.log(ratio), -math.log(2)), math.log(2))


def keys_for(field: str, point: Point) -> tuple[str, ...]:
    """List the keys whose logarithms add up to a field's factor.

    ``@`` marks the kin of a family, ``@@`` the family itself, ``/`` a format, ``~`` a kind of model, ``#`` a
    benchmark, ``^`` a coefficient.

    Args:
        field: a field of :class:`Efficiency`, or ``rate`` for the factor of a benchmark.
        point: the evaluation.
    """
    kin = KIN.get(point.family, point.family)
    if field == "rate":
        return _rate_keys(point)
    keys = [field, f"{field}@{kin}", f"{field}@@{point.family}"]
    if field == "compute":
        keys += [f"{field}/{point.weights}", f"{field}@{kin}/{point.weights}", "compute^power"]
    if field in {"attention", "cache_memory"} and point.latent:
        keys.append(f"{field}~latent")
    if field == "cache_memory" and point.experts and not point.latent:
        keys.append(f"{field}~experts")
    if field == "expert_compute":
        keys += [f"{field}#{point.suite}", f"{field}^grain"]
    if field in BATCH:
        keys = [field, f"{field}#{point.suite}"]
    if field == "links" and point.experts:
        keys.append(f"{field}~experts")
    if field in TIMES:
        keys.append(f"{field}#{point.suite}")
        if point.experts:
            keys.append(f"{field}~experts")
    return tuple(keys)


def weight_of(key: str, point: Point) -> float:
    """Give what a key's logarithm is multiplied by: 1, or the quantity that the key is a coefficient on.

    Args:
        key: a key of :func:`keys_for`.
        point: the evaluation.
    """
    if key.endswith("^power"):
        return point.power
    return point.grain if key.endswith("^grain") else 1.0


def expert_grain(model: ModelSpec) -> float:
    """Give the logarithm of an expert's inner width over 2048, held between an eighth and eight times.

    Args:
        model: one model.
    """
    experts = (
        float(np.max(model.expert_layers))
        * float(np.max(model.experts_total))
        * 3
        * float(np.max(model.hidden_size))
    )
    if not experts or not float(np.max(model.routed_parameters)):
        return 0.0
    width = float(np.max(model.routed_parameters)) / experts
    return min(max(math.log(width / 2048), -math.log(8)), math.log(8))


def _rate_keys(point: Point) -> tuple[str, ...]:
    keys = [f"rate#{point.suite}"]
    if point.scenario in {"server", "interactive"}:
        keys.append(f"rate#{point.scenario}")
        if point.latent:
            keys.append(f"rate#{point.scenario}~latent")
    if point.capped:
        keys.append("rate#capped")
    return tuple(keys)


def efficiency_of(points: Sequence[Point], factors: Factors) -> tuple[Efficiency, Array]:
    """Give the efficiencies of some evaluations, and the factor on their rate.

    Args:
        points: the evaluations.
        factors: fitted logarithms.

    Returns:
        Efficiencies with arrays of shape (points,), and the rate factors of the same shape.
    """
    logs = dict(factors.logs)

    def total(field: str, point: Point) -> float:
        value = 0.0
        for key in keys_for(field, point):
            value += logs.get(key, 0.0) * weight_of(key, point)
        return value

    def gather(field: str) -> Array:
        return np.exp([total(field, point) for point in points])

    shares = {field: np.minimum(gather(field), 1.0) for field in SHARES}
    times = {field: gather(field) for field in (*TIMES, *BATCH)}
    return Efficiency(**shares, **times), gather("rate")


@cache
def fitted_factors() -> Factors:
    """Read the fitted factors."""
    return _read_factors()[0]


@cache
def fitted_folds() -> tuple[Factors, ...]:
    """Read the factors fitted without each fold of the packaged measurements."""
    return _read_factors()[1]


def _read_factors() -> tuple[Factors, tuple[Factors, ...]]:
    text = files("capexpand.hardware").joinpath("efficiency.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return _factors(content["logs"]), tuple(_factors(one) for one in content["folds"])


def _factors(logs: dict[str, float]) -> Factors:
    return Factors(tuple(sorted((key, float(value)) for key, value in logs.items())))
