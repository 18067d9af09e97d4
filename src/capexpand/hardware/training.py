"""Operations, utilisation, chip-hours, days, energy and cost of a training run.

The operations of a run are 6 for each active weight and token (Kaplan et al., arXiv 2001.08361), and
12 · layers · heads · head size · half the sequence for attention, which the utilisation includes.

A chip reaches ``level × (active / 100 bn)^0.2 × (chips / 1024)^−0.05`` of its dense rate in the run's format:
small models have small products, and large fleets wait for each other. Levels and exponents are fitted on
MLPerf Training v5.0 and v5.1 logs and on the rates that the authors of Llama 3.1 and DeepSeek-V3 report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.estimate import SYSTEM_POWER_RATIO
from capexpand.hardware.precision import arithmetic_rate, precision_named
from capexpand.hardware.specs import Array, ChipSpec, ModelSpec, Number, check_possible

LEVEL = {"bf16": 0.36, "fp8": 0.31, "fp4": 0.20}
"""Share of the dense rate of a format that 1024 Hopper chips reach with 100 bn active weights."""

FAMILY = {"hopper": 1.0, "hopper_cut": 1.15, "blackwell": 0.87, "blackwell_ultra": 0.87, "ascend": 0.75}
"""Level of a family of chips beside Hopper; 0.85 where nothing was measured."""

EXPERT_FACTOR = 0.82
"""What routing to experts leaves: dispatch, imbalance and smaller products."""

SIZE_EXPONENT = 0.2
FLEET_EXPONENT = 0.05
USUAL_CONTEXT = 8192.0
"""Length of a sequence in the runs that the levels are fitted on [tokens]."""

GOODPUT = 0.9
"""Share of the time in which a long run makes progress; the authors of Llama 3.1 405B report above 0.9."""


@dataclass(frozen=True, slots=True)
class Training:
    """The time, energy and cost of a training run.

    Args:
        model: the model's name.
        chip: the chip's name.
        chips: chips used.
        tokens: tokens trained on.
        operations: operations of the run.
        utilisation: share of the dense rate of the run's format reached while running.
        model_flop_utilisation: the same against the dense 16-bit rate, as reports count it.
        tokens_per_chip_s: rate while running [tokens/s and chip].
        chip_hours: chip-hours with the time lost to failures.
        days: duration [days].
        energy_mwh: energy of the servers [MWh].
        cost: cost of the chip-hours, in the currency of the price given.
        goodput: share of the time in which the run makes progress.
    """

    model: str
    chip: str
    chips: int
    tokens: float
    operations: float
    utilisation: float
    model_flop_utilisation: float
    tokens_per_chip_s: float
    chip_hours: float
    days: float
    energy_mwh: float
    cost: float
    goodput: float = GOODPUT


def utilisation(model: ModelSpec, chip: ChipSpec, *, weights: str, chips: Number) -> Array:
    """Give the share of a format's dense rate that training reaches.

    Args:
        model: the model; fields may be arrays.
        chip: the chip.
        weights: format of the products: ``bf16``, ``fp8`` or ``fp4``.
        chips: chips used; may be an array.
    """
    size = (np.asarray(model.parameters_active, dtype=np.float64) / 1e11) ** SIZE_EXPONENT
    fleet = (np.maximum(np.asarray(chips, dtype=np.float64), 1.0) / 1024) ** -FLEET_EXPONENT
    experts = np.where(np.asarray(model.expert_layers) > 0, EXPERT_FACTOR, 1.0)
    level = LEVEL.get(weights, LEVEL["bf16"]) * FAMILY.get(chip.family, 0.85)
    return np.minimum(level * size * fleet * experts, 0.7)


def attention_share(model: ModelSpec, context_tokens: float) -> float:
    """Give attention's operations over those of the weights: three passes over half the sequence on average.

    Args:
        model: the model.
        context_tokens: length of a sequence.
    """
    seen = context_tokens / 2
    windowed = float(np.max(model.windowed_attention_flops)) * min(seen, float(np.max(model.window_tokens)))
    flops = float(np.max(model.prefill_attention_flops)) * seen + windowed
    return 3 * flops / (6 * float(np.max(model.parameters_active)))


def train(
    model: str | ModelSpec,
    chip: str | ChipSpec,
    *,
    chips: int,
    tokens: float,
    weights: str = "bf16",
    context_tokens: float = USUAL_CONTEXT,
    price_per_chip_hour: float = 0.0,
    goodput: float = GOODPUT,
) -> Training:
    """Say what a training run takes.

    Args:
        model: a model, or its name in the catalogue.
        chip: a chip, or its name in the catalogue.
        chips: how many.
        tokens: tokens to train on.
        weights: format of the products.
        context_tokens: length of a sequence; attention beyond the usual length takes time of its own.
        price_per_chip_hour: price in any currency.
        goodput: share of the time in which the run makes progress.

    Raises:
        CaseError: for unknown names and impossible specifications.
    """
    model = model_named(model) if isinstance(model, str) else model
    chip = chip_named(chip) if isinstance(chip, str) else chip
    check_possible(model, chip)
    problems = [
        Problem(f"{name} must be a number from {least:g} to {most:g}")
        for name, value, least, most in (
            ("chips", chips, 1, 1e9),
            ("tokens", tokens, 1, 1e21),
            ("context", context_tokens, 1, 1e9),
            ("price_per_chip_hour", price_per_chip_hour, 0, 1e12),
            ("goodput", goodput, 1e-3, 1),
        )
        if not least <= value <= most
    ]
    if problems:
        raise CaseError(problems)
    operations = 6 * float(np.max(model.parameters_active)) * tokens
    share = float(utilisation(model, chip, weights=weights, chips=chips))
    rate = share * float(arithmetic_rate(chip, precision_named(weights)))
    longer = attention_share(model, context_tokens) - attention_share(model, USUAL_CONTEXT)
    rate /= max(1 + longer, 0.5)
    seconds = operations / rate / goodput
    hours = seconds / 3600
    return Training(
        model=model.name,
        chip=chip.name,
        chips=chips,
        tokens=tokens,
        operations=operations,
        utilisation=share,
        model_flop_utilisation=rate / (float(np.max(chip.fp16_tflops)) * 1e12),
        tokens_per_chip_s=rate / 6 / float(np.max(model.parameters_active)),
        chip_hours=hours,
        days=hours / chips / 24,
        energy_mwh=hours * float(np.max(chip.power_w)) * SYSTEM_POWER_RATIO / 1e6,
        cost=hours * price_per_chip_hour,
        goodput=goodput,
    )
