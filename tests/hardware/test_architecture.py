"""Counts of weights and cache elements against what the models' authors publish."""

import pytest

from capexpand.catalogue.model_architectures import model_rows
from capexpand.hardware.chips import architecture_of, model_named


@pytest.mark.parametrize("row", model_rows(), ids=lambda row: row.name)
def test_counted_weights_match_the_published_count(row):
    """Within 1 % in all and 4 % for active weights, or half of the last digit that is published.

    A model that is published as 35 bn may have from 34.5 to 35.5; where the card counts the vision tower or a
    layer for drafts with it, that is within the 1 %. Cards count active weights with the tables of the
    vocabulary or without them.
    """
    spec = model_named(row.name)
    total, active = row.parameters_total_bn, row.parameters_active_bn
    assert abs(spec.parameters_total / 1e9 - total) <= max(0.01 * total, half_of_last_digit(total))
    table = row.vocabulary * row.hidden_size
    least, most = spec.parameters_active - table, spec.parameters_active + spec.embedding_parameters
    room = max(0.04 * active, half_of_last_digit(active))
    assert least / 1e9 - room <= active <= most / 1e9 + room


def half_of_last_digit(value):
    """0.5 for a whole number of billions; nothing for one with decimals, which the 1 % covers."""
    return 0.5 if value == int(value) else 0.0


@pytest.mark.parametrize("row", model_rows(), ids=lambda row: row.name)
def test_every_model_names_its_source(row):
    assert row.source.title
    assert row.source.url.startswith("https://")


def test_grouped_attention_leaves_keys_and_values_of_its_few_heads():
    """Llama 3.1 70B: 80 layers × 2 × 8 heads × 128 = 163,840 elements a token.

    Sensitivity: with all 64 heads cached the answer would be 1,310,720.
    """
    assert model_named("Llama 3.1 70B").cache_elements == 163_840


def test_latent_attention_leaves_one_compressed_entry():
    """DeepSeek V3: 61 layers × (512 + 64) = 35,136 elements a token.

    Sensitivity: with 128 full heads of 128 the answer would be 1,998,848.
    """
    spec = model_named("deepseek-r1")
    assert spec.cache_elements == 35_136
    assert spec.cache_shards == 1


def test_sliding_windows_halve_the_growing_cache():
    """gpt-oss 120B: 18 of 36 layers see everything, 18 × 2 × 8 × 64 elements; the rest stop at 128."""
    spec = model_named("gpt-oss-120b")
    assert spec.cache_elements == spec.windowed_cache_elements == 18_432
    assert spec.window_tokens == 128


def test_expert_weights_are_most_of_an_expert_model():
    """DeepSeek V3: 58 layers × 256 experts × 3 × 7168 × 2048 = 653.9 bn routed weights.

    Sensitivity: without the three dense layers taken off it would be 687.8 bn.
    """
    spec = model_named("DeepSeek V3")
    assert spec.routed_parameters == 58 * 256 * 3 * 7168 * 2048
    assert architecture_of(next(row for row in model_rows() if row.name == "DeepSeek V3")).layers == 61
