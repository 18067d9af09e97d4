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
    found = {name: _of_all_layers(name, value) for name, value in content.items()}
    for translate in _TRANSLATIONS:
        found = {**translate(found), **found}
    return found


def _of_all_layers(name: str, value: object) -> object:
    """Give the one number behind a list that repeats it for each layer, as Hunyuan and Gemma 3n write it."""
    if name in _BY_LAYER and isinstance(value, list) and value and all(one == value[0] for one in value):
        return value[0]
    return value


_BY_LAYER = frozenset(
    ["intermediate_size", "moe_intermediate_size", "moe_topk", "num_experts", "num_shared_expert"]
)


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
    """Llama 4 has a shared expert; full attention where ``no_rope_layers`` is 0, or in each fourth."""
    if not str(content.get("model_type", "")).startswith("llama4"):
        return {}
    kinds = {0: "full_attention", 1: "chunked_attention"}
    marked = content.get("no_rope_layers")
    if not isinstance(marked, list) or not marked:
        every = _first(content, "no_rope_layer_interval") or 4
        layers = min(_first(content, "num_hidden_layers"), _MOST_LAYERS)
        marked = [int((one + 1) % every > 0) for one in range(layers)]
    found: JsonObject = {"n_shared_experts": 1}
    if all(one in (0, 1) for one in marked):
        found["layer_types"] = [kinds[one] for one in marked]
    if isinstance(chosen := content.get("moe_layers"), list):
        found["first_k_dense_replace"] = max(_first(content, "num_hidden_layers") - len(chosen), 0)
    return found


def _experts(content: Config) -> JsonObject:
    """ERNIE 4.5, Granite 4, Hunyuan, Nemotron and Step name experts and heads in ways of their own."""
    names = {
        "moe_num_experts": "num_experts",
        "moe_k": "num_experts_per_tok",
        "moe_topk": "num_experts_per_tok",
        "moe_top_k": "num_experts_per_tok",
        "experts_per_token": "num_experts_per_tok",
        "moe_num_shared_experts": "n_shared_experts",
        "num_shared_expert": "n_shared_experts",
        "moe_layer_start_index": "first_k_dense_replace",
        "shared_intermediate_size": "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size": "shared_expert_intermediate_size",
        "share_expert_dim": "shared_expert_intermediate_size",
        "attention_head_dim": "head_dim",
        "num_attention_groups": "num_key_value_heads",
    }
    found = {usual: content[own] for own, usual in names.items() if isinstance(content.get(own), int)}
    if isinstance(listed := content.get("moe_layers_enum"), str) and listed:
        found["first_k_dense_replace"] = max(_first(content, "num_hidden_layers") - listed.count(",") - 1, 0)
    return found


def _kinds_by_number(content: Config) -> JsonObject:
    """MiMo V2 marks layers with a sliding window by 1, and those with experts."""
    found: JsonObject = {}
    marked, experts = content.get("hybrid_layer_pattern"), content.get("moe_layer_freq")
    if isinstance(marked, list) and marked and all(one in (0, 1) for one in marked):
        found["layer_types"] = [("full_attention", "sliding_attention")[one] for one in marked]
    if isinstance(experts, list) and experts and all(one in (0, 1) for one in experts):
        found["first_k_dense_replace"] = experts.count(0)
    return found


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
    """Nemotron-H lists its blocks: M Mamba, * attention, - two feed-forward matrices, E experts.

    A layer here is one that mixes tokens, with the feed-forward part that follows it. Two matrices count as
    three of two thirds of their width; experts of Nemotron 3 Super work on a narrower, latent stream.
    """
    pattern = content.get("hybrid_override_pattern")
    if not isinstance(pattern, str) or not pattern or set(pattern) - set("M*-E"):
        return {}
    mixing = [one for one in pattern if one in "M*"]
    kinds = {"M": "mamba", "*": "full_attention"}
    dense = max(len(mixing) - pattern.count("E"), 0)
    wide = _first(content, "intermediate_size") * pattern.count("-") * 2 // (3 * max(dense, 1))
    found = {"layer_types": [kinds[one] for one in mixing], "mixing_layers": len(mixing), "mixed_width": wide}
    if "E" in pattern:
        stream = max(_first(content, "hidden_size"), 1)
        narrower = (_first(content, "moe_latent_size") or stream) / stream
        width = _first(content, "moe_intermediate_size")
        found |= {
            "first_k_dense_replace": dense,
            "mixed_expert_width": round(width * 2 / 3 * narrower),
            "mixed_shared_width": _first(content, "moe_shared_expert_intermediate_size") * 2 / 3,
        }
    return found


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
_MOST_LAYERS = 10_000

_TRANSLATIONS: tuple[Callable[[Config], JsonObject], ...] = (
    _gemma_3, _llama_4, _experts, _kinds_by_number, _periods, _pattern, _lightning, _delta_attention,
    _state_space, _compressed,
)  # fmt: skip

_NAMES = frozenset(
    [
        *("no_rope_layers", "moe_num_experts", "moe_k", "moe_topk", "experts_per_token"),
        *("moe_num_shared_experts", "num_shared_expert", "moe_layer_start_index", "moe_layer_end_index"),
        *("attn_layer_period", "attn_layer_offset", "expert_layer_period", "expert_layer_offset"),
        *("hybrid_override_pattern", "attn_type_list", "linear_attn_config"),
        *("compress_ratios", "o_lora_rank", "o_groups", "num_hash_layers"),
        *("attention_head_dim", "hybrid_layer_pattern", "moe_layers", "moe_layers_enum", "moe_latent_size"),
        *("moe_shared_expert_intermediate_size", "moe_top_k", "no_rope_layer_interval"),
        *("num_attention_groups", "share_expert_dim", "sliding_window_size"),
        *("mixed_width", "mixed_expert_width", "mixed_shared_width"),
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
