"""The answer to what so many chips serve of a model: its figures, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Shares: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Serving:
    """The throughput of chips that serve a model at a load, and its layout.

    Args:
        model: the model's name.
        chip: the chip's name.
        chips: chips used.
        weights: format of the weights.
        fits: whether the load can be served at all; if not, ``reason`` says why and the rates are 0.
        reason: why it cannot be served; empty if it can.
        requests_per_s: requests [1/s].
        input_tokens_per_s: prompt tokens taken in, cached ones included [tokens/s].
        output_tokens_per_s: tokens generated [tokens/s].
        layout: chips of one copy, such as ``TP8``; of the decoding copies where apart.
        prefill_layout: the same of the prefilling copies where apart; empty otherwise.
        prefill_chip_fraction: share of the chips that prefill where apart; 0 otherwise.
        batch_per_rank: sequences running on each data-parallel rank.
        time_per_token_s: time between two tokens of an answer [s].
        prefill_s: time to prefill one prompt on an idle copy [s].
        weights_gb_per_chip: memory of the weights on a chip [GB].
        cache_gb_per_chip: memory of the running sequences' cache on a chip [GB].
        memory_gb_per_chip: memory that may be filled [GB].
        bound_by: what most of the time goes to: ``compute``, ``memory bandwidth``, ``links`` or ``overhead``.
        time_shares: those four shares of the time, in that order.
        batch_limited_by: what keeps the batch from growing.
        power_kw: power of the servers under load, without the building [kW].
        energy_kwh_per_million_tokens: energy per million tokens generated [kWh].
        low: factor on the rates at the lower end of the 80 % band.
        high: factor on the rates at its upper end.
        evidence: ``modelled``, or ``calibrated`` where one's own measurements set the level.
        software_on: day of the software expected, as in 2026-11-30; empty for mature software.
        prompt_time_share: share of the chips' time that goes to prompts.
    """

    model: str
    chip: str
    chips: int
    weights: str
    fits: bool
    reason: str
    requests_per_s: float
    input_tokens_per_s: float
    output_tokens_per_s: float
    layout: str
    prefill_layout: str
    prefill_chip_fraction: float
    batch_per_rank: float
    time_per_token_s: float
    prefill_s: float
    weights_gb_per_chip: float
    cache_gb_per_chip: float
    memory_gb_per_chip: float
    bound_by: str
    time_shares: Shares
    batch_limited_by: str
    power_kw: float
    energy_kwh_per_million_tokens: float
    low: float = 1.0
    high: float = 1.0
    evidence: str = "modelled"
    software_on: str = ""
    prompt_time_share: float = 0.0
