"""Configurations of families that name things in ways of their own."""

import json

import pytest

from capexpand.hardware.own import read_model_config

MIXED = "M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-"


def config(layers, hidden, heads, key_heads, vocabulary, **others):
    return {
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": vocabulary,
        **others,
    }


GEMMA_3_4B = {
    "text_config": {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 34,
        "sliding_window": 1024,
    }
}
SCOUT = config(
    *(48, 5120, 40, 8, 202048),
    model_type="llama4_text",
    intermediate_size=8192,
    intermediate_size_mlp=16384,
    head_dim=128,
    num_local_experts=16,
    num_experts_per_tok=1,
    interleave_moe_layer_step=1,
    attention_chunk_size=8192,
    no_rope_layers=[1, 1, 1, 0] * 12,
)
JAMBA_MINI = config(
    *(32, 4096, 32, 8, 65536),
    intermediate_size=14336,
    attn_layer_period=8,
    attn_layer_offset=4,
    expert_layer_period=2,
    expert_layer_offset=1,
    num_experts=16,
    num_experts_per_tok=2,
    mamba_d_state=16,
    mamba_expand=2,
    mamba_dt_rank=256,
)
GRANITE_4_SMALL = config(
    *(40, 4096, 32, 8, 100352),
    intermediate_size=768,
    shared_intermediate_size=1536,
    num_local_experts=72,
    num_experts_per_tok=10,
    layer_types=["mamba"] * 36 + ["attention"] * 4,
    mamba_n_heads=128,
    mamba_d_head=64,
    mamba_d_state=128,
    tie_word_embeddings=True,
)
NEMOTRON_H_8B = config(
    *(52, 4096, 32, 8, 131072),
    intermediate_size=21504,
    head_dim=128,
    hybrid_override_pattern=MIXED,
    mamba_num_heads=128,
    mamba_head_dim=64,
    ssm_state_size=128,
)
MINIMAX_M1 = config(
    *(80, 6144, 64, 8, 200064),
    intermediate_size=9216,
    head_dim=128,
    num_local_experts=32,
    num_experts_per_tok=2,
    attn_type_list=([0] * 7 + [1]) * 10,
)
FULL = [4, 8, 12, 16, 20, 24, 27]
KIMI_LINEAR = config(
    *(27, 2304, 32, 32, 163840),
    intermediate_size=9216,
    num_experts=256,
    num_experts_per_token=8,
    num_shared_experts=1,
    moe_intermediate_size=1024,
    first_k_dense_replace=1,
    kv_lora_rank=512,
    qk_rope_head_dim=64,
    qk_nope_head_dim=128,
    v_head_dim=128,
    linear_attn_config={
        "kda_layers": [one for one in range(1, 27) if one not in FULL],
        "full_attn_layers": FULL,
        "num_heads": 32,
        "head_dim": 128,
    },
)
ERNIE_21B = config(
    *(28, 2560, 20, 4, 103424),
    intermediate_size=12288,
    moe_num_experts=64,
    moe_k=6,
    moe_intermediate_size=1536,
    moe_num_shared_experts=2,
    moe_layer_start_index=1,
    tie_word_embeddings=True,
)


@pytest.mark.parametrize(
    ("content", "total", "active", "cached_layers", "windowed_layers"),
    [
        (GEMMA_3_4B, 3.9e9, 3.9e9, 5, 29),
        (SCOUT, 109e9, 17e9, 12, 36),
        (JAMBA_MINI, 52e9, 12e9, 4, 0),
        (GRANITE_4_SMALL, 32e9, 9e9, 4, 0),
        (NEMOTRON_H_8B, 8.1e9, 8.1e9, 4, 0),
        (MINIMAX_M1, 456e9, 45.9e9, 10, 0),
        (KIMI_LINEAR, 48e9, 3e9, 7, 0),
        (ERNIE_21B, 21e9, 3e9, 28, 0),
    ],
    ids=["gemma 3", "llama 4", "jamba", "granite 4", "nemotron-h", "minimax m1", "kimi linear", "ernie 4.5"],
)
def test_a_published_configuration_has_the_weights_that_its_authors_state(
    tmp_path, content, total, active, cached_layers, windowed_layers
):
    """Totals and active weights as the model cards state them, up to embeddings, norms and convolutions."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    own = read_model_config(path)
    spec, one = own.spec, own.architecture.cache_elements_per_layer
    assert spec.parameters_total == pytest.approx(total, rel=0.05)
    assert spec.parameters_active == pytest.approx(active, rel=0.15)
    assert spec.cache_elements == pytest.approx(cached_layers * one)
    assert spec.windowed_cache_elements == pytest.approx(windowed_layers * one)
    assert (spec.state_elements > 0) == (cached_layers + windowed_layers < own.architecture.layers)
    assert own.not_read == ()


def test_what_is_not_understood_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**ERNIE_21B, "moe_layer_interval": 3, "num_attention_sinks": 4}))
    assert read_model_config(path).not_read == ("moe_layer_interval", "num_attention_sinks")
