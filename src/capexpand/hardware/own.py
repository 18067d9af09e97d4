"""One's own models and chips: a Hugging Face configuration, a data sheet in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from capexpand.errors import CaseError, Problem
from capexpand.files import parse_json, read_text
from capexpand.hardware.architecture import Architecture, model_spec
from capexpand.hardware.config_names import translated_names, with_usual_names
from capexpand.hardware.efficiency import KIN
from capexpand.hardware.specs import ChipSpec, ModelSpec, check_possible

SHEET_LIMIT_BYTES = 1_000_000
_FLAT = 3
"""Depth of a document that is a mapping of scalars: stream, document, mapping."""
_MOST = 1e15
"""Of any figure of a configuration."""


@dataclass(frozen=True, slots=True)
class OwnModel:
    """A model read from its configuration.

    Args:
        spec: what serving needs to know of it.
        architecture: its configuration.
        context_tokens: the longest sequence that it allows; 0 where the file does not say.
        not_read: names in the file that may matter and are not understood.
    """

    spec: ModelSpec
    architecture: Architecture
    context_tokens: int
    not_read: tuple[str, ...]


_NEEDED = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")

_UNDERSTOOD = frozenset(
    [
        *_NEEDED,
        *("num_key_value_heads", "head_dim", "intermediate_size", "tie_word_embeddings"),
        *("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "q_lora_rank", "qk_head_dim"),
        *("n_routed_experts", "num_experts", "num_local_experts", "num_experts_per_tok"),
        *("num_experts_per_token", "n_shared_experts", "num_shared_experts", "first_k_dense_replace"),
        *("moe_intermediate_size", "shared_expert_intermediate_size", "intermediate_size_mlp"),
        *("mlp_only_layers", "decoder_sparse_step", "moe_layer_freq", "interleave_moe_layer_step"),
        *(
            "sliding_window",
            "use_sliding_window",
            "max_window_layers",
            "layer_types",
            "sliding_window_pattern",
        ),
        *("full_attention_interval", "linear_num_value_heads", "linear_num_key_heads"),
        *("linear_key_head_dim", "linear_value_head_dim", "linear_conv_kernel_dim", "attention_chunk_size"),
        *("index_n_heads", "index_head_dim", "index_topk", "max_position_embeddings", "mixing_layers"),
    ]
)

_MATTERS = (
    "layer",
    "head",
    "expert",
    "window",
    "mamba",
    "ssm",
    "linear",
    "attn",
    "attention",
    "rank",
    "state",
)
"""Parts of names that tell of an architecture; other names are of training, tokens and files."""

_HARMLESS = (
    "bias",
    "dropout",
    "norm",
    "rope",
    "aux",
    "coef",
    "loss",
    "scal",
    "implementation",
    "nextn",
    "mtp",
)


def read_model_config(path: Path) -> OwnModel:
    """Read a model's ``config.json`` as Hugging Face publishes it.

    Dense models, experts, latent attention, sliding windows, sparse attention with an index, compressed
    caches and layers with linear attention or a state (Gated DeltaNet, lightning attention, Mamba) are
    understood.

    Args:
        path: the file.

    Raises:
        CaseError: where it cannot be read, lacks what serving needs, or holds impossible figures.
    """
    content = parse_json(read_text(path), path)
    if not isinstance(content, dict):
        raise CaseError([Problem("holds no object of names and values", file=path)])
    inner = content.get("text_config") if isinstance(content.get("text_config"), dict) else content
    inner = with_usual_names(inner)
    missing = [name for name in _NEEDED if int(_number(inner, name)) < 1]
    if missing:
        raise CaseError(
            [Problem(f"{name} is missing or not a number above zero", file=path) for name in missing]
        )
    architecture = _architecture(
        inner, name=str(content.get("_name_or_path") or path.parent.name or path.stem)
    )
    spec = model_spec(architecture)
    check_possible(spec)
    understood = _UNDERSTOOD | translated_names(with_states=architecture.linear_share > 0)
    strange = sorted(
        name
        for name, value in inner.items()
        if name not in understood
        and value not in (None, False, 0, [], {})
        and any(part in name for part in _MATTERS)
        and not any(part in name for part in _HARMLESS)
    )
    return OwnModel(spec, architecture, int(_number(inner, "max_position_embeddings")), tuple(strange))


def _number(content: Mapping[str, Any], *names: str) -> float:
    """Give the first of some names that holds a number; 0 where none does."""
    for name in names:
        value = content.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= _MOST:
            return float(value)
    return 0.0


def _architecture(content: Mapping[str, Any], *, name: str) -> Architecture:
    """Turn a configuration's names into ours."""
    heads = int(_number(content, "num_attention_heads"))
    hidden = int(_number(content, "hidden_size"))
    layers = int(_number(content, "mixing_layers", "num_hidden_layers"))
    latent = int(_number(content, "kv_lora_rank"))
    nope, value = _number(content, "qk_nope_head_dim"), _number(content, "v_head_dim")
    experts = int(_number(content, "n_routed_experts", "num_experts", "num_local_experts"))
    expert_width = _expert_width(content) if experts else 0
    linear, windowed = _kinds_of_layers(content, layers)
    return Architecture(
        name=name,
        layers=layers,
        hidden_size=hidden,
        attention_heads=heads,
        key_value_heads=int(_number(content, "num_key_value_heads")) or heads,
        head_size=int((nope + value) / 2) if latent else int(_number(content, "head_dim")) or hidden // heads,
        vocabulary=int(_number(content, "vocab_size")),
        feed_forward_size=_dense_width(content) or expert_width,
        latent_size=latent,
        rope_size=int(_number(content, "qk_rope_head_dim")) if latent else 0,
        query_latent_size=int(_number(content, "q_lora_rank")) if latent or content.get("o_lora_rank") else 0,
        dense_layers=_dense_layers(content, layers) if experts else layers,
        experts_total=experts,
        experts_active=int(_number(content, "num_experts_per_tok", "num_experts_per_token"))
        if experts
        else 0,
        shared_experts=_shared_experts(content, expert_width) if experts else 0,
        expert_feed_forward_size=expert_width,
        window_tokens=int(_number(content, "sliding_window", "attention_chunk_size")) if windowed else 0,
        windowed_share=windowed,
        tied_embeddings=bool(content.get("tie_word_embeddings", False)),
        linear_share=linear,
        linear_heads=int(_number(content, "linear_num_value_heads")) if linear else 0,
        linear_key_size=int(_number(content, "linear_key_head_dim")) if linear else 0,
        linear_value_size=int(_number(content, "linear_value_head_dim")) if linear else 0,
        index_heads=int(_number(content, "index_n_heads")),
        index_size=int(_number(content, "index_head_dim")),
        selected_tokens=int(_number(content, "index_topk") * (_number(content, "compression") or 1)),
        output_latent_size=int(_number(content, "o_lora_rank")),
        output_groups=int(_number(content, "o_groups")),
        compressed_share=_number(content, "compressed_share"),
        compression=int(_number(content, "compression")),
        heavy_share=_number(content, "heavy_share"),
        heavy_compression=int(_number(content, "heavy_compression")),
    )


def _expert_width(content: Mapping[str, Any]) -> int:
    return int(_number(content, "mixed_expert_width", "moe_intermediate_size", "intermediate_size"))


def _dense_width(content: Mapping[str, Any]) -> int:
    return int(_number(content, "mixed_width", "intermediate_size_mlp", "intermediate_size"))


def _shared_experts(content: Mapping[str, Any], width: int) -> int:
    """Count shared experts of the width of the routed ones; a stated width goes before their number."""
    shared = _number(content, "mixed_shared_width", "shared_expert_intermediate_size")
    if shared and width:
        return round(shared / width)
    return int(_number(content, "n_shared_experts", "num_shared_experts"))


def _dense_layers(content: Mapping[str, Any], layers: int) -> int:
    """Count the layers of a model with experts whose feed-forward part is dense."""
    only = content.get("mlp_only_layers")
    listed = len(only) if isinstance(only, list) else 0
    step = int(_number(content, "interleave_moe_layer_step", "decoder_sparse_step")) or 1
    return max(int(_number(content, "first_k_dense_replace")), listed, layers - layers // step)


def _kinds_of_layers(content: Mapping[str, Any], layers: int) -> tuple[float, float]:
    """Give the shares of layers with linear attention and with a sliding window."""
    types = content.get("layer_types")
    if isinstance(types, list) and types:
        words = [str(one) for one in types]
        linear = sum("linear" in one or "mamba" in one for one in words)
        windowed = sum("sliding" in one or "chunked" in one for one in words)
        return linear / len(words), windowed / len(words)
    every = _number(content, "full_attention_interval")
    if every:
        return 1 - 1 / every, 0.0
    if not _number(content, "sliding_window") or content.get("use_sliding_window") is False:
        return 0.0, 0.0
    pattern = _number(content, "sliding_window_pattern")
    return 0.0, (1 - layers // pattern / layers) if pattern else 1.0


def read_chip(path: Path) -> ChipSpec:
    """Read a chip's data sheet from YAML: the names of :class:`ChipSpec`, dense rates.

    Args:
        path: the file.

    Raises:
        CaseError: where it cannot be read, lacks a figure, has a name that is none of a chip's, or holds
            impossible figures; every problem at once.
    """
    content = _flat_yaml(path)
    problems = _chip_mistakes(content, path)
    if problems:
        raise CaseError(problems)
    figures = {name: value for name, value in content.items() if name not in {"name", "family"}}
    defaults = {"fp8_tflops": 0.0, "int8_tops": 0.0, "fp4_tflops": 0.0}
    spec = ChipSpec(
        name=str(content.get("name", path.stem)),
        family=str(content.get("family", "other")),
        **{**defaults, **{name: float(value) for name, value in figures.items() if name != "server_chips"}},
        server_chips=int(figures.get("server_chips", 8)),
    )
    check_possible(spec)
    return spec


def _flat_yaml(path: Path) -> dict[Any, Any]:
    """Read names and values; values that hold others have no place in a data sheet.

    They are refused before the values are composed, which C code does without a limit of depth.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    text = read_text(path, SHEET_LIMIT_BYTES)
    try:
        deep = _deeper_line(YAML(typ="safe").parse(text))
        content = YAML(typ="safe").load(text) if deep is None else None
    except Exception as error:  # noqa: BLE001 - the two parsers have no error class in common
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        raise CaseError([Problem("is not YAML", file=path, line=mark.line + 1 if mark else 1)]) from None
    if not isinstance(content, dict):
        raise CaseError([Problem("holds more or less than names and values of a chip", file=path, line=deep)])
    return content


def _deeper_line(events: Iterable[Any]) -> int | None:
    """Return the line of the first value that holds others or stands for another; None where none does."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += int(kind.endswith("StartEvent")) - int(kind.endswith("EndEvent"))
        if depth > _FLAT or kind == "AliasEvent":
            return int(event.start_mark.line) + 1
    return None


def _chip_mistakes(content: Mapping[object, object], path: Path) -> list[Problem]:
    known = {field.name for field in fields(ChipSpec)}
    problems = [
        Problem(f"'{name}' is no figure of a chip; known are {', '.join(sorted(known))}", file=path)
        for name in content
        if name not in known
    ]
    needed = ("fp16_tflops", "memory_gb", "memory_bandwidth_gb_per_s", "interconnect_gb_per_s")
    problems += [Problem(f"{name} is missing", file=path) for name in needed if name not in content]
    problems += [
        Problem(f"{name} is '{str(value)[:40]}', not a number of usual size", file=path)
        for name, value in content.items()
        if name in known - {"name", "family"}
        and (isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST)
    ]
    family = content.get("family", "other")
    families = sorted({*KIN, *KIN.values()})
    if family not in families:
        problems.append(Problem(f"family '{family}' is not one of {', '.join(families)}", file=path))
    return problems
