"""Operations, utilisation, chip-hours, days, energy and cost of a training run.

The operations of a run are 6 for each active weight and token (Kaplan et al., arXiv 2001.08361). A chip takes
for a token

* the products with active weights at ``level × (hidden size / 8192)^0.3 × (chips / 1024)^−0.06`` of its dense
  rate in the run's format: narrow models have small products, and large fleets wait for each other;
* attention's own products, three passes over half the sequence, at half of the 16-bit rate;
* for each layer with experts the dispatch and combine of the vectors that go to experts, and the routing
  itself, cheaper where the scale-up links join a rack than where they join a server.

Levels, exponents and times are fitted on MLPerf Training v5.0 and v5.1 logs, on what the authors of Llama 3.1
and DeepSeek-V3 report, and on the tables of Megatron Bridge (``reproductions/fit_training.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capexpand.errors import CaseError, Problem
from capexpand.hardware.chips import chip_named, model_named
from capexpand.hardware.estimate import SYSTEM_POWER_RATIO
from capexpand.hardware.precision import arithmetic_rate, precision_named
from capexpand.hardware.specs import Array, ChipSpec, ModelSpec, Number, check_possible

LEVEL = {"bf16": 0.375, "fp8": 0.345, "fp4": 0.22}
"""Share of the dense rate of a format that products reach on 1024 Hopper chips at a hidden size of 8192."""

FAMILY = {"hopper": 1.0, "hopper_cut": 1.0, "blackwell": 0.90, "blackwell_ultra": 1.07, "ascend": 0.75}
"""Level of a family of chips beside Hopper; 0.85 where nothing was measured."""

HIDDEN_EXPONENT = 0.30
FLEET_EXPONENT = 0.06
ATTENTION_LEVEL = 0.5
"""Share of the 16-bit rate that attention's own products reach."""

EXCHANGE_PS = {"server": 59.6, "rack": 12.2}
"""Time to send one element of a token to its experts and back in all passes, by the domain of the scale-up
links: up to eight chips, or a rack [ps]."""

ROUTING_ELEMENTS = 20_700.0
"""What routing a token through a layer costs beside, in elements exchanged: choosing, sorting, launching."""

USUAL_CONTEXT = 8192.0
"""Length of a sequence in most runs that the levels are fitted on [tokens]."""

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
        model_flop_utilisation: the same against the dense 16-bit rate with attention's operations, as reports
            count it.
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


def utilisation(
    model: ModelSpec, chip: ChipSpec, *, weights: str, chips: Number, context_tokens: float = USUAL_CONTEXT
) -> Array:
    """Give the share of a format's dense rate that training reaches, in operations of the weights.

    Args:
        model: the model; fields may be arrays.
        weights: format of the products: ``bf16``, ``fp8`` or ``fp4``.
        chips: chips used; may be an array.
        context_tokens: length of a sequence [tokens].
    """
    width = (np.asarray(model.hidden_size, dtype=np.float64) / 8192) ** HIDDEN_EXPONENT
    fleet = (np.maximum(np.asarray(chips, dtype=np.float64), 1.0) / 1024) ** -FLEET_EXPONENT
    level = LEVEL.get(weights, LEVEL["bf16"]) * FAMILY.get(chip.family, 0.85)
    peak = arithmetic_rate(chip, precision_named(weights))
    operations = 6 * np.asarray(model.parameters_active, dtype=np.float64)
    seconds = operations / (peak * np.minimum(level * width * fleet, 0.7))
    seconds = seconds + attention_operations(model, context_tokens) / (
        ATTENTION_LEVEL * np.asarray(chip.fp16_tflops) * 1e12
    )
    return operations / peak / (seconds + _routing_seconds(model, chip))


def _routing_seconds(model: ModelSpec, chip: ChipSpec) -> Array:
    """Give the time that one token's way to its experts and back takes in all passes [s]."""
    sent = np.asarray(model.experts_active * model.hidden_size + ROUTING_ELEMENTS, dtype=np.float64)
    domain = np.where(np.asarray(chip.scale_up_chips) > 8, EXCHANGE_PS["rack"], EXCHANGE_PS["server"])
    return model.expert_layers * sent * domain * 1e-12


def attention_operations(model: ModelSpec, context_tokens: float) -> Array:
    """Give attention's operations for a token in training: three passes over half the sequence on average.

    Args:
        context_tokens: length of a sequence [tokens].
    """
    seen = context_tokens / 2
    windowed = model.windowed_attention_flops * np.minimum(seen, np.asarray(model.window_tokens))
    return 3 * np.asarray(model.prefill_attention_flops * seen + windowed, dtype=np.float64)


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
        context_tokens: length of a sequence; attention takes time of its own.
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
    share = float(utilisation(model, chip, weights=weights, chips=chips, context_tokens=context_tokens))
    rate = share * float(arithmetic_rate(chip, precision_named(weights)))
    counted = 1 + float(attention_operations(model, context_tokens)) / (operations / tokens)
    seconds = operations / rate / goodput
    hours = seconds / 3600
    return Training(
        model=model.name,
        chip=chip.name,
        chips=chips,
        tokens=tokens,
        operations=operations,
        utilisation=share,
        model_flop_utilisation=rate * counted / (float(np.max(chip.fp16_tflops)) * 1e12),
        tokens_per_chip_s=rate / 6 / float(np.max(model.parameters_active)),
        chip_hours=hours,
        days=hours / chips / 24,
        energy_mwh=hours * float(np.max(chip.power_w)) * SYSTEM_POWER_RATIO / 1e6,
        cost=hours * price_per_chip_hour,
        goodput=goodput,
    )
