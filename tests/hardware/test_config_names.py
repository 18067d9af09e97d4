"""Configurations of families that name things in ways of their own."""

import json
from dataclasses import fields

import pytest

from capexpand.hardware.chips import model_named
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
    no_rope_layers=[],
)
MAVERICK = {
    **SCOUT,
    "num_local_experts": 128,
    "interleave_moe_layer_step": 2,
    "moe_layers": list(range(1, 48, 2)),
    "no_rope_layers": [1, 1, 1, 0] * 12,
}
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
V4_FLASH = config(
    *(43, 4096, 64, 1, 129280),
    model_type="deepseek_v4",
    head_dim=512,
    q_lora_rank=1024,
    o_lora_rank=1024,
    o_groups=8,
    qk_rope_head_dim=64,
    sliding_window=128,
    compress_ratios=[0, 0, *[4, 128] * 20, 4, 0],
    index_n_heads=64,
    index_head_dim=128,
    index_topk=512,
    n_routed_experts=256,
    n_shared_experts=1,
    num_experts_per_tok=6,
    moe_intermediate_size=2048,
    num_hash_layers=3,
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
HUNYUAN_A13B = config(
    *(32, 4096, 32, 8, 128167),
    intermediate_size=3072,
    moe_intermediate_size=[3072] * 32,
    moe_topk=[8] * 32,
    num_shared_expert=[1] * 32,
    num_experts=64,
    attention_head_dim=128,
    tie_word_embeddings=True,
)
NEMOTRON_3_NANO = config(
    *(52, 2688, 32, 2, 131072),
    head_dim=128,
    hybrid_override_pattern="MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME",
    mamba_num_heads=64,
    mamba_head_dim=64,
    ssm_state_size=128,
    intermediate_size=1856,
    moe_intermediate_size=1856,
    moe_shared_expert_intermediate_size=3712,
    n_routed_experts=128,
    n_shared_experts=1,
    num_experts_per_tok=6,
)
STEP_3 = {
    "num_hidden_layers": 61,
    "hidden_size": 7168,
    "num_attention_heads": 64,
    "vocab_size": 128815,
    "num_attention_groups": 1,
    "head_dim": 256,
    "intermediate_size": 18432,
    "moe_intermediate_size": 5120,
    "moe_num_experts": 48,
    "moe_top_k": 3,
    "share_expert_dim": 5120,
    "moe_layers_enum": ",".join(str(one) for one in range(4, 60)),
}
MIMO_V2_FLASH = config(
    *(48, 4096, 64, 4, 152576),
    intermediate_size=16384,
    moe_intermediate_size=2048,
    n_routed_experts=256,
    num_experts_per_tok=8,
    head_dim=192,
    v_head_dim=128,
    sliding_window=128,
    hybrid_layer_pattern=([0] + [1] * 5) * 8,
    moe_layer_freq=[0] + [1] * 47,
)


@pytest.mark.parametrize(
    ("content", "total", "active", "cached_layers", "windowed_layers"),
    [
        (GEMMA_3_4B, 3.9e9, 3.9e9, 5, 29),
        (SCOUT, 109e9, 17e9, 12, 36),
        (MAVERICK, 400e9, 17e9, 12, 36),
        (JAMBA_MINI, 52e9, 12e9, 4, 0),
        (GRANITE_4_SMALL, 32e9, 9e9, 4, 0),
        (NEMOTRON_H_8B, 8.1e9, 8.1e9, 4, 0),
        (MINIMAX_M1, 456e9, 45.9e9, 10, 0),
        (KIMI_LINEAR, 48e9, 3e9, 7, 0),
        (ERNIE_21B, 21e9, 3e9, 28, 0),
        (HUNYUAN_A13B, 80e9, 13e9, 32, 0),
        (NEMOTRON_3_NANO, 31.6e9, 3.5e9, 6, 0),
        (STEP_3, 316e9, 38e9, 61, 0),
        (MIMO_V2_FLASH, 309e9, 15e9, 8, 40),
    ],
    ids=[
        *("gemma 3", "llama 4 scout", "llama 4 maverick", "jamba", "granite 4", "nemotron-h", "minimax m1"),
        *("kimi linear", "ernie 4.5", "hunyuan", "nemotron 3", "step 3", "mimo v2"),
    ],
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


def test_a_cache_of_joined_tokens_is_read_as_its_catalogue_entry(tmp_path):
    """DeepSeek-V4: 21 layers keep an entry of 512 for 4 tokens, 20 one for 128, all the last 128 tokens.

    The index keeps a key of 128 for each entry of 4, in half as many bits. 284 billion weights, 13 active.
    Sensitivity: read as plain attention of one head, a token would leave 43 · 1024 elements, not 2,688.
    """
    path = tmp_path / "config.json"
    path.write_text(json.dumps(V4_FLASH), encoding="utf-8")
    own, known = read_model_config(path), model_named("DeepSeek V4 Flash")
    assert own.not_read == ()
    assert own.spec.parameters_total == pytest.approx(284e9, rel=0.01)
    assert own.spec.parameters_active == pytest.approx(13e9, rel=0.02)
    assert own.spec.cache_elements == pytest.approx(21 * 512 / 4)
    assert own.spec.index_elements == pytest.approx(21 * 128 / 4 / 2 + 20 * 512 / 128)
    assert own.spec.windowed_cache_elements == pytest.approx(43 * 512)
    for field in fields(own.spec):
        if field.name != "name":
            assert getattr(own.spec, field.name) == pytest.approx(getattr(known, field.name), rel=1e-5)


def test_a_million_tokens_of_deepseek_v4_pro_take_what_its_authors_say():
    """9.62 GiB in 16 bits for 2²⁰ tokens, a tenth of V3.2's (DeepSeek-V4's release).

    Sensitivity: without joining tokens it would be 30 + 31 layers of 512, 60 GiB.
    """
    spec, older = model_named("DeepSeek V4 Pro"), model_named("DeepSeek V3.2")
    index = (
        spec.index_elements - 31 * 512 / 128
    )  # half of the bits of the cache; the statement has 16 for both
    elements = spec.cache_elements + 31 * 512 / 128 + 2 * index
    assert elements * 2**20 * 2 / 2**30 == pytest.approx(9.62, rel=0.01)
    per_token = (spec.cache_elements + spec.index_elements) / (older.cache_elements + older.index_elements)
    assert per_token == pytest.approx(0.11, abs=0.015)


def test_what_is_not_understood_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**ERNIE_21B, "moe_layer_interval": 3, "num_attention_sinks": 4}))
    assert read_model_config(path).not_read == ("moe_layer_interval", "num_attention_sinks")
