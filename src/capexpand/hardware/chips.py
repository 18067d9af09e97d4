"""Chips and models of the catalogue as specifications to compute with."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from capexpand.catalogue import accelerators
from capexpand.catalogue.model_architectures import ModelRow, model_rows
from capexpand.catalogue.serving_chips import ServingChipRow, serving_chip_rows
from capexpand.errors import CaseError, Problem
from capexpand.hardware.architecture import Architecture, model_spec
from capexpand.hardware.names import Register, words_of
from capexpand.hardware.precision import Format
from capexpand.hardware.specs import ChipSpec, ModelSpec
from capexpand.wording import listing

_FIGURES = {
    "fp16_tflops": "dense_fp16_tflops",
    "fp8_tflops": "dense_fp8_tflops",
    "int8_tops": "int8_tops",
    "memory_gb": "memory_gb",
    "memory_bandwidth_gb_per_s": "memory_bandwidth_gb_per_s",
    "interconnect_gb_per_s": "interconnect_gb_per_s",
    "tdp_w": "tdp_w",
}
"""Figures of a chip in servers, and their names in the table of accelerators."""

_NEEDED = ("fp16_tflops", "memory_gb", "memory_bandwidth_gb_per_s", "interconnect_gb_per_s", "tdp_w")


@cache
def model_register() -> Register:
    """Give the names of all models."""
    return Register({row.name: row.aliases for row in model_rows()})


@cache
def chip_register() -> Register:
    """Give the names of all chips whose specification is complete enough to compute with."""
    rows = [row for row in serving_chip_rows() if all(figures_of(row)[name] for name in _NEEDED)]
    return Register(
        {row.name: (*row.aliases, row.accelerator) for row in rows},
        traits={row.name: _traits(row) for row in rows},
    )


def _traits(row: ServingChipRow) -> tuple[str, ...]:
    """List the words that are true of a chip beside its names: its memory, and the module that carries it."""
    memory = f"{figures_of(row)['memory_gb']:g}"
    modules = ("sxm", "sxm4", "sxm5", "sxm6") if "sxm" in f"{row.aliases}{row.accelerator}".lower() else ()
    cards = ("pcie",) if figures_of(row)["interconnect_gb_per_s"] <= _CARD_LINKS else ()
    return (
        f"{memory}gb",
        f"{memory}g",
        *modules,
        *cards,
        *(("oam",) if row.family.startswith("cdna") else ()),
    )


_CARD_LINKS = 128.0
"""Links of a card without a bridge, both directions of PCIe [GB/s]."""


@cache
def chip_released(name: str) -> date | None:
    """Give the day on which a chip came out; None where nobody recorded it.

    Args:
        name: catalogue name of the chip.
    """
    row = next(row for row in serving_chip_rows() if row.name == name)
    return row.released_on


def serving_chip(accelerator: str) -> str | None:
    """Give the chip to compute with for an accelerator of the catalogue; None where figures lack.

    Args:
        accelerator: the accelerator's whole name.
    """
    named = (row.name for row in serving_chip_rows() if row.accelerator == accelerator)
    return next((name for name in named if name in chip_register().names), None)


def model_row(name: str) -> ModelRow:
    """Give a model's row of the catalogue by any of its names.

    Args:
        name: such as ``Llama 3.1 70B`` or ``deepseek-r1``.

    Raises:
        CaseError: for an unknown name, with suggestions.
    """
    found = model_register().require(name, kind="model")
    return next(row for row in model_rows() if row.name == found)


def runnable_format(model: str, chip: str, weights: Format) -> Format:
    """Give the format that runs when a model is published in 4 bits and the chip has no 4-bit products.

    Such weights stay at 4 bits in memory and are widened before they are multiplied.

    Args:
        model: catalogue name of the model.
        chip: catalogue name of the chip.
    """
    if model_row(model).stored_weights != "fp4" or weights == "bf16":
        return weights
    return "fp4" if float(np.max(chip_named(chip).fp4_tflops)) > 0 else "int4"


@cache
def model_named(name: str) -> ModelSpec:
    """Give a model of the catalogue by any of its names.

    Args:
        name: such as ``Llama 3.1 70B`` or ``deepseek-r1``.

    Raises:
        CaseError: for an unknown name, with suggestions.
    """
    return model_spec(architecture_of(model_row(name)))


def architecture_of(row: ModelRow) -> Architecture:
    """Give a catalogue row's configuration."""
    return Architecture(
        name=row.name,
        layers=int(row.layers),
        hidden_size=int(row.hidden_size),
        attention_heads=int(row.attention_heads),
        key_value_heads=int(row.key_value_heads),
        head_size=int(row.head_size),
        vocabulary=int(row.vocabulary),
        feed_forward_size=int(row.feed_forward_size),
        latent_size=int(row.latent_size),
        rope_size=int(row.rope_size),
        query_latent_size=int(row.query_latent_size),
        dense_layers=int(row.dense_layers),
        experts_total=int(row.experts_total),
        experts_active=int(row.experts_active),
        shared_experts=int(row.shared_experts),
        expert_feed_forward_size=int(row.expert_feed_forward_size),
        window_tokens=int(row.window_tokens),
        windowed_share=row.windowed_share,
        tied_embeddings=row.tied_embeddings,
        linear_share=row.linear_share,
        linear_heads=int(row.linear_heads),
        linear_key_size=int(row.linear_key_size),
        linear_value_size=int(row.linear_value_size),
        index_heads=int(row.index_heads),
        index_size=int(row.index_size),
        selected_tokens=int(row.selected_tokens),
        output_latent_size=int(row.output_latent_size),
        output_groups=int(row.output_groups),
        compressed_share=row.compressed_share,
        compression=int(row.compression),
        heavy_share=row.heavy_share,
        heavy_compression=int(row.heavy_compression),
    )


@cache
def figures_of(row: ServingChipRow) -> dict[str, float]:
    """Give a chip's figures, its own before those of the accelerator; 0 where none is known."""
    accelerator = next((one for one in accelerators() if one.name == row.accelerator), None)
    figures: dict[str, float] = {}
    for own, other in _FIGURES.items():
        value = getattr(row, own)
        figures[own] = float((getattr(accelerator, other, None) if value is None else value) or 0.0)
    return figures


def _incomplete(name: str) -> str:
    """Say what is not known of an accelerator that the catalogue shows and nothing can be computed for."""
    words = words_of(name)
    known = [one for one in accelerators() if words and words_of(one.name)[: len(words)] == words]
    if len(known) != 1 or serving_chip(known[0].name) is not None:
        return ""
    one = known[0]
    figures = {"memory": one.memory_gb, "memory bandwidth": one.memory_bandwidth_gb_per_s}
    figures |= {"16-bit rate": one.dense_fp16_tflops, "links": one.interconnect_gb_per_s, "power": one.tdp_w}
    lacking = listing([label for label, value in figures.items() if not value])
    reason = f"without its {lacking}" if lacking else "without its servers and network"
    return (
        f"what {one.name} serves cannot be computed {reason}, which the catalogue does not know; "
        "write its data sheet into a YAML file and give it with --chip"
    )


@cache
def chip_named(name: str) -> ChipSpec:
    """Give a chip of the catalogue by any of its names.

    Args:
        name: such as ``H20`` or ``GB200 NVL72``.

    Raises:
        CaseError: for an unknown name, with suggestions.
    """
    if chip_register().find(name) is None and (incomplete := _incomplete(name)):
        raise CaseError([Problem(incomplete)])
    found = chip_register().require(name, kind="chip")
    row = next(row for row in serving_chip_rows() if row.name == found)
    figures = figures_of(row)
    return ChipSpec(
        name=row.name,
        family=row.family,
        fp16_tflops=figures["fp16_tflops"],
        fp8_tflops=figures["fp8_tflops"],
        int8_tops=figures["int8_tops"],
        fp4_tflops=row.fp4_tflops or 0.0,
        memory_gb=figures["memory_gb"],
        memory_bandwidth_gb_per_s=figures["memory_bandwidth_gb_per_s"],
        interconnect_gb_per_s=figures["interconnect_gb_per_s"],
        scale_out_gb_per_s=row.scale_out_gb_per_s,
        scale_up_chips=row.scale_up_chips,
        server_chips=int(row.server_chips),
        power_w=figures["tdp_w"],
    )
