"""The packaged table of language models: configurations as their authors published them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, cast

from capexpand.catalogue.columns import Count, OneOf
from capexpand.catalogue.reading import DATA_FOLDER, read_table
from capexpand.catalogue.rows import Source
from capexpand.catalogue.tables import Values, declared


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model's configuration; the fields are those of ``capexpand.hardware.architecture.Architecture``.

    ``stored_weights`` is the format in which the weights were published; ``aliases`` are other names, of
    fine-tuned models with the same architecture too.
    """

    name: str
    aliases: tuple[str, ...]
    parameters_total_bn: Count
    parameters_active_bn: Count
    layers: Count
    hidden_size: Count
    attention_heads: Count
    key_value_heads: Count
    head_size: Count
    latent_size: Count
    rope_size: Count
    query_latent_size: Count
    dense_layers: Count
    feed_forward_size: Count
    experts_total: Count
    experts_active: Count
    shared_experts: Count
    expert_feed_forward_size: Count
    vocabulary: Count
    window_tokens: Count
    windowed_share: Count
    linear_share: Count
    linear_heads: Count
    linear_key_size: Count
    linear_value_size: Count
    index_heads: Count
    index_size: Count
    selected_tokens: Count
    output_latent_size: Count
    output_groups: Count
    compressed_share: Count
    compression: Count
    heavy_share: Count
    heavy_compression: Count
    context_tokens: Count
    tied_embeddings: bool
    stored_weights: Annotated[str, OneOf(("bf16", "fp8", "fp4", "int4"))]
    released_on: date
    source: Source


def _check(values: Values) -> Iterator[str]:
    for name in ("layers", "hidden_size", "attention_heads", "key_value_heads", "head_size", "vocabulary"):
        if not values[name]:
            yield f"{name} is zero"
    active, total = values["experts_active"], values["experts_total"]
    if isinstance(active, float) and isinstance(total, float) and active > total:
        yield f"experts_active {active:g} is more than experts_total {total:g}"


TABLE = declared("models", ModelRow, ("name",), check=_check)


@cache
def model_rows() -> tuple[ModelRow, ...]:
    """Read the packaged table of models.

    Raises:
        CaseError: rows that do not hold; every problem with file and line.
    """
    return cast("tuple[ModelRow, ...]", read_table(TABLE, DATA_FOLDER / "models.csv"))
