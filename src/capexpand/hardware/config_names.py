"""Names in Hugging Face configurations that some families use for what others name differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from capexpand.files.json_text import JsonObject

Config = Mapping[str, Any]


def with_usual_names(content: Config) -> JsonObject:
    """Give a configuration under the names that most families use, beside its own.

    Args:
        content: a configuration as it was published; of a model of text and pictures, its part on text.
    """
    found = dict(content)
    for translate in _TRANSLATIONS:
        found = {**translate(found), **found}
    return found


def _gemma_3(content: Config) -> JsonObject:
    """Gemma 3 leaves out what is as in its smallest model (``Gemma3TextConfig`` of transformers)."""
    if not str(content.get("model_type", "")).startswith("gemma3"):
        return {}
    return {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262208,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
        "tie_word_embeddings": True,
    }


def _llama_4(content: Config) -> JsonObject:
    """Llama 4 has one shared expert, and full attention where ``no_rope_layers`` is 0."""
    if not str(content.get("model_type", "")).startswith("llama4"):
        return {}
    kinds = {0: "full_attention", 1: "chunked_attention"}
    marked = content.get("no_rope_layers")
    found: JsonObject = {"n_shared_experts": 1}
    if isinstance(marked, list) and marked and all(one in (0, 1) for one in marked):
        found["layer_types"] = [kinds[one] for one in marked]
    return found


def _experts(content: Config) -> JsonObject:
    """ERNIE 4.5, Granite 4, Hunyuan and Step name experts in ways of their own."""
    names = {
        "moe_num_experts": "num_experts",
        "moe_k": "num_experts_per_tok",
        "moe_topk": "num_experts_per_tok",
        "experts_per_token": "num_experts_per_tok",
        "moe_num_shared_experts": "n_shared_experts",
        "num_shared_expert": "n_shared_experts",
        "moe_layer_start_index": "first_k_dense_replace",
        "shared_intermediate_size": "shared_expert_intermediate_size",
    }
    return {usual: content[own] for own, usual in names.items() if isinstance(content.get(own), int)}


def _periods(content: Config) -> JsonObject:
    """Jamba has attention in one layer of a period, experts in one of another."""
    found: JsonObject = {}
    if isinstance(every := content.get("attn_layer_period"), int) and every > 0:
        found["full_attention_interval"] = every
    if isinstance(step := content.get("expert_layer_period"), int) and step > 0:
        found["decoder_sparse_step"] = step
    return found


def _state_space(content: Config) -> JsonObject:
    """Mamba's layers keep ``state`` numbers for each of their inner channels (arXiv 2405.21060)."""
    state = _first(content, "mamba_d_state", "ssm_state_size", "mamba_state_dim")
    heads = _first(content, "mamba_n_heads", "mamba_num_heads")
    inner = heads * _first(content, "mamba_d_head", "mamba_head_dim")
    inner = inner or _first(content, "mamba_expand", "expand") * _first(content, "hidden_size")
    if not state or not inner:
        return {}
    return {"linear_num_value_heads": 1, "linear_key_head_dim": state, "linear_value_head_dim": inner}


def _pattern(content: Config) -> JsonObject:
    """Nemotron-H lists its blocks: M for Mamba, * for attention, - for two feed-forward matrices."""
    pattern = content.get("hybrid_override_pattern")
    if not isinstance(pattern, str) or not pattern or set(pattern) - set("M*-"):
        return {}
    mixing = [one for one in pattern if one != "-"]
    kinds = {"M": "mamba", "*": "full_attention"}
    wide = _first(content, "intermediate_size") * pattern.count("-") * 2 // (3 * max(len(mixing), 1))
    return {"layer_types": [kinds[one] for one in mixing], "mixing_layers": len(mixing), "mixed_width": wide}


def _lightning(content: Config) -> JsonObject:
    """MiniMax marks layers with linear (lightning) attention by 0; their state is a head by a head."""
    marked = content.get("attn_type_list")
    if not isinstance(marked, list) or not marked or any(one not in (0, 1) for one in marked):
        return {}
    heads = _first(content, "num_attention_heads")
    size = _first(content, "head_dim") or _first(content, "hidden_size") // max(heads, 1)
    return {
        "layer_types": [("linear_attention", "full_attention")[one] for one in marked],
        "linear_num_value_heads": heads,
        "linear_key_head_dim": size,
        "linear_value_head_dim": size,
    }


def _delta_attention(content: Config) -> JsonObject:
    """Kimi Linear lists its layers of linear and of full attention apart."""
    own = content.get("linear_attn_config")
    if not isinstance(own, Mapping) or not isinstance(own.get("kda_layers"), list):
        return {}
    linear = set(map(str, own["kda_layers"]))
    layers = _first(content, "num_hidden_layers")
    return {
        "layer_types": ["linear_attention" if str(one + 1) in linear else "full" for one in range(layers)],
        "linear_num_value_heads": _first(own, "num_heads"),
        "linear_key_head_dim": _first(own, "head_dim"),
        "linear_value_head_dim": _first(own, "head_dim"),
    }


def _compressed(content: Config) -> JsonObject:
    """DeepSeek-V4 gives each layer the tokens of a cache entry: few with an index, many without, none."""
    ratios = content.get("compress_ratios")
    if not isinstance(ratios, list) or not all(isinstance(one, int) and 0 <= one <= _MOST for one in ratios):
        return {}
    layers = ratios[: _first(content, "num_hidden_layers")]
    joined = sorted({one for one in layers if one > 1})
    if not joined:
        return {}
    few, many = joined[0], joined[-1]
    found: JsonObject = {
        "layer_types": ["sliding_attention"] * len(layers),
        "compression": few,
        "compressed_share": layers.count(few) / len(layers),
    }
    if many > few:
        found |= {"heavy_compression": many, "heavy_share": layers.count(many) / len(layers)}
    return found


def _first(content: Config, *names: str) -> int:
    """Give the first of some names that holds a whole number above zero; 0 where none does."""
    for name in names:
        value = content.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST:
            return value
    return 0


_MOST = 10**9

_TRANSLATIONS: tuple[Callable[[Config], JsonObject], ...] = (
    _gemma_3, _llama_4, _experts, _periods, _pattern, _lightning, _delta_attention, _state_space, _compressed,
)  # fmt: skip

_NAMES = frozenset(
    [
        *("no_rope_layers", "moe_num_experts", "moe_k", "moe_topk", "experts_per_token"),
        *("moe_num_shared_experts", "num_shared_expert", "moe_layer_start_index", "moe_layer_end_index"),
        *("attn_layer_period", "attn_layer_offset", "expert_layer_period", "expert_layer_offset"),
        *("hybrid_override_pattern", "attn_type_list", "linear_attn_config"),
        *("compress_ratios", "o_lora_rank", "o_groups", "num_hash_layers"),
    ]
)
_NAMES_OF_STATES = frozenset(
    [
        *("mamba_d_state", "ssm_state_size", "mamba_state_dim", "mamba_n_heads", "mamba_num_heads"),
        *("mamba_d_head", "mamba_head_dim", "mamba_expand", "mamba_n_groups", "n_groups", "mamba_d_conv"),
        *("mamba_chunk_size", "mamba_dt_rank"),
    ]
)


def translated_names(*, with_states: bool) -> frozenset[str]:
    """Give the names that are read here, with those beside them that change nothing that serving needs.

    Args:
        with_states: whether some layers keep a state; where none does, names of states are not understood.
    """
    return _NAMES | _NAMES_OF_STATES if with_states else _NAMES
